//! Models by card: the test model on phantoms whose labels are known.

use std::sync::atomic::{AtomicUsize, Ordering};

use meshing_segment::NetworkError;
use meshing_segment::models::{Card, CardError, Model, ModelError, Network, Tensor};
use meshing_space::{Lps, Point, Vector};
use meshing_volume::{Grid, LabelMap, Progress, Silent, Volume, VolumeMeta, Voxels};

const CARD: &str = include_str!("../../../../assets/models/fixture.toml");
const ONNX: &[u8] = include_bytes!("../../../../assets/models/fixture.onnx");

fn ct() -> VolumeMeta {
    VolumeMeta { modality: "CT".to_owned(), unit: "HU".to_owned(), ..VolumeMeta::default() }
}

fn model(card: &str) -> Model {
    Model::load(card, ONNX).expect("the fixture")
}

/// An ellipsoid in patient space.
struct Ellipsoid {
    middle: Point<Lps>,
    radii: [f64; 3],
}

impl Ellipsoid {
    fn holds(&self, p: Point<Lps>) -> bool {
        let away = (p - self.middle).to_array();
        away.iter().zip(self.radii).map(|(x, r)| (x / r) * (x / r)).sum::<f64>() <= 1.0
    }
}

/// A body of 20 HU in what was never measured (0), with two parts of 320 and -480 HU, none of them symmetric to any axis.
struct Phantom {
    body: Ellipsoid,
    bright: Ellipsoid,
    dark: Ellipsoid,
}

impl Phantom {
    fn new(middle: Point<Lps>) -> Self {
        let at = |x, y, z, radii| Ellipsoid { middle: middle + Vector::new(x, y, z), radii };
        Self {
            body: at(0.0, 0.0, 0.0, [40.0, 38.0, 41.0]),
            bright: at(14.0, 9.0, -12.0, [18.0, 17.0, 20.0]),
            dark: at(-12.0, -8.0, 12.0, [18.0, 20.0, 19.0]),
        }
    }

    fn value(&self, p: Point<Lps>) -> f64 {
        if self.dark.holds(p) {
            -480.0
        } else if self.bright.holds(p) {
            320.0
        } else if self.body.holds(p) {
            20.0
        } else {
            0.0
        }
    }

    /// Each voxel the mean of 4³ points in it, as a scanner has it.
    fn volume(&self, grid: Grid) -> Volume {
        let [si, sj, _] = grid.size();
        let inside = |t: usize| (t as f64 + 0.5) / 4.0 - 0.5;
        let value = |n: usize| {
            let [i, j, k] = [n % si, n / si % sj, n / (si * sj)].map(|x| x as f64);
            let points = (0..64).map(|t| {
                let at = [i + inside(t % 4), j + inside(t / 4 % 4), k + inside(t / 16)];
                self.value(grid.lps_from_ijk() * Point::from_array(at))
            });
            (points.sum::<f64>() / 64.0).round() as i16
        };
        Volume::new(grid, Voxels::I16((0..grid.len()).map(value).collect()), ct()).expect("volume")
    }

    /// The labels that the test model must give where its answer at a point is what lies `from` away.
    fn truth(&self, grid: &Grid, from: Vector<Lps>) -> LabelMap {
        let [si, sj, _] = grid.size();
        let label = |n: usize| {
            let at = [n % si, n / si % sj, n / (si * sj)].map(|x| x as f64);
            let p = grid.lps_from_ijk() * Point::from_array(at);
            if self.dark.holds(p + from) { 2 } else { u8::from(self.value(p) > 170.0) }
        };
        LabelMap::new(*grid, (0..grid.len()).map(label).collect()).expect("labels")
    }
}

fn dice(a: &LabelMap, b: &LabelMap, label: u8) -> f64 {
    let both = a.labels().iter().zip(b.labels()).filter(|(a, b)| **a == label && **b == label).count();
    2.0 * both as f64 / (a.count(label) + b.count(label)) as f64
}

