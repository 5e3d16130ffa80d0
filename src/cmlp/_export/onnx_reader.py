"""Read the network in an ONNX file.

The nodes are matched in their order, each once. A tensor is a `Constant`, the `Inputs`, a part of their shape (`Rows`)
or a `Term`, which is a function of one layer's weighted sums. An operator without a rule for its arguments is refused,
so every node of a graph that is read has been matched exactly.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._export.assembly import Layer, classifier_of, network_of, original_scale
from cmlp._export.onnx_graph import Constant, Graph, Node, dtype_of, read_graph
from cmlp._export.onnx_inputs import from_inputs, from_rows
from cmlp._export.onnx_terms import from_terms
from cmlp._export.onnx_values import ACTIVATIONS, Inputs, Rows, Term, Value
from cmlp._export.onnx_writer import CLASS_KEY, LOSS_KEY, NAMES_KEY, NEEDS
from cmlp._files.texts import load, load_names
from cmlp._inputs.labels import Labels
from cmlp._model.model import CLASS_NAMES
from cmlp._parameters.constraints import MAX_LAYERS
from cmlp.exceptions import optional

if TYPE_CHECKING:
    import os

    from numpy.typing import ArrayLike, NDArray

    from cmlp._inputs.scale import InputScale
    from cmlp._model.model import TrainedModel

_LONG_TEXTS = 2**20  # characters


def read_onnx(path: str | os.PathLike[str], classes: ArrayLike | None = None) -> TrainedModel:
    """Return the model in an ONNX file; see `cmlp.from_onnx`."""
    onnx = optional("onnx", NEEDS.format("from_onnx"))
    graph = read_graph(onnx, path)
    try:
        return _model(graph, classes)
    except ValueError as error:
        raise ValueError(f"{path} cannot be converted: {error}") from error


def _model(graph: Graph, classes: ArrayLike | None) -> TrainedModel:
    outputs = _terms_of(graph)
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
    model = network_of(layers, scale, loss, parameter)
    if label is not None:
        model = model.replace(kind="classifier", labels=_labels(label))
    elif graph.metadata.get(CLASS_KEY) == CLASS_NAMES["regressor"]:
        if model.net.activations[-1] in ("logistic", "softmax"):
            raise ValueError(f"the metadata {CLASS_KEY!r} name a regressor, but the outputs are probabilities")
        model = model.replace(kind="regressor")
    if NAMES_KEY in graph.metadata:
        model = model.replace(names=load_names(graph.metadata[NAMES_KEY], len(layers[0].weights)))
    return model


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


# ------------------------------------------------------------------------------------------------------------ the nodes

# Each attribute's default and the supported values; None for all values. Other attributes are refused.
_ATTRIBUTES: dict[str, dict[str, tuple[Any, Any]]] = {
    "ArgMax": {"axis": (0, (1, -1)), "keepdims": (1, (0, 1)), "select_last_index": (0, (0,))},
    "Cast": {"to": (0, None), "saturate": (1, (0, 1))},
    "Concat": {"axis": (0, None)},
    "Constant": {"value": (None, None)}
    | {f"value_{kind}": (None, None) for kind in ("float", "int", "ints", "floats")},
    "Dropout": {"ratio": (0.5, None), "seed": (0, None)},
    "Elu": {"alpha": (1.0, None)},
    "Flatten": {"axis": (1, (1,))},
    "Gather": {"axis": (0, (0,))},
    "Gelu": {"approximate": (b"none", (b"none",))},
    "Gemm": {"alpha": (1.0, None), "beta": (1.0, None), "transA": (0, (0,)), "transB": (0, (0, 1))},
    "LeakyRelu": {"alpha": (0.01, None)},
    "ReduceSum": {"keepdims": (1, (1,)), "noop_with_empty_axes": (0, (0, 1))},
    "Reshape": {"allowzero": (0, (0, 1))},
    "Shape": {"start": (0, (0,)), "end": (None, (None, 1))},
    "Softmax": {"axis": (-1, (1, -1))},
    "TopK": {"axis": (-1, (1, -1)), "largest": (1, (0,)), "sorted": (1, (1,))},
    "Squeeze": {"axes": (None, ([1], [-1]))},
    "Transpose": {"perm": ([1, 0], ([1, 0],))},
    "Unsqueeze": {"axes": (None, ([0],))},
    "ai.onnx.ml.Binarizer": {"threshold": (0.0, (0.5,))},
    "ai.onnx.ml.Scaler": {"offset": (None, None), "scale": (None, None)},
    "ai.onnx.ml.ZipMap": {"classlabels_int64s": (None, None), "classlabels_strings": (None, None)},
}


def _terms_of(graph: Graph) -> list[Term]:
    """Return the outputs of a graph; raises ValueError with the operator and the node that is not supported."""
    values: dict[str, Value] = {**graph.constants, graph.input: Inputs(graph.dtype, graph.shape)}
    used = set(graph.outputs)
    for node in graph.nodes:
        result = _result(graph, node, [_known(values, name) for name in node.inputs])
        if result is None:
            raise ValueError(f"{node} is not supported here")
        values.update(dict.fromkeys(node.outputs[1:], Rows("other output")))
        values[node.outputs[0]] = result
        used.update(node.inputs)
    for node in graph.nodes:
        if used.isdisjoint(node.outputs) and not isinstance(values[node.outputs[0]], Constant):
            raise ValueError(f"{node} is not supported: its result is not used")
    found = [_known(values, name) for name in graph.outputs]
    terms = [value for value in found if isinstance(value, Term)]
    if len(terms) != len(found):
        raise ValueError(f"the outputs {graph.outputs} must be computed by a network")
    return terms


def _known(values: dict[str, Value], name: str) -> Value:
    """Return a tensor; None for an argument that is left out."""
    if name and name not in values:
        raise ValueError(f"the graph uses the undefined tensor {name!r}")
    return values[name] if name else None


def _result(graph: Graph, node: Node, arguments: list[Value]) -> Value:
    """Return the first output of a node; None if no rule matches."""
    if not node.outputs or (node.attributes and node.operator not in _ATTRIBUTES):
        return None
    attributes = _attributes(node)
    if node.operator == "Constant":
        return _constant(graph, node)
    if not arguments or arguments[0] is None:
        return None
    if node.operator == "Identity" or (node.operator == "Dropout" and _is_inactive(arguments)):
        return arguments[0]
    if node.operator == "Cast":
        attributes["to"] = dtype_of(graph.onnx, attributes["to"])
    for kind, rule in ((Term, from_terms), (Inputs, from_inputs), (Rows, from_rows)):
        if any(isinstance(argument, kind) for argument in arguments):
            return rule(node, attributes, arguments)
    return _from_constants(node, attributes, arguments)


def _attributes(node: Node) -> dict[str, Any]:
    """Return the attributes of a node with defaults; raises ValueError for values that are not supported."""
    known = _ATTRIBUTES.get(node.operator, {})
    for name, value in node.attributes.items():
        if name not in known:
            raise ValueError(f"{node} has the attribute {name!r}, which is not supported")
        allowed = known[name][1]
        if allowed is not None and value not in allowed:
            raise ValueError(f"{node} must have {name}={' or '.join(map(repr, allowed))}, got {value!r}")
    for name, (default, allowed) in known.items():
        if name not in node.attributes and allowed is not None and default is not None and default not in allowed:
            raise ValueError(f"{node} must have {name}={' or '.join(map(repr, allowed))}, got the default {default!r}")
    return {name: node.attributes.get(name, default) for name, (default, _) in known.items()}


def _is_inactive(arguments: list[Value]) -> bool:
    """Return whether a Dropout has no effect: it is not in training mode."""
    mode = arguments[2] if len(arguments) > 2 else None
    return mode is None or (isinstance(mode, Constant) and mode.shape == () and not mode.value)


def _constant(graph: Graph, node: Node) -> Constant | None:
    if len(node.attributes) != 1:
        return None
    onnx, (name, value) = graph.onnx, *node.attributes.items()
    if name != "value":
        dtype = np.float32 if "float" in name else np.int64
        value = onnx.numpy_helper.from_array(np.asarray(value, dtype))
    return Constant(onnx, value)


def _from_constants(node: Node, attributes: dict[str, Any], arguments: list[Any]) -> Value:
    if len(arguments) == 1 and node.operator == "Transpose" and len(arguments[0].shape) == 2:
        return arguments[0].transpose()  # type: ignore[no-any-return]
    if len(arguments) == 1 and node.operator == "Cast":
        return arguments[0].cast(attributes["to"])  # type: ignore[no-any-return]
    return None
