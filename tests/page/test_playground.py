"""The playground: a small network on points of a plane, whose training the slider runs back and forth."""

import re

import numpy as np
import pytest
from page_models import largest_difference

from cmlp import Network

pytestmark = pytest.mark.slow


def test_gradient_and_steps_equal_python(watch, story_path):
    page = watch(story_path, "#playground?preset=free&layers=5-3&rate=0.5&l2=0.01&batch=10")
    net = Network([2, 5, 3, 1], "tanh", output="logistic", loss="squared_error", dtype="float64", random_state=0)
    net.params[:] = page.evaluate("[...figure.states[0].params]")
    points = page.evaluate("figure.train.slice(0, 10).map((one) => [...one.input, one.k])")
    X, y = np.array(points)[:, :2], np.array(points)[:, 2:]
    gradient = page.evaluate("[...figure.small.gradient(figure.train.slice(0, 10)).gradient]")
    assert largest_difference(gradient, net.gradient(X, y).flat) < 1e-6
    assert page.evaluate("figure.options.rate") == 1  # 0.5 is not offered
    page.evaluate("figure.goTo(1)")
    decay = np.zeros(len(gradient))
    for weights, of_gradient in zip(net.weights, net.gradient(X, y).weights, strict=True):
        at = np.flatnonzero(np.isin(net.params, weights.ravel()))
        decay[at] = 0.01 * net.params[at]
        assert of_gradient.shape == weights.shape
    after = net.params - (net.gradient(X, y).flat + decay)
    assert largest_difference(page.evaluate("[...figure.small.params]"), after) < 1e-6


def test_slider_goes_back_to_the_same_parameters(watch, story_path):
    page = watch(story_path, "#playground?preset=free&at=0.1")
    first = page.evaluate("() => { figure.goTo(333); return [...figure.small.params]; }")
    page.page.locator("#moment").fill("0.3")
    page.settle()
    assert page.evaluate("() => { figure.goTo(333); return [...figure.small.params]; }") == first


@pytest.mark.parametrize("preset, right", [("circles", 0), ("fading", 2), ("jumping", 1)])
def test_broken_networks_ask_a_question(preset, right, watch, story_path):
    for choice, word in ((right, "Won. "), ((right + 1) % 2, "Lost. ")):
        page = watch(story_path, f"#playground?preset={preset}", reduced_motion="reduce")
        page.page.locator("#bet-options button").nth(choice).click()
        page.until("moment === 1")
        assert page.text("#verdict").startswith(word)


def test_address_holds_everything(watch, story_path):
    page = watch(story_path, "#playground?preset=free")
    page.page.get_by_role("button", name="No points").click()
    for colour, x, y in ((1, 0.25, 0.25), (0, 0.75, 0.5)):
        page.page.get_by_role("button", name=["orange", "blue"][colour], exact=True).click()
        box = page.page.locator("#scene").bounding_box()
        left, top, side = page.evaluate("figure.plane")
        page.page.mouse.click(box["x"] + left + x * side, box["y"] + top + y * side)
    page.page.locator("#controls select").nth(1).select_option("ReLU")
    link = page.link()
    assert "data=own" in link and "curve=relu" in link and re.search("points=-?[0-9]+x-?[0-9]+x1_", link)
    own = page.evaluate("figure.own")
    assert np.array(own) == pytest.approx(np.array([[-0.5, 0.5, 1], [0.5, 0, 0]]), abs=0.03)
    assert watch(story_path, link).evaluate("[figure.own, figure.options.curve]") == [own, "relu"]


def test_hidden_neurons_bend_the_boundary(watch, story_path):
    page = watch(story_path, "#playground?preset=free&data=circles&layers=4&at=1")
    assert page.evaluate("figure.until(PLAY_STEPS).at(-1).share") > 0.95
    assert "test points right 100 %" in page.page.locator("#scene").get_attribute("aria-label")


def test_change_asks_again_and_keeps_the_points(watch, story_path):
    page = watch(story_path, "#playground?preset=circles&at=1")
    assert page.page.locator("#bet-options button").first.is_disabled()
    page.page.get_by_role("button", name="Layers +", exact=True).click()
    assert page.page.locator("#bet-options button").first.is_enabled()
    assert page.page.locator("#controls [aria-pressed=true]").all_inner_texts() == ["x", "y", "blue"]
    page.page.locator("#controls select").nth(0).select_option("own")
    assert page.evaluate("figure.points.length") == 240
    assert page.page.get_by_label("Noise").is_disabled()
    before = page.evaluate("[...figure.states[0].params]")
    page.page.get_by_role("button", name="New start").click()
    assert page.evaluate("[...figure.states[0].params]") != before and "seed=8" in page.link()


