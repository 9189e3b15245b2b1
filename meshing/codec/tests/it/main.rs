//! The codec from outside: exactness, progress, hostile input, a frozen format.

mod golden;
mod hostile;
mod progressive;
mod round_trip;

use meshing_codec::{Decoder, Encoded, encode};
use meshing_space::{Point, Vector};
use meshing_volume::{Grid, Silent, Volume, VolumeMeta, Voxels};

/// An oblique, left-handed grid: nothing about it may be lost.
fn grid(size: [usize; 3]) -> Grid {
    let (sin, cos) = 0.4_f64.sin_cos();
    let axes = [Vector::new(cos, sin, 0.0), Vector::new(-sin, cos, 0.0), Vector::new(0.0, 0.0, -1.0)];
    Grid::new(size, Point::new(-12.5, 30.25, 1000.125), axes, [0.7, 0.8, 2.5]).expect("grid")
}

fn volume(size: [usize; 3], voxels: Voxels) -> Volume {
    let meta = VolumeMeta {
        modality: "CT".to_owned(),
        unit: "HU".to_owned(),
        frame_of_reference: "1.2.3".to_owned(),
    };
    Volume::new(grid(size), voxels, meta).expect("volume")
}

/// Scrambled but always the same numbers, from integers only.
fn scrambled(index: usize) -> u32 {
    let mut z = (index as u32).wrapping_add(0x9E37_79B9).wrapping_mul(0x85EB_CA6B);
    z = (z ^ (z >> 13)).wrapping_mul(0xC2B2_AE35);
    z ^ (z >> 16)
}

/// A smooth scene with edges and noise, from integers only.
fn scene(size: [usize; 3]) -> Volume {
    let mut values = Vec::with_capacity(size.iter().product());
    for k in 0..size[2] as i32 {
        for j in 0..size[1] as i32 {
            for i in 0..size[0] as i32 {
                let far = (i - 30) * (i - 30) + (j - 25) * (j - 25) + (k - 20) * (k - 20);
                let base = if far < 400 { 700 - far } else { 40 + i - j };
                values.push((base + (scrambled(values.len()) % 21) as i32 - 10) as i16);
            }
        }
    }
    volume(size, Voxels::I16(values))
}

fn decoded(encoded: &Encoded) -> Volume {
    let mut decoder = Decoder::new(encoded.header.clone()).expect("header");
    let chunks: Vec<(u8, u32, &[u8])> =
        encoded.chunks.iter().map(|chunk| (chunk.level, chunk.brick, &chunk.bytes[..])).collect();
    decoder.add_many(&chunks).expect("chunks");
    decoder.finish().expect("complete")
}

fn coded(volume: &Volume) -> Encoded {
    encode(volume, &Silent).expect("not cancelled")
}
