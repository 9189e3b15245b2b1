//! Which derived things no longer match what they were made from.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Case, ChecksEntry, SegmentEntry, SolidEntry, SurfaceEntry};

/// The algorithm versions of the running program: of the segmentation methods and recipes by id, of
/// the surface extraction and of the print checks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Algorithms {
    /// Current version of each segmentation method.
    pub methods: BTreeMap<String, u32>,
    /// Current version of surface extraction.
    pub surface: Option<u32>,
    /// Current version of each recipe.
    pub recipes: BTreeMap<String, u32>,
    /// Current version of the print checks.
    pub checks: Option<u32>,
}

/// Why a derived thing is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StaleReason {
    /// What it was made from is no longer in the case.
    SourceGone,
    /// What it was made from has changed.
    SourceChanged,
    /// What it was made from is stale itself.
    SourceStale,
    /// The program has a newer version of the algorithm, or no longer has it.
    AlgorithmChanged,
}

impl fmt::Display for StaleReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SourceGone => "its source is no longer in the case",
            Self::SourceChanged => "its source or parameters have changed",
            Self::SourceStale => "what it was made from is out of date",
            Self::AlgorithmChanged => "the algorithm has another version now",
        })
    }
}

impl StaleReason {
    /// The reason in Chinese.
    #[must_use]
    pub const fn chinese(self) -> &'static str {
        match self {
            Self::SourceGone => "其来源已不在病例中",
            Self::SourceChanged => "其来源或参数已改变",
            Self::SourceStale => "其来源已过期",
            Self::AlgorithmChanged => "算法已有新版本",
        }
    }
}

/// A derived thing that no longer matches what it was made from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Stale {
    /// The segment of that name.
    Segment {
        /// Why.
        reason: StaleReason,
        /// Its name.
        name: String,
    },
    /// The surface of that segment.
    Surface {
        /// Why.
        reason: StaleReason,
        /// The segment's name.
        segment: String,
    },
    /// The solid of that name.
    Solid {
        /// Why.
        reason: StaleReason,
        /// Its name.
        name: String,
    },
    /// The checks of that solid.
    Checks {
        /// Why.
        reason: StaleReason,
        /// The solid's name.
        solid: String,
    },
}

/// What else makes a thing stale besides its sources.
trait Also {
    fn segment(&self, segment: &SegmentEntry) -> bool;
    fn surface(&self, surface: &SurfaceEntry) -> bool;
    fn solid(&self, solid: &SolidEntry) -> bool;
    fn checks(&self, checks: &ChecksEntry) -> bool;
}

/// Nothing else.
struct SourcesOnly;

impl Also for SourcesOnly {
    fn segment(&self, _: &SegmentEntry) -> bool {
        false
    }
    fn surface(&self, _: &SurfaceEntry) -> bool {
        false
    }
    fn solid(&self, _: &SolidEntry) -> bool {
        false
    }
    fn checks(&self, _: &ChecksEntry) -> bool {
        false
    }
}

impl Also for Algorithms {
    fn segment(&self, segment: &SegmentEntry) -> bool {
        self.methods.get(&segment.method) != Some(&segment.algorithm)
    }
    fn surface(&self, surface: &SurfaceEntry) -> bool {
        self.surface != Some(surface.algorithm)
    }
    fn solid(&self, solid: &SolidEntry) -> bool {
        self.recipes.get(&solid.recipe) != Some(&solid.algorithm)
    }
    fn checks(&self, checks: &ChecksEntry) -> bool {
        self.checks != Some(checks.algorithm)
    }
}

impl Case {
    /// Everything derived that no longer matches its sources: segments (sources before what was made from them), surfaces,
    /// solids, checks, else in document order. That is also the order in which to make them again.
    #[must_use]
    pub fn stale(&self) -> Vec<Stale> {
        self.stale_with(&SourcesOnly)
    }

    /// As [`Case::stale`], and also what was made by an algorithm version that is not the running program's.
    #[must_use]
    pub fn stale_under(&self, now: &Algorithms) -> Vec<Stale> {
        self.stale_with(now)
    }

