"""The page of a network.

Its files of assets/, its texts and its examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from cmlp._data.activations import traits_of_activation
from cmlp._data.array_types import AnyArray, ArrayLike, NDArray
from cmlp._data.arrays import readable
from cmlp._data.labels import as_labels
from cmlp._data.losses import traits_of
from cmlp._export.licence import DIGITS, GENERATED, spdx_line
from cmlp._export.page.assembly import (
    Document,
    asset,
    deflated,
    fill,
    script,
    script_json,
    style,
    write_integer,
)
from cmlp._export.page.description import (
    Described,
    clean_label,
    encode_base64,
    has_rare_activation,
)
from cmlp._export.page.film import (
    FOOL_SCRIPTS,
    MOST_BYTES,
    N_TRAIN,
    SECTIONS,
    TRAINING_SCRIPTS,
    drawn_digits,
    film_parts,
    has_film,
)
from cmlp._export.page.table import table_page
from cmlp._model.model import TableModel, TrainedModel
from cmlp.exceptions import InvalidParameterError

_MOST_FILTERS = 48  # weight images in the training panel (assets/explore/training.js)


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
            if has_film(described):
                drawn = "; and 200 digits that a program has drawn"
            credit = fill(asset("credit.html"), {"drawn": drawn})
    elif len(data):
        described.use_data(data)
        examples = Examples(described, data)
    is_film = examples is not None and has_film(described)
    licence = GENERATED
    if credit or is_film:
        licence += f" AND {DIGITS}"
    parts = _write_template_texts(described, examples, title, is_film=is_film) | {
        "licence": spdx_line(licence),
        "data": "",
        "credit": credit,
        "theme": 'document.documentElement.dataset.theme = "dark";',
        "style": _assemble_style(described),
        "script": _assemble_script(described, examples, is_film=is_film),
        "model": script_json(described.as_json(_white_input(described, examples))),
        "examples": script_json(_pack_examples(examples, is_film=is_film)),
    }
    if is_film:
        parts |= film_parts(parts)
    return Document("template.html", parts)


def _assemble_style(model: Described) -> str:
    """Return the style: only the files that this page needs."""
    parts = {"fields": not model.is_image, "words": model.has_words}
    return style(["base", "page", *(name for name, needed in parts.items() if needed)])


def _assemble_script(model: Described, examples: Examples | None, *, is_film: bool) -> str:
    """Return the script: only the files that this page needs.

    With the film it is compressed together with that of the film.
    """
    loss = "distances" if traits_of(model.net.loss).allows_all else "likelihoods"
    parts = {
        "network/network": True,
        "network/functions": has_rare_activation(model.net),
        f"network/{loss}": True,
        "drawing/dom": not is_film,
        "explore/examples": True,
        "drawing/canvas": True,
        "drawing/stage": True,
        **dict.fromkeys((f"explore/{name}" for name in ("neuron", "touch", "wishes")), True),
        **dict.fromkeys(TRAINING_SCRIPTS, examples is not None and not is_film),
        "drawing/pen": model.is_image,
        "drawing/drawing": model.is_image,
        "drawing/fields": not model.is_image,
        **dict.fromkeys(FOOL_SCRIPTS, model.is_image and model.kind == "classes" and not is_film),
        "explore/page": True,
        "explore/start": not is_film,
    }
    return script(name for name, needed in parts.items() if needed)


def _write_template_texts(
    model: Described, examples: Examples | None, title: str | None, *, is_film: bool
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
    sections = {"input": "fields", "training": "", **dict.fromkeys(SECTIONS, "")}
    if model.is_image:
        sections["input"] = "drawing"
    if examples is not None:
        sections["training"] = "training"
    if is_film:
        sections |= SECTIONS
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


def _pack_examples(examples: Examples | None, *, is_film: bool) -> dict[str, object] | None:
    """Return the examples for the page's script; those of the film have drawn digits for training, too."""
    if examples is None:
        return None
    if is_film:
        return {**examples.as_json(N_TRAIN, MOST_BYTES), "drawn": drawn_digits()}
    return examples.as_json()


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
