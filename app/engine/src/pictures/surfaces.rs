//! Surfaces of a case inside the volume: translucent, outlined, coloured by their distance to another.

use meshing_surface::{Mesh, signed_distances};
use meshing_volume::{Language, Progress};
use render_volume::{FigureMap, MeshBuffers, MeshItem, Outline};

use super::Studio;
use crate::{Fault, FaultKind};

/// How a surface is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurfaceWish {
    /// sRGB; `None`: the next of the usual colours.
    pub colour: Option<[u8; 3]>,
    /// 0 to 1; 1 hides what lies behind.
    pub opacity: f32,
    /// Also a line around it, which volumes do not hide.
    pub outlined: bool,
}

/// A surface that is shown.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) name: String,
    pub(super) mesh: Mesh,
    pub(super) colour: [u8; 3],
    pub(super) item: MeshItem,
}

impl Studio {
    /// Adds a surface inside the volume, and its contour on slices.
    ///
    /// # Errors
    /// A mesh too large for the device.
    pub fn show_surface(&mut self, name: &str, mesh: Mesh, wish: &SurfaceWish) -> Result<(), Fault> {
        let colour = wish.colour.unwrap_or_else(|| super::colour_of(self.shown.len()));
        let [r, g, b] = colour.map(|c| f32::from(c) / 255.0);
        let mut item =
            MeshItem::new(MeshBuffers::upload(&self.gpu, &mesh)?, [r, g, b, wish.opacity.clamp(0.0, 1.0)]);
        if wish.outlined {
            item.outline = Some(Outline { colour: [r, g, b, 1.0], width_px: 2.0, hidden: 0.35 });
        }
        self.shown.push(Shown { name: name.to_owned(), mesh, colour, item });
        Ok(())
    }

    /// Colours a surface that is shown by the signed distance of each of its vertices to another mesh: outside positive.
    ///
    /// # Errors
    /// A surface that is not shown, a mesh too large for the device, a halt by the user.
    pub fn colour_by_distance(
        &mut self,
        name: &str,
        other: &str,
        to: &Mesh,
        progress: &dyn Progress,
    ) -> Result<(), Fault> {
        let language = self.language;
        let (gpu, found) = (self.gpu.clone(), self.shown.iter_mut().find(|shown| shown.name == name));
        let Some(shown) = found else {
            return Err(Fault::told(FaultKind::Internal, format!("The surface {name:?} is not shown.")));
        };
        let distances = signed_distances(&shown.mesh, to, progress)?;
        // the ends of the colours leave out the few farthest, as the figures of `theatron measure` do
        let mut sizes: Vec<f64> = distances.iter().map(|mm| mm.abs()).filter(|mm| mm.is_finite()).collect();
        sizes.sort_by(f64::total_cmp);
        let most = sizes.get(sizes.len().saturating_sub(1) * 19 / 20).copied().unwrap_or(0.0);
        let what = match language {
            Language::English => format!("distance to {other}, mm"),
            Language::Chinese => format!("到 {other} 的距离，mm"),
        };
        let figures: Vec<Option<f64>> = distances.into_iter().map(Some).collect();
        let mesh = &shown.mesh;
        shown.item.buffers =
            MeshBuffers::with_figures(&gpu, &mesh.positions, &mesh.drawing_order(), &figures)?;
        shown.item.map = Some(FigureMap::fitted(what, most, 0.01));
        Ok(())
    }
}
