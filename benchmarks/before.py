"""This version in turns with an earlier one: the environment variable CMLP_BEFORE names its source tree.

The tree has an environment of its own in which it is installed::

    git worktree add ../before COMMIT && cd ../before
    python -m venv .venv && .venv/bin/python -m pip install -e .

Without .venv, the Python in use imports the version that is compiled in the tree.
"""

import os
from pathlib import Path

from benchmarks import data
from benchmarks.compare import EPOCH, MANY, ROW, compared, named
from benchmarks.report import Report
from benchmarks.rounds import Peer

BEFORE = "before"
NETS = [[784, 16, 16, 10], [784, 128, 64, 10], [784, 512, 512, 10]]


def both(make, case, tree):
    now = Peer("now", "ours", make, case)
    return [now._replace(name=BEFORE, tree=str(tree)), now]


def epochs(nets):
    """Return title, function, case: epochs of the networks and of the kinds of SGD."""
    for sizes in nets:
        for batch in (128, 10):
            for kind in ("images", "dense"):
                yield (
                    named(sizes, f"batch {batch}", kind),
                    "train",
                    {"sizes": sizes, "batch": batch, "kind": kind},
                )
    middle = {"sizes": NETS[1], "batch": 128, "kind": "images"}
    for name, more in [
        ("Network", {}),
        ("Nesterov's momentum", {"momentum": 0.9}),
        ("Adam", {"solver": "adam"}),
        ("float64", {"dtype": "float64"}),
        ("uint8", {"dtype": "uint8"}),
    ]:
        make = "train_network" if name == "Network" else "train"
        yield named(NETS[1], "batch 128", name), make, {**middle, **more}
    yield (
        "fit with defaults, 784-100-10",
        "fit",
        {"sizes": [784, 100, 10], "kind": "images", "epochs": 3},
    )


def predictions(nets, n, units):
    for sizes in nets:
        case = {"sizes": sizes, "kind": "dense", "rows": n, "units": units}
        yield named(sizes, f"forward of {n} rows"), "forward", case


def run(*, short):
    tree = Path(os.environ.get("CMLP_BEFORE", "."))
    report = Report("before", short)
    nets, n, rounds, units = (NETS[:1], 1_000, 2, 2) if short else (NETS, 20_000, 11, 10)
    report.note(
        rows=f"{n}; images: {data.images(n)[2]}", rounds=rounds, before=tree.name or "this version"
    )
    for name, make, case in epochs(nets):
        compared(
            report,
            name,
            both(make, case, tree),
            {"rows": n},
            rounds=rounds,
            unit=EPOCH,
            bases=[BEFORE],
        )
    for rows, unit, times in [(1, ROW, 5_000), (1_000, MANY, units), (10_000, MANY, units)]:
        for name, make, case in predictions(nets, rows, 2 if short else times):
            compared(
                report, name, both(make, case, tree), {}, rounds=rounds, unit=unit, bases=[BEFORE]
            )
    report.write()
