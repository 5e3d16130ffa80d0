"""Tables and columns of Arrow, through its C data interface: no package of Arrow is imported.

The structs are those of https://arrow.apache.org/docs/format/CDataInterface.html, and objects offer them by
https://arrow.apache.org/docs/format/CDataInterface/PyCapsuleInterface.html. Values are copied into an array of rows:
training on the columns themselves takes twice as long (100 columns, 64 hidden units), and the copy a third of an epoch
at most.
"""

from __future__ import annotations

import ctypes
import itertools
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.columns import TABLES, ArrowColumn, NamedColumns, NamedMatrix
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


class _Schema(ctypes.Structure):
    pass


class _Array(ctypes.Structure):
    pass


class _Stream(ctypes.Structure):
    pass


_Schema._fields_ = [
    ("format", ctypes.c_char_p),
    ("name", ctypes.c_char_p),
    ("metadata", ctypes.c_void_p),
    ("flags", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("children", ctypes.POINTER(ctypes.POINTER(_Schema))),
    ("dictionary", ctypes.POINTER(_Schema)),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Schema))),
    ("private_data", ctypes.c_void_p),
]
_Array._fields_ = [
    ("length", ctypes.c_int64),
    ("null_count", ctypes.c_int64),
    ("offset", ctypes.c_int64),
    ("n_buffers", ctypes.c_int64),
    ("n_children", ctypes.c_int64),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    ("children", ctypes.POINTER(ctypes.POINTER(_Array))),
    ("dictionary", ctypes.POINTER(_Array)),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))),
    ("private_data", ctypes.c_void_p),
]
_Stream._fields_ = [
    ("get_schema", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Schema))),
    ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(_Stream), ctypes.POINTER(_Array))),
    ("get_last_error", ctypes.CFUNCTYPE(ctypes.c_char_p, ctypes.POINTER(_Stream))),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Stream))),
    ("private_data", ctypes.c_void_p),
]

# NumPy's types of Arrow's formats of numbers; "b" is a bitmap.
_NUMBERS = {"c": "i1", "C": "u1", "s": "i2", "S": "u2", "i": "i4", "I": "u4", "l": "i8", "L": "u8"} | {
    "e": "f2",
    "f": "f4",
    "g": "f8",
}
# NumPy's types in memory and of the values of dates, points in time and durations, by the first letters of the format.
_UNITS = ("s", "ms", "us", "ns")
_DATES = {"tdD": ("i4", "M8[D]"), "tdm": ("i8", "M8[ms]")} | {
    f"t{letter}{unit[0]}": ("i8", f"{kind}8[{unit}]") for letter, kind in (("s", "M"), ("D", "m")) for unit in _UNITS
}
_TEXT = {"u": np.int32, "U": np.int64, "vu": None}  # types of the offsets
# Names of the types that are no numbers and no text, by the first letters of the format.
_NAMES = {
    "z": "binary",
    "Z": "large binary",
    "vz": "binary view",
    "w": "binary of a fixed size",
    "tdD": "date",
    "tdm": "date",
    "tt": "time of day",
    "ts": "point in time",
    "tD": "duration",
    "ti": "interval",
    "+s": "struct",
    "+m": "map",
    "+u": "union",
    "+r": "run-end encoded",
    "+": "list",
}
_BITS_OF_DECIMALS = 128  # if the format has no number
_INLINE = 12  # bytes of a text in its view
_ROWS_AT_A_TIME = 4096
_ORDERED = 1  # the flag of a dictionary
_OF_COLUMN = ", column "  # in the place of an entry of X


def read(value: Any, name: str) -> NamedMatrix | NDArray[Any]:
    """Return what an object with `__arrow_c_stream__` or `__arrow_c_array__` contains.

    It is a table for columns with names, otherwise one dimension; text is an array of objects. Raises TypeError for
    other types than numbers, booleans, text and dictionaries of these, and ValueError with column and row for a null.
    """
    parts: list[NDArray[Any]] = []
    names: list[str] | None = None
    row = 0
    for schema, array in _chunks(value):
        names, columns = _columns(schema, array, name, row)
        if array is not None:
            parts.append(_matrix(columns, array.length) if names is not None else np.array(columns[0]))
            row += array.length
        elif not parts:
            parts.append(np.empty((0, len(names))) if names is not None else columns[0])
    whole = [part for part in parts if len(part)] or parts[:1]
    values = whole[0] if len(whole) == 1 else np.concatenate(whole)
    return values if names is None else NamedMatrix(values, names)


