//! What a case refuses until a person has accepted the reason.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{Case, Finding, FindingCode, Language, Severity, VolumeId};

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
    /// It no longer matches what it was made from.
    #[serde(rename = "stale")]
    Stale,
    /// A severe finding that nobody has accepted.
    #[serde(untagged)]
    Finding(FindingCode),
}

impl RefusalCode {
    /// The stable text of the code: the finding's, or `no_such_volume`, `no_such_surface`, `stale`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Finding(code) => code.as_str(),
            Self::NoSuchVolume => "no_such_volume",
            Self::NoSuchSurface => "no_such_surface",
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
}
