//! Pictures that get better while nothing changes.

use meshing_volume::Words;
use render_gpu::Gpu;

use crate::cover::{Cover, begin, sheet};
use crate::renderer::{Make, bind, group_layout, pipeline, texture, uniform};
use crate::{Quality, Renderer, Scene, Target, ViewMatrices, Viewport, VolumeTexture, VolumesBy, shaders};

const MEAN: wgpu::TextureFormat = wgpu::TextureFormat::Rgba32Float;
const DEPTH: wgpu::TextureFormat = wgpu::TextureFormat::Depth32Float;

/// How far an accumulated picture has come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Accumulated {
    /// The level its frames were drawn with.
    pub quality: Quality,
    /// Frames in it, 1 the one that is drawn at once.
    pub done: u32,
    /// Frames that it will have.
    pub of: u32,
}

impl Accumulated {
    /// Whether the picture is as good as it gets: drawing it again changes nothing.
    pub const fn is_done(&self) -> bool {
        self.done >= self.of
    }

    /// What to say of it.
    pub fn words(&self) -> Words {
        let Self { quality, done, of } = self;
        Words::new(
            format!("{}, accumulated {done} of {of}", quality.name.en),
            format!("{}，已累积 {done}/{of} 帧", quality.name.zh),
        )
    }
}

/// Everything that a picture depends on. It holds the scene itself, so that nothing in it can be dropped and another
/// thing take its place unseen.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    size: [u32; 2],
    view: ViewMatrices,
    scene: Scene,
    clear: [f64; 4],
    quality: Quality,
    by: (VolumesBy, u32),
    /// Bricks that were brought to its volumes.
    bricks: u64,
}

/// Averages frames for as long as nothing changes: each looks through other parts of its pixels and takes steps of another
/// length, so that edges become smooth and the rings that steps leave in volumes fade. Any change begins anew, with a
/// frame that is exactly what plain drawing shows. Works with shaders and with the processor.
///
/// For views that are looked at; captures ([`picture`](crate::picture) and its kin) have no way to ask for it.
#[derive(Debug)]
pub struct Accumulator {
    gpu: Gpu,
    format: wgpu::TextureFormat,
    of: u32,
    layouts: [wgpu::BindGroupLayout; 3],
    add: wgpu::RenderPipeline,
    show: wgpu::RenderPipeline,
    depth: wgpu::RenderPipeline,
    key: Option<Key>,
    done: u32,
    sheets: Option<Sheets>,
}

/// Textures of one size.
#[derive(Debug)]
struct Sheets {
    size: [u32; 2],
    frame: wgpu::TextureView,
    depth: wgpu::TextureView,
    first_depth: wgpu::TextureView,
    means: [wgpu::TextureView; 2],
}

impl Accumulator {
    /// Frames of a picture that is done.
    pub const FRAMES: u32 = 32;

    /// For a renderer's targets, with [`FRAMES`](Self::FRAMES) frames a picture.
    pub fn new(gpu: &Gpu, renderer: &Renderer) -> Self {
        Self::with_frames(gpu, renderer, Self::FRAMES)
    }

    /// The same with other numbers of frames, at least one. 64 differ hardly from 32.
    pub fn with_frames(gpu: &Gpu, renderer: &Renderer, frames: u32) -> Self {
        let flat = wgpu::TextureViewDimension::D2;
        let numbers = texture(wgpu::TextureSampleType::Float { filterable: false }, flat);
        let depths = texture(wgpu::TextureSampleType::Depth, flat);
        let layouts = [
            group_layout(gpu, "add", &[uniform(), numbers, numbers]),
            group_layout(gpu, "show", &[uniform(), numbers]),
            group_layout(gpu, "depth", &[uniform(), depths]),
        ];
        let format = renderer.colour_format();
        let cover = |file, layout, format| {
            let groups = &[layout];
            Cover { file, groups, format, also: None, blend: None, constants: &[], instances: None }
                .pipeline(gpu)
        };
        let depth = Make {
            label: "accumulated depth",
            module: &shaders::module(gpu, "temporal_depth.wgsl"),
            groups: &[Some(&layouts[2])],
            buffers: &[],
            topology: wgpu::PrimitiveTopology::TriangleList,
            targets: &[],
            depth: Some(true),
            both: false,
        };
        Self {
            add: cover("temporal_add.wgsl", &layouts[0], MEAN),
            show: cover("temporal_show.wgsl", &layouts[1], format),
            depth: pipeline(gpu, &depth),
            gpu: gpu.clone(),
            format,
            of: frames.max(1),
            layouts,
            key: None,
            done: 0,
            sheets: None,
        }
    }

