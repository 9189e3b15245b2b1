//! What all objects made here share: who made them, when, from what.

use casebank_case::Phi;
use dicom_core::value::PrimitiveValue;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::SourceImage;
use super::sr::ImageRef;
use crate::dataset::{put, put_text, sequence, text};
use crate::header::parse;
use crate::prescan::{Limits, PrescanError, prescan_with};
use crate::uid::{is_uid, uid_from_seed};
use crate::write::{SeriesInfo, WriteError, common_elements};

/// Who and what made an object, and when. There is no clock here: the caller gives date and time.
#[derive(Clone, Debug, Default)]
pub struct Made {
    /// Content Date (0008,0023), `YYYYMMDD`; needed.
    pub date: String,
    /// Content Time (0008,0033), `HHMMSS`; needed.
    pub time: String,
    /// The person who made or checked it, as a DICOM person name; needed.
    pub person: Phi<String>,
    /// Version of this software; `1` where empty.
    pub software_version: String,
    /// Laterality (0020,0060) of the series, which paired body parts need.
    pub side: Option<Side>,
}

/// A side of the patient's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The patient's left.
    Left,
    /// The patient's right.
    Right,
    /// Both of a pair.
    Both,
}

/// Instances of one series that an object is about (PS3.3 table C.17-3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Study Instance UID (0020,000D).
    pub study_uid: String,
    /// Series Instance UID (0020,000E).
    pub series_uid: String,
    /// The instances.
    pub instances: Vec<SourceImage>,
}

/// Why bytes are not the object that was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// The bytes are refused by the guard.
    #[error(transparent)]
    Prescan(#[from] PrescanError),
    /// The parser gave up.
    #[error("the data set cannot be parsed; ask the sender for the object again")]
    Parse,
    /// Another kind of object.
    #[error("the object is not {}", expected.0)]
    Class {
        /// What was asked for, in English and Chinese.
        expected: (&'static str, &'static str),
    },
    /// Something is missing without which the content means nothing; what, in English and Chinese.
    #[error("{0} is missing, so the object cannot be used; ask the sender for a complete one")]
    Missing(&'static str, &'static str),
    /// Something is there that would be misread; what, in English and Chinese.
    #[error("{0}, so the object is refused")]
    Refused(&'static str, &'static str),
    /// More content than any honest object has.
    #[error("the object holds more than {limit} {}, so it is refused", what.0)]
    TooMuch {
        /// Of what, in English and Chinese.
        what: (&'static str, &'static str),
        /// The limit.
        limit: usize,
    },
}

/// Largest object without pixels that is read: 64 MiB.
const OBJECT_BYTES: u64 = 64 << 20;

/// Parses the bytes of an object of one of `classes`, after the guard has passed them.
pub(crate) fn open(
    bytes: &[u8],
    classes: &[&str],
    expected: (&'static str, &'static str),
) -> Result<InMemDicomObject, ObjectError> {
    let limits = Limits { object_bytes: OBJECT_BYTES, inflated_bytes: OBJECT_BYTES, ..Limits::default() };
    let scan = prescan_with(bytes, &limits)?;
    let object = parse(&scan, scan.data.get(scan.dataset..).unwrap_or_default()).ok_or(ObjectError::Parse)?;
    if classes.contains(&text(&object, tags::SOP_CLASS_UID).as_str()) {
        Ok(object)
    } else {
        Err(ObjectError::Class { expected })
    }
}

