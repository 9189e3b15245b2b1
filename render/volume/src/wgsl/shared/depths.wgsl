// Where along a pixel's ray things lie, beside its colour: x: mm to the first hit, y: mean mm weighted by opacity,
// z: opacity of everything on the ray. What is farther than any scene stands where nothing is.

const NOTHING_MM: f32 = 1e30;
// A ray has hit something once it has gathered more opacity than this.
const HIT: f32 = 0.05;

// what lies under a volume; the target itself cannot be blended, since no device blends distances
@group(2) @binding(1) var under: texture_2d<f32>;

// Colour, its opacity without layers, mm to the first hit, mean mm.
struct Seen {
    colour: vec4<f32>,
    opacity: f32,
    first_mm: f32,
    mean_mm: f32,
}

struct Outputs {
    @location(0) colour: vec4<f32>,
    @location(1) depths: vec4<f32>,
}

// What is seen of a volume, laid over what is under it.
fn outputs(pixel: vec2<f32>, seen: Seen) -> Outputs {
    let below = textureLoad(under, vec2<i32>(pixel), 0);
    let opacity = seen.opacity;
    let through = (1.0 - opacity) * below.z;
    let all = opacity + through;
    var mean_mm = NOTHING_MM;
    if all > 1e-6 {
        mean_mm = (opacity * seen.mean_mm + through * below.y) / all;
    }
    return Outputs(seen.colour, vec4<f32>(min(seen.first_mm, below.x), mean_mm, all, 0.0));
}
