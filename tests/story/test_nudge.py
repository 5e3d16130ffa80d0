"""`cmlp nudge`: backpropagation for one example, compared with plain NumPy, at every width and in every encoding."""

import re
from pathlib import Path

import numpy as np
import pytest
from helpers import imported
from terminals import output_of

from cmlp import Network
from cmlp.datasets import load_digits28
from cmlp.story import story_network

PLAIN = Path(__file__).parents[2] / "docs/plain.py"
X, y, *_ = load_digits28()
IMAGES = [4, 0, 1, 2, 3, 5, 6, 7, 8, 9]  # the first 9, and the first nine others


@pytest.fixture(scope="module")
def network():
    """The network of the story after one epoch, in double precision."""
    kinds = {
        "output": "logistic",
        "loss": "squared_error",
        "input_scale": 1 / 255,
        "dtype": "float64",
    }
    double = Network([784, 16, 16, 10], "logistic", **kinds)
    double.params = story_network(1).params
    return double


@pytest.fixture(scope="module")
def passes(network):
    """Activations, wanted changes of the activations and of the weighted sums of every layer, by NumPy."""
    a = [X[4] / 255]
    for W, b in zip(network.weights, network.biases, strict=True):
        a.append(1 / (1 + np.exp(-(a[-1] @ W + b))))
    wanted, sum_wishes = [2 * (np.eye(10)[9] - a[-1])], []
    for n in (2, 1, 0):
        sum_wishes.insert(0, wanted[0] * a[n + 1] * (1 - a[n + 1]))
        if n:
            wanted.insert(0, network.weights[n] @ sum_wishes[0])
    return a, wanted, sum_wishes


@pytest.fixture
def nudge(monkeypatch):
    """Return a function that returns the lines of the command."""
    return lambda *arguments, columns=80: output_of(
        monkeypatch, "nudge", *arguments, columns=columns
    ).splitlines()


def test_outputs_targets_squares_and_wishes_are_those_of_numpy(nudge, passes):
    a, wanted, _ = passes
    lines = nudge()
    for n in range(10):
        target = float(n == 9)
        square = (a[-1][n] - target) ** 2
        expected = f" {n} {a[-1][n]:.3f} {target:6.0f} {square:7.3f} {wanted[-1][n]:+.3f}"
        assert any(expected in line for line in lines), expected
        (line,) = [line for line in lines if expected in line]
        assert (line.count("▲") - line.count("▼")) * wanted[-1][n] >= 0
    cost = ((a[-1] - np.eye(10)[9]) ** 2).sum()
    assert f"says {a[-1].argmax()} for this 9; the cost is {cost:.3f}" in " ".join(lines)


@pytest.mark.parametrize("name", ["9", "4", "B10", "A3"])
def test_three_ways_of_a_neuron_are_those_of_numpy(nudge, network, passes, name):
    a, wanted, sum_wishes = passes
    layer, neuron = (2, int(name)) if name.isdigit() else ("AB".index(name[0]), int(name[1:]) - 1)
    sum_wish, title = sum_wishes[layer][neuron], f"Output {name}" if name.isdigit() else name
    lines = nudge("--neuron", name, columns=120)
    (start,) = [
        n
        for n, line in enumerate(lines)
        if line.startswith(f"{title}: wish {wanted[layer][neuron]:+.3f} x")
    ]
    assert lines[start].endswith(f"wish for its sum {sum_wish:+.4f}")
    start = next(n for n in range(start, len(lines)) if lines[n].endswith("each would give:"))
    weights, activations = lines[start + 2], lines[start + 3]
    shown = [float(number) for number in re.findall(r" ([-+]\d+\.\d{4})(?=  )", weights)]
    expected = sum_wish * a[layer]
    np.testing.assert_allclose(
        shown, sorted(expected, key=abs, reverse=True)[: len(shown)], atol=6e-5
    )
    assert len(shown) > 2
    if layer == 0:
        assert activations == "" and "(the pixels stay as they are)" in " ".join(lines)
        return
    shown = [float(number) for number in re.findall(r" ([-+]\d+\.\d{4})(?=  )", activations)]
    expected = sum_wish * network.weights[layer][:, neuron]
    np.testing.assert_allclose(
        shown, sorted(expected, key=abs, reverse=True)[: len(shown)], atol=6e-5
    )
    # A small step that follows all wishes changes the sum in these proportions.
    sizes = np.array([1, a[layer] @ a[layer], (network.weights[layer][:, neuron] ** 2).sum()])
    parts = [float(re.match(r" *(\d+) %", lines[start + n])[1]) for n in (1, 2, 3)]
    np.testing.assert_allclose(parts, 100 * sizes / sizes.sum(), atol=0.51)


@pytest.mark.parametrize("columns", [60, 80, 300])
def test_wishes_of_the_layers_before_are_those_of_numpy(nudge, passes, columns):
    _, wanted, _ = passes
    lines = nudge(columns=columns)
    start = next(n for n, line in enumerate(lines) if line.startswith("And so on"))
    end = lines.index("", start)
    numbers = [word for line in lines[start:end] for word in line.split() if word[0] in "+-"]
    assert numbers == [f"{100 * value:+.0f}" for layer in (1, 0) for value in wanted[layer]]
    loudest = int(np.abs(wanted[1]).argmax())
    start = next(
        n
        for n, line in enumerate(lines)
        if line.startswith(f"B{loudest + 1}: {wanted[1][loudest]:+.3f} = ")
    )
    terms = re.findall(r"([-+]\d\.\d{3}) \(", " ".join(lines[start : start + 2]))
    assert len(terms) == 5
    assert sum(map(float, terms)) == pytest.approx(wanted[1][loudest], abs=0.0056)


