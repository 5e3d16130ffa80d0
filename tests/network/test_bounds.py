"""`Network.bounds` and `MLPClassifier.certify`: no input of a box leaves the bounds, to the last bit."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from exact import within
from helpers import labels, uniform

import cmlp
from cmlp import MLPClassifier, Network

HIDDEN = (
    "identity",
    "relu",
    "leaky_relu",
    "elu",
    "softplus",
    "softsign",
    "logistic",
    "tanh",
    "silu",
    "gelu",
)
OUTPUTS = {
    "identity": "squared_error",
    "logistic": "log_loss",
    "softmax": "log_loss",
    "exp": "poisson",
}
SINGLE = {"output": "identity", "loss": "squared_error"}


def network(sizes, hidden="relu", scale=1.0, **parameters):
    net = Network(sizes, hidden, random_state=0, **{**SINGLE, **parameters})
    net.params[...] = uniform(7, len(net.params), 1)[:, 0] * scale
    return net


def boxes(n, width, size, seed=3):
    centre = uniform(seed, n, width) * 2
    return centre - size, centre + size


def check_points(net, n_boxes, n_points):
    """Compare the outputs of points in boxes of several sizes, a third of them corners, with the bounds."""
    rng = np.random.default_rng(0)
    for size in (1e-7, 1e-3, 0.3, 3.0):
        lower, upper = boxes(n_boxes, 3, size)
        low, high = net.bounds(lower, upper)
        assert (low <= high).all()
        for row in range(n_boxes):
            points = rng.uniform(lower[row], upper[row], (n_points, 3))
            points[::3] = (
                rng.choice([0, 1], (len(points[::3]), 3)) * (upper[row] - lower[row]) + lower[row]
            )
            found = net.forward(np.clip(points, lower[row], upper[row]))
            assert (low[row] <= found).all() and (found <= high[row]).all()


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_no_point_of_a_box_leaves_the_bounds(hidden, output):
    check_points(network([3, 5, 4], hidden, 2.0, output=output, loss=OUTPUTS[output]), 6, 4000)


@pytest.mark.parametrize(("hidden", "turn"), [("silu", -1.2784645), ("gelu", -0.7517915)])
def test_no_point_around_the_smallest_value_leaves_the_bounds(hidden, turn):
    net = network([1, 1, 1], hidden)
    net.params[...] = 1, 0, 1, 0
    points = np.float32(turn) + np.arange(-20_000, 20_000)[:, None] * np.float32(2**-23)
    low, high = net.bounds(points[:1], points[-1:])
    found = net.forward(points)
    assert (low == found.min()).all() and (found <= high).all()


@pytest.mark.sampled(8)
@pytest.mark.slow
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_none_of_a_million_points_of_each_box_leaves_the_bounds(hidden, output):
    check_points(network([3, 5, 4], hidden, 2.0, output=output, loss=OUTPUTS[output]), 2, 1_000_000)


def test_an_overflow_leaves_nothing_known():
    for output, loss in OUTPUTS.items():
        net = network([2, 3, 2], "tanh", output=output, loss=loss)
        net.weights[0][...] = 3e38
        low, high = net.bounds([[0, 0]], [[9, 9]])
        assert np.isnan(low).all() and np.isnan(high).all()


@pytest.mark.parametrize("hidden", ["elu", "leaky_relu"])
def test_parameters_of_activations_count(hidden):
    net = network([2, 6, 2], hidden, 2.0, activation_parameter=0.37)
    low, high = net.bounds([[-1, -1]], [[1, 1]])
    found = net.forward(np.random.default_rng(0).uniform(-1, 1, (20_000, 2)))
    assert (low <= found.min(axis=0)).all() and (found.max(axis=0) <= high).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("width", [1, 5, 127, 128, 129, 300])
@pytest.mark.parametrize("scale", [1.0, -1 / 255, "columns"])
def test_one_layer_reaches_both_ends_to_the_bit(width, dtype, scale):
    if scale == "columns":
        scale = uniform(1, 1, width)[0], np.where(np.arange(width) % 2, 3.0, -0.7)
    if scale == -1 / 255:
        scale = 1 / 255
    net = network([width, 17], dtype=dtype, input_scale=scale)
    lower, upper = boxes(2, width, 0.5)
    low, high = net.bounds(lower, upper)
    factor = np.broadcast_to(scale[1] if isinstance(scale, tuple) else scale, width)
    for j in range(17):
        rising = net.weights[0][:, j] * factor >= 0
        assert (net.forward(np.where(rising, lower, upper))[:, j] == low[:, j]).all()
        assert (net.forward(np.where(rising, upper, lower))[:, j] == high[:, j]).all()


@pytest.mark.parametrize("hidden", ["relu", "leaky_relu"])
def test_all_corners_and_exact_arithmetic_of_small_networks(hidden):
    """The bounds contain what rational numbers give, up to the rounding of the network itself."""
    net = network([3, 4, 2], hidden)
    lower, upper = boxes(1, 3, 0.25)
    low, high = net.bounds(lower, upper)
    corners = np.array(list(itertools.product(*zip(lower[0], upper[0], strict=True))))
    found = net.forward(corners)
    assert (low <= found).all() and (found <= high).all()
    slope = Fraction(float(np.float32(0.01))) if hidden == "leaky_relu" else Fraction(0)
    for corner in corners.astype(np.float32):
        values = [Fraction(float(value)) for value in corner]
        for number, (w, b) in enumerate(zip(net.weights, net.biases, strict=True)):
            sums = [
                Fraction(float(b[j]))
                + sum(x * Fraction(float(v)) for x, v in zip(values, w[:, j], strict=True))
                for j in range(len(b))
            ]
            values = [z if z > 0 or number else z * slope for z in sums]
        for j, value in enumerate(values):
            assert low[0, j] - 1e-6 <= value <= high[0, j] + 1e-6


def test_softmax_of_close_and_far_sums():
    net = network([2, 3], output="softmax", loss="log_loss")
    for scale in (1e-3, 1.0, 60.0, 300.0):
        net.weights[0][...] = np.array([[1, -1, 0.5], [0.3, 0.2, -1]]) * scale
        for size in (0.0, 1e-6, 0.1, 1.0):
            lower, upper = boxes(20, 2, size)
            low, high = net.bounds(lower, upper)
            assert (low >= 0).all() and (high <= 1).all()
            for part in np.linspace(0, 1, 7):
                found = net.forward(lower + (upper - lower) * part)
                assert (low <= found).all() and (found <= high).all()
    low, high = net.bounds([[0.1, 0.2]], [[0.1, 0.2]])
    assert (high - low).max() < 1e-3


def test_quantiles_are_bounded_sorted():
    net = network([2, 3], output="identity", loss="quantile", loss_parameter=(0.1, 0.5, 0.9))
    lower, upper = boxes(5, 2, 0.2)
    low, high = net.bounds(lower, upper)
    found = net.forward((lower + upper) / 2)
    assert (np.diff(low) >= 0).all() and (low <= found).all() and (found <= high).all()


REFUSED = [
    (([[0, 0, 0]], [[1, 1]]), r"lower must have the shape \(n, 2\), got \(1, 3\)"),
    (
        ([[0, 0]], [[1, 1], [2, 2]]),
        r"lower and upper must have the same shape, got \(1, 2\) and \(2, 2\)",
    ),
    (([[0, 2]], [[1, 1]]), r"lower must be at most upper, got 2\.0 and 1\.0 at row 0, column 1"),
    (([[0, 0], [0, 0]], [[1, 1], [1, np.nan]]), r"Input upper contains NaN at row 1, column 1\."),
    (([[None, 0]], [[1, 1]]), r"Input lower contains NaN at row 0, column 0\."),
    (
        ([[-np.inf, 0]], [[1, 1]]),
        r"Input lower contains infinity or a value too large for the network's dtype",
    ),
]


@pytest.mark.parametrize(("corners", "message"), REFUSED)
def test_corners_are_checked(corners, message):
    with pytest.raises(ValueError, match=message):
        network([2, 2]).bounds(*corners)


def test_what_is_not_proved_is_refused():
    with pytest.raises(
        ValueError, match="need identity, relu or leaky_relu, got 'tanh': use float32"
    ):
        network([2, 3, 1], "tanh", dtype="float64").bounds([[0, 0]], [[1, 1]])
    with pytest.raises(cmlp.exceptions.NonFiniteInputError):
        network([2, 1]).bounds([[0, 0]], [[1, np.inf]])


X = uniform(0, 300, 4).astype(np.float32)
Y = labels(1, 300, 3)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize(
    ("y", "parameters"),
    [
        (X[:, 0] + X[:, 1] > 0, {}),
        (X[:, 0] + X[:, 1] > 0, {"dtype": "float64"}),
        (np.digitize(X[:, 0], [-0.3, 0.3]), {"activation": "tanh", "dtype": "float32"}),
        (np.digitize(X[:, 0], [-0.3, 0.3]), {"loss": "squared_error", "input_scale": "standard"}),
        (np.c_[X[:, 0] > 0, X[:, 1] > -0.4].astype(int), {"activation": "gelu"}),
    ],
)
def test_certificates_hold_and_counterexamples_are_ones(y, parameters):
    model = MLPClassifier(
        (12,), max_iter=60, learning_rate_init=0.02, random_state=0, **parameters
    ).fit(X, y)
    rng, seen = np.random.default_rng(1), set()
    for radius in (0.0, 1e-3, 0.02, 0.2):
        answers, examples = model.certify(X[:25], radius)
        for row, answer, example in zip(X[:25].astype(float), answers, examples, strict=True):
            own = model.predict(row[None])[0]
            seen.add(str(answer))
            if answer == "certified":
                assert (model.predict(row + rng.uniform(-radius, radius, (500, 4))) == own).all()
                assert (model.predict(row + radius * rng.choice([-1, 1], (16, 4))) == own).all()
            if answer == "counterexample":
                assert all(map(within, example, row, [radius] * 4))
                assert (model.predict(example[None])[0] != own).any()
            else:
                assert np.isnan(example).all()
    assert {"certified", "counterexample"} <= seen


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_counterexamples_are_within_the_radius_in_exact_arithmetic(dtype):
    """Also where the ends of the radius are no doubles, and where it is less than the step to the next double."""
    weights = np.array([[2.0], [-2.0]], dtype)
    model, n_found = MLPClassifier.from_arrays([weights], [np.zeros(1, dtype)]), 0
    for row in ([0.1, 0.1], [-0.3, -0.3], [1e17, 1e17], [-1e30, -1e30], [5e-324, 0.0]):
        for radius in (0.1, 0.2, 0.7, 9.0, 1e-20, 5e-324, 1e16):
            answer, example = (found[0] for found in model.certify([row], radius))
            n_found += answer == "counterexample"
            assert answer != "counterexample" or all(map(within, example, row, [radius] * 2)), (
                row,
                radius,
            )
    assert n_found > 10
    assert model.certify([[1e17, 0.0]], 1.0).answers == [
        "certified"
    ]  # no other double is within the radius


def test_a_tie_is_not_certified():
    """Both outputs are equal there, and the first one wins: another input of the box has the other class."""
    model = MLPClassifier.from_arrays(
        [np.eye(3, dtype=np.float32)], [np.zeros(3, np.float32)], [0, 1, 2]
    )
    assert model.certify(np.array([[1, 1, 0]], np.float32), 0.0).answers == ["unknown"]
    assert model.certify(np.array([[1, 1, 0]], np.float32), 0.1).answers == ["counterexample"]
    assert model.certify(np.array([[1, 0.5, 0]], np.float32), 0.1).answers == ["certified"]


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_a_box_with_inputs_beyond_the_dtype_is_unknown():
    model = cmlp.MLPClassifier((4,), max_iter=2, random_state=0).fit(X, Y)
    assert model.certify([[3e38, 0, 0, 0]], 1e38).answers == ["unknown"]


def test_certify_checks_its_arguments():
    model = MLPClassifier.from_arrays([[[2.0], [-2.0]]], [[0.0]])
    for radius in (-1, np.nan, [1, 2, 3]):
        with pytest.raises(
            ValueError, match="radius must be a finite number that is not negative, or 2 of them"
        ):
            model.certify([[1.0, 0.0]], radius)
    with pytest.raises(ValueError, match="max_time"):
        model.certify([[1.0, 0.0]], 0.1, max_time=0)
    assert model.certify([[1.0, 0.0]], 0.1, max_time=1e-9).answers == ["unknown"]
    with pytest.raises(cmlp.exceptions.NonFiniteInputError):
        model.certify([[np.nan, 0.0]], 0.1)
