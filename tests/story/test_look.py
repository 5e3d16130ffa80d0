"""`cmlp look`: its numbers are those of the network in plain NumPy, at every width and in every encoding."""

import re

import numpy as np
import pytest
from terminals import output_of

import cmlp
from cmlp.datasets import load_digits28
from cmlp.story import story_network

NINE = 7  # the first 9 among the test images
ROW = load_digits28().X_test[NINE]


@pytest.fixture(scope="module")
def networks():
    """The network of the story before and after two epochs."""
    return story_network(0), story_network(2)


@pytest.fixture
def look(monkeypatch):
    """Return a function that returns what the command writes."""
    return lambda *arguments, columns=80: output_of(
        monkeypatch, "look", *arguments, columns=columns
    )


def plain(network):
    a, sums = [ROW / 255], []
    for W, b in zip(network.weights, network.biases, strict=True):
        sums.append(a[-1] @ W.astype(float) + b)
        a.append(1 / (1 + np.exp(-sums[-1])))
    return sums, a


def index_of(name):
    return (2, int(name)) if name.isdigit() else ("AB".index(name[0]), int(name[1:]) - 1)


def test_outputs_before_and_after_training_are_those_of_numpy(look, networks):
    lines = look("9", "--epochs", "2").split("\n\n", 1)[1].splitlines()
    outputs = [plain(network)[1][-1] for network in networks]
    assert "before training: it says " + str(outputs[0].argmax()) in lines[0]
    assert "after 2 epochs: it says " + str(outputs[1].argmax()) in lines[0]
    for n, line in enumerate(lines[1:11]):
        assert re.findall(r"\d \d\.\d{3}", line) == [f"{n} {values[n]:.3f}" for values in outputs]


@pytest.mark.parametrize("name", [None, "A5", "B4", "9"])
def test_weighted_sum_is_that_of_numpy(look, networks, name):
    lines = look(
        "9", "--epochs", "2", *(["--neuron", name] if name else []), columns=120
    ).splitlines()
    after = networks[1]
    sums, a = plain(after)
    layer, neuron = index_of(name) if name else (0, int(np.abs(sums[0]).argmin()))
    (z,) = [line for line in lines if line.startswith("sum z")]
    assert z.split()[2] == f"{sums[layer][neuron]:+.3f}"
    (activation,) = [line for line in lines if line.startswith("sigmoid(z)")]
    assert activation.split()[1] == f"{a[layer + 1][neuron]:.3f}"
    products = np.sort(np.abs(a[layer] * after.weights[layer][:, neuron]))[::-1]
    shown = [
        float(product)
        for line in lines
        for product in re.findall(r"x .*? = +([-+]\d+\.\d{3})", line)
    ]
    np.testing.assert_allclose(np.abs(shown), products[:5], atol=6e-4)
    added = [re.search(r"^(?:bias|\d+ other \w+) +([-+]\S+)", line) for line in lines]
    total = sum(shown) + sum(float(match[1]) for match in added if match)
    assert total == pytest.approx(sums[layer][neuron], abs=0.005)


@pytest.mark.parametrize("name", ["A5", "B4", "9"])
def test_switching_off_the_largest_input_has_the_effect_that_is_shown(look, networks, name):
    _, a = plain(networks[1])
    layer, neuron = index_of(name)
    weights = networks[1].weights[layer][:, neuron].astype(float)
    largest = int(np.abs(a[layer] * weights).argmax())
    inputs = a[layer].copy()
    inputs[largest] = 0
    z = inputs @ weights + networks[1].biases[layer][neuron]
    text = " ".join(look("9", "--epochs", "2", "--neuron", name, columns=120).split())
    activation = 1 / (1 + np.exp(-z))
    assert (
        f"If this input were 0, the sum would be {z:+.3f} and the activation {activation:.3f} instead of"
        in text
    )
    assert f"is {'positive' if weights[largest] > 0 else 'negative'}." in text


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp437"])
def test_command_writes_the_page_to_a_pipe(monkeypatch, columns, encoding):
    for neuron in ([], ["--neuron", "A5"], ["--neuron", "0"]):
        text = output_of(
            monkeypatch, "look", "9", "--epochs", "1", *neuron, columns=columns, encoding=encoding
        )
        lines = text.splitlines()
        title = "".join(lines[:2])
        assert (
            lines[0].startswith("cmlp look 9")
            and f"test image {NINE} of the bundled digits, seed 0" in title
        )
        assert max(map(len, lines)) < columns
        assert "\x1b" not in text
        assert any(line.startswith("sigmoid(z)") for line in lines)
        assert (("█" if encoding == "utf-8" else "#") in text) and text.isascii() == (
            encoding != "utf-8"
        )


@pytest.mark.parametrize(
    "arguments",
    [
        ["0", "--hidden", "none"],
        ["1", "--hidden", "3,4,5,6", "--neuron", "D2"],
        ["2", "--hidden", "300", "--number", "3"],
        ["3", "--activation", "relu", "--rate", "0.1", "--neuron", "B4"],
        ["4", "--activation", "tanh", "--rate", "0.1", "--batch", "50"],
        ["5", "--method", "fast", "--hidden", "8", "--neuron", "5"],
        ["--neuron", "A15", "--seed", "3"],
    ],
    ids=" ".join,
)
def test_command_with_other_networks(look, arguments):
    text = look(*arguments, "--epochs", "1", columns=60)
    assert max(map(len, text.splitlines())) < 60
    assert "sum z" in text and "instead of" in " ".join(text.split()) and "nan" not in text
    neuron = arguments[arguments.index("--neuron") + 1] if "--neuron" in arguments else None
    if neuron:
        assert f"{'Output ' if neuron.isdigit() else ''}{neuron} after training" in text
    assert ("its weights" in text) == (neuron == "A15")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["10"], "DIGIT must be one of 0, 1"),
        (["x"], "got 'x'"),
        (["9", "--number", "100"], "--number must be at most 94"),
        (["²"], "DIGIT"),
        (
            ["9", "--neuron", "C1"],
            "--neuron must be one of A1 to A16, B1 to B16, 0 to 9 (outputs), got 'C1'",
        ),
    ],
)
def test_what_does_not_exist_is_one_line_on_standard_error(monkeypatch, capsys, arguments, message):
    assert output_of(monkeypatch, "look", *arguments, status=1) == ""
    error = capsys.readouterr().err
    assert error.startswith("cmlp: error: ") and message in error and error.count("\n") == 1


def test_model_is_saved(look, networks, tmp_path):
    model = tmp_path / "a.cmlp"
    assert look("9", "--epochs", "2", "--save", str(model)).count("saved: ") == 1
    np.testing.assert_array_equal(cmlp.load(model).params, networks[1].params)
