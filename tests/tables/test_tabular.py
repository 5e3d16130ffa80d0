"""`TabularClassifier` and `TabularRegressor`: quality, reproducibility, state, errors."""

import copy
import os
import pickle
import signal
import threading
import time
import warnings

import numpy as np
import pytest
from helpers import uniform
from internals import model_of
from optional import package

from cmlp import TabularClassifier, TabularRegressor
from cmlp.exceptions import LabelsWarning, MovedRowsWarning

QUICK = {"n_estimators": 2, "hidden_layer_sizes": (16,), "random_state": 0}


def table(n=300, seed=0):
    """A table whose target needs both columns of numbers and the categories; 5 % of the numbers are missing."""
    rng = np.random.RandomState(seed)
    size, age, colour = (
        rng.exponential(1000, n),
        rng.uniform(0, 90, n),
        rng.choice(["red", "green", "blue"], n),
    )
    y = np.log(size) + 0.05 * age + np.where(colour == "red", 3.0, 0.0)
    columns = [size.astype(object), age.astype(object), colour.astype(object)]
    columns[0][rng.random_sample(n) < 0.05] = None
    return np.stack(columns, axis=1), y


X, NUMBERS = table()
LABELS = np.where(NUMBERS > np.median(NUMBERS), "high", "low")
CASES = [
    pytest.param(TabularClassifier, LABELS, id="classifier"),
    pytest.param(TabularClassifier, np.digitize(NUMBERS, [7, 9]), id="three classes"),
    pytest.param(TabularRegressor, NUMBERS, id="regressor"),
]


def predicted(model, Z=X):
    return model.predict_proba(Z) if hasattr(model, "predict_proba") else model.predict(Z)


def test_mixed_columns_are_learned():
    Z, y = table(2000, seed=1)
    model = TabularRegressor(random_state=0).fit(Z[:1500], y[:1500])
    assert model.score(Z[1500:], y[1500:]) > 0.9
    labels = y > np.median(y)
    assert (
        TabularClassifier(random_state=0)
        .fit(Z[:1500], labels[:1500])
        .score(Z[1500:], labels[1500:])
        > 0.93
    )


@pytest.mark.filterwarnings("ignore::cmlp.exceptions.LeakWarning")  # by how y is made here
@pytest.mark.parametrize("loss", ["absolute_error", "quantile"])
@pytest.mark.filterwarnings("error:The model is not clearly better than a constant")
def test_one_far_target_does_not_ruin_a_robust_loss(loss):
    """Its bins, too, are those of the other rows, and there is no warning that the model is useless."""
    x = uniform(0, 400, 3)
    y = 2 * x[:, 0] + x[:, 1]
    far = y.copy()
    far[17] = 1e9
    model = TabularRegressor(
        loss=loss, n_estimators=8, hidden_layer_sizes=(32,), random_state=0
    ).fit(x, far)
    others = np.arange(400) != 17
    assert model.score(x[others], y[others]) > 0.98
    assert len(model_of(model).columns[0].edges) > 10


def test_a_column_whose_signal_goes_up_and_down_many_times():
    """Its bins are as many as its signal has ups and downs, and all networks see them."""
    x, z = (uniform(seed, 600, 1, low=0.0) for seed in (0, 1))
    model = TabularRegressor(random_state=0).fit(x, np.sin(20 * np.pi * x[:, 0]))
    assert model.score(z, np.sin(20 * np.pi * z[:, 0])) > 0.9
    assert len({net.sizes for net in model.estimators_}) == 1
    other = TabularRegressor(**QUICK, n_epochs=1).fit(x, np.sin(4 * np.pi * x[:, 0]))
    assert len({net.sizes for net in other.estimators_}) == 2


