//! What a reader noticed about a volume.

use core::fmt;
use core::str::FromStr;
use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::{Language, Words};

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// May mislead; shown wherever the volume is shown.
    Warning,
    /// Measuring, printing and navigating are refused until a person accepts it with a reason.
    Severe,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal $chinese:literal,)*) => {
        /// What kind of finding. The texts are part of the outside contract and never renamed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum FindingCode {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl FindingCode {
            /// Every code, in the order of the contract.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable text of the code, snake case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// What it is called in Chinese.
            #[must_use]
            pub const fn chinese(self) -> &'static str {
                match self {
                    $(Self::$name => $chinese,)*
                }
            }
        }
    };
}

codes! {
    /// The gantry was tilted: slice positions run oblique to the slice normal.
    GantryTilt = "gantry_tilt" "机架倾斜",
    /// The distance between slices is not constant.
    VariableSpacing = "variable_spacing" "层距不均",
    /// Slices are missing in between.
    MissingSlice = "missing_slice" "缺少切片",
    /// More than one slice at one position.
    DuplicateSlice = "duplicate_slice" "重复切片",
    /// Slice thickness exceeds the step between slices.
    OverlappingSlices = "overlapping_slices" "切片重叠",
    /// Slices of different orientation in one series.
    MixedOrientation = "mixed_orientation" "方向混杂",
    /// Slices of different rows or columns in one series.
    MixedSize = "mixed_size" "图像尺寸混杂",
    /// More than one Frame of Reference UID in one series.
    MixedFrameOfReference = "mixed_frame_of_reference" "参考坐标系混杂",
    /// The pixels were compressed with loss before they came here.
    LossySource = "lossy_source" "有损压缩的原图",
    /// No pixel spacing is stated: lengths are unknown.
    NoSpacing = "no_spacing" "缺少像素间距",
    /// The spacing was estimated, not stated.
    EstimatedSpacing = "estimated_spacing" "估计的间距",
    /// Padding values were met outside the reconstructed field.
    PaddingValue = "padding_value" "填充值",
    /// Rescale slope or intercept differ between slices.
    PerSliceRescale = "per_slice_rescale" "各切片换算系数不同",
    /// Instance numbers run against the slice normal.
    ReversedOrder = "reversed_order" "切片顺序颠倒",
    /// A character set that is not known: names may be shown wrongly.
    UnknownCharset = "unknown_charset" "未知字符集",
    /// A file ends too early.
    Truncated = "truncated" "文件不完整",
    /// A localizer (scout) image.
    Localizer = "localizer" "定位像",
    /// A secondary capture: a picture of a screen, not a measurement.
    SecondaryCapture = "secondary_capture" "二次捕获图像",
    /// The source does not say how the grid lies in the patient: sides and positions are guesses.
    UnknownOrientation = "unknown_orientation" "方向未知",
    /// The source states geometry twice, and differently.
    ConflictingGeometry = "conflicting_geometry" "两个坐标不同",
    /// The source states no unit of its values; one was taken because of the modality.
    AssumedUnit = "assumed_unit" "估计的数值类型",
    /// The source states no modality, and nobody named one.
    UnknownModality = "unknown_modality" "设备类型未知",
    /// The values are not digit for digit those of the source.
    ChangedValues = "changed_values" "数值已改变",
    /// The source names no patient.
    NoPatient = "no_patient" "没有患者",
    /// A segment from elsewhere reaches beyond the volume and was cut off there.
    SegmentOutside = "segment_outside" "分割超出体数据范围",
    /// A segment from elsewhere lies on another voxel grid and was laid onto that of the volume.
    SegmentResampled = "segment_resampled" "分割来自其他体素网格",
    /// A contour was left out, or read in a way that has to be said.
    OddContour = "odd_contour" "轮廓异常",
    /// Contours lie between slices, or slices lie between contours.
    ContourSpacing = "contour_spacing" "轮廓不在层面上",
    /// The values of a PET cannot be turned into standardised uptake values.
    NoSuv = "no_suv" "没有标准摄取值",
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no finding code.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[error("no finding has this code; the codes are: {}", FindingCode::ALL.iter().map(|c| c.as_str()).collect::<Vec<_>>().join(" "))]
pub struct UnknownFindingCode;

impl FromStr for FindingCode {
    type Err = UnknownFindingCode;

    fn from_str(text: &str) -> Result<Self, UnknownFindingCode> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or(UnknownFindingCode)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Severe => "severe",
        })
    }
}

