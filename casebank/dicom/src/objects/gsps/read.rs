//! A data set as a presentation.

use casebank_case::Phi;
use dicom_core::Tag;
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::{Area, Layer, Mark, Note, Place, Presentation, Rescale, Window};
use crate::dataset::text;
use crate::objects::Evidence;
use crate::objects::made::{ObjectError, image_of, items, open, referenced};
use crate::objects::sr::ImageRef;

/// Most marks, and most coordinates, of one presentation state.
const MARKS: usize = 100_000;
const NUMBERS: usize = 2_000_000;

/// A presentation state as read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadPresentation {
    /// SOP Instance UID (0008,0018).
    pub instance_uid: String,
    /// Content Creator's Name (0070,0084).
    pub person: Phi<String>,
    /// How the images are to be shown.
    pub presentation: Presentation,
    /// What is in the object but not in [`ReadPresentation::presentation`], each once: without it the images look different
    /// from what was meant.
    pub left_out: Vec<&'static str>,
}

/// Elements that change the look and are not read.
const LEFT_OUT: [(Tag, &str); 8] = [
    (tags::MODALITY_LUT_SEQUENCE, "a table of measured values"),
    (tags::PRESENTATION_LUT_SEQUENCE, "a table of grey levels"),
    (tags::SHUTTER_SHAPE, "a shutter"),
    (tags::SHUTTER_OVERLAY_GROUP, "a bitmap shutter"),
    (tags::MASK_SUBTRACTION_SEQUENCE, "a mask to subtract"),
    (Tag(0x6000, 0x0010), "an overlay"),
    (tags::VOILUT_SEQUENCE, "a table of the window"),
    (tags::COMPOUND_GRAPHIC_SEQUENCE, "a compound mark"),
];

/// Reads a Grayscale Softcopy Presentation State.
///
/// # Errors
/// [`ObjectError`]
pub fn read(bytes: &[u8]) -> Result<ReadPresentation, ObjectError> {
    let class = uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE;
    let object = open(bytes, &[class], ("a greyscale presentation state", "灰度显示状态"))?;
    let mut left_out = Vec::new();
    for (tag, what) in LEFT_OUT {
        if object.get(tag).is_some() {
            left_out.push(what);
        }
    }
    let study_uid = text(&object, tags::STUDY_INSTANCE_UID);
    let images = items(&object, tags::REFERENCED_SERIES_SEQUENCE).iter().map(|series| Evidence {
        study_uid: study_uid.clone(),
        series_uid: text(series, tags::SERIES_INSTANCE_UID),
        instances: items(series, tags::REFERENCED_IMAGE_SEQUENCE).iter().filter_map(referenced).collect(),
    });
    let layers = layers(&object)?;
    let (rotation, mirrored) = turned(&object)?;
    let mut presentation = Presentation {
        label: text(&object, tags::CONTENT_LABEL),
        description: Phi::new(text(&object, tags::CONTENT_DESCRIPTION)),
        images: images.collect(),
        rescale: rescale(&object)?,
        inverted: text(&object, tags::PRESENTATION_LUT_SHAPE) == "INVERSE",
        rotation,
        mirrored,
        layers,
        ..Presentation::default()
    };
    for item in items(&object, tags::SOFTCOPY_VOILUT_SEQUENCE) {
        presentation.windows.extend(window(item, &mut left_out)?);
    }
    for item in items(&object, tags::DISPLAYED_AREA_SELECTION_SEQUENCE) {
        presentation.areas.push(area(item, &mut left_out)?);
    }
    let mut budget = (MARKS, NUMBERS);
    for item in items(&object, tags::GRAPHIC_ANNOTATION_SEQUENCE) {
        presentation.notes.push(note(item, &mut budget, &mut left_out)?);
    }
    left_out.sort_unstable();
    left_out.dedup();
    Ok(ReadPresentation {
        instance_uid: text(&object, tags::SOP_INSTANCE_UID),
        person: Phi::new(text(&object, tags::CONTENT_CREATOR_NAME)),
        presentation,
        left_out,
    })
}

/// Layers from below; the file may list them in any order.
fn layers(object: &InMemDicomObject) -> Result<Vec<Layer>, ObjectError> {
    let layers = items(object, tags::GRAPHIC_LAYER_SEQUENCE).iter().map(|item| {
        let order = text(item, tags::GRAPHIC_LAYER_ORDER).parse::<i32>();
        let order =
            order.or(Err(ObjectError::Refused("the order of a layer is no number", "图层的次序不是数字")))?;
        let layer = Layer {
            name: text(item, tags::GRAPHIC_LAYER),
            description: text(item, tags::GRAPHIC_LAYER_DESCRIPTION),
        };
        Ok((order, layer))
    });
    let mut layers: Vec<(i32, Layer)> = layers.collect::<Result<_, ObjectError>>()?;
    layers.sort_by_key(|(order, _)| *order);
    Ok(layers.into_iter().map(|(_, layer)| layer).collect())
}

