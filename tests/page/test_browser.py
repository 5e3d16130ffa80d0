"""Pages in a headless Chromium: the same numbers as the core, drawing, keys, links, and nothing on the console."""

import re
from functools import partial

import browser
import numpy as np
import pytest
from browser import DIGITS, drawings
from helpers import HIDDEN, OUTPUTS, inputs, parameter_of, targets, uniform
from page_models import largest_difference, network_of, sixteenths
from page_parts import Parts, page_of

from cmlp import MLPClassifier, MLPRegressor, Network

pytestmark = pytest.mark.slow


# ------------------------------------------------------------------------------------------------------- the numbers


def test_forward_pass_equals_the_core(read, path, model, data):
    page = read(path)
    net = network_of(model.network_.params)
    embedded = page.evaluate(
        "examples.test.slice(0, 100).map((one) => [...trained.forward(one.input).a[last]])"
    )
    assert largest_difference(embedded, net.forward(sixteenths(data.X_test[:100]))) < 1e-5
    exact = (data.X_test[:100] / np.float32(255)).tolist()
    got = page.evaluate(
        "(all) => all.map((x) => [...trained.forward(Float32Array.from(x)).a[last]])", exact
    )
    assert (
        largest_difference(
            got, model.predict_proba(data.X_test[:100]) * np.sum(got, axis=1, keepdims=True)
        )
        < 1e-5
    )
    assert page.evaluate("examples.test.map((one) => one.label)") == data.y_test[:300].tolist()


def test_gradient_of_the_training_panel_equals_the_core(read, path, data):
    page = read(path)
    X, y = sixteenths(data.X_train[:20]), data.y_train[:20]
    for steps in (0, 200):
        page.evaluate("(n) => { for (let k = 0; k < n; k++) learn(2, 10); }", steps)
        net = network_of(page.evaluate("[...learner.params]"))
        got = page.evaluate(
            "(({ gradient, cost }) => [[...gradient], cost])(learner.gradient(examples.train.slice(0, 20)))"
        )
        wanted = net.gradient(X, y).flat
        assert largest_difference(got[0], wanted) < 1e-5 * np.abs(wanted).max()
        assert got[1] == pytest.approx(net.cost(X, y), rel=1e-5)
    batch = page.evaluate("nextBatch(10).map((one) => examples.train.indexOf(one))")
    page.evaluate("learn(0.5, 10)")
    net.step(sixteenths(data.X_train[batch]), data.y_train[batch], 0.5)
    assert largest_difference(page.evaluate("[...learner.params]"), net.params) < 1e-6


def test_wishes_add_up_to_the_gradient(read, path, data):
    page = read(path)
    batch = page.evaluate("nextBatch(10).map((one) => examples.train.indexOf(one))")
    X, y = sixteenths(data.X_train[batch]), data.y_train[batch]
    net = network_of(page.evaluate("[...network.params]"))
    gradient, deltas, explained = net.gradient(X, y), net.deltas(X, y), net.explain_step(X, y)
    for layer, index in ((1, 5), (2, 3), (3, 7)):
        page.evaluate("(neuron) => { selected = neuron; }", [layer, index])
        got = page.evaluate("batchWishes()")
        assert got["mean"] == pytest.approx(-gradient.biases[layer - 1][index], rel=1e-4, abs=1e-9)
        assert largest_difference(got["each"], -deltas[layer - 1][:, index]) < 1e-5
    for k, n in enumerate(batch):
        page.evaluate("(n) => { wishing = true; show({ example: n }); paint(); }", n)
        for layer in (1, 2, 3):
            wishes = page.evaluate(
                "(l) => [...back.slopes[l]].map((_, index) => wish(l, index))", layer
            )
            assert largest_difference(wishes, explained.layers[layer - 1].output_changes[k]) < 1e-5
            assert (
                largest_difference(
                    page.evaluate("(l) => [...back.deltas[l]]", layer), deltas[layer - 1][k]
                )
                < 1e-5
            )


