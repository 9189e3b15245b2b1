//! Words of the command line become numbers, or a sentence on what is allowed.

use std::path::PathBuf;
use std::str::FromStr;

use render_volume::{IsoSurface, Palette};

/// A curve that somebody names.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Along {
    /// Its points, LPS mm.
    Points(Vec<[f64; 3]>),
    /// A JSON file of points.
    File(PathBuf),
    /// A planned curve.
    Planned(String),
}

impl Along {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        const FORM: &str =
            "points in mm such as \"1,2,3; 4,5,6\", a .json file, or the name of a planned curve";
        if text.to_ascii_lowercase().ends_with(".json") {
            return Ok(Self::File(text.into()));
        }
        if !text.contains([',', ';']) {
            return if text.trim().is_empty() {
                Err(FORM.to_owned())
            } else {
                Ok(Self::Planned(text.trim().to_owned()))
            };
        }
        let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
        let points: Option<Vec<_>> = parts.map(three).collect();
        points.filter(|points| points.len() >= 2).map(Self::Points).ok_or_else(|| FORM.to_owned())
    }
}

/// `VOLUME[:PALETTE[:OPACITY]]`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FuseOption {
    pub(super) volume: String,
    pub(super) palette: Option<Palette>,
    pub(super) opacity: Option<f32>,
}

/// `NAME[:COLOUR[:OPACITY]]`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SurfaceOption {
    pub(super) name: String,
    pub(super) colour: Option<[u8; 3]>,
    pub(super) opacity: f32,
}

pub(super) fn fuse(text: &str) -> Result<FuseOption, String> {
    let mut parts = text.split(':').map(str::trim);
    let volume = parts.next().filter(|v| !v.is_empty()).ok_or("VOLUME[:PALETTE[:OPACITY]]")?.to_owned();
    // an empty part leaves that choice to us: PT::0.6
    let palette = parts.next().filter(|p| !p.is_empty()).map(palette).transpose()?;
    let opacity = parts.next().map(share).transpose()?;
    let done = FuseOption { volume, palette, opacity };
    parts.next().map_or(Ok(done), |_more| Err("VOLUME[:PALETTE[:OPACITY]]".to_owned()))
}

pub(super) fn surface(text: &str) -> Result<SurfaceOption, String> {
    let mut parts = text.split(':').map(str::trim);
    let name = parts.next().filter(|n| !n.is_empty()).ok_or("NAME[:COLOUR[:OPACITY]]")?.to_owned();
    let colour = parts.next().filter(|c| !c.is_empty()).map(background).transpose()?;
    let opacity = parts.next().map(share).transpose()?.unwrap_or(0.5);
    let done = SurfaceOption { name, colour, opacity };
    parts.next().map_or(Ok(done), |_more| Err("NAME[:COLOUR[:OPACITY]]".to_owned()))
}

/// `VALUE[:COLOUR[:OPACITY]]`.
pub(super) fn iso(text: &str) -> Result<IsoSurface, String> {
    const FORM: &str = "VALUE[:COLOUR[:OPACITY]], for example 300:#e0d0b0:0.5";
    let mut parts = text.split(':').map(str::trim);
    let value = number(parts.next().unwrap_or_default(), -1e6..=1e6, FORM)?;
    let colour = parts.next().filter(|c| !c.is_empty()).map(background).transpose()?;
    let colour = colour.unwrap_or([222, 204, 168]).map(|c| f32::from(c) / 255.0);
    let opacity = parts.next().map(share).transpose()?.unwrap_or(1.0);
    let done = IsoSurface { value, colour, opacity };
    parts.next().map_or(Ok(done), |_more| Err(FORM.to_owned()))
}

fn share(text: &str) -> Result<f32, String> {
    number(text, 0.0..=1.0, "an opacity of 0 to 1")
}

fn number<N: FromStr + PartialOrd>(
    text: &str,
    range: std::ops::RangeInclusive<N>,
    allowed: &str,
) -> Result<N, String> {
    text.trim().parse().ok().filter(|n| range.contains(n)).ok_or_else(|| allowed.to_owned())
}

fn numbers<const N: usize>(text: &str) -> Option<[f64; N]> {
    let numbers: Vec<f64> = text.split(',').map(|n| n.trim().parse().ok()).collect::<Option<_>>()?;
    <[f64; N]>::try_from(numbers).ok().filter(|numbers| numbers.iter().all(|n| n.is_finite()))
}

fn three(text: &str) -> Option<[f64; 3]> {
    numbers(text)
}

pub(super) fn point(text: &str) -> Result<[f64; 3], String> {
    three(text).ok_or_else(|| "three numbers in mm, for example 12.5,-30,100".to_owned())
}

pub(super) fn cut(text: &str) -> Result<[[f64; 3]; 2], String> {
    let parts: Option<Vec<_>> = text.split(';').map(three).collect();
    let both = parts.and_then(|parts| <[[f64; 3]; 2]>::try_from(parts).ok());
    both.filter(|[_, normal]| normal.iter().any(|n| *n != 0.0))
        .ok_or_else(|| "a point and a direction to what is kept, for example \"12,-30,100;0,1,0\"".to_owned())
}

pub(super) fn window(text: &str) -> Result<[f64; 2], String> {
    numbers(text)
        .filter(|[_, width]| *width >= 1.0)
        .ok_or_else(|| "a center and a width of 1 or more, for example 40,400".to_owned())
}

pub(super) fn thickness(text: &str) -> Result<f64, String> {
    number(text, 0.0..=1000.0, "a thickness of 0 to 1000 mm")
}

