#import shared/cover.wgsl
// Values of a slice through a window and a colour map, laid over what is there. Twin: twin::paint.
// Colours are as a display takes them (sRGB-like), premultiplied.

struct Paint {
    // x: the middle; y: LINEAR and LINEAR_EXACT 1 / width, SIGMOID 4 / width; z: values below are not shown; w: opacity
    window: vec4<f32>,
    // x: 0 linear, 1 step, 2 sigmoid; y: 1 where low values are bright; z: 1 where z of the window counts
    kind: vec4<u32>,
}

@group(0) @binding(0) var<uniform> paint: Paint;
// value, share of it inside the volume
@group(0) @binding(1) var values: texture_2d<f32>;
@group(0) @binding(2) var colours: texture_2d<f32>;

fn grey_of(value: f32) -> f32 {
    let x = value - paint.window.x;
    if paint.kind.x == 1u {
        return select(0.0, 1.0, x > 0.0);
    }
    if paint.kind.x == 2u {
        return 1.0 / (1.0 + exp(clamp(-x * paint.window.y, -80.0, 80.0)));
    }
    return clamp(x * paint.window.y + 0.5, 0.0, 1.0);
}

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    let read = textureLoad(values, vec2<i32>(position.xy), 0);
    if read.g <= 0.0 || (paint.kind.z == 1u && read.r < paint.window.z) {
        return vec4<f32>(0.0);
    }
    var grey = grey_of(read.r);
    if paint.kind.y == 1u {
        grey = 1.0 - grey;
    }
    let entry = i32(floor(grey * 255.0 + 0.5));
    return vec4<f32>(textureLoad(colours, vec2<i32>(entry, 0), 0).rgb, 1.0) * paint.window.w;
}
