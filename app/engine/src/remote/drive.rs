//! Drives the client's state machine with real sockets and a real clock.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant};

use bytes::Bytes;
use net_link::pki::Identity;
use net_link::{Connection, ControlReceiver, ControlSender, LinkError, UniPayload};
use net_protocol::client::{ClientConfig, ClientEvent, ClientSession};
use net_protocol::messages::{Bye, FrameFormat, FrameHeader, ToClient, ToEdge};
use tokio::sync::mpsc;

use super::decode::{self, Begin, Ends, Fragments, Stored};
use super::{RemoteEvent, RemoteRequest, RemoteSettings};
use crate::{Fault, FaultKind};

/// Things from the network that may wait for the driver.
const INBOX: usize = 256;
/// Streams of fragments that may wait for the decoder; the edge's credit bounds their bytes.
const WORK: usize = 64;
/// Volumes that may begin while the decoder is busy.
const BEGINS: usize = 64;
/// The state machine never asks to be woken later than this.
const LONGEST_SLEEP: Duration = Duration::from_hours(1);

type Connected = (Connection, ControlSender<ToEdge>, ControlReceiver<ToClient>);

/// What the tasks of one connection report; `u64` is the number of that connection.
enum Inbound {
    Connected(u64, Result<Box<Connected>, LinkError>),
    Control(u64, ToClient),
    Frame(u64, FrameHeader, Bytes),
    Ended(u64, LinkError),
}

struct Driver<'a> {
    settings: &'a RemoteSettings,
    identity: Arc<Identity>,
    session: ClientSession,
    events: &'a SyncSender<RemoteEvent>,
    begins: SyncSender<Begin>,
    work: mpsc::Sender<Fragments>,
    inbox: mpsc::Sender<Inbound>,
    link: Option<(Connection, ControlSender<ToEdge>)>,
    connection: u64,
    /// Handle of the open volume and when it was asked for.
    open: Option<(u32, Duration)>,
    start: Instant,
}

/// Runs until the program drops its [`super::Remote`].
pub(super) async fn drive(
    settings: &RemoteSettings,
    identity: Identity,
    mut requests: mpsc::Receiver<RemoteRequest>,
    events: &SyncSender<RemoteEvent>,
    start: Instant,
) {
    let (inbox, mut inbound) = mpsc::channel(INBOX);
    let (begins, begun) = sync_channel(BEGINS);
    let (work, fragments) = mpsc::channel(WORK);
    let (keep, mut stored) = mpsc::channel(WORK);
    let ends = Ends { begins: begun, fragments, stored: keep, events: events.clone(), start };
    let decoder = std::thread::Builder::new().name("theatron-decode".into()).spawn(move || decode::run(ends));
    if let Err(error) = decoder {
        let fault = Fault::told(FaultKind::Internal, format!("A thread could not be started: {error}."));
        events.send(RemoteEvent::Refused(fault)).unwrap_or_default();
        return;
    }
    let session = ClientSession::new(ClientConfig::new(settings.client.clone()), start.elapsed());
    let identity = Arc::new(identity);
    let (link, connection, open) = (None, 0, None);
    let mut driver =
        Driver { settings, identity, session, events, begins, work, inbox, link, connection, open, start };
    loop {
        let wake = start + driver.session.next_tick().min(start.elapsed() + LONGEST_SLEEP);
        let actions = tokio::select! {
            () = tokio::time::sleep_until(wake.into()) => driver.session.tick(start.elapsed()),
            request = requests.recv() => match request {
                Some(request) => driver.request(request),
                None => break,
            },
            Some(stored) = stored.recv() => driver.stored(stored),
            Some(inbound) = inbound.recv() => driver.inbound(inbound),
        };
        if driver.act(actions).await.is_err() {
            return;
        }
    }
    let farewell = driver.session.leave();
    let link = driver.link.take();
    if let Some((connection, control)) = link {
        for action in farewell {
            if let ClientEvent::Send(message) = action {
                control.send(&message).await.unwrap_or_default();
            }
        }
        hang_up((connection, control)).await;
    }
}

/// Lets what is queued go out, then ends the connection.
async fn hang_up((connection, control): (Connection, ControlSender<ToEdge>)) {
    control.finish().await;
    connection.close(&Bye::default());
}

/// The program no longer listens.
struct Gone;

