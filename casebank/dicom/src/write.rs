//! Volumes back as CT or MR series, and what all written objects share.

use std::path::{Path, PathBuf};

use casebank_case::{PatientInfo, Phi, StudyInfo};
use dicom_core::value::PrimitiveValue;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;
use meshing_space::Point;
use meshing_volume::{Volume, Voxels};

use crate::dataset::{code, decimals, put, put_text, sequence, to_file};
use crate::objects::{SourceSeries, reference};
use crate::uid::uid_from_seed;

/// What a written series says beside its voxels. Empty texts are written as empty values.
#[derive(Clone, Debug, Default)]
pub struct SeriesInfo {
    /// All UIDs come from this text: the same seed gives the same files, byte for byte.
    pub seed: String,
    /// Whose.
    pub patient: Phi<PatientInfo>,
    /// Of which study; an empty UID is replaced by one from the seed. The date is `YYYYMMDD`.
    pub study: StudyInfo,
    /// Time of study and content, `HHMMSS`.
    pub time: String,
    /// Series Description (0008,103E).
    pub description: String,
    /// Series Number (0020,0011).
    pub number: u32,
    /// Body Part Examined (0018,0015), for example `HEAD`.
    pub body_part: String,
    /// Manufacturer (0008,0070).
    pub manufacturer: String,
}

impl SeriesInfo {
    /// Series Instance UID of what is written with this information.
    #[must_use]
    pub fn series_uid(&self) -> String {
        uid_from_seed(&self.seed, "series")
    }
    /// Study Instance UID of what is written with this information.
    #[must_use]
    pub fn study_uid(&self) -> String {
        if self.study.uid.is_empty() { uid_from_seed(&self.seed, "study") } else { self.study.uid.clone() }
    }
}

