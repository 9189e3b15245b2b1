//! What `theatron render` says of a picture: how long it took, what the rays did, how good it is.

use std::fmt::Write as _;

use app_engine::pictures::{ChosenLook, DistancesWritten, Quality, SliceFacts};
use casebank_case::Words;
use render_volume::MarchStatistics;
use serde_json::{Value, json};

/// What the rays through a volume did.
pub(super) fn march(march: &MarchStatistics) -> Words {
    let MarchStatistics { rays, pixels, samples_a_ray, shaded_a_ray, leaps_a_ray, .. } = *march;
    let (skipped, visible) = (march.skipped_share * 100.0, march.visible_share * 100.0);
    let mib = march.bytes as f64 / f64::from(1 << 20);
    Words::new(
        format!(
            "{rays} of {pixels} pixels have a ray; samples a ray {samples_a_ray:.1}, shaded {shaded_a_ray:.1}, leaps \
             {leaps_a_ray:.1}; skipped {skipped:.1} % of the way; {visible:.1} % of the cells show something; {mib:.1} MiB"
        ),
        format!(
            "{pixels} 个像素中 {rays} 个有光线；每条光线采样 {samples_a_ray:.1}，着色 {shaded_a_ray:.1}，跳跃 \
             {leaps_a_ray:.1}；跳过路程的 {skipped:.1} %；{visible:.1} % 的单元有可见内容；{mib:.1} MiB"
        ),
    )
}

/// What a slice is made of.
pub(super) fn slice(facts: &SliceFacts) -> Words {
    let SliceFacts { pixel_mm, samples_a_pixel, sample_step_mm, layers, .. } = *facts;
    let outside = facts.partly_outside_share * 100.0;
    Words::new(
        format!(
            "pixels of {pixel_mm:.3} mm; {samples_a_pixel} samples a pixel, {sample_step_mm:.3} mm apart; {layers} scans; \
             {outside:.1} % partly outside the scan"
        ),
        format!(
            "像素 {pixel_mm:.3} mm；每像素 {samples_a_pixel} 次采样，间隔 {sample_step_mm:.3} mm；{layers} 个扫描；\
             {outside:.1} % 部分超出扫描范围"
        ),
    )
}

/// How long each stage took, and by whom it was drawn.
pub(super) fn stages(stages: &[(&str, &str, f64)], device: &Words) -> Words {
    let of = |name: fn(&(&str, &str, f64)) -> String, between: &str| {
        stages.iter().map(name).collect::<Vec<_>>().join(between)
    };
    Words::new(
        format!("{}, by {}", of(|(en, _, ms)| format!("{en} {ms:.0} ms"), ", "), device.en),
        format!("{}，绘制设备 {}", of(|(_, zh, ms)| format!("{zh} {ms:.0} ms"), "，"), device.zh),
    )
}

/// How good the picture is.
pub(super) fn quality(quality: &Quality) -> Words {
    let Quality { step_voxels, reduced_by, layers_merged, .. } = *quality;
    let (mut en, mut zh) =
        (format!("full quality, step {step_voxels} voxels"), format!("完整质量，步长 {step_voxels} 体素"));
    if reduced_by > 1 {
        write!(en, "; the scan is shown at 1/{reduced_by} of its resolution").unwrap_or_default();
        write!(zh, "；扫描以 1/{reduced_by} 分辨率显示").unwrap_or_default();
    }
    if layers_merged == Some(true) {
        en += "; more translucent layers than are kept apart";
        zh += "；半透明层多于可分开处理的数量";
    }
    Words::new(en, zh)
}

/// Memory: of the volumes on the device, and the most that this program took.
pub(super) fn memory(volume_bytes: u64) -> (Value, Words) {
    let peak = peak_bytes();
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let volumes = mib(volume_bytes);
    let (en, zh) = peak.map_or_else(Default::default, |peak| {
        let most = mib(peak);
        (format!(", at most {most:.0} MiB in all"), format!("，总计最多 {most:.0} MiB"))
    });
    let words = Words::new(
        format!("memory: volumes up to {volumes:.1} MiB{en}"),
        format!("内存：体数据至多 {volumes:.1} MiB{zh}"),
    );
    (json!({"volume_bytes": volume_bytes, "peak_bytes": peak}), words)
}

/// The most memory that this program has had so far (Linux).
fn peak_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024)
}

/// What a look was made from.
pub(super) fn look(look: &ChosenLook) -> Value {
    let left_out: Vec<_> =
        look.left_out.iter().map(|w| json!({"message": w.en, "message_zh": w.zh})).collect();
    json!({
        "id": look.id,
        "name": look.name.en,
        "name_zh": look.name.zh,
        "modality": look.modality,
        "relative": look.relative,
        "file": look.file,
        "left_out": left_out,
    })
}

/// How distances were written.
pub(super) fn distances(file: &std::path::Path, written: &DistancesWritten) -> Words {
    let file = file.display();
    let seen = written.seen_share * 100.0;
    let (near, far) = (written.nearest_mm.unwrap_or(0.0), written.farthest_mm.unwrap_or(0.0));
    let (scale, scale_zh) = written.mm_per_step.map_or_else(Default::default, |step| {
        (format!("; a step is {step} mm, 0 is nothing"), format!("；每级 {step} mm，0 表示没有内容"))
    });
    Words::new(
        format!("{file}: {near:.1} to {far:.1} mm, {seen:.1} % of the pixels{scale}"),
        format!("{file}：{near:.1} 到 {far:.1} mm，{seen:.1} % 的像素{scale_zh}"),
    )
}