fn centroid(map: &LabelMap, label: u8) -> [f64; 3] {
    let [si, sj, _] = map.grid().size();
    let mut sum = [0.0; 4];
    for (n, _) in map.labels().iter().enumerate().filter(|(_, l)| **l == label) {
        let at = [n % si, n / si % sj, n / (si * sj), 1];
        sum.iter_mut().zip(at).for_each(|(sum, x)| *sum += x as f64);
    }
    [sum[0] / sum[3], sum[1] / sum[3], sum[2] / sum[3]]
}

/// Directions of i, j, k from letters, turned about an oblique axis.
fn turned(letters: &str, radians: f64) -> [Vector<Lps>; 3] {
    let (sin, cos) = radians.sin_cos();
    let turn = |v: Vector<Lps>| {
        let [x, y, z] = v.to_array();
        let (x, y) = (x * cos - y * sin, x * sin + y * cos);
        let (y, z) = (y * cos - z * sin, y * sin + z * cos);
        Vector::new(x, y, z)
    };
    let letters: Vec<char> = letters.chars().collect();
    core::array::from_fn(|n| {
        turn(match letters[n] {
            'L' => Vector::new(1.0, 0.0, 0.0),
            'R' => Vector::new(-1.0, 0.0, 0.0),
            'P' => Vector::new(0.0, 1.0, 0.0),
            'A' => Vector::new(0.0, -1.0, 0.0),
            'S' => Vector::new(0.0, 0.0, 1.0),
            _ => Vector::new(0.0, 0.0, -1.0),
        })
    })
}

/// A grid of some orientation around a middle.
fn grid(size: [usize; 3], letters: &str, radians: f64, spacing: [f64; 3], middle: Point<Lps>) -> Grid {
    let axes = turned(letters, radians);
    let mut origin = middle;
    for n in 0..3 {
        origin += axes[n] * (-(size[n] as f64 - 1.0) / 2.0 * spacing[n]);
    }
    Grid::new(size, origin, axes, spacing).expect("grid")
}

/// Where the test model looks: one voxel of its grid left, two back, three up, along the volume's own axes.
fn looks(radians: f64, spacing_mm: [f64; 3]) -> Vector<Lps> {
    let [left, back, up] = turned("LPS", radians);
    left * spacing_mm[0] + back * (2.0 * spacing_mm[1]) + up * (3.0 * spacing_mm[2])
}

#[test]
fn labels_of_an_oblique_uneven_las_volume_lie_where_they_must() {
    let middle = Point::new(-31.0, 47.0, 112.0);
    let phantom = Phantom::new(middle);
    let cards = [
        CARD.to_owned(),
        // As MONAI's bundles: spacing first, a window, probabilities brought back; other axes and mirrored patches as well.
        CARD.replace("[resample]", "[resample]\nfirst = \"resample\"\nalign = \"centres\"")
            .replace("image_order = 3", "image_order = 1")
            .replace("output = \"logits\"\noutput_order", "output = \"prob\"\noutput_order")
            .replace("labels]]\nvalue = 1", "labels]]\nvalue = 1\nchannel = 1")
            .replace("starts = \"even\"", "starts = \"stride\"")
            .replace("\"gaussian\", sigma = 0.125", "\"gaussian_middle\", sigma = 0.125")
            .replace("kind = \"nonzero\"", "kind = \"body\"\nabove = 10.0\nmargin_mm = 6.0"),
    ];
    for (letters, size, spacing) in
        [("LAS", [104, 92, 40], [0.9, 1.0, 2.4]), ("PIL", [70, 80, 64], [1.3, 1.1, 1.6])]
    {
        let volume = phantom.volume(grid(size, letters, 0.2, spacing, middle));
        for (n, card) in cards.iter().enumerate() {
            let model = model(card);
            let (map, report) = model.segment(&volume, &Silent).expect("labels");
            let [z, y, x] = report.model_spacing_mm;
            let from = looks(0.2, [x, y, z]);
            let truth = phantom.truth(volume.grid(), from);
            for label in [1, 2] {
                let dice = dice(&map, &truth, label);
                let (is, must) = (centroid(&map, label), centroid(&truth, label));
                let off = is.iter().zip(must).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                println!("{letters} card {n} label {label}: Dice {dice:.4}, centroid {off:.3} voxel off");
                assert!(report.patches > 8 && report.model_size[2] > 32, "{report:?}");
                assert!(dice >= 0.99 && off <= 0.25, "{letters} card {n} label {label}: {dice} {off}");
            }
        }
    }
}

