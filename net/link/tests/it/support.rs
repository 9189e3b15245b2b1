//! A site with certificates, an edge that serves one volume, and a client that pulls it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use net_link::pki::{self, Device};
use net_link::{
    Connection, ControlReceiver, ControlSender, Identity, LinkError, Listener, Role, UniPayload, connect,
};
use net_protocol::chunks::{Assembler, ChunkId};
use net_protocol::client::{ClientConfig, ClientEvent, ClientSession, LinkState};
use net_protocol::messages::{BrickRecord, Bye, ToClient, ToEdge};
use net_protocol::server::{ChunkInfo, ServerConfig, ServerEvent, ServerSession};
use tokio::sync::mpsc;

pub(crate) const LOOPBACK: &str = "127.0.0.1:0";
/// Far longer than anything here takes: only a hang reaches it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

pub(crate) struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    pub(crate) fn new() -> Self {
        let site = Self { folder: tempfile::tempdir().unwrap() };
        pki::create_site_ca(&site.path("ca"), "test-site").unwrap();
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn issue(&self, device: &Device) -> PathBuf {
        let folder = self.path(&device.name);
        pki::issue(&self.path("ca"), &folder, device).unwrap();
        folder
    }

    pub(crate) fn identity(&self, name: &str, role: Role) -> Identity {
        Identity::load(&self.issue(&Device::new(name, role))).unwrap()
    }
}

pub(crate) type Volume = BTreeMap<ChunkId, Bytes>;

/// Three levels, the finest with chunks larger than one stream; bytes that no compression shortens.
pub(crate) fn volume(fine: u32) -> Volume {
    let mut state = 7_u32;
    let mut chunk = |len: usize| {
        (0..len)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect::<Vec<_>>()
            .into()
    };
    let coarse = (0..2).map(|brick| (ChunkId { level: 2, brick }, 2_000));
    let middle = (0..9).map(|brick| (ChunkId { level: 1, brick }, 30_000));
    let finest = (0..fine).map(|brick| (ChunkId { level: 0, brick }, 150_000 + brick as usize % 7 * 1_001));
    coarse.chain(middle).chain(finest).map(|(id, len)| (id, chunk(len))).collect()
}

pub(crate) fn hash(volume: &Volume) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for (id, bytes) in volume {
        hasher.update(&[id.level]).update(&id.brick.to_le_bytes()).update(bytes);
    }
    hasher.finalize()
}

#[derive(Debug, Default)]
pub(crate) struct Served {
    pub(crate) bytes: AtomicU64,
    pub(crate) most_outstanding: AtomicU32,
}

/// Serves the volume to whoever connects, until its runtime is dropped.
pub(crate) async fn serve(mut listener: Listener, volume: Arc<Volume>, served: Arc<Served>) {
    while let Some(accepted) = listener.accept().await {
        if let Ok(connection) = accepted {
            tokio::spawn(serve_one(connection, volume.clone(), served.clone()));
        }
    }
}

async fn serve_one(
    connection: Connection,
    volume: Arc<Volume>,
    served: Arc<Served>,
) -> Result<(), LinkError> {
    let (control, mut incoming) = connection.edge_control().await?;
    let began = Instant::now();
    let mut session = ServerSession::new(ServerConfig::new("edge-1", "s"), began.elapsed());
    while let Some(message) = incoming.recv().await? {
        for event in session.receive(began.elapsed(), message) {
            match event {
                ServerEvent::Send(message) => control.send(&message).await?,
                ServerEvent::OpenVolume { handle, .. } => {
                    let chunks = volume
                        .iter()
                        .map(|(chunk, bytes)| ChunkInfo { chunk: *chunk, len: bytes.len() as u32 });
                    for message in session.opened(handle, serde_json::json!({}), "etag", chunks).unwrap() {
                        control.send(&message).await?;
                    }
                }
                ServerEvent::Close(_) => {
                    drop(session);
                    control.finish().await;
                    connection.close_refused();
                    return Ok(());
                }
                _ => {}
            }
        }
        while let Some(batch) = session.next_batch() {
            served.most_outstanding.fetch_max(session.outstanding(), Ordering::Relaxed);
            served
                .bytes
                .fetch_add(batch.records.iter().map(|record| u64::from(record.len)).sum(), Ordering::Relaxed);
            let fragment = |record: &BrickRecord| {
                let chunk = &volume[&ChunkId { level: record.level, brick: record.brick }];
                Some(chunk.slice(record.offset as usize..(record.offset + record.len) as usize))
            };
            connection.send_batch(&batch, fragment).await?;
        }
    }
    Ok(())
}

enum Inbound {
    Connected(u32, Result<(Connection, ControlSender<ToEdge>, ControlReceiver<ToClient>), LinkError>),
    Control(u32, ToClient),
    Bulk(u32, UniPayload),
    Ended(u32, LinkError),
}

type Fragments = Vec<(BrickRecord, Bytes)>;

/// A client that keeps connecting and pulls what it has opened.
pub(crate) struct Puller {
    pub(crate) session: ClientSession,
    pub(crate) received: Volume,
    pub(crate) lost: u32,
    pub(crate) headers: Vec<(bool, u64)>,
    began: Instant,
    addr: SocketAddr,
    identity: Identity,
    link: Option<(Connection, ControlSender<ToEdge>)>,
    number: u32,
    assembler: Assembler,
    /// The volume's header has come; until then a client keeps what overtook it.
    header: bool,
    early: Vec<Fragments>,
    inbox: mpsc::Sender<Inbound>,
    inbound: mpsc::Receiver<Inbound>,
}

