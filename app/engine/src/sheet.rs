//! A sheet of paper: title, facts, a table of checks, pictures; as PDF (A4), in English or Chinese.
//!
//! krilla makes the PDF and embeds the glyphs in use; the font is the one of the window (`assets/fonts`).

use image::RgbaImage;
use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Size, Transform};
use krilla::image::Image;
use krilla::page::{Page, PageSettings};
use krilla::paint::Fill;
use krilla::text::{Font, TextDirection};
use skrifa::instance::{LocationRef, Size as FontSize};
use skrifa::{FontRef, MetadataProvider as _};

use crate::{Fault, FaultKind};

/// Has Latin and Chinese.
pub(crate) const FONT: &[u8] = include_bytes!("../../../assets/fonts/NotoSansSC-Theatron.otf");
/// A4 in points.
const PAGE: [f32; 2] = [595.0, 842.0];
/// White space around the text, points.
const MARGIN: f32 = 48.0;
/// Body text, points.
const BODY: f32 = 9.5;
/// Line height as a part of the size of the font.
const LINE: f32 = 1.45;

/// What stands on the sheet. Texts are in the reader's language already.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    /// What the sheet is.
    pub title: String,
    /// Facts: name and value.
    pub facts: Vec<(String, String)>,
    /// Rows of the table.
    pub rows: Vec<Row>,
    /// Pictures, each with what it shows.
    pub pictures: Vec<(String, RgbaImage)>,
    /// Stands at the foot of every page.
    pub foot: String,
}

/// A row of the table: a sign for good or bad, what was found, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Whether it is good.
    pub good: bool,
    /// The short word for good or bad, for example `passed`.
    pub sign: String,
    /// What was found.
    pub text: String,
}

/// The sheet as a PDF file. The same sheet gives the same bytes.
///
/// # Errors
/// Where the PDF cannot be made, which would be our bug.
pub fn pdf(sheet: &Sheet) -> Result<Vec<u8>, Fault> {
    let fault = |why: String| Fault::told(FaultKind::Internal, format!("The PDF cannot be made: {why}."));
    let font = Font::new(FONT.to_vec().into(), 0).ok_or_else(|| fault("no font".to_owned()))?;
    let measure = Measure::new().ok_or_else(|| fault("no font to measure".to_owned()))?;
    let mut document = Document::new();
    let mut writer = Writer { font, measure, foot: &sheet.foot, y: 0.0 };
    let pages = writer.lay_out(sheet);
    for items in pages {
        let settings = PageSettings::from_wh(PAGE[0], PAGE[1]).ok_or_else(|| fault("no page".to_owned()))?;
        let mut page = document.start_page_with(settings);
        writer.draw(&mut page, &items);
        page.finish();
    }
    document.finish().map_err(|error| fault(format!("{error:?}")))
}

/// Something at its place on a page, in points from the upper left corner.
enum Item {
    Text { at: [f32; 2], size: f32, colour: [u8; 3], text: String },
    Line { y: f32 },
    Picture { at: [f32; 2], size: [f32; 2], picture: RgbaImage },
}

const INK: [u8; 3] = [20, 24, 32];
const GREY: [u8; 3] = [110, 116, 128];
const GOOD: [u8; 3] = [16, 120, 60];
const BAD: [u8; 3] = [190, 30, 30];

struct Writer<'a> {
    font: Font,
    measure: Measure,
    foot: &'a str,
    y: f32,
}

