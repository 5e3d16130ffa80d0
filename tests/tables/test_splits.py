"""The splits of a column: known answers, scikit-learn's trees, weights, columns without a signal; folds of the rows.

A fitted table shows neither: they are tested with the functions that compute them. The search for splits ends by
Ctrl-C and `max_time`, too.
"""

import threading
import time
import tracemalloc
from _thread import interrupt_main

import numpy as np
import pytest
from internals import model_of
from optional import package

import cmlp
from cmlp import TabularRegressor
from cmlp._bridge._core import Random
from cmlp._data.groups import as_groups
from cmlp._tables import learn_columns, splits
from cmlp._tables.bag import folds_of, folds_of_groups, number_of_folds
from cmlp._tables.splits import step_edges


def noisy_stairs(n=3000, seed=0):
    rng = np.random.RandomState(seed)
    x = rng.standard_normal(n)
    return rng, x, (x > 0.37) + 2.0 * (x > 0.9) - (x < -1) + 0.3 * rng.standard_normal(n)


def test_the_ends_of_a_step_are_the_neighbouring_numbers():
    x = np.random.RandomState(0).permutation(500) / 7.0
    np.testing.assert_array_equal(step_edges(x, (x > 42) * 1), [294 / 7, 295 / 7])


def test_several_classes_have_a_step_each():
    x = np.arange(300.0)
    classes = np.digitize(x, [50, 120, 200, 297])  # the last class has too few rows for a leaf
    np.testing.assert_array_equal(step_edges(x, classes), [49, 50, 119, 120, 199, 200])


def test_the_numbers_of_the_classes_do_not_matter():
    x = np.arange(300.0)
    classes = np.array([1, 3, 0, 2])[
        np.digitize(x, [50, 120, 200])
    ]  # as values they have other means and variances
    np.testing.assert_array_equal(step_edges(x, classes), [49, 50, 119, 120, 199, 200])
    mixed = np.where(x < 100, 2 * (x % 2), 1).astype(int)  # as values, both parts have the mean 1
    for numbers in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        np.testing.assert_array_equal(step_edges(x, np.array(numbers)[mixed]), [99, 100])


@pytest.mark.parametrize(("n_rows", "fewest"), [(100, 8), (1600, 8), (4000, 20)])
@pytest.mark.parametrize("weight", [None, 3.0])
def test_a_leaf_has_at_least_8_rows_and_a_200th_of_all(n_rows, fewest, weight):
    x = np.arange(float(n_rows))
    rows, x = (
        x,
        np.where((x < 50) | (x >= n_rows - 50), x, 50),
    )  # few distinct numbers, so that there are no groups
    weights = None if weight is None else np.full(n_rows, weight)  # equal weights change nothing
    for n, found in ((fewest, True), (fewest - 1, False)):
        for classes in ((rows >= n_rows - n) * 1, (rows < n) * 1):
            edge = n_rows - n if classes[-1] else n
            assert ({edge - 1.0, float(edge)} <= set(step_edges(x, classes, weights))) == found


