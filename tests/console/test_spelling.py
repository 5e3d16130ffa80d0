"""The nearest word to a mistyped one, and messages of the library in the words of the command."""

import ast
from pathlib import Path

import pytest

import cmlp
from cmlp._cli.options import EXPORT_WORDS, PAGE_WORDS, Words, nearest, worded, words_of_train
from cmlp.exceptions import Setting

OPTIONS = ["--max-iter", "--max_iter", "--alpha", "--hidden-layer-sizes", "--header", "--help", "-o"]
WORDS = Words(("max_iter", "loss", "alpha"), {"X_val=None": "no --validation", "X_val": "--validation"})


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
    "setting, expected",
    [
        (Setting("max_iter"), "--max-iter"),
        (Setting("max_iter", 0, "The 'max_iter' parameter of MLPClassifier"), "--max-iter"),
        (Setting("alpha", 9), "--alpha 9"),
        (Setting("alpha", (0.1, 0.2)), "--alpha 0.1,0.2"),
        (Setting("alpha", [0.1, 0.2]), "--alpha 0.1,0.2"),
        (Setting("alpha", 1e-4, "alpha=0.0001"), "--alpha 0.0001"),
        (Setting("loss", "log_loss"), "--loss log_loss"),
        (Setting("loss", "my loss"), "--loss 'my loss'"),
        (Setting("X_val"), "--validation"),
        (Setting("X_val", text="X_val and y_val"), "--validation"),
        (Setting("X_val", None), "no --validation"),
        (Setting("scoring", "r2"), "scoring='r2'"),
        (Setting("max_bytes"), "--max-bytes"),
        (Setting("separator", " "), '--separator " "'),
    ],
)
def test_settings_are_worded_as_options(setting, expected):
    assert worded(["use ", setting, "; the loss of max_iter=3"], WORDS) == f"use {expected}; the loss of max_iter=3"


def settings_of_library():
    """Return the texts and the names of the settings in messages of the library, as far as they are constants."""
    found = set()
    for path in Path(cmlp.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if path.parent.name != "_cli" else ():
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "Setting":
                name, *value = (ast.unparse(argument) for argument in node.args)
                texts = [keyword.value for keyword in node.keywords]
                found |= {ast.literal_eval(text) for text in [*node.args, *texts] if isinstance(text, ast.Constant)}
                if value:
                    found.add(f"{ast.literal_eval(name)}={value[0]}" if name[0] in "'\"" else name)
    return found


@pytest.mark.parametrize("words", [words_of_train(()), PAGE_WORDS, EXPORT_WORDS], ids=["train", "page", "export"])
def test_the_library_has_each_setting_that_the_command_words(words):
    """A setting with another name would reach the user of the command with the words of Python."""
    made = {f"{axis}_{split}" for axis in "Xy" for split in ("train", "test")} | {"fit_batches"}
    assert {*words.options, *words.phrases} <= {*settings_of_library(), *made}
