//! Distances for reprojection: a byte for each 4 × 4 pixels, by the logarithm.

use meshing_volume::Told;

/// Pixels along each edge that share one distance.
pub const DEPTH_RATE: u32 = 4;
/// From here on a pixel shows nothing: `render_volume::NOTHING_MM`.
const NOTHING_MM: f32 = 1e30;
const MAGIC: [u8; 4] = *b"TFd1";
const HEADER: usize = 16;
const LEVEL: i32 = 1;

/// Distances of a picture, coarse. Code 0 shows nothing; 1 to 255 go from the nearest to the farthest by equal ratios.
#[derive(Clone, Debug, PartialEq)]
pub struct DepthPlane {
    size: [u32; 2],
    range_mm: [f32; 2],
    codes: Vec<u8>,
}

/// Why there are no distances.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DepthError {
    /// Range, size or number of distances make no sense.
    #[error("distances cannot be encoded: {0}; give one for each pixel and a range that begins above 0")]
    Input(&'static str),
    /// The compressor has no memory.
    #[error("zstd could not begin ({0}); the picture goes without distances")]
    Zstd(String),
    /// The bytes are not what they should be.
    #[error(
        "bytes are not distances of this version: {0}; the picture is shown without them, warped by rotation alone"
    )]
    Malformed(&'static str),
}

impl Told for DepthError {
    fn chinese(&self) -> String {
        match self {
            Self::Input(what) => format!("无法编码距离：{what}；请为每个像素给出距离，且范围须大于 0"),
            Self::Zstd(cause) => format!("zstd 无法启动（{cause}）；画面不带距离发送"),
            Self::Malformed(what) => {
                format!("这些字节不是此版本的距离：{what}；画面将不使用距离，仅按旋转变换显示")
            }
        }
    }
}

impl DepthPlane {
    /// From one distance a pixel, mm along its ray, 1e30 and more where nothing is seen. A block shows the geometric mean of its pixels that show
    /// something, and nothing where none does.
    ///
    /// # Errors
    /// [`DepthError::Input`].
    pub fn new(size: [u32; 2], range_mm: [f32; 2], depths_mm: &[f32]) -> Result<Self, DepthError> {
        let [near, far] = range_mm;
        if !(near > 0.0 && far > near && far < NOTHING_MM) {
            return Err(DepthError::Input("the range"));
        }
        let [width, height] = size.map(|n| n as usize);
        if width == 0 || height == 0 || size.iter().any(|n| *n > crate::MAX_EDGE) {
            return Err(DepthError::Input("the size"));
        }
        if depths_mm.len() != width * height {
            return Err(DepthError::Input("their number"));
        }
        let rate = DEPTH_RATE as usize;
        let across = width.div_ceil(rate);
        let mut codes = Vec::with_capacity(across * height.div_ceil(rate));
        let per_code = (far / near).ln() / 254.0;
        let mut sums = vec![(0.0_f32, 0_u32); across];
        for rows in depths_mm.chunks(width * rate) {
            sums.fill((0.0, 0));
            for row in rows.chunks_exact(width) {
                for (sum, block) in sums.iter_mut().zip(row.chunks(rate)) {
                    for &mm in block.iter().filter(|mm| **mm < NOTHING_MM) {
                        sum.0 += mm.max(near).min(far).ln();
                        sum.1 += 1;
                    }
                }
            }
            codes.extend(sums.iter().map(|&(sum, count)| {
                if count == 0 {
                    return 0;
                }
                (1.0 + ((sum / count as f32 - near.ln()) / per_code).round()).clamp(1.0, 255.0) as u8
            }));
        }
        Ok(Self { size, range_mm, codes })
    }

    /// Pixels of the picture.
    pub const fn size(&self) -> [u32; 2] {
        self.size
    }

    /// A byte a block, row by row, for a texture of [`DepthPlane::blocks`].
    pub fn codes(&self) -> &[u8] {
        &self.codes
    }

