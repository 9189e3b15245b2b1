//! Why a link is not there, in words for a person.

use std::net::SocketAddr;

use net_protocol::chunks::AssemblyError;
use net_protocol::messages::{Refusal, RefusalCode};
use net_protocol::wire::WireError;

/// Why there is no link, or no longer one. Each `Display` is one paragraph: what happened, what it
/// means, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// Nobody answered.
    #[error(
        "No answer from {addr}. Either no edge runs there, or the network between drops UDP. Start the edge, or check the \
         address and the firewall."
    )]
    Unreachable {
        /// The address that was tried.
        addr: SocketAddr,
    },
    /// A certificate was not accepted, by this side or by the other.
    #[error("{0}")]
    WrongCertificate(CertificateProblem),
    /// Somebody answers, but with another protocol.
    #[error(
        "What answers there is not a Theatron edge, or one of another generation: it does not know this protocol. Nothing was \
         exchanged. Check the address and the port, and update the older of the two programs."
    )]
    NotAnEdge,
    /// The two sides speak different protocol versions.
    #[error("{0}")]
    VersionMismatch(Refusal),
    /// The other side will not have this session.
    #[error("{0}")]
    Refused(Refusal),
    /// The link was up and fell silent.
    #[error(
        "The link fell silent. The network or the other program has stopped. What was received is kept; the client connects \
         again by itself when the edge is back."
    )]
    Timeout,
    /// The other side ended the link.
    #[error(
        "The other side closed the link ({reason}). What was received is kept. Connect again if that was not intended."
    )]
    Closed {
        /// In its own words.
        reason: String,
    },
    /// The other side sent what the protocol does not allow.
    #[error(
        "The other side broke the protocol: {problem}. Nothing of that message was used. Update both programs to the same \
         release; if it stays, report it."
    )]
    Protocol {
        /// What was wrong.
        problem: String,
    },
    /// This side could not set up its socket or keys.
    #[error(
        "The link could not be set up on this side: {problem}. Nothing was sent. Check the address and the certificate folder."
    )]
    Setup {
        /// What failed.
        problem: String,
    },
}

/// Which certificate was not accepted, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} {}", .whose.words(), .fault.words())]
pub struct CertificateProblem {
    /// Whose it is.
    pub whose: Whose,
    /// Why it was not accepted.
    pub fault: CertificateFault,
}

/// Whose certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Whose {
    /// Of this program; the other side said so.
    Ours,
    /// Of the other side.
    Theirs,
}

impl Whose {
    fn words(self) -> &'static str {
        match self {
            Self::Ours => "The other side did not accept this program's certificate:",
            Self::Theirs => "The other side's certificate was not accepted:",
        }
    }
}

/// Why a certificate was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertificateFault {
    /// Issued by another site.
    UnknownCa,
    /// Its days are over, or a clock is wrong.
    Expired,
    /// Made for another role (an edge, a client).
    WrongRole,
    /// None was shown.
    Missing,
    /// Anything else.
    Invalid,
}

impl CertificateFault {
    fn words(self) -> &'static str {
        match self {
            Self::UnknownCa => {
                "it was issued by another site's authority. The two devices do not belong to the same site, so neither may \
                 trust the other. Issue a certificate with `theatron pki` from the authority that both share."
            }
            Self::Expired => {
                "it has expired or is not valid yet. Device certificates last days, so that a lost device soon loses its access. \
                 Issue a new one with `theatron pki` and check the clocks of both machines."
            }
            Self::WrongRole => {
                "it is for another role. An edge shows an edge certificate and a client a client certificate, so that neither can \
                 pose as the other. Point the program at the right certificate folder, or issue one with `theatron pki`."
            }
            Self::Missing => {
                "none was shown. Only enrolled devices may connect. Enrol this device with `theatron pki` and try again."
            }
            Self::Invalid => {
                "it is damaged or of a kind that is not used here. It proves nothing about its device. Issue a new one with \
                 `theatron pki`."
            }
        }
    }
}

/// Application codes with which a connection is closed (frozen).
pub(crate) mod close_code {
    pub(crate) const DONE: u32 = 0;
    pub(crate) const REFUSED: u32 = 1;
    pub(crate) const WRONG_ROLE: u32 = 2;
    pub(crate) const PROTOCOL_ERROR: u32 = 3;
    pub(crate) const SHUTTING_DOWN: u32 = 4;
}