impl Severity {
    /// What it is called in a language.
    #[must_use]
    pub const fn in_language(self, language: Language) -> &'static str {
        match (language, self) {
            (Language::English, Self::Info) => "info",
            (Language::English, Self::Warning) => "warning",
            (Language::English, Self::Severe) => "severe",
            (Language::Chinese, Self::Info) => "提示",
            (Language::Chinese, Self::Warning) => "警告",
            (Language::Chinese, Self::Severe) => "严重",
        }
    }
}

/// One thing noticed while reading a volume.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// What kind.
    pub code: FindingCode,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence for a clinician, naming the slices concerned. Never patient data.
    pub message: String,
    /// The same in Chinese; empty in findings of older programs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message_zh: String,
}

impl Finding {
    /// A finding.
    pub fn new(code: FindingCode, severity: Severity, message: impl Into<Words>) -> Self {
        let Words { en, zh } = message.into();
        Self { code, severity, message: en, message_zh: zh }
    }

    /// The sentence in a language. Where there is no Chinese one, the name of the code stands before the English.
    #[must_use]
    pub fn in_language(&self, language: Language) -> Cow<'_, str> {
        match (language, self.message_zh.as_str()) {
            (Language::English, _) => Cow::Borrowed(&self.message),
            (Language::Chinese, "") => Cow::Owned(format!("{}：{}", self.code.chinese(), self.message)),
            (Language::Chinese, zh) => Cow::Borrowed(zh),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_contract() {
        let contract = "gantry_tilt variable_spacing missing_slice duplicate_slice overlapping_slices \
             mixed_orientation mixed_size mixed_frame_of_reference lossy_source no_spacing estimated_spacing \
             padding_value per_slice_rescale reversed_order unknown_charset truncated localizer secondary_capture \
             unknown_orientation conflicting_geometry assumed_unit unknown_modality changed_values no_patient \
             segment_outside segment_resampled odd_contour contour_spacing no_suv";
        let contract: Vec<&str> = contract.split_whitespace().collect();
        assert_eq!(FindingCode::ALL.iter().map(|code| code.as_str()).collect::<Vec<_>>(), contract);
        for code in FindingCode::ALL {
            assert_eq!(serde_json::to_string(code).unwrap(), format!("\"{code}\""));
            assert_eq!(code.as_str().parse::<FindingCode>().unwrap(), *code);
        }
        assert!("gantry".parse::<FindingCode>().is_err());
    }

    #[test]
    fn a_finding_has_the_contract_fields() {
        let finding = Finding::new(FindingCode::MissingSlice, Severity::Severe, "between 12 and 14");
        let json = serde_json::to_string(&finding).unwrap();
        assert_eq!(json, r#"{"code":"missing_slice","severity":"severe","message":"between 12 and 14"}"#);
        assert_eq!(finding.in_language(Language::Chinese), "缺少切片：between 12 and 14");
        let words = Words::new("between 12 and 14", "12 与 14 之间");
        let finding = Finding::new(FindingCode::MissingSlice, Severity::Severe, words);
        assert_eq!(finding.in_language(Language::Chinese), "12 与 14 之间");
        let json = serde_json::to_string(&finding).unwrap();
        assert!(json.ends_with(r#""message":"between 12 and 14","message_zh":"12 与 14 之间"}"#), "{json}");
        assert!(Severity::Info < Severity::Warning && Severity::Warning < Severity::Severe);
    }
}
