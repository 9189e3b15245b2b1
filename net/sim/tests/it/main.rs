//! The emulator with real sockets, and its profiles.
#![expect(
    clippy::unwrap_used,
    clippy::missing_assert_message,
    reason = "helpers of tests: a panic is their answer"
)]

use std::collections::HashSet;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use net_sim::{Direction, Gap, GapKind, Link, Profile, ProfileError};

fn way(rate_mbit: f64, loss: f64) -> Direction {
    Direction {
        rate_mbit,
        delay_ms: 1.0,
        jitter_sigma_ms: 0.0,
        loss,
        queue_kb: 4000.0,
        step: None,
        bursts: None,
        aqm: None,
    }
}

fn profile(up: Direction, down: Direction) -> Profile {
    Profile { title: "test".into(), up, down, gap: None }
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    socket
}

/// Sends numbered packets from a client to a server and gives back the numbers that arrive, in order
/// of arrival, and the addresses that the server saw.
fn send(link: &Link, server: &UdpSocket, packets: u32, pause: Duration) -> (Vec<u32>, HashSet<SocketAddr>) {
    let client = socket();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..packets {
                client.send_to(&[&number.to_le_bytes()[..], &[0; 1000]].concat(), link.addr()).unwrap();
                std::thread::sleep(pause);
            }
            // the end, often enough that one arrives
            for _ in 0..50 {
                client.send_to(&u32::MAX.to_le_bytes(), link.addr()).unwrap();
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        let (mut numbers, mut addresses) = (Vec::new(), HashSet::new());
        let mut buffer = [0; 2000];
        loop {
            let (len, from) = server.recv_from(&mut buffer).unwrap();
            let number = u32::from_le_bytes(buffer[..4].try_into().unwrap());
            if number == u32::MAX {
                break (numbers, addresses);
            }
            assert_eq!(len, 1004);
            numbers.push(number);
            addresses.insert(from);
        }
    })
}

#[test]
fn packets_pass_both_ways_whole_and_in_order() {
    let server = socket();
    let link =
        Link::start(&profile(way(100.0, 0.0), way(100.0, 0.0)), server.local_addr().unwrap(), 1).unwrap();
    let (numbers, _) = send(&link, &server, 500, Duration::from_micros(200));
    assert_eq!(numbers, (0..500).collect::<Vec<_>>());

    let client = socket();
    client.send_to(b"hello", link.addr()).unwrap();
    let mut buffer = [0; 2000];
    let from = loop {
        let (len, from) = server.recv_from(&mut buffer).unwrap();
        if &buffer[..len] == b"hello" {
            break from;
        }
    };
    for number in 0..100_u32 {
        server.send_to(&number.to_le_bytes(), from).unwrap();
    }
    for number in 0..100_u32 {
        let (len, at) = client.recv_from(&mut buffer).unwrap();
        assert_eq!((&buffer[..len], at), (&number.to_le_bytes()[..], link.addr()));
    }
    assert_eq!(link.stats().down.delivered, 100);
}

#[test]
fn lost_packets_are_counted_and_the_others_keep_their_order() {
    let server = socket();
    let link =
        Link::start(&profile(way(100.0, 0.2), way(100.0, 0.0)), server.local_addr().unwrap(), 2).unwrap();
    let (numbers, _) = send(&link, &server, 2000, Duration::from_micros(100));
    assert!(numbers.is_sorted());
    // 400 ± 5 sigma
    assert!((310..490).contains(&(2000 - numbers.len())), "{}", numbers.len());
    let up = link.stats().up;
    assert!(up.packets >= 2000 && up.lost >= 2000 - numbers.len() as u64, "{up:?}");
    assert_eq!(up.packets, up.delivered + up.dropped());
}

#[test]
fn a_burst_beyond_the_queue_is_dropped_by_count() {
    let server = socket();
    // 400 packets of 1 kB at once, at 1 Mbit/s with a queue of 100 kB: about 100 pass
    let narrow = Direction { queue_kb: 100.0, ..way(1.0, 0.0) };
    let link = Link::start(&profile(narrow, way(100.0, 0.0)), server.local_addr().unwrap(), 3).unwrap();
    let client = socket();
    for _ in 0..400 {
        client.send_to(&[0; 1000], link.addr()).unwrap();
    }
    let deadline = Instant::now() + Duration::from_secs(20);
    while link.stats().up.packets < 400 {
        assert!(Instant::now() < deadline, "{:?}", link.stats());
        std::thread::sleep(Duration::from_millis(5));
    }
    let up = link.stats().up;
    // a slow machine offers them over a longer time, in which more pass
    assert!(up.delivered >= 100 && up.queue_dropped >= 100, "{up:?}");
}

