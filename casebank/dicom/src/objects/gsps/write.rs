//! A presentation as a data set.

use dicom_core::value::PrimitiveValue;
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::{Area, Mark, Note, Place, Presentation, Window};
use crate::dataset::{decimals, put, put_text, sequence, to_file};
use crate::objects::made::{base, content_label, image_item, is_code_string, reference, short};
use crate::objects::sr::ImageRef;
use crate::objects::{Made, SourceImage};
use crate::uid::is_uid;
use crate::write::{SeriesInfo, WriteError};

/// Classes whose stored values are no Hounsfield units before the rescale.
const CT: [&str; 2] = [uids::CT_IMAGE_STORAGE, uids::ENHANCED_CT_IMAGE_STORAGE];

/// Writes a Grayscale Softcopy Presentation State.
///
/// # Errors
/// [`WriteError::Content`] where a mark lies on no layer or refers to an image that the state is not for, a window has no
/// width, or the images are of another study.
pub fn write(state: &Presentation, info: &SeriesInfo, made: &Made) -> Result<Vec<u8>, WriteError> {
    check(state, info)?;
    let class = uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE;
    let mut object = base(info, made, class, "PR", "presentation state")?;
    object.remove_element(tags::CONTENT_DATE);
    object.remove_element(tags::CONTENT_TIME);
    content_label(&mut object, &state.label, state.description.expose(), made);
    let texts: [(Tag, VR, &str); 3] = [
        (tags::PRESENTATION_CREATION_DATE, VR::DA, &made.date),
        (tags::PRESENTATION_CREATION_TIME, VR::TM, &made.time),
        (tags::PRESENTATION_LUT_SHAPE, VR::CS, if state.inverted { "INVERSE" } else { "IDENTITY" }),
    ];
    for (tag, vr, text) in texts {
        put_text(&mut object, tag, vr, text);
    }
    let series = state.images.iter().map(|part| {
        let mut item = InMemDicomObject::new_empty();
        put_text(&mut item, tags::SERIES_INSTANCE_UID, VR::UI, &part.series_uid);
        sequence(&mut item, tags::REFERENCED_IMAGE_SEQUENCE, part.instances.iter().map(reference).collect());
        item
    });
    sequence(&mut object, tags::REFERENCED_SERIES_SEQUENCE, series.collect());
    if let Some(rescale) = &state.rescale {
        put_text(&mut object, tags::RESCALE_INTERCEPT, VR::DS, &decimals(&[rescale.intercept]));
        put_text(&mut object, tags::RESCALE_SLOPE, VR::DS, &decimals(&[rescale.slope]));
        put_text(&mut object, tags::RESCALE_TYPE, VR::LO, &short(&rescale.unit, 64));
    }
    if state.rotation != 0 || state.mirrored {
        put(&mut object, tags::IMAGE_ROTATION, VR::US, PrimitiveValue::from(state.rotation));
        put_text(&mut object, tags::IMAGE_HORIZONTAL_FLIP, VR::CS, if state.mirrored { "Y" } else { "N" });
    }
    sequence(&mut object, tags::DISPLAYED_AREA_SELECTION_SEQUENCE, state.areas.iter().map(area).collect());
    if !state.windows.is_empty() {
        sequence(&mut object, tags::SOFTCOPY_VOILUT_SEQUENCE, state.windows.iter().map(window).collect());
    }
    if !state.notes.is_empty() {
        sequence(&mut object, tags::GRAPHIC_ANNOTATION_SEQUENCE, state.notes.iter().map(note).collect());
        let layers = state.layers.iter().enumerate().map(|(order, layer)| {
            let mut item = InMemDicomObject::new_empty();
            put_text(&mut item, tags::GRAPHIC_LAYER, VR::CS, &layer.name);
            put_text(&mut item, tags::GRAPHIC_LAYER_ORDER, VR::IS, &(order + 1).to_string());
            if !layer.description.is_empty() {
                put_text(&mut item, tags::GRAPHIC_LAYER_DESCRIPTION, VR::LO, &short(&layer.description, 64));
            }
            item
        });
        sequence(&mut object, tags::GRAPHIC_LAYER_SEQUENCE, layers.collect());
    }
    to_file(object)
}

