//! Structure sets: written, validated, read back voxel for voxel in every axis order; holes, odd contours, and those of
//! other writers.

mod hostile;
mod real;

use casebank_case::{FindingCode, Severity};
use casebank_dicom::objects::rtstruct::{RtInfo, RtReadError, read, write};
use casebank_dicom::objects::seg::{Onto, Segment, Segmentation};
use casebank_dicom::objects::{SegmentFacts, SourceSeries};
use dicom_core::value::{DataSetSequence, PrimitiveValue};
use dicom_core::{DataElement, Length, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use meshing_space::Point;
use meshing_volume::{Grid, LabelMap};

use crate::seg::{ORDERS, labelled, segments, source, turned};
use crate::support::{dciodvfy, grid, info};

const LIMIT: usize = 1 << 28;

fn rt_info(source: Option<SourceSeries>) -> RtInfo {
    RtInfo {
        series: info("rtstruct"),
        frame_of_reference: "1.2.3.4".to_owned(),
        source,
        software_version: "0.1.0".to_owned(),
        ..RtInfo::default()
    }
}

fn onto(grid: &Grid) -> Onto<'_> {
    Onto { grid, frame_of_reference: "1.2.3.4" }
}

fn codes(read: &Segmentation) -> Vec<(FindingCode, Severity)> {
    read.findings.iter().map(|f| (f.code, f.severity)).collect()
}

#[test]
fn every_axis_order_comes_back_voxel_for_voxel() {
    let home = grid([9, 8, 6], 0.3);
    for (order, flips) in ORDERS.into_iter().flat_map(|order| (0..8).map(move |flips| (order, flips))) {
        let own = turned(&home, order, flips);
        let mask = labelled(&own, &home);
        for source in [Some(source(&home)), None] {
            let file = write(&segments(&mask), &rt_info(source)).unwrap();
            for target in [&home, &own] {
                let out = read(&file, &onto(target), LIMIT).unwrap();
                assert_eq!(out.maps.len(), 1, "nothing overlaps");
                assert_eq!(out.maps[0].labels(), labelled(target, &home).labels(), "{order:?} {flips}");
                assert!(out.findings.iter().all(|f| f.severity == Severity::Info), "{:?}", out.findings);
            }
        }
    }
}

#[test]
fn names_colours_and_sources_come_back() {
    let home = grid([9, 8, 6], 0.3);
    let mask = labelled(&home, &home);
    let file = write(&segments(&mask), &rt_info(Some(source(&home)))).unwrap();
    assert_eq!(
        file,
        write(&segments(&mask), &rt_info(Some(source(&home)))).unwrap(),
        "same seed, same bytes"
    );
    let out = read(&file, &onto(&home), LIMIT).unwrap();
    for (read, written) in out.segments.iter().zip(segments(&mask)) {
        assert_eq!((&read.facts.label, read.facts.colour), (&written.facts.label, written.facts.colour));
        assert_eq!((read.facts.algorithm, read.voxels), (written.facts.algorithm, mask.count(written.label)));
    }
    assert_eq!(out.source_series_uids, ["1.2.3.5"]);
    let elsewhere = Onto { grid: &home, frame_of_reference: "1.9" };
    assert!(matches!(read(&file, &elsewhere, LIMIT), Err(RtReadError::FrameOfReference)));
}

#[test]
fn the_validator_finds_no_errors() {
    let home = grid([9, 8, 6], 0.3);
    let mask = labelled(&home, &home);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rtstruct.dcm");
    for source in [Some(source(&home)), None] {
        std::fs::write(&path, write(&segments(&mask), &rt_info(source)).unwrap()).unwrap();
        if let Some(errors) = dciodvfy(&path) {
            assert!(errors.is_empty(), "{errors:#?}");
        }
    }
}

#[test]
fn an_outline_of_many_points_keeps_them_all() {
    // A comb: about eight thousand corners in one contour, four times what 16-bit lengths hold.
    let plane = Grid::axis_aligned([4001, 3, 1], Point::origin(), [0.5; 3]).unwrap();
    let mut mask = LabelMap::empty(&plane);
    for i in 0..4001 {
        mask.set(i, 2, 0, 1);
        mask.set(i, 1, 0, u8::from(i % 2 == 0));
    }
    let comb = Segment { facts: SegmentFacts::named(1, "comb"), mask: &mask, label: 1 };
    let file = write(&[comb], &rt_info(None)).unwrap();
    let out = read(&file, &onto(&plane), LIMIT).unwrap();
    assert_eq!(out.maps[0].labels(), mask.labels());
}

