//! Research files: reading into a volume and writing from one, in memory.
//!
//! On the teaching torso, or on the file that `THEATRON_BENCH_FILE` names, so that a peer can be timed on the same bytes
//! (`tools/peers/scripts/formats_vs_peers.py --speed`).

#![expect(missing_docs, reason = "criterion's macros make undocumented functions")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails should stop")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use meshing_phantom::Phantom;
use meshing_volume::formats::{Format, Limits, Payload, WriteOptions, open, write};
use meshing_volume::{Silent, Volume, VolumeMeta};

fn read(format: Format, bytes: &[u8]) -> Volume {
    let opened = open(format, bytes, bytes.len() as u64, Limits::default()).unwrap();
    opened.volumes(&VolumeMeta::default(), &Silent).unwrap().pop().unwrap().content
}

fn volume() -> Volume {
    if let Some(path) = std::env::var_os("THEATRON_BENCH_FILE") {
        let bytes = std::fs::read(&path).unwrap();
        return read(Format::of_name(&path.to_string_lossy()).unwrap(), &bytes);
    }
    let phantom = Phantom::torso();
    phantom.volume(&phantom.default_grid())
}

fn formats(c: &mut Criterion) {
    let volume = volume();
    let mut group = c.benchmark_group("formats");
    group.sample_size(10).throughput(Throughput::Bytes(volume.voxel_bytes().len() as u64));
    for (name, format, packed) in [
        ("nii", Format::Nifti, false),
        ("nii.gz", Format::Nifti, true),
        ("nrrd", Format::Nrrd, true),
        ("mha", Format::MetaImage, true),
    ] {
        let options = WriteOptions { packed, nifti2: false };
        let mut bytes = Vec::new();
        write(format, Payload::Volume(&volume), options, &mut bytes, &Silent).unwrap();
        group.bench_function(format!("read {name}"), |b| b.iter(|| read(format, &bytes)));
        group.bench_function(format!("write {name}"), |b| {
            b.iter(|| {
                let mut out = Vec::with_capacity(bytes.len());
                write(format, Payload::Volume(&volume), options, &mut out, &Silent).unwrap();
                out
            });
        });
    }
}

criterion_group!(benches, formats);
criterion_main!(benches);
