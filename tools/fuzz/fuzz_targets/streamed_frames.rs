//! Everything that a viewer reads of pictures: slices of video down to the decoder, lists of hashes, tiles, rings, distances.
#![no_main]

use libfuzzer_sys::fuzz_target;
use render_frames::{
    Change, DepthPlane, FidelityMachine, H264Decoder, Manifest, Rings, SceneHash, SliceHeader, VideoDecoder as _,
};

const SIZE: [u32; 2] = [160, 128];

fuzz_target!(|data: &[u8]| {
    let Some((&kind, data)) = data.split_first() else { return };
    match kind % 6 {
        0 => drop(H264Decoder::new(0, SIZE).decode(&[data])),
        // with a right sum, so that the codec sees the bytes
        1 => {
            let header = SliceHeader { view: 0, index: 0, count: 1, is_key: true, size: SIZE, qp: 30, sequence: 0 };
            drop(H264Decoder::new(0, SIZE).decode(&[&header.packet(data)]));
        }
        2 => drop(Manifest::from_bytes(data)),
        3 => {
            let scene = SceneHash([0; 32]);
            let mut viewer = FidelityMachine::window();
            viewer.change(scene, SIZE, Change::Camera);
            let identity = render_frames::Identity { frame: 0, scene };
            let black = image::RgbaImage::new(SIZE[0], SIZE[1]);
            let manifest = Manifest::new(identity, true, &black).expect("a size with tiles");
            viewer.manifest(&manifest.to_bytes()).expect("a list of ours");
            drop(viewer.tiles(data));
            assert!(viewer.exact().is_none_or(|exact| *exact == black));
        }
        4 => drop(DepthPlane::from_bytes(data, SIZE)),
        _ => {
            let Some(data) = data.first_chunk() else { return };
            if let Some(rings) = Rings::from_bytes(data) {
                assert!(rings.packed_size().iter().all(|n| *n < 32_768));
            }
        }
    }
});
