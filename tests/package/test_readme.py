"""What the README shows is what happens."""

import contextlib
import ctypes
import glob
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cmlp import Network
from cmlp.datasets import load_digits28

ROOT = Path(__file__).parents[2]
if not (ROOT / "README.md").exists():
    pytest.skip("the README is in the source tree only", allow_module_level=True)
README = (ROOT / "README.md").read_text(encoding="utf-8")
STORY = (ROOT / "docs/story.md").read_text(encoding="utf-8")


def blocks(language, document=README):
    return re.findall(rf"^```{language}\n(.*?)^```$", document, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("source", blocks("python"))
def test_python_prints_what_its_comments_say(source):
    expected = re.findall(r"^print\(.*\)  # ([^:\n]+)", source, re.MULTILINE)
    assert len(expected) == source.count("print(") > 0
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(source, "README.md", "exec"), {})
    assert output.getvalue().splitlines() == expected


def test_story_is_one_runs_real_output():
    (shown,) = blocks("text", STORY)
    result = subprocess.run(
        [sys.executable, "-m", "cmlp"],
        capture_output=True,
        env={**os.environ, "COLUMNS": "80", "PYTHONUTF8": "1"},
        check=True,
    )
    told = iter(without_times(result.stdout.decode()))
    for line in without_times(shown):
        if line != "...":
            assert line in told, f"not told, or not in this order: {line!r}"


def without_times(text):
    """Return the lines without what differs from run to run, or by the way of calling."""
    text = text.replace("python -m cmlp", "cmlp")
    text = re.sub(r"Training took .*? a second\.", "", text, flags=re.DOTALL)
    return [re.sub(r"  \S+ (s|min) left$", "", line).rstrip() for line in text.splitlines()]


def test_set_up_commands_stand_at_the_start_of_their_lines():
    lines = "".join(blocks("sh")).splitlines()
    assert lines == [
        "python -m pip install . && python -m cmlp",
        'python -m pip install ".[test]" && python -m pytest',
        "cmake -S . -B build && cmake --build build && ctest --test-dir build",
    ]


def test_paths_that_are_named_exist():
    named = re.findall(r"`((?:src|include|tests|benchmarks)/[\w/.]*)`|\]\(([^):]+)\)", README)
    assert len(named) > 8
    for path in (inline or link for inline, link in named):
        assert (ROOT / path).exists(), path


@pytest.mark.skipif(sys.platform == "win32" or not shutil.which("cc"), reason="no C compiler called cc")
def test_c_reads_digits_with_the_same_bits(tmp_path):
    (source,) = blocks("c")
    (tmp_path / "read_digit.c").write_text(source, encoding="utf-8")
    library = tmp_path / "read_digit.so"
    core = glob.glob(str(ROOT / "src" / "cmlp" / "core" / "**" / "*.c"), recursive=True)
    # Unoptimised, which is quicker to build: the bits are the same.
    flags = ["-std=c11", "-O0", "-ffp-contract=off", "-Wall", "-Wextra", "-shared", "-fPIC"]
    sources = [str(tmp_path / "read_digit.c"), *core]
    subprocess.run(
        ["cc", *flags, f"-I{ROOT / 'include'}", *sources, "-pthread", "-o", str(library)],
        check=True,
    )
    read_digit = ctypes.CDLL(str(library)).read_digit

    X, y, X_test, _ = load_digits28()
    net = Network(
        [784, 16, 16, 10],
        output="logistic",
        loss="squared_error",
        input_scale=1 / 255,
        random_state=0,
    )
    net.train_epoch(X, y, batch_size=10, learning_rate=1.5)
    output = np.empty(10, np.float32)
    for picture, expected in zip(X_test[:20], net.forward(X_test[:20]), strict=True):
        status = read_digit(net.params.ctypes, picture.ctypes, output.ctypes)
        assert status == 0
        np.testing.assert_array_equal(output, expected)
