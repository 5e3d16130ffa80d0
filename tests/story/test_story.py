"""``cmlp story``: the numbers on its screens equal those computed independently."""

import re

import numpy as np
import pytest
from terminals import terminal

from cmlp import __main__ as cli
from cmlp.story.chapters import learning, outcome
from cmlp.story.chapters.edges import bank, explained
from cmlp.story.chapters.rule import loops, rule
from cmlp.story.page import Page
from cmlp.story.pictures.images import scale_of
from cmlp.story.script import SCREENS
from cmlp.story.tale import Tale

pytestmark = pytest.mark.usefixtures("columns")

EYE = np.eye(10)


def text_of(tale, number, width=79):
    """Return the text of a screen (its number is the one shown) in one line."""
    return " ".join(" ".join(page_of(tale, number, width)).split())


def page_of(tale, number, width=79, moment=1.0):
    """Return the lines of a screen at a moment, at the end with its numbers."""
    scene = SCREENS[number - 1][1]
    page = Page(terminal(), width, scene.motion.first, moment)
    scene.write(tale, page)
    if scene.details is not None and moment == 1:
        scene.details(tale, page)
    return page.lines


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(params, X):
    """Return the activations of all layers, by plain NumPy."""
    layers, position = [X / 255], 0
    for n_in, n_out in ((784, 16), (16, 16), (16, 10)):
        weights = params[position : position + n_in * n_out].astype(float).reshape(n_in, n_out)
        position += n_in * n_out
        layers.append(sigmoid(layers[-1] @ weights + params[position : position + n_out]))
        position += n_out
    return layers


def cost(params, X, y):
    return ((forward(params, X)[-1] - EYE[y]) ** 2).sum(axis=1).mean()


# ---------------------------------------------------------------------------------------------- numbers on the screens


def test_three_threes_differ(tale):
    images = tale.X[tale.threes]
    assert (tale.y[tale.threes] == 3).all()
    any_, all_ = np.any(images > 127, axis=0).sum(), np.all(images > 127, axis=0).sum()
    assert f"{any_} pixels are bright in at least one of them, and only {all_} in" in text_of(tale, 1)
    hidden = forward(tale.params(30), images)[1] > 0.5
    counts = hidden.sum(axis=1)
    text = text_of(tale, 6)
    assert f"they excite {counts[0]}, {counts[1]} and {counts[2]} neurons" in text
    common = [(layer > 0.5).all(axis=0).sum() for layer in forward(tale.params(30), images)[1:3]]
    assert f"but share only {common[0]}; in B they share {common[1]}." in text


def test_rule_counts_loops():
    ring = np.zeros((28, 28), np.uint8)
    ring[5:12, 8:18] = 255
    ring[7:10, 10:16] = 0
    assert loops(ring.ravel()) == [8.0] and rule(ring.ravel()) == 0
    eight = ring.copy()
    eight[11:18, 8:18] = ring[5:12, 8:18]
    assert len(loops(eight.ravel())) == 2 and rule(eight.ravel()) == 8
    assert loops(np.zeros(784, np.uint8)) == [] and rule(np.zeros(784, np.uint8)) == 1
    assert rule(np.full(784, 255, np.uint8)) in range(10)


def test_outputs_of_the_two_images(tale):
    outputs = forward(tale.params(30), tale.X_test)[-1]
    text = text_of(tale, 4)
    for image in (tale.nine, tale.rival):
        assert all(f"{digit} {value:.3f}" in text for digit, value in enumerate(outputs[image]))
    second = np.sort(outputs, axis=1)[:, -2]
    right = outputs.argmax(axis=1) == tale.y_test
    assert second[tale.rival] == second[right].max() and right[tale.rival]
    assert f"add up to {outputs[tale.rival].sum():.2f}" in text
    plain = tale.start(hidden=())
    plain.train()
    right = plain.accuracy(), 100 * (outputs.argmax(axis=1) == tale.y_test).mean()
    assert "Without them, {:.1f} % of new images would be right, with them {:.1f} %".format(*right) in text_of(tale, 5)


def test_weighted_sum_adds_up(tale):
    """The numbers in the column of products add up to z."""
    text = text_of(tale, 7)
    page = Page(terminal(), 79)
    SCREENS[6][1].details(tale, page)
    table = [line for line in page.lines if re.search(r"[+-]\d+\.\d{3}$", line) and "sum z" not in line]
    products = [float(line.split()[-1]) for line in table]
    (total,) = [float(line.split()[-1]) for line in page.lines if line.startswith("  sum z")]
    assert len(products) == 6 and abs(sum(products) - total) < 0.005
    index = int(tale.neuron[1:]) - 1
    assert f"sigmoid(z) {forward(tale.params(30), tale.X_test[tale.nine][None])[1][0, index]:.3f}" in text
    assert "falls to" in text and "rises to" in text


