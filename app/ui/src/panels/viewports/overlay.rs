//! What is written over the pictures: names, letters, scale, crosshair, distances.

use crate::fill;
use crate::geometry::{ViewFrame, direction_letters, scale_bar_mm};
use crate::state::{UiState, ViewId};
use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Stroke, pos2, vec2};
use meshing_space::{Lps, Point};

const LETTER: Color32 = Color32::from_rgb(0xff, 0xe0, 0x82);
const TEXT: Color32 = Color32::from_rgb(0xe6, 0xeb, 0xf0);
const DISTANCE: Color32 = Color32::from_rgb(0x6d, 0xe0, 0xff);
/// A distance farther from the slice than this is drawn faintly.
const NEAR_MM: f64 = 3.0;

/// The colour of a plane, the same for its name and for its line in the other views.
fn colour_of(view: ViewId) -> Color32 {
    match view {
        ViewId::Axial => Color32::from_rgb(0xf0, 0x7a, 0x72),
        ViewId::Coronal => Color32::from_rgb(0x72, 0xd0, 0x7c),
        ViewId::Sagittal => Color32::from_rgb(0xf0, 0xd0, 0x5c),
        ViewId::ThreeD => Color32::from_rgb(0x8c, 0xb8, 0xf0),
    }
}

fn name_of(state: &UiState, view: ViewId) -> &'static str {
    match view {
        ViewId::Axial => state.t("view.axial"),
        ViewId::Coronal => state.t("view.coronal"),
        ViewId::Sagittal => state.t("view.sagittal"),
        ViewId::ThreeD => state.t("view.three_d"),
    }
}

/// What a screen reader says of a view: its name, slice and edge letters (left, right, top, bottom).
pub(super) fn spoken(state: &UiState, view: ViewId) -> String {
    let mut text = name_of(state, view).to_owned();
    if let Some(index) = ViewId::SLICES.iter().position(|slice| *slice == view) {
        let slice = &state.views.mpr[index];
        if let Some((number, count)) = slice.slice {
            text.push_str(&format_args!(" {number}/{count}").to_string());
        }
        if let Some(frame) = slice.frame {
            text.push(' ');
            text.push_str(&letters(&frame).join(" "));
        }
    } else if let (Some(right), Some(down)) = (state.views.three_d.right, state.views.three_d.down) {
        let all = [right * -1.0, right, down * -1.0, down].map(direction_letters);
        text.push(' ');
        text.push_str(&all.join(" "));
    }
    text
}

/// Letters of the left, right, upper and lower edge.
fn letters(frame: &ViewFrame) -> [String; 4] {
    [frame.right * -1.0, frame.right, frame.down * -1.0, frame.down].map(direction_letters)
}

fn edge_letters(painter: &Painter, rect: Rect, letters: &[String; 4]) {
    let places = [
        (rect.left_center() + vec2(6.0, 0.0), Align2::LEFT_CENTER),
        (rect.right_center() - vec2(6.0, 0.0), Align2::RIGHT_CENTER),
        (rect.center_top() + vec2(0.0, 4.0), Align2::CENTER_TOP),
        (rect.center_bottom() - vec2(0.0, 4.0), Align2::CENTER_BOTTOM),
    ];
    for ((place, align), letter) in places.into_iter().zip(letters) {
        write(painter, place, align, letter, 16.0, LETTER);
    }
}

/// Text that stays readable over any grey.
fn write(painter: &Painter, place: Pos2, align: Align2, text: &str, size: f32, colour: Color32) {
    for offset in [vec2(1.0, 1.0), vec2(-1.0, 1.0), vec2(1.0, -1.0), vec2(-1.0, -1.0)] {
        painter.text(place + offset, align, text, FontId::proportional(size), Color32::from_black_alpha(170));
    }
    painter.text(place, align, text, FontId::proportional(size), colour);
}

pub(super) fn three_d(state: &UiState, painter: &Painter, rect: Rect) {
    if let (Some(right), Some(down)) = (state.views.three_d.right, state.views.three_d.down) {
        edge_letters(painter, rect, &[right * -1.0, right, down * -1.0, down].map(direction_letters));
    }
    name(state, painter, ViewId::ThreeD, rect, "");
    if state.views.three_d.texture.is_none() {
        empty(state, painter, rect);
    }
}

fn name(state: &UiState, painter: &Painter, view: ViewId, rect: Rect, detail: &str) {
    let text = if detail.is_empty() {
        name_of(state, view).to_owned()
    } else {
        format!("{}  {detail}", name_of(state, view))
    };
    write(painter, rect.min + vec2(6.0, 4.0), Align2::LEFT_TOP, &text, 14.0, colour_of(view));
    painter.rect_filled(Rect::from_min_size(rect.min, vec2(rect.width(), 2.0)), 0.0, colour_of(view));
}

