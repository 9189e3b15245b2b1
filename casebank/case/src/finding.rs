//! What a reader noticed about a volume.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

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
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
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
        }
    };
}

codes! {
    /// The gantry was tilted: slice positions run oblique to the slice normal.
    GantryTilt = "gantry_tilt",
    /// The distance between slices is not constant.
    VariableSpacing = "variable_spacing",
    /// Slices are missing in between.
    MissingSlice = "missing_slice",
    /// More than one slice at one position.
    DuplicateSlice = "duplicate_slice",
    /// Slice thickness exceeds the step between slices.
    OverlappingSlices = "overlapping_slices",
    /// Slices of different orientation in one series.
    MixedOrientation = "mixed_orientation",
    /// Slices of different rows or columns in one series.
    MixedSize = "mixed_size",
    /// More than one Frame of Reference UID in one series.
    MixedFrameOfReference = "mixed_frame_of_reference",
    /// The pixels were compressed with loss before they came here.
    LossySource = "lossy_source",
    /// No pixel spacing is stated: lengths are unknown.
    NoSpacing = "no_spacing",
    /// The spacing was estimated, not stated.
    EstimatedSpacing = "estimated_spacing",
    /// Padding values were met outside the reconstructed field.
    PaddingValue = "padding_value",
    /// Rescale slope or intercept differ between slices.
    PerSliceRescale = "per_slice_rescale",
    /// Instance numbers run against the slice normal.
    ReversedOrder = "reversed_order",
    /// A character set that is not known: names may be shown wrongly.
    UnknownCharset = "unknown_charset",
    /// A file ends too early.
    Truncated = "truncated",
    /// A localizer (scout) image.
    Localizer = "localizer",
    /// A secondary capture: a picture of a screen, not a measurement.
    SecondaryCapture = "secondary_capture",
    /// A segment from elsewhere reaches beyond the volume and was cut off there.
    SegmentOutside = "segment_outside",
    /// A segment from elsewhere lies on another voxel grid and was laid onto that of the volume.
    SegmentResampled = "segment_resampled",
    /// A contour was left out, or read in a way that has to be said.
    OddContour = "odd_contour",
    /// Contours lie between slices, or slices lie between contours.
    ContourSpacing = "contour_spacing",
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

/// One thing noticed while reading a volume.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Finding {
    /// What kind.
    pub code: FindingCode,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence for a clinician, naming the slices concerned. Never patient data.
    pub message: String,
}

impl Finding {
    /// A finding.
    pub fn new(code: FindingCode, severity: Severity, message: impl Into<String>) -> Self {
        Self { code, severity, message: message.into() }
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
             segment_outside segment_resampled odd_contour contour_spacing";
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
        assert!(Severity::Info < Severity::Warning && Severity::Warning < Severity::Severe);
    }
}