def test_filled_block_has_a_dark_margin(tale):
    """Otherwise it is white on white on a light terminal."""
    lines = page_of(tale, 9)
    start = next(n for n, line in enumerate(lines) if line.startswith("the neuron")) + 1
    block = [f"{line:60}"[44:] for line in lines[start : start + 9]]
    assert block == [" " * 16, *["  ████████████  "] * 7, " " * 16]


def test_neuron_made_by_hand(tale):
    seven = tale.X_test[0].reshape(28, 28) / 255
    plus = seven[8:11, 10:18].sum()
    minus = seven[6:8, 10:18].sum() + seven[11:13, 10:18].sum()
    text = text_of(tale, 9)
    assert f"+ only {plus:.2f} 24.00" in text
    assert f"+ and - {plus - 0.75 * minus:.2f} 0.00" in text
    images = tale.X_test.reshape(-1, 28, 28) / 255
    for top in (8, 19):
        around = images[:, top - 2 : top, 10:18].sum((1, 2)) + images[:, top + 3 : top + 5, 10:18].sum((1, 2))
        sums = images[:, top : top + 3, 10:18].sum((1, 2)) - 0.75 * around
        for bias in (0, -5, -10, -15):
            assert re.search(rf" {bias} .*\b{(sums + bias > 0).sum()}\b", text_of(tale, 10))


def test_function_is_three_lines_of_numpy(tale):
    text = text_of(tale, 11)
    for number in ("12,544", "+ 16 = 12,560", "256", "= 272", "160", "= 170", "12,960", "+ 42 = 13,002"):
        assert number in text
    a = tale.X_test[tale.nine] / 255
    net = tale.network(30)
    for W, b in zip(net.weights, net.biases, strict=True):
        a = 1 / (1 + np.exp(-(a @ W + b)))
    difference = np.abs(a - net.forward(tale.X_test[tale.nine][None])[0]).max()
    assert difference < 1e-6 and f"at most {difference:.0e}" in text


def test_cost_is_spelled_out(tale):
    text = text_of(tale, 13)
    row, label = tale.X_test[tale.nine][None], tale.y_test[tale.nine]
    before, after = (forward(tale.params(n), row)[-1][0] for n in (0, 30))
    off = before - EYE[label]
    for digit in range(10):
        assert f"{digit} {before[digit]:.3f} {int(digit == label)} {off[digit] ** 2:.3f} █" in text
    assert f"sum {(off**2).sum():.3f} the cost of this 9" in text
    assert f"this 9 costs {((after - EYE[label]) ** 2).sum():.5f}" in text
    averages = [cost(tale.params(n), tale.X, tale.y) for n in (0, 30)]
    assert f"before learning {(off**2).sum():.5f} {averages[0]:.5f} 10.7 %" in text
    assert f"after learning {((after - EYE[label]) ** 2).sum():.5f} {averages[1]:.5f} 88.9 %" in text


def test_gradient_points_uphill(tale):
    params = tale.params(1).astype(float)
    gradient = tale.network(1, "float64").gradient(tale.X, tale.y).flat
    base = cost(params, tale.X, tale.y)
    for sign, name in ((-1, "downhill"), (1, "uphill")):
        change = cost(params + sign * 0.1 * gradient / np.linalg.norm(gradient), tale.X, tale.y) - base
        assert np.isclose(learning.change_of_cost(tale, sign * gradient, 0.1), change, rtol=1e-6), name


def test_ten_steps_follow_the_slope(tale):
    steps, network = learning.ten_steps(tale), tale.network(1, "float64")
    params, gradient = network.params.copy(), network.gradient(tale.X, tale.y).flat
    for rate, costs in steps.items():
        assert costs[0] == pytest.approx(cost(params, tale.X, tale.y), rel=1e-6) and len(costs) == 11
        assert costs[1] == pytest.approx(cost(params - rate * gradient, tale.X, tale.y), rel=1e-6)
        assert f"rate {rate:g} {costs[10]:.3f}" in text_of(tale, 16)
    creeping, good, leaping = (costs[10] for costs in steps.values())
    assert good < creeping < steps[0.05][0] < leaping
    assert "ends higher up" in text_of(tale, 16)


