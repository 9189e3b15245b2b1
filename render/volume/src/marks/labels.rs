//! Words that stand beside what they name, with a line to it.

use super::sheet::{Rect, Sheet, ink};

/// Directions in which a label is tried, the first the best.
const AROUND: [[f64; 2]; 8] =
    [[1.0, -1.0], [-1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, 0.0], [-1.0, 0.0], [0.0, -1.0], [0.0, 1.0]];
/// How far from its place a label is tried, in ems.
const FAR: [f64; 7] = [1.5, 2.5, 4.0, 6.0, 9.0, 13.0, 18.0];

/// What a label is about, on the screen.
pub(super) struct Named<'a> {
    pub(super) place: [f64; 2],
    pub(super) words: &'a str,
    pub(super) colour: [u8; 3],
    /// From there to the plate's corner, where that is settled.
    pub(super) offset: Option<[f64; 2]>,
}

/// The plate of each label, `None` where there was no room: beside its place, inside the picture, upon no other
/// plate and nothing `taken`; if that can be, upon no other label's place, and no line to a place across a plate. A settled one stands where it was told,
/// moved into the picture.
pub(super) fn placed(
    sizes: &[[f64; 2]],
    places: &[[f64; 2]],
    settled: &[Option<[f64; 2]>],
    em: f64,
    picture: Rect,
    taken: &[Rect],
) -> Vec<Option<Rect>> {
    let mut order: Vec<_> = (0..sizes.len()).collect();
    order.sort_by(|&a, &b| places[a][1].total_cmp(&places[b][1]));
    let mut plates = vec![None; sizes.len()];
    let mut all = taken.to_vec();
    for (n, offset) in settled.iter().enumerate() {
        let ([width, height], [x, y]) = (sizes[n], places[n]);
        let within = |from: f64, length: f64, low: f64, high: f64| from.min(high - length).max(low).round();
        plates[n] = offset.map(|[dx, dy]| {
            let [left, top, right, bottom] = picture.0;
            Rect::at(within(x + dx, width, left, right), within(y + dy, height, top, bottom), width, height)
        });
        all.extend(plates[n]);
    }
    order.retain(|&n| plates[n].is_none());
    for n in order {
        let ([width, height], [x, y]) = (sizes[n], places[n]);
        let beside = |far: f64, [dx, dy]: [f64; 2]| {
            let left = x + dx * far * em + (dx - 1.0) / 2.0 * width;
            let top = y + dy * far * em + (dy - 1.0) / 2.0 * height;
            Rect::at(left.round(), top.round(), width, height)
        };
        let free =
            |rect: &Rect| rect.inside(&picture) && !all.iter().any(|other| rect.grown(2.0).meets(other));
        let clear = |rect: &Rect| !places.iter().any(|&p| rect.grown(3.0).holds(p));
        let lines = |rect: &Rect| {
            let end = rect.nearest([x, y]);
            let earlier = || {
                plates.iter().zip(places).filter_map(|(p, place): (&Option<Rect>, _)| Some(((*p)?, *place)))
            };
            earlier().any(|(plate, place)| {
                plate.crossed([x, y], end) || rect.grown(2.0).crossed(place, plate.nearest(place))
            })
        };
        // in ems of distance: what a plate on another's place, and a line across a plate, are as bad as
        let cost = |(far, rect): &(f64, Rect)| {
            far + if clear(rect) { 0.0 } else { 9.0 } + if lines(rect) { 5.0 } else { 0.0 }
        };
        let tries = FAR.iter().flat_map(|&far| AROUND.map(|d| (far, beside(far, d))));
        let tries = tries.filter(|(_, rect)| free(rect));
        let best = tries.min_by(|a, b| cost(a).total_cmp(&cost(b))).map(|(_, rect)| rect);
        let best = best.or_else(|| anywhere([width, height], [x, y], picture, &all));
        all.extend(best);
        plates[n] = best;
    }
    plates
}

/// The free place of the picture that is nearest, on a raster of half a plate's height.
fn anywhere(size: [f64; 2], place: [f64; 2], picture: Rect, all: &[Rect]) -> Option<Rect> {
    let [left, top, right, bottom] = picture.0;
    let step = (size[1] / 2.0).max(4.0);
    let count = |from: f64, to: f64| ((to - from) / step).clamp(0.0, 512.0) as u32 + 1;
    let (columns, rows) = (count(left, right - size[0]), count(top, bottom - size[1]));
    let spots = (0..rows).flat_map(|r| (0..columns).map(move |c| [c, r].map(f64::from)));
    let rects =
        spots.map(|[c, r]| Rect::at((left + c * step).round(), (top + r * step).round(), size[0], size[1]));
    let far = |rect: &Rect| {
        let [x, y] = rect.nearest(place);
        (x - place[0]).hypot(y - place[1])
    };
    rects
        .filter(|rect| rect.inside(&picture) && !all.iter().any(|other| rect.grown(2.0).meets(other)))
        .min_by(|a, b| far(a).total_cmp(&far(b)))
}

