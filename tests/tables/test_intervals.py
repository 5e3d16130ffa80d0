"""Intervals and sets of the estimators for tables: coverage for known truth, rules, files, C and refusals."""

import math
import pickle
import warnings

import numpy as np
import pytest
from bad_files import with_byte
from helpers import model_in_c
from internals import changed, model_of
from model_files import repaired, split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from table_parts import factors_of, write_with_widths

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp.exceptions import ModelFormatError, StatusError

TINY = {
    "n_estimators": 2,
    "hidden_layer_sizes": (8,),
    "learning_rate_init": 0.005,
    "n_epochs": 80,
    "random_state": 0,
}
inf = math.inf


def numbers(n, seed, noise=0.5):
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, 3))
    return X, X[:, 0] + noise * (1 + (X[:, 1] > 0)) * rng.standard_normal(n)


def classes(n, seed):
    X, y = numbers(n, seed)
    return X, np.array(["low", "middle", "high"])[(y > -0.5).astype(int) + (y > 0.5)]


def covered(intervals, y):
    return (intervals[:, 0] <= y) & (y <= intervals[:, 1])


def in_set(model, sets, y):
    return sets[np.arange(len(y)), np.searchsorted(model.classes_, y)]


@pytest.fixture(scope="module")
def regressor():
    return TabularRegressor(**TINY).fit(*numbers(400, seed=0))


@pytest.fixture(scope="module")
def constant():
    return TabularRegressor(**TINY, interval_width="constant").fit(*numbers(400, seed=0))


@pytest.fixture(scope="module")
def quantiles():
    return TabularRegressor(**TINY, loss="quantile", quantile=[0.2, 0.5, 0.8]).fit(
        *numbers(400, seed=0)
    )


@pytest.fixture(scope="module")
def classifier():
    return TabularClassifier(**TINY).fit(*classes(400, seed=0))


def copy_of(model):
    return pickle.loads(pickle.dumps(model))


# ---------------------------------------------------------------------------------------------------- coverage


# sets of coverage 0.5 name one class only for few rows
@pytest.mark.filterwarnings("ignore::cmlp.exceptions.UncoveredClassWarning")
@pytest.mark.sampled(3)
@pytest.mark.parametrize("kind", ["regressor", "quantiles", "classifier"])
@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.9, 0.95])
def test_coverage_after_calibrate_is_that_of_the_beta_distribution(kind, coverage, request):
    """Over calibrations of n rows, the coverage has mean k / (n + 1) and a known variance, for k as in the guide."""
    model, n, repeats = copy_of(request.getfixturevalue(kind)), 60, 200
    draw = classes if kind == "classifier" else numbers
    X_new, y_new = draw(4000, seed=1)
    found = []
    for seed in range(repeats):
        model.calibrate(*draw(n, seed=1000 + seed))
        if kind == "classifier":
            found.append(in_set(model, model.predict_set(X_new, coverage), y_new).mean())
        else:
            found.append(covered(model.predict_interval(X_new, coverage), y_new).mean())
    expected = math.ceil((n + 1) * coverage) / (n + 1)
    spread = math.sqrt(
        expected * (1 - expected) / (n + 2) / repeats + expected * (1 - expected) / 4000
    )
    assert np.mean(found) >= coverage - 3 * spread
    if kind != "classifier":  # sets that are never empty cover more
        assert abs(np.mean(found) - expected) < 3.5 * spread


def test_deviations_are_half_of_the_intervals_of_one_standard_deviation():
    model = TabularRegressor(**TINY).fit(*numbers(400, seed=0)).calibrate(*numbers(2000, seed=1))
    X, y = numbers(4000, seed=3)
    predicted, deviation = model.predict(X, return_std=True)
    low, high = model.predict_interval(X, 0.6827).T
    assert np.array_equal(predicted, model.predict(X))
    assert np.array_equal(deviation, (high - low) / 2) and deviation.shape == (4000,)
    assert (np.abs(y - predicted) <= deviation).mean() == pytest.approx(0.6827, abs=0.03)
    assert 0.8 < deviation.mean() / np.std(y - predicted) < 1.2
    pipeline = make_pipeline(StandardScaler(), TabularRegressor(**TINY)).fit(X[:200], y[:200])
    assert pipeline.predict(X[:2], return_std=True)[1].shape == (2,)
    two = TabularRegressor(**TINY).fit(X[:200], np.c_[y, -y][:200])
    predicted, deviation = two.predict(X[:2].tolist(), return_std=True)
    assert predicted.shape == deviation.shape == (2, 2) and (deviation > 0).all()
    few = TabularRegressor(**{**TINY, "n_epochs": 1}, early_stopping=False).fit(X[:40], y[:40])
    with pytest.raises(ValueError, match="calibrate"):
        few.predict(X, return_std=True)


def test_coverage_without_calibrate_is_near_the_target():
    """The rows are held-out ones: no guarantee, so the bounds are wide."""
    found = []
    for seed in range(8):
        model = TabularRegressor(hidden_layer_sizes=(16,), random_state=seed).fit(
            *numbers(400, seed=seed)
        )
        X, y = numbers(2000, seed=100 + seed)
        found.append(covered(model.predict_interval(X, 0.9), y).mean())
    assert 0.86 < np.mean(found) < 0.94


