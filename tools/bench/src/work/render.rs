//! Pictures of a volume, shaded, the camera turned by 10 degrees from one to the next.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use image::RgbaImage;
use render_gpu::Gpu;
use render_volume::twin::{self, TwinScene};
use render_volume::{Mode, Renderer, Scene, VolumeItem, VolumeTexture, VolumesBy, picture};

use super::{Inputs, Made, Run, Work};
use crate::scene;

pub(super) const WORK: Work = Work {
    id: "render",
    doc: "shaded picture of --volume; pixels (1024), step in voxels (1), mip (0), shaders (0: the processor where there \
          is no card)",
    prepare,
};

/// What a picture is compared with.
pub(super) const REFERENCE: Work = Work {
    id: "render_reference",
    doc: "the same first picture by the twin: in f64, no leaps, step 0.25 voxels",
    prepare: reference,
};

const BACKGROUND: [f64; 4] = [0.0, 0.0, 0.0, 1.0];

fn mode(inputs: &Inputs) -> Mode {
    if inputs.param("mip", 0.0) > 0.0 { Mode::Mip } else { Mode::Dvr }
}

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let volume = Arc::new(inputs.volume()?);
    let size = [inputs.param("pixels", 1024.0) as u32; 2];
    let look = scene::look(mode(inputs), inputs.param("step", 1.0) as f32);
    let mut camera = scene::camera(volume.grid());
    let gpu = Gpu::headless()?;
    let mut renderer = Renderer::for_pictures(&gpu);
    if inputs.param("shaders", 0.0) > 0.0 {
        renderer.draw_volumes_by(VolumesBy::Shaders);
    }
    // what a user waits for once a volume is in memory and the window is open
    let began = Instant::now();
    let texture = VolumeTexture::upload(&gpu, &volume)?;
    let scene =
        Scene { volumes: vec![VolumeItem::new(texture, look)], background: BACKGROUND, ..Scene::default() };
    let first = picture(&gpu, &mut renderer, size, &camera, &scene)?;
    let first_frame_s = began.elapsed().as_secs_f64();
    let figures = BTreeMap::from([("first_frame_s", first_frame_s), ("covered", covered(&first))]);
    Ok(Box::new(move || {
        camera.orbit(10_f64.to_radians(), 0.0);
        // the first one is looked at; all are drawn and read back
        std::hint::black_box(picture(&gpu, &mut renderer, size, &camera, &scene)?);
        Ok(Made::Picture(first.clone(), figures.clone()))
    }))
}

fn reference(inputs: &Inputs) -> anyhow::Result<Run> {
    let volume = inputs.volume()?;
    let size = [inputs.param("pixels", 1024.0) as u32; 2];
    let look = scene::look(mode(inputs), inputs.param("step", 0.25) as f32);
    Ok(Box::new(move || {
        let scene =
            TwinScene { volumes: vec![(&volume, &look)], background: BACKGROUND, ..TwinScene::default() };
        let drawn = twin::picture(size, &scene::camera(volume.grid()), &scene);
        let figures = BTreeMap::from([("covered", covered(&drawn))]);
        Ok(Made::Picture(drawn, figures))
    }))
}

/// Share of the pixels that are not black.
pub fn covered(picture: &RgbaImage) -> f64 {
    let seen = picture.pixels().filter(|p| p.0[..3].iter().any(|&c| c > 0)).count();
    seen as f64 / f64::from(picture.width() * picture.height())
}
