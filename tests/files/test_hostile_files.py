"""Damaged and malicious model files: ModelFormatError from Python; the C library and an independent reader agree."""

import decimal
import json
import random
import struct
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from helpers import core_accepts
from hostile_files import FILES, GOOD, NETWORK, mutated, written
from model_files import CRC_AT, Refused, head_crc, is_accepted_elsewhere, quoted, read, repaired, split

import cmlp
from cmlp import ModelFormatError, Network


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.cmlp"


def status_of(path, content, **options):
    """Return "OK" if load succeeds, otherwise the status."""
    path.write_bytes(content)
    try:
        cmlp.load(path, **options)
    except ModelFormatError as error:
        assert str(path) in str(error)
        return error.status
    return "OK"


@pytest.mark.parametrize("name", FILES)
def test_invalid_file_raises_with_its_status(path, name):
    content, status = FILES[name]
    wanted = status if status == "OK" else f"CMLP_ERROR_{status}"
    assert status_of(path, content) == wanted
    # Reading the bytes back, the independent reader sees neither NaN nor the example.
    if status not in ("FILE_NONFINITE", "FILE_EXAMPLE"):
        assert is_accepted_elsewhere(content) == (status == "OK")
    if "DATA_CRC" not in wanted and status not in ("FILE_NONFINITE", "FILE_EXAMPLE"):
        assert status_of(path, content, verify=False) == wanted
        assert status_of(path, content, verify=False, mmap=True) == wanted


def test_every_flipped_bit_and_every_truncation_raises(path):
    with open(path, "w+b", buffering=0) as file:
        for i in range(8 * len(GOOD)):
            flipped = bytearray(GOOD)
            flipped[i // 8] ^= 1 << i % 8
            file.seek(0)
            file.write(flipped)
            with pytest.raises(ModelFormatError):
                cmlp.load(path)
        for n in range(len(GOOD) - 1, -1, -1):
            file.seek(0)
            file.write(GOOD)
            file.truncate(n)
            with pytest.raises(ModelFormatError) as error:
                cmlp.load(path)
            assert error.value.status == "CMLP_ERROR_FILE_SHORT"


def test_core_and_independent_reader_agree():
    rng, accepted = random.Random(3), 0
    for i in range(10_000):
        content = mutated(rng)
        accepted += core_accepts(content)
        assert core_accepts(content) == is_accepted_elsewhere(content), (i, content)
    assert accepted > 50


NUMBERS = (
    f"0 1 2 -1 127 128 -128 -129 255 256 65535 2147483648 {2**53} {2**53 + 1} {-(2**63)} {2**63} {2**64 - 1} {2**64} "
    "0.0 -0.0 0.1 0.5 1.5 65504.0 65520.0 6e-08 5.960464477539063e-08 3.4028234663852886e+38 3.5e38 4.9e-324 2e-324 "
    "1.401298464324817e-45 0.10000000149011612 1.0000000000000000000000 1.00000000000000000000000 1e999 NaN 01 1. true "
    "false"
).split()
LETTERS = ["a", "b", "z", "é", "\ud800", "\udc00", "\U0001f600", "\0", '"', "\\", "/", "\n", "\uffff"]
TYPES = ["bool", "float16", "float32", "float64", "object", "U0", "U1", "U2", "U3", "U", "U01", "int",
         *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))]  # fmt: skip


LABELS_OF = {n: f'{{"kind":"labels","dtype":"int64","values":[{",".join(map(str, range(n)))}]}}' for n in (1, 2, 3)}


def random_labels(rng, n_outputs):
    """The text of labels, which are often valid."""
    name = rng.choice(TYPES)
    n = n_outputs + rng.choice([0, 0, 0, 0, 1])
    if name[0] == "U" or name == "object":
        values = sorted("".join(rng.choices(LETTERS, k=rng.randint(0, 3))) for _ in range(n))
        values = [json.dumps(value) for value in values]
        if rng.random() < 0.7 and name[0] == "U":
            name = f"U{max(1, *(len(json.loads(value)) for value in values))}"
    else:
        values = sorted(rng.choices(NUMBERS, k=n), key=float_of)
        if rng.random() < 0.3:
            values = [f'"{value}"' for value in values]
    kind = rng.choice(["labels", "labels", "labels", "multilabel"])
    if kind == "multilabel" and rng.random() < 0.8:
        values = [str(i) for i in range(n)]
    text = f'{{"kind":"{kind}","dtype":"{name}","values":[{",".join(values)}]}}'
    if rng.random() < 0.3:
        at = rng.randrange(len(text))
        text = text[:at] + rng.choice(["", *'",\\[]{}019aeEuU.-+ tfd8D']) + text[at + rng.randint(0, 1) :]
    return text


