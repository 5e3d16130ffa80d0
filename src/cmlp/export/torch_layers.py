"""Modules that PyTorch lacks. Only functions that need PyTorch import this module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class InputScale(torch.nn.Module):  # type: ignore[misc]  # torch's types are not checked
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

    A conversion of the module changes the type of the result only; shift and factor stay in float64.
    """

    shift: torch.Tensor
    factor: torch.Tensor

    def __init__(self, shift: NDArray[np.float64], factor: NDArray[np.float64], dtype: torch.dtype) -> None:
        super().__init__()
        self.register_buffer("shift", torch.tensor(shift, dtype=torch.float64))
        self.register_buffer("factor", torch.tensor(factor, dtype=torch.float64))
        self.register_buffer("result", torch.empty(0, dtype=dtype), persistent=False)

    def _apply(self, *arguments: Any, **options: Any) -> InputShift:
        """Keep shift and factor in float64 if a program converts the module: their digits would be lost."""
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
