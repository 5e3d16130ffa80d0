"""Tables and columns of Arrow as arrays: polars converts its own, pyarrow those of all other libraries.

Values are copied into an array of rows: training on the columns themselves takes twice as long (100 columns, 64 hidden
units), and the copy a third of an epoch at most.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cmlp._data.array_types import AnyArray
from cmlp._data.columns import TABLES, NamedMatrix
from cmlp._data.target_types import target_remedy
from cmlp.exceptions import InvalidParameterError, optional

# How the names of the types of text begin, in pyarrow and polars; categories of polars are text.
_TEXT = ("string", "large_string", "categorical", "enum")
_ROWS_AT_A_TIME = 4096
_OF_COLUMN = ", column "  # in the place of an entry of X


def read(value: Any, name: str) -> NamedMatrix | AnyArray:
    """Return what an object with `__arrow_c_stream__` or `__arrow_c_array__` contains.

    It is a table for columns with names, otherwise one dimension; text is an array of objects. Raises TypeError for
    other types than numbers, booleans, text and dictionaries of these, and ValueError with column and row for a null.
    """
    polars = sys.modules.get("polars")  # its frames exist only if it has been imported
    if polars is not None and isinstance(value, polars.DataFrame):
        return _read_table([value.get_columns()], value.columns, name, _values_of_polars)
    if polars is not None and isinstance(value, polars.Series):
        return np.array(_values_of_polars(value, name, 0))
    content = _import(value, name)
    if hasattr(content, "column_names"):
        batches = [batch.columns for batch in content.to_batches()]
        return _read_table(batches, content.column_names, name, _values_of_pyarrow)
    return _read_column(content.chunks or [content.combine_chunks()], name)


def read_columns(value: Any, name: str) -> object:
    """Return a table of pyarrow, which has nulls, dates and points in time, for the estimators for tables."""
    table = _import(value, name)
    if not hasattr(table, "column_names"):
        raise ValueError(
            f"Expected 2D array, got 1D array instead: {name} is a column of Arrow, not a table."
        )
    return table


def _import(value: Any, name: str) -> Any:
    """Return a table of pyarrow, or a column of it with all chunks. Numbers are not copied."""
    needs = f"reading {name} of type {type(value).__name__} needs the package pyarrow: "
    pyarrow = optional("pyarrow", f"{needs}install it with `pip install 'cmlp[parquet]'`")
    if isinstance(value, pyarrow.Table):
        return value
    try:
        is_stream = hasattr(value, "__arrow_c_stream__")
        content = pyarrow.chunked_array(value if is_stream else [pyarrow.array(value)])
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(f"The Arrow stream cannot be read: {error}") from error
    if not content.num_chunks and isinstance(value, pyarrow.RecordBatchReader):
        raise ValueError(
            f"{name} is a RecordBatchReader without a batch left: it can be read once. Pass a table, "
            "such as reader.read_all(), to use the rows again, or a table without rows if there "
            "are none."
        )
    if not pyarrow.types.is_struct(content.type):
        return content
    batches = [pyarrow.RecordBatch.from_struct_array(chunk) for chunk in content.chunks]
    return pyarrow.Table.from_batches(batches, pyarrow.schema(list(content.type)))


def _read_table(
    batches: Sequence[Sequence[Any]],
    names: Sequence[str],
    name: str,
    convert: Callable[[Any, str, int], AnyArray],
) -> NamedMatrix:
    """Return columns as rows, in their common type; a block of rows at a time stays in the cache."""
    labels = [f"{name}{_OF_COLUMN}{label!r}" for label in names]
    starts: list[int] = []
    converted: list[list[AnyArray]] = []
    n = 0
    for columns in batches:
        starts.append(n)
        converted.append(
            [convert(column, label, n) for column, label in zip(columns, labels, strict=True)]
        )
        n += len(columns[0]) if columns else 0
    dtypes = {column.dtype for columns in converted for column in columns} or {np.dtype(float)}
    dtype = np.dtype(object) if np.dtype(object) in dtypes else np.result_type(*dtypes)
    matrix = np.empty((n, len(names)), dtype)
    for start, columns in zip(starts, converted, strict=True):
        for first in range(0, len(columns[0]) if columns else 0, _ROWS_AT_A_TIME):
            for i, column in enumerate(columns):
                block = column[first : first + _ROWS_AT_A_TIME]
                matrix[start + first : start + first + len(block), i] = block
    return NamedMatrix(matrix, list(names))


def _read_column(chunks: Sequence[Any], name: str) -> AnyArray:
    """Return a copy of the values of a column."""
    converted: list[AnyArray] = []
    row = 0
    for chunk in chunks:
        converted.append(_values_of_pyarrow(chunk, name, row))
        row += len(chunk)
    return np.concatenate(converted)


def _values_of_polars(column: Any, where: str, row: int) -> AnyArray:
    """Return the values of a column that begins at `row`. Numbers are not copied."""
    if column.null_count():
        raise _null(where, row + column.is_null().arg_max())
    if column.dtype.is_numeric():  # NumPy would search a column for methods that polars has removed
        array: AnyArray = column.to_numpy()
        if array.dtype != object:
            return array
    return _without_nulls(column, column.dtype, where)


def _values_of_pyarrow(column: Any, where: str, row: int) -> AnyArray:
    """Return the values of a chunk that begins at `row`. Numbers are not copied."""
    column = getattr(column, "storage", column)  # of a type that extends another one
    if column.null_count:
        raise _null(where, row + int(np.asarray(column.is_null()).argmax()))
    if not hasattr(column, "indices"):
        return _without_nulls(column, column.type, where)
    try:
        column.validate(full=True)  # an index could be outside the dictionary
    except ValueError as error:
        raise ValueError(f"{where} cannot be converted to a NumPy array: {error}") from error
    indices: AnyArray = column.indices.to_numpy()
    if column.dictionary.null_count:
        is_null = np.asarray(column.dictionary.is_null())[indices]
        if is_null.any():
            raise _null(where, row + int(is_null.argmax()))
    entries = _without_nulls(column.dictionary, column.dictionary.type, where)
    decoded: AnyArray = entries[indices]
    return decoded


def _without_nulls(column: Any, column_type: object, where: str) -> AnyArray:
    """Return the values of a column; raises TypeError unless they are numbers, booleans or text."""
    try:
        array: AnyArray = np.asarray(column)
    except MemoryError:
        raise
    except Exception as error:  # of pyarrow or polars
        raise ValueError(
            f"{where} of type {column_type} cannot be converted to a NumPy array: {error}"
        ) from error
    name = str(column_type).lower()
    if name.startswith("decimal"):
        numbers: AnyArray = array.astype(np.float64)
        return numbers
    is_column = array.ndim == 1  # polars converts structs to more dimensions
    if is_column and (array.dtype.kind in "buif" or name.startswith(_TEXT)):
        return array
    remedy = ""
    if where == "y" and array.dtype.kind in "mM":
        remedy = f" Convert it by y = y.to_numpy(). {target_remedy(array.dtype.type)}"
    raise InvalidParameterError(
        f"{where} must hold numbers or text, got a column of type {column_type}.{remedy}"
    )


def _null(where: str, row: int) -> ValueError:
    """Return the error for a missing value. In a column of X, the estimators for tables take it."""
    remedy = TABLES if _OF_COLUMN in where else "leave out the rows"
    return ValueError(f"{where} is null at row {row}. Fill missing values, or {remedy}.")
