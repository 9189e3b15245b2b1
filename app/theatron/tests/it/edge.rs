//! A real edge process: killed while it streams, started again, and approached with the wrong papers.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use app_edge::BankSource;
use app_engine::remote::{Remote, RemoteEvent, RemoteRequest, RemoteSettings};
use casebank_case::Actor;
use casebank_store::Bank;
use meshing_volume::Silent;
use net_link::pki::{self, Device, Role};
use net_sim::{Link, Profile};

/// A bank with the teaching case, and certificates.
struct Site {
    folder: tempfile::TempDir,
    volume: String,
    hash: [u8; 32],
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let slices = app_engine::teaching::write(&at("scan")).unwrap();
        let bank = Bank::open(at("bank")).unwrap();
        let imported =
            app_engine::import::import(&bank, &Actor::new("test").unwrap(), &slices, &Silent).unwrap();
        let volume = &imported.volumes[0];
        pki::create_site_ca(&at("site"), "test").unwrap();
        pki::issue(&at("site"), &at("edge"), &Device::new("edge-1", Role::Edge)).unwrap();
        pki::issue(&at("site"), &at("client"), &Device::new("client-1", Role::Client)).unwrap();
        let id = BankSource::volume_id(volume.case, volume.id);
        let hash = meshing_codec::voxel_hash(&volume.volume);
        Self { folder, volume: id, hash }
    }

    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// Starts `theatron edge` and waits until it listens.
    fn edge(&self, listen: &str) -> (Child, std::net::SocketAddr) {
        let mut edge = Command::new(env!("CARGO_BIN_EXE_theatron"))
            .args(["edge", "--bank", &self.at("bank"), "--pki", &self.at("edge"), "--listen", listen])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(edge.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        (edge, ready["listening"].as_str().unwrap().parse().unwrap())
    }

    fn client(&self, edge: std::net::SocketAddr, pki: &str) -> Remote {
        let pki = Path::new(&self.at(pki)).to_path_buf();
        Remote::start(RemoteSettings { edge, pki, client: "test".into() }).unwrap()
    }
}

/// The next event that `wanted` accepts, within a generous time.
fn until<T>(remote: &Remote, mut wanted: impl FnMut(RemoteEvent) -> Option<T>) -> T {
    let start = Instant::now();
    while start.elapsed() < Duration::from_mins(1) {
        if let Some(found) = remote.wait(Duration::from_millis(50)).and_then(&mut wanted) {
            return found;
        }
    }
    panic!("the event did not come");
}

/// kill -9 in the middle of a stream: the client says so, keeps what it has, resumes by itself, and ends bit-exact with
/// nothing sent twice.
#[test]
fn a_killed_edge_is_noticed_and_the_stream_resumes() {
    let site = Site::new();
    let (mut edge, addr) = site.edge("127.0.0.1:0");
    // A slow link, so that the kill falls into the stream.
    let link = Link::start(&Profile::named("anchor").unwrap(), addr, 7).unwrap();
    let remote = site.client(link.addr(), "client");
    remote.request(RemoteRequest::Open(site.volume.clone()));
    let announced = until(&remote, |event| match event {
        RemoteEvent::Opened { bytes, resumed: false, .. } => Some(bytes),
        _ => None,
    });
    until(&remote, |event| matches!(event, RemoteEvent::Level { level: 2, .. }).then_some(()));
    until(&remote, |event| {
        matches!(event, RemoteEvent::Progress { level: 0, fraction } if fraction > 0.1).then_some(())
    });
    edge.kill().unwrap();
    edge.wait().unwrap();
    let cause = until(&remote, |event| match event {
        RemoteEvent::Lost { cause } => Some(cause),
        _ => None,
    });
    assert!(!cause.is_empty());
    let (mut edge, _) = site.edge(&addr.to_string());
    let left = until(&remote, |event| match event {
        RemoteEvent::Opened { bytes, resumed, .. } => Some((bytes, resumed)),
        RemoteEvent::VolumeFault(fault) => panic!("{fault}"),
        _ => None,
    });
    assert!(left.1 && left.0 < announced, "resumed {} with {} of {announced} bytes to come", left.1, left.0);
    let (volume, received) = until(&remote, |event| match event {
        RemoteEvent::Exact { volume, bytes, .. } => Some((volume, bytes)),
        RemoteEvent::VolumeFault(fault) => panic!("{fault}"),
        _ => None,
    });
    assert_eq!(meshing_codec::voxel_hash(&volume), site.hash);
    assert_eq!(received, announced, "a chunk that was kept is not sent again");
    edge.kill().unwrap();
    edge.wait().unwrap();
}

/// Frames drawn on the edge for poses of the client.
#[test]
fn an_edge_draws_frames_for_poses() {
    use net_protocol::messages::{FrameMode, Pose, Projection, StartFrames};
    let site = Site::new();
    let (mut edge, addr) = site.edge("127.0.0.1:0");
    let remote = site.client(addr, "client");
    remote.request(RemoteRequest::StartFrames(StartFrames {
        volume: site.volume.clone(),
        width: 96,
        height: 64,
        mode: FrameMode::Dvr,
        preset: "bone".into(),
        ..StartFrames::default()
    }));
    // In front of the patient, looking back: x stays right, up is superior.
    let half = std::f32::consts::FRAC_1_SQRT_2;
    let pose = |id| Pose {
        id,
        time_us: id,
        eye_in_lps: meshing_space::Point::new(0.0, -900.0, 0.0),
        lps_from_eye: [half, 0.0, 0.0, half],
        projection: Projection::perspective(0.6, 1.5),
    };
    let mut id = 0;
    let (header, rgba) = until(&remote, |event| {
        id += 1;
        remote.request(RemoteRequest::Pose(pose(id)));
        match event {
            RemoteEvent::Frame { header, rgba } => Some((header, rgba)),
            _ => None,
        }
    });
    assert_eq!((header.width, header.height, rgba.len()), (96, 64, 96 * 64 * 4));
    assert!(header.pose_id > 0);
    let lit = rgba.chunks(4).filter(|p| p[0] > 60).count();
    assert!(lit > 200, "{lit} lit pixels");
    edge.kill().unwrap();
    edge.wait().unwrap();
}

#[test]
fn a_certificate_of_another_site_is_refused_with_the_next_step() {
    let site = Site::new();
    let at = |name: &str| site.folder.path().join(name);
    pki::create_site_ca(&at("other"), "other").unwrap();
    pki::issue(&at("other"), &at("stranger"), &Device::new("stranger", Role::Client)).unwrap();
    let (mut edge, addr) = site.edge("127.0.0.1:0");
    let remote = site.client(addr, "stranger");
    remote.request(RemoteRequest::List);
    let fault = until(&remote, |event| match event {
        RemoteEvent::Refused(fault) => Some(fault),
        _ => None,
    });
    assert_eq!(fault.exit_code(), 4);
    assert!(fault.to_string().contains("theatron pki"), "{fault}");
    edge.kill().unwrap();
    edge.wait().unwrap();
}

/// An edge that is asked to stop says goodbye and ends with 0.
#[test]
fn an_edge_stops_cleanly_on_sigterm() {
    let site = Site::new();
    let (mut edge, addr) = site.edge("127.0.0.1:0");
    let remote = site.client(addr, "client");
    until(&remote, |event| matches!(event, RemoteEvent::Up { .. }).then_some(()));
    Command::new("kill").arg(edge.id().to_string()).status().unwrap();
    until(&remote, |event| matches!(event, RemoteEvent::Lost { .. }).then_some(()));
    assert!(edge.wait().unwrap().success());
}
