//! `docs/protocol.md` carries a hash of the message files, so that nobody changes one without the other.

use std::path::{Path, PathBuf};

/// BLAKE3 over the message files and `version.rs`: for each, in order of name, its name, a line end and its text.
fn hash_of_messages(source: &Path) -> String {
    let mut files: Vec<PathBuf> = std::fs::read_dir(source.join("messages"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .chain([source.join("messages.rs"), source.join("version.rs")])
        .collect();
    files.sort();
    let mut hasher = blake3::Hasher::new();
    for file in files {
        hasher.update(file.file_name().unwrap().to_string_lossy().as_bytes());
        hasher.update(b"\n");
        hasher.update(&std::fs::read(&file).unwrap());
    }
    hasher.finalize().to_hex().to_string()
}

#[test]
fn the_document_describes_these_messages() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = root.join("../../docs/protocol.md");
    let text = std::fs::read_to_string(&document).unwrap();
    let hash = hash_of_messages(&root.join("src"));
    let marker = "Messages: `";
    let start = text.find(marker).expect("the document carries a hash of the messages") + marker.len();
    let stated = &text[start..start + text[start..].find('`').unwrap()];
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&document, text.replace(stated, &hash)).unwrap();
        return;
    }
    assert_eq!(
        stated, hash,
        "the message files have changed: bring docs/protocol.md up to date, then let UPDATE_GOLDEN=1 write the hash"
    );
}

/// Every message is named in the document.
#[test]
fn the_document_names_every_message() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol.md"))
        .unwrap();
    let types = crate::golden::to_edge()
        .iter()
        .map(|message| serde_json::to_value(message).unwrap())
        .chain(crate::golden::to_client().iter().map(|message| serde_json::to_value(message).unwrap()))
        .map(|value| value["type"].as_str().unwrap().to_owned())
        .filter(|name| name != "unknown")
        .collect::<Vec<_>>();
    let missing: Vec<_> = types.iter().filter(|name| !text.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "not in docs/protocol.md: {missing:?}");
}
