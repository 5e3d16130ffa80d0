"""`NetworkFit`, a prepared call that trains one network: its rows are opened, and its `Training` is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import block_copy
from cmlp._data.checks import CheckedRows, InputChecks
from cmlp._data.encoded_rows import EncodedRows
from cmlp._data.labels import Labels, labels_of, learn_labels
from cmlp._data.losses import traits_of
from cmlp._data.scale import InputScale, check_scale_width, warn_of_scale
from cmlp._data.weights import weights_of_classes
from cmlp._fit.fit import OTHER_VALIDATION
from cmlp._fit.fitted import Fitted, assigned_params, copy_with
from cmlp._fit.recipe import NOW
from cmlp._fit.resuming import hyperparameters_to_keep, resumed_state
from cmlp._fit.targets import ClassEncoding, NumberEncoding, TargetEncoding, as_matrix
from cmlp._parameters.options import NetworkOptions, check_scoring
from cmlp._train.callbacks import callbacks_of
from cmlp._train.data import Data
from cmlp._train.diagnosis import WarnIf, warn_if_useless
from cmlp._train.initial_params import initial_params
from cmlp._train.objective import Objective, has_validation_rows, naming_validation
from cmlp._train.order import order_of
from cmlp._train.prepare import draw_dropout_seed, make_training
from cmlp._train.random import generator_of
from cmlp._train.same_data import digests_of
from cmlp._train.split import checked_shards
from cmlp._train.state import History, TrainingState
from cmlp._train.user_score import UserScore
from cmlp.exceptions import InvalidParameterError, optional

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cmlp._data.array_types import AnyArray, ArrayLike
    from cmlp._fit.call import FitCall
    from cmlp._fit.sources import RowSource
    from cmlp._model.model import NetworkModel
    from cmlp._train.random import Generator
    from cmlp._train.training import Training


class NetworkFit(NamedTuple):
    """A call that trains one network, prepared."""

    call: FitCall[NetworkOptions]
    source: RowSource
    labels: Labels | None
    training: Training
    validation_differs: bool = False  # from the training rows

    @property
    def trainings(self) -> Sequence[Training]:
        """The training of the network."""
        return (self.training,)

    @property
    def can_resume(self) -> bool:
        """Whether `resume` can continue an interrupted call."""
        return self.call.options.has_epochs

    @property
    def has_trained(self) -> bool:
        """Whether there is a model to store after Ctrl-C."""
        return bool(self.call.options.warm_start or self.training.state.epoch)

    def train(
        self, extra_callbacks: Sequence[Any], trainer_of: Callable[[Sequence[Training]], Any]
    ) -> Self:
        """Train the network, followed by the user's callbacks and extra ones."""
        options, training = self.call.options, self.training
        callbacks = [*callbacks_of(options.callbacks, options.verbose), *extra_callbacks]
        if callbacks:
            trainer_of(self.trainings)._add_callbacks_to(training, callbacks)
        training.train()
        return self

    def warn_if_useless(self, warn_if: WarnIf) -> bool:
        """Warn if the network is hardly better than a constant; return whether it is useless."""
        cause = OTHER_VALIDATION * self.validation_differs
        return warn_if_useless(self.training, warn_if, cause=cause)

    def digest_of_rows(self) -> object:
        """Return the checksums of all rows; None of a source of blocks, which the training does not have."""
        if not self.training.data.is_whole:
            return None
        return [(kinds, sums.tobytes()) for kinds, sums in digests_of(self.training).values()]

    def snapshot(self) -> Fitted[NetworkModel]:
        """Return what the fit would leave now, from which `resume` can continue."""
        return self.result_with(self.training.state.best_so_far())

    def result(self, judgement: Mapping[str, Any]) -> Fitted[NetworkModel]:
        """Return what the fit leaves, when training has ended or was interrupted, with the judgement on it, if any."""
        state = self.training.state
        left = state.resumable() if self.can_resume else state.without_rows()
        return self.result_with(left)._replace(**judgement)

    def result_with(self, state: TrainingState) -> Fitted[NetworkModel]:
        """Let a new state of the training predict y itself, and return what the fit would leave with it.

        The model shares the block of parameters with the state, unless y is standardized.
        """
        names = self.training.data.names
        return left_by(self.call, self.labels, self.training, state, names)


