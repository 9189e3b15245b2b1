//! Path-traced ("cinematic") pictures.

pub(crate) mod majorant;
mod passes;
pub(crate) mod settings;
mod state;
pub(crate) mod surface;
pub(crate) mod uniforms;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use image::RgbaImage;
use render_gpu::{Gpu, ReadError, read_buffer};

use crate::picture::Canvas;
use crate::{PictureError, Renderer, Scene, Target, ViewMatrices, Viewport};
use passes::Passes;
pub use settings::{Environment, Frame, Lamp, PathSettings};
use state::{Held, Inputs};
pub(crate) use state::{LEVELS, pixel_mm, sigma};

/// Why nothing was traced.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// The scene has no volume, or several.
    #[error(
        "path tracing shows exactly one volume, but the scene has {0}; leave one, or use the shaded ray-march"
    )]
    Volumes(usize),
    /// The volume has segments with looks of their own.
    #[error(
        "path tracing does not know segments, and what they hide would be seen; take them off the volume, or use \
         the shaded ray-march"
    )]
    Segments,
    /// Something else than planes cuts the volume.
    #[error(
        "path tracing knows cuts by planes alone, and what boxes, balls, lassos or carving take away would be seen; \
         leave planes, or use the shaded ray-march"
    )]
    Cuts,
    /// A setting is not sensible.
    #[error("{name} is {value}, but must be {low} to {high} for path tracing")]
    Setting {
        /// Which.
        name: &'static str,
        /// What it is.
        value: f64,
        /// The least.
        low: f64,
        /// The most.
        high: f64,
    },
    /// An edge is zero, or there are more pixels than the device can sum up.
    #[error(
        "a path-traced picture of {size:?} pixels cannot be made; it may have 1 to {limit} pixels in all"
    )]
    Size {
        /// Pixels across and down.
        size: [u32; 2],
        /// Pixels at most.
        limit: u64,
    },
    /// Nothing has been traced yet.
    #[error("nothing has been traced yet: advance first")]
    Nothing,
    /// The picture could not be made or read back.
    #[error("the path-traced picture could not be made: {0}")]
    Picture(#[from] PictureError),
    /// The sums could not be read back.
    #[error("the path-traced light could not be read back")]
    Read(#[from] ReadError),
}

/// Sums over the samples of each pixel, row by row from the top; linear light.
#[derive(Clone, Debug, PartialEq)]
pub struct PathSums {
    /// Pixels across and down.
    pub size: [u32; 2],
    /// Samples in each sum.
    pub samples: u32,
    /// Red, green, blue of the light that the volume sends to the eye, and how many paths met it.
    pub light: Vec<[f32; 4]>,
    /// Red, green, blue of the first collisions, and their distance from the near plane in mm.
    pub colour: Vec<[f32; 4]>,
    /// Their unit normals, turned to the eye, in LPS; and the squares of the light's brightness.
    pub normal: Vec<[f32; 4]>,
}

impl PathSums {
    /// The mean light of a pixel before a background of a given linear light, with neither exposure nor denoising.
    pub fn light_over(&self, pixel: usize, background: [f64; 3]) -> [f64; 3] {
        let n = f64::from(self.samples.max(1));
        let [r, g, b, hits] = self.light[pixel].map(|s| f64::from(s) / n);
        std::array::from_fn(|c| [r, g, b][c] + background[c] * (1.0 - hits))
    }
}

/// Traces one volume of a scene, sample by sample, into a picture that grows better with time.
///
/// Light comes from the lamps and the sky of [`PathTracer::settings`] and is scattered by the volume as its look
/// says: extinction and colour from the transfer function, surfaces where the gradient is steep. Clip planes cut
/// both what is seen and what casts shadows. Opaque meshes and slices hide the volume, but neither take nor
/// throw light. Whether the look asks for a projection does not matter. The same input gives the same picture on the
/// same device.
///
/// The mean over many samples is right but for paths that [`PathSettings::bounces`] cuts short. Denoising lends a
/// pixel the light of its neighbours: details of shadow that the samples do not show yet are blurred. What is
/// translucent is met at other depths by each path and needs several times the samples of a surface.
///
/// ```no_run
/// # use render_volume::{Camera, PathTracer, Renderer, Scene, VolumeItem, VolumeTexture, presets};
/// # fn draw(volume: &std::sync::Arc<meshing_volume::Volume>) -> Result<(), Box<dyn std::error::Error>> {
/// let gpu = render_gpu::Gpu::headless()?;
/// let look = presets::named("skin").ok_or("no such preset")?.look.clone();
/// let volumes = vec![VolumeItem::new(VolumeTexture::upload(&gpu, volume)?, look)];
/// let scene = Scene { volumes, ..Scene::default() };
/// let view = Camera::anterior(&volume.grid().bounds()).matrices(1.0);
/// let mut renderer = Renderer::for_pictures(&gpu);
/// let mut tracer = PathTracer::new(&gpu);
/// tracer.advance(&mut renderer, [512, 512], &view, &scene, 64)?;
/// tracer.picture(&mut renderer)?.save("skin.png")?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct PathTracer {
    gpu: Gpu,
    passes: Arc<Passes>,
    show: Vec<(wgpu::TextureFormat, wgpu::RenderPipeline)>,
    held: Option<Held>,
    /// Picoseconds that a path took lately; 0 when unknown.
    pace: Arc<AtomicU64>,
    /// How it is lit and shown. A change of the light starts the picture anew; one of exposure, white or
    /// denoising does not.
    pub settings: PathSettings,
}

