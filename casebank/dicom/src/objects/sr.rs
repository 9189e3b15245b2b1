//! Structured reports as trees of content items (SR Document Content module, PS3.3 C.17.3).
//!
//! What a tree means is told by its template: [`super::tid1500`] for measurements, [`super::kos`] for key images.
//! Coordinates are LPS mm; a file keeps them as 32-bit floats, which moves a point 1 m from the origin by up to 3·10⁻⁵ mm.

mod encode;
mod read;

use casebank_case::Phi;
use meshing_space::{Lps, Point};

use super::{Code, Evidence, SourceImage};

pub(crate) use encode::{put_root, put_tree};
pub use read::read;

/// Classes that are read: Basic Text, Enhanced, Comprehensive, Comprehensive 3D, Extensible and Key Object Selection.
pub(crate) const CLASSES: [&str; 6] = [
    "1.2.840.10008.5.1.4.1.1.88.11",
    "1.2.840.10008.5.1.4.1.1.88.22",
    "1.2.840.10008.5.1.4.1.1.88.33",
    "1.2.840.10008.5.1.4.1.1.88.34",
    "1.2.840.10008.5.1.4.1.1.88.35",
    "1.2.840.10008.5.1.4.1.1.88.59",
];

/// A structured report as read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Document {
    /// SOP Class UID (0008,0016).
    pub class_uid: String,
    /// SOP Instance UID (0008,0018).
    pub instance_uid: String,
    /// Study Instance UID (0020,000D).
    pub study_uid: String,
    /// Series Instance UID (0020,000E).
    pub series_uid: String,
    /// Whether Completion Flag (0040,A491) says `COMPLETE`.
    pub complete: bool,
    /// Whether Verification Flag (0040,A493) says `VERIFIED`.
    pub verified: bool,
    /// Content Date and Time (0008,0023/0033).
    pub made: Phi<(String, String)>,
    /// Current and pertinent evidence (0040,A375, 0040,A385).
    pub evidence: Vec<Evidence>,
    /// The root container.
    pub root: Item,
}

/// How an item relates to the one above it (0040,A010).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `CONTAINS`; also that of the root.
    Contains,
    /// `HAS OBS CONTEXT`
    ObsContext,
    /// `HAS ACQ CONTEXT`
    AcqContext,
    /// `HAS CONCEPT MOD`
    ConceptMod,
    /// `HAS PROPERTIES`
    Properties,
    /// `INFERRED FROM`
    InferredFrom,
    /// `SELECTED FROM`
    SelectedFrom,
}

/// One content item with what is below it.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// How it relates to the one above it.
    pub relation: Relation,
    /// Concept Name (0040,A043).
    pub name: Option<Code>,
    /// The value.
    pub value: Value,
    /// Items below it, in order.
    pub children: Vec<Self>,
}

/// The value of an item, one kind for each Value Type (0040,A040). Free text, names and dates may tell who the patient is.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `CONTAINER`, with the identifier of its DCMR template where it says one.
    Container {
        /// Template Identifier (0040,DB00).
        template: Option<String>,
    },
    /// `CODE`
    Code(Code),
    /// `TEXT`
    Text(Phi<String>),
    /// `PNAME`
    PersonName(Phi<String>),
    /// `DATE`, `TIME` or `DATETIME`, as written.
    When(Phi<String>),
    /// `UIDREF`
    Uid(String),
    /// `NUM`
    Num(Num),
    /// `IMAGE`
    Image(ImageRef),
    /// `COMPOSITE`
    Composite(SourceImage),
    /// `SCOORD`: column and row in pixels of the image that the item below selects; the corner of the first pixel is 0, 0.
    Flat {
        /// Point, line, …
        kind: Shape,
        /// Column, row.
        points: Vec<[f32; 2]>,
    },
    /// `SCOORD3D`
    Spatial(Spatial),
    /// Another value type, of which only the name is kept, or a reference to another item.
    Other(String),
}

