//! GLB, the binary form of glTF 2.0: metres, y up; for viewers and headsets.
//!
//! A node turns and scales what lies in LPS mm into the format's metres: x to the patient's left, y to the head, z to the front,
//! so that a viewer shows the patient upright and face to face. Reading takes the same way back.
//!
//! Own reader over serde_json: the crate gltf 1.4 indexes without bounds while it validates, and hostile files make it panic.

use std::fmt::Write as _;

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::Mesh;
use crate::mesh_file::{Gathered, MeshFileError, malformed};

const FORMAT: &str = "GLB";
/// Deepest nesting of nodes.
const DEPTH_MAX: usize = 64;
/// Most nodes that are walked through, counted as often as they are reached.
const VISITS_MAX: usize = 100_000;

/// A part with its name and its colour as an sRGB picture holds it. Give no patient data as a name.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// Its name.
    pub name: &'a str,
    /// Red, green, blue.
    pub colour: [u8; 3],
    /// The mesh, LPS mm.
    pub mesh: &'a Mesh,
}

/// Writes parts as one scene.
///
/// # Panics
/// If the file would be larger than the format allows, 4 GiB.
pub fn write(parts: &[Part<'_>]) -> Vec<u8> {
    let mut binary = Vec::new();
    let (mut views, mut accessors, mut meshes, mut nodes, mut materials) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (n, part) in parts.iter().enumerate() {
        let start = binary.len();
        let (mut low, mut high) = ([f32::INFINITY; 3], [f32::NEG_INFINITY; 3]);
        for position in &part.mesh.positions {
            for (axis, x) in position.to_array().into_iter().enumerate() {
                let x = x as f32;
                (low[axis], high[axis]) = (low[axis].min(x), high[axis].max(x));
                binary.extend_from_slice(&x.to_le_bytes());
            }
        }
        let middle = binary.len();
        for v in part.mesh.triangles.as_flattened() {
            binary.extend_from_slice(&v.to_le_bytes());
        }
        let view = |from: usize, to: usize, target: u32| {
            format!(r#"{{"buffer":0,"byteOffset":{from},"byteLength":{},"target":{target}}}"#, to - from)
        };
        views.push(view(start, middle, 34962));
        views.push(view(middle, binary.len(), 34963));
        accessors.push(format!(
            r#"{{"bufferView":{},"componentType":5126,"count":{},"type":"VEC3","min":{low:?},"max":{high:?}}}"#,
            2 * n,
            part.mesh.positions.len()
        ));
        accessors.push(format!(
            r#"{{"bufferView":{},"componentType":5125,"count":{},"type":"SCALAR"}}"#,
            2 * n + 1,
            part.mesh.triangles.len() * 3
        ));
        let name = escaped(part.name);
        meshes.push(format!(
            r#"{{"name":"{name}","primitives":[{{"attributes":{{"POSITION":{}}},"indices":{},"material":{n}}}]}}"#,
            2 * n,
            2 * n + 1
        ));
        // Columns: x stays, y goes to -z, z goes to y; millimetres become metres.
        nodes.push(format!(
            r#"{{"name":"{name}","mesh":{n},"matrix":[0.001,0,0,0,0,0,-0.001,0,0,0.001,0,0,0,0,0,1]}}"#
        ));
        let [r, g, b] = part.colour.map(linear);
        materials.push(format!(
            r#"{{"pbrMetallicRoughness":{{"baseColorFactor":[{r},{g},{b},1],"metallicFactor":0,"roughnessFactor":0.6}}}}"#
        ));
    }
    let all: Vec<String> = (0..parts.len()).map(|n| n.to_string()).collect();
    let mut json = format!(
        concat!(
            r#"{{"asset":{{"version":"2.0","generator":"Theatron","extras":{{"source":"LPS mm"}}}},"scene":0,"#,
            r#""scenes":[{{"nodes":[{}]}}],"nodes":[{}],"meshes":[{}],"materials":[{}],"accessors":[{}],"#,
            r#""bufferViews":[{}],"buffers":[{{"byteLength":{}}}]}}"#
        ),
        all.join(","),
        nodes.join(","),
        meshes.join(","),
        materials.join(","),
        accessors.join(","),
        views.join(","),
        binary.len()
    );
    while json.len() % 4 > 0 {
        json.push(' ');
    }
    let length = 12 + 8 + json.len() + 8 + binary.len();
    let chunk = |length: usize| u32::try_from(length).expect("a GLB holds at most 4 GiB").to_le_bytes();
    let mut bytes = Vec::with_capacity(length);
    bytes.extend_from_slice(b"glTF");
    bytes.extend_from_slice(&2_u32.to_le_bytes());
    bytes.extend_from_slice(&chunk(length));
    bytes.extend_from_slice(&chunk(json.len()));
    bytes.extend_from_slice(b"JSON");
    bytes.extend_from_slice(json.as_bytes());
    bytes.extend_from_slice(&chunk(binary.len()));
    bytes.extend_from_slice(b"BIN\0");
    bytes.extend_from_slice(&binary);
    bytes
}

/// Reads every triangle of the default scene as one mesh, LPS mm: metres become millimetres, y up becomes the head.
///
/// # Errors
/// [`MeshFileError`] for bytes that are no GLB with triangles of its own; files that refer to other files, and compressed or
/// sparse ones, are refused, and those that place more than 16 times what they hold (and a million).
pub fn read(bytes: &[u8]) -> Result<Mesh, MeshFileError> {
    let (json, binary) = chunks(bytes).ok_or_else(|| malformed(FORMAT, "its chunks do not fit the file"))?;
    let file: File = serde_json::from_slice(json).map_err(|error| malformed(FORMAT, error.to_string()))?;
    if !file.required.is_empty() {
        return Err(MeshFileError::Unsupported {
            format: FORMAT,
            what: "an extension it declares as required",
        });
    }
    if file.buffers.len() > 1 || file.buffers.iter().any(|buffer| buffer.uri.is_some()) {
        return Err(MeshFileError::Unsupported { format: FORMAT, what: "a buffer outside the file" });
    }
    let scene = file.scenes.get(file.scene.unwrap_or(0));
    let scene = scene.ok_or_else(|| malformed(FORMAT, "it has no scene"))?;
    // A vertex takes 12 bytes, a triangle at least three.
    let mesh = Gathered::of_placed([binary.len() / 12, binary.len() / 3]);
    let mut reading = Reading { file: &file, binary, mesh, visits: 0 };
    for &node in &scene.nodes {
        reading.node(node, &IDENTITY, 0)?;
    }
    reading.mesh.finish()
}

/// The JSON and the binary chunk (specification 4.4).
fn chunks(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let number = |at: usize| {
        let four = bytes.get(at..at.checked_add(4)?)?;
        usize::try_from(u32::from_le_bytes(four.try_into().ok()?)).ok()
    };
    if !bytes.starts_with(b"glTF") || number(4)? != 2 || number(8)? > bytes.len() {
        return None;
    }
    let json_end = 20_usize.checked_add(number(12)?)?;
    let json = bytes.get(20..json_end).filter(|_| bytes[16..20] == *b"JSON")?;
    let Some(length) = number(json_end) else { return Some((json, &[])) };
    let binary = bytes.get(json_end + 8..(json_end + 8).checked_add(length)?)?;
    Some((json, binary)).filter(|_| bytes[json_end + 4..json_end + 8] == *b"BIN\0")
}

/// What is read of the JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default, rename = "extensionsRequired")]
    required: Vec<String>,
    scene: Option<usize>,
    #[serde(default)]
    scenes: Vec<SceneJson>,
    #[serde(default)]
    nodes: Vec<NodeJson>,
    #[serde(default)]
    meshes: Vec<MeshJson>,
    #[serde(default)]
    accessors: Vec<AccessorJson>,
    #[serde(default)]
    buffer_views: Vec<ViewJson>,
    #[serde(default)]
    buffers: Vec<BufferJson>,
}

#[derive(Deserialize)]
struct SceneJson {
    #[serde(default)]
    nodes: Vec<usize>,
}

#[derive(Deserialize)]
struct NodeJson {
    mesh: Option<usize>,
    #[serde(default)]
    children: Vec<usize>,
    matrix: Option<[f64; 16]>,
    translation: Option<[f64; 3]>,
    rotation: Option<[f64; 4]>,
    scale: Option<[f64; 3]>,
}

impl NodeJson {
    fn own(&self) -> Matrix {
        if let Some(m) = self.matrix {
            return core::array::from_fn(|column| core::array::from_fn(|row| m[column * 4 + row]));
        }
        let [x, y, z, w] = self.rotation.unwrap_or([0.0, 0.0, 0.0, 1.0]);
        let [sx, sy, sz] = self.scale.unwrap_or([1.0; 3]);
        let [tx, ty, tz] = self.translation.unwrap_or_default();
        [
            [1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y + z * w), 2.0 * (x * z - y * w), 0.0].map(|v| v * sx),
            [2.0 * (x * y - z * w), 1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z + x * w), 0.0].map(|v| v * sy),
            [2.0 * (x * z + y * w), 2.0 * (y * z - x * w), 1.0 - 2.0 * (x * x + y * y), 0.0].map(|v| v * sz),
            [tx, ty, tz, 1.0],
        ]
    }
}

