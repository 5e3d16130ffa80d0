"""Make sheets of screenshots of the film, one for each caption and question, and measure how bright they are.

Usage: ``PYTHONPATH=tests/support python tools/make_film_sheets.py FOLDER [WIDTHxHEIGHT] [LANGUAGE] [KEY ...]`` where
the package, Playwright, Pillow and Chromium are installed. Without keys of captions, sheets of all are made.
"""

import argparse
import io
import tempfile
from pathlib import Path
from typing import Any, TypeAlias

from browser import Watched, chromium
from page_parts import FOUR
from PIL import Image, ImageDraw

from cmlp.story import story_network

SHEET = (1920, 1000)  # pixels, of a sheet that can be looked at as a whole
LIT = 40  # least gray value, from 0 to 255, of a pixel that counts as lit
# Time does not advance. Each caption is shown at the moment when its picture is complete.
SET_UP = """() => {
    film.facts.training.advance(1e9);
    film.facts.heaps;
    film.writeCaptions();
    film.paint = () => {};
    const whole = ([at, key, full], n) => [key, full ?? (film.captions[n + 1]?.[0] ?? film.span()[1]) - 0.05, null];
    const asked = ({ at, id, kind }, n) => [`${id} asks`, at, n];
    const all = [...film.captions.map(whole), ...film.pauses.map(asked)];
    return all.sort(([, p], [, q]) => p - q);
}"""
SHOW = """([at, question]) => {
    film.isPlaying = false;
    film.seek(at);
    if (question !== null) film.ask(film.pauses[question]);
    film.isPlaying = true;
    const canvas = document.getElementById("film-scene");
    film.paintScene(canvas, film.seenNow().places);
    film.told = "";
    film.showWords();
}"""
Frame: TypeAlias = tuple[str, Image.Image]


def lit_share(canvas: Image.Image) -> float:
    """Return the fraction of pixels that are lit, which those of the dark background are not."""
    histogram = canvas.convert("L").histogram()
    return sum(histogram[LIT:]) / sum(histogram)


def take(page: Watched, keys: list[str]) -> list[Frame]:
    """Return a screenshot for each caption and question, and print the lit fraction of its picture."""
    frames = []
    moments: list[Any] = page.evaluate(SET_UP)
    for key, at, question in moments:
        if keys and key.split()[0] not in keys:
            continue
        page.evaluate(SHOW, [at, question])
        image = Image.open(io.BytesIO(page.page.screenshot())).convert("RGB")
        box = page.page.locator("#film-stage").bounding_box()
        left, top, wide, high = (round(box[k]) for k in ("x", "y", "width", "height"))
        stage = image.crop((left, top, left + wide, top + high))
        print(f"{at:6.1f} {key:16} {lit_share(stage):5.1%}")
        frames.append((f"{at:.1f} {key}", image))
    return frames


def lay_out(frames: list[Frame], folder: Path, name: str) -> None:
    """Write sheets of frames, with their names."""
    width, height = frames[0][1].size
    columns = 4 if width > height else 8
    small = (SHEET[0] // columns, height * (SHEET[0] // columns) // width)
    step = small[1] + 16
    most = columns * max(1, SHEET[1] // step)
    for number, start in enumerate(range(0, len(frames), most), start=1):
        some = frames[start : start + most]
        sheet = Image.new("RGB", (SHEET[0], step * -(-len(some) // columns)), "#444")
        for n, (title, image) in enumerate(some):
            x, y = n % columns * small[0], n // columns * step
            sheet.paste(image.resize(small, Image.Resampling.LANCZOS), (x, y + 16))
            ImageDraw.Draw(sheet).text((x + 4, y + 2), title, fill="white")
        sheet.save(folder / f"{name}-{number:02}.png")


def main() -> None:
    """Write the sheets of one size in one language."""
    parser = argparse.ArgumentParser(description="Make sheets of the film.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("size", nargs="?", default="1280x720")
    parser.add_argument("language", nargs="?", default="en")
    parser.add_argument("keys", nargs="*")
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        path = Path(folder) / "page.html"
        story_network().to_html(path)
        page = Watched(browser.new_page(viewport={"width": width, "height": height}), path)
        page.load(f"#film?draw={FOUR}&is=4&lang={given.language}")
        lay_out(take(page, given.keys), given.folder, f"{given.size}-{given.language}")
        print(page.faults or "no faults")


if __name__ == "__main__":
    main()
