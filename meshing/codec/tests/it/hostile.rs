//! Headers and chunks from someone who means harm: errors, never a panic, never more memory than the header's volume.

use meshing_codec::{AddError, Decoder, Encoded, Header, HeaderError, Limits};

use super::{coded, scene, scrambled};

/// Gives the chunk to a decoder that believes it: the header carries its true length and hash.
fn believed(encoded: &Encoded, at: usize, bytes: &[u8]) -> Option<AddError> {
    let mut header = encoded.header.clone();
    header.chunks[at].len = bytes.len() as u32;
    header.chunks[at].hash = *blake3::hash(bytes).as_bytes();
    let mut decoder = Decoder::new(header).ok()?;
    for (n, chunk) in encoded.chunks.iter().enumerate() {
        let bytes = if n == at { bytes } else { &chunk.bytes[..] };
        if let Err(error) = decoder.add(chunk.level, chunk.brick, bytes) {
            return Some(error);
        }
    }
    assert!(decoder.finish().is_err(), "other voxels have another hash");
    None
}

#[test]
fn chunks_with_a_true_hash_and_evil_content() {
    let encoded = coded(&scene([40, 33, 20]));
    let mut refused = 0;
    for n in 0..2_000 {
        let at = n % encoded.chunks.len();
        let mut bytes = encoded.chunks[at].bytes.clone();
        for round in 0..=n % 3 {
            let place = scrambled(n * 3 + round) as usize % bytes.len();
            bytes[place] ^= 1 << (n % 8);
        }
        match n % 5 {
            0 => bytes.truncate(scrambled(n) as usize % bytes.len() + 1),
            1 => bytes.extend_from_slice(&[0xFF; 3]),
            2 => bytes[1..].fill(0xFF),
            _ => {}
        }
        if bytes == encoded.chunks[at].bytes {
            continue;
        }
        if let Some(error) = believed(&encoded, at, &bytes) {
            assert!(matches!(error, AddError::Damaged { .. }), "{error}");
            refused += 1;
        }
    }
    assert!(refused > 1_500, "only {refused} were refused before the last hash");
}

#[test]
fn header_bytes_of_any_kind() {
    let encoded = coded(&scene([70, 33, 20]));
    let bytes = encoded.header.to_bytes();
    assert_eq!(Header::from_bytes(&bytes).expect("own bytes"), encoded.header);
    let mut accepted = 0;
    for n in 0..3_000_usize {
        let mut damaged = bytes.clone();
        // Most of the damage goes where the sizes are.
        let reach = if n % 2 == 0 { 120 } else { damaged.len() };
        damaged[scrambled(n) as usize % reach] = (scrambled(n + 7) >> 9) as u8;
        if n % 7 == 0 {
            damaged.truncate(scrambled(n + 1) as usize % bytes.len());
        }
        if let Ok(header) = Header::from_bytes(&damaged)
            && let Ok(mut decoder) = Decoder::new(header)
        {
            accepted += 1;
            for chunk in &encoded.chunks {
                drop(decoder.add(chunk.level, chunk.brick, &chunk.bytes));
            }
            drop(decoder.finish());
        }
    }
    assert!(accepted < 2_500, "{accepted}");
    for n in 0..1_000_usize {
        let noise: Vec<u8> = (0..n % 300).map(|i| scrambled(i + n * 300) as u8).collect();
        assert!(Header::from_bytes(&noise).is_err());
    }
}

/// Changes one field of a good header and says what the decoder thinks of it.
fn with(change: impl FnOnce(&mut Header)) -> HeaderError {
    let mut header = coded(&scene([70, 33, 20])).header;
    change(&mut header);
    Decoder::new(header).expect_err("refused")
}

#[test]
fn headers_that_contradict_themselves() {
    assert_eq!(with(|h| h.version = 2), HeaderError::Version { found: 2 });
    assert!(matches!(with(|h| h.brick_edge = 32), HeaderError::Inconsistent(_)));
    assert!(matches!(with(|h| h.levels = 200), HeaderError::Inconsistent(_)));
    assert!(matches!(with(|h| h.bricks = [u32::MAX; 3]), HeaderError::Inconsistent(_)));
    assert!(matches!(with(|h| h.tables[1].truncate(3)), HeaderError::Inconsistent(_)));
    assert!(matches!(with(|h| h.tables[0][0] ^= 1), HeaderError::Inconsistent(_)));
    assert!(matches!(with(|h| h.chunks.truncate(3)), HeaderError::Inconsistent(_)));
    assert!(matches!(with(|h| h.chunks.swap(0, 1)), HeaderError::Inconsistent(_)));
    assert!(matches!(with(|h| h.chunks[0].len = 0), HeaderError::Inconsistent(_)));
    assert!(matches!(with(|h| h.chunks[7].len = u32::MAX), HeaderError::Inconsistent(_)));
    assert!(matches!(
        with(|h| h.grid = super::grid([1 << 19, 1 << 19, 1 << 19])),
        HeaderError::TooLarge { .. }
    ));
    assert!(matches!(
        with(|h| h.grid = super::grid([1 << 16, 1 << 8, 1 << 8])),
        HeaderError::Inconsistent(_)
    ));
}

#[test]
fn the_limit_is_the_callers() {
    let header = coded(&scene([70, 33, 20])).header;
    let refused = Decoder::with_limits(header.clone(), Limits { max_voxels: 46_199 }).err();
    assert_eq!(refused, Some(HeaderError::TooLarge { voxels: 46_200, limit: 46_199 }));
    assert!(Decoder::with_limits(header, Limits { max_voxels: 46_200 }).is_ok());
}

#[test]
fn a_header_survives_json() {
    let header = coded(&scene([70, 33, 20])).header;
    let text = serde_json::to_string(&header).expect("json");
    let back: Header = serde_json::from_str(&text).expect("own json");
    assert_eq!(
        (back.chunks, back.tables, back.voxel_hash),
        (header.chunks, header.tables, header.voxel_hash)
    );
    assert!(text.contains(r#""kind":"i16""#) && text.contains(r#""transform":"integers""#));
}