#[test]
fn a_hard_handover_changes_the_address_that_the_server_sees() {
    let server = socket();
    let gap = Gap { every_ms: 200.0, length_ms: 20.0, kind: GapKind::Drop, new_address: true };
    let both = Profile { gap: Some(gap), ..profile(way(100.0, 0.0), way(100.0, 0.0)) };
    let link = Link::start(&both, server.local_addr().unwrap(), 4).unwrap();
    let (numbers, addresses) = send(&link, &server, 900, Duration::from_millis(1));
    assert!(addresses.len() >= 3, "{addresses:?}");
    assert!(numbers.len() < 900 && link.stats().up.gap_dropped > 0);
}

#[test]
fn a_cut_link_passes_nothing_and_a_mended_one_does() {
    let server = socket();
    let link =
        Link::start(&profile(way(100.0, 0.0), way(100.0, 0.0)), server.local_addr().unwrap(), 5).unwrap();
    link.cut(true);
    let client = socket();
    for _ in 0..20 {
        client.send_to(b"cut", link.addr()).unwrap();
    }
    // the packets are read one after the other, so these twenty have been thrown away when `open` passes
    std::thread::sleep(Duration::from_millis(200));
    link.cut(false);
    client.send_to(b"open", link.addr()).unwrap();
    let mut buffer = [0; 100];
    let (len, _) = server.recv_from(&mut buffer).unwrap();
    assert_eq!(&buffer[..len], b"open");
}

#[test]
fn a_link_stops_when_dropped() {
    let server = socket();
    let link =
        Link::start(&profile(way(100.0, 0.0), way(100.0, 0.0)), server.local_addr().unwrap(), 6).unwrap();
    let addr = link.addr();
    let client = socket();
    client.send_to(b"x", addr).unwrap();
    server.recv_from(&mut [0; 10]).unwrap();
    drop(link);
    UdpSocket::bind(addr).expect("its port is free again, so its threads and sockets are gone");
}

#[test]
fn every_profile_of_the_folder_is_built_in_and_sound() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/netsim");
    let mut files: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    files.sort();
    let mut names: Vec<_> = Profile::names().map(str::to_owned).collect();
    names.sort();
    assert_eq!(names, files);
    for name in names {
        let from_file = Profile::load(&folder.join(format!("{name}.toml"))).unwrap();
        assert_eq!(Profile::named(&name).unwrap(), from_file, "{name}");
        let again = Profile::parse(&toml::to_string(&from_file).unwrap()).unwrap();
        assert_eq!(again, from_file, "{name}");
    }
}

#[test]
fn mistakes_in_a_profile_are_errors() {
    let good =
        "title = \"t\"\n[up]\nrate_mbit = 1.0\ndelay_ms = 1.0\n[down]\nrate_mbit = 1.0\ndelay_ms = 1.0\n";
    assert!(Profile::parse(good).is_ok());
    assert!(matches!(Profile::parse(&format!("{good}los = 0.1\n")), Err(ProfileError::Toml(_))));
    assert!(matches!(
        Profile::parse(&format!("{good}loss = 1.5\n")),
        Err(ProfileError::OutOfRange { key: "loss" })
    ));
    assert!(matches!(
        Profile::parse(&format!("{good}loss = nan\n")),
        Err(ProfileError::OutOfRange { key: "loss" })
    ));
    let gap = format!("{good}[gap]\nevery_ms = 10.0\nlength_ms = 10.0\nkind = \"stall\"\n");
    assert!(matches!(Profile::parse(&gap), Err(ProfileError::OutOfRange { .. })));
    assert!(matches!(
        Profile::parse(&good.replace("rate_mbit = 1.0", "rate_mbit = 0.0")),
        Err(ProfileError::OutOfRange { .. })
    ));
    let unknown = Profile::named("5g").unwrap_err().to_string();
    assert!(unknown.contains("5g") && unknown.contains("embb-good"), "{unknown}");
    assert!(matches!(
        Profile::load(std::path::Path::new("no-such-file.toml")),
        Err(ProfileError::File { .. })
    ));
}