def read_columns(value: Any, name: str) -> NamedColumns:
    """Return a table with nulls, dates and points in time, for the estimators for tables; see `read`."""
    names: list[str] = []
    types: list[str] = []
    chunks: list[list[NDArray[Any]]] = []
    levels: dict[int, dict[Any, None]] = {}  # of ordered dictionaries, in the order of the chunks
    for schema, array in _chunks(value):
        if schema.format != b"+s":
            raise ValueError(f"Expected 2D array, got 1D array instead: {name} is a column of Arrow, not a table.")
        children = [schema.children[i].contents for i in range(schema.n_children)]
        names = [_name(child) for child in children]
        types = [_type_name(child) for child in children]
        where = [f"{name}{_OF_COLUMN}{label!r}" for label in names]
        if array is not None or not chunks:
            chunks.append(_with_nulls(children, array, where))
        for i, child in enumerate(children):
            if array is not None and child.dictionary and child.flags & _ORDERED:
                entries = array.children[i].contents.dictionary.contents
                found = _nullable(child.dictionary.contents, entries, 0, entries.length, where[i])
                levels.setdefault(i, {}).update(dict.fromkeys(found.tolist()))
    whole = [np.concatenate(parts) for parts in zip(*chunks, strict=True)]
    columns = [
        ArrowColumn(values, one_type, np.array([*levels[i]], object) if i in levels else None)
        for i, (values, one_type) in enumerate(zip(whole, types, strict=True))
    ]
    return NamedColumns(names, columns)


def _type_name(schema: _Schema) -> str:
    """Return the name of the type of a column, with that of a time zone as pyarrow has it."""
    if schema.dictionary:
        return f"dictionary of {_type_name(schema.dictionary.contents)}"
    name = bytes(schema.format).decode()
    letters, _, zone = name.partition(":")
    return f"timestamp[tz={zone}]" if zone and letters[:2] == "ts" else name


def table_of(columns: NamedColumns, name: str) -> NamedMatrix:
    """Return columns as rows; raises the errors of `read` for nulls and for other types than numbers and text."""
    for label, column in zip(columns.columns, columns.values, strict=True):
        where, values = f"{name}{_OF_COLUMN}{label!r}", column.values
        if values.dtype.kind in "mM":
            raise _other_type(where, column.dtype)
        if values.dtype == object and None in (entries := values.tolist()):
            raise _null(where, entries.index(None))
    return NamedMatrix(_matrix([column.values for column in columns.values], len(columns)), columns.columns)


def _with_nulls(children: list[_Schema], array: _Array | None, where: list[str]) -> list[NDArray[Any]]:
    """Return copies of the columns of a chunk, which has no rows if it is None."""
    if array is None:
        return [_nullable(child, _Array(), 0, 0, label) for child, label in zip(children, where, strict=True)]
    valid = _valid(array, 0, array.length)
    columns = [
        _nullable(child, array.children[i].contents, array.offset, array.length, where[i])
        for i, child in enumerate(children)
    ]
    return columns if valid is None else [_without(column, valid) for column in columns]


def _nullable(schema: _Schema, array: _Array, start: int, n: int, where: str) -> NDArray[Any]:
    """Return a copy of n values of a column from `start` on, with None, NaN or NaT for null."""
    letters, first, valid = bytes(schema.format).decode(), array.offset + start, _valid(array, start, n)
    if letters == "n":
        return np.full(n, None, object)
    if schema.dictionary and n:
        rows = np.arange(n) if valid is None else np.flatnonzero(valid)
        entries, indices = array.dictionary.contents, _buffer(array, 1, _NUMBERS[letters], first, n)[rows]
        _require_entries(indices, entries, where)
        found: NDArray[Any] = _nullable(schema.dictionary.contents, entries, 0, entries.length, where)[indices]
        if valid is None:
            return found
        values = np.full(n, None, found.dtype if found.dtype.kind in "mM" else object)
        values[rows] = found
        return values
    if letters[:3] in _DATES:
        stored, dtype = _DATES[letters[:3]]
        values = _buffer(array, 1, stored, first, n).astype("i8").view(dtype)
    else:
        values = _values(schema, array, start, n, where, 0, nulls=True)
    return np.array(values) if valid is None else _without(values, valid)


