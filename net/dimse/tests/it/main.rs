//! The services against real peers, and against peers that mean harm.

#![expect(clippy::unwrap_used, clippy::missing_assert_message, reason = "helpers of tests fail as tests do")]

mod common;
mod echo;
mod find;
mod get;
mod hostile;
mod send;
