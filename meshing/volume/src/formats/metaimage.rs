//! MetaImage, attached and detached (`.mha`, `.mhd`).
//!
//! As ITK reads it: positions are LPS; the first three numbers of `TransformMatrix` are the direction of the first axis.

mod fields;

use super::place::{Place, no_spacing, normal_step, single_slice, unknown_orientation};
use super::source::Source;
use super::{Element, Encoding, Format, FormatError, Header, Remark, RemarkKind, Skip, Weight, numbers};
use crate::{Grid, Words};

use fields::Fields;

/// A direction counts as along an axis of the patient if its share of that axis is above this.
const MAIN_SHARE: f64 = 0.5;

/// Whether a file starts like a MetaImage.
pub(super) fn looks_like(start: &[u8]) -> bool {
    let text = String::from_utf8_lossy(start);
    ["ObjectType", "NDims", "Comment", "ObjectSubType"].iter().any(|key| {
        text.trim_start().strip_prefix(key).is_some_and(|after| after.trim_start().starts_with('='))
    })
}

/// Reads a header and leaves the source after the line `ElementDataFile`.
pub(super) fn header(source: &mut Source<'_>) -> Result<Header, FormatError> {
    let fields = Fields::read(source)?;
    if !["", "image"].contains(&fields.word("ObjectType").to_ascii_lowercase().as_str()) {
        return Err(FormatError::Unsupported {
            what: Words::new("no image but another object", "图像以外的对象"),
            next_step: Words::new("Export an image.", "请导出图像。"),
        });
    }
    let axes = numbers::whole("NDims", fields.needed("NDims")?)?;
    let sizes = numbers::sizes("DimSize", fields.needed("DimSize")?)?;
    if !(2..=4).contains(&axes) || sizes.len() as i64 != axes {
        return Err(FormatError::header(
            "NDims",
            "is not 2 to 4, or differs from the number of sizes",
            "不在 2 到 4 之间，或与尺寸的个数不符",
        ));
    }
    if fields
        .value("ElementNumberOfChannels")
        .map_or(Ok(1), |t| numbers::whole("ElementNumberOfChannels", t))?
        != 1
    {
        return Err(FormatError::Unsupported {
            what: Words::new("several values a voxel (vectors or colours)", "每个体素有多个值（向量或颜色）"),
            next_step: Words::new("Export one of them.", "请导出其中一个。"),
        });
    }
    let mut remarks = Vec::new();
    let size = [sizes[0], sizes[1], sizes.get(2).copied().unwrap_or(1)];
    let frames = sizes.get(3).copied().unwrap_or(1);
    if frames > super::FRAMES {
        return Err(FormatError::header("DimSize", "names more than 10,000 frames", "超过 10,000 帧"));
    }
    let place = place(&fields, sizes.len(), &mut remarks)?;
    let grid = place.grid("TransformMatrix, Offset or ElementSpacing", size, &mut remarks)?;
    let (encoding, element) = (encoding(&fields)?, element(fields.needed("ElementType")?)?);
    Ok(Header {
        format: Format::MetaImage,
        grid,
        frames,
        element,
        labels: false,
        modality: modality(&fields),
        scale: scale(&fields, &mut remarks)?,
        remarks,
        big_endian: fields.truth("BinaryDataByteOrderMSB")? || fields.truth("ElementByteOrderMSB")?,
        run: grid.len(),
        encoding,
        skip: skip(&fields)?,
        data_file: data_file(&fields)?,
    })
}

fn element(name: &str) -> Result<Element, FormatError> {
    Ok(match name.trim() {
        "MET_CHAR" => Element::I8,
        "MET_UCHAR" => Element::U8,
        "MET_SHORT" => Element::I16,
        "MET_USHORT" => Element::U16,
        // MetaIO's long has four bytes on every machine.
        "MET_INT" | "MET_LONG" => Element::I32,
        "MET_UINT" | "MET_ULONG" => Element::U32,
        "MET_LONG_LONG" => Element::I64,
        "MET_ULONG_LONG" => Element::U64,
        "MET_FLOAT" => Element::F32,
        "MET_DOUBLE" => Element::F64,
        name if name.ends_with("_ARRAY") => {
            return Err(FormatError::Unsupported {
                what: Words::new(
                    "several values a voxel (vectors or colours)",
                    "每个体素有多个值（向量或颜色）",
                ),
                next_step: Words::new("Export one of them.", "请导出其中一个。"),
            });
        }
        _ => {
            return Err(FormatError::header(
                "ElementType",
                "is not one that the format knows",
                "不是该格式的已知取值",
            ));
        }
    })
}

fn encoding(fields: &Fields) -> Result<Encoding, FormatError> {
    if fields.value("BinaryData").is_some() && !fields.truth("BinaryData")? {
        return Ok(Encoding::Ascii);
    }
    Ok(if fields.truth("CompressedData")? { Encoding::Packed } else { Encoding::Raw })
}

