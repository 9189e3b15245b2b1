//! Numbers with units, and the points they come from.

use meshing_space::{Lps, Point};

use crate::objects::Code;
use crate::objects::sr::{Num, Shape, Spatial};

/// One measured number (PS3.16 TID 300).
#[derive(Clone, Debug, PartialEq)]
pub struct Measurement {
    /// What was measured.
    pub name: Code,
    /// The number and its UCUM unit, or why there is none.
    pub num: Num,
    /// Measurement Method.
    pub method: Option<Code>,
    /// Derivation: mean, minimum, …
    pub derivation: Option<Code>,
    /// The points it was measured between.
    pub points: Option<Spatial>,
}

/// How one number stands for many voxels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// Arithmetic mean.
    Mean,
    /// Standard deviation.
    Deviation,
    /// Smallest.
    Minimum,
    /// Largest.
    Maximum,
}

impl Statistic {
    fn code(self) -> Code {
        match self {
            Self::Mean => Code::sct("373098007", "Mean"),
            Self::Deviation => Code::sct("386136009", "Standard Deviation"),
            Self::Minimum => Code::sct("255605001", "Minimum"),
            Self::Maximum => Code::sct("56851009", "Maximum"),
        }
    }
}

/// Units that are converted: dimension, code, factor to the first of its dimension.
const UNITS: &[(&str, &str, f64)] = &[
    ("length", "mm", 1.0),
    ("length", "um", 1e-3),
    ("length", "cm", 10.0),
    ("length", "m", 1000.0),
    ("area", "mm2", 1.0),
    ("area", "cm2", 100.0),
    ("volume", "mm3", 1.0),
    ("volume", "cm3", 1000.0),
    ("volume", "ml", 1000.0),
    ("volume", "mL", 1000.0),
    ("volume", "l", 1e6),
    ("angle", "deg", 1.0),
    ("angle", "rad", 180.0 / std::f64::consts::PI),
    ("attenuation", "[hnsf'U]", 1.0),
];

/// Quantities whose unit is checked: code value, dimension.
const QUANTITIES: &[(&str, &str)] = &[
    ("410668003", "length"),
    ("121206", "length"),
    ("42798000", "area"),
    ("118565006", "volume"),
    ("1483009", "angle"),
    ("112031", "attenuation"),
];

impl Measurement {
    /// A number without more.
    #[must_use]
    pub fn new(name: Code, value: f64, unit: &str) -> Self {
        let num = Num { value: Some((value, Code::ucum(unit))), qualifier: None };
        Self { name, num, method: None, derivation: None, points: None }
    }

    /// A measurement that gave no number, and why (PS3.16 CID 42, for example (114006, DCM, Measurement failure)).
    #[must_use]
    pub fn failed(name: Code, why: Code) -> Self {
        let num = Num { value: None, qualifier: Some(why) };
        Self { name, num, method: None, derivation: None, points: None }
    }

    /// The straight distance between two points, in mm.
    #[must_use]
    pub fn distance(ends: [Point<Lps>; 2], frame_of_reference: &str) -> Self {
        let [a, b] = ends;
        let points = path(ends.to_vec(), frame_of_reference);
        Self { points: Some(points), ..Self::new(Code::sct("410668003", "Length"), a.distance(b), "mm") }
    }

    /// The angle at `apex` between two arms, in degrees of 0 to 180; `None` where an arm has no length.
    #[must_use]
    pub fn angle(
        first: Point<Lps>,
        apex: Point<Lps>,
        second: Point<Lps>,
        frame_of_reference: &str,
    ) -> Option<Self> {
        let (a, b) = ((first - apex).normalized()?, (second - apex).normalized()?);
        let degrees = a.cross(b).length().atan2(a.dot(b)).to_degrees();
        let points = path(vec![first, apex, second], frame_of_reference);
        Some(Self { points: Some(points), ..Self::new(Code::sct("1483009", "Angle"), degrees, "deg") })
    }

    /// An area in mm².
    #[must_use]
    pub fn area_mm2(value: f64) -> Self {
        Self::new(Code::sct("42798000", "Area"), value, "mm2")
    }

