"""``cmlp compare``: its numbers are those of networks trained on their own."""

import re

import numpy as np
import pytest

import cmlp
from cmlp import __main__ as cli
from cmlp.datasets import load_digits28


def output(capsys, *arguments):
    assert cli.main(["compare", *arguments]) == 0
    return capsys.readouterr().out


def rows(text):
    """Return the cells of each line of the table."""
    return [
        (name, int(parameters.replace(",", "")), training, test)
        for name, parameters, training, test in re.findall(
            r"^(none|[\d,]+) +([\d,]+) +([\d.]+) % +([\d.]+) % +\d+\.\d\d$", text, re.MULTILINE
        )
    ]


def test_numbers_are_those_of_the_classifier(capsys):
    text = output(
        capsys, "--hidden", "none", "8", "6,5", "--epochs", "2", "--seed", "3", "--rate", "1"
    )
    X, y, X_test, y_test = load_digits28()
    expected = []
    for name, hidden in (("none", ()), ("8", (8,)), ("6,5", (6, 5))):
        model = cmlp.MLPClassifier.from_preset(
            "3b1b", hidden_layer_sizes=hidden, max_iter=2, learning_rate_init=1.0, random_state=3
        ).fit(X, y)
        n_params = sum(a * b + b for a, b in zip((784, *hidden), (*hidden, 10), strict=True))
        expected.append(
            (
                name,
                n_params,
                f"{100 * model.score(X, y):.1f}",
                f"{100 * model.score(X_test, y_test):.1f}",
            )
        )
    assert rows(text) == expected
    best = max(expected, key=lambda row: float(row[3]))
    share = float(best[3]) / 100
    words = " ".join(text.split())
    assert f"Highest test accuracy: {best[0]}, {best[3]} %" in words
    assert f"about {100 * np.sqrt(share * (1 - share) / 1000):.1f} %" in words
    assert "2 times" in words and "learning rate 1." in words


def test_equal_accuracies_are_both_named(capsys):
    text = output(capsys, "--hidden", "7", "7", "--epochs", "1")
    assert "Highest test accuracy: 7 and 7, " in text and "images once, " in " ".join(text.split())


def test_suggested_command_works(capsys):
    arguments = ["--hidden", "none", "3", "--epochs", "1", "--method", "fast"]
    suggested = output(capsys, *arguments).splitlines()[-1].partition("cmlp compare ")[2].split()
    assert suggested != arguments and "--seed" in suggested
    assert len(rows(output(capsys, *suggested))) == 2


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_width(capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    text = output(capsys, "--hidden", "1", "--epochs", "1")
    assert max(map(len, text.splitlines())) <= columns and text.isascii()


def test_bad_layers_are_reported(capsys):
    with pytest.raises(SystemExit):
        cli.main(["compare", "--hidden", "16", "x"])
    assert "--hidden: expected whole numbers of at least 1" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["compare", "--hidden", ",".join(["1"] * 100)])
    assert "--hidden: expected at most 62 hidden layers, got 100" in capsys.readouterr().err
