//! What is kept of a picture between calls.

use bytemuck::Zeroable as _;
use render_gpu::Gpu;

use super::passes::{Passes, Tables};
use super::{PathSettings, uniforms};
use crate::renderer::{bind, view_uniform, volume_bind, volume_uniform};
use crate::volume_texture::Lookup;
use crate::{
    ClipPlanes, Look, MeshBuffers, Renderer, Scene, SlicePlane, Target, ViewMatrices, Viewport, VolumeItem,
};

/// Paths of one dispatch at most: a graphics card's driver gives up on work of seconds.
const PATHS_AT_ONCE: u32 = 1 << 22;

/// Collisions of a pixel in one dispatch at most, if every path went its full length: lavapipe ends all loops of an
/// invocation after 65,535 turns in sum, without a word ([`render_gpu::LOOP_TURNS`]), and the light of what is left would
/// be lost. Other drivers are spared work of seconds by the same bound.
const COLLISIONS_AT_ONCE: u32 = 64;

/// Levels of the denoiser: it reaches 2 · (2^5 - 1) = 62 pixels.
pub(crate) const LEVELS: u32 = 5;

/// How much the denoiser lets differences count: brightness in standard deviations, squared differences of
/// normals and of colours, distance in parts of what the slope explains. Many samples need it less: then what is
/// left of the noise is smaller than what a wide tolerance would blur.
pub(crate) fn sigma(samples: u32) -> [f32; 4] {
    let fewer = (64.0 / samples.max(1) as f32).min(1.0).powf(0.25);
    [3.5 * fewer, 16.0, 60.0, 4.0]
}

/// All that the light depends on.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Inputs {
    pub(super) size: [u32; 2],
    pub(super) view: ViewMatrices,
    volume: u64,
    /// What a volume in bricks showed changes with each that is brought.
    bricks: u64,
    look: Look,
    clip: ClipPlanes,
    meshes: Vec<MeshBuffers>,
    slices: Vec<(u64, SlicePlane)>,
    settings: PathSettings,
}

impl Inputs {
    pub(super) fn new(
        size: [u32; 2],
        view: &ViewMatrices,
        scene: &Scene,
        volume: &VolumeItem,
        settings: &PathSettings,
    ) -> Self {
        let opaque = scene.meshes.iter().filter(|m| m.colour[3] >= 1.0);
        Self {
            size,
            view: *view,
            volume: volume.texture.id(),
            bricks: volume.texture.bricks_brought(),
            look: volume.look.clone(),
            clip: scene.clip.clone(),
            meshes: opaque.map(|m| m.buffers.clone()).collect(),
            slices: scene.slices.iter().map(|s| (s.texture.id(), s.plane)).collect(),
            settings: settings.traced(),
        }
    }
}

/// A picture in the making.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) inputs: Inputs,
    pub(super) scene: Scene,
    pub(super) samples: u32,
    /// Light, colour, normal; see path.wgsl.
    pub(super) sums: [wgpu::Buffer; 3],
    smooth: [wgpu::Buffer; 2],
    /// The samples that `smooth` was made from, and whether it was denoised.
    smooth_of: Option<(u32, bool)>,
    path: uniforms::Path,
    pixel_mm: f32,
    lookup: Lookup,
    view_group: wgpu::BindGroup,
    volume_group: wgpu::BindGroup,
    depth_group: wgpu::BindGroup,
}