#[test]
fn the_way_a_volume_is_stored_changes_nothing() {
    let middle = Point::new(5.0, -3.0, 20.0);
    let axes = [["L", "R"], ["P", "A"], ["S", "I"]];
    let (size, spacing) = ([30, 28, 22], [3.1, 3.3, 4.3]);
    // Wider, so that there are fewer patches.
    let model = model(&CARD.replace("[1.5, 1.25, 2.0]", "[2.6, 2.2, 3.5]"));
    let volume = Phantom::new(middle).volume(grid(size, "LPS", 0.1, spacing, middle));
    let (first, report) = model.segment(&volume, &Silent).expect("labels");
    assert!(first.count(1) > 100 && first.count(2) > 100, "{report:?}");
    let mut count = 0;
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        for flips in 0..8_usize {
            let letters: String = order.iter().map(|&a| axes[a][flips >> a & 1]).collect();
            let stored = grid(order.map(|a| size[a]), &letters, 0.1, order.map(|a| spacing[a]), middle);
            // The place in the order L, P, S of a voxel as it is stored.
            let [si, sj, _] = stored.size();
            let place = |n: usize| {
                let at = [n % si, n / si % sj, n / (si * sj)];
                let mut lps = [0; 3];
                for (&a, x) in order.iter().zip(at) {
                    lps[a] = if flips >> a & 1 == 1 { size[a] - 1 - x } else { x };
                }
                volume.grid().index(lps[0], lps[1], lps[2])
            };
            let values = (0..stored.len()).map(|n| volume.value_at(place(n)) as i16).collect();
            let turned = Volume::new(stored, Voxels::I16(values), ct()).expect("volume");
            let (map, other) = model.segment(&turned, &Silent).expect("labels");
            let same = map.labels().iter().enumerate().all(|(n, &l)| l == first.labels()[place(n)]);
            assert!(same && other.patches == report.patches, "{letters}");
            for (n, &a) in order.iter().enumerate() {
                let is = report.region[a].clone();
                let turned = if flips >> a & 1 == 1 { size[a] - is.end..size[a] - is.start } else { is };
                assert_eq!(other.region[n], turned, "{letters}");
            }
            count += 1;
        }
    }
    assert_eq!(count, 48);
}

#[test]
fn refusals_say_what_is_wrong() {
    let refused = |card: &str, onnx: &[u8]| Model::load(card, onnx).expect_err("refused").to_string();
    let mut other = ONNX.to_vec();
    other[100] ^= 1;
    assert!(refused(CARD, &other).contains("SHA-256"));
    for (from, to, says) in [
        ("id = ", "colour_of_eyes = 1\nid = ", "colour_of_eyes"),
        ("step = 0.5", "step = 0.5\nstpe = 1", "stpe"),
        ("std = 500.0", "std = 500.0, sdt = 1.0", "sdt"),
        ("licence = ", "# licence = ", "licence"),
        ("\"RAS\"", "\"RAR\"", "input.orientation"),
        ("\"zyx\"", "\"zyy\"", "input.axis_order"),
        ("[1.5, 1.25, 2.0]", "[1.5, 0.0, 2.0]", "spacing_mm"),
        ("[1.5, 1.25, 2.0]", "\"natve\"", "native"),
        ("[24, 40, 32]", "[100000, 100000, 100000]", "tiles.patch"),
        ("step = 0.5", "step = 0.0", "tiles.step"),
        ("std = 500.0", "std = 0.0", "std"),
        ("value = 2\n", "value = 1\n", "labels.value"),
        ("value = 2\n", "value = 0\n", "labels.value"),
        ("value = 2\n", "value = 256\n", "256"),
        ("\"fixture.onnx\"", "\"../fixture.onnx\"", "file"),
        ("order_z = 0", "order_z = 3", "order_z"),
        ("\"image\"", "\"picture\"", "picture"),
    ] {
        assert!(CARD.contains(from), "{from}");
        let said = refused(&CARD.replacen(from, to, 1), ONNX);
        assert!(said.contains(says), "{from} to {to}: {said}");
    }
    assert!(matches!(Model::load("id = ", ONNX), Err(ModelError::Card(CardError::Text(_)))));
    let small = Grid::axis_aligned([8, 8, 8], Point::origin(), [1.0; 3]).expect("grid");
    let image =
        |values: Vec<i16>, meta: VolumeMeta| Volume::new(small, Voxels::I16(values), meta).expect("volume");
    let model = model(CARD);
    let mr = VolumeMeta { modality: "MR".to_owned(), ..VolumeMeta::default() };
    assert!(matches!(model.segment(&image(vec![0; 512], mr), &Silent), Err(ModelError::Modality { .. })));
    assert!(matches!(model.segment(&image(vec![0; 512], ct()), &Silent), Err(ModelError::Empty(_))));
    let one = image(vec![1; 512], ct());
    assert!(matches!(model.segment_channels(&[&one, &one], &Silent), Err(ModelError::Channels { .. })));
    assert!(matches!(model.segment_channels(&[], &Silent), Err(ModelError::Channels { .. })));
    // 40 m of image at 0.05 mm.
    let wide = Grid::axis_aligned([8, 8, 8], Point::origin(), [5000.0; 3]).expect("grid");
    let wide = Volume::new(wide, Voxels::I16(vec![1; 512]), ct()).expect("volume");
    assert!(matches!(model.segment(&wide, &Silent), Err(ModelError::TooLarge { .. })));
    let more = CARD.to_owned() + "\n[[labels]]\nvalue = 3\nname = \"none\"\n";
    let many = Model::load(&more, ONNX).expect("a card");
    assert!(matches!(many.segment(&one, &Silent), Err(ModelError::Shape { .. })));
}

