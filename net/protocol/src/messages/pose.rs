//! The pose datagram: where the eye is, sent up to 250 times a second, latest wins.

use meshing_space::{Lps, Point};

use super::{Reader, WireError};

/// First byte of every datagram, so that more kinds can follow.
pub const DATAGRAM_POSE: u8 = 1;

/// Where a viewer's eye is, in patient space, and what it sees.
///
/// Packed and frozen, 76 bytes little endian: kind u8 = 1, projection u8 (1 perspective,
/// 2 orthographic), two zero bytes, id u64, time_us u64, position 3 × f64, orientation 4 × f32,
/// extents 4 × f32. Lost ones are not repeated, so a client at rest sends its pose again now and then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pose {
    /// Increases with each new pose of a session; an older one is dropped on arrival.
    pub id: u64,
    /// When it was sampled, on the client's clock, in microseconds.
    pub time_us: u64,
    /// The eye in patient space, mm.
    pub eye_in_lps: Point<Lps>,
    /// Unit quaternion x, y, z, w that turns eye axes (right +x, up +y, looking along −z) into LPS.
    pub lps_from_eye: [f32; 4],
    /// What part of space falls on the frame.
    pub projection: Projection,
}

/// What part of space falls on a frame. All four values are positive for a view that contains its
/// axis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Projection {
    /// Tangents of the half angles.
    Perspective {
        /// To the left of the axis.
        left: f32,
        /// To the right.
        right: f32,
        /// Above.
        up: f32,
        /// Below.
        down: f32,
    },
    /// Half extents in mm.
    Orthographic {
        /// To the left of the axis.
        left: f32,
        /// To the right.
        right: f32,
        /// Above.
        up: f32,
        /// Below.
        down: f32,
    },
}

impl Projection {
    /// A symmetric perspective view: vertical angle in radians, width / height.
    pub fn perspective(fov_y_rad: f32, aspect: f32) -> Self {
        let up = (fov_y_rad / 2.0).tan();
        Self::Perspective { left: up * aspect, right: up * aspect, up, down: up }
    }

    /// A symmetric parallel view: height in mm, width / height.
    pub fn orthographic(height_mm: f32, aspect: f32) -> Self {
        let up = height_mm / 2.0;
        Self::Orthographic { left: up * aspect, right: up * aspect, up, down: up }
    }

    /// Left, right, up, down.
    pub fn extents(self) -> [f32; 4] {
        match self {
            Self::Perspective { left, right, up, down } | Self::Orthographic { left, right, up, down } => {
                [left, right, up, down]
            }
        }
    }
}

impl Pose {
    /// Bytes on the wire.
    pub const LEN: usize = 76;

    /// The packed bytes.
    pub fn encode(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[0] = DATAGRAM_POSE;
        bytes[1] = match self.projection {
            Projection::Perspective { .. } => 1,
            Projection::Orthographic { .. } => 2,
        };
        bytes[4..12].copy_from_slice(&self.id.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.time_us.to_le_bytes());
        for (slot, value) in bytes[20..44].chunks_exact_mut(8).zip(self.eye_in_lps.to_array()) {
            slot.copy_from_slice(&value.to_le_bytes());
        }
        for (slot, value) in bytes[44..60].chunks_exact_mut(4).zip(self.lps_from_eye) {
            slot.copy_from_slice(&value.to_le_bytes());
        }
        for (slot, value) in bytes[60..76].chunks_exact_mut(4).zip(self.projection.extents()) {
            slot.copy_from_slice(&value.to_le_bytes());
        }
        bytes
    }

    /// Reads and checks: everything finite, the quaternion of length 1, a frame with an inside.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        const NAME: &str = "pose";
        let mut reader = Reader::new(NAME, bytes, Self::LEN)?;
        if reader.u8() != DATAGRAM_POSE {
            return Err(WireError::out_of_bounds(NAME, "kind"));
        }
        let kind = reader.u8();
        reader.zeros(2)?;
        let (id, time_us) = (reader.u64(), reader.u64());
        let position = [reader.f64(), reader.f64(), reader.f64()];
        let lps_from_eye = [reader.f32(), reader.f32(), reader.f32(), reader.f32()];
        let [left, right, up, down] = [reader.f32(), reader.f32(), reader.f32(), reader.f32()];
        if position.iter().any(|x| !x.is_finite() || x.abs() > 1e6) {
            return Err(WireError::out_of_bounds(NAME, "position"));
        }
        let length = lps_from_eye.iter().map(|x| x * x).sum::<f32>().sqrt();
        if !(0.999..=1.001).contains(&length) {
            return Err(WireError::out_of_bounds(NAME, "orientation"));
        }
        let extents = [left, right, up, down];
        if extents.iter().any(|x| !x.is_finite() || x.abs() > 1e6) || left + right <= 0.0 || up + down <= 0.0
        {
            return Err(WireError::out_of_bounds(NAME, "projection"));
        }
        let projection = match kind {
            1 => Projection::Perspective { left, right, up, down },
            2 => Projection::Orthographic { left, right, up, down },
            _ => return Err(WireError::out_of_bounds(NAME, "projection")),
        };
        Ok(Self { id, time_us, eye_in_lps: Point::from_array(position), lps_from_eye, projection })
    }
}