#[derive(Deserialize)]
struct MeshJson {
    primitives: Vec<PrimitiveJson>,
}

#[derive(Deserialize)]
struct PrimitiveJson {
    attributes: AttributesJson,
    indices: Option<usize>,
    mode: Option<u32>,
}

#[derive(Deserialize)]
struct AttributesJson {
    #[serde(rename = "POSITION")]
    position: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccessorJson {
    buffer_view: Option<usize>,
    #[serde(default)]
    byte_offset: usize,
    component_type: u32,
    count: usize,
    #[serde(rename = "type")]
    shape: String,
    sparse: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct ViewJson {
    #[serde(default, rename = "byteOffset")]
    offset: usize,
    #[serde(rename = "byteLength")]
    length: usize,
    #[serde(rename = "byteStride")]
    stride: Option<usize>,
}

#[derive(Deserialize)]
struct BufferJson {
    uri: Option<IgnoredAny>,
}

/// Columns, as glTF writes matrices.
type Matrix = [[f64; 4]; 4];

const IDENTITY: Matrix =
    [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]];

fn times(a: &Matrix, b: &Matrix) -> Matrix {
    core::array::from_fn(|column| core::array::from_fn(|row| (0..4).map(|n| a[n][row] * b[column][n]).sum()))
}

struct Reading<'a> {
    file: &'a File,
    binary: &'a [u8],
    mesh: Gathered,
    visits: usize,
}

