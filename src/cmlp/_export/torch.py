"""Conversion to and from PyTorch modules."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np

from cmlp._data.array_types import AnyArray, ArrayLike
from cmlp._data.scale import InputScale
from cmlp._model.formats import require, scale_in
from cmlp._model.from_layers import (
    Layer,
    Normalization,
    classifier_of,
    network_of,
    original_scale,
)
from cmlp._model.model import NetworkModel, TableModel, TrainedModel, TrainedNet
from cmlp.exceptions import optional

# Above this weighted sum, torch's softplus returns its input. The default of 20 is too small for
# float64.
_SOFTPLUS_THRESHOLD = 50.0
_LOWEST_THRESHOLD = 20
# a Sequential may contain another one twice, so the number can grow exponentially
_MOST_MODULES = 10_000
# The modules of activations; the attributes that are parameters of activations; the options that
# `to_torch` sets; the options of which `from_torch` accepts only these values.
_MODULES = {
    "leaky_relu": "LeakyReLU",
    "elu": "ELU",
    "gelu": "GELU",
    "softplus": "Softplus",
    "softmax": "Softmax",
    "logistic": "Sigmoid",
    "tanh": "Tanh",
    "relu": "ReLU",
    "silu": "SiLU",
    "softsign": "Softsign",
}
_PARAMETERS = {"leaky_relu": "negative_slope", "elu": "alpha"}
_OPTIONS: dict[str, dict[str, float]] = {
    "softplus": {"threshold": _SOFTPLUS_THRESHOLD},
    "softmax": {"dim": 1},
}
_ACCEPTED = {
    "gelu": ("approximate", ("none",)),
    "softplus": ("beta", (1,)),
    "softmax": ("dim", (1, -1)),
}
_NEEDS = "{} needs the package torch: install it with `pip install torch`."
_OWN = "cmlp._export.torch_layers"
_NOT_CONTAINED = {
    "Sort": "the quantiles that its outputs predict",
    "Normalize": "the loss of its classifier",
}


def to_torch(model: TrainedModel) -> Any:
    """Return the module of a network or a fitted estimator; see `Network.to_torch`."""
    require(model, "to_torch")
    torch = optional("torch", _NEEDS.format("to_torch"))
    from cmlp._export import torch_layers

    if isinstance(model, TableModel):
        networks = [torch.nn.Sequential(*_build_modules(torch, one)) for one in model.networks]
        return torch_layers.Table(model, networks).eval()
    net = model.net
    scale = model.input_scale
    dtype = getattr(torch, net.dtype.name)
    modules: list[Any] = []
    if isinstance(scale, tuple):
        modules.append(torch_layers.InputShift(scale.shift, scale.factor, dtype))
    elif scale != 1:
        modules.append(
            torch_layers.InputFactor(scale_in(net.dtype, scale, "PyTorch").item(), dtype)
        )
    modules += _build_modules(torch, model.first)
    if model.combination.rule == "normalized":
        modules.append(torch_layers.Normalize())
    return torch.nn.Sequential(*modules).eval()


def _build_modules(torch: ModuleType, trained: TrainedNet) -> list[Any]:
    """Return the modules of a network's layers."""
    from cmlp._export.torch_layers import Sort

    modules = []
    dtype = getattr(torch, trained.net.dtype.name)
    for weights, biases, activation, parameter in trained.layers:
        linear = torch.nn.Linear(*weights.shape, dtype=dtype)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(np.array(weights.T)))
            linear.bias.copy_(torch.from_numpy(np.array(biases)))
        modules.append(linear)
        if activation != "identity":
            modules.append(_build_activation(torch, activation, parameter))
    if trained.sorts:
        return [*modules, Sort()]
    return modules


def _build_activation(torch: ModuleType, activation: str, parameter: float) -> Any:
    """Return the module of an activation."""
    if activation == "exp":
        from cmlp._export.torch_layers import Exp

        return Exp()
    if activation in _PARAMETERS:
        options = {_PARAMETERS[activation]: parameter}
    else:
        options = _OPTIONS.get(activation, {})
    return getattr(torch.nn, _MODULES[activation])(**options)


