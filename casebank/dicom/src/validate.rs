//! Whether an object has what its kind needs: attributes of type 1 and 2 of the modules that are written here (PS3.3 A and
//! C), and whether our own reader takes it.
//!
//! This is a first look where no validator is installed. It knows no conditions (types 1C and 2C) and no defined terms.

use casebank_case::{Told, Words};
use dicom_core::Tag;
use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry as _};
use dicom_core::value::Value;
use dicom_dictionary_std::{StandardDataDictionary, tags, uids};
use dicom_object::InMemDicomObject;

use crate::dataset::text;
use crate::header::parse;
use crate::objects::{encapsulated_stl, fiducials, gsps, kos, registration, sr};
use crate::prescan::{Limits, PrescanError, prescan_with};

/// What a look at an object gives.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Validation {
    /// SOP Class UID (0008,0016).
    pub class_uid: String,
    /// What that kind of object is called here, in English and Chinese; `None` where this module knows nothing of it.
    pub kind: Option<(&'static str, &'static str)>,
    /// What is wrong: attribute and reason, never a value.
    pub problems: Vec<Words>,
}

/// Largest object that is looked at: 512 MiB.
const OBJECT_BYTES: u64 = 512 << 20;

/// An attribute that must be there.
struct Row {
    tag: Tag,
    /// Type 1: also not empty.
    filled: bool,
    /// What each item of a sequence needs.
    inner: &'static [Self],
}

const fn one(tag: Tag) -> Row {
    Row { tag, filled: true, inner: &[] }
}
const fn two(tag: Tag) -> Row {
    Row { tag, filled: false, inner: &[] }
}
const fn each(tag: Tag, inner: &'static [Row]) -> Row {
    Row { tag, filled: true, inner }
}

/// Patient, General Study, SOP Common and the series.
const COMMON: &[Row] = &[
    two(tags::PATIENT_NAME),
    two(tags::PATIENT_ID),
    two(tags::PATIENT_BIRTH_DATE),
    two(tags::PATIENT_SEX),
    one(tags::STUDY_INSTANCE_UID),
    two(tags::STUDY_DATE),
    two(tags::STUDY_TIME),
    two(tags::REFERRING_PHYSICIAN_NAME),
    two(tags::STUDY_ID),
    two(tags::ACCESSION_NUMBER),
    one(tags::MODALITY),
    one(tags::SERIES_INSTANCE_UID),
    two(tags::SERIES_NUMBER),
    one(tags::SOP_CLASS_UID),
    one(tags::SOP_INSTANCE_UID),
];
const CODE: &[Row] = &[one(tags::CODE_VALUE), one(tags::CODING_SCHEME_DESIGNATOR), one(tags::CODE_MEANING)];
const INSTANCE: &[Row] = &[one(tags::REFERENCED_SOP_CLASS_UID), one(tags::REFERENCED_SOP_INSTANCE_UID)];
const SERIES: &[Row] = &[one(tags::SERIES_INSTANCE_UID), each(tags::REFERENCED_SOP_SEQUENCE, INSTANCE)];
const STUDIES: &[Row] = &[one(tags::STUDY_INSTANCE_UID), each(tags::REFERENCED_SERIES_SEQUENCE, SERIES)];
const REPORT: &[Row] = &[
    one(tags::INSTANCE_NUMBER),
    one(tags::COMPLETION_FLAG),
    one(tags::VERIFICATION_FLAG),
    one(tags::CONTENT_DATE),
    one(tags::CONTENT_TIME),
    two(tags::PERFORMED_PROCEDURE_CODE_SEQUENCE),
    two(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE),
    two(tags::MANUFACTURER),
    one(tags::VALUE_TYPE),
    each(tags::CONCEPT_NAME_CODE_SEQUENCE, CODE),
    one(tags::CONTINUITY_OF_CONTENT),
];
const KEY: &[Row] = &[
    one(tags::INSTANCE_NUMBER),
    one(tags::CONTENT_DATE),
    one(tags::CONTENT_TIME),
    two(tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE),
    each(tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE, STUDIES),
    two(tags::MANUFACTURER),
    each(tags::CONCEPT_NAME_CODE_SEQUENCE, CODE),
    one(tags::CONTENT_SEQUENCE),
];
const STATE: &[Row] = &[
    one(tags::INSTANCE_NUMBER),
    one(tags::CONTENT_LABEL),
    two(tags::CONTENT_DESCRIPTION),
    two(tags::CONTENT_CREATOR_NAME),
    one(tags::PRESENTATION_CREATION_DATE),
    one(tags::PRESENTATION_CREATION_TIME),
    each(
        tags::REFERENCED_SERIES_SEQUENCE,
        &[one(tags::SERIES_INSTANCE_UID), each(tags::REFERENCED_IMAGE_SEQUENCE, INSTANCE)],
    ),
    each(
        tags::DISPLAYED_AREA_SELECTION_SEQUENCE,
        &[
            one(tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER),
            one(tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER),
            one(tags::PRESENTATION_SIZE_MODE),
        ],
    ),
    one(tags::PRESENTATION_LUT_SHAPE),
];
const CAPTURE: &[Row] = &[
    one(tags::CONVERSION_TYPE),
    two(tags::INSTANCE_NUMBER),
    one(tags::SAMPLES_PER_PIXEL),
    one(tags::PHOTOMETRIC_INTERPRETATION),
    one(tags::ROWS),
    one(tags::COLUMNS),
    one(tags::BITS_ALLOCATED),
    one(tags::BITS_STORED),
    one(tags::HIGH_BIT),
    one(tags::PIXEL_REPRESENTATION),
    one(tags::PIXEL_DATA),
];
const FRAMES: &[Row] =
    &[one(tags::NUMBER_OF_FRAMES), one(tags::FRAME_INCREMENT_POINTER), one(tags::BURNED_IN_ANNOTATION)];
