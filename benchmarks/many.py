"""Many models at once: `fit_many` relative to the same fits one after the other, also to those of an earlier version.

CMLP_BEFORE names the source tree of the earlier version, see `benchmarks.before`.
"""

import os
import time
import warnings

import numpy as np

from benchmarks import overhead
from benchmarks.compare import named
from benchmarks.report import Ratio, Report
from benchmarks.rounds import Peer, interleaved
from benchmarks.threads import NO_LIMIT
from cmlp import MLPRegressor, fit_many

BEFORE, ALONE, MANY = "fit one after the other, before", "fit one after the other", "fit_many"
ONE_THREAD = "the same 200 rows in one thread, 20-16-1"
COLUMNS = ["", "models", "ms per model", f"/ {BEFORE}", f"/ {ALONE}"]


def cases(short):
    """Yield title, number of models, and case."""
    small = {
        "sizes": [20, 16, 2],
        "kind": "table",
        "rows": 1_000,
        "epochs": 20,
    }  # two classes: one output
    tiny = {"sizes": [4, 4, 2], "kind": "table", "rows": 60, "epochs": 20}
    images = {
        "sizes": [784, 16, 16, 10],
        "kind": "images",
        "rows": 1_000 if short else 60_000,
        "epochs": 2,
    }
    yield "20-16-1, 1,000 rows, 20 epochs", 10 if short else 2_000, small
    yield "4-4-1, 60 rows, 20 epochs", 10 if short else 2_000, tiny
    yield named(images["sizes"], "2 epochs"), 4 if short else 16, images


def peers(n):
    """Return the peers, each of which fits n models in a round."""
    tree, alone = os.environ.get("CMLP_BEFORE"), {"units": n, "free": True}
    before = [Peer(BEFORE, "ours", "fit", alone, NO_LIMIT, tree)] if tree else []
    many = Peer(MANY, "ours", "fit_many", {"models": n, "free": True}, NO_LIMIT)
    return [*before, Peer(ALONE, "ours", "fit", alone, NO_LIMIT), many]


def ratio(results, name, base):
    """Return how long a peer takes for a model, relative to another peer; None if this one was not measured."""
    if base not in results:
        return None
    times, others = (
        [seconds / results[peer].case.get("models", 1) for seconds in results[peer].seconds]
        for peer in (name, base)
    )
    return Ratio.of_rounds(times, others)


def one_thread(report, short):
    """Add a table of the CPU time of `fit_many` in one thread, and of the same fits, in turns."""
    X = np.random.RandomState(0).random_sample((200, 20))
    y, rows = X[:, 0], []
    with warnings.catch_warnings(action="ignore"):
        # Modules are loaded before the first round.
        fit_many([MLPRegressor(max_iter=1) for _ in range(2)], X, y, n_threads=1)
        MLPRegressor(max_iter=1).fit(X, y)
    for n_epochs in (1, 20, 200):
        settings = {"hidden_layer_sizes": (16,), "max_iter": n_epochs, "n_threads": 1}
        times = {}
        for name in (ALONE, MANY) * (1 if short else 10):
            models = [
                MLPRegressor(**settings, random_state=seed) for seed in range(10 if short else 100)
            ]
            begin = time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if name == MANY:
                    fit_many(models, X, y, n_threads=1)
                else:
                    for model in models:
                        model.fit(X, y)
            times.setdefault(name, []).append((time.process_time() - begin) / len(models))
        alone, many = min(times[ALONE]), min(times[MANY])
        ratio_of_least = Ratio.of_rounds(times[MANY], times[ALONE], min)
        rows.append([f"{n_epochs} epochs", 1e3 * alone, 1e3 * many, ratio_of_least])
    report.table(ONE_THREAD, ["", "ms of CPU time per fit", MANY, f"/ {ALONE}"], rows)


def run(*, short):
    report, rounds = Report("many", short), 2 if short else 5
    report.note(rounds=f"{rounds}, in turns; times of the fastest, ratios of the medians")
    for title, n, case in cases(short):
        results = interleaved(peers(n), case, rounds)
        times = {
            name: min(result.seconds) / result.case.get("models", 1)
            for name, result in results.items()
        }
        rows = [
            [name, n, 1e3 * time, *(ratio(results, name, base) for base in (BEFORE, ALONE))]
            for name, time in times.items()
        ]
        report.table(title, COLUMNS, rows)
    one_thread(report, short)
    overhead.add_to(report, short)
    overhead.one_epoch(report, short)
    overhead.checksums(report, short)
    overhead.provenance(report, short)
    report.write()