impl<'a> Reading<'a> {
    fn node(&mut self, node: usize, above: &Matrix, depth: usize) -> Result<(), MeshFileError> {
        let file = self.file;
        let node = file.nodes.get(node).ok_or_else(|| malformed(FORMAT, "a node is missing"))?;
        self.visits += 1;
        // A node that is its own child, or shared a thousandfold, would never end.
        if depth > DEPTH_MAX || self.visits > VISITS_MAX {
            return Err(malformed(FORMAT, "its nodes are nested too deeply"));
        }
        let matrix = times(above, &node.own());
        if let Some(mesh) = node.mesh {
            let mesh = file.meshes.get(mesh).ok_or_else(|| malformed(FORMAT, "a mesh is missing"))?;
            mesh.primitives.iter().try_for_each(|primitive| self.primitive(primitive, &matrix))?;
        }
        node.children.iter().try_for_each(|&child| self.node(child, &matrix, depth + 1))
    }

    fn primitive(&mut self, primitive: &PrimitiveJson, matrix: &Matrix) -> Result<(), MeshFileError> {
        if primitive.mode.unwrap_or(4) != 4 {
            return Err(MeshFileError::Unsupported { format: FORMAT, what: "other shapes than triangles" });
        }
        let positions = primitive.attributes.position;
        let positions = positions.ok_or_else(|| malformed(FORMAT, "a mesh has no positions"))?;
        let (rows, kind) = self.rows(positions, "VEC3")?;
        if kind != 5126 {
            return Err(MeshFileError::Unsupported {
                format: FORMAT,
                what: "positions that are no 32-bit floats",
            });
        }
        let first = self.mesh.vertices();
        for row in rows {
            let p: [f64; 3] = core::array::from_fn(|axis| {
                let four = &row[axis * 4..axis * 4 + 4];
                f64::from(f32::from_le_bytes([four[0], four[1], four[2], four[3]]))
            });
            let [x, y, z] = core::array::from_fn(|n| {
                matrix[0][n] * p[0] + matrix[1][n] * p[1] + matrix[2][n] * p[2] + matrix[3][n]
            });
            self.mesh.vertex([x * 1000.0, -z * 1000.0, y * 1000.0])?;
        }
        let corners: Vec<u64> = match primitive.indices {
            None => (0..(self.mesh.vertices() - first) as u64).collect(),
            Some(indices) => {
                let (rows, _kind) = self.rows(indices, "SCALAR")?;
                let number = |row: &[u8]| row.iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
                rows.map(number).collect()
            }
        };
        let mirrored = determinant(matrix) < 0.0;
        for &[a, b, c] in corners.as_chunks().0 {
            self.mesh.polygon(first, &if mirrored { [a, c, b] } else { [a, b, c] })?;
        }
        Ok(())
    }

