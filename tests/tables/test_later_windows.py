"""`fit(X, y, time=...)`: intervals of later rows, from networks that have learned what came before."""

import json
import pickle
import re
import struct
import warnings
from datetime import date
from functools import partial

import numpy as np
import pytest
from estimator_cases import interrupted_at
from helpers import assert_same_bits
from internals import model_of
from optional import package

import cmlp
from cmlp import TabularClassifier, TabularRegressor

QUICK = {"n_estimators": 2, "hidden_layer_sizes": (8,), "n_epochs": 3, "random_state": 0}
N = 200
RNG = np.random.RandomState(0)
DAYS = np.datetime64("2020-01-01") + np.arange(N)
SIZE = RNG.rand(N)
Y = np.cumsum(RNG.standard_normal(N)) + SIZE
X = np.array([*zip(DAYS.astype(object), SIZE, strict=True)], object)
LAST = date(2020, 7, 18)


@pytest.fixture(autouse=True)
def no_warnings_of_quick_fits():
    with warnings.catch_warnings():
        for category in (cmlp.exceptions.UselessModelWarning, cmlp.exceptions.FindingsNote):
            warnings.simplefilter("ignore", category)
        yield


def fitted(time, rows=slice(None), **more):
    return TabularRegressor(**QUICK | more).fit(X[rows], Y[rows], time=time)


def frame_of(rows=slice(None)):
    pandas = package("pandas")
    return pandas.DataFrame({"day": DAYS[rows], "size": SIZE[rows]})


def intervals(model, rows=X, coverage=0.9):
    with warnings.catch_warnings(action="ignore"):
        return model.predict_interval(rows, coverage)


def summary_of(model):
    return model_of(model).summary


# ---------------------------------------------------------------------------------------------- networks and scores


def test_predictions_have_the_bits_of_a_fit_without_time():
    without, model = fitted(None), fitted(DAYS)
    assert_same_bits(model.predict(X), without.predict(X))
    assert_same_bits(model.feature_importances_, without.feature_importances_)
    assert not np.array_equal(intervals(model), intervals(without))


def test_a_name_a_column_and_numbers_tell_the_same():
    frame = frame_of()
    named = TabularRegressor(**QUICK).fit(frame, Y, time="day")
    for time in (DAYS, list(DAYS), frame["day"], np.arange(N), np.arange(N) * 0.25 - 7):
        assert_same_bits(
            intervals(TabularRegressor(**QUICK).fit(frame, Y, time=time), frame),
            intervals(named, frame),
        )


@pytest.mark.parametrize("is_shuffled", [False, True])
def test_margin_is_the_largest_of_three_later_parts(is_shuffled):
    """What was always 0 before is predicted to be 0, because no prediction leaves the range of y.

    After 120, 140 and 160 of 200 rows come 30, 35 and 40 rows, with the errors 0; 0 and 1 to 15; 1 to 40. Of 30 scores
    number 28 counts, which is number 38 of the 40.
    """
    y = np.r_[np.zeros(160), np.arange(1.0, 41.0)]
    order = RNG.permutation(N) if is_shuffled else np.arange(N)
    X, time = SIZE[order, None], np.arange(N)[order]
    model = TabularRegressor(**QUICK, interval_width="constant").fit(X, y[order], time=time)
    np.testing.assert_allclose(intervals(model, X)[:, 1] - model.predict(X), 38, rtol=1e-12)
    assert summary_of(model).accuracy[1:3] == (
        105,
        np.r_[0, np.arange(1, 16), np.arange(1, 41)].sum() / 105,
    )


def test_where_later_rows_are_like_others_intervals_are_those_without_time():
    y = SIZE + RNG.uniform(-1, 1, N)
    without, model = fitted_to(y), fitted_to(y, time=DAYS)
    assert_same_bits(intervals(model, SIZE[:, None]), intervals(without, SIZE[:, None]))
    assert model.holds_until_ > LAST
    assert summary_of(model).accuracy.n == 105
    assert fitted_to(y, time=DAYS, interval_width="constant").holds_until_ > LAST
    y[150:] += 3  # errors of later rows are larger than 1.3 times those of others
    without, model = fitted_to(y), fitted_to(y, time=DAYS)
    wide, narrow = (np.diff(intervals(one, SIZE[:, None])).mean() for one in (model, without))
    assert wide > 1.2 * narrow


