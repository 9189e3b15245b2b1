//! The attributes of one object that reading needs.
//!
//! The parser of dicom-object is given only flat, small, top-level elements whose lengths [`crate::prescan`] has checked.

use std::borrow::Cow;
use std::sync::Arc;

use casebank_case::{PatientInfo, PersonName, Phi, StudyInfo, Words};
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::prescan::walk::{dictionary_vr, is_long, number_bytes};
use crate::prescan::{Prescan, TopElement};
use crate::suv;
use crate::text::{TextProblem, parse_telling};

/// Longest value that is parsed; nothing that reading needs is longer.
const VALUE_BYTES: usize = 16 << 10;

/// How samples are stored (PS3.3 C.7.6.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SampleFormat {
    pub(crate) rows: u16,
    pub(crate) columns: u16,
    pub(crate) frames: u32,
    pub(crate) samples: u16,
    pub(crate) bits_allocated: u16,
    pub(crate) bits_stored: u16,
    pub(crate) high_bit: u16,
    pub(crate) signed: bool,
    pub(crate) photometric: String,
}

/// One object's attributes, as far as they were there and made sense.
#[derive(Clone, Debug, Default)]
pub(crate) struct Header {
    pub(crate) sop_class: String,
    pub(crate) sop_instance: String,
    pub(crate) modality: String,
    pub(crate) image_type: Vec<String>,
    pub(crate) series_uid: String,
    pub(crate) frame_of_reference: String,
    pub(crate) series_description: Phi<String>,
    pub(crate) series_number: Option<i64>,
    pub(crate) instance_number: Option<i64>,
    /// Frame of a multi-frame object, from 1.
    pub(crate) frame: Option<u32>,
    /// Attributes that tell volumes of one series at the same place apart, in the order of [`PHASES`].
    pub(crate) phase: [String; PHASES.len()],
    /// Centre of the first voxel, LPS mm.
    pub(crate) position: Option<[f64; 3]>,
    pub(crate) orientation: Option<[f64; 6]>,
    /// The place is in a frame of the transducer, and how that lies in the patient is not said.
    pub(crate) beside_patient: bool,
    /// Between rows, between columns.
    pub(crate) pixel_spacing: Option<[f64; 2]>,
    pub(crate) imager_spacing: Option<[f64; 2]>,
    pub(crate) slice_thickness: Option<f64>,
    pub(crate) format: SampleFormat,
    pub(crate) slope: f64,
    pub(crate) intercept: f64,
    pub(crate) rescale_broken: bool,
    pub(crate) rescale_type: String,
    pub(crate) units: String,
    pub(crate) padding: Option<i64>,
    pub(crate) lossy: bool,
    pub(crate) text_problem: Option<TextProblem>,
    /// Of PET images, what says how much of the dose a value stands for.
    pub(crate) pet: Option<Arc<suv::Facts>>,
    pub(crate) patient: Phi<PatientInfo>,
    pub(crate) study: StudyInfo,
}

/// What tells volumes of one series at the same place apart, most telling first.
pub(crate) const PHASES: [&str; 8] = [
    "temporal position",
    "acquisition",
    "echo time",
    "trigger time",
    "b-value",
    "gradient",
    "image type",
    "dimension index",
];

