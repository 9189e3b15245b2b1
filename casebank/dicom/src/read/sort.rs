//! First pass: every file on its own.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use casebank_case::FindingCode;
use meshing_volume::{Cancelled, Progress};
use rayon::prelude::*;

use super::ReadOptions;
use crate::classify::{Class, classify};
use crate::geometry::{Slice, axes};
use crate::header::Header;
use crate::prescan::{PrescanError, scan_partly};
use crate::{files, pixels};

/// Share of the progress that this pass takes.
pub(super) const SHARE: f32 = 0.3;

/// What one file is.
#[derive(Debug)]
pub(super) enum Sorted {
    Slice(Box<Slice>),
    Other { what: String, code: Option<FindingCode> },
    NotDicom(String),
    Broken(Lost),
}

/// A slice that cannot be used, as far as it is known.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) series_uid: String,
    pub(super) name: String,
    pub(super) reason: String,
    pub(super) truncated: bool,
}

/// Sorts all files, in their order.
pub(super) fn all(
    paths: &[PathBuf],
    options: &ReadOptions,
    progress: &dyn Progress,
) -> Result<Vec<(PathBuf, Sorted)>, Cancelled> {
    let done = AtomicUsize::new(0);
    paths
        .par_iter()
        .map(|path| {
            if progress.cancelled() {
                return Err(Cancelled);
            }
            let sorted = one(path, options);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            progress.report(SHARE * done as f32 / paths.len() as f32);
            Ok((path.clone(), sorted))
        })
        .collect()
}

fn one(path: &Path, options: &ReadOptions) -> Sorted {
    let bytes = match files::read_bounded(path, options.limits.object_bytes) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => {
            return Sorted::NotDicom(format!("it is larger than {} bytes", options.limits.object_bytes));
        }
        Err(error) => return Sorted::NotDicom(files::reason(&error)),
    };
    let (scan, outcome) = match scan_partly(&bytes, &options.limits) {
        Ok(both) => both,
        Err(error @ (PrescanError::NotDicom | PrescanError::Empty)) => {
            return Sorted::NotDicom(error.to_string());
        }
        Err(error) => return Sorted::Broken(lost(None, error.to_string(), error.is_truncation())),
    };
    let header = Header::of(&scan);
    if let Err(error) = outcome {
        if !scan.has_meta && header.sop_class.is_empty() {
            return Sorted::NotDicom(PrescanError::NotDicom.to_string());
        }
        return Sorted::Broken(lost(Some(&header), error.to_string(), error.is_truncation()));
    }
    if !scan.has_meta && header.sop_class.is_empty() && header.modality.is_empty() {
        return Sorted::NotDicom(PrescanError::NotDicom.to_string());
    }
    match classify(&scan, &header) {
        Class::Other(what) => return Sorted::Other { what, code: None },
        Class::Localizer => {
            return Sorted::Other { what: "localizer image".to_owned(), code: Some(FindingCode::Localizer) };
        }
        Class::SecondaryCapture => {
            let what = "secondary capture (a picture of a screen)".to_owned();
            return Sorted::Other { what, code: Some(FindingCode::SecondaryCapture) };
        }
        Class::Slice => {}
    }
    if let Err(error) = pixels::check(&scan, &header.format) {
        let truncated = matches!(error, pixels::PixelError::Length { .. });
        return Sorted::Broken(lost(Some(&header), error.to_string(), truncated));
    }
    let refuse = |reason: &str| Sorted::Broken(lost(Some(&header), reason.to_owned(), false));
    if header.rescale_broken {
        return refuse("Rescale Slope or Intercept is zero or not a number, so its values mean nothing");
    }
    let (Some(position), Some(orientation)) = (header.position, header.orientation) else {
        return refuse("Image Position or Image Orientation (Patient) is missing, so it cannot be placed");
    };
    if axes(&orientation).is_none() {
        return refuse("Image Orientation (Patient) is not two perpendicular unit vectors");
    }
    let lossy = header.lossy || pixels::is_lossy(&scan);
    Sorted::Slice(Box::new(Slice { path: path.to_owned(), header, lossy, position, orientation }))
}

fn lost(header: Option<&Header>, reason: String, truncated: bool) -> Lost {
    Lost {
        series_uid: header.map(|h| h.series_uid.clone()).unwrap_or_default(),
        name: header.map_or_else(|| "a file".to_owned(), Header::name),
        reason,
        truncated,
    }
}
