"""What is drawn: bars, curves and digits, for every kind of terminal."""

import re

import numpy as np
import pytest
from terminals import terminal

from cmlp._cli.story_network import Measurement
from cmlp._cli.terminal import side_by_side, without_codes
from cmlp.datasets import load_digits28
from cmlp.story import drawing
from cmlp.story.animation import training_charts

LABELS = tuple("0123456789")

TERMINALS = [
    terminal(),
    terminal(blocks=False),
    terminal(colors=256),
    terminal(colors=2**24, blocks=False),
]


@pytest.fixture(scope="module")
def data():
    return load_digits28()


# ------------------------------------------------------------------------------------------------------- bars


@pytest.mark.parametrize("where", TERMINALS)
@pytest.mark.parametrize("width", [20, 26, 60])
def test_output_bars_show_the_activations_and_mark_the_largest(where, width):
    values = np.array([0.1, 0.25, 0, 1, 0.5, 0.001, 0.9996, 0.2, 0, 0])
    lines = [without_codes(line) for line in drawing.output_bars(where, values, LABELS, width)]
    assert [line.split()[:2] for line in lines] == [
        [str(n), f"{value:.2f}"] for n, value in enumerate(values)
    ]
    winner = drawing.symbol(where, "winner")
    assert [n for n, line in enumerate(lines) if winner in line] == [3]
    assert max(map(len, lines)) == width
    full, half = drawing.symbol(where, "full"), "▌" if where.blocks else ""
    space = width - 9
    for line, value in zip(lines, values, strict=True):
        length = line.count(full) + (0.5 * line.count(half) if half else 0)
        assert length == pytest.approx(value * space, abs=0.26 if half else 0.51)


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
def test_coloured_text_is_legible_on_black_and_on_white(background):
    """Contrast as defined by the Web Content Accessibility Guidelines; bold text has the terminal's own colour."""
    index = int(re.fullmatch(r"\x1b\[38;5;(\d+)m", drawing._STYLES["blue"])[1]) - 16
    levels = np.array([0, 95, 135, 175, 215, 255])[[index // 36, index // 6 % 6, index % 6]] / 255
    linear = ((levels + 0.055) / 1.055) ** 2.4 * (levels > 0)
    low, high = sorted([float(linear @ [0.2126, 0.7152, 0.0722]), background])
    assert (high + 0.05) / (low + 0.05) > 3.5
    assert drawing._STYLES["strong"] == "\x1b[1m"
