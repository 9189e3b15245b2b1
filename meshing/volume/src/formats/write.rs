//! Volumes and label maps out.

use std::io::Write;

use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use super::{Element, Format, FormatError, metaimage, nifti, nrrd};
use crate::{Grid, LabelMap, Progress, Volume, Voxels, Words};

/// Values written at a time.
const CHUNK: usize = 1 << 17;

/// What is written.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'a> {
    /// Grey values: 16-bit integers or 32-bit floats, as they are in memory.
    Volume(&'a Volume),
    /// Labels: unsigned 8-bit integers.
    Labels(&'a LabelMap),
}

/// How it is written.
#[derive(Clone, Copy, Debug, Default)]
pub struct WriteOptions {
    /// Packed with gzip (NIfTI, NRRD) or zlib (MetaImage).
    pub packed: bool,
    /// NIfTI-2 even where version 1 holds the sizes; its geometry has 64 bits instead of 32.
    pub nifti2: bool,
}

impl Payload<'_> {
    /// Where the voxels lie.
    pub const fn grid(&self) -> &Grid {
        match self {
            Self::Volume(volume) => volume.grid(),
            Self::Labels(labels) => labels.grid(),
        }
    }

    pub(super) const fn element(&self) -> Element {
        match self {
            Self::Labels(_) => Element::U8,
            Self::Volume(volume) => match volume.voxels() {
                Voxels::I16(_) => Element::I16,
                Voxels::F32(_) => Element::F32,
            },
        }
    }

    fn values(&self, out: &mut dyn Write, progress: &dyn Progress) -> Result<(), FormatError> {
        match self {
            Self::Labels(map) => chunks(map.labels(), |v| [*v], out, progress),
            Self::Volume(volume) => match volume.voxels() {
                Voxels::I16(values) => chunks(values, |v| v.to_le_bytes(), out, progress),
                Voxels::F32(values) => chunks(values, |v| v.to_le_bytes(), out, progress),
            },
        }
    }
}

/// Little-endian bytes of all values.
fn chunks<T, const N: usize>(
    values: &[T],
    bytes: impl Fn(&T) -> [u8; N],
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<(), FormatError> {
    let mut buffer = Vec::with_capacity(CHUNK * N);
    for (number, part) in values.chunks(CHUNK).enumerate() {
        buffer.clear();
        buffer.extend(part.iter().flat_map(&bytes));
        out.write_all(&buffer)?;
        progress.step((number * CHUNK + part.len()).min(values.len()), values.len())?;
    }
    Ok(())
}

/// Writes header and values into one file. No name, date or other text goes with them: same input, same bytes.
///
/// # Errors
/// [`FormatError::Io`] or [`FormatError::Cancelled`].
pub fn write(
    format: Format,
    payload: Payload<'_>,
    options: WriteOptions,
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<(), FormatError> {
    let (grid, element) = (payload.grid(), payload.element());
    match format {
        Format::Nifti => {
            let header = nifti::write_header(payload, options);
            if !options.packed {
                out.write_all(&header)?;
                return payload.values(out, progress);
            }
            let mut gzip = GzEncoder::new(out, Compression::fast());
            gzip.write_all(&header)?;
            payload.values(&mut gzip, progress)?;
            gzip.finish()?;
        }
        Format::Nrrd => {
            out.write_all(&nrrd::write_header(grid, element, options.packed, None))?;
            write_values(format, payload, options, out, progress)?;
        }
        Format::MetaImage if options.packed => {
            // MetaIO finds no values where the header does not state their packed size, so they are packed first.
            let mut values = Vec::new();
            write_values(format, payload, options, &mut values, progress)?;
            out.write_all(&metaimage::write_header(grid, element, Some(values.len() as u64), "LOCAL"))?;
            out.write_all(&values)?;
        }
        Format::MetaImage => {
            out.write_all(&metaimage::write_header(grid, element, None, "LOCAL"))?;
            write_values(format, payload, options, out, progress)?;
        }
    }
    Ok(())
}

/// Writes the values of a detached file into `out` and gives the bytes of its header, which names `data_file`.
///
/// # Errors
/// As [`write()`], and [`FormatError::Unsupported`] for NIfTI, which is always one file here.
pub fn write_detached(
    format: Format,
    payload: Payload<'_>,
    options: WriteOptions,
    data_file: &str,
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<Vec<u8>, FormatError> {
    let (grid, element) = (payload.grid(), payload.element());
    if format == Format::Nifti {
        return Err(FormatError::Unsupported {
            what: Words::new("the header of a .hdr and .img pair", "一对 .hdr 和 .img 文件的文件头"),
            next_step: Words::new("Write one .nii file.", "请写成一个 .nii 文件。"),
        });
    }
    let mut counted = Counted { out, bytes: 0 };
    write_values(format, payload, options, &mut counted, progress)?;
    Ok(if format == Format::Nrrd {
        nrrd::write_header(grid, element, options.packed, Some(data_file))
    } else {
        let bytes = options.packed.then_some(counted.bytes);
        metaimage::write_header(grid, element, bytes, data_file)
    })
}

/// Counts what goes through.
struct Counted<'a> {
    out: &'a mut dyn Write,
    bytes: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

fn write_values(
    format: Format,
    payload: Payload<'_>,
    options: WriteOptions,
    out: &mut dyn Write,
    progress: &dyn Progress,
) -> Result<(), FormatError> {
    match (options.packed, format) {
        (false, _) => payload.values(out, progress)?,
        (true, Format::MetaImage) => {
            let mut zlib = ZlibEncoder::new(out, Compression::fast());
            payload.values(&mut zlib, progress)?;
            zlib.finish()?;
        }
        (true, _) => {
            let mut gzip = GzEncoder::new(out, Compression::fast());
            payload.values(&mut gzip, progress)?;
            gzip.finish()?;
        }
    }
    Ok(())
}
