//! What a compressed stream declares about itself, read before a codec allocates by it.

use super::PixelError;
use crate::header::SampleFormat;
use casebank_case::Words;

/// Size, precision and components of a codestream; 0 where one of the latter is not read.
#[derive(Debug, PartialEq, Eq)]
struct Declared {
    rows: u32,
    columns: u32,
    components: u32,
    precision: u32,
}

/// Whether a JPEG 2000 stream uses the irreversible 9-7 wavelet (COD segment, ITU-T T.800 A.6.1).
pub(super) fn is_irreversible(data: &[u8]) -> bool {
    let start = data.windows(4).take(4096).position(|w| w == [0xFF, 0x4F, 0xFF, 0x51]);
    let cod = start.and_then(|start| {
        let mut at = start + 2;
        while at < start + (1 << 16) {
            match be16(data, at)? {
                0xFF52 => return data.get(at + 13).copied(),
                0xFF90 => return None,
                _ => at += 2 + be16(data, at + 2)? as usize,
            }
        }
        None
    });
    cod == Some(0)
}

/// Whether a JPEG stream of three components says that they are red, green and blue: an Adobe segment without colour
/// transform (ITU-T T.872 6.5.3), or components called `R`, `G`, `B`. Decoders take others for luminance and chrominance.
pub(super) fn jpeg_says_rgb(stream: &[u8]) -> bool {
    let mut at = 2;
    loop {
        let (Some(marker), Some(length)) = (be16(stream, at), be16(stream, at + 2)) else { return false };
        let segment = stream.get(at + 4..at + 2 + length as usize).unwrap_or_default();
        match marker {
            0xFFEE if segment.starts_with(b"Adobe") => return segment.get(11) == Some(&0),
            0xFFC0..=0xFFC2 => {
                return [6, 9, 12].map(|n| segment.get(n).copied()) == [b'R', b'G', b'B'].map(Some);
            }
            0xFF02..=0xFFFE if length >= 2 && marker != 0xFFDA => at += 2 + length as usize,
            _ => return false,
        }
    }
}

/// Compares the stream's own head with the data set.
pub(super) fn check(syntax: &str, stream: &[u8], format: &SampleFormat) -> Result<(), PixelError> {
    let Some(kind) = syntax.strip_prefix("1.2.840.10008.1.2.4.") else { return Ok(()) };
    let (declared, fixed_width) = match kind {
        "50" | "51" | "57" | "70" | "80" | "81" => (jpeg(stream), true),
        "90" | "91" | "92" | "93" | "201" | "202" | "203" => (jpeg2000(stream), false),
        "110" | "111" | "112" => (jpeg_xl(stream), false),
        _ => return Ok(()),
    };
    let declared =
        declared.ok_or_else(|| PixelError::Codec("its header is not there or cut off".to_owned()))?;
    let (rows, columns) = (u32::from(format.rows), u32::from(format.columns));
    if (declared.rows, declared.columns) != (rows, columns) {
        let Declared { rows, columns, .. } = declared;
        return Err(PixelError::Contradiction(Words::new(
            format!("{rows} rows by {columns} columns"),
            format!(" {rows} 行 {columns} 列"),
        )));
    }
    let extended = kind == "51" && declared.precision == 12 && declared.components == 1;
    if matches!(kind, "50" | "51") && declared.precision > 8 && !extended {
        let bits = declared.precision;
        return Err(PixelError::Syntax(Words::new(
            format!("JPEG with loss and {bits} bits per sample ({syntax})"),
            format!("每个样本 {bits} 位的有损 JPEG（{syntax}）"),
        )));
    }
    if declared.components > 0 && declared.components != u32::from(format.samples) {
        return Err(PixelError::Contradiction(Words::new(
            format!("{} colour components", declared.components),
            format!(" {} 个颜色分量", declared.components),
        )));
    }
    let bytes = declared.precision.div_ceil(8);
    let allocated = u32::from(format.bits_allocated / 8);
    if declared.precision > 0 && (bytes > allocated || (fixed_width && bytes != allocated)) {
        return Err(PixelError::Contradiction(Words::new(
            format!("{} bits per sample", declared.precision),
            format!("每个样本 {} 位", declared.precision),
        )));
    }
    Ok(())
}

fn be16(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from(u16::from_be_bytes(data.get(at..at + 2)?.try_into().ok()?)))
}

fn be32(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(data.get(at..at + 4)?.try_into().ok()?))
}

/// The frame header of JPEG (ITU-T T.81 B.2.2) or JPEG-LS (T.87 C.2.2).
fn jpeg(data: &[u8]) -> Option<Declared> {
    if be16(data, 0)? != 0xFFD8 {
        return None;
    }
    let mut at = 2;
    loop {
        while data.get(at)? == &0xFF && data.get(at + 1)? == &0xFF {
            at += 1;
        }
        let marker = be16(data, at)?;
        let length = be16(data, at + 2)? as usize;
        match marker {
            0xFFC0..=0xFFC3 | 0xFFF7 => {
                return Some(Declared {
                    precision: u32::from(*data.get(at + 4)?),
                    rows: be16(data, at + 5)?,
                    columns: be16(data, at + 7)?,
                    components: u32::from(*data.get(at + 9)?),
                });
            }
            0xFF01 | 0xFFD0..=0xFFD9 | 0xFFDA => return None,
            0xFF02..=0xFFFE if length >= 2 => at += 2 + length,
            _ => return None,
        }
    }
}