#[test]
fn a_run_is_cancelled_between_patches_and_progress_only_grows() {
    struct After(usize, AtomicUsize, AtomicUsize);
    impl Progress for After {
        fn report(&self, fraction: f32) {
            let now = (fraction * 1e6) as usize;
            assert!(self.2.swap(now, Ordering::Relaxed) <= now, "progress goes back to {fraction}");
            self.1.fetch_add(1, Ordering::Relaxed);
        }
        fn cancelled(&self) -> bool {
            self.1.load(Ordering::Relaxed) > self.0
        }
    }
    let middle = Point::origin();
    let volume = Phantom::new(middle).volume(grid([40, 38, 30], "LPS", 0.0, [2.3, 2.3, 3.0], middle));
    let model = model(CARD);
    let all = After(usize::MAX, AtomicUsize::new(0), AtomicUsize::new(0));
    let (_, report) = model.segment(&volume, &all).expect("labels");
    assert!(all.1.load(Ordering::Relaxed) >= report.patches);
    assert_eq!(all.2.load(Ordering::Relaxed), 1_000_000);
    let early = After(10, AtomicUsize::new(0), AtomicUsize::new(0));
    assert!(matches!(model.segment(&volume, &early), Err(ModelError::Cancelled(_))));
}

#[test]
fn the_card_knows_whether_its_answer_is_right_on_this_machine() {
    let [si, sj, sk] = [40, 36, 20];
    let grid = Grid::axis_aligned([si, sj, sk], Point::origin(), [1.5, 1.5, 3.0]).expect("grid");
    let value = |n: usize| {
        let at = [n % si, n / si % sj, n / (si * sj)].map(|x| x as i64);
        let within = |m: [i64; 3], r: i64| {
            let [x, y, z] = [at[0] - m[0], at[1] - m[1], (at[2] - m[2]) * 2];
            x * x + y * y + z * z <= r * r
        };
        match () {
            () if within([12, 14, 12], 6) => -480,
            () if within([26, 20, 8], 7) => 320,
            () if within([20, 18, 10], 17) => 20,
            () => 0,
        }
    };
    let values: Vec<i16> = (0..grid.len()).map(value).collect();
    let volume = |values: Vec<i16>| Volume::new(grid, Voxels::I16(values), ct()).expect("volume");
    let (_, report) = model(CARD).segment(&volume(values.clone()), &Silent).expect("labels");
    assert_eq!(report.as_expected, Some(true), "{report:?}");
    let wrong = CARD.replace("labels_sha256 = \"", "labels_sha256 = \"0");
    let line = wrong.lines().find(|line| line.starts_with("labels_sha256")).expect("expected");
    let wrong = wrong.replace(line, &format!("{}\"", &line[..line.len() - 2]));
    let (_, report) = model(&wrong).segment(&volume(values.clone()), &Silent).expect("labels");
    assert_eq!(report.as_expected, Some(false));
    let mut other = values;
    other[0] = 1;
    let (_, report) = model(CARD).segment(&volume(other), &Silent).expect("labels");
    assert_eq!(report.as_expected, None);
}

