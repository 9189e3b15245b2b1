//! The services against real peers, and against peers that mean harm.

mod common;
mod echo;
mod find;
mod get;
mod hostile;
mod send;
