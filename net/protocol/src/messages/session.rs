//! Messages that begin, keep and end a session.

use serde::{Deserialize, Serialize};

use crate::version::VersionRange;

/// Client → edge, first message of a session. Its fields never change meaning, in any version.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hello {
    /// Versions that the client speaks.
    pub versions: VersionRange,
    /// What the client calls itself, for logs and lists (a device name, never a person).
    pub client: String,
    /// What the client can do beyond the version, as stable strings; unknown ones are ignored.
    pub capabilities: Vec<String>,
    /// The session to take up again after a lost link; empty for a new one.
    pub resume: String,
}

/// Edge → client: the session is open.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Welcome {
    /// The version that both sides speak from here on.
    pub version: u16,
    /// What the edge calls itself.
    pub edge: String,
    /// Name of this session; a client sends it back in [`Hello::resume`].
    pub session: String,
    /// Increases each time an edge takes over the lease; an older one is stale.
    pub epoch: u64,
    /// Bytes of bulk data that may be on the way to this client at once.
    pub bulk_window: u32,
    /// What the edge can do beyond the version, as stable strings.
    pub capabilities: Vec<String>,
}

/// Why a request was not carried out. One sentence each: what happened, what it means, what to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Refusal {
    /// The kind, for programs.
    pub code: RefusalCode,
    /// What happened.
    pub what: String,
    /// What it means for the user.
    pub meaning: String,
    /// What to do next.
    pub next_step: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.what, self.meaning, self.next_step)
    }
}

impl std::error::Error for Refusal {}

/// Kinds of [`Refusal`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RefusalCode {
    /// No protocol version in common.
    VersionMismatch,
    /// The device or person may not do this.
    NotPermitted,
    /// Too much is open already.
    Busy,
    /// The edge has no such volume.
    UnknownVolume,
    /// The edge cannot do this at all.
    Unsupported,
    /// The request broke the protocol.
    Malformed,
    /// The command was made on an older state of the case.
    StaleCase,
    /// A fault on the other side.
    Internal,
    /// A kind that this build does not know.
    #[default]
    #[serde(other)]
    Other,
}

/// Either way: sent to find out whether the link lives. Answered by [`Pong`] with the same value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ping {
    /// The sender's own clock in microseconds; only the sender reads it.
    pub time_us: u64,
}

/// The answer to a [`Ping`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pong {
    /// Copied from the ping.
    pub time_us: u64,
}

/// Either way, last message of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bye {
    /// Why, for programs.
    pub reason: ByeReason,
    /// Why, for people; no patient data.
    pub message: String,
}

/// Kinds of [`Bye`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ByeReason {
    /// The user left, or the work is done.
    #[default]
    Done,
    /// The program is being stopped; another may take over.
    ShuttingDown,
    /// The other side broke the protocol.
    ProtocolError,
    /// A reason that this build does not know.
    #[serde(other)]
    Other,
}
