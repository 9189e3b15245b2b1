//! Pictures of the screen as Secondary Captures (PS3.3 A.8), of one frame or several, grey or in colour.
//!
//! The patient stands in the header, never in the pixels because of this module; whether somebody drew text into the
//! pixels is for the caller to say. A picture that went through lossy compression on its way says so for good.

use casebank_case::Phi;
use dicom_core::value::PrimitiveValue;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::made::{base, reference, short};
use super::{Code, Made, SourceImage};
use crate::dataset::{decimals, put, put_text, sequence, to_file};
use crate::write::{SeriesInfo, WriteError};

/// The samples of all frames, row by row, frame after frame.
#[derive(Clone, PartialEq, Eq)]
pub enum Samples {
    /// 8-bit grey, black is 0.
    Grey8(Vec<u8>),
    /// 16-bit grey, black is 0.
    Grey16(Vec<u16>),
    /// 8-bit red, green, blue of each pixel.
    Rgb(Vec<u8>),
}

impl std::fmt::Debug for Samples {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, length) = match self {
            Self::Grey8(all) => ("Grey8", all.len()),
            Self::Grey16(all) => ("Grey16", all.len()),
            Self::Rgb(all) => ("Rgb", all.len()),
        };
        write!(f, "{name} of {length} samples")
    }
}

/// Where the picture comes from: Conversion Type (0008,0064).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conversion {
    /// A workstation drew it.
    #[default]
    Workstation,
    /// Calculated from images.
    Synthetic,
    /// Digitised video.
    Video,
    /// A scanned document.
    Document,
}

/// Lossy Image Compression Method (0028,2114).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossyMethod {
    /// JPEG
    Jpeg,
    /// Near-lossless JPEG-LS
    JpegLs,
    /// JPEG 2000, also high-throughput
    Jpeg2000,
    /// H.264
    H264,
    /// H.265
    H265,
}

/// Pictures of one size.
#[derive(Clone, Debug)]
pub struct Capture {
    /// Columns, rows.
    pub size: [u16; 2],
    /// Number of frames, from 1.
    pub frames: u32,
    /// Time from frame to frame; only for several frames.
    pub frame_ms: f64,
    /// The samples.
    pub samples: Samples,
    /// Where they come from.
    pub conversion: Conversion,
    /// Whether the pixels show text that tells who the patient is.
    pub burned_in: bool,
    /// Each lossy step the picture went through: how, and bytes before by bytes after.
    pub lossy: Vec<(LossyMethod, f64)>,
    /// How the picture was made, in words.
    pub derivation: Phi<String>,
    /// The images it was made from.
    pub sources: Vec<SourceImage>,
    /// Distance between rows and between columns in the patient, where the picture is a parallel view and so has one. A
    /// perspective picture has none: a length measured on it would be wrong.
    pub spacing_mm: Option<[f64; 2]>,
}

/// Writes a Secondary Capture Image for one frame, or a Multi-frame Grayscale Byte, Grayscale Word or True Color one for
/// several; Explicit VR Little Endian.
///
/// # Errors
/// [`WriteError::Content`] where samples and size do not agree, or a ratio or spacing is no positive number.
pub fn write(capture: &Capture, info: &SeriesInfo, made: &Made) -> Result<Vec<u8>, WriteError> {
    check(capture)?;
    let several = capture.frames > 1;
    let class = match (&capture.samples, several) {
        (_, false) => uids::SECONDARY_CAPTURE_IMAGE_STORAGE,
        (Samples::Grey8(_), true) => uids::MULTI_FRAME_GRAYSCALE_BYTE_SECONDARY_CAPTURE_IMAGE_STORAGE,
        (Samples::Grey16(_), true) => uids::MULTI_FRAME_GRAYSCALE_WORD_SECONDARY_CAPTURE_IMAGE_STORAGE,
        (Samples::Rgb(_), true) => uids::MULTI_FRAME_TRUE_COLOR_SECONDARY_CAPTURE_IMAGE_STORAGE,
    };
    let mut object = base(info, made, class, "OT", "capture")?;
    let conversion = match capture.conversion {
        Conversion::Workstation => "WSD",
        Conversion::Synthetic => "SYN",
        Conversion::Video => "DV",
        Conversion::Document => "SD",
    };
    let texts: [(Tag, VR, &str); 5] = [
        (tags::CONVERSION_TYPE, VR::CS, conversion),
        (tags::IMAGE_TYPE, VR::CS, "DERIVED\\SECONDARY"),
        (tags::BURNED_IN_ANNOTATION, VR::CS, if capture.burned_in { "YES" } else { "NO" }),
        (tags::PATIENT_ORIENTATION, VR::CS, ""),
        (tags::LOSSY_IMAGE_COMPRESSION, VR::CS, if capture.lossy.is_empty() { "00" } else { "01" }),
    ];
    for (tag, vr, text) in texts {
        put_text(&mut object, tag, vr, text);
    }
    lossy(&mut object, &capture.lossy);
    derived(&mut object, capture);
    if let Some(spacing) = capture.spacing_mm {
        put_text(&mut object, tags::PIXEL_SPACING, VR::DS, &decimals(&spacing));
        if !several {
            put_text(&mut object, tags::PIXEL_SPACING_CALIBRATION_TYPE, VR::CS, "GEOMETRY");
            let how = "Parallel view of a volume with known voxel size";
            put_text(&mut object, tags::PIXEL_SPACING_CALIBRATION_DESCRIPTION, VR::LO, how);
        }
    }
    if several {
        put_text(&mut object, tags::NUMBER_OF_FRAMES, VR::IS, &capture.frames.to_string());
        put_text(&mut object, tags::FRAME_TIME, VR::DS, &decimals(&[capture.frame_ms]));
        let pointer = PrimitiveValue::Tags([tags::FRAME_TIME].into_iter().collect());
        put(&mut object, tags::FRAME_INCREMENT_POINTER, VR::AT, pointer);
        if !matches!(capture.samples, Samples::Rgb(_)) {
            put_text(&mut object, tags::PRESENTATION_LUT_SHAPE, VR::CS, "IDENTITY");
            put_text(&mut object, tags::RESCALE_INTERCEPT, VR::DS, "0");
            put_text(&mut object, tags::RESCALE_SLOPE, VR::DS, "1");
            put_text(&mut object, tags::RESCALE_TYPE, VR::LO, "US");
        }
    }
    pixels(&mut object, capture);
    to_file(object)
}

