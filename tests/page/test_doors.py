"""The side doors of the film: each has an address and a figure, whose motion has a handle."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from c_build import ROOT
from doors_in_numpy import bar_weights, chain, explained, rule
from firefox import firefox
from page_models import largest_difference
from page_parts import DOORS, SCENES, THREE, page_of

from cmlp import Network
from cmlp.story import story_network

pytestmark = pytest.mark.slow

# For each claim of tests/page/claims.md: the moment of its door or the second of its scene, and what is then written
# there.
CLAIMS = {
    1: (1, "A11, A12, A14 are on for all three, but also for .* no neuron of A stands for 3"),
    2: (1, "Right of 300: rule 55 %, network 93 %.*Now write down how"),
    3: (14, r"The brightest of ten outputs.*\n0\.\d\d\n"),
    4: (7, "All 784 pixels go into a network"),
    5: (14, r"The brightest of ten outputs.*\n0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n"),
    6: (0, "hidden layers of 16 neurons; the size was a choice"),
    7: (1, "computed from the one before it and nothing else"),
    8: (14, r"The brightest of ten outputs is its answer: 9.*\n0\.59\n.*\n0\.67\n9"),
    9: (1, "No neuron is an edge detector"),
    10: (0.8, r"A15\n22 %\n.*The hope was: layer A finds edges, B loops"),
    11: (16.8, r"pixels in, ten numbers out.*\n13,002"),
    12: (25.4, r"And its own bias.*bias \+0\.04\n.*z = 0\.08"),
    13: (0.5, r"a 7: 15\.38\n.*a block: 24\.00"),
    14: (1, r"a 7: 15\.03\n.*a block: 0\.00.*an edge detector"),
    15: (
        19,
        r"all added up: blue to the right, orange left.*0\.90 × −0\.05\n.*0\.80 × 0\.05",
    ),
    16: (37.6, r"A sum, squashed to between 0 and 1.*0\.52"),
    17: (0.5, "a very negative sum becomes almost 0, a very positive one almost 1"),
    18: (1, "bias −10: 22 above 0.5\n16 of them sevens"),
    19: (1, "Weights say which pattern; the bias says how much of it is needed"),
    20: (1, r"The sigmoid is old\. ReLU is easier to train.*sigmoids \d+ %, ReLU \d+ %"),
    21: (1, "Softmax squashes the ten sums together"),
    22: (15, "Together one function: pixels in, ten numbers out"),
    23: (0, r"its matrix, times the activations, plus the biases, squashed.*sigmoid\(a @ W \+ b\)"),
    24: (8, "Ten of 1400 examples, each with its right answer"),
    25: (28, "random weights hardly see the pixels"),
    26: (12, "each gap becomes a square"),
    27: (19, r"300 new,\non average\n"),
    28: (51, r"It says 3.*\n3"),
    29: (25.2, r"Learning means making this square small.*\n2\.79"),
    30: (1, r"▲ \+0\.\d+.*▼ −0\.\d+.*Its negative points downhill"),
    31: (20, "long steps where it is steep, short where flat"),
    32: (16, "Find the steepest way, take a small step"),
    33: (20.5, r"the gradient, \d\.\d\d long\. This is its negative.*0\.30\n.*13,002"),
    34: (2, "3 is too dark: it wants up. The others want down"),
    35: (1, r"its bias changes the sum of output 3 by \+.*its weights by \+.*all knobs before it"),
    36: (30, r"Added up: it should (rise|fall)"),
    37: (45, "Wishes travel back: that is backpropagation"),
    38: (12, "What they want of each wire, averaged, is one step"),
    39: (1, r"one digit \d+°, ten \d+°, a hundred \d+°.*looks at one in 50 of them"),
    40: (43, r"86.% of 300 new digits. Now ours.*\nstep 2000: 25\d of 300 read"),
    41: (1, r"∂C/∂w3 = 0\.483 × 0\.223 × −0\.673 = −0\.0725"),
}


# What a door shows as text: what is painted, and the words beside it.
TEXTS = """async () => {
    const seen = [], original = note;
    note = (pen, text, ...others) => { seen.push(String(text)); original(pen, text, ...others); };
    await new Promise((done) => { requestPaint(); requestAnimationFrame(() => requestAnimationFrame(done)); });
    note = original;
    return [...seen, $("door").innerText, $("stop").textContent].join("\\n");
}"""


# What the film shows as text: its caption, and what is painted so that it can be seen.
FILM_TEXTS = """(() => {
    const pen = CanvasRenderingContext2D.prototype, { fillText } = pen;
    const seen = [document.getElementById("film-caption").textContent];
    pen.fillText = function (text, ...place) {
        if (this.globalAlpha > 0.5) seen.push(String(text));
        fillText.call(this, text, ...place);
    };
    film.paint();
    pen.fillText = fillText;
    return seen.join("\\n");
})()"""


# The page's clock stands still from now on: `advance(seconds)` shows frames of a twentieth of a
# second.
CLOCK = """async () => {
    const paint = requestAnimationFrame;
    let [now, waiting] = [0, []];
    requestAnimationFrame = (act) => waiting.push(act);
    await new Promise((done) => paint(() => paint(done))); // what already waits for a frame
    now = performance.now();
    window.advance = (seconds) => {
        for (const end = now + 1000 * seconds; now < end; ) {
            now += 50;
            const acts = waiting;
            waiting = [];
            for (const act of acts) act(now);
        }
        return moment;
    };
}"""


@pytest.fixture(scope="module")
def claims():
    """The claims of tests/page/claims.md with the scenes and doors that show them."""
    text = (ROOT / "tests/page/claims.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `#([a-z]+)` \| (.*)", text, re.MULTILINE)
    return {int(n): place for place, told in rows for n in re.findall(r"\((\d+)\)", told)}


def test_documents_name_a_place_for_each_claim(claims):
    assert sorted(claims) == sorted(CLAIMS) == list(range(1, 42))
    assert set(claims.values()) <= {*SCENES, *DOORS}
    assert {*DOORS} - set(claims.values()) == {"playground"}


@pytest.mark.parametrize("claim", CLAIMS)
def test_claim_is_seen_in_its_place(claim, claims, read, story_path):
    moment, words = CLAIMS[claim]
    place = claims[claim]
    if place in DOORS:
        page = read(story_path, f"#{place}?at={moment}")
        page.until("moment === aim")
        if claim == 21:
            page.page.get_by_role("button", name="softmax").click()
            page.settle()
        if claim == 39:
            page.until("figure.fan")
            page.settle()
        return found(words, page.evaluate(TEXTS))
    page = read(story_path, f"#film?draw={THREE}&is=3")
    page.evaluate("film.pause()")
    if place in ("learn", "exam"):
        page.evaluate("film.facts.training.advance(1e9); film.labelIt(3); film.facts.heaps")
    page.evaluate(f"film.seek(film.starts[{SCENES.index(place)}] + {moment})")
    page.settle()
    found(words, page.evaluate(FILM_TEXTS))
    if claim == 36:
        assert page.evaluate(
            "(({ requests, wish, a }) => sum(requests) * a * (1 - a) - wish)"
            "({ requests: film.facts.requests(2, 4), wish: film.facts.wishes[2][4], a: film.facts.result.a[2][4] })"
        ) == pytest.approx(0)
        assert page.evaluate("film.facts.requests(2, 4).length") == 10
    if claim == 28:
        assert page.evaluate("film.facts.trained.cost < 0.3 * film.facts.cost")
        assert page.evaluate("film.facts.shareAfter(2000)") > 0.75


def found(words, text):
    """Check that a text has these words."""
    assert re.search(words, text, re.DOTALL), text


@pytest.mark.parametrize("door", DOORS)
def test_door_is_complete_and_fits(door, read, story_path):
    page = read(story_path, f"#{door}", viewport={"width": 1280, "height": 720})
    assert page.link().startswith(f"#{door}")
    assert page.text("#door-title") and 20 < len(page.text("#door-text").split()) <= 60
    assert page.evaluate(
        "figure.stops[0] === 0 && figure.stops.at(-1) === 1 && !(figure.seconds > 14)"
    )
    assert page.evaluate("[document.documentElement.scrollWidth, scrollY]") == [1280, 0]
    assert not page.page.locator("#stage").is_visible()
    for at in page.evaluate("figure.stops"):
        page.evaluate("(at) => moveTo(at)", at)
        page.until("moment === aim")
        page.settle()
        assert page.text("#stop") and page.page.locator("#scene").get_attribute("aria-label")


def test_every_door_opens_with_its_own_words(watch, story_path):
    page = watch(story_path, "#layers")
    page.evaluate(CLOCK)
    for door in ("edge", "squash", "gradient", "chain"):
        page.evaluate(f"(goTo('{door}'), advance(0.1))")
        assert page.evaluate("[door, $('stop').textContent]") == [
            door,
            page.evaluate("stopWords(0)"),
        ]
        label = page.page.locator("#scene").get_attribute("aria-label")
        assert label.startswith(page.text("#door-title"))
    page.evaluate("advance(40)")
    assert not page.evaluate("isMoving") and page.evaluate("moment") == 1


def test_motion_rests_at_a_stop_until_its_words_are_read(watch, story_path):
    page = watch(story_path, "#gradient?at=0.25")
    page.evaluate(CLOCK)
    page.page.locator("#play").click()
    assert page.evaluate("advance(2)") == 0.3  # half a second to get there, and 22 words
    assert page.evaluate("isMoving")
    assert 0.3 < page.evaluate("advance(5.5)") < 0.4
    page.page.locator("#play").click()
    assert not page.evaluate("isMoving")
    page.page.locator("#play").click()
    assert page.evaluate("advance(2)") == 0.4
    page.page.locator("#stop-next").click()
    assert page.evaluate("advance(4)") == 0.78


def test_curves_say_the_numbers_that_are_seen(read, story_path):
    page = read(story_path, "#curves?at=1")
    page.until("moment === 1")
    page.settle()
    first, second = re.search(r"sigmoids (\d+) %, ReLU (\d+) %", page.text("#stop")).groups()
    texts = page.evaluate(TEXTS)
    assert f"sigmoid {first} %" in texts and f"ReLU {second} %" in texts
    assert f"{int(second) - int(first)} points" in texts


def test_curves_have_the_same_axes(read, story_path):
    page = read(story_path, "#curves?at=0")
    lines = page.evaluate(
        """async () => {
            const seen = [], original = drawLine;
            drawLine = (pen, points, ...style) => { seen.push(points); original(pen, points, ...style); };
            await new Promise((done) => { requestPaint(); requestAnimationFrame(() => requestAnimationFrame(done)); });
            drawLine = original;
            return seen.filter((points) => points.length === 81);
        }"""
    )
    sigmoid, _, relu, slope = (np.array(line) for line in lines)
    across = [line[-1, 0] - line[0, 0] for line in (sigmoid, relu)]
    assert across[0] == pytest.approx(across[1])
    unit = across[0] / 8
    assert relu[0, 1] - relu[-1, 1] == pytest.approx(4 * unit)
    assert sigmoid[0, 1] - sigmoid[-1, 1] == pytest.approx(0.964 * unit, rel=0.01)
    assert slope[0, 1] - slope[-1, 1] == pytest.approx(unit)


def test_figure_is_labelled_with_what_it_shows(read, story_path):
    page = read(story_path, "#read?at=1")
    page.page.get_by_role("button", name="Another digit").click()
    page.link()
    assert page.page.locator("#scene").get_attribute("aria-label").endswith(page.text("#stop"))
    assert "the rule answers" in page.text("#stop")
    page = read(story_path, "#inside?at=1")
    page.page.locator("#controls input").fill("5")
    page.link()
    label = page.page.locator("#scene").get_attribute("aria-label")
    assert re.search(r"Laid by you: \d+ %.* A15\.$", label)
    page = read(story_path, "#gradient?at=0")
    page.page.locator("#controls input").fill("150")
    page.settle()
    label = page.page.locator("#scene").get_attribute("aria-label")
    assert label.startswith("Which way is down?. At 150°")


def test_each_hand_has_the_effect_that_numpy_measures(read, story_path):
    page = read(story_path, f"#ways?draw={THREE}&is=3&at=1")
    params, turns, image, effects = page.evaluate(
        """(() => {
            const { start, turns, input } = film.factsNow();
            return [[...start.params], [...turns], [...input], [0, 1, 2].map((hand) => figure.effect(hand, 1))];
        })()"""
    )
    params, turns = np.array(params), np.array(turns)

    def sum_of_output(values):
        a, used = np.array(image), 0
        for inputs, outputs in ((784, 16), (16, 16), (16, 10)):
            weights = values[used : used + inputs * outputs].reshape(inputs, outputs)
            z = a @ weights + values[used + inputs * outputs : used + (inputs + 1) * outputs]
            a, used = 1 / (1 + np.exp(-z)), used + (inputs + 1) * outputs
        return z[3]

    first = 12560 + 272
    hands = [[first + 160 + 3], range(first + 3, first + 160, 10), range(first)]
    for hand, effect in zip(hands, effects, strict=True):
        moved = params.copy()
        moved[list(hand)] += turns[list(hand)]
        assert effect == pytest.approx(sum_of_output(moved) - sum_of_output(params), abs=1e-12)
    shown = page.evaluate(TEXTS)
    for effect in effects:
        assert f"{effect:+.3f}".replace("-", "−") in shown


def test_hands_follow_the_output_and_the_step(read, story_path):
    page = read(story_path, f"#ways?draw={THREE}&is=3&at=1")
    says = page.evaluate("film.factsNow().says")
    before = page.text("#stop")
    page.page.locator("#controls input").fill("0.5")
    page.settle()
    assert page.text("#stop") != before
    page.page.get_by_role("button", name=str(says), exact=True).click()
    page.settle()
    assert f"sum of output {says} by −" in page.text("#stop")
    assert f"Output {says} is 0." in page.evaluate(TEXTS)


def test_outputs_of_softmax_add_up_to_one(read, story_path):
    page = read(story_path, "#layers?at=1")
    outputs = (
        "range(10).map((k) => figure.withCurve(resultOf(trained, pictures.three3.input)).a[3][k])"
    )
    assert abs(sum(page.evaluate(outputs)) - 1) > 0.005
    page.page.get_by_role("button", name="softmax").click()
    page.settle()
    soft = page.evaluate(outputs)
    assert sum(soft) == pytest.approx(1)
    assert f"{max(soft):.2f}" in page.evaluate(TEXTS).split("\n")


def test_chain_is_pulled_by_dragging(read, story_path):
    page = read(story_path, "#chain?at=1")
    box = page.page.locator("#scene").bounding_box()
    page.page.mouse.move(box["x"] + 200, box["y"] + 300)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 260, box["y"] + 300)
    page.page.mouse.up()
    page.settle()
    assert "+0.40: slopes say −0.02901\nmeasured −0.02630" in page.evaluate(TEXTS)
    words = "w3 +0.40: the slopes promise −0.0290, measured is −0.0263: too far for a slope."
    assert page.text("#stop") == words


def test_nudge_reaches_one_number_after_the_other(read, story_path):
    page = read(story_path, "#chain?at=0.25")
    texts = page.evaluate(TEXTS)
    assert "∂C/∂w3 = 0.483 …" in texts and "\n+0.0241\n" in texts and "slopes say 0.00000" in texts
    page = read(story_path, "#chain?at=0.5")
    assert "∂C/∂w3 = 0.483 × 0.223 × −0.673 = −0.0725" in page.evaluate(TEXTS)


# How many digits run back through the network in one frame at most, if each takes 5 ms.
MOST_HEARD = """async () => {
    const { backward } = Network.prototype;
    let [now, count, most] = [0, 0, 0];
    performance.now = () => now;
    Network.prototype.backward = function (...one) {
        now += 5;
        count++;
        return backward.apply(this, one);
    };
    goTo("batches");
    moveTo(0.3);
    do {
        await new Promise(requestAnimationFrame);
        [most, count] = [max(most, count), 0];
    } while (!figure.fan);
    Network.prototype.backward = backward;
    return most;
}"""


def test_wishes_of_all_digits_do_not_block(watch, story_path):
    page = watch(story_path, "#chain?at=1")
    assert 0 < page.evaluate(MOST_HEARD) <= 60


def test_arrows_of_batches_have_their_angle_to_the_gradient_of_all(read, story_path):
    page = read(story_path, "#batches?at=0.5")
    page.until("figure.fan")
    found, measured = page.evaluate("""() => {
        const train = examples.train.slice(0, 500);
        const angle = (p, q) => Math.acos(dot2(p, q) / hypot2(p) / hypot2(q));
        const gradientOf = (list) => figure.network.gradient(list).gradient;
        const all = gradientOf(train);
        const cases = [[0, 1], [5, 1], [11, 10], [23, 100]].map(([k, n]) => [figure.fan[k], n]);
        return [
            cases.map(([{ angles }, n]) => angles[n - 1]),
            cases.map(([{ order }, n]) => angle(gradientOf(order.slice(0, n).map((i) => train[i])), all)),
        ];
    }""")
    assert found == pytest.approx(measured, abs=1e-6)
    assert page.evaluate("figure.fan.every(({ angles }) => angles.at(-1) < 1e-3)")
    assert page.evaluate("new Set(figure.fan.map(({ order }) => order[0])).size") == 24


def test_fan_follows_the_digits_a_step(read, story_path):
    page = read(story_path, "#batches?at=0")
    count = page.page.locator("#controls input")
    count.fill("0.001")
    page.until("figure.fan && moment === aim")
    assert re.search(r"1 digit a step\n\d\d° off", page.evaluate(TEXTS))
    angles = page.evaluate("figure.fan.map(({ angles }) => angles[0])")
    page.page.get_by_role("button", name="24 other batches").click()
    page.until("figure.fan")
    assert page.evaluate("figure.fan.map(({ angles }) => angles[0])") != angles
    count.fill("1")
    page.until("moment === aim")
    assert "500 digits a step\n0° off on average" in page.evaluate(TEXTS)


def test_fast_stroke_leaves_no_gaps(read, story_path):
    page = read(story_path, "#edge?at=1")
    box = page.page.locator("#scene").bounding_box()
    left, top, side = page.evaluate("figure.area")
    page.page.mouse.move(box["x"] + left + 4, box["y"] + top + 4)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + left + side - 4, box["y"] + top + 4)
    page.page.mouse.up()
    assert page.evaluate("range(28).every((k) => figure.made[k] === 1)")
    page.settle()
    assert page.text("#stop").startswith("Your weights: the 7 has the sum ")


def test_step_turns_from_the_gradient_to_its_opposite(read, story_path):
    page = read(story_path, "#gradient?at=1")
    up, across, down = page.evaluate("[0, 18, 36].map((n) => figure.curve[n])")
    assert up > 0.05 and abs(across) < 0.1 * up and down < -0.05
    assert page.evaluate("figure.tries.slice(0, 200).every(([, angle]) => abs(angle - 90) < 4)")
    page.page.locator("#controls input").fill("45")
    assert page.evaluate("signed(figure.curve[9], 4)") in page.evaluate(TEXTS).split("\n")


def test_bar_is_laid_by_hand(read, story_path):
    page = read(story_path, "#inside?at=1")
    box = page.page.locator("#scene").bounding_box()
    page.page.mouse.click(box["x"] + 40, box["y"] + 60)
    page.page.locator("#controls input").fill("2")
    assert re.search("A15\n[0-3] %", page.evaluate(TEXTS))
    page.page.get_by_role("button", name="all").click()
    assert "A15\n22 %" in page.evaluate(TEXTS)


def test_change_of_the_rule_shows_what_it_wins_and_loses(read, story_path):
    page = read(story_path, "#read?at=1")
    assert "the rule misreads 135" in page.evaluate(TEXTS)
    page.page.get_by_role("button", name="thicker").click()
    assert re.search("wins 22\n.*loses 69\n", page.evaluate(TEXTS), re.DOTALL)
    assert page.text("#stop").startswith("With this change the rule reads 39 %, before 55 %")
    page.page.get_by_role("button", name="Another digit").click()
    page.settle()
    assert re.match(r"A \d: the rule answers \d, the network \d\.", page.text("#stop"))


def test_neuron_is_chosen_by_its_picture(read, story_path):
    page = read(story_path, "#inside?at=1", reduced_motion="reduce")
    box = page.page.locator("#scene").bounding_box()
    left, top, side = page.evaluate("figure.thumbs[6]")
    page.page.mouse.click(box["x"] + left + side / 2, box["y"] + top + side / 2)
    page.until("moment === 1")
    page.page.get_by_role("button", name="all").click()
    assert re.search(r"weights of A7\n.*A7\n11 %", page.evaluate(TEXTS), re.DOTALL)
    assert page.text("#stop").endswith("The best place explains 11 % of A7.")


def test_network_reads_without_its_best_edges(read, story_path):
    page = read(story_path, "#inside?at=1")
    rest, whole = map(
        int, re.search(r"in each, (\d+) % .* with them (\d+) %", page.text("#stop")).groups()
    )
    page.page.get_by_role("button", name="only edges").click()
    page.settle()
    edges = int(re.search(r"each neuron: (\d+) %", page.text("#stop"))[1])
    assert 80 < rest < whole and edges < 40
    page.page.get_by_role("button", name="the rest").click()
    assert f"{rest} %\nright without edges" in page.evaluate(TEXTS)


def test_random_weights_beside_those_of_a_are_as_smooth(read, story_path):
    page = read(story_path, "#inside?at=1")
    weights = np.array(page.evaluate("range(17).map((n) => [...figure.found[n].weights])"))
    used = np.array(page.evaluate("used.map(Boolean)"))

    def likeness(values):
        both = used[:-1] & used[1:] & (np.arange(783) % 28 != 27)
        return np.corrcoef(values[:-1][both], values[1:][both])[0, 1]

    learned = np.mean([likeness(one) for one in weights[:16]])
    assert likeness(weights[16]) == pytest.approx(learned, abs=0.08)


@pytest.mark.parametrize(
    "address, place",
    [("", "film"), ("#film", "film"), *((f"#{name}", name) for name in (*SCENES, *DOORS))],
)
def test_addresses_lead_to_their_scene_or_door(address, place, read, story_path):
    page = read(story_path, address)
    if place in DOORS:
        assert page.evaluate("[door, film.isOpen]") == [place, False]
        return
    assert page.page.locator("#film").is_visible()
    if place in ("film", "numbers"):
        assert page.text("#film-caption") == "Draw a digit."
        return
    page.evaluate("film.pause()")
    start = page.evaluate(f"film.starts[{SCENES.index(place)}]")
    assert start <= page.evaluate("film.time") < start + 20


def test_one_figure_stands_alone(read, story_path):
    page = read(story_path, "#wishes&figure", viewport={"width": 720, "height": 480})
    first, last = page.evaluate("[film.starts[6], film.starts[7]]")
    assert page.evaluate("film.span()") == [first, last]
    page.evaluate(f"film.pause(); film.seek({last + 9}); film.step(1)")
    assert page.evaluate("film.time") == last
    page.evaluate("film.seek(0)")
    assert page.evaluate("film.time") == first
    assert page.page.locator("#film-options button").count() == 0
    assert page.evaluate("(writeUrl(), location.hash)").startswith("#wishes&figure")
    page = read(story_path, "#chain&figure?at=1")
    assert page.page.locator("#scene").is_visible() and page.page.locator("#controls").is_visible()
    for hidden in ("header", "footer", "#door"):
        assert not page.page.locator(hidden).first.is_visible()
    assert page.link() == "#chain&figure"


def test_doors_of_a_scene_open_at_a_pause_and_lead_back_to_its_second(watch, story_path):
    page = watch(story_path, f"#film?draw={THREE}&is=3&at=60.5")
    page.settle()
    assert "More about this" in page.page.locator("#film-options").inner_text()
    page.page.get_by_role("button", name="A neuron made by hand").click()
    page.settle()
    assert page.evaluate("[door, film.isOpen]") == ["edge", False]
    assert page.evaluate("document.activeElement.id") == "door-title"
    assert page.link() == "#edge?second=60.5"  # the digit is kept beside the address
    page.page.reload()
    page.evaluate("ready")
    page.page.locator("#film-open").click()
    page.settle()
    assert page.evaluate("[door, film.isOpen, film.time, film.isPlaying]") == [
        None,
        True,
        60.5,
        False,
    ]
    page.page.go_back()
    page.until("door === 'edge'")
    page.press("Escape")
    assert page.evaluate("[film.isOpen, film.time]") == [True, 60.5]
    page.evaluate("film.play()")
    page.settle()
    assert page.page.locator("#film-options button").count() == 0


def test_every_door_belongs_to_a_scene(read, story_path):
    page = read(story_path, "#film")
    assert sorted({*page.evaluate("film.doors")}) == sorted(DOORS)


def test_explorer_has_an_address_and_leads_to_the_film(read, story_path):
    page = read(story_path, "#explore")
    assert page.page.locator("#stage").is_visible() and not page.page.locator("#door").is_visible()
    page.page.get_by_role("button", name="The film").click()
    page.settle()
    assert page.text("#film-caption") == "Draw a digit."


def test_link_repeats_the_training_of_the_explorer(read, story_path):
    page = read(story_path, "#show=learner&learned=20x2x10")
    assert page.evaluate("[costs.length, network === learner]") == [20, True]
    assert "learned=20x2x10" in page.link()


def test_explorer_shows_again_what_it_showed(read, story_path):
    page = read(story_path, "#edits=A13*bias*3&draw=300-300-600-300-450-800&neuron=A13")
    link = page.link()
    page.evaluate("goTo('chain')")
    page.settle()
    page.evaluate("closeDoor()")
    assert page.link() == link


def test_bias_chooses_the_digits_that_light_up(read, story_path):
    page = read(story_path, "#squash?at=1")
    shown = """(bias) => {
        const original = crowd;
        let list;
        crowd = (pen, digits, [, , w, h], size) => {
            list = digits.slice(0, floor(w / (size + 4)) * floor(h / (size + 4)));
        };
        FIGURES.squash.bias = bias;
        paintDoor();
        crowd = original;
        return list.length;
    }"""
    for bias in (-15, -10, 0, 10):
        expected = page.evaluate("(bias) => figure.sums.filter(([z]) => z + bias > 0).length", bias)
        assert page.evaluate(shown, bias) == expected


@pytest.mark.parametrize("door", ["curves", "playground"])
def test_jump_to_the_end_does_not_block(door, watch, story_path):
    page = watch(story_path, f"#{door}?at=0")
    assert page.evaluate("(moveTo(1), [aim, moment < 1])") == [1, True]
    page.until("moment === 1")
    assert page.evaluate("Number($('moment').value)") == 1


def test_address_sets_the_moment_and_the_theme(read, story_path):
    page = read(story_path, "#chain?at=0.34&theme=light")
    assert page.evaluate("[moment, root.dataset.theme]") == [0.34, "light"]
    assert page.link() == "#chain?theme=light"


def test_header_names_the_network_that_is_shown(read, story_path):
    page = read(story_path, "#ways")
    assert page.text("#facts") == "The film’s network with random weights, and our digit"
    page = read(story_path, "#explore")
    assert "88.9 % of 1000 test digits right" in page.text("#facts")
    page.page.locator("#use-learner").click()
    page.settle()
    assert re.match(
        r"Learning here, after 0 steps: \d+ % of 300 test digits right", page.text("#facts")
    )


def test_drawing_runs_through_the_layers(read, story_path):
    page = read(story_path, "#layers?at=1")
    page.draw([[(0.3, 0.3), (0.6, 0.3), (0.45, 0.8)]])
    assert page.evaluate("strokesNow().length") == 1 and page.link() == "#layers"
    assert re.match(
        r"Your drawing turns on \d+ of A: A.* It is read as a \d, at \d\.\d\d\.", page.text("#stop")
    )


PRESSED_AT_ONCE = """(id) => {
    const paint = requestAnimationFrame;
    requestAnimationFrame = () => 1; // the page does not paint of itself
    $("scene").setPointerCapture = () => {};
    goTo(id);
    for (const at of [0, 1]) {
        moveTo(at);
        for (const type of ["pointermove", "pointerdown", "pointermove", "pointerup"])
            $("scene").dispatchEvent(new PointerEvent(type, { clientX: 500, clientY: 300, button: 0, bubbles: true }));
        for (const key of ["ArrowLeft", "ArrowDown", "Enter"])
            $("scene").dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    }
    delete $("scene").setPointerCapture;
    requestAnimationFrame = paint;
    paintNow();
}"""


@pytest.mark.parametrize("door", DOORS)
def test_figure_is_pressed_before_the_page_paints(door, read, story_path):
    page = read(story_path, "#squash" if door == "read" else "#read")
    page.evaluate(PRESSED_AT_ONCE, door)
    assert page.evaluate("door") == door  # and there was no error


def test_buttons_pressed_at_once_count_on_from_each_other(read, story_path):
    press = "const press = (text) => [...$('controls').children].find((one) => one.textContent === text).click();"
    page = read(story_path, "#gradient?at=0")
    page.evaluate(f"() => {{ {press} moveTo(1); press('Try 200 more'); press('Try 200 more'); }}")
    # A few for each picture, so that the page never stands still.
    assert page.evaluate("figure.tries.length") < 600
    page.until("figure.tries.length === 600")
    page.settle()
    assert "best of 600" in page.evaluate(TEXTS)
    assert page.text("#stop").startswith("600 random steps now")


# ------------------------------------------------------------------------------------- the numbers are those of Python


def test_rule_and_hand_made_neuron_are_those_of_numpy(read, story_path, data):
    page = read(story_path, "#read")
    images = np.array(page.evaluate("examples.test.map((one) => [...one.input])"))
    leaves = page.evaluate("examples.test.map((one) => LEAVES[leafOf(one.input, RULE)])")
    assert [rule(np.round(255 * image).astype(np.uint8)) for image in images] == leaves
    weights = page.evaluate("[...barWeights(8, -0.75)]")
    assert largest_difference(weights, bar_weights(8, -0.75)) == 0
    seven = data.X_test[0] / 255 @ bar_weights(8, -0.75)
    assert page.evaluate("sumOver(barWeights(8, -0.75), pictures.seven.input)") == pytest.approx(
        seven, abs=1e-5
    )


def test_chain_and_edges_are_those_of_numpy(read, story_path, data):
    page = read(story_path, "#chain")
    slopes = page.evaluate("chainSlopes()")
    change = page.evaluate("chainAt(0.2).numbers[3] - chainAt(0).numbers[3]")
    expected, expected_slopes = chain(0.2)
    assert change == pytest.approx(expected, abs=1e-7)
    assert slopes == pytest.approx(expected_slopes, abs=1e-6)
    for k in (1, 2):
        measured = page.evaluate(
            f"(chainAt(1e-5, {k}).numbers[3] - chainAt(-1e-5, {k}).numbers[3]) / 2e-5"
        )
        assert page.evaluate(f"chainSlope({k})") == pytest.approx(measured, rel=1e-6)
    used = data.X_train.max(axis=0) > 0
    weights = story_network().weights[0]
    found = page.evaluate("(FIGURES.inside.set(), FIGURES.inside.found.map(({ share }) => share))")
    assert found[:16] == pytest.approx(explained(weights, used), abs=1e-5)
    assert found[17] == pytest.approx(1) and page.evaluate("sum(used)") == used.sum()


def test_shares_with_other_hidden_layers_are_those_of_python(data):
    html = page_of(story_network())
    shown = json.loads(re.search(r'id="door-data">(.*?)</script>', html)[1])["hidden"]
    for layers, share in zip(([], [16, 16], [128]), shown, strict=True):
        random = np.random.RandomState(0)
        kinds = {"output": "logistic", "loss": "squared_error", "input_scale": 1 / 255}
        network = Network([784, *layers, 10], "logistic", **kinds, random_state=random)
        order = np.arange(len(data.X_train))
        for _ in range(30):
            random.shuffle(order)
            network.train_epoch(data.X_train, data.y_train, 10, 1.5, order=order)
        right = network.forward(data.X_test).argmax(axis=1) == data.y_test
        assert round(100 * right.mean(), 1) == share


# ---------------------------------------------------------------------------------------------- pages with and without


@pytest.mark.parametrize(
    "net",
    [
        Network(
            [784, 16, 16, 10], "logistic", output="logistic", loss="squared_error", random_state=0
        ),
        Network([784, 8, 16, 10], "logistic", output="logistic", loss="squared_error"),
        Network([784, 16, 16, 3], "logistic", output="logistic", loss="squared_error"),
        Network([4, 3, 2], "logistic", output="logistic", loss="squared_error"),
    ],
)
def test_other_networks_have_no_film(net):
    html = page_of(net)
    for name in ("film", "door", "packed", "figure"):
        assert f'id="{name}"' not in html


def test_network_of_the_story_has_the_film():
    html = page_of(story_network())
    assert 'id="film"' in html and 'id="packed"' in html
    assert '<meta name="description" content="Draw a digit, and see in a film' in html


# --------------------------------------------------------------------------------------------- narrow screens, Firefox


MIDDLES_ARE_FREE = """() => [...document.querySelectorAll("header button")].every((one) => {
    const { x, y, width, height } = one.getBoundingClientRect();
    return !width || document.elementFromPoint(x + width / 2, y + height / 2) === one;
})"""


@pytest.mark.parametrize("door", DOORS)
def test_door_fits_a_phone(door, read, story_path):
    page = read(
        story_path, f"#{door}", viewport={"width": 390, "height": 844}, reduced_motion="reduce"
    )
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate("$('scene').offsetHeight") <= 390
    assert page.evaluate(MIDDLES_ARE_FREE)
    ids = ("door-title", "door-text", "scene")
    order = [page.page.locator(f"#{id}").bounding_box()["y"] for id in ids]
    if door != "playground":  # whose plane comes first
        assert order == sorted(order)
    page.evaluate("(moveTo(1), $('controls').scrollIntoView({ block: 'end' }))")
    page.settle()
    box = page.page.locator("#handle").bounding_box()
    assert 0 <= box["y"] and box["y"] + box["height"] <= 844
    sizes = page.evaluate(
        "[...document.querySelectorAll('#handle button, #controls button')].map((b) => b.offsetHeight).filter(Boolean)"
    )
    assert min(sizes) >= 40


def test_firefox_shows_every_door(story_path):
    with firefox() as browser:
        for door in DOORS:
            browser.open(Path(story_path), f"#{door}?at=1")
            browser.evaluate("moveTo(1)")
            assert browser.evaluate("[door, document.documentElement.scrollWidth]") == [door, 1280]


# All words of a door: those that are painted, those beside the picture, and the names of controls.
EVERY_WORD = """async () => {
    const pen = CanvasRenderingContext2D.prototype, { fillText } = pen;
    const seen = new Set();
    pen.fillText = function (text, ...place) {
        seen.add(String(text));
        fillText.call(this, text, ...place);
    };
    for (const at of [...figure.stops, 0.45, 0.6, 0.9, 1]) {
        moveTo(at);
        while (moment !== aim) await new Promise((done) => setTimeout(done, 20));
        for (let n = 0; n < 2; n++) {
            requestPaint();
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        }
        seen.add($("stop").textContent);
        seen.add($("scene").ariaLabel);
    }
    pen.fillText = fillText;
    const shown = document.querySelectorAll("header, .side, #figure");
    for (const part of shown)
        for (const one of [part, ...part.querySelectorAll("*")]) {
            if (!one.checkVisibility()) continue;
            for (const { nodeType, data } of one.childNodes) if (nodeType === 3) seen.add(data.trim());
            for (const text of [one.ariaLabel, one.title]) if (text) seen.add(text);
        }
    return [...seen].filter((text) => /[a-z]{3,}/i.test(text));
}"""
# Words that German and Spanish have, too.
SHARED_WORDS = {"ReLU", "tanh", "softmax", "xor", "sin x", "sin y", "Bias", "1. Bias", "Rate"}
SHARED_WORDS |= {"Tests", "Training", "Pause", "orange", "linear"}


@pytest.fixture(scope="module")
def in_english():
    """The English words of doors."""
    return {}


@pytest.mark.parametrize("language", ["de", "es"])
@pytest.mark.parametrize("door", DOORS)
def test_no_english_is_left_in_a_door_in_another_language(
    door, language, in_english, read, story_path
):
    def words(name):
        return set(read(story_path, f"#{door}?at=0&lang={name}").evaluate(EVERY_WORD))

    if door not in in_english:
        in_english[door] = words("en")
    other = words(language)
    assert len(other) > 5
    left = {re.sub(r"^[●○ ]+| \d+ %$", "", text) for text in in_english[door] & other}
    assert {text for text in left if "∂" not in text} - SHARED_WORDS == set()
