"""Fitting an estimator: from its parameters and a source to the training run, and from this to the fitted model.

Programs that only predict never import this module.
"""

from __future__ import annotations

from contextlib import contextmanager
from copy import copy, deepcopy
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import _core
from cmlp._bridge.blocks import block_copy
from cmlp._data.arrays import rectangular
from cmlp._data.checks import Opened, Rows
from cmlp._data.scale import InputScale, check_scale_width, warn_of_scale
from cmlp._data.stored_rows import StoredRows, stored_rows
from cmlp._estimators.assignment import ASSIGNED, assigned_params, can_assemble
from cmlp._estimators.call import FitCall, require_same
from cmlp._estimators.callbacks import CallbackObserver, calling_back
from cmlp._estimators.exclusive import Exclusively
from cmlp._estimators.fitted import Fitted, fitted_network, with_fitted
from cmlp._estimators.resuming import fit_to_continue, parameters_to_keep, resumed_state
from cmlp._estimators.seeds import with_seed
from cmlp._estimators.targets import learn_targets
from cmlp._estimators.trainer import Trainer
from cmlp._estimators.validation import present_fit, scorer_of, validation_of
from cmlp._model.attributes import FITTED, INTERRUPTED, NETWORK
from cmlp._process.signals import undeferred
from cmlp._train.beginning import Fit
from cmlp._train.driver import driver_of
from cmlp._train.history import History
from cmlp._train.hyperparameters import TABLE
from cmlp._train.initialization import initial_params
from cmlp._train.program_score import ProgramScore
from cmlp._train.random import random_state
from cmlp._train.reporting import callbacks_of
from cmlp._train.same_data import check_same_data
from cmlp._train.settings import check_scoring
from cmlp._train.shards import checked_shards
from cmlp._train.state import TrainingState
from cmlp._train.task import Data, require_complete
from cmlp._train.together import join
from cmlp._workers import ALONE, Workers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    from cmlp._data.labels import Labels
    from cmlp._estimators.call import Parameters
    from cmlp._estimators.sources import Arrays, Source
    from cmlp._estimators.targets import Targets
    from cmlp._train.driver import Driver
    from cmlp._train.random import Generator
    from cmlp._train.shards import Shards


# The sentence of scikit-learn's SGDClassifier.
_BALANCED = (
    "class_weight 'balanced' is not supported for partial_fit. In order to use 'balanced' weights, use "
    "compute_class_weight('balanced', classes=classes, y=y). In place of y you can use a large enough sample of the "
    "full training set target to properly estimate the class frequency distributions. Pass the resulting weights as "
    "the class_weight parameter."
)


def fit(
    estimator: Any,
    source: Arrays,
    validation: tuple[Any, Any, Any] = (None, None, None),
    *,
    resume: bool = False,
    shards: Shards | None = None,
    workers: Workers | None = None,
    local: bool = False,
) -> None:
    """Train a new model, or with `warm_start` or `resume` the previous one, and store it at the end.

    With `workers`, this process trains together with others, and with `local` each of them has other rows.
    """
    alone, workers = workers is None, ALONE if workers is None else workers
    with workers, Exclusively(estimator):
        with undeferred():
            own_rows = validation[0] is not None
            begin = partial(_begin, estimator, own_rows=own_rows, resume=resume, local=local, alone=alone)
            parameters, previous, options = workers.together(begin)
            parameters = with_seed(estimator, parameters, workers)
            parameters = parameters._replace(n_threads=workers.threads(parameters.n_threads))
            call = FitCall(estimator, parameters, previous, validation, None, shards, False, options["resume"])
            rows: Source = source
            if workers.size > 1:
                workers.compare({name: str(value) for name, value in options.items()})
            if options["local"]:
                from cmlp._estimators.local import StoredArrays  # few programs need it

                rows = stored = StoredArrays(source, call.door()._replace(width=None), shards, workers)
                call = call._replace(shards=stored.shards)
        calling_back(estimator, source.given, workers)(partial(train, call, rows, workers))


def _begin(
    estimator: Any, *, own_rows: bool, resume: bool, local: bool, alone: bool
) -> tuple[Parameters, Fitted | None, dict[str, bool]]:
    """Return the parameters of a fit, the fit that it continues, and what decides which messages workers exchange."""
    parameters = estimator._parameters()
    options = {"local": bool(local), "resume": bool(resume), "warm_start": bool(parameters.warm_start)}
    if not alone and parameters.training.solver == "lbfgs":
        raise ValueError("comm needs batches, but solver='lbfgs' has none: use another solver.")
    previous = fit_to_continue(estimator, parameters, resume)
    warn_of_unused(estimator, own_rows)
    return parameters, previous, options


