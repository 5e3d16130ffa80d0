"""What a fitted estimator computes before a prediction: activations, logits and gradients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmlp._data.weights import as_weights

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from cmlp._estimators.network import Network
    from cmlp._model.model import TrainedModel
    from cmlp._model.results import Gradient


class Inspection:
    """Methods of an estimator that call those of its `network_`, with X and y as in `fit`."""

    n_threads: int | None
    _trained: Callable[[], TrainedModel]
    _encoded: Callable[[TrainedModel, ArrayLike, int], NDArray[Any]]  # y as targets of the network

    def activations(self, X: ArrayLike) -> list[NDArray[Any]]:
        """Return the activations of every layer.

        Parameters
        ----------
        X : array-like or sparse container of shape (n_samples, n_features)

        Returns
        -------
        list of ndarray of shape (n_samples, size)
            One array per layer, in the dtype of the weights: first the inputs, multiplied by `input_scale`, last the
            activations of the output layer.

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
        return model.call(self, X, lambda rows: self._network(model).activations(rows))

    def gradients(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Gradient:
        """Return the gradient of the mean cost with respect to all weights and biases, without the penalty of `alpha`.

        The cost is that of `Network.cost`: for squared errors, the sum over the outputs, not half of it as in
        `loss_`.

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
        model = self._trained()

        def gradients(rows: Any) -> Gradient:
            weight = as_weights(sample_weight, len(rows))
            return self._network(model).gradient(rows, self._encoded(model, y, len(rows)), sample_weight=weight)

        return model.call(self, X, gradients)

    def input_gradient(self, X: ArrayLike, y: ArrayLike) -> NDArray[Any]:
        """Return the gradient of each row's cost with respect to the inputs of that row.

        It shows which inputs would change the cost most: a saliency map (Simonyan, Vedaldi and Zisserman 2014).

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
        model = self._trained()
        return model.call(
            self, X, lambda rows: self._network(model).input_gradient(rows, self._encoded(model, y, len(rows)))
        )

    def _network(self, model: TrainedModel) -> Network:
        from cmlp._estimators.network import Network  # few programs need it

        return Network._assembled(model.net, model.params, model.input_scale, self.n_threads)
