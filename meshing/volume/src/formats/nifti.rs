//! NIfTI-1 and NIfTI-2 in one file.
//!
//! Field offsets are those of `nifti1.h` and `nifti2.h`. NIfTI space is RAS+; a file places its voxels by sform, by qform,
//! or not at all, and may do so twice.

mod forms;
mod save;

use super::place::single_slice;
use super::source::{GZIP, Source};
use super::{Element, Encoding, Format, FormatError, Header, Remark, RemarkKind, Skip, Weight};
use crate::Words;

pub(super) use save::header as write_header;

const V1_BYTES: usize = 348;
const V2_BYTES: usize = 540;
const V2_MAGIC: &[u8; 8] = b"n+2\0\r\n\x1a\n";
const INTENT_LABEL: i64 = 1002;
/// Intent codes of values that are vectors, matrices, points, triangles, quaternions or colours.
const NOT_GREY: std::ops::RangeInclusive<i64> = 1004..=1010;

/// Whether a file starts like an unpacked NIfTI.
pub(super) fn looks_like(start: &[u8]) -> bool {
    let Some(size) = start.first_chunk::<4>() else { return false };
    [i32::from_le_bytes(*size), i32::from_be_bytes(*size)].iter().any(|n| [348, 540].contains(n))
}

/// The bytes of a header, with offsets as they are in version 1 or 2.
struct Fields {
    bytes: Vec<u8>,
    big_endian: bool,
    v2: bool,
}

macro_rules! number {
    ($name:ident: $type:ty) => {
        fn $name(&self, at: usize) -> $type {
            let mut value = [0_u8; size_of::<$type>()];
            if let Some(bytes) = self.bytes.get(at..at + value.len()) {
                value.copy_from_slice(bytes);
            }
            if self.big_endian { <$type>::from_be_bytes(value) } else { <$type>::from_le_bytes(value) }
        }
    };
}

impl Fields {
    number!(i16: i16);
    number!(i32: i32);
    number!(i64: i64);
    number!(f32: f32);
    number!(f64: f64);

    /// A code or a small count: 16 bits in version 1, 32 in version 2.
    fn code(&self, v1: usize, v2: usize) -> i64 {
        if self.v2 { i64::from(self.i32(v2)) } else { i64::from(self.i16(v1)) }
    }

    /// A float: 32 bits in version 1, 64 in version 2.
    fn float(&self, v1: usize, v2: usize) -> f64 {
        if self.v2 { self.f64(v2) } else { f64::from(self.f32(v1)) }
    }

    /// Float number `n` of an array.
    fn nth(&self, v1: usize, v2: usize, n: usize) -> f64 {
        self.float(v1 + 4 * n, v2 + 8 * n)
    }

    fn dim(&self, n: usize) -> i64 {
        if self.v2 { self.i64(16 + 8 * n) } else { i64::from(self.i16(40 + 2 * n)) }
    }

    fn pixdim(&self, n: usize) -> f64 {
        self.nth(76, 104, n)
    }

    fn datatype(&self) -> (i64, i64) {
        let (v1, v2) = ((70, 72), (12, 14));
        let (kind, bits) = if self.v2 { v2 } else { v1 };
        (i64::from(self.i16(kind)), i64::from(self.i16(bits)))
    }
}

/// Reads a header and leaves the source at the first value.
pub(super) fn header(source: &mut Source<'_>) -> Result<Header, FormatError> {
    if source.peek()?.starts_with(&GZIP) {
        let packed = std::mem::replace(source, Source::new(std::io::empty(), 0));
        *source = packed.unpacked()?;
    }
    let fields = fields(source)?;
    let (size, frames) = sizes(&fields)?;
    let element = element(&fields)?;
    let mut remarks = Vec::new();
    if fields.dim(0) == 2 {
        remarks.push(single_slice());
    }
    let intent = fields.code(68, 504);
    if NOT_GREY.contains(&intent) {
        return Err(FormatError::Unsupported {
            what: Words::new("vectors, matrices, points or colours", "向量、矩阵、点或颜色"),
            next_step: Words::new("Export one component of them.", "请导出其中一个分量。"),
        });
    }
    let place = forms::place(&fields, size, &mut remarks)?;
    let grid = place.grid("sform or qform", size, &mut remarks)?;
    let scale = scale(&fields)?;
    skip_to_values(&fields, source)?;
    Ok(Header {
        format: Format::Nifti,
        grid,
        frames,
        element,
        labels: intent == INTENT_LABEL,
        modality: None,
        remarks,
        big_endian: fields.big_endian,
        scale,
        run: grid.len(),
        encoding: Encoding::Raw,
        skip: Skip::default(),
        data_file: None,
    })
}

