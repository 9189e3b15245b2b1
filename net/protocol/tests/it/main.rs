//! The protocol as its peers see it.
#![expect(
    clippy::unwrap_used,
    clippy::missing_assert_message,
    reason = "helpers of tests: a panic is their answer"
)]

mod document;
mod frames;
mod golden;
mod mutation;
mod session;
