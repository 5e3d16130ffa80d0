"""Constructor parameters: fit checks each one before anything changes."""

import inspect
import pickle
import re

import numpy as np
import pytest
from internals import options_of, state_of
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor

from cmlp import MLPClassifier, MLPRegressor
from cmlp.exceptions import UnusedParameterWarning

# Most fits here stop at max_iter on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")


X = np.random.RandomState(0).standard_normal((30, 4))
LABELS = np.arange(30) % 3
NUMBERS = X[:, 0] + 0.5
NAN, INF = float("nan"), float("inf")


SHARED_BAD_PARAMETERS = [
    ("hidden_layer_sizes", 0),
    ("hidden_layer_sizes", -3),
    ("hidden_layer_sizes", "16"),
    ("hidden_layer_sizes", None),
    ("hidden_layer_sizes", 2.5),
    ("batch_size", 0),
    ("batch_size", 1.5),
    ("batch_size", "all"),
    ("learning_rate_init", 0),
    ("learning_rate_init", -0.1),
    ("learning_rate_init", INF),
    ("power_t", -1.0),
    ("max_iter", 0),
    ("max_iter", 2.0),
    ("random_state", -1),
    ("random_state", 2**32),
    ("random_state", "seed"),
    ("tol", -0.5),
    ("warm_start", None),
    ("momentum", 1.01),
    ("momentum", -0.01),
    ("nesterovs_momentum", 0.5),
    ("early_stopping", "auto"),
    ("validation_fraction", 1.0),
    ("validation_fraction", -0.1),
    ("beta_1", 1.0),
    ("beta_2", -0.1),
    ("epsilon", 0.0),
    ("n_iter_no_change", 0),
    ("n_iter_no_change", 2.5),
    ("n_iter_no_change", -INF),
    ("max_fun", 0),
]


def sorted_options(message):
    """Sort the options in a message: scikit-learn prints them in the arbitrary order of a set."""
    head, brace, tail = message.partition("{")
    options, _, end = tail.partition("}")
    return f"{head}{brace}{sorted(options.split(', '))}{end}"


@pytest.mark.parametrize("name, value", SHARED_BAD_PARAMETERS)
def test_bad_parameters_raise_scikit_learns_message(name, value):
    for ours, theirs, y in (
        (MLPClassifier, TheirClassifier, LABELS),
        (MLPRegressor, TheirRegressor, NUMBERS),
    ):
        messages = []
        for estimator in (ours, theirs):
            with pytest.raises((ValueError, TypeError)) as caught:
                estimator(**{name: value}).fit(X, y)
            messages.append(sorted_options(str(caught.value)))
        assert messages[0] == messages[1]


@pytest.mark.parametrize(
    "name, value, message",
    [
        (
            "alpha",
            -1,
            r"must be a float in the range \[0.0, inf\) or an array-like. Got -1 instead.",
        ),
        (
            "alpha",
            NAN,
            r"must be a float in the range \[0.0, inf\) or an array-like. Got nan instead.",
        ),
        (
            "alpha",
            "0.1",
            r"must be a float in the range \[0.0, inf\) or an array-like. Got '0.1' instead.",
        ),
        (
            "solver",
            "newton",
            "must be a str among {'adam', 'adamw', 'lbfgs', 'sgd'}. Got 'newton' instead.",
        ),
        (
            "solver",
            None,
            "must be a str among {'adam', 'adamw', 'lbfgs', 'sgd'}. Got None instead.",
        ),
        ("activation", "swish", "must be a str among .* or an array-like. Got 'swish' instead."),
        (
            "activation",
            ["relu", "tanh"],
            "one name for each of the 1 hidden layers, got \\['relu', 'tanh'\\]",
        ),
        ("activation", ["swish"], "activation must be a str among .*, got 'swish'"),
        ("hidden_layer_sizes", (5, 0), r"hidden_layer_sizes must be > 0, got \[5, 0\]."),
        ("hidden_layer_sizes", (5.5,), r"must be integers, one per hidden layer, got \[5.5\]"),
        ("hidden_layer_sizes", [[5]], r"must be integers, one per hidden layer"),
        ("hidden_layer_sizes", (2,) * 63, "must have at most 62 entries, got 63"),
        (
            "hidden_layer_sizes",
            (5, 2**31),
            r"hidden_layer_sizes must be < 2\*\*31, got \[5, 2147483648\]",
        ),
        ("power_t", 10**400, r"must be a float in the range \[0.0, inf\). Got 1000"),
        ("alpha", 10**400, r"must be a float in the range \[0.0, inf\) or an array-like. Got 1000"),
        (
            "loss",
            "hinge",
            "must be a str among {'focal', 'label_smoothing', 'log_loss', 'squared_error'}",
        ),
        ("n_threads", 0, r"must be an int in the range \[1, inf\) or None"),
        ("dtype", "float16", "must be a str among {'auto', 'float32', 'float64'}"),
        ("input_scale", 0, r"must be a float in the range \(0.0, inf\)"),
        (
            "learning_rate",
            "linear",
            "'cosine', 'invscaling', 'one_cycle'} or a callable. Got 'linear'",
        ),
        ("verbose", -1, r"must be an int in the range .* or a str among {'bar'}. Got -1 instead."),
        ("verbose", "loud", r"or a str among {'bar'}. Got 'loud' instead."),
        (
            "warmup",
            1.5,
            r"in the range \[0.0, 1.0\) or an int in the range \[1, .*\]. Got 1.5 instead.",
        ),
        ("warmup", -1, "Got -1 instead."),
        ("warmup", True, "Got True instead."),
        ("shuffle", "yes", r"'numpy.bool' or a str among {'blocks'}. Got 'yes' instead."),
        ("block_size", 0, r"an int in the range \[1, inf\). Got 0 instead."),
        ("max_time", 0, r"a float in the range \(0.0, inf\) or None. Got 0 instead."),
        ("max_time", INF, "Got inf instead."),
        ("scoring", 5, "an instance of 'str', a callable or None. Got 5 instead."),
        (
            "callbacks",
            [print],
            "list of objects with at least one of the methods on_fit_begin, on_batches_end, on_epoch_end",
        ),
        ("callbacks", len, "or None. Got <built-in function len> instead."),
        ("random_state", np.random.default_rng(0), "RandomState' or None. Got Generator"),
    ],
)
def test_bad_parameters_raise_and_state_the_allowed_values(name, value, message):
    model = MLPClassifier(**{"hidden_layer_sizes": (5,), name: value})
    for train in (model.fit, lambda X, y: model.partial_fit(X, y, classes=[0, 1, 2])):
        with pytest.raises(ValueError, match=message):
            train(X, LABELS)


