//! PLY (Stanford polygon format 1.0): text or binary, without a unit; ours is binary little endian in LPS mm and says so.
//!
//! Own code: the crates for it keep each element as a map of properties, which millions of triangles do not bear, and take
//! the counts of the header on trust.

use crate::Mesh;
use crate::mesh_file::{Gathered, MOST, MeshFileError, malformed};

const FORMAT: &str = "PLY";
/// The longest header that is read.
const HEADER_MAX: usize = 1 << 16;
/// Most corners of a polygon.
const CORNERS_MAX: u64 = 1 << 16;

/// What a vertex of a map carries: its figure, and the colour that stands for it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mapped {
    /// The figure, in the unit of the map; property `quality`, the name under which viewers look for it.
    pub value: f32,
    /// Red, green, blue.
    pub colour: [u8; 3],
}

/// Writes a mesh, LPS mm, 32-bit floats.
pub fn write(mesh: &Mesh) -> Vec<u8> {
    written(mesh, &[])
}

/// Writes a mesh as [`write()`] does, with a figure and a colour at each vertex.
///
/// # Panics
/// If there is not one for each vertex.
pub fn write_map(mesh: &Mesh, map: &[Mapped]) -> Vec<u8> {
    assert_eq!(map.len(), mesh.positions.len(), "one for each vertex");
    written(mesh, map)
}

fn written(mesh: &Mesh, map: &[Mapped]) -> Vec<u8> {
    let more = if map.is_empty() {
        ""
    } else {
        "property uchar red\nproperty uchar green\nproperty uchar blue\nproperty float quality\n"
    };
    let mut bytes = format!(
        "ply\nformat binary_little_endian 1.0\ncomment Theatron, LPS mm\nelement vertex {}\n\
         property float x\nproperty float y\nproperty float z\n{more}element face {}\n\
         property list uchar int vertex_indices\nend_header\n",
        mesh.positions.len(),
        mesh.triangles.len()
    )
    .into_bytes();
    bytes.reserve(mesh.positions.len() * 12 + map.len() * 7 + mesh.triangles.len() * 13);
    for (n, position) in mesh.positions.iter().enumerate() {
        for x in position.to_array() {
            bytes.extend_from_slice(&(x as f32).to_le_bytes());
        }
        if let Some(mapped) = map.get(n) {
            bytes.extend_from_slice(&mapped.colour);
            bytes.extend_from_slice(&mapped.value.to_le_bytes());
        }
    }
    for triangle in &mesh.triangles {
        bytes.push(3);
        for v in triangle {
            bytes.extend_from_slice(&v.to_le_bytes());
        }
    }
    bytes
}

/// Reads the vertices and faces; coordinates are multiplied by `mm_per_unit`. Polygons become fans; other elements and
/// properties are passed over.
///
/// # Errors
/// [`MeshFileError`] for bytes that are no PLY with at least one face.
pub fn read(bytes: &[u8], mm_per_unit: f64) -> Result<Mesh, MeshFileError> {
    let (header, body) = header(bytes)?;
    let mut source = Source { form: header.form, rest: body };
    let mut mesh = Gathered::default();
    for element in &header.elements {
        let place = |name: &str| element.properties.iter().position(|p| p.name == name);
        let xyz = [place("x"), place("y"), place("z")];
        let list = place("vertex_indices").or_else(|| place("vertex_index"));
        let mut row = Vec::new();
        let mut corners = Vec::new();
        for _ in 0..element.count {
            row.clear();
            for (n, property) in element.properties.iter().enumerate() {
                match property.list {
                    None => row.push(source.number(property.kind)?),
                    Some(length) => {
                        let length = source.number(length)?;
                        if !(0.0..=CORNERS_MAX as f64).contains(&length) {
                            return Err(malformed(FORMAT, "a list is too long"));
                        }
                        corners.clear();
                        for _ in 0..length as u64 {
                            let value = source.number(property.kind)?;
                            // A negative or broken number names no vertex; it saturates and is refused below.
                            corners.push(if value >= 0.0 { value as u64 } else { u64::MAX });
                        }
                        if element.name == "face" && Some(n) == list {
                            mesh.polygon(0, &corners)?;
                        }
                        row.push(length);
                    }
                }
            }
            if let ("vertex", [Some(x), Some(y), Some(z)]) = (element.name.as_str(), xyz) {
                mesh.vertex([row[x], row[y], row[z]].map(|v| v * mm_per_unit))?;
            }
        }
    }
    mesh.finish()
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Text,
    Little,
    Big,
}

#[derive(Clone, Copy)]
enum Kind {
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    F32,
    F64,
}

