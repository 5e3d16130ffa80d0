"""Small data sets and fast estimators for several test modules."""

import numpy as np

from cmlp import MLPClassifier


def blobs(n_classes=3, n_rows=120, seed=0):
    """Return rows around one centre per class, and their classes."""
    rng = np.random.RandomState(seed)
    y = np.arange(n_rows) % n_classes
    centres = 3 * rng.standard_normal((n_classes, 4))
    return centres[y] + 0.5 * rng.standard_normal((n_rows, 4)), y


def small(**params):
    """Return a small classifier that stops at `max_iter`; the test modules ignore the warning."""
    params = {"max_iter": 15, "random_state": 1, "learning_rate_init": 0.02, **params}
    return MLPClassifier(params.pop("hidden_layer_sizes", (8,)), **params)


def flat(model):
    """Return all parameters of a fitted estimator as one array."""
    pairs = zip(model.coefs_, model.intercepts_, strict=True)
    return np.concatenate([tensor.ravel() for pair in pairs for tensor in pair])
