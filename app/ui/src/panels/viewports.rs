//! The three slices and the 3D view.
//!
//! In a slice: left button moves the crosshair (or sets the ends of a distance), wheel walks through the slices, right
//! button drags window (sideways) and level (up and down), middle button shifts, Ctrl and wheel magnifies, a double
//! click fills the middle with this view. In 3D: left button turns, right or middle shifts, wheel comes nearer.

mod overlay;

use super::PanelCx;
use crate::UiAction;
use crate::geometry::ViewFrame;
use crate::state::{Tool, ViewId, WindowLevel};
use egui::{Color32, PointerButton, Pos2, Rect, Response, Sense, Ui, pos2, vec2};

const GAP: f32 = 3.0;

/// Fills what is left of the window with the views.
pub fn ui(cx: &mut PanelCx<'_>, ui: &mut Ui) {
    let area = ui.available_rect_before_wrap();
    ui.allocate_rect(area, Sense::hover());
    if let Some(view) = cx.state.views.maximised {
        one(cx, ui, view, area);
        return;
    }
    let half = vec2((area.width() - GAP) / 2.0, (area.height() - GAP) / 2.0);
    for (view, column, row) in [
        (ViewId::Axial, 0.0, 0.0),
        (ViewId::ThreeD, 1.0, 0.0),
        (ViewId::Coronal, 0.0, 1.0),
        (ViewId::Sagittal, 1.0, 1.0),
    ] {
        let corner = area.min + vec2(column * (half.x + GAP), row * (half.y + GAP));
        one(cx, ui, view, Rect::from_min_size(corner, half));
    }
}

fn one(cx: &mut PanelCx<'_>, ui: &mut Ui, view: ViewId, rect: Rect) {
    if rect.width() < 8.0 || rect.height() < 8.0 {
        return;
    }
    announce_size(cx, ui, view, rect);
    let id = ui.id().with(("view", view as u8));
    let response = ui.interact(rect, id, Sense::click_and_drag());
    let label = overlay::spoken(cx.state, view);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::WidgetType::Image, true, &label));
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 0.0, Color32::BLACK);
    if response.double_clicked() {
        let next = if cx.state.views.maximised.is_some() { None } else { Some(view) };
        cx.ask(UiAction::Maximise(next));
    }
    if view == ViewId::ThreeD {
        if let Some(texture) = cx.state.views.three_d.texture {
            painter.image(texture, rect, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), Color32::WHITE);
        }
        overlay::three_d(cx.state, &painter, rect);
        turn(cx, ui, &response);
        return;
    }
    let place = slice_of(cx, view).frame.map(|frame| (frame, picture_rect(&frame, rect)));
    if let (Some(texture), Some((_, picture))) = (slice_of(cx, view).texture, place) {
        painter.image(texture, picture, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), Color32::WHITE);
    }
    overlay::slice(cx.state, &painter, view, rect, place);
    if let Some((frame, picture)) = place {
        slice_input(cx, ui, view, &response, frame, picture);
    }
}

fn slice_of<'a>(cx: &'a PanelCx<'_>, view: ViewId) -> &'a crate::MprView {
    let index = ViewId::SLICES.iter().position(|slice| *slice == view).unwrap_or(0);
    &cx.state.views.mpr[index]
}

/// The largest part of `rect` with the frame's proportions: a picture is never stretched.
fn picture_rect(frame: &ViewFrame, rect: Rect) -> Rect {
    let aspect = (frame.width_mm / frame.height_mm) as f32;
    let size = if rect.width() / rect.height() > aspect {
        vec2(rect.height() * aspect, rect.height())
    } else {
        vec2(rect.width(), rect.width() / aspect)
    };
    Rect::from_center_size(rect.center(), size)
}

/// Tells the host once when the pixels of a view change, so that its picture is drawn at the screen's resolution.
fn announce_size(cx: &mut PanelCx<'_>, ui: &Ui, view: ViewId, rect: Rect) {
    let scale = ui.ctx().pixels_per_point();
    let size_px =
        [(rect.width() * scale).round().max(1.0) as u32, (rect.height() * scale).round().max(1.0) as u32];
    let id = egui::Id::new(("view size", view as u8));
    let known = ui.data_mut(|data| {
        let known = data.get_temp::<[u32; 2]>(id);
        data.insert_temp(id, size_px);
        known
    });
    if known != Some(size_px) {
        cx.ask(UiAction::Resize { view, size_px });
    }
}

