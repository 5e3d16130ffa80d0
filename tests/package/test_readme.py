"""The examples in the README run and print what it shows."""

import contextlib
import io
import os
import re
import subprocess
import sys

import pytest
from c_build import ROOT

if not (ROOT / "README.md").exists():
    pytest.skip("the README is in the source tree only", allow_module_level=True)
README = (ROOT / "README.md").read_text(encoding="utf-8")
STORY = (ROOT / "docs/story.md").read_text(encoding="utf-8")


def blocks(language, document=README):
    return re.findall(rf"^```{language}\n(.*?)^```$", document, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("source", blocks("python"))
def test_python_examples_print_what_their_comments_show(source):
    expected = re.findall(r"^print\(.*\)  # ([^:\n]+)", source, re.MULTILINE)
    assert len(expected) == source.count("print(") > 0
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(source, "README.md", "exec"), {})
    assert output.getvalue().splitlines() == expected


def test_story_shown_is_the_output_of_a_run():
    (shown,) = blocks("text", STORY)
    result = subprocess.run(
        [sys.executable, "-m", "cmlp"],
        capture_output=True,
        env={**os.environ, "COLUMNS": "80", "PYTHONUTF8": "1"},
        check=True,
    )
    printed = iter(without_times(result.stdout.decode()))
    for line in without_times(shown):
        if line != "...":
            assert line in printed, f"not printed, or not in this order: {line!r}"


def without_times(text):
    """Return the lines without times and program names, which differ between runs."""
    text = text.replace("python -m cmlp", "cmlp")
    text = re.sub(r"Training took .*? a second\.", "", text, flags=re.DOTALL)
    return [re.sub(r"  \S+ (s|min) left$", "", line).rstrip() for line in text.splitlines()]
