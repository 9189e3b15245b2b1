#!/usr/bin/env python3
"""Run a model by its card with nnU-Net v2 or MONAI, and compare our labels with theirs.

  models_vs_peers.py CARD.toml IMAGE OUR_LABELS [--agree 0.999]

Ours comes from `cargo run -p meshing_segment --example run_model -- CARD.toml IMAGE --out OUR_LABELS`. A card that aligns faces
is run with nnU-Net's own functions: resampling, weights, where patches begin, intensities as its normalisation schemes. A card
that aligns centres is run with MONAI's Orientation, Spacing, ScaleIntensityRange, sliding_window_inference and their inverses.
ONNX Runtime runs the network. Prints Dice of each label and how many voxels differ; exit 1 if fewer agree than --agree.

Cards of one channel with argmax; for nnU-Net crop none or nonzero and constant padding, for MONAI axis_order xyz, crop none,
window01 or clip_zscore, probabilities and order 1. Needs numpy, scipy, nibabel, SimpleITK, onnxruntime, torch, nnunetv2
(batchgenerators, acvl-utils, scikit-image, pandas) or monai.
"""
import argparse
import itertools
import os
import sys
import tomllib

import nibabel
import numpy as np
import onnxruntime
import SimpleITK
from scipy.ndimage import binary_fill_holes


def load(path):
    """Values indexed [i, j, k] and the affine to RAS mm."""
    image = SimpleITK.ReadImage(path)
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return SimpleITK.GetArrayFromImage(image).transpose(2, 1, 0), np.diag([-1, -1, 1, 1.0]) @ affine


def network(card, folder):
    session = onnxruntime.InferenceSession(os.path.join(folder, card["file"]), providers=["CPUExecutionProvider"])
    outputs = [card["input"]["output"]] if "output" in card["input"] else None
    return lambda patch: session.run(outputs, {session.get_inputs()[0].name: patch})[0]


def choose(card, channels):
    table = np.zeros(len(channels), np.uint8)
    for label in card["labels"]:
        table[label.get("channel", label["value"])] = label["value"]
    return table[np.argmax(channels, 0)]


def intensity(data, how):
    """nnU-Net's default_normalization_schemes.py."""
    kind = how["kind"]
    if kind == "clip_zscore":
        return (np.clip(data, how["low"], how["high"]) - how["mean"]) / max(how["std"], 1e-8)
    if kind == "window01":
        return np.clip((data - how["low"]) / (how["high"] - how["low"]), 0, 1)
    if kind == "zscore":
        return (data - data.mean()) / max(data.std(), 1e-8)
    if kind == "zscore_nonzero":
        mask = binary_fill_holes(data != 0)
        data = data.copy()
        data[mask] = (data[mask] - data[mask].mean()) / max(data[mask].std(), 1e-8)
    return data


