//! Both state machines against each other, in simulated time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use net_protocol::bulk::{decode_batch, encode_batch};
use net_protocol::chunks::{Assembler, ChunkId};
use net_protocol::client::{ClientConfig, ClientEvent, ClientSession, LinkState};
use net_protocol::messages::{
    BULK_WINDOW, BrickRecord, ListVolumes, MAX_BATCH_LEN, Ping, RefusalCode, StartFrames, ToClient, ToEdge,
    Welcome,
};
use net_protocol::server::{ChunkInfo, ServerConfig, ServerEvent, ServerSession};
use net_protocol::version::VersionRange;

const MS: Duration = Duration::from_millis(1);

/// A volume of two levels: 9 small coarse chunks, 40 finer ones of up to 300 kB.
fn volume() -> BTreeMap<ChunkId, Bytes> {
    let coarse = (0..9).map(|brick| (ChunkId { level: 1, brick }, 3_000 + brick as usize * 17));
    let fine = (0..40).map(|brick| (ChunkId { level: 0, brick }, 20_000 + brick as usize * 7_001));
    coarse
        .chain(fine)
        .map(|(chunk, len)| {
            (
                chunk,
                (0..len).map(|n| (n as u32 ^ chunk.brick.wrapping_mul(97)) as u8).collect::<Vec<_>>().into(),
            )
        })
        .collect()
}

/// An edge, a client and a link with a delay both ways.
struct World {
    now: Duration,
    client: ClientSession,
    server: Option<ServerSession>,
    volume: BTreeMap<ChunkId, Bytes>,
    to_edge: VecDeque<(Duration, ToEdge)>,
    to_client: VecDeque<(Duration, ToClient)>,
    bulk: VecDeque<(Duration, Bytes)>,
    delay: Duration,
    connected: bool,
    /// The header of this connection has come; until then a client keeps what overtook it.
    header: bool,
    assembler: Assembler,
    received: BTreeMap<ChunkId, Bytes>,
    log: Vec<(Duration, ClientEvent)>,
    sent_fine_before_coarse: bool,
    most_outstanding: u32,
    bulk_bytes: u64,
    etag: &'static str,
    frames_started: u32,
}

impl World {
    fn new() -> Self {
        let now = Duration::ZERO;
        Self {
            now,
            client: ClientSession::new(ClientConfig::new("headset-7"), now),
            server: Some(ServerSession::new(ServerConfig::new("edge", "1"), now)),
            volume: volume(),
            to_edge: VecDeque::new(),
            to_client: VecDeque::new(),
            bulk: VecDeque::new(),
            delay: 5 * MS,
            connected: false,
            header: false,
            assembler: Assembler::new(),
            received: BTreeMap::new(),
            log: Vec::new(),
            sent_fine_before_coarse: false,
            most_outstanding: 0,
            bulk_bytes: 0,
            etag: "hash-of-voxels",
            frames_started: 0,
        }
    }

    fn client_events(&mut self, events: Vec<ClientEvent>) {
        for event in events {
            match &event {
                ClientEvent::Send(message) if self.connected => {
                    self.to_edge.push_back((self.now + self.delay, message.clone()));
                }
                ClientEvent::Connect { .. } => {
                    let more = if let Some(server) = &mut self.server {
                        *server = ServerSession::new(ServerConfig::new("edge", "2"), self.now);
                        self.connected = true;
                        self.client.connected(self.now)
                    } else {
                        Vec::new()
                    };
                    self.client_events(more);
                }
                ClientEvent::Disconnect => {
                    self.connected = false;
                    self.header = false;
                    self.to_edge.clear();
                    self.to_client.clear();
                    self.bulk.clear();
                    self.assembler.clear();
                }
                ClientEvent::Header { .. } => self.header = true,
                _ => {}
            }
            self.log.push((self.now, event));
        }
    }

    fn server_events(&mut self, events: Vec<ServerEvent>) {
        for event in events {
            let messages = match event {
                ServerEvent::Send(message) => vec![message],
                ServerEvent::OpenVolume { handle, .. } => {
                    let chunks: Vec<_> = self
                        .volume
                        .iter()
                        .map(|(chunk, bytes)| ChunkInfo { chunk: *chunk, len: bytes.len() as u32 })
                        .collect();
                    let server = self.server.as_mut().unwrap();
                    server.opened(handle, serde_json::json!({}), self.etag, chunks).unwrap()
                }
                ServerEvent::StartFrames(_) => {
                    self.frames_started += 1;
                    Vec::new()
                }
                _ => Vec::new(),
            };
            let at = self.now + self.delay;
            self.to_client.extend(messages.into_iter().map(|message| (at, message)));
        }
    }

