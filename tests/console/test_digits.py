"""The report ``cmlp digits``: its defaults, the commands that it suggests, and the files that it writes."""

import re

import pytest

import cmlp
from cmlp import __main__ as cli
from cmlp._cli.experiment import METHODS, SUBJECTS, Experiment, ExperimentOptions
from cmlp.story import digits

OPTIONS = [
    [],
    ["--hidden", "128,64"],
    ["--hidden", "none", "--epochs", "2"],
    ["--method", "fast"],
    ["--method", "story", "--data", "mnist"],
    ["--data", "mnist"],
    ["--data", "fashion", "--seed", "4294967295"],
    ["--rate", "0.5", "--batch", "20"],
    ["--data", "fashion", "--hidden", "7", "--activation", "sigmoid", "--threads", "1"],
]


def help_text(capsys):
    with pytest.raises(SystemExit):
        cli.main(["digits", "--help"])
    return " ".join(capsys.readouterr().out.split())


def parsed(arguments):
    return ExperimentOptions.from_arguments(
        cli.make_parser("cmlp", "digits").parse_args(["digits", *arguments])
    )


def test_help_shows_the_defaults_that_the_story_uses(capsys):
    text = help_text(capsys)
    for method in METHODS:
        told = Experiment(ExperimentOptions(method=method))
        hidden = ",".join(map(str, told.network.sizes[1:-1]))
        for option, value in {
            "--hidden": hidden,
            "--epochs": told.n_epochs,
            "--activation": told.activation,
            "--rate": told.rate,
            "--batch": told.batch_size,
        }.items():
            defaults = re.search(rf"{option} .*?\(default: (.*?)\)", text.partition("options:")[2])[
                1
            ]
            assert f"{value} for {method}" in defaults.split(", ")
    assert "(default: story for sample, fast for mnist, fast for fashion)" in text
    assert "(default: 0)" in text and ExperimentOptions().seed == 0


def suggestions_of(options):
    method = options.method or SUBJECTS[options.data].method
    return digits.suggestions(options, is_story=method == "story")


@pytest.mark.parametrize("arguments", OPTIONS, ids=" ".join)
def test_suggestions_are_other_commands_that_work(arguments):
    options = parsed(arguments)
    suggested = list(suggestions_of(options).values())
    assert options not in suggested and len(set(suggested)) == len(suggested) >= 3
    for candidate in suggested:
        assert parsed(candidate.arguments().split()) == candidate
    assert parsed(options.arguments().split()) == options


@pytest.mark.parametrize("arguments", OPTIONS, ids=" ".join)
def test_suggestions_keep_the_data(arguments):
    options = parsed(arguments)
    kept = [what for what, other in suggestions_of(options).items() if other.data == options.data]
    assert "another random start" in kept
    assert {"a wider network", "the story's plain method"} & set(kept) or arguments == [
        "--hidden",
        "128,64",
    ]


def test_saved_network_is_the_trained_one(capsys, tmp_path):
    path = tmp_path / "digits.cmlp"
    assert cli.main(["--epochs", "2", "--rate", "1", "--batch", "20", "--save", str(path)]) == 0
    assert f"saved: {path}" in capsys.readouterr().out
    expected = Experiment(ExperimentOptions(epochs=2, rate=1.0, batch=20)).train()
    assert cmlp.load(path).params.tobytes() == expected.params.tobytes()
