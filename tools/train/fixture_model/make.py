#!/usr/bin/env python3
"""Make the test model: assets/models/fixture.onnx, and print its SHA-256 for the card beside it.

  make.py --out assets/models/fixture.onnx [--seed 1]

No training: two convolutions whose answer is known. Label 1 is what is brighter than 170 HU; label 2 is what is darker than
-230 HU, *moved* by one voxel to the right, two to the front and three down (the axes of the card's RAS image grow to the right,
the front and the head). A slip of orientation, axis order, crop or resampling moves these labels by a known amount. Between the
convolutions the channels are mixed by a random matrix and its inverse, so that a slip of channels shows as well.

Test model, not for patients. Needs numpy and onnx.
"""
import argparse
import hashlib

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

MEAN, STD = 0.0, 500.0
"""Of the card's clip_zscore."""


def model(seed):
    rng = np.random.default_rng(seed)
    # Background, label 1, label 2; the kernel reaches 3 voxels along z, 2 along y, 1 along x.
    taps = np.zeros((3, 1, 7, 5, 3))
    taps[1, 0, 3, 2, 1] = STD
    # The answer at a voxel is what lies 3 above, 2 behind and 1 to its left: the label lies below, in front and to the right.
    taps[2, 0, 3 + 3, 2 - 2, 1 - 1] = -40 * STD
    bias = np.array([0.0, MEAN - 170.0, -40 * (MEAN + 230.0)])
    mix, _ = np.linalg.qr(rng.normal(size=(8, 8)))
    mix = mix[:, :3]
    first = np.einsum("oc,cidhw->oidhw", mix, taps)
    second = mix.T.reshape(3, 8, 1, 1, 1)

    def constant(name, values):
        return numpy_helper.from_array(np.asarray(values, np.float32), name)

    nodes = [
        helper.make_node("Conv", ["image", "w1", "b1"], ["mixed"], kernel_shape=[7, 5, 3], pads=[3, 2, 1, 3, 2, 1]),
        helper.make_node("Conv", ["mixed", "w2"], ["logits"], kernel_shape=[1, 1, 1]),
    ]
    graph = helper.make_graph(
        nodes,
        "test model, not for patients",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, "d", "h", "w"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 3, "d", "h", "w"])],
        [constant("w1", first), constant("b1", mix @ bias), constant("w2", second)],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="theatron")
    checker.check_model(made, full_check=True)
    return made.SerializeToString(deterministic=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    made = model(options.seed)
    with open(options.out, "wb") as file:
        file.write(made)
    print(len(made), "bytes, sha256", hashlib.sha256(made).hexdigest())


main()