def warn_of_unused(estimator: Any, own_rows: bool = False) -> None:
    """Warn of parameters of an estimator that have no effect under the others in a fit."""
    given = {**vars(estimator), "X_val": True} if own_rows else vars(estimator)
    TABLE.warn_of_unused(estimator._owner, given)


def partial_fit(estimator: Any, source: Arrays, classes: ArrayLike | None) -> None:
    """Train one epoch on the given rows, starting from the current model, and store the result at the end."""
    with Exclusively(estimator):
        with undeferred():
            parameters = estimator._parameters()
            if parameters.training.early_stopping:
                raise ValueError("partial_fit does not support early_stopping=True")
            if parameters.class_weight == "balanced":
                raise ValueError(_BALANCED)
            if parameters.provenance:
                raise ValueError("partial_fit does not support provenance=True: it does not record what it trains on.")
            warn_of_unused(estimator)
            if FITTED not in vars(estimator) and can_assemble(estimator):
                assemble(estimator)
            previous = vars(estimator).get(FITTED)
            parameters = parameters._replace(training=parameters.training._replace(scoring=None, max_time=None))
            call = FitCall(estimator, parameters, previous, classes=classes, incremental=True)
            with _naming_classes(call, source):
                training, labels = prepare(call, source)
            assert training.has_epochs  # the method does not exist with solver="lbfgs"
        training.advance()
        fitted = _fitted_of(training, training.state.finished(), labels)
        network = vars(estimator).get(NETWORK)
        _keep(estimator, fitted)
        if network is not None and previous is not None and network.params is previous.model.params:
            network._share(fitted.model.net, fitted.model.params)


@contextmanager
def _naming_classes(call: FitCall, source: Arrays) -> Iterator[None]:
    """Add to an error that `classes` has a name, if they were passed as the third argument: that is `sample_weight`."""
    try:
        yield
    except ValueError as error:
        weight, known, text = source.given[2], call.previous, str(error)
        if not call.labels or call.classes is not None or weight is None:
            raise
        if "sample_weight" not in text and "classes must be passed" not in text:
            raise
        if known is None or np.array_equal(weight, known.model.labels.classes):
            hint = "The third argument of partial_fit is sample_weight: pass the classes as classes=[...]."
            error.args = (f"{text.rstrip('.!')}. {hint}", *error.args[1:])
        raise


def train(call: FitCall, source: Source, workers: Workers, observer: CallbackObserver | None = None) -> None:
    """Train on the rows of a source, and store the model at the end."""
    estimator = call.estimator
    with undeferred():
        training, labels = workers.together(partial(prepare, call, source, workers))
        if training.has_epochs:
            join(training.fit, training.engine.batch_size, None if labels is None else labels.classes)
            check_same_data(training.fit)
            training.state.parameters = {**parameters_to_keep(estimator), **source.kept}
            is_new = not (training.state.epoch or training.state.batch)
            if call.parameters.provenance and (is_new or training.state.provenance):
                from cmlp._estimators.provenance import record  # few programs need it

                record(call, training, labels, source)
        if observer is not None:
            observer.snapshot = partial(_snapshot, training, labels)
            training.observers.append(observer)
    try:
        for _ in training.epochs(at_once=True):
            pass
        _keep(estimator, _fitted_of(training, training.kept(), labels))
    except KeyboardInterrupt:
        training.state.restore_best()
        fitted = _fitted_of(training, training.kept(), labels)
        if call.parameters.warm_start or training.state.epoch:
            _keep(estimator, fitted)
        elif training.has_epochs:
            vars(estimator)[INTERRUPTED] = fitted
        raise


def _keep(estimator: Any, fitted: Fitted) -> None:
    """Store what a fit leaves, and free the values that were assigned before."""
    estimator._fitted = fitted
    for name in (ASSIGNED, INTERRUPTED):
        vars(estimator).pop(name, None)


