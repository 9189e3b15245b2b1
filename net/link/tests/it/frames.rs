//! Poses up, frames down.

use bytes::Bytes;
use net_link::{
    CongestionControl, FrameEvent, FrameReceiver, FrameSender, LinkConfig, Listener, Role, UniPayload,
    connect, connect_with,
};
use net_protocol::fec::SliceInfo;
use net_protocol::messages::{Fidelity, FrameFormat, FrameHeader, FrameTimes, Pose, Projection};
use net_protocol::schedule::Class;

use crate::support::{LOOPBACK, PATIENCE, Site};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_comes_back_for_a_pose_and_an_old_one_is_given_up() {
    let site = Site::new();
    let mut listener =
        Listener::bind(LOOPBACK.parse().unwrap(), &site.identity("edge-1", Role::Edge)).await.unwrap();
    let client = connect(listener.local_addr().unwrap(), &site.identity("c", Role::Client)).await.unwrap();
    let edge = listener.accept().await.unwrap().unwrap();

    let pose = Pose {
        id: 5,
        time_us: 17,
        eye_in_lps: meshing_space::Point::new(1.0, 2.0, 3.0),
        lps_from_eye: [0.0, 0.0, 0.0, 1.0],
        projection: Projection::perspective(0.8, 1.5),
    };
    client.send_pose(&pose).unwrap();
    let seen = edge.recv_pose().await.unwrap();
    assert_eq!(seen, pose);

    let pixels = Bytes::from((0..64 * 48 * 4).map(|n| n as u8).collect::<Vec<_>>());
    let header = FrameHeader {
        frame: 1,
        pose_id: seen.id,
        width: 64,
        height: 48,
        format: FrameFormat::Rgba8,
        fidelity: Fidelity::Exact,
        len: pixels.len() as u32,
        hash: FrameHeader::hash_of(&pixels),
    };
    let mut sent = edge.send_frame(&header, pixels.clone()).await.unwrap();
    let UniPayload::Frame(received, payload) = client.accept_uni().await.unwrap().read().await.unwrap()
    else {
        panic!("a frame")
    };
    assert_eq!((received, &payload), (header, &pixels));
    assert_eq!(FrameHeader::hash_of(&payload), received.hash);
    sent.delivered().await;

    // a frame that was given up before its end
    let mut stream = edge.open_bulk(50).await.unwrap();
    stream.write_all(&[2]).await.unwrap();
    stream.write_all(&header.encode()).await.unwrap();
    let arrived = client.accept_uni().await.unwrap();
    stream.reset(0_u32.into()).unwrap();
    assert_eq!(arrived.read().await.unwrap(), UniPayload::Superseded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slices_travel_as_datagrams_with_their_times() {
    let site = Site::new();
    let config = LinkConfig::with_congestion(CongestionControl::Delay);
    let edge = site.identity("edge-1", Role::Edge);
    let mut listener = Listener::bind_with(LOOPBACK.parse().unwrap(), &edge, config).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let client = connect_with(addr, &site.identity("c", Role::Client), config).await.unwrap();
    let edge = listener.accept().await.unwrap().unwrap();

    let mut sender = FrameSender::new(&edge);
    let mut receiver = FrameReceiver::new(&client);
    let keep = PATIENCE;
    let body: Vec<u8> = (0..30_000_u32).map(|n| (n * 7 % 251) as u8).collect();
    for frame in 0..20 {
        let info = SliceInfo { frame, pose_id: 100 + frame, ..SliceInfo::default() };
        let (shards, parity) = sender.send(&info, &body, keep).unwrap();
        assert!(shards >= 20 && parity >= 1, "{shards} {parity}");
        let times = FrameTimes { frame, pose_id: 7, received_us: 5, draw_us: 3, ..FrameTimes::default() };
        sender.send_times(&times);
        // the loopback address loses nothing while nothing else waits
        let (mut slice, mut seen) = (None, None);
        while slice.is_none() || seen.is_none() {
            match receiver.recv().await.unwrap() {
                FrameEvent::Slice(whole) => slice = Some(whole),
                FrameEvent::Times(times) => seen = Some(times),
                other => panic!("{other:?}"),
            }
        }
        let slice = slice.unwrap();
        assert!(slice.frame_complete && slice.bytes == body && slice.header.pose_id == 100 + frame);
        assert_eq!(seen, Some(times));
    }
    assert_eq!(receiver.counts().complete, 20);
    assert!(edge.sent(Class::Video).sent > 400 && sender.budget(0.8) > 0.0);
    // all handles of the edge gone: the link ends, though a task stood between them and QUIC
    drop((sender, edge));
    client.lost().await;
}
