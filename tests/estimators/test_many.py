"""`fit_many`: many models side by side."""

import pickle
import sys
import threading
import time
import types
import warnings
from _thread import interrupt_main

import numpy as np
import pytest
from estimator_cases import blobs, flat
from sklearn.base import clone

from cmlp import MLPClassifier, MLPRegressor, TabularClassifier, cpu_info, fit_many
from cmlp.exceptions import ConvergenceWarning, DataConversionWarning, UselessModelWarning

pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer"),
    pytest.mark.usefixtures("no_lost_signals"),
]


def classifiers(n, **parameters):
    return [
        MLPClassifier((4,), **{"max_iter": 5, "random_state": seed, **parameters})
        for seed in range(n)
    ]


def same(one, other):
    np.testing.assert_array_equal(flat(one), flat(other))
    assert one.loss_curve_ == other.loss_curve_


@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_models_have_the_bits_of_fit_alone(n_threads):
    X, y = blobs()
    settings = [
        {},
        {"early_stopping": True},
        {"solver": "sgd"},
        {"dropout": 0.2},
        {"learning_rate": "cosine"},
    ]
    models = [
        MLPClassifier((4,), max_iter=5, random_state=seed, **more)
        for seed, more in enumerate(settings)
    ]
    alone = [MLPClassifier(**model.get_params()).fit(X, y) for model in models]
    fitted = fit_many(models, X, y, n_threads=n_threads)
    assert [id(model) for model in fitted] == [id(model) for model in models]
    for one, other in zip(fitted, alone, strict=True):
        same(one, other)


def test_models_with_the_same_rows_share_the_converted_ones():
    X, y = blobs()
    n_converted = 0

    class Rows:
        """Rows that count how often they are converted."""

        shape, __len__ = X.shape, X.__len__

        def __array__(self, dtype=None, copy=None):
            nonlocal n_converted
            n_converted += 1
            return np.asarray(X, dtype)

    def conversions(n_models):
        nonlocal n_converted
        n_converted = 0
        fit_many(classifiers(n_models), Rows(), y, n_threads=1)
        return n_converted

    assert conversions(3) == conversions(1) >= 1


def test_models_that_share_rows_have_the_pickles_of_fit_alone():
    X, y = blobs()
    numbers = [{}, {"y_scale": "standard"}, {"loss": "quantile", "quantile": (0.1, 0.9)}]
    labels = [
        {},
        {"class_weight": "balanced"},
        {"early_stopping": True},
        {"input_scale": "standard"},
    ]
    models = [
        cls(hidden_layer_sizes=(4,), max_iter=3, random_state=seed, **more)
        for seed in range(2)
        for cls, settings in ((MLPClassifier, labels), (MLPRegressor, numbers))
        for more in settings
    ]
    alone = [pickle.dumps(clone(model).fit(X, y)) for model in models]
    assert [pickle.dumps(model) for model in fit_many(models, X, y, n_threads=1)] == alone


@pytest.mark.parametrize("place", ["class", "object"])
def test_a_fit_of_its_own_is_called(place):
    calls = []

    class Own(MLPClassifier):
        if place == "class":

            def fit(self, X, y):
                calls.append(len(X))
                return super().fit(X, y)

    X, y = blobs()
    model = Own((4,), max_iter=2)
    if place == "object":
        model.fit = lambda X, y: calls.append(len(X))
    fit_many([model], X, y)
    assert calls == [len(X)]


def test_models_of_the_same_data_have_labels_of_their_own():
    X, y = blobs()
    first, second = fit_many(classifiers(2), X, y, n_threads=1)
    before = second.classes_.copy()
    first.classes_[:] = first.classes_[::-1].copy()
    np.testing.assert_array_equal(second.classes_, before)


def test_each_model_can_have_its_own_data():
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, n)) for n in (5, 6, 7)]
    y = [rng.normal(size=n) for n in (5, 6, 7)]
    weights = [rng.uniform(size=n) for n in (5, 6, 7)]
    models = [MLPRegressor(hidden_layer_sizes=(3,), max_iter=3, random_state=0) for _ in X]
    for model, *data in zip(
        fit_many(models, Xs=X, ys=iter(y), sample_weights=weights), X, y, weights, strict=True
    ):
        same(model, MLPRegressor(hidden_layer_sizes=(3,), max_iter=3, random_state=0).fit(*data))


def test_lists_are_rows_and_labels_as_in_fit():
    X, y = blobs()
    one, other = fit_many(classifiers(2), X.tolist(), y.tolist(), [1.0] * len(X))
    alone = MLPClassifier((4,), max_iter=5, random_state=1).fit(
        X.tolist(), y.tolist(), [1.0] * len(X)
    )
    same(other, alone)
    assert len(one.loss_curve_) == 5


