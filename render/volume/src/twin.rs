//! The plain-Rust twins of the shaders: slow, obvious, in f64, without leaps or early ends. Tests bound how far
//! a picture of the GPU may be from theirs; nothing else calls them.

mod dvr;
mod fovea;
mod iso;
mod labels;
mod layers;
mod lightness;
mod lines;
mod marks;
mod mesh;
mod mip;
mod mpr;
mod outline;
mod paint;
mod path;
mod path_denoise;
mod path_show;
mod reform;
mod reproject;
mod segments;
mod slice;
mod slice_view;
mod stroke;

pub use dvr::dvr;
pub use fovea::fovea;
pub use iso::iso;
pub use labels::labels;
pub use layers::{Layer, layers_before, over, with_layers};
pub use lightness::{Lightness, lightness};
pub use lines::lines;
pub use marks::marks;
pub use mesh::{Hit, MeshTwin, mesh, mesh_layers};
pub use mip::mip;
pub use mpr::mpr;
pub use outline::{Masked, outline};
pub use paint::paint;
pub use path::{path, path_evenly};
pub use path_show::path_show;
pub use reform::reform;
pub use reproject::reproject;
pub use segments::segments;
pub use slice::slice;
pub use slice_view::slice_view;
pub use stroke::{Bands, StrokeTwin};

use image::RgbaImage;
use meshing_space::{Ijk, Lps, Point, Vector};
use meshing_volume::{LabelMap, Volume};
use rayon::prelude::*;

use crate::look::srgb_from_linear;
use crate::{Camera, ClipPlanes, Look, Mode, SegmentLook, Shading, SlicePlane, Window};

/// A ray through the scene.
#[derive(Clone, Copy, Debug)]
pub struct Ray {
    /// On the near plane.
    pub start: Point<Lps>,
    /// Unit vector.
    pub direction: Vector<Lps>,
    /// Unit vector towards the light.
    pub light: Vector<Lps>,
}

impl Ray {
    /// The place after `mm` of the ray.
    pub fn at(&self, mm: f64) -> Point<Lps> {
        self.start + self.direction * mm
    }
}

/// A scene of plain data.
#[derive(Clone, Debug, Default)]
pub struct TwinScene<'a> {
    /// Volumes with their looks.
    pub volumes: Vec<(&'a Volume, &'a Look)>,
    /// Segments by volume, where it has some.
    pub segments: Vec<Option<(&'a LabelMap, &'a [SegmentLook])>>,
    /// Surfaces.
    pub meshes: Vec<MeshTwin<'a>>,
    /// Lines and points.
    pub strokes: Vec<StrokeTwin>,
    /// Slices of volumes.
    pub slices: Vec<(&'a Volume, SlicePlane, Window)>,
    /// Cuts through everything.
    pub clip: ClipPlanes,
    /// Linear background, premultiplied.
    pub background: [f64; 4],
}

/// The picture of a scene, pixel by pixel.
pub fn picture(size: [u32; 2], camera: &Camera, scene: &TwinScene<'_>) -> RgbaImage {
    let view = camera.matrices(f64::from(size[0]) / f64::from(size[1]));
    let bands: Vec<_> = scene.strokes.iter().map(|s| s.bands(&view, size)).collect();
    let ray_at = |x: u32, y: u32| {
        let right = (f64::from(x) + 0.5) / f64::from(size[0]) * 2.0 - 1.0;
        let up = 1.0 - (f64::from(y) + 0.5) / f64::from(size[1]) * 2.0;
        let (start, direction) = view.ray(right, up);
        Ray { start, direction, light: view.towards_light() }
    };
    let pixels: Vec<_> = (0..size[1]).flat_map(|y| (0..size[0]).map(move |x| (x, y))).collect();
    let outlined = scene.meshes.iter().filter_map(|m| Some((m, m.outline()?)));
    let mask = |m: &MeshTwin<'_>| -> Vec<_> {
        let far = |hit: Option<Hit>| hit.map_or(f64::INFINITY, |hit| hit.distance_mm);
        let masked =
            |ray| Masked { surface_mm: far(mesh(&ray, m, &scene.clip)), scene_mm: far(opaque(&ray, scene)) };
        pixels.par_iter().map(|&(x, y)| masked(ray_at(x, y))).collect()
    };
    let light = lights(scene, view.towards_light());
    let masks: Vec<_> = outlined.map(|(m, line)| (mask(m), line)).collect();
    let width = size[0] as usize;
    let mut bytes = vec![0; width * size[1] as usize * 4];
    bytes.par_chunks_exact_mut(4).enumerate().for_each(|(n, bytes)| {
        let (x, y) = ((n % width) as u32, (n / width) as u32);
        let centre = [f64::from(x) + 0.5, f64::from(y) + 0.5];
        let lines = masks.iter().map(|(mask, line)| outline(mask, size[0], [x, y], line));
        let line = lines.fold([0.0; 4], |below, front| over(front, below));
        let [r, g, b, a] = pixel(&ray_at(x, y), (scene, &light), &bands, centre, line).0;
        let byte = |c: f64| (c.clamp(0.0, 1.0) * 255.0).round() as u8;
        let encoded = |c: f64| byte(srgb_from_linear(c));
        bytes.copy_from_slice(&[encoded(r), encoded(g), encoded(b), byte(a)]);
    });
    RgbaImage::from_raw(size[0], size[1], bytes).expect("four bytes a pixel")
}

