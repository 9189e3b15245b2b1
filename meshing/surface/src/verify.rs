//! Proof that written bytes hold the mesh.

use crate::mesh::f32_bits;
use crate::stl::{self, StlError};
use crate::threemf::{self, ThreeMfError};
use crate::{Measures, Mesh, MeshFileError, MeshProblems, glb, measure, obj, ply};
use meshing_space::Point;

/// The largest relative difference of volume between a mesh and what its file holds.
const VOLUME_TOLERANCE: f64 = 1e-5;

/// Why a written file must not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The bytes are not readable STL.
    #[error(transparent)]
    Stl(#[from] StlError),
    /// The bytes are not readable 3MF.
    #[error(transparent)]
    ThreeMf(#[from] ThreeMfError),
    /// The bytes are not readable in their form.
    #[error(transparent)]
    Other(#[from] MeshFileError),
    /// The file holds another number of triangles.
    #[error("the file holds {read} triangles instead of {written}")]
    Count {
        /// Triangles of the mesh.
        written: usize,
        /// Triangles of the file.
        read: usize,
    },
    /// A triangle of the file lies elsewhere.
    #[error("triangle {0} of the file lies elsewhere than in the mesh")]
    Moved(usize),
    /// What the file holds is no closed, oriented 2-manifold.
    #[error("the surface in the file is not closed: {0:?}")]
    NotClosed(MeshProblems),
    /// The file encloses another volume.
    #[error("the file encloses {read} mm³ instead of {written} mm³")]
    Volume {
        /// Volume of the mesh, mm³.
        written: f64,
        /// Volume of the file, mm³.
        read: f64,
    },
}

/// Reads written bytes (STL, 3MF, OBJ, PLY or GLB of ours, told apart by their first bytes) back and compares them with the mesh.
///
/// Equal means: the same triangles in the same order, every corner the 32-bit rounding of the mesh's (in GLB within 10⁻⁶ of it); closed,
/// oriented and 2-manifold as read; the same volume within 10⁻⁵. The answer is the measures of what was read.
///
/// # Errors
/// [`VerifyError`] names the first difference.
pub fn verify_written(bytes: &[u8], mesh: &Mesh) -> Result<Measures, VerifyError> {
    verify_read(mesh, &read_back(bytes)?, is_glb(bytes))
}

/// As [`verify_written`] for a file of several parts, in their order: each must be what was written, and closed by itself. Parts may
/// touch.
///
/// # Errors
/// As [`verify_written`].
pub fn verify_parts(bytes: &[u8], parts: &[&Mesh]) -> Result<(), VerifyError> {
    let back = read_back(bytes)?;
    let (written, read) = (parts.iter().map(|part| part.triangles.len()).sum(), back.triangles.len());
    if written != read {
        return Err(VerifyError::Count { written, read });
    }
    let mut rest = back.triangles.as_slice();
    for part in parts {
        let (triangles, others) = rest.split_at(part.triangles.len());
        rest = others;
        // The vertices of a part lie together.
        let used = triangles.as_flattened();
        let (first, end) = used.iter().fold((u32::MAX, 0), |(low, high), &v| (low.min(v), high.max(v + 1)));
        let first = first.min(end);
        let own = Mesh {
            positions: back.positions[first as usize..end as usize].to_vec(),
            triangles: triangles.iter().map(|t| t.map(|v| v - first)).collect(),
        };
        verify_read(part, &own.compacted(), is_glb(bytes))?;
    }
    Ok(())
}

fn is_glb(bytes: &[u8]) -> bool {
    bytes.starts_with(b"glTF")
}

fn read_back(bytes: &[u8]) -> Result<Mesh, VerifyError> {
    Ok(match bytes {
        [b'P', b'K', ..] => threemf::read(bytes)?,
        [b'g', b'l', b'T', b'F', ..] => glb::read(bytes)?,
        [b'p', b'l', b'y', b'\n', ..] => ply::read(bytes, 1.0)?,
        [b'#', b' ', ..] => obj::read(bytes, 1.0)?,
        _ => stl::read(bytes)?,
    })
}

fn verify_read(mesh: &Mesh, back: &Mesh, glb: bool) -> Result<Measures, VerifyError> {
    let (written, read) = (mesh.triangles.len(), back.triangles.len());
    if written != read {
        return Err(VerifyError::Count { written, read });
    }
    // GLB turns and scales, which moves the last bits of a number.
    let near = |t: usize| {
        let (a, b) = (mesh.corners(t), back.corners(t));
        (0..3).all(|n| a[n].distance(b[n]) <= 1e-6 * (1.0 + a[n].distance(Point::origin())))
    };
    let exact = |t: usize| mesh.corners(t).map(f32_bits) == back.corners(t).map(f32_bits);
    let moved = (0..read).find(|&t| !(if glb { near(t) } else { exact(t) }));
    if let Some(t) = moved {
        return Err(VerifyError::Moved(t));
    }
    let problems = back.check();
    if !problems.is_clean() || back.triangles.is_empty() {
        return Err(VerifyError::NotClosed(problems));
    }
    let measures = measure(back);
    let (written, read) = (measure(mesh).volume_mm3, measures.volume_mm3);
    if (written - read).abs() > VOLUME_TOLERANCE * written.abs() {
        return Err(VerifyError::Volume { written, read });
    }
    Ok(measures)
}

#[cfg(test)]
mod tests {
    use meshing_space::Vector;

    use super::*;
    use crate::mesh::tests::tetrahedron;

    #[test]
    fn the_file_of_a_mesh_is_that_mesh_and_no_other() {
        let mesh = tetrahedron();
        for bytes in [
            stl::write(&mesh, ""),
            threemf::write(&mesh, ""),
            obj::write(&[("a", &mesh)]),
            ply::write(&mesh),
            glb::write(&[glb::Part { name: "a", colour: [9; 3], mesh: &mesh }]),
        ] {
            assert!(verify_written(&bytes, &mesh).is_ok_and(|m| m.closed && m.triangles == 4));
            assert!(verify_parts(&bytes, &[&mesh]).is_ok());
            let mut moved = mesh.clone();
            moved.positions[3] += Vector::new(0.0, 0.0, 1e-5);
            assert!(matches!(verify_written(&bytes, &moved), Err(VerifyError::Moved(1))));
            let mut fewer = mesh.clone();
            fewer.triangles.pop();
            assert!(matches!(
                verify_written(&bytes, &fewer),
                Err(VerifyError::Count { written: 3, read: 4 })
            ));
        }
        let mut open = mesh;
        open.triangles.pop();
        assert!(matches!(verify_written(&stl::write(&open, ""), &open), Err(VerifyError::NotClosed(_))));
    }

    #[test]
    fn parts_that_touch_are_each_closed_and_none_is_taken_for_another() {
        let mesh = tetrahedron();
        // The same corners, seen from the other side of the wall between them.
        let mut other = mesh.clone();
        other.positions[3] += Vector::new(0.0, 0.0, -50.0);
        for t in &mut other.triangles {
            t.swap(1, 2);
        }
        let colours = |name, mesh| glb::Part { name, colour: [9; 3], mesh };
        let parts = [colours("a", &mesh), colours("b", &other)];
        for bytes in [threemf::write_parts(&parts, "", &[]), glb::write(&parts)] {
            verify_parts(&bytes, &[&mesh, &other]).expect("as written");
            assert!(matches!(verify_parts(&bytes, &[&other, &mesh]), Err(VerifyError::Moved(_))));
            assert!(matches!(verify_parts(&bytes, &[&mesh]), Err(VerifyError::Count { .. })));
        }
    }
}
