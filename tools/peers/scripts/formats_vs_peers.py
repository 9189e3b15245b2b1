#!/usr/bin/env python3
"""Compare our NIfTI, NRRD and MetaImage files with nibabel, SimpleITK and pynrrd: voxels and LPS geometry, both ways.

  formats_vs_peers.py THEATRON [--real FOLDER] [--speed FILE.nii.gz]

THEATRON is the built command. A peer writes a file; `theatron convert` reads it and writes another form; a peer reads
that. The geometry compared is the one our answer states and the one of the written file, against what the peer that
wrote the first file says. Generated files run through all 48 orders and directions of axes and oblique ones, every
stored type, both byte orders, packed or not, attached or not. --real walks a folder for .nii.gz, .nrrd, .mha and .mhd.
--speed takes the CPU time of reading and writing beside SimpleITK, and the largest memory of our process.

Positions must agree within 1e-3 mm at every corner (NIfTI-1 keeps 32-bit floats), voxels exactly. Exit 1 otherwise.
Needs numpy, nibabel, SimpleITK, pynrrd.
"""
import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time

import nibabel
import nrrd
import numpy as np
import SimpleITK as sitk

SIZE, SPACING, ORIGIN = (5, 4, 3), np.array([0.7, 0.8, 2.5]), np.array([-31.25, 42.5, -880.75])
TYPES = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
# Every refusal that a sound but silent file can meet.
ACCEPT = ["unknown_orientation", "conflicting_geometry", "gantry_tilt", "estimated_spacing", "assumed_unit", "no_spacing"]
RAS = np.diag([-1.0, -1.0, 1.0])
failures, checked, worst_mm = [], 0, 0.0


def directions():
    """Columns are the LPS directions of i, j, k."""
    for order in itertools.permutations(range(3)):
        for signs in itertools.product([1.0, -1.0], repeat=3):
            matrix = np.zeros((3, 3))
            for axis, (to, sign) in enumerate(zip(order, signs)):
                matrix[to, axis] = sign
            yield matrix
    rng = np.random.default_rng(5)
    for flip in [1.0, -1.0] * 6:
        q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        yield q * [1.0, 1.0, flip]


def corners(origin, matrix, size):
    ends = [np.array(c) * (np.array(size) - 1) for c in itertools.product([0, 1], repeat=3)]
    return np.array([origin + matrix @ end for end in ends])


def by_sitk(path):
    image = sitk.ReadImage(path)
    matrix = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    return sitk.GetArrayFromImage(image).T, np.array(image.GetOrigin()), matrix


def by_nibabel(path):
    image = nibabel.load(path)
    values = np.asanyarray(image.dataobj)
    return values.reshape(values.shape[:3] + (1,) * (3 - values.ndim)), RAS @ image.affine[:3, 3], RAS @ image.affine[:3, :3]


def by_pynrrd(path):
    values, header = nrrd.read(path)
    to_lps = {"left-posterior-superior": np.eye(3), "right-anterior-superior": RAS}[header["space"]]
    return values, to_lps @ header["space origin"], to_lps @ np.array(header["space directions"], float).T


def peer(path):
    return by_nibabel(path) if ".nii" in path else by_pynrrd(path) if path.endswith(("nrrd", "nhdr")) else by_sitk(path)


