"""Errors of the estimators: type and message for every kind of bad input, and that the model is kept."""

import copy
import pickle
import re
import warnings
from datetime import time
from pathlib import Path
from traceback import walk_tb

import numpy as np
import pytest
import scipy.sparse
import sklearn.exceptions
from helpers import run_python
from internals import fitted_of, state_of
from optional import package

import cmlp
from cmlp import (
    MLPClassifier,
    MLPRegressor,
    Network,
    TabularClassifier,
    TabularRegressor,
    Trainer,
    find_learning_rate,
    fit_many,
)
from cmlp.callbacks import Checkpoint
from cmlp.exceptions import DivergenceError, InvalidParameterError, NonFiniteInputError

# Most fits here stop at max_iter on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

X = np.random.RandomState(0).standard_normal((30, 4))
LABELS = np.arange(30) % 3
NUMBERS = X[:, 0] + 0.5
NAN, INF = float("nan"), float("inf")


def classifier(**params):
    return MLPClassifier((5,), **{"max_iter": 3, "random_state": 0, **params})


def regressor(**params):
    return MLPRegressor(hidden_layer_sizes=(5,), **{"max_iter": 3, "random_state": 0, **params})


def with_value(value, row=4, column=2):
    copy = X.astype(float if isinstance(value, float) else object)
    copy[row, column] = value
    return copy


def masked(values):
    """Return a masked array whose first value is masked."""
    return np.ma.masked_array(values, np.arange(values.size).reshape(values.shape) == 0)


# Input


BAD_ROWS = {
    "one dimension": (X[0], ValueError, "Expected 2D array, got 1D array instead"),
    "no dimension": (3.0, ValueError, "Expected 2D array, got scalar array instead"),
    "three dimensions": (X[None], ValueError, "Found array with dim 3, while dim <= 2 is required"),
    "nothing": (None, ValueError, "got NoneType instead: X must be rows of numbers"),
    "a generator": (
        (row for row in X),
        ValueError,
        "got generator instead: X must be rows of numbers",
    ),
    "ragged": ([[1, 2], [3]], ValueError, "X must be a rectangular array: .*inhomogeneous"),
    "masked": (masked(X), ValueError, "X must not have masked entries"),
    "huge": ([[10**400] * 4], ValueError, "X cannot be converted to numbers: int too large"),
    "no columns": (np.empty((30, 0)), ValueError, r"Found array with 0 feature\(s\)"),
    "complex": (X + 1j, ValueError, "Complex data not supported"),
    "text": ([["a", "b"]], ValueError, "X cannot be converted to numbers: could not convert"),
    "text in an object array": (
        with_value("v"),
        ValueError,
        r"could not convert string to float: 'v' \(row 4, column 2\)\. Encode columns of text, or use Tabular",
    ),
    "objects": ([[{}, 1]], TypeError, "X cannot be converted to numbers: .*argument must be"),
    "dicts": (
        [{"a": 1.0, "b": 2}] * 30,
        ValueError,
        r"X is a list of dicts\. Pass a data frame, such as",
    ),
    "a structured array": (
        np.zeros(30, [("a", "f8"), ("b", "i4")]),
        ValueError,
        "got 1D array instead: X is a structured array with the fields 'a', 'b'. Pass a data frame",
    ),
    "times of day": (
        with_value(time(8, 30)),
        TypeError,
        r"\(row 4, column 2\)\. Convert times of day",
    ),
    "None": (with_value(None), NonFiniteInputError, "X contains NaN at row 4, column 2"),
    "dates": (
        np.full((30, 4), np.datetime64("2020-01-01")),
        TypeError,
        "X must hold real numbers, got dtype date",
    ),
    "NaN": (with_value(NAN), NonFiniteInputError, "Input X contains NaN at row 4, column 2"),
    "infinity": (
        with_value(-INF),
        NonFiniteInputError,
        "Input X contains infinity .*row 4, column 2",
    ),
}


@pytest.mark.parametrize("rows, error, message", BAD_ROWS.values(), ids=BAD_ROWS.keys())
def test_fit_rejects_bad_rows(rows, error, message):
    for model, y in ((classifier(), LABELS), (regressor(), NUMBERS)):
        with pytest.raises(error, match=message):
            model.fit(rows, y)
        assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("rows, error, message", BAD_ROWS.values(), ids=BAD_ROWS.keys())
