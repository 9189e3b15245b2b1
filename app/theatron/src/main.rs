//! The command: everything but the window.

fn main() {}
