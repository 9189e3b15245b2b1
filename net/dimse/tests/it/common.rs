//! Objects to exchange.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_encoding::TransferSyntaxIndex as _;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use net_dimse::{Outgoing, Peer, ReceivedObject, Settings, Timeouts};

/// UIDs of the generated study.
pub(crate) const STUDY: &str = "2.25.1001";
pub(crate) const SERIES: [&str; 2] = ["2.25.1002", "2.25.1003"];

/// Settings with which a hung peer fails a test soon.
pub(crate) fn settings() -> Settings {
    Settings {
        timeouts: Timeouts {
            association: Duration::from_secs(20),
            dimse: Duration::from_secs(20),
            ..Timeouts::default()
        },
        ..Settings::default()
    }
}

pub(crate) fn peer(address: &str) -> Peer {
    address.parse().unwrap()
}

/// Instance UID of slice `number` of series `series`.
pub(crate) fn instance(series: usize, number: u32) -> String {
    format!("{}.{}", SERIES[series], number + 1)
}

/// A CT slice of 64 × 64 whose pixels tell its series and number, as a DICOM file in `syntax`.
pub(crate) fn slice(series: usize, number: u32, syntax: &str) -> Vec<u8> {
    let side = 64_u16;
    let pixels: Vec<u16> = (0..u32::from(side) * u32::from(side))
        .map(|place| {
            (place.wrapping_mul(2_654_435_761).rotate_left(number + 1) ^ (series as u32)) as u16 & 0x0fff
        })
        .collect();
    let uid = instance(series, number);
    let text = |tag, vr, value: &str| DataElement::new(tag, vr, PrimitiveValue::from(value));
    let short = |tag, value: u16| DataElement::new(tag, VR::US, PrimitiveValue::from(value));
    let object = InMemDicomObject::from_element_iter([
        text(tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
        text(tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE),
        text(tags::SOP_INSTANCE_UID, VR::UI, &uid),
        text(tags::STUDY_DATE, VR::DA, "20240229"),
        text(tags::STUDY_TIME, VR::TM, "101112"),
        text(tags::ACCESSION_NUMBER, VR::SH, "ACC1"),
        text(tags::MODALITY, VR::CS, "CT"),
        text(tags::STUDY_DESCRIPTION, VR::LO, "Phantom"),
        text(tags::SERIES_DESCRIPTION, VR::LO, &format!("Series {series}")),
        text(tags::PATIENT_NAME, VR::PN, "Canary^Name=王^小東"),
        text(tags::PATIENT_ID, VR::LO, "CANARY-ID"),
        text(tags::PATIENT_BIRTH_DATE, VR::DA, "19700101"),
        text(tags::PATIENT_SEX, VR::CS, "O"),
        text(tags::STUDY_INSTANCE_UID, VR::UI, STUDY),
        text(tags::SERIES_INSTANCE_UID, VR::UI, SERIES[series]),
        text(tags::STUDY_ID, VR::SH, "1"),
        text(tags::SERIES_NUMBER, VR::IS, &series.to_string()),
        text(tags::INSTANCE_NUMBER, VR::IS, &number.to_string()),
        text(tags::IMAGE_POSITION_PATIENT, VR::DS, &format!("0\\0\\{number}")),
        text(tags::IMAGE_ORIENTATION_PATIENT, VR::DS, "1\\0\\0\\0\\1\\0"),
        text(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
        text(tags::PIXEL_SPACING, VR::DS, "1\\1"),
        short(tags::SAMPLES_PER_PIXEL, 1),
        short(tags::ROWS, side),
        short(tags::COLUMNS, side),
        short(tags::BITS_ALLOCATED, 16),
        short(tags::BITS_STORED, 12),
        short(tags::HIGH_BIT, 11),
        short(tags::PIXEL_REPRESENTATION, 0),
        DataElement::new(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(pixels.into())),
    ]);
    let meta = FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(uids::CT_IMAGE_STORAGE)
        .media_storage_sop_instance_uid(uid)
        .transfer_syntax(syntax);
    let mut bytes = Vec::new();
    object.with_meta(meta).unwrap().write_all(&mut bytes).unwrap();
    bytes
}

/// A study of two series with 3 and 2 slices.
pub(crate) fn study() -> Vec<Outgoing> {
    [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)]
        .map(|(series, number)| Outgoing::Bytes(slice(series, number, uids::EXPLICIT_VR_LITTLE_ENDIAN)))
        .to_vec()
}

/// Instance UID, transfer syntax and data set of a DICOM file. Its own small reader: dicom-object refuses the file meta
/// information of some files that archives hold.
pub(crate) fn facts(file: &[u8]) -> (String, String, Vec<u8>) {
    assert_eq!(&file[128..132], b"DICM");
    // preamble, mark, group length element, group
    let start = 144 + u32::from_le_bytes(file[140..144].try_into().unwrap()) as usize;
    let value = |element: u8| {
        let place =
            file[..start].windows(6).position(|window| window == [2, 0, element, 0, b'U', b'I']).unwrap();
        let length = usize::from(u16::from_le_bytes([file[place + 6], file[place + 7]]));
        String::from_utf8(file[place + 8..place + 8 + length].to_vec())
            .unwrap()
            .trim_end_matches('\0')
            .to_owned()
    };
    (value(3), value(0x10), file[start..].to_vec())
}

/// The same of an object that was received.
pub(crate) fn received(object: &mut ReceivedObject) -> (String, String, Vec<u8>) {
    let mut data = Vec::new();
    object.data_set().unwrap().read_to_end(&mut data).unwrap();
    (object.instance_uid().to_owned(), object.transfer_syntax().to_owned(), data)
}

/// The pixel bytes of a DICOM file, fragments joined.
pub(crate) fn pixels(file: &[u8]) -> Vec<u8> {
    let (_, syntax, data) = facts(file);
    let syntax = TransferSyntaxRegistry.get(&syntax).unwrap();
    let object = InMemDicomObject::read_dataset_with_ts(data.as_slice(), syntax).unwrap();
    let element = object.element(tags::PIXEL_DATA).unwrap();
    match element.fragments() {
        Some(fragments) => fragments.concat(),
        None => element.to_bytes().unwrap().into_owned(),
    }
}

/// Files below `folder` that end in `.dcm`, sorted.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == "dcm") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
