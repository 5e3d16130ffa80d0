"""Wishes need targets: the page asks what a drawing is, and wishes that are small are drawn small."""

import re

import numpy as np
import pytest
from browser import DIGITS
from page_models import network_of

from cmlp import MLPRegressor

pytestmark = pytest.mark.slow

ARROWS = "[...document.querySelectorAll('.neuron')].map((one) => one.dataset.wish).join('')"
# How much is drawn to the right of the inputs' image: the sum of the opacities of all pixels.
INK = """() => {
    const { width, height } = $("wires");
    const left = grid.side + 2;
    const copy = new OffscreenCanvas(width, height).getContext("2d");
    copy.drawImage($("wires"), 0, 0);
    const { data } = copy.getImageData(left, 0, width - left, height);
    return data.reduce((total, value, at) => total + (at % 4 === 3 ? value : 0), 0);
}"""


def rising(page):
    return page.page.locator('.output[data-wish="▲"] b').all_inner_texts()


@pytest.fixture
def asked(read, path):
    """A page with a drawn 3 whose wishes are asked for."""
    page = read(path)
    page.draw(DIGITS[3])
    page.press("w")
    return page


def test_drawing_has_no_wishes_until_it_is_named(asked):
    assert asked.text("#question") == "What did you draw?"
    assert asked.page.locator("#guesses button").all_inner_texts() == [
        str(digit) for digit in range(10)
    ]
    assert asked.evaluate(ARROWS) == "" and asked.evaluate(INK) == 0
    assert asked.text("#own-cost") == ""
    asked.link()
    assert (
        " ".join(asked.text("#spoken").split())
        == asked.text("#source").strip() + " What did you draw?"
    )


@pytest.mark.parametrize("by", ["button", "key", "list"])
def test_named_drawing_has_wishes_for_its_name(by, asked, watch, path):
    if by == "button":
        asked.page.locator("#guesses button").nth(8).click()
    elif by == "key":
        asked.press("8")
    else:
        asked.page.locator("#wanted").select_option("8")
    asked.settle()
    assert asked.evaluate("[strokesNow().length, targetsNow()]") == [
        1,
        [float(digit == 8) for digit in range(10)],
    ]
    assert rising(asked) == ["8"] and asked.evaluate(INK) > 0
    assert (
        asked.text("#question") == "It should be"
        and asked.page.locator("#wanted").input_value() == "8"
    )
    assert not asked.page.locator("#guesses").is_visible()
    outputs = np.array(asked.evaluate("[...answers]"))
    wanted = np.square(outputs - np.eye(10)[8]).sum()
    assert float(re.fullmatch(r"Cost: (\d+\.\d+)\.", asked.text("#own-cost"))[1]) == pytest.approx(
        wanted, abs=6e-4
    )
    assert rising(watch(path, asked.link())) == ["8"]
    asked.press("5")
    assert asked.evaluate("examples.all[shown.example].label") == 5


def test_name_holds_for_further_strokes_and_not_for_the_next_drawing(read, path):
    page = read(path)
    page.draw(DIGITS[4][:1])
    page.press("w", "4")
    page.draw(DIGITS[4][1:])
    assert rising(page) == ["4"] and page.evaluate("strokesNow().length") == 2
    page.press("c")
    assert not page.page.locator("#wanted-row").is_visible() and page.evaluate(ARROWS) == ""
    page.draw(DIGITS[7])
    assert page.text("#question") == "What did you draw?" and page.evaluate(ARROWS) == ""


def test_step_without_a_name_shows_the_cost_of_the_batch_only(asked):
    asked.page.locator("#take").click()
    asked.settle()
    assert asked.text("#step-text").startswith("Cost of these 10 digits: ")
    assert "shown" not in asked.text("#step-text")


