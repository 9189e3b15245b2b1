//! Where looks come from: presets that ship with the program, a person's own, and files of other programs.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use meshing_volume::{Told as _, Volume, Words};
use render_volume::import::{self, ImportError, Imported};
use render_volume::presets::{self, Folder, Preset};
use render_volume::{IsoSurface, Look, TransferFunction};

use crate::faults::{sentence, unreadable};
use crate::{Fault, FaultKind};

/// Endings of files that hold a look.
const ENDINGS: [&str; 6] = ["toml", "vp", "json", "mrml", "xml", "1dt"];

/// A look for one volume, and what is to be said of it.
#[derive(Clone, Debug)]
pub struct ChosenLook {
    /// Id of the preset, or the name of its file.
    pub id: String,
    /// Its name.
    pub name: Words,
    /// The modality it was made for, where that is known.
    pub modality: Option<String>,
    /// Whether its values are shares of the volume's own range.
    pub relative: bool,
    /// The file it came from; none for what ships with the program.
    pub file: Option<PathBuf>,
    /// What another program's file says and the look leaves out.
    pub left_out: Vec<Words>,
    /// The look for the volume.
    pub look: Look,
}

impl ChosenLook {
    fn of_preset(preset: &Preset, file: Option<PathBuf>, volume: &Volume) -> Self {
        Self {
            id: preset.id.clone(),
            name: Words::new(&preset.name_en, &preset.name_zh),
            modality: Some(preset.modality.clone()),
            relative: preset.relative,
            file,
            left_out: Vec::new(),
            look: preset.look_for(volume),
        }
    }

    /// What to beware of when a volume of a modality is shown so: the same colours then stand for something else.
    pub fn caution(&self, modality: &str) -> Option<Words> {
        let made_for = self.modality.as_deref().filter(|made_for| *made_for != modality)?;
        let shown = if modality.is_empty() { "?" } else { modality };
        Some(if self.relative {
            Words::new(
                format!(
                    "Preset made for {made_for}, scan is {shown}: colours stand for shares of this scan's own range"
                ),
                format!("预设用于 {made_for}，扫描为 {shown}：颜色表示占此扫描自身范围的比例"),
            )
        } else {
            Words::new(
                format!("Preset made for {made_for} (HU), scan is {shown}: colours do not stand for tissues"),
                format!("预设用于 {made_for}（HU），扫描为 {shown}：颜色不代表组织"),
            )
        })
    }
}

/// A look with every opacity multiplied and every value moved, in the volume's unit. What is not finite changes nothing.
pub fn tuned(look: &Look, opacity: f32, shift: f64) -> Look {
    let opacity = if opacity.is_finite() && opacity >= 0.0 { opacity } else { 1.0 };
    let dense = look.transfer.with_opacity(opacity);
    let transfer = dense.stretched(1.0, shift as f32).unwrap_or(dense);
    let by = if shift.is_finite() { shift as f32 } else { 0.0 };
    let moved = |s: &IsoSurface| IsoSurface {
        value: s.value + by,
        opacity: (s.opacity * opacity).clamp(0.0, 1.0),
        ..*s
    };
    Look { transfer, surfaces: look.surfaces.iter().map(moved).collect(), ..look.clone() }
}

/// The presets at hand: those that ship with the program, and a person's own.
#[derive(Debug, Default)]
pub struct Shelf {
    /// Where a person's own are.
    pub folder: PathBuf,
    own: Folder,
}

impl Shelf {
    /// Reads a person's own presets; a folder that does not exist is empty.
    ///
    /// # Errors
    /// A folder that cannot be listed.
    pub fn open(folder: &Path) -> Result<Self, Fault> {
        let own = presets::in_folder(folder).map_err(|error| {
            Fault::new(
                FaultKind::Internal,
                (
                    format!("The presets in {} cannot be read.", folder.display()),
                    format!("无法读取 {} 中的预设。", folder.display()),
                ),
                sentence(error.words()),
                ("Name another folder with --presets.", "请用 --presets 指定其他文件夹。"),
            )
        })?;
        Ok(Self { folder: folder.to_path_buf(), own })
    }

