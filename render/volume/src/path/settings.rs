//! How a path-traced picture is lit and shown.

use meshing_space::{Lps, Point, Vector};

use super::PathError;
use crate::ViewMatrices;

/// The axes in which a direction is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Right, up and towards the onlooker: the lamps move along with the camera.
    Camera,
    /// Left, posterior, superior: the lamps stay with the patient.
    Patient,
}

impl Frame {
    /// A direction of this frame as a unit vector; `None` if it is zero or not finite.
    pub(crate) fn direction(self, [x, y, z]: [f64; 3], view: &ViewMatrices) -> Option<Vector<Lps>> {
        let sum = match self {
            Self::Camera => view.right() * x + view.up() * y + view.towards_eye() * z,
            Self::Patient => Vector::new(x, y, z),
        };
        sum.normalized()
    }
}

/// A round lamp that shines on the middle of the volume.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lamp {
    /// The axes of `towards`.
    pub frame: Frame,
    /// From the middle of the volume towards the lamp; need not be unit.
    pub towards: [f64; 3],
    /// How far it stands, in radii of the ball around the volume; more than 1.
    pub distance: f64,
    /// The radius of its disc, in the same unit; a large one casts soft shadows.
    pub radius: f64,
    /// Linear red, green, blue: how bright a white matte surface looks that faces the lamp in the middle of the
    /// volume with nothing in between; 1 is white.
    pub light: [f64; 3],
}

/// Light from all sides without a place: one colour above, another below, mixed evenly between.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Environment {
    /// The axes of `up`.
    pub frame: Frame,
    /// Up; need not be unit.
    pub up: [f64; 3],
    /// Linear radiance above.
    pub above: [f64; 3],
    /// Linear radiance below.
    pub below: [f64; 3],
}

/// How a path-traced picture is lit and shown. The default is meant for anatomy: a warm lamp at the upper left of
/// the camera, a cool one at its right, a faint sky.
#[derive(Clone, Debug, PartialEq)]
pub struct PathSettings {
    /// After so many collisions a path ends; fewer are faster and darker where light scatters much.
    pub bounces: u32,
    /// Multiplies every extinction of the look: 1 is as in the shaded ray-march, more makes crisper surfaces.
    pub density: f64,
    /// g of the phase function of Henyey and Greenstein, -0.95 to 0.95: 0 scatters evenly, more goes on
    /// forwards.
    pub phase_g: f64,
    /// The share of the collisions that are as on a surface where the gradient is full
    /// ([`Shading::gradient_per_mm`](crate::Shading::gradient_per_mm)), 0 to 1; the rest are as in fog.
    pub surface: f64,
    /// Roughness of the highlight (its square is the alpha of GGX), 0.15 to 1.
    pub roughness: f64,
    /// What the highlight reflects head-on, 0 to 0.2; water and tissue have about 0.03.
    pub reflectance: f64,
    /// The sky.
    pub environment: Environment,
    /// Lamps, up to [`PathSettings::MAX_LAMPS`]; seen only by what they light.
    pub lamps: Vec<Lamp>,
    /// Chooses other random numbers.
    pub seed: u32,
    /// Multiplies the light before it is shown.
    pub exposure: f64,
    /// The light that is shown as white, 1 or more. What is up to 0.8 is shown as it is, what lies between is
    /// squeezed, so that highlights keep their shape.
    pub white: f64,
    /// Whether the picture is freed from noise before it is shown.
    pub denoise: bool,
}

impl PathSettings {
    /// Lamps at most.
    pub const MAX_LAMPS: usize = 4;

    /// Nothing but an even white sky of radiance 1: a white body in it cannot be told from the sky.
    pub fn furnace() -> Self {
        let environment = Environment { above: [1.0; 3], below: [1.0; 3], ..Self::default().environment };
        Self { environment, lamps: Vec::new(), bounces: 4096, exposure: 1.0, ..Self::default() }
    }

