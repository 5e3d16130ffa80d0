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
import re
import reprlib
import sys
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import TypeVar

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


class Setting(str):
    """A parameter or an argument in a message, such as ``loss='quantile'``.

    The text is that of Python. Who reports a message to users who write settings in another way, as the command does,
    words it from the name and the value.

    Examples
    --------
    >>> Setting("loss", "quantile")
    "loss='quantile'"
    >>> Setting("loss"), Setting("X_val", text="X_val and y_val")
    ('loss', 'X_val and y_val')
    """

    name: str
    value: object  # Ellipsis if it is not known

    def __new__(cls, name: str, value: object = ..., text: str | None = None) -> Self:
        """Return a setting; its text is ``name=value`` if it has a value, unless `text` is another one."""
        if text is None:
            text = name if value is ... else f"{name}={shown(value)}"
        setting = super().__new__(cls, text)
        setting.name, setting.value = name, value
        return setting

    @property
    def states_value(self) -> bool:
        """Whether the text has the value, not only the name."""
        return self.value is not ... and self.startswith(f"{self.name}=")

    def __reduce__(self) -> tuple[type[Self], tuple[str, object, str]]:
        return type(self), (self.name, _picklable(self.value), str(self))


def _picklable(value: object) -> object:
    """Return a value, or its representation if it cannot be pickled: an error is to reach the caller anyway."""
    import pickle

    try:
        pickle.dumps(value)
    except Exception:  # whatever the classes of the program raise
        return shown(value)
    return value


class Wanted(Setting):
    """A setting that would help, such as ``shuffle=True``; what the caller has given is a plain `Setting`."""


class Phrase(str):
    """Words of Python in a message, which are no setting: the name of a method, or advice.

    Who reports the message in other words finds those by the key.

    Examples
    --------
    >>> Phrase("same_data", "pass the same X and y")
    'pass the same X and y'
    """

    key: str

    def __new__(cls, key: str, text: str | None = None) -> Self:
        """Return a phrase; its text is the key, unless `text` is another one."""
        phrase = super().__new__(cls, key if text is None else text)
        phrase.key = key
        return phrase

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        return type(self), (self.key, str(self))


class Message(str):
    """The text of an error or a warning, which knows its parts: texts and settings.

    It is a constant sentence with places for what varies. The keyword `loss` is a setting: ``<loss=>`` stands for it
    with its value, ``<loss:=>`` too if it is no value of the caller but a remedy, and ``<loss>`` for its name. The
    value is ``...`` if it is not known. Positional arguments are values for the places ``{}``, as in `str.format`. So
    a value is never searched for places. An argument that is a part itself, such as a phrase, is inserted as it is.
    Without arguments, the sentence is plain text.

    Examples
    --------
    >>> message = Message("<y_scale=> needs a <loss> that has a name, got {!r}.", len, y_scale="robust", loss=...)
    >>> message
    "y_scale='robust' needs a loss that has a name, got <built-in function len>."
    >>> [setting.name for setting in message.settings]
    ['y_scale', 'loss']
    """

    parts: tuple[str, ...]

    def __new__(cls, sentence: str, /, *values: object, **settings: object) -> Self:
        """Return the message of a sentence with these values and settings."""
        return cls.joined(*_parts(sentence, values, settings) if values or settings else (sentence,))

    def __add__(self, other: str) -> Message:
        return self.joined(self, other)

    def __radd__(self, other: str) -> Message:
        return self.joined(other, self)

    @classmethod
    def joined(cls, *parts: str) -> Self:
        """Join texts, settings, phrases and messages."""
        message = super().__new__(cls, "".join(parts))
        message.parts = tuple(own for part in parts for own in (part.parts if isinstance(part, Message) else (part,)))
        return message

    @property
    def settings(self) -> list[Setting]:
        """The settings among the parts."""
        return [part for part in self.parts if isinstance(part, Setting)]

    def __reduce__(self) -> tuple[Any, ...]:
        return self.joined, self.parts


