//! Objects rewritten in Explicit VR Little Endian hold the same values and the same pixels.

use casebank_dicom::{NativeError, native, prescan};
use dicom_core::value::{DataSetSequence, PrimitiveValue};
use dicom_core::{DataElement, Length, Tag, VR, dicom_value};
use dicom_dictionary_std::{tags, uids};
use dicom_object::meta::FileMetaTableBuilder;
use dicom_object::{InMemDicomObject, from_reader};
use tools_peers::data::archive;

const EXPLICIT_LITTLE: &str = "1.2.840.10008.1.2.1";

/// Numbers of every width, at the top and in an item; signed pixels.
fn object() -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    let mut put = |tag, vr, value: PrimitiveValue| {
        object.put(DataElement::new(tag, vr, value));
    };
    put(tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE.into());
    put(tags::SOP_INSTANCE_UID, VR::UI, "1.2.3.4".into());
    put(tags::PATIENT_NAME, VR::PN, "Native^Test".into());
    put(tags::FRAME_INCREMENT_POINTER, VR::AT, PrimitiveValue::Tags([tags::FRAME_TIME].as_slice().into()));
    put(tags::SAMPLES_PER_PIXEL, VR::US, 1_u16.into());
    put(tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2".into());
    put(tags::ROWS, VR::US, 2_u16.into());
    put(tags::COLUMNS, VR::US, 3_u16.into());
    put(tags::BITS_ALLOCATED, VR::US, 16_u16.into());
    put(tags::BITS_STORED, VR::US, 16_u16.into());
    put(tags::HIGH_BIT, VR::US, 15_u16.into());
    put(tags::PIXEL_REPRESENTATION, VR::US, 1_u16.into());
    // US or SS: Pixel Representation decides.
    put(tags::SMALLEST_IMAGE_PIXEL_VALUE, VR::SS, (-1000_i16).into());
    put(tags::TABLE_TOP_VERTICAL_SETUP_DISPLACEMENT, VR::DS, "1.5".into());
    put(tags::REVOLUTION_TIME, VR::FD, 0.35_f64.into());
    put(tags::SIMPLE_FRAME_LIST, VR::UL, dicom_value!(U32, [1, 70_000]));
    put(tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16([1, 2, 0xFF00, 4, 5, 600].as_slice().into()));
    let mut item = InMemDicomObject::new_empty();
    item.put(DataElement::new(
        tags::CT_EXPOSURE_SEQUENCE,
        VR::SQ,
        DataSetSequence::new(vec![], Length::UNDEFINED),
    ));
    item.put(DataElement::new(tags::EXPOSURE_TIME_INMS, VR::FD, PrimitiveValue::from(12.25_f64)));
    item.put(DataElement::new(tags::LARGEST_IMAGE_PIXEL_VALUE, VR::SS, PrimitiveValue::from(-7_i16)));
    let items = DataSetSequence::new(vec![item], Length::UNDEFINED);
    object.put(DataElement::new(tags::CT_EXPOSURE_SEQUENCE, VR::SQ, items));
    object
}

fn file(object: InMemDicomObject, transfer_syntax: &str) -> Vec<u8> {
    let meta = FileMetaTableBuilder::new().transfer_syntax(transfer_syntax);
    let mut bytes = Vec::new();
    object.with_meta(meta).unwrap().write_all(&mut bytes).unwrap();
    bytes
}

#[test]
fn every_uncompressed_form_becomes_the_same_object() {
    let forms = [
        EXPLICIT_LITTLE,
        uids::IMPLICIT_VR_LITTLE_ENDIAN,
        "1.2.840.10008.1.2.2",
        uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    ];
    // As it is read: padded to even lengths.
    let known = from_reader(file(object(), EXPLICIT_LITTLE).as_slice()).unwrap().into_inner();
    for form in forms {
        let bytes = file(object(), form);
        let new = native(&bytes).unwrap();
        assert_eq!((new.from.as_str(), new.sop_instance_uid.as_str()), (form, "1.2.3.4"));
        assert_eq!(prescan(&new.bytes).unwrap().transfer_syntax(), EXPLICIT_LITTLE);
        let read = from_reader(new.bytes.as_slice()).unwrap().into_inner();
        for element in &known {
            let tag = element.header().tag;
            let there = read.element(tag).unwrap();
            assert_eq!(there.vr(), element.vr(), "{tag} of {form}");
            assert_eq!(there.to_bytes().ok(), element.to_bytes().ok(), "{tag} of {form}");
        }
        let item = |of: &InMemDicomObject| {
            of.element(tags::CT_EXPOSURE_SEQUENCE).unwrap().items().unwrap()[0].clone()
        };
        let (there, here) = (item(&read), item(&known));
        for tag in [tags::EXPOSURE_TIME_INMS, tags::LARGEST_IMAGE_PIXEL_VALUE] {
            assert_eq!(
                there.element(tag).unwrap().to_bytes().unwrap(),
                here.element(tag).unwrap().to_bytes().unwrap()
            );
            assert_eq!(there.element(tag).unwrap().vr(), here.element(tag).unwrap().vr(), "{form}");
        }
        // What is native by now stays as it is.
        assert_eq!(native(&new.bytes).unwrap().bytes, new.bytes);
    }
}

#[test]
fn compressed_pixels_become_those_of_the_uncompressed_slice() {
    let Some(folder) = archive("codecs_one_ct_slice") else { return };
    let mut pixels = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        // One slice in many transfer syntaxes, two of them retired and refused.
        if !path.file_name().unwrap().to_string_lossy().starts_with("CTImage.dcm") {
            continue;
        }
        let Ok(new) = native(&std::fs::read(&path).unwrap()) else { continue };
        let read = from_reader(new.bytes.as_slice()).unwrap();
        let lossy = read.element(Tag(0x0028, 0x2110)).is_ok_and(|e| e.to_str().unwrap().trim() == "01");
        if !lossy {
            pixels.push((path, read.element(tags::PIXEL_DATA).unwrap().to_bytes().unwrap().into_owned()));
        }
    }
    assert!(pixels.len() >= 6, "{}", pixels.len());
    for (path, bytes) in &pixels {
        assert!(*bytes == pixels[0].1, "{}", path.display());
    }
}

#[test]
fn what_cannot_be_rewritten_says_why() {
    let mut nameless = object();
    nameless.remove_element(tags::SOP_INSTANCE_UID);
    let mut bytes = file(object(), EXPLICIT_LITTLE);
    assert_eq!(native(&[]).map(|_| ()), Err(NativeError::Prescan(casebank_dicom::PrescanError::Empty)));
    bytes.truncate(bytes.len() - 3);
    assert!(matches!(native(&bytes), Err(NativeError::Prescan(_))));
}
