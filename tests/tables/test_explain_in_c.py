"""The reasons of `cmlp_model_answer` are bit-identical to `explain`: for each kind of model and background."""

import numpy as np
import pytest
from helpers import assert_same_bits, model_in_c
from internals import model_of

from cmlp import TabularClassifier, TabularRegressor
from cmlp.exceptions import StatusError

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
QUICK = {"hidden_layer_sizes": (8,), "n_estimators": 2, "max_time": 1e-9, "random_state": 0}
N_COLUMNS = 5
PAIR = 2 * (N_COLUMNS - 1)  # evaluations


def table(n, seed):
    random = np.random.RandomState(seed)
    rows = np.empty((n, N_COLUMNS), object)
    rows[:, 0], rows[:, 1] = random.standard_normal((2, n))
    rows[:, 2], rows[:, 3] = random.choice(list("abcd"), n), random.choice([True, False], n)
    rows[:, 4] = 7.0  # unused
    rows[random.uniform(size=n) < 0.2, 0] = None
    rows[random.uniform(size=n) < 0.2, 2] = None
    return rows


X, BACKGROUND, NEW = table(120, 0), table(64, 1), table(3, 2)
NEW[0, 2] = "unknown"
NEW[1] = None
NUMBERS = X[:, 1].astype(float) * (1 + (X[:, 2] == "a")) + X[:, 3].astype(bool)
LABELS = np.digitize(NUMBERS, [-0.5, 1])
WEIGHTS = np.random.RandomState(3).uniform(0.1, 3, len(X))


def ordered(labels):
    pandas = pytest.importorskip("pandas")
    return pandas.Categorical(labels, categories=np.unique(labels), ordered=True)


MODELS = {
    "number": lambda **kept: TabularRegressor(**QUICK, **kept).fit(
        X, NUMBERS, sample_weight=WEIGHTS
    ),
    "three networks": lambda **kept: TabularRegressor(**{**QUICK, "n_estimators": 3}, **kept).fit(
        X, NUMBERS
    ),
    "two targets": lambda **kept: TabularRegressor(**QUICK, **kept).fit(
        X, np.stack([NUMBERS, NUMBERS**2], axis=1)
    ),
    "quantiles": lambda **kept: TabularRegressor(
        **QUICK, loss="quantile", quantile=[0.1, 0.9], **kept
    ).fit(X, NUMBERS),
    "binary": lambda **kept: TabularClassifier(**QUICK, **kept).fit(X, NUMBERS > 0),
    "classes": lambda **kept: TabularClassifier(**QUICK, **kept).fit(X, LABELS),
    "labels": lambda **kept: TabularClassifier(**QUICK, **kept).fit(
        X, np.stack([NUMBERS > 0, LABELS == 1], axis=1).astype(int)
    ),
    "ordered": lambda **kept: TabularClassifier(**QUICK, **kept).fit(X, ordered(LABELS)),
    "one column": lambda **kept: TabularRegressor(**QUICK, **kept).fit(X[:, :1], NUMBERS),
}
# All sets; the default, which are all of them here too; two pairs for each row, and many; samples; a single pair.
OPTIONS = [
    {"exact": True},
    {},
    {"n_evaluations": PAIR * 2},
    {"n_evaluations": PAIR * 3 + 1, "random_state": 1},
    {"n_evaluations": PAIR * 13, "random_state": 2**32 - 1},
    {"n_evaluations": 2 * N_COLUMNS},
]


def check(model, in_c, background, options):
    """Compare the explanations of all rows."""
    n = model.n_features_in_
    read = model_of(model).read
    raw = None if background is None else read(background[:, :n], "a test")
    expected = model.explain(NEW[:, :n], None if raw is None else background[:, :n], **options)
    seed = {"seed": options["random_state"]} if "random_state" in options else {}
    options = {name: value for name, value in options.items() if name != "random_state"} | seed
    for i, row in enumerate(read(NEW[:, :n], "a test")):
        values, errors, base = in_c.explain(row, raw, **options)
        assert_same_bits(values, expected.values[i].reshape(values.shape))
        assert_same_bits(errors, expected.errors[i].reshape(errors.shape))
        assert_same_bits(base, expected.base_values.reshape(-1))


@pytest.mark.parametrize("name", MODELS)
def test_values_have_the_bits_of_python(tmp_path, name):
    model = MODELS[name](keep_background=20)
    model.save(tmp_path / "model.cmlp")
    in_c = model_in_c(tmp_path / "model.cmlp")
    for options in OPTIONS:
        for background in (None, BACKGROUND[:1], BACKGROUND[:2], BACKGROUND[:6]):
            check(model, in_c, background, options)
    check(model, in_c, BACKGROUND, OPTIONS[4])


def test_many_columns_take_permutations_by_default(tmp_path):
    random = np.random.RandomState(0)
    many = random.standard_normal((80, 20))
    model = TabularRegressor(**QUICK, keep_background=64).fit(many, many[:, 0] * many[:, 1])
    model.save(tmp_path / "model.cmlp")
    expected = model.explain(many[:2])
    assert expected.n_evaluations == 2 * 19 * 192 and expected.errors.any()
    for row, values in zip(many[:2], expected.values, strict=True):
        found, _, _ = model_in_c(tmp_path / "model.cmlp").explain(row)
        assert_same_bits(found[:, 0], values)
    with pytest.raises(StatusError, match=r"OPTION.*is_exact"):
        model_in_c(tmp_path / "model.cmlp").explain(many[0], exact=True)


def test_model_without_a_background_needs_one(tmp_path):
    model = MODELS["number"]()
    model.save(tmp_path / "model.cmlp")
    in_c = model_in_c(tmp_path / "model.cmlp")
    check(model, in_c, BACKGROUND, {})
    with pytest.raises(StatusError, match=r"NOT_FOUND.*background"):
        in_c.explain(np.zeros(N_COLUMNS))
