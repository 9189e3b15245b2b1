//! What a length on a picture means (PS3.3 10.7.1.3, C.8.5.5): at the detector, calibrated by somebody, in a region of an
//! ultrasound image, or nothing.

use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use crate::dataset::{floats, text};
use crate::header::Header;
use crate::multiframe::{elements, items};
use crate::prescan::Prescan;

/// What a length on a picture means. Distances are those of neighbouring pixel centres along a row and down a column.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum PictureSpacing {
    /// Nothing is known: lengths are in pixels.
    Pixels,
    /// At the detector, behind the patient: what is measured is larger than the body. Estimated millimetres.
    Detector([f64; 2]),
    /// Calibrated by geometry or a fiducial for one depth only. Estimated millimetres.
    Calibrated([f64; 2]),
    /// Millimetres in the body: an ultrasound image with one calibrated region, or a slice of CT, MR or PET.
    Body([f64; 2]),
}

const WANTED: [Tag; 6] = [
    tags::PIXEL_SPACING,
    tags::IMAGER_PIXEL_SPACING,
    tags::PIXEL_SPACING_CALIBRATION_TYPE,
    tags::NOMINAL_SCANNED_PIXEL_SPACING,
    tags::ESTIMATED_RADIOGRAPHIC_MAGNIFICATION_FACTOR,
    tags::SEQUENCE_OF_ULTRASOUND_REGIONS,
];

impl PictureSpacing {
    pub(crate) fn of(scan: &Prescan<'_>, header: &Header) -> Self {
        let Ok(object) = elements(scan, &WANTED) else { return Self::Pixels };
        match header.modality.as_str() {
            "CT" | "MR" | "PT" if header.position.is_some() => {
                header.pixel_spacing.map_or(Self::Pixels, |[rows, columns]| Self::Body([columns, rows]))
            }
            "US" | "IVUS" => ultrasound(&object),
            _ => projection(&object),
        }
    }

    /// What stands behind a number: `px`, `mm (estimated)` or `mm`.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Pixels => "px",
            Self::Detector(_) | Self::Calibrated(_) => "mm (estimated)",
            Self::Body(_) => "mm",
        }
    }

    /// Distance of neighbouring pixels along a row and down a column, in [`Self::unit`].
    #[must_use]
    pub const fn step(self) -> [f64; 2] {
        match self {
            Self::Pixels => [1.0, 1.0],
            Self::Detector(mm) | Self::Calibrated(mm) | Self::Body(mm) => mm,
        }
    }
}

/// Spacing is written rows first; here columns come first.
fn pair(object: &InMemDicomObject, tag: Tag) -> Option<[f64; 2]> {
    let [between_rows, between_columns] = floats(object, tag)?;
    let positive = |mm: f64| mm > 1e-6 && mm < 1e4;
    (positive(between_rows) && positive(between_columns)).then_some([between_columns, between_rows])
}

fn projection(object: &InMemDicomObject) -> PictureSpacing {
    let imager = pair(object, tags::IMAGER_PIXEL_SPACING)
        .or_else(|| pair(object, tags::NOMINAL_SCANNED_PIXEL_SPACING));
    let pixel = pair(object, tags::PIXEL_SPACING);
    let calibrated = !text(object, tags::PIXEL_SPACING_CALIBRATION_TYPE).is_empty();
    let magnification = floats(object, tags::ESTIMATED_RADIOGRAPHIC_MAGNIFICATION_FACTOR)
        .map(|[factor]: [f64; 1]| factor)
        .filter(|factor| (1.0..10.0).contains(factor));
    match (pixel, imager, magnification) {
        // Without a word on its calibration, a spacing that differs from the detector's was calibrated by somebody.
        (Some(pixel), imager, _) if calibrated || imager.is_some_and(|imager| imager != pixel) => {
            PictureSpacing::Calibrated(pixel)
        }
        (_, Some(imager), Some(factor)) => PictureSpacing::Calibrated(imager.map(|mm| mm / factor)),
        (_, Some(mm), None) | (Some(mm), None, _) => PictureSpacing::Detector(mm),
        (None, None, _) => PictureSpacing::Pixels,
    }
}

/// One region of tissue in centimetres (units code 3, C.8.5.5.1.15) makes the picture measurable; several with different
/// scales do not, as a picture.
fn ultrasound(object: &InMemDicomObject) -> PictureSpacing {
    let regions = items(object, tags::SEQUENCE_OF_ULTRASOUND_REGIONS);
    let in_cm = |region: &InMemDicomObject, tag| text(region, tag) == "3";
    let delta = |region: &InMemDicomObject, tag| {
        floats(region, tag).map(|[cm]: [f64; 1]| cm.abs() * 10.0).filter(|mm| *mm > 1e-6 && *mm < 1e4)
    };
    let mut steps = regions
        .iter()
        .filter(|region| {
            in_cm(region, tags::PHYSICAL_UNITS_X_DIRECTION) && in_cm(region, tags::PHYSICAL_UNITS_Y_DIRECTION)
        })
        .map(|region| Some([delta(region, tags::PHYSICAL_DELTA_X)?, delta(region, tags::PHYSICAL_DELTA_Y)?]));
    match steps.next().flatten() {
        Some(first) if steps.all(|other| other == Some(first)) => PictureSpacing::Body(first),
        _ => PictureSpacing::Pixels,
    }
}

/// Image Laterality (0020,0062) before Laterality (0020,0060).
pub(super) fn laterality(scan: &Prescan<'_>) -> String {
    let Ok(object) = elements(scan, &[tags::IMAGE_LATERALITY, tags::LATERALITY]) else {
        return String::new();
    };
    [tags::IMAGE_LATERALITY, tags::LATERALITY]
        .iter()
        .map(|&tag| text(&object, tag))
        .find(|side| ["L", "R", "B", "U"].contains(&side.as_str()))
        .unwrap_or_default()
}
