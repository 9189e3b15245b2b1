//! Frames in shards, the order of sending, and where the time goes.

use std::time::Duration;

use bytes::Bytes;
use net_protocol::fec::{
    FecError, MAX_OPEN_FRAMES, Packetiser, ParityControl, Reassembler, Slice, SliceInfo,
};
use net_protocol::messages::{FrameTimes, MAX_SLICE_LEN, ShardHeader};
use net_protocol::schedule::{Class, Item, Scheduler};
use net_protocol::timeline::{ClockOffset, Stages};
use proptest::prelude::*;

fn bytes(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        })
        .collect()
}

fn cut(info: &SliceInfo, slice: &[u8], datagram: usize, parity: usize) -> Vec<Bytes> {
    let mut shards = Vec::new();
    Packetiser::new(datagram).cut(info, slice, parity, &mut |shard| shards.push(shard)).unwrap();
    shards
}

fn frame(number: u32) -> SliceInfo {
    SliceInfo { frame: number, ..SliceInfo::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Any k of the n shards, in any order and some of them twice, give the slice; k − 1 never do.
    #[test]
    fn any_k_shards_give_the_slice(
        len in 1_usize..90_000,
        datagram in 64_usize..1400,
        parity in 0_usize..12,
        seed in any::<u64>(),
    ) {
        prop_assume!(len.div_ceil((datagram - ShardHeader::LEN) & !1) + parity <= 1024);
        let whole = bytes(len, seed);
        let shards = cut(&frame(7), &whole, datagram, parity);
        let k = shards.len() - parity;
        prop_assert!(shards.iter().all(|shard| shard.len() <= datagram && shard.len() == shards[0].len()));
        let mut order: Vec<usize> = (0..shards.len()).collect();
        order.sort_by_key(|i| (*i as u64 + 1).wrapping_mul(seed | 1) >> 7);
        let mut reassembler = Reassembler::new();
        for i in &order[..k - 1] {
            prop_assert_eq!(reassembler.push(&shards[*i]).unwrap(), None);
            prop_assert_eq!(reassembler.push(&shards[*i]).unwrap(), None);
        }
        let slice = reassembler.push(&shards[order[k - 1]]).unwrap().unwrap();
        prop_assert!(slice.bytes == whole && slice.frame_complete);
        let lost = (0..k).filter(|i| !order[..k].contains(i)).count();
        prop_assert_eq!(usize::from(slice.repaired), lost);
    }

    /// Whatever comes, memory is bounded and a slice has the length that its header says.
    #[test]
    fn foreign_shards_are_refused_or_used_within_bounds(
        datagrams in prop::collection::vec(
            (0_u32..9, 0_u8..2, 0_u16..6, 1_u16..6, 1_u16..8, 1_u32..200, 1_usize..40), 0..200,
        ),
    ) {
        let mut reassembler = Reassembler::new();
        for (number, slice, i, k, n, len, shard) in datagrams {
            let header = ShardHeader {
                eye: 0, eyes: 1, key_frame: false, slice, slices: 2, epoch: 0, frame: number, pose_id: 0,
                time_us: 0, len, i, k, n,
            };
            let datagram = [&header.encode()[..], &vec![7; shard]].concat();
            if let Ok(Some(slice)) = reassembler.push(&datagram.into()) {
                prop_assert_eq!(slice.bytes.len(), slice.header.len as usize);
            }
        }
        let counts = reassembler.counts();
        prop_assert!(counts.complete <= counts.shards);
    }
}

#[test]
fn eyes_and_slices_come_one_by_one_and_the_last_completes_the_frame() {
    let mut reassembler = Reassembler::new();
    let mut complete = Vec::new();
    for eye in 0..2 {
        for slice in 0..4 {
            let info = SliceInfo { eye, eyes: 2, slice, slices: 4, key_frame: true, pose_id: 9, ..frame(3) };
            let body = bytes(8_000, u64::from(eye * 4 + slice));
            for shard in cut(&info, &body, 1200, 1).into_iter().skip(1) {
                if let Some(slice) = reassembler.push(&shard).unwrap() {
                    assert!(slice.bytes == body && slice.repaired == 1 && slice.header.pose_id == 9);
                    complete.push(slice.frame_complete);
                }
            }
        }
    }
    assert_eq!(complete, [false, false, false, false, false, false, false, true]);
    assert_eq!((reassembler.counts().complete, reassembler.counts().repaired), (1, 1));
}

#[test]
fn an_old_frame_is_given_up_and_never_comes_after_a_newer_one() {
    let mut reassembler = Reassembler::new();
    let all: Vec<Vec<Bytes>> = (0..8).map(|number| cut(&frame(number), &bytes(5_000, 1), 1200, 0)).collect();
    // the first shard of each: four may be open
    for shards in &all {
        reassembler.push(&shards[0]).unwrap();
    }
    assert_eq!(reassembler.counts().lost, 8 - MAX_OPEN_FRAMES as u64);
    let mut finish = |number: usize| -> Option<Slice> {
        all[number][1..].iter().find_map(|shard| reassembler.push(shard).unwrap())
    };
    assert!(finish(2).is_none(), "it was given up");
    assert!(finish(6).is_some_and(|slice| slice.frame_complete));
    assert!(finish(5).is_none(), "a newer one was shown");
    assert!(finish(7).is_some());
    let counts = reassembler.counts();
    assert_eq!((counts.complete, counts.lost), (2, 6));
}

#[test]
fn numbers_wrap_and_an_old_epoch_is_stale() {
    let mut reassembler = Reassembler::new();
    let whole = |reassembler: &mut Reassembler, info: SliceInfo| {
        cut(&info, &[1, 2, 3], 1200, 0).iter().find_map(|shard| reassembler.push(shard).unwrap()).is_some()
    };
    assert!(whole(&mut reassembler, frame(u32::MAX)));
    assert!(whole(&mut reassembler, frame(0)), "0 comes after the last number");
    assert!(!whole(&mut reassembler, frame(u32::MAX)));
    let next = SliceInfo { epoch: 5, ..frame(0) };
    assert!(whole(&mut reassembler, next), "another edge counts from anew");
    assert!(!whole(&mut reassembler, SliceInfo { epoch: 4, ..frame(9) }), "the old one is fenced off");
}

#[test]
fn a_slice_that_cannot_be_sent_is_an_error() {
    let mut packetiser = Packetiser::new(1200);
    let mut sent = 0;
    let mut count = |_| sent += 1;
    let empty = packetiser.cut(&frame(0), &[], 1, &mut count);
    assert_eq!(empty, Err(FecError::Length { len: 0 }));
    let long = vec![0; MAX_SLICE_LEN as usize + 1];
    assert!(packetiser.cut(&frame(0), &long, 1, &mut count).is_err());
    packetiser.set_datagram(100);
    assert!(matches!(packetiser.cut(&frame(0), &long[1..], 1, &mut count), Err(FecError::Shards { .. })));
    assert_eq!(sent, 0);
}

#[test]
fn shards_that_contradict_each_other_are_refused() {
    let mut reassembler = Reassembler::new();
    let shards = cut(&frame(1), &bytes(5_000, 1), 1200, 2);
    reassembler.push(&shards[0]).unwrap();
    let other = cut(&frame(1), &bytes(9_000, 1), 1200, 2);
    assert!(reassembler.push(&other[1]).is_err(), "another length");
    let eyes = cut(&SliceInfo { eyes: 2, ..frame(1) }, &bytes(5_000, 1), 1200, 2);
    assert!(reassembler.push(&eyes[1]).is_err(), "another number of eyes");
    let whole = shards[1..].iter().find_map(|shard| reassembler.push(shard).unwrap());
    assert!(whole.is_some_and(|slice| slice.bytes == bytes(5_000, 1)), "the good ones still count");
}

/// The chance to lose a frame, by counting in simulated draws: the parity is enough, and one less often is not.
#[test]
fn parity_is_what_the_loss_asks_for() {
    let mut control = ParityControl::new(1000);
    for _ in 0..200 {
        control.observe(1000, 10);
    }
    assert!((control.loss() - 0.01).abs() < 1e-3);
    let k = 60;
    let parity = control.parity(k);
    let mut state = 12345_u64;
    let mut unit = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let frames = 200_000;
    let mut beyond = [0; 3];
    for _ in 0..frames {
        let lost = (0..k + parity).filter(|_| unit() < 0.01).count();
        for (less, count) in beyond.iter_mut().enumerate() {
            *count += u32::from(lost + less > parity);
        }
    }
    assert!(f64::from(beyond[0]) / f64::from(frames) < 1e-3, "{parity}: {beyond:?}");
    // the measured loss is taken a quarter higher, so one less may still do; two less may not
    assert!(f64::from(beyond[2]) / f64::from(frames) > 1e-3, "{parity}: {beyond:?}");

    let quiet = {
        let mut control = ParityControl::new(1000);
        (0..200).for_each(|_| control.observe(1000, 0));
        control.parity(k)
    };
    assert!(quiet < parity, "{quiet} {parity}");
    control.frame_lost();
    let raised = control.parity(k);
    assert!(raised > parity);
    (0..1000).for_each(|_| control.observe(1000, 10));
    assert_eq!(control.parity(k), parity, "and it falls back");
    control.observe(1000, 1000);
    assert!(control.parity(k) <= k.div_ceil(2) && ParityControl::new(1000).parity(1) == 1);
}

fn item(what: u32, len: usize) -> Item<u32> {
    Item { what, len, deadline: None, group: 0 }
}

const MS: Duration = Duration::from_millis(1);

#[test]
fn classes_are_strict_and_a_datagram_without_room_is_not_overtaken() {
    let mut scheduler = Scheduler::new(1e9);
    for (number, class) in Class::ALL.into_iter().rev().enumerate() {
        scheduler.push(class, item(number as u32, 1000));
        scheduler.push(class, item(100 + number as u32, 1000));
    }
    assert_eq!(scheduler.pop(MS, 999), None, "nothing overtakes a tracker's pose");
    let order: Vec<u32> = std::iter::from_fn(|| scheduler.pop(MS, 1000)).map(|(_, item)| item.what).collect();
    assert_eq!(order, [6, 106, 5, 105, 4, 104, 3, 103, 2, 102, 1, 101, 0, 100]);
    assert_eq!(scheduler.counts(Class::Brick).sent_bytes, 2000);
}

#[test]
fn what_is_late_or_stale_is_dropped() {
    let mut scheduler = Scheduler::new(1e6);
    for n in 0..3 {
        scheduler.push(Class::Video, Item { deadline: Some(MS * 33), ..item(n, 1000) });
    }
    assert_eq!(scheduler.pop(MS * 33, 2000).map(|(_, item)| item.what), Some(0));
    assert_eq!(scheduler.pop(MS * 34, 2000), None);
    assert_eq!(scheduler.counts(Class::Video).late, 2);
    // three frames of 60 kB: the oldest goes, with all of its shards
    for group in 0..3 {
        for n in 0..60 {
            scheduler.push(Class::Video, Item { group, ..item(n, 1000) });
        }
    }
    assert_eq!(scheduler.counts(Class::Video).superseded, 60);
    assert_eq!(scheduler.waiting(Class::Video), 120_000);
    assert_eq!(scheduler.pop(MS * 40, 2000).map(|(_, item)| item.group), Some(1));
    // one frame larger than all that may wait still goes
    let mut scheduler = Scheduler::new(1e6);
    (0..300).for_each(|n| scheduler.push(Class::Video, Item { group: 9, ..item(n, 1000) }));
    assert_eq!(scheduler.waiting(Class::Video), 300_000);
    for n in 0..1000 {
        scheduler.push(Class::Tracker, item(n, 100));
    }
    assert!(scheduler.waiting(Class::Tracker) <= 8000);
    assert_eq!(
        scheduler.pop(MS * 50, 2000).map(|(_, item)| item.what),
        Some(1000 - 80),
        "the newest are kept"
    );
}

#[test]
fn bricks_take_the_token_rate_less_what_frames_took() {
    let second = Duration::from_secs(1);
    let run = |video: usize| {
        let mut scheduler = Scheduler::new(0.0);
        scheduler.set_rate(Duration::ZERO, 10e6);
        let (mut now, mut bricks) = (Duration::ZERO, 0);
        while now < second {
            if video > 0 {
                scheduler.push(Class::Video, item(0, video));
            }
            while scheduler.waiting(Class::Brick) < 256 << 10 {
                scheduler.push(Class::Brick, item(1, 128 << 10));
            }
            while let Some((class, item)) = scheduler.pop(now, usize::MAX) {
                bricks += if class == Class::Brick { item.len } else { 0 };
                if scheduler.waiting(Class::Brick) == 0 {
                    break;
                }
            }
            // no busy wait: it says when there are tokens again
            let wake = scheduler.next_wake(now).unwrap();
            assert!(wake > now && wake <= now + second * 2);
            now += MS;
        }
        bricks as f64
    };
    let alone = run(0);
    assert!((9.8e6..10.3e6).contains(&alone), "{alone}");
    let beside = run(5_000);
    assert!((4.8e6..5.3e6).contains(&beside), "{beside}");
}

#[test]
fn the_stages_of_a_frame_add_up_and_the_clocks_are_told_apart() {
    // the edge's clock is 123.456 s ahead; up 6 ms, down 5 ms, and one exchange in five meets a queue
    let ahead = 123_456_000_u64;
    let mut clock = ClockOffset::new();
    for n in 0..200_u64 {
        let queue = if n % 5 == 0 { 0 } else { n * 37 % 9_000 };
        let sampled = 1_000_000 + n * 11_111;
        let received = sampled + 6_000 + queue + ahead;
        let times = FrameTimes {
            frame: n as u32,
            pose_id: n,
            received_us: received,
            wait_us: 2_000,
            draw_us: 6_000,
            encode_us: 3_000,
            send_us: 1_500,
        };
        let whole = times.sent_us() - ahead + 5_000;
        clock.add(sampled, &times, whole);
        let (decoded, shown) = (whole + 4_900, whole + 4_900 + 11_000);
        let stages = Stages::of(sampled, &times, &clock, whole, decoded, shown).unwrap();
        assert_eq!(stages.total_us(), (shown - sampled) as i64, "no time is lost between stages");
        assert_eq!((stages.draw_us, stages.decode_us, stages.show_us), (6_000, 4_900, 11_000));
        if n > 10 {
            // half of what up and down differ is what no exchange can tell
            assert!((stages.up_us - (6_000 + queue as i64)).abs() <= 600, "{stages:?}");
            assert!((stages.down_us - 5_000).abs() <= 600, "{stages:?}");
        }
    }
    let (offset, error) = clock.get().unwrap();
    assert!((offset - ahead as i64).abs() <= error && error < 6_000, "{offset} {error}");
    let times = FrameTimes::default();
    assert_eq!(Stages::of(5, &times, &clock, 4, 6, 7), None, "whole before it was asked for");
    assert_eq!(Stages::of(1, &times, &ClockOffset::new(), 4, 6, 7), None);
}
