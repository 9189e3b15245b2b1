#!/bin/sh
# Makes NotoSansSC-Theatron.otf: Noto Sans CJK SC Regular with the characters of GB 2312 level 1 (the 3755 most
# used), whatever assets/locales/zh.toml needs beyond them, and Chinese punctuation.
# Needs: the package fonts-noto-cjk, and python3 with fonttools (`pip install fonttools`).
set -eu
cd "$(dirname "$0")"
source=${1:-/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc}
text=$(mktemp)
trap 'rm -f "$text"' EXIT
python3 - ../locales/zh.toml >"$text" <<'PYTHON'
import sys
level_1 = [bytes([row, cell]).decode("gb2312", "ignore") for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF)]
punctuation = "、。〈〉《》「」『』【】〔〕（），．：；？！…—～·“”‘’％＋－×÷＝→←↑↓°±≤≥℃"
used = open(sys.argv[1], encoding="utf-8").read()
characters = {c for c in "".join(level_1) + punctuation + used if ord(c) > 0x7E}
print("".join(sorted(characters)))
PYTHON
# Face 2 of the collection is the simplified Chinese one.
python3 -m fontTools.subset "$source" --font-number=2 --text-file="$text" \
    --output-file=NotoSansSC-Theatron.otf --layout-features='' --no-hinting --desubroutinize \
    --name-IDs='0,1,2,3,4,5,6,13,14' --drop-tables+=vhea,vmtx,VORG,BASE,GPOS,GSUB
ls -l NotoSansSC-Theatron.otf
