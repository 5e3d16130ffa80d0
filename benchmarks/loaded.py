"""Fits with the default number of threads relative to one, on an idle machine and with busy CPUs.

CMLP_BEFORE may name the source tree of an earlier version, as for ``before``: its fits are then
measured in the same rounds.
"""

import os
from contextlib import nullcontext
from functools import partial

from benchmarks.compare import named
from benchmarks.report import Ratio, Report
from benchmarks.rounds import Peer, busy_processors, interleaved
from benchmarks.threads import NO_LIMIT

STATES = {
    "alone": nullcontext,
    "one processor busy": partial(busy_processors, 1),
    "1 busy loop per processor": busy_processors,
    "2 busy loops per processor": partial(busy_processors, loops=2),
}
CASES = [  # about half a second with one thread
    {"sizes": [64, 32, 10], "kind": "table", "rows": 1_800, "epochs": 700},
    {"sizes": [784, 16, 16, 10], "kind": "images", "rows": 10_000, "epochs": 40},
    {"sizes": [784, 128, 64, 10], "kind": "images", "rows": 10_000, "epochs": 10},
    {"sizes": [784, 512, 512, 10], "kind": "images", "rows": 2_000, "epochs": 4},
]


def versions():
    """Yield the name and the source tree of each version that is measured."""
    if "CMLP_BEFORE" in os.environ:
        yield "before", os.environ["CMLP_BEFORE"]
    yield "now", None


def ratio(results, name):
    one, default = (results[f"{name}, {threads}"].seconds for threads in (1, None))
    return Ratio.of_rounds(default, one)


def row_of(case, rounds):
    peers = [
        Peer(f"{name}, {n}", "ours", "fit", {"threads": n}, NO_LIMIT, tree)
        for name, tree in versions()
        for n in (1, None)
    ]
    results = interleaved(peers, {**case, "free": True}, rounds)
    title = named(case["sizes"], f"{case['rows']} rows", f"{case['epochs']} epochs")
    return [title, results["now, 1"].median, *(ratio(results, name) for name, _ in versions())]


def run(*, short):
    report, rounds = Report("loaded", short), 1 if short else 7
    cases = [{**CASES[0], "epochs": 2}] if short else CASES
    names = [f"{name}: default / 1 thread" for name, _ in versions()]
    for state, surroundings in STATES.items():
        with surroundings():
            rows = [row_of(case, rounds) for case in cases]
        report.table(state, ["", "1 thread, s", *names], rows)
    report.write()
