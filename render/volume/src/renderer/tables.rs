//! Tables made from a transfer function, kept while it is in use.

use std::sync::{Arc, OnceLock};

use render_gpu::Gpu;

use super::carved::CarvedTables;
use crate::atlas::Seen;
use crate::caster::Open;
use crate::cells::Visible;
use crate::integrals::Integrals;
use crate::leaps::leaps;
use crate::light_grid::{LightGrid, Occluders};
use crate::look::TABLE;
use crate::volume_texture::texture;
use crate::{
    Carved, GradientPoint, IsoSurface, Mode, SegmentLook, TransferFunction, ViewMatrices, VolumeItem,
};

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
    /// Found by the processor, where it has to.
    visible: OnceLock<Visible>,
    seen: OnceLock<Arc<Seen>>,
    open: OnceLock<Open>,
    carved: Option<CarvedTables>,
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
    /// Where values can be seen, where that was asked for.
    pub(super) open: Option<&'a Open>,
}

impl Tables {
    /// The tables of a volume, for the processor.
    pub(super) fn of(
        &mut self,
        gpu: &Gpu,
        item: &VolumeItem,
        view: &ViewMatrices,
        open: bool,
    ) -> Prepared<'_> {
        let entry = self.entry(gpu, item);
        let dims = item.look.shading.dims();
        if dims {
            entry.light_for(item, view);
        }
        let visible = entry.visible(item);
        let opened = |volume| {
            let made = || Open::of(volume, item.texture.cells(), visible, &item.look.transfer);
            entry.open.get_or_init(made)
        };
        Prepared {
            functions: &entry.integrals,
            visible: entry.carved.as_ref().map_or(visible, CarvedTables::visible),
            light: entry.light.as_ref().filter(|_| dims),
            open: item.texture.volume().filter(|_| open).map(opened),
        }
    }

    /// The bricks of a volume that hold something to be seen.
    pub(super) fn seen(&mut self, gpu: &Gpu, item: &VolumeItem) -> Arc<Seen> {
        let entry = self.entry(gpu, item);
        entry.seen.get_or_init(|| Arc::new(Seen::of(item.texture.cells(), entry.visible(item)))).clone()
    }

    /// What is carved away of a volume, for shaders.
    pub(super) fn carve(&mut self, gpu: &Gpu, item: &VolumeItem) -> Option<wgpu::TextureView> {
        let carved = self.entry(gpu, item).carved.as_ref()?;
        Some(carved.views(gpu, item.texture.cells())[1].clone())
    }

    /// Colour table, leap distances, the segments' terms and the light of a volume, for shaders.
    pub(super) fn views(
        &mut self,
        gpu: &Gpu,
        item: &VolumeItem,
        view: &ViewMatrices,
    ) -> [wgpu::TextureView; 4] {
        let entry = self.entry(gpu, item);
        let made = entry.views.get_or_init(|| {
            let plain = item.segments.is_none() && entry.surfaces.is_none();
            let by_device = !gpu.facts.software && plain && entry.visible.get().is_none();
            let found = if by_device { leaps(gpu, &item.texture, &entry.transfer) } else { None };
            let on_processor = || {
                let (distances, size) = (&entry.visible(item).distance, item.texture.cells().size);
                texture(gpu, "leap distances", size, wgpu::TextureFormat::R8Uint, distances, |d| *d)
            };
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
                found.unwrap_or_else(on_processor),
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
        let light = light.clone();
        let carved = entry.carved.as_ref().map(|c| c.views(gpu, item.texture.cells())[0].clone());
        [transfer, carved.unwrap_or(skip), terms, light]
    }

    fn entry(&mut self, gpu: &Gpu, item: &VolumeItem) -> &mut Entry {
        let VolumeItem { texture: volume, look, segments, carve, .. } = item;
        let surfaces = (look.mode == Mode::Iso).then(|| look.shown_surfaces());
        let same = |known: &Entry| {
            let of = segments.as_ref().map(|s| (s.segments.id(), &s.looks));
            known.volume == volume.id()
                && known.transfer == look.transfer
                && known.surfaces == surfaces
                && known.gradient_opacity == look.gradient_opacity
                && known.segments.as_ref().map(|(id, looks)| (*id, looks)) == of
                && known.carves(carve.as_ref())
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
                visible: OnceLock::new(),
                seen: OnceLock::new(),
                open: OnceLock::new(),
                surfaces: surfaces.clone(),
                gradient_opacity: look.gradient_opacity.clone(),
                carved: None,
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
        if let Some(carve) = carve {
            let mut carved =
                entry.carved.take().unwrap_or_else(|| CarvedTables::new(carve, entry.visible(item)));
            carved.update(gpu, volume.cells(), entry.visible(item), carve.mask());
            entry.carved = Some(carved);
        }
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
    /// Whether it may show what is carved: the same carving, and no other snapshot of it in one picture.
    fn carves(&self, carve: Option<&Carved>) -> bool {
        match (&self.carved, carve) {
            (None, None) => true,
            (Some(tables), Some(carve)) => {
                let (known, wanted) = (tables.mask(), carve.mask());
                known.id() == wanted.id() && (self.idle > 0 || wanted.changed(known).is_empty())
            }
            _ => false,
        }
    }

    fn visible(&self, item: &VolumeItem) -> &Visible {
        let cells = item.texture.cells();
        self.visible.get_or_init(|| match &self.surfaces {
            Some(surfaces) => cells.crossed(surfaces),
            None => cells.visible(&self.transfer, item.segments.as_ref()),
        })
    }

    /// The light of a view's lamp, unless it is there already; none in a volume that is not in memory as a whole.
    fn light_for(&mut self, item: &VolumeItem, view: &ViewMatrices) {
        let towards = view.towards_light();
        // without a shadow every lamp will do
        let turned = |known: &LightGrid| {
            item.look.shading.shadow > 0.0 && (known.towards_light - towards).length() > 1e-4
        };
        if self.light.as_ref().is_some_and(|known| !turned(known)) {
            return;
        }
        let Some(volume) = item.texture.volume() else { return };
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
