//! Pictures of a case: volume, projection, slices, surface; each stamped with sides, scale and what it is not for.

mod files;
mod fusion;
mod given;
mod looks;
pub mod preview;
mod shot;
mod slices;
mod stamp;
mod surfaces;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::RgbaImage;
use meshing_space::{Lps, Point};
use meshing_surface::Mesh;
use meshing_volume::{LabelMap, Language, Progress, Volume, Words};
use render_gpu::Gpu;
use render_volume::{
    ClipPlane, ClipPlanes, IsoSurface, LabelTexture, MarkLine, MarkPainter, MarkedView, Marks, MeshBuffers,
    MeshItem, Mode, Renderer, Scene, SegmentItem, SegmentLook, Segments, ViewFrom, VolumeItem, VolumeTexture,
    Window,
};
use serde::Serialize;

use crate::segment_export::COLOURS;
use crate::sheet::FONT;
use crate::{Fault, FaultKind};
pub use files::{
    DistancesWritten, holds_distances, projection_rows, save, save_distances, save_tiles, view_rows,
};
use fusion::Fused;
pub use fusion::{FuseWish, in_one_space};
pub use given::{CameraFile, read_points};
pub use looks::{ChosenLook, Shelf, tuned};
pub use shot::Shot;
pub use slices::{Curve, Cut, Plane, SliceFacts, SliceWish, Unrolled};
use surfaces::Shown;
pub use surfaces::SurfaceWish;

/// Bone-coloured.
const SURFACE_COLOUR: [f32; 4] = [0.87, 0.80, 0.66, 1.0];
/// Dark, so that bone and letters stand out.
pub const BACKGROUND: [u8; 3] = [14, 18, 26];

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The volume as its look says.
    Dvr,
    /// Maximum intensity projection.
    Mip,
    /// Minimum intensity projection.
    MinIp,
    /// Mean intensity projection.
    Mean,
    /// Surfaces of one value.
    Iso,
    /// The surface alone.
    Surface,
}

/// Draws pictures of one volume.
#[derive(Debug)]
pub struct Studio {
    gpu: Gpu,
    renderer: Renderer,
    texture: VolumeTexture,
    bounds: meshing_space::Aabb<Lps>,
    look: ChosenLook,
    /// The scan laid over the first.
    fused: Option<Fused>,
    /// What [`Kind::Surface`] shows where no surface is named.
    surface: Option<MeshBuffers>,
    outline: Option<Mesh>,
    /// Surfaces inside the volume.
    shown: Vec<Shown>,
    segments: Vec<String>,
    labels: Option<(Segments, LabelTexture)>,
    looks: Vec<SegmentLook>,
    clip: ClipPlanes,
    background: [u8; 3],
    slice_background: [u8; 3],
    cautions: Vec<Words>,
    marker: MarkPainter,
    /// The language of what is written on pictures.
    pub language: Language,
}