def prepare_network(call: FitCall[NetworkOptions], source: RowSource) -> NetworkFit:
    """Open the rows, and make the training; nothing of the estimator changes.

    Random numbers are drawn in this order: initial weights, dropout seed, and by `make_training` the split.
    """
    options = call.options
    rows = source.open(checks_of(call))
    names = rows.names if call.previous is None else call.previous.model.feature_names
    dtype = _dtype_of(call, rows)
    scale, scale_to_learn = _scale_of(call, rows)
    encoding, encoded = learn_encoding(call, rows, source)
    net = net_of(options, dtype, rows.X.shape[1], encoding)
    if call.previous is not None:
        _require_same_net(call.previous.model.net, net)
    state = _state_of(call, net)
    validation, y_to_score, differs = _validation_rows(call, source, rows, names, encoding)
    if not call.is_incremental:
        check_scoring(options, validation is not None)
    shards = source.shards
    if shards is not None:
        shards = checked_shards(shards, len(encoded.targets), options, validation is not None)
    labels = encoding.labels
    data = Data(
        encoded,
        order_of(options, shards),
        names,
        scale,
        scale_to_learn,
        encoding.strata(encoded.targets),
        None if labels is None else labels.classes,
        validation,
    )
    if options.has_epochs and not call.is_incremental:  # so that `resume` can continue
        state.kept_hyperparameters = hyperparameters_to_keep(call.estimator)
    data = source.data(data, options, state, encoding)
    objective = _objective_of(call, encoding, y_to_score)
    training = make_training(
        net, objective, data, options, state, n_threads=options.n_threads, team=source.team
    )
    return NetworkFit(call, source, labels, training, differs)


def checks_of(call: FitCall[NetworkOptions]) -> InputChecks:
    """Return the checks of the rows of a call."""
    if call.previous is None:
        return InputChecks(call.class_name, call.is_classifier)
    model = call.previous.model
    return InputChecks(call.class_name, call.is_classifier, model.net.n_in, model.feature_names)


def _dtype_of(call: FitCall[NetworkOptions], rows: CheckedRows) -> np.dtype[Any]:
    """Return the dtype of the network; a continued fit keeps that of its model."""
    options, previous = call.options, call.previous
    if previous is None:
        return rows.auto_dtype if options.dtype == "auto" else np.dtype(options.dtype)
    dtype: np.dtype[Any] = previous.model.net.dtype
    if options.dtype != "auto":
        _require_same("dtype", dtype.name, options.dtype)
    return dtype


def _scale_of(
    call: FitCall[NetworkOptions], rows: CheckedRows
) -> tuple[float | InputScale, str | None]:
    """Return the scale of the inputs, and the name of one to learn; a continued fit keeps that of its model.

    There is a warning of a scale that does not fit the rows.
    """
    given, name, previous = call.options.input_scale, call.options.scale_to_learn, call.previous
    if previous is None:
        check_scale_width(given, rows.X.shape[1])
        scale = 1.0 if isinstance(given, str) else given
    else:
        scale = previous.model.input_scale
        was: object = scale
        if name is not None:
            was, name = previous.scale_name or scale, None
        _require_same("input_scale", was, given)
    continues_epochs = previous is not None and call.is_incremental
    if name is None and not continues_epochs and isinstance(scale, float):
        warn_of_scale(rows.X, scale)
    return scale, name


# ------------------------------------------------------------------------------------------------------------ targets


