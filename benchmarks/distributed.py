"""Many machines: what a round of `cmlp.distributed.fit` costs on this machine, and what 8 to 1,000 workers would gain.

The cost model of a round with S shards on n workers, whose state (parameters and moments) has M bytes:

    seconds = rows / n * t_row + d0 + S * d1 + S * M / W

t_row (one row, one thread), d0 (a round), d1 (a task) and W (bytes per second through the caller, which averages) are
measured here, with worker processes that talk over TCP on this machine. A network adds its latency to d0, and W is at
most its bandwidth. All workers are assumed to be equally fast, and to hold their rows in memory.
"""

import statistics
import warnings
from itertools import pairwise

import numpy as np

from benchmarks import data
from benchmarks.compare import named
from benchmarks.report import Report

MEASURED, CONSTANTS, PREDICTED = (
    "communication per round",
    "constants of the cost model",
    "predicted for Dask, one round",
)
SPEED, ACCURACY = "Dask: two workers relative to one", "Dask: test accuracy, 10 epochs"
RATIO, DIFFERENCE = "one / two workers", "points below one worker"
SIZES = [784, 128, 10]
WORKERS = (8, 16, 32, 64, 128, 256, 512, 1000)
ROWS = (60_000, 10_000_000, 1_000_000_000)


def classifier(sizes, **params):
    from cmlp import MLPClassifier

    settings = {"tol": 0, "n_iter_no_change": float("inf"), "random_state": 0, "input_scale": 1 / 255, "n_threads": 1}
    return MLPClassifier(tuple(sizes[1:-1]), **{**settings, **params})


def cluster(n_workers):
    """Return a client of worker processes with one thread each."""
    from distributed import Client

    return Client(n_workers=n_workers, threads_per_worker=1, dashboard_address="127.0.0.1:0")


def seconds_of_rounds(model, parts, shards, client):
    """Return the median duration of a round; the first one, in which the workers import modules, is left out."""
    from cmlp import distributed

    distributed.fit(model, parts, shards=shards, rounds=1, client=client)
    return statistics.median(model.history_["seconds"][1:])


def costs(short):
    """Return rows of shards, bytes of state and seconds for rounds with hardly any work."""
    rng, found = np.random.default_rng(0), []
    with cluster(2) as client:
        for hidden in (2, 128, 512):
            for shards in (2, 8) if short else (2, 4, 8, 16):
                X, y = rng.integers(0, 256, (shards, SIZES[0]), np.uint8), np.arange(shards) % 2
                model = classifier([SIZES[0], hidden, 1], max_iter=3 if short else 12)
                seconds = seconds_of_rounds(model, [(X, y)], shards, client)
                n_bytes = 3 * sum(block.nbytes for block in (*model.coefs_, *model.intercepts_))
                found.append((shards, n_bytes, seconds))
    return found


def constants(found):
    """Return d0, d1 and 1 / W: the fit of the cost model with the smallest sum of squared relative errors."""
    shards, n_bytes, seconds = np.array(found, float).T
    terms = np.stack([np.ones_like(shards), shards, shards * n_bytes], axis=1)
    solution, *_ = np.linalg.lstsq(terms / seconds[:, None], np.ones_like(seconds))
    return np.maximum(solution, 0)


def seconds_per_row(X, y):
    """Return the seconds for one row of training with one thread and batches of 50."""
    model = classifier(SIZES, max_iter=3, batch_size=50).fit(X, y)
    return min(model.history_["seconds"]) / len(X)


def predictions(t_row, d0, d1, per_byte, n_bytes):
    """Return for each number of workers the seconds of a round, and how much faster n workers are than one."""
    for n in WORKERS:
        overhead = d0 + n * d1 + n * n_bytes * per_byte
        times = [(rows / n * t_row + overhead, rows * t_row) for rows in ROWS]
        yield [n, overhead, *(value for time, alone in times for value in (time, alone / time))]


def speed(X, y, rounds, turns):
    """Return the seconds of a round with one worker and with two, in turns, and the fastest plain epoch."""
    sizes = [784, 512, 512, 10]
    parts, times = [(X[: len(X) // 2], y[: len(X) // 2]), (X[len(X) // 2 :], y[len(X) // 2 :])], {1: [], 2: []}
    for _ in range(turns):
        for n_workers, found in times.items():
            with cluster(n_workers) as client:
                found.append(seconds_of_rounds(classifier(sizes, max_iter=rounds), parts, 2, client))
    return named(sizes, f"{len(X)} rows"), *map(min, times.values())


def accuracies(short):
    """Yield the seed, and the test accuracy in percent of one worker and of 4 and 8 shards."""
    from cmlp import distributed
    from cmlp.datasets import load_digits28, load_mnist

    try:
        X, y, X_test, y_test = load_digits28() if short else load_mnist()
    except FileNotFoundError as error:
        warnings.warn(str(error), stacklevel=1)
        return
    for seed in range(1 if short else 3):
        params = {"max_iter": 2 if short else 10, "random_state": seed}
        order = np.random.RandomState(seed).permutation(len(X))
        parts = [(X[rows], y[rows]) for rows in np.array_split(order, 4)]
        scores = [classifier(SIZES, **params).fit(X[order], y[order]).score(X_test, y_test)]
        for shards in (4, 8):
            model = distributed.fit(classifier(SIZES, **params), parts, shards=shards)
            scores.append(model.score(X_test, y_test))
        alone, four, eight = (100 * score for score in scores)
        yield [seed, alone, four, alone - four, eight, alone - eight]


def run(*, short):
    report = Report("distributed", short)
    X, y, source = data.images(2_000 if short else 60_000)
    report.note(rows=source)
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        report.note(Dask=str(error))
    else:
        warnings.simplefilter("ignore")  # Dask's advice on rows in a task's arguments
        dask(report, X, y, short)
    report.write()


def dask(report, X, y, short):
    found = costs(short)
    report.table(MEASURED, ["", "shards", "state, MB", "ms"], [["round", s, b / 1e6, 1e3 * t] for s, b, t in found])
    (d0, d1, per_byte), t_row = constants(found), seconds_per_row(X, y)
    row = [1e6 * t_row, 1e3 * d0, 1e3 * d1, 1e-6 / per_byte if per_byte else None]
    report.table(CONSTANTS, ["t_row, us", "d0, ms", "d1, ms", "W, MB/s"], [row])
    n_bytes = 3 * 4 * sum((a + 1) * b for a, b in pairwise(SIZES))
    columns = [f"{rows:,} rows, {what}" for rows in ROWS for what in ("s", "gain")]
    table = list(predictions(t_row, d0, d1, per_byte, n_bytes))
    report.table(f"{PREDICTED}, {named(SIZES, 'Adam')}", ["workers", "overhead, s", *columns], table)
    title, one, two = speed(X[:2_000] if short else X, y[:2_000] if short else y, 2 if short else 4, 1 if short else 3)
    report.table(SPEED, ["", "one worker, s", "two workers, s", RATIO], [[title, one, two, one / two]])
    columns = ["seed", "one worker", "4 shards", DIFFERENCE, "8 shards", f"8 shards: {DIFFERENCE}"]
    report.table(ACCURACY, columns, list(accuracies(short)))