/// A structure set with the given contours: type and points in voxels of `home`.
pub(crate) fn drawn(home: &Grid, contours: &[(&str, Vec<[f64; 3]>)]) -> Vec<u8> {
    let mut one = LabelMap::empty(home);
    one.set(0, 0, 0, 1);
    let start = Segment { facts: SegmentFacts::named(1, "drawn"), mask: &one, label: 1 };
    let file = write(&[start], &rt_info(None)).unwrap();
    let mut object = dicom_object::from_reader(file.as_slice()).unwrap();
    let items: Vec<InMemDicomObject> = contours
        .iter()
        .map(|(kind, points)| {
            let numbers: Vec<f64> = points
                .iter()
                .flat_map(|&p| (home.lps_from_ijk() * Point::from_array(p)).to_array())
                .collect();
            let texts: Vec<String> = numbers.iter().map(|v| format!("{v:.6}")).collect();
            let mut item = InMemDicomObject::new_empty();
            item.put(DataElement::new(tags::CONTOUR_GEOMETRIC_TYPE, VR::CS, PrimitiveValue::from(*kind)));
            item.put(DataElement::new(tags::CONTOUR_DATA, VR::DS, PrimitiveValue::Strs(texts.into())));
            item
        })
        .collect();
    let mut roi = InMemDicomObject::new_empty();
    roi.put(DataElement::new(tags::REFERENCED_ROI_NUMBER, VR::IS, PrimitiveValue::from("1")));
    roi.put(DataElement::new(tags::CONTOUR_SEQUENCE, VR::SQ, DataSetSequence::new(items, Length::UNDEFINED)));
    let rois = DataSetSequence::new(vec![roi], Length::UNDEFINED);
    object.put(DataElement::new(tags::ROI_CONTOUR_SEQUENCE, VR::SQ, rois));
    let mut bytes = Vec::new();
    object.write_all(&mut bytes).unwrap();
    bytes
}

fn square(from: f64, to: f64, k: f64) -> Vec<[f64; 3]> {
    vec![[from, from, k], [to, from, k], [to, to, k], [from, to, k]]
}

#[test]
fn holes_and_islands_of_both_kinds() {
    let home = grid([12, 12, 4], 0.3);
    let nested = |kind| {
        vec![(kind, square(0.5, 8.5, 1.0)), (kind, square(2.5, 6.5, 1.0)), (kind, square(3.5, 5.5, 1.0))]
    };
    for kind in ["CLOSED_PLANAR", "CLOSEDPLANAR_XOR"] {
        for turn in 0..3 {
            let mut contours = nested(kind);
            contours.rotate_left(turn);
            let out = read(&drawn(&home, &contours), &onto(&home), LIMIT).unwrap();
            assert_eq!(out.segments[0].voxels, 64 - 16 + 4, "{kind}, in any order");
        }
    }
    // Areas that overlap in part are joined, unless they say that they cut each other.
    let crossed = |kind| vec![(kind, square(0.5, 4.5, 1.0)), (kind, square(2.5, 6.5, 1.0))];
    let out = read(&drawn(&home, &crossed("CLOSED_PLANAR")), &onto(&home), LIMIT).unwrap();
    assert_eq!(out.segments[0].voxels, 16 + 16 - 4);
    assert_eq!(codes(&out), [(FindingCode::OddContour, Severity::Warning)]);
    let out = read(&drawn(&home, &crossed("CLOSEDPLANAR_XOR")), &onto(&home), LIMIT).unwrap();
    assert_eq!((out.segments[0].voxels, codes(&out)), (16 + 16 - 8, vec![]));
}

#[test]
fn odd_contours_are_findings() {
    let home = grid([12, 12, 8], 0.3);
    let closed = "CLOSED_PLANAR";
    let tilted = vec![[0.5, 0.5, 1.0], [4.5, 0.5, 1.0], [4.5, 4.5, 1.6], [0.5, 4.5, 1.6]];
    let cases = [
        (
            vec![(closed, square(0.5, 2.5, 1.0)), (closed, vec![[1.0, 1.0, 2.0], [2.0, 2.0, 2.0]])],
            4,
            "contours 2: points or",
        ),
        (vec![(closed, square(0.5, 2.5, 1.0)), ("POINT", vec![[1.0, 1.0, 2.0]])], 4, "contours 2: points or"),
        (vec![(closed, square(0.5, 2.5, 1.0)), (closed, tilted)], 4, "contours 2: not in one plane"),
        (vec![(closed, square(0.5, 2.5, 1.0)), (closed, square(0.5, 2.5, 9.0))], 4, "contours 2 lie outside"),
        (vec![(closed, square(0.5, 2.5, 1.3))], 4, "up to 0.30 slices beside"),
        (
            vec![(closed, square(0.5, 2.5, 1.2)), (closed, square(0.5, 3.5, 0.9))],
            9,
            "contours 1: a second plane",
        ),
        (
            vec![(closed, square(0.5, 2.5, 1.0)), (closed, square(0.5, 2.5, 3.0))],
            8,
            "contours are 2 slices apart",
        ),
    ];
    for (contours, voxels, message) in cases {
        let out = read(&drawn(&home, &contours), &onto(&home), LIMIT).unwrap();
        assert!(out.findings.iter().any(|f| f.message.contains(message)), "{message}: {:?}", out.findings);
        assert_eq!(out.segments[0].voxels, voxels, "{message}");
    }
}