def test_intervals_of_quantiles_adapt_to_the_noise(quantiles):
    X, y = numbers(4000, seed=3)
    intervals = copy_of(quantiles).calibrate(*numbers(500, seed=2)).predict_interval(X, 0.9)
    width = intervals[:, 1] - intervals[:, 0]
    assert width[X[:, 1] > 0].mean() > 1.1 * width[X[:, 1] <= 0].mean()
    assert (quantiles.predict(X[:5]) == copy_of(quantiles).calibrate(X, y).predict(X[:5])).all()


# ------------------------------------------------------------------------------- where targets are, and frequent ends


def positive(n, seed):
    X, y = numbers(n, seed)
    return X, np.exp(y)


@pytest.mark.parametrize("targets", [1, 2])
@pytest.mark.parametrize("loss", ["poisson", "gamma", "tweedie"])
def test_no_interval_of_positive_targets_begins_below_zero(loss, targets, tmp_path):
    """The other ends are those of the margin, and the C library has the same ones."""
    X, y = positive(400, seed=0)
    model = TabularRegressor(**TINY, loss=loss).fit(
        X, y if targets == 1 else np.stack([y, y**2], axis=1)
    )
    X_new = positive(500, seed=1)[0]
    low, high = np.moveaxis(model.predict_interval(X_new, 0.9).reshape(500, targets, 2), -1, 0)
    predicted = model.predict(X_new).reshape(500, targets)
    lower = predicted - (high - predicted)
    assert (lower < -1e-3).any() and np.allclose(low, np.maximum(lower, 0), rtol=0, atol=1e-9)
    assert (low >= 0).all()
    path = tmp_path / "table.cmlp"
    model.save(path)
    in_c = model_in_c(path)
    assert ([in_c.intervals(0.9, row) for row in X_new] == np.stack([low, high], axis=-1)).all()


def test_rows_for_a_calibration_have_targets_of_the_loss():
    X, y = positive(60, seed=0)
    model = TabularRegressor(**TINY, loss="poisson").fit(X, y)
    with pytest.raises(
        ValueError, match=r"y must not be negative with loss='poisson', got -1 at row 3, column 0"
    ):
        model.calibrate(X, np.where(np.arange(60) == 3, -1.0, y))


def censored(n, seed, end):
    """Return rows of which about 27 % have the lowest target 0 or the highest one 5, or as many each of both."""
    X = np.random.RandomState(seed).standard_normal((n, 3))
    y = np.maximum(X[:, 0] + 0.9 + np.random.RandomState(seed + 1).standard_normal(n), 0)
    if end == "both":
        y = np.minimum(5 * y / 1.8, 5)
    return X, 5 - y if end == "highest" else y


SEVERAL = {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}


@pytest.mark.parametrize("end", ["lowest", "highest"])
def test_quantile_intervals_of_many_equal_targets_hold(end):
    found = []
    for seed in range(6):
        model = TabularRegressor(hidden_layer_sizes=(16,), random_state=seed, **SEVERAL)
        model.fit(*censored(600, 2 * seed, end))
        X, y = censored(2000, 100 + 2 * seed, end)
        found.append(covered(model.predict_interval(X, 0.8), y).mean())
    assert 0.78 < np.mean(found) < 0.83


@pytest.mark.parametrize("end", ["lowest", "highest"])
@pytest.mark.parametrize("separate", [False, True])
def test_quantiles_near_a_frequent_end_contain_it(end, separate, tmp_path):
    model = TabularRegressor(**TINY, **SEVERAL).fit(*censored(400, 0, end))
    if separate:
        model.calibrate(*censored(200, 2, end))
    X, target = censored(300, 4, end)[0], 0.0 if end == "lowest" else 5.0
    outer = model.predict(X)[:, 0 if end == "lowest" else 2]
    near = np.abs(outer - target) < 0.01
    assert 30 < near.sum() < 270
    path = tmp_path / "table.cmlp"
    model.save(path)
    in_c, loaded = model_in_c(path), cmlp.load(path)
    for coverage in (0.01, 0.3, 0.5, 0.8, 0.95):
        intervals = model.predict_interval(X, coverage)
        assert covered(intervals[near], target).all() and np.isfinite(intervals).all()
        for copy in (loaded, copy_of(model)):
            assert copy.predict_interval(X, coverage).tobytes() == intervals.tobytes()
        assert ([in_c.intervals(coverage, row)[0] for row in X] == intervals).all()
    loaded.save(tmp_path / "again.cmlp")
    assert (tmp_path / "again.cmlp").read_bytes() == path.read_bytes()


def test_ends_that_are_not_frequent_change_nothing(quantiles):
    assert model_of(quantiles).calibration.limits is None
    X, y = numbers(400, seed=0)
    weight = np.where(np.arange(400) < 30, 1e-3, 1.0)
    y[:30] = -9.0  # the lowest target has a share of 0.0001
    assert (
        model_of(TabularRegressor(**TINY, **SEVERAL).fit(X, y, weight)).calibration.limits is None
    )