def float_of(number):
    try:
        return float(number)
    except ValueError:
        return float(number == "true")


def test_core_and_independent_reader_agree_about_labels(path):
    """What the core refuses, load refuses too."""
    networks = [Network([2, n], output="logistic", random_state=0) for n in (1, 2, 3)]
    good = [split(written(network, {"classes": LABELS_OF[network.sizes[-1]]})) for network in networks]
    rng, accepted = random.Random(5), 0
    for i in range(6_000):
        n = rng.choice([1, 2, 3])
        text, data = good[n - 1]
        old, new = (quoted(labels).encode() for labels in (LABELS_OF[n], random_labels(rng, n)))
        content = repaired(text.replace(old, new), data)
        accepted += core_accepts(content)
        assert core_accepts(content) == is_accepted_elsewhere(content), (i, new)
        if i % 10 == 0:
            assert (status_of(path, content) == "OK") == core_accepts(content)
    assert accepted > 300


def labelled(dtype, labels):
    """Return the file of a network with these labels, which are texts."""
    network = Network([1, len(labels)], output="softmax", random_state=0)
    return written(network, {"classes": f'{{"kind":"labels","dtype":"{dtype}","values":[{",".join(labels)}]}}'})


def decimals(rng):
    """Return a float label of at most 24 characters: digits with an exponent, or one near the middle of two floats."""
    bits = struct.pack("<Q", rng.getrandbits(63))
    value = struct.unpack("<d", bits)[0]
    kind = rng.randrange(3)
    if kind == 0 or not np.isfinite(value):
        return f"{rng.randrange(10 ** rng.randint(1, 18))}e{rng.randint(-340, 289)}"
    if kind == 1:
        return f"{rng.randint(2**52, 2**53 - 1) * 2**10 + rng.choice([2**9 - 1, 2**9, 2**9 + 1])}.0"
    return f"{decimal.Decimal(value) + decimal.Decimal(float(np.spacing(value))) / 2:.16e}"


def test_float_labels_are_rounded_as_in_python():
    """Labels ascend: beside a neighbour of its float a label is accepted, beside the float itself it is not."""
    text, data = split(labelled("float64", ["0.0", "1.0"]))

    def ascend(*labels):
        return core_accepts(repaired(text.replace(b"[0.0,1.0]", f"[{','.join(labels)}]".encode()), data))

    rng, n = random.Random(9), 0
    while n < 2_000:
        label = decimals(rng)
        value = float(label)
        below, above = (float(np.nextafter(value, limit)) for limit in (-np.inf, np.inf))
        if not 0 < below < above < np.inf:
            continue
        n += 1
        assert len(label) <= 24 and ascend(repr(below), label) and ascend(label, repr(above)), label
        assert not ascend(repr(value), label) and not ascend(label, repr(value)), label


def seconds(content):
    """Return the least processor time of three checks of a head."""
    times = []
    for _ in range(3):
        start = time.process_time()
        assert core_accepts(content)
        times.append(time.process_time() - start)
    return min(times)


def test_long_decimal_labels_cost_little_more_than_text():
    """About ten times as much: before, the exact conversion of a label near 1e-300 took 700 times as long as text."""
    n = 10_000
    numbers = seconds(labelled("float64", [f"{1 + 8 * i / n:.17f}e-290" for i in range(n)]))
    assert numbers < 100 * seconds(labelled("object", [f'"{i:022}"' for i in range(n)]))


