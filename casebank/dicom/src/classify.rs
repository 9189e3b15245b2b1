//! What an object is: a slice to be read, or something else with a plain name.

mod chinese;

use casebank_case::Words;
use dicom_core::dictionary::UidDictionary as _;
use dicom_dictionary_std::{StandardSopClassDictionary, uids};

use crate::header::Header;
use crate::multiframe;
use crate::prescan::Prescan;

/// What a DICOMDIR is called.
pub(crate) const DIRECTORY: (&str, &str) = ("DICOMDIR (a table of contents)", "DICOMDIR（目录）");

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
    Other(Words),
}

/// Sorts an object that passed the guard.
pub(crate) fn classify(scan: &Prescan<'_>, header: &Header) -> Class {
    let class = header.sop_class.as_str();
    if class == uids::MEDIA_STORAGE_DIRECTORY_STORAGE {
        return other(DIRECTORY);
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
            (None, ..) => {
                let Words { en, zh } = name_of(class, &header.modality);
                other((format!("{en} without pixel data"), format!("{zh}，没有像素数据")))
            }
            (_, false, _) => {
                let Words { en, zh } = name_of(class, &header.modality);
                other((format!("{en} in colour"), format!("{zh}，彩色")))
            }
            (_, _, true) => Class::Localizer,
            _ => Class::Frames,
        };
    }
    if let Some(what) = known(class) {
        return other(what);
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
        return other((
            format!("{modality} object without pixel data"),
            format!("没有像素数据的 {modality} 对象"),
        ));
    }
    if header.image_type.iter().skip(2).any(|v| ["LOCALIZER", "SCOUT", "TOPOGRAM"].contains(&v.as_str())) {
        return Class::Localizer;
    }
    if !header.is_grey() {
        return other((
            format!("colour picture stored as {modality} image"),
            format!("存为 {modality} 图像的彩色图片"),
        ));
    }
    if header.format.frames != 1 {
        return other((
            format!("{modality} image with several frames that do not say where they lie"),
            format!("没有说明各帧位置的多帧 {modality} 图像"),
        ));
    }
    Class::Slice
}

fn other((en, zh): (impl Into<String>, impl Into<String>)) -> Class {
    Class::Other(Words::new(en, zh))
}

/// Plain words, English and Chinese, for what a surgeon meets beside images.
pub(crate) fn known(class: &str) -> Option<(&'static str, &'static str)> {
    Some(match class {
        uids::SEGMENTATION_STORAGE => ("segmentation (SEG)", "分割（SEG）"),
        uids::LABEL_MAP_SEGMENTATION_STORAGE => ("label map segmentation (SEG)", "标签图分割（SEG）"),
        uids::SURFACE_SEGMENTATION_STORAGE => ("surface segmentation", "表面分割"),
        uids::RT_STRUCTURE_SET_STORAGE => ("radiotherapy structure set (RTSTRUCT)", "放疗结构集（RTSTRUCT）"),
        uids::RT_PLAN_STORAGE => ("radiotherapy plan (RTPLAN)", "放疗计划（RTPLAN）"),
        uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE => ("key object selection (KOS)", "关键图像选择（KOS）"),
        uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE => {
            ("presentation state (GSPS)", "显示状态（GSPS）")
        }
        uids::BASIC_TEXT_SR_STORAGE
        | uids::ENHANCED_SR_STORAGE
        | uids::COMPREHENSIVE_SR_STORAGE
        | uids::COMPREHENSIVE3_DSR_STORAGE => ("structured report (SR)", "结构化报告（SR）"),
        uids::X_RAY_RADIATION_DOSE_SR_STORAGE => ("radiation dose report (SR)", "辐射剂量报告（SR）"),
        uids::ENCAPSULATED_PDF_STORAGE => ("encapsulated PDF", "封装的 PDF"),
        uids::ENCAPSULATED_CDA_STORAGE => ("encapsulated CDA document", "封装的 CDA 文档"),
        uids::ENCAPSULATED_STL_STORAGE => ("encapsulated STL surface", "封装的 STL 表面"),
        uids::ENCAPSULATED_OBJ_STORAGE => ("encapsulated OBJ surface", "封装的 OBJ 表面"),
        uids::ENCAPSULATED_MTL_STORAGE => ("encapsulated MTL materials", "封装的 MTL 材质"),
        uids::PARAMETRIC_MAP_STORAGE => ("parametric map", "参数图"),
        uids::REAL_WORLD_VALUE_MAPPING_STORAGE => ("real world value mapping", "真实世界值映射"),
        uids::SPATIAL_REGISTRATION_STORAGE => ("spatial registration", "空间配准"),
        uids::DEFORMABLE_SPATIAL_REGISTRATION_STORAGE => ("deformable spatial registration", "形变空间配准"),
        uids::SPATIAL_FIDUCIALS_STORAGE => ("spatial fiducials", "空间基准点"),
        uids::RAW_DATA_STORAGE => ("raw data of the scanner", "设备的原始数据"),
        _ => return None,
    })
}

/// The name of a SOP class, or its UID.
fn name_of(class: &str, modality: &str) -> Words {
    if let Some(entry) = StandardSopClassDictionary.by_uid(class) {
        let name = entry.name.trim_end_matches(" Storage");
        let zh = chinese::name(entry.alias).map_or_else(|| format!("DICOM 对象 {name}"), str::to_owned);
        return Words::new(name.to_lowercase(), zh);
    }
    let clean = |text: &str| -> String { text.chars().filter(char::is_ascii_graphic).take(64).collect() };
    match (class, modality) {
        ("", "") => Words::new("DICOM object of no stated kind", "没有说明种类的 DICOM 对象"),
        ("", modality) => {
            let modality = clean(modality);
            Words::new(
                format!("DICOM object of modality {modality}"),
                format!("设备类型 {modality} 的 DICOM 对象"),
            )
        }
        (class, _) => {
            let class = clean(class);
            Words::new(format!("DICOM object of class {class}"), format!("类别 {class} 的 DICOM 对象"))
        }
    }
}
