//! Messages and datagrams of a peer.
#![no_main]

use libfuzzer_sys::fuzz_target;
use net_protocol::messages::{BrickRecord, FrameHeader, FrameTimes, Pose, ToClient, ToEdge};
use net_protocol::wire::ControlBuffer;

fuzz_target!(|data: &[u8]| {
    let _ = Pose::decode(data);
    let _ = FrameHeader::decode(data);
    let _ = BrickRecord::decode(data);
    let _ = FrameTimes::decode(data);
    let mut to_edge = ControlBuffer::new();
    to_edge.push(data);
    while let Ok(Some(_)) = to_edge.next_message::<ToEdge>() {}
    let mut to_client = ControlBuffer::new();
    to_client.push(data);
    while let Ok(Some(_)) = to_client.next_message::<ToClient>() {}
});