    /// One millisecond.
    fn step(&mut self) {
        self.now += MS;
        if self.now >= self.client.next_tick() {
            let events = self.client.tick(self.now);
            self.client_events(events);
        }
        while self.to_edge.front().is_some_and(|(at, _)| *at <= self.now) {
            let (_, message) = self.to_edge.pop_front().unwrap();
            if let Some(server) = &mut self.server {
                let events = server.receive(self.now, message);
                self.server_events(events);
            }
        }
        let volume = &self.volume;
        if let Some(server) = &mut self.server {
            while let Some(batch) = server.next_batch() {
                let level = batch.records[0].level;
                self.sent_fine_before_coarse |=
                    level == 0 && self.bulk_bytes < 9 * 3_000 && self.received.is_empty();
                assert_eq!(batch.priority, if level == 1 { 0 } else { -10 });
                let bytes = encode_batch(&batch.records, |record: &BrickRecord| {
                    let chunk = &volume[&ChunkId { level: record.level, brick: record.brick }];
                    Some(chunk.slice(record.offset as usize..(record.offset + record.len) as usize))
                });
                assert!(bytes.len() <= MAX_BATCH_LEN, "{}", bytes.len());
                self.bulk_bytes += batch.records.iter().map(|record| u64::from(record.len)).sum::<u64>();
                // streams overtake each other
                let late = if self.bulk.len().is_multiple_of(3) { 9 * MS } else { Duration::ZERO };
                self.bulk.push_back((self.now + self.delay + late, bytes));
                if let Some(then) = batch.then {
                    self.to_client.push_back((self.now + self.delay, then));
                }
            }
            self.most_outstanding = self.most_outstanding.max(server.outstanding());
        }
        self.arrive();
    }

    fn arrive(&mut self) {
        let now = self.now;
        while self.to_client.front().is_some_and(|(at, _)| *at <= now) {
            let (_, message) = self.to_client.pop_front().unwrap();
            let events = self.client.receive(now, message);
            self.client_events(events);
        }
        if !self.header {
            return;
        }
        let arrived: Vec<Bytes> =
            self.bulk.iter().filter(|(at, _)| *at <= now).map(|(_, bytes)| bytes.clone()).collect();
        self.bulk.retain(|(at, _)| *at > now);
        for bytes in arrived {
            self.client.heard(now);
            for (record, fragment) in decode_batch(bytes.slice(1..)).unwrap() {
                let len = fragment.len() as u32;
                if let Some(chunk) = self.assembler.push(&record, fragment).unwrap() {
                    self.client.stored(chunk.handle, chunk.chunk);
                    self.received.insert(chunk.chunk, chunk.bytes);
                }
                let events = self.client.consumed(len);
                self.client_events(events);
            }
        }
    }

    fn run_until(&mut self, most: Duration, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            assert!(self.now < most, "not done after {most:?}: {:?}", self.client.state());
            self.step();
        }
    }

    fn when(&self, matches: impl Fn(&ClientEvent) -> bool) -> Option<Duration> {
        self.log.iter().find(|(_, event)| matches(event)).map(|(at, _)| *at)
    }

    /// The edge dies: what is on the way is gone, nothing answers.
    fn kill_edge(&mut self) -> Duration {
        self.server = None;
        self.to_edge.clear();
        self.to_client.clear();
        self.bulk.clear();
        self.now
    }
}

fn is_up(event: &ClientEvent) -> bool {
    matches!(event, ClientEvent::Up(_))
}

fn is_lost(event: &ClientEvent) -> bool {
    matches!(event, ClientEvent::Lost { .. })
}

#[test]
fn a_volume_arrives_whole_coarse_first_within_its_credit() {
    let mut world = World::new();
    let (handle, _) = world.client.open("v1");
    world.run_until(Duration::from_secs(30), |world| world.received.len() == world.volume.len());
    assert_eq!(world.received, world.volume);
    assert!(!world.sent_fine_before_coarse);
    assert!(world.most_outstanding <= BULK_WINDOW);
    assert!(
        world.most_outstanding > BULK_WINDOW - (16 << 10),
        "the window is used: {}",
        world.most_outstanding
    );
    assert_eq!(world.client.held(handle).unwrap().len(), 49);
    world.run_until(Duration::from_secs(30), |world| {
        world.when(|event| matches!(event, ClientEvent::VolumeSent { .. })).is_some()
    });
}

