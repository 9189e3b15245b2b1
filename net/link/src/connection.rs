//! Connections with one peer: listening, connecting, sending.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use net_protocol::bulk::encode_batch;
use net_protocol::messages::{
    BrickRecord, Bye, ByeReason, DATAGRAM_POSE, FrameHeader, Pose, StreamKind, ToClient, ToEdge,
};
use net_protocol::schedule::{Class, ClassCounts};
use net_protocol::server::Batch;
use tokio::sync::mpsc;

use crate::congestion::PathSignals;
use crate::control::{ControlReceiver, ControlSender};
use crate::error::{CertificateFault, LinkError, Whose, close_code};
use crate::outbox::Outbox;
use crate::pki::{EDGE_NAME, Identity, Peer, Role, describe};
use crate::streams::{FrameInFlight, UniStream, finish, set_priority};
use crate::transport::{self, LinkConfig};

const PRIORITY_FRAME: i32 = 50;
/// Connections that are ready and not yet taken.
const ACCEPT_QUEUE: usize = 64;
/// A handshake that takes longer is given up.
const HANDSHAKE: Duration = Duration::from_secs(3);

/// Waits for clients.
#[derive(Debug)]
pub struct Listener {
    endpoint: quinn::Endpoint,
    ready: mpsc::Receiver<Result<Connection, LinkError>>,
}

impl Listener {
    /// Binds a UDP socket (port 0 picks one) and begins to accept. Call inside a tokio runtime.
    pub async fn bind(addr: SocketAddr, identity: &Identity) -> Result<Self, LinkError> {
        Self::bind_with(addr, identity, LinkConfig::default()).await
    }

