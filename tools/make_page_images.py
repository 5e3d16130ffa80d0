"""Take the screenshots of the web page for the documentation.

Usage: ``PYTHONPATH=tests/support python tools/make_page_images.py`` where the package, Playwright, Pillow and Chromium
are installed. Writes docs/images/page-*.png.
"""

import io
import tempfile
from pathlib import Path

from browser import DIGITS, Watched, chromium
from PIL import Image

from cmlp import MLPClassifier
from cmlp.datasets import load_digits28

ROOT = Path(__file__).parents[1]
SCREENS = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
COLORS = 256  # with fewer, blue and orange lose their strength


def trained() -> MLPClassifier:
    """Return the network of the story. The penalty makes its weight images less noisy."""
    data = load_digits28()
    return MLPClassifier.from_preset("3b1b", random_state=1, alpha=1e-3).fit(data.X_train, data.y_train)


def prepare(page: Watched, name: str) -> None:
    """Bring a page into the state of a picture."""
    page.draw(DIGITS[3])
    if name == "desktop-light":
        page.evaluate("for (let k = 0; k < 60; k++) learn(2, 10); measure(); use(learner)")
        page.page.locator("#use-wishes").click()
        page.page.locator("#wanted").select_option("3")
        page.page.locator(".neuron").nth(16 + 4).click()
    elif name.startswith("desktop"):
        page.page.locator(".neuron").nth(5).click()
    page.page.mouse.move(5, 5)
    page.settle()


def main() -> None:
    """Write the four pictures."""
    target = ROOT / "docs/images"
    target.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = Path(folder) / "digits.html"
        trained().to_html(path)
        for screen, viewport in SCREENS.items():
            for scheme in ("light", "dark"):
                name = f"{screen}-{scheme}"
                page = Watched(browser.new_page(viewport=viewport, color_scheme=scheme), path)
                prepare(page, name)
                picture = Image.open(io.BytesIO(page.page.screenshot())).convert("RGB")
                file = target / f"page-{name}.png"
                picture.quantize(COLORS, dither=Image.Dither.NONE).save(file, optimize=True)
                print(f"{file.name}: {file.stat().st_size} bytes, {page.faults or 'no faults'}")


if __name__ == "__main__":
    main()