fn check(state: &Presentation, info: &SeriesInfo) -> Result<(), WriteError> {
    let refuse = |why| Err(WriteError::Content(why));
    let study = info.study_uid();
    let good = |part: &crate::objects::Evidence| {
        part.study_uid == study && is_uid(&part.series_uid) && !part.instances.is_empty()
    };
    if state.images.is_empty() || !state.images.iter().all(good) {
        return refuse("a presentation state needs images, all of its own study");
    }
    if !is_code_string(&state.label) {
        return refuse("the label is not of 1 to 16 capitals, digits and underscores");
    }
    if state.areas.is_empty() || ![0, 90, 180, 270].contains(&state.rotation) {
        return refuse("the displayed area is missing or the rotation is no quarter turn");
    }
    let ordered =
        |a: &Area| a.top_left.iter().zip(&a.bottom_right).all(|(from, to)| 1 <= *from && from <= to);
    if !state.areas.iter().all(ordered) {
        return refuse("a displayed area ends before it starts, or starts outside the image");
    }
    let stored = |image: &SourceImage| CT.contains(&image.class_uid.as_str());
    let ct = state.images.iter().flat_map(|part| &part.instances).any(stored);
    if ct && state.rescale.is_none() && !state.windows.is_empty() {
        return refuse("a window for CT needs the rescale, or it would be taken for one of stored values");
    }
    let known = |image: &ImageRef| state.images.iter().any(|part| part.instances.contains(&image.instance));
    let windows = state.windows.iter().flat_map(|w| &w.images);
    let areas = state.areas.iter().flat_map(|a| &a.images);
    let notes = state.notes.iter().flat_map(|n| &n.images);
    if !windows.chain(areas).chain(notes).all(known) {
        return refuse("an image is referenced that the presentation state is not for");
    }
    let finite = |w: &Window| w.center.is_finite() && w.width.is_finite() && w.width >= 1.0;
    if !state.windows.iter().all(finite) {
        return refuse("a window is narrower than 1 or not finite");
    }
    if state
        .rescale
        .as_ref()
        .is_some_and(|r| !r.slope.is_finite() || r.slope == 0.0 || !r.intercept.is_finite())
    {
        return refuse("the rescale is no number or zero");
    }
    let layer = |note: &Note| state.layers.iter().any(|layer| layer.name == note.layer);
    let named = state.layers.iter().all(|layer| is_code_string(&layer.name));
    if !named || !state.notes.iter().all(layer) {
        return refuse(
            "a mark lies on no layer, or a layer's name is not of capitals, digits and underscores",
        );
    }
    let drawable = |mark: &Mark| places(mark).iter().all(|p| p.column.is_finite() && p.row.is_finite());
    if !state.notes.iter().all(|note| !note.marks.is_empty() && note.marks.iter().all(drawable)) {
        return refuse("a mark is missing or lies nowhere");
    }
    for mark in state.notes.iter().flat_map(|note| &note.marks) {
        match mark {
            Mark::Polyline { places, filled } => {
                if places.len() < 2 || places.len() > usize::from(u16::MAX) {
                    return refuse("a line has one end only, or more than 65,535 places");
                }
                if *filled && places.first() != places.last() {
                    return refuse("a line is filled without being closed");
                }
            }
            Mark::Label { text, .. } | Mark::Boxed { text, .. } if !is_text(text.expose()) => {
                return refuse("a text mark is empty or longer than 1,024 characters");
            }
            _ => {}
        }
    }
    Ok(())
}

fn places(mark: &Mark) -> Vec<Place> {
    match mark {
        Mark::Label { anchor, .. } => vec![*anchor],
        Mark::Boxed { top_left, bottom_right, .. } => vec![*top_left, *bottom_right],
        Mark::Point(place) => vec![*place],
        Mark::Polyline { places, .. } => places.clone(),
        Mark::Circle { center, edge, .. } => vec![*center, *edge],
        Mark::Ellipse { ends, .. } => ends.to_vec(),
    }
}

fn put_images(item: &mut InMemDicomObject, images: &[ImageRef]) {
    if !images.is_empty() {
        sequence(item, tags::REFERENCED_IMAGE_SEQUENCE, images.iter().map(image_item).collect());
    }
}

fn window(window: &Window) -> InMemDicomObject {
    let mut item = InMemDicomObject::new_empty();
    put_images(&mut item, &window.images);
    put_text(&mut item, tags::WINDOW_CENTER, VR::DS, &decimals(&[window.center]));
    put_text(&mut item, tags::WINDOW_WIDTH, VR::DS, &decimals(&[window.width]));
    item
}

