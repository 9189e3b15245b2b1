//! Both eyes at once.

use meshing_volume::{Phrase, Told};
use wgpu::TextureViewDimension as Dimension;

use super::layered::draws_layers;
use super::pipelines::Pipelines;
use super::processor::taken;
use super::{Part, Renderer, Target, Viewport, VolumesBy};
use crate::view::Eyes;
use crate::{Scene, ViewMatrices};

/// Where both eyes look: textures with a layer for each, as OpenXR's swapchains are. Layer 0 is the left eye's.
#[derive(Clone, Copy, Debug)]
pub struct StereoTarget<'a> {
    /// Two layers that can be viewed in the format the renderer was made for, one sample a pixel, `RENDER_ATTACHMENT`.
    /// Colours are linear and premultiplied; an sRGB format encodes them.
    pub colour: &'a wgpu::Texture,
    /// `Depth32Float` of the same size with two layers, reverse-Z, `RENDER_ATTACHMENT` and `TEXTURE_BINDING`.
    pub depth: &'a wgpu::Texture,
    /// The part of either layer to draw into; all of it when `None`.
    pub viewport: Option<Viewport>,
    /// Clears colour (linear, premultiplied) and depth first; when `None` the scene is added to what is there.
    pub clear: Option<[f64; 4]>,
}

/// Why a pair of textures takes no pair of eyes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StereoError {
    /// Not two layers in both, or not of one size.
    #[error(
        "two eyes need colour and depth of one size with two layers each, but these are {colour:?} and {depth:?} \
         (pixels across, down, layers); make both as one array of two layers"
    )]
    Layers {
        /// Pixels across and down, and layers.
        colour: [u32; 3],
        /// The same of the depth.
        depth: [u32; 3],
    },
    /// More samples than one, or another format of depth.
    #[error(
        "two eyes are drawn with one sample a pixel and a depth of Depth32Float, but here are {samples} samples and \
         {depth:?}"
    )]
    Format {
        /// Samples a pixel.
        samples: u32,
        /// The depth's format.
        depth: wgpu::TextureFormat,
    },
}

impl Told for StereoError {
    fn chinese(&self) -> String {
        match self {
            Self::Layers { colour, depth } => format!(
                "双眼绘制需要尺寸相同、各有两层的颜色与深度纹理，而此处为 {colour:?} 与 {depth:?}（宽、高、层数）；\
                 请各自创建为两层的数组纹理"
            ),
            Self::Format { samples, depth } => {
                format!(
                    "双眼绘制要求每像素一个采样且深度格式为 Depth32Float，而此处为 {samples} 个采样与 {depth:?}"
                )
            }
        }
    }
}

/// How both eyes were drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StereoPasses {
    /// Each pass drew for both eyes at once (multiview).
    One,
    /// The passes of one eye after those of the other, since the device offers no multiview, or its driver draws it wrongly.
    TwoByDevice,
    /// The same, since the processor draws the volumes, which gains nothing by drawing both at once.
    TwoByProcessor,
}

impl StereoPasses {
    /// What to say of it.
    pub const fn name(self) -> Phrase {
        match self {
            Self::One => Phrase::new("both eyes in one pass", "双眼一次绘制"),
            Self::TwoByDevice => Phrase::new(
                "an eye at a time: the device offers no sound multiview",
                "逐眼绘制：设备不支持可靠的多视图",
            ),
            Self::TwoByProcessor => Phrase::new(
                "an eye at a time: the processor draws the volumes",
                "逐眼绘制：体数据由处理器绘制",
            ),
        }
    }
}

