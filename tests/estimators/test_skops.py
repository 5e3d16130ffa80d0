"""Pickled estimators consist of plain values, so that skops needs to trust one type only."""

import numpy as np
import pytest
from estimator_cases import blobs, flat, small
from optional import package

from cmlp import MLPClassifier, MLPRegressor, Network, TabularClassifier, TabularRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer"),
    pytest.mark.filterwarnings("ignore::cmlp.exceptions.LeakWarning"),  # one column says the class
]


def regressor(**params):
    return MLPRegressor(hidden_layer_sizes=(8,), max_iter=15, **params)


ESTIMATORS = [
    small(),
    small(early_stopping=True),
    small(
        solver="sgd",
        learning_rate="adaptive",
        hidden_layer_sizes=[4, 4],
        activation=["relu", "silu"],
    ),
    small(learning_rate="one_cycle", random_state=None),
    regressor(random_state=np.random.RandomState(5)),
    small(input_scale=Network([4, 3], input_scale=(np.ones(4), np.full(4, 2.0))).input_scale),
]


def fitted(estimator):
    X, y = blobs()
    labels = np.array(["a", "b", "c"], object)[y] if type(estimator) is MLPClassifier else y
    return estimator.fit(X, labels), X, labels


def types_in(value):
    """Return the types of all values in nested containers, without those of the keys."""
    if isinstance(value, dict):
        return set().union(*map(types_in, value.values()))
    if isinstance(value, (list, tuple)):
        return {type(value)}.union(*map(types_in, value))
    return {type(value)}


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_state_of_an_estimator_has_plain_values_only(estimator):
    model, *_ = fitted(estimator)
    plain = {bool, float, int, list, np.ndarray, str, tuple, type(None), np.random.RandomState}
    assert types_in(model.__getstate__()) <= plain


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_skops_needs_to_trust_the_class_of_the_estimator_only(estimator):
    io = package("skops.io")
    model, X, y = fitted(estimator)
    data = io.dumps(model)
    name = f"{type(model).__module__}.{type(model).__name__}"
    assert io.get_untrusted_types(data=data) == [name]
    loaded = io.loads(data, trusted=[name])
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert loaded.input_scale == model.input_scale
    assert (loaded.loss_curve_, loaded.validation_scores_) == (
        model.loss_curve_,
        model.validation_scores_,
    )
    if not model.early_stopping and model.learning_rate != "one_cycle":
        np.testing.assert_array_equal(flat(loaded.partial_fit(X, y)), flat(model.partial_fit(X, y)))


def test_pipelines_and_data_frames_need_the_same_type():
    io, pandas = package("skops.io"), package("pandas")
    pipeline = package("sklearn.pipeline")
    scaler = package("sklearn.preprocessing").StandardScaler()
    X, y = blobs()
    frame = pandas.DataFrame(X, columns=["a", "b", "c", "d"])
    data = io.dumps(pipeline.make_pipeline(scaler, small()).fit(frame, y))
    assert io.get_untrusted_types(data=data) == ["cmlp.MLPClassifier"]
    loaded = io.loads(data, trusted=["cmlp.MLPClassifier"])
    assert loaded[-1].score(scaler.fit_transform(X), y) > 0.9


# ----------------------------------------------------------------------------------------------- estimators for tables


class StopAfter:
    """A callback that ends training after two epochs."""

    def on_epoch_end(self, trainer):
        if trainer.state.epoch == 2:
            trainer.stop()


def frame():
    pandas = package("pandas")
    rng = np.random.RandomState(0)
    columns = {
        "size": rng.uniform(0, 9, 80),
        7: np.arange(80) % 3 == 0,
        ("a", 1): rng.choice(["x", "y", None], 80),
    }
    frame = pandas.DataFrame(columns)
    frame["grade"] = pandas.Categorical(rng.choice([1, 2.5, True], 80))
    return frame, columns["size"] + (np.arange(80) % 3 == 0) + rng.standard_normal(80) / 10


def of_table(kind, **parameters):
    X, numbers = frame()
    y = np.where(numbers > 5, "high", "low") if kind is TabularClassifier else numbers
    return kind(n_estimators=2, random_state=0, **parameters).fit(X, y), X, y


KINDS = [TabularClassifier, TabularRegressor]


@pytest.mark.parametrize("kind", KINDS)
def test_skops_needs_to_trust_the_class_of_an_estimator_for_tables_only(kind):
    io = package("skops.io")
    model, X, _ = of_table(kind)
    data = io.dumps(model)
    name = f"{kind.__module__}.{kind.__name__}"
    assert io.get_untrusted_types(data=data) == [name]
    loaded = io.loads(data, trusted=[name])
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    np.testing.assert_array_equal(loaded.predict(X[X.columns[::-1]]), model.predict(X))
    assert loaded.history_ == model.history_ and loaded.n_features_in_ == 4


