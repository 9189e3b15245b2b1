//! Pictures of a case: volume, projection, slices, surface; each stamped with sides, scale and what it is not for.

pub mod preview;
mod stamp;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use image::RgbaImage;
use meshing_space::{Lps, Point};
use meshing_surface::Mesh;
use meshing_volume::{LabelMap, Progress, Volume};
use render_gpu::Gpu;
use render_volume::{
    Camera, MeshBuffers, MeshItem, Renderer, Scene, SlicePlane, ViewFrom, VolumeItem, VolumeTexture, mpr,
    picture, presets,
};

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
}

/// The preset that suits a modality when nobody chose one.
pub fn usual_preset(modality: &str) -> &'static str {
    match modality {
        "CT" => "bone",
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
        let (bounds, look) = (volume.grid().bounds(), preset.look_for(volume));
        Ok(Self { gpu, renderer, texture, bounds, preset, look, surface: None })
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
        Ok(())
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
            Kind::Dvr => scene.volumes.push(VolumeItem::new(self.texture.clone(), self.look.clone())),
            Kind::Mip => scene.volumes.push(VolumeItem::new(self.texture.clone(), self.look.as_mip())),
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
            Kind::Dvr => format!("{} volume", self.preset.name_en),
            Kind::Mip => "maximum intensity".to_owned(),
            Kind::Surface => "surface".to_owned(),
        };
        stamp::sides(&mut drawn, &camera.edges());
        stamp::words(&mut drawn, &name);
        Ok(drawn)
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
        stamp::sides(&mut drawn, &cut.edges());
        stamp::scale(&mut drawn, cut.pixel_mm / f64::from(factor));
        let window = self.look.window;
        stamp::words(&mut drawn, &format!("C {:.0} W {:.0}", window.center, window.width));
        Ok(drawn)
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
