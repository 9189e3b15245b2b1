//! The table of the renderer's speed on this machine: by size of volume, by mode, near and far, in stereo.
#![expect(clippy::print_stdout, reason = "a command for people and scripts")]

use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use meshing_space::Vector;
use meshing_volume::Volume;
use render_gpu::Gpu;
use render_volume::{Camera, Mode, Renderer, Scene, VolumeItem, VolumeTexture, VolumesBy, picture};
use serde::Serialize;
use tools_bench::scene;

/// Draws a head of closed form and prints what each picture takes.
#[derive(Parser)]
#[command(
    after_help = "Example: render --sizes 128,256,512 --json\nThe device is the best there is; THEATRON_ADAPTER \
                        names another."
)]
struct Arguments {
    /// Edges of the volume in voxels.
    #[arg(long, value_delimiter = ',', default_value = "128,256,512")]
    sizes: Vec<usize>,
    /// Edge of the picture in pixels.
    #[arg(long, default_value_t = 1024)]
    pixels: u32,
    /// Pictures a line.
    #[arg(long, default_value_t = 5)]
    reps: usize,
    /// Draw volumes by shaders also where the device is software.
    #[arg(long)]
    shaders: bool,
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
}

/// One line of the table.
#[derive(Serialize)]
struct Line {
    /// The device, or the processor on its behalf.
    by: String,
    /// Voxels along an edge.
    voxels: usize,
    /// What was drawn.
    what: &'static str,
    /// Pixels along an edge.
    pixels: u32,
    /// Median.
    ms: f64,
    /// From a volume in memory to the first picture; 0 where it was not the first.
    first_ms: f64,
    /// Share of the pixels that show something.
    covered: f64,
    /// Median time by pixel that shows something.
    ns_a_covered_pixel: f64,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let gpu = Gpu::headless()?;
    let mut renderer = Renderer::for_pictures(&gpu);
    let processor = gpu.facts.software && !arguments.shaders;
    renderer.draw_volumes_by(if processor { VolumesBy::Processor } else { VolumesBy::Shaders });
    let by = if processor { "the processor".to_owned() } else { gpu.facts.to_string() };
    if !arguments.json {
        println!(
            "{:>6} {:<22} {:>6} {:>9} {:>9} {:>8} {:>9}",
            "voxels", "what", "pixels", "ms", "first ms", "covered", "ns/pixel"
        );
    }
    let mut bench = Bench { gpu, renderer, by, json: arguments.json, reps: arguments.reps.max(1) };
    for &n in &arguments.sizes {
        let volume = scene::head(n);
        bench.volume(&volume, n, arguments.pixels)?;
    }
    if !arguments.json {
        println!("drawn by {}", bench.by);
    }
    Ok(())
}

struct Bench {
    gpu: Gpu,
    renderer: Renderer,
    by: String,
    json: bool,
    reps: usize,
}

impl Bench {
    /// All lines of one volume.
    fn volume(&mut self, volume: &Arc<Volume>, n: usize, pixels: u32) -> anyhow::Result<()> {
        let began = Instant::now();
        let texture = VolumeTexture::upload(&self.gpu, volume)?;
        let scene = |mode, step| Scene {
            volumes: vec![VolumeItem::new(texture.clone(), scene::look(mode, step))],
            background: [0.0, 0.0, 0.0, 1.0],
            ..Scene::default()
        };
        let camera = scene::camera(volume.grid());
        picture(&self.gpu, &mut self.renderer, [pixels; 2], &camera, &scene(Mode::Dvr, 1.0))?;
        let first_ms = began.elapsed().as_secs_f64() * 1e3;
        let shaded = scene(Mode::Dvr, 1.0);
        self.line(n, "shaded", pixels, &camera, &shaded, first_ms)?;
        self.line(n, "shaded, moving", pixels / 2, &camera, &scene(Mode::Dvr, 2.0), 0.0)?;
        self.line(n, "shaded, half steps", pixels, &camera, &scene(Mode::Dvr, 0.5), 0.0)?;
        self.line(n, "maximum", pixels, &camera, &scene(Mode::Mip, 1.0), 0.0)?;
        // from the forehead outwards
        let bounds = volume.grid().bounds();
        let surface = bounds.center()
            + Vector::new(0.0, -0.74 * bounds.size().y() / 2.0, 0.3 * bounds.size().z() / 2.0);
        for (what, away_mm) in [("shaded at 1 m", 1000.0), ("shaded at 5 cm", 50.0)] {
            let eye = surface + Vector::new(0.0, -away_mm, 0.0);
            let at = Camera { eye, target: surface, up: Vector::new(0.0, 0.0, 1.0), near_mm: 5.0, ..camera };
            self.line(n, what, pixels, &at, &shaded, 0.0)?;
        }
        // two eyes of 2048² pixels, one after the other: the pair of a headset
        if !self.gpu.facts.software {
            self.line(n, "shaded, an eye", 2048, &camera, &shaded, 0.0)?;
        }
        Ok(())
    }

    /// Draws several times, a little further around each time, and prints the median.
    fn line(
        &mut self,
        voxels: usize,
        what: &'static str,
        pixels: u32,
        camera: &Camera,
        scene: &Scene,
        first_ms: f64,
    ) -> anyhow::Result<()> {
        let (mut camera, mut times, mut covered) = (*camera, Vec::new(), 0.0);
        for _ in 0..self.reps {
            let began = Instant::now();
            let drawn = picture(&self.gpu, &mut self.renderer, [pixels; 2], &camera, scene)?;
            times.push(began.elapsed().as_secs_f64() * 1e3);
            covered += tools_bench::work::covered(&drawn) / self.reps as f64;
            camera.orbit(0.03, 0.0);
        }
        times.sort_by(f64::total_cmp);
        let ms = times[times.len() / 2];
        let seen = covered * f64::from(pixels) * f64::from(pixels);
        let ns_a_covered_pixel = ms * 1e6 / seen.max(1.0);
        let line =
            Line { by: self.by.clone(), voxels, what, pixels, ms, first_ms, covered, ns_a_covered_pixel };
        if self.json {
            println!("{}", serde_json::to_string(&line)?);
        } else {
            let first = if first_ms > 0.0 { format!("{first_ms:.0}") } else { String::new() };
            println!(
                "{voxels:>6} {what:<22} {pixels:>6} {ms:>9.1} {first:>9} {covered:>8.3} {ns_a_covered_pixel:>9.0}"
            );
        }
        Ok(())
    }
}
