"""Files of rows from a grammar, read by the command ``cmlp predict``: CSV, idx, npy and Parquet."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import math
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

import cmlp
from cmlp.__main__ import main

if TYPE_CHECKING:
    import random
    from pathlib import Path

WIDTH = 3
CELLS = [
    *(
        "1",
        "-2.5",
        "+.5",
        "1e3",
        "1E-3",
        "0",
        "-0",
        " 7 ",
        "1.",
        "",
        " ",
        "nan",
        "inf",
        "-Infinity",
        "1e999",
        "1_0",
        "a",
    ),
    *(
        "0x10",
        "é",
        "\uff11",
        '"1"',
        "'1'",
        '""',
        "1,5",
        "2024-01-01",
        "None",
        "true",
        "\0",
        "#",
        "1e",
        "--1",
        "9" * 400,
    ),
]
TYPES = [
    "u1",
    "i1",
    "u2",
    ">i2",
    "i4",
    ">i8",
    "u8",
    "f2",
    "f4",
    ">f4",
    "f8",
    ">f8",
    "b1",
    "S3",
    "U2",
    "O",
    "c8",
    "M8[s]",
    "V4",
]
BAD_LINES = ["1,2", "1,2,3,4", '"1', "1;2,3", "\ufeff1,2,3", '"a\nb",1,2']
BAD_FIELDS = [
    *(
        "True",
        "None",
        "-1",
        "(4, 3",
        "(-4, -3)",
        f"({2**40}, {2**40})",
        "(4, 3.0)",
        "(2.0,)",
        "(4L, 3L)",
        "'3<f4'",
        "1e999",
    ),
    *(
        "[('a', '<f4'), ('b', '<f4')]",
        "'<f4'",
        "'|O'",
        "'<f400000000000'",
        "'|S0'",
        "(" * 60 + ")" * 60,
        "'<U9999999'",
    ),
]
IDX_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
Case = tuple[bytes, np.ndarray | None]


def csv(rng: random.Random) -> Case:
    """Return delimited text, and its rows if none is broken."""
    n, delimiter = rng.choice([0, 1, 2, 5]), rng.choice([",", ";", "\t", " "])
    rows = [
        [rng.choice(CELLS[:4] if rng.random() < 0.9 else CELLS) for _ in range(WIDTH)]
        for _ in range(n)
    ]
    lines = [delimiter.join(row) for row in rows]
    is_plain = n > 0 and all(cell in CELLS[:6] for row in rows for cell in row)
    if rng.random() < 0.3:
        lines.insert(0, delimiter.join(["a", "b", "c"]))
    if rng.random() < 0.3:
        other = rng.choice(["", "# text", "  ", "#"])
        is_plain &= "#" not in other
        lines.insert(rng.randint(0, len(lines)), other)
    if rng.random() < 0.2:
        is_plain = False
        lines.insert(rng.randint(0, len(lines)), rng.choice(BAD_LINES))
    end = rng.choice(["\n", "\n", "\r\n", "\r"])
    text = end.join(lines) + rng.choice(["", end])
    encoding = rng.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16", "latin-1"])
    content = text.encode(encoding, "replace")
    is_plain &= encoding.startswith("utf-8")
    return _packed(content, rng, np.array(rows, np.float64) if is_plain else None)


def idx(rng: random.Random) -> Case:
    """Return an idx file."""
    code = rng.choice([8, 8, 8, *IDX_TYPES])
    values = _numbers((rng.choice([0, 1, 4]), WIDTH), IDX_TYPES[code], rng)
    shape = rng.choice([values.shape, (len(values), WIDTH, 1), (len(values), 1, WIDTH)])
    head = bytearray(struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape))
    body = values.tobytes()
    broken = rng.random() < 0.5
    if broken:
        way = rng.randrange(4)
        if way == 0:
            head[rng.randrange(2, 4)] = rng.choice([0, 1, 2, 7, 10, 15, 255])
        elif way == 1:
            at = 4 * rng.randint(1, len(shape))
            head[at : at + 4] = struct.pack(">I", rng.choice([0, 1, 2**31, 2**32 - 1, 3, 65536]))
        elif way == 2:
            body = body[: rng.randint(0, len(body))]
        else:
            body += bytes(rng.choice([1, 8]))
    plain = code == 8 and not broken and len(values) > 0  # other types than uint8 are refused
    return _packed(bytes(head) + body, rng, values if plain else None)


def npy(rng: random.Random) -> Case:
    """Return an npy file, whose header is text that NumPy parses as Python."""
    dtype = np.dtype(rng.choice(TYPES))
    shape = rng.choice([(4, WIDTH), (1, WIDTH), (0, WIDTH), (2, WIDTH, 1), (WIDTH,), (), (2, 4)])
    if dtype.kind in "OSUcMV":
        values = np.zeros(shape, dtype if dtype.kind != "O" else "u8")
    else:
        values = _numbers(shape, dtype, rng)
    fortran = rng.random() < 0.2
    fields = {"descr": repr(dtype.str), "fortran_order": str(fortran), "shape": repr(shape)}
    broken = rng.random() < 0.4
    if broken:
        key = rng.choice(list(fields))
        fields[key] = rng.choice(BAD_FIELDS)
        if rng.random() < 0.2:
            del fields[key]
    text = "{" + ", ".join(f"'{key}': {value}" for key, value in fields.items()) + "}"
    version = rng.choice([(1, 0), (1, 0), (2, 0), (3, 0), (9, 9)])
    size = "<H" if version == (1, 0) else "<I"
    head = b"\x93NUMPY" + bytes(version) + struct.pack(size, len(text) + 1) + text.encode() + b"\n"
    body = values.tobytes("F" if fortran else "C")
    if rng.random() < 0.1:
        broken, body = True, body[:-1] + rng.choice([b"", b"12"])
    matrix = (
        len(shape) > 1 and math.prod(shape[1:]) == WIDTH and shape[0] > 0 and dtype.kind in "buif"
    )
    return _packed(head + body, rng, values if matrix and not broken and version < (3, 0) else None)


def parquet(rng: random.Random) -> Case:
    """Return a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    n, plain, columns, names = rng.choice([0, 1, 4, 9000]), True, [], []
    for i in range(rng.choice([WIDTH] * 8 + [0, 2, 4])):
        if rng.random() < 0.9:
            columns.append(
                pa.array(_numbers((n,), rng.choice(["u1", "i8", "f4", "f8", "f2", "u4"]), rng))
            )
        else:
            columns.append(pa.array([rng.choice(_CELLS_OF_ARROW)] * n))
            plain = False
        names.append(rng.choice(["abcd"[i], "abcd"[i], "a"]))
    table = pa.Table.from_arrays(columns, names) if columns else pa.table({})
    plain &= n > 0 and len(columns) == WIDTH and len(set(names)) == WIDTH
    out = io.BytesIO()
    try:
        pq.write_table(
            table,
            out,
            compression=rng.choice(["none", "snappy", "gzip", "zstd"]),
            row_group_size=rng.choice([999, 9999]),
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return b"PAR1", None
    return out.getvalue(), np.column_stack(
        [c.to_numpy().astype("f8") for c in columns]
    ) if plain else None


_CELLS_OF_ARROW = [
    None,
    "text",
    True,
    b"\xff",
    [1, 2],
    {"a": 1},
    2**62,
    float("nan"),
    float("inf"),
    -0.0,
]


def _numbers(shape: tuple[int, ...], dtype: Any, rng: random.Random) -> np.ndarray:
    dtype = np.dtype(dtype)
    values = np.random.default_rng(rng.getrandbits(32)).standard_normal(shape) * rng.choice([1, 20])
    if dtype.kind in "ub":
        values = np.abs(values)
    return np.asarray(values).astype(dtype)


def _packed(content: bytes, rng: random.Random, expected: np.ndarray | None) -> Case:
    """Return a file and its rows, sometimes compressed, and sometimes without its end."""
    if rng.random() < 0.9:
        return content, expected
    packed = gzip.compress(content, mtime=0)
    return (packed, expected) if rng.random() < 0.7 else (packed[:-4], None)


MAKERS = {"csv": csv, "idx": idx, "npy": npy, "parquet": parquet}


class Target:
    """Files for a network of three inputs: each is predicted as the rows are that it holds, or refused by its name."""

    changed = 0.3

    def __init__(self, name: str, folder: Path) -> None:
        self.make = MAKERS[name]
        self.model, self.rows, self.out = (
            folder / "model.cmlp",
            folder / f"rows.{name}",
            folder / "out",
        )
        self.network = cmlp.Network([WIDTH, 2], random_state=0)
        self.network.save(self.model)

    def judge(self, content: bytes, expected: np.ndarray | None) -> str:
        self.rows.write_bytes(content)
        self.out.unlink(missing_ok=True)
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            status = main(
                ["predict", str(self.model), str(self.rows), "--proba", "-o", str(self.out)]
            )
        text = said.getvalue()
        if status:
            assert expected is None, text
            assert not self.out.exists()
            named = (
                str(self.rows) in text or "Input X contains infinity or a value too large" in text
            )
            assert text.startswith("cmlp: error: ") and named and text.count("\n") == 1, text
            assert text[:-1].isprintable(), text
            return text.removeprefix(f"cmlp: error: {self.rows}")
        found = np.array([json.loads(f"[{line}]") for line in self.out.read_text().splitlines()])
        assert len(found) and np.isfinite(found).all()
        if expected is not None:
            wanted = self.network.forward(expected.reshape(len(expected), -1).astype("f8"))
            np.testing.assert_array_equal(found.astype("f4"), wanted)
            return "the same outputs"
        return "accepted"
