// Where light goes at a collision: as in fog (phase function) or as off a surface.

const PI: f32 = 3.14159265;

// Two unit vectors that make a right-handed frame with the unit vector n (Duff and others 2017).
fn frame_of(n: vec3<f32>) -> mat3x3<f32> {
    let s = select(-1.0, 1.0, n.z >= 0.0);
    let a = -1.0 / (s + n.z);
    let b = n.x * n.y * a;
    return mat3x3<f32>(
        vec3<f32>(1.0 + s * n.x * n.x * a, s * b, -s * n.x),
        vec3<f32>(b, s + n.y * n.y * a, -n.y),
        n,
    );
}

// Henyey and Greenstein 1941: share of light per steradian, by the cosine between the ways before and after.
fn phase(cosine: f32, g: f32) -> f32 {
    let d = max(1.0 + g * g - 2.0 * g * cosine, 1e-6);
    return (1.0 - g * g) / (4.0 * PI * d * sqrt(d));
}

fn phase_direction(before: vec3<f32>, g: f32, u: vec2<f32>) -> vec3<f32> {
    let h = (1.0 - g * g) / (1.0 - g + 2.0 * g * u.x);
    let cosine = clamp((1.0 + g * g - h * h) / (2.0 * g), -1.0, 1.0);
    let sine = sqrt(max(1.0 - cosine * cosine, 0.0));
    let turn = 2.0 * PI * u.y;
    return frame_of(before) * vec3<f32>(sine * cos(turn), sine * sin(turn), cosine);
}

struct Surface {
    albedo: vec3<f32>,
    // GGX: the square of the roughness, and what it reflects head-on
    alpha: f32,
    head_on: f32,
    // what the highlight takes of light from all sides
    taken: f32,
}

// GGX, Walter and others 2007; Smith's masking.
fn ggx(h_z: f32, alpha: f32) -> f32 {
    let d = h_z * h_z * (alpha * alpha - 1.0) + 1.0;
    return alpha * alpha / (PI * max(d * d, 1e-9));
}

fn smith(z: f32, alpha: f32) -> f32 {
    let tan2 = (1.0 - z * z) / max(z * z, 1e-9);
    return 0.5 * (sqrt(1.0 + alpha * alpha * tan2) - 1.0);
}

fn schlick(cosine: f32, head_on: f32) -> f32 {
    let c = 1.0 - clamp(cosine, 0.0, 1.0);
    return head_on + (1.0 - head_on) * c * c * c * c * c;
}

struct Reflected {
    // BRDF times cosine
    value: vec3<f32>,
    // per steradian, of surface_direction
    density: f32,
}

// Light from `to` (towards the light) into `out` (towards where the path came from), both with the normal as z.
// The matte part gets what the highlight leaves (Kelemen and Szirmay-Kalos 2001), so that a white surface
// gives back all it gets. `out_share`, `to_share`: the highlight's albedo at both angles.
fn reflected(s: Surface, out: vec3<f32>, to: vec3<f32>, out_share: f32, to_share: f32) -> Reflected {
    // so flat that f32 loses the highlight's digits
    if to.z <= 1e-4 || out.z <= 1e-4 {
        return Reflected(vec3<f32>(0.0), 0.0);
    }
    let h = (out + to) / max(length(out + to), 1e-9);
    let d = ggx(h.z, s.alpha);
    let mask_out = smith(out.z, s.alpha);
    let mask_to = smith(to.z, s.alpha);
    let highlight = schlick(dot(out, h), s.head_on) * d / (4.0 * out.z * (1.0 + mask_out + mask_to));
    let left = (1.0 - out_share) * (1.0 - to_share) / (1.0 - s.taken);
    let matte = s.albedo * left * to.z / PI;
    let density = out_share * d / (4.0 * out.z * (1.0 + mask_out)) + (1.0 - out_share) * to.z / PI;
    return Reflected(matte + highlight, density);
}

// A direction towards which a path goes on, the normal as z: along the highlight (visible normals, Dupuy and
// Benyoub 2023) by its share, else by the cosine. May point below the surface: then `reflected` is 0.
fn surface_direction(s: Surface, out: vec3<f32>, out_share: f32, choice: f32, u: vec2<f32>) -> vec3<f32> {
    let turn = 2.0 * PI * u.x;
    let round = vec2<f32>(cos(turn), sin(turn));
    let stretched = normalize(vec3<f32>(out.xy * s.alpha, max(out.z, 1e-6)));
    let z = (1.0 - u.y) * (1.0 + stretched.z) - stretched.z;
    let cap = vec3<f32>(round * sqrt(max(1.0 - z * z, 0.0)), z) + stretched;
    let h = normalize(vec3<f32>(cap.xy * s.alpha, max(cap.z, 1e-6)));
    let mirrored = 2.0 * dot(out, h) * h - out;
    let even = vec3<f32>(round * sqrt(u.y), sqrt(1.0 - u.y));
    return select(even, mirrored, choice < out_share);
}
