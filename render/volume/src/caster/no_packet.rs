//! On other processors each ray goes alone.

use super::open::Open;
pub(super) use super::samples::Voxel as Pair;
use super::{Band, Tally};
use crate::{ClipPlanes, VolumeItem};

/// Nothing: no processor of this kind can.
#[derive(Clone, Copy)]
pub(super) enum Processor {}

pub(crate) const fn packs(_item: &VolumeItem, _clip: &ClipPlanes) -> bool {
    false
}

pub(super) const fn processor() -> Option<Processor> {
    None
}

pub(super) fn draw<T: Pair, C: Tally>(cpu: Processor, _open: &Open, _band: Band<'_, '_, T, C>) {
    match cpu {}
}