def test_weights_can_be_shared_or_missing_for_some():
    X, y = blobs()
    weight = np.linspace(0, 1, len(X))
    shared = fit_many(classifiers(2), X, y, weight)
    some = fit_many(classifiers(2), X, y, sample_weights=[weight, None])
    same(shared[0], some[0])
    same(some[1], MLPClassifier((4,), max_iter=5, random_state=1).fit(X, y))


def test_tables_and_models_of_other_kinds_mix():
    X, y = blobs()
    y = np.random.RandomState(0).permutation(y)  # which no column says
    models = [
        TabularClassifier(n_estimators=2, random_state=0),
        MLPClassifier((4,), max_iter=2, random_state=0),
    ]
    fit_many(models, X, y, n_threads=2)
    alone = TabularClassifier(n_estimators=2, random_state=0).fit(X, y)
    np.testing.assert_array_equal(models[0].predict_proba(X), alone.predict_proba(X))


# --------------------------------------------------------------------------------------------------------- errors


def test_an_error_names_its_model_and_the_others_are_fitted():
    X, y = blobs()
    models = classifiers(4)
    models[1].set_params(alpha=-1)
    models[3].set_params(activation="cube")
    with pytest.raises(ValueError, match=r"^In models\[1\]: .*alpha") as caught:
        fit_many(models, X, y, n_threads=2)
    assert caught.value.__notes__ == ["Other models that were not fitted: models[3]."]
    assert [hasattr(model, "coefs_") for model in models] == [True, False, True, False]


def test_errors_are_returned_in_their_places():
    X, y = blobs()
    models = classifiers(3)
    results = fit_many(
        models, Xs=[X, X[:, :1], X], ys=[y, y[:-1], y], on_error="return", n_threads=2
    )
    assert results[0] is models[0] and results[2] is models[2]
    assert str(results[1]).startswith(
        "In models[1]: Found input variables with inconsistent numbers of samples"
    )


def test_an_error_of_another_kind_has_a_note():
    class Broken:
        def fit(self, X, y):
            raise KeyError("column")

    with pytest.raises(KeyError, match="column") as caught:
        fit_many([Broken()], *blobs())
    assert caught.value.__notes__ == ["In models[0]."]


source = np.random.RandomState(0)
twice = MLPClassifier()


@pytest.mark.parametrize(
    ("models", "arguments", "message"),
    [
        ([], {}, "models must have at least one estimator, got an empty list."),
        (MLPClassifier(), {}, "models must be a list of estimators, got MLPClassifier."),
        ("models", {}, "models must be a list of estimators, got str."),
        (
            [MLPClassifier(), 3],
            {},
            "models must be estimators with a method fit, got int as models[1].",
        ),
        (
            [MLPClassifier],
            {},
            "models must be estimators with a method fit, got the class MLPClassifier as models[0].",
        ),
        (
            [twice, MLPClassifier(), twice],
            {},
            "models must be different objects, but models[2] is models[0]",
        ),
        (
            [MLPClassifier(random_state=source), MLPRegressor(random_state=source)],
            {},
            "models[0] and models[1] have the same RandomState as random_state",
        ),
        (
            [MLPClassifier()],
            {"X": None, "Xs": [[[0.0]], [[1.0]]]},
            "Xs must have an entry for each of the 1 models, got 2.",
        ),
        (
            [MLPClassifier()],
            {"y": None, "ys": 3},
            "ys must be a list with an entry for each model, got int.",
        ),
        (
            [MLPClassifier()],
            {"sample_weights": []},
            "sample_weights must have an entry for each of the 1 models, got 0.",
        ),
        (
            [MLPClassifier()],
            {"Xs": [[[0.0]]]},
            "fit_many takes either X for all models or Xs with one for each model",
        ),
        (
            [MLPClassifier()],
            {"y": None},
            "fit_many needs y for all models, or ys with one for each model.",
        ),
        (
            [MLPClassifier()],
            {"on_error": "ignore"},
            "on_error must be 'raise' or 'return', got 'ignore'.",
        ),
        ([MLPClassifier()], {"n_threads": 0}, "n_threads"),
    ],
)
def test_invalid_arguments_raise_one_error_before_any_fit(models, arguments, message):
    X, y = blobs()
    with pytest.raises((TypeError, ValueError)) as caught:
        fit_many(models, **{"X": X, "y": y, **arguments})
    assert message in str(caught.value) and "In models" not in str(caught.value)


def test_the_same_seed_is_allowed():
    X, y = blobs()
    seed = np.int64(3)
    one, other = fit_many(
        [MLPClassifier((4,), max_iter=2, random_state=seed) for _ in range(2)], X, y
    )
    same(one, other)


# ------------------------------------------------------------------------------------------------------- warnings


