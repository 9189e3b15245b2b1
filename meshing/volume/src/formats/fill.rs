//! The values, streamed into their final place.

use super::element::{Sample, with_type};
use super::source::Source;
use super::{Element, Encoding, FormatError, Header, Limits, Remark, RemarkKind, Weight};
use crate::{Progress, Voxels, Words};

/// Bytes decoded at a time; a multiple of every element.
const CHUNK: usize = 1 << 18;

/// Takes the values of one frame in order.
pub(super) trait Sink {
    /// Takes a run of values.
    fn take<T: Sample>(&mut self, values: &[T], scale: Option<(f64, f64)>) -> Result<(), FormatError>;
}

/// Streams all values into the sinks, one a frame. Refuses what is too short before memory is taken.
pub(super) fn fill<S: Sink>(
    header: &Header,
    mut source: Source<'_>,
    limits: Limits,
    sinks: &mut [S],
    progress: &dyn Progress,
) -> Result<Option<Remark>, FormatError> {
    if header.data_file.is_some() {
        return Err(FormatError::Detached);
    }
    let count = (header.grid.len() as u64).saturating_mul(header.frames as u64);
    let declared = count.saturating_mul(header.element.bytes() as u64);
    if declared > limits.volume_bytes.saturating_mul(2) {
        let [i, j, k] = header.grid.size();
        return Err(FormatError::TooLarge { size: [i, j, k, header.frames], limit: limits.volume_bytes });
    }
    for _ in 0..header.skip.lines {
        source.line(super::HEADER_BYTES)?;
    }
    if header.encoding == Encoding::Packed {
        source = source.unpacked()?;
    }
    let skip = match (header.skip.from_end, header.encoding) {
        (false, _) => header.skip.bytes,
        (true, Encoding::Raw) if !source.packed() => source.left().saturating_sub(declared),
        (true, _) => {
            return Err(FormatError::header(
                "byte skip",
                "counts from the end of packed values",
                "要求从压缩数据的末尾计数",
            ));
        }
    };
    source.skip(skip)?;
    // A decimal number takes a digit and a space at least.
    let least = if header.encoding == Encoding::Ascii { count.saturating_mul(2) - 1 } else { declared };
    if source.left() < least {
        return Err(FormatError::Truncated { declared: least, there: source.left() });
    }
    if header.encoding == Encoding::Ascii {
        with_type!(header.element, ascii(header, &mut source, sinks, progress))?;
        return Ok(None);
    }
    with_type!(header.element, binary(header, &mut source, sinks, progress))?;
    let ended = source.ended()?;
    let extra = (!ended && !source.packed()).then(|| {
        let left = source.left();
        let message = Words::new(
            format!("the file holds {left} bytes more than its header declares: its sizes or its type may be wrong"),
            format!("文件比文件头声明的多 {left} 字节：尺寸或类型可能有误"),
        );
        Remark::new(RemarkKind::ConflictingGeometry, Weight::Warning, message)
    });
    Ok(extra)
}

fn binary<T: Sample>(
    header: &Header,
    source: &mut Source<'_>,
    sinks: &mut [impl Sink],
    progress: &dyn Progress,
) -> Result<(), FormatError> {
    let total = header.grid.len() * header.frames;
    let mut bytes = vec![0_u8; CHUNK];
    let mut values: Vec<T> = Vec::with_capacity(CHUNK / T::BYTES);
    let mut done = 0;
    while done < total {
        let now = (CHUNK / T::BYTES).min(total - done);
        let part = bytes.get_mut(..now * T::BYTES).unwrap_or_default();
        let most = (done + now) as u64 * T::BYTES as u64 - 1;
        source.exact(part).map_err(|error| match error {
            FormatError::Truncated { .. } => {
                FormatError::Truncated { declared: total as u64 * T::BYTES as u64, there: most }
            }
            error => error,
        })?;
        values.clear();
        if header.big_endian {
            values.extend(part.chunks_exact(T::BYTES).map(|b| T::from_bytes(b, true)));
        } else {
            values.extend(part.chunks_exact(T::BYTES).map(|b| T::from_bytes(b, false)));
        }
        deal(header, done, &values, sinks)?;
        done += now;
        progress.step(done, total)?;
    }
    Ok(())
}

fn ascii<T: Sample>(
    header: &Header,
    source: &mut Source<'_>,
    sinks: &mut [impl Sink],
    progress: &dyn Progress,
) -> Result<(), FormatError> {
    let total = header.grid.len() * header.frames;
    for done in 0..total {
        let word = source.word()?.ok_or(FormatError::Truncated {
            declared: total as u64 * T::BYTES as u64,
            there: done as u64 * T::BYTES as u64,
        })?;
        let value = T::from_text(&word).ok_or_else(|| {
            FormatError::Damaged(Words::new(
                "a number in the text does not fit its type",
                "文本中的一个数字超出其类型的范围",
            ))
        })?;
        deal(header, done, &[value], sinks)?;
        if done % CHUNK == 0 {
            progress.step(done, total)?;
        }
    }
    progress.step(total, total)?;
    Ok(())
}