#[test]
fn an_eager_client_need_not_say_that_it_has_the_header() {
    let mut server = ServerSession::new(ServerConfig::new("edge", "1"), Duration::ZERO);
    let mut client = ClientSession::new(ClientConfig::new("headset"), Duration::ZERO);
    let hello =
        ToEdge::Hello(net_protocol::messages::Hello { versions: VersionRange::OURS, ..Default::default() });
    server.receive(Duration::ZERO, hello);
    client.tick(Duration::ZERO);
    client.connected(Duration::ZERO);
    client.receive(Duration::ZERO, ToClient::Welcome(Welcome { version: 1, ..Welcome::default() }));
    let (handle, mut asked) = client.open("v");
    let Some(ClientEvent::Send(open)) = asked.pop() else { panic!("the client is up, so it asks") };
    server.receive(Duration::ZERO, open);
    assert_eq!(server.next_batch(), None, "nothing is loaded yet");
    let chunks = (0..3).map(|brick| ChunkInfo { chunk: ChunkId { level: 2, brick }, len: 100 });
    server.opened(handle, serde_json::Value::Null, "etag", chunks).unwrap();
    assert_eq!(server.next_batch().map(|batch| batch.records.len()), Some(3));
}

#[test]
fn without_credit_nothing_more_is_sent() {
    let mut server = ServerSession::new(ServerConfig::new("edge", "1"), Duration::ZERO);
    let hello =
        ToEdge::Hello(net_protocol::messages::Hello { versions: VersionRange::OURS, ..Default::default() });
    server.receive(Duration::ZERO, hello);
    let open = net_protocol::messages::OpenVolume { handle: 1, volume: "v".into(), ..Default::default() };
    server.receive(Duration::ZERO, ToEdge::OpenVolume(open));
    let chunks = (0..100).map(|brick| ChunkInfo { chunk: ChunkId { level: 0, brick }, len: 70_000 });
    server.opened(1, serde_json::Value::Null, "", chunks).unwrap();
    assert_eq!(server.next_batch(), None, "the client has not said that it has the header");
    server.receive(Duration::ZERO, ToEdge::VolumeReady(net_protocol::messages::VolumeReady { handle: 1 }));
    let mut sent = 0;
    while let Some(batch) = server.next_batch() {
        sent += batch.records.iter().map(|record| record.len).sum::<u32>();
    }
    assert!(sent <= BULK_WINDOW && sent > BULK_WINDOW - (16 << 10), "{sent}");
    // more credit than was used up does not open the window wider
    let credit = net_protocol::messages::Credit { bytes: u32::MAX };
    server.receive(Duration::ZERO, ToEdge::Credit(credit));
    server.receive(Duration::ZERO, ToEdge::Credit(credit));
    let mut more = 0;
    while let Some(batch) = server.next_batch() {
        more += batch.records.iter().map(|record| record.len).sum::<u32>();
    }
    assert!(more <= BULK_WINDOW && server.outstanding() <= BULK_WINDOW, "{more}");
}

#[test]
fn after_a_loss_only_what_is_missing_is_sent() {
    let mut world = World::new();
    let (handle, _) = world.client.open("v1");
    world.client.start_frames(StartFrames { volume: "v1".into(), ..StartFrames::default() });
    world.run_until(Duration::from_secs(30), |world| world.received.len() >= 20);
    world.kill_edge();
    let held: u64 = world.received.values().map(|bytes| bytes.len() as u64).sum();
    let total: u64 = world.volume.values().map(|bytes| bytes.len() as u64).sum();
    let received = std::mem::take(&mut world.received);

    world.run_until(Duration::from_secs(40), |world| world.when(is_lost).is_some());
    assert_eq!(world.client.held(handle).unwrap().len(), received.len() as u64, "what was received is kept");
    // the edge is back
    world.server = Some(ServerSession::new(ServerConfig::new("edge", "2"), world.now));
    (world.bulk_bytes, world.log) = (0, Vec::new());
    let expected = world.volume.len() - received.len();
    world.run_until(Duration::from_mins(1), |world| world.received.len() == expected);
    assert_eq!(world.bulk_bytes, total - held);
    let resumed = world.log.iter().find_map(|(_, event)| match event {
        ClientEvent::Header { resumed, bytes, .. } => Some((*resumed, *bytes)),
        _ => None,
    });
    assert_eq!(resumed, Some((true, total - held)));
    assert_eq!(world.frames_started, 2, "frames are asked for again");
    world.received.extend(received);
    assert_eq!(world.received, world.volume);
}

