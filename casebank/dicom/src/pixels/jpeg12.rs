//! JPEG with loss and 12 bits a sample: sequential DCT with Huffman codes, one component (ITU-T T.81 process 4, DICOM
//! 1.2.840.10008.1.2.4.51). The decoders at hand take 8 bits only.
//!
//! Strict: a stream that ends early, or holds what this process has not, is an error, never a grey stripe.

/// Steps from one place in a block to the next (T.81 figure A.6): row times eight plus column.
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7,
    14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39,
    46, 53, 60, 61, 54, 47, 55, 62, 63,
];
const PRECISION: u8 = 12;
/// Half and greatest value of the samples.
const HALF: f32 = 2048.0;
const MOST: f32 = 4095.0;

/// Why a stream is not decoded.
pub(super) type Refused = &'static str;
const ENDS: Refused = "the JPEG stream ends too early";

/// What the segments before the scan say.
#[derive(Default)]
struct Tables {
    quantisation: [Option<[u16; 64]>; 4],
    dc: [Option<Codes>; 4],
    ac: [Option<Codes>; 4],
    /// Blocks between restart marks; 0 for none.
    restart: usize,
}

/// Samples of one frame as little endian words, row by row.
///
/// # Errors
/// Words for a stream that is damaged or of another process.
pub(super) fn decode(stream: &[u8], rows: u16, columns: u16) -> Result<Vec<u8>, Refused> {
    let mut tables = Tables::default();
    let mut table_of_component = None;
    let mut at = 2;
    if stream.get(..2) != Some(&[0xFF, 0xD8]) {
        return Err("it does not start like JPEG");
    }
    loop {
        while stream.get(at..at + 2) == Some(&[0xFF, 0xFF]) {
            at += 1;
        }
        let Some(&[0xFF, mark, high, low]) = stream.get(at..at + 4) else { return Err(ENDS) };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let segment = stream.get(at + 4..at + 2 + length).filter(|_| length >= 2).ok_or(ENDS)?;
        at += 2 + length;
        match mark {
            0xC0 | 0xC1 => table_of_component = Some(frame(segment, rows, columns)?),
            0xC4 => tables.codes(segment)?,
            0xDB => tables.quantisation(segment)?,
            0xDD => {
                let &[high, low] = segment else { return Err("a restart interval is damaged") };
                tables.restart = usize::from(u16::from_be_bytes([high, low]));
            }
            0xDA => {
                let table = table_of_component.ok_or("the scan comes before its frame")?;
                return scan(&tables, table, segment, stream.get(at..).unwrap_or_default(), rows, columns);
            }
            0xE0..=0xEF | 0xFE => {}
            _ => return Err("it is a JPEG of another process"),
        }
    }
}

/// The frame header (B.2.2): which quantisation table its component uses.
fn frame(segment: &[u8], rows: u16, columns: u16) -> Result<usize, Refused> {
    let &[PRECISION, r1, r0, c1, c0, 1, _, _, table] = segment else {
        return Err("it is not one component of 12 bits");
    };
    if [u16::from_be_bytes([r1, r0]), u16::from_be_bytes([c1, c0])] != [rows, columns] {
        return Err("its size is another than that of the frame");
    }
    Ok(usize::from(table & 3))
}

impl Tables {
    /// Quantisation tables (B.2.4.1).
    fn quantisation(&mut self, mut segment: &[u8]) -> Result<(), Refused> {
        while let Some((&head, rest)) = segment.split_first() {
            let wide = head >> 4 == 1;
            let bytes = if wide { 128 } else { 64 };
            let (values, rest) = rest.split_at_checked(bytes).ok_or("a quantisation table is cut off")?;
            let mut table = [0; 64];
            for (n, place) in table.iter_mut().enumerate() {
                *place = if wide {
                    u16::from_be_bytes([values[2 * n], values[2 * n + 1]])
                } else {
                    u16::from(values[n])
                };
            }
            *self
                .quantisation
                .get_mut(usize::from(head & 15))
                .ok_or("a quantisation table has no place")? = Some(table);
            segment = rest;
        }
        Ok(())
    }

