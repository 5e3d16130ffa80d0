"""Fitting an estimator: from its parameters and the user's data to a trainer, and from this to the fitted model.

Programs that only predict never import this module.
"""

from __future__ import annotations

from copy import copy, deepcopy
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import _core
from cmlp.blocks import block_copy
from cmlp.estimators.assignment import ASSIGNED, assigned_params, can_assemble
from cmlp.estimators.callbacks import CallbackObserver, call_with_callbacks
from cmlp.estimators.exclusive import Exclusively
from cmlp.estimators.model import Model
from cmlp.estimators.problem import Parameters, Problem, require_same
from cmlp.estimators.resuming import INTERRUPTED, model_to_resume, parameters_to_keep, resumed_state
from cmlp.estimators.tasks import encoder_of, problem_of
from cmlp.estimators.validation import present_model, scorer_of, validation_of, with_model
from cmlp.inputs.arrays import rectangular
from cmlp.inputs.class_weights import weights_of_classes
from cmlp.inputs.frames import as_table, check_feature_names, feature_names
from cmlp.inputs.scale import InputScale, check_scale_width
from cmlp.inputs.scaling import warn_of_scale
from cmlp.inputs.stored import StoredRows, stored_rows
from cmlp.inputs.validation import as_rows, as_targets, check_width, require_samples
from cmlp.inputs.weights import as_weights
from cmlp.model import ModelDocument
from cmlp.training.history import History
from cmlp.training.initialization import initial_params
from cmlp.training.loop import Training
from cmlp.training.random import random_state
from cmlp.training.same_data import check_same_data
from cmlp.training.scores import ProgramScore
from cmlp.training.settings import check_scoring
from cmlp.training.shards import checked_shards
from cmlp.training.state import TrainingState
from cmlp.training.task import Data, require_complete
from cmlp.training.together import join, shown
from cmlp.training.trainer import Trainer
from cmlp.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from cmlp.estimators.base import MultilayerPerceptron
    from cmlp.estimators.batches import Blocks
    from cmlp.inputs.labels import Labels
    from cmlp.training.lbfgs import LBFGS
    from cmlp.training.random import Generator


# The sentence of scikit-learn's SGDClassifier.
_BALANCED = (
    "class_weight 'balanced' is not supported for partial_fit. In order to use 'balanced' weights, use "
    "compute_class_weight('balanced', classes=classes, y=y). In place of y you can use a large enough sample of the "
    "full training set target to properly estimate the class frequency distributions. Pass the resulting weights as "
    "the class_weight parameter."
)


def fit(
    estimator: MultilayerPerceptron,
    X: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None,
    held: tuple[Any, Any, Any] = (None, None, None),
    *,
    resume: bool = False,
    comm: Any = None,
    shards: Sequence[int] | None = None,
    local: bool = False,
) -> None:
    """Train a new model, or with `warm_start` or `resume` the previous one, and store it at the end."""
    with Exclusively(estimator), Workers(comm) as workers:
        begin = partial(_begin, estimator, resume=resume, local=local, alone=comm is None)
        parameters, previous, ways = workers.together(begin)
        if workers.size > 1:
            workers.compare({name: str(value) for name, value in ways.items()})
        rows, targets, weight = X, y, sample_weight
        if ways["local"]:
            from cmlp.estimators.local import joined  # few programs need it

            rows, targets, weight, shards = joined(estimator, X, y, sample_weight, shards, workers)
        call = partial(
            train,
            estimator,
            parameters,
            previous,
            rows,
            targets,
            weight,
            held,
            incremental=False,
            resume=ways["resume"],
            workers=workers,
            shards=shards,
        )
        call_with_callbacks(call, estimator, X, y, sample_weight, workers)