/// Draws labels; from each one's place to the corner of its plate, `None` where there was no room.
pub(super) fn draw(
    sheet: &mut Sheet<'_>,
    named: &[Named<'_>],
    picture: Rect,
    taken: &[Rect],
) -> Vec<Option<[f64; 2]>> {
    let (em, line, pad) = (sheet.em, sheet.line_height(), (sheet.em * 0.35).round());
    let most = (picture.width() * 0.4).max(4.0 * em);
    let texts: Vec<_> = named.iter().map(|n| sheet.wrapped(n.words, most)).collect();
    let mut size = |lines: &Vec<String>| {
        let width = lines.iter().map(|l| sheet.width(l)).fold(0.0, f64::max);
        [width + 2.0 * pad, line * lines.len() as f64 + pad]
    };
    let sizes: Vec<_> = texts.iter().map(&mut size).collect();
    let places: Vec<_> = named.iter().map(|n| n.place).collect();
    let settled: Vec<_> = named.iter().map(|n| n.offset).collect();
    let plates = placed(&sizes, &places, &settled, em, picture, taken);
    let dark = ink([12, 16, 24], 0.85);
    let shown = || named.iter().zip(&plates).filter_map(|(n, plate)| Some((n, (*plate)?)));
    let thin = (em / 10.0).max(1.0);
    for (name, plate) in shown() {
        let end = plate.nearest(name.place);
        sheet.stroke(name.place, end, thin + 2.0, ink([0, 0, 0], 0.6));
        sheet.stroke(name.place, end, thin, ink(name.colour, 1.0));
        let [x, y] = name.place;
        sheet.fill(Rect::at(x, y, 0.0, 0.0).grown(2.0 * thin + 1.0), ink([0, 0, 0], 0.6));
        sheet.fill(Rect::at(x, y, 0.0, 0.0).grown(2.0 * thin), ink(name.colour, 1.0));
    }
    for ((name, plate), text) in named.iter().zip(&plates).zip(&texts) {
        let Some(plate) = plate else { continue };
        sheet.fill(*plate, dark);
        let [left, top, ..] = plate.0;
        sheet.fill(Rect::at(left, top, thin.round(), plate.height()), ink(name.colour, 1.0));
        for (n, words) in text.iter().enumerate() {
            let top = top + pad / 2.0 + line * n as f64;
            sheet.text(left + pad, top, words, ink([240, 244, 250], 1.0), false);
        }
    }
    let offset = |([x, y], plate): (&[f64; 2], &Option<Rect>)| plate.map(|p| [p.0[0] - x, p.0[1] - y]);
    places.iter().zip(&plates).map(offset).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plates_overlap_neither_each_other_nor_what_is_taken_and_stay_in_the_picture() {
        let picture = Rect::at(6.0, 6.0, 388.0, 288.0);
        let taken = [Rect::at(330.0, 6.0, 64.0, 64.0), Rect::at(6.0, 270.0, 120.0, 24.0)];
        let places: Vec<_> = (0..24)
            .map(|n| {
                let turn = f64::from(n) * 0.7;
                [200.0 + 60.0 * turn.cos(), 150.0 + 40.0 * turn.sin()]
            })
            .collect();
        let sizes = vec![[60.0, 20.0]; 24];
        let plates = placed(&sizes, &places, &[None; 24], 14.0, picture, &taken);
        let shown: Vec<_> = plates.iter().flatten().collect();
        assert!(shown.len() >= 22, "{} of 24 found a place", shown.len());
        for (n, plate) in shown.iter().enumerate() {
            assert!(plate.inside(&picture) && !taken.iter().any(|t| plate.meets(t)), "{plate:?}");
            assert!(!shown[..n].iter().any(|other| plate.meets(other)), "{plate:?} lies on another");
        }
    }

    #[test]
    fn a_line_runs_around_a_plate_where_it_can() {
        let plate = Rect::at(10.0, 10.0, 40.0, 20.0);
        assert!(plate.crossed([0.0, 0.0], [60.0, 40.0]) && plate.crossed([20.0, 15.0], [30.0, 20.0]));
        assert!(!plate.crossed([0.0, 0.0], [60.0, 5.0]) && !plate.crossed([0.0, 20.0], [9.0, 20.0]));
        let picture = Rect::at(0.0, 0.0, 300.0, 200.0);
        let places = [[100.0, 100.0], [100.0, 104.0], [100.0, 108.0]];
        let plates = placed(&[[40.0, 16.0]; 3], &places, &[None; 3], 10.0, picture, &[]);
        for (n, place) in places.iter().enumerate() {
            let end = plates[n].unwrap().nearest(*place);
            assert!((0..3).all(|m| m == n || !plates[m].unwrap().crossed(*place, end)), "{n}");
        }
    }

    #[test]
    fn one_label_stands_beside_its_place_and_one_too_large_is_left_out() {
        let picture = Rect::at(0.0, 0.0, 100.0, 80.0);
        let one = placed(&[[40.0, 16.0]], &[[50.0, 40.0]], &[None], 10.0, picture, &[]);
        let [x, y] = one[0].unwrap().nearest([50.0, 40.0]);
        assert!((x - 50.0).hypot(y - 40.0) < 30.0 && !one[0].unwrap().holds([50.0, 40.0]));
        assert_eq!(placed(&[[140.0, 16.0]], &[[50.0, 40.0]], &[None], 10.0, picture, &[]), [None]);
    }
}
