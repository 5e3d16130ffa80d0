"""Errors of the core, as the bridge raises them: each has its status, and nothing changes."""

import re

import numpy as np
import pytest
from helpers import assert_same_bits, model_in_c, net_and_params
from hostile_files import GOOD, replace, written_table
from small_network import X, Y

from cmlp import Network
from cmlp._bridge import _core
from cmlp.exceptions import ModelFormatError, StatusError

INF, NAN = np.inf, np.nan


def assert_refused(error, status):
    """Check the status of an error of the core, or the message of another one."""
    if status.startswith("CMLP"):
        assert error.status == status
    assert ("sample_weight must have " if status == "CMLP_ERROR_WEIGHT" else status) in str(error)
    assert "\n" not in str(error)


BAD_OBJECTIVES = [
    ({"alpha": -1.0}, "CMLP_ERROR_OPTION"),
    ({"alpha": NAN}, "CMLP_ERROR_OPTION"),
    ({"alpha": INF}, "CMLP_ERROR_OPTION"),
    ({"loss_scale": 0.0}, "CMLP_ERROR_OPTION"),
    ({"loss_scale": NAN}, "CMLP_ERROR_OPTION"),
    ({"clip": 0.5}, "CMLP_ERROR_OPTION"),
    ({"clip": -1e-9}, "CMLP_ERROR_OPTION"),
    ({"scale": 0.0}, "CMLP_ERROR_OPTION"),
    ({"scale": NAN}, "CMLP_ERROR_OPTION"),
    ({"sample_weight": [1, 1, -1, 1, 1, 1]}, "CMLP_ERROR_WEIGHT"),
    ({"sample_weight": [1, 1, NAN, 1, 1, 1]}, "CMLP_ERROR_WEIGHT"),
    ({"sample_weight": [1, 1, INF, 1, 1, 1]}, "CMLP_ERROR_WEIGHT"),
    ({"sample_weight": [0] * 6}, "CMLP_ERROR_WEIGHT"),
    ({"sample_weight": [1e-42] * 6}, "CMLP_ERROR_WEIGHT"),
    ({"sample_weight": [1e40] * 6}, "CMLP_ERROR_WEIGHT"),
    ({"sample_weight": [1] * 5}, "sample_weight must have shape (6,)"),
    ({"sample_weight": [[1]] * 6}, "sample_weight must have shape (6,)"),
    ({"n_threads": 0}, "n_threads must be a positive integer or None, got 0"),
]
BAD_EPOCHS = [
    ({"batch_size": 0}, "CMLP_ERROR_BATCH"),
    ({"rates": [0.1, 0.1]}, "rates must have shape (3,)"),
    ({"rates": [0.1, -0.1, 0.1]}, "CMLP_ERROR_OPTION"),
    ({"rates": [0.1, NAN, 0.1]}, "CMLP_ERROR_OPTION"),
]


@pytest.mark.parametrize(("wrong", "status"), BAD_OBJECTIVES + BAD_EPOCHS, ids=str)
def test_core_returns_a_status_and_changes_nothing(wrong, status):
    net, params = net_and_params((3, 4, 2), ["tanh", "softmax"], "log_loss", np.float32)
    optimizer, before = _core.Optimizer(net, "adam", learning_rate=0.1), params.copy()
    with pytest.raises(ValueError) as caught:
        net.train_epoch(params, X, Y, optimizer, **{"batch_size": 2, **wrong})
    assert_refused(caught.value, status)
    if "batch" not in str(wrong) and "rates" not in wrong:
        with pytest.raises(ValueError) as caught:
            net.gradient(params, X, Y, **wrong)
        assert_refused(caught.value, status)
    assert_same_bits(params, before)
    assert optimizer.n_steps == 0 and not optimizer.state.any()