impl Held {
    pub(super) fn new(
        gpu: &Gpu,
        passes: &Passes,
        renderer: &mut Renderer,
        inputs: Inputs,
        volume: &VolumeItem,
        scene: &Scene,
    ) -> Self {
        let (size, view) = (inputs.size, inputs.view);
        let VolumeItem { texture, look, .. } = volume;
        let settings = &inputs.settings;
        let tracing = passes.tracing(gpu, texture.lookup());
        let tables = Tables::new(gpu, texture, &look.transfer, settings.density);
        let whole = Viewport { x: 0, y: 0, width: size[0], height: size[1] };
        let view_buffer = uniform(gpu, &view_uniform(&view, whole, &inputs.clip));
        let volume_buffer = uniform(gpu, &volume_uniform(volume, view.eye()));
        let depth = depth_of(gpu, renderer, size, &view, scene);
        let buffer = |label| {
            gpu.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: u64::from(size[0]) * u64::from(size[1]) * 16,
                usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            })
        };
        let (middle, _) = uniforms::ball(&texture.bounds());
        Self {
            samples: 0,
            sums: ["path light", "path colour", "path normal"].map(buffer),
            smooth: ["path smooth a", "path smooth b"].map(buffer),
            smooth_of: None,
            path: uniforms::path(settings, &texture.bounds(), &view, size),
            pixel_mm: pixel_mm(&view, size, middle),
            lookup: texture.lookup(),
            view_group: bind(gpu, "path view", &passes.view, &[view_buffer.as_entire_binding()]),
            volume_group: volume_bind(
                gpu,
                "path volume",
                &tracing.volume,
                &[
                    volume_buffer.as_entire_binding(),
                    wgpu::BindingResource::TextureView(texture.picture()),
                    wgpu::BindingResource::Sampler(&tracing.sampler),
                    tables.colours.as_entire_binding(),
                    tables.extinctions.as_entire_binding(),
                    tables.majorants.as_entire_binding(),
                ],
                texture.pages(&passes.no_pages),
            ),
            depth_group: bind(
                gpu,
                "path depth",
                &passes.depth,
                &[wgpu::BindingResource::TextureView(&depth)],
            ),
            inputs,
            scene: scene.clone(),
        }
    }

    /// Pixels of the picture.
    pub(super) fn pixels(&self) -> u32 {
        // no larger than a storage buffer, which the tracer has checked
        self.inputs.size[0] * self.inputs.size[1]
    }

    /// Adds samples, in dispatches short enough for any driver.
    pub(super) fn trace(&mut self, gpu: &Gpu, passes: &Passes, samples: u32) {
        let end = self.samples + samples;
        let by_length = COLLISIONS_AT_ONCE / self.inputs.settings.bounces;
        let at_once = (PATHS_AT_ONCE / self.pixels()).min(by_length).max(1);
        while self.samples < end {
            let next = end.min(self.samples + at_once);
            let mut told = self.path;
            told.picture[2] = self.samples;
            told.picture[3] = next;
            let uniform = uniform(gpu, &told);
            let [light, colour, normal] = &self.sums;
            let group = bind(
                gpu,
                "path",
                &passes.path,
                &[
                    uniform.as_entire_binding(),
                    light.as_entire_binding(),
                    colour.as_entire_binding(),
                    normal.as_entire_binding(),
                ],
            );
            let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                    label: Some("path"),
                    ..Default::default()
                });
                pass.set_pipeline(&passes.tracing(gpu, self.lookup).pipeline);
                let groups = [&self.view_group, &self.volume_group, &self.depth_group, &group];
                for (n, group) in (0..).zip(groups) {
                    pass.set_bind_group(n, group, &[]);
                }
                let [w, h] = self.inputs.size.map(|n| n.div_ceil(8));
                pass.dispatch_workgroups(w, h, 1);
            }
            gpu.queue.submit([encoder.finish()]);
            self.samples = next;
        }
    }

    /// Denoises where that is wanted and not done yet, and lays the picture over a view.
    #[expect(clippy::too_many_arguments, reason = "the fields of a target, taken apart")]
    pub(super) fn show(
        &mut self,
        gpu: &Gpu,
        passes: &Passes,
        encoder: &mut wgpu::CommandEncoder,
        colour: &wgpu::TextureView,
        part: Viewport,
        pipeline: &wgpu::RenderPipeline,
        settings: &PathSettings,
    ) {
        let wanted = (self.samples, settings.denoise);
        let levels = if settings.denoise { LEVELS } else { 0 };
        if self.smooth_of != Some(wanted) {
            self.smooth(gpu, passes, encoder, levels);
            self.smooth_of = Some(wanted);
        }
        let told = uniforms::Sums {
            exposure: settings.exposure as f32,
            white: settings.white as f32,
            origin: [part.x as f32, part.y as f32],
            ..self.told()
        };
        let told = uniform(gpu, &told);
        let source = &self.smooth[levels as usize % 2];
        let group = bind(gpu, "path shown", &passes.shown, &self.resources(&told, &[source]));
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("path show"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: colour,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations { load: wgpu::LoadOp::Load, store: wgpu::StoreOp::Store },
            })],
            ..Default::default()
        });
        let [x, y, w, h] = [part.x, part.y, part.width, part.height].map(|v| v as f32);
        pass.set_viewport(x, y, w, h, 0.0, 1.0);
        pass.set_scissor_rect(part.x, part.y, part.width, part.height);
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, &group, &[]);
        pass.draw(0..3, 0..1);
    }

    /// Sums to light over colour in the first buffer, then level by level from one buffer to the other.
    fn smooth(&self, gpu: &Gpu, passes: &Passes, encoder: &mut wgpu::CommandEncoder, levels: u32) {
        let [w, h] = self.inputs.size.map(|n| n.div_ceil(8));
        let mut run = |pipeline, step, from: usize, to: usize| {
            let told = uniform(gpu, &uniforms::Sums { step, ..self.told() });
            let resources = self.resources(&told, &[&self.smooth[from], &self.smooth[to]]);
            let group = bind(gpu, "path sums", &passes.sums, &resources);
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: Some("path denoise"),
                ..Default::default()
            });
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, &group, &[]);
            pass.dispatch_workgroups(w, h, 1);
        };
        run(&passes.divide, 1, 1, 0);
        for level in 0..levels {
            let from = level as usize % 2;
            run(&passes.smooth, 1 << level, from, 1 - from);
        }
    }

    fn told(&self) -> uniforms::Sums {
        uniforms::Sums {
            size: self.inputs.size,
            samples: self.samples as f32,
            sigma: sigma(self.samples),
            pixel_mm: self.pixel_mm,
            ..uniforms::Sums::zeroed()
        }
    }

    fn resources<'a>(
        &'a self,
        told: &'a wgpu::Buffer,
        more: &[&'a wgpu::Buffer],
    ) -> Vec<wgpu::BindingResource<'a>> {
        let first = std::iter::once(told).chain(&self.sums);
        first.chain(more.iter().copied()).map(wgpu::Buffer::as_entire_binding).collect()
    }
}