/// Hands values, the first of which is number `at` of the file, to the frames they belong to.
fn deal<T: Sample>(
    header: &Header,
    mut at: usize,
    mut values: &[T],
    sinks: &mut [impl Sink],
) -> Result<(), FormatError> {
    let frames = sinks.len();
    while !values.is_empty() {
        let run = (header.run - at % header.run).min(values.len());
        let (now, rest) = values.split_at(run);
        if let Some(sink) = sinks.get_mut((at / header.run) % frames) {
            sink.take(now, header.scale)?;
        }
        at += run;
        values = rest;
    }
    Ok(())
}

/// Grey values: 16-bit integers until one does not fit.
pub(super) struct Grey {
    voxels: Voxels,
    len: usize,
    element: Element,
    holes: usize,
    rounded: bool,
}

impl Grey {
    pub(super) fn new(len: usize, element: Element) -> Self {
        Self { voxels: Voxels::I16(Vec::new()), len, element, holes: 0, rounded: false }
    }

    /// From here on in floats.
    fn widen(&mut self) -> Result<(), FormatError> {
        if let Voxels::I16(values) = &self.voxels {
            let mut wide = reserved::<f32>(self.len)?;
            wide.extend(values.iter().map(|&v| f32::from(v)));
            self.voxels = Voxels::F32(wide);
        }
        Ok(())
    }

    /// Values and what is odd about them.
    pub(super) fn finish(self) -> (Voxels, Vec<Remark>) {
        let mut remarks = Vec::new();
        if self.holes > 0 {
            let holes = self.holes;
            let message = Words::new(
                format!("{holes} voxels hold no number (NaN or infinite) and mean nothing"),
                format!("{holes} 个体素不是数字（NaN 或无穷大），没有意义"),
            );
            remarks.push(Remark::new(RemarkKind::NotNumbers, Weight::Warning, message));
        }
        if self.rounded {
            let Words { en, zh } = self.element.words();
            let message = Words::new(
                format!("the file holds {en}; they were rounded to 32-bit floats, seven digits"),
                format!("文件中是{zh}；已舍入为 32 位浮点数，七位有效数字"),
            );
            remarks.push(Remark::new(RemarkKind::ChangedValues, Weight::Info, message));
        } else if matches!(self.voxels, Voxels::F32(_)) && self.element != Element::F32 {
            let message = Words::new(
                "values do not fit 16-bit integers and are kept as 32-bit floats",
                "数值超出 16 位整数的范围，保存为 32 位浮点数",
            );
            remarks.push(Remark::new(RemarkKind::ChangedValues, Weight::Info, message));
        }
        (self.voxels, remarks)
    }
}

/// An empty vector with room for `len`.
fn reserved<T>(len: usize) -> Result<Vec<T>, FormatError> {
    let mut values = Vec::new();
    values
        .try_reserve_exact(len)
        .map_err(|_error| FormatError::Memory(len as u64 * size_of::<T>() as u64))?;
    Ok(values)
}

impl Sink for Grey {
    fn take<T: Sample>(&mut self, values: &[T], scale: Option<(f64, f64)>) -> Result<(), FormatError> {
        let mut rest = values;
        if let Voxels::I16(out) = &mut self.voxels {
            if out.capacity() == 0 {
                *out = reserved(self.len)?;
            }
            let fitting = match scale {
                None if T::ALWAYS_FITS => {
                    out.extend(values.iter().map(|v| v.to_i16().unwrap_or_default()));
                    values.len()
                }
                None => push_while(out, values, T::to_i16),
                Some((slope, inter)) => push_while(out, values, |v| (v.to_f64() * slope + inter).to_i16()),
            };
            rest = values.get(fitting..).unwrap_or_default();
        }
        if rest.is_empty() {
            return Ok(());
        }
        self.widen()?;
        let (mut holes, mut rounded) = (0, false);
        if let Voxels::F32(out) = &mut self.voxels {
            out.extend(rest.iter().map(|v| {
                let value = match scale {
                    None => {
                        rounded |= v.rounds();
                        v.to_f64() as f32
                    }
                    Some((slope, inter)) => (v.to_f64() * slope + inter) as f32,
                };
                if value.is_finite() {
                    value
                } else {
                    holes += 1;
                    f32::NAN
                }
            }));
        }
        self.holes += holes;
        self.rounded |= rounded;
        Ok(())
    }
}

/// Takes values until one does not fit; how many were taken.
fn push_while<T: Copy>(out: &mut Vec<i16>, values: &[T], fit: impl Fn(T) -> Option<i16>) -> usize {
    let fitting = values.iter().position(|&v| fit(v).is_none()).unwrap_or(values.len());
    out.extend(values.iter().take(fitting).map(|&v| fit(v).unwrap_or_default()));
    fitting
}

/// Labels.
pub(super) struct Labels {
    labels: Vec<u8>,
    len: usize,
}

impl Labels {
    pub(super) const fn new(len: usize) -> Self {
        Self { labels: Vec::new(), len }
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.labels
    }
}

impl Sink for Labels {
    fn take<T: Sample>(&mut self, values: &[T], scale: Option<(f64, f64)>) -> Result<(), FormatError> {
        if self.labels.capacity() == 0 {
            self.labels = reserved(self.len)?;
        }
        let (slope, inter) = scale.unwrap_or((1.0, 0.0));
        for v in values {
            let value = v.to_f64() * slope + inter;
            let label = value as u8;
            if f64::from(label) != value {
                return Err(FormatError::Label { value });
            }
            self.labels.push(label);
        }
        Ok(())
    }
}
