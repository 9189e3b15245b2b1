//! Brick codec: bytes to voxels and back, lossless and coarse to fine.
