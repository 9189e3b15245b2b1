//! Spaces, kinds, detached data and refusals of NRRD.

use meshing_volume::formats::{Format, RemarkKind, Weight};
use meshing_volume::{Silent, VolumeMeta, Voxels};

use crate::made::{Placed, gzip, nrrd, nrrd_lines, packed, shorts, values};
use crate::{frames, one, opened, refusal, weight};

const NRRD: Format = Format::Nrrd;

fn lines() -> String {
    nrrd_lines(&Placed::all()[0])
}

fn file(lines: &str) -> Vec<u8> {
    nrrd(lines, &shorts())
}

#[test]
fn spaces_come_to_lps() {
    let place = Placed::all()[13];
    let text = nrrd_lines(&place);
    for (space, signs) in [
        ("right-anterior-superior", [-1.0, -1.0, 1.0]),
        ("RAS", [-1.0, -1.0, 1.0]),
        ("left-anterior-superior", [1.0, -1.0, 1.0]),
        ("LPS", [1.0, 1.0, 1.0]),
    ] {
        let frame = one(NRRD, &file(&text.replace("left-posterior-superior", space)));
        let turned = |v: [f64; 3]| [v[0] * signs[0], v[1] * signs[1], v[2] * signs[2]];
        let wanted = Placed { origin: turned(place.origin), steps: place.steps.map(turned) };
        wanted.is_that_of(frame.content.grid(), 1e-9);
        assert_eq!(frame.remarks, [], "{space}");
    }
    for unknown in ["space: scanner-xyz", "space: 3D-right-handed", "space dimension: 3"] {
        let frame = one(NRRD, &file(&text.replace("space: left-posterior-superior", unknown)));
        assert_eq!(weight(&frame, RemarkKind::UnknownOrientation), Some(Weight::Severe), "{unknown}");
    }
    assert!(refusal(frames(NRRD, &file(&text.replace("left-posterior", "up-and")))).contains("space"));
}

#[test]
fn units_of_space_are_converted() {
    let place = Placed::all()[0];
    let mut small = place;
    small.origin = place.origin.map(|x| x * 1e3);
    small.steps = place.steps.map(|s| s.map(|x| x * 1e3));
    let text = nrrd_lines(&small) + "\nspace units: \"microns\" \"microns\" \"microns\"";
    place.is_that_of(one(NRRD, &file(&text)).content.grid(), 1e-9);
    assert!(
        refusal(frames(NRRD, &file(&text.replace("\"microns\" \"microns\" ", "\"mm\" \"microns\" "))))
            .contains("differ")
    );
    assert!(refusal(frames(NRRD, &file(&text.replace("microns", "furlongs")))).contains("unit of length"));
}

#[test]
fn spacings_alone_leave_the_sides_open() {
    let text =
        "type: short\ndimension: 3\nsizes: 4 3 2\nspacings: 0.5 0.75 2.5\nendian: little\nencoding: raw";
    let frame = one(NRRD, &file(text));
    assert_eq!(frame.content.grid().spacing_mm(), [0.5, 0.75, 2.5]);
    assert_eq!(weight(&frame, RemarkKind::UnknownOrientation), Some(Weight::Severe));
    let frame = one(NRRD, &file(&text.replace("spacings: 0.5 0.75 2.5\n", "")));
    assert_eq!(weight(&frame, RemarkKind::NoSpacing), Some(Weight::Severe));
    for wrong in ["0 0.75 2.5", "0.5 0.75 1e30", "0.5 0.75"] {
        assert!(
            refusal(frames(NRRD, &file(&text.replace("0.5 0.75 2.5", wrong)))).contains("spac"),
            "{wrong}"
        );
    }
}

/// Frames may lie outermost, innermost or in between; each becomes a volume.
#[test]
fn a_list_axis_becomes_frames_wherever_it_lies() {
    let mut three: Vec<f64> = Vec::new();
    let base = lines();
    let cube = |frame: usize, n: usize| (frame * 100 + n) as f64;
    for (sizes, kinds, none_at) in [
        ("3 4 3 2", "list domain domain domain", 0_usize),
        ("4 3 3 2", "domain list domain domain", 1),
        ("4 3 2 3", "domain domain domain list", 3),
    ] {
        let run = [1, 4, 12, 24][none_at];
        three.clear();
        for n in 0..72 {
            let (inner, frame, outer) = (n % run, n / run % 3, n / run / 3);
            three.push(cube(frame, outer * run + inner));
        }
        let mut text = base.replace("dimension: 3", "dimension: 4").replace("4 3 2", sizes);
        text = text.replace("domain domain domain", kinds);
        let (before, after) = text.split_once("space directions: ").unwrap();
        let (vectors, after) = after.split_once("\nkinds").unwrap();
        let mut vectors: Vec<String> = vectors.split_inclusive(") ").map(|v| v.trim().to_owned()).collect();
        vectors.insert(none_at, "none".into());
        let text = format!("{before}space directions: {}\nkinds{after}", vectors.join(" "));
        let found = frames(NRRD, &nrrd(&text, &packed(&three, "i16", false))).unwrap();
        assert_eq!(found.len(), 3);
        for (number, frame) in found.iter().enumerate() {
            let wanted: Vec<i16> = (0..24).map(|n| cube(number, n) as i16).collect();
            assert_eq!(frame.content.voxels(), &Voxels::I16(wanted), "{kinds}");
            Placed::all()[0].is_that_of(frame.content.grid(), 1e-9);
        }
    }
}

