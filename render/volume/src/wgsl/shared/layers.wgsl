#import shared/view.wgsl
// What is translucent and has an outline (surfaces, lines, points), peeled into layers, nearest first, that a
// march takes in at their depths. Peeled by layer passes (Everitt 2001, order-independent transparency); a pixel
// of the layers is a pixel of the viewport. Twin: twin::layers.

// a layer is one array layer, or one for each eye
// linear and premultiplied; the last one holds everything behind the others, blended in the order of drawing
@group(3) @binding(0) var layer_colours: texture_2d_array<f32>;
// reverse-Z; 0 is nothing
@group(3) @binding(1) var layer_depths: texture_depth_2d_array;

// False where there is no layer: looking for one costs the march a fifth on a processor.
override LAYERED: bool = true;

const NO_LAYER: f32 = 1e30;

var<private> layer_ray: Ray;
var<private> layer_pixel: vec2<f32>;
var<private> next_layer: i32;
// the distance of the next layer along the ray
var<private> next_layer_mm: f32;

fn layer_count() -> i32 {
    return i32(textureNumLayers(layer_depths)) / EYES;
}

fn find_layer(index: i32) {
    next_layer = index;
    next_layer_mm = NO_LAYER;
    if index < layer_count() {
        let last = vec2<i32>(textureDimensions(layer_depths)) - 1;
        let at = clamp(vec2<i32>(layer_pixel - view.viewport.xy), vec2<i32>(0), last);
        let depth = textureLoad(layer_depths, at, index * EYES + eye, 0);
        if depth > 0.0 {
            let rel = rel_from_ndc(vec3<f32>(ndc_of(layer_pixel), depth));
            next_layer_mm = dot(rel - layer_ray.origin, layer_ray.direction);
        }
    }
}

// To be called before the march; `pixel` is that of the target.
fn begin_layers(pixel: vec2<f32>, ray: Ray) {
    if LAYERED {
        layer_ray = ray;
        layer_pixel = pixel;
        find_layer(0);
    }
}

fn over(front: vec4<f32>, behind: vec4<f32>) -> vec4<f32> {
    return front + (1.0 - front.a) * behind;
}

// `sum`, front to back, with the next layer, after which the one behind it is the next.
fn take_layer(sum: vec4<f32>) -> vec4<f32> {
    let at = vec2<i32>(layer_pixel - view.viewport.xy);
    let rest = layer_count();
    var out = over(sum, textureLoad(layer_colours, at, next_layer * EYES + eye, 0));
    if next_layer + 1 == rest {
        out = over(out, textureLoad(layer_colours, at, rest * EYES + eye, 0));
    }
    find_layer(next_layer + 1);
    return out;
}

// `sum`, front to back, with the layers that come before `mm` of the ray.
fn layers_before(sum: vec4<f32>, mm: f32) -> vec4<f32> {
    var out = sum;
    while LAYERED && next_layer_mm < mm {
        out = take_layer(out);
    }
    return out;
}

// `sum` with what fills the ray from `mm` on for `length_mm`, of `colour` (not premultiplied) and opacity `alpha`,
// cut where layers lie in it.
fn with_layers(sum: vec4<f32>, colour: vec3<f32>, alpha: f32, mm: f32, length_mm: f32) -> vec4<f32> {
    var out = sum;
    var left = alpha;
    let end = mm + length_mm;
    if LAYERED && next_layer_mm < end {
        let clear = max(1.0 - alpha, 1e-9);
        var begin = mm;
        while next_layer_mm < end {
            let until = max(next_layer_mm, begin);
            let part = 1.0 - pow(clear, (until - begin) / length_mm);
            out = take_layer(over(out, vec4<f32>(colour * part, part)));
            begin = until;
        }
        left = 1.0 - pow(clear, (end - begin) / length_mm);
    }
    return over(out, vec4<f32>(colour * left, left));
}
