"""Training on a Dask cluster: this process fetches one block of rows after the other, and trains as `fit_batches`."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from cmlp._data.array_types import AnyArray, GivenRows
from cmlp._data.checks import as_targets
from cmlp._data.labels import kind_of_labels, labels_of, mixes_text
from cmlp._fit.fit_batches import fit_batches
from cmlp._fit.fitted import fitted_of
from cmlp._fit.sources import naming_row, unpacked
from cmlp.distributed._cluster import Cluster, blocks_of, cluster_of, import_of_dask

_FETCHED_AHEAD = 2  # blocks, besides the one that the reader of `fit_batches` has ready


def fit_on_cluster(
    model: Any,
    rows: GivenRows,
    validation: GivenRows,
    client: Any,
    *,
    resume: bool,
) -> None:
    """Train an estimator on the blocks of a cluster; see `cmlp.distributed.fit`."""
    import_of_dask("distributed")
    with cluster_of(client) as cluster:
        blocks = cluster.compute(blocks_of(*rows))
        continues = (resume or model.warm_start) and fitted_of(model) is not None
        has_labels = model._estimator_type == "classifier" and not continues
        summaries = summarize(cluster, blocks, type(model).__name__, has_labels)
        n_rows = sum(one.n_rows for one in summaries)
        if not n_rows:
            raise ValueError("X must have at least one row, got none.")
        classes = all_classes(summaries) if has_labels else None
        fit_batches(model, Blocks(cluster, blocks), classes, n_rows, validation, resume=resume)


class Blocks:
    """The blocks of a cluster in their order; each pass fetches them again, some while earlier ones are trained on.

    The workers keep them between the passes. If a worker ends, Dask computes its blocks again.
    """

    def __init__(self, cluster: Cluster, futures: Sequence[Any]) -> None:
        self._cluster, self._futures = cluster, futures

    def __iter__(self) -> Iterator[Any]:
        fetched: deque[Any] = deque()
        pool = ThreadPoolExecutor(_FETCHED_AHEAD, thread_name_prefix="cmlp-fetch")
        try:
            for future in self._futures:
                fetched.append(pool.submit(self._cluster.client.gather, future))
                if len(fetched) > _FETCHED_AHEAD:
                    yield fetched.popleft().result()
            while fetched:
                yield fetched.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


class BlockSummary(NamedTuple):
    """What training needs to know of a block before it begins."""

    n_rows: int
    # Labels, or columns of multilabel targets; None for a regressor or no rows.
    classes: AnyArray | None


def summarize(
    cluster: Cluster, blocks: Sequence[Any], owner: str, has_labels: bool
) -> list[BlockSummary]:
    """Return the summaries of all blocks, which the workers make."""
    futures = [
        cluster.submit(summary_of_block, block, index, owner, has_labels)
        for index, block in enumerate(blocks)
    ]
    return list(cluster.results(futures))


def summary_of_block(block: Any, index: int, owner: str, has_labels: bool) -> BlockSummary:
    """Return the summary of a block; raises ValueError or TypeError that names it if its targets are invalid."""
    X, y, _ = unpacked(block, index)
    with naming_row(index, y):
        n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
        if not has_labels or not n_rows:
            return BlockSummary(n_rows, None)
        labels = as_targets(y, n_rows, owner, labels=True, warn_of_column=False)
        if kind_of_labels(labels) == "multilabel":
            return BlockSummary(n_rows, np.arange(labels.shape[1]))
        return BlockSummary(n_rows, labels_of(labels).classes)


def all_classes(summaries: Sequence[BlockSummary]) -> AnyArray:
    """Return the sorted classes of all blocks, of which at least one has rows."""
    found = [(index, one.classes) for index, one in enumerate(summaries) if one.classes is not None]
    (begin, first), *others = found
    for index, classes in others:
        if mixes_text(classes, first):
            kinds = [
                "text" if labels.dtype.kind in "OUT" else "numbers" for labels in (classes, first)
            ]
            raise ValueError(
                f"In block {index}: y has {kinds[0]}, but {kinds[1]} in block {begin}."
            )
    return labels_of(np.concatenate([classes for _, classes in found])).classes
