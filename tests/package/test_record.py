"""Properties of a network, and the error for objects that are no model."""

import numpy as np
import pytest

from cmlp import Network
from cmlp.record import record_of


def test_properties_of_a_network_rebuild_it():
    net = Network(
        [4, 3, 2, 3],
        ["elu", "relu"],
        output="logistic",
        loss="focal",
        dtype="float64",
        input_scale=0.5,
        random_state=0,
        n_threads=2,
        activation_parameter=[2.0, 0],
    )
    twin = Network(
        net.sizes,
        net.activation,
        output=net.output,
        loss=net.loss,
        dtype=net.dtype,
        input_scale=net.input_scale,
        random_state=0,
        n_threads=net.n_threads,
        activation_parameter=net.activation_parameter,
        loss_parameter=net.loss_parameter,
    )
    X = np.linspace(-1, 1, 20).reshape(5, 4)
    assert repr(twin) == repr(net) and twin.params.tobytes() == net.params.tobytes()
    assert twin.cost(X, [0, 1, 2, 0, 1]) == net.cost(X, [0, 1, 2, 0, 1])
    assert (net.input_scale, net.n_threads, net.dtype) == (0.5, 2, np.float64)


def test_parameters_are_none_without_a_function_that_has_one():
    net = Network([4, 3, 2])
    assert net.activation_parameter is None and net.loss_parameter is None


def test_n_threads_of_a_network_can_be_set():
    net = Network([4, 3, 2])
    net.n_threads = 3
    assert net.n_threads == 3
    with pytest.raises(ValueError, match="n_threads must be an int"):
        net.n_threads = 0
    assert net.n_threads == 3


def test_other_objects_have_no_record():
    with pytest.raises(TypeError, match="A Network, an MLPClassifier or an MLPRegressor is needed, got list"):
        record_of([])
