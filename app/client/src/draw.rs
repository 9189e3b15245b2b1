//! Anatomy into the window's four pictures, by `render_volume`, on the device that Bevy opened.
//!
//! The main world says what it wants ([`Wanted`]); the render world compares that with what each picture shows and
//! draws only what changed.

use std::sync::{Arc, Mutex, PoisonError};

use bevy::prelude::*;
use bevy::render::extract_resource::{ExtractResource, ExtractResourcePlugin};
use bevy::render::render_asset::RenderAssets;
use bevy::render::renderer::{RenderAdapterInfo, RenderDevice, RenderQueue};
use bevy::render::texture::GpuImage;
use bevy::render::{Render, RenderApp, RenderSystems};
use meshing_surface::Mesh as SurfaceMesh;
use meshing_volume::Volume;
use render_gpu::Gpu;
use render_volume::{
    Camera as VolumeCamera, Look, MeshBuffers, MeshItem, Renderer, Scene, SlicePlane, Target, VolumeItem,
    VolumeTexture, Window as GreyWindow, mpr,
};

/// Format of the pictures: 8-bit sRGB, as egui takes them.
pub(crate) const PICTURE_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8UnormSrgb;

/// Memory for a volume texture in the window.
const VOLUME_BUDGET_BYTES: u64 = 4 << 30;

/// A surface to draw with the volume.
#[derive(Clone, Debug)]
pub(crate) struct WantedMesh {
    /// The surface.
    pub(crate) mesh: Arc<SurfaceMesh>,
    /// Colour, sRGB and opacity.
    pub(crate) colour: [f32; 4],
}

/// What a picture is to show.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum WantedPicture {
    /// An exact slice.
    Slice(SlicePlane, GreyWindow),
    /// The volume and the surfaces.
    Volume(VolumeCamera, Box<Look>),
}

/// What the main world wants to see.
#[derive(Clone, Debug, Default, Resource, ExtractResource)]
pub(crate) struct Wanted {
    /// The volume and its revision; a new revision is uploaded again.
    pub(crate) volume: Option<(u64, Arc<Volume>)>,
    /// The surfaces and their revision.
    pub(crate) meshes: (u64, Vec<WantedMesh>),
    /// Look of the volume in the headset.
    pub(crate) look: Option<Arc<Look>>,
    /// For each view the image to draw into, and what.
    pub(crate) pictures: [Option<(Handle<Image>, WantedPicture)>; 4],
}

/// What the render world has done; shared by both worlds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drawn {
    /// The adapter's name, once known, and whether it draws in software.
    pub(crate) adapter: Option<(String, bool)>,
    /// Revision of the volume on the GPU.
    pub(crate) volume: u64,
    /// The volume on the GPU was reduced to fit.
    pub(crate) reduced: bool,
    /// Each picture shows what was wanted when it was last looked at.
    pub(crate) settled: bool,
    /// Pictures drawn since the start.
    pub(crate) pictures: u64,
    /// Headset eyes drawn since the start.
    pub(crate) eyes: u64,
    /// What went wrong last.
    pub(crate) problem: Option<String>,
}

/// The shared report.
#[derive(Clone, Debug, Default, Resource, ExtractResource)]
pub(crate) struct DrawReport(Arc<Mutex<Drawn>>);

