//! What the shaders are told, as they lay it out.

use bytemuck::{Pod, Zeroable};
use glam::{DAffine3, DMat3, DMat4, DVec3};
use meshing_space::{Lps, Point, Vector};

use super::Part;
use crate::figure_map::BANDS;
use crate::light_grid::Blocks;
use crate::look::{TABLE, linear_from_srgb};
use crate::view::columns;
use crate::{
    ClipPlanes, FigureMap, Hidden, MeshItem, Mode, Shading, SliceItem, StrokeItem, ViewMatrices, VolumeItem,
    VolumeTexture, Width, Window, cells,
};

type Matrix = [[f32; 4]; 4];

/// `View` of shared/view.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(crate) struct View {
    clip_from_rel: Matrix,
    rel_from_clip: Matrix,
    viewport: [f32; 4],
    light: [f32; 4],
    clip: [[f32; 4]; ClipPlanes::MAX],
    counts: [u32; 4],
    hole: [f32; 4],
}

/// `VolumeUniform` of shared/volume.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(crate) struct Volume {
    tex_from_rel: Matrix,
    lps_from_gradient: Matrix,
    size: [f32; 4],
    value: [f32; 4],
    window: [f32; 4],
    material: [f32; 4],
    march: [f32; 4],
    labels: [f32; 4],
    look: [f32; 4],
    blocks: [f32; 4],
    dimming: [f32; 4],
}

/// `MeshUniform` of shared/surface.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(super) struct Mesh {
    clip_from_local: Matrix,
    origin: [f32; 4],
    colour: [f32; 4],
    material: [f32; 4],
    map: [f32; 4],
    bands: [[f32; 4]; BANDS + 1],
}

/// `StrokeUniform` of shared/stroke.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(super) struct Stroke {
    origin: [f32; 4],
    colour: [f32; 4],
    width: [f32; 4],
    behind: [f32; 4],
    number: [u32; 4],
}

/// `PeelUniform` of shared/peel.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(super) struct Peel {
    origin: [u32; 2],
    first: u32,
    unused: u32,
}

/// `SliceUniform` of slice.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(super) struct Slice {
    corner: [f32; 4],
    right: [f32; 4],
    down: [f32; 4],
}

fn four(v: Vector<Lps>, w: f64) -> [f32; 4] {
    [v.x() as f32, v.y() as f32, v.z() as f32, w as f32]
}

pub(crate) fn view(view: &ViewMatrices, part: impl Into<Part>, planes: &ClipPlanes) -> View {
    let part = part.into();
    let clip_from_rel = view.clip_from_rel();
    let mut clip = [[0.0; 4]; ClipPlanes::MAX];
    let mut count = 0;
    for (slot, (normal, height)) in clip.iter_mut().zip(planes.seen_from(view.eye())) {
        *slot = four(normal, height);
        count += 1;
    }
    View {
        clip_from_rel: columns(clip_from_rel),
        rel_from_clip: columns(clip_from_rel.inverse()),
        viewport: [part.x, part.y, part.width, part.height].map(|v| v as f32),
        light: four(view.towards_light(), 0.0),
        clip,
        counts: [count, 0, 0, 0],
        hole: part.hole.map_or([0.0, 0.0, 0.0, 2.0], |(gaze, cosine)| four(gaze, cosine)),
    }
}

fn material(s: &Shading) -> [f32; 4] {
    [s.ambient, s.diffuse, s.specular, s.shininess]
}

fn placed(texture: &VolumeTexture, window: Window, view: &ViewMatrices) -> Volume {
    let grid = texture.grid();
    let n = DVec3::from_array(grid.size().map(|n| n as f64));
    let ijk_from_lps = grid.ijk_from_lps().affine();
    // 0..1 from outer face to outer face
    let tex_from_ijk = DAffine3::from_mat3_translation(DMat3::from_diagonal(1.0 / n), DVec3::splat(0.5) / n);
    let lps_from_rel = DAffine3::from_translation(view.eye().as_dvec3());
    // a gradient is a covector: it goes the way of the inverse, transposed
    let lps_from_gradient = DMat4::from_mat3(ijk_from_lps.matrix3.transpose());
    let (scale, offset) = texture.texel();
    Volume {
        tex_from_rel: columns(DMat4::from(tex_from_ijk * ijk_from_lps * lps_from_rel)),
        lps_from_gradient: columns(lps_from_gradient),
        size: [n.x as f32, n.y as f32, n.z as f32, cells::EDGE as f32],
        value: [scale, offset, 0.0, 0.0],
        window: [window.black() as f32, (1.0 / window.span()) as f32, 0.0, 0.0],
        material: [0.0; 4],
        march: [0.0; 4],
        labels: [0.0; 4],
        look: [0.0; 4],
        blocks: [1.0; 4],
        dimming: [0.0; 4],
    }
}

