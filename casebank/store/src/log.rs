//! Files of lines that are only appended to.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};

use casebank_case::LINE_MAX;

/// How a log file ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tail {
    /// Bytes up to and with the last newline.
    pub(crate) len: u64,
    /// Bytes after the last newline: a line whose writing was cut off.
    pub(crate) torn: u64,
    /// The last whole line, without its newline; `None` if there is none, or if it is longer than a line may be.
    pub(crate) last: Option<Vec<u8>>,
}

/// Reads the end of a log.
pub(crate) fn tail(file: &mut File) -> io::Result<Tail> {
    let size = file.seek(SeekFrom::End(0))?;
    let most = 2 * (LINE_MAX as u64 + 1);
    for window in [1 << 14, most] {
        let start = size.saturating_sub(window);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.take(size - start).read_to_end(&mut bytes)?;
        let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else {
            if start == 0 {
                return Ok(Tail { len: 0, torn: size, last: None });
            }
            continue;
        };
        let before = bytes[..end].iter().rposition(|byte| *byte == b'\n');
        let first = match before {
            Some(at) => Some(at + 1),
            None => (start == 0).then_some(0),
        };
        if first.is_some() || window == most {
            let len = start + end as u64 + 1;
            return Ok(Tail { len, torn: size - len, last: first.map(|first| bytes[first..end].to_vec()) });
        }
    }
    // More than two lines' worth without a newline: no whole line ends here.
    Ok(Tail { len: 0, torn: size, last: None })
}

/// Cuts a torn line off.
pub(crate) fn drop_torn(file: &File, tail: &Tail) -> io::Result<()> {
    if tail.torn > 0 {
        file.set_len(tail.len)?;
        file.sync_all()?;
    }
    Ok(())
}

/// Appends `text` after `len` bytes; on the disk when it returns, or the file is as it was.
pub(crate) fn append(file: &mut File, len: u64, text: &[u8]) -> io::Result<()> {
    let write = |file: &mut File| {
        file.seek(SeekFrom::Start(len))?;
        file.write_all(text)?;
        file.sync_all()
    };
    write(file).inspect_err(|_| {
        if file.set_len(len).and_then(|()| file.sync_all()).is_err() {
            tracing::error!(
                "a line that was not acknowledged could not be taken back; opening the bank drops it"
            );
        }
    })
}

/// Goes through the whole lines of a log with bounded memory. A line longer than allowed is handed over cut to one byte
/// more than allowed, so that its reader refuses it.
pub(crate) fn each_line<E: From<io::Error>>(
    file: &mut File,
    mut then: impl FnMut(usize, &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if (&mut reader).take(LINE_MAX as u64 + 1).read_until(b'\n', &mut line)? == 0 {
            break;
        }
        then(number, line.strip_suffix(b"\n").unwrap_or(&line))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    fn end(bytes: &[u8]) -> (u64, u64, Option<Vec<u8>>) {
        let tail = tail(&mut file(bytes)).unwrap();
        (tail.len, tail.torn, tail.last)
    }

    #[test]
    fn finds_the_last_whole_line() {
        assert_eq!(end(b""), (0, 0, None));
        assert_eq!(end(b"torn"), (0, 4, None));
        assert_eq!(end(b"one\n"), (4, 0, Some(b"one".to_vec())));
        assert_eq!(end(b"one\ntwo\nthr"), (8, 3, Some(b"two".to_vec())));
        assert_eq!(end(b"one\n\n"), (5, 0, Some(Vec::new())));
        let long = [b"x\n", vec![b'a'; LINE_MAX].as_slice(), b"\n", vec![b'b'; LINE_MAX].as_slice()].concat();
        let (len, torn, last) = end(&long);
        assert_eq!((len, torn, last.unwrap().len()), (LINE_MAX as u64 + 3, LINE_MAX as u64, LINE_MAX));
    }

    #[test]
    fn appends_after_what_is_whole() {
        let mut file = file(b"one\ntw");
        let tail = tail(&mut file).unwrap();
        drop_torn(&file, &tail).unwrap();
        append(&mut file, tail.len, b"two\n").unwrap();
        let mut lines = Vec::new();
        each_line(&mut file, |number, line| {
            lines.push((number, line.to_vec()));
            Ok::<(), io::Error>(())
        })
        .unwrap();
        assert_eq!(lines, [(1, b"one".to_vec()), (2, b"two".to_vec())]);
    }
}
