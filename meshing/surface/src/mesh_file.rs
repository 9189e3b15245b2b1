//! What the readers of OBJ, PLY and GLB share: their error, their bounds, and a mesh of checked numbers.

use meshing_space::{Lps, Point};

use crate::Mesh;

/// Most vertices or triangles of a file.
pub(crate) const MOST: usize = 100_000_000;

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
    /// More than is read.
    #[error("it holds more than {MOST} vertices or triangles")]
    TooLarge,
}

pub(crate) fn malformed(format: &'static str, problem: impl Into<String>) -> MeshFileError {
    MeshFileError::Malformed { format, problem: problem.into() }
}

/// Collects vertices and triangles, each checked.
#[derive(Default)]
pub(crate) struct Gathered(Mesh);

impl Gathered {
    pub(crate) fn vertices(&self) -> usize {
        self.0.positions.len()
    }

    pub(crate) fn vertex(&mut self, at: [f64; 3]) -> Result<(), MeshFileError> {
        if !at.iter().all(|x| x.is_finite()) {
            return Err(MeshFileError::NotFinite(self.0.positions.len()));
        }
        if self.0.positions.len() >= MOST {
            return Err(MeshFileError::TooLarge);
        }
        self.0.positions.push(Point::<Lps>::from_array(at));
        Ok(())
    }

    /// A polygon as a fan of triangles; the vertices count from `first`.
    pub(crate) fn polygon(&mut self, first: usize, corners: &[u64]) -> Result<(), MeshFileError> {
        let vertices = self.0.positions.len();
        for &vertex in corners {
            let there = usize::try_from(vertex).ok().and_then(|v| v.checked_add(first));
            if there.is_none_or(|v| v >= vertices) {
                return Err(MeshFileError::NoSuchVertex {
                    triangle: self.0.triangles.len(),
                    vertex,
                    vertices,
                });
            }
        }
        for n in 1..corners.len().saturating_sub(1) {
            if self.0.triangles.len() >= MOST {
                return Err(MeshFileError::TooLarge);
            }
            self.0.triangles.push([corners[0], corners[n], corners[n + 1]].map(|v| first as u32 + v as u32));
        }
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<Mesh, MeshFileError> {
        if self.0.triangles.is_empty() { Err(MeshFileError::Empty) } else { Ok(self.0) }
    }
}
