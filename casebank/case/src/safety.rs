//! What a case refuses until a person has accepted the reason.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{Case, Finding, FindingCode, Language, Severity, StaleReason, VolumeId};

/// Why something is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RefusalCode {
    /// The case has no such volume.
    #[serde(rename = "no_such_volume")]
    NoSuchVolume,
    /// The case has no surface of that segment.
    #[serde(rename = "no_such_surface")]
    NoSuchSurface,
    /// The case has no solid of that name.
    #[serde(rename = "no_such_solid")]
    NoSuchSolid,
    /// The solid has not been checked for printing.
    #[serde(rename = "not_checked")]
    NotChecked,
    /// A check for printing failed and nobody has signed for it.
    #[serde(rename = "check_failed")]
    CheckFailed,
    /// It no longer matches what it was made from.
    #[serde(rename = "stale")]
    Stale,
    /// A severe finding that nobody has accepted.
    #[serde(untagged)]
    Finding(FindingCode),
}

impl RefusalCode {
    /// The stable text of the code: the finding's, or `no_such_volume`, `no_such_surface`, `no_such_solid`,
    /// `not_checked`, `check_failed`, `stale`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Finding(code) => code.as_str(),
            Self::NoSuchVolume => "no_such_volume",
            Self::NoSuchSurface => "no_such_surface",
            Self::NoSuchSolid => "no_such_solid",
            Self::NotChecked => "not_checked",
            Self::CheckFailed => "check_failed",
            Self::Stale => "stale",
        }
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A refusal for safety (exit code 3): why, in words for a clinician, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[error("refused ({code}): {message} {next_step}")]
pub struct Refusal {
    /// Why.
    pub code: RefusalCode,
    /// The volume concerned, if it is about one.
    pub volume: Option<VolumeId>,
    /// What is wrong; for a finding its own message, which names the slices.
    pub message: String,
    /// What the person can do.
    pub next_step: String,
    /// The message in Chinese.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message_zh: String,
    /// What the person can do, in Chinese.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub next_step_zh: String,
}

impl Refusal {
    fn finding(volume: VolumeId, finding: &Finding) -> Self {
        Self {
            code: RefusalCode::Finding(finding.code),
            volume: Some(volume),
            message: finding.message.clone(),
            next_step: format!(
                "Import a complete series, or accept the finding `{}` with a name and a reason.",
                finding.code
            ),
            message_zh: finding.in_language(Language::Chinese).into_owned(),
            next_step_zh: format!("请导入完整的系列，或填写姓名和理由，接受问题 `{}`。", finding.code),
        }
    }

    /// A refusal that names no volume.
    fn told(code: RefusalCode, message: (String, String), next_step: (String, String)) -> Self {
        Self {
            code,
            volume: None,
            message: message.0,
            next_step: next_step.0,
            message_zh: message.1,
            next_step_zh: next_step.1,
        }
    }

    fn stale(what: (&str, &str), name: &str, reason: StaleReason) -> Self {
        Self::told(
            RefusalCode::Stale,
            (
                format!("the {} no longer matches what it was made from: {reason}.", what.0),
                format!("{}与其来源不再一致（{}）。", what.1, reason.chinese()),
            ),
            (
                format!("Make it again (`theatron recompute`): {name}"),
                format!("请重新生成（`theatron recompute`）：{name}"),
            ),
        )
    }

    fn no_volume(volume: VolumeId) -> Self {
        Self {
            code: RefusalCode::NoSuchVolume,
            volume: Some(volume),
            message: format!("the case has no volume {volume}."),
            next_step: "List the case's volumes and name one of them.".to_owned(),
            message_zh: format!("病例中没有体数据 {volume}。"),
            next_step_zh: "请列出病例的体数据，并指定其中一个。".to_owned(),
        }
    }
}

impl Case {
    /// Every severe finding of the volume that nobody has accepted; one refusal if there is no such volume. Empty means
    /// that measuring, printing and navigating are allowed.
    #[must_use]
    pub fn refusals(&self, volume: VolumeId) -> Vec<Refusal> {
        let Some(entry) = self.volume(volume) else {
            return vec![Refusal::no_volume(volume)];
        };
        entry
            .findings
            .iter()
            .filter(|finding| finding.severity == Severity::Severe)
            .filter(|finding| self.acceptance(volume, finding.code).is_none())
            .map(|finding| Refusal::finding(volume, finding))
            .collect()
    }

    fn may(&self, volume: VolumeId) -> Result<(), Refusal> {
        self.refusals(volume).into_iter().next().map_or(Ok(()), Err)
    }

