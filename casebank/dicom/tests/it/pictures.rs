//! Pictures: colours as they were made, and lengths that claim no more than the object knows.

use casebank_dicom::{PictureFrame, PictureSpacing, ReadPicture};
use dicom_core::value::{DataSetSequence, PrimitiveValue};
use dicom_core::{DataElement, Length, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use dicom_object::meta::FileMetaTableBuilder;
use dicom_pixeldata::PixelDecoder as _;
use tools_peers::data::archive;

use crate::support::read;

fn put(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: impl Into<PrimitiveValue>) {
    object.put(DataElement::new(tag, vr, value.into()));
}

/// An image of 2 rows and 3 columns, 8 bits a sample.
fn image(class: &str, modality: &str, photometric: &str, bytes: &[u8]) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    put(&mut object, tags::SOP_CLASS_UID, VR::UI, class);
    put(&mut object, tags::SOP_INSTANCE_UID, VR::UI, "1.2.3.4");
    put(&mut object, tags::MODALITY, VR::CS, modality);
    put(&mut object, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric);
    let samples = if bytes.len() == 18 { 3 } else { 1 };
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, samples),
        (tags::ROWS, 2),
        (tags::COLUMNS, 3),
        (tags::BITS_ALLOCATED, 8),
        (tags::BITS_STORED, 8),
        (tags::HIGH_BIT, 7),
        (tags::PIXEL_REPRESENTATION, 0_u16),
    ] {
        put(&mut object, tag, VR::US, value);
    }
    put(&mut object, tags::PIXEL_DATA, VR::OB, PrimitiveValue::U8(bytes.iter().copied().collect()));
    object
}

/// The picture, and its first frame.
fn picture(object: InMemDicomObject) -> (ReadPicture, PictureFrame) {
    let dir = tempfile::tempdir().unwrap();
    let meta = FileMetaTableBuilder::new().transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN);
    object.with_meta(meta).unwrap().write_to_file(dir.path().join("picture.dcm")).unwrap();
    let mut import = read(dir.path());
    assert!(
        import.volumes.is_empty() && import.other.len() == 1,
        "a picture is no volume: {:?}",
        import.rejected
    );
    let picture = import.pictures.pop().expect("a picture");
    let frame = picture.frame(0).unwrap();
    assert!(picture.frame(1).is_err(), "there is one frame");
    (picture, frame)
}

/// Small pictures for mutations.
pub(crate) fn samples() -> Vec<Vec<u8>> {
    let bytes = |object: InMemDicomObject| {
        let mut out = Vec::new();
        let meta = FileMetaTableBuilder::new().transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN);
        object.with_meta(meta).unwrap().write_all(&mut out).unwrap();
        out
    };
    vec![
        bytes(image(uids::SECONDARY_CAPTURE_IMAGE_STORAGE, "OT", "RGB", &[7; 18])),
        bytes(image(uids::ULTRASOUND_IMAGE_STORAGE, "US", "MONOCHROME2", &GREYS)),
    ]
}

const GREYS: [u8; 6] = [0, 50, 100, 150, 200, 250];

#[test]
fn lengths_on_a_projection_are_those_at_the_detector_or_estimated_or_in_pixels() {
    let spacing = |elements: &[(Tag, VR, &str)]| {
        let mut object =
            image(uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION, "DX", "MONOCHROME1", &GREYS);
        for &(tag, vr, text) in elements {
            put(&mut object, tag, vr, text);
        }
        let (picture, frame) = picture(object);
        assert_eq!(frame, PictureFrame::Grey { values: GREYS.map(i32::from).to_vec(), low_is_bright: true });
        picture.spacing
    };
    let (imager, pixel) = (tags::IMAGER_PIXEL_SPACING, tags::PIXEL_SPACING);
    assert_eq!(spacing(&[]), PictureSpacing::Pixels);
    assert_eq!(spacing(&[(imager, VR::DS, "0.2\\0.1")]), PictureSpacing::Detector([0.1, 0.2]));
    assert_eq!(spacing(&[(pixel, VR::DS, "0.2\\0.1")]), PictureSpacing::Detector([0.1, 0.2]));
    let both = [(imager, VR::DS, "0.2\\0.2"), (pixel, VR::DS, "0.16\\0.16")];
    assert_eq!(spacing(&both), PictureSpacing::Calibrated([0.16, 0.16]));
    let magnified =
        [(imager, VR::DS, "0.2\\0.2"), (tags::ESTIMATED_RADIOGRAPHIC_MAGNIFICATION_FACTOR, VR::DS, "1.25")];
    assert_eq!(spacing(&magnified), PictureSpacing::Calibrated([0.16, 0.16]));
    assert_eq!(spacing(&[(imager, VR::DS, "0\\-1")]), PictureSpacing::Pixels);
    for (spacing, unit) in
        [(PictureSpacing::Pixels, "px"), (PictureSpacing::Detector([1.0; 2]), "mm (estimated)")]
    {
        assert_eq!(spacing.unit(), unit, "never plain millimetres");
    }
}

