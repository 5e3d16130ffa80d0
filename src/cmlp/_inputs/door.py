"""The door for rows: what a program passes as X, y and weights is checked and converted here, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cmlp._inputs.frames import as_table, check_names, feature_names
from cmlp._inputs.sparse import CSR
from cmlp._inputs.validation import as_rows, as_targets, check_width, require_samples
from cmlp._inputs.weights import as_weights

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Rows(NamedTuple):
    """Converted rows; StoredRows if only some of them are in this process."""

    X: Any  # one of these three; the core's callers know no StoredRows
    auto_dtype: np.dtype[Any]  # the dtype of the model with ``dtype="auto"``
    names: NDArray[Any] | None  # of the columns of a data frame

    @property
    def kind(self) -> str:
        """The dtype of the elements, and whether the rows are sparse."""
        return f"{'sparse ' if isinstance(self.X, CSR) else ''}{self.X.dtype}"


class Opened(NamedTuple):
    """Rows with their targets, which are not encoded yet, and their weights."""

    rows: Rows
    y: NDArray[Any]
    weight: NDArray[np.float64] | None


class Door(NamedTuple):
    """Checks and converts rows; `owner` is the name of the estimator in messages."""

    owner: str
    labels: bool  # whether y has labels
    width: int | None = None  # number of columns that the rows must have; None for any
    names: NDArray[Any] | None = None  # of these columns
    partial: bool = False  # whether these are a part of all rows: there may be none, and all may have the weight 0

    def rows(self, X: Any) -> Rows:
        """Return converted rows."""
        X = as_table(X)
        names = feature_names(X)
        if self.width is not None:
            check_names(names, self.names, self.owner)
        array, auto_dtype = as_rows(X, self.owner)
        if not self.partial:
            require_samples(array, self.owner)
        if self.width is not None:
            check_width(array.shape[1], self.width, self.owner)
        return Rows(array, auto_dtype, names)

    def targets(self, rows: Rows, y: Any, weight: Any, *, warn_of_column: bool = True) -> Opened:
        """Return converted rows with targets and weights."""
        n_rows = rows.X.shape[0]
        y = as_targets(y, n_rows, self.owner, labels=self.labels, warn_of_column=warn_of_column)
        return Opened(rows, y, as_weights(weight, n_rows, some=not self.partial))

    def open(self, X: Any, y: Any, weight: Any) -> Opened:
        """Return rows with targets and weights, converted."""
        return self.targets(self.rows(X), y, weight)

    def let_in(self, opened: Opened) -> Opened:
        """Return what another door has opened, after the checks of this one."""
        if self.width is not None:
            check_names(opened.rows.names, self.names, self.owner)
            check_width(opened.rows.X.shape[1], self.width, self.owner)
        return opened
