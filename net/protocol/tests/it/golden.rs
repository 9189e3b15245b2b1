//! The exact bytes of every message. `UPDATE_GOLDEN=1` rewrites them: do that for a new message, and
//! think of a new version before doing it for an old one.

use std::path::PathBuf;

use meshing_space::Point;
use net_protocol::chunks::{ChunkId, ChunkSet};
use net_protocol::messages::{
    Accepted, BULK_WINDOW, BrickRecord, Bye, ByeReason, CloseVolume, ControlMessage, Credit, Fidelity,
    FrameFormat, FrameHeader, FrameMode, FrameStats, FrameTimes, Hello, ListVolumes, OpenVolume, Ping, Pong,
    Pose, Projection, Refusal, RefusalCode, Rejected, ShardHeader, StartFrames, StopFrames, Submit, ToClient,
    ToEdge, VolumeHeader, VolumeInfo, VolumeReady, VolumeRefused, VolumeSent, Volumes, Welcome,
};
use net_protocol::version::VersionRange;
use net_protocol::wire::{ControlBuffer, encode_control};

pub(crate) fn refusal() -> Refusal {
    Refusal {
        code: RefusalCode::UnknownVolume,
        what: "The edge has no volume `v9`.".into(),
        meaning: "It was removed, or the list is old.".into(),
        next_step: "List the volumes again.".into(),
    }
}

pub(crate) fn to_edge() -> Vec<ToEdge> {
    let have: ChunkSet = {
        let mut have = ChunkSet::new();
        for (level, brick) in [(2, 0), (1, 0), (1, 1), (1, 7)] {
            have.insert(ChunkId { level, brick });
        }
        have
    };
    vec![
        ToEdge::Hello(Hello {
            versions: VersionRange { min: 1, max: 1 },
            client: "headset-7".into(),
            capabilities: vec!["frames".into()],
            resume: "42".into(),
        }),
        ToEdge::ListVolumes(ListVolumes { case: "c1".into() }),
        ToEdge::OpenVolume(OpenVolume {
            handle: 3,
            volume: "v1".into(),
            etag: "ab12".into(),
            have,
            eager: false,
        }),
        ToEdge::VolumeReady(VolumeReady { handle: 3 }),
        ToEdge::CloseVolume(CloseVolume { handle: 3 }),
        ToEdge::Credit(Credit { bytes: 65_536 }),
        ToEdge::StartFrames(StartFrames {
            volume: "v1".into(),
            width: 640,
            height: 480,
            mode: FrameMode::Mip,
            preset: "bone".into(),
            window_centre: Some(40.0),
            window_width: Some(400.5),
        }),
        ToEdge::StopFrames(StopFrames {}),
        ToEdge::Submit(Submit {
            request: 5,
            case: "c1".into(),
            base_seq: 12,
            command: serde_json::json!({"rename": {"title": "T"}}),
        }),
        ToEdge::Ping(Ping { time_us: 1_234_567 }),
        ToEdge::Bye(Bye { reason: ByeReason::Done, message: "the user left".into() }),
        ToEdge::Unknown,
    ]
}

pub(crate) fn to_client() -> Vec<ToClient> {
    vec![
        ToClient::Welcome(Welcome {
            version: 1,
            edge: "edge-or-3".into(),
            session: "43".into(),
            epoch: 2,
            bulk_window: BULK_WINDOW,
            capabilities: vec!["frames".into()],
        }),
        ToClient::Refused(refusal()),
        ToClient::Volumes(Volumes {
            volumes: vec![VolumeInfo {
                case: "c1".into(),
                volume: "v1".into(),
                title: "Chest".into(),
                modality: "CT".into(),
                size: [512, 512, 140],
            }],
        }),
        ToClient::VolumeHeader(VolumeHeader {
            handle: 3,
            header: serde_json::json!({"version": 1, "spacing_mm": [0.703_125, 0.703_125, 1.1]}),
            etag: "ab12".into(),
            resumed: true,
            chunks: 9,
            bytes: 123_456_789_012,
        }),
        ToClient::VolumeRefused(VolumeRefused { handle: 4, refusal: refusal() }),
        ToClient::VolumeSent(VolumeSent { handle: 3 }),
        ToClient::FrameStats(FrameStats {
            frames: 90,
            poses_skipped: 3,
            frames_dropped: 1,
            draw_ms: 6.5,
            encode_ms: 2.25,
        }),
        ToClient::Accepted(Accepted { request: 5, seq: 13, hash: "00ff".into() }),
        ToClient::Rejected(Rejected { request: 6, seq: 13, refusal: refusal() }),
        ToClient::Pong(Pong { time_us: 1_234_567 }),
        ToClient::Bye(Bye { reason: ByeReason::ShuttingDown, message: "the edge is being stopped".into() }),
        ToClient::Unknown,
    ]
}

