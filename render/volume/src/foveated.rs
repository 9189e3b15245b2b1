//! Drawing finely only where the eye looks.

use bytemuck::{Pod, Zeroable};
use glam::{DQuat, DVec3};
use meshing_space::{Lps, Vector};
use render_gpu::Gpu;
use wgpu::util::DeviceExt as _;

use crate::cover::{Cover, sheet};
use crate::renderer::{bind, group_layout, texture};
use crate::view::columns;
use crate::{Renderer, Scene, Target, ViewMatrices, Viewport};

/// Three rings around the gaze: full rate inside the first radius, exactly what plain drawing shows; coarser in the
/// second; coarsest outside. For views that move; captures and exact modes have no way to ask for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Foveation {
    /// Unit vector along which the eye looks; `None` where the gaze is not tracked: straight ahead.
    pub gaze: Option<Vector<Lps>>,
    /// Angles from the gaze, in degrees, up to which the first and the second ring reach.
    pub radii_deg: [f64; 2],
    /// Degrees outside each radius over which one ring fades into the next.
    pub blend_deg: f64,
    /// Pixels along each axis that share one ray, in the second ring and outside.
    pub rates: [u32; 2],
}

impl Default for Foveation {
    /// Full rate within 20 degrees, which lets a fixed fovea follow small turns of the eye; half of it up to 35.
    fn default() -> Self {
        Self { gaze: None, radii_deg: [20.0, 35.0], blend_deg: 3.0, rates: [2, 4] }
    }
}

impl Foveation {
    pub(crate) fn gaze_in(&self, view: &ViewMatrices) -> Vector<Lps> {
        self.gaze.and_then(Vector::normalized).unwrap_or(view.towards_eye() * -1.0)
    }

    /// Radians: both radii and the fade, none of them negative or without end.
    pub(crate) fn radians(&self) -> [f64; 3] {
        let clean = |deg: f64| if deg.is_finite() { deg.clamp(0.0, 180.0).to_radians() } else { 0.0 };
        let first = clean(self.radii_deg[0]);
        [first, clean(self.radii_deg[1]).max(first), clean(self.blend_deg).max(1e-4)]
    }

    /// The pixels of a picture within an angle of the gaze, and one more around for mixing.
    fn rectangle(&self, view: &ViewMatrices, angle: f64, size: [u32; 2]) -> Viewport {
        const AROUND: u32 = 64;
        let whole = Viewport { x: 0, y: 0, width: size[0], height: size[1] };
        let gaze = self.gaze_in(view).as_dvec3();
        let side = DQuat::from_axis_angle(gaze.any_orthonormal_vector(), angle) * gaze;
        let parallel = (view.ray(-1.0, -1.0).1 - view.ray(1.0, 1.0).1).length() < 1e-9;
        let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for n in 0..AROUND {
            let turn = std::f64::consts::TAU * f64::from(n) / f64::from(AROUND);
            let ray: DVec3 = DQuat::from_axis_angle(gaze, turn) * side;
            let clip = view.clip(view.eye() + Vector::from_dvec3(ray));
            // what reaches beside or behind the eye has no outline in the picture
            if parallel || clip.w <= 1e-9 || angle > 1.5 {
                return whole;
            }
            for (a, c) in [clip.x / clip.w, -clip.y / clip.w].into_iter().enumerate() {
                let at = (c * 0.5 + 0.5) * f64::from(size[a]);
                low[a] = low[a].min(at);
                high[a] = high[a].max(at);
            }
        }
        // a polygon of 64 corners lies within a thousandth of its circle
        let grow = |a: usize| 2.0 + (high[a] - low[a]) * 2e-3;
        let from = [0, 1].map(|a| (low[a] - grow(a)).clamp(0.0, f64::from(size[a])) as u32);
        let to = [0, 1].map(|a| (high[a] + grow(a)).ceil().clamp(0.0, f64::from(size[a])) as u32);
        Viewport { x: from[0], y: from[1], width: to[0] - from[0], height: to[1] - from[1] }
    }

    /// The pictures that are drawn for a view of a size: pixels of each, and the part of it that is needed.
    pub fn rings(&self, view: &ViewMatrices, size: [u32; 2]) -> [([u32; 2], Viewport); 3] {
        let [first, second, fade] = self.radians();
        let coarse = |rate: u32| size.map(|n| n.div_ceil(rate.max(1)));
        let (half, quarter) = (coarse(self.rates[0]), coarse(self.rates[1]));
        [
            (size, self.rectangle(view, first + fade, size)),
            (half, self.rectangle(view, second + fade, half)),
            (quarter, Viewport { x: 0, y: 0, width: quarter[0], height: quarter[1] }),
        ]
    }

