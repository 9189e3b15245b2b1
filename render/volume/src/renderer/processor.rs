//! Volumes drawn by the processor and laid into the target.

use render_gpu::read_texture;

use super::pipelines::DepthPipelines;
use super::tables::Prepared;
use super::{Part, Renderer, Target, Viewport, VolumesBy, colour_attachment, layers_inside, place};
use crate::caster::{self, Cast, Job, LayerPictures, MarchStatistics};
use crate::{Scene, ViewMatrices};

impl Renderer {
    /// Lays what the processor drew over a target.
    pub(super) fn lay(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        part: Part,
        view_group: &wgpu::BindGroup,
        casts: &[Cast],
    ) {
        let groups: Vec<_> = casts.iter().map(|cast| self.laid(cast, part, None)).collect();
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("volumes"),
            color_attachments: &[Some(colour_attachment(target, None))],
            ..Default::default()
        });
        place(&mut pass, part);
        pass.set_bind_group(0, view_group, &[]);
        pass.set_pipeline(&self.pipelines.layer);
        for group in &groups {
            pass.set_bind_group(1, group, &[]);
            pass.draw(0..3, 0..1);
        }
    }

    /// All volumes of a scene as the processor draws them, the last with what is translucent where it can take that
    /// in; `None` when the shaders have to.
    pub(super) fn casts(
        &mut self,
        part: Part,
        view: &ViewMatrices,
        scene: &Scene,
        distances: bool,
    ) -> Option<Vec<Cast>> {
        let takes = |v: &crate::VolumeItem| caster::takes(v.texture.volume());
        if self.volumes_by != VolumesBy::Processor || !part.fresh || !scene.volumes.iter().all(takes) {
            return None;
        }
        let (depth, layers) = self.scene_depth(part, view, scene)?;
        let casts = self.each_job(part, view, scene, (&depth, layers.as_ref()), distances, caster::cast);
        Some(casts.into_iter().filter(|cast| !cast.pixels.is_empty()).collect())
    }

    /// What the rays through each volume of a scene do in a picture of this size, as the processor draws it: the
    /// shaders take the same steps, but leap over whole cells only. Nothing else ends rays here. Empty where a volume
    /// is too thin for the processor.
    pub fn march_statistics(
        &mut self,
        size: [u32; 2],
        view: &ViewMatrices,
        scene: &Scene,
    ) -> Vec<MarchStatistics> {
        if !scene.volumes.iter().all(|v| caster::takes(v.texture.volume())) {
            return Vec::new();
        }
        let whole = Viewport { x: 0, y: 0, width: size[0], height: size[1] };
        self.each_job(whole.into(), view, scene, (&[], None), false, caster::statistics)
    }

    /// Does something for each volume, given the depth of what is opaque and the layers of what is translucent.
    fn each_job<R>(
        &mut self,
        part: Part,
        view: &ViewMatrices,
        scene: &Scene,
        (depth, layers): (&[f32], Option<&LayerPictures>),
        distances: bool,
        what: impl Fn(&Job<'_>) -> R,
    ) -> Vec<R> {
        let kept = part.at_corner().kept;
        let volumes = scene.volumes.iter().zip(1..);
        volumes
            .map(|(item, n)| {
                let Prepared { functions, visible, light } = self.tables.of(item, view);
                what(&Job {
                    volume: item.texture.volume(),
                    cells: item.texture.cells(),
                    look: &item.look,
                    integrals: &functions[0],
                    functions,
                    light,
                    visible,
                    segments: item.segments.as_ref(),
                    view,
                    size: [part.width, part.height],
                    kept: [[kept.x, kept.y], [kept.width, kept.height]],
                    hole: part.hole,
                    clip: &scene.clip,
                    depth: (!depth.is_empty()).then_some(depth),
                    layers: layers.filter(|_| n == scene.volumes.len()),
                    distances,
                })
            })
            .collect()
    }

    /// Reverse-Z depth of the opaque things of a scene, row by row, empty where there are none; and its layers where
    /// a volume takes them in. `None` when the device was lost.
    fn scene_depth(
        &mut self,
        part: Part,
        view: &ViewMatrices,
        scene: &Scene,
    ) -> Option<(Vec<f32>, Option<LayerPictures>)> {
        let layered = layers_inside(scene);
        if !layered && scene.slices.is_empty() && scene.meshes.iter().all(super::translucent) {
            return Some((Vec::new(), None));
        }
        let texture = |label, format, usage| {
            self.gpu.device.create_texture(&wgpu::TextureDescriptor {
                label: Some(label),
                size: wgpu::Extent3d { width: part.width, height: part.height, depth_or_array_layers: 1 },
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format,
                usage: usage | wgpu::TextureUsages::RENDER_ATTACHMENT,
                view_formats: &[],
            })
        };
        let colour = texture("opaque again", self.format, wgpu::TextureUsages::empty());
        let usage = wgpu::TextureUsages::COPY_SRC | wgpu::TextureUsages::TEXTURE_BINDING;
        let depth = texture("opaque depth", wgpu::TextureFormat::Depth32Float, usage);
        let target = Target {
            colour: &colour.create_view(&wgpu::TextureViewDescriptor::default()),
            depth: &depth.create_view(&wgpu::TextureViewDescriptor::default()),
            size: [part.width, part.height],
            viewport: None,
            clear: Some([0.0; 4]),
        };
        let whole = part.at_corner();
        let view_group = self.view_group(view, whole, &scene.clip);
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        self.opaque(&mut encoder, &target, whole, &view_group, view, scene);
        if layered {
            self.peel(&mut encoder, &target, whole, view, scene);
        }
        self.gpu.queue.submit([encoder.finish()]);
        let read = read_texture(&self.gpu, &depth).ok()?;
        let layers = if layered { Some(self.pipelines.layers.read(&self.gpu)?) } else { None };
        Some((bytemuck::pod_collect_to_vec(&read.bytes), layers))
    }

    /// What lays a part of a picture at its place, with its distances where they are drawn.
    pub(super) fn laid(&self, cast: &Cast, part: Part, with: Option<&DepthPipelines>) -> wgpu::BindGroup {
        let corner = [part.x + cast.corner[0], part.y + cast.corner[1], 0, 0];
        let uniform = self.uniform(&corner);
        let pixels = self.uploaded(cast.size, wgpu::TextureFormat::Rgba32Float, &cast.pixels);
        let mut resources = vec![uniform.as_entire_binding(), wgpu::BindingResource::TextureView(&pixels)];
        let Some(with) = with else { return self.group("layer", &self.pipelines.layer_group, &resources) };
        let distances = self.uploaded(cast.size, wgpu::TextureFormat::Rgba32Float, &cast.distances);
        resources.push(wgpu::BindingResource::TextureView(&distances));
        self.group("layer with distances", &with.layer_group, &resources)
    }

    fn uploaded<T: bytemuck::Pod>(
        &self,
        [width, height]: [u32; 2],
        format: wgpu::TextureFormat,
        pixels: &[T],
    ) -> wgpu::TextureView {
        let size = wgpu::Extent3d { width, height, depth_or_array_layers: 1 };
        let texture = self.gpu.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("volume"),
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        self.gpu.queue.write_texture(
            texture.as_image_copy(),
            bytemuck::cast_slice(pixels),
            wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(width * size_of::<T>() as u32),
                rows_per_image: Some(height),
            },
            size,
        );
        texture.create_view(&wgpu::TextureViewDescriptor::default())
    }
}
