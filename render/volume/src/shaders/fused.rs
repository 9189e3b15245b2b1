//! Puts the march through several volumes together: WGSL has neither modules nor arrays of textures that every device
//! takes, so what dvr.wgsl knows of a volume is pasted once for each, with the volume's number behind every name.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use render_gpu::wgsl::{self, LinkError};

use super::{UNCARVED, UNDIMMED, UNPAGED, files, for_both};
use crate::scene::MIXED;
use crate::volume_texture::Lookup;

/// Bindings of one volume in group 1, used or not: those of the next have numbers higher by so many.
pub(crate) const STRIDE: u32 = 16;
/// The binding of the light in a volume, in the numbers of its first.
pub(crate) const LIGHT: u32 = 7;
/// The masks of all volumes: no uniform, as in shared/cuts.wgsl.
pub(crate) const MASKS: u32 = STRIDE * MIXED as u32;

/// What knows nothing of a volume and is pasted once.
const COMMON: [&str; 6] = [
    "shared/cuts.wgsl",
    "shared/view.wgsl",
    super::ONE_EYE,
    "shared/light.wgsl",
    "shared/layers.wgsl",
    "shared/depths.wgsl",
];

/// What a volume asks of the march. Light, carving and bricks take a texture more each, and devices differ in how many
/// a pass may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FusedVolume {
    pub(crate) lookup: Lookup,
    /// Occlusion or a shadow.
    pub(crate) dimmed: bool,
    /// Something may be carved.
    pub(crate) carved: bool,
}

impl FusedVolume {
    /// Textures that it takes.
    pub(crate) fn textures(self) -> u32 {
        5 + [self.dimmed, self.carved, self.lookup.bricked].map(u32::from).iter().sum::<u32>()
    }
}

/// The march, and what each volume adds to it.
pub(super) const FILES: [(&str, &str); 2] = [
    ("fused.wgsl", include_str!("../wgsl/fused.wgsl")),
    ("shared/fused_part.wgsl", include_str!("../wgsl/shared/fused_part.wgsl")),
];

/// The source for some volumes. Group 1 holds the bindings of dvr.wgsl for each of them, [`STRIDE`] apart, and
/// [`MASKS`].
pub(super) fn source(volumes: &[FusedVolume], both: bool) -> Result<String, LinkError> {
    let mut files = files(both);
    let [(_, march), part] = FILES;
    files.push(part);
    let imports =
        |names: &[&str]| names.iter().map(|n| ["#import ", n, "\n"].concat()).collect::<Vec<_>>().concat();
    let (head, body) = (imports(&COMMON), imports(&["dvr.wgsl", part.0]));
    let with = |files: &[(&str, &str)], root: &str| {
        let all: Vec<_> = files.iter().copied().chain([("fused", root)]).collect();
        wgsl::link("fused", &all)
    };
    let mut out = with(&files, &head)?;
    for (name, source) in &mut files {
        if COMMON.contains(name) {
            *source = "";
        }
    }
    for (n, &volume) in (0..).zip(volumes) {
        let FusedVolume { lookup, .. } = volume;
        let part = with(&without(&files, volume), &body)?;
        let names: BTreeSet<&str> = part.lines().filter_map(declared).collect();
        for line in part.lines() {
            let line = match (binding(line), declared(line)) {
                (Some(at), _) => line.replacen(&place(at), &place(at + n * STRIDE), 1),
                (_, Some("MANUAL")) => format!("const MANUAL: bool = {};", !lookup.filterable),
                (_, Some("BRICKED")) => format!("const BRICKED: bool = {};", lookup.bricked),
                _ => line.to_owned(),
            };
            out.push_str(&numbered(&line, &names, n));
            out.push('\n');
        }
    }
    out.push_str(&["@group(1) ", &place(MASKS), " var<storage, read> masks: Masks;\n"].concat());
    out.push_str(&all(volumes.len()));
    out.push_str(march);
    Ok(if both { for_both(&out) } else { out })
}

