"""Rows that are copies of others in the estimators for tables: networks hold them out together, and count them once."""

import pickle
import warnings

import numpy as np
import pytest
from helpers import assert_same_bits
from internals import fitted_of, model_of
from optional import package

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp.exceptions import CopiesWarning

QUICK = {"hidden_layer_sizes": (16,), "n_epochs": 12, "random_state": 0}
RNG = np.random.RandomState(0)
X = RNG.uniform(-1, 1, (500, 4))
Y = np.sin(3 * X[:, 0]) + X[:, 1] ** 2 + 0.3 * RNG.standard_normal(500)
LABELS = np.array(["low", "high"])[(Y > 0.3).astype(int)]
FIVE = np.repeat(np.arange(100), 5)
NEW = np.arange(100, 500)


def fitted(model, *rows, **given):
    """Return the model, and the messages of `CopiesWarning`."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CopiesWarning)
        model.fit(*rows, **given)
    return model, [str(one.message) for one in caught if one.category is CopiesWarning]


def has_copies(X, y, model=TabularRegressor, **given):
    """Return whether fit says that rows are copies, as its report does."""
    model, said = fitted(model(n_epochs=1, n_estimators=1, hidden_layer_sizes=(2,)), X, y, **given)
    assert bool(said) == ("copies" in [one.code for one in model.report_])
    return bool(said)


def held_out_of(model):
    """Return the rows that each network held out."""
    return [state.held_out_index for state in fitted_of(model).states]


def covered(model, rows=NEW):
    low, high = model.predict_interval(X[rows], 0.9).T
    return ((low <= Y[rows]) & (Y[rows] <= high)).mean()


# --------------------------------------------------------------------------------------- what is measured on them


def test_intervals_of_copied_rows_cover_new_ones():
    model, said = fitted(TabularRegressor(random_state=0), X[FIVE], Y[FIVE])
    assert len(said) == 1
    assert said[0].startswith("Of 500 rows, 100 are different")
    assert said[0].endswith("[copies]")
    assert covered(model) > 0.8  # 0.23 if copies are held out one by one


def test_copies_are_held_out_together_and_judged_once():
    order = np.random.RandomState(3).permutation(500)
    rows = FIVE[order]
    model, _ = fitted(TabularRegressor(**QUICK, max_time=1e-9), X[rows], Y[rows])
    folds = fitted_of(model).folds
    assert len(np.unique(np.stack([rows, folds]), axis=1).T) == 100
    for k, held in enumerate(held_out_of(model)):
        assert set(folds[held]) == {k}
        assert sorted(rows[held]) == sorted({*rows[folds == k]})
    assert len(model_of(model).calibration.scores[0]) == 52


def test_folds_are_those_of_the_different_rows():
    """The same draws: networks hold out the rows that they would hold out of the different rows."""
    once, _ = fitted(TabularClassifier(**QUICK, max_time=1e-9), X[:100], LABELS[:100])
    five, _ = fitted(TabularClassifier(**QUICK, max_time=1e-9), X[FIVE], LABELS[FIVE])
    for held, of_copies in zip(held_out_of(once), held_out_of(five), strict=True):
        assert_same_bits(held, FIVE[of_copies])


def test_threshold_and_sets_count_copies_once():
    """A rare class of which each row is there ten times has the weight of one row each."""
    rare = np.flatnonzero(Y[:300] > 1.2)
    rows = np.concatenate([np.arange(300), np.repeat(rare, 9)])
    model, said = fitted(TabularClassifier(**QUICK), X[rows], Y[rows] > 1.2)
    assert said
    held_out = fitted_of(model).held_out
    truth = np.concatenate([part.truth for part in held_out.parts])
    assert len(truth) == 152  # of four folds of eight
    assert truth.mean() < 2 * len(rare) / 300
    model.choose_threshold(costs=(1, 10))
    assert 0 < model.threshold_ < 1


def test_statistics_of_categories_do_not_know_the_targets_of_copies():
    """Without held-out rows, too: a network would read y from the mean of a category of a row and its copies."""
    pandas = package("pandas")
    names = np.array([f"n{i}" for i in RNG.randint(0, 500, 1000)])
    y = RNG.standard_normal(1000) + 5 * (np.arange(1000) % 2)
    frame = pandas.DataFrame({"name": names, "size": y - RNG.standard_normal(1000)})
    rows = np.repeat(np.arange(1000), 3)
    model, said = fitted(
        TabularRegressor(**QUICK, early_stopping=False, max_time=1e-9), frame.iloc[rows], y[rows]
    )
    folds = fitted_of(model).folds
    assert said
    assert (folds.reshape(1000, 3) == folds[::3, None]).all()


# ------------------------------------------------------------------------------------------------ which are copies


def test_rows_are_copies_if_a_fifth_of_them_have_an_equal_one():
    for n_twice, are_copies in ((45, False), (65, True)):
        rows = np.concatenate([np.arange(500), np.arange(n_twice)])
        assert has_copies(X[rows], Y[rows]) == are_copies


@pytest.mark.parametrize("draw", ["twice", "bootstrap", "join"])
def test_doubled_tables_bootstraps_and_joins_are_found(draw):
    rng = np.random.RandomState(1)
    rows = {
        "twice": np.concatenate([np.arange(40)] * 2),
        "bootstrap": rng.randint(0, 200, 200),
        "join": np.repeat(np.arange(100), rng.randint(1, 5, 100)),
    }[draw]
    assert has_copies(X[rows], Y[rows])
    assert has_copies(X[rows], LABELS[rows], TabularClassifier)


def test_fewer_than_20_different_rows_are_no_copies():
    for n, are_copies in ((19, False), (20, True)):
        rows = np.repeat(np.arange(n), 6)
        assert has_copies(X[rows], Y[rows]) == are_copies


def test_equal_rows_of_tables_of_few_values_are_no_copies():
    """Of the Titanic's kind: four columns of few values, and more than nine of ten rows have an equal one."""
    rng = np.random.RandomState(2)
    few = np.stack([rng.randint(0, n, 800) for n in (4, 2, 2, 2)], axis=1).astype(float)
    assert not has_copies(few, rng.random_sample(800) < 0.3 + 0.4 * few[:, 1], TabularClassifier)
    # Of a truth table, no two rows differ in one column alone.
    bits = rng.permutation([[0, 0], [0, 1], [1, 0], [1, 1]] * 50)
    assert not has_copies(bits, bits[:, 0] ^ bits[:, 1], TabularClassifier)


