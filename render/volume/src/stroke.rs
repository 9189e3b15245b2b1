//! Lines and points of a width that is meant for the screen.

use std::sync::Arc;

use bytemuck::{Pod, Zeroable};
use meshing_space::{Aabb, Lps, Point};
use render_gpu::{DeviceError, Gpu};

/// Why lines or points cannot be drawn.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StrokeError {
    /// There is nothing.
    #[error("there is neither a line of two places nor a point to draw")]
    Empty,
    /// A place is not finite.
    #[error("a line or point lies at a place that is not finite; leave it out")]
    NotFinite,
    /// They are more than the device takes.
    #[error(
        "the lines need a buffer of {bytes} bytes, but the device takes {limit}; draw fewer or simpler ones"
    )]
    TooLarge {
        /// Bytes needed.
        bytes: u64,
        /// Bytes possible.
        limit: u64,
    },
    /// The device was lost, is full or failed.
    #[error(transparent)]
    Device(DeviceError),
}

/// How wide a line, or how large a point across.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Width {
    /// Pixels of the target, at every distance.
    Px(f32),
    /// Millimetres of the patient, larger nearby: what a thing measures.
    Mm(f32),
}

/// What is shown of the parts that a surface or a volume hides.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Hidden {
    /// Nothing.
    #[default]
    Out,
    /// The whole line at this share of its opacity.
    Faint(f32),
    /// The same in dashes.
    Dashed {
        /// Share of the line's opacity.
        opacity: f32,
        /// Length of a dash and of the gap after it, in pixels.
        px: f32,
    },
}

/// Lines and points on the GPU, and in memory for another device. Clones share them.
#[derive(Clone, Debug)]
pub struct StrokeBuffers(Arc<Inner>);

impl PartialEq for StrokeBuffers {
    /// The same upload, whatever others hold.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Debug)]
struct Inner {
    segments: wgpu::Buffer,
    kept: Arc<[Segment]>,
    count: u32,
    bounds: Aabb<Lps>,
}

/// `Segment` of shared/stroke.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
struct Segment {
    before: [f32; 4],
    a: [f32; 3],
    b: [f32; 3],
    after: [f32; 4],
    run: [f32; 2],
}

/// How a segment lies in its buffer.
pub(crate) const SEGMENT_LAYOUT: wgpu::VertexBufferLayout<'static> = wgpu::VertexBufferLayout {
    array_stride: size_of::<Segment>() as u64,
    step_mode: wgpu::VertexStepMode::Instance,
    attributes: &wgpu::vertex_attr_array![
        0 => Float32x4, 1 => Float32x3, 2 => Float32x3, 3 => Float32x4, 4 => Float32x2
    ],
};

impl StrokeBuffers {
    /// Puts polylines on the GPU: each one's places in LPS mm, in order; a closed one ends where it began.
    pub fn lines(gpu: &Gpu, lines: &[impl AsRef<[Point<Lps>]>]) -> Result<Self, StrokeError> {
        let each = lines.iter().map(AsRef::as_ref).filter(|line| line.len() > 1);
        Self::upload(gpu, &each.map(<[_]>::to_vec).collect::<Vec<_>>())
    }

    /// Puts points on the GPU: places in LPS mm.
    pub fn points(gpu: &Gpu, points: &[Point<Lps>]) -> Result<Self, StrokeError> {
        Self::upload(gpu, &points.iter().map(|&p| vec![p]).collect::<Vec<_>>())
    }

    fn upload(gpu: &Gpu, chains: &[Vec<Point<Lps>>]) -> Result<Self, StrokeError> {
        if chains.iter().flatten().any(|p| !p.is_finite()) {
            return Err(StrokeError::NotFinite);
        }
        let places = chains.iter().flatten().copied();
        let Some(bounds) = Aabb::from_points(places) else { return Err(StrokeError::Empty) };
        let middle = bounds.center();
        let local = |p: Point<Lps>| (p - middle).to_array().map(|c| c as f32);
        let near = |p: Option<Point<Lps>>| {
            p.map_or([0.0; 4], |p| {
                let [x, y, z] = local(p);
                [x, y, z, 1.0]
            })
        };
        let count: usize = chains.iter().map(|c| c.len().max(2) - 1).sum();
        check_size(gpu, count)?;
        let segments = chains
            .iter()
            .flat_map(|chain| pieces(chain))
            .map(|piece| Segment {
                before: near(piece.before),
                a: local(piece.a),
                b: local(piece.b),
                after: near(piece.after),
                run: piece.run.map(|mm| mm as f32),
            })
            .collect();
        Self::filled(gpu, segments, bounds)
    }