@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
def test_predict_rejects_bad_rows(method, rows, error, message):
    model = classifier().fit(X, LABELS)
    with pytest.raises(error, match=message):
        getattr(model, method)(rows)


@pytest.mark.parametrize("width", [3, 5])
def test_rows_with_another_number_of_features_are_rejected(width):
    rows = np.zeros((2, width))
    message = f"X has {width} features, but MLPClassifier is expecting 4 features as input."
    model = classifier(warm_start=True).fit(X, LABELS)
    for call in (model.predict, model.predict_proba):
        with pytest.raises(ValueError, match=message):
            call(rows)
    for train in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=message):
            train(rows, [0, 1])
    with pytest.raises(ValueError, match="but MLPRegressor is expecting 4 features"):
        regressor().fit(X, NUMBERS).predict(rows)


def test_training_on_no_rows_raises():
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\) \(shape=\(0, 4\)\)"):
        classifier().fit(np.empty((0, 4)), [])
    with pytest.raises(ValueError, match=r"Found array with 0 sample\(s\)"):
        regressor().fit(X, NUMBERS).partial_fit(np.empty((0, 4)), [])


@pytest.mark.parametrize(
    "params", [{}, {"early_stopping": True, "validation_fraction": 0.3}, {"shuffle": False}]
)
@pytest.mark.parametrize("row", [0, 13, 29])
def test_non_finite_input_is_reported_as_row_and_column_of_X(row, params):
    params = {"batch_size": 7, **params}
    with pytest.raises(NonFiniteInputError) as caught:
        classifier(**params).fit(with_value(NAN, row, 1), LABELS)
    assert (caught.value.row, caught.value.column) == (row, 1)


def test_input_too_large_for_float32_is_rejected():
    model = classifier(dtype="float32")
    with pytest.raises(NonFiniteInputError, match="row 4, column 2"):
        model.fit(with_value(1e300), LABELS)
    classifier().fit(with_value(1e30), LABELS)


@pytest.mark.parametrize("argument", ["X", "X_val"])
def test_non_finite_input_has_its_place_in_parts(argument):
    pandas = package("pandas")
    rows, columns = with_value(NAN), ["a", "b", "c", "d"]
    frames = {"X": pandas.DataFrame(X, columns=columns), "y": LABELS}
    frames |= {
        "X_val": frames["X"],
        "y_val": LABELS,
        argument: pandas.DataFrame(rows, columns=columns),
    }
    with pytest.raises(NonFiniteInputError) as caught:
        classifier().fit(**frames)
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
        assert (error.argument, error.found, error.row, error.column) == (argument, "NaN", 4, 2)
        assert (error.column_name, error.block, error.status) == ("c", None, "CMLP_ERROR_INPUT")
        assert str(error) == f"Input {argument} contains NaN at row 4, column 'c'."


def test_non_finite_input_of_blocks_has_its_block():
    with pytest.raises(
        NonFiniteInputError, match=r"contains NaN at row 4, column 2 of block 1\."
    ) as caught:
        classifier().fit_batches([(X, LABELS), (with_value(NAN), LABELS)], classes=[0, 1, 2])
    assert (caught.value.row, caught.value.column, caught.value.block) == (4, 2, 1)
    assert caught.value.column_name is None


# Parameters


BAD_PARAMETERS = {
    "a wrong value": (
        {"alpha": -1},
        "alpha",
        -1,
        "a float in the range [0.0, inf) or an array-like",
    ),
    "a wrong entry": ({"activation": ["relu2"]}, "activation", "relu2", "a str among {"),
    "wrong sizes": ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes", (5, 0), ""),
    "another parameter": ({"weight_decay": 0.5}, "weight_decay", 0.5, ""),
    "the solver": ({"solver": "lbfgs", "dropout": 0.5}, "dropout", 0.5, ""),
    "a hint": ({"learning_rate": 0.1}, "learning_rate", 0.1, "a str among {"),
}


