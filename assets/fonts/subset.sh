#!/bin/sh
# Makes NotoSansSC-Theatron.otf: Noto Sans CJK SC Regular with the characters of GB 2312 level 1 (the 3755 most
# used), whatever assets/locales/zh.toml and the sentences of the readers and of the print checks need beyond them,
# characters of anatomy that a surgeon's labels need, Latin letters (for reports; the window has its own before them),
# and Chinese punctuation.
# Needs: the package fonts-noto-cjk, and python3 with fonttools (`pip install fonttools`).
set -eu
cd "$(dirname "$0")"
source=${1:-/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc}
text=$(mktemp)
trap 'rm -f "$text"' EXIT
python3 - ../locales/zh.toml ../../casebank/case/src ../../casebank/dicom/src \
    ../../meshing/segment/src ../../meshing/solid/src ../../render/volume/src ../../app/engine/src >"$text" <<'PYTHON'
import pathlib, sys
level_1 = [bytes([row, cell]).decode("gb2312", "ignore") for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF)]
punctuation = "、。〈〉《》「」『』【】〔〕（），．：；？！…—～·“”‘’％＋－×÷＝→←↑↓°±≤≥℃³²µØ①②③④⑤⑥⑦⑧⑨"
latin = "".join(map(chr, range(0x20, 0x7F)))
# Beyond level 1: names of bones, joints, muscles, vessels, nerves and organs, and what ails them.
anatomy = (
    "颞颅眶窦蝶颧颌腭颏颊龈鞍橄榄眦睑镫蜗茎骶髂髋髌髁胼胝胫腓跖跗踝踵骰楔桡尺肱腘腋胛喙嵴窝隆膈纵贲幽胰脾肾胱疝痔瘘"
    "腱韧髓脑垂体丘桥蛛蚓岛梗栓塞瘤癌囊肿痈疽骺骨骼腕掌指趾股骭腱鞘滑膜软腔腺睾卵巢宫阑盲肠胆肝胃食管咽喉会厌甲状旁胸肺支气心瓣房室"
    "静动脉奇颈椎肋胁肘腰臀髀眼眉睫耵聍鼓砧锤鼻唇颚牙齿臼龋舌腮涎囟颚顶枕额颜髯痂疣痣瘢痕瘀癫痫痉挛痹瘫疸瘿"
)
used = open(sys.argv[1], encoding="utf-8").read()
# As app/ui/tests/it/sources.rs reads them: code without comments and tests.
for folder in sys.argv[2:]:
    for path in sorted(pathlib.Path(folder).rglob("*.rs")):
        if path.name != "tests.rs":
            code = path.read_text(encoding="utf-8").split("#[cfg(test)]")[0]
            lines = (line for line in code.splitlines() if not line.lstrip().startswith("//"))
            used += "".join(c for line in lines for c in line if "\u3000" <= c <= "\u9fff" or "\uff00" <= c <= "\uffef")
characters = {c for c in "".join(level_1) + punctuation + anatomy + used if ord(c) > 0x7E} | set(latin)
print("".join(sorted(characters)))
PYTHON
# Face 2 of the collection is the simplified Chinese one.
python3 -m fontTools.subset "$source" --font-number=2 --text-file="$text" \
    --output-file=NotoSansSC-Theatron.otf --layout-features='' --no-hinting --desubroutinize \
    --name-IDs='0,1,2,3,4,5,6,13,14' --drop-tables+=vhea,vmtx,VORG,BASE,GPOS,GSUB
ls -l NotoSansSC-Theatron.otf
