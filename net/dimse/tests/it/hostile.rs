//! Peers that mean harm: raw sockets that answer with what no DICOM server would.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use dicom_ul::pdu::{
    AssociationAC, Pdu, PresentationContextResult, PresentationContextResultReason, UserVariableItem,
    write_pdu,
};
use meshing_volume::Silent;
use net_dimse::{
    AssociationError, EchoError, FindError, GetError, Limits, Peer, Query, Settings, Timeouts, Wanted, echo,
    find, get,
};

/// Serves one connection with `act`; gives everything that we were sent afterwards.
fn attacker(act: impl FnOnce(&mut TcpStream) + Send + 'static) -> (Peer, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        act(&mut stream);
        let mut rest = Vec::new();
        // the victim may have reset the connection, which is as good as closing it
        if stream.read_to_end(&mut rest).is_err() {
            stream.shutdown(Shutdown::Both).unwrap_or_default();
        }
        rest
    };
    let thread = Builder::new().name("attacker".into()).spawn(serve).unwrap();
    (format!("ATTACKER@127.0.0.1:{port}").parse().unwrap(), thread)
}

fn quick() -> Settings {
    Settings {
        timeouts: Timeouts {
            association: Duration::from_millis(500),
            dimse: Duration::from_millis(500),
            ..Timeouts::default()
        },
        ..Settings::default()
    }
}

/// Reads one PDU of the victim.
fn swallow(stream: &mut TcpStream) -> Vec<u8> {
    let mut head = [0; 6];
    stream.read_exact(&mut head).unwrap();
    let mut body = vec![0; u32::from_be_bytes(head[2..].try_into().unwrap()) as usize];
    stream.read_exact(&mut body).unwrap();
    body
}

/// Takes the association request and accepts context 1.
fn accept(stream: &mut TcpStream) {
    accept_with(stream, 1, "1.2.840.10008.1.2.1", 16384);
}

fn accept_with(stream: &mut TcpStream, id: u8, syntax: &str, longest: u32) {
    swallow(stream);
    let answer = AssociationAC {
        protocol_version: 1,
        calling_ae_title: "THEATRON".into(),
        called_ae_title: "ATTACKER".into(),
        application_context_name: "1.2.840.10008.3.1.1.1".into(),
        presentation_contexts: vec![PresentationContextResult {
            id,
            reason: PresentationContextResultReason::Acceptance,
            transfer_syntax: syntax.into(),
        }],
        user_variables: vec![UserVariableItem::MaxLength(longest)],
    };
    let mut bytes = Vec::new();
    write_pdu(&mut bytes, &Pdu::AssociationAC(answer)).unwrap();
    stream.write_all(&bytes).unwrap();
}

/// A P-DATA-TF with one fragment.
fn fragment(context: u8, flags: u8, data: &[u8]) -> Vec<u8> {
    let mut out = vec![4, 0];
    out.extend_from_slice(&(data.len() as u32 + 6).to_be_bytes());
    out.extend_from_slice(&(data.len() as u32 + 2).to_be_bytes());
    out.extend_from_slice(&[context, flags]);
    out.extend_from_slice(data);
    out
}

/// A command set: element and 16-bit value.
fn command(elements: &[(u16, u16)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (element, value) in elements {
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&element.to_le_bytes());
        out.extend_from_slice(&[2, 0, 0, 0]);
        out.extend_from_slice(&value.to_le_bytes());
    }
    out
}

/// Echoes at an attacker that accepts the association and then sends `answer`; the error, and whether the attacker got an
/// A-ABORT(2, 6).
fn after_echo(answer: Vec<u8>) -> (AssociationError, bool) {
    let (peer, thread) = attacker(move |stream| {
        accept(stream);
        swallow(stream);
        stream.write_all(&answer).unwrap();
    });
    let EchoError::Association(error) = echo(&peer, &quick()).unwrap_err() else {
        panic!("no association error")
    };
    let rest = thread.join().unwrap();
    (error, rest.starts_with(&[7, 0, 0, 0, 0, 4, 0, 0, 2, 6]))
}

#[test]
fn an_announced_4_gb_is_cut_off_at_the_head() {
    let (peer, thread) = attacker(|stream| {
        accept(stream);
        swallow(stream);
        stream.write_all(&[4, 0, 0xff, 0xff, 0xff, 0xf0]).unwrap();
        // as much as the victim lets us: it must be far less than announced
        let junk = vec![0_u8; 1 << 20];
        let mut sent = 0;
        while sent < 512 && stream.write_all(&junk).is_ok() {
            sent += 1;
        }
        assert!(sent < 64, "{sent} MiB were taken");
    });
    let error = echo(&peer, &quick()).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, EchoError::Association(AssociationError::Violation { .. })), "{text}");
    assert!(text.contains("4294967280 bytes, where 131078 are allowed"), "{text}");
    thread.join().unwrap();
}

#[test]
fn broken_rules_end_in_an_abort_that_says_so() {
    let attacks = [
        (
            "another context",
            fragment(3, 3, &command(&[(0x0100, 0x8030), (0x0120, 1), (0x0800, 0x0101), (0x0900, 0)])),
        ),
        ("data first", fragment(1, 2, &[1, 2, 3])),
        (
            "no answer to us",
            fragment(1, 3, &command(&[(0x0100, 0x8030), (0x0120, 9), (0x0800, 0x0101), (0x0900, 0)])),
        ),
        ("no status", fragment(1, 3, &command(&[(0x0100, 0x8030), (0x0120, 1), (0x0800, 0x0101)]))),
        ("no command set", fragment(1, 3, &[0xff; 64])),
        ("an empty command set", fragment(1, 3, &[])),
        ("a fragment longer than its PDU", vec![4, 0, 0, 0, 0, 8, 0, 0, 1, 0, 1, 3, 0, 0]),
        ("a fragment shorter than its head", vec![4, 0, 0, 0, 0, 6, 0, 0, 0, 1, 1, 3]),
        ("a second acceptance", vec![6, 0, 0, 0, 0, 4, 0, 0, 0, 0]),
        ("a call to us", vec![1, 0, 0, 0, 0, 0]),
        ("a command set without end", fragment(1, 1, &[0; 16000]).repeat(5)),
        ("fragments without end", fragment(1, 1, &[]).repeat(2000)),
    ];
    for (attack, answer) in attacks {
        let (error, aborted) = after_echo(answer);
        assert!(matches!(error, AssociationError::Violation { .. }), "{attack}: {error}");
        assert!(aborted, "{attack}: the attacker was not told");
    }
}