/// A pixel's breadth in mm at a place.
pub(crate) fn pixel_mm(
    view: &ViewMatrices,
    size: [u32; 2],
    place: meshing_space::Point<meshing_space::Lps>,
) -> f32 {
    let (a, b) = (view.clip(place), view.clip(place + view.right()));
    let pixels = (b.x / b.w - a.x / a.w).abs() / 2.0 * f64::from(size[0]);
    // a place behind the eye has no sensible answer; it only guides the denoiser
    if pixels.is_finite() && pixels > 1e-6 { (1.0 / pixels) as f32 } else { 1.0 }
}

/// The depth of what is opaque besides the volume; 0 where there is nothing.
fn depth_of(
    gpu: &Gpu,
    renderer: &mut Renderer,
    size: [u32; 2],
    view: &ViewMatrices,
    scene: &Scene,
) -> wgpu::TextureView {
    let texture = |label, format, usage| {
        let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
            label: Some(label),
            size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: usage | wgpu::TextureUsages::RENDER_ATTACHMENT,
            view_formats: &[],
        });
        texture.create_view(&wgpu::TextureViewDescriptor::default())
    };
    let colour = texture("path unseen", renderer.colour_format(), wgpu::TextureUsages::empty());
    let depth =
        texture("path depth", wgpu::TextureFormat::Depth32Float, wgpu::TextureUsages::TEXTURE_BINDING);
    let opaque = Scene {
        volumes: Vec::new(),
        meshes: scene.meshes.iter().filter(|m| m.colour[3] >= 1.0).cloned().collect(),
        ..scene.clone()
    };
    let target = Target { colour: &colour, depth: &depth, size, viewport: None, clear: Some([0.0; 4]) };
    let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    renderer.draw(&mut encoder, &target, view, &opaque);
    gpu.queue.submit([encoder.finish()]);
    depth
}

fn uniform<T: bytemuck::Pod>(gpu: &Gpu, value: &T) -> wgpu::Buffer {
    gpu.filled_buffer(&wgpu::util::BufferInitDescriptor {
        label: None,
        contents: bytemuck::bytes_of(value),
        usage: wgpu::BufferUsages::UNIFORM,
    })
}