    /// Huffman tables (B.2.4.2).
    fn codes(&mut self, mut segment: &[u8]) -> Result<(), Refused> {
        while let Some((&head, rest)) = segment.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or("a code table is cut off")?;
            let total: usize = counts.iter().map(|&count| usize::from(count)).sum();
            let (values, rest) = rest.split_at_checked(total).ok_or("a code table is cut off")?;
            let kind = if head >> 4 == 0 { &mut self.dc } else { &mut self.ac };
            *kind.get_mut(usize::from(head & 15)).ok_or("a code table has no place")? =
                Some(Codes::new(counts, values)?);
            segment = rest;
        }
        Ok(())
    }
}

/// Codes of up to 16 bits, canonical (annex C): what each length starts with.
struct Codes {
    /// One past the last code of each length, and where values of that length start, less the first code.
    lengths: [(u32, i32); 16],
    values: Vec<u8>,
}

impl Codes {
    fn new(counts: &[u8; 16], values: &[u8]) -> Result<Self, Refused> {
        let mut lengths = [(0, 0); 16];
        let (mut code, mut start) = (0_u32, 0_i32);
        for (place, (&count, bits)) in lengths.iter_mut().zip(counts.iter().zip(1_u32..)) {
            let first = code;
            code += u32::from(count);
            if code > 1 << bits {
                return Err("a code table has more codes than there can be");
            }
            *place = (code, start - first.cast_signed());
            start += i32::from(count);
            code <<= 1;
        }
        Ok(Self { lengths, values: values.to_vec() })
    }

    fn next(&self, bits: &mut Bits<'_>) -> Result<u32, Refused> {
        let mut code = 0;
        for &(end, start) in &self.lengths {
            code = code << 1 | bits.take(1)?;
            if code < end {
                let place = usize::try_from(code.cast_signed() + start).unwrap_or(usize::MAX);
                return self.values.get(place).map(|&value| u32::from(value)).ok_or("a code means nothing");
            }
        }
        Err("a code means nothing")
    }
}

/// Bits of the coded data, without the zero bytes that are stuffed after `FF`.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    held: u64,
    count: u32,
}

impl Bits<'_> {
    /// At most 16 bits.
    fn take(&mut self, wanted: u32) -> Result<u32, Refused> {
        while self.count < wanted {
            let byte = *self.data.get(self.at).ok_or(ENDS)?;
            if byte == 0xFF {
                if self.data.get(self.at + 1) != Some(&0) {
                    return Err(ENDS);
                }
                self.at += 1;
            }
            self.at += 1;
            self.held = self.held << 8 | u64::from(byte);
            self.count += 8;
        }
        self.count -= wanted;
        let value = self.held >> self.count & ((1 << wanted) - 1);
        u32::try_from(value).map_err(|_too_large| ENDS)
    }

    /// A difference or coefficient of `size` bits (F.2.2.1).
    fn signed(&mut self, size: u32) -> Result<i32, Refused> {
        if size == 0 {
            return Ok(0);
        }
        let value = self.take(size)?.cast_signed();
        Ok(if value < 1 << (size - 1) { value - (1 << size) + 1 } else { value })
    }

    /// The mark between two intervals, `D0` to `D7` in turn.
    fn restart(&mut self, number: usize) -> Result<(), Refused> {
        (self.held, self.count) = (0, 0);
        while self.data.get(self.at..self.at + 2) == Some(&[0xFF, 0xFF]) {
            self.at += 1;
        }
        let Some(&[0xFF, mark]) = self.data.get(self.at..self.at + 2) else { return Err(ENDS) };
        if usize::from(mark) != 0xD0 + number % 8 {
            return Err("a restart mark is missing");
        }
        self.at += 2;
        Ok(())
    }
}

