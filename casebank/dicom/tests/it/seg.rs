//! Segmentations: written, validated, read back voxel for voxel in every axis order; and those of other writers.

mod hostile;
mod real;

use casebank_case::FindingCode;
use casebank_dicom::objects::seg::{
    Onto, SegInfo, SegKind, SegOptions, SegReadError, SegWriteError, Segment, Segmentation, read, write,
};
use casebank_dicom::objects::{AlgorithmType, SegmentFacts, SourceImage, SourceSeries, SourceSlice};
use meshing_space::{Lps, Point, Vector};
use meshing_volume::{Grid, LabelMap};

use crate::support::{dciodvfy, grid, info};

pub(crate) const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// The same voxels with the axes in another order, those of `flips` (bits) turned round.
pub(crate) fn turned(grid: &Grid, order: [usize; 3], flips: usize) -> Grid {
    let mut first = [0.0; 3];
    let direction: [Vector<Lps>; 3] = std::array::from_fn(|a| {
        let flip = flips >> a & 1 == 1;
        if flip {
            first[order[a]] = (grid.size()[order[a]] - 1) as f64;
        }
        grid.direction()[order[a]] * if flip { -1.0 } else { 1.0 }
    });
    let origin = grid.lps_from_ijk() * Point::from_array(first);
    Grid::new(order.map(|a| grid.size()[a]), origin, direction, order.map(|a| grid.spacing_mm()[a])).unwrap()
}

/// Labels 0 to 3 that depend on where a voxel lies, not on how the grid counts it; slices 0 and 4 of `home` are empty.
pub(crate) fn labelled(grid: &Grid, home: &Grid) -> LabelMap {
    let mut map = LabelMap::empty(grid);
    let [ni, nj, nk] = grid.size();
    for n in 0..grid.len() {
        let (i, j, k) = (n % ni, n / ni % nj, n / (ni * nj));
        assert!(k < nk);
        let at = home.ijk_from_lps() * (grid.lps_from_ijk() * Point::new(i as f64, j as f64, k as f64));
        let [a, b, c] = at.to_array().map(|v| v.round() as usize);
        let label = if c == 0 || c == 4 { 0 } else { (a * 5 + b * 3 + c * 7 + a * b) % 4 };
        map.set(i, j, k, label as u8);
    }
    map
}

pub(crate) fn source(grid: &Grid) -> SourceSeries {
    let normal = grid.direction()[0].cross(grid.direction()[1]);
    let slice = |k: usize| SourceSlice {
        image: SourceImage {
            class_uid: "1.2.840.10008.5.1.4.1.1.2".to_owned(),
            instance_uid: format!("1.2.3.6.{}", k + 1),
        },
        along_mm: (grid.lps_from_ijk() * Point::new(0.0, 0.0, k as f64) - Point::origin()).dot(normal),
    };
    SourceSeries {
        series_uid: "1.2.3.5".to_owned(),
        grid: *grid,
        slices: (0..grid.size()[2]).map(slice).collect(),
    }
}

fn seg_info(kind: SegKind, source: Option<SourceSeries>) -> SegInfo {
    SegInfo {
        series: info("seg"),
        frame_of_reference: "1.2.3.4".to_owned(),
        source,
        kind,
        software_version: "0.1.0".to_owned(),
        ..SegInfo::default()
    }
}

pub(crate) fn segments(mask: &LabelMap) -> Vec<Segment<'_>> {
    let facts = |number, label: &str, colour| SegmentFacts {
        algorithm_name: "threshold".to_owned(),
        colour: Some(colour),
        ..SegmentFacts::named(number, label)
    };
    vec![
        Segment { facts: facts(1, "bone", [241, 214, 145]), mask, label: 1 },
        Segment {
            facts: SegmentFacts {
                algorithm: AlgorithmType::Manual, ..facts(2, "肝 liver", [221, 130, 101])
            },
            mask,
            label: 2,
        },
        Segment { facts: facts(3, "tumour", [255, 0, 0]), mask, label: 3 },
    ]
}

fn onto(grid: &Grid) -> SegOptions<'_> {
    SegOptions { onto: Some(Onto { grid, frame_of_reference: "1.2.3.4" }), ..SegOptions::default() }
}

