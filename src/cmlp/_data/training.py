"""The rows of a file of text on which a model is trained: each column is decided over all rows."""

from __future__ import annotations

import bisect
from array import array
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.columns import Frame
from cmlp._data.decision import Gathered, Parser, Place, column_of, integers
from cmlp._data.errors import DataError
from cmlp._data.grammar import Grammar
from cmlp._data.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from cmlp._data.stored import Cells
    from cmlp._data.text import Block, TextFile

_NUMBERS = ("integer", "number")  # kinds of columns


class TextRows:
    """The columns of a file of text, and its target, read once, or twice if the first rows are misleading.

    Parameters
    ----------
    file : TextFile
    cells : Cells
    kept : sequence of int
        The columns of X.
    target : int or None
        The column of the targets.
    report : callable or None
        Gets the share of the file that has been read.
    """

    def __init__(
        self,
        file: TextFile,
        cells: Cells,
        kept: Sequence[int],
        target: int | None,
        report: Callable[[float], None] | None = None,
    ) -> None:
        self.file, self.cells, self.kept, self.target = file, cells, list(kept), target
        grammar = Grammar(cells)
        self._parser = Parser(grammar)
        self._texts = is_text = {file.position(name) for name in file.options.text}
        self._columns = {i: Gathered(grammar, is_text=i in is_text) for i in kept}
        self._target = None if target is None else Gathered(grammar, is_text=target in is_text, is_target=True)
        self._starts: list[int] = []
        self._lines: list[Sequence[int]] = []
        self._numbers: list[int] = []  # the columns that begin with numbers
        matrix = array("d")
        for block in file.blocks(report):
            self._add(block, matrix)
        self.n_rows = self._starts[-1] + len(self._lines[-1])
        numbers = np.frombuffer(matrix) if matrix else np.empty(0)
        self.matrix = numbers.reshape(self.n_rows, len(self._numbers))
        self._kinds = {i: column.kind(self._place(i)) for i, column in self._columns.items()}

    def _add(self, block: Block, matrix: array[float]) -> None:
        found = {i: column.add(block.columns[i], block.first) for i, column in self._columns.items()}
        if not self._starts:
            self._numbers = [i for i, column in self._columns.items() if column.form == "numbers"]
        rows = np.full((len(block.lines), len(self._numbers)), np.nan)
        for k, i in enumerate(self._numbers):
            if (numbers := found[i]) is not None:
                rows[:, k] = numbers
        matrix.frombytes(memoryview(rows).cast("B") if rows.size else b"")
        if self._target is not None and self.target is not None:
            self._target.add(block.columns[self.target], block.first)
        self._starts.append(block.first)
        self._lines.append(block.lines)

    def _place(self, column: int) -> Place:
        return Place(self.file, column, _Lines(self._starts, self._lines))

    @property
    def names(self) -> list[str] | None:
        """The names of the columns of X; None if the file has none."""
        return [self.file.names[i] for i in self.kept] if self.file.has_names else None

    @property
    def other_than_number(self) -> str | None:
        """The first cell of X that is no number, with its place; None if all are numbers."""
        odd: dict[int, tuple[int, str]] = {}
        for i, column in self._columns.items():
            if self._kinds[i] not in _NUMBERS:
                odd[i] = column.odd or (0, "")
            elif column.has_absent:
                odd[i] = column.first_absent
        if not odd:
            return None
        i = min(odd, key=lambda i: (odd[i][0], i))
        row, cell = odd[i]
        is_absent = self._kinds[i] in _NUMBERS or self._parser.grammar.is_missing(cell)
        what = "the value is missing" if is_absent else f"{cell!r} is not a number"
        if self._kinds[i] == "text" and self._parser.grammar.number(cell) is not None:
            what = f"{cell!r} has leading zeros"
        if i in self._texts:
            what = "a column of text"
        return f"{self._place(i)(row)}: {what}"

    def _of_matrix(self, i: int) -> NDArray[np.float64] | None:
        return self.matrix[:, self._numbers.index(i)] if i in self._numbers else None

    def table(self) -> Table:
        """Return X as a matrix, if all columns have only numbers."""
        if self._numbers == self.kept:
            return Table(self.matrix, self.names)
        columns = [np.asarray(column, np.float64) for column in self.frame().values]
        return Table(np.stack(columns, axis=1), self.names)

    def frame(self) -> Frame:
        """Return the columns of X with their kinds."""
        found = {
            i: column.column(self._kinds[i], self._of_matrix(i), self._parser, self._place(i))
            for i, column in self._columns.items()
        }
        again = self._read_again({i: self._kinds[i] for i, column in found.items() if column is None})
        columns = [found[i] or column_of(again[i], self._kinds[i]) for i in self.kept]
        return Frame([self.file.names[i] for i in self.kept], columns)

    def release(self) -> None:
        """Free what is needed no longer when `frame` and the targets are known."""
        self._columns.clear()
        self._target = None

    def _read_again(self, kinds: Mapping[int, str]) -> dict[int, NDArray[Any]]:
        """Return the values of columns whose first rows were misleading."""
        parts: dict[int, list[NDArray[Any]]] = {i: [] for i in kinds}
        for block in self.file.blocks() if kinds else ():
            for i, kind in kinds.items():
                parts[i].append(self._parser.values(block.columns[i], kind, Place(self.file, i, block.lines)))
        return {i: np.concatenate(parts.pop(i)) for i in kinds}

    # ------------------------------------------------------------------------------------------------- the target

    def kind_of_target(self) -> str:
        """Return "text", "whole" or "fractions" (numbers)."""
        kind = self._decided.kind(self._at_target)
        if kind not in _NUMBERS:
            return "text"
        return "whole" if kind == "integer" or (self.targets() % 1 == 0).all() else "fractions"

    @property
    def place_of_fraction(self) -> str:
        """Where the first target with a fraction is."""
        return self._at_target(int((self.targets() % 1 != 0).argmax()))

    @property
    def _decided(self) -> Gathered:
        assert self._target is not None
        return self._target

    @property
    def _at_target(self) -> Place:
        assert self.target is not None
        return self._place(self.target)

    def _values_of_target(self, kind: str, numbers: NDArray[np.float64] | None) -> NDArray[Any]:
        assert self.target is not None
        column = self._decided.column(kind, numbers, self._parser, self._at_target)
        return self._read_again({self.target: kind})[self.target] if column is None else column.values

    def targets(self) -> NDArray[np.float64]:
        """Return the targets as numbers; raises DataError if one is missing."""
        target = self._decided
        numbers = np.frombuffer(target.values) if target.form == "numbers" else None
        values: NDArray[np.float64] = self._values_of_target("number", numbers)
        if np.isnan(values).any():
            raise DataError(f"{self._at_target(int(np.isnan(values).argmax()))}: the value is missing")
        return values

    def labels(self) -> NDArray[Any]:
        """Return the targets as labels: integers, numbers or booleans if each is printed as it was written, or text."""
        target = self._decided
        kind = target.kind(self._at_target)
        if target.prints and target.is_complete and not target.is_large and target.form == "numbers":
            values = self.targets()
            return values.astype(np.int64) if kind == "integer" else values
        texts = self._values_of_target("text", None)
        entries = texts.tolist()
        if None in entries:
            raise DataError(f"{self._at_target(entries.index(None))}: the value is missing")
        return as_written(texts, kind, self._parser.grammar)


def as_written(texts: NDArray[Any], kind: str, grammar: Grammar) -> NDArray[Any]:
    """Return labels as integers, numbers or booleans if all are printed as they are written; otherwise as text."""
    entries: list[str] = [text.strip() for text in texts.tolist()]
    if kind == "boolean" and {"True", "False"}.issuperset(entries):
        return np.array([entry == "True" for entry in entries])
    if kind in _NUMBERS:
        convert = grammar.integer if kind == "integer" else grammar.number
        values = {entry: convert(entry) for entry in {*entries}}
        if all(str(value) == entry for entry, value in values.items()):
            found: list[Any] = [values[entry] for entry in entries]
            labels = np.array(found, np.float64) if kind == "number" else integers(found)
            return texts if labels.dtype == object else labels
    return texts


class _Lines(Sequence[int]):
    """The line of each row, from those of blocks."""

    def __init__(self, starts: list[int], lines: list[Sequence[int]]) -> None:
        self._starts, self._parts = starts, lines

    def __len__(self) -> int:
        return self._starts[-1] + len(self._parts[-1])

    def __getitem__(self, row: Any) -> Any:
        k = bisect.bisect_right(self._starts, row) - 1
        return self._parts[k][row - self._starts[k]]