# With these arguments a page knows every activation, and all losses of one kind.
KINDS = {
    "distances": Network([4, 5, 3], "gelu", output="identity", loss="squared_error"),
    "likelihoods": Network([4, 5, 3], "gelu"),
}
COMPUTE = """([model, params, X, Y]) => {
    const net = new Network(model, Float64Array.from(params));
    const batch = X.map((x, n) => ({ input: Float64Array.from(x), targets: Y[n] }));
    const { gradient, cost } = net.gradient(batch);
    const results = batch.map((one) => net.forward(one.input));
    return {
        gradient: [...gradient],
        cost,
        outputs: results.map((one) => [...one.a[last]]),
        deltas: results.map((one, n) => [...net.backward(one, Y[n]).deltas[1]]),
    };
}"""


@pytest.mark.parametrize("kind", KINDS)
def test_every_activation_and_loss_equals_the_core(kind, watch, tmp_path):
    """In float64, with small and large weighted sums, and with parameters other than the defaults."""
    KINDS[kind].to_html(tmp_path / "page.html")
    page = watch(tmp_path / "page.html")
    known = set(
        page.evaluate("Object.keys(typeof DISTANCES === 'undefined' ? LIKELIHOODS : DISTANCES)")
    )
    pairs = [(output, loss) for output, loss in OUTPUTS if loss in known]
    cases = [*((hidden, *pairs[0]) for hidden in HIDDEN), *(("tanh", *pair) for pair in pairs)]
    assert len(pairs) >= 8
    for hidden, output, loss in cases:
        for parameter, spread in ((None, 1), (0.3, 6)):
            net = Network(
                [4, 5, 3],
                hidden,
                output=output,
                loss=loss,
                dtype="float64",
                activation_parameter=parameter if hidden in ("leaky_relu", "elu") else None,
                loss_parameter=parameter_of(loss, parameter) if parameter else None,
            )
            net.params[:] = uniform(3, net.n_params) * (1 if output == "exp" else spread)
            X = inputs(4, 6, 4, np.float64)
            Y = targets(5, 6, 3, output, loss, np.float64)
            description = Parts(page_of(net)).model()
            got = page.evaluate(COMPUTE, [description, net.params.tolist(), X.tolist(), Y.tolist()])
            case = f"{hidden}, {output}, {loss}, {parameter}"
            wanted = net.gradient(X, Y).flat
            assert largest_difference(got["outputs"], net.forward(X)) < 1e-9, case
            assert largest_difference(got["gradient"], wanted) < 1e-9 * max(
                1, np.abs(wanted).max()
            ), case
            assert largest_difference(got["deltas"], net.deltas(X, Y)[0]) < 1e-9 * max(
                1, np.abs(wanted).max()
            ), case
            assert got["cost"] == pytest.approx(net.cost(X, Y), rel=1e-9), case


# ----------------------------------------------------------------------------------------------------------- drawing


def test_drawn_digits_are_centred_and_answered(read, path):
    page = read(path)
    answers = {}
    for digit, strokes in DIGITS.items():
        page.put(strokes)
        answers[digit] = page.evaluate("winner(answers)")
        image = np.array(page.evaluate("[...input]")).reshape(28, 28)
        centre = [
            (image.sum(axis=axis) * (np.arange(28) + 0.5)).sum() / image.sum() for axis in (0, 1)
        ]
        assert centre == pytest.approx([14, 14], abs=0.15)
        assert page.text("#source") == f"The network says {answers[digit]}."
        assert page.text(".winner b") == str(answers[digit])
    assert sum(digit == answer for digit, answer in answers.items()) >= len(DIGITS) - 1, answers


def test_of_a_hundred_drawn_digits_ninety_are_right(read, story_path):
    drawn = [(digit, strokes) for digit in DIGITS for strokes in drawings(digit, 10)]
    answers = read(story_path).evaluate(
        "(all) => all.map((one) => winner(trained.forward(toImage(one)).a[last]))",
        [
            [[[round(1024 * value) for value in point] for point in stroke] for stroke in one]
            for _, one in drawn
        ],
    )
    right = [digit == answer for (digit, _), answer in zip(drawn, answers, strict=True)]
    assert len(right) == 100 and sum(right) >= 90, {
        d: sum(right[10 * d : 10 * d + 10]) for d in range(10)
    }


@pytest.mark.parametrize("upstroke, answer", [([400, 280], 1), ([260, 300], 7), ([280, 380], 3)])
def test_one_with_a_long_upstroke_is_read_as_another_digit(upstroke, answer, read, story_path):
    """Most ones of MNIST are a single stroke."""
    drawn = [[upstroke, [540, 180], [540, 850]]]
    page = read(story_path)
    assert page.evaluate("(one) => winner(trained.forward(toImage(one)).a[last])", drawn) == answer


