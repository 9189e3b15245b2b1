//! What was odd about text.

/// Why text may be shown wrongly. Names character sets, never text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextProblem {
    /// (0008,0005) names something that no standard or common label knows.
    #[error("the character set {name} is not known: names may be shown wrongly")]
    Unknown {
        /// As it is written in the file.
        name: String,
    },
    /// (0008,0005) names a set in a way that PS3.3 C.12.1.1.2 does not define.
    #[error(
        "the character set {name} is not a defined term; it was read as {read_as}, and names may be shown wrongly"
    )]
    Misspelled {
        /// As it is written in the file.
        name: String,
        /// What it was taken for.
        read_as: &'static str,
    },
    /// Bytes that the declared set does not have, but another one does.
    #[error(
        "text is not in the declared character set ({declared}); it was read as {read_as}, and names may be shown wrongly"
    )]
    Undeclared {
        /// As it is written in the file, or `none`.
        declared: String,
        /// What the bytes were taken for.
        read_as: &'static str,
    },
    /// Bytes that could not be read; U+FFFD stands for each.
    #[error(
        "text has bytes that the declared character set ({declared}) does not have; they are shown as \u{FFFD}"
    )]
    Undecodable {
        /// As it is written in the file, or `none`.
        declared: String,
    },
}

/// A name out of a file, fit for a message.
pub(super) fn printable(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(64).collect()
}
