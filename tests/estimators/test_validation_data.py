"""fit(X_val=..., y_val=...): own validation rows, their losses and scores, and the best weights."""

import math
import pickle

import numpy as np
import pytest
import sklearn
from estimator_cases import blobs, flat, small
from helpers import run_python
from internals import state_of
from scipy import sparse
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    log_loss,
    mean_squared_error,
    r2_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import cmlp.sklearn
from cmlp import MLPClassifier, MLPRegressor, Network, Trainer
from cmlp.exceptions import NonFiniteInputError

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

X, Y = blobs()
X_VAL, Y_VAL = blobs(seed=0, n_rows=45)
X_VAL = X_VAL + np.random.RandomState(5).standard_normal(X_VAL.shape)
HELD = {"X_val": X_VAL, "y_val": Y_VAL}
WEIGHT = np.linspace(0.5, 3, 45)


def prefixes(make, n_epochs):
    """Return the models after each epoch, from fits without validation rows."""
    return [make(max_iter=n).fit(X, Y) for n in range(1, n_epochs + 1)]


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_losses_and_scores_are_those_of_scikit_learn_after_each_epoch(weight):
    model = small(max_iter=6).fit(X, Y, **HELD, sample_weight_val=weight)
    assert flat(model).tobytes() == flat(small(max_iter=6).fit(X, Y)).tobytes()
    after = prefixes(small, 6)
    losses = [log_loss(Y_VAL, one.predict_proba(X_VAL), sample_weight=weight) for one in after]
    scores = [accuracy_score(Y_VAL, one.predict(X_VAL), sample_weight=weight) for one in after]
    np.testing.assert_allclose(model.history_["validation_loss"], losses, rtol=1e-12)
    np.testing.assert_allclose(model.history_["validation_score"], scores, rtol=1e-12)
    assert model.validation_scores_ == model.history_["validation_score"]
    assert model.best_validation_score_ == max(scores) and model.best_loss_ == min(
        model.loss_curve_
    )


@pytest.mark.parametrize("y_scale", [None, "standard"])
@pytest.mark.parametrize("n_outputs", [1, 2])
def test_losses_of_a_regressor_are_half_the_mean_squared_errors(n_outputs, y_scale):
    targets, held = 50 + 7 * X[:, :n_outputs], 50 + 7 * X_VAL[:, :n_outputs] + 0.5
    targets, held = (targets, held) if n_outputs == 2 else (targets[:, 0], held[:, 0])
    parameters = {
        "hidden_layer_sizes": (6,),
        "max_iter": 3,
        "random_state": 0,
        "y_scale": y_scale,
        "alpha": 0.0,
    }
    model = MLPRegressor(**parameters).fit(X, targets, X_val=X_VAL, y_val=held)
    after = [MLPRegressor(**{**parameters, "max_iter": n}).fit(X, targets) for n in (1, 2, 3)]
    scores = [r2_score(held, one.predict(X_VAL)) for one in after]
    np.testing.assert_allclose(model.validation_scores_, scores, rtol=1e-9)
    if y_scale is None or n_outputs == 1:
        losses = [mean_squared_error(held, one.predict(X_VAL)) / 2 for one in after]
        np.testing.assert_allclose(model.history_["validation_loss"], losses, rtol=1e-9)


@pytest.mark.parametrize("scoring", [None, "loss", "f1_macro"])
def test_early_stopping_restores_the_best_weights(scoring):
    parameters = {"max_iter": 40, "n_iter_no_change": 3, "learning_rate_init": 0.1, "tol": 0.01}
    model = small(**parameters, early_stopping=True, scoring=scoring).fit(X, Y, **HELD)
    scores = model.validation_scores_
    assert len(scores) < 40 and model.best_validation_score_ == max(scores)
    best = int(np.argmax(scores)) + 1  # the first one
    expected = small(**{**parameters, "max_iter": best}).fit(X, Y)
    assert flat(model).tobytes() == flat(expected).tobytes()
    if scoring == "loss":
        np.testing.assert_allclose(
            max(scores), -log_loss(Y_VAL, model.predict_proba(X_VAL)), rtol=1e-12
        )


