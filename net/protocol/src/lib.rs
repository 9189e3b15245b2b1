//! Messages, versions and sans-IO session state machines.
//!
//! Nothing here reads a socket or a clock: time is an argument, bytes go in and come out. The
//! transport is `net_link`.
//!
//! ```
//! use std::time::Duration;
//! use net_protocol::chunks::ChunkId;
//! use net_protocol::client::{ClientConfig, ClientEvent, ClientSession};
//! use net_protocol::messages::{ToClient, ToEdge};
//! use net_protocol::server::{ChunkInfo, ServerConfig, ServerEvent, ServerSession};
//!
//! let now = Duration::ZERO;
//! let mut client = ClientSession::new(ClientConfig::new("headset-7"), now);
//! let mut server = ServerSession::new(ServerConfig::new("edge-or-3", "session-1"), now);
//!
//! // the client wants to connect; the transport does; the client greets
//! assert!(matches!(client.tick(now)[..], [ClientEvent::Connect { attempt: 0 }]));
//! let mut to_edge = client.connected(now);
//! let (handle, none_yet) = client.open("volume-1"); // asked for as soon as the link is up
//! assert!(none_yet.is_empty());
//!
//! // the control stream, without a wire
//! let mut batches = Vec::new();
//! while !to_edge.is_empty() {
//!     let mut back: Vec<ToClient> = Vec::new();
//!     for event in to_edge.drain(..) {
//!         let ClientEvent::Send(message) = event else { continue };
//!         for event in server.receive(now, message) {
//!             match event {
//!                 ServerEvent::Send(message) => back.push(message),
//!                 ServerEvent::OpenVolume { handle, volume } => {
//!                     assert_eq!(volume, "volume-1");
//!                     let chunk = ChunkInfo { chunk: ChunkId { level: 2, brick: 0 }, len: 9 };
//!                     back.extend(server.opened(handle, serde_json::json!({"codec": "…"}), "etag", [chunk]).unwrap());
//!                 }
//!                 _ => {}
//!             }
//!         }
//!     }
//!     while let Some(batch) = server.next_batch() {
//!         batches.push(batch); // write each record and its bytes to one stream of this priority
//!     }
//!     to_edge = back.into_iter().flat_map(|message| client.receive(now, message)).collect();
//! }
//! assert_eq!(batches.len(), 1);
//! assert_eq!((batches[0].records[0].handle, batches[0].records[0].len), (handle, 9));
//! ```

pub mod bulk;
pub mod chunks;
pub mod client;
pub mod fec;
pub mod messages;
pub mod schedule;
pub mod server;
pub mod timeline;
pub mod version;
pub mod wire;
