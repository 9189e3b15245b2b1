//! Benchmarks side by side with peers.
//!
//! `cargo bench -p tools_bench` measures ourselves, one file a budget in `benches/`. `tools/bench/compare/compare.py ITEM`
//! measures us and other programs on the same input in one go and prints the ratio; its half in Rust is the program
//! `work`, one file an item in [`work`].
//!
//! No figure here is a test: machines differ, and a timed test fails for reasons that are nobody's.

pub mod scene;
pub mod work;

use meshing_codec::Encoded;

/// Large buffers in huge pages: a third of the time of a surface went into pages of 4 KiB (ADR 0008).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// One line about a coded volume: its ratio and the share of bytes that each coarser level needs.
pub fn describe(encoded: &Encoded, raw_bytes: usize) -> String {
    let total = encoded.header.bytes_up_to(0) as f64;
    let shares: Vec<String> = (1..encoded.header.levels)
        .map(|level| {
            let share = 100.0 * encoded.header.bytes_up_to(level) as f64 / total;
            format!("1/{} {share:.2} %", 1 << level)
        })
        .collect();
    format!("ratio {:.3}; bytes to {}", raw_bytes as f64 / total, shares.join(", "))
}