    /// Every preset, those that ship first; true for a person's own.
    pub fn all(&self) -> impl Iterator<Item = (&Preset, bool)> {
        presets::list().iter().map(|p| (p, false)).chain(self.own.presets.iter().map(|p| (p, true)))
    }

    /// Files of the folder that are no presets, and why.
    pub fn refused(&self) -> impl Iterator<Item = (&Path, Words)> {
        self.own.refused.iter().map(|(file, why)| (file.as_path(), why.words()))
    }

    /// The look of a preset's id or of a file, for a volume. `named` chooses one where a file holds several.
    ///
    /// # Errors
    /// An id that nobody has, a file that cannot be read or holds no look, or a name that is not in it.
    pub fn choose(&self, wanted: &str, named: Option<&str>, volume: &Volume) -> Result<ChosenLook, Fault> {
        let path = Path::new(wanted);
        if is_file_of_look(path) {
            return of_file(path, named, volume);
        }
        if let Some((preset, own)) = self.all().find(|(preset, _)| preset.id == wanted) {
            let file = own.then(|| self.folder.join(format!("{}.toml", preset.id)));
            return Ok(ChosenLook::of_preset(preset, file, volume));
        }
        let ids: Vec<&str> = self.all().map(|(preset, _)| preset.id.as_str()).collect();
        let broken: Vec<String> = self
            .refused()
            .filter(|(file, _)| file.file_stem() == Some(OsStr::new(wanted)))
            .map(|(file, why)| format!(" {}: {}.", file.display(), why.en))
            .collect();
        Err(Fault::new(
            FaultKind::Usage,
            (format!("There is no preset {wanted:?}."), format!("没有预设 {wanted:?}。")),
            (format!("Nothing was drawn.{}", broken.concat()), "没有绘制任何内容。".to_owned()),
            (
                format!(
                    "The presets are: {}; or give a file ({}).",
                    ids.join(", "),
                    ENDINGS.map(|e| format!(".{e}")).join(" ")
                ),
                format!(
                    "可用的预设：{}；或给出文件（{}）。",
                    ids.join("、"),
                    ENDINGS.map(|e| format!(".{e}")).join(" ")
                ),
            ),
        ))
    }
}

/// Whether a word names a file of a look and not a preset.
fn is_file_of_look(path: &Path) -> bool {
    let ending = path.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase);
    path.components().count() > 1 || ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

fn of_file(path: &Path, named: Option<&str>, volume: &Volume) -> Result<ChosenLook, Fault> {
    let bytes = bounded(path)?;
    let ending = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
    let stem = path.file_stem().and_then(OsStr::to_str).unwrap_or_default();
    let wrong = |why: Words| no_look(path, &why);
    let found = match ending.as_str() {
        "toml" => {
            // the id of a shared file may be that of a shipped preset: it is not kept here
            let id = if stem.is_empty() { "own" } else { stem };
            let preset = Preset::read(id, &bytes).map_err(|error| wrong(error.words()))?;
            return Ok(ChosenLook::of_preset(&preset, Some(path.to_path_buf()), volume));
        }
        "vp" => import::vp(&bytes).map(|one| vec![one]),
        "1dt" => {
            let (low, high) = volume.range();
            let finest = volume.grid().spacing_mm().into_iter().fold(f64::INFINITY, f64::min);
            import::one_dt(&bytes, [low, high], finest).map(|one| vec![one])
        }
        "mrml" | "xml" => import::mrml(&bytes).and_then(|all| {
            let first = all.iter().find_map(|one| one.as_ref().err()).cloned();
            let good: Vec<Imported> = all.into_iter().flatten().collect();
            if good.is_empty() { Err(first.unwrap_or(ImportError::NoFunction)) } else { Ok(good) }
        }),
        "json" => import::vp_json(&bytes).or_else(|_another| paraview(&bytes, volume)),
        _ => {
            return Err(Fault::new(
                FaultKind::Usage,
                (
                    format!("{} holds no look that is known here.", path.display()),
                    format!("无法识别 {} 的外观文件格式。", path.display()),
                ),
                ("Nothing was drawn.", "没有绘制任何内容。"),
                (
                    format!("Known are {}.", ENDINGS.map(|e| format!(".{e}")).join(" ")),
                    format!("可识别：{}。", ENDINGS.map(|e| format!(".{e}")).join(" ")),
                ),
            ));
        }
    };
    let one = the_one(path, found.map_err(|error| wrong(error.words()))?, named)?;
    let name = if one.name.is_empty() { stem.to_owned() } else { one.name.clone() };
    Ok(ChosenLook {
        id: stem.to_owned(),
        name: Words::new(&name, &name),
        modality: None,
        relative: false,
        file: Some(path.to_path_buf()),
        left_out: one.unused,
        look: one.look,
    })
}