fn place(fields: &Fields, axes: usize, remarks: &mut Vec<Remark>) -> Result<Place, FormatError> {
    let first = |names: &[&'static str]| {
        names.iter().find_map(|name| fields.value(name).map(|text| (*name, text.to_owned())))
    };
    let mut spacing = [1.0; 4];
    match first(&["ElementSpacing", "ElementSize"]) {
        Some((name, text)) => several(name, &text, &mut spacing, axes)?,
        None => remarks.push(no_spacing("MetaImage")),
    }
    let mut origin = [0.0; 4];
    if let Some((name, text)) = first(&["Offset", "Position", "Origin"]) {
        several(name, &text, &mut origin, axes)?;
    } else {
        let message = Words::new(
            "the MetaImage header does not say where the first voxel lies; 0, 0, 0 stands in for it",
            "MetaImage 文件头没有第一个体素的位置；以 0, 0, 0 代替",
        );
        remarks.push(Remark::new(RemarkKind::UnknownOrientation, Weight::Warning, message));
    }
    let letters = fields.word("AnatomicalOrientation");
    let mut direction = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let matrix = first(&["TransformMatrix", "Rotation", "Orientation"]);
    if let Some((name, text)) = &matrix {
        let mut numbers = vec![0.0; axes * axes];
        several(name, text, &mut numbers, axes * axes)?;
        for (n, axis) in direction.iter_mut().enumerate().take(axes.min(3)) {
            for (m, part) in axis.iter_mut().enumerate().take(axes.min(3)) {
                *part = numbers[n * axes + m];
            }
        }
        centre_of_rotation(fields, axes, &direction, remarks)?;
    } else if letters.is_empty() || letters == "???" {
        remarks.push(unknown_orientation("MetaImage"));
    }
    let to_mm = match fields.word("DistanceUnits").as_str() {
        "" | "mm" | "millimeter" => 1.0,
        "um" | "micron" => 1e-3,
        "cm" => 10.0,
        "m" => 1000.0,
        _ => {
            return Err(FormatError::header(
                "DistanceUnits",
                "names no unit of length that is known",
                "没有给出已知的长度单位",
            ));
        }
    };
    let scaled = |n: usize| direction[n].map(|part| part * spacing[n] * to_mm);
    let mut steps = [scaled(0), scaled(1), scaled(2)];
    if axes == 2 {
        remarks.push(single_slice());
        steps[2] = normal_step(steps[0], steps[1]);
    }
    if spacing.iter().any(|mm| *mm <= 0.0) {
        return Err(FormatError::header("ElementSpacing", "is not positive", "不是正数"));
    }
    compare_letters(&letters, &direction, remarks);
    Ok(Place { origin: [origin[0], origin[1], origin[2]].map(|mm| mm * to_mm), steps })
}

fn several(name: &'static str, text: &str, out: &mut [f64], count: usize) -> Result<(), FormatError> {
    let numbers = numbers::all(name, text)?;
    if numbers.len() != count || numbers.iter().any(|n| !n.is_finite()) {
        return Err(FormatError::header(
            name,
            "is not one finite number for each axis",
            "不是每个轴一个有限的数字",
        ));
    }
    out.iter_mut().zip(numbers).for_each(|(place, number)| *place = number);
    Ok(())
}

