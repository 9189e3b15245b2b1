//! De-identification: a canary in every attribute of PS3.15 table E.1-1, under every option, in three character sets.

use std::collections::BTreeMap;

use casebank_dicom::deid::{DeidOption, DeidOptions, Deidentifier, ObjectError, Secret};
use casebank_dicom::prescan;
use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry as _};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::StandardDataDictionary;
use dicom_object::InMemDicomObject;

use crate::support::written;

const TABLE: &str = concat!(
    include_str!("../../src/deid/tables/annex_e.txt"),
    include_str!("../../src/deid/tables/beyond.txt")
);
const REFERENCED_SERIES: Tag = Tag(0x0008, 0x1115);
const REFERENCED_SOP: Tag = Tag(0x0008, 0x1199);

pub(crate) fn deidentifier(options: impl IntoIterator<Item = DeidOption>) -> Deidentifier {
    let secret = Secret::new(&[42; 32]).unwrap();
    Deidentifier::new(DeidOptions::new(options).unwrap(), secret)
}

/// The sets of options of the tests: none, each alone, all with moved dates, all with full dates.
pub(crate) fn option_sets() -> Vec<Vec<DeidOption>> {
    let all = |without| DeidOption::ALL.into_iter().filter(|&o| o != without).collect::<Vec<_>>();
    let mut sets = vec![Vec::new()];
    sets.extend(DeidOption::ALL.map(|option| vec![option]));
    sets.push(all(DeidOption::RetainFullDates));
    sets.push(all(DeidOption::RetainModifiedDates));
    sets
}

/// A line of the table as this test reads it, apart from the code under test.
struct Line {
    tag: Tag,
    keep: Vec<&'static str>,
    clean: Vec<&'static str>,
}

impl Line {
    /// Whether an option of the set keeps the attribute and none cleans it.
    fn is_kept(&self, options: &[DeidOption]) -> bool {
        let column = |name: &str| match name {
            "private" => DeidOption::RetainSafePrivate,
            "uids" => DeidOption::RetainUids,
            "device" => DeidOption::RetainDeviceIdentity,
            "institution" => DeidOption::RetainInstitutionIdentity,
            "patient" => DeidOption::RetainPatientCharacteristics,
            "full" => DeidOption::RetainFullDates,
            "modified" => DeidOption::RetainModifiedDates,
            "descriptors" => DeidOption::CleanDescriptors,
            "structured" => DeidOption::CleanStructuredContent,
            "graphics" => DeidOption::CleanGraphics,
            other => panic!("{other}"),
        };
        let any = |names: &[&str]| names.iter().any(|name| options.contains(&column(name)));
        // Command, file and directory elements have no place in a data set and always go.
        any(&self.keep) && !any(&self.clean) && self.tag.0 > 6
    }
}

fn table() -> Vec<Line> {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let columns: Vec<&'static str> = line.split('\t').collect();
        let number = u32::from_str_radix(&columns[0].replace("xx", "02"), 16).ok()?;
        let with = |action: &str| {
            let words = columns[2].split(' ').filter_map(|word| word.split_once('='));
            words.filter(|(_, a)| *a == action).map(|(name, _)| name).collect()
        };
        Some(Line { tag: Tag((number >> 16) as u16, number as u16), keep: with("K"), clean: with("C") })
    });
    let all: Vec<Line> = lines.collect();
    assert!(all.len() >= 688, "{} lines", all.len());
    all
}

fn vr_of(tag: Tag) -> VR {
    StandardDataDictionary.by_tag(tag).map_or(VR::LO, |entry| entry.vr().relaxed())
}

/// How the phantom is written.
#[derive(Clone, Copy)]
struct Dialect {
    explicit: bool,
    charset: &'static str,
    /// A Chinese name in that character set.
    foreign: &'static [u8],
}

