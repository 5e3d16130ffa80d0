"""Targets that are neither numbers nor labels, such as dates and intervals, and what to make of them."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

_DAYS = "(y - y.min()) / numpy.timedelta64(1, 'D')"
_OF_DATES = (
    "For a regressor, pass numbers of days, such as {days}; for a classifier, pass labels: "
    "y.astype(str)."
)
_OF_INTERVALS = (
    "For a classifier, pass labels: y.astype(str), and if TabularClassifier is to know their "
    "order, ordered=[...]; for a regressor, pass numbers, such as pandas.arrays.IntervalArray(y).mid."
)


def target_remedy(kind: type) -> str:
    """Return what to make of targets of a type of dates, durations, periods or intervals; '' for another one."""
    name = kind.__name__
    if name == "Interval":
        return _OF_INTERVALS
    if name == "Period":
        return f"Convert periods by y = pandas.PeriodIndex(y).to_timestamp(). {_OF_DATES.format(days=_DAYS)}"
    if issubclass(kind, (date, np.datetime64)):
        return _OF_DATES.format(days=_DAYS)
    if issubclass(kind, (timedelta, np.timedelta64)):
        return _OF_DATES.format(days="y / numpy.timedelta64(1, 'D')")
    return ""
