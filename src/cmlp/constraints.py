"""What each parameter may be: one table for `Network` and the estimators.

A row ``name: (constraint, ...)`` lists the constraints of which a value has to satisfy one. The sentences that describe
them are scikit-learn's, so that its users (and their tests) find what they know.
"""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict

import numpy as np

from cmlp import _core

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike as Array
    from numpy.typing import DTypeLike

# The C library's tables say which activations and losses there are.
HIDDEN = tuple(sorted(name for name, row in _core.ACTIVATIONS.items() if row.hidden))
OUTPUTS = tuple(sorted(name for name, row in _core.ACTIVATIONS.items() if row.output))
# The losses that go with each output activation.
LOSSES = {
    output: tuple(sorted(name for name, row in _core.LOSSES.items() if output in row.outputs)) for output in OUTPUTS
}
# Other names of the same activations.
SYNONYMS = {"sigmoid": "logistic"}
# Whole numbers beyond this are cut to it: nobody counts further, and it fits a float and a C integer.
LARGEST_INTEGER = 2**63 - 1
LARGEST_FLOAT = float(np.finfo(np.float64).max)
# The C library's limits for a layer's size and for the number of layers, the input included.
SIZE_LIMIT, MAX_LAYERS = 2**31, 64


class Objective(TypedDict, total=False):
    """Keywords of `Network.cost` that say what is minimized."""

    sample_weight: Array | None
    alpha: float | Sequence[float]
    dropout: float | Sequence[float]
    dropout_seed: int
    dropout_step: int


class InvalidParameterError(ValueError, TypeError):
    """A parameter has a wrong type or value."""


def is_finite(value: object) -> bool:
    """Whether a value is a real number that a float can hold."""
    try:
        # floats first: an abstract class takes longer to ask
        return isinstance(value, (float, int, Real)) and math.isfinite(value)
    except OverflowError:  # an int beyond all floats
        return False


# ------------------------------------------------------------------------------------------------ the constraints


class Constraint:
    """What a value may be; values are used as they are given."""

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        raise NotImplementedError

    def convert(self, value: object) -> object:
        """Return an accepted value as it is used."""
        return value


class Interval(Constraint):
    """Numbers of one kind between two bounds; `closed` names the bounds that belong to it."""

    def __init__(
        self, kind: type[Real] | type[Integral], low: float, high: float, closed: str, *, booleans: bool = True
    ) -> None:
        self.kind, self.low, self.high, self.booleans = kind, low, high, booleans
        self.has_low, self.has_high = closed in ("left", "both"), closed in ("right", "both")
        # Python's own numbers are found at once, others by asking an abstract class.
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
        """Return the value as Python's own int, at most `LARGEST_INTEGER`, or float."""
        number: float = value  # type: ignore[assignment]
        return float(number) if self.kind is Real else min(int(number), LARGEST_INTEGER)

    def __str__(self) -> str:
        opening, closing = "[" if self.has_low else "(", "]" if self.has_high else ")"
        if self.kind is Integral:
            return f"an int in the range {opening}{self.low}, {self.high}{closing}"
        return f"a float in the range {opening}{float(self.low)}, {float(self.high)}{closing}"


class Options(Constraint):
    """One of a few values of a type."""

    def __init__(self, kind: type, *values: object) -> None:
        self.kind, self.values = kind, values

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        return isinstance(value, self.kind) and value in self.values

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
    """A numpy RandomState; numpy.random itself is loaded when it is first needed."""

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        return isinstance(value, np.random.RandomState)

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
    """A sequence or array, but no string: text is never meant as a list of sizes."""

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        if np.isscalar(value):
            return False
        return any(hasattr(value, name) for name in ("__len__", "shape", "__array__"))

    def __str__(self) -> str:
        return "an array-like"


class FloatType(Constraint):
    """float32 or float64, in any of NumPy's spellings."""

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        dtype: DTypeLike = value  # type: ignore[assignment]  # np.dtype finds out
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


Row: TypeAlias = tuple[Constraint, ...]

BOOLEAN = (Instance(bool), Instance(np.bool_))
NONE = Nothing()
ARRAY_LIKE = ArrayLike()
POSITIVE_INTEGER = Interval(Integral, 1, math.inf, "left", booleans=False)

# ------------------------------------------------------------------------------------------------------ the tables

_ACTIVATION: Row = (Options(str, *HIDDEN, *SYNONYMS),)
SHARED: Mapping[str, Row] = {
    "activation": (*_ACTIVATION, ARRAY_LIKE),
    "random_state": (Interval(Integral, 0, 2**32 - 1, "both"), LegacyGenerator(), NONE),
    "n_threads": (POSITIVE_INTEGER, NONE),
    "input_scale": (Interval(Real, 0, math.inf, "neither"),),
}

