"""Parts of dates: what is learned of them, in every format, and what leaves them out."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from c_export import needs_gcc
from date_models import FAST, UNSEEN, X, dated, target_of
from helpers import assert_same_bits
from internals import raw_rows
from optional import package
from table_models import assert_table_agrees

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp import __main__ as cli
from cmlp.exceptions import UselessModelWarning

Y = target_of(X)


def column(times):
    return [[time] for time in times]


def parts_of(model, folder, capsys):
    """Return what `cmlp info` says about the parts of dates, or None."""
    model.save(folder / "dates.cmlp")
    cli.main(["info", str(folder / "dates.cmlp")])
    lines = [
        line for line in capsys.readouterr().out.splitlines() if line.startswith("parts of dates")
    ]
    return lines[0].removeprefix("parts of dates").strip() if lines else None


def traffic(n_days, first=datetime(2024, 1, 1)):
    """Return hours, and cars that depend on hour and weekday."""
    times = [first + timedelta(hours=i) for i in range(24 * n_days)]
    hour, is_free = np.array([t.hour for t in times]), np.array([t.weekday() > 4 for t in times])
    peaks = 60 * np.exp(-((hour - 8) ** 2) / 4) + 80 * np.exp(-((hour - 17) ** 2) / 6)
    cars = np.where(is_free, 50 * np.exp(-((hour - 14) ** 2) / 12), peaks)
    return column(times), cars + np.random.RandomState(0).standard_normal(len(cars)) * 4


@pytest.mark.parametrize("year", [1931, 2024])
def test_hours_and_weekdays_are_learned(year):
    rows, cars = traffic(60, datetime(year, 1, 1))
    train, test = slice(24 * 42), slice(24 * 42, None)  # split by time
    model = TabularRegressor(random_state=0).fit(rows[train], cars[train])
    assert model.score(rows[test], cars[test]) > 0.9
    with pytest.warns(UselessModelWarning):
        model = TabularRegressor(random_state=0, date_parts=False).fit(rows[train], cars[train])
    assert model.score(rows[test], cars[test]) < 0.1


def test_without_parts_dates_are_their_days():
    """Bit by bit, as before there were parts."""
    days = [
        [np.nan if t is None else (t - datetime(1970, 1, 1)) / timedelta(days=1), *rest]
        for t, *rest in X
    ]
    dates, numbers = dated(date_parts=False), TabularRegressor(**FAST).fit(days, Y)
    assert_same_bits(dates.predict(X), numbers.predict(days))
    assert np.abs(dated().predict(X) - numbers.predict(days)).max() > 0


DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FIRST = datetime(1999, 12, 6)  # a Monday


@pytest.mark.parametrize(
    ("times", "target", "parts"),
    [
        (
            [FIRST + i * 5 * HOUR for i in range(4000)],
            "day week year",
            "time of day, weekday, day of the year",
        ),
        ([FIRST + i * DAY for i in range(800)], "day week year", "weekday, day of the year"),
        ([FIRST + i * DAY for i in range(300)], "day week year", "weekday"),
        ([FIRST + i * 7 * DAY for i in range(300)], "day week year", "day of the year"),
        ([FIRST + i * 7 * DAY + i % 5 * HOUR for i in range(50)], "week", None),
        ([FIRST + i * 5 * HOUR for i in range(4000)], "day", "time of day"),
        ([FIRST + i * 5 * HOUR for i in range(4000)], "", None),
        ([FIRST + i * timedelta(minutes=1) for i in range(1000)], "day", None),
        ([None if i % 3 else FIRST for i in range(300)], "day week year", None),
    ],
)
def test_parts_are_those_that_repeat_and_change_the_target(tmp_path, capsys, times, target, parts):
    present = [time or FIRST for time in times]
    y = np.random.RandomState(0).standard_normal(len(times))
    if "day" in target:
        y += [10.0 * (12 <= time.hour) for time in present]
    if "week" in target:
        y += [10.0 * (time.weekday() > 4) for time in present]
    if "year" in target:
        y += [10.0 * (3 < time.month < 10) for time in present]
    model = TabularRegressor(**FAST).fit(column(times), y)
    assert parts_of(model, tmp_path, capsys) == (None if parts is None else f"0 ({parts})")


def test_durations_and_numbers_have_no_parts(tmp_path, capsys):
    for one in (timedelta(hours=1), 1 / 24):
        model = TabularRegressor(**FAST).fit(
            column([i * one for i in range(2400)]), np.arange(2400) % 24
        )
        assert parts_of(model, tmp_path, capsys) is None


def test_times_with_an_offset_are_in_utc():
    zone = timezone(timedelta(hours=5))
    naive, utc, local = (
        column([None if t is None else convert(t) for t, *_ in X])
        for convert in (
            lambda t: t,
            lambda t: t.replace(tzinfo=UTC).astimezone(zone),
            lambda t: t.replace(tzinfo=zone),
        )
    )
    expected = TabularRegressor(**FAST).fit(naive, Y).predict(naive)
    assert_same_bits(TabularRegressor(**FAST).fit(utc, Y).predict(utc), expected)
    assert (TabularRegressor(**FAST).fit(local, Y).predict(local) != expected).any()


def test_model_files_keep_parts_and_parameter(tmp_path):
    """The C library verifies the stored example when Python loads the file."""
    for date_parts in (True, False):
        model = dated(date_parts=date_parts)
        model.save(tmp_path / "a.cmlp")
        loaded = cmlp.load(tmp_path / "a.cmlp")
        assert loaded.date_parts is date_parts
        assert_same_bits(loaded.predict(UNSEEN), model.predict(UNSEEN))
        loaded.save(tmp_path / "b.cmlp")
        assert (tmp_path / "a.cmlp").read_bytes() == (tmp_path / "b.cmlp").read_bytes()


def test_date_parts_must_be_a_bool():
    with pytest.raises(ValueError, match="date_parts"):
        dated(date_parts="day")


def test_resume_needs_the_same_date_parts():
    model = dated()
    model.date_parts = False
    with pytest.raises(ValueError, match="date_parts"):
        model.fit(X, Y, resume=True)


@needs_gcc
def test_header_has_the_bits_of_python(tmp_path):
    assert_table_agrees(tmp_path, dated(), UNSEEN)


def test_onnx_runtime_agrees_with_python(tmp_path):
    runtime, model = package("onnxruntime"), dated()
    model.to_onnx(tmp_path / "dates.onnx")
    raw = raw_rows(model, UNSEEN)
    session = runtime.InferenceSession(tmp_path / "dates.onnx", providers=["CPUExecutionProvider"])
    texts = np.array([row[2:] for row in UNSEEN], object)
    feed = {"column_0": raw[:, :1], "column_1": raw[:, 1:2], "column_2": texts}
    (got,) = session.run(None, feed)
    np.testing.assert_allclose(got, model.predict(UNSEEN), rtol=0, atol=1e-5)


def test_module_of_torch_agrees_with_python():
    torch, model = package("torch"), dated()
    raw = raw_rows(model, UNSEEN)
    with torch.no_grad():
        got = model.to_torch()(torch.tensor(raw)).numpy()
    np.testing.assert_allclose(got.reshape(-1), model.predict(UNSEEN), rtol=0, atol=1e-5)


def test_reasons_have_one_value_for_a_date_and_add_up():
    model = dated(max_time=None, n_epochs=20)
    explanation = model.explain(UNSEEN[:5], X[:30])
    assert explanation.values.shape == (5, 3) and np.abs(explanation.values[:, 0]).max() > 0.5
    whole = explanation.values.sum(axis=1) + explanation.base_values
    np.testing.assert_allclose(whole, model.predict(UNSEEN[:5]), atol=1e-6)


@pytest.mark.parametrize(
    ("what", "radius", "most"),
    [
        ("hour", 0.01, 1.0),
        ("hour", 0.1, 0.9),
        ("hour", 0.5, 0.0),
        ("season", 3.0, 1.0),
        ("season", 20.0, 0.9),
        ("season", 182.6, 0.0),
        ("season", 1e6, 0.0),
    ],
)
def test_certificates_hold_for_all_dates_of_a_box(what, radius, most):
    """The parts rise and fall in it, and begin anew."""
    present = [row for row in X if row[0] is not None][:600]
    times = [row[0] for row in present]
    labels = (
        [time.hour < 12 for time in times]
        if what == "hour"
        else [4 < time.month < 11 for time in times]
    )
    options = {"hidden_layer_sizes": (8,), "n_estimators": 2, "n_epochs": 60, "random_state": 0}
    model = TabularClassifier(**options).fit(column(times), labels)
    rows = times[:40]
    answers, _ = model.certify(column(rows), radius)
    assert 0 < (answers == "certified").mean() <= most or not most
    random = np.random.RandomState(0)
    for time, answer in zip(rows, answers, strict=True):
        shares = np.append(random.uniform(-1, 1, 500), [-1, 1]) * min(radius, 7e5)
        if answer == "certified":
            assert (
                len(set(model.predict(column([time + timedelta(days=share) for share in shares]))))
                == 1
            )
