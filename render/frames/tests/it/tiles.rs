//! The renderer and the edge hash tiles alike: else no viewer could verify what the other drew.

use image::{Rgba, RgbaImage};
use render_frames::{Identity, Manifest, SceneHash};

#[test]
fn tiles_have_the_hashes_that_the_renderer_gives_them() {
    // neither edge is a multiple of 64
    let mut picture = RgbaImage::from_fn(203, 130, |x, y| Rgba([x as u8, y as u8, (x * y) as u8, 255]));
    let identity = Identity { frame: 7, scene: SceneHash::of(1, b"a scene") };
    let of_renderer = |picture: &RgbaImage| -> Vec<[u8; 32]> {
        render_volume::tiles(picture, 64).into_iter().map(|tile| tile.hash).collect()
    };
    let hashes = Manifest::new(identity, true, &picture).unwrap().hashes;
    assert_eq!(hashes, of_renderer(&picture));
    picture.put_pixel(202, 129, Rgba([0, 0, 0, 254]));
    let changed = of_renderer(&picture);
    let differ = hashes.iter().zip(&changed).filter(|(a, b)| a != b).count();
    assert_eq!(differ, 1, "one byte of the last tile was changed");
}
