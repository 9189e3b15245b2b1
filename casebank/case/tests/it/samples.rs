//! Things to put into cases. Everybody in them is made up.

use std::collections::BTreeMap;

use casebank_case::{
    Acceptance, Actor, Case, CaseId, CheckResult, ChecksEntry, Finding, FindingCode, Measurement,
    MeasurementId, MeasurementKind, ObjectHash, Phi, PlanEntry, PlanShape, SegmentEntry, Severity, Signature,
    SolidEntry, SurfaceEntry, SurfaceSource, TrajectoryTool, VolumeEntry, VolumeId,
};
use meshing_space::{Point, Vector};
use time::OffsetDateTime;
use time::macros::datetime;

pub(crate) const AT: OffsetDateTime = datetime!(2026-11-22 10:00:00.25 UTC);

pub(crate) fn actor() -> Actor {
    Actor::new("dr.huber").unwrap()
}

pub(crate) fn case_id() -> CaseId {
    "11111111-2222-4333-8444-555555555555".parse().unwrap()
}

pub(crate) fn volume_id(n: u8) -> VolumeId {
    VolumeId::from_bytes([n; 16])
}

pub(crate) fn volume(n: u8, severity: Severity) -> VolumeEntry {
    VolumeEntry {
        id: volume_id(n),
        modality: "CT".to_owned(),
        size: [512, 512, 221],
        spacing_mm: [0.703125, 0.703125, 1.25],
        origin_lps_mm: [-180.0, -180.00000000000003, 100.24610909910198],
        direction: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
        range: [-1024.0, 3071.0],
        unit: "HU".to_owned(),
        suv: None,
        findings: vec![
            Finding::new(
                FindingCode::MissingSlice,
                severity,
                "Between slices 12 and 13 one slice is missing.",
            ),
            Finding::new(FindingCode::OverlappingSlices, Severity::Info, "2.5 mm thick every 1.25 mm."),
        ],
        series_uid: format!("1.2.826.0.1.3680043.8.498.{n}"),
        study_uid: "1.2.826.0.1.3680043.8.498.100".to_owned(),
        frame_of_reference: "1.2.826.0.1.3680043.8.498.200".to_owned(),
        description: Phi::from("Thorax Anna H."),
        phase: String::new(),
        objects: vec![ObjectHash::of(&[n]), ObjectHash::of(&[n, n])],
    }
}

pub(crate) fn segment(name: &str, volume: &VolumeEntry, lower: f64) -> SegmentEntry {
    SegmentEntry {
        name: name.to_owned(),
        volume: volume.id,
        from: Vec::new(),
        method: "threshold".to_owned(),
        algorithm: 1,
        params: BTreeMap::from([("lower".to_owned(), lower.into()), ("upper".to_owned(), 3071.into())]),
        level: Some(lower),
        voxels: 123_456,
        volume_mm3: 98_765.4,
        mask: ObjectHash::of(name.as_bytes()),
        made_from: ObjectHash([0; 32]),
    }
    .keyed(volume, &[])
}

pub(crate) fn surface(segment: &SegmentEntry) -> SurfaceEntry {
    SurfaceEntry {
        segment: segment.name.clone(),
        source: SurfaceSource::Grey,
        algorithm: 1,
        max_error_mm: 0.1,
        hausdorff_mm: 0.087,
        object: ObjectHash::of(b"mesh"),
        vertices: 1002,
        triangles: 2000,
        area_mm2: 1234.5,
        volume_mm3: 4321.0,
        closed: true,
        parts: 1,
        bbox_lps_mm: [[-1.0, -2.0, -3.0], [1.0, 2.0, 3.0]],
        made_from: ObjectHash([0; 32]),
    }
    .keyed(segment)
}

pub(crate) fn measurement(n: u8, volume: u8) -> Measurement {
    Measurement {
        id: MeasurementId::from_bytes([n; 16]),
        volume: volume_id(volume),
        kind: MeasurementKind::Distance,
        points_lps_mm: vec![Point::new(1.0, 2.0, 3.0), Point::new(4.0, 6.0, 3.0)],
        label: Phi::from("width"),
    }
}

