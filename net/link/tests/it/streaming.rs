//! Volumes over emulated links, and edges that die.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use net_link::Role;
use net_protocol::client::{ClientConfig, LinkState};
use net_protocol::messages::{BULK_WINDOW, RefusalCode};
use net_protocol::version::VersionRange;
use net_sim::{Gap, Link, Profile};

use crate::support::{KillableEdge, LOOPBACK, Puller, Served, Site, hash, volume};

fn bytes(volume: &crate::support::Volume) -> u64 {
    volume.values().map(|bytes| bytes.len() as u64).sum()
}

/// A test machine may be slow: silence that the machine itself causes is not what is tested here.
fn patient(client: &str) -> ClientConfig {
    ClientConfig { lost_after: Duration::from_secs(2), ..ClientConfig::new(client) }
}

/// Streams a volume through a profile; the figures are printed, not asserted.
async fn stream_over(name: &str, profile: &Profile, fine: u32) -> net_sim::LinkStats {
    let site = Site::new();
    let (volume, served) = (Arc::new(volume(fine)), Arc::new(Served::default()));
    let edge = KillableEdge::start(
        LOOPBACK.parse().unwrap(),
        &site.identity("edge-1", Role::Edge),
        volume.clone(),
        served.clone(),
    )
    .await;
    let link = Link::start(profile, edge.addr, 11).unwrap();
    let mut puller = Puller::new(patient("c"), link.addr(), site.identity("c", Role::Client));
    let asked = Instant::now();
    puller.session.open("v");
    // a finer chunk may overtake the last coarse one
    puller.run_until(|puller| puller.received.keys().filter(|chunk| chunk.level > 0).count() == 11).await;
    let coarse = asked.elapsed();
    puller.run_until(|puller| puller.received.len() == volume.len()).await;
    let whole = asked.elapsed();
    assert_eq!(hash(&puller.received), hash(&volume));
    assert_eq!(served.bytes.load(Ordering::Relaxed), bytes(&volume), "nothing is sent twice");
    assert!(served.most_outstanding.load(Ordering::Relaxed) <= BULK_WINDOW);
    assert_eq!(puller.lost, 0);
    let stats = link.stats();
    assert!(stats.down.bytes >= bytes(&volume), "the volume went through the emulator");
    eprintln!(
        "{name}: {:.1} MB, coarse levels {coarse:.0?}, whole {whole:.0?} = {:.0} Mbit/s; {} of {} packets lost",
        bytes(&volume) as f64 / 1e6,
        bytes(&volume) as f64 * 8e-6 / whole.as_secs_f64(),
        stats.down.dropped(),
        stats.down.packets,
    );
    stats
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bricks_over_a_good_5g_link_arrive_complete() {
    stream_over("embb-good", &Profile::named("embb-good").unwrap(), 60).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bricks_over_a_lossy_5g_link_arrive_complete() {
    stream_over("embb-edge", &Profile::named("embb-edge").unwrap(), 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_outlives_changes_of_address() {
    let mut profile = Profile::named("handover-drop").unwrap();
    // slow enough for several handovers within 9 MB
    profile.down.rate_mbit = 40.0;
    profile.gap = profile.gap.map(|gap| Gap { every_ms: 500.0, ..gap });
    let stats = stream_over("handover-drop every 0.5 s, 40 Mbit/s", &profile, 60).await;
    assert!(stats.down.gap_dropped + stats.up.gap_dropped > 0, "packets fell into the gaps: {stats:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_edge_is_noticed_and_the_rest_comes_from_the_next() {
    let site = Site::new();
    let (volume, served) = (Arc::new(volume(60)), Arc::new(Served::default()));
    let identity = site.identity("edge-1", Role::Edge);
    let edge = KillableEdge::start(LOOPBACK.parse().unwrap(), &identity, volume.clone(), served).await;
    let addr = edge.addr;
    let link = Link::start(&Profile::named("embb-edge").unwrap(), addr, 12).unwrap();
    let mut puller = Puller::new(patient("c"), link.addr(), site.identity("c", Role::Client));
    puller.session.open("v");
    puller.run_until(|puller| puller.received.len() > 25).await;
    drop(edge);
    let killed = Instant::now();
    puller.run_until(|puller| puller.lost == 1).await;
    eprintln!("the loss of the edge was noticed after {:.0?}", killed.elapsed());
    let held = puller.received.clone();
    assert!(held.len() > 25 && held.len() < volume.len(), "{}", held.len());
    puller.run_until(|puller| puller.lost >= 2).await;

    let served = Arc::new(Served::default());
    let _edge = KillableEdge::start(addr, &identity, volume.clone(), served.clone()).await;
    puller.run_until(|puller| puller.received.len() == volume.len()).await;
    assert!(puller.is_up());
    assert_eq!(hash(&puller.received), hash(&volume));
    let missing = bytes(&volume) - bytes(&held);
    assert_eq!(puller.headers, [(false, bytes(&volume)), (true, missing)]);
    assert_eq!(served.bytes.load(Ordering::Relaxed), missing, "only what was missing is sent");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_protocol_version_is_refused_by_name() {
    let site = Site::new();
    let identity = site.identity("edge-1", Role::Edge);
    let edge =
        KillableEdge::start(LOOPBACK.parse().unwrap(), &identity, Arc::default(), Arc::default()).await;
    let old = ClientConfig { versions: VersionRange { min: 0, max: 0 }, ..ClientConfig::new("c") };
    let mut puller = Puller::new(old, edge.addr, site.identity("c", Role::Client));
    puller.run_until(|puller| matches!(puller.session.state(), LinkState::Refused(_))).await;
    let LinkState::Refused(refusal) = puller.session.state() else { unreachable!("run_until saw it") };
    assert_eq!(refusal.code, RefusalCode::VersionMismatch);
    let text = refusal.to_string();
    assert!(
        text.contains("version 0") && text.contains("speaks 1") && text.contains("Update the client"),
        "{text}"
    );
}
