"""Groups of rows in the estimators for tables: whole groups are held out, and intervals cover rows of new groups."""

import pickle
import warnings

import numpy as np
import pytest
from helpers import assert_same_bits
from internals import fitted_of, model_of
from optional import package

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp.exceptions import GroupColumnWarning

QUICK = {"hidden_layer_sizes": (16,), "n_epochs": 12, "random_state": 0}
COVERAGE = 0.9

# New groups are where no group of the training was.
pytestmark = pytest.mark.filterwarnings("ignore:.*outside the range of the training rows")


def panel(n_groups=60, n_rows=8, seed=0):
    """Return rows of groups with a level of their own that three constant columns identify, targets, and groups."""
    rng = np.random.RandomState(seed)
    group = np.repeat(np.arange(n_groups), n_rows)
    traits = rng.standard_normal((n_groups, 3))
    level = rng.standard_normal(n_groups)
    x = rng.standard_normal((len(group), 2))
    y = 2 * level[group] + traits[group, 0] + x[:, 0] + 0.3 * rng.standard_normal(len(group))
    return np.concatenate([traits[group], x], axis=1), y, group


def classes_of(y):
    return np.array(["low", "middle", "high"])[np.digitize(y, [-0.7, 0.7])]


X, Y, GROUP = panel()
LABELS = classes_of(Y)
SEEN, NEW = GROUP < 40, GROUP >= 40


def covered(intervals, y):
    return (intervals[:, 0] <= y) & (y <= intervals[:, 1])


def held_out_of(model):
    """Return the number of the groups, and the scores, of the calibration."""
    calibration = model_of(model).calibration
    return calibration.groups, calibration.scores


# ------------------------------------------------------------------------------------------------------- coverage


def test_intervals_cover_rows_of_new_groups_and_without_groups_they_do_not():
    found = {True: [], False: []}
    for seed in range(4):
        rows, y, group = panel(seed=seed)
        for has_groups in found:
            model = TabularRegressor(**QUICK | {"n_epochs": 30, "hidden_layer_sizes": (64,)})
            kept = {"groups": group[SEEN]} if has_groups else {}
            model.fit(rows[SEEN], y[SEEN], **kept)
            found[has_groups].append(
                covered(model.predict_interval(rows[NEW], COVERAGE), y[NEW]).mean()
            )
    assert np.mean(found[False]) < 0.7
    assert 0.85 < np.mean(found[True]) < 0.98


@pytest.mark.parametrize("kind", ["numbers", "classes"])
def test_coverage_after_calibrate_is_that_of_a_row_of_a_new_group(kind):
    """Over many draws of 24 groups of very different sizes; rows that counted alike would cover far less."""
    rng = np.random.RandomState(1)
    fit_rows = rng.standard_normal((300, 1))
    if kind == "numbers":
        model = TabularRegressor(**QUICK, interval_width="constant", n_estimators=2)
        model.fit(fit_rows, fit_rows[:, 0])
    else:
        model = TabularClassifier(**QUICK, n_estimators=2).fit(fit_rows, fit_rows[:, 0] > 0)

    def draw(n_groups):
        sizes = np.where(rng.random_sample(n_groups) < 0.2, 200, 3)
        # Large groups have small errors.
        spread = np.where(sizes == 200, 0.05, 1.0) * (1 + rng.random_sample(n_groups))
        group = np.repeat(np.arange(n_groups), sizes)
        x = rng.standard_normal((len(group), 1))
        noise = spread[group] * rng.standard_normal(len(group))
        y = x[:, 0] + noise
        return x, y if kind == "numbers" else y > 0, group

    found = {True: [], False: []}
    for _ in range(40):
        rows, y, group = draw(24)
        new_rows, new_y, new_group = draw(300)
        one = np.unique(new_group, return_index=True)[1]  # a row of each new group
        for has_groups in found:
            model.calibrate(rows, y, groups=group if has_groups else None)
            if kind == "numbers":
                right = covered(model.predict_interval(new_rows[one], COVERAGE), new_y[one])
            else:
                sets = model.predict_set(new_rows[one], COVERAGE)
                right = sets[np.arange(len(one)), new_y[one].astype(int)]
            found[has_groups].append(right.mean())
    if kind == "numbers":
        assert np.mean(found[False]) < 0.5
        assert 0.88 < np.mean(found[True]) < 0.94
    else:
        assert np.mean(found[True]) > 0.88


