//! Why a solid was refused.

use meshing_surface::{Mesh, MeshProblems};
use meshing_volume::{Cancelled, Language, Told, Words};

/// Most triangles that a boolean or a field takes.
pub const MOST_TRIANGLES: usize = 50_000_000;

/// Why something could not be made, said so that the person can act on it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SolidError {
    /// A mesh without triangles.
    #[error("{what} has no triangles")]
    Empty {
        /// Which input.
        what: &'static str,
    },
    /// More triangles than [`MOST_TRIANGLES`].
    #[error("{what} has {triangles} triangles, more than {MOST_TRIANGLES}; simplify it first")]
    TooLarge {
        /// Which input.
        what: &'static str,
        /// Its triangles.
        triangles: usize,
    },
    /// Not a closed, oriented 2-manifold, or with positions that are not numbers.
    #[error("{what} is not a closed surface ({}); repair it first", list(problems, false))]
    NotClosed {
        /// Which input.
        what: &'static str,
        /// What was counted.
        problems: Box<MeshProblems>,
    },
    /// The triangles face inwards.
    #[error("{what} is inside out (it encloses {volume_mm3:.3} mm³); turn its triangles first")]
    InsideOut {
        /// Which input.
        what: &'static str,
        /// The signed volume.
        volume_mm3: f64,
    },
    /// The result failed its check and is withheld.
    #[error("the result is not a closed surface ({}) and is withheld", list(problems, false))]
    BadResult {
        /// What was counted.
        problems: Box<MeshProblems>,
    },
    /// The engine gave up.
    #[error("the boolean engine failed: {0}")]
    Engine(Words),
    /// A parameter, plan or grid that makes no sense; the words say which.
    #[error("{0}")]
    Refused(Words),
    /// Somebody asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl SolidError {
    /// A refusal in both languages.
    pub fn refused(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self::Refused(Words::new(en, zh))
    }
}

impl Told for SolidError {
    fn chinese(&self) -> String {
        match self {
            Self::Empty { what } => format!("{}没有三角形", chinese_name(what)),
            Self::TooLarge { what, triangles } => {
                format!("{}有 {triangles} 个三角形，超过 {MOST_TRIANGLES} 个；请先简化", chinese_name(what))
            }
            Self::NotClosed { what, problems } => {
                format!("{}不是封闭曲面（{}）；请先修复", chinese_name(what), list(problems, true))
            }
            Self::InsideOut { what, volume_mm3 } => {
                format!("{}内外颠倒（所围体积为 {volume_mm3:.3} mm³）；请先翻转三角形", chinese_name(what))
            }
            Self::BadResult { problems } => {
                format!("结果不是封闭曲面（{}），不予输出", list(problems, true))
            }
            Self::Engine(why) => format!("布尔运算失败：{}", why.in_language(Language::Chinese)),
            Self::Refused(words) => words.zh.clone(),
            Self::Cancelled(cancelled) => cancelled.chinese(),
        }
    }
}

fn chinese_name(what: &str) -> &str {
    match what {
        "the first solid" => "第一个实体",
        "the second solid" => "第二个实体",
        "the mesh" => "网格",
        "the bone" => "骨骼",
        "the body" => "主体",
        "the tool" => "工具",
        other => other,
    }
}

/// The problems that are there, by name.
fn list(problems: &MeshProblems, chinese: bool) -> String {
    let all = [
        (problems.invalid_triangles, "invalid triangles", "个无效三角形"),
        (problems.open_edges, "open edges", "条开放边"),
        (problems.non_manifold_edges, "edges of more than two triangles", "条边连着两个以上三角形"),
        (problems.inconsistent_edges, "edges with one side inside out", "条边的两侧方向不一致"),
        (problems.non_manifold_vertices, "vertices where sheets meet", "个顶点有多片曲面相接"),
        (problems.duplicate_triangles, "duplicate triangles", "个重复三角形"),
    ];
    let there = all.iter().filter(|(count, ..)| *count > 0);
    let said: Vec<String> = there
        .map(|(count, en, zh)| if chinese { format!("{count} {zh}") } else { format!("{count} {en}") })
        .collect();
    said.join(if chinese { "、" } else { ", " })
}

/// Whether these problems keep a mesh from being a closed, oriented 2-manifold (points that coincide do not).
pub(crate) fn is_closed(problems: &MeshProblems) -> bool {
    let harmless = MeshProblems {
        degenerate_triangles: problems.degenerate_triangles,
        coincident_vertices: problems.coincident_vertices,
        ..MeshProblems::default()
    };
    *problems == harmless
}

/// Refuses a mesh that is not a solid.
pub(crate) fn require_solid(mesh: &Mesh, what: &'static str) -> Result<(), SolidError> {
    if mesh.triangles.is_empty() {
        return Err(SolidError::Empty { what });
    }
    let triangles = mesh.triangles.len();
    if triangles > MOST_TRIANGLES {
        return Err(SolidError::TooLarge { what, triangles });
    }
    let problems = mesh.check();
    if !is_closed(&problems) {
        return Err(SolidError::NotClosed { what, problems: Box::new(problems) });
    }
    let volume_mm3 = crate::volume_mm3(mesh);
    if volume_mm3.is_nan() || volume_mm3 <= 0.0 {
        return Err(SolidError::InsideOut { what, volume_mm3 });
    }
    Ok(())
}