def fitted_to(y, **more):
    time, groups = more.pop("time", None), more.pop("groups", None)
    model = TabularRegressor(**QUICK | {"n_epochs": 20} | more)
    return model.fit(SIZE[:, None], y, time=time, groups=groups)


def test_with_groups_later_rows_are_of_new_groups():
    """Rows of a new group differ by its level, and later rows by 6 more: `groups` alone knows nothing of these."""
    groups = np.arange(N) % 25
    y = RNG.normal(size=25)[groups] + np.where(np.arange(N) >= 140, 6.0, 0)
    by_group = fitted_to(y, groups=groups)
    both = fitted_to(y, groups=groups, time=DAYS)
    assert_same_bits(both.predict(SIZE[:, None]), by_group.predict(SIZE[:, None]))
    narrow, wide = (np.diff(intervals(one, SIZE[:, None])).mean() for one in (by_group, both))
    assert wide > narrow
    assert model_of(both).calibration.groups.n in (12, 13)  # every second fold of 25
    with pytest.warns(UserWarning, match="needs at least 19 groups, but the model has 12"):
        both.predict_interval(SIZE[:, None], 0.95)
    assert both.holds_until_ > LAST
    stationary = RNG.normal(size=25)[groups]
    found = fitted_to(stationary, groups=groups, time=DAYS)
    assert_same_bits(
        intervals(found, SIZE[:, None]),
        intervals(fitted_to(stationary, groups=groups), SIZE[:, None]),
    )


@pytest.mark.parametrize("weight", [None, 1.0 + np.arange(N) % 3])
def test_groups_and_times_are_resumed_and_verified(weight):
    rows = {"groups": np.arange(N) % 25, "sample_weight": weight, "time": DAYS}
    whole = TabularRegressor(**QUICK | {"n_epochs": 60}, provenance=True).fit(X, Y, **rows)
    assert cmlp.verify(whole, X, Y, **rows).identical
    with warnings.catch_warnings(action="ignore"):
        model = TabularRegressor(**QUICK | {"n_epochs": 60}, max_time=1e-9).fit(X, Y, **rows)
    model.set_params(max_time=None).fit(X, Y, **rows, resume=True)
    assert_same_bits(intervals(model), intervals(whole))


def test_rows_of_one_time_are_never_divided():
    """Rows of one time differ by the group effect alone, which a network that knew others of the time would know."""
    times = np.repeat(np.arange(8), 25)
    model = TabularRegressor(**QUICK).fit(SIZE[:, None], Y, time=times)
    # 120, 140 and 160 of 200 rows are in the times 4, 5 and 6: before these, 100, 125 and 150 rows come, and after the
    # latter, 1.25 times as many rows end in the times 4, 6 and 7, that is 1, 2 and 2 times ahead.
    assert model.holds_until_ == 7 + 2


def test_what_came_before_is_learned_anew():
    """A category that only later rows have is unknown to the networks of the windows, and no error."""
    kinds = np.where(np.arange(N) < 160, "old", "new").astype(object)
    X = np.array([*zip(kinds, SIZE, strict=True)], object)
    y = np.where(kinds == "new", 100.0, 0) + SIZE
    model = TabularRegressor(**QUICK | {"n_epochs": 40}).fit(X, y, time=DAYS)
    low, high = intervals(model, X[-1:])[0]
    assert (
        high - low > 100
    )  # a network that knew the category, or the range of y, would miss by less
    gaps = np.where(np.arange(N) < 170, None, SIZE.astype(object))  # a column without values before
    X = np.array([*zip(gaps, SIZE, strict=True)], object)
    assert TabularRegressor(**QUICK).fit(X, y, time=DAYS).holds_until_ > LAST


def test_rows_of_weight_0_are_left_out():
    weight = np.r_[np.ones(150), np.zeros(50)]
    model = TabularRegressor(**QUICK).fit(X, Y, weight, time=DAYS)
    assert_same_bits(intervals(model), intervals(fitted(DAYS[:150], slice(150))))
    assert model.holds_until_ == fitted(DAYS[:150], slice(150)).holds_until_


