//! Previews: what a command made, at a glance.

use std::sync::Arc;

use image::{Rgba, RgbaImage, imageops};
use meshing_space::{Aabb, Ijk, Lps, Point};
use meshing_surface::{Mesh, glb::Part as Coloured};
use meshing_volume::{LabelMap, Volume};
use render_gpu::Gpu;
use render_volume::{Camera, MeshBuffers, MeshItem, Renderer, Scene, SlicePlane, ViewFrom, picture};

use super::{BACKGROUND, Plane, Studio, stamp, usual_preset};
use crate::colour_map::ColourMap;
use crate::{Fault, FaultKind};

/// Edge of one of the four pictures, pixels.
const EDGE: u32 = 512;
/// Width of the scale of colours, pixels.
const LEGEND: u32 = 176;
/// The colours of parts in their order: bone, then what was made for it.
const COLOURS: [[f32; 4]; 6] = [
    [0.87, 0.80, 0.66, 1.0],
    [0.25, 0.62, 0.95, 1.0],
    [0.96, 0.55, 0.20, 1.0],
    [0.45, 0.80, 0.40, 1.0],
    [0.85, 0.35, 0.60, 1.0],
    [0.70, 0.70, 0.75, 1.0],
];
/// A segment is tinted this colour, and outlined in it.
const TINT: [f32; 3] = [255.0, 196.0, 40.0];

/// Parts from four sides: from the front, from the left, from behind, from above. What is made for the bone is framed, the
/// bone is seen as far as it fits.
///
/// # Errors
/// Nothing to draw, no graphics device, or a mesh too large for it.
pub fn of_parts(parts: &[(&str, &Mesh)]) -> Result<RgbaImage, Fault> {
    let framed = if parts.len() > 1 { &parts[1..] } else { parts };
    let bounds = framed.iter().filter_map(|(_, mesh)| mesh.bounds()).reduce(Aabb::union);
    let bounds = bounds.map(|b| b.expanded(if parts.len() > 1 { b.size().length() / 4.0 } else { 2.0 }));
    let names: Vec<&str> = parts.iter().map(|(name, _)| *name).collect();
    let coloured: Vec<(&Mesh, [f32; 4])> =
        parts.iter().zip(COLOURS.iter().cycle()).map(|((_, mesh), colour)| (*mesh, *colour)).collect();
    four_sides(&coloured, bounds, &names.join(" + "), &[])
}