def test_real_table_next_to_logistic_regression():
    datasets, linear = package("sklearn.datasets"), package("sklearn.linear_model")
    D, t = datasets.load_breast_cancer(return_X_y=True)
    ours = TabularClassifier(random_state=0).fit(D[::2], t[::2])
    scaled = (D - D[::2].mean(axis=0)) / D[::2].std(axis=0)
    theirs = linear.LogisticRegression().fit(scaled[::2], t[::2])
    assert ours.score(D[1::2], t[1::2]) >= theirs.score(scaled[1::2], t[1::2]) - 0.02
    # probabilities of the true class, calibrated: about as many right as promised
    assert abs(ours.predict_proba(D[1::2]).max(axis=1).mean() - ours.score(D[1::2], t[1::2])) < 0.04


@pytest.mark.parametrize("kind, y", CASES)
def test_results_do_not_depend_on_threads_or_copies(kind, y):
    one = predicted(kind(**QUICK, n_threads=1).fit(X, y))
    assert one.tobytes() == predicted(kind(**QUICK, n_threads=2).fit(X, y)).tobytes()
    model = kind(**QUICK).fit(X, y)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert predicted(twin).tobytes() == one.tobytes()


@pytest.mark.parametrize("kind, y", CASES)
def test_rows_predicted_alone_have_the_same_bits(kind, y):
    model = kind(**QUICK).fit(X, y)
    alone = np.concatenate([predicted(model, X[i : i + 1]) for i in range(5)])
    assert alone.tobytes() == predicted(model)[:5].tobytes()


def test_seeds_differ_and_None_draws_one():
    first, second = (
        predicted(TabularRegressor(**{**QUICK, "random_state": seed}).fit(X, NUMBERS))
        for seed in (0, 1)
    )
    assert not np.array_equal(first, second)
    np.random.seed(5)
    drawn = predicted(TabularRegressor(**{**QUICK, "random_state": None}).fit(X, NUMBERS))
    np.random.seed(5)
    again = predicted(TabularRegressor(**{**QUICK, "random_state": None}).fit(X, NUMBERS))
    assert drawn.tobytes() == again.tobytes()


def test_probabilities_are_the_mean_of_the_networks():
    model = TabularClassifier(**QUICK).fit(X, LABELS)
    assert len(model.estimators_) == 2
    mean, parts = model.predict_proba(X), []
    for net in (
        model.estimators_
    ):  # with uniform probabilities from one network, those of the other remain
        kept = net.params.copy()
        net.weights[-1][:], net.biases[-1][:] = 0, 0
        parts.append(model.predict_proba(X))
        net.params = kept
    np.testing.assert_allclose(sum(parts) - 1 / len(model.classes_), mean, atol=1e-6)
    np.testing.assert_array_equal(model.predict_proba(X), mean)
    np.testing.assert_allclose(mean.sum(axis=1), 1)
    with_bins, without = (net.sizes[0] for net in model.estimators_)
    assert with_bins > without
    np.testing.assert_array_equal(
        model.predict(X), model.classes_[model.predict_proba(X).argmax(axis=1)]
    )
    np.testing.assert_array_equal(model.predict_log_proba(X), np.log(model.predict_proba(X)))


def test_predictions_stay_in_the_range_of_the_targets():
    far = np.array([[1e12, 1e6, "red"]], dtype=object)
    assert (
        NUMBERS.min()
        <= TabularRegressor(**QUICK).fit(X, NUMBERS).predict(far)[0]
        <= NUMBERS.max() + 1e-9
    )


@pytest.mark.parametrize("level", [0.1, 0.9])
def test_quantiles_have_their_share_of_rows_below(level):
    rng = np.random.RandomState(0)
    Z = rng.uniform(0, 1, (2000, 1))
    y = Z[:, 0] + rng.exponential(1.0, 2000)
    model = TabularRegressor(loss="quantile", quantile=level, random_state=0).fit(
        Z[:1500], y[:1500]
    )
    assert abs(np.mean(y[1500:] <= model.predict(Z[1500:])) - level) < 0.05


