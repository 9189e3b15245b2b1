//! The WGSL files, embedded.

use render_gpu::{Gpu, wgsl};

/// Every file by the name it is imported with.
const FILES: &[(&str, &str)] = &[
    ("depths.wgsl", include_str!("wgsl/depths.wgsl")),
    ("dvr.wgsl", include_str!("wgsl/dvr.wgsl")),
    ("fovea.wgsl", include_str!("wgsl/fovea.wgsl")),
    ("ink.wgsl", include_str!("wgsl/ink.wgsl")),
    ("iso.wgsl", include_str!("wgsl/iso.wgsl")),
    ("labels.wgsl", include_str!("wgsl/labels.wgsl")),
    ("layer.wgsl", include_str!("wgsl/layer.wgsl")),
    ("layers_over.wgsl", include_str!("wgsl/layers_over.wgsl")),
    ("lines.wgsl", include_str!("wgsl/lines.wgsl")),
    ("marks.wgsl", include_str!("wgsl/marks.wgsl")),
    ("mask.wgsl", include_str!("wgsl/mask.wgsl")),
    ("mesh.wgsl", include_str!("wgsl/mesh.wgsl")),
    ("mesh_layer.wgsl", include_str!("wgsl/mesh_layer.wgsl")),
    ("mip.wgsl", include_str!("wgsl/mip.wgsl")),
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
    ("shared/cover.wgsl", include_str!("wgsl/shared/cover.wgsl")),
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
    let source = wgsl::link(name, FILES).expect("a unit test links every file of the list");
    gpu.device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(name),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_valid() {
        for (name, _) in FILES {
            let source = wgsl::link(name, FILES).unwrap();
            let module = naga::front::wgsl::parse_str(&source)
                .unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(&source)));
            let mut validator = naga::valid::Validator::new(
                naga::valid::ValidationFlags::all(),
                naga::valid::Capabilities::empty(),
            );
            validator.validate(&module).unwrap_or_else(|e| panic!("{name}: {}", e.emit_to_string(&source)));
        }
    }

    #[test]
    fn every_file_of_the_folder_is_in_the_list() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/wgsl");
        for (folder, prefix) in [(root.clone(), ""), (root.join("shared"), "shared/")] {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|e| e == "wgsl") {
                    let name = format!("{prefix}{}", path.file_name().unwrap().display());
                    assert!(FILES.iter().any(|(n, _)| *n == name), "{name} is not listed");
                }
            }
        }
    }
}
