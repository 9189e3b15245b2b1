//! What is known of an adapter, as plain data for reports, `doctor` and the window's lamp.

use std::fmt;

use serde::Serialize;

use crate::known_faults::{self, KnownFault};

/// The kind of device behind an adapter, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AdapterKind {
    /// A graphics card with its own memory.
    Discrete,
    /// A graphics unit that shares the processor's memory.
    Integrated,
    /// A graphics unit handed to a virtual machine.
    Virtual,
    /// The driver does not say.
    Unknown,
    /// Drawn by the processor (lavapipe, WARP): right but slow.
    Software,
}

/// Facts of one adapter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AdapterFacts {
    /// The device's name as the driver gives it.
    pub name: String,
    /// The programming interface in use, for example `vulkan`.
    pub backend: String,
    /// The driver's name.
    pub driver: String,
    /// The driver's version text.
    pub driver_info: String,
    /// The kind of device.
    pub kind: AdapterKind,
    /// True when the processor draws; a lamp in the window says so.
    pub software: bool,
    /// Voxels along an axis of the largest 3D texture: what a volume may have at most.
    pub largest_texture_3d: u32,
    /// Bytes of the largest buffer: what a surface may have at most.
    pub largest_buffer_bytes: u64,
    /// Bytes of a storage buffer that a shader sees at once.
    pub largest_storage_binding_bytes: u64,
    /// Whether both eyes of a headset are drawn in one pass (multiview); else one after the other.
    pub both_eyes_at_once: bool,
    /// Known faults of its driver.
    pub faults: Vec<KnownFault>,
}

impl fmt::Display for AdapterFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.software { ", drawing in software" } else { "" };
        write!(f, "{} ({}{how})", self.name, self.backend)
    }
}

impl AdapterFacts {
    /// Facts from what wgpu reports of an adapter, and the limits of the adapter or of a device on it.
    pub fn from_info(info: &wgpu::AdapterInfo, limits: &wgpu::Limits) -> Self {
        let kind = match info.device_type {
            wgpu::DeviceType::DiscreteGpu => AdapterKind::Discrete,
            wgpu::DeviceType::IntegratedGpu => AdapterKind::Integrated,
            wgpu::DeviceType::VirtualGpu => AdapterKind::Virtual,
            wgpu::DeviceType::Cpu => AdapterKind::Software,
            wgpu::DeviceType::Other => AdapterKind::Unknown,
        };
        let mut facts = Self {
            name: info.name.clone(),
            backend: info.backend.to_string(),
            driver: info.driver.clone(),
            driver_info: info.driver_info.clone(),
            kind,
            software: kind == AdapterKind::Software,
            largest_texture_3d: limits.max_texture_dimension_3d,
            largest_buffer_bytes: limits.max_buffer_size,
            largest_storage_binding_bytes: limits.max_storage_buffer_binding_size,
            both_eyes_at_once: false,
            faults: Vec::new(),
        };
        facts.faults = known_faults::of(&facts);
        let layers = limits.max_multiview_view_count >= 2;
        facts.both_eyes_at_once = layers && !facts.has_fault(known_faults::MULTIVIEW_LAYERS);
        facts
    }

    /// All of it in lines for a person, in English.
    pub fn report(&self) -> String {
        let kind = match self.kind {
            AdapterKind::Discrete => "a card of its own memory",
            AdapterKind::Integrated => "integrated, shares the processor's memory",
            AdapterKind::Virtual => "of a virtual machine",
            AdapterKind::Unknown => "of a kind that its driver does not say",
            AdapterKind::Software => "the processor draws",
        };
        let mib = |bytes: u64| bytes >> 20;
        let mut lines = vec![
            format!("{self}: {kind}; driver {} {}", self.driver, self.driver_info),
            format!(
                "volumes to {} voxels an axis, buffers to {} MiB, {} MiB of storage at once",
                self.largest_texture_3d,
                mib(self.largest_buffer_bytes),
                mib(self.largest_storage_binding_bytes),
            ),
        ];
        let eyes = if self.both_eyes_at_once { "both eyes in one pass" } else { "an eye at a time" };
        lines.push(format!("headsets: {eyes}"));
        let faults = self.faults.iter();
        lines.extend(faults.map(|f| format!("known fault {}: {}; {}", f.id, f.what, f.instead)));
        lines.join("\n  ")
    }

    /// Whether its driver has a known fault, by the fault's name.
    pub fn has_fault(&self, id: &str) -> bool {
        self.faults.iter().any(|fault| fault.id == id)
    }
}
