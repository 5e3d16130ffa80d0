"""The examples in the README run and print what it shows."""

import contextlib
import io
import re

import pytest
from c_build import ROOT
from optional import package

if not (ROOT / "README.md").exists():
    pytest.skip("the README is in the source tree only", allow_module_level=True)
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language, document=README):
    return re.findall(rf"^```{language}\n(.*?)^```$", document, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("source", blocks("python"))
def test_python_examples_print_what_their_comments_show(source, tmp_path, monkeypatch):
    package("pandas")
    monkeypatch.chdir(tmp_path)
    expected = re.findall(r"^print\(.*\)  # ([^:\n]+)", source, re.MULTILINE)
    assert len(expected) == source.count("print(") > 0
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(source, "README.md", "exec"), {})
    assert output.getvalue().splitlines() == expected
