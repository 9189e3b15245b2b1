//! QUIC in simulated time: endpoints of `quinn_proto` on both sides of two [`Shaper`]s, with no
//! socket, no thread and no clock of the machine. A minute of a busy link is the same minute on a
//! slow machine and on a fast one.
//!
//! All flows share both ways of one link, as devices in one cell do: [`Side::Edge`] sends down,
//! [`Side::Client`] sends up. What a host says and does is an [`App`].

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use quinn_proto::{
    ClientConfig, Connection, ConnectionHandle, DatagramEvent, EcnCodepoint, Endpoint, EndpointConfig,
    ServerConfig, Transmit,
};

use crate::profile::Profile;
use crate::shaper::{Counts, Shaper, Verdict, gaps_begun};

/// Packets that one call may hand over at once, as with segmentation offload.
const SEGMENTS: usize = 10;
/// IPv4 and UDP headers, which the link carries too.
const OVERHEAD: usize = 28;
/// More steps than this at one moment of simulated time: a host goes round in circles.
const MOST_STEPS: u32 = 100_000;

/// Which end of the link a host is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// Sends down.
    Edge,
    /// Sends up.
    Client,
}

/// What a host does with its connection. `now` is the time since the world began.
pub trait App {
    /// Called whenever something arrived, something was sent, or the time has come that the last call
    /// named. Takes what came, queues what is to go, and says when to call again if nothing happens.
    fn poll(&mut self, now: Duration, connection: &mut Connection) -> Option<Duration>;
}

/// The two programs of one flow and their settings.
pub struct Flow {
    /// At the edge.
    pub edge: Box<dyn App>,
    /// At the client.
    pub client: Box<dyn App>,
    /// Settings of the edge.
    pub server: Arc<ServerConfig>,
    /// Settings of the client.
    pub config: ClientConfig,
    /// The name in the edge's certificate.
    pub name: String,
    /// When the client connects.
    pub starts: Duration,
}

impl std::fmt::Debug for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flow").field("name", &self.name).field("starts", &self.starts).finish_non_exhaustive()
    }
}

struct Host {
    side: Side,
    addr: SocketAddr,
    peer: SocketAddr,
    endpoint: Endpoint,
    connection: Option<(ConnectionHandle, Connection)>,
    app: Box<dyn App>,
    /// When the connection or the program wants to be called.
    timer: Option<Duration>,
    wake: Option<Duration>,
    /// What a client needs to connect, until it has.
    connects: Option<(ClientConfig, String)>,
}

/// A packet on its way.
struct Packet {
    at: Duration,
    /// Of those that arrive together, the one sent first comes first.
    number: u64,
    from: SocketAddr,
    /// Which host.
    to: usize,
    ecn: Option<EcnCodepoint>,
    bytes: BytesMut,
}

impl Ord for Packet {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl PartialOrd for Packet {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Packet {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Packet {}

/// A link and the hosts on it.
pub struct World {
    began: Instant,
    now: Duration,
    profile: Profile,
    down: Shaper,
    up: Shaper,
    /// The edge and the client of the first flow, of the second, …
    hosts: Vec<Host>,
    arrivals: BinaryHeap<Reverse<Packet>>,
    sent: u64,
    gaps: u64,
    next_port: u16,
    buffer: Vec<u8>,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("now", &self.now)
            .field("hosts", &self.hosts.len())
            .finish_non_exhaustive()
    }
}

impl World {
    /// A link with these flows. The same seed gives the same losses and jitter to the same packets;
    /// the handshakes' random numbers still differ, and with them some lengths.
    pub fn new(profile: &Profile, flows: Vec<Flow>, seed: u64) -> Self {
        let mut world = Self {
            began: Instant::now(),
            now: Duration::ZERO,
            down: Shaper::new(profile.down.clone(), profile.gap, seed),
            up: Shaper::new(profile.up.clone(), profile.gap, seed ^ 0x5555_5555),
            profile: profile.clone(),
            hosts: Vec::new(),
            arrivals: BinaryHeap::new(),
            sent: 0,
            gaps: 0,
            next_port: 40_000,
            buffer: Vec::new(),
        };
        for flow in flows {
            world.add(flow, seed);
        }
        world
    }

