"""What a pickle has of a fit: the values that a file has, as dicts, lists, tuples, arrays, numbers and text.

It also has what a file cannot: parameters, labels, names and categories of any type, the loss of a program, weights
that are not finite, and the states of a table's networks.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import check_params, loaded_block, native
from cmlp._data.records import Record, Value
from cmlp._data.scale import SCALES
from cmlp._fit.fitted import Fitted
from cmlp._fit.recipe import checked_recipe
from cmlp._model.description import Draft, records_of
from cmlp._model.model import TableModel, TrainedModel, TrainedNet
from cmlp._train.state_fields import naming_damage
from cmlp._train.state_file import pickled_state, unpickled_state


def pickled(result: Fitted[TrainedModel]) -> dict[str, Any]:
    """Return what to pickle of a fit."""
    model = result.model
    return {
        "is_table": isinstance(model, TableModel),
        "networks": [(net.get_state(), params) for net, params in model.networks],
        "model": {
            name: record.values_of(getattr(model, name), model)
            for name, record in records_of(model).items()
        },
        "states": [
            pickled_state(state, network.params)
            for state, network in zip(result.states, model.networks, strict=bool(result.states))
        ],
        "provenance": result.provenance,
        "scale_name": result.scale_name,
        "folds": result.folds,
        "recipe": result.recipe,
    }


def unpickled(fields: Mapping[str, Any]) -> Fitted[TrainedModel]:
    """Return the fit that `pickled` has described; ValueError if it is damaged. A value that a model lacks is None."""
    with naming_damage("pickled estimator"):
        model = _model(fields)
        networks = model.networks
        states, name = fields["states"], fields["scale_name"]
        provenance, folds, recipe = fields["provenance"], fields["folds"], fields["recipe"]
        checked_recipe(recipe)
        if len(states) not in ((0, len(networks)) if fields["is_table"] else (1,)):
            raise ValueError("it has not a state for each network")
        if name is not None and name not in SCALES:
            raise ValueError(f"the name of its input_scale is {name!r}")
        if provenance is not None and type(provenance) is not dict:
            raise ValueError(f"its provenance is {provenance!r}")
        if folds is not None and not (isinstance(folds, np.ndarray) and folds.dtype == np.uint8):
            raise ValueError("its folds are no array of uint8")
    return Fitted(
        model,
        tuple(unpickled_state(state, *networks[k]) for k, state in enumerate(states)),
        provenance,
        name,
        folds=folds,
        recipe=recipe,
    )


def _model(fields: Mapping[str, Any]) -> TrainedModel:
    """Return the model of a pickle."""

    def read(field: str, record: Record) -> Any:
        found = fields["model"].get(field)
        if found is None:
            return record.absent(draft)
        values = {
            name: _value(value, f"{name} of {field}", found.get(name))
            for name, value in record.values.items()
        }
        return record.made(values, draft)

    networks = [_network(*network) for network in fields["networks"]]
    draft = Draft(networks, is_table=fields["is_table"])
    return draft.model(read)


def _network(described: Mapping[str, Any], params: object) -> TrainedNet:
    net, block = _core.restored_net(described), native(params, (np.float32, np.float64), "params")
    check_params(block, net)
    return TrainedNet(net, loaded_block(block))


def _value(described: Value, name: str, found: Any) -> Any:
    """Return a value; an array has the right type and byte order."""
    dtype = described.dtype
    if found is None or dtype is None:
        return found
    if not isinstance(found, np.ndarray) or found.dtype.newbyteorder("=") != dtype:
        raise ValueError(f"{name} must be an array of {np.dtype(dtype)}")
    return found.astype(dtype, copy=False)