@pytest.mark.parametrize("width", ["adaptive", "constant"])
@pytest.mark.parametrize("end", ["lowest", "highest", "both"])
def test_intervals_of_one_prediction_end_at_a_frequent_end(end, width, tmp_path):
    """The other ends are those of the same margins without limits; C, files and pickles have the same bits."""
    X, y = censored(400, 0, end)
    model = TabularRegressor(**TINY, interval_width=width).fit(X, y)
    X_new, y_new = censored(300, 4, end)
    known = model_of(model).calibration
    assert np.isfinite(known.limits[0, :, 0]).tolist() == [end != "highest", end != "lowest"]
    plain = changed(copy_of(model), calibration=known._replace(limits=None))
    path = tmp_path / "table.cmlp"
    model.save(path)
    in_c, loaded = model_in_c(path), cmlp.load(path)
    for coverage in (0.01, 0.5, 0.8, 0.95):
        intervals, free = (one.predict_interval(X_new, coverage) for one in (model, plain))
        expected = np.clip(free, -inf if end == "highest" else 0.0, inf if end == "lowest" else 5.0)
        assert intervals.tobytes() == expected.tobytes()
        assert (covered(intervals, y_new) == covered(free, y_new)).all()
        for copy in (loaded, copy_of(model)):
            assert copy.predict_interval(X_new, coverage).tobytes() == intervals.tobytes()
        assert ([in_c.intervals(coverage, row)[0] for row in X_new] == intervals).all()
    assert (intervals != free).any(axis=1).sum() > 50
    loaded.save(tmp_path / "again.cmlp")
    assert (tmp_path / "again.cmlp").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("width", ["adaptive", "constant"])
def test_intervals_of_several_targets_end_at_the_frequent_ends_of_each(width, tmp_path):
    X, free = numbers(400, seed=0)
    low, both = (censored(400, 0, end)[1] for end in ("lowest", "both"))
    y = np.stack([low, free, both], axis=1)
    model = TabularRegressor(**TINY, interval_width=width).fit(X, y)
    known = model_of(model).calibration
    assert known.limits[:, :, 0].tolist() == [[0.0, inf], [-inf, inf], [0.0, 5.0]]
    plain = changed(copy_of(model), calibration=known._replace(limits=None))
    path = tmp_path / "table.cmlp"
    model.save(path)
    in_c, loaded = model_in_c(path), cmlp.load(path)
    for coverage in (0.5, 0.95):
        intervals, unlimited = (one.predict_interval(X, coverage) for one in (model, plain))
        expected = np.clip(unlimited, *known.limits[:, :, 0].T[:, None, :, None])
        assert intervals.tobytes() == expected.tobytes() != unlimited.tobytes()
        for copy in (loaded, copy_of(model)):
            assert copy.predict_interval(X, coverage).tobytes() == intervals.tobytes()
        assert ([in_c.intervals(coverage, row) for row in X[:50]] == intervals[:50]).all()
    loaded.save(tmp_path / "again.cmlp")
    assert (tmp_path / "again.cmlp").read_bytes() == path.read_bytes()
    y[7, 2] = 5.000001
    model.calibrate(X, y)  # a row beyond a limit removes that of its target only
    assert model_of(model).calibration.limits[:, :, 0].tolist() == [[0, inf], [-inf, inf], [0, inf]]


def test_intervals_without_enough_errors_are_infinite_on_both_sides(tmp_path):
    """No limit says anything about the rows that a margin without an error stands for."""
    X, y = censored(400, 0, "both")
    model = TabularRegressor(**TINY).fit(X, y).calibrate(*censored(30, 2, "both"))
    assert np.isfinite(model_of(model).calibration.limits).all()
    with pytest.warns(UserWarning, match="intervals are infinite"):
        intervals = model.predict_interval(X[:5], 0.99)
    assert (intervals == [-inf, inf]).all()
    model.save(tmp_path / "table.cmlp")
    in_c = model_in_c(tmp_path / "table.cmlp")
    assert (in_c.intervals(0.99, X[0]) == [[-inf, inf]]).all()


@pytest.mark.parametrize("origin", ["calibrate", "X_val"])
@pytest.mark.parametrize(("beyond", "remaining"), [(-1e-300, [-inf, 5.0]), (5.000001, [0.0, inf])])
def test_a_row_beyond_a_frequent_end_removes_it(beyond, remaining, origin):
    (X, y), (X_other, other) = censored(400, 0, "both"), censored(60, 2, "both")
    other[7] = beyond
    model = TabularRegressor(**TINY)
    if origin == "X_val":
        model.fit(X, y, X_val=X_other, y_val=other)
    else:
        model.fit(X, y).calibrate(X_other, other)
    assert model_of(model).calibration.limits[0, :, 0].tolist() == remaining
    for rank, coverage in ranks_and_coverages(60):
        assert covered(model.predict_interval(X_other, coverage), other).sum() >= rank
    model.calibrate(*censored(60, 6, "both"))
    assert (
        model_of(model).calibration.limits[0, :, 0].tolist() == remaining
    )  # it does not come back


