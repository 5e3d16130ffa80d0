"""The Tweedie loss on tables of counts and amounts at least 5 % of which are 0, next to other losses and methods.

Each model is trained on at most 1,500 rows and tested on at most 3,000. For each other method, the script prints two
ratios: the Tweedie deviance (power 1.5) of the model with the Tweedie loss divided by the method's deviance, and the
same ratio of the root mean squared errors. Predictions below 1e-9 count as 1e-9, because a prediction of 0 has an
infinite deviance from a positive target.
"""

import warnings

import numpy as np

from benchmarks import table_sets, tables, ties
from benchmarks.report import Report
from benchmarks.tables import geometric

POWER, N_SPLITS, N_TRAIN, N_TEST = 1.5, 6, 1500, 3000
SMALLEST = 1e-9  # of predictions
LEAST_ZEROS = 0.05
TWEEDIE = "cmlp, tweedie"
# Methods of the benchmark `tables`, and the parameters that change their loss.
METHODS = {
    TWEEDIE: (tables.cmlp_tables, {"loss": "tweedie"}),
    '`loss="poisson"`': (tables.cmlp_tables, {"loss": "poisson"}),
    "CatBoost, Tweedie": (tables.catboost, {"loss_function": f"Tweedie:variance_power={POWER}"}),
    "LightGBM, Tweedie": (
        tables.lightgbm,
        {"objective": "tweedie", "tweedie_variance_power": POWER},
    ),
}


def measured(X, y, seed):
    """Return deviance and root mean squared error of each method on a split."""
    from sklearn.metrics import mean_tweedie_deviance

    order = np.random.RandomState(seed).permutation(len(y))
    n = min(N_TRAIN, 2 * len(y) // 3)
    train, test = order[:n], order[n : n + N_TEST]
    found = {}
    for name, (method, loss) in METHODS.items():
        try:
            model, rows = method("numbers", X, seed)
        except ImportError:
            continue
        outputs = model.set_params(**loss).fit(rows.iloc[train], y[train]).predict(rows.iloc[test])
        mean = np.maximum(np.asarray(outputs, np.float64), SMALLEST)
        deviance = mean_tweedie_deviance(y[test], mean, power=POWER)
        found[name] = deviance, np.sqrt(np.mean((mean - y[test]) ** 2))
    return found


def described(ratios):
    """Return the geometric mean, the median and the largest of the ratios of tables."""
    return f"{geometric(ratios):.2f}, {np.median(ratios):.2f}, {ratios.max():.2f}"


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
        others = [method for method in splits[0] if method != TWEEDIE]
        ratios.append(
            [
                [geometric([s[TWEEDIE][k] / s[other][k] for s in splits]) for k in (0, 1)]
                for other in others
            ]
        )
        rows.append([name, f"{zeros:.2f}", *(f"{a:.3f}, {b:.3f}" for a, b in ratios[-1])])
        print(*rows[-1], flush=True)
    head = ["table", "zeros", *(f"relative to {other}" for other in others)]
    title = f"deviance of the power {POWER} and root mean squared error of {TWEEDIE}"
    report.table(title, head, rows)
    report.table(
        "ratios over the tables",
        ["relative to", "deviance", "root mean squared error"],
        [
            [other, *map(described, one)]
            for other, one in zip(others, np.array(ratios).transpose(1, 2, 0), strict=True)
        ],
    )
    report.write()
