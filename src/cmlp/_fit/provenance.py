"""Provenance: what fit records with ``provenance=True``, because `cmlp.verify` needs it and a model file lacks it."""

from __future__ import annotations

import re
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
    parsed,
    plain_json,
    refuse,
)
from cmlp._data.labels import Labels
from cmlp._fit.recipe import ARITHMETIC, RECIPE
from cmlp._parameters.entries import PARAMETERS
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from cmlp._fit.call import EstimatorToFit
    from cmlp._fit.fit import PreparedFit
    from cmlp._fit.fitted import Provenance, Recorder
    from cmlp._fit.prepare_network import NetworkFit
    from cmlp._model.model import TrainedModel
    from cmlp._train.training import Training

_MOST_LATER = 3  # networks for later rows
_MOST_CHARACTERS = 1 << 24  # of a record: `input_scale` can have two numbers for each column
_KINDS: dict[str, tuple[type, ...]] = {
    "arithmetic": (int,),
    "call": (str,),
    "cmlp": (str,),
    "data": (dict,),
    "dtype": (str,),
    "ends": (list,),
    "n_rows": (int,),
    "parameters": (dict,),
    "recipe": (int,),
    "seed": (int,),
    "shards": (list, type(None)),
}
# The fields of a record that differ between fits with the same parameters.
FIT_RECORD_FIELDS = (
    "data",
    "ends",
    "n_rows",
    "seed",
)
_HASH = re.compile("[0-9a-f]{64}")
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


def network_recorder(fit: NetworkFit) -> Recorder:
    """Return the recorder of a prepared fit of one network, whose rows the source hashes."""
    from cmlp._fit.sources import hash_arrays  # programs that only load a record do without it

    training = fit.training
    hashes = hash_arrays(training, "validation") | hashes_of_texts(
        fit.call.class_name, fit.labels, training.data.names
    )
    row_hashes = fit.source.begin_hashes(training)

    def hashes_now() -> dict[str, str] | None:
        rows = row_hashes()
        return None if rows is None else {**rows, **hashes}

    return make_recorder(fit, hashes_now, fit.source.fit_method)


def make_recorder(
    fit: PreparedFit, hashes: Callable[[], dict[str, str] | None], method: str = "fit"
) -> Recorder:
    """Return the recorder of a prepared fit, made by a method with this name.

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

    def recorder(trainings: Sequence[Training]) -> Provenance | None:
        data = hashes()
        if data is None:
            return None
        ends = [[each.state.epoch, each.state.batch or 0] for each in trainings]
        return {**head, "n_rows": first.state.n_rows, "ends": ends, "data": dict(data)}

    return recorder


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


# ------------------------------------------------------------------------------------------------ a record in a file


def loaded_record(text: str, model: TrainedModel) -> dict[str, Any]:
    """Return the record of a file of a model; ModelFormatError if it is none."""
    record: dict[str, Any] = parsed(text, "provenance", _MOST_CHARACTERS)
    _check_fit(record, tuple(_KINDS), len(model.networks))
    if "measured" in record:
        _check_fit(record["measured"], FIT_RECORD_FIELDS, len(model.networks))
    if "file" in record:
        _check_file(record["file"], model.n_inputs)
    return record


def _check_fit(record: Any, names: tuple[str, ...], n_networks: int) -> None:
    """Raise ModelFormatError if the record of a fit is damaged, or lacks one of the names."""
    if type(record) is not dict or not all(
        type(record.get(name, ())) in _KINDS[name] for name in names
    ):
        raise refuse("'provenance' is not the record of a fit")
    # After them come those of the networks for later rows, if none was interrupted.
    n_later = len(record["ends"]) - n_networks
    may_have_later = "time" in record["data"] and 0 <= n_later <= _MOST_LATER
    if (n_later and not may_have_later) or not all(map(_is_end, record["ends"])):
        raise refuse("'provenance' has no epoch and batch at which each network ended")
    hashes = record["data"].values()
    if not all(type(text) is str and _HASH.fullmatch(text) for text in hashes):
        raise refuse("'provenance' has hashes of the data that are not SHA-256")


def _check_file(fields: object, n_columns: int) -> None:
    """Raise ModelFormatError if the record of the file of rows is damaged."""
    # Few programs load a model of the command with its record.
    from cmlp._data.files.row_file import (
        FileRecord,
    )

    try:
        types = FileRecord.checked(fields).types
        if types is not None and len(types) != n_columns:
            raise ValueError("it has not a type for each column")
    except ValueError as error:
        raise refuse(f"'provenance' has no valid record of the file: {error}") from None


def _is_end(end: Any) -> bool:
    return (
        type(end) is list
        and len(end) == 2
        and all(type(count) is int and count >= 0 for count in end)
    )
