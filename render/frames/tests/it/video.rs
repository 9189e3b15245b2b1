use image::{Rgba, RgbaImage};
use render_frames::{
    Ask, Decoded, H264Decoder, H264Encoder, VideoDecoder as _, VideoEncoder as _, VideoError,
};

/// A ball with a grain, lit from the side, before a dark ground: a rendered scan in little.
pub(crate) fn ball(size: [u32; 2], moved: f64) -> RgbaImage {
    let [w, h] = size.map(f64::from);
    RgbaImage::from_fn(size[0], size[1], |x, y| {
        let (dx, dy) = ((f64::from(x) - w / 2.0 - moved) / h, (f64::from(y) - h / 2.0) / h);
        let inside = 0.16 - dx * dx - dy * dy;
        if inside < 0.0 {
            return Rgba([8, 8, 12, 255]);
        }
        let light = 0.25 + 0.75 * (inside.sqrt() * 1.6 + dx * 0.8).clamp(0.0, 1.0);
        let grain = 1.0 + 0.06 * ((dx * 90.0).sin() * (dy * 70.0).cos());
        Rgba(
            [235.0, 205.0, 165.0, 255.0]
                .map(|c| if c == 255.0 { 255 } else { (c * light * grain).min(255.0) as u8 }),
        )
    })
}

/// Over red, green and blue, dB.
fn psnr(a: &RgbaImage, b: &RgbaImage) -> f64 {
    assert_eq!(a.dimensions(), b.dimensions(), "pictures of one size");
    let squares = a
        .pixels()
        .zip(b.pixels())
        .flat_map(|(p, q)| (0..3).map(move |n| f64::from(p[n].abs_diff(q[n])).powi(2)));
    let mean = squares.sum::<f64>() / (f64::from(a.width()) * f64::from(a.height()) * 3.0);
    10.0 * (255.0 * 255.0 / mean.max(1e-9)).log10()
}

