//! The edge's side of one session: handshake, volumes, credit. No I/O, no clock.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::chunks::{ChunkId, ChunkSet};
use crate::messages::{
    BULK_WINDOW, BrickRecord, Bye, ByeReason, MAX_BATCH_LEN, MAX_CHUNK_LEN, MAX_LEVELS, Pong, Refusal,
    RefusalCode, StartFrames, Submit, ToClient, ToEdge, VolumeHeader, VolumeRefused, VolumeSent, Welcome,
};
use crate::version::{Version, VersionRange, negotiate};

/// Volumes that one client may have open at once.
pub const MAX_OPEN_VOLUMES: usize = 64;

/// A batch is not worth a stream below this, unless it ends a chunk.
const SMALLEST_BATCH: u32 = 16 << 10;

/// What an edge says about itself.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Its name.
    pub edge: String,
    /// Name for this session.
    pub session: String,
    /// Epoch of its lease; 0 where there is no standby.
    pub epoch: u64,
    /// Versions that it speaks.
    pub versions: VersionRange,
    /// What it can do beyond the version.
    pub capabilities: Vec<String>,
    /// A client that has sent nothing for this long is gone.
    pub lost_after: Duration,
}

impl ServerConfig {
    /// The usual settings.
    pub fn new(edge: impl Into<String>, session: impl Into<String>) -> Self {
        Self {
            edge: edge.into(),
            session: session.into(),
            epoch: 0,
            versions: VersionRange::OURS,
            capabilities: Vec::new(),
            lost_after: Duration::from_secs(4),
        }
    }
}

/// What the edge program is to do next.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ServerEvent {
    /// Send this on the control stream.
    Send(ToClient),
    /// The handshake is done.
    Up {
        /// The version agreed on.
        version: Version,
        /// What the client calls itself.
        client: String,
    },
    /// Answer with [`ToClient::Volumes`].
    ListVolumes {
        /// Only of this case; empty for all.
        case: String,
    },
    /// Load this volume, then call [`ServerSession::opened`] or [`ServerSession::refuse_volume`].
    OpenVolume {
        /// The client's handle.
        handle: u32,
        /// Which volume.
        volume: String,
    },
    /// The client gave the volume up; its chunks may be freed.
    CloseVolume {
        /// The client's handle.
        handle: u32,
    },
    /// Draw frames.
    StartFrames(StartFrames),
    /// Stop drawing.
    StopFrames,
    /// Carry out a command; answer with [`ToClient::Accepted`] or [`ToClient::Rejected`].
    Submit(Submit),
    /// The session is over: send what is queued and close the connection.
    Close(Bye),
}

/// A chunk that could be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkInfo {
    /// Which.
    pub chunk: ChunkId,
    /// Its bytes.
    pub len: u32,
}

/// One stream's worth of fragments.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// QUIC stream priority: 0 for the coarsest level, lower for finer ones.
    pub priority: i32,
    /// What to write, each record followed by its bytes.
    pub records: Vec<BrickRecord>,
    /// Send this on the control stream after the batch: it was the volume's last.
    pub then: Option<ToClient>,
}

/// Why [`ServerSession::opened`] cannot take a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A chunk is empty or longer than [`MAX_CHUNK_LEN`], or of a level beyond [`MAX_LEVELS`].
    #[error("chunk {} of level {} has a size or level that the protocol cannot carry", .0.brick, .0.level)]
    Chunk(ChunkId),
    /// The client closed it meanwhile, or never asked for it.
    #[error("the volume is not wanted any more")]
    NotWanted,
}

#[derive(Debug)]
struct Outgoing {
    etag: String,
    have: ChunkSet,
    /// Coarse to fine; the first may be sent in part.
    queue: VecDeque<ChunkInfo>,
    /// Bytes of the first that were sent.
    offset: u32,
    coarsest: u8,
    /// The client has the header, or keeps what overtakes it.
    ready: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    AwaitHello,
    Up,
    Over,
}

/// One client's session on an edge.
#[derive(Debug)]
pub struct ServerSession {
    config: ServerConfig,
    state: State,
    heard: Duration,
    outstanding: u32,
    volumes: BTreeMap<u32, Outgoing>,
}

impl ServerSession {
    /// A session whose client has just connected.
    pub fn new(config: ServerConfig, now: Duration) -> Self {
        Self { config, state: State::AwaitHello, heard: now, outstanding: 0, volumes: BTreeMap::new() }
    }

