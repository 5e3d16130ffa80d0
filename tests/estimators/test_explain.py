"""`explain` of all estimators: Shapley values against exact enumeration, their axioms, errors, state, refusals."""

import math
import pickle
import sys
import time
import types
from itertools import permutations

import numpy as np
import pytest
from helpers import assert_same_bits
from internals import model_of
from optional import package

import cmlp
from cmlp import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor

QUICK = {"hidden_layer_sizes": (8,), "random_state": 0}
TABLE = {**QUICK, "n_estimators": 2, "max_time": 1e-9}
N_COLUMNS = 5
# Budgets that force permutations, which a table of few columns needs no more than enumeration.
FORCED = {"n_evaluations": 2 * 2 * (N_COLUMNS - 1) * 7}


def rows(n, n_columns=N_COLUMNS, seed=0):
    return np.random.RandomState(seed).standard_normal((n, n_columns))


X, BACKGROUND = rows(40), rows(7, seed=1)
NUMBERS = X[:, 0] * X[:, 1] + X[:, 2]
LABELS = np.array(["low", "middle", "high"])[np.digitize(NUMBERS, [-0.5, 0.5])]


def network(kind, y, **parameters):
    return kind(**{**QUICK, "solver": "lbfgs", "max_iter": 30, **parameters}).fit(X, y)


MODELS = {
    "binary": lambda: network(MLPClassifier, NUMBERS > 0),
    "multiclass": lambda: network(MLPClassifier, LABELS),
    "multilabel": lambda: network(
        MLPClassifier, np.stack([NUMBERS > 0, X[:, 3] > 0], axis=1).astype(int)
    ),
    "one output": lambda: network(MLPRegressor, NUMBERS),
    "two outputs": lambda: network(MLPRegressor, np.stack([NUMBERS, X[:, 4]], axis=1)),
    "quantiles": lambda: MLPRegressor("quantile", (8,), quantile=[0.1, 0.9], max_iter=3).fit(
        X, NUMBERS
    ),
    "table, binary": lambda: TabularClassifier(**TABLE).fit(X, NUMBERS > 0),
    "table, multiclass": lambda: TabularClassifier(**TABLE).fit(X, LABELS),
    "table, numbers": lambda: TabularRegressor(**TABLE).fit(X, NUMBERS),
    "table, quantiles": lambda: TabularRegressor(**TABLE, loss="quantile", quantile=[0.1, 0.9]).fit(
        X, NUMBERS
    ),
}
pytestmark = pytest.mark.filterwarnings(
    "ignore:.*(converge|Maximum):UserWarning", "ignore:lbfgs failed"
)


def predicted(model, Z):
    return np.asarray(
        model.predict_proba(Z) if hasattr(model, "predict_proba") else model.predict(Z), np.float64
    )


def enumerated(model, row, background):
    """Return the Shapley values by the definition: the mean over all orders of the columns."""
    n = len(row)
    values = {}
    for number in range(2**n):
        mixed = background.copy()
        for column in range(n):
            if number >> column & 1:
                mixed[:, column] = row[column]
        values[number] = predicted(model, mixed).mean(axis=0)
    found = np.zeros((n, *np.shape(values[0])))
    for order in permutations(range(n)):
        number = 0
        for column in order:
            found[column] += values[number | 1 << column] - values[number]
            number |= 1 << column
    return found / math.factorial(n)


@pytest.fixture(scope="module", params=MODELS)
def model(request):
    """Return a model that no test changes."""
    return MODELS[request.param]()


def test_exact_values_are_those_of_the_definition(model):
    explanation = model.explain(X[:2], BACKGROUND, exact=True)
    for row, values in zip(X[:2], explanation.values, strict=True):
        np.testing.assert_allclose(values, enumerated(model, row, BACKGROUND), rtol=1e-5, atol=1e-6)
    assert not explanation.errors.any()
    assert explanation.n_evaluations == 7 * (2**N_COLUMNS - 2)


