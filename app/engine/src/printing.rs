//! Printers and materials, from `assets/print` or a file of the hospital's own.

use std::path::Path;
use std::sync::OnceLock;

use casebank_case::Words;
use serde::{Deserialize, Serialize};

use crate::{Fault, FaultKind};

/// Largest profile file, bytes.
const FILE_MAX: u64 = 64 * 1024;

/// Files by id.
const FILES: &[(&str, &str)] = &[
    ("fff-250", include_str!("../../../assets/print/fff-250.toml")),
    ("sla-145", include_str!("../../../assets/print/sla-145.toml")),
    ("sls-300", include_str!("../../../assets/print/sls-300.toml")),
    ("metal-250", include_str!("../../../assets/print/metal-250.toml")),
    ("pla", include_str!("../../../assets/print/pla.toml")),
    ("resin-guide", include_str!("../../../assets/print/resin-guide.toml")),
    ("pa12", include_str!("../../../assets/print/pa12.toml")),
    ("ti64", include_str!("../../../assets/print/ti64.toml")),
];

/// What a class of printers can do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Printer {
    /// English name.
    pub name_en: String,
    /// Chinese name.
    pub name_zh: String,
    /// How it prints: `fff`, `sla`, `sls`, `lpbf`.
    pub process: String,
    /// What fits on it, mm.
    pub build_volume_mm: [f64; 3],
    /// Height of a layer, mm.
    pub layer_mm: f64,
    /// Thinnest wall that it makes reliably, mm.
    pub min_wall_mm: f64,
    /// Narrowest hole that it makes reliably, mm.
    pub min_hole_mm: f64,
    /// How far a printed surface may lie from the file, mm.
    pub accuracy_mm: f64,
    /// Overhangs flatter than this need support, degrees from the plate; 0: none needs it.
    pub overhang_deg: f64,
}

/// What a class of materials asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Material {
    /// English name.
    pub name_en: String,
    /// Chinese name.
    pub name_zh: String,
    /// The processes that print it.
    pub processes: Vec<String>,
    /// Density, g/cm³.
    pub density_g_cm3: f64,
    /// Thinnest wall of a guide or splint made of it, mm.
    pub min_wall_mm: f64,
    /// Whether kinds of it are sold for contact with patients.
    pub patient_contact: bool,
    /// How it may be sterilised: `none`, `steam`, `plasma`.
    pub sterilisation: String,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Profile {
    Printer(Printer),
    Material(Material),
}

/// A profile with its id.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Named<T> {
    /// Stable id, or the path of the file it came from.
    pub id: String,
    /// The profile.
    #[serde(flatten)]
    pub profile: T,
}

/// All profiles that ship with the program.
fn shipped() -> &'static [(&'static str, Profile)] {
    static LIST: OnceLock<Vec<(&str, Profile)>> = OnceLock::new();
    LIST.get_or_init(|| {
        let read = |text| toml::from_str(text).expect("a profile that ships is read by a test");
        FILES.iter().map(|(id, text)| (*id, read(text))).collect()
    })
}

/// The printers that ship with the program, by id.
pub fn printers() -> Vec<Named<Printer>> {
    let named = |(id, profile): &(&str, Profile)| match profile {
        Profile::Printer(printer) => Some(Named { id: (*id).to_owned(), profile: printer.clone() }),
        Profile::Material(_) => None,
    };
    shipped().iter().filter_map(named).collect()
}

/// The materials that ship with the program, by id.
pub fn materials() -> Vec<Named<Material>> {
    let named = |(id, profile): &(&str, Profile)| match profile {
        Profile::Material(material) => Some(Named { id: (*id).to_owned(), profile: material.clone() }),
        Profile::Printer(_) => None,
    };
    shipped().iter().filter_map(named).collect()
}

/// The printer of an id, or of a `.toml` file.
///
/// # Errors
/// An id that is not known, or a file that is no printer.
pub fn printer(id: &str) -> Result<Named<Printer>, Fault> {
    match from_file(id)? {
        Some(Profile::Printer(profile)) if sound(&profile) => Ok(Named { id: id.to_owned(), profile }),
        Some(_) => Err(no_profile(id, ("It does not describe a printer.", "它没有描述打印机。"))),
        None => printers().into_iter().find(|named| named.id == id).ok_or_else(|| {
            let ids: Vec<String> = printers().into_iter().map(|named| named.id).collect();
            unknown(("printer", "打印机"), id, &ids)
        }),
    }
}

