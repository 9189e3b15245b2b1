//! One tile without loss: what is left of each pixel after guessing it from its neighbours, compressed by zstd.
//!
//! Red and blue are written as differences from green, each channel is a plane of its own and guessed by the median edge detector
//! (Weinberger, Seroussi, Sapiro: LOCO-I, 2000). On rendered scans this takes a quarter less than QOI and a third less than PNG's
//! fast mode (docs/streaming-frames.md).

use crate::TileError;

/// How a tile is written: its first byte.
const FLAT: u8 = 0;
const RAW: u8 = 1;
const GUESSED: u8 = 2;

/// Finer levels gain nothing on what is left after guessing.
const LEVEL: i32 = 1;

/// Encodes and decodes tiles; one a thread, since it keeps what zstd allocates.
pub(crate) struct TileCoder {
    compressor: zstd::bulk::Compressor<'static>,
    decompressor: zstd::bulk::Decompressor<'static>,
    planes: Vec<u8>,
    packed: Vec<u8>,
}

impl TileCoder {
    /// # Errors
    /// Where zstd has no memory.
    pub(crate) fn new() -> Result<Self, TileError> {
        let make = || {
            let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
            compressor.include_checksum(false)?;
            compressor.include_contentsize(false)?;
            std::io::Result::Ok((compressor, zstd::bulk::Decompressor::new()?))
        };
        let (compressor, decompressor) = make().map_err(|error| TileError::Zstd(error.to_string()))?;
        Ok(Self { compressor, decompressor, planes: Vec::new(), packed: Vec::new() })
    }

    /// Appends the code of a tile of RGBA rows, `width` pixels across.
    pub(crate) fn encode(&mut self, rgba: &[u8], width: usize, out: &mut Vec<u8>) {
        let first = &rgba[..4];
        if rgba.chunks_exact(4).all(|pixel| pixel == first) {
            out.push(FLAT);
            out.extend_from_slice(first);
            return;
        }
        self.guess(rgba, width);
        self.packed.resize(zstd::zstd_safe::compress_bound(rgba.len()), 0);
        let packed = self.compressor.compress_to_buffer(&self.planes, &mut self.packed[..]);
        match packed {
            Ok(len) if len < rgba.len() => {
                out.push(GUESSED);
                out.extend_from_slice(&self.packed[..len]);
            }
            _ => {
                out.push(RAW);
                out.extend_from_slice(rgba);
            }
        }
    }

    /// Fills a tile of RGBA rows, `width` pixels across, from its code.
    pub(crate) fn decode(&mut self, code: &[u8], width: usize, rgba: &mut [u8]) -> Result<(), TileError> {
        match code {
            [FLAT, pixel @ ..] if pixel.len() == 4 => {
                rgba.chunks_exact_mut(4).for_each(|p| p.copy_from_slice(pixel));
                Ok(())
            }
            [RAW, pixels @ ..] if pixels.len() == rgba.len() => {
                rgba.copy_from_slice(pixels);
                Ok(())
            }
            [GUESSED, packed @ ..] => {
                self.planes.resize(rgba.len(), 0);
                let len = self.decompressor.decompress_to_buffer(packed, &mut self.planes[..]);
                if len.ok() != Some(rgba.len()) {
                    return Err(TileError::Malformed("a tile that is not whole"));
                }
                self.undo(width, rgba);
                Ok(())
            }
            _ => Err(TileError::Malformed("a tile of an unknown kind")),
        }
    }

    /// What is left of each channel after guessing, a plane each.
    fn guess(&mut self, rgba: &[u8], width: usize) {
        let pixels = rgba.len() / 4;
        // one plane of what is guessed, with a row of zeros above and a column of zeros left of it
        let mut plane = vec![0; pixels];
        self.planes.clear();
        for channel in 0..4 {
            for (value, p) in plane.iter_mut().zip(rgba.chunks_exact(4)) {
                *value =
                    if channel == 0 || channel == 2 { p[channel].wrapping_sub(p[1]) } else { p[channel] };
            }
            let mut above: &[u8] = &[];
            for row in plane.chunks_exact(width) {
                if above.is_empty() {
                    self.planes.push(row[0]);
                    self.planes.extend(row.windows(2).map(|w| w[1].wrapping_sub(w[0])));
                } else {
                    self.planes.push(row[0].wrapping_sub(above[0]));
                    let around = row.windows(2).zip(above.windows(2));
                    self.planes
                        .extend(around.map(|(now, up)| now[1].wrapping_sub(median(now[0], up[1], up[0]))));
                }
                above = row;
            }
        }
    }

