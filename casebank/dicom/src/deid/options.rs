//! The options of the profile (PS3.15 section E.3) and their codes (PS3.16 CID 7050).

use std::fmt;
use std::str::FromStr;

/// What may be kept, or is cleaned instead of removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeidOption {
    /// Private attributes of the standard's list stay.
    RetainSafePrivate,
    /// UIDs stay as they are.
    RetainUids,
    /// What identifies the device stays.
    RetainDeviceIdentity,
    /// What identifies the institution stays.
    RetainInstitutionIdentity,
    /// Age, sex, size, weight and the like stay.
    RetainPatientCharacteristics,
    /// Dates and times stay as they are.
    RetainFullDates,
    /// Dates and times are moved, for each patient by one secret span, so that intervals stay.
    RetainModifiedDates,
    /// Descriptions stay as far as their words are known to be harmless.
    CleanDescriptors,
    /// The content of structured reports stays, cleaned item by item.
    CleanStructuredContent,
    /// Graphic annotations and region overlays stay, their text does not.
    CleanGraphics,
    /// Text burned into the pixels is looked for and blanked.
    CleanPixelData,
    /// Faces are removed from CT and MR of the head; a head whose face cannot be removed is refused.
    CleanRecognizableVisualFeatures,
}

impl DeidOption {
    /// All of them: those of table E.1-1 in its order, then those that no attribute is named for.
    pub const ALL: [Self; 12] = [
        Self::RetainSafePrivate,
        Self::RetainUids,
        Self::RetainDeviceIdentity,
        Self::RetainInstitutionIdentity,
        Self::RetainPatientCharacteristics,
        Self::RetainFullDates,
        Self::RetainModifiedDates,
        Self::CleanDescriptors,
        Self::CleanStructuredContent,
        Self::CleanGraphics,
        Self::CleanPixelData,
        Self::CleanRecognizableVisualFeatures,
    ];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RetainSafePrivate => "retain-safe-private",
            Self::RetainUids => "retain-uids",
            Self::RetainDeviceIdentity => "retain-device-identity",
            Self::RetainInstitutionIdentity => "retain-institution-identity",
            Self::RetainPatientCharacteristics => "retain-patient-characteristics",
            Self::RetainFullDates => "retain-full-dates",
            Self::RetainModifiedDates => "retain-modified-dates",
            Self::CleanDescriptors => "clean-descriptors",
            Self::CleanStructuredContent => "clean-structured-content",
            Self::CleanGraphics => "clean-graphics",
            Self::CleanPixelData => "clean-pixel-data",
            Self::CleanRecognizableVisualFeatures => "clean-recognizable-visual-features",
        }
    }

    /// Code value (scheme DCM) and meaning in CID 7050.
    #[must_use]
    pub const fn code(self) -> (&'static str, &'static str) {
        match self {
            Self::RetainSafePrivate => ("113111", "Retain Safe Private Option"),
            Self::RetainUids => ("113110", "Retain UIDs Option"),
            Self::RetainDeviceIdentity => ("113109", "Retain Device Identity Option"),
            Self::RetainInstitutionIdentity => ("113112", "Retain Institution Identity Option"),
            Self::RetainPatientCharacteristics => ("113108", "Retain Patient Characteristics Option"),
            Self::RetainFullDates => ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
            Self::RetainModifiedDates => {
                ("113107", "Retain Longitudinal Temporal Information Modified Dates Option")
            }
            Self::CleanDescriptors => ("113105", "Clean Descriptors Option"),
            Self::CleanStructuredContent => ("113104", "Clean Structured Content Option"),
            Self::CleanGraphics => ("113103", "Clean Graphics Option"),
            Self::CleanPixelData => ("113101", "Clean Pixel Data Option"),
            Self::CleanRecognizableVisualFeatures => ("113102", "Clean Recognizable Visual Features Option"),
        }
    }

    /// Its name in the tables of this crate.
    pub(super) const fn column(self) -> &'static str {
        match self {
            Self::RetainSafePrivate => "private",
            Self::RetainUids => "uids",
            Self::RetainDeviceIdentity => "device",
            Self::RetainInstitutionIdentity => "institution",
            Self::RetainPatientCharacteristics => "patient",
            Self::RetainFullDates => "full",
            Self::RetainModifiedDates => "modified",
            Self::CleanDescriptors => "descriptors",
            Self::CleanStructuredContent => "structured",
            Self::CleanGraphics => "graphics",
            Self::CleanPixelData => "pixels",
            Self::CleanRecognizableVisualFeatures => "features",
        }
    }
}

impl fmt::Display for DeidOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why options make no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionError {
    /// There is no such option.
    #[error("there is no option \"{name}\"; nothing was done. The options are {}", names())]
    Unknown {
        /// What was asked for.
        name: String,
    },
    /// Dates cannot be kept and moved.
    #[error(
        "retain-full-dates keeps dates and retain-modified-dates moves them; nothing was done. Give one of the two"
    )]
    BothDates,
}

pub(super) fn names() -> String {
    DeidOption::ALL.map(DeidOption::name).join(", ")
}

impl FromStr for DeidOption {
    type Err = OptionError;

    fn from_str(name: &str) -> Result<Self, OptionError> {
        Self::ALL
            .into_iter()
            .find(|option| option.name() == name)
            .ok_or_else(|| OptionError::Unknown { name: name.to_owned() })
    }
}

/// A set of options that fit together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeidOptions(u16);

impl DeidOptions {
    /// The set of the given options.
    ///
    /// # Errors
    /// [`OptionError::BothDates`]
    pub fn new(options: impl IntoIterator<Item = DeidOption>) -> Result<Self, OptionError> {
        let set = Self(options.into_iter().fold(0, |set, option| set | bit(option)));
        if set.has(DeidOption::RetainFullDates) && set.has(DeidOption::RetainModifiedDates) {
            return Err(OptionError::BothDates);
        }
        Ok(set)
    }

    /// Whether an option is in the set.
    #[must_use]
    pub const fn has(self, option: DeidOption) -> bool {
        self.0 & bit(option) != 0
    }

    /// The options of the set in the order of table E.1-1.
    pub fn iter(self) -> impl Iterator<Item = DeidOption> {
        DeidOption::ALL.into_iter().filter(move |&option| self.has(option))
    }

    /// The first option that is in this set and in `mask`.
    pub(super) fn first_in(self, mask: u16) -> Option<DeidOption> {
        self.iter().find(|&option| bit(option) & mask != 0)
    }
}

/// The bit of an option in a mask.
pub(super) const fn bit(option: DeidOption) -> u16 {
    1 << option as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_and_both_dates_are_refused() {
        for option in DeidOption::ALL {
            assert_eq!(option.name().parse(), Ok(option));
        }
        let unknown = "keep-all".parse::<DeidOption>().unwrap_err();
        assert!(unknown.to_string().contains("retain-uids, retain-device-identity"), "{unknown}");
        let both = DeidOptions::new([DeidOption::RetainFullDates, DeidOption::RetainModifiedDates]);
        assert_eq!(both, Err(OptionError::BothDates));
        let set = DeidOptions::new([DeidOption::CleanGraphics, DeidOption::RetainUids]).unwrap();
        assert_eq!(set.iter().collect::<Vec<_>>(), [DeidOption::RetainUids, DeidOption::CleanGraphics]);
    }
}
