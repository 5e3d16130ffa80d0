"""Constraints on the values of parameters and arguments.

A valid value satisfies at least one of a parameter's constraints. Error messages have scikit-learn's wording, because
its users know it and their tests may depend on it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from itertools import pairwise
from numbers import Integral, Real
from typing import Any

import numpy as np

from cmlp._bridge import _core
from cmlp._data.activations import SYNONYMS
from cmlp._data.scale import InputScale
from cmlp._parameters.name_hints import value_hint
from cmlp.callbacks import HOOKS
from cmlp.exceptions import InvalidParameterError, add_hint, shown

# Names of the activations, from the C library's table.
HIDDEN = tuple(sorted(name for name, row in _core.ACTIVATIONS.items() if row.hidden))
OUTPUTS = tuple(sorted(name for name, row in _core.ACTIVATIONS.items() if row.output))
# The allowed losses for each output activation, from the C library's table.
LOSSES = {
    output: tuple(sorted(name for name, row in _core.LOSSES.items() if output in row.outputs))
    for output in OUTPUTS
}
# Larger integers are clipped to this value: it fits a C integer, and no count is larger in
# practice.
LARGEST_INTEGER = 2**63 - 1
LARGEST_FLOAT = sys.float_info.max
# The C library's limits: layer sizes are below SIZE_LIMIT, and MAX_LAYERS includes the input layer.
SIZE_LIMIT, MAX_LAYERS = 2**31, 64


def is_finite(value: object) -> bool:
    """Return whether a value is a real number, finite as a float."""
    try:
        # float and int first: checking against the abstract class Real is slower
        return isinstance(value, (float, int, Real)) and math.isfinite(value)
    except OverflowError:  # an int that is too large for a float
        return False


class Constraint:
    """A constraint on a value: its name in messages, whether a value satisfies it, and what an accepted one becomes.

    `as_text` is the name of what a shell can write, "" if it cannot write such a value; by default the same name.
    """

    __slots__ = ("accepts", "as_text", "convert", "text")

    def __init__(
        self,
        text: str,
        accepts: Callable[[Any], bool],
        convert: Callable[[Any], object] = lambda value: value,
        as_text: str | None = None,
    ) -> None:
        self.text = text
        self.accepts = accepts
        self.convert = convert
        self.as_text = text if as_text is None else as_text


def interval(
    kind: type[Real] | type[Integral],
    low: float,
    high: float,
    closed: str,
    *,
    booleans: bool = True,
) -> Constraint:
    """Accept numbers in an interval, which become Python's; `closed` is "left", "right", "both" or "neither"."""
    has_low, has_high = closed in ("left", "both"), closed in ("right", "both")
    # Python's built-in types first: checking against an abstract class is slower.
    kinds = (int, Integral) if kind is Integral else (float, int, Real)

    def accepts(value: Any) -> bool:
        if not isinstance(value, kinds) or (kind is Real and not is_finite(value)):
            return False
        if not booleans and isinstance(value, bool):
            return False
        number: Any = value
        inside = low < number < high
        return bool(inside or (number == low and has_low) or (number == high and has_high))

    opening, closing = "[" if has_low else "(", "]" if has_high else ")"
    if kind is Integral:
        text = f"an int in the range {opening}{low}, {high}{closing}"
        return Constraint(text, accepts, lambda value: min(int(value), LARGEST_INTEGER))
    return Constraint(
        f"a float in the range {opening}{float(low)}, {float(high)}{closing}", accepts, float
    )


def one_of(kind: type, *values: object) -> Constraint:
    """Accept a value of a list, all of the same type; a str of NumPy becomes the equal one of the list."""
    text = f"a {'str' if kind is str else 'float'} among {{{', '.join(map(repr, values))}}}"
    return Constraint(
        text,
        lambda value: isinstance(value, kind) and value in values,
        lambda value: values[values.index(value)],
    )


def instance(kind: type, as_text: str) -> Constraint:
    """Accept objects of a type."""
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    text = f"an instance of '{module}{kind.__qualname__}'"
    return Constraint(text, lambda value: isinstance(value, kind), as_text=as_text)


def pair(
    first: str, second: str, convert: Callable[[Any], object] = lambda value: value
) -> Constraint:
    """Accept a tuple or list of two things."""
    text = f"a tuple ({first}, {second})"
    as_text = "a pair such as '[0, 1], [2, 3]'"
    return Constraint(
        text, lambda value: isinstance(value, (tuple, list)) and len(value) == 2, convert, as_text
    )