def test_doubled_rows_of_few_values_are_copies():
    rng = np.random.RandomState(2)
    few = np.stack([rng.randint(0, n, 200) for n in (4, 5, 3, 3)], axis=1).astype(float)
    rows = np.tile(np.arange(200), 2)
    y = rng.standard_normal(200).round(1)
    assert not has_copies(few, y)
    assert has_copies(few[rows], y[rows])


def test_rows_with_other_targets_or_entries_are_no_copies():
    """Texts that the model does not tell apart, too: of 400 names it knows the frequent ones alone."""
    pandas = package("pandas")
    assert not has_copies(X[FIVE], Y[FIVE] + RNG.standard_normal(500))
    one = {"a": X[FIVE, 0], "b": X[FIVE, 1]}
    texts = pandas.DataFrame(one | {"name": [f"n{i}" for i in range(500)]})
    with warnings.catch_warnings(action="ignore"):
        assert not has_copies(texts, Y[FIVE])
        assert has_copies(texts.assign(name=[f"n{i // 5}" for i in range(500)]), Y[FIVE])


def test_missing_values_and_zeros_are_equal_to_each_other():
    pandas = package("pandas")
    rows = X[FIVE].copy()
    rows[::3, 2] = 0.0
    rows[FIVE % 3 == 0, 2] = [-0.0, 0.0] * 85
    rows[FIVE % 7 == 0, 3] = np.nan
    names = np.array([f"n{i % 9}" for i in FIVE], object)
    names[FIVE % 5 == 0] = [None, np.nan] * 50
    rows[:, 2] = np.where(FIVE % 3 == 0, rows[:, 2], X[FIVE, 2])
    assert has_copies(pandas.DataFrame(rows).assign(name=names), Y[FIVE])


def test_weights_do_not_count_and_rows_of_weight_0_are_left_out():
    assert has_copies(X[FIVE], Y[FIVE], sample_weight=RNG.uniform(0.5, 2, 500))
    assert not has_copies(X[FIVE], Y[FIVE], sample_weight=np.tile([1, 0, 0, 0, 0], 100))


def test_groups_and_times_decide_alone():
    assert not has_copies(X[FIVE], Y[FIVE], groups=FIVE)
    assert not has_copies(X[FIVE], Y[FIVE], time=np.arange(500))


@pytest.mark.parametrize("kind", ["pandas", "polars", "pyarrow", "list"])
def test_copies_are_the_same_in_every_container(kind):
    pandas = package("pandas")
    names = [f"n{i % 9}" for i in FIVE]
    frame = pandas.DataFrame(X[FIVE], columns=list("abcd")).assign(name=names)
    columns = {name: frame[name].tolist() for name in frame}
    given = {
        "pandas": lambda: frame.assign(name=frame.name.astype("category")),
        "polars": lambda: package("polars").DataFrame(columns),
        "pyarrow": lambda: package("pyarrow").table(columns),
        "list": lambda: frame.to_numpy(object).tolist(),
    }[kind]()
    one, said = fitted(TabularRegressor(**QUICK), frame, Y[FIVE])
    other, again = fitted(TabularRegressor(**QUICK), given, Y[FIVE])
    assert said == again != []
    assert_same_bits(one.predict(X_of(frame, 20)), other.predict(X_of(given, 20)))