    /// The rows of an accessor, each of its size, and the type of its components; all inside the file.
    fn rows(
        &self,
        accessor: usize,
        shape: &str,
    ) -> Result<(impl Iterator<Item = &'a [u8]> + use<'a>, u32), MeshFileError> {
        let file = self.file;
        let missing = || malformed(FORMAT, "an accessor reaches outside its buffer");
        let accessor = file.accessors.get(accessor).ok_or_else(missing)?;
        let view = accessor.buffer_view.and_then(|view| file.buffer_views.get(view));
        let view = view.filter(|_| accessor.sparse.is_none()).ok_or_else(missing)?;
        let component = match (accessor.component_type, shape) {
            (5126, "VEC3") => 12,
            (5121, "SCALAR") => 1,
            (5123, "SCALAR") => 2,
            (5125, "SCALAR") => 4,
            _ => return Err(MeshFileError::Unsupported { format: FORMAT, what: "numbers of that type" }),
        };
        let stride = view.stride.unwrap_or(component);
        let size =
            accessor.count.saturating_sub(1).checked_mul(stride).and_then(|n| n.checked_add(component));
        let view_end = view.offset.checked_add(view.length);
        let bytes = view_end.and_then(|end| self.binary.get(view.offset..end));
        let end = size.and_then(|size| accessor.byte_offset.checked_add(size));
        let bytes = end.and_then(|end| bytes.and_then(|bytes| bytes.get(accessor.byte_offset..end)));
        let bytes = bytes.filter(|_| stride >= component && accessor.shape == shape && accessor.count > 0);
        let bytes = bytes.ok_or_else(missing)?;
        let rows = (0..accessor.count).map(move |n| &bytes[n * stride..n * stride + component]);
        Ok((rows, accessor.component_type))
    }
}

fn determinant(m: &Matrix) -> f64 {
    m[0][0] * (m[1][1] * m[2][2] - m[2][1] * m[1][2]) - m[1][0] * (m[0][1] * m[2][2] - m[2][1] * m[0][2])
        + m[2][0] * (m[0][1] * m[1][2] - m[1][1] * m[0][2])
}

