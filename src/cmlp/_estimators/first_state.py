"""What a fit begins with: the network, its dtype, the scale of the inputs, and the first state of training."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import block_copy
from cmlp._data.scale import InputScale, check_scale_width
from cmlp._estimators.attributes import assigned_params
from cmlp._estimators.resuming import resumed_state
from cmlp._train.initialization import initial_params
from cmlp._train.random import random_state
from cmlp._train.state import History, TrainingState

if TYPE_CHECKING:
    from cmlp._estimators.request import FitRequest
    from cmlp._estimators.targets import TargetEncoding
    from cmlp._train.random import Generator


def network_description(
    request: FitRequest, targets: TargetEncoding, n_features: int, dtype: np.dtype[Any]
) -> _core.Net:
    """Return the network; raises ValueError if it differs from the previous model's network."""
    options, previous = request.options, request.previous
    sizes = (n_features, *options.hidden_layer_sizes, targets.n_outputs)
    known = None if previous is None else previous.model.net
    if known is not None and known.sizes != sizes:
        raise ValueError(
            f"The model was fitted with the layer sizes {known.sizes}, so training cannot continue with "
            f"{sizes}; call fit with warm_start=False to start again."
        )
    activations, numbers = (*options.activation, targets.output), (*options.activation_parameter, 0.0)
    make = _core.shared_net if isinstance(options.loss, str) else _core.Net  # a function may not be hashable
    net = make(sizes, activations, options.loss, dtype, numbers, options.loss_parameter)
    if known is not None:
        require_same("activation", known.activations[:-1], net.activations[:-1])
        require_same("activation_parameter", known.activation_parameters, net.activation_parameters)
        require_same("loss", known.loss, net.loss)
        require_same("the loss parameter", known.loss_parameter, net.loss_parameter)
        require_same("the output activation", known.activations[-1], net.activations[-1])
    return net


def begun_state(request: FitRequest, net: _core.Net) -> TrainingState:
    """Return the state of a call before its first epoch, or the kept one of the call that is resumed."""
    options, rng = request.options, random_state(request.options.random_state)
    if request.resume and request.previous is not None:
        return resumed_state(request.previous.state, options)
    state = _initial_state(request, net, rng)
    options.draw_dropout_seed(state, len(net.sizes) - 1)
    return state


def _initial_state(request: FitRequest, net: _core.Net, rng: Generator) -> TrainingState:
    """Return the initial state: a new one, or one that continues from the previous model."""
    options, previous, incremental = request.options, request.previous, request.incremental
    scaled, random = options.y_scale is not None, False
    known = None if previous is None else previous.state.target_scale
    if previous is None:
        assigned = assigned_params(request.estimator, net) if incremental or options.warm_start else None
        params = assigned
        if params is None:
            params = initial_params(net, rng, options.init_activation, options.initialization)
            random = isinstance(options.initialization, str)
        history = History()
    else:
        params, history = block_copy(previous.model.params), previous.history.copy()
    if previous is None or not incremental:
        state = TrainingState(params, history, rng)
        state.target_scale = known if known is not None and known.kind == options.y_scale else None
        state.predicts_y = scaled and not random  # random parameters are for standardized targets
        return state
    kept, rate = previous.state, options.learning_rate_init
    if kept.optimizer is not None:
        require_same("y_scale", None if known is None else known.kind, options.y_scale)
    optimizer, schedule = deepcopy(kept.optimizer), kept.schedule
    if optimizer is not None and schedule is not None and rate != schedule.rate:  # set_params has changed it
        schedule = schedule.with_rate(rate)
        optimizer.learning_rate = schedule.next_rate(schedule.rate, history.t)
    state = TrainingState(params, history, rng, optimizer, schedule, kept.schedule_epoch)
    state.target_scale, state.predicts_y = known, scaled
    return state


def input_scale_of(request: FitRequest, n_features: int) -> float | InputScale | str:
    """Return the scale, which a model keeps; a name if it is to be learned."""
    scale, previous = request.options.input_scale, request.previous
    if previous is None:
        check_scale_width(scale, n_features)
    elif isinstance(scale, str) and previous.scale_name is not None:
        require_same("input_scale", previous.scale_name, scale)
    else:
        require_same("input_scale", previous.model.input_scale, scale)
    return scale if previous is None else previous.model.input_scale


def dtype_of(request: FitRequest, auto_dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype of the network, which a model keeps; `auto_dtype` is that for ``dtype="auto"``."""
    options, previous = request.options, request.previous
    if previous is None:
        return auto_dtype if options.dtype == "auto" else np.dtype(options.dtype)
    if options.dtype != "auto":
        require_same("dtype", previous.model.net.dtype.name, options.dtype)
    return previous.model.net.dtype


def require_same(name: str, was: object, now: object) -> None:
    """Raise ValueError if training continues with a different value than the model was fitted with."""
    if was != now:
        raise ValueError(
            f"The model was fitted with {name}={was!r}, so training cannot continue with {now!r}; "
            "call fit with warm_start=False to start again."
        )
