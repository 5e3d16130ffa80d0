"""Read the network in an ONNX file."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp.estimators.classifier import MLPClassifier
from cmlp.estimators.regressor import MLPRegressor
from cmlp.export.assembly import Layer, classifier_of, estimator_of, network_of, original_scale
from cmlp.export.onnx_functions import DOMAIN, OPERATORS, WITH_PARAMETER
from cmlp.export.onnx_graph import Expression, Graph, parts_of, product, read_graph
from cmlp.export.onnx_writer import CLASS_KEY, LOSS_KEY, NAMES_KEY
from cmlp.export.source import optional_package
from cmlp.files.texts import load, load_names
from cmlp.inputs.labels import Labels

if TYPE_CHECKING:
    import os

    from numpy.typing import ArrayLike, NDArray

    from cmlp.network import Network

_ACTIVATIONS = {operator: name for name, operator in OPERATORS.items()}
_DEFAULT_ALPHA = {"leaky_relu": 0.01, "elu": 1.0}  # of ONNX's operators
_FUNCTIONS = {f"{DOMAIN}.{name}": name for name in ("leaky_relu", "elu", "softplus", "softsign", "gelu")}
_LOOKUPS = ("Gather", "ai.onnx.ml.ArrayFeatureExtractor")  # of the label for a class index
_CLOSE = 1e-5  # relative tolerance for the constants of gelu, which may be float32


def from_onnx(
    path: str | os.PathLike[str], *, classes: ArrayLike | None = None
) -> Network | MLPClassifier | MLPRegressor:
    """Read a multilayer perceptron from an ONNX file.

    Parameters
    ----------
    path : str or path-like
        A file of `to_onnx`, of scikit-learn's MLP by skl2onnx, or of a PyTorch module. The graph must be a chain of
        layers: Gemm, or MatMul and Add, with the activations Sigmoid, Tanh, Relu, LeakyRelu, Elu, Gelu, Softplus,
        Softsign, x * Sigmoid(x), and at the end Softmax or Exp. At the start, Flatten, Cast and the multiplication by a
        number are supported.
    classes : array-like of shape (n_classes,) or None, default=None
        Labels in the order of the outputs, for a file without labels; see `cmlp.from_torch`.

    Returns
    -------
    Network, MLPClassifier or MLPRegressor
        A fitted `MLPClassifier` if the file has an output of labels or `classes` is given; the class that was exported
        for a file of `to_onnx`; otherwise a `Network`. The parameters have the file's dtype, float32 or float64.

    Raises
    ------
    ImportError
        If the package onnx is not installed.
    OSError
        If the file cannot be read.
    ValueError
        If the file is not an ONNX file, or contains an operator that is not supported; the message names it.

    Examples
    --------
    >>> import cmlp, os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:  # doctest: +SKIP
    ...     path = os.path.join(folder, "net.onnx")
    ...     cmlp.Network([2, 3, 2]).to_onnx(path)
    ...     cmlp.from_onnx(path).sizes
    (2, 3, 2)
    """
    onnx = optional_package("onnx", "from_onnx", "onnx")
    graph = read_graph(onnx, path)
    try:
        return _model(graph, classes)
    except ValueError as error:
        raise ValueError(f"{path} cannot be converted: {error}") from error
    except (TypeError, OverflowError) as error:  # an attribute has another type than its operator allows
        raise ValueError(f"{path} is not a valid ONNX file: {error!r}") from error


def _model(graph: Graph, classes: ArrayLike | None) -> Network | MLPClassifier | MLPRegressor:
    label, numbers = _outputs(graph)
    layers, scale = _layers(_network_output(numbers))
    loss, parameter = _loss(graph)
    kind = graph.metadata.get(CLASS_KEY)
    names = None
    if NAMES_KEY in graph.metadata:
        names = load_names(graph.metadata[NAMES_KEY], len(layers[0].weights))
    if classes is not None:
        return classifier_of(layers, scale, classes)
    if label is not None and loss is None and not _is_multilabel(label):
        return classifier_of(layers, scale, _classes(label))
    network = network_of(layers, scale, loss, parameter)
    if label is not None:
        labels = Labels("multilabel", np.arange(network.sizes[-1])) if _is_multilabel(label) else None
        labels = labels or Labels("labels", _classes(label))
        if labels.n_outputs != network.sizes[-1] or not (labels.classes[:-1] < labels.classes[1:]).all():
            raise ValueError("the labels do not match the outputs")
        return estimator_of(MLPClassifier, network, labels, names)  # type: ignore[no-any-return]
    if kind == "MLPRegressor":
        return estimator_of(MLPRegressor, network, None, names)  # type: ignore[no-any-return]
    return network


def _loss(graph: Graph) -> tuple[str | None, float]:
    """Return the loss in the metadata of a file of cmlp and its parameter; None if there is none."""
    if LOSS_KEY not in graph.metadata:
        return None, 0.0
    stored = load(graph.metadata[LOSS_KEY], LOSS_KEY)
    if type(stored) is not list or [type(value) for value in stored[:1]] != [str] or len(stored) != 2:
        raise ValueError(f"the metadata {LOSS_KEY!r} are damaged")
    return stored[0], float(stored[1] or 0)


# ---------------------------------------------------------------------------------------------------- the outputs


def _outputs(graph: Graph) -> tuple[Expression | None, Expression]:
    """Return the output of labels, or None, and the output of numbers."""
    labels = [output for output in graph.outputs.values() if _is_label(output)]
    numbers = [output for output in graph.outputs.values() if not _is_label(output)]
    if len(numbers) != 1 or len(labels) > 1:
        raise ValueError(f"the outputs {list(graph.outputs)} are not one of numbers and at most one of labels")
    return (labels[0] if labels else None), numbers[0]


def _is_label(output: Expression) -> bool:
    return any(part.operator in (*_LOOKUPS, "ArgMax", "Greater") for part in parts_of(output))


def _is_multilabel(label: Expression) -> bool:
    return not any(part.operator in _LOOKUPS for part in parts_of(label))


def _classes(label: Expression) -> NDArray[Any]:
    """Return the constant from which a graph takes the labels."""
    for part in parts_of(label):
        if part.operator in _LOOKUPS and part.argument(0).value is not None:
            values: NDArray[Any] = np.asarray(part.argument(0).value).reshape(-1)
            if values.dtype.kind == "O":
                values = np.array([v.decode() if isinstance(v, bytes) else str(v) for v in values.tolist()])
            return values
    raise ValueError("the labels are not a constant of the graph")


def _network_output(numbers: Expression) -> Expression:
    """Return the network's output activations, from which a graph computes probabilities or predictions."""
    while numbers.operator in ("Reshape", "Squeeze", "ai.onnx.ml.ZipMap"):
        numbers = numbers.argument(0)
    if numbers.operator == "Concat" and len(numbers.arguments) == 2:  # of 1 - p and p
        first, second = numbers.argument(0), numbers.argument(1)
        if first.operator == "Sub" and first.argument(0).number() == 1 and first.argument(1) is second:
            return second
    if numbers.operator == "Div" and numbers.argument(0).operator == "Where":  # each row divided by its sum
        return numbers.argument(0).argument(2)
    return numbers


