//! QUIC links: mutual TLS, streams by priority, reconnect.
//!
//! The state machines are in `net_protocol`; here are their socket, their clock and their keys.
//!
//! ```
//! use net_link::pki::{self, Device, Identity, Role};
//! use net_link::{Listener, UniPayload, connect};
//! use net_protocol::messages::{BrickRecord, Hello, ToClient, ToEdge};
//! use net_protocol::server::Batch;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = std::env::temp_dir().join(format!("net-link-doc-{}", std::process::id()));
//! // once a site: an authority; once a device: a certificate
//! let (ca, edge, headset) = (folder.join("ca"), folder.join("edge"), folder.join("headset"));
//! pki::create_site_ca(&ca, "st-mary")?;
//! pki::issue(&ca, &edge, &Device::new("edge-or-3", Role::Edge))?;
//! pki::issue(&ca, &headset, &Device::new("headset-7", Role::Client))?;
//!
//! # let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
//! # runtime.block_on(async {
//! // the edge
//! let mut listener = Listener::bind("127.0.0.1:0".parse()?, &Identity::load(&edge)?).await?;
//! let addr = listener.local_addr()?;
//! let serving = tokio::spawn(async move {
//!     let connection = listener.accept().await.unwrap()?;
//!     assert_eq!(connection.peer().device, "headset-7");
//!     let (to_client, mut from_client) = connection.edge_control().await?;
//!     assert!(matches!(from_client.recv().await?, Some(ToEdge::Hello(_))));
//!     to_client.send(&ToClient::Welcome(Default::default())).await?; // really: what `ServerSession` says
//!     let record = BrickRecord { handle: 1, brick: 0, total: 3, offset: 0, len: 3, level: 2 };
//!     let batch = Batch { priority: 0, records: vec![record], then: None };
//!     connection.send_batch(&batch, |_| Some(b"abc".as_slice().into())).await?;
//!     Ok::<_, net_link::LinkError>(connection.lost().await)
//! });
//!
//! // the client
//! let connection = connect(addr, &Identity::load(&headset)?).await?;
//! let (to_edge, mut from_edge) = connection.client_control().await?;
//! to_edge.send(&ToEdge::Hello(Hello { client: "headset-7".into(), ..Hello::default() })).await?;
//! assert!(matches!(from_edge.recv().await?, Some(ToClient::Welcome(_))));
//! let UniPayload::Bricks(fragments) = connection.accept_uni().await?.read().await? else { panic!() };
//! assert_eq!(&fragments[0].1[..], b"abc");
//! connection.close(&Default::default());
//! serving.await??;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! # })?;
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok(())
//! # }
//! ```

pub mod congestion;
mod connection;
mod control;
mod error;
mod frames;
mod outbox;
pub mod pki;
mod streams;
mod transport;

pub use congestion::CongestionControl;
pub use connection::{Connection, LinkStats, Listener, connect, connect_with};
pub use control::{ControlReceiver, ControlSender};
pub use error::{CertificateFault, CertificateProblem, LinkError, Whose};
pub use frames::{FrameEvent, FrameReceiver, FrameSender};
pub use pki::{Identity, Peer, Role};
pub use streams::{FrameInFlight, UniPayload, UniStream};
pub use transport::{ALPN, LinkConfig, client_config, server_config};
