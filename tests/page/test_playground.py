"""The playground: a small network on points of a plane, whose training the slider runs back and forth."""

import re
from pathlib import Path

import numpy as np
import pytest
from firefox import firefox
from page_models import largest_difference

from cmlp import Network

pytestmark = pytest.mark.slow

# The words that are painted.
TEXTS = """async () => {
    const seen = [], original = note;
    note = (pen, text, ...others) => { seen.push(String(text)); original(pen, text, ...others); };
    await new Promise((done) => { requestPaint(); requestAnimationFrame(() => requestAnimationFrame(done)); });
    note = original;
    return seen.join("\\n");
}"""


def control(page, name):
    return page.page.locator("#controls").get_by_label(name)


def test_gradient_and_steps_equal_python(read, story_path):
    page = read(story_path, "#playground?preset=free&layers=5-3&rate=0.5&l1=0.001&l2=0.01&batch=10")
    net = Network(
        [2, 5, 3, 1],
        "tanh",
        output="logistic",
        loss="squared_error",
        dtype="float64",
        random_state=0,
    )
    net.params[:] = page.evaluate("[...figure.states[0].params]")
    points = page.evaluate("figure.train.slice(0, 10).map((one) => [...one.input, one.k])")
    X, y = np.array(points)[:, :2], np.array(points)[:, 2:]
    gradient = page.evaluate(
        "() => { figure.goTo(0); return [...figure.small.gradient(figure.train.slice(0, 10)).gradient]; }"
    )
    assert largest_difference(gradient, net.gradient(X, y).flat) < 1e-6
    assert page.evaluate("figure.options.rate") == 1  # 0.5 is not offered
    stepped = page.evaluate("() => { figure.goTo(1); return [...figure.small.params]; }")
    decay = np.zeros(len(gradient))
    for weights, of_gradient in zip(net.weights, net.gradient(X, y).weights, strict=True):
        at = np.flatnonzero(np.isin(net.params, weights.ravel()))
        decay[at] = 0.01 * net.params[at] + 0.001 * np.sign(net.params[at])
        assert of_gradient.shape == weights.shape
    after = net.params - (net.gradient(X, y).flat + decay)
    assert largest_difference(stepped, after) < 1e-6


def test_slider_goes_back_to_the_same_parameters(read, story_path):
    page = read(story_path, "#playground?preset=free&at=0.1")
    first = page.evaluate("() => { figure.goTo(333); return [...figure.small.params]; }")
    page.page.locator("#moment").fill("0.3")
    page.settle()
    assert page.evaluate("() => { figure.goTo(333); return [...figure.small.params]; }") == first


@pytest.mark.parametrize("preset, right", [("circles", 0), ("fading", 2), ("jumping", 1)])
def test_broken_networks_ask_a_question(preset, right, read, story_path):
    for choice, word in ((right, "Won. "), ((right + 1) % 2, "Lost. ")):
        page = read(story_path, f"#playground?preset={preset}", reduced_motion="reduce")
        page.page.locator("#bet-options button").nth(choice).click()
        page.until("moment === 1")
        assert page.text("#verdict").startswith(word)
        assert page.evaluate("figure.stepNow()") == 1000


def test_run_of_a_broken_network_stops_at_the_step_of_its_verdict(read, story_path):
    page = read(story_path, "#playground?preset=jumping")
    page.evaluate("figure.speed = 10")
    page.page.get_by_role("button", name="Run").click()
    page.until("decided")
    assert page.evaluate("figure.says(0.15)") == "No bet. What is wrong is said at step 1000."
    page.until("$('verdict').textContent")
    assert page.evaluate("[isMoving, figure.stepNow()]") == [False, 1000]
    verdict = page.text("#verdict")
    assert re.match(r"After 1000 steps: .* The cost rose \d+ of 50 times", verdict)
    share, cost, test_cost = re.search(
        r"(\d+ %) .*cost (\S+), on test points (\S+)\.", verdict
    ).groups()
    assert {share, cost, test_cost} <= set(page.evaluate(TEXTS).split("\n"))
    page.page.get_by_role("button", name="Run").click()
    page.until("figure.stepNow() > 1020")
    page.page.get_by_role("button", name="Pause").click()
    assert page.text("#verdict") == verdict


