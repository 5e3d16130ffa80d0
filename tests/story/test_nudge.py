"""`cmlp nudge`: backpropagation for one example, compared with plain NumPy, at every width and in every encoding."""

import re
from pathlib import Path

import numpy as np
import pytest
from helpers import imported
from terminals import output_of, terminal

from cmlp import __main__ as cli
from cmlp._cli.terminal import visible
from cmlp.story.case import case_of
from cmlp.story.nudge import in_double, loudest, nudge_sections, nudged, step_lines, telling_knobs
from cmlp.story.pictures.names import Unit
from cmlp.story.pictures.wishes import each_share, of_knob

PLAIN = Path(__file__).parents[2] / "docs/plain.py"


def nudge_of(digit="9", number=1, n=10):
    """What an image wants from the network of the story after one epoch."""
    arguments = cli.make_parser("cmlp").parse_args(["nudge", digit, "--number", str(number)])
    return nudged(case_of(arguments, of_training=True), n)


@pytest.fixture(scope="module")
def nudge():
    return nudge_of()


def backpropagation(network, row, digit):
    """Return activations, wanted changes of the activations, and of the weighted sums of every layer, by NumPy."""
    a = [row / 255]
    for W, b in zip(network.weights, network.biases, strict=True):
        a.append(1 / (1 + np.exp(-(a[-1] @ W + b))))
    wanted, sum_wishes = [2 * (np.eye(10)[digit] - a[-1])], []
    for n in (2, 1, 0):
        sum_wishes.insert(0, wanted[0] * a[n + 1] * (1 - a[n + 1]))
        if n:
            wanted.insert(0, network.weights[n] @ sum_wishes[0])
    return a, wanted, sum_wishes


def flat(sections):
    return [line for section in sections for line in [*section, ""]][:-1]


def page(nudge, width=79, unit=None, **capabilities):
    asked = nudge._replace(case=nudge.case._replace(unit=unit))
    return [visible(line) for line in flat(nudge_sections(terminal(**capabilities), asked, width))]


def test_outputs_targets_squares_and_wishes_are_those_of_numpy(nudge):
    a, wanted, _ = backpropagation(nudge.network, nudge.X[0], 9)
    lines = page(nudge)
    for n in range(10):
        target = float(n == 9)
        square = (a[-1][n] - target) ** 2
        expected = f"{n}  is {a[-1][n]:.3f}  wanted {target:.0f}  squared {square:.3f}  wish {wanted[-1][n]:+.3f}"
        assert any(expected in line for line in lines), expected
    cost = ((a[-1] - np.eye(10)[9]) ** 2).sum()
    text = " ".join(lines)
    assert f"says {a[-1].argmax()} for this 9; the cost is {cost:.3f}" in text


@pytest.mark.parametrize("unit", [Unit(2, 9), Unit(2, 4), Unit(1, 9), Unit(0, 2)])
def test_three_ways_of_a_neuron_are_those_of_numpy(nudge, unit):
    a, wanted, sum_wishes = backpropagation(nudge.network, nudge.X[0], 9)
    layer, neuron = unit
    sum_wish = sum_wishes[layer][neuron]
    lines = page(nudge, 119, unit)
    name = f"Output {neuron}" if layer == 2 else f"{'AB'[layer]}{neuron + 1}"
    (start,) = [n for n, line in enumerate(lines) if line.startswith(f"{name}: wish {wanted[layer][neuron]:+.3f} x")]
    assert lines[start].endswith(f"wish for its sum {sum_wish:+.4f}")
    weights, activations = (lines[start + n] for n in (3, 4))
    shown = [float(number) for number in re.findall(r" ([-+]\d+\.\d{4})(?=  )", weights)]
    expected = sum_wish * a[layer]
    np.testing.assert_allclose(shown, sorted(expected, key=abs, reverse=True)[: len(shown)], atol=6e-5)
    assert len(shown) > 2
    if layer == 0:
        assert activations == "  the pixels stay as they are"
        return
    shown = [float(number) for number in re.findall(r" ([-+]\d+\.\d{4})(?=  )", activations)]
    expected = sum_wish * nudge.network.weights[layer][:, neuron]
    np.testing.assert_allclose(shown, sorted(expected, key=abs, reverse=True)[: len(shown)], atol=6e-5)
    sizes = np.array([1, a[layer] @ a[layer], (nudge.network.weights[layer][:, neuron] ** 2).sum()])
    parts = [float(re.search(r"(\d+) %$", lines[start + n])[1]) for n in (2, 3, 4)]
    np.testing.assert_allclose(parts, 100 * sizes / sizes.sum(), atol=0.51)


def test_wishes_of_the_layers_before_are_those_of_numpy(nudge):
    _, wanted, _ = backpropagation(nudge.network, nudge.X[0], 9)
    lines = page(nudge)
    rows = {line.split()[0]: line.split()[1:] for line in lines if re.match(r" {6}[AB] ", line)}
    assert rows == {name: [f"{100 * v:+.0f}" for v in wanted[layer]] for layer, name in enumerate("AB")}
    unit = loudest(nudge, 1)
    assert unit == Unit(1, int(np.abs(wanted[1]).argmax()))
    assert any(line.startswith(f"B{unit.neuron + 1}: {wanted[1][unit.neuron]:+.3f} = ") for line in lines)