const LABEL: &[Row] = &[
    one(tags::CONTENT_DATE),
    one(tags::CONTENT_TIME),
    one(tags::INSTANCE_NUMBER),
    one(tags::CONTENT_LABEL),
    two(tags::CONTENT_DESCRIPTION),
    two(tags::CONTENT_CREATOR_NAME),
];
const REGISTRATION: &[Row] = &[
    one(tags::FRAME_OF_REFERENCE_UID),
    two(tags::POSITION_REFERENCE_INDICATOR),
    each(
        tags::REGISTRATION_SEQUENCE,
        &[each(
            tags::MATRIX_REGISTRATION_SEQUENCE,
            &[
                two(tags::REGISTRATION_TYPE_CODE_SEQUENCE),
                each(
                    tags::MATRIX_SEQUENCE,
                    &[
                        one(tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX),
                        one(tags::FRAME_OF_REFERENCE_TRANSFORMATION_MATRIX_TYPE),
                    ],
                ),
            ],
        )],
    ),
];
const FIDUCIALS: &[Row] = &[each(
    tags::FIDUCIAL_SET_SEQUENCE,
    &[each(tags::FIDUCIAL_SEQUENCE, &[one(tags::FIDUCIAL_IDENTIFIER), one(tags::SHAPE_TYPE)])],
)];
const STL: &[Row] = &[
    one(tags::INSTANCE_NUMBER),
    two(tags::CONTENT_DATE),
    two(tags::CONTENT_TIME),
    two(tags::ACQUISITION_DATE_TIME),
    one(tags::BURNED_IN_ANNOTATION),
    two(tags::DOCUMENT_TITLE),
    one(tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT),
    one(tags::ENCAPSULATED_DOCUMENT),
    one(tags::FRAME_OF_REFERENCE_UID),
    each(tags::MEASUREMENT_UNITS_CODE_SEQUENCE, CODE),
];

type Reader = fn(&[u8]) -> Option<Words>;