def test_run_begins_slowly_and_speeds_up(read, story_path):
    """The boundary of the default takes 6 to 10 seconds to bend; frames come every 50 ms here."""
    page = read(story_path, "#playground?preset=free")
    bent, done = page.evaluate("""() => {
        const frames = [], real = requestAnimationFrame;
        requestAnimationFrame = (act) => frames.push(act);
        figure.run();
        let [time, bent] = [0, 0];
        for (; figure.stepNow() < 1000; time += 50) {
            frames.splice(0).forEach((act) => act(time));
            const share = figure.until(figure.stepNow())[floor(figure.stepNow() / figure.every)].share;
            if (!bent && share > 0.95) bent = time;
        }
        requestAnimationFrame = real;
        pressPlay();
        return [bent, time];
    }""")
    assert 6000 < bent < 10_000 and done < 17_000


def test_bet_on_a_broken_network_is_not_one_on_what_it_is_changed_to(read, story_path):
    page = read(story_path, "#playground?preset=jumping")
    page.page.get_by_role("button", name="Step", exact=True).click()
    control(page, "Rate").select_option("1")
    assert (
        page.text("#bet-question")
        == "How many points will this network get right after 1000 steps?"
    )
    assert page.page.locator("#bet").is_visible()


def test_address_holds_everything(read, story_path):
    page = read(story_path, "#playground?preset=free")
    page.page.get_by_role("button", name="No points").click()
    for colour, x, y in ((1, 0.25, 0.25), (0, 0.75, 0.5)):
        page.page.get_by_role("button", name=["orange", "blue"][colour], exact=True).click()
        box = page.page.locator("#scene").bounding_box()
        left, top, side = page.evaluate("figure.plane")
        page.page.mouse.click(box["x"] + left + x * side, box["y"] + top + y * side)
    control(page, "Curve").select_option("ReLU")
    link = page.link()
    assert (
        "data=own" in link
        and "curve=relu" in link
        and re.search("points=-?[0-9]+x-?[0-9]+x1_", link)
    )
    own = page.evaluate("figure.own")
    assert np.array(own) == pytest.approx(np.array([[-0.5, 0.5, 1], [0.5, 0, 0]]), abs=0.03)
    assert read(story_path, link).evaluate("[figure.own, figure.options.curve]") == [own, "relu"]


def test_hidden_neurons_bend_the_boundary(read, story_path):
    page = read(story_path, "#playground?preset=free&data=circles&layers=4&at=1")
    assert page.evaluate("figure.until(PLAY_STEPS).at(-1).share") > 0.95
    assert "100 % of the test points right" in page.page.locator("#scene").get_attribute(
        "aria-label"
    )


def test_change_asks_again_and_keeps_the_points(read, story_path):
    page = read(story_path, "#playground?preset=circles&at=1")
    assert page.page.locator("#bet-options button").first.is_disabled()
    page.page.get_by_role("button", name="Layers +", exact=True).click()
    assert page.page.locator("#bet-options button").first.is_enabled()
    assert page.page.locator("#controls [aria-pressed=true]").all_inner_texts() == [
        "",
        "blue",
        "x",
        "y",
    ]
    page.page.get_by_role("button", name="own", exact=True).click()
    assert page.evaluate("figure.points.length") == 240
    assert page.page.get_by_role("slider", name="Noise", exact=True).is_disabled()
    before = page.evaluate("[...figure.states[0].params]")
    page.page.get_by_role("button", name="New start").click()
    assert page.evaluate("[...figure.states[0].params]") != before and "seed=8" in page.link()


