"""What the table `cmlp.hyperparameters` consists of: rows, and constraints on values.

A valid value satisfies at least one of a parameter's constraints. Error messages have scikit-learn's wording, because
its users know it and their tests may depend on it.
"""

from __future__ import annotations

import math
import sys
from itertools import pairwise
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from cmlp import _core
from cmlp.inputs.scale import InputScale

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

    from numpy.typing import DTypeLike

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
ACTIVATION = Options(str, *HIDDEN, *SYNONYMS)
COUNT = Interval(Integral, 1, LARGEST_INTEGER, "both", booleans=False)
POSITIVE = Interval(Real, 0, math.inf, "neither", booleans=False)
NOT_NEGATIVE = Interval(Real, 0, math.inf, "left", booleans=False)
SEED = Interval(Integral, 0, 2**32 - 1, "both")

_USED_AS_GIVEN = {float, str, bool, type(None)}


def converted(value: object, choices: Row, sentence: str, name: str, owner: str = "") -> object:
    """Return a value in the type in which it is used.

    If the value satisfies none of the constraints `choices`, raise InvalidParameterError with the message `sentence`.
    """
    for choice in choices:
        if choice.accepts(value):
            return value if type(value) in _USED_AS_GIVEN else choice.convert(value)
    *first, last = map(str, choices)
    expected = f"{', '.join(first)} or {last}" if first else last
    raise InvalidParameterError(sentence.format(expected=expected, value=value, name=name, owner=owner))


def argument(name: str, value: object, *choices: Constraint) -> Any:
    """Return an argument of a method, validated and converted; raises InvalidParameterError if it is invalid."""
    return converted(value, choices, "{name} must be {expected}, got {value!r}", name)


# ------------------------------------------------------------------------------------------------------- the rows

# The classes that have parameters. `Network` includes its methods.
NETWORK, TRAINER = ("Network",), ("Trainer",)
CLASSIFIER, REGRESSOR = ("MLPClassifier",), ("MLPRegressor",)
MLP, TABULAR = (*CLASSIFIER, *REGRESSOR), ("TabularClassifier", "TabularRegressor")
RIVER = "river.MLPClassifier", "river.MLPRegressor"
REQUIRED = object()  # the default of a parameter without one


class Use:
    """What a parameter is for some owners.

    Parameters
    ----------
    owners : sequence of str
    kind : str
        The type in the docstring.
    default : object
    constraints : tuple of Constraint
        A value satisfies one of them; empty if only the data show what is valid.
    """

    __slots__ = ("constraints", "default", "kind", "owners", "text")

    def __init__(self, owners: Sequence[str], kind: str, default: object, constraints: tuple[Constraint, ...]) -> None:
        self.owners, self.kind, self.default, self.constraints, self.text = owners, kind, default, constraints, ""

    def says(self, text: str) -> Self:
        """Set the paragraph of the docstring.

        Words in angle brackets, such as ``<needs batches>``, stand for the names of the parameters with this flag.
        """
        self.text = text
        return self


class Hyperparameter:
    """A parameter: what it is for each owner, and its flags.

    Parameters
    ----------
    name : str
    *uses : Use
        Every owner has at most one.
    needs_batches : bool
        Whether the solver "lbfgs" refuses values other than the default.
    free_on_resume : bool
        Whether it may change before a fit is resumed: it does not change the steps of a training that has begun, only
        when it ends and what it reports.
    own_per_worker : bool
        Whether it may differ between the processes of one training.
    """

    __slots__ = ("free_on_resume", "name", "needs_batches", "own_per_worker", "uses")

    def __init__(
        self,
        name: str,
        *uses: Use,
        needs_batches: bool = False,
        free_on_resume: bool = False,
        own_per_worker: bool = False,
    ) -> None:
        self.name, self.uses = name, {owner: use for use in uses for owner in use.owners}
        self.needs_batches, self.free_on_resume, self.own_per_worker = needs_batches, free_on_resume, own_per_worker
