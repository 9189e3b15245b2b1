//! A surface on the GPU.

use std::sync::Arc;

use bytemuck::{Pod, Zeroable};
use meshing_space::{Aabb, Lps, Point, Vector};
use meshing_surface::Mesh;
use render_gpu::{DeviceError, Gpu};

/// Why a mesh cannot be drawn.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MeshError {
    /// It has no triangle.
    #[error("the mesh has no triangle to draw")]
    Empty,
    /// A triangle names a vertex that is not there.
    #[error("a triangle names vertex {index}, but the mesh has {vertices}")]
    Index {
        /// The index.
        index: u32,
        /// The number of vertices.
        vertices: usize,
    },
    /// A vertex is not at a finite place.
    #[error("vertex {0} is not at a finite place")]
    NotFinite(usize),
    /// There is not one figure for each vertex.
    #[error("{figures} figures were given for the colours of {vertices} vertices; give one for each")]
    Figures {
        /// Figures given.
        figures: usize,
        /// The number of vertices.
        vertices: usize,
    },
    /// It is larger than the device takes.
    #[error("the mesh needs a buffer of {bytes} bytes, but the device takes {limit}; simplify it first")]
    TooLarge {
        /// Bytes needed.
        bytes: u64,
        /// Bytes possible.
        limit: u64,
    },
    /// The device was lost, is full or failed.
    #[error(transparent)]
    Device(DeviceError),
}

/// A surface on the GPU: f32 positions relative to its own middle, and vertex normals. Clones share it.
///
/// What lies there is kept in memory too, 32 bytes a vertex and 12 a triangle, so that [`MeshBuffers::on`] can put it on
/// another device after this one was lost.
#[derive(Clone, Debug)]
pub struct MeshBuffers(Arc<Inner>);

/// Equal when they share their buffers.
impl PartialEq for MeshBuffers {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Debug)]
struct Inner {
    vertices: wgpu::Buffer,
    indices: wgpu::Buffer,
    kept: Arc<Kept>,
    count: u32,
    bounds: Aabb<Lps>,
}

/// What the buffers hold.
#[derive(Debug)]
struct Kept {
    vertices: Vec<Vertex>,
    triangles: Vec<[u32; 3]>,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Vertex {
    position: [f32; 3],
    normal: [f32; 3],
    /// A figure for a colour map, and 1 where there is one.
    figure: [f32; 2],
}

/// How a vertex lies in its buffer.
pub(crate) const VERTEX_LAYOUT: wgpu::VertexBufferLayout<'static> = wgpu::VertexBufferLayout {
    array_stride: size_of::<Vertex>() as u64,
    step_mode: wgpu::VertexStepMode::Vertex,
    attributes: &wgpu::vertex_attr_array![0 => Float32x3, 1 => Float32x3, 2 => Float32x2],
};

impl MeshBuffers {
    /// Puts a mesh on the GPU.
    pub fn upload(gpu: &Gpu, mesh: &Mesh) -> Result<Self, MeshError> {
        Self::from_triangles(gpu, &mesh.positions, &mesh.drawing_order())
    }

    /// Puts triangles on the GPU: corners in LPS mm, counter-clockwise seen from outside.
    pub fn from_triangles(
        gpu: &Gpu,
        positions: &[Point<Lps>],
        triangles: &[[u32; 3]],
    ) -> Result<Self, MeshError> {
        Self::with_figures(gpu, positions, triangles, &vec![None; positions.len()])
    }

    /// The same with a figure for each vertex (a distance in mm, say) that [`MeshItem::map`](crate::MeshItem)
    /// shows as colours; `None` or not a number where there is none.
    pub fn with_figures(
        gpu: &Gpu,
        positions: &[Point<Lps>],
        triangles: &[[u32; 3]],
        figures: &[Option<f64>],
    ) -> Result<Self, MeshError> {
        if figures.len() != positions.len() {
            return Err(MeshError::Figures { figures: figures.len(), vertices: positions.len() });
        }
        let normals = vertex_normals(positions, triangles)?;
        let Some(bounds) = Aabb::from_points(positions.iter().copied()) else { return Err(MeshError::Empty) };
        let middle = bounds.center();
        check_size(gpu, positions.len(), triangles.len())?;
        let vertices: Vec<Vertex> = positions
            .iter()
            .zip(&normals)
            .zip(figures)
            .map(|((&p, &n), &figure)| Vertex {
                position: (p - middle).to_array().map(|c| c as f32),
                normal: n.to_array().map(|c| c as f32),
                figure: figure.filter(|f| f.is_finite()).map_or([0.0; 2], |f| [f as f32, 1.0]),
            })
            .collect();
        Self::filled(gpu, Arc::new(Kept { vertices, triangles: triangles.to_vec() }), bounds)
    }

