//! Vesselness of a volume over three scales.

use meshing_segment::{TubeScales, Tubeness, vesselness};
use meshing_volume::Silent;

use super::{Inputs, Made, Run, Work};

pub(super) const WORK: Work = Work {
    id: "vesselness",
    doc: "vesselness of --volume; sigmas s0, s1, s2 in mm (1, 1.7, 3), alpha, beta, contrast, sato=1",
    prepare,
};

fn prepare(inputs: &Inputs) -> anyhow::Result<Run> {
    let volume = inputs.volume()?;
    let param = |id: &str, default: f64| inputs.param(id, default);
    let (alpha, beta) = (param("alpha", 0.5) as f32, param("beta", 0.5) as f32);
    let frangi = Tubeness::Frangi { alpha, beta, contrast: param("contrast", 50.0) as f32 };
    let scales = TubeScales {
        sigmas_mm: vec![param("s0", 1.0), param("s1", 1.7), param("s2", 3.0)],
        dark: param("dark", 0.0) > 0.5,
        measure: if param("sato", 0.0) > 0.5 { Tubeness::Sato } else { frangi },
    };
    Ok(Box::new(move || Ok(Made::Field(vesselness(&volume, &scales, &Silent)?))))
}
