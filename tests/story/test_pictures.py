"""The pictures of `cmlp look`, `nudge` and `watch`: their numbers are those of plain NumPy, and they keep the width."""

import re
import struct
import zlib

import numpy as np
import pytest
from terminals import terminal

from cmlp import Network
from cmlp._cli.terminal import BLUE, ORANGE, beside, visible
from cmlp._model.names import letters
from cmlp.datasets import load_digits28
from cmlp.story.pictures import curves, images, layers, neuron, text, wishes
from cmlp.story.pictures.names import Names, Unit, source_name

LABELS = tuple("0123456789")
NAMES = Names((784, 16, 16, 10), LABELS)


TERMINALS = [terminal(), terminal(blocks=False), terminal(colors=256), terminal(colors=2**24, blocks=False)]


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


@pytest.fixture(scope="module")
def data():
    return load_digits28()


@pytest.fixture(scope="module")
def network(data):
    """The network of the story after one epoch."""
    net = Network(
        [784, 16, 16, 10],
        "logistic",
        output="logistic",
        loss="squared_error",
        dtype="float32",
        input_scale=1 / 255,
        random_state=0,
    )
    net.train_epoch(data.X_train, data.y_train, 10, 1.5)
    return net


def plain(network, row):
    """Return the weighted sums and the activations of every layer in float64."""
    a, sums = [row / 255], []
    for W, b in zip(network.weights, network.biases, strict=True):
        sums.append(a[-1] @ W.astype(float) + b)
        a.append(sigmoid(sums[-1]))
    return sums, a


def plain_wishes(network, row, digit):
    """Return the wanted changes of the activations and of the weighted sums of every layer, by backpropagation."""
    _, a = plain(network, row)
    wanted, sum_wishes = [2 * (np.eye(10)[digit] - a[-1])], []
    for n in (2, 1, 0):
        sum_wishes.insert(0, wanted[0] * a[n + 1] * (1 - a[n + 1]))
        if n:
            wanted.insert(0, network.weights[n] @ sum_wishes[0])
    return wanted, sum_wishes


# ------------------------------------------------------------------------------------------------------- names


def test_names_of_neurons():
    assert [letters(n) for n in (0, 1, 25, 26, 27, 701, 702)] == ["A", "B", "Z", "AA", "AB", "ZZ", "AAA"]
    assert NAMES.of(Unit(0, 12)) == "A13"
    assert NAMES.of(Unit(2, 9)) == "9"
    assert source_name(0, 10 * 28 + 4) == "row 10, col  4"
    assert source_name(2, 0) == "B1"
    for unit in (Unit(0, 0), Unit(1, 15), Unit(2, 3)):
        assert NAMES.unit(NAMES.of(unit)) == unit
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
    lines = [visible(line) for line in layers.output_bars(where, values, LABELS, width)]
    assert [line.split()[:2] for line in lines] == [[str(n), f"{value:.3f}"] for n, value in enumerate(values)]
    winner = text.symbols(where).winner
    assert [n for n, line in enumerate(lines) if winner in line] == [3]
    assert max(map(len, lines)) == width
    full, half = text.symbols(where)[:2]
    space = width - 10
    for line, value in zip(lines, values, strict=True):
        length = line.count(full) + (0.5 * line.count(half) if half else 0)
        assert length == pytest.approx(value * space, abs=0.26 if half else 0.51)


def test_activations_above_1_scale_the_bars():
    lines = layers.output_bars(terminal(), np.array([0, 4.0, 2.0]), ("a", "b", "c"), 30)
    assert [line.count("█") for line in lines] == [0, 20, 10]


@pytest.mark.parametrize("where", TERMINALS)
def test_cells_of_a_layer(where, network, data):
    _, a = plain(network, data.X_test[7])
    lines = [visible(line) for line in layers.layer_lines(where, [a, a], 79)]
    assert len(lines) == 2 and all(len(line) <= 79 for line in lines)
    assert [line[0] for line in lines] == ["A", "B"]
    if not where.colors:
        ramp = "·░▒▓█" if where.blocks else ".:+*#"
        for line, values in zip(lines, a[1:3], strict=True):
            assert line.split()[1:] == 2 * [ramp[round(value * 4)] for value in values]


