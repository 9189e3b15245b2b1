//! Tables made from a transfer function, kept while it is in use.

use std::sync::OnceLock;

use render_gpu::Gpu;

use crate::cells::Visible;
use crate::integrals::Integrals;
use crate::light_grid::{LightGrid, Occluders};
use crate::look::TABLE;
use crate::volume_texture::texture;
use crate::{GradientPoint, IsoSurface, Mode, SegmentLook, TransferFunction, ViewMatrices, VolumeItem};

/// How many draws a table outlives its last use.
const KEEP: u32 = 120;

/// The tables in use.
#[derive(Debug, Default)]
pub(super) struct Tables(Vec<Entry>);

#[derive(Debug)]
struct Entry {
    volume: u64,
    transfer: TransferFunction,
    segments: Option<(u64, Vec<SegmentLook>)>,
    /// Where these are shown in the place of the transfer function.
    surfaces: Option<Vec<IsoSurface>>,
    gradient_opacity: Vec<GradientPoint>,
    /// Of the transfer function, then of those that segments have of their own.
    integrals: Vec<Integrals>,
    visible: Visible,
    views: OnceLock<[wgpu::TextureView; 3]>,
    occluders: OnceLock<Occluders>,
    /// Of the lamp that was asked for last.
    light: Option<LightGrid>,
    light_view: Option<wgpu::TextureView>,
    idle: u32,
}

/// Tables of a volume, for the processor.
pub(super) struct Prepared<'a> {
    /// Of the transfer function, then of those that segments have of their own.
    pub(super) functions: &'a [Integrals],
    pub(super) visible: &'a Visible,
    /// Where the look asks for it.
    pub(super) light: Option<&'a LightGrid>,
}

impl Tables {
    /// The tables of a volume, for the processor.
    pub(super) fn of(&mut self, item: &VolumeItem, view: &ViewMatrices) -> Prepared<'_> {
        let entry = self.entry(item);
        if item.look.shading.dims() {
            entry.light_for(item, view);
        }
        Prepared {
            functions: &entry.integrals,
            visible: &entry.visible,
            light: entry.light.as_ref().filter(|_| item.look.shading.dims()),
        }
    }

    /// Colour table, leap distances, the segments' terms and the light of a volume, for shaders.
    pub(super) fn views(
        &mut self,
        gpu: &Gpu,
        item: &VolumeItem,
        view: &ViewMatrices,
    ) -> [wgpu::TextureView; 4] {
        let entry = self.entry(item);
        let made = entry.views.get_or_init(|| {
            let (distances, size) = (&entry.visible.distance, item.texture.cells().size);
            let format = wgpu::TextureFormat::R8Uint;
            let terms =
                item.segments.as_ref().map_or_else(|| vec![[0.0; 4]], |s| s.table(&item.look.transfer));
            [
                if let Some(surfaces) = &entry.surfaces {
                    rows(gpu, "iso-surfaces", &of_surfaces(surfaces), surfaces.len().max(1))
                } else {
                    let mut entries: Vec<_> = entry.integrals.iter().flat_map(Integrals::rows).collect();
                    let by_gradient = item.look.gradient_table().into_iter().flat_map(|(table, _)| table);
                    entries.extend(by_gradient.map(|share| [share, 0.0, 0.0, 0.0]));
                    rows(gpu, "transfer functions", &entries, TABLE)
                },
                texture(gpu, "leap distances", size, format, distances, |d| *d),
                rows(gpu, "segments", &terms, terms.len().min(256)),
            ]
        });
        let [transfer, skip, terms] = made.clone();
        let format = wgpu::TextureFormat::Rg8Unorm;
        if item.look.shading.dims() {
            entry.light_for(item, view);
        }
        let Entry { light, light_view, .. } = entry;
        let light = light_view.get_or_insert_with(|| {
            let open: &[[u8; 2]] = &[[u8::MAX; 2]];
            let (size, cells) = light.as_ref().map_or(([1; 3], open), |l| (l.blocks.size, &l.cells));
            texture(gpu, "light", size, format, cells, |c| *c)
        });
        [transfer, skip, terms, light.clone()]
    }

    fn entry(&mut self, item: &VolumeItem) -> &mut Entry {
        let VolumeItem { texture: volume, look, segments } = item;
        let surfaces = (look.mode == Mode::Iso).then(|| look.shown_surfaces());
        let same = |known: &Entry| {
            let of = segments.as_ref().map(|s| (s.segments.id(), &s.looks));
            known.volume == volume.id()
                && known.transfer == look.transfer
                && known.surfaces == surfaces
                && known.gradient_opacity == look.gradient_opacity
                && known.segments.as_ref().map(|(id, looks)| (*id, looks)) == of
        };
        let at = self.0.iter().position(same).unwrap_or_else(|| {
            self.0.push(Entry {
                volume: volume.id(),
                transfer: look.transfer.clone(),
                segments: segments.as_ref().map(|s| (s.segments.id(), s.looks.clone())),
                integrals: segments.as_ref().map_or_else(
                    || vec![Integrals::of(&look.transfer)],
                    |s| s.functions(&look.transfer).list.into_iter().map(Integrals::of).collect(),
                ),
                visible: match &surfaces {
                    Some(surfaces) => volume.cells().crossed(surfaces),
                    None => volume.cells().visible(&look.transfer, segments.as_ref()),
                },
                surfaces: surfaces.clone(),
                gradient_opacity: look.gradient_opacity.clone(),
                views: OnceLock::new(),
                occluders: OnceLock::new(),
                light: None,
                light_view: None,
                idle: 0,
            });
            self.0.len() - 1
        });
        let entry = &mut self.0[at];
        entry.idle = 0;
        entry
    }

    /// Drops what has not been used for long.
    pub(super) fn forget_unused(&mut self) {
        self.0.retain_mut(|e| {
            e.idle += 1;
            e.idle <= KEEP
        });
    }
}

