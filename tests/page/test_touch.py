"""What a visitor changes by hand: a neuron's bias and weights, the image that fools the network, and one step."""

import re

import numpy as np
import pytest
from browser import DIGITS
from page_models import network_of, sixteenths

pytestmark = pytest.mark.slow
A13 = "#neuron=A13"


def active(net, images, neuron=12):
    return net.weighted_sums(images)[0][:, neuron] > 0


def shown_count(page):
    return int(re.match(r"Active for (\d+) of 300 test digits\.", page.text("#active-text"))[1])


def test_bias_slider_changes_the_count_of_active_digits(read, path, model, data):
    page = read(path, A13)
    net, images = network_of(model.network_.params), sixteenths(data.X_test[:300])
    assert shown_count(page) == active(net, images).sum()
    counts = []
    for bias in (-10, 0, 10):
        page.page.locator("#bias").fill(str(bias))
        page.settle()
        net.biases[0][12] = bias
        is_active = active(net, images)
        assert shown_count(page) == is_active.sum()
        shares = page.evaluate("countActive(1, 12).shares")
        assert shares == pytest.approx(
            [is_active[data.y_test[:300] == digit].mean() for digit in range(10)]
        )
        right = (net.forward(images).argmax(axis=1) == data.y_test[:300]).sum()
        assert f"The network reads {right} of them, before " in page.text("#active-text")
        counts.append(shown_count(page))
    assert counts == sorted(counts) and counts[0] < counts[2]


def test_brush_paints_an_edge_detector_and_put_back_restores_it(read, watch, path, model):
    page = read(path, A13)
    page.page.locator("#paint").click()
    page.page.locator("#empty").click()
    box = page.page.locator("#pictures canvas").first.bounding_box()
    for brush, height in (("minus", 0.25), ("minus", 0.5), ("plus", 0.375)):
        page.page.locator(f"#{brush}").click()
        page.page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + height * box["height"])
        page.page.mouse.down()
        page.page.mouse.move(
            box["x"] + 0.7 * box["width"], box["y"] + height * box["height"], steps=5
        )
        page.page.mouse.up()
    page.settle()
    weights = np.array(page.evaluate("[...weightsInto(1, 12)]")).reshape(28, 28)
    assert np.array_equal(np.sign(weights[[2, 6, 10, 14, 20], 14]), [0, -1, 1, -1, 0])
    assert weights.max() == pytest.approx(1) and weights.min() == pytest.approx(-1)
    other = watch(path, page.link())
    assert other.evaluate("[...trained.params]") == page.evaluate("[...trained.params]")
    assert 0 < shown_count(page) == shown_count(other) < 300
    page.page.locator("#put-back").click()
    page.settle()
    assert page.evaluate("[...trained.params]") == model.network_.params.tolist()
    assert "edits" not in page.link() and page.page.locator("#put-back").is_disabled()


def test_brush_moves_by_keys(read, path):
    page = read(path, A13)
    page.page.locator("#paint").click()
    page.page.locator("#empty").click()
    page.page.locator("#pictures canvas").first.focus()
    page.press("Enter", *["ArrowDown"] * 4, "Enter", "ArrowDown")
    weights = np.array(page.evaluate("[...weightsInto(1, 12)]")).reshape(28, 28)
    assert weights.max() == pytest.approx(1)
    assert np.flatnonzero(weights.any(axis=1)).tolist() == list(
        range(5, 14)
    )  # from a quarter of the height, 192 units


def test_weights_are_painted_in_the_trained_network_only(read, path):
    page = read(path, A13 + "&show=learner")
    assert (
        not page.page.locator("#touch").is_visible() and page.page.locator("#active").is_visible()
    )
    page.page.locator("#use-trained").click()
    page.page.locator(".neuron").nth(16).click()
    page.settle()
    assert page.text("#name") == "B1"
    assert page.page.locator("#bias").is_visible() and not page.page.locator("#paint").is_visible()


# ------------------------------------------------------------------------------------------------------------ fooling


def test_fooling_changes_the_answer_by_a_small_change(read, watch, path, model, data):
    nine = int(
        np.flatnonzero((data.y_test[:300] == 9) & (model.predict(data.X_test[:300]) == 9))[0]
    )
    page = read(path, f"#example={500 + nine}")
    page.page.locator("#fool-target").select_option("3")
    page.page.locator("#fool").click()
    page.until("shown.share === 1")
    page.settle()
    image = np.array(page.evaluate("[...input]"), np.float32)
    change = np.abs(image - sixteenths(data.X_test[nine]))
    assert network_of(model.network_.params).forward(image[None]).argmax() == 3
    assert image.min() >= 0 and image.max() <= 1
    assert 0 < change.mean() < 0.1
    assert page.text(".winner b") == "3" and page.text("#fool-text").startswith(
        "9 → 3: each pixel changed by "
    )
    other = watch(path, page.link())
    other.until("shown.share === 1")
    other.settle()
    assert other.evaluate("[...input]") == page.evaluate("[...input]")
    page.page.locator("#fool-target").select_option("anything")
    page.until("shown.share === 1")
    assert np.abs(page.evaluate("[...shown.change]")).sum() <= change.sum() * 1.01


def test_explorer_begins_with_one_deed(read, path):
    page = read(path, "#example=507")
    look = "[getComputedStyle($('fool')).backgroundColor, getComputedStyle($('clear')).backgroundColor]"
    assert (
        page.page.locator("#fool").bounding_box()["y"]
        < page.page.locator("#clear").bounding_box()["y"]
    )
    assert (
        page.text("#deed")
        == f"It reads {page.text('.winner b')}. Can a change that you hardly see make it misread?"
    )
    first = page.evaluate(look)
    assert first[0] != first[1]
    page.page.locator("#fool").click()
    page.settle()
    assert page.text("#deed") == "" and page.evaluate(look) == [first[1]] * 2
    page.page.locator("#random").click()
    page.settle()
    assert page.text("#deed").startswith("It reads ") and page.evaluate(look) == first


