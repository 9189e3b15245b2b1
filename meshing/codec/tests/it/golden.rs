//! The format cannot change silently: what old programs wrote must be what new programs write and read.

use meshing_codec::{Encoded, Header, VERSION};
use meshing_volume::Voxels;

use super::{coded, scene, scrambled, volume};

fn fingerprint(encoded: &Encoded) -> String {
    let mut hasher = blake3::Hasher::new();
    for chunk in &encoded.chunks {
        hasher.update(&chunk.bytes);
    }
    // The grid's floats come from sines, whose last digit differs between machines: everything behind it.
    let mut header = encoded.header.clone();
    header.grid = meshing_volume::Grid::axis_aligned(
        header.grid.size(),
        meshing_space::Point::new(1.0, 2.0, 3.0),
        [0.5, 0.5, 1.25],
    )
    .expect("grid");
    hasher.update(&header.to_bytes());
    hasher.finalize().to_hex().to_string()
}

#[test]
fn version_1_writes_these_bytes() {
    assert_eq!(VERSION, 1);
    let integers = fingerprint(&coded(&scene([70, 40, 33])));
    let floats = (0..20 * 11 * 9).map(|i| f32::from_bits(0x3F80_0000 + (scrambled(i) >> 14))).collect();
    let floats = fingerprint(&coded(&volume([20, 11, 9], Voxels::F32(floats))));
    assert_eq!(
        (integers.as_str(), floats.as_str()),
        (INTEGERS, FLOATS),
        "the format changed: raise VERSION, keep reading version 1, and say so in docs/brick-codec.md"
    );
}

const INTEGERS: &str = "b4ed9d6c66ed0157fee065ddfcac32d0ec9085b1e79323d21021759e64ded53e";
const FLOATS: &str = "402f8936ec3a4b630a562c7a62fe3f1d2b0ab1110949b9ff73310938ffbb9bd9";

#[test]
fn another_version_is_refused_by_name() {
    let mut bytes = coded(&scene([9, 9, 9])).header.to_bytes();
    bytes[4] = 2;
    let refused = Header::from_bytes(&bytes).expect_err("version 2");
    assert_eq!(refused.to_string(), "the volume is coded in format version 2, this program reads version 1");
}