/// ITK passes over the centre of rotation; MetaIO turns about it. With a rotation the two differ.
fn centre_of_rotation(
    fields: &Fields,
    axes: usize,
    direction: &[[f64; 3]; 3],
    remarks: &mut Vec<Remark>,
) -> Result<(), FormatError> {
    let Some(text) = fields.value("CenterOfRotation") else { return Ok(()) };
    let mut centre = [0.0; 4];
    several("CenterOfRotation", text, &mut centre, axes)?;
    let turned = *direction != [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    if turned && centre.iter().any(|mm| *mm != 0.0) {
        let message = Words::new(
            "the MetaImage header turns the grid about a centre of its own, which programs read differently; it was \
             passed over, as ITK does, and positions may be off",
            "MetaImage 文件头让网格绕自定的中心旋转，各程序的解读不同；与 ITK 一样没有采用，位置可能有偏差",
        );
        remarks.push(Remark::new(RemarkKind::ConflictingGeometry, Weight::Severe, message));
    }
    Ok(())
}

/// The letters say from where (MetaIO) or, with some writers, to where each axis runs. They must agree with the matrix
/// under one reading.
fn compare_letters(letters: &str, direction: &[[f64; 3]; 3], remarks: &mut Vec<Remark>) {
    let letters: Vec<char> = letters.chars().collect();
    let [_, _, _] = *letters.as_slice() else { return };
    let to_where = |letter: &char| match letter {
        'L' => Some((0, 1.0)),
        'R' => Some((0, -1.0)),
        'P' => Some((1, 1.0)),
        'A' => Some((1, -1.0)),
        'S' => Some((2, 1.0)),
        'I' => Some((2, -1.0)),
        _ => None,
    };
    let named: Vec<(usize, f64)> = letters.iter().filter_map(to_where).collect();
    if named.len() < 3 {
        return;
    }
    let agrees =
        |turn: f64| named.iter().zip(direction).all(|((axis, sign), d)| d[*axis] * sign * turn > MAIN_SHARE);
    if !agrees(1.0) && !agrees(-1.0) {
        let message = Words::new(
            "AnatomicalOrientation and TransformMatrix of the MetaImage header name different sides; the matrix is \
             used, as ITK does",
            "MetaImage 文件头的 AnatomicalOrientation 与 TransformMatrix 给出的方位不同；与 ITK 一样采用矩阵",
        );
        remarks.push(Remark::new(RemarkKind::ConflictingGeometry, Weight::Severe, message));
    }
}

/// The modality that the header states.
fn modality(fields: &Fields) -> Option<String> {
    match fields.word("Modality").as_str() {
        "MET_MOD_CT" => Some("CT".to_owned()),
        "MET_MOD_MR" => Some("MR".to_owned()),
        "MET_MOD_US" => Some("US".to_owned()),
        _ => None,
    }
}

fn scale(fields: &Fields, remarks: &mut Vec<Remark>) -> Result<Option<(f64, f64)>, FormatError> {
    let number = |field: &'static str, default: f64| {
        fields.value(field).map_or(Ok(default), |t| numbers::exactly::<1>(field, t).map(|[n]| n))
    };
    let slope = number("ElementToIntensityFunctionSlope", 1.0)?;
    let offset = number("ElementToIntensityFunctionOffset", 0.0)?;
    if (slope, offset) == (1.0, 0.0) {
        return Ok(None);
    }
    if !slope.is_finite() || !offset.is_finite() || slope == 0.0 {
        return Err(FormatError::header(
            "ElementToIntensityFunctionSlope",
            "is zero or not finite",
            "为零或不是有限的数字",
        ));
    }
    let message = Words::new(
        format!(
            "the MetaImage header asks for values times {slope} plus {offset}, which was done; programs on ITK do not"
        ),
        format!("MetaImage 文件头要求数值乘以 {slope} 再加 {offset}，已照做；基于 ITK 的程序不这样做"),
    );
    remarks.push(Remark::new(RemarkKind::ChangedValues, Weight::Severe, message));
    Ok(Some((slope, offset)))
}

fn skip(fields: &Fields) -> Result<Skip, FormatError> {
    let bytes = fields.value("HeaderSize").map_or(Ok(0), |text| numbers::whole("HeaderSize", text))?;
    if bytes < -1 {
        return Err(FormatError::header("HeaderSize", "is below -1", "小于 -1"));
    }
    Ok(Skip { lines: 0, bytes: bytes.max(0).unsigned_abs(), from_end: bytes == -1 })
}

fn data_file(fields: &Fields) -> Result<Option<String>, FormatError> {
    let name = fields.needed("ElementDataFile")?.trim();
    if name.eq_ignore_ascii_case("LOCAL") {
        return Ok(None);
    }
    if name.is_empty() {
        return Err(FormatError::header("ElementDataFile", "is empty", "为空"));
    }
    if name.starts_with("LIST") || name.contains('%') {
        return Err(FormatError::Unsupported {
            what: Words::new("values spread over several files", "分散在多个文件中的数值"),
            next_step: Words::new("Save it as one file.", "请保存为一个文件。"),
        });
    }
    Ok(Some(name.to_owned()))
}

/// The header of a grid; `packed` is the size of the packed values, `data_file` is `LOCAL` where they follow.
pub(super) fn write_header(grid: &Grid, element: Element, packed: Option<u64>, data_file: &str) -> Vec<u8> {
    let kind = match element {
        Element::I8 => "MET_CHAR",
        Element::U8 => "MET_UCHAR",
        Element::I16 => "MET_SHORT",
        Element::U16 => "MET_USHORT",
        Element::I32 => "MET_INT",
        Element::U32 => "MET_UINT",
        Element::I64 => "MET_LONG_LONG",
        Element::U64 => "MET_ULONG_LONG",
        Element::F32 => "MET_FLOAT",
        Element::F64 => "MET_DOUBLE",
    };
    let list = |numbers: &[f64]| numbers.iter().map(|n| (n + 0.0).to_string()).collect::<Vec<_>>().join(" ");
    let direction: Vec<f64> = grid.direction().iter().flat_map(|d| d.to_array()).collect();
    let [ni, nj, nk] = grid.size();
    let packing = packed.map_or_else(
        || "CompressedData = False".to_owned(),
        |bytes| format!("CompressedData = True\nCompressedDataSize = {bytes}"),
    );
    format!(
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n{packing}\n\
         TransformMatrix = {}\nOffset = {}\nCenterOfRotation = 0 0 0\nElementSpacing = {}\nDimSize = {ni} {nj} {nk}\n\
         ElementType = {kind}\nElementDataFile = {data_file}\n",
        list(&direction),
        list(&grid.origin().to_array()),
        list(&grid.spacing_mm()),
    )
    .into_bytes()
}