fn area(area: &Area) -> InMemDicomObject {
    let mut item = InMemDicomObject::new_empty();
    put_images(&mut item, &area.images);
    for (tag, corner) in [
        (tags::DISPLAYED_AREA_TOP_LEFT_HAND_CORNER, area.top_left),
        (tags::DISPLAYED_AREA_BOTTOM_RIGHT_HAND_CORNER, area.bottom_right),
    ] {
        put(&mut item, tag, VR::SL, PrimitiveValue::I32(corner.to_vec().into()));
    }
    put_text(&mut item, tags::PRESENTATION_SIZE_MODE, VR::CS, "SCALE TO FIT");
    match area.spacing_mm {
        Some(spacing) => put_text(&mut item, tags::PRESENTATION_PIXEL_SPACING, VR::DS, &decimals(&spacing)),
        None => put_text(&mut item, tags::PRESENTATION_PIXEL_ASPECT_RATIO, VR::IS, "1\\1"),
    }
    item
}

fn put_floats(item: &mut InMemDicomObject, tag: Tag, places: &[Place]) {
    let numbers: Vec<f32> = places.iter().flat_map(|p| [p.column, p.row]).collect();
    item.put(DataElement::new(tag, VR::FL, PrimitiveValue::F32(numbers.into())));
}

fn note(note: &Note) -> InMemDicomObject {
    let mut item = InMemDicomObject::new_empty();
    put_images(&mut item, &note.images);
    put_text(&mut item, tags::GRAPHIC_LAYER, VR::CS, &note.layer);
    let (mut texts, mut graphics) = (Vec::new(), Vec::new());
    for mark in &note.marks {
        match mark {
            Mark::Label { text, anchor, line } => {
                let mut set = text_item(text.expose());
                put_text(&mut set, tags::ANCHOR_POINT_ANNOTATION_UNITS, VR::CS, "PIXEL");
                put_floats(&mut set, tags::ANCHOR_POINT, &[*anchor]);
                put_text(&mut set, tags::ANCHOR_POINT_VISIBILITY, VR::CS, if *line { "Y" } else { "N" });
                texts.push(set);
            }
            Mark::Boxed { text, top_left, bottom_right } => {
                let mut set = text_item(text.expose());
                put_text(&mut set, tags::BOUNDING_BOX_ANNOTATION_UNITS, VR::CS, "PIXEL");
                put_floats(&mut set, tags::BOUNDING_BOX_TOP_LEFT_HAND_CORNER, &[*top_left]);
                put_floats(&mut set, tags::BOUNDING_BOX_BOTTOM_RIGHT_HAND_CORNER, &[*bottom_right]);
                put_text(&mut set, tags::BOUNDING_BOX_TEXT_HORIZONTAL_JUSTIFICATION, VR::CS, "LEFT");
                texts.push(set);
            }
            Mark::Point(_) => graphics.push(graphic("POINT", &places(mark), None)),
            Mark::Polyline { places, filled } => {
                let closed = places.first() == places.last();
                graphics.push(graphic("POLYLINE", places, closed.then_some(*filled)));
            }
            Mark::Circle { filled, .. } => graphics.push(graphic("CIRCLE", &places(mark), Some(*filled))),
            Mark::Ellipse { filled, .. } => graphics.push(graphic("ELLIPSE", &places(mark), Some(*filled))),
        }
    }
    for (tag, items) in [(tags::TEXT_OBJECT_SEQUENCE, texts), (tags::GRAPHIC_OBJECT_SEQUENCE, graphics)] {
        if !items.is_empty() {
            sequence(&mut item, tag, items);
        }
    }
    item
}

fn text_item(text: &str) -> InMemDicomObject {
    let mut item = InMemDicomObject::new_empty();
    put_text(&mut item, tags::UNFORMATTED_TEXT_VALUE, VR::ST, &lines(text));
    item
}

fn is_text(text: &str) -> bool {
    !text.trim().is_empty() && lines(text).chars().count() <= 1024
}

/// The text with lines ended by CR LF (PS3.3 table C.10-5).
fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\n', "\r\n")
}

fn graphic(kind: &str, places: &[Place], filled: Option<bool>) -> InMemDicomObject {
    let mut item = InMemDicomObject::new_empty();
    put_text(&mut item, tags::GRAPHIC_ANNOTATION_UNITS, VR::CS, "PIXEL");
    put(&mut item, tags::GRAPHIC_DIMENSIONS, VR::US, PrimitiveValue::from(2_u16));
    let count = u16::try_from(places.len()).unwrap_or(u16::MAX);
    put(&mut item, tags::NUMBER_OF_GRAPHIC_POINTS, VR::US, PrimitiveValue::from(count));
    put_floats(&mut item, tags::GRAPHIC_DATA, places);
    put_text(&mut item, tags::GRAPHIC_TYPE, VR::CS, kind);
    if let Some(filled) = filled {
        put_text(&mut item, tags::GRAPHIC_FILLED, VR::CS, if filled { "Y" } else { "N" });
    }
    item
}
