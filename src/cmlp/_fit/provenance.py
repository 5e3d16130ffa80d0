"""Provenance: what fit records with ``provenance=True``, because `cmlp.verify` needs it and a model file lacks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._bridge import _core
from cmlp._data.checksums import RowHash, hash_of_text
from cmlp._data.columns import texts_of_names
from cmlp._data.json_texts import (
    dump_categories,
    dump_column_names,
    dump_labels,
    dump_names,
    plain_json,
)
from cmlp._data.labels import Labels
from cmlp._fit.recipe import ARITHMETIC, RECIPE
from cmlp._fit.sources import hash_arrays
from cmlp._parameters.entries import PARAMETERS
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from cmlp._fit.fit import EstimatorToFit, Fit
    from cmlp._fit.result import Provenance, ProvenanceNow
    from cmlp._fit.sources import RowSource
    from cmlp._train.state import TrainingState
    from cmlp._train.training import Training

# Recorded in another way, or not needed.
_OTHERS = (
    "random_state",
    "dtype",
    "warm_start",
    "provenance",
)


def recorded_parameters(estimator: EstimatorToFit) -> dict[str, Any]:
    """Return the parameters that determine the result of a fit, as JSON has them."""
    owner = estimator._parameter_owner
    free = {*PARAMETERS.names(owner, "own_per_worker"), *_OTHERS}
    values = {name: value for name, value in estimator._parameters().items() if name not in free}
    if isinstance(values.get("input_scale"), tuple):
        values["input_scale"] = tuple(
            tuple(map(float, np.ravel(vector))) for vector in values["input_scale"]
        )
    if isinstance(values.get("categorical_features"), np.ndarray):
        values["categorical_features"] = values["categorical_features"].tolist()
    return {name: plain_json(value, name, owner) for name, value in sorted(values.items())}


def begin_network_record(
    fit: Fit, source: RowSource, training: Training, labels: Labels | None
) -> ProvenanceNow:
    """Begin the record of a fit of one network, whose rows the source hashes."""
    hashes = {
        **hash_arrays(training, "validation"),
        **_hashed(texts_of(fit.class_name, labels, training.data.names)),
    }
    row_hashes = source.begin_hashes(training)

    def hashes_now() -> dict[str, str] | None:
        rows = row_hashes()
        return None if rows is None else {**rows, **hashes}

    shards = training.data.shards and list(training.data.shards)
    more = {
        "call": source.fit_method,
        "dtype": training.net.dtype.name,
        "shards": shards,
        "seed": fit.options.random_state,
    }
    return _begin(fit, lambda: [training.state], hashes_now, more)


def begin_table_record(
    fit: Fit,
    trainings: Callable[[], Sequence[Training]],
    arrays: Mapping[str, NDArray[Any]],
    texts: Mapping[str, str],
) -> ProvenanceNow:
    """Begin the record of a fit of a table, from raw columns, targets as networks see them, weights, and `texts_of`.

    `trainings` returns those that there are so far.
    """
    hashes = _hashed(texts)
    for name, array in arrays.items():
        row_hash = RowHash(name)
        row_hash.add(array)
        hashes[name] = row_hash.hexdigest()
    more = {"call": "fit", "dtype": "float32", "shards": None, "seed": fit.options.random_state}
    return _begin(fit, lambda: [each.state for each in trainings()], lambda: hashes, more)


def _begin(
    fit: Fit,
    states: Callable[[], Sequence[TrainingState]],
    data: Callable[[], dict[str, str] | None],
    more: Mapping[str, Any],
) -> ProvenanceNow:
    parameters = recorded_parameters(fit.estimator)
    numbers = {"arithmetic": ARITHMETIC, "recipe": RECIPE}
    head = {"cmlp": _core.__version__, **numbers, "parameters": parameters, **more}
    earlier = fit.earlier_provenance
    if earlier is not None:
        head["seed"], was, now = earlier["seed"], earlier["parameters"], head["parameters"]
        if any(was.get(name) != now[name] for name in now if name != "max_iter"):
            raise InvalidParameterError(
                "provenance=True continues a fit with the same parameters: only max_iter may be "
                "another.",
                parameter="provenance",
                value=True,
            )

    def provenance_now() -> Provenance | None:
        hashes = data()
        if hashes is None:
            return None
        ends = [[state.epoch, state.batch or 0] for state in states()]
        return {**head, "n_rows": states()[0].n_rows, "ends": ends, "data": dict(hashes)}

    return provenance_now


def texts_of(
    class_name: str,
    labels: Labels | None,
    names: Iterable[object] | None,
    categories: Sequence[Sequence[object] | None] | None = None,
) -> dict[str, str]:
    """Return the classes, names of columns, and categories that there are, as JSON.

    Text labels are those of an array of objects: files of rows of another format give the same text in another dtype.
    """
    texts = {}
    if labels is not None:
        is_text = labels.classes.dtype.kind == "U"
        texts["classes"] = dump_labels(Labels(labels.classes.astype(object)) if is_text else labels)
    if categories is not None:
        texts["categories"] = dump_categories(categories, class_name)
    if names is not None:
        known = tuple(names)
        plain = texts_of_names(known)
        texts["names"] = (
            dump_column_names(known, class_name) if plain is None else dump_names(plain)
        )
    return texts


def _hashed(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: hash_of_text(text) for name, text in texts.items()}
