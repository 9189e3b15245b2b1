//! Links over real sockets: on the loopback address and through the link emulator.

mod frames;
mod pki;
mod refused;
mod streaming;
mod support;
