//! Draws anatomy: volumes, slices and meshes; shaders and their plain-Rust twins.
//!
//! One code draws for the edge, the window, the headset and the tests: [`Renderer::draw`] takes an encoder,
//! colour and reverse-Z depth views and the matrices of one eye, and adds a [`Scene`]. It never sees a patient
//! name, a file or a window. Everything lies in [`Lps`](meshing_space::Lps) millimetres in f64; f32 starts at
//! the GPU, relative to the eye.
//!
//! Hardware filtering is for pictures; [`mpr_values`] and [`mpr`] load integers and mix them by hand, so that
//! they may be measured on. Each pass has a slow and obvious twin in [`twin`].
//!
//! ```no_run
//! use render_volume::{Camera, Renderer, Scene, VolumeItem, VolumeTexture, ViewFrom, picture, presets};
//! # fn draw(volume: &meshing_volume::Volume) -> Result<(), Box<dyn std::error::Error>> {
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
mod cells;
mod clip;
mod look;
mod mesh_buffers;
mod mpr;
mod path;
mod picture;
mod plane;
pub mod presets;
mod renderer;
mod scene;
mod shaders;
pub mod twin;
mod view;
mod volume_texture;

pub use camera::{Camera, Projection, ViewFrom};
pub use clip::{ClipPlane, ClipPlanes};
pub use look::{Look, Mode, Shading, TransferFunction, TransferPoint, Window};
pub use mesh_buffers::{MeshBuffers, MeshError};
pub use mpr::{MprError, MprValues, mpr, mpr_values};
pub use path::{Environment, Frame, Lamp, PathError, PathSettings, PathSums, PathTracer};
pub use picture::{PictureError, picture, picture_from};
pub use plane::{Edges, SlicePlane, letters};
pub use renderer::{Renderer, Target, Viewport};
pub use scene::{MeshItem, Scene, SliceItem, VolumeItem};
pub use view::{EyeFov, ViewMatrices};
pub use volume_texture::{Reduction, UploadError, VolumeTexture};
