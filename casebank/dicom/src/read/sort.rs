//! First pass: every file on its own.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use casebank_case::{FindingCode, Told as _, Words};
use meshing_volume::{Cancelled, Progress};
use rayon::prelude::*;

use super::ReadOptions;
use super::idle::Idle;
use crate::classify::{Class, classify};
use crate::geometry::{Slice, axes};
use crate::header::Header;
use crate::picture::ReadPicture;
use crate::prescan::PrescanError;
use crate::stored::{ScanFileError, StoredFrame, scan_file};
use crate::{multiframe, pixels};

/// Share of the progress that this pass takes.
pub(super) const SHARE: f32 = 0.3;

/// What one file is.
#[derive(Debug)]
pub(super) enum Sorted {
    Slices(Vec<Slice>),
    Other { what: Words, code: Option<FindingCode>, picture: Option<Box<ReadPicture>> },
    NotDicom(Words),
    Broken(Lost),
}

/// A slice that cannot be used, as far as it is known.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) series_uid: String,
    pub(super) name: Words,
    pub(super) reason: Words,
    pub(super) truncated: bool,
}

/// Sorts all files, in their order.
pub(super) fn all(
    paths: &[PathBuf],
    options: &ReadOptions,
    progress: &dyn Progress,
) -> Result<Vec<(PathBuf, Sorted)>, Cancelled> {
    let done = AtomicUsize::new(0);
    let idle = Idle::<Vec<u8>>::default();
    paths
        .par_iter()
        .map(|path| {
            if progress.cancelled() {
                return Err(Cancelled);
            }
            let sorted = idle.with(|buffer| one(path, options, buffer));
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            progress.report(SHARE * done as f32 / paths.len() as f32);
            Ok((path.clone(), sorted))
        })
        .collect()
}

fn one(path: &Path, options: &ReadOptions, buffer: &mut Vec<u8>) -> Sorted {
    let (scan, outcome) = match scan_file(path, &options.limits, buffer) {
        Ok(both) => both,
        Err(ScanFileError::Refused(error @ (PrescanError::NotDicom | PrescanError::Empty))) => {
            return Sorted::NotDicom(error.words());
        }
        Err(ScanFileError::Refused(error)) => {
            return Sorted::Broken(lost(None, error.words(), error.is_truncation()));
        }
        Err(error @ ScanFileError::Io(_)) => return Sorted::NotDicom(error.words()),
    };
    let header = Header::of(&scan);
    if let Err(error) = outcome {
        if !scan.has_meta && header.sop_class.is_empty() {
            return Sorted::NotDicom(PrescanError::NotDicom.words());
        }
        return Sorted::Broken(lost(Some(&header), error.words(), error.is_truncation()));
    }
    if !scan.has_meta && header.sop_class.is_empty() && header.modality.is_empty() {
        return Sorted::NotDicom(PrescanError::NotDicom.words());
    }
    let class = classify(&scan, &header);
    let other = |what: Words, code| {
        // What has pixels that cannot be shown is still listed.
        let picture = ReadPicture::of(&scan, &header, path.to_owned(), what.clone());
        Sorted::Other { what, code, picture: picture.ok().map(Box::new) }
    };
    match class {
        Class::Other(what) => return other(what, None),
        Class::Localizer => {
            return other(Words::new("localizer image", "定位像"), Some(FindingCode::Localizer));
        }
        Class::SecondaryCapture => {
            let what = Words::new("secondary capture (a picture of a screen)", "二次捕获图像（屏幕截图）");
            return other(what, Some(FindingCode::SecondaryCapture));
        }
        Class::Slice | Class::Frames => {}
    }
    let stored = match pixels::frames(&scan, &header.format) {
        Ok(stored) => stored,
        Err(error) => {
            let truncated = matches!(error, pixels::PixelError::Length { .. });
            return Sorted::Broken(lost(Some(&header), error.words(), truncated));
        }
    };
    let lossy = header.lossy || pixels::is_lossy(&scan);
    let headers = match class {
        Class::Frames => match multiframe::headers(&scan, &header) {
            Ok(headers) => headers,
            Err(reason) => return Sorted::Broken(lost(Some(&header), reason.words(), false)),
        },
        _ => vec![header],
    };
    let slice = |(header, stored)| slice(path, header, stored, lossy);
    match headers.into_iter().zip(stored).map(slice).collect() {
        Ok(slices) => Sorted::Slices(slices),
        Err(lost) => Sorted::Broken(*lost),
    }
}

/// A slice that can be placed in the patient and whose values mean something.
fn slice(path: &Path, header: Header, stored: StoredFrame, lossy: bool) -> Result<Slice, Box<Lost>> {
    let refuse = |en, zh| Err(Box::new(lost(Some(&header), Words::new(en, zh), false)));
    if header.rescale_broken {
        return refuse(
            "Rescale Slope or Intercept is zero or not a number, so its values mean nothing",
            "重标定斜率或截距为零或不是数字，像素值没有意义",
        );
    }
    let (Some(position), Some(orientation)) = (header.position, header.orientation) else {
        return refuse(
            "Image Position or Image Orientation (Patient) is missing, so it cannot be placed",
            "缺少图像位置或图像方向（患者），无法定位",
        );
    };
    if axes(&orientation).is_none() {
        return refuse(
            "Image Orientation (Patient) is not two perpendicular unit vectors",
            "图像方向（患者）不是两个互相垂直的单位向量",
        );
    }
    Ok(Slice { path: path.to_owned(), header, stored, lossy, position, orientation })
}

fn lost(header: Option<&Header>, reason: Words, truncated: bool) -> Lost {
    Lost {
        series_uid: header.map(|h| h.series_uid.clone()).unwrap_or_default(),
        name: header.map_or_else(|| Words::new("a file", "一个文件"), Header::name),
        reason,
        truncated,
    }
}
