//! An association that we asked for: negotiation, messages, release (PS3.7, PS3.8).

use std::io::{self, Read};
use std::time::{Duration, Instant};

use dicom_ul::pdu::{
    AssociationAC, AssociationRQ, Pdu as UlPdu, PresentationContextProposed, PresentationContextResultReason,
    RequestorRoles, UserVariableItem, write_pdu,
};

use crate::Peer;
use crate::command::Command;
use crate::error::{AssociationError, Place};
use crate::pdu::{self, CONTEXTS, Pdu, PduLimits, Pdv};
use crate::settings::Settings;
use crate::uids;
use crate::wire::{ConnectError, Tcp, Wire};

/// Fragments of a command set; more is a peer that plays for time.
const COMMAND_FRAGMENTS: u32 = 1024;
/// How often a wait looks whether it was cancelled.
const TICK: Duration = Duration::from_millis(100);
/// Our P-DATA-TF are no longer than this even if the peer has no limit.
const SENT_PDU_BYTES: u32 = 256 * 1024;

/// A presentation context to propose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proposal {
    pub(crate) class: String,
    pub(crate) syntaxes: Vec<String>,
    /// We offer to be the SCP of this class (C-GET).
    pub(crate) as_scp: bool,
}

impl Proposal {
    pub(crate) fn new(class: &str, syntaxes: &[&str]) -> Self {
        Self {
            class: class.to_owned(),
            syntaxes: syntaxes.iter().map(|uid| (*uid).to_owned()).collect(),
            as_scp: false,
        }
    }
}

/// An accepted presentation context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Context {
    pub(crate) id: u8,
    pub(crate) class: String,
    pub(crate) syntax: String,
    /// The peer agreed that we are the SCP.
    pub(crate) as_scp: bool,
}

/// An open association. Dropping it without [`Association::release`] aborts.
pub(crate) struct Association {
    wire: Box<dyn Wire>,
    pub(crate) place: Place,
    settings: Settings,
    pub(crate) contexts: Vec<Context>,
    /// Implementation class UID and version name of the peer, for the log.
    pub(crate) implementation: (Option<String>, Option<String>),
    longest_sent: usize,
    body: Vec<u8>,
    at: usize,
    next_id: u16,
    open: bool,
}

impl std::fmt::Debug for Association {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Association")
            .field("place", &self.place)
            .field("contexts", &self.contexts)
            .finish_non_exhaustive()
    }
}

impl Association {
    /// Connects to `peer` and negotiates `proposals` (at most 128).
    pub(crate) fn open(
        peer: &Peer,
        proposals: &[Proposal],
        settings: &Settings,
    ) -> Result<Self, AssociationError> {
        debug_assert!(proposals.len() <= CONTEXTS, "a service proposes at most 128 contexts");
        let place = Place {
            at: peer.address(),
            calling: peer.ae_calling.to_string(),
            called: peer.ae_called.to_string(),
            step: "connecting",
        };
        let time = settings.timeouts.association;
        let wire =
            Tcp::connect(&peer.host, peer.port, time).map_err(|error| connect_error(&place, error, time))?;
        let mut this = Self {
            wire: Box::new(wire),
            place,
            settings: settings.clone(),
            contexts: Vec::new(),
            implementation: (None, None),
            longest_sent: 0,
            body: Vec::new(),
            at: 0,
            next_id: 1,
            open: false,
        };
        this.place.step = "opening the association";
        this.wire.set_deadline(Instant::now() + time);
        let request = UlPdu::AssociationRQ(request(peer, proposals, settings));
        this.write_small(&request, time)?;
        match this.read_pdu(time)? {
            Pdu::Accepted(answer) => {
                this.open = true;
                this.accept(answer, proposals)?;
                Ok(this)
            }
            Pdu::Rejected(rejection) => Err(AssociationError::Rejected {
                at: this.place.at.clone(),
                called: this.place.called.clone(),
                calling: this.place.calling.clone(),
                rejection,
            }),
            Pdu::Abort { source, reason } => Err(this.aborted(source, reason)),
            Pdu::Data | Pdu::ReleaseRequest | Pdu::ReleaseReply => {
                Err(this.violation("data or a release before the association was accepted"))
            }
        }
    }

