use std::path::Path;
use std::time::Duration;

use super::child::{Child, Failure};
use super::message::{Answer, Request};
use super::*;

fn format() -> SampleFormat {
    SampleFormat {
        rows: 4,
        columns: 4,
        frames: 1,
        samples: 1,
        bits_allocated: 16,
        bits_stored: 12,
        high_bit: 11,
        ..SampleFormat::default()
    }
}

fn of_shell(script: &'static str) -> Result<Vec<u8>, Failure> {
    let child = Child::start(Path::new("/bin/sh"), &["-c", script]).unwrap();
    child.hurried(Duration::from_secs(2)).decode("1.2.840.10008.1.2.4.80", &[1, 2, 3], &format())
}

fn broken(outcome: Result<Vec<u8>, Failure>) -> WorkerError {
    match outcome {
        Err(Failure::Broken(error)) => error,
        Err(Failure::Gone) => WorkerError::Died,
        Err(Failure::Frame(error)) => panic!("{error}"),
        Ok(_) => panic!("decoded"),
    }
}

#[test]
fn requests_and_answers_survive_the_line() {
    for photometric in ["RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "PALETTE COLOR", "MONOCHROME2"] {
        let format = SampleFormat { photometric: photometric.to_owned(), signed: true, ..format() };
        let line = Request::line("1.2.840.10008.1.2.4.80", &format, 77).unwrap();
        let request = Request::parse(&line).unwrap();
        assert_eq!(request, Request { syntax: "1.2.840.10008.1.2.4.80".to_owned(), format, length: 77 });
    }
    assert_eq!(Request::line("1.2 3", &format(), 1), None);
    for answer in [Answer::Decoded(12), Answer::Damaged("no end of image".to_owned())] {
        assert_eq!(Answer::parse(&answer.line()), Some(answer));
    }
    for wrong in ["", "decoded", "decoded -1\n", "decoded 1", "hello\n"] {
        assert_eq!(Answer::parse(wrong), None, "{wrong:?}");
    }
}

#[test]
fn a_child_that_dies_hangs_or_lies_is_told_apart() {
    assert_eq!(broken(of_shell("read request; exit 3")), WorkerError::Died);
    assert_eq!(broken(of_shell("read request; kill -SEGV $$")), WorkerError::Died);
    assert_eq!(broken(of_shell("read request; exec sleep 600")), WorkerError::Overdue { seconds: 2 });
    assert_eq!(broken(of_shell("read request; echo nonsense; sleep 600")), WorkerError::Answer);
    // It claims a frame that it has not written.
    assert_eq!(broken(of_shell("read request; echo decoded 32; sleep 600")), WorkerError::Answer);
    let wrong_length = of_shell("read request; echo decoded 4000000000; sleep 600");
    assert!(matches!(wrong_length, Err(Failure::Frame(PixelError::Length { there: 4_000_000_000, .. }))));
    let missing = Child::start(Path::new("/nowhere/at/all"), &[]);
    assert!(matches!(missing, Err(WorkerError::Start(_))));
}

#[test]
fn a_frame_comes_back_through_the_shared_memory() {
    // The child writes the 32 bytes that 4 x 4 words need; its standard error is the shared memory.
    let samples =
        of_shell("read request; printf 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345' >&2; echo decoded 32; read end");
    assert_eq!(samples.ok().as_deref(), Some(&b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[..]));
}
