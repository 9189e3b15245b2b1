//! Opening a device, with a clear answer when there is none.

use std::any::{Any, TypeId};
use std::sync::{Arc, Mutex, PoisonError};

use crate::health::Health;
use crate::{AdapterFacts, requirements};

/// The environment variable that names the adapter to use: part of its name in any case, or `software`.
pub const ADAPTER_VARIABLE: &str = "THEATRON_ADAPTER";

/// Why no device could be opened. Each message says what, what it means, and the next step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {
    /// The machine has no adapter at all, not even a software one.
    #[error(
        "no graphics adapter was found, so nothing can be drawn; install a Vulkan driver for the graphics \
         card, or the software one (on Debian and Ubuntu: apt install mesa-vulkan-drivers)"
    )]
    NoAdapter,
    /// The adapter that the environment asks for is not there.
    #[error(
        "no graphics adapter matches THEATRON_ADAPTER={wanted}, so nothing is drawn on another one in its \
         place; unset the variable or name one of: {present}"
    )]
    NotFound {
        /// What the environment asked for.
        wanted: String,
        /// The names of the adapters that are there.
        present: String,
    },
    /// The driver refused to open the device.
    #[error(
        "the driver of {name} refused to open a device; update it, or set THEATRON_ADAPTER=software to draw \
         on the processor"
    )]
    Device {
        /// The adapter's name.
        name: String,
        /// What the driver said.
        #[source]
        source: wgpu::RequestDeviceError,
    },
    /// The adapter of a device that is to be opened again is no longer there.
    #[error(
        "the graphics adapter {name} is no longer there, so its device cannot be opened again; connect it again, or \
         start anew on another one"
    )]
    Gone {
        /// The adapter's name.
        name: String,
    },
    /// The device was opened by somebody else.
    #[error(
        "the graphics device on {name} was opened by the window or the headset, which alone can open it again; close \
         the view and open it anew"
    )]
    Foreign {
        /// The adapter's name.
        name: String,
    },
}

/// A device, its queue, and what is known of the adapter. Clones share the device and what was made for it, so
/// keep one and clone it.
#[derive(Clone, Debug)]
pub struct Gpu {
    /// The wgpu device.
    pub device: wgpu::Device,
    /// Its queue.
    pub queue: wgpu::Queue,
    /// Facts of the adapter behind it.
    pub facts: AdapterFacts,
    made: Arc<Mutex<Made>>,
    /// What became of it; `None` for somebody else's device.
    pub(crate) health: Option<Arc<Health>>,
}

/// What was made once for a device, by its type.
type Made = Vec<(TypeId, Arc<dyn Any + Send + Sync>)>;

impl Gpu {
    /// Opens the best adapter without a window: a card before an integrated unit before the processor, or
    /// the one that [`ADAPTER_VARIABLE`] names.
    pub fn headless() -> Result<Self, GpuError> {
        Self::headless_on(std::env::var(ADAPTER_VARIABLE).ok().as_deref())
    }

    /// As [`Gpu::headless`], with the wanted adapter as an argument: part of its name, or `software`.
    pub fn headless_on(wanted: Option<&str>) -> Result<Self, GpuError> {
        let found = enumerate();
        let facts: Vec<_> =
            found.iter().map(|a| AdapterFacts::from_info(&a.get_info(), &a.limits())).collect();
        let chosen = choose(&facts, wanted)?;
        Self::open(&found[chosen], facts[chosen].clone())
    }

    /// Opens a device anew on the same adapter with the same features, after this one was lost. What was made on the
    /// old one is of no use on it: make renderers anew, and scenes by `render_volume`'s `Scene::on`.
    pub fn reopen(&self) -> Result<Self, GpuError> {
        let name = self.facts.name.clone();
        if self.health.is_none() {
            return Err(GpuError::Foreign { name });
        }
        // The drivers are asked afresh: an adapter that was reset, or its driver replaced, answers only a new instance.
        let mut found = enumerate().into_iter();
        let same = found.find(|a| AdapterFacts::from_info(&a.get_info(), &a.limits()) == self.facts);
        let adapter = same.ok_or(GpuError::Gone { name })?;
        Self::open(&adapter, self.facts.clone())
    }

