"""`MLPClassifier`, `MLPRegressor`, and their base class: parameters, fit, and what is known of a fitted network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

import numpy as np

from cmlp._data.checks import InputChecks, as_numbers, as_quantile_targets, as_targets, first_non_finite_error
from cmlp._data.weights import as_weights
from cmlp._estimators.attributes import FittedAttribute, FittedAttributes, with_classes
from cmlp._estimators.estimator import Estimator
from cmlp._estimators.fitted import FITTED, can_assemble, unchanging
from cmlp._estimators.sklearn_stub import OfSklearnClasses
from cmlp._train.docstrings import documented
from cmlp._train.other_names import hinting
from cmlp._train.parameters import TrainingParameters
from cmlp.exceptions import InvalidParameterError, NonFiniteInputError, add_hint

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from cmlp._data.arrays import LossFunction
    from cmlp._data.weights import ClassWeight
    from cmlp._estimators.estimator_options import EstimatorOptions
    from cmlp._estimators.fitted import Fitted
    from cmlp._estimators.network import Network
    from cmlp._model.model import NetworkModel
    from cmlp._model.results import Certification, Gradient

    Method = TypeVar("Method", bound=Callable[..., Any])
    Result = TypeVar("Result")


# ---------------------------------------------------------------- methods that exist only if the solver supports them


class _StochasticOnly:
    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.__doc__ = function, function.__doc__

    def __get__(self, instance: Any, owner: type) -> Callable[..., Any]:
        if instance is not None and instance.solver == "lbfgs":
            raise AttributeError(
                f"{self.function.__name__} is only available for stochastic optimizers. lbfgs is not stochastic."
            )
        bound: Callable[..., Any] = self.function.__get__(instance, owner)
        return bound


def _stochastic_only(method: Method) -> Method:
    """Decorate a method that does not exist while the estimator's solver is "lbfgs"."""
    return cast("Method", _StochasticOnly(method))


