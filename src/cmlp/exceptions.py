"""Public errors and warnings.

Errors are subclasses of ValueError, so that code written for other libraries catches them. The classes that
scikit-learn has under the same name are replaced by scikit-learn's where the program has imported scikit-learn, so that
``except sklearn.exceptions.NotFittedError`` works. This package never imports scikit-learn for that.
"""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self, TypeVar

    Error = TypeVar("Error", bound=Exception)


class StatusError(ValueError):
    """The C core refused a call.

    Attributes
    ----------
    status : str
        The status name of ``cmlp.h``, for example ``"CMLP_ERROR_ROWS"``.
    """

    def __init__(self, message: str, status: str = "") -> None:
        super().__init__(message)
        self.status = status


class NonFiniteInputError(StatusError):
    """The input holds NaN, infinity or a number too large for the network's type.

    Attributes
    ----------
    row, column : int
        Where it stands in X.
    """

    def __init__(self, message: str, row: int = -1, column: int = -1) -> None:
        super().__init__(message, "CMLP_ERROR_INPUT")
        self.row = row
        self.column = column

    def __reduce__(self) -> tuple[type[Self], tuple[str, int, int]]:
        return type(self), (self.args[0], self.row, self.column)


class DivergenceError(StatusError):
    """Training left the finite numbers: the cost or a parameter became NaN or infinite."""

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


class NotFittedError(ValueError, AttributeError):
    """An estimator was used before it was fitted."""


class ConvergenceWarning(UserWarning):
    """Training ended at its largest number of epochs before the cost stopped falling."""


class DataConversionWarning(UserWarning):
    """Input was taken in another shape than it came in."""


class UndefinedMetricWarning(UserWarning):
    """A score has no meaning for the data given."""


def sklearn_class(own: type[Error]) -> type[Error]:
    """scikit-learn's class of the same name if the program has loaded it, else `own`."""
    return getattr(sys.modules.get("sklearn.exceptions"), own.__name__, own)


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Warn at the line of the program that called into this package."""
    package = __name__.partition(".")[0] + "."
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(package):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
