"""The nearest word to a mistyped one, and messages of the library in the words of the command."""

import ast
import os
import re
import shlex
from pathlib import Path

import pytest

import cmlp
from cmlp import __main__ as cli
from cmlp._cli.options import EXPORT_WORDS, OF_VALUES, PAGE_WORDS, Words, worded, words_of_train
from cmlp._train.other_names import nearest
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
    calls = calls_of_library(*MESSAGES, "wrong")
    named = [(keyword.arg, ast.unparse(keyword.value)) for call in calls for keyword in call.keywords]
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
    assert phrases_of_library() <= {key for words in ALL_WORDS for key in words.phrases} | OF_VALUES.keys()


PLACES = re.compile(r"<([A-Za-z_]\w*)[=:>]|(\{)[^}]*\}")  # of settings, and of values


def test_sentences_are_constants_with_a_place_for_each_setting_and_value():
    """A sentence stands in the call of its message, or in the last assignment before it or of the module."""
    for path in Path(cmlp.__file__).parent.rglob("*.py"):
        module = ast.parse(path.read_text(encoding="utf-8"))
        functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]
        assigned = {}
        for scope in [module, *functions]:  # outer functions are before inner ones
            for node in scope.body if scope is module else ast.walk(scope):
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    assigned.setdefault((scope, node.targets[0].id), []).append(node)
        within = {call: scope for scope in [module, *functions] for call in ast.walk(scope) if is_message(call)}
        for call, scope in within.items():
            values, settings = call.args[1:], {keyword.arg for keyword in call.keywords} - {"about"}
            if not (values or settings) or None in settings:  # plain text, or a class of errors that makes its message
                continue
            sentence = call.args[0]
            if isinstance(sentence, ast.Name):
                before = [node for node in assigned.get((scope, sentence.id), ()) if node.lineno < call.lineno]
                sentence = max(before or assigned[module, sentence.id], key=lambda node: node.lineno).value
            texts = [sentence.body, sentence.orelse] if isinstance(sentence, ast.IfExp) else [sentence]
            assert all(isinstance(text, ast.Constant) for text in texts), (path, call.lineno)
            assert not any(re.search(r"(needs|add|pass|set|use) <\w+=>", t.value, re.I) for t in texts), "not <x:=>"
            places = [PLACES.findall(text.value) for text in texts]
            assert {name for each in places for name, _ in each if name} == settings, (path, call.lineno)
            has_star = any(isinstance(value, ast.Starred) for value in values)
            assert has_star or {sum(map(bool, (v for _, v in each))) for each in places} == {len(values)}, call.lineno


def is_message(node):
    return isinstance(node, ast.Call) and getattr(node.func, "id", None) in MESSAGES


@pytest.mark.parametrize("text", ["<missing=>", "<alpha=>", "<parameter>", "{}", "{!r}", "<text=> {"])
def test_the_text_of_a_value_is_no_place(text, tmp_path, capsys):
    message = Message("<name=> in {} needs <loss> or <missing=>, got {!r}", text, text, name=text, loss=..., missing=1)
    assert message == f"name={text!r} in {text} needs loss or missing=1, got {text!r}"
    with pytest.raises(cmlp.InvalidParameterError) as caught:
        cmlp.MLPClassifier(activation=text).fit([[0.0], [1.0]], [0, 1])
    assert str(caught.value).endswith(f". Got {text!r} instead.") and caught.value.value == text
    path = tmp_path / ("x.csv" if os.name == "nt" else f"{text}.csv")
    path.write_text("x,y\n" + "1,1\n" * 30 + f"{text},1\n")
    assert cli.main(["train", str(path), "--target", "y", "-o", str(tmp_path / "m.cmlp")]) == 1
    error = capsys.readouterr().err
    assert f"{path}, line 32, column 1 ('x'): {text!r} is not a number, but of 31 values 30 are" in error
    assert f"add --missing {shlex.quote(text)}; if" in error