def learn_encoding(
    call: FitCall[NetworkOptions], rows: CheckedRows, source: RowSource
) -> tuple[TargetEncoding, EncodedRows]:
    """Return what the first y means, and the rows with y as targets.

    The classes are those of the earlier fit, or those of the source, if a call of many sees these rows, or y is not
    complete.
    """
    y, options, is_complete = rows.y, call.options, source.has_all_targets
    if not call.is_classifier:
        matrix = source.once(as_matrix, y)
        numbers = NumberEncoding(
            options.loss, options.loss_parameter, matrix.shape[1], options.y_scale
        )
        return numbers, numbers.encode(rows._replace(y=matrix))
    if call.is_incremental or not is_complete:
        labels = _known_labels(call, y, source.classes)
        values = labels.encode(y)
    elif call.previous is not None:
        labels = call.previous.model.class_labels
        values = labels.encode_all(y)
    else:
        labels, values = source.once(learn_labels, y)
        # A program can write to `classes_` of one model.
        labels = Labels(labels.classes.copy(), is_multilabel=labels.kind == "multilabel")
    weights = weights_of_classes(options.class_weight, labels, values, rows.weight)
    encoding = ClassEncoding(labels, options.loss, weights)
    weight = encoding.weigh(values, rows.weight, require_positive=is_complete)
    return encoding, EncodedRows(rows.X, values, weight)


def _known_labels(call: FitCall[NetworkOptions], y: AnyArray, classes: ArrayLike | None) -> Labels:
    """Return the labels if a call sees only a part of the rows; the first call needs `classes`."""
    if call.previous is None:
        if classes is None:
            raise ValueError(f"classes must be passed on the first call to {call.name}.")
        given = labels_of(classes)
        return Labels(given.classes, is_multilabel=True) if y.ndim == 2 else given
    labels: Labels = call.previous.model.class_labels
    if classes is not None and not np.array_equal(labels_of(classes).classes, labels.classes):
        raise ValueError(
            f"`classes={classes!r}` is not the same as on last call to {call.name}, was: "
            f"{labels.classes!r}"
        )
    return labels


def _validation_rows(
    call: FitCall[NetworkOptions],
    source: RowSource,
    rows: CheckedRows,
    names: AnyArray | None,
    encoding: TargetEncoding,
) -> tuple[EncodedRows | None, AnyArray, bool]:
    """Return the own validation rows, the y that a score of the user gets, and whether they differ from the rows."""
    if not has_validation_rows(*call.validation):
        return None, rows.y, False
    with naming_validation():
        checks = checks_of(call)._replace(width=rows.X.shape[1], names=names)
        checked = checks.check(*call.validation, suffix="_val")
        encoded = encoding.encode(checked)
    differs = False
    if source.has_all_targets and call.resumed is None:
        from cmlp._model.other_rows import warn_of_validation_inputs  # few calls need it

        listed = None if rows.names is None else rows.names.tolist()
        differs = warn_of_validation_inputs(rows, checked, listed)
    return encoded, checked.y, differs


def _objective_of(
    call: FitCall[NetworkOptions], encoding: TargetEncoding, y: AnyArray
) -> Objective:
    """Return what training minimizes, and the score of the user if there is one, which gets y.

    The score is computed from converted rows, which have no names of columns.
    """
    objective = encoding.objective()
    scoring = call.options.scoring
    default_score = objective.score_name
    if scoring is None or scoring in ("loss", default_score):
        return objective
    if isinstance(scoring, str):
        scoring = optional(
            "sklearn.metrics",
            (
                f"scoring={scoring!r} needs scikit-learn; otherwise it must be None, 'loss', "
                f"{default_score!r} or callable."
            ),
        ).get_scorer(scoring)

    def present_model(training: Training) -> Any:
        state = training.state.without_rows()
        return copy_with(call.estimator, left_by(call, encoding.labels, training, state))

    return objective._replace(user_score=UserScore(scoring, present_model, y))


def left_by(
    call: FitCall[NetworkOptions],
    labels: Labels | None,
    training: Training,
    state: TrainingState,
    names: AnyArray | None = None,
) -> Fitted[NetworkModel]:
    """Let the parameters of a new state predict y itself, and return what the fit leaves with it."""
    state.use_units_of_y(training.net)
    previous = call.previous
    return Fitted.from_network(
        training.net,
        state,
        labels,
        input_scale=training.data.input_scale,
        names=names,
        scale_name=call.options.scale_to_learn if previous is None else previous.scale_name,
        recipe=NOW,
    )


# -------------------------------------------------------------------------------------------- the network and its state


