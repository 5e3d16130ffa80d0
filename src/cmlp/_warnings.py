"""Warning and error classes that scikit-learn's users already catch.

scikit-learn is never imported for them. Where a program has imported it, its own classes are
raised, so that ``except sklearn.exceptions.NotFittedError`` works; elsewhere ours of the same
names, with the same bases.
"""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeVar

    Error = TypeVar("Error", bound=Exception)


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