_PLACE = re.compile(
    r"<(?P<name>\w+)(?P<wanted>:(?==))?(?P<equals>=?)(?::(?P<text>[^<>{}]*))?>|\{(?P<repr>!r)?:?(?P<format>[^{}]*)\}"
)


def _parts(sentence: str, values: Iterable[object], settings: Mapping[str, object]) -> Iterator[str]:
    """Yield the parts of a sentence: its texts, and what is in its places."""
    end, following = 0, iter(values)
    for place in _PLACE.finditer(sentence):
        yield sentence[end : place.start()]
        end = place.end()
        name, text = place["name"], place["text"]
        value = next(following) if name is None else settings[name]
        if isinstance(value, (Setting, Phrase, Message)) and not place["repr"]:
            yield value
        elif name is None:
            yield format(shown(value) if place["repr"] else value, place["format"])
        else:
            kind = Wanted if place["wanted"] else Setting
            yield kind(name, value, text or (None if place["equals"] else name))
    yield sentence[end:]


def message_of(error: BaseException | str) -> Message:
    """Return the text of an error or a warning, in one part if its parts are not known."""
    text = error if isinstance(error, str) else error.args[0] if error.args else ""
    return Message(text if isinstance(text, str) else str(error))


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

    def __reduce__(self) -> tuple[Any, ...]:
        return copyreg.__newobj__, (type(self), *self.args), vars(self)  # type: ignore[attr-defined]


class NonFiniteInputError(StatusError):
    """X contains NaN, infinity or a number too large for the network's dtype.

    Attributes
    ----------
    row, column : int
        Position in X, counted from 0; in a block of a source, in this block.
    found : str
        What is there: "NaN", or "infinity or a value too large for the network's dtype"; "NaN or infinity" if only
        another process has the row, see `cmlp.distributed.fit`.
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
        shown = column if column_name is None else repr(column_name)
        place = f"row {row}, column {shown}" + ("" if block is None else f" of block {block}")
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
    """Another worker failed while several processes trained; the message has its number and its error."""


class InvalidParameterError(CmlpError, ValueError, TypeError):
    """A parameter has a wrong type or value, or one that another parameter excludes.

    Attributes
    ----------
    expected : str
        What its value must be, for example ``"a float in the range [0.0, inf)"``; empty if it is excluded by another
        parameter or by the data.
    """

    def __init__(
        self, message: str, /, *values: object, expected: str = "", about: Setting | None = None, **settings: object
    ) -> None:
        if expected:
            settings["expected"] = Message(expected)
        super().__init__(Message(message, *values, **settings))
        given = [setting for setting in message_of(self).settings if not isinstance(setting, Wanted)]
        first = next((setting for setting in given if setting.value is not ...), next(iter(given), Setting("")))
        self.expected, self._about = expected, about or first

    @property
    def parameter(self) -> str:
        """The name of the parameter, for example ``"alpha"``."""
        return self._about.name

    @property
    def value(self) -> object:
        """The value of the parameter, or its ``repr`` if the error was pickled and the value cannot be."""
        return None if self._about.value is ... else self._about.value


def wrong(expected: str, **setting: object) -> InvalidParameterError:
    """Return the error of a setting, the only keyword, whose value is not as expected."""
    ((name, value),) = setting.items()
    problem = "<name> must be <expected>, got {!r}."
    return InvalidParameterError(problem, value, name=Setting(name, value, name), expected=expected)


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
    """A fitted model is not clearly better than the best constant answer for its loss, such as the mean of y.

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
        error.args = ("In " + Message(place) + ": " + message_of(error), *error.args[1:])
    else:
        error.add_note(f"In {place}.")


def add_hint(error: Exception, hint: str) -> None:
    """Append a sentence to the message of an error."""
    *first, last = message_of(error).parts
    error.args = (Message.joined(*first, f"{last.rstrip('.!')}. ", hint), *error.args[1:])
