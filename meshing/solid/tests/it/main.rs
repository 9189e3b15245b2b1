//! Solids against analytic truth and brute force.

mod bodies;
mod booleans;
mod checks;
mod fields;
mod fuzz;
mod guides;
mod hostile;
mod models;
mod parts;
mod splints;
mod surfaces;
