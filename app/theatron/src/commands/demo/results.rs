//! Results back into the PACS, and proof that they arrived.

use app_engine::import::Provenance;
use app_engine::mesh::MeshReport;
use app_engine::{Fault, FaultKind, pacs};
use casebank_case::Told as _;
use casebank_case::VolumeEntry;
use casebank_dicom::objects::encapsulated_stl;
use net_dimse::{Outgoing, Peer, ReceivedObject, Settings, SinkError, Wanted};
use serde_json::{Value, json};

use crate::terminal::Stage;

/// Sends the STL as an Encapsulated STL object, fetches it again and compares it byte for byte.
pub(super) fn send_back(
    peer: &Peer,
    meshes: &[MeshReport],
    title: &str,
    entry: &VolumeEntry,
    source: &Provenance,
) -> Result<Value, Fault> {
    let stage = Stage::new(("send back", "送回"));
    let file = meshes.iter().map(|mesh| &mesh.file).find(|file| file.extension().is_some_and(|e| e == "stl"));
    let file = file.ok_or_else(|| Fault::told(FaultKind::Internal, "There is no STL to send."))?;
    let stl = std::fs::read(file).map_err(|error| {
        Fault::told(FaultKind::Internal, format!("{} cannot be read: {error}.", file.display()))
    })?;
    let object = pacs::encapsulate(&stl, title, entry, source)?;
    let written =
        encapsulated_stl::read(&object).map_err(|error| Fault::told(FaultKind::Internal, error.words()))?;
    let sent = pacs::send(peer, &[Outgoing::Bytes(object)], &stage)?;
    if let Some(failure) = sent.failed.first() {
        return Err(Fault::new(
            FaultKind::Peer,
            format!("The PACS did not keep the surface: {}.", failure.reason),
            "The print files on disk are complete.",
            "Mend that, then send again with `theatron pacs send`.",
        ));
    }
    let mut equal = false;
    let mut compare = |mut received: ReceivedObject| -> Result<(), SinkError> {
        let mut bytes = Vec::new();
        received.write_file(&mut bytes)?;
        equal |= encapsulated_stl::read(&bytes).is_ok_and(|back| back.stl == stl);
        Ok(())
    };
    let wanted = Wanted { study_uid: entry.study_uid.clone(), series_uid: Some(written.series_uid.clone()) };
    net_dimse::get(peer, &wanted, &mut compare, &Settings::default(), &stage)?;
    if !equal {
        return Err(Fault::new(
            FaultKind::Peer,
            "The surface fetched from the PACS is not the one that was sent.",
            "It must not be used from there.",
            "Look at the object in the PACS; the print files on disk are complete.",
        ));
    }
    stage.done(&format!("{} keeps the surface, fetched and equal", peer.address()));
    Ok(json!({
        "sop_instance_uid": written.sop_instance_uid,
        "series_uid": written.series_uid,
        "stored": sent.stored,
        "fetched_equal": equal,
    }))
}