    fn add(&mut self, flow: Flow, seed: u64) {
        let number = self.hosts.len() as u64;
        let random = |host: u64| {
            let mut bytes = [0; 32];
            bytes[..8].copy_from_slice(&seed.to_le_bytes());
            bytes[8..16].copy_from_slice(&host.to_le_bytes());
            Some(bytes)
        };
        let config = Arc::new(EndpointConfig::default());
        let edge = SocketAddr::from((Ipv4Addr::new(10, 0, 0, 1), 4433 + number as u16));
        let client = self.new_addr();
        self.hosts.push(Host {
            side: Side::Edge,
            addr: edge,
            peer: client,
            endpoint: Endpoint::new(config.clone(), Some(flow.server), true, random(number)),
            connection: None,
            app: flow.edge,
            timer: None,
            wake: None,
            connects: None,
        });
        self.hosts.push(Host {
            side: Side::Client,
            addr: client,
            peer: edge,
            endpoint: Endpoint::new(config, None, true, random(number + 1)),
            connection: None,
            app: flow.client,
            timer: None,
            wake: Some(flow.starts),
            connects: Some((flow.config, flow.name)),
        });
    }

    fn new_addr(&mut self) -> SocketAddr {
        self.next_port += 1;
        SocketAddr::from((Ipv4Addr::new(10, 0, 0, 2), self.next_port))
    }

    /// Time since the world began.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// What went down and what went up the link so far.
    pub fn counts(&self) -> (Counts, Counts) {
        (self.down.counts(), self.up.counts())
    }

    /// How long a packet that comes to the link now would wait before it goes down.
    pub fn queue(&self) -> Duration {
        self.down.backlog(self.now)
    }

    /// The connection of a flow at one side, once there is one.
    pub fn connection(&mut self, flow: usize, side: Side) -> Option<&mut Connection> {
        let host = self.hosts.get_mut(2 * flow + usize::from(side == Side::Client))?;
        host.connection.as_mut().map(|(_, connection)| connection)
    }

    /// Moves a flow's client to another address. A client that `knows` (its own interface has changed)
    /// says so at once; one behind an address translator does not.
    pub fn rebind(&mut self, flow: usize, knows: bool) {
        let addr = self.new_addr();
        let number = 2 * flow + 1;
        let Some(host) = self.hosts.get_mut(number) else { return };
        host.addr = addr;
        if knows && let Some((_, connection)) = &mut host.connection {
            connection.local_address_changed();
            self.drive(number);
        }
    }

    /// Lets everything happen that happens until `end`.
    pub fn run_until(&mut self, end: Duration) {
        let mut steps = 0;
        loop {
            let arrival = self.arrivals.peek().map(|Reverse(packet)| packet.at);
            let due = |(number, host): (usize, &Host)| {
                [host.timer, host.wake].into_iter().flatten().min().map(|at| (at, number))
            };
            let wake = self.hosts.iter().enumerate().filter_map(due).min();
            let Some(next) = [arrival, wake.map(|(at, _)| at)].into_iter().flatten().min() else { break };
            if next > end {
                break;
            }
            steps = if next > self.now { 0 } else { steps + 1 };
            assert!(steps < MOST_STEPS, "a host wants to be called for ever at {:?}", self.now);
            self.now = self.now.max(next);
            self.change_addresses();
            match wake {
                Some((at, number)) if at <= self.now => {
                    self.time_out(number);
                    self.drive(number);
                }
                _ => self.arrive(),
            }
        }
        self.now = self.now.max(end);
    }

