"""The attributes of an estimator, which a fit in another thread may replace at any time.

A fit stores its results in one step. But a method that reads fitted attributes more than once could read those of two
fits, and mix two models.
"""

from __future__ import annotations

from typing import TypeVar

Estimator = TypeVar("Estimator")

LOCK = "_fitting"  # the attribute that an estimator has only while it is trained
FITTED = "_fitted"  # that with everything that fit leaves
INTERRUPTED = "_interrupted"  # the same of a fit that was interrupted in its first epoch: it has fitted nothing
NETWORK = "_shared_network"  # the `Network` of `network_`, once it has been asked for; it is not copied or pickled


def attributes_to_copy(estimator: object) -> dict[str, object]:
    """Return a consistent copy of the estimator's attributes, without those that belong to this object only."""
    attributes = vars(estimator).copy()  # atomic, unlike a comprehension
    for name in (LOCK, NETWORK):
        attributes.pop(name, None)
    return attributes


def unchanging(estimator: Estimator) -> Estimator:
    """Return a twin with the attributes that an estimator has now. It shares the fitted model, which no fit changes.

    A method that reads fitted attributes more than once reads those of the twin. Objects of other packages are returned
    as they are.
    """
    if not hasattr(estimator, "_trained"):
        return estimator
    twin = object.__new__(type(estimator))
    vars(twin).update(attributes_to_copy(estimator))
    return twin
