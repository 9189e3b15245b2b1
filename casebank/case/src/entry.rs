//! What a case holds: volumes, segments, surfaces, measurements.

use std::collections::BTreeMap;

use meshing_space::{Lps, Point};
use serde::{Deserialize, Serialize};

use crate::canonical::hash_of;
use crate::{Finding, MeasurementId, ObjectHash, Phi, VolumeId};

/// A volume of a case: identity, geometry and findings. Its JSON holds every field of the `VOLUME` object of the
/// command-line contract, and a few more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VolumeEntry {
    /// The volume's id, `volume` in JSON.
    #[serde(rename = "volume")]
    pub id: VolumeId,
    /// Modality (0008,0060), for example `CT`; empty if unknown.
    pub modality: String,
    /// Voxels along i, j, k.
    pub size: [usize; 3],
    /// Distance of neighbouring voxel centres along i, j, k, mm.
    pub spacing_mm: [f64; 3],
    /// Centre of voxel 0, LPS mm.
    pub origin_lps_mm: [f64; 3],
    /// Row-major 3×3 whose *columns* are the LPS unit directions of i, j, k.
    pub direction: [f64; 9],
    /// Least and greatest value, in `unit`.
    pub range: [f64; 2],
    /// Unit of the values, for example `HU`; empty if they have none.
    pub unit: String,
    /// Of PET, how its values become standardised uptake values, where that is certain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suv: Option<Suv>,
    /// What the reader noticed.
    pub findings: Vec<Finding>,
    /// Series Instance UID (0020,000E); empty if the source had none.
    #[serde(default)]
    pub series_uid: String,
    /// Study Instance UID (0020,000D); empty if the source had none.
    #[serde(default)]
    pub study_uid: String,
    /// Frame of Reference UID (0020,0052); empty if the source had none.
    #[serde(default)]
    pub frame_of_reference: String,
    /// Series description (0008,103E): free text, which people put names into.
    #[serde(default)]
    pub description: Phi<String>,
    /// What sets this volume apart from others of its series at the same place, for example `echo time 30`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// The source objects in the bank, in slice order. This is what derived things are made from.
    #[serde(default)]
    pub objects: Vec<ObjectHash>,
}

/// How the values of a PET volume become standardised uptake values by body weight (SUVbw, g/mL). The voxels stay as they
/// were stored.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suv {
    /// A value in the unit of the volume times this is the SUVbw.
    pub factor: f64,
    /// The time to which the dose was taken to decay.
    pub reference: SuvReference,
    /// Seconds from the injection to that time; 0 where no decay had to be calculated.
    pub decay_s: f64,
}

/// The time to which a dose was taken to decay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuvReference {
    /// The scanner states the SUV, or the factor, itself.
    Stated,
    /// The values are corrected to the time of the injection.
    Administration,
    /// Series Date and Time (0008,0021) (0008,0031), which are when the scan began.
    SeriesTime,
    /// The earliest Acquisition Date and Time of the slices, because the series was made later.
    AcquisitionTime,
    /// The beginning of the scan that GE writes privately (0009,xx0D).
    GeScanTime,
}

/// A segment: labels made from a volume.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SegmentEntry {
    /// Its name, unique in the case.
    pub name: String,
    /// The volume it was made from.
    pub volume: VolumeId,
    /// Names of the segments that it was made from, in the order of the method; empty if the volume was enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// Id of the method, snake case, for example `threshold`.
    pub method: String,
    /// Version of the method's algorithm: a new one makes the segment stale.
    pub algorithm: u32,
    /// The parameters it ran with, every one named, lengths in mm, levels in the volume's unit.
    pub params: BTreeMap<String, serde_json::Value>,
    /// The level of a threshold-like method, in the volume's unit: the surface runs on the grey volume there.
    pub level: Option<f64>,
    /// Voxels inside.
    pub voxels: u64,
    /// Volume, mm³.
    pub volume_mm3: f64,
    /// The stored labels.
    pub mask: ObjectHash,
    /// [`SegmentEntry::key`] at the time it was made.
    pub made_from: ObjectHash,
}

