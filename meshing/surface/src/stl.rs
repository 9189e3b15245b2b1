//! Binary STL: the print file that every program reads.
//!
//! STL holds 32-bit triangles without units, coordinate space or shared vertices. We write LPS millimetres and say so in
//! the header; corners that were one vertex are bit-equal, so that readers can weld them exactly.
//!
//! Text is read by `stl_io`. Binary files are read and written here, several times faster: `stl_io` writes number by number
//! into a stream, and its reader gives no joined vertices at the speed of a table.

mod facets;
mod weld;

use std::io::Cursor;

use rayon::prelude::*;

use crate::Mesh;
use facets::FACET;
use weld::{TOGETHER, Weld};

/// Bytes before the first triangle: header and count.
const HEAD: usize = 84;

/// Why bytes are not a usable STL file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StlError {
    /// The file ends early.
    #[error("the STL file announces {announced} triangles but holds bytes for {present}")]
    Truncated {
        /// Triangles that the head announces.
        announced: usize,
        /// Triangles for which there are bytes.
        present: usize,
    },
    /// Neither a binary head nor text.
    #[error("not an STL file")]
    NotStl,
    /// A text file that does not follow the form.
    #[error("the text STL file cannot be read: {0}")]
    Text(#[source] std::io::Error),
    /// A coordinate that is no number.
    #[error("triangle {0} of the STL file has a coordinate that is not a finite number")]
    NotFinite(usize),
}

/// Writes a mesh as binary STL in LPS mm.
///
/// The header names unit and space, and `name` as far as it fits in ASCII; it never begins with "solid". Give no patient
/// data as a name. Normals are computed from the rounded corners.
///
/// # Panics
/// If a triangle names a vertex that does not exist, or there are more than 2³² − 1 triangles.
pub fn write(mesh: &Mesh, name: &str) -> Vec<u8> {
    let count = u32::try_from(mesh.triangles.len()).expect("STL counts triangles in 32 bits");
    let mut bytes = vec![0; HEAD + FACET * mesh.triangles.len()];
    let (head, body) = bytes.split_at_mut(HEAD);
    let header = format!("Binary STL, unit mm, coordinates LPS mm (DICOM). {name}");
    for (place, c) in head[..80].iter_mut().zip(header.chars()) {
        *place = if c.is_ascii_graphic() || c == ' ' { c as u8 } else { b'?' };
    }
    head[80..].copy_from_slice(&count.to_le_bytes());
    mesh.triangles
        .par_chunks(facets::TASK)
        .zip(body.par_chunks_mut(facets::TASK * FACET))
        .for_each(|(triangles, bytes)| facets::write(&mesh.positions, triangles, bytes));
    bytes
}

/// Reads binary or text STL; corners with the same bits become one vertex. Positions are taken as LPS mm.
///
/// Memory is bounded by the length of `bytes`: a count that promises more than there is, is an error.
///
/// # Errors
/// [`StlError`] for anything that is not a complete STL file of finite numbers.
pub fn read(bytes: &[u8]) -> Result<Mesh, StlError> {
    let announced = bytes.get(80..HEAD).map(|n| u32::from_le_bytes([n[0], n[1], n[2], n[3]]) as usize);
    let present = bytes.len().saturating_sub(HEAD) / FACET;
    let exact = announced.is_some_and(|n| n == present && bytes.len() == HEAD + n * FACET);
    if bytes.starts_with(b"solid") && !exact {
        return read_text(bytes);
    }
    let announced = announced.ok_or(StlError::NotStl)?;
    if announced > present {
        return Err(StlError::Truncated { announced, present });
    }
    let mut weld = Weld::with_room(announced);
    let (facets, _) = bytes[HEAD..].as_chunks::<FACET>();
    let mut corners = [[[0.0; 3]; 3]; TOGETHER];
    for facets in facets[..announced].chunks(TOGETHER) {
        for (triangle, facet) in corners.iter_mut().zip(facets) {
            let (numbers, _) = facet[12..].as_chunks::<4>();
            for (coordinate, number) in triangle.as_flattened_mut().iter_mut().zip(numbers) {
                *coordinate = f32::from_le_bytes(*number);
            }
        }
        add(&mut weld, &corners[..facets.len()])?;
    }
    Ok(weld.finish())
}

fn read_text(bytes: &[u8]) -> Result<Mesh, StlError> {
    let mut cursor = Cursor::new(bytes);
    let facets = stl_io::create_stl_reader(&mut cursor).map_err(StlError::Text)?;
    let mut weld = Weld::with_room(0);
    for facet in facets {
        add(&mut weld, &[facet.map_err(StlError::Text)?.vertices.map(|v| v.0)])?;
    }
    Ok(weld.finish())
}

