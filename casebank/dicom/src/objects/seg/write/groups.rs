//! Where each frame lies, which segment it is of, and which image it was drawn on.

use dicom_core::value::PrimitiveValue;
use dicom_core::{Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;
use meshing_space::Point;
use meshing_volume::Grid;

use super::{Frame, SegInfo, SegKind};
use crate::dataset::{code, decimals, put, put_text, sequence};
use crate::objects::source::{SourceSeries, reference};
use crate::uid::uid_from_seed;

/// The multi-frame modules (C.7.6.16, C.7.6.17).
pub(super) struct Groups<'a> {
    pub(super) info: &'a SegInfo,
    pub(super) grid: &'a Grid,
    pub(super) frames: &'a [Frame],
}

impl Groups<'_> {
    /// Frames are told apart by segment, then by position.
    pub(super) fn dimensions(&self, object: &mut InMemDicomObject) {
        let uid = uid_from_seed(&self.info.series.seed, "dimensions");
        let mut organization = InMemDicomObject::new_empty();
        put_text(&mut organization, tags::DIMENSION_ORGANIZATION_UID, VR::UI, &uid);
        sequence(object, tags::DIMENSION_ORGANIZATION_SEQUENCE, vec![organization]);
        let index = |pointer: Tag, group: Tag, label: &str| {
            let mut item = InMemDicomObject::new_empty();
            put_text(&mut item, tags::DIMENSION_ORGANIZATION_UID, VR::UI, &uid);
            put(&mut item, tags::DIMENSION_INDEX_POINTER, VR::AT, PrimitiveValue::from(pointer));
            put(&mut item, tags::FUNCTIONAL_GROUP_POINTER, VR::AT, PrimitiveValue::from(group));
            put_text(&mut item, tags::DIMENSION_DESCRIPTION_LABEL, VR::LO, label);
            item
        };
        let mut items = Vec::new();
        if self.info.kind == SegKind::Binary {
            let group = tags::SEGMENT_IDENTIFICATION_SEQUENCE;
            items.push(index(tags::REFERENCED_SEGMENT_NUMBER, group, "Segment"));
        }
        items.push(index(tags::IMAGE_POSITION_PATIENT, tags::PLANE_POSITION_SEQUENCE, "Position"));
        sequence(object, tags::DIMENSION_INDEX_SEQUENCE, items);
    }

    pub(super) fn shared(&self, object: &mut InMemDicomObject) {
        let [i, j, _] = self.grid.direction();
        let [si, sj, _] = self.grid.spacing_mm();
        let normal = i.cross(j);
        let step = self.grid.direction()[2] * self.grid.spacing_mm()[2];
        let between = decimals(&[step.dot(normal).abs()]);
        let mut measures = InMemDicomObject::new_empty();
        put_text(&mut measures, tags::PIXEL_SPACING, VR::DS, &decimals(&[sj, si]));
        put_text(&mut measures, tags::SLICE_THICKNESS, VR::DS, &between);
        put_text(&mut measures, tags::SPACING_BETWEEN_SLICES, VR::DS, &between);
        let mut orientation = InMemDicomObject::new_empty();
        let cosines: Vec<f64> = i.to_array().into_iter().chain(j.to_array()).collect();
        put_text(&mut orientation, tags::IMAGE_ORIENTATION_PATIENT, VR::DS, &decimals(&cosines));
        let mut shared = InMemDicomObject::new_empty();
        sequence(&mut shared, tags::PLANE_ORIENTATION_SEQUENCE, vec![orientation]);
        sequence(&mut shared, tags::PIXEL_MEASURES_SEQUENCE, vec![measures]);
        sequence(object, tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]);
    }

    pub(super) fn per_frame(&self, object: &mut InMemDicomObject) {
        // Index values run over the slices that occur, from 1.
        let mut slices: Vec<usize> = self.frames.iter().map(|f| f.slice).collect();
        slices.sort_unstable();
        slices.dedup();
        let item = |frame: &Frame| {
            let mut item = InMemDicomObject::new_empty();
            let place = slices.partition_point(|&slice| slice < frame.slice) + 1;
            let place = u32::try_from(place).unwrap_or(u32::MAX);
            let index: Vec<u32> = frame.segment.map(u32::from).into_iter().chain([place]).collect();
            let mut content = InMemDicomObject::new_empty();
            put(&mut content, tags::DIMENSION_INDEX_VALUES, VR::UL, PrimitiveValue::U32(index.into()));
            sequence(&mut item, tags::FRAME_CONTENT_SEQUENCE, vec![content]);
            let mut position = InMemDicomObject::new_empty();
            let at = self.grid.lps_from_ijk() * Point::new(0.0, 0.0, frame.slice as f64);
            put_text(&mut position, tags::IMAGE_POSITION_PATIENT, VR::DS, &decimals(&at.to_array()));
            sequence(&mut item, tags::PLANE_POSITION_SEQUENCE, vec![position]);
            if let Some(number) = frame.segment {
                let mut segment = InMemDicomObject::new_empty();
                put(&mut segment, tags::REFERENCED_SEGMENT_NUMBER, VR::US, PrimitiveValue::from(number));
                sequence(&mut item, tags::SEGMENT_IDENTIFICATION_SEQUENCE, vec![segment]);
            }
            self.derivation(&mut item, frame.slice);
            item
        };
        let items = self.frames.iter().map(item).collect();
        sequence(object, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, items);
    }

    /// The image that lies where the frame lies (C.7.6.16.2.6); none where no image does.
    fn derivation(&self, item: &mut InMemDicomObject, slice: usize) {
        let found = self.info.source.as_ref().and_then(|source| source.image_at(self.grid, slice));
        let Some(image) = found else {
            sequence(item, tags::DERIVATION_IMAGE_SEQUENCE, Vec::new());
            return;
        };
        let mut source = reference(image);
        let purpose = code("121322", "DCM", "Source image for image processing operation");
        sequence(&mut source, tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE, vec![purpose]);
        put_text(&mut source, tags::SPATIAL_LOCATIONS_PRESERVED, VR::CS, "YES");
        let mut derivation = InMemDicomObject::new_empty();
        sequence(&mut derivation, tags::SOURCE_IMAGE_SEQUENCE, vec![source]);
        let what = code("113076", "DCM", "Segmentation");
        sequence(&mut derivation, tags::DERIVATION_CODE_SEQUENCE, vec![what]);
        sequence(item, tags::DERIVATION_IMAGE_SEQUENCE, vec![derivation]);
    }
}

/// Common Instance Reference module (C.12.2).
pub(super) fn references(object: &mut InMemDicomObject, source: Option<&SourceSeries>) {
    let Some(source) = source.filter(|s| !s.slices.is_empty() && !s.series_uid.is_empty()) else { return };
    let mut series = InMemDicomObject::new_empty();
    put_text(&mut series, tags::SERIES_INSTANCE_UID, VR::UI, &source.series_uid);
    let images = source.slices.iter().map(|slice| reference(&slice.image)).collect();
    sequence(&mut series, tags::REFERENCED_INSTANCE_SEQUENCE, images);
    sequence(object, tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
}