def test_groups_of_one_row_are_as_no_groups():
    """Bit by bit, also in the scores that are kept."""
    one, other = (TabularRegressor(**QUICK).fit(X[SEEN], Y[SEEN]) for _ in range(2))
    one.calibrate(X[NEW], Y[NEW])
    other.calibrate(X[NEW], Y[NEW], groups=np.arange(NEW.sum()))
    assert_same_bits(model_of(one).calibration.scores, model_of(other).calibration.scores)
    assert_same_bits(one.predict_interval(X[NEW]), other.predict_interval(X[NEW]))
    assert model_of(one).summary.accuracy == model_of(other).summary.accuracy


def test_margin_is_the_score_at_the_weight_of_one_more_group():
    """The smallest score s such that groups of weight 1 have at least ``coverage * (n + 1)`` of it up to s."""
    model = TabularRegressor(**QUICK, interval_width="constant", n_estimators=1)
    model.fit(X[SEEN], Y[SEEN])
    model.calibrate(X[NEW], Y[NEW], groups=GROUP[NEW])
    errors = np.abs(model.predict(X[NEW]) - Y[NEW])
    order = np.argsort(errors)
    weight = np.cumsum(1 / np.bincount(GROUP)[GROUP[NEW]][order])
    for coverage in (0.5, 0.8, 0.9, 0.95):
        expected = errors[order][np.searchsorted(weight, coverage * 21 - 1e-9)]
        low, high = model.predict_interval(X[:1], coverage)[0]
        reached = np.searchsorted(errors[order], (high - low) / 2 - 1e-9)
        # The file keeps as many ranks for each group as it has rows, or one more.
        assert expected <= (high - low) / 2 + 1e-9
        assert weight[reached] - coverage * 21 < 1 / 8 + 1 / 8


@pytest.mark.parametrize("sample_weight", [None, "weights"])
def test_repeated_rows_of_a_group_change_no_interval(sample_weight):
    """Each group counts as one, whatever its number of rows; weights divide it among its rows."""
    model = TabularRegressor(**QUICK, interval_width="constant").fit(X[SEEN], Y[SEEN])
    rows, y, group = X[NEW], Y[NEW], GROUP[NEW]
    is_first = group == group[0]
    if sample_weight is None:
        again = np.concatenate([np.arange(len(y)), np.flatnonzero(is_first)])
        other = {"groups": group[again]}
    else:
        again = np.arange(len(y))
        other = {"groups": group, "sample_weight": np.where(is_first, 7.0, 1.0)}
    model.calibrate(rows, y, groups=group)
    before = model.predict_interval(X[:5], 0.8)
    model.calibrate(rows[again], y[again], **other)
    assert model.predict_interval(X[:5], 0.8) == pytest.approx(before, rel=0.02)


# ---------------------------------------------------------------------------------------------- what is held out


@pytest.mark.parametrize("n_estimators, n_folds", [(1, 4), (4, 4), (5, 5), (8, 8), (12, 8)])
def test_each_network_holds_out_whole_groups(n_estimators, n_folds):
    model = TabularRegressor(**QUICK | {"n_epochs": 2}, n_estimators=n_estimators, max_time=1e-9)
    with warnings.catch_warnings(action="ignore"):
        model.fit(X[SEEN], Y[SEEN], groups=GROUP[SEEN])
    held = [state.held_out_index for state in fitted_of(model).states]
    folds = [frozenset(GROUP[SEEN][rows]) for rows in held]
    assert len({*folds}) == min(n_estimators, n_folds)
    for k, rows in enumerate(held):
        assert len(rows) == 8 * len(folds[k])
        assert folds[k] == folds[k % n_folds]
        assert abs(len(folds[k]) - 40 / n_folds) < 1
    if n_estimators >= n_folds:
        assert frozenset.union(*folds) == {*range(40)}
    assert held_out_of(model)[0].n == len(frozenset.union(*folds))