/// Tags whose values are read; the rest of the object is never parsed.
const WANTED: &[Tag] = &[
    tags::SPECIFIC_CHARACTER_SET,
    tags::IMAGE_TYPE,
    tags::SOP_CLASS_UID,
    tags::SOP_INSTANCE_UID,
    tags::STUDY_DATE,
    tags::ACCESSION_NUMBER,
    tags::MODALITY,
    tags::STUDY_DESCRIPTION,
    tags::SERIES_DESCRIPTION,
    tags::PATIENT_NAME,
    tags::PATIENT_ID,
    tags::PATIENT_BIRTH_DATE,
    tags::PATIENT_SEX,
    tags::SLICE_THICKNESS,
    tags::ECHO_TIME,
    tags::TRIGGER_TIME,
    tags::DIFFUSION_B_VALUE,
    tags::DIFFUSION_GRADIENT_ORIENTATION,
    tags::TEMPORAL_POSITION_INDEX,
    tags::IMAGER_PIXEL_SPACING,
    tags::STUDY_INSTANCE_UID,
    tags::SERIES_INSTANCE_UID,
    tags::SERIES_NUMBER,
    tags::ACQUISITION_NUMBER,
    tags::INSTANCE_NUMBER,
    tags::IMAGE_POSITION_PATIENT,
    tags::IMAGE_ORIENTATION_PATIENT,
    tags::FRAME_OF_REFERENCE_UID,
    tags::TEMPORAL_POSITION_IDENTIFIER,
    tags::SAMPLES_PER_PIXEL,
    tags::PHOTOMETRIC_INTERPRETATION,
    tags::NUMBER_OF_FRAMES,
    tags::ROWS,
    tags::COLUMNS,
    tags::PIXEL_SPACING,
    tags::BITS_ALLOCATED,
    tags::BITS_STORED,
    tags::HIGH_BIT,
    tags::PIXEL_REPRESENTATION,
    tags::PIXEL_PADDING_VALUE,
    tags::RESCALE_INTERCEPT,
    tags::RESCALE_SLOPE,
    tags::RESCALE_TYPE,
    tags::LOSSY_IMAGE_COMPRESSION,
    tags::UNITS,
];

impl Header {
    /// Parses the wanted top-level elements of a scanned object.
    pub(crate) fn of(scan: &Prescan<'_>) -> Self {
        let values = Values::parse(scan);
        let ints = |tag| values.int(tag);
        let small = |tag| ints(tag).and_then(|v| u16::try_from(v).ok());
        let format = SampleFormat {
            rows: small(tags::ROWS).unwrap_or(0),
            columns: small(tags::COLUMNS).unwrap_or(0),
            frames: ints(tags::NUMBER_OF_FRAMES).map_or(1, |n| u32::try_from(n).unwrap_or(u32::MAX)),
            samples: small(tags::SAMPLES_PER_PIXEL).unwrap_or(1),
            bits_allocated: small(tags::BITS_ALLOCATED).unwrap_or(0),
            bits_stored: small(tags::BITS_STORED).or_else(|| small(tags::BITS_ALLOCATED)).unwrap_or(0),
            high_bit: small(tags::HIGH_BIT)
                .or_else(|| small(tags::BITS_STORED).map(|bits| bits.saturating_sub(1)))
                .unwrap_or(0),
            signed: ints(tags::PIXEL_REPRESENTATION) == Some(1),
            photometric: values.text(tags::PHOTOMETRIC_INTERPRETATION),
        };
        let rescale = |tag, default| {
            if values.has(tag) {
                values.float(tag).map_or((default, true), |v| (v, false))
            } else {
                (default, false)
            }
        };
        let (slope, slope_broken) = rescale(tags::RESCALE_SLOPE, 1.0);
        let (intercept, intercept_broken) = rescale(tags::RESCALE_INTERCEPT, 0.0);
        let mut sop_class = values.text(tags::SOP_CLASS_UID);
        if sop_class.is_empty() {
            sop_class.clone_from(&scan.media_class);
        }
        Self {
            sop_class,
            sop_instance: values.text(tags::SOP_INSTANCE_UID),
            modality: values.text(tags::MODALITY),
            image_type: values.text(tags::IMAGE_TYPE).split('\\').map(|v| v.trim().to_owned()).collect(),
            series_uid: values.text(tags::SERIES_INSTANCE_UID),
            frame_of_reference: values.text(tags::FRAME_OF_REFERENCE_UID),
            series_description: Phi::new(values.text(tags::SERIES_DESCRIPTION)),
            series_number: ints(tags::SERIES_NUMBER),
            instance_number: ints(tags::INSTANCE_NUMBER),
            frame: None,
            phase: [
                tags::TEMPORAL_POSITION_IDENTIFIER,
                tags::ACQUISITION_NUMBER,
                tags::ECHO_TIME,
                tags::TRIGGER_TIME,
                tags::DIFFUSION_B_VALUE,
                tags::DIFFUSION_GRADIENT_ORIENTATION,
                tags::IMAGE_TYPE,
                tags::TEMPORAL_POSITION_INDEX,
            ]
            .map(|tag| values.text(tag)),
            position: values.floats(tags::IMAGE_POSITION_PATIENT),
            orientation: values.floats(tags::IMAGE_ORIENTATION_PATIENT),
            beside_patient: false,
            pixel_spacing: values.floats(tags::PIXEL_SPACING).filter(positive),
            imager_spacing: values.floats(tags::IMAGER_PIXEL_SPACING).filter(positive),
            slice_thickness: values.float(tags::SLICE_THICKNESS).filter(|&mm| mm > 0.0),
            format,
            slope,
            intercept,
            rescale_broken: slope_broken || intercept_broken || slope == 0.0,
            rescale_type: values.text(tags::RESCALE_TYPE),
            units: values.text(tags::UNITS),
            padding: ints(tags::PIXEL_PADDING_VALUE),
            lossy: values.text(tags::LOSSY_IMAGE_COMPRESSION) == "01",
            text_problem: values.problem.clone(),
            pet: (values.text(tags::MODALITY) == "PT").then(|| Arc::new(suv::Facts::of(scan))),
            patient: Phi::new(PatientInfo {
                name: PersonName::parse(&values.text(tags::PATIENT_NAME)).to_dicom(),
                id: values.text(tags::PATIENT_ID),
                birth_date: values.text(tags::PATIENT_BIRTH_DATE),
                sex: values.text(tags::PATIENT_SEX),
            }),
            study: StudyInfo {
                uid: values.text(tags::STUDY_INSTANCE_UID),
                date: Phi::new(values.text(tags::STUDY_DATE)),
                description: Phi::new(values.text(tags::STUDY_DESCRIPTION)),
                accession: Phi::new(values.text(tags::ACCESSION_NUMBER)),
            },
        }
    }