    /// Blocks across and down.
    pub const fn blocks(&self) -> [u32; 2] {
        [self.size[0].div_ceil(DEPTH_RATE), self.size[1].div_ceil(DEPTH_RATE)]
    }

    /// The distance of a code, mm; `None` for nothing.
    pub fn mm(&self, code: u8) -> Option<f32> {
        let [near, far] = self.range_mm;
        (code > 0).then(|| near * (far / near).powf(f32::from(code - 1) / 254.0))
    }

    /// The distance at a pixel, of its block; `None` for nothing and outside.
    pub fn at(&self, x: u32, y: u32) -> Option<f32> {
        if x >= self.size[0] || y >= self.size[1] {
            return None;
        }
        let [across, _] = self.blocks();
        self.mm(self.codes[(y / DEPTH_RATE * across + x / DEPTH_RATE) as usize])
    }

    /// How far a distance can be off for its code alone, as a share of it: half a step. From 100 mm to 2 m 0.6 %.
    pub fn relative_error(&self) -> f32 {
        let [near, far] = self.range_mm;
        ((far / near).ln() / 508.0).exp_m1()
    }

    /// Little endian: magic, width u16, height u16, nearest f32, farthest f32, and zstd of the codes, each less the one above.
    ///
    /// # Errors
    /// Where zstd has no memory.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DepthError> {
        let across = self.blocks()[0] as usize;
        let mut left = self.codes.clone();
        for (left, above) in left[across..].iter_mut().zip(&self.codes) {
            *left = left.wrapping_sub(*above);
        }
        let packed =
            zstd::bulk::compress(&left, LEVEL).map_err(|error| DepthError::Zstd(error.to_string()))?;
        let mut bytes = Vec::with_capacity(HEADER + packed.len());
        bytes.extend(MAGIC);
        self.size.iter().for_each(|n| bytes.extend((*n as u16).to_le_bytes()));
        self.range_mm.iter().for_each(|mm| bytes.extend(mm.to_le_bytes()));
        bytes.extend(packed);
        Ok(bytes)
    }

    /// Reads distances of a picture whose size is known.
    ///
    /// # Errors
    /// [`DepthError::Malformed`].
    pub fn from_bytes(bytes: &[u8], size: [u32; 2]) -> Result<Self, DepthError> {
        let bad = DepthError::Malformed;
        let (head, packed) = bytes.split_at_checked(HEADER).ok_or(bad("too short"))?;
        if head[..4] != MAGIC {
            return Err(bad("no distances"));
        }
        let edge = |at: usize| u32::from(u16::from_le_bytes([head[at], head[at + 1]]));
        let number = |at: usize| f32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let range_mm = [number(8), number(12)];
        if [edge(4), edge(6)] != size || size.iter().any(|n| *n == 0 || *n > crate::MAX_EDGE) {
            return Err(bad("another size than the picture's"));
        }
        if !(range_mm[0] > 0.0 && range_mm[1] > range_mm[0] && range_mm[1] < NOTHING_MM) {
            return Err(bad("a range out of bounds"));
        }
        let mut plane = Self { size, range_mm, codes: Vec::new() };
        let across = plane.blocks()[0] as usize;
        let count = across * plane.blocks()[1] as usize;
        let mut codes = vec![0; count];
        let len = zstd::bulk::decompress_to_buffer(packed, &mut codes[..]);
        if len.ok() != Some(count) {
            return Err(bad("not a byte for each block"));
        }
        for n in across..count {
            codes[n] = codes[n].wrapping_add(codes[n - across]);
        }
        plane.codes = codes;
        Ok(plane)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: [u32; 2] = [230, 121];

    /// A ball before nothing: distances that change slowly, and an outline.
    fn ball() -> Vec<f32> {
        let place = |n: u32| [(n % SIZE[0]) as f32 - 115.0, (n / SIZE[0]) as f32 - 60.0];
        (0..SIZE[0] * SIZE[1])
            .map(|n| {
                let [x, y] = place(n);
                let inside = 2500.0 - x * x - y * y;
                if inside < 0.0 { 1e30 } else { 700.0 - 2.0 * inside.sqrt() }
            })
            .collect()
    }

    #[test]
    fn distances_come_back_within_the_stated_error_and_the_slope_of_a_block() {
        let depths = ball();
        let plane = DepthPlane::new(SIZE, [100.0, 2000.0], &depths).unwrap();
        assert!(plane.relative_error() < 0.006);
        let bytes = plane.to_bytes().unwrap();
        assert!(bytes.len() < plane.codes().len() / 2, "{} of {}", bytes.len(), plane.codes().len());
        assert_eq!(DepthPlane::from_bytes(&bytes, SIZE).unwrap(), plane);
        let mut checked = 0;
        for (n, &mm) in depths.iter().enumerate() {
            let (x, y) = (n as u32 % SIZE[0], n as u32 / SIZE[0]);
            let from = [x / 4 * 4, y / 4 * 4];
            let block = (from[1]..(from[1] + 4).min(SIZE[1]))
                .flat_map(|y| (from[0]..(from[0] + 4).min(SIZE[0])).map(move |x| (y * SIZE[0] + x) as usize))
                .map(|n| depths[n])
                .filter(|mm| *mm < 1e30);
            let (low, high) = block.fold((f32::MAX, f32::MIN), |(l, h), mm| (l.min(mm), h.max(mm)));
            if mm < 1e30 {
                let found = plane.at(x, y).unwrap();
                let most = high * (1.0 + plane.relative_error() * 1.01) - mm;
                let least = low * (1.0 - plane.relative_error() * 1.01) - mm;
                assert!((least..=most).contains(&(found - mm)), "{x} {y}: {found} {mm}");
                checked += 1;
            } else if high == f32::MIN {
                assert_eq!(plane.at(x, y), None);
            }
        }
        assert!(checked > 5000);
        assert_eq!(plane.at(SIZE[0], 0), None);
    }

    #[test]
    fn every_code_is_the_nearest_to_its_distance() {
        let plane = DepthPlane::new([4, 4], [50.0, 5000.0], &[1e30; 16]).unwrap();
        assert_eq!(plane.codes(), [0]);
        for code in 1..=255 {
            let mm = plane.mm(code).unwrap();
            for off in [1.0 - plane.relative_error() * 0.9, 1.0, 1.0 + plane.relative_error() * 0.9] {
                let made = DepthPlane::new([4, 4], [50.0, 5000.0], &[mm * off; 16]).unwrap();
                assert_eq!(made.codes(), [code], "{mm}");
            }
        }
        for (mm, code) in [(1.0, 1), (9999.0, 255), (f32::NAN, 0), (-3.0, 1)] {
            assert_eq!(DepthPlane::new([4, 4], [50.0, 5000.0], &[mm; 16]).unwrap().codes(), [code], "{mm}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(DepthPlane::new([4, 4], [50.0, 5000.0], &[1.0; 15]).is_err());
        assert!(DepthPlane::new([0, 4], [50.0, 5000.0], &[]).is_err());
        for range in [[0.0, 1.0], [2.0, 1.0], [f32::NAN, 1.0], [1.0, f32::INFINITY]] {
            assert!(DepthPlane::new([4, 4], range, &[1.0; 16]).is_err(), "{range:?}");
        }
        let bytes = DepthPlane::new(SIZE, [100.0, 2000.0], &ball()).unwrap().to_bytes().unwrap();
        assert!(DepthPlane::from_bytes(&bytes, [230, 120]).is_err());
        assert!(DepthPlane::from_bytes(&bytes[..bytes.len() - 1], SIZE).is_err());
        let mut state = 9_u32;
        for _ in 0..1000 {
            let mut changed = bytes.clone();
            for _ in 0..3 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = (state >> 8) as usize % changed.len();
                changed[at] = state as u8;
            }
            if let Ok(plane) = DepthPlane::from_bytes(&changed, SIZE) {
                assert_eq!(plane.codes().len(), 58 * 31);
            }
        }
    }
}
