// Flat shapes and letters over a picture. Twin: twin::marks.

struct Sheet {
    // left, top, width, height in pixels of the target
    viewport: vec4<f32>,
}

@group(0) @binding(0) var<uniform> sheet: Sheet;
@group(0) @binding(1) var glyphs: texture_2d<f32>;

struct Quad {
    @location(0) corner: vec2<f32>,
    // the two edges from the corner
    @location(1) edges: vec4<f32>,
    // left, top, width, height in the picture of glyphs; no width: filled
    @location(2) glyph: vec4<f32>,
    // linear, premultiplied
    @location(3) colour: vec4<f32>,
}

struct Varying {
    @builtin(position) position: vec4<f32>,
    // shares of the two edges
    @location(0) place: vec2<f32>,
    @location(1) @interpolate(flat) glyph: vec4<f32>,
    @location(2) @interpolate(flat) colour: vec4<f32>,
    // how wide the shape is across each edge, in pixels
    @location(3) @interpolate(flat) across: vec2<f32>,
}

@vertex
fn vertex(@builtin(vertex_index) index: u32, q: Quad) -> Varying {
    let u = q.edges.xy;
    let v = q.edges.zw;
    let area = abs(u.x * v.y - u.y * v.x);
    let across = max(vec2<f32>(area / max(length(v), 1e-6), area / max(length(u), 1e-6)), vec2<f32>(1e-6));
    // a pixel more for the soft edge; letters bring an empty pixel of their own
    let more = select(1.0 / across, vec2<f32>(0.0), q.glyph.z > 0.0);
    let place = mix(-more, 1.0 + more, vec2<f32>(f32(index & 1u), f32(index >> 1u)));
    let pixel = q.corner + u * place.x + v * place.y;
    let ndc = pixel / sheet.viewport.zw * 2.0 - 1.0;
    return Varying(vec4<f32>(ndc.x, -ndc.y, 0.0, 1.0), place, q.glyph, q.colour, across);
}

fn ink_at(at: vec2<i32>) -> f32 {
    return textureLoad(glyphs, clamp(at, vec2<i32>(0), vec2<i32>(textureDimensions(glyphs)) - 1), 0).r;
}

@fragment
fn fragment(in: Varying) -> @location(0) vec4<f32> {
    if in.glyph.z > 0.0 {
        let at = in.glyph.xy + in.place * in.glyph.zw - 0.5;
        let base = floor(at);
        let f = at - base;
        let i = vec2<i32>(base);
        let above = mix(ink_at(i), ink_at(i + vec2<i32>(1, 0)), f.x);
        let below = mix(ink_at(i + vec2<i32>(0, 1)), ink_at(i + vec2<i32>(1, 1)), f.x);
        return in.colour * mix(above, below, f.y);
    }
    let inside = min(in.place, 1.0 - in.place) * in.across;
    // no more than the shape is wide: a line thinner than a pixel is a fainter one
    let covered = clamp(inside + 0.5, vec2<f32>(0.0), min(in.across, vec2<f32>(1.0)));
    return in.colour * covered.x * covered.y;
}