/// A measured number.
#[derive(Clone, Debug, PartialEq)]
pub struct Num {
    /// The number and its unit; `None` where there is none.
    pub value: Option<(f64, Code)>,
    /// Why there is no number, or what is special about it (PS3.16 CID 42).
    pub qualifier: Option<Code>,
}

/// A reference to an image, or to frames or segments of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRef {
    /// The instance.
    pub instance: SourceImage,
    /// Referenced Frame Number (0008,1160), from 1; empty means all.
    pub frames: Vec<u32>,
    /// Referenced Segment Number (0062,000B); empty means all.
    pub segments: Vec<u16>,
}

impl ImageRef {
    /// The whole image.
    #[must_use]
    pub const fn whole(instance: SourceImage) -> Self {
        Self { instance, frames: Vec::new(), segments: Vec::new() }
    }
}

/// Graphic Type (0070,0023) of coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One point.
    Point,
    /// Points that belong together.
    Multipoint,
    /// Points joined in order.
    Polyline,
    /// A closed, flat outline: the last point is the first again. In space only.
    Polygon,
    /// A centre and a point on the circle. In pixels only.
    Circle,
    /// Ends of the long axis, then of the short one.
    Ellipse,
    /// Ends of the three axes. In space only.
    Ellipsoid,
}

impl Shape {
    pub(crate) const ALL: [(Self, &'static str); 7] = [
        (Self::Point, "POINT"),
        (Self::Multipoint, "MULTIPOINT"),
        (Self::Polyline, "POLYLINE"),
        (Self::Polygon, "POLYGON"),
        (Self::Circle, "CIRCLE"),
        (Self::Ellipse, "ELLIPSE"),
        (Self::Ellipsoid, "ELLIPSOID"),
    ];

    /// Whether so many points can be this shape.
    pub(crate) const fn holds(self, points: usize) -> bool {
        match self {
            Self::Point => points == 1,
            Self::Multipoint => points >= 1,
            Self::Polyline => points >= 2,
            Self::Circle => points == 2,
            Self::Polygon => points >= 4,
            Self::Ellipse => points == 4,
            Self::Ellipsoid => points == 6,
        }
    }
}

/// Points in patient space.
#[derive(Clone, Debug, PartialEq)]
pub struct Spatial {
    /// What they are.
    pub kind: Shape,
    /// The points, LPS mm.
    pub points: Vec<Point<Lps>>,
    /// Referenced Frame of Reference UID (3006,0024): points of another frame lie elsewhere in the patient.
    pub frame_of_reference: String,
}

impl Item {
    /// An item below another.
    #[must_use]
    pub const fn new(relation: Relation, name: Option<Code>, value: Value) -> Self {
        Self { relation, name, value, children: Vec::new() }
    }
    /// The same with items below it.
    #[must_use]
    pub fn with(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.children.extend(children);
        self
    }
    /// Whether its concept is `code`.
    #[must_use]
    pub fn is(&self, code: &Code) -> bool {
        self.name.as_ref().is_some_and(|name| name.is(code))
    }
    /// Items directly below it that are called `code`.
    pub fn named<'a, 'c>(&'a self, code: &'c Code) -> impl Iterator<Item = &'a Self> + use<'a, 'c> {
        self.children.iter().filter(move |child| child.is(code))
    }
    /// The code of the first such item.
    #[must_use]
    pub fn code_of(&self, name: &Code) -> Option<&Code> {
        self.named(name)
            .find_map(|child| if let Value::Code(code) = &child.value { Some(code) } else { None })
    }
    /// The text or person name of the first such item.
    #[must_use]
    pub fn text_of(&self, name: &Code) -> Option<&Phi<String>> {
        self.named(name).find_map(|child| match &child.value {
            Value::Text(text) | Value::PersonName(text) => Some(text),
            _ => None,
        })
    }
    /// The UID of the first such item.
    #[must_use]
    pub fn uid_of(&self, name: &Code) -> Option<&str> {
        self.named(name)
            .find_map(|child| if let Value::Uid(uid) = &child.value { Some(uid.as_str()) } else { None })
    }
}
