//! The bytes of one file, how many there are at most, and how far they were read.

use crate::Words;
use std::io::{BufRead, BufReader, Read as _};

use flate2::bufread::{MultiGzDecoder, ZlibDecoder};

use super::FormatError;

/// First bytes of a gzip stream (RFC 1952).
pub(super) const GZIP: [u8; 2] = [0x1f, 0x8b];
/// Deflate makes at most 1032 bytes of one (RFC 1951: 258 bytes from two bits); the rest is for headers.
const MOST_PER_BYTE: u64 = 1032;
const UNPACKED_BUFFER: usize = 1 << 16;

/// A reader that knows how many bytes can still come.
pub(super) struct Source<'a> {
    reader: Box<dyn BufRead + 'a>,
    /// An upper bound, exact where nothing is packed.
    left: u64,
    packed: bool,
}

impl<'a> Source<'a> {
    pub(super) fn new(reader: impl BufRead + 'a, bytes: u64) -> Self {
        Self { reader: Box::new(reader), left: bytes, packed: false }
    }

    /// Most bytes that can still come.
    pub(super) const fn left(&self) -> u64 {
        self.left
    }

    /// Whether the bytes come out of a packed stream, whose true length is known only at its end.
    pub(super) const fn packed(&self) -> bool {
        self.packed
    }

    /// The next bytes without taking them; fewer at the end, or where the buffer holds fewer.
    pub(super) fn peek(&mut self) -> Result<&[u8], FormatError> {
        Ok(self.reader.fill_buf()?)
    }

    /// What follows comes out of a gzip stream, or of a zlib stream where its first bytes say so.
    pub(super) fn unpacked(mut self) -> Result<Self, FormatError> {
        let left = self.left.saturating_mul(MOST_PER_BYTE);
        let gzip = self.peek()?.starts_with(&GZIP);
        let reader: Box<dyn BufRead + 'a> = if gzip {
            Box::new(BufReader::with_capacity(UNPACKED_BUFFER, MultiGzDecoder::new(self.reader)))
        } else {
            Box::new(BufReader::with_capacity(UNPACKED_BUFFER, ZlibDecoder::new(self.reader)))
        };
        Ok(Self { reader, left, packed: true })
    }

    /// Fills `out`.
    pub(super) fn exact(&mut self, out: &mut [u8]) -> Result<(), FormatError> {
        let declared = out.len() as u64;
        let there = self.left;
        self.reader.read_exact(out).map_err(|error| broken(error, declared, there))?;
        self.left = self.left.saturating_sub(declared);
        Ok(())
    }

    /// Passes over bytes.
    pub(super) fn skip(&mut self, bytes: u64) -> Result<(), FormatError> {
        if bytes > self.left {
            return Err(FormatError::Truncated { declared: bytes, there: self.left });
        }
        let passed = std::io::copy(&mut (&mut self.reader).take(bytes), &mut std::io::sink())
            .map_err(|error| broken(error, bytes, self.left))?;
        if passed < bytes {
            return Err(FormatError::Truncated { declared: bytes, there: passed });
        }
        self.left -= bytes;
        Ok(())
    }

    /// The next line without its end, at most `most` bytes; `None` at the end.
    pub(super) fn line(&mut self, most: usize) -> Result<Option<String>, FormatError> {
        let mut bytes = Vec::new();
        let took = (&mut self.reader).take(most as u64 + 1).read_until(b'\n', &mut bytes)?;
        if took == 0 {
            return Ok(None);
        }
        if took > most {
            return Err(FormatError::header(
                "header",
                "is longer than a header may be",
                "超过文件头允许的长度",
            ));
        }
        self.left = self.left.saturating_sub(took as u64);
        while matches!(bytes.last(), Some(b'\n' | b'\r')) {
            bytes.pop();
        }
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The next word of text, of at most 64 bytes; `None` at the end.
    pub(super) fn word(&mut self) -> Result<Option<String>, FormatError> {
        let mut word = String::new();
        loop {
            let buffer = self.reader.fill_buf()?;
            let Some(&byte) = buffer.first() else { break };
            self.reader.consume(1);
            self.left = self.left.saturating_sub(1);
            let space = byte.is_ascii_whitespace() || byte == b',';
            match (space, word.is_empty()) {
                (true, true) => {}
                (true, false) => break,
                (false, _) if word.len() == 64 || !byte.is_ascii() => {
                    return Err(FormatError::Damaged(Words::new(
                        "a number in the text is none",
                        "文本中有一项不是数字",
                    )));
                }
                (false, _) => word.push(char::from(byte)),
            }
        }
        Ok((!word.is_empty()).then_some(word))
    }

    /// Whether the stream ends here. A packed stream compares its checksum when it ends.
    pub(super) fn ended(&mut self) -> Result<bool, FormatError> {
        let there = self.left;
        Ok(self.reader.fill_buf().map_err(|error| broken(error, 0, there))?.is_empty())
    }
}

/// An early end, damage of a packed stream, or a true failure of the system.
fn broken(error: std::io::Error, declared: u64, there: u64) -> FormatError {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            FormatError::Truncated { declared, there: there.min(declared.saturating_sub(1)) }
        }
        std::io::ErrorKind::InvalidData | std::io::ErrorKind::InvalidInput => FormatError::Damaged(
            Words::new("the packed stream is broken or its checksum differs", "压缩数据已损坏，或校验和不符"),
        ),
        _ => FormatError::Io(error),
    }
}
