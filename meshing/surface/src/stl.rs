//! Binary STL: the print file that every program reads.
//!
//! STL holds 32-bit triangles without units, coordinate space or shared vertices. We write LPS millimetres and say so in
//! the header; corners that were one vertex are bit-equal, so that readers can weld them exactly.

use std::collections::HashMap;
use std::io::Cursor;

use meshing_space::Point;

use crate::Mesh;

/// Bytes before the first triangle: header and count.
const HEAD: usize = 84;
/// Bytes of a triangle: normal, three corners, attribute count.
const FACET: usize = 50;

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
    assert!(u32::try_from(mesh.triangles.len()).is_ok(), "STL counts triangles in 32 bits");
    let rounded: Vec<[f32; 3]> =
        mesh.positions.iter().map(|p| p.to_array().map(|x| x as f32 + 0.0)).collect();
    let facets = mesh.triangles.iter().map(|triangle| {
        let corners = triangle.map(|v| rounded[v as usize]);
        stl_io::Triangle {
            normal: stl_io::Normal::new(normal(corners)),
            vertices: corners.map(stl_io::Vertex::new),
        }
    });
    let mut bytes = Vec::with_capacity(HEAD + FACET * mesh.triangles.len());
    stl_io::write_stl(&mut bytes, facets).expect("writing into memory does not fail");
    let header: Vec<u8> = format!("Binary STL, unit mm, coordinates LPS mm (DICOM). {name}")
        .chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c as u8 } else { b'?' })
        .take(80)
        .collect();
    bytes[..header.len()].copy_from_slice(&header);
    bytes
}

/// The unit normal of a facet, in the 32-bit arithmetic that checking programs use to compare it; zero without area.
fn normal([a, b, c]: [[f32; 3]; 3]) -> [f32; 3] {
    let u: [f32; 3] = core::array::from_fn(|n| b[n] - a[n]);
    let v: [f32; 3] = core::array::from_fn(|n| c[n] - a[n]);
    let minor = |m: usize, n: usize| {
        let first = (f64::from(u[m]) * f64::from(v[n])) as f32;
        (f64::from(first) - f64::from(u[n]) * f64::from(v[m])) as f32
    };
    let cross = [minor(1, 2), minor(2, 0), minor(0, 1)];
    let length = cross.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
    if length < 1e-12 { [0.0; 3] } else { cross.map(|x| (f64::from(x) / length) as f32) }
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
    let mut weld = Weld::default();
    let (facets, _) = bytes[HEAD..].as_chunks::<FACET>();
    for facet in &facets[..announced] {
        let number = |n: usize| f32::from_le_bytes([facet[n], facet[n + 1], facet[n + 2], facet[n + 3]]);
        weld.triangle([12, 24, 36].map(|n| [number(n), number(n + 4), number(n + 8)]))?;
    }
    Ok(weld.mesh)
}

fn read_text(bytes: &[u8]) -> Result<Mesh, StlError> {
    let mut cursor = Cursor::new(bytes);
    let facets = stl_io::create_stl_reader(&mut cursor).map_err(StlError::Text)?;
    let mut weld = Weld::default();
    for facet in facets {
        weld.triangle(facet.map_err(StlError::Text)?.vertices.map(|v| v.0))?;
    }
    Ok(weld.mesh)
}

/// Joins corners with the same bits.
#[derive(Default)]
struct Weld {
    mesh: Mesh,
    index: HashMap<[u32; 3], u32>,
}

impl Weld {
    fn triangle(&mut self, corners: [[f32; 3]; 3]) -> Result<(), StlError> {
        if !corners.as_flattened().iter().all(|x| x.is_finite()) {
            return Err(StlError::NotFinite(self.mesh.triangles.len()));
        }
        let triangle = corners.map(|corner| {
            let positions = &mut self.mesh.positions;
            *self.index.entry(corner.map(|x| (x + 0.0).to_bits())).or_insert_with(|| {
                positions.push(Point::from_array(corner.map(f64::from)));
                positions.len() as u32 - 1
            })
        });
        self.mesh.triangles.push(triangle);
        Ok(())
    }
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
