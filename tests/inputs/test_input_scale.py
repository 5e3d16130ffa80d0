"""A shift and a factor for each input: given or learned, in networks, trainers and estimators."""

import copy
import pickle

import numpy as np
import pytest
import scipy.sparse
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network, Trainer

# A few epochs are enough: training need not converge.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
SHIFT, FACTOR = np.array([20.0, -1000.0, 3e-5]), np.array([0.1, -0.002, 255.0])
KINDS = {"standard": StandardScaler, "minmax": MinMaxScaler, "robust": RobustScaler}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def scale_of(shift, factor):
    """Return a scale as a network keeps it."""
    return Network([len(shift), 2], input_scale=(shift, factor)).input_scale


def learned_scale(kind, X, weight=None, **parameters):
    """Return the scale that a fit learns."""
    model = MLPRegressor(
        hidden_layer_sizes=(), input_scale=kind, max_iter=1, random_state=0, **parameters
    )
    return model.fit(X, np.arange(X.shape[0]) / X.shape[0], weight).input_scale_


def scaled(X, scale):
    return (X - scale.shift) * scale.factor


def raw(rng, n=40):
    return SHIFT + rng.normal(size=(n, 3)) / FACTOR


def seen(X, dtype):
    """What the network should see, by definition."""
    return ((np.asarray(X, np.float64) - SHIFT) * FACTOR).astype(dtype)


# ------------------------------------------------------------------------------------------------------- networks


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("x_type", [np.float32, np.float64, np.uint8])
def test_network_sees_shifted_and_scaled_inputs(rng, dtype, x_type):
    X = raw(rng).astype(x_type) if x_type is not np.uint8 else rng.integers(0, 256, (40, 3), x_type)
    y = rng.integers(0, 2, 40)
    net = Network([3, 4, 2], dtype=dtype, input_scale=(SHIFT, FACTOR), random_state=0)
    plain = Network([3, 4, 2], dtype=dtype, random_state=0)
    Z = seen(X, dtype)
    for rows, inputs in ((X, Z), (X[:1], Z[:1]), (np.asfortranarray(X), Z), (X[::-2], Z[::-2])):
        assert (net.forward(rows) == plain.forward(inputs)).all()
    assert net.cost(X, y) == plain.cost(Z, y)
    assert (net.gradient(X, y).flat == plain.gradient(Z, y).flat).all()
    expected = plain.input_gradient(Z, y) * FACTOR.astype(dtype)
    assert (net.input_gradient(X, y) == expected).all()
    for ours, theirs in zip(net.activations(X), plain.activations(Z), strict=True):
        assert (ours == theirs).all()
    Trainer(net, random_state=0, max_iter=3).run(X, y)
    Trainer(plain, random_state=0, max_iter=3).run(Z, y)
    assert (net.params == plain.params).all()


def test_sparse_rows_are_scaled_but_not_shifted(rng):
    X = scipy.sparse.random(30, 3, 0.5, "csr", np.float32, random_state=0)
    net = Network([3, 4, 2], input_scale=([0, 0, 0], FACTOR), random_state=0)
    assert (net.forward(X) == net.forward(X.toarray())).all()
    shifted = Network([3, 4, 2], input_scale=(SHIFT, FACTOR), random_state=0)
    with pytest.raises(ValueError, match="X must be dense because input_scale has a shift"):
        shifted.forward(X)
    with pytest.raises(ValueError, match="X must be dense"):
        shifted.cost(X, np.zeros(30, int))


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (([1, 2], [1, 2]), "vectors of 3 numbers, got 2"),
        (([1, 2, 3], [1, 2]), "of the same length"),
        ((1, 2), "of the same length"),
        (([1, 2, np.nan], [1, 2, 3]), "finite shifts"),
        (([1, 2, 3], [1, 0, 3]), "other than 0"),
        (([1, 2, 3], [1, np.inf, 3]), "finite factors"),
        (([1, 2, 3],), "input_scale must be"),
        ("standard", "input_scale must be"),
    ],
)
def test_invalid_vectors_raise(pair, message):
    with pytest.raises(ValueError, match=message):
        Network([3, 2], input_scale=pair)


def test_vectors_are_copied_and_read_only():
    shift = SHIFT.copy()
    net = Network([3, 2], input_scale=(shift, FACTOR))
    shift[:] = 0
    assert (net.input_scale.shift == SHIFT).all()
    with pytest.raises(ValueError, match="read-only"):
        net.input_scale.factor[0] = 1


