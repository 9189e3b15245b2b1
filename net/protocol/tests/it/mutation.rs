//! Damaged and hostile bytes: an error or a value within bounds, never a panic, never memory without bound.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use net_protocol::bulk::{decode_batch, encode_batch};
use net_protocol::chunks::{Assembler, AssemblyError, ChunkId, ChunkSet};
use net_protocol::client::{ClientConfig, ClientSession, LinkState};
use net_protocol::messages::{
    BULK_WINDOW, BrickRecord, CloseVolume, Credit, FrameHeader, FrameTimes, MAX_BATCH_LEN, MAX_CHUNK_LEN,
    MAX_FRAME_EDGE, MAX_FRAME_LEN, MAX_LEVELS, MAX_SHARDS, MAX_SLICE_LEN, MAX_SLICES, OpenVolume, Pose,
    ShardHeader, ToClient, ToEdge, VolumeReady,
};
use net_protocol::server::{ChunkInfo, ServerConfig, ServerEvent, ServerSession};
use net_protocol::wire::{ControlBuffer, MAX_CONTROL_LEN, WireError, encode_control};
use proptest::prelude::*;

use crate::golden;

/// Overwrites some bytes, and cuts or lengthens.
#[derive(Debug, Clone)]
struct Damage {
    overwrite: Vec<(prop::sample::Index, u8)>,
    cut: Option<prop::sample::Index>,
    append: Vec<u8>,
}

fn damage() -> impl Strategy<Value = Damage> {
    (
        prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        prop::option::weighted(0.3, any::<prop::sample::Index>()),
        prop::collection::vec(any::<u8>(), 0..8),
    )
        .prop_map(|(overwrite, cut, append)| Damage { overwrite, cut, append })
}

