"""The nearest word to a mistyped one, and messages of the library in the words of the command."""

import ast
import re
from pathlib import Path

import pytest

import cmlp
from cmlp._cli.options import EXPORT_WORDS, PAGE_WORDS, Words, nearest, worded, words_of_train
from cmlp.exceptions import Message, Setting

OPTIONS = ["--max-iter", "--max_iter", "--alpha", "--hidden-layer-sizes", "--header", "--help", "-o"]
MESSAGES = ("Message", "InvalidParameterError", "DataError")
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
    message = Message("use <setting>; the loss of max_iter=3", setting=setting)
    assert worded(message, WORDS) == f"use {expected}; the loss of max_iter=3"


def calls_of_library(*names):
    """Return the calls of these functions in the library, without the command."""
    for path in Path(cmlp.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if path.parent.name != "_cli" else ():
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) in names:
                yield node


def settings_of_library():
    """Return the names of the settings in messages of the library, and ``name=value`` with their values."""
    named = [
        (keyword.arg, ast.unparse(keyword.value)) for call in calls_of_library(*MESSAGES) for keyword in call.keywords
    ]
    made = [[*map(ast.unparse, call.args), "..."] for call in calls_of_library("Setting")]
    named += [(ast.literal_eval(name), value) for name, value, *_ in made if name[0] in "'\""]
    return {name for name, _ in named} | {f"{name}={value}" for name, value in named}


def phrases_of_library():
    """Return the keys of the phrases in messages of the library, as far as they are constants."""
    keys = [call.args[0] for call in calls_of_library("Phrase")]
    return {key.value for key in keys if isinstance(key, ast.Constant)} | {"fit_batches"}  # and names of other calls


ALL_WORDS = [words_of_train(()), PAGE_WORDS, EXPORT_WORDS]


@pytest.mark.parametrize("words", ALL_WORDS, ids=["train", "page", "export"])
def test_the_library_has_all_that_the_command_words(words):
    """Another name or key in the library would show its text to the user of the command."""
    examples = {f"{axis}_{split}" for axis in "Xy" for split in ("train", "test")}
    assert {*words.options, *words.phrases} <= {*settings_of_library(), *phrases_of_library(), *examples}


def test_the_command_words_all_phrases_of_the_library():
    assert phrases_of_library() <= {key for words in ALL_WORDS for key in words.phrases}


def test_the_places_in_sentences_are_the_arguments_of_their_messages():
    """A sentence is written in the function that makes the message of it, or is a constant of the module."""
    for path in Path(cmlp.__file__).parent.rglob("*.py"):
        module = ast.parse(path.read_text(encoding="utf-8"))
        constants = places_of([node for node in module.body if isinstance(node, ast.Assign)])
        for function in (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)):
            arguments = {
                keyword.arg
                for call in ast.walk(function)
                if isinstance(call, ast.Call) and getattr(call.func, "id", None) in MESSAGES
                for keyword in call.keywords
            } - {None, "about", "expected"}
            places = places_of(function.body)
            assert arguments <= places | constants, (path, function.name)
            assert not arguments or places <= arguments, (path, function.name)


def places_of(nodes):
    """Return the names of the places for settings in the constants of text in these nodes."""
    texts = [node.value for part in nodes for node in ast.walk(part) if isinstance(node, ast.Constant)]
    return {name for text in texts if isinstance(text, str) for name in re.findall(r"<([A-Za-z_]\w*)[=:>]", text)}
