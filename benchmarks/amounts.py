"""The Tweedie loss on tables of counts and amounts at least 5 % of which are 0, next to other losses and methods.

1,500 rows train at most, at most 3,000 test. Each row has the deviance of the power 1.5 of the Tweedie loss, divided by
that of the others, whose predictions are at least 1e-9, and the same of the root mean squared error.
"""

import warnings

import numpy as np

from benchmarks import table_sets, tables, ties
from benchmarks.report import Report
from benchmarks.tables import geometric

POWER, N_SPLITS, N_TRAIN, N_TEST = 1.5, 6, 1500, 3000
SMALLEST = 1e-9  # of predictions, whose deviance is finite
LEAST_ZEROS = 0.05
OWN = ("tweedie", "poisson")


def cmlp_tables(loss):
    """Return a function that fits and predicts."""

    def predicted(X, y, unseen, seed):
        from cmlp import TabularRegressor

        return TabularRegressor(loss=loss, random_state=seed, n_threads=1).fit(X, y).predict(unseen)

    return predicted


def catboost(X, y, unseen, seed):
    from catboost import CatBoostRegressor

    model = CatBoostRegressor(
        loss_function=f"Tweedie:variance_power={POWER}",
        random_seed=seed,
        cat_features=tables.categories(X),
        thread_count=1,
        verbose=False,
        allow_writing_files=False,
    )
    return model.fit(tables.texts(X), y).predict(tables.texts(unseen), prediction_type="Exponent")


def lightgbm(X, y, unseen, seed):
    from lightgbm import LGBMRegressor

    power = {"tweedie_variance_power": POWER}
    model = LGBMRegressor(objective="tweedie", **power, random_state=seed, n_jobs=1, verbose=-1)
    return model.fit(X, y).predict(unseen)


METHODS = {
    **{f"cmlp, {loss}": cmlp_tables(loss) for loss in OWN},
    "CatBoost, tweedie": catboost,
    "LightGBM, tweedie": lightgbm,
}


def deviance(y, mean):
    """Return the mean Tweedie deviance."""
    q, r = 1 - POWER, 2 - POWER
    return 2 * np.mean(mean**r / r + y * (np.maximum(y, SMALLEST) ** q / r - mean**q) / q)


def measured(X, y, seed):
    """Return deviance and root mean squared error of each method on a split."""
    order = np.random.RandomState(seed).permutation(len(y))
    n = min(N_TRAIN, 2 * len(y) // 3)
    train, test = order[:n], order[n : n + N_TEST]
    found = {}
    for name, method in METHODS.items():
        try:
            outputs = method(X.iloc[train], y[train], X.iloc[test], seed)
        except ImportError:
            continue
        mean = np.maximum(np.asarray(outputs, np.float64), SMALLEST)
        found[name] = deviance(y[test], mean), np.sqrt(np.mean((mean - y[test]) ** 2))
    return found


def described(ratios):
    """Return the geometric mean, the median and the largest of the ratios of tables."""
    return f"{geometric(ratios):.3f}, {np.median(ratios):.3f}, {ratios.max():.3f}"


def run(*, short):
    report = Report("amounts", short)
    sets = {**ties.TABLES, **ties.OTHERS}
    rows, ratios = [], []
    for name, one in {"smoke": sets["smoke"]}.items() if short else sets.items():
        X, y, _ = table_sets.prepared(one)
        zeros = np.mean(y == 0)
        if y.min() < 0 or zeros < LEAST_ZEROS:
            continue
        with warnings.catch_warnings(action="ignore"):
            splits = [measured(X, y, seed) for seed in range(1 if short else N_SPLITS)]
        others = [method for method in splits[0] if method != "cmlp, tweedie"]
        ratios.append(
            [
                [geometric([s["cmlp, tweedie"][k] / s[other][k] for s in splits]) for k in (0, 1)]
                for other in others
            ]
        )
        rows.append([name, f"{zeros:.2f}", *(f"{a:.3f}, {b:.3f}" for a, b in ratios[-1])])
        print(*rows[-1], flush=True)
    head = ["table", "zeros", *(f"relative to {other}" for other in others)]
    title = f"deviance of the power {POWER} and root mean squared error of cmlp, tweedie"
    report.table(title, head, rows)
    report.table(
        f"over {len(rows)} tables: geometric mean, median and largest ratio",
        ["relative to", "deviance", "root mean squared error"],
        [
            [other, *map(described, one)]
            for other, one in zip(others, np.array(ratios).transpose(1, 2, 0), strict=True)
        ],
    )
    report.write()
