//! Concepts of measurement reports (PS3.16), with the older SNOMED codes that are still written.

use crate::objects::{Code, Side};

macro_rules! concepts {
    ($($name:ident = $value:literal $scheme:literal $meaning:literal;)*) => {$(
        pub(super) fn $name() -> Code {
            Code::new($value, $scheme, $meaning)
        }
    )*};
}

concepts! {
    report = "126000" "DCM" "Imaging Measurement Report";
    language = "121049" "DCM" "Language of Content Item and Descendants";
    english = "en" "RFC5646" "English";
    observer_type = "121005" "DCM" "Observer Type";
    person = "121006" "DCM" "Person";
    device = "121007" "DCM" "Device";
    person_name = "121008" "DCM" "Person Observer Name";
    device_uid = "121012" "DCM" "Device Observer UID";
    device_name = "121013" "DCM" "Device Observer Name";
    device_manufacturer = "121014" "DCM" "Device Observer Manufacturer";
    device_model = "121015" "DCM" "Device Observer Model Name";
    device_serial = "121016" "DCM" "Device Observer Serial Number";
    procedure = "121058" "DCM" "Procedure reported";
    library = "111028" "DCM" "Image Library";
    library_group = "126200" "DCM" "Image Library Group";
    modality = "121139" "DCM" "Modality";
    study_date = "111060" "DCM" "Study Date";
    frame_of_reference = "112227" "DCM" "Frame of Reference UID";
    measurements = "126010" "DCM" "Imaging Measurements";
    group = "125007" "DCM" "Measurement Group";
    tracking_id = "112039" "DCM" "Tracking Identifier";
    tracking_uid = "112040" "DCM" "Tracking Unique Identifier";
    category = "276214006" "SCT" "Finding category";
    finding = "121071" "DCM" "Finding";
    site = "363698007" "SCT" "Finding Site";
    laterality = "272741003" "SCT" "Laterality";
    method = "370129005" "SCT" "Measurement Method";
    derivation = "121401" "DCM" "Derivation";
    image_region = "111030" "DCM" "Image Region";
    volume_surface = "121231" "DCM" "Volume Surface";
    segment = "121191" "DCM" "Referenced Segment";
    segment_frame = "121214" "DCM" "Referenced Segmentation Frame";
    source_image = "121233" "DCM" "Source image for segmentation";
    source_series = "121232" "DCM" "Source series for segmentation";
    source = "260753009" "SCT" "Source";
}

/// Concepts whose codes changed: SRT or DCM before, SCT now (PS3.16 annex on retired codes).
const RENAMED: &[(&str, &str)] = &[
    ("G-C0E3", "363698007"),
    ("G-C171", "272741003"),
    ("G-C036", "370129005"),
    ("R-00317", "373098007"),
    ("R-10047", "386136009"),
    ("R-404FB", "255605001"),
    ("G-A437", "56851009"),
    ("G-D705", "118565006"),
    ("G-D7FE", "410668003"),
    ("G-A166", "42798000"),
    ("G-A100", "24028007"),
    ("G-A101", "7771000"),
    ("G-A102", "51440002"),
    ("G-A103", "66459002"),
    ("M-01000", "49755003"),
];

/// The same concept under its present code.
pub(super) fn current(mut code: Code) -> Code {
    if matches!(code.scheme.as_str(), "SRT" | "SNM3" | "99SDM")
        && let Some((_, now)) = RENAMED.iter().find(|(old, _)| *old == code.value)
    {
        (*now).clone_into(&mut code.value);
        "SCT".clone_into(&mut code.scheme);
    }
    code
}

impl Side {
    pub(super) fn code(self) -> Code {
        match self {
            Self::Left => Code::sct("7771000", "Left"),
            Self::Right => Code::sct("24028007", "Right"),
            Self::Both => Code::sct("51440002", "Right and left"),
        }
    }

    /// The side that a present code (PS3.16 CID 244) means.
    pub(super) fn of(code: &Code) -> Option<Self> {
        [Self::Left, Self::Right, Self::Both].into_iter().find(|side| side.code().is(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retired_codes_mean_the_same() {
        assert!(current(Code::new("G-C171", "SRT", "Laterality")).is(&laterality()));
        assert_eq!(Side::of(&current(Code::new("G-A101", "SRT", "Left"))), Some(Side::Left));
        assert_eq!(Side::of(&current(Code::new("G-A100", "SRT", "Right"))), Some(Side::Right));
        assert_eq!(Side::of(&Code::new("7771000", "99X", "Left")), None, "another scheme is another concept");
        assert_eq!(current(Code::dcm("121071", "Finding")), finding());
    }
}