fn turned(object: &InMemDicomObject) -> Result<(u16, bool), ObjectError> {
    let refused = ObjectError::Refused(
        "the images are turned or mirrored in an unknown way",
        "图像的旋转或翻转方式未知",
    );
    let rotation = match object.get(tags::IMAGE_ROTATION) {
        None => Some(0),
        Some(element) => element.to_int::<u16>().ok().filter(|turn| [0, 90, 180, 270].contains(turn)),
    };
    let mirrored = match text(object, tags::IMAGE_HORIZONTAL_FLIP).as_str() {
        "" | "N" => Some(false),
        "Y" => Some(true),
        _ => None,
    };
    rotation.zip(mirrored).ok_or(refused)
}

fn numbers<const N: usize>(object: &InMemDicomObject, tag: Tag) -> Option<[f64; N]> {
    let all = object.get(tag)?.to_multi_float64().ok()?;
    all.try_into().ok().filter(|all: &[f64; N]| all.iter().all(|v| v.is_finite()))
}

fn rescale(object: &InMemDicomObject) -> Result<Option<Rescale>, ObjectError> {
    if object.get(tags::RESCALE_SLOPE).is_none() && object.get(tags::RESCALE_INTERCEPT).is_none() {
        return Ok(None);
    }
    let wrong = || ObjectError::Refused("the rescale is no number or zero", "换算系数不是数字或为零");
    let [slope] = numbers(object, tags::RESCALE_SLOPE).filter(|[slope]| *slope != 0.0).ok_or_else(wrong)?;
    let [intercept] = numbers(object, tags::RESCALE_INTERCEPT).ok_or_else(wrong)?;
    Ok(Some(Rescale { slope, intercept, unit: text(object, tags::RESCALE_TYPE) }))
}

fn images(item: &InMemDicomObject) -> Result<Vec<ImageRef>, ObjectError> {
    items(item, tags::REFERENCED_IMAGE_SEQUENCE).iter().map(image_of).collect()
}

/// The first window of an item; more are alternatives, and a table is none.
fn window(item: &InMemDicomObject, left_out: &mut Vec<&'static str>) -> Result<Option<Window>, ObjectError> {
    if item.get(tags::VOILUT_SEQUENCE).is_some() {
        left_out.push("a table of the window");
    }
    if !matches!(text(item, tags::VOILUT_FUNCTION).as_str(), "" | "LINEAR") {
        left_out.push("a window that is not linear");
    }
    let first = |tag| {
        let values = item.get(tag).and_then(|element| element.to_multi_float64().ok());
        values.and_then(|all| all.first().copied()).filter(|v| v.is_finite())
    };
    let window = first(tags::WINDOW_CENTER).zip(first(tags::WINDOW_WIDTH));
    let Some((center, width)) = window.filter(|(_, width)| *width >= 1.0) else {
        left_out.push("a window that is none");
        return Ok(None);
    };
    if item.get(tags::WINDOW_CENTER).is_some_and(|element| element.value().multiplicity() > 1) {
        left_out.push("alternative windows");
    }
    Ok(Some(Window { images: images(item)?, center, width }))
}

fn area(item: &InMemDicomObject, left_out: &mut Vec<&'static str>) -> Result<Area, ObjectError> {
    let corner = |tag| {
        let values = item.get(tag).and_then(|element| element.to_multi_int::<i32>().ok());
        let pair = values.and_then(|all| <[i32; 2]>::try_from(all).ok());
        pair.ok_or(ObjectError::Missing("a corner of the displayed area", "显示区域的一角"))
    };
    if text(item, tags::PRESENTATION_SIZE_MODE) != "SCALE TO FIT" {
        left_out.push("a size on the screen other than to fit");
    }
    let aspect = text(item, tags::PRESENTATION_PIXEL_ASPECT_RATIO);
    if !matches!(aspect.as_str(), "" | "1\\1") {
        left_out.push("an aspect of pixels");
    }
    Ok(Area {
        images: images(item)?,
        top_left: corner(tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER)?,
        bottom_right: corner(tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER)?,
        spacing_mm: numbers(item, tags::PRESENTATION_PIXEL_SPACING),
    })
}