def test_permutations_agree_with_exact_values_within_their_errors(model):
    exact = model.explain(X, BACKGROUND, exact=True)
    sampled = model.explain(X, BACKGROUND, **FORCED)
    assert sampled.n_evaluations == FORCED["n_evaluations"] < exact.n_evaluations
    differences, errors = sampled.values - exact.values, sampled.errors
    assert (errors > 0).any()
    assert 0.3 < np.sqrt((differences**2).mean() / (errors**2).mean()) < 3
    assert np.abs(differences).mean() < np.abs(exact.values).mean() / 3


@pytest.mark.parametrize("options", [{"exact": True}, FORCED], ids=["exact", "permutations"])
def test_values_add_up_to_the_prediction_minus_the_mean_one(model, options):
    explanation = model.explain(X, BACKGROUND, **options)
    np.testing.assert_allclose(explanation.predictions, predicted(model, X), rtol=0, atol=0)
    np.testing.assert_allclose(
        explanation.base_values, predicted(model, BACKGROUND).mean(axis=0), rtol=1e-5, atol=1e-7
    )
    differences = explanation.predictions - explanation.base_values
    np.testing.assert_allclose(explanation.values.sum(axis=1), differences, rtol=0, atol=1e-12)
    assert (
        explanation.values.shape
        == explanation.errors.shape
        == (40, N_COLUMNS, *explanation.base_values.shape)
    )


@pytest.mark.parametrize("options", [{"exact": True}, FORCED], ids=["exact", "permutations"])
def test_unused_column_has_the_value_0(options):
    constant = X.copy()
    constant[:, 2] = 3.0
    table = TabularRegressor(**TABLE).fit(constant, NUMBERS)
    values = table.explain(X, BACKGROUND, **options).values
    assert not values[:, 2].any() and values[:, 0].any()
    weights = rows(5, 3), rows(3, 1)
    weights[0][4] = 0
    net = MLPRegressor.from_arrays(weights, [np.zeros(3), [1.0]])
    assert not net.explain(X, BACKGROUND, **options).values[:, 4].any()


def test_equal_columns_have_equal_values():
    weights = rows(5, 3)
    weights[3] = weights[1]
    model = MLPRegressor.from_arrays([weights, rows(3, 1)], [np.ones(3), [1.0]])
    same, others = X.copy(), BACKGROUND.copy()
    same[:, 3], others[:, 3] = same[:, 1], others[:, 1]
    values = model.explain(same, others, exact=True).values
    np.testing.assert_allclose(values[:, 3], values[:, 1], rtol=1e-9, atol=1e-12)
    assert np.abs(values[:, 1] - values[:, 0]).max() > 0.1


def test_values_of_a_linear_model_are_known():
    weights = rows(5, 1, seed=3)
    model = MLPRegressor.from_arrays([weights], [[0.5]])
    expected = (X - BACKGROUND.mean(axis=0)) * weights[:, 0]
    for options in ({"exact": True}, FORCED):
        explanation = model.explain(X, BACKGROUND, **options)
        np.testing.assert_allclose(explanation.values, expected, rtol=1e-9, atol=1e-12)
        assert explanation.errors.max() < 1e-12


def test_few_columns_are_enumerated_without_being_asked_for():
    model = network(MLPRegressor, NUMBERS)
    assert not model.explain(X[:1], BACKGROUND).errors.any()
    wide = MLPRegressor(**QUICK, max_iter=1).fit(rows(20, 14), NUMBERS[:20])
    assert wide.explain(rows(1, 14), rows(64, 14)).n_evaluations == 3 * 64 * 2 * 13
    assert wide.explain(rows(1, 14), rows(5, 14)).n_evaluations == 39 * 5 * 2 * 13


def test_errors_shrink_with_the_budget():
    model = network(MLPRegressor, NUMBERS)
    few, many = (
        model.explain(rows(20), rows(64), n_evaluations=64 * n * 8).errors.mean() for n in (2, 3)
    )  # of 64 * 30 evaluations by enumeration
    assert many < few
    assert model.explain(rows(20), rows(64), n_evaluations=64 * 30).errors.max() == 0


