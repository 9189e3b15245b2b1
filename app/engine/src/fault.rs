//! What went wrong, for a person: what happened, what it means, what to do next; and the exit code it deserves.

use std::fmt;

use casebank_case::Language;

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
    /// What happened.
    pub what: String,
    /// What that means for the person's work.
    pub meaning: String,
    /// What to do next.
    pub next_step: String,
    /// All of it in Chinese; empty where nobody has said it yet.
    pub zh: String,
}

impl Fault {
    /// A failure of the given kind.
    pub fn new(
        kind: FaultKind,
        what: impl Into<String>,
        meaning: impl Into<String>,
        next_step: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            what: what.into(),
            meaning: meaning.into(),
            next_step: next_step.into(),
            zh: String::new(),
        }
    }

    /// A failure whose text already is a whole paragraph.
    pub fn told(kind: FaultKind, paragraph: impl fmt::Display) -> Self {
        Self::new(kind, paragraph.to_string(), "", "")
    }

    /// The same failure with its paragraph in Chinese.
    #[must_use]
    pub fn in_chinese(self, zh: impl Into<String>) -> Self {
        Self { zh: zh.into(), ..self }
    }

    /// The paragraph in a language, or in English where it is not there.
    #[must_use]
    pub fn in_language(&self, language: Language) -> String {
        match language {
            Language::Chinese if !self.zh.is_empty() => self.zh.clone(),
            _ => self.to_string(),
        }
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
        let parts = [self.what.as_str(), self.meaning.as_str(), self.next_step.as_str()];
        let told: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        f.write_str(&told.join(" "))
    }
}

impl std::error::Error for Fault {}

/// Errors that already explain themselves, each with the exit code it deserves.
macro_rules! faults {
    ($($error:ty => $kind:ident),* $(,)?) => {$(
        impl From<$error> for Fault {
            fn from(error: $error) -> Self {
                Self::told(FaultKind::$kind, error)
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
        let fault = fault.in_chinese("缺少第 7 个切片。");
        assert_eq!(fault.in_language(Language::Chinese), "缺少第 7 个切片。");
        assert!(fault.in_language(Language::English).starts_with("Slice 7"));
        assert_eq!(Fault::told(FaultKind::Peer, "No answer.").to_string(), "No answer.");
    }
}
