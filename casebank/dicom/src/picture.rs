//! Images that are not part of a volume: projections, ultrasound, captures, localizers.
//!
//! Lengths on them are never those of the body unless the object says so: see [`PictureSpacing`].

mod colour;
mod segments;
mod spacing;

use std::path::PathBuf;

use casebank_case::{PatientInfo, Phi, StudyInfo, Words};
use dicom_dictionary_std::uids;

use crate::header::Header;
use crate::pixels::{self, PixelError};
use crate::prescan::{Limits, Prescan};
use crate::stored::StoredFrame;

pub use spacing::PictureSpacing;

pub(crate) use self::colour::Colour;

/// An image, or several frames of one, whose pixels are decoded when they are asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadPicture {
    /// The file.
    pub path: PathBuf,
    /// What it is, in plain words.
    pub what: Words,
    /// Modality (0008,0060).
    pub modality: String,
    /// SOP Class UID (0008,0016).
    pub sop_class_uid: String,
    /// SOP Instance UID (0008,0018).
    pub sop_instance_uid: String,
    /// Series Instance UID (0020,000E).
    pub series_uid: String,
    /// Instance Number (0020,0013).
    pub instance_number: Option<i64>,
    /// Columns and rows.
    pub size: [usize; 2],
    /// Number of Frames (0028,0008).
    pub frames: usize,
    /// What a length on the picture means.
    pub spacing: PictureSpacing,
    /// Image Laterality (0020,0062) or Laterality (0020,0060): `L`, `R`, `B`, `U`, or empty.
    pub laterality: String,
    /// The pixels went through a compression that loses information.
    pub lossy: bool,
    /// Whose.
    pub patient: Phi<PatientInfo>,
    /// Of which study.
    pub study: StudyInfo,
    header: Header,
    colour: Colour,
    stored: Vec<StoredFrame>,
}

/// The pixels of one frame, row by row from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PictureFrame {
    /// Stored values, before rescale and window.
    Grey {
        /// One value a pixel.
        values: Vec<i32>,
        /// Low values are bright (MONOCHROME1).
        low_is_bright: bool,
    },
    /// Three bytes a pixel.
    Rgb(Vec<u8>),
}

/// Why a frame cannot be shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// There is no such frame.
    #[error("there is no frame {frame}; the picture has {frames}")]
    NoFrame {
        /// Asked for, from 0.
        frame: usize,
        /// There are so many.
        frames: usize,
    },
    /// The file cannot be read any more.
    #[error("{0}")]
    File(String),
    /// The pixels cannot be decoded.
    #[error("{0}")]
    Pixels(String),
}

impl ReadPicture {
    /// The picture of an object whose pixels passed the checks, or why there is none.
    ///
    /// # Errors
    /// Pixels that are not shown; labels and maps are no pictures.
    pub(crate) fn of(
        scan: &Prescan<'_>,
        header: &Header,
        path: PathBuf,
        what: Words,
    ) -> Result<Self, PixelError> {
        const NO_PICTURES: [&str; 3] =
            [uids::SEGMENTATION_STORAGE, uids::LABEL_MAP_SEGMENTATION_STORAGE, uids::PARAMETRIC_MAP_STORAGE];
        if NO_PICTURES.contains(&header.sop_class.as_str()) {
            return Err(PixelError::Missing);
        }
        let colour = Colour::of(scan, &header.format)?;
        let stored = pixels::frames(scan, &header.format)?;
        Ok(Self {
            path,
            what,
            modality: header.modality.clone(),
            sop_class_uid: header.sop_class.clone(),
            sop_instance_uid: header.sop_instance.clone(),
            series_uid: header.series_uid.clone(),
            instance_number: header.instance_number,
            size: [usize::from(header.format.columns), usize::from(header.format.rows)],
            frames: stored.len(),
            spacing: PictureSpacing::of(scan, header),
            laterality: spacing::laterality(scan),
            lossy: header.lossy || pixels::is_lossy(scan),
            patient: header.patient.clone(),
            study: header.study.clone(),
            header: header.clone(),
            colour,
            stored,
        })
    }

    /// Decodes a frame, counted from 0.
    ///
    /// # Errors
    /// [`PictureError`]
    pub fn frame(&self, frame: usize) -> Result<PictureFrame, PictureError> {
        let stored =
            self.stored.get(frame).ok_or(PictureError::NoFrame { frame, frames: self.stored.len() })?;
        let format = &self.header.format;
        let mut bytes = Vec::new();
        stored
            .read(&self.path, &Limits::default(), &mut bytes)
            .map_err(|error| PictureError::File(error.en))?;
        let pixels = |error: PixelError| PictureError::Pixels(error.to_string());
        let samples = pixels::samples(stored, &bytes, format).map_err(pixels)?;
        let big_endian = stored.native && stored.big_endian;
        if let Some(rgb) = self.colour.rgb(stored, format, &samples) {
            return Ok(PictureFrame::Rgb(rgb));
        }
        let mut values = vec![0; self.size[0] * self.size[1]];
        format.each_sample(&samples, big_endian, |at, sample| {
            if let (Some(place), Ok(value)) = (values.get_mut(at), i32::try_from(sample)) {
                *place = value;
            }
        });
        Ok(PictureFrame::Grey { values, low_is_bright: format.photometric == "MONOCHROME1" })
    }
}
