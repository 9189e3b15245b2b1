//! 3D Slicer: volume property text and scenes.

use meshing_volume::Phrase;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::curves::Curves;
use super::{ImportError, Imported, MAX_POINTS, Said, text};

pub(super) const NEAREST: Phrase = Phrase::new(
    "Nearest-neighbour sampling is not used; voxels are mixed linearly.",
    "不使用最近邻采样；体素按线性插值。",
);
const MORE_LINES: Phrase = Phrase::new("What follows the ninth line is left out.", "忽略第九行之后的内容。");

/// A volume property text file (`.vp`, the format before 3D Slicer 5.9): interpolation, shading, diffuse, ambient,
/// specular, specular power, opacity, opacity by gradient and colours, a line each. Opacities are of 1 mm, VTK's
/// `ScalarOpacityUnitDistance` as 3D Slicer leaves it.
///
/// # Errors
/// [`ImportError`] for another file or numbers that are not there.
pub fn vp(bytes: &[u8]) -> Result<Imported, ImportError> {
    let lines: Vec<&str> = text(bytes)?.lines().map(str::trim).take(64).collect();
    let [interpolation, shade, diffuse, ambient, specular, power, opacity, gradient, colour, more @ ..] =
        &lines[..]
    else {
        return Err(ImportError::NotThis { format: "a volume property (.vp)" });
    };
    let wrong = ImportError::NotThis { format: "a volume property (.vp)" };
    let first = |line: &str| line.split_whitespace().next()?.parse::<f64>().ok();
    let said = [interpolation, shade, diffuse, ambient, specular, power].map(|line| first(line));
    let [Some(interpolation), Some(shade), Some(diffuse), Some(ambient), Some(specular), Some(power)] = said
    else {
        return Err(wrong);
    };
    let mut said = Said::new();
    if more.iter().any(|line| !line.is_empty()) {
        said.leave_out(MORE_LINES);
    }
    said.light(shade != 0.0, [ambient, diffuse, specular, power])?;
    property(said, interpolation, opacity, gradient, colour)
}

/// The volume properties of a scene (`.mrml`, or 3D Slicer's `presets.xml`), in its order: `VolumeProperty` elements
/// with the attributes `scalarOpacity`, `gradientOpacity` and `colorTransfer`. Those that cannot be read are errors of
/// their own. A scene may name an own file for a property instead; such elements are passed over.
///
/// # Errors
/// [`ImportError`] for a file that is no XML or has no volume property.
pub fn mrml(bytes: &[u8]) -> Result<Vec<Result<Imported, ImportError>>, ImportError> {
    const WRONG: ImportError = ImportError::NotThis { format: "a scene of 3D Slicer with volume properties" };
    let mut reader = Reader::from_str(text(bytes)?);
    let mut found = Vec::new();
    loop {
        let element = match reader.read_event().map_err(|_not_xml| WRONG)? {
            Event::Start(element) | Event::Empty(element) => element,
            Event::Eof => break,
            _ => continue,
        };
        if !element.local_name().as_ref().ends_with("VolumeProperty") {
            continue;
        }
        let mut attributes: [String; 10] = Default::default();
        for attribute in element.attributes() {
            let attribute = attribute.map_err(|_not_xml| WRONG)?;
            let key = attribute.key.as_ref();
            if let Some(place) = NAMES.iter().position(|name| *name == key) {
                // only digits, signs and dots are wanted of all but the name, so nothing needs unescaping
                attribute.value.trim().clone_into(&mut attributes[place]);
            }
        }
        if attributes[7].is_empty() {
            continue;
        }
        if found.len() == MAX_POINTS {
            return Err(ImportError::Malformed { part: "VolumeProperty" });
        }
        found.push(element_look(&attributes));
    }
    if found.is_empty() { Err(WRONG) } else { Ok(found) }
}

/// Attributes of a `VolumeProperty`.
const NAMES: [&str; 10] = [
    "name",
    "interpolation",
    "shade",
    "diffuse",
    "ambient",
    "specular",
    "specularPower",
    "scalarOpacity",
    "gradientOpacity",
    "colorTransfer",
];

fn element_look(attributes: &[String; 10]) -> Result<Imported, ImportError> {
    let [name, interpolation, shade, diffuse, ambient, specular, power, opacity, gradient, colour] =
        attributes;
    let mut said = Said::new();
    said.name = name.chars().filter(|c| !c.is_control()).take(200).collect();
    // what a scene does not say is as VTK sets out
    let number =
        |text: &str, otherwise: f64| if text.is_empty() { Some(otherwise) } else { text.parse().ok() };
    let terms = [number(ambient, 0.1), number(diffuse, 0.7), number(specular, 0.2), number(power, 10.0)];
    let [Some(ambient), Some(diffuse), Some(specular), Some(power)] = terms else {
        return Err(ImportError::Malformed { part: "lighting" });
    };
    let flags = [number(shade, 0.0), number(interpolation, 1.0)];
    let [Some(shade), Some(interpolation)] = flags else {
        return Err(ImportError::Malformed { part: "shade" });
    };
    said.light(shade != 0.0, [ambient, diffuse, specular, power])?;
    property(said, interpolation, opacity, gradient, colour)
}

fn property(
    mut said: Said,
    interpolation: f64,
    opacity: &str,
    gradient: &str,
    colour: &str,
) -> Result<Imported, ImportError> {
    if interpolation == 0.0 {
        said.leave_out(NEAREST);
    }
    let opacity = corners::<2>(opacity, "scalarOpacity")?;
    said.by_gradient(corners::<2>(gradient, "gradientOpacity")?.into_iter())?;
    let colour = corners::<4>(colour, "colorTransfer")?;
    said.finish(&Curves::new(opacity, colour)?)
}

