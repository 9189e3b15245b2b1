//! What the shaders are told, as they lay it out.

use bytemuck::{Pod, Zeroable};
use glam::{DAffine3, DMat3, DMat4, DVec3};
use meshing_space::{Lps, Point, Vector};

use super::Part;
use crate::figure_map::BANDS;
use crate::light_grid::Blocks;
use crate::look::{TABLE, linear_from_srgb};
use crate::scene::MIXED;
use crate::view::{Eyes, columns};
use crate::{
    Caps, ClipPlanes, FigureMap, Hidden, MeshItem, Mode, Scene, Shading, SliceItem, StrokeItem, ViewMatrices,
    VolumeItem, VolumeTexture, Width, Window, cells,
};

type Matrix = [[f32; 4]; 4];

/// `View` of shared/view.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(crate) struct View {
    clip_from_rel: Matrix,
    eye_rel_from_clip: Matrix,
    viewport: [f32; 4],
    light: [f32; 4],
    clip: [[f32; 4]; ClipPlanes::MAX],
    counts: [u32; 4],
    hole: [f32; 4],
    eye: [f32; 4],
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
    carve: [f32; 4],
}

/// `MeshUniform` of shared/surface.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(super) struct Mesh {
    clip_from_local: [Matrix; 2],
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

/// `Masks` of fused.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(super) struct Masks {
    within: [i32; 4],
    bits: [[[u32; 4]; 2]; MIXED],
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

/// One eye.
pub(crate) fn view(view: &ViewMatrices, part: impl Into<Part>, planes: &ClipPlanes) -> View {
    eye(view, view.eye(), part.into(), planes)
}

/// Both eyes, each looking through the same part of its own layer.
pub(super) fn views(eyes: Eyes<'_>, part: Part, planes: &ClipPlanes) -> [View; 2] {
    eyes.pair().map(|view| eye(view, eyes.origin(), part, planes))
}

/// An eye, everything relative to `origin`.
fn eye(view: &ViewMatrices, origin: Point<Lps>, part: Part, planes: &ClipPlanes) -> View {
    let clip_from_eye_rel = view.clip_from_rel();
    let from_origin = view.eye() - origin;
    let mut clip = [[0.0; 4]; ClipPlanes::MAX];
    let mut count = 0;
    for (slot, (normal, height)) in clip.iter_mut().zip(planes.seen_from(origin)) {
        *slot = four(normal, height);
        count += 1;
    }
    View {
        clip_from_rel: columns(clip_from_eye_rel * DMat4::from_translation(-from_origin.as_dvec3())),
        eye_rel_from_clip: columns(clip_from_eye_rel.inverse()),
        viewport: [part.x, part.y, part.width, part.height].map(|v| v as f32),
        light: four(view.towards_light(), 0.0),
        clip,
        counts: [count, 0, 0, 0],
        hole: part.hole.map_or([0.0, 0.0, 0.0, 2.0], |(gaze, cosine)| four(gaze, cosine)),
        eye: four(from_origin, 0.0),
    }
}

fn material(s: &Shading) -> [f32; 4] {
    [s.ambient, s.diffuse, s.specular, s.shininess]
}

fn placed(texture: &VolumeTexture, window: Window, origin: Point<Lps>) -> Volume {
    let grid = texture.grid();
    let n = DVec3::from_array(grid.size().map(|n| n as f64));
    let ijk_from_lps = grid.ijk_from_lps().affine();
    // 0..1 from outer face to outer face
    let tex_from_ijk = DAffine3::from_mat3_translation(DMat3::from_diagonal(1.0 / n), DVec3::splat(0.5) / n);
    let lps_from_rel = DAffine3::from_translation(origin.as_dvec3());
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
        carve: [0.0; 4],
    }
}

