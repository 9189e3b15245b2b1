//! Sets of chunks, and putting fragments together again.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use crate::messages::{BrickRecord, MAX_LEVELS};

/// Which chunk of a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkId {
    /// Level of detail, 0 = full resolution.
    pub level: u8,
    /// Index of the brick within its level.
    pub brick: u32,
}

/// A set of chunks as ranges of brick indices a level: a volume received coarse to fine is a few
/// ranges, whatever its size.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<LevelRanges>", into = "Vec<LevelRanges>")]
pub struct ChunkSet {
    /// Per level: disjoint, sorted, non-touching `start → end` (end excluded).
    levels: BTreeMap<u8, BTreeMap<u32, u32>>,
}

/// A [`ChunkSet`]'s JSON: one object a level.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct LevelRanges {
    level: u8,
    /// `[start, end]`, end excluded.
    ranges: Vec<[u32; 2]>,
}

/// Ranges that one level of a received set may have; what lies beyond is not taken as held, so it is
/// sent again, which is safe.
const MAX_RANGES: usize = 1 << 16;

impl From<Vec<LevelRanges>> for ChunkSet {
    fn from(levels: Vec<LevelRanges>) -> Self {
        let mut set = Self::default();
        for level in levels.into_iter().filter(|level| level.level < MAX_LEVELS) {
            for [start, end] in level.ranges.into_iter().take(MAX_RANGES) {
                set.insert_range(level.level, start, end);
            }
        }
        set
    }
}

impl From<ChunkSet> for Vec<LevelRanges> {
    fn from(set: ChunkSet) -> Self {
        set.levels
            .into_iter()
            .map(|(level, ranges)| LevelRanges {
                level,
                ranges: ranges.into_iter().map(|(start, end)| [start, end]).collect(),
            })
            .collect()
    }
}

impl ChunkSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// Whether this chunk is in it.
    pub fn contains(&self, chunk: ChunkId) -> bool {
        self.levels
            .get(&chunk.level)
            .and_then(|ranges| ranges.range(..=chunk.brick).next_back())
            .is_some_and(|(_, end)| chunk.brick < *end)
    }

    /// Adds a chunk.
    pub fn insert(&mut self, chunk: ChunkId) {
        self.insert_range(chunk.level, chunk.brick, chunk.brick.saturating_add(1));
    }

    /// Chunks in the set.
    pub fn len(&self) -> u64 {
        self.levels.values().flatten().map(|(start, end)| u64::from(end - start)).sum()
    }

    fn insert_range(&mut self, level: u8, mut start: u32, mut end: u32) {
        if start >= end {
            return;
        }
        let ranges = self.levels.entry(level).or_default();
        if let Some((before, before_end)) = ranges.range(..=start).next_back().map(|(s, e)| (*s, *e))
            && before_end >= start
        {
            start = before;
            end = end.max(before_end);
        }
        while let Some((inside, inside_end)) = ranges.range(start..=end).next().map(|(s, e)| (*s, *e)) {
            ranges.remove(&inside);
            end = end.max(inside_end);
        }
        ranges.insert(start, end);
    }
}

/// A chunk that has arrived whole (not yet verified: the codec checks its hash).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedChunk {
    /// The client's handle of the volume.
    pub handle: u32,
    /// Which chunk.
    pub chunk: ChunkId,
    /// The codec's bytes.
    pub bytes: Bytes,
}

/// A fragment that does not fit what came before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AssemblyError {
    /// Fragments of one chunk state different sizes or overlap.
    #[error("a fragment contradicts an earlier one of the same chunk")]
    Contradiction,
    /// More chunks are begun and unfinished than the bulk window can explain.
    #[error("too many chunks are begun and unfinished")]
    TooManyOpen,
    /// The header announces another length than the fragment has.
    #[error("a fragment is shorter or longer than its header says")]
    Length,
}

/// Puts fragments together. Streams arrive in any order, so the fragments of a chunk do too.
#[derive(Debug, Default)]
pub struct Assembler {
    open: BTreeMap<(u32, ChunkId), Partial>,
}

#[derive(Debug)]
struct Partial {
    bytes: BytesMut,
    /// Filled parts, `start → end`.
    filled: BTreeMap<u32, u32>,
    missing: u32,
}

/// Chunks that may be begun and unfinished. With 1 MiB under way and batches cut in order, a sender
/// that follows the protocol has at most eight, and one more for each volume that another overtook.
const MAX_OPEN: usize = 32;

impl Assembler {
    /// Nothing begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a fragment; returns the chunk that it completes.
    pub fn push(
        &mut self,
        record: &BrickRecord,
        fragment: Bytes,
    ) -> Result<Option<ReceivedChunk>, AssemblyError> {
        if fragment.len() != record.len as usize {
            return Err(AssemblyError::Length);
        }
        let chunk = ChunkId { level: record.level, brick: record.brick };
        let key = (record.handle, chunk);
        if record.len == record.total {
            self.open.remove(&key);
            return Ok(Some(ReceivedChunk { handle: record.handle, chunk, bytes: fragment }));
        }
        if !self.open.contains_key(&key) && self.open.len() >= MAX_OPEN {
            return Err(AssemblyError::TooManyOpen);
        }
        let partial = self.open.entry(key).or_insert_with(|| Partial {
            bytes: BytesMut::zeroed(record.total as usize),
            filled: BTreeMap::new(),
            missing: record.total,
        });
        let (start, end) = (record.offset, record.offset + record.len);
        let overlaps =
            partial.filled.range(..end).next_back().is_some_and(|(_, filled_to)| *filled_to > start);
        if partial.bytes.len() != record.total as usize || overlaps {
            return Err(AssemblyError::Contradiction);
        }
        partial.bytes[start as usize..end as usize].copy_from_slice(&fragment);
        partial.filled.insert(start, end);
        partial.missing -= record.len;
        if partial.missing > 0 {
            return Ok(None);
        }
        Ok(self.open.remove(&key).map(|whole| ReceivedChunk {
            handle: record.handle,
            chunk,
            bytes: whole.bytes.freeze(),
        }))
    }

    /// Forgets what was begun of one volume.
    pub fn forget(&mut self, handle: u32) {
        self.open.retain(|(of, _), _| *of != handle);
    }

    /// Forgets what was begun (after a lost link the edge sends those chunks again).
    pub fn clear(&mut self) {
        self.open.clear();
    }
}
