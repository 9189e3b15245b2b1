//! How long a brush takes on a volume of N³ voxels (512 unless told), from the stroke to a tiny picture:
//! `cargo run -p render_volume --example carve_pace -- [N]`.

#![expect(clippy::print_stdout, reason = "a program for the terminal: it says what it measured")]

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use meshing_space::{Point, Vector};
use meshing_volume::{Grid, Volume, VolumeMeta, Voxels};
use render_gpu::Gpu;
use render_volume::{
    Camera, Carve, CarveTool, Carved, Carving, Renderer, Scene, ViewFrom, VolumeItem, VolumeTexture,
    VolumesBy, picture, presets,
};

const STROKES: usize = 120;

fn main() -> Result<(), Box<dyn Error>> {
    let edge: usize = std::env::args().nth(1).map_or(Ok(512), |n| n.parse())?;
    let spacing_mm = 256.0 / edge as f64;
    let grid = Grid::axis_aligned([edge; 3], Point::origin(), [spacing_mm; 3])?;
    let ball = |n: usize| {
        let at = [n % edge, n / edge % edge, n / (edge * edge)].map(|c| c as f64 * spacing_mm - 128.0);
        if at.iter().map(|c| c * c).sum::<f64>() < 120.0 * 120.0 { 700 } else { -1000 }
    };
    let voxels = Voxels::I16((0..grid.len()).map(ball).collect());
    let meta = VolumeMeta { modality: "CT".into(), unit: "HU".into(), frame_of_reference: String::new() };
    let volume = Arc::new(Volume::new(grid, voxels, meta)?);
    let gpu = Gpu::headless()?;
    println!(
        "{}, {edge}³ voxels of {spacing_mm} mm, brush of 10 mm across, 5 mm on at each event",
        gpu.facts.name
    );
    let texture = VolumeTexture::upload(&gpu, &volume)?;
    let look = presets::named("bone").ok_or("no such preset")?.look_for(&volume);
    let camera = Camera::looking_from(ViewFrom::Anterior, &grid.bounds());
    let mut renderer = Renderer::for_pictures(&gpu);
    for by in [VolumesBy::Processor, VolumesBy::Shaders] {
        renderer.draw_volumes_by(by);
        let mut carving = Carving::new(&grid);
        let mut draw = |carving: &Carving| -> Result<f64, Box<dyn Error>> {
            let carve = Some(Carved::new(&texture, carving.mask())?);
            let item = VolumeItem { carve, ..VolumeItem::new(texture.clone(), look.clone()) };
            let begun = Instant::now();
            picture(
                &gpu,
                &mut renderer,
                [8, 8],
                &camera,
                &Scene { volumes: vec![item], ..Scene::default() },
            )?;
            Ok(begun.elapsed().as_secs_f64() * 1e3)
        };
        let first = draw(&carving)?;
        let (mut carved, mut still, mut after, mut bricks) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for n in 0..STROKES {
            let angle = |t: f64| (t * 0.05).sin_cos();
            let at = |t| Point::new(128.0, 128.0, 128.0) + Vector::new(angle(t).1, -1.0, angle(t).0) * 80.0;
            let path = [at(n as f64), at(n as f64 + 1.25)];
            // beside each other, so that what else the machine does weighs on both
            still.push(draw(&carving)?);
            let begun = Instant::now();
            bricks += carving.join(Carve::Away, &CarveTool::Stroke { path: &path, radius_mm: 5.0 })?.bricks;
            carved.push(begun.elapsed().as_secs_f64() * 1e3);
            after.push(draw(&carving)?);
        }
        let more: Vec<_> = after.iter().zip(&still).map(|(a, b)| a - b).collect();
        println!(
            "{by:?}: first picture {first:.1} ms; a picture of 8 by 8 pixels without a change {}; stroke {}; what the \
             picture after it takes more {}; {} bricks a stroke",
            told(still),
            told(carved),
            told(more),
            bricks / STROKES,
        );
    }
    Ok(())
}

/// Median and 95th percentile.
fn told(mut ms: Vec<f64>) -> String {
    ms.sort_by(f64::total_cmp);
    format!("{:.2} ms (p95 {:.2})", ms[ms.len() / 2], ms[ms.len() * 95 / 100])
}
