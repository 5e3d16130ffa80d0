"""Many machines: what a round of `cmlp.distributed.fit` costs on this machine, and what 8 to 1,000 workers would gain.

The cost model of a round with S shards on n workers, whose state (parameters and moments) has M bytes:

    seconds = rows / n * t_row + d0 + S * d1 + S * M / W

t_row (one row, one thread), d0 (a round), d1 (a task) and W (bytes per second through the caller, which averages) are
measured here, with worker processes that talk over TCP on this machine. A network adds its latency to d0, and W is at
most its bandwidth. All workers are assumed to be equally fast, and to hold their rows in memory.

The model of a synchronous step of B rows by MPI, in which n workers continue each other's sums of chunks of 128 rows:
the P bytes of the gradient flow through the chain of workers in slices of K bytes, and back.

    seconds = ceil(B / 128 / n) * 128 * t_row + 2 * (P * b + (n - 1) * (a + K * b))

a and b are latency and seconds per byte of a message between two processes of this machine, with mpi4py.
"""

import importlib.util
import json
import math
import statistics
import subprocess
import warnings
from itertools import pairwise

import numpy as np

from benchmarks import data, processes
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


# Two processes send a vector to and fro; the first one prints the seconds of a message of each size.
PING = """
import json, sys, time
import numpy as np
from mpi4py import MPI
comm, found = MPI.COMM_WORLD, []
other, n_times = 1 - comm.rank, int(sys.argv[1])
for n_bytes in map(int, sys.argv[2:]):
    sent, received, times = np.zeros(n_bytes, np.uint8), np.empty(n_bytes, np.uint8), []
    for _ in range(n_times):
        start = time.perf_counter()
        comm.Sendrecv(sent, other, recvbuf=received, source=other)
        times.append(time.perf_counter() - start)
    found.append(sorted(times)[n_times // 2])
if comm.rank == 0:
    print(json.dumps(found))
"""
SLICE = 1 << 16  # bytes
BATCHES = (1024, 16_384)


def messages(n_bytes, short):
    """Return the median seconds of MPI messages of these sizes; None without mpi4py and mpiexec."""
    launch = processes.launcher(2)
    if launch is None:
        return None
    command, environment = launch
    sizes = [20 if short else 1000, *n_bytes]
    done = subprocess.run(
        [*command, "-c", PING, *map(str, sizes)], stdout=subprocess.PIPE, env=environment, timeout=120, check=False
    )
    return json.loads(done.stdout) if not done.returncode else None


def mpi(report, t_row, short):
    n_bytes = [8, SLICE, gradient_bytes()]
    seconds = messages(n_bytes, short)
    if seconds is None:
        report.note(MPI="not measured: needs mpi4py and mpiexec")
        return
    latency, per_byte = seconds[0], max(0.0, seconds[2] - seconds[0]) / n_bytes[2]
    rows = [[f"{size:,} bytes", 1e6 * time] for size, time in zip(n_bytes, seconds, strict=True)]
    report.table("MPI: a message between two processes", ["", "us"], rows)
    columns = [f"batch {rows:,}, {what}" for rows in BATCHES for what in ("ms", "gain")]
    table = []
    for n in WORKERS:
        row = [n]
        for batch in BATCHES:
            work = 128 * math.ceil(math.ceil(batch / 128) / n) * t_row
            step = work + 2 * (n_bytes[2] * per_byte + (n - 1) * (latency + SLICE * per_byte))
            row += [1e3 * step, batch * t_row / step]
        table.append(row)
    report.table(f"predicted for MPI, one step, {named(SIZES)}", ["workers", *columns], table)


def gradient_bytes():
    return 4 * sum((a + 1) * b for a, b in pairwise(SIZES))


def run(*, short):
    report = Report("distributed", short)
    X, y, source = data.images(2_000 if short else 60_000)
    report.note(rows=source)
    t_row = seconds_per_row(X, y)
    mpi(report, t_row, short)
    processes.add_to(report, short)
    if importlib.util.find_spec("distributed"):
        warnings.simplefilter("ignore")  # Dask's advice on rows in a task's arguments
        dask(report, t_row, X, y, short)
    else:
        report.note(Dask="not measured: needs distributed")
    report.write()


def dask(report, t_row, X, y, short):
    found = costs(short)
    report.table(MEASURED, ["", "shards", "state, MB", "ms"], [["round", s, b / 1e6, 1e3 * t] for s, b, t in found])
    d0, d1, per_byte = constants(found)
    row = [1e6 * t_row, 1e3 * d0, 1e3 * d1, 1e-6 / per_byte if per_byte else None]
    report.table(CONSTANTS, ["t_row, us", "d0, ms", "d1, ms", "W, MB/s"], [row])
    n_bytes = 3 * gradient_bytes()  # parameters and Adam's moments
    columns = [f"{rows:,} rows, {what}" for rows in ROWS for what in ("s", "gain")]
    table = list(predictions(t_row, d0, d1, per_byte, n_bytes))
    report.table(f"{PREDICTED}, {named(SIZES, 'Adam')}", ["workers", "overhead, s", *columns], table)
    title, one, two = speed(X[:2_000] if short else X, y[:2_000] if short else y, 2 if short else 4, 1 if short else 3)
    report.table(SPEED, ["", "one worker, s", "two workers, s", RATIO], [[title, one, two, one / two]])
    columns = ["seed", "one worker", "4 shards", DIFFERENCE, "8 shards", f"8 shards: {DIFFERENCE}"]
    report.table(ACCURACY, columns, list(accuracies(short)))
