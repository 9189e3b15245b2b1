//! Which axes of the array are axes of space, and where they lie.

use super::Fields;
use crate::Words;
use crate::formats::place::{Place, no_spacing, normal_step, single_slice, unknown_orientation};
use crate::formats::{FormatError, Remark, RemarkKind, Weight, numbers};

const AXES: usize = 16;

/// What the axes come to.
pub(super) struct Axes {
    pub(super) size: [usize; 3],
    pub(super) frames: usize,
    pub(super) run: usize,
    pub(super) place: Place,
}

pub(super) fn read(fields: &Fields, remarks: &mut Vec<Remark>) -> Result<Axes, FormatError> {
    let sizes = numbers::sizes("sizes", fields.needed("sizes")?)?;
    let dimension = numbers::whole("dimension", fields.needed("dimension")?)?;
    if dimension != sizes.len() as i64 || sizes.len() > AXES {
        return Err(FormatError::header(
            "dimension",
            "differs from the number of sizes, or is over 16",
            "与尺寸的个数不符，或大于 16",
        ));
    }
    let kinds = kinds(fields, sizes.len())?;
    let vectors = match fields.value("spacedirections") {
        Some(text) => Some(vectors("space directions", text, sizes.len())?),
        None => None,
    };
    let spacings = match fields.value("spacings") {
        Some(text) => Some(numbers::all("spacings", text)?),
        None => None,
    };
    if spacings.as_ref().is_some_and(|s| s.len() != sizes.len()) {
        return Err(FormatError::header("spacings", "are not one for each axis", "不是每个轴一个"));
    }
    let spatial: Vec<usize> = (0..sizes.len())
        .filter(|&n| match (&vectors, &spacings) {
            (Some(vectors), _) => vectors[n].is_some(),
            (None, Some(spacings)) => !spacings[n].is_nan() && kinds[n] != Kind::Other,
            (None, None) => kinds[n] == Kind::Space || (kinds[n] == Kind::Unknown && sizes.len() <= 3),
        })
        .collect();
    let (frames, run) = frames(&sizes, &spatial)?;
    let steps = match (vectors, spacings) {
        (Some(vectors), _) => Some(spatial.iter().filter_map(|&n| vectors[n]).collect::<Vec<_>>()),
        (None, Some(spacings)) => {
            remarks.push(unknown_orientation("NRRD"));
            Some(along_axes(&spatial.iter().map(|&n| spacings[n].abs()).collect::<Vec<_>>()))
        }
        (None, None) => {
            remarks.push(unknown_orientation("NRRD"));
            remarks.push(no_spacing("NRRD"));
            Some(along_axes(&vec![1.0; spatial.len()]))
        }
    };
    let steps = steps.unwrap_or_default();
    let stated = fields.value("spacedirections").is_some();
    let (to_lps, to_mm) = if stated { space(fields, remarks)? } else { ([1.0; 3], 1.0) };
    let in_lps = |v: [f64; 3]| -> [f64; 3] { std::array::from_fn(|n| v[n] * to_lps[n] * to_mm) };
    let origin = origin(fields, remarks)?;
    let steps: Vec<[f64; 3]> = steps.into_iter().map(in_lps).collect();
    let (steps, size) = match (steps.as_slice(), spatial.as_slice()) {
        (&[i, j, k], &[ni, nj, nk]) => ([i, j, k], [sizes[ni], sizes[nj], sizes[nk]]),
        (&[i, j], &[ni, nj]) => {
            remarks.push(single_slice());
            ([i, j, normal_step(i, j)], [sizes[ni], sizes[nj], 1])
        }
        _ => {
            return Err(FormatError::header(
                "kinds or space directions",
                "do not name two or three axes of space",
                "没有给出两个或三个空间轴",
            ));
        }
    };
    Ok(Axes { size, frames, run, place: Place { origin: in_lps(origin), steps } })
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Space,
    Unknown,
    Other,
}

fn kinds(fields: &Fields, axes: usize) -> Result<Vec<Kind>, FormatError> {
    let Some(text) = fields.value("kinds") else { return Ok(vec![Kind::Unknown; axes]) };
    let kinds = text
        .split_whitespace()
        .take(AXES + 1)
        .map(|kind| match kind.to_ascii_lowercase().as_str() {
            "domain" | "space" => Ok(Kind::Space),
            "???" | "none" => Ok(Kind::Unknown),
            "list" | "time" | "scalar" | "stub" => Ok(Kind::Other),
            kind if kind.contains("color") => Err(FormatError::Unsupported {
                what: Words::new("colours", "颜色"),
                next_step: Words::new("Export the grey values they were made from.", "请导出其原始灰度值。"),
            }),
            _ => Err(FormatError::Unsupported {
                what: Words::new("vectors, matrices or complex numbers", "向量、矩阵或复数"),
                next_step: Words::new("Export one component of them.", "请导出其中一个分量。"),
            }),
        })
        .collect::<Result<Vec<_>, _>>()?;
    if kinds.len() == axes {
        Ok(kinds)
    } else {
        Err(FormatError::header("kinds", "are not one for each axis", "不是每个轴一个"))
    }
}

