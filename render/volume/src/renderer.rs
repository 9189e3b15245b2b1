//! Draws a scene into somebody's views.

mod depths;
mod part;
mod pipelines;
mod processor;
mod tables;
mod uniforms;

use render_gpu::Gpu;
use wgpu::util::DeviceExt as _;

use crate::{ClipPlanes, MeshItem, Mode, Scene, SliceItem, ViewMatrices, VolumeItem};
use part::{Hole, Part};
use pipelines::Pipelines;
pub(crate) use pipelines::{group_layout, texture};
use tables::Tables;

/// A rectangle of a target in pixels, from the top left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewport {
    /// From the left edge.
    pub x: u32,
    /// From the top edge.
    pub y: u32,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// Where to draw.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// Colour view of the format the renderer was made for, one sample a pixel, `RENDER_ATTACHMENT`. Colours are
    /// linear and premultiplied; an sRGB format encodes them.
    pub colour: &'a wgpu::TextureView,
    /// `Depth32Float` view, reverse-Z (1 near, 0 far), one sample a pixel, `RENDER_ATTACHMENT` and
    /// `TEXTURE_BINDING`: volumes read how far they may reach.
    pub depth: &'a wgpu::TextureView,
    /// Pixels across and down of both views.
    pub size: [u32; 2],
    /// The part to draw into; all of it when `None`.
    pub viewport: Option<Viewport>,
    /// Clears colour (linear, premultiplied) and depth first; when `None` the scene is added to what is there.
    pub clear: Option<[f64; 4]>,
}

/// Draws scenes. Holds pipelines for one colour format, and the tables of the looks used lately.
#[derive(Debug)]
pub struct Renderer {
    gpu: Gpu,
    format: wgpu::TextureFormat,
    pipelines: Pipelines,
    with_depths: depths::Lazy,
    tables: Tables,
    volumes_by: VolumesBy,
}

/// Who draws volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolumesBy {
    /// The device's shaders.
    Shaders,
    /// The processor, several times as fast as shaders that a software driver runs. Only where
    /// [`Target::clear`] is set, for the first eye where two share a target, since what somebody else drew before cannot be read in time; else the shaders do.
    Processor,
}

impl Renderer {
    /// A renderer for targets of one colour format.
    pub fn new(gpu: &Gpu, colour_format: wgpu::TextureFormat) -> Self {
        Self {
            gpu: gpu.clone(),
            format: colour_format,
            pipelines: Pipelines::new(gpu, colour_format),
            with_depths: depths::Lazy::new(),
            tables: Tables::default(),
            volumes_by: if gpu.facts.software { VolumesBy::Processor } else { VolumesBy::Shaders },
        }
    }

    /// Who draws volumes: at first the processor where the device is software, and its shaders elsewhere.
    pub const fn draw_volumes_by(&mut self, by: VolumesBy) {
        self.volumes_by = by;
    }

    /// A renderer for [`picture`](crate::picture): 8-bit sRGB.
    pub fn for_pictures(gpu: &Gpu) -> Self {
        Self::new(gpu, wgpu::TextureFormat::Rgba8UnormSrgb)
    }

    /// The colour format it draws into.
    pub const fn colour_format(&self) -> wgpu::TextureFormat {
        self.format
    }

    /// Records the drawing of a scene for one eye. Opaque meshes and slices write depth, volumes end there,
    /// translucent meshes come last.
    pub fn draw(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        view: &ViewMatrices,
        scene: &Scene,
    ) {
        self.draw_all(encoder, target, Part::of(target, None), None, view, scene);
    }

    /// [`draw`](Self::draw) without what lies outside `within`, a part of the target, and without volumes in a hole.
    pub(crate) fn draw_within(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        (within, hole): (Viewport, Option<Hole>),
        view: &ViewMatrices,
        scene: &Scene,
    ) {
        let part = Part::of(target, Some(within)).map(|part| Part { hole, ..part });
        self.draw_all(encoder, target, part, None, view, scene);
    }

