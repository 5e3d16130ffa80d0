"""Read the network in an ONNX file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp.constraints import MAX_LAYERS
from cmlp.export.assembly import Layer, classifier_of, network_of, original_scale
from cmlp.export.checks import optional_package
from cmlp.export.onnx_graph import Graph, read_graph
from cmlp.export.onnx_rules import outputs_of
from cmlp.export.onnx_values import ACTIVATIONS, Inputs, Term
from cmlp.export.onnx_writer import CLASS_KEY, LOSS_KEY, NAMES_KEY
from cmlp.files.texts import load, load_names
from cmlp.inputs.labels import Labels
from cmlp.model import CLASS_NAMES

if TYPE_CHECKING:
    import os

    from numpy.typing import ArrayLike, NDArray

    from cmlp.inputs.scale import InputScale
    from cmlp.model import ModelDocument

_LONG_TEXTS = 2**20  # characters


def read_onnx(path: str | os.PathLike[str], classes: ArrayLike | None = None) -> ModelDocument:
    """Return the document of the model in an ONNX file; see `cmlp.from_onnx`."""
    onnx = optional_package("onnx", "from_onnx", "onnx")
    graph = read_graph(onnx, path)
    try:
        return _model(graph, classes)
    except ValueError as error:
        raise ValueError(f"{path} cannot be converted: {error}") from error


def _model(graph: Graph, classes: ArrayLike | None) -> ModelDocument:
    outputs = outputs_of(graph)
    labels = [term for term in outputs if term.state in ("label", "multilabel")]
    numbers = [term for term in outputs if term.state not in ("label", "multilabel")]
    if len(numbers) != 1 or len(labels) > 1:
        raise ValueError(f"the outputs {graph.outputs} are not one of numbers and at most one of labels")
    label = labels[0] if labels else None
    loss, parameter = _loss(graph)
    last, form = _last(numbers[0], label)
    if (form == "sorted") != isinstance(parameter, tuple):
        raise ValueError("the outputs must be sorted if and only if they are several quantiles")
    if form not in _forms(last, label, loss, classes is not None):
        raise ValueError(f"the outputs {graph.outputs} are not computed as a model of cmlp computes them")
    layers, scale = _layers(last)
    if classes is not None:
        return classifier_of(layers, scale, classes)
    if label is not None and label.state == "label" and loss is None:
        return classifier_of(layers, scale, _classes(label))
    document = network_of(layers, scale, loss, parameter)
    if label is not None:
        document.kind, document.labels = "classifier", _labels(label)
    elif graph.metadata.get(CLASS_KEY) == CLASS_NAMES["regressor"]:
        document.kind = "regressor"
    if NAMES_KEY in graph.metadata:
        document.names = load_names(graph.metadata[NAMES_KEY], len(layers[0].weights))
    return document


def _loss(graph: Graph) -> tuple[str | None, float | tuple[float, ...]]:
    """Return the loss in the metadata of a file of cmlp and its parameter; None if there is none."""
    if LOSS_KEY not in graph.metadata:
        return None, 0.0
    stored = load(graph.metadata[LOSS_KEY], LOSS_KEY)
    if type(stored) is list and len(stored) == 2 and stored[0] == "quantile" and type(stored[1]) is list:
        if stored[1] and all(type(number) is float for number in stored[1]):
            return stored[0], tuple(stored[1])
        raise ValueError(f"the metadata {LOSS_KEY!r} are damaged")
    if type(stored) is list and [type(value) for value in stored] in ([str, float], [str, int], [str, type(None)]):
        name, parameter = stored[0], stored[1] or 0
        if 0 <= parameter <= sys.float_info.max:  # not NaN, and not an integer that float() refuses
            return name, float(parameter)
    raise ValueError(f"the metadata {LOSS_KEY!r} are damaged")


# ---------------------------------------------------------------------------------------------------- the outputs


def _last(numbers: Term, label: Term | None) -> tuple[Term, str]:
    """Return the output activations, and the form in which the graph returns them."""
    state = numbers.state
    if state == "map":  # from labels to probabilities
        labels = [] if label is None else _classes(label).tolist()
        if numbers.classes != [text.encode() if isinstance(text, str) else text for text in labels]:
            raise ValueError("the labels of the probabilities are not those of the output of labels")
        state = numbers.source
    if state in ("pair", "normalized"):
        return numbers._replace(state="logistic"), state
    if state.startswith("sorted "):
        return numbers._replace(state=state.removeprefix("sorted ")), "sorted"
    form = "vector" if state.startswith("flat ") else "matrix"
    return numbers._replace(state=state.removeprefix("flat ")), form


def _forms(last: Term, label: Term | None, loss: str | None, with_classes: bool) -> tuple[str, ...]:
    """Return the forms in which a graph can return the outputs of a network; none if the labels are others."""
    n_out, kind = last.sums.n_out, last.state
    if with_classes and label is None:
        return ("matrix", "vector", "pair") if n_out == 1 else ("matrix",)
    if label is None:
        return ("matrix", "vector", "sorted")
    if label.sums is not last.sums:
        return ()
    if label.state == "multilabel":  # skl2onnx returns 1 - p and p
        return ("matrix", "pair")[: 1 if n_out == 1 else 2] if kind == "logistic" else ()
    if n_out == 1:
        n_classes = {"pair": 2, "single": 1}[label.source]
        return ("pair",) if kind == "logistic" and label.classes.shape == (n_classes,) else ()
    logits = {kind, label.source} <= {"softmax", "identity"} and (kind == "softmax" or loss is None)
    if logits or (kind == label.source == "logistic" and loss is not None):
        return ("normalized",) if kind == "logistic" and loss != "log_loss" else ("matrix",)
    return ()


def _labels(label: Term) -> Labels:
    """Return the labels of a file; raises ValueError if a classifier cannot have them."""
    if label.state == "multilabel":
        return Labels("multilabel", _classes(label))
    labels = Labels("labels", _classes(label))
    if labels.n_outputs != label.sums.n_out or not (labels.classes[:-1] < labels.classes[1:]).all():
        raise ValueError("the labels do not match the outputs")
    return labels


def _classes(label: Term) -> NDArray[Any]:
    """Return the labels of the outputs, in their order."""
    if label.state == "multilabel":
        return np.arange(label.sums.n_out)
    values: NDArray[Any] = label.classes.value
    if values.dtype.kind != "O":
        return values
    texts = values.tolist()
    # A text array has the longest label's size for each label, and drops NUL characters at the end of a label.
    long = len(texts) * max(map(len, texts), default=0) > _LONG_TEXTS + 4 * sum(map(len, texts))
    return np.array(texts, object if long or any(text.endswith("\0") for text in texts) else str)


def _layers(last: Term) -> tuple[list[Layer], float | InputScale]:
    """Return the layers from the first to the last, and the input scale."""
    layers: list[Layer] = []
    term: Term | Inputs = last
    while isinstance(term, Term):
        if term.state not in ACTIVATIONS:
            raise ValueError(f"the output is not an activation of cmlp, but {term.state!r}")
        if len(layers) == MAX_LAYERS - 1:  # layers can share weights, so each one can need more memory than its node
            raise ValueError(f"a network can have at most {MAX_LAYERS - 1} layers of weights")
        layers.append(Layer(*term.sums.arrays(), term.state, term.parameter))
        term = term.sums.before
    layers.reverse()
    return layers, original_scale(term.input_scale(len(layers[0].weights)), layers[0].weights.dtype)
