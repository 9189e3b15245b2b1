//! De-identification of what has a meaning of its own: reports, references, codes, dates, encodings.

use casebank_dicom::deid::{DeidOption, Deidentifier};
use casebank_dicom::{prescan, uid_from_seed};
use dicom_core::value::{DataSetSequence, PrimitiveValue};
use dicom_core::{DataElement, Length, Tag, VR};
use dicom_object::meta::FileMetaTableBuilder;
use dicom_object::{FileDicomObject, InMemDicomObject};

use crate::deid::deidentifier;

const CONTENT: Tag = Tag(0x0040, 0xA730);
const COMPREHENSIVE_SR: &str = "1.2.840.10008.5.1.4.1.1.88.33";
const KEY_OBJECTS: &str = "1.2.840.10008.5.1.4.1.1.88.59";
const PET: &str = "1.2.840.10008.5.1.4.1.1.128";
const CT: &str = "1.2.840.10008.5.1.4.1.1.2";

/// A data set of texts.
fn set(texts: &[(Tag, VR, &str)]) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    for &(tag, vr, text) in texts {
        object.put(DataElement::new(tag, vr, PrimitiveValue::from(text)));
    }
    object
}

fn with(mut object: InMemDicomObject, tag: Tag, items: Vec<InMemDicomObject>) -> InMemDicomObject {
    object.put(DataElement::new(tag, VR::SQ, DataSetSequence::new(items, Length::UNDEFINED)));
    object
}

fn code(value: &str, scheme: &str, meaning: &str) -> InMemDicomObject {
    set(&[(Tag(8, 0x100), VR::SH, value), (Tag(8, 0x102), VR::SH, scheme), (Tag(8, 0x104), VR::LO, meaning)])
}

/// A content item with its concept name.
fn item(kind: &str, concept: InMemDicomObject, value: &[(Tag, VR, &str)]) -> InMemDicomObject {
    let mut object = set(&[(Tag(0x40, 0xA010), VR::CS, "CONTAINS"), (Tag(0x40, 0xA040), VR::CS, kind)]);
    for element in set(value) {
        object.put(element);
    }
    with(object, Tag(0x40, 0xA043), vec![concept])
}

fn reference(class: &str, instance: &str) -> InMemDicomObject {
    set(&[(Tag(8, 0x1150), VR::UI, class), (Tag(8, 0x1155), VR::UI, instance)])
}

/// An object of a class in a transfer syntax.
fn file(mut object: InMemDicomObject, class: &str, syntax: &str) -> Vec<u8> {
    for (tag, vr, text) in [
        (Tag(8, 0x16), VR::UI, class),
        (Tag(8, 0x18), VR::UI, &uid_from_seed("deid", "instance")),
        (Tag(0x10, 0x10), VR::PN, "Zhang^San"),
        (Tag(0x10, 0x20), VR::LO, "P-1"),
    ] {
        object.put(DataElement::new(tag, vr, PrimitiveValue::from(text)));
    }
    let meta = FileMetaTableBuilder::new().transfer_syntax(syntax);
    let mut bytes = Vec::new();
    object.with_meta(meta).unwrap().write_all(&mut bytes).unwrap();
    bytes
}

fn explicit(object: InMemDicomObject, class: &str) -> Vec<u8> {
    file(object, class, "1.2.840.10008.1.2.1")
}

fn done(deidentifier: &Deidentifier, bytes: &[u8]) -> FileDicomObject<InMemDicomObject> {
    dicom_object::from_reader(deidentifier.apply(bytes).unwrap().bytes.as_slice()).unwrap()
}

fn items(object: &InMemDicomObject, tag: Tag) -> &[InMemDicomObject] {
    object.get(tag).and_then(|element| element.items()).unwrap_or_default()
}

fn text(object: &InMemDicomObject, tag: Tag) -> String {
    let value = object.get(tag).and_then(|element| element.to_str().ok()).unwrap_or_default();
    value.trim_matches([' ', '\0']).to_owned()
}