def test_touch_draws_and_does_not_scroll(watch, path):
    page = watch(path, viewport={"width": 390, "height": 844}, has_touch=True)
    page.press("c")
    session = page.page.context.new_cdp_session(page.page)
    box = page.page.locator("#pad").bounding_box()
    points = [{"x": box["x"] + 100, "y": box["y"] + 30 + 15 * k} for k in range(8)]
    for kind, touched in [
        ("touchStart", points[:1]),
        *(("touchMove", [point]) for point in points[1:]),
        ("touchEnd", []),
    ]:
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touched})
    page.settle()
    assert page.evaluate("shown.strokes[0].length") >= 5
    assert page.evaluate("scrollY") == 0
    assert page.text("#source").startswith("The network says")


def test_a_second_finger_is_ignored(watch, path):
    page = watch(path, has_touch=True)
    page.press("c")
    session = page.page.context.new_cdp_session(page.page)
    box = page.page.locator("#pad").bounding_box()
    fingers = [
        [{"x": box["x"] + x, "y": box["y"] + 50 + 20 * k, "id": n} for k in range(6)]
        for n, x in ((0, 60), (1, 200))
    ]
    send = partial(session.send, "Input.dispatchTouchEvent")
    send({"type": "touchStart", "touchPoints": [fingers[0][0]]})
    for k in range(1, 6):
        kind = "touchStart" if k == 1 else "touchMove"
        send({"type": kind, "touchPoints": [fingers[0][k], fingers[1][k]]})
    send({"type": "touchEnd", "touchPoints": []})
    page.settle()
    strokes = page.evaluate("shown.strokes")
    assert len(strokes) == 1 and len(strokes[0]) >= 4
    assert max(x for x, _ in strokes[0]) < 512


def test_undone_stroke_of_the_keyboard_ends(read, path):
    page = read(path)
    page.page.locator("#pad").focus()
    page.press("c", "Enter", "ArrowDown", "z", "ArrowDown", "Enter", "ArrowRight")
    assert [len(stroke) for stroke in page.evaluate("shown.strokes")] == [2]


def test_pen_moves_by_keys(read, path):
    page = read(path)
    page.page.locator("#pad").focus()
    page.press(
        "c", "Enter", *["ArrowDown"] * 8, "Enter", "ArrowRight", "Enter", "Shift+ArrowLeft", "Enter"
    )
    strokes = page.evaluate("shown.strokes")
    assert [len(stroke) for stroke in strokes] == [9, 2]
    assert np.diff(np.array(strokes[0]), axis=0).tolist() == [[0, 48]] * 8
    assert strokes[1][1][0] - strokes[1][0][0] == -16
    assert page.text("#source").startswith("The network says")


# -------------------------------------------------------------------------------------------------------------- keys


def test_keys_choose_digits_mistakes_and_noise(read, path):
    page = read(path)
    for digit in "0369":
        page.press(digit)
        assert page.evaluate("examples.all[shown.example].label") == int(digit)
    page.press("m")
    first = page.text("#source")
    assert re.fullmatch(
        r"Test digit \d+ of 300\. The network says \d\. Wrong: it is labelled \d\.\s*", first
    )
    page.press("m")
    assert "Wrong:" in page.text("#source") and page.text("#source") != first
    page.press("n")
    assert page.text("#source").startswith("This is noise. The network says")
    page.press("c")
    assert page.evaluate("isEmpty()") and "press 0 to 9" in page.text("#source")
    page.draw(DIGITS[4])
    page.press("z")
    assert page.evaluate("shown.strokes.length") == 1
    page.press("s", "s")
    assert page.evaluate("costs.length") == 2 and page.evaluate("network === learner")


def test_shortcuts_can_be_switched_off(read, path):
    page = read(path)
    page.page.locator("#keys").uncheck()
    page.press("n", "s", "5")
    assert page.evaluate("[shown.noise ?? null, costs.length]") == [None, 0]
    assert "keys=off" in page.link()
    assert not read(path, "#keys=off").page.locator("#keys").is_checked()


