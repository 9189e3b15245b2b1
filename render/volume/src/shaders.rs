//! The WGSL files, embedded.

mod fused;

pub(crate) use fused::{FusedVolume, LIGHT, MASKS, STRIDE};

use render_gpu::{Gpu, wgsl};

/// What a pass for one eye includes, and what stands in its place where a pass draws for both.
const ONE_EYE: &str = "shared/one_eye.wgsl";
const BOTH_EYES: &str = "shared/both_eyes.wgsl";
/// What stands in the place of shared/carve.wgsl and shared/light_grid.wgsl where a pass must spare their textures.
const UNCARVED: &str = "shared/uncarved.wgsl";
const UNDIMMED: &str = "shared/undimmed.wgsl";
/// The same for shared/pages.wgsl.
const UNPAGED: &str = "shared/unpaged.wgsl";

/// Every file by the name it is imported with.
const FILES: &[(&str, &str)] = &[
    ("caps.wgsl", include_str!("wgsl/caps.wgsl")),
    ("depths.wgsl", include_str!("wgsl/depths.wgsl")),
    ("dvr.wgsl", include_str!("wgsl/dvr.wgsl")),
    ("eyes_check.wgsl", include_str!("wgsl/eyes_check.wgsl")),
    ("fovea.wgsl", include_str!("wgsl/fovea.wgsl")),
    ("ink.wgsl", include_str!("wgsl/ink.wgsl")),
    ("iso.wgsl", include_str!("wgsl/iso.wgsl")),
    ("labels.wgsl", include_str!("wgsl/labels.wgsl")),
    ("layer.wgsl", include_str!("wgsl/layer.wgsl")),
    ("layers_over.wgsl", include_str!("wgsl/layers_over.wgsl")),
    ("leaps.wgsl", include_str!("wgsl/leaps.wgsl")),
    ("lines.wgsl", include_str!("wgsl/lines.wgsl")),
    ("marks.wgsl", include_str!("wgsl/marks.wgsl")),
    ("mask.wgsl", include_str!("wgsl/mask.wgsl")),
    ("mesh.wgsl", include_str!("wgsl/mesh.wgsl")),
    ("mesh_layer.wgsl", include_str!("wgsl/mesh_layer.wgsl")),
    ("mip.wgsl", include_str!("wgsl/mip.wgsl")),
    ("motion.wgsl", include_str!("wgsl/motion.wgsl")),
    ("outline.wgsl", include_str!("wgsl/outline.wgsl")),
    ("path.wgsl", include_str!("wgsl/path.wgsl")),
    ("path_denoise.wgsl", include_str!("wgsl/path_denoise.wgsl")),
    ("path_show.wgsl", include_str!("wgsl/path_show.wgsl")),
    ("paint.wgsl", include_str!("wgsl/paint.wgsl")),
    ("present.wgsl", include_str!("wgsl/present.wgsl")),
    ("reform.wgsl", include_str!("wgsl/reform.wgsl")),
    ("reproject.wgsl", include_str!("wgsl/reproject.wgsl")),
    ("segments.wgsl", include_str!("wgsl/segments.wgsl")),
    ("slice.wgsl", include_str!("wgsl/slice.wgsl")),
    ("stroke_behind.wgsl", include_str!("wgsl/stroke_behind.wgsl")),
    ("stroke_layer.wgsl", include_str!("wgsl/stroke_layer.wgsl")),
    ("shared/carve.wgsl", include_str!("wgsl/shared/carve.wgsl")),
    ("temporal_add.wgsl", include_str!("wgsl/temporal_add.wgsl")),
    ("temporal_depth.wgsl", include_str!("wgsl/temporal_depth.wgsl")),
    ("temporal_show.wgsl", include_str!("wgsl/temporal_show.wgsl")),
    (BOTH_EYES, include_str!("wgsl/shared/both_eyes.wgsl")),
    (ONE_EYE, include_str!("wgsl/shared/one_eye.wgsl")),
    (UNCARVED, include_str!("wgsl/shared/uncarved.wgsl")),
    (UNDIMMED, include_str!("wgsl/shared/undimmed.wgsl")),
    (UNPAGED, include_str!("wgsl/shared/unpaged.wgsl")),
    ("shared/pages.wgsl", include_str!("wgsl/shared/pages.wgsl")),
    ("shared/cover.wgsl", include_str!("wgsl/shared/cover.wgsl")),
    ("shared/cuts.wgsl", include_str!("wgsl/shared/cuts.wgsl")),
    ("shared/depths.wgsl", include_str!("wgsl/shared/depths.wgsl")),
    ("shared/layers.wgsl", include_str!("wgsl/shared/layers.wgsl")),
    ("shared/light.wgsl", include_str!("wgsl/shared/light.wgsl")),
    ("shared/light_grid.wgsl", include_str!("wgsl/shared/light_grid.wgsl")),
    ("shared/peel.wgsl", include_str!("wgsl/shared/peel.wgsl")),
    ("shared/path_random.wgsl", include_str!("wgsl/shared/path_random.wgsl")),
    ("shared/path_scatter.wgsl", include_str!("wgsl/shared/path_scatter.wgsl")),
    ("shared/path_sums.wgsl", include_str!("wgsl/shared/path_sums.wgsl")),
    ("shared/rows.wgsl", include_str!("wgsl/shared/rows.wgsl")),
    ("shared/segmented.wgsl", include_str!("wgsl/shared/segmented.wgsl")),
    ("shared/stroke.wgsl", include_str!("wgsl/shared/stroke.wgsl")),
    ("shared/surface.wgsl", include_str!("wgsl/shared/surface.wgsl")),
    ("shared/view.wgsl", include_str!("wgsl/shared/view.wgsl")),
    ("shared/volume.wgsl", include_str!("wgsl/shared/volume.wgsl")),
    ("shared/voxels.wgsl", include_str!("wgsl/shared/voxels.wgsl")),
];