fn apply(damage: &Damage, bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (at, value) in &damage.overwrite {
        let at = at.index(bytes.len());
        bytes[at] = *value;
    }
    if let Some(cut) = damage.cut {
        bytes.truncate(cut.index(bytes.len()));
    }
    bytes.extend(&damage.append);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn damaged_control_streams(damage in damage(), which in any::<prop::sample::Index>()) {
        let (to_edge, to_client) = (golden::to_edge(), golden::to_client());
        let mut buffer = ControlBuffer::new();
        buffer.push(&apply(&damage, &encode_control(which.get(&to_edge)).unwrap()));
        while let Ok(Some(_)) = buffer.next_message::<ToEdge>() {}
        let mut buffer = ControlBuffer::new();
        buffer.push(&apply(&damage, &encode_control(which.get(&to_client)).unwrap()));
        while let Ok(Some(_)) = buffer.next_message::<ToClient>() {}
    }

    #[test]
    fn damaged_packed_headers(damage in damage()) {
        if let Ok(record) = BrickRecord::decode(&apply(&damage, &golden::brick().encode())) {
            prop_assert!((1..=MAX_CHUNK_LEN).contains(&record.total) && record.level < MAX_LEVELS);
            prop_assert!(record.len >= 1 && record.len as usize <= MAX_BATCH_LEN);
            prop_assert!(u64::from(record.offset) + u64::from(record.len) <= u64::from(record.total));
        }
        if let Ok(header) = FrameHeader::decode(&apply(&damage, &golden::frame().encode())) {
            prop_assert!((1..=MAX_FRAME_EDGE).contains(&header.width) && (1..=MAX_FRAME_EDGE).contains(&header.height));
            prop_assert!((1..=MAX_FRAME_LEN).contains(&header.len));
        }
        let datagram = apply(&damage, &golden::shard_datagram());
        if let Ok(header) = ShardHeader::decode(&datagram) {
            let shard = (datagram.len() - ShardHeader::LEN) as u64;
            prop_assert!(header.i < header.n && header.k <= header.n && header.n <= MAX_SHARDS);
            prop_assert!(header.eye < header.eyes && header.slice < header.slices && header.slices <= MAX_SLICES);
            prop_assert!(header.len <= MAX_SLICE_LEN && u64::from(header.len) <= u64::from(header.k) * shard);
            prop_assert!(header.place() < header.places());
            prop_assert_eq!(&header.encode()[..], &datagram[..ShardHeader::LEN]);
        }
        if let Ok(times) = FrameTimes::decode(&apply(&damage, &golden::times().encode())) {
            prop_assert!(times.sent_us() >= times.received_us);
        }
        for pose in golden::poses() {
            if let Ok(pose) = Pose::decode(&apply(&damage, &pose.encode())) {
                prop_assert!(pose.eye_in_lps.to_array().iter().all(|x| x.is_finite()));
                prop_assert!(pose.projection.extents().iter().all(|x| x.is_finite()));
            }
        }
    }

    #[test]
    fn damaged_bulk_streams(damage in damage()) {
        let records = [
            BrickRecord { handle: 1, brick: 0, total: 40, offset: 0, len: 40, level: 2 },
            BrickRecord { handle: 1, brick: 1, total: 50, offset: 10, len: 30, level: 2 },
        ];
        let bytes = encode_batch(&records, |record| Some(vec![7; record.len as usize].into()));
        let mut assembler = Assembler::new();
        if let Ok(fragments) = decode_batch(Bytes::from(apply(&damage, &bytes[1..]))) {
            for (record, fragment) in fragments {
                if let Ok(Some(chunk)) = assembler.push(&record, fragment) {
                    prop_assert_eq!(chunk.bytes.len(), record.total as usize);
                }
            }
        }
    }

    /// Any client, however rude: no panic, and never more under way than the window.
    #[test]
    fn a_session_survives_any_order_of_messages(
        steps in prop::collection::vec((any::<prop::sample::Index>(), 0_u32..4, any::<u32>()), 0..60),
    ) {
        let samples = golden::to_edge();
        let now = Duration::ZERO;
        let mut server = ServerSession::new(ServerConfig::new("edge", "1"), now);
        server.receive(now, samples[0].clone());
        for (which, handle, number) in steps {
            let message = match which.get(&samples).clone() {
                ToEdge::OpenVolume(open) => ToEdge::OpenVolume(OpenVolume { handle, ..open }),
                ToEdge::VolumeReady(_) => ToEdge::VolumeReady(VolumeReady { handle }),
                ToEdge::CloseVolume(_) => ToEdge::CloseVolume(CloseVolume { handle }),
                ToEdge::Credit(_) => ToEdge::Credit(Credit { bytes: number }),
                // these end the session at once, and then nothing is left to try
                ToEdge::Hello(_) | ToEdge::Bye(_) => continue,
                other => other,
            };
            for event in server.receive(now, message) {
                if let ServerEvent::OpenVolume { handle, .. } = event {
                    let len = 1 + number % (MAX_CHUNK_LEN + 1);
                    let chunks = (0..9).map(|brick| ChunkInfo { chunk: ChunkId { level: (brick % 3) as u8, brick }, len });
                    server.opened(handle, serde_json::Value::Null, "e", chunks).ok();
                }
            }
            while let Some(batch) = server.next_batch() {
                let bytes: usize = batch.records.iter().map(|record| BrickRecord::LEN + record.len as usize).sum();
                prop_assert!(bytes < MAX_BATCH_LEN);
                for record in &batch.records {
                    prop_assert_eq!(&BrickRecord::decode(&record.encode()).unwrap(), record);
                }
            }
            prop_assert!(server.outstanding() <= BULK_WINDOW);
        }
    }

    /// Any edge, however rude: no panic, and the machine always knows when to look again.
    #[test]
    fn a_client_survives_any_order_of_messages(
        steps in prop::collection::vec((any::<prop::sample::Index>(), 0_u32..6, 0_u64..900), 0..60),
    ) {
        let samples = golden::to_client();
        let mut now = Duration::ZERO;
        let mut client = ClientSession::new(ClientConfig::new("c"), now);
        for (which, action, ms) in steps {
            now += Duration::from_millis(ms);
            match action {
                0 => drop(client.connected(now)),
                1 => drop(client.disconnected(now, "gone")),
                2 => drop(client.open("v")),
                3 => drop(client.consumed(ms as u32 * 1000)),
                _ => drop(client.receive(now, which.get(&samples).clone())),
            }
            client.tick(now);
            prop_assert!(client.next_tick() >= now || matches!(client.state(), LinkState::Up));
        }
    }

    /// Any fragments in any order: what comes out whole is what went in.
    #[test]
    fn fragments_in_any_order_give_the_chunk(
        len in 1_usize..5000,
        mut cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        order in any::<u64>(),
    ) {
        let whole: Vec<u8> = (0..len).map(|n| (n * 31 % 251) as u8).collect();
        let mut at: BTreeSet<usize> = cuts.drain(..).map(|cut| cut.index(len)).collect();
        at.extend([0, len]);
        let at: Vec<usize> = at.into_iter().collect();
        let mut parts: Vec<(usize, usize)> = at.windows(2).map(|pair| (pair[0], pair[1])).collect();
        parts.sort_by_key(|(from, _)| (*from as u64 + 1).wrapping_mul(order | 1));
        let mut assembler = Assembler::new();
        let mut done = None;
        for (n, (from, to)) in parts.iter().enumerate() {
            prop_assert!(done.is_none(), "whole after {n} of {} parts", parts.len());
            let record = BrickRecord {
                handle: 1, brick: 2, total: len as u32, offset: *from as u32, len: (to - from) as u32, level: 0,
            };
            done = assembler.push(&record, Bytes::copy_from_slice(&whole[*from..*to])).unwrap();
        }
        prop_assert_eq!(&done.unwrap().bytes[..], &whole[..]);
    }

    /// The set of ranges behaves like a plain set, through JSON too.
    #[test]
    fn a_chunk_set_is_a_set(chunks in prop::collection::vec((0_u8..4, 0_u32..40), 0..80)) {
        let mut set = ChunkSet::new();
        let mut plain = BTreeSet::new();
        for (level, brick) in chunks {
            set.insert(ChunkId { level, brick });
            plain.insert((level, brick));
        }
        let set: ChunkSet = serde_json::from_str(&serde_json::to_string(&set).unwrap()).unwrap();
        prop_assert_eq!(set.len(), plain.len() as u64);
        for level in 0..5 {
            for brick in 0..42 {
                prop_assert_eq!(set.contains(ChunkId { level, brick }), plain.contains(&(level, brick)));
            }
        }
    }
}