def test_the_frequent_end_is_the_target_and_not_what_its_scale_makes_of_it():
    """Of these numbers, the scale makes one that is above the lowest: no interval would contain it."""
    n_missed = 0
    for seed in range(20):
        X, y = censored(100, seed, "lowest")
        y = 0.1 + y / 3
        model = TabularRegressor(**{**TINY, "n_epochs": 3, "random_state": seed}).fit(X, y)
        scale = model_of(model).answer_scale
        n_missed += scale.low[0] * scale.scale[0] + scale.centre[0] > 0.1
        assert model.predict_interval(X, 0.9).min() == 0.1
    assert n_missed


def test_weights_decide_which_end_is_frequent():
    X, y = numbers(400, seed=0)
    y[:40] = -9.0
    for weight, is_frequent in [(None, True), (np.where(np.arange(400) < 40, 0.4, 1.0), False)]:
        model = TabularRegressor(**TINY).fit(X, y, weight)
        assert (model_of(model).calibration.limits is not None) == is_frequent
    y[:40:2] = -9.0
    y[1:40:2] = -8.9  # 20 of 400 rows are 5 %
    assert model_of(TabularRegressor(**TINY).fit(X, y)).calibration.limits is not None
    y[0] = -8.9
    assert model_of(TabularRegressor(**TINY).fit(X, y)).calibration.limits is None


def test_predictions_beyond_a_frequent_end_have_it_as_their_interval():
    """A warm start keeps the range of the first targets: its predictions can be below the lowest of the second."""
    X, y = numbers(400, seed=0)
    model = TabularRegressor(**{**TINY, "n_epochs": 1}, warm_start=True).fit(X, y)
    low, high = model.fit(X, np.maximum(y, 0)).predict_interval(X, 0.05).T
    assert (model.predict(X) < -0.2).any()
    assert (low >= 0).all() and (low <= high).all() and (high[model.predict(X) < -0.2] == 0).any()


# -------------------------------------------------------------------------------------------------------- ties

N_TIED = 60
DISTRIBUTIONS = {
    "of two numbers": lambda rng: rng.choice([0.1, 0.7], N_TIED),
    "of two float32 numbers": lambda rng: rng.choice([0.1, 0.7], N_TIED).astype(np.float32),
    "of two large numbers": lambda rng: 1e6 + rng.choice([0.1, 0.7], N_TIED),
    "of two huge numbers": lambda rng: 1e15 + rng.choice([0.25, 0.75], N_TIED),
    "of small numbers": lambda rng: (
        1e-12 * rng.standard_normal(N_TIED) + rng.choice([0.0, 0.3], N_TIED)
    ),
    "of all magnitudes": lambda rng: (
        10 ** rng.uniform(-12, 3, N_TIED) * rng.choice([-1, 1], N_TIED)
    ),
    "of one number": lambda rng: np.full(N_TIED, 0.1),
}
TIED = {"n_estimators": 3, "hidden_layer_sizes": (4,), "n_epochs": 2}
TIED_MODELS = {
    "absolute error": {},
    "median": {"loss": "quantile"},
    "quantiles": {"loss": "quantile", "quantile": [0.3, 0.7]},
    "two targets": {},
}


def ranks_and_coverages(n):
    """Return the rank of the score for each coverage, which is just not above that of the rank."""
    return [(rank, rank / (n + 1)) for rank in range(1, n + 1)]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("draw", DISTRIBUTIONS)
@pytest.mark.parametrize("kind", TIED_MODELS)
@pytest.mark.parametrize("origin", ["calibrate", "X_val"])
def test_interval_contains_every_row_up_to_its_rank(draw, kind, origin):
    """The networks that judge the rows of `X_val` are those that predict."""
    for seed in range(4):
        rng = np.random.RandomState(seed)
        X, y = (
            rng.randint(0, 3, (2, N_TIED, 2)),
            np.stack([DISTRIBUTIONS[draw](rng) for _ in range(4)]),
        )
        y = y.reshape(2, 2, N_TIED).transpose(0, 2, 1) if kind == "two targets" else y[:2]
        model = TabularRegressor(**TIED, **TIED_MODELS[kind], random_state=seed)
        if origin == "X_val":
            model.fit(X[0], y[0], X_val=X[1], y_val=y[1])
        else:
            model.fit(X[0], y[0]).calibrate(X[1], y[1])
        for rank, coverage in ranks_and_coverages(N_TIED):
            low, high = np.moveaxis(model.predict_interval(X[1], coverage), -1, 0)
            assert (((low <= y[1]) & (y[1] <= high)).sum(axis=0) >= rank).all(), (seed, rank)


def test_held_out_targets_are_those_of_the_user():
    """The column has no information: the network has one prediction, and an interval ends at 0.1 or 0.7."""
    for seed in range(30):
        y = np.random.RandomState(seed).choice([0.1, 0.7], 60)
        model = TabularRegressor(**{**TIED, "n_estimators": 1}, random_state=seed).fit(
            np.zeros((60, 1)), y
        )
        low, high = model.predict_interval([[0.0]], 0.5)[0]
        assert low <= 0.1 <= high or low <= 0.7 <= high


