//! Edge renderer: streams bricks and frames to clients.
