"""Constructor parameters: what each may be, and the sentence that says so.

A table ``{name: (constraint, ...)}`` stands beside each estimator's constructor; a value has to
satisfy one constraint of its row. The sentences are scikit-learn's, so that its users (and their
tests) find what they know.
"""

from __future__ import annotations

import functools
import math
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp.constraints import is_finite

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from inspect import Parameter
    from typing import Self


class InvalidParameterError(ValueError, TypeError):
    """A constructor parameter has a wrong type or value."""


class Interval:
    """Numbers of one kind between two bounds; `closed` names the bounds that belong to it."""

    def __init__(self, kind: type[Any], low: float, high: float, closed: str) -> None:
        self.kind, self.low, self.high, self.closed = kind, low, high, closed
        # Python's own numbers are found at once, others by asking an abstract class.
        self.kinds: tuple[type[Any], ...] = (int, Integral) if kind is Integral else (float, int, Real)

    def accepts(self, value: Any) -> bool:
        """Whether the value satisfies the constraint."""
        if not isinstance(value, self.kinds) or (self.kind is Real and not is_finite(value)):
            return False
        above = value >= self.low if self.closed in ("left", "both") else value > self.low
        below = value <= self.high if self.closed in ("right", "both") else value < self.high
        return bool(above and below)

    def __str__(self) -> str:
        opening = "[" if self.closed in ("left", "both") else "("
        closing = "]" if self.closed in ("right", "both") else ")"
        if self.kind is Integral:
            return f"an int in the range {opening}{self.low}, {self.high}{closing}"
        return f"a float in the range {opening}{float(self.low)}, {float(self.high)}{closing}"


class Options:
    """One of a few values of a type."""

    def __init__(self, kind: type[Any], *values: object) -> None:
        self.kind, self.values = kind, values

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        return isinstance(value, self.kind) and value in self.values

    def __str__(self) -> str:
        kind = "str" if self.kind is str else "float"
        return f"a {kind} among {{{', '.join(map(repr, self.values))}}}"


class Instance:
    """An object of a type."""

    def __init__(self, kind: type[Any]) -> None:
        self.kind = kind

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        return isinstance(value, self.kind)

    def __str__(self) -> str:
        module = "" if self.kind.__module__ == "builtins" else f"{self.kind.__module__}."
        return f"an instance of '{module}{self.kind.__qualname__}'"


class LegacyGenerator:
    """A numpy RandomState; numpy.random itself is loaded when it is first needed."""

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        return isinstance(value, np.random.RandomState)

    def __str__(self) -> str:
        return "an instance of 'numpy.random.mtrand.RandomState'"


class Nothing:
    """None."""

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        return value is None

    def __str__(self) -> str:
        return "None"


class ArrayLike:
    """A sequence or array, but no string: text is never meant as a list of sizes."""

    def accepts(self, value: object) -> bool:
        """Whether the value satisfies the constraint."""
        if np.isscalar(value):
            return False
        return any(hasattr(value, name) for name in ("__len__", "shape", "__array__"))

    def __str__(self) -> str:
        return "an array-like"


BOOLEAN = (Instance(bool), Instance(np.bool_))
NONE = Nothing()
ARRAY_LIKE = ArrayLike()
ACTIVATION_NAMES = ("identity", "logistic", "relu", "tanh")

Constraint = Interval | Options | Instance | LegacyGenerator | Nothing | ArrayLike
SHARED_CONSTRAINTS: dict[str, tuple[Constraint, ...]] = {
    "hidden_layer_sizes": (ARRAY_LIKE, Interval(Integral, 1, math.inf, "left")),
    "activation": (Options(str, *ACTIVATION_NAMES), ARRAY_LIKE),
    "solver": (Options(str, "adam", "lbfgs", "sgd"),),
    "alpha": (Interval(Real, 0, math.inf, "left"),),
    "batch_size": (Options(str, "auto"), Interval(Integral, 1, math.inf, "left")),
    "learning_rate": (Options(str, "adaptive", "constant", "invscaling", "one_cycle"),),
    "learning_rate_init": (Interval(Real, 0, math.inf, "neither"),),
    "power_t": (Interval(Real, 0, math.inf, "left"),),
    "max_iter": (Interval(Integral, 1, math.inf, "left"),),
    "shuffle": BOOLEAN,
    "random_state": (
        Interval(Integral, 0, 2**32 - 1, "both"),
        LegacyGenerator(),
        NONE,
    ),
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
    "n_threads": (Interval(Integral, 1, math.inf, "left"), NONE),
    "dtype": (Options(str, "auto", "float32", "float64"),),
    "input_scale": (Interval(Real, 0, math.inf, "neither"),),
}


