"""The film with which the page of the story's network begins: its files, and the data of its side doors."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

import numpy as np

from cmlp._export.page.assembly import (
    asset,
    compressed,
    deflated,
    dense,
    dense_script,
    fill,
    script,
    script_json,
    style,
    words_script,
)
from cmlp._export.page.description import Described, encode_base64

TRAINING_SCRIPTS = ("explore/training", "explore/batch")
FOOL_SCRIPTS = ("explore/fool",)  # change an image until the answer is another
_LOADER_SCRIPTS = ("drawing/dom", "story/page/loader")  # unpack the others
FILM_SCRIPTS = (
    "numbers",
    *(
        f"story/page/film/{name}"
        for name in (
            *("time", "touch", "words", "digit", "training", "facts", "places", "camera", "paint"),
            "fields",
            *("scenes/numbers", "scenes/sum", "scenes/knobs", "scenes/cost", "scenes/hill"),
            *("scenes/try", "scenes/wishes", "scenes/turn", "scenes/learn", "scenes/exam"),
            *("dare", "card", "voice", "sound", "player"),
        )
    ),
)
# Figures are the side doors of the film, each an address of the page. In this order they compress
# best.
_DOOR_SCRIPTS = (
    *TRAINING_SCRIPTS,
    *FOOL_SCRIPTS,
    *(
        f"story/page/figures/{name}"
        for name in (
            *("shared", "layers", "read", "edge", "inside", "squash", "ways", "chain", "gradient"),
            *("curves", "batches", "playground"),
        )
    ),
    *("story/page/doors/bet", "story/page/doors/frame"),
)
# owner.toml: begin
PUBLIC = ""
# owner.toml: end
_STYLES = tuple(f"story/page/{name}" for name in ("doors/door", "figures/playground", "film/film"))
# Of the template, by their names there.
SECTIONS = {
    "door": "story/page/doors/door",
    "figure": "story/page/doors/figure",
    "film": "story/page/film/film",
}
# What the film shows, for search engines and for cards of links.
_DESCRIPTION = (
    "Draw a digit, and see in a film of seven minutes how a neural network learns to read it."
)
# The doors show images and neurons of one network: that of the story, by the checksum of its
# parameters.
_NETWORK = 0x57C49717
# Images with all of their levels of gray: of the training set three 3s, of the test set a 7 and an
# 8 whose loop is open.
_TRAIN = {"three1": 330, "three2": 581, "three3": 198}
_TEST = {"seven": 0, "gap": 84}
# The percentages of test images that are read after 30 passes: without a hidden layer, with two of
# 16, and with one of 128 neurons (measured by tests/page/test_doors.py).
_HIDDEN = [87.9, 88.9, 92.6]
# Of the examples, because the film's network must read what a visitor draws.
N_TRAIN = 1200
MOST_BYTES = 200_000


def has_film(model: Described) -> bool:
    """Return whether the doors of the film describe this model."""
    if model.sizes != (784, 16, 16, 10) or model.params.dtype != np.float32:
        return False
    return zlib.crc32(model.params.astype("<f4").tobytes()) == _NETWORK and model.noun == "digit"


def film_parts(parts: Mapping[str, str]) -> dict[str, str]:
    """Return the parts of the page with the film that differ from those of the page without it."""
    sheet = script_json(dense(style(_STYLES)))
    texts = f"const STYLE = {sheet};\n{words_script('story/page/film/captions', 'CAPTION')}\n"
    texts += f"const PUBLIC_PAGE = {script_json(PUBLIC and f'{PUBLIC}/network.html')};\n"
    # The only name of the film for other scripts is its player.
    film = f"const film = (() => {{\n{script(FILM_SCRIPTS)}return player;\n}})();\n"
    scripts = f"{parts['script']}{texts}{film}{script(_DOOR_SCRIPTS)}"
    data = {"packed": compressed(dense_script(scripts)), "doors": script_json(_door_data())}
    return {
        **data,
        "description": _DESCRIPTION,
        "style": dense(parts["style"]),
        "script": dense_script(script(_LOADER_SCRIPTS)),
        "data": fill(asset("story/page/data.html"), data),
    }


def drawn_digits() -> str:
    """Return the digits of tools/make_drawn_digits.py, which the film's network also learns from."""
    return encode_base64(deflated(asset("story/page/drawn.txt").encode()))


def _door_data() -> dict[str, object]:
    """Return the data of the doors for the page's script."""
    from cmlp._data.files.images import load_digits28

    X, y, X_test, y_test = load_digits28()
    images = [*(X[n] for n in _TRAIN.values()), *(X_test[n] for n in _TEST.values())]
    labels = [*(int(y[n]) for n in _TRAIN.values()), *(int(y_test[n]) for n in _TEST.values())]
    return {
        "names": [*_TRAIN, *_TEST],
        "labels": labels,
        "images": encode_base64(deflated(np.concatenate(images).tobytes())),
        "used": encode_base64(np.packbits(X.max(axis=0) > 0)),
        "hidden": _HIDDEN,
    }