def test_change_of_the_rate_goes_on_from_the_moment(read, watch, story_path):
    page = read(story_path, "#playground?preset=jumping&at=0.1")
    page.until("moment === aim")
    cost = page.evaluate("figure.states.at(-1).cost")
    control(page, "Rate").select_option("1")
    page.settle()
    assert page.evaluate("[moment, figure.states.length, figure.states.at(-1).cost]") == [
        0.1,
        6,
        cost,
    ]
    control(page, "Batch").select_option("all")
    page.page.locator("#moment").fill("0.11")
    page.until("moment === aim")
    assert "step 110, epoch 15" in page.evaluate(
        TEXTS
    )  # 100 steps of 10 of 180 points, then 10 of all
    page.page.locator("#moment").fill("0.1")
    page.until("moment === aim")
    control(page, "Batch").select_option("10")
    page.page.locator("#moment").fill("0.2")
    page.until("moment === aim")
    before = "() => { figure.goTo(%d); return [...figure.small.params]; }"
    slow, start = page.evaluate(before % 101), page.evaluate(before % 100)
    fast = watch(story_path, "#playground?preset=jumping&at=0.1").evaluate(before % 101)
    assert np.subtract(fast, start) == pytest.approx(10 * np.subtract(slow, start), abs=1e-12)


def test_change_of_the_rate_does_not_stop_a_run(read, story_path):
    page = read(story_path, "#playground?preset=free")
    page.page.get_by_role("button", name="Run").click()
    page.until("figure.stepNow() > 20")
    control(page, "Rate").select_option("0.1")
    step = page.evaluate("figure.stepNow()")
    page.until(f"figure.stepNow() > {step + 20}")
    page.page.get_by_role("button", name="Pause").click()
    held = page.evaluate("figure.stepNow()")
    page.page.wait_for_timeout(200)
    assert page.evaluate("figure.stepNow()") == held
    assert page.page.get_by_role("button", name="Run").is_visible()
    page.page.get_by_role("button", name="Step", exact=True).click()
    assert page.evaluate("figure.stepNow()") == held + 1


def test_point_that_is_added_keeps_the_trained_network(read, story_path):
    page = read(story_path, "#playground?preset=free&at=0.1")
    page.until("moment === aim")
    before = "(step) => { figure.goTo(step); return [...figure.small.params]; }"
    steps = (83, 103, 108)
    page.page.locator("#moment").fill("0.103")
    page.until("moment === aim")
    first, held, other = (page.evaluate(before, step) for step in steps)
    box = page.page.locator("#scene").bounding_box()
    left, top, side = page.evaluate("figure.plane")
    page.page.mouse.click(box["x"] + left + side / 2, box["y"] + top + side / 2)
    assert page.evaluate("[figure.stepNow(), figure.points.length, figure.train.length]") == [
        103,
        241,
        241,
    ]
    assert (
        page.page.get_by_role("button", name="own", exact=True).get_attribute("aria-pressed")
        == "true"
    )
    assert [page.evaluate(before, step) for step in steps[:2]] == [first, held]
    assert page.evaluate(before, steps[2]) != other


def test_run_has_no_end_and_keeps_a_limited_number_of_states(read, story_path):
    page = read(story_path, "#playground?preset=free&at=1&layers=", reduced_motion="reduce")
    page.until("moment === 1")
    for end in (2000, 3000):
        page.page.get_by_role("button", name="Run").click()
        page.until("moment === 1")
        assert page.evaluate("[figure.stepNow(), figure.total]") == [end, end]
    parameters = "(step) => { figure.goTo(step); return [...figure.small.params]; }"
    before = page.evaluate(parameters, 4321)
    assert page.evaluate("figure.until(62000).length") < 1000
    assert page.evaluate("figure.every") == 80
    assert page.evaluate(parameters, 4321) == before
    page.page.locator("#moment").fill("0.25")
    page.until("moment === aim")
    page.page.get_by_role("button", name="Step", exact=True).click()
    assert page.evaluate("figure.stepNow()") == 751