def test_several_quantiles_never_cross_and_have_their_shares_of_rows_below():
    rng = np.random.RandomState(0)
    Z, levels = rng.uniform(0, 1, (4000, 1)), [0.1, 0.5, 0.9]
    y = Z[:, 0] + rng.exponential(1.0, 4000)
    model = TabularRegressor(loss="quantile", quantile=levels, random_state=0).fit(
        Z[:3000], y[:3000]
    )
    predicted = model.predict(Z[3000:])
    assert predicted.shape == (1000, 3)
    assert np.abs((y[3000:, None] <= predicted).mean(axis=0) - levels).max() < 0.05
    score = package("sklearn.metrics").d2_pinball_score
    scores = [
        score(y[3000:], column, alpha=level)
        for column, level in zip(predicted.T, levels, strict=True)
    ]
    assert model.score(Z[3000:], y[3000:]) == pytest.approx(np.mean(scores), rel=1e-3)


def test_quantiles_are_sorted_in_each_network_and_stay_ascending_in_the_mean():
    levels = np.linspace(0.05, 0.95, 12).tolist()
    y = np.random.RandomState(0).exponential(1e-3, 600)
    quick = {**QUICK, "n_estimators": 3, "hidden_layer_sizes": (4,), "max_time": 1e-9}
    model = TabularRegressor(**quick, loss="quantile", quantile=levels).fit(
        np.arange(600.0)[:, None], y
    )
    raw = np.linspace(-100, 700, 3000)[:, None]
    inputs = [model_of(model).columns.encode(raw, bins=k % 2 == 0) for k in range(3)]
    unsorted = [net.activations(X)[-1] for net, X in zip(model.estimators_, inputs, strict=True)]
    assert all((np.diff(outputs) < 0).any() for outputs in unsorted)
    centre, spread, low, high = model_of(model).answer_scale.numbers
    found = (
        sum(np.clip(np.sort(outputs.astype(float)), low, high) for outputs in unsorted) / 3 * spread
        + centre
    )
    assert model.predict(raw).tobytes() == found.tobytes()
    assert (np.diff(found) >= 0).all()


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"loss": "quantile", "quantile": [0.5, 0.1]},
            "The 'quantile' parameter of TabularRegressor must be",
        ),
        ({"loss": "quantile", "quantile": [0.5]}, "ascending floats"),
        (
            {"quantile": [0.1, 0.5]},
            r"quantile=\(0.1, 0.5\) needs loss='quantile', got 'squared_error'",
        ),
        ({"quantile": 0.9}, "quantile=0.9 needs loss='quantile'"),
    ],
)
def test_bad_quantiles_raise(parameters, message):
    with pytest.raises(ValueError, match=message):
        TabularRegressor(**parameters).fit(np.arange(40.0)[:, None], np.arange(40.0))


def test_absolute_error_predicts_the_median():
    y = np.random.RandomState(0).exponential(1.0, 800)
    model = TabularRegressor(loss="absolute_error", random_state=0).fit(
        np.arange(800.0)[:, None] % 2, y
    )
    assert abs(model.predict([[0.0], [1.0]]).mean() - np.median(y)) < 0.15


def test_huber_predicts_between_the_median_and_the_mean_whatever_a_far_target_is():
    """X says nothing: the answer is where the errors, cut at the interquartile range, have the mean 0."""
    y = np.random.RandomState(0).exponential(1.0, 800)
    X = np.arange(800.0)[:, None] % 2
    answers = []
    for far in (100.0, 1e9):
        y[7] = far
        low, high = np.quantile(y, [0.25, 0.75])
        model = TabularRegressor(loss="huber", random_state=0).fit(X, y)
        answer = model.predict([[0.0], [1.0]]).mean()
        assert abs(np.clip(y - answer, low - high, high - low).mean()) < 0.06
        answers.append(answer)
    assert np.median(y) + 0.05 < answers[0] < 0.95 and abs(answers[1] - answers[0]) < 0.02


def deviance(loss, y, mean):
    power = {"poisson": 1, "tweedie": 1.5, "gamma": 2}[loss]
    return package("sklearn").metrics.mean_tweedie_deviance(
        y, np.broadcast_to(mean, y.shape), power=power
    )


