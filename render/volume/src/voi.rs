//! Values of interest: which values go from black to white, and along which curve.

use meshing_volume::Phrase;
use serde::{Deserialize, Serialize};

use crate::Window;

/// The curves of DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3, VOI LUT Function (0028,1056).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VoiFunction {
    /// LINEAR (C.11.2.1.2.1), the default: the window's middle lies half a unit below its centre, and it is
    /// `width - 1` wide, since it was made for integers.
    #[default]
    Linear,
    /// LINEAR_EXACT (C.11.2.1.3.2): without that half and that one, for values such as SUV.
    LinearExact,
    /// SIGMOID (C.11.2.1.3.1): soft shoulders at both ends.
    Sigmoid,
}

/// A window and its curve.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Voi {
    /// Centre and width.
    pub window: Window,
    /// The curve.
    #[serde(default)]
    pub function: VoiFunction,
    /// Low values bright, as a MONOCHROME1 radiograph stores them. Volumes never need it: the readers turn grey
    /// scales without a unit over, and CT and PET keep their physical values.
    #[serde(default)]
    pub low_is_bright: bool,
}

/// How the shader is told: the curve's middle, its slope and its kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct VoiCurve {
    pub(crate) middle: f64,
    pub(crate) slope: f64,
    /// 0 linear, 1 step, 2 sigmoid.
    pub(crate) kind: u32,
}

impl Voi {
    /// The usual curve, LINEAR.
    pub const fn linear(center: f64, width: f64) -> Self {
        Self { window: Window::new(center, width), function: VoiFunction::Linear, low_is_bright: false }
    }

    /// LINEAR_EXACT.
    pub const fn linear_exact(center: f64, width: f64) -> Self {
        Self { function: VoiFunction::LinearExact, ..Self::linear(center, width) }
    }

    /// SIGMOID.
    pub const fn sigmoid(center: f64, width: f64) -> Self {
        Self { function: VoiFunction::Sigmoid, ..Self::linear(center, width) }
    }

    /// The grey of a value, 0 (black) to 1 (white), word for word as the standard has it. A width that the curve does
    /// not allow (below 1 for LINEAR, not above 0 for the others) is the narrowest one: a step.
    pub fn grey(&self, value: f64) -> f64 {
        let (c, w) = (self.window.center, self.window.width);
        let grey = match self.function {
            VoiFunction::Linear if value <= c - 0.5 - (w.max(1.0) - 1.0) / 2.0 => 0.0,
            VoiFunction::Linear if value > c - 0.5 + (w.max(1.0) - 1.0) / 2.0 => 1.0,
            VoiFunction::Linear => (value - (c - 0.5)) / (w - 1.0) + 0.5,
            VoiFunction::LinearExact if value <= c - w.max(0.0) / 2.0 => 0.0,
            VoiFunction::LinearExact if value > c + w.max(0.0) / 2.0 => 1.0,
            VoiFunction::LinearExact => (value - c) / w + 0.5,
            VoiFunction::Sigmoid if w > 0.0 => 1.0 / (1.0 + (-4.0 * (value - c) / w).exp()),
            VoiFunction::Sigmoid => f64::from(u8::from(value > c)),
        };
        if self.low_is_bright { 1.0 - grey } else { grey }
    }

    pub(crate) fn curve(&self) -> VoiCurve {
        let (c, w) = (self.window.center, self.window.width);
        let (middle, width, kind) = match self.function {
            VoiFunction::Linear => (c - 0.5, w - 1.0, 0),
            VoiFunction::LinearExact => (c, w, 0),
            VoiFunction::Sigmoid => (c, w / 4.0, 2),
        };
        // narrower than f32 can divide by is a step
        if width > 1e-6 {
            VoiCurve { middle, slope: 1.0 / width, kind }
        } else {
            VoiCurve { middle, slope: 0.0, kind: 1 }
        }
    }
}

impl From<Window> for Voi {
    fn from(window: Window) -> Self {
        Self { window, function: VoiFunction::Linear, low_is_bright: false }
    }
}

/// A window that radiologists call by a name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VoiPreset {
    /// Stable id, for example `brain`.
    pub id: &'static str,
    /// Its name.
    pub name: Phrase,
    /// The modality it is for.
    pub modality: &'static str,
    /// Centre and width, HU.
    pub voi: Voi,
}

const fn ct(id: &'static str, en: &'static str, zh: &'static str, center: f64, width: f64) -> VoiPreset {
    VoiPreset { id, name: Phrase::new(en, zh), modality: "CT", voi: Voi::linear(center, width) }
}

/// The windows of CT reading rooms. MR has none: its values have no unit, so its window comes from the volume's own
/// percentiles; PET's depends on its unit.
pub const VOI_PRESETS: &[VoiPreset] = &[
    ct("brain", "Brain", "脑", 40.0, 80.0),
    ct("stroke", "Stroke", "卒中", 35.0, 40.0),
    ct("subdural", "Subdural", "硬膜下", 75.0, 250.0),
    ct("soft_tissue", "Soft tissue", "软组织", 40.0, 400.0),
    ct("mediastinum", "Mediastinum", "纵隔", 40.0, 350.0),
    ct("abdomen", "Abdomen", "腹部", 50.0, 400.0),
    ct("liver", "Liver", "肝脏", 90.0, 150.0),
    ct("vessel", "CT angiography", "CT 血管造影", 300.0, 800.0),
    ct("lung", "Lung", "肺", -600.0, 1500.0),
    ct("bone", "Bone", "骨骼", 400.0, 1800.0),
    ct("temporal_bone", "Temporal bone", "耳部骨质", 700.0, 4000.0),
    ct("metal", "Metal", "金属", 3000.0, 8000.0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_curve_is_that_of_the_standard() {
        // notes 2 and 4 of C.11.2.1.2.1
        let voi = Voi::linear(2048.0, 4096.0);
        assert_eq!((voi.grey(0.0), voi.grey(4095.0)), (0.0, 1.0));
        let voi = Voi::linear(0.0, 100.0);
        assert_eq!((voi.grey(-50.0), voi.grey(49.0)), (0.0, 1.0));
        assert!(voi.grey(-49.99) > 0.0 && voi.grey(48.99) < 1.0);
        let voi = Voi::linear(0.0, 1.0);
        assert_eq!((voi.grey(-0.5), voi.grey(-0.4999)), (0.0, 1.0));
        let voi = Voi::linear_exact(0.0, 100.0);
        assert_eq!((voi.grey(-50.0), voi.grey(0.0), voi.grey(50.0)), (0.0, 0.5, 1.0));
        let voi = Voi::sigmoid(10.0, 8.0);
        assert_eq!(voi.grey(10.0), 0.5);
        assert!((voi.grey(14.0) - 1.0 / (1.0 + (-2.0_f64).exp())).abs() < 1e-15);
        let bright = Voi { low_is_bright: true, ..voi };
        assert!((bright.grey(14.0) + voi.grey(14.0) - 1.0).abs() < 1e-15);
        for width in [0.0, -3.0] {
            assert_eq!(
                (Voi::sigmoid(1.0, width).grey(1.0), Voi::linear_exact(1.0, width).grey(1.1)),
                (0.0, 1.0)
            );
            assert_eq!(Voi::linear(1.0, width).curve().kind, 1);
        }
    }

    #[test]
    fn named_windows_are_distinct_and_speak_both_languages() {
        for (n, preset) in VOI_PRESETS.iter().enumerate() {
            assert!(!preset.name.zh.is_ascii() && preset.voi.window.width >= 1.0);
            assert!(VOI_PRESETS[..n].iter().all(|p| p.id != preset.id));
        }
    }
}