    /// The same with other settings.
    #[expect(clippy::unused_async, reason = "says that it needs the runtime, and may resolve names later")]
    pub async fn bind_with(
        addr: SocketAddr,
        identity: &Identity,
        config: LinkConfig,
    ) -> Result<Self, LinkError> {
        identity.expect_role(Role::Edge).map_err(LinkError::setup)?;
        let server = transport::server_config(identity, config, &Arc::default())?;
        let endpoint = transport::endpoint(addr, Some(server.clone()))?;
        let (queue, ready) = mpsc::channel(ACCEPT_QUEUE);
        let accepting = endpoint.clone();
        tokio::spawn(async move {
            while let Some(incoming) = accepting.accept().await {
                let (queue, endpoint) = (queue.clone(), accepting.clone());
                let signals = Arc::<PathSignals>::default();
                let accepted = incoming.accept_with(transport::for_one(&server, config, &signals));
                // a slow or broken handshake holds up nobody else
                tokio::spawn(async move {
                    let handshake = async { accepted?.await };
                    let connected = match tokio::time::timeout(HANDSHAKE, handshake).await {
                        Ok(Ok(inner)) => Connection::new(inner, endpoint, signals, Role::Client),
                        Ok(Err(error)) => Err(LinkError::from_quinn(&error)),
                        Err(_) => Err(LinkError::Timeout),
                    };
                    // nobody listens any more: the connection ends with its last handle
                    queue.send(connected).await.ok();
                });
            }
        });
        Ok(Self { endpoint, ready })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> Result<SocketAddr, LinkError> {
        self.endpoint.local_addr().map_err(LinkError::setup)
    }

    /// The next client that has shown a good certificate, or why one was turned away. `None` once closed.
    pub async fn accept(&mut self) -> Option<Result<Connection, LinkError>> {
        self.ready.recv().await
    }

    /// Ends all connections and accepts no more.
    pub async fn close(&self) {
        self.endpoint.close(close_code::SHUTTING_DOWN.into(), b"the edge is being stopped");
        self.endpoint.wait_idle().await;
    }
}

/// Connects to an edge and checks its certificate. The edge may still refuse ours: that shows at the
/// first use of the connection.
pub async fn connect(addr: SocketAddr, identity: &Identity) -> Result<Connection, LinkError> {
    identity.expect_role(Role::Client).map_err(LinkError::setup)?;
    connect_any_role(addr, identity, LinkConfig::default()).await
}

/// The same with other settings.
pub async fn connect_with(
    addr: SocketAddr,
    identity: &Identity,
    config: LinkConfig,
) -> Result<Connection, LinkError> {
    identity.expect_role(Role::Client).map_err(LinkError::setup)?;
    connect_any_role(addr, identity, config).await
}

pub(crate) async fn connect_any_role(
    addr: SocketAddr,
    identity: &Identity,
    config: LinkConfig,
) -> Result<Connection, LinkError> {
    let any =
        if addr.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let endpoint = transport::endpoint(any, None)?;
    let signals = Arc::<PathSignals>::default();
    let connecting = endpoint
        .connect_with(transport::client_config(identity, config, &signals)?, addr, EDGE_NAME)
        .map_err(LinkError::setup)?;
    let inner = match tokio::time::timeout(HANDSHAKE, connecting).await {
        Ok(Ok(inner)) => inner,
        Ok(Err(quinn::ConnectionError::TimedOut)) | Err(_) => return Err(LinkError::Unreachable { addr }),
        Ok(Err(error)) => return Err(LinkError::from_quinn(&error)),
    };
    Connection::new(inner, endpoint, signals, Role::Edge)
}

/// A link with one peer whose certificate was checked. Cloning gives another handle to the same link,
/// which lives until [`Self::close`] or the last handle is dropped.
#[derive(Debug, Clone)]
pub struct Connection {
    inner: quinn::Connection,
    endpoint: quinn::Endpoint,
    peer: Peer,
    signals: Arc<PathSignals>,
    outbox: Arc<Outbox>,
}

impl Connection {
    fn new(
        inner: quinn::Connection,
        endpoint: quinn::Endpoint,
        signals: Arc<PathSignals>,
        wanted: Role,
    ) -> Result<Self, LinkError> {
        let certificates = inner
            .peer_identity()
            .and_then(|identity| identity.downcast::<Vec<rustls_pki_types::CertificateDer<'static>>>().ok());
        let wrong = |fault| {
            inner.close(close_code::WRONG_ROLE.into(), b"wrong role");
            LinkError::certificate(Whose::Theirs, fault)
        };
        let Some(own) = certificates.as_deref().and_then(|chain| chain.first()) else {
            return Err(wrong(CertificateFault::Missing));
        };
        match describe(own) {
            Ok((peer, ..)) if peer.role == wanted => {
                let outbox = Arc::new(Outbox::new(inner.clone(), signals.clone()));
                Ok(Self { inner, endpoint, peer, signals, outbox })
            }
            Ok(_) => Err(wrong(CertificateFault::WrongRole)),
            Err(_) => Err(wrong(CertificateFault::Invalid)),
        }
    }

    /// Who is at the other end.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Where the peer is now (it may move).
    pub fn remote_addr(&self) -> SocketAddr {
        self.inner.remote_address()
    }

    /// The transport's estimate of the round trip.
    pub fn rtt(&self) -> Duration {
        self.inner.rtt()
    }

    /// What the path carries for this connection, as the congestion controller sees it, in bytes a
    /// second.
    pub fn rate(&self) -> f64 {
        match self.signals.rate() {
            0 => {
                let path = self.inner.stats().path;
                path.cwnd as f64 / path.rtt.as_secs_f64().max(1e-4)
            }
            rate => rate as f64,
        }
    }

    /// What became of all that was to be sent in a class.
    pub fn sent(&self, class: Class) -> ClassCounts {
        self.outbox.counts(class)
    }

    /// Bytes of the largest datagram that the path takes now; `None` where the peer takes none.
    pub(crate) fn largest_datagram(&self) -> Option<usize> {
        self.inner.max_datagram_size()
    }

    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    pub(crate) async fn read_datagram(&self) -> Result<Bytes, LinkError> {
        Ok(self.inner.read_datagram().await?)
    }

    /// What this side and its congestion controller tell each other.
    pub fn signals(&self) -> &PathSignals {
        &self.signals
    }

    /// Bytes and packets so far.
    pub fn stats(&self) -> LinkStats {
        let stats = self.inner.stats();
        LinkStats {
            rtt: stats.path.rtt,
            sent_bytes: stats.udp_tx.bytes,
            received_bytes: stats.udp_rx.bytes,
            sent_packets: stats.path.sent_packets,
            lost_packets: stats.path.lost_packets,
            window_bytes: stats.path.cwnd,
            mtu: stats.path.current_mtu,
        }
    }

    /// Opens the control stream, at a client. Call once.
    pub async fn client_control(
        &self,
    ) -> Result<(ControlSender<ToEdge>, ControlReceiver<ToClient>), LinkError> {
        let (send, receive) = self.inner.open_bi().await?;
        Ok((ControlSender::new(send), ControlReceiver::new(receive)))
    }

    /// Waits for the control stream, at an edge: it shows with the client's first message. Call once.
    pub async fn edge_control(
        &self,
    ) -> Result<(ControlSender<ToClient>, ControlReceiver<ToEdge>), LinkError> {
        let (send, receive) = self.inner.accept_bi().await?;
        Ok((ControlSender::new(send), ControlReceiver::new(receive)))
    }

    /// Sends a batch of bricks on its own stream. `fragment` gives the bytes of a record; a record
    /// without bytes is left out. Returns once the transport has taken it.
    pub async fn send_batch(
        &self,
        batch: &Batch,
        fragment: impl FnMut(&BrickRecord) -> Option<Bytes>,
    ) -> Result<(), LinkError> {
        // bricks take what frames leave; without frames their credit alone bounds them
        if self.signals.is_interactive() {
            let len = batch.records.iter().map(|record| BrickRecord::LEN + record.len as usize).sum();
            self.outbox.permit(Class::Brick, len).await?;
        }
        // one buffer a stream: slices of a large chunk would pin all of it in the send window
        let bytes = encode_batch(&batch.records, fragment);
        let mut stream = self.open_bulk(batch.priority).await?;
        stream.write_chunk(bytes).await?;
        finish(&mut stream);
        Ok(())
    }

    /// Sends a frame on its own stream, ahead of all bricks.
    pub async fn send_frame(&self, header: &FrameHeader, payload: Bytes) -> Result<FrameInFlight, LinkError> {
        let mut stream = self.open_bulk(PRIORITY_FRAME).await?;
        let mut head = [0; 1 + FrameHeader::LEN];
        head[0] = StreamKind::Frame as u8;
        head[1..].copy_from_slice(&header.encode());
        stream.write_all(&head).await?;
        stream.write_chunk(payload).await?;
        finish(&mut stream);
        Ok(FrameInFlight { stream })
    }

    /// A one-way stream of some priority (0 = coarsest bricks, lower = later).
    pub async fn open_bulk(&self, priority: i32) -> Result<quinn::SendStream, LinkError> {
        let stream = self.inner.open_uni().await?;
        set_priority(&stream, priority);
        Ok(stream)
    }

    /// The next one-way stream of the peer. Read it in a task of its own, so that a lost packet of one
    /// stream does not hold up the others.
    pub async fn accept_uni(&self) -> Result<UniStream, LinkError> {
        Ok(UniStream { inner: self.inner.accept_uni().await? })
    }

    /// Sends a pose; the newest wins, a lost one is not repeated.
    pub fn send_pose(&self, pose: &Pose) -> Result<(), LinkError> {
        match self.inner.send_datagram(Bytes::copy_from_slice(&pose.encode())) {
            Ok(()) => Ok(()),
            Err(quinn::SendDatagramError::ConnectionLost(error)) => Err(LinkError::from_quinn(&error)),
            Err(error) => Err(LinkError::setup(error)),
        }
    }

    /// The next pose. Datagrams of unknown kinds and damaged ones are skipped.
    pub async fn recv_pose(&self) -> Result<Pose, LinkError> {
        loop {
            let datagram = self.inner.read_datagram().await?;
            if datagram.first() == Some(&DATAGRAM_POSE) {
                match Pose::decode(&datagram) {
                    Ok(pose) => return Ok(pose),
                    Err(error) => tracing::debug!(%error, "a datagram was skipped"),
                }
            }
        }
    }

    /// Waits until the link is gone, and says why. QUIC notices a dead peer after some seconds only;
    /// `ClientSession` does in under one.
    pub async fn lost(&self) -> LinkError {
        LinkError::from_quinn(&self.inner.closed().await)
    }

    /// Whether the link is gone already, and why.
    pub fn lost_now(&self) -> Option<LinkError> {
        self.inner.close_reason().map(|error| LinkError::from_quinn(&error))
    }

    /// Ends the link. What is not yet delivered may be lost; see [`ControlSender::finish`].
    pub fn close(&self, bye: &Bye) {
        let code = match bye.reason {
            ByeReason::ShuttingDown => close_code::SHUTTING_DOWN,
            ByeReason::ProtocolError => close_code::PROTOCOL_ERROR,
            _ => close_code::DONE,
        };
        self.inner.close(code.into(), bye.message.as_bytes());
    }

    /// Ends the link after a refusal.
    pub fn close_refused(&self) {
        self.inner.close(close_code::REFUSED.into(), b"refused");
    }

    /// Waits until the peer has heard of the close, for at most a second.
    pub async fn drained(&self) {
        tokio::time::timeout(Duration::from_secs(1), self.endpoint.wait_idle()).await.ok();
    }

    /// Moves to another local address, as after a change of network, without a new session.
    pub fn rebind(&self, socket: std::net::UdpSocket) -> Result<(), LinkError> {
        self.endpoint.rebind(socket).map_err(LinkError::setup)
    }
}

/// What the transport counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkStats {
    /// Round trip.
    pub rtt: Duration,
    /// Bytes sent, with all headers above UDP.
    pub sent_bytes: u64,
    /// Bytes received.
    pub received_bytes: u64,
    /// Packets sent.
    pub sent_packets: u64,
    /// Packets of these that were lost.
    pub lost_packets: u64,
    /// Congestion window.
    pub window_bytes: u64,
    /// Largest packet now.
    pub mtu: u16,
}
