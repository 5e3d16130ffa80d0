"""The examples in the README run and print what it shows."""

import contextlib
import ctypes
import io
import os
import re
import subprocess
import sys

import numpy as np
import pytest
from c_build import COMPILER, HEADER, ROOT, SHARED, WARNINGS, compiled, compiles_core, core_objects, run

from cmlp import Network
from cmlp.datasets import load_digits28

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


def test_paths_in_the_readme_exist():
    named = re.findall(r"`((?:src|include|tests|benchmarks)/[\w/.]*)`|\]\(([^):]+)\)", README)
    assert len(named) > 8
    for path in (inline or link for inline, link in named):
        assert (ROOT / path).exists(), path


@compiles_core
def test_c_example_reads_digits_with_the_bits_of_python(tmp_path):
    (source,) = blocks("c")
    example, library = tmp_path / "read_digit.c", tmp_path / "read_digit.so"
    example.write_text(source, encoding="utf-8")
    objects = compiled([example], *WARNINGS, *SHARED, f"-I{HEADER.parent}", "-fvisibility=default")
    run(COMPILER, "-shared", *objects, *core_objects(*SHARED), "-pthread", "-o", library)
    read_digit = ctypes.CDLL(str(library)).read_digit

    X, y, X_test, _ = load_digits28()
    net = Network([784, 16, 16, 10], output="logistic", loss="squared_error", input_scale=1 / 255, random_state=0)
    net.train_epoch(X, y, batch_size=10, optimizer=1.5)
    net.save(tmp_path / "digits.cmlp")
    file = np.fromfile(tmp_path / "digits.cmlp", np.uint8)
    output = np.empty(10, np.float32)
    for image, expected in zip(X_test[:20], net.forward(X_test[:20]), strict=True):
        digit = ctypes.c_int32()
        arguments = (file.ctypes, ctypes.c_size_t(file.size), image.ctypes, ctypes.byref(digit), output.ctypes)
        assert (read_digit(*arguments), digit.value) == (0, expected.argmax())
        np.testing.assert_array_equal(output, expected)