@pytest.mark.filterwarnings("ignore::cmlp.exceptions.UncoveredClassWarning")
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("origin", ["calibrate", "X_val"])
def test_set_contains_every_row_up_to_its_rank(n_classes, origin):
    for seed in range(4):
        rng = np.random.RandomState(seed)
        X, y = rng.randint(0, 3, (2, N_TIED, 2)), rng.randint(0, n_classes, (2, N_TIED))
        model = TabularClassifier(**TIED, random_state=seed)
        if origin == "X_val":
            model.fit(X[0], y[0], X_val=X[1], y_val=y[1])
        else:
            model.fit(X[0], y[0]).calibrate(X[1], y[1])
        for rank, coverage in ranks_and_coverages(N_TIED):
            assert in_set(model, model.predict_set(X[1], coverage), y[1]).sum() >= rank


@pytest.mark.filterwarnings("ignore::cmlp.exceptions.UncoveredClassWarning")
def test_set_of_each_label_contains_every_row_up_to_its_rank():
    rng = np.random.RandomState(0)
    X, y = rng.randint(0, 3, (N_TIED, 2)), rng.randint(0, 2, (N_TIED, 3))
    model = TabularClassifier(**TIED, random_state=0).fit(X, y).calibrate(X, y)
    for rank, coverage in ranks_and_coverages(N_TIED):
        sets = model.predict_set(X, coverage)
        assert (np.take_along_axis(sets, y[..., None], axis=-1).sum(axis=0) >= rank).all()


# ------------------------------------------------------------------------------------------------------- rules


def test_interval_is_the_prediction_plus_and_minus_an_error(constant):
    X, y = numbers(19, seed=4)
    model = copy_of(constant).calibrate(X, y)
    errors = np.sort(np.abs(y - model.predict(X)))
    for coverage, rank in [(0.05, 1), (0.9, 18), (0.95, 19), (0.899, 18), (0.901, 19)]:
        expected = model.predict(X)[:, None] + errors[rank - 1] * np.array([-1, 1])
        assert (model.predict_interval(X, coverage) == expected).all()


def test_interval_of_quantiles_moves_the_outer_ones(quantiles):
    X, y = numbers(19, seed=4)
    model = copy_of(quantiles).calibrate(X, y)
    low, _, high = model.predict(X).T
    score = np.sort(np.maximum(low - y, y - high))[17]
    expected = np.stack([low - score, high + score], axis=1)
    assert (model.predict_interval(X, 0.9) == expected).all()


def test_crossed_ends_become_the_point_between_them(quantiles):
    X, _ = numbers(50, seed=4)
    low, _, high = quantiles.predict(X).T
    intervals = copy_of(quantiles).calibrate(X, (low + high) / 2).predict_interval(X, 0.9)
    assert (intervals[:, 0] <= intervals[:, 1]).all()
    narrow = (high - low).argmin()
    assert intervals[narrow, 0] == intervals[narrow, 1] == pytest.approx((low + high)[narrow] / 2)


def test_set_has_the_classes_above_a_threshold_and_never_none(classifier, tmp_path):
    X, y = classes(99, seed=5)
    model = copy_of(classifier).calibrate(X, y)
    p = model.predict_proba(X)
    scores = np.sort(1 - p[np.arange(99), np.searchsorted(model.classes_, y)])
    for coverage, rank in [(0.3, 30), (0.9, 90)]:
        expected = 1 - p <= scores[rank - 1]
        expected[np.arange(99), p.argmax(axis=1)] = True
        assert (model.predict_set(X, coverage) == expected).all()
    model.save(tmp_path / "model.cmlp")
    in_c = model_in_c(tmp_path / "model.cmlp")
    for coverage in (0.01, 0.3, 0.9, 0.999):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sets = model.predict_set(X, coverage)
        assert ([in_c.sets(coverage, row) for row in X] == sets).all()
    assert (model.predict_set(X, 0.01).sum(axis=1) == 1).all()


@pytest.mark.parametrize(
    "kind, method, instead",
    [
        (TabularClassifier, "predict_interval", "predict_set"),
        (TabularRegressor, "predict_set", "predict_interval"),
    ],
)
def test_the_method_of_the_other_class_is_named(kind, method, instead):
    assert not hasattr(kind, method)
    with pytest.raises(AttributeError, match=f"has no attribute '{method}': use {instead}"):
        getattr(kind(), method)


def test_binary_classifier_has_sets_of_both_classes():
    X, y = numbers(300, seed=0)
    model = TabularClassifier(**TINY).fit(X, y > 0)
    sets = model.predict_set(X, 0.95)
    assert sets.shape == (300, 2) and sets.any(axis=1).all() and sets.all(axis=1).any()


def test_too_few_rows_give_infinite_intervals_and_all_classes(regressor, classifier):
    model = copy_of(regressor).calibrate(*numbers(8, seed=1))
    with pytest.warns(
        UserWarning, match="coverage=0.9 needs at least 9 scores, but the model has 8"
    ):
        assert (model.predict_interval(np.zeros((2, 3)), 0.9) == [[-inf, inf]] * 2).all()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.calibrate(*numbers(9, seed=1)).predict_interval(np.zeros((2, 3)), 0.9)
    with pytest.warns(UserWarning, match="sets have all classes"):
        assert (
            copy_of(classifier).calibrate(*classes(5, seed=1)).predict_set(np.zeros((1, 3))).all()
        )


