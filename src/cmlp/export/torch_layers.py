"""Modules that PyTorch lacks. Only functions that need PyTorch import this module."""

from __future__ import annotations

from typing import Any

import torch


class InputScale(torch.nn.Module):  # type: ignore[misc]  # torch's types are not checked
    """Multiplies its input by a constant number.

    Parameters
    ----------
    scale : float
    dtype : torch.dtype
        Type of the result.
    """

    def __init__(self, scale: float, dtype: torch.dtype) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor(scale, dtype=torch.float64).to(dtype))

    def forward(self, x: torch.Tensor) -> Any:
        """Return the scaled input in the dtype of the scale."""
        return x.to(self.scale.dtype) * self.scale

    def extra_repr(self) -> str:
        """Return the scale, for ``print``."""
        return f"{self.scale.item():g}"


class Exp(torch.nn.Module):  # type: ignore[misc]
    """The exponential function."""

    def forward(self, x: torch.Tensor) -> Any:
        """Return exp(x)."""
        return torch.exp(x)