def test_each_distinct_warning_is_issued_once_with_its_models():
    X, y = blobs()
    models = [*classifiers(5), *classifiers(1, max_iter=2), *classifiers(1, batch_size=10**6)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", UselessModelWarning)  # the epochs are few
        fit_many(models, X, y, n_threads=2)
    texts = sorted(str(warning.message) for warning in caught)
    assert [text[text.rindex("(models") :] for text in texts] == [
        "(models[6])",
        "(models[5])",
        "(models[0], models[1], models[2] and 3 others)",
    ]
    assert "Maximum iterations (5)" in texts[2]
    assert issubclass(caught[0].category, (ConvergenceWarning, UserWarning))
    assert {warning.filename for warning in caught} == {__file__}


def test_a_warning_about_shared_data_names_all_models():
    X, y = blobs()
    with pytest.warns(DataConversionWarning, match=r"\(models\[0\], models\[1\], models\[2\]\)$"):
        fit_many(classifiers(3), X, y[:, np.newaxis], n_threads=1)


# ------------------------------------------------------------------------------------------------ threads, Ctrl-C


def test_a_model_uses_its_share_of_the_threads():
    class Probe:
        def fit(self, X, y):
            self.seen = cpu_info()["threads"]

    X, y = blobs()
    n_all = cpu_info()["threads"]
    probes = [Probe() for _ in range(n_all)]
    fit_many(probes, X, y)
    alone = Probe()
    fit_many([alone], X, y, n_threads=1)
    assert {probe.seen for probe in probes} == {1} and alone.seen == 1
    assert cpu_info()["threads"] == n_all


def interrupted(models, X, y):
    """Fit models, with Ctrl-C after a moment; return the seconds until KeyboardInterrupt."""
    began = []

    def press():
        began.append(time.perf_counter())
        interrupt_main()

    timer = threading.Timer(0.5, press)
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            fit_many(models, X, y, n_threads=2)
        return time.perf_counter() - began[0]
    finally:
        timer.cancel()
        timer.join()


class Press:
    """Presses Ctrl-C when each of two models has trained three epochs."""

    def __init__(self):
        self.ready = []

    def on_epoch_end(self, trainer):
        if trainer.last_epoch.number == 3:
            self.ready.append(trainer)
            if len(self.ready) == 2:
                interrupt_main()


def test_ctrl_c_keeps_fitted_models_and_lets_the_others_resume():
    X, y = blobs()
    endless = {"max_iter": 10**9, "tol": 0, "n_iter_no_change": np.inf}
    models = [*classifiers(2), *classifiers(2, callbacks=[Press()], **endless), *classifiers(1)]
    with pytest.raises(KeyboardInterrupt):
        fit_many(models, X, y, n_threads=2)
    assert [model.n_iter_ for model in models[:2]] == [5, 5]
    for seed, model in enumerate(models[2:4]):
        n = model.n_iter_
        model.set_params(max_iter=n + 3, callbacks=None).fit(X, y, resume=True)
        alone = MLPClassifier((4,), **{**endless, "max_iter": n + 3}, random_state=seed).fit(X, y)
        np.testing.assert_array_equal(flat(model), flat(alone))
    assert not hasattr(models[4], "coefs_")


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_ctrl_c_does_not_wait_for_the_end_of_an_epoch(solver):
    if solver == "lbfgs":
        pytest.importorskip("scipy")
    X = np.broadcast_to(np.linspace(-1, 1, 50), (4_000_000, 50))
    y = np.arange(len(X)) % 2
    models = [MLPClassifier((256,), solver=solver, max_iter=100, shuffle=False) for _ in range(2)]
    assert interrupted(models, X, y) < 5  # an epoch takes a minute


def test_ctrl_c_ends_the_networks_of_a_table():
    X, y = blobs()
    rows = np.tile(X, (200, 1)), np.tile(y, 200)
    models = [TabularClassifier(random_state=0), TabularClassifier(random_state=1)]
    assert interrupted(models, *rows) < 5
    assert not hasattr(models[0], "classes_")


# ----------------------------------------------------------------------------------------------------- progress


def test_verbose_shows_a_bar_over_the_models(monkeypatch):
    shown = []

    class Bar:
        def __init__(self, **options):
            self.n, self.options = 0, options

        def __enter__(self):
            return self

        def __exit__(self, *exception):
            shown.append((self.n, self.options))

        def update(self, n):
            self.n += n

    monkeypatch.setitem(sys.modules, "tqdm", types.ModuleType("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", types.SimpleNamespace(tqdm=Bar))
    fit_many(classifiers(3), *blobs(), verbose=True)
    assert shown == [(3, {"total": 3, "unit": "model"})]


def test_verbose_needs_tqdm(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match=r"pip install cmlp\[progress\]"):
        fit_many(classifiers(1), *blobs(), verbose=True)