    /// A volume in mm³.
    #[must_use]
    pub fn volume_mm3(value: f64) -> Self {
        Self::new(Code::sct("118565006", "Volume"), value, "mm3")
    }

    /// Attenuation in Hounsfield units over a region.
    #[must_use]
    pub fn hounsfield(value: f64, statistic: Statistic) -> Self {
        let mut unit = Code::ucum("[hnsf'U]");
        "Hounsfield unit".clone_into(&mut unit.meaning);
        let num = Num { value: Some((value, unit)), qualifier: None };
        let name = Code::dcm("112031", "Attenuation Coefficient");
        Self { name, num, method: None, derivation: Some(statistic.code()), points: None }
    }

    /// The number in another unit of the same dimension, for example a volume written in `ml` as `mm3`; `None` where there
    /// is no number or the units do not go together.
    #[must_use]
    pub fn value_in(&self, unit: &str) -> Option<f64> {
        let (value, written) = self.num.value.as_ref()?;
        if written.value == unit {
            return Some(*value);
        }
        let find = |code: &str| UNITS.iter().find(|(_, known, _)| *known == code);
        let ((from, _, times), (to, _, by)) = (find(&written.value)?, find(unit)?);
        (written.scheme == "UCUM" && from == to).then(|| value * times / by)
    }

    /// Whether the unit is one that the quantity can have; a quantity or a unit that is not known passes.
    pub(super) fn unit_fits(&self) -> bool {
        let quantity = QUANTITIES.iter().find(|(code, _)| *code == self.name.value);
        let written = self.num.value.as_ref().map(|(_, unit)| unit.value.as_str());
        let unit = UNITS.iter().find(|(_, code, _)| Some(*code) == written);
        match (quantity, unit) {
            (Some((_, needs)), Some((has, ..))) => needs == has,
            _ => true,
        }
    }

    /// Whether the number is what its points say: a length along two points, an angle over three.
    pub(super) fn agrees_with_points(&self) -> bool {
        let Some(spatial) = &self.points else { return true };
        let frame = &spatial.frame_of_reference;
        let again = match (self.name.value.as_str(), spatial.points.as_slice()) {
            ("410668003" | "121206", &[a, b]) => Some(Self::distance([a, b], frame)),
            ("1483009", &[a, apex, b]) => Self::angle(a, apex, b, frame),
            _ => return true,
        };
        let unit = if self.name.value == "1483009" { "deg" } else { "mm" };
        match (self.value_in(unit), again.and_then(|m| m.value_in(unit))) {
            (Some(written), Some(measured)) => (written - measured).abs() <= 1e-3 + 1e-3 * measured.abs(),
            _ => true,
        }
    }
}

fn path(points: Vec<Point<Lps>>, frame_of_reference: &str) -> Spatial {
    Spatial { kind: Shape::Polyline, points, frame_of_reference: frame_of_reference.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_from_their_points() {
        let at = Point::new;
        let length = Measurement::distance([at(1.0, 2.0, 3.0), at(4.0, 6.0, 15.0)], "1.2.3");
        assert_eq!(length.value_in("mm"), Some(13.0));
        assert_eq!(length.value_in("cm"), Some(1.3));
        assert_eq!(length.value_in("mm3"), None);
        let angle =
            Measurement::angle(at(1.0, 0.0, 0.0), Point::origin(), at(0.0, 0.0, 5.0), "1.2.3").unwrap();
        assert!((angle.value_in("deg").unwrap() - 90.0).abs() < 1e-12);
        assert_eq!(
            Measurement::angle(at(1.0, 0.0, 0.0), at(1.0, 0.0, 0.0), at(2.0, 0.0, 0.0), "1.2.3"),
            None
        );
        assert!(length.agrees_with_points() && angle.agrees_with_points());
        let mut moved = length;
        moved.num.value = Some((13.1, Code::ucum("mm")));
        assert!(!moved.agrees_with_points());
        let wrong = Measurement::new(Code::sct("118565006", "Volume"), 5.0, "mm");
        assert!(!wrong.unit_fits() && Measurement::volume_mm3(5.0).unit_fits());
    }
}