# ------------------------------------------------------------------------------------------------------ small budgets


def test_small_budgets_add_up_and_an_unused_column_has_the_value_0(model):
    for budget in (2 * N_COLUMNS, 2 * 8, 8 * 7, 8 * 14 - 1):  # 1, 2, 7 and 13 pairs for 7 rows
        explanation = model.explain(X, BACKGROUND, n_evaluations=budget)
        assert explanation.n_evaluations == budget // 8 * 8
        np.testing.assert_allclose(
            explanation.base_values, predicted(model, BACKGROUND).mean(axis=0), rtol=1e-5
        )
        differences = explanation.predictions - explanation.base_values
        np.testing.assert_allclose(explanation.values.sum(axis=1), differences, rtol=0, atol=1e-12)
        assert (
            np.isnan(explanation.errors).all() == (budget < 16)
            and not np.isinf(explanation.errors).any()
        )
    assert not np.isnan(explanation.errors).any()
    weights = rows(5, 3), rows(3, 1)
    weights[0][4] = 0
    net = MLPRegressor.from_arrays(weights, [np.zeros(3), [1.0]])
    assert not net.explain(X, BACKGROUND, n_evaluations=10).values[:, 4].any()
    assert not net.explain(X, BACKGROUND, n_evaluations=24).values[:, 4].any()


def test_errors_of_small_budgets_are_those_of_the_sample():
    model, background = network(MLPRegressor, NUMBERS), rows(64, seed=2)
    exact = model.explain(X, background, exact=True)
    for n_pairs in (4, 12, 32):
        found = [
            model.explain(X, background, n_evaluations=8 * n_pairs, random_state=seed)
            for seed in range(20)
        ]
        squares = [((one.values - exact.values) ** 2).mean() for one in found]
        assert (
            0.5
            < np.sqrt(np.mean(squares) / np.mean([(one.errors**2).mean() for one in found]))
            < 1.5
        )
    means = [
        np.abs(model.explain(X, background, n_evaluations=8 * n + 2).values - exact.values).mean()
        for n in (1, 4, 16, 64)
    ]
    assert means == sorted(means, reverse=True)


def test_budget_below_two_pairs_for_each_row_has_less_error_than_half_of_it():
    """Whether rows of the background are drawn or all are used, more evaluations are better."""
    model, background = network(MLPRegressor, NUMBERS), rows(16, seed=2)
    exact = model.explain(X, background, exact=True).values
    errors = [
        np.abs(model.explain(X, background, n_evaluations=8 * n).values - exact).mean()
        for n in (8, 16, 31, 64)
    ]
    assert errors == sorted(errors, reverse=True)


def test_small_budget_draws_rows_by_the_seed():
    model = MODELS["one output"]()
    found = [
        model.explain(X, BACKGROUND, n_evaluations=24, random_state=seed).values
        for seed in (0, 0, 1)
    ]
    assert_same_bits(found[0], found[1])
    assert np.abs(found[0] - found[2]).max() > 0


def test_one_column_needs_no_evaluations():
    model = MLPRegressor(**QUICK, max_iter=2).fit(X[:, :1], NUMBERS)
    explanation = model.explain(X[:, :1], BACKGROUND[:, :1])
    np.testing.assert_allclose(
        explanation.values[:, 0], model.predict(X[:, :1]) - explanation.base_values, atol=1e-12
    )
    assert explanation.n_evaluations == 0


# ------------------------------------------------------------------------------------------------------ the same bits


def test_row_has_the_same_bits_alone_and_with_any_number_of_threads():
    model = MODELS["table, multiclass"]()
    together = model.explain(X, BACKGROUND, **FORCED)
    assert_same_bits(together.values, model.explain(X, BACKGROUND, **FORCED).values)
    alone = model.set_params(n_threads=1).explain(X[5:6], BACKGROUND, **FORCED)
    assert_same_bits(alone.values[0], together.values[5])
    assert_same_bits(alone.errors[0], together.errors[5])


