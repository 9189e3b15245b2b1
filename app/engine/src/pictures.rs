//! Pictures of a case: volume, projection, slices, surface; each stamped with sides, scale and what it is not for.

pub mod preview;
mod stamp;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::RgbaImage;
use meshing_space::{Lps, Point, Vector};
use meshing_surface::Mesh;
use meshing_volume::{LabelMap, Language, Progress, Volume, Words};
use render_gpu::Gpu;
use render_volume::{
    Camera, LabelTexture, LineOverlay, MarchStatistics, MarkLine, MarkPainter, MarkedView, Marks,
    MeshBuffers, MeshItem, Overlay, Palette, PathError, PathTracer, Renderer, Scene, SegmentItem,
    SegmentLook, SegmentOverlay, SegmentStyle, Segments, Slab, SlabMode, SliceLayer, SlicePlane, SliceView,
    ViewFrom, VolumeItem, VolumeTexture, Window, mpr, picture, presets,
};

use crate::segment_export::COLOURS;
use crate::sheet::FONT;
use crate::{Fault, FaultKind};

/// Bone-coloured.
const SURFACE_COLOUR: [f32; 4] = [0.87, 0.80, 0.66, 1.0];
/// Dark, so that bone and letters stand out.
const BACKGROUND: [u8; 3] = [14, 18, 26];
/// A slice picture is enlarged until its longer edge has at least this many pixels.
const SLICE_PIXELS: u32 = 512;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The shaded volume.
    Dvr,
    /// Maximum intensity projection.
    Mip,
    /// The surface alone.
    Surface,
}

/// The plane of a slice picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plane {
    /// Seen from the feet.
    Axial,
    /// Seen from the front.
    Coronal,
    /// Seen from the patient's left.
    Sagittal,
}

/// Draws pictures of one volume.
#[derive(Debug)]
pub struct Studio {
    gpu: Gpu,
    renderer: Renderer,
    texture: VolumeTexture,
    bounds: meshing_space::Aabb<Lps>,
    preset: &'static presets::Preset,
    look: render_volume::Look,
    surface: Option<MeshBuffers>,
    outline: Option<Mesh>,
    segments: Vec<String>,
    labels: Option<(Segments, LabelTexture)>,
    looks: Vec<SegmentLook>,
    marker: MarkPainter,
    /// The language of what is written on pictures.
    pub language: Language,
}

/// How a slice lies and what is on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SliceWish {
    /// Which way.
    pub cut: Cut,
    /// A point in it.
    pub point: Point<Lps>,
    /// How thick.
    pub slab: Slab,
    /// In which colours.
    pub palette: Palette,
}

/// Which way a slice lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cut {
    /// One of the three that everybody knows.
    Plane(Plane),
    /// Across a direction, away from the onlooker.
    Across(Vector<Lps>),
}

/// The preset that suits a modality when nobody chose one.
pub fn usual_preset(modality: &str) -> &'static str {
    match modality {
        "CT" => "bone",
        "PT" => "pet",
        _ => "mr",
    }
}

impl Studio {
    /// Uploads a volume to the graphics device.
    ///
    /// # Errors
    /// No graphics device, a volume too large for it, or a preset that does not exist.
    pub fn new(volume: &Arc<Volume>, preset: &str) -> Result<Self, Fault> {
        let preset = presets::named(preset).ok_or_else(|| {
            let ids: Vec<&str> = presets::list().iter().map(|p| p.id.as_str()).collect();
            Fault::new(
                FaultKind::Usage,
                format!("There is no preset {preset:?}."),
                "Nothing was drawn.",
                format!("The presets are: {}.", ids.join(", ")),
            )
        })?;
        let gpu = Gpu::headless()?;
        let texture = VolumeTexture::upload(&gpu, volume)?;
        let renderer = Renderer::for_pictures(&gpu);
        let marker = MarkPainter::for_pictures(&gpu, FONT)
            .map_err(|error| Fault::told(FaultKind::Internal, error.to_string()))?;
        let (bounds, look) = (volume.grid().bounds(), preset.look_for(volume));
        Ok(Self {
            gpu,
            renderer,
            texture,
            bounds,
            preset,
            look,
            surface: None,
            outline: None,
            segments: Vec::new(),
            labels: None,
            looks: Vec::new(),
            marker,
            language: Language::English,
        })
    }

    /// Which device draws, in words.
    pub fn device(&self) -> String {
        self.gpu.facts.to_string()
    }