/// The compiler asks for a line here, and so for a sample above, when a message is added.
fn name_to_edge(message: &ToEdge) -> &'static str {
    match message {
        ToEdge::Hello(_) => "hello",
        ToEdge::ListVolumes(_) => "list_volumes",
        ToEdge::OpenVolume(_) => "open_volume",
        ToEdge::VolumeReady(_) => "volume_ready",
        ToEdge::CloseVolume(_) => "close_volume",
        ToEdge::Credit(_) => "credit",
        ToEdge::StartFrames(_) => "start_frames",
        ToEdge::StopFrames(_) => "stop_frames",
        ToEdge::Submit(_) => "submit",
        ToEdge::Ping(_) => "ping",
        ToEdge::Bye(_) => "bye",
        ToEdge::Unknown => "unknown",
    }
}

fn name_to_client(message: &ToClient) -> &'static str {
    match message {
        ToClient::Welcome(_) => "welcome",
        ToClient::Refused(_) => "refused",
        ToClient::Volumes(_) => "volumes",
        ToClient::VolumeHeader(_) => "volume_header",
        ToClient::VolumeRefused(_) => "volume_refused",
        ToClient::VolumeSent(_) => "volume_sent",
        ToClient::FrameStats(_) => "frame_stats",
        ToClient::Accepted(_) => "accepted",
        ToClient::Rejected(_) => "rejected",
        ToClient::Pong(_) => "pong",
        ToClient::Bye(_) => "bye",
        ToClient::Unknown => "unknown",
    }
}

pub(crate) fn brick() -> BrickRecord {
    BrickRecord { handle: 3, brick: 0x0102_0304, total: 200_000, offset: 131_000, len: 69_000, level: 1 }
}

pub(crate) fn frame() -> FrameHeader {
    FrameHeader {
        frame: 7,
        pose_id: 0x1122_3344_5566_7788,
        width: 640,
        height: 480,
        format: FrameFormat::Rgba8Zstd,
        fidelity: Fidelity::Exact,
        len: 98_765,
        hash: FrameHeader::hash_of(b"pixels"),
    }
}

pub(crate) fn shard() -> ShardHeader {
    ShardHeader {
        eye: 1,
        eyes: 2,
        key_frame: true,
        slice: 3,
        slices: 4,
        epoch: 2,
        frame: 7,
        pose_id: 0x5566_7788,
        time_us: 0x0102_0304,
        len: 9_990,
        i: 10,
        k: 9,
        n: 11,
    }
}

/// The header of a shard before 1,110 bytes.
pub(crate) fn shard_datagram() -> Vec<u8> {
    [&shard().encode()[..], &[0xA5; 1110]].concat()
}

pub(crate) fn times() -> FrameTimes {
    FrameTimes {
        frame: 7,
        pose_id: 0x1122_3344_5566_7788,
        received_us: 0x0102_0304_0506_0708,
        wait_us: 2_000,
        draw_us: 6_000,
        encode_us: 3_000,
        send_us: 1_500,
    }
}

pub(crate) fn poses() -> [Pose; 2] {
    let pose = Pose {
        id: 9,
        time_us: 1_000_001,
        eye_in_lps: Point::new(-12.5, 300.25, 1e-3),
        lps_from_eye: [0.0, 0.6, 0.0, 0.8],
        projection: Projection::Perspective { left: 1.0, right: 0.75, up: 0.5, down: 0.25 },
    };
    [pose, Pose { projection: Projection::orthographic(200.0, 1.5), ..pose }]
}

