//! What is shown before everything is there.

use meshing_codec::{AddError, Decoder, FinishError, LEVELS};
use meshing_volume::Voxels;

use super::{coded, decoded, scene, scrambled, volume};

#[test]
fn chunks_come_coarse_to_fine_and_the_table_says_so() {
    let encoded = coded(&scene([130, 70, 40]));
    let levels: Vec<u8> = encoded.chunks.iter().map(|chunk| chunk.level).collect();
    assert!(levels.windows(2).all(|pair| pair[0] >= pair[1]));
    assert_eq!((levels[0], levels[levels.len() - 1], encoded.header.bricks), (LEVELS - 1, 0, [3, 2, 1]));
    for (chunk, entry) in encoded.chunks.iter().zip(&encoded.header.chunks) {
        assert_eq!(
            (chunk.level, chunk.brick, chunk.bytes.len() as u32),
            (entry.level, entry.brick, entry.len)
        );
        assert_eq!(blake3::hash(&chunk.bytes).as_bytes(), &entry.hash);
    }
}

#[test]
fn any_order_gives_the_same_volume() {
    let original = scene([100, 70, 40]);
    let encoded = coded(&original);
    let mut order: Vec<usize> = (0..encoded.chunks.len()).collect();
    order.sort_by_key(|&n| scrambled(n));
    let mut decoder = Decoder::new(encoded.header.clone()).expect("header");
    for (given, &n) in order.iter().enumerate() {
        assert!(!decoder.complete(0), "not before all {} chunks are there, at {given}", order.len());
        let chunk = &encoded.chunks[n];
        assert!(!decoder.has(chunk.level, chunk.brick));
        decoder.add(chunk.level, chunk.brick, &chunk.bytes).expect("chunk");
        decoder.add(chunk.level, chunk.brick, &chunk.bytes).expect("the same chunk again changes nothing");
        assert!(decoder.has(chunk.level, chunk.brick));
        let view = decoder.volume(1);
        assert_eq!(view.grid().size(), [50, 35, 20]);
    }
    assert_eq!(decoder.progress(0), 1.0);
    assert_eq!(decoder.finish().expect("complete"), original);
}

#[test]
fn each_level_is_the_volume_at_wider_spacing() {
    let original = scene([100, 70, 40]);
    let encoded = coded(&original);
    let mut decoder = Decoder::new(encoded.header.clone()).expect("header");
    for chunk in &encoded.chunks {
        decoder.add(chunk.level, chunk.brick, &chunk.bytes).expect("chunk");
    }
    for level in 0..LEVELS {
        assert!(decoder.complete(level));
        let view = decoder.volume(level);
        assert_eq!(view.grid().origin(), original.grid().origin());
        let step = 1_usize << level;
        assert_eq!(view.grid().spacing_mm(), original.grid().spacing_mm().map(|mm| mm * step as f64));
        let (mut difference, mut count) = (0.0, 0.0);
        let [ni, nj, nk] = view.grid().size();
        for (k, j, i) in (0..nk).flat_map(|k| (0..nj).flat_map(move |j| (0..ni).map(move |i| (k, j, i)))) {
            difference += f64::from(view.value(i, j, k) - original.value(i * step, j * step, k * step)).abs();
            count += 1.0;
        }
        // A shift by one coarse voxel, or any other misplacement, would show the ball's edge of several hundred.
        assert!(difference / count < 25.0, "level {level}: {}", difference / count);
    }
}

#[test]
fn levels_of_floats_are_values_of_the_volume() {
    let size = [70, 20, 9];
    let n = 70 * 20 * 9;
    let original =
        volume(size, Voxels::F32((0..n).map(|i| (scrambled(i) % 1000) as f32 * 0.1 - 3.0).collect()));
    let encoded = coded(&original);
    let mut decoder = Decoder::new(encoded.header.clone()).expect("header");
    for chunk in &encoded.chunks {
        decoder.add(chunk.level, chunk.brick, &chunk.bytes).expect("chunk");
    }
    let view = decoder.volume(2);
    for (i, j, k) in [(0, 0, 0), (17, 4, 2), (16, 3, 1)] {
        assert_eq!(view.value(i, j, k).to_bits(), original.value(4 * i, 4 * j, 4 * k).to_bits());
    }
}

#[test]
fn missing_bricks_repeat_the_coarser_level() {
    let original = scene([128, 64, 64]);
    let encoded = coded(&original);
    let mut decoder = Decoder::new(encoded.header.clone()).expect("header");
    assert_eq!(decoder.volume(0).range(), (encoded.header.range[0], encoded.header.range[0]));
    for chunk in encoded.chunks.iter().filter(|chunk| chunk.level >= 2 || chunk.brick == 1) {
        decoder.add(chunk.level, chunk.brick, &chunk.bytes).expect("chunk");
    }
    assert!(decoder.complete(2) && !decoder.complete(1) && !decoder.complete(0));
    assert!(decoder.progress(2) == 1.0 && decoder.progress(0) > 0.3 && decoder.progress(0) < 0.7);
    let (full, quarter) = (decoder.volume(0), decoder.volume(2));
    for (i, j, k) in [(3, 5, 7), (62, 63, 1), (20, 40, 60)] {
        assert_eq!(full.value(i, j, k), quarter.value(i / 4, j / 4, k / 4), "repeated");
        assert_eq!(full.value(i + 64, j, k), original.value(i + 64, j, k), "exact");
    }
    assert_eq!(decoder.finish(), Err(FinishError::Incomplete { missing: 1 }));
}

#[test]
fn a_wrong_chunk_is_refused_and_the_right_one_still_taken() {
    let original = scene([70, 20, 20]);
    let encoded = coded(&original);
    let mut decoder = Decoder::new(encoded.header.clone()).expect("header");
    let first = &encoded.chunks[0];
    let mut damaged = first.bytes.clone();
    damaged[5] ^= 1;
    let (level, brick) = (first.level, first.brick);
    assert_eq!(decoder.add(level, brick, &damaged), Err(AddError::Mismatch { level, brick }));
    assert_eq!(decoder.add(level, brick, &first.bytes[1..]), Err(AddError::Mismatch { level, brick }));
    assert_eq!(decoder.add(9, 0, &[]), Err(AddError::Unknown { level: 9, brick: 0 }));
    assert_eq!(decoder.add(0, 2, &[]), Err(AddError::Unknown { level: 0, brick: 2 }));
    let mut all: Vec<(u8, u32, &[u8])> =
        encoded.chunks.iter().map(|c| (c.level, c.brick, &c.bytes[..])).collect();
    all.push((level, brick, &damaged));
    assert_eq!(decoder.add_many(&all), Err(AddError::Mismatch { level, brick }));
    assert_eq!(decoder.finish().expect("all others were taken"), original);
}

#[test]
fn a_volume_that_is_not_the_encoded_one_is_not_finished() {
    let encoded = coded(&scene([20, 20, 20]));
    assert_eq!(decoded(&encoded), scene([20, 20, 20]));
    let mut header = encoded.header.clone();
    header.voxel_hash[0] ^= 1;
    let mut decoder = Decoder::new(header).expect("header");
    for chunk in &encoded.chunks {
        decoder.add(chunk.level, chunk.brick, &chunk.bytes).expect("chunk");
    }
    assert_eq!(decoder.finish(), Err(FinishError::Hash));
}
