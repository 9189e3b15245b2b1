//! Twin of shared/layers.wgsl and layers_over.wgsl: every translucent thing on a ray at its depth, however many.

/// A translucent thing on a ray.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layer {
    /// From the ray's start.
    pub distance_mm: f64,
    /// Linear, premultiplied.
    pub colour: [f64; 4],
}

/// `front` over `behind`, both linear and premultiplied.
pub fn over(front: [f64; 4], behind: [f64; 4]) -> [f64; 4] {
    std::array::from_fn(|c| front[c] + (1.0 - front[3]) * behind[c])
}

/// `sum`, front to back, with what of `layers` (nearest first) begins before `mm`; these are taken off.
pub fn layers_before(mut sum: [f64; 4], layers: &mut &[Layer], mm: f64) -> [f64; 4] {
    while let Some((first, rest)) = layers.split_first().filter(|(first, _)| first.distance_mm < mm) {
        sum = over(sum, first.colour);
        *layers = rest;
    }
    sum
}

/// `sum` with what fills the ray from `mm` to `end` with a colour (not premultiplied) and an extinction per mm, cut
/// where layers lie in it.
pub fn with_layers(
    sum: [f64; 4],
    layers: &mut &[Layer],
    [r, g, b]: [f64; 3],
    extinction: f64,
    mm: f64,
    end: f64,
) -> [f64; 4] {
    let mut sum = layers_before(sum, layers, mm);
    let piece = |sum, from: f64, to: f64| {
        let alpha = 1.0 - (-extinction * (to - from)).exp();
        over(sum, [r * alpha, g * alpha, b * alpha, alpha])
    };
    let mut begin = mm;
    while let Some(first) = layers.first().filter(|l| l.distance_mm < end) {
        sum = piece(sum, begin, first.distance_mm);
        begin = first.distance_mm;
        sum = over(sum, first.colour);
        *layers = &layers[1..];
    }
    piece(sum, begin, end)
}
