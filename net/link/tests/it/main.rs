//! Links over real sockets: on the loopback address and through the link emulator.
#![expect(
    clippy::unwrap_used,
    clippy::missing_assert_message,
    clippy::print_stderr,
    reason = "helpers of tests: a panic is their answer"
)]

mod frames;
mod pki;
mod refused;
mod simulated;
mod streaming;
mod support;