def _begin(
    estimator: MultilayerPerceptron, *, resume: bool, local: bool, alone: bool
) -> tuple[Parameters, Model | None, dict[str, bool]]:
    """Return the parameters of a fit, the model that it continues, and what decides which messages workers exchange."""
    parameters = estimator._parameters()
    ways = {"local": bool(local), "resume": bool(resume), "warm_start": bool(parameters.warm_start)}
    if alone and ways["local"]:
        raise ValueError("local=True needs comm, the communicator of the processes that have the other rows.")
    if not alone and parameters.training.solver == "lbfgs":
        raise ValueError("comm needs batches, but solver='lbfgs' has none: use another solver.")
    if ways["resume"]:
        return parameters, model_to_resume(estimator, parameters.training), ways
    return parameters, vars(estimator).get("_model") if parameters.warm_start else None, ways


def partial_fit(
    estimator: MultilayerPerceptron,
    X: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None,
    classes: ArrayLike | None,
) -> None:
    """Train one epoch on the given rows, starting from the current model, and store the result at the end."""
    with Exclusively(estimator):
        parameters = estimator._parameters()
        if parameters.training.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        if parameters.class_weight == "balanced":
            raise ValueError(_BALANCED)
        if "_model" not in vars(estimator) and can_assemble(estimator):
            assemble(estimator)
        previous = vars(estimator).get("_model")
        parameters = parameters._replace(training=parameters.training._replace(scoring=None, max_time=None))
        train(estimator, parameters, previous, X, y, sample_weight, incremental=True, classes=classes)


def train(
    estimator: MultilayerPerceptron,
    parameters: Parameters,
    previous: Model | None,
    X: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None,
    held: tuple[Any, Any, Any] = (None, None, None),
    *,
    incremental: bool,
    resume: bool = False,
    classes: ArrayLike | None = None,
    observer: CallbackObserver | None = None,
    stream: Blocks | None = None,
    workers: Workers | None = None,
    shards: Sequence[int] | None = None,
) -> None:
    """Train on data as the user passed them, or on a stream that begins with them, and store the model at the end."""
    workers = Workers() if workers is None else workers
    prepared = partial(
        prepare,
        estimator,
        parameters,
        previous,
        X,
        y,
        sample_weight,
        held,
        incremental=incremental,
        resume=resume,
        classes=classes,
        stream=stream,
        shards=shards,
    )
    training, labels = workers.together(prepared)
    if incremental and isinstance(training, Training):
        training.advance()
        model = _model_of(training, training.state.finished(), labels)
        if previous is not None:
            model.continue_network(previous)
        _keep(estimator, model)
        return
    if isinstance(training, Training):
        if workers.size > 1:
            join(training, workers, {"classes": "None" if labels is None else shown(labels.classes.tolist())})
        check_same_data(training, workers)
        training.state.parameters = {**parameters_to_keep(estimator), **({} if stream is None else stream.kept)}
    if observer is not None:
        observer.snapshot = partial(_snapshot, training, labels)
        training.observers.append(observer)
    try:
        training.run()
        _keep(estimator, _model_of(training, _state_to_keep(training), labels))
    except KeyboardInterrupt:
        training.state.restore_best()
        model = _model_of(training, _state_to_keep(training), labels)
        if parameters.warm_start or training.state.epoch:
            _keep(estimator, model)
        elif isinstance(training, Training):
            vars(estimator)[INTERRUPTED] = model
        raise


def _keep(estimator: MultilayerPerceptron, model: Model) -> None:
    """Store the model of a fit, and free the values that were assigned before."""
    estimator._model = model
    for name in (ASSIGNED, INTERRUPTED):
        vars(estimator).pop(name, None)


def _state_to_keep(training: Training | LBFGS) -> TrainingState:
    return training.state.resumable() if isinstance(training, Training) else training.state.finished()


