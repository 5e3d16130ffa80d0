"""Record what the page of the story's network cannot compute while it is read: ``python tools/make_page_data.py``.

Writes two files of src/cmlp/_export/page/assets/data: half.bin, the parameters after one pass (float32, the bytes
sorted by their place in a number, compressed), and recorded.json, the map of the hill, descents and the history of
training.
"""

from __future__ import annotations

import json
import time
import zlib
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from cmlp import Network
from cmlp.datasets import load_digits28
from cmlp.story import story_network

DATA = Path(__file__).parents[1] / "src/cmlp/_export/page/assets/data"
SIZES = [784, 16, 16, 10]
# The map of the hill: its columns and rows, and half of its width and depth.
COLUMNS, WIDE, DEEP = 41, 16.836, 5.0
START, RATES, N_STEPS = (-2.0, -3.0), (0.3, 1, 3, 5, 8, 16), 60
# Batches with the learning rate that is best for each, and the hidden layers of the comparison.
RUNNERS = ((1, 0.5), (10, 1.5), (1000, 3.0), (5000, 3.0))
HIDDEN = ([], [16, 16], [128])


def main() -> None:
    """Write both files."""
    half = story_network(1)
    (DATA / "half.bin").write_bytes(packed(half.params))
    recorded = {"hill": hill(half), "history": history(), "race": race(), "hidden": hidden()}
    text = json.dumps(recorded, separators=(",", ":")).replace("],", "],\n")
    (DATA / "recorded.json").write_text(text + "\n", encoding="utf-8")


def packed(params: Any) -> bytes:
    """Return float32 numbers with all their first bytes first, compressed."""
    return zlib.compress(
        np.frombuffer(params.astype("<f4").tobytes(), np.uint8).reshape(-1, 4).T.tobytes(), 9
    )


class Hill:
    """The cost of 1,000 training images on the plane through the half-trained network and a twin of it.

    The twin has the same neurons in another order, so it gives the same answers and is as good. Between the two is a
    ridge. Across is the direction in which the slope at the half-trained network changes fastest.
    """

    def __init__(self, half: Network) -> None:
        X, y, _, _ = load_digits28()
        self.rows = X[:1000], y[:1000]
        options = {
            "loss": "squared_error",
            "input_scale": 1 / 255,
            "dtype": "float64",
            "n_threads": 1,
        }
        self.network = Network(SIZES, "logistic", output="logistic", random_state=0, **options)
        self.network.params[:] = half.params
        params = np.array(self.network.params)
        first, second, third = self.network.weights
        biases = self.network.biases
        second[:] = np.roll(np.roll(second, 12, axis=0), 12, axis=1)
        first[:], third[:] = np.roll(first, 12, axis=1), np.roll(third, 12, axis=0)
        for bias in biases[:2]:
            bias[:] = np.roll(bias, 12)
        twin = np.array(self.network.params)
        self.center = (params + twin) / 2
        self.along = (twin - params) / np.linalg.norm(twin - params)
        bend = self._steepest_bend(params)
        bend -= (bend @ self.along) * self.along
        self.across = bend / np.linalg.norm(bend)

    def cost(self, params: Any) -> float:
        """Return the cost of a point."""
        self.network.params[:] = params
        return self.network.cost(*self.rows)

    def gradient(self, params: Any) -> Any:
        """Return the gradient of a point."""
        self.network.params[:] = params
        return np.array(self.network.gradient(*self.rows).flat)

    def place(self, x: float, y: float) -> Any:
        """Return the parameters at a place of the map."""
        return self.center + x * self.along + y * self.across

    def descent(self, params: Any, rate: float, n_steps: int) -> list[Any]:
        """Return the points of a descent in all directions."""
        points = [params]
        for _ in range(n_steps):
            points.append(points[-1] - rate * self.gradient(points[-1]))
        return points

    def _steepest_bend(self, params: Any) -> Any:
        """Return the direction in which the slope changes fastest, by power iteration."""
        slope = self.gradient(params)
        direction = slope / np.linalg.norm(slope)
        for _ in range(25):
            change = self.gradient(params + 1e-3 * direction) - self.gradient(
                params - 1e-3 * direction
            )
            direction = change / np.linalg.norm(change)
        return direction


