//! A slice as it is shown: values through a window and a palette, a second scan over it, segments and lines.

mod lines;
mod passes;
mod segments;

use image::RgbaImage;
use meshing_space::{Lps, Point, Transform, Vector};
use render_gpu::{Gpu, ReadError, read_rgba};

use crate::cover::{begin, sheet};
use crate::reform::{MprError, reform_into};
use crate::{Palette, Slab, SliceSurface, Target, Voi, VolumeTexture};
pub use lines::LineOverlay;
use passes::Passes;
pub use segments::{SegmentOverlay, SegmentStyle};

/// A scan in a slice.
#[derive(Clone, Debug)]
pub struct SliceLayer {
    /// Its voxels; sampled in its own grid at the slice's places, never resampled to another's.
    pub texture: VolumeTexture,
    /// Which values go from the palette's first colour to its last.
    pub voi: Voi,
    /// The palette.
    pub palette: Palette,
    /// 0 to 1.
    pub opacity: f32,
    /// Values below this are not shown, so that a PET's background leaves the CT as it is; `None` shows all.
    pub shown_from: Option<f64>,
    /// From the patient space of the slice to that of this scan: the registration, identity where they share one.
    pub own_from_lps: Transform<Lps, Lps>,
}

impl SliceLayer {
    /// An opaque grey layer.
    pub fn new(texture: VolumeTexture, voi: impl Into<Voi>) -> Self {
        Self {
            texture,
            voi: voi.into(),
            palette: Palette::Grey,
            opacity: 1.0,
            shown_from: None,
            own_from_lps: Transform::translation(Vector::zero()),
        }
    }
}

/// What is laid over the layers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Overlay {
    /// Segments of a label map.
    Segments(SegmentOverlay),
    /// Contours of meshes, paths and points.
    Lines(LineOverlay),
}

/// A slice as it is shown, the same in a window, a headset's slate, a stream and a test.
///
/// ```no_run
/// use render_volume::{Palette, Slab, SlabMode, SliceLayer, SlicePlane, SliceView, Voi};
/// # fn show(
/// #     gpu: &render_gpu::Gpu, ct: render_volume::VolumeTexture, pet: render_volume::VolumeTexture,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// let plane = SlicePlane::axial(ct.grid(), ct.grid().center());
/// let mut view = SliceView::new(plane, SliceLayer::new(ct, Voi::linear(40.0, 400.0)));
/// view.slab = Slab::new(5.0, SlabMode::Mean);
/// view.layers.push(SliceLayer {
///     palette: Palette::HotIron,
///     opacity: 0.5,
///     ..SliceLayer::new(pet, Voi::linear_exact(5.0, 10.0))
/// });
/// view.picture(gpu)?.save("fused.png")?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SliceView {
    /// Where the slice lies. Scrolling and turning change this alone.
    pub surface: SliceSurface,
    /// How thick every layer is.
    pub slab: Slab,
    /// Scans, each laid over those before it.
    pub layers: Vec<SliceLayer>,
    /// What is laid over the scans, in order.
    pub overlays: Vec<Overlay>,
    /// The colour where there is no scan, as an sRGB picture holds it.
    pub background: [u8; 3],
}

impl SliceView {
    /// A thin slice of one scan on black.
    pub fn new(surface: impl Into<SliceSurface>, layer: SliceLayer) -> Self {
        let surface = surface.into();
        Self { surface, slab: Slab::THIN, layers: vec![layer], overlays: Vec::new(), background: [0; 3] }
    }

    /// The slice as a picture of the surface's own size, opaque sRGB: a grey of the palette is that grey in the file.
    ///
    /// # Errors
    /// [`MprError`] for a size or a thickness that cannot be, or a lost device.
    pub fn picture(&self, gpu: &Gpu) -> Result<RgbaImage, MprError> {
        let size = self.surface.size();
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let canvas = self.canvas(gpu, &mut encoder)?;
        let picture = sheet(gpu, "slice picture", size, wgpu::TextureFormat::Rgba8Unorm);
        let passes = gpu.once(|| Passes::new(gpu));
        let group = passes.present_group(gpu, &canvas, [0, 0]);
        let view = picture.create_view(&wgpu::TextureViewDescriptor::default());
        let mut pass = begin(&mut encoder, "slice picture", &view, wgpu::LoadOp::Clear(wgpu::Color::BLACK));
        pass.set_pipeline(&passes.presenting(gpu, picture.format(), false));
        pass.set_bind_group(0, &group, &[]);
        pass.draw(0..3, 0..1);
        drop(pass);
        gpu.queue.submit([encoder.finish()]);
        let read = read_rgba(gpu, &picture)?;
        RgbaImage::from_raw(size[0], size[1], read.bytes).ok_or(MprError::Read(ReadError::Lost))
    }

