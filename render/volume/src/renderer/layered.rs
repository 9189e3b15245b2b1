//! Proof that a device draws each eye into its own layer: a driver that offers it may still draw both into the first.

use render_gpu::{Gpu, read_texture_layer};

use super::make::{Make, layers_of, pipeline};
use crate::shaders;

/// The answer, asked once of a device.
struct Draws(bool);

/// Whether a device draws two layers in one pass, and draws them right. The first call draws a pixel and waits for it.
pub(super) fn draws_layers(gpu: &Gpu) -> bool {
    gpu.has(wgpu::Features::MULTIVIEW)
        && gpu.facts.both_eyes_at_once
        && gpu.once(|| Draws(check(gpu).unwrap_or(false))).0
}

fn check(gpu: &Gpu) -> Option<bool> {
    let format = wgpu::TextureFormat::Rgba8Unorm;
    let texture = gpu.guarded(|| {
        let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("eyes"),
            size: wgpu::Extent3d { width: 1, height: 1, depth_or_array_layers: 2 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let make = Make {
            label: "eyes",
            module: &shaders::module_for(gpu, "eyes_check.wgsl", true),
            groups: &[],
            buffers: &[],
            topology: wgpu::PrimitiveTopology::TriangleList,
            targets: &[Some(format.into())],
            depth: None,
            both: true,
        };
        let pipeline = pipeline(gpu, &make);
        let mut encoder = gpu.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("eyes"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &texture.create_view(&wgpu::TextureViewDescriptor {
                    dimension: Some(wgpu::TextureViewDimension::D2Array),
                    ..Default::default()
                }),
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations {
                    load: wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT),
                    store: wgpu::StoreOp::Store,
                },
            })],
            multiview_mask: layers_of(true),
            ..Default::default()
        });
        pass.set_pipeline(&pipeline);
        pass.draw(0..3, 0..1);
        drop(pass);
        gpu.queue.submit([encoder.finish()]);
        texture
    });
    let texture = texture.ok()?;
    let off =
        |layer, red: u8| Some(read_texture_layer(gpu, &texture, layer).ok()?.bytes.first()?.abs_diff(red));
    Some(off(0, 64)? <= 2 && off(1, 128)? <= 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_agrees_with_the_table_of_known_faults() {
        let gpu = Gpu::headless().unwrap();
        if gpu.has(wgpu::Features::MULTIVIEW) {
            assert_eq!(check(&gpu), Some(gpu.facts.both_eyes_at_once), "{}", gpu.facts.driver_info);
        }
        assert_eq!(draws_layers(&gpu), gpu.facts.both_eyes_at_once);
    }
}