@pytest.mark.parametrize(
    "params, name, value, expected", BAD_PARAMETERS.values(), ids=BAD_PARAMETERS.keys()
)
def test_invalid_parameter_error_has_name_value_and_what_is_expected(params, name, value, expected):
    model = classifier()
    model.set_params(**params)
    with pytest.raises(InvalidParameterError) as caught:
        model.fit(X, LABELS)
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value)):
        assert (error.parameter, error.value) == (name, value)
        assert error.expected.startswith(expected) and bool(error.expected) == bool(expected)
        assert str(error) == str(caught.value) and isinstance(error, ValueError)


def test_invalid_parameter_error_has_what_can_be_written_as_text():
    with pytest.raises(InvalidParameterError) as caught:
        classifier(loss="mse").fit(X, LABELS)
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
        assert (
            error.expected == f"{error.expected_as_text} or a callable"
            and error.expected in str(error)
        )


def test_error_is_pickled_without_a_value_that_cannot_be():
    function = lambda epochs: 0.1  # noqa: E731
    with pytest.raises(InvalidParameterError) as caught:
        regressor(loss=function, y_scale=function).fit(X, NUMBERS)
    error = pickle.loads(pickle.dumps(caught.value))
    assert (
        caught.value.value is function
        and error.value == repr(function)
        and error.parameter == "y_scale"
    )


REMEDIES = {
    "quantile": (lambda: regressor(quantile=0.3), "quantile", 0.3, "loss='quantile'"),
    "weight_decay": (lambda: regressor(weight_decay=0.1), "weight_decay", 0.1, "solver='adamw'"),
    "y_scale": (
        lambda: regressor(y_scale="standard", dtype="float32"),
        "y_scale",
        "standard",
        "dtype='float64'",
    ),
    "provenance": (
        lambda: regressor(provenance=True, scoring="r2"),
        "provenance",
        True,
        "scoring=None",
    ),
    "warm_start": (
        lambda: regressor(provenance=True, warm_start=True),
        "provenance",
        True,
        "warm_start=False",
    ),
}


@pytest.mark.parametrize("model, name, value, remedy", REMEDIES.values(), ids=REMEDIES.keys())
def test_invalid_parameter_error_is_about_what_was_given_not_the_remedy(model, name, value, remedy):
    with pytest.raises(InvalidParameterError) as caught:
        model().fit(X.astype("float32"), 1e9 + NUMBERS)
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):
        assert (error.parameter, error.value) == (name, value) and remedy in str(error)


def warm_table():
    return TabularRegressor(n_estimators=1, n_epochs=1, warm_start=True, random_state=0).fit(
        X, NUMBERS
    )


class Silent:
    def on_batches_end(self, trainer):
        """Do nothing; without the attribute every_batches."""


def trainer(**params):
    return Trainer(
        Network([4, 3, 1], output="identity", loss="squared_error", random_state=0), **params
    )


ANY_ROWS = {
    "sizes": (
        lambda: classifier(warm_start=True).fit(X, LABELS).set_params(hidden_layer_sizes=6),
        "hidden_layer_sizes",
    ),
    "a kind of loss": (lambda: warm_table().set_params(loss="poisson"), "loss"),
    "a callback": (lambda: classifier(callbacks=[Silent()]), "every_batches"),
    "n_batches": (lambda: trainer(solver="lbfgs").run(X, X[:, :1], n_batches=3), "n_batches"),
    "epochs": (lambda: trainer(solver="lbfgs").epochs(X, X[:, :1]), "solver"),
    "scoring": (
        lambda: trainer(early_stopping=True, scoring="accuracy").run(X, X[:, :1]),
        "scoring",
    ),
    "batches": (
        lambda: trainer(solver="lbfgs", callbacks=[Checkpoint("x", every_batches=2)]).run(
            X, X[:, :1]
        ),
        "every_batches",
    ),
    "batches of a table": (
        lambda: warm_table().set_params(callbacks=[Checkpoint("x", every_batches=2)]),
        "every_batches",
    ),
    "shards": (lambda: classifier().fit(X, LABELS, shards=0), "shards"),
    "classes": (lambda: classifier().fit_batches([(X, LABELS)]), "classes"),
    "on_error": (lambda: fit_many([classifier()], X, LABELS, on_error="skip"), "on_error"),
    "low": (lambda: find_learning_rate(classifier(), X, LABELS, low=2, high=1), "low"),
    "n_steps": (lambda: find_learning_rate(classifier(), X, LABELS, n_steps=1), "n_steps"),
    "a preset": (lambda: MLPClassifier.from_preset("4b"), "name"),
    "arrays with sizes": (
        lambda: MLPRegressor.from_arrays([X], [X[0]], hidden_layer_sizes=()),
        "hidden_layer_sizes",
    ),
    "arrays and multilabel": (
        lambda: MLPClassifier.from_arrays([X[:, :1]], [[0]], multilabel=True),
        "multilabel",
    ),
    "one softmax output": (lambda: Network([4, 1], output="softmax"), "output"),
    "coverage": (lambda: warm_table().predict_interval(X, coverage=1), "coverage"),
    "radius": (lambda: classifier().fit(X, LABELS).certify(X, radius=-1), "radius"),
    "the state of a table": (
        lambda: warm_table().save("x", include_training_state=True),
        "include_training_state",
    ),
    "no provenance": (
        lambda: warm_table().save("x", include_provenance=True),
        "include_provenance",
    ),
}


