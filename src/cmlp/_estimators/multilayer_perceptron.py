"""`MultilayerPerceptron`, the base class of `MLPClassifier` and `MLPRegressor`: fit, and the fitted network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeVar

import numpy as np

from cmlp._data.checks import InputChecks, first_non_finite_error
from cmlp._data.row_labels import warn_of_other_order
from cmlp._data.weights import as_weights
from cmlp._estimators.attributes import FittedAttributes
from cmlp._estimators.available_if import IN_SKLEARN, absent
from cmlp._estimators.estimator import Estimator
from cmlp._fit.fitted import RESULT, Fitted, can_assemble, frozen_copy, trains
from cmlp.exceptions import NonFiniteInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cmlp._data.array_types import AnyArray, ArrayLike, Floats, NDArray
    from cmlp._estimators.network import Network
    from cmlp._model.model import NetworkModel
    from cmlp._model.results import Gradient
    from cmlp._parameters.options import NetworkOptions

    Returned = TypeVar("Returned")


class MultilayerPerceptron(FittedAttributes, Estimator):
    """The base class of `MLPClassifier` and `MLPRegressor`; not for direct use."""

    _input_tags: ClassVar[Mapping[str, bool]] = {"sparse": True}
    _several_outputs: ClassVar[bool] = True

    set_callbacks = absent(IN_SKLEARN)

    _result: Fitted[NetworkModel]

    def _options(self) -> NetworkOptions:
        """Return the parameters for fit, validated and converted."""
        from cmlp._parameters.options import NetworkOptions

        return NetworkOptions.of(self)

    # Fitting

    @trains
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

        Training builds a new model, which replaces the previous one at the end. If the call fails,
        the estimator stays unchanged. Ctrl-C raises ``KeyboardInterrupt`` and keeps the model after
        the last complete batch (with early stopping, the best model so far). If no epoch is
        complete yet, the previous model stays, unless `warm_start` is set. In every case,
        ``fit(X, y, resume=True)`` continues.

        Parameters
        ----------
        X : array-like or sparse container of shape (n_samples, n_features)
            Training data. Arrays of uint8, float32 and float64 and SciPy's CSR format are read
            without a copy.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets: labels for a classifier, numbers for a regressor.
        sample_weight : None, float or array-like of shape (n_samples,), default=None
            Weights of the rows: each is 0 or a positive normal number of the network's dtype.
            Everything that is learned from the rows is weighted. Rows of weight 0 are checked, and
            keep their positions in batches and in the validation split, and their labels are among
            the classes, but otherwise they change nothing.
        X_val, y_val : array-like or None, default=None
            Validation rows of your own and their targets. No rows of X are then held out, and
            `validation_fraction` is ignored. Loss and score of these rows are recorded after each
            epoch, also with ``early_stopping=False``.
        sample_weight_val : None, float or array-like, default=None
            Weights of the validation rows; `class_weight` multiplies them.
        resume : bool, default=False
            Whether to continue the previous call of fit, which was interrupted (by Ctrl-C, also in the middle of an
            epoch, by `max_time` or by a callback) or is finished, up to `max_iter` epochs in total. The result has the
            same bits as without the break, also after pickling, or after `save` with ``include_training_state=True``
            and `cmlp.load`. The data must be the same as before: checksums of all rows, targets and weights are
            compared. A list or an array that a program has changed in place is another value. Of the parameters, only
            these may have changed:
            `initialization`, `random_state`, `warm_start`, `n_threads`, `max_iter`, `tol`,
            `verbose`, `n_iter_no_change`, `max_fun`, `max_time` and `callbacks`
        shards : int, sequence of int or None, default=None
            Shards of X, which follow each other: their number, for equal ones, or the number of
            rows of each. Every batch then takes ``batch_size / S`` rows of each of the S shards, in
            their order. This must be a multiple of 128. Each shard is shuffled alone. An epoch ends
            when the smallest shard has no full share of a batch left; the other rows are not used
            in this epoch. Needs ``shuffle=True``, and with `early_stopping` also `X_val`.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter or an argument is invalid, if `shards` do not fit `batch_size`, if a warm
            start changes the network, or if there is no training to resume (NotFittedError without
            any call of fit).
        cmlp.exceptions.DivergenceError
            If training diverged: a weight or the loss is no longer finite.
        cmlp.exceptions.NonFiniteInputError
            If X contains NaN or infinity.

        See Also
        --------
        cmlp.distributed.fit : The same on several processes.
        """
        from cmlp._fit.fit_network import fit_network, network_call
        from cmlp._fit.sources import Arrays

        validation = (X_val, y_val, sample_weight_val)
        call = network_call(self, validation=validation, resume=resume)
        fit_network(call, Arrays(X, y, sample_weight, shards=shards))
        return self

    def _fit_batches(
        self,
        source: object,
        classes: ArrayLike | None,
        n_rows: int | None,
        validation: tuple[ArrayLike | None, ArrayLike | None, ArrayLike | None],
        resume: bool,
    ) -> Self:
        from cmlp._fit.fit_batches import fit_batches

        fit_batches(self, source, classes, n_rows, validation, resume=resume)
        return self

    def _partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        classes: ArrayLike | None = None,
    ) -> Self:
        from cmlp._fit.fit_network import partial_fit
        from cmlp._fit.sources import Arrays

        partial_fit(self, Arrays(X, y, sample_weight, classes=classes))
        return self

    # The fitted model

    def _trained(self) -> NetworkModel:
        """Return the model that predicts; raises NotFittedError."""
        model: NetworkModel
        try:
            model = self._result.model
        except AttributeError:
            twin = frozen_copy(self)
            if RESULT not in vars(twin):  # otherwise a fit has ended meanwhile
                if not can_assemble(twin):
                    raise self._not_fitted() from None
                from cmlp._fit.fit_network import assemble

                assemble(twin)
            # A fit in another thread may store its model before this one.
            model = vars(self).setdefault(RESULT, twin._result).model
        return model

    def _outputs(self, model: NetworkModel, X: ArrayLike) -> Floats:
        """Return the outputs of the network for the rows of a user's X, which are checked."""
        return self._on_checked_rows(model, X, lambda rows: model.outputs(rows, self.n_threads))

    def _on_checked_rows(
        self, model: NetworkModel, X: ArrayLike, function: Callable[[Any], Returned]
    ) -> Returned:
        """Return what a function of the network returns for the rows of a user's X, which are checked."""
        net, names = model.net, model.feature_names
        checks = InputChecks(
            type(self).__name__, labels=False, width=net.n_in, names=names, may_be_empty=True
        )
        rows = checks.check_inputs(X).X
        try:
            return function(rows)
        except NonFiniteInputError as error:
            raise first_non_finite_error(error, rows, model.input_scale, net.dtype, names) from None

    def activations(self, X: ArrayLike) -> list[Floats]:
        """Return the activations of every layer.

        Parameters
        ----------
        X : array-like or sparse container of shape (n_samples, n_features)

        Returns
        -------
        list of ndarray of shape (n_samples, size)
            One array per layer, in the dtype of the weights: first the inputs, multiplied by
            `input_scale`, last the activations of the output layer.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X is invalid; `NonFiniteInputError`, a subclass, if it contains NaN or infinity.

        Examples
        --------
        >>> from cmlp import MLPClassifier
        >>> X, y = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]], [0, 1, 1, 0]
        >>> model = MLPClassifier((8, 3), learning_rate_init=0.1, tol=0.01, random_state=1).fit(X, y)
        >>> [layer.shape for layer in model.activations(X)]
        [(4, 2), (4, 8), (4, 3), (4, 1)]
        """
        model = self._trained()
        return self._on_checked_rows(model, X, lambda rows: self._network(model).activations(rows))

    def gradients(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Gradient:
        """Return the gradient of the mean cost with respect to all weights and biases, without the penalty of `alpha`.

        The cost is that of `Network.cost`: for squared errors, the sum over the outputs, not half
        of it as in `loss_`.

        Parameters
        ----------
        X : array-like or sparse container of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels or numbers, as in `fit`.
        sample_weight : None, float or array-like of shape (n_samples,), default=None
            Weights of the rows, not negative; the mean is weighted.

        Returns
        -------
        Gradient

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If an argument is invalid, or y has labels that were not in `fit`.

        Examples
        --------
        >>> from cmlp import MLPClassifier
        >>> X, y = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]], [0, 1, 1, 0]
        >>> model = MLPClassifier((8, 3), learning_rate_init=0.1, tol=0.01, random_state=1).fit(X, y)
        >>> [weights.shape for weights in model.gradients(X, y).weights]
        [(2, 8), (8, 3), (3, 1)]
        """
        warn_of_other_order(X=X, y=y, sample_weight=sample_weight)
        model = self._trained()

        def gradients(rows: Any) -> Gradient:
            weight = as_weights(sample_weight, len(rows))
            return self._network(model).gradient(
                rows, self._encoded(model, y, len(rows)), sample_weight=weight
            )

        return self._on_checked_rows(model, X, gradients)

    def input_gradient(self, X: ArrayLike, y: ArrayLike) -> Floats:
        """Return the gradient of each row's cost with respect to the inputs of that row.

        It shows which inputs would change the cost most: a saliency map (Simonyan, Vedaldi and
        Zisserman 2014).

        Parameters
        ----------
        X : array-like or sparse container of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Labels or numbers, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
            In the dtype of the weights, with respect to the values of X before `input_scale`.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If an argument is invalid, or y has labels that were not in `fit`.

        Examples
        --------
        >>> from cmlp import MLPRegressor
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
        >>> model = MLPRegressor(hidden_layer_sizes=(8,), learning_rate_init=0.1, tol=0.01, random_state=1)
        >>> model.fit(X, y).input_gradient(X, y).shape
        (4, 1)
        """
        warn_of_other_order(X=X, y=y)
        model = self._trained()
        return self._on_checked_rows(
            model,
            X,
            lambda rows: self._network(model).input_gradient(
                rows, self._encoded(model, y, len(rows))
            ),
        )

    def _network(self, model: NetworkModel) -> Network:
        from cmlp._estimators.network import Network  # few programs need it

        return Network._assembled(model.net, model.params, model.input_scale, self.n_threads)

    def _encoded(self, model: NetworkModel, y: ArrayLike, n_rows: int) -> AnyArray:
        """Return the y of a user as targets of the network."""
        raise NotImplementedError

    def _rows_of(self, model: NetworkModel, X: ArrayLike) -> tuple[NDArray[np.float64], AnyArray]:
        def dense(rows: Any) -> NDArray[np.float64]:
            found = np.asarray(rows if isinstance(rows, np.ndarray) else rows.toarray(), np.float64)
            model.outputs(found, self.n_threads)  # finds NaN
            return found

        rows = self._on_checked_rows(model, X, dense)
        return rows, rows

    def __sklearn_is_fitted__(self) -> bool:
        return RESULT in vars(self) or can_assemble(self)
