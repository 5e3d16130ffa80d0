"""What is learned from data is weighted: rows of weight 0 change no bit, and a weight of 2 counts as two equal rows."""

import itertools

import numpy as np
import pytest
from estimator_cases import flat
from helpers import assert_same_bits
from optional import package

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network

# Most fits here stop at max_iter on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:lbfgs failed")

N = 120
RNG = np.random.RandomState(0)
X = RNG.standard_normal((N, 3)) * [1, 20, 0.1] + [0, 50, 3]
NUMBERS = X[:, 0] + 0.1 * X[:, 1] + RNG.standard_normal(N)
LABELS = np.digitize(NUMBERS, [4, 6])
WEIGHT = np.where(RNG.random_sample(N) < 0.3, 0.0, RNG.randint(1, 4, N) / 2)
IGNORED = WEIGHT == 0
HELD = slice(90, None)  # own validation rows
SOLVERS = ["adam", "adamw", "sgd", "lbfgs"]
SCALES = [1.0, "standard", "minmax", "robust"]


def changed(array):
    """Return an array with other values in the ignored rows: large ones, or other classes."""
    other = array.copy()
    if array.dtype.kind == "i":
        other[IGNORED] = (other[IGNORED] + 1) % 3
    else:
        other[IGNORED] = np.where(np.arange(IGNORED.sum()) % 2, 1e12, -1e30).reshape(
            -1, *[1] * (array.ndim - 1)
        )
    return other


def model(kind, **params):
    shape = {
        "hidden_layer_sizes": (5,),
        "max_iter": 4,
        "random_state": 1,
        "batch_size": 30,
        "dtype": "float32",
    }
    return kind(**{**shape, **params})


def by_array(one, rows, y):
    return one.fit(rows, y, WEIGHT)


def by_sparse(one, rows, y):
    return one.fit(package("scipy.sparse").csr_matrix(rows), y, WEIGHT)


def by_own_rows(one, rows, y):
    held = {"X_val": rows[HELD], "y_val": y[HELD], "sample_weight_val": WEIGHT[HELD]}
    return one.set_params(early_stopping=True).fit(rows[:90], y[:90], WEIGHT[:90], **held)


def by_held_out_rows(one, rows, y):
    """The split of three classes, and of numbers, does not depend on y."""
    return one.set_params(early_stopping=True, validation_fraction=0.3).fit(rows, y, WEIGHT)


def by_blocks(one, rows, y):
    blocks = [(rows[i : i + 35], y[i : i + 35], WEIGHT[i : i + 35]) for i in range(0, N, 35)]
    return one.fit_batches(blocks, **({"classes": [0, 1, 2]} if y.dtype.kind == "i" else {}))


def by_shards(one, rows, y):
    many = [np.concatenate([array] * 6) for array in (rows, y, WEIGHT)]
    return one.set_params(batch_size=256).fit(*many, shards=[400, 320])


def by_partial_fit(one, rows, y):
    for part in (slice(60), slice(60, None)):
        one.partial_fit(
            rows[part],
            y[part],
            WEIGHT[part],
            **({"classes": [0, 1, 2]} if y.dtype.kind == "i" else {}),
        )
    return one


SOURCES = [by_array, by_sparse, by_own_rows, by_held_out_rows, by_blocks, by_shards, by_partial_fit]


def outcome(fitted):
    curves = [
        getattr(fitted, name, None) or [] for name in ("loss_curve_", "validation_scores_")
    ] + [[fitted.loss_]]
    scale = np.ravel(fitted.input_scale_)
    return np.concatenate([flat(fitted), *curves, scale])


def possible(source, solver, scale):
    if source is by_blocks and scale == "robust":
        return False
    return solver != "lbfgs" or source in (by_array, by_sparse)


CASES = [case for case in itertools.product(SOURCES, SOLVERS, SCALES) if possible(*case)]


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    "kind, y", [(MLPClassifier, LABELS), (MLPRegressor, NUMBERS)], ids=["classes", "numbers"]
)
@pytest.mark.parametrize(
    "source, solver, scale", CASES, ids=lambda value: getattr(value, "__name__", str(value))
)
@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # "lbfgs" has no batches
def test_rows_of_weight_zero_change_no_bit(kind, y, source, solver, scale):
    targets = [{}] if kind is MLPClassifier else [{}, {"y_scale": "standard"}]
    balanced = kind is MLPClassifier and source not in (by_blocks, by_partial_fit)
    for params in [*targets, *([{"class_weight": "balanced"}] if balanced else [])]:
        params = {**params, "solver": solver, "input_scale": scale}
        expected, found = (
            source(model(kind, **params), *data) for data in ((X, y), (changed(X), changed(y)))
        )
        assert_same_bits(outcome(found), outcome(expected))


