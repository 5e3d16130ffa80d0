"""The order of classes: that of the type of y, of a list of the user, or of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cmlp._data.containers import column_of, columns_of, names_of
from cmlp._data.labels import MOST_RANKS, Labels
from cmlp._data.spelling import matching_change
from cmlp._parameters.options import FitOptions
from cmlp.exceptions import InvalidParameterError, short_repr, shown

_REMEDY = (
    'pass them in ascending order, such as ordered=["low", "medium", "high"], or y of an ordered '
    "dtype, such as pandas.Categorical(y, categories, ordered=True)"
)


def in_order_of_classes(labels: Labels, y: object, options: FitOptions) -> Labels:
    """Return the labels of y in their order; as they are if they have none, or `ordered` is False."""
    given = options.ordered
    if given is False:
        return labels
    order: Sequence[object] | None = given if isinstance(given, (list, tuple)) else None
    is_asked = order is not None or given is True
    if labels.kind == "multilabel":
        if is_asked:
            raise _refused("must be False or 'from_dtype' if y has several columns", given)
        return labels
    if order is None:
        order = _order_of_type(y)
    if order is None:
        if not is_asked:
            return labels
        if labels.classes.dtype.kind in "OU":
            raise InvalidParameterError(
                f"ordered=True needs the order of labels that are text: {_REMEDY}.",
                parameter="ordered",
                value=given,
            )
        order = labels.classes.tolist()
    ranks = _ranks(labels, order, given)
    ordered = Labels(labels.classes[np.argsort(ranks)], is_ordered=True)
    _require_possible(ordered, options)
    return ordered


def _order_of_type(y: object) -> Sequence[object] | None:
    """Return the labels in the order of the type of y; None if it has none."""
    names = names_of(y)
    if names is not None and len(names) == 1:
        y = columns_of(y, names, types_are_known=False)[0]
    if hasattr(y, "ordered") and hasattr(y, "categories"):  # a Categorical of pandas, no column
        return list(y.categories) if y.ordered else None
    levels = column_of(y, "y").levels()
    return None if levels is None else levels.entries()


def _ranks(labels: Labels, order: Sequence[object], given: object) -> list[int]:
    """Return the rank of each class in an order; InvalidParameterError if one has none, or two."""
    try:
        ranks = {label: rank for rank, label in enumerate(order)}
    except TypeError:  # not hashable, and so no label
        ranks = {}
    if len(ranks) < len(order):
        raise _refused("must be a list of different labels", given)
    known = labels.classes.tolist()
    unknown = [label for label in known if label not in ranks]
    if unknown:
        raise _refused(
            f"must have all labels of y, but lacks {short_repr(unknown)}",
            given,
            matching_change(unknown, ranks),
        )
    return [ranks[label] for label in known]


def _require_possible(labels: Labels, options: FitOptions) -> None:
    """Raise InvalidParameterError for too many ordered classes, or weights of them."""
    n = len(labels.classes)
    if n > MOST_RANKS:
        raise InvalidParameterError(
            f"ordered classes must be at most {MOST_RANKS}, got {n:,}: use TabularRegressor, which "
            "predicts numbers.",
            parameter="ordered",
            value=options.ordered,
        )
    if labels.kind == "ordered" and options.class_weight is not None:
        raise InvalidParameterError(
            f"class_weight must be None for ordered classes, got {shown(options.class_weight)}: "
            "pass sample_weight, or ordered=False.",
            parameter="class_weight",
            value=options.class_weight,
        )


def _refused(what: str, given: object, hint: str = "") -> InvalidParameterError:
    return InvalidParameterError(
        f"ordered {what}, got {short_repr(given)}.{hint}", parameter="ordered", value=given
    )
