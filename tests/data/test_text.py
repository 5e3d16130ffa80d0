"""Every dialect of files of text, judged by pandas, which reads all columns as text; the grammar of cells."""

import gzip
import io
import itertools

import numpy as np
import pytest
from optional import package

from cmlp._data.columns import CellFormat, checked_cell_format
from cmlp._data.files.file_formats import DataError
from cmlp._data.files.row_file import TextOptions
from cmlp._data.files.text_file import TextFile
from cmlp._data.grammar import Grammar, looks_like_a_number
from cmlp._model.table_columns import checked_types

# Cells as they are in a file: of each kind of number, date, missing value and text, with spaces and
# quotation marks.
CELLS = [
    *(
        "1",
        "-2.5",
        "+.5",
        "1e3",
        " 7 ",
        "1.",
        "007",
        "1_0",
        "0x10",
        "1,5",
        "1.234,50",
        "$5",
        "inf",
        "nan",
        "\uff11",
    ),
    *(
        "",
        " ",
        "NA",
        "#N/A",
        "<NA>",
        "?",
        "-",
        "None",
        "n/a",
        "TRUE",
        "False",
        "yes",
        "2020-05-01",
        "20200501",
    ),
    *(
        "2020-05-01T12:00:00+02:00",
        "01.05.2020",
        "# 5",
        "#",
        "//",
        "sep=;",
        "a b",
        "é",
        "'q'",
        "two\nlines",
        "x\r\ny",
    ),
    *('say "x"', '"', ",", ";", "a|b", "tab\tinside", "\u00a0", "\u2028", "Total", "x" * 3000),
]


def content_of(rows, separator, end, all_quoted):
    """Write rows as RFC 4180 says."""

    def cell(text):
        if (
            all_quoted
            or set(text) & {separator, '"', "\n", "\r"}
            or (len(rows[0]) == 1 and not text.strip())
        ):
            return '"' + text.replace('"', '""') + '"'
        return text

    return "".join(separator.join(map(cell, row)) + end for row in rows)


def cells_of(path, **options):
    file = TextFile(str(path), TextOptions(**options))
    blocks = list(file.cells())
    rows = [row for block in blocks for row in zip(*block.columns, strict=True)]
    assert [block.first for block in blocks] == [
        0,
        *itertools.accumulate(len(b.lines) for b in blocks),
    ][: len(blocks)]
    return file, rows


@pytest.mark.sampled(3)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("all_quoted", [False, True])
@pytest.mark.parametrize("width", [1, 2, 5])
def test_pandas_has_the_same_rows_and_cells(tmp_path, separator, end, all_quoted, width):
    pandas = package("pandas")
    rng = np.random.RandomState(width)
    rows = [
        [f"name {i}" for i in range(width)],
        *rng.choice(np.array(CELLS, object), (400, width)).tolist(),
    ]
    content = content_of(rows, separator, end, all_quoted)
    for encoding, pack in (("utf-8", bytes), ("utf-8-sig", gzip.compress), ("utf-16", bytes)):
        (tmp_path / "t.csv").write_bytes(pack(content.encode(encoding)))
        stated = None if encoding.startswith("utf-8") else encoding
        file, found = cells_of(
            tmp_path / "t.csv", separator=separator, encoding=stated, header=True
        )
        judge = pandas.read_csv(
            io.BytesIO(content.encode(encoding)),
            sep=separator,
            dtype=str,
            keep_default_na=False,
            encoding=encoding,
            skip_blank_lines=width > 1,
        )
        assert file.names == list(judge.columns)
        assert list(map(tuple, found)) == list(judge.itertuples(index=False, name=None))


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_blank_lines_are_rows_in_a_file_of_one_column_only(tmp_path, end):
    pandas = package("pandas")
    for lines in (["a", "1", "", "2", "", ""], ["a,b", "", "1,2", " ", ",", "3,4", ""]):
        content = end.join(lines)
        (tmp_path / "t.csv").write_bytes(content.encode())
        width = 1 + lines[0].count(",")
        _, found = cells_of(tmp_path / "t.csv")
        judge = pandas.read_csv(
            io.StringIO(content), dtype=str, keep_default_na=False, skip_blank_lines=width > 1
        )
        assert [tuple(map(str.strip, row)) for row in found] == list(
            judge.itertuples(index=False, name=None)
        )