/// The module of a pass.
pub(crate) fn module(gpu: &Gpu, name: &str) -> wgpu::ShaderModule {
    module_for(gpu, name, false)
}

/// The module of a pass for one eye, or for both at once.
pub(crate) fn module_for(gpu: &Gpu, name: &str, both: bool) -> wgpu::ShaderModule {
    compiled(gpu, name, source(name, both))
}

/// The module of the march through several volumes.
pub(crate) fn fused_module(gpu: &Gpu, volumes: &[FusedVolume], both: bool) -> wgpu::ShaderModule {
    compiled(gpu, "fused.wgsl", fused::source(volumes, both))
}

fn compiled(gpu: &Gpu, name: &str, source: Result<String, wgsl::LinkError>) -> wgpu::ShaderModule {
    let source = source.expect("a unit test links every file of the list");
    gpu.device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(name),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    })
}

/// Every file, with what tells one eye from both as wanted.
fn files(both: bool) -> Vec<(&'static str, &'static str)> {
    let eyes = FILES.iter().find(|(n, _)| *n == BOTH_EYES).map_or("", |(_, source)| source);
    FILES.iter().map(|&(n, s)| (n, if both && n == ONE_EYE { eyes } else { s })).collect()
}

/// The source of a pass for one eye, or for both at once.
fn source(name: &str, both: bool) -> Result<String, wgsl::LinkError> {
    let source = wgsl::link(name, &files(both))?;
    Ok(if both { for_both(&source) } else { source })
}

