"""cmlp: Network, and the estimator with its checks."""

import warnings
from functools import partial

import numpy as np

import cmlp
from benchmarks.data import rows
from benchmarks.peers import RATE, estimators


def version():
    return f"cmlp {cmlp.__version__}, {cmlp.cpu_info()['used']}"


def settings(case):
    """Return the number of threads and the scale that maps bytes to 0..1."""
    return {
        "n_threads": case.get("threads", 1),
        "input_scale": 1 / 255 if case.get("dtype") == "uint8" else 1,
        "random_state": 0,
    }


def network(case):
    return cmlp.Network(case["sizes"], "relu", **settings(case))


def estimator(parameters, case):
    warnings.simplefilter("ignore")  # about training that stops before convergence
    return cmlp.MLPClassifier(**{**parameters, **settings(case)})


train = partial(estimators.train, estimator)
fit = partial(estimators.fit, estimator)
predict_proba = partial(estimators.predict_proba, estimator)


def fit_many(case):
    """Fit the `models` of the case side by side, each as `fit` does."""
    X, y = rows(case)
    given = {"hidden_layer_sizes": case["sizes"][1:-1], "max_iter": case["epochs"]}
    return lambda: cmlp.fit_many([estimator(given, case) for _ in range(case["models"])], X, y)


def train_network(case):
    X, y = rows(case)
    net, rng = network(case), np.random.RandomState(0)

    def epoch():
        order = rng.permutation(len(X))
        net.train_epoch(X, y, case["batch"], RATE, order=order, dropout=case.get("dropout", 0.0))

    return epoch


def forward(case):
    X, _ = rows(case)
    net = network(case)
    return lambda: net.forward(X)


def forward_out(case):
    X, _ = rows(case)
    net = network(case)
    out = np.empty((len(X), 10), np.float32)
    return lambda: net.forward(X, out=out)
