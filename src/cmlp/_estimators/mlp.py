"""`MLPClassifier` and `MLPRegressor`: their parameters and documentation are in parameters/mlp.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np

from cmlp._data.checks import as_numbers, as_quantile_targets, as_targets
from cmlp._data.row_labels import warn_of_other_order
from cmlp._data.weights import as_weights
from cmlp._estimators.attributes import FittedAttribute, with_classes
from cmlp._estimators.available_if import available_if
from cmlp._estimators.multilayer_perceptron import MultilayerPerceptron
from cmlp._estimators.parameters import mlp as parameters
from cmlp._fit.fitted import frozen_copy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cmlp._data.array_types import AnyArray, ArrayLike
    from cmlp._model.model import NetworkModel
    from cmlp._model.results import Certification


def _without_epochs(estimator: MLPClassifier | MLPRegressor | None) -> str:
    """Return why an estimator has no `partial_fit`: its solver has no epochs."""
    from cmlp._parameters.schedules import has_epochs  # programs load and predict without it

    if estimator is None or has_epochs(estimator.solver):
        return ""
    return "{name} is only available for stochastic optimizers. lbfgs is not stochastic."


class MLPClassifier(parameters.MLPClassifier, MultilayerPerceptron):
    __doc__ = parameters.MLPClassifier.__doc__
    __module__ = "cmlp"

    _estimator_type: ClassVar[str] = "classifier"
    _parameter_owner: ClassVar[str] = "MLPClassifier"

    classes_: FittedAttribute[np.ndarray] = FittedAttribute(
        lambda result: result.model.class_labels.classes,
        "ndarray of shape (n_classes,)",
        "The labels, sorted.",
        with_classes,
    )

    @classmethod
    def from_arrays(
        cls,
        coefs: Iterable[ArrayLike],
        intercepts: Iterable[ArrayLike],
        classes: ArrayLike | None = None,
        *,
        multilabel: bool = False,
        **parameters: object,
    ) -> Self:
        """Return a fitted classifier with the given weights and biases.

        Parameters
        ----------
        coefs : iterable of array-like of shape (n_in, n_out)
            Weights of each layer, first the one that reads the inputs. They are copied.
        intercepts : iterable of array-like of shape (n_out,)
            Biases of each layer.
        classes : None or array-like of shape (n_classes,), default=None
            Labels in the order of the outputs; two labels for one output, which is the probability
            of the second one. If None, the labels are 0, 1, and so on.
        multilabel : bool, default=False
            Whether the outputs are independent labels: each row can have any number of them.
        **parameters
            Parameters of the constructor, except `hidden_layer_sizes`, for example `activation` and
            `input_scale`.

        Returns
        -------
        Self
            Without training state: `partial_fit` starts with a new optimizer. The dtype is float32
            if all arrays are, otherwise float64.

        Raises
        ------
        TypeError
            If an array does not contain real numbers.
        ValueError
            If the shapes of the arrays do not match, a number is not finite, `classes` are not
            distinct labels in the number of the outputs, or a parameter is invalid.

        Notes
        -----
        The output activation is that of a fit: softmax for several classes; logistic for one output, for multilabel
        targets and for the loss "squared_error". Two softmax outputs become one logistic output, which gives the same
        probabilities.

        Examples
        --------
        >>> from cmlp import MLPClassifier
        >>> model = MLPClassifier.from_arrays([[[2.0], [-2.0]]], [[0.0]], ["left", "right"])
        >>> model.predict([[1.0, 0.0], [0.0, 1.0]])
        array(['right', 'left'], dtype='<U5')
        """
        from cmlp._estimators.from_arrays import classifier_from_arrays

        model: Self = classifier_from_arrays(
            cls, coefs, intercepts, classes, multilabel, parameters
        )
        return model

    def certify(
        self, X: ArrayLike, radius: ArrayLike, *, max_time: float | None = None
    ) -> Certification:
        """Prove for each row that no change of up to `radius` per input can change its prediction, or find one.

        The proof covers every number that a row can contain, and every rounding of `predict`. A
        counterexample is within the radius in exact arithmetic. A box that cannot be decided is
        split, along the inputs that matter most, up to 2,000 times per row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        radius : float or array-like of shape (n_features,)
            The largest change of each input, from its value as float64, in the units of X; not
            negative.
        max_time : float or None, default=None
            Time limit in seconds for all rows. Rows that are not decided are "unknown".

        Returns
        -------
        Certification

        Raises
        ------
        NotFittedError
            If the classifier is not fitted.
        ValueError
            If an argument is invalid, or the network is of float64 and has other hidden activations
            than identity, relu and leaky_relu: use ``dtype="float32"``.

        Examples
        --------
        >>> from cmlp import MLPClassifier
        >>> model = MLPClassifier.from_arrays([[[2.0], [-2.0]]], [[0.0]], ["left", "right"])
        >>> model.certify([[1.0, 0.0], [0.2, 0.0]], 0.3).answers
        array(['certified', 'counterexample'], dtype='<U14')
        """
        from cmlp._estimators.certify import certify

        return certify(self, X, radius, max_time)

    def _encoded(self, model: NetworkModel, y: ArrayLike, n_rows: int) -> AnyArray:
        return model.class_labels.encode(as_targets(y, n_rows, type(self).__name__, labels=True))

    def fit_batches(
        self,
        source: Iterable[object] | Callable[[], Iterable[object]],
        *,
        classes: ArrayLike | None = None,
        n_rows: int | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        resume: bool = False,
    ) -> Self:
        """Train on rows that arrive in blocks: more data than memory.

        The next block is read and converted in a thread while the core computes on this one.
        Batches run on across blocks: with ``shuffle=False`` the result is bit-identical to `fit` on
        all rows, whatever the sizes of the blocks. Otherwise the rows of each block are shuffled,
        and the source decides about the order of the blocks. Callbacks, progress, stopping and
        Ctrl-C work as in `fit`; if the call fails, the estimator stays unchanged.

        Parameters
        ----------
        source : iterable or callable
            Yields blocks ``(X, y)`` or ``(X, y, sample_weight)``, with X and y as for `fit`, all of
            the same columns and type. Either all blocks have sample weights, or none. The source is
            read once per epoch: an object that can be iterated over again (for example a list, or
            `cmlp.datasets.ParquetBlocks`), or a function that returns a new iterator. The thread
            calls it, and may read a block while the one before is in use, so each block needs
            arrays of its own.
        classes : None or array-like of shape (n_classes,), default=None
            All labels; required unless a warm start or `resume` continues.
        n_rows : int or None, default=None
            Number of rows of all blocks. Needed by `warmup` and by the learning rates "one_cycle",
            "cosine" and those of a function.
        X_val, y_val, sample_weight_val : array-like or None, default=None
            Validation rows, as for `fit`. ``early_stopping=True`` needs them.
        resume : bool, default=False
            Whether to continue the previous call, as for `fit`. The source must yield the same
            rows; the first one is compared.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If `source` is neither iterable nor callable.
        ValueError
            If a parameter or an argument is invalid; if a block has another width or type than the
            first one, an unknown label, or NaN (`cmlp.exceptions.NonFiniteInputError`); the message
            names the block and the row, counted from 0. If `source` is an iterator, but more than one pass
            is needed: for several epochs, or for ``input_scale="standard"`` or "minmax" and
            ``y_scale="standard"``, which take a first pass. If a parameter needs all rows:
            ``input_scale="robust"``, ``y_scale="robust"``, ``class_weight="balanced"``,
            ``solver="lbfgs"``.
        cmlp.exceptions.DivergenceError
            If training diverged.

        Examples
        --------
        >>> from cmlp import MLPClassifier
        >>> blocks = [([[0.0], [1.0]], [0, 1]), ([[0.1], [0.9]], [0, 1])]
        >>> model = MLPClassifier((4,), max_iter=300, learning_rate_init=0.1, random_state=0)
        >>> model.fit_batches(blocks, classes=[0, 1]).predict([[0.2], [0.8]])
        array([0, 1])
        """
        return self._fit_batches(source, classes, n_rows, (X_val, y_val, sample_weight_val), resume)

    @available_if(_without_epochs)
    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> Self:
        """Train one epoch on the given rows, starting from the current model.

        The optimizer continues from its state. A call that fails or is interrupted leaves the model
        unchanged.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes : None or array-like of shape (n_classes,), default=None
            All labels that can occur in any call; required in the first call.

        Returns
        -------
        self

        See Also
        --------
        fit : Train a new model until it converges.
        fit_batches : The same on blocks of rows, for several epochs.
        """
        return self._partial_fit(X, y, sample_weight, classes)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the most probable label of each row; for multilabel targets a 0/1 matrix.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X has another width, other names of columns, or NaN or infinity
            (`cmlp.exceptions.NonFiniteInputError`).

        See Also
        --------
        predict_proba : The probabilities of the labels.
        """
        model = self._trained()
        outputs = model.outputs_of_few(X, self.n_threads)
        return model.labels_of(self._outputs(model, X) if outputs is None else outputs)

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Return the logits: the weighted sums of the output layer, before softmax or logistic.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            In the dtype of the weights. For two classes one number per row, which is positive if
            `predict` returns the second class.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X has another width, other names of columns, or NaN or infinity
            (`cmlp.exceptions.NonFiniteInputError`).
        """
        model = self._trained()
        logits: np.ndarray = self._on_checked_rows(
            model, X, lambda rows: self._network(model).weighted_sums(rows)[-1]
        )
        return logits[:, 0] if model.class_labels.kind == "binary" else logits

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the probability of each label. With loss "squared_error", the outputs are divided by their sum.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the dtype of the weights.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X has another width, other names of columns, or NaN or infinity
            (`cmlp.exceptions.NonFiniteInputError`).

        See Also
        --------
        decision_function : The logits.
        """
        model = self._trained()
        outputs = model.outputs_of_few(X, self.n_threads)
        if outputs is None:
            outputs = self._outputs(model, X)
        # The call would take 5 % of a row.
        return outputs if model.combination.rule == "plain" else model.combined(outputs)

    def predict_log_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the logarithm of `predict_proba`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        probabilities = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            logarithms: np.ndarray = np.log(probabilities, out=probabilities)
        return logarithms

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy: the fraction of correct rows (for multilabel targets, correct in all columns).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
        sample_weight : None, float or array-like of shape (n_samples,), default=None

        Returns
        -------
        float
        """
        from cmlp._fit.targets import accuracy_of_labels

        warn_of_other_order(X=X, y=y, sample_weight=sample_weight)
        now = frozen_copy(self)
        labels = now._trained().class_labels
        return accuracy_of_labels(now.predict(X), y, sample_weight, labels, type(self).__name__)


class MLPRegressor(parameters.MLPRegressor, MultilayerPerceptron):
    __doc__ = parameters.MLPRegressor.__doc__
    __module__ = "cmlp"

    _estimator_type: ClassVar[str] = "regressor"
    _parameter_owner: ClassVar[str] = "MLPRegressor"

    @classmethod
    def from_arrays(
        cls, coefs: Iterable[ArrayLike], intercepts: Iterable[ArrayLike], **parameters: object
    ) -> Self:
        """Return a fitted regressor with the given weights and biases.

        Parameters
        ----------
        coefs : iterable of array-like of shape (n_in, n_out)
            Weights of each layer, first the one that reads the inputs. They are copied.
        intercepts : iterable of array-like of shape (n_out,)
            Biases of each layer.
        **parameters
            Parameters of the constructor, except `hidden_layer_sizes`, for example `activation` and
            `input_scale`. The output activation is that of a fit with this `loss`: identity, or exp
            for losses of positive outputs, such as "poisson".

        Returns
        -------
        Self
            Without training state: `partial_fit` starts with a new optimizer. The dtype is float32
            if all arrays are, otherwise float64.

        Raises
        ------
        TypeError
            If an array does not contain real numbers.
        ValueError
            If the shapes of the arrays do not match, a number is not finite, or a parameter is
            invalid.

        Examples
        --------
        >>> from cmlp import MLPRegressor
        >>> MLPRegressor.from_arrays([[[2.0], [0.5]]], [[1.0]]).predict([[1.0, 4.0]])
        array([5.])
        """
        from cmlp._estimators.from_arrays import regressor_from_arrays

        model: Self = regressor_from_arrays(cls, coefs, intercepts, parameters)
        return model

    def _encoded(self, model: NetworkModel, y: ArrayLike, n_rows: int) -> AnyArray:
        targets = as_numbers(as_targets(y, n_rows, type(self).__name__))
        targets = targets[:, np.newaxis] if targets.ndim == 1 else targets
        quantiles = model.net.loss_parameter
        if isinstance(quantiles, tuple):
            return as_quantile_targets(targets, len(quantiles))
        return targets

    def fit_batches(
        self,
        source: Iterable[object] | Callable[[], Iterable[object]],
        *,
        n_rows: int | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        resume: bool = False,
    ) -> Self:
        """Train on rows that arrive in blocks: more data than memory.

        The next block is read and converted in a thread while the core computes on this one.
        Batches run on across blocks: with ``shuffle=False`` the result is bit-identical to `fit` on
        all rows, whatever the sizes of the blocks. Otherwise the rows of each block are shuffled,
        and the source decides about the order of the blocks. Callbacks, progress, stopping and
        Ctrl-C work as in `fit`; if the call fails, the estimator stays unchanged.

        Parameters
        ----------
        source : iterable or callable
            Yields blocks ``(X, y)`` or ``(X, y, sample_weight)``, with X and y as for `fit`, all of
            the same columns and type. Either all blocks have sample weights, or none. The source is
            read once per epoch: an object that can be iterated over again (for example a list, or
            `cmlp.datasets.ParquetBlocks`), or a function that returns a new iterator. The thread
            calls it, and may read a block while the one before is in use, so each block needs
            arrays of its own.
        n_rows : int or None, default=None
            Number of rows of all blocks. Needed by `warmup` and by the learning rates "one_cycle",
            "cosine" and those of a function.
        X_val, y_val, sample_weight_val : array-like or None, default=None
            Validation rows, as for `fit`. ``early_stopping=True`` needs them.
        resume : bool, default=False
            Whether to continue the previous call, as for `fit`. The source must yield the same
            rows; the first one is compared.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If `source` is neither iterable nor callable.
        ValueError
            If a parameter or an argument is invalid; if a block has another width or type than the
            first one, an unknown label, or NaN (`cmlp.exceptions.NonFiniteInputError`); the message
            names the block and the row, counted from 0. If `source` is an iterator, but more than one pass
            is needed: for several epochs, or for ``input_scale="standard"`` or "minmax" and
            ``y_scale="standard"``, which take a first pass. If a parameter needs all rows:
            ``input_scale="robust"``, ``y_scale="robust"``, ``class_weight="balanced"``,
            ``solver="lbfgs"``.
        cmlp.exceptions.DivergenceError
            If training diverged.

        Examples
        --------
        >>> from cmlp import MLPRegressor
        >>> blocks = [([[0.0], [1.0]], [1.0, 3.0]), ([[2.0], [3.0]], [5.0, 7.0])]
        >>> model = MLPRegressor(hidden_layer_sizes=(8,), learning_rate_init=0.1, tol=0.01, random_state=1)
        >>> model.fit_batches(blocks).predict([[1.5]]).shape
        (1,)
        """
        return self._fit_batches(source, None, n_rows, (X_val, y_val, sample_weight_val), resume)

    @available_if(_without_epochs)
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Train one epoch on the given rows, starting from the current model.

        The optimizer continues from its state. A call that fails or is interrupted leaves the model
        unchanged.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        self

        See Also
        --------
        fit : Train a new model until it converges.
        fit_batches : The same on blocks of rows, for several epochs.
        """
        return self._partial_fit(X, y, sample_weight)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the predicted targets of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the dtype of the weights. With several quantiles, a column for each of them,
            ascending in every row.

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X has another width, other names of columns, or NaN or infinity
            (`cmlp.exceptions.NonFiniteInputError`).
        """
        model = self._trained()
        outputs = model.outputs_of_few(X, self.n_threads)
        if outputs is None:
            outputs = self._outputs(model, X)
        return outputs.ravel() if outputs.shape[1] == 1 else outputs

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the coefficient of determination; with several outputs the mean over the outputs.

        With several quantiles, it is the mean of their D^2 scores: of 1 minus the pinball loss
        divided by that of the quantile of y, as ``sklearn.metrics.d2_pinball_score``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : None, float or array-like of shape (n_samples,), default=None

        Returns
        -------
        float

        Raises
        ------
        NotFittedError
            If the estimator is not fitted.
        ValueError
            If X, y or `sample_weight` are invalid, do not fit each other, or have no rows.
        """
        from cmlp._train.scores import d2_pinball, r_squared, require_rows

        warn_of_other_order(X=X, y=y, sample_weight=sample_weight)
        now = frozen_copy(self)
        predicted = now.predict(X)
        require_rows(predicted)
        truth = as_numbers(as_targets(y, len(predicted), type(self).__name__, warn_of_column=False))
        weight = as_weights(sample_weight, len(truth))
        quantiles = now._trained().net.loss_parameter
        if isinstance(quantiles, tuple):
            truth = as_quantile_targets(truth.reshape(len(truth), -1), len(quantiles))
            return d2_pinball(truth, predicted, quantiles, weight)
        return r_squared(truth, predicted, weight)
