//! Unique identifiers that come from a seed.

use uuid::Uuid;

/// A UID of the form `2.25.` + decimal UUID (PS3.5 annex B.2), the same for the same `seed` and `what`: UUID version 5 of
/// both.
#[must_use]
pub fn uid_from_seed(seed: &str, what: &str) -> String {
    let uuid = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("theatron/{seed}/{what}").as_bytes());
    format!("2.25.{}", uuid.as_u128())
}

/// Whether `text` is a UID (PS3.5 section 9.1): at most 64 digits and dots, no empty component, no leading zero.
pub(crate) fn is_uid(text: &str) -> bool {
    let component =
        |c: &str| c.bytes().all(|b| b.is_ascii_digit()) && !c.is_empty() && (c == "0" || !c.starts_with('0'));
    text.len() <= 64 && text.contains('.') && text.split('.').all(component)
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
        assert!(is_uid(&a) && is_uid("1.2.840.10008.5.1.4.1.1.2") && is_uid("0.1"));
        for wrong in ["", "1", "1..2", "1.02", "1.2.", "1.2.a", &"1.2".repeat(30)] {
            assert!(!is_uid(wrong), "{wrong}");
        }
    }
}