    /// A gap of the profile that changes the clients' address does so when it begins.
    fn change_addresses(&mut self) {
        let Some(gap) = self.profile.gap.filter(|gap| gap.new_address) else { return };
        let begun = gaps_begun(gap, self.now);
        if begun > self.gaps {
            self.gaps = begun;
            for flow in 0..self.hosts.len() / 2 {
                self.rebind(flow, false);
            }
        }
    }

    /// Hands over the first packet that has arrived.
    fn arrive(&mut self) {
        let Some(Reverse(packet)) = self.arrivals.pop() else { return };
        let number = packet.to;
        let now = self.began + self.now;
        let host = &mut self.hosts[number];
        self.buffer.clear();
        let event = host.endpoint.handle(now, packet.from, None, packet.ecn, packet.bytes, &mut self.buffer);
        match event {
            Some(DatagramEvent::ConnectionEvent(handle, event)) => {
                if let Some((ours, connection)) = &mut host.connection
                    && *ours == handle
                {
                    connection.handle_event(event);
                }
            }
            Some(DatagramEvent::NewConnection(incoming)) => {
                match host.endpoint.accept(incoming, now, &mut self.buffer, None) {
                    Ok(accepted) => host.connection = Some(accepted),
                    Err(error) => {
                        if let Some(transmit) = error.response {
                            self.send(number, &transmit);
                        }
                    }
                }
            }
            Some(DatagramEvent::Response(transmit)) => self.send(number, &transmit),
            None => {}
        }
        self.drive(number);
    }

    /// A host's time has come.
    fn time_out(&mut self, number: usize) {
        let now = self.began + self.now;
        let host = &mut self.hosts[number];
        if host.wake.is_some_and(|at| at <= self.now) {
            host.wake = None;
            if let Some((config, name)) = host.connects.take() {
                host.connection = Some(
                    host.endpoint
                        .connect(now, config, host.peer, &name)
                        .expect("an address and a name that QUIC can connect to"),
                );
            }
        }
        if host.timer.is_some_and(|at| at <= self.now)
            && let Some((_, connection)) = &mut host.connection
        {
            connection.handle_timeout(now);
        }
    }

    /// Lets a host do all that it can do now.
    fn drive(&mut self, number: usize) {
        let now = self.began + self.now;
        loop {
            let host = &mut self.hosts[number];
            let Some((handle, connection)) = &mut host.connection else { return };
            while let Some(event) = connection.poll_endpoint_events() {
                if let Some(event) = host.endpoint.handle_event(*handle, event) {
                    connection.handle_event(event);
                }
            }
            host.wake = host.app.poll(self.now, connection);
            self.buffer.clear();
            let transmit = connection.poll_transmit(now, SEGMENTS, &mut self.buffer);
            host.timer = connection.poll_timeout().map(|at| at.saturating_duration_since(self.began));
            match transmit {
                Some(transmit) => self.send(number, &transmit),
                None => return,
            }
        }
    }

    /// Puts what stands in the buffer on the link, packet by packet.
    fn send(&mut self, number: usize, transmit: &Transmit) {
        // what is on its way when its host moves arrives; what is sent to the old address later does not
        let to = self.hosts.iter().position(|host| host.addr == transmit.destination);
        let host = &self.hosts[number];
        let shaper = match host.side {
            Side::Edge => &mut self.down,
            Side::Client => &mut self.up,
        };
        let segment = transmit.segment_size.unwrap_or(transmit.size).max(1);
        for bytes in self.buffer[..transmit.size].chunks(segment) {
            if let Verdict::Deliver { at, marked } = shaper.offer(self.now, bytes.len() + OVERHEAD)
                && let Some(to) = to
            {
                self.sent += 1;
                self.arrivals.push(Reverse(Packet {
                    at,
                    number: self.sent,
                    from: host.addr,
                    to,
                    ecn: transmit.ecn.map(|sent| if marked { EcnCodepoint::Ce } else { sent }),
                    bytes: bytes.into(),
                }));
            }
        }
    }
}
