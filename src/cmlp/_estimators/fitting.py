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
from cmlp._data.sparse import StoredRows, stored_rows
from cmlp._estimators.attributes import ASSIGNED, assigned_params, can_assemble
from cmlp._estimators.exclusive import Exclusively
from cmlp._estimators.fitted import FITTED, INTERRUPTED, NETWORK, Fitted, fitted_network, with_fitted
from cmlp._estimators.request import FitRequest, require_same
from cmlp._estimators.resuming import fit_to_continue, parameters_to_keep, resumed_state
from cmlp._estimators.targets import learn_targets
from cmlp._estimators.trainer import Trainer
from cmlp._process.signals import immediate_signals
from cmlp._train.held_out import UserScore
from cmlp._train.hyperparameters import TABLE
from cmlp._train.initialization import initial_params
from cmlp._train.job import Data, TrainingJob, Validation, named_validation, require_complete
from cmlp._train.observer import callbacks_of
from cmlp._train.options import check_scoring
from cmlp._train.random import random_state
from cmlp._train.same_data import check_same_data
from cmlp._train.split import checked_shards
from cmlp._train.start import start
from cmlp._train.state import History, TrainingState
from cmlp.exceptions import optional

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from cmlp._data.labels import Labels
    from cmlp._estimators.sources import Arrays, RowSource
    from cmlp._estimators.targets import Targets
    from cmlp._train.engine import Engine
    from cmlp._train.loop import EpochLoop
    from cmlp._train.observer import Observer
    from cmlp._train.random import Generator
    from cmlp._train.split import Shards
    from cmlp._train.start import TrainingRun


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
) -> None:
    """Train a new model, or with `warm_start` or `resume` the previous one, and store it at the end."""
    with Exclusively(estimator):
        with immediate_signals():
            request = request_of(estimator, validation, resume=resume, shards=shards)
            warn_of_unused(estimator, own_rows=validation[0] is not None)
        train_on(request, source)


def train_on(request: FitRequest, source: RowSource) -> None:
    """Train on the rows of a source, and store the model. Until training begins, nothing changes."""
    with request.estimator._observers(*source.given) as observers:
        with immediate_signals():
            training, labels = prepare(request, source)
            if training.has_epochs:
                check_same_data(training.job)
                request = keep_for_resume(request, source, training, labels)
            follow(request, training, labels, observers)
        train_and_store(request, training, labels)


def request_of(
    estimator: Any,
    validation: tuple[Any, Any, Any],
    *,
    resume: object = False,
    classes: ArrayLike | None = None,
    shards: Shards | None = None,
) -> FitRequest:
    """Check the parameters of an estimator; return what a call asks for, and the fit that it continues."""
    options = estimator._parameters()
    if options.provenance:
        from cmlp._estimators.record import seed_of  # few programs need it

        options = options._replace(random_state=seed_of(estimator.get_params(deep=False)))
    previous = fit_to_continue(estimator, options, resume)
    return FitRequest(estimator, options, previous, validation, classes, shards, resume=bool(resume))


def warn_of_unused(estimator: Any, own_rows: bool = False) -> None:
    """Warn of parameters of an estimator that have no effect under the others in a fit."""
    given = {**vars(estimator), "X_val": True} if own_rows else vars(estimator)
    TABLE.warn_of_unused(estimator._owner, given)


def keep_for_resume(request: FitRequest, source: RowSource, training: EpochLoop, labels: Labels | None) -> FitRequest:
    """Keep what must not change before the fit is resumed; return the request of a fit that is recorded, if it is."""
    training.state.parameters = {**parameters_to_keep(request.estimator), **source.kept}
    earlier = request.previous.record if request.resume and request.previous is not None else None
    if not request.options.provenance or (request.resume and earlier is None):
        return request
    from cmlp._estimators.record import record  # few programs need it

    return request._replace(recorded=record(request, training, labels, source, earlier))