impl Driver<'_> {
    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn request(&mut self, request: RemoteRequest) -> Vec<ClientEvent> {
        match request {
            RemoteRequest::List => self.session.list_volumes(""),
            RemoteRequest::Open(volume) => {
                let mut actions = self.close();
                let (handle, opening) = self.session.open(&volume);
                self.open = Some((handle, self.now()));
                actions.extend(opening);
                actions
            }
            RemoteRequest::Close => self.close(),
            RemoteRequest::StartFrames(start) => self.session.start_frames(start),
            RemoteRequest::StopFrames => self.session.stop_frames(),
            RemoteRequest::Submit(submit) => vec![ClientEvent::Send(ToEdge::Submit(submit))],
            RemoteRequest::Pose(pose) => {
                if let Some((connection, _)) = &self.link {
                    // A pose that cannot be sent now is out of date by the time it could.
                    connection.send_pose(&pose).unwrap_or_default();
                }
                Vec::new()
            }
            RemoteRequest::Retry => {
                self.session.retry_now(self.now());
                Vec::new()
            }
        }
    }

    fn close(&mut self) -> Vec<ClientEvent> {
        self.open.take().map(|(handle, _)| self.session.close(handle)).unwrap_or_default()
    }

    fn inbound(&mut self, inbound: Inbound) -> Vec<ClientEvent> {
        let now = self.now();
        match inbound {
            Inbound::Connected(number, _)
            | Inbound::Control(number, _)
            | Inbound::Frame(number, ..)
            | Inbound::Ended(number, _)
                if number != self.connection =>
            {
                Vec::new()
            }
            Inbound::Connected(number, Ok(connected)) => {
                let (connection, sender, receiver) = *connected;
                tokio::spawn(read_control(number, receiver, self.inbox.clone()));
                tokio::spawn(read_streams(number, connection.clone(), self.inbox.clone(), self.work.clone()));
                self.link = Some((connection, sender));
                self.session.connected(now)
            }
            Inbound::Connected(_, Err(error)) | Inbound::Ended(_, error) => self.lost(&error),
            Inbound::Control(_, message) => self.session.receive(now, message),
            Inbound::Frame(_, header, body) => {
                self.session.heard(now);
                self.frame(header, &body);
                Vec::new()
            }
        }
    }

    /// The decoder has taken fragments off the link: credit goes back, and what is kept is not asked for again.
    fn stored(&mut self, stored: Stored) -> Vec<ClientEvent> {
        for (handle, chunk) in stored.chunks {
            self.session.stored(handle, chunk);
        }
        if stored.connection != self.connection {
            return Vec::new();
        }
        self.session.heard(self.now());
        self.session.consumed(stored.bytes)
    }

    /// A connection that failed: wrong certificates and versions need a person, anything else is tried again.
    fn lost(&mut self, error: &LinkError) -> Vec<ClientEvent> {
        if error.is_permanent() {
            self.session.refused(error.to_refusal())
        } else {
            self.session.disconnected(self.now(), &error.to_string())
        }
    }

    /// Shows a frame, if the program keeps up: the next one is newer.
    fn frame(&self, header: FrameHeader, body: &[u8]) {
        if let Some(rgba) = frame_pixels(&header, body) {
            self.events.try_send(RemoteEvent::Frame { header, rgba: Arc::new(rgba) }).unwrap_or_default();
        } else {
            tracing::warn!(frame = header.frame, "a frame did not match its hash and is not shown");
        }
    }

    /// Carries out what the state machine asks for.
    async fn act(&mut self, actions: Vec<ClientEvent>) -> Result<(), Gone> {
        for action in actions {
            match action {
                ClientEvent::Connect { .. } => self.connect(),
                ClientEvent::Send(message) => {
                    if let Some((_, control)) = &self.link
                        && let Err(error) = control.send(&message).await
                    {
                        tracing::debug!(%error, "the control stream has ended");
                    }
                }
                ClientEvent::Disconnect => {
                    self.connection += 1;
                    if let Some(link) = self.link.take() {
                        // Not waited for: a dead link must not hold up the word that it is dead.
                        tokio::spawn(hang_up(link));
                    }
                }
                ClientEvent::Header { handle, header, resumed, bytes, .. } => {
                    self.begin(handle, &header, resumed, bytes)?;
                }
                other => self.report(other)?,
            }
        }
        Ok(())
    }

    fn begin(
        &mut self,
        handle: u32,
        header: &serde_json::Value,
        resumed: bool,
        bytes: u64,
    ) -> Result<(), Gone> {
        let asked = self.open.map_or_else(|| self.now(), |(_, asked)| asked);
        match codec_header(header) {
            Ok(header) => {
                let begin = Begin { handle, header, resumed, asked, bytes };
                self.begins.try_send(begin).map_err(|_gone| Gone)?;
                // Wakes the decoder, which may hold all fragments already; a full queue wakes it by itself.
                let nothing = Fragments { connection: self.connection, records: Vec::new() };
                self.work.try_send(nothing).unwrap_or_default();
                Ok(())
            }
            Err(error) => {
                let what =
                    format!("The edge announced a volume in a form this program does not know: {error}.");
                let fault = Fault::new(
                    FaultKind::Peer,
                    what,
                    "It cannot be shown.",
                    "Update this program or the edge.",
                );
                self.tell(RemoteEvent::VolumeFault(fault))
            }
        }
    }

    fn report(&mut self, event: ClientEvent) -> Result<(), Gone> {
        let refused = |refusal: &net_protocol::messages::Refusal, kind| {
            Fault::new(kind, refusal.what.clone(), refusal.meaning.clone(), refusal.next_step.clone())
        };
        let event = match event {
            ClientEvent::Up(welcome) => RemoteEvent::Up { edge: welcome.edge },
            ClientEvent::Lost { cause } => RemoteEvent::Lost { cause },
            ClientEvent::Refused(refusal) => RemoteEvent::Refused(refused(&refusal, FaultKind::Peer)),
            ClientEvent::Volumes(volumes) => RemoteEvent::Volumes(volumes),
            ClientEvent::VolumeRefused { refusal, .. } => {
                self.open = None;
                RemoteEvent::VolumeFault(refused(&refusal, FaultKind::Peer))
            }
            ClientEvent::Accepted(accepted) => RemoteEvent::Accepted(accepted),
            ClientEvent::Rejected(rejected) => RemoteEvent::Rejected(rejected),
            ClientEvent::RoundTrip(time) => RemoteEvent::RoundTrip(time),
            _ => return Ok(()),
        };
        self.tell(event)
    }

    fn tell(&self, event: RemoteEvent) -> Result<(), Gone> {
        tokio::task::block_in_place(|| self.events.send(event)).map_err(|_gone| Gone)
    }

    fn connect(&mut self) {
        self.connection += 1;
        let (number, edge, identity, inbox) =
            (self.connection, self.settings.edge, Arc::clone(&self.identity), self.inbox.clone());
        tokio::spawn(async move {
            let outcome = async {
                let connection = net_link::connect(edge, &identity).await?;
                let (sender, receiver) = connection.client_control().await?;
                Ok(Box::new((connection, sender, receiver)))
            };
            inbox.send(Inbound::Connected(number, outcome.await)).await.unwrap_or_default();
        });
    }
}

