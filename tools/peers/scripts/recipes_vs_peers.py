#!/usr/bin/env python3
"""What every recipe makes, in other programs: one volume, the planned parts, nothing to repair, sliced, no warning.

  recipes_vs_peers.py [--made FOLDER] [--json] [--no-gcode] [NAME…]

Runs `cargo run -p meshing_solid --example recipes` of this checkout (or takes the FOLDER that it wrote) and, for each part that
it made from bodies of known shape, asks ADMesh, PrusaSlicer (--info and --export-gcode), manifold3d and lib3mf (strict). The
reference guide of drill sleeve and saw slot is also built anew by manifold3d, once with the slot that cuts it in two. A gap to
the bone is measured at points of the surface that face it, exactly, and its least by manifold3d.

Bounds: volumes within 1e-4 (manifold3d of its own guide and of ours within 1e-6), parts as planned in every program, no
repairs, no crossings, sliced, no warning, the guide's clearance within 0.05 mm (a recipe's: 95 % within 0.15 mm above). ADMesh
and PrusaSlicer add triangle by triangle in 32-bit floats: where the sum they tell misses the bound, the mesh that they read is
taken back from them and added in 64 bits ("as read"), which must agree within 1e-6. Exit 1 where one is missed.

Needs numpy and trimesh, manifold3d, lib3mf, admesh and prusa-slicer: what is missing is a failure.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import manifold3d
import numpy as np
import trimesh
from manifold3d import Manifold
from prints_vs_peers import admesh, lib3mf_strict, manifold, prusa, run

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", ".."))
VOLUME, SAME, GAP, LOOSE = 1e-4, 1e-6, 0.05, 0.15
SAMPLES, REACH, FACING = 4000, 0.8, 0.8


def made_anew(slot_mm):
    """The reference guide by manifold3d: half a shell of 3 mm at 0.2 mm from a cylinder, a sleeve of 8/4.2 mm, a slot of 1.2 mm."""
    about_z = lambda radius, length: Manifold.cylinder(length, radius, radius, 256, True)
    about_y = lambda radius, low, high: Manifold.cylinder(high - low, radius, radius, 64).rotate((-90, 0, 0)).translate((0, low, 0))
    inner = about_z(15.2, 60)
    shell = (about_z(18.2, 40) - inner) ^ Manifold.cube((40, 30, 60), True).translate((0, 15, 0))
    slot = Manifold.cube((slot_mm, 60, 1.2), True).translate((0, 30, 12))
    return shell + about_y(4, 14, 26) - inner - about_y(2.1, 0, 40) - slot


def nearest(points, triangles):
    """The nearest place of triangles to each point (Ericson 2004), by regions of the triangle's plane."""
    a, b, c = (triangles[None, :, corner] for corner in range(3))
    p = points[:, None]
    dot = lambda x, y: np.einsum("...k,...k", x, y)
    clamped = lambda x, y: np.clip(x / np.where(y == 0, 1, y), 0, 1)[..., None]
    found = [s + (e - s) * clamped(dot(p - s, e - s), dot(e - s, e - s)) for s, e in ((a, b), (b, c), (c, a))]
    normal = np.cross(b - a, c - a)
    inside = np.logical_and.reduce([dot(np.cross(e - s, p - s), normal) >= 0 for s, e in ((a, b), (b, c), (c, a))])
    flat = p - normal * (dot(p - a, normal) / np.maximum(dot(normal, normal), 1e-30))[..., None]
    found.append(np.where(inside[..., None], flat, np.inf))
    far = np.stack([np.linalg.norm(f - p, axis=-1) for f in found])
    best = far.reshape(len(found), len(points), -1).transpose(1, 0, 2).reshape(len(points), -1)
    which = best.argmin(axis=1)
    places = np.stack([np.broadcast_to(f, (len(points), triangles.shape[0], 3)) for f in found], axis=1)
    return places.reshape(len(points), -1, 3)[np.arange(len(points)), which], best[np.arange(len(points)), which]


def clearance(part, bone, set_mm):
    """Percentiles of the gap at points that face the bone, the least that manifold3d finds, and what both have in common."""
    points, faces = trimesh.sample.sample_surface(part, SAMPLES, seed=1)
    normals, places, gaps = part.face_normals[faces], [], []
    for some in np.array_split(np.asarray(points), 40):
        at, far = nearest(some, np.asarray(bone.triangles))
        places.append(at)
        gaps.append(far)
    places, gaps = np.concatenate(places), np.concatenate(gaps)
    towards = (places - points) / np.maximum(gaps, 1e-12)[:, None]
    contact = gaps[(np.einsum("ij,ij->i", normals, towards) > FACING) & (gaps < set_mm + REACH)]
    solid, other = as_manifold(part), as_manifold(bone)
    answer = {f"p{q}": float(np.percentile(contact, q)) for q in (0, 5, 50, 95, 100)}
    answer |= {"points": len(contact), "least": solid.min_gap(other, 5.0), "common_mm3": (solid ^ other).volume()}
    return answer


def as_manifold(mesh):
    return Manifold(manifold3d.Mesh(np.asarray(mesh.vertices, np.float32), np.asarray(mesh.faces, np.uint32)))


def loaded(path):
    mesh = trimesh.load(path, force="mesh", process=True)
    mesh.merge_vertices()
    return mesh


def as_read(program, path):
    """The volume, added in 64 bits, of the mesh that a program writes again after reading it."""
    out = os.path.join(tempfile.mkdtemp(), "again.stl")
    if program == "admesh":
        run("admesh", "--no-check", f"--write-binary-stl={out}", path)
    else:
        run("prusa-slicer", "--export-stl", "--dont-arrange", "-o", out, path)
    corners = np.asarray(trimesh.load(out, force="mesh", process=False).triangles, np.float64)
    corners = corners - corners.mean(axis=(0, 1))
    return float(np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6)


