"""Statistics of columns with many categories: what is learned, what the networks see, files and exports."""

import pickle
import subprocess

import numpy as np
import pytest
from internals import fitted_of, model_of, put_result, raw_rows
from optional import package

import cmlp
from cmlp import TabularRegressor
from cmlp._bridge import _core
from cmlp._model.table_columns import MOST_ONE_HOT, Statistics, TableColumn, TableColumns
from cmlp._tables.learn_statistics import learn_statistics, training_statistics

pd = package("pandas")


def codes_of(n_rows, n_categories, seed=0):
    """Return codes by frequency, each of which occurs."""
    rng = np.random.RandomState(seed)
    drawn = np.minimum(rng.geometric(2 / n_categories, n_rows - n_categories) - 1, n_categories - 1)
    codes = np.concatenate([np.arange(n_categories), drawn])
    order = np.argsort(-np.bincount(codes), kind="stable")
    rank = np.empty(n_categories, int)
    rank[order] = np.arange(n_categories)
    return rng.permutation(rank[codes]).astype(float)


def made(n_rows=4000, n_categories=500, seed=0):
    """Return codes, a target that mostly follows from them, and folds."""
    rng = np.random.RandomState(seed)
    codes = codes_of(n_rows, n_categories, seed)
    effect = rng.normal(size=n_categories)
    y = effect[codes.astype(int)] + 0.5 * rng.normal(size=n_rows)
    return codes, ((y - y.mean()) / y.std())[:, None], rng.randint(0, 8, n_rows)


def by_definition(codes, targets, folds, n_categories):
    """Return the table and the training statistics, row by row in ordinary arithmetic."""
    y = targets[:, 0]
    groups = [y[codes == c] for c in range(n_categories)]
    n, mean = np.array([len(g) for g in groups]), np.array([g.mean() for g in groups])
    overall, total = y.mean(), len(y)
    within = sum(((g - g.mean()) ** 2).sum() for g in groups) / (total - n_categories)
    between = (n * (mean - overall) ** 2).sum() - (n_categories - 1) * within
    between /= total - (n**2).sum() / total
    m, spread = within / between, between**0.5

    def statistics(count, total_of):
        z = ((total_of + m * overall) / (count + m) - overall) / spread
        return [z / np.sqrt(1 + (z / 3) ** 2), count / (count + m)]

    table = [statistics(len(g), g.sum()) for g in groups]
    rows = []
    for i, code in enumerate(codes):
        others = y[(codes == code) & (folds != folds[i])]
        rows.append(statistics(len(others), others.sum()))
    return np.array(table), np.array(rows), (n >= 4 * m).sum()


def test_statistics_are_those_of_the_definition():
    codes, targets, folds = made(600, 210)
    statistics = learn_statistics(codes, 210, targets)
    table, rows, n_reliable = by_definition(codes, targets, folds, 210)
    np.testing.assert_allclose(statistics.table, table, atol=2e-5)
    np.testing.assert_allclose(
        training_statistics(statistics, codes, folds, targets), rows, atol=2e-5
    )
    assert statistics.n_one_hot == min(n_reliable, MOST_ONE_HOT)
    assert statistics.table.dtype == np.float32


@pytest.mark.parametrize("has_weights", [False, True])
def test_bits_do_not_depend_on_the_order_of_rows(has_weights):
    codes, targets, folds = made()
    weight = np.random.RandomState(1).uniform(0.1, 1, len(codes)) if has_weights else None
    order = np.random.RandomState(2).permutation(len(codes))
    moved = None if weight is None else weight[order]
    one = learn_statistics(codes, 500, targets, weight)
    other = learn_statistics(codes[order], 500, targets[order], moved)
    assert one.table.tobytes() == other.table.tobytes()
    assert one.priors.tobytes() == other.priors.tobytes()
    rows = training_statistics(one, codes, folds, targets, weight)
    others = training_statistics(other, codes[order], folds[order], targets[order], moved)
    assert rows[order].tobytes() == others.tobytes()


def test_equal_weights_are_no_weights_but_for_rounding():
    codes, targets, _ = made()
    weight = np.full(len(codes), 0.5)
    one, other = (
        learn_statistics(codes, 500, targets),
        learn_statistics(codes, 500, targets, weight),
    )
    np.testing.assert_allclose(one.table, other.table, atol=1e-5)
    assert one.n_one_hot == other.n_one_hot