const DIALECTS: [Dialect; 4] = [
    Dialect { explicit: true, charset: "ISO_IR 100", foreign: b"" },
    Dialect { explicit: false, charset: "ISO_IR 100", foreign: b"" },
    Dialect { explicit: true, charset: "ISO_IR 192", foreign: "张三丰".as_bytes() },
    Dialect { explicit: true, charset: "GB18030", foreign: b"\xD5\xC5\xC8\xFD\xB7\xE1" },
];

/// A text that stands nowhere else.
fn mark(tag: Tag, place: usize) -> String {
    format!("ZK{place}{:04X}{:04X}", tag.0, tag.1)
}

/// The canary of an attribute at a place, in its representation.
fn canary(tag: Tag, place: usize, number: usize, dialect: Dialect) -> Vec<u8> {
    let unique = number * 2 + place;
    let mut value = match vr_of(tag) {
        VR::AS => format!("{:03}Y", 91 + place).into_bytes(),
        VR::DA => format!("17{:02}{:02}{:02}", unique % 97, 1 + unique % 12, 1 + unique % 28).into_bytes(),
        VR::TM => format!("1{}{:02}{:02}.{unique:06}", unique % 10, unique % 60, unique % 59).into_bytes(),
        VR::DT => {
            format!("17{:02}0{}1{}101010.{unique:06}", unique % 97, 1 + unique % 9, unique % 10).into_bytes()
        }
        VR::DS | VR::IS => format!("7{unique:06}").into_bytes(),
        VR::UI => format!("1.2.3.777.{}.{}.{place}", tag.0, tag.1).into_bytes(),
        VR::FD | VR::SV | VR::UV => (1000.0 + unique as f64).to_le_bytes().to_vec(),
        VR::FL => (1000.0 + unique as f32).to_le_bytes().to_vec(),
        VR::SL | VR::UL | VR::AT => (0x7000_0000 + unique as u32).to_le_bytes().to_vec(),
        VR::US | VR::SS => (0x7000 + unique as u16).to_le_bytes().to_vec(),
        VR::AE | VR::CS | VR::UR => mark(tag, place).into_bytes(),
        _ => [mark(tag, place).as_bytes(), b" ", dialect.foreign].concat(),
    };
    if value.len() % 2 == 1 {
        value.push(if vr_of(tag) == VR::UI { 0 } else { b' ' });
    }
    value
}

/// Elements by tag, each already encoded.
#[derive(Default)]
struct Set(BTreeMap<Tag, Vec<u8>>);

impl Set {
    fn put(&mut self, tag: Tag, vr: VR, value: &[u8], explicit: bool) {
        let mut out: Vec<u8> = [tag.0.to_le_bytes(), tag.1.to_le_bytes()].concat();
        let vr_bytes = vr.to_bytes();
        let long = ["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"];
        if explicit && long.iter().any(|name| name.as_bytes() == vr_bytes) {
            out.extend([vr_bytes[0], vr_bytes[1], 0, 0]);
            out.extend((value.len() as u32).to_le_bytes());
        } else if explicit {
            out.extend(vr_bytes);
            out.extend((value.len() as u16).to_le_bytes());
        } else {
            out.extend((value.len() as u32).to_le_bytes());
        }
        out.extend(value);
        self.0.insert(tag, out);
    }

    fn text(&mut self, tag: Tag, vr: VR, text: &str, explicit: bool) {
        let mut value = text.as_bytes().to_vec();
        if value.len() % 2 == 1 {
            value.push(if vr == VR::UI { 0 } else { b' ' });
        }
        self.put(tag, vr, &value, explicit);
    }

    fn item(&self) -> Vec<u8> {
        let body = self.bytes();
        let mut out = vec![0xFE, 0xFF, 0x00, 0xE0];
        out.extend((body.len() as u32).to_le_bytes());
        out.extend(body);
        out
    }

    fn bytes(&self) -> Vec<u8> {
        self.0.values().flatten().copied().collect()
    }
}

