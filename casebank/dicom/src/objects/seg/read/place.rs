//! Where the frames of a segmentation lie on a grid.

use casebank_case::{Finding, FindingCode, Severity, Words};
use meshing_space::{Lps, Point, Vector};
use meshing_volume::{Grid, LabelMap};
use rayon::prelude::*;

use super::SegReadError;
use crate::geometry::{SAME_POSITION_MM, along, axes};
use crate::objects::lattice::Lattice;
use crate::objects::seg::frames::Header;

/// Largest distance of a frame from the grid's voxels, in voxels: positions are often written with one decimal.
const OFF_GRID: f64 = 0.1;
/// Most slices between the first and the last frame of a sparse segmentation.
const SLICES: usize = 1 << 16;

/// Every frame's place.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) grid: Grid,
    columns: usize,
    /// Where each frame lies on the grid.
    lattices: Vec<Lattice>,
}

impl Placed {
    /// Place in memory of pixel `at` of frame `n`; `None` outside the grid.
    pub(super) fn index(&self, n: usize, at: usize) -> Option<usize> {
        self.lattices.get(n)?.index(at % self.columns, at / self.columns, 0)
    }

    /// On the voxels of a volume; `None` where the frames lie between them.
    pub(super) fn on(grid: &Grid, header: &Header, limit: usize) -> Result<Option<Self>, SegReadError> {
        distinct(header)?;
        if grid.len() > limit {
            return Err(SegReadError::TooLarge { limit });
        }
        Ok(Self::lay(grid, header).ok())
    }

    /// On slices of the segmentation's own, as far apart as stated or as the closest two frames are.
    pub(super) fn own(
        header: &Header,
        limit: usize,
        findings: &mut Vec<Finding>,
    ) -> Result<Self, SegReadError> {
        distinct(header)?;
        let grid = own_grid(header, limit, findings)?;
        Self::lay(&grid, header)
    }

    fn lay(grid: &Grid, header: &Header) -> Result<Self, SegReadError> {
        let lay = |n: usize| {
            let off = |en, zh| SegReadError::Frame { frame: n + 1, what: Words::new(en, zh) };
            let frame =
                frame_grid(header, n).ok_or_else(|| off("has no usable geometry", "没有可用的几何信息"))?;
            let lattice = Lattice::within(&frame, grid, OFF_GRID);
            lattice.ok_or_else(|| off("does not lie in line with the others", "与其他帧不在一条直线上"))
        };
        let lattices = (0..header.frames.len()).map(lay).collect::<Result<_, SegReadError>>()?;
        Ok(Self { grid: *grid, columns: usize::from(header.columns), lattices })
    }
}

/// The grid of one frame alone.
fn frame_grid(header: &Header, n: usize) -> Option<Grid> {
    let axes = axes(&header.orientation)?;
    let [between_rows, between_columns] = header.spacing_mm;
    let size = [usize::from(header.columns), usize::from(header.rows), 1];
    let origin = Point::from_array(header.frames.get(n)?.position);
    Grid::new(size, origin, axes, [between_columns, between_rows, 1.0]).ok()
}

/// Refuses two frames of one segment at one place: nobody knows which is right.
fn distinct(header: &Header) -> Result<(), SegReadError> {
    let mut order: Vec<usize> = (0..header.frames.len()).collect();
    let key = |n: usize| (header.frames[n].segment, header.frames[n].position);
    order.sort_by(|&a, &b| {
        let ((sa, pa), (sb, pb)) = (key(a), key(b));
        let places = pa.iter().zip(&pb).map(|(a, b)| a.total_cmp(b));
        sa.cmp(&sb).then_with(|| places.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then))
    });
    for pair in order.windows(2) {
        let ((sa, pa), (sb, pb)) = (key(pair[0]), key(pair[1]));
        let apart = Point::<Lps>::from_array(pa).distance(Point::from_array(pb));
        if sa == sb && apart < SAME_POSITION_MM {
            let other = pair[0] + 1;
            let what = Words::new(
                format!("lies where frame {other} of the same segment lies"),
                format!("与同一分割的第 {other} 帧位置相同"),
            );
            return Err(SegReadError::Frame { frame: pair[1] + 1, what });
        }
    }
    Ok(())
}

fn own_grid(header: &Header, limit: usize, findings: &mut Vec<Finding>) -> Result<Grid, SegReadError> {
    let [i, j, normal] = axes(&header.orientation).ok_or(SegReadError::Missing("orientation", "方向"))?;
    let mut places: Vec<(f64, usize)> =
        header.frames.iter().enumerate().map(|(n, f)| (along(&f.position, normal), n)).collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (Some(&(first, lowest)), Some(&(last, highest))) = (places.first(), places.last()) else {
        return Err(SegReadError::Missing("frame", "帧"));
    };
    let (step_mm, count) = steps(header, &places, findings)?;
    let (columns, rows) = (usize::from(header.columns), usize::from(header.rows));
    let voxels = (columns * rows).checked_mul(count).filter(|&n| n <= limit && count <= SLICES);
    voxels.ok_or(SegReadError::TooLarge { limit })?;
    let origin = Point::<Lps>::from_array(header.frames[lowest].position);
    let span = Point::from_array(header.frames[highest].position) - origin;
    // Slices may follow each other aslant, as those of a tilted gantry do.
    let sideways: Vector<Lps> = span - normal * (last - first);
    let pixel = header.spacing_mm[0].min(header.spacing_mm[1]);
    let aslant = count > 1 && sideways.length() > OFF_GRID * pixel;
    let (k, step_mm) = match span.normalized().filter(|_| aslant) {
        Some(direction) => (direction, span.length() / (count - 1) as f64),
        None => (normal, step_mm),
    };
    let [between_rows, between_columns] = header.spacing_mm;
    Grid::new([columns, rows, count], origin, [i, j, k], [between_columns, between_rows, step_mm])
        .map_err(|_odd| SegReadError::Missing("pixel spacing", "像素间距"))
}

