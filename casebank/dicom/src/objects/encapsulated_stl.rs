//! STL surfaces inside DICOM (Encapsulated STL IOD, PS3.3 A.85.1), so that a model can go to the PACS and come back.

use dicom_core::value::PrimitiveValue;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::SourceImage;
use crate::dataset::{code, put, put_text, sequence, text, to_file};
use crate::header::parse;
use crate::prescan::{PrescanError, prescan};
use crate::uid::uid_from_seed;
use crate::write::{SeriesInfo, WriteError, common_elements, frame_of_reference};

/// What an encapsulated surface says beside its triangles, which are in LPS millimetres of `frame_of_reference`.
#[derive(Clone, Debug, Default)]
pub struct StlInfo {
    /// Patient, study and series; the series is one of its own, not that of the images.
    pub series: SeriesInfo,
    /// Frame of Reference UID (0020,0052) of the images.
    pub frame_of_reference: String,
    /// Document Title (0042,0010), for example the segment's name.
    pub title: String,
    /// Series Instance UID of the images it was made from.
    pub source_series_uid: String,
    /// The images it was made from.
    pub source_images: Vec<SourceImage>,
    /// Program version for the equipment module.
    pub software_version: String,
}

/// What was read from an encapsulated surface.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EncapsulatedStl {
    /// The bytes of the STL file as they were put in.
    pub stl: Vec<u8>,
    /// Document Title (0042,0010).
    pub title: String,
    /// SOP Instance UID (0008,0018).
    pub sop_instance_uid: String,
    /// Series Instance UID (0020,000E).
    pub series_uid: String,
    /// Frame of Reference UID (0020,0052).
    pub frame_of_reference: String,
    /// UCUM code of the unit, `mm` where the surface comes from here.
    pub unit: String,
}

/// Why an object is no encapsulated surface.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StlError {
    /// The bytes are refused by the guard.
    #[error(transparent)]
    Prescan(#[from] PrescanError),
    /// Another kind of object.
    #[error("the object is not an encapsulated STL surface")]
    Class,
    /// The document is missing or shorter than it says.
    #[error("the encapsulated document is missing or shorter than it says")]
    Document,
}

/// What is encapsulated; the objects of all kinds have the same modules (PS3.3 A.85).
pub(super) struct Kind {
    pub(super) class: &'static str,
    pub(super) mime: &'static str,
    /// What the instance UID is made from, beside the seed.
    pub(super) what: &'static str,
}

const STL: Kind = Kind { class: uids::ENCAPSULATED_STL_STORAGE, mime: "model/stl", what: "encapsulated stl" };

/// Said in every written surface.
const NOT_CLINICAL: &str = "Research and teaching only, not for clinical use";

/// Wraps the bytes of an STL file (binary or text, LPS mm) as an Encapsulated STL object.
///
/// # Errors
/// [`WriteError::Encode`] where the data set cannot be encoded, for example a surface of 4 GiB.
pub fn write(stl: &[u8], info: &StlInfo) -> Result<Vec<u8>, WriteError> {
    write_as(&STL, stl, info)
}

