//! The lines of a MetaImage header.

use crate::Words;
use crate::formats::source::Source;
use crate::formats::{FormatError, HEADER_BYTES};

/// Longest line, bytes.
const LINE_BYTES: usize = 1 << 16;
/// Lines at most.
const LINES: usize = 4096;

/// Keys and values as they are written.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads to the line `ElementDataFile`, which is always the last.
    pub(super) fn read(source: &mut Source<'_>) -> Result<Self, FormatError> {
        let not_this = |en, zh| FormatError::NotThis { format: "MetaImage", reason: Words::new(en, zh) };
        let mut lines: Vec<(String, String)> = Vec::new();
        let mut read = 0;
        while let Some(line) = source.line(LINE_BYTES)? {
            read += line.len();
            if read > HEADER_BYTES || lines.len() == LINES {
                return Err(FormatError::header(
                    "header",
                    "is longer than a header may be",
                    "超过文件头允许的长度",
                ));
            }
            if line.trim().is_empty() {
                continue;
            }
            let Some((key, value)) = line.split_once('=') else {
                return Err(not_this(
                    "a line of its header is not KEY = VALUE",
                    "文件头中有一行不是 KEY = VALUE",
                ));
            };
            let (key, value) = (key.trim(), value.trim());
            if lines.iter().any(|(known, _)| known == key) && key != "Comment" {
                return Err(FormatError::header("header", "states a field twice", "重复给出同一字段"));
            }
            lines.push((key.to_owned(), value.to_owned()));
            if key == "ElementDataFile" {
                return Ok(Self(lines));
            }
        }
        Err(not_this("its header does not end with ElementDataFile", "文件头没有以 ElementDataFile 结束"))
    }

    /// The value of a field.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The value of a field, or an empty word.
    pub(super) fn word(&self, name: &str) -> String {
        self.value(name).unwrap_or_default().to_owned()
    }

    /// The value of a field that must be there.
    pub(super) fn needed(&self, name: &'static str) -> Result<&str, FormatError> {
        self.value(name).ok_or_else(|| FormatError::header(name, "is missing", "缺失"))
    }

    /// Whether a field says true; one that is not there does not.
    pub(super) fn truth(&self, name: &'static str) -> Result<bool, FormatError> {
        match self.word(name).to_ascii_lowercase().as_str() {
            "true" | "t" | "1" | "yes" | "y" => Ok(true),
            "" | "false" | "f" | "0" | "no" | "n" => Ok(false),
            _ => Err(FormatError::header(name, "is neither True nor False", "既不是 True 也不是 False")),
        }
    }
}
