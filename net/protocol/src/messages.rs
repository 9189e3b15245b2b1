//! Every message of the protocol, one file an area.
//!
//! Control messages are JSON objects with a `type` field; unknown fields are ignored, absent ones
//! take their default, an unknown `type` decodes as `Unknown` and is skipped. Headers of streams and
//! datagrams are packed and frozen. `docs/protocol.md` describes all of it.

mod case;
mod frame;
mod pose;
mod session;
mod shard;
mod volume;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use case::{Accepted, Rejected, Submit};
pub use frame::{
    Fidelity, FrameFormat, FrameHeader, FrameMode, FrameStats, MAX_FRAME_EDGE, MAX_FRAME_LEN, StartFrames,
    StopFrames,
};
pub use pose::{DATAGRAM_POSE, Pose, Projection};
pub use session::{Bye, ByeReason, Hello, Ping, Pong, Refusal, RefusalCode, Welcome};
pub use shard::{
    DATAGRAM_SHARD, DATAGRAM_TIMES, FrameTimes, MAX_SHARDS, MAX_SLICE_LEN, MAX_SLICES, ShardHeader,
};
pub use volume::{
    BULK_WINDOW, BrickRecord, CloseVolume, Credit, ListVolumes, MAX_BATCH_LEN, MAX_CHUNK_LEN, MAX_LEVELS,
    OpenVolume, VolumeHeader, VolumeInfo, VolumeReady, VolumeRefused, VolumeSent, Volumes,
};

pub(crate) use crate::wire::Reader;
pub use crate::wire::WireError;

/// What a client sends to an edge on the control stream. Exhaustive on purpose: a new message makes
/// the compiler list its handlers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToEdge {
    /// Opens the session.
    Hello(Hello),
    /// Asks for the list of volumes.
    ListVolumes(ListVolumes),
    /// Asks for a volume.
    OpenVolume(OpenVolume),
    /// Has understood the header of a volume.
    VolumeReady(VolumeReady),
    /// Gives a volume up.
    CloseVolume(CloseVolume),
    /// Returns bulk credit.
    Credit(Credit),
    /// Asks for rendered frames.
    StartFrames(StartFrames),
    /// Ends them.
    StopFrames(StopFrames),
    /// Submits a command on a case.
    Submit(Submit),
    /// Is the edge there?
    Ping(Ping),
    /// Ends the session.
    Bye(Bye),
    /// Of a kind that this build does not know.
    #[serde(other)]
    Unknown,
}

/// What an edge sends to a client on the control stream. Exhaustive on purpose, as [`ToEdge`] is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ToClient {
    /// The session is open.
    Welcome(Welcome),
    /// There will be no session.
    Refused(Refusal),
    /// The list of volumes.
    Volumes(Volumes),
    /// A volume is about to be sent.
    VolumeHeader(VolumeHeader),
    /// A volume will not be sent.
    VolumeRefused(VolumeRefused),
    /// A volume was handed to the transport.
    VolumeSent(VolumeSent),
    /// How drawing goes.
    FrameStats(FrameStats),
    /// A command is in the journal.
    Accepted(Accepted),
    /// A command is not.
    Rejected(Rejected),
    /// Answer to a ping.
    Pong(Pong),
    /// Ends the session.
    Bye(Bye),
    /// Of a kind that this build does not know.
    #[serde(other)]
    Unknown,
}

/// A message of the control stream: [`ToEdge`] or [`ToClient`].
pub trait ControlMessage: Serialize + DeserializeOwned + Send + 'static {}

impl ControlMessage for ToEdge {}
impl ControlMessage for ToClient {}

/// First byte of every one-way stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum StreamKind {
    /// [`BrickRecord`]s, each followed by its fragment, until the stream ends.
    Bricks = 1,
    /// One [`FrameHeader`] and its payload.
    Frame = 2,
}

impl StreamKind {
    /// Reads the first byte of a one-way stream.
    pub fn decode(byte: u8) -> Result<Self, WireError> {
        match byte {
            1 => Ok(Self::Bricks),
            2 => Ok(Self::Frame),
            _ => Err(WireError::out_of_bounds("stream", "kind")),
        }
    }
}