def part_line(folder, told, gcode):
    name, ours, planned = told["name"], told["volume_mm3"], told["planned"]
    stl, threemf = (os.path.join(folder, f"{name}.{ending}") for ending in ("stl", "3mf"))
    line = {**told, "admesh": admesh(stl), "prusa": prusa(stl, gcode), "lib3mf": lib3mf_strict(threemf)}
    line["prusa_3mf"] = prusa(threemf, False)
    line["manifold3d"] = manifold(loaded(stl))
    missed = []
    if "slot_mm" in told:
        anew = made_anew(told["slot_mm"])
        line["anew"] = {"volume": anew.volume(), "parts": len(anew.decompose())}
    for program in ("anew", "manifold3d", "admesh", "prusa", "prusa_3mf"):
        if program not in line:
            continue
        found = line[program]
        found["relative"] = found["volume"] / ours - 1
        exact = program in ("anew", "manifold3d")
        if abs(found["relative"]) > (SAME if exact else VOLUME):
            if not exact:
                found["as_read"] = as_read(program, stl if program != "prusa_3mf" else threemf) / ours - 1
            if abs(found.get("as_read", 1.0)) > SAME:
                missed.append(f"{program} volume {found['relative']:.1e}")
        # They count closed surfaces, and a void within a part is one.
        if found["parts"] != told["parts"] + told["voids"]:
            missed.append(f"{program} parts {found['parts']}")
        if found.get("repairs", 0) or found.get("manifold", "yes") != "yes" or "NoError" not in found.get("status", "NoError"):
            missed.append(f"{program} repairs")
    fatal = name == "reference_fatal_slot"
    if fatal != bool(told["refused"]) or (not fatal and told["parts"] != planned):
        missed.append(f"{told['parts']} parts of {planned}, {'refused' if told['refused'] else 'taken'}")
    if any(told["crossings"]) or not told["closed"]:
        missed.append("crossings")
    if gcode and not line["prusa"].get("gcode"):
        missed.append("not sliced")
    if line["lib3mf"]["warnings"] or not line["lib3mf"]["manifold_and_oriented"]:
        missed.append("lib3mf")
    if "bone" in told:
        set_mm = told["clearance_mm"]
        gap = line["clearance"] = clearance(loaded(stl), loaded(os.path.join(folder, told["bone"])), set_mm)
        loose = LOOSE if told.get("recipe") else GAP
        if min(gap["least"], gap["p0"]) < set_mm - GAP or gap["p95"] > set_mm + loose or gap["common_mm3"] > 1e-3:
            missed.append("clearance")
    line["missed"] = missed
    return line


def row(line):
    relative = lambda program: (
        f"{line[program]['relative']:9.1e}" + (f" ({line[program]['as_read']:.0e} as read)" if "as_read" in line[program] else "")
    )
    sliced = {True: "yes", False: "NO"}.get(line["prusa"].get("gcode"), "-")
    parts = "/".join(str(n) for n in (line["parts"], line["manifold3d"]["parts"], line["admesh"]["parts"], line["prusa"]["parts"]))
    repairs = line["admesh"]["repairs"] + line["prusa"]["repairs"] + line["prusa_3mf"]["repairs"]
    cells = [f"{line['name']:20} {line['volume_mm3']:11.3f}", f"{line['manifold3d']['volume']:11.3f}", relative("manifold3d")]
    cells += [f"{line['admesh']['volume']:11.3f}", relative("admesh"), f"{line['prusa']['volume']:11.3f}", relative("prusa")]
    cells += [f"{parts} of {line['planned']}", str(repairs), "+".join(map(str, line["crossings"])), sliced, str(line["lib3mf"]["warnings"])]
    return " | ".join(cells) + (f" | MISSED {', '.join(line['missed'])}" if line["missed"] else "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--made")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-gcode", action="store_true")
    arguments = parser.parse_args()
    folder = arguments.made
    if not folder:
        folder = tempfile.mkdtemp()
        command = ["cargo", "run", "-q", "-p", "meshing_solid", "--example", "recipes", "--", folder]
        subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)
    with open(os.path.join(folder, "made.json")) as file:
        made = json.load(file)
    if not arguments.json:
        print("part | mm³: ours | manifold3d, off | ADMesh, off | PrusaSlicer, off | parts ours/m3d/ADMesh/Prusa of planned | repairs | crossings | sliced | lib3mf warnings")
    wrong = 0
    for told in made:
        if arguments.names and told["name"] not in arguments.names:
            continue
        line = part_line(folder, told, not arguments.no_gcode)
        wrong += bool(line["missed"])
        if arguments.json:
            print(json.dumps(line, default=float), flush=True)
            continue
        print(row(line), flush=True)
        if "anew" in line:
            print(f"  made anew by manifold3d: {line['anew']['volume']:.3f} mm³ ({line['anew']['relative']:.1e}), {line['anew']['parts']} parts; ours says: {told['refused']}")
        if "clearance" in line:
            gap = line["clearance"]
            told_gaps = ", ".join(f"{key} {gap[key]:.4f}" for key in ("p0", "p5", "p50", "p95", "p100"))
            print(f"  clearance {told['clearance_mm']} mm: {told_gaps} at {gap['points']} points; manifold3d's least {gap['least']:.4f}; {gap['common_mm3']:.4f} mm³ in the bone")
    print(f"{wrong} of the parts miss a bound" if wrong else "all bounds are kept", file=sys.stderr)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