NETWORK: Mapping[str, Row] = {
    **SHARED,
    "output": (Options(str, *OUTPUTS, *SYNONYMS),),
    "loss": (Options(str, *sorted({name for names in LOSSES.values() for name in names})),),
    "dtype": (FloatType(),),
    "batch_size": (Interval(Integral, 1, LARGEST_INTEGER, "both", booleans=False),),
    "learning_rate": (Interval(Real, 0, math.inf, "left", booleans=False),),
    "weight_decay": (Interval(Real, 0, math.inf, "left", booleans=False),),
    "max_norm": (Interval(Real, 0, math.inf, "neither", booleans=False), NONE),
    "alpha": (Interval(Real, 0, math.inf, "left", booleans=False),),
    "dropout": (Interval(Real, 0, 1, "left", booleans=False),),
    "dropout_seed": (Interval(Integral, 0, 2**32 - 1, "both", booleans=False),),
    "dropout_step": (Interval(Integral, 0, LARGEST_INTEGER, "both", booleans=False),),
    "activation_parameter": (Interval(Real, 0, math.inf, "left", booleans=False),),
}

ESTIMATORS: Mapping[str, Row] = {
    **SHARED,
    "hidden_layer_sizes": (ARRAY_LIKE, Interval(Integral, 1, math.inf, "left")),
    "solver": (Options(str, "adam", "lbfgs", "sgd"),),
    "alpha": (Interval(Real, 0, math.inf, "left"),),
    "batch_size": (Options(str, "auto"), Interval(Integral, 1, math.inf, "left")),
    "learning_rate": (Options(str, "adaptive", "constant", "invscaling", "one_cycle"),),
    "learning_rate_init": (Interval(Real, 0, math.inf, "neither"),),
    "power_t": (Interval(Real, 0, math.inf, "left"),),
    "max_iter": (Interval(Integral, 1, math.inf, "left"),),
    "shuffle": BOOLEAN,
    "tol": (Interval(Real, 0, math.inf, "left"),),
    "verbose": (Interval(Integral, 0, math.inf, "left"), *BOOLEAN),
    "warm_start": BOOLEAN,
    "momentum": (Interval(Real, 0, 1, "both"),),
    "nesterovs_momentum": BOOLEAN,
    "early_stopping": BOOLEAN,
    "validation_fraction": (Interval(Real, 0, 1, "left"),),
    "beta_1": (Interval(Real, 0, 1, "left"),),
    "beta_2": (Interval(Real, 0, 1, "left"),),
    "epsilon": (Interval(Real, 0, math.inf, "neither"),),
    "n_iter_no_change": (Interval(Integral, 1, math.inf, "left"), Options(Real, math.inf)),
    "max_fun": (Interval(Integral, 1, math.inf, "left"),),
    "dtype": (Options(str, "auto", "float32", "float64"),),
}

# ------------------------------------------------------------------------------------------------------ the checks


_USED_AS_GIVEN = {float, str, bool, type(None)}


def _converted(value: object, choices: Row, sentence: str, name: str, owner: str = "") -> object:
    """Return a value as it is used; an error, with the names in its sentence, if it satisfies no constraint."""
    for choice in choices:
        if choice.accepts(value):
            return value if type(value) in _USED_AS_GIVEN else choice.convert(value)
    *first, last = map(str, choices)
    wanted = f"{', '.join(first)} or {last}" if first else last
    raise InvalidParameterError(sentence.format(wanted=wanted, value=value, name=name, owner=owner))


_ESTIMATORS_SENTENCE = "The {name!r} parameter of {owner} must be {wanted}. Got {value!r} instead."
_NETWORKS_SENTENCE = "{name} must be {wanted}, got {value!r}"


def estimator_parameters(table: Mapping[str, Row], parameters: Mapping[str, object], owner: str) -> dict[str, Any]:
    """Return the parameters as they are used; an error, in scikit-learn's words, for the first bad one.

    Parameters
    ----------
    table : dict of str to tuple
        For each parameter the constraints of which one has to hold.
    parameters : dict of str to object
        The values; those without a row in the table, as a subclass may have, are left out.
    owner : str
        Name of the estimator, for the message.
    """
    return {
        name: _converted(value, table[name], _ESTIMATORS_SENTENCE, name, owner)
        for name, value in parameters.items()
        if name in table
    }


