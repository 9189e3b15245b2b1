#!/usr/bin/env python3
"""Run a model by its card with the pieces that nnU-Net v2 and MONAI are made of, and compare our labels with theirs.

  models_vs_nnunet.py CARD.toml IMAGE OUR_LABELS [--agree 0.999]

Ours comes from `cargo run -p meshing_segment --example run_model -- CARD.toml IMAGE --out OUR_LABELS`. Theirs: nibabel turns
the axes; with faces aligned, scikit-image's resize of order 3 and scipy's map_coordinates as in nnU-Net's
default_resampling.py, scipy's gaussian_filter for the weights; with centres aligned, scipy's affine_transform in the grid of
MONAI's Spacing; ONNX Runtime runs the network. Prints Dice of each label and the share of voxels that are the same; exit 1
if that is under --agree. Cards with one channel, crop none or nonzero, constant padding and softmax.

Needs numpy, scipy, scikit-image, nibabel, SimpleITK, onnxruntime.
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
from scipy.ndimage import affine_transform, binary_fill_holes, gaussian_filter, map_coordinates
from skimage.transform import resize


def load(path):
    """Values indexed [i, j, k] and the affine to RAS mm."""
    image = SimpleITK.ReadImage(path)
    affine = np.eye(4)
    affine[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) * np.array(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return SimpleITK.GetArrayFromImage(image).transpose(2, 1, 0), np.diag([-1, -1, 1, 1.0]) @ affine


def separate(current, new, threshold):
    """nnU-Net's determine_do_sep_z_and_axis."""
    for spacing in (current, new):
        if max(spacing) / min(spacing) > threshold:
            wide = np.where(max(spacing) / np.array(spacing) == 1)[0]
            return int(wide[0]) if len(wide) == 1 else None
    return None


def nnunet_resample(data, shape, axis, order, order_z):
    """nnU-Net's resample_data_or_seg for images and logits."""
    options = {"order": order, "mode": "edge", "anti_aliasing": False}
    if tuple(data.shape) == tuple(shape):
        return data
    data = data.astype(float)
    if axis is None:
        return resize(data, shape, **options)
    plane = [n for d, n in enumerate(shape) if d != axis]
    slices = [resize(np.take(data, s, axis), plane, **options) for s in range(data.shape[axis])]
    data = np.stack(slices, axis)
    if data.shape[axis] == shape[axis]:
        return data
    grid = np.mgrid[tuple(slice(0, n) for n in shape)]
    scale = [a / b for a, b in zip(data.shape, shape)]
    return map_coordinates(data, [s * (g + 0.5) - 0.5 for s, g in zip(scale, grid)], order=order_z, mode="nearest")


def centres(data, shape, step, order):
    return affine_transform(data.astype(float), np.array(step), output_shape=tuple(shape), order=order, mode="nearest")


def intensity(data, how):
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
    return data