/// How good a picture is, and what it took.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quality {
    /// Pictures in files are always of full quality: every pixel, no fovea, no older picture bent to a newer eye.
    pub level: &'static str,
    /// Distance between samples along rays, in parts of the smallest voxel spacing.
    pub step_voxels: f32,
    /// Each axis of the volume was divided by this to fit the device; 1 shows it as it is.
    pub reduced_by: u32,
    /// Whether more translucent things lay behind each other than are kept apart; null where there were none.
    pub layers_merged: Option<bool>,
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
    /// Uploads a volume to the graphics device; it is shown by a preset that ships with the program.
    ///
    /// # Errors
    /// No graphics device, a volume too large for it, or a preset that does not exist.
    pub fn new(volume: &Arc<Volume>, preset: &str) -> Result<Self, Fault> {
        Self::with_look(volume, Shelf::default().choose(preset, None, volume)?)
    }

    /// Uploads a volume to the graphics device, to be shown by a look.
    ///
    /// # Errors
    /// No graphics device, or a volume too large for it.
    pub fn with_look(volume: &Arc<Volume>, look: ChosenLook) -> Result<Self, Fault> {
        let gpu = Gpu::headless()?;
        let texture = VolumeTexture::upload(&gpu, volume)?;
        let renderer = Renderer::for_pictures(&gpu);
        let marker = MarkPainter::for_pictures(&gpu, FONT)
            .map_err(|error| Fault::told(FaultKind::Internal, error.to_string()))?;
        Ok(Self {
            gpu,
            renderer,
            texture,
            bounds: volume.grid().bounds(),
            look,
            fused: None,
            surface: None,
            outline: None,
            shown: Vec::new(),
            segments: Vec::new(),
            labels: None,
            looks: Vec::new(),
            clip: ClipPlanes::none(),
            background: BACKGROUND,
            slice_background: [0; 3],
            cautions: Vec::new(),
            marker,
            language: Language::English,
        })
    }

    /// Which device draws, in both languages.
    pub fn device_words(&self) -> Words {
        let facts = &self.gpu.facts;
        let how = if facts.software { "，软件绘制" } else { "" };
        Words::new(facts.to_string(), format!("{}（{}{how}）", facts.name, facts.backend))
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
        self.look.look.window = window;
    }

    /// Makes the look denser or thinner and moves it to other values: see [`tuned`].
    pub fn tune(&mut self, opacity: f32, shift: f64) {
        self.look.look = tuned(&self.look.look, opacity, shift);
    }

    /// Shows these surfaces of one value by [`Kind::Iso`], in the place of the look's own; at most [`render_volume::Look::SURFACES`].
    pub fn set_iso_surfaces(&mut self, surfaces: Vec<IsoSurface>) {
        self.look.look.surfaces = surfaces;
    }

    /// Whether the look has surfaces for [`Kind::Iso`].
    pub fn has_iso_surfaces(&self) -> bool {
        !self.look.look.surfaces.is_empty()
    }

    /// Steps of another length along rays, in parts of the smallest voxel spacing.
    pub const fn set_step(&mut self, voxels: f32) {
        self.look.look.step_voxels = voxels;
    }

    /// Cuts everything that a camera sees by up to [`ClipPlanes::MAX`] planes.
    ///
    /// # Errors
    /// Too many planes, one without direction, or one that leaves nothing of the scan.
    pub fn cut(&mut self, planes: &[ClipPlane]) -> Result<(), Fault> {
        let refused = |what: Words, next_step: Words| {
            Err(Fault::new(FaultKind::Usage, what, ("Nothing was drawn.", "没有绘制任何内容。"), next_step))
        };
        let (count, most) = (planes.len(), ClipPlanes::MAX);
        let Some(clip) = ClipPlanes::new(planes) else {
            return refused(
                Words::new(
                    format!("{count} planes are too many, or one has no direction."),
                    format!("{count} 个切割平面过多，或其中之一没有方向。"),
                ),
                Words::new(
                    format!("Give at most {most}, each as \"X,Y,Z;NX,NY,NZ\"."),
                    format!("最多给出 {most} 个，形式为 \"X,Y,Z;NX,NY,NZ\"。"),
                ),
            );
        };
        let corners = self.texture.bounds().corners();
        let away = |p: &ClipPlane| corners.iter().all(|corner| (*corner - p.point).dot(p.normal) < 0.0);
        if planes.iter().any(away) {
            return refused(
                Words::new("A cut leaves nothing of the scan.", "一个切割平面没有留下扫描的任何部分。"),
                Words::new(
                    "The direction of a cut points to what is kept: turn it round, or move its point into the scan.",
                    "切割方向指向保留的一侧：请反转方向，或把点移入扫描范围。",
                ),
            );
        }
        self.clip = clip;
        Ok(())
    }

    /// Another background, sRGB.
    pub const fn set_background(&mut self, colour: [u8; 3]) {
        self.background = colour;
        self.slice_background = colour;
    }

    /// Writes on each picture what to beware of.
    pub fn beware(&mut self, caution: Words) {
        self.cautions.push(caution);
    }

    /// The volumes as they are drawn.
    fn volume_items(&self, kind: Kind) -> Vec<VolumeItem> {
        let look = match kind {
            Kind::Surface => return Vec::new(),
            Kind::Mip => self.look.look.as_mip(),
            Kind::MinIp => self.look.look.with_mode(Mode::MinIp),
            Kind::Mean => self.look.look.with_mode(Mode::Mean),
            Kind::Iso => self.look.look.with_mode(Mode::Iso),
            Kind::Dvr => self.look.look.clone(),
        };
        let segments = self
            .labels
            .as_ref()
            .map(|(segments, _)| SegmentItem { segments: segments.clone(), looks: self.looks.clone() });
        let first = VolumeItem { segments, ..VolumeItem::new(self.texture.clone(), look) };
        std::iter::once(first).chain(self.fused.iter().map(Fused::item)).collect()
    }

    /// What a camera sees.
    fn scene(&self, kind: Kind) -> Result<Scene, Fault> {
        let mut meshes: Vec<MeshItem> = self.shown.iter().map(|shown| shown.item.clone()).collect();
        if kind == Kind::Surface && meshes.is_empty() {
            let surface = self.surface.clone().ok_or_else(|| {
                Fault::new(
                    FaultKind::Usage,
                    ("There is no surface to draw.", "没有可绘制的表面。"),
                    ("Nothing was drawn.", "没有绘制任何内容。"),
                    ("Make one with `theatron mesh`.", "请用 `theatron mesh` 生成。"),
                )
            })?;
            meshes.push(MeshItem::new(surface, SURFACE_COLOUR));
        }
        Ok(Scene {
            volumes: self.volume_items(kind),
            meshes,
            clip: self.clip.clone(),
            background: Scene::background_srgb(self.background),
            ..Scene::default()
        })
    }

    /// How good the last picture is.
    pub fn quality(&self) -> Quality {
        let some = !self.shown.is_empty();
        Quality {
            level: "full",
            step_voxels: self.look.look.step_voxels,
            reduced_by: self.texture.reduction().map_or(1, |reduction| reduction.factor),
            layers_merged: if some { self.renderer.layers_merged() } else { None },
        }
    }

    /// Bytes that the volumes take on the device once all that may be asked of them lies there.
    pub fn volume_bytes(&self) -> u64 {
        self.texture.bytes() + self.fused.as_ref().map_or(0, Fused::bytes)
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

    /// The preset's name and what is drawn.
    fn volume_words(&self, what: impl Into<Words>) -> Words {
        let what = what.into();
        let mut words = Words::new(
            format!("{}, {}", self.look.name.en, what.en),
            format!("{}，{}", self.look.name.zh, what.zh),
        );
        if let Some(fused) = &self.fused {
            let over = fused.words_in_volume();
            words = Words::new(format!("{} {}", words.en, over.en), format!("{} {}", words.zh, over.zh));
        }
        words
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
        let mut lower_left: Vec<MarkLine> =
            self.cautions.iter().filter(|_| roomy).cloned().map(MarkLine::caution).collect();
        lower_left.push(MarkLine::caution(("NOT FOR CLINICAL USE", "不得用于临床")));
        let legend = match view {
            MarkedView::Eye(..) => self.shown.iter().find_map(|shown| shown.item.map.clone()),
            MarkedView::Slice(_) => None,
        };
        let marks = Marks {
            upper_left: if roomy { upper_left } else { Vec::new() },
            lower_left,
            legend: legend.filter(|_| edge >= 320),
            cube: cube && edge >= 320,
            scale: roomy,
            language: self.language,
            text_px: (edge as f32 / 32.0).clamp(7.0, 16.0),
            ..Marks::default()
        };
        let stamped = self.marker.stamp(drawn, view, &marks);
        stamped.map(|_| ()).map_err(|error| Fault::told(FaultKind::Internal, error.to_string()))
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