/// As [`of_parts`] for parts that have their own colours and matter alike.
///
/// # Errors
/// As [`of_parts`].
pub fn of_coloured(parts: &[Coloured<'_>]) -> Result<RgbaImage, Fault> {
    let bounds = parts.iter().filter_map(|part| part.mesh.bounds()).reduce(Aabb::union);
    let names: Vec<&str> = parts.iter().map(|part| part.name).collect();
    let coloured: Vec<(&Mesh, [f32; 4])> =
        parts.iter().map(|part| (part.mesh, opaque(part.colour))).collect();
    four_sides(&coloured, bounds.map(|b| b.expanded(2.0)), &names.join(" + "), &[])
}

/// A surface in the colours of its map from four sides, with the scale of the colours.
///
/// # Errors
/// As [`of_parts`].
pub fn of_map(mesh: &Mesh, map: &ColourMap, values: &[Option<f64>]) -> Result<RgbaImage, Fault> {
    let bands = map.bands(mesh, values);
    let coloured: Vec<(&Mesh, [f32; 4])> =
        bands.iter().map(|(mesh, colour)| (mesh, opaque(*colour))).collect();
    four_sides(&coloured, mesh.bounds().map(|b| b.expanded(2.0)), &map.what, &map.legend())
}

fn four_sides(
    parts: &[(&Mesh, [f32; 4])],
    bounds: Option<Aabb<Lps>>,
    words: &str,
    legend: &[(String, [u8; 3])],
) -> Result<RgbaImage, Fault> {
    let bounds = bounds.ok_or_else(|| {
        Fault::told(FaultKind::Internal, ("There is nothing to draw.", "没有可绘制的内容。"))
    })?;
    let gpu = Gpu::headless()?;
    let mut renderer = Renderer::for_pictures(&gpu);
    let mut scene = Scene { background: Scene::background_srgb(BACKGROUND), ..Scene::default() };
    for (mesh, colour) in parts {
        scene.meshes.push(MeshItem::new(MeshBuffers::upload(&gpu, mesh)?, *colour));
    }
    let mut sides = Vec::new();
    for from in [ViewFrom::Anterior, ViewFrom::Left, ViewFrom::Posterior, ViewFrom::Superior] {
        let camera = Camera::looking_from(from, &bounds);
        let mut drawn = picture(&gpu, &mut renderer, [EDGE; 2], &camera, &scene)?;
        stamp::sides(&mut drawn, &camera.edges());
        stamp::words(&mut drawn, words);
        sides.push(drawn);
    }
    let four = beside(&sides);
    if legend.is_empty() {
        return Ok(four);
    }
    // Beside the picture, so that it hides nothing.
    let mut wider = RgbaImage::from_pixel(four.width() + LEGEND, four.height(), background());
    imageops::overlay(&mut wider, &four, 0, 0);
    stamp::legend(&mut wider, four.width(), legend);
    Ok(wider)
}

fn opaque(colour: [u8; 3]) -> [f32; 4] {
    let [r, g, b] = colour.map(|c| f32::from(c) / 255.0);
    [r, g, b, 1.0]
}

/// A segment on three slices through its middle, tinted, beside its own surface.
///
/// # Errors
/// An empty segment, no graphics device, or a volume too large for it.
pub fn of_segment(volume: &Arc<Volume>, mask: &LabelMap, name: &str) -> Result<RgbaImage, Fault> {
    let bounds = mask
        .bounds(1)
        .ok_or_else(|| Fault::told(FaultKind::Refused, ("The segment is empty.", "分割是空的。")))?;
    let grid = volume.grid();
    let middle = grid.lps_from_ijk() * fullest(mask, &bounds);
    let mut studio = Studio::new(volume, usual_preset(&volume.meta().modality))?;
    let mut four = Vec::new();
    for plane in [Plane::Axial, Plane::Coronal, Plane::Sagittal] {
        let cut = match plane {
            Plane::Axial => SlicePlane::axial(grid, middle),
            Plane::Coronal => SlicePlane::coronal(grid, middle),
            Plane::Sagittal => SlicePlane::sagittal(grid, middle),
        };
        let mut drawn = studio.slice_plain(&cut)?;
        tint(&mut drawn, &cut, mask);
        let factor = f64::from(EDGE) / f64::from(drawn.width().max(drawn.height()));
        let size = [drawn.width(), drawn.height()].map(|n| (f64::from(n) * factor).round().max(1.0) as u32);
        let scaled = imageops::resize(&drawn, size[0], size[1], imageops::FilterType::Triangle);
        let mut framed = RgbaImage::from_pixel(EDGE, EDGE, background());
        let [left, top] = size.map(|n| i64::from((EDGE - n) / 2));
        imageops::overlay(&mut framed, &scaled, left, top);
        stamp::sides(&mut framed, &cut.edges());
        stamp::scale(&mut framed, cut.pixel_mm / factor);
        stamp::words(&mut framed, name);
        four.push(framed);
    }
    studio.frame(mask);
    studio.add_surface(&meshing_surface::surface_of_mask(mask, 1))?;
    four.push(studio.view(super::Kind::Surface, ViewFrom::Anterior, [EDGE; 2])?);
    Ok(beside(&four))
}

/// The voxel of the segment nearest to the middle of its box: slices through it show the segment.
fn fullest(mask: &LabelMap, bounds: &Aabb<Ijk>) -> Point<Ijk> {
    let middle = bounds.center();
    let [si, sj, _] = mask.grid().size();
    let inside = mask.labels().iter().enumerate().filter(|(_, label)| **label == 1);
    let place = |n: usize| Point::new((n % si) as f64, (n / si % sj) as f64, (n / (si * sj)) as f64);
    let near = inside.map(|(n, _)| place(n)).min_by(|a, b| a.distance(middle).total_cmp(&b.distance(middle)));
    near.unwrap_or(middle)
}

/// Tints the pixels of a slice that lie in the segment, stronger at its edge.
fn tint(picture: &mut RgbaImage, cut: &SlicePlane, mask: &LabelMap) {
    let (grid, ijk_from_lps) = (mask.grid(), mask.grid().ijk_from_lps());
    let size = grid.size().map(|n| n as f64);
    let inside = |x: f64, y: f64| {
        let at = cut.origin + cut.right * (x * cut.pixel_mm) + cut.down * (y * cut.pixel_mm);
        let place = (ijk_from_lps * at).to_array().map(f64::round);
        let within = (0..3).all(|n| (0.0..size[n]).contains(&place[n]));
        within && mask.get(place[0] as usize, place[1] as usize, place[2] as usize) == 1
    };
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let (x, y) = (f64::from(x), f64::from(y));
        if inside(x, y) {
            let around = [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)];
            let edge = around.iter().any(|(dx, dy)| !inside(x + dx, y + dy));
            let share = if edge { 0.9 } else { 0.35 };
            for (channel, tint) in pixel.0.iter_mut().zip(TINT) {
                *channel = (f32::from(*channel) * (1.0 - share) + tint * share) as u8;
            }
        }
    }
}

fn background() -> Rgba<u8> {
    let [r, g, b] = BACKGROUND;
    Rgba([r, g, b, 255])
}

/// Four pictures of one size, two by two.
fn beside(pictures: &[RgbaImage]) -> RgbaImage {
    let mut all = RgbaImage::from_pixel(2 * EDGE, 2 * EDGE, background());
    for (n, picture) in pictures.iter().enumerate() {
        let (column, row) = (n as i64 % 2, n as i64 / 2);
        imageops::overlay(&mut all, picture, column * i64::from(EDGE), row * i64::from(EDGE));
    }
    all
}
