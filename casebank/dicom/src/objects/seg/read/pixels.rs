//! The frames' pixels, read where they lie.

use casebank_case::{Told as _, Words};
use std::borrow::Cow;
use std::io::Read as _;

use super::SegReadError;
use crate::header::SampleFormat;
use crate::objects::seg::bits::each_set;
use crate::objects::seg::frames::{Header, Pixels};
use crate::pixels;
use crate::prescan::{PixelBytes, Prescan};

/// Deflated Image Frame Compression.
const DEFLATED_FRAMES: &str = "1.2.840.10008.1.2.8.1";
/// Most bytes of decompressed frames.
const DECODED_BYTES: usize = 2 << 30;

/// All frames.
pub(super) struct Frames<'a> {
    pixels: Pixels,
    /// Pixels of one frame.
    length: usize,
    /// The least value that is inside a fractional segment.
    inside: u8,
    bytes: Bytes<'a>,
}

enum Bytes<'a> {
    /// All frames in one run.
    Run(&'a [u8]),
    /// Each frame from a byte of its own on.
    Each(Vec<Cow<'a, [u8]>>),
}

impl<'a> Frames<'a> {
    /// Checks that all frames are there before anything is allocated.
    pub(super) fn of(scan: &'a Prescan<'_>, header: &Header, threshold: f64) -> Result<Self, SegReadError> {
        let wrong = |en, zh| SegReadError::Pixels(Words::new(en, zh));
        let length = usize::from(header.rows) * usize::from(header.columns);
        let bits = length.checked_mul(match header.pixels {
            Pixels::Bits => 1,
            Pixels::Fractional { .. } => 8,
            Pixels::Labels { bytes, .. } => 8 * bytes,
        });
        let bits = bits.ok_or_else(|| wrong("the frames are too large", "帧太大"))?;
        let count = header.frames.len();
        if scan.encoding.big_endian {
            return Err(wrong(
                "big endian segmentations are not read; ask the sender for little endian",
                "不读取大端字节序的分割；请发送方提供小端字节序",
            ));
        }
        let bytes = match scan.pixels.as_ref().ok_or_else(|| wrong("there are none", "没有像素数据"))? {
            PixelBytes::Native(range) => {
                let needed = bits.checked_mul(count).map(|n| n.div_ceil(8));
                let there = scan.data.get(range.clone()).unwrap_or_default();
                let run = needed.and_then(|n| there.get(..n)).ok_or_else(|| {
                    wrong("they end before the last frame; the file is cut off or states more frames than it has", "像素数据在最后一帧之前结束；文件不完整，或声明的帧数过多")
                })?;
                Bytes::Run(run)
            }
            PixelBytes::Fragments { fragments, .. } => {
                if fragments.len() != count {
                    return Err(wrong(
                        "the number of compressed frames is not that of frames",
                        "压缩帧的数目与帧数不符",
                    ));
                }
                let frame = bits.div_ceil(8);
                if frame.checked_mul(count).is_none_or(|n| n > DECODED_BYTES) {
                    return Err(SegReadError::TooLarge { limit: DECODED_BYTES });
                }
                let decode = |n: usize| decoded(scan, header, n, frame).map(Cow::Owned);
                Bytes::Each((0..count).map(decode).collect::<Result<_, _>>()?)
            }
        };
        let inside = match header.pixels {
            Pixels::Fractional { most } => {
                #[expect(clippy::cast_possible_truncation, reason = "clamped to 8 bits")]
                let least = (threshold * f64::from(most)).ceil().clamp(1.0, 255.0) as u8;
                least
            }
            _ => 1,
        };
        Ok(Self { pixels: header.pixels, length, inside, bytes })
    }

    /// Bytes of frame `n`, and the bit it starts at.
    fn frame(&self, n: usize, bits: usize) -> (&[u8], usize) {
        match &self.bytes {
            Bytes::Run(run) => {
                let first = n * self.length * bits;
                (run.get(first / 8..).unwrap_or_default(), first % 8)
            }
            Bytes::Each(frames) => (frames.get(n).map(AsRef::as_ref).unwrap_or_default(), 0),
        }
    }

    /// Calls `take` with each pixel of frame `n` that is inside its segment.
    pub(super) fn each_set(&self, n: usize, mut take: impl FnMut(usize)) {
        if self.pixels == Pixels::Bits {
            let (bytes, first) = self.frame(n, 1);
            each_set(bytes, first, self.length, take);
        } else {
            let (bytes, _) = self.frame(n, 8);
            let inside = bytes.iter().take(self.length).enumerate().filter(|&(_, &v)| v >= self.inside);
            inside.for_each(|(at, _)| take(at));
        }
    }

    /// Calls `take` with each pixel of frame `n` whose segment number is not 0, and that number; with 0 where it is a
    /// segment's number too.
    pub(super) fn each_label(&self, n: usize, mut take: impl FnMut(usize, u16)) {
        let Pixels::Labels { bytes: wide, .. } = self.pixels else { return };
        let (bytes, _) = self.frame(n, 8 * wide);
        for (at, value) in bytes.chunks_exact(wide).take(self.length).enumerate() {
            take(at, u16::from_le_bytes([value[0], value.get(1).copied().unwrap_or(0)]));
        }
    }
}

/// One compressed frame.
fn decoded(scan: &Prescan<'_>, header: &Header, n: usize, length: usize) -> Result<Vec<u8>, SegReadError> {
    let wrong = |what: Words| {
        let Words { en, zh } = what;
        SegReadError::Pixels(Words::new(format!("frame {}: {en}", n + 1), format!("第 {} 帧：{zh}", n + 1)))
    };
    let missing = || wrong(Words::new("is missing", "缺失"));
    let Some(PixelBytes::Fragments { offset_table, fragments }) = &scan.pixels else {
        return Err(missing());
    };
    let fragment = fragments.get(n).cloned().unwrap_or_default();
    if scan.transfer_syntax() == DEFLATED_FRAMES {
        let packed = scan.data.get(fragment).unwrap_or_default();
        let mut out = Vec::new();
        let limit = length as u64 + 2;
        flate2::read::DeflateDecoder::new(packed)
            .take(limit)
            .read_to_end(&mut out)
            .map_err(|_damaged| wrong(Words::new("the deflated frame is damaged", "压缩的帧已损坏")))?;
        return if out.len() < length {
            Err(wrong(Words::new("ends too early", "不完整")))
        } else {
            Ok(out)
        };
    }
    if header.pixels == Pixels::Bits {
        return Err(wrong(Words::new(
            "a compression that does not hold single bits",
            "这种压缩不能存放单个比特",
        )));
    }
    let allocated = if matches!(header.pixels, Pixels::Labels { bytes: 2, .. }) { 16 } else { 8 };
    let format = SampleFormat {
        rows: header.rows,
        columns: header.columns,
        frames: 1,
        samples: 1,
        bits_allocated: allocated,
        bits_stored: allocated,
        high_bit: allocated - 1,
        signed: false,
        photometric: "MONOCHROME2".to_owned(),
    };
    let alone = Prescan {
        data: Cow::Borrowed(&scan.data),
        transfer_syntax: scan.transfer_syntax.clone(),
        media_class: String::new(),
        pixels: Some(PixelBytes::Fragments {
            offset_table: offset_table.clone(),
            fragments: vec![fragment.clone()],
        }),
        ambiguous: None,
        top: Vec::new(),
        ..*scan
    };
    let stored = pixels::frames(&alone, &format).map_err(|error| wrong(error.words()))?;
    let stored = stored.first().ok_or_else(missing)?;
    let samples = pixels::samples(stored, scan.data.get(fragment).unwrap_or_default(), &format);
    Ok(samples.map_err(|error| wrong(error.words()))?.into_owned())
}
