#!/usr/bin/env python3
"""Fit the network that finds text burned into images, and write it as ONNX.

  train.py --fonts FOLDER --out FOLDER [--scans FILE.npz] [--minutes 6] [--workers N] [--seed 1] [--from STATE] [--export-only]

FOLDER of fonts: TrueType files; those whose names begin with zh are drawn with Chinese. FILE.npz: two-dimensional arrays of
slices without text. Patches are drawn by worker processes all the while (images.py) into a pool from which batches are taken.
Writes burned_in.onnx (theatron's is meshing/segment/src/burned_in/text.onnx), state.pt (to go on from), and prints how much text
is found on patches that were not used. A patch of the pool takes 200 KB.

The weights in the tree were fitted on one busy core: --minutes 62 --batch 16 --pool 5000 --rate 2e-3 --workers 1; from that
state --minutes 27 --pool 6000 --rate 1.5e-3 --seed 2 with more small text and images that were halved; from that --minutes 85
--seed 3 (22,000 steps) with images that were halved twice and 633 fonts, some of dots. Slices of a chest CT, an MR of a head and
CT, MR and PET of a thigh served as --scans. Needs torch, numpy, opencv-python-headless, Pillow, onnx.
"""
import argparse
import multiprocessing as mp
import os
import sys
import time

import numpy as np

import images

STEP = 31.75
"""Steps of a normalised value that are kept apart in the pool."""