    /// Adds a surface to the scene.
    ///
    /// # Errors
    /// A mesh too large for the device.
    pub fn add_surface(&mut self, mesh: &Mesh) -> Result<(), Fault> {
        self.surface = Some(MeshBuffers::upload(&self.gpu, mesh)?);
        self.outline = Some(mesh.clone());
        Ok(())
    }

    /// Adds segments: outlined on slices and, where they are to be `coloured`, tinted in the volume. Where two share a
    /// voxel the later one has it.
    ///
    /// # Errors
    /// More than 255 segments, a mask of another grid, or a device that fails.
    pub fn add_segments(&mut self, masks: &[(String, LabelMap)], coloured: bool) -> Result<(), Fault> {
        let Some((_, first)) = masks.first() else { return Ok(()) };
        let mut all = LabelMap::empty(first.grid());
        let mut looks = vec![SegmentLook::PLAIN];
        for (n, (_, mask)) in masks.iter().enumerate() {
            let label = u8::try_from(n + 1).map_err(|_many| {
                Fault::told(FaultKind::Usage, "At most 255 segments can be shown at once.")
            })?;
            if mask.labels().len() != all.labels().len() {
                return Err(Fault::told(FaultKind::Usage, "The segments do not lie on one grid."));
            }
            for (to, from) in all.labels_mut().iter_mut().zip(mask.labels()) {
                *to = if *from > 0 { label } else { *to };
            }
            let colour = colour_of(n).map(|c| f32::from(c) / 255.0);
            let tint = if coloured { 0.6 } else { 0.0 };
            looks.push(SegmentLook { tint, ..SegmentLook::coloured(colour) });
        }
        let (all, internal) = (Arc::new(all), |error: String| Fault::told(FaultKind::Internal, error));
        let segments =
            Segments::new(&self.gpu, &self.texture, &all).map_err(|error| internal(error.to_string()))?;
        let texture = LabelTexture::upload(&self.gpu, &all).map_err(|error| internal(error.to_string()))?;
        self.segments = masks.iter().map(|(name, _)| name.clone()).collect();
        self.labels = Some((segments, texture));
        self.looks = looks;
        Ok(())
    }

    /// Hides segments in the volume, or all but some: cutting by a segment.
    pub fn cut_by_segments(&mut self, hidden: &[String], only: &[String]) {
        for (look, name) in self.looks.iter_mut().skip(1).zip(&self.segments) {
            if hidden.contains(name) || !only.is_empty() && !only.contains(name) {
                *look = SegmentLook::HIDDEN;
            }
        }
        if let Some(rest) = self.looks.first_mut().filter(|_| !only.is_empty()) {
            *rest = SegmentLook::HIDDEN;
        }
    }

    /// Shows other values than the preset does on slices and projections.
    pub const fn set_window(&mut self, window: Window) {
        self.look.window = window;
    }

    /// Steps of another length along rays, in parts of the smallest voxel spacing.
    pub const fn set_step(&mut self, voxels: f32) {
        self.look.step_voxels = voxels;
    }

    /// The volume as it is drawn.
    fn volume_item(&self, kind: Kind) -> VolumeItem {
        let look = if kind == Kind::Mip { self.look.as_mip() } else { self.look.clone() };
        let segments = self
            .labels
            .as_ref()
            .map(|(segments, _)| SegmentItem { segments: segments.clone(), looks: self.looks.clone() });
        VolumeItem { segments, ..VolumeItem::new(self.texture.clone(), look) }
    }

    /// What the rays through the volume do in a picture from one side.
    pub fn statistics(&mut self, kind: Kind, from: ViewFrom, size: [u32; 2]) -> Option<MarchStatistics> {
        let camera = Camera::looking_from(from, &self.bounds);
        let scene = Scene { volumes: vec![self.volume_item(kind)], ..Scene::default() };
        let view = camera.matrices(f64::from(size[0]) / f64::from(size[1].max(1)));
        self.renderer.march_statistics(size, &view, &scene).first().copied()
    }

    /// Looks closer: frames what the mask holds instead of the whole scan.
    pub fn frame(&mut self, mask: &LabelMap) {
        if let Some(voxels) = mask.bounds(1) {
            let corners = voxels.corners().map(|corner| mask.grid().lps_from_ijk() * corner);
            if let Some(bounds) = meshing_space::Aabb::from_points(corners) {
                self.bounds = bounds.expanded(5.0);
            }
        }
    }

