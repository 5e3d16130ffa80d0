"""The page of a network.

Its files of assets/ and story/page/, its texts, its examples, and the data of the film's doors.
"""

from __future__ import annotations

import zlib
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from cmlp._data.activations import traits_of_activation
from cmlp._data.arrays import readable
from cmlp._data.labels import as_labels
from cmlp._data.losses import traits_of
from cmlp._export.licence import DIGITS, GENERATED, spdx_line
from cmlp._export.page.assembly import (
    Document,
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
    write_integer,
)
from cmlp._export.page.description import (
    Described,
    clean_label,
    encode_base64,
    has_rare_activation,
)
from cmlp._export.page.table import table_page
from cmlp._model.model import TableModel
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from cmlp._data.array_types import AnyArray
    from cmlp._model.model import TrainedModel


_MOST_FILTERS = 48  # weight images in the training panel (assets/explore/training.js)

_CAPTIONS = "story/page/film/captions"
_FILM_STYLES = tuple(
    f"story/page/{name}" for name in ("doors/door", "figures/playground", "film/film")
)
# What the film shows, for search engines and for cards of links.
_FILM_DESCRIPTION = (
    "Draw a digit, and see in a film of seven minutes how a neural network learns to read it."
)


def page_of(
    model: TrainedModel,
    data: Sequence[ArrayLike] | None = None,
    title: str | None = None,
    *,
    background: bool = False,
    target: str | None = None,
    unit: str | Sequence[str] | None = None,
) -> Document:
    """Return the page of a model; see `Network.to_html`."""
    if isinstance(model, TableModel):
        if data is not None:
            raise ValueError(
                "data must be None for a table, whose page has fields for its columns instead of "
                "examples."
            )
        return table_page(model, title, background=background, target=target, unit=unit)
    if background:
        raise InvalidParameterError(
            f"background must be False for a {model.class_name}: only the page of a table has "
            "such rows.",
            parameter="background",
            value=background,
        )
    if target is not None or unit is not None:
        name, value = ("unit", unit)
        if target is not None:
            name, value = ("target", target)
        raise InvalidParameterError(
            f"{name} must be None for a {model.class_name}: only the page of a table shows it.",
            parameter=name,
            value=value,
        )
    described = Described(model)
    credit = ""
    examples = None
    if data is None:
        examples = default_digits(described)
        if examples is not None:
            drawn = ""
            if _has_film(described, examples):
                drawn = "; and 200 digits that a program has drawn"
            credit = fill(asset("credit.html"), {"drawn": drawn})
    elif len(data):
        described.use_data(data)
        examples = Examples(described, data)
    licence = GENERATED
    if credit or _has_film(described, examples):
        licence += f" AND {DIGITS}"
    parts = _write_template_texts(described, examples, title) | {
        "licence": spdx_line(licence),
        "data": "",
        "credit": credit,
        "theme": 'document.documentElement.dataset.theme = "dark";',
        "style": _assemble_style(described),
        "script": _assemble_script(described, examples),
        "model": script_json(described.as_json(_white_input(described, examples))),
        "examples": script_json(_pack_examples(described, examples)),
    }
    if _has_film(described, examples):
        parts["description"] = _FILM_DESCRIPTION
        parts["doors"] = script_json(_door_data())
        sheet = script_json(dense(style(_FILM_STYLES)))
        texts = f"const STYLE = {sheet};\n{words_script(_CAPTIONS, 'CAPTION')}\n"
        scripts = f"{parts['script']}{texts}{_film_script()}{script(_DOOR_SCRIPTS)}"
        parts["packed"] = compressed(dense_script(scripts))
        parts |= {"style": dense(parts["style"]), "script": dense_script(script(_LOADER_SCRIPTS))}
        parts["data"] = fill(asset("story/page/data.html"), parts)
    return Document("template.html", parts)


def _assemble_style(model: Described) -> str:
    """Return the style: only the files that this page needs."""
    parts = {"fields": not model.is_image, "words": model.has_words}
    return style(["base", "page", *(name for name, needed in parts.items() if needed)])


