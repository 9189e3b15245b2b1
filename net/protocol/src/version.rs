//! Protocol versions and how two peers agree on one.

use serde::{Deserialize, Serialize};

use crate::messages::{Refusal, RefusalCode};

/// Each version of the protocol; the doc comment of a variant tells what it brought.
///
/// A new variant is added when a peer of the older version could *misread* what the newer one
/// sends. A field that an older peer may ignore needs none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
#[non_exhaustive]
pub enum Version {
    /// The first: JSON control messages with named fields on one stream, volume chunks in
    /// fragments on prioritised one-way streams under a credit of bytes, one frame a stream, poses
    /// as 76-byte datagrams, resume by the set of chunks that the client already holds.
    V1 = 1,
}

impl Version {
    /// Every version that this build speaks, oldest first.
    pub const ALL: &'static [Self] = &[Self::V1];
    /// The newest version that this build speaks.
    pub const NEWEST: Self = Self::V1;
    /// The oldest version that this build speaks.
    pub const OLDEST: Self = Self::V1;

    /// The number that stands for this version on the wire.
    pub const fn number(self) -> u16 {
        self as u16
    }

    /// The version behind a number from the wire, if this build knows it.
    pub fn from_number(number: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|version| version.number() == number)
    }
}

/// The versions that one side speaks, both ends included. Plain numbers, because the other side may
/// be newer than this build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct VersionRange {
    /// Oldest version spoken.
    pub min: u16,
    /// Newest version spoken.
    pub max: u16,
}

impl VersionRange {
    /// What this build speaks.
    pub const OURS: Self = Self { min: Version::OLDEST.number(), max: Version::NEWEST.number() };
}

impl std::fmt::Display for VersionRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.min == self.max {
            write!(f, "{}", self.max)
        } else {
            write!(f, "{} to {}", self.min, self.max)
        }
    }
}

/// The newest version that both sides speak, or a refusal that names both ranges and the side to update.
pub fn negotiate(client: VersionRange, edge: VersionRange) -> Result<Version, Refusal> {
    let newest = client.max.min(edge.max);
    if newest >= client.min.max(edge.min)
        && let Some(version) = Version::from_number(newest)
    {
        return Ok(version);
    }
    let older = if client.max < edge.max { "client" } else { "edge" };
    Err(Refusal {
        code: RefusalCode::VersionMismatch,
        what: format!("The client speaks protocol version {client} and the edge speaks {edge}."),
        meaning: format!(
            "They share no version, so nothing they sent each other could be trusted; the {older} is the older one."
        ),
        next_step: format!("Update the {older}."),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_shared_version_wins() {
        let wide = VersionRange { min: 0, max: 9 };
        assert_eq!(negotiate(wide, VersionRange::OURS), Ok(Version::NEWEST));
        assert_eq!(negotiate(VersionRange::OURS, wide), Ok(Version::NEWEST));
    }

    #[test]
    fn a_mismatch_names_both_versions_and_the_older_side() {
        let old = VersionRange { min: 0, max: 0 };
        let refusal = negotiate(old, VersionRange::OURS).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::VersionMismatch);
        let text = refusal.to_string();
        assert!(text.contains("version 0") && text.contains("speaks 1"), "{text}");
        assert!(text.contains("Update the client."), "{text}");

        let new = VersionRange { min: 7, max: 8 };
        let text = negotiate(new, VersionRange::OURS).unwrap_err().to_string();
        assert!(text.contains("7 to 8") && text.contains("Update the edge."), "{text}");
    }

    #[test]
    fn an_inverted_range_is_refused() {
        assert!(negotiate(VersionRange { min: 5, max: 1 }, VersionRange::OURS).is_err());
    }
}