def test_large_networks_have_the_same_bits_with_several_threads():
    """They share the paths of a row, and those of several rows."""
    rng = np.random.RandomState(0)
    weights = [rng.standard_normal(shape) / 10 for shape in ((14, 200), (200, 200), (200, 2))]
    model = MLPRegressor.from_arrays(
        weights, [np.zeros(200), np.zeros(200), np.zeros(2)], activation="gelu"
    )
    Z, background = rows(12, 14), rows(20, 14, seed=1)
    for budget in (20 * 26 * 2, 28):
        first = model.set_params(n_threads=1).explain(Z, background, n_evaluations=budget)
        for n_threads in (2, 3, None):
            again = model.set_params(n_threads=n_threads).explain(
                Z, background, n_evaluations=budget
            )
            assert_same_bits(again.values, first.values)
            assert_same_bits(again.errors, first.errors)
        assert_same_bits(
            model.explain(Z[7:8], background, n_evaluations=budget).values[0], first.values[7]
        )


def test_seed_chooses_the_permutations():
    model = MODELS["one output"]()
    values = [
        model.explain(X, BACKGROUND, random_state=seed, **FORCED).values
        for seed in (0, 1, 1, np.random.RandomState(1), None)
    ]
    assert np.abs(values[0] - values[1]).max() > 0
    assert_same_bits(values[1], values[2])
    assert_same_bits(values[1], values[3])


def test_values_are_pinned():
    """Sums in a defined order: these are the bits on every machine."""
    numbers = np.random.RandomState(3).random_sample(78) - 0.5
    weights = [numbers[:20].reshape(5, 4) * 4, numbers[20:28].reshape(4, 2)]
    model = MLPRegressor.from_arrays(weights, [np.zeros(4), np.ones(2)], activation="tanh")
    Z, others = numbers[28:43].reshape(3, 5), numbers[43:].reshape(7, 5)
    sampled, exact = model.explain(Z, others, **FORCED), model.explain(Z, others, exact=True)
    few = model.explain(Z, others, n_evaluations=24)
    found = (
        sampled.values[0, 0, 1],
        sampled.errors[2, 1, 0],
        exact.values[1, 4, 1],
        few.values[0, 0, 1],
    )
    assert [float(number).hex() for number in found] == PINNED


PINNED = [
    "0x1.f0642d983cd68p-6",
    "0x1.583b9123fd690p-13",
    "-0x1.72c9249f526c4p-5",
    "-0x1.9f52d8d49d895p-7",
]


# ------------------------------------------------------------------------------------------------------------- tables


def flats(n=60, seed=0):
    pandas = package("pandas")
    rng = np.random.RandomState(seed)
    frame = pandas.DataFrame(
        {
            "size": rng.uniform(20, 150, n).round(),
            "built": pandas.to_datetime("1990-01-01")
            + pandas.to_timedelta(rng.randint(0, 9000, n), "D"),
            "district": rng.choice(["north", "south", None], n),
            "city": "Rome",
        }
    )
    frame.loc[3, "size"] = np.nan
    return frame, 3000 * frame["size"].fillna(80) * np.where(frame.district == "north", 1.5, 1.0)


def test_table_of_a_frame():
    frame, price = flats()
    model = TabularRegressor(random_state=0).fit(frame, price)
    explanation = model.explain(frame[:4], frame[20:50])
    assert explanation.feature_names == ["size", "built", "district", "city"]
    assert explanation.output_names == ["prediction"]
    table = explanation.table()
    assert table["column"][-1] == "city" and table["prediction"] == sorted(
        table["prediction"], reverse=True
    )
    assert table["error"] == [0.0] * 4
    line = {name: entries[table["column"].index("city")] for name, entries in table.items()}
    assert line == {"column": "city", "prediction": 0.0, "error": 0.0}
    row = explanation.table(row=1)
    values = dict(zip(row["column"], row["value"], strict=True))
    assert values["size"] == frame["size"][1] and values["district"] == frame.district[1]
    assert values["built"] == frame.built[1].to_pydatetime()
    assert sum(row["prediction"]) == pytest.approx(
        explanation.predictions[1] - explanation.base_values
    )
    lines = repr(explanation).split("\n")
    assert lines[0] == "Mean absolute Shapley values of 4 rows"
    assert [line.split("  ")[-1] for line in lines[1:]] == table["column"]


