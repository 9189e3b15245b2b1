//! What objects say about a segment beside its shape: name, code, who made it, colour.

use dicom_core::VR;
use dicom_core::value::PrimitiveValue;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::Code;
use crate::dataset::{put, put_text, sequence, text};

/// How a segment came about (Segment Algorithm Type, 0062,0008).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AlgorithmType {
    /// Calculated without a person.
    #[default]
    Automatic,
    /// Calculated with a person's help.
    SemiAutomatic,
    /// Drawn by a person.
    Manual,
}

impl AlgorithmType {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Automatic => "AUTOMATIC",
            Self::SemiAutomatic => "SEMIAUTOMATIC",
            Self::Manual => "MANUAL",
        }
    }

    pub(crate) fn of(text: &str) -> Self {
        match text {
            "MANUAL" => Self::Manual,
            "SEMIAUTOMATIC" => Self::SemiAutomatic,
            _ => Self::Automatic,
        }
    }
}

/// A segment's description (PS3.3 C.8.20.4).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentFacts {
    /// Segment Number (0062,0004), from 1.
    pub number: u16,
    /// Segment Label (0062,0005): the name people see.
    pub label: String,
    /// Who or what drew it.
    pub algorithm: AlgorithmType,
    /// Segment Algorithm Name (0062,0009); not used for what a person drew.
    pub algorithm_name: String,
    /// Segmented Property Category (0062,0003).
    pub category: Code,
    /// Segmented Property Type (0062,000F).
    pub kind: Code,
    /// Display colour, sRGB.
    pub colour: Option<[u8; 3]>,
}

impl SegmentFacts {
    /// Facts of a segment called `label`, with the codes that are known for such a name.
    #[must_use]
    pub fn named(number: u16, label: &str) -> Self {
        let (category, kind) = codes_of(label);
        Self { number, label: label.to_owned(), category, kind, ..Self::default() }
    }

    /// The attributes of the Segment Description macro (C.8.20.4).
    pub(crate) fn describe(&self, item: &mut InMemDicomObject) {
        sequence(item, tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE, vec![self.category.item()]);
        put(item, tags::SEGMENT_NUMBER, VR::US, PrimitiveValue::from(self.number));
        put_text(item, tags::SEGMENT_LABEL, VR::LO, &shortened(&self.label));
        put_text(item, tags::SEGMENT_ALGORITHM_TYPE, VR::CS, self.algorithm.as_str());
        if self.algorithm != AlgorithmType::Manual {
            let name = if self.algorithm_name.is_empty() { "unknown" } else { self.algorithm_name.as_str() };
            put_text(item, tags::SEGMENT_ALGORITHM_NAME, VR::LO, &shortened(name));
        }
        if let Some(colour) = self.colour {
            let lab = cielab(colour).to_vec();
            put(item, tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE, VR::US, PrimitiveValue::U16(lab.into()));
        }
        sequence(item, tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE, vec![self.kind.item()]);
    }

    /// Reads the Segment Description macro; `None` without a number.
    pub(crate) fn of(item: &InMemDicomObject) -> Option<Self> {
        Some(Self {
            number: item.get(tags::SEGMENT_NUMBER)?.to_int().ok()?,
            label: text(item, tags::SEGMENT_LABEL),
            algorithm: AlgorithmType::of(&text(item, tags::SEGMENT_ALGORITHM_TYPE)),
            algorithm_name: text(item, tags::SEGMENT_ALGORITHM_NAME),
            category: Code::of(item, tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE).unwrap_or_default(),
            kind: Code::of(item, tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE).unwrap_or_default(),
            colour: Self::of_colour(item),
        })
    }

    /// Recommended Display CIELab Value (0062,000D) as sRGB.
    pub(crate) fn of_colour(item: &InMemDicomObject) -> Option<[u8; 3]> {
        let lab = item.get(tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE)?.to_multi_int::<u16>().ok()?;
        <[u16; 3]>::try_from(lab).ok().map(srgb)
    }
}

/// At most 64 characters (VR `LO`), no backslash or control character.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && *c != '\\').take(64).collect()
}

