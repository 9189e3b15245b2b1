//! The packet of one slice: a band of a picture, decodable with its own stream's past.

use crate::VideoError;

/// Bytes before the stream of a slice.
pub(crate) const HEADER: usize = 32;
/// Largest packet: four bytes for each pixel of the largest band would never be sent as video.
pub const MAX_SLICE_LEN: usize = 8 << 20;
/// Slices of a picture at most.
pub const MAX_SLICES: u8 = 8;
/// Shortest edge of a picture.
pub(crate) const LEAST_EDGE: u32 = 16;
/// What codecs take (H.264 level 5.2), across and down.
pub const MAX_VIDEO_SIZE: [u32; 2] = [3840, 2160];

const MAGIC: [u8; 4] = *b"TFs1";
const MACROBLOCK: u32 = 16;

/// What a slice says of itself, little endian: magic, view u8, index u8, count u8, flags u8 (1: key), width u16,
/// height u16 (of the whole picture), qp u8, three zero bytes, sequence u32, length of the stream u32, and the first 8 bytes of BLAKE3
/// over these 24 bytes and the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SliceHeader {
    /// 0 a window or the left eye, 1 the right eye.
    pub view: u8,
    /// Which band, from the top.
    pub index: u8,
    /// Bands of the picture, 1 to [`MAX_SLICES`].
    pub count: u8,
    /// Whether it leans on no picture before.
    pub is_key: bool,
    /// Pixels of the whole picture, across and down.
    pub size: [u32; 2],
    /// The quantiser used.
    pub qp: u8,
    /// Counts the pictures of an encoder, from 0.
    pub sequence: u32,
}

impl SliceHeader {
    /// The packet of this slice of a picture: its band as an H.264 stream (annex B, baseline profile).
    pub fn packet(&self, stream: &[u8]) -> Vec<u8> {
        let mut packet = Vec::with_capacity(HEADER + stream.len());
        packet.extend(MAGIC);
        packet.extend([self.view, self.index, self.count, u8::from(self.is_key)]);
        for edge in self.size {
            packet.extend((edge as u16).to_le_bytes());
        }
        packet.extend([self.qp, 0, 0, 0]);
        packet.extend(self.sequence.to_le_bytes());
        packet.extend((stream.len() as u32).to_le_bytes());
        let sum = sum(&packet, stream);
        packet.extend(sum);
        packet.extend_from_slice(stream);
        packet
    }

    /// What a packet says and its stream, both checked against each other.
    ///
    /// # Errors
    /// [`VideoError::Malformed`], [`VideoError::Damaged`].
    pub fn parse(packet: &[u8]) -> Result<(Self, &[u8]), VideoError> {
        let bad = |what| Err(VideoError::Malformed(what));
        if packet.len() > MAX_SLICE_LEN {
            return bad("too long");
        }
        let Some((head, stream)) = packet.split_at_checked(HEADER) else { return bad("too short") };
        let [m0, m1, m2, m3, view, index, count, flags, w0, w1, h0, h1, qp, z0, z1, z2, rest @ ..] = head
        else {
            return bad("too short");
        };
        if [*m0, *m1, *m2, *m3] != MAGIC {
            return bad("no slice of this version");
        }
        if *count == 0 || *count > MAX_SLICES || index >= count || *flags > 1 || [*z0, *z1, *z2] != [0; 3] {
            return bad("out of bounds");
        }
        let size = [[*w0, *w1], [*h0, *h1]].map(|b| u32::from(u16::from_le_bytes(b)));
        let fits = |a: usize| (LEAST_EDGE..=MAX_VIDEO_SIZE[a]).contains(&size[a]);
        if !fits(0) || !fits(1) || bands(size[1], *count).len() != usize::from(*count) {
            return bad("a size out of bounds");
        }
        let [s0, s1, s2, s3, l0, l1, l2, l3, hash @ ..] = rest else { return bad("too short") };
        if u32::from_le_bytes([*l0, *l1, *l2, *l3]) as usize != stream.len() || stream.is_empty() {
            return bad("another length than it says");
        }
        if hash != sum(&head[..24], stream) {
            return Err(VideoError::Damaged);
        }
        let sequence = u32::from_le_bytes([*s0, *s1, *s2, *s3]);
        let header =
            Self { view: *view, index: *index, count: *count, is_key: *flags == 1, size, qp: *qp, sequence };
        Ok((header, stream))
    }

    /// First row of the picture that this slice holds, and the one after its last.
    pub fn rows(&self) -> [u32; 2] {
        bands(self.size[1], self.count)[usize::from(self.index)]
    }

    /// Macroblocks across and down of its stream.
    pub(crate) fn macroblocks(&self) -> [u32; 2] {
        let [from, to] = self.rows();
        [self.size[0].div_ceil(MACROBLOCK), (to - from).div_ceil(MACROBLOCK)]
    }
}

fn sum(head: &[u8], stream: &[u8]) -> [u8; 8] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(head).update(stream);
    let mut sum = [0; 8];
    sum.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    sum
}

/// First row and the row after the last of each band: whole rows of macroblocks, as even as they can be, fewer than wanted
/// where each would be lower than two.
pub(crate) fn bands(height: u32, wanted: u8) -> Vec<[u32; 2]> {
    let rows = height.div_ceil(MACROBLOCK);
    let count = u32::from(wanted).min(height / (2 * MACROBLOCK)).max(1);
    let start = |n: u32| (n * rows / count * MACROBLOCK).min(height);
    (0..count).map(|n| [start(n), start(n + 1)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_cover_every_row_once_and_none_is_too_low() {
        for height in [16, 17, 47, 63, 64, 65, 720, 1080, 1081, 2160] {
            for wanted in 1..=MAX_SLICES {
                let bands = bands(height, wanted);
                assert!(!bands.is_empty() && bands.len() <= usize::from(wanted));
                assert_eq!((bands[0][0], bands.last().unwrap()[1]), (0, height));
                assert!(bands.windows(2).all(|w| w[0][1] == w[1][0]), "{bands:?}");
                assert!(bands.iter().all(|[a, b]| b - a >= LEAST_EDGE), "{height} {wanted}: {bands:?}");
            }
        }
        assert_eq!(bands(1080, 4), [[0, 272], [272, 544], [544, 816], [816, 1080]]);
    }

    #[test]
    fn a_packet_says_what_it_was_made_with_and_each_changed_bit_is_seen() {
        let header = SliceHeader {
            view: 1,
            index: 3,
            count: 4,
            is_key: true,
            size: [1920, 1080],
            qp: 30,
            sequence: 70_000,
        };
        let packet = header.packet(b"stream");
        assert_eq!(SliceHeader::parse(&packet), Ok((header, &b"stream"[..])));
        assert_eq!((header.rows(), header.macroblocks()), ([816, 1080], [120, 17]));
        for bit in 0..packet.len() * 8 {
            let mut changed = packet.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(SliceHeader::parse(&changed).is_err(), "bit {bit}");
        }
        for len in 0..packet.len() {
            assert!(SliceHeader::parse(&packet[..len]).is_err());
        }
        let many = SliceHeader { count: 8, size: [1920, 64], ..header };
        assert_eq!(
            SliceHeader::parse(&many.packet(b"x")),
            Err(VideoError::Malformed("a size out of bounds"))
        );
    }
}