def test_table_of_classes_and_of_many_columns():
    model = MODELS["table, multiclass"]()
    table = model.explain(X[:3], BACKGROUND).table()
    assert list(table) == ["column", "high", "low", "middle", "error"]
    wide = MLPRegressor.from_arrays([rows(30, 1)], [[0.0]])
    lines = repr(wide.explain(rows(2, 30), rows(3, 30))).split("\n")
    assert lines[0] == "Mean absolute Shapley values of 2 rows"
    assert lines[-2] == "and 18 more columns" and lines[-1].startswith("Standard errors up to ")


@pytest.mark.parametrize("n", [12, 13, 14])
def test_text_names_one_other_column(n):
    model = MLPRegressor.from_arrays([rows(n, 1)], [[0.0]])
    lines = repr(model.explain(rows(1, n), rows(3, n))).split("\n")
    assert sum(" = " in line for line in lines) == (n if n <= 13 else 12)
    assert ("2 other columns" in repr(lines)) == (n == 14)
    many = repr(model.explain(rows(2, n), rows(3, n)))
    assert ("and 2 more columns" in many) == (n == 14) and "and 1 more" not in many


def test_text_of_one_row_is_a_sum_with_signs():
    frame, price = flats()
    model = TabularRegressor(random_state=0).fit(frame, price)
    explanation = model.explain(frame[3:4], frame[20:50])
    title, mean, *columns, prediction = str(explanation).split("\n")
    assert title == "Shapley values of one row"
    assert mean.endswith("  mean prediction of 30 rows") and prediction.endswith("  prediction")
    named = {line.split("  ")[-1].split(" = ")[0]: line for line in columns}
    assert named["size"].endswith("size = missing") and named["city"].endswith("+0  city = Rome")
    assert named["built"].endswith(f"built = {frame.built[3].date()}")
    numbers = [float(line.split()[0].replace(",", "")) for line in (mean, *columns, prediction)]
    assert sum(numbers[:-1]) == pytest.approx(numbers[-1], abs=3)
    assert all(line.split()[0][0] in "+-" for line in columns)


def test_text_of_one_row_of_many_columns_and_of_classes():
    wide = MLPRegressor.from_arrays([np.full((30, 1), 1000.0)], [[0.0]])
    Z = np.zeros((1, 30))
    Z[0, :2] = 1234.5, -2
    lines = str(wide.explain(Z, np.zeros((3, 30)))).split("\n")
    assert lines[2:4] == ["+1,234,500  column 0 = 1234.5", "    -2,000  column 1 = -2"]
    assert lines[-2:] == ["        +0  18 other columns", " 1,232,500  prediction"]
    explanation = MODELS["table, multiclass"]().explain(X[:1], BACKGROUND)
    lines = str(explanation).split("\n")
    assert lines[1].split() == ["high", "low", "middle"]
    assert len(lines) == 4 + N_COLUMNS
    largest = np.abs(explanation.values[0]).sum(axis=1).argmax()
    shown = [float(number) for number in lines[3].split("  column")[0].split()]
    np.testing.assert_allclose(shown, explanation.values[0, largest], atol=1e-3)


def test_text_says_that_one_pair_has_no_errors():
    text = str(MODELS["one output"]().explain(X[:1], BACKGROUND, n_evaluations=10))
    assert text.endswith("Their standard errors are unknown: one pair of permutations has none")


