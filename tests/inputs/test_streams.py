"""Streams of Arrow can be read once: every call reads each of its arguments once."""

import datetime

import numpy as np
import pytest
from optional import package

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

pa = package("pyarrow")

rng = np.random.RandomState(0)
X = rng.standard_normal((80, 3))
Y, NUMBERS, WEIGHT = (
    (X[:, 0] + X[:, 1] > 0).astype(int),
    X @ [1.0, -2.0, 0.5],
    np.abs(X[:, 1]) + 0.1,
)
NAMES = ["a", "b", "c"]
FIT = {"max_iter": 3, "tol": 0, "n_iter_no_change": float("inf"), "random_state": 0}
TABLE = {"n_estimators": 2, "hidden_layer_sizes": (8,), "max_time": 1e-9, "random_state": 0}


class Once:
    """A stream of Arrow that refuses to be read a second time."""

    def __init__(self, content):
        self.content = content

    def __arrow_c_stream__(self, requested_schema=None):
        content, self.content = self.content, None
        assert content is not None, "a stream was read twice"
        return content.__arrow_c_stream__()


def table(values=X):
    return pa.table(dict(zip(NAMES, values.T, strict=True)))


def classifier(**parameters):
    return MLPClassifier((4,), **{**FIT, **parameters})


def regressor(**parameters):
    return MLPRegressor(hidden_layer_sizes=(4,), **{**FIT, **parameters})


RESULT, TABLE_OF_CLASSES = classifier().fit(X, Y), TabularClassifier(**TABLE).fit(X, Y)


def params(model):
    return np.concatenate([tensor.ravel() for tensor in (*model.coefs_, *model.intercepts_)])


def held(S):
    return {"X_val": S(X), "y_val": S(Y), "sample_weight_val": S(WEIGHT)}


def trained(S, **arguments):
    network = Network([3, 4, 2], random_state=0)
    Trainer(network, **FIT).run(S(X), S(Y), S(WEIGHT), **arguments)
    return network.params


def fitted_together(kinds, S):
    return [
        model.predict(X) for model in fit_many([kind() for kind in kinds], S(X), S(Y), S(WEIGHT))
    ]


# Each function takes S, which makes an argument from an array.
CALLS = {
    "fit": lambda S: params(classifier().fit(S(X), S(Y), S(WEIGHT))),
    "fit with early stopping": lambda S: params(classifier(early_stopping=True).fit(S(X), S(Y))),
    "fit with a learned scale": lambda S: params(
        classifier(input_scale="standard").fit(S(X), S(Y))
    ),
    "fit with validation rows": lambda S: params(
        classifier(early_stopping=True).fit(S(X), S(Y), **held(S))
    ),
    "fit with a scorer": lambda S: params(
        classifier(
            early_stopping=True, scoring=lambda model, *data, **weight: model.score(*data, **weight)
        ).fit(S(X), S(Y), **held(S))
    ),
    "fit with lbfgs": lambda S: params(classifier(solver="lbfgs").fit(S(X), S(Y))),
    "fit of numbers": lambda S: params(
        regressor(y_scale="standard").fit(S(X), S(NUMBERS), S(WEIGHT))
    ),
    "resume": lambda S: params(
        regressor().fit(X, NUMBERS).set_params(max_iter=5).fit(S(X), S(NUMBERS), resume=True)
    ),
    "partial_fit": lambda S: params(
        classifier().partial_fit(S(X), S(Y), S(WEIGHT), classes=[0, 1])
    ),
    "fit_batches": lambda S: params(
        classifier(max_iter=1).fit_batches(
            [(S(X), S(Y), S(WEIGHT)), (S(X), S(Y), S(WEIGHT))], classes=[0, 1]
        )
    ),
    "predict_proba": lambda S: RESULT.predict_proba(S(X)),
    "score": lambda S: RESULT.score(S(X), S(Y), S(WEIGHT)),
    "find_learning_rate": lambda S: find_learning_rate(classifier(), S(X), S(Y), S(WEIGHT)).losses,
    "fit_many": lambda S: fitted_together([classifier, classifier], S),
    "fit_many of tables": lambda S: fitted_together(
        [lambda: TabularClassifier(**TABLE), classifier], S
    ),
    "Trainer": trained,
    "Network.forward": lambda S: Network([3, 4, 2], random_state=0).forward(S(X)),
    "Network.cost": lambda S: Network([3, 4, 2], random_state=0).cost(S(X), S(Y)),
    "fit of a table": lambda S: (
        TabularClassifier(**TABLE)
        .fit(S(X), S(Y), S(WEIGHT), X_val=S(X), y_val=S(Y))
        .predict_proba(X)
    ),
    "fit of a table of numbers": lambda S: (
        TabularRegressor(**TABLE).fit(S(X), S(NUMBERS)).predict(X)
    ),
    "predict_proba of a table": lambda S: TABLE_OF_CLASSES.predict_proba(S(X)),
    "score of a table": lambda S: TABLE_OF_CLASSES.score(S(X), S(Y), S(WEIGHT)),
}