#[test]
fn a_hostile_set_of_ranges_costs_nothing() {
    let text = r#"[{"level":0,"ranges":[[0,4294967295],[5,2],[7,9]]},{"level":200,"ranges":[[0,1]]}]"#;
    let set: ChunkSet = serde_json::from_str(text).unwrap();
    assert!(set.contains(ChunkId { level: 0, brick: 4_000_000_000 }));
    assert!(!set.contains(ChunkId { level: 200, brick: 0 }));
    assert_eq!(set.len(), u64::from(u32::MAX));
}

#[test]
fn a_control_message_too_long_is_refused_before_it_is_read() {
    let mut buffer = ControlBuffer::new();
    buffer.push(&(MAX_CONTROL_LEN as u32 + 1).to_le_bytes());
    assert!(matches!(buffer.next_message::<ToEdge>(), Err(WireError::TooLong { .. })));
    let long = ToEdge::Bye(net_protocol::messages::Bye {
        message: "x".repeat(MAX_CONTROL_LEN),
        ..Default::default()
    });
    assert!(matches!(encode_control(&long), Err(WireError::TooLong { .. })));
}

#[test]
fn deep_json_is_an_error_and_not_a_crash() {
    let json = format!("{{\"type\":\"submit\",\"command\":{}}}", "[".repeat(100_000));
    let mut buffer = ControlBuffer::new();
    buffer.push(&(json.len() as u32).to_le_bytes());
    buffer.push(json.as_bytes());
    assert!(matches!(buffer.next_message::<ToEdge>(), Err(WireError::Json(_))));
}

#[test]
fn an_assembler_holds_a_bounded_number_of_chunks() {
    let mut assembler = Assembler::new();
    let first = |brick| BrickRecord { handle: 1, brick, total: 100, offset: 0, len: 10, level: 0 };
    let refused = (0..1000).map(|brick| assembler.push(&first(brick), Bytes::from_static(&[0; 10])));
    let refused: Vec<_> = refused.filter(|pushed| *pushed == Err(AssemblyError::TooManyOpen)).collect();
    assert_eq!(refused.len(), 1000 - 32);
    assert_eq!(assembler.push(&first(0), Bytes::from_static(&[0; 10])), Err(AssemblyError::Contradiction));
    assembler.forget(1);
    assert_eq!(assembler.push(&first(0), Bytes::from_static(&[0; 10])), Ok(None));
}
