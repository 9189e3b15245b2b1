//! The head of a DICOM file (PS3.10 §7.1): preamble, mark, file meta information. The data set behind it is never touched.

use std::io::{self, Read};

use crate::uids;

/// Longest file meta information that is read.
const META_BYTES: u32 = 64 * 1024;

/// What a file says about the data set that follows its head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Meta {
    pub(crate) class: String,
    pub(crate) instance: String,
    pub(crate) syntax: String,
}

/// The head of a file for a data set in transfer syntax `syntax`.
pub(crate) fn head(meta: &Meta) -> Vec<u8> {
    let mut elements = Vec::with_capacity(256);
    // version 1 of the file meta information
    elements.extend_from_slice(&[2, 0, 1, 0, b'O', b'B', 0, 0, 2, 0, 0, 0, 0, 1]);
    put(&mut elements, 0x02, *b"UI", &meta.class);
    put(&mut elements, 0x03, *b"UI", &meta.instance);
    put(&mut elements, 0x10, *b"UI", &meta.syntax);
    put(&mut elements, 0x12, *b"UI", uids::IMPLEMENTATION);
    put(&mut elements, 0x13, *b"SH", uids::IMPLEMENTATION_NAME);
    let mut out = vec![0; 128];
    out.extend_from_slice(b"DICM");
    out.extend_from_slice(&[2, 0, 0, 0, b'U', b'L', 4, 0]);
    out.extend_from_slice(&(elements.len() as u32).to_le_bytes());
    out.extend_from_slice(&elements);
    out
}

fn put(out: &mut Vec<u8>, element: u8, vr: [u8; 2], value: &str) {
    let padding = if vr == *b"UI" { 0 } else { b' ' };
    let padded = value.len() + value.len() % 2;
    out.extend_from_slice(&[2, 0, element, 0]);
    out.extend_from_slice(&vr);
    out.extend_from_slice(&(padded as u16).to_le_bytes());
    out.extend_from_slice(value.as_bytes());
    out.resize(out.len() + padded - value.len(), padding);
}

/// Reads the head of a file and leaves `source` at the first byte of the data set.
pub(crate) fn read(source: &mut impl Read) -> io::Result<Meta> {
    let bad = |what: &'static str| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut start = [0; 144];
    source.read_exact(&mut start).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => bad("this is no DICOM file: it is too short"),
        _ => error,
    })?;
    if &start[128..132] != b"DICM" {
        return Err(bad("this is no DICOM file: it lacks the mark DICM at byte 128"));
    }
    if start[132..140] != [2, 0, 0, 0, b'U', b'L', 4, 0] {
        return Err(bad("the file meta information does not start with its length"));
    }
    let length = u32::from_le_bytes([start[140], start[141], start[142], start[143]]);
    if length > META_BYTES {
        return Err(bad("the file meta information is longer than 64 KiB"));
    }
    let mut bytes = vec![0; length as usize];
    source.read_exact(&mut bytes)?;
    let (mut class, mut instance, mut syntax) = (None, None, None);
    let mut rest = bytes.as_slice();
    while let Some((head, after)) = rest.split_first_chunk::<8>() {
        let long = matches!(
            &head[4..6],
            b"OB" | b"OW" | b"UN" | b"UT" | b"SQ" | b"UC" | b"UR" | b"OF" | b"OD" | b"OL"
        );
        let (length, after) = if long {
            let Some((length, after)) = after.split_first_chunk::<4>() else { break };
            (u32::from_le_bytes(*length) as usize, after)
        } else {
            (usize::from(u16::from_le_bytes([head[6], head[7]])), after)
        };
        if length > after.len() {
            return Err(bad("the file meta information is damaged"));
        }
        let (value, after) = after.split_at(length);
        let text = || String::from_utf8_lossy(value).trim_matches(['\0', ' ']).to_owned();
        match head[..4] {
            [2, 0, 0x02, 0] => class = Some(text()),
            [2, 0, 0x03, 0] => instance = Some(text()),
            [2, 0, 0x10, 0] => syntax = Some(text()),
            _ => {}
        }
        rest = after;
    }
    match (class, instance, syntax) {
        (Some(class), Some(instance), Some(syntax))
            if [&class, &instance, &syntax].iter().all(|uid| uids::is_uid(uid)) =>
        {
            Ok(Meta { class, instance, syntax })
        }
        _ => Err(bad("the file meta information lacks the class, instance or transfer syntax UID")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_reads_back_and_is_bounded() {
        let meta = Meta {
            class: "1.2.840.10008.5.1.4.1.1.2".into(),
            instance: "1.2.3".into(),
            syntax: uids::EXPLICIT_LE.into(),
        };
        let mut bytes = head(&meta);
        bytes.extend_from_slice(b"data");
        let mut source = bytes.as_slice();
        assert_eq!(read(&mut source).unwrap(), meta);
        assert_eq!(source, b"data");
        for cut in 0..bytes.len() - 4 {
            assert!(read(&mut &bytes[..cut]).is_err(), "cut at {cut}");
        }
        let mut long = bytes;
        long[143] = 0x7f;
        assert!(read(&mut long.as_slice()).unwrap_err().to_string().contains("64 KiB"));
    }
}