def test_verdict_names_its_step_and_goes_with_what_it_was_about(read, story_path):
    page = read(story_path, "#playground?preset=free", reduced_motion="reduce")
    page.page.locator("#bet-options button").nth(2).click()
    page.until("moment === 1")
    verdict = page.text("#verdict")
    assert verdict.startswith("Won. After 1000 steps: 100 % of the test points right")
    page.page.get_by_role("button", name="Run").click()
    control(page, "Rate").select_option("3")
    assert page.text("#verdict") == verdict
    page.page.locator("#moment").fill("0.1")
    page.until("moment === aim")
    control(page, "Rate").select_option("0.03")
    assert page.text("#verdict") == ""


def test_run_can_be_faster(read, story_path):
    page = read(story_path, "#playground?preset=free&layers=")
    speeds = page.page.get_by_role("group", name="Speed")
    speeds.get_by_role("button", name="10", exact=True).click()
    page.page.get_by_role("button", name="Run").click()
    page.until("figure.stepNow() > 250")
    assert page.evaluate("figure.speed") == 10
    page.page.get_by_role("button", name="Pause").click()
    assert speeds.locator("[aria-pressed=true]").all_inner_texts() == ["10"]
    speeds.get_by_role("button", name="¼", exact=True).click()
    assert page.evaluate("figure.speed") == 0.25


@pytest.mark.parametrize(
    "address, words",
    [
        (
            "data=spiral&layers=4-4&curve=relu&rate=30",
            r"Layer [AB] is dead: its ReLUs give 0 at every training point",
        ),
        ("data=spiral&layers=4-2&rate=0.03", "The cost has hardly fallen"),
        ("data=circles", "It learns: each step"),
    ],
)
def test_network_that_does_not_learn_is_not_said_to(address, words, read, story_path):
    page = read(story_path, f"#playground?preset=free&{address}")
    page.evaluate("(figure.toStep(450), arrive())")
    page.settle()
    assert re.match(words, page.text("#stop"))
    assert page.evaluate("figure.states.slice(5).every((one) => one.dead)") == ("dead" in words)


@pytest.mark.parametrize("tests, count", [(0, 0), (0.125, 30), (0.25, 60), (0.5, 120), (0.75, 180)])
def test_share_of_test_points_is_chosen(tests, count, read, story_path):
    page = read(story_path, f"#playground?preset=free&tests={tests}&data=moons")
    assert page.evaluate("[figure.train.length, figure.tests.length]") == [240 - count, count]
    assert page.evaluate("figure.tests.filter((one) => one.k).length") == count / 2
    page.page.get_by_role("button", name="spiral", exact=True).click()
    assert page.evaluate("[figure.options.data, figure.tests.length]") == ["spiral", count]


def test_bias_of_the_output_is_pressed(read, story_path):
    page = read(story_path, "#playground?preset=free")
    box = page.page.locator("#scene").bounding_box()
    _, _, left, top, side = page.evaluate("figure.cells.find(([l]) => l === 3)")
    page.page.mouse.click(box["x"] + left + side / 2, box["y"] + top + side / 2)
    page.settle()
    assert page.page.locator(".knob span").inner_text() == "output bias"


def test_question_goes_when_it_was_not_answered_in_time(read, story_path):
    page = read(story_path, "#playground?preset=free")
    assert page.text("#stop").startswith("Random weights.")
    page.page.get_by_role("button", name="Step", exact=True).click()
    assert re.match(
        r"1 step done: \d+ % of the test points right; .*\. You can still bet, until step 40\.",
        page.text("#stop"),
    )
    page.page.locator("#moment").fill("0.04")
    page.until("moment === aim")
    assert page.page.locator("#bet").is_visible()
    page.page.get_by_role("button", name="Step", exact=True).click()
    page.settle()
    assert not page.page.locator("#bet").is_visible() and page.text("#stop").startswith(
        "It learns: each step"
    )
    page.page.get_by_role("button", name="moons", exact=True).click()
    assert page.page.locator("#bet").is_visible()