@pytest.mark.parametrize("call, name", ANY_ROWS.values(), ids=ANY_ROWS.keys())
def test_what_is_wrong_whatever_the_rows_is_an_invalid_parameter(call, name):
    with pytest.raises(InvalidParameterError) as caught:
        call().fit(X, LABELS)
    assert caught.value.parameter == name


def test_other_numbers_of_targets_are_no_invalid_parameter():
    model = regressor(warm_start=True).fit(X, NUMBERS)
    with pytest.raises(
        ValueError, match=r"layer sizes \(4, 5, 1\), so .* with \(4, 5, 2\)"
    ) as caught:
        model.fit(X, X[:, :2])
    assert not isinstance(caught.value, InvalidParameterError)


def test_resume_error_has_the_new_value():
    model = classifier().fit(X, LABELS)
    with pytest.raises(
        InvalidParameterError, match=r"alpha=0\.0001, so alpha=9 is not possible"
    ) as caught:
        model.set_params(alpha=9).fit(X, LABELS, resume=True)
    assert (caught.value.parameter, caught.value.value) == ("alpha", 9)


# Targets


BAD_LABELS = {
    "none": (None, ValueError, "estimator requires y to be passed, but the target y is None"),
    "too few": (LABELS[1:], ValueError, r"inconsistent numbers of samples: \[30, 29\]"),
    "a number": (3, TypeError, "y should have at least 1 dimension"),
    "numbers": (NUMBERS, ValueError, "Unknown label type: continuous"),
    "NaN": (np.where(LABELS, LABELS, NAN), ValueError, "Input y contains NaN"),
    "infinity": (np.where(LABELS, LABELS, INF), ValueError, "Input y contains infinity"),
    "complex": (LABELS + 1j, ValueError, "Complex data not supported"),
    "three dimensions": (np.zeros((30, 2, 2)), ValueError, "Found array with dim 3"),
    "several classes": (np.stack([LABELS] * 2, 1), ValueError, "Multioutput target data"),
    "sparse numbers": (
        scipy.sparse.csr_array(np.eye(30) / 2),
        ValueError,
        "Unknown label type: continuous",
    ),
    "bytes": (np.array([b"a", b"b", b"c"])[LABELS], TypeError, "represented as bytes"),
    "mixed objects": (
        np.array([1, "a", 2] * 10, dtype=object),
        ValueError,
        "got 1 and, in row 1, 'a': convert all of them to text",
    ),
    "records": (np.zeros(30, [("a", "f4")]), ValueError, "Labels cannot have dtype"),
    "no columns": (
        np.zeros((30, 0), int),
        ValueError,
        r"y must have at least one column, got .*shape \(30, 0\)",
    ),
    "ragged": ([[1], [1, 2]] * 15, ValueError, "y must be a rectangular array"),
    "masked": (masked(LABELS), ValueError, "y must not have masked entries"),
}


@pytest.mark.parametrize("y, error, message", BAD_LABELS.values(), ids=BAD_LABELS.keys())
def test_classifier_rejects_bad_labels(y, error, message):
    with pytest.raises(error, match=message):
        classifier().fit(X, y)


