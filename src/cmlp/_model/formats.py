"""What each format can express. Every writer asks `require` before it begins, so a model is refused in one place.

What depends on the content of names and labels (their characters and types) is refused where they are encoded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np

from cmlp._data.array_types import FloatType
from cmlp._model.model import TableModel, TrainedModel
from cmlp.exceptions import InvalidParameterError

FormatRefusal: TypeAlias = Callable[[TrainedModel], Exception | None]

PIXELS = 784  # a page of a model with this many inputs has a field to draw in
MOST_NETS = 1024  # CMLP_TABLE_MAX_NETS

# What fits on a page, and what a browser can draw at every stroke.
MOST_HIDDEN_LAYERS = 8
MOST_NEURONS = 1024
MOST_OUTPUTS = 100
MOST_FIELDS = 256
MOST_WEIGHTS = 2_000_000  # of all networks of a table: 11 MB of text, and 2 ms for a prediction


def require(model: TrainedModel, form: str) -> None:
    """Raise ValueError or TypeError, with the remedy if there is one, if a format cannot express a model.

    `form` is what the user calls: "save", "to_c", "to_c(int8=True)", "to_html", "to_onnx", "to_sklearn" or "to_torch".
    """
    for refusal in _REFUSALS[form]:
        error = refusal(model)
        if error is not None:
            raise error


def can_write(model: TrainedModel, form: str) -> bool:
    """Return whether `require` accepts a model."""
    return all(refusal(model) is None for refusal in _REFUSALS[form])


def scale_in(dtype: FloatType, scale: float, where: str) -> np.floating:
    """Return an input scale as a number of a type; raises ValueError if it is out of the type's range."""
    with np.errstate(over="ignore"):
        value: np.floating = dtype.type(scale)
    if not np.finfo(dtype).tiny <= value < np.inf:
        raise InvalidParameterError(
            f"input_scale={scale!r} is out of the range of {dtype} in {where}.",
            parameter="input_scale",
            value=scale,
        )
    return value


def _non_finite(message: str) -> FormatRefusal:
    def refusal(model: TrainedModel) -> Exception | None:
        finite = all(np.isfinite(params).all() for _, params in model.networks)
        return None if finite else ValueError(message)

    return refusal


def _table(message: str) -> FormatRefusal:
    return lambda model: ValueError(message) if isinstance(model, TableModel) else None


_ONE_NETWORK = (
    "to_sklearn does not support tables: it exports one network, and this model has an encoder of "
    "columns and several networks. to_onnx writes an ONNX file, to_c a C header, to_torch a "
    "module, to_html a page, save a file for the C library; estimators_ has the networks, whose "
    "inputs are encoded rows."
)


def _threshold(model: TrainedModel) -> Exception | None:
    if not isinstance(model, TableModel) or model.threshold is None:
        return None
    return ValueError(
        f"to_torch does not support a threshold ({model.threshold:.6g}), because a module returns "
        "probabilities and no label: set threshold_ = None before, and compare the probabilities "
        "with it."
    )


def _for_file(model: TrainedModel) -> Exception | None:
    if not isinstance(model.net.loss, str):
        return TypeError(
            f"loss of {model.class_name} is a function, which a model file cannot contain: use "
            "pickle instead."
        )
    if len(model.networks) > MOST_NETS:
        return ValueError(
            f"a model file can contain at most {MOST_NETS} networks, got {len(model.networks)}."
        )
    return None


def _for_int8(model: TrainedModel) -> Exception | None:
    *hidden, output = model.net.activations
    for name in hidden:
        if name not in ("relu", "logistic", "tanh"):
            return ValueError(
                f"int8 supports the hidden activations relu, logistic and tanh, not {name}"
            )
    if output not in ("softmax", "logistic", "identity"):
        return ValueError(
            f"int8 supports the output activations softmax, logistic and identity, not {output}"
        )
    if model.first.sorts:
        return ValueError(
            "int8 does not support several quantiles: their integers have different units, so they "
            "cannot be sorted"
        )
    return None


def _for_page(model: TrainedModel) -> Exception | None:
    net, is_table = model.net, isinstance(model, TableModel)
    if model.first.sorts and not is_table:
        return ValueError(
            "to_html does not support several quantiles: predictions are sorted, but the page "
            "shows the neurons."
        )
    if callable(net.loss):
        return ValueError(f"to_html does not support the loss {net.loss!r}.")
    hidden = net.sizes[1:-1]
    counts = {
        "hidden layers": (len(hidden), MOST_HIDDEN_LAYERS),
        "neurons in a hidden layer": (max(hidden, default=0), MOST_NEURONS),
        "outputs": (net.n_out, MOST_OUTPUTS),
    }
    if is_table:
        n_weights = sum(net.n_params for net, _ in model.networks)
        counts |= {"columns": (model.n_inputs, MOST_FIELDS), "weights": (n_weights, MOST_WEIGHTS)}
    else:
        counts["inputs, except 784"] = (0 if net.n_in == PIXELS else net.n_in, MOST_FIELDS)
    for what, (count, most) in counts.items():
        if count > most:
            return ValueError(f"to_html supports at most {most} {what}, got {count}.")
    return None


_INT8_TABLE = (
    "to_c(int8=True) does not support tables: one byte for each number is too coarse for the bins "
    "of its column. Leave out int8 and calibrate."
)
_NOT_SHOWN = "a weight is NaN or infinite: to_html cannot show such a model."
_EXPORTED = _non_finite("a weight is NaN or infinite: such a model cannot be exported.")
_REFUSALS: Mapping[str, tuple[FormatRefusal, ...]] = {
    "save": (_for_file, _non_finite("a weight is NaN or infinite: such a model cannot be saved.")),
    "to_c": (_EXPORTED,),
    "to_c(int8=True)": (_table(_INT8_TABLE), _EXPORTED, _for_int8),
    "to_html": (_for_page, _non_finite(_NOT_SHOWN)),
    "to_onnx": (_EXPORTED,),
    "to_sklearn": (_table(_ONE_NETWORK), _EXPORTED),
    "to_torch": (_threshold, _EXPORTED),
}