fn golden(name: &str, bytes: &[u8]) {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, bytes).unwrap();
    }
    let kept =
        std::fs::read(&file).unwrap_or_else(|error| panic!("{name}: {error}; UPDATE_GOLDEN=1 writes it"));
    assert_eq!(
        String::from_utf8_lossy(&kept),
        String::from_utf8_lossy(bytes),
        "{name}: the bytes of a message have changed"
    );
}

/// The golden file holds the JSON and a line end; on the wire its length stands before it.
fn golden_control<M: ControlMessage + PartialEq + std::fmt::Debug>(name: &str, message: &M) {
    let bytes = encode_control(message).unwrap();
    let (length, json) = bytes.split_at(4);
    assert_eq!(length, (json.len() as u32).to_le_bytes());
    golden(name, &[json, b"\n"].concat());
    let mut buffer = ControlBuffer::new();
    // byte by byte: whole messages come out whatever the cuts
    for byte in &bytes[..bytes.len() - 1] {
        buffer.push(std::slice::from_ref(byte));
        assert_eq!(buffer.next_message::<M>().unwrap(), None);
    }
    buffer.push(&bytes[bytes.len() - 1..]);
    assert_eq!(buffer.next_message::<M>().unwrap().as_ref(), Some(message));
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let lines: Vec<String> = bytes
        .chunks(16)
        .map(|line| line.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" "))
        .collect();
    (lines.join("\n") + "\n").into_bytes()
}

#[test]
fn control_messages_have_these_bytes() {
    for message in to_edge() {
        golden_control(&format!("to_edge.{}.json", name_to_edge(&message)), &message);
    }
    for message in to_client() {
        golden_control(&format!("to_client.{}.json", name_to_client(&message)), &message);
    }
}

#[test]
fn packed_headers_have_these_bytes() {
    golden("brick_record.hex", &hex(&brick().encode()));
    assert_eq!(BrickRecord::decode(&brick().encode()).unwrap(), brick());
    golden("frame_header.hex", &hex(&frame().encode()));
    assert_eq!(FrameHeader::decode(&frame().encode()).unwrap(), frame());
    golden("shard_header.hex", &hex(&shard().encode()));
    assert_eq!(ShardHeader::decode(&shard_datagram()).unwrap(), shard());
    golden("frame_times.hex", &hex(&times().encode()));
    assert_eq!(FrameTimes::decode(&times().encode()).unwrap(), times());
    for (pose, name) in poses().into_iter().zip(["pose_perspective.hex", "pose_orthographic.hex"]) {
        golden(name, &hex(&pose.encode()));
        assert_eq!(Pose::decode(&pose.encode()).unwrap(), pose);
        const { assert!(Pose::LEN <= 120, "a pose fits a small datagram") };
    }
}

#[test]
fn no_golden_file_is_left_over() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let files = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(files, to_edge().len() + to_client().len() + 6);
}

/// Fields may be added later and absent ones take their default, so that old and new peers meet.
#[test]
fn unknown_and_absent_fields_and_messages_are_tolerated() {
    fn tolerant<M: ControlMessage>(message: &M) {
        let serde_json::Value::Object(fields) = serde_json::to_value(message).unwrap() else {
            panic!("an object")
        };
        let mut more = fields.clone();
        more.insert("a_field_of_tomorrow".into(), serde_json::json!([1, {"x": null}]));
        serde_json::from_value::<M>(more.into()).unwrap();
        for absent in fields.keys().filter(|key| *key != "type") {
            let mut fewer = fields.clone();
            fewer.remove(absent);
            serde_json::from_value::<M>(fewer.into())
                .unwrap_or_else(|error| panic!("without {absent}: {error}"));
        }
    }
    to_edge().iter().for_each(tolerant);
    to_client().iter().for_each(tolerant);
    let unknown = serde_json::json!({"type": "hologram", "beam": 3});
    assert_eq!(serde_json::from_value::<ToEdge>(unknown.clone()).unwrap(), ToEdge::Unknown);
    assert_eq!(serde_json::from_value::<ToClient>(unknown).unwrap(), ToClient::Unknown);
    let code: RefusalCode = serde_json::from_str("\"of_tomorrow\"").unwrap();
    assert_eq!(code, RefusalCode::Other);
}
