//! The client's side: handshake, liveness, reconnecting, and what it keeps meanwhile. No I/O, no clock.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::chunks::{ChunkId, ChunkSet};
use crate::messages::{
    Accepted, Bye, ByeReason, CloseVolume, Credit, FrameStats, Hello, ListVolumes, OpenVolume, Ping, Pong,
    Refusal, RefusalCode, Rejected, StartFrames, StopFrames, ToClient, ToEdge, VolumeInfo, VolumeReady,
    Welcome,
};
use crate::version::{Version, VersionRange};

/// Credit is returned in steps of this many bytes.
const CREDIT_STEP: u32 = 64 << 10;

/// How a client behaves.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// What it calls itself (a device, never a person).
    pub client: String,
    /// Versions that it speaks.
    pub versions: VersionRange,
    /// What it can do beyond the version.
    pub capabilities: Vec<String>,
    /// A ping goes out this often.
    pub ping_every: Duration,
    /// Nothing heard for this long: the link is lost. With the ping cadence and the tick of the
    /// caller this stays under a second.
    pub lost_after: Duration,
    /// Connecting and greeting may take this long.
    pub connect_within: Duration,
    /// First pause before connecting again; doubles with each failure.
    pub retry_first: Duration,
    /// Longest such pause.
    pub retry_most: Duration,
    /// Spreads the pauses of many clients by up to a quarter.
    pub seed: u64,
}

impl ClientConfig {
    /// The usual settings: ping every 150 ms, lost after 700 ms, first retry after 100 ms, then up to 2 s.
    pub fn new(client: impl Into<String>) -> Self {
        Self {
            client: client.into(),
            versions: VersionRange::OURS,
            capabilities: Vec::new(),
            ping_every: Duration::from_millis(150),
            lost_after: Duration::from_millis(700),
            connect_within: Duration::from_secs(3),
            retry_first: Duration::from_millis(100),
            retry_most: Duration::from_secs(2),
            seed: 1,
        }
    }
}

/// Where the link stands; what a window shows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkState {
    /// Not connected; the next attempt is due at `retry_at`.
    Down {
        /// On the caller's clock.
        retry_at: Duration,
    },
    /// Connecting since then.
    Connecting {
        /// On the caller's clock.
        since: Duration,
    },
    /// Connected; waiting for the edge's welcome.
    Greeting {
        /// On the caller's clock.
        since: Duration,
    },
    /// In session.
    Up,
    /// The edge will not have us; trying again is of no use before something changes.
    Refused(Refusal),
}

/// What the client program is to do, or to show.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// Connect now; then call [`ClientSession::connected`] or [`ClientSession::disconnected`].
    Connect {
        /// Counts the attempts since the link was last up, from 0.
        attempt: u32,
    },
    /// Send this on the control stream.
    Send(ToEdge),
    /// Close the present connection, if there is one.
    Disconnect,
    /// The session is open (again).
    Up(Welcome),
    /// The link is lost, or an attempt to connect has failed. What was received is kept; attempts to
    /// reconnect follow by themselves.
    Lost {
        /// Why, in one sentence.
        cause: String,
    },
    /// The edge will not have us.
    Refused(Refusal),
    /// Answer to [`ClientSession::list_volumes`].
    Volumes(Vec<VolumeInfo>),
    /// A volume is about to arrive. If `resumed` is false, what was kept of it is void.
    Header {
        /// From [`ClientSession::open`].
        handle: u32,
        /// The codec's header.
        header: serde_json::Value,
        /// Whether only what is missing will be sent.
        resumed: bool,
        /// Chunks that will be sent.
        chunks: u32,
        /// Their bytes.
        bytes: u64,
    },
    /// A volume will not come.
    VolumeRefused {
        /// From [`ClientSession::open`].
        handle: u32,
        /// Why.
        refusal: Refusal,
    },
    /// The edge has handed the last chunk to the transport.
    VolumeSent {
        /// From [`ClientSession::open`].
        handle: u32,
    },
    /// How drawing goes on the edge.
    FrameStats(FrameStats),
    /// A command is in the journal.
    Accepted(Accepted),
    /// A command is not.
    Rejected(Rejected),
    /// Round trip of a ping, through both programs.
    RoundTrip(Duration),
}

