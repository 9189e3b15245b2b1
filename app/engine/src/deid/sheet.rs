//! The sheet of residual risks, in two languages.

use casebank_case::{Language, Words};
use casebank_dicom::deid::{FaceManner, FaceOutcome, FaceSeries, FolderReport};

/// What a person has to know before the objects are handed on. Names no file and no patient.
#[must_use]
pub fn sheet(report: &FolderReport, language: Language) -> String {
    let mut text = String::new();
    for line in lines(report) {
        text.push_str(if language == Language::Chinese { &line.zh } else { &line.en });
        text.push('\n');
    }
    text
}

fn lines(report: &FolderReport) -> Vec<Words> {
    let (written, patients) = (report.written.len(), report.patients);
    let (skipped, rejected) = (report.skipped.len(), report.rejected.len());
    let options = if report.options.is_empty() {
        Words::new("none", "无")
    } else {
        Words::new(report.options.join(", "), report.options.join(", "))
    };
    let mut lines = vec![
        Words::new(
            format!(
                "{written} objects of {patients} patients de-identified by PS3.15 Annex E; options: {}",
                options.en
            ),
            format!(
                "已按 PS3.15 附录 E 对 {written} 个对象（{patients} 位患者）去标识；选项：{}",
                options.zh
            ),
        ),
        Words::new(
            format!("{skipped} files left out, {rejected} refused"),
            format!("略过 {skipped} 个文件，拒绝 {rejected} 个"),
        ),
        Words::new("Before you hand them on:", "交出之前："),
    ];
    pixels(report, &mut lines);
    rest(report, &mut lines);
    let (private, unknown) = (report.private_removed, report.unknown_removed);
    lines.push(Words::new(
        format!("Removed: {private} private attributes, {unknown} attributes that nobody knows"),
        format!("已移除：{private} 个私有属性，{unknown} 个无法识别的属性"),
    ));
    if !report.kept.is_empty() {
        lines.push(Words::new("Kept or cleaned, by option:", "按选项保留或清理："));
    }
    for kept in &report.kept {
        let line = format!("  {} {} ({}): {}", kept.tag, kept.name, kept.option, kept.count);
        lines.push(Words::new(line.clone(), line));
    }
    lines
}

/// What the pixels may still show.
fn pixels(report: &FolderReport, lines: &mut Vec<Words>) {
    for (modality, count) in &report.burned_in_said {
        lines.push(Words::new(
            format!("  text in the pixels: {count} {modality} objects say so themselves; look at each, or leave them out"),
            format!("  像素中的文字：{count} 个 {modality} 对象自述含有文字；请逐个查看，或不要交出"),
        ));
    }
    for (modality, count) in &report.burned_in_likely {
        lines.push(Words::new(
            format!("  text in the pixels: {count} {modality} objects may have some and do not deny it; look at each"),
            format!("  像素中的文字：{count} 个 {modality} 对象可能含有文字，且未声明没有；请逐个查看"),
        ));
    }
    for (modality, count) in &report.text_blanked {
        lines.push(Words::new(
            format!("  text in the pixels: found and blanked in {count} {modality} objects; look at each, for no search finds all"),
            format!("  像素中的文字：已在 {count} 个 {modality} 对象中找到并涂黑；请逐个查看，任何检测都不可能找全"),
        ));
    }
    if report.text_not_found > 0 {
        let count = report.text_not_found;
        lines.push(Words::new(
            format!("  text in the pixels: none was found in {count} objects; look at some, for no search finds all"),
            format!("  像素中的文字：在 {count} 个对象中未找到；请抽查，任何检测都不可能找全"),
        ));
    }
    if report.text_not_looked > 0 {
        let count = report.text_not_looked;
        lines.push(Words::new(
            format!("  text in the pixels: {count} objects with computed pixels were not searched"),
            format!("  像素中的文字：{count} 个对象的像素为计算所得，未作检测"),
        ));
    }
    lines.extend(report.face_series.iter().map(face));
    if report.faces > 0 {
        let count = report.faces;
        lines.push(Words::new(
            format!(
                "  faces: {count} slices show the head; a rendering restores the face, and it is still there"
            ),
            format!("  面部：{count} 个切片显示头部；三维渲染可还原面容，面部仍在图像中"),
        ));
    }
    if report.faces_unsaid > 0 {
        let count = report.faces_unsaid;
        lines.push(Words::new(
            format!("  faces: {count} slices do not say of which body part; they may show a face"),
            format!("  面部：{count} 个切片未注明部位；其中可能有面部"),
        ));
    }
    if report.overlay_bits > 0 {
        let count = report.overlay_bits;
        lines.push(Words::new(
            format!("  overlays hidden in unused bits of the pixels: {count} objects; look at them"),
            format!("  像素未用位中隐藏的叠加层：{count} 个对象；请查看"),
        ));
    }
}

