//! A volume larger than its share of the device, drawn by the shaders from bricks: time, bytes, and what is said of it.
//!
//! `cargo run --release -p render_volume --example bricks -- [EDGE] [MEGABYTES] [PIXELS] [FOLDER]`
//!
//! Defaults: `1024 512 512`, a volume of 2 GB. It takes that much memory and a seventh more, for some seconds each.

#![expect(clippy::print_stdout, reason = "the table is what the program is for")]

use std::error::Error;
use std::f32::consts::TAU;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use meshing_space::Point;
use meshing_volume::{Grid, Volume, VolumeMeta, Voxels};
use rayon::prelude::*;
use render_gpu::Gpu;
use render_volume::{
    Camera, Renderer, Scene, Slab, SlicePlane, VolumeItem, VolumeTexture, VolumesBy, picture, presets, reform,
};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let word = |n: usize, default: &'static str| words.get(n).map_or(default, String::as_str);
    let (edge, megabytes): (usize, u64) = (word(0, "1024").parse()?, word(1, "512").parse()?);
    let pixels: u32 = word(2, "512").parse()?;

    let gpu = Gpu::headless()?;
    println!("{}, {edge}³ voxels, {megabytes} MB, {pixels}² pixels", gpu.facts);
    let started = Instant::now();
    let volume = Arc::new(sponge(edge)?);
    println!("generated in {:.1} s", started.elapsed().as_secs_f64());
    let started = Instant::now();
    let texture = VolumeTexture::in_bricks(&gpu, &volume, megabytes << 20)?;
    println!("ranges of values and atlas in {:.2} s", started.elapsed().as_secs_f64());
    let look = presets::named("bone").ok_or("no such preset")?.look_for(&volume);
    let background = Scene::background_srgb([12, 14, 18]);
    let volumes = vec![VolumeItem::new(texture.clone(), look)];
    let scene = Scene { volumes, background, ..Scene::default() };
    let mut renderer = Renderer::for_pictures(&gpu);
    renderer.draw_volumes_by(VolumesBy::Shaders);
    let mut camera = Camera::anterior(&texture.bounds());
    camera.orbit(-0.5, 0.3);
    let far = camera;
    camera.zoom(8.0);
    for (name, camera, times) in
        [("first", far, 1), ("again", far, 5), ("near", camera, 3), ("far-again", far, 1)]
    {
        let (mut drawn, mut least) = (None, f64::INFINITY);
        for _ in 0..times {
            let started = Instant::now();
            drawn = Some(picture(&gpu, &mut renderer, [pixels; 2], &camera, &scene)?);
            least = least.min(started.elapsed().as_secs_f64());
        }
        let said = texture.detail().map(|d| d.to_string()).unwrap_or_default();
        println!(
            "{name}: {least:.2} s, {} MB on the device, {} bricks brought so far; {said}",
            texture.bytes() >> 20,
            texture.bricks_brought()
        );
        if let (Some(folder), Some(drawn)) = (words.get(3), drawn) {
            drawn.save(Path::new(folder).join(format!("bricks-{name}.png")))?;
        }
    }
    let plane = SlicePlane::axial(volume.grid(), volume.grid().center());
    let started = Instant::now();
    match reform(&gpu, &texture, &plane.into(), &Slab::THIN) {
        Ok(slice) => println!(
            "exact axial slice of {:?}: {:.2} s, {} MB on the device",
            slice.slice.size,
            started.elapsed().as_secs_f64(),
            texture.bytes() >> 20
        ),
        Err(refused) => println!("{refused}"),
    }
    Ok(())
}

/// A ball of spongy bone: walls of a gyroid in a shell.
fn sponge(edge: usize) -> Result<Volume, Box<dyn Error>> {
    let grid = Grid::axis_aligned([edge; 3], Point::origin(), [200.0 / edge as f64; 3])?;
    let turn = |n: usize| TAU * 24.0 * n as f32 / edge as f32;
    let waves: Vec<(f32, f32)> = (0..edge).map(|n| turn(n).sin_cos()).collect();
    let place = |n: usize| (n as f32 + 0.5) / edge as f32 * 2.0 - 1.0;
    let mut voxels = vec![-1000_i16; grid.len()];
    voxels.par_chunks_mut(edge * edge).enumerate().for_each(|(k, layer)| {
        let (sz, cz) = waves[k];
        for (j, row) in layer.chunks_exact_mut(edge).enumerate() {
            let (sy, cy) = waves[j];
            let across = place(j).powi(2) + place(k).powi(2);
            for (i, voxel) in row.iter_mut().enumerate() {
                let (sx, cx) = waves[i];
                let r = (across + place(i).powi(2)).sqrt();
                // a quarter is left out, so that one sees inside
                let open = place(i) > 0.0 && place(j) < 0.0;
                if r < 0.95 && !open {
                    let wall = sx * cy + sy * cz + sz * cx;
                    let value = if r > 0.9 { 1200.0 } else { 900.0 - 2000.0 * wall.abs() };
                    *voxel = value.max(-100.0) as i16;
                }
            }
        }
    });
    let meta = VolumeMeta { modality: "CT".into(), unit: "HU".into(), frame_of_reference: String::new() };
    Ok(Volume::new(grid, Voxels::I16(voxels), meta)?)
}