BAD_NUMBERS = {
    "none": (None, ValueError, "MLPRegressor estimator requires y to be passed"),
    "too many": (np.zeros(31), ValueError, r"inconsistent numbers of samples: \[30, 31\]"),
    "text": (["a"] * 30, ValueError, "y cannot be converted to numbers"),
    "objects": ([{}] * 30, TypeError, "y cannot be converted to numbers"),
    "dates": (
        np.full(30, np.datetime64("2020-01-01")),
        TypeError,
        "y must hold real numbers, got dtype date",
    ),
    "NaN": (
        np.where(NUMBERS > 0, 1, NAN),
        ValueError,
        r"Input y contains NaN at row \d+\. Leave out the rows",
    ),
    "infinity": (
        np.where(NUMBERS > 0, 1, -INF),
        ValueError,
        r"Input y contains infinity .* at row \d+\.$",
    ),
    "no columns": (
        np.zeros((30, 0)),
        ValueError,
        r"y must have at least one column, got .*shape \(30, 0\)",
    ),
    "huge": ([10**400] * 30, ValueError, "y cannot be converted to numbers: int too large"),
    "masked": (masked(NUMBERS), ValueError, "y must not have masked entries"),
    "NaN in objects": (np.array([NAN] * 30, dtype=object), ValueError, "Input y contains NaN"),
}


@pytest.mark.parametrize("y, error, message", BAD_NUMBERS.values(), ids=BAD_NUMBERS.keys())
def test_regressor_rejects_bad_targets(y, error, message):
    with pytest.raises(error, match=message):
        regressor().fit(X, y)


def test_poisson_loss_rejects_negative_targets():
    with pytest.raises(ValueError, match="y must not be negative with loss='poisson', got -"):
        regressor(loss="poisson").fit(X, NUMBERS)


BAD_WEIGHTS = {
    "negative": (np.where(LABELS, 1.0, -0.5), "Negative values in data passed to `sample_weight`"),
    "NaN": (np.where(LABELS, 1.0, NAN), "Input sample_weight contains NaN"),
    "infinity": (np.where(LABELS, 1.0, INF), "Input sample_weight contains infinity"),
    "all zero": (np.zeros(30), "Sample weights must contain at least one non-zero number"),
    "too few": (np.ones(29), r"sample_weight.shape == \(29,\), expected \(30,\)!"),
    "too many": (np.ones(31), r"sample_weight.shape == \(31,\), expected \(30,\)!"),
    "a column": (np.ones((30, 1)), "Sample weights must be 1D array or scalar, got 2D array"),
    "text": (["a"] * 30, "sample_weight cannot be converted to numbers"),
    "complex": (np.ones(30) * 1j, "Complex data not supported"),
    "a word": ("balanced", "Sample weights must be 1D array or scalar, got str"),
    "huge": ([10**400] * 30, "sample_weight cannot be converted to numbers: int too large"),
    "masked": (masked(np.ones(30)), "sample_weight must not have masked entries"),
}


@pytest.mark.parametrize("weight, message", BAD_WEIGHTS.values(), ids=BAD_WEIGHTS.keys())
def test_bad_sample_weights_are_rejected(weight, message):
    with pytest.raises(ValueError, match=message):
        classifier().fit(X, LABELS, weight)
    with pytest.raises(ValueError, match=message):
        regressor().partial_fit(X, NUMBERS, weight)
    with pytest.raises(ValueError, match=message):
        classifier().fit(X, LABELS).score(X, LABELS, weight)


@pytest.mark.parametrize("value", [1e-300, 1e-40, 1e39, 1e300])
def test_weights_out_of_the_range_of_the_dtype_are_named(value):
    rows, weight = X.astype(np.float32), np.ones(30)
    weight[4] = value
    network = Network([4, 3], dtype="float32")
    message = r"sample_weight .* 0 or from 1.17549e-38 to 8.50706e\+37, for float32, "
    message += re.escape(f"got {value:g} in row 4.")
    for call in (
        lambda: classifier().fit(rows, LABELS, weight),
        lambda: classifier(solver="lbfgs").fit(rows, LABELS, weight),
        lambda: regressor().partial_fit(rows, NUMBERS, weight),
        lambda: classifier(class_weight={0: value, 1: 1.0}).fit(rows, np.arange(30) != 4),
        lambda: network.cost(rows, LABELS, sample_weight=weight),
        lambda: Trainer(network).run(rows, LABELS, weight),
    ):
        with pytest.raises(ValueError, match=message):
            call()
    with pytest.raises(ValueError, match=rf"the validation data \(X_val, y_val\): {message}"):
        classifier().fit(rows, LABELS, X_val=rows, y_val=LABELS, sample_weight_val=weight)
    classifier(dtype="float64").fit(rows, LABELS, weight)


