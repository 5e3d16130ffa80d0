"""Random tables of all kinds of columns have the same answers in Python, the C library, C headers and ONNX files."""

import numpy as np
import pytest
from c_export import answers, needs_gcc, predictions
from helpers import assert_same_bits, model_in_c
from internals import model_of
from optional import package
from random_tables import random_tables, text_of

from cmlp import TabularRegressor

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
N_TABLES, N_SLOW = 40, 10
COVERAGE = 0.8


def assert_equal(found, expected, name):
    try:
        assert_same_bits(np.ascontiguousarray(found), np.ascontiguousarray(expected))
    except AssertionError as error:
        raise AssertionError(name) from error


def check_library(table, folder):
    """Compare each row of numbers, its distances, and the cells of each column."""
    table.model.save(folder / "model.cmlp")
    core = model_in_c(folder / "model.cmlp")
    distances = table.model.outside(table.rows)
    for raw in table.variants:
        assert_equal([core.predict(row)[1] for row in raw], table.expected, table.name)
        np.testing.assert_array_equal([core.outside(row) for row in raw], distances, table.name)
    for i, name in enumerate(table.rows):
        for value, number in zip(table.rows[name], table.raw[:, i], strict=True):
            cell = text_of(value)
            if cell is not None:
                np.testing.assert_equal(
                    core.cell(i, cell), number, f"{table.name}: {name} {cell!r}"
                )


def check_header(table, folder):
    """Compare rows of numbers, and of a regressor intervals and distances."""
    is_regressor = isinstance(table.model, TabularRegressor)
    table.model.to_c(folder / "table.h", intervals=is_regressor)
    raw = np.concatenate(table.variants)
    if not is_regressor:
        outputs, _ = predictions(folder, "table", raw, output="double", classify=False)
        assert_equal(outputs, np.tile(table.expected, (3, 1)), table.name)
        return
    ends = table.model.predict_interval(table.rows, COVERAGE).reshape(len(table.rows), -1)
    found = answers(folder, "table", raw, COVERAGE, ends.shape[1] // 2)
    for one, wanted in zip(
        found, (table.expected, ends, table.model.outside(table.rows)), strict=True
    ):
        np.testing.assert_array_equal(one, np.tile(wanted, (3, 1)), table.name)


@needs_gcc
def test_library_and_headers(tmp_path):
    for table in random_tables(N_TABLES):
        check_library(table, tmp_path)
        check_header(table, tmp_path)


def column_of(kind, values, numbers, is_listed):
    """Return a column as a graph takes it."""
    if kind == "tensor(string)":
        texts = ["" if value is None or value != value else str(value) for value in values]
        return np.array(texts, object)[:, np.newaxis]
    if is_listed:
        numbers = [np.nan if value is None else float(value) for value in values]
    return np.asarray(numbers, np.float64)[:, np.newaxis]


def test_onnx(tmp_path):
    runtime = package("onnxruntime")
    for table in random_tables(N_SLOW, without={"mixed"}):  # which files of ONNX cannot have
        table.model.to_onnx(tmp_path / "table.onnx")
        session = runtime.InferenceSession(
            tmp_path / "table.onnx", providers=["CPUExecutionProvider"]
        )
        feed = {
            one.name: column_of(one.type, table.rows.iloc[:, i], numbers, column.categories)
            for i, (one, numbers, column) in enumerate(
                zip(
                    session.get_inputs(),
                    table.variants[2].T,
                    model_of(table.model).columns,
                    strict=True,
                )
            )
        }
        found = session.run(None, feed)[-1].reshape(table.expected.shape)
        scale = 1.0
        if isinstance(table.model, TabularRegressor):
            scale = np.array(model_of(table.model).answer_scale.scale)
        difference = np.abs(found - table.expected) / scale
        assert difference.max() < 1e-5, (table.name, difference.max())