    /// Whether pixels are one grey value each.
    pub(crate) fn is_grey(&self) -> bool {
        let photometric = self.format.photometric.as_str();
        self.format.samples == 1 && ["MONOCHROME1", "MONOCHROME2", ""].contains(&photometric)
    }

    /// How a message names this slice: its instance number, and its frame where an object has many.
    pub(crate) fn name(&self) -> Words {
        let instance = self.instance_number.map_or_else(
            || Words::new("a slice without instance number", "没有实例号的切片"),
            |n| Words::new(format!("instance {n}"), format!("实例 {n}")),
        );
        match self.frame {
            Some(frame) => {
                Words::new(format!("frame {frame} of {instance}"), format!("{}的第 {frame} 帧", instance.zh))
            }
            None => instance,
        }
    }

    /// Where this slice comes in the order that the sender gave.
    pub(crate) fn number(&self) -> Option<i64> {
        self.frame.map(i64::from).or(self.instance_number)
    }
}

fn positive(mm: &[f64; 2]) -> bool {
    mm.iter().all(|&v| v > 1e-6 && v < 1e4)
}

/// Parsed flat elements.
struct Values {
    object: InMemDicomObject,
    problem: Option<TextProblem>,
}

impl Values {
    fn parse(scan: &Prescan<'_>) -> Self {
        let parts: Vec<Vec<u8>> =
            scan.top.iter().filter(|e| WANTED.contains(&e.tag)).filter_map(|e| encode(scan, e)).collect();
        if let Some((object, problem)) = parse_telling(scan, &parts.concat()) {
            return Self { object, problem };
        }
        // One bad value must not take the others along: parse each on its own, after the character set.
        let charset = parts.first().filter(|part| is_charset(scan, part)).cloned().unwrap_or_default();
        let mut all = Self { object: InMemDicomObject::new_empty(), problem: None };
        for part in &parts {
            let alone = parse_telling(scan, &[charset.as_slice(), part.as_slice()].concat());
            let Some((object, problem)) = alone else { continue };
            all.problem = all.problem.or(problem);
            for element in object {
                all.object.put(element);
            }
        }
        all
    }

