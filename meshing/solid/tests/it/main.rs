//! Solids against analytic truth and brute force.

mod booleans;
mod fuzz;