#[derive(Clone, Debug, Default)]
struct Kept {
    volume: String,
    etag: String,
    have: ChunkSet,
}

/// A client's session with one edge, over as many connections as it takes.
#[derive(Debug)]
pub struct ClientSession {
    config: ClientConfig,
    state: LinkState,
    attempt: u32,
    heard: Duration,
    pinged: Duration,
    session: String,
    next_handle: u32,
    volumes: BTreeMap<u32, Kept>,
    frames: Option<StartFrames>,
    uncredited: u32,
    jitter: u64,
}

impl ClientSession {
    /// A client that will connect at the first [`Self::tick`]. `now` is time on any clock that never
    /// runs backwards; every call takes it from the same one.
    pub fn new(config: ClientConfig, now: Duration) -> Self {
        let jitter = config.seed | 1;
        Self {
            config,
            state: LinkState::Down { retry_at: now },
            attempt: 0,
            heard: now,
            pinged: now,
            session: String::new(),
            next_handle: 1,
            volumes: BTreeMap::new(),
            frames: None,
            uncredited: 0,
            jitter,
        }
    }

    /// Where the link stands.
    pub fn state(&self) -> &LinkState {
        &self.state
    }

    /// Chunks held of a volume.
    pub fn held(&self, handle: u32) -> Option<&ChunkSet> {
        self.volumes.get(&handle).map(|kept| &kept.have)
    }

    /// When [`Self::tick`] should be called next, at the latest.
    pub fn next_tick(&self) -> Duration {
        match &self.state {
            LinkState::Down { retry_at } => *retry_at,
            LinkState::Connecting { since } | LinkState::Greeting { since } => {
                *since + self.config.connect_within
            }
            LinkState::Up => (self.pinged + self.config.ping_every).min(self.heard + self.config.lost_after),
            LinkState::Refused(_) => Duration::MAX,
        }
    }

    /// Looks at the time.
    pub fn tick(&mut self, now: Duration) -> Vec<ClientEvent> {
        match self.state {
            LinkState::Down { retry_at } if now >= retry_at => {
                self.state = LinkState::Connecting { since: now };
                vec![ClientEvent::Connect { attempt: self.attempt }]
            }
            LinkState::Connecting { since } | LinkState::Greeting { since }
                if now.saturating_sub(since) >= self.config.connect_within =>
            {
                self.lose(now, "the edge did not answer in time")
            }
            LinkState::Up if now.saturating_sub(self.heard) >= self.config.lost_after => {
                self.lose(now, "nothing was heard from the edge")
            }
            LinkState::Up if now.saturating_sub(self.pinged) >= self.config.ping_every => {
                self.pinged = now;
                vec![ClientEvent::Send(ToEdge::Ping(Ping { time_us: now.as_micros() as u64 }))]
            }
            LinkState::Down { .. }
            | LinkState::Connecting { .. }
            | LinkState::Greeting { .. }
            | LinkState::Up
            | LinkState::Refused(_) => Vec::new(),
        }
    }

    /// The transport has connected: greets the edge.
    pub fn connected(&mut self, now: Duration) -> Vec<ClientEvent> {
        if !matches!(self.state, LinkState::Connecting { .. }) {
            return vec![ClientEvent::Disconnect];
        }
        self.heard = now;
        self.state = LinkState::Greeting { since: now };
        let hello = Hello {
            versions: self.config.versions,
            client: self.config.client.clone(),
            capabilities: self.config.capabilities.clone(),
            resume: self.session.clone(),
        };
        vec![ClientEvent::Send(ToEdge::Hello(hello))]
    }

    /// The transport could not connect, or its connection has ended.
    pub fn disconnected(&mut self, now: Duration, cause: &str) -> Vec<ClientEvent> {
        match self.state {
            LinkState::Connecting { .. } | LinkState::Greeting { .. } | LinkState::Up => {
                self.lose(now, cause)
            }
            LinkState::Down { .. } | LinkState::Refused(_) => Vec::new(),
        }
    }

