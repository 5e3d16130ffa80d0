"""Names, labels and arguments of exported C headers: hostile text is escaped, wrong arguments are refused."""

import io
import os
import re
import shutil

import numpy as np
import pytest
from c_export import NATIVE, WARNINGS, build, needs_gcc, run
from helpers import inputs

import cmlp
from cmlp import MLPClassifier, Network

HOSTILE = [
    'quote " and \\ backslash',
    "*/ int main(void) { return 1; } /*",
    "// line\nnew line\r\ttab",
    "??/ trigraph ??) ??=",
    "%s %n",
    "</script><script>alert(1)</script>",
    "right-to-left \u202e and \u2066 isolate",
    "\u00e4\u20ac\U0001f600",
    "\x01\x7f\x80",
    "\\",
    "digits after an escape: \u00e41",
    "#include <stdlib.h>",
]
NETWORK = Network([2, 3, 2], random_state=0)


def named_classifier():
    """A classifier whose labels and feature names are hostile."""
    pandas = pytest.importorskip("pandas")
    n = len(HOSTILE)
    X = pandas.DataFrame(inputs(0, n, n, np.float32), columns=HOSTILE)
    return MLPClassifier((2,), random_state=0).partial_fit(X, HOSTILE, classes=HOSTILE)


@needs_gcc
def test_hostile_labels_and_feature_names_arrive_unchanged(tmp_path):
    model = named_classifier()
    model.to_c(tmp_path / "model.h")
    text = (tmp_path / "model.h").read_text(encoding="ascii")
    for forbidden in ("</script", "\u202e", "??/", "//"):
        assert forbidden not in text
    assert text.count("*/") == text.count("/*")
    for function, expected in (("label", model.classes_), ("feature", model.feature_names_in_)):
        source = f"""#include "model.h"
#include <stdio.h>
int main(void)
{{
    for (int i = -1; i <= {len(HOSTILE)}; i++) fwrite(model_{function}(i), 1, strlen(model_{function}(i)) + 1, stdout);
    return 0;
}}
"""
        printed = run(build(tmp_path, source, NATIVE, "-trigraphs")).split(b"\0")[:-1]
        assert [text.decode() for text in printed] == ["", *expected, ""]


@needs_gcc
@pytest.mark.parametrize("int8", [False, True])
@pytest.mark.parametrize(
    "language", [["-x", "c", "-std=c99"], ["-x", "c++", "-std=c++17", "-Wold-style-cast"]]
)
def test_headers_have_no_warnings(tmp_path, language, int8):
    """Also with the warnings that many projects turn on."""
    if "c++" in language and not shutil.which("g++"):
        pytest.skip("needs g++")
    X = inputs(0, 20, 4, np.float32)
    options = {"int8": True, "calibrate": X} if int8 else {}
    Network([4, 3, 3, 2], ["relu", "logistic"], random_state=0).to_c(
        tmp_path / "model.h", **options
    )
    source = tmp_path / "alone.c"
    source.write_text('#include "model.h"\n#include "model.h"\nint main(void) { return 0; }\n')
    strict = [
        *WARNINGS,
        "-Wshadow",
        "-Wsign-conversion",
        "-Wcast-qual",
        "-Wcast-align",
        "-fsyntax-only",
    ]
    run(["gcc", *language, *strict, source])


def test_literals_are_printable_ascii():
    everything = "".join(map(chr, range(1, 0x800)))
    labels = ["a?b", "x\x011", everything]
    text, model = (
        io.StringIO(),
        MLPClassifier((2,)).partial_fit(inputs(0, 3, 2, np.float32), labels, classes=labels),
    )
    model.to_c(text, name="model")
    assert '"a\\077b"' in text.getvalue() and '"x\\0011"' in text.getvalue()
    assert text.getvalue().isascii() and text.getvalue().replace("\n", "").isprintable()
    written = [
        literal for literal in re.findall('"(.*?)"', text.getvalue()) if len(literal) > 0x800
    ]
    assert len(written) == 1 and not set(written[0]) & set("?<>*/")