def sums_of_amounts(rng, mean):
    """Return sums of amounts, of which there are 2 on average: a Tweedie distribution, 14 % of which is 0."""
    return np.array(
        [
            rng.gamma(2.0, one / 4, n).sum()
            for one, n in zip(mean, rng.poisson(2, mean.size), strict=True)
        ]
    )


@pytest.mark.parametrize("loss", ["poisson", "gamma", "tweedie"])
def test_positive_losses_predict_means_that_are_positive(loss):
    """On held-out rows the deviance is near that of the true means, in any unit, also with many zeros."""
    rng = np.random.RandomState(0)
    Z = rng.uniform(-1, 1, (2000, 3))
    mean = np.exp(1.5 * Z[:, 0] - 2 * (Z[:, 1] > 0.3))
    unit = 1.0 if loss == "poisson" else 1e30
    y = {
        "poisson": lambda: rng.poisson(mean).astype(float),
        "gamma": lambda: unit * rng.gamma(3.0, mean / 3),
        "tweedie": lambda: unit * sums_of_amounts(rng, mean),
    }[loss]()
    model = TabularRegressor(loss=loss, random_state=0).fit(Z[:1500], y[:1500])
    found = model.predict(Z[1500:])
    assert (found > 0).all()
    best, constant = (
        deviance(loss, y[1500:], one) for one in (mean[1500:] * unit, y[:1500].mean())
    )
    assert deviance(loss, y[1500:], found) < best + 0.15 * (constant - best)
    weighted = TabularRegressor(**QUICK, loss=loss).fit(Z[:200], y[:200], np.arange(200) % 3)
    assert (weighted.predict(Z) > 0).all()


@pytest.mark.parametrize("loss", ["poisson", "gamma", "tweedie"])
def test_bins_of_positive_losses_do_not_depend_on_the_largest_targets_alone(loss):
    x = np.arange(400.0)
    y = np.where(x < 200, 1.0, 2.0) * np.where(x == 399, 200.0, 1.0)
    model = TabularRegressor(**QUICK, loss=loss, n_epochs=1).fit(x[:, None], y)
    edges = model_of(model).columns[0].edges
    assert 199 in edges and 200 in edges


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        ("gamma", [2.0, 0.0], "y must be positive with loss='gamma', got 0 at row 1"),
        ("tweedie", [0.0, -1.0], "y must not be negative with loss='tweedie', got -1 at row 1"),
        ("poisson", [0.0, -1.0], "y must not be negative with loss='poisson', got -1 at row 1"),
        (
            "poisson",
            [[0.0, 1.0], [2.0, -3.0]],
            "y must not be negative with loss='poisson', got -3 at row 1, column 1",
        ),
    ],
)
def test_targets_that_a_positive_loss_does_not_allow_raise(loss, y, message):
    model = TabularRegressor(loss=loss)
    with pytest.raises(ValueError, match=message):
        model.fit([[1.0], [2.0]] * 10, y * 10)
    with pytest.raises(ValueError, match=rf"{message}.*validation data|validation data.*{message}"):
        model.fit([[1.0], [2.0]], np.abs(y) + 1, X_val=[[1.0], [2.0]], y_val=y)


