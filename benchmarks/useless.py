"""False alarms and missed cases of `UselessModelWarning`, and what the comparison costs.

``python -m benchmarks.useless tables`` fits random tables: half of them with a signal, half without. A reference model
decides which tables have one: ridge regression on squares and products must clearly beat the constant on other rows.
``python -m benchmarks.useless cost`` times fits with and without the comparison.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np

from cmlp import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor
from cmlp.exceptions import UselessModelWarning

N_TABLES = 200


def features(X):
    """Return the columns, their squares and products, and a 1."""
    first, second = np.triu_indices(X.shape[1])
    return np.hstack([X, X[:, first] * X[:, second], np.ones((len(X), 1))])


def reference_r2(X, y):
    """Return R^2 of ridge regression on the second half of the rows, learned from the first half."""
    half = len(X) // 2
    A = features(X)
    normal = A[:half].T @ A[:half] + np.eye(A.shape[1])
    predicted = A[half:] @ np.linalg.solve(normal, A[:half].T @ y[:half])
    rest = y[half:]
    return 1 - ((rest - predicted) ** 2).sum() / ((rest - y[:half].mean()) ** 2).sum()


def table(seed, *, signal):
    """Return a random table: numbers and their y, or binary labels of a random share for every second seed."""
    rng = np.random.default_rng(seed)
    while True:
        n, d = int(rng.integers(200, 1000)), int(rng.integers(2, 12))
        X = rng.standard_normal((n, d))
        direction, center = rng.standard_normal(d), rng.standard_normal(d)
        truth = X @ direction + rng.uniform(0, 1) * (X * X) @ center
        truth = truth / truth.std() * np.sqrt(rng.uniform(0.1, 0.9)) if signal else 0.0 * truth
        y = truth + rng.standard_normal(n) * np.sqrt(max(0.0, 1 - truth.var()))
        if seed % 2:
            y = (y > np.quantile(y, rng.uniform(0.3, 0.8))).astype(float)
        if not signal or reference_r2(X, y) > 0.1:
            return X, y


def models(labels):
    """Return a dict of the models that are tried."""
    network, tabular = (
        (MLPClassifier, TabularClassifier) if labels else (MLPRegressor, TabularRegressor)
    )
    scale = {} if labels else {"y_scale": "standard"}
    return {
        "table": tabular(random_state=0),
        "early stopping": network(
            early_stopping=True, scoring="loss", random_state=0, max_iter=300, **scale
        ),
        "(4,), training rows": network(
            hidden_layer_sizes=(4,), random_state=0, max_iter=300, **scale
        ),
    }


def warned(model, X, y):
    """Return whether a fit gives the warning."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    return any(issubclass(one.category, UselessModelWarning) for one in caught)


def tables(n):
    """Print the shares of tables with the warning."""
    print(f"{'model':<24}{'signal':>10}{'none':>10}")
    for name in reversed(models(0)):
        found = {}
        for signal in (True, False):
            for seed in range(n):
                X, y = table(seed, signal=signal)
                y = y.astype(int) if seed % 2 else y
                found.setdefault(signal, []).append(warned(models(seed % 2)[name], X, y))
        print(f"{name:<24}{np.mean(found[True]):>10.1%}{np.mean(found[False]):>10.1%}", flush=True)


def cost(repeats=30):
    """Print the shortest times of fits, and of the comparison in them."""
    from cmlp._fit import prepare_network

    original, spent = prepare_network.warn_if_useless, []

    def timed(*arguments, **keywords):
        start = time.perf_counter()
        is_useless = original(*arguments, **keywords)
        spent.append(time.perf_counter() - start)
        return is_useless

    prepare_network.warn_if_useless = timed
    print(
        f"{'rows':>8}{'epochs':>8}{'early':>7}  {'y':<8}{'fit [ms]':>10}{'comparison [µs]':>17}{'share':>8}"
    )
    rng = np.random.default_rng(0)
    for n, epochs in ((20, 20), (100, 10), (1000, 5), (1000, 50), (20_000, 3), (200_000, 2)):
        X = rng.standard_normal((n, 10))
        for early in (False, True):
            for labels in (True, False):
                y = (X[:, 0] > 0).astype(int) if labels else X[:, 0]
                kind = MLPClassifier if labels else MLPRegressor
                best = best_spent = np.inf
                for _ in range(repeats if n < 20_000 else 3):
                    model = kind(
                        early_stopping=early,
                        max_iter=epochs,
                        learning_rate_init=0.01,
                        random_state=0,
                    )
                    start = time.perf_counter()
                    with warnings.catch_warnings(record=True):
                        warnings.simplefilter("always")  # an ignored warning makes no comparison
                        model.fit(X, y)
                    best, best_spent = (
                        min(best, time.perf_counter() - start),
                        min(best_spent, spent[-1]),
                    )
                kind = "labels" if labels else "numbers"
                print(f"{n:>8}{epochs:>8}{early!s:>7}  {kind:<8}{best * 1e3:>10.2f}{best_spent * 1e6:>17.0f}"
                      f"{best_spent / best:>8.2%}", flush=True)  # fmt: skip


def main():
    """Read the arguments and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["tables", "cost"])
    parser.add_argument(
        "--n", type=int, default=N_TABLES, help="tables with a signal, and as many without"
    )
    arguments = parser.parse_args()
    if arguments.what == "tables":
        tables(arguments.n)
    else:
        cost()


if __name__ == "__main__":
    main()
