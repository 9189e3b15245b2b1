//! Reading protocol data units within bounds (PS3.8 §9.3).
//!
//! dicom-ul 0.10.1 has good types and a good writer, but its receive path takes any announced length, so the reading is
//! ours: a length is checked before a byte is kept, and every count has a limit.

use std::io::{self, Read};

use dicom_ul::pdu::{
    AssociationAC, PresentationContextResult, PresentationContextResultReason, RequestorRoles,
    UserVariableItem,
};

/// Most presentation contexts of an association (PS3.8 §9.3.2.2: odd ids of one byte).
pub(crate) const CONTEXTS: usize = 128;
/// Most sub-items of the user information item that we look at.
const USER_ITEMS: usize = 1024;
/// Longest UID (PS3.5 §9.1).
const UID_BYTES: usize = 64;

/// Limits of one read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PduLimits {
    /// Longest body of an A-ASSOCIATE.
    pub(crate) associate_bytes: u32,
    /// Longest body of a P-DATA-TF.
    pub(crate) data_bytes: u32,
}

/// A-ASSOCIATE-RJ (PS3.8 §9.3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// 1 permanent, 2 transient.
    pub result: u8,
    /// 1 service user, 2 provider (ACSE), 3 provider (presentation).
    pub source: u8,
    /// Meaning depends on `source`.
    pub reason: u8,
}

/// What a requestor may receive.
#[derive(Debug)]
pub(crate) enum Pdu {
    /// A-ASSOCIATE-AC.
    Accepted(AssociationAC),
    /// A-ASSOCIATE-RJ.
    Rejected(Rejection),
    /// P-DATA-TF; its body lies in the caller's buffer.
    Data,
    /// A-RELEASE-RQ.
    ReleaseRequest,
    /// A-RELEASE-RP.
    ReleaseReply,
    /// A-ABORT.
    Abort {
        /// 0 service user, 2 service provider.
        source: u8,
        /// Meaning depends on the source.
        reason: u8,
    },
}

