//! Every bit comes back.

use meshing_codec::{EncodeError, Transform, encode, voxel_hash};
use meshing_phantom::{Phantom, Sampling};
use meshing_space::Transform as Map;
use meshing_volume::{CancelFlag, Cancelled, Silent, Volume, Voxels};
use proptest::prelude::*;

use super::{coded, decoded, scene, scrambled, volume};

fn returns(volume: &Volume) {
    let back = decoded(&coded(volume));
    assert_eq!(back.voxel_bytes(), volume.voxel_bytes(), "bits differ");
    assert_eq!(back.grid().size(), volume.grid().size(), "size");
    assert_eq!(back.meta(), volume.meta(), "meta");
    assert!(back.grid().center().distance(volume.grid().center()) < 1e-9, "place");
}

#[test]
fn odd_sizes_and_lone_voxels() {
    for size in
        [[1, 1, 1], [1, 1, 70], [1, 70, 1], [130, 1, 1], [2, 3, 5], [64, 64, 64], [65, 66, 67], [63, 1, 129]]
    {
        let n = size.iter().product();
        returns(&volume(size, Voxels::I16((0..n).map(|i| scrambled(i) as i16 >> 4).collect())));
        returns(&scene(size));
    }
}

#[test]
fn extremes_of_sixteen_bits() {
    let size = [37, 21, 19];
    let n = 37 * 21 * 19;
    let both = |i: usize| if scrambled(i) & 1 == 0 { i16::MIN } else { i16::MAX };
    returns(&volume(size, Voxels::I16((0..n).map(both).collect())));
    let checkers = |i: usize| if (i % 37 + i / 37).is_multiple_of(2) { i16::MIN } else { i16::MAX };
    returns(&volume(size, Voxels::I16((0..n).map(checkers).collect())));
    returns(&volume(size, Voxels::I16(vec![i16::MIN; n])));
    returns(&volume(size, Voxels::I16((0..n).map(|i| scrambled(i) as i16).collect())));
}

#[test]
fn floats_keep_every_bit() {
    let size = [33, 18, 20];
    let n = 33 * 18 * 20;
    returns(&volume(size, Voxels::F32((0..n).map(|i| f32::from_bits(scrambled(i))).collect())));
    let special = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -0.0, 0.0, f32::MIN_POSITIVE / 2.0, f32::MAX];
    returns(&volume(size, Voxels::F32((0..n).map(|i| special[i % 7]).collect())));
    let smooth = volume(size, Voxels::F32((0..n).map(|i| (i % 33) as f32 * 0.37 - 3.0).collect()));
    assert_eq!(coded(&smooth).header.transform, Transform::OrderedFloats);
    returns(&smooth);
}

#[test]
fn whole_floats_are_coded_as_integers_but_minus_zero_is_not_one() {
    let whole = volume([8, 8, 8], Voxels::F32((0..512).map(|i| i as f32 - 200.0).collect()));
    assert_eq!(coded(&whole).header.transform, Transform::Integers);
    returns(&whole);
    let mut values = vec![1.0; 512];
    values[77] = -0.0;
    let signed = volume([8, 8, 8], Voxels::F32(values));
    assert_eq!(coded(&signed).header.transform, Transform::OrderedFloats);
    returns(&signed);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn any_small_volume(
        size in prop::array::uniform3(1_usize..14),
        seed in any::<u16>(),
        shift in 0_u32..16,
        float in any::<bool>(),
    ) {
        let n = size.iter().product::<usize>();
        let at = |i: usize| scrambled(i + usize::from(seed) * 5000);
        let voxels = if float {
            Voxels::F32((0..n).map(|i| f32::from_bits(at(i) >> shift)).collect())
        } else {
            Voxels::I16((0..n).map(|i| at(i) as i16 >> shift).collect())
        };
        returns(&volume(size, voxels));
    }
}

#[test]
fn a_noisy_phantom_is_small_and_its_quarter_extent_smaller() {
    let phantom = Phantom::torso();
    let grid = phantom.grid([2.0; 3], Map::identity());
    let sampling = Sampling { noise_hu: 12.0, seed: 1, ..Sampling::default() };
    let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("not cancelled");
    let encoded = coded(&volume);
    let raw = volume.voxel_bytes().len() as f64;
    let total = encoded.header.bytes_up_to(0) as f64;
    let quarter = encoded.header.bytes_up_to(2) as f64;
    assert_eq!(total as usize, encoded.chunks.iter().map(|chunk| chunk.bytes.len()).sum::<usize>());
    assert!(raw / total > 2.4, "ratio {}", raw / total);
    assert!(quarter / total < 0.08, "a quarter of the extent costs {}", quarter / total);
    assert_eq!(decoded(&encoded), volume);
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let volume = scene([150, 70, 66]);
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("pool");
        pool.install(|| coded(&volume))
    };
    assert_eq!(on(1), on(3));
}

#[test]
fn the_hash_is_plain_blake3_of_the_voxels() {
    let volume = scene([40, 30, 20]);
    assert_eq!(voxel_hash(&volume), *blake3::hash(&volume.voxel_bytes()).as_bytes());
    assert_eq!(coded(&volume).header.voxel_hash, voxel_hash(&volume));
}

#[test]
fn a_cancelled_encode_stops() {
    let flag = CancelFlag::default();
    flag.cancel();
    assert_eq!(encode(&scene([9, 9, 9]), &flag), Err(EncodeError::Cancelled(Cancelled)));
}