class MultilayerPerceptron(FittedAttributes, Estimator, TrainingParameters):
    """The base class of `MLPClassifier` and `MLPRegressor`; not for direct use."""

    _input_tags: ClassVar[Mapping[str, bool]] = {"sparse": True}
    _several_outputs: ClassVar[bool] = True

    set_callbacks = OfSklearnClasses()

    _fitted: Fitted
    hidden_layer_sizes: int | Sequence[int]
    activation: str | Sequence[str]
    random_state: int | np.random.RandomState | None
    warm_start: bool
    loss: str | LossFunction
    loss_parameter: float | None
    activation_parameter: float | Sequence[float] | None
    initialization: str | tuple[Sequence[ArrayLike], Sequence[ArrayLike]]
    n_threads: int | None
    dtype: str
    input_scale: float | str | tuple[ArrayLike, ArrayLike]
    provenance: bool

    def _options(self) -> EstimatorOptions:
        """Return the parameters for fit, validated and converted."""
        from cmlp._estimators.estimator_options import estimator_options_of

        return estimator_options_of(type(self), self._parameters())

    # Fitting

    @hinting
    @documented("MLPClassifier")  # and the regressor: the same parameters are free on resume
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
            learned from the rows is weighted. Rows of weight 0 are checked, and keep their positions in batches and in
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
            compared. A list or an array that a program has changed in place is another value. Of the parameters, only
            these may have changed:
            <free on resume>
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
        from cmlp._estimators.fit_network import fit_network
        from cmlp._estimators.sources import Arrays

        validation = (X_val, y_val, sample_weight_val)
        fit_network(self, Arrays(X, y, sample_weight), validation, resume=resume, shards=shards)
        return self

    def _fit_batches(
        self,
        source: Any,
        classes: ArrayLike | None,
        n_rows: int | None,
        validation: tuple[ArrayLike | None, ArrayLike | None, ArrayLike | None],
        resume: bool,
    ) -> Self:
        from cmlp._estimators.fit_batches import fit_batches

        fit_batches(self, source, classes, n_rows, validation, resume=resume)
        return self

    def _partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, classes: ArrayLike | None = None
    ) -> Self:
        from cmlp._estimators.fit_network import partial_fit
        from cmlp._estimators.sources import Arrays

        partial_fit(self, Arrays(X, y, sample_weight), classes)
        return self

    # The fitted model

    def _trained(self) -> NetworkModel:
        """Return the model that predicts; raises NotFittedError."""
        model: NetworkModel
        try:
            model = self._fitted.model
        except AttributeError:
            twin = unchanging(self)
            if FITTED not in vars(twin):  # otherwise a fit has ended meanwhile
                if not can_assemble(twin):
                    raise self._not_fitted() from None
                from cmlp._estimators.from_arrays import assemble

                assemble(twin)
            # A fit in another thread may store its model before this one.
            model = vars(self).setdefault(FITTED, twin._fitted).model
        return model

    def _outputs(self, model: NetworkModel, X: ArrayLike) -> NDArray[Any]:
        """Return the outputs of the network for the rows of a user's X, which are checked."""
        return self._on_checked_rows(model, X, lambda rows: model.outputs(rows, self.n_threads))

    def _on_checked_rows(self, model: NetworkModel, X: ArrayLike, function: Callable[[Any], Result]) -> Result:
        """Return what a function of the network returns for the rows of a user's X, which are checked."""
        net, names = model.net, model.feature_names
        checks = InputChecks(type(self).__name__, False, net.n_in, names, may_be_empty=True)
        rows = checks.check_inputs(X).X
        try:
            return function(rows)
        except NonFiniteInputError as error:
            raise first_non_finite_error(error, rows, model.input_scale, net.dtype, names) from None

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
        return self._on_checked_rows(model, X, lambda rows: self._network(model).activations(rows))

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

        return self._on_checked_rows(model, X, gradients)

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
        return self._on_checked_rows(
            model, X, lambda rows: self._network(model).input_gradient(rows, self._encoded(model, y, len(rows)))
        )

    def _network(self, model: NetworkModel) -> Network:
        from cmlp._estimators.network import Network  # few programs need it

        return Network._assembled(model.net, model.params, model.input_scale, self.n_threads)

    def _encoded(self, model: NetworkModel, y: ArrayLike, n_rows: int) -> NDArray[Any]:
        """Return the y of a user as targets of the network."""
        raise NotImplementedError

    def _rows_of(self, model: NetworkModel, X: ArrayLike) -> tuple[NDArray[np.float64], NDArray[Any]]:
        def dense(rows: Any) -> NDArray[np.float64]:
            found = np.asarray(rows if isinstance(rows, np.ndarray) else rows.toarray(), np.float64)
            model.outputs(found, self.n_threads)  # finds NaN
            return found

        rows = self._on_checked_rows(model, X, dense)
        return rows, rows

    def __sklearn_is_fitted__(self) -> bool:
        return FITTED in vars(self) or can_assemble(self)


# What the docstrings of `fit_batches` share.
_BATCHES = {
    "blocks": """
The next block is read and converted in a thread while the core computes on this one. Batches run on across
blocks: with ``shuffle=False`` the result is bit-identical to `fit` on all rows, whatever the sizes of the blocks.
Otherwise the rows of each block are shuffled, and the source decides about the order of the blocks. Callbacks,
progress, stopping and Ctrl-C work as in `fit`; if the call fails, the estimator stays unchanged.

Parameters
----------
source : iterable or callable
    Yields blocks ``(X, y)`` or ``(X, y, sample_weight)``, with X and y as for `fit`, all of the same columns
    and type. Either all blocks have sample weights, or none. The source is read once per epoch: an object that
    can be iterated over again (for example a list, or `cmlp.datasets.ParquetBlocks`), or a function that
    returns a new iterator. The thread calls it, and may read a block while the one before is in use, so each
    block needs arrays of its own.
""",
    "passes": """
n_rows : int or None, default=None
    Number of rows of all blocks. Needed by `warmup` and by the learning rates "one_cycle", "cosine" and those
    of a function.
X_val, y_val, sample_weight_val : array-like or None, default=None
    Validation rows, as for `fit`. ``early_stopping=True`` needs them.
resume : bool, default=False
    Whether to continue the previous call, as for `fit`. The source must yield the same rows; the first one is
    compared.

Returns
-------
self

Raises
------
TypeError
    If `source` is neither iterable nor callable.
ValueError
    If a parameter or an argument is invalid; if a block has another width or type than the first one, an
    unknown label, or NaN (`cmlp.NonFiniteInputError`); the message names the block and the row, counted from 0.
    If `source` is an iterator, but more than one pass is needed: for several epochs, or for
    ``input_scale="standard"`` or "minmax" and ``y_scale="standard"``, which take a first pass. If a parameter
    needs all rows: ``input_scale="robust"``, ``y_scale="robust"``, ``class_weight="balanced"``, ``solver="lbfgs"``.
cmlp.DivergenceError
    If training diverged.
""",
}


