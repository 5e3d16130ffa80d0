"""Public errors and warnings.

All errors are subclasses of ValueError, as in scikit-learn. Classes that scikit-learn has under the same name are
replaced by scikit-learn's if the program has imported it, so that ``except sklearn.exceptions.NotFittedError`` works.
This package never imports scikit-learn itself.
"""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self, TypeVar

    Error = TypeVar("Error", bound=Exception)


class StatusError(ValueError):
    """The C core has refused an argument.

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


class NotFittedError(ValueError, AttributeError):
    """An estimator is used before it is fitted."""


class ConvergenceWarning(UserWarning):
    """Training has reached `max_iter` epochs while the loss was still improving."""


class DataConversionWarning(UserWarning):
    """An argument was converted to another shape."""


class UndefinedMetricWarning(UserWarning):
    """A score is not defined for these data."""


def sklearn_class(own: type[Error]) -> type[Error]:
    """Return scikit-learn's class of the same name if the program has imported scikit-learn, else `own`."""
    return getattr(sys.modules.get("sklearn.exceptions"), own.__name__, own)


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning that points to the user's line, the first caller outside this package."""
    package = __name__.partition(".")[0] + "."
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(package):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)
