"""The regressor for streams."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from river import base
from river.utils import dataframe

from cmlp._train.architecture import POSITIVE_LOSSES
from cmlp._train.hyperparameters import documented
from cmlp.river._stream import Stream, as_frame, as_list, as_row, is_number

if TYPE_CHECKING:
    from numpy.typing import NDArray


@documented("river.MLPRegressor")
class MLPRegressor(Stream, base.MiniBatchRegressor):  # type: ignore[misc]  # river's types are not checked
    """Neural network regressor for streams: an estimator of river.

    It learns row by row, or in small frames. The parameters have the names, defaults and meaning of
    `cmlp.MLPRegressor`.

    Parameters
    ----------
    <parameters>

    Raises
    ------
    ValueError
        If a parameter is invalid.

    Notes
    -----
    Features may appear and disappear, as for `cmlp.river.MLPClassifier`. Targets of large values learn slowly: use
    `river.preprocessing.TargetStandardScaler`.

    Examples
    --------
    >>> from river import datasets, evaluate, metrics, preprocessing
    >>> from cmlp.river import MLPRegressor
    >>> model = preprocessing.StandardScaler() | preprocessing.TargetStandardScaler(
    ...     MLPRegressor(hidden_layer_sizes=(20,), learning_rate_init=0.01, seed=1)
    ... )
    >>> evaluate.progressive_val_score(datasets.TrumpApproval(), model, metrics.MAE())
    MAE: 0.57544
    """

    __module__ = "cmlp.river"

    _table_owner: ClassVar[str] = "river.MLPRegressor"
    _output = "identity"

    def __init__(
        self,
        loss: str = "squared_error",
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Sequence[str] = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int = 1,
        learning_rate_init: float = 0.001,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        max_grad_norm: float | None = None,
        dtype: str = "float64",
        seed: int | None = None,
    ) -> None:
        self._set_up(locals())
        if loss in POSITIVE_LOSSES:
            self._output = "exp"

    def learn_one(self, x: Mapping[Hashable, Any], y: float) -> None:
        """Take one gradient step on a row.

        Parameters
        ----------
        x : dict
            Features with their values, which must be finite numbers.
        y : float
            The target.

        Raises
        ------
        ValueError
            If a value is not a finite number, or y is out of the range of the loss. `DivergenceError`, a subclass, if
            the step would make a weight infinite. The model stays unchanged.
        """
        self._learn(list(x), 1, as_row(x), self._targets([y]))

    def learn_many(self, X: Any, y: Any) -> None:
        """Take a gradient step on every `batch_size` rows of a frame, in their order.

        Parameters
        ----------
        X : DataFrame of shape (n, n_features)
            Of pandas, polars or another library that river supports.
        y : Series of shape (n,)
            The targets.

        Raises
        ------
        ValueError
            As for `learn_one`.
        """
        _, names, rows, missing = as_frame(X)
        targets = self._targets(as_list(y, len(rows)))
        if len(rows):
            self._learn(names, 1, rows, targets, missing)

    def _targets(self, y: list[Any]) -> NDArray[np.float64]:
        """Return targets as a column, checked against the range of the loss."""
        lowest = 0 if self.loss in POSITIVE_LOSSES else -math.inf
        for value in y:
            if not is_number(value) or value < lowest or (self.loss == "gamma" and value == 0):
                raise ValueError(f"y must be a finite number in the range of the loss {self.loss!r}, got {value!r}.")
        return np.array(y, np.float64).reshape(-1, 1)

    def predict_one(self, x: Mapping[Hashable, Any]) -> float:
        """Return the prediction for a row; 0 before the first learned row.

        Parameters
        ----------
        x : dict
            Features with their values.

        Returns
        -------
        float
        """
        row = as_row(x)
        return 0.0 if self._network is None else float(self._outputs(x, row)[0, 0])

    def predict_many(self, X: Any) -> Any:
        """Return the predictions for the rows of a frame; 0 before the first learned row.

        Parameters
        ----------
        X : DataFrame of shape (n, n_features)

        Returns
        -------
        Series of shape (n,)
        """
        frame, names, rows, _ = as_frame(X)
        values = np.zeros(len(rows)) if self._network is None else self._outputs(names, rows)[:, 0]
        return dataframe.to_native_series(values, name=None, like=frame)
