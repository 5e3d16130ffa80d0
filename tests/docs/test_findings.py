"""The page "What examine finds": codes of findings and warnings, marks, and keys of JSON."""

import json
import re
from pathlib import Path

import pytest
from internals import KINDS

import cmlp
from cmlp import exceptions

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "findings.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="needs the source tree")


def rows_of(title):
    """Return the rows of the first table below a title, as lists of cells."""
    lines = PAGE.read_text(encoding="utf-8").partition(f"\n## {title}\n")[2].split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith("| ---"))
    table = lines[start + 1 :]
    n = next(i for i, line in enumerate(table) if not line.startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[:n]]


def test_the_table_of_codes_has_each_kind_and_its_warning():
    told = {code.strip("`"): how for code, _, how, _ in rows_of("Codes")}
    for code, kind in KINDS.items():
        expected = "reports" if kind.warning is None else f"warns: `{kind.warning.__name__}`"
        assert told.pop(code, None) == expected
    assert told == {}


def test_the_table_of_keys_is_that_of_the_json():
    report = cmlp.Report([cmlp.Finding("leak", ("a",), 1.0, "", "")])
    stored = json.loads(report.to_json())
    assert [key.strip("`") for key, _ in rows_of("JSON")] == [
        "findings",
        *stored["findings"][0],
        "complete",
        "measured",
    ]


def test_the_table_of_warnings_has_each_class_with_its_code():
    classes = {
        one.__name__: one.code
        for one in vars(exceptions).values()
        if isinstance(one, type)
        and issubclass(one, cmlp.exceptions.DataWarning)
        and one is not cmlp.exceptions.DataWarning
    }
    told = {}
    for names, code, _ in rows_of("What fit says"):
        for name in re.findall(r"`(\w+)`", names):
            told[name] = code.strip("`")
    of_findings = {kind.warning.__name__: code for code, kind in KINDS.items() if kind.warning}
    assert told.keys() == classes.keys()
    for name, code in classes.items():
        assert of_findings.get(name, code) == code
        assert told[name] in (code, "as above")
