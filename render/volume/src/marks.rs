//! What every picture of a patient carries over it: the sides, a scale, words, a legend, labels.
//!
//! [`Marks`] says what, [`MarkedView`] of which view, and [`MarkPainter`] draws it, in the edge, the window, the
//! headset and into files alike. The words are the caller's: nothing here knows a patient.

mod cube;
mod labels;
mod letters;
mod painter;
mod scale;
mod sheet;

use meshing_space::{Lps, Point, Vector};
use meshing_volume::{Language, Words};

use crate::{Camera, Edges, FigureMap, SlicePlane, ViewMatrices};
use labels::Named;
pub use letters::FontError;
pub(crate) use letters::{ATLAS, Letters};
pub use painter::{MarkPainter, StampError};
pub(crate) use sheet::{Quad, Rect};
use sheet::{Sheet, ink};

/// How a line of words is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// White.
    #[default]
    Plain,
    /// Amber: what the picture is not for, or not good enough for.
    Caution,
    /// Red: what is wrong.
    Alarm,
}

/// A line of words in a corner.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MarkLine {
    /// What it says.
    pub words: Words,
    /// How that is meant.
    pub tone: Tone,
}

impl MarkLine {
    /// A white line.
    pub fn plain(words: impl Into<Words>) -> Self {
        Self { words: words.into(), tone: Tone::Plain }
    }

    /// An amber line.
    pub fn caution(words: impl Into<Words>) -> Self {
        Self { words: words.into(), tone: Tone::Caution }
    }
}

/// Words on a dark plate with a line to what they name.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// What is named. In a slice it is shown within 1 mm of this.
    pub at: Point<Lps>,
    /// What it says.
    pub words: Words,
    /// sRGB of the line and its end.
    pub colour: [u8; 3],
    /// From where `at` is seen to the upper left corner of the plate, in pixels of the target; `None` leaves the choice
    /// to each drawing. [`MarkPainter::settle`] sets it, so that both eyes see a plate at one depth and a plate does not
    /// jump while the view turns.
    pub offset_px: Option<[f64; 2]>,
}

impl Label {
    /// A label whose plate stands where there is room.
    pub fn new(at: Point<Lps>, words: impl Into<Words>, colour: [u8; 3]) -> Self {
        Self { at, words: words.into(), colour, offset_px: None }
    }
}

/// What lies over a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Marks {
    /// Lines at the upper left: what is shown.
    pub upper_left: Vec<MarkLine>,
    /// Lines at the upper right: of whom, when.
    pub upper_right: Vec<MarkLine>,
    /// Lines at the lower left: how true the picture is, and what it is not for.
    pub lower_left: Vec<MarkLine>,
    /// Lines at the lower right, below the scale.
    pub lower_right: Vec<MarkLine>,
    /// The patient letters at the edges.
    pub edges: bool,
    /// A lettered cube that turns with the patient.
    pub cube: bool,
    /// A bar of a round length. A perspective has one scale for each depth; its bar is that of the target, and says so.
    pub scale: bool,
    /// What the colours of a surface stand for.
    pub legend: Option<FigureMap>,
    /// Words beside what they name.
    pub labels: Vec<Label>,
    /// The language of the words.
    pub language: Language,
    /// The em of the letters in pixels of the target.
    pub text_px: f32,
}

impl Default for Marks {
    /// The letters and a scale, in English, letters of 16 pixels.
    fn default() -> Self {
        Self {
            upper_left: Vec::new(),
            upper_right: Vec::new(),
            lower_left: Vec::new(),
            lower_right: Vec::new(),
            edges: true,
            cube: false,
            scale: true,
            legend: None,
            labels: Vec::new(),
            language: Language::English,
            text_px: 16.0,
        }
    }
}

/// Which view a picture shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MarkedView {
    /// That of an eye, and the place whose scale a perspective's bar has.
    Eye(ViewMatrices, Point<Lps>),
    /// A slice that fills the picture.
    Slice(SlicePlane),
}

