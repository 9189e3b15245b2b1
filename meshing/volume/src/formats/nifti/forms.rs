//! sform, qform, both, or neither.

use super::{Fields, unit_remark};
use crate::Words;
use crate::formats::place::{Place, unknown_orientation};
use crate::formats::{FormatError, Remark, RemarkKind, Weight};

/// Both forms agree if no corner differs by more than this share of the smallest step …
const AGREE_SHARE: f64 = 0.05;
/// … and pixdim agrees with the sform's steps within this share.
const PIXDIM_SHARE: f64 = 0.01;
/// Form codes of the patient: scanner, and aligned to another scan of the same. The others are atlases.
const PATIENT: std::ops::RangeInclusive<i64> = 1..=2;

/// Where the voxels lie: by the sform where there is one, else by the qform, else by pixdim alone.
pub(super) fn place(
    fields: &Fields,
    size: [usize; 3],
    remarks: &mut Vec<Remark>,
) -> Result<Place, FormatError> {
    let to_mm = to_mm(fields, remarks)?;
    let (q_code, s_code) = (fields.code(252, 344), fields.code(254, 348));
    let spacing = spacing(fields)?;
    let qform = if q_code > 0 { Some(qform(fields, spacing, to_mm)?) } else { None };
    if s_code > 0 {
        let sform = sform(fields, to_mm);
        if let Some(qform) = &qform {
            compare(&sform, qform, [s_code, q_code], size, remarks);
        } else {
            compare_spacing(&sform, spacing.map(|mm| mm * to_mm), remarks);
        }
        atlas(s_code, remarks);
        return Ok(sform);
    }
    if let Some(qform) = qform {
        atlas(q_code, remarks);
        return Ok(qform);
    }
    remarks.push(unknown_orientation("NIfTI"));
    // The axes of the oldest rule (method 1 of nifti1.h), i to the right, j to the front, k to the head.
    let [i, j, k] = spacing;
    Ok(Place::from_ras([0.0; 3], [[i, 0.0, 0.0], [0.0, j, 0.0], [0.0, 0.0, k]], to_mm))
}

/// The unit of length, in mm.
fn to_mm(fields: &Fields, remarks: &mut Vec<Remark>) -> Result<f64, FormatError> {
    let units = if fields.v2 {
        fields.i32(500)
    } else {
        i32::from(fields.bytes.get(123).copied().unwrap_or_default())
    };
    match units & 7 {
        0 => {
            remarks.push(unit_remark());
            Ok(1.0)
        }
        1 => Ok(1000.0),
        2 => Ok(1.0),
        3 => Ok(1e-3),
        _ => Err(FormatError::header("xyzt_units", "names no unit of length", "没有给出长度单位")),
    }
}

/// pixdim 1 to 3; a single slice may leave the last one open.
fn spacing(fields: &Fields) -> Result<[f64; 3], FormatError> {
    let mut spacing = [1, 2, 3].map(|n| fields.pixdim(n));
    let single = fields.dim(0) == 2 || fields.dim(3) == 1;
    if single && !(spacing[2].is_finite() && spacing[2] > 0.0) {
        spacing[2] = 1.0;
    }
    if spacing.iter().any(|mm| !mm.is_finite() || *mm <= 0.0) {
        return Err(FormatError::header("pixdim", "is not three positive lengths", "不是三个正的长度"));
    }
    Ok(spacing)
}

/// Method 3 of `nifti1.h`.
fn sform(fields: &Fields, to_mm: f64) -> Place {
    let row = |r: usize, n: usize| fields.nth(280 + 16 * r, 400 + 32 * r, n);
    let column = |n: usize| [row(0, n), row(1, n), row(2, n)];
    Place::from_ras(column(3), [column(0), column(1), column(2)], to_mm)
}