    /// Begins anew with the next frame.
    pub fn reset(&mut self) {
        self.key = None;
    }

    /// Whether [`draw`](Self::draw) with the same would go on with the picture it has, whatever the level.
    pub fn is_unchanged(
        &self,
        renderer: &Renderer,
        target: &Target<'_>,
        view: &ViewMatrices,
        scene: &Scene,
    ) -> bool {
        let wanted = |quality| key(renderer, target, view, scene, quality);
        self.key.as_ref().is_some_and(|key| *key == wanted(key.quality))
    }

    /// Records one more frame of what was drawn last, or the first of something else, and shows the picture in the
    /// target: its colour, and the depth of the first frame. Once [`Accumulated::is_done`], it only shows it again.
    ///
    /// `quality` is that of each frame: coarser ones are enlarged to the target. [`Target::clear`] is the background,
    /// transparent where it is `None`. What was recorded must be submitted, or else [`reset`](Self::reset).
    pub fn draw(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        renderer: &mut Renderer,
        target: &Target<'_>,
        view: &ViewMatrices,
        scene: &Scene,
        quality: Quality,
    ) -> Accumulated {
        let part = part_of(target);
        if part.width == 0 || part.height == 0 {
            return Accumulated { quality, done: 0, of: self.of };
        }
        let key = key(renderer, target, view, scene, quality);
        if self.key.as_ref() != Some(&key) {
            self.done = 0;
            self.key = Some(key);
        }
        let size = quality.size([part.width, part.height]);
        let sheets = match self.sheets.take() {
            Some(sheets) if sheets.size == size => sheets,
            _ => {
                self.done = 0;
                Sheets::new(&self.gpu, size, self.format)
            }
        };
        if self.done < self.of {
            let (view, scene) = Self::frame(self.done, view, &quality.scene(scene), size);
            let depth = if self.done == 0 { &sheets.first_depth } else { &sheets.depth };
            let clear = Some(target.clear.unwrap_or_default());
            let frame = Target { colour: &sheets.frame, depth, size, viewport: None, clear };
            renderer.draw(encoder, &frame, &view, &scene);
            self.add(encoder, &sheets);
            self.done += 1;
        }
        self.show(encoder, target, part, &sheets);
        self.sheets = Some(sheets);
        Accumulated { quality, done: self.done, of: self.of }
    }

    /// The eye and the scene of a frame, of which number 0 is as given. The others look up to half a pixel aside, by
    /// Halton's sequence, and take steps of 0.75 to 1 times the look's, so that the steps of two frames hardly ever
    /// fall on the same places.
    pub fn frame(n: u32, view: &ViewMatrices, scene: &Scene, size: [u32; 2]) -> (ViewMatrices, Scene) {
        let mut scene = scene.clone();
        if n == 0 {
            return (*view, scene);
        }
        let px = [halton(n, 2) - 0.5, halton(n, 3) - 0.5];
        let step = 0.75 + 0.25 * halton(n, 5);
        for item in &mut scene.volumes {
            item.look.step_voxels *= step as f32;
        }
        (view.shifted(px, size), scene)
    }