def test_neurons_are_reached_and_opened_by_keys(read, path):
    page = read(path)
    focus = "document.activeElement.ariaLabel"
    page.page.locator(".neuron").first.focus()
    page.link()  # the labels are written when the page has come to rest
    assert page.evaluate(focus).startswith("A1, activation ")
    page.press("ArrowDown", "ArrowRight", "ArrowRight")
    assert re.fullmatch(
        r"Output 1, activation \d\.\d\d", page.evaluate("document.activeElement.textContent")
    )
    assert page.evaluate("document.querySelectorAll('.neuron[tabindex=\"0\"]').length") == 1
    page.press("ArrowLeft", "Enter")
    assert page.text("#name") == "B2"
    page.press("Escape")
    assert (
        page.page.locator("#legend").is_visible() and not page.page.locator("#details").is_visible()
    )


def test_inspector_shows_the_weighted_sum(read, path, model):
    page = read(path)
    page.press("7")
    page.page.locator(".neuron").nth(16 + 4).click()
    page.settle()
    shown = [
        float(text.replace("−", "-")) for text in page.page.locator("#rows dd").all_inner_texts()
    ]
    image = np.array(page.evaluate("[...input]"))[None]
    net = network_of(model.network_.params)
    z, a = net.weighted_sums(image)[1][0, 4], net.activations(image)[2][0, 4]
    assert shown == pytest.approx([z - net.biases[1][4], net.biases[1][4], z, a], abs=6e-4)
    page.press("w")
    assert page.text("#rows div:last-child dt") == "1. bias: change by"
    assert (
        page.page.locator("#pictures canvas")
        .first.get_attribute("aria-label")
        .startswith("2. weights")
    )


# -------------------------------------------------------------------------------------------------- links, training


def test_link_repeats_drawing_training_and_view(read, watch, path):
    page = read(path)
    page.draw(DIGITS[3])
    page.page.locator(".neuron").nth(20).click()
    page.press("w", "s")
    page.page.locator("#rate").fill("0")
    page.page.locator("#run").click()
    page.until("costs.length > 60")
    page.page.locator("#run").click()
    page.page.locator("#wanted").select_option("8")
    link = page.link()
    other = watch(path, link)
    for state in (
        "[...learner.params]",
        "[...answers]",
        "selected",
        "wanted",
        "[wishing, network === learner, rate(), batchSize(), costs.length, seed]",
    ):
        assert other.evaluate(state) == page.evaluate(state), state
    assert other.link() == link
    assert len(link) < 1000


@pytest.mark.parametrize(
    "fragment",
    [
        "#neuron=9.9&example=-1&noise=x&draw=99999-3&wanted=a_b&rate=-1&batch=1e9&seed=-3",
        "#learned=5xNaNx10_3x1e999x10_1e9xx_2x2x501_1x2x0.5&theme=blue&show=nothing&view=",
        "#%00%ff&example=1e99&neuron=__proto__&draw=.-.-&learned=" + "x_" * 3000,
    ],
)
def test_damaged_link_opens_the_page(fragment, read, path):
    page = read(path, fragment)
    page.press("3")
    assert "The network says" in page.text("#source")
    assert page.evaluate("costs.every(Number.isFinite)")


def test_wishes_of_the_batch_are_shown_and_open_their_digit(read, path, data):
    page = read(path)
    page.press("w")
    assert page.page.locator("#batch-list button").count() == 10
    assert page.text("#batch-text").startswith(
        "The next step averages the wishes of 10 digits. Output "
    )
    batch = page.evaluate("nextBatch(10).map((one) => examples.train.indexOf(one))")
    page.page.locator("#batch-list button").nth(3).click()
    page.settle()
    assert page.text("#source").startswith(
        f"Training digit {batch[3] + 1} of 500. The network says "
    )
    assert page.page.locator("#wanted").input_value() == str(data.y_train[batch[3]])
    page.page.locator("#batch").fill("30")
    page.settle()
    assert page.page.locator("#batch-list button").count() == 20
    assert "of 30 digits" in page.text("#batch-text")
    page.page.locator("#wanted").select_option("8")
    page.settle()
    assert page.page.locator('.output[data-wish="▲"] b').all_inner_texts() == ["8"]


def test_state_is_written_into_the_address_after_a_while(read, path):
    page = read(path)
    page.press("7")
    page.until("location.hash.includes('example=' + shown.example)")


