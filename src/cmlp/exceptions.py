"""Public errors and warnings, all of them also names of `cmlp`.

All public errors are subclasses of `CmlpError`, and all but `WorkerError` of ValueError, as in scikit-learn. A
parameter that is wrong whatever the rows are raises InvalidParameterError; other arguments, rows and states may raise
Python's own ValueError or TypeError. If scikit-learn has an exception of the same name and the program has imported
scikit-learn, the raised exception is an instance of both classes, so that ``except
sklearn.exceptions.NotFittedError`` works too. This package never imports scikit-learn itself.
"""

from __future__ import annotations

import copyreg
import functools
import math
import reprlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import TypeVar

Error = TypeVar("Error", bound=Exception)

__all__ = [
    "CategoriesWarning",
    "CmlpError",
    "ConvergenceWarning",
    "CopiesWarning",
    "DataConversionWarning",
    "DataWarning",
    "DivergenceError",
    "EmptyColumnWarning",
    "FarTargetsWarning",
    "FindingsNote",
    "GroupColumnWarning",
    "InvalidParameterError",
    "LabelsWarning",
    "LeakWarning",
    "ModelFormatError",
    "MovedRowsWarning",
    "NonFiniteInputError",
    "NotFittedError",
    "OneClassWarning",
    "OrderWarning",
    "ParseWarning",
    "ReloadWarning",
    "RoundedIdsWarning",
    "ScaleWarning",
    "SpellingWarning",
    "StatusError",
    "UncoveredClassWarning",
    "UndefinedMetricWarning",
    "UnmatchedCodeWarning",
    "UnusedParameterWarning",
    "UselessModelWarning",
    "WorkerError",
]


class _ShortRepr(reprlib.Repr):
    """Abbreviates values, as reprlib does, also those that have no text: Python limits the digits of integers."""

    def repr_int(self, value: int, level: int) -> str:
        """Return the digits of an integer, or how many they are if Python refuses to write them."""
        try:
            return super().repr_int(value, level)
        except ValueError:
            digits = math.ceil(value.bit_length() * math.log10(2))
            return f"<an integer of about {digits:,} digits>"


short_repr = _ShortRepr().repr


def shown(value: object) -> str:
    """Return the text of a value in a message, abbreviated if its own representation fails."""
    try:
        return repr(value)
    except ValueError:  # an integer of more digits than Python writes, also in a container
        return short_repr(value)


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

    def __reduce__(self) -> tuple[object, ...]:
        return copyreg.__newobj__, (type(self), *self.args), vars(self)  # type: ignore[attr-defined]


class NonFiniteInputError(StatusError):
    """X contains NaN, infinity or a number too large for the network's dtype.

    Attributes
    ----------
    row, column : int
        Position in X, counted from 0; in a block of a source, in this block.
    found : str
        What is there: "NaN", or "infinity or a value too large for the network's dtype"; "NaN or
        infinity" if only another process has the row, see `cmlp.distributed.fit`.
    argument : str
        The name of the argument: "X", or "X_val" for validation rows.
    column_name : str or None
        The name of the column, if the columns have names.
    block : int or None
        The number of the block, counted from 0, if the rows are those of `fit_batches`.
    """

    def __init__(
        self,
        found: str = "NaN",
        row: int = -1,
        column: int = -1,
        *,
        argument: str = "X",
        column_name: str | None = None,
        block: int | None = None,
    ) -> None:
        name = column if column_name is None else repr(column_name)
        place = f"row {row}, column {name}" + ("" if block is None else f" of block {block}")
        super().__init__(f"Input {argument} contains {found} at {place}.", "CMLP_ERROR_INPUT")
        self.found, self.row, self.column = found, row, column
        self.argument, self.column_name, self.block = argument, column_name, block


