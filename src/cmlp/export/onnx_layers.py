"""The weighted sums of a layer: Gemm, or MatMul and Add, with constant weights and biases."""

from __future__ import annotations

from typing import Any

import numpy as np

from cmlp.export.onnx_graph import Constant, Node
from cmlp.export.onnx_values import Inputs, Sums, Term


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
