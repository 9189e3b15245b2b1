//! Solids against analytic truth and brute force.

mod booleans;
mod checks;
mod fields;
mod fuzz;
mod guides;
mod hostile;
mod parts;
