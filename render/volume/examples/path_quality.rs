//! Pace and quality of path tracing on the head with a face: how near the denoised picture comes to one of many
//! samples, in dB of 8-bit sRGB.
//!
//! `cargo run --release -p render_volume --example path_quality -- [PRESET] [PIXELS] [SAMPLES] [REFERENCE] [FOLDER]`
//!
//! Defaults: `skin 256 64 4096`; 1 for the reference measures the pace alone. With a folder the pictures go there.

#![expect(clippy::print_stdout, reason = "the table is what the program is for")]

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use image::RgbaImage;
use meshing_phantom::{Contrast, Phantom};
use meshing_space::Transform;
use render_gpu::Gpu;
use render_volume::{Camera, PathTracer, Renderer, Scene, VolumeItem, VolumeTexture, presets};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let word = |n: usize, default: &'static str| words.get(n).map_or(default, String::as_str);
    let (preset, pixels, samples) = (word(0, "skin"), word(1, "256").parse()?, word(2, "64").parse()?);
    let reference: u32 = word(3, "4096").parse()?;

    let phantom = Phantom::portrait(Contrast::Ct);
    let volume = Arc::new(phantom.volume(&phantom.grid([1.0; 3], Transform::identity())));
    let gpu = Gpu::headless()?;
    let look = presets::named(preset).ok_or("no such preset")?.look_for(&volume);
    let texture = VolumeTexture::upload(&gpu, &volume)?;
    let mut camera = Camera::anterior(&texture.bounds());
    camera.orbit(-0.5, 0.1);
    let background = Scene::background_srgb([12, 14, 18]);
    let scene = Scene { volumes: vec![VolumeItem::new(texture, look)], background, ..Scene::default() };
    println!("{}, {:?} voxels, {preset}, {pixels}² pixels", gpu.facts, volume.grid().size());

    let mut renderer = Renderer::for_pictures(&gpu);
    let size = [pixels, pixels];
    let mut tracer = PathTracer::new(&gpu);
    let few = traced(&gpu, &mut tracer, &mut renderer, size, &camera, &scene, samples, 0)?;
    let raw = shown(&mut tracer, &mut renderer, false)?;
    let save = |name: &str, picture: &RgbaImage| match words.get(4) {
        Some(folder) => picture.save(Path::new(folder).join(format!("{name}.png"))),
        None => Ok(()),
    };
    save(&format!("path-{preset}-{samples}"), &few)?;
    save(&format!("path-{preset}-{samples}-raw"), &raw)?;
    if reference > 1 {
        traced(&gpu, &mut tracer, &mut renderer, size, &camera, &scene, reference, 1)?;
        let truth = shown(&mut tracer, &mut renderer, false)?;
        save(&format!("path-{preset}-{reference}"), &truth)?;
        for (name, picture) in [("as it is", &raw), ("denoised", &few)] {
            let (all, covered) = psnr(picture, &truth);
            println!("{samples} samples {name}: {all:.2} dB, {covered:.2} dB where the volume is");
        }
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "all of them are a picture's")]
fn traced(
    gpu: &Gpu,
    tracer: &mut PathTracer,
    renderer: &mut Renderer,
    size: [u32; 2],
    camera: &Camera,
    scene: &Scene,
    samples: u32,
    seed: u32,
) -> Result<RgbaImage, Box<dyn Error>> {
    tracer.settings.seed = seed;
    tracer.settings.denoise = true;
    let view = camera.matrices(1.0);
    // pipelines and tables first, so that they are not timed
    tracer.advance(renderer, size, &view, scene, 1)?;
    gpu.wait();
    let begun = Instant::now();
    tracer.advance(renderer, size, &view, scene, samples.saturating_sub(1))?;
    gpu.wait();
    if samples > 1 {
        let each = begun.elapsed() / (samples - 1);
        println!("{samples} samples: {:.1} ms each", each.as_secs_f64() * 1e3);
    }
    let begun = Instant::now();
    let picture = tracer.picture(renderer)?;
    println!("denoise and read back: {:.1} ms", begun.elapsed().as_secs_f64() * 1e3);
    Ok(picture)
}

fn shown(
    tracer: &mut PathTracer,
    renderer: &mut Renderer,
    denoise: bool,
) -> Result<RgbaImage, Box<dyn Error>> {
    tracer.settings.denoise = denoise;
    Ok(tracer.picture(renderer)?)
}

/// Peak signal to noise ratio over all pixels and over those that are not background, in dB.
fn psnr(a: &RgbaImage, b: &RgbaImage) -> (f64, f64) {
    let background = b.get_pixel(0, 0);
    let (mut all, mut covered, mut count) = (0.0, 0.0, 0_u32);
    for (p, q) in a.pixels().zip(b.pixels()) {
        let squares: f64 = (0..3).map(|c| f64::from(p[c].abs_diff(q[c])).powi(2)).sum();
        all += squares;
        if q != background {
            covered += squares;
            count += 1;
        }
    }
    let db = |sum: f64, pixels: f64| 10.0 * (255.0_f64.powi(2) * pixels * 3.0 / sum.max(1e-9)).log10();
    (db(all, f64::from(a.width() * a.height())), db(covered, f64::from(count)))
}
