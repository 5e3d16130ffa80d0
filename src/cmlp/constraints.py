"""Constraints on parameters: the tables for `Network` and the estimators.

A row ``name: (constraint, ...)`` lists constraints; a valid value satisfies at least one of them. Error messages have
scikit-learn's wording, because its users know it and their tests may depend on it.
"""

from __future__ import annotations

import math
import sys
from itertools import pairwise
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from cmlp import _core
from cmlp.inputs.scale import SCALES, InputScale

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import DTypeLike

    from cmlp.inputs.losses import LossFunction

# Names of the activations, from the C library's table.
HIDDEN = tuple(sorted(name for name, row in _core.ACTIVATIONS.items() if row.hidden))
OUTPUTS = tuple(sorted(name for name, row in _core.ACTIVATIONS.items() if row.output))
# The allowed losses for each output activation, from the C library's table.
LOSSES = {
    output: tuple(sorted(name for name, row in _core.LOSSES.items() if output in row.outputs)) for output in OUTPUTS
}
# Other names for activations.
SYNONYMS = {"sigmoid": "logistic"}
# Larger integers are clipped to this value: it fits a C integer, and no count is larger in practice.
LARGEST_INTEGER = 2**63 - 1
# The methods of callbacks.
HOOKS = ("on_fit_begin", "on_batches_end", "on_epoch_end", "on_fit_end")
LARGEST_FLOAT = sys.float_info.max
# The C library's limits: layer sizes are below SIZE_LIMIT, and MAX_LAYERS includes the input layer.
SIZE_LIMIT, MAX_LAYERS = 2**31, 64


class InvalidParameterError(ValueError, TypeError):
    """A parameter has a wrong type or value."""


def is_finite(value: object) -> bool:
    """Return whether a value is a real number, finite as a float."""
    try:
        # float and int first: checking against the abstract class Real is slower
        return isinstance(value, (float, int, Real)) and math.isfinite(value)
    except OverflowError:  # an int that is too large for a float
        return False


# ------------------------------------------------------------------------------------------------ the constraints


class Constraint:
    """A constraint on a value; the base class returns values unchanged."""

    def accepts(self, value: object) -> bool:
        """Return whether the value satisfies the constraint."""
        raise NotImplementedError

    def convert(self, value: object) -> object:
        """Return an accepted value in the type in which it is used."""
        return value


class Interval(Constraint):
    """Real numbers or integers in an interval; `closed` is "left", "right", "both" or "neither"."""

    def __init__(
        self, kind: type[Real] | type[Integral], low: float, high: float, closed: str, *, booleans: bool = True
    ) -> None:
        self.kind, self.low, self.high, self.booleans = kind, low, high, booleans
        self.has_low, self.has_high = closed in ("left", "both"), closed in ("right", "both")
        # Python's built-in types first: checking against an abstract class is slower.
        self.kinds: tuple[type, ...] = (int, Integral) if kind is Integral else (float, int, Real)

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        if not isinstance(value, self.kinds) or (self.kind is Real and not is_finite(value)):
            return False
        if not self.booleans and isinstance(value, bool):
            return False
        number: float = value  # type: ignore[assignment]  # an instance of one of `kinds`
        if self.low < number < self.high:
            return True
        return bool((number == self.low and self.has_low) or (number == self.high and self.has_high))

    def convert(self, value: object) -> object:
        """Return the value as a Python float, or as a Python int of at most `LARGEST_INTEGER`."""
        number: float = value  # type: ignore[assignment]
        return float(number) if self.kind is Real else min(int(number), LARGEST_INTEGER)

    def __str__(self) -> str:
        opening, closing = "[" if self.has_low else "(", "]" if self.has_high else ")"
        if self.kind is Integral:
            return f"an int in the range {opening}{self.low}, {self.high}{closing}"
        return f"a float in the range {opening}{float(self.low)}, {float(self.high)}{closing}"


class Options(Constraint):
    """A value from a list of values of the same type."""

    def __init__(self, kind: type, *values: object) -> None:
        self.kind, self.values = kind, values

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        return isinstance(value, self.kind) and value in self.values

    def convert(self, value: object) -> object:
        """Return the equal value of the list: a str for one of NumPy."""
        return self.values[self.values.index(value)]

    def __str__(self) -> str:
        kind = "str" if self.kind is str else "float"
        return f"a {kind} among {{{', '.join(map(repr, self.values))}}}"


