//! Video through the real codec: quality, loss, hostile bytes; and tiles beside those of the renderer.

mod hostile;
mod tiles;
mod video;
