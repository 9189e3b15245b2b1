#!/usr/bin/env python3
"""Plant text in the pixels of DICOM images, blank it with ours, and let tesseract try to read what is left.

  burned_in_vs_tesseract.py THEATRON [--count 1000] [--seed 1] [--control 50] [--keep FOLDER] [--scans FOLDER]

THEATRON is the command. Names, dates, numbers and hospitals in Chinese and Latin script are drawn with the fonts that are
installed, dark and bright, plain, outlined and shadowed, on noise, gradients, phantoms, ultrasound fans, X-rays and, with
--scans, slices of the DICOM files in a folder; in 8 and 16 bits, grey and RGB, native and JPEG. `theatron dicom deid --options
clean-pixel-data` runs over all of them. Then tesseract (eng and chi_sim, sparse text and single lines, as it is and enlarged)
reads every line of text again that is not black throughout. Prints how many strings of the first --control images it read before
(this test can fail), how many it still reads, how many pixels of glyphs stay, and how many pixels are blanked that lie more than
a line's height from any text.

Exit 1 if a string, or three characters of one in a row, is still read, or more than 0.5 % of the pixels are blanked in vain.
Needs numpy, Pillow, pydicom, scipy, tesseract-ocr, tesseract-ocr-chi-sim and fonts (fonts-noto-cjk fonts-dejavu
fonts-liberation fonts-freefont-ttf fonts-roboto fonts-wqy-microhei fonts-wqy-zenhei fonts-arphic-ukai fonts-arphic-uming).
"""
import argparse
import difflib
import glob
import io
import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀兰霞平刚桂英志华建国文玉梅海燕晓东"
PLACES = ["北京协和医院", "上海瑞金医院", "广东省人民医院", "华西医院放射科", "天津市第一中心医院", "同济大学附属医院"]
LATIN = ["ZHANG WEI", "Li Na", "Smith^John", "MUELLER, Hans", "O'Brien Mary", "Garcia Lopez", "Ivanova Olga", "NGUYEN Thi"]
SITES = ["ST. MARY HOSPITAL", "General Hospital", "Univ. Clinic Radiology", "MEDICAL CENTER", "County Imaging Dept"]
MODALITIES = {"noise": "OT", "gradient": "OT", "phantom": "CT", "fan": "US", "xray": "DX", "scan": "CT"}


def fonts():
    listed = subprocess.run(["fc-list", "--format", "%{file}\t%{index}\t%{lang}\t%{scalable}\n"],
                            capture_output=True, text=True, check=True).stdout
    latin, chinese = set(), set()
    for line in listed.splitlines():
        path, index, langs, scalable = line.split("\t")
        if scalable != "True" or int(index) > 0xFFFF or "Math" in path or "Mono-" in path and "CJK" in path:
            continue
        if "zh-cn" in langs:
            chinese.add((path, int(index)))
        elif "en" in langs.split("|"):
            latin.add((path, int(index)))
    return sorted(latin), sorted(chinese)


def words(rng):
    """One string, and whether it needs a Chinese font."""
    pick = lambda of: of[rng.integers(len(of))]
    date = f"{rng.integers(1930, 2026)}{{0}}{rng.integers(1, 13):02}{{0}}{rng.integers(1, 29):02}"
    name = pick(SURNAMES) + "".join(pick(GIVEN) for _ in range(rng.integers(1, 3)))
    return [
        lambda: (pick(LATIN), False), lambda: (pick(SITES), False), lambda: (date.format(pick("-/.")), False),
        lambda: (f"ID: {rng.integers(10**6, 10**8)}", False), lambda: (f"DOB {date.format('/')}", False),
        lambda: (f"{pick(LATIN)}  {rng.integers(18, 95)}Y {pick('MF')}", False),
        lambda: (name, True), lambda: (pick(PLACES), True), lambda: ("姓名:" + name, True),
        lambda: (f"{name} {pick('男女')} {rng.integers(18, 95)}岁", True),
        lambda: (f"住院号 {rng.integers(10**5, 10**7)}", True),
    ][rng.integers(11)]()


def smooth(rng, shape, sigma):
    field = ndimage.gaussian_filter(rng.standard_normal(shape), sigma)
    return field / (field.std() + 1e-9)