class Instance(Constraint):
    """An object of a type."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        return isinstance(value, self.kind)

    def __str__(self) -> str:
        module = "" if self.kind.__module__ == "builtins" else f"{self.kind.__module__}."
        return f"an instance of '{module}{self.kind.__qualname__}'"


class LegacyGenerator(Constraint):
    """An instance of RandomState. NumPy imports numpy.random only when it is first used, which saves time."""

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        return isinstance(value, getattr(sys.modules.get("numpy.random"), "RandomState", ()))

    def __str__(self) -> str:
        return "an instance of 'numpy.random.mtrand.RandomState'"


class Nothing(Constraint):
    """None."""

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        return value is None

    def __str__(self) -> str:
        return "None"


class ArrayLike(Constraint):
    """A sequence or array, but not a string."""

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        if np.isscalar(value):
            return False
        return any(hasattr(value, name) for name in ("__len__", "shape", "__array__"))

    def __str__(self) -> str:
        return "an array-like"


class Function(Constraint):
    """A function or another object that can be called."""

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        return callable(value)

    def __str__(self) -> str:
        return "a callable"


class CallbackList(Constraint):
    """A list or tuple of callbacks: of objects with at least one of the methods in `HOOKS`."""

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        return isinstance(value, (list, tuple)) and all(
            not isinstance(callback, type) and any(callable(getattr(callback, hook, None)) for hook in HOOKS)
            for callback in value
        )

    def __str__(self) -> str:
        return f"a list of objects with at least one of the methods {', '.join(HOOKS)}"


class FloatType(Constraint):
    """float32 or float64, in any form that NumPy accepts as a dtype."""

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        dtype: DTypeLike = value  # type: ignore[assignment]  # np.dtype raises TypeError for other values
        try:
            return value is not None and np.dtype(dtype) in (np.float32, np.float64)
        except TypeError:
            return False

    def convert(self, value: object) -> object:
        """Return the dtype in native byte order."""
        dtype: DTypeLike = value  # type: ignore[assignment]
        return np.dtype(dtype)

    def __str__(self) -> str:
        return "float32 or float64"


class Pair(Constraint):
    """A tuple or list of two things."""

    def __init__(self, first: str, second: str) -> None:
        self.names = f"{first}, {second}"

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        return isinstance(value, (tuple, list)) and len(value) == 2

    def __str__(self) -> str:
        return f"a tuple ({self.names})"


class Quantiles(Constraint):
    """Several numbers between 0 and 1, ascending."""

    most = 100  # the C library's limit

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        if not isinstance(value, (tuple, list, np.ndarray)) or not 2 <= len(value) <= self.most:
            return False
        inside = Interval(Real, 0, 1, "neither", booleans=False)
        return all(map(inside.accepts, value)) and all(low < high for low, high in pairwise(value))

    def convert(self, value: object) -> object:
        """Return the numbers as a tuple of Python floats."""
        numbers: Sequence[float] = value  # type: ignore[assignment]  # an accepted value is a sequence
        return tuple(map(float, numbers))

    def __str__(self) -> str:
        return f"a list of 2 to {self.most} ascending floats in the range (0.0, 1.0)"


class Columns(Pair):
    """A pair of vectors, shift and factor, for the columns of the input."""

    def convert(self, value: object) -> object:
        """Return the pair with checked copies of the vectors."""
        pair: Sequence[Any] = value  # type: ignore[assignment]  # an accepted value is a tuple or a list
        return InputScale(*pair)


Row: TypeAlias = tuple[Constraint, ...]

BOOLEAN = (Instance(bool), Instance(np.bool_))
NONE = Nothing()
ARRAY_LIKE = ArrayLike()
POSITIVE_INTEGER = Interval(Integral, 1, math.inf, "left", booleans=False)

# ------------------------------------------------------------------------------------------------------ the tables

_INITIALIZATION: Row = (Options(str, "glorot", "he", "lecun"), Pair("coefs", "intercepts"))
_ACTIVATION: Row = (Options(str, *HIDDEN, *SYNONYMS),)
SHARED: Mapping[str, Row] = {
    "activation": (*_ACTIVATION, ARRAY_LIKE),
    "random_state": (Interval(Integral, 0, 2**32 - 1, "both"), LegacyGenerator(), NONE),
    "n_threads": (POSITIVE_INTEGER, NONE),
    "input_scale": (Interval(Real, 0, math.inf, "neither"), Columns("shift", "factor")),
}

NETWORK: Mapping[str, Row] = {
    **SHARED,
    "output": (Options(str, *OUTPUTS, *SYNONYMS),),
    "loss": (Options(str, *sorted({name for names in LOSSES.values() for name in names})), Function()),
    "dtype": (FloatType(),),
    "batch_size": (Interval(Integral, 1, LARGEST_INTEGER, "both", booleans=False),),
    "n_batches": (Interval(Integral, 1, LARGEST_INTEGER, "both", booleans=False),),
    "learning_rate": (Interval(Real, 0, math.inf, "left", booleans=False),),
    "weight_decay": (Interval(Real, 0, math.inf, "left", booleans=False),),
    "max_grad_norm": (Interval(Real, 0, math.inf, "neither", booleans=False), NONE),
    "momentum": (Interval(Real, 0, 1, "both", booleans=False),),
    "beta_1": (Interval(Real, 0, 1, "left", booleans=False),),
    "beta_2": (Interval(Real, 0, 1, "left", booleans=False),),
    "epsilon": (Interval(Real, 0, math.inf, "neither", booleans=False),),
    "alpha": (Interval(Real, 0, math.inf, "left", booleans=False),),
    "dropout": (Interval(Real, 0, 1, "left", booleans=False),),
    "dropout_seed": (Interval(Integral, 0, 2**32 - 1, "both", booleans=False),),
    "dropout_step": (Interval(Integral, 0, LARGEST_INTEGER, "both", booleans=False),),
    "plain": BOOLEAN,
    "activation_parameter": (Interval(Real, 0, math.inf, "left", booleans=False),),
    "initialization": _INITIALIZATION,
}

TRAINER: Mapping[str, Row] = {
    "random_state": SHARED["random_state"],
    "solver": (Options(str, "adam", "adamw", "lbfgs", "sgd"),),
    "alpha": (Interval(Real, 0, math.inf, "left"), ARRAY_LIKE),
    "batch_size": (Options(str, "auto"), Interval(Integral, 1, math.inf, "left")),
    "learning_rate": (Options(str, "adaptive", "constant", "cosine", "invscaling", "one_cycle"), Function()),
    "learning_rate_init": (Interval(Real, 0, math.inf, "neither"),),
    "power_t": (Interval(Real, 0, math.inf, "left"),),
    "max_iter": (Interval(Integral, 1, math.inf, "left"),),
    "shuffle": (*BOOLEAN, Options(str, "blocks")),
    "block_size": (Interval(Integral, 1, math.inf, "left"),),
    "tol": (Interval(Real, 0, math.inf, "left"),),
    "verbose": (Interval(Integral, 0, math.inf, "left"), *BOOLEAN, Options(str, "bar")),
    "momentum": (Interval(Real, 0, 1, "both"),),
    "nesterovs_momentum": BOOLEAN,
    "early_stopping": BOOLEAN,
    "validation_fraction": (Interval(Real, 0, 1, "left"),),
    "beta_1": (Interval(Real, 0, 1, "left"),),
    "beta_2": (Interval(Real, 0, 1, "left"),),
    "epsilon": (Interval(Real, 0, math.inf, "neither"),),
    "n_iter_no_change": (Interval(Integral, 1, math.inf, "left"), Options(Real, math.inf)),
    "max_fun": (Interval(Integral, 1, math.inf, "left"),),
    "warmup": (
        Interval(Real, 0, 1, "left", booleans=False),
        Interval(Integral, 1, LARGEST_INTEGER, "both", booleans=False),
    ),
    "max_time": (Interval(Real, 0, math.inf, "neither", booleans=False), NONE),
    "scoring": (Instance(str), Function(), NONE),
    "callbacks": (CallbackList(), NONE),
    "weight_decay": NETWORK["weight_decay"],
    "max_grad_norm": NETWORK["max_grad_norm"],
    "dropout": (*NETWORK["dropout"], ARRAY_LIKE),
}

ESTIMATORS: Mapping[str, Row] = {
    **SHARED,
    **TRAINER,
    "hidden_layer_sizes": (ARRAY_LIKE, Interval(Integral, 1, math.inf, "left")),
    "input_scale": (*SHARED["input_scale"], Options(str, *SCALES)),
    "warm_start": BOOLEAN,
    "dtype": (Options(str, "auto", "float32", "float64"),),
    "activation_parameter": (*NETWORK["activation_parameter"], ARRAY_LIKE, NONE),
    "initialization": _INITIALIZATION,
    "loss_parameter": (Interval(Real, 0, math.inf, "neither", booleans=False), NONE),
}

CLASSIFIER: Mapping[str, Row] = {
    **ESTIMATORS,
    "loss": (Options(str, "focal", "label_smoothing", "log_loss", "squared_error"), Function()),
    "class_weight": (Options(str, "balanced"), Instance(dict), Instance(list), NONE),
}

REGRESSOR: Mapping[str, Row] = {
    **ESTIMATORS,
    "loss": (
        Options(str, "absolute_error", "gamma", "huber", "poisson", "quantile", "squared_error"),
        Function(),
    ),
    "quantile": (Interval(Real, 0, 1, "neither", booleans=False), Quantiles()),
    "y_scale": (Options(str, "standard"), NONE),
}

# ------------------------------------------------------------------------------------------------------ the checks


_USED_AS_GIVEN = {float, str, bool, type(None)}


def _converted(value: object, choices: Row, sentence: str, name: str, owner: str = "") -> object:
    """Return a value in the type in which it is used.

    If the value satisfies none of the constraints `choices`, raise InvalidParameterError with the message `sentence`.
    """
    for choice in choices:
        if choice.accepts(value):
            return value if type(value) in _USED_AS_GIVEN else choice.convert(value)
    *first, last = map(str, choices)
    expected = f"{', '.join(first)} or {last}" if first else last
    raise InvalidParameterError(sentence.format(expected=expected, value=value, name=name, owner=owner))


_ESTIMATORS_SENTENCE = "The {name!r} parameter of {owner} must be {expected}. Got {value!r} instead."
_NETWORKS_SENTENCE = "{name} must be {expected}, got {value!r}"


def estimator_parameters(table: Mapping[str, Row], parameters: Mapping[str, object], owner: str) -> dict[str, Any]:
    """Return the parameters of an estimator, validated and converted.

    Raises InvalidParameterError with scikit-learn's message for the first invalid parameter.

    Parameters
    ----------
    table : dict of str to tuple
        The constraints of each parameter; a value must satisfy one of them.
    parameters : dict of str to object
        The values. Parameters without a row in the table (a subclass can have them) are left out of the result.
    owner : str
        Name of the estimator, for error messages.
    """
    return {
        name: _converted(value, table[name], _ESTIMATORS_SENTENCE, name, owner)
        for name, value in parameters.items()
        if name in table
    }


def network_argument(name: str, value: object) -> Any:
    """Return an argument of a `Network`, validated and converted; raises InvalidParameterError if it is invalid."""
    return _converted(value, NETWORK[name], _NETWORKS_SENTENCE, name)


def layer_sizes(sizes: Sequence[int]) -> list[int]:
    """Return a network's layer sizes, input first, as a list of ints."""
    try:
        checked = [int(n) for n in sizes]
        whole = all(n == m and 0 < n < SIZE_LIMIT for n, m in zip(checked, sizes, strict=True))
    except (TypeError, ValueError, OverflowError):
        checked, whole = [], False
    if not whole or not 2 <= len(checked) <= MAX_LAYERS:
        raise InvalidParameterError(
            f"sizes must be 2 to {MAX_LAYERS} positive integers below 2**31, input first, got {sizes!r}"
        )
    return checked


