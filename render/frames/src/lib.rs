//! Pictures on their way to a viewer, and what may be said of them. Bytes in, bytes out: no network, no clock, no GPU, no case.
//!
//! The edge draws a picture and asks [`Ladder`] what to send: [`VideoEncoder`] makes video of it while something moves, as finely as [`Pace`]
//! allows, [`Rings`] leaving out what the eye does not see; once the view rests, [`Manifest`] says what the picture is and [`TileSender`]
//! packs the tiles that the viewer does not hold, without loss. [`DepthPlane`] goes with video so that the viewer can warp it.
//!
//! The viewer predicts its head with [`PosePredictor`], decodes with [`VideoDecoder`], and asks [`FidelityMachine`] what may be said: exact only
//! after every tile of the present scene has been hashed here and found to be what was promised, in a headset every brick in view;
//! otherwise lossy with the reason, in the client frame of the change.
//!
//! ```
//! use render_frames::{Change, FidelityMachine, Fidelity, Identity, Manifest, SceneHash, TileSender};
//! # fn main() -> Result<(), render_frames::TileError> {
//! // the viewer asks for a scene
//! let scene = SceneHash::of(1, b"camera, colours, cuts, size");
//! let mut viewer = FidelityMachine::window();
//! viewer.change(scene, [200, 100], Change::Camera);
//! assert_eq!(viewer.badge(0.0).reason.map(|reason| reason.code()), Some("camera"));
//! // the edge draws it and sends hashes and tiles
//! let picture = image::RgbaImage::from_fn(200, 100, |x, y| image::Rgba([x as u8, y as u8, 0, 255]));
//! let manifest = Manifest::new(Identity { frame: 7, scene }, true, &picture)?;
//! let mut sender = TileSender::new();
//! let wanted = sender.wanted(&manifest, [100, 50]);
//! viewer.manifest(&manifest.to_bytes())?;
//! for batch in sender.pack(&picture, &manifest, &wanted)? {
//!     viewer.tiles(&batch)?;
//! }
//! assert_eq!(viewer.badge(16.0).fidelity, Fidelity::Exact);
//! assert!(viewer.exact() == Some(&picture));
//! # Ok(())
//! # }
//! ```
//!
//! Formats: docs/streaming-frames.md.

mod batch;
mod depth;
mod fidelity;
mod fovea;
mod h264;
mod ladder;
mod lossless;
mod nal;
mod pace;
mod pose;
mod slice;
mod tile;
mod video;
mod yuv;

pub use batch::{BATCH_TILES, MAX_BATCH_LEN, MAX_BATCH_TILES, TileSender};
pub use depth::{DEPTH_RATE, DepthError, DepthPlane};
pub use fidelity::{Badge, BrickId, Change, Fidelity, FidelityMachine, Reason, Rung, Taken};
pub use fovea::{Rings, RingsError};
pub use h264::{H264Decoder, H264Encoder};
pub use ladder::{BETTER_BY_QP, Ladder, REST_MS, Step};
pub use pace::{Pace, RateMeter, Setting};
pub use pose::{HeadPose, Latched, PoseLimits, PosePredictor, PoseSource};
pub use slice::{MAX_SLICE_LEN, MAX_SLICES, MAX_VIDEO_SIZE, SliceHeader};
pub use tile::{
    Hash, Identity, MAX_EDGE, MAX_MANIFEST_LEN, Manifest, SceneHash, TILE, TileError, TileGrid, TileRect,
};
pub use video::{AccessUnit, Ask, Decoded, MAX_QP, MIN_QP, VideoDecoder, VideoEncoder, VideoError};