@pytest.mark.parametrize(
    "scores, tol, n_epochs, kept",
    [
        ([0.5, 0.75, 0.75, 0.75, 0.75], 0.0, 5, 2),  # as good as the best one is not worse
        ([0.5, 0.75, 0.75, 0.75, 0.75], 0.125, 4, 2),  # two epochs without improvement
        ([0.25, 0.5, 0.75, 1.0, 1.25], 0.25, 5, 5),  # better by exactly tol
    ],
)
def test_first_of_equal_scores_is_kept_and_counts_by_tol(scores, tol, n_epochs, kept):
    given = iter(scores)
    parameters = {"early_stopping": True, "n_iter_no_change": 1, "tol": tol, "max_iter": 5}
    model = small(**parameters, scoring=lambda *_: next(given)).fit(X, Y, **HELD)
    assert model.validation_scores_ == scores[:n_epochs]
    assert flat(model).tobytes() == flat(small(max_iter=kept).fit(X, Y)).tobytes()


@pytest.mark.filterwarnings("ignore:validation_fraction differs")
def test_own_rows_replace_the_split():
    """All rows are trained on, and `validation_fraction` does not matter."""
    first = small(max_iter=4, early_stopping=True, validation_fraction=0.0).fit(X, Y, **HELD)
    assert first.t_ == 4 * len(X)
    second = small(max_iter=4, early_stopping=True, validation_fraction=0.5).fit(X, Y, **HELD)
    assert flat(first).tobytes() == flat(second).tobytes()


@pytest.mark.parametrize(
    "convert", [np.asarray, sparse.csr_array, lambda rows: rows.tolist(), np.float32]
)
def test_forms_of_validation_rows(convert):
    rows = np.where(X_VAL > 0, X_VAL, 0)
    expected = (
        small(max_iter=2, dtype="float64")
        .fit(X, Y, X_val=rows, y_val=Y_VAL)
        .history_["validation_loss"]
    )
    got = (
        small(max_iter=2, dtype="float64")
        .fit(X, Y, X_val=convert(rows), y_val=Y_VAL)
        .history_["validation_loss"]
    )
    np.testing.assert_allclose(got, expected, rtol=1e-6)


def test_trainer_and_network_take_validation_rows():
    rng = np.random.RandomState(1)
    model = small(max_iter=4).fit(X, Y, **HELD)
    trainer = Trainer(
        Network([4, 8, 3], "relu", dtype="float64", random_state=rng),
        max_iter=4,
        learning_rate_init=0.02,
        random_state=rng,
    )
    epochs = list(trainer.epochs(X, Y, **HELD))
    assert [epoch.validation_loss for epoch in epochs] == model.history_["validation_loss"]
    assert (
        [epoch.validation_score for epoch in epochs]
        == trainer.validation_scores
        == model.validation_scores_
    )
    net = Network([4, 8, 3], random_state=0)
    net.fit(X, Y, **HELD, early_stopping=True, max_iter=3)
    with pytest.raises(ValueError, match="X_val must be passed with y_val"):
        net.fit(X, Y, y_val=Y_VAL)


# ------------------------------------------------------------------------------------------------ scoring


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize(
    "scoring, score",
    [
        ("accuracy", accuracy_score),
        ("balanced_accuracy", balanced_accuracy_score),
        (
            "f1_macro",
            lambda y, p, sample_weight: f1_score(
                y, p, average="macro", sample_weight=sample_weight
            ),
        ),
    ],
)
def test_names_are_scikit_learns_scorers(scoring, score, held, weight):
    names = np.array(["ant", "bee", "cat"])
    kwargs = {"X_val": X_VAL, "y_val": names[Y_VAL], "sample_weight_val": weight} if held else {}
    parameters = {"max_iter": 3, "early_stopping": not held, "n_iter_no_change": 50}
    fit_weight = None if held or weight is None else np.linspace(0.5, 3, len(X))
    model = small(**parameters, scoring=scoring).fit(X, names[Y], fit_weight, **kwargs)
    state = state_of(model)
    last = small(**parameters).fit(X, names[Y], fit_weight)
    rows, truth, weights = (X_VAL, names[Y_VAL], weight) if held else (X, names[Y], fit_weight)
    if not held:
        chosen = state.held_out_index
        rows, truth, weights = (
            rows[chosen],
            truth[chosen],
            None if weights is None else weights[chosen],
        )
        state_of(last).restore_last()
    expected = score(truth, last.predict(rows), sample_weight=weights)
    assert model.validation_scores_[-1] == pytest.approx(expected, rel=1e-12)


