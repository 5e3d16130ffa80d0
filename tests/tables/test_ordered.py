"""Columns of ordered categories: their ranks are numbers."""

import subprocess

import numpy as np
import pytest
from c_build import COMPILER, needs_compiler
from optional import package

import cmlp
from cmlp import TabularClassifier, TabularRegressor

N = 240
LEVELS = ["poor", "fair", "good", "great", "never seen"]
rng = np.random.RandomState(0)
RANK = rng.randint(0, 4, N)
QUALITY = [LEVELS[rank] if i % 17 else None for i, rank in enumerate(RANK)]
SIZE = rng.choice([3, 1, 2], N)
X = rng.standard_normal(N)
Y = 2.0 * RANK + X
QUICK = {"n_estimators": 2, "hidden_layer_sizes": (8,), "n_epochs": 6, "random_state": 0}
ORDERS = {"quality": LEVELS, "size": [3, 1, 2]}


def frame(*, ordered=True):
    pandas = package("pandas")
    columns = {"quality": QUALITY, "size": SIZE, "x": X}
    for name, levels in ORDERS.items() if ordered else ():
        columns[name] = pandas.Categorical(columns[name], categories=levels, ordered=True)
    return pandas.DataFrame(columns)


def fitted(table, kind=TabularRegressor, **parameters):
    return kind(**QUICK | parameters).fit(table, Y if kind is TabularRegressor else Y > 3)


class Stream:
    """A table that offers Arrow's interface only."""

    def __init__(self, table):
        self.table = table

    def __arrow_c_stream__(self, schema=None):
        return self.table.__arrow_c_stream__(schema)


def test_levels_of_a_type_are_kept_in_order():
    model = fitted(frame())
    assert model.column_types_ == {"quality": "ordered", "size": "ordered", "x": "number"}
    assert model.categories_ == ORDERS
    assert fitted(frame(ordered=False)).column_types_ == {
        "quality": "category",
        "size": "number",
        "x": "number",
    }


def test_the_order_of_a_type_a_list_and_arrow_give_the_same_bits(tmp_path):
    arrow, polars, parquet = package("pyarrow"), package("polars"), package("pyarrow.parquet")
    expected = fitted(frame()).predict(frame()).tobytes()
    table = arrow.Table.from_pandas(frame())
    plain = polars.DataFrame({"quality": QUALITY, "size": SIZE, "x": X})
    text = table.set_column(1, "size", arrow.array(SIZE))
    parquet.write_table(text, tmp_path / "rows.parquet")
    size = {"categorical_features": {"size": [3, 1, 2]}}
    enum = plain.with_columns(quality=polars.col("quality").cast(polars.Enum(LEVELS)))
    for one, parameters in (
        (frame(ordered=False), {"categorical_features": ORDERS}),
        (plain, {"categorical_features": ORDERS}),
        (enum, size),
        (Stream(enum), size),
        (table, {}),
        (Stream(table), {}),
        (parquet.read_table(tmp_path / "rows.parquet"), size),
    ):
        model = fitted(one, **parameters)
        assert model.categories_ == ORDERS
        assert model.predict(plain).tobytes() == expected


def test_warning_of_an_unknown_level_says_that_it_is_missing():
    with pytest.warns(
        UserWarning, match=r"'quality': the value is unknown, and unknown values are missing\."
    ):
        fitted(frame()).predict({"quality": "awful", "size": 1, "x": 0.5})


@pytest.mark.filterwarnings("ignore")
def test_unknown_levels_are_missing_and_unused_ones_lie_at_their_rank():
    model = fitted(frame())
    row = {"quality": None, "size": 1, "x": 0.5}
    missing, unknown = model.predict([row, row | {"quality": "awful"}])
    assert missing == unknown
    unused = model.predict(row | {"quality": "never seen"})
    assert unused != missing and model.outside(row | {"quality": "never seen"})[0, 0] == 1
    assert model.predict(row | {"quality": "great"}) != missing


def test_interval_types_are_ordered():
    pandas = package("pandas")
    cut = pandas.cut(pandas.Series(X), [-9, -1, 0, 1, 9])
    model = fitted(pandas.DataFrame({"x": cut}))
    assert model.categories_ == {"x": ["(-9, -1]", "(-1, 0]", "(0, 1]", "(1, 9]"]}