def test_noise_and_numbers_are_asked_for_without_a_drawing(watch, path, tmp_path):
    page = watch(path, "#noise=5&view=wishes")
    assert page.text("#question") == "What should it be?" and page.evaluate(ARROWS) == ""
    X = np.random.RandomState(0).random_sample((40, 3))
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=2, random_state=0)
    with pytest.warns(UserWarning):  # it has not converged
        model.fit(X, X[:, 0])
    model.to_html(tmp_path / "page.html", data=(X, X[:, 0], X, X[:, 0]))
    page = watch(tmp_path / "page.html", "#values=0.1_0.2_0.3&view=wishes")
    assert page.text("#question") == "What should it be?"
    assert page.evaluate(ARROWS) == "" and page.page.locator("#wanted").input_value() == ""
    page.page.locator("#wanted").fill("99")
    page.page.locator("#wanted").blur()
    page.settle()
    assert page.evaluate(ARROWS).startswith(("▲", "▼")) and rising(page) == ["output"]


@pytest.mark.parametrize("size", [(320, 800), (640, 400), (1280, 800)])
def test_answers_are_large_enough_to_touch(size, read, path):
    page = read(
        path,
        "#draw=300-300-600-300-450-800&view=wishes",
        viewport=dict(zip(("width", "height"), size, strict=True)),
    )
    boxes = [one.bounding_box() for one in page.page.locator("#guesses button").all()]
    assert len(boxes) == 10 and min(min(box["width"], box["height"]) for box in boxes) >= 24
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_wires_and_arrows_fade_with_the_wishes(read, story_path):
    page = read(story_path, "#explore")
    costs = page.evaluate(
        "examples.test.map((one) => network.compare(network.forward(one.input), one.targets).cost)"
    )
    learned, mistake = int(np.argmin(costs)), int(np.argmax(costs))
    assert costs[learned] < 1e-4 and costs[mistake] > 1
    page = read(story_path, f"#example={1400 + learned}&view=wishes")
    values = page.page.locator(".value").all_inner_texts()
    assert {text.lstrip("+−") for text in values} <= {"0.00", "0.01"}
    ink = page.evaluate(INK)
    assert page.evaluate(ARROWS) == ""
    page.evaluate("(n) => showTest(n)", mistake)
    page.settle()
    assert page.evaluate(ARROWS) and page.evaluate(INK) > 20 * ink


def test_wires_of_a_mistake_are_as_strong_as_the_largest_wish(read, path, data):
    """The size is the largest wish of an output, and 1 at most."""
    page = read(path)
    for n in range(20):
        page.evaluate("(n) => { wishing = true; showTest(n); paint(); }", n)
        net = network_of(page.evaluate("[...network.params]"))
        outputs = net.forward(np.array(page.evaluate("[...input]"), np.float32)[None])[0]
        largest = np.abs(2 * (outputs - np.eye(10)[data.y_test[n]])).max()
        assert page.evaluate("force()") == pytest.approx(min(1, largest), abs=1e-5)


def test_wishes_travel_back_once_when_the_view_is_opened(watch, path):
    page = watch(path)
    page.evaluate("() => { requestAnimationFrame = () => 1; performance.now = () => 1000; }")
    page.evaluate("() => { showWishes(true); frame = 0; }")
    seen = []
    for layers in (0, 0.5, 1, 2, 3):
        page.evaluate("(layers) => { travelled = layers; paint(); }", layers)
        arrows = page.evaluate(
            "buttons.map((column) => column.filter((one) => one.dataset.wish).length)"
        )
        seen.append(([n > 0 for n in arrows], page.evaluate(INK)))
    assert [arrows for arrows, _ in seen] == [
        [False, False, False, True],
        [False, False, False, True],
        [False, False, True, True],
        [False, True, True, True],
        [False, True, True, True],
    ]
    inks = [ink for _, ink in seen]
    assert inks[0] == 0 and inks == sorted(inks) and inks[1] < inks[2] < inks[3]


def test_wishes_do_not_travel_with_reduced_motion(read, path):
    page = read(path, reduced_motion="reduce")
    page.press("w")
    assert page.evaluate("travelled") == float("inf") and page.evaluate(ARROWS)
