"""`cmlp look`: its numbers are those of the network in plain NumPy, at every width and in every encoding."""

import re

import numpy as np
import pytest
from terminals import output_of, terminal

import cmlp
from cmlp import __main__ as cli
from cmlp import datasets
from cmlp._cli.experiment import Experiment, Options
from cmlp._cli.terminal import visible
from cmlp.story.case import case_of, image_of
from cmlp.story.look import look_sections, looked
from cmlp.story.pictures.names import Unit

NINE = 7  # the first 9 among the test images


@pytest.fixture(scope="module")
def look():
    """The first test image of a 9, and the network of the story before and after two epochs."""
    arguments = cli.make_parser("cmlp").parse_args(["look", "9", "--epochs", "2"])
    return looked(case_of(arguments, of_training=False))


def plain(network, row):
    a, sums = [row / 255], []
    for W, b in zip(network.weights, network.biases, strict=True):
        sums.append(a[-1] @ W.astype(float) + b)
        a.append(1 / (1 + np.exp(-sums[-1])))
    return sums, a


def flat(sections):
    return [line for section in sections for line in [*section, ""]][:-1]


def lines_of(look, width=79, unit=None, **capabilities):
    asked = look._replace(case=look.case._replace(unit=unit))
    return [visible(line) for line in flat(look_sections(terminal(**capabilities), asked, width))]


def test_outputs_before_and_after_training_are_those_of_numpy(look):
    lines = lines_of(look)
    outputs = [plain(network, look.case.example.row)[1][-1] for network in (look.before, look.after)]
    assert "before training: it says " + str(outputs[0].argmax()) in lines[0]
    assert "after 2 epochs: it says " + str(outputs[1].argmax()) in lines[0]
    for n, line in enumerate(lines[1:11]):
        assert re.findall(r"\d \d\.\d{3}", line) == [f"{n} {values[n]:.3f}" for values in outputs]


@pytest.mark.parametrize("unit", [None, Unit(0, 4), Unit(1, 3), Unit(2, 9)])
def test_weighted_sum_is_that_of_numpy(look, unit):
    lines = lines_of(look, 119, unit)
    sums, a = plain(look.after, look.case.example.row)
    layer, neuron = unit or Unit(0, int(np.abs(sums[0]).argmin()))
    (z,) = [line for line in lines if line.startswith("sum z")]
    assert z.split()[2] == f"{sums[layer][neuron]:+.3f}"
    (activation,) = [line for line in lines if line.startswith("sigmoid(z)")]
    assert activation.split()[1] == f"{a[layer + 1][neuron]:.3f}"
    products = np.sort(np.abs(a[layer] * look.after.weights[layer][:, neuron]))[::-1]
    shown = [float(product) for line in lines for product in re.findall(r"x .*? = +([-+]\d+\.\d{3})", line)]
    np.testing.assert_allclose(np.abs(shown), products[:5], atol=6e-4)
    added = [re.search(r"^(?:bias|\d+ other \w+) +([-+]\S+)", line) for line in lines]
    total = sum(shown) + sum(float(match[1]) for match in added if match)
    assert total == pytest.approx(sums[layer][neuron], abs=0.005)


@pytest.mark.parametrize("unit", [Unit(0, 4), Unit(1, 3), Unit(2, 9)])
def test_switching_off_the_largest_input_has_the_effect_that_is_shown(look, unit):
    _, a = plain(look.after, look.case.example.row)
    layer, neuron = unit
    weights = look.after.weights[layer][:, neuron].astype(float)
    largest = int(np.abs(a[layer] * weights).argmax())
    inputs = a[layer].copy()
    inputs[largest] = 0
    z = inputs @ weights + look.after.biases[layer][neuron]
    text = " ".join(lines_of(look, 119, unit))
    activation = 1 / (1 + np.exp(-z))
    assert f"If this input were 0, the sum would be {z:+.3f} and the activation {activation:.3f} instead of" in text
    assert f"is {'positive' if weights[largest] > 0 else 'negative'}." in text


@pytest.mark.parametrize("width", [59, 79, 119])
@pytest.mark.parametrize("colors", [0, 256])
@pytest.mark.parametrize("blocks", [True, False])
def test_page_keeps_the_width(look, width, colors, blocks):
    for unit in (None, Unit(0, 4), Unit(2, 9)):
        lines = lines_of(look, width, unit, colors=colors, blocks=blocks)
        assert max(map(len, lines)) <= width
        assert blocks or all(line.isascii() for line in lines)


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp437"])
def test_command_writes_the_page_to_a_pipe(monkeypatch, columns, encoding):
    text = output_of(monkeypatch, "look", "9", "--epochs", "1", columns=columns, encoding=encoding)
    lines = text.splitlines()
    assert lines[0].startswith("cmlp look 9") and f"test image {NINE} of the bundled digits, seed 0" in "".join(
        lines[:2]
    )
    assert max(map(len, lines)) < columns
    assert "\x1b" not in text
    assert any(line.startswith("sigmoid(z)") for line in lines)
    assert (("█" if encoding == "utf-8" else "#") in text) and text.isascii() == (encoding != "utf-8")


def test_command_shows_the_network_before_and_after_training(monkeypatch, look):
    text = output_of(monkeypatch, "look", "9", "--epochs", "2")
    before, after = (activations[-1] for activations in look.activations)
    for n in range(10):
        assert re.search(rf"{n} {before[n]:.3f} .* {n} {after[n]:.3f}", text)


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
def test_command_with_other_networks(monkeypatch, arguments):
    text = output_of(monkeypatch, "look", *arguments, "--epochs", "1", columns=60)
    assert max(map(len, text.splitlines())) < 60
    assert "sum z" in text and "nan" not in text
    neuron = arguments[arguments.index("--neuron") + 1] if "--neuron" in arguments else None
    if neuron:
        assert f"{'Output ' if neuron.isdigit() else ''}{neuron} after training" in text
    assert ("its weights" in text) == (neuron == "A15")


def test_names_of_clothes():
    y = np.array([9, 3, 8, 9])
    assert image_of("Ankle Boot", 2, y, datasets._CLOTHES) == 3
    assert image_of("8", 1, y, datasets._CLOTHES) == 2


@pytest.mark.parametrize(
    ("digit", "number", "message"),
    [
        ("10", 1, "DIGIT must be one of 0, 1"),
        ("x", 1, "got 'x'"),
        ("9", 100, "--number must be at most 94"),
        ("²", 1, "DIGIT"),
    ],
)
def test_images_that_do_not_exist(monkeypatch, capsys, digit, number, message):
    assert output_of(monkeypatch, "look", digit, "--number", str(number), status=1) == ""
    assert message in capsys.readouterr().err


def test_unknown_neuron_is_one_line_on_standard_error(monkeypatch, capsys):
    assert output_of(monkeypatch, "look", "9", "--neuron", "C1", status=1) == ""
    error = capsys.readouterr().err
    assert error == "cmlp: error: --neuron must be one of A1 to A16, B1 to B16, 0 to 9 (outputs), got 'C1'\n"


def test_model_and_pictures_are_saved(monkeypatch, tmp_path):
    model, folder = tmp_path / "a.cmlp", tmp_path / "new" / "pictures"
    text = output_of(monkeypatch, "look", "9", "--epochs", "2", "--save", str(model), "--png", str(folder))
    assert {path.name for path in folder.iterdir()} == {"image.png", "weights-before.png", "weights-after.png"}
    assert text.count("saved: ") == 4
    experiment = Experiment(Options(epochs=2))
    np.testing.assert_array_equal(cmlp.load(model).params, experiment.train().params)
