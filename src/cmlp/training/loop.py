"""The training loop of one fit: epochs, learning rate, stopping, the best weights.

The epochs themselves (batches, gradients, updates) are the core's; here stands what happens
between them.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp.exceptions import ConvergenceWarning, DivergenceError, sklearn_class, warn
from cmlp.inputs.blocks import block_copy
from cmlp.training.schedules import one_cycle_rates
from cmlp.training.split import shuffled

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import SimpleNamespace

    from numpy.typing import NDArray

    from cmlp._core import Net, Optimizer
    from cmlp.inputs.labels import Labels
    from cmlp.inputs.sparse import CSR
    from cmlp.training.random import Draws

# An adaptive learning rate is not divided further once it is this small.
SMALLEST_ADAPTIVE_RATE = 1e-6


class Schedule:
    """Learning rate: between epochs, and for "one_cycle" between batches.

    Parameters
    ----------
    kind : {"constant", "invscaling", "adaptive", "one_cycle"}
        "invscaling" divides the first rate by ``(t + 1) ** power_t``, t being the rows trained on
        so far; "adaptive" divides the rate by 5 whenever training has stopped improving;
        "one_cycle" gives each batch of all epochs its own, see `one_cycle_rates`.
    rate : float
        The first learning rate; for "one_cycle" the largest.
    power_t : float
        Exponent for "invscaling".
    n_epochs : int
        Length of "one_cycle".
    """

    def __init__(self, kind: str, rate: float, power_t: float, n_epochs: int) -> None:
        self.kind, self.rate, self.power_t, self.n_epochs = kind, rate, power_t, n_epochs
        self.epoch = 0

    @property
    def is_planned(self) -> bool:
        """Whether the schedule itself says when training ends."""
        return self.kind == "one_cycle"

    def batch_rates(self, n_batches: int) -> NDArray[np.float64] | None:
        """Rates of the coming epoch's batches; None where the optimizer's rate holds for all."""
        if not self.is_planned:
            return None
        if self.epoch >= self.n_epochs:
            raise ValueError(
                f"learning_rate='one_cycle' has come to its end after max_iter={self.n_epochs} "
                "epochs: partial_fit cannot train on. Call fit to start anew, or use a larger "
                "max_iter from the first call on."
            )
        return one_cycle_rates(self.rate, epoch=self.epoch, n_epochs=self.n_epochs, n_batches=n_batches)

    def epoch_ended(self, optimizer: Optimizer, t: int) -> None:
        """Set the learning rate of the next epoch, after `t` rows in all."""
        self.epoch += 1
        if self.kind == "invscaling":
            optimizer.learning_rate = float(self.rate) / (t + 1) ** self.power_t

    def improvement_ended(self, optimizer: Optimizer) -> tuple[str, bool]:
        """What follows, as the end of a printed line, and whether training is over."""
        if self.kind != "adaptive":
            return "Stopping.", True
        if optimizer.learning_rate <= SMALLEST_ADAPTIVE_RATE:
            return "Learning rate too small. Stopping.", True
        optimizer.learning_rate /= 5.0
        return f"Setting learning rate to {optimizer.learning_rate:f}", False


class Task(NamedTuple):
    """What a network is trained for, and in which scale its cost is reported.

    The objective is `loss_scale` times the core's cost; the report is the objective times
    `report_scale`, its log loss taken of probabilities in ``[clip, 1 - clip]``.
    """

    targets: NDArray[Any]
    n_outputs: int
    output: str
    loss: str
    # Of (outputs, targets, weight): how good the answers are.
    score: Callable[[NDArray[Any], NDArray[Any], NDArray[Any] | None], float]
    labels: Labels | None = None  # the classes, for a classifier
    groups: NDArray[Any] | None = None  # each row's group where the validation rows are stratified
    loss_scale: float = 1.0
    report_scale: float = 1.0
    clip: float = 0.0


class Data(NamedTuple):
    """Rows with their weights, and the row numbers to train and to validate on."""

    X: NDArray[Any] | CSR
    weight: NDArray[np.float64] | None
    input_scale: float
    training: NDArray[np.int64] | None = None  # None: all rows as they stand
    validation: NDArray[np.int64] | None = None

    @property
    def n_training(self) -> int:
        """Number of training rows."""
        return len(self.X) if self.training is None else len(self.training)


class Training:
    """One call of fit or partial_fit.

    Parameters
    ----------
    net, params, optimizer : cmlp._core.Net, ndarray, cmlp._core.Optimizer
        The network; the block and the optimizer are changed in place.
    schedule : Schedule
    progress : cmlp.estimators.model.Progress
    task : Task
    data : Data
    settings : namespace
        The estimator's parameters, resolved.
    rng : RandomState or cmlp._core.Random
        Draws the order of the rows.
    """

    def __init__(
        self,
        net: Net,
        params: NDArray[Any],
        optimizer: Optimizer,
        *,
        schedule: Schedule,
        progress: Any,  # a Progress; its module imports this one
        task: Task,
        data: Data,
        settings: SimpleNamespace,
        rng: Draws,
    ) -> None:
        self.net, self.params, self.optimizer = net, params, optimizer
        self.schedule, self.progress = schedule, progress
        self.task, self.data, self.settings, self.rng = task, data, settings, rng
        self.best: NDArray[Any] | None = None
        self.order = data.training
        self.epoch = 0
        self.batch_size = self._batch_size()

    def _batch_size(self) -> int:
        wanted, n_rows = self.settings.batch_size, self.data.n_training
        if isinstance(wanted, str):
            return min(200, n_rows)
        if wanted > n_rows:
            warn("Got `batch_size` less than 1 or larger than sample size. It is going to be clipped")
        return int(min(wanted, n_rows))

    def run(self, *, incremental: bool = False) -> None:
        """Train until training stops or `max_iter` is reached; partial_fit's is a single epoch."""
        self.started = time.monotonic()
        try:
            self._run(incremental)
        except DivergenceError as error:
            raise DivergenceError(self._divergence()) from error

    def _run(self, incremental: bool) -> None:
        max_iter = self.settings.max_iter
        for self.epoch in range(1, max_iter + 1):
            self._record(self._epoch_cost())
            self.schedule.epoch_ended(self.optimizer, self.progress.t)
            if self._stops() or incremental:
                return
        if self.settings.warn_at_max_iter and not self.schedule.is_planned:
            warn(
                f"Stochastic Optimizer: Maximum iterations ({max_iter}) "
                "reached and the optimization hasn't converged yet.",
                sklearn_class(ConvergenceWarning),
            )

    def final_params(self) -> NDArray[Any]:
        """The block to keep: under early stopping the best of this call.

        As in scikit-learn, a warm start that finds nothing better than the calls before it keeps
        the weights it ended with.
        """
        return self.params if self.best is None else self.best

    def _epoch_cost(self) -> float:
        settings, data, task = self.settings, self.data, self.task
        rates = self.schedule.batch_rates(-(-data.n_training // self.batch_size))
        if settings.shuffle:
            self.order = shuffled(self.order, data.n_training, self.rng)
        cost, penalty, _, _ = self.net.train_epoch(
            self.params,
            data.X,
            task.targets,
            self.optimizer,
            batch_size=self.batch_size,
            order=self.order,
            sample_weight=data.weight,
            alpha=settings.alpha,
            loss_scale=task.loss_scale,
            clip=task.clip,
            scale=data.input_scale,
            rates=rates,
            n_threads=settings.n_threads,
        )
        cost = cost * task.report_scale + penalty
        if not math.isfinite(cost):  # squares overflow before what is learnt from them does
            raise DivergenceError(f"The cost of epoch {self.epoch} is {cost}.")
        return cost

    def _record(self, cost: float) -> None:
        progress = self.progress
        progress.loss = cost
        progress.loss_curve.append(cost)
        progress.n_iter += 1
        progress.t += self.data.n_training
        if progress.validation_scores is None:
            self._watch_cost(cost)
        else:
            self._watch_score()
        if self.settings.verbose:
            self._print(cost)

    def _watch_cost(self, cost: float) -> None:
        progress = self.progress
        improved = cost <= progress.best_loss - self.settings.tol
        progress.stale = 0 if improved else progress.stale + 1
        progress.best_loss = min(progress.best_loss, cost)

    def _watch_score(self) -> None:
        progress, data, rows = self.progress, self.data, self.data.validation
        outputs = self.net.forward(
            self.params,
            data.X,
            scale=data.input_scale,
            order=rows,
            n_threads=self.settings.n_threads,
        )
        weight = None if data.weight is None else data.weight[rows]
        score = self.task.score(outputs, self.task.targets[rows], weight)
        progress.validation_scores.append(score)
        improved = score >= progress.best_validation_score + self.settings.tol
        progress.stale = 0 if improved else progress.stale + 1
        if score > progress.best_validation_score:
            progress.best_validation_score = score
            self.best = block_copy(self.params)

    def _stops(self) -> bool:
        stale = self.progress.stale > self.settings.n_iter_no_change
        if self.schedule.is_planned or not stale:
            return False
        then, stops = self.schedule.improvement_ended(self.optimizer)
        if self.settings.verbose:
            measure = "Training loss"
            if self.progress.validation_scores is not None:
                measure = "Validation score"
            print(
                f"{measure} did not improve more than tol={self.settings.tol:f} for "
                f"{self.settings.n_iter_no_change} consecutive epochs. {then}"
            )
        if not stops:
            self.progress.stale = 0
        return stops

    def _print(self, cost: float) -> None:
        progress = self.progress
        line = f"Iteration {progress.n_iter}, loss = {cost:.8f}"
        if progress.validation_scores is not None:
            line += f", validation score = {progress.validation_scores[-1]:f}"
        left = self.settings.max_iter - progress.n_iter
        seconds = (time.monotonic() - self.started) / progress.n_iter * left
        print(f"{line}, at most {seconds:.0f} s left", flush=True)

    def _divergence(self) -> str:
        most = "up to " if self.schedule.is_planned else ""
        return (
            "Solver produced non-finite parameter weights. The input data may contain large "
            "values and need to be preprocessed. "
            f"This happened in epoch {self.epoch} with batches of "
            f"{self.batch_size} rows and a learning rate of {most}{self.optimizer.learning_rate:g}; "
            "a smaller learning_rate_init or standardized input usually helps."
        )