def test_own_points_are_all_learned_from(read, story_path):
    points = "_".join(f"{10 * x}x{5 * x}x{x % 2}" for x in range(-9, 10))
    page = read(
        story_path, f"#playground?preset=free&data=own&points={points}", reduced_motion="reduce"
    )
    assert page.evaluate("[figure.train.length, figure.tests.length]") == [19, 0]
    page.page.locator("#bet-options button").nth(0).click()
    page.until("moment === 1")
    label = page.page.locator("#scene").get_attribute("aria-label")
    for text in (page.text("#verdict"), label):
        assert (
            re.search(r"\d+ % of the points right; cost \d\.\d+", text)
            and "of the test points" not in text
        )


def test_weight_and_bias_are_changed_by_hand(read, story_path):
    page = read(story_path, "#playground?preset=free&at=0.01")
    page.until("moment === aim")
    field = page.page.locator(".knob input")
    assert field.is_disabled()
    box = page.page.locator("#scene").bounding_box()
    [[start, end], name, k] = page.evaluate("figure.wires[2]")
    page.page.mouse.click(box["x"] + (start[0] + end[0]) / 2, box["y"] + (start[1] + end[1]) / 2)
    page.settle()
    assert page.page.locator(".knob span").inner_text() == name == "x → A3"
    assert float(field.input_value().replace("−", "-")) == pytest.approx(
        page.evaluate(f"figure.small.params[{k}]"), abs=1e-3
    )
    field.fill("−2.5")
    field.press("Enter")
    page.settle()
    assert page.evaluate(f"figure.small.params[{k}]") == -2.5
    changed = page.evaluate("() => { figure.goTo(41); return [...figure.small.params]; }")
    assert changed[k] == pytest.approx(-2.5, abs=0.5)
    page.page.locator("#moment").fill("0.1")
    page.until("moment === aim")
    page.page.locator("#moment").fill("0.005")
    page.until("moment === aim")
    page.settle()
    assert page.evaluate(f"figure.small.params[{k}]") != -2.5
    assert page.evaluate("() => { figure.goTo(41); return [...figure.small.params]; }") == changed
    page.page.locator("#scene").focus()
    page.press("ArrowRight", "ArrowRight", "ArrowRight", "Enter")
    assert page.page.locator(".knob span").inner_text() == "A1 bias"
    assert page.evaluate("document.activeElement === figure.field")
    page.page.locator("#scene").focus()
    page.press("ArrowDown")
    assert page.page.locator(".knob span").inner_text() == "x → A1"


def test_number_belongs_to_the_wire_for_which_it_was_typed(read, story_path):
    page = read(story_path, "#playground?preset=free")
    box = page.page.locator("#scene").bounding_box()

    def press(n):
        (start, end), _, k = page.evaluate(f"figure.wires[{n}]")
        page.page.mouse.click(
            *(box[side] + 0.7 * start[c] + 0.3 * end[c] for c, side in enumerate("xy"))
        )
        page.settle()
        return k

    first = press(0)
    page.page.locator(".knob input").fill("5")
    second = press(3)
    assert page.evaluate(f"[figure.knob[0], figure.small.params[{first}]]") == [second, 5]
    page.page.locator(".knob input").fill("6")
    page.page.mouse.click(box["x"] + 2, box["y"] + 2)
    page.settle()
    assert page.evaluate(f"[figure.knob, figure.small.params[{second}]]") == [None, 6]


def test_escape_closes_what_is_asked_and_stays(watch, story_path):
    page = watch(story_path, "#playground?preset=free")
    page.page.locator("#scene").focus()
    page.press("ArrowDown", "Enter")
    page.page.locator(".knob input").fill("4")
    page.press("Escape")
    assert page.evaluate("[door, figure.knob, figure.small.params[0]]") == [
        "playground",
        None,
        4,
    ]
    page.press("Escape")
    assert page.evaluate("door") == "playground"
    page.page.locator("#film-open").click()
    assert not page.page.locator("#door").is_visible()
    page.page.go_back()
    page.until("door === 'playground'")