def check_parameters(
    constraints: Mapping[str, tuple[Constraint, ...]], parameters: Mapping[str, object], owner: str
) -> None:
    """Refuse the first parameter that satisfies none of its constraints.

    Parameters
    ----------
    constraints : dict of str to tuple
        The table: for each parameter the constraints of which one has to hold.
    parameters : dict of str to object
        The values.
    owner : str
        Name of the estimator, for the message.
    """
    for name, value in parameters.items():
        choices = constraints.get(name, ())  # a subclass may have parameters of its own
        for choice in choices:
            if choice.accepts(value):
                break
        else:
            if choices:
                raise InvalidParameterError(
                    f"The {name!r} parameter of {owner} must be {_either(choices)}. Got {value!r} instead."
                )


def _either(choices: tuple[Constraint, ...]) -> str:
    *first, last = map(str, choices)
    return f"{', '.join(first)} or {last}" if first else last


def hidden_sizes(value: Any) -> tuple[int, ...]:
    """`hidden_layer_sizes` as a tuple of ints; one number is one layer."""
    sizes = tuple(value) if hasattr(value, "__iter__") else (value,)
    for size in sizes:
        if not isinstance(size, Integral):
            raise InvalidParameterError(
                f"hidden_layer_sizes must be integers, one per hidden layer, got {list(sizes)}."
            )
    if any(size <= 0 for size in sizes):
        raise InvalidParameterError(f"hidden_layer_sizes must be > 0, got {list(sizes)}.")
    if any(size >= 2**31 for size in sizes):
        raise InvalidParameterError(f"hidden_layer_sizes must be < 2**31, got {list(sizes)}.")
    if len(sizes) > 62:
        raise InvalidParameterError(f"hidden_layer_sizes can name 62 hidden layers at most, got {len(sizes)}.")
    return tuple(int(size) for size in sizes)


def hidden_activations(value: str | Iterable[str], n_hidden: int) -> list[str]:
    """`activation` as a list with one name per hidden layer."""
    if isinstance(value, str):
        return [value] * n_hidden
    names = list(value)
    for name in names:
        if not isinstance(name, str) or name not in ACTIVATION_NAMES:
            raise InvalidParameterError(f"Each entry of activation must be one of {ACTIVATION_NAMES}, got {name!r}.")
    if len(names) != n_hidden:
        raise InvalidParameterError(
            f"activation has {len(names)} entries, but hidden_layer_sizes has {n_hidden}: "
            "give one name for all hidden layers, or one name for each."
        )
    return [str(name) for name in names]


@functools.cache
def _constructor(cls: type[Any]) -> Mapping[str, Parameter]:
    import inspect  # 10 ms that only get_params and repr need

    return inspect.signature(cls).parameters


class Parametrized:
    """An object whose constructor only stores its parameters, as scikit-learn's estimators."""

    def _store(self, arguments: Mapping[str, object]) -> None:
        """Keep the constructor's arguments, as given, as attributes of the same names."""
        vars(self).update({k: v for k, v in arguments.items() if k not in ("self", "__class__")})

    @classmethod
    def _get_param_names(cls: type) -> list[str]:
        return sorted(_constructor(cls))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters of the constructor.

        Parameters
        ----------
        deep : bool, default=True
            Taken for compatibility: no parameter has parameters of its own.

        Returns
        -------
        dict of str to object
        """
        return {name: getattr(self, name) for name in self._get_param_names()}

    def set_params(self, **params: Any) -> Self:
        """Change parameters; they are checked by the next fit.

        Parameters
        ----------
        **params
            Parameters of the constructor. One unknown name, and nothing is changed.

        Returns
        -------
        self
        """
        names = self._get_param_names()
        for name in params:
            if name not in names:
                raise ValueError(f"Invalid parameter {name!r} for estimator {self}. Valid parameters are: {names!r}.")
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def _is_default(self, name: str) -> bool:
        # A subclass with a constructor of its own may leave a parameter out.
        owner = next(cls for cls in type(self).__mro__ if name in _constructor(cls))
        value, default = getattr(self, name), _constructor(owner)[name].default
        return value is default or (type(value) is type(default) and value == default)

    def __repr__(self) -> str:
        import textwrap

        shown = [f"{name}={getattr(self, name)!r}" for name in self._get_param_names() if not self._is_default(name)]
        head = f"{type(self).__name__}("
        return textwrap.fill(
            f"{head}{', '.join(shown)})",
            width=79,
            subsequent_indent=" " * len(head),
            break_long_words=False,
            break_on_hyphens=False,
        )