def nnunet(card, values, affine, run):
    import torch
    from nnunetv2.inference.sliding_window_prediction import compute_gaussian, compute_steps_for_sliding_window
    from nnunetv2.preprocessing.resampling.default_resampling import compute_new_shape, resample_data_or_seg_to_shape

    order = ["xyz".index(letter) for letter in card["input"]["axis_order"]]
    target = nibabel.orientations.axcodes2ornt(tuple(card["input"]["orientation"]))
    turn = nibabel.orientations.ornt_transform(nibabel.io_orientation(affine), target)
    turned = nibabel.orientations.apply_orientation(values, turn)
    mm = np.linalg.norm((affine @ nibabel.orientations.inv_ornt_aff(turn, values.shape))[:3, :3], axis=0)[order]
    image = turned.transpose(order).astype(np.float32)
    wanted = card["input"]["spacing_mm"]
    wanted = mm if wanted == "native" else np.array(wanted)[order]
    box = tuple(slice(0, n) for n in image.shape)
    if card.get("crop", {}).get("kind", "none") == "nonzero":
        found = np.argwhere(image != 0)
        box = tuple(slice(a, b + 1) for a, b in zip(found.min(0), found.max(0)))
    part = intensity(image[box], card["channels"][0]["intensity"])
    how = {"image_order": 3, "aniso_threshold": 3.0, "order_z": 0, "output_order": 1} | card.get("resample", {})
    options = {"order_z": how["order_z"], "force_separate_z": None, "separate_z_anisotropy_threshold": how["aniso_threshold"]}
    shape = np.maximum(compute_new_shape(part.shape, mm, wanted), 1)
    model = resample_data_or_seg_to_shape(part[None], shape, mm, wanted, order=how["image_order"], **options)[0]

    tiles = card["tiles"]
    patch, axes = tuple(tiles["patch"]), tiles.get("mirror_axes", [])
    short = [max(p - n, 0) for p, n in zip(patch, model.shape)]
    around = [(s // 2, s - s // 2) for s in short]
    padded = np.pad(model, around, constant_values=tiles.get("pad", {}).get("value", 0.0)).astype(np.float32)
    weight = np.ones(patch, np.float32)
    if tiles.get("weight", {"kind": "gaussian"})["kind"] == "gaussian":
        sigma = tiles.get("weight", {}).get("sigma", 0.125)
        weight = compute_gaussian(patch, sigma, 1, torch.float32, torch.device("cpu")).numpy()
    steps = compute_steps_for_sliding_window(padded.shape, patch, tiles.get("step", 0.5))
    ways = [way for n in range(len(axes) + 1) for way in itertools.combinations(axes, n)]
    total, count = 0, np.zeros(padded.shape, np.float32)
    for at in itertools.product(*steps):
        place = tuple(slice(a, a + p) for a, p in zip(at, patch))
        answer = 0
        for way in ways:
            made = run(np.flip(padded[place], way)[None, None].copy())[0]
            answer = answer + np.flip(made, [axis + 1 for axis in way]) / len(ways)
        if np.isscalar(total):
            total = np.zeros((answer.shape[0], *padded.shape), np.float32)
        total[(slice(None), *place)] += answer * weight
        count[place] += weight
    inner = tuple(slice(b, b + n) for (b, _), n in zip(around, model.shape))
    logits = (total / count)[(slice(None), *inner)]
    native = resample_data_or_seg_to_shape(logits, part.shape, wanted, mm, order=how["output_order"], **options)
    labels = np.zeros(image.shape, np.uint8)
    labels[box] = choose(card, native)
    back = nibabel.orientations.ornt_transform(target, nibabel.io_orientation(affine))
    return nibabel.orientations.apply_orientation(labels.transpose(np.argsort(order)), back)


def monai(card, values, affine, run):
    import torch
    from monai.data import MetaTensor
    from monai.inferers import sliding_window_inference
    from monai.transforms import Orientation, ScaleIntensityRange, Spacing

    turn = Orientation(axcodes=card["input"]["orientation"])
    space = Spacing(pixdim=card["input"]["spacing_mm"], mode="bilinear")
    image = space(turn(MetaTensor(torch.as_tensor(values[None].astype(np.float32)), affine=torch.as_tensor(affine))))
    operations = image.applied_operations
    how = card["channels"][0]["intensity"]
    if how["kind"] == "window01":
        image = ScaleIntensityRange(how["low"], how["high"], 0.0, 1.0, clip=True)(image)
    else:
        image = (image.clamp(how["low"], how["high"]) - how["mean"]) / how["std"]
    tiles = card["tiles"]
    weight = tiles.get("weight", {"kind": "constant"})
    logits = sliding_window_inference(
        image[None], tiles["patch"], 1, lambda patch: torch.as_tensor(run(patch.numpy())), overlap=1 - tiles.get("step", 0.5),
        mode="constant" if weight["kind"] == "constant" else "gaussian", sigma_scale=weight.get("sigma", 0.125),
        padding_mode="constant", cval=tiles.get("pad", {}).get("value", 0.0))[0]
    chances = MetaTensor(torch.softmax(torch.as_tensor(np.asarray(logits)), 0), affine=image.affine)
    chances.applied_operations = operations
    return choose(card, turn.inverse(space.inverse(chances)).numpy())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("card")
    parser.add_argument("image")
    parser.add_argument("labels")
    parser.add_argument("--agree", type=float, default=0.999)
    options = parser.parse_args()
    with open(options.card, "rb") as file:
        card = tomllib.load(file)
    values, affine = load(options.image)
    peer = monai if card.get("resample", {}).get("align") == "centres" else nnunet
    theirs = peer(card, values, affine, network(card, os.path.dirname(options.card)))
    ours, _ = load(options.labels)
    for label in card["labels"]:
        a, b = ours == label["value"], theirs == label["value"]
        print(f"{label['name']}: ours {a.sum()}, theirs {b.sum()}, Dice {2 * (a & b).sum() / max(a.sum() + b.sum(), 1):.6f}")
    print(f"{peer.__name__}: {(ours != theirs).sum()} of {ours.size} voxels differ")
    sys.exit(int((ours == theirs).mean() < options.agree))


if __name__ == "__main__":
    main()