def test_wide_layers_are_wrapped_and_cut_off():
    lines = layers.cell_lines(terminal(), np.ones(1000), 40)
    assert len(lines) == 7 and max(map(len, lines)) <= 40
    assert lines[-1] == f"and {1000 - 6 * 20:,} more"
    rows = layers.layer_lines(terminal(), [[np.zeros(3), np.full(50, 2.5), np.zeros(2)]], 40)
    assert rows[-1].strip() == "(brightest: 2.5)"
    assert sum(row.count("█") for row in rows) == 50


# ---------------------------------------------------------------------------------------------------- a neuron


@pytest.mark.parametrize("unit", [Unit(0, 12), Unit(1, 3), Unit(2, 9)])
def test_weighted_sum_is_that_of_numpy_and_adds_up(network, data, unit):
    row = data.X_test[7]
    sums, a = plain(network, row)
    layer, index = unit
    spelled = neuron.weighted_sum(network, row, unit, 4)
    products = a[layer] * network.weights[layer][:, index]
    assert spelled.z == pytest.approx(sums[layer][index], abs=1e-4)
    assert spelled.activation == pytest.approx(a[layer + 1][index], abs=1e-5)
    total = sum(term.product for term in spelled.terms) + spelled.others + spelled.bias
    assert total == pytest.approx(spelled.z, abs=1e-4)
    expected = sorted(products, key=abs, reverse=True)[:4]
    np.testing.assert_allclose([term.product for term in spelled.terms], expected, atol=1e-6)
    for term in spelled.terms:
        assert term.product == pytest.approx(term.weight * term.activation)
    assert spelled.n_others + 4 == np.count_nonzero(products)
    shown = [line.split()[-1] for line in neuron.sum_lines(spelled, "sigmoid")]
    values = [*(term.product for term in spelled.terms), spelled.others, spelled.bias, spelled.z]
    assert shown == [*(f"{value:+.3f}" for value in values), f"{spelled.activation:.3f}"]


def test_weighted_sum_of_a_black_image_is_the_bias(network):
    spelled = neuron.weighted_sum(network, np.zeros(784, np.uint8), Unit(0, 3))
    assert (spelled.terms, spelled.n_others) == ([], 0)
    assert spelled.z == spelled.bias
    assert len(neuron.sum_lines(spelled, "sigmoid")) == 3


def test_neuron_nearest_to_zero(network, data):
    sums, _ = plain(network, data.X_test[7])
    assert neuron.nearest_to_zero(network, data.X_test[7], 1) == Unit(1, int(np.abs(sums[1]).argmin()))


@pytest.mark.parametrize(
    ("name", "function"),
    [("logistic", sigmoid), ("relu", lambda z: np.maximum(z, 0)), ("tanh", np.tanh)],
)
def test_activation_function_is_that_of_the_layer(name, function):
    net = Network([4, 3, 2], name, output="softmax")
    z = np.linspace(-9, 9, 50)
    np.testing.assert_allclose(neuron.activation_function(net, 0)(z), function(z), atol=1e-6)
    assert neuron.activation_function(net, 1) is None


@pytest.mark.parametrize("where", TERMINALS)
@pytest.mark.parametrize("z", [-30.0, -8, -1.3, 0, 5, 100])
def test_point_on_the_curve_is_where_the_function_says(where, z):
    width, height, reach = 38, 9, 8
    lines = [visible(line) for line in curves.function_lines(where, sigmoid, z, width, height)]
    assert len(lines) == height and max(map(len, lines)) <= width
    point = text.symbols(where).point
    ((row, column),) = [(n, line.index(point)) for n, line in enumerate(lines) if point in line]
    inside = min(max(z, -reach), reach)
    assert (column - 2) / (width - 3) * 2 * reach - reach == pytest.approx(inside, abs=reach / (width - 3) * 1.01)
    assert 1 - row / (height - 2) == pytest.approx(sigmoid(inside), abs=0.51 / (height - 2))
    assert lines[0][0] == "1" and lines[-2][0] == "0"


# ------------------------------------------------------------------------------------------------------ wishes


