"""SUVbw factors of PET series: `theatron import --json` against an own computation with pydicom.

Usage: suv_vs_pydicom.py THEATRON FOLDER...

Each folder holds one PET series. The formula is that of the QIBA FDG-PET/CT profile, written down here from the profile, with
Python's own dates; nothing is shared with the program. Prints one line a folder and exits 1 where the two disagree.
"""

import json
import subprocess
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import pydicom


def moment(date, time):
    if not date or not time:
        return None
    whole, _, fraction = str(time).partition(".")
    return datetime.strptime(str(date) + whole.ljust(6, "0"), "%Y%m%d%H%M%S") + timedelta(
        seconds=float("0." + (fraction or "0"))
    )


def factor(folder):
    slices = [pydicom.dcmread(p, stop_before_pixels=True) for p in sorted(Path(folder).rglob("*")) if p.is_file()]
    first = slices[0]
    if first.Units == "GML":
        return 1.0 if first.get("SUVType", "BW") == "BW" else None
    if first.Units == "CNTS":
        private = first.get((0x7053, 0x1000))
        return float(private.value) if private else None
    if first.Units != "BQML" or not {"ATTN", "DECY"} <= set(first.CorrectedImage):
        return None
    tracers = first.get("RadiopharmaceuticalInformationSequence", [])
    weight = first.get("PatientWeight")
    if len(tracers) != 1 or not weight:
        return None
    dose, half_life = float(tracers[0].RadionuclideTotalDose), float(tracers[0].RadionuclideHalfLife)
    if first.DecayCorrection == "ADMIN":
        return float(weight) * 1000 / dose
    if first.DecayCorrection != "START":
        return None
    acquired = min(moment(s.AcquisitionDate, s.AcquisitionTime) for s in slices)
    series = moment(first.SeriesDate, first.SeriesTime)
    start = series if series <= acquired else acquired
    private = first.get((0x0009, 0x100D))
    if series > acquired and private:
        text = str(private.value)
        start = moment(text[:8], text[8:])
    if tracers[0].get("RadiopharmaceuticalStartDateTime"):
        text = str(tracers[0].RadiopharmaceuticalStartDateTime)
        injected = moment(text[:8], text[8:])
    else:
        injected = moment(start.strftime("%Y%m%d"), tracers[0].RadiopharmaceuticalStartTime)
        if injected > start:
            injected -= timedelta(days=1)
    seconds = (start - injected).total_seconds()
    if not 0 <= seconds < 86400:
        return None
    return float(weight) * 1000 / (dose * 2 ** (-seconds / half_life))


def ours(program, folder):
    with tempfile.TemporaryDirectory() as bank:
        command = [program, "import", str(folder), "--bank", bank, "--json"]
        answer = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    volumes = [v for case in answer["cases"] for v in case["volumes"] if v["modality"] == "PT"]
    suv = volumes[0].get("suv")
    reasons = [f["message"] for f in volumes[0]["findings"] if f["code"] == "no_suv"]
    return (suv["factor"] if suv else None), reasons


def main():
    program, *folders = sys.argv[1:]
    failed = 0
    for folder in folders:
        expected, (found, reasons) = factor(folder), ours(program, folder)
        same = expected == found if None in (expected, found) else abs(found / expected - 1) < 1e-12
        failed += not same
        print("same" if same else "DIFFERENT", folder, expected, found, *reasons)
    sys.exit(1 if failed else 0)


main()
