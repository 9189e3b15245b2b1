//! Volumes drawn by the processor and laid into the target.

use render_gpu::read_texture;

use super::pipelines::DepthPipelines;
use super::{Part, Renderer, Target, Viewport, VolumesBy, colour_attachment, place};
use crate::caster::{self, Cast, Job};
use crate::{Scene, ViewMatrices};

impl Renderer {
    /// Draws all volumes of a scene by the processor; false when the shaders have to.
    pub(super) fn cast(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        part: Part,
        view_group: &wgpu::BindGroup,
        view: &ViewMatrices,
        scene: &Scene,
    ) -> bool {
        let Some(casts) = self.casts(part, view, scene, false) else { return false };
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
        true
    }

    /// All volumes of a scene as the processor draws them; `None` when the shaders have to.
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
        let depth = self.scene_depth(part, view, scene)?;
        let casts = scene
            .volumes
            .iter()
            .map(|item| {
                let (integrals, visible) = self.tables.of(item);
                caster::cast(&Job {
                    volume: item.texture.volume(),
                    cells: item.texture.cells(),
                    look: &item.look,
                    integrals,
                    visible,
                    segments: item.segments.as_ref(),
                    view,
                    size: [part.width, part.height],
                    kept: [[part.kept.x - part.x, part.kept.y - part.y], [part.kept.width, part.kept.height]],
                    hole: part.hole,
                    clip: &scene.clip,
                    depth: (!depth.is_empty()).then_some(depth.as_slice()),
                    distances,
                })
            })
            .filter(|cast| !cast.pixels.is_empty());
        Some(casts.collect())
    }

    /// Reverse-Z depth of the opaque things of a scene, row by row; empty where there are none, `None` when the
    /// device was lost.
    fn scene_depth(&self, part: Part, view: &ViewMatrices, scene: &Scene) -> Option<Vec<f32>> {
        if scene.slices.is_empty() && scene.meshes.iter().all(super::translucent) {
            return Some(Vec::new());
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
        let depth = texture("opaque depth", wgpu::TextureFormat::Depth32Float, wgpu::TextureUsages::COPY_SRC);
        let target = Target {
            colour: &colour.create_view(&wgpu::TextureViewDescriptor::default()),
            depth: &depth.create_view(&wgpu::TextureViewDescriptor::default()),
            size: [part.width, part.height],
            viewport: None,
            clear: Some([0.0; 4]),
        };
        let kept = Viewport { x: part.kept.x - part.x, y: part.kept.y - part.y, ..part.kept };
        let whole = Part { x: 0, y: 0, kept, ..part };
        let view_group = self.view_group(view, whole, &scene.clip);
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        self.opaque(&mut encoder, &target, whole, &view_group, view, scene);
        self.gpu.queue.submit([encoder.finish()]);
        let read = read_texture(&self.gpu, &depth).ok()?;
        Some(bytemuck::pod_collect_to_vec(&read.bytes))
    }

    /// What lays a part of a picture at its place, with its distances where they are drawn.
    pub(super) fn laid(&self, cast: &Cast, part: Part, with: Option<&DepthPipelines>) -> wgpu::BindGroup {
        let corner = [part.x + cast.corner[0], part.y + cast.corner[1], 0, 0];
        let uniform = self.uniform(&corner);
        let pixels = self.uploaded(cast.size, wgpu::TextureFormat::Rgba32Float, &cast.pixels);
        let mut resources = vec![uniform.as_entire_binding(), wgpu::BindingResource::TextureView(&pixels)];
        let Some(with) = with else { return self.group("layer", &self.pipelines.layer_group, &resources) };
        let distances = self.uploaded(cast.size, wgpu::TextureFormat::Rg32Float, &cast.distances);
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