@pytest.mark.parametrize("kind, y", [(TabularRegressor, Y), (TabularClassifier, LABELS)])
def test_names_of_groups_change_no_bit(kind, y):
    """Texts, numbers, tuples, and columns of pandas."""
    pandas = package("pandas")
    names = [f"person {997 * one % 1009}" for one in GROUP[SEEN].tolist()]
    forms = [
        GROUP[SEEN],
        names,
        np.array(names),
        [(one % 7, one // 7) for one in GROUP[SEEN].tolist()],
        pandas.Series(names, name="person"),
        pandas.Series(names, dtype="category"),
    ]
    models = [kind(**QUICK).fit(X[SEEN], y[SEEN], groups=form) for form in forms]
    first = models[0]
    for model in models[1:]:
        for one, other in zip(first.estimators_, model.estimators_, strict=True):
            assert_same_bits(one.params, other.params)
        assert_same_bits(held_out_of(first)[1], held_out_of(model)[1])
    assert [held_out_of(model)[0].column for model in models] == [None] * 4 + ["person", None]


def test_other_groups_give_another_model():
    one, other = (
        TabularRegressor(**QUICK).fit(X[SEEN], Y[SEEN], groups=groups).predict(X[:3])
        for groups in (GROUP[SEEN], GROUP[SEEN] // 2)
    )
    assert (one != other).any()


def test_rows_of_weight_zero_are_no_part_of_groups():
    weight = np.where(GROUP[SEEN] == 3, 0.0, 1.0)
    model = TabularRegressor(**QUICK).fit(X[SEEN], Y[SEEN], weight, groups=GROUP[SEEN])
    kept = weight > 0
    without = TabularRegressor(**QUICK).fit(X[SEEN][kept], Y[SEEN][kept], groups=GROUP[SEEN][kept])
    assert held_out_of(model)[0].n == 39
    assert_same_bits(model.predict(X), without.predict(X))
    assert_same_bits(model.predict_interval(X), without.predict_interval(X))


# ------------------------------------------------------------------------------------------------ too few groups


def test_too_few_groups_give_infinite_intervals_with_a_warning():
    few = GROUP < 8
    model = TabularRegressor(**QUICK).fit(X[few], Y[few], groups=GROUP[few])
    with pytest.warns(UserWarning, match="needs at least 9 groups, but the model has 8: intervals"):
        assert np.isinf(model.predict_interval(X[:2], 0.9)).all()
    with warnings.catch_warnings(action="error"):
        assert np.isfinite(model.predict_interval(X[:2], 0.8)).all()


def test_nine_groups_suffice():
    few = GROUP < 9
    model = TabularRegressor(**QUICK).fit(X[few], Y[few], groups=GROUP[few])
    with warnings.catch_warnings(action="error"):
        assert np.isfinite(model.predict_interval(X[:2], 0.9)).all()


def test_too_few_groups_give_sets_of_all_classes():
    model = TabularClassifier(**QUICK).fit(X[SEEN], LABELS[SEEN])
    model.calibrate(X[:40], LABELS[:40], groups=GROUP[:40])
    with pytest.warns(UserWarning, match="needs at least 9 groups, but the model has 5: sets have"):
        assert model.predict_set(X[:2], 0.9).all()


# -------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "groups, message",
    [
        (GROUP[SEEN][1:], "groups must have a value for each of the 320 rows, got 319 values"),
        ("person", "groups must have a value for each row, got 'person'"),
        (7, "groups must have a value for each row, got 7"),
        (GROUP[SEEN, None], "groups must have one value per row, got an array of shape"),
        ([None, *GROUP[SEEN][1:].tolist()], "groups must not be missing, got None in row 0"),
        ([*GROUP[SEEN][1:].tolist(), np.nan], "groups must not be missing, got nan in row 319"),
        (
            [("a", 1)] * (SEEN.sum() - 1) + [("a", np.nan)],
            r"groups must not be missing, got \('a', nan\) in row 319",
        ),
        ([[1]] * 320, r"groups must have hashable values, got \[1\] in row 0"),
        (np.zeros(320), "groups must have at least 2 groups, .* got 1 group: 0.0"),
    ],
)
def test_groups_are_refused_by_name(groups, message):
    model = TabularRegressor(**QUICK)
    with pytest.raises(ValueError, match=message):
        model.fit(X[SEEN], Y[SEEN], groups=groups)
    assert not hasattr(model, "estimators_")


def test_missing_values_of_pandas_are_refused_with_their_row():
    pandas = package("pandas")
    series = pandas.Series(GROUP[SEEN], dtype="Int64")
    series[5] = pandas.NA
    with pytest.raises(ValueError, match=r"groups must not be missing, got .* in row 5"):
        TabularRegressor(**QUICK).fit(X[SEEN], Y[SEEN], groups=series)


def test_a_class_of_one_group_is_refused_by_name():
    labels = np.where(GROUP[SEEN] == 5, "rare", LABELS[SEEN])
    with pytest.raises(ValueError, match="got class 'rare' in 5 only"):
        TabularClassifier(**QUICK).fit(X[SEEN], labels, groups=GROUP[SEEN])


def test_groups_without_a_use_are_refused():
    rows = X[SEEN], Y[SEEN]
    model = TabularRegressor(**QUICK, early_stopping=False)
    with pytest.raises(ValueError, match="early_stopping=False holds out no rows: leave out group"):
        model.fit(*rows, groups=GROUP[SEEN])
    model = TabularRegressor(**QUICK)
    with pytest.raises(ValueError, match="groups_val must be passed with X_val and y_val"):
        model.fit(*rows, groups_val=GROUP[SEEN])
    with pytest.raises(ValueError, match="groups_val must be passed with groups and X_val"):
        model.fit(*rows, groups=GROUP[SEEN], X_val=X[NEW], y_val=Y[NEW])


def test_groups_of_calibrate_are_refused_by_name():
    model = TabularClassifier(**QUICK).fit(X[SEEN], LABELS[SEEN])
    for call in (model.calibrate, lambda *rows, **more: model.calibrate(*rows, **more)):
        with pytest.raises(ValueError, match="groups must have a value for each of the 160 rows"):
            call(X[NEW], LABELS[NEW], groups=[1, 2])
    with pytest.raises(ValueError, match="X is missing: y, sample_weight and groups"):
        model.calibrate(groups=GROUP[NEW], probabilities=True)
    with pytest.raises(ValueError, match="needs at least 4 groups"):
        model.calibrate(X[NEW], LABELS[NEW], groups=GROUP[NEW] % 3, probabilities=True)


# ------------------------------------------------------------------------------------- own validation rows, weights


def test_groups_of_own_validation_rows_serve_the_calibration_alone():
    rows = X[SEEN], Y[SEEN]
    own = {"X_val": X[NEW], "y_val": Y[NEW]}
    plain = TabularRegressor(**QUICK).fit(*rows, **own)
    grouped = TabularRegressor(**QUICK).fit(*rows, **own, groups_val=GROUP[NEW])
    both = TabularRegressor(**QUICK).fit(*rows, **own, groups=GROUP[SEEN], groups_val=GROUP[NEW])
    assert_same_bits(plain.predict(X), grouped.predict(X))
    assert_same_bits(grouped.predict_interval(X), both.predict_interval(X))
    assert held_out_of(grouped)[0].n == 20
    assert held_out_of(plain)[0] is None


def test_a_group_of_training_and_validation_rows_is_refused():
    with pytest.raises(ValueError, match=r"groups_val must be other groups .* got 1 in both"):
        TabularRegressor(**QUICK).fit(
            X[SEEN],
            Y[SEEN],
            groups=GROUP[SEEN],
            X_val=X[NEW],
            y_val=Y[NEW],
            groups_val=np.where(GROUP[NEW] == 41, 1, GROUP[NEW]),
        )


# ---------------------------------------------------------------------------------------- thresholds, probabilities


def test_threshold_counts_each_group_as_one():
    """All rows of one large group are positive and have small probabilities."""
    rng = np.random.RandomState(0)
    rows = rng.standard_normal((400, 1))
    y = rng.random_sample(400) < 1 / (1 + np.exp(-3 * rows[:, 0]))
    model = TabularClassifier(**QUICK).fit(rows, y)
    rows = np.concatenate([rows[:60], np.full((300, 1), -2.0)])
    truth = np.concatenate([y[:60], np.full(300, True)])
    group = np.minimum(np.arange(360), 60)
    by_rows = model.choose_threshold(rows, truth, recall=0.8).threshold_
    by_groups = model.choose_threshold(rows, truth, groups=group, recall=0.8).threshold_
    assert by_rows < 0.1 < by_groups


def test_probabilities_of_groups_are_calibrated_with_whole_groups():
    model = TabularClassifier(**QUICK).fit(X[SEEN], LABELS[SEEN], groups=GROUP[SEEN])
    with warnings.catch_warnings(action="ignore"):
        model.calibrate(X[NEW], LABELS[NEW], groups=GROUP[NEW], probabilities=True)
        assert held_out_of(model)[0].n == 5
        model.calibrate(probabilities=True)
    assert held_out_of(model)[0].n == 40
    assert 0 < model.predict_proba(X).min()


def test_one_set_of_held_out_rows_is_split_by_group():
    model = TabularClassifier(**QUICK, n_estimators=1)
    model.fit(X[SEEN], LABELS[SEEN], groups=GROUP[SEEN])
    parts = fitted_of(model).held_out.parts
    assert [part.weight.sum() for part in parts] == pytest.approx([5, 5])


# ------------------------------------------------------------------------ the note where groups are missing


def with_ids(ids, **more):
    """Return the rows as a frame with a column of ids."""
    pandas = package("pandas")
    frame = pandas.DataFrame(X, columns=list("abcxz"))
    return frame.assign(person=ids, **more)


def found_in(frame, parameters=None, y=Y, **more):
    """Return what a fit reports of repeated measurements."""
    model = TabularRegressor(**QUICK | {"n_epochs": 1, "n_estimators": 1} | (parameters or {}))
    report = model.fit(frame, y, **more).report_
    return [one for one in report if one.code == "groups"]


@pytest.mark.parametrize(
    "ids",
    [GROUP + 1000, [f"p{one}" for one in GROUP], [f"p{one}" if one else None for one in GROUP]],
    ids=["numbers", "texts", "one missing"],
)
def test_repeated_measurements_are_found(ids):
    (finding,) = found_in(with_ids(ids))
    assert finding.columns == ("person",) and finding.weight is None and finding.mark == "!!"
    assert finding.evidence == "a, b, c constant for each of its 60 values"
    assert finding.remedy == "fit(X.drop(columns=['person']), y, groups=X['person'])"


TIMES = np.datetime64("2024-01-01T00", "h") + 8 * GROUP


@pytest.mark.parametrize(
    "times, more",
    [
        (TIMES, {}),
        (TIMES.astype("datetime64[D]"), {}),
        (
            [str(one.item().strftime("%d.%m.%Y %H:%M")) for one in TIMES],
            {"date_formats": {"person": "%d.%m.%Y %H:%M"}},
        ),
    ],
    ids=["times", "days", "texts with a form"],
)
def test_rows_of_one_time_are_found(times, more):
    """Of 60 times, 8 hours apart, some are on the same of 20 days."""
    frame = with_ids(times)
    if not more:
        frame["person"] = frame["person"].astype("datetime64[us]")
    if len(np.unique(times)) < 60:
        frame[["a", "b", "c"]] = frame.groupby("person")[["a", "b", "c"]].transform("first")
    (finding,) = found_in(frame, parameters=more)
    n = len(np.unique(times))
    assert finding.evidence == f"a, b, c constant for each of its {n} values"


@pytest.mark.parametrize("share, is_found", [(0.6, True), (0.52, False)])
def test_at_most_sixty_percent_of_the_values_are_in_one_row_alone(share, is_found):
    """There are fewer than two rows for each value: of 0.6 * 480 rows there are 144, and 192 in one row alone."""
    frame = with_ids(GROUP)
    frame["person"] = np.arange(480) // 2
    alone = np.arange(480) >= share * 480
    frame.loc[alone, "person"] = 1000 + np.arange(480)[alone]
    traits = np.random.RandomState(0).randint(0, 9, (1480, 3))
    frame[["a", "b", "c"]] = traits[frame["person"]]
    assert len(found_in(frame)) == is_found


def test_columns_that_follow_from_dates_are_no_traits():
    """Months, weekdays but for holidays, a season that begins within a month, and the days since the first row."""
    pandas = package("pandas")
    days = pandas.Series(pandas.date_range("2023-01-01", periods=160).repeat(3))
    frame = pandas.DataFrame({"x": X[:, 4], "day": days}).assign(
        month=days.dt.month,
        year=days.dt.year,
        works=(days.dt.day_of_week < 5) & (days.dt.day > 1),
        season=(days.dt.day_of_year // 80) % 4,
        since=days.dt.day_of_year / 3,
    )
    assert found_in(frame) == []
    frame["weather"], frame["visitors"] = np.random.RandomState(0).randint(0, 9, (2, 160))[
        :, np.arange(480) // 3
    ]
    (finding,) = found_in(frame)
    assert finding.columns == ("day",)
    assert finding.evidence.startswith("weather, visitors constant")


MINUTE = np.random.RandomState(0).choice(1440, 120, replace=False).repeat(4)  # of a day
MONTH = np.arange(480) // 4 % 60
INCOME = np.random.RandomState(1).randint(1000, 9000, 100)[np.arange(480) % 100]


@pytest.mark.parametrize(
    "columns",
    [
        {"month": MONTH, "quarter": MONTH // 3, "half": MONTH // 6},
        {"clock": 100 * (MINUTE // 60) + MINUTE % 60, "hour": MINUTE // 60, "minute": MINUTE % 60},
        {
            "income": INCOME,
            "log": np.log(INCOME),
            "many": INCOME % 7 > 2,
            "band": INCOME // 7 % 5,
            "tax": INCOME // 9 % 4,
        },
        {
            "zip": 10_000 + MINUTE,
            "state": MINUTE // 100,
            "region": MINUTE // 400,
            "coast": MINUTE // 900,
        },
        {"day": MINUTE % 365, "month": MINUTE % 365 // 30, "of_month": MINUTE % 365 % 30},
        {
            "place": [f"s{one % 9} c{one % 8} {one}" for one in MINUTE],
            "state": [f"s{one % 9}" for one in MINUTE],
            "county": [f"c{one % 8}" for one in MINUTE],
        },
        {
            "date": [str(np.datetime64("2024-01-01") + one) + " noon" for one in MINUTE],
            "month": MINUTE // 31,
            "weekday": MINUTE % 7,
        },
    ],
    ids=[
        "month beside quarter and half-year",
        "times of a clock beside hour and minute",
        "income beside its logarithm",
        "postal code beside state",
        "day of the year beside month and day",
        "parts of its text",
        "parts of a date as text",
    ],
)
def test_columns_that_follow_from_another_are_no_traits(columns):
    pandas = package("pandas")
    frame = pandas.DataFrame({"x": X[:, 4]} | columns)
    assert found_in(frame) == []


def test_traits_that_are_equal_to_each_other_count_once():
    """Groups of different sizes need three, which are no part of the text beside them."""
    pandas = package("pandas")
    some = np.random.RandomState(0).rand(480) < 0.7
    place = [f"place {one}" for one in MINUTE]
    frame = pandas.DataFrame({"x": X[:, 4], "place": place}).assign(
        rank=MINUTE % 5,
        cut=MINUTE % 7 % 3,
        also_rank=4 - MINUTE % 5,
        code=[one[:5] for one in place],
    )
    assert found_in(frame[some], y=Y[some]) == []
    (finding,) = found_in(frame[some].assign(kind=MINUTE[some] // 5 % 3), y=Y[some])
    assert finding.columns == ("place",)
    assert len(found_in(frame)) == 1


def test_a_column_that_is_called_an_id_needs_no_more():
    """Persons are sorted by what they got, and have several numbers."""
    pandas = package("pandas")
    frame = pandas.DataFrame({"x": X[:, 4]}).assign(dose=GROUP // 20, place=GROUP // 30)
    shuffled = np.random.RandomState(0).permutation(60)[GROUP]
    few = np.arange(480) % 13 > 4
    assert found_in(frame.assign(number=GROUP)[few], y=Y[few]) == []
    (finding,) = found_in(frame.assign(patient_id=GROUP, number=GROUP + 1000))
    assert finding.columns == ("patient_id",)
    assert len(found_in(frame.assign(number=shuffled))) == 1


def test_more_categories_than_a_model_lists_are_found():
    pandas = package("pandas")
    frame = pandas.DataFrame({"x": X[:, 4]}).assign(person=[f"p{row // 2}" for row in range(480)])
    wealth = np.random.RandomState(0).randint(0, 9, (240, 2))[np.arange(480) // 2]
    frame[["age", "rank"]] = wealth
    (finding,) = found_in(frame)
    assert finding.evidence == "age, rank constant for each of its 240 values"


@pytest.mark.filterwarnings("ignore::cmlp.exceptions.GroupColumnWarning")
@pytest.mark.parametrize(
    "frame, more",
    [
        (lambda: with_ids(GROUP), {"groups": GROUP}),
        (lambda: with_ids(GROUP), {"X_val": with_ids(GROUP), "y_val": Y}),
        (lambda: with_ids(GROUP).drop(columns=["a", "b"]), {}),
        (lambda: with_ids(np.arange(480)), {}),
        (lambda: with_ids(GROUP + 0.5), {}),
        (lambda: with_ids(GROUP // 8), {}),
        (lambda: with_ids(GROUP).iloc[GROUP < 19], {"y": Y[GROUP < 19]}),
        (lambda: with_ids(GROUP).iloc[np.arange(480) // 8 * 8], {}),
        (lambda: with_ids(GROUP)[["x", "person"]].assign(p=GROUP * 2, q=GROUP // 59), {}),
        (lambda: with_ids(GROUP)[["x", "person"]].assign(p=np.sqrt(GROUP), q=-np.cbrt(GROUP)), {}),
    ],
    ids=[
        "groups",
        "own validation rows",
        "one constant column",
        "each row another",
        "no whole numbers",
        "few values",
        "nineteen values",
        "equal rows",
        "another name and nearly a constant",
        "numbers that are computed from it",
    ],
)
def test_other_tables_are_not_found(frame, more):
    package("pandas")
    assert found_in(frame(), **more) == []


@pytest.mark.parametrize(
    "ids",
    [GROUP, GROUP.astype(float), [f"p{one}" for one in GROUP]],
    ids=["numbers", "floats", "texts"],
)
def test_a_column_that_has_the_groups_is_named(ids):
    model = TabularRegressor(**QUICK | {"n_epochs": 1, "n_estimators": 1})
    with pytest.warns(
        GroupColumnWarning, match="column 'person' has the groups.* leave it out of X"
    ):
        model.fit(with_ids(ids), Y, groups=list(GROUP))


@pytest.mark.parametrize(
    "ids",
    [GROUP + 1, np.arange(480), [f"p{one // 2}" for one in GROUP], GROUP.astype("M8[D]")],
    ids=["other numbers", "rows", "larger groups", "days"],
)
def test_other_columns_beside_groups_are_not_named(ids):
    model = TabularRegressor(**QUICK | {"n_epochs": 1, "n_estimators": 1})
    frame = with_ids(GROUP)
    frame["person"] = ids
    with warnings.catch_warnings():
        warnings.simplefilter("error", GroupColumnWarning)
        model.fit(frame, Y, groups=list(GROUP))


# ------------------------------------------------------------------------- files, pickles, resume, verify, tools


def test_file_and_pickle_keep_the_groups(tmp_path):
    pandas = package("pandas")
    groups = pandas.Series(GROUP[SEEN], name="person")
    model = TabularRegressor(**QUICK).fit(X[SEEN], Y[SEEN], groups=groups)
    model.save(tmp_path / "m.cmlp")
    for copy in (cmlp.load(tmp_path / "m.cmlp"), pickle.loads(pickle.dumps(model))):
        assert held_out_of(copy)[0] == held_out_of(model)[0] == (40, "person")
        assert_same_bits(copy.predict_interval(X), model.predict_interval(X))
        with pytest.warns(UserWarning, match="needs at least 99 groups, but the model has 40"):
            copy.predict_interval(X, 0.99)


def test_resume_repeats_the_groups():
    class Stops:
        def on_epoch_end(self, trainer):
            if len(trainer.loss_curve) == 4:
                raise KeyboardInterrupt

    def rows(groups):
        return {"X": X[SEEN], "y": Y[SEEN], "groups": groups}

    whole = TabularRegressor(**QUICK).fit(**rows(GROUP[SEEN]))
    model = TabularRegressor(**QUICK, callbacks=[Stops()])
    with pytest.raises(KeyboardInterrupt):
        model.fit(**rows(GROUP[SEEN]))
    model.callbacks = None
    for groups in (None, GROUP[SEEN] // 2):
        with pytest.raises(ValueError, match="resume=True continues a fit on other data"):
            model.fit(**rows(groups), resume=True)
    model.fit(**rows(GROUP[SEEN] * 3), resume=True)
    assert_same_bits(whole.predict(X), model.predict(X))
    assert_same_bits(whole.predict_interval(X), model.predict_interval(X))


def test_verify_needs_the_groups():
    model = TabularRegressor(**QUICK, provenance=True).fit(X[SEEN], Y[SEEN], groups=GROUP[SEEN])
    names = [f"p{one}" for one in GROUP[SEEN]]
    assert cmlp.verify(model, X[SEEN], Y[SEEN], groups=names).reason == "identical"
    answer = cmlp.verify(model, X[SEEN], Y[SEEN])
    assert (answer.reason, answer.different) == ("data", ("groups",))
    own = {"X_val": X[NEW], "y_val": Y[NEW], "groups_val": GROUP[NEW]}
    model = TabularRegressor(**QUICK, provenance=True).fit(X[SEEN], Y[SEEN], **own)
    assert cmlp.verify(model, X[SEEN], Y[SEEN], **own).reason == "identical"
    network = cmlp.MLPRegressor(
        hidden_layer_sizes=(4,), provenance=True, max_iter=2, random_state=0
    )
    with warnings.catch_warnings(action="ignore"):
        network.fit(X, Y)
    with pytest.raises(ValueError, match="groups are only for the model of a table"):
        cmlp.verify(network, X, Y, groups=GROUP)


def test_description_says_how_many_groups_were_held_out(tmp_path, capsys):
    from cmlp.__main__ import main

    pandas = package("pandas")
    groups = pandas.Series(GROUP[SEEN], name="person")
    path = str(tmp_path / "m.cmlp")
    model = TabularRegressor(**QUICK).fit(X[SEEN], Y[SEEN], groups=groups)
    model.save(path)
    assert main(["info", path]) == 0
    assert "held out by person: 40 groups, intervals hold for new ones" in capsys.readouterr().out
    TabularClassifier(**QUICK).fit(X[SEEN], LABELS[SEEN], groups=GROUP[SEEN]).save(path)
    assert main(["info", path]) == 0
    assert "held out: 40 groups, sets hold for new ones" in capsys.readouterr().out


def test_scikit_learn_routes_groups():
    sklearn = package("sklearn")
    package("sklearn.model_selection")
    import cmlp.sklearn

    with sklearn.config_context(enable_metadata_routing=True):
        model = cmlp.sklearn.TabularRegressor(**QUICK).set_fit_request(groups=True)
        found = sklearn.model_selection.cross_validate(
            model,
            X[SEEN],
            Y[SEEN],
            params={"groups": GROUP[SEEN]},
            cv=sklearn.model_selection.GroupKFold(2),
            return_estimator=True,
        )
    assert [held_out_of(one)[0].n for one in found["estimator"]] == [20, 20]


# ------------------------------------------------------------------------------------------------ few groups


@pytest.mark.parametrize("estimator", [TabularRegressor, TabularClassifier])
def test_intervals_of_few_groups_are_in_the_report(estimator):
    def found(model):
        return [one for one in model.report_ if one.code == "few-groups"]

    y = Y if estimator is TabularRegressor else Y > 0
    few = GROUP < 19
    model = estimator(**QUICK).fit(X[few], y[few], groups=GROUP[few])
    (finding,) = found(model)
    assert (finding.columns, finding.weight, finding.mark) == (("groups",), 0.06, ".")
    assert finding.evidence.startswith("intervals and sets follow from 19 groups: ")
    assert found(model.calibrate(X[NEW][:72], y[NEW][:72], groups=GROUP[NEW][:72]))  # 9 groups
    assert not found(model.calibrate(X[NEW], y[NEW], groups=GROUP[NEW]))  # 20
    known = estimator(**QUICK, known=["few-groups:groups"])
    assert not found(known.fit(X[few], y[few], groups=GROUP[few]))
    enough = GROUP < 20
    assert not found(estimator(**QUICK).fit(X[enough], y[enough], groups=GROUP[enough]))
    assert not found(estimator(**QUICK).fit(X[few], y[few]))