impl Kind {
    fn named(word: &str) -> Option<Self> {
        Some(match word {
            "char" | "int8" => Self::I8,
            "uchar" | "uint8" => Self::U8,
            "short" | "int16" => Self::I16,
            "ushort" | "uint16" => Self::U16,
            "int" | "int32" => Self::I32,
            "uint" | "uint32" => Self::U32,
            "float" | "float32" => Self::F32,
            "double" | "float64" => Self::F64,
            _ => return None,
        })
    }

    const fn bytes(self) -> usize {
        match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}

struct Property {
    name: String,
    kind: Kind,
    /// The kind of its length, if it is a list.
    list: Option<Kind>,
}

struct Element {
    name: String,
    count: usize,
    properties: Vec<Property>,
}

struct Header {
    form: Form,
    elements: Vec<Element>,
}

fn header(bytes: &[u8]) -> Result<(Header, &[u8]), MeshFileError> {
    let wrong = |what: &str| malformed(FORMAT, what);
    let (mut form, mut elements) = (None, Vec::<Element>::new());
    let mut at = 0;
    loop {
        let line = &bytes[at..];
        let end = line.iter().take(HEADER_MAX).position(|&b| b == b'\n').ok_or_else(|| wrong("no header"))?;
        let text = str::from_utf8(&line[..end]).map_err(|_bytes| wrong("the header is not text"))?;
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let first = at == 0;
        at += end + 1;
        if at > HEADER_MAX {
            return Err(wrong("the header does not end"));
        }
        match words.as_slice() {
            ["ply"] if first => {}
            _ if first => return Err(wrong("it does not begin with `ply`")),
            ["format", kind, "1.0"] => {
                form = match *kind {
                    "ascii" => Some(Form::Text),
                    "binary_little_endian" => Some(Form::Little),
                    "binary_big_endian" => Some(Form::Big),
                    _ => return Err(wrong("an unknown form")),
                };
            }
            ["element", name, count] => {
                let count = count.parse().map_err(|_number| wrong("an element without a count"))?;
                elements.push(Element { name: (*name).to_owned(), count, properties: Vec::new() });
            }
            ["property", "list", length, kind, name] => {
                let kinds = Kind::named(length).zip(Kind::named(kind));
                let (length, kind) = kinds.ok_or_else(|| wrong("an unknown type"))?;
                let element = elements.last_mut().ok_or_else(|| wrong("a property of nothing"))?;
                element.properties.push(Property { name: (*name).to_owned(), kind, list: Some(length) });
            }
            ["property", kind, name] => {
                let kind = Kind::named(kind).ok_or_else(|| wrong("an unknown type"))?;
                let element = elements.last_mut().ok_or_else(|| wrong("a property of nothing"))?;
                element.properties.push(Property { name: (*name).to_owned(), kind, list: None });
            }
            ["end_header"] => break,
            ["comment" | "obj_info", ..] | [] => {}
            _ => return Err(wrong("a line of the header is not understood")),
        }
    }
    let form = form.ok_or_else(|| wrong("the header names no form"))?;
    // An element takes at least a byte, so a count beyond the rest of the file is a lie.
    if elements.iter().any(|e| e.count > MOST || (e.count > bytes.len() && !e.properties.is_empty())) {
        return Err(wrong("the header promises more than the file holds"));
    }
    elements.retain(|element| !element.properties.is_empty());
    Ok((Header { form, elements }, &bytes[at..]))
}

struct Source<'a> {
    form: Form,
    rest: &'a [u8],
}

