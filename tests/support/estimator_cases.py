"""Small problems and quick estimators that several test modules share."""

import numpy as np

from cmlp import MLPClassifier


def blobs(n_classes=3, n_rows=120, seed=0):
    """Rows around as many centres as there are classes, and the class of each."""
    rng = np.random.RandomState(seed)
    y = np.arange(n_rows) % n_classes
    centres = 3 * rng.standard_normal((n_classes, 4))
    return centres[y] + 0.5 * rng.standard_normal((n_rows, 4)), y


def small(**params):
    """A quick classifier; what it warns of, `max_iter`, the modules ignore."""
    params = {"max_iter": 15, "random_state": 1, "learning_rate_init": 0.02, **params}
    return MLPClassifier(params.pop("hidden_layer_sizes", (8,)), **params)


def flat(model):
    """All parameters of a fitted estimator in one array."""
    pairs = zip(model.coefs_, model.intercepts_, strict=True)
    return np.concatenate([tensor.ravel() for pair in pairs for tensor in pair])
