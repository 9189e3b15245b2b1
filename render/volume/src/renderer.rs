//! Draws a scene into somebody's views.

mod bricks;
mod carved;
mod cutting;
mod depths;
mod fused;
mod layered;
mod layers;
mod make;
mod outlines;
mod part;
mod pipelines;
mod processor;
mod stereo;
mod tables;
mod uniforms;

use render_gpu::Gpu;

use crate::view::Eyes;
use crate::{Hidden, MeshItem, Mode, Scene, SliceItem, StrokeItem, ViewMatrices, VolumeItem};
use layers::Draws;
pub use layers::LAYERS;
pub(crate) use make::{Make, pipeline};
use outlines::Outlined;
use part::Hole;
pub(crate) use part::Part;
use pipelines::Pipelines;
pub(crate) use pipelines::{group_layout, no_pages, texture, uniform, volume_bind, volume_layout};
pub use stereo::{StereoError, StereoPasses, StereoTarget};
use tables::Tables;
pub(crate) use uniforms::{view as view_uniform, volume as volume_uniform};

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
    /// For both eyes at once, made when first wanted.
    both: Option<Box<Pipelines>>,
    /// Whether there was something to peel, where the last picture was of both eyes at once.
    both_peeled: Option<bool>,
    with_depths: depths::Lazy,
    tables: Tables,
    volumes_by: VolumesBy,
    fields: cutting::Fields,
    bricks: bricks::Bringing,
}

/// Who draws volumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolumesBy {
    /// The device's shaders.
    Shaders,
    /// The processor, several times as fast as shaders that a software driver runs. Only where
    /// [`Target::clear`] is set (for the first eye where two share a target), since what somebody else drew before
    /// cannot be read in time; else the shaders do.
    Processor,
}

impl Renderer {
    /// A renderer for targets of one colour format.
    pub fn new(gpu: &Gpu, colour_format: wgpu::TextureFormat) -> Self {
        Self {
            gpu: gpu.clone(),
            format: colour_format,
            pipelines: Pipelines::new(gpu, colour_format, false),
            both: None,
            both_peeled: None,
            with_depths: depths::Lazy::new(),
            tables: Tables::default(),
            fields: cutting::Fields::new(gpu),
            volumes_by: if gpu.facts.software { VolumesBy::Processor } else { VolumesBy::Shaders },
            bricks: bricks::Bringing::default(),
        }
    }

    /// Who draws volumes: at first the processor where the device is software, and its shaders elsewhere.
    pub const fn draw_volumes_by(&mut self, by: VolumesBy) {
        self.volumes_by = by;
    }

    /// What of it changes pictures.
    pub(crate) const fn settings(&self) -> (VolumesBy, u32) {
        (self.volumes_by, self.pipelines.layers.count())
    }

    /// A renderer for [`picture`](crate::picture): 8-bit sRGB.
    pub fn for_pictures(gpu: &Gpu) -> Self {
        Self::new(gpu, wgpu::TextureFormat::Rgba8UnormSrgb)
    }

    /// The colour format it draws into.
    pub const fn colour_format(&self) -> wgpu::TextureFormat {
        self.format
    }

    /// Keeps at most so many translucent things apart at each pixel, 1 to [`LAYERS`], which it is at first. Each costs a
    /// pass over their triangles and 8 bytes a pixel, so that fewer may do while a view moves.
    pub fn keep_layers(&mut self, count: u32) {
        self.pipelines.layers.keep(count);
    }

    /// Whether the last scene drawn had more translucent things behind each other somewhere than are kept apart, so that
    /// the farthest of them are blended in the order of drawing and not by their depth. Waits for the device; `None`
    /// when it was lost, the drawing was not submitted, or it was of both eyes in one pass
    /// ([`StereoPasses::One`]): nothing is counted then.
    pub fn layers_merged(&self) -> Option<bool> {
        match self.both_peeled {
            Some(true) => None,
            Some(false) => Some(false),
            None => self.pipelines.layers.merged(&self.gpu),
        }
    }

    /// Records the drawing of a scene for one eye. Opaque meshes and slices write depth, volumes end there and take
    /// in what is translucent at its depth, outlines and the hidden parts of lines come last.
    pub fn draw(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        view: &ViewMatrices,
        scene: &Scene,
    ) {
        self.draw_all(encoder, target, Part::of(target, None), None, view.into(), scene);
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
        self.draw_all(encoder, target, part, None, view.into(), scene);
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
        self.draw_all(encoder, &second, part, None, views[1].into(), scene);
    }