fn add(weld: &mut Weld, triangles: &[[[f32; 3]; 3]]) -> Result<(), StlError> {
    if weld.triangles(triangles) { Ok(()) } else { Err(StlError::NotFinite(weld.len())) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::tests::tetrahedron;

    #[test]
    fn a_mesh_comes_back_from_its_bytes() {
        let bytes = write(&tetrahedron(), "skull \u{9aa8}");
        assert_eq!(bytes.len(), HEAD + 4 * FACET);
        let header = String::from_utf8_lossy(&bytes[..80]);
        assert!(header.contains("LPS mm") && header.contains("skull ?") && !header.starts_with("solid"));
        let back = read(&bytes).expect("own file");
        assert_eq!(back.triangles.len(), 4);
        assert_eq!(back.positions.len(), 4);
        assert!(back.check().is_clean());
        assert!((crate::measure(&back).volume_mm3 - 1.0 / 6.0).abs() < 1e-9);
    }

    #[test]
    fn facets_are_those_that_stl_io_writes() {
        let mut mesh = tetrahedron();
        for (n, p) in mesh.positions.iter_mut().enumerate() {
            *p += meshing_space::Vector::new(0.1 * n as f64, -0.3, 1e-3 * n as f64);
        }
        mesh.triangles.push([1, 1, 2]);
        mesh.triangles = mesh.triangles.repeat(5);
        let facets = mesh.triangles.iter().map(|triangle| {
            let corners = triangle.map(|v| mesh.positions[v as usize].to_array().map(|x| x as f32));
            let edge = |n: usize| -> [f64; 3] {
                core::array::from_fn(|axis| f64::from(corners[n][axis]) - f64::from(corners[0][axis]))
            };
            let (u, v) = (edge(1), edge(2));
            let cross = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]];
            let length = cross.iter().map(|x| x * x).sum::<f64>().sqrt().max(1e-12);
            let normal = stl_io::Normal::new(cross.map(|x| (x / length) as f32));
            stl_io::Triangle { normal, vertices: corners.map(stl_io::Vertex::new) }
        });
        let mut expected = Vec::new();
        stl_io::write_stl(&mut expected, facets).expect("memory");
        let bytes = write(&mesh, "");
        assert_eq!(bytes[80..84], expected[80..84]);
        let (ours, theirs) = (bytes[84..].as_chunks::<50>().0, expected[84..].as_chunks::<50>().0);
        assert_eq!((ours.len(), theirs.len()), (25, 25));
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert_eq!(ours[12..], theirs[12..]);
            for n in 0..3 {
                let number = |facet: &[u8; 50]| f32::from_le_bytes(facet.as_chunks::<4>().0[n]);
                assert!((number(ours) - number(theirs)).abs() < 1e-5);
            }
        }
    }

    #[test]
    fn text_files_are_read_too() {
        let text = b"solid a
 facet normal 0 0 1
  outer loop
   vertex 0 0 0
   vertex 1 0 0
   vertex 0 1 0
  endloop
 endfacet
endsolid a
";
        let mesh = read(text).expect("text");
        assert_eq!((mesh.positions.len(), mesh.triangles.len()), (3, 1));
    }

    #[test]
    fn a_binary_file_whose_header_says_solid_is_still_binary() {
        let mut bytes = write(&tetrahedron(), "");
        bytes[..5].copy_from_slice(b"solid");
        assert_eq!(read(&bytes).expect("binary").triangles.len(), 4);
    }

    #[test]
    fn broken_files_are_named_by_their_fault() {
        let good = write(&tetrahedron(), "");
        assert!(matches!(
            read(&good[..good.len() - 1]),
            Err(StlError::Truncated { announced: 4, present: 3 })
        ));
        let mut many = good.clone();
        many[80..84].fill(0xff);
        assert!(matches!(read(&many), Err(StlError::Truncated { announced: 0xffff_ffff, present: 4 })));
        let mut nan = good;
        nan[HEAD + 50 + 12..HEAD + 50 + 16].copy_from_slice(&f32::NAN.to_le_bytes());
        assert!(matches!(read(&nan), Err(StlError::NotFinite(1))));
        assert!(matches!(read(b""), Err(StlError::NotStl)));
        assert!(matches!(read(b"solid nothing else"), Err(StlError::Text(_)) | Ok(_)));
    }
}