    /// The same surface on a device, another or the same.
    pub fn on(&self, gpu: &Gpu) -> Result<Self, MeshError> {
        Self::filled(gpu, self.0.kept.clone(), self.0.bounds)
    }

    fn filled(gpu: &Gpu, kept: Arc<Kept>, bounds: Aabb<Lps>) -> Result<Self, MeshError> {
        let count = check_size(gpu, kept.vertices.len(), kept.triangles.len())?;
        let buffer = |label, contents, usage| {
            gpu.filled_buffer(&wgpu::util::BufferInitDescriptor { label: Some(label), contents, usage })
        };
        let (vertices, indices) =
            (bytemuck::cast_slice(&kept.vertices), bytemuck::cast_slice(&kept.triangles));
        let made = gpu.guarded(|| {
            let vertices = buffer("mesh vertices", vertices, wgpu::BufferUsages::VERTEX);
            (vertices, buffer("mesh indices", indices, wgpu::BufferUsages::INDEX))
        });
        let (vertices, indices) = made.map_err(MeshError::Device)?;
        Ok(Self(Arc::new(Inner { vertices, indices, kept, count, bounds })))
    }

    /// The box around it.
    pub fn bounds(&self) -> Aabb<Lps> {
        self.0.bounds
    }

    /// Number of triangles.
    pub fn triangles(&self) -> u32 {
        self.0.count / 3
    }

    /// Draws it into a pass whose pipeline and groups are set.
    pub(crate) fn draw(&self, pass: &mut wgpu::RenderPass<'_>) {
        pass.set_vertex_buffer(0, self.0.vertices.slice(..));
        pass.set_index_buffer(self.0.indices.slice(..), wgpu::IndexFormat::Uint32);
        pass.draw_indexed(0..self.0.count, 0, 0..1);
    }
}

/// The number of indices, where the device takes buffers of that size.
fn check_size(gpu: &Gpu, vertices: usize, triangles: usize) -> Result<u32, MeshError> {
    let limit = gpu.device.limits().max_buffer_size;
    let bytes = (vertices * size_of::<Vertex>()).max(triangles * size_of::<[u32; 3]>()) as u64;
    let count = u32::try_from(triangles * 3).ok().filter(|_| bytes <= limit);
    count.ok_or(MeshError::TooLarge { bytes, limit })
}

/// Unit vertex normals, weighted by the area of the triangles around; zero where these cancel.
pub(crate) fn vertex_normals(
    positions: &[Point<Lps>],
    triangles: &[[u32; 3]],
) -> Result<Vec<Vector<Lps>>, MeshError> {
    if triangles.is_empty() {
        return Err(MeshError::Empty);
    }
    if let Some(bad) = positions.iter().position(|p| !p.is_finite()) {
        return Err(MeshError::NotFinite(bad));
    }
    let vertices = positions.len();
    let mut sums = vec![Vector::zero(); vertices];
    for t in triangles {
        if let Some(&index) = t.iter().find(|&&i| i as usize >= vertices) {
            return Err(MeshError::Index { index, vertices });
        }
        let [a, b, c] = t.map(|i| positions[i as usize]);
        let twice_area = (b - a).cross(c - a);
        for &i in t {
            sums[i as usize] += twice_area;
        }
    }
    Ok(sums.into_iter().map(|n| n.normalized().unwrap_or_default()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normals_point_outwards_and_bad_meshes_are_refused() {
        let corners = [Point::new(0.0, 0.0, 0.0), Point::new(1.0, 0.0, 0.0), Point::new(0.0, 1.0, 0.0)];
        let normals = vertex_normals(&corners, &[[0, 1, 2]]).unwrap();
        assert_eq!(normals[0], Vector::new(0.0, 0.0, 1.0));
        assert_eq!(vertex_normals(&corners, &[]).unwrap_err(), MeshError::Empty);
        let error = vertex_normals(&corners, &[[0, 1, 3]]).unwrap_err();
        assert_eq!(error, MeshError::Index { index: 3, vertices: 3 });
        let far = [corners[0], corners[1], Point::new(f64::NAN, 0.0, 0.0)];
        assert_eq!(vertex_normals(&far, &[[0, 1, 2]]).unwrap_err(), MeshError::NotFinite(2));
    }
}
