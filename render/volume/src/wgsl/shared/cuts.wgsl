// Boxes, balls and lassos that cut the scene. Twin: CutShape::height.

struct Shape {
    // to the box's axes in mm, to the ball's middle, or to the lasso's picture
    to: mat4x4<f32>,
    // half edges; radius; origin of the field, its samples by unit, mm by unit where w is 1
    size: vec4<f32>,
    // row of the depth along the gaze
    gaze: vec4<f32>,
    // 0 box, 1 ball, 2 + n lasso n; 1 keeps the inside and -1 the outside; least and largest depth
    kind: vec4<f32>,
}

struct Cuts {
    shapes: array<Shape, 8>,
    // x: how many of them
    count: vec4<u32>,
}

// no uniform: lavapipe 22 ended the program where a march over volumes read four of them
@group(0) @binding(1) var<storage, read> cuts: Cuts;
// distances to the lines, positive inside
@group(0) @binding(2) var lassos: texture_2d_array<f32>;

// Distance of a place of the field, in units of the lasso's picture.
fn lasso_distance(at: vec2<f32>, line: i32, per_unit: f32) -> f32 {
    let last = vec2<f32>(textureDimensions(lassos)) - 1.0;
    let inside = clamp(at, vec2<f32>(0.0), last);
    let base = min(floor(inside), last - 1.0);
    let f = inside - base;
    let i = vec2<i32>(base);
    let low = mix(
        textureLoad(lassos, i, line, 0).r,
        textureLoad(lassos, i + vec2<i32>(1, 0), line, 0).r,
        f.x,
    );
    let high = mix(
        textureLoad(lassos, i + vec2<i32>(0, 1), line, 0).r,
        textureLoad(lassos, i + vec2<i32>(1, 1), line, 0).r,
        f.x,
    );
    return mix(low, high, f.y) - length(at - inside) / per_unit;
}

// How far a place lies inside what a shape keeps, in mm; negative where it is cut away.
fn height_over(n: u32, rel: vec3<f32>) -> f32 {
    let at = cuts.shapes[n].to * vec4<f32>(rel, 1.0);
    let size = cuts.shapes[n].size;
    let kind = cuts.shapes[n].kind;
    // behind the eye no lasso was drawn
    var inside = -1.0;
    if kind.x < 0.5 {
        let d = size.xyz - abs(at.xyz);
        inside = min(d.x, min(d.y, d.z));
    } else if kind.x < 1.5 {
        inside = size.x - length(at.xyz);
    } else if at.w > 1e-9 {
        let across = lasso_distance((at.xy / at.w - size.xy) * size.z, i32(kind.x) - 2, size.z);
        let depth = dot(cuts.shapes[n].gaze, vec4<f32>(rel, 1.0));
        inside = min(across * size.w * at.w, min(depth - kind.z, kind.w - depth));
    }
    return inside * kind.y;
}

// The least of it over all shapes.
fn shape_height(rel: vec3<f32>) -> f32 {
    var least = 1e30;
    for (var n = 0u; n < cuts.count.x; n++) {
        least = min(least, height_over(n, rel));
    }
    return least;
}

// The share of a stretch that the shapes keep.
fn kept_share(begin: vec3<f32>, end: vec3<f32>) -> f32 {
    if cuts.count.x == 0u {
        return 1.0;
    }
    let a = shape_height(begin);
    let b = shape_height(end);
    if min(a, b) >= 0.0 {
        return 1.0;
    }
    return max(max(a, b), 0.0) / max(abs(a - b), 1e-12);
}
