//! What is to be drawn.

use crate::{ClipPlanes, Look, MeshBuffers, SegmentItem, Shading, SlicePlane, VolumeTexture, Window};

/// A volume in the scene.
#[derive(Clone, Debug)]
pub struct VolumeItem {
    /// Its voxels.
    pub texture: VolumeTexture,
    /// How it is to look.
    pub look: Look,
    /// Which of its voxels belong to which segment, and how these look in the shaded march.
    pub segments: Option<SegmentItem>,
}

impl VolumeItem {
    /// A volume with a look.
    pub const fn new(texture: VolumeTexture, look: Look) -> Self {
        Self { texture, look, segments: None }
    }
}

/// A surface in the scene.
#[derive(Clone, Debug)]
pub struct MeshItem {
    /// Its triangles.
    pub buffers: MeshBuffers,
    /// Red, green, blue as an sRGB picture holds them, and opacity; 1 is opaque.
    pub colour: [f32; 4],
    /// How it takes the light; the gradients are of no use to a surface.
    pub shading: Shading,
}

impl MeshItem {
    /// A surface of one colour.
    pub fn new(buffers: MeshBuffers, colour: [f32; 4]) -> Self {
        Self { buffers, colour, shading: Shading::default() }
    }
}

/// A slice standing in the scene.
#[derive(Clone, Debug)]
pub struct SliceItem {
    /// The volume it cuts.
    pub texture: VolumeTexture,
    /// Where.
    pub plane: SlicePlane,
    /// Which values are shown.
    pub window: Window,
}

/// What is drawn.
///
/// Opaque meshes and slices hide each other, and parts of the volumes, by their depth to the voxel step.
/// Volumes are laid over one another in the order given. Translucent meshes are laid over the volumes, which is
/// right for an outer surface (skin, a guide) and not for one inside a volume.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// Volumes.
    pub volumes: Vec<VolumeItem>,
    /// Surfaces.
    pub meshes: Vec<MeshItem>,
    /// Slices.
    pub slices: Vec<SliceItem>,
    /// Cuts through everything.
    pub clip: ClipPlanes,
    /// Background of [`picture`](crate::picture), linear red, green, blue and opacity, premultiplied.
    pub background: [f64; 4],
}

impl Scene {
    /// A background from an sRGB colour, opaque.
    pub fn background_srgb(colour: [u8; 3]) -> [f64; 4] {
        let [r, g, b] = colour.map(|c| f64::from(crate::look::linear_from_srgb(f32::from(c) / 255.0)));
        [r, g, b, 1.0]
    }
}
