//! ONNX Runtime where it is, and clear words where it is not.

use std::path::Path;

use app_infer::{LIBRARY_VARIABLE, Runtime, RuntimeError};
use meshing_segment::models::{Model, ModelError};
use meshing_space::Point;
use meshing_volume::{Grid, Silent, Told as _, Volume, VolumeMeta, Voxels};

const CARD: &str = include_str!("../../../../assets/models/fixture.toml");
const ONNX: &[u8] = include_bytes!("../../../../assets/models/fixture.onnx");

#[test]
fn a_library_that_is_missing_or_none_is_told_clearly() {
    let missing = Runtime::load(Some(Path::new("/nowhere/libonnxruntime.so"))).expect_err("missing");
    assert!(matches!(missing, RuntimeError::Missing(_)));
    assert!(
        missing.to_string().contains("/nowhere/libonnxruntime.so") && missing.chinese().contains("/nowhere")
    );
    // A folder, and a file that is no library.
    assert!(matches!(Runtime::load(Some(Path::new("/"))), Err(RuntimeError::Missing(_))));
    let text = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let none = Runtime::load(Some(&text)).expect_err("no library");
    assert!(
        matches!(none, RuntimeError::Unusable { .. } | RuntimeError::Other(_))
            && none.to_string().contains("ONNX Runtime"),
        "{none}"
    );
    if std::env::var_os(LIBRARY_VARIABLE).is_none() {
        assert!(matches!(Runtime::load(None), Err(RuntimeError::NotStated)));
    }
}

#[test]
fn both_engines_give_the_same_labels() {
    if std::env::var_os(LIBRARY_VARIABLE).is_none() {
        eprintln!(
            "SKIPPED: {LIBRARY_VARIABLE} names no ONNX Runtime; only the built-in engine is tested here"
        );
        return;
    }
    let runtime = Runtime::load(None).expect("the library that is named");
    assert!(std::ptr::eq(runtime, Runtime::load(Some(runtime.path())).expect("the same")));
    let grid = Grid::axis_aligned([48, 40, 30], Point::origin(), [1.7, 1.9, 2.6]).expect("grid");
    let value = |n: usize| {
        let [i, j, k] = [n % 48, n / 48 % 40, n / 1920].map(|x| x as i64);
        let within = |m: [i64; 3], r: i64| {
            let [x, y, z] = [i - m[0], j - m[1], (k - m[2]) * 3 / 2];
            x * x + y * y + z * z <= r * r
        };
        match () {
            () if within([16, 14, 17], 8) => -480,
            () if within([32, 24, 12], 9) => 320,
            () => 20,
        }
    };
    let meta = VolumeMeta { modality: "CT".to_owned(), ..VolumeMeta::default() };
    let volume = Volume::new(grid, Voxels::I16((0..grid.len()).map(value).collect()), meta).expect("volume");
    let (ours, _) = Model::load(CARD, ONNX).expect("rten").segment(&volume, &Silent).expect("labels");
    let model = runtime.model(CARD, ONNX).expect("ONNX Runtime");
    let (theirs, report) = model.segment(&volume, &Silent).expect("labels");
    assert_eq!(report.engine, "ONNX Runtime");
    assert!(ours.count(1) > 500 && ours.count(2) > 500);
    let differ = ours.labels().iter().zip(theirs.labels()).filter(|(a, b)| a != b).count();
    assert!(differ <= 2, "{differ} voxels differ");
    // The same refusals.
    assert!(matches!(runtime.model(CARD, &ONNX[1..]), Err(ModelError::Hash { .. })));
    let named = CARD.replace("\"image\"", "\"picture\"");
    assert!(matches!(runtime.model(&named, ONNX), Err(ModelError::Network(_))));
    assert!(runtime.network(b"no network", None, None).is_err());
}