def test_an_epoch_uses_every_digit_once(read, path):
    used = read(path).evaluate("""() => {
        const used = [];
        for (let k = 0; k < 50; k++) {
            used.push(...nextBatch(10).map((one) => examples.train.indexOf(one)));
            learn(0.1, 10);
        }
        return used;
    }""")
    assert sorted(used) == list(range(500)) and used != sorted(used)


def test_training_learns_and_can_be_restarted(read, path):
    page = read(path)
    before = page.evaluate("measured[0][1]")
    page.evaluate("for (let k = 0; k < 500; k++) learn(2, 10); measure(); use(learner);")
    page.settle()
    assert page.evaluate("measured.at(-1)[1]") > before + 0.4
    assert page.text("#n-steps") == "500"
    page.page.locator("#restart").click()
    page.settle()
    assert page.evaluate("[costs.length, seed]") == [0, 2]
    assert "Press Run" in page.text("#start-here")


def test_divergence_is_reported_and_keeps_the_weights(watch, tmp_path):
    X = uniform(0, 40, 3) * 1000
    net = Network([3, 4, 1], "relu", output="identity", loss="squared_error", random_state=0)
    net.to_html(tmp_path / "page.html", data=(X, X[:, :1], X, X[:, :1]))
    page = watch(tmp_path / "page.html")
    page.page.locator("#rate").fill("1.5")
    page.page.locator("#run").click()
    page.until("!running")
    page.settle()
    assert page.text("#start-here").startswith("Training diverged")
    assert page.evaluate("learner.params.every(Number.isFinite)")
    page.page.locator("#restart").click()
    page.settle()
    assert page.text("#start-here").startswith("A new network")


# ------------------------------------------------------------------------------------------------------ other models


def test_fields_answer_as_the_core(watch, tmp_path):
    X = uniform(1, 60, 3) * 5
    model = MLPRegressor(hidden_layer_sizes=(6, 5), activation="tanh", max_iter=30, random_state=0)
    with pytest.warns(UserWarning):  # it has not converged
        model.fit(X, X[:, :2])
    model.to_html(tmp_path / "page.html", data=(X, X[:, :2], X, X[:, :2]))
    page = watch(tmp_path / "page.html")
    for field, value in zip(page.page.locator("#fields input").all(), (1.5, -2, 0.25), strict=True):
        field.fill(str(value))
    page.settle()
    wanted = model.predict([[1.5, -2, 0.25]])[0]
    assert largest_difference(page.evaluate("[...answers]"), wanted) < 1e-5
    assert (
        page.text("#source")
        == f"The network says {', '.join(f'{a:.3f}' for a in wanted).replace('-', '−')}."
    )
    other = watch(tmp_path / "page.html", page.link())
    assert other.evaluate("[...answers]") == page.evaluate("[...answers]")
    page.press("Tab", "Tab")
    page.page.locator("#random").click()
    page.settle()
    assert "The target is" in page.text("#source")


@pytest.mark.parametrize("offset, spread", [(2000.0, 10.0), (1.7e9, 60.0), (1e12, 1.0)])
def test_fields_far_from_0_answer_as_the_core(offset, spread, watch, tmp_path):
    X = np.round(offset + spread * uniform(1, 60, 3) * 2, 2)
    y = (X[:, 0] > X[:, 1]).astype(int)
    options = {"activation": "tanh", "dtype": "float32", "max_iter": 30, "random_state": 0}
    model = MLPClassifier((6,), input_scale="standard", **options)
    with pytest.warns(UserWarning):  # it has not converged
        model.fit(X, y)
    model.to_html(tmp_path / "page.html", data=(X, y, X, y))
    page = watch(tmp_path / "page.html")
    got = page.evaluate("examples.test.map((one) => [...trained.forward(one.input).a[last]])")
    assert largest_difference(np.ravel(got), model.predict_proba(X)[:, 1]) < 1e-5
    assert page.evaluate("examples.test.map((one) => [...one.values])") == X.tolist()
    for field, value in zip(page.page.locator("#fields input").all(), X[7].tolist(), strict=True):
        field.fill(str(value))
    page.settle()
    assert (
        largest_difference(page.evaluate("[...answers]"), model.predict_proba(X[7:8])[0, 1:]) < 1e-5
    )
    page.press("Tab", "Tab")
    page.page.locator("#random").click()
    page.settle()
    assert page.evaluate("valuesNow()") == X[page.evaluate("shown.example") % 60].tolist()
    drawn = np.array(page.evaluate("Array.from({ length: 50 }, randomValues)"))
    assert (
        drawn.min() > X.min() - spread / 50
        and drawn.max() < X.max() + spread / 50
        and len(np.unique(drawn)) > 100
    )
    page.evaluate("for (let k = 0; k < 400; k++) learn(0.5, 20); measure(); use(learner);")
    page.settle()
    assert page.evaluate("measured.at(-1)[1]") > 0.9  # it learns on scaled inputs