fn check(capture: &Capture) -> Result<(), WriteError> {
    let [columns, rows] = capture.size.map(u64::from);
    let (length, samples) = match &capture.samples {
        Samples::Grey8(all) => (all.len(), 1),
        Samples::Grey16(all) => (all.len(), 1),
        Samples::Rgb(all) => (all.len(), 3),
    };
    let expected = columns * rows * samples * u64::from(capture.frames);
    if expected == 0 || expected != length as u64 {
        return Err(WriteError::Content("the samples are more or fewer than size and frames say"));
    }
    if expected * 2 > u64::from(u32::MAX - 1) {
        return Err(WriteError::Content("the pixels do not fit into one object; write fewer frames"));
    }
    let positive = |value: f64| value.is_finite() && value > 0.0;
    if capture.frames > 1 && !positive(capture.frame_ms) {
        return Err(WriteError::Content("several frames need the time between them"));
    }
    if !capture.lossy.iter().all(|(_, ratio)| positive(*ratio)) {
        return Err(WriteError::Content("a compression ratio is no positive number"));
    }
    if !capture.spacing_mm.iter().flatten().all(|mm| positive(*mm)) {
        return Err(WriteError::Content("the distance between pixels is no positive number"));
    }
    Ok(())
}

/// Ratio and method of each lossy step (PS3.3 C.7.6.1.1.5).
fn lossy(object: &mut InMemDicomObject, steps: &[(LossyMethod, f64)]) {
    if steps.is_empty() {
        return;
    }
    let ratios: Vec<f64> = steps.iter().map(|(_, ratio)| *ratio).collect();
    put_text(object, tags::LOSSY_IMAGE_COMPRESSION_RATIO, VR::DS, &decimals(&ratios));
    let methods = steps.iter().map(|(method, _)| match method {
        LossyMethod::Jpeg => "ISO_10918_1",
        LossyMethod::JpegLs => "ISO_14495_1",
        LossyMethod::Jpeg2000 => "ISO_15444_1",
        LossyMethod::H264 => "ISO_14496_10",
        LossyMethod::H265 => "ISO_23008_2",
    });
    let methods: Vec<&str> = methods.collect();
    put_text(object, tags::LOSSY_IMAGE_COMPRESSION_METHOD, VR::CS, &methods.join("\\"));
}

/// How and from what it was made (PS3.3 C.7.6.1, C.12.4).
fn derived(object: &mut InMemDicomObject, capture: &Capture) {
    let how = capture.derivation.expose();
    if !how.is_empty() {
        put_text(object, tags::DERIVATION_DESCRIPTION, VR::ST, &short(how, 1024));
    }
    if capture.sources.is_empty() {
        return;
    }
    let purpose = Code::dcm("121322", "Source image for image processing operation");
    let sources = capture.sources.iter().map(|image| {
        let mut item = reference(image);
        sequence(&mut item, tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, vec![purpose.item()]);
        item
    });
    sequence(object, tags::SOURCE_IMAGE_SEQUENCE, sources.collect());
}

/// Image Pixel module (PS3.3 C.7.6.3).
fn pixels(object: &mut InMemDicomObject, capture: &Capture) {
    let [columns, rows] = capture.size;
    let (samples, bits, photometric) = match capture.samples {
        Samples::Grey8(_) => (1_u16, 8_u16, "MONOCHROME2"),
        Samples::Grey16(_) => (1, 16, "MONOCHROME2"),
        Samples::Rgb(_) => (3, 8, "RGB"),
    };
    put_text(object, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, photometric);
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, samples),
        (tags::ROWS, rows),
        (tags::COLUMNS, columns),
        (tags::BITS_ALLOCATED, bits),
        (tags::BITS_STORED, bits),
        (tags::HIGH_BIT, bits - 1),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        put(object, tag, VR::US, PrimitiveValue::from(value));
    }
    if samples == 3 {
        put(object, tags::PLANAR_CONFIGURATION, VR::US, PrimitiveValue::from(0_u16));
    }
    match &capture.samples {
        Samples::Grey8(bytes) | Samples::Rgb(bytes) => {
            let mut bytes = bytes.clone();
            if bytes.len() % 2 == 1 {
                bytes.push(0);
            }
            put(object, tags::PIXEL_DATA, VR::OB, PrimitiveValue::from(bytes));
        }
        Samples::Grey16(words) => {
            put(object, tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(words.as_slice().into()));
        }
    }
}