/// The material of an id, or of a `.toml` file.
///
/// # Errors
/// An id that is not known, or a file that is no material.
pub fn material(id: &str) -> Result<Named<Material>, Fault> {
    match from_file(id)? {
        Some(Profile::Material(profile)) if usable(&profile) => Ok(Named { id: id.to_owned(), profile }),
        Some(_) => Err(no_profile(id, ("It does not describe a material.", "它没有描述材料。"))),
        None => materials().into_iter().find(|named| named.id == id).ok_or_else(|| {
            let ids: Vec<String> = materials().into_iter().map(|named| named.id).collect();
            unknown(("material", "材料"), id, &ids)
        }),
    }
}

fn sound(printer: &Printer) -> bool {
    let lengths = [printer.layer_mm, printer.min_wall_mm, printer.min_hole_mm, printer.accuracy_mm];
    lengths.iter().chain(&printer.build_volume_mm).all(|mm| (0.001..=10_000.0).contains(mm))
        && (0.0..90.0).contains(&printer.overhang_deg)
}

fn usable(material: &Material) -> bool {
    (0.01..=100.0).contains(&material.min_wall_mm)
        && (0.05..=30.0).contains(&material.density_g_cm3)
        && !material.processes.is_empty()
        && ["none", "steam", "plasma"].contains(&material.sterilisation.as_str())
}

/// The profile in a file, if the id is the name of one.
fn from_file(id: &str) -> Result<Option<Profile>, Fault> {
    let path = Path::new(id);
    if path.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("toml")) {
        return Ok(None);
    }
    let size = std::fs::metadata(path).map_err(|error| crate::faults::unreadable(path, &error))?.len();
    if size > FILE_MAX {
        return Err(no_profile(id, ("It is larger than 64 KiB.", "文件超过 64 KiB。")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| crate::faults::unreadable(path, &error))?;
    let read = toml::from_str(&text);
    read.map(Some).map_err(|error: toml::de::Error| {
        // What the reader says of it is said in English only.
        let line =
            error.span().map_or(1, |span| text.get(..span.start).unwrap_or_default().lines().count().max(1));
        let (en, zh) =
            (format!("Line {line}: {}.", error.message()), format!("第 {line} 行不是配置中应有的内容。"));
        no_profile(id, (en, zh))
    })
}

fn no_profile(id: &str, why: impl Into<Words>) -> Fault {
    Fault::new(
        FaultKind::Usage,
        (format!("The file {id:?} cannot be used."), format!("无法使用文件 {id:?}。")),
        why,
        ("`assets/print` has examples.", "`assets/print` 中有示例。"),
    )
}

fn unknown(kind: (&str, &str), id: &str, ids: &[String]) -> Fault {
    Fault::new(
        FaultKind::Usage,
        (format!("There is no {} {id:?}.", kind.0), format!("没有{} {id:?}。", kind.1)),
        ("Nothing was checked.", "没有进行检查。"),
        (
            format!("Name one of these or a .toml file: {}.", ids.join(", ")),
            format!("请指定其中一个，或 .toml 文件：{}。", ids.join("、")),
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_that_ships_is_sound_and_printable_by_something() {
        let (printers, materials) = (printers(), materials());
        assert_eq!(printers.len() + materials.len(), FILES.len());
        assert!(printers.iter().all(|named| sound(&named.profile)));
        assert!(materials.iter().all(|named| usable(&named.profile)));
        for material in &materials {
            let prints = |p: &Named<Printer>| material.profile.processes.contains(&p.profile.process);
            assert!(printers.iter().any(prints), "{}", material.id);
        }
        assert!(printer("fff-250").is_ok() && material("pla").is_ok());
    }

    #[test]
    fn what_is_no_profile_is_refused_with_what_there_is() {
        let told = printer("mk4").expect_err("unknown").to_string();
        assert!(told.contains("fff-250") && !told.contains("pla,"), "{told}");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("own.toml");
        let id = file.to_str().expect("a name");
        assert!(printer(id).is_err(), "missing");
        let good = FILES[0].1;
        for (text, works) in [
            (good.to_owned(), true),
            (format!("{good}\ncolour = 3\n"), false),
            (good.replace("0.9", "-1.0"), false),
            (good.replace("210, 210]", "210]"), false),
            (FILES[4].1.to_owned(), false),
            ("x".repeat(100_000), false),
        ] {
            std::fs::write(&file, text).expect("written");
            assert_eq!(printer(id).is_ok(), works);
        }
        assert!(material(id).is_err(), "too large");
        let good = FILES[4].1;
        for (text, works) in [
            (good.to_owned(), true),
            // A wall that is no number would leave the printer's limit alone.
            (good.replace("min_wall_mm = 2.0", "min_wall_mm = nan"), false),
            (good.replace("\"none\"", "\"fire\""), false),
            (FILES[0].1.to_owned(), false),
        ] {
            std::fs::write(&file, text).expect("written");
            assert_eq!(material(id).is_ok(), works);
        }
    }
}