    /// The transport found a cause that trying again will not mend (a wrong certificate).
    pub fn refused(&mut self, refusal: Refusal) -> Vec<ClientEvent> {
        self.state = LinkState::Refused(refusal.clone());
        vec![ClientEvent::Disconnect, ClientEvent::Refused(refusal)]
    }

    /// Something was mended (another certificate, another address): connect again, at once.
    pub fn retry_now(&mut self, now: Duration) {
        if matches!(self.state, LinkState::Down { .. } | LinkState::Refused(_)) {
            self.attempt = 0;
            self.state = LinkState::Down { retry_at: now };
        }
    }

    /// Anything arrived from the edge: it is alive.
    pub fn heard(&mut self, now: Duration) {
        self.heard = self.heard.max(now);
    }

    /// Takes a message from the control stream.
    pub fn receive(&mut self, now: Duration, message: ToClient) -> Vec<ClientEvent> {
        self.heard(now);
        match (&self.state, message) {
            (LinkState::Greeting { .. }, ToClient::Welcome(welcome)) => self.welcome(now, welcome),
            (LinkState::Greeting { .. } | LinkState::Up, ToClient::Refused(refusal)) => self.refused(refusal),
            (LinkState::Greeting { .. } | LinkState::Up, ToClient::Bye(bye)) => {
                let cause = match bye.reason {
                    ByeReason::ShuttingDown => "the edge is being stopped",
                    ByeReason::ProtocolError => "the edge says that this client broke the protocol",
                    ByeReason::Done | ByeReason::Other => "the edge ended the session",
                };
                self.lose(now, cause)
            }
            (LinkState::Up, message) => self.receive_up(now, message),
            _ => Vec::new(),
        }
    }

    fn welcome(&mut self, now: Duration, welcome: Welcome) -> Vec<ClientEvent> {
        if Version::from_number(welcome.version).is_none() {
            return self.refused(Refusal {
                code: RefusalCode::VersionMismatch,
                what: format!(
                    "The edge chose protocol version {}, but this client speaks {}.",
                    welcome.version, self.config.versions
                ),
                meaning: "The edge does not follow the handshake.".into(),
                next_step: "Update the edge.".into(),
            });
        }
        self.state = LinkState::Up;
        self.attempt = 0;
        self.pinged = now;
        self.uncredited = 0;
        self.session.clone_from(&welcome.session);
        let mut events = vec![ClientEvent::Up(welcome)];
        events.extend(self.volumes.iter().map(|(handle, kept)| {
            ClientEvent::Send(ToEdge::OpenVolume(OpenVolume {
                handle: *handle,
                volume: kept.volume.clone(),
                etag: kept.etag.clone(),
                have: kept.have.clone(),
                // Once a header was seen, fragments of another version of the volume could pass for this one's.
                eager: kept.etag.is_empty(),
            }))
        }));
        events.extend(self.frames.clone().map(|frames| ClientEvent::Send(ToEdge::StartFrames(frames))));
        events
    }

    fn receive_up(&mut self, now: Duration, message: ToClient) -> Vec<ClientEvent> {
        match message {
            ToClient::Welcome(_) | ToClient::Refused(_) | ToClient::Bye(_) | ToClient::Unknown => Vec::new(),
            ToClient::Volumes(list) => vec![ClientEvent::Volumes(list.volumes)],
            ToClient::VolumeHeader(header) => {
                let Some(kept) = self.volumes.get_mut(&header.handle) else { return Vec::new() };
                let resumed = header.resumed && kept.etag == header.etag;
                if !resumed {
                    kept.have = ChunkSet::new();
                }
                kept.etag = header.etag;
                let ready = ToEdge::VolumeReady(VolumeReady { handle: header.handle });
                let event = ClientEvent::Header {
                    handle: header.handle,
                    header: header.header,
                    resumed,
                    chunks: header.chunks,
                    bytes: header.bytes,
                };
                vec![event, ClientEvent::Send(ready)]
            }
            ToClient::VolumeRefused(refused) => {
                self.volumes.remove(&refused.handle);
                vec![ClientEvent::VolumeRefused { handle: refused.handle, refusal: refused.refusal }]
            }
            ToClient::VolumeSent(sent) => vec![ClientEvent::VolumeSent { handle: sent.handle }],
            ToClient::FrameStats(stats) => vec![ClientEvent::FrameStats(stats)],
            ToClient::Accepted(accepted) => vec![ClientEvent::Accepted(accepted)],
            ToClient::Rejected(rejected) => vec![ClientEvent::Rejected(rejected)],
            ToClient::Pong(Pong { time_us }) => {
                vec![ClientEvent::RoundTrip(now.saturating_sub(Duration::from_micros(time_us)))]
            }
        }
    }