/// A class: UID, name, its modules, and the reader that must take it.
struct Class(&'static str, (&'static str, &'static str), &'static [&'static [Row]], Option<Reader>);

fn said<T, E: Told>(read: Result<T, E>) -> Option<Words> {
    read.err().map(|error| error.words())
}

const CLASSES: &[Class] = &[
    Class(uids::COMPREHENSIVE3_DSR_STORAGE, ("a report", "报告"), &[REPORT], Some(|b| said(sr::read(b)))),
    Class(uids::COMPREHENSIVE_SR_STORAGE, ("a report", "报告"), &[REPORT], Some(|b| said(sr::read(b)))),
    Class(uids::ENHANCED_SR_STORAGE, ("a report", "报告"), &[REPORT], Some(|b| said(sr::read(b)))),
    Class(
        uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE,
        ("a selection of key images", "关键图像选择"),
        &[KEY],
        Some(|b| said(kos::read(b))),
    ),
    Class(
        uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE,
        ("a presentation state", "显示状态"),
        &[STATE],
        Some(|b| said(gsps::read(b))),
    ),
    Class(uids::SECONDARY_CAPTURE_IMAGE_STORAGE, ("a secondary capture", "二次捕获图像"), &[CAPTURE], None),
    Class(
        uids::MULTI_FRAME_GRAYSCALE_BYTE_SECONDARY_CAPTURE_IMAGE_STORAGE,
        ("a secondary capture", "二次捕获图像"),
        &[CAPTURE, FRAMES],
        None,
    ),
    Class(
        uids::MULTI_FRAME_GRAYSCALE_WORD_SECONDARY_CAPTURE_IMAGE_STORAGE,
        ("a secondary capture", "二次捕获图像"),
        &[CAPTURE, FRAMES],
        None,
    ),
    Class(
        uids::MULTI_FRAME_TRUE_COLOR_SECONDARY_CAPTURE_IMAGE_STORAGE,
        ("a secondary capture", "二次捕获图像"),
        &[CAPTURE, FRAMES],
        None,
    ),
    Class(
        uids::SPATIAL_REGISTRATION_STORAGE,
        ("a spatial registration", "空间配准"),
        &[LABEL, REGISTRATION],
        Some(|b| said(registration::read(b))),
    ),
    Class(
        uids::SPATIAL_FIDUCIALS_STORAGE,
        ("a set of landmarks", "标志点集"),
        &[LABEL, FIDUCIALS],
        Some(|b| said(fiducials::read(b))),
    ),
    Class(
        uids::ENCAPSULATED_STL_STORAGE,
        ("an encapsulated surface", "封装的表面"),
        &[STL],
        Some(|b| said(encapsulated_stl::read(b))),
    ),
];

/// Looks whether an object has what its kind needs.
///
/// # Errors
/// [`PrescanError`]: the bytes cannot be looked at.
pub fn validate(bytes: &[u8]) -> Result<Validation, PrescanError> {
    let limits = Limits { object_bytes: OBJECT_BYTES, inflated_bytes: OBJECT_BYTES, ..Limits::default() };
    let scan = prescan_with(bytes, &limits)?;
    let Some(object) = parse(&scan, scan.data.get(scan.dataset..).unwrap_or_default()) else {
        let problems = vec![Words::new("the data set cannot be parsed", "无法解析数据集")];
        return Ok(Validation { class_uid: String::new(), kind: None, problems });
    };
    let class_uid = text(&object, tags::SOP_CLASS_UID);
    let mut problems = Vec::new();
    if scan.has_meta && scan.media_class != class_uid {
        problems.push(Words::new(
            "MediaStorageSOPClassUID: not the class of the object",
            "MediaStorageSOPClassUID：不是对象的类别",
        ));
    }
    check(&object, COMMON, "", &mut problems);
    let class = CLASSES.iter().find(|Class(uid, ..)| *uid == class_uid);
    if let Some(Class(_, _, modules, reader)) = class {
        modules.iter().for_each(|rows| check(&object, rows, "", &mut problems));
        let refused = reader.and_then(|reader| reader(bytes));
        problems.extend(refused.map(|Words { en, zh }| {
            Words::new(format!("not read here: {en}"), format!("本程序不读取：{zh}"))
        }));
    }
    Ok(Validation { class_uid, kind: class.map(|Class(_, kind, ..)| *kind), problems })
}

/// Most problems that are told.
const PROBLEMS: usize = 1000;

/// Compares one data set with its rows; the tables end, so this does.
fn check(object: &InMemDicomObject, rows: &[Row], path: &str, problems: &mut Vec<Words>) {
    for Row { tag, filled, inner } in rows {
        if problems.len() >= PROBLEMS {
            return;
        }
        let keyword = StandardDataDictionary.by_tag(*tag).map_or("", |entry| entry.alias());
        let Some(element) = object.get(*tag) else {
            problems.push(Words::new(format!("{path}{keyword}: missing"), format!("{path}{keyword}：缺失")));
            continue;
        };
        let items = element.items().unwrap_or_default();
        let empty = match element.value() {
            Value::Primitive(value) => value.calculate_byte_len() == 0,
            Value::Sequence(_) => items.is_empty(),
            Value::PixelSequence(_) => false,
        };
        if *filled && empty {
            problems.push(Words::new(format!("{path}{keyword}: empty"), format!("{path}{keyword}：为空")));
        }
        for (n, item) in items.iter().enumerate() {
            check(item, inner, &format!("{path}{keyword}[{}]/", n + 1), problems);
        }
    }
}