def net_of(
    options: NetworkOptions, dtype: np.dtype[Any], n_features: int, encoding: TargetEncoding
) -> _core.Net:
    """Return the network that the parameters of an estimator, its inputs and its targets describe."""
    sizes = (n_features, *options.hidden_layer_sizes, encoding.n_outputs)
    activations = (*options.activation, encoding.output)
    numbers = (*options.activation_parameter, 0.0)
    # A function may not be hashable.
    make = _core.shared_net if isinstance(options.loss, str) else _core.Net
    return make(sizes, activations, options.loss, dtype, numbers, options.loss_parameter)


def _require_same_net(earlier: _core.Net, net: _core.Net) -> None:
    """Raise ValueError if training continues with another network."""
    if earlier is net:
        return
    _require_same("hidden_layer_sizes", earlier.sizes[1:-1], net.sizes[1:-1])
    _require_same("activation", earlier.activations[:-1], net.activations[:-1])
    _require_same("activation_parameter", earlier.activation_parameters, net.activation_parameters)
    _require_same("loss", earlier.loss, net.loss)
    name = "quantile" if traits_of(net.loss).predicts_quantiles else "loss_parameter"
    _require_same(name, earlier.loss_parameter, net.loss_parameter)
    _require_same("the output activation", earlier.activations[-1], net.activations[-1])
    if earlier.sizes != net.sizes:  # the rows have other numbers of features or targets
        raise ValueError(
            f"The model was fitted with the layer sizes {earlier.sizes}, so training "
            f"cannot continue with {net.sizes}; call fit with warm_start=False to start again."
        )


def _state_of(call: FitCall[NetworkOptions], net: _core.Net) -> TrainingState:
    """Return the state of a call before its first epoch, or the kept one of the call that is resumed."""
    options = call.options
    if call.resumed is not None:
        return resumed_state(call.resumed.state, options)
    rng = generator_of(options.random_state)
    if call.previous is None:
        state = _new_state(call, net, rng)
    else:
        state = _continued_state(call, call.previous, rng)
    draw_dropout_seed(state, options, len(net.sizes) - 1)
    return state


def _new_state(call: FitCall[NetworkOptions], net: _core.Net, rng: Generator) -> TrainingState:
    """Return the state of a new model, whose parameters are drawn unless the user has assigned them."""
    options = call.options
    params = None
    if call.is_incremental or options.warm_start:
        params = assigned_params(call.estimator, net)
    is_random = params is None and isinstance(options.initialization, str)
    if params is None:
        params = initial_params(net, rng, options.init_activation, options.initialization)
    # Random ones are for standardized targets.
    predicts_y = options.y_scale is not None and not is_random
    return TrainingState(params, History(), rng, predicts_y=predicts_y)


def _continued_state(
    call: FitCall[NetworkOptions], previous: Fitted[NetworkModel], rng: Generator
) -> TrainingState:
    """Return the state of a call that trains a copy of the previous model."""
    y_scale, scale = call.options.y_scale, previous.state.target_scale
    if scale is not None and scale.kind != y_scale:
        scale = None
    state = TrainingState(
        block_copy(previous.model.params),
        previous.state.history.copy(),
        rng,
        target_scale=scale,
        predicts_y=y_scale is not None,
    )
    if call.is_incremental:
        _continue_optimizer(state, previous.state, call.options)
    return state


def _continue_optimizer(
    state: TrainingState, previous: TrainingState, options: NetworkOptions
) -> None:
    """Continue with the optimizer and the schedule of a previous state, if it has them."""
    schedule, rate = previous.schedule, options.learning_rate_init
    if previous.optimizer is None or schedule is None:
        return
    optimizer = previous.optimizer.copy()
    scale = previous.target_scale
    _require_same("y_scale", None if scale is None else scale.kind, options.y_scale)
    if rate != schedule.rate:  # set_params has changed it
        schedule = schedule.with_rate(rate)
        optimizer.learning_rate = schedule.next_rate(schedule.rate, state.history.t)
    state.optimizer = optimizer
    state.schedule = schedule
    state.schedule_epoch = previous.schedule_epoch


def _require_same(name: str, was: object, now: object) -> None:
    """Raise InvalidParameterError if training continues with a different value than the model was fitted with."""
    if was != now:
        raise InvalidParameterError(
            f"The model was fitted with {name}={was!r}, so training cannot continue with {now!r}; "
            "call fit with warm_start=False to start again.",
            parameter=name,
            value=now,
        )
