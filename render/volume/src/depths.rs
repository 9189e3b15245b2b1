//! Where along its ray each pixel of a picture lies.

use image::RgbaImage;
use meshing_space::{Lps, Point};
use render_gpu::{Gpu, read_texture};

use crate::picture::{Canvas, PictureError};
use crate::{Renderer, Scene, ViewMatrices};

/// The distance, in mm, of a pixel that shows nothing: farther than any scene, and a number that every device knows.
pub const NOTHING_MM: f32 = 1e30;

/// A ray has hit something once it has gathered more opacity than this. Also in shared/depths.wgsl.
pub(crate) const HIT: f32 = 0.05;

/// Distances along one pixel's ray, in mm from the near plane: from the start that [`ViewMatrices::ray`] gives, in
/// its direction. This serves perspective and parallel views alike; [`ViewMatrices::reverse_z`] makes of it what a
/// depth layer of a headset takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Depths {
    /// To the first surface, or to the middle of the step on which one volume has gathered more than 0.05 of
    /// opacity; [`NOTHING_MM`] where there is neither.
    pub first_mm: f32,
    /// Mean of volumes and surfaces that are seen, weighted by their part in the picture, without what is translucent; [`NOTHING_MM`] where nothing is. For a
    /// projection the place of the brightest value.
    pub mean_mm: f32,
    /// Opacity of volumes and opaque surfaces together, 0..1, without the background and what is translucent.
    pub opacity: f32,
}

/// A picture with its distances, row by row from the top.
#[derive(Clone, Debug)]
pub struct DepthPicture {
    /// As [`picture`](crate::picture) gives it.
    pub colour: RgbaImage,
    /// One a pixel.
    pub depths: Vec<Depths>,
}

impl DepthPicture {
    /// The distances of a pixel.
    pub fn at(&self, x: u32, y: u32) -> Option<&Depths> {
        let [width, height] = [self.colour.width(), self.colour.height()];
        if x >= width || y >= height {
            return None;
        }
        self.depths.get(y as usize * width as usize + x as usize)
    }
}

/// Draws a scene and its distances: [`picture_from`](crate::picture_from) with
/// [`Renderer::draw_with_depths`].
pub fn picture_with_depths(
    gpu: &Gpu,
    renderer: &mut Renderer,
    size: [u32; 2],
    view: &ViewMatrices,
    scene: &Scene,
) -> Result<DepthPicture, PictureError> {
    let canvas = Canvas::new(gpu, renderer.colour_format(), size)?;
    let usage = wgpu::TextureUsages::COPY_SRC;
    let depths = canvas.texture(gpu, "picture distances", Renderer::DEPTHS_FORMAT, usage)?;
    gpu.guarded(|| {
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let depths_view = depths.create_view(&wgpu::TextureViewDescriptor::default());
        let target = canvas.target(Some(scene.background));
        renderer.settled(size, view, scene, |renderer| {
            renderer.draw_with_depths(&mut encoder, &target, &depths_view, view, scene);
        });
        gpu.queue.submit([encoder.finish()]);
    })?;
    let colour = canvas.read(gpu)?;
    let read = read_texture(gpu, &depths)?;
    let values: Vec<[f32; 4]> = bytemuck::pod_collect_to_vec(&read.bytes);
    let depths = values.iter().map(|&[first_mm, mean_mm, opacity, _]| Depths { first_mm, mean_mm, opacity });
    Ok(DepthPicture { colour, depths: depths.collect() })
}

impl ViewMatrices {
    /// The place at a distance on the ray through a place of the picture, -1..1 to the right and up.
    pub fn place(&self, right: f64, up: f64, mm: f64) -> Point<Lps> {
        let (start, direction) = self.ray(right, up);
        start + direction * mm
    }

    /// The reverse-Z depth, 1 near and 0 far away, of a distance in mm on the ray through a place of the picture;
    /// 0 from [`NOTHING_MM`] on. A depth layer (`XR_KHR_composition_layer_depth`) takes it with near and far planes
    /// exchanged.
    pub fn reverse_z(&self, right: f64, up: f64, mm: f64) -> f64 {
        if mm >= f64::from(NOTHING_MM) {
            return 0.0;
        }
        let clip = self.clip(self.place(right, up, mm));
        (clip.z / clip.w).clamp(0.0, 1.0)
    }
}
