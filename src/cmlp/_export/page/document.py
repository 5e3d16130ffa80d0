"""The page of a network: which files of assets/ it consists of, and its texts."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from cmlp._export.page.assembly import (
    Document,
    asset,
    compressed,
    dense,
    fill,
    script,
    script_json,
    style,
    without_tabs,
)
from cmlp._export.page.description import Described, visible
from cmlp._export.page.examples import Examples, default_digits
from cmlp._export.page.table import table_page
from cmlp._export.page.tale import CHAPTER_SCRIPTS, FOOL_SCRIPTS, TRAINING_SCRIPTS, has_tale, tale
from cmlp._model.formats import DISTANCES, RARE_ACTIVATIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from cmlp._model.model import TrainedModel

MOST_FILTERS = 48  # weight images in the training panel (assets/explore/training.js)


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
    if model.encoder is not None:
        if data is not None:
            raise ValueError("data must be None for a table, whose page has fields for its columns instead of examples")
        return table_page(model, title, background=background, target=target, unit=unit)
    if background:
        raise ValueError(f"background must be False for a {model.class_name}: only the page of a table has such rows")
    if target is not None or unit is not None:
        name = "unit" if target is None else "target"
        raise ValueError(f"{name} must be None for a {model.class_name}: only the page of a table shows it")
    described = Described(model)
    if data is not None:
        described.use_data(data)
    examples = default_digits(described) if data is None else Examples(described, data)
    parts = _texts(described, examples, title) | {
        "data": "",
        "credit": asset("credit.html") if data is None and examples is not None else "",
        "theme": 'document.documentElement.dataset.theme = "dark";',
        "style": _style(described),
        "script": _script(described, examples),
        "model": script_json(described.as_json(_white(described, examples))),
        "examples": script_json(None if examples is None else examples.as_json()),
    }
    if has_tale(described, examples):
        parts["tale"] = script_json(tale(described))
        sheet = script_json(dense(style(["chapters/chapters", "figures/playground"])))
        parts["chapters"] = compressed(without_tabs(f"const STYLE = {sheet};\n{script(CHAPTER_SCRIPTS)}"))
        parts |= {"style": dense(parts["style"]), "script": without_tabs(parts["script"])}
        parts["data"] = fill(asset("chapters/data.html"), parts)
    return Document("template.html", parts)


def _style(model: Described) -> str:
    """Return the style: only the files that this page needs."""
    parts = {"fields": not model.is_image, "words": model.has_words}
    return style(["base", "page", *(name for name, needed in parts.items() if needed)])


def _script(model: Described, examples: Examples | None) -> str:
    """Return the script: only the files that this page needs."""
    loss = "distances" if model.net.loss in DISTANCES else "likelihoods"
    parts = {
        "network/network": True,
        "network/functions": bool(set(model.activations) & RARE_ACTIVATIONS),
        f"network/{loss}": True,
        "drawing/dom": True,
        "explore/examples": True,
        "drawing/canvas": True,
        "drawing/stage": True,
        **dict.fromkeys((f"explore/{name}" for name in ("neuron", "touch", "wishes")), True),
        **dict.fromkeys(TRAINING_SCRIPTS, examples is not None and not has_tale(model, examples)),
        "drawing/pen": model.is_image,
        "drawing/drawing": model.is_image,
        "drawing/fields": not model.is_image,
        **dict.fromkeys(FOOL_SCRIPTS, model.is_image and model.kind == "classes" and not has_tale(model, examples)),
        "chapters/base85": has_tale(model, examples),
        "explore/page": True,
    }
    return script(name for name, needed in parts.items() if needed)


def _texts(model: Described, examples: Examples | None, title: str | None) -> dict[str, str]:
    """Return the texts and sections of the template."""
    noun = model.noun
    bounded = all(name in ("logistic", "softmax") for name in model.activations)
    texts = {
        "noun": noun,
        "a_noun": {"digit": "a digit", "image": "an image"}.get(noun, noun),
        "Nouns": noun.capitalize() + "s",
        "noise": "Noise" if model.is_image else "Random values",
        "range": "a number from 0 to 1" if bounded else "a number, shown by brightness; below 0 in orange",
        "measured": "test cost" if model.kind == "numbers" else f"test {noun}s right",
        "filters": "its neurons" if model.sizes[1] <= MOST_FILTERS else f"its first {MOST_FILTERS} neurons",
        "title": escape(visible(title if title is not None else _title(model))),
        "facts": escape(_facts(model, examples)),
        "keys": escape(_keys(model, examples is not None)),
        "wanted": _WANTED_CLASS if model.kind in ("classes", "binary") else _WANTED_NUMBERS,
        "hidden": " and ".join(map(str, model.sizes[1:-1])),
        "n_params": f"{model.net.n_params:,}",
    }
    told = has_tale(model, examples)
    sections = {
        "input": "drawing" if model.is_image else "fields",
        "training": "training" if examples is not None else None,
        "column": "chapters/column" if told else None,
        "figure": "chapters/figure" if told else None,
    }
    for name, file in sections.items():
        texts[name] = "" if file is None else fill(asset(f"{file}.html"), texts)
    return texts


_WANTED_CLASS = '<select id="wanted"></select>'
_WANTED_NUMBERS = '<input type="text" id="wanted">'


def _title(model: Described) -> str:
    if model.noun == "digit":
        return "Inside a network that reads digits"
    return "Inside a network of " + "-".join(map(str, model.sizes)) + " neurons"


def _facts(model: Described, examples: Examples | None) -> str:
    facts = f"{model.net.n_params:,} weights and biases"
    if examples is None or (accuracy := examples.accuracy()) is None:
        return facts
    return f"{facts}; {100 * accuracy:.1f} % of {len(examples.test[1]):,} test {model.noun}s right"


def _keys(model: Described, has_examples: bool) -> str:
    """Return the list of the keys of this page."""
    keys = ["0–9 a test digit"] if has_examples and model.noun == "digit" else []
    keys += [f"t test {model.noun}", *(["m next mistake"] if model.kind != "numbers" else [])] if has_examples else []
    keys += ["n noise" if model.is_image else "n random values", "c clear", *(["z undo"] if model.is_image else [])]
    keys += ["w wishes", *(["s step", "space run"] if has_examples else []), "Esc close"]
    return " · ".join(keys)


def _white(model: Described, examples: Examples | None) -> float:
    """Return the input of a white pixel, 0 without an image."""
    if examples is not None:
        return examples.white
    if not model.is_image:
        return 0.0
    return 255 * model.pixel_scale if model.takes_bytes else 1.0
