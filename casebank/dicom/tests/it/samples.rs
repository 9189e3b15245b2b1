//! One object of each kind, for the tests and for the example that hands them to other programs.

use casebank_dicom::objects::capture::{Capture, Conversion, LossyMethod, Samples};
use casebank_dicom::objects::fiducials::{Fiducial, FiducialSet};
use casebank_dicom::objects::gsps::{Area, Layer, Mark, Note, Place, Presentation, Rescale, Window};
use casebank_dicom::objects::kos::{Selection, Title};
use casebank_dicom::objects::registration::{Method, Registration};
use casebank_dicom::objects::sr::{ImageRef, Shape, Spatial};
use casebank_dicom::objects::tid1500::{
    Device, Group, LibraryGroup, Measurement, Region, Report, SegmentSource, Site, Statistic, outline,
};
use casebank_dicom::objects::{Code, Evidence, Made, Side, SourceImage};
use casebank_dicom::uid_from_seed;
use meshing_space::{Lps, Point, Transform, Vector};

use crate::support::info;

const FRAME: &str = "1.2.3.4";

pub(crate) fn made() -> Made {
    Made {
        date: "20260103".to_owned(),
        time: "111213".to_owned(),
        person: "Li^Si".to_owned().into(),
        software_version: "0.1.0".to_owned(),
        side: None,
    }
}

pub(crate) fn ct(number: u32) -> SourceImage {
    SourceImage {
        class_uid: "1.2.840.10008.5.1.4.1.1.2".to_owned(),
        instance_uid: format!("1.2.3.6.{number}"),
    }
}

fn seg() -> SourceImage {
    SourceImage { class_uid: "1.2.840.10008.5.1.4.1.1.66.4".to_owned(), instance_uid: "1.2.3.7".to_owned() }
}

fn group(name: &str, region: Region, measurements: Vec<Measurement>) -> Group {
    Group {
        tracking_id: name.to_owned(),
        tracking_uid: uid_from_seed("report", name),
        category: Some(Code::sct("49755003", "Morphologically Abnormal Structure")),
        finding: Some(Code::sct("108369006", "Neoplasm")),
        sites: vec![Site { anatomy: Code::sct("39607008", "Lung"), side: Some(Side::Left) }],
        region,
        measurements,
        ..Group::default()
    }
}

fn segment() -> ImageRef {
    ImageRef { segments: vec![2], ..ImageRef::whole(seg()) }
}

fn ellipsoid() -> Spatial {
    let at = Point::new;
    Spatial {
        kind: Shape::Ellipsoid,
        points: vec![
            at(-1.0, 0.0, 0.0),
            at(1.0, 0.0, 0.0),
            at(0.0, -2.0, 0.0),
            at(0.0, 2.0, 0.0),
            at(0.0, 0.0, -3.0),
            at(0.0, 0.0, 3.0),
        ],
        frame_of_reference: FRAME.to_owned(),
    }
}