impl Writer<'_> {
    /// Everything at its place, page by page.
    fn lay_out(&mut self, sheet: &Sheet) -> Vec<Vec<Item>> {
        let mut pages = vec![Vec::new()];
        self.y = MARGIN;
        self.paragraph(&mut pages, &sheet.title, MARGIN, 17.0, INK);
        self.y += 6.0;
        for (name, value) in &sheet.facts {
            self.pair(&mut pages, (name, GREY), value, 150.0);
        }
        self.rule(&mut pages);
        for row in &sheet.rows {
            self.pair(&mut pages, (&row.sign, if row.good { GOOD } else { BAD }), &row.text, 70.0);
        }
        if !sheet.rows.is_empty() {
            self.rule(&mut pages);
        }
        self.pictures(&mut pages, &sheet.pictures);
        pages
    }

    /// Begins a new page unless `height` fits on this one.
    fn room(&mut self, pages: &mut Vec<Vec<Item>>, height: f32) {
        if self.y + height > PAGE[1] - MARGIN - 14.0 {
            pages.push(Vec::new());
            self.y = MARGIN;
        }
    }

    fn put(pages: &mut [Vec<Item>], item: Item) {
        if let Some(page) = pages.last_mut() {
            page.push(item);
        }
    }

    fn paragraph(&mut self, pages: &mut Vec<Vec<Item>>, text: &str, x: f32, size: f32, colour: [u8; 3]) {
        for line in self.measure.wrapped(text, size, PAGE[0] - MARGIN - x) {
            self.room(pages, size * LINE);
            self.y += size * LINE;
            Self::put(pages, Item::Text { at: [x, self.y], size, colour, text: line });
        }
    }

    /// A word at the left and a text beside it.
    fn pair(&mut self, pages: &mut Vec<Vec<Item>>, word: (&str, [u8; 3]), text: &str, indent: f32) {
        self.room(pages, BODY * LINE);
        let at = [MARGIN, self.y + BODY * LINE];
        Self::put(pages, Item::Text { at, size: BODY, colour: word.1, text: word.0.to_owned() });
        self.paragraph(pages, text, MARGIN + indent, BODY, INK);
    }

    fn rule(&mut self, pages: &mut Vec<Vec<Item>>) {
        self.room(pages, 14.0);
        self.y += 9.0;
        Self::put(pages, Item::Line { y: self.y });
        self.y += 3.0;
    }

    /// Two pictures side by side.
    fn pictures(&mut self, pages: &mut Vec<Vec<Item>>, pictures: &[(String, RgbaImage)]) {
        let wide = (PAGE[0] - 2.0 * MARGIN - 12.0) / 2.0;
        for pair in pictures.chunks(2) {
            let height = |picture: &RgbaImage| wide * picture.height() as f32 / picture.width().max(1) as f32;
            let tallest = pair.iter().map(|(_, picture)| height(picture)).fold(0.0, f32::max).min(600.0);
            self.room(pages, tallest + BODY * LINE + 8.0);
            self.y += 8.0;
            for (column, (words, picture)) in pair.iter().enumerate() {
                let x = MARGIN + column as f32 * (wide + 12.0);
                let shrink = (tallest / height(picture)).min(1.0);
                let size = [wide * shrink, height(picture) * shrink];
                Self::put(pages, Item::Picture { at: [x, self.y], size, picture: picture.clone() });
                let at = [x, self.y + tallest + BODY * LINE];
                Self::put(pages, Item::Text { at, size: BODY - 1.5, colour: GREY, text: words.clone() });
            }
            self.y += tallest + BODY * LINE;
        }
    }

    fn draw(&self, page: &mut Page<'_>, items: &[Item]) {
        let mut surface = page.surface();
        let foot = Item::Text {
            at: [MARGIN, PAGE[1] - MARGIN + 12.0],
            size: BODY - 2.0,
            colour: GREY,
            text: self.foot.to_owned(),
        };
        for item in items.iter().chain([&foot]) {
            match item {
                Item::Text { at: [x, y], size, colour, text } => {
                    surface.set_fill(Some(fill(*colour)));
                    let at = Point::from_xy(*x, *y);
                    surface.draw_text(at, self.font.clone(), *size, text, false, TextDirection::Auto);
                }
                Item::Line { y } => {
                    let mut path = PathBuilder::new();
                    path.move_to(MARGIN, *y);
                    path.line_to(PAGE[0] - MARGIN, *y);
                    path.line_to(PAGE[0] - MARGIN, *y + 0.5);
                    path.line_to(MARGIN, *y + 0.5);
                    path.close();
                    surface.set_fill(Some(fill(GREY)));
                    if let Some(path) = path.finish() {
                        surface.draw_path(&path);
                    }
                }
                Item::Picture { at: [x, y], size: [w, h], picture } => {
                    let pixels = picture.as_raw().clone();
                    let image = Image::from_rgba8(pixels, picture.width(), picture.height());
                    if let Some(size) = Size::from_wh(*w, *h) {
                        surface.push_transform(&Transform::from_translate(*x, *y));
                        surface.draw_image(image, size);
                        surface.pop();
                    }
                }
            }
        }
        surface.finish();
    }
}

