"""What cmlp's classifier and scikit-learn's have in common: all of it but the import."""

import numpy as np

from benchmarks.data import rows
from benchmarks.peers import RATE


def parameters(case):
    """Plain SGD, or what the case says."""
    return {
        "hidden_layer_sizes": case["sizes"][1:-1],
        "solver": case.get("solver", "sgd"),
        "learning_rate_init": 0.001 if case.get("solver") == "adam" else RATE,
        "momentum": case.get("momentum", 0),
        "nesterovs_momentum": "momentum" in case,
        "alpha": 0,
        "batch_size": case.get("batch", 128),
        "random_state": 0,
    }


def train(estimator, case):
    """An epoch; the first that counts is epoch 3, or the case's ``epoch``: the worker's warm-up is one too."""
    X, y = rows(case)
    model = estimator(parameters(case), case)
    for _ in range(case.get("epoch", 3) - 2):
        model.partial_fit(X, y, classes=np.arange(10))
    return lambda: model.partial_fit(X, y)


def fit(estimator, case):
    """A whole fit with the library's defaults."""
    X, y = rows(case)
    given = {"hidden_layer_sizes": case["sizes"][1:-1], "max_iter": case["epochs"], "random_state": 0}
    return lambda: estimator(given, case).fit(X, y)


def predict_proba(estimator, case):
    model = estimator(parameters(case), case)
    model.partial_fit(*rows({**case, "rows": 200}), classes=np.arange(10))
    X, _ = rows(case)
    return lambda: model.predict_proba(X)