impl PathTracer {
    /// The samples of a picture at most; [`PathTracer::advance`] then adds nothing.
    pub const MAX_SAMPLES: u32 = 1 << 16;

    /// A tracer with the default settings.
    pub fn new(gpu: &Gpu) -> Self {
        Self {
            gpu: gpu.clone(),
            passes: gpu.once(|| Passes::new(gpu)),
            show: Vec::new(),
            held: None,
            pace: Arc::default(),
            settings: PathSettings::default(),
        }
    }

    /// Samples a pixel so far.
    pub fn samples(&self) -> u32 {
        self.held.as_ref().map_or(0, |h| h.samples)
    }

    /// How many samples of the current size fit a time budget, by the time that the last ones took; 1 when that is
    /// not known yet.
    pub fn samples_within(&self, budget: Duration) -> u32 {
        let pixels = self.held.as_ref().map_or(0, Held::pixels);
        let each = u128::from(self.pace.load(Ordering::Relaxed)) * u128::from(pixels);
        let fit = (budget.as_nanos() * 1000).checked_div(each).unwrap_or(1);
        u32::try_from(fit).unwrap_or(u32::MAX).clamp(1, Self::MAX_SAMPLES)
    }

    /// Adds samples to the picture of a scene for one eye, and says how many there are then. Starts anew when
    /// anything has changed that the light depends on: eye, size, volume, look, clip planes, what hides the
    /// volume, or the settings. `renderer` draws the depth of opaque meshes and slices.
    pub fn advance(
        &mut self,
        renderer: &mut Renderer,
        size: [u32; 2],
        view: &ViewMatrices,
        scene: &Scene,
        samples: u32,
    ) -> Result<u32, PathError> {
        self.settings.check()?;
        let [volume] = scene.volumes.as_slice() else { return Err(PathError::Volumes(scene.volumes.len())) };
        if volume.segments.is_some() {
            return Err(PathError::Segments);
        }
        if volume.carve.is_some() || !scene.clip.shapes().is_empty() {
            return Err(PathError::Cuts);
        }
        self.check(size)?;
        if let Some(error) = self.gpu.take_error() {
            return Err(PictureError::from(error).into());
        }
        renderer.settle_all(volume);
        let inputs = Inputs::new(size, view, scene, volume, &self.settings);
        let known = self.held.take().filter(|h| h.inputs == inputs);
        let mut held =
            known.unwrap_or_else(|| Held::new(&self.gpu, &self.passes, renderer, inputs, volume, scene));
        // colours of meshes and the background may change without the light
        held.scene = scene.clone();
        let samples = samples.min(Self::MAX_SAMPLES - held.samples);
        if samples > 0 {
            let begun = Instant::now();
            held.trace(&self.gpu, &self.passes, samples);
            let (pace, paths) = (self.pace.clone(), u128::from(samples) * u128::from(held.pixels()));
            self.gpu.queue.on_submitted_work_done(move || {
                let each = begun.elapsed().as_nanos() * 1000 / paths;
                pace.store(u64::try_from(each).unwrap_or(u64::MAX).max(1), Ordering::Relaxed);
            });
        }
        let total = held.samples;
        self.held = Some(held);
        Ok(total)
    }