class DivergenceError(StatusError):
    """Training diverged: the cost or a parameter is no longer finite."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "CMLP_ERROR_DIVERGED")


class ModelFormatError(StatusError):
    """A file is not a model file of cmlp, or it is damaged.

    Attributes
    ----------
    status : str
        The status name of ``cmlp.h``, for example ``"CMLP_ERROR_FILE_SHORT"``.
    """


class WorkerError(CmlpError, RuntimeError):
    """Another worker failed, or sent no message in time, while several processes trained."""


class InvalidParameterError(CmlpError, ValueError, TypeError):
    """A parameter has a wrong type or value, or one that another parameter excludes.

    Attributes
    ----------
    parameter : str
        The name of the parameter, for example ``"alpha"``; empty if the message is about no
        parameter.
    value : object
        The value of the parameter, or its ``repr`` if the error was pickled and the value cannot
        be; None if it is not known.
    expected : str
        What its value must be, for example ``"a float in the range [0.0, inf)"``; empty if it is
        excluded by another parameter or by the data.
    expected_as_text : str
        The part of `expected` that can be written as text, as the command's options are: without
        functions and arrays.
    """

    def __init__(
        self,
        message: str,
        *,
        parameter: str = "",
        value: object = None,
        expected: str = "",
        expected_as_text: str = "",
    ) -> None:
        super().__init__(message)
        self.parameter = parameter
        self.value = value
        self.expected = expected
        self.expected_as_text = expected_as_text or expected

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), self.args, {**vars(self), "value": _picklable(self.value)}


def refused(
    parameter: str, problem: str, value: object, expected: str = ""
) -> InvalidParameterError:
    """Return the error of a parameter whose name begins the message."""
    return InvalidParameterError(
        f"{parameter} {problem}", parameter=parameter, value=value, expected=expected
    )


def _picklable(value: object) -> object:
    """Return a value, or its representation if it cannot be pickled: an error is to reach the caller anyway."""
    import pickle

    try:
        pickle.dumps(value)
    except Exception:  # whatever the classes of the program raise
        return shown(value)
    return value


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


class DataWarning(UserWarning):
    """Something is probably wrong with the data of `fit`: each kind has a class below this one.

    The message ends with the code of the kind and the columns, such as ``[leak:wage]``: `known` of a table takes it.

    Attributes
    ----------
    code : str
        The code of the kind.
    """

    code = "data"


class LeakWarning(DataWarning):
    """Columns of X say y exactly, or nearly: the target or what is made from it is among them."""

    code = "leak"


class GroupColumnWarning(DataWarning):
    """X has the groups that `groups` has: rows to predict are of others."""

    code = "group-column"


class CopiesWarning(DataWarning):
    """Rows are copies of others, as after a join, oversampling or a bootstrap."""

    code = "copies"


class ParseWarning(DataWarning):
    """A column has text that is probably numbers or dates, or numbers that are probably dates."""

    code = "parse"


class EmptyColumnWarning(DataWarning):
    """A column has no value in any row of `fit`."""

    code = "empty"


class CategoriesWarning(DataWarning):
    """A column has more categories than a model keeps."""

    code = "categories"


class UnmatchedCodeWarning(DataWarning):
    """`missing_values` has a code that no entry of the columns can equal, because of their types."""

    code = "unmatched"


class LabelsWarning(DataWarning):
    """The labels of a classifier are probably others than were meant: numbers, one of several columns, or swapped."""

    code = "labels"


class SpellingWarning(DataWarning):
    """Labels differ only by blanks or case, and are different classes of a network; tables report it."""

    code = "spelling"


class ScaleWarning(DataWarning):
    """The inputs, times `input_scale`, are far larger or smaller than a network expects."""

    code = "scale"


class RoundedIdsWarning(DataWarning):
    """Whole numbers were rounded: by floats, from 2**53 on, or by a spreadsheet, from 12 digits on."""

    code = "rounded"


class OrderWarning(DataWarning):
    """The index of y, weights or groups has the labels of X's index in another order, or y is shifted by a row."""

    code = "order"


class OneClassWarning(DataWarning):
    """The validation rows have one label alone."""

    code = "one-class"


class FarTargetsWarning(DataWarning):
    """The targets are too far from 0, or too close together, for the type that the network computes with."""

    code = "targets"


class MovedRowsWarning(DataWarning):
    """Rows beside those of `fit` are not like them: validation rows, a warm start, or rows to predict or to measure.

    A column is in another unit, scaled, swapped with another one, or far outside, or y is.
    """

    code = "moved"


class ReloadWarning(UserWarning):
    """A file of `cmlp.Reloaded` has changed and cannot replace the model that serves."""


class UncoveredClassWarning(DataWarning):
    """The sets of `predict_set` name a class for none of its rows: their coverage is that of all rows together."""

    code = "uncovered"


class FindingsNote(UserWarning):
    """The report of a fitted table, `report_`, has findings to read."""


class UselessModelWarning(DataWarning):
    """A fitted model is not clearly better than the best constant answer for its loss, such as the mean of y.

    The message names the causes that the data show, and their remedies.
    """

    code = "useless"


def optional(name: str, sentence: str) -> ModuleType:
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
        "__reduce__": lambda self: (
            _restored,
            (own, self.args),
        ),  # the class itself cannot be pickled
    }
    return type(own.__name__, (own, theirs), members)


def _restored(own: type[Error], arguments: tuple[object, ...]) -> Error:
    return sklearn_class(own)(*arguments)


@contextmanager
def naming(place: str) -> Iterator[None]:
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


def add_hint(error: ValueError, hint: str) -> None:
    """Append a sentence to the message of an error."""
    error.args = (f"{str(error).rstrip('.!')}. {hint}",)