    fn accept(&mut self, answer: AssociationAC, proposals: &[Proposal]) -> Result<(), AssociationError> {
        let mut longest = 0;
        let mut roles = Vec::new();
        for item in answer.user_variables {
            match item {
                UserVariableItem::MaxLength(length) => longest = length,
                UserVariableItem::ImplementationClassUID(uid) => self.implementation.0 = Some(uid),
                UserVariableItem::ImplementationVersionName(name) => self.implementation.1 = Some(name),
                UserVariableItem::ScuScpRoleSelectionSubItem(class, role) => roles.push((class, role)),
                _ => {}
            }
        }
        if longest != 0 && longest < 128 {
            return Err(
                self.violation(format!("a maximum PDU length of {longest} bytes, in which no message fits"))
            );
        }
        self.longest_sent = if longest == 0 { SENT_PDU_BYTES } else { longest.min(SENT_PDU_BYTES) } as usize;
        for result in answer.presentation_contexts {
            if result.reason != PresentationContextResultReason::Acceptance {
                continue;
            }
            let proposed = (usize::from(result.id) - usize::from(result.id > 0)) / 2;
            let proposal = if result.id % 2 == 1 { proposals.get(proposed) } else { None };
            let Some(proposal) =
                proposal.filter(|proposal| proposal.syntaxes.contains(&result.transfer_syntax))
            else {
                return Err(self.violation("acceptance of a presentation context that we did not propose"));
            };
            if self.contexts.iter().any(|other| other.id == result.id) {
                return Err(self.violation("a presentation context accepted twice"));
            }
            let as_scp =
                proposal.as_scp && roles.iter().any(|(class, role)| *class == proposal.class && role.scp);
            let context = Context {
                id: result.id,
                class: proposal.class.clone(),
                syntax: result.transfer_syntax,
                as_scp,
            };
            self.contexts.push(context);
        }
        Ok(())
    }

    /// The accepted context of `class`, if any.
    pub(crate) fn context(&self, class: &str) -> Option<Context> {
        self.contexts.iter().find(|context| context.class == class).cloned()
    }

    /// A message id that is new on this association.
    pub(crate) fn message_id(&mut self) -> u16 {
        let id = self.next_id;
        self.next_id = self.next_id.checked_add(1).unwrap_or(1);
        id
    }

    /// Names what is going on, for messages.
    pub(crate) fn step(&mut self, step: &'static str) {
        self.place.step = step;
    }

    /// Sends a command set without data.
    pub(crate) fn send_command(&mut self, context: u8, command: &Command) -> Result<(), AssociationError> {
        self.send_fragments(context, true, &mut command.encode().as_slice()).map(|_| ())
    }

    /// Sends a data set from `source` to its end and gives its length.
    pub(crate) fn send_data(&mut self, context: u8, source: &mut dyn Read) -> Result<u64, AssociationError> {
        self.send_fragments(context, false, source)
    }

    fn send_fragments(
        &mut self,
        context: u8,
        command: bool,
        source: &mut dyn Read,
    ) -> Result<u64, AssociationError> {
        const HEAD: usize = 12;
        let room = self.longest_sent - 6;
        let mut frame = vec![0; HEAD + room];
        let (mut held, mut sent) = (0, 0_u64);
        // one byte is read ahead, so that the last fragment is known as such
        let mut ahead = [0];
        let mut more = fill(source, &mut ahead).map_err(|error| self.source_failed(error))? == 1;
        loop {
            let mut full = false;
            if more {
                frame[HEAD] = ahead[0];
                held = 1 + fill(source, &mut frame[HEAD + 1..]).map_err(|error| self.source_failed(error))?;
                full = held == room;
            }
            more = full && fill(source, &mut ahead).map_err(|error| self.source_failed(error))? == 1;
            let pdv_bytes = (held + 2) as u32;
            frame[..2].copy_from_slice(&[4, 0]);
            frame[2..6].copy_from_slice(&(pdv_bytes + 4).to_be_bytes());
            frame[6..10].copy_from_slice(&pdv_bytes.to_be_bytes());
            frame[10] = context;
            frame[11] = u8::from(command) | (u8::from(!more) << 1);
            self.write_all(&frame[..HEAD + held])?;
            sent += held as u64;
            if !more {
                return Ok(sent);
            }
        }
    }

