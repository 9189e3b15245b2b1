//! A scene on another device, after the one it was made on was lost or ran out of memory.

use meshing_volume::Told;
use render_gpu::Gpu;

use crate::{
    CarveError, Carved, MeshBuffers, MeshError, MeshItem, Scene, SegmentItem, SegmentsError, SliceItem,
    StrokeError, StrokeItem, UploadError, VolumeItem, VolumeTexture,
};

/// Why a scene could not be put on a device.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SceneError {
    /// A volume does not fit.
    #[error("a volume could not be put on the device again: {0}")]
    Volume(#[from] UploadError),
    /// Segments do not belong to their volume.
    #[error("segments could not be put on the device again: {0}")]
    Segments(#[from] SegmentsError),
    /// What was carved does not belong to its volume, or does not fit.
    #[error("what was carved could not be put on the device again: {0}")]
    Carve(#[from] CarveError),
    /// A surface does not fit.
    #[error("a surface could not be put on the device again: {0}")]
    Mesh(#[from] MeshError),
    /// Lines or points do not fit.
    #[error("lines could not be put on the device again: {0}")]
    Stroke(#[from] StrokeError),
}

impl Told for SceneError {
    fn chinese(&self) -> String {
        let what = match self {
            Self::Volume(_) => "体数据",
            Self::Segments(_) => "分割",
            Self::Carve(_) => "雕除掩模",
            Self::Mesh(_) => "表面",
            Self::Stroke(_) => "线条",
        };
        format!("无法将{what}重新放到图形设备上；请重新打开病例，或以较粗的级别显示")
    }
}

impl Scene {
    /// The same scene on a device, another or the same, from what its items keep in memory: nothing of the lost
    /// device is asked for. Volumes that do not fit are shown coarser, and their [`VolumeTexture::reduction`] says so.
    ///
    /// What is not part of a scene is made anew by whoever made it: [`Renderer`](crate::Renderer),
    /// [`MarkPainter`](crate::MarkPainter), [`PathTracer`](crate::PathTracer) (its picture starts over),
    /// [`LabelTexture`](crate::LabelTexture), and the volumes of a [`SliceView`](crate::SliceView) or
    /// [`Phases`](crate::Phases) by [`VolumeTexture::on`].
    ///
    /// # Errors
    /// [`SceneError`] where something does not fit, or the device is lost too.
    pub fn on(&self, gpu: &Gpu) -> Result<Self, SceneError> {
        self.within(gpu, u64::MAX)
    }

    /// The same with volumes that take `budget_bytes` together at most. The largest ones are made coarser first, and
    /// their [`VolumeTexture::reduction`] says so; a volume of one voxel stays whatever the budget.
    ///
    /// # Errors
    /// As [`Scene::on`].
    pub fn within(&self, gpu: &Gpu, budget_bytes: u64) -> Result<Self, SceneError> {
        let volumes = Moved::new(self, gpu, budget_bytes)?;
        let mut meshes: Vec<(MeshBuffers, MeshBuffers)> = Vec::new();
        let mut mesh = |old: &MeshBuffers| -> Result<MeshBuffers, MeshError> {
            if let Some((_, new)) = meshes.iter().find(|(known, _)| known == old) {
                return Ok(new.clone());
            }
            let new = old.on(gpu)?;
            meshes.push((old.clone(), new.clone()));
            Ok(new)
        };
        let volume = |item: &VolumeItem| -> Result<VolumeItem, SceneError> {
            let texture = volumes.of(&item.texture);
            let segments = item.segments.as_ref().map(|s| {
                Ok::<_, SegmentsError>(SegmentItem {
                    segments: s.segments.on(gpu, &texture)?,
                    looks: s.looks.clone(),
                })
            });
            let carve = item.carve.as_ref().map(|c| Carved::new(&texture, c.mask())).transpose()?;
            let (look, caps) = (item.look.clone(), item.caps);
            Ok(VolumeItem { segments: segments.transpose()?, carve, texture, look, caps })
        };
        Ok(Self {
            volumes: self.volumes.iter().map(volume).collect::<Result<_, _>>()?,
            meshes: self
                .meshes
                .iter()
                .map(|item| Ok(MeshItem { buffers: mesh(&item.buffers)?, ..item.clone() }))
                .collect::<Result<_, MeshError>>()?,
            strokes: self
                .strokes
                .iter()
                .map(|item| Ok(StrokeItem { buffers: item.buffers.on(gpu)?, ..item.clone() }))
                .collect::<Result<_, StrokeError>>()?,
            slices: self
                .slices
                .iter()
                .map(|item| SliceItem { texture: volumes.of(&item.texture), ..item.clone() })
                .collect(),
            masks: self.masks.clone(),
            clip: self.clip.clone(),
            background: self.background,
        })
    }
}

/// The volumes of a scene, each once, by the identity of the old one.
struct Moved(Vec<(u64, VolumeTexture)>);

impl Moved {
    fn new(scene: &Scene, gpu: &Gpu, budget_bytes: u64) -> Result<Self, UploadError> {
        let all = scene.volumes.iter().map(|v| &v.texture).chain(scene.slices.iter().map(|s| &s.texture));
        let mut old: Vec<_> = all.collect();
        old.sort_by_key(|texture| (texture.bytes(), texture.id()));
        old.dedup_by_key(|texture| texture.id());
        // Smallest first, each within an even share of what is left: what a small one leaves over goes to larger ones.
        let mut left = budget_bytes;
        let count = old.len();
        let each = old.into_iter().enumerate().map(|(n, texture)| {
            let moved = texture.on(gpu, left / (count - n) as u64)?;
            left = left.saturating_sub(moved.bytes());
            Ok((texture.id(), moved))
        });
        Ok(Self(each.collect::<Result<_, UploadError>>()?))
    }

    fn of(&self, old: &VolumeTexture) -> VolumeTexture {
        // every volume of the scene is in the list
        self.0.iter().find(|(id, _)| *id == old.id()).map_or_else(|| old.clone(), |(_, new)| new.clone())
    }
}
