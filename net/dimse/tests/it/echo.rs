use net_dimse::{AeTitle, AssociationError, EchoError, echo};
use tools_peers::{DcmQrScp, Orthanc, OrthancOptions, StoreScp, in_private_network};

use crate::common::{peer, settings};

#[test]
fn peers_answer() {
    in_private_network!();
    let Some(orthanc) = Orthanc::start(&OrthancOptions::default()) else { return };
    let (Some(archive), Some(store)) = (DcmQrScp::start(&[]), StoreScp::start(&[])) else { return };
    for address in [orthanc.address(), archive.address(), store.address()] {
        let report = echo(&peer(&address), &settings()).unwrap();
        assert!(report.implementation.is_some_and(|name| name.starts_with("OFFIS")), "{address}");
        assert!(report.implementation_uid.is_some_and(|uid| uid.starts_with("1.2.276")), "{address}");
    }
}

#[test]
fn a_wrong_ae_title_is_said_to_be_wrong() {
    in_private_network!();
    let Some(orthanc) = Orthanc::start(&OrthancOptions::default()) else { return };
    let error = echo(&peer(&format!("WRONG@127.0.0.1:{}", orthanc.dicom_port)), &settings()).unwrap_err();
    assert!(matches!(
        &error,
        EchoError::Association(AssociationError::Rejected { called, rejection, .. })
            if called == "WRONG" && (rejection.source, rejection.reason) == (1, 7)
    ));
    let text = error.to_string();
    assert!(text.contains("AE title WRONG") && text.contains("Their AE expects its exact name"), "{text}");
    // and the peer is unharmed
    echo(&peer(&orthanc.address()), &settings()).unwrap();
}

#[test]
fn what_is_no_dicom_server_is_named() {
    in_private_network!();
    let Some(orthanc) = Orthanc::start(&OrthancOptions::default()) else { return };
    let web = echo(&peer(&format!("ORTHANC@127.0.0.1:{}", orthanc.http_port)), &settings()).unwrap_err();
    // a web server either answers in HTTP or hangs up on a binary request
    let text = web.to_string();
    assert!(
        matches!(
            web,
            EchoError::Association(AssociationError::NotDicom { .. } | AssociationError::Closed { .. })
        ),
        "{text}"
    );
    let nothing = echo(&peer("ORTHANC@127.0.0.1:1"), &settings()).unwrap_err();
    assert!(matches!(nothing, EchoError::Association(AssociationError::Refused { .. })), "{nothing}");
    assert!(nothing.to_string().contains("nothing listens on this port"));
    let nowhere = echo(&peer("ORTHANC@no-such-host.invalid:104"), &settings()).unwrap_err();
    assert!(matches!(nowhere, EchoError::Association(AssociationError::UnknownHost { .. })), "{nowhere}");
}

#[test]
fn our_own_name_is_ours_to_choose() {
    in_private_network!();
    let Some(orthanc) = Orthanc::start(&OrthancOptions::default()) else { return };
    let other = peer(&orthanc.address()).called_as(AeTitle::new("SOMEBODY").unwrap());
    // Orthanc lets anybody echo, and writes down who called
    echo(&other, &settings()).unwrap();
    assert!(orthanc.log().contains("SOMEBODY"));
}