/// Colour maps of ParaView often run from 0 to 1 and are stretched over the data when they are applied.
fn paraview(bytes: &[u8], volume: &Volume) -> Result<Vec<Imported>, ImportError> {
    let mut found = import::paraview(bytes, None)?;
    let (low, high) = volume.range();
    let unit = |transfer: &TransferFunction| transfer.points().iter().all(|p| p.value.abs() <= 1.0);
    if high - low > 10.0 && found.iter().any(|one| unit(&one.look.transfer)) {
        let spread = import::paraview(bytes, Some([low, high]))?;
        for (one, mut spread) in found.iter_mut().zip(spread) {
            if unit(&one.look.transfer) {
                spread.unused.push(Words::new(
                    format!("The file's values lie within -1 to 1: they were spread over this scan's range, {low} to {high}."),
                    format!("文件中的数值在 -1 到 1 之间：已拉伸到此扫描的范围 {low} 到 {high}。"),
                ));
                *one = spread;
            }
        }
    }
    Ok(found)
}

/// The one look of a file, or the one of a name.
fn the_one(path: &Path, found: Vec<Imported>, named: Option<&str>) -> Result<Imported, Fault> {
    let names: Vec<String> = found.iter().map(|one| one.name.clone()).collect();
    let (count, listed) = (found.len(), names.join(", "));
    let listed_zh = names.join("、");
    let mut fitting = found.into_iter().filter(|one| named.is_none_or(|name| one.name == name));
    match (fitting.next(), count == 1 || named.is_some()) {
        (Some(one), true) => Ok(one),
        _ => Err(Fault::new(
            FaultKind::Usage,
            named.map_or_else(
                || {
                    Words::new(
                        format!("{} holds {count} looks.", path.display()),
                        format!("{} 中有 {count} 个外观。", path.display()),
                    )
                },
                |name| {
                    Words::new(
                        format!("{} holds no look {name:?}.", path.display()),
                        format!("{} 中没有外观 {name:?}。", path.display()),
                    )
                },
            ),
            ("Nothing was drawn.", "没有绘制任何内容。"),
            (
                format!("Name one with --preset-name: {listed}."),
                format!("请用 --preset-name 指定一个：{listed_zh}。"),
            ),
        )),
    }
}