#[test]
fn two_thousand_damaged_cards_end_in_an_answer() {
    let mut state = 3_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let mut read = 0;
    for _ in 0..2000 {
        let mut bytes = CARD.as_bytes().to_vec();
        for _ in 0..=next(3) {
            let at = next(bytes.len());
            match next(3) {
                0 => bytes[at] = b"0123456789-.eE\"[]{}=#\n\0"[next(23)],
                1 => drop(bytes.remove(at)),
                _ => bytes.insert(at, bytes[next(bytes.len())]),
            }
        }
        read += usize::from(Card::read(&String::from_utf8_lossy(&bytes)).is_ok());
    }
    assert!((100..1900).contains(&read), "{read}");
    assert!(Card::read(&"[".repeat(1 << 17)).is_err());
    assert!(Card::read(&" ".repeat(1 << 19)).is_err());
}

/// Finds where the first channel lies more than half above the second.
#[derive(Debug)]
struct Difference;

impl Network for Difference {
    fn run(&self, input: Tensor) -> Result<Tensor, NetworkError> {
        let (first, second) = input.values.split_at(input.values.len() / 2);
        let differences = first.iter().zip(second).map(|(a, b)| a - b - 0.5);
        let values = vec![0.0; first.len()].into_iter().chain(differences).collect();
        Ok(Tensor { shape: input.shape, values })
    }
    fn engine(&self) -> String {
        "test".to_owned()
    }
}

#[test]
fn a_model_of_two_images_sees_each_with_its_own_intensities() {
    let (head, _) = CARD.split_once("[[channels]]").expect("channels");
    let head = head.replace("[1.5, 1.25, 2.0]", "\"native\"");
    let text = format!(
        "{head}[[channels]]\nname = \"T1\"\nintensity = {{ kind = \"window01\", low = 0.0, high = 100.0 }}\n\
         [[channels]]\nname = \"T2\"\nintensity = {{ kind = \"window01\", low = 0.0, high = 10.0 }}\n\
         [tiles]\npatch = [4, 8, 8]\n[[labels]]\nvalue = 7\nchannel = 1\nname = \"more\"\n"
    );
    let model = Model::with_network(Card::read(&text).expect("card"), Box::new(Difference));
    let grid = Grid::axis_aligned([11, 9, 7], Point::origin(), [1.0, 1.0, 3.0]).expect("grid");
    let image = |of: fn(usize) -> i16| {
        Volume::new(grid, Voxels::I16((0..grid.len()).map(of).collect()), ct()).expect("volume")
    };
    let (first, second) = (image(|n| (n % 101) as i16), image(|n| (n * 7 % 11) as i16));
    let (map, report) = model.segment_channels(&[&first, &second], &Silent).expect("labels");
    for (n, &label) in map.labels().iter().enumerate() {
        let more = (n % 101) as f64 / 100.0 - (n * 7 % 11) as f64 / 10.0 - 0.5;
        assert!(more.abs() < 1e-6 || (label == 7) == (more > 0.0), "voxel {n}: {label} {more}");
    }
    assert_eq!((report.found[0].voxels, report.engine.as_str()), (map.count(7), "test"));
    assert!(map.count(7) > 50);
    let other = Grid::axis_aligned([11, 9, 7], Point::origin(), [1.0, 1.0, 3.1]).expect("grid");
    let other = Volume::new(other, second.voxels().clone(), ct()).expect("volume");
    assert!(matches!(
        model.segment_channels(&[&first, &other], &Silent),
        Err(ModelError::Channels { given: 1, .. })
    ));
}
