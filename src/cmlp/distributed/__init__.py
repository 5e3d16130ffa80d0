"""Training by several processes, and on the rows of a Dask cluster (``pip install cmlp[dask]``); prediction there."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from cmlp._fit.fitted import frozen_copy
from cmlp._parameters.name_hints import hinted
from cmlp.distributed._cluster import import_of_dask, is_array, is_frame, require_estimator
from cmlp.exceptions import InvalidParameterError, shown

if TYPE_CHECKING:
    from cmlp._data.array_types import AnyArray, ArrayLike
    from cmlp._estimators.multilayer_perceptron import MultilayerPerceptron
    from cmlp._train.split import Shards

    OwnEstimator = TypeVar("OwnEstimator", bound=MultilayerPerceptron)

__all__ = ["fit", "predict"]


@hinted
def fit(
    model: OwnEstimator,
    X: object,
    y: object = None,
    sample_weight: object = None,
    *,
    comm: object = None,
    client: object = None,
    shards: Shards | None = None,
    local: bool = False,
    timeout: float | None = None,
    X_val: ArrayLike | None = None,
    y_val: ArrayLike | None = None,
    sample_weight_val: ArrayLike | None = None,
    resume: bool = False,
) -> OwnEstimator:
    """Train an estimator by several processes: together with `comm`, otherwise on the rows of a Dask cluster.

    With `comm`, a communicator such as ``mpi4py.MPI.COMM_WORLD``, each process of a job calls this
    function with the same arguments, computes a part of every batch, and has the same model at the
    end, bit-identical to ``model.fit``. If each process has other rows, ``local=True`` is
    bit-identical to ``model.fit(X, y, shards=...)`` on the rows of all.

    Without `comm`, the workers of a cluster make the blocks of rows: the chunks of an array, the
    partitions of a frame, the entries of a list. This process fetches one block after the other,
    the next ones while it trains. The result is bit-identical to that of ``model.fit_batches`` on
    the blocks in their order, and with ``shuffle=False`` to that of ``model.fit`` on all rows: it
    does not depend on the number of workers, or on the time that anything takes. If a worker ends,
    Dask computes its blocks again.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor
        Fitted in place. `solver` cannot be "lbfgs".
    X : array-like, dask.array.Array, dask.dataframe.DataFrame or list
        With `comm`, as for `MLPClassifier.fit`. On a cluster a collection of Dask, or a list with a
        delayed value (or an array) for each block; without `y`, a tuple ``(X, y)`` or
        ``(X, y, sample_weight)`` for each block. Rows are shuffled within a block only (see
        `MLPClassifier.fit_batches`): blocks should not be sorted by class.
    y : array-like, dask.array.Array, dask.dataframe.Series or list, default=None
        Targets; on a cluster in blocks that belong to those of X.
    sample_weight : array-like, dask.array.Array, dask.dataframe.Series, list or None, default=None
        Weights of the rows.
    comm : object or None, default=None
        The communicator. Any object with the attributes `rank` and `size` and the methods
        ``Send(buffer, dest)``, ``Recv(buffer, source)`` and ``Bcast(buffer, root)`` will do; a
        buffer is a contiguous array of uint8. There must be no other messages between the processes
        during the call. An exception on one of them raises one on all. `timeout` needs the methods
        ``Isend``, ``Irecv`` and ``Ibcast`` with the same arguments instead; they return an object
        whose method ``Test()`` is true once the message has arrived.
    client : distributed.Client or None, default=None
        The cluster, if there is no `comm`. None means the current client; if there is none, threads
        in this process.
    shards : int, sequence of int or None, default=None
        The shards, consecutive rows, for `comm`: a number of shards, into which the rows are cut
        equally, or the number of rows of each, as for `MLPClassifier.fit`. None means no shards, or
        with `local` one for each process.
    local : bool, default=False
        Whether X, y, `sample_weight` and `shards` are those of this process alone, for `comm`: its
        shards, by default one with all its rows. The result is bit-identical to a fit on the rows
        of all processes, in the order of their ranks, with the shards of all. The processes
        exchange the targets and weights, but not the rows, which must be dense. They learn an
        ``input_scale`` of "standard" or "minmax" together.
    timeout : float or None, default=None
        How many seconds a process waits for a message of another one, for `comm`; None for ever. A
        process that has ended or hangs then raises an error on all others. It must be more than the
        slowest batch, callback and validation take, and all processes must have one, or none.
    X_val, y_val, sample_weight_val : array-like or None, default=None
        Validation rows in the memory of this process, as for `MLPClassifier.fit`.
    resume : bool, default=False
        Whether to continue the previous call, as for `MLPClassifier.fit`; the number of processes
        or workers may be another one. The callback `cmlp.callbacks.Checkpoint` writes files to
        continue from.

    Returns
    -------
    object
        `model`.

    Raises
    ------
    ImportError
        If Dask is needed, but not installed.
    TypeError, ValueError
        If an argument or a parameter is invalid, or rows are: the message names the block, and the
        row. The model stays as it was. With `comm`, also if the processes have different
        parameters, data, versions of cmlp or random states.
    cmlp.exceptions.WorkerError
        If another process of `comm` has failed, or has sent no message within `timeout`.

    Examples
    --------
    >>> import numpy as np
    >>> import cmlp
    >>> blocks = [(X, (X[:, 0] > 0).astype(int)) for X in np.random.default_rng(0).normal(size=(4, 100, 3))]
    >>> model = cmlp.MLPClassifier((8,), learning_rate_init=0.01, tol=0.01, random_state=0)
    >>> cmlp.distributed.fit(model, blocks).score(*blocks[0]) > 0.9
    True
    """
    require_estimator(model)
    validation = (X_val, y_val, sample_weight_val)
    if comm is not None:
        if client is not None:
            raise InvalidParameterError(
                f"client must be None with comm, got {shown(client)}: a call uses either "
                "processes or a Dask cluster.",
                parameter="client",
                value=client,
            )
        from cmlp._fit.sources import Arrays
        from cmlp.distributed._together import fit_together

        rows = Arrays(X, y, sample_weight, shards=shards)
        fit_together(
            model,
            rows,
            validation,
            comm,
            local=local,
            resume=resume,
            timeout=timeout,
        )
        return model
    if local:
        raise InvalidParameterError(
            "local=True needs comm, the communicator of the processes.",
            parameter="local",
            value=True,
        )
    if timeout is not None:
        raise InvalidParameterError(
            f"timeout needs comm, got {shown(timeout)}: it is for messages between processes.",
            parameter="timeout",
            value=timeout,
        )
    if shards is not None:
        raise InvalidParameterError(
            f"shards needs comm, got {shown(shards)}: on a Dask cluster, training takes one block "
            "after the other, as fit_batches does.",
            parameter="shards",
            value=shards,
        )
    from cmlp.distributed._blocks import fit_on_cluster

    fit_on_cluster(model, (X, y, sample_weight), validation, client, resume=resume)
    return model


_METHODS = ("predict", "predict_proba", "predict_log_proba", "decision_function")


def predict(
    model: MultilayerPerceptron,
    X: Any,  # a collection of Dask, which is optional
    *,
    method: str = "predict",
) -> Any:  # a collection of Dask, which is optional
    """Return the predictions for rows of Dask, lazily: nothing is computed before the result is.

    The results are bit-identical to ``model.predict(X)`` on all rows at once. Each task uses one
    thread, unless the model's `n_threads` says otherwise.

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
        An array for an array, with the same blocks of rows. For a data frame a series, or a data
        frame if there are several outputs, with the same index; columns of probabilities have the
        names of the classes.

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
    model = frozen_copy(model)
    if method not in _METHODS or not hasattr(model, method):
        offered = ", ".join(repr(name) for name in _METHODS if hasattr(model, name))
        raise InvalidParameterError(
            f"method must be one of {offered} for {type(model).__name__}, got {shown(method)}.",
            parameter="method",
            value=method,
        )
    n_features = model._trained().net.n_in
    if is_array(X):
        if X.ndim != 2 or X.shape[1] != n_features:
            raise ValueError(f"X must have shape (n, {n_features}), got {X.shape}.")
        like = getattr(model, method)(np.zeros((1, n_features), X.dtype))[:0]
        call = _Call(model, method, like)
        X = X.rechunk({1: -1})
        if like.ndim == 1:
            return X.map_blocks(call, drop_axis=1, dtype=like.dtype, meta=like)
        return X.map_blocks(
            call, chunks=(X.chunks[0], (like.shape[1],)), dtype=like.dtype, meta=like
        )
    if is_frame(X) and getattr(X, "ndim", 0) == 2:
        first = X._meta_nonempty.iloc[:1]
        like = getattr(model, method)(first)[:0]
        call = _Call(model, method, like)
        return X.map_partitions(call.of_frame, meta=call.of_frame(first.iloc[:0]))
    raise TypeError(f"X must be a Dask array or a Dask data frame, got {type(X).__name__}.")


class _Call:
    """The call of a model's method on one block; `like` is its result for no rows."""

    def __init__(self, model: Any, method: str, like: AnyArray) -> None:
        self._model, self._method, self._like = copy(model), method, like
        if model.n_threads is None:  # Dask runs a task per thread
            self._model.n_threads = 1

    def __call__(self, rows: Any) -> AnyArray:
        result: AnyArray = getattr(self._model, self._method)(rows) if len(rows) else self._like
        return result

    def of_frame(self, rows: Any) -> Any:
        """Return the result with the index of the rows."""
        import pandas

        values = self(rows)
        if values.ndim == 1:
            return pandas.Series(values, index=rows.index)
        classes = getattr(self._model, "classes_", None) if self._method != "predict" else None
        return pandas.DataFrame(values, index=rows.index, columns=classes)
