"""How training begins: the random numbers and scales that it needs before its first epoch, and what executes it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from cmlp._data.scale import Moments
from cmlp._train.lbfgs import LBFGS
from cmlp._train.loop import STOPPING_RULES, EpochLoop
from cmlp._train.split import split
from cmlp._train.state import Curve
from cmlp._train.target_scale import robust_scale, standard_scale, warn_of_lost_targets
from cmlp.exceptions import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from numpy.typing import NDArray

    from cmlp._train.engine import Engine
    from cmlp._train.job import Data, TrainingJob
    from cmlp._train.random import Generator
    from cmlp._train.target_scale import TargetScale

TrainingRun: TypeAlias = EpochLoop | LBFGS

# The unit of a loss is this power of y's unit.
_POWERS: Mapping[Any, int] = {"squared_error": 2, "huber": 2, "absolute_error": 1, "quantile": 1}


def begin(job: TrainingJob, n_rows: int) -> None:
    """Change the state of a job so that it can train on `n_rows` rows (0 if not known); one with epochs continues.

    Choose the validation rows, learn the scale of the targets and bring the parameters to it, and make the optimizer.
    The validation rows are the only thing that is drawn. Raises ValueError if the state does not match the network or
    the data.
    """
    net, objective, data, options, state = job.net, job.objective, job.data, job.options, job.state
    if net.dtype == "float32" and objective.y_scale is None and not state.history.t:
        warn_of_lost_targets(data.targets, data.weight)
    state.check(net)
    data.require_weights(net.dtype)
    if options.shuffle and state.generator is None:
        raise ValueError("The training state is from a finished training: it has no random generator.")
    if state.n_rows is None or options.solver == "lbfgs":  # whose memory is not a part of the state
        _begin_history(job, n_rows)
    elif state.n_rows != n_rows:
        raise ValueError(f"Training began with {state.n_rows} rows, so it cannot continue with {n_rows}.")
    if objective.y_scale is not None:
        if state.target_scale is None:
            state.target_scale = _learned_target_scale(objective.y_scale, data, state.order, net.dtype)
        state.use_units_of_targets(net)
    state.restore_last()
    if options.solver != "lbfgs" and (state.optimizer is None or state.schedule is None):
        state.optimizer, state.schedule = options.optimizer(net), options.schedule()


def _learned_target_scale(kind: str, data: Data, order: NDArray[np.int64] | None, dtype: np.dtype[Any]) -> TargetScale:
    if kind == "robust":
        return robust_scale(data.targets, data.weight, order, dtype)
    moments = Moments()
    moments.add(data.targets, data.weight, order)
    return standard_scale(moments, dtype)


def _standardized(job: TrainingJob) -> TrainingJob:
    """Return a job for targets in the scale of its state, if it has one."""
    net, objective, data, scale = job.net, job.objective, job.data, job.state.target_scale
    if objective.y_scale is None or scale is None:
        return job
    same = bool((scale.factor == scale.factor[0]).all())  # otherwise, the terms of a loss have several units
    with np.errstate(over="ignore", under="ignore"):
        unit = float(scale.factor[0] ** -_POWERS[net.loss]) if same else 1.0
    if not 0 < unit < np.inf:
        problem = (
            "y must have a spread whose square is a finite positive number for <y_scale=> with <loss=>, got {:g}: "
            "multiply y by a constant."
        )
        raise ValueError(Message(problem, 1 / scale.factor[0], y_scale=scale.kind, loss=net.loss))
    objective = objective._replace(unit=unit, y_advice="")
    return job._replace(objective=objective, data=data.standardized(scale), user_data=data)


def _begin_history(job: TrainingJob, n_rows: int) -> None:
    """Prepare the history of a state that has not seen the data yet, and choose the validation rows."""
    data, options, state = job.data, job.options, job.state
    history = state.history
    STOPPING_RULES[options.early_stopping](options.tol).begin(history)
    if data.validation is not None and history.validation_scores is None:
        history.validation_scores, history.best_validation_score = Curve(), -math.inf
    if data.split is not None:
        state.n_rows, (state.order, state.held_out_rows) = n_rows, data.split
        return
    if not options.early_stopping or data.validation is not None:
        state.n_rows = n_rows
        return

    def draw(rng: Generator) -> dict[str, object]:
        order, held_out = split(data, n_rows, options, rng)
        if options.shuffle == "blocks":
            order.sort()
        return {"n_rows": n_rows, "order": order, "held_out_rows": held_out}

    state.draw_and_assign(draw)


def make_run(job: TrainingJob, engine: Callable[[TrainingJob], Engine]) -> TrainingRun:
    """Return what executes a job whose state has begun: the loop, whose engine is made last, or a minimizer.

    Inputs and targets are scaled: by a scale that is learned from the training rows now, or that the state has.
    """
    job = _standardized(job._replace(data=job.data.with_learned_scale(job.state.order)))
    return LBFGS(job) if job.options.solver == "lbfgs" else EpochLoop(job, engine(job))
