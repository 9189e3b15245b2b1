//! Lines of a log that prove they were not changed: JSON with its own hash and that of the line before.

use core::fmt;

use serde_json::Value;

use crate::ObjectHash;
use crate::canonical::{canonical, hash_of};

/// Longest line of a log, bytes, without its newline.
pub const LINE_MAX: usize = 1 << 20;

/// A line whose hash is right. `Debug` shows its hash only: fields may hold patient data.
#[derive(Clone)]
pub struct Sealed {
    /// The fields, without `hash`.
    pub fields: Value,
    /// BLAKE3 of the canonical JSON of the fields.
    pub hash: ObjectHash,
    /// The line, without a newline.
    pub line: String,
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({})", self.hash)
    }
}

/// Why a text is not a sealed line. Repeats nothing of the line, which may hold patient data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// Longer than [`LINE_MAX`].
    #[error("is {bytes} bytes long, at most {LINE_MAX} are allowed")]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// Not JSON, or not an object.
    #[error("is not a JSON object (near column {column})")]
    NotJson {
        /// Where reading stopped, from 1; 0 if it is JSON, but no object.
        column: usize,
    },
    /// The JSON stops in the middle.
    #[error("ends too early")]
    Cut,
    /// The field `hash` is missing or does not match.
    #[error("was changed after it was written (its hash does not match)")]
    Changed,
}

/// Makes a line of `fields`, an object; a field `hash` among them is replaced.
///
/// # Errors
/// Not an object, or too long.
pub fn seal(mut fields: Value) -> Result<Sealed, SealError> {
    let Value::Object(map) = &mut fields else {
        return Err(SealError::NotJson { column: 0 });
    };
    map.remove("hash");
    let hash = hash_of(&fields);
    let mut whole = fields.clone();
    whole["hash"] = hash.to_string().into();
    let line = canonical(&whole);
    if line.len() > LINE_MAX {
        Err(SealError::TooLong { bytes: line.len() })
    } else {
        Ok(Sealed { fields, hash, line })
    }
}

/// Reads a line and checks its hash. Unknown fields are part of what is hashed, so that a line from a newer program keeps
/// its hash here.
///
/// # Errors
/// The line is too long, no JSON object, or was changed.
pub fn unseal(line: &str) -> Result<Sealed, SealError> {
    let fields = bounded_object(line)?;
    let stated: Option<ObjectHash> =
        fields.get("hash").and_then(Value::as_str).and_then(|hash| hash.parse().ok());
    let sealed = seal(fields)?;
    if stated == Some(sealed.hash) { Ok(sealed) } else { Err(SealError::Changed) }
}

/// A JSON object of at most [`LINE_MAX`] bytes.
pub(crate) fn bounded_object(line: &str) -> Result<Value, SealError> {
    if line.len() > LINE_MAX {
        return Err(SealError::TooLong { bytes: line.len() });
    }
    let value: Value = serde_json::from_str(line).map_err(|error| {
        if error.is_eof() { SealError::Cut } else { SealError::NotJson { column: error.column() } }
    })?;
    if value.is_object() { Ok(value) } else { Err(SealError::NotJson { column: 0 }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_changed_byte_is_noticed() {
        let line = seal(json!({"b": 1.5, "a": "text", "c": [null, true]})).unwrap().line;
        assert_eq!(unseal(&line).unwrap().line, line);
        for at in 0..line.len() {
            let mut bytes = line.clone().into_bytes();
            bytes[at] ^= 0x01;
            if let Ok(changed) = String::from_utf8(bytes) {
                assert!(unseal(&changed).is_err(), "{changed}");
            }
        }
    }

    #[test]
    fn limits_hold() {
        assert_eq!(seal(json!([1])).unwrap_err(), SealError::NotJson { column: 0 });
        let long = json!({"a": "x".repeat(LINE_MAX)});
        assert!(matches!(seal(long).unwrap_err(), SealError::TooLong { .. }));
        assert!(matches!(unseal(&" ".repeat(LINE_MAX + 1)).unwrap_err(), SealError::TooLong { .. }));
        assert_eq!(unseal("{\"a\":").unwrap_err(), SealError::Cut);
        assert!(unseal(&"[".repeat(100_000)).is_err());
        assert_eq!(unseal("{}").unwrap_err(), SealError::Changed);
    }
}
