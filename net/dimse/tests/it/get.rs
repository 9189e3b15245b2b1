use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};

use casebank_dicom::objects::encapsulated_stl::{self, StlInfo};
use casebank_dicom::{SeriesInfo, write_series};
use dicom_dictionary_std::uids;
use meshing_phantom::Phantom;
use meshing_space::Transform;
use meshing_volume::{Progress, Silent};
use net_dimse::{
    AssociationError, GetError, GetReport, Level, Limits, Outgoing, Peer, Query, ReceivedObject, Settings,
    Wanted, find, get, send,
};
use tools_peers::{DcmQrScp, Modality, Orthanc, OrthancOptions, StoreScp, in_private_network};

use crate::common::{SERIES, STUDY, facts, peer, pixels, received, settings, slice, study};

/// Instance UID to transfer syntax and data set.
type Objects = BTreeMap<String, (String, Vec<u8>)>;

fn fetch(peer: &Peer, wanted: &Wanted, settings: &Settings) -> (Objects, GetReport) {
    let mut objects = Objects::new();
    let mut sink = |mut object: ReceivedObject| {
        let (uid, syntax, data) = received(&mut object);
        objects.insert(uid, (syntax, data));
        Ok(())
    };
    let report = get(peer, wanted, &mut sink, settings, &Silent).unwrap();
    (objects, report)
}

fn whole(study_uid: &str) -> Wanted {
    Wanted { study_uid: study_uid.to_owned(), series_uid: None }
}

fn as_files(objects: &[Outgoing]) -> Vec<Vec<u8>> {
    let bytes = |object: &Outgoing| match object {
        Outgoing::Bytes(bytes) => bytes.clone(),
        Outgoing::File(path) => std::fs::read(path).unwrap(),
    };
    objects.iter().map(bytes).collect()
}

#[test]
fn what_was_sent_comes_back_byte_for_byte() {
    in_private_network!();
    let Some(orthanc) = Orthanc::start(&OrthancOptions::default()) else { return };
    let Some(archive) = DcmQrScp::start(&[]) else { return };
    let sent: Objects = as_files(&study())
        .iter()
        .map(|file| facts(file))
        .map(|(uid, syntax, data)| (uid, (syntax, data)))
        .collect();
    for address in [orthanc.address(), archive.address()] {
        let peer = peer(&address);
        send(&peer, &study(), &settings(), &Silent).unwrap();
        let (objects, report) = fetch(&peer, &whole(STUDY), &settings());
        assert_eq!((report.completed, report.failed, report.warnings), (5, 0, 0), "{address}");
        assert_eq!(objects, sent, "{address}");

        // in a temporary file instead of memory
        let small =
            Settings { limits: Limits { object_in_memory_bytes: 1000, ..Limits::default() }, ..settings() };
        let one = Wanted { study_uid: STUDY.into(), series_uid: Some(SERIES[1].into()) };
        let (objects, report) = fetch(&peer, &one, &small);
        assert_eq!(report.completed, 2, "{address}");
        assert!(objects.iter().all(|(uid, object)| sent.get(uid) == Some(object)), "{address}");
        assert!(report.bytes > 2 * 64 * 64 * 2);
    }
}

/// A slice, not the segmentation or a report beside it.
fn is_ct(path: &std::path::Path) -> bool {
    let file = std::fs::read(path).unwrap();
    file.windows(26).take(1000).any(|window| window == b"1.2.840.10008.5.1.4.1.1.2\0")
}

