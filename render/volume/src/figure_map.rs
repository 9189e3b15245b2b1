//! Figures on a surface (a distance, a deviation) as colours, in bands that a legend names.

/// Bands of a map; odd, so that one lies about zero.
pub(crate) const BANDS: usize = 11;

/// What the colours of a surface stand for: bands from `-range` (blue) over zero (grey) to `range` (red).
#[derive(Clone, Debug, PartialEq)]
pub struct FigureMap {
    /// What is shown, with its unit.
    pub what: String,
    /// The middle of the highest band, in the figures' unit; that of the lowest is its negative.
    pub range: f64,
}

impl FigureMap {
    /// sRGB from the lowest to the highest band, told apart by colour-blind readers too (Moreland 2009).
    pub const COLOURS: [[u8; 3]; BANDS] = [
        [59, 76, 192],
        [88, 118, 226],
        [120, 157, 249],
        [154, 186, 254],
        [187, 205, 247],
        [221, 221, 221],
        [241, 204, 185],
        [246, 174, 143],
        [236, 134, 103],
        [214, 87, 68],
        [180, 4, 38],
    ];
    /// sRGB where there is no figure.
    pub const NONE: [u8; 3] = [90, 90, 90];

    /// A map whose range is `size` to two digits, at least `least`.
    pub fn fitted(what: impl Into<String>, size: f64, least: f64) -> Self {
        let size = if size > least { size } else { least };
        let digit = 10_f64.powf(size.log10().floor() - 1.0);
        Self { what: what.into(), range: (size / digit - 1e-9).ceil() * digit }
    }

    /// Bands per unit; 0 for a range that is none, which makes every figure grey.
    pub(crate) fn per_unit(&self) -> f64 {
        if self.range.is_finite() && self.range > 0.0 { (BANDS / 2) as f64 / self.range } else { 0.0 }
    }

    /// The band of a figure, 0 the lowest; `None` where there is no figure.
    pub fn band(&self, figure: Option<f64>) -> Option<usize> {
        let figure = figure.filter(|f| !f.is_nan())?;
        let place = figure * self.per_unit() + (BANDS / 2) as f64 + 0.5;
        Some(place.floor().clamp(0.0, (BANDS - 1) as f64) as usize)
    }

    /// The sRGB colour of a figure.
    pub fn colour(&self, figure: Option<f64>) -> [u8; 3] {
        self.band(figure).map_or(Self::NONE, |band| Self::COLOURS[band])
    }

    /// The middle of each band with its sRGB colour, highest first.
    pub fn legend(&self) -> Vec<(String, [u8; 3])> {
        let middle = (BANDS / 2) as f64;
        let digits = (2.0 - self.range.log10().floor()).clamp(0.0, 4.0) as usize;
        let figure = |n: usize| self.range * (n as f64 - middle) / middle;
        (0..BANDS).rev().map(|n| (format!("{:+.digits$}", figure(n)), Self::COLOURS[n])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_grey_and_the_ends_are_blue_and_red() {
        let map = FigureMap::fitted("distance, mm", 4.87, 0.01);
        assert!((map.range - 4.9).abs() < 1e-9, "{}", map.range);
        let of = |figure| map.colour(Some(figure));
        assert_eq!([of(-5.0), of(0.0), of(5.0)], [[59, 76, 192], [221, 221, 221], [180, 4, 38]]);
        assert_eq!([map.colour(None), of(f64::NAN)], [FigureMap::NONE; 2]);
        let legend = map.legend();
        assert!(legend.len() == BANDS && legend[0] == ("+4.90".to_owned(), [180, 4, 38]), "{legend:?}");
        for nothing in [0.0, -1.0, f64::NAN] {
            assert!((FigureMap::fitted("all alike", nothing, 0.01).range - 0.01).abs() < 1e-12);
        }
        assert_eq!(FigureMap { what: String::new(), range: f64::NAN }.band(Some(9.0)), Some(5));
    }

    #[test]
    fn bands_meet_half_way_between_their_middles() {
        let map = FigureMap { what: String::new(), range: 5.0 };
        assert_eq!(
            [map.band(Some(0.49)), map.band(Some(0.51)), map.band(Some(-0.51))],
            [Some(5), Some(6), Some(4)]
        );
    }
}
