"""The class `TabularClassifier`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from cmlp.hyperparameters import documented
from cmlp.inputs.class_weights import weights_of_classes
from cmlp.inputs.labels import kind_of_labels, learn_labels
from cmlp.inputs.validation import as_targets
from cmlp.tables.bag import Shape
from cmlp.tables.base import Asked, TabularEstimator, Targets, counted
from cmlp.training.scores import accuracy_of_labels
from cmlp.training.task import Task, named_validation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike


SMOOTHING = 0.02


@documented("TabularClassifier")
class TabularClassifier(TabularEstimator):
    """Classifier for tables: a bag of small networks on encoded columns.

    It takes data frames and arrays as they are: numbers of any scale, categories, missing values. Numbers are scaled
    robustly and clipped smoothly [1]_, and every second network sees their piecewise-linear encoding too [2]_, in bins
    that a decision tree of each column finds. Categories are one-hot encoded. Each network is trained by AdamW with
    dropout and label smoothing, on other seven eighths of the rows; its best epoch is that with the smallest log loss
    on the other eighth. The predicted probabilities are the mean over the networks.

    Parameters
    ----------
    <parameters>

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    estimators_ : list of Network
        The networks. Their inputs are encoded rows.
    history_ : dict of list
        The curves of all networks.
    n_features_in_ : int
        Number of columns of X in fit.
    feature_names_in_ : ndarray of str
        Column names of the data frame in fit; if not all are text, the attribute does not exist.

    Notes
    -----
    A category that fit has not seen, or that is rarer than the 200 most frequent ones of its column, has zeros in all
    inputs. Dates are numbers: days since 1970, in UTC if they have a time zone. A column that is constant in fit is not
    used.

    References
    ----------
    .. [1] Holzmüller, Grinsztajn, Steinwart (2024), "Better by default: strong pre-tuned MLPs and boosted trees on
       tabular data", NeurIPS.
    .. [2] Gorishniy, Rubachev, Babenko (2022), "On embeddings for numerical features in tabular deep learning",
       NeurIPS.

    Examples
    --------
    >>> from cmlp import TabularClassifier
    >>> X = [[1.5, "red"], [2.5, "blue"], [None, "red"], [1.0, "blue"]] * 10
    >>> y = ["warm", "cold", "warm", "cold"] * 10
    >>> model = TabularClassifier(random_state=0).fit(X, y)
    >>> model.predict([[2.0, "red"], [None, "blue"]])
    array(['warm', 'cold'], dtype='<U4')
    """

    _estimator_type: ClassVar[str] = "classifier"
    _owner: ClassVar[str] = "TabularClassifier"
    classes_: np.ndarray[Any, Any]

    def __init__(
        self,
        *,
        n_estimators: int = 4,
        hidden_layer_sizes: int | Sequence[int] = (128, 128),
        max_time: float | None = None,
        categorical_features: str | ArrayLike | None = "from_dtype",
        class_weight: str | Mapping[Any, float] | None = None,
        random_state: int | np.random.RandomState | None = None,
        n_threads: int | None = None,
        verbose: bool | int | str = False,
        callbacks: Sequence[Any] | None = None,
    ) -> None:
        self._store(locals())

    def _targets(self, asked: Asked, held: Asked, parameters: dict[str, Any]) -> Targets:
        owner = type(self).__name__
        y = as_targets(asked.y, asked.n_rows, owner, labels=True)
        if kind_of_labels(y) == "multilabel":
            raise ValueError(f"{owner} needs one label per row, got y of shape {np.shape(asked.y)}.")
        rows, weight = counted(asked.weight, len(y))
        labels, targets = learn_labels(y[rows])
        if len(labels.classes) < 2:
            where = "" if len(rows) == len(y) else " in rows of positive weight"
            raise ValueError(f"{owner} needs at least 2 classes{where}, got 1 class: {labels.classes.tolist()[0]!r}.")
        weights = weights_of_classes(parameters["class_weight"], labels, targets, weight)
        if weights is not None:
            given = None if asked.weight is None else asked.weight[rows]
            more, weight = counted(weights.times(given, targets), len(rows))
            rows, targets = rows[more], targets[more]
        groups = targets.reshape(-1)
        validation, held_weight = np.arange(0), None
        if held.y is not None:
            with named_validation():
                own = labels.encode(as_targets(held.y, held.n_rows, owner, labels=True))
                given = held.weight if weights is None else weights.times(held.weight, own)
                validation, held_weight = counted(given, len(own))
            targets = np.concatenate([targets, own[validation]])
        output = "logistic" if labels.kind == "binary" else "softmax"
        shape = Shape(parameters["hidden_layer_sizes"], labels.n_outputs, output, "label_smoothing", SMOOTHING)
        attributes = {"classes_": labels.classes}
        return Targets(Task(targets, score=None), shape, rows, weight, validation, held_weight, groups, attributes)

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the probability of each label: the mean over the networks.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of float64, shape (n_samples, n_classes)
        """
        return self._predicted(X)

    def predict(self, X: ArrayLike) -> np.ndarray:
        """Return the most probable label of each row.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        probabilities = self.predict_proba(X)
        labels: np.ndarray = self.classes_[probabilities.argmax(axis=1)]
        return labels

    def predict_log_proba(self, X: ArrayLike) -> np.ndarray:
        """Return the logarithm of `predict_proba`.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of float64, shape (n_samples, n_classes)
        """
        with np.errstate(divide="ignore"):
            logarithms: np.ndarray = np.log(self.predict_proba(X))
        return logarithms

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Return the accuracy: the fraction of correct rows.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
        sample_weight : None, float or array-like of shape (n_samples,), default=None

        Returns
        -------
        float
        """
        return accuracy_of_labels(self.predict(X), y, sample_weight, type(self).__name__)
