"""The decision about a column depends on all rows and on nothing else: neither on their blocks nor on their order."""

import numpy as np
import pytest

from cmlp._data.columns import CellFormat
from cmlp._data.files.file_formats import DataError
from cmlp._data.files.row_file import FileSchema, TextOptions
from cmlp._data.files.text_file import TextFile

POOLS = {
    "integer": ["1", "-2", " 30 ", "+4"],
    "number": ["1.5", "2", "-3e2", "00.5"],
    "zeros": ["007", "1", "12"],
    "large": ["9007199254740993", "-1", "5"],
    "unsigned": ["18446744073709551615", "0"],
    "huge": ["36893488147419103232", "0"],
    "boolean": ["True", "false"],
    "date": ["2020-05-01", "1960-02-29"],
    "time": ["2020-05-01T12:00", "2020-05-02"],
    "midnight": ["2020-05-01T00:00", "2020-05-02"],
    "instant": ["2020-05-01T12:00Z", "2020-05-01T12:00+02:00"],
    "text": ["a", "b", " c", "?"],
    "mixed": ["1", "x", "2020-05-01", "True"],
    "nearly": [*["1"] * 20, "x"],
    "money": ["$1", "$2", "$3.50"],
    "offsets": ["2020-05-01T12:00Z", "2020-05-01"],
    "infinite": ["1", "2", "3", "inf"],
}
MISSING = ["", "NA", "?", " ", "null"]


def outcome(path, monkeypatch, n_cells, cells):
    """Return what is read in blocks of some cells: kinds and entries of the columns, the target, or the error."""
    monkeypatch.setattr("cmlp._data.files.text_file._BLOCK_CELLS", n_cells)
    file = TextFile(str(path), TextOptions(header=True, separator=";"), FileSchema(cells))
    try:
        rows = file.training_rows([0], 1)
        what = rows.other_than_number
        frame = rows.take_columns()
        table = (
            None
            if what is not None
            else np.asarray(file.training_rows([0], 1).take_numbers(None).X).tolist()
        )
    except DataError as error:
        return str(error)
    column = frame["x"]
    try:
        kind = rows.target_kind
        target = kind, rows.labels().tolist(), rows.labels().dtype.kind
    except DataError as error:
        target = str(error)
    return (
        column.column_type,
        column.to_pylist(),
        str(np.asarray(column).dtype),
        what,
        table,
        target,
    )


@pytest.mark.sampled(3)
@pytest.mark.parametrize("pool", POOLS)
@pytest.mark.parametrize(
    "cells",
    [CellFormat(), CellFormat(",", "."), CellFormat(missing=("1", "2", "2020-05-01"))],
    ids=["point", "comma", "sentinels"],
)
def test_blocks_do_not_matter(tmp_path, monkeypatch, pool, cells):
    rng = np.random.RandomState(0)
    for n_missing in (0, 0, 1, 3):
        for n in (1, 3, 40):
            entries = rng.choice(POOLS[pool], n).tolist() + rng.choice(MISSING, n_missing).tolist()
            rng.shuffle(entries)
            targets = rng.permutation(entries).tolist()
            (tmp_path / "t.csv").write_text(
                "x;y\n" + "".join(f"{x};{y}\n" for x, y in zip(entries, targets, strict=True))
            )
            whole, *others = (
                outcome(tmp_path / "t.csv", monkeypatch, n_cells, cells)
                for n_cells in (1 << 20, 1, 8, 20)
            )
            assert all(other == whole for other in others), entries


@pytest.mark.parametrize(
    "pool", ["integer", "number", "date", "time", "instant", "boolean", "text", "large"]
)
def test_the_order_of_rows_does_not_matter(tmp_path, monkeypatch, pool):
    rng = np.random.RandomState(1)
    entries = rng.choice([*POOLS[pool], ""], 60).tolist()
    order = rng.permutation(60)
    found = []
    for rows in (entries, [entries[i] for i in order]):
        (tmp_path / "t.csv").write_text("x;y\n" + "".join(f"{x};1\n" for x in rows))
        found.append(outcome(tmp_path / "t.csv", monkeypatch, 20, CellFormat()))
    assert found[0][0] == found[1][0] and [found[0][1][i] for i in order] == found[1][1]


def test_kinds_are_those_of_the_grammar(tmp_path, monkeypatch):
    kinds = {
        "zeros": "text",
        "large": "integer",
        "unsigned": "integer",
        "huge": "integer",
        "midnight": "date",
    }
    for pool in ("integer", "number", "boolean", "date", "time", "instant", "text", *kinds):
        (tmp_path / "t.csv").write_text("x;y\n" + "".join(f"{x};1\n" for x in POOLS[pool] * 5))
        assert outcome(tmp_path / "t.csv", monkeypatch, 1 << 20, CellFormat())[0] == kinds.get(
            pool, pool
        )
