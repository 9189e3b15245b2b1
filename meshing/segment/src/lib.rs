//! Segmentation: methods that turn a volume into a mask, one file each.
//!
//! [`METHODS`] lists them; panels, the command line and the manual are made from their [`Param`]s. [`run()`] fills in
//! defaults, refuses what is out of range and runs one. The building blocks (connected components, hole filling, Otsu's
//! level, closing) are public for other crates, and so is the search for text that is burned into an image.
//!
//! Networks with a card of their own are run by [`models`].
//!
//! What this crate does not do: no files, no clock, no surfaces, and no weights of networks but the small one for text. Same
//! input, same mask, on any number of threads.
//!
//! ```
//! use meshing_segment::{Params, method, run};
//! use meshing_space::Point;
//! use meshing_volume::{Grid, Silent, Volume, VolumeMeta, Voxels};
//!
//! let grid = Grid::axis_aligned([4, 1, 1], Point::origin(), [1.0, 1.0, 2.0])?;
//! let volume = Volume::new(grid, Voxels::I16(vec![0, 300, 400, 0]), VolumeMeta::default())?;
//! let threshold = method("threshold").expect("listed");
//! let bright = run(threshold, &volume, &Params::new().with("lower", 250.0), &Silent)?;
//! assert_eq!((bright.voxels, bright.volume_mm3, bright.level), (2, 4.0, Some(249.5)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod burned_in;
mod components;
mod error;
mod face;
mod histogram;
mod holes;
mod mask;
mod method;
pub mod methods;
pub mod models;
mod morphology;
mod network;

pub use burned_in::{Readiness, TextBox, burned_in_text};
pub use components::{Components, Connectivity};
pub use error::SegmentError;
pub use face::{
    FaceChange, FaceError, FaceKind, FaceManner, FaceReport, FaceVerdict, find_face, remove_face,
};
pub use histogram::otsu;
pub use holes::{fill_holes, fill_holes_in_slices};
pub use mask::{body_axis, dice, select, surface_level};
pub use method::{METHODS, Method, Outcome, Param, Params, method, run};
pub use morphology::close;
pub use network::NetworkError;