def _without(values: NDArray[Any], valid: NDArray[np.bool_]) -> NDArray[Any]:
    """Return a copy with None, NaN or NaT in the entries that are not valid."""
    values = values.astype(values.dtype if values.dtype.kind in "fmM" else object)
    values[~valid] = None
    return values


def _chunks(value: Any) -> Iterator[tuple[_Schema, _Array | None]]:
    """Yield the schema with each chunk, and at last without one. The chunks are released afterwards."""
    if hasattr(value, "__arrow_c_stream__"):
        capsule = value.__arrow_c_stream__()
        stream = _struct(capsule, b"arrow_array_stream", _Stream)
        schema = _Schema()
        try:
            _require(stream, stream.get_schema(ctypes.byref(stream), ctypes.byref(schema)))
            while True:
                array = _Array()
                _require(stream, stream.get_next(ctypes.byref(stream), ctypes.byref(array)))
                if not array.release:
                    break
                try:
                    yield schema, array
                finally:
                    array.release(ctypes.byref(array))
            yield schema, None
        finally:
            if schema.release:
                schema.release(ctypes.byref(schema))
            if stream.release:
                stream.release(ctypes.byref(stream))
    else:
        capsules = value.__arrow_c_array__()  # their destructors release the structs
        yield _struct(capsules[0], b"arrow_schema", _Schema), _struct(capsules[1], b"arrow_array", _Array)
        del capsules


def _struct(capsule: Any, name: bytes, struct: Any) -> Any:
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    return struct.from_address(pointer(capsule, name))


def _require(stream: _Stream, status: int) -> None:
    if status:
        text = stream.get_last_error(ctypes.byref(stream))
        raise ValueError(f"The Arrow stream cannot be read: {(text or b'').decode(errors='replace') or status}")


def _columns(schema: _Schema, array: _Array | None, name: str, row: int) -> tuple[list[str] | None, list[NDArray[Any]]]:
    """Return the names of the columns of a table, or None, and the values of a chunk that begins at `row`."""
    if schema.format != b"+s":
        chunk = _Array() if array is None else array
        return None, [_values(schema, chunk, 0, chunk.length, name, row)]
    names = [_name(schema.children[i].contents) for i in range(schema.n_children)]
    if array is None:
        return names, []
    where = [f"{name}{_OF_COLUMN}{label!r}" for label in names]
    _require_values(array, 0, array.length, name, row)
    return names, [
        _values(schema.children[i].contents, array.children[i].contents, array.offset, array.length, where[i], row)
        for i in range(schema.n_children)
    ]


def _name(schema: _Schema) -> str:
    return bytes(schema.name or b"").decode(errors="replace")


def _values(
    schema: _Schema, array: _Array, start: int, n: int, where: str, row: int, *, nulls: bool = False
) -> NDArray[Any]:
    """Return n values of a column from `start` on; raises ValueError for nulls and TypeError for other types."""
    letters = bytes(schema.format).decode()
    if not nulls:
        _require_values(array, start, n, where, row)
    first = array.offset + start
    if schema.dictionary:
        indices = _buffer(array, 1, _NUMBERS[letters], first, n)
        entries = array.dictionary.contents if n else _Array()
        return _dictionary(schema.dictionary.contents, entries, indices, where, row)
    if letters == "b":
        return _bits(array, 1, first, n).astype(bool)
    if letters in _NUMBERS:
        return _buffer(array, 1, _NUMBERS[letters], first, n)
    if letters in _TEXT:
        return np.array(_texts(array, letters, first, n), object)
    if letters.startswith("d:"):
        decimals = _decimals(array, letters, first, n)
        return decimals if nulls else decimals.astype(np.float64)
    if letters == "n" and n:
        raise _null(where, row)
    raise _other_type(where, letters)


def _dictionary(schema: _Schema, entries: _Array, indices: NDArray[Any], where: str, row: int) -> NDArray[Any]:
    """Return the entries of this chunk's dictionary: each chunk may number its values in another way."""
    _require_entries(indices, entries, where)
    valid = _valid(entries, 0, entries.length)
    if valid is not None and not valid[indices].all():
        raise _null(where, row + int(valid[indices].argmin()))
    values = _values(schema, entries, 0, entries.length, where, row, nulls=True)
    return values[indices.astype(np.intp)]


