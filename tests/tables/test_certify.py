"""`TabularClassifier.certify`: boxes of raw columns, with categories and missing numbers as cases."""

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pytest
from exact import within
from helpers import uniform
from internals import model_of
from optional import package
from table_parts import table_judge

import cmlp
from cmlp import TabularClassifier
from cmlp._model.model import mean_outputs

pytestmark = pytest.mark.filterwarnings(
    "ignore:column .* missing",  # rows of a box
    "ignore:.* ascends from row to row",
)

N = 400
COLOURS = np.array(["red", "green", "blue"])[np.arange(N) % 3]
SIDES = np.array(["left", "right"])[np.arange(N) // 3 % 2]


def table():
    """Return numbers with gaps, numbers of another scale, three and two categories."""
    numbers = uniform(0, N, 2)
    rows = np.empty((N, 4), object)
    rows[:, 0], rows[:, 1], rows[:, 2], rows[:, 3] = (
        numbers[:, 0],
        500 * numbers[:, 1],
        COLOURS,
        SIDES,
    )
    rows[::9, 0] = None
    return rows


X = table()
FILLED = np.where(X[:, 0] == None, 0, X[:, 0]).astype(float)  # noqa: E711
BINARY = np.where(COLOURS == "red", FILLED > 0, X[:, 1].astype(float) > 0)
THREE = np.digitize(FILLED + X[:, 1].astype(float) / 500, [-0.4, 0.4])


@pytest.fixture(scope="module", params=["binary", "three", "labels"])
def model(request):
    y = {"binary": BINARY, "three": THREE, "labels": np.c_[BINARY, THREE == 1].astype(int)}[
        request.param
    ]
    found = TabularClassifier(
        hidden_layer_sizes=(16,), n_estimators=3, n_epochs=40, random_state=0
    ).fit(X, y)
    assert found.score(X, y) > 0.85
    return found


def points(row, radii, n, rng):
    """Return rows of the box: some at its ends."""
    found = np.repeat(row[None], n, axis=0)
    for column, radius in enumerate(radii):
        if column < 2 and row[column] is not None:
            share = rng.uniform(-1, 1, n)
            share[::3] = rng.choice([-1, 1], len(share[::3]))
            found[:, column] = row[column] + radius * share
    return found


def differs(model, example, own):
    """Return whether the class of an example, or one of its labels, is not the given one."""
    return np.any(model.predict(example[None])[0] != own)


@pytest.mark.parametrize("radius", [0.0, 1e-9, 0.02, [0.2, 40, 0, 0], [0, 200, 7, 7]])
def test_certificates_hold_and_counterexamples_are_ones(model, radius):
    rng, radii = np.random.default_rng(1), np.broadcast_to(radius, 4)
    answers, examples = model.certify(X[:30], radius)
    assert "certified" in answers
    for row, answer, example in zip(X[:30], answers, examples, strict=True):
        own = model.predict(row[None])[0]
        if answer == "certified":
            assert (model.predict(points(row, radii, 300, rng)) == own).all()
        if answer == "counterexample":
            assert differs(model, example, own) and list(example[2:]) == list(row[2:])
            for value, new, r in zip(row[:2], example[:2], radii, strict=False):
                assert (value is None and new is None) or within(new, value, r)
        else:
            assert all(entry is None for entry in example)


def test_counterexamples_are_within_the_radius_at_large_values():
    """The distance between two doubles is 16 there."""
    rows = 1e17 + 16.0 * np.arange(200)[:, None]
    model = TabularClassifier(hidden_layer_sizes=(8,), n_estimators=2, n_epochs=40, random_state=0)
    model.fit(rows, rows[:, 0] >= 1e17 + 1600)
    n_found = 0
    for radius in (0.0, 1.0, 9.0, 16.0, 170.0, 1610.0):
        answers, examples = model.certify(rows[::20], radius)
        found = answers == "counterexample"
        n_found += found.sum()
        assert all(
            map(within, examples[found, 0], rows[::20][found, 0], np.full(found.sum(), radius))
        )
    assert n_found > 5
    assert set(model.certify(rows[[0, -1]], 9.0).answers) == {"certified"}


def test_large_radii_have_counterexamples(model):
    assert (model.certify(X[:30], [0.5, 100, 0, 0]).answers == "counterexample").any()


@pytest.mark.filterwarnings("ignore:column .* missing")  # a counterexample may be a missing value
def test_an_infinite_radius_is_every_category(model):
    """Without numbers that change, the answer is that of all categories, known and unknown ones."""
    answers, examples = model.certify(X[:40], [0, 0, np.inf, np.inf])
    seen = set()
    for row, answer, example in zip(X[:40], answers, examples, strict=True):
        own = model.predict(row[None])[0]
        others = [
            [*row[:2], *pair]
            for pair in itertools.product(["red", "green", "blue", "none"], ["left", "right", None])
        ]
        changes = (model.predict(np.array(others, object)) != own).any()
        assert answer == ("counterexample" if changes else "certified")
        assert not changes or differs(model, example, own)
        seen.add(str(answer))
    assert seen >= (
        {"certified"} if model.classes_.tolist() == [0, 1, 2] else {"counterexample"}
    )  # three classes: by numbers alone


def test_an_infinite_radius_is_every_number_and_a_missing_one(model):
    answers, examples = model.certify(X[:40], [np.inf, 0, 0, 0])
    values = [None, 0.0, 1e-300, *np.linspace(-2, 2, 41), 30.0, -30.0, 1e9, -1e9, 1.7e308, -1.7e308]
    for row, answer, example in zip(X[:40], answers, examples, strict=True):
        own = model.predict(row[None])[0]
        others = np.array([[value, *row[1:]] for value in values], object)
        if answer == "certified":
            assert (model.predict(others) == own).all()
        if answer == "counterexample":
            assert differs(model, example, own) and list(example[1:]) == list(row[1:])
    assert "counterexample" in answers


def test_frames_keep_their_entries():
    pandas = package("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd")).astype(
        {"a": float, "b": float, "c": "category", "d": "category"}
    )
    model = TabularClassifier(
        hidden_layer_sizes=(16,), n_estimators=2, n_epochs=40, random_state=0
    ).fit(frame, BINARY)
    answers, examples = model.certify(frame[:20], [0, 0, np.inf, 0])
    for i in np.flatnonzero(answers == "counterexample"):
        changed = frame[i : i + 1].astype(object)
        changed.iloc[0, 2] = examples[i][2]
        assert (
            examples[i][3] == frame.iloc[i, 3]
            and model.predict(changed)[0] != model.predict(frame[i : i + 1])[0]
        )
    assert "counterexample" in answers


