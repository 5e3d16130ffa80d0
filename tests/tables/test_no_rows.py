"""Tables and networks without rows: every method that answers returns an empty answer, and `score` raises."""

import functools

import numpy as np
import pytest

from cmlp import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor
from cmlp.plots import ExplanationDisplay

pytestmark = pytest.mark.filterwarnings(
    "ignore::cmlp.exceptions.ConvergenceWarning",
    "ignore::cmlp.exceptions.UselessModelWarning",
)

pd = pytest.importorskip("pandas")

N = 160
FRAME = pd.DataFrame(
    {
        "size": np.arange(N) * 1.0,
        "place": ["x", "y"] * (N // 2),
        "built": pd.date_range("2020-01-01", periods=N),
        "sold": [True, False] * (N // 2),
        "age": pd.array([None, *range(N - 1)], "Int64"),
    }
)
HALF = np.arange(N) % 2
THREE = np.arange(N) % 3
BITS = np.stack([HALF, 1 - HALF, THREE == 0], 1)
PAIRS = np.stack([np.arange(N)] * 2, 1)
NAMES = {"loss": "quantile", "quantile": [0.1, 0.9]}

REGRESSORS = {
    "one": (np.arange(N), {}, ()),
    "two": (PAIRS, {}, (2,)),
    "quantiles": (np.arange(N), NAMES, (2,)),
}
CLASSIFIERS = {"two": (HALF, ()), "three": (THREE, ()), "bits": (BITS, (3,))}


@functools.cache
def table(number):
    """Return a fitted table, and the shape of an answer."""
    if number < len(REGRESSORS):
        y, options, shape = [*REGRESSORS.values()][number]
        return TabularRegressor(n_estimators=1, n_epochs=1, random_state=0, **options).fit(
            FRAME, y
        ), shape
    y, shape = [*CLASSIFIERS.values()][number - len(REGRESSORS)]
    return TabularClassifier(n_estimators=1, n_epochs=1, random_state=0).fit(FRAME, y), shape


def empty_tables():
    yield "frame", FRAME[:0]
    yield "objects", FRAME[:0].astype(object)
    yield "columns only", pd.DataFrame(columns=list(FRAME))
    yield "lists", pd.DataFrame({name: [] for name in FRAME})
    yield "array", np.empty((0, 5))
    yield "array of objects", np.empty((0, 5), object)
    yield "records", []
    yield "tuple", ()


EMPTY = dict(empty_tables())
every_table = pytest.mark.parametrize("number", range(len(REGRESSORS) + len(CLASSIFIERS)))
every_empty = pytest.mark.parametrize("X", EMPTY.values(), ids=EMPTY.keys())


def answers_of(model, X):
    """Return the shapes of what the methods of a table return, without the number of rows, and types."""
    found = {}
    for name in (
        "predict",
        "predict_proba",
        "predict_log_proba",
        "predict_interval",
        "predict_set",
        "outside",
    ):
        if hasattr(model, name):
            answer = getattr(model, name)(X)
            found[name] = len(answer), answer.shape[1:], answer.dtype
    explanation = model.explain(X, FRAME[:4], n_evaluations=10)
    for name in ("values", "errors", "predictions", "data"):
        answer = getattr(explanation, name)
        found[name] = len(answer), answer.shape[1:], answer.dtype
    if hasattr(model, "certify") and model.predict(FRAME[:1]).ndim == 1:
        found["certify"] = len(model.certify(X, 0.0).answers), (), None
    return found


@pytest.mark.sampled(2)
@every_table
@every_empty
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_a_table_answers_nothing_to_no_rows(number, X):
    model, shape = table(number)
    assert model.predict(X).shape == (0, *shape)
    some = answers_of(model, FRAME[:3])
    none = answers_of(model, X)
    assert none == {name: (0, *rest) for name, (_, *rest) in some.items()}


@every_table
def test_other_data_frames_may_have_no_rows(number):
    polars = pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    model, shape = table(number)
    for X in (
        polars.from_pandas(FRAME)[:0],
        pyarrow.Table.from_pandas(FRAME)[:0],
        polars.DataFrame(schema=[*FRAME]),
    ):
        assert model.predict(X).shape == (0, *shape)


@pytest.mark.sampled(2)
@every_table
@every_empty
@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_no_rows_have_no_score(number, X):
    model, _ = table(number)
    for y in ([], np.empty(0), np.empty((0, 2))):
        with pytest.raises(ValueError, match="X must have at least one row for a score"):
            model.score(X, y)
    with pytest.raises(ValueError, match="X has no rows"):
        model.calibrate(X, [])


@every_table
def test_columns_are_checked_without_rows(number):
    model, _ = table(number)
    with pytest.raises(ValueError, match="missing are"):
        model.predict(FRAME[:0].drop(columns="age"))
    with pytest.raises(ValueError, match="5 features"):
        model.predict(np.empty((0, 4)))


def test_an_explanation_of_no_rows_can_be_shown():
    model, _ = table(0)
    explanation = model.explain(FRAME[:0], FRAME[:4], n_evaluations=10)
    assert repr(explanation) == "Shapley values of no rows"
    with pytest.raises(ValueError, match="no rows"):
        explanation.table()
    with pytest.raises(ValueError, match="no rows"):
        ExplanationDisplay(explanation).plot()


NETWORKS = [
    (MLPClassifier((4,), max_iter=2, random_state=0), HALF),
    (MLPClassifier((4,), max_iter=2, random_state=0), THREE),
    (MLPClassifier((4,), max_iter=2, random_state=0), BITS),
    (MLPRegressor(max_iter=2, random_state=0), HALF),
    (MLPRegressor(max_iter=2, random_state=0), PAIRS),
    (MLPRegressor(max_iter=2, random_state=0, **NAMES), HALF),
]


@pytest.mark.parametrize(("model", "y"), NETWORKS)
def test_a_network_answers_nothing_to_no_rows(model, y):
    model.fit(PAIRS, y)
    for X in (np.empty((0, 2)), np.empty((0, 2), np.float32), np.empty((0, 2), object)):
        names = ("predict", "predict_proba", "predict_log_proba", "decision_function")
        for name in (name for name in names if hasattr(model, name)):
            some = getattr(model, name)(PAIRS[:3])
            none = getattr(model, name)(X)
            assert (none.shape, none.dtype) == ((0, *some.shape[1:]), some.dtype)
        values = model.explain(X, PAIRS[:4]).values
        assert values.shape == (0, *model.explain(PAIRS[:3], PAIRS[:4]).values.shape[1:])


@pytest.mark.parametrize(("model", "y"), NETWORKS)
def test_no_rows_have_no_score_and_no_gradient(model, y):
    model.fit(PAIRS, y)
    X = np.empty((0, 2))
    for truth in ([], np.empty(0), np.empty((0, 2))):
        with pytest.raises(ValueError, match="X must have at least one row for a score"):
            model.score(X, truth)
    y = np.empty((0, 2 if y is PAIRS else 3), int) if y.ndim > 1 else []
    for method in (model.gradients, model.input_gradient):
        with pytest.raises(ValueError, match="at least one row"):
            method(X, y)
