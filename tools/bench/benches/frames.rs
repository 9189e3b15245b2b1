//! Pictures on their way: video and exact tiles of rendered scans, in bytes, dB and milliseconds of one processor, and what rest to exact takes over
//! a link of 100 Mbit/s. `cargo bench --bench frames [-- PICTURE.png…]`, pictures of one size that follow one another; without them it draws the
//! shared chest CT, or a head of closed form where that is not there.

#![expect(clippy::print_stdout, reason = "a benchmark talks to a person")]

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use image::RgbaImage;
use meshing_volume::{Silent, Volume};
use render_frames::{
    Ask, BETTER_BY_QP, Change, DepthPlane, Fidelity, FidelityMachine, H264Decoder, H264Encoder, Identity,
    Manifest, REST_MS, Rings, SceneHash, TileSender, VideoDecoder as _, VideoEncoder as _,
};
use render_gpu::Gpu;
use render_volume::{Camera, Renderer, Scene, ViewFrom, VolumeItem, VolumeTexture, picture, presets, tiles};
use rustix::time::{ClockId, clock_gettime};

const FULL_HD: [u32; 2] = [1920, 1080];
/// Pictures of a sequence, the camera turned a degree from one to the next.
const SEQUENCE: usize = 12;
const ROUNDS: usize = 5;
const LINK_BITS_PER_S: f64 = 100e6;
const RTT_MS: f64 = 20.0;

fn main() -> anyhow::Result<()> {
    let given: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let read = |path: &String| anyhow::Ok(image::open(path).with_context(|| path.clone())?.to_rgba8());
    let sequences: Vec<(String, Vec<RgbaImage>)> = match given.first() {
        Some(name) => vec![(name.clone(), given.iter().map(read).collect::<Result<_, _>>()?)],
        None => drawn()?,
    };
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    println!("{} threads, load {}", rayon::current_num_threads(), load.trim());
    for (name, pictures) in &sequences {
        let first = &pictures[0];
        println!("{name}, {} × {}", first.width(), first.height());
        video(pictures)?;
        rings(first)?;
        exact(first)?;
    }
    depths()
}

/// A scan as bone and as skin, turning.
fn drawn() -> anyhow::Result<Vec<(String, Vec<RgbaImage>)>> {
    let volume = scan()?;
    let gpu = Gpu::headless()?;
    let mut renderer = Renderer::for_pictures(&gpu);
    let texture = VolumeTexture::upload(&gpu, &volume)?;
    let mut sequences = Vec::new();
    for (preset, size) in [("bone", FULL_HD), ("skin", FULL_HD), ("bone", [1280, 720])] {
        let look = presets::named(preset).context("a preset of ours")?.look_for(&volume);
        let scene = Scene {
            volumes: vec![VolumeItem::new(texture.clone(), look)],
            background: [0.0, 0.0, 0.0, 1.0],
            ..Scene::default()
        };
        let mut camera = Camera::looking_from(ViewFrom::Anterior, &volume.grid().bounds());
        camera.zoom(1.5);
        let mut pictures = Vec::new();
        for _ in 0..SEQUENCE {
            pictures.push(picture(&gpu, &mut renderer, size, &camera, &scene)?);
            camera.orbit(1_f64.to_radians(), 0.0);
        }
        sequences.push((preset.to_owned(), pictures));
    }
    Ok(sequences)
}

fn scan() -> anyhow::Result<Arc<Volume>> {
    let Some(folder) = tools_peers::data::archive("ct_chest_lidc0314") else {
        return Ok(tools_bench::scene::head(256));
    };
    let import = casebank_dicom::read_paths(&[folder], &Silent)?;
    let largest = import.volumes.into_iter().max_by_key(|read| read.volume.grid().len());
    Ok(Arc::new(largest.context("the shared chest CT holds a volume")?.volume))
}

/// Milliseconds that all threads of this process have computed.
fn cpu_ms() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Over luma and over red, green and blue, dB.
fn psnr(a: &RgbaImage, b: &RgbaImage) -> [f64; 2] {
    let (mut luma, mut colours) = (0.0, 0.0);
    for (p, q) in a.pixels().zip(b.pixels()) {
        let off = [0, 1, 2].map(|n| f64::from(p[n]) - f64::from(q[n]));
        luma += (0.2126 * off[0] + 0.7152 * off[1] + 0.0722 * off[2]).powi(2);
        colours += off.iter().map(|d| d * d).sum::<f64>() / 3.0;
    }
    [luma, colours].map(|sum| 10.0 * (65_025.0 / (sum / (a.pixels().len() as f64)).max(1e-9)).log10())
}