/// How many frames there are, and how many values come before the frame changes.
fn frames(sizes: &[usize], spatial: &[usize]) -> Result<(usize, usize), FormatError> {
    let mut others = (0..sizes.len()).filter(|n| !spatial.contains(n) && sizes[*n] > 1);
    let (Some(axis), None) = (others.next(), others.next()) else {
        let one = (0..sizes.len()).all(|n| spatial.contains(&n) || sizes[n] == 1);
        let run = spatial.iter().try_fold(1_usize, |run, &n| run.checked_mul(sizes[n]));
        let run =
            run.ok_or_else(|| FormatError::header("sizes", "are more than can be counted", "大得无法计数"))?;
        return if one {
            Ok((1, run))
        } else {
            Err(FormatError::Unsupported {
                what: Words::new("more than one axis besides those of space", "空间轴之外还有不止一个轴"),
                next_step: Words::new("Split the file.", "请拆分文件。"),
            })
        };
    };
    let run = sizes.iter().take(axis).try_fold(1_usize, |run, n| run.checked_mul(*n));
    let run =
        run.ok_or_else(|| FormatError::header("sizes", "are more than can be counted", "大得无法计数"))?;
    Ok((sizes[axis], run))
}

fn along_axes(spacings: &[f64]) -> Vec<[f64; 3]> {
    let mut steps = vec![[0.0; 3]; spacings.len().min(3)];
    for (n, step) in steps.iter_mut().enumerate() {
        step[n] = spacings[n];
    }
    steps
}

/// Signs that bring the space to LPS, and its unit in mm.
fn space(fields: &Fields, remarks: &mut Vec<Remark>) -> Result<([f64; 3], f64), FormatError> {
    let name = fields.value("space").map(|text| text.trim().to_ascii_lowercase());
    let name = name.as_deref().map(|name| name.strip_suffix("-time").unwrap_or(name));
    let signs = match name.map(|n| n.trim_end_matches('t')) {
        Some("left-posterior-superior" | "lps") => [1.0, 1.0, 1.0],
        Some("right-anterior-superior" | "ras") => [-1.0, -1.0, 1.0],
        Some("left-anterior-superior" | "las") => [1.0, -1.0, 1.0],
        // Anatomy is not named in these: the numbers are kept as they are, and the remark says that sides are guesses.
        Some("scanner-xyz" | "3d-right-handed" | "3d-left-handed") | None => {
            remarks.push(unknown_orientation("NRRD"));
            [1.0; 3]
        }
        Some(_) => {
            return Err(FormatError::header(
                "space",
                "is not one that the format knows",
                "不是该格式的已知取值",
            ));
        }
    };
    let Some(units) = fields.value("spaceunits") else { return Ok((signs, 1.0)) };
    let units: Vec<&str> = units.split('"').map(str::trim).filter(|unit| !unit.is_empty()).take(3).collect();
    let to_mm = |unit: &str| match unit {
        "mm" | "millimeter" | "millimetre" => Ok(1.0),
        "cm" => Ok(10.0),
        "m" => Ok(1000.0),
        "um" | "µm" | "μm" | "micron" | "microns" => Ok(1e-3),
        "nm" => Ok(1e-6),
        _ => Err(FormatError::header(
            "space units",
            "names no unit of length that is known",
            "没有给出已知的长度单位",
        )),
    };
    let factors = units.into_iter().map(to_mm).collect::<Result<Vec<_>, _>>()?;
    match factors.as_slice() {
        [] => Ok((signs, 1.0)),
        [first, rest @ ..] if rest.iter().all(|f| f == first) => Ok((signs, *first)),
        _ => Err(FormatError::header("space units", "differ between the axes", "各轴不一致")),
    }
}

fn origin(fields: &Fields, remarks: &mut Vec<Remark>) -> Result<[f64; 3], FormatError> {
    let Some(text) = fields.value("spaceorigin") else {
        let message = Words::new(
            "the NRRD header does not say where the first voxel lies; 0, 0, 0 stands in for it",
            "NRRD 文件头没有第一个体素的位置；以 0, 0, 0 代替",
        );
        remarks.push(Remark::new(RemarkKind::UnknownOrientation, Weight::Warning, message));
        return Ok([0.0; 3]);
    };
    match vectors("space origin", text, 1)?.as_slice() {
        [Some(origin)] => Ok(*origin),
        _ => Err(FormatError::header("space origin", "is not one position", "不是一个位置")),
    }
}

/// `(x,y,z)` or `none` for each axis; a vector along time is no axis of space.
fn vectors(field: &'static str, text: &str, count: usize) -> Result<Vec<Option<[f64; 3]>>, FormatError> {
    let wrong =
        || FormatError::header(field, "is not a list of vectors in three dimensions", "不是一列三维向量");
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if found.len() == count {
            return Err(FormatError::header(field, "has more vectors than there are axes", "向量比轴多"));
        }
        if let Some(after) = rest.strip_prefix("none") {
            found.push(None);
            rest = after.trim_start();
            continue;
        }
        let (inside, after) = rest.strip_prefix('(').and_then(|r| r.split_once(')')).ok_or_else(wrong)?;
        let parts = numbers::all(field, &inside.replace(',', " "))?;
        found.push(match *parts.as_slice() {
            [x, y, z] => Some([x, y, z]),
            [x, y, z, t] if t == 0.0 || field == "space origin" => Some([x, y, z]),
            [x, y, z, _] if [x, y, z] == [0.0; 3] => None,
            _ => return Err(wrong()),
        });
        rest = after.trim_start();
    }
    if found.len() == count {
        Ok(found)
    } else {
        Err(FormatError::header(field, "are not one for each axis", "不是每个轴一个"))
    }
}
