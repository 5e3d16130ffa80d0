"""The fitted model of an estimator for tables, and its pickled form: dicts, lists, arrays, numbers and text only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp import _core
from cmlp.blocks import loaded_block
from cmlp.model import TableColumns
from cmlp.tables.bag import Member
from cmlp.tables.columns import Schema
from cmlp.tables.encoder import Encoder
from cmlp.training.state import check_params, native

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from cmlp.tables.columns import Codes


class TableModel(NamedTuple):
    """A fitted model: the columns, their encoder and the networks."""

    schema: Schema
    encoder: Encoder
    members: list[Member]

    @property
    def categories(self) -> list[list[object] | None]:
        """The categories of each column in the order of their codes; None for a column of numbers."""
        return [None if codes is None else sorted(codes, key=codes.__getitem__) for codes in self.schema.codes]

    def fields(self) -> dict[str, Any]:
        """Return what to pickle."""
        return {
            "names": self.schema.names,
            "categories": self.categories,
            "kinds": self.encoder.kinds,
            "numbers": self.encoder.numbers,
            "members": [one._asdict() for one in self.members],
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
        encoder = Encoder.assembled(TableColumns(kinds, numbers, categories)) if len(lengths) == 1 else None
        if encoder is None or len(numbers) != len(encoder.numbers) or not fields["members"]:
            raise ValueError("it needs networks, and as many names, numbers and lists of categories as columns")
        schema = Schema(names, codes_of(categories))
        return cls(schema, encoder, [_member(one, encoder) for one in fields["members"]])


def codes_of(categories: Sequence[Sequence[object] | None]) -> list[Codes | None]:
    """Return the codes of the categories of each column; None for a column of numbers."""
    return [None if values is None else {value: code for code, value in enumerate(values)} for values in categories]


def _member(fields: Mapping[str, Any], encoder: Encoder) -> Member:
    net, params = fields["net"], native(fields["params"], (np.float32,), "params")
    if type(net) is not _core.Net or net.n_in != encoder.n_inputs(bins=fields["bins"]):
        raise ValueError("a network does not fit the columns")
    check_params(params, net)
    return Member(net, loaded_block(params), fields["bins"], fields["curves"])