/// The SIZ segment of JPEG 2000 (ITU-T T.800 A.5.1), bare or inside a JP2 file.
fn jpeg2000(data: &[u8]) -> Option<Declared> {
    let start = match data.get(..4)? {
        [0xFF, 0x4F, 0xFF, 0x51] => 0,
        _ => data.windows(4).take(4096).position(|w| w == [0xFF, 0x4F, 0xFF, 0x51])?,
    };
    let siz = data.get(start + 4..)?;
    let [width, height, left, top] = [be32(siz, 4)?, be32(siz, 8)?, be32(siz, 12)?, be32(siz, 16)?];
    let (tile_width, tile_height) = (be32(siz, 20)?, be32(siz, 24)?);
    let components = be16(siz, 36)?;
    let (precision, dx, dy) = (u32::from(siz.get(38)? & 0x7F) + 1, *siz.get(39)?, *siz.get(40)?);
    if dx != 1 || dy != 1 || tile_width == 0 || tile_height == 0 {
        return None;
    }
    Some(Declared {
        rows: height.checked_sub(top)?,
        columns: width.checked_sub(left)?,
        components,
        precision,
    })
}

/// The size header of JPEG XL (ISO/IEC 18181-1 D.2), bare or in its container.
fn jpeg_xl(data: &[u8]) -> Option<Declared> {
    let stream = if data.starts_with(&[0xFF, 0x0A]) {
        data
    } else {
        let at = data.windows(4).take(4096).position(|w| w == *b"jxlc" || w == *b"jxlp")?;
        let skip = if data.get(at..at + 4)? == b"jxlp" { 8 } else { 4 };
        data.get(at + skip..).filter(|s| s.starts_with(&[0xFF, 0x0A]))?
    };
    let mut head = [0; 16];
    let there = stream.get(2..)?;
    let n = there.len().min(16);
    head.get_mut(..n)?.copy_from_slice(there.get(..n)?);
    let mut bits = u128::from_le_bytes(head);
    let mut take = |n: u32| {
        let value = bits & ((1 << n) - 1);
        bits >>= n;
        u32::try_from(value).unwrap_or(u32::MAX)
    };
    let small = take(1) == 1;
    let side = |take: &mut dyn FnMut(u32) -> u32| {
        if small {
            return (take(5) + 1) * 8;
        }
        let width = [9, 13, 18, 30][take(2) as usize & 3];
        take(width) + 1
    };
    let rows = side(&mut take);
    let wide = |n: u64, d: u64| u32::try_from(u64::from(rows) * n / d).unwrap_or(u32::MAX);
    let columns = match take(3) {
        0 => side(&mut take),
        1 => rows,
        2 => wide(12, 10),
        3 => wide(4, 3),
        4 => wide(3, 2),
        5 => wide(16, 9),
        6 => wide(5, 4),
        _ => wide(2, 1),
    };
    Some(Declared { rows, columns, components: 0, precision: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format() -> SampleFormat {
        SampleFormat { rows: 512, columns: 256, samples: 1, bits_allocated: 16, ..SampleFormat::default() }
    }

    fn siz(columns: u32, rows: u32) -> Vec<u8> {
        let mut out = vec![0xFF, 0x4F, 0xFF, 0x51, 0, 41, 0, 0];
        for word in [columns, rows, 0, 0, columns, rows, 0, 0] {
            out.extend(word.to_be_bytes());
        }
        out.extend([0, 1, 15, 1, 1]);
        out
    }

    #[test]
    fn a_giant_codestream_is_refused_before_decoding() {
        let j2k = "1.2.840.10008.1.2.4.90";
        assert_eq!(check(j2k, &siz(256, 512), &format()), Ok(()));
        assert!(matches!(check(j2k, &siz(60000, 60000), &format()), Err(PixelError::Contradiction(_))));
        let jls = |rows: u16, columns: u16, bits: u8| {
            let mut out = vec![0xFF, 0xD8, 0xFF, 0xE8, 0, 4, 1, 2, 0xFF, 0xF7, 0, 11, bits];
            out.extend(rows.to_be_bytes());
            out.extend(columns.to_be_bytes());
            out.extend([1, 1, 0x11, 0]);
            out
        };
        let syntax = "1.2.840.10008.1.2.4.80";
        assert_eq!(check(syntax, &jls(512, 256, 12), &format()), Ok(()));
        assert!(matches!(
            check(syntax, &jls(60000, 60000, 12), &format()),
            Err(PixelError::Contradiction(_))
        ));
        assert!(matches!(check(syntax, &jls(512, 256, 8), &format()), Err(PixelError::Contradiction(_))));
        assert!(check(syntax, &[], &format()).is_err() && check(syntax, &[0xFF; 100], &format()).is_err());
    }

    #[test]
    fn jpeg_xl_sizes_are_read() {
        // 64 rows: small flag, (7 + 1) * 8, ratio 2:1.
        let bits: u16 = 1 | 7 << 1 | 7 << 6;
        let mut stream = vec![0xFF, 0x0A];
        stream.extend(bits.to_le_bytes());
        assert_eq!(jpeg_xl(&stream), Some(Declared { rows: 64, columns: 128, components: 0, precision: 0 }));
    }
}
