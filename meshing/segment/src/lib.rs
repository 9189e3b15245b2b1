//! Segmentation: methods that turn a volume into a mask, one file each.
//!
//! [`METHODS`] lists them; panels, the command line and the manual are made from their [`Param`]s. [`run()`] fills in
//! defaults, refuses what is out of range and runs one; [`run_with()`] also takes seeds, strokes and a mask to start
//! from, which some methods need ([`Method::needs`]). The building blocks (connected components, hole filling, Otsu's
//! level, closing, watershed, vesselness, random walker, centrelines) are public for other crates, and so are editing
//! ([`edit`]), what a segment measures ([`statistics()`]), how two agree ([`agreement()`]) and the search for text that is
//! burned into an image. For editing by hand there are label maps in [`bricks`] with a brush and a history.
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

mod abc;
mod agreement;
pub mod bricks;
mod buckets;
mod burned_in;
mod colon_path;
mod components;
mod distance;
pub mod edit;
mod error;
mod face;
pub mod filters;
mod flood;
mod fragments;
mod geodesic;
mod histogram;
mod holes;
mod mask;
mod method;
pub mod methods;
pub mod models;
mod morphology;
mod network;
mod path;
mod random_walker;
mod runs;
mod scale_space;
mod statistics;
mod vesselness;
mod watershed;

pub use abc::{AbcHalf, abc_half};
pub use agreement::{Agreement, SurfaceAgreement, agreement, agreement_of_all};
pub use burned_in::{Readiness, TextBox, burned_in_text};
pub use colon_path::{ColonPath, colon_centreline};
pub use components::{Components, Connectivity};
pub use distance::{Distance, To, signed_distance};
pub use error::SegmentError;
pub use face::{
    FaceChange, FaceError, FaceKind, FaceManner, FaceReport, FaceVerdict, find_face, remove_face,
};
pub use flood::region_grow;
pub use fragments::{FragmentRules, fragments};
pub use geodesic::shortest_path_labels;
pub use histogram::otsu;
pub use holes::{fill_holes, fill_holes_in_slices, filled};
pub use mask::{body_axis, dice, select, surface_level};
pub use method::{Inputs, METHODS, Method, Needs, Outcome, Param, Params, Seed, method, run, run_with};
pub use methods::airway::{LeakTest, airway_from};
pub use methods::ischaemia::asymmetry_map;
pub use morphology::{close, closed, islands, margin, opened, shell};
pub use network::NetworkError;
pub use path::{CentrePoint, centreline, minimal_path};
pub use random_walker::{Walk, random_walker};
pub use runs::Runs;
pub use scale_space::gradient_magnitude;
pub use statistics::{PERCENTILES, Spread, Statistics, statistics, weighted_volume_mm3};
pub use vesselness::{TubeScales, Tubeness, vesselness};
pub use watershed::{watershed, watershed_of_field};