def test_weights_count_as_rows_that_are_nearly_equal(regressor):
    X, y = numbers(40, seed=6)
    weighted = copy_of(regressor).calibrate(X, y, np.full(40, 5.0)).predict_interval(X, 0.5)
    assert (weighted == copy_of(regressor).calibrate(X, y).predict_interval(X, 0.5)).all()
    weight = np.where(np.arange(40) < 20, 9.0, 1.0)
    heavy = copy_of(regressor).calibrate(X, y, weight).predict_interval(X, 0.5)
    # Rows that are quite equal would be copies, which count once.
    copies = np.repeat(np.arange(40), weight.astype(int))
    copied = copy_of(regressor).calibrate(X[copies], y[copies] + 1e-9 * np.arange(len(copies)))
    width, expected = (np.diff(one)[0, 0] for one in (heavy, copied.predict_interval(X, 0.5)))
    assert width == pytest.approx(expected, rel=0.2) and width != np.diff(weighted)[0, 0]
    X_more, y_more = np.concatenate([X, X]), np.concatenate([y, y + 1e6])
    without = (
        copy_of(regressor)
        .calibrate(X_more, y_more, np.repeat([1.0, 0.0], 40))
        .predict_interval(X, 0.5)
    )
    assert (without == copy_of(regressor).calibrate(X, y).predict_interval(X, 0.5)).all()


def test_many_scores_are_thinned_without_loss_of_coverage(constant):
    X, y = numbers(25_000, seed=7)
    model = copy_of(constant).calibrate(X, y)
    errors = np.sort(np.abs(y - model.predict(X)))
    for coverage in (0.8, 0.9, 0.95, 0.99):
        half = np.diff(model.predict_interval(X[:1], coverage))[0, 0] / 2
        share = np.mean(errors <= half + 1e-12)
        assert coverage <= share < coverage + 2e-4


def test_validation_data_of_the_user_are_the_rows():
    X, y = numbers(200, seed=0)
    model = TabularRegressor(**TINY).fit(X, y, X_val=X[:30] + 1, y_val=y[:30])
    twin = copy_of(model).calibrate(X[:30] + 1, y[:30])
    assert (model.predict_interval(X, 0.9) == twin.predict_interval(X, 0.9)).all()


def test_calibrate_changes_no_prediction_and_fit_forgets_it(regressor):
    X, y = numbers(100, seed=8)
    model = copy_of(regressor)
    before, held_out = model.predict(X), model.predict_interval(X)
    assert model.calibrate(X, y) is model
    assert (model.predict(X) == before).all() and (model.predict_interval(X) != held_out).any()
    assert (model.fit(*numbers(400, seed=0)).predict_interval(X) == held_out).all()


@pytest.mark.parametrize("draw", [numbers, lambda n, seed: censored(n, seed, "lowest")])
def test_resumed_fit_has_the_same_intervals(draw):
    X, y = draw(300, seed=0)
    whole = TabularRegressor(random_state=0, provenance=True).fit(X, y)
    model = TabularRegressor(random_state=0, max_time=1e-9).fit(X, y)
    model.set_params(max_time=None).fit(X, y, resume=True)
    assert model.predict_interval(X).tobytes() == whole.predict_interval(X).tobytes()
    assert cmlp.verify(whole, X, y).reason == "identical"


# -------------------------------------------------------------------------------- widths that follow the prediction


def cone(n, seed):
    """Return rows whose noise grows with the target."""
    rng = np.random.RandomState(seed)
    X = rng.random_sample((n, 3))
    return X, 10 * X[:, 0] + (0.2 + 3 * X[:, 0]) * rng.standard_normal(n)


def gap_in_thirds(intervals, predicted, y):
    inside = covered(intervals, y)[np.argsort(predicted, kind="stable")]
    return np.mean([abs(third.mean() - 0.9) for third in np.array_split(inside, 3)])


@pytest.mark.parametrize("separate", [False, True])
def test_adaptive_intervals_hold_in_thirds_by_prediction_and_are_narrower(separate):
    X, y = cone(4000, seed=1)
    intervals = {}
    for width in ("adaptive", "constant"):
        model = TabularRegressor(**TINY, interval_width=width).fit(*cone(800, seed=0))
        if separate:
            model.calibrate(*cone(400, seed=2))
        intervals[width] = model.predict_interval(X, 0.9)
    gaps = {width: gap_in_thirds(one, model.predict(X), y) for width, one in intervals.items()}
    assert gaps["adaptive"] < gaps["constant"] / 2 and gaps["constant"] > 0.04
    assert np.diff(intervals["adaptive"]).mean() < np.diff(intervals["constant"]).mean()
    assert len(np.unique(np.diff(intervals["constant"]).round(9))) == 1


def test_coverage_multiplies_all_widths_alike(regressor):
    X, y = numbers(50, seed=1)
    for model in (regressor, copy_of(regressor).calibrate(X, y)):
        half, most = (np.diff(model.predict_interval(X, coverage))[:, 0] for coverage in (0.5, 0.9))
        assert np.ptp(most / half) < 1e-9 < np.ptp(most)