/// A ray has hit something once it has gathered more opacity than this.
const HIT: f64 = 0.05;

/// Where along a ray things lie, in mm from its start; infinite where nothing is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Along {
    /// To the first surface, or the middle of the step on which a volume has gathered more than 0.05 of opacity.
    pub first_mm: f64,
    /// Mean of what is seen and not translucent, weighted by its part in the picture.
    pub mean_mm: f64,
    /// Of everything but the background and what is translucent.
    pub opacity: f64,
}

impl Along {
    /// A ray that meets nothing.
    pub const NOTHING: Self = Self { first_mm: f64::INFINITY, mean_mm: f64::INFINITY, opacity: 0.0 };

    /// A volume laid over what is there.
    fn over(self, below: Self) -> Self {
        let through = (1.0 - self.opacity) * below.opacity;
        let opacity = self.opacity + through;
        let part = |w: f64, mm: f64| if w > 0.0 { w * mm } else { 0.0 };
        let weighted = part(self.opacity, self.mean_mm) + part(through, below.mean_mm);
        Self {
            first_mm: self.first_mm.min(below.first_mm),
            mean_mm: if opacity > 0.0 { weighted / opacity } else { f64::INFINITY },
            opacity,
        }
    }
}

/// Where each pixel of the picture lies, row by row: twin of depths.wgsl and of what the others write beside colour.
pub fn depths(size: [u32; 2], camera: &Camera, scene: &TwinScene<'_>) -> Vec<Along> {
    let view = camera.matrices(f64::from(size[0]) / f64::from(size[1]));
    let pixels = (0..size[1]).flat_map(|y| (0..size[0]).map(move |x| [x, y]));
    let light = lights(scene, view.towards_light());
    let along = pixels.map(|at| {
        let centre = at.map(|n| f64::from(n) + 0.5);
        let [x, y]: [f64; 2] = std::array::from_fn(|a| centre[a] / f64::from(size[a]) * 2.0 - 1.0);
        let (start, direction) = view.ray(x, -y);
        let ray = Ray { start, direction, light: view.towards_light() };
        pixel(&ray, (scene, &light), &[], centre, [0.0; 4]).1
    });
    along.collect()
}

/// The light in each volume that asks for it.
fn lights(scene: &TwinScene<'_>, towards_light: Vector<Lps>) -> Vec<Option<Lightness>> {
    let each = scene.volumes.iter().enumerate();
    let light = |(n, (volume, look)): (usize, &(&Volume, &Look))| {
        lightness(volume, look, scene.segments.get(n).copied().flatten(), towards_light)
    };
    each.map(light).collect()
}

/// The nearest opaque thing on a ray.
fn opaque(ray: &Ray, scene: &TwinScene<'_>) -> Option<Hit> {
    let meshes = scene.meshes.iter().filter(|m| m.opaque()).filter_map(|m| mesh(ray, m, &scene.clip));
    let slices = scene.slices.iter().filter_map(|(v, p, w)| slice(ray, v, p, *w, &scene.clip));
    meshes.chain(slices).min_by(|a, b| a.distance_mm.total_cmp(&b.distance_mm))
}

