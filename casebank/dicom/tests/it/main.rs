//! Reading and writing against real scans, exact phantoms, validators and hostile bytes.

#![expect(
    clippy::unwrap_used,
    clippy::missing_assert_message,
    clippy::panic_in_result_fn,
    reason = "helpers of tests fail the test, at the line that says what was expected"
)]

mod archives;
mod captures;
mod codecs;
mod deid;
mod deid_content;
mod deid_faces;
mod deid_pixels;
mod deid_real;
mod deid_text;
mod dumps;
mod frames;
mod hostile;
mod key_images;
mod media;
mod mutations;
mod native;
mod phantom;
mod pictures;
mod presentations;
mod registrations;
mod reports;
mod rtstruct;
mod samples;
mod seg;
mod series;
mod stl;
mod support;
mod surfaces;
mod suv;
mod text;
mod validation;