impl MarkedView {
    /// The view of a camera in a picture of `size` pixels.
    pub fn camera(camera: &Camera, size: [u32; 2]) -> Self {
        let aspect = f64::from(size[0]) / f64::from(size[1].max(1));
        Self::Eye(camera.matrices(aspect), camera.target)
    }

    /// The patient letters of the picture's edges.
    pub fn edges(&self) -> Edges {
        match self {
            Self::Eye(view, _) => view.edges(),
            Self::Slice(plane) => plane.edges(),
        }
    }

    /// Where a point falls in a picture of `size` pixels, from the left and from the top; `None` before the near
    /// plane, or more than 1 mm off a slice.
    pub fn pixel(&self, point: Point<Lps>, size: [u32; 2]) -> Option<[f64; 2]> {
        let size = size.map(f64::from);
        match self {
            Self::Eye(view, _) => view.pixel(point, size).map(|[x, y, _]| [x, y]),
            Self::Slice(plane) => {
                let [column, row, away] = plane.pixel(point);
                let [x, y] =
                    [(column + 0.5) / f64::from(plane.size[0]), (row + 0.5) / f64::from(plane.size[1])];
                (away.abs() <= 1.0).then_some([x * size[0], y * size[1]])
            }
        }
    }

    /// Millimetres of a pixel in a picture of `size` pixels, and whether that holds at every depth; `None` where the
    /// target of a perspective is behind the eye.
    pub fn mm_per_pixel(&self, size: [u32; 2]) -> Option<(f64, bool)> {
        let (mm, everywhere) = match self {
            Self::Eye(view, target) => {
                let everywhere = view.clip_from_view.z_axis.w == 0.0;
                (view.clip(*target).w / view.pixels_per_mm(f64::from(size[1])), everywhere)
            }
            Self::Slice(plane) => {
                (plane.pixel_mm * f64::from(plane.size[0]) / f64::from(size[0].max(1)), true)
            }
        };
        (mm.is_finite() && mm > 0.0).then_some((mm, everywhere))
    }

    /// Unit vectors to the right, up and towards the onlooker.
    fn axes(&self) -> [Vector<Lps>; 3] {
        match self {
            Self::Eye(view, _) => [view.right(), view.up(), view.towards_eye()],
            Self::Slice(plane) => [plane.right, -plane.down, -plane.away()],
        }
    }
}

/// Shapes over a picture, and what found no room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drawing {
    pub(crate) quads: Vec<Quad>,
    /// Of each label, `None` where it is not seen or found no room.
    pub(crate) offsets: Vec<Option<[f64; 2]>>,
    /// Labels that are seen and found no room.
    pub(crate) left_out: usize,
}

impl Tone {
    fn ink(self) -> [f32; 4] {
        match self {
            Self::Plain => ink([255, 255, 255], 1.0),
            Self::Caution => ink([255, 190, 60], 1.0),
            Self::Alarm => ink([255, 96, 80], 1.0),
        }
    }
}

impl Marks {
    /// Lays the marks out over a picture of `size` pixels.
    pub(crate) fn drawing(&self, view: &MarkedView, size: [u32; 2], letters: &mut Letters) -> Drawing {
        let em = f64::from(if self.text_px.is_finite() { self.text_px.clamp(6.0, 160.0) } else { 16.0 });
        let mut sheet = Sheet::new(letters, em);
        let margin = (em * 0.4).round();
        let [width, height] = size.map(f64::from);
        let picture = Rect([margin, margin, width - margin, height - margin]);
        let mut taken = self.corners(&mut sheet, picture);
        if self.cube {
            let below = taken[1].0[3];
            taken.push(cube::draw(&mut sheet, picture, below, view.axes()));
        }
        if self.scale
            && let Some(scale) = view.mm_per_pixel(size)
        {
            let above = taken[3].0[1];
            taken.extend(scale::draw(&mut sheet, picture, above, scale, self.language));
        }
        if let Some(map) = &self.legend {
            let below = taken[0].0[3];
            taken.push(scale::legend(&mut sheet, picture, below, map));
        }
        if self.edges {
            let edges = edge_letters(&mut sheet, picture, &view.edges(), &taken);
            taken.extend(edges);
        }
        let whole = Rect([0.0, 0.0, width, height]);
        let seen = |label: &Label| view.pixel(label.at, size).filter(|&place| whole.holds(place));
        let places: Vec<_> = self.labels.iter().map(seen).collect();
        let named = self.labels.iter().zip(&places).filter_map(|(label, place)| {
            let words = label.words.in_language(self.language);
            Some(Named { place: (*place)?, words, colour: label.colour, offset: label.offset_px })
        });
        let named: Vec<_> = named.collect();
        let offsets = labels::draw(&mut sheet, &named, picture, &taken);
        let left_out = offsets.iter().filter(|o| o.is_none()).count();
        let mut offsets = offsets.into_iter();
        let offsets = places.iter().map(|place| place.and_then(|_| offsets.next().flatten())).collect();
        Drawing { quads: sheet.quads, offsets, left_out }
    }