    fn has(&self, tag: Tag) -> bool {
        self.object.get(tag).is_some_and(|e| e.value().multiplicity() > 0 && !self.text(tag).is_empty())
    }

    /// The value as text without padding; several values are separated by a backslash.
    fn text(&self, tag: Tag) -> String {
        let value =
            self.object.get(tag).and_then(|element| element.to_str().ok()).unwrap_or(Cow::Borrowed(""));
        value.trim_matches(['\0', ' ']).to_owned()
    }

    fn int(&self, tag: Tag) -> Option<i64> {
        let element = self.object.get(tag)?;
        element.value().to_int::<i64>().ok().or_else(|| {
            let value = self.float(tag).filter(|v| v.fract() == 0.0 && v.abs() < 1e15)?;
            #[expect(clippy::cast_possible_truncation, reason = "a whole number below 1e15")]
            let whole = value as i64;
            Some(whole)
        })
    }

    /// The first value; `None` where it is missing, not a number or not finite.
    fn float(&self, tag: Tag) -> Option<f64> {
        let text = self.text(tag);
        text.split('\\').next()?.trim().parse().ok().filter(|v: &f64| v.is_finite())
    }

    /// Exactly `N` finite numbers.
    fn floats<const N: usize>(&self, tag: Tag) -> Option<[f64; N]> {
        let text = self.text(tag);
        let values: Option<Vec<f64>> =
            text.split('\\').map(|v| v.trim().parse().ok().filter(|v: &f64| v.is_finite())).collect();
        values?.try_into().ok()
    }
}

fn is_charset(scan: &Prescan<'_>, part: &[u8]) -> bool {
    part.get(..4) == Some(if scan.encoding.big_endian { &[0, 8, 0, 5] } else { &[8, 0, 5, 0] })
}

/// Parses elements in the encoding of `scan`, with all text decoded. Only bytes that the guard has passed come here.
pub(crate) fn parse(scan: &Prescan<'_>, flat: &[u8]) -> Option<InMemDicomObject> {
    parse_telling(scan, flat).map(|(object, _)| object)
}

/// Writes one element again with a head that is certain: the dictionary's value representation stands in for `UN` and
/// for heads without one.
pub(crate) fn encode(scan: &Prescan<'_>, element: &TopElement) -> Option<Vec<u8>> {
    let value = scan.data.get(element.value.clone()).filter(|v| v.len() <= VALUE_BYTES)?;
    let big = scan.encoding.big_endian;
    let short = |v: u16| if big { v.to_be_bytes() } else { v.to_le_bytes() };
    let mut out = Vec::with_capacity(value.len() + 8);
    out.extend(short(element.tag.0));
    out.extend(short(element.tag.1));
    let written = element.vr.filter(|vr| vr != b"UN" && VR::from_binary(*vr).is_some());
    let vr = written.or_else(|| dictionary_vr(element.tag));
    // The parser takes whole numbers only, and would stray from the next element.
    if vr.is_some_and(|vr| !value.len().is_multiple_of(number_bytes(vr) as usize)) {
        return None;
    }
    if scan.encoding.explicit {
        // Nothing that is read has a long length, which the head written here cannot hold.
        let vr = vr.filter(|vr| !is_long(*vr))?;
        out.extend(vr);
        out.extend(short(u16::try_from(value.len()).ok()?));
    } else {
        out.extend(u32::try_from(value.len()).ok()?.to_le_bytes());
    }
    out.extend(value);
    Some(out)
}