    /// Refuses what cannot be traced.
    pub(crate) fn check(&self) -> Result<(), PathError> {
        let within = |name, value: f64, low: f64, high: f64| {
            // a NaN is not within either
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(PathError::Setting { name, value, low, high })
            }
        };
        within("bounces", f64::from(self.bounces), 1.0, 4096.0)?;
        within("density", self.density, 0.0, 1e3)?;
        within("phase_g", self.phase_g, -0.95, 0.95)?;
        within("surface", self.surface, 0.0, 1.0)?;
        within("roughness", self.roughness, 0.15, 1.0)?;
        within("reflectance", self.reflectance, 0.0, 0.2)?;
        within("exposure", self.exposure, 0.0, 1e3)?;
        within("white", self.white, 1.0, 1e3)?;
        within("number of lamps", self.lamps.len() as f64, 0.0, Self::MAX_LAMPS as f64)?;
        for light in [self.environment.above, self.environment.below].as_flattened() {
            within("light of the sky", *light, 0.0, 1e3)?;
        }
        within("length of the sky's up", length(self.environment.up), 1e-6, 1e6)?;
        for lamp in &self.lamps {
            within("length of a lamp's direction", length(lamp.towards), 1e-6, 1e6)?;
            within("distance of a lamp", lamp.distance, 1.01, 1e3)?;
            within("radius of a lamp", lamp.radius, 1e-3, 1e3)?;
            for light in lamp.light {
                within("light of a lamp", light, 0.0, 1e3)?;
            }
        }
        Ok(())
    }

    /// g as it is sampled: next to 0 the inversion divides by it, and 0.001 cannot be told from 0.
    pub(crate) fn sampled_g(&self) -> f64 {
        if self.phase_g.abs() < 1e-3 { 1e-3 } else { self.phase_g }
    }

    /// What the light depends on: equal for settings that only show it otherwise.
    pub(crate) fn traced(&self) -> Self {
        Self { exposure: 1.0, white: 1.0, denoise: false, ..self.clone() }
    }

    /// The lamps as they stand around a volume.
    pub(crate) fn placed(&self, middle: Point<Lps>, radius_mm: f64, view: &ViewMatrices) -> Vec<PlacedLamp> {
        let brightness = |l: &Lamp| 0.2126 * l.light[0] + 0.7152 * l.light[1] + 0.0722 * l.light[2];
        let lit = |l: &&Lamp| brightness(l) > 0.0;
        let total: f64 = self.lamps.iter().filter(lit).map(brightness).sum();
        let mut before = 0.0;
        let placed = self.lamps.iter().filter(lit).filter_map(|lamp| {
            let towards = lamp.frame.direction(lamp.towards, view)?;
            let (distance, radius) = (lamp.distance * radius_mm, lamp.radius * radius_mm);
            let share = brightness(lamp) / total;
            before += share;
            // a disc of radiance L seen head-on lights by pi L sin² of its half-angle, and white matte shows
            // that over pi; times the area, over the share of the paths that come here
            let area = std::f64::consts::PI * radius * radius;
            let scale = (distance.powi(2) + radius.powi(2)) / radius.powi(2) * area / share;
            Some(PlacedLamp {
                middle: middle + towards * distance,
                radius,
                facing: -towards,
                up_to: before,
                power: lamp.light.map(|l| l * scale),
            })
        });
        placed.collect()
    }
}

/// A lamp in patient space.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlacedLamp {
    /// Middle of the disc.
    pub(crate) middle: Point<Lps>,
    /// In mm.
    pub(crate) radius: f64,
    /// Unit, the way it shines.
    pub(crate) facing: Vector<Lps>,
    /// The share of the paths that go to this lamp or one before it.
    pub(crate) up_to: f64,
    /// Radiance times area over the lamp's share of the paths.
    pub(crate) power: [f64; 3],
}

impl Default for PathSettings {
    fn default() -> Self {
        let lamp = |towards, distance, radius, light| Lamp {
            frame: Frame::Camera,
            towards,
            distance,
            radius,
            light,
        };
        Self {
            bounces: 8,
            density: 1.0,
            phase_g: 0.0,
            surface: 1.0,
            roughness: 0.45,
            reflectance: 0.04,
            environment: Environment {
                frame: Frame::Camera,
                up: [0.0, 1.0, 0.3],
                above: [0.48, 0.52, 0.58],
                below: [0.20, 0.18, 0.17],
            },
            lamps: vec![
                lamp([-0.65, 0.75, 0.75], 3.0, 0.8, [2.0, 1.85, 1.62]),
                lamp([0.9, 0.05, 0.6], 3.0, 1.2, [0.34, 0.40, 0.50]),
            ],
            seed: 0,
            exposure: 1.0,
            white: 1.6,
            denoise: true,
        }
    }
}

fn length([x, y, z]: [f64; 3]) -> f64 {
    (x * x + y * y + z * z).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_can_be_traced_and_nonsense_is_named() {
        PathSettings::default().check().unwrap();
        PathSettings::furnace().check().unwrap();
        let mut settings = PathSettings { phase_g: f64::NAN, ..PathSettings::default() };
        assert!(settings.check().unwrap_err().to_string().contains("phase_g"));
        settings.phase_g = 0.0;
        settings.lamps[1].towards = [0.0; 3];
        assert!(settings.check().unwrap_err().to_string().contains("direction"));
    }

    #[test]
    fn only_what_changes_the_light_counts_as_traced() {
        let a = PathSettings::default();
        let shown = PathSettings { exposure: 2.0, white: 3.0, denoise: false, ..a.clone() };
        assert_eq!(a.traced(), shown.traced());
        assert_ne!(a.traced(), PathSettings { seed: 1, ..a.clone() }.traced());
    }
}
