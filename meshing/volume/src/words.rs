//! What is said to a person, in the languages of the program.

use core::fmt;
use std::io;

use serde::{Deserialize, Serialize, Serializer};

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

    /// For `serialize_with` where the outside contract has the English sentence alone.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn english<'a, S: Serializer>(words: impl Into<Option<&'a Self>>, to: S) -> Result<S::Ok, S::Error> {
        words.into().map(|words| &words.en).serialize(to)
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

impl<E: Into<String>, Z: Into<String>> From<(E, Z)> for Words {
    fn from((en, zh): (E, Z)) -> Self {
        Self::new(en, zh)
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

/// Words that stand in the program, such as the title of a method, in every language. `Display` is the English.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Text {
    /// English.
    pub en: &'static str,
    /// Simplified Chinese.
    pub zh: &'static str,
}

impl Text {
    /// Both.
    #[must_use]
    pub const fn new(en: &'static str, zh: &'static str) -> Self {
        Self { en, zh }
    }

    /// The words in a language, or in English where they are not there.
    #[must_use]
    pub const fn in_language(self, language: Language) -> &'static str {
        match language {
            Language::Chinese if !self.zh.is_empty() => self.zh,
            _ => self.en,
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.en)
    }
}

impl From<Text> for Words {
    fn from(text: Text) -> Self {
        Self::new(text.en, text.zh)
    }
}

/// An error that is said in every language, the Chinese beside the English of its `Display`.
pub trait Told: ToString {
    /// What it says in Chinese.
    fn chinese(&self) -> String;

    /// What it says, in both languages.
    fn words(&self) -> Words {
        Words::new(self.to_string(), self.chinese())
    }
}

impl std::error::Error for Words {}

/// What the system says, by its kind; where it is ours, [`io::Error::other`] of [`Words`], what we say.
impl Told for io::Error {
    fn chinese(&self) -> String {
        use io::ErrorKind as Kind;
        if let Some(words) = self.get_ref().and_then(|inner| inner.downcast_ref::<Words>()) {
            return words.zh.clone();
        }
        let kind = match self.kind() {
            Kind::NotFound => "没有这个文件或文件夹",
            Kind::PermissionDenied => "没有权限",
            Kind::AlreadyExists => "文件已存在",
            Kind::IsADirectory => "它是文件夹",
            Kind::NotADirectory => "路径中有一部分不是文件夹",
            Kind::StorageFull | Kind::QuotaExceeded => "磁盘已满",
            Kind::FileTooLarge => "文件太大",
            Kind::ReadOnlyFilesystem => "文件系统是只读的",
            Kind::UnexpectedEof | Kind::InvalidData | Kind::InvalidInput => "数据不完整或已损坏",
            Kind::InvalidFilename => "文件名无效",
            Kind::OutOfMemory => "内存不足",
            Kind::ResourceBusy => "资源正被占用",
            Kind::Interrupted => "操作被中断",
            _ => "系统错误",
        };
        self.raw_os_error().map_or_else(|| kind.to_owned(), |number| format!("{kind}，错误号 {number}"))
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
        assert_eq!(Words::from(("one", "一")), both);
    }

    #[test]
    fn the_system_speaks_both_languages() {
        let missing = io::Error::from_raw_os_error(2);
        assert_eq!(missing.words().zh, "没有这个文件或文件夹，错误号 2");
        let ours = io::Error::other(Words::new("it is a pipe", "它是管道"));
        assert_eq!((ours.to_string().as_str(), ours.chinese().as_str()), ("it is a pipe", "它是管道"));
    }
}
