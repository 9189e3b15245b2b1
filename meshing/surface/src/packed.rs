//! Meshes packed small for the network: meshoptimizer's codecs for vertices and indices.
//!
//! Positions are whole multiples of [`STEP_MM`], a power of two, so that packing what was unpacked gives the same bytes.
//! Layout, little-endian: the four bytes `TMP1`, the counts of vertices and triangles and the length of the packed
//! positions (32 bits each), the origin in steps (three signed 64-bit numbers), the positions, the triangles.

use meshing_space::Point;
use meshing_volume::Told;

use crate::Mesh;

/// The grid that positions are rounded to, mm; each axis is off by at most half of it, 8 nm. About as fine as 32-bit floats
/// at 100 mm, so that vertices which a check tells apart stay apart.
pub const STEP_MM: f64 = 1.0 / 65536.0;

const MAGIC: [u8; 4] = *b"TMP1";
const HEAD: usize = 40;
/// Most vertices or triangles.
const MOST: usize = 100_000_000;

/// Why a mesh was not packed, or bytes not unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackedMeshError {
    /// A triangle names a vertex that does not exist, or that is nowhere.
    #[error("triangle {0} names a vertex that is not there")]
    BadTriangle(usize),
    /// No triangle at all.
    #[error("the mesh has no triangles")]
    Empty,
    /// Vertices lie farther apart than the format can say, or too many of them.
    #[error("the mesh is larger than the format can hold")]
    TooLarge,
    /// The bytes are no packed mesh, or not whole.
    #[error("the bytes are no packed mesh")]
    Malformed,
}

impl Told for PackedMeshError {
    fn chinese(&self) -> String {
        match self {
            Self::BadTriangle(t) => format!("三角形 {t} 引用了不存在的顶点"),
            Self::Empty => "网格没有三角形".to_owned(),
            Self::TooLarge => "网格超出了该格式的容量".to_owned(),
            Self::Malformed => "这些字节不是有效的压缩网格".to_owned(),
        }
    }
}

/// Packs a mesh. Its triangles and vertices come back in another order (the one that draws and packs best), vertices without
/// triangles do not, and those nearer than [`STEP_MM`] become one place; what is joined to what stays.
///
/// # Errors
/// [`PackedMeshError`] for a mesh without triangles, with vertices missing or not finite, or of more than 65 m.
pub fn pack(mesh: &Mesh) -> Result<Vec<u8>, PackedMeshError> {
    if mesh.triangles.is_empty() {
        return Err(PackedMeshError::Empty);
    }
    if mesh.triangles.len().max(mesh.positions.len()) > MOST {
        return Err(PackedMeshError::TooLarge);
    }
    if let Some(t) = mesh.triangles.iter().position(|t| !mesh.is_valid(*t)) {
        return Err(PackedMeshError::BadTriangle(t));
    }
    let mesh = mesh.compacted();
    let mut indices = mesh.drawing_order();
    // Vertices in the order in which triangles first ask for them.
    let mut number = vec![u32::MAX; mesh.positions.len()];
    let mut order = Vec::with_capacity(mesh.positions.len());
    for v in indices.as_flattened_mut() {
        let slot = &mut number[*v as usize];
        if *slot == u32::MAX {
            *slot = order.len() as u32;
            order.push(mesh.positions[*v as usize].to_array().map(|x| (x / STEP_MM).round()));
        }
        *v = *slot;
    }
    let mut origin = [f64::INFINITY; 3];
    for at in &order {
        origin = core::array::from_fn(|axis| origin[axis].min(at[axis]));
    }
    let largest = order.iter().flatten().fold(0.0_f64, |most, x| most.max(x.abs()));
    let extent =
        order.iter().flat_map(|at| [0, 1, 2].map(|axis| at[axis] - origin[axis])).fold(0.0, f64::max);
    // Beyond 2⁵² the multiples are no longer exact.
    if extent > f64::from(u32::MAX) || largest > (1_u64 << 52) as f64 {
        return Err(PackedMeshError::TooLarge);
    }
    let places: Vec<[u32; 3]> =
        order.iter().map(|at| core::array::from_fn(|axis| (at[axis] - origin[axis]) as u32)).collect();
    let positions = meshopt::encode_vertex_buffer(&places).map_err(|_codec| PackedMeshError::TooLarge)?;
    let triangles = meshopt::encode_index_buffer(indices.as_flattened(), places.len())
        .map_err(|_codec| PackedMeshError::TooLarge)?;
    let length = u32::try_from(positions.len()).map_err(|_long| PackedMeshError::TooLarge)?;
    let mut bytes = Vec::with_capacity(HEAD + positions.len() + triangles.len());
    bytes.extend(MAGIC);
    for n in [places.len() as u32, indices.len() as u32, length] {
        bytes.extend(n.to_le_bytes());
    }
    for x in origin {
        bytes.extend((x as i64).to_le_bytes());
    }
    bytes.extend(positions);
    bytes.extend(triangles);
    Ok(bytes)
}

