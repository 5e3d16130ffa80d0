"""The Dask cluster: tasks without a state of their own, which any worker can run, and run again."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from cmlp import __version__
from cmlp._estimators.multilayer_perceptron import MultilayerPerceptron
from cmlp._process.threads import available_threads
from cmlp.exceptions import optional

_RETRIES = 3  # of a task that fails for a reason other than its arguments
_GATHERED = 8  # results that are requested together: they are in memory at the same time


def import_of_dask(name: str) -> ModuleType:
    """Import a module of Dask; the ImportError says how to install it."""
    return optional(
        name, f"cmlp.distributed needs {name.partition('.')[0]}: pip install cmlp[dask]"
    )


@contextmanager
def cluster_of(client: Any) -> Iterator[Cluster]:
    """Yield the cluster of a client; for None that of the current client, or a new one in this process."""
    distributed = import_of_dask("distributed")
    if client is None:
        try:
            client = distributed.default_client()
        except ValueError:
            threads = available_threads()
            options = {
                "n_workers": 1,
                "threads_per_worker": threads,
                "dashboard_address": "127.0.0.1:0",
            }
            with distributed.Client(processes=False, **options) as own:
                yield Cluster(own)
            return
    if not isinstance(client, distributed.Client):
        raise TypeError(
            f"client must be a distributed.Client or None, got {type(client).__name__}."
        )
    if client.asynchronous:
        raise ValueError("client must not be asynchronous: use Client(asynchronous=False).")
    yield Cluster(client)


class Cluster:
    """Runs functions on the workers of a client.

    A task gets all that it needs as arguments and returns its result. It is bound to no worker, so Dask runs it again
    elsewhere if its worker ends. An error that follows from the arguments is returned, not raised: it would come again
    at each retry.
    """

    def __init__(self, client: Any) -> None:
        self.client = client

    def compute(self, delayed: list[Any]) -> list[Any]:
        """Return the futures of delayed values."""
        futures: list[Any] = self.client.compute(delayed, retries=_RETRIES)
        return futures

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Return the future of a result."""
        name = f"cmlp-{function.__name__}-{uuid.uuid4().hex}"
        return self.client.submit(
            _run, __version__, function, arguments, key=name, pure=False, retries=_RETRIES
        )

    def results(self, futures: Sequence[Any]) -> Iterator[Any]:
        """Yield the results in the order of the futures; raises the first error, and cancels what is not done."""
        try:
            for start in range(0, len(futures), _GATHERED):
                gathered = self.client.gather(futures[start : start + _GATHERED])
                for result in gathered:
                    if isinstance(result, Exception):
                        raise result
                    yield result
        finally:
            for future in futures:
                if not future.done():
                    future.cancel()


def _run(version: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """Call a function; a worker runs this."""
    if version != __version__:
        return ValueError(
            f"cmlp must have the same version everywhere, got {__version__} on a worker, and "
            f"{version}."
        )
    try:
        return function(*arguments)
    except (TypeError, ValueError) as error:
        return error


# ------------------------------------------------------------- the blocks of rows: delayed tuples (X, y, sample_weight)

_KINDS = "a Dask array, a Dask data frame or a list of blocks"


def require_estimator(model: Any) -> None:
    """Raise TypeError unless a model is an estimator of this package for rows of numbers."""
    if not isinstance(model, MultilayerPerceptron):
        raise TypeError(
            f"model must be an MLPClassifier or MLPRegressor, got {type(model).__name__}."
        )


def blocks_of(X: Any, y: Any, sample_weight: Any) -> list[object]:
    """Return a delayed tuple (X, y, sample_weight) for each block; raises if the arguments have no common blocks."""
    delayed = import_of_dask("dask").delayed
    if y is None and isinstance(X, (list, tuple)):
        if sample_weight is not None:
            raise ValueError(
                "sample_weight must be part of the tuples (X, y, sample_weight) if y is None."
            )
        return [delayed(block, pure=False) for block in X]
    if y is None:
        raise ValueError("y must be passed if X is not a list of tuples (X, y), got None.")
    columns = [_blocks(X, "X", None)]
    for value, name in ((y, "y"), (sample_weight, "sample_weight")):
        columns.append([None] * len(columns[0]) if value is None else _blocks(value, name, X))
        if len(columns[-1]) != len(columns[0]):
            raise ValueError(
                f"{name} must have as many blocks as X ({len(columns[0])}), got {len(columns[-1])}."
            )
    return [delayed(_tuple, pure=False)(*row) for row in zip(*columns, strict=True)]


def _blocks(value: Any, name: str, X: Any) -> Sequence[object]:
    """Return the blocks of an argument; those of an array are cut like those of X if both have known sizes."""
    if isinstance(value, (list, tuple)):
        return value
    if is_array(value):
        rows = X.chunks[0] if is_array(X) else value.chunks[0]
        known = not any(map(math.isnan, (*rows, *value.chunks[0])))
        if known and sum(rows) != len(value):
            raise ValueError(f"{name} must have as many rows as X ({sum(rows)}), got {len(value)}.")
        whole = dict.fromkeys(range(1, value.ndim), -1)
        value = value.rechunk({**whole, 0: rows} if known else whole)
        return list(value.to_delayed().ravel())
    if is_frame(value):
        return list(value.to_delayed())
    raise TypeError(f"{name} must be {_KINDS}, got {type(value).__name__}.")


def is_array(value: Any) -> bool:
    """Return whether a value is an array of Dask."""
    return isinstance(value, import_of_dask("dask.array").Array)


def is_frame(value: Any) -> bool:
    """Return whether a value is a data frame or a series of Dask, without importing pandas."""
    return all(hasattr(value, name) for name in ("npartitions", "to_delayed", "map_partitions"))


def _tuple(X: Any, y: Any, sample_weight: Any) -> tuple[object, object, object]:
    return X, y, sample_weight