DAY = timedelta(days=1)
TIMES = {
    "date": [date(2020, 1, 1) + i * DAY for i in range(N)],
    "time": [datetime(2020, 1, 1, 7, 30, 1, 250_001) + i * DAY / 7 for i in range(N)],
    "instant": [datetime(2020, 1, 1, 7, 30, tzinfo=UTC) + i * DAY for i in range(N)],
    "duration": [i * DAY / 3 for i in range(N)],
    "far dates": [date(9998, 1, 1) + i * DAY for i in range(N)],
    "early dates": [date(1, 1, 1) + i * DAY for i in range(N)],
}


@pytest.mark.parametrize("radius", [0.0, 1e-9, 3.3, 250, np.inf])
@pytest.mark.parametrize("kind", TIMES)
def test_counterexamples_have_dates_and_durations_that_predict_reads(kind, radius):
    """One that is a number of days was refused; the dates are those of whole microseconds, of the years 1 to 9999."""
    rows = np.empty((N, 2), object)
    rows[:, 0], rows[:, 1] = TIMES[kind], np.arange(N) % 7
    model = TabularClassifier(hidden_layer_sizes=(8,), n_estimators=2, n_epochs=60, random_state=0)
    model.fit(rows, np.arange(N) >= 200)
    some = rows[[0, 150, 190, 199, 200, 203, 330, -1]]
    answers, examples = model.certify(some, [radius, 0.0])
    assert radius < 250 or "counterexample" in answers
    for row, answer, example in zip(some, answers, examples, strict=True):
        if answer == "counterexample":
            assert differs(model, example, model.predict(row[None])[0]) and example[1] == row[1]
            if example[0] is not None:
                assert isinstance(example[0], timedelta if kind == "duration" else date)
                assert not radius < np.inf or abs(moment(example[0]) - moment(row[0])) <= timedelta(
                    days=radius
                )


def moment(value):
    """Return an entry as a value of which differences are durations."""
    if isinstance(value, timedelta):
        return value
    if type(value) is date:
        return datetime(value.year, value.month, value.day)
    return value.replace(tzinfo=None)


def test_arguments_are_checked(model):
    for radius in (-1, np.nan, [1, 2]):
        with pytest.raises(
            ValueError, match="radius must be a number that is not negative, or 4 of them"
        ):
            model.certify(X[:2], radius)
    assert model.certify(X[:1], np.inf, max_time=1e-9).answers == ["unknown"]
    with pytest.raises(ValueError, match="X has 2 features"):
        model.certify(X[:2, :2], 0.1)


def test_regressors_have_nothing_to_certify():
    assert not hasattr(cmlp.MLPRegressor(), "certify") and not hasattr(
        cmlp.TabularRegressor(), "certify"
    )


def test_classes_whose_probabilities_are_equal_after_the_division_by_their_sum_are_not_certified():
    """The mean of class 1 is the larger one, but both quotients are the same, so that class 0 is predicted."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((60, 2))
    model = model_of(
        TabularClassifier(n_estimators=1, n_epochs=1, random_state=0).fit(X, np.arange(60) % 3)
    )
    first = 0.45 + np.arange(64) * 2.0**-54
    outputs = np.stack([first, np.nextafter(first, 1), np.full(64, 0.4)], axis=1)
    quotients = mean_outputs([outputs], None, "normalized")
    outputs = outputs[quotients[:, 0] == quotients[:, 1]][:1]
    assert model.classes(mean_outputs([outputs], None, "normalized")) == 0

    class Network(NamedTuple):
        net: object

        def bounds(self, corners, scale):
            return outputs, outputs

    judge = table_judge(model)
    judge.networks = (Network(model.net),)
    assert not judge.proved(X[:1], X[:1], np.int64(1)).any()
    outputs[0, 1] *= 1 + 1e-12
    assert judge.proved(X[:1], X[:1], np.int64(1)).all()
