//! 3MF: the print file that carries its unit, shared vertices and words about itself.
//!
//! Written to the 3MF Core Specification 1.3: an Open Packaging ZIP of `[Content_Types].xml`, `_rels/.rels` and
//! `3D/3dmodel.model`, unit millimetre; one mesh object, or one for each part with its colour. Coordinates are LPS mm, as the
//! metadata says.

mod model;

use std::io::{Cursor, Read as _, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

use crate::Mesh;
use crate::glb::Part;

/// The largest unpacked part that is read. A triangle takes some 40 bytes as XML, so this is about 25 million triangles.
const MAX_PART_BYTES: u64 = 1 << 30;
/// The largest packing ratio that is believed. XML of numbers packs about 1:5; a bomb packs 1:1000.
const MAX_RATIO: u64 = 100;
/// Most entries an archive may list.
const MAX_ENTRIES: usize = 10_000;
/// The largest relationships part that is read.
const MAX_RELATIONS_BYTES: u64 = 1 << 20;

const MODEL_PATH: &str = "3D/3dmodel.model";
const RELATIONS_PATH: &str = "_rels/.rels";

const CONTENT_TYPES: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8"?>"#,
    "\n",
    r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">"#,
    r#"<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>"#,
    r#"<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/>"#,
    "</Types>\n"
);
const RELATIONS: &str = concat!(
    r#"<?xml version="1.0" encoding="UTF-8"?>"#,
    "\n",
    r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">"#,
    r#"<Relationship Target="/3D/3dmodel.model" Id="rel0" "#,
    r#"Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/>"#,
    "</Relationships>\n"
);

/// Why bytes are not a usable 3MF file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ThreeMfError {
    /// The package is no ZIP archive or is damaged.
    #[error("the 3MF package cannot be opened: {0}")]
    Package(#[from] zip::result::ZipError),
    /// A part cannot be unpacked.
    #[error("a part of the 3MF package cannot be unpacked: {0}")]
    Unpack(#[from] std::io::Error),
    /// A part is too large, or packed more tightly than honest data is.
    #[error("the 3MF package is too large or packed suspiciously: {what}")]
    Bounds {
        /// Which bound.
        what: &'static str,
    },
    /// The model is no well-formed XML.
    #[error("the 3MF model is not well-formed XML: {0}")]
    Xml(#[from] quick_xml::Error),
    /// The model breaks the specification or uses what is not read here.
    #[error("the 3MF model is not usable: {what}")]
    Model {
        /// What about it.
        what: &'static str,
    },
}

/// Writes a mesh as 3MF in LPS mm under a title.
///
/// The same mesh and title give the same bytes (no time stamps). Give no patient data as a title. Coordinates are
/// written as the shortest decimals of 32-bit floats, as STL would hold them.
///
/// # Panics
/// If a triangle names a vertex that does not exist.
pub fn write(mesh: &Mesh, title: &str) -> Vec<u8> {
    write_about(mesh, title, &[])
}

/// As [`write()`], with further metadata in our namespace: names of letters, for example `Plan`, and what they say.
///
/// # Panics
/// As [`write()`].
pub fn write_about(mesh: &Mesh, title: &str, about: &[(&str, &str)]) -> Vec<u8> {
    package(model::write(&[(mesh, None)], title, about))
}

/// Writes parts as objects of their own with names and colours (base materials), placed as they lie together. Give no
/// patient data as names.
///
/// # Panics
/// As [`write()`].
pub fn write_parts(parts: &[Part<'_>], title: &str, about: &[(&str, &str)]) -> Vec<u8> {
    let objects: Vec<model::Out<'_>> =
        parts.iter().map(|part| (part.mesh, Some((part.name, part.colour)))).collect();
    package(model::write(&objects, title, about))
}

fn package(model: Vec<u8>) -> Vec<u8> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default());
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let parts: [(&str, Vec<u8>); 3] = [
        ("[Content_Types].xml", CONTENT_TYPES.into()),
        (RELATIONS_PATH, RELATIONS.into()),
        (MODEL_PATH, model),
    ];
    for (name, content) in parts {
        zip.start_file(name, options.large_file(content.len() as u64 > u64::from(u32::MAX)))
            .expect("three fixed names make a valid archive");
        zip.write_all(&content).expect("writing into memory does not fail");
    }
    zip.finish().expect("writing into memory does not fail").into_inner()
}

/// Reads the meshes that a 3MF file builds, as one mesh in mm.
///
/// Read: every unit, several objects, items with transforms. Not read, and said so: components, and extensions that the
/// file declares as required. Unpacked sizes, packing ratio, depth and all indices are bounded and checked.
///
/// # Errors
/// [`ThreeMfError`] for anything that is not a complete 3MF file with at least one mesh.
pub fn read(bytes: &[u8]) -> Result<Mesh, ThreeMfError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))?;
    if archive.len() > MAX_ENTRIES {
        return Err(ThreeMfError::Bounds { what: "too many entries" });
    }
    let relations = part(&mut archive, RELATIONS_PATH, MAX_RELATIONS_BYTES)?;
    let path = model::start_part(&relations)?;
    let content = part(&mut archive, path.trim_start_matches('/'), MAX_PART_BYTES)?;
    model::read(&content)
}

