//! Research files and back: NIfTI, NRRD, MetaImage. Bytes in, bytes out; whoever opens the files is the caller.
//!
//! [`open`] reads a header and says what it declares; [`Opened::volumes`] or [`Opened::labels`] then streams the values
//! into their final place, so that memory stays near the size of the volume. Everything comes out in LPS mm, whatever
//! axes and unit the file uses, with a [`Remark`] for all that is odd. A header that keeps its data in another file gives
//! that file's name ([`Opened::detached`]); [`Opened::attach`] takes its bytes.
//!
//! What a file does not state is never made up in silence: no orientation, no spacing, two positions that disagree, or
//! axes that are not perpendicular are remarks of [`Weight::Severe`].

mod element;
mod error;
mod fill;
mod metaimage;
mod nifti;
mod nrrd;
mod numbers;
mod place;
mod source;
mod write;

use std::io::BufRead;

use crate::{Grid, LabelMap, Progress, Volume, VolumeMeta, Words};

pub use element::Element;
pub use error::FormatError;
pub use write::{Payload, WriteOptions, write, write_detached};

/// What the header of one file may cost: the text formats end their headers with a blank line or a last field.
const HEADER_BYTES: usize = 4 << 20;
/// Frames of one file at most.
const FRAMES: usize = 10_000;

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// NIfTI-1 and NIfTI-2 in one file, `.nii` and `.nii.gz`.
    Nifti,
    /// NRRD, `.nrrd` with its data and `.nhdr` beside it.
    Nrrd,
    /// MetaImage, `.mha` with its data and `.mhd` beside it.
    MetaImage,
}

impl Format {
    /// The format that the ending of a file name stands for.
    pub fn of_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        if ends(&[".nii", ".nii.gz"]) {
            Some(Self::Nifti)
        } else if ends(&[".nrrd", ".nhdr"]) {
            Some(Self::Nrrd)
        } else if ends(&[".mha", ".mhd"]) {
            Some(Self::MetaImage)
        } else {
            None
        }
    }

    /// The format that the first bytes of a file look like (64 are enough).
    pub fn of_bytes(start: &[u8]) -> Option<Self> {
        if start.starts_with(b"NRRD") {
            Some(Self::Nrrd)
        } else if start.starts_with(&source::GZIP) || nifti::looks_like(start) {
            Some(Self::Nifti)
        } else if metaimage::looks_like(start) {
            Some(Self::MetaImage)
        } else {
            None
        }
    }

    /// How people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nifti => "NIfTI",
            Self::Nrrd => "NRRD",
            Self::MetaImage => "MetaImage",
        }
    }
}

/// How much a remark matters; the same three steps as the findings of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Worth knowing.
    Info,
    /// May mislead.
    Warning,
    /// Lengths, sides or positions may be wrong.
    Severe,
}

/// What kind of oddity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RemarkKind {
    /// The axes of the grid are not perpendicular.
    ShearedAxes,
    /// No spacing is stated.
    NoSpacing,
    /// A spacing or its unit was taken from elsewhere than a plain statement.
    EstimatedSpacing,
    /// The file does not say how the grid lies in the patient.
    UnknownOrientation,
    /// The file says the same thing twice, and differently.
    ConflictingGeometry,
    /// Voxels that hold no number.
    NotNumbers,
    /// The values in memory are not digit for digit those of the file.
    ChangedValues,
}

/// One thing noticed while reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// What kind.
    pub kind: RemarkKind,
    /// How much it matters.
    pub weight: Weight,
    /// One sentence. Never text from the file: people put names there.
    pub message: Words,
}

impl Remark {
    fn new(kind: RemarkKind, weight: Weight, message: Words) -> Self {
        Self { kind, weight, message }
    }
}

/// What reading may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Largest size of all frames together in memory, bytes (16 GiB).
    pub volume_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { volume_bytes: 16 << 30 }
    }
}

/// How the values are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// Plain binary.
    Raw,
    /// Plain binary inside a gzip or zlib stream.
    Packed,
    /// Decimal numbers in text.
    Ascii,
}

/// Where the values begin in their file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Skip {
    /// Lines to pass over first.
    pub(crate) lines: u64,
    /// Then bytes; after unpacking where the values are packed.
    pub(crate) bytes: u64,
    /// The values are the last bytes of the file instead.
    pub(crate) from_end: bool,
}

/// What a header declares.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// The format.
    pub format: Format,
    /// Where the voxels of every frame lie, LPS mm.
    pub grid: Grid,
    /// How many volumes the file holds (time points, layers).
    pub frames: usize,
    /// How each value is stored.
    pub element: Element,
    /// The file itself says that its values are labels.
    pub labels: bool,
    /// The modality that the file itself states, in DICOM terms.
    pub modality: Option<String>,
    /// What is odd about the header.
    pub remarks: Vec<Remark>,
    pub(crate) big_endian: bool,
    /// value = stored · scale.0 + scale.1
    pub(crate) scale: Option<(f64, f64)>,
    /// Values before the frame changes: the product of the axes inside the frame axis.
    pub(crate) run: usize,
    pub(crate) encoding: Encoding,
    pub(crate) skip: Skip,
    /// Name of the file that holds the values, if it is another one.
    pub(crate) data_file: Option<String>,
}

