"""The nearest word to a mistyped one, and errors of the library as the command reports them."""

import ast
import os
import re
import shlex
from pathlib import Path

import pytest

import cmlp
from cmlp import __main__ as cli
from cmlp._cli.options import CommandError, as_command_errors
from cmlp._parameters.name_hints import nearest
from cmlp.exceptions import InvalidParameterError

OPTIONS = [
    "--max-iter",
    "--max_iter",
    "--alpha",
    "--hidden-layer-sizes",
    "--header",
    "--help",
    "-o",
]
ATTRIBUTES = {"parameter", "value", "expected", "expected_as_text"}


@pytest.mark.parametrize(
    "word, expected",
    [
        ("--max-itr", "--max-iter"),
        ("--MAX_ITR", "--max-iter"),
        ("--max", "--max-iter"),
        ("--hidden", "--hidden-layer-sizes"),
        ("--hepl", "--help"),
        ("--he", "--help"),
        ("--quantile", None),
        ("-", None),
    ],
)
def test_nearest_word(word, expected):
    assert nearest(word, OPTIONS) == expected


OF_PARAMETERS = {"max_iter": "--max-iter", "X_val": "--validation"}


@pytest.mark.parametrize(
    "error, expected",
    [
        (ValueError("y has too few rows"), "y has too few rows"),
        (OSError(2, "No such file", "x.csv"), "x.csv: No such file"),
        (OSError("the disk is full"), "the disk is full"),
        (
            InvalidParameterError("max_iter=0 is too few", parameter="max_iter", value=0),
            "--max-iter: max_iter=0 is",
        ),
        (
            InvalidParameterError("X_val needs y_val", parameter="X_val"),
            "--validation: X_val needs y_val",
        ),
        (
            InvalidParameterError("comm=2 is no communicator", parameter="comm", value=2),
            "comm=2 is no communicator",
        ),
        (
            InvalidParameterError(
                "max_iter must be a number or a function, got 'x'.",
                parameter="max_iter",
                expected="a number or a function",
                expected_as_text="a number",
            ),
            "--max-iter: max_iter must be a number, got 'x'.",
        ),
    ],
)
def test_the_command_begins_with_the_option_and_leaves_the_sentence(error, expected):
    with pytest.raises(CommandError) as caught, as_command_errors(flags=OF_PARAMETERS):
        raise error
    assert str(caught.value).startswith(expected)


def test_an_error_of_python_is_no_message_of_the_command():
    with pytest.raises(TypeError, match="a bug"), as_command_errors():
        raise TypeError("a bug")


def trees_of_library():
    """Yield the paths and syntax trees of the package's modules that refuse parameters."""
    for path in Path(cmlp.__file__).parent.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "InvalidParameterError(" in text:
            yield path, ast.parse(text)


def sentence_of(text):
    """Return the source of a sentence: a constant, an f-string with its expressions in braces, or a name."""
    if isinstance(text, ast.Constant):
        return text.value
    if isinstance(text, ast.JoinedStr):
        return "".join(map(sentence_of, text.values))
    return "{" + ast.unparse(text) + "}"


def test_errors_of_parameters_name_them():
    """A sentence about a parameter names it, and the error has it as an attribute."""
    for path, tree in trees_of_library():
        for call in ast.walk(tree):
            if (
                isinstance(call, ast.Call)
                and getattr(call.func, "id", None) == "InvalidParameterError"
            ):
                sentence = sentence_of(call.args[0])
                attributes = {keyword.arg: keyword.value for keyword in call.keywords}
                where = f"{path}, line {call.lineno}: {sentence}"
                assert len(call.args) == 1 and attributes.keys() <= ATTRIBUTES, where
                assert "parameter" in attributes or not attributes, where
                assert "parameter" in attributes or not re.match(r"\w+(=| must be )", sentence), (
                    where
                )
                name = attributes.get("parameter")
                if isinstance(name, ast.Constant) and "{" not in sentence:
                    assert name.value in sentence, where


@pytest.mark.parametrize("text", ["<missing=>", "{}", "{!r}", "%s", "<text=> {"])
def test_the_text_of_a_value_is_no_place(text, tmp_path, capsys):
    with pytest.raises(cmlp.exceptions.InvalidParameterError) as caught:
        cmlp.MLPClassifier(activation=text).fit([[0.0], [1.0]], [0, 1])
    assert str(caught.value).endswith(f". Got {text!r} instead.") and caught.value.value == text
    path = tmp_path / ("x.csv" if os.name == "nt" else f"{text}.csv")
    path.write_text("x,y\n" + "1,1\n" * 30 + f"{text},1\n")
    assert cli.main(["train", str(path), "--target", "y", "-o", str(tmp_path / "m.cmlp")]) == 1
    error = capsys.readouterr().err
    assert (
        f"{path}, line 32, column 1 ('x'): {text!r} is not a number, but of 31 values 30 are"
        in error
    )
    assert f"add --missing {shlex.quote(text)}; if" in error
