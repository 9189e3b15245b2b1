//! Segmentations of dcmqi and highdicom, against the label maps they were made from.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use casebank_dicom::objects::seg::{Onto, SegOptions, Segmentation, read};
use meshing_space::Point;
use meshing_volume::LabelMap;
use tools_peers::data::archive;

use crate::support;

fn dcmqi() -> Option<PathBuf> {
    let dir = archive("dicom_oddities")?;
    let inner = dir.join("dicom_oddities");
    Some(if inner.is_dir() { inner } else { dir }.join("dcmqi").join("segmentations"))
}

fn own(path: &Path) -> Segmentation {
    read(&std::fs::read(path).unwrap(), &SegOptions::default())
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Header and values of an NRRD file of one or two bytes a voxel, as text lines and numbers.
fn nrrd(path: &Path) -> (Vec<(String, String)>, Vec<u16>) {
    let bytes = std::fs::read(path).unwrap();
    let end = bytes.windows(2).position(|w| w == b"\n\n").unwrap();
    let lines: Vec<(String, String)> = std::str::from_utf8(&bytes[..end])
        .unwrap()
        .lines()
        .filter_map(|l| l.split_once(": "))
        .map(|(k, v)| (k.to_owned(), v.to_owned()))
        .collect();
    let field =
        |name: &str| lines.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str()).unwrap_or_default();
    let mut raw = Vec::new();
    if field("encoding") == "gzip" {
        flate2::read::GzDecoder::new(&bytes[end + 2..]).read_to_end(&mut raw).unwrap();
    } else {
        raw.extend(&bytes[end + 2..]);
    }
    let values = match field("type") {
        "unsigned char" | "uint8" | "signed char" | "char" => raw.iter().map(|&v| u16::from(v)).collect(),
        "short" | "unsigned short" | "int16" | "uint16" => {
            raw.chunks_exact(2).map(|v| u16::from_le_bytes([v[0], v[1]])).collect()
        }
        other => panic!("{}: type {other}", path.display()),
    };
    (lines, values)
}

/// LPS positions of voxels other than 0 of an NRRD file, in micrometres, with their values.
fn positions(path: &Path) -> Vec<([i64; 3], u16)> {
    let (lines, values) = nrrd(path);
    let field = |name: &str| &lines.iter().find(|(k, _)| k == name).unwrap().1;
    let triples = |text: &str| -> Vec<[f64; 3]> {
        text.split(')')
            .filter_map(|part| part.trim().strip_prefix('('))
            .map(|part| {
                let numbers: Vec<f64> = part.split(',').map(|v| v.trim().parse().unwrap()).collect();
                numbers.try_into().unwrap()
            })
            .collect()
    };
    assert_eq!(field("space"), "left-posterior-superior");
    let (axes, origin) = (triples(field("space directions")), triples(field("space origin"))[0]);
    let size: Vec<usize> = field("sizes").split(' ').map(|v| v.parse().unwrap()).collect();
    let at = |n: usize| {
        let ijk = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
        std::array::from_fn(|a| {
            let mm = origin[a] + (0..3).map(|b| axes[b][a] * ijk[b] as f64).sum::<f64>();
            (mm * 100.0).round() as i64
        })
    };
    let mut all: Vec<_> =
        values.iter().enumerate().filter(|(_, v)| **v != 0).map(|(n, &v)| (at(n), v)).collect();
    all.sort_unstable();
    all
}

/// The same of a label map.
fn ours(map: &LabelMap, value: impl Fn(u8) -> u16) -> Vec<([i64; 3], u16)> {
    let [ni, nj, _] = map.grid().size();
    let mut all: Vec<_> = map
        .labels()
        .iter()
        .enumerate()
        .filter(|(_, l)| **l != 0)
        .map(|(n, &label)| {
            let ijk = Point::new((n % ni) as f64, (n / ni % nj) as f64, (n / (ni * nj)) as f64);
            let lps = (map.grid().lps_from_ijk() * ijk).to_array();
            (lps.map(|mm| (mm * 100.0).round() as i64), value(label))
        })
        .collect();
    all.sort_unstable();
    all
}

/// Whether two sorted lists of places are the same within a hundredth of a millimetre.
fn same(ours: &[([i64; 3], u16)], theirs: &[([i64; 3], u16)], what: &str) {
    assert_eq!(ours.len(), theirs.len(), "{what}: number of voxels");
    assert!(!ours.is_empty(), "{what}");
    let theirs: std::collections::BTreeMap<[i64; 3], u16> = theirs.iter().copied().collect();
    for (at, value) in ours {
        let near =
            (0..27).find_map(|n| theirs.get(&[at[0] + n % 3 - 1, at[1] + n / 3 % 3 - 1, at[2] + n / 9 - 1]));
        assert_eq!(near, Some(value), "{what}: at {at:?}");
    }
}

