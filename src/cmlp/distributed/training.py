"""`fit`: trains an estimator in rounds on a Dask cluster."""

from __future__ import annotations

import os
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any

from cmlp.distributed.cluster import cluster_of, load
from cmlp.distributed.parts import parts_of, require_estimator
from cmlp.distributed.shards import DaskShards, all_classes, summary
from cmlp.estimators.batches import Format, check_batches, scale_to_learn, with_learnt_scales
from cmlp.estimators.callbacks import call_with_callbacks
from cmlp.estimators.exclusive import Exclusively
from cmlp.estimators.fitting import train
from cmlp.estimators.resuming import model_to_resume
from cmlp.importers import load as load_model
from cmlp.inputs.sparse import CSR
from cmlp.integers import positive_integer
from cmlp.training.rounds import RoundFeed, RoundTraining

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    from cmlp.distributed.cluster import Cluster
    from cmlp.estimators.model import Model
    from cmlp.estimators.problem import Parameters, Problem
    from cmlp.training.loop import Training
    from cmlp.training.settings import Settings
    from cmlp.training.state import TrainingState
    from cmlp.training.task import Data

_MOST_SHARDS_FOR_EPOCHS = 4  # with more shards, one round per epoch costs accuracy
_ROUNDS = 8  # per epoch, with more shards


def fit(
    model: Any,
    X: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    shards: int = 8,
    rounds: int | None = None,
    X_val: ArrayLike | None = None,
    y_val: ArrayLike | None = None,
    client: Any = None,
    checkpoint: str | os.PathLike[str] | None = None,
) -> Any:
    """Train an estimator on rows of a Dask cluster, in rounds.

    The rows are cut into shards. In a round, each shard trains alone, starting from the same parameters and optimizer
    state; then these are averaged, in float64 and in the order of the shards. The result depends on the rows, the
    parameters, `shards` and `rounds`. It does not depend on the number of workers, on the parts in which the rows
    arrive, or on the time that anything takes, and a worker that ends in the middle of a round does not change it.

    A shard takes as many steps per epoch as `fit` on all rows would: its batches have ``batch_size // shards`` rows (at
    least 16), and its penalty is scaled alike. Adam's learning rate is multiplied by the square root of `shards`,
    because Adam's steps become smaller with the noise of small batches. Each shard is shuffled by a generator of its
    own.

    Parameters
    ----------
    model : MLPClassifier or MLPRegressor
        Fitted in place. ``n_threads=None`` means one thread per shard: a worker trains as many shards at once as it has
        threads. `solver` cannot be "lbfgs".
    X : dask.array.Array, dask.dataframe.DataFrame or list
        Rows, in the order in which they are cut into shards. A list has a delayed value (or an array) for each part;
        without `y`, a tuple ``(X, y)`` or ``(X, y, sample_weight)`` for each part.
    y : dask.array.Array, dask.dataframe.Series or list, default=None
        Targets, in parts that belong to those of X.
    sample_weight : dask.array.Array, dask.dataframe.Series, list or None, default=None
        Weights of the rows.
    shards : int, default=8
        Number of shards, at least 1; also the largest number of threads that can work at the same time.
    rounds : int or None, default=None
        Number of rounds per epoch, at most the larger of 8 and the number of rows of a shard. None means 1 for up to
        4 shards, otherwise 8.
    X_val, y_val : array-like or None, default=None
        Validation rows in the memory of this process, as for `MLPClassifier.fit`.
    client : distributed.Client or None, default=None
        None means the program's current client; if there is none, threads in this process.
    checkpoint : path-like or None, default=None
        File that gets the model with its training state after each round, as `MLPClassifier.save` writes it. If it
        exists, training continues from it, with the same bits as without the interruption.

    Returns
    -------
    object
        `model`.

    Raises
    ------
    ImportError
        If Dask is not installed.
    TypeError, ValueError
        If an argument or a parameter is invalid, or rows are: the message names the part or the shard, and the row. The
        model stays as it was.
    OSError
        If the checkpoint cannot be written.

    Notes
    -----
    Local SGD with averaged parameters: Stich, "Local SGD converges fast and communicates little" (2019).

    Examples
    --------
    >>> import numpy as np
    >>> import cmlp
    >>> parts = [(X, (X[:, 0] > 0).astype(int)) for X in np.random.default_rng(0).normal(size=(4, 100, 3))]
    >>> model = cmlp.MLPClassifier((8,), learning_rate_init=0.01, tol=0.01, random_state=0)
    >>> cmlp.distributed.fit(model, parts, shards=4).score(*parts[0]) > 0.9
    True
    """
    load("distributed")
    require_estimator(model)
    n_shards = positive_integer("shards", shards)
    n_rounds = 1 if n_shards <= _MOST_SHARDS_FOR_EPOCHS else _ROUNDS
    if rounds is not None:
        n_rounds = positive_integer("rounds", rounds, " or None")
    if checkpoint is not None and not isinstance(checkpoint, (str, os.PathLike)):
        raise TypeError(f"checkpoint must be a path or None, got {checkpoint!r}.")
    with Exclusively(model), cluster_of(client) as cluster:
        parameters = model._parameters()
        check_batches(parameters, X_val is not None, "distributed.fit")
        kept = {"shards": n_shards, "rounds": n_rounds}
        resuming = checkpoint is not None and os.path.exists(checkpoint)
        previous = vars(model).get("_model") if parameters.warm_start else None
        if resuming:
            previous = _stored(model, parameters.training, checkpoint, kept)
        if checkpoint is not None:
            saver = _Saver(checkpoint)
            callbacks = [*(parameters.training.callbacks or []), saver]
            parameters = parameters._replace(training=parameters.training._replace(callbacks=callbacks))
        parts = cluster.compute(parts_of(X, y, sample_weight))
        rows = _Rows(cluster, parts, type(model).__name__, model._estimator_type == "classifier", kept)
        del parts
        first_X, first_y, first_weight = rows.first
        call = partial(
            train,
            model,
            parameters,
            previous,
            first_X,
            first_y,
            first_weight,
            (X_val, y_val, None),
            incremental=False,
            resume=resuming,
            classes=rows.classes,
            stream=rows,
        )
        call_with_callbacks(call, model, first_X, first_y, first_weight)
    return model