def follow(request: FitRequest, training: TrainingRun, labels: Labels | None, observers: Sequence[Observer]) -> None:
    """Let the user's callbacks and observers follow the training."""
    _call_back(request, training, labels)
    for observer in observers:
        observer.state, observer.recorded = training.state, request.recorded
        observer.snapshot = partial(_snapshot, request, training, labels)
        training.observers.append(observer)


def train_and_store(request: FitRequest, training: TrainingRun, labels: Labels | None) -> None:
    """Train, and store the model; after Ctrl-C, that of the last complete batch."""
    estimator = request.estimator
    try:
        for _ in training.epochs(at_once=True):
            pass
        _keep(estimator, _fitted_of(request, training, training.kept(), labels))
    except KeyboardInterrupt:
        training.state.restore_best()
        fitted = _fitted_of(request, training, training.kept(), labels)
        if request.options.warm_start or training.state.epoch:
            _keep(estimator, fitted)
        elif training.has_epochs:
            vars(estimator)[INTERRUPTED] = fitted
        raise


def _keep(estimator: Any, fitted: Fitted) -> None:
    """Store what a fit leaves, and free the values that were assigned before."""
    estimator._fitted = fitted
    for name in (ASSIGNED, INTERRUPTED):
        vars(estimator).pop(name, None)


def prepare(
    request: FitRequest, source: RowSource, engine: Callable[[TrainingJob], Engine] | None = None
) -> tuple[TrainingRun, Labels | None]:
    """Open the source and return the training of a call, and the classes; the estimator does not change.

    The engine is that of the source unless another one is passed.

    Random numbers are drawn in this order: initial weights, dropout seed, and by `start` the split.
    """
    options, previous = request.options, request.previous
    # The rows, their dtype and scale
    opened = source.open(request.door())
    rows = opened.rows
    n_features = rows.X.shape[1]
    dtype, scale = _dtype(request, rows.auto_dtype), _input_scale(request, n_features)
    if isinstance(scale, float) and (previous is None or not request.incremental):
        warn_of_scale(stored_rows(rows.X), scale)
    # The targets, the network, and the first state
    targets, encoded = learn_targets(request, opened, whole=source.is_whole)
    net = network_description(request, targets, n_features, dtype)
    state = _begun_state(request, net)
    data, task, own = _data(request, rows, encoded.weight, scale), targets.task(encoded.values), opened.y
    # Validation rows, shards, and a score of the user
    if require_complete(*request.validation):
        with named_validation():
            held_out = request.door()._replace(width=n_features, names=data.names).open(*request.validation)
            own, rows_val = held_out.y, held_out.rows.X
            data = data._replace(validation=Validation(rows_val, *targets.encode(own, held_out.weight)))
    has_validation = data.validation is not None
    if not request.incremental:
        check_scoring(options, has_validation)
    if request.shards is not None:
        data = data._replace(shards=checked_shards(request.shards, len(rows.X), options, has_validation))
    scorer = _scorer(options.scoring, task.score_name)
    if scorer is not None:

        def present() -> Any:
            return with_fitted(request.estimator, _present_fit(training, targets.labels))

        task = task._replace(scorer=UserScore(scorer, present, data, own, state))
    # The training, which chooses the held-out rows and learns the scales
    job = TrainingJob(net, task, data, options, state, options.n_threads, reads_again=not source.is_whole)
    n_rows, data = source.learn(job, targets)
    job = job._replace(data=data, judges=not options.warm_start)
    training = start(job, n_rows, engine or source.engine)
    return training, targets.labels


