//! What the four views look at: crosshair, magnification, camera. Pure geometry; no Bevy.

use app_ui::{LookTune, RenderMode, ViewDirection, ViewFrame, ViewId, WindowLevel};
use meshing_space::{Lps, Point, Vector};
use meshing_volume::Grid;
use render_volume::{Camera, SlicePlane, ViewFrom};

/// A slice view's magnification and shift.
#[derive(Clone, Copy, Debug)]
struct SliceView {
    zoom: f64,
    pan: Vector<Lps>,
}

impl Default for SliceView {
    fn default() -> Self {
        Self { zoom: 1.0, pan: Vector::zero() }
    }
}

/// What the views look at.
#[derive(Clone, Debug)]
pub(crate) struct Views {
    grid: Option<Grid>,
    slices: [SliceView; 3],
    /// Pixels of each view, in the order of [`ViewId::ALL`].
    pub(crate) size_px: [[u32; 2]; 4],
    /// Where the slices meet.
    pub(crate) crosshair: Point<Lps>,
    /// The 3D view's camera.
    pub(crate) camera: Option<Camera>,
    /// Grey window of the slices.
    pub(crate) window: WindowLevel,
    /// Look of the volume.
    pub(crate) preset: String,
    /// How the look was changed.
    pub(crate) tune: LookTune,
    /// How the volume is drawn.
    pub(crate) mode: RenderMode,
}

impl Default for Views {
    fn default() -> Self {
        Self {
            grid: None,
            slices: [SliceView::default(); 3],
            size_px: [[0, 0]; 4],
            crosshair: Point::origin(),
            camera: None,
            window: WindowLevel::default(),
            preset: "bone".to_owned(),
            tune: LookTune::default(),
            mode: RenderMode::Shaded,
        }
    }
}

/// Right and down of each slice view: axial from the feet, coronal from the front, sagittal from the patient's left
/// (front at the picture's left), head at the top.
fn directions(view: ViewId) -> (Vector<Lps>, Vector<Lps>) {
    match view {
        ViewId::Axial => (Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0)),
        ViewId::Sagittal => (Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, -1.0)),
        ViewId::Coronal | ViewId::ThreeD => (Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 0.0, -1.0)),
    }
}

fn index_of(view: ViewId) -> usize {
    ViewId::ALL.iter().position(|other| *other == view).unwrap_or(0)
}

impl Views {
    /// Looks at another grid from the start. Another level of detail of the same scan keeps what is looked at.
    pub(crate) fn look_at(&mut self, grid: &Grid, same_scan: bool) {
        let bounds = grid.bounds();
        if !same_scan || self.grid.is_none() {
            self.slices = [SliceView::default(); 3];
            self.crosshair = bounds.center();
            self.camera = Some(Camera::anterior(&bounds));
        }
        self.grid = Some(*grid);
    }

    /// Middle of the scan.
    pub(crate) fn middle(&self) -> Option<Point<Lps>> {
        self.grid.as_ref().map(|grid| grid.bounds().center())
    }

    /// The frame of a slice view, with the proportions of its pixels.
    pub(crate) fn frame(&self, view: ViewId) -> Option<ViewFrame> {
        let bounds = self.grid.as_ref()?.bounds();
        let [width, height] = self.size_px[index_of(view)];
        if width == 0 || height == 0 {
            return None;
        }
        let (right, down) = directions(view);
        let size = bounds.size();
        let extent = |axis: Vector<Lps>| {
            (size.x() * axis.x()).abs() + (size.y() * axis.y()).abs() + (size.z() * axis.z()).abs()
        };
        let slice = self.slices[index_of(view).min(2)];
        let away = right.cross(down);
        let middle = bounds.center();
        let centre = middle + away * (self.crosshair - middle).dot(away) + slice.pan;
        let frame = ViewFrame {
            centre,
            right,
            down,
            width_mm: extent(right).max(1e-3) / slice.zoom,
            height_mm: extent(down).max(1e-3) / slice.zoom,
        };
        Some(frame.fitted(f64::from(width) / f64::from(height)))
    }