/// The one scan of the frame (B.2.3, F.2.2).
fn scan(
    tables: &Tables,
    quantisation: usize,
    segment: &[u8],
    data: &[u8],
    rows: u16,
    columns: u16,
) -> Result<Vec<u8>, Refused> {
    // Which coefficients the scan says to hold is not looked at: a sequential one holds all, and some writers leave it empty.
    let &[1, _, chosen, _, _, 0] = segment else { return Err("its scan is of another process") };
    let (dc, ac) = (tables.dc.get(usize::from(chosen >> 4)), tables.ac.get(usize::from(chosen & 15)));
    let (Some(Some(dc)), Some(Some(ac))) = (dc, ac) else { return Err("a code table is missing") };
    let steps = tables.quantisation[quantisation & 3].as_ref().ok_or("a quantisation table is missing")?;
    let (rows, columns) = (usize::from(rows), usize::from(columns));
    let mut out = Vec::new();
    out.try_reserve_exact(rows * columns * 2).map_err(|_full| "there is not enough memory")?;
    out.resize(rows * columns * 2, 0);
    let cosines = cosines();
    let mut bits = Bits { data, at: 0, held: 0, count: 0 };
    let across = columns.div_ceil(8);
    let mut level = 0_i32;
    for block in 0..across * rows.div_ceil(8) {
        if tables.restart > 0 && block > 0 && block % tables.restart == 0 {
            bits.restart(block / tables.restart - 1)?;
            level = 0;
        }
        let mut values = [0.0_f32; 64];
        let size = dc.next(&mut bits)?;
        if size > 15 {
            return Err("a difference has more bits than there can be");
        }
        level = level.saturating_add(bits.signed(size)?);
        values[0] = level as f32 * f32::from(steps[0]);
        let mut place = 1;
        while place < 64 {
            let code = ac.next(&mut bits)?;
            match (code >> 4, code & 15) {
                (15, 0) => place += 16,
                (_, 0) => break,
                (zeros, size) => {
                    place += zeros as usize;
                    let value = bits.signed(size)?;
                    let (Some(&to), Some(&step)) = (ZIGZAG.get(place), steps.get(place)) else {
                        return Err("a block has more than 64 coefficients");
                    };
                    values[usize::from(to)] = value as f32 * f32::from(step);
                    place += 1;
                }
            }
        }
        let samples = back(&values, &cosines);
        let (top, left) = (block / across * 8, block % across * 8);
        for (y, line) in samples.as_chunks::<8>().0.iter().enumerate().take(rows - top) {
            for (x, &value) in line.iter().enumerate().take(columns - left) {
                let place = ((top + y) * columns + left + x) * 2;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "clamped to 12 bits"
                )]
                let sample = (value + HALF).round().clamp(0.0, MOST) as u16;
                out[place..place + 2].copy_from_slice(&sample.to_le_bytes());
            }
        }
    }
    Ok(out)
}

/// `C(u)/2 · cos((2x+1)uπ/16)` for each x and u.
fn cosines() -> [[f32; 8]; 8] {
    let cosine = |x: usize, u: usize| {
        let scale = if u == 0 { std::f64::consts::FRAC_1_SQRT_2 } else { 1.0 };
        let angle = (2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 16.0;
        #[expect(clippy::cast_possible_truncation, reason = "f32 is exact to a thousandth of a level here")]
        let value = (scale / 2.0 * angle.cos()) as f32;
        value
    };
    std::array::from_fn(|x| std::array::from_fn(|u| cosine(x, u)))
}

/// The inverse transform of a block (A.3.3): columns, then rows.
fn back(values: &[f32; 64], cosines: &[[f32; 8]; 8]) -> [f32; 64] {
    let mut half = [0.0; 64];
    for u in 0..8 {
        for y in 0..8 {
            half[y * 8 + u] = (0..8).map(|v| cosines[y][v] * values[v * 8 + u]).sum();
        }
    }
    let mut out = [0.0; 64];
    for y in 0..8 {
        for x in 0..8 {
            out[y * 8 + x] = (0..8).map(|u| cosines[x][u] * half[y * 8 + u]).sum();
        }
    }
    out
}

#[cfg(test)]
mod tests;
