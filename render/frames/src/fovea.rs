//! One picture in three rings, fine where the eye looks, packed below one another for the encoder and laid together again.

use image::RgbaImage;
use meshing_volume::Told;
use rayon::prelude::*;

/// Pixels along each edge that share one in the second ring and outside.
const RATES: [u32; 2] = [2, 4];
/// Rings begin and end on macroblocks of the packed picture.
const BLOCK: u32 = 16;
/// Pixels over which a ring fades into the next, which also hides what the encoder smears across its edge.
const FADE: u32 = 24;

/// Where the rings of a picture lie. The inner one has every pixel, the second half of them along each edge, and the
/// outer, which covers all of the picture, a quarter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rings {
    size: [u32; 2],
    inner: Part,
    middle: Part,
}

/// A rectangle of the full picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    from: [u32; 2],
    size: [u32; 2],
}

/// Why rings and pictures do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a picture of {found:?} pixels instead of {wanted:?}: rings and picture are not of one frame; use the rings sent with it"
)]
pub struct RingsError {
    /// Pixels of the picture given.
    pub found: [u32; 2],
    /// Pixels that the rings are for.
    pub wanted: [u32; 2],
}

impl Told for RingsError {
    fn chinese(&self) -> String {
        let ([fw, fh], [ww, wh]) = (self.found, self.wanted);
        format!("画面为 {fw}×{fh} 像素，而应为 {ww}×{wh}：分区与画面不属于同一帧；请使用随其发送的分区")
    }
}

impl Rings {
    /// Rings of a [`Setting::fovea`](crate::Setting::fovea) around a pixel of a picture, 0 none. `None` where the picture is too small
    /// to gain anything, or has none.
    pub fn level(size: [u32; 2], gaze: [u32; 2], level: u8) -> Option<Self> {
        match level {
            0 => None,
            1 => Self::new(size, gaze, [0.4, 0.7]),
            _ => Self::new(size, gaze, [0.3, 0.5]),
        }
    }

    /// Rings around a pixel of a picture whose inner and middle one have a share of its edges.
    pub fn new(size: [u32; 2], gaze: [u32; 2], shares: [f64; 2]) -> Option<Self> {
        let part = |share: f64, rate: u32| {
            let grain = BLOCK * rate;
            let mut part = Part { from: [0; 2], size: [0; 2] };
            for a in 0..2 {
                let long = (f64::from(size[a]) * share.clamp(0.0, 1.0)) as u32;
                part.size[a] = long.next_multiple_of(grain).min(size[a] / grain * grain);
                // small moves of the eye leave the rings where they are, and so what the encoder can lean on
                let from = gaze[a].saturating_sub(part.size[a] / 2) / (2 * BLOCK) * (2 * BLOCK);
                part.from[a] = from.min((size[a] - part.size[a]) / RATES[1] * RATES[1]);
            }
            part
        };
        let rings = Self { size, inner: part(shares[0], 1), middle: part(shares[1], RATES[0]) };
        let fits = rings.inner.size.iter().chain(&rings.middle.size).all(|n| *n > 2 * FADE);
        let [w, h] = rings.packed_size();
        let gains = u64::from(w) * u64::from(h) < u64::from(size[0]) * u64::from(size[1]);
        (fits && gains && size.iter().all(|n| *n <= crate::MAX_EDGE)).then_some(rings)
    }

    /// Pixels of the packed picture.
    pub fn packed_size(&self) -> [u32; 2] {
        let blocks = self.blocks();
        let width = blocks.iter().map(|b| b[0]).max().unwrap_or(0).next_multiple_of(BLOCK);
        [width, blocks.iter().map(|b| b[1].next_multiple_of(BLOCK)).sum()]
    }

    /// Pixels of each ring as packed.
    fn blocks(&self) -> [[u32; 2]; 3] {
        [self.inner.size, self.middle.size.map(|n| n / RATES[0]), self.size.map(|n| n.div_ceil(RATES[1]))]
    }

    /// First row of each ring as packed.
    fn tops(&self) -> [u32; 3] {
        let [a, b, _] = self.blocks().map(|b| b[1].next_multiple_of(BLOCK));
        [0, a, a + b]
    }

