//! What is known of an adapter, as plain data for reports, `doctor` and the window's lamp.

use std::fmt;

use serde::Serialize;

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
}

impl fmt::Display for AdapterFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.software { ", drawing in software" } else { "" };
        write!(f, "{} ({}{how})", self.name, self.backend)
    }
}

impl AdapterFacts {
    /// Facts from what wgpu reports.
    pub fn from_info(info: &wgpu::AdapterInfo) -> Self {
        let kind = match info.device_type {
            wgpu::DeviceType::DiscreteGpu => AdapterKind::Discrete,
            wgpu::DeviceType::IntegratedGpu => AdapterKind::Integrated,
            wgpu::DeviceType::VirtualGpu => AdapterKind::Virtual,
            wgpu::DeviceType::Cpu => AdapterKind::Software,
            wgpu::DeviceType::Other => AdapterKind::Unknown,
        };
        Self {
            name: info.name.clone(),
            backend: info.backend.to_string(),
            driver: info.driver.clone(),
            driver_info: info.driver_info.clone(),
            kind,
            software: kind == AdapterKind::Software,
        }
    }
}
