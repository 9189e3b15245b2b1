//! What a link is like, as a TOML file.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A link, both ways.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// What to show in a list.
    pub title: String,
    /// From the client to the edge.
    pub up: Direction,
    /// From the edge to the client.
    pub down: Direction,
    /// Times in which nothing passes, both ways.
    #[serde(default)]
    pub gap: Option<Gap>,
}

/// One way of a link.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Direction {
    /// Rate in Mbit/s.
    pub rate_mbit: f64,
    /// Time on the way, in ms.
    pub delay_ms: f64,
    /// Jitter: the absolute value of a normal variate of this sigma is added to the delay. Packets
    /// stay in order.
    #[serde(default)]
    pub jitter_sigma_ms: f64,
    /// Share of packets lost at random.
    #[serde(default)]
    pub loss: f64,
    /// First in, first out queue before the link, in kB; what does not fit is dropped.
    #[serde(default = "default_queue_kb")]
    pub queue_kb: f64,
    /// A rate that changes.
    #[serde(default)]
    pub step: Option<RateStep>,
    /// Loss in bursts.
    #[serde(default)]
    pub bursts: Option<Bursts>,
    /// Active queue management.
    #[serde(default)]
    pub aqm: Option<Aqm>,
}

fn default_queue_kb() -> f64 {
    4000.0
}

/// The rate alternates between [`Direction::rate_mbit`] and this one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateStep {
    /// Each rate lasts this long.
    pub every_ms: f64,
    /// The other rate.
    pub rate_mbit: f64,
}

/// A queue that is kept short by controlled delay (CoDel, RFC 8289).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aqm {
    /// Wait that is tolerated for long.
    pub target_ms: f64,
    /// A wait above it is tolerated for this long.
    pub interval_ms: f64,
    /// Whether packets are marked (ECN) instead of dropped. A mark is seen in simulated time only:
    /// between sockets it is lost.
    #[serde(default)]
    pub mark: bool,
}

/// Gilbert-Elliott loss: a good and a bad state whose stays are exponential.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bursts {
    /// Share of the time that is bad.
    pub bad_share: f64,
    /// Mean length of a bad stay.
    pub mean_bad_ms: f64,
    /// Share of packets lost meanwhile.
    pub loss_when_bad: f64,
}

/// Regular times in which nothing passes; each ends a period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// One gap in this time.
    pub every_ms: f64,
    /// Its length.
    pub length_ms: f64,
    /// What happens to packets meanwhile.
    pub kind: GapKind,
    /// Whether the server sees the client under another address afterwards.
    #[serde(default)]
    pub new_address: bool,
}

/// What a gap does to packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GapKind {
    /// They wait.
    Stall,
    /// They are lost.
    Drop,
}

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// No such profile is built in.
    #[error("there is no network profile `{name}`; there are: {}", Profile::names().collect::<Vec<_>>().join(", "))]
    Unknown {
        /// The name.
        name: String,
    },
    /// Not the TOML that it should be (an unknown key is an error too).
    #[error("the network profile cannot be read: {0}")]
    Toml(#[from] toml::de::Error),
    /// A value that no link has.
    #[error("the network profile has a value out of range: {key}")]
    OutOfRange {
        /// Which.
        key: &'static str,
    },
    /// The file cannot be read.
    #[error("the network profile cannot be read ({problem}): {}", .file.display())]
    File {
        /// What the system said.
        problem: std::io::Error,
        /// Which file.
        file: PathBuf,
    },
}

const BUILT_IN: [(&str, &str); 9] = [
    ("lan", include_str!("../../../assets/netsim/lan.toml")),
    ("embb-good", include_str!("../../../assets/netsim/embb-good.toml")),
    ("embb-edge", include_str!("../../../assets/netsim/embb-edge.toml")),
    ("embb-busy", include_str!("../../../assets/netsim/embb-busy.toml")),
    ("handover", include_str!("../../../assets/netsim/handover.toml")),
    ("handover-drop", include_str!("../../../assets/netsim/handover-drop.toml")),
    ("wifi", include_str!("../../../assets/netsim/wifi.toml")),
    ("link-down", include_str!("../../../assets/netsim/link-down.toml")),
    ("anchor", include_str!("../../../assets/netsim/anchor.toml")),
];

impl Profile {
    /// Names of the profiles that are built in (from `assets/netsim`).
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// A profile that is built in.
    pub fn named(name: &str) -> Result<Self, ProfileError> {
        match BUILT_IN.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => Self::parse(text),
            None => Err(ProfileError::Unknown { name: name.chars().take(80).collect() }),
        }
    }

    /// A profile from a file.
    pub fn load(file: &Path) -> Result<Self, ProfileError> {
        let text = std::fs::read_to_string(file)
            .map_err(|problem| ProfileError::File { problem, file: file.to_owned() })?;
        Self::parse(&text)
    }

    /// A profile from TOML. An unknown key is an error, and so is a value that no link has.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let profile: Self = toml::from_str(text)?;
        profile.check()?;
        Ok(profile)
    }

    fn check(&self) -> Result<(), ProfileError> {
        let within = |key, value: f64, least: f64, most: f64| {
            if (least..=most).contains(&value) { Ok(()) } else { Err(ProfileError::OutOfRange { key }) }
        };
        for way in [&self.up, &self.down] {
            within("rate_mbit", way.rate_mbit, 0.01, 100_000.0)?;
            within("delay_ms", way.delay_ms, 0.0, 10_000.0)?;
            within("jitter_sigma_ms", way.jitter_sigma_ms, 0.0, 10_000.0)?;
            within("loss", way.loss, 0.0, 1.0)?;
            within("queue_kb", way.queue_kb, 2.0, 100_000.0)?;
            if let Some(step) = way.step {
                within("step.every_ms", step.every_ms, 1.0, 3_600_000.0)?;
                within("step.rate_mbit", step.rate_mbit, 0.01, 100_000.0)?;
            }
            if let Some(aqm) = way.aqm {
                within("aqm.target_ms", aqm.target_ms, 0.1, 10_000.0)?;
                within("aqm.interval_ms", aqm.interval_ms, 1.0, 60_000.0)?;
            }
            if let Some(bursts) = way.bursts {
                within("bursts.bad_share", bursts.bad_share, 0.0001, 0.9999)?;
                within("bursts.mean_bad_ms", bursts.mean_bad_ms, 0.1, 60_000.0)?;
                within("bursts.loss_when_bad", bursts.loss_when_bad, 0.0, 1.0)?;
            }
        }
        if let Some(gap) = self.gap {
            within("gap.every_ms", gap.every_ms, 1.0, 3_600_000.0)?;
            within("gap.length_ms", gap.length_ms, 0.1, gap.every_ms * 0.99)?;
        }
        Ok(())
    }
}