def test_weights_count():
    weight = np.where(np.arange(N) % 2, 1.0, 3.0)
    found = TabularRegressor(**QUICK).fit(X, Y, weight, time=DAYS)
    assert not np.array_equal(intervals(found), intervals(fitted(DAYS)))
    with pytest.warns(UserWarning, match="but the model has 24"):  # of 30 rows with weights 1 and 3
        found.predict_interval(X, 0.99)


def test_errors_on_later_rows_are_weighted():
    """The networks predict 0 for the rows of `test_margin_is_the_largest_of_three_later_parts`."""
    y, weight = np.r_[np.zeros(160), np.arange(1.0, 41.0)], 1.0 + np.arange(N) % 3
    model = TabularRegressor(**QUICK).fit(SIZE[:, None], y, weight, time=np.arange(N))
    rows = np.r_[120:150, 140:175, 160:200]
    assert summary_of(model).accuracy[2] == pytest.approx(np.average(y[rows], weights=weight[rows]))


def test_networks_for_later_rows_depend_on_random_state():
    constant = {"interval_width": "constant"}
    margins = [
        np.ptp(intervals(fitted(DAYS, **constant, random_state=seed))[0]) for seed in (0, 0, 1)
    ]
    assert margins[0] == margins[1] != margins[2]


def test_too_few_scores_give_infinite_intervals():
    model = fitted(DAYS)
    with pytest.warns(UserWarning, match="needs at least 99 scores, but the model has 30"):
        assert np.isinf(model.predict_interval(X, 0.99)).all()


def test_intervals_end_at_a_frequent_target():
    y = np.maximum(Y - np.median(Y), 0)
    model = TabularRegressor(**QUICK).fit(X, y, time=DAYS)
    assert intervals(model).min() == 0


# ---------------------------------------------------------------------------------------------- what it says


def test_holds_until_is_as_far_ahead_as_the_middle_part():
    # The later parts end 30, 35 and 40 days after the rows before.
    frame = frame_of()
    model = TabularRegressor(**QUICK).fit(frame, Y, time="day")
    assert model.holds_until_ == date(2020, 8, 22)
    assert fitted(np.arange(N) * 2.0).holds_until_ == 398 + 70
    zone = frame["day"].dt.tz_localize("UTC")
    assert fitted(zone).holds_until_.isoformat() == "2020-08-22T00:00:00+00:00"
    with pytest.raises(AttributeError, match="has no holds_until_"):
        fitted(None).holds_until_  # noqa: B018


