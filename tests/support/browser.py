"""A headless Chromium for the tests of pages. Without Playwright or a browser these tests are skipped."""

import contextlib
import itertools
import math
import os
import shutil
import time
from pathlib import Path
from random import Random

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
MEDIA = {"reduced_motion": "no-preference", "color_scheme": "light", "forced_colors": "none"}
# How long `until` waits: in seconds of processor time, and in seconds where a page does nothing at all.
MOST_CPU, MOST_SECONDS = 60, 900


@contextlib.contextmanager
def chromium():
    """Yield a browser; skips the test if there is none."""
    driver = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("needs the program chromium")
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=SWITCHES)
        yield browser
        browser.close()


def cpu_seconds():
    """Return the processor time of this process's children and theirs, or the time where there is no /proc.

    So a wait of many seconds on a busy machine is no longer than on one that is idle.
    """
    used, parents = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(fields[1])
            used[int(folder.name)] = sum(map(int, fields[11:15]))
    if not used:
        return time.monotonic()
    family, found = {os.getpid()}, [os.getpid()]
    for parent in found:
        new = [child for child, of in parents.items() if of == parent and child not in family]
        family.update(new)
        found.extend(new)
    return sum(used[child] for child in found[1:]) / os.sysconf("SC_CLK_TCK")


class Watched:
    """A browser page with everything that it should not do: messages on its console, errors, requests."""

    def __init__(self, page, path):
        self.page = page
        self.faults = []
        self.address = path.as_uri()
        self.listeners = {
            "console": lambda message: self.faults.append(f"console: {message.text}"),
            "pageerror": lambda error: self.faults.append(f"error: {error}"),
            "request": self.requested,
        }
        for event, listener in self.listeners.items():
            page.on(event, listener)

    def load(self, fragment=""):
        """Load the page anew."""
        self.page.goto("about:blank")  # otherwise a new fragment would not load the page again
        self.page.goto(self.address + fragment)
        self.page.evaluate("ready")
        self.settle()

    def close(self):
        """Stop watching; the page can be used again."""
        for event, listener in self.listeners.items():
            self.page.remove_listener(event, listener)

    def requested(self, request):
        if not request.url.startswith((self.address, "data:")):
            self.faults.append(f"request: {request.url}")

    def evaluate(self, expression, argument=None):
        return self.page.evaluate(expression, argument)

    def text(self, selector):
        return self.page.locator(selector).inner_text()

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        self.settle()

    def settle(self):
        """Wait until the page has painted."""
        self.page.evaluate(
            "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))"
        )

    def until(self, expression):
        """Wait until an expression is true. Playwright's own function for this needs a weaker policy of the page.

        The slowest motion, a chapter's until its bet, takes 14 s: its captions rest until they can be read.
        """
        begin = looked = time.monotonic()
        before = None
        while not self.page.evaluate(expression):
            now = time.monotonic()
            if before is None or now > looked + 1:
                looked, used = now, cpu_seconds()
                before = used if before is None else before
                assert used - before < MOST_CPU and now - begin < MOST_SECONDS, (
                    f"{expression} has not become true"
                )
            self.page.wait_for_timeout(20)

    def link(self):
        """Return the fragment of the address. The page writes it 0.4 seconds after the last change, here at once."""
        self.settle()
        self.page.evaluate("rest()")
        return self.page.evaluate("location.hash")

    def put(self, strokes):
        """Show strokes as if they had been drawn; points are fractions of the drawing field."""
        points = [[[round(1024 * value) for value in point] for point in one] for one in strokes]
        self.page.evaluate("(strokes) => { show({ strokes }); paintNow(); }", points)

    def draw(self, strokes):
        """Draw strokes with the mouse; points are fractions of the drawing field."""
        box = self.page.locator("#pad").bounding_box()
        for stroke in strokes:
            for k, (x, y) in enumerate(stroke):
                self.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
                if k == 0:
                    self.page.mouse.down()
            self.page.mouse.up()
        self.settle()