impl Puller {
    pub(crate) fn new(config: ClientConfig, addr: SocketAddr, identity: Identity) -> Self {
        let began = Instant::now();
        let (inbox, inbound) = mpsc::channel(64);
        Self {
            session: ClientSession::new(config, began.elapsed()),
            received: Volume::new(),
            lost: 0,
            headers: Vec::new(),
            began,
            addr,
            identity,
            link: None,
            number: 0,
            assembler: Assembler::new(),
            header: false,
            early: Vec::new(),
            inbox,
            inbound,
        }
    }

    pub(crate) async fn run_until(&mut self, done: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(
                Instant::now() < deadline,
                "a hang: {:?}, {} chunks, {} losses, headers {:?}, link {:?}",
                self.session.state(),
                self.received.len(),
                self.lost,
                self.headers,
                self.link.as_ref().map(|(connection, _)| (connection.stats(), connection.lost_now())),
            );
            let wake = (self.began + self.session.next_tick().min(self.began.elapsed() + PATIENCE)).into();
            let events = tokio::select! {
                () = tokio::time::sleep_until(wake) => self.session.tick(self.began.elapsed()),
                Some(inbound) = self.inbound.recv() => self.take(inbound),
            };
            self.act(events).await;
        }
    }

    fn take(&mut self, inbound: Inbound) -> Vec<ClientEvent> {
        let now = self.began.elapsed();
        match inbound {
            Inbound::Connected(number, Ok((connection, sender, receiver))) if number == self.number => {
                self.link = Some((connection.clone(), sender));
                tokio::spawn(read_control(number, receiver, self.inbox.clone()));
                tokio::spawn(read_bulk(number, connection, self.inbox.clone()));
                self.session.connected(now)
            }
            Inbound::Connected(number, Err(error)) | Inbound::Ended(number, error)
                if number == self.number =>
            {
                if error.is_permanent() {
                    self.session.refused(error.to_refusal())
                } else {
                    self.session.disconnected(now, &error.to_string())
                }
            }
            Inbound::Control(number, message) if number == self.number => {
                let mut events = self.session.receive(now, message);
                if events.iter().any(|event| matches!(event, ClientEvent::Header { .. })) {
                    self.header = true;
                    let early = std::mem::take(&mut self.early);
                    events.extend(early.into_iter().flat_map(|fragments| self.keep(fragments)));
                }
                events
            }
            Inbound::Bulk(number, UniPayload::Bricks(fragments)) if number == self.number => {
                self.session.heard(now);
                if self.header {
                    return self.keep(fragments);
                }
                self.early.push(fragments);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn keep(&mut self, fragments: Fragments) -> Vec<ClientEvent> {
        let mut events = Vec::new();
        for (record, fragment) in fragments {
            let len = fragment.len() as u32;
            if let Some(chunk) = self.assembler.push(&record, fragment).unwrap() {
                self.session.stored(chunk.handle, chunk.chunk);
                self.received.insert(chunk.chunk, chunk.bytes);
            }
            events.extend(self.session.consumed(len));
        }
        events
    }

    async fn act(&mut self, events: Vec<ClientEvent>) {
        for event in events {
            match event {
                ClientEvent::Connect { .. } => {
                    self.number += 1;
                    let (number, addr, identity, inbox) =
                        (self.number, self.addr, self.identity.clone(), self.inbox.clone());
                    tokio::spawn(async move {
                        let connected = async {
                            let connection = connect(addr, &identity).await?;
                            let (sender, receiver) = connection.client_control().await?;
                            Ok((connection, sender, receiver))
                        };
                        inbox.send(Inbound::Connected(number, connected.await)).await.ok();
                    });
                }
                ClientEvent::Send(message) => {
                    if let Some((_, control)) = &self.link {
                        control.send(&message).await.ok();
                    }
                }
                ClientEvent::Disconnect => {
                    self.number += 1;
                    self.assembler.clear();
                    self.early.clear();
                    if let Some((connection, _)) = self.link.take() {
                        connection.close(&Bye::default());
                    }
                }
                ClientEvent::Lost { .. } => self.lost += 1,
                ClientEvent::Header { resumed, bytes, .. } => self.headers.push((resumed, bytes)),
                _ => {}
            }
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        *self.session.state() == LinkState::Up
    }
}

async fn read_control(number: u32, mut receiver: ControlReceiver<ToClient>, inbox: mpsc::Sender<Inbound>) {
    loop {
        let inbound = match receiver.recv().await {
            Ok(Some(message)) => Inbound::Control(number, message),
            Ok(None) => return,
            Err(error) => Inbound::Ended(number, error),
        };
        let last = matches!(inbound, Inbound::Ended(..));
        if inbox.send(inbound).await.is_err() || last {
            return;
        }
    }
}

async fn read_bulk(number: u32, connection: Connection, inbox: mpsc::Sender<Inbound>) {
    while let Ok(stream) = connection.accept_uni().await {
        let inbox = inbox.clone();
        tokio::spawn(async move {
            if let Ok(payload) = stream.read().await {
                inbox.send(Inbound::Bulk(number, payload)).await.ok();
            }
        });
    }
}

/// A runtime of its own, as an edge that is a process of its own has; dropping it is killing the edge:
/// nothing more is sent, not even a farewell.
pub(crate) struct KillableEdge {
    runtime: Option<tokio::runtime::Runtime>,
    pub(crate) addr: SocketAddr,
}

impl KillableEdge {
    pub(crate) async fn start(
        addr: SocketAddr,
        identity: &Identity,
        volume: Arc<Volume>,
        served: Arc<Served>,
    ) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let identity = identity.clone();
        let bound = runtime.spawn(async move { Listener::bind(addr, &identity).await });
        let listener = bound.await.unwrap().unwrap();
        let addr = listener.local_addr().unwrap();
        runtime.spawn(serve(listener, volume, served));
        Self { runtime: Some(runtime), addr }
    }
}

impl Drop for KillableEdge {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
