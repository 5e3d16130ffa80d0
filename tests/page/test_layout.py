"""Where things are on screens of any size: wires end at neurons, nothing moves, drawing and answer fit together."""

import itertools

import pytest
from browser import DIGITS

pytestmark = pytest.mark.slow

# The last is a window of 1280 x 800 at 200 %.
SCREENS = [
    (360, 780),
    (520, 800),
    (600, 800),
    (700, 800),
    (844, 390),
    (1100, 800),
    (1280, 800),
    (640, 400),
]


@pytest.fixture
def on_screen(read, watch, path):
    def open_page(fragment, size):
        viewport = dict(zip(("width", "height"), size, strict=True))
        if size == (640, 400):
            return watch(path, fragment, viewport=viewport, scale=2)
        return read(path, fragment, viewport=viewport)

    return open_page


@pytest.mark.parametrize("size", SCREENS, ids=str)
def test_wires_end_at_the_circles(size, on_screen):
    page = on_screen("#draw=300-300-600-300-450-800", size)
    off = page.evaluate("""() => {
        const stage = $("stage").getBoundingClientRect();
        return buttons.flatMap((column, layer) => column.map((button, index) => {
            const { left, top, width, height } = button.firstChild.getBoundingClientRect();
            const [x, y] = points[layer][index];
            return Math.hypot(left + width / 2 - stage.left - x, top + height / 2 - stage.top - y);
        }));
    }""")
    assert len(off) == 42 and max(off) < 2


# Everything that can be used, and the canvases, outside the panel of the neuron.
BOXES = """() => [...document.querySelectorAll('button, input, select, canvas')]
    .filter((one) => one.offsetParent && !one.closest('#details'))
    .map((one) => [one.id, one.offsetWidth, one.getBoundingClientRect().top + scrollY])"""


@pytest.mark.parametrize("fragment", ["", "#show=learner", "#view=wishes&example=507"])
@pytest.mark.parametrize("size", [(360, 780), (640, 400), (900, 800), (1280, 800)], ids=str)
def test_opening_a_neuron_moves_nothing(size, fragment, on_screen):
    page = on_screen(fragment, size)
    page.press("Escape")
    boxes, before = page.evaluate(BOXES), page.page.locator("#legend").bounding_box()
    for neuron in (".neuron >> nth=12", ".output >> nth=3"):
        page.page.locator(neuron).click()
        page.settle()
        assert page.page.locator("#details").is_visible()
        assert page.evaluate(BOXES) == boxes
        box = page.page.locator("#details").bounding_box()
        assert box["y"] >= 0 and box["y"] + box["height"] <= max(size[1], 800)
    page.press("Escape")
    assert page.evaluate(BOXES) == boxes
    page.evaluate("scrollTo(0, 0)")
    assert page.page.locator("#legend").bounding_box() == before


@pytest.mark.parametrize(
    "fragment", ["#neuron=A13", "#neuron=out3", "#neuron=A13&edits=A13*bias*3"]
)
def test_panel_of_a_neuron_fits_beside_the_network(fragment, read, path):
    page = read(path, fragment)
    assert page.evaluate("$('details').scrollHeight - $('details').clientHeight") == 0
    assert page.evaluate("$('details').offsetHeight - $('stage').offsetHeight") <= 0


@pytest.mark.parametrize("size", [(640, 400), (667, 375), (844, 390), (1024, 500)], ids=str)
def test_drawing_and_answer_fit_on_a_low_screen(size, on_screen):
    page = on_screen("", size)
    page.page.locator("#pad").scroll_into_view_if_needed()
    page.draw(DIGITS[3])
    boxes = [one.bounding_box() for one in page.page.locator("#pad, .output").all()]
    ends = [(box["y"], box["y"] + box["height"]) for box in boxes]
    low, high = min(itertools.chain(*ends)), max(itertools.chain(*ends))
    assert high - low <= size[1] - 8
    assert low >= 0 and high <= size[1] and page.evaluate("scrollY") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize("size, least", [((1280, 800), 90), ((390, 844), 70)], ids=str)
def test_weights_are_the_main_view_while_it_learns(size, least, on_screen):
    page = on_screen("", size)
    wide = "(() => { const { width } = $('filters').getBoundingClientRect(); return width / filterColumns(); })()"
    assert page.page.locator("#stage").is_visible()
    page.page.locator("#run").click()
    page.settle()
    assert page.evaluate(wide) > least and not page.page.locator("#stage").is_visible()
    assert page.evaluate("$('filters').getBoundingClientRect().top") < 220
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.page.locator("#run").click()
    page.settle()
    assert page.evaluate(wide) < least and page.page.locator("#stage").is_visible()
