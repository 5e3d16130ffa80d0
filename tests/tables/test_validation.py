"""The validation loss of the estimators for tables, by which they keep the best epoch, and the score behind it."""

import functools

import numpy as np
import pytest
from helpers import ISAS, inputs, json_from_python, skip_unless_available, uniform
from internals import model_of, raw_rows, without_slope

from cmlp import TabularClassifier, TabularRegressor

QUICK = {"n_estimators": 2, "hidden_layer_sizes": (16,), "random_state": 0}
X = inputs(0, 400, 3, np.float64)
NUMBERS = 100 + 10 * X[:, 0] + 4 * np.sin(5 * X[:, 1]) + uniform(1, 400)
CLASSES = np.digitize(NUMBERS, [96.0, 103.0])
FIT, HELD = slice(None, 300), slice(300, None)


def best_losses(model):
    """Return the smallest validation loss of each network."""
    network, loss = (np.array(model.history_[name]) for name in ("network", "validation_loss"))
    return [loss[network == number].min() for number in np.unique(network)]


def networks_and_inputs(model, rows):
    """Return the networks, and the encoded rows for each of them."""
    trained = model_of(model)
    raw, core = raw_rows(model, rows), trained.columns
    return [(net, core.encode(raw, bins=k % 2 == 0)) for k, net in enumerate(model.estimators_)]


def log_loss(outputs, y, weight=None):
    outputs = outputs.astype(np.float64)
    if outputs.shape[1] == 1:
        outputs = np.concatenate([1 - outputs, outputs], axis=1)
    return np.average(-np.log(outputs[np.arange(len(y)), y]), weights=weight)


@pytest.mark.parametrize("y", [CLASSES, CLASSES // 2], ids=["three classes", "two classes"])
@pytest.mark.parametrize("weight", [None, uniform(4, 100, low=0.5, high=2.0)], ids=["", "weights"])
def test_classifier_records_the_log_loss(y, weight):
    """`Network.cost`, bit for bit, and the number that NumPy computes from the outputs. Training smooths it."""
    model = TabularClassifier(**QUICK)
    model.fit(X[FIT], y[FIT], X_val=X[HELD], y_val=y[HELD], sample_weight_val=weight)
    trained = networks_and_inputs(without_slope(model), X[HELD])
    for loss, (net, encoded) in zip(best_losses(model), trained, strict=True):
        outputs = net.forward(encoded)
        targets = y[HELD] if outputs.shape[1] > 1 else y[HELD, None]
        costs = [
            net.cost(encoded, targets, sample_weight=weight, plain=plain) for plain in (True, False)
        ]
        assert loss == costs[0] < costs[1]
        assert loss == pytest.approx(log_loss(outputs, y[HELD], weight), rel=1e-5)


LOSSES = {
    "squared_error": lambda rest: rest**2,
    "absolute_error": np.abs,
    "huber": lambda rest: np.where(np.abs(rest) <= 1, rest**2 / 2, np.abs(rest) - 0.5),
    "quantile": lambda rest: np.maximum(0.3 * rest, -0.7 * rest),
}


def scaled(y, loss):
    """Return standardized targets: by mean and deviation, or for robust losses by median and interquartile range."""
    known = NUMBERS[FIT]
    if loss == "squared_error":
        return (y - known.mean()) / known.std()
    low, centre, high = np.quantile(known, (0.25, 0.5, 0.75))
    return (y - centre) / (high - low)


@pytest.mark.parametrize("loss", LOSSES)
def test_regressor_records_the_loss_of_standardized_targets(loss):
    options = {"quantile": 0.3} if loss == "quantile" else {}
    model = TabularRegressor(**QUICK, loss=loss, **options)
    model.fit(X[FIT], NUMBERS[FIT], X_val=X[HELD], y_val=NUMBERS[HELD])
    standardized = scaled(NUMBERS[HELD], loss)
    for recorded, (net, encoded) in zip(
        best_losses(model), networks_and_inputs(model, X[HELD]), strict=True
    ):
        rest = standardized - net.forward(encoded)[:, 0].astype(np.float64)
        assert recorded == net.cost(encoded, standardized[:, None], plain=True)
        assert recorded == pytest.approx(LOSSES[loss](rest).mean(), rel=1e-5)


def test_regressor_records_the_loss_of_sorted_quantiles():
    levels = np.array([0.1, 0.5, 0.9])
    model = TabularRegressor(**QUICK, loss="quantile", quantile=levels.tolist())
    model.fit(X[FIT], NUMBERS[FIT], X_val=X[HELD], y_val=NUMBERS[HELD])
    standardized = scaled(NUMBERS[HELD], "quantile")
    for recorded, (net, encoded) in zip(
        best_losses(model), networks_and_inputs(model, X[HELD]), strict=True
    ):
        rest = standardized[:, None] - net.forward(encoded).astype(np.float64)
        assert recorded == pytest.approx(
            np.maximum(levels * rest, (levels - 1) * rest).mean(), rel=1e-6
        )


CODE = """
import json
import numpy as np
from cmlp import TabularClassifier, TabularRegressor
from helpers import digest, inputs
X = inputs(0, 200, 3, np.float64)
quick = {"n_estimators": 2, "hidden_layer_sizes": (8,), "random_state": 0}
one = TabularClassifier(**quick).fit(X, X[:, 0] > X[:, 1])
other = TabularRegressor(**quick).fit(X, X[:, 0])
losses = [model.history_["validation_loss"] for model in (one, other)]
print(json.dumps(digest(one.predict_proba(X), other.predict(X), *losses)))
"""


@functools.cache
def digest_of(isa):
    return json_from_python(CODE, isa=isa)


@pytest.mark.parametrize("isa", [isa for isa in ISAS if isa != "generic"])
def test_instruction_set_does_not_change_a_fit(isa):
    skip_unless_available(isa)
    assert digest_of(isa) == digest_of("generic")
