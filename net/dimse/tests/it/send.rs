use dicom_dictionary_std::uids;
use meshing_volume::Silent;
use net_dimse::{Outgoing, SendError, SendFailureReason, send};
use tools_peers::{Orthanc, OrthancOptions, StoreScp, in_private_network};

use crate::common::{facts, peer, pixels, settings, slice, study};

#[test]
fn objects_arrive_as_they_are() {
    in_private_network!();
    let Some(store) = StoreScp::start(&["+B"]) else { return };
    let report = send(&peer(&store.address()), &study(), &settings(), &Silent).unwrap();
    assert_eq!((report.stored, report.warnings, report.failed.len()), (5, 0, 0), "{report:?}");
    let mut arrived: Vec<_> = store.files().iter().map(|path| facts(&std::fs::read(path).unwrap())).collect();
    let mut sent: Vec<_> = study()
        .iter()
        .map(|object| match object {
            Outgoing::Bytes(bytes) => facts(bytes),
            Outgoing::File(path) => facts(&std::fs::read(path).unwrap()),
        })
        .collect();
    arrived.sort();
    sent.sort();
    assert_eq!(arrived, sent);
    assert_eq!(report.bytes, sent.iter().map(|(_, _, data)| data.len() as u64).sum::<u64>());
}

#[test]
fn a_peer_that_speaks_only_implicit_gets_implicit() {
    in_private_network!();
    let Some(store) = StoreScp::start(&["+xi"]) else { return };
    let file = slice(0, 0, uids::EXPLICIT_VR_LITTLE_ENDIAN);
    let report =
        send(&peer(&store.address()), &[Outgoing::Bytes(file.clone())], &settings(), &Silent).unwrap();
    assert_eq!((report.stored, report.failed.len()), (1, 0), "{report:?}");
    let arrived = std::fs::read(&store.files()[0]).unwrap();
    assert_eq!(facts(&arrived).1, uids::IMPLICIT_VR_LITTLE_ENDIAN);
    assert_eq!(pixels(&arrived), pixels(&file));
}

#[test]
fn one_bad_object_does_not_stop_the_others() {
    in_private_network!();
    let Some(store) = StoreScp::start(&[]) else { return };
    let good = slice(0, 0, uids::EXPLICIT_VR_LITTLE_ENDIAN);
    // a class that nobody knows, of the same length
    let place = good.windows(25).position(|window| window == b"1.2.840.10008.5.1.4.1.1.2").unwrap();
    let mut strange = good.clone();
    strange[place..place + 25].copy_from_slice(b"1.2.840.10008.5.1.4.1.9.9");
    let objects = [
        Outgoing::Bytes(b"no DICOM".to_vec()),
        Outgoing::File("no/such/file.dcm".into()),
        Outgoing::Bytes(strange),
        Outgoing::Bytes(good),
    ];
    let report = send(&peer(&store.address()), &objects, &settings(), &Silent).unwrap();
    assert_eq!(report.stored, 1, "{report:?}");
    let mut failed: Vec<_> = report.failed.iter().map(|failure| (failure.index, &failure.reason)).collect();
    failed.sort_by_key(|(index, _)| *index);
    assert!(matches!(failed[0], (0, SendFailureReason::Unreadable(_))));
    assert!(matches!(failed[1], (1, SendFailureReason::Unreadable(_))));
    assert!(matches!(failed[2], (2, SendFailureReason::ClassNotTaken { .. })), "{:?}", failed[2]);
    assert!(failed[2].1.to_string().contains("does not take this kind of object"));
}

#[test]
fn an_encoding_that_the_peer_lacks_is_named() {
    in_private_network!();
    let Some(folder) = tools_peers::data::archive("codecs_one_ct_slice") else { return };
    let Some(store) = StoreScp::start(&[]) else { return };
    let path = crate::common::files(&folder)
        .into_iter()
        .find(|path| path.to_string_lossy().ends_with("Syntax_1.2.840.10008.1.2.4.90.dcm"))
        .unwrap();
    let report = send(&peer(&store.address()), &[Outgoing::File(path)], &settings(), &Silent).unwrap();
    assert!(
        matches!(&report.failed[0].reason, SendFailureReason::SyntaxNotTaken { syntax } if syntax.ends_with(".4.90"))
    );
}

#[test]
fn a_peer_that_does_not_let_us_store_is_an_error_with_a_next_step() {
    in_private_network!();
    let options = OrthancOptions { modalities: Vec::new(), ..OrthancOptions::default() };
    let Some(orthanc) = Orthanc::start(&options) else { return };
    let error = send(&peer(&orthanc.address()), &study(), &settings(), &Silent).unwrap_err();
    let SendError::Association { report, .. } = &error else { panic!("{error}") };
    assert_eq!(report.stored, 0);
    let text = error.to_string();
    assert!(text.contains("THEATRON") && text.contains("ask the PACS team"), "{text}");
    assert_eq!(orthanc.json("/instances").as_array().unwrap().len(), 0);
}
