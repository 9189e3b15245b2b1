//! The way through the colon.

use meshing_space::{Lps, Point};
use meshing_volume::{LabelMap, Part, Progress, Volume, VolumeMeta, Voxels};

use crate::path::{arrival, evened, minimal_path, sections, smoothed_way};
use crate::{CentrePoint, Components, Connectivity, Distance, Runs, Seed, SegmentError, To};

/// The centreline of a colon.
#[derive(Clone, Debug, PartialEq)]
pub struct ColonPath {
    /// From the rectum to the caecum, one a millimetre.
    pub points: Vec<CentrePoint>,
    /// Length of the line, mm.
    pub length_mm: f64,
    /// The longest way that it goes outside the lumen, where the colon is collapsed, mm; 0 where it never does.
    pub longest_gap_mm: f64,
}

/// Points lie so far apart, mm.
const STEP_MM: f64 = 1.0;
/// An end that is looked for lies within so many radii of the lumen's end.
const END_RADII: f32 = 1.5;
/// A lumen whose largest part holds less than this share is in several parts.
const ONE_PART: f64 = 0.95;
/// Outside the lumen the way goes at this share of the greatest speed within it.
const GAP_SPEED: f32 = 1e-3;
/// A collapsed stretch longer than this is not bridged, mm: the way might lead to another loop.
const LONGEST_GAP_MM: f64 = 60.0;
/// How often the points move to the middle of their sections, and by how much of the depth at most.
const ROUNDS: usize = 3;
const MOST_SHIFT: f64 = 0.3;

