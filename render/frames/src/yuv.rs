//! sRGB pixels as Y'CbCr 4:2:0 and back: BT.709 matrix, full range, chroma in the middle of four pixels.

/// A picture in three planes; both edges even.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planes {
    /// Pixels across, even.
    pub(crate) width: usize,
    /// Pixels down, even.
    pub(crate) height: usize,
    /// Luma, a byte a pixel.
    pub(crate) y: Vec<u8>,
    /// Blue minus luma, a byte for four pixels.
    pub(crate) u: Vec<u8>,
    /// Red minus luma.
    pub(crate) v: Vec<u8>,
}

/// Planes that lie elsewhere, with the bytes from one row to the next.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlanesRef<'a> {
    /// Luma and its stride.
    pub(crate) y: (&'a [u8], usize),
    /// Blue and its stride.
    pub(crate) u: (&'a [u8], usize),
    /// Red and its stride.
    pub(crate) v: (&'a [u8], usize),
}

/// Rec. ITU-R BT.709-6 item 3.2, in parts of 2¹⁵; each row sums to what grey needs.
const LUMA: [i32; 3] = [6966, 23436, 2366];
const BLUE: [i32; 3] = [-3754, -12630, 16384];
const RED: [i32; 3] = [16384, -14882, -1502];

/// The way back, in parts of 2¹⁴: red from Cr, green from Cb and Cr, blue from Cb.
const BACK: [i32; 4] = [25802, -3069, -7670, 30402];

impl Planes {
    /// From rows of RGBA; alpha is left out. Odd edges are made even by repeating the last pixel.
    pub(crate) fn from_rgba(rgba: &[u8], width: usize) -> Self {
        let rows = rgba.len() / (width * 4).max(1);
        let (even_width, even_height) = (width.next_multiple_of(2), rows.next_multiple_of(2));
        let mut planes = Self {
            width: even_width,
            height: even_height,
            y: vec![0; even_width * even_height],
            u: vec![128; even_width / 2 * (even_height / 2)],
            v: vec![128; even_width / 2 * (even_height / 2)],
        };
        let row_of = |j: usize| &rgba[j.min(rows - 1) * width * 4..][..width * 4];
        let half = even_width / 2;
        for (j, y) in planes.y.chunks_exact_mut(even_width * 2).enumerate() {
            let rows = [row_of(2 * j), row_of(2 * j + 1)];
            let (upper, lower) = y.split_at_mut(even_width);
            luma(rows[0], upper);
            luma(rows[1], lower);
            let at = j * half..(j + 1) * half;
            chroma(rows, &mut planes.u[at.clone()], &mut planes.v[at]);
        }
        planes
    }
}

fn luma(rgba: &[u8], y: &mut [u8]) {
    for (y, p) in y.iter_mut().zip(rgba.chunks_exact(4)) {
        let sum = LUMA[0] * i32::from(p[0]) + LUMA[1] * i32::from(p[1]) + LUMA[2] * i32::from(p[2]);
        *y = ((sum + (1 << 14)) >> 15) as u8;
    }
    let known = rgba.len() / 4;
    if known < y.len() && known > 0 {
        y[known] = y[known - 1];
    }
}

fn chroma([upper, lower]: [&[u8]; 2], u: &mut [u8], v: &mut [u8]) {
    let pairs = upper.chunks(8).zip(lower.chunks(8));
    for ((u, v), (a, b)) in u.iter_mut().zip(v).zip(pairs) {
        // the last pixel of an odd row stands for two
        let second = if a.len() == 8 { 4 } else { 0 };
        let sum = |c: usize| {
            i32::from(a[c]) + i32::from(b[c]) + i32::from(a[c + second]) + i32::from(b[c + second])
        };
        let (r, g, bl) = (sum(0), sum(1), sum(2));
        let code = |m: [i32; 3]| {
            let value = m[0] * r + m[1] * g + m[2] * bl;
            (((value + (1 << 16)) >> 17) + 128).clamp(0, 255) as u8
        };
        *u = code(BLUE);
        *v = code(RED);
    }
}

/// Writes rows of opaque RGBA from planes of at least as many pixels.
pub(crate) fn write_rgba(planes: &PlanesRef<'_>, width: usize, rgba: &mut [u8]) {
    for (j, row) in rgba.chunks_exact_mut(width * 4).enumerate() {
        let y = &planes.y.0[j * planes.y.1..][..width];
        let u = &planes.u.0[j / 2 * planes.u.1..][..width.div_ceil(2)];
        let v = &planes.v.0[j / 2 * planes.v.1..][..width.div_ceil(2)];
        for (((pixels, y), u), v) in row.chunks_mut(8).zip(y.chunks(2)).zip(u).zip(v) {
            let (cb, cr) = (i32::from(*u) - 128, i32::from(*v) - 128);
            let add = [BACK[0] * cr, BACK[1] * cb + BACK[2] * cr, BACK[3] * cb];
            for (pixel, &y) in pixels.chunks_exact_mut(4).zip(y) {
                let luma = (i32::from(y) << 14) + (1 << 13);
                pixel[0] = ((luma + add[0]) >> 14).clamp(0, 255) as u8;
                pixel[1] = ((luma + add[1]) >> 14).clamp(0, 255) as u8;
                pixel[2] = ((luma + add[2]) >> 14).clamp(0, 255) as u8;
                pixel[3] = 255;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(rgba: &[u8], width: usize) -> Vec<u8> {
        let planes = Planes::from_rgba(rgba, width);
        let mut back = vec![0; rgba.len()];
        let half = planes.width / 2;
        let planes = PlanesRef { y: (&planes.y, planes.width), u: (&planes.u, half), v: (&planes.v, half) };
        write_rgba(&planes, width, &mut back);
        back
    }

    #[test]
    fn grey_comes_back_as_it_was_and_white_and_black_use_the_full_range() {
        for grey in 0..=255_u8 {
            let rgba = [grey, grey, grey, 255].repeat(6);
            let planes = Planes::from_rgba(&rgba, 3);
            assert!(planes.y.iter().all(|&y| y == grey) && planes.u.iter().all(|&u| u == 128), "{grey}");
            assert!(there_and_back(&rgba, 3) == rgba, "{grey}");
        }
    }

    #[test]
    fn the_primaries_have_the_codes_of_the_recommendation() {
        // BT.709, full range: Y' = round(255 K), Cb and Cr = 128 + round of (B - Y') / 1.8556 and (R - Y') / 1.5748
        let kr_kg_kb = [0.2126, 0.7152, 0.0722];
        for (n, k) in kr_kg_kb.into_iter().enumerate() {
            let mut pixel = [0, 0, 0, 255];
            pixel[n] = 255;
            let planes = Planes::from_rgba(&pixel.repeat(4), 2);
            let want = |c: f64, wide: f64| ((c - k) / wide * 255.0 + 128.0).clamp(0.0, 255.0);
            assert_eq!(f64::from(planes.y[0]), (k * 255.0).round(), "{n}");
            let blue = want(f64::from(u8::from(n == 2)), 1.8556);
            let red = want(f64::from(u8::from(n == 0)), 1.5748);
            assert!((f64::from(planes.u[0]) - blue).abs() <= 0.51, "{n}: {} {blue}", planes.u[0]);
            assert!((f64::from(planes.v[0]) - red).abs() <= 0.51, "{n}: {} {red}", planes.v[0]);
        }
    }

    #[test]
    fn every_flat_colour_comes_back_within_two_steps() {
        let mut worst = 0;
        for r in (0..=255_u8).step_by(15) {
            for g in (0..=255_u8).step_by(15) {
                for b in (0..=255_u8).step_by(15) {
                    let back = there_and_back(&[r, g, b, 255].repeat(4), 2);
                    let off = [(r, back[0]), (g, back[1]), (b, back[2])].map(|(a, b)| a.abs_diff(b));
                    worst = worst.max(*off.iter().max().unwrap());
                }
            }
        }
        assert!(worst <= 2, "{worst}");
    }

    #[test]
    fn odd_edges_are_padded_with_what_is_there() {
        let rgba = [200, 10, 40, 255].repeat(15);
        let planes = Planes::from_rgba(&rgba, 5);
        assert_eq!((planes.width, planes.height), (6, 4));
        assert!(planes.y.iter().all(|y| *y == planes.y[0]) && planes.u.iter().all(|u| *u == planes.u[0]));
    }
}