    /// Bytes of bulk payload under way; never more than [`BULK_WINDOW`].
    pub fn outstanding(&self) -> u32 {
        self.outstanding
    }

    /// Whether the handshake is done and the session not over.
    pub fn is_up(&self) -> bool {
        self.state == State::Up
    }

    /// Anything arrived from this client (a pose, an acknowledgement): it is alive.
    pub fn heard(&mut self, now: Duration) {
        self.heard = self.heard.max(now);
    }

    /// Looks at the time; call a few times a second.
    pub fn tick(&mut self, now: Duration) -> Vec<ServerEvent> {
        if self.state != State::Over && now.saturating_sub(self.heard) >= self.config.lost_after {
            return self.end(ByeReason::Other, "nothing was heard from the client");
        }
        Vec::new()
    }

    /// Takes a message from the control stream.
    pub fn receive(&mut self, now: Duration, message: ToEdge) -> Vec<ServerEvent> {
        self.heard(now);
        match (self.state, message) {
            (State::Over, _) | (_, ToEdge::Unknown) => Vec::new(),
            (State::AwaitHello, ToEdge::Hello(hello)) => {
                match negotiate(hello.versions, self.config.versions) {
                    Ok(version) => {
                        self.state = State::Up;
                        let welcome = Welcome {
                            version: version.number(),
                            edge: self.config.edge.clone(),
                            session: self.config.session.clone(),
                            epoch: self.config.epoch,
                            bulk_window: BULK_WINDOW,
                            capabilities: self.config.capabilities.clone(),
                        };
                        vec![
                            ServerEvent::Send(ToClient::Welcome(welcome)),
                            ServerEvent::Up { version, client: hello.client },
                        ]
                    }
                    Err(refusal) => {
                        self.state = State::Over;
                        let bye = Bye { reason: ByeReason::Other, message: refusal.what.clone() };
                        vec![ServerEvent::Send(ToClient::Refused(refusal)), ServerEvent::Close(bye)]
                    }
                }
            }
            (State::AwaitHello, _) => self.end(ByeReason::ProtocolError, "the first message was not a hello"),
            (State::Up, ToEdge::Hello(_)) => self.end(ByeReason::ProtocolError, "a second hello"),
            (State::Up, message) => self.receive_up(message),
        }
    }

    fn receive_up(&mut self, message: ToEdge) -> Vec<ServerEvent> {
        match message {
            ToEdge::Hello(_) | ToEdge::Unknown => Vec::new(),
            ToEdge::ListVolumes(list) => vec![ServerEvent::ListVolumes { case: list.case }],
            ToEdge::OpenVolume(open) => {
                if self.volumes.len() >= MAX_OPEN_VOLUMES || self.volumes.contains_key(&open.handle) {
                    let refusal = Refusal {
                        code: RefusalCode::Busy,
                        what: "The volume was not opened.".into(),
                        meaning: "Too many volumes are open in this session, or the handle is in use.".into(),
                        next_step: "Close a volume and try again.".into(),
                    };
                    let refused = VolumeRefused { handle: open.handle, refusal };
                    return vec![ServerEvent::Send(ToClient::VolumeRefused(refused))];
                }
                let outgoing = Outgoing {
                    etag: open.etag,
                    have: open.have,
                    queue: VecDeque::new(),
                    offset: 0,
                    coarsest: 0,
                    ready: open.eager,
                };
                self.volumes.insert(open.handle, outgoing);
                vec![ServerEvent::OpenVolume { handle: open.handle, volume: open.volume }]
            }
            ToEdge::VolumeReady(ready) => {
                if let Some(volume) = self.volumes.get_mut(&ready.handle) {
                    volume.ready = true;
                }
                Vec::new()
            }
            ToEdge::CloseVolume(close) => {
                self.volumes.remove(&close.handle);
                vec![ServerEvent::CloseVolume { handle: close.handle }]
            }
            ToEdge::Credit(credit) => {
                // a client that returns more than it got gains nothing: the floor is zero
                self.outstanding = self.outstanding.saturating_sub(credit.bytes);
                Vec::new()
            }
            ToEdge::StartFrames(start) => vec![ServerEvent::StartFrames(start)],
            ToEdge::StopFrames(_) => vec![ServerEvent::StopFrames],
            ToEdge::Submit(submit) => vec![ServerEvent::Submit(submit)],
            ToEdge::Ping(ping) => vec![ServerEvent::Send(ToClient::Pong(Pong { time_us: ping.time_us }))],
            ToEdge::Bye(bye) => {
                self.state = State::Over;
                vec![ServerEvent::Close(bye)]
            }
        }
    }

