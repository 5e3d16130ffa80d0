"""`fit` and `partial_fit` of the estimators of one network: `NetworkFit` is a call that trains it.

Programs that only predict never import this module.
"""

from __future__ import annotations

from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import block_copy
from cmlp._data.arrays import rectangular
from cmlp._data.checks import CheckedRows, InputChecks
from cmlp._data.losses import traits_of
from cmlp._data.scale import check_scale_width, warn_of_scale
from cmlp._fit.fit import OTHER_VALIDATION, Fit, fix_seed, not_recorded, store
from cmlp._fit.recipe import NOW, require_this_recipe
from cmlp._fit.result import (
    ASSIGNED,
    NETWORK,
    Result,
    assigned_params,
    can_assemble,
    copy_with,
    locked,
    result_of,
)
from cmlp._fit.resuming import fit_to_resume, hyperparameters_to_keep, resumed_state
from cmlp._fit.sources import Arrays
from cmlp._fit.targets import learn_encoding
from cmlp._parameters.entries import FIT, PARAMETERS, PARTIAL_FIT, RANGE_TEST
from cmlp._parameters.options import NetworkOptions, check_scoring, without_ignored
from cmlp._train.callbacks import callbacks_of
from cmlp._train.data import Data, Inputs
from cmlp._train.diagnosis import warn_if_useless
from cmlp._train.initial_params import initial_params
from cmlp._train.objective import has_validation_rows, naming_validation
from cmlp._train.order import order_of
from cmlp._train.prepare import draw_dropout_seed, make_training
from cmlp._train.random import random_state
from cmlp._train.same_data import checksums_of, digests_of, keep_or_compare
from cmlp._train.split import Strata, checked_shards
from cmlp._train.state import History, TrainingState
from cmlp._train.user_score import UserScore
from cmlp.exceptions import InvalidParameterError, add_hint, optional

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from cmlp._data.array_types import GivenRows
    from cmlp._data.encoded_rows import EncodedRows
    from cmlp._data.labels import Labels
    from cmlp._data.scale import InputScale
    from cmlp._fit.fit import EstimatorToFit
    from cmlp._fit.result import Record
    from cmlp._fit.sources import RowSource
    from cmlp._fit.targets import TargetEncoding
    from cmlp._model.model import NetworkModel
    from cmlp._train.diagnosis import WarnIf
    from cmlp._train.objective import Objective
    from cmlp._train.random import Generator
    from cmlp._train.split import Shards
    from cmlp._train.training import Training


@locked
def partial_fit(estimator: EstimatorToFit, source: Arrays, classes: ArrayLike | None) -> None:
    """Train one epoch on the given rows, starting from the current model, and store the result at the end.

    After any exception the former model stays: a copy is trained.
    """
    fit = NetworkFit.from_estimator(estimator, source, call=PARTIAL_FIT, classes=classes)
    if fit.previous is None and can_assemble(estimator):
        assemble(estimator)
        fit.previous = result_of(estimator)
    with _naming_classes(fit):
        fit.prepare()
    fit.training.advance()
    result = fit.result_with(fit.training.state.without_rows())
    network = vars(estimator).get(NETWORK)
    previous = fit.previous
    store(estimator, result)
    # The `network_` stays the same object, with the new parameters.
    if network is not None and previous is not None and network.params is previous.model.params:
        network._share(result.model.net, result.model.params)


@contextmanager
def _naming_classes(fit: NetworkFit) -> Iterator[None]:
    """Add to an error that `classes` has a name, if they were passed as the third argument: that is `sample_weight`."""
    try:
        yield
    except ValueError as error:
        weight = fit.source.given[2]
        previous = fit.previous
        if not fit.is_classifier or fit.classes is not None or weight is None:
            raise
        if not any(
            subject in str(error) for subject in ("sample_weight", "classes must be passed")
        ):
            raise
        if previous is None or np.array_equal(weight, previous.model.class_labels.classes):
            hint = (
                "The third argument of partial_fit is sample_weight: pass the classes as "
                "classes=[...]."
            )
            add_hint(error, hint)
        raise


