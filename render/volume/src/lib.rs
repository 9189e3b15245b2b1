//! Draws anatomy: volumes, slices and meshes; shaders and their plain-Rust twins.
//!
//! One code draws for the edge, the window, the headset and the tests: [`Renderer::draw`] takes an encoder,
//! colour and reverse-Z depth views and the matrices of one eye, and adds a [`Scene`]. It never sees a patient
//! name or a window. Everything lies in [`Lps`](meshing_space::Lps) millimetres in f64; f32 starts at the GPU,
//! relative to the eye.
//!
//! Translucent meshes, lines and points lie at their depth inside the volumes. What a picture says of the patient's
//! sides, its scale and its trust is [`Marks`] over it, by [`MarkPainter`], the same in every output.
//!
//! For views that are streamed or that move: [`Renderer::draw_with_depths`] also says how far away each pixel lies,
//! [`Reprojector`] shows an older picture to a newer eye by it, [`Foveator`] draws finely only where the eye looks,
//! [`Adaptive`] chooses a stated [`Quality`], and [`tiles`](tiles()) prove that a picture is exact. Pictures in memory
//! use none of these: they are always of full quality.
//!
//! Hardware filtering is for pictures; [`reform`] (slabs, oblique and curved slices) and [`mpr`] load voxels as they
//! are and mix them by hand, so that they may be measured on; [`SliceView`] shows them. Each pass has a slow and
//! obvious twin in [`twin`]. The only files it opens are a person's own [`presets`].
//!
//! ```no_run
//! use render_volume::{Camera, Renderer, Scene, VolumeItem, VolumeTexture, ViewFrom, picture, presets};
//! # fn draw(volume: &std::sync::Arc<meshing_volume::Volume>) -> Result<(), Box<dyn std::error::Error>> {
//! let gpu = render_gpu::Gpu::headless()?;
//! let texture = VolumeTexture::upload(&gpu, volume)?;
//! let bone = presets::named("bone").ok_or("no such preset")?;
//! let scene = Scene { volumes: vec![VolumeItem::new(texture, bone.look.clone())], ..Scene::default() };
//! let camera = Camera::looking_from(ViewFrom::Anterior, &volume.grid().bounds());
//! let mut renderer = Renderer::for_pictures(&gpu);
//! picture(&gpu, &mut renderer, [512, 512], &camera, &scene)?.save("bone.png")?;
//! # Ok(())
//! # }
//! ```

mod camera;
mod caster;
mod cells;
mod clip;
mod cover;
mod curved;
mod depths;
mod figure_map;
mod foveated;
pub mod import;
mod integrals;
mod label_texture;
mod light_grid;
mod look;
mod marks;
mod mesh_buffers;
mod mpr;
mod palette;
mod path;
mod phases;
mod picture;
mod plane;
pub mod presets;
mod quality;
mod raster;
mod recover;
mod reform;
mod renderer;
mod reproject;
mod scene;
mod segments;
mod shaders;
mod slab;
mod slice_view;
mod stroke;
mod tiles;
pub mod twin;
mod view;
mod voi;
mod volume_texture;
mod voxels;

pub use camera::{Camera, Projection, ViewFrom};
pub use caster::MarchStatistics;
pub use clip::{ClipPlane, ClipPlanes};
pub use curved::{CurveError, CurvedPlane, spline};
pub use depths::{DepthPicture, Depths, NOTHING_MM, picture_with_depths};
pub use figure_map::FigureMap;
pub use foveated::{Foveation, Foveator};
pub use label_texture::{LabelError, LabelTexture};
pub use look::{GradientPoint, IsoSurface, Look, Mode, Shading, TransferFunction, TransferPoint, Window};
pub use marks::{FontError, Label, MarkLine, MarkPainter, MarkedView, Marks, StampError, Tone};
pub use mesh_buffers::{MeshBuffers, MeshError};
pub use mpr::{MprValues, mpr, mpr_values};
pub use palette::Palette;
pub use path::{Environment, Frame, Lamp, PathError, PathSettings, PathSums, PathTracer};
pub use phases::Phases;
pub use picture::{PictureError, picture, picture_from};
pub use plane::{Edges, SlicePlane, letters};
pub use quality::{Adaptive, Quality};
pub use raster::{RasterRow, SliceSurface};
pub use recover::SceneError;
pub use reform::{MprError, SlabValues, reform};
pub use renderer::{LAYERS, Renderer, Target, Viewport, VolumesBy};
pub use reproject::{Drawn, Reprojector, Warp, WarpBy, Warped};
pub use scene::{MeshItem, Outline, Scene, SliceItem, StrokeItem, VolumeItem};
pub use segments::{SegmentItem, SegmentLook, Segments, SegmentsError};
pub use slab::{Slab, SlabMode, SlabSampling};
pub use slice_view::{LineOverlay, Overlay, SegmentOverlay, SegmentStyle, SliceLayer, SliceView};
pub use stroke::{Hidden, StrokeBuffers, StrokeError, Width};
pub use tiles::{Tile, TilesError, tiles, verify};
pub use view::{EyeFov, ViewMatrices};
pub use voi::{VOI_PRESETS, Voi, VoiFunction, VoiPreset};
pub use volume_texture::{Reduction, UploadError, VolumeTexture};
