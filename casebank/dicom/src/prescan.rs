//! The guard in front of every foreign byte.
//!
//! dicom-rs 0.10 allocates what a length field says (4 GB for a 76-byte file) and parses nested sequences by recursion
//! (40 kB of them overflow a 2 MB stack). This walk over the bytes allocates nothing that grows with a declared length
//! and never recurses: it checks nesting, element count and every length against what is really there, and notes where
//! the top-level elements and the pixel data lie, so that the parser only ever sees small flat elements and the pixels
//! are never copied. Encodings: DICOM PS3.5 section 7 and annex A; files: PS3.10 section 7.

mod inflate;
pub(crate) mod walk;

use std::borrow::Cow;
use std::ops::Range;

use dicom_core::Tag;

pub(crate) use walk::Seen;

/// What a file may cost before it is refused.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Largest object in bytes (4 GiB).
    pub object_bytes: u64,
    /// Largest data set after inflating the deflated transfer syntaxes (512 MiB).
    pub inflated_bytes: u64,
    /// Most elements and items of one object (1,000,000).
    pub elements: u64,
    /// Deepest nesting of sequences (64).
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { object_bytes: 4 << 30, inflated_bytes: 512 << 20, elements: 1_000_000, depth: 64 }
    }
}

/// Why bytes are refused before parsing. Positions are byte offsets into the data set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrescanError {
    /// Nothing in the file.
    #[error("the file is empty")]
    Empty,
    /// Neither the `DICM` mark nor a data set that starts like one.
    #[error("not DICOM: there is no DICM mark and no data set that starts like one")]
    NotDicom,
    /// Larger than [`Limits::object_bytes`].
    #[error("the object is larger than the limit of {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// The file ends inside an element.
    #[error("truncated: element {tag} at byte {at} declares {declared} bytes, but only {remaining} are left")]
    Length {
        /// The element.
        tag: Tag,
        /// Where it starts.
        at: usize,
        /// Declared length.
        declared: u64,
        /// Bytes left in the file or the enclosing item.
        remaining: u64,
    },
    /// The file ends where an element or a delimiter should follow.
    #[error("truncated: the data end at byte {at}, where an element or a delimiter should follow")]
    Truncated {
        /// Where.
        at: usize,
    },
    /// Sequences nested deeper than [`Limits::depth`].
    #[error("sequences are nested deeper than {limit} levels")]
    Depth {
        /// The limit.
        limit: usize,
    },
    /// More elements than [`Limits::elements`].
    #[error("more than {limit} elements")]
    Elements {
        /// The limit.
        limit: u64,
    },
    /// Bytes that cannot be an element.
    #[error("damaged at byte {at}: {}", what.0)]
    Damaged {
        /// Where.
        at: usize,
        /// What is wrong, in English and Chinese.
        what: (&'static str, &'static str),
    },
    /// The deflated data set cannot be inflated.
    #[error("the deflated data set is damaged or truncated")]
    Deflate,
    /// Inflating would exceed [`Limits::inflated_bytes`], or the ratio is that of a bomb.
    #[error("the deflated data set grows beyond {limit} bytes")]
    Bomb {
        /// Where inflating stopped.
        limit: u64,
    },
}

impl PrescanError {
    /// Whether the file simply ends too early.
    #[must_use]
    pub const fn is_truncation(&self) -> bool {
        matches!(self, Self::Length { .. } | Self::Truncated { .. })
    }
}

/// Where the pixel data of an object lie, as ranges of [`Prescan::data`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PixelBytes {
    /// Uncompressed, all frames in one run.
    Native(Range<usize>),
    /// Encapsulated (PS3.5 annex A.4).
    Fragments {
        /// The basic offset table, which may be empty.
        offset_table: Range<usize>,
        /// The fragments in order.
        fragments: Vec<Range<usize>>,
    },
}

/// One element at the top level of the data set.
#[derive(Clone, Debug)]
pub(crate) struct TopElement {
    pub(crate) tag: Tag,
    /// Value representation as written; `None` in implicit VR.
    pub(crate) vr: Option<[u8; 2]>,
    /// The value; of a sequence whose length is not written, what follows its head.
    pub(crate) value: Range<usize>,
    /// From the head to the end of the value.
    pub(crate) whole: Range<usize>,
}

/// How the data set is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encoding {
    /// Whether value representations are written.
    pub explicit: bool,
    /// Whether numbers are big endian.
    pub big_endian: bool,
}

/// What the walk found.
#[derive(Clone, Debug)]
pub struct Prescan<'a> {
    /// The bytes that ranges refer to: the file itself, or the inflated data set.
    pub(crate) data: Cow<'a, [u8]>,
    pub(crate) transfer_syntax: String,
    pub(crate) encoding: Encoding,
    /// Where the data set starts.
    pub(crate) dataset: usize,
    /// The first thing that a parser might read differently from this walk.
    pub(crate) ambiguous: Option<PrescanError>,
    pub(crate) elements: u64,
    pub(crate) depth: usize,
    pub(crate) has_meta: bool,
    pub(crate) media_class: String,
    pub(crate) pixels: Option<PixelBytes>,
    pub(crate) float_pixels: bool,
    pub(crate) top: Vec<TopElement>,
}