impl Renderer {
    /// Records the drawing of a scene for both eyes, left first, into a layer each: in the same passes where the device
    /// can (`Features::MULTIVIEW`, proved once by drawing a pixel), which halves what is recorded and what is told of
    /// meshes, volumes and slices. Else an eye at a time; the answer says which. The pictures are those of
    /// [`draw`](Self::draw) to rounding. Eyes that share one layer side by side: [`draw_stereo`](Self::draw_stereo).
    ///
    /// The first call in one pass compiles its shaders. [`layers_merged`](Self::layers_merged) cannot answer after it.
    ///
    /// # Errors
    /// [`StereoError`] where the textures are not a pair of layers each; then nothing was recorded.
    pub fn draw_both(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        target: &StereoTarget<'_>,
        views: [&ViewMatrices; 2],
        scene: &Scene,
    ) -> Result<StereoPasses, StereoError> {
        target.check()?;
        let how = self.stereo_passes(target.clear.is_some(), scene);
        let size = [target.colour.width(), target.colour.height()];
        let format = self.format;
        let seen = |layers: std::ops::Range<u32>, dimension| {
            [(target.colour, format), (target.depth, wgpu::TextureFormat::Depth32Float)].map(
                |(texture, format)| {
                    texture.create_view(&wgpu::TextureViewDescriptor {
                        label: Some("eyes"),
                        format: Some(format),
                        dimension: Some(dimension),
                        base_array_layer: layers.start,
                        array_layer_count: Some(layers.end - layers.start),
                        ..Default::default()
                    })
                },
            )
        };
        let StereoTarget { viewport, clear, .. } = *target;
        if how == StereoPasses::One {
            let [colour, depth] = seen(0..2, Dimension::D2Array);
            let target = Target { colour: &colour, depth: &depth, size, viewport, clear };
            self.with_both(|renderer| {
                let part = Part::of(&target, None);
                renderer.draw_all(encoder, &target, part, None, Eyes::both(views), scene);
            });
            return Ok(how);
        }
        for (layer, view) in (0..).zip(views) {
            let [colour, depth] = seen(layer..layer + 1, Dimension::D2);
            self.draw(
                encoder,
                &Target { colour: &colour, depth: &depth, size, viewport, clear },
                view,
                scene,
            );
        }
        Ok(how)
    }

    /// How [`draw_both`](Self::draw_both) would draw a scene, into targets that are cleared or not.
    pub fn stereo_passes(&self, cleared: bool, scene: &Scene) -> StereoPasses {
        let cast = cleared && !scene.volumes.is_empty() && scene.volumes.iter().all(taken);
        let cast = cast && !self.mixes(scene);
        if self.volumes_by == VolumesBy::Processor && cast {
            StereoPasses::TwoByProcessor
        } else if draws_layers(&self.gpu) {
            StereoPasses::One
        } else {
            StereoPasses::TwoByDevice
        }
    }

    /// Draws with the passes for both eyes in the place of those for one.
    fn with_both(&mut self, draw: impl FnOnce(&mut Self)) {
        let count = self.pipelines.layers.count();
        let mut both =
            self.both.take().unwrap_or_else(|| Box::new(Pipelines::new(&self.gpu, self.format, true)));
        both.layers.keep(count);
        std::mem::swap(&mut self.pipelines, &mut both);
        draw(self);
        std::mem::swap(&mut self.pipelines, &mut both);
        self.both_peeled = Some(both.layers.has_peeled());
        self.both = Some(both);
    }
}

impl StereoTarget<'_> {
    fn check(&self) -> Result<(), StereoError> {
        let of = |t: &wgpu::Texture| [t.width(), t.height(), t.depth_or_array_layers()];
        let (colour, depth) = (of(self.colour), of(self.depth));
        let flat = [self.colour, self.depth].iter().all(|t| t.dimension() == wgpu::TextureDimension::D2);
        if !flat || colour != depth || colour[2] != 2 {
            return Err(StereoError::Layers { colour, depth });
        }
        let samples = self.colour.sample_count().max(self.depth.sample_count());
        let format = self.depth.format();
        if samples != 1 || format != wgpu::TextureFormat::Depth32Float {
            return Err(StereoError::Format { samples, depth: format });
        }
        Ok(())
    }
}
