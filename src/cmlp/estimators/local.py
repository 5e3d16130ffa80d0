"""Data of which every process has a part: what the processes tell each other before they train together."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp.inputs.frames import as_table, feature_names
from cmlp.inputs.labels import distinct, kind_of_labels
from cmlp.inputs.sparse import CSR
from cmlp.inputs.stored import StoredRows
from cmlp.inputs.validation import as_numbers, as_rows, as_targets, require_samples
from cmlp.inputs.weights import as_weights
from cmlp.training.shards import sizes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from cmlp.estimators.base import MultilayerPerceptron
    from cmlp.workers import Workers


_KINDS = {"O": "text", "U": "text", "M": "dates", "m": "durations"}  # of labels, by the kind of dtype; else numbers


class Part(NamedTuple):
    """The data of one process, checked and converted."""

    rows: NDArray[Any]
    natural: np.dtype[Any]
    names: NDArray[Any] | None
    targets: NDArray[Any]  # numbers, dates or texts
    weight: NDArray[np.float64] | None
    sizes: tuple[int, ...]


class Whole(NamedTuple):
    """The data of all processes: arguments of fit. Only the rows of this process are in its memory."""

    X: Any  # an ndarray or StoredRows
    y: NDArray[Any]
    sample_weight: NDArray[np.float64] | None
    shards: tuple[int, ...]


def joined(
    estimator: MultilayerPerceptron,
    X: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None,
    shards: Sequence[int] | None,
    workers: Workers,
) -> Whole:
    """Return the data of all workers, of which each passes its own shards; the targets and weights are exchanged.

    Raises
    ------
    ValueError
        On every worker, if the data do not fit together.
    """
    part = workers.together(partial(_part, estimator, X, y, sample_weight, shards))
    workers.compare(
        {
            "number of features": str(part.rows.shape[1]),
            "dtype of X": f"{part.rows.dtype} ({part.natural})",
            "feature names": "None" if part.names is None else str(part.names.tolist()),
            "kind of labels in y": _KINDS.get(part.targets.dtype.kind, "numbers"),
            "number of outputs in y": str(part.targets.shape[1:]),
            "kind of sample_weight": "None" if part.weight is None else "one per row",
            "number of shards": str(len(part.sizes)),
        }
    )
    targets = _gather_targets(part.targets, workers)
    weights = None if part.weight is None else np.concatenate(workers.gather_array(part.weight))
    sizes = np.concatenate(workers.gather_array(np.array(part.sizes, np.int64)))
    first, n_rows = sum(map(len, targets[: workers.rank])), sum(map(len, targets))
    rows: Any = part.rows
    if workers.size > 1:
        rows = StoredRows(rows, first, n_rows, part.natural, part.names)
    return Whole(rows, np.concatenate(targets), weights, tuple(sizes.tolist()))


def _part(
    estimator: MultilayerPerceptron,
    X: ArrayLike,
    y: ArrayLike,
    sample_weight: ArrayLike | None,
    shards: Sequence[int] | None,
) -> Part:
    owner = type(estimator).__name__
    X = as_table(X)
    names = feature_names(X)
    rows, natural = as_rows(X, owner)
    require_samples(rows, owner)
    if isinstance(rows, CSR):
        raise ValueError("local=True needs dense rows, got a sparse X.")
    labels = estimator._estimator_type == "classifier"
    targets = as_targets(y, len(rows), owner, labels=labels)
    if labels:
        kind_of_labels(targets)
    else:
        targets = as_numbers(targets)
    weight = as_weights(sample_weight, len(rows), some=False)
    return Part(rows, natural, names, targets, weight, sizes_of((len(rows),) if shards is None else shards, len(rows)))


def _gather_targets(targets: NDArray[Any], workers: Workers) -> list[NDArray[Any]]:
    """Return the targets of all workers, by rank; of texts, the workers exchange the distinct ones and their indices.

    An array of a fixed width would have the width of the longest text in every row, and drop NUL characters at its end.
    """
    if targets.dtype.kind not in "OU":
        return workers.gather_array(targets)
    import json  # few programs need it

    texts, indices = distinct(targets)
    sent = workers.gather(json.dumps([targets.dtype.kind, texts.tolist()], ensure_ascii=False))
    whole = (np.array(texts, kind) for kind, texts in map(json.loads, sent))
    return [texts[index] for texts, index in zip(whole, workers.gather_array(indices), strict=True)]