/// Unpacks one part within bounds, whatever the directory of the archive claims.
fn part(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str, limit: u64) -> Result<Vec<u8>, ThreeMfError> {
    let entry = archive.by_name(name)?;
    let by_ratio = entry.compressed_size().saturating_mul(MAX_RATIO).saturating_add(1 << 12);
    let limit = limit.min(by_ratio);
    if entry.size() > limit {
        return Err(ThreeMfError::Bounds { what: "a part unpacks to too much" });
    }
    let mut content = Vec::new();
    entry.take(limit + 1).read_to_end(&mut content)?;
    if content.len() as u64 > limit {
        return Err(ThreeMfError::Bounds { what: "a part unpacks to more than it announces" });
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::tests::tetrahedron;

    fn package(parts: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in parts {
            zip.start_file(*name, SimpleFileOptions::default()).expect("start");
            zip.write_all(content).expect("write");
        }
        zip.finish().expect("finish").into_inner()
    }

    fn model(body: &str) -> Vec<u8> {
        let xml = format!(
            r#"<model unit="millimeter" xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02">{body}</model>"#
        );
        package(&[(RELATIONS_PATH, RELATIONS.as_bytes()), (MODEL_PATH, xml.as_bytes())])
    }

    const TRIANGLE: &str = r#"<mesh><vertices><vertex x="0" y="0" z="0"/><vertex x="1" y="0" z="0"/>
        <vertex x="0" y="1" z="0"/></vertices><triangles><triangle v1="0" v2="1" v3="2"/></triangles></mesh>"#;

    #[test]
    fn a_mesh_comes_back_from_its_bytes() {
        let bytes = write(&tetrahedron(), "a <bone> & \"more\" \u{9aa8}");
        assert_eq!(bytes, write(&tetrahedron(), "a <bone> & \"more\" \u{9aa8}"));
        assert_eq!(read(&bytes).expect("own file"), tetrahedron());
    }

    #[test]
    fn items_place_their_objects_and_units_become_millimetres() {
        let body = format!(
            r#"<resources><object id="7" type="model">{TRIANGLE}</object></resources><build>
            <item objectid="7"/><item objectid="7" transform="1 0 0 0 1 0 0 0 1 10 0 -5"/></build>"#
        );
        let mesh = read(&model(&body)).expect("two items");
        assert_eq!(mesh.triangles, [[0, 1, 2], [3, 4, 5]]);
        assert_eq!(mesh.positions[4].to_array(), [11.0, 0.0, -5.0]);
        let xml = format!(r#"<model unit="inch">{body}</model>"#);
        let inches = package(&[(RELATIONS_PATH, RELATIONS.as_bytes()), (MODEL_PATH, xml.as_bytes())]);
        assert_eq!(read(&inches).expect("inches").positions[1].to_array(), [25.4, 0.0, 0.0]);
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let item = r#"<build><item objectid="1"/></build>"#;
        for (body, word) in [
            (format!(r#"<resources><object id="1"><components/></object></resources>{item}"#), "components"),
            (
                format!(
                    r#"<resources><object id="1">{}</object></resources>{item}"#,
                    TRIANGLE.replace("v3=\"2\"", "v3=\"3\"")
                ),
                "vertex",
            ),
            (
                format!(
                    r#"<resources><object id="1">{}</object></resources>{item}"#,
                    TRIANGLE.replace("x=\"1\"", "x=\"NaN\"")
                ),
                "number",
            ),
            (format!(r#"<resources><object id="2">{TRIANGLE}</object></resources>{item}"#), "object"),
            (String::new(), "no mesh"),
            ("<a>".repeat(100) + &"</a>".repeat(100), "deep"),
        ] {
            let error = read(&model(&body)).expect_err(&body).to_string();
            assert!(error.contains(word), "{error}");
        }
        assert!(matches!(read(b"PK"), Err(ThreeMfError::Package(_))));
        assert!(matches!(read(&package(&[("a", b"b")])), Err(ThreeMfError::Package(_))));
    }

    #[test]
    fn a_bomb_is_refused() {
        let spaces = vec![b' '; 64 << 20];
        let bomb = package(&[(RELATIONS_PATH, RELATIONS.as_bytes()), (MODEL_PATH, &spaces)]);
        assert!(bomb.len() < 1 << 20);
        assert!(matches!(read(&bomb), Err(ThreeMfError::Bounds { .. })));
    }
}
