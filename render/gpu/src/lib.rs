//! wgpu device, read-back and adapter facts.
