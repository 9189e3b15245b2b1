//! Integration tests.

mod faces;
