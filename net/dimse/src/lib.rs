//! Talking to a PACS as a DICOM service class user: echo, find, get, send.
//!
//! ```no_run
//! use meshing_volume::Silent;
//! use net_dimse::{Peer, Query, Settings, Wanted, echo, find, get};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let pacs: Peer = "ORTHANC@192.168.1.20:4242".parse()?;
//! let settings = Settings::default();
//! echo(&pacs, &settings)?;
//! let query = Query { modality: Some("CT".to_owned()), ..Query::default() };
//! for study in find(&pacs, &query, &settings, &Silent)?.matches {
//!     let wanted = Wanted { study_uid: study.study_uid, series_uid: None };
//!     let mut count = 0;
//!     let mut keep = |mut object: net_dimse::ReceivedObject| {
//!         count += 1;
//!         Ok(object.save(format!("{count}.dcm").as_ref())?)
//!     };
//!     get(&pacs, &wanted, &mut keep, &settings, &Silent)?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Calls block and belong on a worker thread; each opens one association and closes it. Everything foreign is bounded
//! ([`Limits`]) and every wait ends ([`Timeouts`]); a peer that breaks the rules is cut off with A-ABORT. Errors are
//! paragraphs for the person at the console and never contain patient data.
//!
//! Not here: TLS, C-MOVE, any service as a provider. Those belong to the gateway.

mod association;
mod command;
mod echo;
mod error;
mod find;
mod get;
mod identifier;
mod object;
mod part10;
mod pdu;
mod peer;
mod send;
mod settings;
mod text;
mod uids;
mod wire;

pub use echo::{EchoError, EchoReport, echo};
pub use error::AssociationError;
pub use find::{FindError, Found, Level, Match, Query, find};
pub use get::{GetError, GetReport, Sink, SinkError, Wanted, get};
pub use object::{Outgoing, ReceivedObject};
pub use pdu::Rejection;
pub use peer::{AeTitle, DEFAULT_CALLING, DEFAULT_PORT, Peer, PeerParseError};
pub use send::{SendError, SendFailure, SendFailureReason, SendReport, send};
pub use settings::{Limits, Settings, Timeouts};
