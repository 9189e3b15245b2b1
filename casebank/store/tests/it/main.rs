//! The bank from the outside: on a good disk, on a full one, on a damaged one, and killed in the middle.

#![expect(
    clippy::unwrap_used,
    clippy::missing_assert_message,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test fails by panicking, and helpers of tests speak to the test that started them"
)]

mod audit;
mod cases;
mod child;
mod crash;
mod damage;
mod disk;
mod objects;
mod samples;
mod search;
