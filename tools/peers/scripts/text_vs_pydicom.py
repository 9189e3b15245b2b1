#!/usr/bin/env python3
"""Compare the text we read from DICOM files with what pydicom and DCMTK read.

  text_vs_pydicom.py [FILE...] [--texts PROGRAM] [--dcmtk] [--every-code] [--written]

PROGRAM is the example `texts` of casebank_dicom (`cargo build -p casebank_dicom --example texts`). Every element of a text
VR at any depth is compared, except padding at the ends. With --dcmtk the person names at the top level are also compared
with `dcmdump +U8`; files that DCMTK's character set library cannot convert are named. With --every-code a file is made for
each character set with all its codes, one a line, and compared line by line. Private elements whose representation only
pydicom's dictionary knows are passed over. With --written names that we write are read by both. Exit 1 if anything differs in FILE.

Needs pydicom.
"""
import argparse
import collections
import re
import struct
import subprocess
import sys
import tempfile
import warnings

import pydicom

TEXT = {"PN", "SH", "LO", "UC", "ST", "LT", "UT"}


def theirs(dataset, parent=""):
    for element in dataset:
        path = f"{parent}({element.tag.group:04x},{element.tag.element:04x})"
        if element.VR == "SQ":
            for number, item in enumerate(element.value):
                yield from theirs(item, f"{path}[{number}]")
        elif element.VR in TEXT:
            value = element.value
            many = isinstance(value, pydicom.multival.MultiValue)
            yield path, "\\".join(str(v) for v in (value if many else [value])) if value is not None else ""


def ours(program, path):
    lines = subprocess.run([program, path], check=True, capture_output=True, text=True).stdout.splitlines()
    rows = [line.split("\t", 2)[1:] for line in lines]
    unescape = lambda text: re.sub(r"\\(u\{[0-9a-f]+\}|.)", lambda m: {"n": "\n", "r": "\r", "t": "\t", "0": "\0"}.get(m[1]) or (chr(int(m[1][2:-1], 16)) if m[1].startswith("u{") else m[1]), text)
    return {where: unescape(text) for where, text in rows if where != "problem"}, dict(map(tuple, rows)).get("problem")


def every_code(program):
    """For each set: codes that both read, and which of them differently."""
    high = [bytes([c]) for c in range(0xA1, 0x100)]
    pairs = [bytes([a, b]) for a in range(0xA1, 0xFF) for b in range(0xA1, 0xFF)]
    seven = [bytes([a & 0x7F, b & 0x7F]) for a, b in pairs]
    gbk = [bytes([a, b]) for a in range(0x81, 0xFF) for b in [*range(0x40, 0x7F), *range(0x80, 0xFF)]]
    sets = [(f"ISO_IR {n}", high, b"", b"") for n in (13, 100, 101, 109, 110, 126, 127, 138, 144, 148, 166, 203)]
    sets += [(f"ISO 2022 IR 6\\ISO 2022 IR {n}", high, b"\x1b" + mark, b"") for n, mark in [(100, b"-A"), (101, b"-B"),
        (109, b"-C"), (110, b"-D"), (126, b"-F"), (127, b"-G"), (138, b"-H"), (144, b"-L"), (148, b"-M"), (166, b"-T"),
        (203, b"-b")]]
    sets += [("\\ISO 2022 IR 87", seven, b"\x1b$B", b"\x1b(B"), ("\\ISO 2022 IR 159", seven, b"\x1b$(D", b"\x1b(B")]
    sets += [("\\ISO 2022 IR 149", pairs, b"\x1b$)C", b""), ("\\ISO 2022 IR 58", pairs, b"\x1b$)A", b"")]
    sets += [("GB18030", gbk, b"", b""), ("GBK", gbk, b"", b"")]
    for name, codes, before, after in sets:
        odd, counts = [], collections.Counter()
        for start in range(0, len(codes), 4000):
            part = codes[start : start + 4000]
            value = b"\n".join(before + code + after for code in part)
            value += b" " * (len(value) % 2)
            charset = name.encode() + b" " * (len(name) % 2)
            element = lambda group, number, vr, v: struct.pack("<HH2sH", group, number, vr, len(v)) + v
            body = element(8, 5, b"CS", charset) + element(0x10, 0x4000, b"LT", value)
            with tempfile.NamedTemporaryFile(suffix=".dcm") as file:
                syntax = b"1.2.840.10008.1.2.1\0"
                file.write(bytes(128) + b"DICM" + element(2, 0x10, b"UI", syntax) + body)
                file.flush()
                mine = ours(program, file.name)[0]["(0010,4000)"].split("\n")
                reference = str(pydicom.dcmread(file.name).get("PatientComments")).split("\n")
            for code, a, b in zip(part, mine, reference, strict=True):
                # pydicom leaves the escape sequence of some sets in front of the character, and of codes it cannot read
                b = re.sub(r"^\x1b\$?[()-].(?=[^\x00-\x7f])", "", b)
                unread = lambda text: not text or len(text) > 1 or "\ufffd" in text or 0x80 <= ord(text) < 0xA0
                counts[unread(a), unread(b)] += 1
                if a != b and not unread(a) and not unread(b):
                    odd.append(f"{code.hex()}: ours {a} {ord(a):04X}, pydicom {b} {ord(b):04X}")
        print(f"{name}: {counts[False, False]} codes read by both, {len(odd)} of them differently {odd[:30]};",
            f"{counts[False, True]} only by us, {counts[True, False]} only by pydicom")


