//! Changes to a case, ordered by the edge.

use serde::{Deserialize, Serialize};

use super::Refusal;

/// Client → edge: carry out this command. Answered by [`Accepted`] or [`Rejected`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Submit {
    /// Picked by the client, copied into the answer.
    pub request: u64,
    /// The case.
    pub case: String,
    /// Journal length that the client had seen when the user decided.
    pub base_seq: u64,
    /// The command, in the journal's own JSON.
    pub command: serde_json::Value,
}

/// Edge → client: the command is in the journal, durably.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Accepted {
    /// From [`Submit::request`].
    pub request: u64,
    /// Place of the entry in the journal.
    pub seq: u64,
    /// The entry's hash in hex.
    pub hash: String,
}

/// Edge → client: the command was not carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rejected {
    /// From [`Submit::request`].
    pub request: u64,
    /// Journal length on the edge.
    pub seq: u64,
    /// Why.
    pub refusal: Refusal,
}