def network_argument(name: str, value: object) -> Any:
    """Return an argument of a `Network` as it is used; an error if it does not satisfy its row in the table."""
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
    """Return `hidden_layer_sizes` as a tuple of ints; one number is one layer."""
    sizes: list[Any] = list(value) if hasattr(value, "__iter__") else [value]
    if not all(isinstance(size, Integral) for size in sizes):
        raise InvalidParameterError(f"hidden_layer_sizes must be integers, one per hidden layer, got {sizes}.")
    if any(size <= 0 for size in sizes):
        raise InvalidParameterError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    if any(size >= SIZE_LIMIT for size in sizes):
        raise InvalidParameterError(f"hidden_layer_sizes must be < 2**31, got {sizes}.")
    if len(sizes) > MAX_LAYERS - 2:
        raise InvalidParameterError(
            f"hidden_layer_sizes can name {MAX_LAYERS - 2} hidden layers at most, got {len(sizes)}."
        )
    return tuple(int(size) for size in sizes)


def hidden_activations(activation: str | Iterable[str], n_hidden: int) -> list[str]:
    """Return one name for each hidden layer; synonyms are replaced.

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
            "activation must name one activation for all hidden layers, or one for each of the "
            f"{n_hidden} hidden layers, got {activation!r}"
        )
    return [canonical(name) for name in names]


def canonical(name: str) -> str:
    """Return the name that the core knows an activation by."""
    return SYNONYMS.get(str(name), str(name))


def output_and_loss(output: str, loss: str) -> tuple[str, str]:
    """Return an output activation and a loss that go together."""
    network_argument("output", output)
    network_argument("loss", loss)
    output = canonical(output)
    if loss not in LOSSES[output]:
        raise InvalidParameterError(
            f"loss must be one of {', '.join(map(repr, LOSSES[output]))} with output={output!r}, got {loss!r}"
        )
    return output, loss


def per_layer(name: str, value: object, n_layers: int) -> list[float]:
    """Return one number for each layer; a single number is meant for all of them."""
    values = list(value) if hasattr(value, "__iter__") else [value] * n_layers
    if len(values) != n_layers:
        raise InvalidParameterError(f"{name} must be a number or one for each of {n_layers} layers, got {value!r}")
    return [network_argument(name, number) for number in values]


def activation_parameters(value: float | Sequence[float] | None, hidden: Sequence[str]) -> list[float]:
    """Return a parameter for each hidden layer, 0 for the default and where there is none."""
    defaults = [_core.ACTIVATIONS[name].parameter for name in hidden]
    if value is None:
        return [0.0] * len(hidden)
    if not any(defaults):
        raise InvalidParameterError(
            f"activation_parameter must be None with the activations {list(hidden)}, got {value!r}"
        )
    parameters = per_layer("activation_parameter", value, len(hidden))
    if not hasattr(value, "__iter__"):
        return [number if default else 0.0 for number, default in zip(parameters, defaults, strict=True)]
    for name, number, default in zip(hidden, parameters, defaults, strict=True):
        if number and not default:
            raise InvalidParameterError(f"activation_parameter must be 0 for {name!r}, which has none, got {number!r}")
    return parameters


def loss_parameter(value: float | None, loss: str) -> float:
    """Return the parameter of a loss, 0 for the default."""
    row = _core.LOSSES[loss]
    if value is None:
        return 0.0
    if not row.parameter:
        raise InvalidParameterError(f"loss_parameter must be None with loss={loss!r}, which has none, got {value!r}")
    high = row.most if row.most < LARGEST_FLOAT else math.inf
    choices = (Interval(Real, 0, high, "neither", booleans=False), NONE)
    sentence = "{name} must be {wanted} with loss={owner!r}, got {value!r}"
    return float(_converted(value, choices, sentence, "loss_parameter", loss))  # type: ignore[arg-type]


def objective(given: Objective, n_layers: int) -> dict[str, Any]:
    """Return the keywords of an objective as the core takes them.

    Parameters
    ----------
    given : Objective
        As `Network.cost` describes them.
    n_layers : int
        Number of layers behind the input.
    """
    unknown = sorted(set(given) - set(Objective.__annotations__))
    if unknown:
        raise TypeError(
            f"unexpected keyword argument {unknown[0]!r}: an objective has {', '.join(Objective.__annotations__)}"
        )
    core: dict[str, Any] = {"sample_weight": given.get("sample_weight")}
    alpha, dropout = given.get("alpha", 0.0), given.get("dropout", 0.0)
    if hasattr(alpha, "__iter__"):
        core["alphas"] = per_layer("alpha", alpha, n_layers)
    else:
        core["alpha"] = network_argument("alpha", alpha)
    rates = per_layer("dropout", dropout, n_layers - 1)
    if any(rates) or hasattr(dropout, "__iter__"):
        core["dropout"] = rates
    for name in ("dropout_seed", "dropout_step"):
        core[name] = network_argument(name, given.get(name, 0))
    return core
