"""Options of the command: bad arguments, and hints for mistyped ones."""

import importlib.metadata
import sys

import pytest

import cmlp
from cmlp import __main__ as cli

TRAIN = ["train", "x", "-o", "m"]


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ([*TRAIN, "--checkpoint-every", "0"], "a whole number of at least 1, got '0'"),
        ([*TRAIN, "--checkpoint-every", "1.5"], "a whole number of at least 1, got '1.5'"),
        ([*TRAIN, "--checkpoint-every", "x"], "--checkpoint-every: expected a whole number"),
        ([*TRAIN, "--checkpoint-every"], "--checkpoint-every: expected one argument"),
        (["export", "m", "--opset", "8"], "--opset: expected a whole number from 9 to 28, got '8'"),
        (["page", "--data", "cats"], "--data: invalid choice: 'cats'"),
        (["--epochs", "3"], "unknown option '--epochs' (see cmlp --help)"),
        (["digits"], "unknown command 'digits' (see cmlp --help)"),
        (["letters"], "unknown command 'letters' (see cmlp --help)"),
        (["stroy"], "unknown command 'stroy': did you mean story? (see cmlp --help)"),
        (["EXPORT"], "unknown command 'EXPORT': did you mean export?"),
        (["--verson"], "unknown option '--verson': did you mean --version?"),
        (
            ["train", "x", "--max-itr", "5", "-o", "m"],
            "'--max-itr': did you mean --max-iter? (see cmlp train --help)",
        ),
        (
            ["train", "x", "--hidden=5", "-o", "m"],
            "'--hidden': did you mean --hidden-layer-sizes? (see cmlp train",
        ),
        (["train", "x", "--ouput", "m"], "unknown option '--ouput': did you mean --output?"),
        (["predict", "m", "x", "--wrong"], "unknown option '--wrong' (see cmlp predict --help)"),
        (["predict", "m", "x", "-x"], "unknown option '-x' (see cmlp predict --help)"),
        (["predict", "m", "x", "y"], "unexpected argument 'y' (see cmlp predict --help)"),
    ],
)
def test_bad_argument_is_reported_in_one_line(arguments, expected, capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.count("\n") == 1
    assert errors.startswith("cmlp") and ": error: " in errors
    assert expected in errors


@pytest.mark.parametrize("data", ["mnist", "fashion"])
def test_failure_is_reported_in_one_line(data, capsys, monkeypatch):
    monkeypatch.delenv("CMLP_DATA", raising=False)
    monkeypatch.setitem(sys.modules, "pooch", None)  # no download
    assert cli.main(["page", "--data", data]) == 1
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.count("\n") == 1
    assert errors.startswith("cmlp: error: ")
    assert "CMLP_DATA is not set" in errors


@pytest.mark.parametrize("arguments", [["--version"], ["train", "--version"]])
def test_version(capsys, arguments):
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"cmlp {importlib.metadata.version('cmlp')}\n"


def test_help_of_a_command_comes_before_an_unknown_option(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["train", "--max-itr", "5", "--help"])
    assert caught.value.code == 0 and "--max-iter" in capsys.readouterr().out


def test_console_script_is_the_command():
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="cmlp")
    assert script.load() is cli.main


def error_of(capsys, *arguments):
    """Return the line of an error, whatever its status."""
    try:
        assert cli.main(["train", "t.csv", "--target", "y", "-o", "m.cmlp", *arguments]) == 1
    except SystemExit as error:
        assert error.code == 2
    return capsys.readouterr().err


HINTS = {
    "lr": "did you mean --learning-rate-init?",
    "epochs": "did you mean --max-iter of one network or --n-epochs of a table?",
    "iterations": "did you mean --max-iter of one network or --n-epochs of a table?",
    "cat-features": "did you mean --categorical-features?",
    "cat_features": "did you mean --categorical-features?",
    "eval-set": "did you mean --validation?",
    "class-weights": "did you mean --class-weight?",
    "seed": "did you mean --random-state?",
    "n-jobs": "did you mean --n-threads?",
    "device": "training runs on the processor, with n_threads threads",
    "max-itr": "did you mean --max-iter?",
}


@pytest.mark.parametrize("name", HINTS)
def test_options_have_the_hints_of_parameters(capsys, name):
    assert f"unknown option '--{name}': {HINTS[name]} (see cmlp train --help)" in error_of(
        capsys, f"--{name}", "1"
    )


@pytest.mark.parametrize("value", ["{[1]:2}", "{1:", "[[1]", "{{}: 1}"])
def test_a_value_that_is_none_of_python_is_refused_in_words(capsys, tmp_path, monkeypatch, value):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("x,y\n" + "1,0\n2,1\n" * 20)
    err = error_of(capsys, "--network", "--class-weight", value)
    assert err.startswith(
        "cmlp: error: --class-weight: The 'class_weight' parameter of MLPClassifier must be "
    )
    assert f"{value!r}" in err and "_value" not in err and "instance" not in err


def test_errors_about_values_offer_nothing_that_only_python_has(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text("x,y\n" + "1,0\n2,1\n" * 20)
    for name, expected in (
        (
            "loss",
            "a str among {'focal', 'label_smoothing', 'log_loss', 'squared_error'}. Got 'mse' instead. Did",
        ),
        ("early-stopping", "True or False. Got 'mse' instead."),
        ("random-state", "an int in the range [0, 4294967295] or None. Got 'mse' instead."),
        ("initialization", "'lecun'} or a pair such as '[0, 1], [2, 3]'. Got 'mse' instead."),
    ):
        err = error_of(capsys, "--network", f"--{name}", "mse")
        assert err.startswith(f"cmlp: error: --{name}: The ") and expected in err
        assert not any(
            word in err for word in ("callable", "instance", "RandomState", "array-like", "tuple")
        ), err


def test_one_name_is_a_list_of_categorical_features(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.csv").write_text(
        "x,plz,y\n" + "".join(f"{i},{10000 + i % 3},{i % 2}\n" for i in range(40))
    )
    options = "--n-epochs", "1", "--n-estimators", "1", "--hidden-layer-sizes", "4"
    for given, expected in (
        ("plz", ["plz"]),
        ("1", [1]),
        ("x,plz", ["x", "plz"]),
        ("from_dtype", "from_dtype"),
    ):
        arguments = (
            "train",
            "t.csv",
            "--target",
            "y",
            "-o",
            "m.cmlp",
            "--categorical-features",
            given,
            *options,
        )
        assert cli.main([*arguments]) == 0, capsys.readouterr().err
        assert cmlp.load("m.cmlp").categorical_features == expected
    assert "has 'plzz', but X has no such column" in error_of(
        capsys, "--categorical-features", "plzz", *options
    )
