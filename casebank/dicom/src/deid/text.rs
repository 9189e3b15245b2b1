//! Cleaning free text: only words that are known to be harmless stay.

use super::table::VOCABULARY;

/// The known words of a text in their order, separated by spaces; empty where there is none. Works on bytes, so that it is
/// the same in every character set: a word is a run of ASCII letters and digits, and what it keeps comes from a list.
/// Thicknesses such as `5mm` stay, other numbers do not: they may be dates and identifiers.
pub(super) fn known_words(value: &[u8]) -> String {
    let words = value.split(|byte| !byte.is_ascii_alphanumeric() && *byte != b'.');
    let kept =
        words.filter_map(|word| std::str::from_utf8(word).ok().map(|w| w.trim_matches('.'))).filter(|word| {
            let lower = word.to_ascii_lowercase();
            (VOCABULARY.contains(lower.as_str()) && !is_form_of_address(word)) || is_thickness(&lower)
        });
    kept.collect::<Vec<_>>().join(" ")
}

/// `Mr` and `Ms` are no abbreviations of techniques; MR and MS are.
fn is_form_of_address(word: &str) -> bool {
    word.len() == 2
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.ends_with(|c: char| c.is_ascii_lowercase())
}

/// `1mm`, `0.625mm`, `10cm`.
fn is_thickness(word: &str) -> bool {
    let Some(number) = word.strip_suffix("mm").or_else(|| word.strip_suffix("cm")) else { return false };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let digits =
        |part: &str, most| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    digits(whole, 2) && digits(fraction, 3)
}

/// Coding schemes whose codes mean the same everywhere, so that they tell nothing of a person or place (PS3.16 section 8).
pub(super) fn is_public_scheme(scheme: &[u8]) -> bool {
    const PUBLIC: [&str; 24] = [
        "DCM",
        "SCT",
        "SRT",
        "SNM3",
        "99SDM",
        "LN",
        "UCUM",
        "FMA",
        "RADLEX",
        "NCIt",
        "UMLS",
        "MDC",
        "NEU",
        "ACR",
        "BI",
        "BARI",
        "ISO3166_1",
        "RFC5646",
        "MA",
        "ITIS_TSN",
        "PUBCHEM_CID",
        "RADELEMENT",
        "CPT4",
        "NCDR [2.0b]",
    ];
    let name = String::from_utf8_lossy(scheme);
    let name = name.trim_matches([' ', '\0']);
    PUBLIC.contains(&name) || matches!(name, "I9" | "I9C" | "I10" | "I10P" | "ICDO3" | "ICD11")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_numbers_and_foreign_text_go() {
        assert_eq!(known_words(b"CT chest abdomen pelvis - 55F Dr. Smith"), "CT chest abdomen pelvis");
        assert_eq!(known_words("头部平扫 张三 HEAD 5mm 20240101 A1234567".as_bytes()), "HEAD 5mm");
        assert_eq!(known_words(b"T1 MPRAGE_sag iso0.9 0.9mm SMITH^JOHN"), "T1 MPRAGE sag 0.9mm");
        assert_eq!(known_words(b"\xD5\xC5\xC8\xFD Zhang"), "");
        assert_eq!(known_words(b"123456mm 1.23456mm"), "");
        assert_eq!(known_words(b"Mr X, MR head, Ms Y"), "MR head");
    }

    #[test]
    fn private_schemes_are_not_public() {
        assert!(is_public_scheme(b"DCM ") && is_public_scheme(b"SCT"));
        assert!(!is_public_scheme(b"99LOCAL") && !is_public_scheme(b""));
    }
}
