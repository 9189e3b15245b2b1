//! Which derived things no longer match what they were made from.

use core::fmt;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Case, SegmentEntry, SurfaceEntry};

/// The algorithm versions of the running program: of the segmentation methods by id, and of the surface extraction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Algorithms {
    /// Current version of each segmentation method.
    pub methods: BTreeMap<String, u32>,
    /// Current version of surface extraction.
    pub surface: Option<u32>,
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
            Self::SourceStale => "its segment is out of date",
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
            Self::SourceStale => "其分割已过期",
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
}

impl Case {
    /// Every segment and surface that no longer matches its sources, segments first, each in document order.
    #[must_use]
    pub fn stale(&self) -> Vec<Stale> {
        self.stale_with(|_| None, |_| None)
    }

    /// As [`Case::stale`], and also what was made by an algorithm version that is not the running program's.
    #[must_use]
    pub fn stale_under(&self, now: &Algorithms) -> Vec<Stale> {
        let changed = |same: bool| (!same).then_some(StaleReason::AlgorithmChanged);
        self.stale_with(
            |segment| changed(now.methods.get(&segment.method) == Some(&segment.algorithm)),
            |surface| changed(now.surface == Some(surface.algorithm)),
        )
    }

    fn stale_with(
        &self,
        segment_also: impl Fn(&SegmentEntry) -> Option<StaleReason>,
        surface_also: impl Fn(&SurfaceEntry) -> Option<StaleReason>,
    ) -> Vec<Stale> {
        let mut stale = Vec::new();
        for segment in &self.segments {
            if let Some(reason) = self.segment_stale(segment).or_else(|| segment_also(segment)) {
                stale.push(Stale::Segment { reason, name: segment.name.clone() });
            }
        }
        for surface in &self.surfaces {
            let source = || {
                let segment = self.segment(&surface.segment)?;
                segment_also(segment).map(|_| StaleReason::SourceStale)
            };
            if let Some(reason) =
                self.surface_stale(surface).or_else(source).or_else(|| surface_also(surface))
            {
                stale.push(Stale::Surface { reason, segment: surface.segment.clone() });
            }
        }
        stale
    }

    pub(crate) fn segment_stale(&self, segment: &SegmentEntry) -> Option<StaleReason> {
        match self.volume(segment.volume) {
            None => Some(StaleReason::SourceGone),
            Some(volume) => (segment.key(volume) != segment.made_from).then_some(StaleReason::SourceChanged),
        }
    }

    pub(crate) fn surface_stale(&self, surface: &SurfaceEntry) -> Option<StaleReason> {
        let Some(segment) = self.segment(&surface.segment) else {
            return Some(StaleReason::SourceGone);
        };
        if surface.key(segment) != surface.made_from {
            return Some(StaleReason::SourceChanged);
        }
        self.segment_stale(segment).map(|_| StaleReason::SourceStale)
    }
}
