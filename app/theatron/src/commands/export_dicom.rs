//! `theatron case export --out F.dcm`: segments as DICOM.

use std::path::Path;

use app_engine::Fault;
use app_engine::segment_export::{Form, SegmentExportOrder, export};

use super::bank::{BankArguments, actor, case_id};
use crate::answer::Answer;
use crate::terminal::Stage;

/// Writes segments of a case as one DICOM object.
pub(crate) fn run(
    bank: &BankArguments,
    case: &str,
    segments: &[String],
    form: Form,
    out: &Path,
) -> Result<Answer, Fault> {
    let order = SegmentExportOrder { case: case_id(case)?, segments, form, file: out };
    let stage = Stage::new("export");
    let report = export(&bank.open()?, &actor()?, &order, &stage)?;
    stage.done(&out.display().to_string());
    let text = format!("{} of {} in {}\n", report.segments.join(", "), order.case, out.display());
    Answer::new(&report, text)
}