def background(rng, kind, scans):
    """An image between 0 and 1."""
    rows, columns = (int(rng.integers(300, 620)) for _ in range(2))
    y, x = np.mgrid[0:rows, 0:columns].astype(float)
    y, x = y / rows - 0.5, x / columns - 0.5
    noise = lambda s: rng.standard_normal((rows, columns)) * s
    if kind == "noise":
        return np.clip(rng.uniform(0.1, 0.8) + noise(rng.uniform(0.01, 0.1)), 0, 1)
    if kind == "gradient":
        a, b = rng.uniform(-0.8, 0.8, 2)
        return np.clip(0.5 + a * x + b * y + (noise(0.01) if rng.random() < 0.5 else 0), 0, 1)
    if kind == "phantom":
        image = np.zeros((rows, columns))
        body = (x / 0.42) ** 2 + (y / 0.36) ** 2 < 1
        image[body] = rng.uniform(0.3, 0.5)
        for _ in range(rng.integers(8, 24)):
            cx, cy = rng.uniform(-0.3, 0.3, 2)
            a, b, t = rng.uniform(0.01, 0.12), rng.uniform(0.01, 0.12), rng.uniform(0, np.pi)
            u, v = (x - cx) * np.cos(t) + (y - cy) * np.sin(t), (y - cy) * np.cos(t) - (x - cx) * np.sin(t)
            image[((u / a) ** 2 + (v / b) ** 2 < 1) & body] = rng.uniform(0.15, 0.9)
        image = ndimage.gaussian_filter(image, 1.0)
        return np.clip(image + ndimage.gaussian_filter(noise(0.05), 0.7) * rng.uniform(0.2, 1.2), 0, 1)
    if kind == "fan":
        r, t = np.hypot(x, y + 0.5), np.arctan2(x, y + 0.5)
        tissue = 0.35 + 0.12 * smooth(rng, (rows, columns), 14)
        grains = np.abs(ndimage.gaussian_filter(noise(1), 1.1) + 1j * ndimage.gaussian_filter(noise(1), 1.1))
        image = np.clip(tissue * grains / grains.mean() * 0.8, 0, 1)
        image[(r < 0.08) | (r > 0.92) | (np.abs(t) > 0.6)] = 0
        return image
    if kind == "xray":
        image = 0.5 + 0.14 * smooth(rng, (rows, columns), 45) + 0.02 * smooth(rng, (rows, columns), 4)
        for n in range(rng.integers(3, 9)):
            middle = -0.4 + n * 0.11 + 0.5 * x**2 * rng.uniform(0.5, 1.5)
            image += 0.12 * np.exp(-(((y - middle) / 0.018) ** 2))
        return np.clip(image + noise(rng.uniform(0.004, 0.03)), 0, 1)
    plane = scans[rng.integers(len(scans))]
    low, high = np.percentile(plane, [0.5, 99.9])
    return np.clip((plane - low) / max(high - low, 1), 0, 1)


def outline(rng, image, font, text, at, value, style):
    """Draws text; the glyphs' coverage."""
    cover = Image.new("L", image.shape[::-1], 0)
    draw = ImageDraw.Draw(cover)
    draw.fontmode = "1" if style == "hard" else "L"
    draw.text(at, text, fill=255, font=font)
    cover = np.asarray(cover) / 255.0
    around = 1.0 - value if style == "outline" else None
    if style == "outline":
        ring = ndimage.grey_dilation(cover, size=(3, 3))
        image[:] = image * (1 - ring) + around * ring
    if style == "shadow":
        shade = np.roll(cover, (1, 1), (0, 1))
        image[:] = image * (1 - shade) + (0.0 if value > 0.5 else 1.0) * shade
    image[:] = image * (1 - cover) + value * cover
    return cover


