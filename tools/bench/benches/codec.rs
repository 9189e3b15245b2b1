//! Brick codec: encode and decode on all cores, MB/s of raw voxels; ratio and shares of levels on stderr.

#![expect(clippy::print_stderr, missing_docs, reason = "a benchmark talks to a person and exports nothing")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use meshing_codec::{Decoder, encode};
use meshing_phantom::{Phantom, Sampling};
use meshing_space::Transform;
use meshing_volume::{Silent, Volume};

/// The noisy torso, and the shared chest CT where it is there.
fn volumes() -> Vec<(&'static str, Volume)> {
    let torso = Phantom::torso();
    let grid = torso.grid([1.5; 3], Transform::identity());
    let sampling = Sampling { noise_hu: 12.0, seed: 1, ..Sampling::default() };
    let mut volumes = vec![("torso", torso.volume_with(&grid, &sampling, &Silent).expect("silent"))];
    if let Some(folder) = tools_peers::data::archive("ct_chest_lidc0314") {
        let import = casebank_dicom::read_paths(&[folder], &Silent).expect("the shared chest CT is readable");
        let largest = import.volumes.into_iter().max_by_key(|read| read.volume.grid().len());
        volumes.extend(largest.map(|read| ("chest", read.volume)));
    }
    volumes
}

fn codec(criterion: &mut Criterion) {
    for (name, volume) in volumes() {
        let raw = volume.voxel_bytes().len();
        let encoded = encode(&volume, &Silent).expect("silent");
        eprintln!("{name} {:?}: {}", volume.grid().size(), tools_bench::describe(&encoded, raw));
        let chunks: Vec<(u8, u32, &[u8])> =
            encoded.chunks.iter().map(|chunk| (chunk.level, chunk.brick, &chunk.bytes[..])).collect();
        let mut group = criterion.benchmark_group(format!("codec/{name}"));
        group.sample_size(10).throughput(Throughput::Bytes(raw as u64));
        group.bench_function("encode", |bencher| bencher.iter(|| encode(&volume, &Silent).expect("silent")));
        group.bench_function("decode", |bencher| {
            bencher.iter(|| {
                let mut decoder = Decoder::new(encoded.header.clone()).expect("own header");
                decoder.add_many(&chunks).expect("own chunks");
                decoder.finish().expect("whole")
            });
        });
        group.finish();
    }
}

criterion_group!(benches, codec);
criterion_main!(benches);
