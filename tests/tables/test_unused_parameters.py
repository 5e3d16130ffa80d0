"""Parameters of tables that have no effect under the others: `UnusedParameterWarning`, as for networks."""

import warnings

import numpy as np
import pytest

from cmlp import TabularClassifier, TabularRegressor
from cmlp.exceptions import UnusedParameterWarning

X = np.random.RandomState(0).standard_normal((800, 3))
Y = X[:, 0] + X[:, 1] ** 2
SMALL = {"n_estimators": 2, "n_epochs": 2, "random_state": 0}
LEVELS = {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}
WITHOUT_EFFECT = {
    "interval_width and quantiles": ({"interval_width": "constant"}, LEVELS, "quantile"),
    "interval_width and no held-out rows": (
        {"interval_width": "constant"},
        {"early_stopping": False},
        "early_stopping",
    ),
    "dropout and no hidden layers": (
        {"dropout": 0.5},
        {"hidden_layer_sizes": ()},
        "hidden_layer_sizes",
    ),
}
WITH_EFFECT = {
    "interval_width": ({"interval_width": "constant"}, {}),
    "interval_width and one quantile": (
        {"interval_width": "constant"},
        {"loss": "quantile", "quantile": 0.3},
    ),
    "dropout": ({"dropout": 0.5}, {"hidden_layer_sizes": (5,)}),
    "learning rate": ({"learning_rate_init": 0.01}, {}),
    "no held-out rows": ({"early_stopping": False}, {}),
}


def unused(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [str(one.message) for one in caught if issubclass(one.category, UnusedParameterWarning)]


def fitted(**parameters):
    return TabularRegressor(**SMALL, **parameters).fit(X, Y)


def intervals(model):
    return (
        model.calibrate(X, Y).predict_interval(X)
        if model.early_stopping is False
        else model.predict_interval(X)
    )


@pytest.mark.parametrize("pair", WITHOUT_EFFECT)
@pytest.mark.filterwarnings("ignore")
def test_a_parameter_without_effect_is_named(pair):
    parameter, others, other = WITHOUT_EFFECT[pair]
    (name,) = parameter
    (message,) = unused(lambda: fitted(**parameter, **others))
    assert message.startswith(
        f"{name} differs from its default, but has no effect with this {other}: "
    )
    assert unused(lambda: fitted(**others)) == []
    one, plain = fitted(**parameter, **others), fitted(**others)
    np.testing.assert_array_equal(one.predict(X), plain.predict(X))
    np.testing.assert_array_equal(intervals(one), intervals(plain))


@pytest.mark.parametrize("pair", WITH_EFFECT)
@pytest.mark.filterwarnings("ignore")
def test_a_parameter_with_an_effect_is_not_named(pair):
    parameter, others = WITH_EFFECT[pair]
    assert unused(lambda: fitted(**parameter, **others)) == []
    one, plain = fitted(**parameter, **others), fitted(**others)
    different = (one.predict(X) != plain.predict(X)).any()
    assert different or (intervals(one) != intervals(plain)).any()


def test_classifiers_are_checked_too():
    model = TabularClassifier(**SMALL, dropout=0.3, hidden_layer_sizes=())
    (message,) = unused(lambda: model.fit(X, Y > 1))
    assert message.startswith("dropout differs from its default")
    assert unused(lambda: TabularClassifier(**SMALL).fit(X, Y > 1)) == []


def test_a_message_is_shown_once_per_process():
    model = TabularClassifier(**SMALL, dropout=0.3, hidden_layer_sizes=())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        for _ in range(3):
            model.fit(X, Y > 1)
    assert sum(issubclass(one.category, UnusedParameterWarning) for one in caught) <= 1


def test_saving_and_predicting_say_nothing(tmp_path):
    model = TabularRegressor(**SMALL, dropout=0.3, hidden_layer_sizes=())
    assert len(unused(lambda: model.fit(X, Y))) == 1
    assert unused(lambda: model.save(tmp_path / "model")) == []
    assert unused(lambda: model.predict(X)) == []