fn report() -> Vec<u8> {
    let comment = || code("121106", "DCM", "Comment");
    let content = vec![
        item("TEXT", comment(), &[(Tag(0x40, 0xA160), VR::UT, "Mr Zhang has a lung nodule, tel 12345")]),
        item("TEXT", comment(), &[(Tag(0x40, 0xA160), VR::UT, "Zhang San")]),
        item("PNAME", code("121008", "DCM", "Person Observer Name"), &[(Tag(0x40, 0xA123), VR::PN, "Dr^Li")]),
        item("TEXT", code("121022", "DCM", "Accession Number"), &[(Tag(0x40, 0xA160), VR::UT, "lung")]),
        item(
            "UIDREF",
            code("112040", "DCM", "Tracking Unique Identifier"),
            &[(Tag(0x40, 0xA124), VR::UI, "1.2.3.4")],
        ),
        with(
            item("CODE", code("121071", "DCM", "Finding"), &[]),
            Tag(0x40, 0xA168),
            vec![code("WARD7", "99HOSP", "Nodule seen by Dr Li")],
        ),
        with(
            item("CONTAINER", code("121070", "DCM", "Findings"), &[]),
            CONTENT,
            vec![item("TEXT", comment(), &[(Tag(0x40, 0xA160), VR::UT, "stable, says Wang")])],
        ),
    ];
    explicit(with(set(&[(Tag(8, 0x60), VR::CS, "SR")]), CONTENT, content), COMPREHENSIVE_SR)
}

#[test]
fn a_report_is_emptied_or_cleaned_item_by_item() {
    let bytes = report();
    let plain = done(&deidentifier([]), &bytes);
    let content = items(&plain, CONTENT);
    assert_eq!(content.len(), 1);
    assert_eq!(text(&content[0], Tag(0x40, 0xA160)), "REMOVED");

    let cleaned = done(&deidentifier([DeidOption::CleanStructuredContent]), &bytes);
    let kinds: Vec<String> = items(&cleaned, CONTENT).iter().map(|i| text(i, Tag(0x40, 0xA040))).collect();
    // Comment is X and needs Clean Descriptors to stay; Accession Number always goes; the observer becomes a dummy.
    assert_eq!(kinds, ["PNAME", "UIDREF", "CODE", "CONTAINER"]);

    let both = [DeidOption::CleanStructuredContent, DeidOption::CleanDescriptors];
    let cleaned = done(&deidentifier(both), &bytes);
    let content = items(&cleaned, CONTENT);
    let values: Vec<String> =
        content.iter().map(|i| text(i, Tag(0x40, 0xA160))).filter(|t| !t.is_empty()).collect();
    assert_eq!(values, ["lung nodule", "REMOVED"]);
    let of = |kind: &str| content.iter().find(|i| text(i, Tag(0x40, 0xA040)) == kind).unwrap();
    assert_eq!(text(of("PNAME"), Tag(0x40, 0xA123)), "REMOVED");
    assert!(text(of("UIDREF"), Tag(0x40, 0xA124)).starts_with("2.25."));
    let finding = &items(of("CODE"), Tag(0x40, 0xA168))[0];
    assert_eq!(
        (text(finding, Tag(8, 0x100)), text(finding, Tag(8, 0x102))),
        ("REMOVED".into(), "REMOVED".into())
    );
    assert_eq!(text(finding, Tag(8, 0x104)), "Nodule");
    let nested = &items(of("CONTAINER"), CONTENT)[0];
    assert_eq!(text(nested, Tag(0x40, 0xA160)), "stable");
    assert_eq!(text(&items(nested, Tag(0x40, 0xA043))[0], Tag(8, 0x104)), "Comment");
}

#[test]
fn references_of_key_objects_meet_the_images() {
    let image = explicit(InMemDicomObject::new_empty(), CT);
    let instance = uid_from_seed("deid", "instance");
    let sop = |object| with(object, Tag(8, 0x1199), vec![reference(CT, &instance)]);
    let shown = sop(set(&[(Tag(0x40, 0xA010), VR::CS, "CONTAINS"), (Tag(0x40, 0xA040), VR::CS, "IMAGE")]));
    let series = sop(set(&[(Tag(0x20, 0x0E), VR::UI, "1.2.3.5")]));
    let study = with(set(&[(Tag(0x20, 0x0D), VR::UI, "1.2.3.6")]), Tag(8, 0x1115), vec![series]);
    let object =
        with(with(InMemDicomObject::new_empty(), CONTENT, vec![shown]), Tag(0x40, 0xA375), vec![study]);
    let ours = deidentifier([]);
    let new = text(&done(&ours, &image), Tag(8, 0x18));
    let keys = done(&ours, &explicit(object, KEY_OBJECTS));
    let of = |item: &InMemDicomObject| text(&items(item, Tag(8, 0x1199))[0], Tag(8, 0x1155));
    assert_eq!(of(&items(&keys, CONTENT)[0]), new);
    let study = &items(&keys, Tag(0x40, 0xA375))[0];
    assert_eq!(of(&items(study, Tag(8, 0x1115))[0]), new);
    assert!(text(study, Tag(0x20, 0x0D)).starts_with("2.25."));
}