/// Why no PDU was read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PduError {
    #[error("the connection failed: {0}")]
    Io(#[from] io::Error),
    #[error("this is not DICOM but {looks_like}")]
    NotDicom { looks_like: &'static str },
    #[error("{what} of {length} bytes, where {limit} are allowed")]
    TooLong { what: &'static str, length: u32, limit: u32 },
    #[error("{what}")]
    Malformed { what: &'static str },
}

const fn malformed(what: &'static str) -> PduError {
    PduError::Malformed { what }
}

/// Reads one PDU. The body of a P-DATA-TF stays in `body`; nothing longer than `limits` is ever allocated.
pub(crate) fn read(source: &mut dyn Read, limits: PduLimits, body: &mut Vec<u8>) -> Result<Pdu, PduError> {
    let mut head = [0; 6];
    source.read_exact(&mut head)?;
    let length = u32::from_be_bytes([head[2], head[3], head[4], head[5]]);
    let (what, limit) = match head[0] {
        1 | 2 => ("an A-ASSOCIATE", limits.associate_bytes),
        4 => ("a P-DATA-TF", limits.data_bytes),
        3 | 5..=7 => ("a short PDU", 4),
        _ => return Err(PduError::NotDicom { looks_like: guess(head) }),
    };
    if length > limit {
        return Err(PduError::TooLong { what, length, limit });
    }
    if matches!(head[0], 3 | 5..=7) && length != 4 {
        return Err(malformed("a short PDU that is not 4 bytes long"));
    }
    body.clear();
    body.resize(length as usize, 0);
    source.read_exact(body)?;
    match head[0] {
        2 => accepted(body).map(Pdu::Accepted),
        3 => Ok(Pdu::Rejected(Rejection { result: body[1], source: body[2], reason: body[3] })),
        4 => Ok(Pdu::Data),
        5 => Ok(Pdu::ReleaseRequest),
        6 => Ok(Pdu::ReleaseReply),
        7 => Ok(Pdu::Abort { source: body[2], reason: body[3] }),
        _ => Err(malformed("an A-ASSOCIATE-RQ on a connection that we opened")),
    }
}

/// What else answers on a port that is not DICOM.
fn guess(head: [u8; 6]) -> &'static str {
    match &head {
        [b'H', b'T', b'T', b'P', ..] | [b'<', ..] => "a web server (HTTP)",
        [0x15 | 0x16, 0x03, ..] => "a TLS port (this program calls without TLS)",
        [b'S', b'S', b'H', b'-', ..] => "a remote login server (SSH)",
        [0x0b, ..] => "an HL7 port (MLLP)",
        [b'2', b'2', b'0', b' ' | b'-', ..] => "a mail or file server",
        _ => "another protocol",
    }
}

/// A-ASSOCIATE-AC (PS3.8 §9.3.3).
fn accepted(body: &[u8]) -> Result<AssociationAC, PduError> {
    if body.len() < 68 {
        return Err(malformed("an A-ASSOCIATE-AC that is too short"));
    }
    let mut answer = AssociationAC {
        protocol_version: u16::from_be_bytes([body[0], body[1]]),
        // both are echoed and "shall not be tested" (PS3.8 §9.3.3)
        called_ae_title: String::new(),
        calling_ae_title: String::new(),
        application_context_name: String::new(),
        presentation_contexts: Vec::new(),
        user_variables: Vec::new(),
    };
    for item in Items(&body[68..]) {
        let (kind, value) = item?;
        match kind {
            0x10 => answer.application_context_name = uid(value)?,
            0x21 => {
                if answer.presentation_contexts.len() >= CONTEXTS {
                    return Err(malformed("an A-ASSOCIATE-AC with more than 128 presentation contexts"));
                }
                answer.presentation_contexts.push(context(value)?);
            }
            0x50 => user_information(value, &mut answer.user_variables)?,
            _ => {}
        }
    }
    Ok(answer)
}

fn context(value: &[u8]) -> Result<PresentationContextResult, PduError> {
    use PresentationContextResultReason as Reason;
    let [id, _, reason, _, rest @ ..] = value else {
        return Err(malformed("a presentation context that is too short"));
    };
    let reason = match reason {
        0 => Reason::Acceptance,
        1 => Reason::UserRejection,
        3 => Reason::AbstractSyntaxNotSupported,
        4 => Reason::TransferSyntaxesNotSupported,
        _ => Reason::NoReason,
    };
    let mut transfer_syntax = String::new();
    // not to be looked at unless accepted (PS3.8 §9.3.3.2)
    if reason == Reason::Acceptance {
        match Items(rest).next().transpose()? {
            Some((0x40, value)) => transfer_syntax = uid(value)?,
            _ => return Err(malformed("an accepted presentation context without a transfer syntax")),
        }
    }
    Ok(PresentationContextResult { id: *id, reason, transfer_syntax })
}

fn user_information(value: &[u8], into: &mut Vec<UserVariableItem>) -> Result<(), PduError> {
    for item in Items(value) {
        let (kind, value) = item?;
        let item = match kind {
            0x51 => {
                let Ok(length) = <[u8; 4]>::try_from(value) else {
                    return Err(malformed("a maximum length that is not 4 bytes"));
                };
                UserVariableItem::MaxLength(u32::from_be_bytes(length))
            }
            0x52 => UserVariableItem::ImplementationClassUID(uid(value)?),
            0x55 => UserVariableItem::ImplementationVersionName(printable(&value[..value.len().min(16)])),
            0x54 => roles(value)?,
            _ => continue,
        };
        if into.len() >= USER_ITEMS {
            return Err(malformed("a user information item with too many parts"));
        }
        into.push(item);
    }
    Ok(())
}

/// SCP/SCU role selection (PS3.7 §D.3.3.4).
fn roles(value: &[u8]) -> Result<UserVariableItem, PduError> {
    let problem = malformed("a role selection item of the wrong length");
    let [high, low, rest @ ..] = value else { return Err(problem) };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    if rest.len() != length + 2 {
        return Err(problem);
    }
    let roles = RequestorRoles { scu: rest[length] == 1, scp: rest[length + 1] == 1 };
    Ok(UserVariableItem::ScuScpRoleSelectionSubItem(uid(&rest[..length])?, roles))
}

fn uid(value: &[u8]) -> Result<String, PduError> {
    let end = value.iter().rposition(|byte| !matches!(byte, 0 | b' ')).map_or(0, |last| last + 1);
    let text = &value[..end];
    if text.len() > UID_BYTES || !text.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') {
        return Err(malformed("a UID with other characters than digits and dots, or longer than 64"));
    }
    Ok(text.iter().map(|byte| char::from(*byte)).collect())
}

fn printable(value: &[u8]) -> String {
    let text: String =
        value.iter().map(|byte| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '?' }).collect();
    text.trim().to_owned()
}

/// Items of type, reserved byte, 16-bit length and value.
struct Items<'a>(&'a [u8]);

impl<'a> Iterator for Items<'a> {
    type Item = Result<(u8, &'a [u8]), PduError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let rest = std::mem::take(&mut self.0);
        let [kind, _, high, low, rest @ ..] = rest else {
            return Some(Err(malformed("an item that is cut off")));
        };
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if length > rest.len() {
            return Some(Err(malformed("an item that is longer than its PDU")));
        }
        let (value, rest) = rest.split_at(length);
        self.0 = rest;
        Some(Ok((*kind, value)))
    }
}

/// One presentation data value of a P-DATA-TF body (PS3.8 §9.3.5 and annex E).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pdv {
    /// Presentation context id.
    pub(crate) context: u8,
    /// Command fragment, else data set fragment.
    pub(crate) command: bool,
    /// Last fragment of its message part.
    pub(crate) last: bool,
    /// Where the fragment lies in the body.
    pub(crate) range: std::ops::Range<usize>,
}

/// The value that starts at `at`, or an error; `at` must be less than the body's length.
pub(crate) fn pdv(body: &[u8], at: usize) -> Result<Pdv, PduError> {
    let Some([a, b, c, d, context, flags]) = body.get(at..).and_then(|rest| rest.first_chunk::<6>()) else {
        return Err(malformed("a presentation data value that is cut off"));
    };
    let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
    let left = body.len() - at - 4;
    if length < 2 || length > left {
        return Err(malformed("a presentation data value that does not fit its PDU"));
    }
    Ok(Pdv {
        context: *context,
        command: flags & 1 == 1,
        last: flags & 2 == 2,
        range: at + 6..at + 4 + length,
    })
}

#[cfg(test)]
mod tests;
