"""Arrow streams from a grammar, given to a network and to the classifier of a table through Arrow's C interface."""

from __future__ import annotations

import datetime
import decimal
import io
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

import cmlp

if TYPE_CHECKING:
    import random
    from pathlib import Path

_NUMBERS = "int8 uint8 int16 uint16 int32 uint32 int64 uint64 float16 float32 float64 bool"
NUMBERS = [*map(pa.type_for_alias, _NUMBERS.split())]
OTHERS = [
    *(
        pa.type_for_alias(name)
        for name in ["string", "large_string", "string_view", "null", "date32", "date64", "binary"]
    ),
    *(
        pa.timestamp("us"),
        pa.timestamp("s", "UTC"),
        pa.time32("s"),
        pa.duration("s"),
        pa.decimal128(5, 2),
    ),
    *(pa.list_(pa.int8()), pa.struct([("a", pa.int8())]), pa.map_(pa.string(), pa.int8())),
    *(pa.dictionary(pa.int8(), pa.string()), pa.dictionary(pa.uint32(), pa.float64())),
    pa.dictionary(pa.int16(), pa.date32()),
]
TEXTS = ["red", "blue", "", "grün", "a text of more than twelve bytes", "a\0", "\U0001f600", "new"]


def _entry(kind: pa.DataType, rng: random.Random) -> Any:
    """Return a value of a type."""
    if pa.types.is_dictionary(kind):
        return _entry(kind.value_type, rng)
    if pa.types.is_boolean(kind):
        return rng.random() < 0.5
    if pa.types.is_integer(kind):
        return rng.choice([0, 1, 5, 100])
    if pa.types.is_floating(kind):
        return rng.choice([0.0, -1.5, 2.25, 100.0] * 10 + [math.nan, math.inf])
    day = datetime.datetime(2024, 2, rng.randint(1, 29))
    values = {"date32[day]": day.date(), "date64[ms]": day.date(), "timestamp[us]": day, "null": None,
              "timestamp[s, tz=UTC]": day, "time32[s]": day.time(), "duration[s]": day - day, "binary": b"\xff",
              "decimal128(5, 2)": decimal.Decimal("1.25"), "list<item: int8>": [1], "struct<a: int8>": {"a": 1},
              "map<string, int8>": []}  # fmt: skip
    return values[str(kind)] if str(kind) in values else rng.choice(TEXTS)


def _column(kind: pa.DataType, n: int, nulls: float, rng: random.Random) -> pa.Array:
    entries = [None if rng.random() < nulls else _entry(kind, rng) for _ in range(n)]
    before = rng.choice(
        [0, 0, 1, 9]
    )  # a slice begins within the buffers, and within a byte of a bitmap
    if pa.types.is_dictionary(kind):
        known = pa.array(
            [*{entry: None for entry in entries if entry is not None and entry == entry}],
            kind.value_type,
        )
        positions = {entry: i for i, entry in enumerate(known.to_pylist())}
        indices = pa.array(
            [positions.get(entry) for entry in [None] * before + entries], kind.index_type
        )
        return pa.DictionaryArray.from_arrays(indices, known)[before:]
    return pa.array([None if nulls else _entry(kind, rng)] * before + entries, kind)[before:]


def _stream(rng: random.Random) -> bytes:
    width = rng.choice([3] * 8 + [0, 1, 2, 4])
    kinds = [rng.choice(NUMBERS if rng.random() < 0.8 else OTHERS) for _ in range(width)]
    nulls = [rng.choice([*[0] * 9, 0.3, 1]) for _ in kinds]
    names = [
        rng.choice(["abcd"[i], "abcd"[i], "abcd"[i], "abcd"[i], "a", ""]) for i in range(width)
    ]
    schema = pa.schema([pa.field(name, kind) for name, kind in zip(names, kinds, strict=True)])
    out = io.BytesIO()
    with pa.ipc.new_stream(
        out, schema, options=pa.ipc.IpcWriteOptions(emit_dictionary_deltas=False)
    ) as writer:
        for n in [rng.choice([0, 1, 3, 20]) for _ in range(rng.choice([0, 1, 1, 2, 3]))]:
            columns = [_column(kind, n, p, rng) for kind, p in zip(kinds, nulls, strict=True)]
            writer.write_batch(pa.record_batch(columns, schema))
    return out.getvalue()


class Only:
    """A stream that offers nothing but the C interface."""

    def __init__(self, batches: list[pa.RecordBatch], schema: pa.Schema) -> None:
        self._table = pa.Table.from_batches(batches, schema)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._table.__arrow_c_stream__()


class Target:
    """Streams: a network gets the numbers that pyarrow sees, and a table the same values as from Python's objects."""

    changed = 0.2

    def __init__(self, name: str, folder: Path) -> None:
        rows = np.random.default_rng(0).integers(-2, 99, (60, 3)).astype(float)
        self.model = cmlp.MLPRegressor(hidden_layer_sizes=(3,), max_iter=1, random_state=0).fit(
            rows, rows[:, 0]
        )
        mixed = [[x, TEXTS[int(y) % 3], None if z < 0 else z] for x, y, z in rows]
        self.table = cmlp.TabularClassifier(
            n_estimators=1, hidden_layer_sizes=(3,), max_time=1e-9, random_state=0
        ).fit(mixed, rows[:, 0] > 40)

    def make(self, rng: random.Random) -> tuple[bytes, None]:
        return _stream(rng), None

    def judge(self, content: bytes, _: object) -> str:
        try:
            with pa.ipc.open_stream(content) as stream:
                schema, batches = stream.schema, list(stream)
            for batch in batches:
                batch.validate(full=True)  # pointers in the C interface cannot be checked
            columns = [
                [cell for batch in batches for cell in batch.column(i).to_pylist()]
                for i in range(len(schema))
            ]
        except (
            pa.ArrowException,
            OSError,
            ValueError,
            OverflowError,
            KeyError,
            NotImplementedError,
            UnicodeError,
        ):
            return "no stream"
        given = Only(batches, schema)
        rows = [list(row) for row in zip(*columns, strict=True)]
        return f"{self._network(given, schema, columns, rows)}; table: {self._table(given, schema, rows)}"

    def _network(
        self, given: Only, schema: pa.Schema, columns: list[list[Any]], rows: list[list[Any]]
    ) -> str:
        plain = len(schema) == 3 and bool(rows) and all(kind in NUMBERS for kind in schema.types)
        plain = plain and all(
            entry is not None and math.isfinite(entry) for row in rows for entry in row
        )
        try:
            found = self.model.predict(given)
        except (ValueError, TypeError) as error:
            assert not plain, error
            assert str(error).isprintable()
            return str(error)
        if plain:
            dtypes = [kind.to_pandas_dtype() for kind in schema.types]
            matrix = np.column_stack(
                [np.array(c, dtype) for c, dtype in zip(columns, dtypes, strict=True)]
            )
            np.testing.assert_array_equal(found, self.model.predict(matrix))
        return "predicted"

    def _table(self, given: Only, schema: pa.Schema, rows: list[list[Any]]) -> str:
        try:
            found = self.table.predict_proba(given)
        except (ValueError, TypeError) as error:
            assert str(error).isprintable()
            return str(error)
        if all(kind in NUMBERS or pa.types.is_string(kind) for kind in schema.types) and rows:
            np.testing.assert_array_equal(found, self.table.predict_proba(rows))
            return "as from lists"
        return "predicted"