def assemble(estimator: Any, y: NDArray[Any] | None = None) -> None:
    """Give an estimator the model that the attributes assigned before fit describe.

    y are placeholder targets, from which the classes or the number of outputs are learned; None for those that the
    assigned attributes define.
    """
    assigned = vars(estimator)[ASSIGNED]
    first, last = (rectangular(assigned["coefs_"][layer], "coefs_") for layer in (0, -1))
    if first.ndim != 2 or last.ndim != 2:
        raise ValueError("coefs_ must hold arrays of shape (n_in, n_out).")
    options = estimator._options()
    dtype: np.dtype[Any] = np.dtype(np.float64)
    if options.dtype == "float32" or (options.dtype == "auto" and first.dtype == np.float32):
        dtype = np.dtype(np.float32)
    if y is None:
        if "classes_" in assigned:
            y = rectangular(assigned["classes_"], "classes_")
        elif isinstance(options.loss_parameter, tuple):  # an output for each quantile
            y = np.zeros((1, 1))
        else:
            y = np.zeros((1, last.shape[1]))
    fit = NetworkFit(estimator, options, source=Arrays(first, y, None))
    fit.dtype = dtype
    rows, once = CheckedRows(first, dtype, y=y), fit.source.once
    encoding = learn_encoding(fit, rows, is_complete=True, once=once)[0]
    net = fit.net(len(first), encoding.n_outputs, encoding.output)
    params = assigned_params(estimator, net)
    assert params is not None  # callers check can_assemble first
    state = TrainingState(params, History())
    scale = options.input_scale
    if isinstance(scale, str):
        raise InvalidParameterError(
            f"input_scale={scale!r} is learned in fit, so it cannot be used with assigned coefs_.",
            parameter="input_scale",
            value=scale,
        )
    check_scale_width(scale, len(first))
    twin = copy_with(estimator, Result.from_network(net, state, encoding.labels, input_scale=scale))
    for name, value in assigned.items():
        if name not in ("coefs_", "intercepts_", "classes_"):
            setattr(twin, name, value)
    estimator._result = twin._result