@pytest.mark.skipif(not PLAIN.exists(), reason="docs/plain.py is in the source tree only")
def test_averages_are_minus_the_gradient_of_plain_numpy(nudge, network):
    plain = imported(PLAIN).gradient
    weights, biases = plain(X[IMAGES] / 255, y[IMAGES], list(network.weights), list(network.biases))
    lines = nudge()
    for name, share in (
        ("bias of 9", biases[2][9]),
        ("B9 to 9", weights[2][8, 9]),
        ("bias of 4", biases[2][4]),
    ):
        assert [
            line for line in lines if line.startswith(name) and line.endswith(f" {-share:+.6f}")
        ], name
    (difference,) = re.findall(
        r"all 13,002 weights and biases, the largest difference is (\S+)\.", " ".join(lines)
    )
    assert float(difference) < 1e-16


def test_table_of_examples_shows_what_each_one_wants(nudge, network):
    lines = nudge()
    (labels,) = [line.split()[1:] for line in lines if line.startswith("label ")]
    assert labels == [str(digit) for digit in y[IMAGES]]
    (biases,) = [line for line in lines if line.startswith("bias of 9 ") and len(line) > 40]
    alone = [network.gradient(X[n : n + 1], y[n : n + 1]).biases[2][9] for n in IMAGES]
    shown = [0 if word == "." else float(word) for word in biases.split()[3:-1]]
    np.testing.assert_allclose(shown, -np.array(alone), atol=0.00501)


@pytest.mark.parametrize("n, others", [(6, "0 1 2 3 5"), (1, "")])
def test_chosen_example_is_the_first_and_others_follow(nudge, n, others):
    lines = nudge("9", "--examples", str(n))
    assert f"image 4 {others} average".split() in [line.split() for line in lines]
    rows = np.flatnonzero(y == 9)
    assert f"image {rows[299]} 0 1 2 average".split() in [
        line.split() for line in nudge("9", "--number", "300", "--examples", "4")
    ]


def test_step_is_one_step_of_gradient_descent(nudge, network):
    before = [network.cost(X[IMAGES], y[IMAGES]), network.cost(X[4:5], y[4:5])]
    twin = Network(
        [784, 16, 16, 10], "logistic", output="logistic", loss="squared_error", dtype="float64"
    )
    twin.params = network.params - 1.5 * network.gradient(X[IMAGES], y[IMAGES]).flat
    after = [twin.cost(X[IMAGES] / 255, y[IMAGES]), twin.cost(X[4:5] / 255, y[4:5])]
    text = " ".join(nudge("--step"))
    assert f"cost of the 10 images goes from {before[0]:.3f} to {after[0]:.3f}" in text
    assert f"that of this 9 from {before[1]:.3f} to {after[1]:.3f}" in text


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_command_writes_the_page_to_a_pipe(monkeypatch, columns, encoding):
    for neuron in ([], ["--neuron", "A4"], ["--neuron", "B2"], ["--neuron", "0"]):
        text = output_of(monkeypatch, "nudge", *neuron, columns=columns, encoding=encoding)
        assert max(map(len, text.splitlines())) < columns
        assert "\x1b" not in text and text.isascii() == (encoding == "ascii")
    assert "training image 4 of the bundled digits, after 1 epoch, seed 0" in " ".join(text.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ["3", "--epochs", "0", "--step"],
        ["3", "--hidden", "none", "--examples", "1", "--step"],
        ["0", "--hidden", "200", "--number", "7"],
        ["1", "--hidden", "3,4,5,6", "--neuron", "A2"],
        ["5", "--method", "fast", "--hidden", "8", "--epochs", "0", "--neuron", "A1"],
        [
            "6",
            "--activation",
            "relu",
            "--rate",
            "0.1",
            "--batch",
            "20",
            "--seed",
            "5",
            "--neuron",
            "B3",
        ],
        ["7", "--examples", "500"],
    ],
    ids=" ".join,
)
def test_command_with_other_networks(nudge, arguments):
    lines = nudge(*arguments, columns=60)
    text = "\n".join(lines)
    assert max(map(len, lines)) < 60
    assert "nan" not in text and "inf" not in text
    assert ("before training" in text.split("\n\n")[0]) == ("--epochs" in arguments)
    assert ("One step along" in text) == ("--step" in arguments)


def test_neuron_without_slope_has_no_shares(nudge):
    text = "\n".join(
        nudge("3", "--method", "fast", "--hidden", "8", "--epochs", "0", "--neuron", "A1")
    )
    assert "Its slope is 0 here" in text


def test_too_many_examples_are_an_error(monkeypatch, capsys):
    output_of(monkeypatch, "nudge", "--examples", "5001", status=1)
    error = capsys.readouterr().err
    assert (
        error
        == "cmlp: error: --examples must be at most 5000, the number of training images, got 5001\n"
    )
