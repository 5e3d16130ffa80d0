"""`drift`: the columns of a batch beside those of training, from the summary in the model."""

import numpy as np
import pytest
from internals import changed

import cmlp
from cmlp import TabularRegressor

TINY = {"n_estimators": 1, "hidden_layer_sizes": (4,), "random_state": 0, "n_epochs": 1}
RNG = np.random.RandomState(0)


def frame(n=1000, low=0.0, places=("a", "b", "c"), missing=0.0, seed=1):
    pd = pytest.importorskip("pandas")
    rng = np.random.RandomState(seed)
    size = rng.uniform(low, low + 10, n)
    gap = np.where(rng.random_sample(n) < 0.2 + missing, np.nan, rng.standard_normal(n))
    return pd.DataFrame({"size": size, "place": rng.choice(places, n), "gap": gap})


@pytest.fixture(scope="module")
def model():
    rows = frame(seed=0)
    return TabularRegressor(**TINY).fit(rows, np.arange(1000))


def test_rows_of_the_same_population_have_not_drifted(model):
    for seed in range(1, 20):
        for n in (5, 100, 1000):
            found = model.drift(frame(n, seed=seed))
            assert found.drifted == [] and found.n_rows == n
    assert found.missing[2] == pytest.approx(0.2, abs=0.05) and found.unknown.max() == 0


def test_training_rows_have_no_shift(model):
    assert model.drift(frame(seed=0)).shift.max() == 0


@pytest.mark.parametrize(
    ("changes", "name", "least"),
    [
        ({"low": 5.0}, "size", 0.45),
        ({"places": ("c", "x")}, "place", 0.45),
        ({"places": ("a",)}, "place", 0.3),
        ({"missing": 0.4}, "gap", 0.3),
    ],
)
def test_moved_columns_are_named_first(model, changes, name, least):
    found = model.drift(frame(**changes))
    assert found.drifted == [name]
    assert least < found.shift[found.names.index(name)] < least + 0.4
    head, first, *_, last = str(found).split("\n")
    assert head.split() == ["shift", "outside", "unknown", "missing"]
    assert first.startswith(name) and first.endswith("  drifted")
    assert last.startswith("1 of 3 columns have drifted in 1,000 rows: their shift is above 16.")


def test_shares_are_those_of_the_rows(model):
    found = model.drift(frame(places=("a", "x"), low=5.0))
    assert found.outside[0] == pytest.approx(0.5, abs=0.05) and found.outside[1] == 0
    assert found.unknown[1] == pytest.approx(0.5, abs=0.05) and found.unknown[0] == 0


def test_missing_values_where_training_had_none_are_unknown(model):
    rows = frame()
    rows.loc[:299, "size"] = np.nan
    found = model.drift(rows)
    assert found.unknown[0] == 0.3 and found.missing[0] == 0.3 and found.outside[0] == 0
    assert found.drifted == ["size"]


def test_no_rows_and_no_summary(model):
    found = model.drift(frame(0))
    assert found.n_rows == 0 and found.drifted == [] and not found.shift.any()
    bare = TabularRegressor(**TINY).fit(frame(), np.arange(1000))
    changed(bare, summary=None)
    with pytest.raises(ValueError, match="no summary of its training rows"):
        bare.drift(frame())


def test_columns_without_names_have_numbers():
    X = [[float(k), k % 3] for k in range(400)]
    found = TabularRegressor(**TINY).fit(X, range(400)).drift([[k + 300.0, 1] for k, _ in X])
    assert found.drifted == [0, 1] and isinstance(found, cmlp.Drift)


def names(n, seed, first=0, n_names=3000):
    pd = pytest.importorskip("pandas")
    rng = np.random.RandomState(seed)
    found = [f"n{k}" for k in rng.randint(first, first + n_names, n)]
    return pd.DataFrame({"name": found, "x": rng.standard_normal(n)})


@pytest.fixture(scope="module")
def model_of_names():
    """Return a model of names, of which a quarter are unknown in other rows."""
    rows = names(4000, 0)
    return TabularRegressor(**TINY).fit(rows, rows["x"] + rows["name"].str.len())


def test_rare_and_unknown_categories_of_the_same_population_are_no_drift(model_of_names):
    for seed in range(1, 6):
        for n in (100, 2000):
            found = model_of_names.drift(names(n, seed))
            assert found.unknown[0] > 0.1 and found.drifted == []
    assert model_of_names.drift(names(4000, 0)).shift.max() == 0


def test_more_unknown_categories_than_expected_are_drift(model_of_names):
    found = model_of_names.drift(names(2000, 1, first=1500))
    assert found.unknown[0] == pytest.approx(0.63, abs=0.05)
    assert found.drifted == ["name"] and found.shift[0] == pytest.approx(0.34, abs=0.05)
    assert model_of_names.drift(names(2000, 1, first=5000)).shift[0] > 0.6


def test_frequent_categories_beside_rare_ones_can_drift():
    rows = names(4000, 0)
    rows.loc[:1999, "name"] = "often"
    model = TabularRegressor(**TINY).fit(rows, rows["x"] + rows["name"].str.len())
    same, other = names(2000, 1), names(2000, 2)
    same.loc[:999, "name"] = "often"
    other.loc[:99, "name"] = "often"
    assert model.drift(same).drifted == []
    assert model.drift(other).drifted == ["name"]


def test_columns_that_no_network_uses_have_not_drifted():
    rows = frame().assign(constant=1.0)
    model = TabularRegressor(**TINY).fit(rows, np.arange(1000))
    found = model.drift(rows.assign(constant=2.0))
    assert found.used.tolist() == [True, True, True, False]
    assert found.shift[3] == found.outside[3] == 0 and found.drifted == []
    (line,) = [line for line in str(found).split("\n") if line.startswith("constant")]
    assert line.endswith("  not used")