/// Why a series was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// Only CT and MR series are written.
    #[error("a volume of modality \"{0}\" cannot be written as a series; only CT and MR can")]
    Modality(String),
    /// Values that are not 16-bit integers would be changed by writing.
    #[error(
        "the volume holds values that 16-bit integers cannot hold exactly, so a series would change them"
    )]
    NotIntegers,
    /// Rows and columns must be perpendicular and at most 65,535 each; why, in English and Chinese.
    #[error("the grid cannot be written as slices: {0}")]
    Grid(&'static str, &'static str),
    /// The content is incomplete or contradicts itself, and would be misread.
    #[error("the object is not written: {0}")]
    Content(&'static str),
    /// The data set cannot be encoded.
    #[error("the data set cannot be encoded: {0}")]
    Encode(String),
    /// The file system refused.
    #[error("{path} cannot be written: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Writes a volume of 16-bit integers as a CT or MR series of single-frame Explicit VR Little Endian files
/// (PS3.3 A.3, A.4) into `dir`, which is made if it is not there; files in slice order. Reading them gives the same
/// voxels bit for bit where the axes are perpendicular and right-handed; a left-handed grid comes back with its slices
/// in the opposite order, a sheared one with the finding `gantry_tilt`.
///
/// # Errors
/// [`WriteError`]
pub fn write_series(volume: &Volume, info: &SeriesInfo, dir: &Path) -> Result<Vec<PathBuf>, WriteError> {
    write(volume, info, None, dir)
}

/// As [`write_series`], of a volume made from another series: each slice names the image that lay in its plane (Source
/// Image Sequence, C.7.6.1.1.4), and all say what was done (Derivation Description). The frame of reference is that of the
/// volume, so that what lay on the source lies on this.
///
/// # Errors
/// As [`write_series`].
pub fn write_derived_series(
    volume: &Volume,
    info: &SeriesInfo,
    source: &SourceSeries,
    derivation: &str,
    dir: &Path,
) -> Result<Vec<PathBuf>, WriteError> {
    write(volume, info, Some((source, derivation)), dir)
}

fn write(
    volume: &Volume,
    info: &SeriesInfo,
    source: Option<(&SourceSeries, &str)>,
    dir: &Path,
) -> Result<Vec<PathBuf>, WriteError> {
    let Voxels::I16(values) = volume.voxels() else { return Err(WriteError::NotIntegers) };
    let class = match volume.meta().modality.as_str() {
        "CT" => uids::CT_IMAGE_STORAGE,
        "MR" => uids::MR_IMAGE_STORAGE,
        other => return Err(WriteError::Modality(other.to_owned())),
    };
    let grid = volume.grid();
    let [columns, rows, slices] = grid.size();
    let (Ok(columns16), Ok(rows16)) = (u16::try_from(columns), u16::try_from(rows)) else {
        return Err(WriteError::Grid("more than 65,535 rows or columns", "行或列超过 65,535"));
    };
    let [i, j, _] = grid.direction();
    if i.dot(j).abs() > 1e-6 {
        return Err(WriteError::Grid("rows and columns are not perpendicular", "行与列不垂直"));
    }
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| WriteError::Io { path, source }
    };
    std::fs::create_dir_all(dir).map_err(io(dir))?;
    let mut common = common_elements(info, &volume.meta().modality);
    frame_of_reference(&mut common, info, &volume.meta().frame_of_reference);
    image_elements(&mut common, &volume.meta().modality, &volume.meta().unit);
    if info.body_part.is_empty() {
        // Of a body part that is not known, the side is not known either (C.7.3.1, type 2C).
        put_text(&mut common, tags::LATERALITY, VR::CS, "");
    }
    let [si, sj, sk] = grid.spacing_mm();
    put(&mut common, tags::ROWS, VR::US, PrimitiveValue::from(rows16));
    put(&mut common, tags::COLUMNS, VR::US, PrimitiveValue::from(columns16));
    put_text(&mut common, tags::PIXEL_SPACING, VR::DS, &decimals(&[sj, si]));
    put_text(&mut common, tags::SLICE_THICKNESS, VR::DS, &decimals(&[sk]));
    let orientation: Vec<f64> = i.to_array().into_iter().chain(j.to_array()).collect();
    put_text(&mut common, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, &decimals(&orientation));

    let mut paths = Vec::with_capacity(slices);
    for (k, slice) in values.chunks_exact(columns * rows).enumerate() {
        let mut object = common.clone();
        let position = grid.lps_from_ijk() * Point::new(0.0, 0.0, k as f64);
        put_text(&mut object, tags::SOP_CLASS_UID, VR::UI, class);
        put_text(
            &mut object,
            tags::SOP_INSTANCE_UID,
            VR::UI,
            &uid_from_seed(&info.seed, &format!("instance {k}")),
        );
        put_text(&mut object, tags::INSTANCE_NUMBER, VR::IS, &(k + 1).to_string());
        put_text(&mut object, tags::IMAGE_POSITION_PATIENT, VR::DS, &decimals(&position.to_array()));
        if let Some((source, derivation)) = source {
            put_text(&mut object, tags::DERIVATION_DESCRIPTION, VR::ST, derivation);
            if let Some(image) = source.image_at(grid, k) {
                let mut item = reference(image);
                let purpose = code("121322", "DCM", "Source image for image processing operation");
                sequence(&mut item, tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, vec![purpose]);
                sequence(&mut object, tags::SOURCE_IMAGE_SEQUENCE, vec![item]);
            }
        }
        let words = slice.iter().map(|v| v.cast_unsigned()).collect();
        put(&mut object, tags::PIXEL_DATA, VR::OW, PrimitiveValue::U16(words));
        let path = dir.join(format!("slice_{:05}.dcm", k + 1));
        std::fs::write(&path, to_file(object)?).map_err(io(&path))?;
        paths.push(path);
    }
    Ok(paths)
}