def prepare(call: FitCall, source: Source, workers: Workers = ALONE) -> tuple[Driver, Labels | None]:
    """Open the source and return the training of a call, and the classes; the estimator does not change.

    Random numbers are drawn in this order: initial weights, dropout seed, and by `driver_of` the split.
    """
    parameters, previous, settings = call.parameters, call.previous, call.parameters.training
    opened = source.open(call.door())
    rows = opened.rows
    dtype, scale = _dtype(call, rows.auto_dtype), _input_scale(call, rows.X.shape[1])
    if isinstance(scale, float) and (previous is None or not call.incremental):
        warn_of_scale(stored_rows(rows.X), scale)
    targets, encoded = learn_targets(call, opened, whole=source.is_whole)
    net = network_description(call, targets, rows.X.shape[1], dtype)
    state = _begun_state(call, net)
    data = _data(call, rows, encoded.weight, scale)
    own = opened.y
    if require_complete(*call.validation):
        door = call.door()._replace(width=rows.X.shape[1], names=data.names)
        own, validation = validation_of(door, targets, call.validation)
        data = data._replace(validation=validation)
    if not call.incremental:
        check_scoring(settings, data.validation is not None)
    if call.shards is not None:
        shards = checked_shards(call.shards, len(rows.X), settings, data.validation is not None)
        data = data._replace(shards=shards)
    task = targets.task(encoded.values)
    scorer = scorer_of(settings.scoring, task.score_name)
    if scorer is not None:

        def present() -> Any:
            return with_fitted(call.estimator, present_fit(training, targets.labels))

        task = task._replace(scorer=ProgramScore(scorer, present, data, own, state))
    fit = Fit(net, task, data, settings, state, parameters.n_threads, workers, reads_again=not source.is_whole)
    fit = fit._replace(judges=not parameters.warm_start)
    n_rows, data = source.learn(fit, targets)
    training = driver_of(fit._replace(data=data), n_rows, source.engine)
    if not call.incremental:
        _call_back(call.estimator, training, targets.labels)
    return training, targets.labels


def _data(call: FitCall, rows: Rows, weight: NDArray[np.float64] | None, scale: float | InputScale | str) -> Data:
    """Return the training rows, without validation rows."""
    learns, previous = scale if isinstance(scale, str) else None, call.previous
    if learns is not None and isinstance(rows.X, StoredRows):
        raise ValueError(f"input_scale={learns!r} is learned from all rows, which no process has with local=True.")
    return Data(
        rows.X,
        weight,
        1.0 if isinstance(scale, str) else scale,
        rows.names if previous is None else previous.model.feature_names,
        learns=learns,
        scale_name=learns if previous is None else previous.scale_name,
    )


def _call_back(estimator: Any, training: Driver, labels: Labels | None) -> None:
    """Let training call the program's callbacks, which get a trainer with the network and copies of the estimator."""
    fit = training.fit
    callbacks = callbacks_of(fit.settings.callbacks, fit.settings.verbose)
    if callbacks:
        from cmlp._estimators.network import Network  # few programs need it

        network = Network._assembled(fit.net, fit.state.params, fit.data.input_scale, fit.n_threads)

        def copied() -> Any:
            return with_fitted(estimator, _fitted_of(training, _copied_state(training), labels))

        Trainer._of(network, training, copied)._tell(callbacks, training)


def network_description(call: FitCall, targets: Targets, n_features: int, dtype: np.dtype[Any]) -> _core.Net:
    """Return the network; raises ValueError if it differs from the previous model's network."""
    parameters, previous = call.parameters, call.previous
    sizes = (n_features, *parameters.hidden_layer_sizes, targets.n_outputs)
    known = None if previous is None else previous.model.net
    if known is not None and known.sizes != sizes:
        raise ValueError(
            f"The model was fitted with the layer sizes {known.sizes}, so training cannot continue with "
            f"{sizes}; call fit with warm_start=False to start again."
        )
    activations, numbers = (*parameters.activation, targets.output), (*parameters.activation_parameter, 0.0)
    make = _net if isinstance(parameters.loss, str) else _core.Net  # a function may not be hashable
    net = make(sizes, activations, parameters.loss, dtype, numbers, parameters.loss_parameter)
    if known is not None:
        require_same("activation", known.activations[:-1], net.activations[:-1])
        require_same("activation_parameter", known.activation_parameters, net.activation_parameters)
        require_same("loss", known.loss, net.loss)
        require_same("the loss parameter", known.loss_parameter, net.loss_parameter)
        require_same("the output activation", known.activations[-1], net.activations[-1])
    return net


# Models of the same shape share a description. A new one asks the processor for its instruction sets, which takes 60 µs
# in a virtual machine.
_net = lru_cache(maxsize=64)(_core.Net)


def _begun_state(call: FitCall, net: _core.Net) -> TrainingState:
    """Return the state of a call before its first epoch, or the kept one of the call that is resumed."""
    settings, rng = call.parameters.training, random_state(call.parameters.random_state)
    if call.resume and call.previous is not None:
        return resumed_state(call.previous.state, settings, call.previous.record)
    state = _initial_state(call, net, rng)
    settings.draw_dropout_seed(state, len(net.sizes) - 1)
    return state


