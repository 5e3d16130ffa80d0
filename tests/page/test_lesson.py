"""The lesson: twelve cards, each of which sets up the network and has a link."""

import re

import numpy as np
import pytest
from browser import DIGITS
from page_models import network_of
from page_parts import page_of

from cmlp import Network

pytestmark = pytest.mark.slow

SELECTED = "selected && neuronName(...selected)"
CARDS = {
    1: ("Easy for you", "[examples.all[shown.example].label, winner(answers)]", [3, 3]),
    2: ("A neuron holds", "[network === trained, selected]", [True, None]),
    3: ("Layer by layer", "winner(answers)", 2),
    4: ("One neuron", SELECTED, "A13"),
    5: ("An edge detector", "[painting, weightsInto(1, 12).filter((w) => w < 0).length > 50]", [True, True]),
    6: ("The bias", "[painting, network.params[layerOf(1).b + 12]]", [False, -5]),
    7: ("At the start", "[network === learner, costs.length]", [True, 0]),
    8: ("Downhill", "[network === learner, running, costs.length]", [True, False, 0]),
    9: ("A hill", "[network === learner, $('hill').hidden]", [True, False]),
    10: ("Backpropagation", "[wishing, isRight(network, examples.all[shown.example])]", [True, False]),
    11: ("Four neurons", "[network === trained, $('chain').hidden]", [True, False]),
    12: ("What it has not", "[examples.all[shown.example].label, shown.target]", [9, 3]),
}


@pytest.mark.parametrize("card", CARDS)
def test_link_opens_a_card_and_sets_up_the_network(card, watch, path):
    page = watch(path, f"#lesson={card}")
    title, state, wanted = CARDS[card]
    assert page.text("#cards article:not([hidden]) h2").startswith(title)
    assert page.evaluate(state) == wanted
    assert page.link() == f"#lesson={card}"
    assert page.page.locator(".training").is_visible() == (card in (7, 8, 10))
    assert page.evaluate("[scrollY, document.documentElement.scrollWidth]") == [0, 1280]


def test_cards_are_turned_by_buttons_and_page_keys(watch, path, model):
    page = watch(path)
    page.page.locator("#lesson-button").click()
    assert page.link() == "#lesson=1" and page.page.locator("#card-back").is_disabled()
    for _ in range(4):
        page.page.locator("#card-next").click()
    assert page.link() == "#lesson=5" and page.evaluate("edits.length") == 5
    page.page.locator("#card-back").click()
    assert page.evaluate("[...trained.params]") == model._fitted().params.tolist()
    page.press("PageDown", "PageDown", "PageUp")
    assert page.link() == "#lesson=5"
    page.page.locator("#card-numbers button").nth(11).click()
    assert page.link() == "#lesson=12" and page.text("#card-next") == "Finish"
    page.page.locator("#card-next").click()
    page.settle()
    assert not page.page.locator("#lesson").is_visible() and page.page.locator(".training").is_visible()
    assert page.evaluate("[network === trained, wishing, edits.length]") == [True, False, 0]


@pytest.mark.parametrize(
    "fragment",
    [
        "#neuron=B4",
        "#view=wishes&wanted=0_0_0_0_0_0_0_0_1_0",
        "#edits=A13*empty*_A13*bias*3&rate=0.5&batch=20&seed=3&show=learner&learned=15x0.5x20_5x2x10",
    ],
)
def test_lesson_gives_back_what_was_drawn_and_learned(fragment, watch, path):
    page = watch(path, f"{fragment}&draw=300-300-600-300-450-800")
    link, learned, image = page.link(), "[...learner.params, ...trained.params]", "[...input]"
    states = [page.evaluate(state) for state in (learned, image)]
    page.page.locator("#lesson-button").click()
    page.draw(DIGITS[1])
    page.press("PageDown")
    page.page.locator("#card-numbers button").nth(7).click()
    page.page.locator("#run").click()
    page.until("costs.length > 3")
    page.page.locator("#lesson-button").click()
    page.until("lessonCard() === 0 && !running")
    assert page.link() == link
    assert [page.evaluate(state) for state in (learned, image)] == states