#[test]
fn ultrasound_is_measurable_in_one_scale_only() {
    let region = |dx: f64| {
        let mut item = InMemDicomObject::new_empty();
        put(&mut item, tags::PHYSICAL_UNITS_X_DIRECTION, VR::US, 3_u16);
        put(&mut item, tags::PHYSICAL_UNITS_Y_DIRECTION, VR::US, 3_u16);
        put(&mut item, tags::PHYSICAL_DELTA_X, VR::FD, dx);
        put(&mut item, tags::PHYSICAL_DELTA_Y, VR::FD, 0.02);
        item
    };
    let spacing = |regions: Vec<InMemDicomObject>| {
        let mut object = image(uids::ULTRASOUND_IMAGE_STORAGE, "US", "MONOCHROME2", &GREYS);
        let regions = DataSetSequence::new(regions, Length::UNDEFINED);
        object.put(DataElement::new(tags::SEQUENCE_OF_ULTRASOUND_REGIONS, VR::SQ, regions));
        picture(object).0.spacing
    };
    assert_eq!(spacing(vec![region(0.01)]), PictureSpacing::Body([0.1, 0.2]));
    assert_eq!(spacing(vec![region(0.01), region(0.03)]), PictureSpacing::Pixels);
    assert_eq!(spacing(vec![]), PictureSpacing::Pixels);
}

#[test]
fn colours_come_as_they_were_made() {
    let rgb: Vec<u8> = (0..18).map(|n| n * 14).collect();
    let class = uids::SECONDARY_CAPTURE_IMAGE_STORAGE;
    assert_eq!(picture(image(class, "OT", "RGB", &rgb)).1, PictureFrame::Rgb(rgb.clone()));
    let planes: Vec<u8> = (0..3).flat_map(|sample| rgb.iter().skip(sample).step_by(3).copied()).collect();
    let mut planar = image(class, "OT", "RGB", &planes);
    put(&mut planar, tags::PLANAR_CONFIGURATION, VR::US, 1_u16);
    assert_eq!(picture(planar).1, PictureFrame::Rgb(rgb));

    let expected = [0, 0, 1, 2, 3, 3].map(|n: u8| [10 + n, 20 + n, 30 + n]).concat();
    // Entries from `colour` up in steps of one, as words, of which the high byte counts: whole, and as one value and a slope.
    let whole = |colour: u16| (0..4).map(|n| (colour + n) << 8).collect::<Vec<u16>>();
    let segmented = |colour: u16| vec![0, 1, colour << 8, 1, 3, (colour + 3) << 8];
    for (tags, entries) in [(PALETTE, whole as fn(u16) -> Vec<u16>), (SEGMENTED, segmented)] {
        let mut palette = image(class, "OT", "PALETTE COLOR", &[4, 5, 6, 7, 8, 200]);
        for ((descriptor, data), colour) in DESCRIPTORS.into_iter().zip(tags).zip([10_u16, 20, 30]) {
            put(&mut palette, descriptor, VR::US, PrimitiveValue::U16([4, 5, 16].into_iter().collect()));
            put(&mut palette, data, VR::OW, PrimitiveValue::U16(entries(colour).into()));
        }
        let shown = picture(palette).1;
        assert_eq!(
            shown,
            PictureFrame::Rgb(expected.clone()),
            "ends of the table stand for what lies beyond"
        );
    }
}

const DESCRIPTORS: [Tag; 3] = [
    tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
    tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
    tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
];
const PALETTE: [Tag; 3] = [
    tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
];
const SEGMENTED: [Tag; 3] = [
    tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
];

#[test]
fn real_pictures_are_decoded_as_by_the_library() {
    let Some(dir) = archive("codecs_one_ct_slice") else { return };
    let import = read(&dir);
    let mut compared = 0;
    for picture in &import.pictures {
        let file = dicom_object::from_reader(std::fs::File::open(&picture.path).unwrap()).unwrap();
        let photometric =
            file.element(tags::PHOTOMETRIC_INTERPRETATION).unwrap().to_str().unwrap().into_owned();
        if photometric.trim() != "RGB" {
            continue;
        }
        let PictureFrame::Rgb(ours) = picture.frame(0).unwrap() else { panic!("three samples") };
        assert_eq!(ours, file.decode_pixel_data_frame(0).unwrap().data(), "{}", picture.path.display());
        compared += 1;
    }
    assert!(compared >= 4, "only {compared} of {} pictures are RGB", import.pictures.len());
}
