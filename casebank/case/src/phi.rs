//! Protected health information.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A value that identifies a patient, or may. `Debug` and `Display` print `‹redacted›` whatever is inside; serde passes
/// the inner value through, so that it can be stored but never slips into a log line or an error message.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Phi<T>(T);

impl<T> Phi<T> {
    /// Wraps `value`.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself: for the screen of an authorised person and for storage, never for logs or errors.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// Gives up the wrapper. The same rule holds as for [`Phi::expose`].
    pub fn into_exposed(self) -> T {
        self.0
    }

    /// The same protection around another value made from this one.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Phi<U> {
        Phi(change(self.0))
    }
}

impl<T> From<T> for Phi<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<&str> for Phi<String> {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl<T> fmt::Debug for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹redacted›")
    }
}

impl<T> fmt::Display for Phi<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("‹redacted›")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_redacted_and_stores_the_value() {
        let name = Phi::new("Huber^Anna".to_owned());
        let shown = format!("{name} {name:?} {:?} {name:#?}", Some(&name));
        assert!(!shown.contains("Huber"), "{shown}");
        assert_eq!(shown.matches("‹redacted›").count(), 4);
        let json = serde_json::to_string(&name).unwrap();
        assert_eq!(json, "\"Huber^Anna\"");
        assert_eq!(serde_json::from_str::<Phi<String>>(&json).unwrap(), name);
    }
}