def test_labels_of_every_dtype():
    for classes, expected in (
        ([-1, 2, 3], '"2"'),
        ([0.5, 1, 2], '"1.0"'),
        ([False, True], '"False"'),
    ):
        X, y = inputs(0, len(classes), 2, np.float32), np.array(classes)
        if y.dtype.kind == "f":
            y = y * 2
            expected = '"2.0"'
        text = io.StringIO()
        MLPClassifier((2,)).partial_fit(X, y, classes=y).to_c(text, name="model")
        assert expected in text.getvalue()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "1st",
        "a b",
        "a-b",
        "a\n",
        "\u00e4",
        "class",
        "int",
        "restrict",
        "_a",
        "a_",
        "a__b",
        "x" * 41,
        'a"',
        "a*/",
    ],
)
def test_names_that_are_not_identifiers_are_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"^name must be a C identifier"):
        NETWORK.to_c(tmp_path / "net.h", name=name)
    assert os.listdir(tmp_path) == []


def test_name_is_the_stem_of_the_file(tmp_path):
    assert NETWORK.to_c(tmp_path / "net.v2.h", name="net").name == "net"
    assert NETWORK.to_c(str(tmp_path / "my_net.hpp")).name == "my_net"
    with pytest.raises(
        ValueError,
        match=r"file name without its suffix must be .* got 'net.v2'; pass another one as",
    ):
        NETWORK.to_c(tmp_path / "net.v2.h")
    with pytest.raises(TypeError, match="name must be a str or None, got int"):
        NETWORK.to_c(tmp_path / "net.h", name=3)


def test_open_files(tmp_path):
    text = io.StringIO()
    NETWORK.to_c(text, name="net")
    NETWORK.to_c(tmp_path / "net.h")
    assert text.getvalue() == (tmp_path / "net.h").read_text(encoding="ascii")
    with pytest.raises(ValueError, match="name must be given if path is an open file"):
        NETWORK.to_c(io.StringIO())


def test_failed_export_keeps_the_old_file(tmp_path):
    path = tmp_path / "net.h"
    path.write_text("old")
    network = Network([2, 2])
    network.params[0] = np.nan
    with pytest.raises(ValueError, match="a weight is NaN or infinite"):
        network.to_c(path)
    network.params[0] = 3e38
    network.params[1:] = 3e38
    with pytest.raises(ValueError, match="outputs for pseudo-random inputs are not finite"):
        network.to_c(path)
    assert path.read_text() == "old"
    with pytest.raises(FileNotFoundError):
        NETWORK.to_c(tmp_path / "missing" / "net.h")
    with pytest.raises(IsADirectoryError):
        NETWORK.to_c(tmp_path, name="net")


def test_wrong_arguments_are_refused(tmp_path):
    with pytest.raises(ValueError, match="dtype must be 'float32' or None, got 'float64'"):
        NETWORK.to_c(tmp_path / "net.h", dtype="float64")
    with pytest.raises(cmlp.exceptions.NotFittedError):
        MLPClassifier().to_c(tmp_path / "net.h")
    large = Network([2, 2], dtype="float64")
    large.params[:] = 1e300
    with pytest.raises(ValueError, match="a weight is too large for float32"):
        large.to_c(tmp_path / "net.h", dtype="float32")
    assert os.listdir(tmp_path) == []


def test_label_with_nul_is_refused(tmp_path):
    X = np.eye(3)
    model = MLPClassifier((2,), random_state=0, dtype="float32").partial_fit(
        X, ["a", "b\0c", "d"], classes=["a", "b\0c", "d"]
    )
    with pytest.raises(ValueError, match=r"the label 'b\\x00c' contains a NUL character"):
        model.to_c(tmp_path / "model.h")
    assert not (tmp_path / "model.h").exists()
