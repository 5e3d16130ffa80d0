"""Public errors and warnings, all of them also names of `cmlp`.

All errors are subclasses of `CmlpError`, and all but `WorkerError` of ValueError, as in scikit-learn. Arguments that
are wrong in another way raise Python's own ValueError or TypeError. If scikit-learn has an exception of the same name
and the program has imported scikit-learn, the raised exception is an instance of both classes, so that ``except
sklearn.exceptions.NotFittedError`` works too. This package never imports scikit-learn itself.
"""

from __future__ import annotations

import functools
import sys
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self, TypeVar

    Error = TypeVar("Error", bound=Exception)

__all__ = [
    "CmlpError",
    "ConvergenceWarning",
    "DataConversionWarning",
    "DivergenceError",
    "InvalidParameterError",
    "ModelFormatError",
    "NonFiniteInputError",
    "NotFittedError",
    "StatusError",
    "UndefinedMetricWarning",
    "UnusedParameterWarning",
    "UselessModelWarning",
    "WorkerError",
]


class CmlpError(Exception):
    """Base class of the errors that cmlp defines."""


class StatusError(CmlpError, ValueError):
    """The C core returned an error status for an argument.

    Attributes
    ----------
    status : str
        The status name of ``cmlp.h``, for example ``"CMLP_ERROR_ROWS"``.
    """

    def __init__(self, message: str, status: str = "") -> None:
        super().__init__(message)
        self.status = status


class NonFiniteInputError(StatusError):
    """X contains NaN, infinity or a number too large for the network's dtype.

    Attributes
    ----------
    row, column : int
        Position in X, counted from 0.
    """

    def __init__(self, message: str, row: int = -1, column: int = -1) -> None:
        super().__init__(message, "CMLP_ERROR_INPUT")
        self.row = row
        self.column = column

    def __reduce__(self) -> tuple[type[Self], tuple[str, int, int]]:
        return type(self), (self.args[0], self.row, self.column)


class DivergenceError(StatusError):
    """Training diverged: the cost or a parameter is no longer finite."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "CMLP_ERROR_DIVERGED")

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        return type(self), (self.args[0],)


class ModelFormatError(StatusError):
    """A file is not a model file of cmlp, or it is damaged.

    Attributes
    ----------
    status : str
        The status name of ``cmlp.h``, for example ``"CMLP_ERROR_FILE_SHORT"``.
    """


class WorkerError(CmlpError, RuntimeError):
    """Another worker failed while several processes trained; the message has its number and its error."""


class InvalidParameterError(CmlpError, ValueError, TypeError):
    """A parameter has a wrong type or value."""


class NotFittedError(CmlpError, ValueError, AttributeError):
    """An estimator is used before it is fitted."""


class ConvergenceWarning(UserWarning):
    """Training reached `max_iter` epochs while the loss was still improving."""


class DataConversionWarning(UserWarning):
    """An argument was converted to another shape."""


class UndefinedMetricWarning(UserWarning):
    """A score is not defined for the given data."""


class UnusedParameterWarning(UserWarning):
    """A parameter differs from its default, but has no effect with the value of another parameter.

    There is one message for each pair of parameters, which is shown once per process, unless a filter of the module
    `warnings` asks for more. It is issued when training begins.
    """


class UselessModelWarning(UserWarning):
    """A fitted model is not clearly better than the best constant answer: the mean, or the shares of the classes.

    The message names the causes that the data show, and their remedies.
    """


def optional(name: str, sentence: str) -> Any:
    """Import an optional package; raises ImportError with a sentence that says who needs it and how to install it."""
    try:
        import_module(name.partition(".")[0])
        return import_module(name)
    except ImportError as error:
        raise ImportError(sentence) from error


def sklearn_class(own: type[Error]) -> type[Error]:
    """Return `own`, or a subclass of it and of scikit-learn's class of the same name if the program has imported it."""
    theirs = getattr(sys.modules.get("sklearn.exceptions"), own.__name__, None)
    return own if theirs is None else _joint_class(own, theirs)  # type: ignore[arg-type]  # classes are hashable


@functools.cache
def _joint_class(own: type[Error], theirs: type[Error]) -> type[Error]:
    """Return a subclass of both classes, so that ``except`` and warning filters work with either class."""
    members = {
        "__doc__": own.__doc__,
        "__module__": own.__module__,
        "__reduce__": lambda self: (_restored, (own, self.args)),  # the class itself cannot be pickled
    }
    return type(own.__name__, (own, theirs), members)


def _restored(own: type[Error], arguments: tuple[object, ...]) -> Error:
    return sklearn_class(own)(*arguments)


@contextmanager
def named(place: str) -> Iterator[None]:
    """Name the place of an error that is raised inside; see `name_place`."""
    try:
        yield
    except Exception as error:
        name_place(error, place)
        raise


def name_place(error: Exception, place: str) -> None:
    """Name the place of an error: in its message, or for other errors than ValueError and TypeError in a note."""
    if isinstance(error, (ValueError, TypeError)) and error.args and isinstance(error.args[0], str):
        error.args = (f"In {place}: {error.args[0]}", *error.args[1:])
    else:
        error.add_note(f"In {place}.")
