"""The fitted model of an estimator for tables, and its pickled form: dicts, lists, arrays, numbers and text only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp import _core
from cmlp._bridge.blocks import loaded_block
from cmlp._data.schema import Schema
from cmlp._data.stored import Cells, checked_cells, checked_kinds
from cmlp._estimators.bag import Member
from cmlp._model.calibration import checked_calibration, n_answers
from cmlp._model.document import TableColumns
from cmlp._model.shapley import Background, checked_background
from cmlp._model.summary import Summary, checked_summary
from cmlp._train.state import check_params, native

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from numpy.typing import NDArray

    from cmlp._data.schema import Codes
    from cmlp._model.calibration import Calibration
    from cmlp._model.summary import Accuracy


class TableModel(NamedTuple):
    """A fitted model: how frames are read, the columns with their encoder, and the networks."""

    schema: Schema
    columns: TableColumns
    members: list[Member]
    calibration: Calibration | None = None
    background: Background | None = None
    summary: Summary | None = None
    cells: Cells = Cells()  # how the cells of files of text are read

    def fields(self) -> dict[str, Any]:
        """Return what to pickle."""
        return {
            "names": self.schema.names,
            "categories": self.columns.categories,
            "kinds": self.columns.kinds,
            "column_kinds": tuple(self.schema.kinds),
            "cells": tuple(self.cells),
            "numbers": self.columns.numbers,
            "members": [one._asdict() for one in self.members],
            "calibration": None if self.calibration is None else (*self.calibration[:2], list(self.calibration.scores)),
            "background": None if self.background is None else tuple(self.background),
            "summary": None if self.summary is None else (*self.summary[:2], _plain(self.summary.accuracy)),
        }

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> Self:
        """Return the model with these `fields`; raises ValueError if they are damaged."""
        try:
            return cls._checked(fields)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"The pickled estimator is damaged: {error!r}") from error

    @classmethod
    def _checked(cls, fields: Mapping[str, Any]) -> Self:
        numbers = native(fields["numbers"], (np.float64,), "numbers")
        kinds, categories, names = fields["kinds"], fields["categories"], fields["names"]
        lengths = {len(kinds), len(categories), len(names or kinds)}
        columns = TableColumns(kinds, numbers, categories) if len(lengths) == 1 else None
        if columns is None or not fields["members"]:
            raise ValueError("it needs networks, and as many names and lists of categories as columns")
        schema = Schema(names, codes_of(categories), checked_kinds(fields["column_kinds"], kinds))
        members = [_member(one, columns) for one in fields["members"]]
        background = fields.get("background")
        if background is not None:
            background = checked_background(len(kinds), *background)
        summary = fields.get("summary")
        if summary is not None:
            summary = checked_summary(kinds, n_answers(members[0].net), *summary)
        calibration, cells = _calibration(fields.get("calibration"), members[0].net), checked_cells(fields["cells"])
        return cls(schema, columns, members, calibration, background, summary, cells)


def codes_of(categories: Sequence[Sequence[object] | None]) -> list[Codes | None]:
    """Return the codes of the categories of each column; None for a column of numbers."""
    return [None if values is None else {value: code for code, value in enumerate(values)} for values in categories]


def _plain(accuracy: Accuracy | None) -> tuple[Any, ...] | None:
    return None if accuracy is None else tuple(accuracy)


def _calibration(fields: tuple[str, str, list[NDArray[Any]]] | None, net: _core.Net) -> Calibration | None:
    if fields is None:
        return None
    kind, rows, scores = fields
    found = np.stack([native(row, (np.float64,), "scores") for row in scores])
    return checked_calibration(kind, rows, found, n_answers(net))


def _member(fields: Mapping[str, Any], columns: TableColumns) -> Member:
    net, params = fields["net"], native(fields["params"], (np.float32,), "params")
    if type(net) is not _core.Net or net.n_in != columns.core.width(fields["bins"]):
        raise ValueError("a network does not fit the columns")
    check_params(params, net)
    return Member(net, loaded_block(params), fields["bins"], fields["curves"])
