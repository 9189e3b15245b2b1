//! `theatron case export --out F.dcm`: segments as DICOM.

use std::path::Path;

use app_engine::Fault;
use app_engine::segment_export::{Form, SegmentExportOrder, export};

use super::bank::{BankArguments, actor, case_id};
use crate::answer::Answer;
use crate::terminal::{Stage, say};

/// Writes segments of a case as one DICOM object.
pub(crate) fn run(
    bank: &BankArguments,
    case: &str,
    segments: &[String],
    form: Form,
    out: &Path,
) -> Result<Answer, Fault> {
    let order = SegmentExportOrder { case: case_id(case)?, segments, form, file: out };
    let stage = Stage::new(("export", "导出"));
    let report = export(&bank.open()?, &actor()?, &order, &stage)?;
    stage.done(&out.display().to_string());
    let (case, out) = (order.case, out.display());
    let text = say((
        format!("{} of {case} in {out}\n", report.segments.join(", ")),
        format!("病例 {case} 的 {} 已写入 {out}\n", report.segments.join("、")),
    ));
    Answer::new(&report, text)
}
