// What tells a pass for one eye from one for both: shared/both_eyes.wgsl stands in its place there.

const EYES = 1;
const eye = 0;

alias EyeDepth = texture_depth_2d;
alias EyeItems = texture_2d<u32>;

@group(0) @binding(0) var<uniform> view: View;

fn eye_depth(depth: texture_depth_2d, at: vec2<i32>) -> f32 {
    return textureLoad(depth, at, 0);
}

fn eye_item(items: texture_2d<u32>, at: vec2<i32>) -> u32 {
    return textureLoad(items, at, 0).r;
}
