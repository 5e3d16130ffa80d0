"""Lists whose entries are of several types: NumPy makes text of numbers, None-like values and booleans beside text."""

import re

import numpy as np
import pytest

from cmlp import MLPClassifier, MLPRegressor, Network, TabularClassifier, TabularRegressor

pytestmark = pytest.mark.filterwarnings("ignore::cmlp.exceptions.ConvergenceWarning")

NAN = float("nan")
X = [[float(row), float(row % 3)] for row in range(24)]
CLASSIFIERS = [
    MLPClassifier((4,), max_iter=2, random_state=0),
    TabularClassifier(n_estimators=1, n_epochs=1),
]
MIXED = {
    "nan": (["a", "b", NAN] * 8, r"Row 2 has no label \(nan\)"),
    "numpy nan": (["a", "b", np.float64("nan")] * 8, "Row 2 has no label"),
    "number": (["a", "b", 1] * 8, "got 'a' and, in row 2, 1|got 1 and, in row 0, 'a'"),
    "boolean": (["a", "b", True] * 8, "in row (0|2)"),
    "None": (["a", "b", None] * 8, r"Row 2 has no label \(None\)"),
    "tuple": (("a", "b", NAN) * 8, "Row 2 has no label"),
}


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("kind", MIXED)
def test_fit_refuses_labels_that_numpy_makes_text_of(estimator, kind):
    y, message = MIXED[kind]
    with pytest.raises(ValueError, match=message):
        estimator.fit(X, y)
    with pytest.raises(ValueError, match=message):
        estimator.fit(X, ["a", "b"] * 12, X_val=X, y_val=y)


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda one: type(one).__name__)
def test_text_of_a_list_keeps_its_type(estimator):
    y = ["nan", "b", "1"] * 8
    model = estimator.fit(X, y)
    assert model.classes_.dtype == np.dtype("<U3")
    assert model.classes_.tolist() == ["1", "b", "nan"]
    assert set(model.fit(X, np.array(y)).classes_.tolist()) == {"1", "b", "nan"}
    assert model.fit(X, [np.str_(label) for label in y]).classes_.dtype == np.dtype("<U3")


@pytest.mark.parametrize("estimator", CLASSIFIERS, ids=lambda one: type(one).__name__)
def test_score_refuses_missing_labels(estimator):
    model = estimator.fit(X, ["a", "b"] * 12)
    for missing in (NAN, None):
        with pytest.raises(ValueError, match="Row 1 has no label"):
            model.score(X[:3], ["a", missing, "b"])
    with pytest.raises(ValueError, match="got 1 and, in row 0, 'a'"):
        model.score(X[:3], ["a", 1, "b"])


def test_classes_of_partial_fit_must_be_of_one_type():
    model = MLPClassifier((4,), max_iter=2, random_state=0)
    with pytest.raises(ValueError, match=r"classes.*nan"):
        model.partial_fit(X, ["a", "b"] * 12, classes=["a", "b", NAN])
    with pytest.raises(ValueError, match=r"classes.*1"):
        model.partial_fit(X, ["a", "b"] * 12, classes=["a", "b", 1])
    model.partial_fit(X, ["a", "b"] * 12, classes=["b", "a", "c"])
    assert model.classes_.tolist() == ["a", "b", "c"]
    with pytest.raises(ValueError, match="no label"):
        model.partial_fit(X[:2], ["a", NAN])


def test_assigned_classes_must_be_of_one_type():
    for estimator in CLASSIFIERS:
        model = estimator.fit(X, ["a", "b"] * 12)
        with pytest.raises(ValueError, match="classes_"):
            model.classes_ = ["x", NAN]
        model.classes_ = ["x", "y"]
        assert model.classes_.tolist() == ["x", "y"]


def test_blocks_of_a_stream_are_checked_like_a_whole_list():
    model = MLPClassifier((4,), max_iter=1, random_state=0)
    with pytest.raises(ValueError, match="Row 1 has no label"):
        model.fit_batches([(X, ["a", NAN] * 12)], classes=["a", "b", "nan"])


@pytest.mark.parametrize("weights", [["a", 1.0], [1.0, "nan"], ["1", None]])
def test_weights_beside_text_are_checked_one_by_one(weights):
    with pytest.raises((ValueError, TypeError), match="sample_weight"):
        MLPRegressor(hidden_layer_sizes=(4,), max_iter=2).fit(
            X[:2], [0.0, 1.0], sample_weight=weights
        )


def test_missing_keys_of_class_weight_are_unknown_classes():
    for estimator in (MLPClassifier(max_iter=2), TabularClassifier(n_epochs=1)):
        with pytest.raises(ValueError, match=re.escape("['b'], are not in class_weight")):
            estimator.set_params(class_weight={"a": 1.0, NAN: 2.0}).fit(X, ["a", "b"] * 12)


# --------------------------------------------------------------------------------------------- categorical_features


def test_names_and_indices_can_stand_together():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=["size", "place"])
    model = TabularRegressor(n_estimators=1, n_epochs=1, categorical_features=[0, "place"]).fit(
        frame, range(24)
    )
    assert set(model.categories_) == {"size", "place"}
    frame.columns = [7, "place"]
    model.set_params(categorical_features=[7, "place"]).fit(frame, range(24))
    assert set(model.categories_) == {7, "place"}


@pytest.mark.parametrize(
    "wrong", [["place", NAN], ["place", None], ["nan", 1.5], ["place", True], [True, 1], ["a", []]]
)
def test_what_is_no_name_is_refused_as_it_was_passed(wrong):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame([[*row, 0.0] for row in X], columns=["size", "place", "nan"])
    with pytest.raises(ValueError, match="categorical_features") as caught:
        TabularRegressor(n_epochs=1, categorical_features=wrong).fit(frame, range(24))
    assert "'nan'" not in str(caught.value) or "nan" in wrong
    assert "'True'" not in str(caught.value)


def test_feature_names_must_be_text():
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=2).fit(X, range(24))
    with pytest.raises((ValueError, TypeError), match="feature_names_in_"):
        model.feature_names_in_ = ["a", NAN]
    with pytest.raises((ValueError, TypeError), match="feature_names_in_"):
        model.feature_names_in_ = ["a", 1]
    model.feature_names_in_ = ["a", "b"]
    assert model.feature_names_in_.tolist() == ["a", "b"]


# ------------------------------------------------------------------------------------------------------- numbers


def test_numbers_beside_text_are_read_one_by_one():
    for estimator in (
        MLPRegressor(hidden_layer_sizes=(4,), max_iter=2),
        TabularRegressor(n_estimators=1, n_epochs=1),
    ):
        with pytest.raises(ValueError, match="NaN at row 1"):
            estimator.fit(X[:3], ["1.5", NAN, 2.0])
        with pytest.raises((ValueError, TypeError), match="row 1"):
            estimator.fit(X[:3], ["1.5", "a", 2.0])


def test_a_network_refuses_text_as_class_indices():
    network = Network([2, 3, 2], output="softmax", random_state=0)
    with pytest.raises((ValueError, TypeError), match="y must be class indices"):
        network.cost(X, ["0", 1] * 12)
