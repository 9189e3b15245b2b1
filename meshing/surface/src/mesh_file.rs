//! What the readers of OBJ, PLY and GLB share: their error, their bounds, and a mesh of checked numbers.

use meshing_space::{Lps, Point};

use crate::Mesh;

/// Most vertices or triangles of a file.
pub(crate) const MOST: usize = 100_000_000;
/// How many times over a file may place what it holds, and how much it may place in any case.
const PLACED: (usize, usize) = (16, 1_000_000);

/// Why bytes are not a usable mesh file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MeshFileError {
    /// The bytes are not of this format, or break it.
    #[error("it cannot be read as {format}: {problem}")]
    Malformed {
        /// The format.
        format: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// Valid, but of a kind that is not read here.
    #[error("this {format} file uses {what}, which is not read")]
    Unsupported {
        /// The format.
        format: &'static str,
        /// What of it.
        what: &'static str,
    },
    /// A coordinate is no finite number.
    #[error("vertex {0} has a coordinate that is not a finite number")]
    NotFinite(usize),
    /// A triangle names a vertex that is not there.
    #[error("triangle {triangle} names vertex {vertex}, but there are {vertices}")]
    NoSuchVertex {
        /// The triangle, from 0.
        triangle: usize,
        /// The vertex it names.
        vertex: u64,
        /// How many there are.
        vertices: usize,
    },
    /// No triangle at all.
    #[error("it holds no triangle")]
    Empty,
    /// More than is read: a file of many triangles, or a small one that places the same ones again and again.
    #[error("it holds more than {MOST} vertices or triangles, or places its own more than {} times over", PLACED.0)]
    TooLarge,
}

pub(crate) fn malformed(format: &'static str, problem: impl Into<String>) -> MeshFileError {
    MeshFileError::Malformed { format, problem: problem.into() }
}

/// Collects vertices and triangles, each checked.
pub(crate) struct Gathered {
    mesh: Mesh,
    /// The most vertices, and triangles, that are taken.
    most: [usize; 2],
}

impl Default for Gathered {
    fn default() -> Self {
        Self { mesh: Mesh::default(), most: [MOST; 2] }
    }
}

impl Gathered {
    /// For a file that may place a mesh many times, and has room for so many vertices and triangles of its own: a few bytes
    /// must not become gigabytes.
    pub(crate) fn of_placed(own: [usize; 2]) -> Self {
        let most = own.map(|own| own.saturating_mul(PLACED.0).saturating_add(PLACED.1).min(MOST));
        Self { mesh: Mesh::default(), most }
    }

    pub(crate) fn vertices(&self) -> usize {
        self.mesh.positions.len()
    }

    pub(crate) fn vertex(&mut self, at: [f64; 3]) -> Result<(), MeshFileError> {
        if !at.iter().all(|x| x.is_finite()) {
            return Err(MeshFileError::NotFinite(self.mesh.positions.len()));
        }
        if self.mesh.positions.len() >= self.most[0] {
            return Err(MeshFileError::TooLarge);
        }
        self.mesh.positions.push(Point::<Lps>::from_array(at));
        Ok(())
    }

    /// A polygon as a fan of triangles; the vertices count from `first`.
    pub(crate) fn polygon(&mut self, first: usize, corners: &[u64]) -> Result<(), MeshFileError> {
        let vertices = self.mesh.positions.len();
        for &vertex in corners {
            let there = usize::try_from(vertex).ok().and_then(|v| v.checked_add(first));
            if there.is_none_or(|v| v >= vertices) {
                return Err(MeshFileError::NoSuchVertex {
                    triangle: self.mesh.triangles.len(),
                    vertex,
                    vertices,
                });
            }
        }
        for n in 1..corners.len().saturating_sub(1) {
            if self.mesh.triangles.len() >= self.most[1] {
                return Err(MeshFileError::TooLarge);
            }
            self.mesh
                .triangles
                .push([corners[0], corners[n], corners[n + 1]].map(|v| first as u32 + v as u32));
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<Mesh, MeshFileError> {
        if self.mesh.triangles.is_empty() { Err(MeshFileError::Empty) } else { Ok(self.mesh) }
    }
}