def test_the_sum_of_weights_must_be_in_the_range_of_the_dtype():
    with pytest.raises(
        ValueError, match=r"sample_weight must have a positive sum of at most 8.50706e\+37"
    ):
        classifier(dtype="float32").fit(X, LABELS, np.full(30, 8e37))


def test_dates_as_sample_weights_raise_type_error():
    with pytest.raises(TypeError, match="sample_weight must hold real numbers, got dtype date"):
        classifier().fit(X, LABELS, np.zeros(30, "M8[s]"))


def test_score_rejects_labels_of_another_type():
    model = classifier().fit(X, LABELS)
    with pytest.raises(
        ValueError,
        match="y must have labels like those of the predictions \\(dtype int64\\), got dtype <U1",
    ):
        model.score(X, np.array(["a", "b", "c"])[LABELS])


# Continuing with a fitted model


def test_partial_fit_needs_all_classes_first_and_rejects_new_ones_later():
    model = classifier()
    with pytest.raises(ValueError, match="classes must be passed on the first call"):
        model.partial_fit(X, LABELS)
    model.partial_fit(X[:2], LABELS[:2], classes=[0, 1, 2])
    with pytest.raises(ValueError, match=r"`y` has classes not in `self\.classes_`"):
        model.partial_fit(X, LABELS + 1)
    with pytest.raises(ValueError, match="is not the same as on last call to partial_fit"):
        model.partial_fit(X, LABELS, classes=[0, 1])
    with pytest.raises(ValueError, match="y must have one label per row"):
        model.partial_fit(X, np.ones((30, 2), int))
    model.partial_fit(X, LABELS, classes=[2, 1, 0])


@pytest.mark.parametrize("classes", [[], [[0, 1]], [0.5, 1.5], 3, [[0], [1, 2]]])
def test_partial_fit_rejects_bad_classes(classes):
    with pytest.raises(ValueError):
        classifier().partial_fit(X, LABELS, classes=classes)


def test_warm_start_rejects_other_classes():
    model = classifier(warm_start=True).fit(X, LABELS)
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has the same"):
        model.fit(X, LABELS % 2)
    with pytest.raises(ValueError, match="warm_start can only be used where `y` has the same"):
        model.fit(X, np.array(["a", "b", "c"])[LABELS])
    with pytest.raises(ValueError, match="y must have one label per row"):
        model.fit(X, np.eye(3, dtype=int)[LABELS])


@pytest.mark.parametrize(
    "change, message",
    [
        (
            {"hidden_layer_sizes": (6,)},
            r"with hidden_layer_sizes=\(5,\), so training cannot continue with \(6,\)",
        ),
        (
            {"dtype": "float32"},
            r"was fitted with dtype='float64', so training cannot continue with",
        ),
        ({"input_scale": 2}, r"was fitted with input_scale=1.0, so training cannot continue with"),
        (
            {"activation": "tanh"},
            r"was fitted with activation=\('relu',\), so training cannot continue with",
        ),
        (
            {"activation": ["logistic"]},
            r"was fitted with activation=\('relu',\), so training cannot continue with",
        ),
        (
            {"loss": "squared_error"},
            r"was fitted with loss='log_loss', so training cannot continue with",
        ),
    ],
)
def test_continued_training_rejects_another_description(change, message):
    model = classifier(warm_start=True).fit(X, LABELS).set_params(**change)
    for train in (model.fit, model.partial_fit):
        with pytest.raises(ValueError, match=message):
            train(X, LABELS)
    model.set_params(warm_start=False).fit(X, LABELS)


def test_partial_fit_rejects_early_stopping():
    with pytest.raises(
        ValueError,
        match=r"partial_fit does not support early_stopping=True.* fit_batches with X_val",
    ):
        regressor(early_stopping=True).partial_fit(X, NUMBERS)


