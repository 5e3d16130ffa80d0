"""MPI: two processes that train one network, relative to one, each with one thread; the time of a step in messages.

The time in messages includes waiting for the other process. Run it on an idle machine with two cores or more.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np

from benchmarks.compare import named
from benchmarks.report import Ratio

SPEED, RATIO = "MPI: two processes relative to one", "one / two processes"
SIZES, BATCH = [784, 512, 512, 10], 1024


class Timed:
    """A communicator that adds up the time in messages."""

    def __init__(self, comm):
        self.rank, self.size, self._comm, self.seconds = comm.rank, comm.size, comm, 0.0

    def _timed(self, method, buffer, rank):
        begin = time.perf_counter()
        method(buffer, rank)
        self.seconds += time.perf_counter() - begin

    def Send(self, buffer, dest):
        self._timed(self._comm.Send, buffer, dest)

    def Recv(self, buffer, source):
        self._timed(self._comm.Recv, buffer, source)

    def Bcast(self, buffer, root):
        self._timed(self._comm.Bcast, buffer, root)


def work(n_batches):
    """Print the milliseconds per step and in messages, as one of the processes of a job."""
    from mpi4py import MPI

    import cmlp
    from cmlp import MLPClassifier

    warnings.simplefilter("ignore")
    comm, rng = Timed(MPI.COMM_WORLD), np.random.default_rng(0)
    X = rng.random((n_batches * BATCH, SIZES[0]), np.float32)
    y = np.arange(len(X)) % SIZES[-1]
    model = MLPClassifier(
        tuple(SIZES[1:-1]), batch_size=BATCH, max_iter=3, random_state=0, n_threads=1
    )
    cmlp.distributed.fit(model.set_params(tol=0, n_iter_no_change=float("inf")), X, y, comm=comm)
    seconds = min(model.history_["seconds"])
    if not comm.rank:
        print(
            json.dumps([1e3 * seconds / n_batches, 1e3 * comm.seconds / n_batches / model.n_iter_])
        )


def launcher(size):
    """Return the command that starts Python on several processes, and its environment; None without MPI."""
    found = importlib.util.find_spec("mpi4py")
    if found is None or found.origin is None:
        return None
    prefix = Path(found.origin).parents[4]  # a wheel of MPI has its programs and libraries there
    mpiexec = shutil.which("mpiexec", path=prefix / "bin") or shutil.which("mpiexec")
    if mpiexec is None:
        return None
    libraries = os.pathsep.join([str(prefix / "lib"), os.environ.get("LD_LIBRARY_PATH", "")])
    command = [mpiexec, "-n", str(size), sys.executable, "-m", "mpi4py"]
    return command, {**os.environ, "LD_LIBRARY_PATH": libraries}


def measured(size, n_batches):
    command, environment = launcher(size)
    command += ["-m", "benchmarks.processes", str(n_batches)]
    root = Path(__file__).parents[1]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=root, env=environment
    )
    return json.loads(done.stdout.splitlines()[-1])


def add_to(report, short):
    """Add the table to a report."""
    if launcher(1) is None:
        report.note(MPI="not measured: needs mpi4py and mpiexec")
        return
    runs = [
        [measured(size, 2 if short else 20) for size in (1, 2)] for _ in range(1 if short else 3)
    ]
    one, two = (min(run[i] for run in runs) for i in (0, 1))
    gain = Ratio.of_rounds(*([run[i][0] for run in runs] for i in (0, 1)), min)
    row = [f"{named(SIZES, 'Adam')}, batches of {BATCH}", one[0], two[0], two[1], gain]
    report.table(
        SPEED,
        ["", "one process, ms per step", "two, ms per step", "of this messages, ms", RATIO],
        [row],
    )


if __name__ == "__main__":
    work(int(sys.argv[1]))