fn slice_input(
    cx: &mut PanelCx<'_>,
    ui: &Ui,
    view: ViewId,
    response: &Response,
    frame: ViewFrame,
    picture: Rect,
) {
    let mm_per_point = frame.width_mm / f64::from(picture.width());
    let lps = |position: Pos2| {
        frame.lps_from_picture(
            f64::from((position.x - picture.min.x) / picture.width()),
            f64::from((position.y - picture.min.y) / picture.height()),
        )
    };
    match cx.state.views.tool {
        Tool::Crosshair => {
            let moving = response.dragged_by(PointerButton::Primary) || response.clicked();
            if let (true, Some(position)) = (moving, response.interact_pointer_pos()) {
                cx.ask(UiAction::SetCrosshair(lps(position)));
            }
        }
        Tool::Distance => {
            if let (true, Some(position)) = (response.clicked(), response.interact_pointer_pos()) {
                let here = lps(position);
                let action =
                    cx.state.views.pending.map_or(UiAction::BeginDistance(here), |from| {
                        UiAction::AddDistance { from, to: here }
                    });
                cx.ask(action);
            }
        }
    }
    let drag = response.drag_delta();
    if response.dragged_by(PointerButton::Secondary) && drag != egui::Vec2::ZERO {
        let window = dragged_window(cx.state.views.window, drag);
        cx.ask(UiAction::SetWindow(window));
    }
    if response.dragged_by(PointerButton::Middle) && drag != egui::Vec2::ZERO {
        let by_mm = frame.right * (f64::from(drag.x) * mm_per_point)
            + frame.down * (f64::from(drag.y) * mm_per_point);
        cx.ask(UiAction::Pan { view, by_mm });
    }
    if response.hovered() {
        let zoom = ui.input(egui::InputState::zoom_delta);
        if (zoom - 1.0).abs() > 1e-3 {
            cx.ask(UiAction::Zoom { view, factor: f64::from(zoom) });
            return;
        }
        let steps = wheel_steps(ui);
        if steps != 0 {
            cx.ask(UiAction::Scroll { view, steps });
        }
    }
}

/// Whole notches of the wheel in this frame: each is one slice, however finely the device scrolls.
fn wheel_steps(ui: &Ui) -> i32 {
    ui.input(|input| {
        let notches: f32 = input
            .raw
            .events
            .iter()
            .filter_map(|event| match event {
                egui::Event::MouseWheel { unit, delta, modifiers, .. }
                    if !modifiers.ctrl && !modifiers.command =>
                {
                    Some(match unit {
                        egui::MouseWheelUnit::Point => delta.y / 30.0,
                        egui::MouseWheelUnit::Line => delta.y,
                        egui::MouseWheelUnit::Page => delta.y * 10.0,
                    })
                }
                _ => None,
            })
            .sum();
        if notches == 0.0 { 0 } else { -(notches.abs().ceil().min(100.0) * notches.signum()) as i32 }
    })
}

/// Sideways changes the width in proportion to itself, up and down moves the level by the width's measure, so that the
/// same stroke suits a brain window and a bone window.
fn dragged_window(window: WindowLevel, drag: egui::Vec2) -> WindowLevel {
    let width = (window.width * (1.0 + f64::from(drag.x) * 0.005)).clamp(1.0, 2e5);
    let level = (window.level + f64::from(drag.y) * window.width * 0.0025).clamp(-1e5, 1e5);
    WindowLevel { level, width }
}

fn turn(cx: &mut PanelCx<'_>, ui: &Ui, response: &Response) {
    let drag = response.drag_delta();
    if drag != egui::Vec2::ZERO {
        if response.dragged_by(PointerButton::Primary) {
            cx.ask(UiAction::Orbit { yaw_deg: f64::from(drag.x) * 0.4, pitch_deg: f64::from(drag.y) * 0.4 });
        } else if let (Some(right), Some(down)) = (cx.state.views.three_d.right, cx.state.views.three_d.down)
        {
            let by_mm = right * f64::from(drag.x) + down * f64::from(drag.y);
            cx.ask(UiAction::Pan { view: ViewId::ThreeD, by_mm });
        }
    }
    if response.hovered() {
        let steps = wheel_steps(ui);
        if steps != 0 {
            cx.ask(UiAction::Zoom { view: ViewId::ThreeD, factor: 1.1_f64.powi(-steps.clamp(-10, 10)) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use meshing_space::{Point, Vector};

    #[test]
    fn a_picture_is_never_stretched() {
        let frame = ViewFrame {
            centre: Point::origin(),
            right: Vector::new(1.0, 0.0, 0.0),
            down: Vector::new(0.0, 1.0, 0.0),
            width_mm: 300.0,
            height_mm: 150.0,
        };
        let rect = Rect::from_min_size(pos2(10.0, 10.0), vec2(200.0, 200.0));
        let picture = picture_rect(&frame, rect);
        assert_eq!(picture.size(), vec2(200.0, 100.0));
        assert_eq!(picture.center(), rect.center());
    }

    #[test]
    fn dragging_keeps_the_window_usable() {
        let start = WindowLevel { level: 40.0, width: 400.0 };
        let wider = dragged_window(start, vec2(100.0, 0.0));
        assert_eq!((wider.level, wider.width), (40.0, 600.0));
        let narrow = dragged_window(start, vec2(-1e6, 0.0));
        assert_eq!(narrow.width, 1.0);
        assert_eq!(dragged_window(start, vec2(0.0, 10.0)).level, 50.0);
    }
}
