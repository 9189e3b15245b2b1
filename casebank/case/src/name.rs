//! Person names in DICOM form (PS3.5 section 6.2.1).

use core::fmt;

/// One group of a name: the same person written in one script.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct NameGroup {
    /// Family name.
    pub family: String,
    /// Given name.
    pub given: String,
    /// Middle name.
    pub middle: String,
    /// What stands before a name, such as `Dr`.
    pub prefix: String,
    /// What stands after a name, such as `Jr`.
    pub suffix: String,
}

/// A person's name: up to three groups of up to five components. `Debug` shows nothing of it.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct PersonName {
    /// In Latin letters, or whatever script the only group is in.
    pub alphabetic: NameGroup,
    /// In Chinese characters, kanji, hanja or hangul.
    pub ideographic: NameGroup,
    /// In kana or hangul.
    pub phonetic: NameGroup,
}

impl NameGroup {
    fn parse(text: &str) -> Self {
        // Some keyboards write the full-width forms of the delimiters.
        let mut parts = text.splitn(5, ['^', '\u{FF3E}']).map(|part| part.trim().to_owned());
        let mut next = || parts.next().unwrap_or_default();
        Self { family: next(), given: next(), middle: next(), prefix: next(), suffix: next() }
    }

    /// Whether nothing is written in this script.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.family.is_empty()
            && self.given.is_empty()
            && self.middle.is_empty()
            && self.prefix.is_empty()
            && self.suffix.is_empty()
    }
}

impl PersonName {
    /// Takes a name apart. Missing groups and components are empty; a sixth component stays in the suffix and a fourth group
    /// in the phonetic one, so that nothing is lost.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut groups = text.splitn(3, ['=', '\u{FF1D}']).map(NameGroup::parse);
        let mut next = || groups.next().unwrap_or_default();
        Self { alphabetic: next(), ideographic: next(), phonetic: next() }
    }

    /// How the name is shown: `alphabetic=ideographic` with components as written in DICOM, or the only group there is.
    #[must_use]
    pub fn shown(&self) -> String {
        let groups = [&self.alphabetic, &self.ideographic].map(NameGroup::to_dicom);
        match groups.each_ref().map(String::as_str) {
            ["", ""] => self.phonetic.to_dicom(),
            ["", one] | [one, ""] => one.to_owned(),
            both => both.join("="),
        }
    }

    /// The name in DICOM form, without empty groups and components at the end.
    #[must_use]
    pub fn to_dicom(&self) -> String {
        let groups = [&self.alphabetic, &self.ideographic, &self.phonetic].map(NameGroup::to_dicom);
        groups.join("=").trim_end_matches('=').to_owned()
    }
}

impl NameGroup {
    fn to_dicom(&self) -> String {
        let parts = [&self.family, &self.given, &self.middle, &self.prefix, &self.suffix];
        parts.map(String::as_str).join("^").trim_end_matches('^').to_owned()
    }
}

impl fmt::Debug for NameGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NameGroup(‹redacted›)")
    }
}

impl fmt::Debug for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonName(‹redacted›)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_apart_and_together() {
        // The examples of PS3.5 section 6.2.1.1 and annexes H to J, and what is met beside them.
        for (text, shown, dicom) in [
            ("Adams^John Robert Quincy^^Rev.^B.A. M.Div.", "", ""),
            ("Wang^XiaoDong=王^小東=", "Wang^XiaoDong=王^小東", "Wang^XiaoDong=王^小東"),
            ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada^Tarou=山田^太郎", ""),
            ("=王^小東", "王^小東", "=王^小東"),
            ("==やまだ^たろう", "やまだ^たろう", "==やまだ^たろう"),
            ("王^小東", "", ""),
            ("王＾小東", "王^小東", "王^小東"),
            ("Doe^^^^", "Doe", "Doe"),
            ("^John", "", ""),
            ("A^B^C^D^E^F", "", ""),
            ("A=B=C=D", "A=B", "A=B=C=D"),
            ("", "", ""),
        ] {
            let or_text = |other: &'static str| if other.is_empty() { text } else { other };
            let name = PersonName::parse(text);
            assert_eq!(name.shown(), or_text(shown), "{text}");
            assert_eq!(name.to_dicom(), or_text(dicom), "{text}");
            assert_eq!(PersonName::parse(&name.to_dicom()), name, "{text}");
            assert!(!format!("{name:?} {:?}", name.alphabetic).contains('^'));
        }
        let name = PersonName::parse("Adams^John Robert Quincy^^Rev.^B.A. M.Div.");
        assert_eq!((name.alphabetic.prefix.as_str(), name.alphabetic.middle.as_str()), ("Rev.", ""));
        assert!(name.ideographic.is_empty());
    }
}
