//! Several volumes in one march.

use render_gpu::THREE_VOLUMES;

use super::depths::Over;
use super::pipelines::DepthPipelines;
use super::{Renderer, uniforms};
use crate::shaders::{MASKS, STRIDE};
use crate::view::Eyes;
use crate::{Scene, scene};

impl Renderer {
    /// Whether the volumes of a scene are mixed at their depths: two or three shaded ones, on a device that lets a pass
    /// read so many textures. The order in which they are given then does not matter. Else they are laid over one
    /// another in that order. Volumes that are mixed are drawn by the device's shaders, whoever draws others.
    pub fn mixes(&self, scene: &Scene) -> bool {
        // five of each volume, the depth, what lies under, two of layers
        let textures = 5 * scene.volumes.len() as u32 + 4;
        let limit = self.gpu.device.limits().max_sampled_textures_per_shader_stage;
        let three = scene.volumes.len() > 2 && self.gpu.facts.has_fault(THREE_VOLUMES);
        scene::mixed(scene.volumes.iter().map(|v| v.look.mode)) && textures <= limit && !three
    }

    /// The volumes of a scene that mixes them as one, with the layers and with distances where these are wanted.
    pub(super) fn mixed(
        &mut self,
        eyes: Eyes<'_>,
        scene: &Scene,
        layers: Option<&wgpu::BindGroup>,
        distances: bool,
    ) -> Over {
        let gpu = self.gpu.clone();
        let tables: Vec<_> = scene.volumes.iter().map(|v| self.tables.views(&gpu, v)).collect();
        let uniform = |v| self.uniform(&uniforms::volume(v, eyes.origin()));
        let buffers: Vec<_> = scene.volumes.iter().map(uniform).collect();
        let filterable: Vec<_> = scene.volumes.iter().map(|v| v.texture.filterable()).collect();
        let format = self.format;
        let with = distances
            .then(|| self.with_depths.get_or_init(|| DepthPipelines::new(&gpu, format, &self.pipelines)));
        let under = with.map(|with| with.under.clone());
        let fused = self.pipelines.fused(&gpu, format, &filterable, layers.is_some(), under.as_ref());
        let (layout, pipeline) = (fused.group.clone(), fused.pipeline.clone());
        let masks = self.uniform(&uniforms::masks(scene));
        let each = (0..).zip(&scene.volumes).zip(buffers.iter().zip(&tables));
        let volumes = each.flat_map(|((n, v), (uniform, tables))| {
            (n * STRIDE..).zip(self.volume_resources(v, uniform, Some(tables)))
        });
        let all = volumes.chain([(MASKS, masks.as_entire_binding())]);
        let entries: Vec<_> =
            all.map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource }).collect();
        let group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("fused"),
            layout: &layout,
            entries: &entries,
        });
        let layers = layers.unwrap_or(self.pipelines.layers.none()).clone();
        Over { pipeline, group, layers }
    }
}
