"""Work of an MLPClassifier, shared by cmlp and scikit-learn."""

import numpy as np

from benchmarks.data import rows
from benchmarks.peers import RATE


def parameters(case):
    """Return a classifier with plain SGD unless the case sets other parameters."""
    solver = case.get("solver", "sgd")
    return {
        "hidden_layer_sizes": case["sizes"][1:-1],
        "solver": solver,
        "learning_rate_init": 0.001 if solver == "adam" else RATE,
        **({"momentum": case.get("momentum", 0)} if solver == "sgd" else {}),
        "alpha": 0,
        "batch_size": case.get("batch", 128),
        "random_state": 0,
    }


def train(estimator, case):
    """Train one epoch. The first measured epoch is epoch 3 or ``epoch`` of the case; the warm-up counts as one."""
    X, y = rows(case)
    model = estimator(parameters(case), case)
    for _ in range(case.get("epoch", 3) - 2):
        model.partial_fit(X, y, classes=np.arange(10))
    return lambda: model.partial_fit(X, y)


def fit(estimator, case):
    """Run a complete fit with the default parameters of the library."""
    X, y = rows(case)
    given = {
        "hidden_layer_sizes": case["sizes"][1:-1],
        "max_iter": case["epochs"],
        "random_state": 0,
    }
    return lambda: estimator(given, case).fit(X, y)


def predict_proba(estimator, case):
    model = estimator(parameters(case), case)
    model.partial_fit(*rows({**case, "rows": 200}), classes=np.arange(10))
    X, _ = rows(case)
    return lambda: model.predict_proba(X)
