//! The proxy: sockets, threads and a clock around two [`Shaper`]s for each client.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::profile::Profile;
use crate::shaper::{Counts, Shaper, Verdict, gaps_begun};

/// Clients that one link serves; packets of others are dropped.
const MOST_CLIENTS: usize = 64;
/// Packets between a reader and its shaper. When full, the reader waits and the system's buffer fills.
const HANDOVER_QUEUE: usize = 16_384;
/// A reader looks this often whether it is to stop.
const STOP_CHECK: Duration = Duration::from_millis(50);
/// Under load a shaper sleeps at least this long and then sends all that is due: one wake-up for many
/// packets.
const BATCH: Duration = Duration::from_micros(300);
const SOCKET_BUFFER: usize = 8 << 20;
const LARGEST_DATAGRAM: usize = 65_536;

/// A running link. Stops when dropped.
#[derive(Debug)]
pub struct Link {
    addr: SocketAddr,
    shared: Arc<Shared>,
    front: Option<JoinHandle<()>>,
}

/// What passed through a link, over all clients.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LinkStats {
    /// From clients to the server.
    pub up: Counts,
    /// From the server to clients.
    pub down: Counts,
}

#[derive(Debug)]
struct Shared {
    profile: Profile,
    upstream: SocketAddr,
    seed: u64,
    began: Instant,
    stop: AtomicBool,
    /// Nothing passes while set.
    cut: AtomicBool,
    stats: Mutex<LinkStats>,
}

struct Packet {
    at: Duration,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Up,
    Down,
}

impl Link {
    /// Starts a link to `upstream` on a free port of the loopback address. The same seed decides the
    /// same way about the same packets at the same times.
    pub fn start(profile: &Profile, upstream: SocketAddr, seed: u64) -> io::Result<Self> {
        Self::start_on((Ipv4Addr::LOCALHOST, 0).into(), profile, upstream, seed)
    }

    /// Starts a link that listens on `addr`.
    pub fn start_on(
        addr: SocketAddr,
        profile: &Profile,
        upstream: SocketAddr,
        seed: u64,
    ) -> io::Result<Self> {
        let socket = Arc::new(socket(addr)?);
        let addr = socket.local_addr()?;
        let shared = Arc::new(Shared {
            profile: profile.clone(),
            upstream,
            seed,
            began: Instant::now(),
            stop: AtomicBool::new(false),
            cut: AtomicBool::new(false),
            stats: Mutex::default(),
        });
        let front = spawn("netsim-front", {
            let shared = shared.clone();
            move || run_front(&shared, &socket)
        })?;
        Ok(Self { addr, shared, front: Some(front) })
    }

    /// Where clients send to.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Cuts the link (nothing passes, either way) or mends it.
    pub fn cut(&self, cut: bool) {
        self.shared.cut.store(cut, Ordering::Relaxed);
    }

    /// What passed so far.
    pub fn stats(&self) -> LinkStats {
        *self.shared.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(front) = self.front.take()
            && front.join().is_err()
        {
            tracing::error!("a thread of the link emulator panicked");
        }
    }
}

fn socket(addr: SocketAddr) -> io::Result<UdpSocket> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(addr), socket2::Type::DGRAM, None)?;
    // as large as the system gives: a small one only means more loss than the profile says
    if socket.set_recv_buffer_size(SOCKET_BUFFER).is_err()
        || socket.set_send_buffer_size(SOCKET_BUFFER).is_err()
    {
        tracing::debug!("the system keeps its own socket buffer sizes");
    }
    socket.bind(&addr.into())?;
    let socket = UdpSocket::from(socket);
    socket.set_read_timeout(Some(STOP_CHECK))?;
    Ok(socket)
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run)
}

/// Reads what clients send and hands it to their own link.
fn run_front(shared: &Arc<Shared>, front: &Arc<UdpSocket>) {
    let mut clients: HashMap<SocketAddr, Client> = HashMap::new();
    let mut buffer = vec![0; LARGEST_DATAGRAM];
    while !shared.stop.load(Ordering::Relaxed) {
        let Ok((len, from)) = front.recv_from(&mut buffer) else { continue };
        let at = shared.began.elapsed();
        if !clients.contains_key(&from) {
            if clients.len() >= MOST_CLIENTS {
                continue;
            }
            match Client::start(shared, front, from, clients.len() as u64) {
                Ok(client) => drop(clients.insert(from, client)),
                Err(error) => {
                    tracing::warn!(%error, "the link emulator cannot serve a client");
                    continue;
                }
            }
        }
        if let Some(client) = clients.get(&from) {
            // an error says that its thread has stopped, which only happens when all stop
            client.up.send(Packet { at, bytes: buffer[..len].to_vec() }).ok();
        }
    }
    let threads: Vec<_> = clients.into_values().flat_map(|client| client.threads).collect();
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("a thread of the link emulator panicked");
        }
    }
}

/// The two ways of one client.
struct Client {
    up: SyncSender<Packet>,
    threads: Vec<JoinHandle<()>>,
}

/// The socket under which the server sees the client; a hard handover replaces it.
type Back = Arc<Mutex<Arc<UdpSocket>>>;