def test_screens_do_not_change_what_others_show():
    """The hill trains networks of its own."""
    (hill,) = (n for n, (_, scene) in enumerate(SCREENS, 1) if scene.title == "A hill with a ball")
    numbers = [hill - 1, hill, 18, 21]
    first, second = Tale(), Tale()
    texts = {number: text_of(first, number) for number in numbers}
    assert {number: text_of(second, number) for number in reversed(numbers)} == texts


def test_three_ways_add_up(tale):
    """Shares of output 9, by plain NumPy."""
    row, label = tale.X[tale.lesson][None], tale.y[tale.lesson]
    _, _, b, out = (layer[0] for layer in forward(tale.params(1), row))
    wish = 2 * (EYE[label] - out)
    sum_wish = wish * out * (1 - out)
    weights = tale.params(1)[-170:-10].astype(float).reshape(16, 10)
    text = text_of(tale, 18)
    head = (
        f"wish {wish[9]:+.3f} x slope of its sigmoid {out[9] * (1 - out[9]):.3f} = wish for its sum {sum_wish[9]:+.4f}"
    )
    assert head in text and f"bias wish {sum_wish[9]:+.4f}" in text
    sizes = np.array([1, b @ b, weights[:, 9] @ weights[:, 9]])
    for name, part in zip(("bias", "weights", "activations"), 100 * sizes / sizes.sum(), strict=True):
        assert re.search(rf"{name} wish .* {part:.0f} %", text)
    largest = int((b * sum_wish[9]).argmax())
    assert f"B{largest + 1} {b[largest] * sum_wish[9]:+.4f}" in text
    loud = int(tale.loud[1:]) - 1
    passed = weights[loud] * sum_wish
    screen = page_of(tale, 19)
    rows = [line for line in screen if line.startswith("  output ")]
    loudest = sorted(np.argsort(-abs(passed))[:3])
    assert [int(row.split()[1]) for row in rows] == loudest
    for i, row in zip(loudest, rows, strict=True):
        factors = [float(text) for text in re.findall(r"[+-]?\d\.\d{3}", row)]
        assert factors == pytest.approx([wish[i], out[i] * (1 - out[i]), weights[loud, i], passed[i]], abs=6e-4)
    assert any("7 others" in line and f"{np.delete(passed, loudest).sum():+.3f}" in line for line in screen)
    assert any(f"{tale.loud} should change by" in line and f"{passed.sum():+.3f}" in line for line in screen)
    shares = [f"({part:.0f} %)" for part in 100 * sizes / sizes.sum()]
    assert re.findall(r"\(\d+ %\)", text) == shares and f"= {sum_wish[9]:+.3f} for its sum" in text
    assert f"{sum_wish[9]:+.4f} for our 9, image {tale.lesson}." in text_of(tale, 20)
    screen = text_of(tale, 17)
    rows = enumerate(zip(out, wish, strict=True))
    assert all(f"is {v:.3f} wanted {int(d == 9)} wish {w:+.3f}" in screen for d, (v, w) in rows)


def test_average_wish_is_minus_the_gradient(tale):
    text = text_of(tale, 20)
    _, _, b, out = forward(tale.params(1), tale.X[:10])
    sum_wish = 2 * (EYE[tale.y[:10]] - out) * out * (1 - out)
    each = sum_wish[:, 9]
    assert f"bias of 9 {each.mean():+.6f} {each.mean():+.6f}" in text
    source, mean = re.search(r"B(\d+) to 9 ([+-]0\.\d{6})", text).groups()
    assert float(mean) == pytest.approx((b[:, int(source) - 1] * each).mean(), abs=1e-6)
    assert float(re.search(r"the largest difference is (\S+),", text)[1]) < 1e-15


def test_bank_explains_its_own_filters():
    used = np.ones(784, bool)
    filters = bank()
    assert filters.shape == (22 * 22 * 8 * 2 * 2, 784)
    np.testing.assert_allclose(explained(filters[[5, 7000]].T, used), 1, rtol=1e-5)
    noise = np.random.RandomState(0).standard_normal((784, 5))
    assert explained(noise, used).max() < 0.05


