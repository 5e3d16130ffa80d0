"""Many machines: rows on a Dask cluster beside rows in memory, and what 8 to 1,000 workers would gain with MPI.

On a Dask cluster of two worker processes on this machine, the rows are in their memory before the
clock starts; this process fetches them in every epoch. Its peak memory is that of a process of its
own.

The model of a synchronous step of B rows by MPI, in which n workers continue each other's sums of
chunks of 128 rows: the P bytes of the gradient flow through the chain of workers in buckets of K
bytes, and back. t_row is one row with one thread.

    seconds = ceil(B / 128 / n) * 128 * t_row + 2 * (P * b + (n - 1) * (a + K * b))

a and b are latency and seconds per byte of a message between two processes of this machine, with mpi4py.
"""

import importlib.util
import json
import math
import statistics
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

from benchmarks import data, processes
from benchmarks.compare import named
from benchmarks.report import Ratio, Report

DASK, RATIO = "Dask: rows on two workers", "times plain fit"
SIZES = [784, 128, 10]
WORKERS = (8, 16, 32, 64, 128, 256, 512, 1000)


def classifier(sizes, **params):
    from cmlp import MLPClassifier

    settings = {
        "tol": 0,
        "n_iter_no_change": float("inf"),
        "random_state": 0,
        "input_scale": 1 / 255,
        "n_threads": 1,
    }
    return MLPClassifier(tuple(sizes[1:-1]), **{**settings, **params})


# Trains with rows in memory, or on a cluster; prints the seconds of the fit, the accuracy and the
# peak memory in MB.
FIT = """
import json, resource, sys, time
import numpy as np
import cmlp
where, n_blocks, n_rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

def block(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, 28)).astype(np.float32)
    return X, (X[:, :4].sum(axis=1) + X[:, 4] * X[:, 5] + rng.normal(size=n_rows) > 0).astype(np.int64)

def timed(fit):
    start = time.perf_counter()
    fit()
    return time.perf_counter() - start

if __name__ == "__main__":
    settings = {"tol": 0, "n_iter_no_change": float("inf"), "max_iter": 2, "batch_size": 2048, "random_state": 0}
    model = cmlp.MLPClassifier((64, 64), n_threads=2, **settings)
    if where == "memory":
        X, y = map(np.concatenate, zip(*map(block, range(n_blocks))))
        seconds = timed(lambda: model.fit(X, y))
    else:
        from dask import delayed
        from distributed import Client, wait
        with Client(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0") as client:
            blocks = client.persist([delayed(block)(seed) for seed in range(n_blocks)])
            wait(blocks)
            seconds = timed(lambda: cmlp.distributed.fit(model, blocks, client=client))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([seconds, float(model.score(*block(-1 % 2**32))), peak]))
"""


def seconds_per_row(X, y):
    """Return the seconds for one row of training with one thread and batches of 50."""
    model = classifier(SIZES, max_iter=3, batch_size=50).fit(X, y)
    return min(model.history_["seconds"]) / len(X)


# Two processes send a vector to and fro; the first one prints the seconds of a message of each
# size.
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
BUCKET = 1 << 16  # bytes
BATCHES = (1024, 16_384)


def messages(n_bytes, short):
    """Return the median seconds of MPI messages of these sizes; None without mpi4py and mpiexec."""
    launch = processes.launcher(2)
    if launch is None:
        return None
    command, environment = launch
    sizes = [20 if short else 1000, *n_bytes]
    done = subprocess.run(
        [*command, "-c", PING, *map(str, sizes)],
        stdout=subprocess.PIPE,
        env=environment,
        timeout=120,
        check=False,
    )
    return json.loads(done.stdout) if not done.returncode else None


def mpi(report, t_row, short):
    n_bytes = [8, BUCKET, gradient_bytes()]
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
            step = work + 2 * (n_bytes[2] * per_byte + (n - 1) * (latency + BUCKET * per_byte))
            row += [1e3 * step, batch * t_row / step]
        table.append(row)
    report.table(f"predicted for MPI, one step, {named(SIZES)}", ["workers", *columns], table)


def gradient_bytes():
    return 4 * sum((a + 1) * b for a, b in pairwise(SIZES))


def dask(report, short):
    """Add rows of training with rows in memory and on a cluster, in turns."""
    n_blocks, n_rows = (4, 1_000) if short else (50, 100_000)
    titles = {"memory": "fit, rows in memory", "cluster": "distributed.fit"}
    found = {where: [] for where in titles}
    for where in list(titles) * (1 if short else 3):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder, "program.py")  # the workers of Dask import it
            program.write_text(FIT, encoding="utf-8")
            command = [sys.executable, str(program), where, str(n_blocks), str(n_rows)]
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        found[where].append(json.loads(done.stdout.splitlines()[-1]))
    seconds = {where: [round_[0] for round_ in rounds] for where, rounds in found.items()}
    table = []
    for where, title in titles.items():
        ratio = Ratio.of_rounds(seconds[where], seconds["memory"])
        _, accuracy, peak = found[where][0]
        table.append([title, statistics.median(seconds[where]), ratio, accuracy, peak])
    columns = ["", "s", RATIO, "accuracy", "peak of this process, MB"]
    report.table(f"{DASK}: {n_blocks * n_rows:,} x 28, 2 epochs", columns, table)


def run(*, short):
    report = Report("distributed", short)
    X, y, source = data.images(2_000 if short else 60_000)
    report.note(rows=source)
    mpi(report, seconds_per_row(X, y), short)
    processes.add_to(report, short)
    if importlib.util.find_spec("distributed"):
        dask(report, short)
    else:
        report.note(Dask="not measured: needs distributed")
    report.write()
