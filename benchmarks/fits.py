"""Fits with their accuracies and times, for `accuracy` and the search of the recipe."""

import time
import warnings
from typing import NamedTuple


class Fit(NamedTuple):
    """Test accuracy in percent, seconds of wall time, seconds of CPU time."""

    accuracy: float
    seconds: float
    computing: float


def fitted(model, X, y, X_test, y_test):
    """Train a model and measure its test accuracy."""
    clock, computing = time.perf_counter(), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # max_iter is reached on purpose
        model.fit(X, y)
    seconds = time.perf_counter() - clock, time.process_time() - computing
    return Fit(100 * model.score(X_test, y_test), *seconds)