def _assemble_script(model: Described, examples: Examples | None) -> str:
    """Return the script: only the files that this page needs.

    With the film it is compressed together with that of the film.
    """
    has_film = _has_film(model, examples)
    loss = "distances" if traits_of(model.net.loss).allows_all else "likelihoods"
    parts = {
        "network/network": True,
        "network/functions": has_rare_activation(model.net),
        f"network/{loss}": True,
        "drawing/dom": not has_film,
        "explore/examples": True,
        "drawing/canvas": True,
        "drawing/stage": True,
        **dict.fromkeys((f"explore/{name}" for name in ("neuron", "touch", "wishes")), True),
        **dict.fromkeys(_TRAINING_SCRIPTS, examples is not None and not has_film),
        "drawing/pen": model.is_image,
        "drawing/drawing": model.is_image,
        "drawing/fields": not model.is_image,
        **dict.fromkeys(_FOOL_SCRIPTS, model.is_image and model.kind == "classes" and not has_film),
        "explore/page": True,
        "explore/start": not has_film,
    }
    return script(name for name, needed in parts.items() if needed)


def _write_template_texts(
    model: Described, examples: Examples | None, title: str | None
) -> dict[str, str]:
    """Return the texts and sections of the template."""
    noun = model.noun
    if title is None:
        title = _default_title(model)
    facts = escape(_write_facts(model, examples))
    texts = {
        "noun": noun,
        "a_noun": {"digit": "a digit", "image": "an image"}.get(noun, noun),
        "Nouns": noun.capitalize() + "s",
        "noise": "Random values",
        "range": "a number, shown by brightness; below 0 in orange",
        "measured": f"test {noun}s right",
        "filters": "its neurons",
        "title": escape(clean_label(title)),
        "facts": facts,
        "description": facts,
        "keys": escape(_list_keys(model, examples is not None)),
        "wanted": _WANTED_NUMBERS,
        "hidden": " and ".join(map(str, model.sizes[1:-1])),
        "n_params": write_integer(model.net.n_params),
    }
    if model.is_image:
        texts["noise"] = "Noise"
    if all(traits_of_activation(name).is_probability for name in model.activations):
        texts["range"] = "a number from 0 to 1"
    if model.kind == "numbers":
        texts["measured"] = "test cost"
    if model.sizes[1] > _MOST_FILTERS:
        texts["filters"] = f"its first {_MOST_FILTERS} neurons"
    if model.kind in ("classes", "binary"):
        texts["wanted"] = _WANTED_CLASS
    sections = {"input": "fields", "training": "", "door": "", "figure": "", "film": ""}
    if model.is_image:
        sections["input"] = "drawing"
    if examples is not None:
        sections["training"] = "training"
    if _has_film(model, examples):
        sections["door"] = "story/page/doors/door"
        sections["figure"] = "story/page/doors/figure"
        sections["film"] = "story/page/film/film"
    for name, file in sections.items():
        texts[name] = ""
        if file:
            texts[name] = fill(asset(f"{file}.html"), texts)
    return texts


_WANTED_CLASS = '<select id="wanted"></select>'
_WANTED_NUMBERS = '<input type="text" id="wanted">'


def _default_title(model: Described) -> str:
    if model.noun == "digit":
        return "Inside a network that reads digits"
    return "Inside a network of " + "-".join(map(str, model.sizes)) + " neurons"


def _write_facts(model: Described, examples: Examples | None) -> str:
    facts = f"{write_integer(model.net.n_params)} weights and biases"
    if examples is None or (accuracy := examples.accuracy()) is None:
        return facts
    n = write_integer(len(examples.test[1]))
    return f"{facts}; {100 * accuracy:.1f} % of {n} test {model.noun}s right"


def _list_keys(model: Described, has_examples: bool) -> str:
    """Return the list of the keys of this page."""
    keys = []
    if has_examples:
        if model.noun == "digit":
            keys.append("0–9 a test digit")
        keys.append(f"t test {model.noun}")
        if model.kind != "numbers":
            keys.append("m next mistake")
    if model.is_image:
        keys += ["n noise", "c clear", "z undo"]
    else:
        keys += ["n random values", "c clear"]
    keys.append("w wishes")
    if has_examples:
        keys += ["s step", "space run"]
    return " · ".join([*keys, "Esc close"])


def _white_input(model: Described, examples: Examples | None) -> float:
    """Return the input of a white pixel, 0 without an image."""
    if examples is not None:
        return examples.white
    if not model.is_image:
        return 0.0
    if model.takes_bytes:
        return 255 * model.pixel_scale
    return 1.0


# ----------------------------- the examples: digits or other rows, for the buttons and for training


_N_TRAIN = 500
_N_TEST = 300
_MOST_BYTES = 120_000  # of all examples in a page
# The same with the film, whose network must read what a visitor draws.
_N_TRAIN_OF_FILM = 1200
_MOST_BYTES_OF_FILM = 200_000