def partial_fit(estimator: Any, source: Arrays, classes: ArrayLike | None) -> None:
    """Train one epoch on the given rows, starting from the current model, and store the result at the end."""
    with Exclusively(estimator):
        with immediate_signals():
            options = estimator._parameters()
            if options.early_stopping:
                raise ValueError(
                    "partial_fit does not support early_stopping=True, because each call is one epoch: set "
                    "early_stopping=False and decide yourself when to stop, or use fit_batches with X_val and y_val."
                )
            if options.class_weight == "balanced":
                raise ValueError(_BALANCED)
            if options.provenance:
                raise ValueError("partial_fit does not support provenance=True: it does not record what it trains on.")
            warn_of_unused(estimator)
            if FITTED not in vars(estimator) and can_assemble(estimator):
                assemble(estimator)
            previous = vars(estimator).get(FITTED)
            options = options._replace(scoring=None, max_time=None)
            request = FitRequest(estimator, options, previous, classes=classes, incremental=True)
            with _naming_classes(request, source):
                training, labels = prepare(request, source)
            assert training.has_epochs  # the method does not exist with solver="lbfgs"
        training.advance()
        fitted = _fitted_of(request, training, training.state.finished(), labels)
        network = vars(estimator).get(NETWORK)
        _keep(estimator, fitted)
        if network is not None and previous is not None and network.params is previous.model.params:
            network._share(fitted.model.net, fitted.model.params)


@contextmanager
def _naming_classes(request: FitRequest, source: Arrays) -> Iterator[None]:
    """Add to an error that `classes` has a name, if they were passed as the third argument: that is `sample_weight`."""
    try:
        yield
    except ValueError as error:
        weight, known, text = source.given[2], request.previous, str(error)
        if not request.is_classifier or request.classes is not None or weight is None:
            raise
        if "sample_weight" not in text and "classes must be passed" not in text:
            raise
        if known is None or np.array_equal(weight, known.model.labels.classes):
            hint = "The third argument of partial_fit is sample_weight: pass the classes as classes=[...]."
            error.args = (f"{text.rstrip('.!')}. {hint}", *error.args[1:])
        raise


def _data(request: FitRequest, rows: Rows, weight: NDArray[np.float64] | None, scale: float | InputScale | str) -> Data:
    """Return the training rows, without validation rows."""
    learns, previous = scale if isinstance(scale, str) else None, request.previous
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


def _call_back(request: FitRequest, training: TrainingRun, labels: Labels | None) -> None:
    """Let training call the user's callbacks, which get a trainer with the network and copies of the estimator."""
    job = training.job
    callbacks = callbacks_of(job.options.callbacks, job.options.verbose)
    if callbacks:
        from cmlp._estimators.network import Network  # few programs need it

        network = Network._assembled(job.net, job.state.params, job.data.input_scale, job.n_threads)

        def copied() -> Any:
            return with_fitted(request.estimator, _fitted_of(request, training, _copied_state(training), labels))

        Trainer._of(network, training, copied)._tell(callbacks, training)


def _scorer(scoring: str | Callable[..., Any] | None, default: str) -> Callable[..., Any] | None:
    """Return the function for the parameter `scoring`; None for the estimator's own score and for "loss"."""
    if scoring is None or scoring in ("loss", default):
        return None
    if not isinstance(scoring, str):
        return scoring
    needs = f"scoring={scoring!r} needs scikit-learn; otherwise it must be None, 'loss', {default!r} or callable."
    scorer: Callable[..., Any] = optional("sklearn.metrics", needs).get_scorer(scoring)
    return scorer


def _present_fit(training: TrainingRun, labels: Labels | None) -> Fitted:
    """Return what a fit would leave with the current parameters of the training run, for a score."""
    live, job = training.state.finished(), training.job
    live.fold(job.net)  # the model predicts y itself, unlike the parameters during training
    return fitted_network(job.net, live, labels, input_scale=job.data.input_scale)


def network_description(request: FitRequest, targets: Targets, n_features: int, dtype: np.dtype[Any]) -> _core.Net:
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
    make = _net if isinstance(options.loss, str) else _core.Net  # a function may not be hashable
    net = make(sizes, activations, options.loss, dtype, numbers, options.loss_parameter)
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


def _begun_state(request: FitRequest, net: _core.Net) -> TrainingState:
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
        state.target_scale = previous.state.target_scale if previous is not None and scaled else None
        state.folded = scaled and not random  # random parameters are for standardized targets
        return state
    kept, rate = previous.state, options.learning_rate_init
    if kept.optimizer is not None:
        require_same("y_scale", None if kept.target_scale is None else "standard", options.y_scale)
    optimizer, schedule = deepcopy(kept.optimizer), kept.schedule
    if optimizer is not None and schedule is not None and rate != schedule.rate:  # set_params has changed it
        schedule = schedule.with_rate(rate)
        optimizer.learning_rate = schedule.next_rate(schedule.rate, history.t)
    state = TrainingState(params, history, rng, optimizer, schedule, kept.schedule_epoch)
    state.target_scale, state.folded = kept.target_scale, scaled
    return state


