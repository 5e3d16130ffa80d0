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

    from cmlp._bridge import _core
    from cmlp._train.engine import Engine
    from cmlp._train.job import Data, Objective, TrainingJob
    from cmlp._train.random import Generator
    from cmlp._train.state import TrainingState

TrainingRun: TypeAlias = EpochLoop | LBFGS

# The unit of a loss is this power of y's unit.
_POWERS: Mapping[Any, int] = {"squared_error": 2, "huber": 2, "absolute_error": 1, "quantile": 1}


def with_split_and_scales(job: TrainingJob, n_rows: int) -> TrainingJob:
    """Choose the validation rows, and learn the scales of inputs and targets; a state with epochs continues.

    The validation rows are the only thing that is drawn. `n_rows` is 0 for a source of unknown length. Raises
    ValueError if the state does not match the network or the data.
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
    objective, scaled = _standardized(objective, data.with_learned_scale(state.order), net, state)
    state.restore_last()
    return job._replace(objective=objective, data=scaled, user_data=data)


def _standardized(objective: Objective, data: Data, net: _core.Net, state: TrainingState) -> tuple[Objective, Data]:
    """Return both for standardized targets, by a scale learned once, and bring the parameters to their scale."""
    if objective.y_scale is None:
        return objective, data
    if state.target_scale is None and objective.y_scale == "robust":
        state.target_scale = robust_scale(data.targets, data.weight, state.order, net.dtype)
    elif state.target_scale is None:
        moments = Moments()
        moments.add(data.targets, data.weight, state.order)
        state.target_scale = standard_scale(moments, net.dtype)
    state.use_units_of_targets(net)
    scale = state.target_scale
    same = bool((scale.factor == scale.factor[0]).all())  # otherwise, the terms of a loss have several units
    with np.errstate(over="ignore", under="ignore"):
        unit = float(scale.factor[0] ** -_POWERS[net.loss]) if same else 1.0
    if not 0 < unit < np.inf:
        problem = (
            "y must have a spread whose square is a finite positive number for <y_scale=> with <loss=>, got "
            f"{1 / scale.factor[0]:g}: multiply y by a constant."
        )
        raise ValueError(Message(problem, y_scale=scale.kind, loss=net.loss))
    return objective._replace(unit=unit, y_scale=None, y_advice=""), data.standardized(scale)


def _begin_history(job: TrainingJob, n_rows: int) -> None:
    """Prepare the history of a state that has not seen the data yet, and choose the validation rows."""
    data, options, state = job.data, job.options, job.state
    history = state.history
    STOPPING_RULES[options.early_stopping](options.tol).begin(history)
    if data.validation is not None and history.validation_scores is None:
        history.validation_scores, history.best_validation_score = Curve(), -math.inf
    if data.split is not None:
        state.n_rows, (state.order, state.validation) = n_rows, data.split
        return
    if not options.early_stopping or data.validation is not None:
        state.n_rows = n_rows
        return

    def draw(rng: Generator) -> dict[str, object]:
        order, validation = split(data, n_rows, options, rng)
        if options.shuffle == "blocks":
            order.sort()
        return {"n_rows": n_rows, "order": order, "validation": validation}

    state.draw_and_replace(draw)


def make_run(job: TrainingJob, n_rows: int, engine: Callable[[TrainingJob], Engine]) -> TrainingRun:
    """Begin or continue training on `n_rows` rows (0 if not known); return what executes it.

    That is the loop, whose engine is made last, or a minimizer without epochs.
    """
    prepared, state = with_split_and_scales(job, n_rows), job.state
    if job.options.solver == "lbfgs":
        return LBFGS(prepared)
    if state.optimizer is None or state.schedule is None:
        state.optimizer, state.schedule = job.options.optimizer(job.net), job.options.schedule()
    return EpochLoop(prepared, engine(prepared))
