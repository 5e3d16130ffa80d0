"""The class `MLPClassifier`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cmlp._data.checks import as_targets
from cmlp._estimators.attributes import FittedAttribute, with_classes
from cmlp._estimators.mlp import BATCHES, MultilayerPerceptron, shared_sections, stochastic_only
from cmlp._train.hyperparameters import documented
from cmlp._train.other_names import hinting

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from cmlp._data.arrays import LossFunction
    from cmlp._data.weights import ClassWeight
    from cmlp._model.model import TrainedModel
    from cmlp._model.results import Certification


@documented("MLPClassifier", lambda: shared_sections(MLPClassifier))
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
    _table_owner: ClassVar[str] = "MLPClassifier"

    classes_: FittedAttribute[np.ndarray] = FittedAttribute(
        lambda fitted: fitted.model.labels.classes,
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

    def _encoded(self, model: TrainedModel, y: ArrayLike, n_rows: int) -> NDArray[Any]:
        return model.labels.encode(as_targets(y, n_rows, type(self).__name__, labels=True))

    @documented("MLPClassifier", lambda: BATCHES)
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

    @stochastic_only
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
        return model.labels.decode(self._outputs(model, X))

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
        logits: np.ndarray = self._call(model, X, lambda rows: self._network(model).weighted_sums(rows)[-1])
        return logits[:, 0] if model.labels.kind == "binary" else logits

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
        from cmlp._train.scores import accuracy_of_labels

        return accuracy_of_labels(self.predict(X), y, sample_weight, type(self).__name__)
