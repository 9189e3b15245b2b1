//! Proof that written bytes hold the mesh.

use crate::mesh::f32_bits;
use crate::stl::{self, StlError};
use crate::threemf::{self, ThreeMfError};
use crate::{Measures, Mesh, MeshProblems, measure};

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

/// Reads written bytes (STL or 3MF, told apart by their first bytes) back and compares them with the mesh.
///
/// Equal means: the same triangles in the same order, every corner the 32-bit rounding of the mesh's; closed,
/// oriented and 2-manifold as read; the same volume within 10⁻⁵. The answer is the measures of what was read.
///
/// # Errors
/// [`VerifyError`] names the first difference.
pub fn verify_written(bytes: &[u8], mesh: &Mesh) -> Result<Measures, VerifyError> {
    let back = if bytes.starts_with(b"PK") { threemf::read(bytes)? } else { stl::read(bytes)? };
    let (written, read) = (mesh.triangles.len(), back.triangles.len());
    if written != read {
        return Err(VerifyError::Count { written, read });
    }
    let moved = (0..read).find(|&t| mesh.corners(t).map(f32_bits) != back.corners(t).map(f32_bits));
    if let Some(t) = moved {
        return Err(VerifyError::Moved(t));
    }
    let problems = back.check();
    if !problems.is_clean() || back.triangles.is_empty() {
        return Err(VerifyError::NotClosed(problems));
    }
    let measures = measure(&back);
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
        for bytes in [stl::write(&mesh, ""), threemf::write(&mesh, "")] {
            assert!(verify_written(&bytes, &mesh).is_ok_and(|m| m.closed && m.triangles == 4));
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
}
