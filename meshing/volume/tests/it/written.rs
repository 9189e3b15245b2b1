//! What is written is read back the same.

use meshing_space::{Point, Vector};
use meshing_volume::formats::{
    Format, Limits, Payload, RemarkKind, WriteOptions, open, write, write_detached,
};
use meshing_volume::{Grid, LabelMap, Silent, Volume, VolumeMeta, Voxels};

use crate::made::{Placed, SIZE, SPACING, values};
use crate::{one, weight};

const FORMATS: [Format; 3] = [Format::Nifti, Format::Nrrd, Format::MetaImage];

fn grids() -> Vec<(Placed, Grid)> {
    let mut places = Placed::all();
    let (sin, cos) = 0.4_f64.sin_cos();
    let oblique = [[cos, sin, 0.0], [-sin * cos, cos * cos, sin], [sin * sin, -sin * cos, cos]];
    for flip in [1.0, -1.0] {
        let mut steps = oblique;
        for (step, mm) in steps.iter_mut().zip(SPACING) {
            *step = step.map(|x| x * mm);
        }
        steps[2] = steps[2].map(|x| x * flip);
        places.push(Placed { origin: [-1.5, 200.25, -881.32], steps });
    }
    let grid = |place: &Placed| {
        let units: [Vector<_>; 3] =
            std::array::from_fn(|n| Vector::from_array(place.steps[n]) * SPACING[n].recip());
        Grid::new(SIZE, Point::from_array(place.origin), units, SPACING).unwrap()
    };
    places.into_iter().map(|place| (place, grid(&place))).collect()
}

fn all_options() -> Vec<(Format, WriteOptions)> {
    let mut all = Vec::new();
    for format in FORMATS {
        for packed in [false, true] {
            all.push((format, WriteOptions { packed, nifti2: false }));
        }
    }
    all.push((Format::Nifti, WriteOptions { packed: false, nifti2: true }));
    all
}

#[test]
fn volumes_and_labels_survive_in_every_format_and_order() {
    for (place, grid) in grids() {
        let integers = Voxels::I16(values().iter().map(|v| *v as i16 * 250 - 31_000).collect());
        let floats = Voxels::F32(values().iter().map(|v| *v as f32 / 7.0).collect());
        let labels = LabelMap::new(grid, values().iter().map(|v| *v as u8 * 2).collect()).unwrap();
        for (format, options) in all_options() {
            let tolerance_mm = if format == Format::Nifti && !options.nifti2 { 1e-4 } else { 1e-9 };
            for voxels in [&integers, &floats] {
                let volume = Volume::new(grid, voxels.clone(), VolumeMeta::default()).unwrap();
                let mut bytes = Vec::new();
                write(format, Payload::Volume(&volume), options, &mut bytes, &Silent).unwrap();
                assert_eq!(Format::of_bytes(&bytes), Some(format));
                let frame = one(format, &bytes);
                assert_eq!((frame.content.voxels(), frame.remarks.as_slice()), (voxels, [].as_slice()));
                place.is_that_of(frame.content.grid(), tolerance_mm);
            }
            let mut bytes = Vec::new();
            write(format, Payload::Labels(&labels), options, &mut bytes, &Silent).unwrap();
            let found = open(format, bytes.as_slice(), bytes.len() as u64, Limits::default()).unwrap();
            assert_eq!(found.header().labels, format == Format::Nifti);
            let found = found.labels(&Silent).unwrap();
            assert_eq!(found[0].content.labels(), labels.labels());
            place.is_that_of(found[0].content.grid(), tolerance_mm);
        }
    }
}

#[test]
fn a_sheared_grid_survives_with_its_remark() {
    let axes =
        [Vector::new(1.0, 0.0, 0.0), Vector::new(0.0, 1.0, 0.0), Vector::new(0.0, 0.32, 0.947_417_542_048)];
    let grid = Grid::new(SIZE, Point::new(1.0, 2.0, 3.0), axes, SPACING).unwrap();
    let volume = Volume::new(grid, Voxels::I16(vec![1; 24]), VolumeMeta::default()).unwrap();
    for (format, options) in all_options() {
        let mut bytes = Vec::new();
        write(format, Payload::Volume(&volume), options, &mut bytes, &Silent).unwrap();
        let frame = one(format, &bytes);
        assert!(weight(&frame, RemarkKind::ShearedAxes).is_some(), "{format:?}");
        let far = |g: &Grid| g.lps_from_ijk() * Point::new(3.0, 2.0, 1.0);
        assert!(far(frame.content.grid()).distance(far(&grid)) < 1e-5, "{format:?}");
    }
}

#[test]
fn detached_files_come_back_together() {
    let (place, grid) = grids()[20];
    let voxels = Voxels::I16(values().iter().map(|v| *v as i16).collect());
    let volume = Volume::new(grid, voxels, VolumeMeta::default()).unwrap();
    for format in [Format::Nrrd, Format::MetaImage] {
        for packed in [false, true] {
            let options = WriteOptions { packed, nifti2: false };
            let mut data = Vec::new();
            let header =
                write_detached(format, Payload::Volume(&volume), options, "v.raw", &mut data, &Silent)
                    .unwrap();
            let found = open(format, header.as_slice(), header.len() as u64, Limits::default()).unwrap();
            assert_eq!(found.detached(), Some("v.raw"));
            let found = found.attach(data.as_slice(), data.len() as u64);
            let found = found.volumes(&VolumeMeta::default(), &Silent).unwrap();
            assert_eq!(found[0].content.voxels(), volume.voxels());
            place.is_that_of(found[0].content.grid(), 1e-9);
        }
    }
}

#[test]
fn long_axes_take_nifti_2() {
    let grid = Grid::axis_aligned([40_000, 1, 2], Point::origin(), [0.1; 3]).unwrap();
    let map = LabelMap::empty(&grid);
    let mut bytes = Vec::new();
    write(Format::Nifti, Payload::Labels(&map), WriteOptions::default(), &mut bytes, &Silent).unwrap();
    assert_eq!(bytes[..4], 540_i32.to_le_bytes());
    let found = open(Format::Nifti, bytes.as_slice(), bytes.len() as u64, Limits::default()).unwrap();
    assert_eq!(found.labels(&Silent).unwrap()[0].content, map);
}