    /// The raster of a slice view: one sample for each pixel of the screen.
    pub(crate) fn plane(&self, view: ViewId) -> Option<SlicePlane> {
        let frame = self.frame(view)?;
        let size = self.size_px[index_of(view)];
        let pixel_mm = frame.width_mm / f64::from(size[0]);
        let half = (frame.right + frame.down) * (pixel_mm / 2.0);
        let origin = frame.lps_from_picture(0.0, 0.0) + half;
        Some(SlicePlane { origin, right: frame.right, down: frame.down, pixel_mm, size })
    }

    /// Distance of one step through the slices of a view: the grid's spacing along the axis nearest to the view's
    /// normal, mm.
    fn step_mm(&self, view: ViewId) -> Option<f64> {
        let grid = self.grid.as_ref()?;
        let (right, down) = directions(view);
        let away = right.cross(down);
        let direction = grid.direction();
        (0..3)
            .max_by(|a, b| direction[*a].dot(away).abs().total_cmp(&direction[*b].dot(away).abs()))
            .map(|axis| grid.spacing_mm()[axis])
    }

    /// Slice number (from 1) and count of a view.
    pub(crate) fn slice(&self, view: ViewId) -> Option<(usize, usize)> {
        let step = self.step_mm(view)?;
        let bounds = self.grid.as_ref()?.bounds();
        let (right, down) = directions(view);
        let away = right.cross(down);
        let along = bounds.corners().map(|corner| (corner - Point::origin()).dot(away));
        let low = along.iter().copied().fold(f64::INFINITY, f64::min);
        let high = along.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let count = ((high - low) / step).round().max(1.0) as usize;
        let number =
            (((self.crosshair - Point::origin()).dot(away) - low) / step).floor().max(0.0) as usize + 1;
        Some((number.min(count), count))
    }

    /// Moves the crosshair, kept inside the scan.
    pub(crate) fn set_crosshair(&mut self, point: Point<Lps>) {
        let Some(grid) = &self.grid else { return };
        let bounds = grid.bounds();
        let (low, high) = (bounds.min.to_array(), bounds.max.to_array());
        let inside: [f64; 3] =
            std::array::from_fn(|axis| point.to_array()[axis].clamp(low[axis], high[axis]));
        if inside.iter().all(|value| value.is_finite()) {
            self.crosshair = Point::from_array(inside);
        }
    }

    /// Walks through the slices of a view.
    pub(crate) fn scroll(&mut self, view: ViewId, steps: i32) {
        let (right, down) = directions(view);
        if let Some(step) = self.step_mm(view) {
            self.set_crosshair(self.crosshair + right.cross(down) * (step * f64::from(steps)));
        }
    }

    /// Magnifies a view.
    pub(crate) fn zoom(&mut self, view: ViewId, factor: f64) {
        if view == ViewId::ThreeD {
            if let Some(camera) = &mut self.camera {
                camera.zoom(factor.clamp(0.2, 5.0));
            }
            return;
        }
        let slice = &mut self.slices[index_of(view).min(2)];
        if factor.is_finite() && factor > 0.0 {
            slice.zoom = (slice.zoom * factor).clamp(0.25, 64.0);
        }
    }

    /// Shifts the content of a view. In 3D the vector's length counts pixels of the screen's plane.
    pub(crate) fn pan(&mut self, view: ViewId, by: Vector<Lps>) {
        if view != ViewId::ThreeD {
            let slice = &mut self.slices[index_of(view).min(2)];
            slice.pan = slice.pan - by;
            return;
        }
        let height = f64::from(self.size_px[3][1].max(1));
        if let Some(camera) = &mut self.camera {
            let matrices = camera.matrices(1.0);
            // at the usual vertical angle of 30 degrees the picture is 0.536 distances high
            let mm_per_px = camera.eye.distance(camera.target) * 0.536 / height;
            camera.pan(-by.dot(matrices.right()) * mm_per_px, -by.dot(matrices.up()) * mm_per_px);
        }
    }