fn fields(source: &mut Source<'_>) -> Result<Fields, FormatError> {
    let not_this = |en, zh| FormatError::NotThis { format: "NIfTI", reason: Words::new(en, zh) };
    let mut bytes = vec![0_u8; V1_BYTES];
    source.exact(&mut bytes).map_err(|error| match error {
        FormatError::Truncated { .. } => not_this("it is shorter than a header", "比文件头还短"),
        error => error,
    })?;
    let mut fields = Fields { bytes, big_endian: false, v2: false };
    fields.big_endian = match (fields.i32(0), fields.i32(0).swap_bytes()) {
        (348 | 540, _) => false,
        (_, 348 | 540) => true,
        _ => {
            return Err(not_this(
                "its first four bytes are not the size of a header",
                "前四个字节不是文件头的大小",
            ));
        }
    };
    fields.v2 = fields.i32(0) == 540;
    if fields.v2 {
        fields.bytes.resize(V2_BYTES, 0);
        source.exact(fields.bytes.get_mut(V1_BYTES..).unwrap_or_default())?;
    }
    let magic = fields.bytes.get(if fields.v2 { 4..12 } else { 344..348 }).unwrap_or_default();
    match magic {
        b"n+1\0" | b"n+2\0\r\n\x1a\n" => Ok(fields),
        [b'n', b'i', b'1' | b'2', ..] => Err(FormatError::Unsupported {
            what: Words::new("the header of a .hdr and .img pair", "一对 .hdr 和 .img 文件的文件头"),
            next_step: Words::new(
                "Convert the pair to one .nii file.",
                "请把这一对文件转换为一个 .nii 文件。",
            ),
        }),
        [0, 0, 0, 0] => Err(FormatError::Unsupported {
            what: Words::new(
                "an Analyze 7.5 header, which does not say left from right",
                "Analyze 7.5 文件头，它不区分左右",
            ),
            next_step: Words::new(
                "Export NIfTI from the program that made it.",
                "请用生成它的程序导出 NIfTI。",
            ),
        }),
        _ => Err(not_this("its magic bytes are damaged", "标识字节已损坏")),
    }
}

/// Voxels along i, j, k, and time points.
fn sizes(fields: &Fields) -> Result<([usize; 3], usize), FormatError> {
    let axes = fields.dim(0);
    if !(2..=7).contains(&axes) {
        return Err(FormatError::header("dim", "does not name 2 to 7 axes", "给出的轴数不在 2 到 7 之间"));
    }
    let along = |n: usize| -> Result<usize, FormatError> {
        if n as i64 > axes {
            return Ok(1);
        }
        super::numbers::size("dim", fields.dim(n) as f64)
    };
    let size = [along(1)?, along(2)?, along(3)?];
    if along(5)?.max(along(6)?).max(along(7)?) > 1 {
        return Err(FormatError::Unsupported {
            what: Words::new("more than one value for each voxel and time point", "每个体素和时间点有多个值"),
            next_step: Words::new("Export one component of them.", "请导出其中一个分量。"),
        });
    }
    let frames = along(4)?;
    if frames > super::FRAMES {
        return Err(FormatError::header("dim", "names more than 10,000 time points", "超过 10,000 个时间点"));
    }
    Ok((size, frames))
}

fn element(fields: &Fields) -> Result<Element, FormatError> {
    let (kind, bits) = fields.datatype();
    let element = match kind {
        2 => Element::U8,
        4 => Element::I16,
        8 => Element::I32,
        16 => Element::F32,
        64 => Element::F64,
        256 => Element::I8,
        512 => Element::U16,
        768 => Element::U32,
        1024 => Element::I64,
        1280 => Element::U64,
        128 | 2304 => {
            return Err(FormatError::Unsupported {
                what: Words::new("RGB colours", "RGB 颜色"),
                next_step: Words::new("Export the grey values they were made from.", "请导出其原始灰度值。"),
            });
        }
        32 | 1792 | 2048 => {
            return Err(FormatError::Unsupported {
                what: Words::new("complex numbers", "复数"),
                next_step: Words::new("Export their magnitude.", "请导出其幅值。"),
            });
        }
        1 | 1536 => {
            return Err(FormatError::Unsupported {
                what: Words::new("single bits or 128-bit floats", "单个比特或 128 位浮点数"),
                next_step: Words::new(
                    "Export 8-bit integers or 64-bit floats.",
                    "请导出 8 位整数或 64 位浮点数。",
                ),
            });
        }
        _ => {
            return Err(FormatError::header(
                "datatype",
                "is not one that the format knows",
                "不是该格式的已知取值",
            ));
        }
    };
    if bits != 8 * element.bytes() as i64 {
        return Err(FormatError::header("bitpix", "contradicts the datatype", "与 datatype 矛盾"));
    }
    Ok(element)
}

/// Slope and intercept; a slope of 0 or NaN means there is none.
fn scale(fields: &Fields) -> Result<Option<(f64, f64)>, FormatError> {
    let (slope, inter) = (fields.float(112, 176), fields.float(116, 184));
    if slope == 0.0 || slope.is_nan() || (slope, inter) == (1.0, 0.0) {
        return Ok(None);
    }
    if !slope.is_finite() || !inter.is_finite() {
        return Err(FormatError::header(
            "scl_slope or scl_inter",
            "is not a finite number",
            "不是有限的数字",
        ));
    }
    Ok(Some((slope, inter)))
}

fn skip_to_values(fields: &Fields, source: &mut Source<'_>) -> Result<(), FormatError> {
    let read = if fields.v2 { V2_BYTES } else { V1_BYTES } as u64;
    let offset = if fields.v2 { fields.i64(168) as f64 } else { f64::from(fields.f32(108)) };
    // Some writers leave 0 where the values follow the header at once.
    let offset = if offset == 0.0 { read as f64 + 4.0 } else { offset };
    if offset.fract() != 0.0 || !(read as f64..=1e12).contains(&offset) {
        return Err(FormatError::header(
            "vox_offset",
            "points into the header, or nowhere",
            "指向文件头内部，或没有有效位置",
        ));
    }
    source.skip(offset as u64 - read)
}

/// Warns that mm were taken for granted.
fn unit_remark() -> Remark {
    let message = Words::new(
        "the NIfTI header states no unit of length; millimetres are taken, as is usual",
        "NIfTI 文件头没有长度单位；按惯例视为毫米",
    );
    Remark::new(RemarkKind::EstimatedSpacing, Weight::Warning, message)
}