/// One group of each kind.
pub(crate) fn report() -> Report {
    let at = Point::new;
    let square = |z: f64| {
        let corners = [(-10.5, 20.25), (10.0, 20.25), (10.0, 40.75), (-10.5, 40.75)];
        outline(corners.map(|(x, y)| at(x, y, z)).to_vec(), FRAME)
    };
    let of_series = || SegmentSource::Series("1.2.3.5".to_owned());
    let mut volume = Measurement::volume_mm3(1_234.567_890_123_456_7);
    volume.method = Some(Code::dcm("126030", "Sum of segmented voxel volumes"));
    let angle = Measurement::angle(at(1.0, 0.0, 0.0), Point::origin(), at(1.0, 1.0, 0.0), FRAME).unwrap();
    let mut judged = group(
        "judged",
        Region::None,
        vec![Measurement::distance([at(1.5, 2.5, 3.5), at(-7.25, 0.125, 60.5)], FRAME), angle],
    );
    judged.method = Some(Code::dcm("126030", "Sum of segmented voxel volumes"));
    judged.evaluations =
        vec![(Code::sct("129737002", "Radiographic shape"), Code::sct("129738007", "Round shape"))];
    let failed =
        Measurement::failed(Code::sct("42798000", "Area"), Code::dcm("114006", "Measurement failure"));
    Report {
        device: Some(Device {
            uid: "1.2.3.9".to_owned(),
            name: "Theatron".to_owned(),
            make: ["Theatron".to_owned(), "Theatron".to_owned(), String::new()],
        }),
        procedures: vec![Code::sct("363679005", "Imaging procedure")],
        library: vec![LibraryGroup {
            modality: Some(Code::dcm("CT", "Computed Tomography")),
            study_date: "20260102".to_owned().into(),
            frame_of_reference: FRAME.to_owned(),
            images: vec![ct(1), ct(2)],
        }],
        evidence: vec![
            Evidence {
                study_uid: "1.2.3.1".to_owned(),
                series_uid: "1.2.3.5".to_owned(),
                instances: vec![ct(1), ct(2)],
            },
            Evidence {
                study_uid: "1.2.3.1".to_owned(),
                series_uid: "1.2.3.8".to_owned(),
                instances: vec![seg()],
            },
        ],
        groups: vec![
            group("outline", Region::Planar(square(-100.5)), vec![Measurement::area_mm2(420.25), failed]),
            group(
                "segment",
                Region::Segment { segment: segment(), source: of_series() },
                vec![
                    volume,
                    Measurement::hounsfield(-12.5, Statistic::Mean),
                    Measurement::hounsfield(40.25, Statistic::Deviation),
                    Measurement::hounsfield(-1000.0, Statistic::Minimum),
                    Measurement::hounsfield(3000.0, Statistic::Maximum),
                ],
            ),
            group(
                "segment frames",
                Region::SegmentFrames {
                    frames: ImageRef { frames: vec![3], ..ImageRef::whole(seg()) },
                    source: Some(ct(1)),
                },
                vec![Measurement::area_mm2(0.1)],
            ),
            group(
                "contours",
                Region::Surface {
                    parts: vec![square(1.0), square(2.0)],
                    source: SegmentSource::Images(vec![ct(1), ct(2)]),
                },
                vec![Measurement::volume_mm3(420.25)],
            ),
            group(
                "ellipsoid",
                Region::Surface { parts: vec![ellipsoid()], source: of_series() },
                vec![Measurement::volume_mm3(8.0 * std::f64::consts::PI)],
            ),
            group(
                "pixels",
                Region::Pixels {
                    kind: Shape::Polyline,
                    points: vec![[1.5, 2.5], [30.0, 4.0], [1.5, 2.5]],
                    image: ImageRef::whole(ct(2)),
                },
                vec![Measurement::area_mm2(3.0)],
            ),
            judged,
        ],
    }
}

/// Two images of two studies.
pub(crate) fn selection() -> Selection {
    let evidence = |study: &str, image| Evidence {
        study_uid: study.to_owned(),
        series_uid: format!("{study}.5"),
        instances: vec![image],
    };
    let frames = SourceImage { class_uid: "1.2.840.10008.5.1.4.1.1.2.1".to_owned(), ..ct(1) };
    Selection {
        title: Title::ForTeaching,
        description: "入路讨论: approach".to_owned().into(),
        images: vec![
            ImageRef::whole(ct(2)),
            ImageRef { frames: vec![3, 1], ..ImageRef::whole(frames.clone()) },
        ],
        evidence: vec![evidence("1.2.3.1", frames), evidence("1.2.4.1", ct(2))],
        ..Selection::default()
    }
}

/// A window and one mark of each kind.
pub(crate) fn presentation() -> Presentation {
    let at = |column, row| Place { column, row };
    let square = vec![at(1.0, 1.0), at(5.5, 1.0), at(5.5, 4.25), at(1.0, 1.0)];
    let one = || vec![ImageRef::whole(ct(1))];
    Presentation {
        label: "APPROACH_1".to_owned(),
        description: "窗位".to_owned().into(),
        images: vec![Evidence {
            study_uid: info("gsps").study_uid(),
            series_uid: "1.2.3.5".to_owned(),
            instances: vec![ct(1), ct(2)],
        }],
        rescale: Some(Rescale { slope: 1.0, intercept: -1024.0, unit: "HU".to_owned() }),
        windows: vec![Window { images: Vec::new(), center: 40.0, width: 400.0 }],
        areas: vec![Area {
            images: Vec::new(),
            top_left: [1, 1],
            bottom_right: [16, 12],
            spacing_mm: Some([0.75, 0.5]),
        }],
        layers: ["LOW", "HIGH"]
            .map(|name| Layer { name: name.to_owned(), description: "marks".to_owned() })
            .to_vec(),
        notes: vec![
            Note {
                images: one(),
                layer: "HIGH".to_owned(),
                marks: vec![
                    Mark::Label {
                        text: "肿瘤\nhere".to_owned().into(),
                        anchor: Place::of_index([3.0, 4.0]),
                        line: true,
                    },
                    Mark::Boxed {
                        text: "box".to_owned().into(),
                        top_left: at(0.0, 0.0),
                        bottom_right: at(8.0, 2.0),
                    },
                    Mark::Point(at(2.5, 3.5)),
                    Mark::Polyline { places: square, filled: true },
                    Mark::Polyline { places: vec![at(0.0, 0.0), at(9.0, 9.0)], filled: false },
                ],
            },
            Note {
                images: Vec::new(),
                layer: "LOW".to_owned(),
                marks: vec![
                    Mark::Circle { center: at(6.0, 6.0), edge: at(6.0, 8.0), filled: false },
                    Mark::Ellipse {
                        ends: [at(1.0, 5.0), at(9.0, 5.0), at(5.0, 4.0), at(5.0, 6.0)],
                        filled: true,
                    },
                ],
            },
        ],
        ..Presentation::default()
    }
}

