//! JSON of 3D Slicer and of ParaView.

use meshing_volume::{Phrase, Words};
use serde::Deserialize;

use super::curves::Curves;
use super::slicer::NEAREST;
use super::{ImportError, Imported, MAX_POINTS, Said, text};

const SHAPES: Phrase = Phrase::new(
    "Midpoints and sharpness between points are not applied; values are mixed linearly.",
    "未应用控制点之间的中点和锐度；数值按线性插值。",
);
const COMPONENTS: Phrase = Phrase::new(
    "Functions of further components are left out; the first one is taken.",
    "忽略其他分量的函数，只取第一个分量。",
);
const SPACE: Phrase = Phrase::new(
    "Colours between points are mixed as red, green and blue, not in the file's colour space.",
    "控制点之间的颜色按红绿蓝混合，而不是按文件指定的颜色空间。",
);
const NO_OPACITY: Phrase = Phrase::new(
    "The file has no opacities: a ramp from 0 to 0.5 is taken.",
    "文件中没有不透明度：采用从 0 到 0.5 的渐变。",
);
const LOGARITHM: Phrase =
    Phrase::new("The logarithmic scale is not applied; values are linear.", "未应用对数刻度；数值为线性。");
const NOT_NUMBERS: Phrase =
    Phrase::new("The colour of what is not a number is left out.", "忽略非数值的颜色。");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    volume_properties: Vec<Property>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Property {
    #[serde(default)]
    interpolation_type: Option<String>,
    components: Vec<Component>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Component {
    #[serde(default)]
    shade: Option<bool>,
    #[serde(default)]
    lighting: Option<Lighting>,
    #[serde(default)]
    scalar_opacity_unit_distance: Option<f64>,
    #[serde(default)]
    disable_gradient_opacity: Option<bool>,
    rgb_transfer_function: Function<ColourCorner>,
    scalar_opacity: Function<Corner>,
    #[serde(default)]
    gradient_opacity: Option<Function<Corner>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Lighting {
    #[serde(default)]
    ambient: Option<f64>,
    #[serde(default)]
    diffuse: Option<f64>,
    #[serde(default)]
    specular: Option<f64>,
    #[serde(default)]
    specular_power: Option<f64>,
}

#[derive(Deserialize)]
struct Function<P> {
    points: Vec<P>,
}

#[derive(Deserialize)]
struct Corner {
    x: f64,
    y: f64,
    #[serde(default)]
    midpoint: Option<f64>,
    #[serde(default)]
    sharpness: Option<f64>,
}

#[derive(Deserialize)]
struct ColourCorner {
    x: f64,
    color: [f64; 3],
    #[serde(default)]
    midpoint: Option<f64>,
    #[serde(default)]
    sharpness: Option<f64>,
}

fn bent(midpoint: Option<f64>, sharpness: Option<f64>) -> bool {
    midpoint.is_some_and(|m| m != 0.5) || sharpness.is_some_and(|s| s != 0.0)
}

/// Volume properties as JSON (`.vp.json`, 3D Slicer 5.9 and later), in the file's order, the first component of each.
///
/// # Errors
/// [`ImportError`] for another file or a function that cannot be.
pub fn vp_json(bytes: &[u8]) -> Result<Vec<Imported>, ImportError> {
    const WRONG: ImportError = ImportError::NotThis { format: "a volume property (.vp.json)" };
    let file: Properties = serde_json::from_str(text(bytes)?).map_err(|_another| WRONG)?;
    if file.volume_properties.is_empty() || file.volume_properties.len() > MAX_POINTS {
        return Err(WRONG);
    }
    file.volume_properties.iter().map(property).collect()
}

fn property(property: &Property) -> Result<Imported, ImportError> {
    let mut said = Said::new();
    let component = property.components.first().ok_or(ImportError::NoFunction)?;
    if property.components.len() > 1 {
        said.leave_out(COMPONENTS);
    }
    if property.interpolation_type.as_deref() == Some("nearest") {
        said.leave_out(NEAREST);
    }
    if component.disable_gradient_opacity != Some(true) {
        said.by_gradient(component.gradient_opacity.iter().flat_map(|f| &f.points).map(|p| [p.x, p.y]))?;
    }
    // what a file does not say is as VTK sets out
    let light = component.lighting.as_ref();
    let term = |pick: fn(&Lighting) -> Option<f64>, otherwise: f64| light.and_then(pick).unwrap_or(otherwise);
    let terms = [
        term(|l| l.ambient, 0.1),
        term(|l| l.diffuse, 0.7),
        term(|l| l.specular, 0.2),
        term(|l| l.specular_power, 10.0),
    ];
    said.light(component.shade.unwrap_or(false), terms)?;
    if let Some(mm) = component.scalar_opacity_unit_distance {
        if !(mm.is_finite() && mm > 0.0) {
            return Err(ImportError::Malformed { part: "scalarOpacityUnitDistance" });
        }
        said.unit_mm = mm;
    }
    let (opacity, colour) = (&component.scalar_opacity.points, &component.rgb_transfer_function.points);
    let bent = opacity.iter().any(|p| bent(p.midpoint, p.sharpness))
        || colour.iter().any(|p| bent(p.midpoint, p.sharpness));
    if bent {
        said.leave_out(SHAPES);
    }
    let opacity = opacity.iter().map(|p| [p.x, p.y]).collect();
    let colour = colour.iter().map(|p| [p.x, p.color[0], p.color[1], p.color[2]]).collect();
    said.finish(&Curves::new(opacity, colour)?)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Map {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    color_space: Option<String>,
    #[serde(rename = "RGBPoints", default)]
    rgb_points: Vec<f64>,
    #[serde(default)]
    points: Vec<f64>,
    #[serde(default)]
    use_log_scale: Option<serde_json::Value>,
    #[serde(default)]
    nan_color: Option<serde_json::Value>,
}

/// Colour maps of ParaView (JSON), in the file's order. `values` (lowest and highest) stretches them over a range, as
/// that program does when it rescales; `None` keeps the file's own values. Opacities are of 1 mm, as VTK sets out.
///
/// # Errors
/// [`ImportError`] for another file or a function that cannot be.
pub fn paraview(bytes: &[u8], values: Option<[f32; 2]>) -> Result<Vec<Imported>, ImportError> {
    const WRONG: ImportError = ImportError::NotThis { format: "a colour map of ParaView (JSON)" };
    let file: Vec<Map> = serde_json::from_str(text(bytes)?).map_err(|_another| WRONG)?;
    if file.is_empty() || file.len() > MAX_POINTS {
        return Err(WRONG);
    }
    file.iter().map(|map| colour_map(map, values)).collect()
}

fn colour_map(map: &Map, values: Option<[f32; 2]>) -> Result<Imported, ImportError> {
    let mut said = Said::new();
    said.name = map.name.iter().flat_map(|n| n.chars()).filter(|c| !c.is_control()).take(200).collect();
    if map.color_space.as_deref().is_some_and(|space| space != "RGB") {
        said.leave_out(SPACE);
    }
    if map
        .use_log_scale
        .as_ref()
        .is_some_and(|v| *v != serde_json::json!(false) && *v != serde_json::json!(0))
    {
        said.leave_out(LOGARITHM);
    }
    if map.nan_color.is_some() {
        said.unused.push(Words::from(NOT_NUMBERS));
    }
    if !map.rgb_points.len().is_multiple_of(4) || !map.points.len().is_multiple_of(4) {
        return Err(ImportError::Malformed { part: "RGBPoints" });
    }
    let mut colour: Vec<[f64; 4]> =
        map.rgb_points.chunks_exact(4).map(|c| [c[0], c[1], c[2], c[3]]).collect();
    let mut opacity: Vec<[f64; 2]> = map.points.chunks_exact(4).map(|c| [c[0], c[1]]).collect();
    if map.points.chunks_exact(4).any(|c| c[2] != 0.5 || c[3] != 0.0) {
        said.leave_out(SHAPES);
    }
    let places = || colour.iter().map(|c| c[0]);
    let low = places().fold(f64::INFINITY, f64::min);
    let high = places().fold(f64::NEG_INFINITY, f64::max);
    if !(low.is_finite() && high > low) {
        return Err(ImportError::NoFunction);
    }
    if opacity.is_empty() {
        said.leave_out(NO_OPACITY);
        opacity = vec![[low, 0.0], [high, 0.5]];
    }
    if let Some([from, to]) = values {
        let (from, to) = (f64::from(from), f64::from(to));
        if !(from.is_finite() && to > from) {
            return Err(ImportError::NoFunction);
        }
        let stretch = |x: &mut f64| *x = from + (*x - low) / (high - low) * (to - from);
        for corner in &mut colour {
            stretch(&mut corner[0]);
        }
        for corner in &mut opacity {
            stretch(&mut corner[0]);
        }
    }
    said.finish(&Curves::new(opacity, colour)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLICER: &str = r#"{ "@schema": "x", "volumeProperties": [ { "effectiveRange": [0.0, 220.0], "components": [ {
        "shade": true, "lighting": { "diffuse": 1.0, "ambient": 0.2, "specular": 0.0, "specularPower": 1.0 },
        "rgbTransferFunction": { "type": "colorTransferFunction", "points": [
            { "x": 0.0, "color": [0, 0, 0] }, { "x": 40.0, "color": [0.4, 0.1, 0.1] },
            { "x": 40.0, "color": [0.9, 0.9, 0.9] }, { "x": 220.0, "color": [1, 1, 1] } ] },
        "scalarOpacityUnitDistance": 2.0,
        "scalarOpacity": { "points": [ { "x": 0.0, "y": 0.0 }, { "x": 220.0, "y": 0.75 } ] },
        "gradientOpacity": { "points": [ { "x": 0.0, "y": 1.0 }, { "x": 255.0, "y": 1.0 } ] } } ] } ] }"#;

    #[test]
    fn a_volume_property_keeps_its_steps_and_its_unit_distance() {
        let got = vp_json(SLICER.as_bytes()).unwrap();
        assert_eq!(got.len(), 1);
        let transfer = &got[0].look.transfer;
        // 0.75 in 2 mm is 0.5 in one
        assert!((transfer.at(220.0)[3] - 2.0_f32.ln()).abs() < 1e-4);
        assert!(transfer.at(39.9)[0] < 0.2 && transfer.at(40.1)[0] > 0.7, "the step is kept");
        assert!(got[0].unused.is_empty());
        let bent = SLICER
            .replace(r#""y": 0.75"#, r#""y": 0.75, "midpoint": 0.2"#)
            .replace("255.0, \"y\": 1.0", "255.0, \"y\": 0.3");
        let bent = &vp_json(bent.as_bytes()).unwrap()[0];
        assert_eq!((bent.unused.len(), bent.look.gradient_opacity.len()), (1, 2));
        assert!(got[0].look.gradient_opacity.is_empty());
        for wrong in [
            "",
            "{}",
            "[]",
            "{\"volumeProperties\": []}",
            &SLICER.replace("Distance\": 2.0", "Distance\": 0"),
        ] {
            assert!(vp_json(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_colour_map_is_stretched_and_says_what_it_lacks() {
        let file = r#"[{ "ColorSpace": "Diverging", "Name": "Cool", "NanColor": [1, 1, 0],
            "RGBPoints": [0, 0.2, 0.3, 0.8, 0.5, 0.9, 0.9, 0.9, 1, 0.7, 0, 0.1] },
            { "Name": "Bone", "RGBPoints": [100, 1, 0, 0, 300, 1, 1, 1], "Points": [100, 0, 0.5, 0, 300, 0.5, 0.5, 0] }]"#;
        let got = paraview(file.as_bytes(), Some([-100.0, 300.0])).unwrap();
        assert_eq!((got.len(), got[0].name.as_str(), got[0].unused.len()), (2, "Cool", 3));
        assert_eq!(got[0].look.transfer.span(), (-100.0, 300.0));
        assert!(got[1].unused.is_empty());
        let own = paraview(file.as_bytes(), None).unwrap();
        assert_eq!(own[1].look.transfer.span(), (100.0, 300.0));
        for wrong in
            ["", "[]", "[{}]", r#"[{"RGBPoints": [0, 1, 1]}]"#, r#"[{"RGBPoints": [0,1,1,1,0,1,1,1]}]"#]
        {
            assert!(paraview(wrong.as_bytes(), None).is_err(), "{wrong}");
        }
        assert!(paraview("[".repeat(100_000).as_bytes(), None).is_err(), "deep nesting is no crash");
    }
}