fn current(back: &Back) -> Arc<UdpSocket> {
    back.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn back_socket(upstream: SocketAddr) -> io::Result<Arc<UdpSocket>> {
    let any = if upstream.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = socket(any.parse().map_err(io::Error::other)?)?;
    socket.connect(upstream)?;
    Ok(Arc::new(socket))
}

impl Client {
    fn start(
        shared: &Arc<Shared>,
        front: &Arc<UdpSocket>,
        addr: SocketAddr,
        number: u64,
    ) -> io::Result<Self> {
        let back: Back = Arc::new(Mutex::new(back_socket(shared.upstream)?));
        let seed = shared.seed.wrapping_add(number.wrapping_mul(1_000_003));
        let (up, up_packets) = sync_channel(HANDOVER_QUEUE);
        let (down, down_packets) = sync_channel(HANDOVER_QUEUE);
        let up_shaper = Shaper::new(shared.profile.up.clone(), shared.profile.gap, seed);
        let down_shaper = Shaper::new(shared.profile.down.clone(), shared.profile.gap, seed ^ 0x5555_5555);
        let threads = vec![
            spawn("netsim-up", {
                let (shared, back) = (shared.clone(), back.clone());
                move || {
                    run_shaper(&shared, Way::Up, up_shaper, &up_packets, |bytes| {
                        // a server that is gone refuses; its client is to find that out by silence
                        current(&back).send(bytes).ok();
                    });
                }
            })?,
            spawn("netsim-down", {
                let (shared, front) = (shared.clone(), front.clone());
                move || {
                    run_shaper(&shared, Way::Down, down_shaper, &down_packets, |bytes| {
                        front.send_to(bytes, addr).ok();
                    });
                }
            })?,
            spawn("netsim-back", {
                let shared = shared.clone();
                move || run_back(&shared, &back, &down)
            })?,
        ];
        Ok(Self { up, threads })
    }
}

/// Reads what the server sends to one client, and changes that client's address when a gap says so.
fn run_back(shared: &Shared, back: &Back, down: &SyncSender<Packet>) {
    let mut buffer = vec![0; LARGEST_DATAGRAM];
    let mut moves = 0;
    while !shared.stop.load(Ordering::Relaxed) {
        let socket = current(back);
        let received = socket.recv(&mut buffer);
        let at = shared.began.elapsed();
        if let Ok(len) = received
            && down.send(Packet { at, bytes: buffer[..len].to_vec() }).is_err()
        {
            return;
        }
        if let Some(gap) = shared.profile.gap.filter(|gap| gap.new_address) {
            let begun = gaps_begun(gap, at);
            if begun > moves {
                moves = begun;
                match back_socket(shared.upstream) {
                    Ok(socket) => *back.lock().unwrap_or_else(PoisonError::into_inner) = socket,
                    Err(error) => tracing::warn!(%error, "the link emulator keeps the client's address"),
                }
            }
        }
    }
}

/// Takes packets, asks the shaper when each arrives, and sends them then.
fn run_shaper(
    shared: &Shared,
    way: Way,
    mut shaper: Shaper,
    packets: &Receiver<Packet>,
    send: impl Fn(&[u8]),
) {
    let mut due: VecDeque<(Duration, Vec<u8>)> = VecDeque::new();
    let mut reported = Counts::default();
    while !shared.stop.load(Ordering::Relaxed) {
        loop {
            match packets.try_recv() {
                Ok(packet) => take(shared, &mut shaper, &mut due, packet),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
        report(shared, way, shaper.counts(), &mut reported);
        let now = shared.began.elapsed();
        while due.front().is_some_and(|(at, _)| *at <= now) {
            if let Some((_, bytes)) = due.pop_front() {
                send(&bytes);
            }
        }
        match due.front() {
            Some((at, _)) => {
                std::thread::sleep(at.saturating_sub(shared.began.elapsed()).max(BATCH).min(STOP_CHECK));
            }
            None => match packets.recv_timeout(STOP_CHECK) {
                Ok(packet) => take(shared, &mut shaper, &mut due, packet),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            },
        }
    }
}

fn take(shared: &Shared, shaper: &mut Shaper, due: &mut VecDeque<(Duration, Vec<u8>)>, packet: Packet) {
    if shared.cut.load(Ordering::Relaxed) {
        return;
    }
    if let Verdict::Deliver { at, .. } = shaper.offer(packet.at, packet.bytes.len()) {
        due.push_back((at, packet.bytes));
    }
}

fn report(shared: &Shared, way: Way, now: Counts, reported: &mut Counts) {
    if now == *reported {
        return;
    }
    let mut stats = shared.stats.lock().unwrap_or_else(PoisonError::into_inner);
    let total = match way {
        Way::Up => &mut stats.up,
        Way::Down => &mut stats.down,
    };
    total.packets += now.packets - reported.packets;
    total.bytes += now.bytes - reported.bytes;
    total.delivered += now.delivered - reported.delivered;
    total.delivered_bytes += now.delivered_bytes - reported.delivered_bytes;
    total.lost += now.lost - reported.lost;
    total.queue_dropped += now.queue_dropped - reported.queue_dropped;
    total.managed_dropped += now.managed_dropped - reported.managed_dropped;
    total.marked += now.marked - reported.marked;
    total.gap_dropped += now.gap_dropped - reported.gap_dropped;
    *reported = now;
}
