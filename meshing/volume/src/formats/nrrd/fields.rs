//! The lines of a NRRD header.

use super::{HEADER_BYTES, LINE_BYTES};
use crate::Words;
use crate::formats::FormatError;
use crate::formats::source::Source;

/// Fields that are read; the others (names, dates, comments, thumbnails of the grey range) change nothing here.
const KNOWN: [&str; 19] = [
    "type",
    "dimension",
    "sizes",
    "encoding",
    "endian",
    "space",
    "spacedimension",
    "spacedirections",
    "spaceorigin",
    "spaceunits",
    "spacings",
    "kinds",
    "datafile",
    "lineskip",
    "byteskip",
    "axismins",
    "axismaxs",
    "measurementframe",
    "units",
];

/// Field names without spaces, in lower case, and their values.
pub(super) struct Fields {
    lines: Vec<(&'static str, String)>,
    /// There is a table of segments: the values are labels.
    pub(super) segments: bool,
}

impl Fields {
    /// Reads to the blank line, or to the end of a detached header.
    pub(super) fn read(source: &mut Source<'_>) -> Result<Self, FormatError> {
        let magic = source.line(LINE_BYTES)?.unwrap_or_default();
        let version = magic.strip_prefix("NRRD").and_then(|digits| digits.parse::<u16>().ok());
        if !version.is_some_and(|v| (1..=5).contains(&v)) {
            return Err(FormatError::NotThis {
                format: "NRRD",
                reason: Words::new(
                    "its first line is not NRRD0001 to NRRD0005",
                    "第一行不是 NRRD0001 到 NRRD0005",
                ),
            });
        }
        let mut fields = Self { lines: Vec::new(), segments: false };
        let mut read = 0;
        while let Some(line) = source.line(LINE_BYTES)? {
            read += line.len() + 1;
            if read > HEADER_BYTES {
                return Err(FormatError::header(
                    "header",
                    "is longer than a header may be",
                    "超过文件头允许的长度",
                ));
            }
            if line.is_empty() {
                return Ok(fields);
            }
            fields.line(&line)?;
        }
        if fields.value("datafile").is_none() {
            return Err(FormatError::header(
                "header",
                "does not end, and no data file is named",
                "没有结束，也没有给出数据文件",
            ));
        }
        Ok(fields)
    }

    fn line(&mut self, line: &str) -> Result<(), FormatError> {
        if line.starts_with('#') {
            return Ok(());
        }
        if let Some((key, _)) = line.split_once(":=") {
            self.segments |= key.starts_with("Segment") && key.ends_with("_LabelValue");
            return Ok(());
        }
        let Some((name, value)) = line.split_once(": ").or_else(|| line.split_once(':')) else {
            return Err(FormatError::header(
                "header",
                "has a line that is neither a field nor a comment",
                "有一行既不是字段也不是注释",
            ));
        };
        let name: String =
            name.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
        let Some(known) = KNOWN.into_iter().find(|known| *known == name) else { return Ok(()) };
        if self.value(known).is_some() {
            return Err(FormatError::header(known, "is stated twice", "给出了两次"));
        }
        self.lines.push((known, value.to_owned()));
        Ok(())
    }

    /// The value of a field.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.lines.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a field that must be there.
    pub(super) fn needed(&self, name: &'static str) -> Result<&str, FormatError> {
        self.value(name).ok_or_else(|| FormatError::header(name, "is missing", "缺失"))
    }
}
