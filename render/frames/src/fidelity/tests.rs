use super::*;
use crate::TileSender;

/// Numbers that are the same each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 11) as usize) % n
    }
}

/// Small tiles keep 10⁵ of them fast: 64 × 12 and 36 × 12 pixels.
const SIZE: [u32; 2] = [100, 12];

/// One of a few pictures, so that tiles are the same again by chance, as they are where nothing changed.
fn picture(of: u64) -> RgbaImage {
    RgbaImage::from_fn(SIZE[0], SIZE[1], |x, _| {
        let left = of % 4 * 60;
        let right = of / 4 % 3 * 60;
        image::Rgba([if x < 64 { left } else { right } as u8, x as u8, 9, 255])
    })
}

fn scene(change: u64) -> SceneHash {
    SceneHash::of(change, b"state")
}

/// An edge that draws, a link that does everything wrong, and a viewer.
struct Lab {
    dice: Dice,
    viewer: FidelityMachine,
    /// Changes made by the viewer.
    changes: u64,
    frames: u64,
    sender: TileSender,
    /// What was drawn in full, by frame: for which scene, and its pixels.
    drawn: BTreeMap<u64, (SceneHash, RgbaImage)>,
    /// On the link, the last few, in any order.
    lists: Vec<Vec<u8>>,
    batches: Vec<Vec<u8>>,
    tiles: usize,
    refused: usize,
    lit: usize,
    false_lamps: usize,
}

impl Lab {
    fn new(rule: Rule) -> Self {
        Self {
            dice: Dice(0x9e37_79b9_7f4a_7c15),
            viewer: FidelityMachine::new(Proof::Tiles, rule),
            changes: 0,
            frames: 0,
            sender: TileSender::new(),
            drawn: BTreeMap::new(),
            lists: Vec::new(),
            batches: Vec::new(),
            tiles: 0,
            refused: 0,
            lit: 0,
            false_lamps: 0,
        }
    }

    /// The edge draws for the present scene or for one that the viewer has left.
    fn draw(&mut self) {
        let late = self.dice.below(3) as u64;
        self.frames += 1;
        let identity = Identity { frame: self.frames, scene: scene(self.changes.saturating_sub(late)) };
        let picture = picture(self.dice.below(12) as u64);
        let is_full = self.dice.below(4) > 0;
        let manifest = Manifest::new(identity, is_full, &picture).unwrap();
        let wanted = if self.dice.below(2) == 0 { self.sender.wanted(&manifest, [0; 2]) } else { vec![0, 1] };
        self.lists.push(manifest.to_bytes());
        // a tile a batch, so that they can be lost one by one
        for tile in wanted {
            self.batches.extend(self.sender.pack(&picture, &manifest, &[tile]).unwrap());
        }
        if is_full {
            self.drawn.insert(identity.frame, (identity.scene, picture));
        }
        for sent in [&mut self.lists, &mut self.batches] {
            sent.drain(..sent.len().saturating_sub(10));
        }
    }