def test_wishes_are_those_of_numpy(network, data):
    row, label = data.X_train[4], int(data.y_train[4])
    wanted, sum_wishes = plain_wishes(network, row, label)
    _, a = plain(network, row)
    step = network.explain_step(data.X_train[4:10], data.y_train[4:10])
    lines = wishes.output_wish_lines(terminal(), step, LABELS, 70)
    target = np.eye(10)[label]
    for n, line in enumerate(lines):
        output = a[-1][n]
        expected = [str(n), "is", f"{output:.3f}", "wanted", f"{target[n]:.0f}"]
        expected += ["squared", f"{(output - target[n]) ** 2:.3f}", "wish", f"{wanted[-1][n]:+.3f}"]
        assert line.split()[:9] == expected
        arrows = line.count("▲") - line.count("▼")
        assert arrows * wanted[-1][n] >= 0
    assert max(line.count("▲") + line.count("▼") for line in lines) == 12
    for unit in (Unit(2, 9), Unit(1, 9), Unit(0, 3)):
        ways = wishes.three_ways(step, unit)
        layer, index = unit
        sum_wish, inputs, weights = sum_wishes[layer][index], a[layer], network.weights[layer][:, index].astype(float)
        assert ways.wish == pytest.approx(wanted[layer][index], rel=1e-3)
        assert ways.sum_wish == ways.bias.shares[0] == pytest.approx(sum_wish, rel=1e-3)
        assert ways.wish * ways.slope == pytest.approx(ways.sum_wish)
        np.testing.assert_allclose(ways.weights.shares, sum_wish * inputs, rtol=1e-3, atol=1e-7)
        np.testing.assert_allclose(ways.activations.shares, sum_wish * weights, rtol=1e-3, atol=1e-7)
        sizes = np.array([1, inputs @ inputs, weights @ weights if layer else 0])
        parts = [ways.bias.part, ways.weights.part, ways.activations.part]
        np.testing.assert_allclose(parts, sizes / sizes.sum(), rtol=1e-4)


def test_parts_of_the_three_ways_predict_the_change_of_the_sum(network, data):
    """A small step that follows all wishes of a neuron changes its weighted sum in these proportions."""
    step = network.explain_step(data.X_train[4:5], data.y_train[4:5])
    ways = wishes.three_ways(step, Unit(2, 9))
    inputs, weights = np.array(ways.weights.factors), np.array(ways.activations.factors)
    small = 1e-4
    changes = [
        small * ways.bias.shares[0],
        inputs @ (small * np.array(ways.weights.shares)),
        weights @ (small * np.array(ways.activations.shares)),
    ]
    parts = [ways.bias.part, ways.weights.part, ways.activations.part]
    np.testing.assert_allclose(np.array(changes) / sum(changes), parts, rtol=1e-10)


@pytest.mark.parametrize("width", [59, 79, 119])
@pytest.mark.parametrize("where", TERMINALS)
def test_tables_of_wishes_keep_the_width(network, data, where, width):
    step = network.explain_step(data.X_train[4:5], data.y_train[4:5])
    lines = wishes.output_wish_lines(where, step, LABELS, width, squared=width > 60)
    for unit in (Unit(2, 9), Unit(1, 0), Unit(0, 15)):
        lines += wishes.three_ways_lines(wishes.three_ways(step, unit), unit, NAMES.of(unit), width)
    lines += wishes.layer_wish_lines(step, width)
    lines.append(wishes.passed_wishes_line(step, Unit(1, 9), NAMES, width))
    assert max(len(visible(line)) for line in lines) <= width
    assert all(where.blocks or visible(line).isascii() for line in lines)


@pytest.mark.parametrize("width", [40, 79, 300])
def test_passed_wishes_add_up_to_the_wish(network, data, width):
    step = network.explain_step(data.X_train[4:5], data.y_train[4:5])
    line = wishes.passed_wishes_line(step, Unit(1, 9), NAMES, width)
    name, wish, equals, *terms = line.replace("from ", "").split()
    assert (name, equals) == ("B10:", "=")
    assert float(wish) == pytest.approx(sum(map(float, terms[::2])), abs=0.0056)
    wanted, _ = plain_wishes(network, data.X_train[4], int(data.y_train[4]))
    assert wish == f"{wanted[1][9]:+.3f}"


@pytest.mark.parametrize("width", [59, 79])
def test_wishes_of_every_layer_in_hundredths(network, data, width):
    step = network.explain_step(data.X_train[4:5], data.y_train[4:5])
    wanted, _ = plain_wishes(network, data.X_train[4], int(data.y_train[4]))
    numbers = [word for line in wishes.layer_wish_lines(step, width) for word in line.split() if word[0] in "+-"]
    assert numbers == [f"{100 * value:+.0f}" for layer in (1, 0) for value in wanted[layer]]


# -------------------------------------------------------------------------------------- images, curves and files


