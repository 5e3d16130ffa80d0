"""Measures peers in separate processes and in turns, so that changes of the machine's speed affect all of them."""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

# One thread for every library that reads one of these variables.
LIBRARIES = ["OMP", "OPENBLAS", "MKL", "BLIS", "NUMEXPR"]
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in LIBRARIES}
ONE_THREAD["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"


class Peer(NamedTuple):
    """One kind of work of a library: the function ``make(case)`` of a module in peers/.

    `case` and `environ` are added to the case and to the environment of this peer. `tree` is the source tree of another
    version, with an environment in .venv or compiled in place.
    """

    name: str
    module: str
    make: str
    case: Mapping = MappingProxyType({})
    environ: Mapping = MappingProxyType({})
    tree: str | None = None

    @property
    def own_python(self):
        """The Python of the tree's environment, which may not exist; None without a tree."""
        return Path(self.tree, ".venv", "bin", "python").absolute() if self.tree else None

    @property
    def python(self):
        own = self.own_python
        return str(own) if own and own.exists() else sys.executable

    @property
    def python_path(self):
        """The PYTHONPATH with which its Python imports its version of cmlp, and no other one."""
        own = self.own_python
        if own is None:
            return os.environ.get("PYTHONPATH", "")
        if own.exists():
            return ""
        source = Path(self.tree, "src").absolute()
        if not (source / "cmlp").exists():
            # Python would import the present version, if that one is installed.
            raise RuntimeError(self.without_cmlp)
        return str(source)

    @property
    def without_cmlp(self):
        """What an error says of a version that Python does not find."""
        where = f"its tree, {self.tree}," if self.tree else "Python or PYTHONPATH"
        return f"{self.name}: is cmlp installed or compiled in {where}?"


def versions():
    """Return this version, after the one that CMLP_BEFORE names, as peers without work."""
    tree = os.environ.get("CMLP_BEFORE")
    before = [Peer("before", "", "", tree=tree)] if tree else []
    return [*before, Peer("now", "", "")]


class Measured(NamedTuple):
    """Seconds per unit of work for each round, and the case that was measured."""

    seconds: list[float]
    version: str
    case: dict

    @property
    def median(self):
        return statistics.median(self.seconds)


class Worker:
    """A process that measures one round on request."""

    def __init__(self, peer, case):
        self.peer, self.case = peer, {**case, **peer.case}
        command = [peer.python, "-m", "benchmarks.worker", peer.module, peer.make]
        self.process = subprocess.Popen(
            [*command, json.dumps(self.case)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={
                **os.environ,
                **ONE_THREAD,
                "PYTHONPATH": peer.python_path,
                **peer.environ,
            },
            cwd=peer.tree,
            text=True,
        )

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.peer.name}: the worker process ended, see above")
        return json.loads(line)

    def turn(self):
        """Measure one round; return the seconds per unit of work."""
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
        For each peer's name its `Measured`, or the reason why it was skipped.
    """
    workers, results = [], {}
    for worker in [Worker(peer, case) for peer in peers]:
        first = worker.answer()  # sent after the warm-up
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
def busy_processors(n=None, loops=1):
    """Load n CPUs, or all, with this many busy processes each while the context is active."""
    allowed = (
        sorted(os.sched_getaffinity(0))
        if hasattr(os, "sched_setaffinity")
        else range(os.cpu_count())
    )
    allowed = loops * list(allowed[:n])
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