def network():
    import torch
    from torch import nn

    def conv(a, b, stride=1, side=3):
        return nn.Sequential(nn.Conv2d(a, b, side, stride, (side - stride + 1) // 2, bias=False), nn.BatchNorm2d(b), nn.ReLU())

    class Net(nn.Module):
        """Cells of 4 × 4 pixels: a pyramid of features down to 1/32, added up again on the way back."""

        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(conv(len(images.WINDOWS), 32, 4, 8), conv(32, 32), conv(32, 32))
            self.s8 = nn.Sequential(conv(32, 48, 2), conv(48, 48), conv(48, 48))
            self.s16 = nn.Sequential(conv(48, 64, 2), conv(64, 64), conv(64, 64))
            self.s32 = nn.Sequential(conv(64, 64, 2), conv(64, 64), conv(64, 64))
            self.l32, self.l16 = nn.Conv2d(64, 48, 1), nn.Conv2d(64, 48, 1)
            self.l8, self.m8 = nn.Conv2d(48, 48, 1), conv(48, 48)
            self.d8, self.l4 = nn.Conv2d(48, 32, 1), nn.Conv2d(32, 32, 1)
            self.m4, self.head = conv(32, 32), nn.Conv2d(32, 1, 1)
            self.up = nn.Upsample(scale_factor=2, mode="nearest")

        def forward(self, x):
            a = self.stem(x)
            b = self.s8(a)
            c = self.s16(b)
            d = self.s32(c)
            y = self.l16(c) + self.up(self.l32(d))
            y = self.m8(self.l8(b) + self.up(y))
            y = self.m4(self.l4(a) + self.up(self.d8(y)))
            return self.head(y)

    return Net()


def sample(painter):
    """What the network sees of a new patch, in steps, and the answer."""
    image, answer = painter.patch()
    return np.round(images.normalised(image) * STEP).astype(np.int8), answer


def draw(number, seed, fonts, scans, pool, answers, drawn, first, last):
    """Fills the pool from `first` to `last`, over and over."""
    painter = images.Painter([seed, number], fonts, scans)
    at = first
    while True:
        pool[at], answers[at] = sample(painter)
        drawn[number] += 1
        at = first if at + 1 == last else at + 1


def shared(shape, kind):
    raw = mp.RawArray("B", int(np.prod(shape)) * np.dtype(kind).itemsize)
    return np.frombuffer(raw, kind).reshape(shape)


def main():
    import torch
    import torch.nn.functional as f

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fonts", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--scans")
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batch", type=int, default=192)
    parser.add_argument("--pool", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--from", dest="start")
    parser.add_argument("--threads", type=int, default=1, help="of the network, where there is no GPU")
    parser.add_argument("--export-only", action="store_true")
    arguments = parser.parse_args()
    began = time.time()
    os.makedirs(arguments.out, exist_ok=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    net = network()
    if arguments.start:
        net.load_state_dict(torch.load(arguments.start, map_location="cpu"))
    if arguments.export_only:
        return export(net, arguments.out)
    scans = list(np.load(arguments.scans).values()) if arguments.scans else []
    side = images.SIZE // images.CELL
    count = arguments.pool // arguments.workers * arguments.workers
    pool = shared((count, len(images.WINDOWS), images.SIZE, images.SIZE), np.int8)
    answers = shared((count, side, side), np.uint8)
    drawn = shared((arguments.workers,), np.int64)
    share = count // arguments.workers
    context = mp.get_context("fork")
    workers = [context.Process(target=draw, daemon=True, args=(
        n, arguments.seed, arguments.fonts, scans, pool, answers, drawn, n * share, (n + 1) * share))
        for n in range(arguments.workers)]
    [worker.start() for worker in workers]
    judge = images.Painter([arguments.seed, 10**6], arguments.fonts, scans)
    kept = [sample(judge) for _ in range(600 if device == "cuda" else 100)]
    held = torch.tensor(np.stack([k[0] for k in kept]))
    truth = torch.tensor(np.stack([k[1] for k in kept]))[:, None]

    net = net.to(device, memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(net.parameters(), arguments.rate, weight_decay=1e-3)
    averaged = torch.optim.swa_utils.AveragedModel(net, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.998),
                                                   use_buffers=True)
    rng = np.random.default_rng(arguments.seed)
    end, steps, told = began + arguments.minutes * 60, 0, time.time()
    while time.time() < end:
        ready = np.minimum(drawn, share)
        if ready.min() < 8:
            time.sleep(0.05)
            continue
        done = (time.time() - began) / (end - began)
        rate = arguments.rate * min(1, steps / 200) * max(0.01, 0.5 + 0.5 * np.cos(np.pi * min(1, done)))
        optimiser.param_groups[0]["lr"] = rate
        of = rng.integers(0, arguments.workers, arguments.batch)
        at = of * share + (rng.random(arguments.batch) * ready[of]).astype(int)
        image = (torch.from_numpy(pool[at]).to(device).float() / STEP).to(memory_format=torch.channels_last)
        answer = torch.from_numpy(answers[at]).to(device)[:, None]
        if rng.random() < 0.5:
            image = -image
        with torch.autocast(device, torch.bfloat16):
            logit = net(image)
        logit = logit.float()
        target = (answer.float() / 50).clamp(0, 1)
        counts = (answer != images.IGNORED).float()
        # A missed cell costs four times what one too many costs; hard cells count more than easy ones.
        chance = torch.sigmoid(logit)
        weight = counts * (1 + 3 * target) * (0.1 + (chance - target).abs())
        loss = (f.binary_cross_entropy_with_logits(logit, target, reduction="none") * weight).sum() / counts.sum()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        averaged.update_parameters(net)
        steps += 1
        if time.time() - told > (20 if device == "cuda" else 180):
            told = time.time()
            torch.save(averaged.module.state_dict(), os.path.join(arguments.out, "state.pt"))
            print(f"{told - began:.0f} s, step {steps}, {int(drawn.sum())} drawn, loss {loss.item():.4f}", flush=True)
            print("  " + report(averaged.module, held, truth, device), flush=True)
    [worker.terminate() for worker in workers]
    net = averaged.module.cpu().float().eval()
    torch.save(net.state_dict(), os.path.join(arguments.out, "state.pt"))
    print(f"{steps} steps, {int(drawn.sum())} patches drawn on {device}")
    print(report(net, held, truth, "cpu"))
    export(net, arguments.out)
    os._exit(0)


def report(net, held, truth, device):
    """Of cells that are text, those found; of cells without, those taken for text; at some bounds."""
    import torch

    net.eval()
    with torch.no_grad():
        chance = torch.cat([torch.sigmoid(net(part.to(device).float() / STEP)).cpu() for part in held.split(50)])
    text, empty = (truth >= 50) & (truth <= 100), truth == 0
    return "; ".join(f"{bound}: {100 * (chance[text] > bound).float().mean():.2f} % found, "
                     f"{100 * (chance[empty] > bound).float().mean():.3f} % in vain" for bound in (0.1, 0.3, 0.5, 0.7, 0.9))


def export(net, folder):
    import torch

    net = net.cpu().float().eval()
    torch.onnx.export(net, torch.zeros(1, len(images.WINDOWS), 256, 256), os.path.join(folder, "burned_in.onnx"), opset_version=13,
                      input_names=["image"], output_names=["text"], dynamo=False,
                      dynamic_axes={"image": {2: "rows", 3: "columns"}, "text": {2: "cell_rows", 3: "cell_columns"}})


if __name__ == "__main__":
    sys.exit(main())
