//! What went wrong, for a person: what happened, what it means, what to do next; and the exit code it deserves.

use std::fmt;

use casebank_case::{Language, Words};

/// The kinds of failure the command line tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The call made no sense: exit 2.
    Usage,
    /// Refused for safety, or bad input: exit 3.
    Refused,
    /// A peer or the network: exit 4.
    Peer,
    /// This machine or this program: exit 5.
    Internal,
}

/// A failure told in one paragraph. Never holds patient data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which exit code it deserves.
    pub kind: FaultKind,
    /// What happened, what it means, what to do next. Boxed, so that results stay small.
    said: Box<[Words; 3]>,
}

impl Fault {
    /// A failure of the given kind.
    pub fn new(
        kind: FaultKind,
        what: impl Into<Words>,
        meaning: impl Into<Words>,
        next_step: impl Into<Words>,
    ) -> Self {
        Self { kind, said: Box::new([what.into(), meaning.into(), next_step.into()]) }
    }

    /// A failure whose text already is a whole paragraph.
    pub fn told(kind: FaultKind, paragraph: impl Into<Words>) -> Self {
        Self::new(kind, paragraph, "", "")
    }

    /// What happened, what that means for the person's work, and what to do next; a part that is not said is empty.
    pub fn said(&self) -> &[Words; 3] {
        &self.said
    }

    fn parts(&self) -> impl Iterator<Item = &Words> {
        self.said.iter().filter(|part| !part.en.is_empty())
    }

    /// The paragraph in Chinese; `None` where a part of it is not said yet.
    pub fn chinese(&self) -> Option<String> {
        self.parts().map(|part| Some(part.zh.as_str()).filter(|zh| !zh.is_empty())).collect()
    }

    /// The paragraph in a language, or in English where it is not there.
    #[must_use]
    pub fn in_language(&self, language: Language) -> String {
        let chinese = if language == Language::Chinese { self.chinese() } else { None };
        chinese.unwrap_or_else(|| self.to_string())
    }

    /// The exit code of the command line contract.
    pub const fn exit_code(&self) -> u8 {
        match self.kind {
            FaultKind::Usage => 2,
            FaultKind::Refused => 3,
            FaultKind::Peer => 4,
            FaultKind::Internal => 5,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told: Vec<&str> = self.parts().map(|part| part.en.as_str()).collect();
        f.write_str(&told.join(" "))
    }
}

impl std::error::Error for Fault {}

/// Errors that already explain themselves, each with the exit code it deserves; `words` are said in both languages, of
/// the others nobody has said the Chinese yet.
macro_rules! faults {
    ($($text:ident $error:ty => $kind:ident),* $(,)?) => {$(
        impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Self::told(FaultKind::$kind, error.$text())
            }
        }
    )*};
}
pub(crate) use faults;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_one_paragraph_with_its_exit_code() {
        let fault = Fault::new(
            FaultKind::Refused,
            "Slice 7 is missing.",
            "The print would be wrong.",
            "Send it again.",
        );
        assert_eq!(fault.to_string(), "Slice 7 is missing. The print would be wrong. Send it again.");
        assert_eq!(fault.exit_code(), 3);
        assert_eq!(fault.in_language(Language::Chinese), fault.to_string());
        let fault = Fault::new(
            FaultKind::Refused,
            ("Slice 7 is missing.", "缺少第 7 个切片。"),
            "",
            ("Send.", "请发送。"),
        );
        assert_eq!(fault.in_language(Language::Chinese), "缺少第 7 个切片。请发送。");
        assert!(fault.in_language(Language::English).starts_with("Slice 7"));
        assert_eq!(Fault::told(FaultKind::Peer, "No answer.").to_string(), "No answer.");
    }
}