def test_anything_is_the_brightest_other_digit_that_can_be_reached(read, story_path):
    """The 9 of the lesson's last card: no change makes it a 4, the second answer."""
    page = read(story_path, "#example=1407")
    changes = page.evaluate(
        "() => labels.map((_, digit) => sum([...foolingChange(input, digit)].map(abs)))"
    )
    percent = [f"{100 * change / 784:.1f}" for change in changes]
    assert percent == ["0.0", "3.5", "3.1", "4.1", "0.0", "0.0", "5.3", "2.7", "3.1", "0.0"]
    outputs = page.evaluate("[...answers]")
    assert np.argsort(outputs)[::-1][:3].tolist() == [9, 4, 8]
    page.page.locator("#fool").click()
    page.until("shown.share === 1")
    page.settle()
    assert page.text("#fool-text").startswith("9 → 8: each pixel changed by 3.1 % on average.")
    page.page.locator("#fool-target").select_option("4")
    page.settle()
    assert page.text("#fool-text") == "9 → 4: no such change was found."


def test_slopes_of_a_lead_equal_differences(read, path):
    page = read(path)
    page.press("7")
    pairs = page.evaluate("""() => {
        const lead = (image) => (({ z }) => z[last - 1][3] - z[last - 1][9])(network.forward(image));
        const slopes = slopesOfLead(network.forward(input), 3, 9);
        const start = Float64Array.from(input);
        return [300, 350, 400, 450].map((at) => {
            const [up, down] = [1e-5, -1e-5].map((by) => lead(start.with(at, start[at] + by)));
            return [slopes[at], (up - down) / 2e-5];
        });
    }""")
    assert all(slope == pytest.approx(difference, rel=1e-4) for slope, difference in pairs)
    assert all(slope for slope, _ in pairs)


def test_drawing_on_ends_the_fooling(read, path):
    page = read(path, "#example=507&fool=3")
    page.draw(DIGITS[1])
    assert page.evaluate("[shown.change ?? null, strokesNow().length]") == [None, 1]
    assert not page.page.locator("#fool-result").is_visible()


# ---------------------------------------------------------------------------------------------------- wishes, answers


def test_wishes_open_on_a_mistake_of_a_half_trained_network(read, path):
    page = read(path)
    page.press("w")
    assert 0.5 <= page.evaluate("measured.at(-1)[1]") < 0.8
    assert page.evaluate(
        "[network === learner, isRight(learner, examples.all[shown.example])]"
    ) == [True, False]
    assert page.evaluate("examples.all[shown.example] === nextBatch(10)[0]")
    assert "Wrong:" in page.text("#source")
    number = page.evaluate("costs.length")
    # Without the wishes, what was shown before is shown again.
    page.press("w")
    assert page.text("#source").startswith("Test digit") and page.evaluate("network === trained")
    page.press("w")
    assert page.text("#source").startswith(
        "A right answer hardly wishes: here is a mistake. Training digit"
    )
    assert page.evaluate("[network === learner, costs.length]") == [True, number]
    assert not re.search(r"\de[-+−]?\d", page.page.locator("body").inner_text())


def test_step_shows_costs_and_outputs_before_and_after(read, path, data):
    page = read(path)
    page.press("w")
    batch = page.evaluate("nextBatch(10).map((one) => examples.train.indexOf(one))")
    X, y = sixteenths(data.X_train[batch]), data.y_train[batch]
    net = network_of(page.evaluate("[...learner.params]"))
    costs = [net.cost(X, y), net.cost(X[:1], y[:1])]
    page.page.locator("#take").click()
    page.settle()
    net.step(X, y, 2.0)
    pairs = [
        (number, after)
        for number, after in zip(costs, [net.cost(X, y), net.cost(X[:1], y[:1])], strict=True)
    ]
    found = re.findall(r"(\d\.\d+) → (\d\.\d+)", page.text("#step-text"))
    assert [tuple(map(float, pair)) for pair in found] == [
        pytest.approx(pair, abs=6e-4) for pair in pairs
    ]
    assert (
        page.page.locator("#step-outputs")
        .get_attribute("aria-label")
        .startswith("Outputs before and after: 0: ")
    )
    page.press("5")
    assert not page.page.locator("#step-outputs").is_visible()


def test_numbers_have_no_exponents(read, path):
    page = read(path)
    values = [0, 1e-9, -1e-9, 0.00012, -0.034, 0.5, 12345, 1e21, -1e30]
    shown = [
        "0",
        "≈ 0",
        "≈ 0",
        "+0.00012",
        "−0.034",
        "+0.5",
        "+12000",
        "+1" + "0" * 21,
        "−1" + "0" * 30,
    ]
    assert page.evaluate("(values) => values.map(fine)", values) == shown


def test_dark_outputs_are_no_answer(read, path):
    page = read(path, "#rate=32&learned=30x32x10&show=learner")
    assert page.evaluate("max(...answers)") < 0.05
    assert page.page.locator(".winner").count() == 0
    assert "The network gives no answer: all outputs are almost 0." in page.text("#source")


def test_neurons_are_named_beside_their_circles(read, path):
    page = read(path, "#neuron=B4")
    assert page.text("#name") == "B4" and page.evaluate("selected") == [2, 3]
    names = "[...document.querySelectorAll('.neuron:not(.output)')].map((one) => one.dataset.name)"
    assert page.evaluate(names) == [f"{layer}{n}" for layer in "AB" for n in range(1, 17)]
    assert read(path, "#neuron=out3").text("#name") == "Output 3"
