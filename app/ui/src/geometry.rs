//! From the picture to the patient: frames of slice views, edge letters, scale bars, sides.

use meshing_space::{Lps, Point, Vector};

/// Where a slice picture lies in the patient: its centre and the directions of its right and lower edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ViewFrame {
    /// Patient position of the picture's centre, mm.
    pub centre: Point<Lps>,
    /// Unit direction to the right of the picture.
    pub right: Vector<Lps>,
    /// Unit direction to the bottom of the picture.
    pub down: Vector<Lps>,
    /// Width of the picture in the patient, mm.
    pub width_mm: f64,
    /// Height of the picture in the patient, mm.
    pub height_mm: f64,
}

impl ViewFrame {
    /// Patient position of a point of the picture; `(0, 0)` is the upper left corner, `(1, 1)` the lower right.
    #[must_use]
    pub fn lps_from_picture(&self, x: f64, y: f64) -> Point<Lps> {
        self.centre + self.right * ((x - 0.5) * self.width_mm) + self.down * ((y - 0.5) * self.height_mm)
    }

    /// Place in the picture (0 to 1 each way, beyond when outside) of a patient position, dropped onto the plane.
    #[must_use]
    pub fn picture_from_lps(&self, point: Point<Lps>) -> (f64, f64) {
        let offset = point - self.centre;
        (offset.dot(self.right) / self.width_mm + 0.5, offset.dot(self.down) / self.height_mm + 0.5)
    }

    /// Distance of a patient position from the plane of the picture, mm, without sign.
    #[must_use]
    pub fn distance_mm(&self, point: Point<Lps>) -> f64 {
        (point - self.centre).dot(self.right.cross(self.down)).abs()
    }

    /// The frame with the sides of a picture `aspect` (width / height) wide, enlarged so that nothing is cut off.
    #[must_use]
    pub fn fitted(mut self, aspect: f64) -> Self {
        if self.width_mm / self.height_mm < aspect {
            self.width_mm = self.height_mm * aspect;
        } else {
            self.height_mm = self.width_mm / aspect;
        }
        self
    }
}

/// The letters a picture's edge carries for a patient direction: `L`/`R`, `P`/`A`, `S`/`I` (DICOM PS3.3 C.7.6.1.1.1,
/// Patient Orientation, with S and I for head and feet), strongest first; a component below a quarter of
/// the direction's length is left out, so that a slightly tilted slice still reads `L` and not `LP`.
#[must_use]
pub fn direction_letters(direction: Vector<Lps>) -> String {
    let length = direction.length();
    if length <= 0.0 {
        return String::new();
    }
    let mut parts = [(direction.x(), 'L', 'R'), (direction.y(), 'P', 'A'), (direction.z(), 'S', 'I')];
    parts.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    parts
        .iter()
        .filter(|(value, ..)| value.abs() >= 0.25 * length)
        .map(|&(value, positive, negative)| if value > 0.0 { positive } else { negative })
        .collect()
}

/// The longest round length (1, 2 or 5 times a power of ten, mm) that is at most `most_mm`.
#[must_use]
pub fn scale_bar_mm(most_mm: f64) -> f64 {
    if !most_mm.is_finite() || most_mm <= 0.0 {
        return 0.0;
    }
    let power = 10_f64.powf(most_mm.log10().floor());
    [5.0, 2.0, 1.0]
        .into_iter()
        .map(|digit| digit * power)
        .find(|length| *length <= most_mm * (1.0 + 1e-9))
        .unwrap_or(power)
}

/// On which side of the scan's middle something lies, as the patient calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Patient's left (+x in LPS).
    Left,
    /// Patient's right.
    Right,
    /// One end on each side.
    Across,
}

/// The side of a line from `a` to `b` relative to the sagittal plane through `middle`.
#[must_use]
pub fn side_of(a: Point<Lps>, b: Point<Lps>, middle: Point<Lps>) -> Side {
    let (a, b) = (a.x() - middle.x(), b.x() - middle.x());
    if a > 0.0 && b > 0.0 {
        Side::Left
    } else if a < 0.0 && b < 0.0 {
        Side::Right
    } else {
        Side::Across
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coronal() -> ViewFrame {
        ViewFrame {
            centre: Point::new(1.0, 2.0, 3.0),
            right: Vector::new(1.0, 0.0, 0.0),
            down: Vector::new(0.0, 0.0, -1.0),
            width_mm: 200.0,
            height_mm: 100.0,
        }
    }

    #[test]
    fn picture_and_patient_are_inverse() {
        let frame = coronal();
        let corner = frame.lps_from_picture(0.0, 0.0);
        assert_eq!(corner.to_array(), [-99.0, 2.0, 53.0]);
        let (x, y) = frame.picture_from_lps(Point::new(51.0, 77.0, -22.0));
        assert!((x - 0.75).abs() < 1e-12 && (y - 0.75).abs() < 1e-12);
        assert!((frame.distance_mm(Point::new(51.0, 77.0, -22.0)) - 75.0).abs() < 1e-12);
    }

    #[test]
    fn fitting_never_cuts() {
        let wide = coronal().fitted(4.0);
        assert_eq!((wide.width_mm, wide.height_mm), (400.0, 100.0));
        let tall = coronal().fitted(0.5);
        assert_eq!((tall.width_mm, tall.height_mm), (200.0, 400.0));
    }

    #[test]
    fn letters_name_the_patient() {
        assert_eq!(direction_letters(Vector::new(1.0, 0.0, 0.0)), "L");
        assert_eq!(direction_letters(Vector::new(-1.0, 0.0, 0.0)), "R");
        assert_eq!(direction_letters(Vector::new(0.0, 1.0, 0.0)), "P");
        assert_eq!(direction_letters(Vector::new(0.0, -1.0, 0.0)), "A");
        assert_eq!(direction_letters(Vector::new(0.0, 0.0, 1.0)), "S");
        assert_eq!(direction_letters(Vector::new(0.0, 0.0, -1.0)), "I");
        assert_eq!(direction_letters(Vector::new(0.6, -0.1, 0.79)), "SL");
        assert_eq!(direction_letters(Vector::new(0.1, 0.99, 0.0)), "P");
        assert_eq!(direction_letters(Vector::zero()), "");
    }

    #[test]
    fn scale_bars_are_round() {
        assert_eq!(scale_bar_mm(73.0), 50.0);
        assert_eq!(scale_bar_mm(50.0), 50.0);
        assert_eq!(scale_bar_mm(49.0), 20.0);
        assert_eq!(scale_bar_mm(0.7), 0.5);
        assert_eq!(scale_bar_mm(f64::NAN), 0.0);
    }

    #[test]
    fn sides_are_the_patients() {
        let p = |x| Point::new(x, 0.0, 0.0);
        assert_eq!(side_of(p(12.0), p(14.0), p(10.0)), Side::Left);
        assert_eq!(side_of(p(2.0), p(4.0), p(10.0)), Side::Right);
        assert_eq!(side_of(p(2.0), p(14.0), p(10.0)), Side::Across);
    }
}
