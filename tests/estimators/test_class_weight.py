"""Class weights: those of scikit-learn, multiplied with the sample weights; in validation data too."""

import pickle

import numpy as np
import pytest
from estimator_cases import blobs, flat
from sklearn.linear_model import SGDClassifier
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

import cmlp
from cmlp import MLPClassifier

# Most fits here stop at max_iter on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

X, CODES = blobs(n_rows=60)
CODES = np.where(np.arange(60) % 7, CODES, 0)  # classes of different sizes
TEXTS = np.array(["low", "mid", "top"])[CODES]
BITS = np.stack([CODES == 0, CODES > 0, X[:, 0] > 0], axis=1).astype(int)
WEIGHT = np.linspace(0.5, 2, 60)


def small(**params):
    rate = {} if params.get("solver") == "lbfgs" else {"learning_rate_init": 0.02}
    return MLPClassifier((5,), **{"max_iter": 4, "random_state": 1, **rate, **params})


def weights_of_rows(class_weight, y, weight):
    """Return the products of sample and class weights; "balanced" classes have the same sum of them."""
    weight = np.ones(len(y)) if weight is None else weight
    if class_weight != "balanced":
        return weight * compute_sample_weight(class_weight, y)
    product = weight
    for column in y.reshape(len(y), -1).T:
        classes, codes = np.unique(column, return_inverse=True)
        product = (
            product
            * compute_class_weight("balanced", classes=classes, y=column, sample_weight=weight)[
                codes
            ]
        )
    return product


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["no weights", "weights"])
@pytest.mark.parametrize(
    "y, class_weight",
    [
        (CODES, "balanced"),
        (CODES, {0: 3, 1: 0.5, 2: 1}),
        (CODES, {np.int64(1): 5.0}),
        (TEXTS, "balanced"),
        (TEXTS, {"low": 1, "mid": 2, "top": 0}),
        (CODES > 0, {True: 4, False: 1}),
        ((CODES > 0).astype(float), {0: 2, 1: 4}),
        (CODES > 0, "balanced"),
        (BITS, "balanced"),
        (BITS, [{0: 1, 1: 5}, {1: 2}, {0: 0.5, 1: 3}]),
    ],
    ids=lambda value: (
        str(value) if not isinstance(value, np.ndarray) else f"{value.dtype}{value.ndim}"
    ),
)
@pytest.mark.filterwarnings("ignore:lbfgs failed")
def test_rows_weigh_as_computed_by_scikit_learn(y, class_weight, weight, solver):
    expected = small(solver=solver).fit(X, y, weights_of_rows(class_weight, y, weight))
    model = small(solver=solver, class_weight=class_weight).fit(X, y, weight)
    np.testing.assert_allclose(flat(model), flat(expected), rtol=0, atol=1e-13)
    np.testing.assert_allclose(model.loss_, expected.loss_, rtol=1e-12)


def test_validation_scores_use_the_class_weights():
    params = {"early_stopping": True, "validation_fraction": 0.3}
    expected = small(**params).fit(X, CODES, compute_sample_weight("balanced", CODES))
    model = small(class_weight="balanced", **params).fit(X, CODES)
    np.testing.assert_allclose(model.validation_scores_, expected.validation_scores_, rtol=1e-12)


@pytest.mark.parametrize("class_weight", ["balanced", {0: 3, 1: 0.5, 2: 0}], ids=str)
@pytest.mark.parametrize("scoring", [None, "loss"])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["no weights", "weights"])
def test_own_validation_rows_have_the_weights_of_the_classes_in_training(
    class_weight, scoring, weight
):
    """As the rows that fit holds out: other counts of classes among the validation rows change no weight."""
    train, held = np.flatnonzero(np.arange(60) % 4), np.arange(0, 60, 4)
    held = held[(CODES[held] > 0) | (np.arange(15) % 3 == 0)]
    row_weight = None if weight is None else weight[train]
    products = weights_of_rows(class_weight, CODES[train], row_weight)
    of_class = {
        k: (products / (1 if weight is None else row_weight))[CODES[train] == k][0]
        for k in range(3)
    }
    own = WEIGHT[::-1][held]
    params = {"early_stopping": True, "scoring": scoring}
    expected = small(**params).fit(
        X[train],
        CODES[train],
        products,
        X_val=X[held],
        y_val=CODES[held],
        sample_weight_val=own * [of_class[k] for k in CODES[held]],
    )
    model = small(**params, class_weight=class_weight).fit(
        X[train], CODES[train], row_weight, X_val=X[held], y_val=CODES[held], sample_weight_val=own
    )
    np.testing.assert_allclose(model.validation_scores_, expected.validation_scores_, rtol=1e-12)
    np.testing.assert_allclose(flat(model), flat(expected), rtol=0, atol=1e-13)
    assert (
        model.validation_scores_
        != small(**params, class_weight=class_weight)
        .fit(X[train], CODES[train], row_weight, X_val=X[held], y_val=CODES[held])
        .validation_scores_
    )


@pytest.mark.parametrize(
    "weighted", [{"class_weight": {2: 0}}, {}], ids=["class_weight", "sample_weight"]
)
def test_a_class_without_weight_stays_a_label_as_in_scikit_learn(weighted):
    """Unlike in TabularClassifier, where its rows are dropped."""
    weight = None if weighted else (CODES != 2).astype(float)
    for model in (small(**weighted), SGDClassifier(random_state=0, **weighted)):
        assert model.fit(X, CODES, sample_weight=weight).classes_.tolist() == [0, 1, 2]


