"""Layers of a network: sizes, activations and losses that fit together, numbers for each layer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from numbers import Integral, Real
from typing import Any

from cmlp._bridge import _core
from cmlp._data.activations import SYNONYMS
from cmlp._data.array_types import LossFunction
from cmlp._data.losses import traits_of
from cmlp._parameters.constraints import (
    ACTIVATION,
    LARGEST_FLOAT,
    LOSSES,
    MAX_LAYERS,
    NONE,
    QUANTILES,
    SIZE_LIMIT,
    Constraint,
    argument,
    interval,
    validated,
)
from cmlp._parameters.entries import network_argument
from cmlp.exceptions import InvalidParameterError, shown


def layer_sizes(sizes: Sequence[int]) -> list[int]:
    """Return a network's layer sizes, input first, as a list of ints."""
    try:
        checked = [int(n) for n in sizes]
        whole = all(n == m and 0 < n < SIZE_LIMIT for n, m in zip(checked, sizes, strict=True))
    except (TypeError, ValueError, OverflowError):
        checked, whole = [], False
    if not whole or not 2 <= len(checked) <= MAX_LAYERS:
        expected = f"2 to {MAX_LAYERS} positive integers below 2**31, input first"
        raise InvalidParameterError(
            f"sizes must be {expected}, got {shown(sizes)}.",
            parameter="sizes",
            value=sizes,
            expected=expected,
        )
    return checked


def hidden_sizes(value: object) -> tuple[int, ...]:
    """Return `hidden_layer_sizes` as a tuple of ints; a single number means one layer."""
    sizes: list[Any] = list(value) if hasattr(value, "__iter__") else [value]
    if not all(isinstance(size, Integral) for size in sizes):
        raise InvalidParameterError(
            f"hidden_layer_sizes must be integers, one per hidden layer, got {sizes}.",
            parameter="hidden_layer_sizes",
            value=value,
        )
    if any(size <= 0 for size in sizes):
        raise InvalidParameterError(
            f"hidden_layer_sizes must be > 0, got {sizes}.",
            parameter="hidden_layer_sizes",
            value=value,
        )
    if any(size >= SIZE_LIMIT for size in sizes):
        raise InvalidParameterError(
            f"hidden_layer_sizes must be < 2**31, got {sizes}.",
            parameter="hidden_layer_sizes",
            value=value,
        )
    if len(sizes) > MAX_LAYERS - 2:
        raise InvalidParameterError(
            f"hidden_layer_sizes must have at most {MAX_LAYERS - 2} entries, got {len(sizes)}.",
            parameter="hidden_layer_sizes",
            value=value,
        )
    return tuple(int(size) for size in sizes)


def hidden_activations(activation: str | Iterable[str], n_hidden: int) -> list[str]:
    """Return one activation name per hidden layer, from one for all or one for each; synonyms are replaced."""
    if not hasattr(activation, "__iter__"):
        raise InvalidParameterError(
            f"activation must be a name or a list of names, got {shown(activation)}.",
            parameter="activation",
            value=activation,
        )
    names = [activation] if isinstance(activation, str) else list(activation)
    for name in names:
        argument("activation", name, ACTIVATION)
    if isinstance(activation, str):
        names *= n_hidden
    if len(names) != n_hidden:
        raise InvalidParameterError(
            "activation must be one name for all hidden layers, or one name for each of the "
            f"{n_hidden} hidden layers, got {shown(activation)}.",
            parameter="activation",
            value=activation,
        )
    return [_core_name_of(name) for name in names]


def _core_name_of(name: str) -> str:
    """Return the core's name of an activation."""
    return SYNONYMS.get(str(name), str(name))


def output_and_loss(output: str, loss: str | LossFunction) -> tuple[str, str | LossFunction]:
    """Return an output activation and a loss, after checking that the combination is allowed."""
    output, loss = _core_name_of(network_argument("output", output)), network_argument("loss", loss)
    if isinstance(loss, str) and loss not in LOSSES[output]:
        expected = f"one of {', '.join(map(repr, LOSSES[output]))}"
        raise InvalidParameterError(
            f"loss must be {expected} with output={output!r}, got {loss!r}.",
            parameter="loss",
            value=loss,
            expected=expected,
        )
    return output, loss


def per_layer(name: str, value: object, n_layers: int, of: str = "layers") -> list[float]:
    """Return one number per layer; a single number applies to all layers. `of` is what the message calls them."""
    values = list(value) if hasattr(value, "__iter__") else [value] * n_layers
    if len(values) != n_layers:
        expected = f"a number or a list of one number for each of {n_layers} {of}"
        raise InvalidParameterError(
            f"{name} must be {expected}, got {shown(value)}.",
            parameter=name,
            value=value,
            expected=expected,
        )
    return [network_argument(name, number) for number in values]


def activation_parameters(
    value: float | Sequence[float] | None, hidden: Sequence[str]
) -> list[float]:
    """Return the activation parameter of each hidden layer; 0 for the default, or if the activation has none."""
    defaults = [_core.ACTIVATIONS[name].parameter for name in hidden]
    if value is None:
        return [0.0] * len(hidden)
    if not any(defaults):
        raise InvalidParameterError(
            f"activation_parameter must be None with the activations {list(hidden)}, which have "
            f"none, got {shown(value)}.",
            parameter="activation_parameter",
            value=value,
        )
    parameters = per_layer("activation_parameter", value, len(hidden), "hidden layers")
    if not hasattr(value, "__iter__"):
        return [
            number if default else 0.0 for number, default in zip(parameters, defaults, strict=True)
        ]
    for name, number, default in zip(hidden, parameters, defaults, strict=True):
        if number and not default:
            raise InvalidParameterError(
                f"activation_parameter must be 0 for {name!r}, which has none, got "
                f"{shown(number)}.",
                parameter="activation_parameter",
                value=value,
            )
    return parameters


def loss_parameter(
    value: float | Sequence[float] | None, loss: str | LossFunction
) -> float | tuple[float, ...]:
    """Return the parameter of a loss; 0 for the default. "quantile" can have one for each output."""
    if value is None:
        return 0.0
    row = _core.LOSSES[loss] if isinstance(loss, str) else None
    if row is None or not row.parameter:
        raise InvalidParameterError(
            f"loss_parameter must be None with loss={loss!r}, which has none, got {shown(value)}.",
            parameter="loss_parameter",
            value=value,
        )
    high = row.limit if row.limit < LARGEST_FLOAT else math.inf
    choices: tuple[Constraint, ...] = (
        interval(Real, row.lower_limit, high, "neither", booleans=False),
        NONE,
    )
    if traits_of(loss).predicts_quantiles:
        choices = (*choices, QUANTILES)
    number = validated(value, choices, "loss_parameter", f" with loss={loss!r}")
    return number if isinstance(number, tuple) else float(number)


def init_activations(hidden: Sequence[str], activation: str | Iterable[str]) -> list[str]:
    """Return for each layer the activation that determines the range of its initial weights.

    The output layer uses the last hidden one. A network without hidden layers uses the user's `activation`; a list
    (which must be empty then) counts as "identity".
    """
    named = _core_name_of(activation) if isinstance(activation, str) else "identity"
    return [*hidden, hidden[-1] if hidden else named]