    /// Whether lengths may be measured on this volume.
    ///
    /// # Errors
    /// The first of [`Case::refusals`].
    pub fn may_measure(&self, volume: VolumeId) -> Result<(), Refusal> {
        self.may(volume)
    }

    /// Whether something made from this volume may be printed.
    ///
    /// # Errors
    /// The first of [`Case::refusals`].
    pub fn may_print(&self, volume: VolumeId) -> Result<(), Refusal> {
        self.may(volume)
    }

    /// Whether this volume may be navigated on.
    ///
    /// # Errors
    /// The first of [`Case::refusals`].
    pub fn may_navigate(&self, volume: VolumeId) -> Result<(), Refusal> {
        self.may(volume)
    }

    /// Whether the surface of this segment may leave the case as a file for printing: it is there, neither it nor its
    /// segment is stale, and its volume may be printed.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn may_export(&self, segment: &str) -> Result<(), Refusal> {
        let (Some(surface), Some(entry)) = (self.surface(segment), self.segment(segment)) else {
            return Err(Refusal {
                code: RefusalCode::NoSuchSurface,
                volume: None,
                message: "the case has no surface of that segment.".to_owned(),
                next_step: format!("Make it first, with `mesh`, segment: {segment}"),
                message_zh: "病例中没有此分割的表面。".to_owned(),
                next_step_zh: format!("请先用 `mesh` 生成，分割：{segment}"),
            });
        };
        self.may_print(entry.volume)?;
        let reason = self.segment_stale(entry).or_else(|| self.surface_stale(surface));
        match reason {
            None => Ok(()),
            Some(reason) => Err(Refusal {
                code: RefusalCode::Stale,
                volume: Some(entry.volume),
                message: format!("the surface no longer matches what it was made from: {reason}."),
                next_step: format!("Make it again, segment: {segment}"),
                message_zh: format!("表面与其来源不再一致（{}）。", reason.chinese()),
                next_step_zh: format!("请重新生成，分割：{segment}"),
            }),
        }
    }

    /// Whether this solid may be measured: all its volumes may be, and neither it nor what it was made from is stale.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn may_measure_solid(&self, name: &str) -> Result<(), Refusal> {
        let Some(solid) = self.solid(name) else {
            return Err(Refusal::told(
                RefusalCode::NoSuchSolid,
                (format!("the case has no solid {name:?}."), format!("病例中没有实体 {name:?}。")),
                (
                    "Make it first, with `theatron guide`.".to_owned(),
                    "请先用 `theatron guide` 生成。".to_owned(),
                ),
            ));
        };
        let segments = solid.segments.iter().filter_map(|segment| self.segment(segment)).map(|s| s.volume);
        let planned = solid.plan.iter().filter_map(|object| self.plan_object(object)).map(|p| p.volume);
        segments.chain(planned).try_for_each(|volume| self.may(volume))?;
        match self.solid_stale(solid) {
            None => Ok(()),
            Some(reason) => Err(Refusal::stale(("solid", "实体"), name, reason)),
        }
    }

    /// Whether this solid may leave the case as a file for printing: it may be measured, and its checks are there, fit it,
    /// and passed or are signed for.
    ///
    /// # Errors
    /// The first reason against it.
    pub fn may_export_solid(&self, name: &str) -> Result<(), Refusal> {
        self.may_measure_solid(name)?;
        let Some(checks) = self.checks_of(name) else {
            return Err(Refusal::told(
                RefusalCode::NotChecked,
                (
                    format!("the solid {name:?} has not been checked for printing."),
                    format!("实体 {name:?} 尚未经过打印检查。"),
                ),
                (
                    "Check it first, with `theatron check`.".to_owned(),
                    "请先用 `theatron check` 检查。".to_owned(),
                ),
            ));
        };
        if let Some(reason) = self.checks_stale(checks) {
            return Err(Refusal::stale(("checks of the solid", "实体的检查"), name, reason));
        }
        if checks.pass() || checks.signature.is_some() {
            return Ok(());
        }
        let first = checks.results.iter().find(|result| !result.pass);
        let words = first.map(|result| (result.message.as_str(), result.message_zh.as_str()));
        let (message, message_zh) = words.unwrap_or_default();
        Err(Refusal::told(
            RefusalCode::CheckFailed,
            (
                format!("{} failed: {message}", checks.failed().join(", ")),
                format!("未通过：{}。{message_zh}", checks.failed().join("、")),
            ),
            (
                "Change the plan or the parameters, or sign for it with `theatron check --sign NAME --reason TEXT`."
                    .to_owned(),
                "请修改规划或参数，或用 `theatron check --sign NAME --reason TEXT` 签字负责。".to_owned(),
            ),
        ))
    }
}