    /// A picture of the volume or the surface from one side of the patient.
    ///
    /// # Errors
    /// A device that fails, or a surface that was never added.
    pub fn view(&mut self, kind: Kind, from: ViewFrom, size: [u32; 2]) -> Result<RgbaImage, Fault> {
        let mut scene = Scene { background: Scene::background_srgb(BACKGROUND), ..Scene::default() };
        match kind {
            Kind::Dvr | Kind::Mip => scene.volumes.push(self.volume_item(kind)),
            Kind::Surface => {
                let surface = self.surface.clone().ok_or_else(|| {
                    Fault::told(
                        FaultKind::Usage,
                        "There is no surface to draw; make one with `theatron mesh`.",
                    )
                })?;
                scene.meshes.push(MeshItem::new(surface, SURFACE_COLOUR));
            }
        }
        let camera = Camera::looking_from(from, &self.bounds);
        let mut drawn = picture(&self.gpu, &mut self.renderer, size, &camera, &scene)?;
        let name = match kind {
            Kind::Dvr => self.volume_words(("volume", "体绘制")),
            Kind::Mip => Words::new("maximum intensity", "最大密度投影"),
            Kind::Surface => Words::new("surface", "表面"),
        };
        self.mark(&mut drawn, &MarkedView::camera(&camera, size), vec![MarkLine::plain(name)], true)?;
        Ok(drawn)
    }

    /// A path-traced picture of the volume from one side: light that is scattered, with soft shadows. More samples a
    /// pixel take longer and are less noisy.
    ///
    /// # Errors
    /// Segments, which this mode does not show; a device that fails; or a halt by the user.
    pub fn traced(
        &mut self,
        from: ViewFrom,
        size: [u32; 2],
        samples: u32,
        denoise: bool,
        progress: &dyn Progress,
    ) -> Result<RgbaImage, Fault> {
        let refused = |error: PathError| Fault::told(FaultKind::Refused, error.to_string());
        let camera = Camera::looking_from(from, &self.bounds);
        let view = camera.matrices(f64::from(size[0]) / f64::from(size[1].max(1)));
        let background = Scene::background_srgb(BACKGROUND);
        let scene = Scene { volumes: vec![self.volume_item(Kind::Dvr)], background, ..Scene::default() };
        let mut tracer = PathTracer::new(&self.gpu);
        tracer.settings.denoise = denoise;
        let samples = samples.max(1);
        loop {
            let done = tracer.samples();
            progress.step(done as usize, samples as usize)?;
            if done >= samples {
                break;
            }
            // a few at a time, so that a halt is heard
            let next = (samples - done).min(4);
            tracer.advance(&mut self.renderer, size, &view, &scene, next).map_err(refused)?;
            self.gpu.wait();
        }
        let mut drawn = tracer.picture(&mut self.renderer).map_err(refused)?;
        let name = self
            .volume_words((format!("path-traced, {samples} samples"), format!("路径追踪，{samples} 采样")));
        self.mark(&mut drawn, &MarkedView::camera(&camera, size), vec![MarkLine::plain(name)], true)?;
        Ok(drawn)
    }

    /// The preset's name and what is drawn.
    fn volume_words(&self, what: impl Into<Words>) -> Words {
        let what = what.into();
        Words::new(
            format!("{}, {}", self.preset.name_en, what.en),
            format!("{}，{}", self.preset.name_zh, what.zh),
        )
    }

    /// Writes on a picture what every picture says: sides, scale, what is shown, what it is not for.
    fn mark(
        &mut self,
        drawn: &mut RgbaImage,
        view: &MarkedView,
        upper_left: Vec<MarkLine>,
        cube: bool,
    ) -> Result<(), Fault> {
        // on a picture as small as a stamp the marks would hide the anatomy: what it is not for and the sides stay
        let edge = drawn.width().min(drawn.height());
        let roomy = edge >= 160;
        let marks = Marks {
            upper_left: if roomy { upper_left } else { Vec::new() },
            lower_left: vec![MarkLine::caution(("NOT FOR CLINICAL USE", "不得用于临床"))],
            cube: cube && edge >= 320,
            scale: roomy,
            language: self.language,
            text_px: (edge as f32 / 32.0).clamp(7.0, 16.0),
            ..Marks::default()
        };
        let stamped = self.marker.stamp(drawn, view, &marks);
        stamped.map(|_| ()).map_err(|error| Fault::told(FaultKind::Internal, error.to_string()))
    }

