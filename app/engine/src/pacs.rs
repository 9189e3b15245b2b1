//! The PACS: studies in, results back.

use std::path::PathBuf;

use casebank_case::{Actor, VolumeEntry};
use casebank_dicom::SeriesInfo;
use casebank_dicom::objects::SourceImage;
use casebank_dicom::objects::encapsulated_stl::{self, StlInfo};
use casebank_store::Bank;
use meshing_volume::Progress;
use net_dimse::{GetReport, Outgoing, Peer, ReceivedObject, SendReport, Settings, SinkError, Wanted};

use crate::import::{Imported, Provenance, import};
use crate::{Fault, FaultKind};

/// Series number of surfaces, far from those of scanners.
const SURFACE_SERIES: u32 = 9801;

/// Fetches a study by C-GET and imports it. An object is acknowledged to the PACS only once the bank has it durably.
///
/// # Errors
/// A PACS that cannot be reached or offers only C-MOVE (named as such), an empty study, or a bank that cannot keep it.
pub fn pull(
    bank: &Bank,
    actor: &Actor,
    peer: &Peer,
    wanted: &Wanted,
    progress: &dyn Progress,
) -> Result<(GetReport, Imported), Fault> {
    let mut kept: Vec<PathBuf> = Vec::new();
    let mut keep = |mut object: ReceivedObject| -> Result<(), SinkError> {
        let mut bytes = Vec::new();
        object.write_file(&mut bytes)?;
        let hash = bank.put_object(&bytes)?;
        kept.push(bank.object_path(&hash));
        Ok(())
    };
    let report = net_dimse::get(peer, wanted, &mut keep, &Settings::default(), progress)?;
    if kept.is_empty() {
        return Err(Fault::new(
            FaultKind::Peer,
            format!("{} sent no object of study {}.", peer.address(), wanted.study_uid),
            "There is nothing to plan on.",
            "List the studies it has with `theatron pacs find`, and check the Study Instance UID.",
        ));
    }
    let imported = import(bank, actor, &kept, progress)?;
    Ok((report, imported))
}

/// An Encapsulated STL of a surface, referring to the images it was made from, as a DICOM file for the PACS.
///
/// # Errors
/// A surface that cannot be wrapped.
pub fn encapsulate(
    stl: &[u8],
    title: &str,
    entry: &VolumeEntry,
    source: &Provenance,
) -> Result<Vec<u8>, Fault> {
    let series = SeriesInfo {
        seed: format!("theatron {} {title} {}", entry.series_uid, casebank_case::ObjectHash::of(stl)),
        patient: source.patient.clone(),
        study: source.study.clone(),
        description: format!("Theatron surface: {title}"),
        number: SURFACE_SERIES,
        ..SeriesInfo::default()
    };
    let image =
        |uid: &String| SourceImage { class_uid: source.sop_class_uid.clone(), instance_uid: uid.clone() };
    let info = StlInfo {
        series,
        frame_of_reference: entry.frame_of_reference.clone(),
        title: title.to_owned(),
        source_series_uid: entry.series_uid.clone(),
        source_images: source.sop_instance_uids.iter().map(image).collect(),
        software_version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    Ok(encapsulated_stl::write(stl, &info)?)
}

/// Sends objects by C-STORE.
///
/// # Errors
/// A PACS that cannot be reached or takes none of them.
pub fn send(peer: &Peer, objects: &[Outgoing], progress: &dyn Progress) -> Result<SendReport, Fault> {
    Ok(net_dimse::send(peer, objects, &Settings::default(), progress)?)
}