# Leads the page of a network to a fragment, as if it had been loaded with it. What the film and the door of curves have
# learned stays: it takes seconds, and is the same each time.
SHOW = """async (fragment) => {
    if (hasFilm) {
        const { curves, playground } = FIGURES;
        const isLearned = curves.scale === 1 && curves.nets.every(({ done }) => done === CURVE_STEPS);
        if (isLearned) window.learnedCurves = curves.nets;
        for (const one of document.querySelectorAll(".runs, .heads, .broken, .shows, .knob")) one.remove();
        playground.heads = null; // so that it is built in the language, and has its first speed
        motion++;
        door = figure = null;
        showDoor();
        film.forget();
        Object.assign(film, { wantedLanguage: null, sceneAlone: null, speed: 1, scribble: null, grip: null });
        Object.assign(film, { changed: null, values: [], level: 0, pace: 0, told: "" });
        film.chooseWords();
        film.close();
    }
    run(false);
    edits = [];
    trained.params.set(original);
    selected = pointed = wanted = null;
    painting = themed = false;
    brush = "plus";
    travelled = Infinity;
    document.body.classList.remove("inspecting", "alone");
    document.activeElement.blur();
    if ($("fool-target")) $("fool-target").selectedIndex = 0;
    root.dataset.theme = "dark";
    scrollTo(0, 0);
    history.replaceState(null, "", fragment || "#");
    if (hasFilm && placeNow()) readColours();
    else repaintAll();
    await readUrl();
    if (hasFilm && door === "curves") figure.nets = window.learnedCurves ?? figure.nets;
}"""
# The numbers, texts and functions of a page's scripts, by name.
KNOWN = """(names) => {
    if (hasFilm) Object.assign(film, { isPlaying: false }, clearTimeout(film.timer));
    const found = { parameters: original.join() };
    const sources = (one) =>
        Object.values(Object.getOwnPropertyDescriptors(one?.prototype ?? {})).map(({ value }) => String(value));
    for (const [name, value] of Object.entries(names))
        if (typeof value === "function") found[name] = [String(value), ...sources(value)].join();
        else if (!["object", "undefined"].includes(typeof value)) found[name] = String(value);
    return found;
}"""
# What can be seen of a page, in words.
SEEN = """() => (rest(), {
    text: document.body.innerText,
    fields: [...document.querySelectorAll("input, select")]
        .filter((one) => one.checkVisibility())
        .map((one) => [one.id, one.value, one.checked].join())
        .join(),
    parameters: trained.params.join(),
    look: [root.dataset.theme, document.body.className, scrollX, scrollY, innerWidth, innerHeight].join(),
})"""
# What SHOW sets, or what counts.
SET = [
    *("moment", "aim", "motion", "told", "isChanged", "frame", "resting", "sized", "changes"),
    *("seed", "notice", "decimalPoint", "painted", "running", "brush", "wishing", "painting"),
    *("themed", "travelled", "decided", "isMoving"),
]
BUILT_IN = ("performance.now", "CanvasRenderingContext2D.prototype.fillText")


class Shared(Watched):
    """The page of a network that is loaded once for many tests, with what it was at first."""

    def __init__(self, page, path, screen):
        super().__init__(page, path)
        self.screen, self.media = screen, {}
        page.emulate_media(**MEDIA)
        self.load("#explore")
        names = page.context.new_cdp_session(page).send("Runtime.globalLexicalScopeNames")["names"]
        functions = "Object.keys(window).filter((name) => typeof window[name] === 'function')"
        names += [*page.evaluate(functions), *BUILT_IN]
        parts = [f"{name!r}: {name}" for name in names if name not in SET]
        self.names = "{" + ", ".join(parts) + "}"
        self.first = self.known(), self.seen()

    def show(self, fragment="", viewport=None, **media):
        """Show what a fragment leads to, as if the page had been loaded with it."""
        self.page.set_viewport_size(viewport or self.screen)
        if media != self.media:
            self.page.emulate_media(**{**MEDIA, **media})
            self.media = media
        self.page.evaluate(SHOW, fragment)
        self.settle()

    def known(self):
        return self.page.evaluate(f"() => ({KNOWN})({self.names})")

    def seen(self):
        """Return what is seen at the explorer's beginning."""
        self.show("#explore")
        return self.page.evaluate(SEEN)

    def broken(self):
        """Return the names in the page's scripts that are not as they were when it was loaded."""
        return differences(self.first[0], self.known())

    def left(self):
        """Return what is seen otherwise than at first, though the page was led to the same place."""
        return differences(self.first[1], self.seen())


