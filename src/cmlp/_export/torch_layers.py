"""Modules that PyTorch lacks. Only functions that need PyTorch import this module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from cmlp._data.array_types import NDArray
from cmlp._model.model import TableModel
from cmlp._model.table_columns import PARTS, DatePart, TableColumn


class InputFactor(torch.nn.Module):  # type: ignore[misc]  # torch's types are not checked
    """Multiplies its input by a constant number; `dtype` is the type of the result."""

    def __init__(self, scale: float, dtype: torch.dtype) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float64).to(dtype))

    def forward(self, x: torch.Tensor) -> Any:
        """Return the scaled input in the dtype of the scale."""
        wide = torch.promote_types(x.dtype, self.scale.dtype)
        return (x.to(wide) * self.scale).to(self.scale.dtype)

    def extra_repr(self) -> str:
        """Return the scale, for ``print``."""
        return f"{self.scale.item():g}"


class InputShift(torch.nn.Module):  # type: ignore[misc]
    """Subtracts a shift from each input and multiplies the difference by a factor, in float64.

    A conversion of the module changes the type of the result only; shift and factor stay in
    float64.
    """

    shift: torch.Tensor
    factor: torch.Tensor

    def __init__(
        self, shift: NDArray[np.float64], factor: NDArray[np.float64], dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.register_buffer("shift", torch.tensor(shift, dtype=torch.float64))
        self.register_buffer("factor", torch.tensor(factor, dtype=torch.float64))
        self.register_buffer("result", torch.empty(0, dtype=dtype), persistent=False)

    def _apply(self, *arguments: Any, **options: Any) -> InputShift:
        """Keep shift and factor in float64 if a program converts the module.

        Their digits would be lost otherwise.
        """
        exact = self.shift, self.factor
        super()._apply(*arguments, **options)
        self.shift, self.factor = (values.to(self.shift.device) for values in exact)
        return self

    def forward(self, x: torch.Tensor) -> Any:
        """Return the scaled input in the dtype of the module."""
        return ((x.to(self.shift.dtype) - self.shift) * self.factor).to(self.result.dtype)


class Exp(torch.nn.Module):  # type: ignore[misc]
    """The exponential function."""

    def forward(self, x: torch.Tensor) -> Any:
        """Return exp(x)."""
        return torch.exp(x)


class Sort(torch.nn.Module):  # type: ignore[misc]
    """Sorts each row, so that predicted quantiles never cross."""

    def forward(self, x: torch.Tensor) -> Any:
        """Return the sorted rows."""
        return torch.sort(x, dim=1).values


class Normalize(torch.nn.Module):  # type: ignore[misc]
    """Divides each row by its sum; equal probabilities if the sum is 0."""

    def forward(self, x: torch.Tensor) -> Any:
        """Return rows with the sum 1."""
        total = x.sum(dim=1, keepdim=True)
        return torch.where(total == 0, 1 / x.shape[1], x / total)


class Table(torch.nn.Module):  # type: ignore[misc]
    """The encoder and the networks of a table: the mean of their outputs, in float64.

    Its input are raw rows, of shape (n_rows, n_columns): numbers and codes of categories, and NaN
    for a missing value. The code of a category is its index in the list of its column in
    `categories`, and -1 for others; NaN has the code of None, or -1 if training had no missing
    value. Columns have the order of `fit`. The encoder computes in float64, whatever the type of
    the module.
    """

    def __init__(self, model: TableModel, networks: Sequence[torch.nn.Sequential]) -> None:
        super().__init__()
        self.columns = tuple(model.columns)
        self.answer_scale = model.answer_scale
        self.rule = model.combination.rule
        self.categories = [column.categories for column in self.columns]
        self.networks = torch.nn.ModuleList(networks)
        self.bins = [model.columns.has_bins(net) for net, _ in model.networks]

    def forward(self, rows: torch.Tensor) -> Any:
        """Return the outputs of the model, of shape (n_rows, n_outputs)."""
        rows = rows.to(torch.float64)
        encoded = {bins: self._encode(rows, bins) for bins in set(self.bins)}
        outputs = [
            network(encoded[bins].to(next(network.parameters()).dtype)).to(torch.float64)
            for network, bins in zip(self.networks, self.bins, strict=True)
        ]
        if self.answer_scale is None:
            mean = sum(outputs) / len(outputs)
            if self.rule == "normalized":
                return mean / mean.cumsum(dim=1)[:, -1:]
            if self.rule == "cumulative":
                above, none = mean.cummin(dim=1).values, torch.zeros_like(mean[:, :1])
                return torch.cat([none + 1, above], dim=1) - torch.cat([above, none], dim=1)
            return mean
        centre, scale, low, high = torch.tensor(
            self.answer_scale.numbers, dtype=rows.dtype, device=rows.device
        )
        return sum(one.clamp(low, high) for one in outputs) / len(outputs) * scale + centre

    def _encode(self, rows: torch.Tensor, bins: bool) -> Any:
        """Return the inputs of the networks, as docs/arithmetic.md defines them."""
        parts = []
        for column, x in zip(self.columns, rows.unbind(dim=1), strict=True):
            if column.is_number:
                parts += _encode_number(column, x, bins)
            elif column.is_category:
                parts += _encode_category(column, x)
        if parts:
            return torch.cat(parts, dim=1)
        return torch.zeros_like(rows[:, :1])


def _encode_category(column: TableColumn, x: torch.Tensor) -> list[torch.Tensor]:
    """Return the inputs of a column of categories."""
    x = torch.where(x.isnan(), column.has_missing - 1.0, x)
    codes = torch.arange(column.n, dtype=x.dtype, device=x.device)
    if column.statistics is not None:
        table, n_one_hot, _ = column.statistics
        is_known = (x >= 0) & (x < column.n) & (x == x.floor())
        rows = torch.tensor(table, dtype=x.dtype, device=x.device)
        found = rows[torch.where(is_known, x, 0.0).long()]
        one_hot = (x[:, None] == codes[:n_one_hot]).to(x.dtype)
        return [one_hot, torch.where(is_known[:, None], found, 0.0)]
    known = (x[:, None] == codes).to(x.dtype)
    if column.n == 2:
        known = known[:, :1] - known[:, 1:]
    return [known]


def _encode_number(column: TableColumn, x: torch.Tensor, bins: bool) -> list[torch.Tensor]:
    """Return the inputs of a column of numbers."""
    codes = torch.tensor(column.missing_numbers, dtype=x.dtype, device=x.device)
    missing = x.isnan() | torch.isin(x, codes)
    known = torch.where(missing, column.centre, x)
    z = ((known - column.centre) / column.scale).clamp(-1e9, 1e9)
    parts = [torch.where(missing, 0.0, z / torch.sqrt(1 + (z / 3) ** 2))[:, None]]
    if bins and len(column.edges):
        parts.append(torch.where(missing[:, None], 0.0, _place_in_bins(column.edges, known)))
    if column.missing:
        parts.append(missing.to(x.dtype)[:, None])
    for part in column.parts:
        parts += [
            torch.where(missing[:, None], 0.0, inputs)
            for inputs in _encode_date_part(part, known, bins)
        ]
    return parts


def _encode_date_part(part: DatePart, x: torch.Tensor, bins: bool) -> list[torch.Tensor]:
    """Return the inputs of a part of a date: two waves over its period, and bins."""
    period, first = PARTS[part.name]
    since = (x if part.name == "day" else torch.floor(x)) - first
    days = since - torch.floor(since / period) * period
    phase = (days / period).clamp(0, 1)
    u = 2 * torch.stack([phase, torch.where(phase < 0.75, phase + 0.25, phase - 0.75)], dim=1) - 1
    waves = 4 * u * (u.abs() - 1)
    if bins and len(part.edges):
        return [waves, _place_in_bins(part.edges, days)]
    return [waves]


def _place_in_bins(edges: NDArray[np.float64], x: torch.Tensor) -> torch.Tensor:
    """Return the place of numbers in each of the bins between edges."""
    ends = torch.tensor(edges, dtype=x.dtype, device=x.device)
    return ((x[:, None] - ends[:-1]) / ends.diff()).clamp(0, 1) - 0.5
