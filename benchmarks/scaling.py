"""How the time of fit grows with rows and with parameters: the slope on logarithmic scales, 1 for linear."""

import time
import warnings

import numpy as np

from benchmarks.report import Report

WIDTH, HIDDEN, EPOCHS = 64, 32, 3
ROWS = [1_000, 10_000, 100_000, 1_000_000]
PARAMETERS = [10_000, 100_000, 1_000_000, 10_000_000]
ROWS_FOR_PARAMETERS = 1_000
OF_ROWS = f"rows, {WIDTH}-{HIDDEN}-10"
OF_PARAMETERS = f"parameters, 784-n-10, {ROWS_FOR_PARAMETERS} rows"
THROUGH_ALL = "line through all"


def seconds(n_rows, n_inputs, n_hidden, repeats):
    """Return the least CPU time of a fit with one thread, and the number of parameters."""
    from cmlp import MLPClassifier

    rng = np.random.default_rng(0)
    X, y = rng.random((n_rows, n_inputs), np.float32), rng.integers(0, 10, n_rows)
    y[:10] = range(10)
    model = MLPClassifier(
        n_hidden, solver="sgd", batch_size=128, max_iter=EPOCHS, random_state=0, n_threads=1
    )
    times = []
    for _ in range(repeats):
        start = time.process_time()
        model.fit(X, y)
        times.append(time.process_time() - start)
    return min(times), sum(w.size for w in [*model.coefs_, *model.intercepts_])


def growth(report, title, sizes, times):
    """Add a table of times with the slope from each size to the next, and the slope of a line through all."""
    steps = [None, *np.diff(np.log(times)) / np.diff(np.log(sizes))]
    rows = [
        [f"{size:,}", 1e3 * t, 1e9 * t / size, step]
        for size, t, step in zip(sizes, times, steps, strict=True)
    ]
    rows.append([THROUGH_ALL, None, None, float(np.polyfit(np.log(sizes), np.log(times), 1)[0])])
    report.table(title, ["", "ms", "ns each", "slope"], rows)


def run(*, short):
    warnings.simplefilter("ignore")  # max_iter is reached on purpose
    report, decades, repeats = Report("scaling", short), 3 if short else 4, 2 if short else 5
    report.note(epochs=EPOCHS, batch=128)
    rows = ROWS[:decades]
    found = [seconds(n, WIDTH, HIDDEN, repeats) for n in rows]
    growth(report, OF_ROWS, rows, [t for t, _ in found])
    found = [seconds(ROWS_FOR_PARAMETERS, 784, n // 795, repeats) for n in PARAMETERS[:decades]]
    growth(report, OF_PARAMETERS, [n for _, n in found], [t for t, _ in found])
    report.write()