/// Unpacks what [`pack`] made, LPS mm. Any bytes give a mesh whose triangles name its vertices, or an error; memory stays
/// below 150 times the length of the bytes.
///
/// # Errors
/// [`PackedMeshError::Malformed`] for anything else than the bytes of a packed mesh.
pub fn unpack(bytes: &[u8]) -> Result<Mesh, PackedMeshError> {
    unpacked(bytes).ok_or(PackedMeshError::Malformed)
}

fn unpacked(bytes: &[u8]) -> Option<Mesh> {
    let (head, body) = bytes.split_at_checked(HEAD)?;
    let word = |n: usize| u32::from_le_bytes([head[n], head[n + 1], head[n + 2], head[n + 3]]) as usize;
    let (vertices, triangles, length) = (word(4), word(8), word(12));
    let (positions, indices) = body.split_at_checked(length)?;
    // Before anything is reserved: the codec writes at least a byte for each triangle, and each vertex has one.
    let bounded = (1..=MOST).contains(&triangles)
        && triangles <= indices.len()
        && (1..=3 * triangles).contains(&vertices);
    if head[..4] != MAGIC || !bounded {
        return None;
    }
    let places: Vec<[u32; 3]> = meshopt::decode_vertex_buffer(positions, vertices).ok()?;
    let indices: Vec<u32> = meshopt::decode_index_buffer(indices, triangles * 3).ok()?;
    if indices.iter().any(|&v| v as usize >= vertices) {
        return None;
    }
    let mut origin = [0.0; 3];
    for (axis, eight) in head[16..].as_chunks::<8>().0.iter().enumerate() {
        let steps = i64::from_le_bytes(*eight);
        if steps.unsigned_abs() > 1 << 52 {
            return None;
        }
        origin[axis] = steps as f64;
    }
    let place =
        |at: &[u32; 3]| Point::from_array([0, 1, 2].map(|n| (origin[n] + f64::from(at[n])) * STEP_MM));
    Some(Mesh {
        positions: places.iter().map(place).collect(),
        triangles: indices.as_chunks::<3>().0.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use meshing_space::Vector;

    use super::*;
    use crate::shapes::{ball, ring};
    use crate::{hausdorff, measure};

    #[test]
    fn a_mesh_comes_back_joined_as_it_was_and_small() {
        for mut mesh in [ball(80.0, 6), ring(30.0, 7.0, 90, 40)] {
            for p in &mut mesh.positions {
                *p += Vector::new(-123.4, 56.7, 1890.1);
            }
            let bytes = pack(&mesh).expect("a mesh");
            let back = unpack(&bytes).expect("own bytes");
            assert!(back.check().is_clean());
            assert_eq!(
                (back.positions.len(), back.triangles.len()),
                (mesh.positions.len(), mesh.triangles.len())
            );
            assert!(hausdorff(&mesh, &back).max_mm < STEP_MM);
            let volumes = [&mesh, &back].map(|mesh| measure(mesh).volume_mm3);
            assert!((volumes[0] / volumes[1] - 1.0).abs() < 1e-5);
            // As 32-bit floats and indices it has 18 bytes a triangle.
            assert!(bytes.len() < 6 * mesh.triangles.len(), "{} {}", bytes.len(), mesh.triangles.len());
            let again = unpack(&pack(&back).expect("a mesh")).expect("own bytes");
            assert_eq!(measure(&again).bbox_lps_mm, measure(&back).bbox_lps_mm);
            assert!(hausdorff(&again, &back).max_mm < 1e-9);
        }
    }

    #[test]
    fn what_cannot_be_packed_is_refused() {
        assert_eq!(pack(&Mesh::default()), Err(PackedMeshError::Empty));
        let mut mesh = ball(1.0, 0);
        mesh.positions[5] = Point::new(f64::NAN, 0.0, 0.0);
        assert_eq!(pack(&mesh), Err(PackedMeshError::BadTriangle(4)));
        mesh.positions[5] = Point::new(0.0, 0.0, -1e9);
        assert_eq!(pack(&mesh), Err(PackedMeshError::TooLarge));
        assert!(!PackedMeshError::TooLarge.chinese().is_empty());
    }

    #[test]
    fn hostile_bytes_end_in_a_refusal_or_a_whole_mesh() {
        let good = pack(&ball(10.0, 2)).expect("a mesh");
        for cut in 0..good.len() {
            assert_eq!(unpack(&good[..cut]), Err(PackedMeshError::Malformed), "cut at {cut}");
        }
        // Counts that promise gigabytes.
        for at in [4, 8, 12] {
            let mut many = good.clone();
            many[at..at + 4].fill(0xff);
            assert_eq!(unpack(&many), Err(PackedMeshError::Malformed));
        }
        let mut state = 7_u64;
        for _ in 0..20_000 {
            let mut bytes = good.clone();
            for _ in 0..3 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let at = (state >> 33) as usize % bytes.len();
                bytes[at] = (state >> 24) as u8;
            }
            if let Ok(mesh) = unpack(&bytes) {
                assert_eq!(mesh.check().invalid_triangles, 0);
            }
        }
    }
}
