//! The layers of shared/layers.wgsl.

use glam::Vec4;

use crate::look::linear_from_srgb;
use crate::renderer::LAYERS;

/// What is translucent, peeled by the device: pictures of one size, nearest first.
#[derive(Clone, Debug)]
pub(crate) struct LayerPictures {
    /// Pixels of a row.
    pub(crate) width: usize,
    /// Reverse-Z depth; 0 is nothing.
    pub(crate) depths: Vec<Vec<f32>>,
    /// Premultiplied colour as sRGB, and opacity; one picture more, of what lies behind the others.
    pub(crate) colours: Vec<Vec<u8>>,
    linear: [f32; 256],
}

impl LayerPictures {
    pub(crate) fn new(width: usize, depths: Vec<Vec<f32>>, colours: Vec<Vec<u8>>) -> Self {
        let linear = std::array::from_fn(|n| linear_from_srgb(n as f32 / 255.0));
        Self { width, depths, colours, linear }
    }

    fn colour(&self, layer: usize, pixel: usize) -> Vec4 {
        let [r, g, b, a] = std::array::from_fn(|c| self.colours[layer][pixel * 4 + c]);
        let [r, g, b] = [r, g, b].map(|c| self.linear[usize::from(c)]);
        Vec4::new(r, g, b, f32::from(a) / 255.0)
    }

    /// The layers of a pixel, whose depths lie so many mm along its ray.
    pub(super) fn on_ray(&self, [x, y]: [u32; 2], mm: impl Fn(f32) -> f32) -> OnRay {
        let pixel = y as usize * self.width + x as usize;
        let mut found = OnRay::default();
        let last = self.depths.len() - 1;
        for (n, depths) in self.depths.iter().enumerate() {
            let depth = depths[pixel];
            if depth <= 0.0 {
                break;
            }
            let mut colour = self.colour(n, pixel);
            if n == last {
                colour = over(colour, self.colour(n + 1, pixel));
            }
            found.list[n] = (mm(depth), colour);
            found.count = n + 1;
        }
        found
    }
}

/// The layers of one ray: distance in mm, colour.
#[derive(Clone, Copy, Default)]
pub(super) struct OnRay {
    list: [(f32, Vec4); LAYERS as usize],
    count: usize,
    next: usize,
}

fn over(front: Vec4, behind: Vec4) -> Vec4 {
    front + behind * (1.0 - front.w)
}

impl OnRay {
    /// `sum`, front to back, with what fills the ray from `begin` on for `length` mm, which `under` lays beneath, cut
    /// where layers lie in it.
    #[inline(always)]
    pub(super) fn cut(
        &mut self,
        sum: Vec4,
        begin: f32,
        length: f32,
        under: impl Fn(Vec4, f32) -> Vec4,
    ) -> Vec4 {
        let end = begin + length;
        if self.next == self.count || self.list[self.next].0 >= end {
            return under(sum, length);
        }
        let (mut sum, mut at) = (sum, begin);
        while let Some(&(mm, colour)) = self.list[self.next..self.count].first()
            && mm < end
        {
            if mm > at {
                sum = under(sum, mm - at);
                at = mm;
            }
            sum = over(sum, colour);
            self.next += 1;
        }
        under(sum, end - at)
    }

    /// `sum`, front to back, with those that lie before `mm` of the ray.
    #[inline(always)]
    pub(super) fn before(&mut self, mut sum: Vec4, mm: f32) -> Vec4 {
        while let Some(&(at, colour)) = self.list[self.next..self.count].first()
            && at < mm
        {
            sum = over(sum, colour);
            self.next += 1;
        }
        sum
    }

    /// `sum` with all that are left.
    pub(super) fn rest(&self, sum: Vec4) -> Vec4 {
        self.list[self.next..self.count].iter().fold(sum, |sum, &(_, colour)| over(sum, colour))
    }
}
