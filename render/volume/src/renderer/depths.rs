//! Drawing with distances.

use std::sync::OnceLock;

use super::pipelines::DepthPipelines;
use super::{Part, Renderer, Target, colour_attachment, place};
use crate::caster::Cast;
use crate::depths::NOTHING_MM;
use crate::{Mode, Scene, ViewMatrices, VolumeItem};

/// Pipelines that are compiled when somebody first asks for distances.
pub(super) type Lazy = OnceLock<DepthPipelines>;

/// A volume to be laid over what is there: its pass with groups 1 and 3.
pub(super) struct Over {
    pipeline: wgpu::RenderPipeline,
    group: wgpu::BindGroup,
    layers: wgpu::BindGroup,
}

impl Renderer {
    /// Format of the distances: mm to the first hit, mean mm, opacity, and 0.
    pub const DEPTHS_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba32Float;

    /// Like [`draw`](Self::draw), and writes where along its ray each pixel lies, for reprojection and depth layers:
    /// red is [`Depths::first_mm`](crate::Depths::first_mm), green `mean_mm`, blue `opacity`.
    ///
    /// `depths` is of [`DEPTHS_FORMAT`](Self::DEPTHS_FORMAT) and the target's size, `RENDER_ATTACHMENT`; it is
    /// cleared when the target is. What is translucent and no volume (meshes, lines,
    /// points) is seen through: it counts for colour alone, and so do outlines.
    pub fn draw_with_depths(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        depths: &wgpu::TextureView,
        view: &ViewMatrices,
        scene: &Scene,
    ) {
        self.draw_all(encoder, target, Part::of(target, None), Some(depths), view, scene);
    }

    /// Volumes for [`volumes_with_depths`](Self::volumes_with_depths); the last takes the layers in.
    pub(super) fn with_distances(
        &mut self,
        part: Part,
        view: &ViewMatrices,
        scene: &Scene,
        casts: Option<Vec<Cast>>,
        layers: Option<&wgpu::BindGroup>,
    ) -> Vec<Over> {
        let Some(casts) = casts else {
            let volumes = scene.volumes.iter().zip(1..);
            let taken = |n| layers.filter(|_| n == scene.volumes.len());
            return volumes.map(|(item, n)| self.marched(item, view, taken(n))).collect();
        };
        let with =
            self.with_depths.get_or_init(|| DepthPipelines::new(&self.gpu, self.format, &self.pipelines));
        let over = |cast| Over {
            pipeline: with.layer.clone(),
            group: self.laid(cast, part, Some(with)),
            layers: self.pipelines.layers.none().clone(),
        };
        casts.iter().map(over).collect()
    }

    /// Distances of what is opaque, then volumes with theirs, each laid over the one before: distances cannot be
    /// blended, so that each pass reads what the one before wrote.
    pub(super) fn volumes_with_depths(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        (target, depths): (&Target<'_>, &wgpu::TextureView),
        part: Part,
        view_group: &wgpu::BindGroup,
        volumes: &[Over],
    ) {
        let (gpu, format) = (&self.gpu, self.format);
        let with = self.with_depths.get_or_init(|| DepthPipelines::new(gpu, format, &self.pipelines));
        let scratch: Vec<_> = (0..volumes.len().min(2)).map(|_| self.scratch(target.size)).collect();
        // the last pass writes what was asked for
        let written = |n: usize| if n == volumes.len() { depths } else { &scratch[n % 2] };
        let nothing = f64::from(NOTHING_MM);
        let clear = wgpu::Color { r: nothing, g: nothing, b: 0.0, a: 0.0 };
        let load = if target.clear.is_some() { wgpu::LoadOp::Clear(clear) } else { wgpu::LoadOp::Load };
        let scene_depth = wgpu::BindingResource::TextureView(target.depth);
        let begin = self.group("scene depth", &self.pipelines.depth, std::slice::from_ref(&scene_depth));
        for n in 0..=volumes.len() {
            let distances = wgpu::RenderPassColorAttachment {
                view: written(n),
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations { load, store: wgpu::StoreOp::Store },
            };
            let attachments = [Some(colour_attachment(target, None)), Some(distances)];
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                label: Some("distances"),
                color_attachments: if n == 0 { &attachments[1..] } else { &attachments },
                ..Default::default()
            });
            place(&mut pass, part);
            pass.set_bind_group(0, view_group, &[]);
            if n == 0 {
                pass.set_pipeline(&with.surfaces);
                pass.set_bind_group(2, &begin, &[]);
            } else {
                let over = &volumes[n - 1];
                let under = wgpu::BindingResource::TextureView(written(n - 1));
                let below = self.group("under a volume", &with.under, &[scene_depth.clone(), under]);
                pass.set_pipeline(&over.pipeline);
                pass.set_bind_group(1, &over.group, &[]);
                pass.set_bind_group(2, &below, &[]);
                pass.set_bind_group(3, &over.layers, &[]);
            }
            pass.draw(0..3, 0..1);
        }
    }

    /// A volume for the device's shaders.
    fn marched(&mut self, item: &VolumeItem, view: &ViewMatrices, layers: Option<&wgpu::BindGroup>) -> Over {
        let group = self.volume_group(item, view);
        let (gpu, format) = (&self.gpu, self.format);
        let with = self.with_depths.get_or_init(|| DepthPipelines::new(gpu, format, &self.pipelines));
        let plain = &self.pipelines;
        let [dvr, dvr_layered, mip] = with.volumes(gpu, format, plain, item.texture.filterable());
        let pipeline = match item.look.mode {
            Mode::Iso => with.iso(gpu, format, plain, (item.texture.filterable(), layers.is_some())),
            Mode::Dvr if layers.is_some() => dvr_layered,
            Mode::Dvr => dvr,
            Mode::Mip | Mode::MinIp | Mode::Mean => mip,
        };
        let layers = layers.unwrap_or(self.pipelines.layers.none()).clone();
        Over { pipeline: pipeline.clone(), group, layers }
    }

    fn scratch(&self, size: [u32; 2]) -> wgpu::TextureView {
        let texture = self.gpu.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("distances under a volume"),
            size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: Self::DEPTHS_FORMAT,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::RENDER_ATTACHMENT,
            view_formats: &[],
        });
        texture.create_view(&wgpu::TextureViewDescriptor::default())
    }
}
