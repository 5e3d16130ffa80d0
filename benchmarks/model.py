"""Model files: microseconds to load and to save, and their bytes."""

import importlib
import io
import os
import pickle
import statistics
import tempfile
import time
import warnings

import numpy as np

import cmlp
from benchmarks.report import Report

LOAD_TITLE, SIZE_TITLE = "load, microseconds", "bytes beside weights and example"
SMALL, LARGE = "13,002 parameters", "100 MB"
WHOLE, MAPPED = "cmlp.load", "mapped, not verified"
OVERHEAD = "beside weights and example"


def microseconds(call, times):
    """The median time of a call."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return 1e6 * statistics.median(taken)


def digits_classifier():
    """A classifier of 784-16-16-10 with ten integer classes and 13,002 parameters."""
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        X = rng.integers(0, 256, (200, 784)).astype(np.uint8)
        return cmlp.MLPClassifier((16, 16), max_iter=1, input_scale=1 / 255).fit(
            X, np.arange(200) % 10
        )


def peers(model, folder):
    """Other ways to load the same weights: name and call, for what is installed."""
    arrays = {f"{i}": tensor for i, tensor in enumerate([*model.coefs_, *model.intercepts_])}
    content = pickle.dumps(model)
    yield "pickle", lambda: pickle.loads(content)
    stored = io.BytesIO()
    np.savez(stored, **arrays)
    yield (
        "npz",
        lambda: {
            name: value.copy() for name, value in np.load(io.BytesIO(stored.getvalue())).items()
        },
    )
    path = os.path.join(folder, "peer")
    for name, module in (("joblib", "joblib"), ("safetensors", "safetensors.numpy")):
        try:
            peer = importlib.import_module(module)
        except ImportError:
            print(f"{name} is not installed")
            continue
        if name == "joblib":
            peer.dump(model, f"{path}.{name}")
            yield name, lambda peer=peer, name=name: peer.load(f"{path}.{name}")
        else:
            peer.save_file(arrays, f"{path}.{name}")
            yield name, lambda peer=peer, name=name: peer.load_file(f"{path}.{name}")


def run(*, short):
    report = Report("model", short)
    model, times = digits_classifier(), 20 if short else 1000
    wide = cmlp.Network(
        [1000, 500 if short else 25_000, 1], output="identity", loss="squared_error", random_state=0
    )
    with tempfile.TemporaryDirectory() as folder:
        path, network, large = (
            os.path.join(folder, name) for name in ("model", "network", "large")
        )
        model.save(path)
        cmlp.Network([784, 16, 16, 10]).save(network)
        wide.save(large)
        rows = [
            [
                what,
                *(
                    microseconds(
                        lambda source=source, options=options: cmlp.load(source, **options), n
                    )
                    for options in ({}, {"mmap": True}, {"mmap": True, "verify": False})
                ),
            ]
            for what, source, n in (
                (f"MLPClassifier, {SMALL}", path, times),
                (f"Network, {SMALL}", network, times),
                (LARGE, large, max(times // 100, 3)),
            )
        ]
        report.table(LOAD_TITLE, ["", WHOLE, "mapped", MAPPED], rows)
        rows = [[name, microseconds(call, times)] for name, call in peers(model, folder)]
        report.table(f"other formats, {SMALL}: load, microseconds", ["", "microseconds"], rows)
        saves = [[SMALL, microseconds(lambda: model.save(path), max(times // 20, 3))]]
        report.table("save, flushed to the disk, microseconds", ["", "microseconds"], saves)
        element = model.coefs_[0].dtype.itemsize
        size, needed = os.path.getsize(path), element * (13_002 + 784 + 10)
        report.table(
            SIZE_TITLE,
            ["", "bytes", OVERHEAD],
            [["MLPClassifier, ten classes", size, size - needed]],
        )
    report.write()