/// Reads the control stream of one connection to its end.
async fn read_control(number: u64, mut receiver: ControlReceiver<ToClient>, inbox: mpsc::Sender<Inbound>) {
    loop {
        let message = match receiver.recv().await {
            Ok(Some(message)) => Inbound::Control(number, message),
            Ok(None) => {
                Inbound::Ended(number, LinkError::Closed { reason: "the edge ended the session".into() })
            }
            Err(error) => Inbound::Ended(number, error),
        };
        let last = matches!(message, Inbound::Ended(..));
        if inbox.send(message).await.is_err() || last {
            return;
        }
    }
}

/// Reads the one-way streams of one connection, each in a task of its own; bricks go straight to the decoder.
async fn read_streams(
    number: u64,
    connection: Connection,
    inbox: mpsc::Sender<Inbound>,
    work: mpsc::Sender<Fragments>,
) {
    loop {
        match connection.accept_uni().await {
            Ok(stream) => {
                let (inbox, work) = (inbox.clone(), work.clone());
                tokio::spawn(async move {
                    match stream.read().await {
                        Ok(UniPayload::Bricks(records)) => {
                            work.send(Fragments { connection: number, records }).await.unwrap_or_default();
                        }
                        Ok(UniPayload::Frame(header, body)) => {
                            inbox.send(Inbound::Frame(number, header, body)).await.unwrap_or_default();
                        }
                        Ok(_) => {}
                        Err(error) => tracing::debug!(%error, "a stream was not read"),
                    }
                });
            }
            Err(error) => {
                inbox.send(Inbound::Ended(number, error)).await.unwrap_or_default();
                return;
            }
        }
    }
}

/// The codec's header, from its bytes in hex.
fn codec_header(header: &serde_json::Value) -> Result<meshing_codec::Header, String> {
    let text = header.as_str().filter(|text| text.is_ascii()).ok_or("it is not text")?;
    let pair = |at: usize| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(pair).collect();
    meshing_codec::Header::from_bytes(&bytes.ok_or("it is not hexadecimal")?)
        .map_err(|error| error.to_string())
}

/// The pixels of a frame, if they are what the header promises.
fn frame_pixels(header: &FrameHeader, body: &[u8]) -> Option<Vec<u8>> {
    let length = usize::from(header.width) * usize::from(header.height) * 4;
    let rgba = match header.format {
        FrameFormat::Rgba8 => body.to_vec(),
        FrameFormat::Rgba8Zstd => zstd::bulk::decompress(body, length).ok()?,
        _ => return None,
    };
    (rgba.len() == length && FrameHeader::hash_of(&rgba) == header.hash).then_some(rgba)
}
