//! Integration tests.

mod burned_in;
mod changes;
mod faces;
mod methods;
mod models;