def test_examination(tale):
    text = text_of(tale, 26, width=60)  # the text is below the pictures
    params = tale.params(30)
    outputs = forward(params, tale.X_test)[-1]
    wrong = outputs.argmax(axis=1) != tale.y_test
    assert f"{(outputs.max(axis=1)[wrong] > 0.9).sum()} of its {wrong.sum()} mistakes" in text
    noise = np.random.RandomState(1).randint(0, 256, (1000, 784))
    answers = forward(params, noise)[-1]
    counts = np.bincount(answers.argmax(axis=1), minlength=10)
    assert f"it calls {counts.max()} a {counts.argmax()}." in text
    assert f"the answers to {(answers.max(axis=1) > 0.9).sum()} of the 1,000 images" in text
    costs = [cost(tale.params(n), *data) for data in ((tale.X, tale.y), (tale.X_test, tale.y_test)) for n in (10, 30)]
    assert "from {:.3f} to {:.3f}, that of the new ones from {:.3f} to {:.3f}".format(*costs) in text
    training = 100 * (forward(params, tale.X)[-1].argmax(axis=1) == tale.y).mean()
    assert f"{training:.1f} % right. New ones: 88.9 %" in text


# ------------------------------------------------------------------------------------------------------------- motion


def test_pixels_multiply_into_the_sum_row_by_row(tale):
    row, weights = tale.X_test[tale.nine] / 255, tale.network(30, "float64").weights[0][:, tale.unit.neuron]
    rows = np.flatnonzero(row.reshape(28, 28).any(axis=1))
    for moment in (0.0, 0.3, 0.8):
        n = rows[0] + round(moment * (rows[-1] + 1 - rows[0]))
        so_far = (row * weights)[: 28 * n].sum()
        assert f"{tale.neuron} so far: {so_far:+.3f}" in " ".join(page_of(tale, 7, moment=moment))


def test_point_slides_along_the_sigmoid(tale):
    for moment, z in ((0.0, -8.0), (0.35, 0.0), (0.7, 8.0)):
        assert f"z = {z:+.2f} becomes {sigmoid(z):.4f}" in " ".join(page_of(tale, 8, moment=moment))
    (line,) = (n for n, text in enumerate(page_of(tale, 8, moment=0.7)) if "●" in text)
    assert line == 0 and "becomes" not in text_of(tale, 8)


def test_bias_shifts_the_sums_of_both_digits(tale):
    for moment, bias in ((0.0, 0), (0.5, -5), (1.0, -10)):
        text = " ".join(page_of(tale, 10, moment=moment))
        assert f"bias {bias:+.1f}" in text
        becomes = [f"{sigmoid(total + bias):.2f}" for total in (15.03, 7.54)]
        assert re.findall(r"becomes (\d\S+)", text) == becomes


def test_wishes_arrive_one_after_the_other_and_add_up(tale):
    for moment, n in ((0.0, 0), (0.35, 2), (0.7, 4)):
        lines = page_of(tale, 19, moment=moment)
        assert sum(bool(re.search(r"> [+-]", line)) for line in lines) == n
        assert any("should change by" in line for line in lines) == (n == 4)
    bars = [line.partition("│")[2].rstrip() for line in page_of(tale, 19) if "> " in line]
    assert "█" * 10 in bars[0] and len(bars[1]) == len(bars[0]) and len(bars[2]) == len(bars[1]) - bars[1].count("█")


def test_mean_of_the_wishes_is_that_of_those_asked(tale):
    _, _, _, out = forward(tale.params(1), tale.X[:10])
    each = (2 * (EYE[tale.y[:10]] - out) * out * (1 - out))[:, 9]
    for moment, n in ((0.1, 1), (0.5, 5), (1.0, 10)):
        lines = page_of(tale, 20, moment=moment)
        (mean,) = (line for line in lines if f"  mean of {n} " in line)
        assert float(mean.split()[3]) == pytest.approx(each[:n].mean(), abs=5e-5)
        assert sum(bool(re.search(r": a \d +[+-]", line)) for line in lines) == n


def test_hasty_steps_are_those_of_the_first_pass(tale):
    costs = outcome.hasty_steps(tale)
    assert costs[0] == pytest.approx(cost(tale.params(0), tale.X, tale.y), rel=1e-6)
    assert costs[-1] == pytest.approx(cost(tale.params(1), tale.X, tale.y), rel=1e-6)
    assert f"100 steps on 10 each {costs[20]:.3f}" in " ".join(" ".join(page_of(tale, 22, moment=0.2)).split())


def test_training_on_the_screen_is_that_of_the_digits_command(tale, capsys):
    text = text_of(tale, 23)
    assert cli.main(["digits", "--epochs", "3"]) == 0
    printed = capsys.readouterr().out
    for epoch in (0, 1, 3):
        line = re.search(rf"epoch {epoch}/3  cost (\S+)  gradient (\S+)  test accuracy (\S+ %)", printed)
        assert re.search(rf" {epoch} {line[1]} \S+ % {line[3]} {float(line[2]):.3f}", text)


