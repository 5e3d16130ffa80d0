"""`ParquetBlocks`: Parquet files as a source of `fit_batches`."""

import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import labels, uniform
from optional import package

from cmlp import MLPClassifier, MLPRegressor
from cmlp.datasets import ParquetBlocks

pa, parquet = package("pyarrow"), package("pyarrow.parquet")

X, Y = uniform(0, 300, 4).astype(np.float32), labels(1, 300, 3)
NAMES = list("abcd")
FIT = {
    "max_iter": 2,
    "tol": 0,
    "n_iter_no_change": float("inf"),
    "random_state": 0,
    "shuffle": False,
}


@pytest.fixture
def path(tmp_path):
    columns = {
        **dict(zip(NAMES, X.T, strict=True)),
        "y": Y,
        "w": 1.0 + Y,
        "text": np.array(["no", "yes", "so"])[Y],
    }
    parquet.write_table(pa.table(columns), tmp_path / "rows.parquet", row_group_size=70)
    return tmp_path / "rows.parquet"


@pytest.mark.parametrize("block_rows, n_blocks", [(8192, 5), (50, 9)])
def test_row_groups_give_the_bits_of_fit(path, block_rows, n_blocks):
    blocks = ParquetBlocks(path, "y", columns=NAMES, block_rows=block_rows)
    assert blocks.n_rows == 300 and len(list(blocks)) == n_blocks
    model = MLPClassifier((4,), **FIT, learning_rate="cosine").fit_batches(
        blocks, classes=[0, 1, 2], n_rows=blocks.n_rows
    )
    expected = MLPClassifier((4,), **FIT, learning_rate="cosine").fit(X, Y)
    np.testing.assert_array_equal(model.coefs_[0], expected.coefs_[0])
    assert model.feature_names_in_.tolist() == NAMES


def test_text_weights_several_targets_and_files(path):
    model = MLPClassifier((4,), **FIT)
    blocks = ParquetBlocks([path, str(path)], "text", columns=NAMES, sample_weight="w")
    model.fit_batches(blocks, classes=["no", "so", "yes"])
    twice = [
        np.concatenate([part, part]) for part in (X, np.array(["no", "yes", "so"])[Y], 1.0 + Y)
    ]
    np.testing.assert_array_equal(model.coefs_[0], MLPClassifier((4,), **FIT).fit(*twice).coefs_[0])
    assert blocks.classes().tolist() == ["no", "so", "yes"]
    several = ParquetBlocks(path, ["y", "w"], columns=NAMES)
    assert several.classes().tolist() == [0, 1]
    fitted = MLPRegressor(hidden_layer_sizes=(4,), **FIT).fit_batches(several)
    expected = MLPRegressor(hidden_layer_sizes=(4,), **FIT).fit(X, np.c_[Y, 1.0 + Y])
    np.testing.assert_array_equal(fitted.coefs_[0], expected.coefs_[0])
    assert ParquetBlocks(path, "y", sample_weight="w").columns == [*NAMES, "text"]


def test_errors_name_file_and_column(path, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"rows.parquet has no column 'z'\."):
        ParquetBlocks(path, "z")
    twice = pa.table([pa.array([1.0]), pa.array([2.0]), pa.array([0])], names=["a", "a", "y"])
    parquet.write_table(twice, tmp_path / "twice.parquet")
    for target, columns in (
        ("y", None),
        ("a", ["y"]),
    ):  # some versions of pyarrow end in a KeyError
        with pytest.raises(ValueError, match=r"twice.parquet has 2 columns 'a'\."):
            ParquetBlocks(tmp_path / "twice.parquet", target, columns=columns)
    with pytest.raises(ValueError, match="block_rows must be a positive integer, got 0"):
        ParquetBlocks(path, "y", block_rows=0)
    assert len(next(iter(ParquetBlocks(path, "y", columns=NAMES, block_rows=np.int64(3))))[0]) == 3
    with pytest.raises(ValueError, match="paths must name at least one file"):
        ParquetBlocks([], "y")
    (tmp_path / "other").write_text("no Parquet file at all")
    with pytest.raises(ValueError, match="other cannot be read as Parquet"):
        ParquetBlocks(tmp_path / "other", "y")
    with pytest.raises(FileNotFoundError):
        ParquetBlocks(tmp_path / "missing", "y")
    with pytest.raises(ValueError, match="could not convert string to float"):
        MLPClassifier(**FIT).fit_batches(ParquetBlocks(path, "y"), classes=[0, 1, 2])
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"install it with `pip install 'cmlp\[parquet\]'`"):
        ParquetBlocks(path, "y")


@pytest.mark.parametrize("part", [0.5, 0.9])
def test_damaged_bytes_are_an_error_that_names_the_file(path, part):
    """pyarrow reports a damaged page or footer as OSError, some of them in several lines."""
    content = bytearray(Path(path).read_bytes())
    at = int(part * len(content))
    content[at : at + 40] = b"\xff" * 40
    Path(path).write_bytes(content)
    with pytest.raises(ValueError, match=r"rows\.parquet cannot be read as Parquet: ") as error:
        for _ in ParquetBlocks(path, "y"):
            pass
    assert "\n" not in str(error.value)


def test_a_null_names_its_block(path, tmp_path):
    columns = pa.table({"a": [1.0, None, 2.0, 3.0], "y": [0, 1, 1, 0]})
    parquet.write_table(columns, tmp_path / "null.parquet", row_group_size=1)
    with pytest.raises(ValueError, match="In block 1: X, column 'a' is null at row 0"):
        MLPClassifier((4,), **FIT).fit_batches(
            ParquetBlocks(tmp_path / "null.parquet", "y"), classes=[0, 1]
        )
