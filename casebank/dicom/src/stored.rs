//! Where the stored pixels of each frame lie, and how to get at them without reading the rest of the file again.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use casebank_case::{Told as _, Words};

use crate::files::{self, Opened};
use crate::pixels::PixelError;
use crate::prescan::{Limits, PartScan, PrescanError, scan_start};

/// Starts of a file that are tried one after the other, until the scan needs no more.
const STARTS: [u64; 3] = [16 << 10, 512 << 10, 16 << 20];

/// The stored pixels of one frame.
#[derive(Clone, Debug)]
pub(crate) struct StoredFrame {
    /// Transfer Syntax UID (0002,0010).
    pub(crate) transfer_syntax: Arc<str>,
    /// Uncompressed.
    pub(crate) native: bool,
    /// Uncompressed numbers are big endian.
    pub(crate) big_endian: bool,
    /// Bytes of `place`, to be read one after the other.
    pub(crate) parts: Vec<Range<u64>>,
    pub(crate) place: Place,
}

/// What [`StoredFrame::parts`] are parts of.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// The file.
    File,
    /// The data set, deflated as a whole: it is inflated again when a frame is needed.
    Deflated,
}

/// Reads as much of a file as its scan needs, and scans it. The bytes go into `buffer`.
///
/// # Errors
/// Words for a file that cannot be read, or the guard's refusal.
pub(crate) fn scan_file<'a>(
    path: &Path,
    limits: &Limits,
    buffer: &'a mut Vec<u8>,
) -> Result<PartScan<'a>, ScanFileError> {
    let mut opened = Opened::open(path)?;
    if opened.len > limits.object_bytes {
        return Err(PrescanError::TooLarge { limit: limits.object_bytes }.into());
    }
    let length = opened.len;
    let total = usize::try_from(length).unwrap_or(usize::MAX);
    buffer.clear();
    let mut enough = false;
    for start in STARTS.into_iter().filter(|&start| start < length) {
        opened.read(buffer.len() as u64..start, buffer)?;
        enough = match scan_start(buffer, total, limits) {
            Ok((_, Ok(()))) => true,
            Ok((_, Err(error))) | Err(error) => !error.is_truncation(),
        };
        if enough {
            break;
        }
    }
    if !enough {
        opened.read(buffer.len() as u64..length, buffer)?;
    }
    Ok(scan_start(buffer, total, limits)?)
}

/// Why a file could not be scanned.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScanFileError {
    #[error("{}", files::reason(.0))]
    Io(#[from] std::io::Error),
    #[error(transparent)]
    Refused(#[from] PrescanError),
}

impl StoredFrame {
    /// Reads the stored bytes of this frame of `path` into `buffer`, which is cleared first.
    ///
    /// # Errors
    /// Words for a file that cannot be read or has changed.
    pub(crate) fn read(&self, path: &Path, limits: &Limits, buffer: &mut Vec<u8>) -> Result<(), Words> {
        buffer.clear();
        match self.place {
            Place::File => {
                let mut read = || -> std::io::Result<()> {
                    let mut opened = Opened::open(path)?;
                    self.parts.iter().try_for_each(|part| opened.read(part.clone(), buffer))
                };
                read().map_err(|error| files::reason(&error))
            }
            Place::Deflated => {
                let mut file = Vec::new();
                let (scan, outcome) = scan_file(path, limits, &mut file).map_err(|error| error.words())?;
                outcome.map_err(|error| error.words())?;
                self.copy(&scan.data, buffer)
            }
        }
    }

    /// The stored bytes of this frame in the data that were scanned, as one run.
    ///
    /// # Errors
    /// [`PixelError::Missing`] where the data are not those that were scanned.
    pub(crate) fn bytes<'d>(&self, data: &'d [u8]) -> Result<Cow<'d, [u8]>, PixelError> {
        if let [only] = self.parts.as_slice() {
            let range = usize::try_from(only.start).ok().zip(usize::try_from(only.end).ok());
            return range
                .and_then(|(from, to)| data.get(from..to))
                .map(Cow::Borrowed)
                .ok_or(PixelError::Missing);
        }
        let mut joined = Vec::new();
        self.copy(data, &mut joined).map_err(|_changed| PixelError::Missing)?;
        Ok(Cow::Owned(joined))
    }

    fn copy(&self, data: &[u8], buffer: &mut Vec<u8>) -> Result<(), Words> {
        for part in &self.parts {
            let range = usize::try_from(part.start).ok().zip(usize::try_from(part.end).ok());
            let bytes = range.and_then(|(from, to)| data.get(from..to));
            buffer.extend_from_slice(
                bytes.ok_or_else(|| Words::new("it changed while it was read", "读取时文件已改变"))?,
            );
        }
        Ok(())
    }

    /// Whether two frames hold the same stored bytes.
    pub(crate) fn equals(&self, path: &Path, other: (&Self, &Path), limits: &Limits) -> bool {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        self.read(path, limits, &mut a).is_ok() && other.0.read(other.1, limits, &mut b).is_ok() && a == b
    }
}
