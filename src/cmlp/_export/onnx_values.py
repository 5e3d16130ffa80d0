"""What the tensors of an ONNX graph are, if the graph is a multilayer perceptron; layers from Gemm, MatMul and Add."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._export.onnx_functions import OPERATORS
from cmlp._export.onnx_graph import Constant, Node
from cmlp._inputs.scale import InputScale

if TYPE_CHECKING:
    from numpy.typing import NDArray

# States that are activations, with cmlp's names. "identity" are the weighted sums.
ACTIVATIONS = ("identity", *OPERATORS, "silu", "gelu")


class Inputs(NamedTuple):
    """The inputs of the graph, scaled and in another shape or dtype."""

    dtype: np.dtype[Any]
    shape: tuple[int | None, ...]
    scale: float | None = None  # the number by which all inputs are multiplied
    rounded: bool = False  # whether a conversion to float32 may have rounded
    # Instead of it shift and factor: one number or one for each column.
    columns: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def input_scale(self, n_inputs: int) -> float | InputScale:
        """Return the scale as a network has it."""
        if self.columns is None:
            return 1.0 if self.scale is None else self.scale
        return InputScale(*(np.broadcast_to(values, n_inputs) for values in self.columns))


class Rows(NamedTuple):
    """Part of the inputs' shape: "shape" for all of it, "rows" for the number of rows, or a target of Reshape."""

    form: str | tuple[int, ...]


class Sums:
    """The weighted sums of a layer."""

    def __init__(
        self,
        before: Inputs | Term,
        weights: Constant,
        alpha: float = 1.0,
        biases: Constant | None = None,
        beta: float = 1.0,
    ) -> None:
        self.before, self.weights, self.alpha, self.biases, self.beta = before, weights, alpha, biases, beta
        self.n_out = weights.shape[1]

    def arrays(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """Return the weights (n_in, n_out) and the biases (n_out,)."""
        kind = self.weights.dtype.type
        alpha, beta = kind(self.alpha), kind(self.beta)
        biases = np.zeros(1, kind) if self.biases is None else self.biases.value.reshape(-1) * beta
        with np.errstate(over="ignore", invalid="ignore"):
            weights = self.weights.value if alpha == 1 else self.weights.value * alpha
        return weights, np.broadcast_to(biases, (self.n_out,))


class Term(NamedTuple):
    """A function of a layer's weighted sums."""

    sums: Sums
    state: str  # which function it is
    parameter: float = 0.0  # of the activation
    source: str = ""  # the state from which labels are computed
    classes: Any = None  # labels by index: a Constant, a list or None


Value = Constant | Inputs | Rows | Term | None


def layer(node: Node, attributes: dict[str, Any], x: Inputs | Term, others: list[Any]) -> Term:
    """Return the weighted sums of a new layer."""
    weights = others[0] if len(others) in (1, 2) else None
    dtype = x.dtype if isinstance(x, Inputs) else x.sums.weights.dtype
    n_in = x.shape[1] if isinstance(x, Inputs) else x.sums.n_out
    if not isinstance(weights, Constant) or len(weights.shape) != 2 or not all(weights.shape):
        raise ValueError(f"{node} must multiply by a constant matrix of weights")
    if dtype not in (np.float32, np.float64) or weights.dtype != dtype:
        raise ValueError(f"{node}: all weights must be float32, or all float64, got {weights.dtype} after {dtype}")
    if node.operator == "MatMul":
        attributes = {"alpha": 1.0, "beta": 1.0, "transB": 0}
    weights = weights.transpose() if attributes["transB"] else weights
    if n_in not in (None, weights.shape[0]):
        raise ValueError(f"{node} must have weights of shape ({n_in}, n_outputs), got {weights.shape}")
    biases = others[1] if len(others) > 1 else None
    return with_biases(node, Sums(x, weights, attributes["alpha"]), biases, attributes["beta"])


def with_biases(node: Node, sums: Sums, biases: Any, beta: float) -> Term:
    """Return weighted sums with biases."""
    if biases is not None:
        n_out = sums.n_out
        shapes = ((), (1,), (1, 1), (n_out,), (1, n_out))
        if not isinstance(biases, Constant) or biases.dtype != sums.weights.dtype or biases.shape not in shapes:
            got = f"{biases.dtype} of shape {biases.shape}" if isinstance(biases, Constant) else "a computed tensor"
            raise ValueError(f"{node} must have {n_out} constant biases of {sums.weights.dtype}, got {got}")
    return Term(Sums(sums.before, sums.weights, sums.alpha, biases, beta), "identity")