    /// The same lines or points on a device, another or the same.
    pub fn on(&self, gpu: &Gpu) -> Result<Self, StrokeError> {
        Self::filled(gpu, self.0.kept.clone(), self.0.bounds)
    }

    fn filled(gpu: &Gpu, kept: Arc<[Segment]>, bounds: Aabb<Lps>) -> Result<Self, StrokeError> {
        let count = check_size(gpu, kept.len())?;
        let wanted = wgpu::util::BufferInitDescriptor {
            label: Some("segments"),
            contents: bytemuck::cast_slice(&kept),
            usage: wgpu::BufferUsages::VERTEX,
        };
        let segments = gpu.guarded(|| gpu.filled_buffer(&wanted)).map_err(StrokeError::Device)?;
        Ok(Self(Arc::new(Inner { segments, kept, count, bounds })))
    }

    /// The box around them.
    pub fn bounds(&self) -> Aabb<Lps> {
        self.0.bounds
    }

    /// Number of segments; a point is one.
    pub fn segments(&self) -> u32 {
        self.0.count
    }

    /// Draws them into a pass whose pipeline and groups are set.
    pub(crate) fn draw(&self, pass: &mut wgpu::RenderPass<'_>) {
        pass.set_vertex_buffer(0, self.0.segments.slice(..));
        pass.draw(0..4, 0..self.0.count);
    }
}

/// The number of segments, where the device takes a buffer of that size.
fn check_size(gpu: &Gpu, segments: usize) -> Result<u32, StrokeError> {
    let limit = gpu.device.limits().max_buffer_size;
    let bytes = (segments * size_of::<Segment>()) as u64;
    u32::try_from(segments).ok().filter(|_| bytes <= limit).ok_or(StrokeError::TooLarge { bytes, limit })
}

/// A segment with its neighbours, and the mm of the line up to its ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub(crate) before: Option<Point<Lps>>,
    pub(crate) a: Point<Lps>,
    pub(crate) b: Point<Lps>,
    pub(crate) after: Option<Point<Lps>>,
    pub(crate) run: [f64; 2],
}

/// The segments of a polyline; a single place is a segment without length. The ends of a closed one are neighbours.
pub(crate) fn pieces(chain: &[Point<Lps>]) -> Vec<Piece> {
    let [first, .., last] = chain else {
        let point = |&p: &Point<Lps>| Piece { before: None, a: p, b: p, after: None, run: [0.0; 2] };
        return chain.iter().map(point).collect();
    };
    let closed = chain.len() > 3 && first == last;
    let mut run = 0.0;
    let count = chain.len();
    (0..count - 1)
        .map(|n| {
            let (a, b) = (chain[n], chain[n + 1]);
            let from = run;
            run += a.distance(b);
            let before = if n > 0 { Some(chain[n - 1]) } else { closed.then(|| chain[count - 2]) };
            let after = chain.get(n + 2).copied().or_else(|| closed.then(|| chain[1]));
            Piece { before, a, b, after, run: [from, run] }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_closed_line_are_neighbours_and_those_of_an_open_one_are_not() {
        let p = |x: f64, y: f64| Point::new(x, y, 0.0);
        let open = pieces(&[p(0.0, 0.0), p(3.0, 4.0), p(3.0, 5.0)]);
        assert_eq!(open.iter().map(|s| s.run[1]).collect::<Vec<_>>(), [5.0, 6.0]);
        assert!(open[0].before.is_none() && open[1].after.is_none() && open[0].after == Some(p(3.0, 5.0)));
        let closed = pieces(&[p(0.0, 0.0), p(1.0, 0.0), p(0.0, 1.0), p(0.0, 0.0)]);
        assert_eq!((closed[0].before, closed[2].after), (Some(p(0.0, 1.0)), Some(p(1.0, 0.0))));
        assert_eq!((pieces(&[p(1.0, 1.0)]).len(), pieces(&[]).len()), (1, 0));
    }
}