def test_a_row_of_weight_2_is_two_rows():
    codes, targets, _ = made(1500, 300)
    weight = np.where(np.arange(len(codes)) % 3 == 0, 1.0, 0.5)
    twice = np.concatenate([np.arange(len(codes)), np.flatnonzero(weight == 1)])
    weighted, repeated = (
        learn_statistics(codes, 300, targets, weight),
        learn_statistics(codes[twice], 300, targets[twice]),
    )
    # The means are equal; weights say less of how many rows there are (Kish).
    np.testing.assert_allclose(weighted.priors[:, 1], repeated.priors[:, 1], atol=1e-6)
    assert (weighted.table[:, -1] <= repeated.table[:, -1] + 1e-6).all()


def test_a_column_without_effect_has_no_statistics():
    rng = np.random.RandomState(0)
    found = [
        learn_statistics(codes_of(3000, 600, seed), 600, rng.normal(size=(3000, 1)))
        for seed in range(10)
    ]
    ratios = [statistics.priors[0, 2] for statistics in found if statistics is not None]
    assert None in found and all(ratio > 20 for ratio in ratios)


def test_each_row_its_own_category_has_no_statistics():
    codes = np.arange(400.0)
    assert learn_statistics(codes, 400, np.random.RandomState(0).normal(size=(400, 1))) is None


def test_training_statistics_do_not_know_the_target_of_the_row():
    """A change of one target changes the statistics of other folds alone."""
    codes, targets, folds = made(2000, 300)
    statistics = learn_statistics(codes, 300, targets)
    before = training_statistics(statistics, codes, folds, targets)
    changed = targets.copy()
    changed[7] += 3
    after = training_statistics(statistics, codes, folds, changed)
    is_same = (before == after).all(axis=1)
    assert is_same[folds == folds[7]].all()
    others = (codes == codes[7]) & (folds != folds[7])
    assert not is_same[others].any() and is_same[codes != codes[7]].all()


def test_at_most_16_means_of_many_classes():
    codes, _, folds = made(6000, 250)
    rng = np.random.RandomState(3)
    classes = (codes.astype(int) + rng.randint(0, 3, len(codes))) % 30
    targets = classes[:, None] == np.arange(30)
    statistics = learn_statistics(codes, 250, targets)
    assert statistics.table.shape == (250, 17)
    assert (np.diff(statistics.priors[:, 0]) > 0).all()
    assert training_statistics(statistics, codes, folds, targets).shape == (6000, 17)


def test_unknown_codes_are_no_rows():
    codes, targets, folds = made(2000, 300)
    more = np.concatenate([codes, np.full(50, -1.0)])
    targets_of_more = np.concatenate([targets, np.full((50, 1), 100.0)])
    one, other = learn_statistics(codes, 300, targets), learn_statistics(more, 300, targets_of_more)
    assert one.table.tobytes() == other.table.tobytes()
    rows = training_statistics(one, more, np.append(folds, np.zeros(50, int)), targets_of_more)
    assert not rows[2000:].any()


# ------------------------------------------------------------------------------ columns, files, exports


STATISTICS = Statistics(
    np.array([[0.5, 0.9], [-1.25, 0.75], [2.0, 0.5], [0.0, 0.25], [-0.5, 0.125]], np.float32),
    2,
    np.array([[0.0, 0.25, 3.0, 0.5]]),
)


def with_made_statistics(model):
    """Return a model whose column of five categories has statistics, and as many inputs as before."""
    statistics = STATISTICS._replace(n_one_hot=3)
    columns = [
        column._replace(statistics=statistics) if column.type == "category" else column
        for column in model.columns
    ]
    return model.replace(columns=TableColumns(columns, model.columns.names))


@pytest.fixture(scope="module", params=["text", "numbers"])
def fitted(request):
    """An estimator whose column c has three one-hot categories and two statistics, and rows."""
    rng = np.random.RandomState(0)
    values = {"text": list("abcde"), "numbers": [1, 2, 3, 4, 5]}[request.param]
    frame = pd.DataFrame(
        {
            "x": rng.normal(size=200),
            "c": pd.Series([values[k] for k in rng.randint(0, 5, 200)], dtype=object),
        }
    )
    y = frame.x + frame.c.map(dict(zip(values, range(5), strict=True)))
    estimator = TabularRegressor(
        random_state=0, n_epochs=2, n_estimators=2, categorical_features=["c"]
    ).fit(frame, y)
    fitted = fitted_of(estimator)
    put_result(estimator, fitted._replace(model=with_made_statistics(fitted.model)))
    rows = frame[:20].copy()
    other = {"text": "unknown", "numbers": 9}[request.param]
    rows.loc[3, "c"] = other
    return estimator, rows


