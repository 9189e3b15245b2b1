//! Frames over datagrams: parity by measured loss on one side, putting together on the other.

use std::time::Duration;

use bytes::Bytes;
use net_protocol::fec::{
    FecError, Packetiser, ParityControl, Reassembler, ReassemblyCounts, Slice, SliceInfo,
};
use net_protocol::messages::{DATAGRAM_SHARD, DATAGRAM_TIMES, FrameTimes};
use net_protocol::schedule::Class;

use crate::connection::Connection;
use crate::error::LinkError;

/// One frame in so many may be lost by chance.
const TOLERATED: u32 = 10_000;
/// The loss of the path is looked at after this many slices at the latest, about ten times a second.
const SLICES: u32 = 8;

/// Sends slices of frames as datagrams, ahead of bricks and tiles.
#[derive(Debug)]
pub struct FrameSender {
    connection: Connection,
    packetiser: Packetiser,
    parity: ParityControl,
    observed: (u64, u64),
    slices: u32,
}

impl FrameSender {
    /// For one session; the queue target of the link falls while it lives.
    pub fn new(connection: &Connection) -> Self {
        connection.signals().set_interactive(true);
        Self {
            connection: connection.clone(),
            packetiser: Packetiser::new(1200),
            parity: ParityControl::new(TOLERATED),
            observed: (0, 0),
            slices: 0,
        }
    }

    /// Queues a slice. Shards that are not sent within `keep` are dropped, and so are those of an older
    /// frame where more than about 1.4 frames wait. Returns shards and parity shards.
    pub fn send(
        &mut self,
        info: &SliceInfo,
        slice: &[u8],
        keep: Duration,
    ) -> Result<(usize, usize), FecError> {
        if self.slices.is_multiple_of(SLICES) {
            let stats = self.connection.stats();
            let (sent, lost) = (stats.sent_packets, stats.lost_packets);
            self.parity.observe(sent - self.observed.0, lost.saturating_sub(self.observed.1));
            self.observed = (sent, lost);
        }
        self.slices = self.slices.wrapping_add(1);
        if let Some(most) = self.connection.largest_datagram() {
            self.packetiser.set_datagram(most);
        }
        let k = self.packetiser.shards(slice.len());
        let parity = self.parity.parity(k);
        let outbox = self.connection.outbox();
        self.packetiser.cut(info, slice, parity, &mut |shard| {
            outbox.push(Class::Video, shard, info.frame, Some(keep));
        })?;
        Ok((k, parity))
    }

    /// Queues the times of a frame behind its last shard.
    pub fn send_times(&self, times: &FrameTimes) {
        let bytes = Bytes::copy_from_slice(&times.encode());
        self.connection.outbox().push(Class::Video, bytes, times.frame, None);
    }

    /// A frame could not be shown for loss, as the client says: more parity for a while.
    pub fn frame_lost(&mut self) {
        self.parity.frame_lost();
    }

    /// Bytes a second that frames may take: `share` of what the path carries, less parity.
    pub fn budget(&self, share: f64) -> f64 {
        let k = 50;
        share * self.connection.rate() * k as f64 / (k + self.parity.parity(k)) as f64
    }
}

impl Drop for FrameSender {
    fn drop(&mut self) {
        self.connection.signals().set_interactive(false);
    }
}

/// What came over datagrams.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameEvent {
    /// A slice is whole.
    Slice(Slice),
    /// How long a frame took at the edge.
    Times(FrameTimes),
}

/// Takes what a [`FrameSender`] sends. It reads all datagrams of its connection.
#[derive(Debug)]
pub struct FrameReceiver {
    connection: Connection,
    reassembler: Reassembler,
}

impl FrameReceiver {
    /// Nothing has arrived.
    pub fn new(connection: &Connection) -> Self {
        Self { connection: connection.clone(), reassembler: Reassembler::new() }
    }

    /// The next whole slice or times of a frame. Datagrams of unknown kinds and damaged ones are
    /// skipped. May be cancelled.
    pub async fn recv(&mut self) -> Result<FrameEvent, LinkError> {
        loop {
            let datagram = self.connection.read_datagram().await?;
            let event = match datagram.first() {
                Some(&DATAGRAM_SHARD) => {
                    self.reassembler.push(&datagram).map(|slice| slice.map(FrameEvent::Slice))
                }
                Some(&DATAGRAM_TIMES) => {
                    FrameTimes::decode(&datagram).map(|times| Some(FrameEvent::Times(times)))
                }
                _ => Ok(None),
            };
            match event {
                Ok(Some(event)) => return Ok(event),
                Ok(None) => {}
                Err(error) => tracing::debug!(%error, "a datagram was skipped"),
            }
        }
    }

    /// What came of the shards so far.
    pub fn counts(&self) -> ReassemblyCounts {
        self.reassembler.counts()
    }
}
