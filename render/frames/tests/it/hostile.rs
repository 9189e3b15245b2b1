use image::RgbaImage;
use render_frames::{
    Ask, DepthPlane, FidelityMachine, H264Decoder, H264Encoder, Identity, Manifest, Rings, SceneHash,
    TileSender, VideoDecoder as _, VideoEncoder as _,
};

use crate::video::ball;

const SIZE: [u32; 2] = [160, 128];

/// Numbers that are the same each run.
struct Dice(u32);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as usize % n
    }

    /// Bits turned, bytes cut out, put in, or moved.
    fn spoil(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(6) {
            if bytes.is_empty() {
                return;
            }
            let at = self.below(bytes.len());
            match self.below(5) {
                0 => bytes[at] = self.0 as u8,
                1 => bytes[at] ^= 1 << (self.0 % 8),
                2 => bytes.truncate(at),
                3 => {
                    let end = (at + 1 + self.below(20)).min(bytes.len());
                    bytes.drain(at..end);
                }
                _ => {
                    let some = bytes[at..(at + 8).min(bytes.len())].to_vec();
                    bytes.splice(at..at, some);
                }
            }
        }
    }
}

/// A packet whose sum and length fit what was done to its stream, as a hostile sender makes it.
fn resealed(packet: &[u8], stream: &[u8]) -> Vec<u8> {
    let mut head = packet[..24].to_vec();
    head[20..24].copy_from_slice(&(stream.len() as u32).to_le_bytes());
    let mut hasher = blake3::Hasher::new();
    hasher.update(&head).update(stream);
    head.extend_from_slice(&hasher.finalize().as_bytes()[..8]);
    head.extend_from_slice(stream);
    head
}

#[test]
fn two_thousand_spoiled_streams_neither_crash_nor_show_another_size() {
    let mut encoder = H264Encoder::new(0, 2);
    let units: Vec<_> = (0..6)
        .map(|n| encoder.encode(&ball(SIZE, f64::from(n) * 3.0), Ask { qp: 30, key: n == 3 }).unwrap())
        .collect();
    let mut dice = Dice(1);
    let (mut shown, mut refused) = (0, 0);
    for _ in 0..400 {
        let mut decoder = H264Decoder::new(0, SIZE);
        for unit in &units {
            let slices: Vec<Vec<u8>> = unit
                .slices
                .iter()
                .map(|slice| {
                    let mut stream = slice[32..].to_vec();
                    if dice.below(3) == 0 {
                        dice.spoil(&mut stream);
                    }
                    resealed(slice, &stream)
                })
                .collect();
            let slices: Vec<&[u8]> = slices.iter().map(Vec::as_slice).collect();
            match decoder.decode(&slices) {
                Ok(decoded) => {
                    assert_eq!([decoded.picture.width(), decoded.picture.height()], SIZE);
                    shown += 1;
                }
                Err(_) => refused += 1,
            }
        }
    }
    assert!(shown > 100 && refused > 100, "{shown} shown, {refused} refused");
}

#[test]
fn spoiled_packets_tiles_lists_and_distances_are_errors() {
    let scene = SceneHash::of(1, b"s");
    let picture = ball(SIZE, 0.0);
    let identity = Identity { frame: 1, scene };
    let manifest = Manifest::new(identity, true, &picture).unwrap();
    let mut viewer = FidelityMachine::window();
    viewer.change(scene, SIZE, render_frames::Change::Camera);
    viewer.manifest(&manifest.to_bytes()).unwrap();
    let batches = TileSender::new().pack(&picture, &manifest, &[0, 1, 2, 3, 4, 5]).unwrap();
    let depths = DepthPlane::new(SIZE, [10.0, 1000.0], &vec![50.0; 160 * 128]).unwrap().to_bytes().unwrap();
    let unit = H264Encoder::new(0, 1).encode(&picture, Ask { qp: 30, key: true }).unwrap();
    let rings = Rings::new([640, 480], [320, 240], [0.4, 0.7]).unwrap().to_bytes();
    let mut dice = Dice(2);
    for _ in 0..2000 {
        let mut packet = unit.slices[0].clone();
        dice.spoil(&mut packet);
        if packet != unit.slices[0] {
            assert!(H264Decoder::new(0, SIZE).decode(&[&packet]).is_err(), "a sum guards every byte");
        }
        let mut list = manifest.to_bytes();
        dice.spoil(&mut list);
        if let Ok(read) = Manifest::from_bytes(&list) {
            assert_eq!(read.hashes.len(), read.grid.tiles());
        }
        let mut batch = batches[0].clone();
        dice.spoil(&mut batch);
        if let Ok(taken) = viewer.tiles(&batch) {
            assert!(taken.verified <= 6);
        }
        let mut bytes = depths.clone();
        dice.spoil(&mut bytes);
        if let Ok(plane) = DepthPlane::from_bytes(&bytes, SIZE) {
            assert_eq!(plane.codes().len(), 40 * 32);
        }
        let mut numbers = rings;
        numbers[dice.below(20)] = dice.0 as u8;
        if let Some(rings) = Rings::from_bytes(&numbers) {
            let [w, h] = rings.packed_size();
            assert!(u64::from(w) * u64::from(h) < 1 << 28);
        }
    }
    // spoiled tiles have put nothing wrong where right ones were
    for batch in &batches {
        viewer.tiles(batch).unwrap();
    }
    assert!(viewer.exact() == Some(&picture));
}

#[test]
fn a_list_of_a_huge_picture_costs_nothing() {
    let mut bytes =
        Manifest::new(Identity { frame: 1, scene: SceneHash([7; 32]) }, true, &RgbaImage::new(64, 64))
            .unwrap()
            .to_bytes();
    bytes[4..8].copy_from_slice(&[0xff; 4]);
    assert!(Manifest::from_bytes(&bytes).is_err());
    bytes[4..8].copy_from_slice(&[0, 32, 0, 32]);
    assert!(Manifest::from_bytes(&bytes).is_err());
}