fn empty(state: &UiState, painter: &Painter, rect: Rect) {
    let text = if state.case.is_some() { state.t("view.waiting") } else { state.t("view.empty") };
    painter.text(
        rect.center(),
        Align2::CENTER_CENTER,
        text,
        FontId::proportional(14.0),
        Color32::from_gray(150),
    );
}

/// Everything over a slice; `place` is where its picture is and what it shows.
pub(super) fn slice(
    state: &UiState,
    painter: &Painter,
    view: ViewId,
    rect: Rect,
    place: Option<(ViewFrame, Rect)>,
) {
    let index = ViewId::SLICES.iter().position(|slice| *slice == view).unwrap_or(0);
    let detail = state.views.mpr[index]
        .slice
        .map_or_else(String::new, |(number, count)| format!("{number} / {count}"));
    name(state, painter, view, rect, &detail);
    let Some((frame, picture)) = place else {
        empty(state, painter, rect);
        return;
    };
    let on_screen = |point: Point<Lps>| {
        let (x, y) = frame.picture_from_lps(point);
        pos2(picture.min.x + x as f32 * picture.width(), picture.min.y + y as f32 * picture.height())
    };
    crosshair(state, painter, view, rect, &on_screen);
    distances(state, painter, &frame, &on_screen);
    edge_letters(painter, rect, &letters(&frame));
    scale_bar(painter, rect, f64::from(picture.width()) / frame.width_mm);
    let window = fill(
        state.t("view.window"),
        &[
            ("width", &format!("{:.0}", state.views.window.width)),
            ("level", &format!("{:.0}", state.views.window.level)),
        ],
    );
    write(painter, rect.max - vec2(6.0, 6.0), Align2::RIGHT_BOTTOM, &window, 12.0, TEXT);
}

fn crosshair(
    state: &UiState,
    painter: &Painter,
    view: ViewId,
    rect: Rect,
    on_screen: &dyn Fn(Point<Lps>) -> Pos2,
) {
    let Some(point) = state.views.crosshair else { return };
    let at = on_screen(point);
    let (vertical, horizontal) = match view {
        ViewId::Axial => (ViewId::Sagittal, ViewId::Coronal),
        ViewId::Coronal => (ViewId::Sagittal, ViewId::Axial),
        ViewId::Sagittal | ViewId::ThreeD => (ViewId::Coronal, ViewId::Axial),
    };
    let hole = 10.0;
    let line = |colour: Color32| Stroke::new(1.0, colour.gamma_multiply(0.8));
    painter.vline(at.x, rect.min.y..=(at.y - hole), line(colour_of(vertical)));
    painter.vline(at.x, (at.y + hole)..=rect.max.y, line(colour_of(vertical)));
    painter.hline(rect.min.x..=(at.x - hole), at.y, line(colour_of(horizontal)));
    painter.hline((at.x + hole)..=rect.max.x, at.y, line(colour_of(horizontal)));
}

fn distances(state: &UiState, painter: &Painter, frame: &ViewFrame, on_screen: &dyn Fn(Point<Lps>) -> Pos2) {
    let rows = state.case.as_ref().map_or(&[][..], |case| &case.measurements);
    for row in rows {
        let near = frame.distance_mm(row.from) <= NEAR_MM && frame.distance_mm(row.to) <= NEAR_MM;
        let colour = if near { DISTANCE } else { DISTANCE.gamma_multiply(0.25) };
        let (from, to) = (on_screen(row.from), on_screen(row.to));
        painter.line_segment([from, to], Stroke::new(1.5, colour));
        for end in [from, to] {
            painter.circle_stroke(end, 3.0, Stroke::new(1.5, colour));
        }
        if near {
            let text = format!("{:.1} mm", row.length_mm());
            write(painter, from.lerp(to, 0.5) + vec2(6.0, -6.0), Align2::LEFT_BOTTOM, &text, 13.0, DISTANCE);
        }
    }
    if let Some(pending) = state.views.pending {
        painter.circle_filled(on_screen(pending), 3.5, DISTANCE);
    }
}

fn scale_bar(painter: &Painter, rect: Rect, points_per_mm: f64) {
    let length_mm = scale_bar_mm(f64::from(rect.width()) * 0.25 / points_per_mm);
    if length_mm <= 0.0 {
        return;
    }
    let (x, y) = (rect.min.x + 8.0, rect.max.y - 10.0);
    let end = x + (length_mm * points_per_mm) as f32;
    let stroke = Stroke::new(2.0, TEXT);
    painter.hline(x..=end, y, stroke);
    painter.vline(x, (y - 4.0)..=(y + 1.0), stroke);
    painter.vline(end, (y - 4.0)..=(y + 1.0), stroke);
    write(painter, pos2(x, y - 5.0), Align2::LEFT_BOTTOM, &format!("{length_mm} mm"), 12.0, TEXT);
}
