//! Voxel grids in patient space: sampling, resampling, label maps, progress.
