"""A score of the validation rows that a function of the user computes."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np

from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.arrays import CSR
from cmlp._train.data import Data
from cmlp._train.training import Training
from cmlp.exceptions import InvalidParameterError, shown


class UserScore:
    """The score of the validation rows that a function of the user computes: ``function(model(training), X, y)``.

    If the rows have weights, it also gets ``sample_weight=weight``. `model` returns a network or estimator with the
    present parameters of a training run. `y` are the targets of all rows, or of the user's own validation rows, as they
    were passed.
    """

    def __init__(
        self, function: Callable[..., Any], model: Callable[[Training], Any], y: AnyArray
    ) -> None:
        self.function, self.model, self._y = function, model, y
        self._arguments: tuple[Any, Any, dict[str, Any]] | None = None

    def __call__(self, training: Training) -> float:
        """Return the score; raises ValueError if the function returns no number."""
        if self._arguments is None:
            self._arguments = self._rows(training.data, training.state.held_out_index)
        X, y, weight = self._arguments
        value = self.function(self.model(training), X, y, **weight)
        if not isinstance(value, Real) or math.isnan(value):
            raise InvalidParameterError(
                f"scoring must return a number, got {shown(value)}.",
                parameter="scoring",
                value=self.function,
            )
        return float(value)

    def _rows(
        self, data: Data, held_out: NDArray[np.int64] | None
    ) -> tuple[AnyArray | CSR, AnyArray, dict[str, Any]]:
        rows, y = data.validation, self._y
        if rows is None:
            assert held_out is not None  # there are validation rows
            rows = data.rows.take(held_out)
            y = y[held_out]
        return rows.X, y, {} if rows.weight is None else {"sample_weight": rows.weight}
