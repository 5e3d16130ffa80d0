"""Online learning: microseconds of a call of partial_fit with 1, 10 and 32 rows, next to scikit-learn and PyTorch.

CMLP_BEFORE names the source tree of an earlier version, which is then measured in turns, too.
"""

import os

from benchmarks.compare import Unit, compared, named
from benchmarks.report import Report
from benchmarks.rounds import Peer
from benchmarks.train import ESTIMATOR, OURS

PEERS = [
    ESTIMATOR,
    Peer("cmlp Network", "ours", "train_network"),
    Peer("scikit-learn", "scikit", "train"),
    Peer("torch", "torch", "train"),
]
NETS = [[64, 32, 10], [30, 64, 32, 10]]
ROWS = (1, 10, 32)


def run(*, short):
    report = Report("online", short)
    tree = os.environ.get("CMLP_BEFORE")
    before = [ESTIMATOR._replace(name="before", tree=tree)] if tree else []
    rounds, units = (2, 5) if short else (15, 400)
    report.note(rows="random numbers, each call the same ones", calls=f"{rounds} x {units}")
    for sizes in NETS[:1] if short else NETS:
        for n in ROWS:
            case = {"sizes": sizes, "batch": n, "rows": n, "kind": "table", "units": units}
            title = named(sizes, f"{n} rows" if n > 1 else "1 row")
            unit = Unit("µs/call", 1e6, n)
            compared(report, title, [*before, *PEERS], case, rounds=rounds, unit=unit, bases=[OURS])
    report.write()