def differences(before, now):
    """Return what has become something else; what was not there has been computed since."""
    return [name for name in before if before[name] != now.get(name)]


def arc(x, y, width, height, start, end, n=14):
    """Return points of an ellipse's arc, clockwise; angles in degrees."""
    angles = [math.radians(start + (end - start) * k / n) for k in range(n + 1)]
    return [(x + width * math.cos(angle), y + height * math.sin(angle)) for angle in angles]


def line(*points):
    """Return points of a polygon."""
    return [
        (x0 + (x1 - x0) * k / 8, y0 + (y1 - y0) * k / 8)
        for (x0, y0), (x1, y1) in itertools.pairwise(points)
        for k in range(9)
    ]


# Strokes of hand-drawn digits.
DIGITS = {
    0: [arc(0.5, 0.5, 0.18, 0.28, -90, 270, 24)],
    1: [line((0.52, 0.2), (0.48, 0.8))],
    2: [arc(0.5, 0.36, 0.17, 0.16, -170, 40) + line((0.6, 0.5), (0.32, 0.78), (0.7, 0.78))],
    3: [arc(0.47, 0.34, 0.17, 0.15, -150, 90) + arc(0.47, 0.66, 0.2, 0.17, -90, 150)],
    4: [line((0.38, 0.22), (0.34, 0.52), (0.66, 0.5)), line((0.64, 0.22), (0.6, 0.82))],
    5: [line((0.64, 0.22), (0.4, 0.22), (0.38, 0.45)) + arc(0.48, 0.62, 0.18, 0.17, -120, 140)],
    6: [line((0.6, 0.18), (0.44, 0.4)) + arc(0.5, 0.64, 0.14, 0.15, 200, 560, 24)],
    7: [line((0.32, 0.24), (0.68, 0.24), (0.46, 0.8))],
    8: [arc(0.5, 0.35, 0.14, 0.14, 90, -270, 24) + arc(0.5, 0.65, 0.16, 0.16, -90, 270, 24)],
    9: [arc(0.48, 0.37, 0.15, 0.16, 0, -360, 24) + line((0.63, 0.37), (0.56, 0.82))],
}


def drawings(digit, n):
    """Return a digit drawn n times: shaken, and with other sizes, slants and positions."""
    random = Random(digit)
    return [_varied(DIGITS[digit], random) for _ in range(n)]


def _varied(strokes, random):
    turn = math.radians(random.uniform(-12, 12))
    width, height = random.uniform(0.7, 1.15), random.uniform(0.7, 1.15)
    slant, shake = random.uniform(-0.15, 0.25), random.uniform(0, 6)
    right, down = random.uniform(-0.1, 0.1), random.uniform(-0.1, 0.1)
    varied = []
    for stroke in strokes:
        points = []
        for k, (x, y) in enumerate(stroke):
            u, v = (x - 0.5) * width, (y - 0.5) * height
            u -= slant * v
            u, v = u * math.cos(turn) - v * math.sin(turn), u * math.sin(turn) + v * math.cos(turn)
            u += 0.5 + right + 0.008 * math.sin(shake + 0.9 * k)
            v += 0.5 + down + 0.008 * math.cos(shake + 0.7 * k)
            points.append((min(0.98, max(0.02, u)), min(0.98, max(0.02, v))))
        varied.append(points)
    return varied


def settle(page):
    """Wait until the page of a table has computed and painted everything."""
    page.until("waiting.length === 0 && frame === 0")