@pytest.mark.parametrize(
    "name, value",
    [
        ("hidden_layer_sizes", np.array([3, 4])),
        ("hidden_layer_sizes", np.int64(3)),
        ("alpha", np.float32(0.1)),
        ("batch_size", np.int32(4)),
        ("shuffle", np.bool_(False)),
        ("max_iter", True),
        ("random_state", np.random.RandomState(0)),
        ("n_iter_no_change", INF),
        ("activation", ("tanh",)),
        ("activation", np.array(["tanh"])),
    ],
)
def test_parameters_accept_numpy_types(name, value):
    params = {"max_iter": 2, "hidden_layer_sizes": (3,), name: value}
    MLPClassifier(**params).fit(X, LABELS)


@pytest.mark.parametrize(
    "name, value",
    [
        ("solver", "adam"),
        ("loss", "log_loss"),
        ("loss", "focal"),
        ("learning_rate", "cosine"),
        ("initialization", "he"),
        ("activation", "tanh"),
        ("shuffle", "blocks"),
        ("dtype", "float32"),
        ("class_weight", "balanced"),
        ("input_scale", "standard"),
        ("batch_size", "auto"),
    ],
)
def test_names_can_be_strings_of_numpy(name, value):
    def fitted(value):
        model = MLPClassifier(
            **{"max_iter": 2, "hidden_layer_sizes": (3,), "random_state": 0, name: value}
        )
        return model.fit(X, LABELS).coefs_[0]

    np.testing.assert_array_equal(fitted(np.str_(value)), fitted(value))


@pytest.mark.parametrize("power_t", [10**8, 1e308, np.float32(3e38)])
def test_huge_exponent_of_inverse_scaling_ends_learning(power_t):
    """An integer power of this size would take for ever, and ignore Ctrl-C."""
    params = {
        "solver": "sgd",
        "learning_rate": "invscaling",
        "power_t": power_t,
        "momentum": 0,
        "random_state": 0,
    }
    model = MLPClassifier((3,), max_iter=5, **params).fit(X, LABELS)
    assert state_of(model).optimizer.learning_rate == 0
    once = MLPClassifier((3,), max_iter=1, **params).fit(X, LABELS)
    np.testing.assert_array_equal(model.coefs_[0], once.coefs_[0])


@pytest.mark.parametrize(
    "name", ["max_iter", "n_iter_no_change", "batch_size", "verbose", "max_fun", "n_threads"]
)
@pytest.mark.filterwarnings("ignore:Got `batch_size`")
@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # max_fun with "adam"
def test_integers_beyond_all_floats_are_bounded(name):
    params = {
        "hidden_layer_sizes": (3,),
        "max_iter": 12,
        "tol": 1.0,
        "random_state": 0,
        "verbose": 1,
    }
    model = MLPClassifier(**{**params, name: 10**400}).fit(X, LABELS)
    assert 0 < model.n_iter_ <= 12
    assert getattr(model, name) == 10**400


