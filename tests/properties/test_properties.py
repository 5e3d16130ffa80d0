"""Properties of any model: hypothesis chooses shapes, options and data, always the same ones."""

import copy
import io
import pickle
import subprocess
from pathlib import Path

import numpy as np
import pytest
from c_build import HEADER, compiled, compiles_core, core_objects, linked
from helpers import assert_same_bits
from optional import package

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network
from cmlp.callbacks import Checkpoint

hypothesis = package("hypothesis")
st = package("hypothesis.strategies")

pytestmark = pytest.mark.filterwarnings("ignore")  # advice about small data
examples = hypothesis.settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
LAYERS = st.lists(st.integers(1, 9), min_size=1, max_size=3)
ACTIVATIONS = st.sampled_from(["relu", "tanh", "logistic", "identity", "elu", "gelu", "leaky_relu"])
DTYPES = st.sampled_from(["float32", "float64"])
SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def networks(draw):
    """Draw a network."""
    sizes = [draw(st.integers(1, 20)), *draw(LAYERS), draw(st.integers(2, 5))]
    return Network(sizes, draw(ACTIVATIONS), dtype=draw(DTYPES), random_state=draw(SEEDS))


@st.composite
def problems(draw):
    """Draw a classifier's options, its rows, labels of at least two classes and weights."""
    n, n_features, n_classes = (
        draw(st.integers(12, 70)),
        draw(st.integers(1, 6)),
        draw(st.integers(2, 4)),
    )
    rng = np.random.RandomState(draw(SEEDS))
    options = {
        "hidden_layer_sizes": tuple(draw(LAYERS)),
        "activation": draw(st.sampled_from(["relu", "tanh", "logistic"])),
        "solver": draw(st.sampled_from(["adam", "sgd"])),
        "dtype": draw(DTYPES),
        "batch_size": draw(st.integers(1, n)),
        "shuffle": draw(st.booleans()),
        "random_state": draw(SEEDS),
        "max_iter": 3,
        "tol": 0,
        "n_iter_no_change": float("inf"),
    }
    return (
        options,
        rng.standard_normal((n, n_features)),
        np.arange(n) % n_classes,
        rng.uniform(0.5, 2, n),
    )


def rows_for(network, n, seed):
    return np.random.RandomState(seed).standard_normal((n, network.sizes[0])).astype(network.dtype)


@examples
@hypothesis.given(networks(), SEEDS)
def test_a_saved_network_predicts_the_same_bits(tmp_path, network, seed):
    network.save(tmp_path / "model.cmlp")
    X = rows_for(network, 7, seed)
    assert_same_bits(cmlp.load(tmp_path / "model.cmlp").forward(X), network.forward(X))
    assert_same_bits(pickle.loads(pickle.dumps(network)).forward(X), network.forward(X))


@pytest.fixture(scope="module")
def program():
    """Return the compiled program that predicts rows with a stored model."""
    source = Path(__file__).parents[1] / "consumers/loader/outputs.c"
    flags = ("-O1", "-DCMLP_BUILD_ISA=1")
    return linked(
        "outputs", [*core_objects(*flags), *compiled([source], *flags, f"-I{HEADER.parent}")]
    )


@compiles_core
@examples
@hypothesis.given(networks(), SEEDS)
def test_a_saved_network_predicts_the_same_bits_in_c(tmp_path, program, network, seed):
    X = rows_for(network, 7, seed)
    network.save(tmp_path / "model.cmlp")
    X.tofile(tmp_path / "rows")
    command = [program, tmp_path / "model.cmlp", tmp_path / "rows"]
    found = subprocess.run(command, capture_output=True, check=True).stdout
    assert_same_bits(np.frombuffer(found, network.dtype).reshape(7, -1), network.forward(X))


@examples
@hypothesis.given(networks(), st.lists(st.integers(0, 40), max_size=4), st.integers(1, 3), SEEDS)
def test_predictions_do_not_depend_on_the_split(network, cuts, n_threads, seed):
    X = rows_for(network, 40, seed)
    parts = [network.forward(part) for part in np.split(X, sorted(cuts)) if len(part)]
    network.n_threads = n_threads
    assert_same_bits(np.concatenate(parts), network.forward(X))


@examples
@hypothesis.given(networks(), SEEDS)
def test_a_network_with_permuted_columns_and_weights_predicts_alike(network, seed):
    rng = np.random.RandomState(seed)
    order = rng.permutation(network.sizes[0])
    X = rows_for(network, 9, seed)
    expected = network.forward(X)
    network.weights[0][:] = network.weights[0][order].copy()
    np.testing.assert_allclose(network.forward(X[:, order]), expected, rtol=1e-3, atol=1e-5)