    /// Lays the volume over a target of one colour format, premultiplied, as [`Renderer`] lays its volumes:
    /// after opaque meshes, before translucent ones. The part drawn into should be as large as the picture.
    pub fn draw(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        target: &Target<'_>,
        format: wgpu::TextureFormat,
    ) -> Result<(), PathError> {
        let Some(held) = self.held.as_mut().filter(|h| h.samples > 0) else { return Err(PathError::Nothing) };
        if !self.show.iter().any(|(f, _)| *f == format) {
            self.show.push((format, self.passes.show(&self.gpu, format)));
        }
        let Some((_, pipeline)) = self.show.iter().find(|(f, _)| *f == format) else { return Ok(()) };
        let whole = Viewport { x: 0, y: 0, width: target.size[0], height: target.size[1] };
        let part = target.viewport.unwrap_or(whole);
        held.show(&self.gpu, &self.passes, encoder, target.colour, part, pipeline, &self.settings);
        Ok(())
    }

    /// The picture so far with the scene's meshes, slices and background, as [`picture`](crate::picture) gives it.
    pub fn picture(&mut self, renderer: &mut Renderer) -> Result<RgbaImage, PathError> {
        let Some(held) = &self.held else { return Err(PathError::Nothing) };
        let (size, view, scene) = (held.inputs.size, held.inputs.view, held.scene.clone());
        let format = renderer.colour_format();
        let canvas = Canvas::new(&self.gpu, format, size)?;
        let mut encoder = self.gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let (translucent, opaque) = scene.meshes.iter().cloned().partition(|m| m.colour[3] < 1.0);
        let before = Scene { volumes: Vec::new(), meshes: opaque, ..scene.clone() };
        let after = Scene { meshes: translucent, clip: scene.clip.clone(), ..Scene::default() };
        let clear = canvas.target(Some(scene.background));
        renderer
            .settled(size, &view, &before, |renderer| renderer.draw(&mut encoder, &clear, &view, &before));
        self.draw(&mut encoder, &canvas.target(None), format)?;
        renderer.draw(&mut encoder, &canvas.target(None), &view, &after);
        self.gpu.queue.submit([encoder.finish()]);
        Ok(canvas.read(&self.gpu)?)
    }

    /// The sums so far, for measuring.
    pub fn sums(&self) -> Result<PathSums, PathError> {
        let Some(held) = &self.held else { return Err(PathError::Nothing) };
        let read = |n: usize| -> Result<Vec<[f32; 4]>, ReadError> {
            let bytes = read_buffer(&self.gpu, &held.sums[n])?;
            Ok(bytemuck::pod_collect_to_vec(&bytes))
        };
        Ok(PathSums {
            size: held.inputs.size,
            samples: held.samples,
            light: read(0)?,
            colour: read(1)?,
            normal: read(2)?,
        })
    }

    fn check(&self, size: [u32; 2]) -> Result<(), PathError> {
        let limits = self.gpu.device.limits();
        let limit = limits.max_storage_buffer_binding_size / 16;
        let edge = limits.max_texture_dimension_2d;
        let pixels = u64::from(size[0]) * u64::from(size[1]);
        if pixels == 0 || pixels > limit || size.iter().any(|&n| n > edge) {
            return Err(PathError::Size { size, limit });
        }
        Ok(())
    }
}
