"""What the file of an estimator has beside the model and the parameters: training state, recipe and provenance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmlp._data.json_texts import Metadata, as_json
from cmlp._fit.recipe import checked_recipe
from cmlp._model.model import NetworkModel, TrainedModel
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from cmlp._data.array_types import AnyArray
    from cmlp._fit.fitted import Fitted
    from cmlp._train.state import TrainingState


def dump_training(
    result: Fitted[TrainedModel], *, include_training_state: bool, include_provenance: bool | None
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
        strings["recipe"] = result.recipe
    if provenance is not None and include_provenance is not False:
        strings["provenance"] = as_json(provenance)
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
    recipe = checked_recipe(metadata.string("recipe"))
    text, provenance = metadata.string("provenance"), None
    if text is not None:
        from cmlp._fit.provenance import loaded_record  # few models have one

        provenance = loaded_record(text, model)
    if not isinstance(model, NetworkModel):
        return parameters, None, provenance, recipe
    # Programs load networks and tables without it.
    from cmlp._train.state_file import load_state, training_parameters

    if metadata.members("parameters") is None:  # written by a C program
        parameters = parameters | training_parameters(metadata)
    state = load_state(model.net, model.params, parameters, metadata)
    return parameters, state, provenance, recipe
