//! Bindings of what cuts: shapes with each view, carved voxels with each volume.

use std::sync::Arc;

use glam::DAffine3;
use render_gpu::Gpu;

use super::carved::nothing_carved;
use super::{Part, Renderer, bind, uniforms};
use crate::cuts::{Cuts, FIELD, Lasso};
use crate::view::Eyes;
use crate::volume_texture::Lookup;
use crate::{ClipPlanes, Scene, VolumeItem};

/// Binding of what is carved, in each group of a volume; behind all others but the page table, however many
/// these have.
pub(super) const CARVE: u32 = 14;

/// The distances of the lassos drawn last, on the device.
#[derive(Debug)]
pub(super) struct Fields {
    lassos: Vec<Arc<Lasso>>,
    view: wgpu::TextureView,
    /// Stands in for what nobody carved.
    whole: wgpu::TextureView,
}

impl Fields {
    pub(super) fn new(gpu: &Gpu) -> Self {
        Self { lassos: Vec::new(), view: fields(gpu, &[]), whole: nothing_carved(gpu, [1; 3]) }
    }

    /// Puts the lassos of a scene on the device, where they are not yet.
    pub(super) fn update(&mut self, gpu: &Gpu, clip: &ClipPlanes) {
        let same = {
            let wanted = clip.shapes().iter().filter_map(|s| s.lasso_line());
            wanted.clone().count() == self.lassos.len()
                && wanted.zip(&self.lassos).all(|(a, b)| Arc::ptr_eq(a, b))
        };
        if !same {
            self.lassos = clip.shapes().iter().filter_map(|s| s.lasso_line()).cloned().collect();
            self.view = fields(gpu, &self.lassos);
        }
    }
}

fn fields(gpu: &Gpu, lassos: &[Arc<Lasso>]) -> wgpu::TextureView {
    let edge = if lassos.is_empty() { 1 } else { FIELD as u32 };
    let size =
        wgpu::Extent3d { width: edge, height: edge, depth_or_array_layers: lassos.len().max(1) as u32 };
    let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some("lassos"),
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::R32Float,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    for (n, lasso) in (0..).zip(lassos) {
        let mut target = texture.as_image_copy();
        target.origin.z = n;
        gpu.queue.write_texture(
            target,
            bytemuck::cast_slice(lasso.field()),
            wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(edge * 4),
                rows_per_image: Some(edge),
            },
            wgpu::Extent3d { depth_or_array_layers: 1, ..size },
        );
    }
    texture.create_view(&wgpu::TextureViewDescriptor {
        dimension: Some(wgpu::TextureViewDimension::D2Array),
        ..Default::default()
    })
}

/// Whether the slice is shown where a volume is cut.
pub(super) fn has_caps(item: &VolumeItem) -> bool {
    item.caps.is_some() && !item.look.mode.projects()
}

impl Renderer {
    pub(super) fn view_group(&self, eyes: Eyes<'_>, part: Part, clip: &ClipPlanes) -> wgpu::BindGroup {
        let uniform = if eyes.are_two() {
            self.uniform(&uniforms::views(eyes, part, clip))
        } else {
            self.uniform(&uniforms::view(eyes.first, part, clip))
        };
        let origin = DAffine3::from_translation(eyes.origin().as_dvec3());
        let cuts = self.stored(&Cuts::new(clip, origin));
        let lassos = wgpu::BindingResource::TextureView(&self.fields.view);
        let resources = [uniform.as_entire_binding(), cuts.as_entire_binding(), lassos];
        bind(&self.gpu, "view", &self.pipelines.view, &resources)
    }

    /// The slices on what cuts the volumes of a scene open: each volume's pipeline and group.
    pub(super) fn caps(
        &mut self,
        eyes: Eyes<'_>,
        scene: &Scene,
    ) -> Vec<(wgpu::RenderPipeline, wgpu::BindGroup)> {
        let capped = scene.volumes.iter().filter(|item| has_caps(item));
        capped
            .filter_map(|item| Some((item, item.caps.as_ref()?)))
            .map(|(item, caps)| {
                let uniform = self.uniform(&uniforms::cap_volume(item, caps, eyes.origin()));
                let [_, skip, terms, _] = self.tables.views(&self.gpu, item, eyes.first);
                let carve = self.carve_view(item);
                let set = self.pipelines.of(item.texture.lookup());
                let labels = item.segments.as_ref().map_or(&skip, |s| s.segments.view());
                let view = wgpu::BindingResource::TextureView;
                let resources = [
                    uniform.as_entire_binding(),
                    view(item.texture.picture()),
                    wgpu::BindingResource::Sampler(&set.sampler),
                    view(labels),
                    view(&terms),
                ];
                (set.caps.clone(), self.carved_group("caps", &set.caps_group, &resources, (item, &carve)))
            })
            .collect()
    }

    /// What is carved of a volume.
    pub(super) fn carve_view(&mut self, item: &VolumeItem) -> wgpu::TextureView {
        let carve = item.carve.as_ref().and_then(|_| self.tables.carve(&self.gpu, item));
        carve.unwrap_or_else(|| self.fields.whole.clone())
    }

    /// A group of a volume, with what is carved of it.
    pub(super) fn carved_group(
        &self,
        label: &str,
        layout: &wgpu::BindGroupLayout,
        resources: &[wgpu::BindingResource<'_>],
        (item, carve): (&VolumeItem, &wgpu::TextureView),
    ) -> wgpu::BindGroup {
        let carve = wgpu::BindingResource::TextureView(carve);
        let pages = wgpu::BindingResource::TextureView(item.texture.pages(&self.pipelines.no_pages));
        let numbered = (0..).zip(resources.iter().cloned()).chain([(CARVE, carve), (Lookup::PAGES, pages)]);
        let entries: Vec<_> =
            numbered.map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource }).collect();
        let descriptor = wgpu::BindGroupDescriptor { label: Some(label), layout, entries: &entries };
        self.gpu.device.create_bind_group(&descriptor)
    }
}
