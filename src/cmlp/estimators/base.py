"""What the classifier and the regressor share: parameters, fitting, the fitted attributes."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cmlp import _core
from cmlp.estimators.model import Fitted, FittedTensors, Model, Progress
from cmlp.estimators.parameters import (
    SHARED_CONSTRAINTS,
    Constraint,
    InvalidParameterError,
    Parametrized,
    check_parameters,
    hidden_activations,
    hidden_sizes,
)
from cmlp.estimators.representation import Representation
from cmlp.estimators.routing import Routing
from cmlp.exceptions import NotFittedError, sklearn_class
from cmlp.inputs.blocks import block_copy
from cmlp.inputs.frames import check_feature_names, feature_names
from cmlp.inputs.validation import as_rows, as_targets, check_width, require_samples
from cmlp.inputs.weights import as_weights
from cmlp.training.initialization import initial_params
from cmlp.training.loop import Data, Schedule, Training
from cmlp.training.random import random_state
from cmlp.training.split import plain_split, stratified_split

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from cmlp.inputs.sparse import CSR
    from cmlp.training.loop import Task
    from cmlp.training.random import Draws


class MultilayerPerceptron(Routing, Representation, Parametrized):
    """Base of `MLPClassifier` and `MLPRegressor`; not for use by itself."""

    # Read by tools that know scikit-learn's estimators from before their tags.
    _estimator_type: ClassVar[str]
    _constraints: ClassVar[Mapping[str, tuple[Constraint, ...]]] = SHARED_CONSTRAINTS

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

    coefs_ = FittedTensors(lambda model: model.coefs)
    intercepts_ = FittedTensors(lambda model: model.intercepts)
    n_features_in_ = Fitted(lambda model: model.net.sizes[0])
    feature_names_in_ = Fitted(lambda model: model.feature_names)
    n_layers_ = Fitted(lambda model: len(model.net.sizes))
    n_outputs_ = Fitted(lambda model: model.net.sizes[-1])
    out_activation_ = Fitted(lambda model: model.out_activation)
    n_iter_ = Fitted(lambda model: model.progress.n_iter)
    t_ = Fitted(lambda model: model.progress.t)
    loss_ = Fitted(lambda model: model.progress.loss)
    loss_curve_ = Fitted(lambda model: model.progress.loss_curve)
    best_loss_: Fitted[float | None] = Fitted(lambda model: model.progress.best_loss, nullable=True)
    validation_scores_: Fitted[list[float] | None] = Fitted(
        lambda model: model.progress.validation_scores, nullable=True
    )
    best_validation_score_: Fitted[float | None] = Fitted(
        lambda model: model.progress.best_validation_score, nullable=True
    )

    def _settings(self) -> SimpleNamespace:
        """The parameters, checked, as fit uses them."""
        params = {k: v for k, v in vars(self).items() if not k.startswith("_")}
        check_parameters(self._constraints, params, type(self).__name__)
        settings = SimpleNamespace(**params, warn_at_max_iter=True)
        if settings.solver == "lbfgs":
            raise InvalidParameterError("solver='lbfgs' is not available in this version; use 'adam' or 'sgd'.")
        return settings

    # Fitting

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        # dict.setdefault is atomic. A process forked while another thread was fitting inherits
        # that thread's mark but not the thread: a mark of another process is void.
        mark = (os.getpid(), object())
        present = vars(self).setdefault("_fitting", mark)
        if present is not mark:
            if present[0] == mark[0]:
                raise RuntimeError(
                    f"This {type(self).__name__} instance is being fitted by another call; fit a copy of it instead."
                )
            vars(self)["_fitting"] = mark
        try:
            yield
        finally:
            vars(self).pop("_fitting", None)

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train on X and y.

        Training works beside the fitted model and replaces it at the end: whatever fails leaves
        the estimator as it was. On Ctrl-C the model is the one after the last whole batch (under
        early stopping: the best so far) and ``KeyboardInterrupt`` goes on to the caller.

        Parameters
        ----------
        X : array-like or sparse container of shape (n_samples, n_features)
            Rows; uint8, float32 and float64 arrays are read in place, SciPy's CSR format too.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets: labels for a classifier, numbers for a regressor.
        sample_weight : None, float or array-like of shape (n_samples,), default=None
            Weights of the rows, not negative.

        Returns
        -------
        self

        Raises
        ------
        cmlp.DivergenceError
            The weights left the finite numbers.
        cmlp.NonFiniteInputError
            X holds NaN or infinity.
        """
        with self._exclusively():
            settings = self._settings()
            former = vars(self).get("_model") if settings.warm_start else None
            self._train(settings, former, X, y, sample_weight, incremental=False)
        return self

    def _partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        classes: ArrayLike | None = None,
    ) -> Self:
        with self._exclusively():
            settings = self._settings()
            if settings.early_stopping:
                raise ValueError("partial_fit does not support early_stopping=True")
            former = vars(self).get("_model")
            self._train(settings, former, X, y, sample_weight, incremental=True, classes=classes)
        return self

    def _train(
        self,
        settings: SimpleNamespace,
        former: Model | None,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        *,
        incremental: bool,
        classes: ArrayLike | None = None,
    ) -> None:
        owner = type(self).__name__
        names = feature_names(X)
        if former is not None:
            check_feature_names(X, former.feature_names, owner)
            names = former.feature_names
        rows, natural = as_rows(X, owner)
        require_samples(rows, owner)
        if former is not None:
            check_width(rows.shape[1], former.net.sizes[0], owner)
        dtype = self._dtype(settings, former, natural)
        input_scale = self._input_scale(settings, former, rows)
        targets = as_targets(y, len(rows), owner, sparse=self._estimator_type == "classifier")
        weight = as_weights(sample_weight, len(rows))
        task = self._task(settings, former, targets, dtype, incremental=incremental, classes=classes)
        net, params, optimizer, schedule, progress, rng = self._start(
            settings, former, rows.shape[1], task, dtype, incremental
        )
        data = self._data(settings, rows, weight, input_scale, task, rng)
        training = Training(
            net,
            params,
            optimizer,
            schedule=schedule,
            progress=progress,
            task=task,
            data=data,
            settings=settings,
            rng=rng,
        )
        try:
            training.run(incremental=incremental)
        except KeyboardInterrupt:
            if not incremental:
                self._commit(training, names)
            raise
        self._commit(training, names)

    def _task(
        self,
        settings: SimpleNamespace,
        former: Model | None,
        y: NDArray[Any],
        dtype: np.dtype[Any],
        *,
        incremental: bool,
        classes: ArrayLike | None,
    ) -> Task:
        raise NotImplementedError

    def _commit(self, training: Training, names: NDArray[Any] | None) -> None:
        self._model = Model(
            training.net,
            training.final_params(),
            input_scale=training.data.input_scale,
            feature_names=names,
            labels=training.task.labels,
            progress=training.progress,
            optimizer=training.optimizer,
            schedule=training.schedule,
        )

    def _start(
        self,
        settings: SimpleNamespace,
        former: Model | None,
        n_features: int,
        task: Task,
        dtype: np.dtype[Any],
        incremental: bool,
    ) -> tuple[_core.Net, NDArray[Any], _core.Optimizer, Schedule, Progress, Draws]:
        """Network, parameters, optimizer, schedule, progress and generator to train with."""
        hidden = hidden_sizes(settings.hidden_layer_sizes)
        names = hidden_activations(settings.activation, len(hidden))
        sizes = (n_features, *hidden, task.n_outputs)
        if former is not None and former.net.sizes != sizes:
            raise ValueError(
                f"The model was fitted with the layer sizes {former.net.sizes} and cannot be "
                f"trained on with {sizes}; call fit with warm_start=False to start anew."
            )
        net = _core.Net(sizes, (*names, task.output), task.loss, dtype)
        rng = random_state(settings.random_state)
        if former is None:
            # The output layer starts like the last hidden one.
            last = names[-1] if names else settings.activation
            params, progress = initial_params(net, rng, [*names, last]), Progress()
        else:
            params, progress = block_copy(former.params), former.progress
        progress = progress.continued(settings.early_stopping)
        if former is not None and incremental:
            optimizer, schedule = copy.deepcopy(former.optimizer), copy.copy(former.schedule)
        else:
            optimizer, schedule = _optimizer(net, settings), _schedule(settings)
        return net, params, optimizer, schedule, progress, rng

    def _data(
        self,
        settings: SimpleNamespace,
        X: NDArray[Any] | CSR,
        weight: NDArray[np.float64] | None,
        input_scale: float,
        task: Task,
        rng: Draws,
    ) -> Data:
        if not settings.early_stopping:
            return Data(X, weight, input_scale)
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
        return Data(X, weight, input_scale, training, validation)

    def _dtype(self, settings: SimpleNamespace, former: Model | None, natural: np.dtype[Any]) -> np.dtype[Any]:
        if former is None:
            return natural if settings.dtype == "auto" else np.dtype(settings.dtype)
        dtype = former.net.dtype
        if settings.dtype not in ("auto", dtype.name):
            raise ValueError(
                f"The model was fitted in {dtype.name} and cannot be trained on with "
                f"dtype={settings.dtype!r}; call fit with warm_start=False to start anew."
            )
        return dtype

    def _input_scale(self, settings: SimpleNamespace, former: Model | None, X: NDArray[Any] | CSR) -> float:
        scale = float(settings.input_scale)
        if former is not None and scale != former.input_scale:
            raise ValueError(
                f"The model was fitted with input_scale={former.input_scale} and cannot be "
                f"trained on with {scale}; call fit with warm_start=False to start anew."
            )
        return scale

    # The fitted model

    def _fitted(self) -> Model:
        try:
            return self._model
        except AttributeError:
            raise sklearn_class(NotFittedError)(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with "
                "appropriate arguments before using this estimator."
            ) from None

    def __sklearn_is_fitted__(self) -> bool:
        return "_model" in vars(self)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "_fitting"}

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags  # type: ignore[import-untyped]

        return Tags(
            estimator_type=self._estimator_type,
            target_tags=TargetTags(required=True),
            input_tags=InputTags(sparse=True),
        )


def _optimizer(net: _core.Net, settings: SimpleNamespace) -> _core.Optimizer:
    kind = settings.solver
    if kind == "sgd" and settings.momentum > 0:
        kind = "nesterov" if settings.nesterovs_momentum else "momentum"
    return _core.Optimizer(
        net,
        kind,
        learning_rate=settings.learning_rate_init,
        momentum=settings.momentum,
        beta_1=settings.beta_1,
        beta_2=settings.beta_2,
        epsilon=settings.epsilon,
    )


def _schedule(settings: SimpleNamespace) -> Schedule:
    kind = settings.learning_rate
    if settings.solver == "adam" and kind != "one_cycle":
        kind = "constant"  # as in scikit-learn
    return Schedule(kind, settings.learning_rate_init, settings.power_t, settings.max_iter)
