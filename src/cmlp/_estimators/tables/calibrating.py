"""Scores of rows outside the training, for intervals and sets: rows that networks held out, or those of `calibrate`."""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.weights import as_weights
from cmlp._estimators.exclusive import Exclusively
from cmlp._estimators.tables.table_targets import counted
from cmlp._model.calibration import CALIBRATION, calibrated, kind_of_scores, scores_of
from cmlp._model.summary import accuracy_of
from cmlp._process.signals import immediate_signals

if TYPE_CHECKING:
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from cmlp import _core
    from cmlp._estimators.fitted import Fitted
    from cmlp._model.calibration import Calibration
    from cmlp._model.model import TrainedModel
    from cmlp._model.summary import Accuracy


class Calibrating:
    """The part of the estimators for tables that intervals and sets need; the others define these four members."""

    _fitted: Fitted

    def _trained(self) -> TrainedModel:
        raise NotImplementedError

    def _predicted(self, model: TrainedModel, X: ArrayLike) -> NDArray[np.float64]:
        raise NotImplementedError

    def calibrate(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Measure the errors of the fitted model on other rows: intervals and sets are then as wide as these need.

        These rows replace those that the networks held out in `fit`, also for the accuracy on a page. If `fit` has seen
        none of them, neither as rows nor as validation data, and they are exchangeable with the rows to predict (for
        example, all are drawn at random from one population), intervals and sets contain the truth at least as often as
        asked for: split conformal prediction [1]_.

        Parameters
        ----------
        X : data frame or array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_targets)
            Numbers, or labels, as for `fit`. No set contains a label that `fit` has not seen.
        sample_weight : None, float or array-like of shape (n_samples,), default=None
            Weights of the rows, as in `fit`. The coverage is then that of the weighted rows, without a guarantee.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the estimator is not fitted, or the rows are invalid. It then keeps its former calibration.

        References
        ----------
        .. [1] Papadopoulos, Proedrou, Vovk, Gammerman (2002), "Inductive confidence machines for regression", ECML.
        """
        with Exclusively(self):
            with immediate_signals():
                model = self._trained()
                outputs = self._predicted(model, X)
                truth = self._truth(model, y, len(outputs))
                rows, weight = counted(as_weights(sample_weight, len(outputs)), len(outputs))
                calibration, accuracy = measured(
                    model.net, CALIBRATION, outputs[rows], truth[rows], weight, has_classes=model.labels is not None
                )
                summary = None if model.summary is None else model.summary._replace(accuracy=accuracy)
                model = model.replace(calibration=calibration, summary=summary)
            self._fitted = self._fitted._replace(model=model)
        return self

    def _truth(self, model: TrainedModel, y: ArrayLike, n_rows: int) -> NDArray[Any]:
        """Return what `scores_of` compares with the outputs: numbers, indices of classes, or labels."""
        raise NotImplementedError


def calibration_of(model: TrainedModel, coverage: float, method: str, owner: str) -> Calibration:
    """Return the calibration for a method; raises ValueError if there is none, or the coverage is invalid."""
    if not isinstance(coverage, Real) or isinstance(coverage, (bool, np.bool_)) or not 0 < coverage < 1:
        raise ValueError(f"coverage must be a number above 0 and below 1, got {coverage!r}.")
    if model.calibration is None:
        raise ValueError(
            f"{method} needs rows outside the training, and this {owner} has none: fit held out no rows "
            "(early_stopping=False, or fewer than 16 rows), or the model comes from a file without scores. Call "
            "calibrate(X, y) with rows that fit has not seen."
        )
    return model.calibration


def measured(
    net: _core.Net,
    kind_of_rows: str,
    outputs: NDArray[np.float64],
    truth: NDArray[Any],
    weight: NDArray[np.float64] | None,
    *,
    has_classes: bool,
) -> tuple[Calibration, Accuracy | None]:
    """Return the calibration and the accuracy of outputs."""
    kind = kind_of_scores(net, has_classes=has_classes)
    scores = calibrated(kind, kind_of_rows, scores_of(kind, outputs, truth), weight)
    return scores, accuracy_of(net, kind_of_rows, outputs, truth, weight, has_classes=has_classes)
