//! One line of text each way; the frames themselves lie in shared memory.

use crate::header::SampleFormat;

/// Longest line, so that it fits into a pipe at once.
pub(super) const MOST_BYTES: usize = 512;

/// A frame to be decoded: it lies at the start of the shared memory.
#[derive(Debug, PartialEq)]
pub(super) struct Request {
    pub(super) syntax: String,
    pub(super) format: SampleFormat,
    /// Bytes of the compressed frame.
    pub(super) length: usize,
}

impl Request {
    /// The line, or `None` where the transfer syntax is no UID.
    pub(super) fn line(syntax: &str, format: &SampleFormat, length: usize) -> Option<String> {
        let uid = !syntax.is_empty()
            && syntax.len() <= 64
            && syntax.chars().all(|c| c.is_ascii_digit() || c == '.');
        // Codecs look at it only to tell RGB from YBR.
        let known = ["RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT", "PALETTE_COLOR"];
        let photometric = known
            .into_iter()
            .find(|name| *name == format.photometric.replace(' ', "_"))
            .unwrap_or("MONOCHROME2");
        let SampleFormat { rows, columns, samples, bits_allocated, bits_stored, high_bit, .. } = format;
        let signed = u8::from(format.signed);
        uid.then(|| {
            format!(
                "{syntax} {rows} {columns} {samples} {bits_allocated} {bits_stored} {high_bit} {signed} {photometric} {length}\n"
            )
        })
    }

    /// Reads [`Self::line`].
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_ascii_whitespace();
        let syntax = words.next()?.to_owned();
        let mut number = || words.next()?.parse::<u16>().ok();
        let format = SampleFormat {
            rows: number()?,
            columns: number()?,
            frames: 1,
            samples: number()?,
            bits_allocated: number()?,
            bits_stored: number()?,
            high_bit: number()?,
            signed: number()? == 1,
            photometric: words
                .next()?
                .replace('_', " ")
                .replace("YBR ", "YBR_")
                .replace("FULL 422", "FULL_422"),
        };
        Some(Self { syntax, format, length: words.next()?.parse().ok()? })
    }
}

/// What became of it.
#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    /// So many bytes of samples lie at the start of the shared memory.
    Decoded(usize),
    /// The stream is damaged, in the codec's words.
    Damaged(String),
}

impl Answer {
    pub(super) fn line(&self) -> String {
        match self {
            Self::Decoded(length) => format!("decoded {length}\n"),
            Self::Damaged(what) => format!("damaged {}\n", clean(what)),
        }
    }

    /// Reads [`Self::line`]; nothing else is taken.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let line = line.strip_suffix('\n')?;
        if let Some(what) = line.strip_prefix("damaged ") {
            return Some(Self::Damaged(clean(what)));
        }
        line.strip_prefix("decoded ")?.parse().ok().map(Self::Decoded)
    }
}

/// Words of a codec, fit for one line.
fn clean(what: &str) -> String {
    what.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(240).collect()
}
