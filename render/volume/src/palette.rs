//! Colours for grey: the palettes of DICOM and of perception.

mod tables;

use meshing_volume::Phrase;
use serde::{Deserialize, Serialize};

use tables::Channel;

/// A palette of 256 colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Palette {
    /// Black to white.
    #[default]
    Grey,
    /// HOT_IRON of DICOM PS3.6 B.1.1.
    HotIron,
    /// PET of DICOM PS3.6 B.1.2.
    Pet,
    /// HOT_METAL_BLUE of DICOM PS3.6 B.1.3.
    HotMetalBlue,
    /// PET_20_STEP of DICOM PS3.6 B.1.4.
    Pet20Step,
    /// SPRING of DICOM PS3.6 B.1.5.
    Spring,
    /// SUMMER of DICOM PS3.6 B.1.6.
    Summer,
    /// FALL of DICOM PS3.6 B.1.7.
    Fall,
    /// WINTER of DICOM PS3.6 B.1.8.
    Winter,
    /// Even to the eye, and to colour-blind eyes (after viridis of matplotlib, CC0; within 5 steps of 255).
    Viridis,
    /// Even to the eye, dark to hot (after magma of matplotlib, CC0; within 3 steps of 255).
    Magma,
    /// Black through the spectrum to grey (nipy_spectral of matplotlib).
    Spectral,
    /// Blue to red.
    Rainbow,
}

impl Palette {
    /// All palettes.
    pub const ALL: [Self; 13] = [
        Self::Grey,
        Self::HotIron,
        Self::Pet,
        Self::HotMetalBlue,
        Self::Pet20Step,
        Self::Spring,
        Self::Summer,
        Self::Fall,
        Self::Winter,
        Self::Viridis,
        Self::Magma,
        Self::Spectral,
        Self::Rainbow,
    ];

    /// Its name.
    pub const fn name(self) -> Phrase {
        match self {
            Self::Grey => Phrase::new("Grey", "灰度"),
            Self::HotIron => Phrase::new("Hot iron", "热铁"),
            Self::Pet => Phrase::new("PET", "PET 彩色"),
            Self::HotMetalBlue => Phrase::new("Hot metal, blue", "热金属蓝"),
            Self::Pet20Step => Phrase::new("PET, 20 steps", "PET 20 级"),
            Self::Spring => Phrase::new("Spring", "春"),
            Self::Summer => Phrase::new("Summer", "夏"),
            Self::Fall => Phrase::new("Fall", "秋"),
            Self::Winter => Phrase::new("Winter", "冬"),
            Self::Viridis => Phrase::new("Viridis", "翠绿渐变"),
            Self::Magma => Phrase::new("Magma", "岩浆渐变"),
            Self::Spectral => Phrase::new("Spectrum", "光谱"),
            Self::Rainbow => Phrase::new("Rainbow", "彩虹"),
        }
    }

    /// What to beware of, to be shown beside the palette: the eye sees edges where its hue turns, and none where
    /// only its lightness should tell.
    pub const fn caution(self) -> Option<Phrase> {
        match self {
            Self::Spectral | Self::Rainbow | Self::Pet | Self::Pet20Step => Some(Phrase::new(
                "Uneven colours: edges may appear where the values have none.",
                "颜色不均匀：数值无边界处可能出现假边界。",
            )),
            _ => None,
        }
    }

    /// Red, green, blue of the 256 entries, as an sRGB display takes them.
    pub fn table(self) -> [[u8; 3]; 256] {
        if self == Self::Grey {
            return std::array::from_fn(|n| [n as u8; 3]);
        }
        let [r, g, b] = tables::channels(self);
        std::array::from_fn(|n| [r, g, b].map(|channel| between(channel, n as u8)))
    }

    /// The colour of a grey, 0..1: that of the nearest entry.
    pub fn colour(self, grey: f64) -> [u8; 3] {
        self.table()[(grey.clamp(0.0, 1.0) * 255.0 + 0.5).floor() as usize]
    }
}

/// Linear between corners, rounded half up: gives the standard's tables to the last bit.
fn between(channel: Channel, n: u8) -> u8 {
    let after = channel.partition_point(|c| c.0 <= n).clamp(1, channel.len() - 1);
    let ((x0, y0), (x1, y1)) = (channel[after - 1], channel[after]);
    let share = (f64::from(n) - f64::from(x0)) / (f64::from(x1) - f64::from(x0));
    (f64::from(y0) + (f64::from(y1) - f64::from(y0)) * share + 0.5).floor().clamp(0.0, 255.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dicom_palettes_hold_the_entries_of_the_standard() {
        let check = |map: Palette, entries: &[(usize, [u8; 3])]| {
            let table = map.table();
            for (n, colour) in entries {
                assert_eq!(table[*n], *colour, "{map:?} {n}");
            }
        };
        check(
            Palette::HotIron,
            &[(1, [2, 0, 0]), (127, [254, 0, 0]), (128, [255, 0, 0]), (192, [255, 128, 4])],
        );
        check(Palette::HotIron, &[(254, [255, 252, 252]), (255, [255, 255, 255])]);
        check(Palette::Pet, &[(0, [0, 0, 0]), (255, [255, 255, 255]), (128, [128, 0, 255])]);
        check(Palette::HotMetalBlue, &[(0, [0, 0, 0]), (102, [50, 0, 200]), (255, [255, 255, 255])]);
        check(Palette::Pet20Step, &[(12, [0, 0, 0]), (13, [96, 0, 80]), (243, [255, 255, 255])]);
        check(Palette::Spring, &[(0, [255, 0, 255]), (255, [255, 255, 0])]);
        check(Palette::Grey, &[(77, [77, 77, 77])]);
    }

    #[test]
    fn even_palettes_grow_lighter_all_the_way() {
        for map in [Palette::Viridis, Palette::Magma, Palette::Grey, Palette::HotIron] {
            let light = map
                .table()
                .map(|[r, g, b]| 0.2126 * f64::from(r) + 0.7152 * f64::from(g) + 0.0722 * f64::from(b));
            assert!(light.windows(2).all(|w| w[1] >= w[0] - 0.8), "{map:?}");
            assert!(map.caution().is_none());
        }
        assert!(Palette::Rainbow.caution().is_some_and(|c| !c.zh.is_ascii()));
    }
}