# ----------------------------------------------------------------------------------------------------- the layers


def _layers(output: Expression) -> tuple[list[Layer], float]:
    """Return the layers from the first to the last, and the input scale."""
    layers: list[Layer] = []
    while True:
        activation, parameter, z = _activation(output)
        weights, biases, output = _affine(z)
        layers.insert(0, Layer(weights, biases, activation, parameter))
        scale = _input_scale(output)
        if scale is not None:
            break
    dtypes = {part.dtype.name for layer in layers for part in layer[:2]}
    if len(dtypes) > 1 or not dtypes <= {"float32", "float64"}:
        raise ValueError(f"all weights must be float32, or all float64, got {' and '.join(sorted(dtypes))}")
    return layers, original_scale(scale, layers[0].weights.dtype)


def _activation(a: Expression) -> tuple[str, float, Expression]:
    """Return the name of an activation, its parameter and its weighted sums."""
    while a.operator == "Dropout":
        a = a.argument(0)
    if a.operator in _ACTIVATIONS:
        name = _ACTIVATIONS[a.operator]
        if name == "softmax" and a.attributes.get("axis", -1) not in (1, -1):
            raise ValueError(f"{a} must have axis 1, got {a.attributes['axis']}")
        if name in WITH_PARAMETER:
            alpha = float(np.float32(a.attributes.get("alpha", _DEFAULT_ALPHA[name])).astype(str))
            return (name, alpha, a.argument(0)) if alpha else ("relu", 0.0, a.argument(0))
        return name, 0.0, a.argument(0)
    if a.operator in _FUNCTIONS:
        name = _FUNCTIONS[a.operator]
        parameter = a.argument(1).number() if name in WITH_PARAMETER else 0.0
        return name, parameter or 0.0, a.argument(0)
    if a.operator == "Gelu" and a.attributes.get("approximate", b"none") == b"none":
        return "gelu", 0.0, a.argument(0)
    if a.operator in ("Mul", "Div"):
        return _composed(a)
    return "identity", 0.0, a