impl LinkError {
    /// Whether trying again by itself can help (the peer may come back), or a person must act first.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::WrongCertificate(_) | Self::NotAnEdge | Self::VersionMismatch(_) | Self::Setup { .. } => {
                true
            }
            Self::Refused(refusal) => refusal.code != RefusalCode::Busy,
            Self::Unreachable { .. } | Self::Timeout | Self::Closed { .. } | Self::Protocol { .. } => false,
        }
    }

    /// The same as a [`Refusal`], for state machines and windows that show those.
    pub fn to_refusal(&self) -> Refusal {
        match self {
            Self::VersionMismatch(refusal) | Self::Refused(refusal) => refusal.clone(),
            other => Refusal { code: RefusalCode::Other, what: other.to_string(), ..Refusal::default() },
        }
    }

    pub(crate) fn setup(problem: impl std::fmt::Display) -> Self {
        Self::Setup { problem: problem.to_string() }
    }

    pub(crate) fn certificate(whose: Whose, fault: CertificateFault) -> Self {
        Self::WrongCertificate(CertificateProblem { whose, fault })
    }

    /// Maps what quinn says. TLS alerts (RFC 8446 §6.2) travel as QUIC errors 0x100 + alert
    /// (RFC 9001 §4.8).
    pub(crate) fn from_quinn(error: &quinn::ConnectionError) -> Self {
        match error {
            quinn::ConnectionError::TransportError(error) => {
                Self::from_code(u64::from(error.code), Whose::Theirs, &error.to_string())
            }
            quinn::ConnectionError::ConnectionClosed(close) => {
                Self::from_code(u64::from(close.error_code), Whose::Ours, &close.to_string())
            }
            quinn::ConnectionError::ApplicationClosed(close) => {
                let reason = printable(&close.reason);
                match u32::try_from(close.error_code.into_inner()).unwrap_or(u32::MAX) {
                    close_code::WRONG_ROLE => Self::certificate(Whose::Ours, CertificateFault::WrongRole),
                    close_code::PROTOCOL_ERROR => {
                        Self::Protocol { problem: format!("so says the other side: {reason}") }
                    }
                    _ => Self::Closed { reason },
                }
            }
            quinn::ConnectionError::TimedOut | quinn::ConnectionError::Reset => Self::Timeout,
            quinn::ConnectionError::LocallyClosed => Self::Closed { reason: "by this side".into() },
            quinn::ConnectionError::VersionMismatch | quinn::ConnectionError::CidsExhausted => {
                Self::Protocol { problem: error.to_string() }
            }
        }
    }

    fn from_code(code: u64, whose: Whose, text: &str) -> Self {
        let fault = match code.checked_sub(0x100) {
            Some(48 | 51) => CertificateFault::UnknownCa,
            Some(45) => CertificateFault::Expired,
            Some(43) => CertificateFault::WrongRole,
            Some(116) => CertificateFault::Missing,
            Some(120) => return Self::NotAnEdge,
            Some(42 | 44 | 46) => CertificateFault::Invalid,
            _ => return Self::Protocol { problem: text.to_owned() },
        };
        Self::certificate(whose, fault)
    }
}

/// What a peer wrote, cut and without control characters, so that it cannot forge lines of a log.
fn printable(reason: &[u8]) -> String {
    String::from_utf8_lossy(reason).chars().take(200).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl From<WireError> for LinkError {
    fn from(error: WireError) -> Self {
        Self::Protocol { problem: error.to_string() }
    }
}

impl From<AssemblyError> for LinkError {
    fn from(error: AssemblyError) -> Self {
        Self::Protocol { problem: error.to_string() }
    }
}

impl From<quinn::ConnectionError> for LinkError {
    fn from(error: quinn::ConnectionError) -> Self {
        Self::from_quinn(&error)
    }
}

impl From<quinn::WriteError> for LinkError {
    fn from(error: quinn::WriteError) -> Self {
        match error {
            quinn::WriteError::ConnectionLost(error) => Self::from_quinn(&error),
            other => Self::Closed { reason: other.to_string() },
        }
    }
}

impl From<quinn::ReadError> for LinkError {
    fn from(error: quinn::ReadError) -> Self {
        match error {
            quinn::ReadError::ConnectionLost(error) => Self::from_quinn(&error),
            other => Self::Closed { reason: other.to_string() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_cannot_forge_lines() {
        let reason = [b"bye\nERROR forged\x1b[31m".as_slice(), &[b'x'; 1000]].concat();
        let text = printable(&reason);
        assert!(text.starts_with("bye ERROR forged [31mxxx") && text.chars().count() == 200, "{text}");
    }

    #[test]
    fn only_what_a_person_must_mend_is_permanent() {
        let refused = |code| LinkError::Refused(Refusal { code, ..Refusal::default() });
        assert!(refused(RefusalCode::NotPermitted).is_permanent());
        assert!(!refused(RefusalCode::Busy).is_permanent());
        assert!(!LinkError::Timeout.is_permanent());
        assert!(LinkError::certificate(Whose::Ours, CertificateFault::Expired).is_permanent());
    }

    #[test]
    fn every_certificate_fault_is_one_paragraph() {
        for fault in [
            CertificateFault::UnknownCa,
            CertificateFault::Expired,
            CertificateFault::WrongRole,
            CertificateFault::Missing,
            CertificateFault::Invalid,
        ] {
            for whose in [Whose::Ours, Whose::Theirs] {
                let text = LinkError::certificate(whose, fault).to_string();
                assert!(text.matches(['.', ':']).count() >= 3 && !text.contains('\n'), "{text}");
            }
        }
    }
}