@pytest.mark.parametrize("weighted", [False, True])
def test_a_step_removes_more_than_four_parts_of_the_variance(weighted):
    """Of noise that is +1 and -1 in turn, so that no other split removes a relevant part."""
    n = 4000
    x, weight = np.arange(float(n)), np.full(n, 7.0) if weighted else None
    for part, found in ((3.8, False), (4.2, True)):  # of the variance, times 1 / n
        height = 2 * np.sqrt(part / n / (1 - part / n))
        y = 100.0 + np.tile([1.0, -1.0], n // 2) + height * (x >= n / 2)
        assert (len(step_edges(x, y, weight)) > 0) == found


def test_more_than_eight_leaves_need_splits_that_remove_a_hundredth_of_the_variance():
    x = np.arange(4000.0)
    for n_stairs, found in (
        (8, 7),
        (20, 7),
    ):  # a split of small stairs removes less from the eighth one on
        assert len(step_edges(x, x // (4000 / n_stairs))) == 2 * found
    waves = np.where(x // 200 % 2, 1.0, -1.0)
    assert len(step_edges(x, waves)) == 2 * 19
    assert len(step_edges(x, (waves > 0) * 1)) == 2 * 19
    for n_waves, found in ((10, 7), (12, 11)):  # 8 leaves, or at least 12
        alternating = np.where(x // np.ceil(4000 / n_waves) % 2, 1.0, -1.0)
        assert len(step_edges(x, alternating)) == 2 * found


def test_columns_without_a_signal_have_few_steps():
    rng = np.random.RandomState(1)
    columns = [step_edges(rng.standard_normal(2000), rng.randint(0, 2, 2000)) for _ in range(100)]
    assert np.mean([len(found) for found in columns]) < 7  # 14 is the limit


@pytest.mark.parametrize("x", [np.empty(0), np.zeros(50), np.arange(15.0)])
def test_constants_and_short_columns_have_no_steps(x):
    assert len(step_edges(x, np.arange(len(x)) + 0.0)) == 0


def test_a_constant_target_has_no_steps():
    assert len(step_edges(np.arange(100.0), np.full(100, 0.1))) == 0


@pytest.mark.parametrize("kind", ["number", "numbers", "class"])
def test_equal_targets_have_no_steps_whatever_rounding_makes_of_their_variance(kind):
    for seed in range(60):
        rng = np.random.RandomState(seed)
        n = rng.randint(20, 5000)
        x = rng.standard_normal(n) if seed % 3 else rng.randint(0, 5, n) * 1.0
        weight = np.exp(3 * rng.standard_normal(n)) if seed % 2 else None
        number = rng.standard_normal(3 if kind == "numbers" else None)
        values = (
            np.full(n, rng.randint(3))
            if kind == "class"
            else np.full((n, *np.shape(number)), number)
        )
        assert len(step_edges(x, values, weight)) == 0


def test_a_step_between_nearly_equal_targets_is_found():
    """The variance is far below the sum of squares, but above its rounding."""
    x = np.arange(1000.0)
    np.testing.assert_array_equal(step_edges(x, 1 + 1e-4 * (x > 432)), [432, 433])


@pytest.mark.parametrize("gain", [0.0, 1.0, np.inf, np.nan])
def test_a_tree_has_at_most_a_leaf_for_each_group(monkeypatch, gain):
    """Also if the arithmetic were wrong: the search ends."""
    monkeypatch.setattr(splits, "_best", lambda sums, first, end, fewest: (gain, first, first, end))
    x = np.arange(300.0)
    assert len(step_edges(x, x)) <= 2 * len(x)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [False, True])
def test_splits_are_those_of_scikit_learns_trees(classes, weighted):
    trees = package("sklearn.tree")
    rng, x, y = noisy_stairs(1000)
    weight = rng.uniform(0.5, 2, 1000) if weighted else None
    values = np.digitize(y, [-0.5, 0.5, 1.5]) if classes else y
    total = np.ones(1000) if weight is None else weight
    shares = np.bincount(values, total) / total.sum() if classes else None
    impurity = 1 - (shares**2).sum() if classes else np.cov(values, aweights=total, ddof=0)
    kind = trees.DecisionTreeClassifier if classes else trees.DecisionTreeRegressor
    tree = kind(
        max_leaf_nodes=8, min_samples_leaf=8, min_impurity_decrease=float(impurity) * 4 / 1000
    )
    tree = tree.fit(x[:, None], values, sample_weight=weight).tree_
    found = step_edges(x, values, weight)
    thresholds = np.sort(tree.threshold[tree.feature >= 0])
    assert len(thresholds) >= 3
    ordered = np.sort(x)
    above = np.searchsorted(ordered, thresholds)
    np.testing.assert_array_equal(found, np.unique([ordered[above - 1], ordered[above]]))


def test_rows_of_weight_zero_have_no_part():
    rng, x, y = noisy_stairs()
    weight = rng.randint(0, 3, len(x)) * 1.0
    counts = weight > 0
    expected = step_edges(x[counts], y[counts], weight[counts])
    np.testing.assert_array_equal(step_edges(x, np.where(counts, y, 1e3), weight), expected)
    assert len(step_edges(x, y, np.zeros(len(x)))) == 0


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "weights", [(1e300, 1e300), (1e-300, 1e300), (5e-324, 1.0), (1e-30, 1.0), (5e-324, 5e-324)]
)
def test_extreme_weights_do_no_harm(weights):
    _, x, y = noisy_stairs()
    found = step_edges(x, y, np.where(x < 0, *weights))
    assert {0.37, 0.9} <= set(np.round((found[:-1] + found[1:]) / 2, 2))


def test_the_order_of_the_rows_changes_nothing():
    rng, x, _ = noisy_stairs()
    classes = (x > 0.37) * 1 + (rng.random_sample(len(x)) < 0.1)
    order = rng.permutation(len(x))
    np.testing.assert_array_equal(
        step_edges(x, classes),
        step_edges(x[order], classes[order]),
    )


def test_a_step_of_a_long_column_is_found_to_a_thousandth_of_its_rows():
    x = np.random.RandomState(2).standard_normal(100_000)
    low, high = step_edges(x, (x > 0.37) * 1)[:2]
    between = np.mean((x > min(low, 0.37)) & (x <= max(high, 0.37)))
    assert between < 1 / 1000


@pytest.mark.parametrize("lowest", [[-1.7e308], [-1.7e308, -1.6e308], [1e307]])
def test_columns_with_gaps_wider_than_the_largest_number_have_steps(lowest):
    x = np.append(lowest, np.linspace(0.5, 1, 3001) * 1.7e308)  # more numbers than groups
    middle = x[-1501]
    below, above = step_edges(x, (x >= middle) * 1)
    assert (
        below < above and abs(below - middle) < 1e306 and abs(above - middle) < 1e306
    )  # three groups are wider


def test_many_classes_take_little_memory():
    """A class for each row, such as an identifier as target by mistake."""
    n = 4000
    tracemalloc.start()
    try:
        step_edges(np.arange(float(n)), np.arange(n))
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


@pytest.fixture
def slow_search(monkeypatch):
    """Let the search for the steps of a column take some seconds."""
    best = splits._best

    def slowly(*arguments):
        time.sleep(0.3)
        return best(*arguments)

    monkeypatch.setattr(splits, "_best", slowly)


X = np.random.RandomState(0).standard_normal((300, 3))
STAIRS = np.digitize(X[:, 0], np.linspace(-2, 2, 30)) + np.random.RandomState(1).standard_normal(
    300
)
QUICK = {"n_estimators": 3, "hidden_layer_sizes": (8,), "random_state": 0}


@pytest.mark.usefixtures("no_lost_signals")
def test_ctrl_c_ends_the_search_for_steps(slow_search):
    model = TabularRegressor(**QUICK)
    timer = threading.Timer(0.4, interrupt_main)
    begin = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, STAIRS)
    assert time.monotonic() - begin < 2
    assert not hasattr(model, "columns_")
    with pytest.raises(ValueError, match="resume=True continues a call of fit, but"):
        model.fit(X, STAIRS, resume=True)


def n_edges(model):
    """Return the number of edges of each column."""
    return [len(column.edges) for column in model_of(model).columns]


def test_max_time_ends_the_search_for_steps_but_that_of_the_first_columns(slow_search, monkeypatch):
    monkeypatch.setattr(learn_columns, "_FEWEST_NUMBERS", 2 * len(X) - 1)  # one column
    rows = np.stack([X[:, 0], X[:, 0] ** 3, np.exp(X[:, 0])], axis=1)
    begin = time.monotonic()
    warning = (
        "^max_time was over before 2 of 3 columns of numbers were searched for steps of the target"
    )
    with pytest.warns(UserWarning, match=warning):
        model = TabularRegressor(**QUICK, provenance=True, max_time=0.1).fit(rows, STAIRS)
    assert time.monotonic() - begin < 10
    edges = n_edges(model)
    assert edges[0] > 2 and edges[1:] == [2, 2]
    monkeypatch.undo()
    assert str(cmlp.verify(model, rows, STAIRS)).startswith("bit-identical")
    model.set_params(max_time=None).fit(rows, STAIRS, resume=True)
    assert n_edges(model) == edges
    assert str(cmlp.verify(model, rows, STAIRS)).startswith("bit-identical")
    assert n_edges(model.fit(rows, STAIRS)) != edges


def test_columns_of_small_tables_do_not_depend_on_the_time():
    whole = TabularRegressor(**QUICK, n_epochs=1).fit(X, STAIRS)
    assert n_edges(TabularRegressor(**QUICK, max_time=1e-9).fit(X, STAIRS)) == n_edges(whole)


def test_folds_spread_the_classes_evenly():
    groups = np.repeat([0, 1], [80, 8])
    folds = folds_of(88, groups, Random(0))
    assert np.bincount(folds[groups == 1], minlength=8).tolist() == [1] * 8


def test_folds_are_balanced_by_rows_and_classes():
    rng = np.random.RandomState(3)
    sizes = rng.geometric(0.05, 90)
    group = np.repeat(np.arange(90), sizes)
    share = rng.random_sample(90) ** 3
    y = (rng.random_sample(len(group)) < share[group]).astype(np.int64)
    folds = folds_of_groups(as_groups(group, len(group)), y, 4, Random(0))
    for one in range(2):
        counts = np.bincount(folds[y == one], minlength=4)
        assert counts.max() < 1.1 * counts.min()
    by_rows = np.bincount(folds_of_groups(as_groups(group, len(group)), None, 4, Random(0)))
    assert by_rows.max() - by_rows.min() <= sizes.max() / 10
    assert all(len({*folds[group == one]}) == 1 for one in range(90))


def test_few_groups_make_few_folds():
    assert number_of_folds(as_groups(list("aabbcc"), 6), 4) == 3