def test_callable_score_receives_estimator_and_rows():
    seen = []

    def scoring(estimator, rows, y, sample_weight=None):
        seen.append(
            (
                type(estimator),
                rows.shape,
                y.tolist(),
                None if sample_weight is None else sample_weight.tolist(),
            )
        )
        return estimator.predict_proba(rows)[0, 0]

    model = small(max_iter=2, scoring=scoring).fit(X, Y, **HELD)
    small(max_iter=1, scoring=scoring).fit(X, Y, **HELD, sample_weight_val=WEIGHT)
    assert (
        seen[0] == (MLPClassifier, (45, 4), Y_VAL.tolist(), None) and seen[2][3] == WEIGHT.tolist()
    )
    assert model.validation_scores_ == [
        small(max_iter=n).fit(X, Y).predict_proba(X_VAL)[0, 0] for n in (1, 2)
    ]


def test_callable_score_sees_predictions_in_the_unit_of_y():
    y, y_val = 1e6 + 1e5 * X[:, 0], 1e6 + 1e5 * X_VAL[:, 0]
    parameters = {"hidden_layer_sizes": (6,), "random_state": 0, "y_scale": "standard"}

    def scoring(estimator, rows, y):
        return -abs(estimator.predict(rows) - y).mean()

    model = MLPRegressor(**parameters, max_iter=2, scoring=scoring).fit(
        X, y, X_val=X_VAL, y_val=y_val
    )
    assert model.validation_scores_[-1] == scoring(model, X_VAL, y_val)
    whole = MLPRegressor(**parameters, max_iter=5, early_stopping=True).fit(X, y)
    part = (
        MLPRegressor(**parameters, max_iter=2, early_stopping=True).fit(X, y).set_params(max_iter=5)
    )
    assert (
        flat(pickle.loads(pickle.dumps(part)).fit(X, y, resume=True)).tobytes()
        == flat(whole).tobytes()
    )


@pytest.mark.parametrize("value", [None, "good", math.nan, np.ones(2)])
def test_nonsense_from_a_score_leaves_the_model(value):
    model = small(max_iter=2).fit(X, Y)
    before = flat(model)
    with pytest.raises(ValueError, match="scoring must return a number, got"):
        model.set_params(scoring=lambda *_: value, random_state=3).fit(X, Y, **HELD)
    np.testing.assert_array_equal(flat(model), before)


def test_score_that_raises_leaves_the_model():
    model = small(max_iter=2).fit(X, Y)
    before = flat(model)

    def scoring(*_):
        raise TimeoutError("the database does not answer")

    with pytest.raises(TimeoutError, match="database"):
        model.set_params(scoring=scoring, random_state=3, max_time=100.0).fit(X, Y, **HELD)
    np.testing.assert_array_equal(flat(model), before)


def test_scores_without_scikit_learn():
    run_python(
        "import sys, warnings; warnings.simplefilter('ignore'); sys.modules['sklearn'] = None\n"
        "from cmlp import MLPClassifier\n"
        "X, y = [[0.0], [1.0], [2.0], [3.0]], [0, 0, 1, 1]\n"
        "for scoring in (None, 'loss', 'accuracy', lambda model, X, y: 0.0):\n"
        "    MLPClassifier((2,), max_iter=2, scoring=scoring).fit(X, y, **({'X_val': X, 'y_val': y}))\n"
        "try: MLPClassifier((2,), scoring='f1').fit(X, y, X_val=X, y_val=y)\n"
        "except ImportError as error: assert \"scoring='f1' needs scikit-learn\" in str(error)\n"
        "else: raise AssertionError"
    )