/// The only label map of a segmentation.
fn only(read: &Segmentation) -> &LabelMap {
    assert_eq!(read.maps.len(), 1, "nothing overlaps");
    &read.maps[0]
}

#[test]
fn every_axis_order_comes_back_voxel_for_voxel() {
    let home = grid([7, 5, 6], 0.3);
    for kind in [SegKind::Binary, SegKind::LabelMap] {
        for (order, flips) in ORDERS.into_iter().flat_map(|order| (0..8).map(move |flips| (order, flips))) {
            let own = turned(&home, order, flips);
            let mask = labelled(&own, &home);
            let with = write(&segments(&mask), &seg_info(kind, Some(source(&home)))).unwrap();
            let without = write(&segments(&mask), &seg_info(kind, None)).unwrap();
            for file in [with, without] {
                for target in [&home, &own] {
                    let out = read(&file, &onto(target)).unwrap();
                    assert_eq!(
                        only(&out).labels(),
                        labelled(target, &home).labels(),
                        "{kind:?} {order:?} {flips}"
                    );
                    assert_eq!(out.findings, [], "{order:?} {flips}");
                }
                let out = read(&file, &SegOptions::default()).unwrap();
                let map = only(&out);
                assert_eq!(map.labels(), labelled(map.grid(), &home).labels(), "own grid, {order:?} {flips}");
            }
        }
    }
}

#[test]
fn what_is_said_about_segments_comes_back() {
    let home = grid([7, 5, 6], 0.3);
    let mask = labelled(&home, &home);
    for kind in [SegKind::Binary, SegKind::LabelMap] {
        let info = seg_info(kind, Some(source(&home)));
        let file = write(&segments(&mask), &info).unwrap();
        assert_eq!(file, write(&segments(&mask), &info).unwrap(), "same seed, same bytes");
        let out = read(&file, &onto(&home)).unwrap();
        for (read, written) in out.segments.iter().zip(segments(&mask)) {
            let mut facts = written.facts.clone();
            if facts.algorithm == AlgorithmType::Manual {
                facts.algorithm_name.clear();
            }
            assert_eq!(read.facts, facts);
            assert_eq!(read.voxels, mask.count(written.label));
            assert_eq!(out.mask(read).unwrap().count(1), read.voxels);
        }
        assert_eq!(out.segments.len(), 3);
        assert_eq!(out.source_series_uids, ["1.2.3.5"]);
        assert_eq!(out.frame_of_reference, "1.2.3.4");
    }
}

#[test]
fn frames_lie_on_the_source_and_name_its_images() {
    let home = grid([7, 5, 6], 0.3);
    let own = turned(&home, [2, 0, 1], 5);
    let mask = labelled(&own, &home);
    let file = write(&segments(&mask), &seg_info(SegKind::Binary, Some(source(&home)))).unwrap();
    // 3 segments on slices 2, 3, 4 and 6 of the source: each named once a segment, and once in the list of sources.
    let count = |text: &str| file.windows(text.len()).filter(|w| *w == text.as_bytes()).count();
    assert_eq!((count("1.2.3.6.2"), count("1.2.3.6.3"), count("1.2.3.6.6")), (4, 4, 4));
    assert_eq!((count("1.2.3.6.1"), count("1.2.3.6.5")), (1, 1), "empty slices have no frames");
    assert_eq!(count("\x28\0\x08\0IS\x02\x0012"), 1, "Number of Frames");
}

#[test]
fn the_validator_finds_no_errors() {
    let home = grid([7, 5, 6], 0.3);
    let mask = labelled(&home, &home);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("seg.dcm");
    let own = turned(&home, [1, 2, 0], 3);
    let oblique = labelled(&own, &home);
    for (mask, source) in [(&mask, Some(source(&home))), (&mask, None), (&oblique, Some(source(&home)))] {
        std::fs::write(&path, write(&segments(mask), &seg_info(SegKind::Binary, source)).unwrap()).unwrap();
        if let Some(errors) = dciodvfy(&path) {
            assert!(errors.is_empty(), "{errors:#?}");
        }
    }
}

