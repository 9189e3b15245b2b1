//! The methods, one file each. A new method is a file here and a line in the list.

pub mod bone;
pub mod lung;
pub mod skin;
pub mod threshold;

use meshing_volume::Volume;

use crate::{Components, Method, Runs};

pub(crate) const ALL: &[Method] = &[threshold::METHOD, bone::METHOD, skin::METHOD, lung::METHOD];

/// True if the values are Hounsfield units.
fn is_ct(volume: &Volume) -> bool {
    let meta = volume.meta();
    meta.unit.eq_ignore_ascii_case("HU") || meta.modality.eq_ignore_ascii_case("CT")
}

/// The components that are the largest or have at least `least_voxels`; `None` without any component.
fn keep_parts(found: &Components, least_voxels: f64) -> Option<Runs> {
    let largest = found.largest()?;
    Some(found.keep(|c| c == largest || found.voxels()[c] as f64 >= least_voxels))
}
