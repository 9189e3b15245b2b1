// What tells a pass for both eyes at once (multiview) from one for one eye. Targets and what is read of them are arrays
// of a layer for each eye. Entry points are given `eye` and `view` where the shader is put together.

const EYES = 2;
var<private> eye: i32;

alias EyeDepth = texture_depth_2d_array;
alias EyeItems = texture_2d_array<u32>;

@group(0) @binding(0) var<uniform> views: array<View, 2>;

fn eye_depth(depth: texture_depth_2d_array, at: vec2<i32>) -> f32 {
    return textureLoad(depth, at, eye, 0);
}

fn eye_item(items: texture_2d_array<u32>, at: vec2<i32>) -> u32 {
    return textureLoad(items, at, eye, 0).r;
}