    /// Packs a picture. Coarser pixels are the mean of the codes of those that they stand for.
    ///
    /// # Errors
    /// [`RingsError`].
    pub fn pack(&self, picture: &RgbaImage) -> Result<RgbaImage, RingsError> {
        expect(picture, self.size)?;
        let [width, height] = self.packed_size();
        let mut packed = RgbaImage::from_pixel(width, height, image::Rgba([0, 0, 0, 255]));
        let whole = Part { from: [0; 2], size: self.size };
        let rings = [(self.inner, 1), (self.middle, RATES[0]), (whole, RATES[1])];
        let row_bytes = width as usize * 4;
        for ((part, rate), (top, block)) in rings.into_iter().zip(self.tops().into_iter().zip(self.blocks()))
        {
            let rows = &mut (*packed)[top as usize * row_bytes..][..block[1] as usize * row_bytes];
            rows.par_chunks_exact_mut(row_bytes).zip(0..block[1]).for_each(|(row, y)| {
                for (pixel, x) in row.chunks_exact_mut(4).zip(0..block[0]) {
                    pixel.copy_from_slice(&mean(
                        picture,
                        [part.from[0] + x * rate, part.from[1] + y * rate],
                        rate,
                    ));
                }
            });
        }
        Ok(packed)
    }

    /// Lays the rings together. Inside the inner ring, but for the fading edge, pixels are those that were packed.
    ///
    /// # Errors
    /// [`RingsError`].
    pub fn unpack(&self, packed: &RgbaImage) -> Result<RgbaImage, RingsError> {
        expect(packed, self.packed_size())?;
        let [width, height] = self.size;
        let mut picture = RgbaImage::new(width, height);
        let (tops, blocks) = (self.tops(), self.blocks());
        let whole = Part { from: [0; 2], size: self.size };
        let sheet =
            |n: usize, part: Part, rate: u32| Sheet { packed, top: tops[n], size: blocks[n], part, rate };
        let inner = self.inner;
        let (middle_sheet, outer_sheet) = (sheet(1, self.middle, RATES[0]), sheet(2, whole, RATES[1]));
        let row_bytes = width as usize * 4;
        picture.par_chunks_exact_mut(row_bytes).zip(0..height).for_each(|(row, y)| {
            for (out, x) in row.chunks_exact_mut(4).zip(0..width) {
                let weights = [self.inner, self.middle].map(|part| self.weight(part, [x, y]));
                let fine = || {
                    let at = packed.get_pixel(x - inner.from[0], y - inner.from[1]).0;
                    at.map(u32::from)
                };
                let coarse = || match weights[1] {
                    FADE => middle_sheet.at([x, y]),
                    0 => outer_sheet.at([x, y]),
                    w => mix(outer_sheet.at([x, y]), middle_sheet.at([x, y]), w),
                };
                let colour = match weights[0] {
                    FADE => fine(),
                    0 => coarse(),
                    w => mix(coarse(), fine(), w),
                };
                out.copy_from_slice(&colour.map(|c| c as u8));
            }
        });
        Ok(picture)
    }

    /// How much of a ring a pixel shows, in parts of [`FADE`]. A ring that ends with the picture does not fade there.
    fn weight(&self, part: Part, at: [u32; 2]) -> u32 {
        let mut weight = FADE;
        for (a, at) in at.into_iter().enumerate() {
            let (from, to) = (part.from[a], part.from[a] + part.size[a]);
            if at < from || at >= to {
                return 0;
            }
            if from > 0 {
                weight = weight.min(at - from);
            }
            if to < self.size[a] {
                weight = weight.min(to - 1 - at);
            }
        }
        weight
    }

    /// Bytes of [`Rings::to_bytes`].
    pub const LEN: usize = 20;

    /// Ten 16-bit numbers, little endian: size of the picture, corner and size of the inner ring, of the middle one.
    pub fn to_bytes(self) -> [u8; Self::LEN] {
        let numbers = [self.size, self.inner.from, self.inner.size, self.middle.from, self.middle.size];
        let mut bytes = [0; Self::LEN];
        for (out, n) in bytes.chunks_exact_mut(2).zip(numbers.as_flattened()) {
            out.copy_from_slice(&(*n as u16).to_le_bytes());
        }
        bytes
    }