fn decode(decoder: &mut H264Decoder, slices: &[Vec<u8>]) -> Result<Decoded, VideoError> {
    decoder.decode(&slices.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

const SIZE: [u32; 2] = [321, 243];

#[test]
fn pictures_come_back_better_the_finer_the_quantiser() {
    let mut before = f64::INFINITY;
    let mut bytes_before = usize::MAX;
    for (qp, at_least) in [(18, 41.0), (26, 36.0), (36, 30.0)] {
        let (mut encoder, mut decoder) = (H264Encoder::new(0, 4), H264Decoder::new(0, [400, 300]));
        let (mut bytes, mut worst) = (0, f64::INFINITY);
        for n in 0..8 {
            let picture = ball(SIZE, f64::from(n) * 2.0);
            let unit = encoder.encode(&picture, Ask { qp, key: false }).unwrap();
            assert_eq!((unit.sequence, unit.is_key, unit.qp, unit.slices.len()), (n, n == 0, qp, 4));
            let decoded = decode(&mut decoder, &unit.slices).unwrap();
            assert_eq!((decoded.sequence, decoded.is_key), (n, n == 0));
            bytes += unit.bytes();
            worst = psnr(&picture, &decoded.picture).min(worst);
        }
        assert!(
            worst > at_least && worst < before && bytes < bytes_before,
            "{qp}: {worst:.1} dB, {bytes} bytes"
        );
        (before, bytes_before) = (worst, bytes);
    }
}

#[test]
fn what_the_encoder_saw_is_what_the_decoder_shows_after_many_pictures() {
    // errors would add up if the two drifted apart
    let (mut encoder, mut decoder) = (H264Encoder::new(1, 2), H264Decoder::new(1, SIZE));
    let mut last = 0.0;
    for n in 0..60 {
        let picture = ball(SIZE, 20.0 * (f64::from(n) * 0.2).sin());
        let unit = encoder.encode(&picture, Ask { qp: 24, key: false }).unwrap();
        last = psnr(&picture, &decode(&mut decoder, &unit.slices).unwrap().picture);
    }
    assert!(last > 36.0, "{last:.1} dB");
}

#[test]
fn a_lost_slice_is_refused_until_a_key_frame_comes() {
    let (mut encoder, mut decoder) = (H264Encoder::new(0, 4), H264Decoder::new(0, SIZE));
    let mut unit =
        |n: u32, key: bool| encoder.encode(&ball(SIZE, f64::from(n)), Ask { qp: 28, key }).unwrap();
    assert!(decoder.needs_key());
    decode(&mut decoder, &unit(0, false).slices).unwrap();
    let part = unit(1, false);
    assert_eq!(decode(&mut decoder, &part.slices[..3]), Err(VideoError::Lost { sequence: 1 }));
    assert!(decoder.needs_key());
    // late, it is of no use any more: the next leans on it and all are refused
    for n in 2..5 {
        assert_eq!(decode(&mut decoder, &unit(n, false).slices), Err(VideoError::Lost { sequence: n }));
    }
    assert!(decode(&mut decoder, &unit(5, true).slices).unwrap().is_key);
    assert!(!decoder.needs_key());
    decode(&mut decoder, &unit(6, false).slices).unwrap();
    // a whole picture that never comes is found by the one after it
    let _lost = unit(7, false);
    assert_eq!(decode(&mut decoder, &unit(8, false).slices), Err(VideoError::Lost { sequence: 8 }));
    decode(&mut decoder, &unit(9, true).slices).unwrap();
}

#[test]
fn order_within_a_picture_is_free_and_old_pictures_are_left_out() {
    let (mut encoder, mut decoder) = (H264Encoder::new(0, 4), H264Decoder::new(0, SIZE));
    let first = encoder.encode(&ball(SIZE, 0.0), Ask { qp: 28, key: false }).unwrap();
    let second = encoder.encode(&ball(SIZE, 1.0), Ask { qp: 28, key: false }).unwrap();
    let turned: Vec<Vec<u8>> = first.slices.iter().rev().cloned().collect();
    decode(&mut decoder, &turned).unwrap();
    assert_eq!(decode(&mut decoder, &first.slices), Err(VideoError::Stale { sequence: 0 }));
    assert!(!decoder.needs_key(), "a replayed picture changes nothing");
    decode(&mut decoder, &second.slices).unwrap();
    let mixed = [first.slices[0].clone(), second.slices[1].clone()];
    assert!(matches!(decode(&mut decoder, &mixed), Err(VideoError::Malformed(_))));
    let mut other = H264Decoder::new(1, SIZE);
    assert!(matches!(decode(&mut other, &first.slices), Err(VideoError::Malformed(_))), "the other eye's");
}

#[test]
fn another_quantiser_or_size_begins_with_a_key_frame() {
    let (mut encoder, mut decoder) = (H264Encoder::new(0, 2), H264Decoder::new(0, [640, 480]));
    for (n, (size, qp, is_key)) in [
        (SIZE, 28, true),
        (SIZE, 28, false),
        (SIZE, 24, true),
        ([160, 120], 24, true),
        ([160, 120], 24, false),
    ]
    .into_iter()
    .enumerate()
    {
        let unit = encoder.encode(&ball(size, n as f64), Ask { qp, key: false }).unwrap();
        assert_eq!(unit.is_key, is_key, "{n}");
        let picture = decode(&mut decoder, &unit.slices).unwrap().picture;
        assert_eq!([picture.width(), picture.height()], size);
    }
    let large = encoder.encode(&ball([642, 480], 0.0), Ask { qp: 40, key: false }).unwrap();
    assert_eq!(
        decode(&mut decoder, &large.slices),
        Err(VideoError::Malformed("a larger picture than was agreed on"))
    );
}

#[test]
fn sizes_out_of_bounds_are_refused_in_both_languages() {
    use meshing_volume::Told as _;
    for size in [[15, 100], [100, 15], [3841, 16], [16, 2161]] {
        let error =
            H264Encoder::new(0, 4).encode(&RgbaImage::new(size[0], size[1]), Ask { qp: 30, key: false });
        let error = error.unwrap_err();
        assert!(matches!(error, VideoError::Size { .. }) && error.chinese().contains("像素"));
    }
    let unit = H264Encoder::new(0, 8).encode(&ball([16, 16], 0.0), Ask { qp: 0, key: true }).unwrap();
    assert_eq!((unit.slices.len(), unit.qp), (1, 12));
}