@documented("MLPClassifier", lambda: _shared_sections(MLPClassifier))
class MLPClassifier(MultilayerPerceptron):
    """Neural network classifier, trained by stochastic gradient descent.

    The parameters have the names, order and defaults of scikit-learn's MLPClassifier. The same seed gives the same
    weights, up to rounding. The parameters from `loss` on do not exist in scikit-learn.

    Parameters
    ----------
    <parameters>

    Attributes
    ----------
    <fitted attributes>

    Notes
    -----
    The score is the accuracy.

    <notes>

    References
    ----------
    <references>
    .. [8] Lin, Goyal, Girshick, He, Dollár (2017), "Focal loss for dense object detection", ICCV.
    .. [9] Szegedy, Vanhoucke, Ioffe, Shlens, Wojna (2016), "Rethinking the Inception architecture for computer vision",
       CVPR.
    .. [10] King, Zeng (2001), "Logistic regression in rare events data", Political Analysis 9.

    Examples
    --------
    >>> from cmlp import MLPClassifier
    >>> X, y = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]], ["no", "no", "yes", "yes"]
    >>> model = MLPClassifier((8,), "tanh", learning_rate_init=0.1, random_state=1, max_iter=500)
    >>> model.fit(X, y).predict([[0.0, 0.9]])
    array(['yes'], dtype='<U3')
    """

    __module__ = "cmlp"

    _estimator_type: ClassVar[str] = "classifier"
    _parameter_owner: ClassVar[str] = "MLPClassifier"

    classes_: FittedAttribute[np.ndarray] = FittedAttribute(
        lambda fitted: fitted.model.class_labels.classes,
        "ndarray of shape (n_classes,)",
        "The labels, sorted.",
        with_classes,
    )

    @hinting
    def __init__(
        self,
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
        loss: str | LossFunction = "log_loss",
        loss_parameter: float | None = None,
        class_weight: ClassWeight = None,
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
    def from_arrays(
        cls,
        coefs: Iterable[ArrayLike],
        intercepts: Iterable[ArrayLike],
        classes: ArrayLike | None = None,
        *,
        multilabel: bool = False,
        **parameters: Any,
    ) -> Self:
        """Return a fitted classifier with the given weights and biases.

        Parameters
        ----------
        coefs : iterable of array-like of shape (n_in, n_out)
            Weights of each layer, first the one that reads the inputs. They are copied.
        intercepts : iterable of array-like of shape (n_out,)
            Biases of each layer.
        classes : None or array-like of shape (n_classes,), default=None
            Labels in the order of the outputs; two labels for one output, which is the probability of the second one.
            If None, the labels are 0, 1, and so on.
        multilabel : bool, default=False
            Whether the outputs are independent labels: each row can have any number of them.
        **parameters
            Parameters of the constructor, except `hidden_layer_sizes`, for example `activation` and `input_scale`.

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
            If the shapes of the arrays do not match, a number is not finite, `classes` are not distinct labels in the
            number of the outputs, or a parameter is invalid.

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

        model: Self = classifier_from_arrays(cls, coefs, intercepts, classes, multilabel, parameters)
        return model

    def certify(self, X: ArrayLike, radius: ArrayLike, *, max_time: float | None = None) -> Certification:
        """Prove for each row that no change of up to `radius` per input can change its prediction, or find one.

        The proof covers every number that a row can contain, and every rounding of `predict`. A counterexample is
        within the radius in exact arithmetic. A box that cannot be decided is split, along the inputs that matter most,
        up to 2,000 times per row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        radius : float or array-like of shape (n_features,)
            The largest change of each input, from its value as float64, in the units of X; not negative.
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
            If an argument is invalid, or the network is of float64 and has other hidden activations than identity, relu
            and leaky_relu: use ``dtype="float32"``.

        Examples
        --------
        >>> from cmlp import MLPClassifier
        >>> model = MLPClassifier.from_arrays([[[2.0], [-2.0]]], [[0.0]], ["left", "right"])
        >>> model.certify([[1.0, 0.0], [0.2, 0.0]], 0.3).answers
        array(['certified', 'counterexample'], dtype='<U14')
        """
        from cmlp._estimators.certify import certify

        return certify(self, X, radius, max_time)

    def _encoded(self, model: NetworkModel, y: ArrayLike, n_rows: int) -> NDArray[Any]:
        return model.class_labels.encode(as_targets(y, n_rows, type(self).__name__, labels=True))

    @documented("MLPClassifier", lambda: _BATCHES)
    def fit_batches(
        self,
        source: Any,
        *,
        classes: ArrayLike | None = None,
        n_rows: int | None = None,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        resume: bool = False,
    ) -> Self:
        """Train on rows that arrive in blocks: more data than memory.

        <blocks>
        classes : None or array-like of shape (n_classes,), default=None
            All labels; required unless a warm start or `resume` continues.
        <passes>

        Examples
        --------
        >>> from cmlp import MLPClassifier
        >>> blocks = [([[0.0], [1.0]], [0, 1]), ([[0.1], [0.9]], [0, 1])]
        >>> model = MLPClassifier((4,), max_iter=300, learning_rate_init=0.1, random_state=0)
        >>> model.fit_batches(blocks, classes=[0, 1]).predict([[0.2], [0.8]])
        array([0, 1])
        """
        return self._fit_batches(source, classes, n_rows, (X_val, y_val, sample_weight_val), resume)

    @_stochastic_only
    def partial_fit(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None, classes: ArrayLike | None = None
    ) -> Self:
        """Train one epoch on the given rows, starting from the current model.

        The optimizer continues from its state. A call that fails or is interrupted leaves the model unchanged.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes : None or array-like of shape (n_classes,), default=None
            All labels that can occur in any call; required in the first call.

        Returns
        -------
        self
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
            In the dtype of the weights. For two classes one number per row, which is positive if `predict` returns
            the second class.
        """
        model = self._trained()
        logits: np.ndarray = self._on_checked_rows(model, X, lambda rows: self._network(model).weighted_sums(rows)[-1])
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
        """
        model = self._trained()
        outputs = model.outputs_of_few(X, self.n_threads)
        if outputs is None:
            outputs = self._outputs(model, X)
        return outputs if model.rule == "plain" else model.combined(outputs)  # the call would take 5 % of a row

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
        from cmlp._estimators.targets import accuracy_of_labels

        return accuracy_of_labels(self.predict(X), y, sample_weight, type(self).__name__)


@documented("MLPRegressor", lambda: _shared_sections(MLPRegressor))
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
    _parameter_owner: ClassVar[str] = "MLPRegressor"

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

    def _options(self) -> EstimatorOptions:
        try:
            return super()._options()
        except InvalidParameterError as error:
            if not isinstance(self.loss, str) and error.parameter == "loss":
                add_hint(error, f"The first parameter is loss; did you mean hidden_layer_sizes={self.loss!r}?")
            raise

    def _encoded(self, model: NetworkModel, y: ArrayLike, n_rows: int) -> NDArray[Any]:
        targets = as_numbers(as_targets(y, n_rows, type(self).__name__))
        targets = targets[:, np.newaxis] if targets.ndim == 1 else targets
        quantiles = model.net.loss_parameter
        return as_quantile_targets(targets, len(quantiles)) if isinstance(quantiles, tuple) else targets

    @documented("MLPRegressor", lambda: _BATCHES)
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

    @_stochastic_only
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
        model = self._trained()
        outputs = model.outputs_of_few(X, self.n_threads)
        if outputs is None:
            outputs = self._outputs(model, X)
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
        from cmlp._train.scores import d2_pinball, r_squared, require_rows

        now = unchanging(self)
        predicted = now.predict(X)
        require_rows(predicted)
        truth = as_numbers(as_targets(y, len(predicted), type(self).__name__, warn_of_column=False))
        weight = as_weights(sample_weight, len(truth))
        quantiles = now._trained().net.loss_parameter
        if isinstance(quantiles, tuple):
            truth = as_quantile_targets(truth.reshape(len(truth), -1), len(quantiles))
            return d2_pinball(truth, predicted, quantiles, weight)
        return r_squared(truth, predicted, weight)


# ---------------------------------------------------------------------------------- what the docstrings of both share

_NOTES = """
With ``initialization="glorot"``, the initial weights and biases are uniform in ``+-sqrt(6 / (n_in + n_out))``, with 2
instead of 6 for logistic layers [3]_. With "he", the weights are uniform in ``+-sqrt(6 / n_in)`` (He et al., "Delving
deep into rectifiers", ICCV 2015), with "lecun" in ``+-sqrt(3 / n_in)`` (LeCun et al., "Efficient backprop", 1998), and
the biases are 0.

With ``learning_rate="one_cycle"``, the batches of all `max_iter` epochs are numbered from 0 to N - 1. The learning rate
of batch b is ``learning_rate_init * (b + 1/2) / m`` if ``b + 1/2`` is below ``m = 0.3 * N``, otherwise
``learning_rate_init * (N - b - 1/2) / (N - m)``. This schedule needs only a few epochs: set `max_iter` to that number.
Training always takes `max_iter` epochs and issues no ConvergenceWarning: `tol` is ignored, and `early_stopping` only
keeps the best weights. Every fit, including a warm start, runs a full cycle. With partial_fit, every call is one of the
`max_iter` epochs of the first call; further calls raise ValueError.

`history_` has a number for every epoch of all calls: "loss"; "validation_loss" (without the penalty; with own
validation rows or ``scoring="loss"``) and "validation_score"; "learning_rate" and "gradient_norm" of the last batch
(the norm in epochs of at least 10 batches, where it costs less than 1 %); "seconds", except in copies and pickles, so
that those of two fits with equal seeds are equal. What was never computed is left out, and single missing values are
NaN. ``pandas.DataFrame(model.history_)`` is a table.

Differences from scikit-learn:

- A warm start or partial_fit with another `activation`, `loss`, parameter of these, `dtype` or `input_scale` raises
  ValueError.
- Ctrl-C raises KeyboardInterrupt. The model after the last complete batch is kept, if at least one epoch is complete.
  ``fit(resume=True)`` continues.
- With ``n_iter_no_change=inf`` and ``tol=0``, training ends after `max_iter` epochs without a ConvergenceWarning.
- Predictions have the dtype of the weights, for example float32 after a fit on uint8 rows.
"""

_REFERENCES = """
.. [1] Kingma, Ba (2015), "Adam: a method for stochastic optimization", ICLR.
.. [2] Sutskever, Martens, Dahl, Hinton (2013), "On the importance of initialization and momentum in deep learning",
   ICML.
.. [3] Glorot, Bengio (2010), "Understanding the difficulty of training deep feedforward neural networks", AISTATS.
.. [4] Smith, Topin (2018), "Super-convergence: very fast training of neural networks using large learning rates",
   arXiv:1708.07120.
.. [5] Byrd, Lu, Nocedal, Zhu (1995), "A limited memory algorithm for bound constrained optimization", SIAM Journal on
   Scientific Computing.
.. [6] Loshchilov, Hutter (2017), "SGDR: stochastic gradient descent with warm restarts", ICLR.
.. [7] Goyal et al. (2017), "Accurate, large minibatch SGD: training ImageNet in 1 hour", arXiv:1706.02677.
"""


def _shared_sections(cls: type) -> dict[str, str]:
    """Return the texts for the lines in angle brackets in the docstring of an estimator."""
    members = ((name, value) for base in cls.__mro__ for name, value in vars(base).items())
    found = {name: value for name, value in members if isinstance(value, FittedAttribute)}
    entries = [f"{name} : {one.kind}\n    {one.__doc__}" for name, one in found.items() if not name.startswith("_")]
    return {"fitted attributes": "\n".join(entries), "notes": _NOTES, "references": _REFERENCES}