@pytest.mark.parametrize("kind", KINDS)
def test_stopped_fits_of_tables_can_be_resumed_from_skops(kind):
    io = package("skops.io")
    model, X, y = of_table(kind, callbacks=[StopAfter()])
    model.callbacks = None
    whole, *_ = of_table(kind)
    loaded = io.loads(io.dumps(model), trusted=[f"{kind.__module__}.{kind.__name__}"])
    assert len(loaded.history_["loss"]) < len(whole.history_["loss"])
    np.testing.assert_array_equal(loaded.fit(X, y, resume=True).predict(X), whole.predict(X))


@pytest.mark.parametrize("kind", KINDS)
def test_state_of_an_estimator_for_tables_has_plain_values_only(kind):
    model, *_ = of_table(kind)
    assert types_in(model.__getstate__()) <= {
        bool,
        float,
        int,
        list,
        np.ndarray,
        str,
        tuple,
        type(None),
    }


def with_large_number(columns):
    (role, _, *more), *others = columns["layout"]
    return [(role, 2**70, *more), *others]


def without_last_number(columns):
    return columns | {"numbers": columns["numbers"][:-1]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda fit, model: model.pop("columns"), "damaged: a field is missing"),
        (lambda fit, model: model.update(columns=3), "damaged"),
        (lambda fit, model: model["columns"].update(names=["a"]), "as many names"),
        (lambda fit, model: fit.update(networks=[]), "it has 0 networks"),
        (lambda fit, model: model["columns"]["categories"].pop(), "as many names"),
        (
            lambda fit, model: model.update(columns=without_last_number(model["columns"])),
            "damaged",
        ),
        (
            lambda fit, model: model.update(answer_scale=None),
            "a regressor needs the scale of its targets",
        ),
        (lambda fit, model: fit["networks"].append(fit["networks"][0][:1]), "damaged"),
        (
            lambda fit, model: fit["networks"].insert(0, (fit["networks"][0][0], np.zeros(3))),
            "parameters must be",
        ),
        (lambda fit, model: fit["states"].pop(), "it has not a state for each network"),
        (
            lambda fit, model: model["columns"].update(layout=with_large_number(model["columns"])),
            "damaged: Python int too large",
        ),
        (lambda fit, model: fit.update(folds=[0]), "its folds are no array of uint8"),
        (lambda fit, model: fit.update(provenance=[]), r"its provenance is \[\]"),
    ],
)
def test_damaged_states_of_tables_are_rejected(change, message):
    state = of_table(TabularRegressor)[0].__getstate__()
    change(state["_result"], state["_result"]["model"])
    with pytest.raises(ValueError, match=message):
        TabularRegressor().__setstate__(state)


def without(name):
    return lambda fields: fields.pop(name)


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        ([], without("networks"), "damaged: it lacks 'networks'"),
        (["networks", 0, 0], without("sizes"), "damaged: KeyError"),
        (["networks", 0, 0], lambda net: net.update(version=0), "another version"),
        (
            ["networks", 0, 0],
            lambda net: net.update(sizes=(4, 9, 3)),
            "The parameters must be 75 values",
        ),
        (["model"], without("labels"), "a classifier needs labels"),
        (
            ["model", "labels"],
            lambda labels: labels.update(labels=np.array(["a", "b"])),
            "its labels do not fit 3 outputs",
        ),
        (
            ["states", 0],
            lambda state: state.update({"training.loss_curve": 1.0}),
            "damaged: training.loss_curve is 1.0",
        ),
        (["model", "kind"], lambda kind: kind.update(kind="eval"), "is a 'eval'"),
        ([], lambda fitted: fitted.update(model=None), "damaged: 'NoneType'"),
        (
            [],
            lambda fitted: fitted.update(scale_name="unit"),
            "the name of its input_scale is 'unit'",
        ),
        ([], lambda fitted: fitted.update(networks=[(None, None)]), "damaged"),
        (
            ["model", "input_scale"],
            lambda scale: scale.update(input_scale=float("nan")),
            "its input_scale is nan",
        ),
        (
            ["model", "input_scale"],
            lambda scale: scale.update(input_scale=(1.0,)),
            "damaged: .*missing 1 required positional",
        ),
        (["model"], lambda model: model.update(names={"names": ("a",)}), "must have 4 feature"),
        ([], lambda fitted: fitted.update(states=[3]), "damaged"),
        ([], lambda fitted: fitted.update(states=[]), "it has not a state for each network"),
    ],
)
def test_damaged_states_are_rejected(part, change, message):
    state = fitted(small())[0].__getstate__()
    fields = state["_result"]
    for name in part:
        fields = fields[name]
    change(fields)
    with pytest.raises(ValueError, match=message):
        MLPClassifier().__setstate__(state)