def test_change_of_the_rate_goes_on_from_the_moment(watch, story_path):
    page = watch(story_path, "#playground?preset=jumping&at=0.1")
    page.until("moment === aim")
    cost = page.evaluate("figure.states.at(-1).cost")
    page.page.locator("#controls select").nth(2).select_option("1")
    page.settle()
    assert page.evaluate("[moment, figure.states.length, figure.states.at(-1).cost]") == [0.1, 11, cost]
    page.page.locator("#moment").fill("0.2")
    page.until("moment === aim")
    assert page.evaluate("figure.states.map(({ options }) => options?.rate).slice(9, 12)") == [10, 1, 1]


def test_training_goes_on_step_by_step_and_beyond_the_end(watch, story_path):
    page = watch(story_path, "#playground?preset=free&at=1", reduced_motion="reduce")
    page.page.get_by_role("button", name="4,000 more").click()
    page.until("moment === 1")
    assert page.evaluate("[figure.total, figure.states.length]") == [8000, 201]
    page.page.locator("#moment").fill("0.25")
    page.until("moment === aim")
    page.page.get_by_role("button", name="One step").click()
    page.until("moment === aim")
    assert page.evaluate("Math.round(moment * figure.total)") == 2001


def test_inputs_are_chosen(watch, story_path):
    page = watch(story_path, "#playground?preset=circles&layers=&inputs=x²-y²&at=1")
    page.until("moment === 1")
    assert "100 % of the test points" in page.text("#verdict")
    expected = page.evaluate("figure.points.slice(0, 3).map(({ x, y }) => [9 * x * x, 9 * y * y])")
    assert largest_difference(page.evaluate("figure.points.slice(0, 3).map((one) => one.input)"), expected) < 1e-12
    page.page.get_by_role("button", name="sin y", exact=True).click()
    assert page.evaluate("figure.small.sizes") == [3, 1]
    for name in ("x²", "y²", "sin y"):  # the last one stays
        page.page.get_by_role("button", name=name, exact=True).click()
    assert page.evaluate("figure.options.inputs") == "sin y"


def test_wire_that_is_pointed_at_tells_its_weight(watch, story_path):
    page = watch(story_path, "#playground?preset=free")
    box = page.page.locator("#scene").bounding_box()
    [[start, end], words] = page.evaluate("figure.wires[0]")
    across, down = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    page.page.mouse.move(box["x"] + across, box["y"] + down)
    page.settle()
    assert page.evaluate("figure.wire[1]") == words and re.fullmatch(r"x → A1: weight [+−]\d\.\d\d", words)


def test_chapters_open_it_and_back_returns(watch, story_path):
    page = watch(story_path, "#curves?at=0.001")
    page.page.locator("#controls button", has_text="Playground").click()
    assert page.link().startswith("#playground?preset=fading")
    page.page.locator("#chapter-back").click()
    assert page.link() == "#curves"


def test_layers_grow_and_shrink_one_by_one(watch, story_path):
    page = watch(story_path, "#playground?preset=free&layers=8-8")

    def press(name):
        page.page.get_by_role("button", name=name, exact=True).click()
        return page.evaluate("figure.small.sizes")

    assert press("B −") == [2, 8, 7, 1]
    assert press("Layers +") == [2, 8, 7, 7, 1]
    assert page.evaluate("document.activeElement.ariaLabel") == "Layers +"
    assert press("A −") == [2, 7, 7, 7, 1]
    assert "layers=7-7-7" in page.link()
    for _ in range(3):
        sizes = press("Layers −")
    assert sizes == [2, 1] and page.page.get_by_role("button", name="Layers −", exact=True).is_disabled()


@pytest.mark.parametrize("preset, chapter", [("circles", "layers"), ("fading", "curves"), ("jumping", "hill")])
def test_playground_opened_by_its_address_leads_back_to_its_chapter(preset, chapter, watch, story_path):
    page = watch(story_path, f"#playground?preset={preset}")
    assert page.text("#chapter-back") == "Back to the chapter"
    page.page.locator("#chapter-back").click()
    assert page.link() == f"#{chapter}"


def test_keys_ask_neurons(watch, story_path):
    page = watch(story_path, "#playground?preset=free")
    page.page.locator("#scene").focus()
    page.press("ArrowRight", "ArrowRight", "ArrowRight")
    assert re.search(r"A1 = tanh\([+−]\d", page.page.locator("#scene").get_attribute("aria-label"))


def test_playground_fits_a_phone(watch, story_path):
    page = watch(story_path, "#playground?at=1", viewport={"width": 390, "height": 844}, reduced_motion="reduce")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