def test_hostile_labels_are_shown_as_text(watch, tmp_path):
    pandas = pytest.importorskip("pandas")
    names = [
        "</script><script>document.title = 'broken'</script>",
        "<img src=x onerror=alert(1)>",
        "\u202eright\0",
    ]
    X = pandas.DataFrame(uniform(0, 30, 3), columns=names)
    y = np.array(["<b>bold</b>", "\u202eleft", "&amp;"])[np.arange(30) % 3]
    model = MLPClassifier((4,), max_iter=1, random_state=0)
    with pytest.warns(UserWarning):
        model.fit(X, y)
    model.to_html(tmp_path / "page.html", data=(X, y, X, y), title="<i>&amp;\"'")
    page = watch(tmp_path / "page.html")
    page.press("w")
    assert page.page.title() == page.text("h1") == "<i>&amp;\"'"
    assert page.page.locator("#fields span").all_inner_texts() == [
        names[0],
        names[1],
        "right\ufffd",
    ]
    assert page.page.locator(".output b").all_inner_texts() == ["&amp;", "<b>bold</b>", "left"]
    assert page.page.locator("#wanted option").all_inner_texts() == ["&amp;", "<b>bold</b>", "left"]


@pytest.mark.parametrize(
    "net",
    [
        Network([784, 10], random_state=0),
        Network([784, 300, 7, 10], "gelu", random_state=0),
        Network([784, 12, 1], "silu", output="logistic", random_state=0),
        Network([200, 9, 8, 7, 6, 5, 4, 3, 100], "softsign", random_state=0),
        Network([1, 1, 1], "elu", output="exp", loss="gamma", random_state=0),
    ],
    ids=repr,
)
def test_any_shape_is_painted_without_overflow(net, watch, tmp_path):
    net.to_html(tmp_path / "page.html")
    for width in (390, 1280):
        page = watch(tmp_path / "page.html")
        page.page.set_viewport_size({"width": width, "height": 800})
        page.settle()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.page.locator(".neuron").count() == sum(net.sizes[1:])
        page.press("w", "n")
        page.page.locator(".output").first.click()
        page.settle()
        assert page.text("#name").startswith("Output ")


def test_page_says_when_a_drawing_is_hardly_one_digit(read, path):
    page = read(path)
    both = [
        [(0.36 * x + left, y) for x, y in stroke]
        for digit, left in ((3, 0.02), (7, 0.6))
        for stroke in DIGITS[digit]
    ]
    page.draw(both)
    assert page.text("#source").startswith(
        "Are these two digits? It reads one at a time. The network says"
    )
    page.put([[(0.2 + 0.6 * (n % 4 in (1, 2)), 0.2 + 0.05 * (n // 2)) for n in range(26)]])
    assert page.text("#source").startswith("This looks like no digit: there is more ink")
    for strokes in DIGITS.values():
        page.put(strokes)
        assert page.text("#source").startswith("The network")
    assert (
        page.evaluate("examples.all.map((one) => { input = one.input; return doubt(); }).join('')")
        == ""
    )


# ------------------------------------------------------------------------------------------------- how pages are tested


def test_shared_page_tells_what_a_test_has_changed(read, path):
    page = read(path)
    page.evaluate("() => { window.kept = drawLine; drawLine = () => 0; }")
    assert page.broken() == ["drawLine"]
    page.evaluate("() => { drawLine = window.kept; $('credit').title = $('credit').textContent; }")
    assert page.broken() == page.left() == []
    page.evaluate("write('credit', '')")
    assert page.left() == ["text"]
    page.evaluate("write('credit', $('credit').title)")
    assert page.left() == []


def test_wait_ends_by_processor_time(read, path, monkeypatch):
    monkeypatch.setattr(browser, "MOST_CPU", 0.5)
    with pytest.raises(AssertionError, match="has not become true"):
        read(path).until("range(3e5).length === 0")
