//! NRRD, attached and detached (`.nrrd`, `.nhdr`; teem.sourceforge.net/nrrd/format.html).

mod axes;
mod fields;

use super::source::Source;
use super::{Element, Encoding, Format, FormatError, HEADER_BYTES, Header, Skip, numbers};
use crate::{Grid, Words};

use fields::Fields;

/// Longest line, bytes; segment tables of some writers are long.
const LINE_BYTES: usize = 1 << 20;

/// Reads a header and leaves the source after its blank line.
pub(super) fn header(source: &mut Source<'_>) -> Result<Header, FormatError> {
    let fields = Fields::read(source)?;
    let element = element(fields.needed("type")?)?;
    let (encoding, big_endian) = (encoding(fields.needed("encoding")?)?, big_endian(&fields, element)?);
    let mut remarks = Vec::new();
    let axes = axes::read(&fields, &mut remarks)?;
    let grid = axes.place.grid("space directions or space origin", axes.size, &mut remarks)?;
    if axes.frames > super::FRAMES {
        return Err(FormatError::header("sizes", "names more than 10,000 frames", "超过 10,000 帧"));
    }
    Ok(Header {
        format: Format::Nrrd,
        grid,
        frames: axes.frames,
        element,
        labels: fields.segments,
        modality: None,
        remarks,
        big_endian,
        scale: None,
        run: axes.run,
        encoding,
        skip: skip(&fields)?,
        data_file: data_file(&fields)?,
    })
}

fn element(name: &str) -> Result<Element, FormatError> {
    let words: Vec<&str> = name.split_whitespace().collect();
    Ok(match words.join(" ").to_ascii_lowercase().as_str() {
        "signed char" | "int8" | "int8_t" => Element::I8,
        "uchar" | "unsigned char" | "uint8" | "uint8_t" => Element::U8,
        "short" | "short int" | "signed short" | "signed short int" | "int16" | "int16_t" => Element::I16,
        "ushort" | "unsigned short" | "unsigned short int" | "uint16" | "uint16_t" => Element::U16,
        "int" | "signed int" | "int32" | "int32_t" => Element::I32,
        "uint" | "unsigned int" | "uint32" | "uint32_t" => Element::U32,
        "longlong"
        | "long long"
        | "long long int"
        | "signed long long"
        | "signed long long int"
        | "int64"
        | "int64_t" => Element::I64,
        "ulonglong" | "unsigned long long" | "unsigned long long int" | "uint64" | "uint64_t" => Element::U64,
        "float" => Element::F32,
        "double" => Element::F64,
        "block" => {
            return Err(FormatError::Unsupported {
                what: Words::new("blocks of bytes instead of numbers", "字节块而不是数字"),
                next_step: Words::new("Export numbers.", "请导出数字。"),
            });
        }
        _ => {
            return Err(FormatError::header(
                "type",
                "is not one that the format knows",
                "不是该格式的已知取值",
            ));
        }
    })
}

fn encoding(name: &str) -> Result<Encoding, FormatError> {
    match name.trim().to_ascii_lowercase().as_str() {
        "raw" => Ok(Encoding::Raw),
        "gzip" | "gz" => Ok(Encoding::Packed),
        "txt" | "text" | "ascii" => Ok(Encoding::Ascii),
        "bzip2" | "bz2" | "hex" => Err(FormatError::Unsupported {
            what: Words::new("values packed as bzip2 or hex", "以 bzip2 或 hex 编码的数值"),
            next_step: Words::new("Save it with gzip or raw encoding.", "请用 gzip 或 raw 编码保存。"),
        }),
        _ => Err(FormatError::header("encoding", "is not one that the format knows", "不是该格式的已知取值")),
    }
}

fn big_endian(fields: &Fields, element: Element) -> Result<bool, FormatError> {
    match fields.value("endian").map(|text| text.trim().to_ascii_lowercase()).as_deref() {
        Some("little") => Ok(false),
        Some("big") => Ok(true),
        Some(_) => {
            Err(FormatError::header("endian", "is neither little nor big", "既不是 little 也不是 big"))
        }
        None if element.bytes() == 1 || fields.value("encoding").is_some_and(is_text) => Ok(false),
        None => Err(FormatError::header(
            "endian",
            "is missing, so the bytes of a value have no order",
            "缺失，数值的字节顺序不明",
        )),
    }
}

fn is_text(encoding: &str) -> bool {
    matches!(encoding.trim().to_ascii_lowercase().as_str(), "txt" | "text" | "ascii")
}

fn skip(fields: &Fields) -> Result<Skip, FormatError> {
    let count =
        |field: &'static str, key: &str| fields.value(key).map_or(Ok(0), |text| numbers::whole(field, text));
    let (lines, bytes) = (count("line skip", "lineskip")?, count("byte skip", "byteskip")?);
    if !(0..=1_000_000).contains(&lines) {
        return Err(FormatError::header(
            "line skip",
            "is negative or more than a million",
            "为负数或大于一百万",
        ));
    }
    if bytes < -1 {
        return Err(FormatError::header("byte skip", "is below -1", "小于 -1"));
    }
    Ok(Skip { lines: lines.unsigned_abs(), bytes: bytes.max(0).unsigned_abs(), from_end: bytes == -1 })
}

fn data_file(fields: &Fields) -> Result<Option<String>, FormatError> {
    let Some(name) = fields.value("datafile").map(str::trim) else { return Ok(None) };
    let several = name.starts_with("LIST") || name.contains('%');
    if several {
        return Err(FormatError::Unsupported {
            what: Words::new("values spread over several files", "分散在多个文件中的数值"),
            next_step: Words::new("Save it as one file.", "请保存为一个文件。"),
        });
    }
    if name.is_empty() {
        return Err(FormatError::header("data file", "is empty", "为空"));
    }
    Ok(Some(name.to_owned()))
}

/// The header of a grid; with the name of a data file it is a detached one.
pub(super) fn write_header(grid: &Grid, element: Element, packed: bool, data_file: Option<&str>) -> Vec<u8> {
    let kind = match element {
        Element::I8 => "int8",
        Element::U8 => "uint8",
        Element::I16 => "int16",
        Element::U16 => "uint16",
        Element::I32 => "int32",
        Element::U32 => "uint32",
        Element::I64 => "int64",
        Element::U64 => "uint64",
        Element::F32 => "float",
        Element::F64 => "double",
    };
    let vector = |v: [f64; 3]| format!("({},{},{})", v[0] + 0.0, v[1] + 0.0, v[2] + 0.0);
    let spacing = grid.spacing_mm();
    let [i, j, k] = std::array::from_fn(|n| vector((grid.direction()[n] * spacing[n]).to_array()));
    let [ni, nj, nk] = grid.size();
    let encoding = if packed { "gzip" } else { "raw" };
    let origin = vector(grid.origin().to_array());
    let mut text = format!(
        "NRRD0004\ntype: {kind}\ndimension: 3\nspace: left-posterior-superior\nsizes: {ni} {nj} {nk}\n\
         space directions: {i} {j} {k}\nkinds: domain domain domain\nendian: little\nencoding: {encoding}\n\
         space units: \"mm\" \"mm\" \"mm\"\nspace origin: {origin}\n"
    );
    // A detached header ends with the file, an attached one with a blank line.
    text += &data_file.map_or_else(|| "\n".to_owned(), |name| format!("data file: {name}\n"));
    text.into_bytes()
}
