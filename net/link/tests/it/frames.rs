//! Poses up, frames down.

use bytes::Bytes;
use net_link::{Listener, Role, UniPayload, connect};
use net_protocol::messages::{Fidelity, FrameFormat, FrameHeader, Pose, Projection};

use crate::support::{LOOPBACK, Site};

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
