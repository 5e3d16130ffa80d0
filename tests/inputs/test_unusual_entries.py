"""Unusual entries and rare errors: times finer than nanoseconds, integers without a text, memory, copies of models."""

import copy
import pickle

import numpy as np
import pytest
from internals import fitted_of, model_of, put_result

from cmlp import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor
from cmlp.exceptions import NonFiniteInputError

pytestmark = pytest.mark.filterwarnings(
    "ignore::cmlp.exceptions.ConvergenceWarning", "ignore::cmlp.exceptions.UselessModelWarning"
)

N = 24
HUGE = 10**5000
FINE = ("ns", "ps", "fs", "as")


def small(**options):
    return TabularRegressor(n_estimators=1, n_epochs=1, random_state=0, **options)


def column(entries, dtype=object):
    rows = np.empty((len(entries), 1), dtype)
    rows[:, 0] = entries
    return rows


# ------------------------------------------------------------------------------------------------------------ times


@pytest.mark.parametrize("unit", FINE)
@pytest.mark.parametrize("kind", [np.datetime64, np.timedelta64])
def test_times_of_every_unit_are_read(unit, kind):
    entries = [
        kind(7 * row, "us").astype(f"{'M' if kind is np.datetime64 else 'm'}8[{unit}]")
        for row in range(N)
    ]
    model = small().fit(column(entries), range(N))
    same = small().fit(column([kind(7 * row, "us") for row in range(N)]), range(N))
    assert model.column_types_ == same.column_types_
    np.testing.assert_array_equal(model.predict(column(entries)), same.predict(column(entries)))
    categories = small(categorical_features=[0]).fit(column(entries), range(N))
    assert (
        categories.categories_
        == small(categorical_features=[0]).fit(column(entries), range(N)).categories_
    )


@pytest.mark.parametrize("unit", FINE)
def test_midnights_of_every_unit_are_dates(unit):
    entries = [np.datetime64(0, unit) if row % 2 else None for row in range(N)]
    assert small().fit(column(entries), range(N)).column_types_ == {0: "date"}


@pytest.mark.parametrize("unit", FINE)
def test_a_time_among_numbers_is_named(unit):
    model = small().fit(column(range(N), float), range(N))
    with pytest.raises(ValueError, match=r"column 0 must be a number, got .* in row 1"):
        model.predict(column([1.0, np.datetime64(5, unit)]))


@pytest.mark.parametrize(
    "time", [np.datetime64(3, "s"), np.timedelta64(3, "as"), np.datetime64(3, "Y")]
)
def test_networks_take_no_time_for_a_number(time):
    model = MLPRegressor(max_iter=1).fit(column(range(N), float), range(N))
    with pytest.raises(ValueError, match=r"X cannot be converted.*64.*\(row 1, column 0\)"):
        model.predict([[1.0], [time]])
    with pytest.raises(ValueError, match=r"y cannot be converted.*\(row 0\)"):
        model.fit(column(range(N), float), column([time] * N)[:, 0])


# --------------------------------------------------------------------------------------------------- large integers


def test_an_unknown_category_may_have_any_number_of_digits():
    model = small().fit([["a" if row % 2 else "b", 1.0] for row in range(N)], range(N))
    with pytest.warns(
        UserWarning, match=r"all 3 values are unknown.*<an integer of about 5,001 digits>"
    ):
        predicted = model.predict([[HUGE, 1.0]] * 3)
    np.testing.assert_array_equal(predicted, model.predict([["c", 1.0]] * 3))


def test_categories_of_fit_need_a_text():
    rows = [[HUGE if row == 5 else row % 3, 1.0] for row in range(N)]
    with pytest.raises(
        ValueError,
        match=r"column 0 .* 4,300 digits, got <an integer of about 5,001 digits> in row 5",
    ):
        small(categorical_features=[0]).fit(rows, range(N))
    with pytest.raises(ValueError, match=r"ordered categories .*digits> in row 5"):
        small(categorical_features={0: [0, 1, 2]}).fit(rows, range(N))
    with pytest.raises(ValueError, match=r"list of different texts or numbers .*digits>"):
        small(categorical_features={0: [0, 1, 2, HUGE]}).fit(rows, range(N))