def test_warm_start_rejects_another_number_of_outputs():
    model = regressor(warm_start=True).fit(X, NUMBERS)
    with pytest.raises(ValueError, match="training cannot continue with"):
        model.fit(X, X[:, :2])
    with pytest.raises(ValueError, match="different number of output"):
        model.score(X, X[:, :2])


@pytest.mark.parametrize(
    "params, message",
    [
        ({"validation_fraction": 0.0}, "should be a float"),
        ({"validation_fraction": 0.01}, "The validation set is too small"),
        ({"validation_fraction": 0.99}, "train set will be empty"),
    ],
)
def test_bad_validation_fractions_are_rejected(params, message):
    with pytest.raises(ValueError, match=message):
        classifier(early_stopping=True, **params).fit(X, LABELS)


@pytest.mark.parametrize("side", ["training", "validation"])
def test_early_stopping_needs_weight_in_training_and_validation_set(side):
    model = regressor(early_stopping=True, validation_fraction=0.3)
    order = np.random.RandomState(0)
    order.random_sample(31)
    validation = order.permutation(30)[:9]
    weight = np.zeros(30) if side == "training" else np.ones(30)
    weight[validation] = 1 - weight[validation]
    with pytest.raises(ValueError, match=f"sample weights of the {side} set are all zero"):
        model.fit(X, NUMBERS, weight)


# Divergence


def test_divergence_error_states_epoch_batch_and_learning_rate():
    model = regressor(solver="sgd", learning_rate_init=1e100, batch_size=10)
    with pytest.raises(DivergenceError) as caught:
        model.fit(X, NUMBERS)
    message = str(caught.value)
    assert message.startswith(
        "Solver produced non-finite parameter weights. The input data may contain large values "
        "and need to be preprocessed."
    )
    for part in ("epoch 1", "batches of 10 rows", "learning rate of 1e+100", "learning_rate_init"):
        assert part in message
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("dtype, y", [("float32", 1e25), ("float64", 1e200), ("float64", 1.3e154)])
def test_overflowing_cost_is_divergence(dtype, y):
    # In the last case each square is finite and only the sum overflows.
    with pytest.raises(DivergenceError, match="epoch 1"):
        regressor(dtype=dtype).fit(X, np.full(30, y))


def test_divergence_in_the_last_step_is_detected():
    model = regressor(solver="sgd", learning_rate_init=1e308, batch_size=30, max_iter=1)
    with pytest.raises(DivergenceError, match="epoch 1"):
        model.fit(X, 1e10 * NUMBERS)


# A failure keeps the previous model


FAILURES = {
    "NaN in the last batch": lambda m: m.fit(with_value(NAN, 29), LABELS),
    "NaN in partial_fit": lambda m: m.partial_fit(with_value(NAN, 29), LABELS),
    "divergence": lambda m: m.set_params(solver="sgd", learning_rate_init=1e200).fit(X, LABELS),
    "bad parameter": lambda m: m.set_params(alpha=-1).fit(X, LABELS),
    "bad labels": lambda m: m.fit(X, NUMBERS),
    "unseen labels": lambda m: m.partial_fit(X, LABELS + 1),
    "bad weights": lambda m: m.fit(X, LABELS, -np.ones(30)),
    "another width": lambda m: m.partial_fit(X[:, :2], LABELS),
    "empty validation set": lambda m: m.set_params(
        early_stopping=True, validation_fraction=0.01
    ).fit(X, LABELS),
}


@pytest.mark.parametrize("fail", FAILURES.values(), ids=FAILURES.keys())
def test_failed_fit_keeps_the_previous_model(fail):
    model = classifier(batch_size=7).fit(X, LABELS)
    model.partial_fit(X, LABELS)
    state, probabilities = fitted_of(model), model.predict_proba(X)
    curve, steps = list(model.loss_curve_), state_of(model).optimizer.n_steps
    with pytest.raises(ValueError):
        fail(model)
    assert fitted_of(model) is state
    assert model.loss_curve_ == curve and state_of(model).optimizer.n_steps == steps
    np.testing.assert_array_equal(model.predict_proba(X), probabilities)
    assert "_fitting" not in vars(model)