fn note(
    item: &InMemDicomObject,
    budget: &mut (usize, usize),
    left_out: &mut Vec<&'static str>,
) -> Result<Note, ObjectError> {
    let mut marks = Vec::new();
    let texts = items(item, tags::TEXT_OBJECT_SEQUENCE);
    let graphics = items(item, tags::GRAPHIC_OBJECT_SEQUENCE);
    let left = budget.0.checked_sub(texts.len() + graphics.len());
    budget.0 = left.ok_or(ObjectError::TooMuch { what: ("marks", "标记"), limit: MARKS })?;
    for set in texts {
        match label(set)? {
            Some(mark) => marks.push(mark),
            None => left_out.push("a text that is placed on the screen, not on the image"),
        }
    }
    for set in graphics {
        if text(set, tags::GRAPHIC_ANNOTATION_UNITS) == "PIXEL" {
            match graphic(set, budget)? {
                Some(mark) => marks.push(mark),
                None => left_out.push("an interpolated line"),
            }
        } else {
            left_out.push("a mark that is placed on the screen, not on the image");
        }
    }
    Ok(Note { images: images(item)?, layer: text(item, tags::GRAPHIC_LAYER), marks })
}

fn place(item: &InMemDicomObject, tag: Tag) -> Result<Place, ObjectError> {
    let [column, row] = places(item, tag)?[..] else {
        return Err(ObjectError::Refused("the place of a mark is not two numbers", "标记的位置不是两个数"));
    };
    Ok(Place { column, row })
}

fn places(item: &InMemDicomObject, tag: Tag) -> Result<Vec<f32>, ObjectError> {
    let values = item.get(tag).and_then(|element| element.to_multi_float32().ok());
    let values = values.ok_or(ObjectError::Missing("the place of a mark", "标记的位置"))?;
    if values.iter().all(|value| value.is_finite()) {
        Ok(values)
    } else {
        Err(ObjectError::Refused("the place of a mark is not finite", "标记的位置不是有限的数"))
    }
}

/// A text with its anchor, or else its box, where that is placed in pixels.
fn label(set: &InMemDicomObject) -> Result<Option<Mark>, ObjectError> {
    let said = Phi::new(text(set, tags::UNFORMATTED_TEXT_VALUE).replace("\r\n", "\n"));
    let units = |tag| text(set, tag);
    if units(tags::ANCHOR_POINT_ANNOTATION_UNITS) == "PIXEL" && set.get(tags::ANCHOR_POINT).is_some() {
        return Ok(Some(Mark::Label {
            text: said,
            anchor: place(set, tags::ANCHOR_POINT)?,
            line: text(set, tags::ANCHOR_POINT_VISIBILITY) == "Y",
        }));
    }
    if units(tags::BOUNDING_BOX_ANNOTATION_UNITS) == "PIXEL" {
        return Ok(Some(Mark::Boxed {
            text: said,
            top_left: place(set, tags::BOUNDING_BOX_TOP_LEFT_HAND_CORNER)?,
            bottom_right: place(set, tags::BOUNDING_BOX_BOTTOM_RIGHT_HAND_CORNER)?,
        }));
    }
    Ok(None)
}

/// A drawn mark; `None` for a curve, whose form the standard leaves open.
fn graphic(set: &InMemDicomObject, budget: &mut (usize, usize)) -> Result<Option<Mark>, ObjectError> {
    let numbers = places(set, tags::GRAPHIC_DATA)?;
    let left = budget.1.checked_sub(numbers.len());
    budget.1 = left.ok_or(ObjectError::TooMuch { what: ("coordinates", "坐标"), limit: NUMBERS })?;
    let points: Vec<Place> = numbers
        .chunks_exact(2)
        .filter_map(|pair| if let [column, row] = *pair { Some(Place { column, row }) } else { None })
        .collect();
    let stated = set.get(tags::NUMBER_OF_GRAPHIC_POINTS).and_then(|element| element.to_int::<usize>().ok());
    let odd = ObjectError::Refused("the places of a mark do not fit its shape", "标记的各点与其形状不符");
    if numbers.len() % 2 != 0 || stated.is_some_and(|count| count != points.len()) {
        return Err(odd);
    }
    let filled = text(set, tags::GRAPHIC_FILLED) == "Y";
    Ok(Some(match (text(set, tags::GRAPHIC_TYPE).as_str(), points.as_slice()) {
        ("INTERPOLATED", _) => return Ok(None),
        ("POINT", &[place]) => Mark::Point(place),
        ("POLYLINE", [_, _, ..]) => Mark::Polyline { places: points, filled },
        ("CIRCLE", &[center, edge]) => Mark::Circle { center, edge, filled },
        ("ELLIPSE", &[a, b, c, d]) => Mark::Ellipse { ends: [a, b, c, d], filled },
        _ => return Err(odd),
    }))
}
