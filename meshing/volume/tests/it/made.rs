//! Files made by hand after the specifications.

use std::io::Write as _;

use meshing_space::{Ijk, Lps, Point, Vector};
use meshing_volume::Grid;

/// The stored types and how NIfTI, NRRD and MetaImage call them.
pub(crate) const TYPES: [(&str, i16, &str, &str); 10] = [
    ("i8", 256, "signed char", "MET_CHAR"),
    ("u8", 2, "uchar", "MET_UCHAR"),
    ("i16", 4, "short", "MET_SHORT"),
    ("u16", 512, "uint16", "MET_USHORT"),
    ("i32", 8, "int", "MET_INT"),
    ("u32", 768, "unsigned int", "MET_ULONG"),
    ("i64", 1024, "long long", "MET_LONG_LONG"),
    ("u64", 1280, "uint64_t", "MET_ULONG_LONG"),
    ("f32", 16, "float", "MET_FLOAT"),
    ("f64", 64, "double", "MET_DOUBLE"),
];

/// Bytes of numbers in a stored type.
pub(crate) fn packed(values: &[f64], name: &str, big: bool) -> Vec<u8> {
    macro_rules! as_type {
        ($type:ty) => {{
            #[allow(trivial_numeric_casts, reason = "f64 is one of the types")]
            let bytes = values
                .iter()
                .flat_map(|v| if big { (*v as $type).to_be_bytes() } else { (*v as $type).to_le_bytes() })
                .collect();
            bytes
        }};
    }
    match name {
        "i8" => as_type!(i8),
        "u8" => as_type!(u8),
        "i16" => as_type!(i16),
        "u16" => as_type!(u16),
        "i32" => as_type!(i32),
        "u32" => as_type!(u32),
        "i64" => as_type!(i64),
        "u64" => as_type!(u64),
        "f32" => as_type!(f32),
        "f64" => as_type!(f64),
        _ => panic!("no such type"),
    }
}

/// gzip.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// Origin, and steps along i, j, k, in LPS mm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub(crate) origin: [f64; 3],
    pub(crate) steps: [[f64; 3]; 3],
}

pub(crate) const SIZE: [usize; 3] = [4, 3, 2];
pub(crate) const SPACING: [f64; 3] = [0.5, 0.75, 2.5];

impl Placed {
    /// All 48 ways in which i, j, k may run along the axes of the patient.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            for flips in 0..8 {
                let mut steps = [[0.0; 3]; 3];
                for n in 0..3 {
                    steps[n][order[n]] = if flips >> n & 1 == 1 { -SPACING[n] } else { SPACING[n] };
                }
                all.push(Self { origin: [10.25, -20.5, 30.125], steps });
            }
        }
        all
    }

    /// The same in RAS.
    pub(crate) fn ras(&self) -> Self {
        let ras = |v: [f64; 3]| [-v[0], -v[1], v[2]];
        Self { origin: ras(self.origin), steps: self.steps.map(ras) }
    }

    /// Asserts that a grid places every voxel here.
    pub(crate) fn is_that_of(&self, grid: &Grid, tolerance_mm: f64) {
        let [ni, nj, nk] = grid.size();
        for ijk in [[0, 0, 0], [ni - 1, 0, 0], [0, nj - 1, 0], [0, 0, nk - 1], [ni - 1, nj - 1, nk - 1]] {
            let at: [f64; 3] = ijk.map(|n| n as f64);
            let mut want = Vector::<Lps>::from_array(self.origin);
            for (step, index) in self.steps.iter().zip(at) {
                want += Vector::from_array(*step) * index;
            }
            let got = grid.lps_from_ijk() * Point::<Ijk>::from_array(at);
            let apart = got.distance(Point::from_array(want.to_array()));
            assert!(apart <= tolerance_mm, "{ijk:?} lies at {got:?} instead of {want:?}");
        }
    }
}

/// A NIfTI file, field by field.
#[derive(Clone, Debug)]
pub(crate) struct Nifti {
    pub(crate) v2: bool,
    pub(crate) big: bool,
    pub(crate) dim: [i64; 8],
    pub(crate) datatype: i16,
    pub(crate) bits: i16,
    pub(crate) pixdim: [f64; 8],
    pub(crate) scale: [f64; 2],
    pub(crate) units: u8,
    pub(crate) intent: i16,
    pub(crate) codes: [i16; 2],
    pub(crate) quaternion: [f64; 3],
    pub(crate) offset: [f64; 3],
    pub(crate) sform: [[f64; 4]; 3],
    pub(crate) magic: &'static [u8],
    pub(crate) vox_offset: Option<f64>,
    pub(crate) data: Vec<u8>,
}

impl Nifti {
    /// 16-bit integers, in mm, without a form.
    pub(crate) fn new(size: [usize; 3], data: Vec<u8>) -> Self {
        let [i, j, k] = size.map(|n| n as i64);
        Self {
            v2: false,
            big: false,
            dim: [3, i, j, k, 1, 1, 1, 1],
            datatype: 4,
            bits: 16,
            pixdim: [1.0, SPACING[0], SPACING[1], SPACING[2], 0.0, 0.0, 0.0, 0.0],
            scale: [0.0, 0.0],
            units: 2,
            intent: 0,
            codes: [0, 0],
            quaternion: [0.0; 3],
            offset: [0.0; 3],
            sform: [[0.0; 4]; 3],
            magic: b"n+1\0",
            vox_offset: None,
            data,
        }
    }

