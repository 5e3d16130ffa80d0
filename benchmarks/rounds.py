"""Peers in processes of their own, measured in turns so that the machine's moods hit all alike."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import NamedTuple

# One thread for whoever heeds one of these.
LIBRARIES = ["OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR"]
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in LIBRARIES}
ONE_THREAD["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


class Peer(NamedTuple):
    """How a library does one kind of work: the function ``make(case)`` of a module in peers/.

    `case` is what this peer's case has of its own, `environ` what its environment has.
    """

    name: str
    module: str
    make: str
    case: Mapping = MappingProxyType({})
    environ: Mapping = MappingProxyType({})


class Measured(NamedTuple):
    """Seconds per unit of work, one for each round; the case that was measured."""

    seconds: list[float]
    version: str
    case: dict

    @property
    def median(self):
        return statistics.median(self.seconds)


class Worker:
    """A process that waits for its turn."""

    def __init__(self, peer, case):
        self.peer, self.case = peer, {**case, **peer.case}
        command = [sys.executable, "-m", "benchmarks.worker", peer.module, peer.make]
        self.process = subprocess.Popen(
            [*command, json.dumps(self.case)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD, **peer.environ},
            text=True,
        )

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.peer.name}: the worker ended, see above")
        return json.loads(line)

    def turn(self):
        """Do one round; return the seconds that a unit of work took."""
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return self.answer()["seconds"]

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def interleaved(peers, case, rounds):
    """Measure peers in turns.

    Returns
    -------
    dict
        By the peer's name: `Measured`, or why it was left out.
    """
    workers, results = [], {}
    for worker in [Worker(peer, case) for peer in peers]:
        first = worker.answer()  # sent when it is warm
        if "missing" in first:
            results[worker.peer.name] = f"{worker.peer.name}: {first['missing']}"
            worker.end()
        else:
            results[worker.peer.name] = Measured([], first["version"], worker.case)
            workers.append(worker)
    for _ in range(rounds):
        for worker in workers:
            results[worker.peer.name].seconds.append(worker.turn())
    for worker in workers:
        worker.end()
    return results


@contextmanager
def busy_processors(n=None):
    """While inside, another process spins on each of n processors, or of all."""
    allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_setaffinity") else range(os.cpu_count())
    allowed = allowed[:n]
    spinners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in allowed]
    if hasattr(os, "sched_setaffinity"):
        for spinner, processor in zip(spinners, allowed, strict=True):
            os.sched_setaffinity(spinner.pid, {processor})
    try:
        yield
    finally:
        for spinner in spinners:
            spinner.kill()
            spinner.wait()