@pytest.mark.parametrize(
    ("content", "separator", "names", "rows"),
    [
        ("a,b\n1,2\n", ",", ["a", "b"], 1),
        ("a;b\n1,5;2,5\n", ";", ["a", "b"], 1),
        ("1,5;2,5\n3,5;4,5\n", ";", None, 2),
        ("a\tb c\n1\t2 3\n", "\t", ["a", "b c"], 1),
        ("a|b\n1,2|3\n", "|", ["a", "b"], 1),
        ("1 2  3 \n4   5 6\n", " ", None, 2),
        ("hello world\nfoo bar\n", "", ["hello world"], 1),
        ('"a", "b"\n1, "c, d"\n', ",", ["a", "b"], 1),
        ("Hello, world\nwell\nno\n", "", ["Hello, world"], 2),
        ("sep=;\r\na;b\r\n1;2\r\n", ";", ["a", "b"], 1),
        (",b\n1,2\n", ",", ["column 1", "b"], 1),
        ("2020-01-01,x\n2020-01-02,y\n", ",", None, 2),
        ("$5,x\n$6,y\n", ",", None, 2),
        ("True\nFalse\n", "", None, 2),
    ],
)
def test_separator_and_names_are_found(tmp_path, content, separator, names, rows):
    (tmp_path / "t.csv").write_bytes(content.encode())
    file, found = cells_of(tmp_path / "t.csv")
    assert (file.separator, len(found), file.names is not None) == (
        separator,
        rows,
        names is not None,
    )
    assert names is None or file.names == names


def test_rows_have_the_lines_on_which_they_begin(tmp_path):
    (tmp_path / "t.csv").write_text('% x\na,b\n\n"two\nlines",1\n% y\n3,4\n')
    blocks = list(TextFile(str(tmp_path / "t.csv"), TextOptions(comment="%")).cells())
    assert [line for block in blocks for line in block.lines] == [4, 7]


def test_a_block_ends_anywhere(tmp_path, monkeypatch):
    """Quoted ends of lines continue a cell of the last row of a block."""
    rows = [["a", "b"], *([f"{i}", "two\nlines" * (i % 3 == 0)] for i in range(300))]
    for n_cells in (1, 2, 7, 1 << 20):
        monkeypatch.setattr("cmlp._data.files.text_file._BLOCK_CELLS", n_cells)
        (tmp_path / "t.csv").write_text(content_of(rows, ",", "\n", False))
        assert [list(row) for row in cells_of(tmp_path / "t.csv")[1]] == rows[1:]


# ------------------------------------------------------------------------------------------------ the grammar of cells


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("integer", ["0", "1", "-1", "+1", " 7 ", "-0", "9" * 30, "\u00a05"]),
        ("zeros", ["00", "007", "0001"]),
        ("number", ["1.", ".5", "-.5", "1e3", "1E-3", "+1.5e+3", "00.5", "-1.0"]),
        ("infinite", ["inf", "-INF", "Infinity", "1e999", "9" * 400]),
        ("boolean", ["True", "false", "TRUE", " True "]),
        ("date", ["2020-05-01", "0001-01-01", "9999-12-31", " 2020-02-29"]),
        (
            "time",
            [
                "2020-05-01T12:00",
                "2020-05-01 12:00:59",
                "2020-05-01T12:00:00.123456789",
                "2020-05-01T00:00:01,5",
            ],
        ),
        (
            "instant",
            [
                "2020-05-01T12:00Z",
                "2020-05-01 12:00:00+02:00",
                "2020-05-01T12:00:00-0530",
                "2020-05-01T12:00+02",
            ],
        ),
        (
            "missing",
            ["", "NA", "#N/A", "<NA>", "NaN", "-nan", "None", "null", "NULL", "n/a", "1.#IND"],
        ),
        ("mark", ["?", "-", ".", " ", "na", "NONE", "Null", " NA "]),
        ("similar", ["1,5", "1 000", "\u0661", "\uff11", "1,000", "$5", "12%"]),
        (
            "text",
            [
                *(
                    "1_0",
                    "0x10",
                    "1e",
                    "e5",
                    "+nan",
                    "..",
                    "tRuE",
                    "yes",
                ),
                *(
                    "20-05-01",
                    "2020-5-1",
                    "2020-02-30",
                    "2020-13-01",
                    "0000-01-01",
                    "2020-05-01T24:00",
                    "2020-05-01T12",
                ),
                *(
                    "2020-05-01T12:60",
                    "2020-W01-1",
                    "+02020-05-01",
                    "2020-05-01T12:00+24:00",
                    "01.05.2020",
                    "-infinit",
                ),
            ],
        ),
    ],
)
def test_each_cell_has_a_kind(kind, cells):
    grammar = Grammar(CellFormat())
    for cell in cells:
        assert grammar.kind(cell) == kind, cell