pub(super) fn write_as(kind: &Kind, document: &[u8], info: &StlInfo) -> Result<Vec<u8>, WriteError> {
    let length = u32::try_from(document.len())
        .ok()
        .filter(|&n| n < u32::MAX - 1)
        .ok_or_else(|| WriteError::Encode("the surface is too large".to_owned()))?;
    let mut object = common_elements(&info.series, "M3D");
    frame_of_reference(&mut object, &info.series, &info.frame_of_reference);
    let seed = &info.series.seed;
    let version = if info.software_version.is_empty() { "1" } else { info.software_version.as_str() };
    let manufacturer = match info.series.manufacturer.as_str() {
        "" => "Theatron",
        given => given,
    };
    let texts: [(Tag, VR, &str); 13] = [
        (tags::SOP_CLASS_UID, VR::UI, kind.class),
        (tags::SOP_INSTANCE_UID, VR::UI, &uid_from_seed(seed, kind.what)),
        (tags::INSTANCE_NUMBER, VR::IS, "1"),
        (tags::CONTENT_DATE, VR::DA, info.series.study.date.expose()),
        (tags::CONTENT_TIME, VR::TM, &info.series.time),
        (tags::ACQUISITION_DATE_TIME, VR::DT, ""),
        (tags::BURNED_IN_ANNOTATION, VR::CS, "NO"),
        (tags::DOCUMENT_TITLE, VR::ST, &info.title),
        (tags::MIME_TYPE_OF_ENCAPSULATED_DOCUMENT, VR::LO, kind.mime),
        (tags::MANUFACTURER, VR::LO, manufacturer),
        (tags::MANUFACTURER_MODEL_NAME, VR::LO, "Theatron"),
        (tags::DEVICE_SERIAL_NUMBER, VR::LO, "none"),
        (tags::SOFTWARE_VERSIONS, VR::LO, version),
    ];
    for (tag, vr, text) in texts {
        put_text(&mut object, tag, vr, text);
    }
    if object.get(tags::SERIES_DESCRIPTION).is_none_or(|e| e.value().multiplicity() == 0) {
        put_text(&mut object, tags::SERIES_DESCRIPTION, VR::LO, NOT_CLINICAL);
    }
    put_text(&mut object, tags::CONTENT_DESCRIPTION, VR::LO, NOT_CLINICAL);
    put_text(&mut object, tags::MODEL_MODIFICATION, VR::CS, "YES");
    put_text(&mut object, tags::MODEL_MIRRORING, VR::CS, "NO");
    put(&mut object, tags::ENCAPSULATED_DOCUMENT_LENGTH, VR::UL, PrimitiveValue::from(length));
    let mut document = document.to_vec();
    if document.len() % 2 == 1 {
        document.push(0);
    }
    put(&mut object, tags::ENCAPSULATED_DOCUMENT, VR::OB, PrimitiveValue::from(document));
    sequence(&mut object, tags::MEASUREMENT_UNITS_CODE_SEQUENCE, vec![code("mm", "UCUM", "mm")]);
    sequence(&mut object, tags::CONCEPT_NAME_CODE_SEQUENCE, Vec::new());
    sources(&mut object, info);
    to_file(object)
}

/// Source instances, and the series they are in (C.24.2, C.7.2.1 and the Common Instance Reference macro).
fn sources(object: &mut InMemDicomObject, info: &StlInfo) {
    if info.source_images.is_empty() {
        return;
    }
    let items = |images: &[SourceImage]| -> Vec<InMemDicomObject> {
        images
            .iter()
            .map(|image| {
                let mut item = InMemDicomObject::new_empty();
                put_text(&mut item, tags::REFERENCED_SOP_CLASS_UID, VR::UI, &image.class_uid);
                put_text(&mut item, tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, &image.instance_uid);
                item
            })
            .collect()
    };
    sequence(object, tags::SOURCE_INSTANCE_SEQUENCE, items(&info.source_images));
    if !info.source_series_uid.is_empty() {
        let mut series = InMemDicomObject::new_empty();
        put_text(&mut series, tags::SERIES_INSTANCE_UID, VR::UI, &info.source_series_uid);
        sequence(&mut series, tags::REFERENCED_INSTANCE_SEQUENCE, items(&info.source_images));
        sequence(object, tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
    }
}

/// Takes the STL bytes out of an Encapsulated STL object.
///
/// # Errors
/// [`StlError`]
pub fn read(bytes: &[u8]) -> Result<EncapsulatedStl, StlError> {
    read_as(&STL, bytes)
}

pub(super) fn read_as(kind: &Kind, bytes: &[u8]) -> Result<EncapsulatedStl, StlError> {
    let scan = prescan(bytes)?;
    let object = parse(&scan, scan.data.get(scan.dataset..).unwrap_or_default()).ok_or(StlError::Class)?;
    if text(&object, tags::SOP_CLASS_UID) != kind.class {
        return Err(StlError::Class);
    }
    let document = object.get(tags::ENCAPSULATED_DOCUMENT).and_then(|element| element.to_bytes().ok());
    let document = document.filter(|d| !d.is_empty()).ok_or(StlError::Document)?;
    let stated = object.get(tags::ENCAPSULATED_DOCUMENT_LENGTH).and_then(|e| e.to_int::<usize>().ok());
    let stl = document.get(..stated.unwrap_or(document.len())).ok_or(StlError::Document)?.to_vec();
    let units = object.get(tags::MEASUREMENT_UNITS_CODE_SEQUENCE).and_then(|element| element.items());
    let unit = units.and_then(<[_]>::first).map(|item| text(item, tags::CODE_VALUE)).unwrap_or_default();
    Ok(EncapsulatedStl {
        stl,
        title: text(&object, tags::DOCUMENT_TITLE),
        sop_instance_uid: text(&object, tags::SOP_INSTANCE_UID),
        series_uid: text(&object, tags::SERIES_INSTANCE_UID),
        frame_of_reference: text(&object, tags::FRAME_OF_REFERENCE_UID),
        unit,
    })
}
