//! A person's own presets, a file each.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::file::MAX_BYTES;
use super::{Preset, PresetError, named};

/// No folder of presets is read beyond this many files.
const MAX_FILES: usize = 1000;

/// What a folder holds.
#[derive(Debug, Default)]
pub struct Folder {
    /// Its presets, by id.
    pub presets: Vec<Preset>,
    /// Files that are none, and why; to be told to the person whose folder it is.
    pub refused: Vec<(PathBuf, PresetError)>,
}

/// Reads every `.toml` of a folder, sorted by name. A bad file is refused with its reason and hinders no other; a
/// folder that does not exist is empty. Of more than 1,000 files the rest is not read.
///
/// # Errors
/// [`PresetError::File`] for a folder that cannot be listed.
pub fn in_folder(folder: &Path) -> Result<Folder, PresetError> {
    let mut found = Folder::default();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(error.into()),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new("toml")) {
            paths.push(path);
        }
    }
    paths.sort();
    for path in paths.into_iter().take(MAX_FILES) {
        match read(&path) {
            Ok(preset) => found.presets.push(preset),
            Err(error) => found.refused.push((path, error)),
        }
    }
    Ok(found)
}

fn read(path: &Path) -> Result<Preset, PresetError> {
    let id = path.file_stem().and_then(OsStr::to_str).ok_or(PresetError::Id)?;
    if named(id).is_some() {
        return Err(PresetError::Taken { id: id.to_owned() });
    }
    // a pipe of that name would keep us waiting for ever
    if !path.metadata()?.is_file() {
        return Err(std::io::Error::from(std::io::ErrorKind::InvalidInput).into());
    }
    let mut bytes = Vec::new();
    // one byte more than there may be tells a file that is too large, whatever its length is said to be
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Preset::read(id, &bytes)
}

impl Preset {
    /// Keeps the preset in a folder, in the place of an earlier one of its id, and gives the file's path. The file is
    /// whole or as it was before, whatever happens meanwhile.
    ///
    /// # Errors
    /// [`PresetError`] for an id that is none or that a shipped preset has, numbers that make no sense, or a file that
    /// cannot be written.
    pub fn save(&self, folder: &Path) -> Result<PathBuf, PresetError> {
        if !super::file::sound_id(&self.id) {
            return Err(PresetError::Id);
        }
        if named(&self.id).is_some() {
            return Err(PresetError::Taken { id: self.id.clone() });
        }
        let text = self.to_toml()?;
        std::fs::create_dir_all(folder)?;
        let path = folder.join(format!("{}.toml", self.id));
        let partial = folder.join(format!("{}.toml.part", self.id));
        let mut file = File::create(&partial)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&partial, &path)?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presets::list;

    #[test]
    fn a_saved_preset_is_found_again_and_a_bad_file_hinders_none() {
        let folder = tempfile::tempdir().unwrap();
        let own = Preset { id: "my_bone".into(), name_en: "Mine \"x\"".into(), ..list()[0].clone() };
        let path = own.save(folder.path()).unwrap();
        own.save(folder.path()).unwrap();
        std::fs::write(folder.path().join("broken.toml"), "name_en = 3").unwrap();
        std::fs::write(folder.path().join("Not An Id.toml"), "").unwrap();
        std::fs::write(folder.path().join("bone.toml"), own.to_toml().unwrap()).unwrap();
        std::fs::write(folder.path().join("large.toml"), vec![b'#'; 400_000]).unwrap();
        std::fs::create_dir(folder.path().join("folder.toml")).unwrap();
        std::fs::write(folder.path().join("readme.txt"), "no preset").unwrap();
        let found = in_folder(folder.path()).unwrap();
        assert_eq!(found.presets, std::slice::from_ref(&own));
        assert_eq!(found.refused.len(), 5);
        assert!(found.refused.iter().all(|(file, why)| *file != path && !why.to_string().is_empty()));
        assert!(in_folder(&folder.path().join("nowhere")).unwrap().presets.is_empty());
        let shipped = Preset { id: "bone".into(), ..own.clone() };
        assert!(matches!(shipped.save(folder.path()), Err(PresetError::Taken { .. })));
        let away = Preset { id: "../away".into(), ..own };
        assert!(matches!(away.save(folder.path()), Err(PresetError::Id)));
    }
}
