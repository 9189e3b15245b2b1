#import shared/view.wgsl
// One turn of depth peeling: what is not behind the last layer, or behind the scene, is dropped; the depth test
// keeps the nearest of the rest. Where two things lie at one depth, as two segments do at their common face, the
// item's number decides, so that neither is lost.

struct PeelUniform {
    // left and top of the viewport in the target, whose depth the scene's is; the layers begin at 0
    origin: vec2<u32>,
    // 1: the first layer, behind nothing
    first: u32,
    unused: u32,
}

@group(2) @binding(0) var<uniform> peel: PeelUniform;
@group(2) @binding(1) var peel_scene: EyeDepth;
@group(2) @binding(2) var peel_depth: EyeDepth;
@group(2) @binding(3) var peel_item: EyeItems;

struct Peeled {
    // linear and premultiplied
    @location(0) colour: vec4<f32>,
    @location(1) item: u32,
    // written out, so that the next turn compares the very same number
    @builtin(frag_depth) depth: f32,
}

// Whether a fragment of the layers' pixel is behind the last layer and before the scene.
fn is_left(pixel: vec2<f32>, depth: f32, item: u32) -> bool {
    let at = vec2<i32>(pixel);
    if depth <= eye_depth(peel_scene, at + vec2<i32>(peel.origin)) {
        return false;
    }
    if peel.first == 1u {
        return true;
    }
    let last = eye_depth(peel_depth, at);
    return depth < last || (depth == last && item > eye_item(peel_item, at));
}
