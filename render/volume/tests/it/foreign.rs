//! Files of other programs, broken in a thousand ways: refused or read, never a panic nor a look that cannot be drawn.

use render_volume::import::{self, Imported};
use render_volume::presets::{self, Preset};

const SEEDS: [&str; 5] = [
    "1\n1\n0.9\n0.1\n0.2\n10\n4 100 0 400 0.8\n4 0 1 255 0.5\n8 100 0.6 0.1 0 400 1 1 0.9\n",
    "<MRML><VolumeProperty name=\"a\" shade=\"1\" scalarOpacity=\"4 100 0 400 0.8\" gradientOpacity=\"4 0 1 255 1\" colorTransfer=\"8 100 0.6 0.1 0 400 1 1 0.9\"/></MRML>",
    r#"{"volumeProperties":[{"components":[{"shade":true,"rgbTransferFunction":{"points":[{"x":0.0,"color":[0,0,0]},{"x":220.0,"color":[1,1,1]}]},"scalarOpacityUnitDistance":2.0,"scalarOpacity":{"points":[{"x":0.0,"y":0.0},{"x":220.0,"y":0.75}]}}]}]}"#,
    r#"[{"Name":"Bone","RGBPoints":[100,1,0,0,300,1,1,1],"Points":[100,0,0.5,0,300,0.5,0.5,0]}]"#,
    "3\n0 0 0 0\n1 0.5 0 0.3\n1 1 1 0.9\n",
];

fn sound(look: &Imported) {
    let points = look.look.transfer.points();
    assert!(points.len() >= 2 && points.len() <= 16 * import::MAX_POINTS);
    for p in points {
        assert!(p.value.is_finite() && (0.0..=1.0).contains(&p.opacity_per_mm), "{p:?}");
        assert!(p.colour.iter().all(|c| (0.0..=1.0).contains(c)), "{p:?}");
    }
    assert!(look.look.window.width.is_finite() && look.look.shading.shininess >= 1.0);
}

fn try_all(bytes: &[u8]) {
    import::vp(bytes).iter().for_each(sound);
    import::one_dt(bytes, [-1000.0, 3000.0], 0.7).iter().for_each(sound);
    import::mrml(bytes).iter().flatten().flatten().for_each(sound);
    import::vp_json(bytes).iter().flatten().for_each(sound);
    import::paraview(bytes, None).iter().flatten().for_each(sound);
    import::paraview(bytes, Some([0.0, 50.0])).iter().flatten().for_each(sound);
    drop(Preset::read("own", bytes));
}

#[test]
fn a_thousand_broken_files_are_refused_or_read_without_a_panic() {
    let preset = presets::list()[0].to_toml().unwrap();
    let seeds: Vec<&[u8]> = SEEDS.iter().map(|s| s.as_bytes()).chain([preset.as_bytes()]).collect();
    for seed in &seeds {
        try_all(seed);
    }
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    for round in 0..1000 {
        let mut bytes = seeds[round % seeds.len()].to_vec();
        for _ in 0..=random(4) {
            let (at, from) = (random(bytes.len()), random(bytes.len()));
            match random(5) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, b"0123456789.-e<>{}[]\",\n"[random(22)]),
                2 => bytes.extend_from_within(from.min(at)..at.max(from)),
                3 => bytes.splice(at..at, *b" 1e308 ").for_each(drop),
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = random(256) as u8;
                    }
                }
            }
        }
        try_all(&bytes);
    }
}
