//! How long we wait and how much we take.

use std::time::Duration;

/// Waiting times. None is ever off: a peer that stops talking costs at most this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Connecting, negotiating and releasing (the ARTIM timer of PS3.8 §9.1.5).
    pub association: Duration,
    /// From a request to the first byte of the next answer, and the base time for a whole message.
    pub dimse: Duration,
    /// Slowest acceptable transfer of a long message, in bytes per second.
    pub slowest_bytes_per_s: u32,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            association: Duration::from_secs(30),
            dimse: Duration::from_mins(1),
            slowest_bytes_per_s: 8 * 1024,
        }
    }
}

/// Sizes beyond which a peer is cut off, however much it announces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest P-DATA-TF that we accept and announce, in bytes (PS3.8 §D.1).
    pub pdu_bytes: u32,
    /// Longest A-ASSOCIATE PDU.
    pub associate_bytes: u32,
    /// Longest command set.
    pub command_bytes: u32,
    /// Longest identifier of a query or a final answer.
    pub identifier_bytes: u32,
    /// Longest object.
    pub object_bytes: u64,
    /// A received object longer than this lies in a temporary file, not in memory.
    pub object_in_memory_bytes: u32,
    /// Most answers to one query; further ones are cancelled.
    pub matches: u32,
    /// Most objects in one retrieval.
    pub objects: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pdu_bytes: 128 * 1024,
            associate_bytes: 1024 * 1024,
            command_bytes: 64 * 1024,
            identifier_bytes: 1024 * 1024,
            object_bytes: 4 * 1024 * 1024 * 1024,
            object_in_memory_bytes: 8 * 1024 * 1024,
            matches: 10_000,
            objects: 200_000,
        }
    }
}

/// What every service takes beside the peer; the default suits a hospital network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Waiting times.
    pub timeouts: Timeouts,
    /// Sizes.
    pub limits: Limits,
}
