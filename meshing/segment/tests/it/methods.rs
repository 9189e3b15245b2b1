//! All methods on what is degenerate, cancelled, and on other numbers of threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};

use meshing_phantom::{Phantom, Sampling};
use meshing_segment::{Inputs, METHODS, Method, Outcome, Params, Seed, SegmentError, run_with};
use meshing_space::{Point, Transform};
use meshing_volume::{Grid, LabelMap, Progress, Silent, Told as _, Volume, VolumeMeta, Voxels};

fn ct() -> VolumeMeta {
    VolumeMeta { modality: "CT".to_owned(), unit: "HU".to_owned(), ..VolumeMeta::default() }
}

/// A method with as much as it takes: seeds of several labels, masks.
fn run(
    method: &Method,
    volume: &Volume,
    seeds: &[Seed],
    progress: &dyn Progress,
) -> Result<Outcome, SegmentError> {
    let params = Params::new();
    // All but the last voxel, and every other one.
    let count = volume.grid().len();
    let made = |labels| LabelMap::new(*volume.grid(), labels).expect("a label for each voxel");
    let all = made((0..count).map(|n| u8::from(n + 1 < count || n == 0)).collect());
    let some = made((0..count).map(|n| u8::from(n % 2 == 0)).collect());
    let seeds = if method.needs.seeds.is_some() { seeds } else { &[] };
    let [least, most] = method.needs.masks;
    let masks = &[&all, &some][..if count == 1 { most.min(2) } else { least }];
    run_with(method, &Inputs { masks, ..Inputs::new(volume, &params).with_seeds(seeds) }, progress)
}

/// What must hold of every outcome.
fn is_sound(method: &Method, volume: &Volume, result: &Result<Outcome, SegmentError>) {
    match result {
        Ok(outcome) => {
            assert!(outcome.mask.labels().iter().all(|&label| label <= 1), "{}", method.id);
            assert_eq!(outcome.mask.grid(), volume.grid(), "{}", method.id);
            assert_eq!(outcome.voxels, outcome.mask.count(1), "{}", method.id);
            let levels = outcome.params.iter().map(|(_, value)| value).chain(outcome.level);
            assert!(levels.into_iter().all(f64::is_finite), "{}: {:?}", method.id, outcome.params);
        }
        Err(error) => {
            let said = error.words();
            assert!(!said.en.is_empty() && said.zh.chars().any(|c| c >= '\u{4E00}'), "{said:?}");
        }
    }
}

#[test]
fn degenerate_volumes_end_in_a_mask_or_a_refusal() {
    let grid = |size: [usize; 3]| Grid::axis_aligned(size, Point::origin(), [1.0, 1.5, 2.0]).expect("grid");
    let seeds = |size: [usize; 3]| {
        let corner = |n: usize| (size[n] - 1) as f64 * [1.0, 1.5, 2.0][n];
        // On the border, twice at one place, with labels at both ends.
        let far = Point::new(corner(0), corner(1), corner(2));
        [(Point::origin(), 1), (Point::origin(), 1), (far, 2), (far, 0), (far, 255)]
            .map(|(at, label)| Seed { at, label })
    };
    for size in [[1, 1, 1], [7, 1, 1], [1, 6, 1], [1, 1, 5], [9, 8, 1], [6, 7, 8]] {
        let count = size.iter().product::<usize>();
        let noise = |n: usize| (n * 7919 % 2003) as f32 - 1000.0;
        let kinds: [(&str, Voxels); 7] = [
            ("one value", Voxels::I16(vec![0; count])),
            ("ends of the range", Voxels::I16((0..count).map(|n| [i16::MIN, i16::MAX][n % 2]).collect())),
            ("noise", Voxels::F32((0..count).map(noise).collect())),
            ("no number", Voxels::F32(vec![f32::NAN; count])),
            ("infinite", Voxels::F32(vec![f32::INFINITY; count])),
            (
                "few numbers",
                Voxels::F32((0..count).map(|n| if n % 3 > 0 { f32::NAN } else { noise(n) }).collect()),
            ),
            ("huge", Voxels::F32((0..count).map(|n| [f32::MAX, f32::MIN, 0.0][n % 3]).collect())),
        ];
        for (kind, voxels) in kinds {
            let volume = Volume::new(grid(size), voxels, ct()).expect("volume");
            for method in METHODS {
                println!("{} {size:?} {kind}", method.id);
                for few in [0, 1, 2, 3, 5] {
                    let result = run(method, &volume, &seeds(size)[..few], &Silent);
                    is_sound(method, &volume, &result);
                }
                let lost = [Seed { at: Point::new(f64::NAN, 0.0, 0.0), label: 1 }; 3];
                let refused = run(method, &volume, &lost, &Silent);
                assert!(
                    method.needs.seeds.is_none() || matches!(refused, Err(SegmentError::SeedOutside { .. })),
                    "{}",
                    method.id
                );
            }
        }
    }
}

