//! Unique identifiers that come from a seed.

use uuid::Uuid;

/// A UID of the form `2.25.` + decimal UUID (PS3.5 annex B.2), the same for the same `seed` and `what`: UUID version 5 of
/// both.
#[must_use]
pub fn uid_from_seed(seed: &str, what: &str) -> String {
    let uuid = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("theatron/{seed}/{what}").as_bytes());
    format!("2.25.{}", uuid.as_u128())
}

/// Implementation Class UID (0002,0012) of everything written here.
pub(crate) const IMPLEMENTATION_CLASS: &str = "2.25.305828488182831875890203105390285383139";
/// Implementation Version Name (0002,0013).
pub(crate) const IMPLEMENTATION_NAME: &str = "THEATRON_1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_are_stable_distinct_and_well_formed() {
        let a = uid_from_seed("case 1", "series");
        assert_eq!(a, uid_from_seed("case 1", "series"));
        assert_ne!(a, uid_from_seed("case 1", "study"));
        assert!(a.len() <= 64 && a.starts_with("2.25.") && a[5..].bytes().all(|b| b.is_ascii_digit()));
        assert!(!a[5..].starts_with('0'));
    }
}
