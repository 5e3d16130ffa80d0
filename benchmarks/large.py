"""Resident memory of fit over a memory-mapped uint8 file, and of fit_batches over a Parquet file, besides the mapping.

The files have 2 GB (20 MB with --short), and are deleted afterwards. CMLP_LARGE_FOLDER names the folder for them.
"""

import gc
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from pathlib import Path

import numpy as np

from benchmarks.memory import status
from benchmarks.report import Report

TITLE, OF_BOUND = "data larger than memory", "of the bound"
OVERLAP = "seconds of an epoch on blocks that arrive slowly"
MB, GB = 1e6, 1e9
BOUND = 300 * MB
WIDTH, CLASSES, GROUP = 784, 10, 32_768
NET = {"hidden_layer_sizes": (16,), "batch_size": 1024, "input_scale": 1 / 255, "random_state": 0}


class Watch:
    """The largest anonymous memory of this process, sampled every millisecond; the mapping is not part of it."""

    def __init__(self):
        gc.collect()
        self.before = self.peak = status("RssAnon")
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def _sample(self):
        while not self._done.wait(0.001):
            self.peak = max(self.peak, status("RssAnon"))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()


def block_of(start, n_rows):
    """Return random pixels and digits of some rows."""
    rng = np.random.default_rng(start)
    return rng.integers(0, 256, (n_rows, WIDTH), np.uint8), rng.integers(0, CLASSES, n_rows)


def blocks_of(n_rows):
    for start in range(0, n_rows, GROUP):
        yield block_of(start, min(GROUP, n_rows - start))


def write_raw(path, n_rows):
    with open(path, "wb") as file:
        for X, _ in blocks_of(n_rows):
            X.tofile(file)


def write_parquet(path, n_rows):
    import pyarrow
    from pyarrow import parquet

    names = [f"pixel{i}" for i in range(WIDTH)]
    schema = pyarrow.schema(
        [*((name, pyarrow.uint8()) for name in names), ("digit", pyarrow.int64())]
    )
    with parquet.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for X, y in blocks_of(n_rows):
            writer.write_table(pyarrow.table([*X.T.copy(), y], schema=schema), row_group_size=GROUP)


def fit_raw(path, n_rows, shuffle):
    from cmlp import MLPClassifier

    X = np.memmap(path, np.uint8, "r", shape=(n_rows, WIDTH))
    y = np.arange(n_rows) % CLASSES
    model = MLPClassifier(**NET, max_iter=1, shuffle=shuffle)
    return lambda: model.fit(X, y)


def fit_parquet(path, n_rows, shuffle):
    from cmlp import MLPClassifier
    from cmlp.datasets import ParquetBlocks

    blocks = ParquetBlocks(path, "digit")
    return lambda: MLPClassifier(**NET, max_iter=1, shuffle=shuffle).fit_batches(
        blocks, classes=range(CLASSES)
    )


CASES = {
    "fit, memory-mapped": (write_raw, fit_raw, True),
    'fit, memory-mapped, shuffle="blocks"': (write_raw, fit_raw, "blocks"),
    "fit_batches, Parquet": (write_parquet, fit_parquet, True),
}


def measure(case, path, n_rows):
    """Return the additional memory of a fit in bytes, and its seconds. Runs in its own process."""
    warnings.simplefilter("ignore")  # max_iter is reached on purpose
    _, prepare, shuffle = CASES[case]
    fit = prepare(path, n_rows, shuffle)
    start = time.perf_counter()
    with Watch() as watch:
        fit()
    return watch.peak - watch.before, time.perf_counter() - start


def overlap(n_blocks):
    """Return the seconds of an epoch on blocks in memory, of waiting for blocks as long, and of both together.

    A source that waits stands for a slow disk. With complete overlap, both take as long as the longer one.
    """
    from cmlp import MLPClassifier

    warnings.simplefilter("ignore")
    block = block_of(0, 8192)
    options = {**NET, "hidden_layer_sizes": (256,), "max_iter": 1, "n_threads": 1}

    def slow(seconds):
        for _ in range(n_blocks):
            time.sleep(seconds)
            yield block

    def seconds_of(source):
        start = time.perf_counter()
        MLPClassifier(**options).fit_batches(source, classes=range(CLASSES))
        return time.perf_counter() - start

    training = seconds_of([block] * n_blocks)
    return [training, training, seconds_of(lambda: slow(training / n_blocks))]


def in_its_own_process(*arguments):
    command = [sys.executable, "-m", "benchmarks.large", json.dumps(arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def run(*, short):
    report, rows = Report("large", short), []
    n_rows = int((0.02 if short else 2) * GB) // WIDTH
    report.note(rows=n_rows, bytes=n_rows * WIDTH, bound=f"{BOUND / MB:g} MB")
    for title, (write, _, _) in CASES.items():
        with tempfile.TemporaryDirectory(dir=os.environ.get("CMLP_LARGE_FOLDER")) as folder:
            path = str(Path(folder, "rows"))
            try:
                write(path, n_rows)
            except ImportError as error:
                report.note(**{title: str(error)})
                continue
            above, seconds = in_its_own_process(title, path, n_rows)
        rows.append([title, n_rows * WIDTH / MB, above / MB, above / BOUND, seconds])
    report.table(TITLE, ["", "file, MB", "fit above, MB", OF_BOUND, "seconds"], rows)
    report.table(OVERLAP, ["training", "waiting", "fit_batches"], [overlap(3 if short else 16)])
    report.write()


if __name__ == "__main__":
    print(json.dumps(measure(*json.loads(sys.argv[1]))))
