"""The score of validation rows that a function of the program computes."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any

from cmlp._data.sparse import taken

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from cmlp._data.sparse import CSR
    from cmlp._train.job import Data
    from cmlp._train.state import TrainingState


class ProgramScore:
    """The score of the validation rows that a function of the program computes: ``function(model, X, y)``.

    If the rows have weights, it also gets ``sample_weight=weight``. `model` returns the network or estimator with the
    present parameters, and `y` are the targets of all rows, or of the program's own validation rows, as the program
    passed them.
    """

    def __init__(
        self, function: Callable[..., Any], model: Callable[[], Any], data: Data, y: NDArray[Any], state: TrainingState
    ) -> None:
        self.function, self.model = function, model
        self._data, self._y, self._state = data, y, state
        self._arguments: tuple[Any, Any, dict[str, Any]] | None = None

    def __call__(self) -> float:
        """Return the score; raises ValueError if the function returns no number."""
        if self._arguments is None:  # the validation rows are chosen when training begins
            self._arguments = self._rows()
        X, y, weight = self._arguments
        value = self.function(self.model(), X, y, **weight)
        if not isinstance(value, Real) or math.isnan(value):
            raise ValueError(f"scoring must return a number, got {value!r}.")
        return float(value)

    def _rows(self) -> tuple[NDArray[Any] | CSR, NDArray[Any], dict[str, Any]]:
        validation, rows = self._data.validation, self._state.validation
        if validation is not None:
            return validation.X, self._y, {} if validation.weight is None else {"sample_weight": validation.weight}
        weight = self._data.weight
        return taken(self._data.X, rows), self._y[rows], {} if weight is None else {"sample_weight": weight[rows]}
