"""The page for everybody: sizes, names, contrast, themes, and the rules of axe-core in each mode."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from page_parts import DOORS

from cmlp import TabularClassifier, TabularRegressor

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(path, tmp_path_factory):
    """Pages of a network, and of tables with few and with many outputs."""
    folder, random = tmp_path_factory.mktemp("tables"), np.random.RandomState(0)
    X = [
        [float(x), f"a category with a long name {k % 7}", 1.0 * (k % 2)]
        for k, x in enumerate(random.randn(120))
    ]
    X[5][0] = None
    for name, y in (
        ("few", [k % 2 for k in range(120)]),
        ("many", [f"a long class {k % 30}" for k in range(120)]),
    ):
        TabularClassifier(n_estimators=2, random_state=0).fit(X, y).to_html(folder / f"{name}.html")
    TabularRegressor(n_estimators=2, random_state=0).fit(X, range(120)).to_html(
        folder / "number.html"
    )
    targets = TabularRegressor(n_estimators=2, random_state=0).fit(X, random.randn(120, 12))
    targets.to_html(folder / "targets.html")
    return {
        "network": path,
        **{name: folder / f"{name}.html" for name in ("few", "many", "number", "targets")},
    }


@pytest.mark.parametrize("kind", ["network", "many", "targets"])
@pytest.mark.parametrize("width", [320, 390, 800, 1280])
def test_layout_fits_and_targets_are_large(width, kind, read, watch, pages):
    show = read if kind == "network" else watch
    page = show(pages[kind], viewport={"width": width, "height": 800})
    page.press("w")
    small = """[...document.querySelectorAll('button, input, select')].filter(
        (one) => one.offsetParent && one.type !== 'checkbox' && (one.offsetHeight < 24 || one.offsetWidth < 24)
    ).map((one) => one.id || one.ariaLabel)"""
    assert page.evaluate(small) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cut = """[...document.querySelectorAll('header *')].filter(
        (one) => one.offsetParent && one.scrollWidth > one.clientWidth + 1
    ).map((one) => one.textContent)"""
    assert page.evaluate(cut) == []


def test_controls_have_names(read, path):
    page = read(path)
    page.press("w")
    page.link()
    nameless = """[...document.querySelectorAll('button, input, select, canvas[role]')].filter(
        (one) => one.offsetParent && !(one.ariaLabel || one.textContent.trim() || one.labels?.length)
    ).length"""
    assert page.evaluate(nameless) == 0
    assert page.text("#spoken") == page.text("#source")
    assert page.page.locator("#spoken").get_attribute("aria-live") == "polite"


def luminance(colour):
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_is_dark_at_first(scheme, read, path):
    page = read(path, color_scheme=scheme)
    assert page.evaluate("root.dataset.theme") == "dark"
    assert "theme=" not in page.link()
    page.page.locator("#theme").click()
    assert page.evaluate("root.dataset.theme") == "light"
    assert "theme=light" in page.link()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_brightest_output_wins_in_both_themes_and_contrast_is_high(theme, read, path):
    page = read(path, f"#theme={theme}")
    assert page.evaluate("root.dataset.theme") == theme
    pixels = """(n) => {
        const circle = getComputedStyle(document.querySelectorAll(".output .circle")[n]).backgroundColor;
        const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
        pen.fillStyle = circle;
        pen.fillRect(0, 0, 1, 1);
        return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3).reduce((sum, value) => sum + value);
    }"""
    brightness = [page.evaluate(pixels, n) for n in range(10)]
    assert brightness.index(max(brightness)) == page.evaluate("winner(answers)")

    def contrast(one, other):
        style = "(name) => getComputedStyle(root).getPropertyValue('--' + name).trim()"
        low, high = sorted(luminance(page.evaluate(style, name)) for name in (one, other))
        return (high + 0.05) / (low + 0.05)

    for pair in (
        ("text", "ground"),
        ("muted", "ground"),
        ("muted", "surface"),
        ("ink", "accent"),
        ("on", "off"),
    ):
        assert contrast(*pair) >= 4.5, pair
    for pair in (("positive", "ground"), ("negative", "ground"), ("ring", "ground")):
        assert contrast(*pair) >= 3, pair


def test_page_of_a_table_follows_the_theme(watch, pages):
    page = watch(pages["few"], color_scheme="dark")
    assert page.evaluate("root.dataset.theme") == "dark"
    page.page.locator("#theme").click()
    assert page.evaluate("root.dataset.theme") == "light"


def test_forced_colors_are_used(read, path):
    page = read(path, forced_colors="active")
    used = page.evaluate(
        "['surface', 'on', 'off', 'positive', 'negative'].map((name) => colours[name])"
    )
    assert all(
        re.fullmatch("#[0-9a-f]{6}", colour) for colour in used
    )  # which images can be painted with
    assert page.evaluate("colours.text") != "#16202c"


@pytest.fixture(scope="module")
def axe():
    """The script of axe-core. The variable AXE_CORE names a folder in which npm has installed it."""
    script = Path(os.environ.get("AXE_CORE", "."), "node_modules/axe-core/axe.min.js")
    if not script.exists():
        pytest.skip("needs axe-core: npm install axe-core")
    return script.read_text(encoding="utf-8")


TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice", "experimental"]
MODES = {
    "drawing field empty": "#draw=",
    "neuron": "#neuron=A13",
    "painted neuron": "#neuron=A13&edits=A13*empty*_A13*plus*300-300-600-300",
    "fooled": "#example=507&fool=3",
    "learning": "#show=learner&learned=20x2x10",
    "question": "#draw=300-300-600-300-450-800&view=wishes",
    "wishes": "#view=wishes&neuron=B4&show=learner&learned=20x2x10",
}


def rules_without_findings(page, axe):
    """Return the rules that axe has applied; there must be no findings."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe + "; 0")
    found = page.evaluate(
        "(tags) => axe.run(document, { runOnly: tags, resultTypes: ['violations', 'incomplete'] })",
        TAGS,
    )
    assert [
        (one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]
    ] == []
    return {rule["id"] for rule in found["passes"] + found["incomplete"]}