@pytest.mark.parametrize(
    "loss", ["squared_error", "absolute_error", "huber", "quantile", "poisson", "gamma", "tweedie"]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_large_values_of_rows_of_weight_zero_change_no_bit_of_any_loss(loss, dtype):
    """Their first sums, squares and logarithms would be infinite, and 0 times infinity is not 0."""
    largest = float(np.finfo(dtype).max)
    y, params = np.exp(NUMBERS / 5), {"loss": loss, "early_stopping": True, "dtype": dtype}
    rows, targets = X.copy(), y.copy()
    rows[IGNORED], targets[IGNORED] = largest, largest
    expected, found = (
        model(MLPRegressor, **params).fit(*data, WEIGHT) for data in ((X, y), (rows, targets))
    )
    assert_same_bits(outcome(found), outcome(expected))


def test_scores_ignore_rows_of_weight_zero():
    levels = [0.1, 0.5, 0.9]
    for one in (
        model(MLPRegressor, dtype="float64"),
        model(MLPRegressor, loss="quantile", quantile=levels),
    ):
        one.fit(X, NUMBERS)
        targets = np.where(IGNORED, 1e200, NUMBERS)
        assert one.score(X, targets, WEIGHT) == one.score(X, NUMBERS, WEIGHT)


def test_rows_of_weight_zero_are_validated():
    for value in (np.nan, np.inf):
        rows = X.copy()
        row = int(np.flatnonzero(IGNORED)[3])
        rows[row, 1] = value
        with pytest.raises(ValueError, match=f"at row {row}, column 1"):
            model(MLPRegressor).fit(rows, NUMBERS, WEIGHT)
        with pytest.raises(ValueError, match="Input y contains"):
            model(MLPRegressor).fit(X, np.where(IGNORED, value, NUMBERS), WEIGHT)


def test_gradients_ignore_rows_of_weight_zero():
    net = Network([3, 4, 2], "tanh", output="identity", loss="squared_error", random_state=0)
    y = np.stack([NUMBERS, -NUMBERS], axis=1)
    pairs = (X, y), (changed(X), changed(y))
    costs = [net.cost(*data, sample_weight=WEIGHT) for data in pairs]
    assert costs[0] == costs[1] and np.isfinite(costs[0])
    one, other = (net.gradient(*data, sample_weight=WEIGHT) for data in pairs)
    for mine, theirs in zip(
        [*one.weights, *one.biases], [*other.weights, *other.biases], strict=True
    ):
        assert_same_bits(mine, theirs)


def repeated(*arrays):
    """Return the rows of arrays as often as their weights, in units of 1 / 2, say."""
    counts = np.round(2 * WEIGHT).astype(int)
    return [np.repeat(array, counts, axis=0) for array in arrays]


@pytest.mark.parametrize(
    "kind, y", [(MLPClassifier, LABELS), (MLPRegressor, NUMBERS)], ids=["classes", "numbers"]
)
@pytest.mark.parametrize(
    "solver, scale", list(itertools.product(SOLVERS, [1.0, "standard", "minmax"]))
)
@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # "lbfgs" has no batches
def test_a_weight_counts_as_equal_rows(kind, y, solver, scale):
    """With batches of all rows. Both penalties are divided by the sum of the weights."""
    params = {
        "solver": solver,
        "input_scale": scale,
        "batch_size": N,
        "shuffle": False,
        "dtype": "float64",
    }
    params |= (
        {"alpha": 0.0, "class_weight": "balanced"}
        if kind is MLPClassifier
        else {"alpha": 0.0, "y_scale": None}
    )
    weighted = model(kind, **params).fit(X, y, WEIGHT)
    many = repeated(X, y)
    other = model(kind, **{**params, "batch_size": len(many[0])}).fit(*many)
    np.testing.assert_allclose(
        np.ravel(weighted.input_scale_), np.ravel(other.input_scale_), rtol=1e-12
    )
    np.testing.assert_allclose(flat(weighted), flat(other), rtol=1e-6, atol=1e-9)
    if kind is MLPRegressor:
        scaled = [
            model(kind, **{**params, "y_scale": "standard", "batch_size": len(data[0])}).fit(*data)
            for data in ((X, y, WEIGHT), many)
        ]
        np.testing.assert_allclose(flat(scaled[0]), flat(scaled[1]), rtol=1e-6, atol=1e-9)


def test_weighted_quartiles_are_those_of_equal_rows():
    """As long as some weights differ: without weights, quartiles are interpolated."""
    twice = (np.arange(N) % 2 == 0) & ~IGNORED
    weight = np.where(twice, 2 * WEIGHT, WEIGHT)
    rows, halves = np.concatenate([X, X[twice]]), np.concatenate([WEIGHT, WEIGHT[twice]])
    labels = np.concatenate([LABELS, LABELS[twice]])
    one = model(MLPClassifier, input_scale="robust").fit(X, LABELS, weight)
    assert (
        one.input_scale_
        == model(MLPClassifier, input_scale="robust").fit(rows, labels, halves).input_scale_
    )


@pytest.mark.parametrize("scale", SCALES[1:])
def test_equal_weights_learn_the_scale_of_no_weights(scale):
    kept = ~IGNORED
    one = model(MLPClassifier, input_scale=scale).fit(changed(X), LABELS, np.where(kept, 1.0, 0.0))
    other = model(MLPClassifier, input_scale=scale).fit(X[kept], LABELS[kept])
    assert one.input_scale_ == other.input_scale_


def test_a_cluster_ignores_rows_of_weight_zero():
    package("dask")
    params = {"input_scale": "standard", "y_scale": "standard"}
    fitted = [
        cmlp.distributed.fit(model(MLPRegressor, **params), [(rows, y, WEIGHT)])
        for rows, y in ((X, NUMBERS), (changed(X), changed(NUMBERS)))
    ]
    assert_same_bits(outcome(fitted[0]), outcome(fitted[1]))