    /// Reads them; `None` where they are not such as [`Rings::new`] makes.
    pub fn from_bytes(bytes: &[u8; Self::LEN]) -> Option<Self> {
        let mut n = [0_u32; 10];
        for (n, b) in n.iter_mut().zip(bytes.as_chunks::<2>().0) {
            *n = u32::from(u16::from_le_bytes(*b));
        }
        let pair = |at: usize| [n[at], n[at + 1]];
        let rings = Self {
            size: pair(0),
            inner: Part { from: pair(2), size: pair(4) },
            middle: Part { from: pair(6), size: pair(8) },
        };
        let sound = |part: Part, rate: u32| {
            (0..2).all(|a| {
                part.size[a] > 2 * FADE
                    && part.size[a].is_multiple_of(BLOCK * rate)
                    && part.from[a].is_multiple_of(RATES[1])
                    && part.from[a] + part.size[a] <= rings.size[a]
            })
        };
        let small = rings.size.iter().all(|n| *n <= crate::MAX_EDGE);
        (small && sound(rings.inner, 1) && sound(rings.middle, RATES[0])).then_some(rings)
    }
}

/// A ring as packed, to be enlarged.
#[derive(Clone, Copy)]
struct Sheet<'a> {
    packed: &'a RgbaImage,
    top: u32,
    size: [u32; 2],
    part: Part,
    rate: u32,
}

impl Sheet<'_> {
    /// Its colour at a pixel of the full picture, mixed from the four nearest.
    fn at(&self, at: [u32; 2]) -> [u32; 4] {
        // in parts of twice the rate, from the middle of the ring's first pixel
        let whole = 2 * self.rate;
        let place = |a: usize| (2 * (at[a] - self.part.from[a]) + 1).saturating_sub(self.rate);
        let ([x, y], last) = ([place(0), place(1)], self.size.map(|n| n - 1));
        let (x0, y0) = ((x / whole).min(last[0]), (y / whole).min(last[1]));
        let (x1, y1) = ((x0 + 1).min(last[0]), (y0 + 1).min(last[1]));
        let (fx, fy) = (x % whole, y % whole);
        let pixel = |x: u32, y: u32| self.packed.get_pixel(x, self.top + y).0;
        let (a, b, c, d) = (pixel(x0, y0), pixel(x1, y0), pixel(x0, y1), pixel(x1, y1));
        let mut out = [0; 4];
        for n in 0..4 {
            let upper = u32::from(a[n]) * (whole - fx) + u32::from(b[n]) * fx;
            let lower = u32::from(c[n]) * (whole - fx) + u32::from(d[n]) * fx;
            out[n] = (upper * (whole - fy) + lower * fy + whole * whole / 2) / (whole * whole);
        }
        out
    }
}

fn expect(picture: &RgbaImage, wanted: [u32; 2]) -> Result<(), RingsError> {
    let found = [picture.width(), picture.height()];
    if found == wanted { Ok(()) } else { Err(RingsError { found, wanted }) }
}

fn mix(a: [u32; 4], b: [u32; 4], of_b: u32) -> [u32; 4] {
    let mut out = [0; 4];
    for n in 0..4 {
        out[n] = (a[n] * (FADE - of_b) + b[n] * of_b + FADE / 2) / FADE;
    }
    out
}

