"""Patches with and without text burned into them, and where the text stands: what the network of burned-in text is fitted to.

Everything is drawn at random: what lies behind (noise, gradients, organs, speckle in a fan, ribs, trabeculae, folds, graphs
and rulers, and crops of slices without text if there are any), lines of text in every script that the fonts have, and what is
no text but looks a little like it. Only text of two characters and more is text: a side marker, one letter alone, must stay.
"""
import glob
import os

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIZE = 256
"""Side of a patch in pixels."""
CELL = 4
"""Side of a cell of the answer in pixels."""
IGNORED = 255
"""A cell whose answer does not count."""

WINDOWS = (11, 31, 101)
"""Sides of the windows, in pixels, in which an image is brought to mean 0 and deviation 1."""

cv2.setNumThreads(1)

ASCII = [chr(code) for code in range(33, 127)]
CHINESE = [bytes([a, b]).decode("gb2312") for a in range(0xB0, 0xD7) for b in range(0xA1, 0xFA)]
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石"
LABELS = ["姓名", "性别", "年龄", "病历号", "住院号", "检查号", "医院", "科室", "床号", "日期", "医生", "出生", "门诊", "影像科", "放射科"]
SYLLABLES = ("an ar be bro ca chen da de el er fa fer ga gu ha han he hu in is jo ka ki la le li lo ma mar mi mo na ne ni no ol "
             "or pa pe qi ra re ri ro sa sch ser si son st su ta te ti to ul va vi wa wei win xu ya yo za zhang").split()
WORDS = ("Name ID DOB Sex Age Date Hospital Clinic Dr. Study Series Image MR CT US Thorax Abdomen HEAD Patient Acc# kV mA mm Zoom "
         "W L SE IM FOV TR TE Thk AX COR SAG Gain Depth Frame Hz dB cm Rad Dept University Center St. General Time").split()


def normalised(image):
    """Channels of an image (windows × rows × columns): distance from the mean of a window, in its deviations, at most 4.

    Windows are cut at the edge of the image. A deviation of 1/500 of the whole range counts as flat.
    """
    image = image.astype(np.float32) - float(image.mean())
    span = float(image.max() - image.min())
    channels = []
    for window in WINDOWS:
        total = lambda x: cv2.boxFilter(x, cv2.CV_64F, (window, window), normalize=False, borderType=cv2.BORDER_CONSTANT)
        count = total(np.ones_like(image))
        mean = total(image) / count
        deviation = np.sqrt(np.maximum(total(image * image) / count - mean * mean, 0))
        channels.append(np.clip((image - mean) / (deviation + 0.002 * span + 1e-6), -4, 4))
    return np.stack(channels).astype(np.float32)


def faces(folder):
    """Paths of the fonts in a folder: those without Chinese, those with it (their names begin with zh)."""
    paths = sorted(glob.glob(os.path.join(folder, "*")))
    chinese = [path for path in paths if os.path.basename(path).startswith("zh")]
    return [path for path in paths if path not in chinese], chinese