def hidden_sizes(value: object) -> tuple[int, ...]:
    """Return `hidden_layer_sizes` as a tuple of ints; a single number means one layer."""
    sizes: list[Any] = list(value) if hasattr(value, "__iter__") else [value]
    if not all(isinstance(size, Integral) for size in sizes):
        raise InvalidParameterError(f"hidden_layer_sizes must be integers, one per hidden layer, got {sizes}.")
    if any(size <= 0 for size in sizes):
        raise InvalidParameterError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    if any(size >= SIZE_LIMIT for size in sizes):
        raise InvalidParameterError(f"hidden_layer_sizes must be < 2**31, got {sizes}.")
    if len(sizes) > MAX_LAYERS - 2:
        raise InvalidParameterError(f"hidden_layer_sizes must have at most {MAX_LAYERS - 2} entries, got {len(sizes)}.")
    return tuple(int(size) for size in sizes)


def hidden_activations(activation: str | Iterable[str], n_hidden: int) -> list[str]:
    """Return one activation name per hidden layer; synonyms are replaced.

    Parameters
    ----------
    activation : str or iterable of str
        One name for all hidden layers, or one for each.
    n_hidden : int
        Number of hidden layers.
    """
    if not hasattr(activation, "__iter__"):
        raise InvalidParameterError(f"activation must be a name or a list of names, got {activation!r}")
    names = [activation] if isinstance(activation, str) else list(activation)
    for name in names:
        _converted(name, _ACTIVATION, _NETWORKS_SENTENCE, "activation")
    if isinstance(activation, str):
        names *= n_hidden
    if len(names) != n_hidden:
        raise InvalidParameterError(
            "activation must be one name for all hidden layers, or one name for each of the "
            f"{n_hidden} hidden layers, got {activation!r}"
        )
    return [canonical(name) for name in names]