#[test]
fn overlapping_segments_come_back_in_maps_of_their_own() {
    let home = grid([7, 5, 6], 0.3);
    let (mut a, mut b) = (LabelMap::empty(&home), LabelMap::empty(&home));
    for n in 0..home.len() {
        a.labels_mut()[n] = u8::from(n % 3 == 0);
        b.labels_mut()[n] = u8::from(n % 5 == 0) * 9;
    }
    let facts = |number| SegmentFacts::named(number, &format!("part {number}"));
    let both = [
        Segment { facts: facts(1), mask: &a, label: 1 },
        Segment { facts: facts(2), mask: &b, label: 9 },
        Segment { facts: facts(3), mask: &a, label: 0 },
    ];
    let file = write(&both, &seg_info(SegKind::Binary, None)).unwrap();
    let out = read(&file, &onto(&home)).unwrap();
    assert_eq!(out.maps.len(), 2, "1 and 3 share a map");
    assert_eq!((out.segments[0].map, out.segments[1].map, out.segments[2].map), (0, 1, 0));
    for (segment, written) in out.segments.iter().zip(&both) {
        let expected: Vec<u8> =
            written.mask.labels().iter().map(|&label| u8::from(label == written.label)).collect();
        assert_eq!(out.mask(segment).unwrap().labels(), expected);
    }
    let error = write(&both[..2], &seg_info(SegKind::LabelMap, None)).unwrap_err();
    assert!(matches!(error, SegWriteError::Overlap(1, 2)), "{error}");
    let tight = SegOptions { bytes: home.len(), ..onto(&home) };
    assert!(matches!(read(&file, &tight), Err(SegReadError::TooLarge { .. })));
}

#[test]
fn what_cannot_be_written_is_said() {
    let home = grid([7, 5, 6], 0.3);
    let mask = labelled(&home, &home);
    let info = seg_info(SegKind::Binary, None);
    assert!(matches!(write(&[], &info), Err(SegWriteError::NoSegments)));
    let empty = Segment { facts: SegmentFacts::named(1, "nothing"), mask: &mask, label: 7 };
    assert!(matches!(write(&[empty], &info), Err(SegWriteError::EmptySegment(1))));
    let second = Segment { facts: SegmentFacts::named(2, "bone"), mask: &mask, label: 1 };
    assert!(matches!(write(&[second], &info), Err(SegWriteError::Numbers)));
}

#[test]
fn a_volume_elsewhere_is_refused_and_another_grid_is_said() {
    let home = grid([7, 5, 6], 0.3);
    let mask = labelled(&home, &home);
    let file = write(&segments(&mask), &seg_info(SegKind::Binary, Some(source(&home)))).unwrap();
    let elsewhere =
        SegOptions { onto: Some(Onto { grid: &home, frame_of_reference: "1.9" }), ..SegOptions::default() };
    assert!(matches!(read(&file, &elsewhere), Err(SegReadError::FrameOfReference)));

    // Half the voxel size: every voxel becomes two by two by two.
    let fine_mm = home.spacing_mm().map(|mm| mm / 2.0);
    let quarter = home.lps_from_ijk() * Point::new(-0.25, -0.25, -0.25);
    let fine = Grid::new(home.size().map(|n| 2 * n), quarter, home.direction(), fine_mm).unwrap();
    let out = read(&file, &onto(&fine)).unwrap();
    assert_eq!(out.findings.iter().map(|f| f.code).collect::<Vec<_>>(), [FindingCode::SegmentResampled]);
    for segment in &out.segments {
        assert_eq!(segment.voxels, 8 * mask.count(segment.label));
    }
    // A part of the volume: what lies outside is counted.
    let part = Grid::new([7, 5, 3], home.origin(), home.direction(), home.spacing_mm()).unwrap();
    let out = read(&file, &onto(&part)).unwrap();
    assert_eq!(only(&out).labels(), &mask.labels()[..7 * 5 * 3]);
    let lost = mask.labels()[7 * 5 * 3..].iter().filter(|&&l| l != 0).count();
    assert!(out.findings[0].message.starts_with(&format!("{lost} voxels")), "{:?}", out.findings);
}