/// The line through the middle of a colon from the rectum to the caecum. `lumen` has label 1, as the method `colon` makes it.
///
/// `ends` are points in the rectum and in the caecum, in this order. Without the second the caecum is the farthest place of the
/// lumen; without both they are the two that are farthest apart, the rectum being the lower one (towards the feet). The way is a
/// minimal path whose speed is the square of the distance from the wall (fast marching, Deschamps & Cohen 2001), so that it
/// keeps to the middle and takes no short cut through bends; its points then move to the middle of the sections across it.
/// A radius is `None` where the section is not closed. The grid's axes are taken as perpendicular. In bends sharper than the
/// lumen is wide the line runs some millimetres inside of the curve that the lumen was drawn around.
///
/// # Errors
/// [`SegmentError::Nothing`] without any lumen, for a lumen in several parts without both ends, and where the way would go
/// farther than 60 mm outside the lumen; [`SegmentError::Contradiction`] for an end outside the lumen or more than two;
/// [`SegmentError::SeedOutside`], [`SegmentError::TooLarge`] from 2³² voxels, [`SegmentError::Cancelled`].
pub fn colon_centreline(
    lumen: &LabelMap,
    ends: &[Point<Lps>],
    progress: &dyn Progress,
) -> Result<ColonPath, SegmentError> {
    let grid = lumen.grid();
    if u32::try_from(grid.len()).is_err() {
        return Err(SegmentError::TooLarge { voxels: grid.len() });
    }
    if ends.len() > 2 {
        return Err(SegmentError::contradiction("a colon has two ends", "结肠只有两端"));
    }
    let set = Runs::of_label(lumen, 1);
    let mut ways = Vec::new();
    for &at in ends {
        let [i, j, k] = Seed { at, label: 1 }.voxel(grid)?;
        if lumen.get(i, j, k) != 1 {
            return Err(SegmentError::contradiction(
                "an end of the centreline lies outside the lumen",
                "中心线的一端位于肠腔之外",
            ));
        }
        ways.push(grid.index(i, j, k));
    }
    let depth = depth(&set, grid.spacing_mm());
    progress.step(1, 10)?;
    let [rectum, caecum] = match ways[..] {
        [rectum, caecum] => [rectum, caecum],
        _ => looked_for(lumen, &set, &depth, ways.first().copied(), &Part::new(progress, 0.1, 0.5))?,
    };
    let (si, sj) = (grid.size()[0], grid.size()[1]);
    let place = |n: usize| {
        grid.lps_from_ijk() * Point::new((n % si) as f64, (n / si % sj) as f64, (n / (si * sj)) as f64)
    };
    let deepest = set.indices().map(|n| depth[n]).fold(f32::MIN_POSITIVE, f32::max);
    let speed = |gap: f32| -> Vec<f32> {
        let of = |&depth: &f32| if depth > 0.0 { (depth / deepest).powi(2).max(GAP_SPEED) } else { gap };
        depth.iter().map(of).collect()
    };
    let way =
        |gap: f32, part: &dyn Progress| minimal_path(grid, &speed(gap), place(rectum), place(caecum), part);
    let mut found = way(0.0, &Part::new(progress, 0.5, 0.8))?;
    if found.is_none() {
        found = way(0.1 * GAP_SPEED, &Part::new(progress, 0.8, 0.9))?;
    }
    let far = || {
        SegmentError::nothing(
            "colon",
            "no way leads from the rectum to the caecum: a stretch of the colon is not filled",
            "直肠与盲肠之间没有通路：有一段结肠未充盈",
        )
    };
    let found = found.ok_or_else(far)?;
    let longest_gap_mm = longest_gap(lumen, &found);
    if longest_gap_mm > LONGEST_GAP_MM {
        return Err(far());
    }
    let mut points = evened(&smoothed_way(&found), STEP_MM);
    let inside =
        Volume::new(*grid, Voxels::F32(depth), VolumeMeta::default()).expect("one depth for each voxel");
    let step = grid.spacing_mm().into_iter().fold(f64::INFINITY, f64::min).max(0.1) / 2.0;
    for round in 0..ROUNDS {
        progress.step(90 + round, 90 + ROUNDS + 1)?;
        let found = sections(&inside, &points, 0.0, step);
        let moved = |(&at, section): (&Point<Lps>, &Option<crate::path::Section>)| {
            let Some(section) = section else { return at };
            let (shift, most) = (section.middle - at, MOST_SHIFT * inside.sample_lps(at).unwrap_or(0.0));
            // In a bend a section reaches into the other limb: its middle is not that of the lumen there.
            if shift.length() <= most { section.middle } else { at + shift * (most / shift.length()) }
        };
        let moved: Vec<Point<Lps>> = points.iter().zip(&found).map(moved).collect();
        points = evened(&smoothed_way(&moved), STEP_MM);
    }
    let found = sections(&inside, &points, 0.0, step);
    let length_mm = points.windows(2).map(|pair| pair[0].distance(pair[1])).sum();
    let points = points.into_iter().zip(found).map(|(at, section)| CentrePoint {
        at,
        radius_mm: section.map(|s| (s.area / core::f64::consts::PI).sqrt()),
        extent_mm: section.map(|s| s.extent),
    });
    Ok(ColonPath { points: points.collect(), length_mm, longest_gap_mm })
}

/// How deep each voxel lies within the set, mm; less than 0 outside.
fn depth(set: &Runs, spacing_mm: [f64; 3]) -> Vec<f32> {
    let mut depth = Distance::new(spacing_mm, To::Surface).signed(set);
    for depth in &mut depth {
        *depth = if depth.is_finite() { -*depth } else { -f32::MAX };
    }
    depth
}