def test_layer_of_a_pressed_neuron_is_taken_away(read, story_path):
    page = read(story_path, "#playground?preset=free&layers=4-2")
    page.page.locator("#scene").focus()
    page.press("ArrowLeft", "ArrowLeft")
    assert page.evaluate("figure.pointed") == [2, 0]
    for _ in range(2):
        page.page.get_by_role("button", name="Layers −", exact=True).click()
    page.settle()
    assert page.evaluate("[figure.small.sizes, figure.cells.length]") == [[2, 1], 3]


@pytest.mark.parametrize("layers", ["", "4-2", "8-8-8-8-8-8"])
def test_controls_stay_where_they_are_and_above_the_fold(layers, read, story_path):
    boxes = """[...document.querySelectorAll('#handle, #controls :is(button, select, input)')].map((one) => {
        const { x, y, width, bottom } = one.getBoundingClientRect();
        return [x, y, width, bottom].map(Math.round);
    })"""
    screen = {"width": 1280, "height": 720}
    page = read(story_path, "#playground?preset=free&layers=3", viewport=screen)
    of_three = page.evaluate(boxes)
    page = read(story_path, f"#playground?preset=free&layers={layers}", viewport=screen)
    found = page.evaluate(boxes)
    assert max(bottom for *_, bottom in found) <= 720
    assert found == of_three
    page.page.get_by_role("button", name="No points").click()
    control(page, "Rate").select_option("0.03")
    assert page.evaluate(boxes) == found


def test_steppers_stand_above_their_layers(read, story_path):
    page = read(story_path, "#playground?preset=free&layers=5-3-8")
    left = page.page.locator("#scene").bounding_box()["x"]
    centres = page.evaluate(
        "[1, 2, 3].map((l) => figure.cells.find((one) => one[0] === l)).map((one) => one[2] + one[4] / 2)"
    )
    boxes = [one.bounding_box() for one in page.page.locator(".heads > div").all()][1:]
    assert [box["x"] + box["width"] / 2 - left for box in boxes] == pytest.approx(centres, abs=1)
    assert page.page.locator(".heads output").all_inner_texts() == ["3", "5", "3", "8"]
    page.evaluate("goTo('chain')")
    page.settle()
    assert page.page.locator(".heads, .runs").all() and not page.page.locator(".heads").is_visible()
    assert page.page.locator("#play").is_visible() and not page.page.locator(".runs").is_visible()


def test_noise_is_a_slider(read, watch, story_path):
    page = read(story_path, "#playground?preset=free&data=clusters")
    assert control(page, "L2").is_visible()
    page.page.get_by_role("slider", name="Noise", exact=True).fill("0.2")
    assert "noise=0.2" in page.link()
    far = watch(story_path, page.link()).evaluate("figure.points")
    page.page.get_by_role("slider", name="Noise", exact=True).fill("0")
    assert page.evaluate("figure.options.noise") == 0 and page.evaluate("figure.points") != far


def test_inputs_are_chosen(read, story_path):
    page = read(story_path, "#playground?preset=circles&layers=&inputs=x²-y²&at=1")
    page.until("moment === 1")
    assert "100 % of the test points" in page.text("#verdict")
    expected = page.evaluate("figure.points.slice(0, 3).map(({ x, y }) => [9 * x * x, 9 * y * y])")
    assert (
        largest_difference(
            page.evaluate("figure.points.slice(0, 3).map((one) => one.input)"), expected
        )
        < 1e-12
    )
    page.page.get_by_role("button", name="sin y", exact=True).click()
    assert page.evaluate("figure.small.sizes") == [3, 1]
    for name in ("x²", "y²", "sin y"):  # the last one stays
        page.page.get_by_role("button", name=name, exact=True).click()
    assert page.evaluate("figure.options.inputs") == "sin y"
    assert page.text("#stop") == "The network needs at least one input."