@pytest.mark.parametrize(
    "wrong",
    [
        {"momentum": -0.1},
        {"momentum": 1.1},
        {"momentum": NAN},
        {"learning_rate": -1.0},
        {"beta_1": 1.0},
        {"beta_2": -0.1},
        {"epsilon": NAN},
    ],
    ids=str,
)
def test_hyperparameters_out_of_range_raise(wrong):
    net, params = net_and_params((3, 4, 2), ["tanh", "softmax"], "log_loss", np.float32)
    before, kind = params.copy(), "nesterov" if "momentum" in wrong else "adam"
    optimizer = _core.Optimizer(net, kind, **{"learning_rate": 0.1, **wrong})
    with pytest.raises(StatusError, match="CMLP_ERROR_OPTION"):
        net.train_epoch(params, X, Y, optimizer, batch_size=2)
    with pytest.raises(StatusError, match="CMLP_ERROR_OPTION"):
        _core.step(net, params, np.ones_like(params), optimizer)
    assert_same_bits(params, before)


def test_zero_is_not_a_default_in_python():
    """The C library reads these zeros as "use the default"; in Python 0 means 0."""
    net, params = net_and_params((3, 4, 2), ["tanh", "softmax"], "log_loss", np.float32)
    with pytest.raises(StatusError, match=re.escape("(optimizer->epsilon)")):
        _core.Optimizer(net, "adam", learning_rate=0.1, epsilon=0.0)
    for name in ("forward", "forward_small"):
        call = getattr(net, name)
        if name == "forward_small":
            assert call(params, X, 0.0) is None
        else:
            with pytest.raises(StatusError, match=re.escape("(rows->scale)")):
                call(params, X, scale=0.0)


def test_status_errors_name_the_field():
    net, params = net_and_params((3, 4, 2), ["tanh", "softmax"], "log_loss", np.float32)
    with pytest.raises(StatusError, match=re.escape("(objective->alpha)")):
        net.gradient(params, X, Y, alpha=-1.0)
    with pytest.raises(ValueError, match="n_threads must be a positive integer or None, got -1"):
        net.forward(params, X, n_threads=-1)


def test_errors_of_files_name_the_field_or_the_byte(tmp_path):
    model = model_in_c(saved(tmp_path, GOOD))
    with pytest.raises(StatusError, match=r"\(rows->data\)$"):
        model.predict([NAN] * 4)
    net = Network([2, 2], output="softmax", loss="log_loss", random_state=0)
    columns, numbers = [("number", 0, False)] * 2, [0.0, 1.0] * 2
    with pytest.raises(StatusError, match=r"\(table->threshold\)$"):
        written_table(columns, numbers, [net], None, {"parameters": "{}"}, threshold=NAN)
    wrong = replace(b'"dtype":"F32"', b'"dtype":"F33"')
    with pytest.raises(ModelFormatError, match=rf"\(at byte {wrong.index(b'F33') + 3}\)$"):
        _core.check_model(np.frombuffer(wrong, np.uint8))


def saved(folder, content):
    path = folder / "model.cmlp"
    path.write_bytes(content)
    return path


REPEATED = {
    "classes": np.broadcast_to(np.int32(1), 6),
    "dense": np.broadcast_to([0.0, 1.0], (6, 2)),
}