    fn draw_all(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        part: Option<Part>,
        depths: Option<&wgpu::TextureView>,
        eyes: Eyes<'_>,
        scene: &Scene,
    ) {
        let Some(part) = part else { return };
        self.fields.update(&self.gpu, &scene.clip);
        self.both_peeled = None;
        self.bring(part, eyes.first, scene);
        let view_group = self.view_group(eyes, part, &scene.clip);
        self.opaque(encoder, target, part, &view_group, eyes, scene);
        self.soft(encoder, (target, depths), part, &view_group, eyes, scene);
        self.outlines(encoder, target, part, &view_group, eyes, scene);
        if scene.strokes.iter().any(|s| s.hidden != Hidden::Out) {
            self.hidden_lines(encoder, target, part, &view_group, eyes, scene);
        }
        self.tables.forget_unused();
    }

    /// Clears, then opaque meshes, slices and caps, which write depth.
    fn opaque(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        part: Part,
        view_group: &wgpu::BindGroup,
        eyes: Eyes<'_>,
        scene: &Scene,
    ) {
        let meshes: Vec<_> = scene.meshes.iter().filter(|m| !translucent(m)).collect();
        let caps = self.caps(eyes, scene);
        if target.clear.is_none() && meshes.is_empty() && scene.slices.is_empty() && caps.is_empty() {
            return;
        }
        let mesh_groups: Vec<_> = meshes.iter().map(|m| self.mesh_group(m, 0, eyes)).collect();
        let slice_groups: Vec<_> = scene.slices.iter().map(|s| self.slice_group(s, eyes)).collect();
        let load = |clear: Option<f32>| clear.map_or(wgpu::LoadOp::Load, wgpu::LoadOp::Clear);
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("opaque"),
            multiview_mask: make::layers_of(self.pipelines.both),
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
            pass.set_pipeline(&self.pipelines.of(item.texture.lookup()).slice);
            pass.set_bind_group(1, group, &[]);
            pass.draw(0..4, 0..1);
        }
        for (pipeline, group) in &caps {
            pass.set_pipeline(pipeline);
            pass.set_bind_group(1, group, &[]);
            pass.draw(0..3, 0..1);
        }
    }

    /// Volumes, laid over what is there up to its depth; the last takes the layers in.
    #[expect(
        clippy::too_many_arguments,
        reason = "the target with its part, the view twice, the scene with its layers"
    )]
    fn volumes(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        part: Part,
        view_group: &wgpu::BindGroup,
        eyes: Eyes<'_>,
        scene: &Scene,
        layers: Option<&wgpu::BindGroup>,
    ) {
        let mixed = self.mixes(scene).then(|| self.mixed(eyes, scene, layers, false));
        let alone = if mixed.is_some() { &[][..] } else { &scene.volumes };
        let groups: Vec<_> = alone.iter().map(|v| self.volume_group(v, eyes)).collect();
        let last = scene.volumes.len().wrapping_sub(1);
        let depth = wgpu::BindingResource::TextureView(target.depth);
        let depth_group = self.group("scene depth", &self.pipelines.depth, &[depth]);
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("volumes"),
            multiview_mask: make::layers_of(self.pipelines.both),
            color_attachments: &[Some(colour_attachment(target, None))],
            ..Default::default()
        });
        place(&mut pass, part);
        pass.set_bind_group(0, view_group, &[]);
        pass.set_bind_group(2, &depth_group, &[]);
        if let Some(over) = &mixed {
            pass.set_pipeline(&over.pipeline);
            pass.set_bind_group(1, &over.group, &[]);
            pass.set_bind_group(3, &over.layers, &[]);
            pass.draw(0..3, 0..1);
        }
        for (n, (item, group)) in alone.iter().zip(&groups).enumerate() {
            let set = self.pipelines.of(item.texture.lookup());
            let taken = layers.filter(|_| n == last);
            pass.set_bind_group(3, taken.unwrap_or(self.pipelines.layers.none()), &[]);
            pass.set_pipeline(match item.look.mode {
                Mode::Iso => self.pipelines.iso(set, taken.is_some()),
                Mode::Dvr if taken.is_some() => &set.dvr_layered,
                Mode::Dvr => &set.dvr,
                Mode::Mip | Mode::MinIp | Mode::Mean => &set.mip,
            });
            pass.set_bind_group(1, group, &[]);
            pass.draw(0..3, 0..1);
        }
    }

    /// Volumes, with their distances where these are wanted, and what is translucent.
    fn soft(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        (target, depths): (&Target<'_>, Option<&wgpu::TextureView>),
        part: Part,
        view_group: &wgpu::BindGroup,
        eyes: Eyes<'_>,
        scene: &Scene,
    ) {
        let inside = layers_inside(scene);
        let some = !scene.volumes.is_empty();
        let cast = some && !eyes.are_two();
        let casts = if cast { self.casts(part, eyes.first, scene, depths.is_some()) } else { None };
        // the processor took in what lies inside
        let layers =
            if casts.is_some() && inside { None } else { self.peel(encoder, target, part, eyes, scene) };
        let taken = layers.as_ref().filter(|_| inside);
        match (depths, casts) {
            (Some(depths), casts) => {
                let passes = self.with_distances(part, eyes.first, scene, casts, taken);
                self.volumes_with_depths(encoder, (target, depths), part, view_group, &passes);
            }
            (None, Some(casts)) => self.lay(encoder, target, part, view_group, &casts),
            (None, None) if some => self.volumes(encoder, target, part, view_group, eyes, scene, taken),
            (None, None) => {}
        }
        if let Some(layers) = layers.as_ref().filter(|_| !inside) {
            self.layers_over(encoder, target, part, view_group, layers);
        }
    }

    /// Lays the layers over everything.
    fn layers_over(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        part: Part,
        view_group: &wgpu::BindGroup,
        layers: &wgpu::BindGroup,
    ) {
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("layers"),
            multiview_mask: make::layers_of(self.pipelines.both),
            color_attachments: &[Some(colour_attachment(target, None))],
            ..Default::default()
        });
        place(&mut pass, part);
        pass.set_bind_group(0, view_group, &[]);
        self.pipelines.layers.over(&mut pass, layers);
    }

    /// The layers of translucent meshes, lines and points; `None` where there are none.
    fn peel(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        part: Part,
        eyes: Eyes<'_>,
        scene: &Scene,
    ) -> Option<wgpu::BindGroup> {
        let meshes: Vec<_> = scene.meshes.iter().filter(|m| translucent(m)).collect();
        let numbered = meshes.iter().enumerate().map(|(n, m)| (&m.buffers, self.mesh_group(m, n, eyes)));
        // each segment has a number of its own, since crossing lines of one item may lie at one depth
        let mut next = meshes.len() as u32;
        let strokes = scene.strokes.iter().map(|s| {
            let group = self.stroke_group(s, next, eyes, part);
            next = next.saturating_add(s.buffers.segments());
            (&s.buffers, group)
        });
        let draws = Draws {
            view: &self.view_group(eyes, part.at_corner(), &scene.clip),
            meshes: numbered.collect(),
            strokes: strokes.collect(),
        };
        self.pipelines.layers.peel(&self.gpu, encoder, target, part, &draws)
    }

    /// The hidden parts of lines and points.
    fn hidden_lines(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        part: Part,
        view_group: &wgpu::BindGroup,
        eyes: Eyes<'_>,
        scene: &Scene,
    ) {
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("hidden lines"),
            multiview_mask: make::layers_of(self.pipelines.both),
            color_attachments: &[Some(colour_attachment(target, None))],
            ..Default::default()
        });
        place(&mut pass, part);
        pass.set_bind_group(0, view_group, &[]);
        self.pipelines.layers.hidden_lines(&mut pass);
        for item in scene.strokes.iter().filter(|s| s.hidden != Hidden::Out) {
            pass.set_bind_group(1, &self.stroke_group(item, 0, eyes, part), &[]);
            item.buffers.draw(&mut pass);
        }
    }

    /// Lines around surfaces.
    fn outlines(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        part: Part,
        view_group: &wgpu::BindGroup,
        eyes: Eyes<'_>,
        scene: &Scene,
    ) {
        let each = scene.meshes.iter().filter_map(|m| Some((m, m.outline?))).enumerate();
        let outlined: Vec<_> = each
            .map(|(n, (m, outline))| Outlined {
                buffers: &m.buffers,
                group: self.mesh_group(m, n, eyes),
                outline,
            })
            .collect();
        if !outlined.is_empty() {
            let at_corner = self.view_group(eyes, part.at_corner(), &scene.clip);
            let views = [&at_corner, view_group];
            self.pipelines.outlines.draw(&self.gpu, encoder, target, part, views, &outlined);
        }
    }

    fn mesh_group(&self, item: &MeshItem, number: usize, eyes: Eyes<'_>) -> wgpu::BindGroup {
        let uniform = self.uniform(&uniforms::mesh(item, number, eyes));
        self.group("mesh", &self.pipelines.mesh, &[uniform.as_entire_binding()])
    }

    fn stroke_group(&self, item: &StrokeItem, number: u32, eyes: Eyes<'_>, part: Part) -> wgpu::BindGroup {
        let uniform = self.uniform(&uniforms::stroke(item, number, eyes, part.height));
        self.group("lines", &self.pipelines.mesh, &[uniform.as_entire_binding()])
    }

    fn slice_group(&self, item: &SliceItem, eyes: Eyes<'_>) -> wgpu::BindGroup {
        let set = self.pipelines.of(item.texture.lookup());
        let volume = self.uniform(&uniforms::slice_volume(item, eyes.origin()));
        let slice = self.uniform(&uniforms::slice(item, eyes.origin()));
        let resources = [
            volume.as_entire_binding(),
            wgpu::BindingResource::TextureView(item.texture.picture()),
            wgpu::BindingResource::Sampler(&set.sampler),
            slice.as_entire_binding(),
        ];
        let pages = item.texture.pages(&self.pipelines.no_pages);
        volume_bind(&self.gpu, "slice", &set.slice_group, &resources, pages)
    }

    fn volume_group(&mut self, item: &VolumeItem, eyes: Eyes<'_>) -> wgpu::BindGroup {
        let uniform = self.uniform(&uniforms::volume(item, eyes.origin()));
        let projects = item.look.mode.projects();
        let table = (!projects).then(|| self.tables.views(&self.gpu, item, eyes.first));
        let carve = self.carve_view(item);
        let resources = self.volume_resources(item, &uniform, table.as_ref());
        let set = self.pipelines.of(item.texture.lookup());
        let (label, layout) = if projects { ("mip", &set.mip_group) } else { ("dvr", &set.dvr_group) };
        self.carved_group(label, layout, &resources, (item, &carve))
    }

    /// What a pass reads of a volume, in the order of its bindings; `table` where it is no projection.
    fn volume_resources<'a>(
        &'a self,
        item: &'a VolumeItem,
        uniform: &'a wgpu::Buffer,
        table: Option<&'a [wgpu::TextureView; 4]>,
    ) -> Vec<wgpu::BindingResource<'a>> {
        let VolumeItem { texture, look, segments, .. } = item;
        let mut resources = vec![
            uniform.as_entire_binding(),
            wgpu::BindingResource::TextureView(texture.picture()),
            wgpu::BindingResource::Sampler(&self.pipelines.of(texture.lookup()).sampler),
        ];
        if let Some([transfer, skip, terms, light]) = table {
            // without segments any texture of small integers holds the place
            let labels = segments.as_ref().map_or(skip, |s| s.segments.view());
            for view in [transfer, skip, labels, terms, light] {
                resources.push(wgpu::BindingResource::TextureView(view));
            }
        } else {
            let extreme =
                if look.mode == Mode::MinIp { texture.cell_minimum() } else { texture.cell_maximum() };
            resources.push(wgpu::BindingResource::TextureView(extreme));
        }
        resources
    }

    fn stored<T: bytemuck::Pod>(&self, value: &T) -> wgpu::Buffer {
        self.gpu.filled_buffer(&wgpu::util::BufferInitDescriptor {
            label: None,
            contents: bytemuck::bytes_of(value),
            usage: wgpu::BufferUsages::STORAGE,
        })
    }

    fn uniform<T: bytemuck::Pod>(&self, value: &T) -> wgpu::Buffer {
        self.gpu.filled_buffer(&wgpu::util::BufferInitDescriptor {
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

/// Whether there is something translucent, and a volume with depth takes it in.
fn layers_inside(scene: &Scene) -> bool {
    let some = !scene.strokes.is_empty() || scene.meshes.iter().any(translucent);
    some && scene.volumes.last().is_some_and(|v| !v.look.mode.projects())
}

fn translucent(item: &MeshItem) -> bool {
    item.colour[3] < 1.0
}

pub(crate) fn colour_attachment<'a>(
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

pub(crate) fn place(pass: &mut wgpu::RenderPass<'_>, part: impl Into<Part>) {
    let part = part.into();
    let [x, y, w, h] = [part.x, part.y, part.width, part.height].map(|v| v as f32);
    pass.set_viewport(x, y, w, h, 0.0, 1.0);
    let kept = part.kept;
    pass.set_scissor_rect(kept.x, kept.y, kept.width, kept.height);
}
