//! Project tasks: ci, tidy, dist.

fn main() {}