#[test]
fn acceptances_that_were_not_asked_for_are_refused() {
    for (id, syntax, longest) in [
        (3, "1.2.840.10008.1.2.1", 16384),
        (2, "1.2.840.10008.1.2.1", 16384),
        (1, "1.2.840.10008.1.2.4.90", 16384),
        (1, "1.2.840.10008.1.2.1", 7),
    ] {
        let (peer, thread) = attacker(move |stream| accept_with(stream, id, syntax, longest));
        let error = echo(&peer, &quick()).unwrap_err();
        assert!(
            matches!(error, EchoError::Association(AssociationError::Violation { .. })),
            "{id} {syntax}: {error}"
        );
        thread.join().unwrap();
    }
}

#[test]
fn silence_and_trickles_end_in_time() {
    // says nothing at all; says nothing after the association; one byte at a time; empty data for ever
    let silent = attacker(|_| {});
    let then_silent = attacker(accept);
    let trickle = attacker(|stream| {
        swallow(stream);
        // the head of an acceptance of 256 bytes, and then as little as keeps a careless reader waiting
        stream.write_all(&[2, 0, 0, 0, 1, 0]).unwrap();
        while stream.write_all(&[0]).is_ok() {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    let empty = attacker(|stream| {
        accept(stream);
        while stream.write_all(&[4, 0, 0, 0, 0, 0]).is_ok() {
            std::thread::sleep(Duration::from_millis(5));
        }
    });
    for (peer, thread) in [silent, then_silent, trickle, empty] {
        let started = Instant::now();
        let error = echo(&peer, &quick()).unwrap_err();
        assert!(matches!(error, EchoError::Association(AssociationError::Timeout { .. })), "{error}");
        assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
        assert!(error.to_string().contains("did not answer within"), "{error}");
        thread.join().unwrap();
    }
}

#[test]
fn closing_and_other_protocols_are_named() {
    let (peer, thread) = attacker(|stream| {
        swallow(stream);
        stream.shutdown(Shutdown::Both).unwrap();
    });
    let error = echo(&peer, &quick()).unwrap_err();
    assert!(matches!(error, EchoError::Association(AssociationError::Closed { .. })), "{error}");
    assert!(error.to_string().contains("THEATRON"), "{error}");
    thread.join().unwrap();
    for (first, name) in
        [(&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], "HTTP"), (b"\x15\x03\x03\x00\x02\x02\x28", "TLS")]
    {
        let (peer, thread) = attacker(move |stream| {
            swallow(stream);
            stream.write_all(first).unwrap();
        });
        let error = echo(&peer, &quick()).unwrap_err();
        assert!(matches!(error, EchoError::Association(AssociationError::NotDicom { .. })), "{error}");
        assert!(error.to_string().contains(name), "{error}");
        thread.join().unwrap();
    }
}

#[test]
fn answers_without_end_are_bounded() {
    let pending = command(&[(0x0100, 0x8020), (0x0120, 1), (0x0800, 0x0102), (0x0900, 0xff00)]);
    let (peer, thread) = attacker(move |stream| {
        accept(stream);
        let answer =
            [fragment(1, 3, &pending), fragment(1, 2, &[0x20, 0, 0x0d, 0, b'U', b'I', 2, 0, b'1', 0])]
                .concat();
        while stream.write_all(&answer).is_ok() {}
    });
    let settings = Settings { limits: Limits { matches: 100, ..Limits::default() }, ..quick() };
    let error = find(&peer, &Query::default(), &settings, &Silent).unwrap_err();
    assert!(error.to_string().contains("answers without end after C-CANCEL"), "{error}");
    thread.join().unwrap();

    // an identifier of more than is allowed, in pieces that are each allowed
    let pending = command(&[(0x0100, 0x8020), (0x0120, 1), (0x0800, 0x0102), (0x0900, 0xff00)]);
    let (peer, thread) = attacker(move |stream| {
        accept(stream);
        let piece = fragment(1, 0, &vec![0; 60_000]);
        if stream.write_all(&fragment(1, 3, &pending)).is_ok() {
            while stream.write_all(&piece).is_ok() {}
        }
    });
    let error = find(&peer, &Query::default(), &quick(), &Silent).unwrap_err();
    assert!(matches!(error, FindError::Association(AssociationError::Violation { .. })), "{error}");
    assert!(error.to_string().contains("1048576 bytes"), "{error}");
    thread.join().unwrap();
}

#[test]
fn an_object_in_a_context_without_the_storage_role_is_not_taken() {
    // accepts C-GET, but no role: nothing may be sent to us
    let (peer, thread) = attacker(accept);
    let wanted = Wanted { study_uid: "1.2".into(), series_uid: None };
    let error = get(&peer, &wanted, &mut |_| panic!("nothing was agreed"), &quick(), &Silent).unwrap_err();
    assert!(matches!(error, GetError::NoStorage { .. }), "{error}");
    thread.join().unwrap();
}
