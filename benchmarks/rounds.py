"""Peers in processes of their own, measured in turns so that the machine's moods hit all alike."""

import json
import os
import statistics
import subprocess
import sys
from typing import NamedTuple

# One thread for whoever heeds one of these.
LIBRARIES = ["OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR"]
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in LIBRARIES}
ONE_THREAD["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


class Peer(NamedTuple):
    """How a library does one kind of work: the function ``make(case)`` of a module in peers/."""

    name: str
    module: str
    make: str


class Measured(NamedTuple):
    """Seconds per unit of work, one for each round."""

    seconds: list[float]
    version: str

    @property
    def median(self):
        return statistics.median(self.seconds)


class Worker:
    """A process that waits for its turn."""

    def __init__(self, peer, case):
        self.peer = peer
        command = [sys.executable, "-m", "benchmarks.worker", peer.module, peer.make]
        self.process = subprocess.Popen(
            [*command, json.dumps(case)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, **ONE_THREAD},
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
        By the peer's name: `Measured`, or the reason why it was left out.
    """
    workers, results = [], {}
    for peer in peers:
        worker = Worker(peer, case)
        first = worker.answer()  # sent when it is warm
        if "missing" in first:
            results[peer.name] = first["missing"]
            worker.end()
        else:
            results[peer.name] = Measured([], first["version"])
            workers.append(worker)
    for _ in range(rounds):
        for worker in workers:
            results[worker.peer.name].seconds.append(worker.turn())
    for worker in workers:
        worker.end()
    return results


def versions(results):
    """Versions of the peers that took part, and why others did not."""
    return {name: result.version if isinstance(result, Measured) else result for name, result in results.items()}