    /// A slice through `point`, its values exact, windowed by the preset.
    ///
    /// # Errors
    /// A device that fails.
    pub fn slice(&mut self, plane: Plane, point: Point<Lps>) -> Result<RgbaImage, Fault> {
        let grid = self.texture.grid();
        let cut = match plane {
            Plane::Axial => SlicePlane::axial(grid, point),
            Plane::Coronal => SlicePlane::coronal(grid, point),
            Plane::Sagittal => SlicePlane::sagittal(grid, point),
        };
        let grey = mpr(&self.gpu, &self.texture, &cut, self.look.window)?;
        let factor = SLICE_PIXELS.div_ceil(grey.width().max(grey.height()).max(1));
        let mut drawn = RgbaImage::from_fn(grey.width() * factor, grey.height() * factor, |x, y| {
            let value = grey.get_pixel(x / factor, y / factor).0[0];
            image::Rgba([value, value, value, 255])
        });
        let lines = vec![MarkLine::plain(self.window_words())];
        self.mark(&mut drawn, &MarkedView::Slice(cut.finer(factor)), lines, false)?;
        Ok(drawn)
    }

    /// A slice of any direction and thickness, with the outlines of segments and surface on it. Where the slab reaches
    /// out of the scan only what lies inside is shown, and the picture says so.
    ///
    /// # Errors
    /// A direction without length, a thickness that cannot be, or a device that fails.
    pub fn slice_with(&mut self, wish: &SliceWish) -> Result<RgbaImage, Fault> {
        let grid = self.texture.grid();
        let ijk = (grid.ijk_from_lps() * wish.point).to_array();
        if !ijk.iter().zip(grid.size()).all(|(&p, n)| (-0.5..=n as f64 - 0.5).contains(&p)) {
            let [x, y, z] = wish.point.to_array();
            return Err(Fault::new(
                FaultKind::Usage,
                (
                    format!("The point {x:.1}, {y:.1}, {z:.1} mm lies outside the scan."),
                    format!("点 {x:.1}, {y:.1}, {z:.1} mm 在扫描范围之外。"),
                ),
                ("A slice there would be black.", "那里的切面是全黑的。"),
                (
                    "Give a point in the scan, LPS mm, or none for its middle.",
                    "请给出扫描内的点（LPS，毫米），或不给出以取中点。",
                ),
            ));
        }
        let plane = self.plane(wish)?.within(2048);
        let factor = SLICE_PIXELS.div_ceil(plane.size[0].max(plane.size[1]).max(1));
        let plane = plane.finer(factor);
        let layer =
            SliceLayer { palette: wish.palette, ..SliceLayer::new(self.texture.clone(), self.look.window) };
        let mut view = SliceView::new(plane, layer);
        view.slab = wish.slab;
        if let Some((_, texture)) = &self.labels {
            let styles = (1..=u8::MAX).zip(0..self.segments.len());
            let styles = styles.map(|(label, n)| {
                let seen =
                    self.looks.get(usize::from(label)).is_some_and(|look| *look != SegmentLook::HIDDEN);
                (label, SegmentStyle { visible: seen, fill: 0.2, ..SegmentStyle::new(colour_of(n)) })
            });
            view.overlays.push(Overlay::Segments(SegmentOverlay::new(texture.clone(), styles.collect())));
        }
        if let Some(mesh) = &self.outline {
            let contour = LineOverlay::contour(mesh, &view.surface, [255, 210, 90], 1.5)
                .map_err(|error| Fault::told(FaultKind::Internal, error.to_string()))?;
            view.overlays.push(Overlay::Lines(contour));
        }
        let mut drawn = view.picture(&self.gpu)?;
        let mut lines = vec![MarkLine::plain(self.window_words())];
        if let Some(sampling) = wish.slab.sampling(self.texture.grid()).filter(|s| s.samples > 1) {
            let mm = wish.slab.thickness_mm;
            let (mode, mode_zh) = match wish.slab.mode {
                SlabMode::Maximum => ("maximum", "最大值"),
                SlabMode::Minimum => ("minimum", "最小值"),
                SlabMode::Mean => ("mean", "平均值"),
            };
            lines.push(MarkLine::plain((
                format!("{mode} of {mm:.1} mm, {} samples", sampling.samples),
                format!("{mm:.1} mm 层厚{mode_zh}，{} 采样", sampling.samples),
            )));
            let outside = view.share_partly_outside() * 100.0;
            if outside > 0.0 {
                lines.push(MarkLine::caution((
                    format!("{outside:.0} % partly outside the scan"),
                    format!("{outside:.0} % 部分超出扫描范围"),
                )));
            }
        }
        self.mark(&mut drawn, &MarkedView::Slice(plane), lines, false)?;
        Ok(drawn)
    }

