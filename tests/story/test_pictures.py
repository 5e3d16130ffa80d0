"""What the commands draw: names of neurons, bars, cells, curves and digits, for every kind of terminal."""

import re

import numpy as np
import pytest
from terminals import terminal

from cmlp._cli.experiment import Measurement
from cmlp._cli.terminal import side_by_side, without_codes
from cmlp._model.results import letters
from cmlp.datasets import load_digits28
from cmlp.story import drawing, story_network
from cmlp.story.animation import training_charts
from cmlp.story.neurons import Names, Unit, source_name

LABELS = tuple("0123456789")
NAMES = Names((784, 16, 16, 10), LABELS)


TERMINALS = [
    terminal(),
    terminal(blocks=False),
    terminal(colors=256),
    terminal(colors=2**24, blocks=False),
]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.fixture(scope="module")
def data():
    return load_digits28()


def plain(network, row):
    """Return the activations of every layer in float64."""
    a = [row / 255]
    for W, b in zip(network.weights, network.biases, strict=True):
        a.append(sigmoid(a[-1] @ W.astype(float) + b))
    return a


# ------------------------------------------------------------------------------------------------------- names


def test_names_of_neurons():
    assert [letters(n) for n in (0, 1, 25, 26, 27, 701, 702)] == [
        "A",
        "B",
        "Z",
        "AA",
        "AB",
        "ZZ",
        "AAA",
    ]
    assert NAMES.name(Unit(0, 12)) == "A13"
    assert NAMES.name(Unit(2, 9)) == "9"
    assert source_name(0, 10 * 28 + 4) == "row 10, col  4"
    assert source_name(2, 0) == "B1"
    for unit in (Unit(0, 0), Unit(1, 15), Unit(2, 3)):
        assert NAMES.unit(NAMES.name(unit)) == unit
    assert NAMES.unit("b4") == Unit(1, 3)


@pytest.mark.parametrize("name", ["A0", "A17", "C1", "10", "", "A", "A1x", "A-1"])
def test_unknown_neurons_raise_with_the_names_that_exist(name):
    with pytest.raises(ValueError, match="A1 to A16, B1 to B16, 0 to 9"):
        NAMES.unit(name)


# ------------------------------------------------------------------------------------------------------- bars


@pytest.mark.parametrize("where", TERMINALS)
@pytest.mark.parametrize("width", [20, 26, 60])
def test_output_bars_show_the_activations_and_mark_the_largest(where, width):
    values = np.array([0.1, 0.25, 0, 1, 0.5, 0.001, 0.9996, 0.2, 0, 0])
    lines = [without_codes(line) for line in drawing.output_bars(where, values, LABELS, width)]
    assert [line.split()[:2] for line in lines] == [
        [str(n), f"{value:.3f}"] for n, value in enumerate(values)
    ]
    winner = drawing.symbol(where, "winner")
    assert [n for n, line in enumerate(lines) if winner in line] == [3]
    assert max(map(len, lines)) == width
    full, half = drawing.symbol(where, "full"), "▌" if where.blocks else ""
    space = width - 10
    for line, value in zip(lines, values, strict=True):
        length = line.count(full) + (0.5 * line.count(half) if half else 0)
        assert length == pytest.approx(value * space, abs=0.26 if half else 0.51)


def test_activations_above_1_scale_the_bars():
    lines = drawing.output_bars(terminal(), np.array([0, 4.0, 2.0]), ("a", "b", "c"), 30)
    assert [line.count("█") for line in lines] == [0, 20, 10]


@pytest.mark.parametrize("where", TERMINALS)
def test_cells_of_a_layer(where, data):
    a = plain(story_network(1), data.X_test[7])
    lines = [without_codes(line) for line in drawing.layer_lines(where, [a, a], 79)]
    assert len(lines) == 2 and all(len(line) <= 79 for line in lines)
    assert [line[0] for line in lines] == ["A", "B"]
    if not where.colors:
        ramp = "·░▒▓█" if where.blocks else ".:+*#"
        for line, values in zip(lines, a[1:3], strict=True):
            assert line.split()[1:] == 2 * [ramp[round(value * 4)] for value in values]


def test_wide_layers_are_wrapped_and_cut_off():
    lines = drawing.cell_lines(terminal(), np.ones(1000), 40)
    assert len(lines) == 7 and max(map(len, lines)) <= 40
    assert lines[-1] == f"and {1000 - 6 * 20:,} more"
    rows = drawing.layer_lines(terminal(), [[np.zeros(3), np.full(50, 2.5), np.zeros(2)]], 40)
    assert rows[-1].strip() == "(brightest: 2.5)"
    assert sum(row.count("█") for row in rows) == 50


# -------------------------------------------------------------------------------------- images and charts


def test_digit_is_cropped_to_its_box_with_a_margin(data):
    lines = drawing.digit_lines(terminal(), data.X_test[7])
    pixels = data.X_test[7].reshape(28, 28)
    assert max(map(len, lines)) == np.ptp(np.flatnonzero(pixels.any(axis=0))) + 3
    assert len(drawing.digit_lines(terminal(), np.zeros(784))) == 14


def test_points_of_the_charts():
    history = [
        (0, Measurement(10, 10, 0, 0)),
        (0.5, Measurement(1, 1, 50, 10)),
        (1, Measurement(0.1, 0.1, 100, 10)),
    ]
    lines = training_charts(terminal(), history, [(0, "0"), (1, "30")], 55, 7)
    costs, shares = [line[:26].rstrip() for line in lines], [line[29:] for line in lines]
    assert costs[1] == " 10│●" and costs[3].index("●") in (14, 15) and costs[5].startswith("0.1│")
    assert (
        shares[1].startswith("100│") and shares[1].endswith("●") and shares[5].startswith("  0│●")
    )
    assert "○" in shares[5] and "○" not in "".join(costs[1:])
    assert shares[6] == "    0" + " " * 19 + "30"


def test_blocks_side_by_side_ignore_escape_codes():
    colored = drawing.styled(terminal(colors=256), "ab", "strong")
    assert [without_codes(line) for line in side_by_side([colored, "abc"], ["x", "y"])] == [
        "ab   x",
        "abc  y",
    ]


@pytest.mark.parametrize("background", [0.0, 1.0])
@pytest.mark.parametrize("style", ["up", "down"])
def test_coloured_text_is_legible_on_black_and_on_white(style, background):
    """Contrast as defined by the Web Content Accessibility Guidelines; bold text has the terminal's own colour."""
    index = int(re.fullmatch(r"\x1b\[38;5;(\d+)m", drawing._STYLES[style])[1]) - 16
    levels = np.array([0, 95, 135, 175, 215, 255])[[index // 36, index // 6 % 6, index % 6]] / 255
    linear = ((levels + 0.055) / 1.055) ** 2.4 * (levels > 0)
    low, high = sorted([float(linear @ [0.2126, 0.7152, 0.0722]), background])
    assert (high + 0.05) / (low + 0.05) > 3.5
    assert drawing._STYLES["strong"] == "\x1b[1m"
