//! Figures on a surface as colours, in bands that a legend names.

use meshing_surface::{Mesh, ply::Mapped};
use render_volume::FigureMap;

/// The colours in which `render_volume` draws figures, from the lowest band to the highest.
const COLOURS: [[u8; 3]; BANDS] = FigureMap::COLOURS;
/// Bands of a map.
const BANDS: usize = FigureMap::COLOURS.len();
/// Where there is no figure.
const NONE: [u8; 3] = FigureMap::NONE;

/// What the colours stand for.
#[derive(Clone, Debug, PartialEq)]
pub struct ColourMap {
    /// What is shown, with its unit.
    pub what: String,
    /// The middle of the highest band; that of the lowest is its negative.
    pub range: f64,
}

impl ColourMap {
    /// A map whose range is `size` to two digits, at least `least`.
    pub fn fitted(what: impl Into<String>, size: f64, least: f64) -> Self {
        let size = if size > least { size } else { least };
        let digit = 10_f64.powf(size.log10().floor() - 1.0);
        Self { what: what.into(), range: (size / digit - 1e-9).ceil() * digit }
    }

    fn band(&self, value: Option<f64>) -> Option<usize> {
        let middle = (BANDS / 2) as f64;
        let place = value.filter(|v| !v.is_nan())? / self.range * middle + middle;
        Some(place.round().clamp(0.0, (BANDS - 1) as f64) as usize)
    }

    /// The colour of each vertex, and its figure (not a number where there is none).
    pub fn mapped(&self, values: &[Option<f64>]) -> Vec<Mapped> {
        let mapped = |value: &Option<f64>| Mapped {
            value: value.unwrap_or(f64::NAN) as f32,
            colour: self.band(*value).map_or(NONE, |band| COLOURS[band]),
        };
        values.iter().map(mapped).collect()
    }

    /// The triangles of each band that has any, by the mean of their corners, with the colour of the band.
    pub(crate) fn bands(&self, mesh: &Mesh, values: &[Option<f64>]) -> Vec<(Mesh, [u8; 3])> {
        let mut bands = vec![Vec::new(); BANDS + 1];
        for triangle in &mesh.triangles {
            let sum: Option<f64> = triangle.iter().map(|v| values[*v as usize]).sum();
            bands[self.band(sum.map(|sum| sum / 3.0)).unwrap_or(BANDS)].push(*triangle);
        }
        let colours = COLOURS.into_iter().chain([NONE]);
        let used = bands.into_iter().zip(colours).filter(|(triangles, _)| !triangles.is_empty());
        used.map(|(triangles, colour)| {
            (Mesh { positions: mesh.positions.clone(), triangles }.compacted(), colour)
        })
        .collect()
    }

    /// The middle of each band with its colour, highest first.
    pub(crate) fn legend(&self) -> Vec<(String, [u8; 3])> {
        let middle = (BANDS / 2) as f64;
        let figure = |n: usize| self.range * (n as f64 - middle) / middle;
        let digits = (2.0 - self.range.log10().floor()).clamp(0.0, 4.0) as usize;
        (0..BANDS).rev().map(|n| (format!("{:+.digits$}", figure(n)), COLOURS[n])).collect()
    }
}

#[cfg(test)]
mod tests {
    use meshing_space::Point;

    use super::*;

    #[test]
    fn zero_is_grey_and_the_ends_are_blue_and_red() {
        let values: Vec<_> = (-50..=50).map(|n| Some(f64::from(n) / 10.0)).chain([None]).collect();
        let map = ColourMap::fitted("distance, mm", 4.87, 0.01);
        assert!((map.range - 4.9).abs() < 1e-9, "{}", map.range);
        let colours: Vec<_> = map.mapped(&values).iter().map(|m| m.colour).collect();
        assert_eq!(
            [colours[0], colours[50], colours[100], colours[101]],
            [COLOURS[0], COLOURS[5], COLOURS[10], NONE]
        );
        let legend = map.legend();
        assert!(legend.len() == BANDS && legend[0].0.starts_with('+') && legend[0].1 == COLOURS[10]);
        for nothing in [0.0, -1.0, f64::NAN] {
            assert!((ColourMap::fitted("all alike", nothing, 0.01).range - 0.01).abs() < 1e-12);
        }
    }

    #[test]
    fn every_triangle_lies_in_one_band() {
        let positions = (0..6).map(|n| Point::new(f64::from(n), f64::from(n % 2), 0.0)).collect();
        let mesh = Mesh { positions, triangles: vec![[0, 1, 2], [1, 3, 2], [2, 3, 4], [3, 5, 4]] };
        let values = [Some(-1.0), Some(-1.0), Some(-1.0), Some(1.0), Some(1.0), None];
        let bands = ColourMap { what: String::new(), range: 1.0 }.bands(&mesh, &values);
        assert_eq!(bands.iter().map(|(mesh, _)| mesh.triangles.len()).sum::<usize>(), 4);
        assert_eq!((bands[0].1, bands.last().map(|b| b.1)), (COLOURS[0], Some(NONE)));
    }
}