def test_input_scale_is_a_tuple_that_can_be_compared_and_pickled():
    scale = scale_of(SHIFT, FACTOR)
    shift, factor = scale
    assert scale == scale_of(shift, factor) and hash(scale) == hash(scale_of(shift, factor))
    assert scale != scale_of(shift, 2 * factor) and scale != 1.0
    for twin in (pickle.loads(pickle.dumps(scale)), copy.deepcopy(scale)):
        assert twin == scale and not twin.shift.flags.writeable


def test_copies_pickles_and_files_of_networks_keep_the_scale(rng, tmp_path):
    net = Network([3, 4, 2], input_scale=(SHIFT, FACTOR), random_state=0)
    X = raw(rng)
    net.save(tmp_path / "net.cmlp")
    twins = [copy.copy(net), copy.deepcopy(net), pickle.loads(pickle.dumps(net))]
    twins += [cmlp.load(tmp_path / "net.cmlp", mmap=use_map) for use_map in (False, True)]
    for twin in twins:
        assert twin.input_scale == net.input_scale
        assert (twin.forward(X) == net.forward(X)).all()


def test_nonfinite_input_is_reported_after_the_product(rng):
    X = raw(rng).astype(np.float64)
    X[7, 1] = 1e200
    model = MLPRegressor(
        hidden_layer_sizes=(4,), max_iter=2, input_scale=(SHIFT, FACTOR), dtype="float32"
    )
    with pytest.raises(cmlp.exceptions.NonFiniteInputError, match="row 7, column 1"):
        model.fit(X, X[:, 0])


# ----------------------------------------------------------------------------------------------- learned in fit


@pytest.mark.parametrize("kind", KINDS)
def test_learned_scale_is_that_of_scikit_learn(rng, kind):
    X = np.c_[raw(rng, 101), np.full(101, 7.7)]
    scale = learned_scale(kind, X)
    expected = KINDS[kind]().fit_transform(X)
    np.testing.assert_allclose(scaled(X, scale), expected, rtol=1e-10, atol=1e-12)
    assert scale.factor[3] == 1 and (scaled(X, scale)[:, 3] == 0).all()


