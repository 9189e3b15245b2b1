//! Video through the real codec: quality, loss, hostile bytes.

mod hostile;
mod video;