/// Distance of slices along the normal and how many there are from the first frame to the last.
fn steps(
    header: &Header,
    places: &[(f64, usize)],
    findings: &mut Vec<Finding>,
) -> Result<(f64, usize), SegReadError> {
    let first = places[0].0;
    let extent = places[places.len() - 1].0 - first;
    if extent < SAME_POSITION_MM {
        let mm = header.between_mm.or(header.thickness_mm);
        if mm.is_none() {
            findings.push(Finding::new(
                FindingCode::EstimatedSpacing,
                Severity::Warning,
                Words::new(
                    "the segments lie on one slice that states no thickness; 1 mm stands in for it",
                    "分割在一个没有说明层厚的切片上；以 1 mm 代替",
                ),
            ));
        }
        return Ok((mm.unwrap_or(1.0), 1));
    }
    let gaps = places.windows(2).map(|w| w[1].0 - w[0].0).filter(|&gap| gap >= SAME_POSITION_MM);
    let closest = gaps.fold(f64::INFINITY, f64::min);
    let mut odd = None;
    for step in header.between_mm.into_iter().chain([closest]) {
        let whole = (extent / step).round();
        if !(1.0..SLICES as f64).contains(&whole) {
            continue;
        }
        let step = extent / whole;
        let off = |p: f64| {
            let at = (p - first) / step;
            (at - at.round()).abs() > OFF_GRID
        };
        odd = places.iter().find(|(p, _)| off(*p)).map(|&(_, n)| n);
        if odd.is_none() {
            #[expect(clippy::cast_possible_truncation, reason = "at most SLICES")]
            let count = whole as usize + 1;
            return Ok((step, count));
        }
    }
    let frame = odd.unwrap_or(places[0].1) + 1;
    Err(SegReadError::Frame {
        frame,
        what: Words::new(
            "does not lie at a whole number of slice steps from the others",
            "与其他帧的距离不是层间距的整数倍",
        ),
    })
}

/// Brings label maps onto another grid, each voxel taking the nearest label. Returns how many labelled voxels lie
/// outside it.
pub(super) fn resample(maps: &mut [LabelMap], grid: &Grid, limit: usize) -> Result<usize, SegReadError> {
    let bytes = grid.len().checked_mul(maps.len()).filter(|&n| n <= limit);
    bytes.ok_or(SegReadError::TooLarge { limit })?;
    let mut outside = 0;
    for map in maps {
        let own = *map.grid();
        outside += labelled_outside(map, grid);
        let from = own.ijk_from_lps() * grid.lps_from_ijk();
        let (origin, along_i) = (Point::new(0.0, 0.0, 0.0), Vector::new(1.0, 0.0, 0.0));
        let step = from * along_i;
        let mut out = LabelMap::empty(grid);
        let [columns, rows, _] = grid.size();
        let labels = map.labels();
        out.labels_mut().par_chunks_mut(columns).enumerate().for_each(|(line, row)| {
            let start = from * (origin + Vector::new(0.0, (line % rows) as f64, (line / rows) as f64));
            for (n, label) in row.iter_mut().enumerate() {
                if let Some([i, j, k]) = nearest(start + step * n as f64, own.size()) {
                    *label = labels[own.index(i, j, k)];
                }
            }
        });
        *map = out;
    }
    Ok(outside)
}

/// The voxel whose cell holds a point.
fn nearest(at: Point<meshing_space::Ijk>, size: [usize; 3]) -> Option<[usize; 3]> {
    let mut voxel = [0; 3];
    for ((voxel, x), n) in voxel.iter_mut().zip(at.to_array()).zip(size) {
        let whole = (x + 0.5).floor();
        if !(whole >= 0.0 && whole < n as f64) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "between 0 and the size")]
        let inside = whole as usize;
        *voxel = inside;
    }
    Some(voxel)
}

fn labelled_outside(map: &LabelMap, grid: &Grid) -> usize {
    let own = *map.grid();
    let to = grid.ijk_from_lps() * own.lps_from_ijk();
    let [columns, rows, _] = own.size();
    let lost = |(line, row): (usize, &[u8])| {
        let at = |n: usize| to * Point::new(n as f64, (line % rows) as f64, (line / rows) as f64);
        (0..row.len()).filter(|&n| row[n] != 0 && nearest(at(n), grid.size()).is_none()).count()
    };
    map.labels().par_chunks(columns).enumerate().map(lost).sum()
}
