"""Validation during training: score and loss of rows that are not trained on."""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any

from cmlp._data.weights import weights_of_rows
from cmlp._process.signals import immediate_signals
from cmlp._process.time_limit import seconds_until
from cmlp._train.job import log_loss_clip
from cmlp.exceptions import InvalidParameterError, NonFiniteInputError, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from cmlp._data.arrays import CSR
    from cmlp._train.job import Data, TrainingJob


class Validation:
    """Measures the validation rows in every epoch: the user's own ones, or those that training holds out."""

    def __init__(self, job: TrainingJob) -> None:
        self.job = job
        data, rows = job.data, job.state.held_out_rows
        if data.validation is None:
            assert rows is not None  # there are validation rows
            targets, weight = data.rows.targets[rows], weights_of_rows(data.rows.weight, rows)
            # The core selects the rows of X, which are not copied.
            self._rows = data.rows._replace(targets=targets, weight=weight)
        else:
            self._rows = data.validation

    def measure(self, until: float) -> tuple[float | None, float]:
        """Return the score and, if it is recorded, the loss of the validation rows; otherwise NaN."""
        job, own = self.job, self._rows
        objective, state = job.objective, job.state
        by_loss = job.options.scoring == "loss"
        loss = plain_cost = math.nan
        try:
            if job.data.validation is not None or by_loss or objective.score_of_outputs is None:
                loss, plain_cost = self._losses(until)
            if by_loss:
                return -loss, loss
            if objective.user_score is not None:
                with immediate_signals():
                    return objective.user_score(job), loss
            if objective.score_of_outputs is None:
                return -plain_cost, plain_cost
            outputs = job.net.forward(
                state.params,
                own.X,
                scale=job.data.input_scale,
                order=state.held_out_rows,
                n_threads=job.n_threads,
                seconds=seconds_until(until),
            )
            score = objective.score_of_outputs(outputs, own.targets, own.weight)
            return score, -score if objective.score_is_minus_loss else loss
        except NonFiniteInputError as error:
            raise job.data.first_error(error, job.net.dtype, validation=True) from None

    def _losses(self, until: float) -> tuple[float, float]:
        """Return the mean loss of the rows, without penalty, and their plain cost."""
        job, data, objective = self.job, self.job.data, self.job.objective
        rows = data.rows if data.validation is None else data.validation
        cost, plain_cost = job.net.cost_and_plain_cost(
            job.state.params,
            rows.X,
            rows.targets,
            scale=data.input_scale,
            order=job.state.held_out_rows,
            n_threads=job.n_threads,
            seconds=seconds_until(until),
            checked=data.validation is None,
            sample_weight=rows.weight,
            loss_scale=objective.loss_scale,
            clip=log_loss_clip(job.net),
        )
        return objective.reported(cost), plain_cost


class UserScore:
    """The score of the validation rows that a function of the user computes: ``function(model(job), X, y)``.

    If the rows have weights, it also gets ``sample_weight=weight``. `model` returns a network or estimator with the
    present parameters of a job. `y` are the targets of all rows, or of the user's own validation rows, as they were
    passed.
    """

    def __init__(
        self, function: Callable[..., Any], model: Callable[[TrainingJob], Any], y: NDArray[Any]
    ) -> None:
        self.function, self.model, self._y = function, model, y
        self._arguments: tuple[Any, Any, dict[str, Any]] | None = None

    def __call__(self, job: TrainingJob) -> float:
        """Return the score; raises ValueError if the function returns no number."""
        if self._arguments is None:
            self._arguments = self._rows(job.data, job.state.held_out_rows)
        X, y, weight = self._arguments
        value = self.function(self.model(job), X, y, **weight)
        if not isinstance(value, Real) or math.isnan(value):
            raise InvalidParameterError(
                f"scoring must return a number, got {shown(value)}.",
                parameter="scoring",
                value=self.function,
            )
        return float(value)

    def _rows(
        self, data: Data, held_out: NDArray[np.int64] | None
    ) -> tuple[NDArray[Any] | CSR, NDArray[Any], dict[str, Any]]:
        rows, y = data.validation, self._y
        if rows is None:
            assert held_out is not None  # there are validation rows
            rows = data.rows.take(held_out)
            y = y[held_out]
        return rows.X, y, {} if rows.weight is None else {"sample_weight": rows.weight}
