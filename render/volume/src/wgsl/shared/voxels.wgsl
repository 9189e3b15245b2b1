// One volume's voxels, exactly as they are. Whoever changes how voxels lie on the GPU changes this file and voxels.rs.

struct VoxelsUniform {
    // voxels along i, j, k
    size: vec3<i32>,
    // 1 where 16-bit integers lie as shares of 65535, from the smallest integer on
    shares: u32,
}

// the whole volume, or blocks of it
@group(1) @binding(0) var voxels: texture_3d<f32>;
// by block of the volume: bit 31 where it is there, and its slot (bits 0, 8, 16)
@group(1) @binding(1) var pages: texture_3d<u32>;
@group(1) @binding(2) var<uniform> told: VoxelsUniform;

// Set where `voxels` holds blocks.
override BLOCKS: bool = false;
const BLOCK_BITS: vec3<u32> = vec3<u32>(4u);

// Set when a voxel was asked for that is not there; what was made with it is then worth nothing.
var<private> missing: bool = false;

// Voxels along i, j, k.
fn voxel_counts() -> vec3<i32> {
    return told.size;
}

// The value of a voxel in the volume's unit; `at` lies inside the volume.
fn voxel(at: vec3<i32>) -> f32 {
    var place = at;
    if BLOCKS {
        let page = textureLoad(pages, at >> BLOCK_BITS, 0).r;
        missing = missing || (page >> 31u) == 0u;
        let slot = vec3<i32>((vec3<u32>(page) >> vec3<u32>(0u, 8u, 16u)) & vec3<u32>(255u));
        place = (slot << BLOCK_BITS) + (at & vec3<i32>(15));
    }
    let texel = textureLoad(voxels, place, 0).r;
    if told.shares == 1u {
        // the nearest integer is the one that was stored: a share is off by 2^-23 of the whole at most
        return round(texel * 65535.0) - 32768.0;
    }
    return texel;
}
