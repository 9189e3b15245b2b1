//! Small parts that are printed beside a model.

use meshing_space::Vector;
use meshing_surface::Mesh;

use crate::primitives::{Fit, cylinder};
use crate::{Pose, SolidError};

/// Between parts that lie beside each other, mm.
const BETWEEN_MM: f64 = 5.0;

/// A row of parts beside a model, towards the patient's left, standing on its lowest plane.
pub(super) struct Row {
    at: Pose,
}

impl Row {
    pub(super) fn beside(model: &Mesh) -> Result<Self, SolidError> {
        let bounds = model.bounds().ok_or(SolidError::Empty { what: "the mesh" })?;
        let (centre, half) = (bounds.center(), bounds.size() / 2.0);
        let at = centre + Vector::new(half.x() + BETWEEN_MM, 0.0, -half.z());
        Ok(Self { at: Pose::IDENTITY.moved(at.to_array()) })
    }

    /// Adds an upright pin.
    pub(super) fn cylinder(
        &mut self,
        all: &mut Mesh,
        radius_mm: f64,
        height_mm: f64,
    ) -> Result<(), SolidError> {
        self.at = self.at.moved([radius_mm, 0.0, 0.0]);
        all.append(&cylinder(&self.at, radius_mm, 0.0, height_mm, Fit::Pin)?);
        self.at = self.at.moved([radius_mm + BETWEEN_MM, 0.0, 0.0]);
        Ok(())
    }
}
