"""How training begins: the random numbers and scales that it needs before its first epoch, and the training itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from cmlp._data.losses import traits_of
from cmlp._train.lbfgs import Minimization
from cmlp._train.objective import Objective, y_scale_to_learn
from cmlp._train.random import draw_seed
from cmlp._train.target_scale import TargetScale, warn_of_lost_targets
from cmlp._train.team import ALONE, Team
from cmlp._train.training import Training

if TYPE_CHECKING:
    from cmlp._bridge import _core
    from cmlp._data.array_types import LossFunction, NDArray
    from cmlp._parameters.options import TrainingOptions
    from cmlp._train.data import Data
    from cmlp._train.random import Generator
    from cmlp._train.state import TrainingState


def make_training(
    net: _core.Net,
    objective: Objective,
    data: Data,
    options: TrainingOptions,
    state: TrainingState,
    *,
    n_threads: int | None = None,
    signs: NDArray[np.int8] | None = None,
    team: Team = ALONE,
) -> Training:
    """Return the training; the last three arguments are those of `Training`.

    The state begins, or continues if it has epochs. The validation rows are the only thing that is drawn. The data
    learn the scale of the inputs that they name, and that of the targets if the objective has a `y_scale`. Raises
    ValueError if the state does not match the network or the data.
    """
    state.settle()
    if net.dtype == "float32" and objective.y_scale is None and not state.history.t:
        warn_of_lost_targets(data.rows.targets, data.rows.weight)
    state.check(net)
    data.require_weights(net.dtype)
    _begin(state, data, options)
    input_scale, target_scale = data.learn_scales(state, y_scale_to_learn(objective, state))
    if input_scale is not None:
        data = replace(data, input_scale=input_scale)
    if objective.y_scale is not None:
        scale = state.target_scale or target_scale
        assert scale is not None
        state.target_scale = scale
        state.use_units_of_targets(net)
        objective = objective._replace(unit=_unit_of_loss(scale, net.loss), y_advice="")
        data = data.standardized(scale)
    state.restore_last()
    if options.has_epochs and (state.optimizer is None or state.schedule is None):
        state.optimizer, state.schedule = options.optimizer(net), options.schedule()
    kind = Training if options.has_epochs else Minimization
    return kind(net, objective, data, options, state, n_threads=n_threads, signs=signs, team=team)


def draw_dropout_seed(state: TrainingState, options: TrainingOptions, n_layers: int) -> None:
    """With dropout, draw the seed of a new training from its generator."""
    if "dropout" in options.penalty_and_dropout(n_layers):
        assert state.generator is not None
        state.dropout_seed = draw_seed(state.generator)


def _begin(state: TrainingState, data: Data, options: TrainingOptions) -> None:
    """Begin a call with its validation rows, or continue one; raises ValueError if it cannot continue."""
    if options.shuffle and state.generator is None:
        raise ValueError(
            "The training state is from a finished training: it has no random generator."
        )
    if state.n_rows is None or not options.has_epochs:  # whose memory is not a part of the state
        state.history.begin(
            early_stopping=options.early_stopping, has_own_rows=data.validation is not None
        )
        _draw_split(state, data, options)
    elif state.n_rows != data.n_all_rows:
        raise ValueError(
            f"Training began with {state.n_rows} rows, so it cannot continue with {data.n_all_rows}."
        )


def _draw_split(state: TrainingState, data: Data, options: TrainingOptions) -> None:
    """Choose the validation rows, and store the number of rows in the same step."""
    n_rows = data.n_all_rows

    def draw(rng: Generator | None) -> dict[str, object]:
        order, held_out = data.first_order(n_rows, options, rng)
        return {"n_rows": n_rows, "order": order, "held_out_index": held_out}

    holds_out = data.holds_out(options)
    if holds_out or data.split is not None:
        state.keep_generator()
    if holds_out:
        state.draw_and_assign(draw)
    else:
        vars(state).update(draw(None))


def _unit_of_loss(scale: TargetScale, loss: str | LossFunction) -> float:
    """Return the unit of the loss of standardized targets; 1 if its terms have several units."""
    with np.errstate(over="ignore", under="ignore"):
        if (scale.factor == scale.factor[0]).all():
            unit = float(scale.factor[0] ** -traits_of(loss).power)
        else:
            unit = 1.0
    if not 0 < unit < np.inf:
        raise ValueError(
            "y must have a spread whose square is a finite positive number for "
            f"y_scale={scale.kind!r} with loss={loss!r}, got {1 / scale.factor[0]:g}: multiply y "
            "by a constant."
        )
    return unit