    /// Records the drawing of a scene for both eyes in one submission. Both may look into one pair of textures, each
    /// through its viewport: such are cleared once, as the first target says.
    pub fn draw_stereo(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        targets: [&Target<'_>; 2],
        views: [&ViewMatrices; 2],
        scene: &Scene,
    ) {
        let [first, second] = targets;
        self.draw(encoder, first, views[0], scene);
        let mut second = *second;
        let shared = first.colour == second.colour || first.depth == second.depth;
        let mut part = Part::of(&second, None);
        if shared {
            second.clear = None;
            if let Some(part) = &mut part {
                part.fresh = first.clear.is_some();
            }
        }
        self.draw_all(encoder, &second, part, None, views[1], scene);
    }

    fn draw_all(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        part: Option<Part>,
        depths: Option<&wgpu::TextureView>,
        view: &ViewMatrices,
        scene: &Scene,
    ) {
        let Some(part) = part else { return };
        let view_group = self.view_group(view, part, &scene.clip);
        self.opaque(encoder, target, part, &view_group, view, scene);
        if let Some(depths) = depths {
            self.volumes_with_depths(encoder, (target, depths), part, &view_group, view, scene);
        } else if !scene.volumes.is_empty() && !self.cast(encoder, target, part, &view_group, view, scene) {
            self.volumes(encoder, target, part, &view_group, view, scene);
        }
        if scene.meshes.iter().any(translucent) {
            self.translucent(encoder, target, part, &view_group, view, scene);
        }
        self.tables.forget_unused();
    }

    /// Clears, then opaque meshes and slices, which write depth.
    fn opaque(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        part: Part,
        view_group: &wgpu::BindGroup,
        view: &ViewMatrices,
        scene: &Scene,
    ) {
        let meshes: Vec<_> = scene.meshes.iter().filter(|m| !translucent(m)).collect();
        if target.clear.is_none() && meshes.is_empty() && scene.slices.is_empty() {
            return;
        }
        let mesh_groups: Vec<_> = meshes.iter().map(|m| self.mesh_group(m, view)).collect();
        let slice_groups: Vec<_> = scene.slices.iter().map(|s| self.slice_group(s, view)).collect();
        let load = |clear: Option<f32>| clear.map_or(wgpu::LoadOp::Load, wgpu::LoadOp::Clear);
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("opaque"),
            color_attachments: &[Some(colour_attachment(target, target.clear))],
            depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
                view: target.depth,
                depth_ops: Some(wgpu::Operations {
                    load: load(target.clear.map(|_| 0.0)),
                    store: wgpu::StoreOp::Store,
                }),
                stencil_ops: None,
            }),
            ..Default::default()
        });
        place(&mut pass, part);
        pass.set_bind_group(0, view_group, &[]);
        pass.set_pipeline(&self.pipelines.mesh_opaque);
        for (item, group) in meshes.iter().zip(&mesh_groups) {
            pass.set_bind_group(1, group, &[]);
            item.buffers.draw(&mut pass);
        }
        for (item, group) in scene.slices.iter().zip(&slice_groups) {
            pass.set_pipeline(&self.pipelines.of(item.texture.filterable()).slice);
            pass.set_bind_group(1, group, &[]);
            pass.draw(0..4, 0..1);
        }
    }

    /// Volumes, laid over what is there up to its depth.
    fn volumes(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        part: Part,
        view_group: &wgpu::BindGroup,
        view: &ViewMatrices,
        scene: &Scene,
    ) {
        let groups: Vec<_> = scene.volumes.iter().map(|v| self.volume_group(v, view)).collect();
        let depth = wgpu::BindingResource::TextureView(target.depth);
        let depth_group = self.group("scene depth", &self.pipelines.depth, &[depth]);
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("volumes"),
            color_attachments: &[Some(colour_attachment(target, None))],
            ..Default::default()
        });
        place(&mut pass, part);
        pass.set_bind_group(0, view_group, &[]);
        pass.set_bind_group(2, &depth_group, &[]);
        for (item, group) in scene.volumes.iter().zip(&groups) {
            let set = self.pipelines.of(item.texture.filterable());
            pass.set_pipeline(match item.look.mode {
                Mode::Dvr => &set.dvr,
                Mode::Mip => &set.mip,
            });
            pass.set_bind_group(1, group, &[]);
            pass.draw(0..3, 0..1);
        }
    }

    /// Translucent meshes, the farthest first and each one's back before its front.
    fn translucent(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        part: Part,
        view_group: &wgpu::BindGroup,
        view: &ViewMatrices,
        scene: &Scene,
    ) {
        let mut meshes: Vec<_> = scene.meshes.iter().filter(|m| translucent(m)).collect();
        let distance = |m: &MeshItem| m.buffers.bounds().center().distance(view.eye());
        meshes.sort_by(|a, b| distance(b).total_cmp(&distance(a)));
        let groups: Vec<_> = meshes.iter().map(|m| self.mesh_group(m, view)).collect();
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("translucent"),
            color_attachments: &[Some(colour_attachment(target, None))],
            depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
                view: target.depth,
                depth_ops: None,
                stencil_ops: None,
            }),
            ..Default::default()
        });
        place(&mut pass, part);
        pass.set_bind_group(0, view_group, &[]);
        for (item, group) in meshes.iter().zip(&groups) {
            pass.set_bind_group(1, group, &[]);
            for pipeline in [&self.pipelines.mesh_back, &self.pipelines.mesh_front] {
                pass.set_pipeline(pipeline);
                item.buffers.draw(&mut pass);
            }
        }
    }

    fn view_group(&self, view: &ViewMatrices, part: Part, clip: &ClipPlanes) -> wgpu::BindGroup {
        let uniform = self.uniform(&uniforms::view(view, part, clip));
        self.group("view", &self.pipelines.view, &[uniform.as_entire_binding()])
    }

    fn mesh_group(&self, item: &MeshItem, view: &ViewMatrices) -> wgpu::BindGroup {
        let uniform = self.uniform(&uniforms::mesh(item, view));
        self.group("mesh", &self.pipelines.mesh, &[uniform.as_entire_binding()])
    }

    fn slice_group(&self, item: &SliceItem, view: &ViewMatrices) -> wgpu::BindGroup {
        let set = self.pipelines.of(item.texture.filterable());
        let volume = self.uniform(&uniforms::slice_volume(item, view));
        let slice = self.uniform(&uniforms::slice(item, view));
        self.group(
            "slice",
            &set.slice_group,
            &[
                volume.as_entire_binding(),
                wgpu::BindingResource::TextureView(item.texture.picture()),
                wgpu::BindingResource::Sampler(&set.sampler),
                slice.as_entire_binding(),
            ],
        )
    }

    fn volume_group(&mut self, item: &VolumeItem, view: &ViewMatrices) -> wgpu::BindGroup {
        let VolumeItem { texture, look, segments } = item;
        let uniform = self.uniform(&uniforms::volume(item, view));
        let table = match look.mode {
            Mode::Dvr => Some(self.tables.views(&self.gpu, item)),
            Mode::Mip => None,
        };
        let set = self.pipelines.of(texture.filterable());
        let mut resources = vec![
            uniform.as_entire_binding(),
            wgpu::BindingResource::TextureView(texture.picture()),
            wgpu::BindingResource::Sampler(&set.sampler),
        ];
        if let Some([transfer, skip, terms]) = &table {
            // without segments any texture of small integers holds the place
            let labels = segments.as_ref().map_or(skip, |s| s.segments.view());
            for view in [transfer, skip, labels, terms] {
                resources.push(wgpu::BindingResource::TextureView(view));
            }
            self.group("dvr", &set.dvr_group, &resources)
        } else {
            resources.push(wgpu::BindingResource::TextureView(texture.cell_maximum()));
            self.group("mip", &set.mip_group, &resources)
        }
    }

    fn uniform<T: bytemuck::Pod>(&self, value: &T) -> wgpu::Buffer {
        self.gpu.device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: None,
            contents: bytemuck::bytes_of(value),
            usage: wgpu::BufferUsages::UNIFORM,
        })
    }

    fn group(
        &self,
        label: &str,
        layout: &wgpu::BindGroupLayout,
        resources: &[wgpu::BindingResource<'_>],
    ) -> wgpu::BindGroup {
        bind(&self.gpu, label, layout, resources)
    }
}

