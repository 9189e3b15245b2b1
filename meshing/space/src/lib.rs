//! Points, vectors and transforms typed by coordinate space.