/// Linear premultiplied colour along the ray through a pixel's centre, where outlines have the colour `line`, and
/// where along it lies what is not translucent.
fn pixel(
    ray: &Ray,
    (scene, light): (&TwinScene<'_>, &[Option<Lightness>]),
    bands: &[Bands],
    centre: [f64; 2],
    line: [f64; 4],
) -> ([f64; 4], Along) {
    let hit = opaque(ray, scene);
    let reach_mm = hit.map_or(f64::INFINITY, |hit| hit.distance_mm);
    let surface = |hit: Hit| Along { first_mm: hit.distance_mm, mean_mm: hit.distance_mm, opacity: 1.0 };
    let mut along = hit.map_or(Along::NOTHING, surface);
    let mut colour = hit.map_or(scene.background, |Hit { colour: [r, g, b], .. }| [r, g, b, 1.0]);
    let translucent = scene.meshes.iter().filter(|m| !m.opaque());
    let mut layers: Vec<_> = translucent.flat_map(|m| mesh_layers(ray, m, &scene.clip)).collect();
    layers.extend(bands.iter().flat_map(|b| b.layers(centre, ray, &scene.clip)));
    layers.retain(|layer| layer.distance_mm < reach_mm);
    layers.sort_by(|a, b| a.distance_mm.total_cmp(&b.distance_mm));
    let mut left = layers.as_slice();
    for (n, (volume, look)) in scene.volumes.iter().enumerate() {
        let segments = scene.segments.get(n).copied().flatten();
        let inside = n + 1 == scene.volumes.len() && !look.mode.projects();
        let taken = if inside { std::mem::take(&mut left) } else { &[] };
        let (front, lies) = match look.mode {
            Mode::Dvr => dvr(ray, volume, (look, light[n].as_ref()), segments, &scene.clip, reach_mm, taken),
            Mode::Iso => iso(ray, volume, (look, light[n].as_ref()), segments, &scene.clip, reach_mm, taken),
            Mode::Mip | Mode::MinIp | Mode::Mean => mip(ray, volume, look, &scene.clip, reach_mm),
        };
        colour = over(front, colour);
        along = lies.over(along);
    }
    colour = over(layers_before([0.0; 4], &mut left, f64::INFINITY), colour);
    let hidden = bands.iter().flat_map(|b| b.hidden(centre, ray, &scene.clip));
    (hidden.fold(over(line, colour), |below, front| over(front, below)), along)
}

/// The value at a place; the border voxels extend outwards.
fn value_at(volume: &Volume, at: Point<Ijk>) -> f64 {
    let last = volume.grid().size().map(|n| n as f64 - 1.0);
    let [i, j, k] = at.to_array();
    let inside = Point::new(i.clamp(0.0, last[0]), j.clamp(0.0, last[1]), k.clamp(0.0, last[2]));
    volume.sample(inside).unwrap_or(0.0)
}

/// Central differences over one voxel each way, as an LPS vector in value per mm.
fn gradient_at(volume: &Volume, at: Point<Ijk>) -> Vector<Lps> {
    let axes = [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0)];
    let per_step = axes.map(|a| (value_at(volume, at + a) - value_at(volume, at - a)) / 2.0);
    // value = per_step . ijk and ijk = M lps, so the gradient by lps is M transposed times per_step
    let m = volume.grid().ijk_from_lps().affine().matrix3;
    Vector::from_dvec3(m.transpose() * glam::DVec3::from_array(per_step))
}

/// Where the ray runs inside the volume's outer faces and the clip planes; `None` where it does not.
fn interval(ray: &Ray, volume: &Volume, clip: &ClipPlanes, reach_mm: f64) -> Option<(f64, f64)> {
    let ijk_from_lps = volume.grid().ijk_from_lps();
    let (start, step) = ((ijk_from_lps * ray.start).to_array(), (ijk_from_lps * ray.direction).to_array());
    let (mut near, mut far) = (0.0_f64, reach_mm);
    let mut cut = |height: f64, slope: f64| {
        // kept where height + slope t >= 0
        if slope.abs() < 1e-12 {
            if height < 0.0 {
                far = f64::NEG_INFINITY;
            }
        } else if slope > 0.0 {
            near = near.max(-height / slope);
        } else {
            far = far.min(-height / slope);
        }
    };
    for a in 0..3 {
        cut(start[a] + 0.5, step[a]);
        cut(volume.grid().size()[a] as f64 - 0.5 - start[a], -step[a]);
    }
    for (normal, height) in clip.seen_from(ray.start) {
        cut(height, normal.dot(ray.direction));
    }
    (far > near).then_some((near, far))
}

/// The light terms at a place of a ray that is so much of a surface, dimmed where there is something to dim them.
fn dimmed(
    light: Option<&Lightness>,
    volume: &Volume,
    shading: &Shading,
    (ray, at): (&Ray, Point<Lps>),
    gradient: Vector<Lps>,
    surface: f64,
) -> Shading {
    let Some(light) = light else { return *shading };
    let normal = gradient.normalized().unwrap_or(Vector::new(0.0, 0.0, 0.0));
    let normal = if normal.dot(ray.direction) > 0.0 { -normal } else { normal };
    light.dimmed(volume, shading, at, normal, surface)
}

/// Blinn-Phong, the normal turned towards the eye.
fn lit(base: [f64; 3], normal: Vector<Lps>, ray: &Ray, shading: &Shading) -> [f64; 3] {
    let Some(mut n) = normal.normalized() else { return unlit(base, shading) };
    if n.dot(ray.direction) > 0.0 {
        n = -n;
    }
    let half_way = (ray.light - ray.direction).normalized().unwrap_or(ray.light);
    let diffuse = f64::from(shading.ambient) + f64::from(shading.diffuse) * n.dot(ray.light).max(0.0);
    let specular = f64::from(shading.specular) * n.dot(half_way).max(1e-6).powf(f64::from(shading.shininess));
    base.map(|c| c * diffuse + specular)
}

/// What has no clear surface.
fn unlit(base: [f64; 3], shading: &Shading) -> [f64; 3] {
    base.map(|c| c * (f64::from(shading.ambient) + 0.6 * f64::from(shading.diffuse)))
}

/// Linear light of a display grey.
fn linear_grey(grey: f64) -> f64 {
    if grey <= 0.04045 { grey / 12.92 } else { ((grey + 0.055) / 1.055).powf(2.4) }
}