def test_validation_rows_of_classes_without_weight_raise():
    model = small(class_weight={0: 0, 1: 1, 2: 1})
    with pytest.raises(
        ValueError, match=r"validation data \(X_val, y_val\).*class_weight times sample_weight"
    ):
        model.fit(X, CODES, X_val=X[CODES == 0], y_val=CODES[CODES == 0])


def test_balanced_weights_ignore_rows_of_weight_zero():
    weight = np.where(np.arange(60) % 3, 1.0, 0.0)
    other = np.where(weight > 0, CODES, (CODES + 1) % 3)
    models = [small(class_weight="balanced").fit(X, y, weight) for y in (CODES, other)]
    np.testing.assert_array_equal(flat(models[0]), flat(models[1]))


def test_partial_fit_takes_a_dict_and_refuses_balanced_like_sgd_classifier():
    weights = {0: 3, 1: 0.5, 2: 1}
    model, expected = small(class_weight=weights), small()
    for _ in range(3):
        model.partial_fit(X[:30], CODES[:30], WEIGHT[:30], classes=[0, 1, 2])
        expected.partial_fit(
            X[:30],
            CODES[:30],
            WEIGHT[:30] * compute_sample_weight(weights, CODES[:30]),
            classes=[0, 1, 2],
        )
    np.testing.assert_array_equal(flat(model), flat(expected))
    with pytest.raises(ValueError) as theirs:
        SGDClassifier(class_weight="balanced").partial_fit(X, CODES, classes=[0, 1, 2])
    with pytest.raises(ValueError) as ours:
        model.set_params(class_weight="balanced").partial_fit(X, CODES)
    assert str(ours.value) == str(theirs.value)
    np.testing.assert_array_equal(flat(model), flat(expected))


@pytest.mark.parametrize("class_weight", ["balanced", {"low": 2, "mid": 1.5, "top": 1}])
def test_class_weight_is_in_copies_and_files(class_weight, tmp_path):
    model = small(class_weight=class_weight).fit(X, TEXTS)
    model.save(tmp_path / "model")
    for twin in (cmlp.load(tmp_path / "model"), pickle.loads(pickle.dumps(model))):
        assert twin.class_weight == class_weight
        np.testing.assert_array_equal(flat(twin.fit(X, TEXTS)), flat(model))


def test_keys_of_any_label_type_are_stored_exactly(tmp_path):
    weights = {True: 2.0, "1": 3, 2.5: float("inf"), np.int64(4): np.float32(0.5)}
    model = small().fit(X, CODES).set_params(class_weight=weights)
    model.save(tmp_path / "model")
    loaded = cmlp.load(tmp_path / "model").class_weight
    assert loaded == weights
    assert [type(key) for key in loaded] == [bool, str, float, int]


@pytest.mark.parametrize("key", [None, (1, 2), float("nan"), b"1"], ids=str)
def test_model_file_refuses_other_keys(key, tmp_path):
    model = small().fit(X, CODES).set_params(class_weight={key: 1.0})
    with pytest.raises(
        TypeError, match=r"class_weight of MLPClassifier has the key .*, which a model file cannot"
    ):
        model.save(tmp_path / "model")
    assert not list(tmp_path.iterdir())


def test_model_file_refuses_more_class_weights_than_it_can_load(tmp_path):
    model = small().fit(X, CODES).set_params(class_weight=dict.fromkeys(range(4000), 1.0))
    model.save(tmp_path / "model")
    assert cmlp.load(tmp_path / "model").class_weight == model.class_weight
    model.set_params(class_weight=dict.fromkeys(range(9000), 1.0))
    with pytest.raises(ValueError, match="can contain 65536: class_weight is too long"):
        model.save(tmp_path / "model")


@pytest.mark.parametrize(
    "y, class_weight, message",
    [
        (
            CODES,
            "uniform",
            "'class_weight' parameter of MLPClassifier must be a str among {'balanced'}",
        ),
        (CODES, 3, "'class_weight' parameter of MLPClassifier must be"),
        (CODES, {0: 1, 7: 2}, r"The classes, \[1, 2\], are not in class_weight"),
        (CODES, {0: -1}, "finite weights that are not negative, got {0: -1}"),
        (CODES, {0: float("nan")}, "finite weights that are not negative"),
        (CODES, {0: "1"}, "finite weights that are not negative"),
        (CODES, {0: 10**400}, "finite weights that are not negative"),
        (
            CODES,
            {0: 0, 1: 0, 2: 0},
            "class_weight times sample_weight must be finite, and positive",
        ),
        (CODES, [{0: 1}], "must be a dict, 'balanced' or None if y has one label per row"),
        (BITS, {0: 1, 1: 2}, "class_weight should be a list of dicts, or the string 'balanced'"),
        (BITS, [{0: 1}], r"Got 1 element\(s\) while having 3 outputs"),
        (BITS, [{0: 1}, None, {1: 2}], "list of dicts for multilabel targets, got the entry None"),
    ],
)
def test_wrong_class_weight_raises_and_keeps_the_model(y, class_weight, message):
    model = small().fit(X, y)
    before = flat(model)
    with pytest.raises((ValueError, TypeError), match=message):
        model.set_params(class_weight=class_weight).fit(X, y)
    np.testing.assert_array_equal(flat(model), before)


def test_errors_of_scikit_learn_have_the_same_text():
    for y, class_weight in ((CODES, {0: 1, 7: 2}), (BITS, {0: 1, 1: 2}), (BITS, [{0: 1}])):
        with pytest.raises(ValueError) as theirs:
            compute_sample_weight(class_weight, y)
        with pytest.raises(ValueError) as ours:
            small(class_weight=class_weight).fit(X, y)
        assert str(ours.value) == str(theirs.value)