pub(super) fn width(text: &str) -> Result<f64, String> {
    number(text, 1.0..=1000.0, "a width of 1 to 1000 mm")
}

pub(super) fn degrees(text: &str) -> Result<f64, String> {
    number(text, -360.0..=360.0, "degrees, -360 to 360")
}

pub(super) fn apart(text: &str) -> Result<f64, String> {
    number(text, 1.0..=200.0, "1 to 200 mm; people's eyes are 52 to 78 mm apart")
}

pub(super) fn step(text: &str) -> Result<f32, String> {
    number(text, 0.1..=4.0, "0.1 to 4 voxels")
}

pub(super) fn factor(text: &str) -> Result<f32, String> {
    number(text, 0.05..=20.0, "a factor of 0.05 to 20")
}

pub(super) fn shift(text: &str) -> Result<f64, String> {
    number(text, -1e5..=1e5, "a number in the volume's unit, -100000 to 100000")
}

pub(super) fn size(text: &str) -> Result<[u32; 2], String> {
    let edge = |text: &str| text.trim().parse().ok().filter(|n: &u32| (16..=16_384).contains(n));
    let both = text.split_once(['x', 'X', '×']).and_then(|(w, h)| Some([edge(w)?, edge(h)?]));
    both.ok_or_else(|| "WIDTHxHEIGHT, each 16 to 16384, for example 1024x768".to_owned())
}

pub(super) fn background(text: &str) -> Result<[u8; 3], String> {
    let hex = |digits: &str| {
        let sound = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        let part = |n: usize| u8::from_str_radix(digits.get(2 * n..2 * n + 2)?, 16).ok();
        if sound { Some([part(0)?, part(1)?, part(2)?]) } else { None }
    };
    match text {
        "black" => Some([0; 3]),
        "grey" | "gray" => Some([128; 3]),
        "white" => Some([255; 3]),
        _ => text.strip_prefix('#').and_then(hex),
    }
    .ok_or_else(|| "#RRGGBB, black, grey or white".to_owned())
}

pub(super) fn distance_file(text: &str) -> Result<PathBuf, String> {
    let file = PathBuf::from(text);
    if app_engine::pictures::holds_distances(&file) {
        Ok(file)
    } else {
        Err("a file .nrrd or .png".to_owned())
    }
}

pub(super) fn palette(text: &str) -> Result<Palette, String> {
    let id = |p: &Palette| serde_json::to_value(p).ok().and_then(|v| v.as_str().map(str::to_owned));
    let known = Palette::ALL.iter().find(|p| id(p).as_deref() == Some(text));
    known.copied().ok_or_else(|| {
        let ids: Vec<String> = Palette::ALL.iter().filter_map(id).collect();
        format!("one of {}", ids.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_numbers_or_say_what_is_allowed() {
        assert_eq!(size("640x480"), Ok([640, 480]));
        assert!(size("640").is_err() && size("1x1").is_err() && size("99999x64").is_err());
        assert_eq!(background("#0aFF10"), Ok([10, 255, 16]));
        assert!(background("#12345").is_err() && background("#ééé").is_err() && background("pink").is_err());
        assert_eq!(point("1,-2,3.5"), Ok([1.0, -2.0, 3.5]));
        for wrong in ["1,2", "1,2,3,4", "1,x,3", "1,2,inf", ""] {
            assert!(point(wrong).is_err(), "{wrong}");
        }
        assert_eq!(cut("1,2,3;0,0,-1"), Ok([[1.0, 2.0, 3.0], [0.0, 0.0, -1.0]]));
        assert!(cut("1,2,3").is_err() && cut("1,2,3;0,0,0").is_err() && cut("1,2,3;0,0,1;4,5,6").is_err());
        let fused = fuse("PT:viridis:0.6").expect("fused");
        assert_eq!(
            (fused.volume.as_str(), fused.palette, fused.opacity),
            ("PT", Some(Palette::Viridis), Some(0.6))
        );
        assert!(
            fuse("PT").is_ok_and(|f| f.palette.is_none())
                && fuse("PT::0.2").is_ok_and(|f| f.opacity == Some(0.2))
        );
        for wrong in ["", "PT:neon", "PT:pet:2", "PT:pet:0.5:x", "PT:pet:NaN"] {
            assert!(fuse(wrong).is_err(), "{wrong}");
        }
        let shown = surface("bone:#ff0000:0.3").expect("a surface");
        assert_eq!((shown.name.as_str(), shown.colour, shown.opacity), ("bone", Some([255, 0, 0]), 0.3));
        assert!(surface(":red").is_err() && surface("bone:red").is_err() && surface("bone::-1").is_err());
        assert!(
            iso("-300:#ffffff:0.3")
                .is_ok_and(|s| s.value == -300.0 && s.opacity == 0.3 && s.colour == [1.0; 3])
        );
        assert!(
            iso("250").is_ok_and(|s| s.opacity == 1.0)
                && iso("x").is_err()
                && iso("1:red").is_err()
                && iso("NaN").is_err()
        );
        assert_eq!(Along::parse("1,2,3; 4,5,6;"), Ok(Along::Points(vec![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])));
        assert_eq!(Along::parse("a.JSON"), Ok(Along::File("a.JSON".into())));
        assert_eq!(Along::parse("aorta"), Ok(Along::Planned("aorta".into())));
        assert!(
            Along::parse("1,2,3").is_err()
                && Along::parse("1,2;3,4,5").is_err()
                && Along::parse(" ").is_err()
        );
        assert!(distance_file("a.txt").is_err() && distance_file("a.PNG").is_ok());
    }
}
