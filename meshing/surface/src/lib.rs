//! Surfaces: isosurface, simplification, checks, measures, STL and 3MF bytes.
