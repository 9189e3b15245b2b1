//! What was seen and kept of an object, for the sheet of residual risks. Never a value of a patient.

use std::collections::BTreeMap;

use dicom_core::Tag;

use super::options::DeidOption;
use super::tree::{DataSet, value_of};

/// What remains in a de-identified object, and what went.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ObjectFacts {
    /// Modality (0008,0060).
    pub modality: String,
    /// SOP Class UID (0008,0016).
    pub sop_class_uid: String,
    /// Attributes that an option kept or cleaned: tag, name, option and how often.
    pub kept: BTreeMap<(Tag, DeidOption), (&'static str, u64)>,
    /// Private attributes removed.
    pub private_removed: u64,
    /// Private attributes kept.
    pub private_kept: u64,
    /// Attributes removed because the dictionary does not know them.
    pub unknown_removed: u64,
    /// What the pixels may show.
    pub pixels: PixelRisk,
    /// Whether an age above 89 years stays (0010,1010).
    pub age_above_89: bool,
}

/// What the pixels of an object may show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PixelRisk {
    /// Text burned in (0028,0301): said, denied, or likely of this modality or kind of object.
    pub burned_in: BurnedIn,
    /// A face that a rendering of CT, MR or PET slices restores.
    pub face: Face,
    /// Overlay bits hidden in the pixel values (60xx,0102).
    pub overlay_bits: bool,
    /// What the search for text in the pixels came to.
    pub text: PixelText,
}

/// What Clean Pixel Data did to an object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PixelText {
    /// The option was not chosen.
    #[default]
    NotAsked,
    /// There are no pixels.
    NoPixels,
    /// Computed pixels, such as segmentations and doses, stay as they are.
    NotLooked,
    /// No text was found.
    NothingFound,
    /// Text was found and blanked.
    Blanked {
        /// Boxes that do not overlap, over all frames.
        boxes: u64,
        /// Frames that changed.
        frames: u64,
        /// Pixels that are black now.
        pixels: u64,
        /// Pixels of all frames.
        total: u64,
    },
}

impl PixelText {
    /// Whether the option holds for the object: its pixels were looked at, or it has none.
    pub(super) const fn is_clean(self) -> bool {
        matches!(self, Self::NoPixels | Self::NothingFound | Self::Blanked { .. })
    }
}

/// Whether text may be burned into the pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum BurnedIn {
    /// There are no pixels.
    #[default]
    NoPixels,
    /// Said to have none, or of a modality that has none.
    Unlikely,
    /// Of a modality or kind that often has text, and not said to have none.
    Likely,
    /// Said to have some: Burned In Annotation (0028,0301) is YES.
    Said,
}

/// Whether slices may show a face.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Face {
    /// Another modality, or another body part.
    #[default]
    No,
    /// CT, MR or PET that does not say of which body part.
    Unsaid,
    /// CT, MR or PET of the head or the whole body.
    Yes,
}

impl ObjectFacts {
    /// What the original says of itself, before anything is removed.
    pub(super) fn of(set: &DataSet<'_>) -> Self {
        let text = |element| String::from_utf8_lossy(value_of(set, Tag(0x0008, element))).into_owned();
        let (modality, sop_class_uid) = (text(0x0060), text(0x0016));
        let is_code =
            |text: &str| text.len() <= 16 && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        let has_pixels = set.iter().any(|element| element.tag.0 == 0x7FE0);
        let pixels = PixelRisk {
            burned_in: burned_in(set, &modality, &sop_class_uid, has_pixels),
            face: face(set, &modality, has_pixels),
            overlay_bits: false,
            text: PixelText::NotAsked,
        };
        // What is no code is no modality, and is not repeated.
        let modality = if is_code(&modality) { modality } else { "?".to_owned() };
        Self { modality, sop_class_uid, pixels, ..Self::default() }
    }

    pub(super) fn keep(&mut self, tag: Tag, option: DeidOption, name: &'static str) {
        self.kept.entry((tag, option)).or_insert((name, 0)).1 += 1;
    }
}

fn burned_in(set: &DataSet<'_>, modality: &str, class: &str, has_pixels: bool) -> BurnedIn {
    if !has_pixels {
        return BurnedIn::NoPixels;
    }
    match value_of(set, Tag(0x0028, 0x0301)) {
        b"YES" => return BurnedIn::Said,
        b"NO" => return BurnedIn::Unlikely,
        _ => {}
    }
    // Screens, dose sheets and films, and modalities that write into their pictures (PS3.15 section E.3.1 note 1).
    let secondary = class.starts_with("1.2.840.10008.5.1.4.1.1.7");
    let image_type = value_of(set, Tag(0x0008, 0x0008));
    let holds = |word: &[u8]| image_type.windows(word.len()).any(|part| part == word);
    let screen = holds(b"SCREEN") || holds(b"DOSE");
    let writes = matches!(
        modality,
        "US" | "SC"
            | "OT"
            | "XA"
            | "RF"
            | "ES"
            | "XC"
            | "GM"
            | "OP"
            | "OPT"
            | "IVUS"
            | "DG"
            | "SD"
            | "SR"
            | "DOC"
    );
    if secondary || screen || writes { BurnedIn::Likely } else { BurnedIn::Unlikely }
}

/// Whether slices of this kind may show a face.
pub(super) fn face(set: &DataSet<'_>, modality: &str, has_pixels: bool) -> Face {
    if !has_pixels || !matches!(modality, "CT" | "MR" | "PT") {
        return Face::No;
    }
    let part = String::from_utf8_lossy(value_of(set, Tag(0x0018, 0x0015))).to_ascii_uppercase();
    let shows =
        ["HEAD", "BRAIN", "SKULL", "FACE", "NECK", "ORBIT", "EAR", "EYE", "NOSE", "SINUS", "JAW", "MANDIBLE"];
    if part.is_empty() {
        Face::Unsaid
    } else if shows.iter().any(|name| part.contains(name))
        || matches!(part.as_str(), "WHOLEBODY" | "PITUITARY")
    {
        Face::Yes
    } else {
        Face::No
    }
}
