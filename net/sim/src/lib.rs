//! User-space link emulator with named profiles.
//!
//! A [`Link`] is a UDP proxy between a client and a server: whoever sends to [`Link::addr`] reaches
//! the server through a link with the rate, queue, delay, jitter, loss and gaps of a [`Profile`]. It
//! needs no rights and no kernel module. What happens to a packet is decided by [`Shaper`], which has
//! neither socket nor clock. [`world`] runs QUIC over it in simulated time, [`lab`] holds programs that
//! send frames and bricks there.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use net_sim::{Link, Profile};
//!
//! let server = std::net::UdpSocket::bind("127.0.0.1:0")?;
//! let link = Link::start(&Profile::named("embb-good")?, server.local_addr()?, 1)?;
//! let client = std::net::UdpSocket::bind("127.0.0.1:0")?;
//! client.send_to(b"ping", link.addr())?; // arrives at the server 5 ms later, if at all
//! # let mut buffer = [0; 8];
//! # assert_eq!(server.recv_from(&mut buffer)?.0, 4);
//! assert_eq!(link.stats().up.packets, 1);
//! # Ok(())
//! # }
//! ```

pub mod lab;
mod link;
mod profile;
mod shaper;
pub mod world;

pub use link::{Link, LinkStats};
pub use profile::{Aqm, Bursts, Direction, Gap, GapKind, Profile, ProfileError, RateStep};
pub use shaper::{Counts, DropReason, Shaper, Verdict};
