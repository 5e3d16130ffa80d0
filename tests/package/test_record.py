"""The record that saving, exports, pages and plots read from networks and estimators, and properties of a network."""

import numpy as np
import pytest

from cmlp import MLPClassifier, MLPRegressor, Network
from cmlp.exceptions import NotFittedError
from cmlp.record import record_of


def test_properties_of_a_network_rebuild_it():
    net = Network(
        [4, 3, 2, 3], ["elu", "relu"], "logistic", "focal", "float64", 0.5, 0, 2, activation_parameter=[2.0, 0]
    )
    twin = Network(
        net.sizes,
        net.activation,
        net.output,
        net.loss,
        net.dtype,
        net.input_scale,
        0,
        net.n_threads,
        net.activation_parameter,
        net.loss_parameter,
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


def test_record_shares_the_parameters_of_a_network():
    net = Network([4, 3, 2], "tanh", input_scale=0.25, n_threads=1)
    record = record_of(net)
    assert record.params is net.params and record.weights[0].base is net.weights[0].base
    assert (record.sizes, record.activations, record.loss) == ((4, 3, 2), ("tanh", "softmax"), "log_loss")
    assert (record.input_scale, record.n_threads, record.kind, record.labels) == (0.25, 1, "network", None)
    assert (record.dtype, record.loss_parameter, record.activation_parameters) == (np.float32, 0.0, (0.0, 0.0))
    assert record.biases[1].shape == (2,) and record.feature_names is None


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_record_of_an_estimator_has_its_classes():
    X = np.eye(4)
    model = MLPClassifier((3,), max_iter=1, n_threads=1).fit(X, ["a", "b", "c", "a"])
    record = record_of(model)
    assert record.kind == "classifier" and list(record.labels.classes) == ["a", "b", "c"]
    assert np.shares_memory(record.params, model.coefs_[0]) and record.n_threads == 1
    assert record_of(MLPRegressor(max_iter=1).fit(X, X[:, 0])).kind == "regressor"
    with pytest.raises(NotFittedError, match="MLPClassifier instance is not fitted yet"):
        record_of(MLPClassifier())


def test_other_objects_have_no_record():
    with pytest.raises(TypeError, match="A Network, an MLPClassifier or an MLPRegressor is needed, got list"):
        record_of([])
