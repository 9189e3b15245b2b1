//! The network part of the demo: an edge on loopback behind an emulated link, and a client that streams from it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use app_edge::{BankSource, Edge, EdgeSettings, VolumeSource as _};
use app_engine::remote::{Remote, RemoteEvent, RemoteRequest, RemoteSettings};
use app_engine::{Fault, FaultKind};
use casebank_case::{Actor, CaseId, VolumeId};
use casebank_store::Bank;
use meshing_volume::{Progress as _, Volume};
use net_link::pki::{self, Device, Role};
use net_sim::{Link, Profile};

use super::report::Report;
use crate::terminal::{Stage, stopped};

/// Name of the client's certificate in a demo.
const CLIENT: &str = "demo-client";
/// Level of detail at which the first full extent counts: a quarter of the resolution.
const FIRST_EXTENT: u8 = 2;
/// Without a sign of life for this long the demo gives up.
const PATIENCE: Duration = Duration::from_mins(1);

/// The running edge and what a window needs to connect to it.
pub(super) struct Served {
    pub(super) edge: Edge,
    pub(super) client_pki: PathBuf,
    /// Keeps the emulated link up.
    _link: Link,
}

/// Streams one volume through the emulated network; what comes out is what the rest of the demo works on.
#[expect(clippy::too_many_arguments, reason = "the parts of one demo run")]
pub(super) fn run(
    bank: &Arc<Bank>,
    actor: &Actor,
    case: CaseId,
    volume: VolumeId,
    read: &Volume,
    out: &Path,
    profile_name: &str,
    report: &mut Report,
) -> Result<(Served, Arc<Volume>), Fault> {
    let stage = Stage::new(("stream", "传输"));
    let profile = Profile::named(profile_name).map_err(|error| {
        Fault::new(
            FaultKind::Usage,
            format!("{error}"),
            "Nothing was streamed.",
            "Choose a profile with --profile.",
        )
    })?;
    let source = BankSource::new(Arc::clone(bank), actor.clone());
    let id = BankSource::volume_id(case, volume);
    // On the edge before the clock starts, as in a hospital: it was encoded when the scan arrived.
    source.preload(&id, read)?;
    let pki = certificates(&out.join("pki"))?;
    let settings = EdgeSettings { listen: loopback(), pki: pki.join("edge"), name: "demo-edge".into() };
    let encoded =
        source.open(&id).map_err(|refusal| Fault::told(FaultKind::Internal, refusal.to_string()))?;
    let sent_hash = encoded.etag.clone();
    let edge = Edge::start(settings, Arc::new(source))?;
    let link = Link::start(&profile, edge.addr(), 1).map_err(|error| {
        Fault::told(FaultKind::Internal, format!("The emulated network could not be started: {error}."))
    })?;
    let client_pki = pki.join("client");
    let remote =
        Remote::start(RemoteSettings { edge: link.addr(), pki: client_pki.clone(), client: CLIENT.into() })?;
    connected(&remote)?;
    remote.request(RemoteRequest::Open(id));

    profile_name.clone_into(&mut report.transport.profile);
    let volume = receive(&remote, &stage, report)?;
    let hash = hex(&meshing_codec::voxel_hash(&volume));
    report.transport.exact = hash == sent_hash && hash == hex(&meshing_codec::voxel_hash(read));
    report.transport.voxel_hash = hash;
    if !report.transport.exact {
        return Err(Fault::told(
            FaultKind::Internal,
            "The volume that arrived is not the one that was sent. Nothing was made from it.",
        ));
    }
    let t = &report.transport;
    stage.done(&format!(
        "exact: {:.1} MB over {}, whole at ¼ after {:.0} ms, every voxel verified after {:.0} ms",
        t.bytes as f64 / 1e6,
        t.profile,
        t.first_full_extent_ms,
        t.exact_ms
    ));
    Ok((Served { edge, client_pki, _link: link }, volume))
}

/// Waits until the session is open: the transport clock starts when a connected client asks.
fn connected(remote: &Remote) -> Result<(), Fault> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE && !stopped() {
        match remote.wait(Duration::from_millis(100)) {
            Some(RemoteEvent::Up { .. }) => return Ok(()),
            Some(RemoteEvent::Refused(fault)) => return Err(fault),
            _ => {}
        }
    }
    Err(silent())
}

fn silent() -> Fault {
    Fault::new(
        FaultKind::Peer,
        "Nothing was heard from the edge.",
        "The volume did not arrive whole, so nothing was made from it.",
        "Try a better network profile, or look at the edge's log with THEATRON_LOG=debug.",
    )
}

/// Reads events until every voxel is verified.
fn receive(remote: &Remote, stage: &Stage, report: &mut Report) -> Result<Arc<Volume>, Fault> {
    let mut asked_at = Duration::ZERO;
    let mut last_sign = Instant::now();
    loop {
        if stopped() {
            return Err(meshing_volume::Cancelled.into());
        }
        let Some(event) = remote.wait(Duration::from_millis(100)) else {
            if last_sign.elapsed() > PATIENCE || remote.ended() {
                return Err(silent());
            }
            continue;
        };
        last_sign = Instant::now();
        let millis = |at: Duration, since: Duration| at.saturating_sub(since).as_secs_f64() * 1000.0;
        match event {
            RemoteEvent::Opened { asked, .. } => asked_at = asked,
            RemoteEvent::Progress { level: 0, fraction } => stage.report(fraction),
            RemoteEvent::Level { level, at, .. }
                if level <= FIRST_EXTENT && report.transport.first_full_extent_ms == 0.0 =>
            {
                report.transport.first_full_extent_ms = millis(at, asked_at);
            }
            RemoteEvent::Exact { volume, at, bytes } => {
                report.transport.exact_ms = millis(at, asked_at);
                report.transport.bytes = bytes;
                return Ok(volume);
            }
            RemoteEvent::Refused(fault) | RemoteEvent::VolumeFault(fault) => return Err(fault),
            _ => {}
        }
    }
}

/// A site of its own for this demo: an authority, an edge and a client. Kept between runs while they are valid.
fn certificates(folder: &Path) -> Result<PathBuf, Fault> {
    let (site, edge, client) = (folder.join("site"), folder.join("edge"), folder.join("client"));
    let valid = |folder: &Path| pki::Identity::load(folder).is_ok();
    if !(valid(&edge) && valid(&client)) {
        if folder.exists() {
            std::fs::remove_dir_all(folder).map_err(|error| super::folder_fault(folder, &error))?;
        }
        pki::create_site_ca(&site, "theatron-demo")?;
        pki::issue(&site, &edge, &Device::new("demo-edge", Role::Edge))?;
        pki::issue(&site, &client, &Device::new(CLIENT, Role::Client))?;
    }
    Ok(folder.to_path_buf())
}

fn loopback() -> std::net::SocketAddr {
    (std::net::Ipv4Addr::LOCALHOST, 0).into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
