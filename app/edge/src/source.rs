//! Where an edge takes its volumes from.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use meshing_volume::{Progress, Volume};
use net_protocol::chunks::ChunkId;
use net_protocol::messages::{Accepted, Refusal, RefusalCode, Submit, VolumeInfo};
use net_protocol::server::ChunkInfo;

/// A volume ready to be sent: header, and chunks by name.
#[derive(Debug)]
pub struct EncodedVolume {
    /// The codec's header: its bytes in hex.
    pub header: serde_json::Value,
    /// Names the exact content: the hash of the voxels, in hex.
    pub etag: String,
    chunks: HashMap<ChunkId, Bytes>,
}

impl EncodedVolume {
    /// Encodes a volume.
    ///
    /// # Errors
    /// A refusal that says why it cannot be sent.
    pub fn encode(volume: &Volume, progress: &dyn Progress) -> Result<Self, Refusal> {
        let encoded = meshing_codec::encode(volume, progress).map_err(|error| internal(&error))?;
        let etag = hex(&encoded.header.voxel_hash);
        // Packed, because the table of a large volume would not fit a control message as JSON numbers.
        let header = serde_json::Value::String(hex(&encoded.header.to_bytes()));
        let chunks = encoded
            .chunks
            .into_iter()
            .map(|chunk| (ChunkId { level: chunk.level, brick: chunk.brick }, Bytes::from(chunk.bytes)));
        Ok(Self { header, etag, chunks: chunks.collect() })
    }

    /// What could be sent, in any order.
    pub fn infos(&self) -> impl Iterator<Item = ChunkInfo> + '_ {
        self.chunks.iter().map(|(chunk, bytes)| ChunkInfo { chunk: *chunk, len: bytes.len() as u32 })
    }

    /// The bytes of one chunk.
    pub fn chunk(&self, chunk: ChunkId) -> Option<&Bytes> {
        self.chunks.get(&chunk)
    }

    /// Bytes of all chunks together.
    pub fn bytes(&self) -> u64 {
        self.chunks.values().map(|bytes| bytes.len() as u64).sum()
    }
}

/// Volumes of one edge. Calls may take seconds; the server makes them on a thread of their own.
pub trait VolumeSource: Send + Sync + 'static {
    /// The volumes of a case, or of all cases where `case` is empty.
    ///
    /// # Errors
    /// A refusal for the client.
    fn list(&self, case: &str) -> Result<Vec<VolumeInfo>, Refusal>;

    /// A volume, ready to be sent.
    ///
    /// # Errors
    /// A refusal for the client.
    fn open(&self, volume: &str) -> Result<Arc<EncodedVolume>, Refusal>;

    /// A volume, to be drawn.
    ///
    /// # Errors
    /// A refusal for the client.
    fn volume(&self, volume: &str) -> Result<Arc<Volume>, Refusal>;

    /// Carries out a command on a case; durable when it returns.
    ///
    /// # Errors
    /// A refusal for the client, with the journal's present sequence number.
    fn submit(&self, submit: &Submit, actor: &str) -> Result<Accepted, (u64, Refusal)>;
}

/// A refusal whose cause lies on this edge.
pub(crate) fn internal(error: &dyn std::fmt::Display) -> Refusal {
    Refusal {
        code: RefusalCode::Internal,
        what: format!("The edge could not do this: {error}."),
        meaning: "Nothing was changed and nothing was sent.".into(),
        next_step: "Look at the edge's log, or try another edge.".into(),
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