# Docstrings. Both estimators list all parameters, so that help() shows them.


def documented(estimator):
    """Map the name of each constructor parameter to its docstring entry."""
    section = (
        inspect.getdoc(estimator).split("Parameters\n----------\n")[1].split("\n\nAttributes")[0]
    )
    entries = [entry.split(" : ", 1) for entry in re.split(r"\n(?=\S)", section)]
    return {name: text for names, text in entries for name in names.split(", ")}


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_every_parameter_is_documented_in_order(estimator):
    assert list(documented(estimator)) == list(inspect.signature(estimator).parameters)


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_every_documented_attribute_exists_after_a_fit(estimator):
    text = inspect.getdoc(estimator)
    assert not re.search("^ *<", text, re.MULTILINE)  # placeholders of shared text
    section = re.split(r"\n\n(?=\w+\n---)", text.split("\nAttributes\n----------\n")[1])[0]
    names = {
        name
        for line in re.findall(r"^(\S.*) : ", section, re.MULTILINE)
        for name in line.split(", ")
    }
    model = estimator(hidden_layer_sizes=(3,), max_iter=2).fit(X, LABELS)
    assert {name for name in names if not hasattr(model, name)} == {
        "feature_names_in_"
    }  # X has no names
    own = {
        name
        for name in dir(model)
        if name.endswith("_") and name[0] != "_" and hasattr(model, name)
    }
    assert own <= names


def test_documented_activations_are_those_accepted():
    text = re.search(r"The names are (.*?)\.", " ".join(MLPClassifier.__doc__.split()))[1]
    for name in text.replace('"', "").split(", "):
        MLPClassifier((3,), name, max_iter=2).fit(X, LABELS)


def test_parameters_that_changed_after_a_call_are_checked_again():
    model = MLPClassifier((4,), max_iter=2, random_state=0)
    first = options_of(model)
    assert options_of(model) is first
    for name, value in [
        ("max_iter", 3),
        ("alpha", 1e-3),
        ("hidden_layer_sizes", (5,)),
        ("loss", "squared_error"),
        ("random_state", 1),
    ]:
        assert getattr(options_of(model.set_params(**{name: value})), name) == value
    for name, value in [("max_iter", 2.0), ("random_state", -1), ("hidden_layer_sizes", (4.0,))]:
        with pytest.raises(ValueError, match=name):
            options_of(MLPClassifier(**{**model.get_params(), name: value}))


def test_a_kind_of_call_checks_parameters_that_another_has_accepted():
    model = MLPClassifier((4,), max_iter=2, random_state=0, provenance=True)
    for _ in range(2):
        model.fit(X, LABELS)
        with pytest.raises(ValueError, match="partial_fit does not support provenance=True"):
            model.partial_fit(X, LABELS)


def test_each_call_warns_of_parameters_without_an_effect():
    model = MLPClassifier((4,), momentum=0.5)
    for rows in range(5, 8):
        with pytest.warns(UnusedParameterWarning, match="momentum"):
            model.partial_fit(X[:rows], LABELS[:rows], classes=[0, 1, 2])
    model.set_params(solver="sgd").fit(X, LABELS)
    with pytest.warns(UnusedParameterWarning, match="validation_fraction"):
        model.set_params(early_stopping=True, validation_fraction=0.2).fit(
            X, LABELS, X_val=X, y_val=LABELS
        )


def test_partial_fit_takes_the_parameters_of_each_call():
    """The checks of a call are kept: not those of other values, nor of another seed."""
    model, twin = (MLPClassifier((4,), random_state=0) for _ in range(2))
    for changes in [{}, {"learning_rate_init": 0.1}, {"random_state": 7}, {"batch_size": 5}, {}]:
        model.set_params(**changes).partial_fit(X, LABELS, classes=[0, 1, 2])
        twin = pickle.loads(pickle.dumps(twin)).set_params(**changes)
        other = MLPClassifier((5,), random_state=3, learning_rate_init=0.5)
        other.partial_fit(X, LABELS, classes=[0, 1, 2])
        twin.partial_fit(X, LABELS, classes=[0, 1, 2])
        for ours, theirs in zip(model.coefs_, twin.coefs_, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    for name, value in [("random_state", -1), ("random_state", 2.0), ("batch_size", 5.0)]:
        model.set_params(**{name: value})
        with pytest.raises(ValueError, match=name):
            model.partial_fit(X, LABELS)
        model.set_params(random_state=7, batch_size=5)


def test_a_list_that_changes_is_checked_again():
    alpha = [1e-4, 1e-4]
    model = MLPClassifier((4,), alpha=alpha, max_iter=2, random_state=0)
    assert options_of(model).alpha == [1e-4, 1e-4]
    alpha[0] = -1
    with pytest.raises(ValueError, match="alpha"):
        model.fit(X, LABELS)
