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
COLUMNS, ACROSS, ALONG = 41, (-3.0, 9.0), (-3.2, 3.2)
START, RATES, N_STEPS = (-1.8, -1.15), (0.3, 1, 3, 5, 8, 16), 60
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
    return zlib.compress(np.frombuffer(params.astype("<f4").tobytes(), np.uint8).reshape(-1, 4).T.tobytes(), 9)


class Hill:
    """The cost of 1,000 training images around the half-trained network, in double precision."""

    def __init__(self, half: Network) -> None:
        X, y, _, _ = load_digits28()
        self.rows = X[:1000], y[:1000]
        options = {"loss": "squared_error", "input_scale": 1 / 255, "dtype": "float64", "n_threads": 1}
        self.network = Network(SIZES, "logistic", output="logistic", random_state=0, **options)
        self.center = np.array(half.params, np.float64)
        self.across = self._steepest_bend()
        end = self.descent(self.center, 3, 100)[-1] - self.center
        along = end - (end @ self.across) * self.across
        self.along = along / np.linalg.norm(along)

    def cost(self, params: Any) -> float:
        """Return the cost of a point."""
        self.network.params[:] = params
        return self.network.cost(*self.rows)

    def gradient(self, params: Any) -> Any:
        """Return the gradient of a point."""
        self.network.params[:] = params
        return np.array(self.network.gradient(*self.rows).flat)

    def descent(self, params: Any, rate: float, n_steps: int) -> list[Any]:
        """Return the points of a descent in all directions."""
        points = [params]
        for _ in range(n_steps):
            points.append(points[-1] - rate * self.gradient(points[-1]))
        return points

    def _steepest_bend(self) -> Any:
        """Return the direction in which the slope changes fastest, by power iteration."""
        slope = self.gradient(self.center)
        direction = slope / np.linalg.norm(slope)
        for _ in range(25):
            change = self.gradient(self.center + 1e-3 * direction) - self.gradient(self.center - 1e-3 * direction)
            direction = change / np.linalg.norm(change)
        return -direction if direction @ slope > 0 else direction


def hill(half: Network) -> dict[str, Any]:
    """Return the heights (in thousandths) of the map, and the descents in all directions from its start."""
    ground = Hill(half)
    xs, ys = (np.linspace(*ends, COLUMNS) for ends in (ACROSS, ALONG))
    heights = [round(1000 * ground.cost(ground.center + x * ground.along + y * ground.across)) for y in ys for x in xs]
    start = ground.center + START[0] * ground.along + START[1] * ground.across
    free = {}
    for rate in RATES:
        points = ground.descent(start, rate, N_STEPS)
        free[rate] = [
            [
                round(float((point - ground.center) @ ground.along), 2),
                round(float((point - ground.center) @ ground.across), 2),
                round(ground.cost(point), 3),
            ]
            for point in points
        ]
    return {"size": COLUMNS, "x": ACROSS, "y": ALONG, "start": START, "heights": heights, "free": free}


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


def race() -> list[list[float]]:
    """Return for each runner: batch size, learning rate, passes to 80 % of the test images, and their seconds."""
    results = []
    for batch_size, rate in RUNNERS:
        for n_passes, (network, seconds) in enumerate(trained(SIZES, batch_size, rate)):
            if right(network) >= 80:
                results.append([batch_size, rate, n_passes, round(seconds, 3)])
                break
    return results


def hidden() -> list[list[Any]]:
    """Return for each choice of hidden layers the percentage of right answers after 30 passes."""
    results = []
    for layers in HIDDEN:
        network, _ = next(islice(trained([784, *layers, 10], 10, 1.5), 30, None))
        results.append([layers, right(network)])
    return results


if __name__ == "__main__":
    main()
