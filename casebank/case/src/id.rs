//! Names of things: cases, volumes, measurements, stored objects, and who acts.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

/// A text that is not an id.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[error("not a {kind} id (expected a UUID such as 6f2c0f5e-7c4b-4b53-9a0e-0d6a3c1b2f44)")]
pub struct IdError {
    /// What was expected: `case`, `volume`, `measurement`.
    kind: &'static str,
}

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident, $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new random id (UUID version 4).
            #[must_use]
            pub fn random() -> Self {
                Self(Uuid::new_v4())
            }

            /// The id with these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The 16 bytes of the id.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.into_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::try_parse(text).map(Self).ok().ok_or(IdError { kind: $kind })
            }
        }
    )*};
}

uuid_id! {
    /// A case of the bank.
    CaseId, "case";
    /// A volume of a case.
    VolumeId, "volume";
    /// A measurement of a case.
    MeasurementId, "measurement";
}

impl VolumeId {
    /// The id that a series always gets: UUID version 5 of the Series Instance UID (0020,000E) and the running number of
    /// the volume within the series, so that reading the same files twice gives the same id.
    #[must_use]
    pub fn of_series(series_uid: &str, number: u32) -> Self {
        Self(Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{series_uid}/{number}").as_bytes()))
    }
}

/// A text that is not an object hash.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[error("not an object hash (expected 64 lower-case hex digits)")]
pub struct HashError;

/// BLAKE3 of a stored object's bytes: its name in the bank. Shown and serialised as 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectHash(pub [u8; 32]);

impl ObjectHash {
    /// The hash of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl fmt::Display for ObjectHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ObjectHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ObjectHash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(HashError),
        };
        let text = text.as_bytes();
        if text.len() != 64 {
            return Err(HashError);
        }
        let mut hash = [0; 32];
        for (out, pair) in hash.iter_mut().zip(text.chunks_exact(2)) {
            *out = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(hash))
    }
}

impl Serialize for ObjectHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ObjectHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Hex;
        impl de::Visitor<'_> for Hex {
            type Value = ObjectHash;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("64 lower-case hex digits")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<ObjectHash, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Hex)
    }
}

/// A name that cannot be an actor.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[error("an actor needs a name of 1 to {} bytes without control characters", Actor::LENGTH_MAX)]
pub struct ActorError;

/// Who acts: the account of a person or the name of a device or service. Staff, never a patient.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Actor(String);

impl Actor {
    /// Longest name, bytes.
    pub const LENGTH_MAX: usize = 256;

    /// An actor of that name, trimmed.
    ///
    /// # Errors
    /// Empty, longer than [`Actor::LENGTH_MAX`], or with control characters.
    pub fn new(name: &str) -> Result<Self, ActorError> {
        let name = name.trim();
        if name.is_empty() || name.len() > Self::LENGTH_MAX || name.chars().any(char::is_control) {
            return Err(ActorError);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Actor {
    type Error = ActorError;

    fn try_from(name: String) -> Result<Self, ActorError> {
        Self::new(&name)
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        actor.0
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable_strings() {
        let id: VolumeId = "6f2c0f5e-7c4b-4b53-9a0e-0d6a3c1b2f44".parse().unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"6f2c0f5e-7c4b-4b53-9a0e-0d6a3c1b2f44\"");
        assert_eq!(id.to_string().parse::<VolumeId>().unwrap(), id);
        assert!("../../etc/passwd".parse::<CaseId>().is_err());
        assert_ne!(CaseId::random(), CaseId::random());
        assert_eq!(VolumeId::of_series("1.2.3", 0), VolumeId::of_series("1.2.3", 0));
        assert_ne!(VolumeId::of_series("1.2.3", 0), VolumeId::of_series("1.2.3", 1));
    }

    #[test]
    fn hash_of_nothing_is_the_published_one() {
        // BLAKE3 test vector for the empty input.
        let hash = ObjectHash::of(b"");
        assert_eq!(hash.to_string(), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(serde_json::from_str::<ObjectHash>(&json).unwrap(), hash);
        for wrong in ["", "af", &"g".repeat(64), &"AF".repeat(32), &"é".repeat(32)] {
            assert!(wrong.parse::<ObjectHash>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn actors_have_names() {
        assert_eq!(Actor::new("  dr.huber ").unwrap().name(), "dr.huber");
        for wrong in ["", "   ", "a\nb", &"x".repeat(257)] {
            assert!(Actor::new(wrong).is_err(), "{wrong:?}");
        }
        assert!(serde_json::from_str::<Actor>("\"\"").is_err());
    }
}
