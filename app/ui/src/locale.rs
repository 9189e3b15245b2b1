//! What the window says, in English and Chinese: `assets/locales/en.toml` and `zh.toml`.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::OnceLock;

const ENGLISH: &str = include_str!("../../../assets/locales/en.toml");
const CHINESE: &str = include_str!("../../../assets/locales/zh.toml");

/// A language of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// Every language, in the order of the switch.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// The language's own name for itself.
    #[must_use]
    pub fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Chinese => "中文",
        }
    }

    /// The language of sentences that come from the readers.
    #[must_use]
    pub const fn of_words(self) -> casebank_case::Language {
        match self {
            Self::English => casebank_case::Language::English,
            Self::Chinese => casebank_case::Language::Chinese,
        }
    }

    /// From a tag such as `en`, `zh` or `zh-CN`.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag.split(['-', '_', '.']).next()?.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "zh" => Some(Self::Chinese),
            _ => None,
        }
    }

    /// The text under a dotted key, such as `cases.title`. An unknown key comes back as itself, so that nothing is
    /// ever blank; a test makes sure that every key in the sources exists in both languages.
    #[must_use]
    pub fn text(self, key: &'static str) -> &'static str {
        self.find(key).unwrap_or(key)
    }

    /// The text under a key made at run time (`finding.gantry_tilt`), if there is one.
    #[must_use]
    pub fn find(self, key: &str) -> Option<&'static str> {
        table(self).get(key).map(String::as_str)
    }
}

/// `text` with each `{name}` replaced.
#[must_use]
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = text.to_owned();
    for (name, value) in values {
        filled = filled.replace(&format!("{{{name}}}"), value);
    }
    filled
}

/// Every key of a language, sorted.
#[must_use]
pub fn keys(language: Language) -> Vec<&'static str> {
    table(language).keys().map(String::as_str).collect()
}

fn table(language: Language) -> &'static BTreeMap<String, String> {
    static TABLES: OnceLock<[BTreeMap<String, String>; 2]> = OnceLock::new();
    let tables = TABLES.get_or_init(|| [flatten(ENGLISH), flatten(CHINESE)]);
    match language {
        Language::English => &tables[0],
        Language::Chinese => &tables[1],
    }
}

fn flatten(source: &str) -> BTreeMap<String, String> {
    fn walk(prefix: &str, table: &toml::Table, flat: &mut BTreeMap<String, String>) {
        for (name, value) in table {
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match value {
                toml::Value::Table(inner) => walk(&key, inner, flat),
                toml::Value::String(text) => {
                    flat.insert(key, text.clone());
                }
                other => {
                    flat.insert(key, other.to_string());
                }
            }
        }
    }
    let table = source.parse::<toml::Table>().expect("the locale files are compiled in and tested");
    let mut flat = BTreeMap::new();
    walk("", &table, &mut flat);
    flat
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_the_same_things() {
        assert_eq!(keys(Language::English), keys(Language::Chinese));
        for key in keys(Language::English) {
            let names = |language: Language| {
                let text = language.text(key);
                let mut names: Vec<_> =
                    text.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
                names.sort_unstable();
                names
            };
            assert!(!Language::English.text(key).trim().is_empty(), "{key} is blank in English");
            assert!(!Language::Chinese.text(key).trim().is_empty(), "{key} is blank in Chinese");
            assert_eq!(names(Language::English), names(Language::Chinese), "placeholders of {key}");
        }
    }

    #[test]
    fn chinese_is_chinese() {
        let same: Vec<_> = keys(Language::English)
            .into_iter()
            .filter(|key| Language::English.text(key) == Language::Chinese.text(key))
            .collect();
        let meant = ["banner.text"];
        assert!(same.iter().all(|key| meant.contains(key)), "not translated: {same:?}");
    }

    #[test]
    fn tags_and_filling() {
        assert_eq!(Language::from_tag("zh-CN"), Some(Language::Chinese));
        assert_eq!(Language::from_tag("en_GB.UTF-8"), Some(Language::English));
        assert_eq!(Language::from_tag("fr"), None);
        assert_eq!(fill("{a} of {b}", &[("a", "1"), ("b", "2")]), "1 of 2");
        assert_eq!(Language::English.text("no.such.key"), "no.such.key");
    }
}