/// A method on the torso, with seeds where it cannot do without.
fn run_on_torso(method: &Method, progress: &dyn Progress) -> Result<Outcome, SegmentError> {
    static TORSO: LazyLock<(Volume, [Seed; 3])> = LazyLock::new(torso);
    let (volume, seeds) = &*TORSO;
    let needed = method.needs.seeds.is_some_and(|least| least > 0);
    run(method, volume, if needed { seeds } else { &[] }, progress)
}

fn torso() -> (Volume, [Seed; 3]) {
    let phantom = Phantom::torso();
    let grid = phantom.grid([5.0, 5.0, 6.0], Transform::identity());
    let sampling = Sampling { noise_hu: 10.0, per_axis: 2, seed: 1 };
    let volume = phantom.volume_with(&grid, &sampling, &Silent).expect("made");
    let seed = |x: f64, y: f64, z: f64, label: u8| Seed { at: Point::new(x, y, z), label };
    // A third, so that they make an outline.
    (volume, [seed(0.0, 5.0, 100.0, 1), seed(-48.0, -8.0, -50.0, 2), seed(48.0, -8.0, -50.0, 2)])
}

/// Stops after a number of reports; these must not go back.
struct After(usize, AtomicUsize, Mutex<f32>);

impl Progress for After {
    fn report(&self, fraction: f32) {
        let mut last = self.2.lock().expect("not poisoned");
        assert!((*last..=1.0).contains(&fraction), "from {last} to {fraction}");
        *last = fraction;
        self.1.fetch_add(1, Ordering::Relaxed);
    }
    fn cancelled(&self) -> bool {
        self.1.load(Ordering::Relaxed) > self.0
    }
}

#[test]
fn progress_only_grows_and_every_report_may_be_the_last() {
    for method in METHODS {
        let all = After(usize::MAX, AtomicUsize::new(0), Mutex::new(0.0));
        let made = run_on_torso(method, &all);
        // A torso has no brain and no colon with air in it; that shows only after most of the work.
        let refused = matches!(made, Err(SegmentError::Nothing { .. }));
        assert!(made.is_ok() || refused, "{}: {made:?}", method.id);
        let reports = all.1.load(Ordering::Relaxed);
        // Every method says something on its way, and stops there.
        assert!(reports >= 3, "{}: {reports}", method.id);
        for stop in [0, reports / 2, reports - 1] {
            let early = After(stop, AtomicUsize::new(0), Mutex::new(0.0));
            let cancelled = run_on_torso(method, &early);
            assert!(matches!(cancelled, Err(SegmentError::Cancelled(_))), "{} at {stop}", method.id);
        }
    }
}

#[test]
fn masks_are_the_same_on_any_number_of_threads() {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| METHODS.iter().map(|method| run_on_torso(method, &Silent)).collect::<Vec<_>>())
    };
    let alone = on(1);
    for ((method, a), b) in METHODS.iter().zip(&alone).zip(on(3)) {
        assert!(*a == b, "{}", method.id);
    }
}
