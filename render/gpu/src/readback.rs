//! Textures back to the processor.

use std::time::Duration;

use crate::{DeviceError, Gpu};

/// How long the answer to a finished copy may take when another thread is the one that hands it over.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a texture could not be read back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The texture is not a single-sampled 2D texture of a plain colour format.
    #[error("a texture of format {format:?} with {samples} samples a pixel cannot be read back")]
    Unsupported {
        /// The texture's format.
        format: wgpu::TextureFormat,
        /// Its samples a pixel.
        samples: u32,
    },
    /// The device was lost or the buffer could not be mapped.
    #[error("the graphics device was lost while a picture was read back; open it again")]
    Lost,
    /// The device was lost, or refused something that was asked of it since the last look: what it drew is not to be
    /// trusted.
    #[error(transparent)]
    Device(#[from] DeviceError),
}

/// The bytes of a texture's first level and layer, rows tightly packed, top row first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadTexture {
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// Bytes a pixel.
    pub bytes_per_pixel: u32,
    /// `size[0] * size[1] * bytes_per_pixel` bytes.
    pub bytes: Vec<u8>,
}

/// Reads a 2D texture back and waits for it. The texture needs `COPY_SRC`.
pub fn read_texture(gpu: &Gpu, texture: &wgpu::Texture) -> Result<ReadTexture, ReadError> {
    read_texture_layer(gpu, texture, 0)
}

/// Reads one layer of a 2D array texture back and waits for it. The texture needs `COPY_SRC`.
pub fn read_texture_layer(gpu: &Gpu, texture: &wgpu::Texture, layer: u32) -> Result<ReadTexture, ReadError> {
    let format = texture.format();
    let unsupported = ReadError::Unsupported { format, samples: texture.sample_count() };
    let Some(bytes_per_pixel) = format.block_copy_size(None) else { return Err(unsupported) };
    if texture.sample_count() != 1 || format.block_dimensions() != (1, 1) {
        return Err(unsupported);
    }
    let (width, height) = (texture.width(), texture.height());
    let row = width * bytes_per_pixel;
    let padded = row.next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
    let copy = |encoder: &mut wgpu::CommandEncoder, buffer: &wgpu::Buffer| {
        encoder.copy_texture_to_buffer(
            wgpu::TexelCopyTextureInfo {
                origin: wgpu::Origin3d { x: 0, y: 0, z: layer },
                ..texture.as_image_copy()
            },
            wgpu::TexelCopyBufferInfo {
                buffer,
                layout: wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(padded),
                    rows_per_image: Some(height),
                },
            },
            wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        );
    };

    let mapped = read(gpu, u64::from(padded) * u64::from(height), copy)?;
    let mut bytes = Vec::with_capacity(row as usize * height as usize);
    for padded in mapped.chunks_exact(padded as usize) {
        bytes.extend_from_slice(&padded[..row as usize]);
    }
    Ok(ReadTexture { size: [width, height], bytes_per_pixel, bytes })
}

/// Copies something into a buffer of `size` bytes and waits for it.
fn read(
    gpu: &Gpu,
    size: u64,
    copy: impl FnOnce(&mut wgpu::CommandEncoder, &wgpu::Buffer),
) -> Result<wgpu::BufferView, ReadError> {
    let (sender, receiver) = std::sync::mpsc::sync_channel(1);
    let buffer = gpu.guarded(|| {
        let buffer = gpu.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("read back"),
            size,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        copy(&mut encoder, &buffer);
        gpu.queue.submit([encoder.finish()]);
        buffer.map_async(wgpu::MapMode::Read, .., move |result| {
            // the receiver waits below; were it gone, nobody would want the answer
            drop(sender.send(result));
        });
        buffer
    })?;
    let waited = gpu.wait();
    if let Some(error) = gpu.take_error() {
        return Err(error.into());
    }
    if !waited || !matches!(receiver.recv_timeout(PATIENCE), Ok(Ok(()))) {
        return Err(ReadError::Lost);
    }
    Ok(buffer.get_mapped_range(..))
}

/// Reads a whole buffer back and waits for it. The buffer needs `COPY_SRC` and a size that is a multiple of 4.
pub fn read_buffer(gpu: &Gpu, buffer: &wgpu::Buffer) -> Result<Vec<u8>, ReadError> {
    let copy = |encoder: &mut wgpu::CommandEncoder, to: &wgpu::Buffer| {
        encoder.copy_buffer_to_buffer(buffer, 0, to, 0, buffer.size());
    };
    Ok(read(gpu, buffer.size(), copy)?.to_vec())
}

/// Reads a texture of four 8-bit channels back as RGBA, whichever order it holds them in. The texture needs
/// `COPY_SRC`. An sRGB texture gives its encoded bytes, as a PNG wants them.
pub fn read_rgba(gpu: &Gpu, texture: &wgpu::Texture) -> Result<ReadTexture, ReadError> {
    use wgpu::TextureFormat as F;
    let swap = match texture.format() {
        F::Rgba8Unorm | F::Rgba8UnormSrgb => false,
        F::Bgra8Unorm | F::Bgra8UnormSrgb => true,
        format => return Err(ReadError::Unsupported { format, samples: texture.sample_count() }),
    };
    let mut read = read_texture(gpu, texture)?;
    if swap {
        for pixel in read.bytes.chunks_exact_mut(4) {
            pixel.swap(0, 2);
        }
    }
    Ok(read)
}
