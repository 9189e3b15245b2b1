//! A second scan over the first: PET on CT, MR on CT.

use std::sync::Arc;

use casebank_case::VolumeEntry;
use meshing_volume::{Volume, Words};
use render_volume::{
    Look, Palette, SliceLayer, TransferFunction, TransferPoint, VolumeItem, VolumeTexture, Window, presets,
};

use super::{Studio, usual_preset};
use crate::{Fault, FaultKind};

/// How a second scan is laid over the first.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FuseWish {
    /// Its colours; `None`: hot iron on slices, the preset's in the volume.
    pub palette: Option<Palette>,
    /// 0 to 1; `None`: half on slices, the preset's in the volume.
    pub opacity: Option<f32>,
    /// Its window; `None`: that of its modality's usual preset.
    pub window: Option<Window>,
}

/// A second scan that is shown.
#[derive(Debug)]
pub(super) struct Fused {
    texture: VolumeTexture,
    modality: String,
    look: Look,
    wish: FuseWish,
    shown_from: Option<f64>,
}

/// Whether two scans of a case lie in one space, so that one may be laid over the other.
///
/// # Errors
/// Scans of different or unnamed frames of reference: what is laid over another must belong there.
pub fn in_one_space(first: &VolumeEntry, second: &VolumeEntry) -> Result<(), Fault> {
    if !first.frame_of_reference.is_empty() && first.frame_of_reference == second.frame_of_reference {
        return Ok(());
    }
    let unnamed = [first, second].iter().any(|entry| entry.frame_of_reference.is_empty());
    let (what, what_zh) = if unnamed {
        ("at least one of them names no frame of reference", "其中至少一个没有坐标参考系")
    } else {
        ("they have different frames of reference", "它们的坐标参考系不同")
    };
    Err(Fault::new(
        FaultKind::Refused,
        (
            format!("{} and {} cannot be laid over each other: {what}.", named(first), named(second)),
            format!("{} 与 {} 不能叠加：{what_zh}。", named(first), named(second)),
        ),
        (
            "Without a registration in the case nothing says that their places are the same; a fused picture could show a tumour where it is not.",
            "病例中没有配准，无法确认两者的位置一致；融合图像可能把肿瘤显示在错误的位置。",
        ),
        (
            "Fuse scans of one examination, or import the scan again after it was registered to the other and has its frame of reference.",
            "请融合同一次检查的扫描，或把配准到另一扫描并带有其坐标参考系的扫描重新导入。",
        ),
    ))
}

fn named(entry: &VolumeEntry) -> String {
    let modality = if entry.modality.is_empty() { "?" } else { &entry.modality };
    format!("{modality} ({})", entry.id)
}

impl Studio {
    /// Lays another scan over the first: on slices value by value, in the shaded volume as a second volume.
    ///
    /// # Errors
    /// A scan too large for the device.
    pub fn fuse(&mut self, volume: &Arc<Volume>, modality: &str, wish: &FuseWish) -> Result<(), Fault> {
        let texture = VolumeTexture::upload(&self.gpu, volume)?;
        let usual = presets::named(usual_preset(modality))
            .ok_or_else(|| Fault::told(FaultKind::Internal, "A usual preset is missing."))?;
        let mut look = usual.look_for(volume);
        if let Some(window) = wish.window {
            look.window = window;
        }
        if let Some(palette) = wish.palette {
            look.transfer = recoloured(&look.transfer, palette, look.window);
        }
        if let Some(opacity) = wish.opacity {
            look.transfer = look.transfer.with_opacity(opacity);
        }
        // what takes up no tracer is not to veil the anatomy
        let faint = look.window.center - look.window.width * 0.3;
        let shown_from = (modality == "PT" || modality == "NM").then_some(faint);
        self.fused = Some(Fused { texture, modality: modality.to_owned(), look, wish: *wish, shown_from });
        Ok(())
    }
}

impl Fused {
    pub(super) fn layer(&self) -> SliceLayer {
        SliceLayer {
            palette: self.palette(),
            opacity: self.wish.opacity.unwrap_or(0.5),
            shown_from: self.shown_from,
            ..SliceLayer::new(self.texture.clone(), self.look.window)
        }
    }

    pub(super) fn item(&self) -> VolumeItem {
        VolumeItem::new(self.texture.clone(), self.look.clone())
    }

    pub(super) fn bytes(&self) -> u64 {
        self.texture.bytes()
    }

    fn palette(&self) -> Palette {
        self.wish.palette.unwrap_or(Palette::HotIron)
    }

    /// What is laid over the volume.
    pub(super) fn words_in_volume(&self) -> Words {
        let name = self.wish.palette.map(Palette::name);
        let (en, zh) =
            name.map_or_else(Default::default, |name| (format!(", {}", name.en), format!("，{}", name.zh)));
        Words::new(format!("+ {}{en}", self.modality), format!("+ {}{zh}", self.modality))
    }

    /// What is laid over a slice.
    pub(super) fn words(&self) -> Words {
        let Window { center, width } = self.look.window;
        let digits = if width < 20.0 { 2 } else { 0 };
        let values = format!("C {center:.digits$} W {width:.digits$}");
        let name = self.palette().name();
        let from = self.shown_from.map(|from| format!("{from:.digits$}"));
        let (from_en, from_zh) =
            from.map_or_else(Default::default, |from| (format!(", from {from}"), format!("，起始 {from}")));
        Words::new(
            format!("+ {} {values}, {}{from_en}", self.modality, name.en),
            format!("+ {} {values}，{}{from_zh}", self.modality, name.zh),
        )
    }
}

/// A transfer function with the colours that a palette gives its values in a window. Corners are added, since a palette
/// bends between them.
fn recoloured(transfer: &TransferFunction, palette: Palette, window: Window) -> TransferFunction {
    let points = transfer.points();
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return transfer.clone() };
    let (low, high) = (first.value, last.value);
    let even = (0..=64_u8).map(|n| low + (high - low) * f32::from(n) / 64.0);
    let values = points.iter().map(|p| p.value).chain(even);
    let table = palette.table();
    let corner = |value: f32| {
        let entry = (window.grey(f64::from(value)) * 255.0).round().clamp(0.0, 255.0) as usize;
        TransferPoint {
            value,
            colour: table[entry].map(|c| f32::from(c) / 255.0),
            opacity_per_mm: opacity_at(points, value),
        }
    };
    TransferFunction::new(values.map(corner).collect()).unwrap_or_else(|| transfer.clone())
}

/// Opacity of 1 mm between corners.
fn opacity_at(points: &[TransferPoint], value: f32) -> f32 {
    let after = points.partition_point(|p| p.value <= value).clamp(1, points.len().max(2) - 1);
    let (Some(a), Some(b)) = (points.get(after - 1), points.get(after)) else { return 0.0 };
    let share =
        if b.value > a.value { ((value - a.value) / (b.value - a.value)).clamp(0.0, 1.0) } else { 0.0 };
    a.opacity_per_mm + (b.opacity_per_mm - a.opacity_per_mm) * share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_palette_gives_a_look_its_colours_and_leaves_its_opacities() {
        let pet = presets::named("pet").expect("pet");
        let window = Window::new(0.5, 1.0);
        let hot = recoloured(&pet.look.transfer, Palette::HotIron, window);
        let (before, after) = (pet.look.transfer.points(), hot.points());
        for p in before {
            assert!((opacity_at(after, p.value) - p.opacity_per_mm).abs() < 1e-6, "{p:?}");
        }
        let top = after.last().expect("a corner");
        assert_eq!(top.colour, [1.0, 1.0, 1.0], "hot iron ends in white");
    }
}
