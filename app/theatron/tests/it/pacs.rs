//! The main job from a real PACS and back.

use net_dimse::{Outgoing, Settings, send};
use tools_peers::{Orthanc, OrthancOptions};

use crate::{demo, json};

#[test]
fn the_chest_comes_from_orthanc_and_the_surface_goes_back() {
    tools_peers::in_private_network!();
    let Some(pacs) = Orthanc::start(&OrthancOptions::default()) else { return };
    let Some(folder) = tools_peers::data::archive("ct_chest_lidc0314") else { return };
    let read = casebank_dicom::read_paths(&[folder], &meshing_volume::Silent).unwrap();
    let volume = &read.volumes[0];
    let peer = pacs.address();
    let files: Vec<Outgoing> = volume.files.iter().cloned().map(Outgoing::from).collect();
    let sent = send(&peer.parse().unwrap(), &files, &Settings::default(), &meshing_volume::Silent).unwrap();
    assert_eq!(sent.stored as usize, volume.files.len());

    let out = tempfile::tempdir().unwrap();
    let (code, said, report) = demo(&["--from-pacs", &peer, "--study", &volume.entry.study_uid], out.path());
    assert_eq!(code, 0, "{said}");
    let hash: String = meshing_codec::voxel_hash(&volume.volume)
        .iter()
        .fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    assert_eq!(report["transport"]["voxel_hash"], hash, "the same voxels as from the folder");
    assert_eq!(report["pacs"]["fetched_equal"], true);

    // Orthanc itself lists the surface as an Encapsulated STL of the study.
    let uid = report["pacs"]["sop_instance_uid"].as_str().unwrap();
    let listed = pacs.json("/instances").as_array().unwrap().iter().any(|id| {
        let tags = pacs.json(&format!("/instances/{}/simplified-tags", id.as_str().unwrap()));
        tags["SOPInstanceUID"] == uid && tags["SOPClassUID"] == "1.2.840.10008.5.1.4.1.1.104.3"
    });
    assert!(listed, "the surface is not in Orthanc");
}

#[test]
fn echo_and_find_answer_and_a_wrong_name_is_explained() {
    tools_peers::in_private_network!();
    let Some(pacs) = Orthanc::start(&OrthancOptions::default()) else { return };
    let peer = pacs.address();
    assert_eq!(json(&["pacs", "echo", &peer]).0, 0);
    let (code, found) = json(&["pacs", "find", &peer, "--modality", "CT"]);
    assert_eq!((code, &found["studies"]), (0, &serde_json::json!([])));
    let wrong = format!("WRONG@{}", peer.split_once('@').unwrap().1);
    let (code, refused) = json(&["pacs", "echo", &wrong]);
    assert_eq!(code, 4);
    assert!(refused["error"]["what"].as_str().unwrap().contains("AE"), "{refused}");
}
