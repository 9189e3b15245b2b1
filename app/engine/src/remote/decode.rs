//! Decoding on a thread of its own: chunks in, volumes by level of detail out.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

use bytes::Bytes;
use meshing_codec::{Decoder, Header};
use net_protocol::chunks::{Assembler, ChunkId, ReceivedChunk};
use net_protocol::messages::{BULK_WINDOW, BrickRecord};
use tokio::sync::mpsc;

use super::RemoteEvent;
use crate::{Fault, FaultKind};

/// A volume begins; what was kept of the one before is freed unless `resumed`.
#[derive(Debug)]
pub(super) struct Begin {
    pub(super) handle: u32,
    pub(super) header: Header,
    pub(super) resumed: bool,
    pub(super) asked: Duration,
    pub(super) bytes: u64,
}

/// Fragments that arrived on one stream of one connection.
#[derive(Debug)]
pub(super) struct Fragments {
    pub(super) connection: u64,
    pub(super) records: Vec<(BrickRecord, Bytes)>,
}

/// What was taken off the link, and which chunks of it are now verified and kept.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) connection: u64,
    pub(super) bytes: u32,
    pub(super) chunks: Vec<(u32, ChunkId)>,
}

/// The ends of the decoding thread.
pub(super) struct Ends {
    /// Volumes that begin. A channel of its own, so that the link thread never waits for a full queue of fragments.
    pub(super) begins: Receiver<Begin>,
    pub(super) fragments: mpsc::Receiver<Fragments>,
    pub(super) stored: mpsc::Sender<Stored>,
    pub(super) events: SyncSender<RemoteEvent>,
    pub(super) start: Instant,
}

/// The volume that is arriving.
struct Arriving {
    handle: u32,
    decoder: Decoder,
    /// Coarsest level not yet shown.
    next: Option<u8>,
    /// Per cent of the level that was last told.
    told: (u8, u32),
    bytes: u64,
}

/// The program or the link thread is gone.
struct Gone;

/// Runs until the link thread lets go of its end.
pub(super) fn run(mut ends: Ends) {
    let mut arriving = None;
    let mut assembler = Assembler::new();
    let mut connection = 0;
    let mut early = Early::default();
    while let Some(fragments) = ends.fragments.blocking_recv() {
        while let Ok(begun) = ends.begins.try_recv() {
            early.begun = begun.handle;
            let (asked, bytes, resumed) = (begun.asked, begun.bytes, begun.resumed);
            let outcome = begin(&mut arriving, begun);
            let event = outcome.map_or_else(RemoteEvent::VolumeFault, |levels| RemoteEvent::Opened {
                asked,
                bytes,
                levels,
                resumed,
            });
            if ends.events.send(event).is_err() {
                return;
            }
        }
        if connection != fragments.connection {
            connection = fragments.connection;
            assembler.clear();
            early.kept.clear();
        }
        for fragments in early.due(fragments) {
            if take(&ends, &mut arriving, &mut assembler, fragments).is_err() {
                return;
            }
        }
    }
}

/// Fragments that overtook the header of their volume.
#[derive(Debug, Default)]
struct Early {
    /// Handle of the newest volume whose header is known; handles only rise.
    begun: u32,
    kept: Vec<Fragments>,
}

impl Early {
    /// What can be used now, in the order of arrival; what is early is kept, up to the credit that an edge has.
    fn due(&mut self, fragments: Fragments) -> Vec<Fragments> {
        self.kept.push(fragments);
        let begun = self.begun;
        let is_early = |fragments: &Fragments| fragments.records.iter().any(|(r, _)| r.handle > begun);
        let (early, due) = std::mem::take(&mut self.kept).into_iter().partition(is_early);
        self.kept = early;
        let size = |fragments: &Fragments| fragments.records.iter().map(|(_, f)| f.len()).sum::<usize>();
        if self.kept.iter().map(size).sum::<usize>() > BULK_WINDOW as usize {
            tracing::warn!("the edge sent more than its credit before a header; the last of it is dropped");
            self.kept.pop();
        }
        due
    }
}

