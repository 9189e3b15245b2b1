//! Phantoms: time to sample the teaching case (256 × 192 × 192) and the others on their default grids.

#![expect(missing_docs, reason = "a benchmark exports nothing")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use meshing_phantom::Phantom;

fn phantom(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("phantom");
    group.sample_size(10);
    for name in Phantom::NAMES {
        let phantom = Phantom::named(name).expect("a name of the list");
        let grid = phantom.default_grid();
        group.throughput(Throughput::Elements(grid.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| phantom.volume(&grid)));
    }
    group.finish();
}

criterion_group!(benches, phantom);
criterion_main!(benches);
