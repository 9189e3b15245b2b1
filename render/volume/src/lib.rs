//! Draws anatomy: volumes, slices and meshes; shaders and their plain-Rust twins.