/// The files, of those that read a texture which a volume does not need what stands in their place.
fn without<'a>(files: &[(&'a str, &'a str)], volume: FusedVolume) -> Vec<(&'a str, &'a str)> {
    let mut files = files.to_vec();
    for (there, name, instead) in [
        (volume.carved, "shared/carve.wgsl", UNCARVED),
        (volume.dimmed, "shared/light_grid.wgsl", UNDIMMED),
        (volume.lookup.bricked, "shared/pages.wgsl", UNPAGED),
    ] {
        let instead = files.iter().find(|(n, _)| *n == instead).map_or("", |(_, source)| source);
        for (_, source) in files.iter_mut().filter(|(n, _)| !there && *n == name) {
            *source = instead;
        }
    }
    files
}

/// What the march asks of all volumes together.
fn all(count: usize) -> String {
    let each = |f: &dyn Fn(usize) -> String| (0..count).map(f).collect::<String>();
    let mut out = String::new();
    let begin = each(&|n| {
        format!(
            "    let i{n} = part_begin_{n}(ray);\n    if i{n}.x < i{n}.y {{\n        \
             all = vec2<f32>(min(all.x, i{n}.x), max(all.y, i{n}.y));\n    }}\n"
        )
    });
    let step = each(&|n| format!("    mm = min(mm, part_step_mm_{n}());\n"));
    let free = each(&|n| format!("    until = min(until, part_free_until_{n}(mm));\n"));
    let between = each(&|n| {
        format!(
            "    let d{n} = part_between_{n}(ray, begin, end);\n    if d{n}.a > 0.0 {{\n        \
             sum += d{n} * masked({n}, (begin + end) * 0.5);\n    }}\n"
        )
    });
    let inside = each(&|n| {
        format!("        case {n}: {{\n            return part_inside_{n}(mm, low, high);\n        }}\n")
    });
    let written = write!(
        out,
        "fn masked(n: i32, mm: f32) -> f32 {{\n    let low = masks.bits[2 * n];\n    let high = masks.bits[2 * n + 1];\n    \
         switch masks.within[n] {{\n{inside}        default: {{\n            return 1.0;\n        }}\n    }}\n}}\n\
         fn all_begin(ray: Ray) -> vec2<f32> {{\n    var all = vec2<f32>(1e30, -1e30);\n{begin}    return all;\n}}\n\
         fn all_step_mm() -> f32 {{\n    var mm = 1e30;\n{step}    return mm;\n}}\n\
         fn all_free_until(mm: f32) -> f32 {{\n    var until = 1e30;\n{free}    return until;\n}}\n\
         fn all_between(ray: Ray, begin: f32, end: f32) -> vec4<f32> {{\n    var sum = vec4<f32>(0.0);\n{between}    \
         return sum;\n}}\n\
         fn distance_to_scene(pixel: vec2<f32>, ray: Ray) -> f32 {{\n    return distance_to_scene_0(pixel, ray);\n}}\n",
    );
    written.expect("a string takes what is written into it");
    out
}

/// The name that a line of the module declares.
fn declared(line: &str) -> Option<&str> {
    let line = match line.rfind(") var") {
        Some(at) if line.starts_with("@group(") => &line[at + 2..],
        _ => line,
    };
    let (kind, rest) = line.split_once(' ')?;
    let declares = ["fn", "const", "struct", "alias", "override", "var"].contains(&kind);
    (declares || kind.starts_with("var<")).then(|| {
        let end = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
        &rest[..end]
    })
}

/// The number of a binding of group 1.
fn binding(line: &str) -> Option<u32> {
    let rest = line.strip_prefix("@group(1) @binding(")?;
    rest.split_once(')')?.0.parse().ok()
}

fn place(binding: u32) -> String {
    format!("@binding({binding})")
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A line with a number behind each of the names.
fn numbered(line: &str, names: &BTreeSet<&str>, number: u32) -> String {
    let mut out = String::with_capacity(line.len() + 16);
    let tail = ["_", &number.to_string()].concat();
    let mut rest = line;
    while !rest.is_empty() {
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let end = if word == 0 { rest.find(is_word).unwrap_or(rest.len()) } else { word };
        let (token, after) = rest.split_at(end);
        // `@vertex` is no name
        let named = names.contains(token) && !out.ends_with('@');
        out.push_str(token);
        if named {
            out.push_str(&tail);
        }
        rest = after;
    }
    out
}
