//! wgpu device, read-back and adapter facts.
//!
//! What is here: finding an adapter (hardware first, software when there is none), opening a device with
//! the few optional features that drawing profits from, reading pictures back, and pasting the shared parts
//! of WGSL files together. What is not here: anything that draws (`render_volume` does).
//!
//! ```no_run
//! let gpu = render_gpu::Gpu::headless()?;
//! assert!(!gpu.facts.name.is_empty());
//! # Ok::<(), render_gpu::GpuError>(())
//! ```

mod device;
mod facts;
mod health;
mod known_faults;
mod readback;
mod requirements;
pub mod wgsl;

pub use device::{ADAPTER_VARIABLE, Gpu, GpuError, adapters};
pub use facts::{AdapterFacts, AdapterKind};
pub use health::DeviceError;
pub use known_faults::{
    FILTER_RG8, KNOWN_FAULTS, KnownFault, LOOP_TURNS, MULTIVIEW_LAYERS, STORAGE_BINDING, THREE_VOLUMES,
};
pub use readback::{ReadError, ReadTexture, read_buffer, read_rgba, read_texture, read_texture_layer};
pub use requirements::{Requirements, requirements};