@pytest.mark.parametrize("targets", REPEATED.values(), ids=REPEATED)
def test_broadcast_arrays_repeat_a_row(targets):
    """Stride 0 (CMLP_REPEAT in C) repeats one row, one column or one target."""
    net, params = net_and_params((3, 4, 2), ["tanh", "softmax"], "log_loss", np.float64)
    for shape in ((1, 3), (6, 1), (1, 1)):
        part = np.random.RandomState(1).random_sample(shape)
        repeated, copied = (
            np.broadcast_to(part, (6, 3)),
            np.tile(part, (6 // shape[0], 3 // shape[1])),
        )
        assert_same_bits(net.forward(params, repeated), net.forward(params, copied))
        assert_same_bits(net.forward_small(params, repeated, 1.0), net.forward(params, copied))
        gradient, cost = net.gradient(params, repeated, targets)
        expected, expected_cost = net.gradient(params, copied, targets.copy())
        assert_same_bits(gradient, expected)
        assert cost == expected_cost


def test_optimizer_of_another_network_raises():
    net, params = net_and_params((3, 4, 2), ["tanh", "softmax"], "log_loss", np.float32)
    small, _ = net_and_params((2, 2), ["softmax"], "log_loss", np.float32)
    with pytest.raises(StatusError, match="optimizer state must have 52 values"):
        net.train_epoch(params, X, Y, _core.Optimizer(small, "adam", learning_rate=1), batch_size=2)
    with pytest.raises(ValueError, match="solver must be one of 'sgd'"):
        _core.Optimizer(net, "lbfgs", learning_rate=0.1)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda p: p[:-1],
        lambda p: p.astype(np.float64),
        lambda p: np.repeat(p, 2)[::2],
        lambda p: p.reshape(2, -1),
        lambda p: p.tolist(),
        lambda p: None,
    ],
    ids=["short", "float64", "strided", "matrix", "list", "None"],
)
def test_params_must_be_a_contiguous_writeable_block(wrong):
    net, params = net_and_params((3, 4, 2), ["tanh", "softmax"], "log_loss", np.float32)
    optimizer = _core.Optimizer(net, "sgd", learning_rate=0.1)
    for call_with in (
        lambda p: net.forward(p, X),
        lambda p: net.gradient(p, X, Y),
        lambda p: net.train_epoch(p, X, Y, optimizer, batch_size=2),
        lambda p: _core.step(net, p, params, optimizer),
    ):
        with pytest.raises(ValueError, match=r"params must be a contiguous.*\(26,\).*float32, got"):
            call_with(wrong(params))
    read_only = params.copy()
    read_only.flags.writeable = False
    with pytest.raises(ValueError, match="params must be a contiguous writeable array"):
        net.train_epoch(read_only, X, Y, optimizer, batch_size=2)


def test_arguments_of_several_epochs_are_checked():
    net, params = net_and_params((3, 2), ["softmax"], "log_loss", np.float32)
    optimizer, before = _core.Optimizer(net, "sgd", learning_rate=0.1), params.copy()

    def call(results, order=None, generator=None):
        order = np.arange(6) if order is None else order
        net.train_epoch(
            params, X, Y, optimizer, results, batch_size=2, order=order, generator=generator
        )

    for results in (np.zeros((2, 5)), np.zeros((2, 6), np.float32), np.zeros(6)):
        with pytest.raises(
            ValueError,
            match="epochs must be rows of 6 values of dtype float64, got an array of shape",
        ):
            call(results)
    with pytest.raises(TypeError):
        call(np.zeros((2, 6)))
    read_only = np.arange(6)
    read_only.flags.writeable = False
    for order in (np.array([0, 6]), np.arange(6, dtype=np.int32), np.arange(12)[::2], read_only):
        with pytest.raises(ValueError, match="order"):
            call(np.zeros((2, 6)), order, _core.Random(0))
    assert_same_bits(params, before)


@pytest.mark.parametrize(
    ("rows", "orders", "message"),
    [
        ([3], [[0, 1], [1, 0]], "rows must be indices of 3 rows"),
        ([-1], [[0, 1], [1, 0]], "rows must be indices of 3 rows"),
        ([2], [[0, 1], [1, 1]], "orders must be permutations of 2 columns"),
        ([2], [[0, 1], [1, 2]], "orders must be permutations of 2 columns"),
    ],
)
def test_indices_of_an_explanation_are_those_of_rows_and_columns(rows, orders, message):
    background = np.zeros((3, 2)), np.ones(3), np.ones(2, bool)
    with pytest.raises(ValueError, match=message):
        _core.Shapley(*background, rows, orders)
    game = _core.Shapley(*background, [0, 2], [[0, 1], [1, 0], [1, 0], [0, 1]])
    assert game.mean().tolist() == [0, 0]
    sums = _core.Shapley(*background)
    for row in (-1, 3):
        with pytest.raises(ValueError, match=f"row must be an index of 3 rows, got {row}"):
            sums.add_sets(sums.sets(), row, np.zeros((2, 2)))
