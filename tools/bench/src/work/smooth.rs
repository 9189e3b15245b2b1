//! A mesh smoothed by a windowed sinc.

use meshing_surface::{Smoothing, smooth};

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work =
    Work { id: "smooth", doc: "--mesh by a windowed sinc: pass_band (0.1), iterations (20)", prepare };

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let mesh = inputs.mesh(0)?;
    let how = Smoothing {
        pass_band: inputs.param("pass_band", 0.1),
        iterations: inputs.param("iterations", 20.0) as usize,
        max_move_mm: None,
    };
    Ok(Box::new(move || Ok(Made::Mesh(smooth(&mesh, how).mesh))))
}
