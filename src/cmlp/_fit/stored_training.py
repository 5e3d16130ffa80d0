"""What the file of an estimator has beside the model and the parameters: training state and provenance."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from cmlp._data.json_texts import as_json, parsed, refuse
from cmlp._fit.recipe import require_recipe
from cmlp._model.model import NetworkModel
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from cmlp._data.array_types import AnyArray
    from cmlp._data.json_texts import Metadata
    from cmlp._fit.result import Result
    from cmlp._model.model import TrainedModel
    from cmlp._train.state import TrainingState

_PROVENANCE = "provenance"
_RECIPE = "recipe"
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


def dump_training(
    result: Result[TrainedModel], *, include_training_state: bool, include_provenance: bool | None
) -> tuple[dict[str, str], dict[str, AnyArray]]:
    """Return the strings and arrays to store. Without the training state, only counters are kept of it."""
    class_name, provenance = result.model.class_name, result.provenance
    state = result.state if isinstance(result.model, NetworkModel) else None
    if include_training_state and state is None:
        raise InvalidParameterError(
            f"include_training_state must be False for {class_name}: a model file has no training "
            "state of a table. Use pickle instead.",
            parameter="include_training_state",
            value=True,
        )
    if include_provenance and provenance is None:
        raise InvalidParameterError(
            f"include_provenance must be None or False for this {class_name}, because its fit has "
            "recorded none: set provenance=True before fit.",
            parameter="include_provenance",
            value=include_provenance,
        )
    strings = {}
    if result.recipe is not None:
        strings[_RECIPE] = result.recipe
    if provenance is not None and include_provenance is not False:
        strings[_PROVENANCE] = as_json(provenance)
    if state is None:
        return strings, {}
    from cmlp._train.state_file import dump_state

    more, arrays = dump_state(state, include_training_state=include_training_state)
    return strings | more, arrays


def load_training(
    model: TrainedModel, parameters: dict[str, Any], metadata: Metadata
) -> tuple[dict[str, Any], TrainingState | None, dict[str, Any] | None, str | None]:
    """Return the parameters, also those that only the training state of a C program has, state, provenance and recipe.

    A network has none of the last three, and a table has no state.
    """
    if model.kind == "network":
        return parameters, None, None, None
    recipe = metadata.string(_RECIPE)
    if recipe is not None:
        require_recipe(recipe)
    text, provenance = metadata.string(_PROVENANCE), None
    if text is not None:
        provenance = _load_provenance(text, model)
    if not isinstance(model, NetworkModel):
        return parameters, None, provenance, recipe
    # Programs load networks and tables without it.
    from cmlp._train.state_file import load_state, training_parameters

    if metadata.members("parameters") is None:  # written by a C program
        parameters = parameters | training_parameters(metadata)
    state = load_state(model.net, model.params, parameters, metadata)
    return parameters, state, provenance, recipe


def _load_provenance(text: str, model: TrainedModel) -> dict[str, Any]:
    """Return the record of a file of a model; ModelFormatError if it is none."""
    record: dict[str, Any] = parsed(text, _PROVENANCE, _MOST_CHARACTERS)
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