    /// Wants a volume; it is asked for now, or as soon as the link is up, and again after each loss
    /// until [`Self::close`].
    pub fn open(&mut self, volume: &str) -> (u32, Vec<ClientEvent>) {
        let handle = self.next_handle;
        self.next_handle += 1;
        self.volumes.insert(handle, Kept { volume: volume.to_owned(), ..Kept::default() });
        let open = OpenVolume { handle, volume: volume.to_owned(), eager: true, ..OpenVolume::default() };
        (handle, self.if_up(ToEdge::OpenVolume(open)))
    }

    /// Gives a volume up.
    pub fn close(&mut self, handle: u32) -> Vec<ClientEvent> {
        self.volumes.remove(&handle);
        self.if_up(ToEdge::CloseVolume(CloseVolume { handle }))
    }

    /// A chunk was verified and stored; it will not be asked for again.
    pub fn stored(&mut self, handle: u32, chunk: ChunkId) {
        if let Some(kept) = self.volumes.get_mut(&handle) {
            kept.have.insert(chunk);
        }
    }

    /// Bulk payload was taken off the link. Returns credit to the edge now and then.
    pub fn consumed(&mut self, bytes: u32) -> Vec<ClientEvent> {
        self.uncredited = self.uncredited.saturating_add(bytes);
        if self.uncredited < CREDIT_STEP {
            return Vec::new();
        }
        let bytes = std::mem::take(&mut self.uncredited);
        self.if_up(ToEdge::Credit(Credit { bytes }))
    }

    /// Asks for the list of volumes (only when up).
    pub fn list_volumes(&mut self, case: &str) -> Vec<ClientEvent> {
        self.if_up(ToEdge::ListVolumes(ListVolumes { case: case.to_owned() }))
    }

    /// Wants frames; asked for again after each loss until [`Self::stop_frames`].
    pub fn start_frames(&mut self, start: StartFrames) -> Vec<ClientEvent> {
        self.frames = Some(start.clone());
        self.if_up(ToEdge::StartFrames(start))
    }

    /// No more frames.
    pub fn stop_frames(&mut self) -> Vec<ClientEvent> {
        self.frames = None;
        self.if_up(ToEdge::StopFrames(StopFrames {}))
    }

    /// The user leaves.
    pub fn leave(&mut self) -> Vec<ClientEvent> {
        let mut events = self.if_up(ToEdge::Bye(Bye { reason: ByeReason::Done, message: String::new() }));
        events.push(ClientEvent::Disconnect);
        events
    }

    fn if_up(&self, message: ToEdge) -> Vec<ClientEvent> {
        if self.state == LinkState::Up { vec![ClientEvent::Send(message)] } else { Vec::new() }
    }

    fn lose(&mut self, now: Duration, cause: &str) -> Vec<ClientEvent> {
        let pause =
            self.config.retry_first.saturating_mul(1 << self.attempt.min(16)).min(self.config.retry_most);
        self.jitter ^= self.jitter << 13;
        self.jitter ^= self.jitter >> 7;
        self.jitter ^= self.jitter << 17;
        let spread = pause.mul_f64(0.25 * (self.jitter % 1024) as f64 / 1024.0);
        self.attempt = self.attempt.saturating_add(1);
        self.state = LinkState::Down { retry_at: now + pause + spread };
        vec![ClientEvent::Disconnect, ClientEvent::Lost { cause: cause.to_owned() }]
    }
}
