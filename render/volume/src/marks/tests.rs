use std::sync::Arc;

use glam::{DAffine3, DMat3, DVec3};
use meshing_space::Aabb;
use meshing_volume::Grid;

use super::*;
use crate::ViewFrom;

fn letters() -> Letters {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/fonts/NotoSansSC-Theatron.otf");
    let bytes: Arc<[u8]> = std::fs::read(path).unwrap().into();
    Letters::new(bytes).unwrap()
}

fn camera(side: ViewFrom) -> Camera {
    let bounds = Aabb { min: Point::new(-100.0, -80.0, 900.0), max: Point::new(100.0, 120.0, 1100.0) };
    Camera::looking_from(side, &bounds)
}

/// The face in the middle of the cube of a view.
fn facing(view: &MarkedView) -> char {
    let faces = cube::faces(view.axes());
    faces.iter().max_by(|a, b| a.towards.total_cmp(&b.towards)).unwrap().letter
}

const SIZE: [u32; 2] = [320, 240];

#[test]
fn the_cube_shows_the_side_from_which_each_camera_looks() {
    let letters = [
        (ViewFrom::Anterior, 'A'),
        (ViewFrom::Posterior, 'P'),
        (ViewFrom::Left, 'L'),
        (ViewFrom::Right, 'R'),
        (ViewFrom::Superior, 'S'),
        (ViewFrom::Inferior, 'I'),
    ];
    for (side, letter) in letters {
        let view = MarkedView::camera(&camera(side), SIZE);
        assert_eq!(facing(&view), letter, "{side:?}");
        assert_eq!(cube::faces(view.axes()).len(), 1, "face on, one face is seen");
    }
    let grid = Grid::axis_aligned([20, 30, 40], Point::new(-7.0, 5.0, 100.0), [0.5, 0.5, 1.25]).unwrap();
    let slice = |plane| facing(&MarkedView::Slice(plane));
    assert_eq!(slice(SlicePlane::axial(&grid, grid.center())), 'I', "axial slices are seen from the feet");
    assert_eq!(slice(SlicePlane::coronal(&grid, grid.center())), 'A');
    assert_eq!(slice(SlicePlane::sagittal(&grid, grid.center())), 'L');
}

#[test]
fn an_oblique_cube_shows_three_faces_on_the_sides_that_the_edges_name() {
    let mut turned = camera(ViewFrom::Anterior);
    turned.orbit(0.6, 0.5);
    let view = MarkedView::camera(&turned, SIZE);
    let faces = cube::faces(view.axes());
    let of = |letter: char| faces.iter().find(|f| f.letter == letter).map(|f| f.middle);
    assert_eq!(faces.len(), 3);
    // from the front and the patient's left, above: L at the right, S at the top
    assert!(of('L').unwrap()[0] > 0.3 && of('S').unwrap()[1] < -0.3 && of('A').is_some());
    assert!(of('R').is_none() && of('P').is_none() && of('I').is_none());
}

#[test]
fn a_mirrored_view_swaps_left_and_right_and_its_letters_still_read() {
    let view = camera(ViewFrom::Anterior).matrices(4.0 / 3.0);
    let mirror = DAffine3::from_mat3(DMat3::from_diagonal(DVec3::new(-1.0, 1.0, 1.0)));
    let mirrored = ViewMatrices { view_from_lps: mirror * view.view_from_lps, ..view };
    let target = Point::new(0.0, 20.0, 1000.0);
    let [plain, mirrored] = [view, mirrored].map(|v| MarkedView::Eye(v, target));
    assert_eq!([plain.edges().left, plain.edges().right], ["R", "L"]);
    assert_eq!([mirrored.edges().left, mirrored.edges().right], ["L", "R"]);
    assert_eq!([plain.edges().top, mirrored.edges().top], ["S", "S"]);
    // a point at the patient's left is where the letter says
    let left = target + Vector::new(30.0, 0.0, 0.0);
    let x = |view: &MarkedView| view.pixel(left, SIZE).unwrap()[0];
    assert!(x(&plain) > 160.0 && x(&mirrored) < 160.0);
    for face in cube::faces(mirrored.axes()) {
        let reads = face.right[0] * -face.up[1] + face.right[1] * face.up[0];
        assert!(reads > 0.0, "{} is mirror writing", face.letter);
    }
}

#[test]
fn bars_have_round_lengths_that_fit() {
    for (most, mm) in
        [(1.0, 1.0), (1.99, 1.0), (2.0, 2.0), (49.0, 20.0), (50.0, 50.0), (0.3, 0.2), (999.0, 500.0)]
    {
        let length = scale::round_length(most).unwrap();
        assert!((length - mm).abs() < 1e-9, "{length} for {most}");
    }
    assert_eq!([scale::round_length(0.0), scale::round_length(f64::NAN)], [None, None]);
    assert_eq!([scale::length_words(0.5), scale::length_words(20.0)], ["0.5 mm", "20 mm"]);
}