def weights(patch, how):
    if how["kind"] == "constant":
        return np.ones(patch, np.float32)
    if how["kind"] == "gaussian_middle":
        lines = [np.exp(-0.5 * ((np.arange(n) - (n - 1) / 2) / (how["sigma"] * n)) ** 2) for n in patch]
        made = np.einsum("d,h,w->dhw", *lines)
        return np.maximum(made, max(made.min(), 1e-3)).astype(np.float32)
    point = np.zeros(patch)
    point[tuple(n // 2 for n in patch)] = 1
    made = gaussian_filter(point, [n * how["sigma"] for n in patch], 0, mode="constant", cval=0)
    made = (made / made.max()).astype(np.float32)
    made[made == 0] = made[made != 0].min()
    return made


def starts(length, patch, step, how):
    if how == "even":
        count = int(np.ceil((length - patch) / (patch * step))) + 1
        apart = (length - patch) / (count - 1) if count > 1 else 0
        return [int(np.round(apart * n)) for n in range(count)]
    apart = patch if patch == length else max(1, int(patch * step))
    count = next(d for d in range(length) if d * apart + patch >= length) + 1
    return [min(d * apart, length - patch) for d in range(count)]


def predict(session, image, tiles, output):
    patch, step = tiles["patch"], tiles.get("step", 0.5)
    short = [max(p - n, 0) for p, n in zip(patch, image.shape)]
    around = [(s // 2, s - s // 2) for s in short]
    padded = np.pad(image, around, constant_values=tiles.get("pad", {}).get("value", 0.0)).astype(np.float32)
    weight = weights(patch, tiles.get("weight", {"kind": "gaussian", "sigma": 0.125}))
    places = [starts(n, p, step, tiles.get("starts", "even")) for n, p in zip(padded.shape, patch)]
    axes = tiles.get("mirror_axes", [])
    ways = [c for n in range(len(axes) + 1) for c in itertools.combinations(axes, n)]
    total, count = None, np.zeros(padded.shape)
    for at in itertools.product(*places):
        box = tuple(slice(a, a + p) for a, p in zip(at, patch))
        answer = 0
        for way in ways:
            given = np.flip(padded[box], way)[None, None].copy()
            made = session.run([output] if output else None, {session.get_inputs()[0].name: given})[0][0]
            answer = answer + np.flip(made, [w + 1 for w in way]) / len(ways)
        if total is None:
            total = np.zeros((answer.shape[0], *padded.shape))
        total[(slice(None), *box)] += answer * weight
        count[box] += weight
    inner = tuple(slice(b, b + n) for (b, _), n in zip(around, image.shape))
    return (total / count)[(slice(None), *inner)]


def run(card, values, affine, session):
    order = [list("xyz").index(letter) for letter in card["input"]["axis_order"]]
    target = nibabel.orientations.axcodes2ornt(tuple(card["input"]["orientation"]))
    turn = nibabel.orientations.ornt_transform(nibabel.io_orientation(affine), target)
    turned = nibabel.orientations.apply_orientation(values, turn)
    mm = np.linalg.norm((affine @ nibabel.orientations.inv_ornt_aff(turn, values.shape))[:3, :3], axis=0)
    image, mm = turned.transpose(order).astype(float), mm[order]
    wanted = card["input"]["spacing_mm"]
    wanted = mm if wanted == "native" else np.array(wanted)[order]
    box = tuple(slice(0, n) for n in image.shape)
    if card.get("crop", {}).get("kind", "none") == "nonzero":
        found = np.argwhere(image != 0)
        box = tuple(slice(a, b + 1) for a, b in zip(found.min(0), found.max(0)))
    part = image[box]
    how = {"first": "intensity", "align": "faces", "image_order": 3, "aniso_threshold": 3.0, "order_z": 0,
           "output": "logits", "output_order": 1} | card.get("resample", {})
    normal = card["channels"][0]["intensity"]
    if how["first"] == "intensity":
        part = intensity(part, normal)
    back_axis = separate(wanted, mm, how["aniso_threshold"])
    if how["align"] == "faces":
        shape = [max(1, int(round(a / b * n))) for a, b, n in zip(mm, wanted, part.shape)]
        axis = separate(mm, wanted, how["aniso_threshold"])
        model = nnunet_resample(part, shape, axis, how["image_order"], how["order_z"])
    else:
        shape = [int(np.round((n - 1) * a / b + 1)) for a, b, n in zip(mm, wanted, part.shape)]
        model = centres(part, shape, wanted / mm, how["image_order"])
    if how["first"] == "resample":
        model = intensity(model, normal)
    answer = predict(session, model, card["tiles"], card["input"].get("output"))
    if how["output"] == "prob":
        answer = np.exp(answer - answer.max(0))
        answer /= answer.sum(0)
    if how["align"] == "faces":
        native = [nnunet_resample(c, part.shape, back_axis, how["output_order"], how["order_z"]) for c in answer]
    else:
        native = [centres(c, part.shape, mm / wanted, how["output_order"]) for c in answer]
    table = np.zeros(len(native), np.uint8)
    for label in card["labels"]:
        table[label.get("channel", label["value"])] = label["value"]
    labels = np.zeros(image.shape, np.uint8)
    labels[box] = table[np.argmax(native, 0)]
    labels = labels.transpose(np.argsort(order))
    return nibabel.orientations.apply_orientation(labels, nibabel.orientations.ornt_transform(target, nibabel.io_orientation(affine)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("card")
    parser.add_argument("image")
    parser.add_argument("labels")
    parser.add_argument("--agree", type=float, default=0.999)
    options = parser.parse_args()
    with open(options.card, "rb") as file:
        card = tomllib.load(file)
    network = os.path.join(os.path.dirname(options.card), card["file"])
    session = onnxruntime.InferenceSession(network, providers=["CPUExecutionProvider"])
    values, affine = load(options.image)
    theirs = run(card, values, affine, session)
    ours, _ = load(options.labels)
    for label in card["labels"]:
        a, b = ours == label["value"], theirs == label["value"]
        print(f"{label['name']}: ours {a.sum()}, theirs {b.sum()}, Dice {2 * (a & b).sum() / max(a.sum() + b.sum(), 1):.6f}")
    agree = (ours == theirs).mean()
    print(f"{(ours != theirs).sum()} of {ours.size} voxels differ")
    sys.exit(int(agree < options.agree))


if __name__ == "__main__":
    main()
