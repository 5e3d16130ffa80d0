"""Parameters that scikit-learn's MLP does not have: they agree with formulas in NumPy, and with copies and files."""

import copy
import inspect
import pickle
import re
import warnings

import joblib
import numpy as np
import pytest
import reference
from estimator_cases import blobs, flat
from sklearn.base import clone

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network, Trainer

# Most fits here stop at max_iter on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

X, LABELS = blobs(n_rows=70)
COUNTS = np.random.RandomState(2).poisson(3, (70, 2)).astype(float)
SIZES = (6, 5)
COMMON = {
    "hidden_layer_sizes": SIZES,
    "max_iter": 5,
    "batch_size": 32,
    "random_state": 3,
    "learning_rate_init": 0.02,
}

# Parameters of a classifier. The values of "activation", "loss" and so on are also those of the
# reference.
CLASSIFIERS = {
    "dropout": {"dropout": 0.3},
    "dropout per layer": {"dropout": [0.0, 0.6]},
    "adamw": {"solver": "adamw", "weight_decay": 0.3},
    "clipping": {"max_grad_norm": 0.05, "solver": "sgd", "momentum": 0.0},
    "alpha per layer": {"alpha": [0.5, 0.0, 2.0]},
    "leaky_relu": {"activation": "leaky_relu", "activation_parameter": 0.2},
    "elu, silu": {"activation": ["elu", "silu"], "activation_parameter": [0.5, 0]},
    "gelu, softplus": {"activation": ["gelu", "softplus"]},
    "softsign": {"activation": "softsign"},
    "focal": {"loss": "focal"},
    "focal with parameter": {"loss": "focal", "loss_parameter": 0.75},
    "label_smoothing": {"loss": "label_smoothing", "loss_parameter": 0.3},
    "he": {"initialization": "he"},
    "lecun": {"initialization": "lecun"},
}
# Parameters of a regressor.
REGRESSORS = {
    "absolute_error": {"loss": "absolute_error"},
    "huber": {"loss": "huber", "loss_parameter": 0.4},
    "quantile": {"loss": "quantile", "quantile": 0.9},
    "poisson": {"loss": "poisson"},
    "gamma": {"loss": "gamma"},
    "tweedie": {"loss": "tweedie"},
    "tweedie with parameter": {"loss": "tweedie", "loss_parameter": 1.2},
    "dropout in squared error": {"dropout": 0.25},
}
EXPONENTIAL = ("poisson", "gamma", "tweedie")
# Tested against formulas in test_y_scale.py.
SCALED = {
    "y_scale": {"y_scale": "standard"},
    "y_scale, huber": {"y_scale": "standard", "loss": "huber"},
}
CASES = {**CLASSIFIERS, **REGRESSORS, **SCALED}


def estimator(name):
    kind = MLPClassifier if name in CLASSIFIERS else MLPRegressor
    return kind(**{**COMMON, **CASES[name]})


def targets(name, n_classes=3):
    if name not in CLASSIFIERS:
        return COUNTS + (name == "gamma")
    return LABELS % n_classes


def initial_params(network, rule, rng):
    """Weights of He et al. (2015) and LeCun et al. (1998): uniform, with the variances 2 / n_in and 1 / n_in."""
    if rule is None:
        return network.init_params(rng)
    params = np.zeros(network.n_params)
    for W in network.split(params)[0]:
        bound = np.sqrt(3 * {"he": 2, "lecun": 1}[rule] / len(W))
        W[...] = rng.uniform(-bound, bound, W.shape)
    return params