def prepare(
    estimator: MultilayerPerceptron,
    parameters: Parameters,
    previous: Model | None,
    X: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None,
    held: tuple[Any, Any, Any] = (None, None, None),
    *,
    incremental: bool = False,
    resume: bool = False,
    classes: ArrayLike | None = None,
    stream: Blocks | None = None,
    shards: Sequence[int] | None = None,
) -> tuple[Training | LBFGS, Labels | None]:
    """Validate the data and return the training of a call, and the classes; the estimator does not change."""
    owner = type(estimator).__name__
    X = as_table(X)
    names = feature_names(X) if previous is None else previous.feature_names
    if previous is not None:
        check_feature_names(X, previous.feature_names, owner)
    rows, natural = as_rows(X, owner)
    require_samples(rows, owner)
    if previous is not None:
        check_width(rows.shape[1], previous.net.sizes[0], owner)
    dtype = _dtype(parameters, previous, natural)
    scale = _input_scale(parameters, previous, rows.shape[1])
    if isinstance(scale, float) and (previous is None or not incremental):
        warn_of_scale(stored_rows(rows), scale)
    targets = as_targets(y, len(rows), owner, labels=estimator._estimator_type == "classifier")
    whole = stream is None
    weight = as_weights(sample_weight, len(rows), some=whole)
    partial_labels = incremental or not whole
    problem = problem_of(estimator, parameters, previous, targets, incremental=partial_labels, classes=classes)
    if problem.labels is not None:
        weights = weights_of_classes(parameters.class_weight, problem.labels, problem.task.targets, weight)
        problem = problem._replace(class_weights=weights)
        if weights is not None:
            weight = weights.times(weight, problem.task.targets, some=whole)
    net = network_description(parameters, previous, rows.shape[1], problem, dtype)
    rng = random_state(parameters.random_state)
    if resume and previous is not None:
        state = resumed_state(previous.state, parameters.training)
    else:
        state = _initial_state(estimator, parameters, previous, net, rng, incremental=incremental)
        parameters.training.draw_dropout_seed(state, len(net.sizes) - 1)
    learns = scale if isinstance(scale, str) else None
    if learns is not None and isinstance(rows, StoredRows):
        raise ValueError(f"input_scale={learns!r} is learnt from all rows, which no process has with local=True.")
    document = ModelDocument([(net, state.params)], input_scale=1.0 if isinstance(scale, str) else scale)
    data, own = Data(rows, weight, document.input_scale, names, learns=learns), targets
    if previous is not None:
        learns = previous.scale_name
    data = data._replace(scale_name=learns)
    if require_complete(*held):
        own, validation = validation_of(owner, names, rows.shape[1], problem, encoder_of(parameters, problem), *held)
        data = data._replace(validation=validation)
    task, settings = problem.task, parameters.training
    if not incremental:
        check_scoring(settings, data.validation is not None)
    if shards is not None:
        data = data._replace(shards=checked_shards(shards, len(rows), settings, data.validation is not None))
    scorer = scorer_of(settings.scoring, task.score_name)
    if scorer is not None:

        def present() -> MultilayerPerceptron:
            model = present_model(net, state, document.input_scale, problem.labels)
            return with_model(estimator, model)

        task = task._replace(scorer=ProgramScore(scorer, present, data, own, state))
    feed = None
    if stream is not None:
        feed = stream.feed(rows, data, parameters, problem, state)
        data = stream.learn(feed, data, problem, state, settings)
    trainer = Trainer._continued(document, parameters.n_threads, settings, state)
    training = trainer._training(task, data, feed, Training if stream is None else stream.training)
    document.input_scale = training.data.input_scale  # which may have been learnt
    if training.observers:
        _equip(trainer, training, estimator, problem.labels)
    return training, problem.labels


def _equip(
    trainer: Trainer, training: Training | LBFGS, estimator: MultilayerPerceptron, labels: Labels | None
) -> None:
    """Give a trainer what callbacks can use: the network, and copies of the estimator."""
    from cmlp.network import Network  # few programs need it

    document, n_threads = trainer._content, trainer._n_threads
    trainer.network = Network._assembled(document.net, document.params, document.input_scale, n_threads)
    trainer._copy_model = lambda: with_model(estimator, _model_of(training, _copied_state(training), labels))