    /// Where a coarser ring needs no volumes: within the radius of the finer one, less what mixing reads across it.
    fn hole(&self, view: &ViewMatrices, radius: f64, size: [u32; 2]) -> Option<(Vector<Lps>, f64)> {
        // pixels are widest where the view looks straight on
        let wide = [view.clip_from_view.x_axis.x, view.clip_from_view.y_axis.y];
        let pixel = |a: usize| (2.0 / (f64::from(size[a]) * wide[a].abs().max(1e-9))).atan();
        let angle = radius - 3.0 * pixel(0).hypot(pixel(1));
        (angle > 0.0).then(|| (self.gaze_in(view), angle.cos()))
    }

    /// Rays for a view of a size, as a share of plain drawing's at most: volumes
    /// leave out what a finer ring shows.
    pub fn share(&self, view: &ViewMatrices, size: [u32; 2]) -> f64 {
        let area = |w: u32, h: u32| f64::from(w) * f64::from(h);
        let drawn: f64 = self.rings(view, size).iter().map(|(_, v)| area(v.width, v.height)).sum();
        drawn / area(size[0], size[1]).max(1.0)
    }
}

/// `Fovea` of fovea.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Uniform {
    rel_from_clip: [[f32; 4]; 4],
    gaze: [f32; 4],
    radii: [f32; 4],
    part: [f32; 4],
}

/// Lays the rings together.
#[derive(Debug)]
pub struct Foveator {
    gpu: Gpu,
    layout: wgpu::BindGroupLayout,
    pipeline: wgpu::RenderPipeline,
    format: wgpu::TextureFormat,
}

impl Foveator {
    /// For a renderer's targets.
    pub fn new(gpu: &Gpu, renderer: &Renderer) -> Self {
        let uniform = wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Uniform,
            has_dynamic_offset: false,
            min_binding_size: None,
        };
        let picture =
            texture(wgpu::TextureSampleType::Float { filterable: false }, wgpu::TextureViewDimension::D2);
        let layout = group_layout(gpu, "fovea", &[uniform, picture, picture, picture]);
        let format = renderer.colour_format();
        let cover = Cover {
            file: "fovea.wgsl",
            groups: &[&layout],
            format,
            also: None,
            blend: None,
            constants: &[],
            instances: None,
        };
        Self { gpu: gpu.clone(), pipeline: cover.pipeline(gpu), layout, format }
    }

    /// Records the drawing of a scene, finely only around the gaze, over what the target held. The target's colour is
    /// written and its depth is not; [`Target::clear`] is the background, transparent where it is `None`.
    pub fn draw(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        renderer: &mut Renderer,
        target: &Target<'_>,
        view: &ViewMatrices,
        scene: &Scene,
        foveation: &Foveation,
    ) {
        let [width, height] = target.size;
        let part = target.viewport.unwrap_or(Viewport { x: 0, y: 0, width, height });
        if part.width == 0 || part.height == 0 {
            return;
        }
        let whole = |t: &wgpu::Texture| t.create_view(&wgpu::TextureViewDescriptor::default());
        let rings = foveation.rings(view, [part.width, part.height]);
        let [first, second, _] = foveation.radians();
        let holes = [0.0, first, second];
        let pictures = [0, 1, 2].map(|n| {
            let (size, within) = rings[n];
            let hole = foveation.hole(view, holes[n], size);
            let colour = whole(&sheet(&self.gpu, "ring", size, self.format));
            let depth = whole(&sheet(&self.gpu, "ring depth", size, wgpu::TextureFormat::Depth32Float));
            let clear = Some(target.clear.unwrap_or_default());
            let ring = Target { colour: &colour, depth: &depth, size, viewport: None, clear };
            renderer.draw_within(encoder, &ring, (within, hole), view, scene);
            colour
        });
        let [first, second, fade] = foveation.radians().map(|r| r as f32);
        let gaze = foveation.gaze_in(view).as_dvec3().as_vec3();
        let uniform = Uniform {
            rel_from_clip: columns(view.clip_from_rel().inverse()),
            gaze: gaze.extend(0.0).to_array(),
            radii: [first, second, fade, 0.0],
            part: [part.x, part.y, part.width, part.height].map(|n| n as f32),
        };
        let buffer = self.gpu.device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: Some("fovea"),
            contents: bytemuck::bytes_of(&uniform),
            usage: wgpu::BufferUsages::UNIFORM,
        });
        let [a, b, c] = &pictures;
        let [a, b, c] = [a, b, c].map(wgpu::BindingResource::TextureView);
        let group = bind(&self.gpu, "fovea", &self.layout, &[buffer.as_entire_binding(), a, b, c]);
        let load = target
            .clear
            .map_or(wgpu::LoadOp::Load, |[r, g, b, a]| wgpu::LoadOp::Clear(wgpu::Color { r, g, b, a }));
        let mut pass = crate::cover::begin(encoder, "fovea", target.colour, load);
        pass.set_scissor_rect(part.x, part.y, part.width, part.height);
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.draw(0..3, 0..1);
    }
}
