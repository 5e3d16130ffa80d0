"""How training begins: what it consists of, and which random numbers and scales it needs before its first epoch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._train.history import Curve
from cmlp._train.random import draw_and_store
from cmlp._train.split import split
from cmlp._train.stopping import STOPPING_RULES
from cmlp._train.target_scale import warn_of_lost_targets
from cmlp._train.task import standardized
from cmlp._workers import ALONE, Workers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cmlp._core import Net
    from cmlp._train.random import Generator
    from cmlp._train.settings import Settings
    from cmlp._train.state import TrainingState
    from cmlp._train.task import Data, Task


class Fit(NamedTuple):
    """What is trained on what: the arguments of all parts of a `Training`. Only the state changes."""

    net: Net
    task: Task
    data: Data  # all rows, or some of them for messages if the training `reads_again`
    settings: Settings
    state: TrainingState
    n_threads: int | None = None
    workers: Workers = ALONE
    reads_again: bool = False  # whether a source is read in every epoch
    judges: bool = True  # whether the result is compared with the best constant answer
    given: tuple[Data, NDArray[Any]] | None = None  # data and targets in the units of the program, after `begin`

    def objective(self) -> dict[str, Any]:
        """Return the keywords of the core for what is minimized."""
        return {
            **self.settings.objective(len(self.net.sizes) - 1),
            "loss_scale": self.task.loss_scale,
            "clip": log_loss_clip(self.net),
            "scale": self.data.input_scale,
            "n_threads": self.n_threads,
        }


def begin(fit: Fit, n_rows: int) -> Fit:
    """Choose the validation rows, and learn the scales of inputs and targets; a state with epochs continues.

    The validation rows are the only thing that is drawn. `n_rows` is 0 for a source of unknown length. Raises
    ValueError if the state does not match the network or the data.
    """
    net, task, data, settings, state = fit[:5]
    if net.dtype == "float32" and not task.standardize and not state.history.t:
        warn_of_lost_targets(task.targets, data.weight)
    state.check(net)
    data.require_weights(net.dtype)
    if settings.shuffle and state.generator is None:
        raise ValueError("The training state is from a finished training: it has no random generator.")
    if state.n_rows is None or settings.solver == "lbfgs":  # whose memory is not a part of the state
        _begin_history(fit, n_rows)
    elif state.n_rows != n_rows:
        raise ValueError(f"Training began with {state.n_rows} rows, so it cannot continue with {n_rows}.")
    else:
        state.unfold(net)
        state.restore_last()
    learned = data.with_learned_scale(state.order)
    scaled = standardized(task, net, learned, state)
    return fit._replace(task=scaled, data=learned.scaled_like(state.target_scale), given=(data, task.targets))


def _begin_history(fit: Fit, n_rows: int) -> None:
    """Prepare the history of a state that has not seen the data yet, and choose the validation rows."""
    task, data, settings, state = fit[1:5]
    history = state.history
    STOPPING_RULES[settings.early_stopping](settings.tol).begin(history)
    if data.validation is not None and history.validation_scores is None:
        history.validation_scores, history.best_validation_score = Curve(), -math.inf
    if data.split is not None:
        state.n_rows, (state.order, state.validation) = n_rows, data.split
        return
    if not settings.early_stopping or data.validation is not None:
        state.n_rows = n_rows
        return

    def draw(rng: Generator) -> dict[str, object]:
        order, validation = split(task, data.weight, n_rows, settings, rng)
        if settings.shuffle == "blocks":
            order.sort()
        return {"n_rows": n_rows, "order": order, "validation": validation}

    draw_and_store(state, draw)


def log_loss_clip(net: Net) -> float:
    """Return the eps for which the reported log loss clips probabilities to [eps, 1 - eps], as in scikit-learn."""
    return float(np.finfo(net.dtype).eps) if net.loss == "log_loss" else 0.0