class Painter:
    """Draws patches; `scans` are two-dimensional arrays without text, of which crops serve as backgrounds."""

    def __init__(self, seed, fonts, scans=()):
        self.rng = np.random.default_rng(seed)
        self.latin, self.chinese = faces(fonts)
        self.scans = scans
        self.loaded, self.small = {}, {}

    # What lies behind

    def noise(self, sigma, size=SIZE):
        """A smooth random field of mean 0 and deviation 1; `sigma` in pixels."""
        step = max(1, int(sigma / 3))
        small = self.rng.standard_normal((size // step + 2, size // step + 2)).astype(np.float32)
        if sigma / step > 0.3:
            small = cv2.GaussianBlur(small, (0, 0), sigma / step)
        field = small if step == 1 else cv2.resize(small, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        field = field[:size, :size]
        return (field - field.mean()) / (field.std() + 1e-6)

    def log(self, low, high):
        return float(np.exp(self.rng.uniform(np.log(low), np.log(high))))

    def flat(self):
        image = np.full((SIZE, SIZE), self.rng.uniform(0, 1), np.float32)
        if self.rng.random() < 0.8:
            image += self.log(0.003, 0.25) * self.noise(self.rng.choice([0, 0, 0.6, 1.0, 2.0]))
        return image

    def gradient(self):
        y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE - 0.5
        a, b = self.rng.uniform(-1, 1, 2)
        return 0.5 + a * x + b * y + self.rng.uniform(0, 0.3) * self.noise(self.log(10, 80))

    def organs(self):
        image = np.full((SIZE, SIZE), self.rng.uniform(0, 0.6), np.float32)
        for _ in range(self.rng.integers(3, 40)):
            middle = tuple(int(v) for v in self.rng.integers(-20, SIZE + 20, 2))
            axes = (int(self.log(2, 110)), int(self.log(2, 110)))
            angle, value = float(self.rng.uniform(0, 180)), float(self.rng.uniform(0, 1))
            if self.rng.random() < 0.7:
                cv2.ellipse(image, middle, axes, angle, 0, 360, value, -1 if self.rng.random() < 0.7 else int(self.log(1, 12)))
            else:
                points = np.array(middle) + (self.rng.standard_normal((self.rng.integers(3, 9), 2)) * axes[0]).astype(int)
                cv2.fillPoly(image, [points.astype(np.int32)], value)
        image = cv2.GaussianBlur(image, (0, 0), self.log(0.4, 3))
        return image + self.log(0.002, 0.12) * self.noise(self.rng.choice([0, 0.6, 1.0]))

    def fan(self):
        grains = np.hypot(self.noise(self.log(0.7, 2.5)), self.noise(self.log(0.7, 2.5)))
        image = (0.3 + 0.15 * self.noise(self.log(6, 30))) * grains * self.rng.uniform(0.5, 1)
        y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
        cx, cy = self.rng.uniform(-0.5, 1.5) * SIZE, self.rng.uniform(-1.5, 0.2) * SIZE
        r = np.hypot(x - cx, y - cy)
        outside = (r > self.rng.uniform(0.7, 2.5) * SIZE) | (np.abs(np.arctan2(x - cx, y - cy)) > self.rng.uniform(0.3, 1.2))
        image[outside] = 0
        return image

    def ribs(self):
        y, x = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32) / SIZE
        image = 0.5 + self.rng.uniform(0.05, 0.3) * self.noise(self.log(20, 60)) + 0.02 * self.noise(self.log(1, 6))
        pitch, bend, width = self.rng.uniform(0.05, 0.4), self.rng.uniform(-1, 1), self.log(0.01, 0.08)
        for n in range(self.rng.integers(2, 12)):
            middle = n * pitch + bend * (x - self.rng.uniform(0.3, 0.7)) ** 2
            image += self.rng.uniform(0.05, 0.25) * np.exp(-(((y - middle) / width) ** 2))
        image = image + self.log(0.002, 0.05) * self.noise(0)
        return image.T if self.rng.random() < 0.5 else image

    def trabeculae(self):
        """Fine, sharp structure of many widths and directions: bone, vessels, bowel, folds of the brain."""
        image = np.zeros((SIZE, SIZE), np.float32)
        for _ in range(self.rng.integers(1, 4)):
            field = self.noise(self.log(1, 14))
            kind = self.rng.integers(4)
            if kind == 0:
                field = np.abs(field)
            elif kind == 1:
                field = (field > self.rng.uniform(-0.5, 2)).astype(np.float32)
            elif kind == 2:
                field = np.exp(-((field / self.rng.uniform(0.05, 0.5)) ** 2))
            stretch = self.rng.uniform(0.4, 1)
            turn = cv2.getRotationMatrix2D((SIZE / 2, SIZE / 2), float(self.rng.uniform(0, 180)), 1.6)
            turn[0] *= stretch
            field = cv2.warpAffine(np.ascontiguousarray(field, dtype=np.float32), turn, (SIZE, SIZE), borderMode=cv2.BORDER_REFLECT)
            image += self.rng.uniform(0.1, 1) * field * (self.noise(self.log(15, 60)) > self.rng.uniform(-1.5, 0.8))
        image = cv2.GaussianBlur(image, (0, 0), self.log(0.4, 2))
        return image + self.log(0.002, 0.1) * self.noise(self.rng.choice([0, 0.7]))

    def scan(self):
        plane = self.scans[self.rng.integers(len(self.scans))]
        zoom = self.log(0.5, 2.5)
        side = int(SIZE / zoom)
        rows, columns = plane.shape
        if min(rows, columns) < side:
            side = min(rows, columns)
        top, left = self.rng.integers(0, rows - side + 1), self.rng.integers(0, columns - side + 1)
        crop = plane[top:top + side, left:left + side].astype(np.float32)
        image = cv2.resize(crop, (SIZE, SIZE), interpolation=cv2.INTER_AREA if side > SIZE else cv2.INTER_LINEAR)
        for turn in (0, 1):
            if self.rng.random() < 0.5:
                image = np.flip(image, turn)
        if self.rng.random() < 0.3:
            image = image.T
        low, high = float(plane.min()), float(plane.max())
        if self.rng.random() < 0.6:
            low, high = np.percentile(plane, [self.rng.uniform(0, 10), self.rng.uniform(90, 100)])
        return np.clip((np.ascontiguousarray(image) - low) / max(high - low, 1e-3), 0, 1)

    def behind(self):
        kinds = [self.flat, self.gradient, self.organs, self.fan, self.ribs, self.trabeculae]
        if len(self.scans):
            kinds += [self.scan] * 4
        draw = lambda: kinds[self.rng.integers(len(kinds))]()
        image = draw()
        if self.rng.random() < 0.2:
            mask = (self.noise(self.log(8, 60)) > self.rng.uniform(-1, 1)).astype(np.float32)
            image = image * mask + draw() * (1 - mask)
        if self.rng.random() < 0.15:
            # The edge of the picture, or of a window on a screen.
            at, value = int(self.rng.integers(20, SIZE - 20)), float(self.rng.choice([0, 0, self.rng.uniform(0, 1)]))
            part = [np.s_[:at], np.s_[at:], np.s_[:, :at], np.s_[:, at:]][self.rng.integers(4)]
            image[part] = value
        return np.ascontiguousarray(np.clip(image, 0, 1), dtype=np.float32)

    def drawn(self, image):
        """What is drawn into images and is no text: rulers, graphs, arrows, crosses, boxes, dots, bars, side markers."""
        rng = self.rng
        value = float(rng.choice([1.0, 0.0, rng.uniform(0, 1)]))
        at = lambda: tuple(int(v) for v in rng.integers(0, SIZE, 2))
        thick = int(rng.choice([1, 1, 2, 3]))
        kind = rng.integers(9)
        if kind == 0:
            for _ in range(rng.integers(1, 5)):
                cv2.line(image, at(), at(), value, thick, cv2.LINE_AA)
        elif kind == 1:
            x, y, step, length = rng.integers(5, SIZE - 5), rng.integers(0, 60), rng.integers(4, 30), rng.integers(3, 14)
            ruler = np.zeros_like(image)
            for n in range(rng.integers(4, 40)):
                cv2.line(ruler, (int(x), int(y + n * step)), (int(x + length * (2 if n % 5 == 0 else 1)), int(y + n * step)), 1.0, thick)
            if rng.random() < 0.6:
                cv2.line(ruler, (int(x), int(y)), (int(x), SIZE), 1.0, thick)
            ruler = ruler.T if rng.random() < 0.5 else ruler
            image[ruler > 0] = value
        elif kind == 2:
            steps = np.cumsum(rng.standard_normal(SIZE)) * rng.uniform(0.3, 6)
            points = np.stack([np.arange(SIZE), rng.integers(0, SIZE) + steps - steps.mean()], 1)
            cv2.polylines(image, [points.astype(np.int32)], False, value, thick, cv2.LINE_AA)
        elif kind == 3:
            cv2.arrowedLine(image, at(), at(), value, thick, cv2.LINE_AA, tipLength=0.2)
        elif kind == 4:
            (x, y), arm = at(), int(rng.integers(3, 12))
            for _ in range(rng.integers(1, 6)):
                cv2.line(image, (x - arm, y), (x + arm, y), value, thick)
                cv2.line(image, (x, y - arm), (x, y + arm), value, thick)
                x, y = at()
        elif kind == 5:
            for _ in range(rng.integers(1, 4)):
                (x, y), (w, h) = at(), rng.integers(6, 120, 2)
                cv2.rectangle(image, (x, y), (int(x + w), int(y + h)), value, -1 if rng.random() < 0.3 else thick)
        elif kind == 6:
            (x, y), step, radius = at(), int(rng.integers(4, 20)), int(rng.integers(1, 5))
            for n in range(rng.integers(3, 20)):
                cv2.circle(image, (x + n * step, y), radius, value, -1 if rng.random() < 0.7 else 1, cv2.LINE_AA)
        elif kind == 7:
            x, y, w = int(rng.integers(0, SIZE - 30)), int(rng.integers(0, 100)), int(rng.integers(6, 25))
            h = int(rng.integers(40, SIZE - y))
            image[y:y + h, x:x + w] = np.linspace(1, 0, image[y:y + h, x:x + w].shape[0], dtype=np.float32)[:, None]
        else:
            for _ in range(rng.integers(1, 4)):
                cv2.circle(image, at(), int(self.log(2, 60)), value, thick, cv2.LINE_AA)

    # Text

    def font(self, path, size):
        key = (path, size)
        if key not in self.loaded:
            if len(self.loaded) > 4000:
                self.loaded.clear()
            self.loaded[key] = ImageFont.truetype(path, size)
        return self.loaded[key]

    def words(self):
        """A string, and whether a Chinese font must draw it."""
        rng = self.rng
        pick = lambda of: of[rng.integers(len(of))]
        name = lambda: "".join(pick(SYLLABLES) for _ in range(rng.integers(1, 4)))
        cased = lambda text: [text.upper(), text.title(), text.lower()][rng.integers(3)]
        date = lambda: f"{rng.integers(1920, 2030)}{{0}}{rng.integers(1, 13):02}{{0}}{rng.integers(1, 29):02}".format(pick(["-", "/", ".", ""]))
        number = lambda: str(rng.integers(10 ** rng.integers(1, 9)))
        chinese = lambda: pick(SURNAMES) + "".join(pick(CHINESE) for _ in range(rng.integers(1, 3)))
        several = lambda low, high: "".join(pick(CHINESE) for _ in range(rng.integers(low, high)))
        return [
            lambda: (cased(name()), False), lambda: (cased(name() + " " + name()), False),
            lambda: (cased(name()) + pick(["^", ", ", ",", "-"]) + cased(name()), False), lambda: (date(), False),
            lambda: (number(), False), lambda: (f"{rng.integers(24):02}:{rng.integers(60):02}:{rng.integers(60):02}", False),
            lambda: (" ".join(pick(WORDS) for _ in range(rng.integers(1, 5))), False),
            lambda: (pick(WORDS) + pick([": ", ":", " ", "="]) + pick([number(), date(), cased(name())]), False),
            lambda: ("".join(pick(ASCII) for _ in range(rng.integers(2, 16))), False),
            lambda: (f"{number()}{pick(['mm', 'cm', 'Y', '%', 'Hz', 'kV'])} {pick('MFW')} {number()}", False),
            lambda: (chinese(), True), lambda: (pick(LABELS) + pick([":", "：", " "]) + pick([chinese(), number(), date()]), True),
            lambda: (several(2, 9), True), lambda: (f"{chinese()} {pick('男女')} {rng.integers(99)}岁", True),
            lambda: (several(1, 4) + number(), True),
        ][rng.integers(15)]()

    def cover(self, size, lone=False):
        """How far the glyphs of a line cover the pixels of a tight array, 0 to 1; None where they would not fit."""
        rng = self.rng
        text, chinese = self.words()
        if lone:
            text, chinese = "LRABFHPSTUVI+XO"[rng.integers(15)], False
        if not chinese and rng.random() < 0.12:
            plain = "".join(c for c in text if ord(c) < 127)
            face = int(rng.integers(0, 8))
            scale, thick = size / 30.0, int(rng.choice([1, 1, 2])) if size > 14 else 1
            (w, h), base = cv2.getTextSize(plain, face, scale, thick)
            if w > 2 * SIZE:
                return None
            image = np.zeros((h + base + 8, w + 8), np.uint8)
            cv2.putText(image, plain, (4, h + 4), face, scale, 255, thick, cv2.LINE_AA if rng.random() < 0.6 else cv2.LINE_8)
        else:
            of = self.chinese if chinese or rng.random() < 0.15 or not self.latin else self.latin
            font = self.font(of[rng.integers(len(of))], size)
            left, top, right, bottom = font.getbbox(text)
            if right - left > 2 * SIZE or right - left < 2:
                return None
            image = Image.new("L", (int(right - left) + 8, int(bottom - top) + 8), 0)
            draw = ImageDraw.Draw(image)
            draw.fontmode = "1" if rng.random() < 0.2 else "L"
            draw.text((4 - left, 4 - top), text, fill=255, font=font)
            image = np.asarray(image)
        rows, columns = np.flatnonzero(image.max(1)), np.flatnonzero(image.max(0))
        if len(rows) < 4 or len(columns) < 3:
            return None
        tight = image[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1].astype(np.float32) / 255
        return cv2.resize(tight, (tight.shape[1] * 2, tight.shape[0] * 2), interpolation=cv2.INTER_NEAREST) \
            if size < 12 and rng.random() < 0.1 else tight

    def turned(self, cover, angle):
        if angle == 0:
            return cover, np.ones_like(cover)
        if angle % 90 == 0:
            return np.rot90(cover, angle // 90), np.ones_like(np.rot90(cover, angle // 90))
        h, w = cover.shape
        matrix = cv2.getRotationMatrix2D((w / 2, h / 2), angle, 1)
        c, s = abs(matrix[0, 0]), abs(matrix[0, 1])
        size = (int(h * s + w * c) + 2, int(h * c + w * s) + 2)
        matrix[:, 2] += np.array(size) / 2 - (w / 2, h / 2)
        return cv2.warpAffine(cover, matrix, size), (cv2.warpAffine(np.ones_like(cover), matrix, size) > 0.5).astype(np.float32)

    def put(self, image, cover, at, value, style):
        """Draws a cover at (column, row); what lies outside is cut off."""
        h, w = cover.shape
        x0, y0 = max(0, at[0]), max(0, at[1])
        x1, y1 = min(SIZE, at[0] + w), min(SIZE, at[1] + h)
        if x1 - x0 < 3 or y1 - y0 < 3:
            return
        room = (slice(max(0, y0 - 2), min(SIZE, y1 + 2)), slice(max(0, x0 - 2), min(SIZE, x1 + 2)))
        part = image[room]
        full = np.zeros(part.shape, np.float32)
        top, left = y0 - room[0].start, x0 - room[1].start
        full[top:top + y1 - y0, left:left + x1 - x0] = cover[y0 - at[1]:y1 - at[1], x0 - at[0]:x1 - at[0]]
        if style == "outline":
            ring = cv2.dilate(full, np.ones((3, 3), np.uint8))
            part[:] = part * (1 - ring) + (1.0 - value) * ring
        elif style == "shadow":
            shade = np.roll(full, (1, 1), (0, 1))
            part[:] = part * (1 - shade) + (0.0 if value > 0.5 else 1.0) * shade
        elif style == "box":
            part[:] = 0.0 if value > 0.5 else 1.0
        elif style == "veil":
            part[:] = part * 0.5 + (0.0 if value > 0.5 else 0.5)
        part[:] = part * (1 - full) + value * full

    def block(self, image, truth, doubt, zoom):
        """Some lines below each other in one style. `zoom`: how much smaller all will become."""
        rng = self.rng
        low, high = [(7.5, 14), (7.5, 40), (40, 64)][rng.choice(3, p=[0.4, 0.55, 0.05])]
        size = int(round(self.log(low, high) * zoom))
        if zoom > 1 and rng.random() < 0.5:
            # What becomes too small to be read: a look at full size has found it.
            size = int(rng.integers(6, 7 * zoom))
        at = [int(rng.integers(-40, SIZE - 20)), int(rng.integers(-4, SIZE - 8))]
        angle = int(rng.choice([0, 90, 270, 180, 1], p=[0.74, 0.07, 0.07, 0.02, 0.1]))
        if angle == 1:
            angle = float(rng.uniform(-25, 25))
        style = str(rng.choice(["plain", "plain", "plain", "outline", "shadow", "box", "veil"]))
        step, up, white = self.log(0.08, 1.0), rng.random() < 0.7, rng.random() < 0.35
        value = None
        for _ in range(rng.integers(1, 6)):
            cover = self.cover(size)
            if cover is None:
                continue
            cover, place = self.turned(cover, angle)
            h, w = cover.shape
            x0, y0, x1, y1 = max(0, at[0]), max(0, at[1]), min(SIZE, at[0] + w), min(SIZE, at[1] + h)
            if x1 - x0 < 6 or y1 - y0 < 5:
                break
            near = image[max(0, y0 - 3):y1 + 3, max(0, x0 - 6):x1 + 6]
            cells = np.s_[y0:y1, x0:x1]
            if truth[cells].any() or doubt[cells].any():
                break
            around, spread = float(np.median(near)), float(near.std())
            if value is None or rng.random() < 0.2:
                need = max(step, rng.uniform(2.2, 5) * spread)
                value = 1.0 if white else float(np.clip(around + (need if up else -need), 0, 1))
            sharp = style in ("outline", "box") and 1 or abs(value - around)
            if sharp < max(0.05, 2.0 * spread):
                break
            if style == "box" and rng.random() < 0.7:
                value = float(rng.choice([0.0, 1.0, value]))
            self.put(image, cover, at, value, style)
            shown = place[y0 - at[1]:y1 - at[1], x0 - at[0]:x1 - at[0]]
            # A line of which only a sliver is in view, very large letters: whatever is answered there is right.
            unsure = size > 40 * zoom or min(x1 - x0, y1 - y0) < 0.6 * min(w, h) or (x1 - x0) * (y1 - y0) < 60
            unsure |= 5 * zoom <= size < 7 * zoom
            if size >= 5 * zoom:
                target = doubt if unsure else truth
                target[cells] = np.maximum(target[cells], shown)
            if angle in (90, 270):
                at[0] = x1 + int(rng.integers(1, 12))
            else:
                at[1] = y1 + int(rng.integers(1, 12))
                at[0] += int(rng.integers(-3, 4)) if rng.random() < 0.2 else 0

    def picture(self, zoom=1):
        """An image (SIZE × SIZE, 0 to 1), where text is, and where it does not matter."""
        rng = self.rng
        image = self.behind()
        for _ in range(rng.integers(0, 4) if rng.random() < 0.4 else 0):
            self.drawn(image)
        truth, doubt = np.zeros((SIZE, SIZE), np.float32), np.zeros((SIZE, SIZE), np.float32)
        if rng.random() < 0.72:
            for _ in range(rng.integers(1, 5)):
                self.block(image, truth, doubt, zoom)
        if rng.random() < 0.2:
            for _ in range(rng.integers(1, 3)):
                cover = self.cover(int(self.log(9, 60)), lone=True)
                if cover is None:
                    continue
                h, w = cover.shape
                x, y = int(rng.integers(2, max(3, SIZE - w))), int(rng.integers(2, max(3, SIZE - h)))
                # A letter beside other text belongs to it.
                if not truth[max(0, y - 2 * h):y + 3 * h, max(0, x - 3 * h):x + w + 3 * h].any():
                    self.put(image, cover, (x, y), float(rng.choice([1.0, 0.0, rng.uniform(0, 1)])), "plain")
        return image, truth, doubt

    def smaller(self, times):
        """Pictures, each so many times smaller, beside each other: what an image becomes when it is halved again and again.

        Where many are needed most of them have been used before, in other places.
        """
        side, old = SIZE // times, self.small.setdefault(times, [])
        shrunk = lambda image: cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
        old += [[shrunk(image) for image in self.picture(times)] for _ in range(4)]
        del old[:-200]
        parts = old[-4:] + [old[self.rng.integers(len(old))] for _ in range(times * times - 4)]
        self.rng.shuffle(parts)
        rows = [parts[n:n + times] for n in range(0, times * times, times)]
        return [np.vstack([np.hstack([part[n] for part in row]) for row in rows]) for n in range(3)]

    def patch(self):
        """A patch (SIZE × SIZE, 0 to 1) and its answer (cells, uint8: hundredths of text in each, or IGNORED)."""
        rng = self.rng
        times = int(rng.choice([1, 2, 4], p=[0.78, 0.14, 0.08]))
        image, truth, doubt = self.picture() if times == 1 else self.smaller(times)
        if rng.random() < 0.2:
            image = image + self.log(0.002, 0.03) * self.noise(0)
        if rng.random() < 0.25:
            image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.9))
        image = np.clip(image, 0, 1) ** (self.log(0.5, 2) if rng.random() < 0.3 else 1)
        if rng.random() < 0.25:
            quality = [int(cv2.IMWRITE_JPEG_QUALITY), int(rng.integers(35, 97))]
            image = cv2.imdecode(cv2.imencode(".jpg", (image * 255).astype(np.uint8), quality)[1], 0).astype(np.float32) / 255
        if rng.random() < 0.3:
            image = 1 - image
        side = SIZE // CELL
        share = cv2.resize(truth, (side, side), interpolation=cv2.INTER_AREA)
        answer = np.round(share * 100).astype(np.uint8)
        answer[(cv2.resize(doubt, (side, side), interpolation=cv2.INTER_AREA) > 0) & (share < 0.5)] = IGNORED
        return image.astype(np.float32), answer