/// Method 2 of `nifti1.h`: a unit quaternion whose first part follows from the others, and qfac for a left-handed grid.
fn qform(fields: &Fields, spacing: [f64; 3], to_mm: f64) -> Result<Place, FormatError> {
    let [b, c, d] = [0, 1, 2].map(|n| fields.nth(256, 352, n));
    let origin = [0, 1, 2].map(|n| fields.nth(268, 376, n));
    let length = b * b + c * c + d * d;
    // In 32 bits a half turn may come out a little long.
    if !length.is_finite() || length > 1.0 + 1e-4 {
        return Err(FormatError::header("quatern", "is not a rotation", "不是旋转"));
    }
    // The first part is the root of what is missing to 1. Near a half turn that is rounding noise, which the root would
    // blow up to 0.02 degrees: the C library and nibabel take it as none, and so it is here.
    let noise = 3.0 * if fields.v2 { f64::EPSILON } else { f64::from(f32::EPSILON) };
    let (shrink, a) =
        if length > 1.0 - noise { (length.sqrt().recip(), 0.0) } else { (1.0, (1.0 - length).sqrt()) };
    let [b, c, d] = [b * shrink, c * shrink, d * shrink];
    let qfac = if fields.pixdim(0) < 0.0 { -1.0 } else { 1.0 };
    let columns = [
        [a * a + b * b - c * c - d * d, 2.0 * (b * c + a * d), 2.0 * (b * d - a * c)],
        [2.0 * (b * c - a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d + a * b)],
        [2.0 * (b * d + a * c), 2.0 * (c * d - a * b), a * a + d * d - b * b - c * c],
    ];
    let scale = [spacing[0], spacing[1], spacing[2] * qfac];
    let steps = std::array::from_fn(|n| columns[n].map(|x| x * scale[n]));
    Ok(Place::from_ras(origin, steps, to_mm))
}

/// Says where both forms disagree. Positions in two spaces may differ; sides and lengths may not.
fn compare(sform: &Place, qform: &Place, codes: [i64; 2], size: [usize; 3], remarks: &mut Vec<Remark>) {
    let apart = sform.apart_mm(qform, size);
    if apart <= AGREE_SHARE * sform.smallest_step_mm() {
        return;
    }
    let mirrored = sform.right_handed() != qform.right_handed();
    let weight = if mirrored || codes[0] == codes[1] || !PATIENT.contains(&codes[0]) {
        Weight::Severe
    } else {
        Weight::Warning
    };
    let side = if mirrored {
        Words::new(", and one mirrors the other", "，且互为镜像")
    } else {
        Words::default()
    };
    let [sform, qform] = codes;
    let message = Words::new(
        format!(
            "sform (code {sform}) and qform (code {qform}) place the same voxel up to {apart:.2} mm apart{side}; the \
             sform is used"
        ),
        format!(
            "sform（代码 {sform}）与 qform（代码 {qform}）给同一体素的位置最多相差 {apart:.2} mm{}；采用 sform",
            side.zh
        ),
    );
    remarks.push(Remark::new(RemarkKind::ConflictingGeometry, weight, message));
}

fn compare_spacing(sform: &Place, spacing_mm: [f64; 3], remarks: &mut Vec<Remark>) {
    let lengths = sform.steps.map(|s| meshing_space::Vector::<meshing_space::Lps>::from_array(s).length());
    let differ = lengths.iter().zip(spacing_mm).any(|(a, b)| (a - b).abs() > PIXDIM_SHARE * a);
    if differ {
        let message = Words::new(
            format!(
                "pixdim gives a spacing of {spacing_mm:.4?} mm, the sform one of {lengths:.4?} mm; the sform is used"
            ),
            format!("pixdim 给出的间距为 {spacing_mm:.4?} mm，sform 为 {lengths:.4?} mm；采用 sform"),
        );
        remarks.push(Remark::new(RemarkKind::ConflictingGeometry, Weight::Severe, message));
    }
}

/// An atlas's space is not the patient's: lengths may have been stretched.
fn atlas(code: i64, remarks: &mut Vec<Remark>) {
    if !PATIENT.contains(&code) {
        let message = Words::new(
            format!(
                "the scan was brought into the space of an atlas (form code {code}): lengths and positions may not be \
                 the patient's own"
            ),
            format!("扫描已变换到图谱空间（form 代码 {code}）：长度和位置可能不是患者自身的"),
        );
        remarks.push(Remark::new(RemarkKind::EstimatedSpacing, Weight::Severe, message));
    }
}
