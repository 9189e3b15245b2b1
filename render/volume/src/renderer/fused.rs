//! Several volumes in one march.

use render_gpu::THREE_VOLUMES;

use super::cutting::CARVE;
use super::depths::Over;
use super::pipelines::DepthPipelines;
use super::{Renderer, uniforms};
use crate::shaders::{FusedVolume, LIGHT, MASKS, STRIDE};
use crate::view::Eyes;
use crate::volume_texture::Lookup;
use crate::{Scene, VolumeItem, scene};

/// What the volumes of a scene ask of the march.
fn asked(scene: &Scene) -> Vec<FusedVolume> {
    let of = |v: &VolumeItem| FusedVolume {
        lookup: v.texture.lookup(),
        dimmed: v.look.shading.dims(),
        carved: v.carve.is_some(),
    };
    scene.volumes.iter().map(of).collect()
}

impl Renderer {
    /// Whether the volumes of a scene are mixed at their depths: two or three shaded ones, on a device that lets a pass
    /// read so many textures (light and carving take one more of each volume that has them). The order in which they are given then does not matter. Else they are laid over one
    /// another in that order. Volumes that are mixed are drawn by the device's shaders, whoever draws others.
    pub fn mixes(&self, scene: &Scene) -> bool {
        // those of each volume, the depth, what lies under, two of layers, the lassos
        let textures = asked(scene).iter().map(|v| v.textures()).sum::<u32>() + 5;
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
        let tables: Vec<_> = scene.volumes.iter().map(|v| self.tables.views(&gpu, v, eyes.first)).collect();
        let carves: Vec<_> = scene.volumes.iter().map(|v| self.carve_view(v)).collect();
        let uniform = |v| self.uniform(&uniforms::volume(v, eyes.origin()));
        let buffers: Vec<_> = scene.volumes.iter().map(uniform).collect();
        let asked = asked(scene);
        let format = self.format;
        let with = distances
            .then(|| self.with_depths.get_or_init(|| DepthPipelines::new(&gpu, format, &self.pipelines)));
        let under = with.map(|with| with.under.clone());
        let fused = self.pipelines.fused(&asked, layers.is_some(), under.as_ref());
        let (layout, pipeline) = (fused.group.clone(), fused.pipeline.clone());
        let masks = self.stored(&uniforms::masks(scene));
        let each = scene.volumes.iter().zip(buffers.iter().zip(&tables)).zip(carves.iter().zip(&asked));
        let volumes = (0..).zip(each).flat_map(|(n, ((v, (uniform, tables)), (carve, asked)))| {
            let taken = asked.carved.then_some((CARVE, wgpu::BindingResource::TextureView(carve)));
            let pages = wgpu::BindingResource::TextureView(v.texture.pages(&self.pipelines.no_pages));
            let pages = asked.lookup.bricked.then_some((Lookup::PAGES, pages));
            let mut resources: Vec<_> = (0..).zip(self.volume_resources(v, uniform, Some(tables))).collect();
            resources.retain(|(binding, _)| asked.dimmed || *binding != LIGHT);
            resources
                .into_iter()
                .chain(taken)
                .chain(pages)
                .map(move |(binding, resource)| (n * STRIDE + binding, resource))
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