impl DrawReport {
    /// Reads or changes the report.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&mut Drawn) -> T) -> T {
        read(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What the picture of a view shows at present: into which texture, of which revisions.
type Shown = (wgpu::Texture, WantedPicture, u64, u64);

/// The render world's side.
#[derive(Debug, Default, Resource)]
pub(crate) struct Drawing {
    /// The device, from Bevy.
    pub(crate) gpu: Option<Gpu>,
    renderer: Option<Renderer>,
    depth: Option<(wgpu::TextureView, [u32; 2])>,
    /// The volume on the GPU and its revision.
    pub(crate) volume: Option<(u64, VolumeTexture)>,
    /// The surfaces on the GPU and their revision.
    pub(crate) meshes: (u64, Vec<MeshItem>),
    shown: [Option<Shown>; 4],
}

/// Draws anatomy into the window's pictures.
pub(crate) struct DrawPlugin;

impl Plugin for DrawPlugin {
    fn build(&self, app: &mut App) {
        app.init_resource::<Wanted>().init_resource::<DrawReport>();
        app.add_plugins((
            ExtractResourcePlugin::<Wanted>::default(),
            ExtractResourcePlugin::<DrawReport>::default(),
        ));
        if let Some(render_app) = app.get_sub_app_mut(RenderApp) {
            render_app.init_resource::<Drawing>();
            render_app.add_systems(Render, (upload, draw).chain().in_set(RenderSystems::PrepareResources));
        }
    }
}

/// Brings volume and surfaces to the GPU when their revision is new.
fn upload(
    wanted: Option<Res<'_, Wanted>>,
    report: Option<Res<'_, DrawReport>>,
    device: Res<'_, RenderDevice>,
    queue: Res<'_, RenderQueue>,
    info: Res<'_, RenderAdapterInfo>,
    mut drawing: ResMut<'_, Drawing>,
) {
    let (Some(wanted), Some(report)) = (wanted, report) else { return };
    let gpu = drawing
        .gpu
        .get_or_insert_with(|| Gpu::from_parts(device.wgpu_device().clone(), (**queue.0).clone(), &info))
        .clone();
    report.with(|drawn| drawn.adapter = Some((gpu.facts.name.clone(), gpu.facts.software)));
    let have = drawing.volume.as_ref().map(|(revision, _)| *revision);
    match &wanted.volume {
        Some((revision, volume)) if have != Some(*revision) => {
            match VolumeTexture::upload_fitting(&gpu, volume, VOLUME_BUDGET_BYTES) {
                Ok(texture) => {
                    report.with(|drawn| {
                        drawn.volume = *revision;
                        drawn.reduced = texture.reduction().is_some();
                    });
                    drawing.volume = Some((*revision, texture));
                }
                Err(error) => report.with(|drawn| drawn.problem = Some(error.to_string())),
            }
        }
        None if have.is_some() => drawing.volume = None,
        _ => {}
    }
    if drawing.meshes.0 != wanted.meshes.0 {
        let mut items = Vec::new();
        for wanted in &wanted.meshes.1 {
            match MeshBuffers::upload(&gpu, &wanted.mesh) {
                Ok(buffers) => items.push(MeshItem::new(buffers, wanted.colour)),
                Err(error) => report.with(|drawn| drawn.problem = Some(error.to_string())),
            }
        }
        drawing.meshes = (wanted.meshes.0, items);
    }
}

/// Draws the pictures that do not show what is wanted.
fn draw(
    wanted: Option<Res<'_, Wanted>>,
    report: Option<Res<'_, DrawReport>>,
    images: Res<'_, RenderAssets<GpuImage>>,
    mut drawing: ResMut<'_, Drawing>,
) {
    let (Some(wanted), Some(report)) = (wanted, report) else { return };
    let drawing = &mut *drawing;
    let (Some(gpu), Some((volume_revision, volume))) = (drawing.gpu.clone(), drawing.volume.clone()) else {
        return;
    };
    let mesh_revision = drawing.meshes.0;
    let mut settled = true;
    for (index, slot) in wanted.pictures.iter().enumerate() {
        let Some((handle, picture)) = slot else { continue };
        let Some(image) = images.get(handle) else {
            settled = false;
            continue;
        };
        let texture: &wgpu::Texture = &image.texture;
        let target: Shown = (texture.clone(), picture.clone(), volume_revision, mesh_revision);
        if drawing.shown[index].as_ref() == Some(&target) {
            continue;
        }
        let result = match picture {
            WantedPicture::Slice(plane, window) => slice(&gpu, texture, &volume, plane, *window),
            WantedPicture::Volume(camera, look) => {
                drawing.three_d(&gpu, image, &volume, camera, look);
                Ok(())
            }
        };
        report.with(|drawn| match result {
            Ok(()) => drawn.pictures += 1,
            Err(problem) => drawn.problem = Some(problem),
        });
        drawing.shown[index] = Some(target);
    }
    let up_to_date = wanted.volume.as_ref().is_none_or(|(revision, _)| *revision == volume_revision);
    report.with(|drawn| drawn.settled = settled && up_to_date);
}

impl Drawing {
    fn three_d(
        &mut self,
        gpu: &Gpu,
        image: &GpuImage,
        volume: &VolumeTexture,
        camera: &VolumeCamera,
        look: &Look,
    ) {
        let size = [image.texture.width(), image.texture.height()];
        let depth = match &self.depth {
            Some((view, known)) if *known == size => view.clone(),
            _ => {
                let view = depth_view(gpu, size);
                self.depth = Some((view.clone(), size));
                view
            }
        };
        let scene = Scene {
            volumes: vec![VolumeItem::new(volume.clone(), look.clone())],
            meshes: self.meshes.1.clone(),
            ..Scene::default()
        };
        let renderer = self.renderer.get_or_insert_with(|| Renderer::new(gpu, PICTURE_FORMAT));
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let target = Target {
            colour: &image.texture_view,
            depth: &depth,
            size,
            viewport: None,
            clear: Some([0.0, 0.0, 0.0, 1.0]),
        };
        let aspect = f64::from(size[0]) / f64::from(size[1]);
        renderer.draw(&mut encoder, &target, &camera.matrices(aspect), &scene);
        gpu.queue.submit([encoder.finish()]);
    }
}

fn depth_view(gpu: &Gpu, size: [u32; 2]) -> wgpu::TextureView {
    gpu.device
        .create_texture(&wgpu::TextureDescriptor {
            label: Some("depth of the 3D view"),
            size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Depth32Float,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::TEXTURE_BINDING,
            view_formats: &[],
        })
        .create_view(&wgpu::TextureViewDescriptor::default())
}

/// The exact slice, as grey pixels of the picture.
fn slice(
    gpu: &Gpu,
    texture: &wgpu::Texture,
    volume: &VolumeTexture,
    plane: &SlicePlane,
    window: GreyWindow,
) -> Result<(), String> {
    if plane.size != [texture.width(), texture.height()] {
        return Ok(());
    }
    let grey = mpr(gpu, volume, plane, window).map_err(|error| error.to_string())?;
    let bytes: Vec<u8> = grey.as_raw().iter().flat_map(|level| [*level, *level, *level, 255]).collect();
    gpu.queue.write_texture(
        texture.as_image_copy(),
        &bytes,
        wgpu::TexelCopyBufferLayout {
            offset: 0,
            bytes_per_row: Some(plane.size[0] * 4),
            rows_per_image: None,
        },
        wgpu::Extent3d { width: plane.size[0], height: plane.size[1], depth_or_array_layers: 1 },
    );
    Ok(())
}
