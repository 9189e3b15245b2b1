#!/usr/bin/env python3
"""Measure us and other programs on the same input in one go, in turns, and print the ratio.

  compare.py ITEM [--data DIR] [--case head256] [--rounds 3] [--reps 3] [--only NAME,…] [--work PROGRAM] [--json]
  compare.py list

ITEM is a file of items/ beside this one. DIR (THEATRON_BENCH_DATA, else ./bench-data) holds CASE.npy, 16-bit voxels
indexed [k, j, i], and CASE.label.npy. Each candidate runs in a process
of its own. CPU is user and system time of all threads; figures are medians over all repeats of all rounds. On a busy
machine compare the CPU.

Needs numpy, and what the peers of an item import; a peer that is missing is left out, and said.
"""
import argparse
import importlib
import json
import os
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
sys.path.insert(0, HERE)


class Inputs:
    """Where the inputs lie; the raw files for our program are made beside them once."""

    def __init__(self, arguments):
        self.folder, self.case, self.work = arguments.data, arguments.case, arguments.work
        os.makedirs(self.folder, exist_ok=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def once(self, name, make):
        """The path of a file that make(path) writes if it is not there yet."""
        path = self.path(name)
        if not os.path.exists(path):
            make(path)
        return path

    def volume(self, case=None):
        return np.load(self.path((case or self.case) + ".npy"))

    def labels(self, case=None):
        return np.load(self.path((case or self.case) + ".label.npy"))

    def spacing(self, case=None):
        """Millimetres along k, j, i: a head is 230 mm wide, a torso 380 mm; slices as stated in CASE.json if there."""
        case = case or self.case
        stated = self.path(case + ".json")
        if os.path.exists(stated):
            with open(stated, encoding="utf-8") as file:
                return tuple(json.load(file)["spacing"])
        shape = np.load(self.path(case + ".npy"), mmap_mode="r").shape
        wide = 380.0 if case.startswith("torso") else 230.0
        return (230.0 / shape[0] if not case.startswith("torso") else 380.0 / shape[0], wide / shape[1], wide / shape[2])

    def volume_arguments(self, case=None, voxels=None, name=None):
        """How our program is told of a volume (or of other voxels of the same case, under a name)."""
        case = case or self.case
        array = np.load(self.path(case + ".npy"), mmap_mode="r") if voxels is None else voxels
        raw = self.once((name or case) + ".i16", lambda path: np.ascontiguousarray(array, np.int16).tofile(path))
        size = ",".join(str(n) for n in array.shape[::-1])
        spacing = ",".join(repr(float(s)) for s in self.spacing(case)[::-1])
        return ["--volume", raw, "--size", size, "--spacing", spacing]

    def mesh_arguments(self, name, positions, triangles):
        """How our program is told of a mesh, written under a name."""
        stem = self.path(name)
        np.ascontiguousarray(positions, np.float32).tofile(stem + ".positions")
        np.ascontiguousarray(triangles, np.uint32).tofile(stem + ".triangles")
        return ["--mesh", stem]

    def mesh_made(self, stem):
        positions = np.fromfile(stem + ".positions", np.float32).reshape(-1, 3)
        return positions, np.fromfile(stem + ".triangles", np.uint32).reshape(-1, 3)


def processor_s():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(times.ru_utime + times.ru_stime for times in used)


def run_peer(make, reps):
    """Runs a peer in a fork: make() prepares and gives (run, check); check(result) gives figures."""
    read, write = os.pipe()
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            run, check = make()
            wall, cpu, result = [], [], None
            for _ in range(reps):
                result = None
                before, began = processor_s(), time.perf_counter()
                result = run()
                wall.append(time.perf_counter() - began)
                cpu.append(processor_s() - before)
            answer = {"wall": wall, "cpu": cpu, "check": check(result) if check else {}}
        except ImportError as error:
            answer = {"missing": str(error)}
        except BaseException as error:  # a peer that fails is a result too
            answer = {"failed": f"{type(error).__name__}: {error}"[:300]}
        with os.fdopen(write, "w") as file:
            json.dump(answer, file, default=float)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as file:
        text = file.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else {"failed": "it died"}


def run_ours(inputs, arguments, check, reps):
    """Runs our program and checks what it made as a peer's result is checked."""
    out = inputs.path("ours")
    command = [inputs.work, *arguments, "--reps", str(reps), "--out", out]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"failed": done.stderr.strip()[-300:]}
    times = json.loads(done.stdout)
    figures = {**times["check"], **(check(out) if check else {})}
    return {"wall": [times["wall_s"]], "cpu": [times["cpu_s"]], "check": figures}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("item")
    parser.add_argument("--data", default=os.environ.get("THEATRON_BENCH_DATA", "bench-data"))
    parser.add_argument("--case", default="head256")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--reps", type=int, default=3)
    parser.add_argument("--only", default="", help="peers whose name contains one of these, besides ours")
    parser.add_argument("--work", default=os.path.join(ROOT, "target", "debug", "work"))
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    items = sorted(name[:-3] for name in os.listdir(os.path.join(HERE, "items")) if name.endswith(".py"))
    if arguments.item not in items:
        sys.exit("items: " + ", ".join(items))
    inputs = Inputs(arguments)
    item = importlib.import_module("items." + arguments.item)
    # An item gives our arguments, a check of what we made (given the stem of the files), and its peers by name.
    ours, check, peers = item.candidates(inputs)
    if arguments.only:
        peers = {name: make for name, make in peers.items() if any(k in name for k in arguments.only.split(","))}
    found = {}
    for turn in range(arguments.rounds):
        results = [("ours", run_ours(inputs, ours, check if turn == 0 else None, arguments.reps))]
        results += [(name, run_peer(make, arguments.reps)) for name, make in peers.items() if found.get(name, {}).get("wall", [1])]
        for name, result in results:
            entry = found.setdefault(name, {"wall": [], "cpu": [], "check": {}})
            for key in ("wall", "cpu"):
                entry[key] += result.get(key, [])
            if turn == 0:
                entry.update({key: result[key] for key in ("check", "missing", "failed") if key in result})
    mine = {key: statistics.median(found["ours"][key]) for key in ("wall", "cpu")} if found["ours"]["wall"] else None
    lines = []
    for name, entry in found.items():
        line = {"item": arguments.item, "case": arguments.case, "name": name}
        if entry["wall"] and mine:
            line.update({key + "_s": round(statistics.median(entry[key]), 4) for key in ("cpu", "wall")})
            if name != "ours":
                line.update({"ours/its " + key: round(mine[key] / max(1e-9, statistics.median(entry[key])), 3) for key in ("cpu", "wall")})
        line.update({key: entry[key] for key in ("missing", "failed", "check") if entry.get(key)})
        lines.append(line)
    for line in lines:
        print(json.dumps(line, ensure_ascii=False, default=float), flush=True)
    sys.exit(any("failed" in line for line in lines if line["name"] == "ours"))


if __name__ == "__main__":
    main()
