"""The rows of docs/differences.md: what scikit-learn does, and what cmlp does instead."""

import re
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse
import sklearn
from estimator_cases import flat
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor

import cmlp
import cmlp.sklearn
from cmlp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer", "ignore:lbfgs failed to converge"
)

X = np.random.RandomState(0).standard_normal((40, 3))
CLASSES = np.arange(40) % 3
NUMBERS = X[:, 0] - X[:, 1]
PARAMS = {"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0}

DOCUMENT = Path(__file__).resolve().parents[2] / "docs/differences.md"
in_source_tree = pytest.mark.skipif(not DOCUMENT.exists(), reason="only in the source tree")


@in_source_tree
def test_every_row_has_a_test_and_every_test_a_row():
    """The docstring of a test is the first cell of its row."""
    rows = re.findall(
        r"^\| (?!what \||--- \|)(.*?) \| .* \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(rows) == len(set(rows))
    this = "test_every_row_has_a_test_and_every_test_a_row"
    tests = [test for name, test in globals().items() if name.startswith("test_") and name != this]
    assert sorted(f"{row}." for row in rows) == sorted(
        test.__doc__.splitlines()[0] for test in tests
    )


def classifiers(**params):
    return MLPClassifier(**{**PARAMS, **params}), TheirClassifier(**{**PARAMS, **params})


def regressors(**params):
    return MLPRegressor(**{**PARAMS, **params}), TheirRegressor(**{**PARAMS, **params})


# Training


def test_loss_of_saturated_probabilities():
    """the loss curve of a classifier on unscaled columns.

    The size of the difference: large on raw columns, although the weights agree, and none on standardized ones.
    """
    from sklearn.datasets import load_breast_cancer

    raw, y = load_breast_cancer(return_X_y=True)
    for rows, least, most in (
        (raw, 1e-10, 1e-2),
        ((raw - raw.mean(axis=0)) / raw.std(axis=0), 0, 1e-13),
    ):
        ours, theirs = classifiers(hidden_layer_sizes=(100,), max_iter=4)
        ours.fit(rows, y), theirs.fit(rows, y)
        for mine, other in zip(ours.coefs_, theirs.coefs_, strict=True):
            np.testing.assert_allclose(mine, other, rtol=0, atol=1e-12)
        differences = np.abs(np.array(ours.loss_curve_) / theirs.loss_curve_ - 1)
        assert differences[0] < 1e-13 and least <= differences.max() < most


def test_parameters_of_both():
    """parameters."""
    ours_and_theirs = ((MLPClassifier(), TheirClassifier()), (MLPRegressor(), TheirRegressor()))
    for ours, theirs in ours_and_theirs:
        mine = ours.get_params()
        assert {
            name: mine.pop(name) for name in theirs.get_params() if name in mine
        } == theirs.get_params()
        assert {
            "dropout",
            "weight_decay",
            "max_grad_norm",
            "initialization",
            "loss_parameter",
        } <= mine.keys()
    assert {
        "class_weight",
        "quantile",
    } <= MLPClassifier().get_params().keys() | MLPRegressor().get_params().keys()
    with pytest.raises(ValueError, match="'alpha'"):
        theirs.set_params(alpha=[0.1, 0.2]).fit(X, NUMBERS)
    MLPRegressor(**{**PARAMS, "alpha": [0.1, 0.2]}).fit(X, NUMBERS)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence():
    """training diverges."""
    params = {"solver": "sgd", "learning_rate_init": 1e200, "max_iter": 20}
    ours, theirs = regressors(**params)
    with pytest.raises(
        cmlp.exceptions.DivergenceError,
        match="in epoch 2 with batches of 40 rows and a learning rate of 1e",
    ):
        ours.fit(X, NUMBERS)
    assert issubclass(cmlp.exceptions.DivergenceError, ValueError)
    try:
        assert not np.isfinite(flat(theirs.fit(X, NUMBERS))).all()
    except ValueError as error:
        assert "non-finite" in str(error)


def test_failed_fit():
    """a fit fails."""
    ours, theirs = classifiers(early_stopping=True)
    before = [flat(model.fit(X, CLASSES)) for model in (ours, theirs)]
    for model in (ours, theirs):
        model.set_params(early_stopping=False)
        with pytest.raises(ValueError):
            model.fit(X, CLASSES[1:])
    np.testing.assert_array_equal(flat(ours), before[0])
    diverging = MLPRegressor(**PARAMS).fit(X, NUMBERS)
    before = flat(diverging)
    with pytest.raises(ValueError):
        diverging.set_params(solver="sgd", learning_rate_init=1e200, max_iter=20).fit(X, NUMBERS)
    np.testing.assert_array_equal(flat(diverging), before)


class CtrlC:
    """A target of print that raises KeyboardInterrupt at the second line."""

    n_lines = 0

    def write(self, text):
        self.n_lines += text.count("\n")
        if self.n_lines == 2:
            self.n_lines += 1
            raise KeyboardInterrupt

    def flush(self):
        pass


def test_ctrl_c(monkeypatch):
    """Ctrl-C."""
    ours, theirs = classifiers(verbose=True)
    monkeypatch.setattr("sys.stdout", CtrlC())
    with pytest.raises(KeyboardInterrupt):
        ours.fit(X, CLASSES)
    monkeypatch.setattr("sys.stdout", CtrlC())
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        theirs.fit(X, CLASSES)
    monkeypatch.undo()
    assert ours.n_iter_ == 2 and ours.predict(X).shape == (40,)


def test_concurrent_fits():
    """two threads fit one object."""

    class Again(np.random.RandomState):
        def permutation(self, n):
            with pytest.raises(RuntimeError, match="is being fitted by another call"):
                ours.fit(X, CLASSES)
            return super().permutation(n)

    ours = MLPClassifier((4,), max_iter=1, random_state=Again(0))
    ours.fit(X, CLASSES)


def test_batch_without_weight():
    """a batch of zero weights."""
    weight = np.repeat([0.0, 1.0], [10, 30])
    ours, theirs = classifiers(batch_size=10, shuffle=False)
    with pytest.raises(ZeroDivisionError):
        theirs.fit(X, CLASSES, weight)
    assert np.isfinite(ours.fit(X, CLASSES, weight).loss_)


@pytest.mark.parametrize(
    "change", [{"activation": "tanh"}, {"loss": "poisson"}], ids=["activation", "loss"]
)
def test_warm_start_of_another_network(change):
    """a warm start with another `activation` or `loss`."""
    for model in regressors(warm_start=True):
        model.fit(X, np.abs(NUMBERS)).set_params(**change)
        if isinstance(model, MLPRegressor):
            with pytest.raises(ValueError, match="call fit with warm_start=False to start again"):
                model.fit(X, np.abs(NUMBERS))
        else:
            model.fit(X, np.abs(NUMBERS))


def test_learning_rate_between_partial_fits():
    """`set_params(learning_rate_init=...)` between calls of partial_fit."""
    changed = []
    for model in regressors():
        model.partial_fit(X, NUMBERS)
        start = flat(model)
        model.set_params(learning_rate_init=0.1).partial_fit(X, NUMBERS)
        changed.append(np.abs(flat(model) - start).max() > 0.05)
    assert changed == [True, False]


def test_no_limit_without_change():
    """`n_iter_no_change=inf` with `tol=0`."""
    counts = []
    for model in classifiers(n_iter_no_change=np.inf, tol=0):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            warnings.simplefilter(
                "ignore", cmlp.exceptions.UselessModelWarning
            )  # the epochs are few
            model.fit(X, CLASSES)
        counts.append(len(caught))
    assert counts == [0, 1]


def test_lbfgs_partial_fit():
    """`MLPRegressor(solver="lbfgs").partial_fit`."""
    ours, theirs = regressors(solver="lbfgs")
    with pytest.raises(
        AttributeError, match="partial_fit is only available for stochastic optimizers"
    ):
        ours.partial_fit(X, NUMBERS)
    assert theirs.partial_fit(X, NUMBERS).n_iter_ == 3
    ours.fit(X, NUMBERS)
    np.testing.assert_allclose(flat(ours), flat(theirs), rtol=1e-6, atol=1e-9)
    assert not any(hasattr(model, "partial_fit") for model in classifiers(solver="lbfgs"))


@pytest.mark.filterwarnings(
    "ignore::RuntimeWarning", "ignore:One or more of the test", "ignore:.*fits failed"
)
def test_search_with_diverging_candidates():
    """a candidate of a search diverges."""
    params = {"solver": "sgd", "max_iter": 20}
    grid = {"learning_rate_init": [1e-3, 1e200]}
    for model in regressors(**params):
        scores = GridSearchCV(model, grid, cv=2).fit(X, NUMBERS).cv_results_["mean_test_score"]
        assert np.isfinite(scores).tolist() == [True, False]
    with pytest.raises(cmlp.exceptions.DivergenceError):
        GridSearchCV(regressors(**params)[0], grid, cv=2, error_score="raise").fit(X, NUMBERS)


def test_verbose(capsys):
    """`verbose`."""
    printed = []
    for solver in ("adam", "lbfgs"):
        for model in classifiers(verbose=True, solver=solver):
            model.fit(X, CLASSES)
            printed.append(capsys.readouterr().out.splitlines())
    assert [len(lines) for lines in printed] == [3, 3, 3, 0]
    assert [line.split(", at most")[0] for line in printed[0]] == printed[1]
    for model in classifiers(verbose=2):
        model.fit(X, CLASSES)
        printed.append(capsys.readouterr().out.splitlines())
    assert [len(lines) for lines in printed[4:]] == [2, 3]


def test_parts_of_fit():
    """validation rows, `history_`, resuming, `max_time`, `scoring`, `callbacks`, more schedules, `fit_batches`."""
    ours, theirs = classifiers()
    more = {
        "warmup": 0.5,
        "max_time": 100.0,
        "learning_rate": "cosine",
        "scoring": "loss",
        "callbacks": [],
    }
    held = {"X_val": X, "y_val": CLASSES}
    ours.set_params(**more, shuffle="blocks", block_size=8).fit(X, CLASSES, **held)
    assert (
        len(
            ours.set_params(max_time=50.0)
            .fit(X, CLASSES, **held, resume=True)
            .history_["validation_loss"]
        )
        == 3
    )
    assert not {"warmup", "max_time", "scoring", "callbacks"} & theirs.get_params().keys()
    for arguments in (held, {"resume": True}):
        with pytest.raises(TypeError, match="unexpected keyword argument"):
            theirs.fit(X, CLASSES, **arguments)
    with pytest.raises(ValueError, match="learning_rate"):
        theirs.set_params(learning_rate="cosine").fit(X, CLASSES)
    with pytest.raises(ValueError, match="shuffle"):
        theirs.set_params(learning_rate="constant", shuffle="blocks").fit(X, CLASSES)
    assert hasattr(ours, "fit_batches") and not hasattr(theirs, "fit_batches")
    assert not hasattr(theirs.set_params(shuffle=True).fit(X, CLASSES), "history_")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_lbfgs_meets_infinity():
    """an infinite loss in a line search of "lbfgs"."""
    rows = 30 * np.random.RandomState(0).standard_normal((60, 5))
    counts = np.floor(5 * np.random.RandomState(1).random_sample(60))
    ours, theirs = regressors(
        loss="poisson", hidden_layer_sizes=(5,), solver="lbfgs", random_state=4, max_iter=30
    )
    assert np.isfinite(ours.fit(rows, counts).loss_) and ours.n_iter_ == 30
    assert theirs.fit(rows, counts).n_iter_ < 30


# Types


@pytest.mark.parametrize("dtype", [np.uint8, np.float16])
def test_small_types(dtype):
    """rows of uint8 or float16."""
    rows = (X > 0).astype(dtype)
    assert [model.fit(rows, NUMBERS).coefs_[0].dtype for model in regressors()] == [
        np.float32,
        np.float64,
    ]
    assert MLPRegressor(**PARAMS, dtype="float64").fit(rows, NUMBERS).coefs_[0].dtype == np.float64


def test_type_of_predictions():
    """predictions for float64 rows from float32 weights."""
    rows = X.astype(np.float32)
    assert [model.fit(rows, NUMBERS).predict(X).dtype for model in regressors()] == [
        np.float32,
        np.float64,
    ]


def test_sparse_targets():
    """sparse multilabel targets."""
    pairs = scipy.sparse.csr_matrix(np.stack([X[:, 0] > 0, X[:, 1] > 0], axis=1).astype(int))
    ours, theirs = (model.fit(X, pairs).predict(X) for model in classifiers())
    assert isinstance(ours, np.ndarray) and scipy.sparse.issparse(theirs)
    np.testing.assert_array_equal(ours, theirs.toarray())


def test_text_in_objects():
    """text labels of dtype object."""
    labels = np.array(["a", "a\0", "b"], object)[CLASSES]
    ours, theirs = (model.fit(X, labels) for model in classifiers())
    assert (
        ours.classes_.tolist() == ["a", "a\0", "b"]
        and ours.classes_.dtype == ours.predict(X).dtype == object
    )
    assert theirs.classes_.dtype.kind == "U"


def test_multilabel_values():
    """multilabel targets other than 0 and 1."""
    pairs = np.where(np.stack([X[:, 0] > 0, X[:, 1] > 0], axis=1), 1, -1)
    ours, theirs = classifiers()
    with pytest.raises(
        ValueError, match=r"y must contain only 0 and 1 if it has several columns, .* \[-1, 1\]"
    ):
        ours.fit(X, pairs)
    assert set(theirs.fit(X, pairs).predict(X).ravel()) <= {0, 1}


def test_lbfgs_in_float32():
    """float32 rows with "lbfgs"."""
    rows = X.astype(np.float32)
    ours, theirs = (model.fit(rows, NUMBERS) for model in regressors(solver="lbfgs"))
    assert (ours.coefs_[0].dtype, theirs.coefs_[0].dtype) == (np.float32, np.float64)


# Errors


def test_useless_models():
    """a model hardly better than a constant."""
    ours, theirs = regressors(learning_rate_init=1e-9)
    with pytest.warns(
        cmlp.exceptions.UselessModelWarning,
        match="^The model is not clearly better than a constant",
    ):
        ours.fit(X, 1e6 + NUMBERS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", sklearn.exceptions.ConvergenceWarning)
        theirs.fit(X, 1e6 + NUMBERS)


def test_large_inputs_and_targets():
    """large inputs or targets."""
    ours, theirs = regressors(early_stopping=True, max_iter=20, n_iter_no_change=1, tol=1e9)
    with pytest.warns(
        UserWarning,
        match=r"^The model is not clearly better than a constant: .* y has values of the order of .*: y_scale=",
    ):
        ours.fit(X, 1e6 + NUMBERS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        theirs.fit(X, 1e6 + NUMBERS)


def test_bytes_that_are_not_scaled():
    """bytes without `input_scale`."""
    rows = (X * 30 + 100).astype(np.uint8)
    ours, theirs = regressors()
    with pytest.warns(
        UserWarning, match="You probably mean bytes scaled to 0..1: input_scale=1/255"
    ):
        ours.fit(rows, NUMBERS)
    theirs.fit(rows, NUMBERS)


def test_parameters_without_effect():
    """a parameter without effect, such as `momentum` with "adam"."""
    for parameters in ({"momentum": 0.5}, {"validation_fraction": 0.2}):
        ours, theirs = regressors(**parameters)
        with pytest.warns(
            cmlp.exceptions.UnusedParameterWarning, match=f"^{next(iter(parameters))} differs"
        ):
            ours.fit(X, NUMBERS)
        theirs.fit(X, NUMBERS)


def test_names_of_other_libraries():
    """names of other libraries: `epochs=10`."""
    for name, value, meant in (
        ("learning_rate", 0.01, "learning_rate_init=0.01"),
        ("loss", "mse", "'squared_error'"),
    ):
        ours, theirs = regressors(**{name: value})
        with pytest.raises(ValueError, match=f"Did you mean {meant}"):
            ours.fit(X, NUMBERS)
        with pytest.raises(ValueError) as error:
            theirs.fit(X, NUMBERS)
        assert "Did you mean" not in str(error.value)
    with pytest.raises(TypeError, match="Did you mean max_iter"):
        MLPRegressor(epochs=10)


def test_targets_that_are_no_labels():
    """a classifier's y is one-hot, or has over 50 different floats."""
    rows = np.random.RandomState(0).standard_normal((300, 3))
    floats = np.arange(300) % 100.0
    for y, match in ((np.eye(3)[np.arange(300) % 3], "exactly one 1"), (floats, "use a regressor")):
        ours, theirs = (
            cls((4,), max_iter=2, random_state=0) for cls in (MLPClassifier, TheirClassifier)
        )
        with pytest.warns(UserWarning, match=match):
            ours.fit(rows, y)
        theirs.fit(rows, y)
        np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-9)


def test_non_finite_rows():
    """NaN or infinity in X."""
    rows = np.where(np.arange(40)[:, None] == 7, [[0, np.nan, 0]], X)
    ours, theirs = regressors()
    with pytest.raises(cmlp.exceptions.NonFiniteInputError, match="NaN at row 7, column 1"):
        ours.fit(rows, NUMBERS)
    with pytest.raises(ValueError, match="contains NaN"):
        theirs.fit(rows, NUMBERS)
    assert issubclass(cmlp.exceptions.NonFiniteInputError, ValueError)


def test_rare_class():
    """early stopping, a class of one row."""
    for model, name in zip(classifiers(early_stopping=True), ["['rare']", "['True']"], strict=True):
        with pytest.raises(
            ValueError, match=re.escape(f"Classes with too few members are: {name}")
        ):
            model.fit(X, np.where(np.arange(40) == 5, "rare", "common"))


def test_negative_weights():
    """negative `sample_weight`."""
    weight = np.where(np.arange(40) == 3, -1.0, 1.0)
    ours, theirs = classifiers()
    with pytest.raises(ValueError, match="Negative values in data passed to `sample_weight`"):
        ours.fit(X, CLASSES, weight)
    theirs.fit(X, CLASSES, weight)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_negative_counts():
    """negative targets with "poisson"."""
    ours, theirs = regressors(loss="poisson")
    with pytest.raises(ValueError, match="y must not be negative with loss='poisson', got -"):
        ours.fit(X, NUMBERS)
    assert np.isnan(theirs.fit(X, NUMBERS).loss_)


def test_predicting_no_rows():
    """`predict(X[:0])`."""
    for ours, theirs in (classifiers(), regressors()):
        assert ours.fit(X, CLASSES).predict(X[:0]).shape == (0,)
        with pytest.raises(ValueError, match="Found array with 0 sample"):
            theirs.fit(X, CLASSES).predict(X[:0])


def test_sizes_as_loss():
    """`MLPRegressor((50,))`."""
    for cls, hint in (
        (MLPRegressor, r"did you mean hidden_layer_sizes=\(50,\)\?"),
        (TheirRegressor, "Got .* instead.$"),
    ):
        with pytest.raises(ValueError, match=hint):
            cls((50,)).fit(X, NUMBERS)


def test_classes_of_warnings():
    """exceptions, warnings."""
    with pytest.warns(cmlp.exceptions.ConvergenceWarning):
        MLPClassifier(**PARAMS).fit(X, CLASSES)
    with pytest.warns(sklearn.exceptions.ConvergenceWarning):
        MLPClassifier(**PARAMS).fit(X, CLASSES)


def test_modules_of_warnings():
    """module of a warning, for filters."""
    ours, theirs = [], []
    for found, model in zip((ours, theirs), classifiers(), strict=True):
        for chosen in ({"module": "sklearn"}, {"category": sklearn.exceptions.ConvergenceWarning}):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                warnings.simplefilter("ignore", cmlp.exceptions.UselessModelWarning)
                warnings.filterwarnings("ignore", **chosen)
                model.fit(X, CLASSES)
            found.append(len(caught))
    assert (ours, theirs) == ([1, 0], [0, 0])


# Objects


def test_base_class():
    """`isinstance(model, sklearn.base.BaseEstimator)`."""
    assert [isinstance(model, BaseEstimator) for model in classifiers()] == [False, True]
    assert isinstance(cmlp.sklearn.MLPClassifier(), BaseEstimator)


def test_metadata_requests_and_callbacks():
    """`set_fit_request`, `set_score_request`, `set_callbacks`."""
    ours, theirs = (
        [hasattr(m, f"set_{name}") for name in ("fit_request", "callbacks")] for m in classifiers()
    )
    assert (ours, theirs) == ([False, False], [True, False])
    assert hasattr(cmlp.sklearn.MLPClassifier, "set_fit_request") and hasattr(
        cmlp.sklearn.MLPClassifier, "set_callbacks"
    )


def test_multi_output_tag():
    """tag `multi_output` of the regressor."""
    assert [model.__sklearn_tags__().target_tags.multi_output for model in regressors()] == [
        True,
        False,
    ]
    pairs = np.stack([NUMBERS, -NUMBERS], axis=1)
    assert [model.fit(X, pairs).predict(X).shape for model in regressors()] == [(40, 2), (40, 2)]


def test_repr():
    """`repr` with `print_changed_only=False`."""
    with sklearn.config_context(print_changed_only=False):
        ours, theirs = map(repr, classifiers())
    assert ours == "MLPClassifier(hidden_layer_sizes=(4,), max_iter=3, random_state=0)"
    assert "momentum=0.9" in theirs


def test_tensors():
    """`coefs_`, `intercepts_`."""
    ours, theirs = (model.fit(X, NUMBERS) for model in regressors())
    assert ours.coefs_[0].base is ours.intercepts_[1].base is not None
    wrong = [np.ones((2, 2)), np.ones((2, 1))]
    with pytest.raises(ValueError, match="coefs_ must have arrays of the shapes"):
        ours.coefs_ = wrong
    theirs.coefs_ = wrong
    mine = [np.ones((3, 4)), np.ones((4, 1))]
    ours.coefs_ = mine
    assert ours.coefs_[0] is not mine[0] and (ours.coefs_[0] == 1).all()


@pytest.mark.parametrize("name", ["n_layers_", "n_outputs_", "n_features_in_"])
def test_sizes_that_cannot_change(name):
    """`n_layers_`, `n_outputs_`, `n_features_in_`."""
    ours, theirs = (model.fit(X, NUMBERS) for model in regressors())
    setattr(theirs, name, 9)
    setattr(ours, name, getattr(ours, name))
    with pytest.raises(ValueError, match=f"{name} must be {getattr(ours, name)}"):
        setattr(ours, name, 9)


def test_assigned_classes():
    """`classes_`."""
    found = []
    for model in classifiers():
        model.fit(X, CLASSES).classes_ = np.array([10, 20, 30])
        found.append(set(model.predict(X)) <= {10, 20, 30})
    assert found == [True, False]


def test_logits():
    """`decision_function`."""
    ours, theirs = (model.fit(X, CLASSES) for model in classifiers())
    logits = ours.decision_function(X)
    np.testing.assert_array_equal(ours.classes_[logits.argmax(axis=1)], ours.predict(X))
    assert not hasattr(theirs, "decision_function")


def test_private_attributes():
    """private attributes."""
    ours, theirs = (model.fit(X, CLASSES) for model in classifiers())
    assert ours._optimizer.learning_rate == theirs._optimizer.learning_rate_init == 0.001
    assert ours._no_improvement_count == theirs._no_improvement_count == 0
    assert not hasattr(ours, "_label_binarizer") and hasattr(theirs, "_label_binarizer")


# Versions of scikit-learn


def sum_squared_errors(monkeypatch):
    """Let scikit-learn report the sum of the squared errors of several outputs, as its pull request 34830 does."""
    from sklearn.neural_network import _base

    def squared_loss(y_true, y_pred, sample_weight=None):
        return 0.5 * np.average((y_true - y_pred) ** 2, weights=sample_weight, axis=0).sum()

    monkeypatch.setattr(_base, "squared_loss", squared_loss)
    monkeypatch.setitem(_base.LOSS_FUNCTIONS, "squared_error", squared_loss)


@pytest.mark.parametrize(
    "params",
    [
        {"solver": "lbfgs"},
        {"solver": "adam", "tol": 1e-3, "n_iter_no_change": 2, "max_iter": 300},
        {"solver": "sgd", "alpha": 1.0},
    ],
)
def test_squared_errors_of_several_outputs(params, monkeypatch):
    """`loss_`, `loss_curve_` of several outputs with "squared_error"."""
    Y = np.stack([NUMBERS, 3 * X[:, 2], X[:, 0]], axis=1)
    params = {"max_iter": 20, **params}
    mean, theirs = (model.fit(X, Y) for model in regressors(**params))
    np.testing.assert_allclose(mean.loss_, theirs.loss_, rtol=1e-10)
    np.testing.assert_allclose(
        getattr(mean, "loss_curve_", []), getattr(theirs, "loss_curve_", []), rtol=1e-10
    )
    np.testing.assert_allclose(flat(mean), flat(theirs), rtol=1e-9)
    sum_squared_errors(monkeypatch)
    ours, theirs = (model.fit(X, Y) for model in regressors(**params))
    assert ours.loss_ < 0.9 * theirs.loss_
    monkeypatch.delitem(sys.modules, "sklearn")  # as in a program that has not imported it
    for model in (ours, MLPRegressor(**{**PARAMS, **params}).fit(X, Y)):
        assert (model.loss_, model.n_iter_) == (mean.loss_, mean.n_iter_)
        np.testing.assert_array_equal(flat(model), flat(mean))


def test_text_labels_with_early_stopping():
    """text labels with `early_stopping=True`."""
    X = np.random.RandomState(1).standard_normal((200, 3))
    for labels in (np.array(["no", "yes"]), np.array(["no", "yes", "maybe"], object)):
        y = labels[(X[:, 0] > 0).astype(int) + (len(labels) - 2) * (X[:, 1] > 0)]
        ours, theirs = (model.fit(X, y) for model in classifiers(early_stopping=True, max_iter=20))
        assert ours.validation_scores_ == theirs.validation_scores_
