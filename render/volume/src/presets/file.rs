//! A preset as text.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::{Preset, PresetError};
use crate::{GradientPoint, IsoSurface, Look, Mode, Shading, TransferFunction, TransferPoint, Window};

/// A preset's file may be this large.
pub(super) const MAX_BYTES: u64 = 256 << 10;
const MAX_POINTS: usize = 4096;
const MAX_NAME: usize = 200;

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    name_en: String,
    name_zh: String,
    modality: String,
    /// Values are 0..1 from the volume's 1st to its 99.5th percentile.
    #[serde(default)]
    relative: bool,
    mode: Mode,
    window: Window,
    #[serde(default)]
    shading: Shading,
    #[serde(default = "half")]
    step_voxels: f32,
    points: Vec<TransferPoint>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    surfaces: Vec<IsoSurface>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    gradient_opacity: Vec<GradientPoint>,
}

fn half() -> f32 {
    0.5
}

impl Preset {
    /// Reads a preset from the bytes of its file.
    ///
    /// # Errors
    /// [`PresetError`] for bytes that are none, or numbers that make no sense.
    pub fn read(id: &str, bytes: &[u8]) -> Result<Self, PresetError> {
        if !sound_id(id) {
            return Err(PresetError::Id);
        }
        if bytes.len() as u64 > MAX_BYTES {
            return Err(PresetError::TooLarge { bytes: bytes.len() as u64, limit: MAX_BYTES });
        }
        let reason = |reason: String| PresetError::Syntax { reason };
        let text = std::str::from_utf8(bytes).map_err(|_not_utf8| reason("it is not text".to_owned()))?;
        let file: File = toml::from_str(text).map_err(|error| reason(error.message().to_owned()))?;
        check(&file)?;
        let points = PresetError::Value { what: "points" };
        Ok(Self {
            id: id.to_owned(),
            name_en: file.name_en,
            name_zh: file.name_zh,
            modality: file.modality,
            look: Look {
                mode: file.mode,
                window: file.window,
                transfer: TransferFunction::new(file.points).ok_or(points)?,
                shading: file.shading,
                step_voxels: file.step_voxels,
                surfaces: file.surfaces,
                gradient_opacity: file.gradient_opacity,
            },
            relative: file.relative,
        })
    }

    /// The preset as the text of its file; [`Preset::read`] gives the same preset back.
    ///
    /// # Errors
    /// [`PresetError`] for one that could not be read back.
    pub fn to_toml(&self) -> Result<String, PresetError> {
        let file = File {
            name_en: self.name_en.clone(),
            name_zh: self.name_zh.clone(),
            modality: self.modality.clone(),
            relative: self.relative,
            mode: self.look.mode,
            window: self.look.window,
            shading: self.look.shading,
            step_voxels: self.look.step_voxels,
            points: Vec::new(),
            surfaces: self.look.surfaces.clone(),
            gradient_opacity: self.look.gradient_opacity.clone(),
        };
        let points = self.look.transfer.points();
        check(&File { points: points.to_vec(), ..clone_of(&file) })?;
        let broken = |error: toml::ser::Error| PresetError::Syntax { reason: error.to_string() };
        // a corner a line, as a person edits them; single values stand before tables in TOML
        let mut lines = String::from("points = [\n");
        for point in points {
            let [value, r, g, b, opacity] = <[f32; 5]>::from(*point);
            writeln!(lines, "    [{value:?}, {r:?}, {g:?}, {b:?}, {opacity:?}],")
                .map_err(|_full| PresetError::Id)?;
        }
        lines.push_str("]\n");
        let rest = toml::to_string(&file).map_err(broken)?;
        let unit = if self.relative {
            "value (share of the volume's range, 1st to 99.5th percentile)"
        } else {
            "value"
        };
        Ok(format!(
            "# {unit}, red, green, blue, opacity per mm\n{}",
            rest.replacen("points = []\n", &lines, 1)
        ))
    }
}

fn clone_of(file: &File) -> File {
    File {
        name_en: file.name_en.clone(),
        name_zh: file.name_zh.clone(),
        modality: file.modality.clone(),
        points: Vec::new(),
        surfaces: file.surfaces.clone(),
        gradient_opacity: file.gradient_opacity.clone(),
        ..*file
    }
}

