use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use dicom_ul::pdu::{AssociationRQ, Pdu as UlPdu, PresentationContextProposed, write_pdu};

use super::*;

const LIMITS: PduLimits = PduLimits { associate_bytes: 1024 * 1024, data_bytes: 128 * 1024 };

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

/// Notes the largest piece of memory that this thread asked for.
struct Watching;

#[expect(unsafe_code, reason = "a global allocator is the only way to see how much a reader asks for")]
// SAFETY: every call goes to the system's allocator unchanged
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.with(|largest| largest.set(largest.get().max(layout.size())));
        // SAFETY: the caller's promise is passed on
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Watching = Watching;

fn answer() -> AssociationAC {
    AssociationAC {
        protocol_version: 1,
        calling_ae_title: "US".into(),
        called_ae_title: "THEM".into(),
        application_context_name: crate::uids::APPLICATION_CONTEXT.into(),
        presentation_contexts: (0..40_u8)
            .map(|place| PresentationContextResult {
                id: place * 2 + 1,
                reason: PresentationContextResultReason::Acceptance,
                transfer_syntax: crate::uids::EXPLICIT_LE.into(),
            })
            .collect(),
        user_variables: vec![
            UserVariableItem::MaxLength(16384),
            UserVariableItem::ImplementationClassUID("1.2.3".into()),
            UserVariableItem::ScuScpRoleSelectionSubItem(
                crate::uids::VOLUMES[0].into(),
                RequestorRoles { scu: false, scp: true },
            ),
            UserVariableItem::ImplementationVersionName("THEM_1".into()),
        ],
    }
}

fn bytes(pdu: &UlPdu) -> Vec<u8> {
    let mut out = Vec::new();
    write_pdu(&mut out, pdu).unwrap();
    out
}

fn data_pdu() -> Vec<u8> {
    let mut out = vec![4, 0, 0, 0, 0, 0];
    for (context, flags, length) in [(1_u8, 3_u8, 10_usize), (3, 0, 200), (3, 2, 1)] {
        out.extend_from_slice(&(length as u32 + 2).to_be_bytes());
        out.extend_from_slice(&[context, flags]);
        out.resize(out.len() + length, 0x55);
    }
    let length = (out.len() - 6) as u32;
    out[2..6].copy_from_slice(&length.to_be_bytes());
    out
}

/// Reads a PDU and everything in it.
#[expect(clippy::panic_in_result_fn, reason = "the assertion is the test")]
fn read_all(bytes: &[u8]) -> Result<Pdu, PduError> {
    let mut body = Vec::new();
    let pdu = read(&mut &*bytes, LIMITS, &mut body)?;
    let mut at = 0;
    while matches!(pdu, Pdu::Data) && at < body.len() {
        let value = pdv(&body, at)?;
        assert!(value.range.end <= body.len() && value.range.end > at);
        at = value.range.end;
    }
    Ok(pdu)
}

#[test]
fn what_dicom_ul_writes_is_read() {
    let sent = answer();
    let Pdu::Accepted(read) = read_all(&bytes(&sent.clone().into())).unwrap() else { panic!() };
    assert_eq!(read.presentation_contexts, sent.presentation_contexts);
    assert_eq!(read.user_variables, sent.user_variables);
    assert!(matches!(read_all(&bytes(&UlPdu::ReleaseRP)).unwrap(), Pdu::ReleaseReply));
    assert!(matches!(read_all(&bytes(&UlPdu::ReleaseRQ)).unwrap(), Pdu::ReleaseRequest));
    assert!(matches!(
        read_all(&[7, 0, 0, 0, 0, 4, 0, 0, 2, 6]).unwrap(),
        Pdu::Abort { source: 2, reason: 6 }
    ));
    let no = Rejection { result: 1, source: 1, reason: 7 };
    assert!(matches!(read_all(&[3, 0, 0, 0, 0, 4, 0, 1, 1, 7]).unwrap(), Pdu::Rejected(read) if read == no));
    assert!(matches!(read_all(&data_pdu()).unwrap(), Pdu::Data));
}

#[test]
fn an_announced_length_costs_nothing() {
    for kind in 1..=7 {
        LARGEST.with(|largest| largest.set(0));
        let error = read_all(&[kind, 0, 0xff, 0xff, 0xff, 0xf0, 1, 2, 3]).unwrap_err();
        assert!(matches!(error, PduError::TooLong { .. }), "{kind}: {error}");
        assert!(LARGEST.with(Cell::get) < 4096, "{kind}");
    }
}

#[test]
fn other_protocols_are_guessed() {
    for (first, guessed) in [
        (&b"HTTP/1.1 400 Bad Request"[..], "HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x28", "TLS"),
        (b"SSH-2.0-OpenSSH_9.2", "SSH"),
        (b"\x0bMSH|^~\\&", "HL7"),
        (b"\xff\xff\xff\xff\xff\xff", "another"),
    ] {
        let error = read_all(first).unwrap_err();
        assert!(error.to_string().contains(guessed), "{error}");
    }
}

#[test]
fn too_many_contexts_are_refused() {
    let mut many = answer();
    many.presentation_contexts = std::iter::repeat_n(many.presentation_contexts[0].clone(), 129).collect();
    assert!(matches!(read_all(&bytes(&many.into())), Err(PduError::Malformed { .. })));
    // a user item of 60,000 sub-items of a kind that we keep: 480 kB that would grow to megabytes
    let mut items = Vec::new();
    for _ in 0..8000 {
        items.extend_from_slice(&[0x51, 0, 0, 4, 0, 0, 0, 1]);
    }
    let mut kept = Vec::new();
    assert!(user_information(&items, &mut kept).is_err());
    assert_eq!(kept.len(), USER_ITEMS);
}

#[test]
fn ten_thousand_mutated_pdus_neither_panic_nor_grow() {
    let request = UlPdu::AssociationRQ(AssociationRQ {
        protocol_version: 1,
        calling_ae_title: "A".into(),
        called_ae_title: "B".into(),
        application_context_name: "1.2".into(),
        presentation_contexts: vec![PresentationContextProposed {
            id: 1,
            abstract_syntax: "1.2".into(),
            transfer_syntaxes: vec!["1.2".into()],
        }],
        user_variables: Vec::new(),
    });
    let good = [
        bytes(&answer().into()),
        data_pdu(),
        bytes(&UlPdu::ReleaseRQ),
        bytes(&request),
        vec![7, 0, 0, 0, 0, 4, 0, 0, 0, 0],
    ];
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as usize % below.max(1)
    };
    let (mut refused, mut taken) = (0, 0);
    LARGEST.with(|largest| largest.set(0));
    for round in 0..10_000 {
        let mut pdu = good[round % good.len()].clone();
        for _ in 0..=next(4) {
            let place = next(pdu.len());
            match next(4) {
                0 => pdu[place] = next(256) as u8,
                1 => pdu[place] ^= 1 << next(8),
                2 => pdu.truncate(place.max(1)),
                _ => pdu.insert(place, next(256) as u8),
            }
        }
        if next(2) == 0 && pdu.len() > 6 {
            // the length of the PDU right again, so that what is inside is reached
            let length = (pdu.len() - 6) as u32;
            pdu[2..6].copy_from_slice(&length.to_be_bytes());
        }
        match read_all(&pdu) {
            Ok(_) => taken += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(
        refused > 1000 && taken > 1000,
        "{refused} refused, {taken} taken: the mutations reach too little"
    );
    assert!(LARGEST.with(Cell::get) <= LIMITS.associate_bytes as usize);
}