def test_verbose_shows_a_bar_over_the_rows(monkeypatch):
    shown = []

    class Bar:
        def __init__(self, **options):
            self.n, self.options = 0, options

        def __enter__(self):
            return self

        def __exit__(self, *exception):
            shown.append((self.n, self.options))

        def update(self, n):
            self.n += n

    monkeypatch.setitem(sys.modules, "tqdm", types.ModuleType("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", types.SimpleNamespace(tqdm=Bar))
    model = MODELS["one output"]()
    for options in ({"exact": True}, FORCED):
        model.explain(X, BACKGROUND, verbose=True, **options)
    assert shown == [(40, {"total": 40, "unit": "row"})] * 2
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.raises(ImportError, match=r"pip install cmlp\[progress\]"):
        model.explain(X, BACKGROUND, verbose=True)


# ------------------------------------------------------------------------------------------------- the kept background


def kept(n=64, kind=TabularRegressor, y=NUMBERS, **fitting):
    return kind(**TABLE, keep_background=n).fit(X, y, **fitting)


def test_background_is_kept_on_request_and_changes_no_answer():
    model, plain = kept(), TabularRegressor(**TABLE).fit(X, NUMBERS)
    assert_same_bits(model.predict(X), plain.predict(X))
    assert_same_bits(
        model.explain(X[:3]).values, plain.explain(X[:3], X).values
    )  # 40 rows: all of them
    base = kept(9).explain(X[:3]).base_values
    assert (
        base == pytest.approx(plain.predict(X).mean(), abs=1.0)
        and base != plain.explain(X[:3], X[:9]).base_values
    )
    with pytest.raises(
        ValueError, match="has none: pass up to 64 training rows, or fit with keep_background=64"
    ):
        plain.explain(X[:3])
    with pytest.raises(
        ValueError,
        match=r"keep_background' parameter of TabularRegressor must be .*\[0, 64\]. Got 65",
    ):
        kept(65)


def test_random_state_chooses_the_kept_rows():
    def of(random_state, **options):
        model = TabularRegressor(
            **{**TABLE, "random_state": random_state}, keep_background=9, **options
        )
        return model.fit(X, NUMBERS)

    def rows(model):
        return model_of(model).background.rows

    assert_same_bits(rows(of(3)), rows(of(3)))
    assert_same_bits(rows(of(3)), rows(of(3).fit(X, NUMBERS, resume=True)))
    assert (rows(of(3)) != rows(of(4))).any() and (rows(of(None)) != rows(of(None))).any()
    plain = TabularRegressor(**{**TABLE, "random_state": np.random.RandomState(3)}).fit(X, NUMBERS)
    kept = of(np.random.RandomState(3))
    assert_same_bits(plain.predict(X), kept.predict(X))
    before = rows(kept)
    assert_same_bits(rows(kept.fit(X, NUMBERS, resume=True)), before)
    assert (rows(kept.fit(X, NUMBERS)) != before).any()


def test_kept_rows_have_their_weights_and_no_weight_of_0():
    weight = np.arange(40) % 4
    model = kept(64, sample_weight=weight)
    exact, repeated = model.explain(X), model.explain(X, np.repeat(X, weight, axis=0), exact=True)
    np.testing.assert_allclose(exact.base_values, repeated.base_values, rtol=1e-9)
    np.testing.assert_allclose(exact.values, repeated.values, rtol=1e-9, atol=1e-9)
    few = model.explain(X, n_evaluations=30 * 2 * 2 * 4)  # 30 rows count
    differences, errors = few.values - exact.values, few.errors
    assert 0.5 < np.sqrt((differences**2).mean() / (errors**2).mean()) < 2


@pytest.mark.filterwarnings("ignore::cmlp.exceptions.MovedRowsWarning")
def test_validation_rows_are_not_kept():
    model = kept(64, X_val=X + 100, y_val=NUMBERS)
    np.testing.assert_allclose(model.explain(X[:1]).base_values, model.predict(X).mean(), rtol=1e-9)


@pytest.mark.parametrize("kind", [TabularRegressor, TabularClassifier])
def test_background_is_saved_and_pickled(kind, tmp_path):
    model = kept(10, kind, NUMBERS if kind is TabularRegressor else LABELS)
    expected = model.explain(X[:3]).values
    model.save(tmp_path / "model")
    for again in (cmlp.load(tmp_path / "model"), pickle.loads(pickle.dumps(model))):
        assert_same_bits(again.explain(X[:3]).values, expected)
        again.save(tmp_path / "again")
        assert (tmp_path / "again").read_bytes() == (tmp_path / "model").read_bytes()
    model.set_params(keep_background=0).fit(
        X, NUMBERS if kind is TabularRegressor else LABELS
    ).save(tmp_path / "model")
    assert b"background" not in (tmp_path / "model").read_bytes().replace(b"keep_background", b"")


def test_resumed_fit_keeps_the_same_rows():
    model = kept(10)
    whole = TabularRegressor(**{**TABLE, "max_time": None}, keep_background=10).fit(X, NUMBERS)
    model.set_params(max_time=None).fit(X, NUMBERS, resume=True)
    assert_same_bits(model.explain(X[:3]).values, whole.explain(X[:3]).values)


def test_damaged_background_is_refused(tmp_path):
    model = kept(10)
    state = model.__getstate__()
    one = np.ones(3)
    for damaged in (
        (X[:3, :2], one),
        (X[:3], one[:2]),
        (X[:3], 0 * one),
        (X[:3] + np.inf, one),
        (X[:3], one.astype(int)),
    ):
        state["_result"]["model"]["background"] = dict(
            zip(("rows", "weights"), damaged, strict=True)
        )
        with pytest.raises(ValueError, match="background"):
            TabularRegressor().__setstate__(state)


# ------------------------------------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"X": X[:, :2]}, "X has 2 features, but MLPRegressor is expecting 5"),
        ({"X": X * np.nan}, "contains NaN at row 0, column 0"),
        (
            {"background": None},
            "background must be given, because this MLPRegressor has none: pass up to 64 training rows.$",
        ),
        ({"background": X[:0]}, "background must have 1 to 64 rows, got 0"),
        (
            {"background": np.tile(X, (2, 1))},
            "background must have 1 to 64 rows, got 80: pass a sample",
        ),
        ({"background": X[:, :2]}, "In background: X has 2 features"),
        ({"background": X * np.inf}, "In background: .*at row 0, column 0"),
        (
            {"n_evaluations": 9},
            "n_evaluations must be at least 10, twice the number of columns, got 9",
        ),
        ({"n_evaluations": 1000.0}, "n_evaluations must be a positive integer or None, got 1000.0"),
        ({"random_state": -1}, "random_state"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    model = network(MLPRegressor, NUMBERS)
    given = {"X": X[:2], "background": BACKGROUND, **arguments}
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match=message):
        model.explain(**given)


def test_too_many_columns_are_not_enumerated():
    wide = MLPRegressor.from_arrays([rows(13, 1)], [[0.0]])
    with pytest.raises(
        ValueError, match="exact=True enumerates the sets of at most 12 columns, got 13 columns"
    ):
        wide.explain(rows(1, 13), rows(2, 13), exact=True)


@pytest.mark.parametrize("kind", [MLPClassifier, TabularRegressor])
def test_estimator_must_be_fitted(kind):
    with pytest.raises(ValueError, match="not fitted"):
        kind().explain(X, BACKGROUND)


def test_sparse_rows_have_the_values_of_dense_ones():
    sparse = package("scipy.sparse")
    model = network(MLPRegressor, NUMBERS)
    expected = model.explain(X[:3], BACKGROUND).values
    assert_same_bits(
        model.explain(sparse.csr_matrix(X[:3]), sparse.csr_matrix(BACKGROUND)).values, expected
    )


@pytest.mark.slow
@pytest.mark.full
def test_thousand_rows_of_twelve_columns_take_30_processor_seconds():
    Z = rows(1500, 12)
    model = TabularRegressor(random_state=0, keep_background=64).fit(
        Z, Z[:, 0] * Z[:, 1] + np.sin(Z[:, 2])
    )
    start = time.process_time()
    explanation = model.explain(Z[:1000])
    assert time.process_time() - start < 30 * SLOWEST
    assert explanation.n_evaluations == 3 * 64 * 22


SLOWEST = 4  # a shared or emulated machine