# Warnings and errors of scikit-learn


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba", "score"])
def test_unfitted_estimator_raises_not_fitted_error(method):
    arguments = (X, LABELS) if method == "score" else (X,)
    with pytest.raises(sklearn.exceptions.NotFittedError, match=r"is not fitted yet\. Call 'fit'"):
        getattr(classifier(), method)(*arguments)


def frames_of_package(model, X, y):
    """Return the functions of cmlp that the traceback of a refused fit shows."""
    with pytest.raises(ValueError) as caught:
        model.fit(X, y)
    codes = [frame.f_code for frame, _ in walk_tb(caught.value.__traceback__)]
    package = Path(cmlp.__file__).parent
    # The bridge is compiled: its frames have no paths.
    return [
        code.co_name
        for code in codes
        if package in Path(code.co_filename).parents or code.co_filename.endswith((".pyx", ".pxi"))
    ]


@pytest.mark.parametrize(
    "model",
    [
        MLPClassifier(alpha=-1),
        MLPClassifier(hidden_layer_sizes=0),
        MLPClassifier((5, 0)),
        MLPClassifier(activation="cube"),
        MLPClassifier(random_state=-1),
        MLPRegressor((5,)),
        TabularClassifier(n_estimators=0),
        TabularRegressor(hidden_layer_sizes=(0,)),
    ],
    ids=str,
)
def test_traceback_of_a_refused_parameter_is_short(model):
    assert len(frames_of_package(model, X, LABELS)) <= 6


@pytest.mark.parametrize(
    ("model", "X", "y"),
    [
        (MLPClassifier(), np.where(X == X[7, 2], NAN, X), LABELS),
        (MLPRegressor(), np.where(X == X[0, 0], NAN, X), NUMBERS),
        (
            MLPRegressor(hidden_layer_sizes=(5,), solver="lbfgs"),
            np.where(X == X[0, 0], NAN, X),
            NUMBERS,
        ),
        (MLPClassifier(), X, np.where(LABELS == 1, NAN, LABELS)),
        (MLPRegressor(), X, np.where(LABELS == 1, NAN, NUMBERS)),
        (TabularClassifier(), X, np.where(LABELS == 1, NAN, LABELS)),
        (TabularRegressor(), np.where(X == X[0, 0], INF, X), NUMBERS),
    ],
    ids=[
        "X",
        "X of numbers",
        "X of lbfgs",
        "labels",
        "numbers",
        "labels of a table",
        "infinity of a table",
    ],
)
def test_traceback_of_a_value_that_is_not_finite_is_short(model, X, y):
    assert len(frames_of_package(model, X, y)) <= 11


def test_reaching_max_iter_warns_at_the_line_of_the_caller():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        classifier().fit(X, LABELS)
    assert issubclass(caught[0].category, sklearn.exceptions.ConvergenceWarning)
    assert {one.filename for one in caught} == {__file__}


def test_batch_size_above_the_number_of_rows_is_clipped_with_a_warning():
    with pytest.warns(UserWarning, match="Got `batch_size` less than 1 or larger than sample size"):
        model = classifier(batch_size=31).fit(X, LABELS)
    whole = classifier(batch_size=30).fit(X, LABELS)
    np.testing.assert_array_equal(model.coefs_[0], whole.coefs_[0])


def test_scikit_learn_is_not_imported():
    run_python(
        "import sys, warnings, cmlp\n"
        "warnings.simplefilter('ignore')\n"
        "model = cmlp.MLPClassifier((3,), max_iter=2, early_stopping=True)\n"
        "try:\n"
        "    model.predict([[1.0]])\n"
        "except (ValueError, AttributeError) as error:\n"
        "    assert type(error).__name__ == 'NotFittedError'\n"
        "    assert type(error).__module__.startswith('cmlp')\n"
        "rows = [[float(i)] for i in range(30)]\n"
        "model.fit(rows, [i % 2 for i in range(30)]).score(rows, [0] * 30)\n"
        "cmlp.MLPRegressor(max_iter=2).fit(rows, range(30)).predict(rows)\n"
        "assert not {name.partition('.')[0] for name in sys.modules} & {'sklearn', 'scipy'}\n"
    )