def test_scores_of_user_validation_rows_are_cross_fitted():
    """`calibrate` with the same rows has the same widths, but these have learned from the rows that give the scores."""
    X, y = cone(200, seed=3)
    model = TabularRegressor(**TINY).fit(*cone(300, seed=0), X_val=X, y_val=y)
    before, after = (
        np.diff(one.predict_interval(X, 0.9))[:, 0]
        for one in (model, copy_of(model).calibrate(X, y))
    )
    assert np.ptp(before / after) < 1e-9 and (before != after).all()


@pytest.mark.parametrize("draw", DISTRIBUTIONS)
@pytest.mark.parametrize("targets", [1, 2])
def test_adaptive_interval_contains_every_row_up_to_its_rank(draw, targets):
    rng = np.random.RandomState(0)
    X = rng.randint(0, 9, (5 * N_TIED, 2))
    y = np.concatenate(
        [[DISTRIBUTIONS[draw](rng) for _ in range(targets)] for _ in range(5)], axis=1
    ).T
    y = y if targets > 1 else y[:, 0]
    fitted = TabularRegressor(**TIED, random_state=0).fit(X, y)
    model = copy_of(fitted).calibrate(X[:N_TIED], y[:N_TIED])
    widths = np.diff(model.predict_interval(X, 0.9)).reshape(len(X), -1)
    assert draw in ("of one number", "of two huge numbers") or (np.ptp(widths, axis=0) > 0).all()
    for rank, coverage in ranks_and_coverages(N_TIED):
        low, high = np.moveaxis(model.predict_interval(X[:N_TIED], coverage), -1, 0)
        assert (((low <= y[:N_TIED]) & (y[:N_TIED] <= high)).sum(axis=0) >= rank).all(), rank


@pytest.mark.filterwarnings("ignore:interval_width .* has no effect")
@pytest.mark.parametrize(
    ("n", "parameters"),
    [
        (90, {}),
        (400, {"early_stopping": False}),
        (400, {"loss": "quantile", "quantile": [0.2, 0.8]}),
    ],
)
def test_widths_are_constant_without_enough_held_out_rows_and_for_quantiles(n, parameters):
    X, y = cone(n, seed=0)
    models = [
        TabularRegressor(**TINY, **parameters, interval_width=width).fit(X, y)
        for width in ("adaptive", "constant")
    ]
    first, second = (model.calibrate(*cone(50, seed=1)).predict_interval(X) for model in models)
    assert (first == second).all()


def test_equal_predictions_have_one_width():
    X, y = np.zeros((300, 1)), np.random.RandomState(0).standard_normal(300)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = TabularRegressor(**TINY).fit(X, y)
    assert len(np.unique(model.predict_interval(X), axis=0)) == 1
    assert np.isfinite(TabularRegressor(**TINY).fit(X, np.ones(300)).predict_interval(X)).all()


# ---------------------------------------------------------------------------------------------- files and C


@pytest.mark.parametrize("kind", ["regressor", "quantiles", "classifier"])
@pytest.mark.parametrize("separate", [False, True])
def test_file_and_c_have_the_calibration(kind, separate, tmp_path, request):
    model = copy_of(request.getfixturevalue(kind))
    draw = classes if kind == "classifier" else numbers
    if separate:
        model.calibrate(*draw(70, seed=1))
    X, path = draw(50, seed=2)[0], tmp_path / "table.cmlp"
    method = "predict_set" if kind == "classifier" else "predict_interval"
    model.save(path)
    loaded = cmlp.load(path)
    assert (getattr(loaded, method)(X, 0.8) == getattr(model, method)(X, 0.8)).all()
    in_c = model_in_c(path)
    for coverage in (1e-12, 0.3, 0.5, 0.8, 0.9, 0.95, 1 - 1e-12):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            expected = model_of(model).calibration.margins(coverage)[0]
            found = getattr(model, method)(X, coverage)
        assert bool(caught) == (expected == inf)
        if kind == "classifier":
            assert ([in_c.sets(coverage, row) for row in X] == found).all()
        else:
            assert ([in_c.intervals(coverage, row)[0] for row in X] == found).all()
    for coverage in (0.0, 1.0, math.nan):
        with pytest.raises(StatusError, match=r"OPTION.*answer->coverage"):
            (in_c.sets if kind == "classifier" else in_c.intervals)(coverage, X[0])
    loaded.save(tmp_path / "again.cmlp")
    assert (tmp_path / "again.cmlp").read_bytes() == path.read_bytes()


KNOTS = {
    "one": [1.0],
    "equal": [1.0] * 5,
    "equal at the ends": [-1.0, -1.0, 0.0, 2.0, 2.0],
    "large": [-1e300, -1.0, 1e300],
}


@pytest.mark.parametrize("knots", KNOTS)
def test_c_searches_the_knots_as_python_does(knots, regressor, tmp_path):
    path = tmp_path / "table.cmlp"
    widths = np.array([[KNOTS[knots], np.arange(1.0, len(KNOTS[knots]) + 1)]])
    score = write_with_widths(path, regressor, widths).margins(0.8)[0]
    in_c, X = model_in_c(path), numbers(300, seed=3)[0] * 3
    predictions = regressor.predict(X)
    assert predictions.min() < -1 and predictions.max() > 2
    margins = score * factors_of(widths, predictions[:, None])[:, 0]
    expected = np.stack([predictions - margins, predictions + margins], axis=1)
    assert np.isfinite(expected).all() and (margins >= score).all()
    assert ([in_c.intervals(0.8, row)[0] for row in X] == expected).all()