    /// Bytes as the link makes them: mostly whole, else with a bit turned, cut off, or with the name of another picture.
    fn spoiled(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        match self.dice.below(6) {
            0 => {
                let bit = self.dice.below(bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            1 if self.dice.below(4) == 0 => bytes.truncate(self.dice.below(bytes.len())),
            2 => {
                // replayed under the name of the picture that the viewer waits for
                let named = self.viewer.promised.as_ref().map(|p| p.identity);
                if let Some(identity) = named {
                    bytes[8..16].copy_from_slice(&identity.frame.to_le_bytes());
                    bytes[16..48].copy_from_slice(&identity.scene.0);
                }
            }
            _ => {}
        }
        bytes
    }

    /// Any message of the last few, as often as chance wants; some never come.
    fn pick(&mut self, from: &[Vec<u8>]) -> Option<Vec<u8>> {
        (!from.is_empty()).then(|| from[self.dice.below(from.len())].clone())
    }

    fn step(&mut self) {
        match self.dice.below(20) {
            0 => {
                self.changes += 1;
                let what = [Change::Camera, Change::TransferFunction, Change::Cut][self.dice.below(3)];
                self.viewer.change(scene(self.changes), SIZE, what);
                let badge = self.viewer.badge(0.0);
                // in the same client frame, before anything else comes
                assert_eq!((badge.fidelity, badge.reason), (Fidelity::Lossy, Some(Reason::Changed(what))));
            }
            1 | 2 => self.draw(),
            3 | 4 => {
                let lists = std::mem::take(&mut self.lists);
                if let Some(list) = self.pick(&lists) {
                    self.viewer.manifest(&list).unwrap();
                }
                self.lists = lists;
            }
            5 => {
                let lists = std::mem::take(&mut self.lists);
                if let Some(list) = self.pick(&lists) {
                    let spoiled = self.spoiled(list.clone());
                    assert!(spoiled == list || self.viewer.manifest(&spoiled).is_err(), "a list is sealed");
                }
                self.lists = lists;
            }
            _ => {
                let batches = std::mem::take(&mut self.batches);
                if let Some(batch) = self.pick(&batches) {
                    let batch = self.spoiled(batch);
                    self.tiles += 1;
                    // the lamp is judged whether it is a batch or not
                    if self.viewer.tiles(&batch).is_err() {
                        self.refused += 1;
                    }
                }
                self.batches = batches;
            }
        }
        self.judge();
    }

    /// A lamp is false unless the pixels shown are those of the newest known picture of the scene that the viewer is in.
    fn judge(&mut self) {
        if self.viewer.badge(0.0).fidelity != Fidelity::Exact {
            return;
        }
        self.lit += 1;
        let shown = self.viewer.exact();
        let frame = self.viewer.promised.as_ref().map_or(0, |p| p.identity.frame);
        let truth = self.drawn.get(&frame).filter(|(of, _)| *of == scene(self.changes));
        if truth.is_none_or(|(_, picture)| Some(picture) != shown) {
            self.false_lamps += 1;
        }
    }
}

/// Tiles that came, frames with the lamp lit, and how many of them were false.
fn lamps(rule: Rule, tiles: usize) -> (usize, usize, usize) {
    let mut lab = Lab::new(rule);
    lab.viewer.change(scene(0), SIZE, Change::Volume);
    while lab.tiles < tiles {
        lab.step();
    }
    assert!(lab.refused > 0, "some batches are spoiled beyond reading");
    (lab.tiles, lab.lit, lab.false_lamps)
}

#[test]
fn a_hundred_thousand_bad_tiles_light_no_false_lamp() {
    let (tiles, lit, false_lamps) = lamps(Rule::STRICT, 100_000);
    assert_eq!(false_lamps, 0, "of {lit} in {tiles} tiles");
    assert!(lit > 1000, "the lamp must be lit when it may: {lit} of {tiles}");
}

#[test]
fn each_part_of_the_rule_is_needed() {
    let strict = Rule::STRICT;
    let worse: [(&str, Rule); 6] = [
        ("the scene is not compared", Rule { is_current: |_, _| true, ..strict }),
        ("hashes are not compared", Rule { is_same: |_, _| true, ..strict }),
        ("one tile is enough", Rule { is_whole: |verified, of| of > 0 && verified > 0, ..strict }),
        ("all but one are enough", Rule { is_whole: |verified, of| of > 0 && verified + 1 >= of, ..strict }),
        ("what was drawn coarsely is fine enough", Rule { is_fine: |_| true, ..strict }),
        ("two bits of a hash are compared", Rule { is_same: |a, b| a[0] & 3 == b[0] & 3, ..strict }),
    ];
    for (what, rule) in worse {
        let (tiles, lit, false_lamps) = lamps(rule, 20_000);
        assert!(false_lamps > 0, "{what}: no false lamp in {tiles} tiles, {lit} lit");
    }
}

#[test]
fn an_older_list_does_not_take_the_place_of_a_newer() {
    let shown = |rule: Rule| {
        let mut viewer = FidelityMachine::new(Proof::Tiles, rule);
        viewer.change(scene(1), SIZE, Change::Camera);
        let mut sender = TileSender::new();
        let mut lists = Vec::new();
        for frame in [5, 6] {
            let picture = picture(frame);
            let manifest = Manifest::new(Identity { frame, scene: scene(1) }, true, &picture).unwrap();
            viewer.manifest(&manifest.to_bytes()).unwrap();
            for batch in sender.pack(&picture, &manifest, &[0, 1]).unwrap() {
                viewer.tiles(&batch).unwrap();
            }
            lists.push((
                manifest,
                sender
                    .pack(
                        &picture,
                        &Manifest::new(Identity { frame, scene: scene(1) }, true, &picture).unwrap(),
                        &[0, 1],
                    )
                    .unwrap(),
            ));
        }
        // the first picture once more
        viewer.manifest(&lists[0].0.to_bytes()).unwrap();
        for batch in &lists[0].1 {
            viewer.tiles(batch).unwrap();
        }
        viewer.exact().cloned()
    };
    assert!(shown(Rule::STRICT) == Some(picture(6)));
    let any = Rule { is_newer: |_, _| true, ..Rule::STRICT };
    assert!(shown(any) == Some(picture(5)), "without the rule the older picture is back");
}

#[test]
fn tiles_of_another_picture_are_stale_and_count_for_nothing() {
    let mut viewer = FidelityMachine::window();
    viewer.change(scene(1), SIZE, Change::Camera);
    let picture = picture(1);
    let of = |frame| Manifest::new(Identity { frame, scene: scene(1) }, true, &picture).unwrap();
    let batches = TileSender::new().pack(&picture, &of(1), &[0, 1]).unwrap();
    assert_eq!(viewer.tiles(&batches[0]).unwrap().stale, 2, "before any list");
    viewer.manifest(&of(2).to_bytes()).unwrap();
    assert_eq!(viewer.tiles(&batches[0]).unwrap(), Taken { stale: 2, ..Taken::default() });
    assert_eq!(viewer.badge(0.0).verified, 0);
}

#[test]
fn what_is_held_is_not_sent_again() {
    let mut viewer = FidelityMachine::window();
    let mut sender = TileSender::new();
    let mut bytes = Vec::new();
    // the left tile of 0 and 4 is the same, of 4 and 5 the right one
    for (n, of) in [(1, 0), (2, 4), (3, 5), (4, 5)] {
        viewer.change(scene(n), SIZE, Change::Camera);
        let picture = picture(of);
        let manifest = Manifest::new(Identity { frame: n, scene: scene(n) }, true, &picture).unwrap();
        let wanted = sender.wanted(&manifest, [0; 2]);
        assert_eq!(viewer.manifest(&manifest.to_bytes()).unwrap(), wanted, "both sides know the same");
        for batch in sender.pack(&picture, &manifest, &wanted).unwrap() {
            bytes.push(batch.len());
            viewer.tiles(&batch).unwrap();
        }
        assert!(viewer.exact() == Some(&picture), "{n}");
        assert_eq!(viewer.recheck(0.0).fidelity, Fidelity::Exact);
    }
    assert_eq!(bytes.len(), 3, "nothing is sent for the same picture again");
    sender.forget();
    let manifest = Manifest::new(Identity { frame: 9, scene: scene(9) }, true, &picture(5)).unwrap();
    assert_eq!(sender.wanted(&manifest, [99, 0]), [1, 0], "the nearest to the gaze first");
}

#[test]
fn a_pixel_that_changes_here_puts_the_lamp_out_when_it_is_rechecked() {
    let mut viewer = FidelityMachine::window();
    viewer.change(scene(1), SIZE, Change::Camera);
    let picture = picture(3);
    let manifest = Manifest::new(Identity { frame: 1, scene: scene(1) }, true, &picture).unwrap();
    viewer.manifest(&manifest.to_bytes()).unwrap();
    for batch in TileSender::new().pack(&picture, &manifest, &[0, 1]).unwrap() {
        viewer.tiles(&batch).unwrap();
    }
    assert_eq!(viewer.recheck(0.0).fidelity, Fidelity::Exact);
    viewer.canvas.picture.get_pixel_mut(99, 11)[2] ^= 1;
    let badge = viewer.recheck(0.0);
    assert_eq!(
        (badge.fidelity, badge.reason, badge.verified),
        (Fidelity::Lossy, Some(Reason::TilesMissing), 1)
    );
    assert_eq!(viewer.missing(), [1]);
}

#[test]
fn each_reason_is_said_when_it_holds() {
    let mut viewer = FidelityMachine::window();
    let reason = |viewer: &FidelityMachine| viewer.badge(0.0).reason;
    assert_eq!(reason(&viewer), Some(Reason::NothingYet));
    viewer.change(scene(1), SIZE, Change::Segment);
    assert_eq!(reason(&viewer), Some(Reason::Changed(Change::Segment)));
    viewer.set_full(false);
    viewer.shown(scene(1), Rung::Local);
    assert_eq!(reason(&viewer), Some(Reason::CoarseDrawing));
    viewer.set_full(true);
    assert_eq!(reason(&viewer), Some(Reason::CoarseVolume));
    viewer.shown(scene(0), Rung::Video);
    assert_eq!(reason(&viewer), Some(Reason::CoarseVolume), "video of an older scene says nothing");
    viewer.shown(scene(1), Rung::Video);
    assert_eq!((reason(&viewer), viewer.badge(0.0).rung), (Some(Reason::Video), Rung::Video));
    viewer.shown(scene(1), Rung::Better);
    viewer.shown(scene(1), Rung::Video);
    assert_eq!(viewer.badge(0.0).rung, Rung::Better, "better video is not taken back");
    let (picture, another) = (picture(2), picture(7));
    let manifest = Manifest::new(Identity { frame: 1, scene: scene(1) }, true, &picture).unwrap();
    assert_eq!(viewer.manifest(&manifest.to_bytes()).unwrap(), [0, 1]);
    assert_eq!(reason(&viewer), Some(Reason::TilesMissing));
    let wrong = TileSender::new().pack(&another, &manifest, &[0]).unwrap();
    assert_eq!(viewer.tiles(&wrong[0]).unwrap().refused, [0]);
    assert_eq!(reason(&viewer), Some(Reason::TileRefused));
    let right = TileSender::new().pack(&picture, &manifest, &[0, 1]).unwrap();
    assert_eq!(viewer.tiles(&right[0]).unwrap().verified, 2);
    assert_eq!((reason(&viewer), viewer.badge(0.0).rung), (None, Rung::Exact));
    assert_eq!(viewer.tiles(&wrong[0]).unwrap().refused, [0], "a wrong tile does not undo a right one");
    assert!(viewer.exact() == Some(&picture));
    viewer.set_connected(false);
    assert_eq!((reason(&viewer), viewer.exact()), (Some(Reason::Disconnected), None));
    viewer.set_connected(true);
    assert_eq!(reason(&viewer), None);
    viewer.change(scene(1), SIZE, Change::Camera);
    assert_eq!(reason(&viewer), None, "the same scene is no change");
    viewer.change(scene(1), [100, 13], Change::WindowSize);
    assert_eq!(reason(&viewer), Some(Reason::Changed(Change::WindowSize)));
    assert!(viewer.manifest(&manifest.to_bytes()).is_err(), "of another size than the window");
    assert_eq!(reason(&viewer), Some(Reason::Changed(Change::WindowSize)));
}

#[test]
fn a_headset_is_exact_when_every_brick_in_view_is_verified() {
    let bricks: Vec<Vec<u8>> = (0..6_u8).map(|n| vec![n; 500]).collect();
    let needed = |ids: &[u64]| -> Vec<(BrickId, Hash)> {
        ids.iter().map(|&id| (id, blake3::hash(&bricks[id as usize]).into())).collect()
    };
    let mut viewer = FidelityMachine::headset();
    viewer.change(scene(1), SIZE, Change::Camera);
    assert_eq!(viewer.badge(0.0).reason, Some(Reason::Changed(Change::Camera)));
    viewer.in_view(scene(1), needed(&[0, 1, 2]));
    viewer.shown(scene(1), Rung::Local);
    for (id, brick) in bricks.iter().enumerate().take(2) {
        viewer.brick(id as u64, brick);
    }
    assert_eq!((viewer.badge(0.0).reason, viewer.badge(0.0).verified), (Some(Reason::CoarseVolume), 2));
    viewer.brick(2, &bricks[3]);
    assert_eq!(viewer.badge(0.0).reason, Some(Reason::BrickRefused));
    viewer.brick(2, &bricks[2]);
    assert_eq!((viewer.badge(0.0).fidelity, viewer.badge(0.0).rung), (Fidelity::Exact, Rung::Exact));
    assert_eq!(viewer.exact(), None, "pixels are not proved in a headset");
    // the head turns: what is in view is known in the same frame
    viewer.change(scene(2), SIZE, Change::Camera);
    assert_eq!(viewer.badge(0.0).fidelity, Fidelity::Lossy);
    viewer.in_view(scene(2), needed(&[1, 2]));
    assert_eq!(viewer.badge(0.0).fidelity, Fidelity::Exact);
    viewer.set_full(false);
    viewer.shown(scene(2), Rung::Local);
    assert_eq!(viewer.badge(0.0).reason, Some(Reason::CoarseDrawing));
    viewer.set_full(true);
    viewer.in_view(scene(1), needed(&[5]));
    assert_eq!(viewer.badge(0.0).fidelity, Fidelity::Exact, "of a scene that was left");
    viewer.brick_gone(1);
    assert_eq!(viewer.badge(0.0).fidelity, Fidelity::Lossy);
    viewer.in_view(scene(2), needed(&[]));
    assert_eq!(viewer.badge(0.0).fidelity, Fidelity::Lossy, "of nothing nothing is proved");
}

#[test]
fn video_gets_better_tile_by_tile() {
    let mut viewer = FidelityMachine::window();
    viewer.change(scene(1), SIZE, Change::Camera);
    let picture = picture(3);
    let manifest = Manifest::new(Identity { frame: 1, scene: scene(1) }, true, &picture).unwrap();
    viewer.manifest(&manifest.to_bytes()).unwrap();
    viewer.tiles(&TileSender::new().pack(&picture, &manifest, &[1]).unwrap()[0]).unwrap();
    let mut video = RgbaImage::from_pixel(SIZE[0], SIZE[1], image::Rgba([1, 1, 1, 255]));
    viewer.improve(&mut video);
    assert!(video.enumerate_pixels().all(|(x, y, p)| if x < 64 {
        p.0 == [1, 1, 1, 255]
    } else {
        p == picture.get_pixel(x, y)
    }));
    viewer.improve(&mut RgbaImage::new(3, 3));
}

#[test]
fn codes_differ_and_the_rate_is_said() {
    let changes = [
        Change::Camera,
        Change::TransferFunction,
        Change::GreyWindow,
        Change::Cut,
        Change::Segment,
        Change::Overlay,
        Change::Mode,
        Change::WindowSize,
        Change::Volume,
    ];
    let others = [
        Reason::NothingYet,
        Reason::Video,
        Reason::CoarseVolume,
        Reason::CoarseDrawing,
        Reason::TilesMissing,
        Reason::TileRefused,
        Reason::BrickRefused,
        Reason::Disconnected,
    ];
    let codes: BTreeSet<_> =
        changes.map(Reason::Changed).into_iter().chain(others).map(Reason::code).collect();
    assert_eq!(codes.len(), changes.len() + others.len());
    let mut viewer = FidelityMachine::window();
    viewer.received(125_000, 0.0);
    assert_eq!(viewer.badge(500.0).bits_per_s, 1e6);
}