/// Decodes what one stream brought, and gives its credit back only then.
fn take(
    ends: &Ends,
    arriving: &mut Option<Arriving>,
    assembler: &mut Assembler,
    fragments: Fragments,
) -> Result<(), Gone> {
    let mut stored = Stored { connection: fragments.connection, bytes: 0, chunks: Vec::new() };
    for (record, fragment) in fragments.records {
        stored.bytes += fragment.len() as u32;
        let chunk = match assembler.push(&record, fragment) {
            Ok(chunk) => chunk,
            Err(error) => {
                tracing::warn!(%error, "a fragment was not used");
                continue;
            }
        };
        let Some(chunk) = chunk else { continue };
        let Some(volume) = arriving.as_mut().filter(|volume| volume.handle == chunk.handle) else { continue };
        let happened = match add(volume, &chunk, ends.start) {
            Ok(events) => {
                stored.chunks.push((chunk.handle, chunk.chunk));
                events
            }
            Err(fault) => {
                *arriving = None;
                vec![RemoteEvent::VolumeFault(fault)]
            }
        };
        for event in happened {
            ends.events.send(event).map_err(|_gone| Gone)?;
        }
    }
    ends.stored.blocking_send(stored).map_err(|_gone| Gone)
}

fn begin(arriving: &mut Option<Arriving>, begun: Begin) -> Result<u8, Fault> {
    let levels = begun.header.levels;
    let keeps = arriving.as_ref().is_some_and(|volume| volume.handle == begun.handle && begun.resumed);
    if !keeps {
        *arriving = None;
        let decoder = Decoder::new(begun.header).map_err(|error| damaged(&error))?;
        let next = levels.checked_sub(1);
        *arriving = Some(Arriving { handle: begun.handle, decoder, next, told: (u8::MAX, 0), bytes: 0 });
    }
    Ok(levels)
}

fn add(volume: &mut Arriving, chunk: &ReceivedChunk, start: Instant) -> Result<Vec<RemoteEvent>, Fault> {
    let ChunkId { level, brick } = chunk.chunk;
    volume.decoder.add(level, brick, &chunk.bytes).map_err(|error| damaged(&error))?;
    volume.bytes += chunk.bytes.len() as u64;
    let fraction = volume.decoder.progress(level);
    let mut events = Vec::new();
    if volume.told != (level, (fraction * 100.0) as u32) {
        volume.told = (level, (fraction * 100.0) as u32);
        events.push(RemoteEvent::Progress { level, fraction });
    }
    while let Some(level) = volume.next.filter(|level| volume.decoder.complete(*level)) {
        volume.next = level.checked_sub(1);
        if level > 0 {
            let coarse = volume.decoder.volume(level);
            events.push(RemoteEvent::Level { level, volume: Arc::new(coarse), at: start.elapsed() });
        } else {
            let whole = Arc::new(volume.decoder.finish().map_err(|error| damaged(&error))?);
            let at = start.elapsed();
            events.push(RemoteEvent::Level { level: 0, volume: Arc::clone(&whole), at });
            events.push(RemoteEvent::Exact { volume: whole, at, bytes: volume.bytes });
        }
    }
    Ok(events)
}

fn damaged(error: &dyn std::fmt::Display) -> Fault {
    Fault::new(
        FaultKind::Peer,
        format!("What the edge sent is not the volume it announced: {error}."),
        "Nothing of it is shown as exact.",
        "Open the volume again; if it stays, check that edge and client are of the same release.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fragments(handle: u32, len: u32) -> Fragments {
        let record = BrickRecord { handle, brick: 0, total: len, offset: 0, len, level: 0 };
        Fragments { connection: 1, records: vec![(record, vec![0; len as usize].into())] }
    }

    fn handles(due: &[Fragments]) -> Vec<u32> {
        due.iter().flat_map(|f| f.records.iter().map(|(record, _)| record.handle)).collect()
    }

    #[test]
    fn fragments_wait_for_their_header_and_keep_their_order() {
        let mut early = Early { begun: 1, ..Early::default() };
        assert_eq!(handles(&early.due(fragments(2, 10))), [0; 0]);
        assert_eq!(handles(&early.due(fragments(1, 10))), [1]);
        early.begun = 2;
        assert_eq!(handles(&early.due(fragments(2, 10))), [2, 2]);
        assert!(early.kept.is_empty());
    }

    #[test]
    fn an_edge_that_ignores_its_credit_fills_no_memory() {
        let mut early = Early::default();
        for _ in 0..100 {
            early.due(fragments(7, 100_000));
        }
        let kept: usize = early.kept.iter().map(|f| f.records[0].1.len()).sum();
        assert!(kept <= BULK_WINDOW as usize && kept > BULK_WINDOW as usize - 200_000, "{kept}");
    }
}