    /// The way back.
    fn undo(&mut self, width: usize, rgba: &mut [u8]) {
        let pixels = rgba.len() / 4;
        for plane in self.planes.chunks_exact_mut(pixels) {
            let (first, rest) = plane.split_at_mut(width);
            let mut left = 0_u8;
            for value in &mut *first {
                left = left.wrapping_add(*value);
                *value = left;
            }
            let mut above: &[u8] = first;
            for row in rest.chunks_exact_mut(width) {
                let (mut left, mut corner) = (above[0], above[0]);
                left = left.wrapping_add(row[0]);
                row[0] = left;
                for (value, &up) in row[1..].iter_mut().zip(&above[1..]) {
                    left = value.wrapping_add(median(left, up, corner));
                    *value = left;
                    corner = up;
                }
                above = row;
            }
        }
        let [reds, greens, blues, alphas] = [0, 1, 2, 3].map(|n| &self.planes[n * pixels..][..pixels]);
        let planes = reds.iter().zip(greens).zip(blues).zip(alphas);
        for (pixel, (((&r, &g), &b), &a)) in rgba.chunks_exact_mut(4).zip(planes) {
            pixel.copy_from_slice(&[r.wrapping_add(g), g, b.wrapping_add(g), a]);
        }
    }
}

/// Of left, above, and left + above − corner.
#[inline]
fn median(left: u8, above: u8, corner: u8) -> u8 {
    let (low, high) = (left.min(above), left.max(above));
    let plane = i16::from(left) + i16::from(above) - i16::from(corner);
    plane.clamp(i16::from(low), i16::from(high)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn there_and_back(rgba: &[u8], width: usize) -> usize {
        let mut coder = TileCoder::new().unwrap();
        let mut code = Vec::new();
        coder.encode(rgba, width, &mut code);
        let mut back = vec![1; rgba.len()];
        coder.decode(&code, width, &mut back).unwrap();
        assert!(back == rgba, "{} bytes, {width} across", rgba.len());
        code.len()
    }

    #[test]
    fn a_flat_tile_is_five_bytes_and_a_smooth_one_is_small() {
        assert_eq!(there_and_back(&[1, 2, 3, 4].repeat(64 * 64), 64), 5);
        let smooth: Vec<u8> =
            (0..64 * 64_u32).flat_map(|n| [(n % 64 * 2) as u8, (n / 64 * 3) as u8, 30, 255]).collect();
        assert!(there_and_back(&smooth, 64) < 300);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_byte_comes_back(width in 1..70_usize, height in 1..70_usize, seed: u64, few: bool) {
            let mut state = seed | 1;
            let rgba: Vec<u8> = (0..width * height * 4)
                .map(|_| {
                    state ^= state << 13;
                    state ^= state >> 7;
                    state ^= state << 17;
                    if few { (state >> 60) as u8 * 17 } else { state as u8 }
                })
                .collect();
            let len = there_and_back(&rgba, width);
            prop_assert!(len <= rgba.len() + 1);
        }

        #[test]
        fn hostile_codes_give_errors_or_pixels_and_never_more(code in proptest::collection::vec(any::<u8>(), 0..200), kind in 0..4_u8) {
            let mut coder = TileCoder::new().unwrap();
            let mut rgba = [0; 16 * 16 * 4];
            let code: Vec<u8> = [kind].into_iter().chain(code).collect();
            let before = rgba;
            if let Err(error) = coder.decode(&code, 16, &mut rgba) {
                prop_assert!(rgba == before, "{error}: a refused tile writes nothing");
            }
        }
    }

    #[test]
    fn codes_of_another_size_are_refused() {
        let mut coder = TileCoder::new().unwrap();
        let mut code = Vec::new();
        let rgba: Vec<u8> = (0..16 * 16 * 4).map(|n| (n * 7 % 251) as u8).collect();
        coder.encode(&rgba, 16, &mut code);
        assert!(coder.decode(&code, 16, &mut [0; 16 * 15 * 4]).is_err());
        assert!(coder.decode(&code, 16, &mut [0; 16 * 17 * 4]).is_err());
        assert!(coder.decode(&code[..code.len() - 1], 16, &mut [0; 16 * 16 * 4]).is_err());
        assert!(coder.decode(&[], 16, &mut [0; 16 * 16 * 4]).is_err());
        assert!(coder.decode(&[9, 9], 16, &mut [0; 16 * 16 * 4]).is_err());
    }
}
