//! `theatron segment`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use app_engine::pictures::{preview, save};
use app_engine::segment::{SegmentOrder, load_mask, method, segment};
use app_engine::{Fault, FaultKind, mesh, models, volumes};
use casebank_case::Language;
use meshing_segment::{METHODS, Param, Params, Seed};

use super::bank::{BankArguments, actor, case_id};
use crate::answer::Answer;
use crate::terminal::{Stage, language, say};

/// Label a structure of a case.
#[derive(clap::Args)]
#[command(after_help = methods_help())]
pub(crate) struct Arguments {
    /// The case.
    case: String,
    /// How: see the list below.
    #[arg(long, required_unless_present = "model")]
    method: Option<String>,
    /// Instead of a method: the card (.toml) of a network that was installed here, its ONNX file beside it.
    #[arg(long, value_name = "CARD", conflicts_with_all = ["method", "name", "params", "seeds", "from", "out", "preview"])]
    model: Option<PathBuf>,
    /// Run the network in ONNX Runtime: the path of its library; default: THEATRON_ONNXRUNTIME, or the built-in engine.
    #[arg(long, value_name = "LIBRARY", requires = "model")]
    onnxruntime: Option<PathBuf>,
    /// Name of the segment; default: the method's id.
    #[arg(long)]
    name: Option<String>,
    /// A parameter, KEY=VALUE; may be given several times.
    #[arg(long = "param", value_name = "KEY=VALUE")]
    params: Vec<String>,
    /// A place to start from, LPS mm, and its label (1 is the wanted structure); may be given several times.
    #[arg(long = "seed", value_name = "X,Y,Z[:LABEL]", value_parser = seed, allow_hyphen_values = true)]
    seeds: Vec<Seed>,
    /// A segment that it is made from, for methods that change some; may be given several times, order counts.
    #[arg(long, value_name = "NAME")]
    from: Vec<String>,
    /// Also write the labels to this file (one byte a voxel, i fastest, packed).
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Also draw it on three slices and as a surface into this PNG file.
    #[arg(long, value_name = "FILE")]
    preview: Option<PathBuf>,
    #[command(flatten)]
    bank: BankArguments,
}

/// The methods and their parameters, for `--help`: they describe themselves.
fn methods_help() -> String {
    let mut text = format!(
        "Examples:\n  theatron segment CASE --method bone\n  theatron segment CASE --method margin --from tumour --param mm=5 --name target\n\n{}\n",
        say(("Methods:", "方法："))
    );
    for method in METHODS {
        let (title, needs) = (method.title.in_language(language()), method.needs.doc.in_language(language()));
        let needs = if needs.is_empty() { String::new() } else { format!(" — {needs}") };
        writeln!(text, "  {}: {title}{needs}", method.id).unwrap_or_default();
        text.extend(method.params.iter().map(parameter));
    }
    text
}

/// A line of help about a parameter of a method or a recipe.
pub(crate) fn parameter(p: &Param) -> String {
    let (unit, doc) = (p.unit.in_language(language()), p.doc.in_language(language()));
    let (id, min, max) = (p.id, p.min, p.max);
    let comma = |text: String, mark: &str| if unit.is_empty() { text } else { format!("{unit}{mark}{text}") };
    let default = match p.default {
        None => say(("chosen from the volume", "由图像决定")),
        Some(value) => say((format!("default {value}"), format!("默认 {value}"))),
    };
    say((
        format!("    {id} ({}, {default}): {doc}\n", comma(format!("{min} to {max}"), ", ")),
        format!("    {id}（{}，{default}）：{doc}\n", comma(format!("{min} 至 {max}"), "，")),
    ))
}