impl Prescan<'_> {
    /// The bytes that ranges refer to: the file itself, or the inflated data set.
    #[must_use]
    pub fn data(&self) -> &[u8] {
        &self.data
    }
    /// Transfer Syntax UID (0002,0010), or the one the data set is evidently written in where it is missing.
    #[must_use]
    pub fn transfer_syntax(&self) -> &str {
        &self.transfer_syntax
    }
    /// How the data set is encoded.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }
    /// Elements and items in all levels.
    #[must_use]
    pub const fn elements(&self) -> u64 {
        self.elements
    }
    /// Deepest nesting of sequences.
    #[must_use]
    pub const fn depth(&self) -> usize {
        self.depth
    }
    /// Whether the file has file meta information.
    #[must_use]
    pub const fn has_meta(&self) -> bool {
        self.has_meta
    }
    /// Where the pixel data lie, if there are any.
    #[must_use]
    pub const fn pixels(&self) -> Option<&PixelBytes> {
        self.pixels.as_ref()
    }
}

/// Walks over the bytes of one file with the default [`Limits`].
///
/// # Errors
/// [`PrescanError`]: the bytes must not be handed to a parser.
pub fn prescan(bytes: &[u8]) -> Result<Prescan<'_>, PrescanError> {
    prescan_with(bytes, &Limits::default())
}

/// Walks over the bytes of one file. What passes may be handed to a parser as a whole: bytes that dicom-rs reads
/// differently from the standard (unknown value representations, `UN` or nested `OB` of undefined length, garbage after
/// the pixel data) are refused too.
///
/// # Errors
/// [`PrescanError`]: the bytes must not be handed to a parser.
pub fn prescan_with<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Prescan<'a>, PrescanError> {
    let (mut scan, outcome) = scan_partly(bytes, limits)?;
    outcome?;
    scan.ambiguous.take().map_or(Ok(scan), Err)
}

/// A scan, and what stopped it.
pub(crate) type PartScan<'a> = (Prescan<'a>, Result<(), PrescanError>);

/// As [`prescan_with`], but what was found before the damage is kept beside the error, so that a truncated slice can
/// still be named by its series and instance number. What is ambiguous passes: only flat elements of the scan are parsed.
pub(crate) fn scan_partly<'a>(bytes: &'a [u8], limits: &Limits) -> Result<PartScan<'a>, PrescanError> {
    scan_start(bytes, bytes.len(), limits)
}

/// As [`scan_partly`], and tells a listener what it comes by.
pub(crate) fn scan_heard<'a>(
    bytes: &'a [u8],
    limits: &Limits,
    heard: walk::Listener<'_>,
) -> Result<PartScan<'a>, PrescanError> {
    scan(bytes, bytes.len(), limits, heard)
}

/// As [`scan_partly`], where `bytes` are only the start of a file of `total` bytes. An uncompressed image needs no more
/// than that; where it does not suffice, the file seems truncated.
pub(crate) fn scan_start<'a>(
    bytes: &'a [u8],
    total: usize,
    limits: &Limits,
) -> Result<PartScan<'a>, PrescanError> {
    scan(bytes, total, limits, &mut |_| {})
}

fn scan<'a>(
    bytes: &'a [u8],
    total: usize,
    limits: &Limits,
    heard: walk::Listener<'_>,
) -> Result<PartScan<'a>, PrescanError> {
    if bytes.is_empty() {
        return Err(PrescanError::Empty);
    }
    if total as u64 > limits.object_bytes {
        return Err(PrescanError::TooLarge { limit: limits.object_bytes });
    }
    let meta = walk::meta(bytes, heard)?;
    let mut start = meta.dataset;
    let mut scan = Prescan {
        data: Cow::Borrowed(bytes),
        transfer_syntax: meta.transfer_syntax,
        encoding: Encoding { explicit: true, big_endian: false },
        dataset: 0,
        ambiguous: None,
        elements: 0,
        depth: 0,
        has_meta: meta.present,
        media_class: meta.media_class,
        pixels: None,
        float_pixels: false,
        top: Vec::new(),
    };
    if scan.transfer_syntax.is_empty() {
        scan.encoding = walk::guess_encoding(bytes.get(start..).unwrap_or_default())?;
        let evident = match scan.encoding {
            Encoding { explicit: false, .. } => "1.2.840.10008.1.2",
            Encoding { big_endian: true, .. } => "1.2.840.10008.1.2.2",
            Encoding { .. } => "1.2.840.10008.1.2.1",
        };
        evident.clone_into(&mut scan.transfer_syntax);
    } else {
        scan.encoding = match scan.transfer_syntax.as_str() {
            "1.2.840.10008.1.2" => Encoding { explicit: false, big_endian: false },
            "1.2.840.10008.1.2.2" => Encoding { explicit: true, big_endian: true },
            _ => scan.encoding,
        };
    }
    if matches!(
        scan.transfer_syntax.as_str(),
        "1.2.840.10008.1.2.1.99" | "1.2.840.10008.1.2.4.95" | "1.2.840.10008.1.2.4.205"
    ) {
        if bytes.len() < total {
            return Err(PrescanError::Truncated { at: bytes.len() });
        }
        scan.data =
            Cow::Owned(inflate::bounded(bytes.get(start..).unwrap_or_default(), limits.inflated_bytes)?);
        start = 0;
    }
    scan.dataset = start;
    let data = std::mem::take(&mut scan.data);
    let end = if matches!(data, Cow::Owned(_)) { data.len() } else { total };
    let outcome = walk::dataset(&data, start..end, limits, &mut scan, heard);
    scan.data = data;
    Ok((scan, outcome))
}

#[cfg(test)]
mod tests;