#[test]
fn the_bar_is_as_long_as_two_points_that_far_apart() {
    for camera in [camera(ViewFrom::Anterior), camera(ViewFrom::Left).orthographic()] {
        let view = MarkedView::camera(&camera, SIZE);
        let (mm_per_pixel, everywhere) = view.mm_per_pixel(SIZE).unwrap();
        let across = |back: f64| {
            let [right, _, towards] = view.axes();
            let at = camera.target - towards * back;
            let [a, b] = [at, at + right * 50.0].map(|p| view.pixel(p, SIZE).unwrap()[0]);
            (b - a) * mm_per_pixel
        };
        assert!((across(0.0) - 50.0).abs() < 1e-6, "at the target: {}", across(0.0));
        assert_eq!((across(60.0) - 50.0).abs() < 1e-6, everywhere, "behind the target: {}", across(60.0));
    }
    let grid = Grid::axis_aligned([20, 30, 40], Point::new(-7.0, 5.0, 100.0), [0.5, 0.5, 1.25]).unwrap();
    let plane = SlicePlane::axial(&grid, grid.center());
    let view = MarkedView::Slice(plane);
    assert_eq!(view.mm_per_pixel([40, 60]), Some((0.25, true)), "a slice drawn at twice its size");
    assert_eq!(view.pixel(plane.lps(0.0, 0.0), [40, 60]), Some([1.0, 1.0]));
    assert_eq!(view.pixel(plane.lps(0.0, 0.0) + plane.away() * 1.5, [40, 60]), None);
}

#[test]
fn a_labels_line_begins_where_its_place_is_seen_and_words_behind_the_eye_are_not_drawn() {
    let camera = camera(ViewFrom::Anterior);
    let view = MarkedView::camera(&camera, SIZE);
    let at = camera.target + Vector::new(20.0, -10.0, 30.0);
    let label = |at| Label::new(at, ("entry", "入点"), [255, 200, 0]);
    let behind = camera.eye + (camera.eye - camera.target);
    let bare = Marks { edges: false, scale: false, ..Marks::default() };
    let drawing = |labels| Marks { labels, ..bare.clone() }.drawing(&view, SIZE, &mut letters());
    assert!(drawing(vec![label(behind)]).quads.is_empty());
    let quads = drawing(vec![label(at)]).quads;
    // the dot, a square of the label's colour, is around the place
    let yellow = ink([255, 200, 0], 1.0);
    let dot =
        quads.iter().find(|q| q.colour == yellow && (q.edges[0][0] - q.edges[1][1]).abs() < 1e-3).unwrap();
    let [x, y] = view.pixel(at, SIZE).unwrap();
    let middle = [0, 1].map(|c| f64::from(dot.corner[c] + f32::midpoint(dot.edges[0][c], dot.edges[1][c])));
    assert!((middle[0] - x).abs() < 1.0 && (middle[1] - y).abs() < 1.0, "{middle:?} for {x} {y}");
}

#[test]
fn settled_plates_stand_alike_from_their_places_in_both_eyes() {
    let camera = camera(ViewFrom::Anterior);
    let eye = |right: f64| {
        let mut view = camera.matrices(4.0 / 3.0);
        view.view_from_lps = DAffine3::from_translation(DVec3::new(-right, 0.0, 0.0)) * view.view_from_lps;
        MarkedView::Eye(view, camera.target)
    };
    let at = |x: f64, z: f64| Label::new(camera.target + Vector::new(x, 0.0, z), "landmark", [255, 200, 0]);
    let mut marks = Marks {
        labels: vec![at(-10.0, 5.0), at(10.0, 5.0), at(0.0, -8.0), at(0.0, 900.0)],
        ..Marks::default()
    };
    let drawing = marks.drawing(&eye(0.0), SIZE, &mut letters());
    assert_eq!(
        (drawing.offsets[3], drawing.left_out),
        (None, 0),
        "what is outside is not seen, and takes no room"
    );
    for (label, offset) in marks.labels.iter_mut().zip(&drawing.offsets) {
        label.offset_px = *offset;
    }
    let offsets = |right| marks.drawing(&eye(right), SIZE, &mut letters()).offsets;
    for (left, right) in offsets(-32.0).iter().zip(offsets(32.0)).take(3) {
        let ([lx, ly], [rx, ry]) = (left.unwrap(), right.unwrap());
        // plates stand on whole pixels
        assert!((lx - rx).abs() <= 1.0 && (ly - ry).abs() <= 1.0, "{left:?} {right:?}");
    }
}

#[test]
fn long_words_are_broken_and_nothing_of_a_tiny_picture_fails() {
    let mut letters = letters();
    let mut sheet = Sheet::new(&mut letters, 16.0);
    let lines = sheet.wrapped("Not for clinical use 不得用于临床诊断和治疗", 100.0);
    assert!(lines.len() > 2 && lines.iter().all(|l| sheet.width(l) <= 100.0), "{lines:?}");
    assert_eq!(lines.concat().replace(' ', ""), "Notforclinicaluse不得用于临床诊断和治疗");
    let line = || vec![MarkLine::caution(("a long sentence", "很长的一句话"))];
    let marks = Marks {
        upper_left: line(),
        upper_right: line(),
        lower_left: line(),
        lower_right: line(),
        cube: true,
        legend: Some(FigureMap { what: "mm".into(), range: 2.0 }),
        labels: vec![Label::new(Point::new(0.0, 20.0, 1000.0), "x", [0; 3])],
        ..Marks::default()
    };
    for size in [[1, 1], [3, 2], [40, 9], [9, 400]] {
        let view = MarkedView::camera(&camera(ViewFrom::Left), size);
        let drawing = marks.drawing(&view, size, &mut letters);
        assert!(drawing.quads.iter().flat_map(|q| q.corner).all(f32::is_finite));
    }
}