def test_wire_that_is_pointed_at_tells_its_weight(read, story_path):
    page = read(story_path, "#playground?preset=free")
    box = page.page.locator("#scene").bounding_box()
    [[start, end], words, _] = page.evaluate("figure.wires[0]")
    across, down = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    page.page.mouse.move(box["x"] + across, box["y"] + down)
    page.settle()
    assert page.evaluate("figure.wire[1]") == words == "x → A1"
    assert re.search(r"x → A1: [+−]\d\.\d\d\n", page.evaluate(TEXTS))
    page.page.mouse.click(box["x"] + across, box["y"] + down)
    page.settle()
    editor = page.page.locator(".knob").bounding_box()
    assert abs(editor["x"] + editor["width"] / 2 - box["x"] - across) < 80
    assert 0 < box["y"] + down - editor["y"] < 80
    page.page.mouse.click(box["x"] + 2, box["y"] + 2)
    page.settle()
    assert not page.page.locator(".knob").is_visible()


def test_wires_flow_while_it_learns(read, story_path):
    dashes = """async () => {
        const seen = [], original = drawLine;
        drawLine = (...given) => { seen.push(given[4]?.length ?? 0); original(...given); };
        await new Promise((done) => { requestPaint(); requestAnimationFrame(() => requestAnimationFrame(done)); });
        drawLine = original;
        return max(...seen);
    }"""
    page = read(story_path, "#playground?preset=free")
    assert page.evaluate(dashes) == 0
    page.page.get_by_role("button", name="Run").click()
    assert page.evaluate(dashes) == 2
    page.page.get_by_role("button", name="Pause").click()
    assert page.evaluate(dashes) == 0


@pytest.mark.parametrize("data, other", [("ramp", "hills"), ("hills", "ramp")])
def test_numbers_are_learned_as_python_learns_them(data, other, read, story_path):
    page = read(story_path, f"#playground?preset=free&data={data}&at=0.1")
    net = Network(
        [2, 4, 2, 1],
        "tanh",
        output="identity",
        loss="squared_error",
        dtype="float64",
        random_state=0,
    )
    net.params[:] = page.evaluate("[...figure.states[0].params]")
    points = np.array(
        page.evaluate("figure.train.slice(0, 10).map((one) => [...one.input, one.k])")
    )
    assert (points[:, 2] < 0).any() and not np.isin(points[:, 2], (0, 1)).any()
    gradient = page.evaluate(
        "() => (figure.small.params.set(figure.states[0].params), "
        "[...figure.small.gradient(figure.train.slice(0, 10)).gradient])"
    )
    assert largest_difference(gradient, net.gradient(points[:, :2], points[:, 2:]).flat) < 1e-6
    assert page.evaluate(
        "[figure.options.rate, figure.states.at(-1).cost < figure.states[0].cost]"
    ) == [0.1, True]
    assert "right" not in page.evaluate(TEXTS) and "nearest to" in page.text("#bet-question")
    page.page.get_by_role("button", name=other, exact=True).click()
    assert page.evaluate("figure.options.rate") == 0.1
    page.page.get_by_role("button", name="moons", exact=True).click()
    assert page.evaluate("[figure.options.rate, figure.small.activations.at(-1)]") == [
        1,
        "logistic",
    ]


@pytest.mark.parametrize("choice, word", [(0, "Won. "), (1, "Lost. ")])
def test_bet_on_numbers_is_on_the_cost(choice, word, read, story_path):
    page = read(story_path, "#playground?preset=free&data=hills&layers=8", reduced_motion="reduce")
    page.page.locator("#bet-options button").nth(choice).click()
    page.until("moment === 1")
    pattern = word + r"(Right is “.*”\. )?After 1000 steps: cost \d\.\d+, on test points \d\.\d+\. "
    assert re.match(pattern, page.text("#verdict"))


def test_slider_has_room_again_behind_its_end(read, story_path):
    page = read(story_path, "#playground?preset=free&at=1")
    page.until("moment === 1")
    page.page.get_by_role("button", name="Step", exact=True).click()
    assert page.evaluate("[figure.stepNow(), figure.total]") == [1001, 1500]
    page.settle()
    assert 0.6 < page.evaluate("Number($('moment').value)") < 0.7


