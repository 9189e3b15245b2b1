//! Scans in time.

use render_volume::{Mode, Phases, VolumeTexture};

use crate::common::*;

#[test]
fn phases_play_in_a_ring_and_the_next_ones_are_asked_for() {
    let volume = volume_of(oblique_grid(), two_balls);
    let texture = VolumeTexture::upload(gpu(), &volume).unwrap();
    let starts: Vec<f64> = (0..10).map(|n| f64::from(n) * 0.08).collect();
    let mut phases = Phases::new(look(Mode::Dvr), starts.clone(), 0.8, 3).unwrap();
    assert_eq!(phases.wanted().collect::<Vec<_>>(), [0, 1, 2]);
    assert!(phases.item().is_none());
    for phase in [0, 1, 2] {
        assert!(phases.insert(phase, texture.clone()));
    }
    assert_eq!(phases.item().unwrap().look, look(Mode::Dvr));
    phases.play(2.0 * 0.8 + 0.085);
    assert_eq!((phases.now(), phases.wanted().collect::<Vec<_>>()), (1, vec![3]));
    // the one just passed gives way to the one that comes
    phases.insert(3, texture.clone());
    assert!(phases.wanted().next().is_none());
    phases.show(0);
    assert!(phases.item().is_none(), "no other phase stands in");
    phases.show(19);
    assert_eq!((phases.now(), phases.wanted().collect::<Vec<_>>()), (9, vec![9, 0]));
    assert!(!phases.insert(10, texture));
    phases.play(f64::NAN);
    assert_eq!(phases.now(), 9);
    for (starts, cycle, room) in [
        (vec![], 1.0, 1),
        (vec![0.0, 0.0], 1.0, 1),
        (vec![0.1], 1.0, 1),
        (starts, 0.5, 1),
        (vec![0.0], 1.0, 0),
    ] {
        assert!(Phases::new(look(Mode::Dvr), starts, cycle, room).is_none());
    }
}