def written_by_us(program):
    """Names that we write, as pydicom and DCMTK read them; how many differ."""
    names = ["Wang^XiaoDong=王^小東", "Yamada^Tarou=山田^太郎=やまだ^たろう", "Hong^Gildong=洪^吉洞=홍^길동", "Äneas^Rüdiger",
        "Люкceмбypг", "قباني^لنزار", "𠮷田^一", "Adams^John Robert Quincy^^Rev.^B.A. M.Div."]
    differ = 0
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([program, "--write", folder, name], check=True)
            path = f"{folder}/slice_00001.dcm"
            dataset = pydicom.dcmread(path)
            for who, read in [("pydicom", str(dataset.PatientName)), ("DCMTK", dcmtk_name(path))]:
                if read != name:
                    differ += 1
                    print(f"written {name!r}, {who} reads {read!r}")
            if str(dataset.SeriesDescription) != name[:20].rstrip():
                differ += 1
                print(f"written {name[:20]!r}, pydicom reads {dataset.SeriesDescription!r}")
    print(f"{len(names)} names written by us, {differ} read differently")
    return differ


def dcmtk_name(path):
    out = subprocess.run(["dcmdump", "+U8", "+P", "0010,0010", path], capture_output=True)
    text = (out.stdout + out.stderr).decode("utf-8", "replace")
    if "not supported" in text:
        return None
    found = re.search(r"PN \[(.*?)\] +#", text)
    return found[1] if found else ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--texts", default="target/debug/examples/texts")
    parser.add_argument("--dcmtk", action="store_true")
    parser.add_argument("--every-code", action="store_true")
    parser.add_argument("--written", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if arguments.every_code:
        every_code(arguments.texts)
    elements = differ = 0
    if arguments.written:
        differ += written_by_us(arguments.texts)
    clean = lambda text: text.strip(" \0").rstrip("=")
    for path in arguments.files:
        mine, problem = ours(arguments.texts, path)
        reference = dict(theirs(pydicom.dcmread(path, force=True)))
        for where, text in reference.items():
            if where not in mine and int(re.findall(r"\((\w{4}),", where)[-1], 16) % 2:
                continue
            elements += 1
            if clean(mine.get(where, "(missing)")) != clean(text):
                differ += 1
                print(f"{path} {where}: ours {mine.get(where)!r}, pydicom {text!r}")
        if problem:
            print(f"{path}: {problem}")
        if arguments.dcmtk and "(0010,0010)" in mine:
            name = dcmtk_name(path)
            if name is None:
                print(f"{path}: DCMTK cannot convert this set")
            else:
                elements += 1
                if clean(name) != clean(mine["(0010,0010)"]):
                    differ += 1
                    print(f"{path}: ours {mine['(0010,0010)']!r}, DCMTK {name!r}")
    print(f"{len(arguments.files)} files, {elements} values compared, {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
