"""A model as plain values, for pickles: dicts, tuples, arrays, numbers and text, with networks and labels in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import _core
from cmlp._bridge.blocks import check_params, loaded_block, native
from cmlp._data.labels import Labels
from cmlp._data.scale import InputScale, check_scale_width
from cmlp._data.stored import checked_cells, checked_kinds
from cmlp._model.calibration import checked_calibration, n_answers
from cmlp._model.encoder import ColumnEncoder
from cmlp._model.model import TableTarget, TrainedModel
from cmlp._model.shapley import checked_background
from cmlp._model.summary import checked_summary

if TYPE_CHECKING:
    from collections.abc import Mapping


def to_plain(model: TrainedModel) -> dict[str, Any]:
    """Return the fields of a model, without parameters of a constructor."""
    encoder, calibration, summary = model.encoder, model.calibration, model.summary
    return {
        "kind": model.kind,
        "networks": [tuple(one) for one in model.networks],
        "input_scale": model.input_scale,
        "labels": model.labels,
        "names": model.names,
        "encoder": None if encoder is None else (encoder.kinds, encoder.numbers, encoder.categories, encoder.types),
        "cells": tuple(model.cells),
        "target": None if model.target is None else tuple(model.target),
        "calibration": None if calibration is None else (*calibration[:2], list(calibration.scores)),
        "background": None if model.background is None else tuple(model.background),
        "summary": None
        if summary is None
        else (summary.values, None if summary.accuracy is None else tuple(summary.accuracy)),
    }


def from_plain(fields: Mapping[str, Any]) -> TrainedModel:
    """Return the model with these fields; raises ValueError if they are damaged."""
    try:
        return _checked(fields)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"The pickled estimator is damaged: {error}") from error


def _checked(fields: Mapping[str, Any]) -> TrainedModel:
    """Return a model whose parts match each other."""
    labels, names, scale = fields["labels"], fields["names"], fields["input_scale"]
    networks = []
    for net, params in fields["networks"]:
        if type(net) is not _core.Net:
            raise ValueError(f"a network is {net!r}")
        block = native(params, (np.float32, np.float64), "params")
        check_params(block, net)
        networks.append((net, loaded_block(block)))
    if not networks or fields["kind"] not in ("classifier", "regressor"):
        raise ValueError(f"it has {len(networks)} networks, and is a {fields['kind']!r}")
    net = networks[0][0]
    if type(scale) is not InputScale and not (isinstance(scale, (int, float)) and np.isfinite(scale)):
        raise ValueError(f"its input_scale is {scale!r}")
    check_scale_width(scale, net.n_in)
    if labels is not None and (type(labels) is not Labels or labels.n_outputs != net.n_out):
        raise ValueError(f"its labels do not fit {net.n_out} outputs")
    if (labels is None) != (fields["kind"] == "regressor"):
        raise ValueError("a classifier needs labels, and a regressor has none")
    cells = checked_cells(fields["cells"])
    if fields["encoder"] is None:
        if names is not None and np.shape(names) != (net.n_in,):
            raise ValueError(f"it must have {net.n_in} feature names")
        more = {"input_scale": scale, "labels": labels, "names": names, "cells": cells}
        return TrainedModel(fields["kind"], networks, **more)
    kinds, numbers, categories, types = fields["encoder"]
    if len({len(kinds), len(categories), len(names or kinds)}) > 1:
        raise ValueError("it needs as many names and lists of categories as columns")
    numbers = native(numbers, (np.float64,), "numbers")
    encoder = ColumnEncoder(kinds, numbers, categories, checked_kinds(types, kinds))
    widths = {encoder.core.width(True), encoder.core.width(False)}
    if any(one.n_in not in widths or one.dtype != np.float32 for one, _ in networks):
        raise ValueError("a network does not fit the columns")
    target, background, summary = fields["target"], fields["background"], fields["summary"]
    if (target is None) != (labels is not None):
        raise ValueError("a regressor needs the scale of its targets, and a classifier has none")
    return TrainedModel(
        fields["kind"],
        networks,
        labels=labels,
        names=names,
        encoder=encoder,
        cells=cells,
        target=None if target is None else TableTarget(*target),
        calibration=_calibration(fields["calibration"], net),
        background=None if background is None else checked_background(len(kinds), *background),
        summary=None if summary is None else checked_summary(kinds, n_answers(net), *summary),
    )


def _calibration(fields: Any, net: _core.Net) -> Any:
    if fields is None:
        return None
    kind, rows, scores = fields
    found = np.stack([native(row, (np.float64,), "scores") for row in scores])
    return checked_calibration(kind, rows, found, n_answers(net))