/// Bytes, quality and times of video at some quantisers.
fn video(pictures: &[RgbaImage]) -> anyhow::Result<()> {
    let size = [pictures[0].width(), pictures[0].height()];
    println!("  video   qp   key KB  next KB  Mbit/s@60  dB luma  dB RGB  encode ms  key ms  decode ms");
    for qp in [18, 24, 30, 36] {
        let (mut encoder, mut decoder) = (H264Encoder::new(0, 4), H264Decoder::new(0, size));
        let (mut key, mut key_ms) = (0, 0.0);
        let (mut bytes, mut encode, mut decode, mut quality) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        // one picture again and again would cost nothing
        for (n, shown) in pictures.iter().cycle().take(pictures.len().max(2)).enumerate() {
            let began = cpu_ms();
            let unit = encoder.encode(shown, Ask { qp, key: false })?;
            let took = cpu_ms() - began;
            let slices: Vec<&[u8]> = unit.slices.iter().map(Vec::as_slice).collect();
            let began = cpu_ms();
            let decoded = decoder.decode(&slices)?;
            if n == 0 {
                (key, key_ms) = (unit.bytes(), took);
            } else {
                encode.push(took);
                decode.push(cpu_ms() - began);
                bytes.push(unit.bytes() as f64);
            }
            quality.push(psnr(shown, &decoded.picture));
        }
        let next = bytes.iter().sum::<f64>() / bytes.len().max(1) as f64;
        println!(
            "  {:>10} {:>8.0} {:>8.0} {:>10.1} {:>8.1} {:>7.1} {:>10.1} {:>7.1} {:>10.1}",
            qp,
            key as f64 / 1e3,
            next / 1e3,
            next * 8.0 * 60.0 / 1e6,
            median(quality.iter().map(|q| q[0]).collect()),
            median(quality.iter().map(|q| q[1]).collect()),
            median(encode),
            key_ms,
            median(decode),
        );
    }
    Ok(())
}

/// Pixels that foveation leaves and what packing takes.
fn rings(picture: &RgbaImage) -> anyhow::Result<()> {
    let size = [picture.width(), picture.height()];
    for level in [1, 2] {
        let Some(rings) = Rings::level(size, size.map(|n| n / 2), level) else { continue };
        let (mut pack, mut unpack, mut packed) = (Vec::new(), Vec::new(), RgbaImage::new(1, 1));
        for _ in 0..ROUNDS {
            let began = cpu_ms();
            packed = rings.pack(picture)?;
            pack.push(cpu_ms() - began);
            let began = cpu_ms();
            rings.unpack(&packed)?;
            unpack.push(cpu_ms() - began);
        }
        let share = f64::from(packed.width() * packed.height()) / f64::from(size[0] * size[1]);
        let (pack, unpack) = (median(pack), median(unpack));
        println!(
            "  rings {level}: {:.0} % of the pixels, pack {pack:.1} ms, unpack {unpack:.1} ms",
            share * 100.0
        );
    }
    Ok(())
}

