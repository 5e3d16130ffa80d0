"""scikit-learn's MLPClassifier."""

import warnings

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier

from benchmarks.data import rows, sparse_rows
from benchmarks.peers import RATE


def version():
    return sklearn.__version__


def estimator(case):
    warnings.simplefilter("ignore")  # of epochs that end before convergence
    return MLPClassifier(
        case["sizes"][1:-1], solver="sgd", momentum=0, nesterovs_momentum=False, alpha=0,
        batch_size=case.get("batch", 128), learning_rate_init=RATE, random_state=0,
    )  # fmt: skip


def train(case):
    X, y = rows(case["rows"])
    model = estimator(case).partial_fit(X, y, classes=np.arange(10))
    return lambda: model.partial_fit(X, y)


def train_sparse(case):
    X, y = sparse_rows(case["rows"], case["sizes"][0], case["density"])
    model = estimator(case).partial_fit(X, y, classes=np.arange(10))
    return lambda: model.partial_fit(X, y)


def predict_proba(case):
    X, y = rows(200)
    model = estimator(case).partial_fit(X, y, classes=np.arange(10))
    X, _ = rows(case["rows"])
    return lambda: model.predict_proba(X)