#[test]
fn fractional_segments_are_cut_at_the_threshold() {
    use dicom_core::value::PrimitiveValue;
    use dicom_core::{DataElement, VR};
    use dicom_dictionary_std::tags;

    let home = grid([7, 5, 6], 0.3);
    let mut mask = LabelMap::empty(&home);
    mask.labels_mut().fill(1);
    let all = Segment { facts: SegmentFacts::named(1, "share"), mask: &mask, label: 1 };
    let file = write(&[all], &seg_info(SegKind::Binary, None)).unwrap();
    let mut object = dicom_object::from_reader(file.as_slice()).unwrap();
    for (tag, vr, value) in [
        (tags::SEGMENTATION_TYPE, VR::CS, PrimitiveValue::from("FRACTIONAL")),
        (tags::SEGMENTATION_FRACTIONAL_TYPE, VR::CS, PrimitiveValue::from("PROBABILITY")),
        (tags::MAXIMUM_FRACTIONAL_VALUE, VR::US, PrimitiveValue::from(200_u16)),
        (tags::BITS_ALLOCATED, VR::US, PrimitiveValue::from(8_u16)),
        (tags::BITS_STORED, VR::US, PrimitiveValue::from(8_u16)),
        (tags::HIGH_BIT, VR::US, PrimitiveValue::from(7_u16)),
        (
            tags::PIXEL_DATA,
            VR::OB,
            PrimitiveValue::from((0..home.len()).map(|n| n as u8).collect::<Vec<u8>>()),
        ),
    ] {
        object.put(DataElement::new(tag, vr, value));
    }
    let mut bytes = Vec::new();
    object.write_all(&mut bytes).unwrap();
    for (threshold, least) in [(0.5, 100), (0.0, 1), (1.0, 200), (0.501, 101)] {
        let out = read(&bytes, &SegOptions { threshold, ..onto(&home) }).unwrap();
        let expected: Vec<u8> = (0..home.len()).map(|n| u8::from(n as u8 >= least)).collect();
        assert_eq!(only(&out).labels(), expected, "{threshold}");
    }
}

#[test]
fn deflated_frames_are_inflated_within_bounds() {
    use std::io::Write as _;

    let home = grid([7, 5, 6], 0.3);
    let mask = labelled(&home, &home);
    let plain = write(&segments(&mask), &seg_info(SegKind::LabelMap, None)).unwrap();
    let pixels = plain.windows(6).position(|w| w == b"\xE0\x7F\x10\x00OB").unwrap();
    let frame = 7 * 5;
    let compressed = |frames: Vec<Vec<u8>>| {
        let mut bytes = plain[..pixels].to_vec();
        // Explicit VR Little Endian becomes Deflated Image Frame Compression, two characters longer.
        let uid = bytes.windows(8).position(|w| w == b"\x02\0\x10\0UI\x14\0").unwrap();
        bytes.splice(uid + 6..uid + 28, b"\x16\x001.2.840.10008.1.2.8.1\0".iter().copied());
        bytes.extend(b"\xE0\x7F\x10\x00OB\0\0\xFF\xFF\xFF\xFF\xFE\xFF\x00\xE0\0\0\0\0");
        for mut item in frames {
            if item.len() % 2 == 1 {
                item.push(0);
            }
            bytes.extend(b"\xFE\xFF\x00\xE0");
            bytes.extend((item.len() as u32).to_le_bytes());
            bytes.extend(item);
        }
        bytes.extend(b"\xFE\xFF\xDD\xE0\0\0\0\0");
        bytes
    };
    let deflated = |raw: &[u8]| {
        let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(raw).unwrap();
        encoder.finish().unwrap()
    };
    let frames: Vec<Vec<u8>> = plain[pixels + 12..].chunks_exact(frame).map(deflated).collect();
    let out = read(&compressed(frames.clone()), &onto(&home)).unwrap();
    assert_eq!(only(&out).labels(), mask.labels());

    let error = read(&compressed(frames[1..].to_vec()), &onto(&home)).unwrap_err().to_string();
    assert!(error.contains("not that of frames"), "{error}");
    let mut short = frames.clone();
    short[1] = deflated(&[1; 20]);
    let error = read(&compressed(short), &onto(&home)).unwrap_err().to_string();
    assert!(error.contains("frame 2: ends too early"), "{error}");
    // What follows a frame in its fragment, here 64 MiB, is not inflated.
    let mut bomb = frames;
    bomb[0] = deflated(&vec![0; 1 << 26]);
    let out = read(&compressed(bomb), &onto(&home)).unwrap();
    assert_eq!(out.maps[0].labels().len(), home.len());
}