/// A source made ready for both eyes. WGSL has no variants by constants for what an entry point is given, so that two
/// things are written into it here: each entry point takes the number of its eye, and `view` is that eye's.
fn for_both(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + 512);
    // 0: elsewhere; 1: an entry point begins; 2: its body does
    let mut state = 0;
    for line in source.lines() {
        let mut line = line_with_eye(line);
        if line.starts_with("@vertex") || line.starts_with("@fragment") {
            state = 1;
        }
        if state == 1 && line.contains("fn ") {
            line = line.replacen('(', "(@builtin(view_index) this_eye: u32, ", 1);
            state = 2;
        }
        let begins = state == 2 && line.ends_with('{');
        out.push_str(&line);
        out.push('\n');
        if begins {
            out.push_str("    eye = i32(this_eye);\n");
            state = 0;
        }
    }
    out
}

/// A line in which `view.` is the eye's.
fn line_with_eye(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("view.") {
        let (before, after) = rest.split_at(at);
        let word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        out.push_str(before);
        out.push_str(if word { "view." } else { "views[eye]." });
        rest = &after["view.".len()..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume_texture::Lookup;

    #[test]
    fn every_file_is_valid() {
        // what tells one eye from both is nothing without a view
        for (name, _) in FILES.iter().filter(|(name, _)| ![ONE_EYE, BOTH_EYES].contains(name)) {
            validate(name, &source(name, false).unwrap(), naga::valid::Capabilities::empty()).unwrap();
        }
    }

    fn validate(name: &str, source: &str, can: naga::valid::Capabilities) -> Result<(), String> {
        let module = naga::front::wgsl::parse_str(source)
            .map_err(|e| format!("{name}: {}", e.emit_to_string(source)))?;
        let mut validator = naga::valid::Validator::new(naga::valid::ValidationFlags::all(), can);
        let result = validator.validate(&module);
        result.map(|_| ()).map_err(|e| format!("{name}: {}", e.emit_to_string(source)))
    }

    #[test]
    fn every_pass_over_a_view_is_valid_for_both_eyes_and_asks_for_multiview() {
        let mut checked = 0;
        for (name, text) in FILES {
            let whole = source(name, false).unwrap();
            if !text.contains("@fragment") || !whole.contains("struct View {") {
                continue;
            }
            let both = source(name, true).unwrap();
            validate(name, &both, naga::valid::Capabilities::MULTIVIEW).unwrap();
            assert!(validate(name, &both, naga::valid::Capabilities::empty()).is_err(), "{name}");
            checked += 1;
        }
        assert!(checked >= 10, "only {checked} passes");
    }

    #[test]
    fn the_march_through_several_volumes_is_valid_for_any_two_or_three() {
        let plain = |filterable, bricked| FusedVolume {
            lookup: Lookup { filterable, bricked },
            dimmed: false,
            carved: false,
        };
        let (filtered, by_hand) = (plain(true, false), plain(false, false));
        let rich = FusedVolume { dimmed: true, carved: true, ..plain(false, true) };
        for volumes in [&[filtered, filtered][..], &[by_hand, rich], &[rich, by_hand, filtered]] {
            for (both, can) in
                [(false, naga::valid::Capabilities::empty()), (true, naga::valid::Capabilities::MULTIVIEW)]
            {
                let source = fused::source(volumes, both).unwrap();
                validate("fused.wgsl", &source, can).unwrap();
                for (n, volume) in volumes.iter().enumerate() {
                    for name in ["light_grid", "carve", "pages"] {
                        assert_eq!(source.contains(&format!("var {name}_{n}:")), *volume == rich, "{name}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_view_becomes_that_of_the_eye_and_other_words_do_not() {
        assert_eq!(line_with_eye("a(view.x, review.y) + view.z"), "a(views[eye].x, review.y) + views[eye].z");
    }

    #[test]
    fn every_file_of_the_folder_is_in_the_list() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/wgsl");
        for (folder, prefix) in [(root.clone(), ""), (root.join("shared"), "shared/")] {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|e| e == "wgsl") {
                    let name = format!("{prefix}{}", path.file_name().unwrap().display());
                    assert!(
                        FILES.iter().chain(&fused::FILES).any(|(n, _)| *n == name),
                        "{name} is not listed"
                    );
                }
            }
        }
    }
}
