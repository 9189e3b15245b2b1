//! `theatron dicom dump` and `validate`: what is in a DICOM object, and what it lacks.

use std::fmt::Write as _;
use std::iter::Peekable;
use std::path::Path;
use std::process::Command;
use std::slice::Iter;

use app_engine::{Fault, FaultKind};
use casebank_case::Told as _;
use casebank_dicom::{Dump, DumpLimits, DumpLine, Part, PrescanError, dump, validate};
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::terminal::{language, say};

/// Prints the elements of an object.
pub(super) fn dump_file(file: &Path) -> Result<Answer, Fault> {
    dumped(&read(file)?)
}

/// Tells which attributes an object lacks.
pub(super) fn validate_file(file: &Path) -> Result<Answer, Fault> {
    validated(file, &read(file)?)
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    std::fs::read(path).map_err(|error| {
        Fault::new(
            FaultKind::Refused,
            (
                format!("{} cannot be read: {error}.", path.display()),
                format!("无法读取 {}：{}。", path.display(), error.chinese()),
            ),
            "",
            ("Check the path and the permissions.", "请检查路径和权限。"),
        )
    })
}

fn refused(why: &PrescanError) -> Fault {
    Fault::new(
        FaultKind::Refused,
        (format!("The file is refused: {why}."), format!("文件被拒绝：{}。", why.chinese())),
        ("It is no DICOM object, or a damaged one.", "它不是 DICOM 对象，或已损坏。"),
        ("Ask the sender for the object again.", "请发送方重新提供对象。"),
    )
}

fn dumped(bytes: &[u8]) -> Result<Answer, Fault> {
    let seen = dump(bytes, &DumpLimits::default()).map_err(|error| refused(&error))?;
    let mut text = String::new();
    for line in &seen.lines {
        words(line, &mut text);
    }
    if seen.left_out > 0 {
        let more = seen.left_out;
        text.push_str(&say((format!("… and {more} lines more\n"), format!("……另有 {more} 行\n"))));
    }
    let Dump { lines, damage, left_out, transfer_syntax, .. } = &seen;
    let mut lines = lines.iter().peekable();
    let mut answer = Answer::new(
        &json!({
            "transfer_syntax": transfer_syntax,
            "dataset": data_set(&mut lines, 0),
            "left_out": left_out,
            "damage": damage.as_ref().map(ToString::to_string),
        }),
        text,
    )?;
    answer.fault = damage.as_ref().map(refused);
    Ok(answer)
}

/// One line, indented by its depth.
fn words(line: &DumpLine, text: &mut String) {
    let indent = 2 * line.depth;
    match &line.part {
        Part::Element { tag, vr, keyword, bytes, value, cut } => {
            let length = bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string());
            let more = if *cut { "…" } else { "" };
            let value = value.expose();
            writeln!(text, "{:indent$}{tag} {vr} {keyword} [{length}] {value}{more}", "")
        }
        Part::Item => {
            let item = say(("item", "条目"));
            writeln!(text, "{:1$}{item}", "", indent.saturating_sub(1))
        }
        Part::Fragment { bytes } => {
            let fragment = say(("fragment", "片段"));
            writeln!(text, "{:indent$}  {fragment} [{bytes}]", "")
        }
        _ => Ok(()),
    }
    .unwrap_or_default();
}

/// Elements up to the end of the data set at `depth`, in the form of the DICOM JSON model (PS3.18 annex F) with the keyword
/// beside each; a value that was cut says so. The guard bounds the depth.
fn data_set(lines: &mut Peekable<Iter<'_, DumpLine>>, depth: usize) -> Map<String, Value> {
    let mut set = Map::new();
    while let Some(line) =
        lines.next_if(|next| next.depth > depth || (next.depth == depth && !matches!(next.part, Part::Item)))
    {
        let Part::Element { tag, vr, keyword, value, cut, .. } = &line.part else { continue };
        let mut values = values(vr, value.expose());
        while lines.next_if(|next| next.depth == depth + 1 && matches!(next.part, Part::Item)).is_some() {
            values.push(Value::Object(data_set(lines, depth + 1)));
        }
        let mut element = json!({ "vr": vr, "keyword": keyword });
        if let Some(element) = element.as_object_mut() {
            if !values.is_empty() {
                element.insert("Value".to_owned(), Value::Array(values));
            }
            if *cut {
                element.insert("cut".to_owned(), Value::Bool(true));
            }
        }
        set.insert(format!("{:04X}{:04X}", tag.0, tag.1), element);
    }
    set
}