/// Category and type for an English name (PS3.16 CID 7150, 7151, 7191, 7192); plain tissue where it is not known.
fn codes_of(label: &str) -> (Code, Code) {
    const TISSUES: &[(&str, &str, &str)] = &[
        ("artery", "51114001", "Artery"),
        ("bone", "272673000", "Bone"),
        ("cartilage", "309312004", "Cartilage"),
        ("nerve", "91728009", "Nerve"),
        ("skin", "39937001", "Skin"),
        ("vein", "29092000", "Vein"),
        ("vessel", "59820001", "Blood Vessel"),
    ];
    const ORGANS: &[(&str, &str, &str)] = &[
        ("aorta", "15825003", "Aorta"),
        ("brain", "12738006", "Brain"),
        ("esophagus", "32849002", "Esophagus"),
        ("femur", "71341001", "Femur"),
        ("gallbladder", "28231008", "Gallbladder"),
        ("heart", "80891009", "Heart"),
        ("kidney", "64033007", "Kidney"),
        ("liver", "10200004", "Liver"),
        ("lung", "39607008", "Lung"),
        ("mandible", "91609006", "Mandible"),
        ("pancreas", "15776009", "Pancreas"),
        ("prostate", "41216001", "Prostate"),
        ("rib", "113197003", "Rib"),
        ("skull", "89546000", "Skull"),
        ("spleen", "78961009", "Spleen"),
        ("stomach", "69695003", "Stomach"),
        ("tooth", "38199008", "Tooth"),
        ("trachea", "44567001", "Trachea"),
        ("vertebra", "51282000", "Vertebra"),
    ];
    let name = label.trim().to_lowercase();
    let find = |table: &[(&str, &str, &str)]| {
        table.iter().find(|(known, ..)| *known == name).map(|(_, value, meaning)| Code::sct(value, meaning))
    };
    let tissue = Code::sct("85756007", "Tissue");
    if let Some(organ) = find(ORGANS) {
        return (Code::sct("91723000", "Anatomical Structure"), organ);
    }
    match name.as_str() {
        "tumor" | "tumour" | "neoplasm" => {
            (Code::sct("49755003", "Morphologically Abnormal Structure"), Code::sct("108369006", "Neoplasm"))
        }
        _ => (tissue.clone(), find(TISSUES).unwrap_or(tissue)),
    }
}

/// White point of the profile connection space, CIE D50.
const D50: [f64; 3] = [0.964_22, 1.0, 0.825_21];
/// Linear sRGB (D65) to XYZ of D50, Bradford adapted.
const XYZ_FROM_RGB: [[f64; 3]; 3] = [
    [0.436_074_7, 0.385_064_9, 0.143_080_4],
    [0.222_504_5, 0.716_878_6, 0.060_616_9],
    [0.013_932_2, 0.097_104_5, 0.714_173_3],
];
/// The inverse of [`XYZ_FROM_RGB`].
const RGB_FROM_XYZ: [[f64; 3]; 3] = [
    [3.133_856_1, -1.616_866_7, -0.490_614_6],
    [-0.978_768_4, 1.916_141_5, 0.033_454_0],
    [0.071_945_3, -0.228_991_4, 1.405_242_7],
];

/// sRGB as the PCS values of PS3.3 C.10.7.1.1: L* of 0–100 and a*, b* of −128–127, each over 0–65535.
pub(crate) fn cielab(rgb: [u8; 3]) -> [u16; 3] {
    let linear = rgb.map(|c| {
        let c = f64::from(c) / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    });
    let f = |axis: usize| {
        let t = dot(XYZ_FROM_RGB[axis], linear) / D50[axis];
        if t > 216.0 / 24389.0 { t.cbrt() } else { (24389.0 / 27.0 * t + 16.0) / 116.0 }
    };
    let (x, y, z) = (f(0), f(1), f(2));
    let (l, a, b) = (116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z));
    [l / 100.0, (a + 128.0) / 255.0, (b + 128.0) / 255.0].map(|share| {
        #[expect(clippy::cast_possible_truncation, reason = "clamped to 16 bits")]
        let value = (share * 65535.0).round().clamp(0.0, 65535.0) as u16;
        value
    })
}

/// The sRGB colour nearest to PCS values.
pub(crate) fn srgb(lab: [u16; 3]) -> [u8; 3] {
    let [l, a, b] = lab.map(|v| f64::from(v) / 65535.0);
    let (l, a, b) = (l * 100.0, a * 255.0 - 128.0, b * 255.0 - 128.0);
    let y = (l + 16.0) / 116.0;
    let inverse = |t: f64| {
        let cubed = t * t * t;
        if cubed > 216.0 / 24389.0 { cubed } else { (116.0 * t - 16.0) * 27.0 / 24389.0 }
    };
    let xyz = [inverse(y + a / 500.0) * D50[0], inverse(y), inverse(y - b / 200.0) * D50[2]];
    RGB_FROM_XYZ.map(|row| {
        let c = dot(row, xyz).clamp(0.0, 1.0);
        let c = if c <= 0.003_130_8 { 12.92 * c } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 };
        #[expect(clippy::cast_possible_truncation, reason = "clamped to 8 bits")]
        let value = (c * 255.0).round().clamp(0.0, 255.0) as u8;
        value
    })
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_come_back_and_white_is_neutral() {
        for rgb in [[0, 0, 0], [255, 255, 255], [220, 20, 60], [1, 128, 254], [241, 214, 145], [0, 255, 0]] {
            assert_eq!(srgb(cielab(rgb)), rgb);
        }
        assert_eq!(cielab([0, 0, 0]), [0, 32896, 32896]);
        let white = cielab([255, 255, 255]);
        assert!(
            white[0] > 65500 && white[1].abs_diff(32896) < 20 && white[2].abs_diff(32896) < 20,
            "{white:?}"
        );
    }

    #[test]
    fn known_names_have_codes_and_others_are_tissue() {
        assert_eq!(SegmentFacts::named(1, "Bone").kind, Code::sct("272673000", "Bone"));
        assert_eq!(SegmentFacts::named(1, "liver").category, Code::sct("91723000", "Anatomical Structure"));
        assert_eq!(SegmentFacts::named(1, "thing").kind, Code::sct("85756007", "Tissue"));
    }
}