class _Rows:
    """Rows on a cluster, in the place of a `Stream`.

    Attributes
    ----------
    first : tuple
        The first row of X and y, and its weight or None.
    classes : ndarray or None
        The classes of all rows; None for a regressor.
    kept : dict of str to int
        The numbers of shards and rounds.
    """

    training: type[Training] = RoundTraining

    def __init__(self, cluster: Cluster, parts: list[Any], owner: str, labels: bool, kept: Mapping[str, int]) -> None:
        summaries = list(
            cluster.results([cluster.submit(summary, part, i, owner, labels) for i, part in enumerate(parts)])
        )
        sizes = [one.n_rows for one in summaries]
        n_rows, n_shards, n_rounds = sum(sizes), kept["shards"], kept["rounds"]
        if not n_rows:
            raise ValueError("X must have at least one row, got none.")
        if n_rows < n_shards:
            raise ValueError(f"shards must be at most the number of rows ({n_rows}), got {n_shards}.")
        most = max(_ROUNDS, n_rows // n_shards)
        if n_rounds > most:
            raise ValueError(f"rounds must be at most {most} for {n_rows} rows in {n_shards} shards, got {n_rounds}.")
        self.first: tuple[Any, Any, Any] = next(one.first for one in summaries if one.first is not None)
        self.classes = all_classes(summaries)
        self.kept, self._owner = kept, owner
        self._shards = DaskShards(cluster, parts, sizes, n_shards)

    def feed(
        self, rows: NDArray[Any] | CSR, data: Data, parameters: Parameters, problem: Problem, state: TrainingState
    ) -> RoundFeed:
        """Return the feed of a training; `rows` has the first row."""
        dtype, weighted = state.params.dtype, self.first[2] is not None
        self._shards.convert(Format.of(rows, data, parameters, problem, dtype, self._owner, "part", weighted=weighted))
        return RoundFeed(self._shards, self.kept["rounds"], bool(parameters.training.shuffle))

    def learn(self, feed: RoundFeed, data: Data, problem: Problem, state: TrainingState, settings: Settings) -> Data:
        """Return the data with the scale of the inputs, which may have to be learnt."""
        if not scale_to_learn(data, problem, state):
            return data
        return with_learnt_scales(*self._shards.moments(), data, problem, state, isinstance(data.X, CSR))


class _Saver:
    """A callback that writes the model with its training state to a file, before the first and after each round."""

    every_batches = 1  # a round counts as a batch

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path

    def _save(self, trainer: Any) -> None:
        """Write the file. Before training, what cannot be stored raises its error."""
        trainer.save(self._path)

    on_fit_begin = on_batches_end = on_epoch_end = _save


def _stored(model: Any, settings: Settings, path: Any, numbers: dict[str, int]) -> Model:
    """Return the model in a checkpoint; raises ValueError if training cannot continue from it."""
    loaded: Any = load_model(path)
    if type(loaded) is not type(model):
        raise ValueError(f"checkpoint must be a file of {type(model).__name__}, but has {type(loaded).__name__}.")
    twin = copy(model)
    twin._model = loaded._model
    stored = model_to_resume(twin, settings, in_rounds=True)
    kept = stored.state.parameters or {}
    for name, now in numbers.items():
        if kept.get(name) != now:
            raise ValueError(f"The checkpoint has {name}={kept.get(name)}, so {name}={now} is not possible.")
    return stored