def test_files_pages_and_explanations_have_the_levels(tmp_path):
    model, table = fitted(frame()), frame()
    expected = model.predict(table)
    model.save(tmp_path / "model.cmlp")
    loaded = cmlp.load(tmp_path / "model.cmlp")
    assert loaded.predict(table).tobytes() == expected.tobytes()
    assert loaded.categories_ == ORDERS and loaded.column_types_["size"] == "ordered"
    model.to_html(tmp_path / "model.html")
    page = (tmp_path / "model.html").read_text("utf-8")
    assert '"choices":["poor","fair","good","great","neverseen"]' in page.replace(" ", "")
    assert model.explain(table[:3], background=table[:9]).data[1:, 0].tolist() == QUALITY[1:3]


@pytest.mark.parametrize(
    ("field", "column", "value"),
    [
        ("types", 0, "number"),
        ("types", 2, "ordered"),
        ("categories", 0, None),
        ("categories", 2, ["a"]),
    ],
)
def test_pickle_whose_categories_do_not_fit_is_refused(field, column, value):
    """As a file with the same contents is."""
    model = fitted(frame())
    state = model.__getstate__()
    columns = state["_result"]["model"]["columns"]
    columns[field] = list(columns[field])
    columns[field][column] = value
    with pytest.raises(ValueError, match="the categories of a column do not fit its type"):
        TabularRegressor().__setstate__(state)


def test_torch_has_the_levels():
    package("torch")
    assert fitted(frame()).to_torch().categories[0] == LEVELS


def test_onnx_reads_levels_and_takes_unknown_ones_for_missing(tmp_path):
    package("onnx")
    runtime = package("onnxruntime")
    model, table = fitted(frame()), frame()
    model.to_onnx(tmp_path / "model.onnx")
    session = runtime.InferenceSession(tmp_path / "model.onnx")
    texts = [text or "awful" for text in QUALITY]
    inputs = {
        "quality": np.array(texts, object)[:, None],
        "size": SIZE.astype(float)[:, None],
        "x": X[:, None],
    }
    found = session.run(None, inputs)[0].ravel()
    np.testing.assert_allclose(found, model.predict(table), rtol=1e-6)


PROGRAM = """
#include <stdio.h>
#include "model.h"
int main(void)
{
    double row[3] = {model_category(0, "good"), model_category(1, "1"), 0.5}, out[1];
    model_predict(row, out);
    printf("%d %.17g", model_check(), out[0]);
    row[0] = model_category(0, "awful");
    model_predict(row, out);
    printf(" %d %.17g\\n", row[0] != row[0], out[0]);
    return 0;
}
"""


@needs_compiler
@pytest.mark.filterwarnings("ignore")
def test_header_finds_ranks_and_takes_unknown_levels_for_missing(tmp_path):
    model = fitted(frame())
    model.to_c(tmp_path / "model.h")
    (tmp_path / "main.c").write_text(PROGRAM)
    subprocess.run([COMPILER, "main.c", "-o", "main", "-lm"], cwd=tmp_path, check=True)
    checked, good, is_nan, unknown = subprocess.check_output([tmp_path / "main"], text=True).split()
    row = {"quality": "good", "size": 1, "x": 0.5}
    assert (checked, is_nan) == ("1", "1")
    assert [float(good), float(unknown)] == model.predict([row, row | {"quality": None}]).tolist()


def test_certify_finds_levels():
    model = fitted(frame(), TabularClassifier)
    found = model.certify(frame()[:12], [np.inf, 0, 0])
    changed = [row[0] for row in found.counterexamples if row[0] is not None]
    assert "counterexample" in found.answers and set(changed) <= {*LEVELS, "unknown0"}
    assert (model.certify(frame()[:5], 0).answers == "certified").all()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"quality": ["poor", "fair", "good"]},
            r"'quality' must be one of its ordered categories .*'great' in row",
        ),
        (
            {"quality": ["poor", "poor"]},
            "a list of different texts or numbers for column 'quality'",
        ),
        ({"quality": []}, "a list of different texts or numbers"),
        ({"quality": "poor"}, "a list of different texts or numbers"),
        ({"quality": [None, "poor"]}, "a list of different texts or numbers"),
        ({"other": None}, "categorical_features has 'other'"),
    ],
)
def test_bad_orders_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        fitted(frame(ordered=False), categorical_features=given)


def test_named_columns_are_added_to_those_that_are_detected():
    for given in (["size"], [1], [False, True, False], {"size": None}):
        model = fitted(frame(ordered=False), categorical_features=given)
        assert model.column_types_ == {"quality": "category", "size": "category", "x": "number"}
    with pytest.raises(ValueError, match=r"column 'quality' must be a number"):
        fitted(frame(ordered=False), categorical_features=None)