#[test]
fn moved_dates_keep_the_uptake_time_of_pet() {
    let drug =
        set(&[(Tag(0x18, 0x1072), VR::TM, "090000.5"), (Tag(0x18, 0x1078), VR::DT, "20240301090000.5+0800")]);
    let object = with(
        set(&[
            (Tag(8, 0x21), VR::DA, "20240301"),
            (Tag(8, 0x31), VR::TM, "100000.5"),
            (Tag(8, 0x2A), VR::DT, "20240301100000.5+0800"),
            (Tag(8, 0x60), VR::CS, "PT"),
        ]),
        Tag(0x54, 0x16),
        vec![drug],
    );
    let moved = done(&deidentifier([DeidOption::RetainModifiedDates]), &explicit(object, PET));
    let seconds = |clock: &str| {
        let part = |at: usize| clock[at..at + 2].parse::<i64>().unwrap();
        part(0) * 3600 + part(2) * 60 + part(4)
    };
    let inner = &items(&moved, Tag(0x54, 0x16))[0];
    let (start, scan) = (text(inner, Tag(0x18, 0x1072)), text(&moved, Tag(8, 0x31)));
    assert_ne!(scan, "100000.5");
    assert_eq!(seconds(&scan) - seconds(&start), 3600);
    let (injected, acquired) = (text(inner, Tag(0x18, 0x1078)), text(&moved, Tag(8, 0x2A)));
    assert_eq!(injected[..8], acquired[..8]);
    assert_eq!(seconds(&acquired[8..]) - seconds(&injected[8..]), 3600);
    assert!(acquired.ends_with(".5+0800"));
    assert_eq!(format!("{}{}", text(&moved, Tag(8, 0x21)), scan), acquired.trim_end_matches("+0800"));
}

#[test]
fn every_encoding_is_kept_and_cleaned() {
    let nested = set(&[(Tag(0x10, 0x20), VR::LO, "P-2"), (Tag(8, 0x1155), VR::UI, "1.2.3.7")]);
    let object = || {
        let mut object = with(set(&[(Tag(8, 0x60), VR::CS, "CT")]), Tag(8, 0x1115), vec![nested.clone()]);
        object.put(DataElement::new(Tag(0x28, 0x10), VR::US, PrimitiveValue::from(0x1234_u16)));
        object.put(DataElement::new(
            Tag(0x7FE0, 0x10),
            VR::OW,
            PrimitiveValue::U16([1, 0x2345].as_slice().into()),
        ));
        object
    };
    let mut seen = Vec::new();
    for syntax in
        ["1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"]
    {
        let bytes = file(object(), CT, syntax);
        let out = deidentifier([]).apply(&bytes).unwrap().bytes;
        assert_eq!(prescan(&out).unwrap().transfer_syntax(), syntax);
        let read = dicom_object::from_reader(out.as_slice()).unwrap();
        assert_eq!(read.get(Tag(0x28, 0x10)).unwrap().to_int::<u16>().unwrap(), 0x1234, "{syntax}");
        let pixels = read.get(Tag(0x7FE0, 0x10)).unwrap().value().to_multi_int::<u16>().unwrap();
        assert_eq!(pixels, [1, 0x2345], "{syntax}");
        let inner = &items(&read, Tag(8, 0x1115))[0];
        assert_eq!(text(inner, Tag(0x10, 0x20)), "REMOVED");
        seen.push((text(&read, Tag(0x10, 0x10)), text(inner, Tag(8, 0x1155))));
        assert!(!out.windows(5).any(|window| window == b"Zhang"));
    }
    assert!(
        seen.windows(2).all(|pair| pair[0] == pair[1]),
        "the same new values in every encoding: {seen:?}"
    );
}
