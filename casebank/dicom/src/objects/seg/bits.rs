//! One bit a pixel, without padding between frames (PS3.5 section 8.1.1 and annex D.1): the first pixel is the least
//! significant bit of the first byte.

/// Packs pixels as they come.
#[derive(Debug, Default)]
pub(super) struct Packer {
    bytes: Vec<u8>,
    bits: usize,
}

impl Packer {
    /// Appends a row or frame; anything but zero is set.
    pub(super) fn push(&mut self, pixels: &[u8]) {
        for &pixel in pixels {
            let bit = self.bits % 8;
            if bit == 0 {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= u8::from(pixel != 0) << bit;
            }
            self.bits += 1;
        }
    }

    /// The bytes, of even number.
    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.bytes.len() % 2 == 1 {
            self.bytes.push(0);
        }
        self.bytes
    }
}

/// Calls `take` with every set bit of `first..first + count`, counted from `first`. Bits beyond the bytes are not set.
pub(super) fn each_set(bytes: &[u8], first: usize, count: usize, mut take: impl FnMut(usize)) {
    let mut at = 0;
    while at < count {
        let bit = first + at;
        let rest = 8 - bit % 8;
        let byte = bytes.get(bit / 8).copied().unwrap_or(0) >> (bit % 8);
        if byte != 0 {
            (0..rest.min(count - at)).filter(|n| byte >> n & 1 == 1).for_each(|n| take(at + n));
        }
        at += rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_any_length_follow_each_other_bit_by_bit() {
        let frames: Vec<Vec<u8>> =
            (0..5_usize).map(|f| (0..21).map(|n| u8::from((n * 7 + f * 3) % 5 < 2)).collect()).collect();
        let mut packer = Packer::default();
        for frame in &frames {
            packer.push(frame);
        }
        let bytes = packer.finish();
        assert_eq!(bytes.len(), 14, "105 bits in an even number of bytes");
        for (f, frame) in frames.iter().enumerate() {
            let mut out = vec![0; 21];
            each_set(&bytes, 21 * f, 21, |n| out[n] = 1);
            assert_eq!(&out, frame, "frame {f}");
        }
    }

    #[test]
    fn the_first_pixel_is_the_lowest_bit() {
        let mut packer = Packer::default();
        packer.push(&[1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(packer.finish(), [0b1, 0b10]);
    }
}
