"""Orders of rows that the core shuffles, and epochs in several calls."""

import numpy as np
import pytest
from helpers import labels, net_and_params, uniform

from cmlp._bridge import _core

X, Y = uniform(0, 150, 5), labels(1, 150, 3)


def test_an_epoch_in_several_calls_of_the_core_continues_its_sums():
    results = []
    for cuts in ([150], [32, 96, 150]):
        net, params = net_and_params([5, 4, 3], ["tanh", "softmax"], "log_loss", np.float64)
        optimizer, epoch, start = (
            _core.Optimizer(net, "adam", learning_rate=0.01),
            np.zeros((1, _core.N_RESULTS)),
            0,
        )
        for stop in cuts:
            rows = slice(start, stop)
            keywords = {"batch_size": 16, "alpha": 0.1, "wants_norm": stop == 150}
            cost = net.train_epoch(params, X[rows], Y[rows], optimizer, epoch, **keywords)[0]
            start = stop
        results.append((params.tolist(), epoch[0, : _core.N_SUMS].tolist(), cost))
    assert results[0] == results[1]


def test_random_shuffles_in_place_like_a_permutation():
    order = _core.Random(3).permutation(1000)
    shuffled, generator, other = order.copy(), _core.Random(4), _core.Random(4)
    generator.shuffle(shuffled)
    np.testing.assert_array_equal(shuffled, order[other.permutation(1000)])
    np.testing.assert_array_equal(generator.permutation(9), other.permutation(9))
    for wrong in (order[::2], order.astype(np.int32), order.reshape(10, -1)):
        with pytest.raises(
            ValueError, match="order must be a contiguous writeable 1-D array of int64"
        ):
            generator.shuffle(wrong)