    /// The object to send could not be read any further: nothing sensible can follow on this association.
    fn source_failed(&mut self, source: io::Error) -> AssociationError {
        self.abort(0, 0);
        AssociationError::Broken { at: self.place.at.clone(), step: "reading the object to send", source }
    }

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), AssociationError> {
        let time = self.settings.timeouts.dimse;
        self.wire.set_deadline(Instant::now() + time);
        let Err(error) = self.wire.write_all(bytes) else { return Ok(()) };
        // the peer may have said why before it closed
        self.wire.set_deadline(Instant::now() + Duration::from_secs(1));
        let limits = self.pdu_limits();
        if let Ok(Pdu::Abort { source, reason }) = pdu::read(&mut *self.wire, limits, &mut self.body) {
            return Err(self.aborted(source, reason));
        }
        self.hang_up();
        Err(self.place.io(error, time.as_secs()))
    }

    /// The next command set and its context. `cancelled` is asked while nothing arrives.
    pub(crate) fn receive_command(
        &mut self,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<(u8, Command), AssociationError> {
        let started = Instant::now();
        self.wait(started, cancelled)?;
        let mut bytes = Vec::new();
        let mut context = None;
        for _ in 0..COMMAND_FRAGMENTS {
            let pdv = self.next_pdv(started, bytes.len() as u64)?;
            if !pdv.command || *context.get_or_insert(pdv.context) != pdv.context {
                return Err(self.violation(
                    "a data fragment where a command was due, or of another presentation context",
                ));
            }
            if bytes.len() + pdv.range.len() > self.settings.limits.command_bytes as usize {
                return Err(self.violation("a command set that is too long"));
            }
            bytes.extend_from_slice(&self.body[pdv.range]);
            if pdv.last {
                let command = Command::decode(&bytes).map_err(|what| self.violation(what))?;
                return Ok((pdv.context, command));
            }
        }
        Err(self.violation("a command set in more than 1024 fragments"))
    }

    /// The data set after a command, piece by piece; more than `limit` bytes is a violation.
    pub(crate) fn receive_data(
        &mut self,
        context: u8,
        limit: u64,
        keep: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(u64, io::Result<()>), AssociationError> {
        let started = Instant::now();
        let (mut received, mut kept) = (0, Ok(()));
        loop {
            let pdv = self.next_pdv(started, received)?;
            if pdv.command || pdv.context != context {
                return Err(
                    self.violation("a command where data was due, or data of another presentation context")
                );
            }
            received += pdv.range.len() as u64;
            if received > limit {
                return Err(
                    self.violation(format!("a data set of more than the {limit} bytes that are allowed"))
                );
            }
            if kept.is_ok() {
                kept = keep(&self.body[pdv.range]);
            }
            if pdv.last {
                return Ok((received, kept));
            }
        }
    }

    /// A short data set, such as an identifier, in memory.
    pub(crate) fn receive_identifier(&mut self, context: u8) -> Result<Vec<u8>, AssociationError> {
        let mut bytes = Vec::new();
        let limit = u64::from(self.settings.limits.identifier_bytes);
        let (_, _kept) = self.receive_data(context, limit, &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(bytes)
    }

    /// Waits for the first byte of an answer.
    fn wait(&mut self, started: Instant, cancelled: &dyn Fn() -> bool) -> Result<(), AssociationError> {
        if self.at < self.body.len() {
            return Ok(());
        }
        let time = self.settings.timeouts.dimse;
        loop {
            if cancelled() {
                return Err(AssociationError::Cancelled { at: self.place.at.clone() });
            }
            let left = time.saturating_sub(started.elapsed());
            if left.is_zero() {
                self.abort(0, 0);
                return Err(self.place.timeout(time.as_secs()));
            }
            match self.wire.ready(left.min(TICK)) {
                Ok(true) => return Ok(()),
                Ok(false) => {}
                Err(error) => {
                    self.hang_up();
                    return Err(self.place.io(error, time.as_secs()));
                }
            }
        }
    }

    /// The next fragment. A message that began at `started` and brought `received` bytes so far must keep the pace.
    fn next_pdv(&mut self, started: Instant, received: u64) -> Result<Pdv, AssociationError> {
        let timeouts = self.settings.timeouts.clone();
        let earned = Duration::from_secs(received / u64::from(timeouts.slowest_bytes_per_s.max(1)));
        while self.at >= self.body.len() {
            // an empty P-DATA-TF or an endless trickle does not stop this clock
            if started.elapsed() > timeouts.dimse + earned {
                self.abort(0, 0);
                return Err(self.place.timeout(started.elapsed().as_secs()));
            }
            self.wire.set_deadline(started + timeouts.dimse + earned);
            match self.read_pdu(timeouts.dimse)? {
                Pdu::Data => self.at = 0,
                Pdu::Abort { source, reason } => return Err(self.aborted(source, reason)),
                Pdu::ReleaseRequest => {
                    self.write_small(&UlPdu::ReleaseRP, timeouts.association)?;
                    self.hang_up();
                    let Place { at, calling, step, .. } = self.place.clone();
                    return Err(AssociationError::Closed { at, calling, step });
                }
                Pdu::Accepted(_) | Pdu::Rejected(_) | Pdu::ReleaseReply => {
                    return Err(self.violation("an association answer in the middle of a message"));
                }
            }
        }
        let pdv = pdu::pdv(&self.body, self.at).map_err(|error| self.violation(error.to_string()))?;
        self.at = pdv.range.end;
        if self.contexts.iter().all(|context| context.id != pdv.context) {
            return Err(self.violation("a fragment of a presentation context that was not accepted"));
        }
        Ok(pdv)
    }

    /// Reads a PDU by the wire's deadline. A failure ends the association.
    fn read_pdu(&mut self, time: Duration) -> Result<Pdu, AssociationError> {
        let limits = self.pdu_limits();
        self.at = 0;
        match pdu::read(&mut *self.wire, limits, &mut self.body) {
            Ok(Pdu::Data) => Ok(Pdu::Data),
            Ok(other) => {
                self.body.clear();
                Ok(other)
            }
            Err(error) => {
                self.body.clear();
                if matches!(error, pdu::PduError::TooLong { .. } | pdu::PduError::Malformed { .. }) {
                    self.abort(2, 6);
                } else {
                    self.hang_up();
                }
                Err(self.place.pdu(error, time.as_secs()))
            }
        }
    }

    /// What we accept. Some senders count the PDU header into the maximum and some do not: allow for it.
    fn pdu_limits(&self) -> PduLimits {
        let limits = &self.settings.limits;
        PduLimits { associate_bytes: limits.associate_bytes, data_bytes: limits.pdu_bytes.saturating_add(6) }
    }

    fn write_small(&mut self, pdu: &UlPdu, time: Duration) -> Result<(), AssociationError> {
        let mut bytes = Vec::new();
        if let Err(error) = write_pdu(&mut bytes, pdu) {
            return Err(AssociationError::Broken {
                at: self.place.at.clone(),
                step: self.place.step,
                source: io::Error::other(error.to_string()),
            });
        }
        self.wire.write_all(&bytes).map_err(|error| self.place.io(error, time.as_secs()))
    }

    /// Breaks off with A-ABORT(2, 6), for a peer that broke the rules.
    pub(crate) fn violation(&mut self, what: impl Into<String>) -> AssociationError {
        self.abort(2, 6);
        self.place.violation(what)
    }

    fn aborted(&mut self, source_code: u8, reason: u8) -> AssociationError {
        self.hang_up();
        let Place { at, calling, step, .. } = self.place.clone();
        AssociationError::Aborted { at, calling, step, source_code, reason }
    }

    /// A-ABORT (PS3.8 §9.3.8) and the end of the connection.
    pub(crate) fn abort(&mut self, source: u8, reason: u8) {
        self.wire.set_deadline(Instant::now() + Duration::from_secs(1));
        if let Err(error) = self.wire.write_all(&[7, 0, 0, 0, 0, 4, 0, 0, source, reason]) {
            tracing::debug!(%error, "the peer was gone before it could be told");
        }
        self.hang_up();
    }

    fn hang_up(&mut self) {
        self.open = false;
        self.wire.close();
    }

    /// Ends the association in good order. What was exchanged before stands even if this fails, so that is only logged.
    pub(crate) fn release(mut self) {
        let time = self.settings.timeouts.association;
        self.place.step = "releasing the association";
        let deadline = Instant::now() + time;
        self.wire.set_deadline(deadline);
        let mut result = self.write_small(&UlPdu::ReleaseRQ, time);
        while result.is_ok() {
            // answers that were under way when we cancelled may come first
            match self.read_pdu(time) {
                Ok(Pdu::ReleaseRequest) => result = self.write_small(&UlPdu::ReleaseRP, time),
                Ok(Pdu::Data) => {}
                Ok(Pdu::ReleaseReply | Pdu::Accepted(_) | Pdu::Rejected(_) | Pdu::Abort { .. }) => break,
                Err(error) => result = Err(error),
            }
        }
        if let Err(error) = result {
            tracing::debug!(%error, "the association ended without a release");
        }
        self.hang_up();
    }
}

impl Drop for Association {
    fn drop(&mut self) {
        if self.open {
            self.abort(0, 0);
        }
    }
}

/// Reads until `into` is full or the source ends.
fn fill(source: &mut dyn Read, into: &mut [u8]) -> io::Result<usize> {
    let mut held = 0;
    while held < into.len() {
        match source.read(&mut into[held..]) {
            Ok(0) => break,
            Ok(count) => held += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(held)
}

fn request(peer: &Peer, proposals: &[Proposal], settings: &Settings) -> AssociationRQ {
    let mut user_variables = vec![
        UserVariableItem::MaxLength(settings.limits.pdu_bytes),
        UserVariableItem::ImplementationClassUID(uids::IMPLEMENTATION.to_owned()),
    ];
    let mut named: Vec<&str> = Vec::new();
    for proposal in proposals.iter().filter(|proposal| proposal.as_scp) {
        // one role item a class, however many contexts it has (PS3.7 §D.3.3.4)
        if !named.contains(&proposal.class.as_str()) {
            named.push(&proposal.class);
            let roles = RequestorRoles { scu: false, scp: true };
            user_variables.push(UserVariableItem::ScuScpRoleSelectionSubItem(proposal.class.clone(), roles));
        }
    }
    user_variables.push(UserVariableItem::ImplementationVersionName(uids::IMPLEMENTATION_NAME.to_owned()));
    AssociationRQ {
        protocol_version: 1,
        calling_ae_title: peer.ae_calling.to_string(),
        called_ae_title: peer.ae_called.to_string(),
        application_context_name: uids::APPLICATION_CONTEXT.to_owned(),
        presentation_contexts: proposals
            .iter()
            .zip((1..=255).step_by(2))
            .map(|(proposal, id)| PresentationContextProposed {
                id,
                abstract_syntax: proposal.class.clone(),
                transfer_syntaxes: proposal.syntaxes.clone(),
            })
            .collect(),
        user_variables,
    }
}

fn connect_error(place: &Place, error: ConnectError, time: Duration) -> AssociationError {
    let at = place.at.clone();
    match error {
        ConnectError::Name(source) => AssociationError::UnknownHost { at, source },
        ConnectError::Io(source) => match source.kind() {
            io::ErrorKind::ConnectionRefused => AssociationError::Refused { at },
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => place.timeout(time.as_secs()),
            _ => AssociationError::Unreachable { at, source },
        },
    }
}
