//! Rendered frames: asking for them, and the packed header before each.

use serde::{Deserialize, Serialize};

use super::{Reader, WireError};

/// Client → edge: draw this volume for me, a frame for each new pose.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StartFrames {
    /// The volume's id (it need not be open for streaming).
    pub volume: String,
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// How it is drawn.
    pub mode: FrameMode,
    /// Name of the transfer function (`bone`, `skin`, …); empty lets the edge choose.
    pub preset: String,
    /// Window centre in the volume's unit, for [`FrameMode::Mip`]; none lets the edge choose.
    pub window_centre: Option<f32>,
    /// Window width in the volume's unit.
    pub window_width: Option<f32>,
}

/// How the edge draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FrameMode {
    /// Shaded direct volume rendering.
    #[default]
    Dvr,
    /// Maximum intensity projection.
    Mip,
    /// A mode that this build does not know; the edge refuses it.
    #[serde(other)]
    Other,
}

/// Client → edge: no more frames.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StopFrames {}

/// Edge → client, about once a second while frames flow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FrameStats {
    /// Frames sent since they were started.
    pub frames: u64,
    /// Poses that were passed over because a newer one had come.
    pub poses_skipped: u64,
    /// Frames given up because a newer one was ready.
    pub frames_dropped: u64,
    /// Time to draw the last frame, in ms.
    pub draw_ms: f32,
    /// Time to encode it, in ms.
    pub encode_ms: f32,
}

/// How the pixels of a frame are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum FrameFormat {
    /// 8-bit RGBA, rows top to bottom, no padding.
    Rgba8 = 1,
    /// The same, compressed with zstd.
    Rgba8Zstd = 2,
    /// A PNG file.
    Png = 3,
}

/// What a frame may be trusted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Fidelity {
    /// Pixels as drawn; the client checks the hash before it says so.
    Exact = 1,
    /// Pixels were changed to save bytes.
    LossyPixels = 2,
    /// Drawn from a coarser level of detail.
    CoarseVolume = 3,
}

/// Widest and highest frame.
pub const MAX_FRAME_EDGE: u16 = 8192;
/// Largest payload of a frame.
pub const MAX_FRAME_LEN: u32 = 64 << 20;

/// Packed and frozen, 48 bytes little endian, before the `len` bytes of a frame:
/// frame u64, pose_id u64, width u16, height u16, format u8, fidelity u8, two zero bytes, len u32,
/// four zero bytes, hash 16 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// Counts frames of this session.
    pub frame: u64,
    /// [`super::Pose::id`] for which it was drawn.
    pub pose_id: u64,
    /// Pixels across.
    pub width: u16,
    /// Pixels down.
    pub height: u16,
    /// How the payload is written.
    pub format: FrameFormat,
    /// What it may be trusted for.
    pub fidelity: Fidelity,
    /// Bytes of payload.
    pub len: u32,
    /// First 16 bytes of the BLAKE3 of the *decoded* RGBA pixels.
    pub hash: [u8; 16],
}

impl FrameHeader {
    /// Bytes on the wire.
    pub const LEN: usize = 48;

    /// The packed bytes.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[0..8].copy_from_slice(&self.frame.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.pose_id.to_le_bytes());
        bytes[16..18].copy_from_slice(&self.width.to_le_bytes());
        bytes[18..20].copy_from_slice(&self.height.to_le_bytes());
        bytes[20] = self.format as u8;
        bytes[21] = self.fidelity as u8;
        bytes[24..28].copy_from_slice(&self.len.to_le_bytes());
        bytes[32..48].copy_from_slice(&self.hash);
        bytes
    }

    /// Reads and checks: known format and fidelity, sizes within bounds, reserved bytes zero.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        const NAME: &str = "frame header";
        let mut reader = Reader::new(NAME, bytes, Self::LEN)?;
        let (frame, pose_id) = (reader.u64(), reader.u64());
        let (width, height) = (reader.u16(), reader.u16());
        let format = match reader.u8() {
            1 => FrameFormat::Rgba8,
            2 => FrameFormat::Rgba8Zstd,
            3 => FrameFormat::Png,
            _ => return Err(WireError::out_of_bounds(NAME, "format")),
        };
        let fidelity = match reader.u8() {
            1 => Fidelity::Exact,
            2 => Fidelity::LossyPixels,
            3 => Fidelity::CoarseVolume,
            _ => return Err(WireError::out_of_bounds(NAME, "fidelity")),
        };
        reader.zeros(2)?;
        let len = reader.u32();
        reader.zeros(4)?;
        let hash = reader.array();
        if !(1..=MAX_FRAME_EDGE).contains(&width) || !(1..=MAX_FRAME_EDGE).contains(&height) {
            return Err(WireError::out_of_bounds(NAME, "size"));
        }
        if len == 0 || len > MAX_FRAME_LEN {
            return Err(WireError::out_of_bounds(NAME, "len"));
        }
        Ok(Self { frame, pose_id, width, height, format, fidelity, len, hash })
    }

    /// What [`FrameHeader::hash`] must be for these decoded RGBA pixels.
    pub fn hash_of(rgba: &[u8]) -> [u8; 16] {
        let mut hash = [0; 16];
        hash.copy_from_slice(&blake3::hash(rgba).as_bytes()[..16]);
        hash
    }
}