/// A count of numbers and as many numbers, `N` a corner. What follows them is a remark.
fn corners<const N: usize>(line: &str, part: &'static str) -> Result<Vec<[f64; N]>, ImportError> {
    let wrong = ImportError::Malformed { part };
    let mut words = line.split_whitespace();
    let Some(count) = words.next() else { return Ok(Vec::new()) };
    let count: usize = count.parse().map_err(|_not_a_count| wrong.clone())?;
    if !count.is_multiple_of(N) || count / N > MAX_POINTS {
        return Err(wrong);
    }
    let numbers: Vec<f64> = words.take(count).map_while(|word| word.parse().ok()).collect();
    let corners: Vec<[f64; N]> = numbers.chunks_exact(N).map(|c| std::array::from_fn(|n| c[n])).collect();
    if corners.len() * N == count && numbers.iter().all(|n| n.is_finite()) { Ok(corners) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::GradientPoint;

    /// The example of 3D Slicer's documentation, with its remarks taken off.
    const EXAMPLE: &str = "1\n1\n0.9\n0.1\n0.2\n10\n\
        14 -3024 0 -86.9767 0 45.3791 0.169643 139.919 0.589286 347.907 0.607143 1224.16 0.607143 3071 0.616071\n\
        4 0 1 255 1\n\
        28 -3024 0 0 0 -86.9767 0 0.25098 1 45.3791 1 0 0 139.919 1 0.894893 0.894893 347.907 1 1 0.25098 1224.16 1 1 1 \
        3071 0.827451 0.658824 1\n";

    #[test]
    fn a_volume_property_is_read_with_its_light_and_its_opacity_per_mm() {
        let got = vp(EXAMPLE.as_bytes()).unwrap();
        assert!(got.unused.is_empty(), "{:?}", got.unused);
        assert_eq!(got.look.shading.diffuse, 0.9);
        assert_eq!(got.look.shading.shininess, 10.0);
        for (value, opacity) in
            [(-500.0, 0.0), (45.3791, 0.169643), (92.0, 0.3766), (139.919, 0.589286), (2000.0, 0.611)]
        {
            let extinction = f64::from(got.look.transfer.at(value)[3]);
            let per_mm = 1.0 - (-extinction).exp();
            assert!((per_mm - opacity).abs() < 0.004, "{value}: {per_mm} for {opacity}");
        }
        let with_remarks = EXAMPLE.replace('\n', " => what it is\n");
        assert_eq!(vp(with_remarks.as_bytes()).unwrap(), got);
    }

    #[test]
    fn what_is_not_done_is_listed() {
        let gradient = EXAMPLE.replace("4 0 1 255 1", "4 0 0 90 1").replacen('1', "0", 1);
        let got = vp(gradient.as_bytes()).unwrap();
        assert_eq!(got.unused.len(), 1);
        let corners = [[0.0, 0.0], [90.0, 1.0]].map(GradientPoint::from);
        assert_eq!(got.look.gradient_opacity, corners, "opacity by gradient is carried over");
        let flat = vp(EXAMPLE.as_bytes()).unwrap();
        assert!(flat.look.gradient_opacity.is_empty(), "every gradient alike is no opacity by gradient");
        assert!(got.unused.iter().all(|w| !w.zh.is_ascii()));
    }

    #[test]
    fn the_properties_of_a_scene_are_read_by_name() {
        let opacity = "6 0 0 100 0.2 200 0.6";
        let scene = format!(
            "<MRML version=\"5\"><!-- <VolumeProperty/> --><Volume name=\"x\"/>\
             <VolumeProperty id=\"a\" name=\"CT-Test\" interpolation=\"1\" shade=\"1\" diffuse=\"0.8\" ambient=\"0.2\" \
             specular=\"0\" specularPower=\"5\" scalarOpacity=\"{opacity}\" gradientOpacity=\"4 0 1 255 1\" \
             colorTransfer=\"8 0 1 0 0 200 1 1 1\"></VolumeProperty>\
             <VolumeProperty name=\"bad\" scalarOpacity=\"3 0 0 1\" colorTransfer=\"8 0 1 0 0 200 1 1 1\"/>\
             <VolumeProperty name=\"elsewhere\" references=\"storage:x\"/></MRML>"
        );
        let found = mrml(scene.as_bytes()).unwrap();
        assert_eq!(found.len(), 2);
        let first = found[0].as_ref().unwrap();
        assert_eq!((first.name.as_str(), first.look.shading.diffuse), ("CT-Test", 0.8));
        assert_eq!(found[1], Err(ImportError::Malformed { part: "scalarOpacity" }));
        for wrong in ["<MRML/>", "<MRML", "plain", ""] {
            assert!(mrml(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn wrong_files_are_refused_with_a_reason() {
        let broken = [
            EXAMPLE.replace("14 -3024", "13 -3024"),
            EXAMPLE.replace("14 -3024", "99999999999 -3024"),
            EXAMPLE.replace("45.3791 0.169643", "45.3791 NaN"),
            EXAMPLE.replace("45.3791 0.169643", "45.3791 x"),
            EXAMPLE.replace("0.9\n", "inf\n"),
            EXAMPLE.lines().take(8).collect::<Vec<_>>().join("\n"),
            "4 0 0 1 1".to_owned(),
        ];
        for file in broken {
            let error = vp(file.as_bytes()).unwrap_err();
            assert!(error.to_string().len() > 20 && !meshing_volume::Told::chinese(&error).is_ascii());
        }
        assert_eq!(vp(&[0xff, 0xfe, 0x00]), Err(ImportError::NotText));
        let flat = "1\n1\n1\n0\n0\n1\n2 5 1\n2 0 1\n4 5 1 1 1\n";
        assert_eq!(vp(flat.as_bytes()), Err(ImportError::NoFunction));
    }
}