    /// Placed by an sform.
    pub(crate) fn sformed(mut self, place: &Placed) -> Self {
        let ras = place.ras();
        self.codes[1] = 1;
        for row in 0..3 {
            self.sform[row] = [ras.steps[0][row], ras.steps[1][row], ras.steps[2][row], ras.origin[row]];
        }
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let size = if self.v2 { 540 } else { 348 };
        let mut out = vec![0_u8; size];
        let mut put = |at: usize, mut value: Vec<u8>| {
            if self.big {
                value.reverse();
            }
            out[at..at + value.len()].copy_from_slice(&value);
        };
        put(0, (size as i32).to_le_bytes().to_vec());
        let float = |v1: usize, v2: usize, value: f64| {
            if self.v2 {
                (v2, value.to_le_bytes().to_vec())
            } else {
                (v1, (value as f32).to_le_bytes().to_vec())
            }
        };
        let code = |v1: usize, v2: usize, value: i16| {
            if self.v2 {
                (v2, i32::from(value).to_le_bytes().to_vec())
            } else {
                (v1, value.to_le_bytes().to_vec())
            }
        };
        let mut fields = Vec::new();
        for n in 0..8 {
            fields.push(if self.v2 {
                (16 + 8 * n, self.dim[n].to_le_bytes().to_vec())
            } else {
                (40 + 2 * n, (self.dim[n] as i16).to_le_bytes().to_vec())
            });
            fields.push(float(76 + 4 * n, 104 + 8 * n, self.pixdim[n]));
        }
        fields.push((if self.v2 { 12 } else { 70 }, self.datatype.to_le_bytes().to_vec()));
        fields.push((if self.v2 { 14 } else { 72 }, self.bits.to_le_bytes().to_vec()));
        let offset = self.vox_offset.unwrap_or(size as f64 + 4.0);
        fields.push(if self.v2 {
            (168, (offset as i64).to_le_bytes().to_vec())
        } else {
            (108, (offset as f32).to_le_bytes().to_vec())
        });
        fields.push(float(112, 176, self.scale[0]));
        fields.push(float(116, 184, self.scale[1]));
        fields.push(if self.v2 {
            (500, i32::from(self.units).to_le_bytes().to_vec())
        } else {
            (123, vec![self.units])
        });
        fields.push(code(68, 504, self.intent));
        fields.push(code(252, 344, self.codes[0]));
        fields.push(code(254, 348, self.codes[1]));
        for n in 0..3 {
            fields.push(float(256 + 4 * n, 352 + 8 * n, self.quaternion[n]));
            fields.push(float(268 + 4 * n, 376 + 8 * n, self.offset[n]));
            for m in 0..4 {
                fields.push(float(280 + 16 * n + 4 * m, 400 + 32 * n + 8 * m, self.sform[n][m]));
            }
        }
        for (at, value) in fields {
            put(at, value);
        }
        if self.v2 {
            out[4..12].copy_from_slice(b"n+2\0\r\n\x1a\n");
        } else {
            out[344..344 + self.magic.len()].copy_from_slice(self.magic);
        }
        out.extend([0; 4]);
        out.extend(&self.data);
        out
    }
}

/// A NRRD header with these lines and the blank one, and data.
pub(crate) fn nrrd(lines: &str, data: &[u8]) -> Vec<u8> {
    let mut out = format!("NRRD0004\n# made by hand\n{lines}\n\n").into_bytes();
    out.extend(data);
    out
}

/// The lines of a plain volume of 16-bit integers of [`SIZE`] in LPS.
pub(crate) fn nrrd_lines(place: &Placed) -> String {
    let v = |v: [f64; 3]| format!("({},{}, {})", v[0], v[1], v[2]);
    format!(
        "type: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 4 3 2\nspace directions: {} {} {}\n\
         kinds: domain domain domain\nendian: little\nencoding: raw\nspace origin: {}",
        v(place.steps[0]),
        v(place.steps[1]),
        v(place.steps[2]),
        v(place.origin)
    )
}

/// The lines of a plain volume of 16-bit integers of [`SIZE`].
pub(crate) fn meta_lines(place: &Placed) -> String {
    let unit = |n: usize| place.steps[n].map(|x| (x / SPACING[n]).to_string()).join(" ");
    format!(
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = False\n\
         TransformMatrix = {} {} {}\nOffset = {}\nCenterOfRotation = 0 0 0\nElementSpacing = 0.5 0.75 2.5\n\
         DimSize = 4 3 2\nElementType = MET_SHORT\nElementDataFile = LOCAL\n",
        unit(0),
        unit(1),
        unit(2),
        place.origin.map(|x| x.to_string()).join(" ")
    )
}

/// Header and data.
pub(crate) fn joined(header: &str, data: &[u8]) -> Vec<u8> {
    [header.as_bytes(), data].concat()
}

/// Different values, one for each voxel of [`SIZE`], that every type holds.
pub(crate) fn values() -> Vec<f64> {
    (0..24).map(|n| f64::from((n * 5 + 3) % 128)).collect()
}

/// The same as 16-bit integers, little endian.
pub(crate) fn shorts() -> Vec<u8> {
    packed(&values(), "i16", false)
}