#[test]
fn a_volume_that_changed_meanwhile_is_sent_anew() {
    let mut world = World::new();
    world.client.open("v1");
    world.run_until(Duration::from_secs(30), |world| world.received.len() >= 20);
    world.kill_edge();
    world.run_until(Duration::from_secs(40), |world| world.when(is_lost).is_some());
    world.server = Some(ServerSession::new(ServerConfig::new("edge", "2"), world.now));
    (world.etag, world.received, world.log) = ("other-voxels", BTreeMap::new(), Vec::new());
    world.run_until(Duration::from_mins(1), |world| world.received.len() == world.volume.len());
    assert!(world.when(|event| matches!(event, ClientEvent::Header { resumed: false, .. })).is_some());
}

#[test]
fn a_killed_edge_is_noticed_within_a_second() {
    for killed_at_ms in [300, 371, 444, 517, 1003] {
        let mut world = World::new();
        world.delay = 40 * MS;
        world.client.open("v1");
        world.run_until(Duration::from_secs(10), |world| world.now >= killed_at_ms * MS);
        assert!(world.when(is_up).is_some());
        let killed = world.kill_edge();
        world.run_until(Duration::from_secs(10), |world| world.when(is_lost).is_some());
        let noticed = world.when(is_lost).unwrap().saturating_sub(killed);
        assert!(noticed <= Duration::from_secs(1), "{noticed:?}");
        // and it goes on trying, with growing pauses
        let later = world.now + Duration::from_secs(12);
        world.run_until(Duration::from_secs(30), |world| world.now >= later);
        let attempts =
            world.log.iter().filter(|(_, event)| matches!(event, ClientEvent::Connect { .. })).count();
        assert!((3..10).contains(&attempts), "{attempts}");
    }
}

#[test]
fn a_short_silence_is_not_a_loss() {
    let mut world = World::new();
    world.run_until(Duration::from_secs(1), |world| world.when(is_up).is_some());
    for _ in 0..20 {
        // a handover: 60 ms in which everything waits
        for queue_delay in
            world.to_edge.iter_mut().map(|(at, _)| at).chain(world.to_client.iter_mut().map(|(at, _)| at))
        {
            *queue_delay += 60 * MS;
        }
        let until = world.now + 500 * MS;
        world.run_until(Duration::from_mins(1), |world| world.now >= until);
    }
    assert_eq!(world.when(is_lost), None);
    assert_eq!(*world.client.state(), LinkState::Up);
}

#[test]
fn an_old_client_is_refused_with_both_versions_named() {
    let mut world = World::new();
    let old = ClientConfig { versions: VersionRange { min: 0, max: 0 }, ..ClientConfig::new("headset-old") };
    world.client = ClientSession::new(old, world.now);
    world.run_until(Duration::from_secs(1), |world| {
        world.when(|event| matches!(event, ClientEvent::Refused(_))).is_some()
    });
    let LinkState::Refused(refusal) = world.client.state().clone() else {
        panic!("{:?}", world.client.state())
    };
    assert_eq!(refusal.code, RefusalCode::VersionMismatch);
    let text = refusal.to_string();
    assert!(
        text.contains("version 0") && text.contains("speaks 1") && text.contains("Update the client"),
        "{text}"
    );
    // no point in trying again by itself
    world.run_until(Duration::from_secs(30), |world| world.now >= Duration::from_secs(20));
    assert_eq!(world.log.iter().filter(|(_, event)| matches!(event, ClientEvent::Connect { .. })).count(), 1);
    // until something was mended
    let now = world.now;
    world.client.retry_now(now);
    assert_eq!(world.client.tick(now), [ClientEvent::Connect { attempt: 0 }]);
}

#[test]
fn what_comes_before_the_hello_ends_the_session() {
    let mut server = ServerSession::new(ServerConfig::new("edge", "1"), Duration::ZERO);
    let events = server.receive(Duration::ZERO, ToEdge::ListVolumes(ListVolumes::default()));
    assert!(matches!(events[..], [ServerEvent::Send(ToClient::Bye(_)), ServerEvent::Close(_)]), "{events:?}");
    assert!(!server.is_up());
    assert_eq!(server.receive(Duration::ZERO, ToEdge::Ping(Ping::default())), []);
}

#[test]
fn a_silent_client_is_given_up() {
    let mut server = ServerSession::new(ServerConfig::new("edge", "1"), Duration::ZERO);
    assert_eq!(server.tick(Duration::from_millis(3_999)), []);
    assert!(matches!(server.tick(Duration::from_secs(4))[..], [_, ServerEvent::Close(_)]));
}
