//! Which options go with which mode: what would be passed over in silence is refused instead.

use app_engine::{Fault, FaultKind};
use clap::ValueEnum as _;

use super::options::{Arguments, Mode};

const EYES: &[Mode] = &[Mode::Dvr, Mode::Mip, Mode::Minip, Mode::Mean, Mode::Iso, Mode::Surface];
const CAMERAS: &[Mode] =
    &[Mode::Dvr, Mode::Mip, Mode::Minip, Mode::Mean, Mode::Iso, Mode::Surface, Mode::Path];
const BY_PRESET: &[Mode] = &[Mode::Dvr, Mode::Iso, Mode::Path];
const SLICES: &[Mode] = &[Mode::Mpr, Mode::Curved];

impl Arguments {
    /// Refuses options that do not go with the mode or with each other.
    pub(super) fn fit(&self) -> Result<(), Fault> {
        let (l, c, s, b, m) = (&self.look, &self.camera, &self.slice, &self.shown, &self.more);
        let marched: &[Mode] = &[Mode::Dvr, Mode::Mip, Mode::Minip, Mode::Mean, Mode::Iso, Mode::Path];
        let segmented: &[Mode] = &[Mode::Dvr, Mode::Mpr, Mode::Curved];
        let each: &[(bool, &str, &[Mode])] = &[
            (l.step.is_some(), "--step", marched),
            (l.opacity.is_some(), "--opacity", BY_PRESET),
            (l.shift.is_some(), "--shift", BY_PRESET),
            (!l.iso.is_empty(), "--iso", &[Mode::Iso]),
            (l.samples.is_some(), "--samples", &[Mode::Path]),
            (l.no_denoise, "--no-denoise", &[Mode::Path]),
            (self.size.is_some(), "--size", CAMERAS),
            (c.camera.is_some() && self.mode == Mode::Curved, "--camera", CAMERAS),
            (c.camera_at.is_some(), "--camera-at", CAMERAS),
            (c.from_camera.is_some(), "--from-camera", CAMERAS),
            (c.orthographic, "--orthographic", CAMERAS),
            (c.stereo, "--stereo", EYES),
            (c.turntable.is_some(), "--turntable", EYES),
            (s.at.is_some(), "--at", &[Mode::Mpr]),
            (s.normal.is_some(), "--normal", &[Mode::Mpr]),
            (s.along.is_some(), "--along", &[Mode::Curved]),
            (s.width.is_some(), "--width", &[Mode::Curved]),
            (s.turn.is_some(), "--turn", &[Mode::Curved]),
            (s.stretch.is_some(), "--stretch", &[Mode::Curved]),
            (s.slab.is_some(), "--slab", SLICES),
            (s.projection.is_some(), "--projection", SLICES),
            (s.palette.is_some(), "--palette", SLICES),
            (b.fuse.is_some(), "--fuse", segmented),
            (b.segments, "--segments", segmented),
            (!b.hide.is_empty(), "--hide", segmented),
            (!b.only.is_empty(), "--only", &[Mode::Dvr]),
            (b.outline, "--outline", EYES),
            (b.distance_to.is_some(), "--distance-to", CAMERAS),
            (!b.cuts.is_empty(), "--cut", CAMERAS),
            (m.depths.is_some(), "--depths", EYES),
        ];
        for (given, option, modes) in each {
            if *given && !modes.contains(&self.mode) {
                return Err(does_not_go(option, self.mode, modes));
            }
        }
        if self.mode == Mode::Curved && s.along.is_none() {
            return Err(usage(
                ("A curved slice needs a curve.", "曲面重建需要一条曲线。"),
                (
                    "Give --along with points \"X,Y,Z; X,Y,Z…\", a .json file, or the name of a planned curve.",
                    "请用 --along 给出点 \"X,Y,Z; X,Y,Z…\"、.json 文件或规划曲线的名称。",
                ),
            ));
        }
        if s.projection.is_some() && s.slab.is_none_or(|mm| mm <= 0.0) {
            return Err(usage(
                ("A thin slice has nothing to project.", "薄层切面没有可投影的厚度。"),
                ("Give its thickness with --slab.", "请用 --slab 给出厚度。"),
            ));
        }
        if l.iso.len() > render_volume::Look::SURFACES {
            let most = render_volume::Look::SURFACES;
            return Err(usage(
                (
                    format!("There are {} surfaces of one value.", l.iso.len()),
                    format!("给出了 {} 个等值面。", l.iso.len()),
                ),
                (format!("Give --iso at most {most} times."), format!("--iso 最多可给出 {most} 次。")),
            ));
        }
        if b.distance_to.is_some() && b.surfaces.len() != 1 {
            return Err(usage(
                ("Colours of a distance need one surface.", "按距离着色需要且只需要一个表面。"),
                ("Give --surface once.", "请只给出一次 --surface。"),
            ));
        }
        Ok(())
    }
}

fn does_not_go(option: &str, mode: Mode, modes: &[Mode]) -> Fault {
    let name = |mode: &Mode| mode.to_possible_value().map(|v| v.get_name().to_owned()).unwrap_or_default();
    let fitting: Vec<String> = modes.iter().map(name).collect();
    let mode = name(&mode);
    usage(
        (format!("{option} does not go with --mode {mode}."), format!("{option} 不适用于 --mode {mode}。")),
        (
            format!("It goes with --mode {}.", fitting.join(", ")),
            format!("它适用于 --mode {}。", fitting.join("、")),
        ),
    )
}

/// A call that makes no sense.
pub(super) fn usage(
    what: impl Into<casebank_case::Words>,
    next_step: impl Into<casebank_case::Words>,
) -> Fault {
    Fault::new(FaultKind::Usage, what, ("Nothing was drawn.", "没有绘制任何内容。"), next_step)
}