def test_run_without_a_bet_has_no_verdict(read, story_path):
    page = read(story_path, "#playground?preset=free&layers=")
    page.evaluate("figure.speed = 10")
    page.page.get_by_role("button", name="Run").click()
    page.until("figure.stepNow() > 1100")
    assert page.text("#verdict") == ""
    page.page.get_by_role("button", name="Pause").click()
    assert page.text("#verdict") == ""


def test_doors_open_it_and_the_browser_leads_back(watch, story_path):
    page = watch(story_path, "#curves?at=0.31")
    page.page.locator("#controls button", has_text="Spiral").click()
    assert page.link().startswith("#playground?preset=fading")
    page.page.go_back()
    page.until("door === 'curves'")


def test_layers_grow_and_shrink_one_by_one(read, story_path):
    page = read(story_path, "#playground?preset=free&layers=8-8")

    def press(name):
        page.page.get_by_role("button", name=name, exact=True).click()
        return page.evaluate("figure.small.sizes")

    assert press("B −") == [2, 8, 7, 1]
    assert press("Layers +") == [2, 8, 7, 7, 1]
    assert page.evaluate("document.activeElement.ariaLabel") == "Layers +"
    assert press("A −") == [2, 7, 7, 7, 1]
    assert "layers=7-7-7" in page.link()
    for _ in range(3):
        press("Layers +")
    assert page.evaluate("figure.small.sizes.length") == 8  # six hidden layers
    assert page.page.get_by_role("button", name="Layers +", exact=True).is_disabled()
    for _ in range(6):
        sizes = press("Layers −")
    assert (
        sizes == [2, 1]
        and page.page.get_by_role("button", name="Layers −", exact=True).is_disabled()
    )


def test_keys_ask_neurons(read, story_path):
    page = read(story_path, "#playground?preset=free")
    page.page.locator("#scene").focus()
    page.press("ArrowRight", "ArrowRight", "ArrowRight")
    assert re.search(r"A1 = tanh\([+−]\d", page.page.locator("#scene").get_attribute("aria-label"))


def test_playground_fits_a_phone(read, story_path):
    page = read(
        story_path,
        "#playground?at=1",
        viewport={"width": 390, "height": 844},
        reduced_motion="reduce",
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_playground_runs_in_firefox(story_path):
    with firefox() as browser:
        browser.open(Path(story_path), "#playground?preset=free")
        reached = "new Promise((done) => setInterval(() => moment === aim && done(), 50))"
        browser.evaluate(f"(figure.run(), {reached})")
        assert (
            browser.evaluate("figure.stepNow()") == 1000
        )  # at once, because the tests prefer less motion
        assert browser.evaluate("figure.measures().share") > 0.95
        bottoms = "[...document.querySelectorAll('#controls button')].map((one) => one.getBoundingClientRect().bottom)"
        assert max(browser.evaluate(bottoms)) <= 720


def test_small_squares_are_easy_to_press(read, story_path):
    screen = {"width": 390, "height": 844}
    page = read(story_path, "#playground?preset=free&layers=8-8-8-8-8-8", viewport=screen)
    for layer, j, left, top, side in page.evaluate("figure.cells.slice(2, -1)"):
        x, y = left + side / 2, top + side / 2
        assert page.evaluate(f"figure.cellAt({x}, {y + 14}).slice(0, 2)") == [layer, j]
    page = read(story_path, "#playground?preset=free", viewport=screen)
    assert min(one[4] for one in page.evaluate("figure.cells.filter(([l]) => l < 3)")) >= 28


def test_letters_of_six_layers_and_broken_networks_are_seen(read, story_path):
    page = read(story_path, "#playground?preset=fading&layers=8-8-8-8-8-8&at=1")
    page.until("$('verdict').textContent")
    boxes = [one.bounding_box() for one in page.page.locator(".heads > div + div span").all()]
    assert [box["width"] > 6 for box in boxes] == [True] * 6
    bottoms = [
        one.bounding_box()["y"] + one.bounding_box()["height"]
        for one in page.page.locator(".broken button").all()
    ]
    assert len(bottoms) == 3 and max(bottoms) < 800