    fn open(adapter: &wgpu::Adapter, facts: AdapterFacts) -> Result<Self, GpuError> {
        let needs = requirements();
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("theatron"),
            required_features: needs.features(adapter),
            required_limits: needs.limits(adapter),
            ..Default::default()
        }))
        .map_err(|source| GpuError::Device { name: facts.name.clone(), source })?;
        let health = Some(Health::watch(&device));
        let gpu = Self { device, queue, facts, made: Arc::default(), health };
        let faults: Vec<_> = gpu.facts.faults.iter().map(|fault| fault.id).collect();
        let (adapter, driver) = (&gpu.facts.name, &gpu.facts.driver_info);
        tracing::info!(adapter, driver, ?faults, "opened a graphics device");
        Ok(gpu)
    }

    /// Wraps a device that somebody else opened: Bevy, OpenXR or an edge server. It should have been opened
    /// with [`requirements`]; what is missing is worked around. Whoever opened it hears of its loss and of errors that
    /// nobody caught: their handlers are left as they are.
    pub fn from_parts(device: wgpu::Device, queue: wgpu::Queue, info: &wgpu::AdapterInfo) -> Self {
        let facts = AdapterFacts::from_info(info, &device.limits());
        Self { device, queue, facts, made: Arc::default(), health: None }
    }

    /// The one `T` of this device (pipelines, say), made at the first call. wgpu's own identities will not do as a
    /// key: devices of two instances may compare equal. `make` must not call `once` itself.
    pub fn once<T: Send + Sync + 'static>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let known = made.iter().find(|(id, _)| *id == TypeId::of::<T>());
        if let Some(known) = known.and_then(|(_, value)| value.clone().downcast::<T>().ok()) {
            return known;
        }
        let value = Arc::new(make());
        made.push((TypeId::of::<T>(), value.clone()));
        value
    }

    /// True when the device was opened with `feature`.
    pub fn has(&self, feature: wgpu::Features) -> bool {
        self.device.features().contains(feature)
    }
}

/// The adapters of this machine, best first. Empty when no driver is installed.
pub fn adapters() -> Vec<AdapterFacts> {
    let mut facts: Vec<_> =
        enumerate().iter().map(|a| AdapterFacts::from_info(&a.get_info(), &a.limits())).collect();
    facts.sort_by_key(|f| f.kind);
    facts
}

fn enumerate() -> Vec<wgpu::Adapter> {
    // OpenGL is not asked: it cannot do what is needed, and its loader complains aloud where there is no display.
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    descriptor.backends &= wgpu::Backends::PRIMARY;
    let instance = wgpu::Instance::new(descriptor);
    pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY))
}

/// The index of the adapter to open.
fn choose(facts: &[AdapterFacts], wanted: Option<&str>) -> Result<usize, GpuError> {
    let wanted = wanted.map(str::trim).filter(|w| !w.is_empty());
    let matches = |f: &AdapterFacts| {
        wanted.is_none_or(|w| {
            let w = w.to_lowercase();
            (w == "software" && f.software) || f.name.to_lowercase().contains(&w)
        })
    };
    let best = (0..facts.len()).filter(|&i| matches(&facts[i])).min_by_key(|&i| facts[i].kind);
    best.ok_or_else(|| match wanted {
        Some(w) if !facts.is_empty() => GpuError::NotFound {
            wanted: w.to_owned(),
            present: facts.iter().map(|f| f.name.as_str()).collect::<Vec<_>>().join(", "),
        },
        _ => GpuError::NoAdapter,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AdapterKind;

    fn facts(name: &str, kind: AdapterKind) -> AdapterFacts {
        AdapterFacts {
            name: name.to_owned(),
            backend: "vulkan".to_owned(),
            driver: String::new(),
            driver_info: String::new(),
            kind,
            software: kind == AdapterKind::Software,
            largest_texture_3d: 2048,
            largest_buffer_bytes: 1 << 30,
            largest_storage_binding_bytes: 1 << 27,
            both_eyes_at_once: false,
            faults: Vec::new(),
        }
    }

    #[test]
    fn hardware_comes_before_software_and_the_variable_before_both() {
        let list =
            [facts("llvmpipe (LLVM 15)", AdapterKind::Software), facts("Card X", AdapterKind::Discrete)];
        assert_eq!(choose(&list, None).unwrap(), 1);
        assert_eq!(choose(&list, Some("")).unwrap(), 1);
        assert_eq!(choose(&list, Some("software")).unwrap(), 0);
        assert_eq!(choose(&list, Some("LLVM")).unwrap(), 0);
        assert!(matches!(choose(&list, Some("card y")), Err(GpuError::NotFound { .. })));
    }

    #[test]
    fn without_a_driver_the_message_names_the_package() {
        let error = choose(&[], Some("software")).unwrap_err();
        assert!(matches!(error, GpuError::NoAdapter));
        assert!(error.to_string().contains("mesa-vulkan-drivers"));
    }
}