impl Entry {
    /// The light of a view's lamp, unless it is there already.
    fn light_for(&mut self, item: &VolumeItem, view: &ViewMatrices) {
        let towards = view.towards_light();
        // without a shadow every lamp will do
        let turned = |known: &LightGrid| {
            item.look.shading.shadow > 0.0 && (known.towards_light - towards).length() > 1e-4
        };
        if self.light.as_ref().is_some_and(|known| !turned(known)) {
            return;
        }
        let volume = item.texture.volume();
        let occluders = self.occluders.get_or_init(|| {
            Occluders::of(volume, &item.look.transfer, &self.integrals, item.segments.as_ref())
        });
        self.light = Some(occluders.lit_from(volume.grid(), towards));
        self.light_view = None;
    }
}

/// Colours and opacities of surfaces, then their values.
fn of_surfaces(surfaces: &[IsoSurface]) -> Vec<[f32; 4]> {
    if surfaces.is_empty() {
        return vec![[0.0; 4]; 2];
    }
    let values = surfaces.iter().map(|s| [s.value, 0.0, 0.0, 0.0]);
    surfaces.iter().map(IsoSurface::linear).chain(values).collect()
}

/// Rows of four floats as a texture.
fn rows(gpu: &Gpu, label: &str, entries: &[[f32; 4]], width: usize) -> wgpu::TextureView {
    let (width, height) = (width as u32, (entries.len() / width) as u32);
    let size = wgpu::Extent3d { width, height, depth_or_array_layers: 1 };
    let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some(label),
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba32Float,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    gpu.queue.write_texture(
        texture.as_image_copy(),
        bytemuck::cast_slice(entries),
        wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(width * 16),
            rows_per_image: Some(height),
        },
        size,
    );
    texture.create_view(&wgpu::TextureViewDescriptor::default())
}
