"""The base class of the classifier and the regressor: parameters, fit, fitted attributes."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cmlp import _core, constraints
from cmlp.estimators.assignment import assemble, assigned_params, can_assemble
from cmlp.estimators.callbacks import FIT_TIME, CallbackObserver, Callbacks, call_with_callbacks, has_callbacks
from cmlp.estimators.exclusive import Exclusively, attributes_to_copy
from cmlp.estimators.fitted import FittedAttributes
from cmlp.estimators.model import Model, require_same
from cmlp.estimators.parameters import Parametrized
from cmlp.estimators.representation import Representation
from cmlp.estimators.routing import Routing
from cmlp.exceptions import NonFiniteInputError, NotFittedError, sklearn_class
from cmlp.exports import Exports
from cmlp.inputs.blocks import block_copy
from cmlp.inputs.frames import check_feature_names, feature_names
from cmlp.inputs.nonfinite import first_non_finite_error
from cmlp.inputs.scaling import warn_of_scale
from cmlp.inputs.validation import as_rows, as_targets, check_width, require_samples
from cmlp.inputs.weights import as_weights
from cmlp.record import Record
from cmlp.training.history import History
from cmlp.training.initialization import initial_params, initialization
from cmlp.training.lbfgs import LBFGS
from cmlp.training.loop import Training
from cmlp.training.random import random_state
from cmlp.training.settings import Settings
from cmlp.training.split import plain_split, stratified_split
from cmlp.training.state import PICKLE_VERSION, TrainingState, check_version
from cmlp.training.stopping import STOPPING_RULES
from cmlp.training.task import Data

if TYPE_CHECKING:
    import os
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from cmlp.inputs.sparse import CSR
    from cmlp.training.random import Generator
    from cmlp.training.task import Task


class MultilayerPerceptron(FittedAttributes, Routing, Representation, Callbacks, Parametrized, Exports):
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

    def _settings(self) -> Settings:
        """Return the parameters for fit, validated and converted."""
        checked = constraints.estimator_parameters(self._constraints, vars(self), type(self).__name__)
        if checked["solver"] == "lbfgs":
            checked["early_stopping"] = False  # ignored, as in scikit-learn
        sizes = constraints.hidden_sizes(checked["hidden_layer_sizes"])
        names = constraints.hidden_activations(checked["activation"], len(sizes))
        first = initialization(names, checked["activation"])
        checked.update(hidden_layer_sizes=sizes, activation=tuple(names), initialization=tuple(first))
        return Settings(**{name: checked[name] for name in Settings._fields})

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
            settings = self._settings()
            previous = vars(self).get("_model") if settings.warm_start else None
            train = partial(self._train, settings, previous, X, y, sample_weight, incremental=False)
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
            settings = self._settings()
            if settings.early_stopping:
                raise ValueError("partial_fit does not support early_stopping=True")
            previous = vars(self).get("_model")
            self._train(settings, previous, X, y, sample_weight, incremental=True, classes=classes)
        return self

    def _train(
        self,
        settings: Settings,
        previous: Model | None,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        incremental: bool,
        classes: ArrayLike | None = None,
        observer: CallbackObserver | None = None,
    ) -> None:
        names = feature_names(X) if previous is None else previous.feature_names
        training = self._prepare(settings, previous, X, y, sample_weight, incremental=incremental, classes=classes)
        if observer is not None:
            observer.snapshot = partial(self._model_of, training, names, copied=True)
            training.observer = observer
        try:
            if incremental and isinstance(training, Training):
                training.advance()
            else:
                training.run()
        except NonFiniteInputError as error:
            data = training.data
            raise first_non_finite_error(error, data.X, data.input_scale, training.net.dtype, names) from None
        except KeyboardInterrupt:
            if not incremental and (settings.warm_start or training.state.epoch):
                self._model = self._model_of(training, names)
            raise
        self._model = self._model_of(training, names)

    def _prepare(
        self,
        settings: Settings,
        previous: Model | None,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        incremental: bool = False,
        classes: ArrayLike | None = None,
    ) -> Training | LBFGS:
        """Validate the data and return the training loop for a call; the estimator does not change."""
        owner = type(self).__name__
        if previous is not None:
            check_feature_names(X, previous.feature_names, owner)
        rows, natural = as_rows(X, owner)
        require_samples(rows, owner)
        if previous is not None:
            check_width(rows.shape[1], previous.net.sizes[0], owner)
        dtype = self._dtype(settings, previous, natural)
        if previous is None or not incremental:
            warn_of_scale(rows, settings.input_scale)
        targets = as_targets(y, len(rows), owner, labels=self._estimator_type == "classifier")
        weight = as_weights(sample_weight, len(rows))
        task = self._task(settings, previous, targets, dtype, incremental=incremental, classes=classes)
        net = self._net(settings, previous, rows.shape[1], task, dtype)
        rng = random_state(settings.random_state)
        state = self._state(settings, previous, net, rng, incremental=incremental)
        data = self._data(settings, rows, weight, task, rng)
        state.order = data.training
        if settings.solver == "lbfgs":
            return LBFGS(net, task, data, settings, state)
        return Training(net, task, data, settings, state)

    def _task(
        self,
        settings: Settings,
        previous: Model | None,
        y: NDArray[Any],
        dtype: np.dtype[Any],
        *,
        incremental: bool,
        classes: ArrayLike | None,
    ) -> Task:
        raise NotImplementedError

    def _model_of(self, training: Training | LBFGS, names: NDArray[Any] | None, *, copied: bool = False) -> Model:
        """Return a model with the current state of a training; with `copied` if training continues."""
        state = training.state.finished()
        if copied:
            state.params, state.history = block_copy(state.params), state.history.copy()
        return Model(
            training.net,
            state,
            input_scale=training.data.input_scale,
            feature_names=names,
            labels=training.task.labels,
        )

    def _net(
        self, settings: Settings, previous: Model | None, n_features: int, task: Task, dtype: np.dtype[Any]
    ) -> _core.Net:
        """Return the network; raises ValueError if it differs from the previous model's network."""
        sizes = (n_features, *settings.hidden_layer_sizes, task.n_outputs)
        if previous is not None and previous.net.sizes != sizes:
            raise ValueError(
                f"The model was fitted with the layer sizes {previous.net.sizes}, so training cannot continue with "
                f"{sizes}; call fit with warm_start=False to start again."
            )
        net = _core.Net(sizes, (*settings.activation, task.output), task.loss, dtype)
        if previous is not None:
            require_same("activation", previous.net.activations[:-1], net.activations[:-1])
            require_same("activation_parameter", previous.net.activation_parameters, net.activation_parameters)
            require_same("loss", previous.net.loss, net.loss)
            require_same("the loss parameter", previous.net.loss_parameter, net.loss_parameter)
            require_same("the output activation", previous.net.activations[-1], net.activations[-1])
            require_same("input_scale", previous.input_scale, settings.input_scale)
        return net

    def _state(
        self, settings: Settings, previous: Model | None, net: _core.Net, rng: Generator, *, incremental: bool
    ) -> TrainingState:
        """Return the initial state: a new one, or one that continues from the previous model."""
        if previous is None:
            assigned = assigned_params(self, net) if incremental or settings.warm_start else None
            params = initial_params(net, rng, settings.initialization) if assigned is None else assigned
            history = History()
        else:
            params, history = block_copy(previous.params), previous.state.history.copy()
        STOPPING_RULES[settings.early_stopping](settings.tol).begin(history)
        if previous is None or not incremental:
            return TrainingState(params, settings.optimizer(net), settings.schedule(), history, rng)
        kept = previous.state
        optimizer, schedule = copy.deepcopy(kept.optimizer), kept.schedule
        if settings.learning_rate_init != schedule.rate:  # set_params has changed it since the last call
            schedule = schedule.with_rate(settings.learning_rate_init)
            optimizer.learning_rate = schedule.rate
            schedule.epoch_ended(optimizer, history.t)
        return TrainingState(params, optimizer, schedule, history, rng, schedule_epoch=kept.schedule_epoch)

    def _data(
        self,
        settings: Settings,
        X: NDArray[Any] | CSR,
        weight: NDArray[np.float64] | None,
        task: Task,
        rng: Generator,
    ) -> Data:
        if not settings.early_stopping:
            return Data(X, weight, settings.input_scale)
        fraction = settings.validation_fraction
        if task.groups is None:
            training, validation = plain_split(len(X), fraction, rng)
        else:
            names = None if task.labels is None else task.labels.classes
            training, validation = stratified_split(task.groups, fraction, rng, names)
        for name, rows in (("training", training), ("validation", validation)):
            if weight is not None and not weight[rows].any():
                raise ValueError(
                    f"The sample weights of the {name} set are all zero; "
                    "use another validation_fraction or random_state."
                )
        return Data(X, weight, settings.input_scale, training, validation)

    def _dtype(self, settings: Settings, previous: Model | None, natural: np.dtype[Any]) -> np.dtype[Any]:
        if previous is None:
            return natural if settings.dtype == "auto" else np.dtype(settings.dtype)
        if settings.dtype != "auto":
            require_same("dtype", previous.net.dtype.name, settings.dtype)
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