def hill(half: Network) -> dict[str, Any]:
    """Return the heights (in thousandths) of the map, and the descents in all directions from its start."""
    ground = Hill(half)
    xs, ys = (np.linspace(-end, end, COLUMNS) for end in (WIDE, DEEP))
    heights = [round(1000 * ground.cost(ground.place(x, y))) for y in ys for x in xs]
    free = {}
    for rate in RATES:
        points = ground.descent(ground.place(*START), rate, N_STEPS)
        free[rate] = [
            [
                round(float((point - ground.center) @ ground.along), 2),
                round(float((point - ground.center) @ ground.across), 2),
                round(ground.cost(point), 3),
            ]
            for point in points
        ]
    return {"wide": WIDE, "deep": DEEP, "start": START, "heights": heights, "free": free}


def trained(sizes: list[int], batch_size: int, rate: float) -> Any:
    """Yield a network after each pass, with the seconds of all passes so far."""
    X, y, _, _ = load_digits28()
    random = np.random.RandomState(0)
    options = {"loss": "squared_error", "input_scale": 1 / 255, "n_threads": 1}
    network = Network(sizes, "logistic", output="logistic", random_state=random, **options)
    order, seconds = np.arange(len(X)), 0.0
    yield network, seconds
    while True:
        random.shuffle(order)
        start = time.perf_counter()
        network.train_epoch(X, y, batch_size, rate, order=order)
        seconds += time.perf_counter() - start
        yield network, seconds


def right(network: Network) -> float:
    """Return the percentage of the test images that a network answers correctly."""
    _, _, X, y = load_digits28()
    return round(100 * float((network.forward(X).argmax(axis=1) == y).mean()), 1)


def history() -> list[list[float]]:
    """Return cost and percentage of right answers before training and after each of 30 passes."""
    X, y, _, _ = load_digits28()
    passes = islice(trained(SIZES, 10, 1.5), 31)
    return [[round(network.cost(X, y), 4), right(network)] for network, _ in passes]


def race() -> list[list[Any]]:
    """Return for each runner: batch size, learning rate, steps to 80 % of the test images, their seconds, its curve."""
    return [[*runner, *fastest(*runner)] for runner in RUNNERS]


def fastest(batch_size: int, rate: float) -> list[Any]:
    """Return the steps to 80 %, their seconds, and points of [seconds, percentage right].

    All runs do the same; of each piece the shortest time counts, so that other programs do not slow a runner down.
    """
    X, y, _, _ = load_digits28()
    piece = 250 if batch_size < 250 else len(X)
    shortest: list[float] = []
    for _ in range(5):
        random = np.random.RandomState(0)
        network, order = next(trained(SIZES, batch_size, rate))[0], np.zeros(0, int)
        rights: list[float] = []
        while not rights or rights[-1] < 80:
            order = order if len(order) else random.permutation(len(X))
            start = time.perf_counter()
            network.train_epoch(X, y, batch_size, rate, order=order[:piece])
            seconds = time.perf_counter() - start
            if len(rights) == len(shortest):
                shortest.append(seconds)
            shortest[len(rights)] = min(shortest[len(rights)], seconds)
            order = order[piece:]
            rights.append(right(network))
    ends = np.cumsum(shortest)
    chosen = sorted({round(k) for k in np.geomspace(1, len(rights), 24)})
    curve = [[round(float(ends[k - 1]), 5), rights[k - 1]] for k in chosen]
    return [len(rights) * piece // batch_size, round(float(ends[-1]), 3), curve]


def hidden() -> list[list[Any]]:
    """Return for each choice of hidden layers the percentage of right answers after 30 passes."""
    results = []
    for layers in HIDDEN:
        network, _ = next(islice(trained([784, *layers, 10], 10, 1.5), 30, None))
        results.append([layers, right(network)])
    return results


if __name__ == "__main__":
    main()