@pytest.mark.parametrize("mode", MODES)
def test_axe_finds_nothing(mode, axe, read, path):
    """In both themes, on a desktop and on a phone."""
    for scheme, width in (("light", 1280), ("dark", 390)):
        fragment = f"{MODES[mode]}&theme={scheme}"
        page = read(
            path, fragment, reduced_motion="reduce", viewport={"width": width, "height": 844}
        )
        if mode == "wishes":
            page.page.locator("#take").click()
        page.link()
        used = rules_without_findings(page, axe)
        assert {
            "color-contrast",
            "label-content-name-mismatch",
            "target-size",
            "button-name",
        } <= used


@pytest.mark.parametrize("door", DOORS)
def test_axe_finds_nothing_behind_a_door(door, axe, read, story_path):
    """At its beginning in one theme, at its end in the other."""
    for fragment, width in (
        (f"#{door}?theme=light", 1280),
        (f"#{door}?theme=dark&at=1", 390),
    ):
        page = read(
            story_path, fragment, reduced_motion="reduce", viewport={"width": width, "height": 844}
        )
        used = rules_without_findings(page, axe)
        assert {"color-contrast", "target-size", "button-name"} <= used


# Pairs of a theme and a width.
LOOKS = [
    pytest.param([("light", 390), ("dark", 1280)], id="light-phone"),
    pytest.param([("light", 1280), ("dark", 390)], id="dark-phone", marks=pytest.mark.full),
]


@pytest.mark.parametrize("looks", LOOKS)
@pytest.mark.parametrize("kind", ["few", "many", "number", "targets"])
def test_axe_finds_nothing_on_the_page_of_a_table(kind, looks, axe, watch, pages):
    for scheme, width in looks:
        page = watch(pages[kind], color_scheme=scheme, viewport={"width": width, "height": 844})
        if width == 390 or scheme == "dark":
            page.page.locator("#column-0").fill("950")  # outside the training rows
            for summary in page.page.locator("summary").all():
                summary.click()
            page.page.locator("#pasted").fill("1\n2")
            page.page.locator("#load").click()
        page.until("waiting.length === 0 && frame === 0")
        used = rules_without_findings(page, axe)
        assert {
            "color-contrast",
            "label",
            "select-name",
            "target-size",
            "button-name",
            "list",
        } <= used