@pytest.mark.skipif(not PLAIN.exists(), reason="docs/plain.py is in the source tree only")
def test_averages_are_minus_the_gradient_of_plain_numpy(nudge):
    gradient = imported(PLAIN).gradient
    weights, biases = gradient(nudge.X / 255, nudge.y, list(nudge.network.weights), list(nudge.network.biases))
    flat = np.concatenate([part.ravel() for pair in zip(weights, biases, strict=True) for part in pair])
    assert np.abs(nudge.step.average.flat + flat).max() < 1e-12 * np.abs(flat).max()
    lines = page(nudge)
    for knob in telling_knobs(nudge, Unit(2, 9)):
        share = weights[knob.layer][knob.source, knob.target] if knob.source is not None else biases[2][knob.target]
        assert of_knob(nudge.step.average, knob) == pytest.approx(-share, rel=1e-9)
        number = f"{-share:+.6f}"
        assert any(line.split()[-2:] == [number, number] for line in lines)
        assert each_share(nudge.step, knob).mean() == pytest.approx(-share, rel=1e-9)
    (line,) = [line for line in lines if "largest difference" in line]
    assert "13,002" in line and float(line.split()[-1]) < 1e-16


def test_table_of_examples_shows_what_each_one_wants(nudge):
    lines = page(nudge)
    (labels,) = [line.split()[1:] for line in lines if line.startswith("label ")]
    assert labels == [str(digit) for digit in nudge.y]
    (biases,) = [line for line in lines if line.startswith("bias of 9 ") and len(line) > 40]
    alone = [nudge.network.gradient(nudge.X[n : n + 1], nudge.y[n : n + 1]).biases[2][9] for n in range(10)]
    shown = [0 if word == "." else float(word) for word in biases.split()[3:]]
    np.testing.assert_allclose(shown, -np.array(alone), atol=0.00501)


def test_chosen_example_is_the_first_and_others_follow():
    nudge = nudge_of("9", 300, n=4)
    rows = np.flatnonzero(nudge.case.experiment.data.y_train == 9)
    assert nudge.images.tolist() == [rows[299], 0, 1, 2]
    assert nudge_of("9", 1, n=6).images.tolist() == [4, 0, 1, 2, 3, 5]
    assert nudge_of(n=1).images.tolist() == [4]


def test_network_in_double_precision_is_the_same(nudge):
    experiment = nudge.case.experiment
    double = in_double(experiment.network)
    np.testing.assert_array_equal(double.params, experiment.network.params)
    X = experiment.data.X_test[:5]
    np.testing.assert_allclose(double.forward(X), experiment.network.forward(X), atol=1e-5)


def test_step_is_one_step_of_gradient_descent():
    nudge = nudge_of()
    twin = in_double(nudge.case.experiment.network)
    before = [twin.cost(nudge.X, nudge.y), twin.cost(nudge.X[:1], nudge.y[:1])]
    twin.params = twin.params - 1.5 * twin.gradient(nudge.X, nudge.y).flat
    text = " ".join(step_lines(terminal(), nudge, 79))
    after = [twin.cost(nudge.X, nudge.y), twin.cost(nudge.X[:1], nudge.y[:1])]
    assert f"cost of the 10 images goes from {before[0]:.3f} to {after[0]:.3f}" in text
    assert f"that of this 9 from {before[1]:.3f} to {after[1]:.3f}" in text
    np.testing.assert_allclose(nudge.network.params, twin.params, atol=1e-12)


@pytest.mark.parametrize("width", [59, 79, 119])
@pytest.mark.parametrize("colors", [0, 256])
@pytest.mark.parametrize("blocks", [True, False])
def test_page_keeps_the_width(nudge, width, colors, blocks):
    for unit in (None, Unit(0, 3), Unit(1, 1), Unit(2, 0)):
        lines = page(nudge, width, unit, colors=colors, blocks=blocks)
        assert max(map(len, lines)) <= width
        assert blocks or all(line.isascii() for line in lines)


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_command_writes_the_page_to_a_pipe(monkeypatch, columns, encoding):
    text = output_of(monkeypatch, "nudge", columns=columns, encoding=encoding)
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
        ["6", "--activation", "relu", "--rate", "0.1", "--batch", "20", "--seed", "5", "--neuron", "B3"],
        ["7", "--examples", "500"],
    ],
    ids=" ".join,
)
def test_command_with_other_networks(monkeypatch, arguments):
    text = output_of(monkeypatch, "nudge", *arguments, columns=60)
    assert max(map(len, text.splitlines())) < 60
    assert "nan" not in text and "inf" not in text
    assert ("before training" in text.split("\n\n")[0]) == ("--epochs" in arguments)
    assert ("One step along" in text) == ("--step" in arguments)


def test_neuron_without_slope_has_no_shares(monkeypatch):
    text = output_of(monkeypatch, "nudge", "3", "--method", "fast", "--hidden", "8", "--epochs", "0", "--neuron", "A1")
    assert "Its slope is 0 here" in text


def test_too_many_examples_are_an_error(monkeypatch, capsys):
    output_of(monkeypatch, "nudge", "--examples", "5001", status=1)
    error = capsys.readouterr().err
    assert error == "cmlp: error: --examples must be at most 5000, the number of training images, got 5001\n"


def test_pictures_are_saved(monkeypatch, tmp_path):
    output_of(monkeypatch, "nudge", "--png", str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == {
        "image.png",
        "wanted-weights.png",
        "wanted-weights-average.png",
    }
