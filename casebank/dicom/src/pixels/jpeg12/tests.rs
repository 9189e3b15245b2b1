use super::*;

/// Bits of coded data, with stuffed zeros.
#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
    bits: Vec<bool>,
}

impl Writer {
    fn put(&mut self, value: u32, count: u32) {
        self.bits.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
    }

    fn signed(&mut self, value: i32) -> u32 {
        let size = 32 - value.unsigned_abs().leading_zeros();
        let raw = if value < 0 { value + (1 << size) - 1 } else { value };
        self.bits.extend((0..size).rev().map(|bit| raw >> bit & 1 == 1));
        size
    }

    /// A block of a level and one further coefficient behind `zeros`. Categories have codes of four bits, the end of block
    /// is `0`, and the only pair of zeros and size is `10`.
    fn block(&mut self, difference: i32, further: Option<i32>) {
        self.put(32 - difference.unsigned_abs().leading_zeros(), 4);
        self.signed(difference);
        if let Some(value) = further {
            self.put(0b10, 2);
            assert_eq!(self.signed(value), 3, "the pair says three bits");
        }
        self.put(0, 1);
    }

    fn align(&mut self) {
        while !self.bits.len().is_multiple_of(8) {
            self.bits.push(true);
        }
        for byte in self.bits.drain(..).collect::<Vec<_>>().chunks(8) {
            let byte = byte.iter().fold(0, |sum, &bit| sum << 1 | u8::from(bit));
            self.bytes.push(byte);
            if byte == 0xFF {
                self.bytes.push(0);
            }
        }
    }

    fn restart(&mut self, number: u8) {
        self.align();
        self.bytes.extend([0xFF, 0xD0 + number]);
    }
}

fn segment(mark: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap();
    [&[0xFF, mark][..], &length.to_be_bytes(), content].concat()
}

/// A stream of `rows` by `columns`; a wide quantisation table of `step` everywhere.
fn stream(rows: u16, columns: u16, step: u16, restart: u16, data: &[u8]) -> Vec<u8> {
    let table: Vec<u8> = [0x10].into_iter().chain((0..64).flat_map(|_| step.to_be_bytes())).collect();
    let [r, c] = [rows, columns].map(u16::to_be_bytes);
    let categories: Vec<u8> = [0].into_iter().chain([0, 0, 0, 13]).chain([0; 12]).chain(0..13).collect();
    // End of block, and: one zero, then a value of three bits.
    let pairs: Vec<u8> = [0x10, 1, 1].into_iter().chain([0; 14]).chain([0x00, 0x13]).collect();
    [
        vec![0xFF, 0xD8],
        segment(0xE0, b"JFIF\0"),
        segment(0xDB, &table),
        segment(0xC1, &[12, r[0], r[1], c[0], c[1], 1, 1, 0x11, 0]),
        segment(0xC4, &categories),
        segment(0xC4, &pairs),
        segment(0xDD, &restart.to_be_bytes()),
        segment(0xDA, &[1, 1, 0, 0, 63, 0]),
        data.to_vec(),
        vec![0xFF, 0xD9],
    ]
    .concat()
}

fn words(bytes: &[u8]) -> Vec<u16> {
    bytes.as_chunks::<2>().0.iter().map(|&pair| u16::from_le_bytes(pair)).collect()
}

fn two_blocks() -> Vec<u8> {
    let mut writer = Writer::default();
    writer.block(80, None);
    writer.restart(0);
    writer.block(-160, Some(5));
    writer.align();
    stream(3, 10, 10, 1, &writer.bytes)
}

#[test]
fn levels_and_waves_come_back() {
    let samples = words(&decode(&two_blocks(), 3, 10).unwrap());
    assert_eq!(samples.len(), 30);
    for (y, row) in samples.chunks(10).enumerate() {
        assert_eq!(row[..8], [2048 + 100; 8], "a level of 800 is 100 in each sample");
        for (x, &sample) in row[8..].iter().enumerate() {
            // Behind one zero lies the coefficient of one wave downwards; the level starts anew after the mark.
            let wave = 50.0 / 4.0 * std::f64::consts::FRAC_1_SQRT_2;
            let angle = (2 * y + 1) as f64 * std::f64::consts::PI / 16.0;
            let expected = 2048.0 - 200.0 + wave * angle.cos();
            assert!((f64::from(sample) - expected).abs() <= 0.5001, "{x} {y}: {sample} is not {expected}");
        }
    }
}

#[test]
fn levels_beyond_twelve_bits_are_cut_off() {
    let mut writer = Writer::default();
    writer.block(4000, None);
    writer.block(-4095, None);
    writer.align();
    let samples = words(&decode(&stream(8, 16, 65_535, 0, &writer.bytes), 8, 16).unwrap());
    assert_eq!([samples[0], samples[8]], [4095, 0]);
}

#[test]
fn other_processes_and_sizes_are_refused() {
    let good = two_blocks();
    assert!(decode(&good, 4, 10).unwrap_err().contains("size"));
    let with = |from: &[u8], to: &[u8]| {
        let at = good.windows(from.len()).position(|bytes| bytes == from).unwrap();
        let mut changed = good.clone();
        changed[at..at + to.len()].copy_from_slice(to);
        decode(&changed, 3, 10)
    };
    assert!(with(&[0xFF, 0xC1], &[0xFF, 0xC2]).unwrap_err().contains("another process"));
    assert!(with(&[0xFF, 0xC1, 0, 11, 12], &[0xFF, 0xC1, 0, 11, 8]).unwrap_err().contains("12 bits"));
    assert!(with(&[0xFF, 0xD0], &[0xFF, 0xD1]).unwrap_err().contains("restart"));
    assert!(
        with(&[0xFF, 0xDA, 0, 8, 1, 1, 0], &[0xFF, 0xDA, 0, 8, 1, 1, 0x30]).unwrap_err().contains("table")
    );
    for end in 0..good.len() - 2 {
        assert!(decode(&good[..end], 3, 10).is_err(), "cut after {end} bytes");
    }
}

#[test]
fn mutated_streams_never_panic() {
    let good = two_blocks();
    let mut dice = 0x5EED_0003_u64;
    let mut roll = |below: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        (dice >> 11) as usize % below
    };
    let taken = (0..2000).filter(|_| {
        let mut bytes = good.clone();
        for _ in 0..=roll(3) {
            let place = roll(bytes.len());
            bytes[place] = u8::try_from(roll(256)).unwrap();
        }
        decode(&bytes, 3, 10).is_ok_and(|samples| samples.len() == 60)
    });
    assert!((100..1900).contains(&taken.count()), "the changes reach both");
}
