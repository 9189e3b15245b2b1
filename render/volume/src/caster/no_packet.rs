//! On other processors each ray goes alone.

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

pub(super) fn draw<'b, 'c, T: Pair, C: Tally>(
    cpu: Processor,
    _band: Band<'b, 'c, T, C>,
) -> Option<Band<'b, 'c, T, C>> {
    match cpu {}
}
