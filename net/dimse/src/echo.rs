//! C-ECHO: is there a DICOM server, and does it talk to us? (PS3.4 annex A)

use std::time::{Duration, Instant};

use crate::association::{Association, Proposal};
use crate::command::{self, AFFECTED_CLASS, Command, MESSAGE_ID, STATUS, field};
use crate::error::AssociationError;
use crate::settings::Settings;
use crate::{Peer, uids};

/// What a peer said to an echo.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EchoReport {
    /// From the first packet to the answer.
    pub elapsed: Duration,
    /// Implementation version name of the peer, if it gives one.
    pub implementation: Option<String>,
    /// Implementation class UID of the peer, if it gives one.
    pub implementation_uid: Option<String>,
}

/// Why an echo failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EchoError {
    /// The association failed.
    #[error(transparent)]
    Association(#[from] AssociationError),
    /// Connected, but the peer does not offer C-ECHO.
    #[error(
        "{at} accepted our call but not the echo service, which every DICOM server must offer. Other services may still \
         work: try `pacs find`. If not, ask the PACS team for the server's conformance statement."
    )]
    NotOffered {
        /// `host:port`.
        at: String,
    },
    /// The peer answered with an error status.
    #[error(
        "{at} answered our echo with the error status {status:#06x}. It is reachable, but not well: ask the PACS team to \
         look at the server's log."
    )]
    Status {
        /// `host:port`.
        at: String,
        /// DIMSE status (PS3.7 annex C).
        status: u16,
    },
}

/// Asks `peer` whether it is there. Opens an association, sends C-ECHO, releases.
pub fn echo(peer: &Peer, settings: &Settings) -> Result<EchoReport, EchoError> {
    let started = Instant::now();
    let mut association =
        Association::open(peer, &[Proposal::new(uids::VERIFICATION, &uids::PLAIN)], settings)?;
    association.step("waiting for the answer to an echo");
    let at = peer.address();
    let Some(context) = association.context(uids::VERIFICATION) else {
        association.release();
        return Err(EchoError::NotOffered { at });
    };
    let id = association.message_id();
    let request =
        Command::new(field::ECHO_RQ, false).number(MESSAGE_ID, id).uid(AFFECTED_CLASS, uids::VERIFICATION);
    association.send_command(context.id, &request)?;
    let (_, answer) = association.receive_command(&|| false)?;
    if answer.field() != field::ECHO_RSP || answer.has_data() || answer.u16(command::RESPONDED_ID) != Some(id)
    {
        return Err(association.violation("another message than the answer to our echo").into());
    }
    let Some(status) = answer.u16(STATUS) else {
        return Err(association.violation("an answer without a status").into());
    };
    let elapsed = started.elapsed();
    let (implementation_uid, implementation) = association.implementation.clone();
    association.release();
    if status != 0 {
        return Err(EchoError::Status { at, status });
    }
    Ok(EchoReport { elapsed, implementation, implementation_uid })
}