@pytest.mark.filterwarnings(
    "ignore:X ",
    "ignore:Stochastic Optimizer",
    "ignore:lbfgs failed",
    "ignore:n_iter_no_change differs",
)
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_streams_are_read_once_with_the_results_of_arrays(call):
    found = call(lambda array: Once(table(array) if array.ndim == 2 else pa.chunked_array([array])))
    np.testing.assert_array_equal(found, call(np.asarray))


def mixed(n=40):
    """Return a table with missing values, categories and dates."""
    rng = np.random.RandomState(1)
    gaps = rng.random_sample(n) < 0.2
    days = [
        None if gap else datetime.date(2020, 1, 1) + datetime.timedelta(int(i))
        for i, gap in enumerate(gaps)
    ]
    times = [None if day is None else datetime.datetime(2020, 1, 1, day.day % 24) for day in days]
    colours = rng.choice(["red", "blue", "a text of more than twelve bytes"], n)
    codes = rng.choice([5, 7, 9], n)
    return pa.table(
        {
            "size": pa.array(rng.standard_normal(n), mask=gaps),
            "half": pa.array(rng.standard_normal(n).astype(np.float16), mask=gaps),
            "count": pa.array(rng.randint(0, 9, n), mask=gaps),
            "new": pa.array(rng.random_sample(n) < 0.5, mask=gaps),
            "colour": pa.array(colours, mask=gaps),
            "view": pa.array(colours, mask=gaps).cast(pa.string_view()),
            "day": days,
            "time": times,
            "zone": pa.array(times, pa.timestamp("ms", tz="Europe/Berlin")),
            "grade": pa.array(codes, mask=gaps).dictionary_encode(),
            "grade without gaps": pa.array(codes).dictionary_encode(),
            "nothing": pa.nulls(n),
        }
    )


@pytest.mark.parametrize("rows", [1, 7, 100])
def test_streams_with_missing_values_are_read_like_tables(rows):
    content, y = mixed(), np.arange(40.0)
    reader = Once(content.to_reader(max_chunksize=rows))
    model, same = (TabularRegressor(**TABLE).fit(one, y) for one in (reader, content))
    assert model.feature_names_in_.tolist() == content.column_names
    np.testing.assert_array_equal(model.predict(content), same.predict(content))
    reordered = content.select(content.column_names[::-1])
    np.testing.assert_array_equal(model.predict(Once(reordered.to_reader())), same.predict(content))
    np.testing.assert_array_equal(
        model.predict(Once(content.slice(3, 9))), same.predict(content)[3:12]
    )


def test_columns_that_a_table_cannot_have_are_named():
    def fit(content):
        TabularRegressor(**TABLE).fit(Once(content), np.arange(40.0))

    with pytest.raises(
        ValueError,
        match="column 'b' must be numbers, categories or times, got a column of type list",
    ):
        fit(pa.table({"a": [1.0] * 40, "b": [[1.0]] * 40}))
    with pytest.raises(
        ValueError, match="Expected 2D array, got 1D array instead: X is a column of Arrow"
    ):
        fit(pa.chunked_array([[1.0] * 40]))
    with pytest.raises(ValueError, match="two columns of one name, got 'a' twice"):
        fit(pa.table([[1.0] * 40] * 2, names=["a", "a"]))
    with pytest.raises(ValueError, match=r"sample\(s\)"):
        fit(pa.table({"a": pa.array([], "f8")}))


@pytest.mark.parametrize(
    ("column", "error", "message"),
    [
        ([1.0, None] * 20, ValueError, "X, column 'b' is null at row 1"),
        ([1, None] * 20, ValueError, "X, column 'b' is null at row 1"),
        ([datetime.date(2020, 1, 1)] * 40, TypeError, "X, column 'b' must hold numbers or text"),
    ],
)
def test_networks_refuse_missing_values_and_dates_of_a_stream_for_many_models(
    column, error, message
):
    content = pa.table({"a": np.arange(40.0), "b": column})
    models = [MLPRegressor(hidden_layer_sizes=(4,), max_iter=1), TabularRegressor(**TABLE)]
    with pytest.raises(error, match=rf"models\[0\].*{message}"):
        fit_many(models, Once(content), np.arange(40.0))
    assert models[1].predict(content).shape == (40,)
