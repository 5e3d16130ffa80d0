"""Inputs and attributes that programs written for scikit-learn's MLP use."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import scipy.sparse
import sklearn.exceptions
from estimator_cases import flat
from helpers import run_python
from sklearn.metrics import accuracy_score
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor
from sklearn.utils.validation import check_is_fitted

import cmlp
from cmlp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

X = np.random.RandomState(0).standard_normal((40, 3))
LABELS = np.array(["no", "yes"])[(X[:, 0] > 0).astype(int)]
PAIRS = np.stack([X[:, 0] > 0, X[:, 1] > 0], axis=1).astype(int)
NUMBERS = X[:, 0]
PARAMS = {"hidden_layer_sizes": (4,), "max_iter": 5, "random_state": 0}


# Targets


@pytest.mark.parametrize(
    "container", ["csr_matrix", "csr_array", "csc_array", "coo_array", "lil_array", "dia_array"]
)
def test_sparse_multilabel_targets_train_like_dense_ones(container):
    sparse = getattr(scipy.sparse, container)(PAIRS)
    model, same = MLPClassifier(**PARAMS).fit(X, sparse), MLPClassifier(**PARAMS).fit(X, PAIRS)
    np.testing.assert_array_equal(model.predict_proba(X), same.predict_proba(X))
    assert (
        model.score(X, sparse)
        == same.score(X, PAIRS)
        == accuracy_score(sparse.tocsr(), model.predict(X))
    )
    model.partial_fit(X, sparse)
    np.testing.assert_array_equal(
        model.predict_proba(X), same.partial_fit(X, PAIRS).predict_proba(X)
    )


def test_invalid_sparse_targets_raise():
    sparse = scipy.sparse.csr_array(PAIRS)
    sparse.indices[3] = 70
    with pytest.raises(ValueError, match="y is a broken sparse container"):
        MLPClassifier(**PARAMS).fit(X, sparse)


def test_regressor_rejects_sparse_targets():
    with pytest.raises(TypeError, match="Sparse data was passed for y"):
        MLPRegressor(**PARAMS).fit(X, scipy.sparse.csr_array(PAIRS))


def test_score_takes_a_column_vector_without_a_warning():
    model = MLPClassifier(**PARAMS).fit(X, LABELS)
    assert model.score(X, LABELS[:, None]) == model.score(X, LABELS)
    model = MLPRegressor(**PARAMS).fit(X, NUMBERS)
    assert model.score(X, NUMBERS[:, None]) == model.score(X, NUMBERS)


# Errors


def test_early_stopping_error_names_rare_classes():
    with pytest.raises(
        ValueError, match=r"only 1 member.*Classes with too few members are: \['rare'\]"
    ):
        MLPClassifier(early_stopping=True).fit(X[:4], ["common", "common", "rare", "common"])


BAD = X.astype(np.float64)
BAD[[31, 17, 25], [0, 2, 1]] = np.inf, np.nan, np.nan
BAD[17, 1] = 1e300


@pytest.mark.parametrize("convert", [np.asarray, scipy.sparse.csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("early_stopping", [False, True])
def test_error_reports_the_first_non_finite_value_by_row(early_stopping, seed, convert):
    params = {**PARAMS, "random_state": seed, "batch_size": 3, "early_stopping": early_stopping}
    fitted = MLPRegressor(**params).fit(X, NUMBERS)
    for call in (
        lambda: MLPRegressor(**params).fit(convert(BAD), NUMBERS),
        lambda: fitted.predict(convert(BAD)),
    ):
        with pytest.raises(
            cmlp.exceptions.NonFiniteInputError,
            match=r"^Input X contains NaN at row 17, column 2\.$",
        ) as caught:
            call()
        assert (caught.value.row, caught.value.column) == (17, 2)
    single = MLPRegressor(**params, dtype="float32")
    with pytest.raises(
        cmlp.exceptions.NonFiniteInputError,
        match="value too large for the network's dtype at row 17, column 1",
    ):
        single.fit(convert(BAD), NUMBERS)


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_non_finite_error_names_the_column_of_a_data_frame(name):
    library = pytest.importorskip(name)
    frame = library.DataFrame({"age": BAD[:, 0], "height": BAD[:, 2]})
    fitted = MLPRegressor(**PARAMS).fit(
        library.DataFrame({"age": X[:, 0], "height": X[:, 2]}), NUMBERS
    )
    for call in (lambda: MLPRegressor(**PARAMS).fit(frame, NUMBERS), lambda: fitted.predict(frame)):
        with pytest.raises(
            cmlp.exceptions.NonFiniteInputError, match="NaN at row 17, column 'height'"
        ) as caught:
            call()
        assert caught.value.column == 1


@pytest.mark.parametrize("sizes", [(50,), [50, 20], 50])
def test_layer_sizes_as_first_argument_of_regressor_give_a_hint(sizes):
    with pytest.raises(ValueError, match=r"did you mean hidden_layer_sizes=[\[(]?50"):
        MLPRegressor(sizes).fit(X, NUMBERS)
    with pytest.raises(ValueError, match=r"Got 'hinge' instead\.$"):
        MLPRegressor("hinge").fit(X, NUMBERS)


# Learning rates between two calls of partial_fit


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"solver": "sgd"},
        {"solver": "sgd", "learning_rate": "adaptive"},
        {"learning_rate": "one_cycle"},
    ],
)
def test_learning_rate_init_can_change_between_partial_fit_calls(params):
    slow, fast = (MLPRegressor(**{**PARAMS, **params}).partial_fit(X, NUMBERS) for _ in range(2))
    start = flat(slow)
    slow.partial_fit(X, NUMBERS)
    fast.set_params(learning_rate_init=0.01).partial_fit(X, NUMBERS)
    steps = [np.abs(flat(model) - start).max() for model in (slow, fast)]
    assert 5 * steps[0] < steps[1]


def test_inverse_scaling_continues_with_the_new_rate():
    params = {"solver": "sgd", "learning_rate": "invscaling", "momentum": 0.0}
    same, other = (MLPRegressor(**PARAMS, **params).partial_fit(X, NUMBERS) for _ in range(2))
    start = flat(same)
    same.partial_fit(X, NUMBERS)
    other.set_params(learning_rate_init=0.5).partial_fit(X, NUMBERS)
    np.testing.assert_allclose(
        flat(other) - start, 500 * (flat(same) - start), rtol=1e-6, atol=1e-12
    )
    assert other._optimizer.learning_rate == 0.5 / np.sqrt(81)


# Attributes


@pytest.mark.parametrize(
    "estimator, kind", [(MLPClassifier, "classifier"), (MLPRegressor, "regressor")]
)
def test_estimator_type(estimator, kind):
    assert estimator._estimator_type == estimator()._estimator_type == kind


@pytest.fixture
def model():
    return MLPClassifier(**PARAMS).fit(X, LABELS)


@pytest.mark.parametrize(
    "name, value",
    [
        ("n_iter_", 7),
        ("t_", 70),
        ("loss_", 0.5),
        ("loss_curve_", [3.0, 2.0]),
        ("loss_curve_", []),
        ("best_loss_", np.inf),
        ("validation_scores_", [0.5]),
        ("best_validation_score_", 0.5),
        ("classes_", ["maybe", "no"]),
        ("n_layers_", 3),
        ("n_outputs_", 1),
        ("n_features_in_", 3),
        ("out_activation_", "identity"),
        ("feature_names_in_", ["a", "b", "c"]),
        ("_no_improvement_count", 4),
    ],
)
def test_fitted_attributes_can_be_assigned(model, name, value):
    twin, before = copy.copy(model), getattr(model, name, None)
    setattr(model, name, value)
    np.testing.assert_array_equal(getattr(model, name), value)
    np.testing.assert_array_equal(getattr(twin, name, None), before)  # copies have their own


@pytest.mark.parametrize(
    "name, value",
    [
        ("n_iter_", "many"),
        ("loss_curve_", 3),
        ("classes_", ["one"]),
        ("classes_", ["b", "a"]),
        ("n_layers_", 4),
        ("n_outputs_", 3),
        ("n_features_in_", 2),
        ("out_activation_", "nothing"),
        ("out_activation_", "relu"),
        ("feature_names_in_", ["a"]),
    ],
)
def test_assigning_values_that_do_not_match_the_model_raises(model, name, value):
    before = model.predict_proba(X)
    with pytest.raises((ValueError, TypeError)):
        setattr(model, name, value)
    np.testing.assert_array_equal(model.predict_proba(X), before)


def test_assigned_classes_are_predicted(model):
    codes = np.searchsorted(model.classes_, model.predict(X))
    model.classes_ = np.array([10, 20])
    np.testing.assert_array_equal(model.predict(X), np.array([10, 20])[codes])


@pytest.mark.parametrize(
    "estimator, theirs", [(MLPClassifier, TheirClassifier), (MLPRegressor, TheirRegressor)]
)
@pytest.mark.parametrize("activation", ["identity", "logistic", "softmax"])
def test_assigned_output_activation_changes_predictions_as_in_sklearn(
    estimator, theirs, activation
):
    if estimator is MLPClassifier:
        method, y = "predict_proba", np.digitize(X[:, 0], [-0.5, 0.5])
    else:
        method, y = "predict", np.stack([NUMBERS, -NUMBERS], axis=1)
    results = []
    for cls in (estimator, theirs):
        model = cls(**PARAMS).fit(X, y)
        model.out_activation_ = activation
        results.append(getattr(model, method)(X))
    np.testing.assert_allclose(*results, rtol=1e-9)


def test_feature_names_can_be_deleted():
    pandas = pytest.importorskip("pandas")
    model = MLPClassifier(**PARAMS).fit(pandas.DataFrame(X, columns=list("abc")), LABELS)
    del model.feature_names_in_
    assert not hasattr(model, "feature_names_in_")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict(X)
    with pytest.raises(AttributeError, match="cannot be deleted"):
        del model.n_iter_


@pytest.mark.parametrize("train", ["fit", "partial_fit"])
def test_training_starts_from_weights_assigned_before_fit(train):
    """As in scikit-learn: with warm_start, or with partial_fit."""
    start = MLPRegressor(**PARAMS).fit(X, NUMBERS)
    results = []
    for cls in (MLPRegressor, TheirRegressor):
        model = cls(**PARAMS, warm_start=True, learning_rate_init=0.01)
        model.coefs_ = [weights.copy() for weights in start.coefs_]
        model.intercepts_ = [biases.copy() for biases in start.intercepts_]
        if cls is TheirRegressor:
            model.n_outputs_, model.n_layers_, model.out_activation_ = 1, 3, "identity"
            model.t_, model.n_iter_, model.loss_curve_, model._no_improvement_count = 0, 0, [], 0
            model.best_loss_, model.validation_scores_, model.best_validation_score_ = (
                np.inf,
                None,
                None,
            )
        results.append(flat(getattr(model, train)(X, NUMBERS)))
    np.testing.assert_allclose(*results, rtol=1e-9, atol=1e-12)


def test_regressor_predicts_with_assigned_weights_as_in_sklearn():
    start = TheirRegressor(**PARAMS).fit(X, NUMBERS)
    results = []
    for cls in (MLPRegressor, TheirRegressor):
        model = cls(**PARAMS)
        for name in (
            "coefs_",
            "intercepts_",
            "n_layers_",
            "n_outputs_",
            "n_features_in_",
            "out_activation_",
            "t_",
        ):
            setattr(model, name, getattr(start, name))
        check_is_fitted(model)
        results.append(model.predict(X))
        assert model.t_ == start.t_ and model.score(X, NUMBERS) == pytest.approx(
            start.score(X, NUMBERS)
        )
    np.testing.assert_allclose(*results, rtol=1e-12)


@pytest.mark.parametrize("y", [LABELS, np.arange(40) % 3], ids=["binary", "multiclass"])
def test_classifier_predicts_with_assigned_weights_and_classes(y):
    start = TheirClassifier(**PARAMS).fit(X, y)
    model = MLPClassifier(**PARAMS)
    model.coefs_, model.intercepts_ = start.coefs_, start.intercepts_
    with pytest.raises(cmlp.exceptions.NotFittedError):
        model.predict(X)
    model.classes_ = start.classes_
    np.testing.assert_allclose(model.predict_proba(X), start.predict_proba(X), rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X), start.predict(X))


@pytest.mark.parametrize(
    "before", [lambda model: None, lambda model: model.predict(X)], ids=["directly", "predict"]
)
def test_partial_fit_continues_from_assigned_weights_and_classes(before):
    start = TheirClassifier(**PARAMS).fit(X, LABELS)
    results = []
    for classes in (None, start.classes_):
        model = MLPClassifier(**PARAMS)
        model.coefs_, model.intercepts_ = start.coefs_, start.intercepts_
        if classes is None:
            model.classes_ = start.classes_
            before(model)
        results.append(flat(model.partial_fit(X, LABELS, classes=classes)))
        assert list(model.classes_) == list(start.classes_)
    np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("train", ["fit", "partial_fit"])
def test_values_assigned_before_fit_are_freed_by_it(train):
    model = MLPRegressor(hidden_layer_sizes=(50,), max_iter=1)
    model.coefs_, model.intercepts_ = (
        [np.ones((3, 50)), np.ones((50, 1))],
        [np.ones(50), np.ones(1)],
    )
    getattr(model, train)(X, NUMBERS)
    fresh = MLPRegressor(hidden_layer_sizes=(50,), max_iter=1)
    assert len(pickle.dumps(model)) == len(pickle.dumps(getattr(fresh, train)(X, NUMBERS)))


@pytest.mark.parametrize(
    "name, value",
    [("n_layers_", 7), ("coefs_", [np.ones((3, 5)), np.ones((5, 1))]), ("coefs_", [1])],
)
def test_inconsistent_assigned_values_raise(name, value):
    start = TheirRegressor(**PARAMS).fit(X, NUMBERS)
    model = MLPRegressor(**PARAMS)
    model.coefs_, model.intercepts_ = start.coefs_, start.intercepts_
    setattr(model, name, value)
    with pytest.raises(ValueError):
        model.predict(X)
    assert "_result" not in vars(model)


def test_assigned_weights_of_wrong_shape_raise():
    model = MLPRegressor(**PARAMS)
    model.coefs_, model.intercepts_ = [np.ones((3, 5)), np.ones((5, 1))], [np.ones(5), np.ones(1)]
    assert model.coefs_[0].shape == (3, 5)
    with pytest.raises(ValueError, match="coefs_ must have arrays of the shapes"):
        model.partial_fit(X, NUMBERS)
    model.fit(X, NUMBERS)  # starts from new weights
    assert model.coefs_[0].shape == (3, 4)


# Exceptions and warnings


def raised(cls):
    """An exception that cmlp raises under scikit-learn's name, and a function that makes cmlp raise it."""
    return {
        "NotFittedError": lambda: MLPClassifier().predict(X),
        "ConvergenceWarning": lambda: MLPClassifier(**{**PARAMS, "n_iter_no_change": 10}).fit(
            X, LABELS
        ),
        "DataConversionWarning": lambda: MLPClassifier(**PARAMS, verbose=0).fit(X, LABELS[:, None]),
        "UndefinedMetricWarning": lambda: (
            MLPRegressor(**PARAMS).fit(X, NUMBERS).score(X[:1], NUMBERS[:1])
        ),
    }[cls]


@pytest.mark.parametrize(
    "name",
    ["NotFittedError", "ConvergenceWarning", "DataConversionWarning", "UndefinedMetricWarning"],
)
@pytest.mark.parametrize("module", [cmlp.exceptions, sklearn.exceptions], ids=["cmlp", "sklearn"])
def test_exceptions_are_caught_by_both_classes(module, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if "Warning" in name:
            warnings.simplefilter("error", getattr(module, name))
        with pytest.raises(getattr(module, name)) as caught:
            raised(name)()
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is type(caught.value) and str(again) == str(caught.value)


def test_without_sklearn_exceptions_are_only_cmlp_classes():
    run_python(
        "import sys, cmlp\n"
        "try: cmlp.MLPClassifier().predict([[0.0]])\n"
        "except cmlp.exceptions.NotFittedError as error: assert type(error) is cmlp.exceptions.NotFittedError\n"
        "assert 'sklearn' not in sys.modules"
    )