def _require_entries(indices: NDArray[Any], entries: _Array, where: str) -> None:
    if len(indices) and not 0 <= indices.min() <= indices.max() < entries.length:
        raise ValueError(f"{where} has an index outside its dictionary of {entries.length} values.")


def _other_type(where: str, letters: str) -> InvalidParameterError:
    name = next((f" ({name})" for begin, name in _NAMES.items() if letters.startswith(begin)), "")
    return InvalidParameterError(
        f"{where} must hold numbers or text, got a column of the Arrow format {letters!r}{name}."
    )


def _null(where: str, row: int) -> ValueError:
    """Return the error for a missing value. In a column of X, the estimators for tables take it."""
    remedy = TABLES if _OF_COLUMN in where else "leave out the rows"
    return ValueError(f"{where} is null at row {row}. Fill missing values, or {remedy}.")


def _valid(array: _Array, start: int, n: int) -> NDArray[np.bool_] | None:
    """Return which of n entries from `start` on are not null; None if all are."""
    if not (n and array.null_count and array.n_buffers and array.buffers[0]):
        return None
    return _bits(array, 0, array.offset + start, n).astype(bool)


def _require_values(array: _Array, start: int, n: int, where: str, row: int) -> None:
    valid = _valid(array, start, n)
    if valid is not None and not valid.all():
        raise _null(where, row + int(valid.argmin()))


def _buffer(array: _Array, index: int, dtype: Any, first: int, n: int) -> NDArray[Any]:
    """Return n elements of a buffer; the array owns the memory."""
    dtype = np.dtype(dtype)
    if not n:
        return np.empty(0, dtype)
    memory = (ctypes.c_char * (n * dtype.itemsize)).from_address(array.buffers[index] + first * dtype.itemsize)
    return np.frombuffer(memory, dtype)


def _bits(array: _Array, index: int, first: int, n: int) -> NDArray[np.uint8]:
    low = first // 8
    packed = _buffer(array, index, np.uint8, low, (first + n + 7) // 8 - low)
    return np.unpackbits(packed, bitorder="little")[first - 8 * low : first - 8 * low + n]


def _texts(array: _Array, letters: str, first: int, n: int) -> list[str]:
    if letters == "vu":
        valid = _valid(array, first - array.offset, n)
        views = _buffer(array, 1, "V16", first, n)
        return [_viewed(array, view) if valid is None or valid[i] else "" for i, view in enumerate(views)]
    offsets = _buffer(array, 1, _TEXT[letters], first, n + 1).tolist() if n else [0]
    if offsets[-1] == offsets[0]:
        return [""] * n
    data = ctypes.string_at(array.buffers[2] + offsets[0], offsets[-1] - offsets[0])
    return [data[low - offsets[0] : high - offsets[0]].decode() for low, high in itertools.pairwise(offsets)]


def _viewed(array: _Array, view: np.void) -> str:
    content = view.tobytes()
    length, _, buffer, offset = np.frombuffer(content, np.int32).tolist()
    if length <= _INLINE:
        return content[4 : 4 + length].decode()
    return ctypes.string_at(array.buffers[2 + buffer] + offset, length).decode()


def _decimals(array: _Array, letters: str, first: int, n: int) -> NDArray[Any]:
    """Return decimals as objects: integers of a number of bytes, with as many digits after the point."""
    _, scale, *bits = map(int, letters[2:].split(","))
    size = (bits[0] if bits else _BITS_OF_DECIMALS) // 8
    content = _buffer(array, 1, np.uint8, first * size, n * size).tobytes()
    whole = [int.from_bytes(content[at : at + size], "little", signed=True) for at in range(0, len(content), size)]
    return np.array([Decimal(f"{number}E{-scale}") for number in whole], object)


def _matrix(columns: list[NDArray[Any]], n: int) -> NDArray[Any]:
    """Return copies of the columns as rows, in their common type; a block of rows at a time stays in the cache."""
    text = any(column.dtype == object for column in columns)
    dtype = np.dtype(object) if text else np.result_type(*columns) if columns else np.dtype(float)
    matrix = np.empty((n, len(columns)), dtype)
    for start in range(0, n, _ROWS_AT_A_TIME):
        stop = start + _ROWS_AT_A_TIME
        for i, column in enumerate(columns):
            matrix[start:stop, i] = column[start:stop]
    return matrix
