"""The tale of the page: which networks have it, and the data of its chapters."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.arrays import readable
from cmlp._export.page.assembly import recorded
from cmlp._export.page.description import encoded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp._export.page.description import Described
    from cmlp._export.page.examples import Examples

# In this order; each is a figure in assets/figures and an address of the page.
CHAPTERS = (
    ("read", "numbers", "layers")
    + ("sum", "edge", "squash", "knobs")
    + ("cost", "gradient", "hill", "learn")
    + ("ways", "wishes", "chain", "batches", "curves")
    + ("inside", "exam")
)
_FIGURES = ("shared", *CHAPTERS, "playground")
TRAINING_SCRIPTS = ("explore/training", "explore/batch")
CHAPTER_SCRIPTS = (
    *TRAINING_SCRIPTS,
    *(f"figures/{name}" for name in _FIGURES),
    "chapters/chapters",
    "chapters/frame",
)
# The chapters show numbers, neurons and images of one network: that of the story, by the checksum of its parameters.
_NETWORK = 0x57C49717
# Images with all of their levels of gray: of the training set three 3s and the first ten, of the test set a 7, a 9, an
# 8 whose loop is open, and an 8 that is almost a 9.
_TRAIN = {"three1": 330, "three2": 581, "three3": 198, **{f"train{n}": n for n in range(10)}}
_TEST = {"seven": 0, "nine": 7, "gap": 84, "rival": 947}


def has_tale(model: Described, examples: Examples | None) -> bool:
    """Return whether the chapters describe this model."""
    if examples is None or model.sizes != (784, 16, 16, 10) or model.params.dtype != np.float32:
        return False
    return zlib.crc32(model.params.astype("<f4").tobytes()) == _NETWORK and model.noun == "digit"


def half_trained() -> NDArray[np.float32]:
    """Return the parameters of this network after the first of its 30 passes."""
    numbers = np.frombuffer(zlib.decompress(recorded("half.bin")), np.uint8)
    return np.ascontiguousarray(numbers.reshape(4, -1).T).view("<f4").ravel()


def tale(model: Described) -> dict[str, Any]:
    """Return the data of the chapters for the page's script."""
    from cmlp._data.files.images import load_digits28

    X, y, X_test, y_test = load_digits28()
    images = [*(X[n] for n in _TRAIN.values()), *(X_test[n] for n in _TEST.values())]
    labels = [*(int(y[n]) for n in _TRAIN.values()), *(int(y_test[n]) for n in _TEST.values())]
    rows = readable(X_test, "X_test")
    right = [
        round(100 * float((model.net.forward(params, rows, scale=model.scale).argmax(axis=1) == y_test).mean()), 1)
        for params in (model.params, half_trained())
    ]
    return {
        "half": encoded(recorded("half.bin")),
        "names": [*_TRAIN, *_TEST],
        "labels": labels,
        "images": encoded(zlib.compress(np.concatenate(images).tobytes(), 9)),
        "used": encoded(np.packbits(X.max(axis=0) > 0)),
        "right": right,
        **json.loads(recorded("recorded.json")),
    }
