"""A user's module, for type checkers at their strictest: they must understand what cmlp promises."""

import numpy as np
import numpy.typing as npt

from cmlp import MLPClassifier, MLPRegressor, Network


def accuracy(X: npt.NDArray[np.float64], y: npt.NDArray[np.int64]) -> float:
    """Train a classifier and return its accuracy."""
    model = MLPClassifier(hidden_layer_sizes=(16,), random_state=0).fit(X, y)
    if model.predict_proba(X).sum() < len(model.predict(X)):
        raise ValueError("probabilities do not add up to 1")
    return model.score(X, y)


def last_loss(model: MLPClassifier | MLPRegressor) -> float:
    """Return the last epoch's loss, the smallest if there is one."""
    return model.loss_ if model.best_loss_ is None else model.best_loss_


def largest_weight(model: MLPClassifier) -> dict[str, float]:
    """Return the largest weight of each layer, named by the classes."""
    model.coefs_ = [2 * weights for weights in model.coefs_]
    name = "-".join(map(str, model.classes_.tolist()))
    return {f"{name} {i}": float(weights.max()) for i, weights in enumerate(model.coefs_)}


def determination(X: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> float:
    """Train a regressor and return its coefficient of determination."""
    return MLPRegressor().fit(X, y).score(X, y)


def length(X: npt.NDArray[np.float64], y: npt.NDArray[np.int64]) -> float:
    """Return the length of a new network's gradient."""
    net = Network([X.shape[1], 3, 2], random_state=0)
    return net.gradient(X, y).norm * float(net.params.sum())