fn fill([r, g, b]: [u8; 3]) -> Fill {
    Fill { paint: rgb::Color::new(r, g, b).into(), ..Fill::default() }
}

/// How wide text is in our font.
struct Measure {
    font: FontRef<'static>,
}

impl Measure {
    fn new() -> Option<Self> {
        FontRef::new(FONT).ok().map(|font| Self { font })
    }

    /// Width of a text, points.
    fn width(&self, text: &str, size: f32) -> f32 {
        let (map, metrics) =
            (self.font.charmap(), self.font.glyph_metrics(FontSize::new(size), LocationRef::default()));
        let advance = |c| map.map(c).and_then(|glyph| metrics.advance_width(glyph)).unwrap_or(size);
        text.chars().map(advance).sum()
    }

    /// The text in lines no wider than `wide`: broken at spaces, or between any two characters where there are none.
    fn wrapped(&self, text: &str, size: f32, wide: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.lines() {
            let mut line = String::new();
            for word in paragraph.split_inclusive(' ') {
                if self.width(&line, size) + self.width(word.trim_end(), size) > wide && !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                for c in word.chars() {
                    if self.width(&line, size) + size > wide && self.width(word, size) > wide {
                        lines.push(std::mem::take(&mut line));
                    }
                    line.push(c);
                }
            }
            lines.push(line);
        }
        lines
    }
}

/// Characters of a text that the font does not have.
#[cfg(test)]
pub(crate) fn missing_glyphs(text: &str) -> String {
    let map = FontRef::new(FONT).expect("our font").charmap();
    text.chars().filter(|c| !c.is_control() && map.map(*c).is_none()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet() -> Sheet {
        let row = |n: usize| Row {
            good: !n.is_multiple_of(3),
            sign: if n.is_multiple_of(3) { "FAILED" } else { "passed" }.to_owned(),
            text: format!(
                "{n}: the thinnest wall is 1.93 mm (at least 2 mm), 最薄处 1.93 mm，要求至少 2 mm。"
            )
            .repeat(1 + n % 4),
        };
        Sheet {
            title: "Print checks 打印检查".to_owned(),
            facts: vec![("Case".to_owned(), "40cb15b5".to_owned()); 6],
            rows: (0..60).map(row).collect(),
            pictures: vec![
                (
                    "from the front".to_owned(),
                    RgbaImage::from_pixel(64, 48, image::Rgba([9, 99, 200, 255]))
                );
                3
            ],
            foot: "Not for clinical use".to_owned(),
        }
    }

    #[test]
    fn a_long_sheet_takes_several_pages_and_is_the_same_every_time() {
        let (one, two) = (pdf(&sheet()).expect("made"), pdf(&sheet()).expect("made"));
        assert_eq!(one, two);
        assert!(one.starts_with(b"%PDF-1."));
        let text = String::from_utf8_lossy(&one);
        let pages = text.matches("/Type /Page\n").count().max(text.matches("/Type/Page/").count());
        assert!((3..9).contains(&pages), "{pages}");
        assert!(one.len() < 200_000, "only glyphs in use are embedded: {}", one.len());
        if let Some(file) = std::env::var_os("THEATRON_SHEET") {
            std::fs::write(file, one).expect("written");
        }
    }

    #[test]
    fn lines_fit_and_lose_no_character() {
        let measure = Measure::new().expect("our font");
        for text in ["one two three four five", "没有空格的一行中文也要换行，标点也算", &"x".repeat(300)]
        {
            let lines = measure.wrapped(text, 10.0, 80.0);
            assert_eq!(lines.concat(), text);
            assert!(lines.iter().all(|line| measure.width(line.trim_end(), 10.0) <= 80.0), "{lines:?}");
        }
        assert_eq!(missing_glyphs("AZaz09 mm³ mm² ° Ø × ≥ ≤ ± µ — “”，。：（）％"), "");
    }
}