fn values(vr: &str, text: &str) -> Vec<Value> {
    let number = |part: &str| part.trim().parse::<f64>().ok().and_then(serde_json::Number::from_f64);
    match vr {
        _ if text.is_empty() => Vec::new(),
        "LT" | "ST" | "UT" | "UR" | "OB" | "OW" | "OF" | "OD" | "OL" | "OV" | "UN" => vec![text.into()],
        "PN" => text.split('\\').map(|name| json!({ "Alphabetic": name })).collect(),
        "IS" | "US" | "SS" | "UL" | "SL" | "DS" | "FL" | "FD" => text
            .split('\\')
            .map(|part| match part.trim().parse::<i64>() {
                Ok(whole) => whole.into(),
                Err(_) => number(part).map_or_else(|| part.into(), Value::Number),
            })
            .collect(),
        _ => text.split('\\').map(Into::into).collect(),
    }
}

fn validated(path: &Path, bytes: &[u8]) -> Result<Answer, Fault> {
    let seen = validate(bytes).map_err(|error| refused(&error))?;
    let outside = dciodvfy(path);
    let class = &seen.class_uid;
    let mut text = match seen.kind {
        Some(kind) => format!("{} ({class})\n", say(kind)),
        None => say((
            format!("class {class}: only what all objects need is known here\n"),
            format!("类别 {class}：这里只知道所有对象都需要什么\n"),
        )),
    };
    for problem in &seen.problems {
        writeln!(text, "  {}", problem.in_language(language())).unwrap_or_default();
    }
    match &outside {
        Some(errors) if errors.is_empty() => {
            text.push_str(&say(("dciodvfy: no errors\n", "dciodvfy：没有错误\n")));
        }
        Some(errors) => errors.iter().for_each(|error| {
            writeln!(text, "dciodvfy: {error}").unwrap_or_default();
        }),
        None => text.push_str(&say((
            "dciodvfy is not installed (Debian package dicom3tools): only a first look was taken\n",
            "没有安装 dciodvfy（Debian 软件包 dicom3tools）：只作了初步检查\n",
        ))),
    }
    let count = seen.problems.len() + outside.as_ref().map_or(0, Vec::len);
    let mut answer = Answer::new(
        &json!({
            "class": seen.class_uid,
            "kind": seen.kind.map(|(kind, _)| kind),
            "problems": seen.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "dciodvfy": outside,
        }),
        text,
    )?;
    if count > 0 {
        answer.fault = Some(Fault::new(
            FaultKind::Refused,
            (format!("The object has {count} problems."), format!("对象有 {count} 个问题。")),
            ("Other systems may refuse it or read it wrongly.", "其他系统可能拒绝它，或读错。"),
            ("Tell whoever wrote it.", "请告知写出它的人。"),
        ));
    }
    Ok(answer)
}

/// The errors that dciodvfy finds; `None` where it cannot be started. Its lines name attributes and may quote values, which
/// are left out after the first equals sign.
fn dciodvfy(path: &Path) -> Option<Vec<String>> {
    let output = Command::new("dciodvfy").arg("-new").arg(path).output().ok()?;
    let text = [output.stderr, output.stdout].concat();
    let text = String::from_utf8_lossy(&text);
    let errors = text.lines().filter(|line| line.starts_with("Error"));
    let harmless =
        |line: &str| line.chars().map(|c| if c.is_control() { '·' } else { c }).collect::<String>();
    Some(errors.map(|line| harmless(line.split(" = <").next().unwrap_or(line))).collect())
}