pub(crate) fn acceptance(volume: u8) -> Acceptance {
    Acceptance {
        volume: volume_id(volume),
        code: FindingCode::MissingSlice,
        by: "Dr. Huber".to_owned(),
        reason: "The gap lies outside the region of interest.".to_owned(),
        time: AT,
    }
}

/// A screw of that name into volume 1, its tip at `depth_mm`.
pub(crate) fn screw(name: &str, depth_mm: f64) -> PlanEntry {
    let shape = PlanShape::Trajectory {
        tool: TrajectoryTool::Screw,
        entry_lps_mm: Point::new(10.0, -20.0, 30.5),
        target_lps_mm: Point::new(10.0, -20.0 + depth_mm, 30.5),
        diameter_mm: 3.5,
    };
    PlanEntry { name: name.to_owned(), volume: volume_id(1), shape, label: Phi::from("L4 left") }
}

/// One plan object of each kind.
pub(crate) fn every_shape() -> Vec<PlanEntry> {
    let points = vec![Point::new(0.0, 0.0, 0.0), Point::new(3.0, 0.0, 0.0), Point::new(3.0, 4.0, 0.0)];
    let shapes = [
        ("landmark", PlanShape::Point { at_lps_mm: points[1] }),
        ("cut", PlanShape::Plane { at_lps_mm: points[2], normal_lps: Vector::new(0.6, 0.8, 0.0) }),
        ("rim", PlanShape::Curve { points_lps_mm: points.clone(), closed: true }),
        ("contact", PlanShape::Region { points_lps_mm: points, radius_mm: 6.0 }),
    ];
    let entry = |(name, shape): (&str, PlanShape)| PlanEntry {
        name: name.to_owned(),
        volume: volume_id(1),
        shape,
        label: Phi::default(),
    };
    shapes.map(entry).into_iter().chain([screw("screw", 40.0)]).collect()
}

/// A guide over the bone of `case`, along the plan object `screw`.
pub(crate) fn guide(case: &Case) -> SolidEntry {
    let mut entry = SolidEntry {
        name: "guide".to_owned(),
        recipe: "drill_guide".to_owned(),
        algorithm: 1,
        params: BTreeMap::from([("clearance_mm".to_owned(), 0.2.into())]),
        segments: vec!["bone".to_owned()],
        plan: vec!["screw".to_owned()],
        object: ObjectHash::of(b"guide"),
        triangles: 1234,
        volume_mm3: 6353.4,
        parts: 1,
        bbox_lps_mm: [[-1.0, -2.0, -3.0], [1.0, 2.0, 3.0]],
        label: serde_json::Value::Null,
        made_from: ObjectHash([0; 32]),
    };
    entry.made_from = entry.key(case).unwrap();
    entry
}

/// Checks of that guide, of which the wall fails if it is thinner than 2 mm.
pub(crate) fn checks(solid: &SolidEntry, wall_mm: f64) -> ChecksEntry {
    let mut entry = ChecksEntry {
        solid: solid.name.clone(),
        algorithm: 1,
        params: BTreeMap::from([("printer".to_owned(), "fff-250".into())]),
        results: vec![CheckResult {
            code: "wall_thickness".to_owned(),
            pass: wall_mm >= 2.0,
            value: wall_mm,
            limit: 2.0,
            unit: "mm".to_owned(),
            message: format!("The thinnest wall is {wall_mm} mm."),
            message_zh: format!("最薄处为 {wall_mm} mm。"),
        }],
        made_from: ObjectHash([0; 32]),
        signature: None,
    };
    entry.made_from = entry.key(solid);
    entry
}

pub(crate) fn signature() -> Signature {
    Signature { by: "Dr. Huber".to_owned(), reason: "Only the grip is thin.".to_owned(), time: AT }
}