    /// Records the slice into somebody's view of colour format `format`, pixel for pixel from the top left of its
    /// viewport; make the surface as large as that. The target holds linear light. Depth is neither read nor written.
    ///
    /// # Errors
    /// As [`SliceView::picture`].
    pub fn draw(
        &self,
        gpu: &Gpu,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        format: wgpu::TextureFormat,
    ) -> Result<(), MprError> {
        let canvas = self.canvas(gpu, encoder)?;
        let passes = gpu.once(|| Passes::new(gpu));
        let part =
            target.viewport.map_or([0, 0, target.size[0], target.size[1]], |v| [v.x, v.y, v.width, v.height]);
        let group = passes.present_group(gpu, &canvas, [part[0], part[1]]);
        let clear = |[r, g, b, a]: [f64; 4]| wgpu::LoadOp::Clear(wgpu::Color { r, g, b, a });
        let load = target.clear.map_or(wgpu::LoadOp::Load, clear);
        let mut pass = begin(encoder, "slice", target.colour, load);
        if part[2] == 0 || part[3] == 0 {
            return Ok(());
        }
        pass.set_scissor_rect(part[0], part[1], part[2], part[3]);
        pass.set_pipeline(&passes.presenting(gpu, format, true));
        pass.set_bind_group(0, &group, &[]);
        pass.draw(0..3, 0..1);
        Ok(())
    }

    /// The share of the slice's pixels at which the slab of the first layer reaches out of its volume, so that only
    /// what lies inside is shown: to be said beside the slice. Taken at 64 by 64 places; 0 for a thin slice.
    pub fn share_partly_outside(&self) -> f64 {
        let Some(layer) = self.layers.first() else { return 0.0 };
        let grid = layer.texture.grid();
        let Some(sampling) = self.slab.sampling(grid).filter(|s| s.samples > 1) else { return 0.0 };
        let [width, height] = self.surface.size();
        let rows = self.surface.rows();
        let inside = |at: Point<Lps>| {
            let ijk = (grid.ijk_from_lps() * (layer.own_from_lps * at)).to_array();
            ijk.iter().zip(grid.size()).all(|(&p, n)| (-1e-5..=n as f64 - 1.0 + 1e-5).contains(&p))
        };
        let (across, down) = (width.min(64), height.min(64));
        let mut partly = 0_u32;
        for y in 0..down {
            let row = &rows[(u64::from(y) * u64::from(height) / u64::from(down)) as usize];
            for x in 0..across {
                let column = f64::from(x) * f64::from(width) / f64::from(across);
                let mut samples =
                    (0..sampling.samples).map(|s| inside(row.lps(column, sampling.depth_mm(s))));
                let first = samples.next();
                partly += u32::from(samples.any(|s| Some(s) != first));
            }
        }
        f64::from(partly) / f64::from((across * down).max(1))
    }

    /// Layers and overlays in the display's own steps.
    fn canvas(&self, gpu: &Gpu, encoder: &mut wgpu::CommandEncoder) -> Result<wgpu::TextureView, MprError> {
        let size = self.surface.size();
        let limit = gpu.device.limits().max_texture_dimension_2d;
        if size.iter().any(|&n| n == 0 || n > limit) {
            return Err(MprError::Size { size, limit });
        }
        let passes = gpu.once(|| Passes::new(gpu));
        let rows = self.surface.rows();
        let canvas = sheet(gpu, "slice", size, passes::CANVAS);
        let canvas = canvas.create_view(&wgpu::TextureViewDescriptor::default());
        let [r, g, b] = self.background.map(|c| f64::from(c) / 255.0);
        let clear = wgpu::LoadOp::Clear(wgpu::Color { r, g, b, a: 1.0 });
        drop(begin(encoder, "slice background", &canvas, clear));
        for layer in &self.layers {
            let own: Vec<_> = rows.iter().map(|row| row.moved(layer.own_from_lps)).collect();
            let (values, _) = reform_into(gpu, encoder, &layer.texture, &own, size[0], &self.slab)?;
            passes.paint(gpu, encoder, &canvas, &values, layer);
        }
        for overlay in &self.overlays {
            match overlay {
                Overlay::Segments(segments) => passes.segments(gpu, encoder, &canvas, segments, &rows, size),
                Overlay::Lines(lines) => passes.lines(gpu, encoder, &canvas, lines, size),
            }
        }
        Ok(canvas)
    }
}