def read_torch(module: Any, classes: ArrayLike | None = None) -> NetworkModel:
    """Return the model of a PyTorch module; see `cmlp.from_torch`."""
    torch = optional("torch", _NEEDS.format("from_torch"))
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"module must be a torch.nn.Module, got {type(module).__name__}")
    reader = _Reader(torch)
    for part in _flatten_modules(torch, module):
        reader.add(part)
    layers = reader.finish()
    scale = original_scale(reader.input_scale, layers[0].weights.dtype)
    if classes is None:
        return network_of(layers, scale)
    return classifier_of(layers, scale, classes)


def _flatten_modules(torch: ModuleType, module: Any) -> list[Any]:
    """Return the modules that Sequentials contain, in the order of their calls."""
    parts: list[Any] = []
    open_ = {0: iter([module])}  # the Sequentials around the next module, by their ids
    for _ in range(2 * _MOST_MODULES):  # each Sequential is entered and left
        part = next(open_[next(reversed(open_))], None)
        if part is None:
            open_.popitem()
            if not open_:
                return parts
            continue
        _require_unchanged(part)
        if type(part) is not torch.nn.Sequential:
            parts.append(part)
        elif id(part) in open_:
            raise ValueError("a Sequential must not contain itself")
        else:
            open_[id(part)] = iter(part)
    raise ValueError(f"module must not contain more than {_MOST_MODULES} modules")


def _require_unchanged(module: Any) -> None:
    """Raise ValueError if a module computes something else than its class."""
    name = type(module).__name__
    if module._forward_hooks or module._forward_pre_hooks:
        raise ValueError(f"{name} has forward hooks, which from_torch does not support")
    if "forward" in vars(module):
        raise ValueError(f"{name} has a replaced forward method, which from_torch does not support")


class _Reader:
    """Collects the layers of modules in the order of their calls."""

    def __init__(self, torch: ModuleType) -> None:
        self.torch = torch
        self.layers: list[Layer] = []
        self.input_scale: float | InputScale = 1.0
        self.activated = True  # whether the last layer has its activation; there is no layer yet
        self.pending: Normalization | None = None  # which is a part of the next Linear

    def add(self, module: Any) -> None:
        """Add a module; raises TypeError or ValueError if it is not supported."""
        nn = self.torch.nn
        name = type(module).__name__
        own = type(module).__module__ == _OWN
        if type(module) in (nn.Identity, nn.Dropout):
            return
        if type(module) is nn.Flatten:
            if self.layers or self.pending or (module.start_dim, module.end_dim) != (1, -1):
                raise ValueError(
                    f"{module} is not supported: only Flatten() before the first Linear is"
                )
            return
        if type(module) is nn.Linear:
            layer = _read_linear(self.torch, module)
            if self.pending is not None:
                _require_features(self.pending, len(layer.weights))
                layer = self.pending.before(layer)
            self.layers.append(layer)
            self.activated = False
            self.pending = None
        elif type(module) is nn.BatchNorm1d:
            self.normalize(_read_batch_norm(module))
        elif own and name == "InputFactor":
            if self.layers or self.pending:
                raise ValueError(
                    "InputFactor is only supported before the first Linear and BatchNorm1d"
                )
            if isinstance(self.input_scale, InputScale):
                raise ValueError("InputFactor is not supported after InputShift")
            self.input_scale *= float(module.scale)
            if not 0 < self.input_scale < math.inf:
                raise ValueError(f"InputFactor needs a positive number, got {float(module.scale)}")
        elif own and name == "InputShift":
            if self.layers or self.pending or self.input_scale != 1:
                raise ValueError("InputShift is only supported as the first module")
            self.input_scale = InputScale(module.shift.cpu().numpy(), module.factor.cpu().numpy())
        elif own and name in _NOT_CONTAINED:
            raise ValueError(
                f"{name} is not supported: a module does not contain {_NOT_CONTAINED[name]}"
            )
        else:
            self.activate(module)

    def normalize(self, normalization: Normalization) -> None:
        """Fold a normalization into the last layer.

        After an activation, keep it for the next one.
        """
        if not self.activated:
            _require_features(normalization, len(self.layers[-1].biases))
            self.layers[-1] = normalization.after(self.layers[-1])
        elif self.pending is None:
            self.pending = normalization
        else:
            raise ValueError(
                "BatchNorm1d after another BatchNorm1d is only supported after a Linear"
            )

    def activate(self, module: Any) -> None:
        """Add an activation to the last layer."""
        activation, parameter = _read_activation(self.torch, module)
        if self.pending is not None:
            raise ValueError(
                f"{type(module).__name__} after BatchNorm1d is only supported if a Linear is "
                "before both"
            )
        if self.activated:
            where = "after another activation" if self.layers else "before the first Linear"
            raise ValueError(f"{type(module).__name__} {where} is not supported")
        self.layers[-1] = self.layers[-1]._replace(activation=activation, parameter=parameter)
        self.activated = True

    def finish(self) -> list[Layer]:
        """Return the layers."""
        if not self.layers:
            raise ValueError("module must contain at least one Linear")
        if self.pending is not None:
            raise ValueError(
                "BatchNorm1d after the last activation is not supported: it is a part of no Linear"
            )
        dtypes = {layer.weights.dtype.name for layer in self.layers}
        if len(dtypes) > 1:
            raise ValueError(
                f"all parameters must have the same dtype, got {' and '.join(sorted(dtypes))}"
            )
        return self.layers