    /// Turns the anatomy under the mouse: to the right, and downwards, degrees.
    pub(crate) fn orbit(&mut self, yaw_deg: f64, pitch_deg: f64) {
        if let Some(camera) = &mut self.camera {
            camera.orbit(-yaw_deg.to_radians(), pitch_deg.to_radians());
        }
    }

    /// Looks from a named side.
    pub(crate) fn look_from(&mut self, direction: ViewDirection) {
        let from = match direction {
            ViewDirection::Anterior => ViewFrom::Anterior,
            ViewDirection::Posterior => ViewFrom::Posterior,
            ViewDirection::Left => ViewFrom::Left,
            ViewDirection::Right => ViewFrom::Right,
            ViewDirection::Superior => ViewFrom::Superior,
            ViewDirection::Inferior => ViewFrom::Inferior,
        };
        if let Some(grid) = &self.grid {
            self.camera = Some(Camera::looking_from(from, &grid.bounds()));
        }
    }
}

#[cfg(test)]
mod tests {
    use meshing_space::Transform;
    use render_volume::{VolumeTexture, mpr};

    use super::*;

    fn views() -> Views {
        let axes = [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0)];
        let grid = Grid::new([100, 80, 40], Point::new(-50.0, -40.0, 10.0), axes, [1.0, 1.0, 2.5]).unwrap();
        let mut views = Views::default();
        views.look_at(&grid, false);
        views.size_px = [[400, 300]; 4];
        views
    }

    #[test]
    fn planes_have_square_pixels_and_pass_through_the_crosshair() {
        let mut views = views();
        views.set_crosshair(Point::new(10.0, -5.0, 33.0));
        views.zoom(ViewId::Coronal, 3.0);
        views.pan(ViewId::Coronal, Vector::new(4.0, 0.0, -2.0));
        for view in ViewId::SLICES {
            let (plane, frame) = (views.plane(view).unwrap(), views.frame(view).unwrap());
            assert!(frame.distance_mm(views.crosshair) < 1e-9, "{view:?}");
            assert!((frame.width_mm / frame.height_mm - 4.0 / 3.0).abs() < 1e-9);
            let last = plane.lps(399.0, 299.0);
            let corner = frame.lps_from_picture(1.0, 1.0);
            assert!((last.distance(corner) - plane.pixel_mm / 2.0 * 2_f64.sqrt()).abs() < 1e-9, "{view:?}");
        }
    }

    /// Clicks where a person would: on the edges of a ball as they stand in the drawn picture.
    #[test]
    fn distances_clicked_on_the_drawn_picture_are_true_within_a_tenth_of_a_millimetre() {
        let (radius, centre) = (20.0, Point::new(3.3, -7.1, 11.7));
        let phantom = meshing_phantom::Phantom::sphere_of(centre, radius);
        let turn = Transform::rotation(Vector::new(0.3, 0.5, 0.8), 17_f64.to_radians()).unwrap();
        let gpu = render_gpu::Gpu::headless().unwrap();
        let (mut worst_length, mut worst_middle) = (0_f64, 0_f64);
        for turn in [Transform::identity(), turn] {
            // An edge between two voxels is known to a twelfth of their distance, at either end.
            let volume = std::sync::Arc::new(phantom.volume(&phantom.grid([0.4, 0.4, 0.5], turn)));
            let texture = VolumeTexture::upload(&gpu, &volume).unwrap();
            let mut views = Views { size_px: [[331, 247]; 4], ..Views::default() };
            views.look_at(volume.grid(), false);
            views.set_crosshair(centre);
            for view in ViewId::SLICES {
                let (frame, plane) = (views.frame(view).unwrap(), views.plane(view).unwrap());
                let window = render_volume::Window { center: 0.0, width: 2000.0 };
                let picture = mpr(&gpu, &texture, &plane, window).unwrap();
                let (x, y) = frame.picture_from_lps(centre);
                let (column, row) = ((x * 331.0) as u32, (y * 247.0) as u32);
                let across = edges(331, |column| picture.get_pixel(column, row).0[0])
                    .map(|at| frame.lps_from_picture(at / 331.0, (f64::from(row) + 0.5) / 247.0));
                let down = edges(247, |row| picture.get_pixel(column, row).0[0])
                    .map(|at| frame.lps_from_picture((f64::from(column) + 0.5) / 331.0, at / 247.0));
                for [from, to] in [across, down] {
                    // the row of pixels need not pass through the very centre
                    let off = from.lerp(to, 0.5) - centre;
                    let along = off.dot((to - from).normalized().unwrap());
                    let chord = 2.0 * (radius.powi(2) - off.dot(off) + along.powi(2)).sqrt();
                    worst_length = worst_length.max((from.distance(to) - chord).abs());
                    worst_middle = worst_middle.max(along.abs());
                }
            }
        }
        println!(
            "clicked lengths are within {worst_length:.3} mm, their middles within {worst_middle:.3} mm"
        );
        assert!(worst_length <= 0.1, "a length is off by {worst_length} mm");
        assert!(worst_middle <= 0.1, "a middle is off by {worst_middle} mm");
    }

    /// Where a row of grey pixels rises above and falls below the middle grey, in pixels from the picture's edge.
    fn edges(count: u32, grey: impl Fn(u32) -> u8) -> [f64; 2] {
        let level = |at: u32| f64::from(grey(at)) - 127.5;
        let crossings: Vec<f64> = (0..count - 1)
            .filter(|&at| (level(at) < 0.0) != (level(at + 1) < 0.0))
            .map(|at| f64::from(at) + 0.5 + level(at) / (level(at) - level(at + 1)))
            .collect();
        crossings.try_into().expect("a ball has two edges in a row of pixels")
    }

    #[test]
    fn scrolling_walks_by_one_slice_and_stops_at_the_end() {
        let mut views = views();
        let (start, count) = views.slice(ViewId::Axial).unwrap();
        assert_eq!(count, 40);
        let z = views.crosshair.z();
        views.scroll(ViewId::Axial, 3);
        assert!((views.crosshair.z() - z - 7.5).abs() < 1e-9);
        assert_eq!(views.slice(ViewId::Axial).unwrap().0, start + 3);
        views.scroll(ViewId::Axial, 1000);
        assert_eq!(views.slice(ViewId::Axial).unwrap(), (40, 40));
    }

    #[test]
    fn a_finer_level_of_the_same_scan_keeps_the_view() {
        let mut views = views();
        views.set_crosshair(Point::new(10.0, -5.0, 33.0));
        let camera = views.camera;
        let axes = [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.0, 1.0)];
        let finer =
            Grid::new([200, 160, 80], Point::new(-50.0, -40.0, 10.0), axes, [0.5, 0.5, 1.25]).unwrap();
        views.look_at(&finer, true);
        assert_eq!((views.crosshair.to_array(), views.camera), ([10.0, -5.0, 33.0], camera));
        views.look_at(&finer, false);
        assert_ne!(views.crosshair.to_array(), [10.0, -5.0, 33.0]);
    }

    #[test]
    fn dragging_to_the_right_brings_the_patients_right_side_forward() {
        let mut views = views();
        views.orbit(90.0, 0.0);
        // the front, which faced us, has gone to the right of the picture
        assert_eq!(views.camera.unwrap().edges().right, "A");
        views.look_from(ViewDirection::Anterior);
        assert_eq!(views.camera.unwrap().edges().right, "L");
    }
}