# ------------------------------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    "held, parameters, message",
    [
        ({"X_val": X_VAL}, {}, "y_val must be passed with X_val, got y_val=None"),
        ({"y_val": Y_VAL}, {}, "X_val must be passed with y_val, got X_val=None"),
        (
            {"sample_weight_val": WEIGHT},
            {},
            "sample_weight_val must be passed with X_val and y_val",
        ),
        (
            {**HELD, "sample_weight_val": WEIGHT[1:]},
            {},
            r"In the validation data .*sample_weight.shape",
        ),
        (
            {"X_val": X_VAL[:, 1:], "y_val": Y_VAL},
            {},
            r"In the validation data .* 3 features, but MLPClassifier is exp",
        ),
        (
            {"X_val": X_VAL[1:], "y_val": Y_VAL},
            {},
            r"In the validation data .*inconsistent numbers of samples: \[44, 45",
        ),
        ({"X_val": X_VAL, "y_val": Y_VAL + 1}, {}, r"In the validation data .*"),
        (
            {"X_val": X_VAL[:0], "y_val": Y_VAL[:0]},
            {},
            r"In the validation data .*Found array with 0 sample",
        ),
        (HELD, {"solver": "lbfgs"}, "X_val needs epochs, but solver='lbfgs' has none"),
        (
            {},
            {"scoring": "accuracy"},
            "scoring='accuracy' needs validation rows, but early_stopping=False and X_val",
        ),
        (HELD, {"scoring": "nonsense"}, "nonsense"),
    ],
)
@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # learning_rate_init with "lbfgs"
def test_invalid_validation_data_are_refused(held, parameters, message):
    model = small(max_iter=1).fit(X, Y)
    before = flat(model)
    with pytest.raises(ValueError, match=message):
        model.set_params(**parameters).fit(X, Y, **held)
    np.testing.assert_array_equal(flat(model), before)


def test_targets_of_another_width_are_refused():
    with pytest.raises(
        ValueError, match=r"In the validation data .*: y must have 2 outputs, got 1"
    ):
        MLPRegressor().fit(X, X[:, :2], X_val=X_VAL, y_val=X_VAL[:, 0])


def test_non_finite_validation_rows_are_named():
    bad = X_VAL.copy()
    bad[7, 2] = np.nan
    for scoring in (None, "loss"):
        with pytest.raises(
            NonFiniteInputError, match="Input X_val contains NaN at row 7, column 2"
        ):
            small(scoring=scoring).fit(X, Y, X_val=bad, y_val=Y_VAL)


def test_column_names_of_validation_rows_are_checked():
    pandas = pytest.importorskip("pandas")
    frame, held = (
        pandas.DataFrame(X, columns=list("abcd")),
        pandas.DataFrame(X_VAL, columns=list("abdc")),
    )
    with pytest.raises(ValueError, match="feature names should match"):
        small().fit(frame, Y, X_val=held, y_val=Y_VAL)


def test_arguments_are_those_of_hist_gradient_boosting():
    import inspect

    theirs = inspect.signature(HistGradientBoostingClassifier.fit).parameters
    ours = inspect.signature(MLPClassifier.fit).parameters
    shared = [name for name in ("X_val", "y_val", "sample_weight_val") if name in theirs]
    assert all(
        ours[name].kind == theirs[name].kind and ours[name].default is None for name in shared
    )


def test_metadata_routing_passes_validation_rows_through_a_pipeline():
    with sklearn.config_context(enable_metadata_routing=True):
        requested = cmlp.sklearn.MLPClassifier(**small(max_iter=2).get_params())
        requested.set_fit_request(X_val=True, y_val=True, resume=False)
        pipe = make_pipeline(StandardScaler(), requested, transform_input=["X_val"])
        pipe.fit(X, Y, X_val=X_VAL, y_val=Y_VAL)
        scaler = StandardScaler().fit(X)
        direct = small(max_iter=2).fit(
            scaler.transform(X), Y, X_val=scaler.transform(X_VAL), y_val=Y_VAL
        )
    assert pipe[-1].history_["validation_loss"] == direct.history_["validation_loss"]
