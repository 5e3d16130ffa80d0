"""Provenance: what fit records with ``provenance=True``, because `cmlp.verify` needs it and a model file lacks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._bridge import _core
from cmlp._data.checksums import hash_of_text
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
    from collections.abc import Callable, Iterable, Sequence

    from cmlp._fit.call import EstimatorToFit
    from cmlp._fit.fit import PreparedFit
    from cmlp._fit.prepare_network import NetworkFit
    from cmlp._fit.result import Provenance, Record
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


def network_record(fit: NetworkFit) -> Record:
    """Begin the record of a prepared fit of one network, whose rows the source hashes."""
    training = fit.training
    hashes = hash_arrays(training, "validation") | hashes_of_texts(
        fit.call.class_name, fit.labels, training.data.inputs.names
    )
    row_hashes = fit.source.begin_hashes(training)

    def hashes_now() -> dict[str, str] | None:
        rows = row_hashes()
        return None if rows is None else {**rows, **hashes}

    return begin_record(fit, hashes_now, fit.source.fit_method)


def begin_record(
    fit: PreparedFit, hashes: Callable[[], dict[str, str] | None], method: str = "fit"
) -> Record:
    """Begin the record of a prepared fit, made by a method with this name.

    `hashes` returns those of the data, None if they are not complete.
    """
    call, first = fit.call, fit.trainings[0]
    head: Provenance = {
        "cmlp": _core.__version__,
        "arithmetic": ARITHMETIC,
        "recipe": RECIPE,
        "parameters": recorded_parameters(call.estimator),
        "call": method,
        "dtype": first.net.dtype.name,
        "shards": first.data.order.shards and list(first.data.order.shards),
        "seed": call.options.random_state,
    }
    earlier = None if call.resumed is None else call.resumed.provenance
    if earlier is not None:
        head["seed"], was, now = earlier["seed"], earlier["parameters"], head["parameters"]
        if any(was.get(name) != now[name] for name in now if name != "max_iter"):
            raise InvalidParameterError(
                "provenance=True continues a fit with the same parameters: only max_iter may be "
                "another.",
                parameter="provenance",
                value=True,
            )

    def record(trainings: Sequence[Training]) -> Provenance | None:
        data = hashes()
        if data is None:
            return None
        ends = [[each.state.epoch, each.state.batch or 0] for each in trainings]
        return {**head, "n_rows": first.state.n_rows, "ends": ends, "data": dict(data)}

    return record


def hashes_of_texts(
    class_name: str,
    labels: Labels | None,
    names: Iterable[object] | None,
    categories: Sequence[Sequence[object] | None] | None = None,
) -> dict[str, str]:
    """Return the hashes of the classes, names of columns, and categories that there are, as JSON.

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
    return {name: hash_of_text(text) for name, text in texts.items()}