impl Source<'_> {
    fn number(&mut self, kind: Kind) -> Result<f64, MeshFileError> {
        let cut = || malformed(FORMAT, "the file ends too early");
        if self.form == Form::Text {
            let start = self.rest.iter().position(|b| !b.is_ascii_whitespace()).ok_or_else(cut)?;
            let word = &self.rest[start..];
            let end = word.iter().position(u8::is_ascii_whitespace).unwrap_or(word.len());
            self.rest = &word[end..];
            let number = str::from_utf8(&word[..end]).ok().and_then(|word| word.parse().ok());
            return number.ok_or_else(|| malformed(FORMAT, "something that is no number"));
        }
        let (bytes, rest) = self.rest.split_at_checked(kind.bytes()).ok_or_else(cut)?;
        self.rest = rest;
        let mut eight = [0_u8; 8];
        for (n, &byte) in bytes.iter().enumerate() {
            eight[if self.form == Form::Little { n } else { bytes.len() - 1 - n }] = byte;
        }
        let [a, b, c, d, ..] = eight;
        Ok(match kind {
            Kind::I8 => f64::from(a as i8),
            Kind::U8 => f64::from(a),
            Kind::I16 => f64::from(i16::from_le_bytes([a, b])),
            Kind::U16 => f64::from(u16::from_le_bytes([a, b])),
            Kind::I32 => f64::from(i32::from_le_bytes([a, b, c, d])),
            Kind::U32 => f64::from(u32::from_le_bytes([a, b, c, d])),
            Kind::F32 => f64::from(f32::from_le_bytes([a, b, c, d])),
            Kind::F64 => f64::from_le_bytes(eight),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::tests::tetrahedron;

    #[test]
    fn a_mesh_comes_back_from_its_bytes_exactly() {
        let mesh = tetrahedron();
        assert_eq!(read(&write(&mesh), 1.0).expect("own file"), mesh);
    }

    #[test]
    fn a_map_carries_its_figures_and_colours_and_reads_as_the_mesh() {
        let mesh = tetrahedron();
        let map: Vec<Mapped> = (1_u8..)
            .zip(&mesh.positions)
            .map(|(n, _)| Mapped { value: f32::from(n), colour: [n; 3] })
            .collect();
        let bytes = write_map(&mesh, &map);
        assert_eq!(read(&bytes, 1.0).expect("own file"), mesh);
        let body = bytes.windows(11).position(|w| w == b"end_header\n").expect("a header") + 11;
        let second = &bytes[body + 19 + 12..body + 38];
        assert_eq!(second, [&[2, 2, 2], &2.0_f32.to_le_bytes()[..]].concat());
    }

    #[test]
    fn text_big_endian_and_foreign_properties_are_read() {
        let text = "ply\r\nformat ascii 1.0\r\nelement vertex 4\r\nproperty uchar red\r\nproperty double x\r\n\
                    property double y\r\nproperty double z\r\nelement edge 1\r\nproperty int a\r\nelement face 1\r\n\
                    property list uchar uint vertex_index\r\nproperty float quality\r\nend_header\r\n\
                    9 0 0 0\r\n9 1 0 0\r\n9 1 1 0\r\n9 0 1 0\r\n7\r\n4 0 1 2 3 0.5\r\n";
        let mesh = read(text.as_bytes(), 10.0).expect("text");
        assert_eq!(mesh.triangles, [[0, 1, 2], [0, 2, 3]]);
        assert_eq!(mesh.positions[2].to_array(), [10.0, 10.0, 0.0]);

        let mut big =
            "ply\nformat binary_big_endian 1.0\nelement vertex 3\nproperty float x\nproperty float y\n\
                       property short z\nelement face 1\nproperty list uchar int vertex_indices\nend_header\n"
                .as_bytes()
                .to_vec();
        for (x, y, z) in [(0.0_f32, 0.0_f32, -2_i16), (1.5, 0.0, 0), (0.0, 1.0, 300)] {
            big.extend([x.to_be_bytes(), y.to_be_bytes()].concat());
            big.extend(z.to_be_bytes());
        }
        big.push(3);
        for v in [0_i32, 1, 2] {
            big.extend(v.to_be_bytes());
        }
        let mesh = read(&big, 1.0).expect("big endian");
        assert_eq!(mesh.positions[2].to_array(), [0.0, 1.0, 300.0]);
        assert_eq!(mesh.positions[0].z(), -2.0);
    }

    #[test]
    fn broken_bytes_end_in_a_reason_and_allocate_little() {
        let good = write(&tetrahedron());
        for cut in 0..good.len() {
            assert!(read(&good[..cut], 1.0).is_err(), "cut at {cut}");
        }
        let text = |from: &str, to: &str| {
            let header = String::from_utf8_lossy(&good[..good.len() - 100]).replace(from, to).into_bytes();
            read(&[header.as_slice(), &good[good.len() - 100..]].concat(), 1.0)
        };
        assert!(text("vertex 4", "vertex 4000000000").is_err());
        assert!(text("face 4", "face 99999999999999999999").is_err());
        assert!(text("float x", "quad x").is_err());
        assert!(text("uchar int", "float int").is_err());
        let mut nan = good.clone();
        let at = good.len() - 4 * 13 - 4;
        nan[at..at + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        assert_eq!(read(&nan, 1.0), Err(MeshFileError::NotFinite(3)));
        let mut index = good;
        let last = index.len() - 1;
        index[last] = 0x7f;
        assert!(matches!(read(&index, 1.0), Err(MeshFileError::NoSuchVertex { triangle: 3, .. })));
    }
}