    fn add(&self, encoder: &mut wgpu::CommandEncoder, sheets: &Sheets) {
        let share = 1.0 / f64::from(self.done + 1);
        let uniform = self.uniform([share as f32, 0.0, 0.0, 0.0]);
        let (before, after) = (self.done as usize % 2, (self.done as usize + 1) % 2);
        let [frame, mean] = [&sheets.frame, &sheets.means[before]].map(wgpu::BindingResource::TextureView);
        let group = bind(&self.gpu, "add", &self.layouts[0], &[uniform.as_entire_binding(), frame, mean]);
        let load = wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT);
        let mut pass = begin(encoder, "add a frame", &sheets.means[after], load);
        pass.set_pipeline(&self.add);
        pass.set_bind_group(0, &group, &[]);
        pass.draw(0..3, 0..1);
    }

    fn show(&self, encoder: &mut wgpu::CommandEncoder, target: &Target<'_>, part: Viewport, sheets: &Sheets) {
        let uniform = self.uniform([part.x, part.y, part.width, part.height].map(|n| n as f32));
        let group = |layout, view| {
            let resources = [uniform.as_entire_binding(), wgpu::BindingResource::TextureView(view)];
            bind(&self.gpu, "accumulated", layout, &resources)
        };
        let colour = group(&self.layouts[1], &sheets.means[self.done as usize % 2]);
        let depth = group(&self.layouts[2], &sheets.first_depth);
        let load = target
            .clear
            .map_or(wgpu::LoadOp::Load, |[r, g, b, a]| wgpu::LoadOp::Clear(wgpu::Color { r, g, b, a }));
        let place = |pass: &mut wgpu::RenderPass<'_>, pipeline, group| {
            pass.set_scissor_rect(part.x, part.y, part.width, part.height);
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, group, &[]);
            pass.draw(0..3, 0..1);
        };
        place(&mut begin(encoder, "show", target.colour, load), &self.show, &colour);
        let load = if target.clear.is_some() { wgpu::LoadOp::Clear(0.0) } else { wgpu::LoadOp::Load };
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("accumulated depth"),
            depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
                view: target.depth,
                depth_ops: Some(wgpu::Operations { load, store: wgpu::StoreOp::Store }),
                stencil_ops: None,
            }),
            ..Default::default()
        });
        place(&mut pass, &self.depth, &depth);
    }

    fn uniform(&self, value: [f32; 4]) -> wgpu::Buffer {
        self.gpu.filled_buffer(&wgpu::util::BufferInitDescriptor {
            label: Some("accumulated"),
            contents: bytemuck::bytes_of(&value),
            usage: wgpu::BufferUsages::UNIFORM,
        })
    }
}

impl Sheets {
    fn new(gpu: &Gpu, size: [u32; 2], format: wgpu::TextureFormat) -> Self {
        let view = |label, format| {
            sheet(gpu, label, size, format).create_view(&wgpu::TextureViewDescriptor::default())
        };
        Self {
            size,
            frame: view("frame", format),
            depth: view("frame depth", DEPTH),
            first_depth: view("first frame's depth", DEPTH),
            means: [view("mean", MEAN), view("mean", MEAN)],
        }
    }
}

fn part_of(target: &Target<'_>) -> Viewport {
    let [width, height] = target.size;
    target.viewport.unwrap_or(Viewport { x: 0, y: 0, width, height })
}

fn key(
    renderer: &Renderer,
    target: &Target<'_>,
    view: &ViewMatrices,
    scene: &Scene,
    quality: Quality,
) -> Key {
    let Viewport { width, height, .. } = part_of(target);
    let textures = scene.volumes.iter().map(|v| &v.texture).chain(scene.slices.iter().map(|s| &s.texture));
    Key {
        bricks: textures.map(VolumeTexture::bricks_brought).sum(),
        size: [width, height],
        view: *view,
        scene: scene.clone(),
        clear: target.clear.unwrap_or_default(),
        quality,
        by: renderer.settings(),
    }
}

/// The n-th number, from 1, of the van der Corput sequence in a base (Halton 1960): evenly spread over 0..1 at any
/// length.
fn halton(n: u32, base: u32) -> f64 {
    let (mut rest, mut part, mut sum) = (n, 1.0, 0.0);
    while rest > 0 {
        part /= f64::from(base);
        sum += part * f64::from(rest % base);
        rest /= base;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_fill_the_pixel_evenly_and_never_leave_it() {
        let mut cells = [0; 16];
        for n in 1..=32 {
            let [x, y] = [halton(n, 2), halton(n, 3)];
            assert!((0.0..1.0).contains(&x) && (0.0..1.0).contains(&y));
            cells[(x * 4.0) as usize + 4 * (y * 4.0) as usize] += 1;
        }
        assert!(cells.iter().all(|&c| (1..=4).contains(&c)), "{cells:?}");
    }

    #[test]
    fn what_is_said_names_the_level_and_the_count() {
        let told = Accumulated { quality: Quality::FULL, done: 3, of: 32 }.words();
        assert_eq!(told.en, "full quality, accumulated 3 of 32");
        assert!(told.zh.contains("3/32"));
    }
}
