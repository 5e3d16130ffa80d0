"""The nearest word to a mistyped one, and messages of the library in the words of the command."""

import ast
import functools
from pathlib import Path

import pytest

import cmlp
from cmlp._cli.options import EXPORT_WORDS, PAGE_WORDS, TRAIN_WORDS, in_options, nearest

OPTIONS = ["--max-iter", "--max_iter", "--alpha", "--hidden-layer-sizes", "--header", "--help", "-o"]
WORDS = {"max_iter": "--max-iter", "loss": "--loss", "alpha": "--alpha", "X_val=None": "no --validation"}


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


@pytest.mark.parametrize(
    "message, expected",
    [
        ("The 'max_iter' parameter of MLPClassifier must be an int.", "--max-iter must be an int."),
        ("a fit with alpha=(0.1, 0.2), so alpha=9.", "a fit with --alpha 0.1,0.2, so --alpha 9."),
        ("use loss='log_loss'; max_iter is 3", "use --loss log_loss; --max-iter is 3"),
        ("`alpha` less than 0", "--alpha less than 0"),
        ("alpha must be positive", "--alpha must be positive"),
        ("The loss of alpha rays, and X_val=None", "The loss of alpha rays, and no --validation"),
        ("my.max_iter=3 and column 'max_iter' and max_iters", "my.max_iter=3 and column 'max_iter' and max_iters"),
    ],
)
def test_messages_name_options(message, expected):
    assert in_options(message, WORDS) == expected


def test_messages_without_options_stay():
    assert in_options("max_iter=3", {}) == "max_iter=3"


@functools.cache
def texts_of_library():
    """Return all texts of the library outside the command, but for docstrings."""
    texts = []
    for path in Path(cmlp.__file__).parent.rglob("*.py"):
        if path.parent.name not in {"_cli", "story"}:
            tree = ast.parse(path.read_text(encoding="utf-8"))
            statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
            constants = (
                node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in statements
            )
            texts += [node.value for node in constants if isinstance(node.value, str)]
    return "\n".join(texts)


@pytest.mark.parametrize("phrase", [*TRAIN_WORDS, *PAGE_WORDS, *EXPORT_WORDS])
def test_the_library_has_each_phrase_that_the_command_replaces(phrase):
    """A message with other words would reach the user of the command with the names of Python."""
    assert phrase in texts_of_library()