#[test]
fn a_real_scan_comes_back_with_its_pixels() {
    in_private_network!();
    let Some(folder) = tools_peers::data::archive("ct_chest_lidc0314") else { return };
    let Some(orthanc) = Orthanc::start(&OrthancOptions::default()) else { return };
    let Some(archive) = DcmQrScp::start(&[]) else { return };
    let paths: Vec<_> =
        crate::common::files(&folder).into_iter().filter(|path| is_ct(path)).take(24).collect();
    assert_eq!(paths.len(), 24);
    let objects: Vec<Outgoing> = paths.iter().cloned().map(Outgoing::File).collect();
    let sent: BTreeMap<String, Vec<u8>> =
        as_files(&objects).iter().map(|file| (facts(file).0, pixels(file))).collect();
    for address in [orthanc.address(), archive.address()] {
        let peer = peer(&address);
        let report = send(&peer, &objects, &settings(), &Silent).unwrap();
        assert_eq!((report.stored, report.failed.len()), (24, 0), "{report:?}");
        let studies = find(&peer, &Query::default(), &settings(), &Silent).unwrap().matches;
        assert_eq!(studies.len(), 1);
        let mut back = BTreeMap::new();
        let mut sink = |mut object: ReceivedObject| {
            let mut file = Vec::new();
            object.write_file(&mut file)?;
            back.insert(object.instance_uid().to_owned(), pixels(&file));
            Ok(())
        };
        let report = get(&peer, &whole(&studies[0].study_uid), &mut sink, &settings(), &Silent).unwrap();
        assert_eq!((report.completed, report.failed), (24, 0), "{address}");
        assert_eq!(back, sent, "{address}");
    }
}

#[test]
fn compressed_objects_stay_compressed() {
    in_private_network!();
    let Some(folder) = tools_peers::data::archive("codecs_one_ct_slice") else { return };
    let Some(orthanc) = Orthanc::start(&OrthancOptions::default()) else { return };
    let files = crate::common::files(&folder);
    for syntax in
        ["1.2.840.10008.1.2.4.70", "1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.5"]
    {
        let path = files
            .iter()
            .find(|path| {
                path.file_name().unwrap().to_string_lossy().ends_with(&format!("Syntax_{syntax}.dcm"))
            })
            .unwrap();
        let file = std::fs::read(path).unwrap();
        let peer = peer(&orthanc.address());
        let report = send(&peer, &[Outgoing::Bytes(file.clone())], &settings(), &Silent).unwrap();
        assert_eq!((report.stored, report.failed.len()), (1, 0), "{syntax} {report:?}");
        let study = find(&peer, &Query::default(), &settings(), &Silent).unwrap().matches.remove(0).study_uid;
        let mut back = Vec::new();
        let mut sink = |mut object: ReceivedObject| {
            back.push((object.transfer_syntax().to_owned(), Vec::new()));
            Ok(object.write_file(&mut back[0].1)?)
        };
        get(&peer, &whole(&study), &mut sink, &settings(), &Silent).unwrap();
        assert_eq!(back[0].0, syntax);
        assert_eq!(pixels(&back[0].1), pixels(&file), "{syntax}");
        // every file of this archive is the same instance
        for id in orthanc.json("/studies").as_array().unwrap() {
            orthanc.delete(&format!("/studies/{}", id.as_str().unwrap()));
        }
    }
}