    fn stale_with(&self, also: &dyn Also) -> Vec<Stale> {
        let mut stale = Vec::new();
        for segment in self.segments_in_order() {
            if let Some(reason) = self.segment_reason(segment, also) {
                stale.push(Stale::Segment { reason, name: segment.name.clone() });
            }
        }
        for surface in &self.surfaces {
            if let Some(reason) = self.surface_reason(surface, also) {
                stale.push(Stale::Surface { reason, segment: surface.segment.clone() });
            }
        }
        for solid in &self.solids {
            if let Some(reason) = self.solid_reason(solid, also) {
                stale.push(Stale::Solid { reason, name: solid.name.clone() });
            }
        }
        for checks in &self.checks {
            if let Some(reason) = self.checks_reason(checks, also) {
                stale.push(Stale::Checks { reason, solid: checks.solid.clone() });
            }
        }
        stale
    }

    /// The segments, each after those that it was made from.
    fn segments_in_order(&self) -> Vec<&SegmentEntry> {
        let mut seen = BTreeSet::new();
        let with_sources = |segment| self.ancestors(segment).into_iter().chain([segment]);
        self.segments.iter().flat_map(with_sources).filter(|segment| seen.insert(&segment.name)).collect()
    }

    fn segment_reason(&self, segment: &SegmentEntry, also: &dyn Also) -> Option<StaleReason> {
        if let Some(reason) = self.own_reason(segment) {
            return Some(reason);
        }
        let stale = |source: &&SegmentEntry| self.own_reason(source).is_some() || also.segment(source);
        let source = self.ancestors(segment).iter().any(stale).then_some(StaleReason::SourceStale);
        source.or_else(|| also.segment(segment).then_some(StaleReason::AlgorithmChanged))
    }

    /// Why the segment is stale, whatever its sources are.
    fn own_reason(&self, segment: &SegmentEntry) -> Option<StaleReason> {
        let (Some(volume), Some(from)) = (self.volume(segment.volume), self.sources(segment)) else {
            return Some(StaleReason::SourceGone);
        };
        (segment.key(volume, &from) != segment.made_from).then_some(StaleReason::SourceChanged)
    }

    fn surface_reason(&self, surface: &SurfaceEntry, also: &dyn Also) -> Option<StaleReason> {
        let Some(segment) = self.segment(&surface.segment) else { return Some(StaleReason::SourceGone) };
        if surface.key(segment) != surface.made_from {
            return Some(StaleReason::SourceChanged);
        }
        let source = self.segment_reason(segment, also).map(|_| StaleReason::SourceStale);
        source.or_else(|| also.surface(surface).then_some(StaleReason::AlgorithmChanged))
    }

    fn solid_reason(&self, solid: &SolidEntry, also: &dyn Also) -> Option<StaleReason> {
        let Some(key) = solid.key(self) else { return Some(StaleReason::SourceGone) };
        if key != solid.made_from {
            return Some(StaleReason::SourceChanged);
        }
        let mut surfaces = solid.segments.iter().filter_map(|name| self.surface(name));
        let source = surfaces.any(|surface| self.surface_reason(surface, also).is_some());
        let source = source.then_some(StaleReason::SourceStale);
        source.or_else(|| also.solid(solid).then_some(StaleReason::AlgorithmChanged))
    }

    fn checks_reason(&self, checks: &ChecksEntry, also: &dyn Also) -> Option<StaleReason> {
        let Some(solid) = self.solid(&checks.solid) else { return Some(StaleReason::SourceGone) };
        if checks.key(solid) != checks.made_from {
            return Some(StaleReason::SourceChanged);
        }
        let source = self.solid_reason(solid, also).map(|_| StaleReason::SourceStale);
        source.or_else(|| also.checks(checks).then_some(StaleReason::AlgorithmChanged))
    }

    /// Why the segment is stale.
    pub(crate) fn segment_stale(&self, segment: &SegmentEntry) -> Option<StaleReason> {
        self.segment_reason(segment, &SourcesOnly)
    }

    /// Why the surface, or what it was made from, is stale.
    pub(crate) fn surface_stale(&self, surface: &SurfaceEntry) -> Option<StaleReason> {
        self.surface_reason(surface, &SourcesOnly)
    }

    /// Why the solid, or what it was made from, is stale.
    pub(crate) fn solid_stale(&self, solid: &SolidEntry) -> Option<StaleReason> {
        self.solid_reason(solid, &SourcesOnly)
    }

    /// Why the checks, or what they were made from, are stale.
    pub(crate) fn checks_stale(&self, checks: &ChecksEntry) -> Option<StaleReason> {
        self.checks_reason(checks, &SourcesOnly)
    }
}
