"""`FitRequest` and `TableRequest`: a call of fit but for its rows.

They have the validated parameters, and the fit that the call continues.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import block_copy
from cmlp._data.checks import Door
from cmlp._data.scale import check_scale_width
from cmlp._estimators.estimator_options import with_known_seed
from cmlp._estimators.fitted import assigned_params, fitted_of
from cmlp._estimators.kinds_of_call import FIT, KindOfCall
from cmlp._estimators.resuming import fit_to_resume, resumed_state, table_to_resume
from cmlp._train.architecture import initial_params
from cmlp._train.parameters import PARAMETERS
from cmlp._train.random import random_state
from cmlp._train.state import History, TrainingState, Weights
from cmlp.exceptions import InvalidParameterError, Setting

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from cmlp._data.checks import Rows
    from cmlp._data.scale import InputScale
    from cmlp._estimators.estimator import Estimator
    from cmlp._estimators.estimator_options import EstimatorOptions, TableOptions
    from cmlp._estimators.fitted import Fitted, FittedTable
    from cmlp._model.model import TableModel
    from cmlp._train.random import Generator
    from cmlp._train.split import Shards


@dataclass(frozen=True)
class Request:
    """A call that trains an estimator: everything but its rows."""

    estimator: Estimator
    options: EstimatorOptions | TableOptions
    previous: Fitted | FittedTable | None = None  # the fit that the call continues
    validation: tuple[Any, Any, Any] = (None, None, None)  # X, y and weights of own validation rows
    resume: bool = False

    @property
    def is_classifier(self) -> bool:
        """Whether y has labels."""
        return self.estimator._estimator_type == "classifier"

    @property
    def earlier_provenance(self) -> dict[str, Any] | None:
        """The record of the fit that is resumed; None if none is resumed, or one without a record."""
        return self.previous.provenance if self.resume and self.previous is not None else None

    @property
    def is_recorded(self) -> bool:
        """Whether a call of fit is recorded: with ``provenance=True``, unless it resumes a fit without a record."""
        return self.options.provenance and (not self.resume or self.earlier_provenance is not None)

    @property
    def class_name(self) -> str:
        """The name of the estimator's class, for messages."""
        return type(self.estimator).__name__


class Start(NamedTuple):
    """What a fit knows of its model once the rows are open."""

    dtype: np.dtype[Any]
    names: NDArray[Any] | None  # of the columns
    input_scale: float | InputScale  # 1 if there is a `scale_to_learn`
    scale_to_learn: str | None = None  # the name of the scale of the inputs that the fit learns