/// The bytes of a file that is no pipe and not larger than a look can be.
fn bounded(path: &Path) -> Result<Vec<u8>, Fault> {
    let read = || -> std::io::Result<Vec<u8>> {
        if !path.metadata()?.is_file() {
            return Err(std::io::ErrorKind::InvalidInput.into());
        }
        let mut bytes = Vec::new();
        File::open(path)?.take(import::MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    read().map_err(|error| {
        // a file that is not there is a wrong argument
        match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::InvalidInput => Fault::new(
                FaultKind::Usage,
                (format!("There is no file {}.", path.display()), format!("没有文件 {}。", path.display())),
                ("Nothing was drawn.", "没有绘制任何内容。"),
                (
                    "Give a preset's id (--list-presets shows them) or a file.",
                    "请给出预设标识（--list-presets 可列出）或文件。",
                ),
            ),
            _ => unreadable(path, &error),
        }
    })
}

fn no_look(path: &Path, why: &Words) -> Fault {
    Fault::new(
        FaultKind::Refused,
        (
            format!("{} cannot be used as a look.", path.display()),
            format!("{} 不能用作外观。", path.display()),
        ),
        sentence(why.clone()),
        ("Nothing was drawn.", "没有绘制任何内容。"),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use meshing_space::Point;
    use meshing_volume::{Grid, VolumeMeta, Voxels};

    use super::*;

    fn volume() -> Arc<Volume> {
        let grid = Grid::axis_aligned([4, 4, 4], Point::origin(), [1.0; 3]).expect("a grid");
        let voxels = Voxels::I16((0..64).map(|n| n * 30 - 1000).collect());
        Arc::new(Volume::new(grid, voxels, VolumeMeta::default()).expect("a volume"))
    }

    #[test]
    fn looks_come_from_ids_own_folders_and_files_of_other_programs() {
        let folder = tempfile::tempdir().expect("a folder");
        let bone = presets::named("bone").expect("bone");
        let own = Preset { id: "mine".into(), ..bone.clone() };
        own.save(folder.path()).expect("saved");
        std::fs::write(folder.path().join("bad.toml"), "no = 1").expect("written");
        let shelf = Shelf::open(folder.path()).expect("a shelf");
        let volume = volume();
        assert_eq!(shelf.choose("bone", None, &volume).expect("shipped").look, bone.look);
        assert!(shelf.choose("mine", None, &volume).expect("own").file.is_some());
        let error = shelf.choose("bad", None, &volume).expect_err("bad");
        assert!(error.exit_code() == 2 && error.to_string().contains("bad.toml"), "{error}");
        assert!(shelf.choose("nothing", None, &volume).expect_err("none").to_string().contains("vessel"));

        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).expect("written");
            path.display().to_string()
        };
        let vp = write(
            "slicer.vp",
            "0\n1\n0.9\n0.1\n0.2\n10\n4 100 0 400 0.8\n4 0 1 255 0.5\n8 100 0.6 0.1 0 400 1 1 0.9\n",
        );
        let look = shelf.choose(&vp, None, &volume).expect("a .vp");
        assert!(!look.left_out.is_empty() && look.modality.is_none(), "{look:?}");
        let table = write("table.1dt", "2\n0 0 0 0\n1 1 1 0.5\n");
        let spread = shelf.choose(&table, None, &volume).expect("a .1dt").look.transfer;
        assert_eq!(spread.points().last().map(|p| p.value), Some(890.0));
        let map = write(
            "map.json",
            r#"[{"Name":"grey","RGBPoints":[0,0,0,0,1,1,1,1]},{"Name":"hot","RGBPoints":[0,0,0,0,1,1,0,0]}]"#,
        );
        let error = shelf.choose(&map, None, &volume).expect_err("two");
        assert!(error.to_string().contains("grey, hot"), "{error}");
        let hot = shelf.choose(&map, Some("hot"), &volume).expect("hot");
        assert!(hot.left_out.iter().any(|w| w.en.contains("spread over")), "{hot:?}");
        for (name, text, code) in [("wrong.vp", "x", 3), ("wrong.json", "{}", 3), ("scene.mrml", "<a/>", 3)] {
            let error = shelf.choose(&write(name, text), None, &volume).expect_err(name);
            assert!(error.exit_code() == code && error.chinese().is_some(), "{name}: {error}");
        }
        assert_eq!(shelf.choose("./nowhere.vp", None, &volume).expect_err("none").exit_code(), 2);
    }

    #[test]
    fn a_look_is_made_denser_and_moved() {
        let bone = &presets::named("bone").expect("bone").look;
        let dense = tuned(bone, 2.0, 100.0);
        let pairs = || bone.transfer.points().iter().zip(dense.transfer.points());
        assert!(pairs().all(|(a, b)| (b.value - a.value - 100.0).abs() < 1e-3));
        assert!(pairs().all(|(a, b)| (b.opacity_per_mm - (2.0 * a.opacity_per_mm).min(1.0)).abs() < 1e-6));
        assert_eq!(&tuned(bone, f32::NAN, f64::INFINITY), bone);
    }

    #[test]
    fn a_preset_of_another_modality_is_warned_of() {
        let shelf = Shelf::open(Path::new("/nowhere at all")).expect("empty");
        let bone = shelf.choose("bone", None, &volume()).expect("bone");
        assert!(bone.caution("CT").is_none());
        assert!(bone.caution("MR").is_some_and(|w| w.en.contains("HU") && !w.zh.is_ascii()));
        let mr = shelf.choose("mr", None, &volume()).expect("mr");
        assert!(mr.caution("CT").is_some_and(|w| w.en.contains("own range")));
    }
}
