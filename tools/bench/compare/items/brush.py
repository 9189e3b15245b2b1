"""200 dabs of a brush of 10 mm on 512³ voxels of 0.7 mm with undo and redo, against numpy on boxes with copies for undo."""
import numpy as np

SIZE, SPACING, RADIUS, DABS = 512, 0.7, 10.0, 200


def candidates(inputs):
    def boxes():
        labels = np.zeros((SIZE,) * 3, np.uint8)
        places = np.random.default_rng(1).uniform(0, SIZE, (DABS, 3))
        reach = int(RADIUS / SPACING) + 1
        turns = []

        def run():
            painted = 0
            # Other labels each time, so that there is something to change.
            turns.append(None)
            for number, place in enumerate(places):
                low = np.maximum(np.ceil(place - reach), 0).astype(int)
                high = np.minimum(np.floor(place + reach) + 1, SIZE).astype(int)
                box = tuple(slice(a, b) for a, b in zip(low, high))
                squared = sum(
                    ((np.arange(a, b) - x) * SPACING).reshape([-1 if n == axis else 1 for n in range(3)]) ** 2
                    for axis, (a, b, x) in enumerate(zip(low, high, place))
                )
                label = (number + 7 * len(turns)) % 120
                before = labels[box].copy()
                change = (squared <= RADIUS**2) & (before != label)
                labels[box][change] = label
                after = labels[box].copy()
                labels[box] = before
                labels[box] = after
                painted += int(np.count_nonzero(change))
            return painted

        return run, lambda painted: {"painted": painted}

    size, spacing = ",".join([str(SIZE)] * 3), ",".join([str(SPACING)] * 3)
    ours = ["brush", "--size", size, "--spacing", spacing, "--param", f"radius={RADIUS}", "--param", f"dabs={DABS}"]
    return ours, None, {"numpy, a copy of each box": boxes}
