//! What an object is: a slice to be read, or something else with a plain name.

use dicom_core::dictionary::UidDictionary as _;
use dicom_dictionary_std::{StandardSopClassDictionary, uids};

use crate::header::Header;
use crate::multiframe;
use crate::prescan::Prescan;

/// What a DICOMDIR is called.
pub(crate) const DIRECTORY: &str = "DICOMDIR (a table of contents)";

/// What an object is taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A single-frame slice of a cross-sectional modality.
    Slice,
    /// Many frames that lie in the patient.
    Frames,
    /// A localizer, listed with a finding.
    Localizer,
    /// A secondary capture, listed with a finding.
    SecondaryCapture,
    /// Something that is not read as a volume; what, in plain words.
    Other(String),
}

/// Sorts an object that passed the guard.
pub(crate) fn classify(scan: &Prescan<'_>, header: &Header) -> Class {
    let class = header.sop_class.as_str();
    if class == uids::MEDIA_STORAGE_DIRECTORY_STORAGE {
        return Class::Other(DIRECTORY.to_owned());
    }
    let is_capture = class
        .strip_prefix(uids::SECONDARY_CAPTURE_IMAGE_STORAGE)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    if is_capture {
        return Class::SecondaryCapture;
    }
    if multiframe::places_frames(class, header) {
        let localizer = header.image_type.iter().skip(2).any(|value| value == "LOCALIZER");
        return match (&scan.pixels, header.is_grey(), localizer) {
            (None, ..) => Class::Other(format!("{} without pixel data", name_of(class, &header.modality))),
            (_, false, _) => Class::Other(format!("{} in colour", name_of(class, &header.modality))),
            (_, _, true) => Class::Localizer,
            _ => Class::Frames,
        };
    }
    if let Some(what) = known(class) {
        return Class::Other(what.to_owned());
    }
    let slice_class =
        [uids::CT_IMAGE_STORAGE, uids::MR_IMAGE_STORAGE, uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE]
            .contains(&class)
            || (class.is_empty() && ["CT", "MR", "PT"].contains(&header.modality.as_str()));
    if !slice_class {
        return Class::Other(name_of(class, &header.modality));
    }
    let modality = match class {
        uids::CT_IMAGE_STORAGE => "CT",
        uids::MR_IMAGE_STORAGE => "MR",
        uids::POSITRON_EMISSION_TOMOGRAPHY_IMAGE_STORAGE => "PET",
        _ => header.modality.as_str(),
    };
    if scan.pixels.is_none() {
        return Class::Other(format!("{modality} object without pixel data"));
    }
    if header.image_type.iter().skip(2).any(|v| ["LOCALIZER", "SCOUT", "TOPOGRAM"].contains(&v.as_str())) {
        return Class::Localizer;
    }
    if !header.is_grey() {
        return Class::Other(format!("colour picture stored as {modality} image"));
    }
    if header.format.frames != 1 {
        return Class::Other(format!("{modality} image with several frames that do not say where they lie"));
    }
    Class::Slice
}

/// Plain words for what a surgeon meets beside images.
pub(crate) fn known(class: &str) -> Option<&'static str> {
    Some(match class {
        uids::SEGMENTATION_STORAGE => "segmentation (SEG)",
        uids::LABEL_MAP_SEGMENTATION_STORAGE => "label map segmentation (SEG)",
        uids::SURFACE_SEGMENTATION_STORAGE => "surface segmentation",
        uids::RT_STRUCTURE_SET_STORAGE => "radiotherapy structure set (RTSTRUCT)",
        uids::RT_PLAN_STORAGE => "radiotherapy plan (RTPLAN)",
        uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE => "key object selection (KOS)",
        uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE => "presentation state (GSPS)",
        uids::BASIC_TEXT_SR_STORAGE
        | uids::ENHANCED_SR_STORAGE
        | uids::COMPREHENSIVE_SR_STORAGE
        | uids::COMPREHENSIVE3_DSR_STORAGE => "structured report (SR)",
        uids::X_RAY_RADIATION_DOSE_SR_STORAGE => "radiation dose report (SR)",
        uids::ENCAPSULATED_PDF_STORAGE => "encapsulated PDF",
        uids::ENCAPSULATED_CDA_STORAGE => "encapsulated CDA document",
        uids::ENCAPSULATED_STL_STORAGE => "encapsulated STL surface",
        uids::ENCAPSULATED_OBJ_STORAGE => "encapsulated OBJ surface",
        uids::ENCAPSULATED_MTL_STORAGE => "encapsulated MTL materials",
        uids::PARAMETRIC_MAP_STORAGE => "parametric map",
        uids::REAL_WORLD_VALUE_MAPPING_STORAGE => "real world value mapping",
        uids::SPATIAL_REGISTRATION_STORAGE => "spatial registration",
        uids::DEFORMABLE_SPATIAL_REGISTRATION_STORAGE => "deformable spatial registration",
        uids::SPATIAL_FIDUCIALS_STORAGE => "spatial fiducials",
        uids::RAW_DATA_STORAGE => "raw data of the scanner",
        _ => return None,
    })
}

/// The dictionary's name of a SOP class, or its UID.
fn name_of(class: &str, modality: &str) -> String {
    if let Some(entry) = StandardSopClassDictionary.by_uid(class) {
        return entry.name.trim_end_matches(" Storage").to_lowercase();
    }
    let clean = |text: &str| -> String { text.chars().filter(char::is_ascii_graphic).take(64).collect() };
    match (class, modality) {
        ("", "") => "DICOM object of no stated kind".to_owned(),
        ("", modality) => format!("DICOM object of modality {}", clean(modality)),
        (class, _) => format!("DICOM object of class {}", clean(class)),
    }
}