def network_description(
    parameters: Parameters, previous: Model | None, n_features: int, problem: Problem, dtype: np.dtype[Any]
) -> _core.Net:
    """Return the network; raises ValueError if it differs from the previous model's network."""
    sizes = (n_features, *parameters.hidden_layer_sizes, problem.n_outputs)
    if previous is not None and previous.net.sizes != sizes:
        raise ValueError(
            f"The model was fitted with the layer sizes {previous.net.sizes}, so training cannot continue with "
            f"{sizes}; call fit with warm_start=False to start again."
        )
    activations, numbers = (*parameters.activation, problem.output), (*parameters.activation_parameter, 0.0)
    make = _net if isinstance(parameters.loss, str) else _core.Net  # a function may not be hashable
    net = make(sizes, activations, parameters.loss, dtype, numbers, parameters.loss_parameter)
    if previous is not None:
        require_same("activation", previous.net.activations[:-1], net.activations[:-1])
        require_same("activation_parameter", previous.net.activation_parameters, net.activation_parameters)
        require_same("loss", previous.net.loss, net.loss)
        require_same("the loss parameter", previous.net.loss_parameter, net.loss_parameter)
        require_same("the output activation", previous.net.activations[-1], net.activations[-1])
    return net


# Models of the same shape share a description. A new one asks the processor for its instruction sets, which takes 60 µs
# in a virtual machine.
_net = lru_cache(maxsize=64)(_core.Net)


def _initial_state(
    estimator: MultilayerPerceptron,
    parameters: Parameters,
    previous: Model | None,
    net: _core.Net,
    rng: Generator,
    *,
    incremental: bool,
) -> TrainingState:
    """Return the initial state: a new one, or one that continues from the previous model."""
    scaled, random = parameters.y_scale is not None, False
    if previous is None:
        assigned = assigned_params(estimator, net) if incremental or parameters.warm_start else None
        params = assigned
        if params is None:
            params = initial_params(net, rng, parameters.init_activation, parameters.initialization)
            random = isinstance(parameters.initialization, str)
        history = History()
    else:
        params, history = block_copy(previous.params), previous.state.history.copy()
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


def _input_scale(parameters: Parameters, previous: Model | None, n_features: int) -> float | InputScale | str:
    """Return the scale, which a model keeps; a name if it is to be learnt."""
    scale = parameters.input_scale
    if previous is None:
        check_scale_width(scale, n_features)
    elif isinstance(scale, str) and previous.scale_name is not None:
        require_same("input_scale", previous.scale_name, scale)
    else:
        require_same("input_scale", previous.input_scale, scale)
    return scale if previous is None else previous.input_scale


def _dtype(parameters: Parameters, previous: Model | None, natural: np.dtype[Any]) -> np.dtype[Any]:
    if previous is None:
        return natural if parameters.dtype == "auto" else np.dtype(parameters.dtype)
    if parameters.dtype != "auto":
        require_same("dtype", previous.net.dtype.name, parameters.dtype)
    return previous.net.dtype


def _model_of(training: Training | LBFGS, state: TrainingState, labels: Labels | None) -> Model:
    """Return a model with a state of a training, whose parameters then predict y itself."""
    data = training.data
    state.fold(training.net)
    return Model(
        training.net,
        state,
        input_scale=data.input_scale,
        feature_names=data.names,
        labels=labels,
        scale_name=data.scale_name,
    )


def _copied_state(training: Training | LBFGS) -> TrainingState:
    """Return a copy of the state of a training that continues, to keep it in a model."""
    state = training.state.copy()
    state.restore_best()
    return state.resumable()


def _snapshot(training: Training | LBFGS, labels: Labels | None) -> Model:
    """Return a model with a copy of the current state, or of the best parameters so far, while training continues."""
    state = training.state.finished()
    best = training.state.best
    state.params, state.history = block_copy(state.params if best is None else best), state.history.copy()
    return _model_of(training, state, labels)


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
    problem = problem_of(estimator, parameters, None, y)
    net = network_description(parameters, None, len(first), problem, dtype)
    params = assigned_params(estimator, net)
    assert params is not None  # callers check can_assemble first
    state = TrainingState(params, History())
    twin = copy(estimator)
    scale = parameters.input_scale
    if isinstance(scale, str):
        raise ValueError(f"input_scale={scale!r} is learnt in fit, so it cannot be used with assigned coefs_.")
    check_scale_width(scale, len(first))
    twin._model = Model(net, state, input_scale=scale, feature_names=None, labels=problem.labels)
    for name, value in assigned.items():
        if name not in ("coefs_", "intercepts_", "classes_"):
            setattr(twin, name, value)
    estimator._model = twin._model