/// What became of the faces of a series.
fn face(series: &FaceSeries) -> Words {
    let FaceSeries { series: uid, modality, objects, .. } = series;
    let (en, zh) = match series.outcome {
        FaceOutcome::Removed => {
            let least = series.volumes.iter().filter_map(|v| v.least_moved_mm).reduce(f64::min);
            let moved = least.map_or_else(
                || Words::new("forehead or ears only are in view", "视野内只有前额或耳部"),
                |mm| {
                    let en = format!("the skin from brow to chin moved by {mm:.1} mm or more");
                    Words::new(en, format!("从眉到颏的皮肤至少移动了 {mm:.1} mm"))
                },
            );
            // Measured on one scan, the rim of what other programs call brain changed a little (docs/deidentification.md).
            let rim = if modality == "MR" {
                Words::new(
                    "; the rim of the brain may have changed, do not measure there",
                    "；脑的边缘可能有改动，请勿在该处测量",
                )
            } else {
                Words::new("", "")
            };
            let filled = series.volumes.iter().any(|v| v.manner == Some(FaceManner::Filled));
            let (en, zh) = if filled { ("filled over", "覆盖") } else { ("taken away", "去除") };
            let Words { en: moved_en, zh: moved_zh } = moved;
            (
                format!("face {en}, {moved_en}{}; look at a rendering", rim.en),
                format!("面部已{zh}，{moved_zh}{}；请查看三维渲染", rim.zh),
            )
        }
        FaceOutcome::NoFace => (
            "a head without its face in view, unchanged".to_owned(),
            "头部，但面部不在视野内，未改动".to_owned(),
        ),
        FaceOutcome::NoHead => (
            "no head was found, unchanged; look whether there is one".to_owned(),
            "未找到头部，未改动；请查看是否有头部".to_owned(),
        ),
        FaceOutcome::Refused => {
            let unsaid = || Words::new("its face cannot be removed", "无法去除面部");
            let Words { en, zh } = series.reason.clone().unwrap_or_else(unsaid);
            (format!("NOT written, because {en}"), format!("没有写出（{zh}）"))
        }
    };
    Words::new(
        format!("  faces: {modality} series {uid} of {objects} objects: {en}"),
        format!("  面部：{modality} 序列 {uid}，{objects} 个对象：{zh}"),
    )
}

/// What the attributes may still tell.
fn rest(report: &FolderReport, lines: &mut Vec<Words>) {
    if report.ages_above_89 > 0 {
        let count = report.ages_above_89;
        lines.push(Words::new(
            format!("  ages above 89 years stay in {count} objects; few people are that old"),
            format!("  89 岁以上的年龄仍保留在 {count} 个对象中；这样高龄的人很少"),
        ));
    }
    if report.private_kept > 0 {
        let count = report.private_kept;
        lines.push(Words::new(
            format!("  private attributes that stay: {count}"),
            format!("  保留的私有属性：{count}"),
        ));
    }
    if report.patients < 5 {
        let count = report.patients;
        lines.push(Words::new(
            format!("  a set of {count} patients is small: what is rare about one points to a person"),
            format!("  只有 {count} 位患者，数据集很小：个别的罕见特征就可能指向某人"),
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Vec<u64> {
        let mut numbers: Vec<u64> =
            text.split(|c: char| !c.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn both_languages_tell_the_same_numbers() {
        let mut report = FolderReport::default();
        let by_modality = |count| [("US".to_owned(), count)].into_iter().collect();
        (report.patients, report.private_kept, report.private_removed) = (2, 11, 12);
        (report.unknown_removed, report.overlay_bits, report.ages_above_89) = (13, 14, 15);
        (report.text_not_found, report.text_not_looked, report.faces, report.faces_unsaid) = (16, 17, 18, 19);
        report.burned_in_said = by_modality(20);
        report.burned_in_likely = by_modality(21);
        report.text_blanked = by_modality(22);
        for outcome in [FaceOutcome::Removed, FaceOutcome::NoFace, FaceOutcome::NoHead, FaceOutcome::Refused]
        {
            report.face_series.push(FaceSeries {
                series: "2.25.7".to_owned(),
                modality: "MR".to_owned(),
                objects: 23,
                outcome,
                reason: None,
                volumes: Vec::new(),
            });
        }
        let lines = lines(&report);
        for line in &lines {
            assert_eq!(numbers(&line.en), numbers(&line.zh), "{} | {}", line.en, line.zh);
            assert!(line.zh.chars().any(|c| c >= '\u{4E00}'), "{}", line.zh);
        }
        assert_eq!(lines.len(), 19, "every risk has its line");
        assert!(lines.iter().any(|line| line.en.contains("rim of the brain")));
    }
}
