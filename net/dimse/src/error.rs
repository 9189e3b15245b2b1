//! What can go wrong with an association, said to the person who has to mend it.

use std::io;

use crate::pdu::{PduError, Rejection};

/// The conversation with the peer failed. Each text says what happened, what it means and what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AssociationError {
    /// The host name has no address.
    #[error(
        "No address is known for {at}. Check the host name after the @ of AE@HOST:PORT, and whether this computer is on \
         the hospital network."
    )]
    UnknownHost {
        /// `host:port`.
        at: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Nothing listens there.
    #[error(
        "{at} refused the connection: the computer is there, but nothing listens on this port. The DICOM server may be \
         stopped, or its DICOM port may be another one (its web port is not it). Ask for the DICOM port and try again."
    )]
    Refused {
        /// `host:port`.
        at: String,
    },
    /// The connection could not be made.
    #[error(
        "{at} cannot be reached ({source}). Check the address, the network cable or Wi-Fi, and whether a firewall allows \
         this port."
    )]
    Unreachable {
        /// `host:port`.
        at: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// No answer in time.
    #[error(
        "{at} did not answer within {seconds} s while {step}. The server may be overloaded, or a firewall may drop the \
         packets, or the port may expect TLS. Try `pacs echo` first; if that is quick, ask the PACS team what their \
         server was doing."
    )]
    Timeout {
        /// `host:port`.
        at: String,
        /// What we were waiting for.
        step: &'static str,
        /// How long we waited.
        seconds: u64,
    },
    /// The peer said no to the association.
    #[error("{}", rejection_text(at, called, calling, *rejection))]
    Rejected {
        /// `host:port`.
        at: String,
        /// The AE title we asked for.
        called: String,
        /// The AE title under which we called.
        calling: String,
        /// What they said.
        rejection: Rejection,
    },
    /// The port speaks something else.
    #[error(
        "{at} answered, but not in DICOM: it looks like {looks_like}. This is probably another port of the same server. \
         Ask for its DICOM port (often 104, 11112 or 4242) and try again."
    )]
    NotDicom {
        /// `host:port`.
        at: String,
        /// Our guess from the first bytes.
        looks_like: &'static str,
    },
    /// The peer closed the connection without a word.
    #[error(
        "{at} closed the connection while {step}, without an answer. The usual reasons: the server accepts only known \
         callers (is our AE title {calling} in its list, with this computer's address?), or the port expects TLS."
    )]
    Closed {
        /// `host:port`.
        at: String,
        /// The AE title under which we called.
        calling: String,
        /// What was going on.
        step: &'static str,
    },
    /// The peer sent A-ABORT.
    #[error(
        "{at} broke off while {step} (A-ABORT, source {source_code}, reason {reason}). Often the server does not allow \
         this operation to our AE title {calling}: ask the PACS team to allow it, and to look at their log for the \
         reason."
    )]
    Aborted {
        /// `host:port`.
        at: String,
        /// The AE title under which we called.
        calling: String,
        /// What was going on.
        step: &'static str,
        /// Source field of the A-ABORT (0 user, 2 provider; PS3.8 §9.3.8).
        source_code: u8,
        /// Reason field.
        reason: u8,
    },
    /// The peer broke the rules; we cut it off.
    #[error(
        "{at} sent something that DICOM does not allow while {step}: {what}. We broke off and kept nothing of it. If \
         this happens again, show the PACS team this message: it is a fault of that server or of something between."
    )]
    Violation {
        /// `host:port`.
        at: String,
        /// What was going on.
        step: &'static str,
        /// Which rule.
        what: String,
    },
    /// The connection broke.
    #[error("The connection to {at} broke while {step} ({source}). Check the network and try again.")]
    Broken {
        /// `host:port`.
        at: String,
        /// What was going on.
        step: &'static str,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The person asked to stop.
    #[error("Stopped as asked; {at} was told.")]
    Cancelled {
        /// `host:port`.
        at: String,
    },
}

/// Who is being spoken to and why: turns low errors into [`AssociationError`].
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) at: String,
    pub(crate) calling: String,
    pub(crate) called: String,
    pub(crate) step: &'static str,
}

impl Place {
    pub(crate) fn violation(&self, what: impl Into<String>) -> AssociationError {
        AssociationError::Violation { at: self.at.clone(), step: self.step, what: what.into() }
    }

    pub(crate) fn timeout(&self, seconds: u64) -> AssociationError {
        AssociationError::Timeout { at: self.at.clone(), step: self.step, seconds }
    }

    pub(crate) fn io(&self, source: io::Error, seconds: u64) -> AssociationError {
        match source.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => self.timeout(seconds),
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted => AssociationError::Closed {
                at: self.at.clone(),
                calling: self.calling.clone(),
                step: self.step,
            },
            _ => AssociationError::Broken { at: self.at.clone(), step: self.step, source },
        }
    }

    pub(crate) fn pdu(&self, error: PduError, seconds: u64) -> AssociationError {
        match error {
            PduError::Io(source) => self.io(source, seconds),
            PduError::NotDicom { looks_like } => {
                AssociationError::NotDicom { at: self.at.clone(), looks_like }
            }
            other @ (PduError::TooLong { .. } | PduError::Malformed { .. }) => {
                self.violation(other.to_string())
            }
        }
    }
}

fn rejection_text(at: &str, called: &str, calling: &str, rejection: Rejection) -> String {
    let why = match (rejection.source, rejection.reason) {
        (1, 7) => format!(
            "it does not answer to the AE title {called}. Their AE expects its exact name, capitals included: ask the \
             PACS team for it and write it before the @ of AE@HOST:PORT."
        ),
        (1, 3) => format!(
            "it does not know our AE title {calling}. Ask the PACS team to add {calling} with this computer's address \
             to its list, or call under a title that it knows."
        ),
        (1, 2) => "it does not know the DICOM application context. This is not a usual DICOM server: check the port.".to_owned(),
        (2, 2) => "it speaks another version of the DICOM protocol. Ask the PACS team for its conformance statement.".to_owned(),
        (3, 1 | 2) => "it has too many connections at the moment. Wait a minute and try again.".to_owned(),
        (source, reason) => format!(
            "it gave no usable reason (source {source}, reason {reason}). Ask the PACS team whether {calling} may call \
             {called}, and to look at their log."
        ),
    };
    let lasting = if rejection.result == 2 { "for now" } else { "for good" };
    format!("{at} rejected our call {lasting}: {why}")
}
