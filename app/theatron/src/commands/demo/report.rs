//! `report.json`: what the demo did, in the form of the command line contract.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use app_engine::mesh::{MeshReport, write_whole};
use app_engine::segment::SegmentReport;
use app_engine::{Fault, FaultKind};
use casebank_case::{CaseId, Finding, VolumeEntry};
use meshing_segment::Outcome;
use serde::Serialize;
use serde_json::{Value, json};

/// How the volume came over the network.
#[derive(Debug, Default, Serialize)]
pub(super) struct Transport {
    /// Name of the emulated network.
    pub(super) profile: String,
    /// Bytes of chunks.
    pub(super) bytes: u64,
    /// From asking to the whole volume at ¼ resolution or better, decoded.
    pub(super) first_full_extent_ms: f64,
    /// From asking to the last hash verified.
    pub(super) exact_ms: f64,
    /// Whether the voxels that arrived are those that were read.
    pub(super) exact: bool,
    /// BLAKE3 of the voxels that arrived.
    pub(super) voxel_hash: String,
}

/// One stage and how long it took.
#[derive(Debug, Serialize)]
struct StageReport {
    name: &'static str,
    seconds: f64,
}

/// The report.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    pub(super) case: String,
    pub(super) volumes: Vec<VolumeEntry>,
    pub(super) findings: Vec<Finding>,
    pub(super) transport: Transport,
    pub(super) segments: Vec<SegmentReport>,
    pub(super) meshes: Vec<MeshReport>,
    pub(super) pictures: Vec<PathBuf>,
    pub(super) device: String,
    stages: Vec<StageReport>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pacs: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Value>,
    #[serde(skip)]
    pub(super) fault: Option<Fault>,
}

impl Report {
    pub(super) fn stage(&mut self, name: &'static str, seconds: f64) {
        self.stages.push(StageReport { name, seconds });
    }

    pub(super) fn refuse(&mut self, fault: Fault) {
        let [what, meaning, next_step] = fault.said();
        self.refused = Some(json!({"what": what.en, "meaning": meaning.en, "next_step": next_step.en}));
        self.fault = Some(fault);
    }

    pub(super) fn segment(&mut self, case: CaseId, name: &str, outcome: &Outcome, seconds: f64) {
        self.stage("segment", seconds);
        self.segments.push(SegmentReport {
            from: Vec::new(),
            case,
            segment: name.to_owned(),
            method: name.to_owned(),
            params: outcome.params.clone(),
            level: outcome.level,
            voxels: outcome.voxels as u64,
            volume_mm3: outcome.volume_mm3,
            seconds,
        });
    }

    /// Writes `report.json`.
    pub(super) fn write(&self, out: &Path) -> Result<(), Fault> {
        let text = serde_json::to_string_pretty(self).map_err(|error| {
            Fault::told(FaultKind::Internal, format!("The report cannot be written: {error}."))
        })?;
        write_whole(&out.join("report.json"), text.as_bytes())
    }

    pub(super) fn words(&self, out: &Path) -> String {
        let mut text = String::new();
        for mesh in &self.meshes {
            text.push_str(&crate::commands::mesh::words(mesh));
        }
        for picture in &self.pictures {
            writeln!(text, "{}", picture.display()).unwrap_or_default();
        }
        let stages: Vec<String> =
            self.stages.iter().map(|s| format!("{} {:.1} s", s.name, s.seconds)).collect();
        writeln!(text, "{}\n{}", out.join("report.json").display(), stages.join(" · ")).unwrap_or_default();
        text
    }
}