    /// The volume is loaded: `etag` names its exact content, `chunks` may be in any order. Returns
    /// what to send; batches follow from [`Self::next_batch`] once the client has understood the header.
    pub fn opened(
        &mut self,
        handle: u32,
        header: serde_json::Value,
        etag: &str,
        chunks: impl IntoIterator<Item = ChunkInfo>,
    ) -> Result<Vec<ToClient>, OpenError> {
        let Some(volume) = self.volumes.get_mut(&handle) else { return Err(OpenError::NotWanted) };
        let resumed = !etag.is_empty() && volume.etag == etag;
        let mut missing = Vec::new();
        for info in chunks {
            if info.len == 0 || info.len > MAX_CHUNK_LEN || info.chunk.level >= MAX_LEVELS {
                self.volumes.remove(&handle);
                return Err(OpenError::Chunk(info.chunk));
            }
            volume.coarsest = volume.coarsest.max(info.chunk.level);
            if !(resumed && volume.have.contains(info.chunk)) {
                missing.push(info);
            }
        }
        missing.sort_by_key(|info| (std::cmp::Reverse(info.chunk.level), info.chunk.brick));
        let header = VolumeHeader {
            handle,
            header,
            etag: etag.to_owned(),
            resumed,
            chunks: missing.len() as u32,
            bytes: missing.iter().map(|info| u64::from(info.len)).sum(),
        };
        let mut messages = vec![ToClient::VolumeHeader(header)];
        if missing.is_empty() {
            messages.push(ToClient::VolumeSent(VolumeSent { handle }));
        }
        volume.queue = missing.into();
        Ok(messages)
    }

    /// The volume will not be sent. Returns what to send.
    pub fn refuse_volume(&mut self, handle: u32, refusal: Refusal) -> ToClient {
        self.volumes.remove(&handle);
        ToClient::VolumeRefused(VolumeRefused { handle, refusal })
    }

    /// The next stream to send, if credit allows one: coarse before fine over all open volumes, at
    /// most [`MAX_BATCH_LEN`] bytes with headers. Its payload counts as under way from here on.
    pub fn next_batch(&mut self) -> Option<Batch> {
        if self.state != State::Up {
            return None;
        }
        let (handle, volume) = self
            .volumes
            .iter_mut()
            .filter(|(_, volume)| volume.ready && !volume.queue.is_empty())
            .max_by_key(|(handle, volume)| {
                (volume.queue.front().map(|info| info.chunk.level), std::cmp::Reverse(**handle))
            })?;
        let handle = *handle;
        let level = volume.queue.front()?.chunk.level;
        let mut credit = BULK_WINDOW - self.outstanding;
        let mut room = MAX_BATCH_LEN - 1;
        let mut records = Vec::new();
        while let Some(next) = volume.queue.front().copied().filter(|info| info.chunk.level == level) {
            let left = next.len - volume.offset;
            let payload_room = room.saturating_sub(BrickRecord::LEN) as u32;
            let len = left.min(credit).min(payload_room);
            if len < left.min(SMALLEST_BATCH) {
                break;
            }
            records.push(BrickRecord {
                handle,
                brick: next.chunk.brick,
                total: next.len,
                offset: volume.offset,
                len,
                level,
            });
            credit -= len;
            room -= BrickRecord::LEN + len as usize;
            self.outstanding += len;
            volume.offset += len;
            if volume.offset == next.len {
                volume.queue.pop_front();
                volume.offset = 0;
            }
        }
        if records.is_empty() {
            return None;
        }
        let then = volume.queue.is_empty().then_some(ToClient::VolumeSent(VolumeSent { handle }));
        let priority = -10 * i32::from(volume.coarsest.saturating_sub(level)).min(6);
        Some(Batch { priority, records, then })
    }

    /// The edge is being stopped.
    pub fn shut_down(&mut self) -> Vec<ServerEvent> {
        self.end(ByeReason::ShuttingDown, "the edge is being stopped")
    }

    fn end(&mut self, reason: ByeReason, message: &str) -> Vec<ServerEvent> {
        self.state = State::Over;
        self.volumes.clear();
        let bye = Bye { reason, message: message.to_owned() };
        vec![ServerEvent::Send(ToClient::Bye(bye.clone())), ServerEvent::Close(bye)]
    }
}
