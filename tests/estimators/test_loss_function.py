"""A loss that is a function: bit-identical to the built-in one, errors, and what such a model can do."""

import copy
import pickle

import numpy as np
import pytest
from helpers import assert_same_bits
from sklearn.base import clone

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network, Trainer

# Most fits here stop at max_iter on purpose.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Stochastic Optimizer", "ignore:lbfgs failed to converge"
)

rng = np.random.RandomState(0)
X = rng.uniform(-2, 2, (300, 4))
Y = X[:, 0] ** 2 - X[:, 1] + 0.1 * rng.standard_normal(300)
LABELS = np.digitize(Y, [0, 2])
WEIGHT = rng.uniform(0.1, 3, 300)


def half_squared_error(y, output):
    d = output - y
    return (d * d).sum(axis=1, dtype=np.float64) / 2, d


def squared_error(y, output):
    d = output - y
    return (d * d).sum(axis=1, dtype=np.float64), 2 * d


def small(loss, estimator=MLPRegressor, **params):
    rate = {} if params.get("solver") == "lbfgs" else {"learning_rate_init": 0.02}
    params = {"hidden_layer_sizes": (8,), "max_iter": 6, "random_state": 1, **rate, **params}
    return estimator(loss=loss, **params)


OPTIONS = {
    "adam": {},
    "sgd": {"solver": "sgd", "alpha": 0.1},
    "lbfgs": {"solver": "lbfgs"},
    "early stopping": {"early_stopping": True},
    "dropout": {"dropout": 0.2, "max_grad_norm": 0.5},
    "threads": {"n_threads": 2, "hidden_layer_sizes": (400, 300), "max_iter": 2},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_squared_error_has_the_bits_of_the_built_in_one(dtype, options):
    own = small(half_squared_error, dtype=dtype, **options).fit(X, Y, WEIGHT)
    built_in = small("squared_error", dtype=dtype, **options).fit(X, Y, WEIGHT)
    for one, other in zip(
        own.coefs_ + own.intercepts_, built_in.coefs_ + built_in.intercepts_, strict=True
    ):
        assert_same_bits(one, other)
    assert own.loss_ == built_in.loss_


@pytest.mark.parametrize("output", ["identity", "logistic", "tanh", "exp", "softmax"])
def test_gradients_have_the_bits_of_the_built_in_ones(output):
    targets = rng.uniform(0.1, 0.9, (300, 3))
    nets = [
        Network([4, 5, 3], "tanh", output=output, loss=loss, random_state=0)
        for loss in (squared_error, "squared_error")
    ]
    for y in (targets, LABELS):
        own, built_in = (net.gradient(X, y, sample_weight=WEIGHT, alpha=0.1).flat for net in nets)
        assert_same_bits(own, built_in)
        own, built_in = (net.input_gradient(X, y) for net in nets)
        assert_same_bits(own, built_in)
    own, built_in = (net.explain_step(X, targets).layers[-1].output_changes for net in nets)
    assert_same_bits(own, built_in)


def test_classifier_gets_probabilities_and_one_hot_targets():
    seen = []

    def log_loss(y, output):
        seen.append((y, output))
        return -(y * np.log(output)).sum(axis=1), -y / output

    own = small(log_loss, MLPClassifier, dtype="float64").fit(X, LABELS)
    built_in = small("log_loss", MLPClassifier, dtype="float64").fit(X, LABELS)
    np.testing.assert_allclose(own.predict_proba(X), built_in.predict_proba(X), rtol=1e-9)
    y, output = seen[0]
    assert y.shape == output.shape and y.shape[1] == 3 and (y.sum(axis=1) == 1).all()
    np.testing.assert_allclose(output.sum(axis=1), 1)
    two = small(log_loss, MLPClassifier).fit(X, LABELS > 0)
    assert two.predict_proba(X).shape == (300, 2) and seen[-1][0].shape[1] == 1


def test_function_cannot_change_the_training_by_its_arguments():
    def hostile(y, output):
        values, gradient = half_squared_error(y, output)
        y[:], output[:] = 1e9, -1e9
        return values, gradient

    assert_same_bits(
        small(hostile).fit(X, Y).predict(X), small(half_squared_error).fit(X, Y).predict(X)
    )


def broken(kind):
    """Return a loss that fails in its fourth call."""
    calls = []

    def loss(y, output):
        values, gradient = half_squared_error(y, output)
        calls.append(len(y))
        if len(calls) < 4:
            return values, gradient
        if kind == "raises":
            raise KeyError("my own")
        values, gradient = {
            "no tuple": (values, None),
            "values": (values[:-1], gradient),
            "column": (values[:, None], gradient),
            "gradient": (values, gradient[:, 0]),
            "text": (values.astype(str), gradient),
            "complex": (values, gradient + 1j),
            "nan": (np.where(values > values.min(), values, np.nan), gradient),
            "infinite": (values, gradient * np.inf),
        }[kind]
        return values if gradient is None else (values, gradient)

    return loss


ERRORS = {
    "raises": (KeyError, "my own"),
    "no tuple": (ValueError, r"must return a tuple \(values, gradient\), got ndarray"),
    "values": (
        ValueError,
        r"must return values of shape \(\d+,\) and real numbers, got an array of shape \(\d+,\)",
    ),
    "column": (ValueError, r"must return values of shape .* got an array of shape \(\d+, 1\)"),
    "gradient": (ValueError, r"must return gradient of shape \(\d+, 1\)"),
    "text": (ValueError, "real numbers"),
    "complex": (ValueError, "dtype complex"),
    "nan": (ValueError, "must return finite values, got .*nan.* in row"),
    "infinite": (ValueError, "must return finite gradient"),
}


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("kind", ERRORS)
def test_errors_of_the_function_leave_the_former_model(kind, solver):
    error, message = ERRORS[kind]
    model = small("squared_error", solver=solver).fit(X, Y)
    before = model.predict(X)
    with pytest.raises(error, match=message):
        model.set_params(loss=broken(kind)).fit(X, Y)
    assert_same_bits(model.predict(X), before)


def test_failing_partial_fit_leaves_the_former_model():
    loss = broken("raises")
    model = small(loss, batch_size=100).partial_fit(X[:200], Y[:200])
    before = pickle.dumps(list(model.coefs_))
    with pytest.raises(KeyError):
        model.partial_fit(X, Y)
    assert pickle.dumps(list(model.coefs_)) == before


def test_ctrl_c_in_the_function_interrupts_the_fit():
    calls = []

    def interrupted(y, output):
        calls.append(1)
        if len(calls) == 10:
            raise KeyboardInterrupt
        return half_squared_error(y, output)

    settings = {"batch_size": 100, "n_iter_no_change": float("inf"), "tol": 0}
    model = small(interrupted, **settings)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert model.n_iter_ == 3
    whole = small(half_squared_error, **settings).fit(X, Y)
    assert_same_bits(model.fit(X, Y, resume=True).predict(X), whole.predict(X))


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_divergence_is_reported_as_such():
    with pytest.raises(cmlp.exceptions.DivergenceError, match="non-finite parameter weights"):
        small(half_squared_error, solver="sgd", learning_rate_init=1e200, max_iter=50).fit(
            X, 1e100 * Y
        )


def test_model_files_refuse_it_by_name(tmp_path):
    model = small(half_squared_error).fit(X, Y)
    with pytest.raises(TypeError, match="loss of MLPRegressor is a function"):
        model.save(tmp_path / "model.cmlp")
    with pytest.raises(TypeError, match="loss of Network is a function"):
        model.network_.save(tmp_path / "model.cmlp")
    assert not list(tmp_path.iterdir())


def test_pickles_copies_and_exports_work(tmp_path):
    model = small(half_squared_error, warm_start=True).fit(X, Y)
    twin = pickle.loads(pickle.dumps(model))
    assert twin.network_.loss is half_squared_error and clone(model).loss is half_squared_error
    assert_same_bits(twin.fit(X, Y).predict(X), copy.deepcopy(model).fit(X, Y).predict(X))
    model.to_c(tmp_path / "model.h", dtype="float32")
    assert (tmp_path / "model.h").stat().st_size > 1000
    with pytest.raises(ValueError, match="fitted with loss="):
        model.set_params(loss=squared_error).fit(X, Y)
    with pytest.raises(ValueError, match="does not support the loss"):
        model.to_html(tmp_path / "page.html")
    with pytest.raises(ValueError, match="cannot have loss="):
        model.to_sklearn()


def test_onnx_file_leaves_the_loss_out(tmp_path):
    pytest.importorskip("onnx")
    model = small(half_squared_error).fit(X, Y)
    model.to_onnx(tmp_path / "model.onnx")
    twin = cmlp.from_onnx(tmp_path / "model.onnx")
    assert twin.loss == "squared_error"
    assert_same_bits(twin.predict(X), model.predict(X))


def test_trainer_and_network_take_it():
    nets = [
        Network([4, 5, 1], "tanh", output="identity", loss=loss, random_state=0)
        for loss in (squared_error, "squared_error")
    ]
    for net in nets:
        Trainer(net, max_iter=3, random_state=0).run(X, Y[:, None])
    assert_same_bits(nets[0].params, nets[1].params)
    assert nets[0].loss is squared_error and nets[0].loss_parameter is None


def test_parameters_that_contradict_it():
    with pytest.raises(ValueError, match="y_scale='standard' needs a loss with a name"):
        small(half_squared_error, y_scale="standard").fit(X, Y)
    with pytest.raises(ValueError, match="loss_parameter must be None"):
        small(half_squared_error, loss_parameter=1.0).fit(X, Y)
    with pytest.raises(ValueError, match="needs loss='quantile'"):
        small(half_squared_error, quantile=0.9).fit(X, Y)


def test_models_side_by_side_call_it_from_several_threads():
    models = [
        small(half_squared_error, random_state=seed, hidden_layer_sizes=(40,)) for seed in range(6)
    ]
    alone = [clone(model).fit(X, Y) for model in models]
    for one, other in zip(cmlp.fit_many(models, X, Y, n_threads=3), alone, strict=True):
        assert_same_bits(one.predict(X), other.predict(X))
    models[2].set_params(loss=broken("raises"))
    with pytest.raises(KeyError, match="my own"):
        cmlp.fit_many(models, X, Y, n_threads=3)


class Unhashable:
    __hash__ = None

    def __call__(self, y, output):
        return half_squared_error(y, output)


def test_objects_that_can_be_called_need_no_hash():
    model = small(Unhashable()).fit(X, Y)
    assert_same_bits(model.predict(X), small(half_squared_error).fit(X, Y).predict(X))