/// A file whose header was read.
pub struct Opened<'a> {
    header: Header,
    source: source::Source<'a>,
    limits: Limits,
}

impl std::fmt::Debug for Opened<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opened").field("header", &self.header).finish_non_exhaustive()
    }
}

/// What one frame came to.
#[derive(Debug)]
pub struct Frame<T> {
    /// The volume or the label map.
    pub content: T,
    /// `time point 3 of 10`; empty where there is only one.
    pub name: String,
    /// What is odd: the header's remarks and those of the values.
    pub remarks: Vec<Remark>,
}

/// Reads the header of a file of `bytes` length.
///
/// # Errors
/// A header that is no header of the format, declares what cannot be held, or uses what is not read here.
pub fn open<'a>(
    format: Format,
    file: impl BufRead + 'a,
    bytes: u64,
    limits: Limits,
) -> Result<Opened<'a>, FormatError> {
    let mut source = source::Source::new(file, bytes);
    let header = match format {
        Format::Nifti => nifti::header(&mut source)?,
        Format::Nrrd => nrrd::header(&mut source)?,
        Format::MetaImage => metaimage::header(&mut source)?,
    };
    let voxels = header.grid.len() as u64;
    let memory = voxels.saturating_mul(header.frames as u64).saturating_mul(4);
    if header.grid.size().iter().any(|&n| n > 1 << 20) || memory > limits.volume_bytes {
        let [i, j, k] = header.grid.size();
        let frames = header.frames;
        return Err(FormatError::TooLarge { size: [i, j, k, frames], limit: limits.volume_bytes });
    }
    Ok(Opened { header, source, limits })
}

impl<'a> Opened<'a> {
    /// What the header declares.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Name of the file that holds the values, where it is another one. It comes from the file and may be anything: the
    /// caller opens it only if it is a plain name of a file in the same folder.
    pub fn detached(&self) -> Option<&str> {
        self.header.data_file.as_deref()
    }

    /// Takes the file that holds the values, of `bytes` length.
    #[must_use]
    pub fn attach(self, file: impl BufRead + 'a, bytes: u64) -> Self {
        let mut header = self.header;
        header.data_file = None;
        Self { header, source: source::Source::new(file, bytes), limits: self.limits }
    }

    /// The values as grey volumes, one a frame: 16-bit integers where every value fits exactly, 32-bit floats otherwise.
    ///
    /// # Errors
    /// Fewer values than declared (before any memory is taken, where the length can tell), damaged packing, or cancelled.
    pub fn volumes(
        self,
        meta: &VolumeMeta,
        progress: &dyn Progress,
    ) -> Result<Vec<Frame<Volume>>, FormatError> {
        let header = self.header;
        let mut sinks: Vec<fill::Grey> = Vec::new();
        sinks.resize_with(header.frames, || fill::Grey::new(header.grid.len(), header.element));
        let extra = fill::fill(&header, self.source, self.limits, &mut sinks, progress)?;
        let mut frames = Vec::with_capacity(sinks.len());
        for (number, sink) in sinks.into_iter().enumerate() {
            let (voxels, mut remarks) = sink.finish();
            remarks.splice(0..0, header.remarks.iter().cloned().chain(extra.clone()));
            let content = Volume::new(header.grid, voxels, meta.clone())?;
            frames.push(Frame { content, name: frame_name(number, header.frames), remarks });
        }
        Ok(frames)
    }

    /// The values as labels, one map a frame.
    ///
    /// # Errors
    /// As [`Opened::volumes`], and a value that is not a whole number from 0 to 255.
    pub fn labels(self, progress: &dyn Progress) -> Result<Vec<Frame<LabelMap>>, FormatError> {
        let header = self.header;
        let mut sinks: Vec<fill::Labels> = Vec::new();
        sinks.resize_with(header.frames, || fill::Labels::new(header.grid.len()));
        let extra = fill::fill(&header, self.source, self.limits, &mut sinks, progress)?;
        let mut frames = Vec::with_capacity(sinks.len());
        for (number, sink) in sinks.into_iter().enumerate() {
            let content = LabelMap::new(header.grid, sink.finish())?;
            let remarks = header.remarks.iter().cloned().chain(extra.clone()).collect();
            frames.push(Frame { content, name: frame_name(number, header.frames), remarks });
        }
        Ok(frames)
    }
}

fn frame_name(number: usize, of: usize) -> String {
    if of == 1 { String::new() } else { format!("time point {} of {of}", number + 1) }
}