/// Patient, General Study, General Series and Equipment modules (PS3.3 C.7.1.1, C.7.2.1, C.7.3.1, C.7.5.1).
pub(crate) fn common_elements(info: &SeriesInfo, modality: &str) -> InMemDicomObject {
    let mut object = InMemDicomObject::new_empty();
    let (patient, study) = (info.patient.expose(), &info.study);
    let number = info.number.to_string();
    let (study_uid, series_uid) = (info.study_uid(), info.series_uid());
    let texts: [(Tag, VR, &str); 21] = [
        (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
        (tags::STUDY_DATE, VR::DA, study.date.expose()),
        (tags::CONTENT_DATE, VR::DA, study.date.expose()),
        (tags::STUDY_TIME, VR::TM, &info.time),
        (tags::CONTENT_TIME, VR::TM, &info.time),
        (tags::ACCESSION_NUMBER, VR::SH, study.accession.expose()),
        (tags::MODALITY, VR::CS, modality),
        (tags::MANUFACTURER, VR::LO, &info.manufacturer),
        (tags::REFERRING_PHYSICIAN_NAME, VR::PN, ""),
        (tags::STUDY_DESCRIPTION, VR::LO, study.description.expose()),
        (tags::SERIES_DESCRIPTION, VR::LO, &info.description),
        (tags::PATIENT_NAME, VR::PN, &patient.name),
        (tags::PATIENT_ID, VR::LO, &patient.id),
        (tags::PATIENT_BIRTH_DATE, VR::DA, &patient.birth_date),
        (tags::PATIENT_SEX, VR::CS, &patient.sex),
        (tags::STUDY_INSTANCE_UID, VR::UI, &study_uid),
        (tags::SERIES_INSTANCE_UID, VR::UI, &series_uid),
        (tags::STUDY_ID, VR::SH, ""),
        (tags::SERIES_NUMBER, VR::IS, &number),
        (tags::BODY_PART_EXAMINED, VR::CS, &info.body_part),
        (tags::POSITION_REFERENCE_INDICATOR, VR::LO, ""),
    ];
    for (tag, vr, text) in texts {
        put_text(&mut object, tag, vr, text);
    }
    for tag in [tags::BODY_PART_EXAMINED, tags::STUDY_DESCRIPTION, tags::SERIES_DESCRIPTION] {
        if object.get(tag).is_some_and(|e| e.value().multiplicity() == 0) {
            object.remove_element(tag);
        }
    }
    if study.date.expose().is_empty() {
        object.remove_element(tags::CONTENT_DATE);
        object.remove_element(tags::CONTENT_TIME);
    }
    object
}

/// Frame of Reference module (C.7.4.1); a UID from the seed where the source had none.
pub(crate) fn frame_of_reference(object: &mut InMemDicomObject, info: &SeriesInfo, uid: &str) {
    let made = uid_from_seed(&info.seed, "frame of reference");
    put_text(object, tags::FRAME_OF_REFERENCE_UID, VR::UI, if uid.is_empty() { &made } else { uid });
}

/// General Image, Image Pixel, CT Image and MR Image modules (C.7.6.1, C.7.6.3, C.8.2.1, C.8.3.1) as far as they are
/// the same for all slices.
fn image_elements(object: &mut InMemDicomObject, modality: &str, unit: &str) {
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1_u16),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 16),
        (tags::HIGH_BIT, 15),
        (tags::PIXEL_REPRESENTATION, 1),
    ] {
        put(object, tag, VR::US, PrimitiveValue::from(value));
    }
    put_text(object, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2");
    put_text(object, tags::PATIENT_POSITION, VR::CS, "");
    put_text(object, tags::ACQUISITION_NUMBER, VR::IS, "");
    let kind = if modality == "CT" { "DERIVED\\SECONDARY\\AXIAL" } else { "DERIVED\\SECONDARY\\OTHER" };
    put_text(object, tags::IMAGE_TYPE, VR::CS, kind);
    if modality == "CT" {
        put_text(object, tags::KVP, VR::DS, "");
        put_text(object, tags::RESCALE_INTERCEPT, VR::DS, "0");
        put_text(object, tags::RESCALE_SLOPE, VR::DS, "1");
        put_text(object, tags::RESCALE_TYPE, VR::LO, if unit.is_empty() { "US" } else { unit });
    } else {
        put_text(object, tags::SCANNING_SEQUENCE, VR::CS, "RM");
        put_text(object, tags::SEQUENCE_VARIANT, VR::CS, "NONE");
        for (tag, vr) in [
            (tags::SCAN_OPTIONS, VR::CS),
            (tags::MR_ACQUISITION_TYPE, VR::CS),
            (tags::REPETITION_TIME, VR::DS),
            (tags::ECHO_TIME, VR::DS),
            (tags::ECHO_TRAIN_LENGTH, VR::IS),
        ] {
            put_text(object, tag, vr, "");
        }
    }
}