def ours(theatron, source, target, labels=False):
    command = [theatron, "convert", source, target, "--json", *(["--labels"] if labels else [])]
    command += [word for code in ACCEPT for word in ("--accept", code)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return json.loads(done.stdout)


def check(theatron, source, folder, what, labels=False, endings=("nii.gz", "nrrd", "mha"), with_itk=True):
    """Reads `source` with ours and with its peer; then what ours wrote with peers."""
    global checked, worst_mm
    values, origin, matrix = peer(source)
    for ending in endings:
        target = os.path.join(folder, f"out.{ending}")
        try:
            answer = ours(theatron, source, target, labels)
            stated = np.array(answer["direction"]).reshape(3, 3) * np.array(answer["spacing_mm"])
            readers = ([by_sitk] if with_itk else []) + ([by_nibabel] if ending.endswith("nii.gz") else [by_pynrrd] if ending == "nrrd" else [])
            found = [("answer", None, np.array(answer["origin_lps_mm"]), stated)]
            found += [(reader.__name__, *reader(target)) for reader in readers]
            for name, got, o, m in found:
                apart = np.abs(corners(o, m, values.shape) - corners(origin, matrix, values.shape)).max()
                worst_mm = max(worst_mm, apart)
                if apart > 1e-3:
                    failures.append(f"{what} -> {ending} by {name}: corners {apart:.4g} mm apart")
                wanted = values if got is None or got.dtype.kind in "iu" else values.astype(np.float32)
                if got is not None and not np.array_equal(got, wanted, equal_nan=values.dtype.kind == "f"):
                    failures.append(f"{what} -> {ending} by {name}: voxels differ")
                checked += 1
        except Exception as error:
            failures.append(f"{what} -> {ending}: {error}")


def generated(theatron, folder):
    rng = np.random.default_rng(3)
    kinds = itertools.cycle(TYPES)
    path = lambda name: os.path.join(folder, name)
    for number, direction in enumerate(directions()):
        kind = next(kinds)
        info = np.iinfo(kind) if np.dtype(kind).kind in "iu" else None
        low, high = (max(info.min, -(1 << 23)), min(info.max, 1 << 23)) if info else (-1000, 1000)
        values = rng.integers(low, high, SIZE, endpoint=True).astype(kind) if info else rng.normal(0, 500, SIZE).astype(kind)
        what = f"{kind} order {number}"
        endings = [("nii.gz",), ("nrrd",), ("mha",), ("nhdr",), ("mhd",)][number % 5]
        endings = endings if endings[0] not in ("nhdr", "mhd") else ("nrrd", "mha")

        image = sitk.GetImageFromArray(values.T.copy())
        image.SetSpacing(SPACING), image.SetOrigin(ORIGIN), image.SetDirection(direction.ravel())
        for name in ["a.nii.gz", "a.nii", "a.nrrd", "a.nhdr", "a.mha", "a.mhd"]:
            sitk.WriteImage(image, path(name), useCompression=number % 2 == 0)
            check(theatron, path(name), folder, f"SimpleITK {name} {what}", endings=endings)

        affine = np.eye(4)
        affine[:3, :3], affine[:3, 3] = RAS @ direction * SPACING, RAS @ ORIGIN
        for cls, form, order in itertools.product([nibabel.Nifti1Image, nibabel.Nifti2Image], ["q", "s", "both"], "<>"):
            header = cls.header_class(endianness=order)
            header.set_data_dtype(np.dtype(kind).newbyteorder(order))
            img = cls(values, affine, header)
            img.set_sform(affine if form != "q" else None, code=1 if form != "q" else 0)
            img.set_qform(affine if form != "s" else None, code=1 if form != "s" else 0)
            img.header.set_xyzt_units("mm")
            nibabel.save(img, path("b.nii.gz"))
            check(theatron, path("b.nii.gz"), folder, f"nibabel {cls.__name__} {form} {order} {what}", endings=endings)

        for encoding, space, order, detached in [
            ("raw", "left-posterior-superior", "little", False),
            ("gzip", "right-anterior-superior", "big", False),
            ("ascii", "left-posterior-superior", "little", False),
            ("gzip", "left-posterior-superior", "little", True),
        ]:
            turn = np.eye(3) if space.startswith("left") else RAS
            header = {
                "space": space,
                "space directions": (turn @ direction * SPACING).T,
                "space origin": turn @ ORIGIN,
                "kinds": ["domain"] * 3,
                "encoding": encoding,
                "endian": order,
            }
            name = path("c.nhdr" if detached else "c.nrrd")
            array = values.astype(values.dtype.newbyteorder(">" if order == "big" else "<"))
            nrrd.write(name, array, header)
            check(theatron, name, folder, f"pynrrd {encoding} {order} {what}", endings=endings)


def sheared_and_scaled(theatron, folder):
    values = np.arange(60, dtype=np.int16).reshape(SIZE)
    affine = np.array([[-1.0, 0, 0, 10], [0, -1, 0.4, 20], [0, 0, 2, 30], [0, 0, 0, 1]])
    img = nibabel.Nifti1Image(values, affine)
    img.header["scl_slope"], img.header["scl_inter"] = 0.25, -100.5
    name = os.path.join(folder, "d.nii.gz")
    nibabel.save(img, name)
    # ITK refuses sheared grids.
    check(theatron, name, folder, "nibabel sheared and scaled", endings=("nii.gz", "nrrd"), with_itk=False)


def real(theatron, root, folder):
    for where, _, names in sorted(os.walk(root)):
        for name in sorted(names):
            if not name.endswith((".nii.gz", ".nii", ".nrrd", ".mha", ".mhd")):
                continue
            source = os.path.join(where, name)
            labels = any(word in name for word in ("seg", "label", "mask"))
            before, count = len(failures), checked
            check(theatron, source, folder, name, labels)
            if labels:
                check(theatron, source, folder, name + " as grey", False, endings=("nrrd",))
            print(f"  {name}: {checked - count} comparisons, {len(failures) - before} failures")
    series = os.path.join(root, "synth_phantom_a", "synth_phantom_a")
    if os.path.isdir(series):
        target = os.path.join(folder, "p.nrrd")
        a, b = ours(theatron, series, target), ours(theatron, os.path.join(series, "labels.nii.gz"), target, True)
        apart = np.linalg.norm(np.array(a["origin_lps_mm"]) - b["origin_lps_mm"])
        turn = np.abs(np.array(a["direction"]) - b["direction"]).max()
        print(f"  phantom: DICOM and labels.nii.gz origins {apart:.2e} mm apart, directions {turn:.2e}")
        if apart > 1e-3 or turn > 1e-5:
            failures.append("the phantom's labels do not lie on its DICOM")


# A small parent: the memory a child starts with counts as its own.
MEASURE = """import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([done.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))"""


def speed(theatron, source, folder):
    """CPU seconds (the machine may be busy) of reading and writing, the least of three; process start included for ours."""
    image = sitk.ReadImage(source)
    raw = image.GetNumberOfPixels() * image.GetSizeOfPixelComponent() / 2**20
    print(f"  {raw:.0f} MiB of values")
    plain = os.path.join(folder, "plain.nii")
    sitk.WriteImage(image, plain, useCompression=False)
    for first, second in [("nii", "nii"), ("nii.gz", "nii"), ("mha", "nii"), ("nrrd", "nii"), ("nii", "nii.gz"), ("nii", "mha")]:
        a, b = os.path.join(folder, f"s.{first}"), os.path.join(folder, f"t.{second}")
        sitk.WriteImage(image, a, useCompression=first != "nii")
        peers, own, most = [], [], 0.0
        for _ in range(3):
            start = time.process_time()
            sitk.WriteImage(sitk.ReadImage(a), b, useCompression=second != "nii")
            peers.append(time.process_time() - start)
            size = os.path.getsize(b)
            command = [sys.executable, "-c", MEASURE, theatron, "convert", a, b, "--accept", "assumed_unit"]
            code, seconds, memory = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)
            if code != 0:
                failures.append(f"speed {first} -> {second}: exit {code}")
            own.append(seconds)
            most = max(most, memory)
        ratio, bytes_ratio = min(own) / min(peers), os.path.getsize(b) / size
        print(
            f"  {first} -> {second}: ours {min(own):.2f} s, SimpleITK {min(peers):.2f} s, ratio {ratio:.2f}; "
            f"file {bytes_ratio:.2f} of theirs; our memory {most:.0f} MiB, {most / raw:.2f} of the values"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("theatron")
    parser.add_argument("--real", metavar="FOLDER")
    parser.add_argument("--speed", metavar="FILE.nii.gz")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.speed:
            speed(arguments.theatron, arguments.speed, folder)
        if arguments.real:
            real(arguments.theatron, arguments.real, folder)
        if not arguments.speed:
            generated(arguments.theatron, folder)
            sheared_and_scaled(arguments.theatron, folder)
    print(f"{checked} comparisons, worst corner {worst_mm:.2e} mm, {len(failures)} failures")
    for failure in failures[:200]:
        print("  " + failure)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