/// The ends of a lumen in one part: the two places that are farthest apart along it, or the one farthest from a known rectum.
fn looked_for(
    lumen: &LabelMap,
    set: &Runs,
    depth: &[f32],
    rectum: Option<usize>,
    progress: &dyn Progress,
) -> Result<[usize; 2], SegmentError> {
    let grid = lumen.grid();
    let parts = Components::of(set.clone(), Connectivity::Faces);
    let empty = || SegmentError::nothing("colon", "the lumen is empty", "肠腔为空");
    let largest = parts.largest().ok_or_else(empty)?;
    if (parts.voxels()[largest] as f64) < ONE_PART * set.voxels() as f64 {
        return Err(SegmentError::nothing(
            "colon",
            "the lumen is in several parts: give a point in the rectum and one in the caecum",
            "肠腔分为多段：请分别在直肠和盲肠内给出一点",
        ));
    }
    let lumen: Vec<f32> = depth.iter().map(|&depth| f32::from(u8::from(depth > 0.0))).collect();
    let farthest = |from: usize, part: &dyn Progress| -> Result<usize, SegmentError> {
        let times = arrival(grid, &lumen, from, None, part)?.ok_or_else(empty)?;
        let later = |a: &usize, b: &usize| times[*a].total_cmp(&times[*b]).then(b.cmp(a));
        let tip = set.indices().filter(|&n| times[n].is_finite()).max_by(later).ok_or_else(empty)?;
        middle_near(&times, depth, set, tip).ok_or_else(empty)
    };
    if let Some(rectum) = rectum {
        return Ok([rectum, farthest(rectum, progress)?]);
    }
    let any = parts.keep(|part| part == largest).indices().next().ok_or_else(empty)?;
    let one = farthest(any, &Part::new(progress, 0.0, 0.5))?;
    let other = farthest(one, &Part::new(progress, 0.5, 1.0))?;
    let [si, sj, _] = grid.size();
    let height = |n: usize| {
        let at = Point::new((n % si) as f64, (n / si % sj) as f64, (n / (si * sj)) as f64);
        (grid.lps_from_ijk() * at).z()
    };
    Ok(if height(one) <= height(other) { [one, other] } else { [other, one] })
}

/// The deepest place near the tip of a lumen, which lies on its wall; of equally deep ones that nearest to the tip.
fn middle_near(times: &[f32], depth: &[f32], set: &Runs, tip: usize) -> Option<usize> {
    // The depth grows from the tip inwards until it is the radius.
    let last = times[tip];
    let mut reach = 0.0_f32;
    let mut best = None;
    for _ in 0..8 {
        let near = set.indices().filter(|&n| times[n] >= last - reach && times[n].is_finite());
        // A twentieth is the unrest of depths in voxels.
        let score = |n: usize| depth[n] - 0.05 * (last - times[n]);
        best = near.max_by(|&a, &b| score(a).total_cmp(&score(b)).then(b.cmp(&a)));
        let wider = END_RADII * depth[best?];
        if wider <= reach {
            break;
        }
        reach = wider;
    }
    best
}

/// The longest stretch of a way outside the lumen, mm.
fn longest_gap(lumen: &LabelMap, way: &[Point<Lps>]) -> f64 {
    let grid = lumen.grid();
    let outside =
        |at: Point<Lps>| Seed { at, label: 1 }.voxel(grid).is_ok_and(|[i, j, k]| lumen.get(i, j, k) != 1);
    let (mut now, mut longest) = (0.0_f64, 0.0_f64);
    for pair in way.windows(2) {
        now = if outside(pair[1]) { now + pair[0].distance(pair[1]) } else { 0.0 };
        longest = longest.max(now);
    }
    longest
}

#[cfg(test)]
mod tests {
    use meshing_phantom::{Phantom, Sampling};
    use meshing_space::{Transform, Vector};
    use meshing_volume::Silent;

    use super::*;
    use crate::Params;

    /// How far a point is from a chain of points.
    fn off(at: Point<Lps>, chain: &[Point<Lps>]) -> f64 {
        let to = |pair: &[Point<Lps>]| {
            let along = pair[1] - pair[0];
            let t = ((at - pair[0]).dot(along) / along.dot(along)).clamp(0.0, 1.0);
            at.distance(pair[0] + along * t)
        };
        chain.windows(2).map(to).fold(f64::INFINITY, f64::min)
    }

    /// The true axis, going on straight at both ends.
    fn axis() -> Vec<Point<Lps>> {
        let mut axis: Vec<Point<Lps>> = Phantom::colon_axis().into_iter().map(Point::from_array).collect();
        let beyond =
            |end: Point<Lps>, before: Point<Lps>| end + (end - before).normalized().expect("apart") * 20.0;
        let last = axis.len() - 1;
        let (first, end) = (beyond(axis[0], axis[1]), beyond(axis[last], axis[last - 1]));
        axis.insert(0, first);
        axis.push(end);
        axis
    }

