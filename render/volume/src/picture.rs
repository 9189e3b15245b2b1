//! A scene as a picture in memory.

use image::RgbaImage;
use meshing_volume::Told;
use render_gpu::{DeviceError, Gpu, ReadError, read_rgba};

use crate::{Camera, Renderer, Scene, Target, ViewMatrices};

/// Why no picture was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// The renderer draws into another format.
    #[error(
        "pictures are read from Rgba8UnormSrgb, but this renderer draws {0:?}: use Renderer::for_pictures"
    )]
    Format(wgpu::TextureFormat),
    /// An edge is zero or longer than the device takes.
    #[error("a picture of {size:?} pixels cannot be made; each edge must be 1 to {limit}")]
    Size {
        /// Pixels across and down.
        size: [u32; 2],
        /// The device's limit.
        limit: u32,
    },
    /// The device was lost, is full or failed.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// The picture could not be read back.
    #[error("the picture could not be read back")]
    Read(#[source] ReadError),
}

impl From<ReadError> for PictureError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Device(device) => Self::Device(device),
            other => Self::Read(other),
        }
    }
}

impl Told for PictureError {
    fn chinese(&self) -> String {
        match self {
            Self::Format(format) => {
                format!(
                    "图像须从 Rgba8UnormSrgb 读取，而此渲染器绘制 {format:?}：请使用 Renderer::for_pictures"
                )
            }
            Self::Size { size: [w, h], limit } => {
                format!("无法生成 {w}×{h} 像素的图像；每边必须为 1 到 {limit}")
            }
            Self::Device(error) => error.chinese(),
            Self::Read(_) => "无法读回图像".to_owned(),
        }
    }
}

/// Draws a scene over its background and reads the picture back: sRGB, straight as drawn (premultiplied where
/// the background is not opaque).
///
/// # Errors
/// [`PictureError`]. After [`PictureError::Device`] make the renderer anew, since it may hold what could not be made: on
/// a lost device with [`Gpu::reopen`] and [`Scene::on`], where memory ran out with [`Scene::within`] or a smaller size.
pub fn picture(
    gpu: &Gpu,
    renderer: &mut Renderer,
    size: [u32; 2],
    camera: &Camera,
    scene: &Scene,
) -> Result<RgbaImage, PictureError> {
    let view = camera.matrices(f64::from(size[0]) / f64::from(size[1].max(1)));
    picture_from(gpu, renderer, size, &view, scene)
}

/// The same for an eye that is given by its matrices, as a headset's or a remote client's is.
pub fn picture_from(
    gpu: &Gpu,
    renderer: &mut Renderer,
    size: [u32; 2],
    view: &ViewMatrices,
    scene: &Scene,
) -> Result<RgbaImage, PictureError> {
    let canvas = Canvas::new(gpu, renderer.colour_format(), size)?;
    gpu.guarded(|| {
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let target = canvas.target(Some(scene.background));
        renderer.settled(size, view, scene, |renderer| renderer.draw(&mut encoder, &target, view, scene));
        gpu.queue.submit([encoder.finish()]);
    })?;
    Ok(canvas.read(gpu)?)
}

/// Colour and depth to draw a picture into that will be read back.
pub(crate) struct Canvas {
    size: [u32; 2],
    colour: wgpu::Texture,
    views: [wgpu::TextureView; 2],
}

impl Canvas {
    pub(crate) fn new(gpu: &Gpu, format: wgpu::TextureFormat, size: [u32; 2]) -> Result<Self, PictureError> {
        if format != wgpu::TextureFormat::Rgba8UnormSrgb {
            return Err(PictureError::Format(format));
        }
        let limit = gpu.device.limits().max_texture_dimension_2d;
        if size.iter().any(|&n| n == 0 || n > limit) {
            return Err(PictureError::Size { size, limit });
        }
        let (colour, depth) = gpu.guarded(|| {
            let reading = wgpu::TextureUsages::TEXTURE_BINDING;
            let depth = texture(gpu, size, "picture depth", wgpu::TextureFormat::Depth32Float, reading);
            (texture(gpu, size, "picture", format, wgpu::TextureUsages::COPY_SRC), depth)
        })?;
        let views = [&colour, &depth].map(|t| t.create_view(&wgpu::TextureViewDescriptor::default()));
        Ok(Self { size, colour, views })
    }

    /// Another texture of the same size to draw into.
    pub(crate) fn texture(
        &self,
        gpu: &Gpu,
        label: &str,
        format: wgpu::TextureFormat,
        usage: wgpu::TextureUsages,
    ) -> Result<wgpu::Texture, DeviceError> {
        gpu.guarded(|| texture(gpu, self.size, label, format, usage))
    }

    /// All of it as a target.
    pub(crate) const fn target(&self, clear: Option<[f64; 4]>) -> Target<'_> {
        let [colour, depth] = &self.views;
        Target { colour, depth, size: self.size, viewport: None, clear }
    }

    pub(crate) fn read(&self, gpu: &Gpu) -> Result<RgbaImage, ReadError> {
        let read = read_rgba(gpu, &self.colour)?;
        let [width, height] = self.size;
        RgbaImage::from_raw(width, height, read.bytes).ok_or(ReadError::Lost)
    }
}

fn texture(
    gpu: &Gpu,
    size: [u32; 2],
    label: &str,
    format: wgpu::TextureFormat,
    usage: wgpu::TextureUsages,
) -> wgpu::Texture {
    gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some(label),
        size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: usage | wgpu::TextureUsages::RENDER_ATTACHMENT,
        view_formats: &[],
    })
}
