//! Measurement reports (PS3.16 TID 1500) in Comprehensive 3D SR objects, written and read.
//!
//! A group is about one thing: it has a name and a UID that stay the same when the thing is measured again, what was
//! found and on which side, where it lies, and numbers with units. Points lie in space (LPS mm, in a named frame of
//! reference) or the shape is that of a segment in another object. Reading also takes what others write: outlines in
//! pixels, older SNOMED codes; what is not understood is listed, never dropped in silence.

mod codes;
mod measurement;
mod read;
mod write;

use casebank_case::Phi;
use meshing_space::{Lps, Point};

use super::sr::{ImageRef, Shape, Spatial};
use super::{Code, Evidence, Side, SourceImage};

pub use measurement::{Measurement, Statistic};
pub use read::{ReadReport, read};
pub use write::write;

/// A measurement report.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The program that measured, if one did; the person stands in [`super::Made`].
    pub device: Option<Device>,
    /// Procedure reported, for example (363679005, SCT, Imaging procedure); at least one.
    pub procedures: Vec<Code>,
    /// The images that were measured in.
    pub library: Vec<LibraryGroup>,
    /// Study and series of every instance that is referenced anywhere in the report.
    pub evidence: Vec<Evidence>,
    /// What was measured.
    pub groups: Vec<Group>,
}

/// The program that measured (PS3.16 TID 1004).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Device {
    /// Device Observer UID.
    pub uid: String,
    /// Device Observer Name.
    pub name: String,
    /// Manufacturer, model and serial number; empty ones are not written.
    pub make: [String; 3],
}

/// Images of one kind (PS3.16 TID 1600).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LibraryGroup {
    /// Modality as a code, for example (CT, DCM, Computed Tomography).
    pub modality: Option<Code>,
    /// Study Date, `YYYYMMDD`; empty where it is not known.
    pub study_date: Phi<String>,
    /// Frame of Reference UID; empty where there is none.
    pub frame_of_reference: String,
    /// The images.
    pub images: Vec<SourceImage>,
}

/// Measurements of one thing (PS3.16 TID 1410, 1411, 1501).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// Tracking Identifier: the name people know it by.
    pub tracking_id: String,
    /// Tracking Unique Identifier.
    pub tracking_uid: String,
    /// Finding category and finding.
    pub category: Option<Code>,
    /// What was found.
    pub finding: Option<Code>,
    /// Where in the body.
    pub sites: Vec<Site>,
    /// Measurement Method that goes for all numbers.
    pub method: Option<Code>,
    /// Where in space or in an image.
    pub region: Region,
    /// The numbers.
    pub measurements: Vec<Measurement>,
    /// Coded judgements: what was judged, and the judgement.
    pub evaluations: Vec<(Code, Code)>,
}

/// A place in the body, with its side where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The anatomy.
    pub anatomy: Code,
    /// Laterality.
    pub side: Option<Side>,
}

/// Where what was measured lies.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Region {
    /// Nowhere as a whole: each measurement may have points of its own (TID 1501).
    #[default]
    None,
    /// A flat outline or points in space (TID 1410).
    Planar(Spatial),
    /// An outline in pixels of one image, as others write it (TID 1410; only read).
    Pixels {
        /// What the points are.
        kind: Shape,
        /// Column, row; the corner of the first pixel is 0, 0.
        points: Vec<[f32; 2]>,
        /// The image, or the frame of it.
        image: ImageRef,
    },
    /// A segment on some frames of a segmentation (TID 1410).
    SegmentFrames {
        /// Segmentation, frames and segment.
        frames: ImageRef,
        /// The image that was segmented.
        source: Option<SourceImage>,
    },
    /// A whole segment (TID 1411).
    Segment {
        /// Segmentation and segment.
        segment: ImageRef,
        /// What was segmented.
        source: SegmentSource,
    },
    /// Outlines or an ellipsoid in space that bound a volume (TID 1411).
    Surface {
        /// The parts.
        parts: Vec<Spatial>,
        /// What it was drawn in.
        source: SegmentSource,
    },
}

/// What a segment or surface was made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SegmentSource {
    /// A whole series, by its UID.
    Series(String),
    /// Single images.
    Images(Vec<SourceImage>),
}

/// A closed flat outline in space: the first point is repeated at the end where it is not there already.
#[must_use]
pub fn outline(mut points: Vec<Point<Lps>>, frame_of_reference: &str) -> Spatial {
    if points.last() != points.first()
        && let Some(&first) = points.first()
    {
        points.push(first);
    }
    Spatial { kind: Shape::Polygon, points, frame_of_reference: frame_of_reference.to_owned() }
}