    fn window_words(&self) -> String {
        format!("C {:.0} W {:.0}", self.look.window.center, self.look.window.width)
    }

    fn plane(&self, wish: &SliceWish) -> Result<SlicePlane, Fault> {
        let grid = self.texture.grid();
        Ok(match wish.cut {
            Cut::Plane(Plane::Axial) => SlicePlane::axial(grid, wish.point),
            Cut::Plane(Plane::Coronal) => SlicePlane::coronal(grid, wish.point),
            Cut::Plane(Plane::Sagittal) => SlicePlane::sagittal(grid, wish.point),
            Cut::Across(away) => {
                let away = away.normalized().ok_or_else(|| {
                    Fault::told(FaultKind::Usage, "The slice's normal has no length, so it has no direction.")
                })?;
                // the head or, for a slice across the long axis, the front upwards
                let head = Vector::new(0.0, 0.0, 1.0);
                let up = if away.dot(head).abs() < 0.95 { head } else { Vector::new(0.0, -1.0, 0.0) };
                let right = away.cross(up).normalized().unwrap_or(Vector::new(1.0, 0.0, 0.0));
                SlicePlane::through(grid, wish.point, right, away.cross(right))
            }
        })
    }

    /// A slice, one pixel a pixel of the plane, windowed by the preset, without anything written on it.
    fn slice_plain(&mut self, cut: &SlicePlane) -> Result<RgbaImage, Fault> {
        let grey = mpr(&self.gpu, &self.texture, cut, self.look.window)?;
        Ok(RgbaImage::from_fn(grey.width(), grey.height(), |x, y| {
            let value = grey.get_pixel(x, y).0[0];
            image::Rgba([value, value, value, 255])
        }))
    }

    /// The point that slices pass through: the middle of what is framed.
    pub fn middle(&self) -> Point<Lps> {
        self.bounds.center()
    }
}

/// The colour of the n-th segment, from the first.
fn colour_of(n: usize) -> [u8; 3] {
    COLOURS[n % COLOURS.len()]
}

/// Draws the usual set of pictures into `folder` and names the files.
///
/// # Errors
/// A device that fails, or a folder that cannot be written.
pub fn usual_set(studio: &mut Studio, folder: &Path, progress: &dyn Progress) -> Result<Vec<PathBuf>, Fault> {
    const SIZE: [u32; 2] = [768, 768];
    type Draw = fn(&mut Studio) -> Result<RgbaImage, Fault>;
    let mut set: Vec<(&str, Draw)> = vec![
        ("volume-anterior.png", |s| s.view(Kind::Dvr, ViewFrom::Anterior, SIZE)),
        ("volume-left.png", |s| s.view(Kind::Dvr, ViewFrom::Left, SIZE)),
        ("mip-anterior.png", |s| s.view(Kind::Mip, ViewFrom::Anterior, SIZE)),
        ("axial.png", |s| s.slice(Plane::Axial, s.middle())),
        ("coronal.png", |s| s.slice(Plane::Coronal, s.middle())),
        ("sagittal.png", |s| s.slice(Plane::Sagittal, s.middle())),
    ];
    if studio.surface.is_some() {
        set.push(("surface-anterior.png", |s| s.view(Kind::Surface, ViewFrom::Anterior, SIZE)));
        set.push(("surface-posterior.png", |s| s.view(Kind::Surface, ViewFrom::Posterior, SIZE)));
        set.push(("surface-left.png", |s| s.view(Kind::Surface, ViewFrom::Left, SIZE)));
    }
    let mut files = Vec::new();
    for (done, (name, draw)) in set.iter().enumerate() {
        progress.step(done, set.len())?;
        let file = folder.join(name);
        save(&draw(studio)?, &file)?;
        files.push(file);
    }
    progress.step(set.len(), set.len())?;
    Ok(files)
}

/// Writes a picture as PNG, whole or not at all.
///
/// # Errors
/// A file that cannot be written.
pub fn save(picture: &RgbaImage, file: &Path) -> Result<(), Fault> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).map_err(|error| {
        Fault::told(FaultKind::Internal, format!("The picture could not be packed: {error}."))
    })?;
    crate::mesh::write_whole(file, bytes.get_ref())
}