/// Every attribute of the table, and what stands outside it, at one level.
fn level(lines: &[Line], place: usize, dialect: Dialect) -> Set {
    let mut set = Set::default();
    let e = dialect.explicit;
    for (number, line) in lines.iter().enumerate() {
        let vr = vr_of(line.tag);
        if vr == VR::SQ {
            let mut item = Set::default();
            item.text(Tag(8, 0x0100), VR::SH, "ZKCODE", e);
            item.text(Tag(8, 0x0102), VR::SH, "99ZK", e);
            item.put(Tag(8, 0x0104), VR::LO, &canary(Tag(line.tag.0, line.tag.1), place, number, dialect), e);
            set.put(line.tag, VR::SQ, &item.item(), e);
        } else {
            set.put(line.tag, vr, &canary(line.tag, place, number, dialect), e);
        }
    }
    let hidden = |what: &str| format!("ZK{place}HIDDEN{what}");
    set.text(Tag(0x0009, 0x0010), VR::LO, &hidden("CREATOR"), e);
    set.text(Tag(0x0009, 0x1001), VR::LO, &hidden("PRIVATE"), e);
    let mut item = Set::default();
    item.text(Tag(0x0009, 0x0010), VR::LO, &hidden("CREATOR2"), e);
    item.text(Tag(0x0010, 0x0010), VR::PN, &hidden("NAME"), e);
    set.put(Tag(0x0009, 0x1002), VR::SQ, &item.item(), e);
    set.text(Tag(0x0019, 0x0010), VR::LO, "SIEMENS MR HEADER", e);
    set.text(Tag(0x0019, 0x100C), VR::IS, "70011", e);
    set.text(Tag(0x0019, 0x100D), VR::CS, &hidden("LOOKS^LISTED"), e);
    for (tag, vr, what) in [
        (Tag(0x0010, 0x5555), VR::LO, "NEWPATIENT"),
        (Tag(0x0018, 0xFFF0), VR::LO, "UNKNOWN"),
        (Tag(0x0008, 0x1190), VR::UR, "URL"),
        (Tag(0x0014, 0x2006), VR::PN, "EVALUATOR"),
        (Tag(0x0040, 0xA160), VR::UT, "TEXTVALUE"),
        (Tag(0x5002, 0x0022), VR::LO, "CURVE"),
        (Tag(0x6002, 0x0022), VR::LO, "OVERLAY"),
        (Tag(0x6002, 0x1500), VR::LO, "LABEL"),
    ] {
        set.text(tag, vr, &hidden(what), e);
    }
    set.text(Tag(0x0008, 0x1167), VR::UI, &format!("1.2.3.777.99.{place}"), e);
    set
}

/// A CT object with canaries at the top, two sequences deep, and in the file meta information.
fn phantom(lines: &[Line], dialect: Dialect) -> Vec<u8> {
    let e = dialect.explicit;
    let mut inner = Set::default();
    inner.put(REFERENCED_SOP, VR::SQ, &level(lines, 1, dialect).item(), e);
    let mut top = level(lines, 0, dialect);
    top.put(REFERENCED_SERIES, VR::SQ, &inner.item(), e);
    top.text(Tag(8, 0x0005), VR::CS, dialect.charset, e);
    top.text(Tag(8, 0x0016), VR::UI, "1.2.840.10008.5.1.4.1.1.2", e);
    top.text(Tag(8, 0x0060), VR::CS, "CT", e);
    // Four columns and two rows, so that the pixels can be looked at.
    for (element, number) in
        [(0x0002, 1_u16), (0x0010, 2), (0x0011, 4), (0x0100, 16), (0x0101, 16), (0x0102, 15), (0x0103, 0)]
    {
        top.put(Tag(0x0028, element), VR::US, &number.to_le_bytes(), e);
    }
    top.put(Tag(0x0028, 0x0004), VR::CS, b"MONOCHROME2 ", e);
    top.put(Tag(0x7FE0, 0x0010), VR::OW, b"pixels are kept ", e);
    // Elements below group 0008 would be taken for file meta information or a data set of commands.
    let mut meta = Set::default();
    let syntax = if e { "1.2.840.10008.1.2.1" } else { "1.2.840.10008.1.2" };
    meta.text(Tag(2, 0x0010), VR::UI, syntax, true);
    for (element, vr) in [(0x0013, VR::SH), (0x0016, VR::AE), (0x0018, VR::AE), (0x0102, VR::OB)] {
        meta.text(Tag(2, element), vr, &format!("ZKMETA{element:04X}"), true);
    }
    top.0.retain(|tag, _| tag.0 != 2);
    let mut out = b"ZKPREAMBLE".repeat(13);
    out.truncate(128);
    out.extend(b"DICM");
    out.extend(meta.bytes());
    out.extend(top.bytes());
    out
}