def canonical(name: str) -> str:
    """Return the core's name of an activation."""
    return SYNONYMS.get(str(name), str(name))


def output_and_loss(output: str, loss: str | LossFunction) -> tuple[str, str | LossFunction]:
    """Return an output activation and a loss, after checking that the combination is allowed."""
    output, loss = canonical(network_argument("output", output)), network_argument("loss", loss)
    if isinstance(loss, str) and loss not in LOSSES[output]:
        raise InvalidParameterError(
            f"loss must be one of {', '.join(map(repr, LOSSES[output]))} with output={output!r}, got {loss!r}"
        )
    return output, loss


def per_layer(name: str, value: object, n_layers: int, of: str = "layers") -> list[float]:
    """Return one number per layer; a single number applies to all layers. `of` is what the message calls them."""
    values = list(value) if hasattr(value, "__iter__") else [value] * n_layers
    if len(values) != n_layers:
        raise InvalidParameterError(
            f"{name} must be a number or a list of one number for each of {n_layers} {of}, got {value!r}"
        )
    return [network_argument(name, number) for number in values]


def activation_parameters(value: float | Sequence[float] | None, hidden: Sequence[str]) -> list[float]:
    """Return the activation parameter of each hidden layer; 0 for the default, or if the activation has none."""
    defaults = [_core.ACTIVATIONS[name].parameter for name in hidden]
    if value is None:
        return [0.0] * len(hidden)
    if not any(defaults):
        raise InvalidParameterError(
            f"activation_parameter must be None with the activations {list(hidden)}, which have none, got {value!r}"
        )
    parameters = per_layer("activation_parameter", value, len(hidden), "hidden layers")
    if not hasattr(value, "__iter__"):
        return [number if default else 0.0 for number, default in zip(parameters, defaults, strict=True)]
    for name, number, default in zip(hidden, parameters, defaults, strict=True):
        if number and not default:
            raise InvalidParameterError(f"activation_parameter must be 0 for {name!r}, which has none, got {number!r}")
    return parameters


def loss_parameter(value: float | Sequence[float] | None, loss: str | LossFunction) -> float | tuple[float, ...]:
    """Return the parameter of a loss; 0 for the default. "quantile" can have one for each output."""
    row = _core.LOSSES[loss] if isinstance(loss, str) else None
    if value is None:
        return 0.0
    if row is None or not row.parameter:
        raise InvalidParameterError(f"loss_parameter must be None with loss={loss!r}, which has none, got {value!r}")
    high = row.most if row.most < LARGEST_FLOAT else math.inf
    choices: Row = (Interval(Real, 0, high, "neither", booleans=False), NONE)
    if loss == "quantile":
        choices = (*choices, Quantiles())
    sentence = "{name} must be {expected} with loss={owner!r}, got {value!r}"
    number: Any = _converted(value, choices, sentence, "loss_parameter", str(loss))
    return number if isinstance(number, tuple) else float(number)