pub(super) fn sound_id(id: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-';
    (1..=64).contains(&id.len()) && id.bytes().all(letter)
}

fn check(file: &File) -> Result<(), PresetError> {
    let fail = |what| Err(PresetError::Value { what });
    let named =
        |name: &str| !name.trim().is_empty() && name.len() <= MAX_NAME && !name.chars().any(char::is_control);
    if !named(&file.name_en) || !named(&file.name_zh) {
        return fail("name");
    }
    if !named(&file.modality) {
        return fail("modality");
    }
    let (c, w) = (file.window.center, file.window.width);
    if !(c.is_finite() && w.is_finite() && c.abs() < 1e9 && w > 0.0 && w < 1e9) {
        return fail("window");
    }
    let s = &file.shading;
    let terms = [s.ambient, s.diffuse, s.specular].into_iter().all(|t| (0.0..=4.0).contains(&t));
    let strengths = [s.occlusion, s.shadow].into_iter().all(|t| (0.0..=1.0).contains(&t));
    let terms = terms && strengths;
    let [from, to] = s.gradient_per_mm;
    if !(terms && (1.0..=1000.0).contains(&s.shininess) && from >= 0.0 && to >= from && to.is_finite()) {
        return fail("shading");
    }
    if !(0.1..=4.0).contains(&file.step_voxels) {
        return fail("step_voxels");
    }
    let corner = |p: &TransferPoint| {
        p.value.is_finite()
            && p.value.abs() < 1e9
            && p.colour.into_iter().chain([p.opacity_per_mm]).all(|c| (0.0..=1.0).contains(&c))
    };
    if file.points.len() > MAX_POINTS || !file.points.iter().all(corner) {
        return fail("points");
    }
    let surface = |s: &IsoSurface| {
        s.value.is_finite()
            && s.value.abs() < 1e9
            && s.colour.into_iter().chain([s.opacity]).all(|c| (0.0..=1.0).contains(&c))
    };
    let enough = file.mode != Mode::Iso || !file.surfaces.is_empty();
    if !enough || file.surfaces.len() > Look::SURFACES || !file.surfaces.iter().all(surface) {
        return fail("surfaces");
    }
    let by_gradient = |p: &GradientPoint| (0.0..1e9).contains(&p.per_mm) && (0.0..=1.0).contains(&p.share);
    if file.gradient_opacity.len() > MAX_POINTS || !file.gradient_opacity.iter().all(by_gradient) {
        return fail("gradient_opacity");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use meshing_volume::Told as _;

    use super::*;
    use crate::presets::list;

    #[test]
    fn every_preset_comes_back_from_its_text() {
        for preset in list() {
            let text = preset.to_toml().unwrap();
            assert_eq!(&Preset::read(&preset.id, text.as_bytes()).unwrap(), preset, "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_reason() {
        let good = list()[0].to_toml().unwrap();
        let broken = [
            good.replace("mode = \"dvr\"", "mode = \"magic\""),
            good.replace("[190.0,", "[nan,"),
            good.replace("[190.0,", "[190.0, 7.0,"),
            good.replace("width = 1800.0", "width = -1.0"),
            good.replace("shininess = 28.0", "shininess = inf"),
            good.replace("name_zh = \"骨骼\"", "name_zh = \"\""),
            good.replace("modality", "modulity"),
            good.split("points").next().unwrap().to_owned()
                + "points = []\n[window]\ncenter = 1.0\nwidth = 2.0\n",
            "x".repeat(300_000),
            String::new(),
        ];
        for text in broken {
            assert_ne!(text, good);
            let error = Preset::read("own", text.as_bytes()).unwrap_err();
            assert!(error.to_string().len() > 20 && !error.chinese().is_ascii(), "{error}");
        }
        for id in ["", "Bone", "../bone", "a b", &"x".repeat(65)] {
            assert!(matches!(Preset::read(id, good.as_bytes()), Err(PresetError::Id)), "{id}");
        }
        assert!(Preset::read("own", &[0xff, 0xfe]).is_err());
    }
}