pub(crate) fn volume(item: &VolumeItem, origin: Point<Lps>) -> Volume {
    let VolumeItem { texture, look, segments, .. } = item;
    let mut uniform = placed(texture, look.window, origin);
    let (low, high) = look.transfer.span();
    let last = (TABLE - 1) as f32;
    let [from, to] = look.shading.gradient_per_mm;
    uniform.window[2] = look.transfer.transparent_up_to();
    uniform.value[2] = low;
    uniform.value[3] = last / (high - low);
    uniform.material = material(&look.shading);
    beside(&mut uniform, item);
    let functions = segments.as_ref().map_or(1, |s| s.functions(&look.transfer).list.len());
    let by_gradient = look.gradient_table().map_or(0.0, |(_, entries_per_mm)| entries_per_mm);
    let kept = match look.mode {
        Mode::MinIp => 1.0,
        Mode::Mean => 2.0,
        _ => 0.0,
    };
    uniform.look = [kept, look.shown_surfaces().len() as f32, functions as f32, by_gradient];
    // light is found where the voxels lie in memory
    if look.shading.dims() && texture.volume().is_some() {
        let blocks = Blocks::of(texture.grid());
        let along = |a: usize| texture.grid().size()[a] as f32 / blocks.factor[a] as f32;
        uniform.blocks = [along(0), along(1), along(2), blocks.edge_mm() as f32];
        uniform.dimming = [look.shading.occlusion, look.shading.shadow, 0.0, 0.0];
    }
    uniform.march = [look.step_mm(texture.grid()) as f32, from, to.max(from + 1e-3), last];
    uniform
}

/// What lies beside the voxels.
fn beside(uniform: &mut Volume, item: &VolumeItem) {
    let told = |factor: [usize; 3]| {
        let [i, j, k] = factor.map(|f| f as f32);
        [i, j, k, 1.0]
    };
    uniform.labels = item.segments.as_ref().map_or([0.0; 4], |s| told(s.segments.factor()));
    uniform.carve = item.carve.as_ref().map_or([0.0; 4], |c| told(c.factor()));
}

pub(super) fn cap_volume(item: &VolumeItem, caps: &Caps, origin: Point<Lps>) -> Volume {
    let mut uniform = placed(&item.texture, caps.window, origin);
    uniform.window[2] = caps.above.unwrap_or(f32::MIN);
    uniform.march[0] = Caps::step_mm(item.texture.grid()) as f32;
    beside(&mut uniform, item);
    uniform
}

pub(super) fn slice_volume(item: &SliceItem, origin: Point<Lps>) -> Volume {
    placed(&item.texture, item.window, origin)
}

pub(super) fn slice(item: &SliceItem, origin: Point<Lps>) -> Slice {
    let p = &item.plane;
    let edge = |n: u32| f64::from(n) * p.pixel_mm;
    Slice {
        corner: four(p.lps(-0.5, -0.5) - origin, 0.0),
        right: four(p.right * edge(p.size[0]), 0.0),
        down: four(p.down * edge(p.size[1]), 0.0),
    }
}

/// A surface; `number` counts what is translucent.
pub(super) fn mesh(item: &MeshItem, number: usize, eyes: Eyes<'_>) -> Mesh {
    let middle: Point<Lps> = item.buffers.bounds().center();
    let clip_from_local = |eye: &ViewMatrices| {
        columns(eye.clip_from_rel() * DMat4::from_translation((middle - eye.eye()).as_dvec3()))
    };
    let per_unit = item.map.as_ref().map(FigureMap::per_unit);
    let mut bands = [[0.0; 4]; BANDS + 1];
    for (slot, colour) in bands.iter_mut().zip(FigureMap::COLOURS.into_iter().chain([FigureMap::NONE])) {
        let [r, g, b] = colour.map(|c| linear_from_srgb(f32::from(c) / 255.0));
        *slot = [r, g, b, 1.0];
    }
    Mesh {
        clip_from_local: eyes.pair().map(clip_from_local),
        origin: four(middle - eyes.origin(), 0.0),
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
pub(super) fn stroke(item: &StrokeItem, number: u32, eyes: Eyes<'_>, height: u32) -> Stroke {
    let rel = item.buffers.bounds().center() - eyes.origin();
    let [first, second] = eyes.pair().map(|eye| eye.pixels_per_mm(f64::from(height)) as f32);
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
        width: [half.max(0.0), in_mm, first, second],
        behind,
        number: [number, 0, 0, 0],
    }
}

/// Which volume is shown inside which labels of another; the last word on a volume counts.
pub(super) fn masks(scene: &Scene) -> Masks {
    let mut masks = Masks { within: [-1; 4], bits: [[[0; 4]; 2]; MIXED] };
    for mask in &scene.masks {
        let Some(bits) = masks.bits.get_mut(mask.volume) else { continue };
        // what is no volume of the scene holds nothing
        let known = mask.within < scene.volumes.len();
        masks.within[mask.volume] = if known { mask.within as i32 } else { mask.volume as i32 };
        *bits = if known { mask.bits() } else { [[0; 4]; 2] };
    }
    masks
}

/// A turn of peeling.
pub(super) fn peel(part: Part, first: bool) -> Peel {
    Peel { origin: [part.x, part.y], first: u32::from(first), unused: 0 }
}