def _composed(a: Expression) -> tuple[str, float, Expression]:
    """Return an activation that a graph computes by a product or a quotient: silu, gelu or softsign."""
    if a.operator == "Div" and _is_size_plus_1(a.argument(1), a.argument(0)):
        return "softsign", 0.0, a.argument(0)
    factor, factors = product(a)
    for z, other in (factors, factors[::-1]) if len(factors) == 2 else ():
        if other.operator == "Sigmoid" and other.argument(0) is z and factor == 1:
            return "silu", 0.0, z
        if math.isclose(factor, 0.5, rel_tol=_CLOSE) and _is_erf_plus_1(other, z):
            return "gelu", 0.0, z
    raise ValueError(f"{a} is not supported")


def _plus_1(total: Expression, operator: str) -> Expression | None:
    """Return the argument x of an expression 1 + operator(x) or operator(x) + 1; None for other expressions."""
    if total.operator == "Add":
        for part, one in ((total.argument(0), total.argument(1)), (total.argument(1), total.argument(0))):
            if part.operator == operator and one.number() == 1:
                return part.argument(0)
    return None


def _is_size_plus_1(total: Expression, z: Expression) -> bool:
    """Return whether an expression is 1 + abs(z)."""
    return _plus_1(total, "Abs") is z


def _is_erf_plus_1(total: Expression, z: Expression) -> bool:
    """Return whether an expression is 1 + erf(z / sqrt(2))."""
    x = _plus_1(total, "Erf")
    if x is None:
        return False
    factor, factors = product(x)
    return math.isclose(factor, math.sqrt(0.5), rel_tol=_CLOSE) and [*map(id, factors)] == [id(z)]


def _affine(z: Expression) -> tuple[NDArray[Any], NDArray[Any], Expression]:
    """Return the weights (n_in, n_out), the biases and the inputs of weighted sums."""
    while z.operator == "Dropout":
        z = z.argument(0)
    if z.operator == "Gemm":
        weights, biases = _gemm(z)
        return weights, biases, z.argument(0)
    product_, constant = z, None
    if z.operator == "Add":
        for one, other in ((0, 1), (1, 0)):
            if z.argument(one).operator == "MatMul" and z.argument(other).value is not None:
                product_, constant = z.argument(one), z.argument(other).value
    if product_.operator != "MatMul":
        raise ValueError(f"{z} is not supported")
    weights = _matrix(product_, product_.argument(1).value)
    return weights, _vector(z, constant, weights), product_.argument(0)


def _gemm(z: Expression) -> tuple[NDArray[Any], NDArray[Any]]:
    attributes = z.attributes
    if attributes.get("transA", 0):
        raise ValueError(f"{z} must have transA=0")
    weights = _matrix(z, z.argument(1).value)
    weights = weights.T if attributes.get("transB", 0) else weights
    constant = z.arguments[2].value if len(z.arguments) > 2 and z.arguments[2] is not None else None
    if len(z.arguments) > 2 and z.arguments[2] is not None and constant is None:
        raise ValueError(f"{z} must have constant biases")
    biases = _vector(z, constant, weights)
    alpha, beta = attributes.get("alpha", 1.0), attributes.get("beta", 1.0)
    return weights * weights.dtype.type(alpha), biases * biases.dtype.type(beta)


def _matrix(z: Expression, value: NDArray[Any] | None) -> NDArray[Any]:
    if value is None or value.ndim != 2 or not value.size or value.dtype.kind != "f":
        raise ValueError(f"{z} must multiply by a constant matrix of weights")
    return value


def _vector(z: Expression, value: NDArray[Any] | None, weights: NDArray[Any]) -> NDArray[Any]:
    """Return biases; zeros if there are none."""
    n_out = weights.shape[1]
    if value is None:
        return np.zeros(n_out, weights.dtype)
    if value.size not in (1, n_out) or value.dtype.kind != "f":
        raise ValueError(f"{z} must add a vector of {n_out} biases, got the shape {value.shape}")
    return np.broadcast_to(value.reshape(-1), (n_out,))


def _input_scale(a: Expression) -> float | None:
    """Return the factor of the graph's input; None if this is not the input but the output of a layer."""
    scale, factors = product(a)
    while len(factors) == 1 and factors[0].operator in ("Cast", "Flatten", "Reshape", "Dropout"):
        if factors[0].operator == "Flatten" and factors[0].attributes.get("axis", 1) != 1:
            raise ValueError(f"{factors[0]} must have axis 1")
        factor, factors = product(factors[0].argument(0))
        scale *= factor
    if len(factors) != 1 or factors[0].operator != "Input":
        return None
    if not 0 < scale < math.inf:
        raise ValueError(f"the inputs must be multiplied by a positive number, got {scale}")
    return scale