/// Exact tiles beside other lossless codecs, and how long rest to exact takes by what was measured.
fn exact(picture: &RgbaImage) -> anyhow::Result<()> {
    let size = [picture.width(), picture.height()];
    let scene = SceneHash::of(1, b"bench");
    let identity = Identity { frame: 1, scene };
    let (mut hashing, mut packing, mut taking, mut bytes, mut list) =
        (Vec::new(), Vec::new(), Vec::new(), 0, 0);
    let mut parts = 1;
    for _ in 0..ROUNDS {
        let began = cpu_ms();
        let manifest = Manifest::new(identity, true, picture)?;
        hashing.push(cpu_ms() - began);
        let mut sender = TileSender::new();
        let wanted = sender.wanted(&manifest, size.map(|n| n / 2));
        let began = cpu_ms();
        let batches = sender.pack(picture, &manifest, &wanted)?;
        packing.push(cpu_ms() - began);
        let mut viewer = FidelityMachine::window();
        viewer.change(scene, size, Change::Camera);
        let began = cpu_ms();
        viewer.manifest(&manifest.to_bytes())?;
        for batch in &batches {
            viewer.tiles(batch)?;
        }
        taking.push(cpu_ms() - began);
        ensure!(
            viewer.badge(0.0).fidelity == Fidelity::Exact,
            "all tiles came, yet the picture is not exact"
        );
        ensure!(viewer.exact() == Some(picture), "the picture differs from the one drawn");
        bytes = batches.iter().map(Vec::len).sum();
        list = manifest.to_bytes().len();
        parts = batches.len().max(1);
        let theirs: Vec<[u8; 32]> = tiles(picture, 64).iter().map(|t| t.hash).collect();
        ensure!(manifest.hashes == theirs, "render_volume hashes tiles in another way");
    }
    let raw = f64::from(size[0]) * f64::from(size[1]) * 3.0;
    let (hashing, packing, taking) = (median(hashing), median(packing), median(taking));
    println!(
        "  exact tiles {:.0} KB and {:.0} KB of hashes, {:.2}:1 of RGB; hash {hashing:.1} ms, pack {packing:.1} ms, decode and \
         verify {taking:.1} ms",
        bytes as f64 / 1e3,
        list as f64 / 1e3,
        raw / bytes as f64,
    );
    let mut png = Vec::new();
    let began = cpu_ms();
    picture.write_with_encoder(image::codecs::png::PngEncoder::new(&mut png))?;
    println!("  (PNG, fast: {:.0} KB, {:.1} ms)", png.len() as f64 / 1e3, cpu_ms() - began);
    // better video first: it shares the link
    let mut encoder = H264Encoder::new(0, 4);
    let began = cpu_ms();
    let better = encoder.encode(picture, Ask { qp: 26 - BETTER_BY_QP, key: true })?;
    let better_ms = cpu_ms() - began;
    let wire = |bytes: usize| bytes as f64 * 1.06 * 8.0 / LINK_BITS_PER_S * 1e3;
    let sending = wire(better.bytes()) + wire(bytes + list);
    // one after the other, by one processor: the most it can be
    let (first, last) = (packing / parts as f64, taking / parts as f64);
    let serial = REST_MS + better_ms + hashing + packing + sending + RTT_MS / 2.0 + taking;
    // tiles leave batch by batch while the next are packed, and are verified on the other machine as they come
    let overlapped = REST_MS + better_ms + hashing + first + sending.max(packing) + RTT_MS / 2.0 + last;
    println!(
        "  rest → exact at 100 Mbit/s, {RTT_MS} ms: {REST_MS} rest + {better_ms:.0} better video + {:.0} hash and pack + {sending:.0} \
         on the wire ({:.0} + {:.0} KB) + {:.0} way + {taking:.0} decode and verify = {serial:.0} ms at most, {overlapped:.0} with sending overlapped (gate 500)",
        hashing + packing,
        better.bytes() as f64 / 1e3,
        (bytes + list) as f64 / 1e3,
        RTT_MS / 2.0,
    );
    Ok(())
}

/// Distances of a ball, as video carries them.
fn depths() -> anyhow::Result<()> {
    let [width, height] = FULL_HD;
    let mm: Vec<f32> = (0..width * height)
        .map(|n| {
            let (x, y) = ((n % width) as f32 - 960.0, (n / width) as f32 - 540.0);
            let inside = 250_000.0 - x * x - y * y;
            if inside < 0.0 { 1e30 } else { 900.0 - 0.4 * inside.sqrt() + (x * 0.3).sin() }
        })
        .collect();
    let began = cpu_ms();
    let plane = DepthPlane::new(FULL_HD, [100.0, 2000.0], &mm)?;
    let bytes = plane.to_bytes()?;
    let encode = cpu_ms() - began;
    let began = cpu_ms();
    DepthPlane::from_bytes(&bytes, FULL_HD)?;
    println!(
        "distances: {:.1} KB of {:.1}, within {:.2} %, encode {encode:.1} ms, decode {:.1} ms",
        bytes.len() as f64 / 1e3,
        plane.codes().len() as f64 / 1e3,
        plane.relative_error() * 100.0,
        cpu_ms() - began
    );
    Ok(())
}
