"""Sparse rows are bit-identical to dense rows and match scikit-learn; the arrays of the caller are not changed."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sparse
from helpers import peak_memory, run_python
from parity import assert_same, call_both, pair

from cmlp import MLPClassifier, MLPRegressor, Network
from cmlp.exceptions import NonFiniteInputError, StatusError

pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer"),
    pytest.mark.filterwarnings("ignore:Constructing a DIA matrix"),
]

FORMATS = ["csr", "csc", "coo", "lil", "dok", "dia", "bsr"]
KINDS = ["array", "matrix"]


def rows(n=90, width=300, density=0.05, dtype=np.float64, seed=0):
    """Return rows with few nonzeros, some of them empty, and classes that depend on the rows."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, width)) * (rng.random_sample((n, width)) < density)
    X[5::20] = 0
    return X.astype(dtype), (X[:, : width // 3].sum(axis=1) * 3).round().astype(int) % 3


def container(X, form="csr", kind="array"):
    return getattr(sparse, f"{form}_{kind}")(X)


def classifier(**params):
    params = {"max_iter": 4, "random_state": 1, "batch_size": 32, **params}
    return MLPClassifier((20,), **params)


def bits(model):
    return [tensor.tobytes() for tensor in (*model.coefs_, *model.intercepts_)]


# Bit-identical to dense rows


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_gives_the_bits_of_dense_rows(form, kind):
    X, y = rows()
    dense = classifier().fit(X, y)
    given = container(X, form, kind)
    model = classifier().fit(given, y)
    assert bits(model) == bits(dense)
    assert model.loss_curve_ == dense.loss_curve_
    np.testing.assert_array_equal(model.predict_proba(given), dense.predict_proba(X))
    np.testing.assert_array_equal(dense.predict(given), dense.predict(X))
    assert model.score(given, y) == dense.score(X, y)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "params",
    [
        {"solver": "sgd", "momentum": 0, "alpha": 0},
        {"solver": "sgd", "momentum": 0, "alpha": 0, "batch_size": 500},
        {"solver": "sgd", "momentum": 0, "alpha": 0.1},
        {"solver": "sgd", "momentum": 0, "alpha": (0.1, 0.5)},
        {"solver": "sgd"},
        {"solver": "adam"},
        {"solver": "adam", "batch_size": 300},
        {"early_stopping": True},
        {"shuffle": False},
    ],
    ids=str,
)
def test_every_solver_gives_the_bits_of_dense_rows(params, dtype, n_threads):
    X, y = rows(600, 1500, 0.02, dtype)
    dense, model = (classifier(n_threads=t, **params) for t in (1, n_threads))
    assert bits(model.fit(container(X), y)) == bits(dense.fit(X, y))
    assert model.validation_scores_ == dense.validation_scores_
    if "early_stopping" not in params:
        assert bits(model.partial_fit(container(X), y)) == bits(dense.partial_fit(X, y))


@pytest.mark.parametrize("method", ["forward", "activations", "cost", "gradient", "input_gradient"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_network_gives_the_bits_of_dense_rows(method, dtype):
    X, y = rows(200, 300, 0.1, dtype)
    net = Network((300, 70, 30, 3), "tanh", dtype=dtype, random_state=0)
    targets = () if method in ("forward", "activations") else (y,)
    mine, dense = (getattr(net, method)(Z, *targets) for Z in (container(X), X))
    if method == "gradient":
        mine, dense = mine.flat, dense.flat
    for a, b in zip(
        np.atleast_1d(mine) if np.isscalar(mine) else mine,
        np.atleast_1d(dense) if np.isscalar(dense) else dense,
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


def test_steps_and_orders_give_the_bits_of_dense_rows():
    X, y = rows(200)
    order = np.random.RandomState(3).permutation(200)[:130]
    nets = [Network((300, 30, 3), random_state=0) for _ in range(2)]
    for net, Z in zip(nets, (container(X), X), strict=True):
        net.train_epoch(Z, y, 17, 0.5, order=order)
        net.step(Z, y, 0.5)
    np.testing.assert_array_equal(nets[0].params, nets[1].params)


@pytest.mark.parametrize("stored", ["uint8", "bool", "float32", "float64", "int32", ">f4"])
@pytest.mark.parametrize("index", ["int32", "int64"])
def test_values_and_indices_of_every_type(stored, index):
    X, y = rows()
    X = np.abs(3 * X).round().astype(stored)
    given = container(X.astype(X.dtype.newbyteorder("=")))
    given.data = given.data.astype(stored)
    given.indices, given.indptr = given.indices.astype(index), given.indptr.astype(index)
    dense, model = classifier(input_scale=0.3).fit(X, y), classifier(input_scale=0.3).fit(given, y)
    assert bits(model) == bits(dense)
    assert model.coefs_[0].dtype == dense.coefs_[0].dtype


def test_warm_starts_and_mixed_input():
    X, y = rows()
    dense, model = classifier(warm_start=True), classifier(warm_start=True)
    for Z in (container(X), X, container(X, "csc")):
        assert bits(model.fit(Z, y)) == bits(dense.fit(X, y))


# Compared with scikit-learn


@pytest.mark.parametrize("form", ["csr", "csc"])
@pytest.mark.parametrize(
    "params",
    [
        {"solver": "sgd", "learning_rate_init": 0.1},
        {"solver": "adam"},
        {"solver": "adam", "early_stopping": True, "validation_fraction": 0.2},
    ],
    ids=str,
)
@pytest.mark.parametrize("problem", ["multiclass", "regression"])
def test_sparse_fit_matches_scikit_learn(problem, params, form):
    X, y = rows(120, 40, 0.2)
    y = y if problem == "multiclass" else X[:, 0] - X[:, 1] + 0.1 * y
    given = container(X, form, "matrix")
    ours, theirs = pair(problem, **params)
    call_both(ours, theirs, "fit", given, y)
    assert_same(ours, theirs, given, y)


def test_estimator_tags_declare_sparse_support():
    assert MLPClassifier().__sklearn_tags__().input_tags.sparse
    assert MLPRegressor().__sklearn_tags__().input_tags.sparse


# The arrays of the caller


def unsorted():
    """Return a matrix with unsorted and duplicate column indices."""
    return sparse.csr_array(
        (np.array([1.0, 2.0, 4.0, 8.0]), np.array([2, 0, 2, 1]), np.array([0, 3, 3, 4])),
        shape=(3, 3),
    )


def test_duplicate_entries_are_summed_in_a_copy():
    given, y = unsorted(), [0, 1, 0]
    before = [a.copy() for a in (given.data, given.indices, given.indptr)]
    model = classifier(batch_size=3).fit(given, y)
    for a, b in zip((given.data, given.indices, given.indptr), before, strict=True):
        np.testing.assert_array_equal(a, b)
    assert bits(model) == bits(classifier(batch_size=3).fit(given.toarray(), y))


def test_canonical_rows_are_not_copied():
    X = container(rows(20_000, 300, 0.05, np.float32)[0])  # 2.4 MB
    net = Network((300, 1), output="logistic", random_state=0)
    net.predict(X)
    assert peak_memory(lambda: net.predict(X)) < 600_000 < X.data.nbytes


def test_scipy_is_not_imported():
    code = (
        "import sys, numpy as np, cmlp; cmlp.MLPClassifier(max_iter=1).fit(np.eye(4), [0, 1, 0, 1])"
    )
    ignoring = "import warnings; warnings.simplefilter('ignore')"
    answer = run_python(f"{ignoring}; {code}; print('scipy' in sys.modules)")
    assert answer.stdout.strip() == "False"


# Errors


@pytest.mark.parametrize(
    "value, what", [(np.nan, "NaN"), (np.inf, "infinity"), (1e300, "infinity")]
)
def test_non_finite_values_are_reported_with_row_and_column(value, what):
    X, y = rows()
    X[7, 30] = value
    X[6, 31] = 1
    model = classifier(dtype="float32")
    with pytest.raises(
        NonFiniteInputError, match=f"Input X contains {what}.* at row 7, column 30"
    ) as error:
        model.fit(container(X), y)
    assert (error.value.row, error.value.column) == (7, 30)
    assert not hasattr(model, "coefs_")


def broken(**arrays):
    """Return a broken matrix that SciPy still marks as canonical."""
    X = container(rows()[0])
    assert X.has_canonical_format
    for name, (index, value) in arrays.items():
        getattr(X, name)[index] = value
    return X


@pytest.mark.parametrize(
    "X",
    [
        broken(indices=(3, -1)),
        broken(indices=(3, 300)),
        broken(indices=(3, 2**31 - 1)),
        broken(indices=(4, 0)),
        broken(indptr=(-1, 10**6)),
        broken(indptr=(4, 10**6)),
        broken(indptr=(4, -3)),
        broken(indptr=(0, -(2**31))),
    ],
)
def test_broken_matrix_raises_sparse_status(X):
    y = rows()[1]
    net = Network((300, 5, 3), random_state=0)
    before = net.params.copy()
    for call in (
        lambda: net.forward(X),
        lambda: net.cost(X, y),
        lambda: net.train_epoch(X, y, 20, 0.1),
        lambda: classifier().fit(X, y),
    ):
        with pytest.raises(StatusError, match=r"CMLP_ERROR_SPARSE: X is a broken ") as error:
            call()
        assert error.value.status == "CMLP_ERROR_SPARSE"
    np.testing.assert_array_equal(net.params, before)


@pytest.mark.parametrize(
    "arrays", [{"indptr": (4, 10**6)}, {"indices": (3, -1)}, {"indices": (3, 300)}], ids=str
)
def test_broken_unsorted_matrix_raises(arrays):
    """The check comes before SciPy sorts the indices, because SciPy does not check row pointers."""
    X = broken(**arrays)
    X.has_canonical_format = False
    for call in (lambda: Network((300, 3)).forward(X), lambda: classifier().fit(X, rows()[1])):
        with pytest.raises(ValueError, match="X is a broken sparse container: "):
            call()


def test_mismatched_shapes_raise():
    X, y = rows()
    model = classifier().fit(container(X), y)
    with pytest.raises(ValueError, match="X has 299 features, but MLPClassifier is expecting 300"):
        model.predict(container(X[:, 1:]))
    with pytest.raises(ValueError, match=r"inconsistent numbers of samples: \[89, 90\]"):
        model.fit(container(X[1:]), y)
    with pytest.raises(ValueError, match="Found array with 0 sample"):
        model.fit(container(X[:0]), y[:0])
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array instead"):
        model.fit(sparse.coo_array(X[0]), y)
    with pytest.raises(ValueError, match="X must have 300 columns, got a sparse container"):
        Network((300, 3)).forward(container(X[:, 1:]))
    with pytest.raises(ValueError, match="Complex data not supported"):
        model.fit(container(X + 1j), y)
    with pytest.raises(ValueError, match="X must have at least one row"):
        Network((300, 3)).cost(container(X[:0]), y[:0])
    with pytest.raises(TypeError, match="Sparse data was passed for y"):
        MLPRegressor().fit(X, container(X))


def test_output_that_overlaps_the_matrix_raises():
    X = container(rows(dtype=np.float32)[0])
    net = Network((300, 3), random_state=0)
    for name in ("data", "indices"):
        out = getattr(X, name)[:270].view(np.float32).reshape(90, 3)
        with pytest.raises(ValueError, match="out must not overlap X"):
            net.forward(X, out=out)


def test_matrix_without_nonzeros():
    X = sparse.csr_array((50, 300))
    y = np.arange(50) % 3
    assert bits(classifier().fit(X, y)) == bits(classifier().fit(X.toarray(), y))


def test_model_fitted_on_sparse_rows_can_be_pickled():
    import pickle

    X, y = rows()
    model = classifier().fit(container(X), y)
    twin = pickle.loads(pickle.dumps(model))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(twin.predict_proba(container(X)), model.predict_proba(X))


# Containers whose arrays were changed after SciPy had checked them: its conversions would follow
# them outside.

FORMATS = {
    "csr": {"indices": [-1, 300, 2**31 - 1], "indptr": [10**6, -3, -(2**31)]},
    "csc": {"indices": [-1, 90, 2**31 - 1], "indptr": [10**6, -3, -(2**31)]},
    "bsr": {"indices": [-1, 150, 2**31 - 1], "indptr": [10**6, -3]},
    "coo": {"row": [-1, 90, 2**31 - 1], "col": [-1, 300, 2**31 - 1]},
}
BROKEN = [
    (kind, name, value)
    for kind, names in FORMATS.items()
    for name, values in names.items()
    for value in values
]


def in_format(kind, X):
    if kind == "bsr":
        return sparse.bsr_array(X, blocksize=(3, 2))
    if kind == "dia":
        return sparse.dia_array((np.ones((3, 300)), [0, 1, -5]), shape=X.shape)
    return sparse.csr_array(X).asformat(kind)


@pytest.mark.parametrize("place", [0, 3, -1])
@pytest.mark.parametrize(("kind", "name", "value"), BROKEN)
def test_broken_containers_of_any_format_are_refused(kind, name, value, place):
    X = in_format(kind, rows()[0])
    getattr(X, name)[place] = value
    X.has_canonical_format = False
    refused_by_all(X)


def refused_by_all(X, match="X is a broken sparse container: "):
    y = rows()[1]
    net = Network((300, 5, 3), random_state=0)
    for call in (
        lambda: net.forward(X),
        lambda: net.train_epoch(X, y, 20, 0.1),
        lambda: classifier().fit(X, y),
    ):
        with pytest.raises(ValueError, match=match):
            call()


def replaced(kind, **arrays):
    X = in_format(kind, rows()[0])
    for name, array in arrays.items():
        setattr(X, name, array(getattr(X, name)) if callable(array) else array)
    return X


REPLACED = {
    "fewer values": replaced("csr", data=lambda a: a[:-1]),
    "fewer indices": replaced("csr", indices=lambda a: a[:-1]),
    "fewer pointers": replaced("csr", indptr=lambda a: a[:-1]),
    "pointers as a list": replaced("csr", indptr=lambda a: a.tolist()),
    "pointers of floats": replaced("csr", indptr=lambda a: a.astype(float)),
    "no indices": replaced("csr", indices=None),
    "indices in two columns": replaced("csr", indices=lambda a: a.reshape(-1, 1)),
    "csc: fewer values": replaced("csc", data=lambda a: a[:-1]),
    "csc: more pointers": replaced("csc", indptr=lambda a: np.append(a, a[-1])),
    "csc: late start": replaced("csc", indptr=lambda a: np.maximum(a, 1)),
    "bsr: flat values": replaced("bsr", data=lambda a: a.ravel()),
    "bsr: other blocks": replaced("bsr", data=lambda a: a.reshape(-1, 2, 3)),
    "bsr: empty blocks": replaced("bsr", data=lambda a: a[:, :0]),
    "bsr: fewer blocks": replaced("bsr", data=lambda a: a[:-1]),
    "bsr: a row more than whole blocks": replaced(
        "bsr", _shape=lambda shape: (shape[0] + 1, shape[1])
    ),
    "coo: fewer values": replaced("coo", data=lambda a: a[:-1]),
    "dia: fewer values": replaced("dia", data=lambda a: a[:-1]),
    "dia: huge offset": replaced("dia", offsets=lambda a: a.astype(np.int64) * 2**33),
    "dia: flat values": replaced("dia", data=lambda a: a.ravel()),
}


@pytest.mark.parametrize("X", REPLACED.values(), ids=REPLACED)
def test_containers_with_arrays_of_wrong_sizes_are_refused(X):
    refused_by_all(X)


def test_broken_lists_are_refused():
    X = in_format("lil", rows()[0])
    X.data[3] = X.data[3] + [1.0]
    refused_by_all(X, "as many columns as values")
    X.data[3] = None
    refused_by_all(X, "one list of columns")


@pytest.mark.parametrize("kind", ["csr", "csc", "coo"])
def test_broken_complex_containers_are_refused(kind):
    """The message must not show the elements: SciPy would read them to format it."""
    X = in_format(kind, rows()[0] + 1j)
    getattr(X, "row" if kind == "coo" else "indptr")[-1] = 10**8
    with pytest.raises(
        ValueError, match="Complex data not supported: X is a sparse container of dtype complex128"
    ):
        classifier().fit(X, rows()[1])