@pytest.mark.slow
def test_batches_and_relu(tale):
    """The claims of screens 22 and 24 in numbers."""
    angles = {size: outcome.batch_angles(tale, size, 1).mean() for size in (1, 10, 100, 1000)}
    assert sorted(angles.values(), reverse=True) == list(angles.values())
    rng = np.random.RandomState(0)
    rows = rng.choice(5000, 10, replace=False)
    net = tale.network(1)
    batch, whole = net.gradient(tale.X[rows], tale.y[rows]).flat, net.gradient(tale.X, tale.y).flat
    cosine = np.dot(batch.astype(float), whole) / np.linalg.norm(batch.astype(float)) / np.linalg.norm(whole)
    assert outcome.batch_angles(tale, 10, 1)[0] == pytest.approx(np.degrees(np.arccos(cosine)), rel=1e-4)
    assert "500 hasty steps beat one careful step:" in text_of(tale, 22)
    text = text_of(tale, 24)
    assert "With two hidden layers, it is a draw. With four, the sigmoids learn next to nothing" in text


@pytest.mark.parametrize("seed", range(9))
@pytest.mark.slow
def test_overfitting_is_said_only_if_the_cost_of_new_images_rose(seed):
    tale = Tale(seed)
    early, late = ((forward(tale.params(passes), tale.X_test)[-1] - EYE[tale.y_test]) for passes in (10, 30))
    rose = (late**2).sum() > (early**2).sum()
    assert ("learning these images" in text_of(tale, 26)) == rose


@pytest.mark.parametrize("number", [12, 23, 26])
def test_screens_say_to_which_run_their_numbers_belong(tale, number):
    assert "this run alone: float32, seed 0" in text_of(tale, number).lower()


def test_bars_of_uphill_and_downhill_point_to_different_sides(tale):
    lines = [line for line in page_of(tale, 14) if "the gradient  " in line]
    down, up = ((line.index("█"), line.index("│")) for line in lines)
    assert down[0] < down[1] and up[1] < up[0]


def test_less_cost_is_blue(tale):
    blue, orange = "\x1b[38;5;32m", "\x1b[38;5;166m"
    for number, less, more in ((14, "against the gradient", "along the gradient"), (21, "+0.10000", None)):
        page = Page(terminal(colors=2**24), 79, SCREENS[number - 1][1].motion.first)
        SCREENS[number - 1][1].write(tale, page)
        (line,) = (line for line in page.lines if less in line)
        assert blue in line and orange not in line and ("-0.00708" in line or more)
        assert more is None or any(more in line and orange in line for line in page.lines)


def test_printed_pixels_are_marked_in_the_picture(tale):
    columns, *rows = page_of(tale, 3)
    (last,) = (row for row in rows if row.startswith("12 "))
    bright = np.flatnonzero(tale.X_test[tale.nine].reshape(28, 28)[12:14].mean(axis=0) > 240).tolist()
    for number in (11, 18):
        start = columns.index(str(number)) - number
        assert [i - start for i, mark in enumerate(last[:20]) if mark == "█"] == bright


def test_all_rates_start_at_one_mark(tale):
    lines = page_of(tale, 16)
    starts = [line[5:8] for line in lines[:13]]
    assert starts.count("█  ") == 1 and not set("".join(starts)) - set("█ ")
    assert f"all start {cost(tale.params(1), tale.X, tale.y):.3f}" in text_of(tale, 16)


def test_neurons_have_ticks_where_their_cells_are(tale):
    lines = page_of(tale, 6)
    ticks = next(line for line in lines if line.endswith("output 3"))
    cells = next(line for line in lines if " A  " in line)
    for number in (1, 5, 10, 15):
        start = ticks.index(f" {number} ") + 1
        assert start == cells.index("A  ") + 3 + 2 * (number - 1)


def test_product_of_pixels_and_weights_is_drawn(tale):
    page = Page(terminal(colors=2**24), 79)
    SCREENS[6][1].write(tale, page)
    weights = tale.network(30).weights[0][:, tale.unit.neuron]
    scaled = (weights / scale_of(weights) * tale.X_test[tale.nine] / 255).reshape(28, 28)
    left = np.flatnonzero(tale.X_test[tale.nine].reshape(28, 28).any(axis=0))[0] - 1
    (row,) = terminal(colors=2**24).draw(scaled[10:12, left : left + 20], signed=True)
    title = next(line for line in page.lines if "pixel x weight" in line)
    assert title.index("the 9") < title.index("A13: blue +, orange -") < title.index("pixel x weight")
    assert any(line.rstrip().endswith(row) for line in page.lines)
