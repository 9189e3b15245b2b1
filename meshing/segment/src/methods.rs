//! The methods, one file each. A new method is a file here and a line in the list.

pub mod bone;
pub mod lung;
pub mod skin;
pub mod threshold;

use meshing_volume::{LabelMap, Volume};

use crate::{Components, Method};

pub(crate) const ALL: &[Method] = &[threshold::METHOD, bone::METHOD, skin::METHOD, lung::METHOD];

/// True if the values are Hounsfield units.
fn is_ct(volume: &Volume) -> bool {
    let meta = volume.meta();
    meta.unit.eq_ignore_ascii_case("HU") || meta.modality.eq_ignore_ascii_case("CT")
}

/// The mask of the components that are the largest or have at least `min_mm3`; `None` without any component.
fn keep_parts(mask: &LabelMap, found: &Components, min_mm3: f64) -> Option<LabelMap> {
    let largest = found.largest()?;
    let least_voxels = min_mm3 / mask.grid().voxel_mm3();
    let mut kept = LabelMap::empty(mask.grid());
    found.paint(kept.labels_mut(), 1, |c| c == largest || found.voxels()[c] as f64 >= least_voxels);
    Some(kept)
}