    #[test]
    fn one_line_goes_from_the_rectum_to_the_caecum_through_gas_and_fluid() {
        let phantom = Phantom::colon_course();
        let [rectum, caecum] =
            ["rectum", "caecum"].map(|name| phantom.truth().landmark(name).expect("named"));
        let turned = Transform::rotation(Vector::new(0.2, 0.0, 1.0), 3.0).expect("an axis");
        for (turn, spacing) in [(Transform::identity(), [1.5, 1.5, 2.0]), (turned, [1.6; 3])] {
            let grid = phantom.grid(spacing, turn);
            let sampling = Sampling { noise_hu: 20.0, per_axis: 2, seed: 4 };
            let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
            let colon = crate::method("colon").expect("listed");
            let lumen = crate::run(colon, &volume, &Params::new(), &Silent).expect("a colon").mask;
            let axis = axis();
            for ends in [vec![], vec![rectum], vec![rectum, caecum]] {
                let path = colon_centreline(&lumen, &ends, &Silent).expect("a way");
                assert_eq!(path.longest_gap_mm, 0.0);
                let line: Vec<Point<Lps>> = path.points.iter().map(|point| point.at).collect();
                let worst = line.iter().map(|&at| off(at, &axis)).fold(0.0, f64::max);
                // And back, from one end of the axis to the other, but for what an end that was looked for leaves out.
                let whole = &axis[1..axis.len() - 1];
                let missed = whole.iter().map(|&at| off(at, &line)).fold(0.0, f64::max);
                assert!(worst <= 2.0, "{worst} with {} ends", ends.len());
                assert!(missed <= 2.0, "{missed} with {} ends", ends.len());
                assert!(line[0].distance(rectum) < 12.0, "it begins in the rectum");
            }
        }
    }

    #[test]
    fn a_collapsed_stretch_is_bridged_and_said_and_ends_must_lie_inside() {
        let grid = meshing_volume::Grid::axis_aligned([120, 20, 20], Point::origin(), [1.0, 1.0, 1.5])
            .expect("grid");
        let tube = |gap: core::ops::Range<usize>| {
            let inside = |n: usize| {
                let (i, j, k) = (n % 120, (n / 120 % 20) as f64, (n / 2400) as f64 * 1.5);
                (5..115).contains(&i) && !gap.contains(&i) && (j - 10.0).hypot(k - 14.0) < 7.0
            };
            LabelMap::new(grid, (0..grid.len()).map(|n| u8::from(inside(n))).collect()).expect("labels")
        };
        let ends = [Point::new(8.0, 10.0, 14.0), Point::new(111.0, 10.0, 14.0)];
        let path = colon_centreline(&tube(50..62), &ends, &Silent).expect("a way");
        assert!(
            (path.longest_gap_mm - 12.0).abs() <= 1.5 && (path.length_mm - 103.0).abs() < 3.0,
            "{path:?}"
        );
        let radius = path.points[20].radius_mm.expect("closed");
        assert!((radius - 7.0).abs() < 0.4, "{radius}");
        assert!(matches!(colon_centreline(&tube(50..62), &[], &Silent), Err(SegmentError::Nothing { .. })));
        assert!(matches!(colon_centreline(&tube(20..85), &ends, &Silent), Err(SegmentError::Nothing { .. })));
        let outside = [ends[0], Point::new(55.0, 10.0, 14.0)];
        assert!(matches!(
            colon_centreline(&tube(50..62), &outside, &Silent),
            Err(SegmentError::Contradiction(_))
        ));
        assert!(matches!(
            colon_centreline(&LabelMap::empty(&grid), &[], &Silent),
            Err(SegmentError::Nothing { .. })
        ));
        let three = [ends[0], ends[1], ends[0]];
        assert!(matches!(
            colon_centreline(&tube(0..0), &three, &Silent),
            Err(SegmentError::Contradiction(_))
        ));
    }
}