def _read_linear(torch: ModuleType, linear: Any) -> Layer:
    if linear.weight.dtype not in (torch.float32, torch.float64):
        raise ValueError(f"the parameters must be float32 or float64, got {linear.weight.dtype}")
    weights: AnyArray = linear.weight.detach().cpu().numpy().T
    if linear.bias is None:
        return Layer(weights, np.zeros(weights.shape[1], weights.dtype), "identity")
    return Layer(weights, linear.bias.detach().cpu().numpy(), "identity")


def _read_batch_norm(norm: Any) -> Normalization:
    """Return what a BatchNorm1d computes with its running mean and variance."""
    if norm.running_mean is None:
        raise ValueError(
            "BatchNorm1d needs track_running_stats=True: without it, a row depends on the others"
        )
    mean, variance = (each.cpu().double().numpy() for each in (norm.running_mean, norm.running_var))
    scale = None
    if norm.weight is not None:
        scale = norm.weight.detach().cpu().double().numpy()
    shift = None
    if norm.bias is not None:
        shift = norm.bias.detach().cpu().double().numpy()
    return Normalization.from_moments(mean, variance, norm.eps, scale, shift)


def _require_features(normalization: Normalization, size: int) -> None:
    if len(normalization.factor) != size:
        raise ValueError(f"BatchNorm1d must have {size} features, got {len(normalization.factor)}")


def _read_activation(torch: ModuleType, module: Any) -> tuple[str, float]:
    """Return the name in cmlp of an activation, and its parameter.

    leaky_relu and elu without one are relu.
    """
    module_type = type(module)
    name = module_type.__name__
    if module_type.__module__ == _OWN and name == "Exp":
        return "exp", 0.0
    activation = next(
        (own for own, theirs in _MODULES.items() if module_type is getattr(torch.nn, theirs)), None
    )
    if activation is None:
        raise TypeError(
            f"from_torch does not support {module_type.__module__}.{module_type.__qualname__}; it supports "
            "Sequential, Linear, BatchNorm1d, Identity, Dropout, Flatten, "
            f"{', '.join(_MODULES.values())}"
        )
    if activation in _PARAMETERS:
        parameter = float(getattr(module, _PARAMETERS[activation]))
        if not 0 <= parameter < math.inf:
            raise ValueError(
                f"{name} needs a finite {_PARAMETERS[activation]} of at least 0, got {parameter!r}"
            )
        if parameter:
            return (activation, parameter)
        return ("relu", 0.0)
    if activation == "softplus" and not module.threshold >= _LOWEST_THRESHOLD:
        raise ValueError(
            f"Softplus needs a threshold of at least {_LOWEST_THRESHOLD}, got {module.threshold!r}"
        )
    option, values = _ACCEPTED.get(activation, ("training", (True, False)))
    if getattr(module, option) not in values:
        expected = " or ".join(map(repr, values))
        raise ValueError(f"{name} needs {option}={expected}, got {getattr(module, option)!r}")
    return activation, 0.0
