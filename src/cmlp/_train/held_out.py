"""Validation during training: score and loss of rows that are not trained on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from cmlp._process.signals import undeferred
from cmlp._train.job import log_loss_clip
from cmlp.exceptions import NonFiniteInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp._data.sparse import CSR
    from cmlp._train.deadline import Deadline
    from cmlp._train.job import TrainingJob


class NoValidation:
    """Validation without validation rows."""

    horizon = math.inf

    def measure(self, deadline: Deadline) -> tuple[float | None, float]:
        """Return no score and no loss."""
        return None, math.nan


class HeldOut:
    """Validation rows: the program's own ones, or those held out by the training; measured in every epoch."""

    horizon = 1.0

    def __init__(self, job: TrainingJob) -> None:
        self.job = job
        data, task, rows = job.data, job.task, job.state.validation
        weight = None if data.weight is None or rows is None else data.weight[rows]
        self._rows = (data.X, task.targets[rows], weight) if data.validation is None else data.validation

    def measure(self, deadline: Deadline) -> tuple[float | None, float]:
        """Return the score and, if it is recorded, the loss of the validation rows; otherwise NaN."""
        job, (X, targets, weight) = self.job, self._rows
        task, state = job.task, job.state
        by_loss = job.options.scoring == "loss"
        keywords: dict[str, Any] = {
            "scale": job.data.input_scale,
            "order": state.validation,
            "n_threads": job.n_threads,
            "seconds": deadline.left(),
        }
        loss = plain_loss = math.nan
        try:
            if job.data.validation is not None or by_loss or task.score is None:
                loss, plain_loss = self._losses(X, keywords)
            if by_loss:
                return -loss, loss
            if task.scorer is not None:
                with undeferred():
                    return task.scorer(), loss
            if task.score is None:
                return -plain_loss, loss
            return task.score(job.net.forward(state.params, X, **keywords), targets, weight), loss
        except NonFiniteInputError as error:
            raise job.data.first_error(error, job.net.dtype, validation=True) from None

    def _losses(self, X: NDArray[Any] | CSR, keywords: dict[str, Any]) -> tuple[float, float]:
        """Return the mean loss of the rows, without penalty, and their plain loss if it is the score; otherwise NaN."""
        data, task, net = self.job.data, self.job.task, self.job.net
        rows = data if data.validation is None else data.validation
        targets = task.targets if data.validation is None else data.validation.targets
        arguments = self.job.state.params, X, targets
        keywords = {
            **keywords,
            "sample_weight": rows.weight,
            "loss_scale": task.loss_scale,
            "clip": log_loss_clip(net),
            "checked": data.validation is None,
        }
        if task.score is None:
            cost, plain_loss = net.cost_and_plain_loss(*arguments, **keywords)
        else:
            cost, plain_loss = net.cost(*arguments, **keywords), math.nan
        return cost * task.report_scale * task.unit, plain_loss
