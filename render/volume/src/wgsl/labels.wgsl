#import shared/cover.wgsl
#import shared/rows.wgsl
// The label at each pixel's centre: that of the voxel it lies in, 0 outside the label map. Twin: twin::labels.

@group(0) @binding(0) var<storage, read> rows: array<Row>;
@group(0) @binding(1) var labels: texture_3d<u32>;

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<u32> {
    let at = spot(rows[u32(position.y)], floor(position.x), 0.0);
    let voxel = at.base + vec3<i32>(floor(at.part + 0.5));
    let counts = vec3<i32>(textureDimensions(labels));
    if any(voxel < vec3<i32>(0)) || any(voxel >= counts) {
        return vec4<u32>(0u);
    }
    return textureLoad(labels, voxel, 0);
}
