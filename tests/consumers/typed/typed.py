"""A stranger's module, for type checkers at their strictest: they must understand what cmlp promises."""

import numpy as np
import numpy.typing as npt

from cmlp import MLPClassifier, MLPRegressor, Network


def accuracy(X: npt.NDArray[np.float64], y: npt.NDArray[np.int64]) -> float:
    """Train a classifier and return its accuracy."""
    model = MLPClassifier(hidden_layer_sizes=(16,), random_state=0).fit(X, y)
    if model.predict_proba(X).sum() < len(model.predict(X)):
        raise ValueError("probabilities do not add up to 1")
    return model.score(X, y)


def determination(X: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    """Train a regressor and return its coefficient of determination."""
    return MLPRegressor().fit(X, y).score(X, y)


def length(X: npt.NDArray[np.float64], y: npt.NDArray[np.int64]) -> float:
    """Return the length of a new network's gradient."""
    net = Network([X.shape[1], 3, 2], random_state=0)
    return net.gradient(X, y).norm * float(net.params.sum())