def fit_of_the_reference(name, Y, output):
    """Parameters and reported losses of the plain NumPy network after the same training."""
    case, rng = CASES[name], np.random.RandomState(COMMON["random_state"])
    loss = case.get("loss", "log_loss" if name in CLASSIFIERS else "squared_error")
    activation = case.get("activation", "relu")
    hidden = [activation] * 2 if isinstance(activation, str) else activation
    parameter = case.get("activation_parameter", 0)
    numbers = [*([parameter] * 2 if np.isscalar(parameter) else parameter), 0]
    network = reference.Network(
        (4, *SIZES, Y.shape[1] if Y.ndim == 2 else 3),
        (*hidden, output),
        loss,
        parameters=numbers,
        loss_parameter=case.get("quantile", case.get("loss_parameter", 0)),
    )
    params = initial_params(network, case.get("initialization"), rng)
    dropout = case.get("dropout")
    options = {
        "alpha": case.get("alpha", 1e-4),
        "loss_scale": 0.5 if loss == "squared_error" else 1,
    }
    if loss == "log_loss":
        options["clip"] = np.finfo(float).eps
    if dropout is not None:
        options["dropout"] = [dropout] * 2 if np.isscalar(dropout) else dropout
        options["dropout_seed"] = int(2**32 * rng.random_sample())
    optimizer = reference.Optimizer(
        network.n_params,
        case.get("solver", "adam"),
        learning_rate=0.02,
        weight_decay=case.get("weight_decay", 0),
        max_norm=case.get("max_grad_norm", 0),
        is_weight=network.is_weight(),
    )
    costs = reference.train(
        network, params, X, Y, optimizer, rng, epochs=5, batch_size=32, **options
    )
    share = 1 / Y.shape[1] if loss == "squared_error" else 1
    return params, [share * cost + penalty for cost, penalty in costs]


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("kind", ["binary", "multiclass"])
def test_classifier_agrees_with_the_formulas(name, kind):
    y = targets(name, 2 if kind == "binary" else 3)
    Y, output = (y.reshape(-1, 1), "logistic") if kind == "binary" else (y, "softmax")
    params, losses = fit_of_the_reference(name, Y, output)
    model = estimator(name).fit(X, y)
    np.testing.assert_allclose(flat(model), params, rtol=0, atol=1e-10)
    np.testing.assert_allclose(model.loss_curve_, losses, rtol=1e-10)
    assert model.out_activation_ == output
    np.testing.assert_allclose(model.predict_proba(X).sum(axis=1), 1)


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressor_agrees_with_the_formulas(name):
    y, output = targets(name), "exp" if CASES[name].get("loss") in EXPONENTIAL else "identity"
    params, losses = fit_of_the_reference(name, y, output)
    model = estimator(name).fit(X, y)
    np.testing.assert_allclose(flat(model), params, rtol=0, atol=1e-10)
    np.testing.assert_allclose(model.loss_curve_, losses, rtol=1e-10)
    assert model.out_activation_ == output


@pytest.mark.parametrize("loss", ["focal", "label_smoothing"])
def test_losses_of_probabilities_take_multilabel_targets(loss):
    Y = np.stack([LABELS == 0, LABELS > 0, X[:, 0] > 0], axis=1).astype(int)
    model = MLPClassifier(loss=loss, **{**COMMON, "max_iter": 60}).fit(X, Y)
    assert model.out_activation_ == "logistic" and model.score(X, Y) > 0.9
    assert not np.allclose(model.predict_proba(X).sum(axis=1), 1)


# Copies, files and continued training


def through_file(model, tmp_path):
    model.save(tmp_path / "model", include_training_state=True)
    return cmlp.load(tmp_path / "model")


