//! Wavefront OBJ: text without a unit; ours is in LPS mm and says so.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::Mesh;
use crate::mesh_file::{Gathered, MOST, MeshFileError, malformed};

const FORMAT: &str = "OBJ";

/// Writes meshes as named objects, LPS mm, coordinates as the shortest decimals of 32-bit floats. Give no patient data as a name.
pub fn write(parts: &[(&str, &Mesh)]) -> Vec<u8> {
    let mut text = String::from("# Theatron, LPS mm\n");
    let mut first = 1;
    for (name, mesh) in parts {
        let plain: String = name.chars().map(|c| if c.is_control() || c == ' ' { '_' } else { c }).collect();
        writeln!(text, "o {plain}").expect("a String takes every text");
        for position in &mesh.positions {
            let [x, y, z] = position.to_array().map(|v| v as f32 + 0.0);
            writeln!(text, "v {x} {y} {z}").expect("a String takes every text");
        }
        for triangle in &mesh.triangles {
            let [a, b, c] = triangle.map(|v| u64::from(v) + first);
            writeln!(text, "f {a} {b} {c}").expect("a String takes every text");
        }
        first += mesh.positions.len() as u64;
    }
    text.into_bytes()
}

/// Reads every object as one mesh; coordinates are multiplied by `mm_per_unit`. Polygons become fans; lines, curves, normals,
/// texture and materials are passed over.
///
/// # Errors
/// [`MeshFileError`] for text that is no OBJ with at least one face.
pub fn read(bytes: &[u8], mm_per_unit: f64) -> Result<Mesh, MeshFileError> {
    let text = str::from_utf8(bytes).map_err(|_bytes| malformed(FORMAT, "it is not text"))?;
    let mut mesh = Gathered::default();
    let mut faces: Vec<u64> = Vec::new();
    let mut lengths: Vec<u32> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((number, first)) = lines.next() {
        // A line may go on after a backslash; those few are copied.
        let mut line = Cow::from(first);
        while line.ends_with('\\') {
            let longer = line.to_mut();
            longer.pop();
            longer.push(' ');
            longer.push_str(lines.next().map_or("", |(_, next)| next));
        }
        let mut words = line.split_ascii_whitespace();
        let wrong = |what: &str| malformed(FORMAT, format!("line {}: {what}", number + 1));
        match words.next() {
            Some("v") => {
                let mut next = || words.next().and_then(|word| word.parse::<f64>().ok());
                let at = [next(), next(), next()];
                let [Some(x), Some(y), Some(z)] = at else { return Err(wrong("three numbers are needed")) };
                mesh.vertex([x, y, z].map(|v| v * mm_per_unit))?;
            }
            Some("f") => {
                let before = faces.len();
                for word in words {
                    let index = word.split('/').next().and_then(|index| index.parse::<i64>().ok());
                    // Negative numbers count back from the newest vertex.
                    let vertex = match index {
                        Some(n) if n > 0 => n - 1,
                        Some(n) if n < 0 => mesh.vertices() as i64 + n,
                        _ => return Err(wrong("a face needs numbers of vertices")),
                    };
                    faces.push(u64::try_from(vertex).map_err(|_negative| wrong("no such vertex"))?);
                }
                if faces.len() - before < 3 {
                    return Err(wrong("a face needs three corners"));
                }
                lengths.push((faces.len() - before) as u32);
                if faces.len() > 3 * MOST {
                    return Err(MeshFileError::TooLarge);
                }
            }
            _ => {}
        }
    }
    // Faces may stand before their vertices.
    let mut rest = faces.as_slice();
    for length in lengths {
        let (corners, after) = rest.split_at(length as usize);
        mesh.polygon(0, corners)?;
        rest = after;
    }
    mesh.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::tests::tetrahedron;

    #[test]
    fn meshes_come_back_from_their_text_in_any_unit() {
        let mesh = tetrahedron();
        let text = write(&[("bone a", &mesh), ("骨", &mesh)]);
        let back = read(&text, 1.0).expect("own file");
        assert_eq!((back.positions.len(), back.triangles.len(), back.parts()), (8, 8, 2));
        assert!(back.check().coincident_vertices == 4 && back.check().open_edges == 0);
        let metres = read(&text, 1000.0).expect("own file");
        assert_eq!(metres.positions[1].to_array(), back.positions[1].to_array().map(|x| x * 1000.0));
    }

    #[test]
    fn polygons_negative_numbers_and_long_lines_are_read() {
        let text =
            "v 0 0 0\nv 1 0 0 0.5 0.5 0.5\nv 1 1 0\nv 0 1 0\nvn 0 0 1\nf -4//1 -3//1 \\\n -2//1 -1//1\n";
        let mesh = read(text.as_bytes(), 1.0).expect("a square");
        assert_eq!(mesh.triangles, [[0, 1, 2], [0, 2, 3]]);
    }

    #[test]
    fn broken_text_is_named_by_its_line() {
        for (text, said) in [
            ("v 0 0\n", "line 1"),
            ("v 0 0 nan\n", "finite"),
            ("v 0 0 0\nf 1 1\n", "line 2"),
            ("v 0 0 0\nf 1 2 3\n", "vertex 1"),
            ("v 0 0 0\nf 0 1 1\n", "line 2"),
            ("v 0 0 0\nf 1 1 -9\n", "line 2"),
            ("v 0 0 0\nf 1 1 99999999999999999999\n", "line 2"),
            ("hello", "no triangle"),
            ("v 0 0 0\nf 1 \\\n1 \\\n\nv 0 0\n", "line 2"),
            ("v 0 0 0\nf 1 \\\r\n1 1 \\\n\nv 0 0 \\", "line 5"),
        ] {
            let told = read(text.as_bytes(), 1.0).expect_err(text).to_string();
            assert!(told.contains(said), "{text:?}: {told}");
        }
        assert!(read(&[0xff, 0xfe, 0], 1.0).is_err());
    }
}
