use casebank_case::Phi;
use meshing_volume::{CancelFlag, Silent};
use net_dimse::{AeTitle, AssociationError, FindError, Level, Limits, Outgoing, Query, Settings, find, send};
use tools_peers::{DcmQrScp, Orthanc, OrthancOptions, StoreScp, in_private_network};

use crate::common::{SERIES, STUDY, instance, peer, settings, study};

/// Both archives, with the generated study in them.
fn archives() -> Option<(Orthanc, DcmQrScp)> {
    let orthanc = Orthanc::start(&OrthancOptions::default())?;
    let archive = DcmQrScp::start(&[])?;
    for address in [orthanc.address(), archive.address()] {
        let report = send(&peer(&address), &study(), &settings(), &Silent).unwrap();
        assert_eq!((report.stored, report.failed.len()), (5, 0), "{report:?}");
    }
    Some((orthanc, archive))
}

#[test]
fn studies_series_and_images_are_found() {
    in_private_network!();
    let Some((orthanc, archive)) = archives() else { return };
    for (address, counts) in [(orthanc.address(), true), (archive.address(), false)] {
        let peer = peer(&address);
        let query = Query { patient_name: Some("Canary*".into()), ..Query::default() };
        let found = find(&peer, &query, &settings(), &Silent).unwrap();
        assert_eq!((found.matches.len(), found.more), (1, false), "{address}");
        let one = &found.matches[0];
        assert_eq!(one.study_uid, STUDY);
        assert_eq!(one.patient_name.expose(), "Canary^Name=王^小東", "{address}");
        assert_eq!(one.patient_id.expose(), "CANARY-ID");
        assert_eq!(one.study_date.as_deref(), Some("20240229"));
        assert_eq!(one.study_description.as_deref(), Some("Phantom"));
        assert!(!format!("{one:?}").to_lowercase().contains("canary"), "patient data in a debug print");
        if counts {
            assert_eq!((one.series_count, one.instance_count), (Some(2), Some(5)));
            assert_eq!(one.modalities, ["CT"]);
        }

        let query = Query { level: Level::Series, study_uid: Some(STUDY.into()), ..Query::default() };
        let mut series = find(&peer, &query, &settings(), &Silent).unwrap().matches;
        series.sort_by_key(|one| one.series_number);
        let uids: Vec<_> = series.iter().filter_map(|one| one.series_uid.as_deref()).collect();
        assert_eq!(uids, SERIES, "{address}");
        assert_eq!(series[1].modalities, ["CT"]);

        let query = Query {
            level: Level::Image,
            study_uid: Some(STUDY.into()),
            series_uid: Some(SERIES[1].into()),
            ..Query::default()
        };
        let mut images: Vec<_> = find(&peer, &query, &settings(), &Silent)
            .unwrap()
            .matches
            .into_iter()
            .filter_map(|one| one.instance_uid)
            .collect();
        images.sort();
        assert_eq!(images, [instance(1, 0), instance(1, 1)], "{address}");
    }
}

#[test]
fn what_does_not_match_is_not_found() {
    in_private_network!();
    let Some((orthanc, archive)) = archives() else { return };
    for address in [orthanc.address(), archive.address()] {
        for query in [
            Query { patient_name: Some("Nobody*".into()), ..Query::default() },
            Query { study_date: Some("20240301-".into()), ..Query::default() },
            Query { study_uid: Some("2.25.999".into()), ..Query::default() },
        ] {
            let found = find(&peer(&address), &query, &settings(), &Silent).unwrap();
            assert_eq!(found.matches, [], "{address} {query:?}");
        }
    }
}

