"""Two threads and the default relative to one thread: on an idle machine and with one or all CPUs loaded."""

import time
import warnings
from contextlib import nullcontext
from functools import partial

from benchmarks import sparse, train
from benchmarks.compare import named
from benchmarks.data import rows
from benchmarks.report import Ratio, Report
from benchmarks.rounds import Peer, busy_processors, interleaved
from cmlp import MLPClassifier

ONE, TWO, CHOSEN = "1 thread, ms", "2 threads, ms", "its choice, ms"
THREADS = {ONE: 1, TWO: 2, CHOSEN: None}
NO_LIMIT = {
    "OMP_NUM_THREADS": ""
}  # the library's own choice respects this variable, which is 1 for the other peers
STATES = {
    "alone": nullcontext,
    "one processor busy": partial(busy_processors, 1),
    "every processor busy": busy_processors,
}
GAINS = ["1 / 2 threads", "1 / its choice"]
COLUMNS = ["", ONE, TWO, CHOSEN, *GAINS, "never slower"]
NOISE = 0.03  # relative difference between two measurements of the same work
PREDICTED = [[784, 16, 16, 10], [784, 128, 64, 10], [784, 512, 512, 10]]


def cases(short):
    """Yield the measurements: title, function of the peer, case."""
    n, nets = (2_000, train.CASES[:1]) if short else (60_000, train.CASES)
    trained = [
        (
            train.title(sizes, batch, kind),
            "train",
            {"sizes": sizes, "batch": batch, "rows": n, "kind": kind},
        )
        for sizes, batch in nets
        for kind in ("images", "dense")
    ]
    predicted = [
        (
            f"predict 10,000: {named(sizes, 'images')}",
            "forward",
            {"sizes": sizes, "rows": 10_000, "units": 10},
        )
        for sizes in PREDICTED[: len(nets)]
    ]
    return [*trained, ("CSR, " + sparse.TITLE, "train", {**sparse.CASE, "rows": n}), *predicted]


def row_of(title, make, case, rounds):
    peers = [Peer(name, "ours", make, {"threads": n}, NO_LIMIT) for name, n in THREADS.items()]
    results = interleaved(peers, {**case, "free": True}, rounds)
    times = [1e3 * results[name].median for name in THREADS]
    one, *others = (results[name].seconds for name in THREADS)
    gains = [Ratio.of_rounds(one, other) for other in others]
    return [title, *times, *gains, "yes" if min(gains) > 1 - NOISE else "no"]


ROWS = [1, 2, 5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 5_000, 10_000]


def worst_of(sizes, rounds):
    """The number of rows at which the library's own choice is slowest next to one thread.

    Both are timed in turns with one model in this process: where the library chooses one thread, the two are the same
    work, but two processes differ by up to 40 % because of where their memory is. The fastest rounds are compared.
    """
    X, y = rows({"sizes": sizes, "rows": ROWS[-1]})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about training that stops before convergence
        model = MLPClassifier(sizes[1:-1], max_iter=1, random_state=0).fit(X[:1_000], y[:1_000])
    ratios = {n: own_choice(model, X[:n], max(1, 2_000 // n), rounds) for n in ROWS}
    worst = max(ratios, key=ratios.get)
    return [named(sizes, "images"), worst, ratios[worst]]


def own_choice(model, X, units, rounds):
    """Return the time of predict_proba with the library's own choice of threads, relative to one thread."""
    times = {1: [], None: []}
    for _ in range(rounds + 1):
        for n_threads, seconds in times.items():
            model.n_threads = n_threads
            start = time.perf_counter()
            for _ in range(units):
                model.predict_proba(X)
            seconds.append(time.perf_counter() - start)
    default, one = (seconds[1:] for seconds in (times[None], times[1]))  # after the first calls
    return Ratio.of_rounds(default, one, min)


def run(*, short):
    report, rounds = Report("threads", short), 2 if short else 5
    measured = cases(short)
    for state, surroundings in STATES.items():
        with surroundings():
            rows = [row_of(*case, rounds) for case in measured]
        measured = measured[: 1 if short else None]
        report.table(state, COLUMNS, rows)
    nets = PREDICTED[:1] if short else PREDICTED
    report.table(
        "prediction, 1 to 10,000 rows",
        ["", "worst at rows", "its choice / 1 thread"],
        [worst_of(sizes, 5 * rounds) for sizes in nets],
    )
    report.write()