def _are_callbacks(value: object) -> bool:
    return isinstance(value, (list, tuple)) and all(
        not isinstance(callback, type)
        and any(callable(getattr(callback, hook, None)) for hook in HOOKS)
        for callback in value
    )


def _is_float_type(value: Any) -> bool:
    try:
        return value is not None and np.dtype(value) in (np.float32, np.float64)
    except TypeError:
        return False


def _are_quantiles(value: object) -> bool:
    if not isinstance(value, (tuple, list, np.ndarray)) or not 2 <= len(value) <= _MOST_QUANTILES:
        return False
    return all(map(_LEVEL.accepts, value)) and all(low < high for low, high in pairwise(value))


BOOLEAN = (instance(bool, "True or False"), instance(np.bool_, ""))
NONE = Constraint("None", lambda value: value is None)
ARRAY_LIKE = Constraint(
    "an array-like",
    lambda value: (
        not np.isscalar(value)
        and any(hasattr(value, name) for name in ("__len__", "shape", "__array__"))
    ),
    as_text="values separated by commas",
)
FUNCTION = Constraint("a callable", callable, as_text="")
# NumPy imports numpy.random only when it is first used, which saves time.
GENERATOR = Constraint(
    "an instance of 'numpy.random.mtrand.RandomState'",
    lambda value: isinstance(value, getattr(sys.modules.get("numpy.random"), "RandomState", ())),
    as_text="",
)
CALLBACKS = Constraint(
    f"a list of objects with at least one of the methods {', '.join(HOOKS)}", _are_callbacks
)
FLOAT_TYPE = Constraint("float32 or float64", _is_float_type, np.dtype)
COLUMNS = pair("shift", "factor", lambda value: InputScale(*value))
POSITIVE_INTEGER = interval(Integral, 1, math.inf, "left", booleans=False)
ACTIVATION = one_of(str, *HIDDEN, *SYNONYMS)
COUNT = interval(Integral, 1, LARGEST_INTEGER, "both", booleans=False)
POSITIVE = interval(Real, 0, math.inf, "neither", booleans=False)
NOT_NEGATIVE = interval(Real, 0, math.inf, "left", booleans=False)
SEED = interval(Integral, 0, 2**32 - 1, "both")
# The C library's limit.
_LEVEL = interval(Real, 0, 1, "neither", booleans=False)
_MOST_QUANTILES = 100
QUANTILES = Constraint(
    f"a list of 2 to {_MOST_QUANTILES} ascending floats in the range (0.0, 1.0)",
    _are_quantiles,
    lambda value: tuple(map(float, value)),
)

_USED_AS_GIVEN = {float, str, bool, type(None)}
REFUSED = object()  # what `converted` returns for a value that is not valid


def validated(
    value: object, choices: tuple[Constraint, ...], name: str, condition: str = ""
) -> Any:
    """Return a value in the type in which it is used.

    If the value satisfies none of the constraints `choices`, raise InvalidParameterError. Its message has the
    `condition` under which they apply.
    """
    used = converted(value, choices)
    if used is REFUSED:
        raise error_of_value(value, choices, name, condition)
    return used


def converted(value: object, choices: tuple[Constraint, ...]) -> Any:
    """Return a value in the type in which it is used; `REFUSED` if it satisfies none of the constraints."""
    for choice in choices:
        if choice.accepts(value):
            return value if type(value) in _USED_AS_GIVEN else choice.convert(value)
    return REFUSED


def error_of_value(
    value: object,
    choices: tuple[Constraint, ...],
    name: str,
    condition: str = "",
    owner: str = "",
) -> InvalidParameterError:
    """Return the error for a value that satisfies none of the constraints.

    Its message has the `condition` under which they apply, or with the name of a class as `owner`, whose parameter
    it is.
    """
    expected = _either(choice.text for choice in choices)
    if owner:
        message = (
            f"The {name!r} parameter of {owner} must be {expected}. Got {shown(value)} instead."
        )
    else:
        message = f"{name} must be {expected}{condition}, got {shown(value)}."
    error = InvalidParameterError(
        message,
        parameter=name,
        value=value,
        expected=expected,
        expected_as_text=_either(choice.as_text for choice in choices if choice.as_text),
    )
    hint = value_hint(name, value, lambda other: any(choice.accepts(other) for choice in choices))
    if hint:
        add_hint(error, hint)
    return error


def _either(texts: Iterable[str]) -> str:
    """Join texts by commas and "or"."""
    *others, last = texts
    return f"{', '.join(others)} or {last}" if others else last


def argument(name: str, value: object, *choices: Constraint) -> Any:
    """Return an argument of a method, validated and converted; raises InvalidParameterError if it is invalid."""
    return validated(value, choices, name)