#[test]
fn names_in_two_character_sets_come_out_right() {
    in_private_network!();
    let Some(folder) = tools_peers::data::archive("dicom_oddities") else { return };
    let files = crate::common::files(&folder);
    let of = |name: &str| files.iter().find(|path| path.ends_with(name)).unwrap().clone();
    let Some(orthanc) = Orthanc::start(&OrthancOptions::default()) else { return };
    let Some(archive) = DcmQrScp::start(&[]) else { return };
    for (file, name) in [("chrX1.dcm", "Wang^XiaoDong=王^小東"), ("chrX2.dcm", "Wang^XiaoDong=王^小东")]
    {
        for address in [orthanc.address(), archive.address()] {
            let objects = [Outgoing::File(of(file))];
            let report = send(&peer(&address), &objects, &settings(), &Silent).unwrap();
            assert_eq!(report.stored, 1, "{address} {file} {report:?}");
            let query = Query { patient_name: Some(Phi::new("Wang*".to_owned())), ..Query::default() };
            let found = find(&peer(&address), &query, &settings(), &Silent).unwrap();
            // trailing empty groups of a name mean nothing
            let names: Vec<_> = found
                .matches
                .iter()
                .map(|one| one.patient_name.expose().trim_end_matches('=').to_owned())
                .collect();
            assert!(names.iter().any(|found| found == name), "{address} {file}: {names:?}");
        }
    }
}

#[test]
fn names_in_chinese_are_found_whatever_set_they_are_stored_in() {
    in_private_network!();
    let Some(folder) = tools_peers::data::archive("dicom_oddities") else { return };
    let files = crate::common::files(&folder);
    let Some(orthanc) = Orthanc::start(&OrthancOptions::default()) else { return };
    let Some(archive) = DcmQrScp::start(&[]) else { return };
    for address in [orthanc.address(), archive.address()] {
        for file in ["chrX1.dcm", "chrX2.dcm", "chrI2.dcm"] {
            let path = files.iter().find(|path| path.ends_with(file)).unwrap().clone();
            let report = send(&peer(&address), &[Outgoing::File(path)], &settings(), &Silent).unwrap();
            assert_eq!(report.stored, 1, "{address} {file} {report:?}");
        }
        for (asked, names) in [
            ("*王*", ["Wang^XiaoDong=王^小东", "Wang^XiaoDong=王^小東"].as_slice()),
            ("*小东*", &["Wang^XiaoDong=王^小东"]),
            ("Hong*", &["Hong^Gildong=洪^吉洞=홍^길동"]),
        ] {
            let query = Query { patient_name: Some(asked.into()), ..Query::default() };
            let found = find(&peer(&address), &query, &settings(), &Silent).unwrap();
            let mut found: Vec<_> =
                found.matches.iter().map(|m| m.patient_name.expose().trim_end_matches('=')).collect();
            found.sort_unstable();
            assert_eq!(found, names, "{address} {asked}");
        }
    }
}

#[test]
fn too_many_answers_are_cancelled_and_said_to_be_more() {
    in_private_network!();
    let Some((orthanc, archive)) = archives() else { return };
    for address in [orthanc.address(), archive.address()] {
        let query = Query { level: Level::Series, study_uid: Some(STUDY.into()), ..Query::default() };
        let settings = Settings { limits: Limits { matches: 1, ..Limits::default() }, ..settings() };
        let found = find(&peer(&address), &query, &settings, &Silent).unwrap();
        assert_eq!((found.matches.len(), found.more), (1, true), "{address}");
    }
}

#[test]
fn refusals_are_typed() {
    in_private_network!();
    let Some(store) = StoreScp::start(&[]) else { return };
    let error = find(&peer(&store.address()), &Query::default(), &settings(), &Silent).unwrap_err();
    assert!(matches!(error, FindError::NotOffered { .. }), "{error}");

    let Some(orthanc) = Orthanc::start(&OrthancOptions::default()) else { return };
    let stranger = peer(&orthanc.address()).called_as(AeTitle::new("STRANGER").unwrap());
    let error = find(&stranger, &Query::default(), &settings(), &Silent).unwrap_err();
    assert!(
        matches!(
            error,
            FindError::Association(AssociationError::Aborted { .. } | AssociationError::Closed { .. })
                | FindError::Status { .. }
        ),
        "{error}"
    );
    assert!(error.to_string().contains("STRANGER"), "{error}");

    let cancelled = CancelFlag::default();
    cancelled.cancel();
    let error = find(&peer(&orthanc.address()), &Query::default(), &settings(), &cancelled).unwrap_err();
    assert!(matches!(error, FindError::Association(AssociationError::Cancelled { .. })), "{error}");
}
