"""Estimators for tables of every kind, quickly trained, and the comparison of their exported headers with Python."""

import warnings

import numpy as np
from c_export import NATIVE, predictions
from helpers import assert_same_bits
from internals import changed, model_of, raw_rows

from cmlp import TabularClassifier, TabularRegressor

nan = float("nan")
FAST = {"n_estimators": 3, "hidden_layer_sizes": (6,), "max_time": 1e-9, "random_state": 0}


def mixed_rows(n, seed):
    """Return rows of numbers, missing values, categories and constants; with seed 1 some categories are new."""
    rng = np.random.RandomState(seed)
    colours = ["red", "grün", 'say "hi" \\ /', None, *(["new"] * seed)]
    return [
        [
            float(rng.standard_normal()),
            nan
            if rng.random_sample() < 0.2
            else float(rng.exponential()) * 10.0 ** (6 + 3 * seed * rng.randint(3)),
            colours[rng.randint(len(colours))],
            ["x", "y", "z"][rng.randint(2 + seed)],
            [0, 2.5, True, "w", None][rng.randint(5)] if i else -7,
            nan if rng.random_sample() < 0.5 else 3.0,
            5.0,
            "same",
        ]
        for i in range(n)
    ]


X, UNSEEN = mixed_rows(80, seed=0), mixed_rows(300, seed=1)


def regressor_of(y, **parameters):
    return TabularRegressor(**{**FAST, **parameters}).fit(X, y)


def regressor(**parameters):
    return regressor_of(np.arange(80) * 1000.0 - 7, **parameters)


def classifier(labels, **parameters):
    return TabularClassifier(**{**FAST, **parameters}).fit(X, labels * (80 // len(labels)))


def calibrated(labels):
    """Return a classifier with calibrated probabilities, and with two classes a threshold."""
    model = classifier(labels, n_estimators=6).calibrate(probabilities=True)
    if len(set(labels)) == 2:
        model.threshold_ = float(np.median(expected_of(model, UNSEEN)[0][:, 1]))
    return model


def limited(where):
    """Return a regressor whose networks leave the range of the targets in most rows."""
    model = regressor()
    scale = model_of(model).answer_scale
    middle = float(np.median((expected_of(model, UNSEEN)[0] - scale.centre) / scale.scale))
    low, high = (middle, 9.0) if where == "below" else (-9.0, middle)
    return changed(model, answer_scale=scale._replace(low=(low,), high=(high,)))


MODELS = {
    "binary": lambda: classifier(["no", "yes"]),
    "multiclass": lambda: classifier([3, 10, -1, 7]),
    "regressor": regressor,
    "below": lambda: limited("below"),
    "above": lambda: limited("above"),
    "median": lambda: regressor(loss="quantile", quantile=0.5),
    "quantile": lambda: regressor(loss="quantile", quantile=0.9),
    "quantiles": lambda: regressor(loss="quantile", quantile=[0.1, 0.4, 0.6, 0.9]),
    "poisson": lambda: regressor_of(np.arange(80) % 9, loss="poisson"),
    "tweedie": lambda: regressor_of(np.arange(80) % 9 * 0.75, loss="tweedie"),
    "gamma": lambda: regressor_of(
        (1.0 + np.arange(160).reshape(80, 2)) * [1e-3, 1e6], loss="gamma"
    ),
    "one": lambda: regressor(n_estimators=1, hidden_layer_sizes=(5, 7, 3)),
    "many": lambda: classifier(["a", "b"], n_estimators=5, hidden_layer_sizes=(140, 130)),
    "targets": lambda: regressor_of(np.arange(240.0).reshape(80, 3) ** [1, 2, 0.5] - [0, 5, 2]),
    "multilabel": lambda: classifier([[0, 1], [1, 1], [0, 0], [0, 1]]),
    "ordered": lambda: classifier([3, 10, -1, 7], ordered=[10, 3, 99, -1, 7]),
    "threshold": lambda: calibrated(["no", "yes"]),
    "calibrated": lambda: calibrated([3, 10, -1, 7]),
}


def expected_of(model, rows):
    """Return the outputs, and the class indices of a classifier or zeros."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rows unlike those of fit
        if isinstance(model, TabularRegressor):
            return model.predict(rows).reshape(len(rows), -1), np.zeros(len(rows), int)
        labels, outputs = model.predict(rows), model.predict_proba(rows)
    indices = np.zeros(len(rows), int)
    if labels.ndim == 1:
        indices = (labels[:, None] == model.classes_).argmax(axis=1)
    return outputs, indices


def rows_with_nan(model, rows):
    """Return the rows as the model reads them, and again with NaN instead of the code of each missing category."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rows unlike those of fit
        raw = raw_rows(model, rows)
    with_nan = raw.copy()
    for i, codes in enumerate(model_of(model).columns.codes):
        with_nan[raw[:, i] == (codes or {}).get(None), i] = nan
    return np.concatenate([raw, with_nan])


def assert_table_agrees(folder, model, rows, target=NATIVE, *options):
    model.to_c(folder / "table.h")
    raw = rows_with_nan(model, rows)
    has_classes = isinstance(model, TabularClassifier) and model.predict(rows[:1]).ndim == 1
    outputs, classes = predictions(
        folder, "table", raw, target, *options, output="double", classify=has_classes
    )
    expected, indices = expected_of(model, rows)
    assert_same_bits(outputs, np.tile(expected, (2, 1)))
    assert (classes == np.tile(indices, 2)).all()
