//! `theatron recompute`.

use std::fmt::Write as _;

use app_engine::Fault;
use app_engine::recompute::recompute;
use casebank_case::{Stale, StaleReason};

use super::bank::{BankArguments, actor, case_id};
use crate::answer::Answer;
use crate::terminal::{Stage, language, say};

/// Make again what is out of date: segments, surfaces, guides, checks.
#[derive(clap::Args)]
#[command(after_help = "Example: theatron recompute CASE")]
pub(crate) struct Arguments {
    /// The case.
    case: String,
    #[command(flatten)]
    bank: BankArguments,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    let stage = Stage::new(("recompute", "重新计算"));
    let done = recompute(&arguments.bank.open()?, &actor()?, case_id(&arguments.case)?, &stage)?;
    stage.done(&say((format!("{} made again", done.made.len()), format!("重新生成 {} 项", done.made.len()))));
    let mut text = String::new();
    for stale in &done.made {
        writeln!(text, "✓ {}", thing(stale).0).unwrap_or_default();
    }
    for stale in &done.left {
        let (thing, reason) = thing(stale);
        let reason = say((reason.to_string(), reason.chinese()));
        writeln!(text, "✗ {thing}: {reason}").unwrap_or_default();
    }
    for refused in &done.refused {
        let why = refused.fault.in_language(language());
        writeln!(text, "✗ {}: {why}", thing(&refused.stale).0).unwrap_or_default();
    }
    if text.is_empty() {
        text = say(("nothing is out of date\n", "没有过期的内容\n"));
    }
    let mut answer = Answer::new(&done, text)?;
    answer.fault = done.refused.first().map(|refused| refused.fault.clone());
    Ok(answer)
}

/// What is stale, in words, and why.
fn thing(stale: &Stale) -> (String, StaleReason) {
    let (kind, name, reason) = match stale {
        Stale::Segment { reason, name } => (("segment", "分割"), name, reason),
        Stale::Surface { reason, segment } => (("surface of", "表面"), segment, reason),
        Stale::Solid { reason, name } => (("solid", "实体"), name, reason),
        Stale::Checks { reason, solid } => (("checks of", "检查"), solid, reason),
        _ => return (String::new(), StaleReason::SourceChanged),
    };
    (format!("{} {name}", say(kind)), *reason)
}