def _initial_state(call: FitCall, net: _core.Net, rng: Generator) -> TrainingState:
    """Return the initial state: a new one, or one that continues from the previous model."""
    parameters, previous, incremental = call.parameters, call.previous, call.incremental
    scaled, random = parameters.y_scale is not None, False
    if previous is None:
        assigned = assigned_params(call.estimator, net) if incremental or parameters.warm_start else None
        params = assigned
        if params is None:
            params = initial_params(net, rng, parameters.init_activation, parameters.initialization)
            random = isinstance(parameters.initialization, str)
        history = History()
    else:
        params, history = block_copy(previous.model.params), previous.history.copy()
    if previous is None or not incremental:
        state = TrainingState(params, history, rng)
        state.target_scale = previous.state.target_scale if previous is not None and scaled else None
        state.folded = scaled and not random  # random parameters are for standardized targets
        return state
    kept, rate = previous.state, parameters.training.learning_rate_init
    if kept.optimizer is not None:
        require_same("y_scale", None if kept.target_scale is None else "standard", parameters.y_scale)
    optimizer, schedule = deepcopy(kept.optimizer), kept.schedule
    if optimizer is not None and schedule is not None and rate != schedule.rate:  # set_params has changed it
        schedule = schedule.with_rate(rate)
        optimizer.learning_rate = schedule.next_rate(schedule.rate, history.t)
    state = TrainingState(params, history, rng, optimizer, schedule, kept.schedule_epoch)
    state.target_scale, state.folded = kept.target_scale, scaled
    return state


def _input_scale(call: FitCall, n_features: int) -> float | InputScale | str:
    """Return the scale, which a model keeps; a name if it is to be learned."""
    scale, previous = call.parameters.input_scale, call.previous
    if previous is None:
        check_scale_width(scale, n_features)
    elif isinstance(scale, str) and previous.scale_name is not None:
        require_same("input_scale", previous.scale_name, scale)
    else:
        require_same("input_scale", previous.model.input_scale, scale)
    return scale if previous is None else previous.model.input_scale


def _dtype(call: FitCall, auto_dtype: np.dtype[Any]) -> np.dtype[Any]:
    parameters, previous = call.parameters, call.previous
    if previous is None:
        return auto_dtype if parameters.dtype == "auto" else np.dtype(parameters.dtype)
    if parameters.dtype != "auto":
        require_same("dtype", previous.model.net.dtype.name, parameters.dtype)
    return previous.model.net.dtype


def _fitted_of(training: Driver, state: TrainingState, labels: Labels | None) -> Fitted:
    """Return what a fit leaves with this training state, whose parameters then predict y itself."""
    net, data = training.fit.net, training.fit.data
    state.fold(net)
    more: dict[str, Any] = {"names": data.names, "scale_name": data.scale_name}
    return fitted_network(net, state, labels, input_scale=data.input_scale, **more)


def _copied_state(training: Driver) -> TrainingState:
    """Return a copy of the training state that continues, to keep it."""
    state = training.state.copy()
    state.provenance = training.recorded() if training.has_epochs else None
    state.restore_best()
    return state.resumable()


def _snapshot(training: Driver, labels: Labels | None) -> Fitted:
    """Return what a fit would leave now, with copies of the best parameters so far, while training continues."""
    state = training.state.finished()
    best = training.state.best
    state.params, state.history = block_copy(state.params if best is None else best), state.history.copy()
    return _fitted_of(training, state, labels)


def assemble(estimator: Any, y: NDArray[Any] | None = None) -> None:
    """Give an estimator the model that the attributes assigned before fit describe.

    y are placeholder targets, from which the problem gets the classes or the number of outputs; None for those that
    the assigned attributes define.
    """
    assigned = vars(estimator)[ASSIGNED]
    first, last = (rectangular(assigned["coefs_"][layer], "coefs_") for layer in (0, -1))
    if first.ndim != 2 or last.ndim != 2:
        raise ValueError("coefs_ must hold arrays of shape (n_in, n_out).")
    parameters = estimator._parameters()
    single = first.dtype == np.float32 if parameters.dtype == "auto" else parameters.dtype == "float32"
    dtype = np.dtype(np.float32 if single else np.float64)
    if y is None:
        n_columns = 1 if isinstance(parameters.loss_parameter, tuple) else last.shape[1]
        y = rectangular(assigned["classes_"], "classes_") if "classes_" in assigned else np.zeros((1, n_columns))
    call = FitCall(estimator, parameters)
    targets = learn_targets(call, Opened(Rows(first, dtype, None), y, None), whole=True)[0]
    net = network_description(call, targets, len(first), dtype)
    params = assigned_params(estimator, net)
    assert params is not None  # callers check can_assemble first
    state = TrainingState(params, History())
    twin = copy(estimator)
    scale = parameters.input_scale
    if isinstance(scale, str):
        raise ValueError(f"input_scale={scale!r} is learned in fit, so it cannot be used with assigned coefs_.")
    check_scale_width(scale, len(first))
    twin._fitted = fitted_network(net, state, targets.labels, input_scale=scale)
    for name, value in assigned.items():
        if name not in ("coefs_", "intercepts_", "classes_"):
            setattr(twin, name, value)
    estimator._fitted = twin._fitted
