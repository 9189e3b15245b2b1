//! The model part of a 3MF package: XML out and in.

use std::io::Write as _;

use meshing_space::{Lps, Point, Transform, Vector};
use quick_xml::events::{BytesDecl, BytesStart, BytesText, Event};
use quick_xml::{Reader, Writer, XmlVersion};

use super::ThreeMfError;
use crate::Mesh;

const CORE: &str = "http://schemas.microsoft.com/3dmanufacturing/core/2015/02";
const START_PART: &str = "http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel";
/// Namespace of our own metadata; a name, not an address.
const OURS: &str = "urn:theatron:3mf:1";
/// Deepest nesting that is followed.
const MAX_DEPTH: usize = 32;
/// Most triangles that the items of a build may place together.
const MAX_TRIANGLES: usize = 100_000_000;

/// A mesh on its way into a model, and its name and colour if it has some.
pub(super) type Out<'a> = (&'a Mesh, Option<(&'a str, [u8; 3])>);

/// The model part for some meshes.
pub(super) fn write(objects: &[Out<'_>], title: &str, about: &[(&str, &str)]) -> Vec<u8> {
    let triangles: usize = objects.iter().map(|(mesh, _)| mesh.triangles.len()).sum();
    let mut writer = Writer::new(Vec::with_capacity(80 * triangles + 1024));
    write_model(&mut writer, objects, title, about).expect("writing into memory does not fail");
    writer.into_inner()
}

fn write_model(
    writer: &mut Writer<Vec<u8>>,
    objects: &[Out<'_>],
    title: &str,
    about: &[(&str, &str)],
) -> std::io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let root = [("unit", "millimeter"), ("xml:lang", "en-US"), ("xmlns", CORE), ("xmlns:theatron", OURS)];
    let coloured = objects.iter().any(|(_, look)| look.is_some());
    // The colours are a resource themselves.
    let id = |n: usize| (n + 1 + usize::from(coloured)).to_string();
    writer.create_element("model").with_attributes(root).write_inner_content(|writer| {
        for (name, text) in [
            ("Title", title),
            ("Application", "Theatron"),
            ("Description", "Coordinates are DICOM LPS patient coordinates in millimetres."),
            ("theatron:CoordinateSystem", "LPS"),
        ] {
            let element = writer.create_element("metadata").with_attribute(("name", name));
            element.write_text_content(BytesText::new(&printable(text)))?;
        }
        for (name, text) in about {
            let name = format!("theatron:{name}");
            let element = writer.create_element("metadata").with_attribute(("name", name.as_str()));
            element.write_text_content(BytesText::new(&printable(text)))?;
        }
        writer.create_element("resources").write_inner_content(|writer| {
            if coloured {
                write_materials(writer, objects)?;
            }
            let mut colours = 0;
            for (n, (mesh, look)) in objects.iter().enumerate() {
                let mut element = writer
                    .create_element("object")
                    .with_attributes([("id", id(n).as_str()), ("type", "model")]);
                if let Some((name, _)) = look {
                    element = element.with_attributes([
                        ("name", printable(name).as_str()),
                        ("pid", "1"),
                        ("pindex", colours.to_string().as_str()),
                    ]);
                    colours += 1;
                }
                element.write_inner_content(|writer| {
                    writer.create_element("mesh").write_inner_content(|writer| write_mesh(writer, mesh))?;
                    Ok(())
                })?;
            }
            Ok(())
        })?;
        writer.create_element("build").write_inner_content(|writer| {
            for n in 0..objects.len() {
                writer.create_element("item").with_attribute(("objectid", id(n).as_str())).write_empty()?;
            }
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(())
}

/// The base materials of the objects that have a colour, in their order.
fn write_materials(writer: &mut Writer<Vec<u8>>, objects: &[Out<'_>]) -> std::io::Result<()> {
    writer.create_element("basematerials").with_attribute(("id", "1")).write_inner_content(|writer| {
        for (name, [r, g, b]) in objects.iter().filter_map(|(_, look)| *look) {
            let colour = format!("#{r:02X}{g:02X}{b:02X}");
            writer
                .create_element("base")
                .with_attributes([("name", printable(name).as_str()), ("displaycolor", colour.as_str())])
                .write_empty()?;
        }
        Ok(())
    })?;
    Ok(())
}

/// The mass of the file: numbers that need no escaping, so they go out without an event each.
fn write_mesh(writer: &mut Writer<Vec<u8>>, mesh: &Mesh) -> std::io::Result<()> {
    writer.create_element("vertices").write_inner_content(|writer| {
        let out = writer.get_mut();
        for position in &mesh.positions {
            let [x, y, z] = position.to_array().map(|x| x as f32 + 0.0);
            write!(out, r#"<vertex x="{x}" y="{y}" z="{z}"/>"#)?;
        }
        Ok(())
    })?;
    writer.create_element("triangles").write_inner_content(|writer| {
        let out = writer.get_mut();
        for [a, b, c] in &mesh.triangles {
            write!(out, r#"<triangle v1="{a}" v2="{b}" v3="{c}"/>"#)?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Text without the characters that XML 1.0 cannot hold.
fn printable(text: &str) -> String {
    text.chars().filter(|c| *c >= ' ' && !matches!(*c, '\u{7f}' | '\u{fffe}' | '\u{ffff}')).collect()
}

/// The path of the model, from the relationships of the package.
pub(super) fn start_part(relations: &[u8]) -> Result<String, ThreeMfError> {
    let mut reader = Reader::from_reader(relations);
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer)? {
            Event::Start(element) | Event::Empty(element)
                if element.local_name().into_inner() == "Relationship"
                    && attribute(&element, "Type")?.as_deref() == Some(START_PART) =>
            {
                return attribute(&element, "Target")?
                    .ok_or(ThreeMfError::Model { what: "a relationship has no target" });
            }
            Event::Eof => return Err(ThreeMfError::Model { what: "the package names no model" }),
            _ => {}
        }
        buffer.clear();
    }
}

/// An object of the model.
struct Object {
    id: String,
    mesh: Mesh,
}

/// Reads the model part.
pub(super) fn read(content: &[u8]) -> Result<Mesh, ThreeMfError> {
    let mut reader = Reader::from_reader(content);
    let mut buffer = Vec::new();
    let mut parsed = Parsed { mm: 1.0, objects: Vec::new(), built: Mesh::default() };
    let mut depth = 0_usize;
    loop {
        match reader.read_event_into(&mut buffer)? {
            Event::Start(element) => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Err(ThreeMfError::Model { what: "it is nested too deep" });
                }
                parsed.element(&element)?;
            }
            Event::Empty(element) => parsed.element(&element)?,
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::DocType(_) => return Err(ThreeMfError::Model { what: "it has a document type" }),
            Event::Eof => break,
            _ => {}
        }
        buffer.clear();
    }
    if depth > 0 {
        return Err(ThreeMfError::Model { what: "it ends early" });
    }
    if parsed.built.triangles.is_empty() {
        return Err(ThreeMfError::Model { what: "it builds no mesh" });
    }
    Ok(parsed.built)
}

struct Parsed {
    /// Millimetres of one unit of the file.
    mm: f64,
    objects: Vec<Object>,
    built: Mesh,
}

impl Parsed {
    fn element(&mut self, element: &BytesStart<'_>) -> Result<(), ThreeMfError> {
        match element.local_name().into_inner() {
            "model" => {
                self.mm = unit_mm(attribute(element, "unit")?.as_deref().unwrap_or("millimeter"))?;
                if attribute(element, "requiredextensions")?.is_some_and(|needed| !needed.trim().is_empty()) {
                    return Err(ThreeMfError::Model { what: "it requires an extension" });
                }
            }
            "object" => {
                let id =
                    attribute(element, "id")?.ok_or(ThreeMfError::Model { what: "an object has no id" })?;
                self.objects.push(Object { id, mesh: Mesh::default() });
            }
            "components" => return Err(ThreeMfError::Model { what: "components are not read" }),
            "vertex" => {
                let [x, y, z] = numbers(element, ["x", "y", "z"])?;
                let position = Point::new(x * self.mm, y * self.mm, z * self.mm);
                self.object()?.mesh.positions.push(position);
            }
            "triangle" => {
                let triangle = indices(element)?;
                let mesh = &mut self.object()?.mesh;
                // The specification has the vertices before the triangles.
                if triangle.iter().any(|&v| v as usize >= mesh.positions.len()) {
                    return Err(ThreeMfError::Model {
                        what: "a triangle names a vertex that does not exist",
                    });
                }
                mesh.triangles.push(triangle);
            }
            "item" => self.build(element)?,
            _ => {}
        }
        Ok(())
    }

    fn object(&mut self) -> Result<&mut Object, ThreeMfError> {
        self.objects.last_mut().ok_or(ThreeMfError::Model { what: "a mesh lies outside an object" })
    }

    /// Adds an object to what is built.
    fn build(&mut self, element: &BytesStart<'_>) -> Result<(), ThreeMfError> {
        let id = attribute(element, "objectid")?;
        let object = self.objects.iter().find(|object| Some(&object.id) == id.as_ref());
        let object = object.ok_or(ThreeMfError::Model { what: "an item names no object" })?;
        let placed = match attribute(element, "transform")? {
            Some(text) => placement(&text, self.mm)?,
            None => Transform::identity(),
        };
        let built = &mut self.built;
        if built.triangles.len() + object.mesh.triangles.len() > MAX_TRIANGLES
            || built.positions.len() + object.mesh.positions.len() > MAX_TRIANGLES
        {
            return Err(ThreeMfError::Bounds { what: "the items build too much" });
        }
        let first = built.positions.len() as u32;
        built.positions.extend(object.mesh.positions.iter().map(|p| placed * *p));
        let mirrored = placed.determinant() < 0.0;
        built.triangles.extend(object.mesh.triangles.iter().map(|triangle| {
            let [a, b, c] = triangle.map(|v| v + first);
            if mirrored { [a, c, b] } else { [a, b, c] }
        }));
        Ok(())
    }
}

fn unit_mm(unit: &str) -> Result<f64, ThreeMfError> {
    Ok(match unit {
        "micron" => 0.001,
        "millimeter" => 1.0,
        "centimeter" => 10.0,
        "inch" => 25.4,
        "foot" => 304.8,
        "meter" => 1000.0,
        _ => return Err(ThreeMfError::Model { what: "its unit is unknown" }),
    })
}

/// The value of an attribute by its name without prefix.
fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, ThreeMfError> {
    for found in element.attributes() {
        let found = found.map_err(quick_xml::Error::from)?;
        if found.key.into_inner() == name {
            return Ok(Some(found.normalized_value(XmlVersion::Implicit1_0)?.into_owned()));
        }
    }
    Ok(None)
}

const NO_NUMBER: ThreeMfError =
    ThreeMfError::Model { what: "a coordinate is missing or not a finite number" };

fn number(text: &str) -> Result<f64, ThreeMfError> {
    text.trim().parse().ok().filter(|x: &f64| x.is_finite()).ok_or(NO_NUMBER)
}

/// Named attributes as finite numbers; no text is copied, for there are millions.
fn numbers(element: &BytesStart<'_>, names: [&str; 3]) -> Result<[f64; 3], ThreeMfError> {
    let mut values = [f64::NAN; 3];
    for found in element.attributes() {
        let found = found.map_err(quick_xml::Error::from)?;
        if let Some(n) = names.iter().position(|name| *name == found.key.into_inner()) {
            values[n] = number(&found.value)?;
        }
    }
    if values.iter().any(|x| x.is_nan()) { Err(NO_NUMBER) } else { Ok(values) }
}

fn indices(element: &BytesStart<'_>) -> Result<[u32; 3], ThreeMfError> {
    let mut triangle = [None; 3];
    for found in element.attributes() {
        let found = found.map_err(quick_xml::Error::from)?;
        if let Some(n) = ["v1", "v2", "v3"].iter().position(|name| *name == found.key.into_inner()) {
            triangle[n] = found.value.trim().parse().ok();
        }
    }
    let [Some(a), Some(b), Some(c)] = triangle else {
        return Err(ThreeMfError::Model { what: "a triangle lacks a vertex index" });
    };
    Ok([a, b, c])
}

/// The transform of an item: 12 numbers, rows of a matrix that multiplies row vectors from the right (core spec §3.3).
fn placement(text: &str, mm: f64) -> Result<Transform<Lps, Lps>, ThreeMfError> {
    let values: Vec<f64> = text.split_whitespace().take(13).map(number).collect::<Result<_, _>>()?;
    let Ok(rows) = <[f64; 12]>::try_from(values) else {
        return Err(ThreeMfError::Model { what: "a transform needs 12 numbers" });
    };
    let row = |n: usize| Vector::new(rows[3 * n], rows[3 * n + 1], rows[3 * n + 2]);
    Ok(Transform::from_axes(Point::origin() + row(3) * mm, [row(0), row(1), row(2)]))
}