def test_core_and_independent_writer_agree():
    """The C writer writes files as documented."""
    for network in (NETWORK, Network([3, 1], output="logistic", dtype="float64"), Network([5, *[2] * 12, 4])):
        strings = {"a": 'quotes " and \\', "keys": "[]", "z.9_": "~ "}
        arrays = {"aa": np.arange(3, dtype=np.uint8), "b": np.ones((2, 3), np.int32), "zz": np.array([2**62])}
        content = written(network, strings, arrays)
        metadata, tensors = read(content)
        assert {key: metadata[key] for key in strings} == strings
        assert content[CRC_AT : CRC_AT + 8] == head_crc(content[: len(content) - len(split(content)[1])])
        assert all(quoted(value).encode() in content for value in strings.values())
        assert tensors["b"][1:] == ([2, 3], np.ones((2, 3), "<i4").tobytes())
        weights = b"".join(tensors[f"layers.{i}.{part}"][2] for i in range(len(network.sizes) - 1)
                           for part in ("weight", "bias"))  # fmt: skip
        assert weights == network.params.astype(network.params.dtype.newbyteorder("<")).tobytes()


def test_hostile_files_do_not_allocate_more_memory_than_their_size(path):
    """A tiny file whose header declares gigabytes, and a file with a large header."""
    for content in (FILES["huge tensor"][0], FILES["largest length in a tiny file"][0], FILES["100,000 brackets"][0]):
        path.write_bytes(content)
        tracemalloc.start()
        with pytest.raises(ModelFormatError):
            cmlp.load(path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 3 * len(content) + 100_000


def test_other_programs_read_the_file(path):
    safetensors = pytest.importorskip("safetensors.numpy")
    NETWORK.save(path)
    tensors = safetensors.load_file(path)
    assert np.array_equal(tensors["layers.0.weight"], NETWORK.weights[0])
    assert np.array_equal(tensors["layers.1.bias"], NETWORK.biases[1])
    row = tensors["example.input"]
    assert np.array_equal(NETWORK.forward(row[None])[0], tensors["example.output"])


# ---------------------------------------------------------------------------------------------------- old versions

STORED = sorted(Path(__file__).with_name("data").glob("*.cmlp"))


@pytest.mark.parametrize("stored", STORED, ids=lambda path: path.stem)
def test_stored_files_stay_readable(stored):
    """Load a file of each version; saving those of the newest version again gives the same bytes."""
    model = cmlp.load(stored)
    again = cmlp.load(stored, mmap=True, verify=False)
    assert repr(again) == repr(model)
    read(stored.read_bytes())
    if "network" in stored.stem:
        assert isinstance(model, Network)
    elif "table" in stored.stem:
        assert len(model.predict([[0.5, 1.0, "a", None]] * 3)) == 3
    else:
        rows = np.zeros((3, model.n_features_in_))
        if hasattr(model, "feature_names_in_"):
            rows = pytest.importorskip("pandas").DataFrame(rows, columns=model.feature_names_in_)
        assert model.n_iter_ == 2 and len(model.predict(rows)) == 3


def test_repository_has_a_file_of_each_version():
    assert {path.stem.partition("_")[0] for path in STORED} == {"v1", "v2", "v3"}
    assert len(STORED) >= 4


@pytest.mark.parametrize(
    ("name", "value", "status"),
    [
        ("input.factor", np.nan, "FILE_NONFINITE"),
        ("input.shift", -np.inf, "FILE_NONFINITE"),
        ("input.factor", 0.0, "OPTION"),
    ],
)
@pytest.mark.parametrize("verify", [True, False])
def test_shifts_and_factors_are_checked_without_verification(tmp_path, name, value, status, verify):
    path = tmp_path / "model.cmlp"
    cmlp.Network([2, 3], input_scale=([1, 2], [3, 4])).save(path)
    text, data = split(path.read_bytes())
    start = json.loads(text)[name]["data_offsets"][0]
    path.write_bytes(repaired(text, data[:start] + struct.pack("<d", value) + data[start + 8 :]))
    with pytest.raises(ModelFormatError) as error:
        cmlp.load(path, verify=verify)
    assert error.value.status == f"CMLP_ERROR_{status}"
    with pytest.raises(Refused):
        read(path.read_bytes())
