//! What is made to be printed: a guide, an implant, a splint, a model; and the checks before it leaves.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::canonical::hash_of;
use crate::{Case, ObjectHash};

/// A solid made by a recipe from surfaces and plan objects.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SolidEntry {
    /// Its name, unique among the solids of the case.
    pub name: String,
    /// Id of the recipe, snake case, for example `drill_guide`.
    pub recipe: String,
    /// Version of the recipe's algorithm: a new one makes the solid stale.
    pub algorithm: u32,
    /// The parameters it ran with, every one named, lengths in mm.
    pub params: BTreeMap<String, serde_json::Value>,
    /// Names of the segments whose surfaces it is made from.
    pub segments: Vec<String>,
    /// Names of the plan objects it is made from.
    pub plan: Vec<String>,
    /// The stored mesh (3MF).
    pub object: ObjectHash,
    /// Triangles.
    pub triangles: u64,
    /// Enclosed volume, mm³.
    pub volume_mm3: f64,
    /// Connected parts.
    pub parts: u64,
    /// Least and greatest corner, LPS mm.
    pub bbox_lps_mm: [[f64; 3]; 2],
    /// Where its label is engraved, as the recipe says it; null if nowhere.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub label: serde_json::Value,
    /// [`SolidEntry::key`] at the time it was made.
    pub made_from: ObjectHash,
}

impl SolidEntry {
    /// Hash of what this solid is made from: what its surfaces were made from, its plan objects without their labels, and
    /// recipe, algorithm version and parameters. `None` if a surface or a plan object is not in the case.
    #[must_use]
    pub fn key(&self, case: &Case) -> Option<ObjectHash> {
        let surfaces: Option<Vec<_>> = self
            .segments
            .iter()
            .map(|name| case.surface(name).map(|surface| (name, surface.made_from)))
            .collect();
        let plan: Option<Vec<_>> =
            self.plan.iter().map(|name| case.plan_object(name).map(|p| (name, p.volume, &p.shape))).collect();
        Some(hash_of(&("solid", surfaces?, plan?, (&self.recipe, self.algorithm, &self.params))))
    }
}

/// The checks of a solid before it is printed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChecksEntry {
    /// Name of the solid.
    pub solid: String,
    /// Version of the checks: a new one makes them stale.
    pub algorithm: u32,
    /// What was asked for: printer, material and limits.
    pub params: BTreeMap<String, serde_json::Value>,
    /// Every check, in the order of the report.
    pub results: Vec<CheckResult>,
    /// [`ChecksEntry::key`] at the time they were made.
    pub made_from: ObjectHash,
    /// Who lets the solid leave although a check failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
}

impl ChecksEntry {
    /// Hash of what was checked: what the solid was made from, and the limits and version of the checks.
    #[must_use]
    pub fn key(&self, solid: &SolidEntry) -> ObjectHash {
        hash_of(&("checks", (&solid.name, solid.made_from, solid.object), self.algorithm, &self.params))
    }

    /// Whether every check passed.
    #[must_use]
    pub fn pass(&self) -> bool {
        self.results.iter().all(|result| result.pass)
    }

    /// The codes of the checks that failed.
    #[must_use]
    pub fn failed(&self) -> Vec<&str> {
        self.results.iter().filter(|result| !result.pass).map(|result| result.code.as_str()).collect()
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    /// Stable code, snake case, for example `wall_thickness`.
    pub code: String,
    /// Whether it passed.
    pub pass: bool,
    /// What was found.
    pub value: f64,
    /// What was asked for.
    pub limit: f64,
    /// The unit of both; empty for counts.
    pub unit: String,
    /// In words.
    pub message: String,
    /// In Chinese.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message_zh: String,
}

/// A person who answers for a solid whose checks did not all pass.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Signature {
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub time: OffsetDateTime,
}
