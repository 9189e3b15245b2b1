//! Code compiled for the widest registers of the machine that it runs on.
#![expect(clippy::inline_always, reason = "what is not inlined is compiled for any machine")]

/// Runs `work` compiled for the widest registers of this machine.
///
/// It must be a closure marked `inline(always)` that can be called only once (it moves what it borrows mutably): any other
/// becomes a function of its own, which is compiled for every machine.
#[inline(always)]
pub(crate) fn fast<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}