    /// The words of the corners, and what each takes: upper left and right, lower left and right.
    fn corners(&self, sheet: &mut Sheet<'_>, picture: Rect) -> Vec<Rect> {
        let [left, top, right, bottom] = picture.0;
        let most = (picture.width() / 2.0 - 2.0 * sheet.em).max(sheet.em);
        let corners = [
            (&self.upper_left, false, false),
            (&self.upper_right, true, false),
            (&self.lower_left, false, true),
            (&self.lower_right, true, true),
        ];
        let draw = |(lines, at_right, at_bottom): (&Vec<MarkLine>, bool, bool)| {
            let lines: Vec<_> = lines
                .iter()
                .flat_map(|l| {
                    let wrapped = sheet.wrapped(l.words.in_language(self.language), most);
                    wrapped.into_iter().map(|words| (words, l.tone))
                })
                .collect();
            let line = sheet.line_height();
            let wide = lines.iter().map(|(words, _)| sheet.width(words)).fold(0.0, f64::max);
            let high = line * lines.len() as f64;
            let top = if at_bottom { bottom - high } else { top };
            for (n, (words, tone)) in lines.iter().enumerate() {
                let left = if at_right { right - sheet.width(words) } else { left };
                sheet.text(left, top + line * n as f64, words, tone.ink(), true);
            }
            Rect::at(if at_right { right - wide } else { left }, top, wide, high)
        };
        corners.map(draw).into()
    }
}

/// The letters in the middle of the edges, moved inwards from what is taken.
fn edge_letters(sheet: &mut Sheet<'_>, picture: Rect, edges: &Edges, taken: &[Rect]) -> Vec<Rect> {
    let [left, top, right, bottom] = picture.0;
    let [x, y] = picture.middle();
    // so far from other words that nobody reads them as one
    let apart = sheet.em * 0.8;
    let each = [
        (&edges.left, [left, y], [0.0, -0.5], [1.0, 0.0]),
        (&edges.right, [right, y], [-1.0, -0.5], [-1.0, 0.0]),
        (&edges.top, [x, top], [-0.5, 0.0], [0.0, 1.0]),
        (&edges.bottom, [x, bottom], [-0.5, -1.0], [0.0, -1.0]),
    ];
    let mut all = Vec::new();
    for (words, [x, y], [shift_x, shift_y], [inward_x, inward_y]) in each {
        let (wide, high) = (sheet.width(words), sheet.line_height());
        let mut rect = Rect::at((x + shift_x * wide).round(), (y + shift_y * high).round(), wide, high);
        for _ in 0..picture.height() as u32 / 3 {
            if !taken.iter().any(|t| t.width() > 0.0 && t.grown(apart).meets(&rect)) {
                break;
            }
            rect = rect.moved(inward_x, inward_y);
        }
        sheet.text(rect.0[0], rect.0[1], words, Tone::Plain.ink(), true);
        all.push(rect);
    }
    all
}

#[cfg(test)]
mod tests;
