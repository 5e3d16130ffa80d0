"""What a page needs to know about a model, as JSON.

The network, the names of its inputs and outputs, the weights.
"""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import Sequence
from typing import Any

from cmlp._bridge import _core
from cmlp._data.array_types import AnyArray, ArrayLike
from cmlp._model.formats import PIXELS, require
from cmlp._model.model import NetworkModel
from cmlp._parameters.architecture import init_activations


class Described:
    """A model of one network as the page shows it.

    The scale of the inputs is a factor, or unless they are an image a shift and a factor for each;
    it tells whether the pixels of an image are from 0 to 255, not from 0 to 1. The kind is
    "classes" (the largest output is the answer), "binary" (one output, two classes), "multilabel"
    or "numbers". The outputs have the names of both classes if it is "binary". The noun is what the
    page calls an input: "digit", "image" or "example".
    """

    def __init__(self, model: NetworkModel) -> None:
        require(model, "to_html")
        scale = model.input_scale
        if isinstance(scale, tuple):
            self.takes_bytes = bool((scale.shift > 1).any())
            self.pixel_scale = 1.0
            if model.n_inputs == PIXELS:
                model = model.unscaled()
                scale = 1.0
        else:
            self.takes_bytes = scale != 1
            self.pixel_scale = scale
        self.net = model.net
        self.params = model.params
        self.scale = scale
        self.labels = model.labels
        names = model.feature_names
        self.sizes = self.net.sizes
        self.activations = self.net.activations
        self.kind = self._kind()
        if names is None:
            self.inputs = [f"x{i + 1}" for i in range(self.sizes[0])]
        else:
            self.inputs = [clean_label(n) for n in names]
        self.outputs = self._outputs()
        self.noun = self._noun()

    def _kind(self) -> str:
        if self.labels is not None:
            return {"multiclass": "classes"}.get(self.labels.kind, self.labels.kind)
        output = self.activations[-1]
        n_outputs = self.sizes[-1]
        if output == "softmax" or (output == "logistic" and n_outputs > 1):
            return "classes"
        if output == "logistic":
            return "binary"
        return "numbers"

    def _outputs(self) -> list[str]:
        if self.labels is not None:
            names = [clean_label(label) for label in self.labels.classes.tolist()]
            if len(names) == 1 and self.kind == "binary":
                return names * 2
            return names
        if self.kind == "numbers":
            if self.sizes[-1] == 1:
                return ["output"]
            return [f"output {j + 1}" for j in range(self.sizes[-1])]
        return [str(j) for j in range(max(2, self.sizes[-1]))]

    def use_data(self, data: Sequence[ArrayLike]) -> None:
        """Name the outputs after the labels of a `Dataset`.

        Other images need not be digits, even if classes are.
        """
        names = getattr(data, "labels", None)
        classes = [str(index) for index in range(len(names or ()))]
        if self.is_image and names is None:
            self.noun = "image"
        elif names is not None and self.kind == "classes" and self.outputs == classes:
            self.outputs = [clean_label(name) for name in names]
            self.noun = self._noun()

    def _noun(self) -> str:
        if not self.is_image:
            return "example"
        if self.kind in ("classes", "binary") and set(self.outputs) <= set("0123456789"):
            return "digit"
        return "image"

    @property
    def has_words(self) -> bool:
        """Whether the names of the outputs need more space than numbers."""
        return max(map(len, self.outputs)) > 2

    @property
    def is_image(self) -> bool:
        """Whether the page has a field to draw in instead of fields for numbers."""
        return self.sizes[0] == PIXELS

    def as_json(self, white: float) -> dict[str, object]:
        """Return the description for the page's script.

        `white` is the input of a white pixel; 0 without an image.
        """
        hidden = self.activations[:-1]
        factors = [
            _core.ACTIVATIONS[name].init_factor
            for name in init_activations(hidden, self.activations[-1])
        ]
        kind = self.net.dtype.newbyteorder("<")
        scale: Any = self.scale
        if isinstance(scale, tuple):
            scale = [values.tolist() for values in scale]
        return {
            "kind": self.kind,
            "noun": self.noun,
            "sizes": list(self.sizes),
            "activations": list(self.activations),
            "parameters": list(self.net.activation_parameters),
            "loss": self.net.loss,
            "lossParameter": self.net.loss_parameter,
            "factors": factors,
            "labels": self.outputs,
            "outputWidth": 260 if self.has_words else 176,
            "inputs": [] if white else self.inputs,
            "scale": scale,
            "white": white,
            "dtype": self.net.dtype.name,
            "params": encode_base64(self.params.astype(kind)),
        }


# The activations of network.js, which every page has; functions.js has the others.
_COMMON = {"identity", "logistic", "tanh", "relu", "softmax", "exp"}


def has_rare_activation(net: _core.Net) -> bool:
    """Return whether a page of a network needs the script of the rare activations."""
    return not _COMMON.issuperset(net.activations)


def encode_base64(values: AnyArray | bytes) -> str:
    """Return bytes or the bytes of an array in base64."""
    if not isinstance(values, bytes):
        values = values.tobytes()
    return base64.b64encode(values).decode("ascii")


def clean_label(label: object) -> str:
    """Return a text for a label that cannot disturb the text around it.

    Control characters and separators of lines are replaced by U+FFFD. The characters that override the direction of the
    text are removed; the page isolates each label, so that right-to-left labels are shown correctly
    without them.
    """
    text = str(label).encode("utf-8", "replace").decode("utf-8")
    shown = []
    for character in text:
        if unicodedata.category(character) in ("Cc", "Zl", "Zp"):
            shown.append("\ufffd")
        elif character not in _DIRECTIONS:
            shown.append(character)
    return "".join(shown)


_DIRECTIONS = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