def test_learned_standard_scale_is_weighted(rng):
    X, weight = raw(rng), rng.integers(0, 4, 40).astype(float)
    scale, theirs = (
        learned_scale("standard", X, weight),
        StandardScaler().fit(X, sample_weight=weight),
    )
    np.testing.assert_allclose(scale.shift, theirs.mean_, rtol=1e-12)
    np.testing.assert_allclose(scale.factor, 1 / theirs.scale_, rtol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("offset", [2.0**30, 2.0**53, 2.0**57])
def test_an_offset_changes_no_factor(kind, offset):
    """The differences are exact. Only equal numbers have the factor 1."""
    X = 32.0 * np.arange(9)[:, None]
    assert (learned_scale(kind, X + offset).factor == learned_scale(kind, X).factor).all()
    assert (learned_scale(kind, np.full((9, 1), offset + 0.1)).factor == 1).all()


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_weight_zero_do_not_matter(rng, kind):
    X = raw(rng)
    weight = np.ones(40)
    weight[::3] = 0
    scale = learned_scale(kind, X, weight)
    X[::3] = 1e6
    assert learned_scale(kind, X, weight) == scale


@pytest.mark.parametrize("exponent", [-1000, -540, -500, 500, 540, 1000])
@pytest.mark.parametrize(
    "kind, size",
    [
        ("standard", None),
        ("standard", 7),
        ("standard", 40),
        ("minmax", None),
        ("minmax", 7),
        ("robust", None),
    ],
)
def test_scales_of_extreme_numbers_are_learned(rng, kind, exponent, size):
    """Squares of them would be infinite or 0. A power of 2 changes no bit, in arrays and in blocks."""
    X, weight = raw(rng).astype(np.float64), rng.uniform(0.5, 2, 40)
    large = X.copy()
    large[:, 1] *= 2.0**exponent

    def learned(rows):
        model = MLPRegressor(hidden_layer_sizes=(4,), input_scale=kind, max_iter=1, random_state=0)
        if size is None:
            return model.fit(rows, X[:, 0], weight).input_scale_
        blocks = [
            (rows[i : i + size], X[i : i + size, 0], weight[i : i + size])
            for i in range(0, 40, size)
        ]
        return model.fit_batches(blocks).input_scale_

    expected, found = learned(X), learned(large)
    unit = np.array([1.0, 2.0**exponent, 1.0])
    np.testing.assert_array_equal(found.shift, expected.shift * unit)
    np.testing.assert_allclose(found.factor * unit, expected.factor, rtol=1e-15)


@pytest.mark.parametrize("size", [1, 3, 40])
def test_numbers_of_all_magnitudes_in_one_column(rng, size):
    """Blocks do not change the result, also if later ones have much larger numbers."""
    X = np.sort(10.0 ** rng.uniform(-300, 300, (40, 3)), axis=0)
    y = 1e150 * rng.standard_normal(40)
    model = MLPRegressor(
        hidden_layer_sizes=(4,), input_scale="standard", y_scale="standard", max_iter=1
    )
    blocks = [(X[i : i + size], y[i : i + size]) for i in range(0, 40, size)]
    found = model.fit_batches(blocks).input_scale_
    largest = X.max(axis=0)
    np.testing.assert_allclose(1 / found.factor, (X / largest).std(axis=0) * largest, rtol=1e-12)
    np.testing.assert_allclose(found.shift, (X / largest).mean(axis=0) * largest, rtol=1e-12)


def test_weighted_quartiles_reach_their_share_of_the_weight():
    X, weight = np.array([[4.0], [1.0], [3.0], [2.0]]), np.array([1.0, 5.0, 1.0, 1.0])
    scale = learned_scale("robust", X, weight)
    assert (scale.shift[0], scale.factor[0]) == (1, 1 / (2 - 1))


@pytest.mark.parametrize("kind", KINDS)
def test_sparse_rows_learn_the_factors_of_dense_rows_and_no_shift(rng, kind):
    dense = scipy.sparse.random(50, 6, 0.6, "csr", random_state=1)
    weight = rng.uniform(0, 2, 50)
    for parameters in ({}, {"early_stopping": True}):  # of all rows, and of the training rows
        expected = learned_scale(kind, dense.toarray(), weight, **parameters)
        found = learned_scale(kind, dense, weight, **parameters)
        assert (found.factor == expected.factor).all() and not found.shift.any()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_fit_learns_the_scale_from_the_training_rows(kind, solver):
    X, y = make_classification(120, 5, random_state=0)
    X = 100 + 30 * X
    early = solver != "lbfgs"
    model = MLPClassifier(
        (4,), input_scale=kind, solver=solver, early_stopping=early, random_state=0, max_iter=8
    )
    model.fit(X, y)
    plain = MLPClassifier((4,), solver=solver, early_stopping=early, random_state=0, max_iter=8)
    plain.fit(scaled(X, model.input_scale_), y)
    if kind == "standard":
        assert (model.input_scale_ == learned_scale(kind, X)) == (not early)
    assert (model.predict_proba(X) == plain.predict_proba(scaled(X, model.input_scale_))).all()


def test_scale_is_learned_from_no_validation_row():
    X, y = make_regression(60, 3, random_state=0)
    model = MLPRegressor(
        hidden_layer_sizes=(4,),
        input_scale="minmax",
        early_stopping=True,
        max_iter=2,
        random_state=0,
    )
    model.fit(X, y)
    training = np.setdiff1d(np.arange(60), validation_rows(60, 0.1))
    assert model.input_scale_ == learned_scale("minmax", X[training])


def validation_rows(n, fraction):
    """Return the rows that scikit-learn holds out after it has drawn the initial parameters of the layers 3-4-1."""
    rng = np.random.RandomState(0)
    rng.random_sample(3 * 4 + 4 + 4 + 1)
    return train_test_split(np.arange(n), test_size=fraction, random_state=rng)[1]


def test_partial_fit_and_warm_start_keep_the_scale_of_the_first_rows():
    X, y = make_regression(80, 3, random_state=0)
    model = MLPRegressor(
        hidden_layer_sizes=(4,), input_scale="standard", random_state=0
    ).partial_fit(X[:40], y[:40])
    first = model.input_scale_
    assert first == learned_scale("standard", X[:40])
    model.partial_fit(1000 * X[40:], y[40:])
    assert model.input_scale_ == first
    warm = MLPRegressor(
        hidden_layer_sizes=(4,),
        input_scale="standard",
        warm_start=True,
        max_iter=2,
        tol=0,
        n_iter_no_change=np.inf,
    )
    warm.fit(X[:40], y[:40])
    assert warm.fit(X, y).input_scale_ == first
    warm.set_params(input_scale=2.0)
    with pytest.raises(ValueError, match="fitted with input_scale"):
        warm.fit(X, y)


def keeping(model, folder):
    model.save(folder / "model.cmlp", include_training_state=True)
    return [
        model,
        cmlp.load(folder / "model.cmlp"),
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
    ]


def test_warm_start_with_another_name_is_refused(tmp_path):
    X, y = make_regression(40, 3, random_state=0)
    settings = {"warm_start": True, "max_iter": 2, "tol": 0, "n_iter_no_change": np.inf}
    learned = MLPRegressor(hidden_layer_sizes=(4,), input_scale="standard", **settings).fit(X, y)
    for model in keeping(learned, tmp_path):
        before = model.predict(X)
        for call in (model.fit, model.partial_fit):
            model.set_params(input_scale="minmax")
            with pytest.raises(
                ValueError,
                match=r"fitted with input_scale='standard', .* cannot continue with 'minmax'",
            ):
                call(X, y)
            assert (model.predict(X) == before).all()
            assert call.__self__.set_params(input_scale="standard").fit(
                X, y
            ).input_scale_ == learned_scale("standard", X)
            before = model.predict(X)
    given = MLPRegressor(
        hidden_layer_sizes=(4,), input_scale=(SHIFT[:3], FACTOR[:3]), **settings
    ).fit(X, y)
    with pytest.raises(ValueError, match="fitted with input_scale=InputScale"):
        given.set_params(input_scale="standard").fit(X, y)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_resume_keeps_the_learned_scale(tmp_path, early_stopping):
    X, y = make_regression(60, 3, random_state=0)
    settings = {"hidden_layer_sizes": (4,), "input_scale": "standard", "random_state": 0, "tol": 0}
    settings |= {"n_iter_no_change": np.inf, "early_stopping": early_stopping}
    whole = MLPRegressor(max_iter=6, **settings).fit(X, y)
    half = MLPRegressor(max_iter=3, **settings).fit(X, y)
    assert half.input_scale_ == whole.input_scale_
    for model in keeping(half, tmp_path):
        model.set_params(max_iter=6).fit(X, y, resume=True)
        assert model.input_scale_ == whole.input_scale_
        assert (model.network_.params == whole.network_.params).all()
    with pytest.raises(ValueError, match="input_scale"):
        half.set_params(input_scale="robust").fit(X, y, resume=True)


def test_estimators_refuse_vectors_of_another_width():
    X, y = make_regression(20, 4, random_state=0)
    with pytest.raises(ValueError, match="vectors of 4 numbers, got 3"):
        MLPRegressor(input_scale=(SHIFT, FACTOR)).fit(X, y)
    with pytest.raises(ValueError, match="input_scale"):
        MLPRegressor(input_scale="normal").fit(X, y)


@pytest.mark.parametrize("scale", ["standard", (SHIFT, FACTOR)])
def test_clones_pickles_and_files_of_estimators_keep_the_scale(rng, tmp_path, scale):
    X = raw(rng)
    y = X[:, 0] > SHIFT[0]
    model = MLPClassifier(
        (4,), input_scale=scale, max_iter=3, tol=0, n_iter_no_change=np.inf, random_state=0
    )
    model.fit(X, y)
    model.save(tmp_path / "model.cmlp", include_training_state=True)
    twins = [
        cmlp.load(tmp_path / "model.cmlp"),
        pickle.loads(pickle.dumps(model)),
        copy.deepcopy(model),
    ]
    for twin in twins:
        assert twin.input_scale_ == model.input_scale_
        parameter = twin.get_params()["input_scale"]
        assert (
            parameter == scale if scale == "standard" else scale_of(*parameter) == scale_of(*scale)
        )
        assert (twin.predict_proba(X) == model.predict_proba(X)).all()
    for twin in twins:
        twin.partial_fit(X, y)
    model.partial_fit(X, y)
    for twin in twins:
        assert (twin.network_.params == model.network_.params).all()
    fresh = clone(model)
    assert not hasattr(fresh, "input_scale_")
    assert (
        fresh.fit(X, y).predict_proba(X)
        == MLPClassifier(**model.get_params()).fit(X, y).predict_proba(X)
    ).all()


def test_sparse_fit_predicts_sparse_and_dense_rows():
    X = scipy.sparse.random(80, 5, 0.5, "csr", random_state=0)
    y = np.asarray(X.sum(axis=1)).ravel()
    model = MLPRegressor(
        hidden_layer_sizes=(4,), input_scale="standard", max_iter=3, tol=0, n_iter_no_change=np.inf
    ).fit(X, y)
    assert not model.input_scale_.shift.any()
    assert (model.predict(X) == model.predict(X.toarray())).all()
    dense = MLPRegressor(
        hidden_layer_sizes=(4,), input_scale="standard", max_iter=3, tol=0, n_iter_no_change=np.inf
    ).fit(X.toarray(), y)
    with pytest.raises(ValueError, match="X must be dense"):
        dense.predict(X)


@pytest.mark.parametrize("scale", [1e10, (np.zeros(3), np.full(3, 1e10))])
def test_the_first_number_that_its_scale_makes_infinite_is_named(scale):
    X = np.full((20, 3), 1e-10, np.float32)
    X[7:, 2] = 1e30
    with pytest.raises(
        ValueError, match="a value too large for the network's dtype at row 7, column 2"
    ):
        MLPClassifier(max_iter=1, input_scale=scale, random_state=0).fit(X, np.arange(20) % 2)