def test_digit_is_cropped_to_its_box(data):
    lines = images.digit_lines(terminal(), data.X_test[7], margin=0)
    pixels = data.X_test[7].reshape(28, 28)
    assert max(map(len, lines)) == np.ptp(np.flatnonzero(pixels.any(axis=0))) + 1
    assert len(images.digit_lines(terminal(), np.zeros(784))) == 14


def test_points_of_a_chart():
    series = [curves.Series([0, 0.5, 1], [1, 10, 100], "point", "")]
    axes = curves.Axes((1, 100), [(1, "1"), (100, "100")], [(0, "0"), (1, "30")], logarithmic=True)
    lines = curves.point_chart(terminal(), series, axes, 24, 6)
    assert lines[0].startswith("100│") and lines[4].startswith("  1│●")
    assert lines[2].index("●") in (13, 14)
    assert lines[-1] == "    0" + " " * 17 + "30"


def test_equal_values_of_curves_hide_no_point():
    series = [curves.Series([0, 1], [1, 2], symbol, "") for symbol in ("ring", "point")]
    lines = curves.point_chart(terminal(), series, curves.Axes((1, 2), [], []), 12, 4, staggered=True)
    assert lines[:3] == ["│         ○●", "│", "│○●"]


def test_blocks_side_by_side_ignore_escape_codes():
    colored = text.styled(terminal(colors=256), "ab", "strong")
    assert [visible(line) for line in beside([colored, "abc"], ["x", "y"])] == ["ab   x", "abc  y"]


@pytest.mark.parametrize("shape", [(3, 5), (4, 2, 3)])
def test_png_file_contains_the_pixels(tmp_path, shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    images.write_png(tmp_path / "a.png", pixels, zoom=2)
    content = (tmp_path / "a.png").read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    position, chunks = 8, {}
    while position < len(content):
        (length,) = struct.unpack(">I", content[position : position + 4])
        name, body = content[position + 4 : position + 8], content[position + 8 : position + 8 + length]
        assert struct.unpack(">I", content[position + 8 + length : position + 12 + length]) == (
            zlib.crc32(name + body),
        )
        chunks[name], position = body, position + 12 + length
    width, height, depth, kind = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (height, width, depth, kind) == (2 * shape[0], 2 * shape[1], 8, 0 if len(shape) == 2 else 2)
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    assert not rows[:, 0].any()
    np.testing.assert_array_equal(rows[:, 1:].reshape(height, width, *shape[2:])[::2, ::2], pixels)


def test_sheet_of_weights_has_one_image_per_neuron():
    weights = np.random.default_rng(0).standard_normal((784, 100))
    assert images.weight_sheet(weights[:, :3]).shape == (30, 3 * 29 + 1, 3)
    assert images.weight_sheet(weights).shape == (8 * 29 + 1, 8 * 29 + 1, 3)
    weights[:, 0] = np.where(np.arange(784) % 2, 1, -1)
    sheet = images.weight_sheet(weights)[1:29, 1:29].reshape(784, 3)
    assert (sheet[1::2] == BLUE.rgb).all() and (sheet[::2] == ORANGE.rgb).all()


def test_png_can_be_read_by_pillow(tmp_path):
    image = pytest.importorskip("PIL.Image")
    pixels = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
    images.write_png(tmp_path / "a.png", images.tiled([pixels, pixels], 2))
    with image.open(tmp_path / "a.png") as opened:
        assert opened.size == (11, 5)
        np.testing.assert_array_equal(np.asarray(opened)[1:4, 1:5], pixels)


@pytest.mark.parametrize("background", [0.0, 1.0])
@pytest.mark.parametrize("style", ["up", "down"])
def test_coloured_text_is_legible_on_black_and_on_white(style, background):
    """Contrast as defined by the Web Content Accessibility Guidelines; bold text has the terminal's own colour."""
    index = int(re.fullmatch(r"\x1b\[38;5;(\d+)m", text._STYLES[style])[1]) - 16
    levels = np.array([0, 95, 135, 175, 215, 255])[[index // 36, index // 6 % 6, index % 6]] / 255
    linear = ((levels + 0.055) / 1.055) ** 2.4 * (levels > 0)
    low, high = sorted([float(linear @ [0.2126, 0.7152, 0.0722]), background])
    assert (high + 0.05) / (low + 0.05) > 3.5
    assert text._STYLES["strong"] == "\x1b[1m"