def test_start_of_a_new_lesson_ends_the_repetition_of_a_training(watch, path):
    page = watch(path)
    page.evaluate("record.push([20000, 2, 100])")  # takes minutes to train
    page.page.locator("#lesson-button").click()
    page.page.locator("#lesson-button").click()
    page.page.locator("#lesson-button").click()
    page.page.locator("#card-numbers button").nth(6).click()
    page.page.wait_for_timeout(200)
    assert page.evaluate("costs.length") == 0


def test_card_on_the_cost_shows_it(watch, path, data):
    page = watch(path, "#lesson=7")
    outputs, label = np.array(page.evaluate("[...answers]")), page.evaluate("examples.all[shown.example].label")
    assert page.page.locator("#own-cost").is_visible()
    shown = float(re.fullmatch(r"Cost: (\d+\.\d+)\.", page.text("#own-cost"))[1])
    assert shown == pytest.approx(np.square(outputs - np.eye(10)[label]).sum(), abs=6e-4) and shown > 1
    first = page.evaluate("learner.gradient(nextBatch(10)).cost")
    assert float(page.text("#cost")) == pytest.approx(first, abs=6e-3)
    page.page.locator("#step").click()
    page.settle()
    assert page.evaluate("costs") == [first]


LEARN = """([stepRate, steps]) => {
    restart(1);
    for (let k = 0; k < steps; k++) learn(stepRate, 10);
    measure();
    const cost = meanCost(examples.train.slice(0, 100));
    return [Math.round(100 * measured.at(-1)[1]), cost, max(...learner.forward(input).a[last])];
}"""


def test_learning_rates_of_the_card_on_learning(watch, story_path):
    """The figures of the lecture's plan; 32 is the end of the slider."""
    page = watch(story_path, "#lesson=8")
    assert [page.evaluate(LEARN, [2, steps])[0] for steps in (500, 1000)] == [77, 84]
    assert page.evaluate(LEARN, [0.1, 1000])[0] == 14
    page.page.locator("#rate").fill("1.5")
    right, cost, largest = page.evaluate(LEARN, [page.evaluate("rate()"), 100])
    assert page.text("#rate-value") == "32"
    assert right < 10 and cost == pytest.approx(1, abs=0.005) and largest < 1e-3


def test_new_fragment_in_the_address_opens_its_card(watch, path):
    page = watch(path, "#lesson=2")
    with page.page.expect_event("load"):
        page.page.evaluate("location.hash = '#lesson=4'")
    page.until("typeof card !== 'undefined' && card === 4 && selected !== null")
    assert page.text("#name") == "A13"


def test_made_edge_detector_finds_bars_but_no_areas(watch, path):
    page = watch(path, "#lesson=5")
    net = network_of(page.evaluate("[...trained.params]"))
    white = net.weighted_sums([[1.0] * 784])[0][0, 12]
    bar = page.evaluate("[...rasterize([[[329, 347], [695, 347]]], SIDE / UNITS, [0, 0])]")
    assert net.weighted_sums([bar])[0][0, 12] > 10 > 0 > white
    seven = int(re.match(r"Active for (\d+)", page.text("#active-text"))[1])
    assert 0 < seven < 150


@pytest.mark.parametrize(
    "net, has_lesson",
    [
        (Network([784, 16, 16, 10], "logistic", output="logistic", loss="squared_error"), True),
        (Network([784, 8, 16, 10], "logistic", output="logistic", loss="squared_error"), False),
        (Network([784, 16, 16, 10], "relu", output="logistic", loss="squared_error"), False),
        (Network([784, 16, 10], "logistic", output="logistic", loss="squared_error"), False),
        (Network([784, 16, 16, 3], "logistic", output="logistic", loss="squared_error"), False),
    ],
)
def test_only_networks_that_the_cards_describe_have_a_lesson(net, has_lesson):
    assert ('id="lesson"' in page_of(net)) == has_lesson
