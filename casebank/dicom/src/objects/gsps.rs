//! How images are to be shown: Grayscale Softcopy Presentation States (PS3.3 A.33.1), written and read.
//!
//! Places are counted in pixels as the file does: the outer corner of the first pixel is 0, 0 and its centre 0.5, 0.5. Voxel
//! indices have their zero at the centre: [`Place::of_index`] and [`Place::index`] are the only way between the two.

mod read;
mod write;

use casebank_case::Phi;

use super::Evidence;
use super::sr::ImageRef;

pub use read::{ReadPresentation, read};
pub use write::write;

/// A place in an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Columns from the left edge of the image.
    pub column: f32,
    /// Rows from the upper edge.
    pub row: f32,
}

impl Place {
    /// From a continuous pixel index, where 0, 0 is the centre of the first pixel.
    #[must_use]
    pub fn of_index([i, j]: [f64; 2]) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "the file format holds 32-bit floats")]
        let place = Self { column: (i + 0.5) as f32, row: (j + 0.5) as f32 };
        place
    }
    /// The continuous pixel index.
    #[must_use]
    pub fn index(self) -> [f64; 2] {
        [f64::from(self.column) - 0.5, f64::from(self.row) - 0.5]
    }
}

/// How some images are to be shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Presentation {
    /// Content Label (0070,0080): capitals, digits, underscores; at most 16.
    pub label: String,
    /// Content Description (0070,0081).
    pub description: Phi<String>,
    /// The images, all of the study that the presentation state is in.
    pub images: Vec<Evidence>,
    /// What makes measured values of stored ones. The window is in these units, so CT needs it.
    pub rescale: Option<Rescale>,
    /// Windows; one without images is for all.
    pub windows: Vec<Window>,
    /// What part of the images is shown; one without images is for all. At least one.
    pub areas: Vec<Area>,
    /// Whether black and white are exchanged at the end.
    pub inverted: bool,
    /// Image Rotation (0070,0042), degrees clockwise: 0, 90, 180, 270. Mirroring comes first.
    pub rotation: u16,
    /// Image Horizontal Flip (0070,0041): whether left and right of the image are exchanged.
    pub mirrored: bool,
    /// Layers that marks lie on, from below.
    pub layers: Vec<Layer>,
    /// The marks.
    pub notes: Vec<Note>,
}

/// Modality LUT of linear form (PS3.3 C.11.1).
#[derive(Clone, Debug, PartialEq)]
pub struct Rescale {
    /// Rescale Slope (0028,1053).
    pub slope: f64,
    /// Rescale Intercept (0028,1052).
    pub intercept: f64,
    /// Rescale Type (0028,1054): `HU`, `US`, …
    pub unit: String,
}

/// A window (PS3.3 C.11.8).
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Images it is for; none means all.
    pub images: Vec<ImageRef>,
    /// Window Center (0028,1050).
    pub center: f64,
    /// Window Width (0028,1051), at least 1.
    pub width: f64,
}

/// A part of an image that fills the screen (PS3.3 C.10.4, size mode `SCALE TO FIT`).
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    /// Images it is for; none means all.
    pub images: Vec<ImageRef>,
    /// Column and row of the first pixel shown; the first of the image is 1, 1.
    pub top_left: [i32; 2],
    /// Column and row of the last pixel shown.
    pub bottom_right: [i32; 2],
    /// Distance between rows and between columns; without it pixels are shown square.
    pub spacing_mm: Option<[f64; 2]>,
}

/// A graphic layer (PS3.3 C.10.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Graphic Layer (0070,0002): capitals, digits, underscores; at most 16.
    pub name: String,
    /// Graphic Layer Description (0070,0068).
    pub description: String,
}

/// Marks on one layer of some images.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// Images they are on; none means all.
    pub images: Vec<ImageRef>,
    /// Name of the layer.
    pub layer: String,
    /// The marks.
    pub marks: Vec<Mark>,
}

/// One mark.
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// Text beside a place, with or without a line to it.
    Label {
        /// The text; it may say who the patient is.
        text: Phi<String>,
        /// What it is about.
        anchor: Place,
        /// Whether a line leads there.
        line: bool,
    },
    /// Text in a box.
    Boxed {
        /// The text; it may say who the patient is.
        text: Phi<String>,
        /// Upper left corner.
        top_left: Place,
        /// Lower right corner.
        bottom_right: Place,
    },
    /// A point.
    Point(Place),
    /// Lines from place to place; closed where the first is also the last.
    Polyline {
        /// The places.
        places: Vec<Place>,
        /// Whether the inside of a closed line is filled.
        filled: bool,
    },
    /// A circle.
    Circle {
        /// Its centre.
        center: Place,
        /// A place on it.
        edge: Place,
        /// Whether it is filled.
        filled: bool,
    },
    /// An ellipse: both ends of the long axis, then of the short one.
    Ellipse {
        /// The ends.
        ends: [Place; 4],
        /// Whether it is filled.
        filled: bool,
    },
}
