//! Integration tests.

mod burned_in;
mod faces;
mod methods;
mod models;
