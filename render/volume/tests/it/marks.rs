//! What is laid over a picture is drawn as its twin draws it.

use std::sync::Arc;

use image::{Rgba, RgbaImage};
use meshing_space::Vector;
use meshing_volume::Language;
use render_volume::{
    Camera, FigureMap, FontError, Label, MarkLine, MarkPainter, MarkedView, Marks, SlicePlane, StampError,
    Target, Viewport, twin,
};

use crate::common::*;

/// Steps of 255: letters are filtered and blended on 8 bits, with their dark edge nine times.
const MEAN: f64 = 0.05;
const MOST: u8 = 3;
const SIZE: [u32; 2] = [300, 220];

fn font() -> Arc<[u8]> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../assets/fonts/NotoSansSC-Theatron.otf");
    std::fs::read(path).unwrap().into()
}

fn backdrop() -> RgbaImage {
    RgbaImage::from_fn(SIZE[0], SIZE[1], |x, y| {
        Rgba([(x * 255 / SIZE[0]) as u8, (y * 255 / SIZE[1]) as u8, 90, 255])
    })
}

fn camera() -> Camera {
    let mut camera = askew();
    camera.zoom(0.7);
    camera
}

fn everything() -> Marks {
    let label = |en: &str, zh: &str, at: [f64; 3], colour| {
        Label::new(centre() + Vector::from_array(at), (en, zh), colour)
    };
    Marks {
        upper_left: vec![MarkLine::plain(("Bone, from the front", "骨骼，前面观"))],
        upper_right: vec![MarkLine::plain("Phantom 7")],
        lower_left: vec![MarkLine::caution(("NOT FOR CLINICAL USE", "不得用于临床"))],
        lower_right: vec![MarkLine::plain(("half the resolution", "一半分辨率"))],
        cube: true,
        legend: Some(FigureMap { what: "mm".into(), range: 2.5 }),
        labels: vec![
            label("entry point", "入点", [-6.0, 0.0, 4.0], [255, 200, 0]),
            label("tumour", "肿瘤", [5.0, 0.0, -3.0], [90, 220, 120]),
        ],
        text_px: 13.0,
        ..Marks::default()
    }
}

#[test]
fn marks_of_a_view_and_of_a_slice_are_near_their_twin_in_both_languages() {
    let mut painter = MarkPainter::for_pictures(gpu(), font()).unwrap();
    let plane = SlicePlane::axial(&oblique_grid(), centre());
    for (language, view) in [
        (Language::English, MarkedView::camera(&camera(), SIZE)),
        (Language::Chinese, MarkedView::camera(&camera().orthographic(), SIZE)),
        (Language::Chinese, MarkedView::Slice(plane)),
    ] {
        let marks = Marks { language, ..everything() };
        let (mut drawn, mut exact) = (backdrop(), backdrop());
        let left_out = painter.stamp(&mut drawn, &view, &marks).unwrap();
        assert_eq!(left_out, twin::marks(&mut exact, &view, &marks, font()).unwrap());
        let (mean, most) = difference(&drawn, &exact);
        eprintln!("marks: mean {mean:.4}, most {most}");
        assert!(mean <= MEAN && most <= MOST, "marks are off by {mean:.4} on average and {most} at most");
        assert!(difference(&drawn, &backdrop()).0 > 3.0, "hardly anything was drawn");
    }
}

#[test]
fn swapped_letters_and_a_moved_label_break_the_bound() {
    let mut painter = MarkPainter::for_pictures(gpu(), font()).unwrap();
    let view = MarkedView::camera(&camera(), SIZE);
    let mut drawn = backdrop();
    painter.stamp(&mut drawn, &view, &everything()).unwrap();
    let twin = |view: &MarkedView, marks: &Marks| {
        let mut exact = backdrop();
        twin::marks(&mut exact, view, marks, font()).unwrap();
        difference(&drawn, &exact)
    };
    let mut other = camera();
    other.orbit(std::f64::consts::PI, 0.0);
    let (mean, most) = twin(&MarkedView::camera(&other, SIZE), &Marks { labels: vec![], ..everything() });
    assert!(mean > 10.0 * MEAN && most > 100, "the other side's letters went unseen: {mean} {most}");
    let mut moved = everything();
    moved.labels[0].at += Vector::new(1.0, 0.0, 0.0);
    let (mean, most) = twin(&view, &moved);
    assert!(mean > 5.0 * MEAN && most > 100, "a label 1 mm off went unseen: {mean} {most}");
}

#[test]
fn marks_stay_in_their_viewport_and_what_cannot_be_marked_is_refused() {
    let texture = gpu().device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d { width: 2 * SIZE[0], height: SIZE[1], depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8UnormSrgb,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    });
    let whole = texture.create_view(&wgpu::TextureViewDescriptor::default());
    let mut painter = MarkPainter::for_pictures(gpu(), font()).unwrap();
    let mut encoder = gpu().device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let part = Viewport { x: SIZE[0], y: 0, width: SIZE[0], height: SIZE[1] };
    let target = Target {
        colour: &whole,
        depth: &whole,
        size: [2 * SIZE[0], SIZE[1]],
        viewport: Some(part),
        clear: None,
    };
    let view = MarkedView::camera(&camera(), SIZE);
    painter.draw(&mut encoder, &target, &view, &everything());
    gpu().queue.submit([encoder.finish()]);
    let both = render_gpu::read_rgba(gpu(), &texture).unwrap();
    let both = RgbaImage::from_raw(2 * SIZE[0], SIZE[1], both.bytes).unwrap();
    let half = |x| image::imageops::crop_imm(&both, x, 0, SIZE[0], SIZE[1]).to_image();
    assert!(half(0).pixels().all(|p| p.0 == [0; 4]), "the other half is untouched");
    let mut alone = RgbaImage::from_pixel(SIZE[0], SIZE[1], Rgba([0, 0, 0, 255]));
    painter.stamp(&mut alone, &view, &everything()).unwrap();
    let (right, alone) = (half(SIZE[0]), alone);
    let apart = right.pixels().zip(alone.pixels()).any(|(a, b)| (0..3).any(|c| a[c].abs_diff(b[c]) > MOST));
    assert!(!apart, "a viewport's marks are those of a picture of its own");

    let mut settled = everything();
    painter.settle(&view, SIZE, &mut settled);
    assert!(settled.labels.iter().all(|l| l.offset_px.is_some()));
    let mut again = RgbaImage::from_pixel(SIZE[0], SIZE[1], Rgba([0, 0, 0, 255]));
    painter.stamp(&mut again, &view, &settled).unwrap();
    assert!(again == alone, "what is settled stands where it stood");

    assert_eq!(MarkPainter::for_pictures(gpu(), &b"none"[..]).unwrap_err(), FontError::NoFont);
    let mut other = MarkPainter::new(gpu(), wgpu::TextureFormat::Rgba16Float, font()).unwrap();
    let refused = other.stamp(&mut backdrop(), &view, &everything()).unwrap_err();
    assert!(matches!(refused, StampError::Format(_)));
    let refused = painter.stamp(&mut RgbaImage::new(0, 4), &view, &everything()).unwrap_err();
    assert!(matches!(refused, StampError::Size { .. }));
}