/// A bind group whose bindings are numbered from 0.
pub(crate) fn bind(
    gpu: &Gpu,
    label: &str,
    layout: &wgpu::BindGroupLayout,
    resources: &[wgpu::BindingResource<'_>],
) -> wgpu::BindGroup {
    let entries: Vec<_> = (0..)
        .zip(resources)
        .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource: resource.clone() })
        .collect();
    gpu.device.create_bind_group(&wgpu::BindGroupDescriptor { label: Some(label), layout, entries: &entries })
}

fn translucent(item: &MeshItem) -> bool {
    item.colour[3] < 1.0
}

fn colour_attachment<'a>(
    target: &Target<'a>,
    clear: Option<[f64; 4]>,
) -> wgpu::RenderPassColorAttachment<'a> {
    let load =
        clear.map_or(wgpu::LoadOp::Load, |[r, g, b, a]| wgpu::LoadOp::Clear(wgpu::Color { r, g, b, a }));
    wgpu::RenderPassColorAttachment {
        view: target.colour,
        depth_slice: None,
        resolve_target: None,
        ops: wgpu::Operations { load, store: wgpu::StoreOp::Store },
    }
}

fn place(pass: &mut wgpu::RenderPass<'_>, part: Part) {
    let [x, y, w, h] = [part.x, part.y, part.width, part.height].map(|v| v as f32);
    pass.set_viewport(x, y, w, h, 0.0, 1.0);
    let kept = part.kept;
    pass.set_scissor_rect(kept.x, kept.y, kept.width, kept.height);
}
