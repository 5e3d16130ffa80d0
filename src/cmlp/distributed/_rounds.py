"""Training in rounds on a Dask cluster."""

from __future__ import annotations

import os
from copy import copy
from typing import TYPE_CHECKING, Any

from cmlp._data.checks import positive_integer
from cmlp._estimators.fit import Exclusively, train_on
from cmlp._estimators.fit_network import prepare
from cmlp._estimators.loading import load as load_model
from cmlp._estimators.request import FitRequest, fit_to_resume
from cmlp._estimators.sources import BlockFormat, RowSource, scale_to_learn, with_learned_scales
from cmlp._process.signals import immediate_signals
from cmlp._train.split import given_shards, sizes_of
from cmlp.distributed._averaging import Rounds
from cmlp.distributed._cluster import cluster_of, import_of_dask, parts_of
from cmlp.distributed._shards import DaskShards, all_classes, open_part, summary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cmlp._data.checks import Door, Opened
    from cmlp._estimators.fitted import Fitted
    from cmlp._estimators.targets import TargetEncoding
    from cmlp._train.job import Data, TrainingJob
    from cmlp._train.options import TrainingOptions
    from cmlp._train.split import Shards
    from cmlp.distributed._cluster import Cluster

_MOST_SHARDS_FOR_EPOCHS = 4  # with more shards, one round per epoch costs accuracy
_ROUNDS = 8  # per epoch, with more shards


def fit_in_rounds(
    model: Any,
    rows: tuple[Any, Any, Any],
    validation: tuple[Any, Any, Any],
    shards: Shards,
    rounds: int | None,
    client: Any,
    checkpoint: str | os.PathLike[str] | None,
) -> None:
    """Train an estimator in rounds; see `cmlp.distributed.fit`."""
    import_of_dask("distributed")
    given = given_shards(shards)
    n_shards = given if isinstance(given, int) else len(given)
    n_rounds = 1 if n_shards <= _MOST_SHARDS_FOR_EPOCHS else _ROUNDS
    if rounds is not None:
        n_rounds = positive_integer("rounds", rounds, " or None")
    if checkpoint is not None and not isinstance(checkpoint, (str, os.PathLike)):
        raise TypeError(f"checkpoint must be a path or None, got {checkpoint!r}.")
    with Exclusively(model), cluster_of(client) as cluster:
        with immediate_signals():
            request = FitRequest.of(model, validation, call="distributed.fit")
            options = request.options
            division = {"shards": given if isinstance(given, int) else list(given), "rounds": n_rounds}
            if checkpoint is not None:
                if os.path.exists(checkpoint):
                    request = request._replace(previous=_stored(model, options, checkpoint, division), resume=True)
                callbacks = [*(options.callbacks or []), _Saver(checkpoint)]
                request = request._replace(options=options._replace(callbacks=callbacks))
            source = Parts(cluster, parts_of(*rows), request.door()._replace(width=None, partial=True), division)
            request = request._replace(classes=source.classes)
        train_on(request, source, prepare)


class Parts(RowSource):
    """The parts of rows on a cluster, which are joined to shards; `division` has the shards and their rounds."""

    def __init__(self, cluster: Cluster, delayed: list[Any], door: Door, division: Mapping[str, Any]) -> None:
        submit, given = cluster.submit, cluster.compute(delayed)
        parts = [submit(open_part, part, i, door) for i, part in enumerate(given)]
        summaries = list(
            cluster.results(
                [submit(summary, *pair, i, door.labels) for i, pair in enumerate(zip(given, parts, strict=True))]
            )
        )
        sizes_of_parts = [one.n_rows for one in summaries]
        n_rows, n_rounds = sum(sizes_of_parts), division["rounds"]
        if not n_rows:
            raise ValueError("X must have at least one row, got none.")
        sizes = sizes_of(division["shards"], n_rows)
        most = max(_ROUNDS, min(sizes))
        if n_rounds > most:
            raise ValueError(f"rounds must be at most {most} for {n_rows} rows in {len(sizes)} shards, got {n_rounds}.")
        self.given = next(one.first for one in summaries if one.first is not None)
        self.classes = all_classes(summaries)
        self.fixed_for_resume, self._door = division, door
        self._shards = DaskShards(cluster, parts, sizes_of_parts, sizes)

    def open(self, door: Door) -> Opened:
        """Return the first row."""
        self._first = door._replace(partial=True).open(*self.given)
        return self._first

    def learn(self, job: TrainingJob, targets: TargetEncoding) -> tuple[int, Data]:
        """Return the number of rows of all shards, and the data. A scale to learn is that of all rows."""
        self._shards.convert(BlockFormat.of(self._door, "part", self._first, targets, job.state.params.dtype))
        data = with_learned_scales(self._shards.moments(), job) if scale_to_learn(job) else job.data
        return sum(self._shards.sizes), data

    def engine(self, job: TrainingJob) -> Rounds:
        """Return the engine that lets the workers of the cluster train."""
        return Rounds(job, self._shards, self.fixed_for_resume["rounds"])


class _Saver:
    """A callback that writes the model with its training state to a file, before the first and after each round."""

    every_batches = 1  # a round counts as a batch

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path

    def _save(self, trainer: Any) -> None:
        """Write the file. Before training, what cannot be stored raises its error."""
        trainer.save(self._path)

    on_fit_begin = on_batches_end = on_epoch_end = _save


def _stored(model: Any, options: TrainingOptions, path: Any, numbers: dict[str, Any]) -> Fitted:
    """Return the fit in a checkpoint; raises ValueError if training cannot continue from it."""
    loaded: Any = load_model(path)
    if type(loaded) is not type(model):
        raise ValueError(f"checkpoint must be a file of {type(model).__name__}, but has {type(loaded).__name__}.")
    twin = copy(model)
    twin._fitted = loaded._fitted
    stored = fit_to_resume(twin, options, in_rounds=True)
    kept = stored.state.parameters or {}
    for name, now in numbers.items():
        if kept.get(name) != now:
            raise ValueError(f"The checkpoint has {name}={kept.get(name)}, so {name}={now} is not possible.")
    return stored
