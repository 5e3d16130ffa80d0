"""`predict`: lazy predictions for the collections of Dask, block by block."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._estimators.fitted import unchanging
from cmlp.distributed._cluster import import_of_dask, is_array, is_frame, require_estimator

if TYPE_CHECKING:
    from numpy.typing import NDArray

_METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function")


def predict(model: Any, X: Any, *, method: str = "predict") -> Any:
    """Return the predictions for rows of Dask, lazily: nothing is computed before the result is.

    The results are bit-identical to ``model.predict(X)`` on all rows at once. Each task uses one thread, unless the
    model's `n_threads` says otherwise.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor
        Fitted.
    X : dask.array.Array or dask.dataframe.DataFrame
        Rows; a block or a partition may be empty.
    method : {"predict", "predict_proba", "predict_log_proba", "decision_function"}, default="predict"
        The method to call.

    Returns
    -------
    dask.array.Array, dask.dataframe.Series or dask.dataframe.DataFrame
        An array for an array, with the same blocks of rows. For a data frame a series, or a data frame if there are
        several outputs, with the same index; columns of probabilities have the names of the classes.

    Raises
    ------
    ImportError
        If Dask is not installed.
    NotFittedError
        If the model is not fitted.
    TypeError, ValueError
        If an argument is invalid, or X has other columns than in fit.

    Examples
    --------
    >>> import cmlp
    >>> import dask.array as da
    >>> model = cmlp.MLPRegressor(hidden_layer_sizes=(4,), solver="lbfgs", random_state=0)
    >>> lazy = cmlp.distributed.predict(model.fit([[0.0], [1.0]], [0.0, 2.0]), da.ones((1000, 1), chunks=100))
    >>> lazy.shape, lazy.dtype
    ((1000,), dtype('float64'))
    """
    import_of_dask("dask")
    require_estimator(model)
    model = unchanging(model)
    if method not in _METHODS or not hasattr(model, method):
        offered = ", ".join(repr(name) for name in _METHODS if hasattr(model, name))
        raise ValueError(f"method must be one of {offered} for {type(model).__name__}, got {method!r}.")
    n_features = model._trained().net.n_in
    if is_array(X):
        if X.ndim != 2 or X.shape[1] != n_features:
            raise ValueError(f"X must have shape (n, {n_features}), got {X.shape}.")
        like = getattr(model, method)(np.zeros((1, n_features), X.dtype))[:0]
        call = _Call(model, method, like)
        X = X.rechunk({1: -1})
        if like.ndim == 1:
            return X.map_blocks(call, drop_axis=1, dtype=like.dtype, meta=like)
        return X.map_blocks(call, chunks=(X.chunks[0], (like.shape[1],)), dtype=like.dtype, meta=like)
    if is_frame(X) and getattr(X, "ndim", 0) == 2:
        first = X._meta_nonempty.iloc[:1]
        like = getattr(model, method)(first)[:0]
        call = _Call(model, method, like)
        return X.map_partitions(call.of_frame, meta=call.of_frame(first.iloc[:0]))
    raise TypeError(f"X must be a Dask array or a Dask data frame, got {type(X).__name__}.")


class _Call:
    """The call of a model's method on one block; `like` is its result for no rows."""

    def __init__(self, model: Any, method: str, like: NDArray[Any]) -> None:
        self._model, self._method, self._like = copy(model), method, like
        if model.n_threads is None:  # Dask runs a task per thread
            self._model.n_threads = 1

    def __call__(self, rows: Any) -> NDArray[Any]:
        result: NDArray[Any] = getattr(self._model, self._method)(rows) if len(rows) else self._like
        return result

    def of_frame(self, rows: Any) -> Any:
        """Return the result with the index of the rows."""
        import pandas

        values = self(rows)
        if values.ndim == 1:
            return pandas.Series(values, index=rows.index)
        classes = getattr(self._model, "classes_", None) if self._method != "predict" else None
        return pandas.DataFrame(values, index=rows.index, columns=classes)