@dataclass(frozen=True)
class FitRequest(Request):
    """A call that trains an estimator of one network: everything but its rows."""

    options: EstimatorOptions
    previous: Fitted | None = None
    classes: ArrayLike | None = None  # all classes, if the rows arrive in parts
    shards: Shards | None = None
    call: KindOfCall = FIT

    @classmethod
    def of(
        cls,
        estimator: Estimator,
        validation: tuple[Any, Any, Any] = (None, None, None),
        *,
        call: KindOfCall = FIT,
        resume: object = False,
        classes: ArrayLike | None = None,
        shards: Shards | None = None,
    ) -> Self:
        """Check the parameters of an estimator, and find the fit that the call continues."""
        options: EstimatorOptions = estimator._options()
        own_rows = validation[0] is not None
        if call.check is not None:
            call.check(options, call.name, own_rows)
        if call.switched_off:
            options = options.replace(**call.switched_off)
        options = with_known_seed(estimator, options)
        previous = None
        if resume:
            previous = fit_to_resume(estimator, options)
        elif call.is_incremental or (options.warm_start and call.is_fit):
            previous = fitted_of(estimator)
        if call.is_fit:
            given = {**vars(estimator), "X_val": True} if own_rows else vars(estimator)
            PARAMETERS.warn_of_unused(estimator._parameter_owner, given)
        return cls(estimator, options, previous, validation, bool(resume), classes, shards, call)

    def door(self) -> Door:
        """Return the door for the rows of the call."""
        previous = self.previous
        if previous is None:
            return Door(self.class_name, self.is_classifier)
        return Door(self.class_name, self.is_classifier, previous.model.net.n_in, previous.model.feature_names)

    def network(self, n_features: int, n_outputs: int, output: str, dtype: np.dtype[Any]) -> _core.Net:
        """Return the network; `output` is the activation of its outputs.

        Raises ValueError if it differs from the previous model's network.
        """
        options = self.options
        previous = self.previous
        sizes = (n_features, *options.hidden_layer_sizes, n_outputs)
        activations = (*options.activation, output)
        numbers = (*options.activation_parameter, 0.0)
        make = _core.shared_net if isinstance(options.loss, str) else _core.Net  # a function may not be hashable
        net = make(sizes, activations, options.loss, dtype, numbers, options.loss_parameter)
        if previous is not None:
            earlier = previous.model.net
            _require_same("hidden_layer_sizes", earlier.sizes[1:-1], sizes[1:-1])
            _require_same("activation", earlier.activations[:-1], net.activations[:-1])
            _require_same("activation_parameter", earlier.activation_parameters, net.activation_parameters)
            _require_same("loss", earlier.loss, net.loss)
            name = "quantile" if net.loss == "quantile" else "loss_parameter"
            _require_same(name, earlier.loss_parameter, net.loss_parameter)
            _require_same("the output activation", earlier.activations[-1], net.activations[-1])
            if earlier.sizes != sizes:  # the rows have other numbers of features or targets
                raise ValueError(
                    f"The model was fitted with the layer sizes {earlier.sizes}, so training cannot continue with "
                    f"{sizes}; call fit with warm_start=False to start again."
                )
        return net

    def start(self, rows: Rows) -> Start:
        """Return where training on rows starts: a continued fit keeps what its model has."""
        options, previous = self.options, self.previous
        if previous is None:
            scale = options.input_scale
            check_scale_width(scale, rows.X.shape[1])
            dtype = rows.auto_dtype if options.dtype == "auto" else np.dtype(options.dtype)
            return Start(dtype, rows.names, 1.0 if isinstance(scale, str) else scale, options.scale_to_learn)
        model = previous.model
        if options.dtype != "auto":
            _require_same("dtype", model.net.dtype.name, options.dtype)
        learned = None if options.scale_to_learn is None else previous.scale_name
        _require_same("input_scale", learned or model.input_scale, options.input_scale)
        return Start(model.net.dtype, model.feature_names, model.input_scale)

    @property
    def scale_name(self) -> str | None:
        """The name of the scale that this fit learns, or that the previous one has learned."""
        return self.options.scale_to_learn if self.previous is None else self.previous.scale_name

    def begun_state(self, net: _core.Net) -> TrainingState:
        """Return the state of a call before its first epoch, or the kept one of the call that is resumed."""
        options, previous = self.options, self.previous
        if previous is not None and self.resume:
            return resumed_state(previous.state, options)
        rng = random_state(options.random_state)
        state = self._new_state(net, rng) if previous is None else self._continued_state(previous, rng)
        options.draw_dropout_seed(state, len(net.sizes) - 1)
        return state

    def _new_state(self, net: _core.Net, rng: Generator) -> TrainingState:
        """Return the state of a new model, whose parameters are drawn unless the user has assigned them."""
        options = self.options
        uses_assigned = self.call.is_incremental or options.warm_start
        params = assigned_params(self.estimator, net) if uses_assigned else None
        is_random = params is None and isinstance(options.initialization, str)
        if params is None:
            params = initial_params(net, rng, options.init_activation, options.initialization)
        # Random ones are for standardized targets.
        return TrainingState(Weights(params, predicts_y=options.y_scale is not None and not is_random), History(), rng)

    def _continued_state(self, previous: Fitted, rng: Generator) -> TrainingState:
        """Return the state of a call that trains a copy of the previous model."""
        y_scale, scale = self.options.y_scale, previous.state.weights.target_scale
        if scale is not None and scale.kind != y_scale:
            scale = None
        weights = Weights(block_copy(previous.model.params), target_scale=scale, predicts_y=y_scale is not None)
        state = TrainingState(weights, previous.history.copy(), rng)
        if self.call.is_incremental:
            self._continue_optimizer(state, previous.state)
        return state

    def _continue_optimizer(self, state: TrainingState, previous: TrainingState) -> None:
        """Continue with the optimizer and the schedule of a previous state, if it has them."""
        optimizer, schedule, rate = deepcopy(previous.optimizer), previous.schedule, self.options.learning_rate_init
        if optimizer is None or schedule is None:
            return
        scale = previous.weights.target_scale
        _require_same("y_scale", None if scale is None else scale.kind, self.options.y_scale)
        if rate != schedule.rate:  # set_params has changed it
            schedule = schedule.with_rate(rate)
            optimizer.learning_rate = schedule.next_rate(schedule.rate, state.history.t)
        state.optimizer, state.schedule, state.schedule_epoch = optimizer, schedule, previous.schedule_epoch


@dataclass(frozen=True)
class TableRequest(Request):
    """A call of `fit` of an estimator for tables: everything but its rows."""

    options: TableOptions
    previous: FittedTable | None = None

    @classmethod
    def of(cls, estimator: Estimator, validation: tuple[Any, Any, Any], *, resume: bool) -> Self:
        """Check the parameters of an estimator, and find the fit that the call continues."""
        options: TableOptions = with_known_seed(estimator, estimator._options())
        previous = None
        if resume:
            previous = table_to_resume(estimator)
        elif options.warm_start:
            previous = fitted_of(estimator)
        return cls(estimator, options, previous, validation, bool(resume))

    @property
    def warm_model(self) -> TableModel | None:
        """The model that a warm start continues."""
        return self.previous.model if self.options.warm_start and self.previous is not None else None


def _require_same(name: str, was: object, now: object) -> None:
    """Raise InvalidParameterError if training continues with a different value than the model was fitted with."""
    if was != now:
        problem = (
            "The model was fitted with <before>, so training cannot continue with {!r}; call fit with warm_start=False "
            "to start again."
        )
        raise InvalidParameterError(problem, now, before=Setting(name, was), about=Setting(name, now))
