//! What is to be drawn.

use meshing_volume::Grid;

use crate::{
    Carved, ClipPlanes, FigureMap, Hidden, Look, MeshBuffers, Mode, SegmentItem, Shading, SlicePlane,
    StrokeBuffers, VolumeTexture, Width, Window,
};

/// A volume in the scene.
#[derive(Clone, Debug, PartialEq)]
pub struct VolumeItem {
    /// Its voxels.
    pub texture: VolumeTexture,
    /// How it is to look.
    pub look: Look,
    /// Which of its voxels belong to which segment, and how these look in the shaded march.
    pub segments: Option<SegmentItem>,
    /// What was carved away of it.
    pub carve: Option<Carved>,
    /// The slice wherever planes or shapes cut it open; of no use to a projection.
    pub caps: Option<Caps>,
}

impl VolumeItem {
    /// A volume with a look.
    pub const fn new(texture: VolumeTexture, look: Look) -> Self {
        Self { texture, look, segments: None, carve: None, caps: None }
    }
}

/// The slice on everything that cuts a volume open: exact values through a window, as an opaque surface with depth.
/// It is left open where other cuts take the place away, where it is carved, and where a segment is hidden; carving
/// makes no such surface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Caps {
    /// Which values are shown.
    pub window: Window,
    /// Only values from here on are shown, so that air stays open; all of them when `None`.
    pub above: Option<f32>,
}

impl Caps {
    /// Whole faces, in a window.
    pub const fn new(window: Window) -> Self {
        Self { window, above: None }
    }

    /// How finely the walls of a lasso are looked for.
    pub(crate) fn step_mm(grid: &Grid) -> f64 {
        grid.spacing_mm().into_iter().fold(f64::INFINITY, f64::min)
    }
}

/// A volume shown only inside segments of another, as a PET only inside the body that was segmented in the CT. The edge is
/// soft over a voxel of the labels. Nothing of it is shown outside the other's grid, or where that has no segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeMask {
    /// The volume that is shown less of: its place in [`Scene::volumes`].
    pub volume: usize,
    /// The volume whose [`VolumeItem::segments`] say where.
    pub within: usize,
    /// The labels inside which it is shown.
    pub labels: Vec<u8>,
}

impl VolumeMask {
    /// A bit for each label.
    pub(crate) fn bits(&self) -> [[u32; 4]; 2] {
        let mut bits = [[0_u32; 4]; 2];
        for &label in &self.labels {
            let word = usize::from(label) / 32;
            bits[word / 4][word % 4] |= 1 << (label % 32);
        }
        bits
    }
}

/// A surface in the scene.
#[derive(Clone, Debug, PartialEq)]
pub struct MeshItem {
    /// Its triangles.
    pub buffers: MeshBuffers,
    /// Red, green, blue as an sRGB picture holds them, and opacity; 1 is opaque.
    pub colour: [f32; 4],
    /// How it takes the light; the gradients are of no use to a surface.
    pub shading: Shading,
    /// Shows the figures of [`MeshBuffers::with_figures`] in place of the colour; the opacity stays.
    pub map: Option<FigureMap>,
    /// A line around it in the picture.
    pub outline: Option<Outline>,
}

impl MeshItem {
    /// A surface of one colour.
    pub fn new(buffers: MeshBuffers, colour: [f32; 4]) -> Self {
        Self { buffers, colour, shading: Shading::default(), map: None, outline: None }
    }
}

/// A line around a surface in the picture, outside what the surface covers. Neither volumes nor translucent surfaces
/// hide it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outline {
    /// Red, green, blue as an sRGB picture holds them, and opacity.
    pub colour: [f32; 4],
    /// Its width in pixels of the target, at every distance; at most [`Outline::WIDEST_PX`].
    pub width_px: f32,
    /// Share of its opacity where something opaque is before the surface: 0 leaves that part out, 1 draws it through
    /// everything.
    pub hidden: f32,
}

impl Outline {
    /// The widest line, since each pixel looks so far around.
    pub const WIDEST_PX: f32 = 8.0;
}

/// Lines or points in the scene: of one colour, unlit, with soft edges.
#[derive(Clone, Debug, PartialEq)]
pub struct StrokeItem {
    /// Where they run.
    pub buffers: StrokeBuffers,
    /// Red, green, blue as an sRGB picture holds them, and opacity; 1 is opaque.
    pub colour: [f32; 4],
    /// How wide.
    pub width: Width,
    /// What is shown of parts behind something else.
    pub hidden: Hidden,
}

impl StrokeItem {
    /// Lines or points of one colour and width that hide behind other things.
    pub const fn new(buffers: StrokeBuffers, colour: [f32; 4], width: Width) -> Self {
        Self { buffers, colour, width, hidden: Hidden::Out }
    }
}

/// A slice standing in the scene.
#[derive(Clone, Debug, PartialEq)]
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
/// Translucent meshes, lines and points are peeled into layers, nearest first, and the last volume takes them in at
/// their depths: [`LAYERS`](crate::LAYERS) of them exactly at each pixel, those behind as one layer blended in the
/// order of drawing ([`Renderer::layers_merged`](crate::Renderer::layers_merged) says whether that was needed). A
/// line lies as a tube would, half its width before its middle. Two or three shaded volumes are mixed where they are
/// ([`Renderer::mixes`](crate::Renderer::mixes)); others are laid over one another in the order given; where the last one is a projection, which has no depth, the layers lie over it.
///
/// Two scenes are equal when they draw the same picture: what was uploaded twice is not equal to itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    /// Volumes.
    pub volumes: Vec<VolumeItem>,
    /// Surfaces.
    pub meshes: Vec<MeshItem>,
    /// Volumes shown only inside segments of others; only where they are mixed ([`Renderer::mixes`](crate::Renderer::mixes)).
    pub masks: Vec<VolumeMask>,
    /// Lines and points.
    pub strokes: Vec<StrokeItem>,
    /// Slices.
    pub slices: Vec<SliceItem>,
    /// Cuts through everything.
    pub clip: ClipPlanes,
    /// Background of [`picture`](crate::picture), linear red, green, blue and opacity, premultiplied.
    pub background: [f64; 4],
}

/// Shaded volumes that are mixed at their depths, at most.
pub(crate) const MIXED: usize = 3;

/// Whether volumes of these modes are mixed at their depths.
pub(crate) fn mixed(mut modes: impl ExactSizeIterator<Item = Mode>) -> bool {
    (2..=MIXED).contains(&modes.len()) && modes.all(|mode| mode == Mode::Dvr)
}

impl Scene {
    /// A background from an sRGB colour, opaque.
    pub fn background_srgb(colour: [u8; 3]) -> [f64; 4] {
        let [r, g, b] = colour.map(|c| f64::from(crate::look::linear_from_srgb(f32::from(c) / 255.0)));
        [r, g, b, 1.0]
    }
}