/// The phantom in explicit and in implicit VR.
pub(crate) fn phantoms() -> [Vec<u8>; 2] {
    [DIALECTS[0], DIALECTS[1]].map(|dialect| phantom(&table(), dialect))
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The value of an attribute in the output, read by dicom-rs.
fn value(object: &InMemDicomObject, tag: Tag) -> Option<Vec<u8>> {
    object.get(tag).and_then(|element| element.to_bytes().ok()).map(std::borrow::Cow::into_owned)
}

fn first_item(object: &InMemDicomObject, tag: Tag) -> &InMemDicomObject {
    &object.get(tag).unwrap().items().unwrap()[0]
}

/// Whether the canary of a line is found: text in the bytes, anything else in the attribute itself.
fn found(
    line: &Line,
    number: usize,
    place: usize,
    dialect: Dialect,
    out: &[u8],
    level: &InMemDicomObject,
) -> bool {
    let planted = canary(line.tag, place, number, dialect);
    match vr_of(line.tag) {
        VR::UI => holds(out, &format!("1.2.3.777.{}.{}.{place}", line.tag.0, line.tag.1)),
        VR::AS | VR::DA | VR::TM | VR::DT | VR::DS | VR::IS => {
            let trim = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
            value(level, line.tag).is_some_and(|now| trim(&now) == trim(&planted))
        }
        VR::FD | VR::FL | VR::SV | VR::UV | VR::SL | VR::UL | VR::US | VR::SS | VR::AT => {
            value(level, line.tag).is_some_and(|now| now == planted)
        }
        _ => holds(out, &mark(line.tag, place)),
    }
}

#[test]
fn no_canary_survives_but_where_an_option_keeps_it() {
    let lines = table();
    let mut checked = 0;
    for dialect in DIALECTS {
        let original = phantom(&lines, dialect);
        for options in option_sets() {
            let done = deidentifier(options.iter().copied()).apply(&original).unwrap();
            let out = &done.bytes;
            prescan(out).unwrap();
            let object = dicom_object::from_reader(out.as_slice()).unwrap();
            let top: &InMemDicomObject = &object;
            let nested = first_item(first_item(top, REFERENCED_SERIES), REFERENCED_SOP);
            for (number, line) in lines.iter().enumerate() {
                for (place, level) in [top, nested].into_iter().enumerate() {
                    if place == 0 && line.tag.0 == 2 {
                        continue;
                    }
                    let kept = line.is_kept(&options);
                    let there = found(line, number, place, dialect, out, level);
                    let what = format!("{} at {place} under {options:?}, {}", line.tag, dialect.charset);
                    assert_eq!(there, kept, "{what}: {}", if kept { "must stay" } else { "must go" });
                    checked += 1;
                }
            }
            for gone in ["HIDDEN", "ZKMETA", "ZKPREAMBLE", "1.2.3.777.99.0"] {
                let kept = gone.starts_with("1.2") && options.contains(&DeidOption::RetainUids);
                assert_eq!(holds(out, gone), kept, "{gone} under {options:?}");
            }
            let private = options.contains(&DeidOption::RetainSafePrivate);
            assert_eq!(holds(out, "SIEMENS MR HEADER") && holds(out, "70011"), private, "{options:?}");
            assert!(out[..128].iter().all(|&b| b == 0) && holds(out, "pixels are kept "));
        }
    }
    assert!(checked > 60_000, "{checked} attributes were checked");
}

#[test]
fn the_object_says_how_it_was_made() {
    let (_dir, files) = written([4, 4, 1]);
    let bytes = std::fs::read(&files[0]).unwrap();
    let of = |options: &[DeidOption]| {
        let done = deidentifier(options.iter().copied()).apply(&bytes).unwrap();
        let object = dicom_object::from_reader(done.bytes.as_slice()).unwrap();
        let text = |tag| object.get(tag).unwrap().to_str().unwrap().into_owned();
        let codes = object.get(Tag(0x12, 0x64)).unwrap().items().unwrap().iter();
        let codes: Vec<String> =
            codes.map(|c| c.get(Tag(8, 0x100)).unwrap().to_str().unwrap().into_owned()).collect();
        (text(Tag(0x12, 0x62)), text(Tag(0x28, 0x303)), codes)
    };
    assert_eq!(of(&[]), ("YES".into(), "REMOVED".into(), vec!["113100".into()]));
    let moved = of(&[DeidOption::RetainModifiedDates, DeidOption::CleanGraphics]);
    assert_eq!(moved.1, "MODIFIED");
    assert_eq!(moved.2, ["113100", "113107", "113103"]);
    assert_eq!(of(&[DeidOption::RetainFullDates]).1, "UNMODIFIED");
}

#[test]
fn a_series_stays_together_and_another_secret_leads_elsewhere() {
    let (_dir, files) = written([4, 4, 3]);
    let read = |bytes: &[u8]| dicom_object::from_reader(bytes).unwrap();
    let text = |object: &InMemDicomObject, tag| object.get(tag).unwrap().to_str().unwrap().into_owned();
    let ours = deidentifier([DeidOption::RetainModifiedDates]);
    let objects: Vec<_> =
        files.iter().map(|file| read(&ours.apply(&std::fs::read(file).unwrap()).unwrap().bytes)).collect();
    for tag in
        [Tag(0x20, 0x0D), Tag(0x20, 0x0E), Tag(0x20, 0x52), Tag(0x10, 0x10), Tag(0x10, 0x20), Tag(8, 0x20)]
    {
        assert!(objects.iter().all(|o| text(o, tag) == text(&objects[0], tag)), "{tag}");
    }
    assert_ne!(text(&objects[0], Tag(8, 0x18)), text(&objects[1], Tag(8, 0x18)));
    assert_eq!(text(&objects[0], Tag(8, 0x18)), objects[0].meta().media_storage_sop_instance_uid());
    let date: u32 = text(&objects[0], Tag(8, 0x20)).parse().unwrap();
    assert!((20_150_000..20_260_102).contains(&date), "{date} lies up to ten years before 2026-01-02");
    let others = Deidentifier::new(DeidOptions::default(), Secret::new(&[7; 32]).unwrap());
    let other = read(&others.apply(&std::fs::read(&files[0]).unwrap()).unwrap().bytes);
    assert_ne!(text(&other, Tag(8, 0x18)), text(&objects[0], Tag(8, 0x18)));
    assert_ne!(text(&other, Tag(0x10, 0x20)), text(&objects[0], Tag(0x10, 0x20)));
}

#[test]
fn what_cannot_be_named_or_is_private_is_refused() {
    let deidentifier = deidentifier([]);
    let mut set = Set::default();
    set.text(Tag(8, 0x0016), VR::UI, "1.3.12.2.1107.5.9.1", true);
    set.text(Tag(8, 0x0018), VR::UI, "1.2.3", true);
    assert_eq!(deidentifier.apply(&set.bytes()).unwrap_err(), ObjectError::PrivateClass);
    set.text(Tag(8, 0x0016), VR::UI, "1.2.840.10008.5.1.4.1.1.2", true);
    assert!(deidentifier.apply(&set.bytes()).is_ok());
    set.0.remove(&Tag(8, 0x0018));
    assert_eq!(deidentifier.apply(&set.bytes()).unwrap_err(), ObjectError::Identity);
    assert!(matches!(deidentifier.apply(b"no DICOM at all"), Err(ObjectError::Prescan(_))));
}