@pytest.mark.parametrize(
    "cells",
    [
        *(
            CellFormat(),
            CellFormat(","),
            CellFormat(",", "."),
            CellFormat(".", ","),
            CellFormat(".", " "),
            CellFormat(".", "'"),
        ),
        CellFormat(missing=("-2.5", "7", "2020-05-01")),
    ],
)
def test_blocks_are_parsed_as_each_cell_is(cells):
    grammar, rng = Grammar(cells), np.random.RandomState(0)
    numbers = [
        "1",
        "-2.5",
        "1,5",
        "1.234",
        "1,234.5",
        "1.234,5",
        "1 000",
        "1'000",
        " 7",
        "1e3",
        "",
        "NA",
        "?",
        "nan",
    ]
    others = [*CELLS, "+nan", "1_000", "12,34", "1,2345", "007"]
    for _ in range(2000):
        block = rng.choice(
            numbers if rng.rand() < 0.8 else [*numbers, *others], rng.randint(1, 4)
        ).tolist()
        one_by_one = [np.nan if grammar.is_mark(cell) else grammar.number(cell) for cell in block]
        found = grammar.numbers(block)
        if found is not None:
            assert None not in one_by_one, block
            np.testing.assert_array_equal(found[0], np.array(one_by_one, float))
            kinds = {grammar.kind(cell) for cell in block} - {"missing", "mark"}
            assert found[1] == (kinds <= {"integer"}), block
    days = ["2020-05-01", "2020-05-02", "2020-05-02T12:00", "2020-05-02T12:00Z", ""]
    for _ in range(200):
        block = rng.choice(days, rng.randint(1, 4)).tolist()
        dates = grammar.dates(block)
        if dates is not None:
            assert not any(map(grammar.is_mark, block))
            assert [grammar.date(cell).value for cell in block] == dates[1].astype(int).tolist()


def test_dates_are_microseconds_since_1970_in_utc():
    grammar = Grammar(CellFormat())
    for text in ("2020-05-01", "1960-02-29T23:59:59.000001", "0001-01-01", "9999-12-31T00:00"):
        assert grammar.date(text).value == np.datetime64(text, "us").astype(int)
        assert grammar.dates([text, text])[1][0].astype(int) == grammar.date(text).value
    assert grammar.date("2020-05-01T12:00+02:00") == grammar.date("2020-05-01T10:00:00Z")
    assert grammar.date("2020-05-01T12:00-0530") == grammar.date("2020-05-01T17:30:00Z")


def test_dates_with_an_offset_are_of_the_years_1_to_9999_in_utc():
    grammar = Grammar(CellFormat())
    for text in (
        "0001-01-01T14:00+14:00",
        "0001-01-01T00:00Z",
        "9999-12-31T23:59:59.999999Z",
        "9999-12-31T23:58-00:01",
    ):
        assert grammar.date(text).kind == grammar.kind(text) == "instant"
    for text in (
        "0001-01-01T00:00+14:00",
        "0001-01-01T13:59:59.999999+14:00",
        "9999-12-31T23:59-00:01",
    ):
        assert grammar.date(text) is None and grammar.kind(text) == "text"


def test_numbers_in_other_forms_are_recognized():
    for cell in (
        "1,5",
        "1.234,50",
        "1,234,567",
        "1 234",
        "$5",
        "5 €",
        "(1,000)",
        "12%",
        "-$3.50",
        "1'000",
    ):
        assert looks_like_a_number(cell), cell
    for cell in (
        "",
        "01.05.2020",
        "12:30",
        "1-2",
        "a1",
        "1.2.3",
        "555-1234",
        "1_000",
        "1,2,3",
        "x",
    ):
        assert not looks_like_a_number(cell), cell


@pytest.mark.parametrize(
    "fields",
    [
        [".", None, []],
        [None, ".", []],
        [".", ".", []],
        [";", "", []],
        [".", "", [1]],
        [".", "", "x"],
        [".", "", None],
        [",", ",", []],
    ],
)
def test_damaged_cells_of_a_model_are_refused(fields):
    with pytest.raises(ValueError, match="'cells'"):
        checked_cell_format(*fields)


@pytest.mark.parametrize(
    "kinds", ["date", ["date"], ["word", "number"], ["category", "number"], [1, 2]]
)
def test_damaged_kinds_of_a_model_are_refused(kinds):
    with pytest.raises(ValueError, match="the types of columns"):
        checked_types(kinds, ["number", "category"])


def test_a_thousands_separator_differs_from_the_decimal_point():
    with pytest.raises(DataError, match="must differ"):
        TextOptions(decimal=",", thousands=",").cell_format(CellFormat())
    assert TextOptions(decimal=",").cell_format(CellFormat(".", ",", ("x",))) == CellFormat(
        ",", "", ("x",)
    )
    assert TextOptions(missing=("x", "y")).cell_format(CellFormat(missing=("x",))) == CellFormat(
        missing=("x", "y")
    )
