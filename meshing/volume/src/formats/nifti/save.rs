//! A NIfTI header for a grid: version 1 where the sizes fit its 16 bits, version 2 otherwise or where asked for.

use super::{INTENT_LABEL, V1_BYTES, V2_BYTES, V2_MAGIC};
use crate::Grid;
use crate::formats::{Element, Payload, WriteOptions};

/// Scanner anatomical coordinates.
const SCANNER: i32 = 1;
/// Axes whose cosines are smaller than this can be written as a rotation.
const PERPENDICULAR: f64 = 1e-6;

/// Writes numbers at the offsets of either version.
struct Out {
    bytes: Vec<u8>,
    v2: bool,
}

impl Out {
    fn put(&mut self, at: usize, value: &[u8]) {
        if let Some(place) = self.bytes.get_mut(at..at + value.len()) {
            place.copy_from_slice(value);
        }
    }

    fn code(&mut self, v1: usize, v2: usize, value: i32) {
        if self.v2 {
            self.put(v2, &value.to_le_bytes());
        } else {
            self.put(v1, &(value as i16).to_le_bytes());
        }
    }

    fn float(&mut self, v1: usize, v2: usize, value: f64) {
        if self.v2 {
            self.put(v2, &value.to_le_bytes());
        } else {
            self.put(v1, &(value as f32).to_le_bytes());
        }
    }
}

/// Header and the four bytes that say that no extension follows.
pub(in crate::formats) fn header(payload: Payload<'_>, options: WriteOptions) -> Vec<u8> {
    let (grid, element) = (payload.grid(), payload.element());
    let v2 = options.nifti2 || grid.size().iter().any(|&n| n > i16::MAX as usize);
    let size = if v2 { V2_BYTES } else { V1_BYTES };
    let mut out = Out { bytes: vec![0; size + 4], v2 };
    out.put(0, &(size as i32).to_le_bytes());
    if v2 {
        out.put(4, V2_MAGIC);
        out.put(168, &(size as i64 + 4).to_le_bytes());
    } else {
        out.put(344, b"n+1\0");
        out.put(108, &(size as f32 + 4.0).to_le_bytes());
        out.put(38, b"r");
    }
    let [i, j, k] = grid.size();
    for (n, along) in [3, i, j, k, 1, 1, 1, 1].into_iter().enumerate() {
        if v2 {
            out.put(16 + 8 * n, &(along as i64).to_le_bytes());
        } else {
            out.put(40 + 2 * n, &(along as i16).to_le_bytes());
        }
    }
    let kind: i16 = match element {
        Element::U8 => 2,
        Element::I16 => 4,
        Element::I32 => 8,
        Element::F32 => 16,
        Element::F64 => 64,
        Element::I8 => 256,
        Element::U16 => 512,
        Element::U32 => 768,
        Element::I64 => 1024,
        Element::U64 => 1280,
    };
    let bits = 8 * element.bytes() as i16;
    let (kind_at, bits_at) = if v2 { (12, 14) } else { (70, 72) };
    out.put(kind_at, &kind.to_le_bytes());
    out.put(bits_at, &bits.to_le_bytes());
    out.float(112, 176, 1.0);
    // Millimetres and seconds.
    if v2 {
        out.put(500, &10_i32.to_le_bytes());
    } else {
        out.put(123, &[10]);
    }
    if matches!(payload, Payload::Labels(_)) {
        out.code(68, 504, INTENT_LABEL as i32);
    }
    geometry(&mut out, grid);
    out.bytes
}

/// The sform always; the qform where the axes are perpendicular.
fn geometry(out: &mut Out, grid: &Grid) {
    let origin = grid.origin().to_array();
    let direction = grid.direction().map(meshing_space::Vector::to_array);
    let spacing = grid.spacing_mm();
    let ras = [-1.0, -1.0, 1.0];
    out.code(254, 348, SCANNER);
    for row in 0..3 {
        for n in 0..3 {
            let at = (280 + 16 * row + 4 * n, 400 + 32 * row + 8 * n);
            out.float(at.0, at.1, ras[row] * direction[n][row] * spacing[n] + 0.0);
        }
        out.float(280 + 16 * row + 12, 400 + 32 * row + 24, ras[row] * origin[row] + 0.0);
    }
    for (n, mm) in spacing.into_iter().enumerate() {
        out.float(80 + 4 * n, 112 + 8 * n, mm);
    }
    let [i, j, k] = grid.direction();
    let perpendicular = [i.dot(j), j.dot(k), k.dot(i)].iter().all(|c| c.abs() < PERPENDICULAR);
    let handed = if i.cross(j).dot(k) < 0.0 { -1.0 } else { 1.0 };
    out.float(76, 104, handed);
    if !perpendicular {
        return;
    }
    let columns: [[f64; 3]; 3] = std::array::from_fn(|n| {
        let turn = if n == 2 { handed } else { 1.0 };
        std::array::from_fn(|row| ras[row] * direction[n][row] * turn)
    });
    let [b, c, d] = quaternion(columns);
    out.code(252, 344, SCANNER);
    for (n, part) in [b, c, d].into_iter().enumerate() {
        out.float(256 + 4 * n, 352 + 8 * n, part);
    }
    for row in 0..3 {
        out.float(268 + 4 * row, 376 + 8 * row, ras[row] * origin[row] + 0.0);
    }
}

/// The last three parts of the unit quaternion of a rotation given by its columns, the first part not negative.
fn quaternion(columns: [[f64; 3]; 3]) -> [f64; 3] {
    let matrix = rows_of(columns);
    let [[r11, r12, r13], [r21, r22, r23], [r31, r32, r33]] = matrix;
    let trace = r11 + r22 + r33;
    let [a, b, c, d] = if trace > 0.0 {
        let s = (trace + 1.0).sqrt() * 2.0;
        [s / 4.0, (r32 - r23) / s, (r13 - r31) / s, (r21 - r12) / s]
    } else if r11 >= r22 && r11 >= r33 {
        let s = (1.0 + r11 - r22 - r33).max(0.0).sqrt() * 2.0;
        [(r32 - r23) / s, s / 4.0, (r12 + r21) / s, (r13 + r31) / s]
    } else if r22 >= r33 {
        let s = (1.0 + r22 - r11 - r33).max(0.0).sqrt() * 2.0;
        [(r13 - r31) / s, (r12 + r21) / s, s / 4.0, (r23 + r32) / s]
    } else {
        let s = (1.0 + r33 - r11 - r22).max(0.0).sqrt() * 2.0;
        [(r21 - r12) / s, (r13 + r31) / s, (r23 + r32) / s, s / 4.0]
    };
    let sign = if a < 0.0 { -1.0 } else { 1.0 };
    [b * sign, c * sign, d * sign]
}

/// Columns to rows.
fn rows_of(columns: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    std::array::from_fn(|row| std::array::from_fn(|column| columns[column][row]))
}