def test_rows_below_the_only_prediction_of_the_validation_rows_have_its_interval(tmp_path):
    """Nearly all validation rows have one prediction, so all knots are equal; a row below them is no exception."""
    rng = np.random.RandomState(0)
    X = np.r_[np.zeros(300), 1.0][:, None]
    y = np.where(X[:, 0] == 1, -50.0, rng.standard_normal(301))
    model = TabularRegressor(**TINY, early_stopping=True).fit(
        X, y, X_val=np.zeros((200, 1)), y_val=y[:200]
    )
    model.save(tmp_path / "table.cmlp")
    X_new = [[0.0], [1.0]]
    predicted, in_c = model.predict(X_new), model_in_c(tmp_path / "table.cmlp")
    assert (
        predicted[1] < predicted[0]
        and len(np.unique(model_of(model).calibration.widths[0, 0])) == 1
    )
    intervals = model.predict_interval(X_new)
    margins = intervals[:, 1] - predicted
    assert margins[0] == pytest.approx(margins[1]) and margins[0] > 0
    assert ([in_c.intervals(0.9, np.array(row))[0] for row in X_new] == intervals).all()


@pytest.fixture
def parts(regressor, tmp_path):
    regressor.save(tmp_path / "good.cmlp")
    return split((tmp_path / "good.cmlp").read_bytes())


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"calibration.widths"', b'"calibration.width"'),
        (b'"shape":[2,5]', b'"shape":[1,10]'),
        (b'"shape":[1,100]', b'"shape":[2,50]'),
        (b'"shape":[1,100]', b'"shape":[100]'),
    ],
)
def test_bad_calibration_in_a_file_raises(parts, old, new, tmp_path):
    text, data = parts
    assert text.count(old) == 1
    (tmp_path / "bad.cmlp").write_bytes(repaired(text.replace(old, new), data))
    with pytest.raises(ModelFormatError):
        cmlp.load(tmp_path / "bad.cmlp")


@pytest.mark.parametrize(
    ("at", "number"),
    [(0, 1), (0, 4), (4, 0), (4, 3)],
    ids=["absolute error", "probability", "no rows", "unknown rows"],
)
def test_bad_kind_of_calibration_in_a_file_raises(parts, at, number, tmp_path):
    file = with_byte("regressor", "calibration.kind", number, at)({"regressor": repaired(*parts)})
    (tmp_path / "bad.cmlp").write_bytes(file)
    with pytest.raises(ModelFormatError):
        cmlp.load(tmp_path / "bad.cmlp")


@pytest.mark.parametrize("kind", [0, 5])
def test_calibration_of_an_unknown_kind_is_none_in_c(parts, kind, tmp_path):
    file = with_byte("regressor", "calibration.kind", kind)({"regressor": repaired(*parts)})
    (tmp_path / "new.cmlp").write_bytes(file)
    with pytest.raises(ModelFormatError, match=r"'calibration\.kind' is missing or unknown"):
        cmlp.load(tmp_path / "new.cmlp")
    with pytest.raises(ValueError, match=r"NOT_FOUND"):
        model_in_c(tmp_path / "new.cmlp").intervals(0.9, np.zeros(3))


# ---------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize("coverage", [0, 1, -0.1, 90, math.nan, None, "0.9", True])
def test_invalid_coverage_raises(regressor, classifier, coverage):
    for method in (regressor.predict_interval, classifier.predict_set):
        with pytest.raises(ValueError, match="coverage must be a number above 0 and below 1, got"):
            method(np.zeros((2, 3)), coverage)


def test_model_without_held_out_rows_asks_for_calibrate():
    X, y = numbers(15, seed=0)
    model = TabularRegressor(**TINY).fit(X, y)
    with pytest.raises(
        ValueError, match=r"predict_interval needs rows .* held out no rows.*calibrate\(X, y\)"
    ):
        model.predict_interval(X)
    assert model.calibrate(*numbers(20, seed=1)).predict_interval(X).shape == (15, 2)


def test_model_that_is_not_fitted_raises():
    X, y = numbers(15, seed=0)
    for call in (lambda model: model.predict_interval(X), lambda model: model.calibrate(X, y)):
        with pytest.raises(cmlp.exceptions.NotFittedError):
            call(TabularRegressor())


def test_a_keyword_of_the_other_class_names_the_class(regressor):
    with pytest.raises(
        TypeError,
        match=r"^TabularRegressor\.calibrate\(\) got an unexpected keyword .*'probabilities'",
    ):
        regressor.calibrate(*numbers(60, 1), probabilities=True)


def test_bad_rows_keep_the_calibration(regressor):
    X, y = numbers(30, seed=0)
    model, expected = copy_of(regressor), regressor.predict_interval(X)
    for rows, targets in [(X, y[:-1]), (X[:, :2], y), (X, np.full(30, np.nan))]:
        with pytest.raises(ValueError):
            model.calibrate(rows, targets)
    with pytest.raises(ValueError, match="sample_weight"):
        model.calibrate(X, y, np.full(30, -1.0))
    assert (model.predict_interval(X) == expected).all()