@pytest.mark.parametrize(
    "y", [np.zeros(40), np.full(40, 3.0), np.repeat([1e-60, 1.0], 20), np.repeat([0.0, 1e-300], 20)]
)
def test_extreme_targets_of_positive_losses(y):
    for loss in ["poisson", "tweedie"] if (y == 0).any() else ["poisson", "gamma", "tweedie"]:
        model = TabularRegressor(**QUICK, loss=loss).fit(np.arange(40.0)[:, None] // 20, y)
        found = model.predict([[0.0], [1.0]])
        assert np.isfinite(found).all() and (found >= y.min()).all() and (found <= y.max()).all()


def test_history_is_a_table_of_all_networks():
    model = TabularClassifier(**QUICK).fit(X, LABELS)
    frame = package("pandas").DataFrame(model.history_)
    n_epochs = max(model.history_["epoch"])
    assert n_epochs > 10
    assert list(frame.columns) == ["network", "epoch", "loss", "validation_loss"]
    assert frame.groupby("network").size().tolist() == [n_epochs, n_epochs]
    for net, rows in frame.groupby("network"):
        assert rows.loss.iloc[-1] < rows.loss.iloc[0], net


def test_the_best_epoch_on_the_validation_data_is_kept():
    """On validation rows with swapped labels, every epoch is worse than the one before: the first is kept."""
    swapped = np.where(LABELS == "high", "low", "high")
    with pytest.warns(LabelsWarning, match="y_val: with the two classes exchanged"):
        model = TabularClassifier(**QUICK).fit(X, LABELS, X_val=X, y_val=swapped)
    assert np.argmin(model.history_["validation_loss"][: len(model.history_["epoch"]) // 2]) == 0
    assert model.score(X, LABELS) < TabularClassifier(**QUICK).fit(
        X, LABELS, X_val=X, y_val=LABELS
    ).score(X, LABELS)


def test_rows_of_weight_zero_teach_nothing():
    wrong = np.concatenate([NUMBERS, 100 - NUMBERS])
    weight = np.repeat([1.0, 0.0], len(X))
    model = TabularRegressor(n_estimators=2, hidden_layer_sizes=64, random_state=0)
    model.fit(np.concatenate([X, X]), wrong, weight)
    assert model.score(X, NUMBERS) > 0.8


@pytest.mark.parametrize(("kind", "y"), CASES)
def test_the_scale_of_weights_changes_nothing(kind, y):
    weight = np.random.RandomState(0).uniform(0.1, 1, len(X))
    expected = predicted(kind(**QUICK).fit(X, y, weight)).tobytes()
    for scale in (2.0**1020, 2.0**-1000):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert predicted(kind(**QUICK).fit(X, y, weight * scale)).tobytes() == expected
    negligible = np.where(np.arange(len(X)) < 20, 1e-40, weight)
    zero = np.where(negligible < 1e-30, 0.0, weight)
    found = [predicted(kind(**QUICK).fit(X, y, one)).tobytes() for one in (negligible, zero)]
    assert found[0] == found[1]


def test_class_weights_that_overflow_are_refused_without_a_warning():
    model = TabularClassifier(**QUICK, class_weight={"high": 1e308, "low": 1})
    with (
        warnings.catch_warnings(),
        pytest.raises(ValueError, match="class_weight times sample_weight must be finite"),
    ):
        warnings.simplefilter("error")
        model.fit(X, LABELS, np.full(len(X), 1e10))


@pytest.mark.parametrize("scale", [1e-300, 1e-318, 1e148])
def test_targets_of_extreme_magnitude_are_learned(scale):
    """Squares of deviations from the mean would be 0, or infinite."""
    y = np.where(LABELS == "high", 3.0, 1.0) * scale
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = TabularRegressor(**QUICK).fit(X, y).predict(X)
    assert np.mean((found > 2 * scale) == (y > 2 * scale)) > 0.9


def test_targets_that_are_equal_are_predicted_exactly():
    with pytest.warns(MovedRowsWarning, match="300 of 300 values of y are outside of those of fit"):
        model = TabularRegressor(**QUICK).fit(X, np.full(len(X), 0.1), X_val=X, y_val=1e3 * NUMBERS)
    np.testing.assert_allclose(model.predict(X), 0.1, rtol=1e-15)


def test_targets_too_large_are_refused_with_their_row():
    y = NUMBERS.copy()
    y[7] = 1e300
    for arguments in ((X, y), (X, NUMBERS, None)):
        held = {} if len(arguments) == 2 else {"X_val": X, "y_val": y}
        with (
            warnings.catch_warnings(),
            pytest.raises(ValueError, match=r"-1e150 and 1e150, got 1e\+300 in row 7"),
        ):
            warnings.simplefilter("error")
            TabularRegressor(**QUICK).fit(*arguments, **held)
    with pytest.raises(ValueError, match="-1e150 and 1e150"):
        TabularRegressor(**QUICK).fit(X, NUMBERS).score(X, y)


@pytest.mark.parametrize(("kind", "y"), CASES)
def test_bad_validation_data_are_named(kind, y):
    held = [(X, y[:5]), (X[:5], y), (X, 3), (X[:, :2], y), (X, np.full(len(X), "other"))]
    for X_val, y_val in held + ([(X, y * 1e100)] if kind is TabularRegressor else []):
        with pytest.raises(
            (TypeError, ValueError), match=r"In the validation data \(X_val, y_val\): "
        ):
            kind(**QUICK).fit(X, y, X_val=X_val, y_val=y_val)


@pytest.mark.filterwarnings("ignore::cmlp.exceptions.CopiesWarning")
def test_max_time_ends_training_early():
    start = time.process_time()
    rows, labels = (np.repeat(one, 40, axis=0) for one in (X, LABELS))
    model = TabularClassifier(random_state=0, max_time=0.2, n_threads=1).fit(rows, labels)
    assert (
        len(model.history_["epoch"]) < 4 * 49
    )  # without a limit, each of 4 networks trains for 49 epochs
    assert time.process_time() - start < 30
    assert model.predict(X).shape == (len(X),)


@pytest.mark.parametrize("n", [2, 3, 15, 16])
def test_tables_of_few_rows(n):
    Z, y = X[:n], np.arange(n) % 2
    assert TabularClassifier(**QUICK).fit(Z, y).predict(Z).shape == (n,)
    assert np.isfinite(TabularRegressor(**QUICK).fit(Z, y).predict(Z)).all()


@pytest.mark.slow
def test_check_estimator():
    checks = package("sklearn.utils.estimator_checks")
    # A row of weight 2 is in one fold, two equal rows may be in two: scikit-learn's boosted trees
    # differ here too.
    expected = {
        "check_sample_weight_equivalence_on_dense_data": "the held-out rows are drawn by row"
    }
    for kind in (TabularClassifier, TabularRegressor):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            checks.check_estimator(kind(**QUICK), expected_failed_checks=expected)


def test_clone_grid_search_and_inspection():
    base, selection, inspection = (
        package(f"sklearn.{name}") for name in ("base", "model_selection", "inspection")
    )
    model = TabularClassifier(**QUICK)
    assert base.clone(model).get_params() == model.get_params()
    search = selection.GridSearchCV(model, {"n_estimators": [1, 2]}, cv=2).fit(X, LABELS)
    assert search.best_score_ > 0.8
    frame = package("pandas").DataFrame(dict(zip(["size", "age", "colour"], X.T, strict=True)))
    fitted = model.fit(frame.infer_objects(), LABELS)
    importance = inspection.permutation_importance(
        fitted, frame.infer_objects(), LABELS, n_repeats=2, random_state=0
    )
    assert (importance.importances_mean > 0).all()


@pytest.mark.parametrize(
    "change, message",
    [
        ({"n_estimators": 0}, "'n_estimators' parameter of TabularClassifier must be an int"),
        ({"hidden_layer_sizes": (0,)}, "hidden_layer_sizes must be > 0"),
        ({"max_time": -1}, "'max_time' parameter"),
        ({"n_threads": 0}, "'n_threads' parameter"),
    ],
)
def test_invalid_parameters_are_refused_in_fit(change, message):
    with pytest.raises(ValueError, match=message):
        TabularClassifier(**{**QUICK, **change}).fit(X, LABELS)


def test_a_fit_that_fails_keeps_the_former_model():
    model = TabularRegressor(**QUICK).fit(X, NUMBERS)
    before = predicted(model)
    for Z, y, more in [
        (X, NUMBERS, {"X_val": X}),
        (X, NUMBERS[:-1], {}),
        (X, np.full(len(X), np.nan), {}),
        (X[:1], NUMBERS[:1], {}),
        (np.full((9, 2), np.inf), np.arange(9), {}),
    ]:
        with pytest.raises(ValueError):
            model.fit(Z, y, **more)
        assert predicted(model).tobytes() == before.tobytes()
    with pytest.raises(ValueError, match="at least 2 classes, got 1 class: 'a'"):
        TabularClassifier(**QUICK).fit(X, ["a"] * len(X))


def test_not_fitted():
    with pytest.raises(ValueError, match="not fitted yet"):
        TabularClassifier().predict(X)
    assert not hasattr(TabularClassifier(), "estimators_") and not hasattr(
        TabularRegressor(), "history_"
    )


@pytest.mark.skipif(os.name == "nt", reason="raises a signal")
@pytest.mark.usefixtures("no_lost_signals")
def test_ctrl_c_ends_all_networks_and_keeps_the_former_model():
    model = TabularRegressor(**QUICK).fit(X, NUMBERS)
    before = predicted(model)
    Z, y = table(20_000)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            model.set_params(hidden_layer_sizes=(256, 256), n_estimators=8).fit(Z, y)
    finally:
        timer.join()
        signal.signal(signal.SIGINT, handler)
    assert predicted(model).tobytes() == before.tobytes()


def test_exports_of_one_network_are_refused_with_the_reason():
    model = TabularRegressor(max_time=1e-9).fit([[1.0], [2.0]] * 9, range(18))
    with pytest.raises(
        ValueError,
        match=r"to_sklearn does not support tables: it exports one network.*to_onnx writes an ONNX file, to_c",
    ):
        model.to_sklearn()


TINY = {"hidden_layer_sizes": (2,), "n_epochs": 1, "early_stopping": False, "random_state": 0}


def beyond_all_targets(model, sign):
    """Let each network answer what is above, or below, all targets."""
    for network in model.estimators_:
        network.biases[-1][:] = sign * 80
    return model


@pytest.mark.parametrize("n_estimators", [1, 2, 3, 4, 7])
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "poisson"])
def test_no_prediction_leaves_the_range_of_y(n_estimators, loss):
    """Scaling back rounds: predictions of a limit alone would leave that of some of 100 targets."""
    rng = np.random.RandomState(n_estimators)
    x = np.arange(8.0)[:, None]
    y = rng.exponential(size=(8, 100)) * 10.0 ** rng.randint(-9, 9, 100)
    y[0, ::2] = 0
    model = TabularRegressor(**TINY, n_estimators=n_estimators, loss=loss, warm_start=True)
    ranges = []
    for targets in (y, y * rng.uniform(0.5, 2, 100)):
        model.fit(x, targets)
        ranges += [targets.min(axis=0), targets.max(axis=0)]
        low, high = np.min(ranges, axis=0), np.max(ranges, axis=0)
        for sign, end in ((-1, low), (1, high)):
            beyond = beyond_all_targets(copy.deepcopy(model), sign).calibrate(x, targets)
            found = beyond.predict(x)
            assert (found >= low).all() and (found <= high).all()
            assert (np.abs(found - end) <= 1e-15 * high + 1e-30).all()
            first, last = np.moveaxis(beyond.predict_interval(x, coverage=0.8), -1, 0)
            assert (first <= found).all() and (found <= last).all()


@pytest.mark.parametrize("seed", range(20))
def test_no_quantile_leaves_the_range_of_y(seed):
    x, y = np.arange(8.0)[:, None], np.random.RandomState(seed).exponential(size=8)
    y[0] = 0
    model = TabularRegressor(**TINY, n_estimators=3, loss="quantile", quantile=(0.1, 0.9)).fit(x, y)
    for sign in (-1, 1):
        found = beyond_all_targets(copy.deepcopy(model), sign).predict(x)
        assert (found >= 0).all() and (found <= y.max()).all()


@pytest.mark.parametrize("loss", ["squared_error", "quantile", "gamma"])
def test_equal_targets_are_predicted_exactly(loss):
    """The mean of two numbers 3.7 with the weights 0.3 and 0.5 is another one."""
    model = TabularRegressor(**TINY, n_estimators=2, loss=loss)
    model.fit([[0.0], [1.0]], [3.7, 3.7], sample_weight=[0.3, 0.5])
    assert (model.predict([[0.0], [1.0]]) == 3.7).all()
