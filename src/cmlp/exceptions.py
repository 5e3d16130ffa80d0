"""Errors of the library's own; all are ValueErrors, so that code written for others catches them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self


class StatusError(ValueError):
    """The C core refused a call.

    Attributes
    ----------
    status : str
        The status name of ``cmlp.h``, for example ``"CMLP_ERROR_ROWS"``.
    """

    def __init__(self, message: str, status: str = "") -> None:
        super().__init__(message)
        self.status = status


class NonFiniteInputError(StatusError):
    """The input holds NaN, infinity or a number too large for the network's type.

    Attributes
    ----------
    row, column : int
        Where it stands in X.
    """

    def __init__(self, message: str, row: int = -1, column: int = -1) -> None:
        super().__init__(message, "CMLP_ERROR_INPUT")
        self.row = row
        self.column = column

    def __reduce__(self) -> tuple[type[Self], tuple[str, int, int]]:
        return type(self), (self.args[0], self.row, self.column)


class DivergenceError(StatusError):
    """Training left the finite numbers: the cost or a parameter became NaN or infinite."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "CMLP_ERROR_DIVERGED")

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        return type(self), (self.args[0],)
