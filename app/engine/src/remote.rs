//! A volume that lies on an edge: connects, streams it coarse to fine, keeps what arrived when the link is lost, and
//! resumes when the edge is back.
//!
//! The link runs on a thread of its own and decoding on another, so that neither a window nor a slow decoder holds the
//! other up. A program sends [`RemoteRequest`]s and reads [`RemoteEvent`]s; nothing blocks but [`Remote::wait`].

mod decode;
mod drive;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use meshing_volume::Volume;
use net_link::pki::Identity;
use net_protocol::messages::{Accepted, FrameHeader, Pose, Rejected, StartFrames, Submit, VolumeInfo};
use tokio::sync::mpsc;

use crate::{Fault, FaultKind};

/// Events that may wait for the program; beyond it the link waits too.
const EVENTS: usize = 1024;
/// Requests that may wait for the link.
const REQUESTS: usize = 256;

/// Where the edge is and who we are.
#[derive(Clone, Debug)]
pub struct RemoteSettings {
    /// UDP address of the edge.
    pub edge: SocketAddr,
    /// Folder with this device's certificate, key and the site's authority.
    pub pki: PathBuf,
    /// What this client calls itself: a device, never a person.
    pub client: String,
}

/// What the program wants of the edge.
#[derive(Clone, Debug)]
pub enum RemoteRequest {
    /// List the volumes of the edge; answered by [`RemoteEvent::Volumes`].
    List,
    /// Stream a volume, by the id of the list.
    Open(String),
    /// Give up the volume opened last and free it.
    Close,
    /// Draw frames on the edge.
    StartFrames(StartFrames),
    /// Where the eye is now.
    Pose(Pose),
    /// No more frames.
    StopFrames,
    /// Change a case.
    Submit(Submit),
    /// Try again at once, after something was mended.
    Retry,
}

/// What happened. Times are since [`Remote::start`], on the clock of the link thread.
#[derive(Clone, Debug)]
pub enum RemoteEvent {
    /// The session is open, or open again.
    Up {
        /// Name of the edge.
        edge: String,
    },
    /// The link is lost; what arrived is kept and connecting goes on by itself.
    Lost {
        /// Why, in one sentence.
        cause: String,
    },
    /// The edge will not have us; trying again is of no use before something changes.
    Refused(Fault),
    /// The volumes of the edge.
    Volumes(Vec<VolumeInfo>),
    /// The volume begins to arrive.
    Opened {
        /// When it was asked for.
        asked: Duration,
        /// Bytes still to come.
        bytes: u64,
        /// Number of levels; level 0 is full resolution.
        levels: u8,
        /// Whether only what was missing after a loss will come.
        resumed: bool,
    },
    /// How much of a level has arrived and was verified.
    Progress {
        /// Level, 0 = full resolution.
        level: u8,
        /// 0 to 1.
        fraction: f32,
    },
    /// The whole volume is there at a level, decoded.
    Level {
        /// Level; its voxels are 2^level times as wide.
        level: u8,
        /// The volume at that level.
        volume: Arc<Volume>,
        /// When.
        at: Duration,
    },
    /// Every voxel is there and the hash of the whole volume was re-computed and found equal.
    Exact {
        /// The volume.
        volume: Arc<Volume>,
        /// When.
        at: Duration,
        /// Bytes of chunks received, all connections together.
        bytes: u64,
    },
    /// The volume cannot be had, or what arrived is not what was announced.
    VolumeFault(Fault),
    /// A frame drawn on the edge, RGBA, 8 bits a channel; its hash was verified.
    Frame {
        /// The header: frame number, pose it was drawn for, size, fidelity.
        header: FrameHeader,
        /// Pixels, row by row from the top.
        rgba: Arc<Vec<u8>>,
    },
    /// A command is in the journal of the case.
    Accepted(Accepted),
    /// A command was not taken.
    Rejected(Rejected),
    /// Round trip through both programs.
    RoundTrip(Duration),
}

/// A running link to one edge. Dropping it leaves the session.
#[derive(Debug)]
pub struct Remote {
    requests: Option<mpsc::Sender<RemoteRequest>>,
    events: Receiver<RemoteEvent>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Remote {
    /// Starts connecting.
    ///
    /// # Errors
    /// A certificate folder that cannot be used, or a thread that cannot be started.
    pub fn start(settings: RemoteSettings) -> Result<Self, Fault> {
        let identity = Identity::load(&settings.pki)?;
        let (requests, wanted) = mpsc::channel(REQUESTS);
        let (happened, events) = sync_channel(EVENTS);
        let thread = std::thread::Builder::new()
            .name("theatron-link".into())
            .spawn(move || run(&settings, identity, wanted, &happened))
            .map_err(|error| {
                Fault::told(FaultKind::Internal, format!("A thread could not be started: {error}."))
            })?;
        Ok(Self { requests: Some(requests), events, thread: Some(thread) })
    }

    /// Asks for something. A pose is dropped where the link cannot keep up: the next one is newer.
    pub fn request(&self, request: RemoteRequest) {
        let Some(requests) = &self.requests else { return };
        let is_pose = matches!(request, RemoteRequest::Pose(_));
        match requests.try_send(request) {
            Err(mpsc::error::TrySendError::Full(request)) if !is_pose => {
                // 256 requests are waiting: the link thread is busy for a moment, and none may be lost.
                requests.blocking_send(request).unwrap_or_default();
            }
            Ok(()) | Err(_) => {}
        }
    }

    /// The next event, if one is there.
    pub fn poll(&self) -> Option<RemoteEvent> {
        self.events.try_recv().ok()
    }

    /// The next event, waiting for at most `within`.
    pub fn wait(&self, within: Duration) -> Option<RemoteEvent> {
        self.events.recv_timeout(within).ok()
    }

    /// Whether the link thread has ended, so that no more events will come.
    pub fn ended(&self) -> bool {
        self.thread.as_ref().is_none_or(std::thread::JoinHandle::is_finished)
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        self.requests = None;
        while self.events.try_recv().is_ok() {}
        if let Some(thread) = self.thread.take().filter(std::thread::JoinHandle::is_finished) {
            // A panic on that thread was already reported when it happened.
            thread.join().unwrap_or_default();
        }
    }
}

/// The link thread: a small runtime and the driver.
fn run(
    settings: &RemoteSettings,
    identity: Identity,
    requests: mpsc::Receiver<RemoteRequest>,
    events: &SyncSender<RemoteEvent>,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("theatron-net")
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            runtime.block_on(drive::drive(settings, identity, requests, events, Instant::now()));
            runtime.shutdown_timeout(Duration::from_millis(500));
        }
        Err(error) => {
            let fault =
                Fault::told(FaultKind::Internal, format!("The network could not be started: {error}."));
            events.send(RemoteEvent::Refused(fault)).unwrap_or_default();
        }
    }
}
