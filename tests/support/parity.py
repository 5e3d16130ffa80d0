"""The same estimator of cmlp and of scikit-learn, called and compared."""

import re
import warnings

import numpy as np
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor

from cmlp import MLPClassifier, MLPRegressor
from cmlp.exceptions import UnusedParameterWarning, UselessModelWarning


def pair(problem, **params):
    """Return the same estimator of both libraries."""
    regression = problem in ("regression", "multi-output") or problem.startswith("poisson")
    defaults = {"hidden_layer_sizes": (8, 6), "max_iter": 20, "random_state": 3, "batch_size": 32}
    params = {**defaults, **params}
    if problem.startswith("poisson"):
        params["loss"] = "poisson"
    if regression:
        return MLPRegressor(**params), TheirRegressor(**params)
    return MLPClassifier(**params), TheirClassifier(**params)


ONLY_OURS = (UnusedParameterWarning, UselessModelWarning)


def messages(caught):
    return sorted(
        (w.category.__name__, str(w.message)) for w in caught if w.category not in ONLY_OURS
    )


# What cmlp adds to a warning if inputs or targets are large.
ADVICE = r"(\s[Xy] has values of the order of [^:]*: [^:]* helps\.)+$"


def call_both(ours, theirs, method, *args, **kwargs):
    """Call a method of both estimators and compare the warnings, except what only cmlp says."""
    caught = []
    for estimator in (theirs, ours):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            getattr(estimator, method)(*args, **kwargs)
        caught.append(messages(seen))
    assert caught[0] == [(name, re.sub(ADVICE, "", text)) for name, text in caught[1]]


def assert_same(ours, theirs, X, y, weight=None):
    for mine, other in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-6)
    for mine, other in zip(ours.intercepts_, theirs.intercepts_, strict=True):
        np.testing.assert_allclose(mine, other, rtol=0, atol=1e-6)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-8)
    assert ours.loss_ == ours.loss_curve_[-1]
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "n_features_in_", "out_activation_"):
        assert getattr(ours, name) == getattr(theirs, name), name
    for name in ("best_loss_", "best_validation_score_", "validation_scores_"):
        mine, other = getattr(ours, name), getattr(theirs, name)
        assert (mine is None) == (other is None), name
        if mine is not None:
            np.testing.assert_allclose(mine, other, rtol=1e-8, err_msg=name)
    assert_same_predictions(ours, theirs, X, y, weight)


def assert_same_predictions(ours, theirs, X, y, weight):
    mine, other = ours.predict(X), theirs.predict(X)
    assert mine.shape == other.shape and mine.dtype == other.dtype
    if hasattr(theirs, "predict_proba"):
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)
        assert ours.classes_.dtype == theirs.classes_.dtype
        np.testing.assert_array_equal(mine, other)
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)
        np.testing.assert_allclose(
            ours.predict_log_proba(X), theirs.predict_log_proba(X), rtol=1e-5, atol=1e-5
        )
    else:
        np.testing.assert_allclose(mine, other, atol=1e-5)
    np.testing.assert_allclose(ours.score(X, y, weight), theirs.score(X, y, weight), atol=1e-6)
