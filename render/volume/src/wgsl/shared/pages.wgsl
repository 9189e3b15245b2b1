// The page table of a volume in bricks.

// by brick of the finest level: the slot that shows it (bits 0, 8, 16), and that slot's level (bit 24)
@group(1) @binding(15) var pages: texture_3d<u32>;

fn page_of(brick: vec3<i32>) -> u32 {
    return textureLoad(pages, brick, 0).r;
}
