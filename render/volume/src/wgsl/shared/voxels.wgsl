// One volume's voxels, exactly as they are. Whoever changes how voxels lie on the GPU changes this file and voxels.rs.

// one of the two holds the volume, the other a single voxel that is never read
@group(1) @binding(0) var voxels_i16: texture_3d<i32>;
@group(1) @binding(1) var voxels_f32: texture_3d<f32>;

override FLOATS: bool = false;

// Voxels along i, j, k.
fn voxel_counts() -> vec3<i32> {
    if FLOATS {
        return vec3<i32>(textureDimensions(voxels_f32));
    }
    return vec3<i32>(textureDimensions(voxels_i16));
}

// The value of a voxel in the volume's unit; `at` lies inside the volume.
fn voxel(at: vec3<i32>) -> f32 {
    if FLOATS {
        return textureLoad(voxels_f32, at, 0).r;
    }
    return f32(textureLoad(voxels_i16, at, 0).r);
}