impl SegmentEntry {
    /// Hash of what this segment is made from: the volume's source objects and geometry, what the segments of
    /// [`SegmentEntry::from`] were made from, method, algorithm version and parameters. Never of the result: float results
    /// differ between CPUs.
    #[must_use]
    pub fn key(&self, volume: &VolumeEntry, from: &[&Self]) -> ObjectHash {
        let scan = (
            &volume.id,
            &volume.objects,
            &volume.size,
            &volume.spacing_mm,
            &volume.origin_lps_mm,
            &volume.direction,
        );
        let how = (&self.volume, &self.method, self.algorithm, &self.params);
        if from.is_empty() {
            return hash_of(&("segment", scan, how));
        }
        let from: Vec<_> = from.iter().map(|segment| (&segment.name, segment.made_from)).collect();
        hash_of(&("segment", scan, how, from))
    }

    /// This entry with `made_from` set for `volume` and the segments of [`SegmentEntry::from`].
    #[must_use]
    pub fn keyed(mut self, volume: &VolumeEntry, from: &[&Self]) -> Self {
        self.made_from = self.key(volume, from);
        self
    }
}

/// What a surface was extracted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SurfaceSource {
    /// The grey volume inside the mask's shell: exact to a fraction of a voxel.
    Grey,
    /// A smoothed mask.
    Mask,
}

/// A surface made from a segment. One per segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SurfaceEntry {
    /// Name of the segment it was made from.
    pub segment: String,
    /// Extracted from the grey volume or from the mask.
    pub source: SurfaceSource,
    /// Version of the surface algorithm: a new one makes the surface stale.
    pub algorithm: u32,
    /// Greatest error that simplification was allowed, mm.
    pub max_error_mm: f64,
    /// Two-sided Hausdorff distance that was measured after simplification, mm.
    pub hausdorff_mm: f64,
    /// The stored mesh.
    pub object: ObjectHash,
    /// Vertices.
    pub vertices: u64,
    /// Triangles.
    pub triangles: u64,
    /// Area, mm².
    pub area_mm2: f64,
    /// Enclosed volume, mm³.
    pub volume_mm3: f64,
    /// Whether it is closed.
    pub closed: bool,
    /// Connected parts.
    pub parts: u64,
    /// Least and greatest corner, LPS mm.
    pub bbox_lps_mm: [[f64; 3]; 2],
    /// [`SurfaceEntry::key`] at the time it was made.
    pub made_from: ObjectHash,
}

impl SurfaceEntry {
    /// Hash of what this surface is made from: what the segment was made from, and its own parameters and version.
    #[must_use]
    pub fn key(&self, segment: &SegmentEntry) -> ObjectHash {
        hash_of(&(
            "surface",
            (&segment.made_from, &segment.name),
            (self.source, self.algorithm, self.max_error_mm),
        ))
    }

    /// This entry with `made_from` set for `segment`.
    #[must_use]
    pub fn keyed(mut self, segment: &SegmentEntry) -> Self {
        self.made_from = self.key(segment);
        self
    }
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MeasurementKind {
    /// The straight distance of two points, mm.
    Distance,
}

impl MeasurementKind {
    /// How many points it takes.
    #[must_use]
    pub const fn points(self) -> usize {
        match self {
            Self::Distance => 2,
        }
    }
}

/// A measurement on a volume. The value follows from the points and is never stored beside them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    /// Its id.
    pub id: MeasurementId,
    /// The volume it was made on, whose findings decide whether measuring is allowed.
    pub volume: VolumeId,
    /// What is measured.
    pub kind: MeasurementKind,
    /// The points, LPS mm; as many as [`MeasurementKind::points`] says.
    pub points_lps_mm: Vec<Point<Lps>>,
    /// What the person called it; may be empty.
    #[serde(default)]
    pub label: Phi<String>,
}

impl Measurement {
    /// The straight distance of `a` and `b` on `volume`, with a new id.
    #[must_use]
    pub fn distance(volume: VolumeId, a: Point<Lps>, b: Point<Lps>) -> Self {
        Self {
            id: MeasurementId::random(),
            volume,
            kind: MeasurementKind::Distance,
            points_lps_mm: vec![a, b],
            label: Phi::default(),
        }
    }

    /// The measured value, mm; `None` if the number of points does not fit the kind.
    #[must_use]
    pub fn value_mm(&self) -> Option<f64> {
        match (self.kind, self.points_lps_mm.as_slice()) {
            (MeasurementKind::Distance, [a, b]) => Some(a.distance(*b)),
            (MeasurementKind::Distance, _) => None,
        }
    }
}