pub(crate) fn volume(item: &VolumeItem, view: &ViewMatrices) -> Volume {
    let VolumeItem { texture, look, segments } = item;
    let mut uniform = placed(texture, look.window, view);
    let (low, high) = look.transfer.span();
    let last = (TABLE - 1) as f32;
    let [from, to] = look.shading.gradient_per_mm;
    uniform.window[2] = look.transfer.transparent_up_to();
    uniform.value[2] = low;
    uniform.value[3] = last / (high - low);
    uniform.material = material(&look.shading);
    if let Some(item) = segments {
        let [i, j, k] = item.segments.factor().map(|f| f as f32);
        uniform.labels = [i, j, k, 1.0];
    }
    let functions = segments.as_ref().map_or(1, |s| s.functions(&look.transfer).list.len());
    let by_gradient = look.gradient_table().map_or(0.0, |(_, entries_per_mm)| entries_per_mm);
    let kept = match look.mode {
        Mode::MinIp => 1.0,
        Mode::Mean => 2.0,
        _ => 0.0,
    };
    uniform.look = [kept, look.shown_surfaces().len() as f32, functions as f32, by_gradient];
    if look.shading.dims() {
        let blocks = Blocks::of(texture.grid());
        let along = |a: usize| texture.grid().size()[a] as f32 / blocks.factor[a] as f32;
        uniform.blocks = [along(0), along(1), along(2), blocks.edge_mm() as f32];
        uniform.dimming = [look.shading.occlusion, look.shading.shadow, 0.0, 0.0];
    }
    uniform.march = [look.step_mm(texture.grid()) as f32, from, to.max(from + 1e-3), last];
    uniform
}

pub(super) fn slice_volume(item: &SliceItem, view: &ViewMatrices) -> Volume {
    placed(&item.texture, item.window, view)
}

pub(super) fn slice(item: &SliceItem, view: &ViewMatrices) -> Slice {
    let p = &item.plane;
    let edge = |n: u32| f64::from(n) * p.pixel_mm;
    Slice {
        corner: four(p.lps(-0.5, -0.5) - view.eye(), 0.0),
        right: four(p.right * edge(p.size[0]), 0.0),
        down: four(p.down * edge(p.size[1]), 0.0),
    }
}

/// A surface; `number` counts what is translucent.
pub(super) fn mesh(item: &MeshItem, number: usize, view: &ViewMatrices) -> Mesh {
    let origin: Point<Lps> = item.buffers.bounds().center();
    let rel = origin - view.eye();
    let per_unit = item.map.as_ref().map(FigureMap::per_unit);
    let mut bands = [[0.0; 4]; BANDS + 1];
    for (slot, colour) in bands.iter_mut().zip(FigureMap::COLOURS.into_iter().chain([FigureMap::NONE])) {
        let [r, g, b] = colour.map(|c| linear_from_srgb(f32::from(c) / 255.0));
        *slot = [r, g, b, 1.0];
    }
    Mesh {
        clip_from_local: columns(view.clip_from_rel() * DMat4::from_translation(rel.as_dvec3())),
        origin: four(rel, 0.0),
        colour: linear_colour(item.colour),
        material: material(&item.shading),
        map: [f32::from(u8::from(per_unit.is_some())), per_unit.unwrap_or(0.0) as f32, number as f32, 0.0],
        bands,
    }
}

fn linear_colour([r, g, b, opacity]: [f32; 4]) -> [f32; 4] {
    let [r, g, b] = [r, g, b].map(linear_from_srgb);
    [r, g, b, opacity.clamp(0.0, 1.0)]
}

/// Lines or points in a viewport `height` pixels high; `number` is that of their first segment among what is
/// translucent.
pub(super) fn stroke(item: &StrokeItem, number: u32, view: &ViewMatrices, height: u32) -> Stroke {
    let rel = item.buffers.bounds().center() - view.eye();
    let (half, in_mm) = match item.width {
        Width::Px(px) => (px / 2.0, 0.0),
        Width::Mm(mm) => (mm / 2.0, 1.0),
    };
    let behind = match item.hidden {
        Hidden::Out => [0.0; 4],
        Hidden::Faint(opacity) => [opacity.clamp(0.0, 1.0), 0.0, 0.0, 0.0],
        Hidden::Dashed { opacity, px } => [opacity.clamp(0.0, 1.0), px.max(1.0), px.max(1.0), 0.0],
    };
    Stroke {
        origin: four(rel, 0.0),
        colour: linear_colour(item.colour),
        width: [half.max(0.0), in_mm, view.pixels_per_mm(f64::from(height)) as f32, 0.0],
        behind,
        number: [number, 0, 0, 0],
    }
}

/// A turn of peeling.
pub(super) fn peel(part: Part, first: bool) -> Peel {
    Peel { origin: [part.x, part.y], first: u32::from(first), unused: 0 }
}