def test_a_warning_names_rows_that_are_later_than_that():
    model = TabularRegressor(**QUICK).fit(frame_of(), Y, time="day")
    pandas = package("pandas")
    later = pandas.DataFrame({"day": [np.datetime64("2020-08-22")], "size": [0.5]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict_interval(later)
    later["day"] += pandas.Timedelta(days=1)
    with pytest.warns(UserWarning) as caught:
        model.predict_interval(later)
    (warning,) = caught
    assert "column 'day': 1 of 1 rows are later than 2020-08-22, the latest 2020-08-23" in str(
        warning.message
    )
    with pytest.warns(UserWarning, match="column 'size': 1 of 1 rows are outside"):
        model.predict_interval(later.assign(size=9.0, day=DAYS[0]))
    with pytest.warns(UserWarning, match=r"column 'day': 1 of 1 rows are outside .* by up to 366"):
        model.predict_interval(later.assign(day=DAYS[0] - 366))


def test_info_and_page_say_it(tmp_path, capsys):
    from cmlp.__main__ import main

    model = TabularRegressor(**QUICK).fit(frame_of(), Y, time="day")
    sentence = (
        "Intervals hold for rows up to 2020-08-22, 35 days after the last row: so far ahead were later parts of the "
        "training rows predicted from what came before, without a guarantee"
    )
    path = tmp_path / "m.cmlp"
    model.save(path)
    assert main(["info", str(path)]) == 0
    told = capsys.readouterr().out
    assert sentence in told and "on 105 rows that are later than those of their networks" in told
    model.to_html(tmp_path / "m.html")
    page = (tmp_path / "m.html").read_text("utf-8")
    assert '"about.later",{"until":"2020-08-22"}' in page and '"fact.off_later"' in page
    fitted(DAYS).save(path)
    assert main(["info", str(path)]) == 0
    assert "Intervals hold for rows of the next 35 days" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("unit", "key", "horizon"),
    [("D", "days", 35.0), ("s", "days", 35 / 86400), (None, "numbers", 35e-6)],
)
def test_pages_have_the_significant_digits_of_a_short_horizon(unit, key, horizon, tmp_path):
    time = np.arange(N)
    time = time * 1e-6 if unit is None else np.datetime64("2020-01-01") + time.astype(f"m8[{unit}]")
    fitted(time).to_html(tmp_path / "m.html")
    page = (tmp_path / "m.html").read_text("utf-8")
    found = re.search(rf'"about.later_{key}",{{"n":{{"number":([^,]*),"unit":""}}}}', page)
    assert float(found[1]) == pytest.approx(horizon, rel=1e-6)


def json_of(path):
    """Return the summary that a file of a model has."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["summary"])


def test_file_and_pickle_keep_it(tmp_path):
    model = TabularRegressor(**QUICK).fit(frame_of(), Y, time="day")
    path = tmp_path / "m.cmlp"
    model.save(path)
    assert json_of(path)["later"] == ["day", "date", 18461.0, 35.0]
    for copy in (cmlp.load(path), pickle.loads(pickle.dumps(model))):
        assert copy.holds_until_ == model.holds_until_
        assert_same_bits(intervals(copy, frame_of()), intervals(model, frame_of()))
    fitted(None).save(path)
    assert "later" not in json_of(path)


def test_calibrate_ends_it(tmp_path):
    model = fitted(DAYS).calibrate(X[:50], Y[:50])
    model.save(tmp_path / "m.cmlp")
    assert not hasattr(model, "holds_until_") and "later" not in json_of(tmp_path / "m.cmlp")


def test_report_names_time_as_the_remedy():
    report = TabularRegressor(**QUICK).fit(frame_of(), Y).report_
    assert [one.remedy for one in report if one.code == "time"] == ['fit(X, y, time="day")']
    (found,) = [one for one in cmlp.examine(frame_of(), Y) if one.code == "time"]
    assert found.remedy == 'fit(X, y, time="day")'
    report = TabularRegressor(**QUICK).fit(frame_of(), Y, time="day").report_
    assert not [one for one in report if one.code == "time"]


# ---------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("time", "more", "message"),
    [
        (DAYS[:99], {}, "time must have a value for each of the 200 rows, got 99 values"),
        (DAYS[:, None], {}, r"must have one value per row, got an array of shape \(200, 1\)\.$"),
        (np.arange(N) % 4, {}, "at least 5 different times, got 4: 0, 1, 2, 3"),
        (np.where(np.arange(N) == 7, np.nan, 1.0), {}, "not be missing, got nan in row 7"),
        (np.where(DAYS == DAYS[3], np.datetime64("NaT"), DAYS), {}, "not be missing.*row 3"),
        (["a"] * N, {}, "time must have dates or numbers, got text"),
        ("day", {}, "got 'day': X has no names of columns"),
        (7, {}, "the name of a column of X, or a value for each row, got 7"),
        (np.r_[np.arange(10), np.full(190, 10)], {}, "190 of 200 rows have the time '10'"),
        (DAYS, {"groups": np.arange(N) % 12}, "later rows of at least 9 groups .* got 6 groups"),
        (DAYS, {"X_val": X, "y_val": Y}, "time and X_val exclude each other"),
    ],
)
def test_times_that_cannot_be_used_are_refused(time, more, message):
    with pytest.raises(ValueError, match=message):
        TabularRegressor(**QUICK).fit(X, Y, time=time, **more)


def test_time_zones_must_be_the_same():
    pandas = package("pandas")
    mixed = [pandas.Timestamp(one, tz="UTC" if i % 2 else None) for i, one in enumerate(DAYS)]
    with pytest.raises(ValueError, match="time must have entries of one kind"):
        fitted(mixed)


def test_columns_that_are_no_times_are_refused():
    frame = frame_of()
    frame["kind"] = RNG.choice(["a", "b"], N)
    model = TabularRegressor(**QUICK)
    with pytest.raises(ValueError, match="got column 'kind', which has categories"):
        model.fit(frame, Y, time="kind")
    with pytest.raises(ValueError, match="got 'date': X has no such column"):
        model.fit(frame, Y, time="date")


def test_fits_that_cannot_measure_later_rows_are_refused():
    with pytest.raises(ValueError, match=r"at least 80 rows, .* got 79"):
        fitted(DAYS[:79], slice(79))
    fitted(DAYS[:80], slice(80))
    with pytest.raises(ValueError, match="early_stopping=False holds out no rows: leave out time"):
        fitted(DAYS, early_stopping=False)
    with pytest.raises(ValueError, match="quantile must be one number with time"):
        fitted(DAYS, loss="quantile", quantile=[0.1, 0.9])
    with pytest.raises(ValueError, match="time needs one target, got y with 2 columns"):
        TabularRegressor(**QUICK).fit(X, np.stack([Y, Y], 1), time=DAYS)
    with pytest.raises(ValueError, match="time is for TabularRegressor"):
        TabularClassifier(**QUICK).fit(X, Y > 0, time=DAYS)
    warm = TabularRegressor(**QUICK, warm_start=True).fit(X, Y)
    with pytest.raises(ValueError, match="time needs a new model, and warm_start=True"):
        warm.fit(X, Y, time=DAYS)


@pytest.mark.parametrize("call", ["MLPRegressor.fit", "calibrate", "fit_many", "score"])
def test_other_calls_refuse_time_by_name(call):
    calls = {
        "MLPRegressor.fit": lambda: cmlp.MLPRegressor().fit(SIZE[:, None], Y, time=DAYS),
        "calibrate": lambda: fitted(None).calibrate(X, Y, time=DAYS),
        "score": lambda: fitted(None).score(X, Y, time=DAYS),
        "fit_many": lambda: cmlp.fit_many(cmlp.MLPRegressor(), X, Y, time=DAYS),
    }
    with pytest.raises(TypeError, match="time"):
        calls[call]()


# ---------------------------------------------------------------------------------------------- interrupted fits


class InterruptsInALaterPart:
    """A replacement of sys.stdout that raises KeyboardInterrupt when a network for later rows is complete."""

    def write(self, text):
        if "Later part" in text:
            raise KeyboardInterrupt

    def flush(self):
        pass


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_integers_that_doubles_round_are_different_times(dtype):
    """Nanoseconds since 1970 have doubles that are 256 apart."""
    steps = RNG.permutation(N).astype(dtype)
    times = np.array(1_790_000_000_000_000_000, dtype) + steps
    assert len(np.unique(times.astype(float))) < 5
    assert_same_bits(intervals(fitted(times)), intervals(fitted(steps)))
    pandas = package("pandas")
    rows = pandas.DataFrame({"size": SIZE, "t": times})
    model = TabularRegressor(**QUICK).fit(rows, Y, time="t")
    assert summary_of(model).later.horizon == summary_of(fitted(steps)).later.horizon
    few = np.where(steps < 20, times.min(), times.max())
    with pytest.raises(ValueError, match=r"got 2: 1790000000000000000, 1790000000000000199\.$"):
        fitted(few)


def test_ctrl_c_in_a_later_part_keeps_the_networks(monkeypatch):
    model = TabularRegressor(**QUICK, verbose=True, provenance=True)
    with monkeypatch.context() as patch, pytest.warns(UserWarning) as caught:
        patch.setattr("sys.stdout", InterruptsInALaterPart())
        with pytest.raises(KeyboardInterrupt):
            model.fit(X, Y, time=DAYS)
    assert any("intervals are those without time" in str(one.message) for one in caught)
    assert_same_bits(intervals(model), intervals(fitted(None)))
    assert not hasattr(model, "holds_until_")
    assert cmlp.verify(model, X, Y, time=DAYS).identical
    model.verbose = False
    for time in (None, DAYS[::-1]):
        with pytest.raises(
            ValueError, match=r"a fit on other data\. Pass the same .* groups, time "
        ):
            model.fit(X, Y, time=time, resume=True)
    model.fit(X, Y, time=DAYS, resume=True)
    assert_same_bits(intervals(model), intervals(fitted(DAYS)))
    assert cmlp.verify(model, X, Y, time=DAYS).identical


@pytest.mark.parametrize("function", ["_judge", "store"])
def test_ctrl_c_after_training_keeps_the_networks_of_later_rows(function):
    """While the model is judged, or stored."""
    whole = fitted(DAYS, provenance=True)
    model = TabularRegressor(**QUICK, provenance=True)
    fit = partial(model.fit, X, Y, time=DAYS)
    assert interrupted_at(1, fit, f"cmlp._fit.fit:{function}")
    assert_same_bits(intervals(model), intervals(whole))
    assert model.holds_until_ == whole.holds_until_
    assert cmlp.verify(model, X, Y, time=DAYS).identical


def test_max_time_leaves_time_for_later_parts_and_can_be_resumed():
    more = {"max_time": 1e-9, "provenance": True, "n_epochs": 400}
    with pytest.warns(UserWarning, match="max_time was over"):
        model = fitted(DAYS, **more)
    assert model.holds_until_ == date.fromordinal(LAST.toordinal() + 35)
    assert cmlp.verify(model, X, Y, time=DAYS).identical
    whole = {"n_epochs": 60}
    with warnings.catch_warnings(action="ignore"):
        model = fitted(DAYS, **whole, max_time=1e-9)
    model.set_params(max_time=None).fit(X, Y, time=DAYS, resume=True)
    assert_same_bits(intervals(model), intervals(fitted(DAYS, **whole)))


def test_verify_needs_the_time():
    frame = frame_of()
    model = TabularRegressor(**QUICK, provenance=True).fit(frame, Y, time="day")
    assert cmlp.verify(model, frame, Y, time="day").identical
    assert cmlp.verify(model, frame, Y, time=DAYS).identical
    answer = cmlp.verify(model, frame, Y)
    assert (answer.reason, answer.different) == ("data", ("time",))
    answer = cmlp.verify(model, frame, Y, time=DAYS[::-1])
    assert (answer.reason, answer.different) == ("data", ("time",))


# ---------------------------------------------------------------------------------------------- tools


def test_scikit_learn_routes_time():
    sklearn = package("sklearn")
    package("sklearn.model_selection")
    import cmlp.sklearn

    frame = frame_of()
    with sklearn.config_context(enable_metadata_routing=True):
        model = cmlp.sklearn.TabularRegressor(**QUICK).set_fit_request(time=True)
        for time in ("day", DAYS):
            found = sklearn.model_selection.cross_validate(
                model,
                frame,
                Y,
                params={"time": time},
                cv=sklearn.model_selection.KFold(2),
                return_estimator=True,
            )
            ends = [one.holds_until_ for one in found["estimator"]]
            assert ends[1] < ends[0] or ends[0] < ends[1]


def test_the_command_trains_for_later_rows(tmp_path, capsys):
    from cmlp.__main__ import main

    data, model = tmp_path / "a.csv", str(tmp_path / "m.cmlp")
    order = RNG.permutation(N)
    lines = [
        f"{day},{size},{y}" for day, size, y in zip(DAYS[order], SIZE[order], Y[order], strict=True)
    ]
    data.write_text("\n".join(["day,size,y", *lines]))
    quick = [
        "--n-epochs",
        "3",
        "--n-estimators",
        "2",
        "--hidden-layer-sizes",
        "8",
        "--random-state",
        "0",
    ]
    train = ["train", str(data), "--target", "y", "-o", model, "--provenance", *quick]
    assert main([*train, "--time", "day"]) == 0
    told = capsys.readouterr().out
    assert "up to 2020-08-22, 35 days after the last row" in told
    assert "its intervals come from its own later rows" in told
    assert cmlp.load(model).holds_until_ == date(2020, 8, 22)
    assert main(["verify", model, str(data)]) == 0
    capsys.readouterr()
    assert main([*train, "--holdout", "last"]) == 0
    assert "Intervals hold for the next 35 rows" in capsys.readouterr().out
    assert main(["verify", model, str(data)]) == 0
    assert main([*train, "--time", "day", "--no-refit"]) == 0
    assert "Intervals hold for rows up to 2020-07-23" in capsys.readouterr().out
    # The 25 last rows by the column are held out, wherever they are in the file.
    assert cmlp.load(model).holds_until_ == date(2020, 7, 23)
    capsys.readouterr()
    assert main([*train, "--time", "day", "--holdout", "none"]) == 0
    assert "Intervals hold for rows up to 2020-08-22" in capsys.readouterr().out
    assert main([*train, "--time", "day", "--drop", "day"]) == 1
    assert main([*train, "--time", "day", "--groups", "size"]) == 1
