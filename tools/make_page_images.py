"""Take the screenshots of the web page for the documentation.

Usage: ``PYTHONPATH=tests/support python tools/make_page_images.py`` where the package, Playwright, Pillow and Chromium
are installed. Writes docs/images/page-*.png.
"""

import io
import tempfile
from pathlib import Path

from browser import DIGITS, Watched, chromium
from PIL import Image

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


def fool(page: Watched) -> None:
    """Wait until the network is fooled."""
    page.until("shown.share === 1")


# Name: the screen, the theme, the fragment of the address, and what to do.
PICTURES = {
    "desktop-light": (DESKTOP, "light", "", take_step),
    "desktop-dark": (DESKTOP, "dark", "", draw_and_look),
    "phone-light": (PHONE, "light", "", draw),
    "phone-dark": (PHONE, "dark", "#lesson=1", draw),
    "lesson-light": (DESKTOP, "light", "#lesson=5", Watched.settle),
    "lesson-dark": (DESKTOP, "dark", "#lesson=10", fool),
}


def main() -> None:
    """Write the pictures."""
    target = ROOT / "docs/images"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = Path(folder) / "digits.html"
        story_network().to_html(path)
        for name, (viewport, scheme, fragment, prepare) in PICTURES.items():
            page = Watched(browser.new_page(viewport=viewport, color_scheme=scheme), path, fragment)
            prepare(page)
            page.page.mouse.move(5, 5)
            page.settle()
            picture = Image.open(io.BytesIO(page.page.screenshot())).convert("RGB")
            file = target / f"page-{name}.png"
            picture.quantize(COLORS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(file, optimize=True)
            print(f"{file.name}: {file.stat().st_size} bytes, {page.faults or 'no faults'}")


if __name__ == "__main__":
    main()
