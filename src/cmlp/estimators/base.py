"""The base class of the classifier and the regressor: parameters, fit, fitted attributes."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cmlp import _core, constraints
from cmlp.blocks import block_copy
from cmlp.estimators.assignment import ASSIGNED, assemble, assigned_params, can_assemble
from cmlp.estimators.callbacks import FIT_TIME, CallbackObserver, Callbacks, call_with_callbacks, has_callbacks
from cmlp.estimators.exclusive import Exclusively, attributes_to_copy
from cmlp.estimators.fitted import FittedAttributes
from cmlp.estimators.inspection import Inspection
from cmlp.estimators.model import Model
from cmlp.estimators.parameters import Parametrized
from cmlp.estimators.problem import Parameters, Problem, require_same
from cmlp.estimators.representation import Representation
from cmlp.estimators.routing import Routing
from cmlp.exceptions import NotFittedError, sklearn_class
from cmlp.exports import Exports
from cmlp.inputs.frames import check_feature_names, feature_names
from cmlp.inputs.scaling import warn_of_scale
from cmlp.inputs.validation import as_rows, as_targets, check_width, require_samples
from cmlp.inputs.weights import as_weights
from cmlp.record import Record
from cmlp.training.history import History
from cmlp.training.initialization import initial_params
from cmlp.training.loop import Training
from cmlp.training.random import random_state
from cmlp.training.state import PICKLE_VERSION, TrainingState, check_version
from cmlp.training.task import Data
from cmlp.training.trainer import Trainer

if TYPE_CHECKING:
    import os
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from cmlp.inputs.labels import Labels
    from cmlp.training.lbfgs import LBFGS
    from cmlp.training.random import Generator


class MultilayerPerceptron(FittedAttributes, Inspection, Routing, Representation, Callbacks, Parametrized, Exports):
    """The base class of `MLPClassifier` and `MLPRegressor`; not for direct use."""

    # Tools written before scikit-learn had estimator tags read this attribute.
    _estimator_type: ClassVar[str]
    _constraints: ClassVar[Mapping[str, constraints.Row]] = constraints.ESTIMATORS

    hidden_layer_sizes: int | Sequence[int]
    activation: str | Sequence[str]
    solver: str
    alpha: float
    batch_size: int | str
    learning_rate: str
    learning_rate_init: float
    power_t: float
    max_iter: int
    shuffle: bool
    random_state: int | np.random.RandomState | None
    tol: float
    verbose: bool | int
    warm_start: bool
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: float
    max_fun: int
    loss: str
    n_threads: int | None
    dtype: str
    input_scale: float

    def _parameters(self) -> Parameters:
        """Return the parameters for fit, validated and converted."""
        return Parameters.of(self._constraints, vars(self), type(self).__name__)

    # Fitting

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train on X and y.

        Training builds a new model, which replaces the previous one at the end. If the call fails, the estimator stays
        unchanged. Ctrl-C raises ``KeyboardInterrupt`` and keeps the model after the last complete batch (with early
        stopping, the best model so far). If no epoch is complete yet, the estimator stays unchanged, unless
        `warm_start` is set.

        Parameters
        ----------
        X : array-like or sparse container of shape (n_samples, n_features)
            Training data. Arrays of uint8, float32 and float64 and SciPy's CSR format are read without a copy.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets: labels for a classifier, numbers for a regressor.
        sample_weight : None, float or array-like of shape (n_samples,), default=None
            Weights of the rows, not negative.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or an argument is invalid, or if a warm start changes the network.
        cmlp.DivergenceError
            If training diverged: a weight or the loss is no longer finite.
        cmlp.NonFiniteInputError
            If X contains NaN or infinity.
        """
        with Exclusively(self):
            parameters = self._parameters()
            previous = vars(self).get("_model") if parameters.warm_start else None
            train = partial(self._train, parameters, previous, X, y, sample_weight, incremental=False)
            if has_callbacks(self):
                call_with_callbacks(train, self, X, y, sample_weight)
            else:
                train()
        return self

    def _partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        classes: ArrayLike | None = None,
    ) -> Self:
        with Exclusively(self):
            parameters = self._parameters()
            if parameters.training.early_stopping:
                raise ValueError("partial_fit does not support early_stopping=True")
            if "_model" not in vars(self) and can_assemble(self):
                assemble(self)
            previous = vars(self).get("_model")
            self._train(parameters, previous, X, y, sample_weight, incremental=True, classes=classes)
        return self

    def _train(
        self,
        parameters: Parameters,
        previous: Model | None,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        incremental: bool,
        classes: ArrayLike | None = None,
        observer: CallbackObserver | None = None,
    ) -> None:
        training, labels = self._prepare(
            parameters, previous, X, y, sample_weight, incremental=incremental, classes=classes
        )
        if observer is not None:
            observer.snapshot = partial(_snapshot, training, labels)
            training.observer = observer
        try:
            if incremental and isinstance(training, Training):
                training.advance()
            else:
                training.run()
        except KeyboardInterrupt:
            if not incremental and (parameters.warm_start or training.state.epoch):
                training.state.restore_best()
                self._keep(_model_of(training, training.state.finished(), labels))
            raise
        model = _model_of(training, training.state.finished(), labels)
        if incremental and previous is not None:
            model.continue_network(previous)
        self._keep(model)

    def _keep(self, model: Model) -> None:
        """Store the model of a fit, and free the values that were assigned before."""
        self._model = model
        vars(self).pop(ASSIGNED, None)

    def _prepare(
        self,
        parameters: Parameters,
        previous: Model | None,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        incremental: bool = False,
        classes: ArrayLike | None = None,
    ) -> tuple[Training | LBFGS, Labels | None]:
        """Validate the data and return the training of a call, and the classes; the estimator does not change."""
        owner = type(self).__name__
        names = feature_names(X) if previous is None else previous.feature_names
        if previous is not None:
            check_feature_names(X, previous.feature_names, owner)
        rows, natural = as_rows(X, owner)
        require_samples(rows, owner)
        if previous is not None:
            check_width(rows.shape[1], previous.net.sizes[0], owner)
        dtype = self._dtype(parameters, previous, natural)
        if previous is None or not incremental:
            warn_of_scale(rows, parameters.input_scale)
        targets = as_targets(y, len(rows), owner, labels=self._estimator_type == "classifier")
        weight = as_weights(sample_weight, len(rows))
        problem = self._problem(parameters, previous, targets, incremental=incremental, classes=classes)
        net = self._net(parameters, previous, rows.shape[1], problem, dtype)
        rng = random_state(parameters.random_state)
        state = self._state(parameters, previous, net, rng, incremental=incremental)
        record = Record(net, state.params, parameters.input_scale, parameters.n_threads)
        trainer = Trainer._continued(record, parameters.training, state)
        return trainer._training(problem.task, Data(rows, weight, record.input_scale, names)), problem.labels

    def _problem(
        self,
        parameters: Parameters,
        previous: Model | None,
        y: NDArray[Any],
        *,
        incremental: bool,
        classes: ArrayLike | None,
    ) -> Problem:
        """Return what y asks of the training and of the output layer."""
        raise NotImplementedError

    def _net(
        self, parameters: Parameters, previous: Model | None, n_features: int, problem: Problem, dtype: np.dtype[Any]
    ) -> _core.Net:
        """Return the network; raises ValueError if it differs from the previous model's network."""
        sizes = (n_features, *parameters.hidden_layer_sizes, problem.n_outputs)
        if previous is not None and previous.net.sizes != sizes:
            raise ValueError(
                f"The model was fitted with the layer sizes {previous.net.sizes}, so training cannot continue with "
                f"{sizes}; call fit with warm_start=False to start again."
            )
        net = _core.Net(sizes, (*parameters.activation, problem.output), parameters.loss, dtype)
        if previous is not None:
            require_same("activation", previous.net.activations[:-1], net.activations[:-1])
            require_same("activation_parameter", previous.net.activation_parameters, net.activation_parameters)
            require_same("loss", previous.net.loss, net.loss)
            require_same("the loss parameter", previous.net.loss_parameter, net.loss_parameter)
            require_same("the output activation", previous.net.activations[-1], net.activations[-1])
            require_same("input_scale", previous.input_scale, parameters.input_scale)
        return net

    def _state(
        self, parameters: Parameters, previous: Model | None, net: _core.Net, rng: Generator, *, incremental: bool
    ) -> TrainingState:
        """Return the initial state: a new one, or one that continues from the previous model."""
        if previous is None:
            assigned = assigned_params(self, net) if incremental or parameters.warm_start else None
            params = initial_params(net, rng, parameters.initialization) if assigned is None else assigned
            history = History()
        else:
            params, history = block_copy(previous.params), previous.state.history.copy()
        if previous is None or not incremental:
            return TrainingState(params, history, rng)
        kept, rate = previous.state, parameters.training.learning_rate_init
        optimizer, schedule = copy.deepcopy(kept.optimizer), kept.schedule
        if optimizer is not None and schedule is not None and rate != schedule.rate:  # set_params has changed it
            schedule = schedule.with_rate(rate)
            optimizer.learning_rate = schedule.next_rate(schedule.rate, history.t)
        return TrainingState(params, history, rng, optimizer, schedule, kept.schedule_epoch)

    def _dtype(self, parameters: Parameters, previous: Model | None, natural: np.dtype[Any]) -> np.dtype[Any]:
        if previous is None:
            return natural if parameters.dtype == "auto" else np.dtype(parameters.dtype)
        if parameters.dtype != "auto":
            require_same("dtype", previous.net.dtype.name, parameters.dtype)
        return previous.net.dtype

    # The fitted model

    def _fitted(self) -> Model:
        try:
            return self._model
        except AttributeError:
            if can_assemble(self):
                assemble(self)
                return self._model
            raise sklearn_class(NotFittedError)(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with "
                "appropriate arguments before using this estimator."
            ) from None

    def _record(self) -> Record:
        """Return the content of the fitted model, for the parts of the package that do not know this class."""
        model = self._fitted()
        kind, labels, names = self._estimator_type, model.labels, model.feature_names
        return Record(model.net, model.params, model.input_scale, self.n_threads, kind, labels, names)

    def __sklearn_is_fitted__(self) -> bool:
        return "_model" in vars(self) or can_assemble(self)

    def save(self, path: str | os.PathLike[str], *, include_training_state: bool = False) -> None:
        """Write the fitted estimator to a model file, which `cmlp.load` and the C library can read.

        Saving is atomic: if it fails, an existing file stays unchanged. The file contains the network, the parameters
        of the constructor, the classes and the feature names, but no training data.

        Parameters
        ----------
        path : str or path-like
        include_training_state : bool, default=False
            Whether to store the optimizer state and the curves too, so that `partial_fit` on the loaded model gives the
            same results as on the original one. With Adam, this makes the file three times as large.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        OSError
            If the file cannot be written.
        TypeError
            If a parameter (for example a RandomState) or the labels (for example dates) cannot be stored exactly, or if
            this is an instance of a subclass.
        ValueError
            If a weight is NaN or infinite, a parameter is invalid, or `path` exists and is not a regular file.
        """
        from cmlp.files.models import save_estimator

        save_estimator(self, path, include_training_state=include_training_state)

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: value for name, value in attributes_to_copy(self).items() if name not in FIT_TIME}
        return {"version": PICKLE_VERSION, **kept}

    def __setstate__(self, fields: dict[str, Any]) -> None:
        check_version(fields, type(self).__name__)
        vars(self).update({name: value for name, value in fields.items() if name != "version"})

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags  # type: ignore[import-untyped]

        return Tags(
            estimator_type=self._estimator_type,
            target_tags=TargetTags(required=True),
            input_tags=InputTags(sparse=True),
        )


def _model_of(training: Training | LBFGS, state: TrainingState, labels: Labels | None) -> Model:
    """Return a model with a state of a training."""
    data = training.data
    return Model(training.net, state, input_scale=data.input_scale, feature_names=data.names, labels=labels)


def _snapshot(training: Training | LBFGS, labels: Labels | None) -> Model:
    """Return a model with a copy of the current state, or of the best parameters so far, while training continues."""
    state = training.state.finished()
    best = training.state.best
    state.params, state.history = block_copy(state.params if best is None else best), state.history.copy()
    return _model_of(training, state, labels)