DUPLICATES = {
    "pickle": lambda model, tmp_path: pickle.loads(pickle.dumps(model)),
    "deepcopy": lambda model, tmp_path: copy.deepcopy(model),
    "file": through_file,
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("duplicate", DUPLICATES.values(), ids=DUPLICATES.keys())
def test_copy_predicts_and_trains_like_the_original(name, duplicate, tmp_path):
    y = targets(name)
    model = estimator(name).fit(X, y)
    twin = duplicate(model, tmp_path)
    assert twin.get_params() == model.get_params()
    assert twin.predict(X).tobytes() == model.predict(X).tobytes()
    assert flat(twin.partial_fit(X, y)).tobytes() == flat(model.partial_fit(X, y)).tobytes()


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("duplicate", DUPLICATES.values(), ids=DUPLICATES.keys())
def test_resumed_fit_has_the_bits_of_one_that_did_not_stop(name, duplicate, tmp_path):
    y, options = targets(name), {"tol": 0, "n_iter_no_change": np.inf}
    whole = estimator(name).set_params(**options).fit(X, y)
    part = duplicate(estimator(name).set_params(**options, max_iter=2).fit(X, y), tmp_path)
    part.set_params(max_iter=5).fit(X, y, resume=True)
    assert flat(part).tobytes() == flat(whole).tobytes()
    assert part.loss_curve_ == whole.loss_curve_


@pytest.mark.parametrize("name", CASES)
def test_clone_and_set_params_give_the_same_fit(name):
    y = targets(name)
    model = estimator(name).fit(X, y)
    twin = type(model)().set_params(**model.get_params())
    for other in (clone(model), twin):
        assert other.get_params() == model.get_params()
        assert flat(other.fit(X, y)).tobytes() == flat(model).tobytes()


def test_a_list_of_sizes_that_changed_between_two_calls_is_read_again():
    sizes, X = [3], np.eye(4)
    model = cmlp.MLPRegressor(hidden_layer_sizes=sizes, solver="lbfgs")
    for width in (3, 5):
        sizes[0] = width
        model.fit(X, X[0])
        assert [w.shape for w in model.coefs_] == [(4, width), (width, 1)]


@pytest.mark.parametrize("name", CASES)
def test_warm_start_and_partial_fit_continue_from_the_model(name):
    y = targets(name)
    model = estimator(name).fit(X, y)
    before, n_epochs = flat(model), len(model.loss_curve_)
    model.set_params(learning_rate_init=1e-300, warm_start=True).fit(X, y)
    np.testing.assert_array_equal(flat(model), before)
    model.partial_fit(X, y)
    np.testing.assert_array_equal(flat(model), before)
    assert len(model.loss_curve_) > n_epochs
    assert model.network_.loss_parameter == estimator(name).fit(X, y).network_.loss_parameter


@pytest.mark.parametrize(
    "name, change",
    [
        ("elu, silu", {"activation_parameter": [0.25, 0]}),
        ("huber", {"loss_parameter": 2.0}),
        ("quantile", {"quantile": 0.5}),
        ("focal", {"loss": "label_smoothing"}),
    ],
)
def test_warm_start_of_another_network_raises(name, change):
    model = estimator(name).fit(X, targets(name)).set_params(warm_start=True, **change)
    before = flat(model)
    with pytest.raises(ValueError, match="so training cannot continue with"):
        model.fit(X, targets(name))
    np.testing.assert_array_equal(flat(model), before)


def fitted_bytes(model, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return flat(model.fit(X, y)).tobytes()


def test_fits_in_two_processes_have_the_bits_of_fits_in_one():
    jobs = [(estimator(name), targets(name)) for name in CASES]
    parallel = joblib.Parallel(n_jobs=2)(
        joblib.delayed(fitted_bytes)(clone(model), y) for model, y in jobs
    )
    assert parallel == [fitted_bytes(model, y) for model, y in jobs]


# The lowest place


@pytest.mark.parametrize("rule", ["glorot", "he", "lecun"])
def test_network_has_the_initial_parameters_of_an_estimator(rule):
    net = Network(
        [4, 6, 5, 3], ["logistic", "tanh"], dtype="float64", random_state=3, initialization=rule
    )
    model = MLPClassifier(
        SIZES, ["logistic", "tanh"], random_state=3, max_iter=1, initialization=rule, solver="sgd"
    )
    model.set_params(learning_rate_init=1e-300).fit(X, LABELS)
    np.testing.assert_allclose(net.params, flat(model), rtol=0, atol=1e-290)
    assert rule == "glorot" or not any(biases.any() for biases in net.biases)


def test_initial_parameters_can_be_given():
    rng = np.random.RandomState(0)
    coefs = [rng.standard_normal(shape) for shape in ((4, 6), (6, 5), (5, 3))]
    intercepts = [rng.standard_normal(n) for n in (6, 5, 3)]
    model = MLPClassifier(
        SIZES, initialization=(coefs, intercepts), max_iter=1, learning_rate_init=1e-300
    )
    model.set_params(solver="sgd").fit(X, LABELS)
    net = Network([4, 6, 5, 3], "relu", dtype="float64", initialization=[coefs, intercepts])
    given = [*coefs, *intercepts]
    for one, two, three in zip(
        given, model.coefs_ + model.intercepts_, net.weights + net.biases, strict=True
    ):
        np.testing.assert_array_equal(one, two)
        np.testing.assert_array_equal(one, three)
    assert not np.shares_memory(coefs[0], model.coefs_[0])
    twin = clone(model).fit(X, LABELS)
    np.testing.assert_array_equal(flat(twin), flat(model))


@pytest.mark.parametrize(
    "given, message",
    [
        (
            ([np.zeros((4, 6))], [np.zeros(6)]),
            "coefs of initialization must have arrays of the shapes",
        ),
        (
            ([np.zeros((4, 3))], [np.zeros(2)]),
            "intercepts of initialization must have arrays of the shapes",
        ),
        (([np.full((4, 3), np.nan)], [np.zeros(3)]), "must contain finite numbers"),
        (([["a"]], [np.zeros(3)]), "arrays of real numbers"),
        (
            "xavier",
            "must be a str among {'glorot', 'he', 'lecun'} or a tuple \\(coefs, intercepts\\)",
        ),
        ((1, 2, 3), "or a tuple \\(coefs, intercepts\\)"),
    ],
)
def test_wrong_initial_parameters_raise(given, message):
    with pytest.raises((ValueError, TypeError), match=message):
        MLPClassifier((), initialization=given).fit(X, LABELS)
    with pytest.raises((ValueError, TypeError), match=message):
        Network([4, 3], initialization=given)


def test_model_file_has_no_given_initial_parameters(tmp_path):
    coefs, intercepts = [np.zeros((4, 3))], [np.zeros(3)]
    model = MLPClassifier((), initialization=(coefs, intercepts), max_iter=2).fit(X, LABELS)
    model.save(tmp_path / "model")
    loaded = cmlp.load(tmp_path / "model")
    assert loaded.initialization == "glorot"
    np.testing.assert_array_equal(loaded.coefs_[0], model.coefs_[0])


# Errors


@pytest.mark.parametrize(
    "kind, params, message",
    [
        (
            MLPClassifier,
            {"dropout": 1.0},
            r"'dropout' .* a float in the range \[0.0, 1.0\) or an array-like. Got 1.0",
        ),
        (
            MLPClassifier,
            {"dropout": [0.1]},
            "one number for each of 2 hidden layers, got \\[0.1\\]",
        ),
        (MLPClassifier, {"dropout": [0.1, 2]}, "dropout must be a float in the range"),
        (
            MLPClassifier,
            {"dropout": 0.5, "solver": "lbfgs"},
            "dropout=0.5 needs batches: .* than 'lbfgs'",
        ),
        (
            MLPClassifier,
            {"max_grad_norm": 1.0, "solver": "lbfgs"},
            "max_grad_norm=1.0 needs batches: .* than 'lbfgs'",
        ),
        (
            MLPClassifier,
            {"max_grad_norm": 0.0},
            "'max_grad_norm' parameter of MLPClassifier must be a float",
        ),
        (MLPClassifier, {"weight_decay": 0.1}, "weight_decay=0.1 needs solver='adamw', got 'adam'"),
        (
            MLPClassifier,
            {"weight_decay": -0.1, "solver": "adamw"},
            "'weight_decay' parameter .* Got -0.1",
        ),
        (
            MLPClassifier,
            {"alpha": [1, 2]},
            "alpha must be a number or a list of one number for each of 3 layers",
        ),
        (MLPClassifier, {"alpha": [1, 2, -3]}, "alpha must be a float in the range"),
        (
            MLPClassifier,
            {"activation_parameter": 0.1},
            "activation_parameter must be None with the activations",
        ),
        (
            MLPClassifier,
            {"activation_parameter": -1.0, "activation": "elu"},
            "'activation_parameter' .* Got -1.0",
        ),
        (MLPClassifier, {"loss": "huber"}, "'loss' parameter of MLPClassifier must be a str among"),
        (
            MLPClassifier,
            {"loss_parameter": 1.0},
            "loss_parameter must be None with loss='log_loss'",
        ),
        (
            MLPClassifier,
            {"loss": "label_smoothing", "loss_parameter": 1},
            "range \\(0.0, 1.0\\) or None with loss='la",
        ),
        (
            MLPRegressor,
            {"loss_parameter": 1.0},
            "loss_parameter must be None with loss='squared_error'",
        ),
        (
            MLPRegressor,
            {"quantile": 0.9},
            "quantile=0.9 needs loss='quantile', got 'squared_error'",
        ),
        (
            MLPRegressor,
            {"quantile": 1.0, "loss": "quantile"},
            "'quantile' parameter of MLPRegressor must be a float",
        ),
        (
            MLPRegressor,
            {"loss_parameter": 0.9, "loss": "quantile"},
            "loss_parameter=0.9 must be None .* set quantile",
        ),
        (MLPRegressor, {"loss": "gamma"}, "y must be positive with loss='gamma', got"),
    ],
)
def test_wrong_options_raise_before_training(kind, params, message):
    model = kind(**{**COMMON, **params})
    y = LABELS if kind is MLPClassifier else COUNTS
    with pytest.raises(ValueError, match=message):
        model.fit(X, y)
    assert not hasattr(model, "coefs_")
    if params.get("solver") != "lbfgs" and "needs" in message and kind is MLPClassifier:
        with pytest.raises(ValueError, match=message):
            Trainer(Network([4, 6, 5, 3]), **params)


def test_gamma_needs_positive_targets_and_poisson_takes_zero():
    y = np.arange(70.0)
    MLPRegressor(loss="poisson", **COMMON).fit(X, y)
    with pytest.raises(ValueError, match="y must be positive with loss='gamma'"):
        MLPRegressor(loss="gamma", **COMMON).fit(X, y)
    assert (MLPRegressor(loss="gamma", **COMMON).fit(X, y + 1).predict(X) > 0).all()


def test_documented_losses_are_those_accepted():
    for kind in (MLPClassifier, MLPRegressor):
        text = re.search(r"\nloss : (.*?)\n\w", inspect.getdoc(kind), re.DOTALL)[1]
        choices, _, rest = text.partition("default=")
        documented = {
            *re.findall(r'"(\w+)"', choices),
            *re.findall(r'^ +- "(\w+)":', rest, re.MULTILINE),
        }
        assert len(documented) > 3
        for loss in documented:
            kind(loss=loss, **COMMON).fit(X, LABELS if kind is MLPClassifier else COUNTS + 1)


def test_rates_of_0_are_no_dropout():
    without, zeros = (
        MLPClassifier(**COMMON, dropout=rates).fit(X, LABELS) for rates in (0.0, [0.0, 0.0])
    )
    assert (flat(without) == flat(zeros)).all()