/// Patient, study, series, equipment, class, instance and content time of an object; `what` tells objects of one seed
/// apart. Elements of a frame of reference are not in it.
pub(crate) fn base(
    info: &SeriesInfo,
    made: &Made,
    class: &str,
    modality: &str,
    what: &str,
) -> Result<InMemDicomObject, WriteError> {
    let digits = |text: &str, lengths: &[usize]| {
        lengths.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    if !digits(&made.date, &[8]) || !digits(&made.time, &[2, 4, 6]) {
        return Err(WriteError::Content("date and time of the content are needed, as YYYYMMDD and HHMMSS"));
    }
    if made.person.expose().trim_matches(['^', '=', ' ']).is_empty() {
        return Err(WriteError::Content("the name of the person who made it is needed"));
    }
    let mut object = common_elements(info, modality);
    object.remove_element(tags::POSITION_REFERENCE_INDICATOR);
    let manufacturer = if info.manufacturer.is_empty() { "Theatron" } else { info.manufacturer.as_str() };
    let version = if made.software_version.is_empty() { "1" } else { made.software_version.as_str() };
    let texts: [(Tag, VR, &str); 9] = [
        (tags::SOP_CLASS_UID, VR::UI, class),
        (tags::SOP_INSTANCE_UID, VR::UI, &uid_from_seed(&info.seed, what)),
        (tags::INSTANCE_NUMBER, VR::IS, "1"),
        (tags::CONTENT_DATE, VR::DA, &made.date),
        (tags::CONTENT_TIME, VR::TM, &made.time),
        (tags::MANUFACTURER, VR::LO, manufacturer),
        (tags::MANUFACTURER_MODEL_NAME, VR::LO, "Theatron"),
        (tags::DEVICE_SERIAL_NUMBER, VR::LO, "none"),
        (tags::SOFTWARE_VERSIONS, VR::LO, version),
    ];
    for (tag, vr, text) in texts {
        put_text(&mut object, tag, vr, text);
    }
    match made.side {
        Some(Side::Left) => put_text(&mut object, tags::LATERALITY, VR::CS, "L"),
        Some(Side::Right) => put_text(&mut object, tags::LATERALITY, VR::CS, "R"),
        Some(Side::Both) | None => {}
    }
    Ok(object)
}

/// Content Label (0070,0080) and its macro (PS3.3 table 10-12). A label is of capitals, digits and underscores.
pub(crate) fn content_label(object: &mut InMemDicomObject, label: &str, description: &str, made: &Made) {
    put_text(object, tags::CONTENT_LABEL, VR::CS, label);
    put_text(object, tags::CONTENT_DESCRIPTION, VR::LO, &short(description, 64));
    put_text(object, tags::CONTENT_CREATOR_NAME, VR::PN, made.person.expose());
}

/// A text that fits a value of at most `most` characters: no control characters, no backslash.
pub(crate) fn short(text: &str, most: usize) -> String {
    text.chars().filter(|c| !c.is_control() && *c != '\\').take(most).collect()
}

/// A reference to an instance (PS3.3 table 10-11).
pub(crate) fn reference(image: &SourceImage) -> InMemDicomObject {
    let mut item = InMemDicomObject::new_empty();
    put_text(&mut item, tags::REFERENCED_SOP_CLASS_UID, VR::UI, &image.class_uid);
    put_text(&mut item, tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, &image.instance_uid);
    item
}

/// A reference to an image, or to frames or segments of it (PS3.3 table 10-3).
pub(crate) fn image_item(image: &ImageRef) -> InMemDicomObject {
    let mut item = reference(&image.instance);
    if !image.frames.is_empty() {
        let frames: Vec<String> = image.frames.iter().map(ToString::to_string).collect();
        put_text(&mut item, tags::REFERENCED_FRAME_NUMBER, VR::IS, &frames.join("\\"));
    }
    if !image.segments.is_empty() {
        let segments = PrimitiveValue::U16(image.segments.as_slice().into());
        put(&mut item, tags::REFERENCED_SEGMENT_NUMBER, VR::US, segments);
    }
    item
}

/// Reads the same. Missing numbers mean all frames or segments; numbers that cannot be read are refused.
pub(crate) fn image_of(item: &InMemDicomObject) -> Result<ImageRef, ObjectError> {
    let numbers = |tag| match item.get(tag).filter(|element| element.value().multiplicity() > 0) {
        None => Ok(Vec::new()),
        Some(e) => e
            .to_multi_int::<u32>()
            .or(Err(ObjectError::Refused("a frame or segment number is none", "帧号或分割号不是数字"))),
    };
    let segments = numbers(tags::REFERENCED_SEGMENT_NUMBER)?.into_iter().map(u16::try_from);
    Ok(ImageRef {
        instance: referenced(item)
            .ok_or(ObjectError::Missing("the UID of a referenced instance", "引用实例的 UID"))?,
        frames: numbers(tags::REFERENCED_FRAME_NUMBER)?,
        segments: segments
            .collect::<Result<_, _>>()
            .or(Err(ObjectError::Refused("a segment number is over 65,535", "分割号大于 65,535")))?,
    })
}

/// Whether a text is a name as code strings are: 1 to 16 capitals, digits, spaces or underscores.
pub(crate) fn is_code_string(text: &str) -> bool {
    let good = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_' || b == b' ';
    (1..=16).contains(&text.len()) && text.bytes().all(good) && text.trim() == text
}

/// The instance that an item refers to.
pub(crate) fn referenced(item: &InMemDicomObject) -> Option<SourceImage> {
    let class_uid = text(item, tags::REFERENCED_SOP_CLASS_UID);
    let instance_uid = text(item, tags::REFERENCED_SOP_INSTANCE_UID);
    // Others write UIDs with leading zeros; they still name the same instance.
    (!class_uid.is_empty() && !instance_uid.is_empty()).then_some(SourceImage { class_uid, instance_uid })
}

/// The items of a sequence; none where it is missing or empty.
pub(crate) fn items(object: &InMemDicomObject, tag: Tag) -> &[InMemDicomObject] {
    object.get(tag).and_then(|element| element.items()).unwrap_or_default()
}

/// The first item of a sequence.
pub(crate) fn first(object: &InMemDicomObject, tag: Tag) -> Option<&InMemDicomObject> {
    items(object, tag).first()
}

/// Writes a sequence of the Hierarchical SOP Instance Reference macro (PS3.3 table C.17-3); one item a study.
pub(crate) fn put_evidence(
    object: &mut InMemDicomObject,
    tag: Tag,
    evidence: &[Evidence],
) -> Result<(), WriteError> {
    check_evidence(evidence)?;
    let series = evidence.iter().map(|part| {
        let mut series = InMemDicomObject::new_empty();
        put_text(&mut series, tags::SERIES_INSTANCE_UID, VR::UI, &part.series_uid);
        sequence(&mut series, tags::REFERENCED_SOP_SEQUENCE, part.instances.iter().map(reference).collect());
        (part.study_uid.as_str(), series)
    });
    sequence(object, tag, by_study(series));
    Ok(())
}

/// Lists the images of `evidence` in a Referenced Image Sequence (0008,1140).
pub(crate) fn put_images(item: &mut InMemDicomObject, evidence: &[Evidence]) {
    let images: Vec<_> = evidence.iter().flat_map(|part| &part.instances).map(reference).collect();
    if !images.is_empty() {
        sequence(item, tags::REFERENCED_IMAGE_SEQUENCE, images);
    }
}

/// Writes the Common Instance Reference module (PS3.3 C.12.2): series of the object's own study and of others.
pub(crate) fn put_common(
    object: &mut InMemDicomObject,
    study_uid: &str,
    evidence: &[Evidence],
) -> Result<(), WriteError> {
    check_evidence(evidence)?;
    let series = |part: &Evidence| {
        let mut item = InMemDicomObject::new_empty();
        put_text(&mut item, tags::SERIES_INSTANCE_UID, VR::UI, &part.series_uid);
        let instances = part.instances.iter().map(reference).collect();
        sequence(&mut item, tags::REFERENCED_INSTANCE_SEQUENCE, instances);
        item
    };
    let (own, others): (Vec<&Evidence>, Vec<&Evidence>) =
        evidence.iter().partition(|part| part.study_uid == study_uid);
    if !own.is_empty() {
        sequence(object, tags::REFERENCED_SERIES_SEQUENCE, own.into_iter().map(series).collect());
    }
    let others = by_study(others.into_iter().map(|part| (part.study_uid.as_str(), series(part))));
    if !others.is_empty() {
        sequence(object, tags::STUDIES_CONTAINING_OTHER_REFERENCED_INSTANCES_SEQUENCE, others);
    }
    Ok(())
}

/// Reads the same module.
pub(crate) fn common_of(object: &InMemDicomObject) -> Vec<Evidence> {
    let series = |set: &InMemDicomObject, study_uid: String| {
        let series = items(set, tags::REFERENCED_SERIES_SEQUENCE).iter();
        let evidence = series.map(|series| Evidence {
            study_uid: study_uid.clone(),
            series_uid: text(series, tags::SERIES_INSTANCE_UID),
            instances: items(series, tags::REFERENCED_INSTANCE_SEQUENCE)
                .iter()
                .filter_map(referenced)
                .collect(),
        });
        evidence.collect::<Vec<_>>()
    };
    let mut all = series(object, text(object, tags::STUDY_INSTANCE_UID));
    for study in items(object, tags::STUDIES_CONTAINING_OTHER_REFERENCED_INSTANCES_SEQUENCE) {
        all.extend(series(study, text(study, tags::STUDY_INSTANCE_UID)));
    }
    all
}

/// One item a study, with its series below it.
fn by_study<'a>(series: impl Iterator<Item = (&'a str, InMemDicomObject)>) -> Vec<InMemDicomObject> {
    let mut studies: Vec<(&str, Vec<InMemDicomObject>)> = Vec::new();
    for (study_uid, item) in series {
        match studies.iter_mut().find(|(uid, _)| *uid == study_uid) {
            Some((_, all)) => all.push(item),
            None => studies.push((study_uid, vec![item])),
        }
    }
    let study = |(uid, series): (&str, Vec<InMemDicomObject>)| {
        let mut study = InMemDicomObject::new_empty();
        put_text(&mut study, tags::STUDY_INSTANCE_UID, VR::UI, uid);
        sequence(&mut study, tags::REFERENCED_SERIES_SEQUENCE, series);
        study
    };
    studies.into_iter().map(study).collect()
}

fn check_evidence(evidence: &[Evidence]) -> Result<(), WriteError> {
    let good = |e: &Evidence| {
        is_uid(&e.study_uid)
            && is_uid(&e.series_uid)
            && !e.instances.is_empty()
            && e.instances.iter().all(|i| is_uid(&i.class_uid) && is_uid(&i.instance_uid))
    };
    if evidence.iter().all(good) {
        return Ok(());
    }
    Err(WriteError::Content("evidence needs instances and valid UIDs of study, series and instances"))
}

/// Reads a sequence of the Hierarchical SOP Instance Reference macro.
pub(crate) fn evidence_of(object: &InMemDicomObject, tag: Tag) -> Vec<Evidence> {
    let studies = items(object, tag).iter();
    let series = studies.flat_map(|study| {
        let study_uid = text(study, tags::STUDY_INSTANCE_UID);
        let series = items(study, tags::REFERENCED_SERIES_SEQUENCE).iter();
        series.map(move |series| Evidence {
            study_uid: study_uid.clone(),
            series_uid: text(series, tags::SERIES_INSTANCE_UID),
            instances: items(series, tags::REFERENCED_SOP_SEQUENCE).iter().filter_map(referenced).collect(),
        })
    });
    series.collect()
}