def X_of(given, n):
    return given.slice(0, n) if hasattr(given, "slice") else given[:n]


# ---------------------------------------------------------------------------------------------- what is said of them


def test_examine_reports_them_and_known_silences_them():
    report = cmlp.examine(X[FIVE], Y[FIVE])
    found = [one for one in report if one.code == "copies"]
    assert [(one.mark, one.columns, one.evidence) for one in found] == [
        ("!!", (), "100 different rows in 500")
    ]
    assert "sample_weight" in found[0].remedy
    assert "groups" in found[0].remedy
    model, said = fitted(TabularRegressor(**QUICK, known=["copies"]), X[FIVE], Y[FIVE])
    assert said == []
    assert not model.report_
    plain, _ = fitted(TabularRegressor(**QUICK), X[FIVE], Y[FIVE])
    assert_same_bits(model.predict(X), plain.predict(X))


def test_remedies_silence_it():
    rows, counts = np.unique(np.c_[X[FIVE], Y[FIVE]], axis=0, return_counts=True)
    assert not has_copies(rows[:, :-1], rows[:, -1], sample_weight=counts)
    assert not cmlp.examine(X[FIVE], Y[FIVE], groups=FIVE)


# ------------------------------------------------------------------------------------------ rows beside those of fit


def test_calibrate_counts_copies_once():
    model, _ = fitted(TabularRegressor(**QUICK), X[NEW], Y[NEW])
    once = pickle.loads(pickle.dumps(model)).calibrate(X[:100], Y[:100])
    with pytest.warns(CopiesWarning, match="Of 500 rows of X, 100 are different"):
        model.calibrate(X[FIVE], Y[FIVE])
    assert_same_bits(model_of(once).calibration.scores, model_of(model).calibration.scores)
    assert model_of(once).summary.accuracy == model_of(model).summary.accuracy
    model.known = ["copies"]
    model.calibrate(X[FIVE], Y[FIVE])
    model.calibrate(X[FIVE], Y[FIVE], groups=FIVE)


@pytest.mark.filterwarnings("ignore:column 'note' has values")
def test_lists_in_a_column_that_was_empty_in_fit_are_not_compared():
    pandas = package("pandas")
    frame = pandas.DataFrame(X[NEW]).assign(note=np.full(len(NEW), None))
    model, _ = fitted(TabularClassifier(**QUICK), frame, LABELS[NEW])
    noted = frame.assign(note=[[k] if k % 2 else {"k": k} for k in range(len(NEW))])
    model.choose_threshold(noted, LABELS[NEW], costs=(1, 3), pos_label="low")
    rows = np.arange(len(NEW)) // 5
    with pytest.warns(CopiesWarning, match="Of 400 rows of X, 80 are different"):
        model.calibrate(noted.iloc[rows], LABELS[NEW][rows])


def test_probabilities_and_thresholds_count_copies_once():
    model, _ = fitted(TabularClassifier(**QUICK, known=["copies"]), X[NEW], LABELS[NEW])
    five = pickle.loads(pickle.dumps(model))
    for one, rows in ((model, np.arange(100)), (five, FIVE)):
        one.calibrate(X[rows], LABELS[rows], probabilities=True)
        one.choose_threshold(X[rows], LABELS[rows], costs=(1, 3), pos_label="low")
    assert model.threshold_ == five.threshold_
    assert_same_bits(model.predict_proba(X), five.predict_proba(X))


# --------------------------------------------------------------------------------------------------------- repeated


@pytest.mark.filterwarnings("ignore::cmlp.exceptions.CopiesWarning")
@pytest.mark.filterwarnings("ignore:.*interrupted")
def test_resumed_and_verified_fits_hold_out_the_same_rows():
    rows = X[FIVE], LABELS[FIVE]
    straight = TabularClassifier(**QUICK, provenance=True).fit(*rows)
    assert cmlp.verify(straight, *rows).identical
    parted = TabularClassifier(**QUICK, max_time=1e-9).fit(*rows)
    parted.max_time = None
    parted.fit(*rows, resume=True)
    assert_same_bits(straight.predict_proba(X), parted.predict_proba(X))
    assert_same_bits(model_of(straight).calibration.scores, model_of(parted).calibration.scores)


@pytest.mark.filterwarnings("ignore::cmlp.exceptions.CopiesWarning")
def test_warm_start_holds_out_copies_together():
    model = TabularRegressor(**QUICK, warm_start=True).fit(X[FIVE], Y[FIVE])
    model.fit(X[FIVE], Y[FIVE])
    assert len(model_of(model).calibration.scores[0]) == 52