class Examples:
    """Training and test examples for a model.

    They come as ``X_train, y_train, X_test, y_test``, a `Dataset` for example.
    """

    def __init__(self, model: Described, data: Sequence[ArrayLike]) -> None:
        self.model = model
        if len(data) != 4:
            raise ValueError(
                f"data must be X_train, y_train, X_test, y_test, got {len(data)} values."
            )
        X_train, y_train, X_test, y_test = data
        self.train = self._check(X_train, y_train, "train")
        self.test = self._check(X_test, y_test, "test")
        if model.is_image:
            self.white = self._measure_white()
        else:
            self.white = 0.0

    def _check(self, X: ArrayLike, y: ArrayLike, name: str) -> tuple[AnyArray, AnyArray]:
        """Return rows, and their classes (of a classifier) or targets."""
        rows = np.asarray(X)
        targets = as_labels(y, f"y_{name}")
        n_inputs = self.model.sizes[0]
        if (
            rows.ndim != 2
            or rows.shape[1] != n_inputs
            or not len(rows)
            or len(targets) != len(rows)
        ):
            raise InvalidParameterError(
                f"X_{name} must have the shape (n, {n_inputs}), with n at least 1, and y_{name} n "
                f"entries; got the shapes {rows.shape} and {targets.shape}.",
                parameter="data",
            )
        if rows.dtype.kind not in "buif" or (
            rows.dtype.kind == "f" and not np.isfinite(rows).all()
        ):
            raise InvalidParameterError(
                f"X_{name} must have finite numbers, got dtype {rows.dtype} or NaN or infinity.",
                parameter="data",
            )
        return rows, self._encode(targets, name)

    def _encode(self, y: AnyArray, name: str) -> AnyArray:
        model = self.model
        n_outputs = self.model.sizes[-1]
        if model.labels is not None:
            y = model.labels.encode(y)
        if model.kind in ("classes", "binary"):
            if y.ndim == 2 and model.kind == "binary":
                y = y.ravel()
            if (
                y.ndim != 1
                or y.dtype.kind not in "buif"
                or not np.isin(y, np.arange(max(2, n_outputs))).all()
            ):
                raise ValueError(
                    f"y_{name} must have class indices from 0 to {max(2, n_outputs) - 1}."
                )
            return y.astype(np.int64)
        y = y.reshape(len(y), -1)
        if y.shape[1] != n_outputs or y.dtype.kind not in "buif" or not np.isfinite(y).all():
            raise ValueError(
                f"y_{name} must have {n_outputs} finite numbers per row, got the shape {y.shape}."
            )
        if traits_of(model.net.loss).outside(y).any():
            raise ValueError(
                f"y_{name} has values out of the range of the loss {model.net.loss!r}."
            )
        return y.astype(np.float64)

    def _measure_white(self) -> float:
        """Return the input of a white pixel: the largest pixel, times the model's factor."""
        X = self.train[0]
        if X.min() < 0 or X.max() <= 0:
            raise ValueError(
                f"data must have pixels from 0 (black) up, got values from {X.min()} to {X.max()}."
            )
        return _white_pixel(X) * self.model.pixel_scale

    def accuracy(self) -> float | None:
        """Return the fraction of test rows that the model answers correctly; None for numbers."""
        X, y = self.test
        outputs = self.model.net.forward(
            self.model.params, readable(X, "X_test"), scale=self.model.scale
        )
        if self.model.kind == "classes":
            return float((outputs.argmax(axis=1) == y).mean())
        if self.model.kind == "numbers":
            return None
        return float(((outputs > 0.5) == (y.reshape(len(y), -1) > 0.5)).all(axis=1).mean())

    def as_json(self, n_train: int = _N_TRAIN, most_bytes: int = _MOST_BYTES) -> dict[str, object]:
        """Return as many of the first examples as fit into a number of bytes.

        They have a form for the page's script.
        """
        share = 1.0
        while True:
            counts = [max(1, int(share * n)) for n in (n_train, _N_TEST)]
            parts = [
                (X[:n], y[:n]) for (X, y), n in zip((self.train, self.test), counts, strict=True)
            ]
            rows, targets = (np.concatenate(pair) for pair in zip(*parts, strict=True))
            packed = {
                "train": len(parts[0][0]),
                "targets": targets.tolist(),
                "data": self._pack(rows),
            }
            size = len(packed["data"]) + len(str(packed["targets"]))
            if size <= most_bytes or len(rows) <= 2:
                return packed
            share *= min(0.95, 0.97 * most_bytes / size)

    def _pack(self, rows: AnyArray) -> str:
        """Return rows as text: images with 16 levels of grey, two pixels a byte; others as numbers.

        Compressed.
        """
        if not self.model.is_image:
            # Values far from 0 beside their spread need more digits than those of float32.
            if isinstance(self.model.scale, tuple):
                dtype = "<f8"
            else:
                dtype = "<f4"
            return encode_base64(deflated(rows.astype(dtype).tobytes()))
        levels = sixteen_levels(rows, _white_pixel(self.train[0]))
        return encode_base64(deflated((levels[:, 0::2] << 4 | levels[:, 1::2]).tobytes()))