def _input_scale(request: FitRequest, n_features: int) -> float | InputScale | str:
    """Return the scale, which a model keeps; a name if it is to be learned."""
    scale, previous = request.options.input_scale, request.previous
    if previous is None:
        check_scale_width(scale, n_features)
    elif isinstance(scale, str) and previous.scale_name is not None:
        require_same("input_scale", previous.scale_name, scale)
    else:
        require_same("input_scale", previous.model.input_scale, scale)
    return scale if previous is None else previous.model.input_scale


def _dtype(request: FitRequest, auto_dtype: np.dtype[Any]) -> np.dtype[Any]:
    options, previous = request.options, request.previous
    if previous is None:
        return auto_dtype if options.dtype == "auto" else np.dtype(options.dtype)
    if options.dtype != "auto":
        require_same("dtype", previous.model.net.dtype.name, options.dtype)
    return previous.model.net.dtype


def _fitted_of(request: FitRequest, training: TrainingRun, state: TrainingState, labels: Labels | None) -> Fitted:
    """Return what a fit leaves with this training state, whose parameters then predict y itself."""
    net, data = training.job.net, training.job.data
    state.fold(net)
    more: dict[str, Any] = {"names": data.names, "scale_name": data.scale_name, "record": request.recorded()}
    return fitted_network(net, state, labels, input_scale=data.input_scale, **more)


def _copied_state(training: TrainingRun) -> TrainingState:
    """Return a copy of the training state that continues, to keep it."""
    state = training.state.copy()
    state.restore_best()
    return state.resumable()


def _snapshot(request: FitRequest, training: TrainingRun, labels: Labels | None) -> Fitted:
    """Return what a fit would leave now, with copies of the best parameters so far, while training continues."""
    state = training.state.finished()
    best = training.state.best
    state.params, state.history = block_copy(state.params if best is None else best), state.history.copy()
    return _fitted_of(request, training, state, labels)


def assemble(estimator: Any, y: NDArray[Any] | None = None) -> None:
    """Give an estimator the model that the attributes assigned before fit describe.

    y are placeholder targets, from which the classes or the number of outputs are learned; None for those that the
    assigned attributes define.
    """
    assigned = vars(estimator)[ASSIGNED]
    first, last = (rectangular(assigned["coefs_"][layer], "coefs_") for layer in (0, -1))
    if first.ndim != 2 or last.ndim != 2:
        raise ValueError("coefs_ must hold arrays of shape (n_in, n_out).")
    options = estimator._parameters()
    single = first.dtype == np.float32 if options.dtype == "auto" else options.dtype == "float32"
    dtype = np.dtype(np.float32 if single else np.float64)
    if y is None:
        n_columns = 1 if isinstance(options.loss_parameter, tuple) else last.shape[1]
        y = rectangular(assigned["classes_"], "classes_") if "classes_" in assigned else np.zeros((1, n_columns))
    request = FitRequest(estimator, options)
    targets = learn_targets(request, Opened(Rows(first, dtype, None), y, None), whole=True)[0]
    net = network_description(request, targets, len(first), dtype)
    params = assigned_params(estimator, net)
    assert params is not None  # callers check can_assemble first
    state = TrainingState(params, History())
    twin = copy(estimator)
    scale = options.input_scale
    if isinstance(scale, str):
        raise ValueError(f"input_scale={scale!r} is learned in fit, so it cannot be used with assigned coefs_.")
    check_scale_width(scale, len(first))
    twin._fitted = fitted_network(net, state, targets.labels, input_scale=scale)
    for name, value in assigned.items():
        if name not in ("coefs_", "intercepts_", "classes_"):
            setattr(twin, name, value)
    estimator._fitted = twin._fitted