@pytest.mark.parametrize(
    "call",
    [
        lambda X: MLPClassifier().fit(X, [HUGE, 1] * (N // 2)),
        lambda X: MLPRegressor(alpha=-HUGE).fit(X, range(N)),
        lambda X: MLPRegressor(alpha=[HUGE, -1]).fit(X, range(N)),
        lambda X: MLPClassifier(class_weight={0: 1, 1: HUGE}).fit(X, [0, 1] * (N // 2)),
        lambda X: small(categorical_features=[HUGE]).fit(X, range(N)),
        lambda X: small().fit(X, range(N)).predict_interval(X, coverage=HUGE),
    ],
)
def test_errors_show_integers_of_any_size(call):
    with pytest.raises(ValueError, match="<an integer of about 5,001 digits>"):
        call(np.arange(2.0 * N).reshape(N, 2))


# ----------------------------------------------------------------------------------------------------------- memory


class NoArray:
    """A column whose library has no memory for a conversion to an array."""

    dtype = "string"

    def __array__(self, *args, **kwargs):
        raise MemoryError("no memory")


class NoValues(NoArray):
    """One whose library has no memory for a conversion to values of Python."""

    type = "string"

    def __array__(self, *args, **kwargs):
        return np.array(["a", "b"] * (N // 2), object)

    def to_pylist(self):
        raise MemoryError("no memory")


class Frame:
    """A data frame with one column."""

    columns = ("a",)
    shape = (N, 1)
    __array__ = None

    def __init__(self, held):
        self.held = held

    def __len__(self):
        return N

    def __getitem__(self, name):
        return self.held


@pytest.mark.parametrize("held", [NoArray(), NoValues()])
def test_memory_errors_are_let_through(held):
    with pytest.raises(MemoryError, match="no memory"):
        small().fit(Frame(held), range(N))


# ----------------------------------------------------------------------------------------------------------- copies


def fitted_models():
    X = [[float(row), "ab"[row % 2], None if row % 5 else 1.0] for row in range(160)]
    numbers = [[float(row), float(row % 2)] for row in range(160)]
    y = [row % 2 for row in range(160)]
    yield small(keep_background=8).fit(X, range(160)), X
    table = TabularClassifier(n_estimators=2, n_epochs=1, random_state=0).fit(X, y)
    yield table.calibrate(probabilities=True), X
    yield MLPClassifier((4,), max_iter=2, random_state=0).fit(numbers, y), numbers
    yield (
        MLPRegressor(max_iter=2, input_scale="standard", random_state=0).fit(numbers, range(160)),
        numbers,
    )


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))]
)
def test_what_predicts_can_be_copied(copied):
    for estimator, X in fitted_models():
        inner = model_of(estimator)
        twin = copied(inner)
        assert type(twin) is type(inner)
        fresh = copy.copy(estimator)
        put_result(fresh, fitted_of(estimator)._replace(model=twin))
        np.testing.assert_array_equal(fresh.predict(X), estimator.predict(X))
        rows = inner.read(X, "") if hasattr(inner, "read") else np.asarray(X)
        np.testing.assert_array_equal(twin.predict(rows), inner.predict(rows))


def test_a_deep_copy_shares_no_weights():
    for estimator, _ in fitted_models():
        inner = model_of(estimator)
        twin = copy.deepcopy(inner)
        for one, other in zip(inner.networks, twin.networks, strict=True):
            assert not np.shares_memory(one.params, other.params)
        assert copy.deepcopy(fitted_of(estimator)).model is not inner


# ------------------------------------------------------------------------------------------------------------ found


def test_every_value_of_found_is_documented():
    for found in (
        "NaN",
        "infinity or a value too large for the network's dtype",
        "NaN or infinity",
    ):
        assert f'"{found}"' in " ".join(NonFiniteInputError.__doc__.split())