def planted(rng, kind, scans, latin, chinese):
    """An image between 0 and 1 with text, and for each line of it text, box and coverage."""
    image = background(rng, kind, scans)
    rows, columns = image.shape
    lines, taken = [], np.zeros(image.shape, bool)
    for _ in range(rng.integers(1, 5)):
        size = int(np.exp(rng.uniform(np.log(10), np.log(56))))
        same = rng.random() < 0.6
        value = style = None
        at = [int(rng.integers(2, max(3, columns // 2))), int(rng.integers(2, max(3, rows - size - 4)))]
        for _ in range(rng.integers(1, 5)):
            text, needs = words(rng)
            chosen = chinese if needs or rng.random() < 0.2 else latin
            path, index = chosen[rng.integers(len(chosen))]
            # A glyph of a Chinese character needs more pixels than a letter to be one.
            font = ImageFont.truetype(path, max(size, 13) if needs else size, index=index)
            left, top, right, bottom = font.getbbox(text)
            box = [at[0] + left, at[1] + top, at[0] + right, at[1] + bottom]
            if right - left < 8 or box[2] > columns - 2 or box[3] > rows - 2:
                break
            near = (slice(max(0, box[1] - 3), box[3] + 3), slice(max(0, box[0] - 6), box[2] + 6))
            if taken[near].any():
                break
            around = float(np.median(image[near]))
            if value is None or not same:
                style = rng.choice(["plain", "plain", "plain", "hard", "outline", "shadow"])
                step = rng.uniform(0.18, 0.9)
                step = max(step, 4 * float(image[near].std()))
                up = around + step <= 1 if rng.random() < 0.7 else around - step < 0
                value = float(np.clip(around + (step if up else -step), 0, 1))
                if rng.random() < 0.35:
                    value = 1.0
            if abs(value - around) < max(0.18, 3 * float(image[near].std())):
                break
            cover = outline(rng, image, font, text, at, value, style)
            taken[near] = True
            lines.append({"text": text, "box": box, "size": size, "chinese": needs, "value": value, "style": str(style),
                          "around": around, "cover": cover > 0.25})
            at[1] = box[3] + int(rng.integers(2, 8))
    return image, lines


def dataset(rng, image, kind, number):
    """The image as a DICOM object: 8 to 16 bits, grey or RGB, native or JPEG."""
    import pydicom
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.encaps import encapsulate
    from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit

    colour = kind in ("fan", "noise") and rng.random() < 0.4
    bits = 8 if colour else int(rng.choice([8, 8, 12, 16]))
    values = np.round(image * (2**bits - 1)).astype("u1" if bits == 8 else "<u2")
    if colour:
        values = np.repeat(values[..., None], 3, 2)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = Dataset()
    ds.SOPClassUID = {"US": "1.2.840.10008.5.1.4.1.1.6.1", "CT": "1.2.840.10008.5.1.4.1.1.2",
                      "DX": "1.2.840.10008.5.1.4.1.1.1.1"}.get(MODALITIES[kind], "1.2.840.10008.5.1.4.1.1.7")
    ds.SOPInstanceUID = f"1.2.826.0.1.3680043.8.498.77.{number}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = ds.SOPInstanceUID + ".1", ds.SOPInstanceUID + ".2"
    ds.Modality, ds.PatientID, ds.PatientName = MODALITIES[kind], f"P{number}", "Judge^Burned"
    ds.Rows, ds.Columns = image.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = (3, "RGB") if colour else (1, "MONOCHROME2")
    if colour:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = (8, 8, 7) if bits == 8 else (16, bits, bits - 1)
    ds.PixelRepresentation = 0
    if bits == 8 and not colour and rng.random() < 0.3:
        stream = io.BytesIO()
        Image.fromarray(values).save(stream, "JPEG", quality=int(rng.integers(80, 98)))
        meta.TransferSyntaxUID = JPEGBaseline8Bit
        ds.LossyImageCompression = "01"
        ds.PixelData = encapsulate([stream.getvalue()])
        ds["PixelData"].VR = "OB"
        values = np.asarray(Image.open(stream))
    else:
        raw = values.tobytes()
        ds.PixelData = raw + b"\0" * (len(raw) % 2)
        ds["PixelData"].VR = "OB" if bits == 8 else "OW"
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    ds.file_meta = meta
    return ds, values


def bytes_of(values):
    grey = values if values.ndim == 2 else values.max(2)
    low, high = int(grey.min()), int(grey.max())
    return ((grey.astype(float) - low) / max(high - low, 1) * 255).astype(np.uint8)


def read(picture, languages, mode):
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    out = subprocess.run(["tesseract", "stdin", "stdout", "-l", languages, "--psm", str(mode)], input=stream.getvalue(),
                         capture_output=True, env={**os.environ, "OMP_THREAD_LIMIT": "1"})
    return out.stdout.decode("utf-8", "replace")


def squeeze(text):
    return re.sub(r"[\s\W_]", "", text).upper()


def shared(planted, seen):
    """Characters in a row that both hold."""
    planted, seen = squeeze(planted), squeeze(seen)
    return difflib.SequenceMatcher(None, planted, seen, autojunk=False).find_longest_match().size


def is_read(grey, line, least):
    """Whether tesseract reads `least` characters in a row of a line of text: as it is and three times enlarged, in both
    polarities, as one line and as sparse text."""
    x0, y0, x1, y1 = line["box"]
    margin = max(6, line["size"] // 2)
    crop = grey[max(0, y0 - margin):y1 + margin, max(0, x0 - margin):x1 + margin]
    if crop.min() == crop.max():
        return False
    large = np.asarray(Image.fromarray(crop).resize((crop.shape[1] * 3, crop.shape[0] * 3), Image.BICUBIC))
    languages = "chi_sim+eng" if line["chinese"] else "eng"
    ways = ((picture, mode) for mode in (7, 11) for picture in (large, 255 - large, crop))
    return any(shared(line["text"], read(picture, languages, mode)) >= least for picture, mode in ways)


def main():
    import pydicom

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("theatron")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--control", type=int, default=50, help="images of which the originals are read too; each takes seconds")
    parser.add_argument("--keep", help="a new folder for the images, before and after")
    parser.add_argument("--scans", help="a folder of DICOM slices that serve as backgrounds too")
    arguments = parser.parse_args()
    folder = arguments.keep or tempfile.mkdtemp()
    before, after = os.path.join(folder, "before"), os.path.join(folder, "after")
    os.makedirs(before)
    scans = []
    for path in sorted(glob.glob(f"{arguments.scans}/**/*", recursive=True)) if arguments.scans else []:
        try:
            plane = pydicom.dcmread(path).pixel_array
        except Exception:  # Whatever is no image is no background.
            continue
        if plane.ndim == 2 and min(plane.shape) >= 128:
            scans.append(plane.astype(float))
    kinds = ["noise", "gradient", "phantom", "fan", "xray"] + (["scan"] if scans else [])
    latin, chinese = fonts()
    rng = np.random.default_rng(arguments.seed)
    truth = {}
    for number in range(arguments.count):
        kind = kinds[number % len(kinds)]
        image, lines = planted(rng, kind, scans, latin, chinese)
        ds, values = dataset(rng, image, kind, number)
        ds.save_as(os.path.join(before, f"{number:05}.dcm"), enforce_file_format=True)
        truth[str(ds.SOPInstanceUID)] = (kind, lines, values)
    command = [arguments.theatron, "dicom", "deid", before, after, "--options", "clean-pixel-data,retain-uids",
               "--secret-file", os.path.join(folder, "secret"), "--json"]
    said = subprocess.run(command, capture_output=True, text=True)
    written = json.loads(said.stdout)["written"]
    if said.returncode != 0 or len(written) != arguments.count:
        sys.exit(f"{len(written)} of {arguments.count} written: {said.stderr}")

    def judge(entry):
        ds = pydicom.dcmread(os.path.join(after, entry["file"]))
        kind, lines, original = truth[str(ds.SOPInstanceUID)]
        now = ds.pixel_array
        # Another decoder may give a pixel of a JPEG one level more or less: only what became black was blanked.
        blank = (now != original) & (now == 0) if now.ndim == 2 else (now != original).any(2) & (now == 0).all(2)
        far = np.ones(blank.shape, bool)
        control = int(str(ds.SOPInstanceUID).rsplit(".", 1)[1]) < arguments.control
        out = {"lines": len(lines), "pixels": blank.size, "asked": len(lines) * control, "control": 0, "read": [], "left": []}
        for line in lines:
            x0, y0, x1, y1 = line["box"]
            room = max(line["size"], 8)
            far[max(0, y0 - room // 2 - 2):y1 + room // 2 + 2, max(0, x0 - room - 4):x1 + room + 4] = False
            least = min(3, max(2, len(squeeze(line["text"]))))
            out["control"] += control and is_read(bytes_of(original), line, least)
            # A pixel that was black before does not change: nothing of a glyph shows where all around it is black now.
            shown = (now != now.min()) if now.ndim == 2 else (now.max(2) > 0)
            stays = (line["cover"] & shown & ~blank).sum() / max(1, line["cover"].sum())
            if stays > 0.02:
                out["left"].append(round(float(stays), 2))
            # Where all of a line and two pixels around it are black, there is nothing to read.
            hidden = (blank | ~shown)[max(0, y0 - 2):y1 + 2, max(0, x0 - 2):x1 + 2].all()
            if not hidden and is_read(bytes_of(now), line, least):
                out["read"].append((kind, line["text"], line["size"], round(float(stays), 2), str(ds.SOPInstanceUID)))
        out["vain"], out["kind"] = int((blank & far).sum()), kind
        return out

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(judge, written))
    total = lambda key: sum(result[key] for result in results)
    lines, vain = total("lines"), total("vain") / total("pixels")
    still = [reading for result in results for reading in result["read"]]
    left = [share for result in results for share in result["left"]]
    print(f"{len(results)} images, {lines} strings, seed {arguments.seed}")
    print(f"tesseract read {total('control')} of {total('asked')} before, {len(still)} of {lines} after")
    print(f"strings of which more than 2 % of the glyphs stay: {len(left)}; more than half: {sum(s > 0.5 for s in left)}")
    print(f"blanked in vain: {100 * vain:.3f} % of all pixels")
    for kind in kinds:
        of = [result for result in results if result["kind"] == kind]
        share = sum(result["vain"] for result in of) / max(1, sum(result["pixels"] for result in of))
        print(f"  {kind}: {100 * share:.3f} % in vain, {sum(len(result['read']) for result in of)} read")
    for reading in still:
        print("  still read:", *reading)
    sys.exit(1 if still or vain > 0.005 else 0)


if __name__ == "__main__":
    main()