pub(crate) fn run(arguments: &Arguments) -> Result<Answer, Fault> {
    let bank = arguments.bank.open()?;
    if let Some(card) = &arguments.model {
        return model(&bank, &arguments.case, card, arguments.onnxruntime.as_deref());
    }
    let mut params = Params::new();
    for text in &arguments.params {
        let (key, value) = parse(text)?;
        params.set(key, value);
    }
    let case = case_id(&arguments.case)?;
    let chosen = method(arguments.method.as_deref().unwrap_or_default())?;
    let name = arguments.name.as_deref();
    let seeds = arguments.seeds.clone();
    let from = arguments.from.clone();
    let order = SegmentOrder { case, volume: None, method: chosen.id, name, params, seeds, from };
    let stage = Stage::new(("segment", "分割"));
    let actor = actor()?;
    let report = segment(&bank, &actor, &order, &stage)?;
    stage.done(&say((format!("{} voxels", report.voxels), format!("{} 个体素", report.voxels))));
    if let Some(file) = &arguments.out {
        let journal = bank.load(&case, &actor)?;
        if let Some(entry) = journal.case().segment(&report.segment) {
            mesh::write_whole(file, &bank.object(&entry.mask)?)?;
        }
    }
    if let Some(file) = &arguments.preview {
        let journal = bank.load(&case, &actor)?;
        if let Some(entry) = journal.case().segment(&report.segment) {
            let volume = volumes::load(&bank, volumes::choose(journal.case(), Some(entry.volume))?, &stage)?;
            let volume = Arc::new(volume);
            let mask = load_mask(&bank, entry, &volume)?;
            save(&preview::of_segment(&volume, &mask, &report.segment)?, file)?;
        }
    }
    let (name, case, voxels) = (&report.segment, report.case, report.voxels);
    let (mm3, seconds) = (report.volume_mm3, report.seconds);
    let text = say((
        format!("{name} of {case}: {voxels} voxels, {mm3:.1} mm³ in {seconds:.2} s\n"),
        format!("{case} 的 {name}：{voxels} 个体素，{mm3:.1} mm³，用时 {seconds:.2} s\n"),
    ));
    Answer::new(&report, text)
}

/// Segments by a network.
fn model(
    bank: &casebank_store::Bank,
    case: &str,
    card: &Path,
    library: Option<&Path>,
) -> Result<Answer, Fault> {
    let stage = Stage::new(("model", "模型"));
    let report = models::segment(bank, &actor()?, case_id(case)?, None, card, library, &stage)?;
    stage.done(&say((
        format!("{} structures", report.segments.len()),
        format!("{} 个结构", report.segments.len()),
    )));
    let mut text = format!(
        "{} ({})\n  {}\n  {}\n  {}\n",
        report.title, report.model, report.provenance, report.intended_use, report.licence
    );
    for found in &report.segments {
        let (name, voxels, mm3) = (&found.segment, found.voxels, found.volume_mm3);
        let line = say((
            format!("{name}: {voxels} voxels, {mm3:.1} mm³"),
            format!("{name}：{voxels} 个体素，{mm3:.1} mm³"),
        ));
        writeln!(text, "{line}").unwrap_or_default();
    }
    writeln!(text, "{}", say((format!("engine: {}", report.engine), format!("引擎：{}", report.engine))))
        .unwrap_or_default();
    let chinese = language() == Language::Chinese;
    for note in if chinese { &report.notes_zh } else { &report.notes } {
        writeln!(text, "  {note}").unwrap_or_default();
    }
    Answer::new(&report, text)
}

/// A seed: a place, and a label after a colon.
fn seed(text: &str) -> Result<Seed, String> {
    let (place, label) = text.split_once(':').unwrap_or((text, "1"));
    let label = label.parse().map_err(|_number| "a label is a number from 0 to 255".to_owned())?;
    Ok(Seed { at: super::plan::one(place)?, label })
}

pub(crate) fn parse(text: &str) -> Result<(&str, f64), Fault> {
    text.split_once('=').and_then(|(key, value)| Some((key, value.parse().ok()?))).ok_or_else(|| {
        Fault::new(
            FaultKind::Usage,
            (format!("{text:?} is not a parameter."), format!("{text:?} 不是参数。")),
            ("Nothing was segmented.", "没有进行分割。"),
            (
                "Write KEY=VALUE with a number, for example --param lower=250.",
                "请写成 KEY=VALUE，值为数字，例如 --param lower=250。",
            ),
        )
    })
}