#[test]
fn an_encapsulated_stl_is_listed_and_comes_back_equal() {
    in_private_network!();
    let Some(folder) = tools_peers::data::archive("synth_phantom_a") else { return };
    let path = crate::common::files(&folder)
        .into_iter()
        .find(|path| path.ends_with("encapsulated_stl.dcm"))
        .unwrap();
    let file = std::fs::read(&path).unwrap();
    let Some(orthanc) = Orthanc::start(&OrthancOptions::default()) else { return };
    let Some(archive) = DcmQrScp::start(&[]) else { return };
    for address in [orthanc.address(), archive.address()] {
        let peer = peer(&address);
        let report = send(&peer, &[Outgoing::Bytes(file.clone())], &settings(), &Silent).unwrap();
        assert_eq!((report.stored, report.failed.len()), (1, 0), "{address} {report:?}");
        let study = find(&peer, &Query::default(), &settings(), &Silent).unwrap().matches.remove(0).study_uid;
        let query = Query { level: Level::Series, study_uid: Some(study.clone()), ..Query::default() };
        assert_eq!(
            find(&peer, &query, &settings(), &Silent).unwrap().matches[0].modalities,
            ["M3D"],
            "{address}"
        );
        let (objects, report) = fetch(&peer, &whole(&study), &settings());
        assert_eq!(report.completed, 1);
        let (uid, syntax, data) = facts(&file);
        assert_eq!(objects.get(&uid), Some(&(syntax, data)), "{address}");
    }
    let listed = orthanc.json("/instances");
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

#[test]
fn a_phantom_and_its_model_go_to_the_pacs_and_come_back() {
    in_private_network!();
    let Some(orthanc) = Orthanc::start(&OrthancOptions::default()) else { return };
    let phantom = Phantom::sphere();
    let volume = phantom.volume(&phantom.grid([4.0; 3], Transform::identity()));
    let folder = tempfile::tempdir().unwrap();
    let info = SeriesInfo { seed: "to the PACS and back".into(), ..SeriesInfo::default() };
    let mut objects: Vec<Outgoing> =
        write_series(&volume, &info, folder.path()).unwrap().into_iter().map(Outgoing::File).collect();
    // one triangle, binary
    let mut stl = vec![b' '; 80];
    stl.extend_from_slice(&1_u32.to_le_bytes());
    for number in [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 10.0, 0.0, 0.0, 0.0, 10.0, 0.0_f32] {
        stl.extend_from_slice(&number.to_le_bytes());
    }
    stl.extend_from_slice(&[0, 0]);
    let model = SeriesInfo { seed: "its model".into(), ..info.clone() };
    let about = StlInfo { series: model, title: "Sphere".into(), ..StlInfo::default() };
    objects.push(Outgoing::Bytes(encapsulated_stl::write(&stl, &about).unwrap()));
    let peer = peer(&orthanc.address());
    let report = send(&peer, &objects, &settings(), &Silent).unwrap();
    assert_eq!((report.stored as usize, report.failed.len()), (objects.len(), 0), "{report:?}");

    let back = tempfile::tempdir().unwrap();
    let mut stls = Vec::new();
    for study in find(&peer, &Query::default(), &settings(), &Silent).unwrap().matches {
        let mut sink = |mut object: ReceivedObject| {
            if object.class_uid() == uids::ENCAPSULATED_STL_STORAGE {
                let mut file = Vec::new();
                object.write_file(&mut file)?;
                stls.push(encapsulated_stl::read(&file)?.stl);
                return Ok(());
            }
            Ok(object.save(&back.path().join(format!("{}.dcm", object.instance_uid())))?)
        };
        let report = get(&peer, &whole(&study.study_uid), &mut sink, &settings(), &Silent).unwrap();
        assert_eq!(report.failed, 0);
    }
    assert_eq!(stls, [stl]);
    let read = |folder: &std::path::Path| {
        let mut import = casebank_dicom::read_paths(&[folder.to_owned()], &Silent).unwrap();
        assert_eq!((import.volumes.len(), import.rejected.len()), (1, 0));
        import.volumes.remove(0).volume
    };
    let (sent, fetched) = (read(folder.path()), read(back.path()));
    assert_eq!(sent.grid(), fetched.grid());
    assert_eq!(sent.voxel_bytes(), fetched.voxel_bytes());
    assert_eq!(sent.grid().size(), volume.grid().size());
}

#[test]
fn a_pacs_that_offers_only_move_is_named() {
    in_private_network!();
    let Some(archive) = DcmQrScp::start(&["--disable-get"]) else { return };
    let error =
        get(&peer(&archive.address()), &whole(STUDY), &mut |_| Ok(()), &settings(), &Silent).unwrap_err();
    assert!(matches!(error, GetError::OnlyMove { refused: false, .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("only C-MOVE") && text.contains("Next step") && text.contains("THEATRON"),
        "{text}"
    );

    // negotiates C-GET with everybody, and does not allow it to us
    let options = OrthancOptions {
        modalities: vec![Modality { get: false, ..Modality::allowed("THEATRON") }],
        ..OrthancOptions::default()
    };
    let Some(orthanc) = Orthanc::start(&options) else { return };
    send(&peer(&orthanc.address()), &study(), &settings(), &Silent).unwrap();
    let error =
        get(&peer(&orthanc.address()), &whole(STUDY), &mut |_| Ok(()), &settings(), &Silent).unwrap_err();
    assert!(matches!(error, GetError::OnlyMove { refused: true, .. }), "{error}");
    assert!(error.to_string().contains("only C-MOVE to us"), "{error}");

    let Some(store) = StoreScp::start(&[]) else { return };
    let error =
        get(&peer(&store.address()), &whole(STUDY), &mut |_| Ok(()), &settings(), &Silent).unwrap_err();
    assert!(matches!(error, GetError::NoRetrieval { .. }), "{error}");
}

#[test]
fn an_unknown_study_is_no_objects() {
    in_private_network!();
    let Some(archive) = DcmQrScp::start(&[]) else { return };
    let (objects, report) = fetch(&peer(&archive.address()), &whole("2.25.4711"), &settings());
    assert_eq!((objects.len(), report.completed, report.failed), (0, 0, 0));
}

#[test]
fn a_receiver_that_fails_stops_the_peer_and_keeps_what_it_has() {
    in_private_network!();
    let Some(orthanc) = Orthanc::start(&OrthancOptions::default()) else { return };
    let Some(archive) = DcmQrScp::start(&[]) else { return };
    let many: Vec<_> =
        (0..30).map(|number| Outgoing::Bytes(slice(0, number, uids::IMPLICIT_VR_LITTLE_ENDIAN))).collect();
    for address in [orthanc.address(), archive.address()] {
        let peer = peer(&address);
        send(&peer, &many, &settings(), &Silent).unwrap();
        let mut kept = 0;
        let mut sink = |_: ReceivedObject| {
            if kept == 7 {
                return Err("no space left on device".into());
            }
            kept += 1;
            Ok(())
        };
        let error = get(&peer, &whole(STUDY), &mut sink, &settings(), &Silent).unwrap_err();
        let text = error.to_string();
        assert!(
            matches!(error, GetError::Sink { ref report, .. } if report.completed == 7),
            "{address} {text}"
        );
        assert!(text.contains("no space left") && text.contains("7 objects before it are kept"), "{text}");
        assert_eq!(kept, 7);
        // the peer is well and gives everything the next time
        let (objects, _) = fetch(&peer, &whole(STUDY), &settings());
        assert_eq!(objects.len(), 30, "{address}");
    }
}

/// Cancels after some objects.
struct After(AtomicU32);

impl Progress for After {
    fn report(&self, _fraction: f32) {}
    fn cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= 5
    }
}

#[test]
fn cancelling_ends_a_retrieval() {
    in_private_network!();
    let Some(archive) = DcmQrScp::start(&[]) else { return };
    let peer = peer(&archive.address());
    let many: Vec<_> =
        (0..60).map(|number| Outgoing::Bytes(slice(0, number, uids::EXPLICIT_VR_LITTLE_ENDIAN))).collect();
    send(&peer, &many, &settings(), &Silent).unwrap();
    let after = After(AtomicU32::new(0));
    let mut sink = |_: ReceivedObject| {
        after.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    };
    let error = get(&peer, &whole(STUDY), &mut sink, &settings(), &after).unwrap_err();
    assert!(matches!(error, GetError::Association(AssociationError::Cancelled { .. })), "{error}");
    let kept = after.0.load(Ordering::Relaxed);
    assert!((5..60).contains(&kept), "{kept}");
}

#[test]
fn what_is_no_uid_is_not_asked_for() {
    let nobody = peer("NOBODY@127.0.0.1:1");
    for wanted in [whole("*"), whole(""), Wanted { study_uid: STUDY.into(), series_uid: Some("../x".into()) }]
    {
        let error = get(&nobody, &wanted, &mut |_| Ok(()), &settings(), &Silent).unwrap_err();
        assert!(matches!(error, GetError::Uid { .. }), "{error}");
    }
}
