"""The hashes of rows in a record, written again from docs/guide/provenance.md with nothing of cmlp."""

import hashlib
import struct

import numpy as np


def in_float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def smallest(values):
    """Return values as bytes of the smallest type that holds all of them, with the number of bytes of each."""
    values = [float(value) for value in values]
    if all(value in range(256) and str(value)[0] != "-" for value in values):
        return 1, bytes(map(int, values))
    single = all(
        value != value or (abs(value) < 2**127 and in_float32(value) == value) for value in values
    )
    code, nan = ("<f", "0000c07f") if single else ("<d", "000000000000f87f")
    parts = [bytes.fromhex(nan) if value != value else struct.pack(code, value) for value in values]
    return len(parts[0]), b"".join(parts)


def hash_of_rows(name, rows):
    rows = [np.ravel(row).tolist() for row in rows]
    whole = hashlib.sha256(b"cmlp data 1\n" + name.encode() + b"\n")
    for begin in range(0, len(rows), 1024):
        size, content = smallest([value for row in rows[begin : begin + 1024] for value in row])
        whole.update(hashlib.sha256(bytes([size]) + content).digest())
    whole.update(struct.pack("<QQ", len(rows[0]), len(rows)))
    return whole.hexdigest()


def hash_of_sparse_rows(name, rows, n_columns):
    """Return the hash of rows that are dicts of columns and values."""
    whole = hashlib.sha256(b"cmlp data 1\n" + name.encode() + b"\n")
    for begin in range(0, len(rows), 1024):
        block = rows[begin : begin + 1024]
        size, content = smallest([row[column] for row in block for column in sorted(row)])
        numbers = [len(row) for row in block] + [column for row in block for column in sorted(row)]
        whole.update(
            hashlib.sha256(
                bytes([128 + size]) + struct.pack(f"<{len(numbers)}Q", *numbers) + content
            ).digest()
        )
    whole.update(struct.pack("<QQ", n_columns, len(rows)))
    return whole.hexdigest()