/// A turn of 9.5° about an oblique axis, and a shift.
pub(crate) fn turn() -> Transform<Lps, Lps> {
    let turn = Transform::rotation(Vector::new(0.2, 0.3, 0.93), 9.5_f64.to_radians()).unwrap();
    Transform::translation(Vector::new(
        54.590_366_161_653_236,
        -43.456_583_952_557_175,
        18.224_625_756_383_26,
    )) * turn
}

/// Of two studies.
pub(crate) fn registration() -> Registration {
    let evidence = |study: String, number| Evidence {
        series_uid: format!("1.2.3.5.{number}"),
        study_uid: study,
        instances: vec![ct(number)],
    };
    Registration {
        fixed_frame: "1.2.3.4".to_owned(),
        moving_frame: "1.2.3.40".to_owned(),
        fixed_from_moving: turn(),
        method: Method::Fiducials,
        comment: "FRE 0.8 mm".into(),
        fixed: vec![evidence(info("reg").study_uid(), 1)],
        moving: vec![evidence("1.2.99.1".to_owned(), 2)],
    }
}

/// Points up to a metre away.
pub(crate) fn points() -> Vec<Point<Lps>> {
    (0..50).map(|n| f64::from(n) * 17.0).map(|t| Point::new(t - 400.0, 300.0 - t, t * 2.0 - 900.0)).collect()
}

/// Landmarks in two frames of reference.
pub(crate) fn sets() -> Vec<FiducialSet> {
    let fiducial = |n: usize, point| Fiducial {
        name: format!("L{n}"),
        description: "标志点".into(),
        point,
        uncertainty_mm: n.is_multiple_of(2).then_some(0.75),
    };
    let fiducials = points().into_iter().enumerate().map(|(n, point)| fiducial(n, point)).collect();
    vec![
        FiducialSet { frame_of_reference: "1.2.3.4".to_owned(), fiducials },
        FiducialSet {
            frame_of_reference: "1.2.3.40".to_owned(),
            fiducials: vec![fiducial(0, Point::new(0.1, -1_234.567_891_234, 3e-9))],
        },
    ]
}

/// Samples that peers can calculate.
pub(crate) fn samples(count: usize) -> Vec<u8> {
    (0..count).map(|n| (n * 37 % 251) as u8).collect()
}

/// A capture of 5 by 3 pixels.
pub(crate) fn capture(samples: Samples, frames: u32) -> Capture {
    Capture {
        size: [5, 3],
        frames,
        frame_ms: 40.0,
        samples,
        conversion: Conversion::Workstation,
        burned_in: false,
        lossy: Vec::new(),
        derivation: "Volume rendering".into(),
        sources: vec![ct(1)],
        spacing_mm: None,
    }
}

/// Every class this module writes.
pub(crate) fn captures() -> Vec<Capture> {
    let words = |count| (0..count).map(|n: u16| n.wrapping_mul(4099)).collect();
    let mut all = Vec::new();
    for frames in [1, 4] {
        let pixels = 15 * frames as usize;
        all.push(capture(Samples::Grey8(samples(pixels)), frames));
        all.push(capture(Samples::Grey16(words(pixels as u16)), frames));
        all.push(Capture {
            lossy: vec![(LossyMethod::H264, 24.5), (LossyMethod::Jpeg, 8.0)],
            burned_in: true,
            conversion: Conversion::Synthetic,
            ..capture(Samples::Rgb(samples(pixels * 3)), frames)
        });
    }
    all.push(Capture { spacing_mm: Some([0.5, 0.25]), ..capture(Samples::Grey8(samples(15)), 1) });
    all
}
