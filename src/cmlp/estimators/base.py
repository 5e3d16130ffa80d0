"""The base class of the classifier and the regressor: parameters, fit, fitted attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cmlp import constraints
from cmlp.estimators.assignment import can_assemble
from cmlp.estimators.callbacks import FIT_TIME, Callbacks
from cmlp.estimators.exclusive import attributes_to_copy
from cmlp.estimators.fitted import FittedAttributes
from cmlp.estimators.inspection import Inspection
from cmlp.estimators.parameters import Parametrized
from cmlp.estimators.representation import Representation
from cmlp.estimators.routing import Routing
from cmlp.exceptions import NotFittedError, sklearn_class
from cmlp.export.methods import ExportMethods
from cmlp.pickles import PICKLE_VERSION, check_version

if TYPE_CHECKING:
    import os
    from typing import Self

    from numpy.typing import ArrayLike

    from cmlp.estimators.model import Model
    from cmlp.estimators.problem import Parameters
    from cmlp.inputs.losses import LossFunction
    from cmlp.record import Record


class MultilayerPerceptron(
    FittedAttributes, Inspection, Routing, Representation, Callbacks, Parametrized, ExportMethods
):
    """The base class of `MLPClassifier` and `MLPRegressor`; not for direct use."""

    # Tools written before scikit-learn had estimator tags read this attribute.
    _estimator_type: ClassVar[str]
    _constraints: ClassVar[Mapping[str, constraints.Row]] = constraints.ESTIMATORS

    _model: Model  # exists after fit

    hidden_layer_sizes: int | Sequence[int]
    activation: str | Sequence[str]
    solver: str
    alpha: float | Sequence[float]
    batch_size: int | str
    learning_rate: str | Callable[[int, int], float]
    learning_rate_init: float
    power_t: float
    max_iter: int
    shuffle: bool | str
    random_state: int | np.random.RandomState | None
    tol: float
    verbose: bool | int | str
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
    loss: str | LossFunction
    loss_parameter: float | None
    activation_parameter: float | Sequence[float] | None
    initialization: str | tuple[Sequence[ArrayLike], Sequence[ArrayLike]]
    weight_decay: float
    max_grad_norm: float | None
    dropout: float | Sequence[float]
    warmup: float
    max_time: float | None
    scoring: str | Callable[..., float] | None
    callbacks: Sequence[Any] | None
    block_size: int
    n_threads: int | None
    dtype: str
    input_scale: float | str | tuple[ArrayLike, ArrayLike]

    def _parameters(self) -> Parameters:
        """Return the parameters for fit, validated and converted."""
        from cmlp.estimators.problem import parameters_of

        return parameters_of(type(self), vars(self))

    # Fitting

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        resume: bool = False,
        shards: int | Sequence[int] | None = None,
    ) -> Self:
        """Train on X and y.

        Training builds a new model, which replaces the previous one at the end. If the call fails, the estimator stays
        unchanged. Ctrl-C raises ``KeyboardInterrupt`` and keeps the model after the last complete batch (with early
        stopping, the best model so far). If no epoch is complete yet, the previous model stays, unless `warm_start` is
        set. In every case, ``fit(X, y, resume=True)`` continues.

        Parameters
        ----------
        X : array-like or sparse container of shape (n_samples, n_features)
            Training data. Arrays of uint8, float32 and float64 and SciPy's CSR format are read without a copy.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets: labels for a classifier, numbers for a regressor.
        sample_weight : None, float or array-like of shape (n_samples,), default=None
            Weights of the rows: each is 0 or a positive normal number of the network's dtype. Everything that is
            learned from the rows is weighted. Rows of weight 0 are checked, and keep their places in batches and in
            the validation split, and their labels are among the classes, but otherwise they change nothing.
        X_val, y_val : array-like or None, default=None
            Validation rows of your own and their targets. No rows of X are then held out, and `validation_fraction` is
            ignored. Loss and score of these rows are recorded after each epoch, also with ``early_stopping=False``.
        sample_weight_val : None, float or array-like, default=None
            Weights of the validation rows; `class_weight` multiplies them.
        resume : bool, default=False
            Whether to continue the previous call of fit, which was interrupted (by Ctrl-C, also in the middle of an
            epoch, by `max_time` or by a callback) or is finished, up to `max_iter` epochs in total. The result has the
            same bits as without the break, also after pickling, or after `save` with ``include_training_state=True``
            and `cmlp.load`. The data must be the same as before: checksums of all rows, targets and weights are
            compared. Of the parameters, only `max_iter`, `max_time`, `tol`, `n_iter_no_change`, `verbose`,
            `callbacks`, `n_threads`, `random_state`, `initialization` and `warm_start` may have changed. A list or an
            array that a program has changed in place is another value.
        shards : int, sequence of int or None, default=None
            Shards of X, which follow each other: their number, for equal ones, or the number of rows of each. Every
            batch then takes ``batch_size / S`` rows of each of the S shards, in their order. This must be a multiple of
            128. Each shard is shuffled alone. An epoch ends when the smallest shard has no full share of a batch left;
            the other rows are not used in this epoch. Needs ``shuffle=True``, and with `early_stopping` also `X_val`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or an argument is invalid, if `shards` do not fit `batch_size`, if a warm start changes the
            network, or if there is no training to resume (NotFittedError without any call of fit).
        cmlp.DivergenceError
            If training diverged: a weight or the loss is no longer finite.
        cmlp.NonFiniteInputError
            If X contains NaN or infinity.

        See Also
        --------
        cmlp.distributed.fit : The same on several processes.
        """
        from cmlp.estimators.fitting import fit
        from cmlp.estimators.sources import Arrays

        held = (X_val, y_val, sample_weight_val)
        fit(self, Arrays(X, y, sample_weight), held, resume=resume, shards=shards)
        return self

    def _fit_batches(
        self,
        source: Any,
        classes: ArrayLike | None,
        n_rows: int | None,
        held: tuple[ArrayLike | None, ArrayLike | None, ArrayLike | None],
        resume: bool,
    ) -> Self:
        from cmlp.estimators.batches import fit_batches

        fit_batches(self, source, classes, n_rows, held, resume=resume)
        return self

    def _partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, classes: ArrayLike | None = None
    ) -> Self:
        from cmlp.estimators.fitting import partial_fit
        from cmlp.estimators.sources import Arrays

        partial_fit(self, Arrays(X, y, sample_weight), classes)
        return self

    # The fitted model

    def _fitted(self) -> Model:
        try:
            return self._model
        except AttributeError:
            if can_assemble(self):
                from cmlp.estimators.fitting import assemble

                assemble(self)
                return self._model
            raise sklearn_class(NotFittedError)(
                f"This {type(self).__name__} instance is not fitted yet. Call 'fit' with "
                "appropriate arguments before using this estimator."
            ) from None

    def _record(self) -> Record:
        """Return the content of the fitted model, for the parts of the package that do not know this class."""
        from cmlp.record import Record

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
            Whether to store the optimizer state and the curves too, so that `partial_fit` and ``fit(resume=True)`` on
            the loaded model give the same results as on the original one. With Adam, this makes the file three times
            as large, and the order of the rows takes 8 bytes per row. The parameter `callbacks` is not stored, and
            neither are initial weights in `initialization`: the loaded estimator has the defaults of both.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        OSError
            If the file cannot be written.
        TypeError
            If a parameter (for example a RandomState or a function) or the labels (for example dates) cannot be stored
            exactly, or if this is an instance of a subclass.
        ValueError
            If a weight is NaN or infinite, a parameter is invalid, or `path` exists and is not a regular file.
        """
        from cmlp.files.models import require_own_class, write_estimator

        require_own_class(self)
        record, state = self._record(), self._fitted().state
        self._parameters()  # raises ValueError for invalid parameters, with which the file could not be loaded
        parameters = {**self.get_params(deep=False), "callbacks": None}  # they belong to this process
        write_estimator(path, record, parameters, state, include_training_state=include_training_state)

    def to_sklearn(self) -> Any:
        """Return the fitted estimator as one of scikit-learn.

        Needs scikit-learn. Neither the result nor programs that load it need cmlp.

        Returns
        -------
        sklearn.neural_network.MLPClassifier or sklearn.neural_network.MLPRegressor
            A fitted estimator with copies of the weights in their dtype, and the same classes, feature names, curves
            and counters. Its predictions agree up to rounding. If `input_scale` is not 1, it becomes a part of the
            first layer, and all weights are float64. It has the parameters that scikit-learn has too; a value that only
            cmlp accepts, for example ``learning_rate="one_cycle"``, becomes scikit-learn's default. The state of the
            optimizer is not converted, so its `partial_fit` starts with a new optimizer.

        Raises
        ------
        ImportError
            If scikit-learn is not installed.
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If scikit-learn cannot compute the same predictions: hidden layers with different activations, or another
            one than identity, logistic, tanh and relu; a loss that scikit-learn does not have. The message names all of
            them. Also if a weight is NaN or infinite, or a shift of `input_scale` is so large beside its factor that
            the weights cannot contain it, even in float64: subtract a constant from the column before fit.

        See Also
        --------
        cmlp.from_sklearn : The opposite direction.

        Examples
        --------
        >>> from cmlp import MLPRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
        >>> model = MLPRegressor(hidden_layer_sizes=(8,), learning_rate_init=0.1, tol=0.01, random_state=1).fit(X, y)
        >>> abs(model.to_sklearn().predict(X) - model.predict(X)).max() < 1e-12  # doctest: +SKIP
        True
        """
        from cmlp.export.scikit_learn import to_sklearn

        return to_sklearn(self._record(), self.get_params(deep=False), self._fitted().state)

    def __getstate__(self) -> dict[str, Any]:
        from cmlp.estimators.pickling import plain

        kept = {name: value for name, value in attributes_to_copy(self).items() if name not in FIT_TIME}
        return {"version": PICKLE_VERSION, **{name: plain(value) for name, value in kept.items()}}

    def __setstate__(self, fields: dict[str, Any]) -> None:
        check_version(fields, type(self).__name__)
        from cmlp.estimators.pickling import restored

        vars(self).update({name: restored(value) for name, value in fields.items() if name != "version"})

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import InputTags, Tags, TargetTags  # type: ignore[import-untyped]

        return Tags(
            estimator_type=self._estimator_type,
            target_tags=TargetTags(required=True),
            input_tags=InputTags(sparse=True),
        )
