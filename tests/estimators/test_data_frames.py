"""Data frames and series of pandas and polars instead of arrays.

These tests also run with scikit-learn 1.6, the oldest supported version.
"""

import numpy as np
import pytest
import sklearn.neural_network
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import cmlp

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

rng = np.random.RandomState(0)
X = rng.standard_normal((120, 4))
NAMES = list("abcd")
LABELS = np.array(["no", "yes"])[(X[:, 0] + 0.3 * rng.standard_normal(120) > 0).astype(int)]
KINDS = np.array(["x", "y", "z"])[np.digitize(X[:, 2], [-0.5, 0.5])]
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0]
SEVERAL = np.stack([NUMBERS, -X[:, 2]], axis=1)
PARAMS = {"hidden_layer_sizes": (6,), "max_iter": 25, "random_state": 0, "learning_rate_init": 0.02}


@pytest.fixture(params=["pandas", "polars"])
def library(request):
    return pytest.importorskip(request.param)


def frame_of(library, values, names=NAMES):
    return library.DataFrame(dict(zip(names, np.asarray(values).T, strict=True)))


def test_frames_and_series_train_like_arrays(library):
    frame, labels = frame_of(library, X), library.Series(LABELS)
    weight = np.linspace(0.5, 1.5, 120)
    model = cmlp.MLPClassifier(**PARAMS).fit(frame, labels, library.Series(weight))
    same = cmlp.MLPClassifier(**PARAMS).fit(X, LABELS, weight)
    assert list(model.feature_names_in_) == NAMES
    np.testing.assert_array_equal(model.predict_proba(frame), same.predict_proba(X))
    assert model.score(frame, labels) == same.score(X, LABELS)


def test_regression_with_several_targets_in_a_frame(library):
    frame, targets = frame_of(library, X), frame_of(library, SEVERAL, ["u", "v"])
    model = cmlp.MLPRegressor(**PARAMS).fit(frame, targets)
    same = cmlp.MLPRegressor(**PARAMS).fit(X, SEVERAL)
    np.testing.assert_array_equal(model.predict(frame), same.predict(X))
    assert model.score(frame, targets) == same.score(X, SEVERAL)


def test_columns_in_another_order_are_refused(library):
    model = cmlp.MLPRegressor(**PARAMS).fit(frame_of(library, X), NUMBERS)
    with pytest.raises(ValueError, match=r"[Ff]eature names"):
        model.predict(frame_of(library, X, list("badc")))


def test_set_output_hands_frames_to_the_model(library):
    frame = frame_of(library, X)
    model = make_pipeline(StandardScaler(), cmlp.MLPRegressor(**PARAMS))
    model.set_output(transform=library.__name__).fit(frame, NUMBERS)
    assert list(model[-1].feature_names_in_) == list(model[:-1].transform(frame).columns)
    same = make_pipeline(StandardScaler(), cmlp.MLPRegressor(**PARAMS)).fit(X, NUMBERS)
    np.testing.assert_allclose(model.predict(frame), same.predict(X))


def test_column_transformer_by_names():
    pandas = pytest.importorskip(
        "pandas"
    )  # scikit-learn 1.6 selects columns of other libraries by index only
    mixed = pandas.DataFrame({"a": X[:, 0], "kind": KINDS})
    results = []
    for module in (cmlp, sklearn.neural_network):
        transformer = ColumnTransformer(
            [("numbers", StandardScaler(), ["a"]), ("words", OneHotEncoder(), ["kind"])]
        )
        model = make_pipeline(transformer, module.MLPClassifier(**PARAMS)).fit(
            mixed, pandas.Series(LABELS)
        )
        results.append(model.predict_proba(mixed))
    np.testing.assert_allclose(*results, rtol=1e-7, atol=1e-9)


def test_nullable_pandas_columns():
    pandas = pytest.importorskip("pandas")
    frame = frame_of(pandas, np.round(X)).convert_dtypes()
    assert str(frame.dtypes["a"]) == "Int64"
    model = cmlp.MLPClassifier(**PARAMS).fit(frame, pandas.Series(LABELS, dtype="string"))
    same = cmlp.MLPClassifier(**PARAMS).fit(np.round(X), LABELS)
    np.testing.assert_array_equal(model.predict_proba(frame), same.predict_proba(np.round(X)))


def test_categorical_labels():
    pandas = pytest.importorskip("pandas")
    series = pandas.Series(LABELS, dtype="category")
    model = cmlp.MLPClassifier(**PARAMS).fit(X, series)
    assert list(model.classes_) == ["no", "yes"] and model.score(X, series) > 0.8
