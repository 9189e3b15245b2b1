//! The series that segments were drawn on, and which of its slices hold them.

use dicom_core::VR;
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use meshing_space::{Lps, Point, Vector};
use meshing_volume::Grid;

use super::SourceImage;
use super::lattice::Lattice;
use crate::ReadVolume;
use crate::dataset::put_text;
use crate::geometry::SAME_POSITION_MM;

/// A slice that segments were drawn on.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceSlice {
    /// The image.
    pub image: SourceImage,
    /// Its position along the normal of its series, mm.
    pub along_mm: f64,
}

/// The series that segments were drawn on.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceSeries {
    /// Series Instance UID.
    pub series_uid: String,
    /// Grid of the volume, i along the rows, k along the normal.
    pub grid: Grid,
    /// Its slices.
    pub slices: Vec<SourceSlice>,
}

impl SourceSeries {
    /// The series of a volume that was read.
    #[must_use]
    pub fn of(read: &ReadVolume) -> Self {
        let slice = |source: &crate::SliceSource| SourceSlice {
            image: SourceImage {
                class_uid: read.sop_class_uid.clone(),
                instance_uid: source.sop_instance_uid.clone(),
            },
            along_mm: source.along_mm,
        };
        Self {
            series_uid: read.entry.series_uid.clone(),
            grid: *read.volume.grid(),
            slices: read.slices.iter().map(slice).collect(),
        }
    }

    /// The image in the plane of one slice of a grid.
    pub(crate) fn image_at(&self, grid: &Grid, slice: usize) -> Option<&SourceImage> {
        let normal = |grid: &Grid| grid.direction()[0].cross(grid.direction()[1]);
        let (ours, theirs) = (normal(grid), normal(&self.grid));
        if ours.cross(theirs).length() > 1e-4 {
            return None;
        }
        let at: Vector<Lps> = grid.lps_from_ijk() * Point::new(0.0, 0.0, slice as f64) - Point::origin();
        let along = at.dot(theirs);
        let same = |s: &&SourceSlice| (s.along_mm - along).abs() < SAME_POSITION_MM;
        self.slices.iter().find(same).map(|s| &s.image)
    }
}

/// The grid whose slices segments are drawn on, and where its voxels lie in the masks: the source's slices where the
/// voxels agree in any axis order, those of the masks otherwise. `None` where neither has perpendicular rows and columns.
pub(crate) fn drawing_slices(masks: &Grid, source: Option<&SourceSeries>) -> Option<(Grid, Lattice)> {
    let drawable = |grid: &Grid| {
        let [i, j, _] = grid.direction();
        let [columns, rows, _] = grid.size();
        i.dot(j).abs() < 1e-6 && u16::try_from(columns).is_ok() && u16::try_from(rows).is_ok()
    };
    let on_source = source.map(|s| s.grid).filter(drawable).and_then(|grid| {
        // Every voxel of the masks must find its place on the source's slices.
        let back = Lattice::between(masks, &grid)?;
        let [columns, rows, slices] = masks.size();
        let whole = |j, k| back.run(j, k, columns).is_some_and(|run| (run.from, run.to) == (0, columns));
        let holds = (0..slices).all(|k| (0..rows).all(|j| whole(j, k)));
        holds.then_some((grid, Lattice::between(&grid, masks)?))
    });
    on_source.or_else(|| Some((*masks, Lattice::between(masks, masks).filter(|_| drawable(masks))?)))
}

/// A reference to an image (table 10-11).
pub(crate) fn reference(image: &SourceImage) -> InMemDicomObject {
    let mut item = InMemDicomObject::new_empty();
    put_text(&mut item, tags::REFERENCED_SOP_CLASS_UID, VR::UI, &image.class_uid);
    put_text(&mut item, tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, &image.instance_uid);
    item
}
