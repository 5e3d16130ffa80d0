"""The class `MLPRegressor`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cmlp._data.checks import as_numbers, as_quantile_targets, as_targets
from cmlp._data.weights import as_weights
from cmlp._estimators.fitted import unchanging
from cmlp._estimators.mlp import BATCHES, MultilayerPerceptron, shared_sections, stochastic_only
from cmlp._train.hyperparameters import documented
from cmlp._train.other_names import hinting
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from cmlp._data.arrays import LossFunction
    from cmlp._estimators.request import EstimatorOptions
    from cmlp._model.model import TrainedModel


@documented("MLPRegressor", lambda: shared_sections(MLPRegressor))
class MLPRegressor(MultilayerPerceptron):
    """Neural network for regression, trained by stochastic gradient descent.

    The parameters have the names, order and defaults of scikit-learn's MLPRegressor. The same seed gives the same
    weights, up to rounding. The parameters from `loss_parameter` on do not exist in scikit-learn.

    Parameters
    ----------
    <parameters>

    Attributes
    ----------
    <fitted attributes>

    Notes
    -----
    The score is the coefficient of determination, or with several quantiles the mean of their D^2 scores. With several
    outputs, the gradient is that of half the *sum* of their squared errors, but the reported loss is half the *mean*,
    as in scikit-learn. For other losses, the reported loss is the sum.

    <notes>

    References
    ----------
    <references>
    .. [8] Huber (1964), "Robust estimation of a location parameter", Annals of Mathematical Statistics 35.
    .. [9] Koenker, Bassett (1978), "Regression quantiles", Econometrica 46.
    .. [10] Chernozhukov, Fernandez-Val, Galichon (2010), "Quantile and probability curves without crossing",
       Econometrica 78.

    Examples
    --------
    >>> from cmlp import MLPRegressor
    >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
    >>> model = MLPRegressor(hidden_layer_sizes=(), learning_rate_init=0.1, random_state=1,
    ...                      max_iter=1000, tol=0, n_iter_no_change=100).fit(X, y)
    >>> model.predict([[4.0]]).round(2)
    array([9.])
    """

    __module__ = "cmlp"

    _estimator_type: ClassVar[str] = "regressor"
    _table_owner: ClassVar[str] = "MLPRegressor"

    @hinting
    def __init__(
        self,
        loss: str | LossFunction = "squared_error",
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str = "adam",
        alpha: float | Sequence[float] = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str | Callable[[int, int], float] = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool | str = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool | int | str = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        loss_parameter: float | None = None,
        quantile: float | Sequence[float] = 0.5,
        y_scale: str | None = None,
        activation_parameter: float | Sequence[float] | None = None,
        initialization: str | tuple[Sequence[ArrayLike], Sequence[ArrayLike]] = "glorot",
        weight_decay: float = 0.0,
        max_grad_norm: float | None = None,
        dropout: float | Sequence[float] = 0.0,
        warmup: float = 0.0,
        max_time: float | None = None,
        scoring: str | Callable[..., float] | None = None,
        callbacks: Sequence[Any] | None = None,
        block_size: int = 1024,
        n_threads: int | None = None,
        dtype: str = "auto",
        input_scale: float | str | tuple[ArrayLike, ArrayLike] = 1,
        provenance: bool = False,
    ) -> None:
        self._store(locals())

    @classmethod
    def from_arrays(cls, coefs: Iterable[ArrayLike], intercepts: Iterable[ArrayLike], **parameters: Any) -> Self:
        """Return a fitted regressor with the given weights and biases.

        Parameters
        ----------
        coefs : iterable of array-like of shape (n_in, n_out)
            Weights of each layer, first the one that reads the inputs. They are copied.
        intercepts : iterable of array-like of shape (n_out,)
            Biases of each layer.
        **parameters
            Parameters of the constructor, except `hidden_layer_sizes`, for example `activation` and `input_scale`. The
            output activation is that of a fit with this `loss`: identity, or exp for "poisson".

        Returns
        -------
        Self
            Without training state: `partial_fit` starts with a new optimizer. The dtype is float32 if all arrays
            are, otherwise float64.

        Raises
        ------
        TypeError
            If an array does not contain real numbers.
        ValueError
            If the shapes of the arrays do not match, a number is not finite, or a parameter is invalid.

        Examples
        --------
        >>> from cmlp import MLPRegressor
        >>> MLPRegressor.from_arrays([[[2.0], [0.5]]], [[1.0]]).predict([[1.0, 4.0]])
        array([5.])
        """
        from cmlp._estimators.from_arrays import regressor_from_arrays

        model: Self = regressor_from_arrays(cls, coefs, intercepts, parameters)
        return model

    def _parameters(self) -> EstimatorOptions:
        try:
            return super()._parameters()
        except InvalidParameterError as error:
            if isinstance(self.loss, str) or "'loss'" not in str(error):
                raise
            raise InvalidParameterError(
                f"{error} The first parameter is loss; did you mean hidden_layer_sizes={self.loss!r}?"
            ) from None

    def _encoded(self, model: TrainedModel, y: ArrayLike, n_rows: int) -> NDArray[Any]:
        targets = as_numbers(as_targets(y, n_rows, type(self).__name__))
        targets = targets.reshape(n_rows, -1)
        quantiles = model.net.loss_parameter
        return as_quantile_targets(targets, len(quantiles)) if isinstance(quantiles, tuple) else targets

    @documented("MLPRegressor", lambda: BATCHES)
    def fit_batches(
        self,
        source: Any,
        *,
        n_rows: int | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        resume: bool = False,
    ) -> Self:
        """Train on rows that arrive in blocks: more data than memory.

        <blocks>
        <passes>

        Examples
        --------
        >>> from cmlp import MLPRegressor
        >>> blocks = [([[0.0], [1.0]], [1.0, 3.0]), ([[2.0], [3.0]], [5.0, 7.0])]
        >>> model = MLPRegressor(hidden_layer_sizes=(8,), learning_rate_init=0.1, tol=0.01, random_state=1)
        >>> model.fit_batches(blocks).predict([[1.5]]).shape
        (1,)
        """
        return self._fit_batches(source, None, n_rows, (X_val, y_val, sample_weight_val), resume)

    @stochastic_only
    def partial_fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Train one epoch on the given rows, starting from the current model.

        The optimizer continues from its state. A call that fails or is interrupted leaves the model unchanged.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        self
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
            In the dtype of the weights. With several quantiles, a column for each of them, ascending in every row.
        """
        outputs = self._outputs(self._trained(), X)
        return outputs.ravel() if outputs.shape[1] == 1 else outputs

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the coefficient of determination; with several outputs the mean over the outputs.

        With several quantiles, it is the mean of their D^2 scores: of 1 minus the pinball loss divided by that of the
        quantile of y, as ``sklearn.metrics.d2_pinball_score``.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : None, float or array-like of shape (n_samples,), default=None

        Returns
        -------
        float
        """
        from cmlp._train.scores import d2_pinball, r_squared

        now = unchanging(self)
        predicted = now.predict(X)
        truth = as_numbers(as_targets(y, len(predicted), type(self).__name__, warn_of_column=False))
        weight = as_weights(sample_weight, len(truth))
        quantiles = now._trained().net.loss_parameter
        if isinstance(quantiles, tuple):
            truth = as_quantile_targets(truth.reshape(len(truth), -1), len(quantiles))
            return d2_pinball(truth, predicted, quantiles, weight)
        return r_squared(truth, predicted, weight)