def test_columns_with_statistics_are_encoded():
    column = TableColumn("category", "category", list("abcde"), statistics=STATISTICS)
    columns = TableColumns([column, TableColumn("number", centre=1.0)])
    raw = np.array([[0, 1], [1, 1], [4, 1], [-1, 1], [2.5, 1], [np.nan, 1], [5, 1]])
    inputs = columns.encode(raw, bins=False)
    expected = np.zeros((7, 5), np.float32)
    expected[0, 0] = expected[1, 1] = 1
    expected[:3, 2:4] = STATISTICS.table[[0, 1, 4]]
    assert (inputs == expected).all() and columns.begins(False).tolist() == [0, 4, 5]


def test_layouts_that_do_not_fit_raise():
    good = [("category", 5, False, (2, 2))], [], np.zeros(10)
    assert _core.Columns(*good).width(False) == 4
    for layout, statistics in (
        (("category", 5, False, (2, 2)), np.zeros(9)),
        (("category", 5, False, (2, 2)), np.zeros(11)),
        (("category", 5, False, (6, 2)), np.zeros(10)),
        (("category", 5, False, (-1, 2)), np.zeros(10)),
        (("category", 5, False, (2, 0)), []),
        (("category", 5, False, (2,)), np.zeros(10)),
        (("category", 0, False, (0, 2)), []),
    ):
        with pytest.raises(ValueError):
            _core.Columns([layout], [], statistics)


def test_file_has_the_statistics(fitted, tmp_path):
    estimator, rows = fitted
    path = tmp_path / "model.cmlp"
    estimator.save(path)
    loaded = cmlp.load(path)
    assert (loaded.predict(rows) == estimator.predict(rows)).all()
    (found,) = [c.statistics for c in model_of(loaded).columns if c.statistics is not None]
    assert found.table.tobytes() == STATISTICS.table.tobytes() and found.n_one_hot == 3
    assert found.priors.tobytes() == STATISTICS.priors.tobytes()
    loaded.save(tmp_path / "again.cmlp")
    assert path.read_bytes() == (tmp_path / "again.cmlp").read_bytes()


def test_pickle_has_the_statistics(fitted):
    estimator, rows = fitted
    again = pickle.loads(pickle.dumps(estimator))
    assert (again.predict(rows) == estimator.predict(rows)).all()
    (found,) = [c.statistics for c in model_of(again).columns if c.statistics is not None]
    assert found.priors.tobytes() == STATISTICS.priors.tobytes()


def test_c_header_has_the_statistics(fitted, tmp_path):
    estimator, _ = fitted
    estimator.to_c(tmp_path / "model.h", name="model")
    program = (
        '#include <stdio.h>\n#include "model.h"\nint main(void) { return model_check() != 1; }\n'
    )
    (tmp_path / "main.c").write_text(program)
    command = ["cc", "-O1", "-Wall", "-Wextra", "-Werror", "main.c", "-lm", "-o", "main"]
    subprocess.run(command, cwd=tmp_path, check=True)
    assert subprocess.run(["./main"], cwd=tmp_path, check=False).returncode == 0


def test_torch_module_has_the_statistics(fitted):
    torch = pytest.importorskip("torch")
    estimator, rows = fitted
    found = estimator.to_torch()(torch.tensor(raw_rows(estimator, rows))).detach().numpy().ravel()
    np.testing.assert_allclose(found, estimator.predict(rows), rtol=1e-5)


def test_onnx_has_the_statistics(fitted, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    estimator, rows = fitted
    for opset in (9, 15):
        estimator.to_onnx(tmp_path / "model.onnx", opset=opset)
        session = runtime.InferenceSession(str(tmp_path / "model.onnx"))
        kinds = {"x": np.float64, "c": object if isinstance(rows.c[0], str) else np.float64}
        feed = {name: rows[name].to_numpy(kind).reshape(-1, 1) for name, kind in kinds.items()}
        (found,) = session.run(None, feed)
        np.testing.assert_allclose(found.ravel(), estimator.predict(rows), rtol=1e-5)
