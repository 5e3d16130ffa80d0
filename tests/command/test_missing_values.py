"""`--missing-values` of `cmlp train`: codes in cells, in rows of Python, and in later commands."""

from pathlib import Path

import numpy as np
import pytest
from helpers import assert_same_bits

import cmlp
from cmlp import __main__ as cli

FAST = ["--n-epochs", "2", "--n-estimators", "1", "--random-state", "0", "--holdout", "none"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write("coded.csv", "-999.0", "n/k", "-999", "unknown")
    write("empty.csv", "", "", "", "")


def write(name, *codes):
    """Write rows in which every fifth cell of a column is the code of the column."""
    lines = ["number,mixed,text,word,y"]
    for i in range(60):
        cells = [f"{i % 7}.5", f"{i % 11}", "ab"[i % 2], "xyz"[i % 3]]
        cells = [
            code if (i + k) % 5 == 0 else cell
            for k, (cell, code) in enumerate(zip(cells, codes, strict=True))
        ]
        lines.append(",".join([*cells, f"{i % 7 + i % 2}.5"]))
    Path(name).write_text("\n".join(lines) + "\n")


def run(*arguments):
    return cli.main([*map(str, arguments)])


def train(data, *arguments):
    return run("train", data, "--target", "y", "-o", f"{data}.cmlp", *FAST, *arguments)


def test_codes_have_the_bits_of_empty_cells(capsys):
    assert train("coded.csv", "--missing-values", "[-999, 'n/k', 'unknown']") == 0
    assert train("empty.csv") == 0
    found, wanted = cmlp.load("coded.csv.cmlp"), cmlp.load("empty.csv.cmlp")
    names = ["number", "mixed", "text", "word"]
    X = [[-999, 3, "a", "x"], [2.5, "n/k", "-999", "unknown"]]
    empty = [[np.nan, 3, "a", "x"], [2.5, np.nan, None, None]]
    for row, gap in zip(X, empty, strict=True):
        records = dict(zip(names, row, strict=True)), dict(zip(names, gap, strict=True))
        assert_same_bits(found.predict(records[0]), wanted.predict(records[1]))
    capsys.readouterr()
    for model, data in (("coded", "coded"), ("empty", "empty"), ("coded", "empty")):
        assert run("predict", f"{model}.csv.cmlp", f"{data}.csv", "--drop", "y") == 0
    out = capsys.readouterr().out.split("\n")
    n = len(out) // 3
    assert n == 60 and out[:n] == out[n : 2 * n] == out[2 * n : 3 * n]


def test_codes_of_a_column(capsys):
    assert (
        train(
            "coded.csv", "--missing-values", "{'number': -999, 'mixed': 'n/k', 'word': 'unknown'}"
        )
        == 0
    )
    model = cmlp.load("coded.csv.cmlp")
    assert None in model.categories_["word"] and "-999" in model.categories_["text"]


def test_wrong_codes_name_the_option(capsys):
    assert train("coded.csv", "--missing", "n/k", "--missing-values", "{'other': 1}") == 1
    assert "--missing-values: missing_values has 'other', but X has no" in capsys.readouterr().err


@pytest.mark.parametrize("codes", ["{number:-999}", "[-999,unknown]", " [-999"])
def test_a_list_or_a_dict_without_quotation_marks_is_an_error(codes, capsys):
    with pytest.raises(SystemExit, match="2"):
        train("coded.csv", "--missing-values", codes)
    assert f"if it begins with {codes.strip()[0]}, got {codes!r}. Texts" in capsys.readouterr().err


def test_codes_that_no_cell_has_are_named(capsys):
    assert train("coded.csv", "--missing-values", "[-999, 'n/k', 'unknown', -99, 'n/a']") == 0
    (line,) = (line for line in capsys.readouterr().out.split("\n") if "unmatched" in line)
    assert "no cell equals the codes -99, 'n/a' of missing_values" in line
    assert train("coded.csv", "--missing-values", "{'mixed': 'n/k', 'word': 'unknown'}") == 0
    assert "unmatched" not in capsys.readouterr().out