def sixteen_levels(images: AnyArray, white: float) -> NDArray[np.uint8]:
    """Return pixels from 0 to `white` as numbers from 0 to 15.

    That is half the bytes, and they compress better.
    """
    return np.round(np.clip(images / white, 0, 1) * 15).astype(np.uint8)


def _white_pixel(X: AnyArray) -> float:
    if X.dtype == np.uint8:
        return 255.0
    return float(X.max())


def default_digits(model: Described) -> Examples | None:
    """Return the bundled digits if a model reads digits, otherwise None.

    Only the model's classes are used.
    """
    from cmlp._data.files.images import load_digits28

    if not model.is_image or model.kind not in ("classes", "binary"):
        return None
    digits = []
    if model.labels is not None:
        digits = [int(name) for name in model.outputs if name in set("0123456789")]
    elif model.sizes[-1] == 10:
        digits = list(range(10))
    if len(set(digits)) != max(2, model.sizes[-1]):
        return None
    X_train, y_train, X_test, y_test = load_digits28()
    if model.labels is None:
        names = np.array(digits)
    else:
        names = model.labels.classes
    parts: list[AnyArray] = []
    for X, y in ((X_train, y_train), (X_test, y_test)):
        kept = np.isin(y, digits)
        pixels: AnyArray = X[kept]
        if not model.takes_bytes:
            pixels = pixels / np.float32(255)
        parts += [pixels, names[np.searchsorted(digits, y[kept])]]
    return Examples(model, parts)


# --------------------------------------------------- the film: which networks have it, and its data


# Figures in story/page/figures, the side doors of the film, each an address of the page. In this
# order they compress best.
_FIGURES = (
    "shared",
    "layers",
    "read",
    "edge",
    "inside",
    "squash",
    "ways",
    "chain",
    "gradient",
    "curves",
) + ("batches", "playground")
_LOADER_SCRIPTS = ("drawing/dom", "story/page/loader")  # unpack the others
_TRAINING_SCRIPTS = ("explore/training", "explore/batch")
_FOOL_SCRIPTS = ("explore/fool",)  # change an image until the answer is another
_FILM = (
    *("time", "words", "digit", "training", "facts", "places", "camera", "paint", "fields"),
    *("scenes/numbers", "scenes/sum", "scenes/knobs", "scenes/cost", "scenes/hill"),
    *("scenes/try", "scenes/wishes", "scenes/turn", "scenes/learn", "scenes/exam"),
    *("card", "voice", "player"),
)
_DOOR_SCRIPTS = (
    *_TRAINING_SCRIPTS,
    *_FOOL_SCRIPTS,
    *(f"story/page/figures/{name}" for name in _FIGURES),
    *("story/page/doors/bet", "story/page/doors/frame"),
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


def _has_film(model: Described, examples: Examples | None) -> bool:
    """Return whether the page begins with the film, whose doors describe this model."""
    if examples is None or model.sizes != (784, 16, 16, 10) or model.params.dtype != np.float32:
        return False
    return zlib.crc32(model.params.astype("<f4").tobytes()) == _NETWORK and model.noun == "digit"


def _film_script() -> str:
    """Return the script of the film, whose only name for other scripts is its player."""
    files = script(["numbers", *(f"story/page/film/{name}" for name in _FILM)])
    return f"const film = (() => {{\n{files}return player;\n}})();\n"


def _pack_examples(model: Described, examples: Examples | None) -> dict[str, object] | None:
    """Return the examples for the page's script.

    Those of the film have the digits of tools/make_drawn_digits.py for training, too.
    """
    if examples is None:
        return None
    if not _has_film(model, examples):
        return examples.as_json()
    packed = examples.as_json(_N_TRAIN_OF_FILM, _MOST_BYTES_OF_FILM)
    drawn = deflated(asset("story/page/drawn.txt").encode())
    return {**packed, "drawn": encode_base64(drawn)}


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