#[test]
fn a_binary_segmentation_of_dcmqi_is_its_nrrd() {
    let Some(dir) = dcmqi() else { return };
    let out = own(&dir.join("liver.dcm"));
    assert_eq!((out.segments.len(), out.maps.len()), (1, 1));
    assert_eq!(out.segments[0].facts.label, "Liver");
    same(&ours(&out.maps[0], |_| 1), &positions(&dir.join("liver_seg.nrrd")), "liver");
    for size in ["23x38x3", "24x38x3"] {
        let out = own(&dir.join(size).join("seg/label.seg"));
        let truth = positions(&dir.join(size).join("nrrd/label.nrrd"));
        same(&ours(&out.maps[0], |_| 1), &truth, size);
        // The same onto the series it was drawn on.
        let import = support::read(&dir.join(size).join("image"));
        let volume = &import.volumes[0];
        let onto = Onto { grid: volume.volume.grid(), frame_of_reference: &volume.entry.frame_of_reference };
        let options = SegOptions { onto: Some(onto), ..SegOptions::default() };
        let out = read(&std::fs::read(dir.join(size).join("seg/label.seg")).unwrap(), &options).unwrap();
        assert_eq!((out.findings.len(), out.maps[0].grid()), (0, volume.volume.grid()));
        same(&ours(&out.maps[0], |_| 1), &truth, size);
    }
}

#[test]
fn overlapping_segments_of_dcmqi_are_their_nrrds() {
    let Some(dir) = dcmqi() else { return };
    let out = own(&dir.join("partial_overlaps.dcm"));
    assert_eq!(out.segments.len(), 5);
    // dcmqi gives the segments in three files that hold no overlap each.
    let theirs: Vec<_> =
        (1..=3).flat_map(|n| positions(&dir.join(format!("partial_overlaps-{n}.nrrd")))).collect();
    for segment in &out.segments {
        let number = segment.facts.number;
        let mask = out.mask(segment).unwrap();
        let theirs: Vec<_> = theirs.iter().copied().filter(|(_, value)| *value == number).collect();
        same(&ours(&mask, |_| number), &theirs, &segment.facts.label);
    }
    assert!(out.maps.len() > 1 && out.maps.len() < 5, "{} label maps", out.maps.len());
}

#[test]
fn label_maps_of_dcmqi_are_their_nrrds() {
    let Some(dir) = dcmqi() else { return };
    for (name, truth) in [
        ("sparse-labelmap-noppv", "sparse_labelmap_noppv_seg"),
        ("sparse-labelmap-ppv5", "sparse_labelmap_ppv5_seg"),
    ] {
        let out = own(&dir.join(format!("{name}.dcm")));
        assert_eq!(out.segments.len(), 1, "{name}: the background is no segment");
        let liver: Vec<_> = positions(&dir.join(format!("{truth}.nrrd")))
            .into_iter()
            .filter(|(_, value)| *value == 1)
            .collect();
        same(&ours(&out.maps[0], |_| 1), &liver, name);
    }
}

#[test]
fn a_segmentation_of_highdicom_lies_on_its_oblique_volume() {
    let Some(dir) = archive("synth_phantom_a") else { return };
    let inner = dir.join("synth_phantom_a");
    let dir = if inner.is_dir() { inner } else { dir };
    let import = support::read(&dir.join("dicom"));
    let volume = &import.volumes[0];
    let onto = Onto { grid: volume.volume.grid(), frame_of_reference: &volume.entry.frame_of_reference };
    let file = std::fs::read(dir.join("seg_sphere_box.dcm")).unwrap();
    let out = read(&file, &SegOptions { onto: Some(onto), ..SegOptions::default() }).unwrap();
    assert_eq!(out.findings, []);
    let names: Vec<&str> = out.segments.iter().map(|s| s.facts.label.as_str()).collect();
    assert_eq!(names, ["large sphere", "box"]);
    assert!(out.source_series_uids.contains(&volume.entry.series_uid));
    // The truth of the same phantom on the same grid: NIfTI, single file, values from byte 352 on, i fastest.
    let mut raw = Vec::new();
    let packed = std::fs::read(dir.join("labels.nii.gz")).unwrap();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut raw).unwrap();
    let bits = usize::from(u16::from_le_bytes([raw[72], raw[73]]));
    let labels: Vec<u8> = raw[352..].chunks_exact(bits / 8).map(|v| v[0]).collect();
    for segment in &out.segments {
        let mask = out.mask(segment).unwrap();
        let overlaps: Vec<usize> = (1..=255_u8)
            .map(|value| labels.iter().zip(mask.labels()).filter(|(l, m)| **l == value && **m == 1).count())
            .collect();
        let most = (0..overlaps.len()).max_by_key(|&n| overlaps[n]).unwrap();
        let theirs = labels.iter().filter(|l| usize::from(**l) == most + 1).count();
        assert_eq!((overlaps[most], segment.voxels), (theirs, theirs), "{}", segment.facts.label);
    }
}