@examples
@hypothesis.given(networks(), SEEDS)
def test_permuted_classes_give_permuted_probabilities(network, seed):
    """Of networks whose outputs are permuted alike: before training, and after it, to rounding."""
    rng = np.random.RandomState(seed)
    order = rng.permutation(network.sizes[-1])  # class j of the other network is class order[j]
    X, classes = rows_for(network, 12, seed), rng.randint(len(order), size=12)
    other = copy.deepcopy(network)
    other.weights[-1][:] = network.weights[-1][:, order]
    other.biases[-1][:] = network.biases[-1][order]
    tolerances = {"rtol": 1e-3, "atol": 1e-5}
    np.testing.assert_allclose(other.forward(X), network.forward(X)[:, order], **tolerances)
    for one, labels in ((network, classes), (other, np.argsort(order)[classes])):
        one.fit(X, labels, solver="sgd", learning_rate_init=0.01, max_iter=3, shuffle=False)
    np.testing.assert_allclose(other.forward(X), network.forward(X)[:, order], **tolerances)
    np.testing.assert_allclose(other.weights[-1], network.weights[-1][:, order], **tolerances)


@examples
@hypothesis.given(problems(), st.data())
def test_names_of_classes_do_not_matter_if_they_keep_their_order(problem, data):
    options, X, y, _ = problem
    n = int(y.max()) + 1
    names = np.sort(
        np.array(
            data.draw(st.lists(st.text("abcxyz", min_size=1), min_size=n, max_size=n, unique=True))
        )
    )
    plain, named = MLPClassifier(**options).fit(X, y), MLPClassifier(**options).fit(X, names[y])
    assert_same_bits(named.predict_proba(X), plain.predict_proba(X))
    assert (named.predict(X) == names[plain.predict(X)]).all()


@examples
@hypothesis.given(problems(), st.integers(1, 5))
def test_fits_continue_at_any_batch_with_the_same_bits(tmp_path, problem, every):
    options, X, y, weight = problem
    path = tmp_path / "model.cmlp"
    path.unlink(missing_ok=True)
    whole = MLPClassifier(**options).fit(X, y, weight)

    class End(Exception):
        """The program ends."""

    class Ends:
        every_batches = every

        def on_batches_end(self, trainer):
            if path.exists():
                raise End

    model = MLPClassifier(**options, callbacks=[Checkpoint(path, every_batches=every), Ends()])
    try:
        model.fit(X, y, weight)
    except End:
        model = cmlp.load(path).fit(X, y, weight, resume=True)
    assert_same_bits(model.network_.params, whole.network_.params)
    assert model.loss_curve_ == whole.loss_curve_


@examples
@hypothesis.given(problems(), st.sampled_from(["predict", "save", "pickle"]))
def test_what_lies_between_partial_fits_changes_nothing(tmp_path, problem, between):
    options, X, y, _ = problem
    plain, other = MLPClassifier(**options), MLPClassifier(**options)
    for _ in range(3):
        plain.partial_fit(X, y, classes=np.unique(y))
        other.partial_fit(X, y, classes=np.unique(y))
        if between == "predict":
            other.predict(X)
        elif between == "pickle":
            other = pickle.load(io.BytesIO(pickle.dumps(other)))
        else:
            other.save(tmp_path / "model.cmlp", include_training_state=True)
            other = cmlp.load(tmp_path / "model.cmlp")
    assert_same_bits(other.network_.params, plain.network_.params)


@examples
@hypothesis.given(problems(), SEEDS)
def test_rows_of_weight_0_may_have_any_values(problem, seed):
    options, X, y, weight = problem
    rng = np.random.RandomState(seed)
    weight[rng.permutation(len(y))[: len(y) // 3]] = 0
    model = MLPClassifier(**options).fit(X, y, weight)
    other = X.copy()
    other[weight == 0] = rng.standard_normal(other[weight == 0].shape) * 100
    changed = MLPClassifier(**options).fit(other, y, weight)
    assert_same_bits(changed.network_.params, model.network_.params)


@examples
@hypothesis.given(problems())
def test_a_folded_scale_predicts_alike(problem):
    options, X, _, _ = problem
    model = MLPRegressor(**options, input_scale="standard").fit(X * 30 + 5, X[:, 0])
    folded = model.network_
    np.testing.assert_allclose(
        folded.forward((X * 30 + 5).astype(options["dtype"])).ravel(),
        model.predict(X * 30 + 5),
        rtol=1e-2,
        atol=1e-3,
    )
