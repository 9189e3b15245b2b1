//! What is said to a person, in the languages of the program.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A language that people are spoken to in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// From a tag or the name of a locale, such as `en`, `zh`, `zh-CN` or `zh_CN.UTF-8`.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag.split(['-', '_', '.', '@']).next()?.to_ascii_lowercase().as_str() {
            "en" | "c" | "posix" => Some(Self::English),
            "zh" => Some(Self::Chinese),
            _ => None,
        }
    }
}

/// One sentence, or part of one, in every language; made where the English is made, so that both say the same. `Display` is
/// the English.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Words {
    /// English.
    pub en: String,
    /// Simplified Chinese; empty where nobody has said it yet.
    pub zh: String,
}

impl Words {
    /// Both sentences.
    pub fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { en: en.into(), zh: zh.into() }
    }

    /// The sentence in a language, or in English where it is not there.
    #[must_use]
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Chinese if !self.zh.is_empty() => &self.zh,
            _ => &self.en,
        }
    }
}

impl From<String> for Words {
    fn from(en: String) -> Self {
        Self { en, zh: String::new() }
    }
}

impl From<&str> for Words {
    fn from(en: &str) -> Self {
        en.to_owned().into()
    }
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_fallback() {
        for (tag, language) in [
            ("zh_CN.UTF-8", Some(Language::Chinese)),
            ("zh", Some(Language::Chinese)),
            ("zh-Hans", Some(Language::Chinese)),
            ("en_GB.UTF-8", Some(Language::English)),
            ("C.UTF-8", Some(Language::English)),
            ("POSIX", Some(Language::English)),
            ("fr_FR", None),
            ("", None),
        ] {
            assert_eq!(Language::from_tag(tag), language, "{tag}");
        }
        let both = Words::new("one", "一");
        assert_eq!((both.in_language(Language::Chinese), both.to_string().as_str()), ("一", "one"));
        assert_eq!(Words::from("one").in_language(Language::Chinese), "one");
    }
}