/// From an sRGB byte to linear light (IEC 61966-2-1).
fn linear(byte: u8) -> f64 {
    let c = f64::from(byte) / 255.0;
    if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}

/// A text as JSON writes it.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => write!(out, "\\u{:04x}", c as u32).expect("a String takes every text"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;

    use super::*;
    use crate::mesh::tests::tetrahedron;

    #[test]
    fn parts_come_back_where_they_lay() {
        let mesh = tetrahedron();
        let part = |name| Part { name, colour: [222, 204, 168], mesh: &mesh };
        let bytes = write(&[part("bone \"a\"\n"), part("骨")]);
        let back = read(&bytes).expect("own file");
        assert_eq!((back.positions.len(), back.triangles.len()), (8, 8));
        for (a, b) in mesh.positions.iter().zip(&back.positions) {
            assert!(a.distance(*b) < 1e-6, "{a:?} {b:?}");
        }
        assert!((crate::measure(&back).volume_mm3 - 1.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn a_mesh_may_be_placed_often_but_not_without_end() {
        // A strip of 6,000 vertices; one node for each place, or a tree of ten children over ten.
        let mut mesh = Mesh::default();
        for n in 0..6000_u32 {
            mesh.positions.push(Point::new(f64::from(n / 2), f64::from(n % 2), 0.0));
            mesh.triangles.extend((n >= 2).then_some([n - 2, n - 1, n]));
        }
        let once = write(&[Part { name: "a", colour: [9; 3], mesh: &mesh }]);
        let (json, binary) = chunks(&once).expect("own file");
        let placed = |nodes: &str, roots: &str| {
            let json = str::from_utf8(json).expect("text");
            let from = json.find(r#""nodes":[{"#).expect("nodes");
            let to = json.find(r#","meshes""#).expect("meshes");
            let json = format!(r#"{}"nodes":[{nodes}]{}"#, &json[..from], &json[to..]);
            let json = json.replace(r#"[{"nodes":[0]}]"#, &format!(r#"[{{"nodes":[{roots}]}}]"#));
            let mut bytes = once[..8].to_vec();
            bytes.extend(((20 + json.len() + 8 + binary.len()) as u32).to_le_bytes());
            bytes.extend((json.len() as u32).to_le_bytes());
            bytes.extend(b"JSON");
            bytes.extend(json.as_bytes());
            bytes.extend((binary.len() as u32).to_le_bytes());
            bytes.extend(b"BIN\0");
            bytes.extend(binary);
            read(&bytes)
        };
        let many = |count: usize| placed(r#"{"mesh":0}"#, &["0"].repeat(count).join(","));
        let forest = many(100).expect("a hundred places");
        assert_eq!((forest.positions.len(), forest.triangles.len()), (600_000, 599_800));
        assert_eq!(many(10_000), Err(MeshFileError::TooLarge));
        let tree: Vec<String> =
            (1..5).map(|n| format!(r#"{{"children":[{}]}}"#, vec![n.to_string(); 10].join(","))).collect();
        let tree = format!(r#"{},{{"mesh":0}}"#, tree.join(","));
        assert_eq!(placed(&tree, "0"), Err(MeshFileError::TooLarge));
    }

    #[test]
    fn broken_bytes_end_in_a_reason() {
        let mesh = tetrahedron();
        let good = write(&[Part { name: "a", colour: [9; 3], mesh: &mesh }]);
        for cut in 0..good.len() {
            assert!(read(&good[..cut]).is_err(), "cut at {cut}");
        }
        let mut state = 7_u64;
        for _ in 0..3000 {
            let mut bytes = good.clone();
            for _ in 0..3 {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let at = (state >> 33) as usize % bytes.len();
                bytes[at] = (state >> 24) as u8;
            }
            // Any answer will do; it must be one.
            drop(read(&bytes));
        }
    }
}