/// The mean of a square of pixels, less at the picture's far edges.
fn mean(picture: &RgbaImage, from: [u32; 2], rate: u32) -> [u8; 4] {
    if rate == 1 {
        return picture.get_pixel(from[0], from[1]).0;
    }
    let mut sum = [0_u32; 4];
    let to = [(from[0] + rate).min(picture.width()), (from[1] + rate).min(picture.height())];
    for y in from[1]..to[1] {
        for x in from[0]..to[0] {
            for (sum, c) in sum.iter_mut().zip(picture.get_pixel(x, y).0) {
                *sum += u32::from(c);
            }
        }
    }
    let count = (to[0] - from[0]) * (to[1] - from[1]);
    sum.map(|s| ((s + count / 2) / count) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waves of a length in pixels.
    fn waves(size: [u32; 2], length: f64) -> RgbaImage {
        RgbaImage::from_fn(size[0], size[1], |x, y| {
            let wave = |n: f64| (128.0 + 100.0 * (n * std::f64::consts::TAU / length).sin()) as u8;
            image::Rgba([wave(f64::from(x)), wave(f64::from(y)), wave(f64::from(x + y)), 255])
        })
    }

    fn worst(a: &RgbaImage, b: &RgbaImage, of: impl Fn(u32, u32) -> bool) -> u8 {
        let pixels = a.enumerate_pixels().zip(b.pixels()).filter(|((x, y, _), _)| of(*x, *y));
        let off = pixels.flat_map(|((_, _, p), q)| (0..4).map(move |n| p[n].abs_diff(q[n])));
        off.max().unwrap_or(0)
    }

    #[test]
    fn the_inner_ring_comes_back_as_it_was_and_the_rest_nearly() {
        let size = [1000, 700];
        let picture = waves(size, 90.0);
        for gaze in [[500, 350], [0, 0], [999, 699], [120, 600]] {
            let rings = Rings::level(size, gaze, 1).unwrap();
            let packed = rings.pack(&picture).unwrap();
            assert_eq!([packed.width(), packed.height()], rings.packed_size());
            let back = rings.unpack(&packed).unwrap();
            let part = rings.inner;
            let inside = |x: u32, y: u32| rings.weight(part, [x, y]) == FADE;
            assert_eq!(worst(&picture, &back, inside), 0, "{gaze:?}");
            let seen = picture.enumerate_pixels().filter(|(x, y, _)| inside(*x, *y)).count();
            assert!(seen > 60_000, "{gaze:?}: {seen}");
            // along the diagonal a wave of 90 pixels has 100 (2 pi 4 / 90)^2 (1 / 8 + 1 / 24) = 1.3 an axis for mixing and mean
            let off_edge = |x: u32, y: u32| (4..996).contains(&x) && (4..696).contains(&y);
            assert!(worst(&picture, &back, off_edge) <= 5, "{gaze:?}");
            let middle = |x: u32, y: u32| rings.weight(rings.middle, [x, y]) == FADE && off_edge(x, y);
            assert!(worst(&picture, &back, middle) <= 3, "{gaze:?}");
            // at an edge the last of a ring is repeated: for one and a half pixels of both axes, 7 each
            assert!(worst(&picture, &back, |_, _| true) <= 24, "{gaze:?}");
        }
    }

    #[test]
    fn fewer_pixels_are_packed_and_fine_waves_show_that_the_rings_differ() {
        let size = [1920, 1080];
        let rings = Rings::level(size, [960, 540], 1).unwrap();
        let [w, h] = rings.packed_size();
        let share = f64::from(w * h) / f64::from(size[0] * size[1]);
        assert!(share < 0.45, "{share}");
        let narrow = Rings::level(size, [960, 540], 2).unwrap();
        assert!(narrow.packed_size()[0] * narrow.packed_size()[1] < w * h);
        let picture = waves(size, 6.0);
        let back = rings.unpack(&rings.pack(&picture).unwrap()).unwrap();
        let outside = |x: u32, y: u32| rings.weight(rings.middle, [x, y]) == 0;
        assert!(worst(&picture, &back, outside) > 50, "what is coarse outside must be");
    }

    #[test]
    fn bytes_come_back_and_what_is_not_rings_is_refused() {
        let rings = Rings::new([1920, 1080], [700, 300], [0.4, 0.7]).unwrap();
        assert_eq!(Rings::from_bytes(&rings.to_bytes()), Some(rings));
        let mut far = rings.to_bytes();
        far[4] = 255;
        far[5] = 255;
        assert_eq!(Rings::from_bytes(&far), None);
        assert_eq!(Rings::from_bytes(&[0; Rings::LEN]), None);
        assert_eq!(Rings::from_bytes(&[255; Rings::LEN]), None);
        assert_eq!(Rings::level([64, 64], [0, 0], 1), None, "too small to gain");
        let error = rings.pack(&RgbaImage::new(10, 10)).unwrap_err();
        assert!(error.chinese().contains("1920×1080") && rings.unpack(&RgbaImage::new(10, 10)).is_err());
    }
}