#[test]
fn a_detached_header_names_its_file() {
    let header = format!("NRRD0005\n{}\nbyte skip: 3\ndata file: volume.raw\n", lines());
    let found = opened(NRRD, header.as_bytes()).unwrap();
    assert_eq!(found.detached(), Some("volume.raw"));
    assert!(refusal(found.volumes(&VolumeMeta::default(), &Silent)).contains("another file"));
    let data = [b"xyz".as_slice(), &shorts()].concat();
    let found = opened(NRRD, header.as_bytes()).unwrap().attach(data.as_slice(), data.len() as u64);
    let found = found.volumes(&VolumeMeta::default(), &Silent).unwrap();
    assert_eq!(found[0].content.value(1, 0, 0), 8.0);
    let from_end = header.replace("byte skip: 3", "byte skip: -1");
    let data = [b"anything before".as_slice(), &shorts()].concat();
    let found = opened(NRRD, from_end.as_bytes()).unwrap().attach(data.as_slice(), data.len() as u64);
    assert_eq!(found.volumes(&VolumeMeta::default(), &Silent).unwrap()[0].content.value(1, 0, 0), 8.0);
    let lines_first = header.replace("byte skip: 3", "line skip: 2");
    let data = [b"one\ntwo\n".as_slice(), &shorts()].concat();
    let found = opened(NRRD, lines_first.as_bytes()).unwrap().attach(data.as_slice(), data.len() as u64);
    assert_eq!(found.volumes(&VolumeMeta::default(), &Silent).unwrap()[0].content.value(1, 0, 0), 8.0);
}

#[test]
fn a_table_of_segments_says_that_values_are_labels() {
    let text = lines() + "\nSegment0_LabelValue:=3\nSegment0_Name:=liver";
    assert!(opened(NRRD, &file(&text)).unwrap().header().labels);
    assert!(!opened(NRRD, &file(&lines())).unwrap().header().labels);
}

#[test]
fn what_is_not_read_is_refused_in_a_sentence() {
    for (from, to, part) in [
        ("kinds: domain domain domain", "kinds: RGB-color domain domain", "colours"),
        ("kinds: domain domain domain", "kinds: 3-vector domain domain", "vectors"),
        ("kinds: domain domain domain", "kinds: domain domain", "kinds"),
        ("type: short", "type: block", "blocks"),
        ("type: short", "type: quad", "type"),
        ("encoding: raw", "encoding: bzip2", "bzip2"),
        ("encoding: raw", "encoding: hex", "hex"),
        ("endian: little\n", "", "endian"),
        ("endian: little", "endian: middle", "endian"),
        ("sizes: 4 3 2", "sizes: 4 0 2", "sizes"),
        ("sizes: 4 3 2", "sizes: 4 -3 2", "sizes"),
        ("sizes: 4 3 2", "sizes: 4 3 2 2", "dimension"),
        ("sizes: 4 3 2", "sizes: 4 3 NaN", "sizes"),
        ("sizes: 4 3 2", "sizes: 1000000 1000000 1000000", "more than the limit"),
        ("sizes: 4 3 2", "sizes: 40000 300 20", "at most 48 are there"),
        ("space origin: (10.25", "space origin: (nan", "nowhere"),
        ("space directions: (0.5", "space directions: (0", "spacing of 0 mm"),
        ("space directions: (0.5", "space directions: none (0.5", "vectors"),
        ("type: short", "type: short\ntype: short", "twice"),
        ("endian: little", "endian: little\ndata file: LIST", "several files"),
        ("endian: little", "endian: little\ndata file: v%03d.raw 1 3 1", "several files"),
        ("endian: little", "endian: little\nbyte skip: -7", "byte skip"),
        ("encoding: raw", "nothing at all", "header"),
    ] {
        let text = lines();
        assert!(text.contains(from), "{from}");
        let said = refusal(frames(NRRD, &file(&text.replace(from, to))));
        assert!(said.contains(part), "{part:?} in {said}");
    }
    let packed_short = nrrd(&lines().replace("raw", "gzip"), &gzip(&shorts()[..40]));
    assert!(refusal(frames(NRRD, &packed_short)).contains("declares 48 bytes"));
    let mut damaged = nrrd(&lines().replace("raw", "gzip"), &gzip(&shorts()));
    let last = damaged.len() - 6;
    damaged[last] ^= 1;
    assert!(refusal(frames(NRRD, &damaged)).contains("checksum"), "the gzip checksum is compared");
    let few = nrrd(&lines().replace("raw", "ascii"), b"1 2 3");
    assert!(refusal(frames(NRRD, &few)).contains("declares"));
    let words = values().iter().map(|_| "many").collect::<Vec<_>>().join(" ");
    assert!(
        refusal(frames(NRRD, &nrrd(&lines().replace("raw", "ascii"), words.as_bytes())))
            .contains("does not fit")
    );
}
