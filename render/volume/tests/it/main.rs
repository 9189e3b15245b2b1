//! Pictures of the GPU against their plain-Rust twins and against what anatomy demands. They run on any Vulkan
//! driver; continuous integration uses the software one.

#![expect(
    clippy::unwrap_used,
    clippy::missing_assert_message,
    clippy::print_stderr,
    reason = "helpers of tests are tests, though clippy takes only functions marked so for one"
)]

mod common;
mod depth;
mod depths;
mod foreign;
mod foveation;
mod layers;
mod limits;
mod looks;
mod marks;
mod orientation;
mod outlines;
mod path;
mod phases;
mod quality;
mod recover;
mod reprojection;
mod segments;
mod slabs;
mod slice_views;
mod slices;
mod stereo;
mod strokes;
mod twins;
