"""What a fit of a table with ``provenance=True`` records."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from cmlp._data.checksums import RowHash, hash_of_text
from cmlp._data.json_texts import dump_categories, dump_column_names, dump_labels
from cmlp._estimators.provenance import Recorded, recorded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cmlp._data.labels import Labels
    from cmlp._estimators.tables.bag import Bag
    from cmlp._train.loop import EpochLoop


def record(
    estimator: Any,
    runs: Sequence[EpochLoop],
    bag: Bag,
    names: Sequence[object] | None,
    labels: Labels | None,
    seed: int,
) -> Recorded:
    """Let the networks of a bag record their provenance, or compare it with that of an earlier fit."""
    kept, owner = runs[0].state.provenance, type(estimator).__name__
    texts = {"categories": dump_categories(bag.encoder.categories, owner)}
    if names is not None:
        texts["names"] = dump_column_names(list(names), owner)
    if labels is not None:
        texts["classes"] = dump_labels(labels)
    data = {**_hashes(bag), **{name: hash_of_text(text) for name, text in texts.items()}}
    more = {"call": "fit", "dtype": "float32", "shards": None, "seed": seed if kept is None else kept["seed"]}
    found = recorded(estimator, [training.state for training in runs], partial(dict, data), **more)
    for training, chain in zip(runs, found.chains, strict=True):
        training.observers.append(chain)
    return found


def _hashes(bag: Bag) -> dict[str, str]:
    """Return the hashes of the rows that count: raw columns, targets as the networks see them, and weights."""
    arrays = {"X": bag.rows.raw, "y": bag.task.targets, "sample_weight": bag.rows.weight}
    found = {}
    for suffix, part in (("", slice(0, bag.n_rows)), ("_val", slice(bag.n_rows, None))):
        for name, array in arrays.items():
            if array is not None and len(array[part]):
                hashed = RowHash(name + suffix)
                hashed.add(array[part])
                found[name + suffix] = hashed.hexdigest()
    return found