@dataclass(eq=False)
class NetworkFit(Fit):
    """A call that trains one network."""

    options: NetworkOptions
    source: RowSource = field(kw_only=True)
    classes: ArrayLike | None = None  # all classes, if the rows arrive in parts
    shards: Shards | None = None
    call: str = FIT
    # Once it is prepared, also these:
    labels: Labels | None = field(default=None, init=False)
    dtype: np.dtype[Any] = field(init=False)
    names: NDArray[Any] | None = field(default=None, init=False)  # of the columns
    # 1 if there is a `scale_to_learn`.
    input_scale: float | InputScale = field(default=1.0, init=False)
    scale_to_learn: str | None = field(default=None, init=False)
    validation_differs: bool = field(default=False, init=False)  # from the training rows

    @classmethod
    def from_estimator(
        cls,
        estimator: EstimatorToFit,
        source: RowSource,
        validation: GivenRows = (None, None, None),
        *,
        call: str = FIT,
        resume: bool = False,
        classes: ArrayLike | None = None,
        shards: Shards | None = None,
    ) -> Self:
        """Check the parameters of an estimator, and find the fit that the call continues."""
        options = NetworkOptions.of(estimator)
        has_validation = validation[0] is not None
        PARAMETERS.require_allowed(call, {**vars(options), "X_val": has_validation})
        options = fix_seed(estimator, without_ignored(options, call))
        previous = None
        if resume:
            previous = fit_to_resume(estimator, options)
        elif call == PARTIAL_FIT or (options.warm_start and call != RANGE_TEST):
            previous = result_of(estimator)
            if previous is not None and call != PARTIAL_FIT:
                require_this_recipe(previous.recipe, "warm_start=True")
        if call != RANGE_TEST:  # which leaves no model
            values = estimator._parameters()
            if has_validation:
                values = {**values, "X_val": True}
            PARAMETERS.warn_of_unused(estimator._parameter_owner, values)
        return cls(
            estimator,
            options,
            previous,
            validation,
            resume=resume,
            source=source,
            classes=classes,
            shards=shards,
            call=call,
        )

    @property
    def is_incremental(self) -> bool:
        """Whether the call continues the previous fit by one epoch, whatever `warm_start` is."""
        return self.call == PARTIAL_FIT

    def input_checks(self) -> InputChecks:
        """Return the checks of the rows of the call."""
        previous = self.previous
        if previous is None:
            return InputChecks(self.class_name, self.is_classifier)
        model = previous.model
        return InputChecks(self.class_name, self.is_classifier, model.net.n_in, model.feature_names)

    def net(self, n_features: int, n_outputs: int, output: str) -> _core.Net:
        """Return the network; `output` is the activation of its outputs.

        Raises ValueError if it differs from the previous model's network.
        """
        options = self.options
        previous = self.previous
        sizes = (n_features, *options.hidden_layer_sizes, n_outputs)
        activations = (*options.activation, output)
        numbers = (*options.activation_parameter, 0.0)
        # A function may not be hashable.
        make = _core.shared_net if isinstance(options.loss, str) else _core.Net
        net = make(sizes, activations, options.loss, self.dtype, numbers, options.loss_parameter)
        if previous is not None:
            earlier = previous.model.net
            _require_same("hidden_layer_sizes", earlier.sizes[1:-1], sizes[1:-1])
            _require_same("activation", earlier.activations[:-1], net.activations[:-1])
            _require_same(
                "activation_parameter", earlier.activation_parameters, net.activation_parameters
            )
            _require_same("loss", earlier.loss, net.loss)
            name = "quantile" if traits_of(net.loss).predicts_quantiles else "loss_parameter"
            _require_same(name, earlier.loss_parameter, net.loss_parameter)
            _require_same("the output activation", earlier.activations[-1], net.activations[-1])
            if earlier.sizes != sizes:  # the rows have other numbers of features or targets
                raise ValueError(
                    f"The model was fitted with the layer sizes {earlier.sizes}, so training "
                    f"cannot continue with {sizes}; call fit with warm_start=False to start again."
                )
        return net

    def _decide_inputs(self, rows: CheckedRows) -> None:
        """Decide dtype, names of columns and scale of the inputs: a continued fit keeps what its model has.

        There is a warning of a scale that does not fit the rows.
        """
        options, previous = self.options, self.previous
        if previous is None:
            check_scale_width(options.input_scale, rows.X.shape[1])
            self.dtype = rows.auto_dtype if options.dtype == "auto" else np.dtype(options.dtype)
            self.names = rows.names
            self.scale_to_learn = options.scale_to_learn
            if not isinstance(options.input_scale, str):
                self.input_scale = options.input_scale
        else:
            model = previous.model
            if options.dtype != "auto":
                _require_same("dtype", model.net.dtype.name, options.dtype)
            scale: object = model.input_scale
            if options.scale_to_learn is not None:
                scale = previous.scale_name or scale
            _require_same("input_scale", scale, options.input_scale)
            self.dtype = model.net.dtype
            self.names = model.feature_names
            self.input_scale = model.input_scale
        if self.scale_to_learn is not None or (previous is not None and self.is_incremental):
            return
        if isinstance(self.input_scale, float):
            warn_of_scale(rows.X, self.input_scale)

    @property
    def scale_name(self) -> str | None:
        """The name of the scale that this fit learns, or that the previous one has learned."""
        if self.previous is None:
            return self.options.scale_to_learn
        return self.previous.scale_name

    def _initial_state(self, net: _core.Net) -> TrainingState:
        """Return the state of a call before its first epoch, or the kept one of the call that is resumed."""
        options = self.options
        if self.resumed is not None:
            return resumed_state(self.resumed.state, options)
        rng = random_state(options.random_state)
        if self.previous is None:
            state = self._new_state(net, rng)
        else:
            state = self._continued_state(self.previous, rng)
        draw_dropout_seed(state, options, len(net.sizes) - 1)
        return state

    def _new_state(self, net: _core.Net, rng: Generator) -> TrainingState:
        """Return the state of a new model, whose parameters are drawn unless the user has assigned them."""
        options = self.options
        params = None
        if self.is_incremental or options.warm_start:
            params = assigned_params(self.estimator, net)
        is_random = params is None and isinstance(options.initialization, str)
        if params is None:
            params = initial_params(net, rng, options.init_activation, options.initialization)
        # Random ones are for standardized targets.
        return TrainingState(
            params,
            History(),
            rng,
            predicts_y=options.y_scale is not None and not is_random,
        )

    def _continued_state(self, previous: Result[NetworkModel], rng: Generator) -> TrainingState:
        """Return the state of a call that trains a copy of the previous model."""
        y_scale, scale = self.options.y_scale, previous.state.target_scale
        if scale is not None and scale.kind != y_scale:
            scale = None
        state = TrainingState(
            block_copy(previous.model.params),
            previous.state.history.copy(),
            rng,
            target_scale=scale,
            predicts_y=y_scale is not None,
        )
        if self.is_incremental:
            self._continue_optimizer(state, previous.state)
        return state

    def _continue_optimizer(self, state: TrainingState, previous: TrainingState) -> None:
        """Continue with the optimizer and the schedule of a previous state, if it has them."""
        optimizer = deepcopy(previous.optimizer)
        schedule = previous.schedule
        rate = self.options.learning_rate_init
        if optimizer is None or schedule is None:
            return
        scale = previous.target_scale
        _require_same("y_scale", None if scale is None else scale.kind, self.options.y_scale)
        if rate != schedule.rate:  # set_params has changed it
            schedule = schedule.with_rate(rate)
            optimizer.learning_rate = schedule.next_rate(schedule.rate, state.history.t)
        state.optimizer = optimizer
        state.schedule = schedule
        state.schedule_epoch = previous.schedule_epoch

    def prepare(self) -> Self:
        """Open the source, and make the training.

        Random numbers are drawn in this order: initial weights, dropout seed, and by `make_training` the split.
        """
        source = self.source
        rows = source.open(self.input_checks())
        self._decide_inputs(rows)
        encoding, encoded = learn_encoding(
            self,
            rows,
            is_complete=source.has_all_targets,
            once=source.once,
            classes=self.classes,
            knows_classes=self.is_incremental,
            call=self.call,
        )
        self.labels = encoding.labels
        net = self.net(rows.X.shape[1], encoding.n_outputs, encoding.output)
        state = self._initial_state(net)
        validation, y_to_score = self._validation_rows(rows, encoding)
        data = self._training_data(encoding, encoded, validation, state)
        training = make_training(
            net,
            self._objective(encoding, y_to_score),
            data,
            self.options,
            state,
            n_threads=self.options.n_threads,
            team=source.team,
        )
        self.trainings = [training]
        return self

    def prepare_and_train(self) -> None:
        """Train a new model, or with `warm_start` or `resume` the previous one, and store it at the end.

        The caller holds the lock of the estimator.
        """
        with self.estimator._extra_callbacks(*self.source.given) as extra:
            self.prepare().keep_or_compare_rows()
            self.train(extra, record_of(self))

    def _validation_rows(
        self, rows: CheckedRows, encoding: TargetEncoding
    ) -> tuple[EncodedRows | None, NDArray[Any]]:
        """Return the own validation rows of the call, and the y that a score of the user gets."""
        if not has_validation_rows(*self.validation):
            return None, rows.y
        with naming_validation():
            checks = self.input_checks()._replace(width=rows.X.shape[1], names=self.names)
            checked = checks.check(*self.validation, suffix="_val")
            encoded = encoding.encode(checked)
        if self.source.has_all_targets and self.resumed is None:
            from cmlp._model.other_rows import warn_of_validation_inputs  # few calls need it

            names = None if rows.names is None else rows.names.tolist()
            self.validation_differs = warn_of_validation_inputs(rows, checked, names)
        return encoded, checked.y

    def _training_data(
        self,
        encoding: TargetEncoding,
        encoded: EncodedRows,
        validation: EncodedRows | None,
        state: TrainingState,
    ) -> Data:
        """Return the rows to train on and to validate with, and how they may be divided."""
        has_validation = validation is not None
        if not self.is_incremental:
            check_scoring(self.options, has_validation)
        shards = self.shards
        if shards is not None:
            shards = checked_shards(shards, len(encoded.targets), self.options, has_validation)
        data = Data(
            encoded,
            order_of(self.options, shards),
            Inputs(self.input_scale, self.scale_to_learn, self.names),
            validation,
            strata=Strata(
                encoding.strata(encoded.targets),
                None if encoding.labels is None else encoding.labels.classes,
            ),
        )
        return self.source.data(data, self.options, state, encoding)

    def _objective(self, encoding: TargetEncoding, y: NDArray[Any]) -> Objective:
        """Return what training minimizes, and the score of the user if there is one, which gets y."""
        objective = encoding.objective()
        scoring = self.options.scoring
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
        return objective._replace(user_score=UserScore(scoring, self._model_to_score, y))

    def _model_to_score(self, training: Training) -> Any:
        """Return a copy of the estimator with the present parameters, for a score of the user.

        The score is computed from converted rows, which have no names of columns.
        """
        return copy_with(self.estimator, self._result_of(training, training.state.without_rows()))

    def _result_of(
        self,
        training: Training,
        state: TrainingState,
        names: NDArray[Any] | None = None,
    ) -> Result[NetworkModel]:
        """Let the parameters of a new state predict y itself, and return what the fit leaves with it."""
        state.use_units_of_y(training.net)
        return Result.from_network(
            training.net,
            state,
            self.labels,
            input_scale=training.data.inputs.scale,
            names=names,
            scale_name=self.scale_name,
            recipe=NOW,
        )

    @property
    def training(self) -> Training:
        """The training of the network."""
        return self.trainings[0]

    def keep_or_compare_rows(self) -> None:
        """Keep checksums of the rows; raises ValueError if the call resumes a fit on others."""
        if self.can_resume:
            keep_or_compare(self.training, partial(self.source.once, checksums_of))

    @property
    def can_resume(self) -> bool:
        """Whether `resume` can continue an interrupted call."""
        return self.options.has_epochs

    @property
    def has_trained(self) -> bool:
        """Whether there is a model to store after Ctrl-C."""
        return bool(self.options.warm_start or self.training.state.epoch)

    def follow(
        self, extra_callbacks: Sequence[Any], trainer_of: Callable[[Sequence[Training]], Any]
    ) -> Callable[[], None]:
        """Let the user's callbacks and extra ones follow; return the function that trains the network."""
        options = self.options
        if self.can_resume:
            self.training.state.kept_hyperparameters = hyperparameters_to_keep(self.estimator)
        callbacks = [*callbacks_of(options.callbacks, options.verbose), *extra_callbacks]
        if callbacks:
            trainer_of(self.trainings)._add_callbacks_to(self.training, callbacks)
        return self.training.train

    def snapshot(self) -> Result[NetworkModel]:
        """Return what the fit would leave now, from which `resume` can continue."""
        return self.result_with(self.training.state.best_so_far())

    def warn_if_useless(self, warn_if: WarnIf) -> bool:
        """Warn if the network is hardly better than a constant; return whether it is useless."""
        cause = OTHER_VALIDATION * self.validation_differs
        return warn_if_useless(self.training, warn_if, cause=cause)

    def digest_of_rows(self) -> object:
        """Return the checksums of all rows; None of a source of blocks, which the training does not have."""
        if not self.training.data.is_whole:
            return None
        return [(kinds, sums.tobytes()) for kinds, sums in digests_of(self.training).values()]

    def result(self) -> Result[NetworkModel]:
        """Return what the fit leaves, when training has ended or was interrupted."""
        state = self.training.state
        if self.can_resume:
            return self.result_with(state.resumable())
        return self.result_with(state.without_rows())

    def result_with(self, state: TrainingState) -> Result[NetworkModel]:
        """Let a new state of the training predict y itself, and return what the fit would leave with it.

        The model shares the block of parameters with the state, unless y is standardized.
        """
        return self._result_of(self.training, state, self.training.data.inputs.names)


def record_of(fit: NetworkFit) -> Record:
    """Begin the record of a prepared fit, if it is to be recorded."""
    if not fit.is_recorded:
        return not_recorded
    from cmlp._fit.provenance import network_record  # few programs need it

    return network_record(fit, fit.source, fit.labels)


def _require_same(name: str, was: object, now: object) -> None:
    """Raise InvalidParameterError if training continues with a different value than the model was fitted with."""
    if was != now:
        raise InvalidParameterError(
            f"The model was fitted with {name}={was!r}, so training cannot continue with {now!r}; "
            "call fit with warm_start=False to start again.",
            parameter=name,
            value=now,
        )
