"""Take the screenshots of the web page for the documentation.

Usage: ``PYTHONPATH=tests/support python tools/make_page_images.py`` where the package, scikit-learn, pandas,
Playwright, Pillow and Chromium are installed. Writes docs/images/page-*.png and the picture
of links, docs/_static/card.png.
"""

import io
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from browser import DIGITS, Watched, chromium
from page_parts import THREE
from PIL import Image
from sklearn.datasets import load_wine

from cmlp import TabularClassifier
from cmlp.story import story_network

ROOT = Path(__file__).parents[1]
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}
COLORS = 256  # with fewer, blue and orange lose their strength


def draw(page: Watched) -> None:
    """Draw a 3."""
    page.draw(DIGITS[3])


def draw_and_look(page: Watched) -> None:
    """Draw a 3 and choose A13."""
    page.draw(DIGITS[3])
    page.page.locator(".neuron").nth(12).click()


def take_step(page: Watched) -> None:
    """Open the wishes and take the step."""
    page.press("w")
    page.page.locator("#take").click()


def when_complete(page: Watched) -> None:
    """Wait until the curves of a table are complete."""
    page.until("waiting.length === 0 && frame === 0")


# The screen, the theme, the fragment of the address, and what to do.
Picture: TypeAlias = tuple[dict[str, int], str, str, Callable[[Watched], None]]
PICTURES: dict[str, Picture] = {
    "desktop-light": (DESKTOP, "light", "", take_step),
    "desktop-dark": (DESKTOP, "dark", "", draw_and_look),
    "phone-light": (PHONE, "light", "", draw),
    "phone-dark": (PHONE, "dark", "#layers?at=1", draw),
    "film-dark": (DESKTOP, "dark", f"#film?draw={THREE}&is=3&at=222", Watched.settle),
}
# Its size is what programs that show links ask for.
CARD: Picture = (
    {"width": 1200, "height": 630},
    "dark",
    f"#numbers&figure?draw={THREE}&is=3&at=14.6",
    Watched.settle,
)
TABLE: Picture = (DESKTOP, "light", "", when_complete)


def write_table_page(path: Path) -> None:
    """Write the page of a table's model."""
    X, y = load_wine(return_X_y=True, as_frame=True)
    TabularClassifier(random_state=0).fit(X, y).to_html(path, title="Wine", target="cultivar")


def image_file(name: str) -> Path:
    """Return the file of a picture of the page."""
    return ROOT / "docs/images" / f"page-{name}.png"


def take(browser: Any, path: Path, file: Path, picture: Picture) -> None:
    """Write a picture of a page."""
    viewport, scheme, fragment, prepare = picture
    fragment = f"{fragment or '#'}{'&' if not fragment or '?' in fragment else '?'}theme={scheme}"
    page = Watched(browser.new_page(viewport=viewport, color_scheme=scheme), path)
    page.load(fragment)
    prepare(page)
    page.page.mouse.move(5, 5)
    page.settle()
    image = Image.open(io.BytesIO(page.page.screenshot())).convert("RGB")
    image.quantize(COLORS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        file, optimize=True
    )
    print(f"{file.name}: {file.stat().st_size} bytes, {page.faults or 'no faults'}")


def main() -> None:
    """Write the pictures."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path, table = Path(folder) / "digits.html", Path(folder) / "table.html"
        story_network().to_html(path)
        for name, picture in PICTURES.items():
            take(browser, path, image_file(name), picture)
        take(browser, path, ROOT / "docs/_static/card.png", CARD)
        write_table_page(table)
        take(browser, table, image_file("table-light"), TABLE)


if __name__ == "__main__":
    main()
